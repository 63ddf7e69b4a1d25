//! The environment of pods: what `extensions` and `secrets` put into all of them, what `env` puts into one.
//!
//! Values that look like credentials leave here as [`Value::Secret`], so that nobody after has to remember to hide them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::document::{Node, Scalar};
use super::interpolate::API_KEY;
use super::problem::Findings;
use super::source::Span;
use crate::kind::limits::MOST_VARIABLES;
use crate::model::marker::MARKER_VARIABLE;
use crate::model::{Secret, Value};

/// One environment variable and where it comes from.
#[derive(Clone)]
pub(super) struct Variable {
    pub value: Value,
    pub span: Span,
}

pub(super) type Variables = BTreeMap<String, Variable>;

/// Where secrets are looked for.
pub(super) struct SecretSources<'a> {
    /// The folder of the base file.
    pub folder: PathBuf,
    pub process: &'a dyn Fn(&str) -> Option<String>,
    /// Missing ones are no error, and stay unknown.
    pub offline: bool,
}

/// Whether a name says that its value is a credential: `HF_TOKEN`, `DOCKER_AUTH_CONFIG`, but not `MAX_TOKENS` or `MONKEY`.
pub(super) fn looks_like_credential(name: &str) -> bool {
    const WORDS: [&str; 5] = ["KEY", "KEYS", "AUTH", "PASS", "PAT"];
    const ENDINGS: [&str; 11] = [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "CREDENTIAL",
        "CREDENTIALS",
        "APIKEY",
        "ACCESSKEY",
        "SECRETKEY",
        "PRIVATEKEY",
    ];
    name.to_ascii_uppercase()
        .split('_')
        .any(|word| WORDS.contains(&word) || ENDINGS.iter().any(|ending| word.ends_with(ending)))
}

/// Whether it can name an environment variable.
pub(super) fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What every pod gets: secrets, and below them what `extensions` say.
pub(super) fn of_all(root: &Node, sources: &SecretSources<'_>, findings: &mut Findings) -> Variables {
    let mut variables = extensions(root, findings);
    if let Some(list) = root.get("secrets") {
        variables.append(&mut secrets(list, sources, findings));
    }
    variables
}

/// What one pod gets: `env` above what every pod gets.
pub(super) fn of_pod(common: &Variables, env: Option<&Node>, pod: Span, findings: &mut Findings) -> Variables {
    let mut variables = common.clone();
    for entry in env.map(Node::entries).unwrap_or_default() {
        if !is_allowed(&entry.key, entry.key_span, findings) {
            continue;
        }
        let Some(scalar) = entry.value.scalar() else { continue };
        let hidden = (scalar.sensitive || looks_like_credential(&entry.key)) && !refers_to_secret(scalar);
        let written_here = scalar.written.is_none() && !scalar.text.is_empty() && !entry.key.contains("PUBLIC");
        if hidden && written_here {
            findings
                .warn(
                    "literal_credential",
                    entry.key_span,
                    format!("the value of `{}` is written into the file", entry.key),
                )
                .help(format!("files get shared: write `${{{0}}}` here, or list `{0}` below `secrets`", entry.key));
        }
        let text = scalar.text.clone();
        let value = if hidden { Value::Secret(Secret::new(text)) } else { Value::Text(text) };
        variables.insert(entry.key.clone(), Variable { value, span: entry.value.span });
    }
    // One more is sindri's own marker.
    if variables.len() + 1 > MOST_VARIABLES {
        let count = variables.len();
        findings
            .error(
                "too_many_variables",
                pod,
                format!("a pod here gets {count} environment variables, and sindri adds one"),
            )
            .help(format!(
                "RunPod takes {MOST_VARIABLES} per pod: put the others into a file on a volume, or into the image"
            ));
    }
    variables
}

/// `{{ RUNPOD_SECRET_x }}` is a name, not the secret.
fn refers_to_secret(scalar: &Scalar) -> bool {
    let text = scalar.text.trim();
    text.starts_with("{{") && text.ends_with("}}") && text.contains("RUNPOD_SECRET_")
}

