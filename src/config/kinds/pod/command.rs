//! The start command of a pod: `args` and `entrypoint` as argv.
//!
//! Each is a list of words, a shell-style line, or the JSON shown by RunPod's console and API: a list of words or, in
//! `args`, an object with `cmd` and `entrypoint`.

use serde_json::Value as Json;

use crate::config::document::{Scalar, YamlNode};
use crate::config::draft::ResourceDraft;
use crate::config::environment::warn_of_literal;
use crate::config::problem::Findings;
use crate::model::credential::command_line;
use crate::model::{ProblemCode, Value};

/// The members of RunPod's JSON form.
const PARTS: [&str; 2] = ["cmd", "entrypoint"];

/// Sets both attributes.
pub(in crate::config) fn command(pod: &YamlNode, draft: &mut ResourceDraft, findings: &mut Findings) {
    let (args, entrypoint) = (pod.get("args"), pod.get("entrypoint"));
    let mut named = None;
    if let Some(node) = args {
        let parts = parts(node, "args", findings);
        set("command", "args", parts.args, node, draft, findings);
        named = parts.entrypoint.map(|words| (words, node));
    }
    match (entrypoint, named) {
        (Some(node), Some((_, args))) => {
            findings
                .error(ProblemCode::Conflict, node.span, "`entrypoint` and the JSON in `args` both name the entrypoint")
                .also(args.span, "the other one")
                .help("keep `entrypoint`, and move the words of `cmd` into `args` as a list");
        }
        (Some(node), None) => {
            let parts = parts(node, "entrypoint", findings);
            set("entrypoint", "entrypoint", parts.args, node, draft, findings);
        }
        (None, Some((entrypoint, node))) => set("entrypoint", "args", Some(entrypoint), node, draft, findings),
        (None, None) => {}
    }
}

/// Sets an attribute to the words of a field. Without words, the image's own command applies.
fn set(
    attribute: &str,
    key: &str,
    words: Option<Vec<String>>,
    node: &YamlNode,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let words = words.filter(|words| !words.is_empty()).map_or(Value::Null, command_line);
    if words.holds_secret() {
        warn_of_literal(node.span, key, findings)
            .help("put it into `env` or `secrets`, which stay hidden, and read it in the command as `$NAME`");
    }
    draft.set(attribute, words, Some(node.span));
}

/// The parsed content of one field.
#[derive(Default)]
struct Parts {
    args: Option<Vec<String>>,
    /// The `entrypoint` member of a JSON object.
    entrypoint: Option<Vec<String>>,
}

fn parts(node: &YamlNode, key: &str, findings: &mut Findings) -> Parts {
    let Some(line) = node.scalar() else {
        let words = node.items().iter().filter_map(YamlNode::text).map(str::to_owned).collect();
        return Parts { args: Some(words), entrypoint: None };
    };
    if let Some(json) = json(line) {
        return from_json(json.as_ref().ok(), node, key, findings);
    }
    if has_bare_json(&line.text) {
        findings
            .error(ProblemCode::BadCommand, node.span, format!("the JSON in `{key}` would lose its quotes, as in a shell"))
            .help(format!(
                "put it in single quotes, `--config '{{\"a\": 1}}'`, or write a list: `{key}: [\"--config\", '{{\"a\": 1}}']`"
            ));
        return Parts::default();
    }
    let Some(words) = shlex::split(&line.text) else {
        findings
            .error(ProblemCode::BadCommand, node.span, format!("`{key}` has an open quote or ends in a backslash"))
            .help(format!("close the quote, or write a list: `{key}: [\"python\", \"train.py\"]`"));
        return Parts::default();
    };
    Parts { args: Some(words), entrypoint: None }
}

/// Parses the line as JSON, or returns its syntax error, if it starts like a JSON list or object of strings.
fn json(line: &Scalar) -> Option<Result<Json, serde_json::Error>> {
    let text = line.text.trim();
    let inside = text.strip_prefix(['[', '{'])?.trim_start();
    let parsed = serde_json::from_str(text);
    // `[ -f x ] && y` and `{a,b}` are shell syntax.
    (parsed.is_ok() || inside.starts_with('"')).then_some(parsed)
}

fn from_json(json: Option<&Json>, node: &YamlNode, key: &str, findings: &mut Findings) -> Parts {
    let found = match json {
        Some(list @ Json::Array(_)) => texts(list).map(|args| Parts { args: Some(args), entrypoint: None }),
        Some(Json::Object(members))
            if key == "args" && members.keys().all(|member| PARTS.contains(&member.as_str())) =>
        {
            let part = |member: &str| match members.get(member) {
                None | Some(Json::Null) => Some(None),
                Some(part) => texts(part).map(Some),
            };
            part("cmd").zip(part("entrypoint")).map(|(args, entrypoint)| Parts { args, entrypoint })
        }
        _ => None,
    };
    found.unwrap_or_else(|| {
        wrong_json(node, key, findings);
        Parts::default()
    })
}

fn wrong_json(node: &YamlNode, key: &str, findings: &mut Findings) {
    let help = match key {
        "entrypoint" => "write a list of strings: `entrypoint: [\"python\", \"-u\"]`",
        _ => {
            "write a list of strings, `args: [\"python\", \"train.py\"]`, or an object with `cmd` and `entrypoint`: \
              `args: '{\"cmd\": [\"--port\", \"80\"], \"entrypoint\": [\"serve\"]}'`"
        }
    };
    let message = format!("the JSON in `{key}` is not a list of words");
    findings.error(ProblemCode::BadCommand, node.span, message).help(help);
}

/// The items of a list of strings.
fn texts(json: &Json) -> Option<Vec<String>> {
    json.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Whether a line has JSON outside quotes, as in `--config {"a": 1}`. A shell would strip its quotes.
fn has_bare_json(line: &str) -> bool {
    let mut letters = line.chars().peekable();
    let mut quote = None;
    // The last character outside quotes that is not whitespace.
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None | Some('"'), '\\') => {
                letters.next();
                before = '\\';
            }
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"') if matches!(before, '{' | '[') => return true,
            (None, '"' | '\'') => {
                quote = Some(letter);
                before = letter;
            }
            (None, letter) if letter.is_whitespace() => {}
            (None, letter) => before = letter,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_bare_json;

    #[test]
    fn json_is_detected_outside_quotes_only() {
        for bare in [r#"serve --config {"a": 1}"#, r#"x [ "a", "b" ]"#, r#"--x={"a":{"b":1}}"#] {
            assert!(has_bare_json(bare), "{bare}");
        }
        for quoted in [
            r#"serve --config '{"a": 1}'"#,
            r#"serve --config "{\"a\": 1}""#,
            r#"serve --config {\"a\":1}"#,
            r#"bash -c "if [ -f x ]; then y; fi""#,
            "[ -f x ] && echo {a,b}",
            r#"echo "{" '"'"#,
        ] {
            assert!(!has_bare_json(quoted), "{quoted}");
        }
    }
}
