//! Entrypoint and command of a container in v2's single member `args`. Source: section 3.4 of the API contract.
//!
//! A bare string is the command, split by shell rules. A JSON object `{"entrypoint": [...], "cmd": [...]}` sets either
//! or both. RunPod may return a different string, so sindri compares only the parsed lists.

use serde_json::json;

use crate::runpod::decode::words;
use crate::runpod::json::Json;

/// The two lists of words that start a container. An empty list means the image's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Argv {
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
}

impl Argv {
    /// Parses `args`.
    pub fn parse(args: &str) -> Self {
        if let Some(object) = Json::read(args.as_bytes()).ok().filter(Json::is_object) {
            let list = |member: &str| words(object.get(member));
            return Self { entrypoint: list("entrypoint"), command: list("cmd") };
        }
        // Text that the shell rules reject (an open quote) is kept as one word.
        let command = shlex::split(args).unwrap_or_else(|| vec![args.to_owned()]);
        Self { entrypoint: Vec::new(), command }
    }

    /// `args` for these lists: a bare string if there is only a command, otherwise the object; empty if both are empty.
    pub fn to_args(&self) -> String {
        let bare = shlex::try_join(self.command.iter().map(String::as_str)).ok();
        match bare.filter(|bare| Self::parse(bare) == *self) {
            Some(bare) => bare,
            None => {
                let mut object = json!({});
                for (member, list) in [("entrypoint", &self.entrypoint), ("cmd", &self.command)] {
                    if !list.is_empty() {
                        object[member] = json!(list);
                    }
                }
                object.to_string()
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entrypoint.is_empty() && self.command.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(entrypoint: &[&str], command: &[&str]) -> Argv {
        let owned = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Argv { entrypoint: owned(entrypoint), command: owned(command) }
    }

    #[test]
    fn a_plain_command_is_a_bare_string_and_an_entrypoint_needs_the_object() {
        assert_eq!(argv(&[], &["python", "train.py"]).to_args(), "python train.py");
        assert_eq!(argv(&["bash"], &["-c", "x"]).to_args(), r#"{"cmd":["-c","x"],"entrypoint":["bash"]}"#);
        assert_eq!(argv(&["bash"], &[]).to_args(), r#"{"entrypoint":["bash"]}"#);
        assert_eq!(argv(&[], &[]).to_args(), "");
    }

    #[test]
    fn written_commands_read_back_unchanged() {
        for argv in [
            argv(&[], &["bash", "-c", "echo 'a b' && sleep \"1\""]),
            argv(&[], &["{\"cmd\":[]}"]),
            argv(&[], &["", " ", "a\nb", "$HOME", "~", "é"]),
            argv(&[], &["nul\0"]),
            argv(&["/start.sh"], &[]),
            argv(&[], &["5"]),
        ] {
            assert_eq!(Argv::parse(&argv.to_args()), argv, "{}", argv.to_args());
        }
    }

    #[test]
    fn an_open_quote_is_one_word() {
        assert_eq!(Argv::parse("it's"), argv(&[], &["it's"]));
    }
}