fn is_allowed(name: &str, at: Span, findings: &mut Findings) -> bool {
    if name == API_KEY {
        findings
            .error("api_key", at, format!("`{API_KEY}` may not be given to a pod"))
            .help("RunPod gives every pod a key of its own under that name; yours would open the whole account to it");
    } else if name == MARKER_VARIABLE {
        findings
            .error("reserved_variable", at, format!("`{name}` is sindri's own"))
            .help("sindri finds its pods again by it; choose another name");
    } else if name.starts_with("RUNPOD_") {
        findings
            .error("reserved_variable", at, format!("`{name}`: RunPod sets the variables that start with `RUNPOD_`"))
            .help("choose another name");
    } else if !is_variable_name(name) {
        findings
            .error("bad_variable", at, format!("`{name}` cannot name an environment variable"))
            .help("letters, digits and `_`, not starting with a digit");
    } else {
        return true;
    }
    false
}

/// `extensions` in the words of the sindri image (`INSTALL_PROFILE` and its like).
fn extensions(root: &Node, findings: &mut Findings) -> Variables {
    let Some(extensions) = root.entry("extensions") else { return Variables::new() };
    let (span, extensions) = (extensions.key_span, &extensions.value);
    let mut variables = Variables::new();
    let mut set = |name: &str, value: &str, span: Span| {
        variables.insert(name.to_owned(), Variable { value: value.into(), span });
    };
    if let (Some(_), Some(active)) = (extensions.get("profile"), extensions.entry("active")) {
        findings
            .error("conflict", active.key_span, "`active` and `profile` exclude each other")
            .help("keep `profile` and put the others into `additional`, or list everything in `active`");
    }
    set("INIT_WORKSPACE", "true", span);
    if let Some(profile) = extensions.get("profile") {
        set("INSTALL_PROFILE", profile.text().unwrap_or_default(), profile.span);
    }
    for (key, name) in [("active", "CUSTOM_EXTENSIONS"), ("additional", "ADDITIONAL_EXTENSIONS")] {
        if let Some(list) = extensions.get(key) {
            let names: Vec<&str> = list.one_or_more().iter().filter_map(Node::text).collect();
            set(name, &names.join(","), list.span);
        }
    }
    if let Some(auto) = extensions.get("auto_install").filter(|auto| auto.bool() == Some(false)) {
        set("SKIP_AUTO_INSTALL", "true", auto.span);
    }
    variables
}

fn secrets(list: &Node, sources: &SecretSources<'_>, findings: &mut Findings) -> Variables {
    let dotenv = dotenv(&sources.folder);
    let mut variables = Variables::new();
    let mut missing: Vec<(String, Span, String)> = Vec::new();
    for secret in list.items() {
        let Some(name_node) = secret.get("name") else {
            findings
                .missing(&["name"], "missing_field", secret.span, "a secret has no `name`")
                .help("`name` is the environment variable that the pod sees");
            continue;
        };
        let (name, span) = (name_node.text().unwrap_or_default().to_owned(), name_node.span);
        if !is_allowed(&name, span, findings) {
            continue;
        }
        if let Some(Variable { span: first, .. }) = variables.get(&name) {
            let first = *first;
            findings
                .error("duplicate_key", span, format!("the secret `{name}` is listed twice"))
                .also(first, "first here");
            continue;
        }
        let required = secret.get("required").and_then(Node::bool) == Some(true);
        // An empty value is as good as none where one is required.
        let usable = |value: String| if required && value.is_empty() { Err(EMPTY.to_owned()) } else { Ok(value) };
        let found = match secret.get("source").and_then(Node::text).unwrap_or("env") {
            "runpod" => {
                let reference = Value::Text(format!("{{{{ RUNPOD_SECRET_{name} }}}}"));
                variables.insert(name, Variable { value: reference, span });
                continue;
            }
            "file" => match secret.get("path") {
                Some(path) => file(path, sources).and_then(usable),
                None => {
                    findings
                        .missing(&["path"], "missing_field", secret.span, format!("the secret `{name}` has no `path`"))
                        .help("`source: file` needs the `path` of the file, relative to this one");
                    continue;
                }
            },
            "env" => {
                let set = [(sources.process)(&name), dotenv.get(&name).cloned()];
                let is_empty = set.iter().flatten().any(String::is_empty);
                let otherwise = if is_empty { EMPTY } else { NOT_SET };
                let from_file = |path| file(path, sources).and_then(usable);
                set.into_iter()
                    .flatten()
                    .find(|value| !(required && value.is_empty()))
                    .map_or_else(|| secret.get("fromFile").map_or(Err(otherwise.to_owned()), from_file), Ok)
            }
            elsewhere => {
                let at = secret.get("source").map_or(span, |source| source.span);
                findings
                    .error("unsupported_source", at, format!("sindri does not read secrets from `{elsewhere}`"))
                    .help(format!(
                        "read it before sindri runs and export it as `{name}` with `source: env`, or keep it at RunPod with `source: runpod`"
                    ));
                continue;
            }
        };
        match found {
            Ok(value) => {
                variables.insert(name, Variable { value: Value::Secret(Secret::new(value)), span });
            }
            Err(why) if required && sources.offline => {
                findings
                    .warn("missing_secrets", span, format!("the required secret `{name}` is missing: {why}"))
                    .help("it is taken as unchanged here; an apply needs its value");
                variables.insert(name, Variable { value: Value::Secret(Secret::unknown()), span });
            }
            Err(why) if required => missing.push((name, span, why)),
            Err(why) => {
                findings
                    .advise("optional_secret", span, format!("the secret `{name}` is left out: {why}"))
                    .help("set it to hand it to the pods; leaving it out later would take it from them");
            }
        }
    }
    tell_missing(&missing, findings);
    variables
}

