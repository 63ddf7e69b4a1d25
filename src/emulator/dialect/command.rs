//! The command of a container: `args`, `entrypoint` and `cmd` in requests, one string in storage (contract, section
//! 3.4).

use serde_json::{Value, json};

/// A stored `args`, parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerCommand {
    pub entrypoint: Vec<String>,
    pub cmd: Vec<String>,
}

impl ContainerCommand {
    /// A JSON object sets one or both arrays. Anything else is split like a shell command and becomes `cmd`.
    pub fn parse(args: &str) -> Self {
        let list = |value: Option<&Value>| -> Vec<String> {
            let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let is_object = args.trim_start().starts_with('{');
        match is_object.then(|| serde_json::from_str(args)) {
            Some(Ok(Value::Object(members))) => {
                Self { entrypoint: list(members.get("entrypoint")), cmd: list(members.get("cmd")) }
            }
            // Text with an unbalanced quote is not split.
            _ => Self { entrypoint: Vec::new(), cmd: shlex::split(args).unwrap_or_else(|| vec![args.to_owned()]) },
        }
    }

    /// The stored form of the two arrays.
    pub fn encode(&self) -> String {
        match (self.entrypoint.is_empty(), self.cmd.is_empty()) {
            (true, true) => String::new(),
            (true, false) => json!({ "cmd": self.cmd }).to_string(),
            (false, true) => json!({ "entrypoint": self.entrypoint }).to_string(),
            (false, false) => json!({ "entrypoint": self.entrypoint, "cmd": self.cmd }).to_string(),
        }
    }

    /// The string to store after a request with any of the three; `None` if they conflict.
    pub fn stored(
        current: &str,
        args: Option<&str>,
        entrypoint: Option<Vec<String>>,
        cmd: Option<Vec<String>>,
    ) -> Option<String> {
        let given = Self::parse(args.unwrap_or(current));
        if entrypoint.is_none() && cmd.is_none() {
            return Some(args.unwrap_or(current).to_owned());
        }
        let wanted = Self {
            entrypoint: entrypoint.unwrap_or_else(|| given.entrypoint.clone()),
            cmd: cmd.unwrap_or_else(|| given.cmd.clone()),
        };
        match args {
            Some(args) => (wanted == given).then(|| args.to_owned()),
            None => Some(wanted.encode()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(|&item| item.to_owned()).collect()
    }

    #[test]
    fn a_plain_string_is_split_like_a_shell_command_and_an_object_sets_both_arrays() {
        let bare = ContainerCommand::parse("python 'a b.py'");
        assert_eq!(bare, ContainerCommand { entrypoint: vec![], cmd: list(&["python", "a b.py"]) });
        let object = ContainerCommand::parse(r#"{"entrypoint":["sh"],"cmd":["-c","ls"]}"#);
        assert_eq!(object, ContainerCommand { entrypoint: list(&["sh"]), cmd: list(&["-c", "ls"]) });
        assert_eq!(ContainerCommand::parse(""), ContainerCommand::default());
    }

    #[test]
    fn arrays_that_conflict_with_args_are_rejected_and_an_empty_array_clears() {
        assert_eq!(ContainerCommand::stored("", Some("a b"), None, Some(list(&["a", "b"]))), Some("a b".to_owned()));
        assert_eq!(ContainerCommand::stored("", Some("a b"), None, Some(list(&["b"]))), None);
        assert_eq!(ContainerCommand::stored("a b", None, None, Some(vec![])), Some(String::new()));
        let kept = ContainerCommand::stored(r#"{"entrypoint":["sh"]}"#, None, None, Some(list(&["x"])))
            .expect("no args given");
        assert_eq!(ContainerCommand::parse(&kept), ContainerCommand { entrypoint: list(&["sh"]), cmd: list(&["x"]) });
    }
}