const EMPTY: &str = "its value is empty";
const NOT_SET: &str = "it is in no environment, `.env.local` or `.env`";

/// All of them at once: whoever sets one wants to know the others.
fn tell_missing(missing: &[(String, Span, String)], findings: &mut Findings) {
    let [(_, at, _), others @ ..] = missing else { return };
    let names = missing.iter().map(|(name, ..)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let whys = missing.iter().map(|(name, _, why)| format!("`{name}`: {why}")).collect::<Vec<_>>().join("\n");
    let number = if others.is_empty() { "a required secret is" } else { "required secrets are" };
    let problem = findings.error("missing_secrets", *at, format!("{number} missing: {names}"));
    problem
        .label("required")
        .help(format!("{whys}\nset them in the environment, or in `.env.local` beside the configuration"));
    for (_, span, _) in others {
        problem.also(*span, "required");
    }
}

/// The trimmed content of a file, or why there is none.
fn file(path: &Node, sources: &SecretSources<'_>) -> Result<String, String> {
    let shown = path.scalar().map_or("", Scalar::shown);
    let path = Path::new(path.text().unwrap_or_default());
    let path = match (path.strip_prefix("~"), (sources.process)("HOME").filter(|home| !home.is_empty())) {
        (Ok(below), Some(home)) => Path::new(&home).join(below),
        _ => sources.folder.join(path),
    };
    fs::read_to_string(path).map(|content| content.trim().to_owned()).map_err(|error| format!("`{shown}`: {error}"))
}

/// What `.env.local`, and below it `.env`, say. Lines that set nothing are passed over: other tools' syntax is their own.
fn dotenv(folder: &Path) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for name in [".env", ".env.local"] {
        let Ok(text) = fs::read_to_string(folder.join(name)) else { continue };
        for line in text.lines() {
            let line = line.trim_start();
            let line = line.strip_prefix("export ").unwrap_or(line);
            if let Some((name, value)) = line.split_once('=')
                && is_variable_name(name.trim())
            {
                values.insert(name.trim().to_owned(), unquoted(value.trim()));
            }
        }
    }
    values
}

fn unquoted(value: &str) -> String {
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.split('\'').next().unwrap_or_default().to_owned();
    }
    if let Some(rest) = value.strip_prefix('"') {
        let mut text = String::new();
        let mut letters = rest.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => match letters.next() {
                    Some('n') => text.push('\n'),
                    Some(other) => text.push(other),
                    None => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        return text;
    }
    // A comment needs a space before it: `#` alone may be part of a value.
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials_are_known_by_their_words() {
        for name in [
            "HF_TOKEN",
            "WANDB_API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "DB_PASSWORD",
            "db_passwd",
            "GCP_CREDENTIALS",
            "APIKEY",
            "DOCKER_AUTH_CONFIG",
            "DB_PASS",
            "GITHUB_PAT",
        ] {
            assert!(looks_like_credential(name), "{name}");
        }
        for name in
            ["MAX_TOKENS", "MONKEY", "LOG_LEVEL", "TOKENIZER", "secrets", "KEYBOARD_LAYOUT", "AUTHOR", "PATH", "BYPASS"]
        {
            assert!(!looks_like_credential(name), "{name}");
        }
    }

    #[test]
    fn values_of_dotenv_files_lose_quotes_and_comments() {
        for (written, value) in [
            ("plain", "plain"),
            ("a b # c", "a b"),
            ("a#b", "a#b"),
            ("'x # y' # z", "x # y"),
            (r#""a\nb\"c""#, "a\nb\"c"),
            ("", ""),
        ] {
            assert_eq!(unquoted(written), value, "{written}");
        }
    }
}
