//! `secrets`: environment variables of every pod, with values from the process, from files or from the account.
//!
//! An optional secret may be absent. A secret that exists but cannot be read is an error, because leaving it out would
//! remove it from the pods.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::api_key::{API_KEY, ValueOrigin, holds_api_key};
use super::document::{Scalar, YamlNode};
use super::dotenv::Dotenv;
use super::environment::{is_allowed, secret_reference};
use super::identifier::value_fault;
use super::problem::Findings;
use super::source::Span;
use super::variables::{Variable, Variables};
use crate::files::{Boundary, ReadError, read_text};
use crate::model::{ProblemCode, Secret, Value};

/// Linux passes at most 128 KiB to a program as one variable. Source: execve(2), `MAX_ARG_STRLEN`.
const LONGEST: u64 = 128 << 10;

const EMPTY: &str = "its value is empty";
const NOT_SET: &str = "it is not in the environment, `.env.local` or `.env`";

/// Sources of secret values.
pub(super) struct SecretSources<'a> {
    /// The folder of the base file.
    pub folder: PathBuf,
    pub boundary: &'a Boundary,
    pub process: &'a dyn Fn(&str) -> Option<String>,
    /// Missing secrets are not errors and stay unknown.
    pub offline: bool,
    /// The keys that no pod may receive.
    pub api_keys: &'a [String],
}

/// The variables that `secrets` sets in every pod and endpoint.
pub(super) fn variables(root: &YamlNode, sources: &SecretSources<'_>, findings: &mut Findings) -> Variables {
    root.get("secrets").map(|list| secrets(list, sources, findings)).unwrap_or_default()
}

fn secrets(list: &YamlNode, sources: &SecretSources<'_>, findings: &mut Findings) -> Variables {
    let mut reader = Reader {
        sources,
        dotenv: Dotenv::default(),
        variables: Variables::new(),
        listed: BTreeMap::new(),
        missing: Vec::new(),
    };
    if list.items().iter().any(|secret| source(secret) == "env") {
        reader.dotenv = Dotenv::read(&sources.folder, sources.boundary);
        for fault in &reader.dotenv.faults {
            findings
                .error_beside(fault.file, fault.line, ProblemCode::UnreadableDotenv, fault.what.clone())
                .help(fault.help);
        }
    }
    for secret in list.items() {
        reader.read(secret, findings);
    }
    tell_missing(&reader.missing, findings);
    reader.variables
}

fn source(secret: &YamlNode) -> &str {
    secret.get("source").and_then(YamlNode::text).unwrap_or("env")
}

/// Why a secret has no value.
enum MissingReason {
    /// No source defines it.
    Absent(String),
    /// A source defines it but cannot be used.
    Refused { message: String, help: String },
    /// The `.env` file that may define it cannot be read, which is already reported.
    Unreadable,
}

/// A required secret without a value.
struct Missing {
    name: String,
    span: Span,
    why: String,
}

struct Reader<'a> {
    sources: &'a SecretSources<'a>,
    dotenv: Dotenv,
    variables: Variables,
    /// The secrets read so far.
    listed: BTreeMap<String, Span>,
    missing: Vec<Missing>,
}

impl Reader<'_> {
    fn read(&mut self, secret: &YamlNode, findings: &mut Findings) {
        let Some(name_node) = secret.get("name") else {
            findings
                .missing(&["name"], ProblemCode::MissingField, secret.span, "a secret has no `name`")
                .help("`name` is the environment variable that the pod sees");
            return;
        };
        let (name, span) = (name_node.text().unwrap_or_default().to_owned(), name_node.span);
        if !is_allowed(&name, span, findings) {
            return;
        }
        // Includes optional secrets without a value, which set no variable.
        if let Some(first) = self.listed.insert(name.clone(), span) {
            findings
                .error(ProblemCode::DuplicateKey, span, format!("the secret `{name}` is listed twice"))
                .also(first, "first here")
                .help("keep one of the two");
            return;
        }
        let required = secret.get("required").and_then(YamlNode::bool) == Some(true);
        let found = match source(secret) {
            "runpod" => {
                self.variables.insert(name.clone(), Variable { value: secret_reference(&name), span });
                return;
            }
            "file" => match secret.get("path") {
                Some(path) => self.file(path, required),
                None => {
                    findings
                        .missing(
                            &["path"],
                            ProblemCode::MissingField,
                            secret.span,
                            format!("the secret `{name}` has no `path`"),
                        )
                        .help("`source: file` needs the `path` of the file, relative to this file");
                    return;
                }
            },
            "env" => self.variable(&name, secret.get("fromFile"), required),
            elsewhere => {
                let at = secret.get("source").map_or(span, |source| source.span);
                findings
                    .error(ProblemCode::UnsupportedSource, at, format!("sindri does not read secrets from `{elsewhere}`"))
                    .help(format!(
                        "read it before sindri runs and export it as `{name}` with `source: env`, or keep it at RunPod with `source: runpod`"
                    ));
                return;
            }
        };
        self.keep(name, span, found, required, findings);
    }

    /// Stores a value, or reports why there is none.
    fn keep(
        &mut self,
        name: String,
        span: Span,
        found: Result<String, MissingReason>,
        required: bool,
        findings: &mut Findings,
    ) {
        let secret = match found {
            Ok(value) if holds_api_key(&value, ValueOrigin::Resolved, self.sources.api_keys) => {
                findings
                    .error(
                        ProblemCode::ApiKey,
                        span,
                        format!("the value of the secret `{name}` contains your RunPod API key"),
                    )
                    .help(format!(
                        "pods must not get it under any name; it gives access to the whole account. RunPod gives \
                         every pod its own `{API_KEY}`"
                    ));
                Secret::unknown()
            }
            Ok(value) if value_fault(&value).is_some() => {
                findings
                    .error(
                        ProblemCode::ControlCharacter,
                        span,
                        format!("the value of the secret `{name}` contains a NUL character"),
                    )
                    .help("environment variables cannot contain it; encode the value, for example in base64");
                Secret::unknown()
            }
            Ok(value) => Secret::new(value),
            Err(MissingReason::Unreadable) => Secret::unknown(),
            Err(MissingReason::Refused { message, help }) => {
                findings
                    .error(ProblemCode::UnreadableSecret, span, format!("the secret `{name}`: {message}"))
                    .help(help);
                Secret::unknown()
            }
            Err(MissingReason::Absent(why)) if required && self.sources.offline => {
                findings
                    .warn(ProblemCode::MissingSecrets, span, format!("the required secret `{name}` is missing: {why}"))
                    .help("it is treated as unchanged here; an apply needs its value");
                Secret::unknown()
            }
            Err(MissingReason::Absent(why)) if required => {
                self.missing.push(Missing { name, span, why });
                return;
            }
            Err(MissingReason::Absent(why)) => {
                findings
                    .advise(ProblemCode::OptionalSecret, span, format!("the secret `{name}` is omitted: {why}"))
                    .help("set it to pass it to the pods; omitting it later removes it from them");
                return;
            }
        };
        self.variables.insert(name, Variable { value: Value::Secret(secret), span });
    }

    /// The value of a variable: from the process, the `.env` files, or the file in `fromFile`.
    fn variable(&self, name: &str, from_file: Option<&YamlNode>, required: bool) -> Result<String, MissingReason> {
        let mut lack = NOT_SET;
        // For a required secret, an empty value counts as missing.
        let mut usable = |value: &str| {
            let is_lacking = required && value.is_empty();
            lack = if is_lacking { EMPTY } else { lack };
            !is_lacking
        };
        if let Some(value) = (self.sources.process)(name).filter(|value| usable(value)) {
            return Ok(value);
        }
        match self.dotenv.get(name) {
            Some(Ok(value)) if usable(value) => return Ok(value.clone()),
            Some(Err(fault)) => {
                return Err(MissingReason::Refused { message: fault.what.clone(), help: fault.help.to_owned() });
            }
            _ if !self.dotenv.faults.is_empty() => return Err(MissingReason::Unreadable),
            _ => {}
        }
        from_file.map_or_else(|| Err(MissingReason::Absent(lack.to_owned())), |path| self.file(path, required))
    }

    /// The trimmed content of a file, or why there is none.
    fn file(&self, path: &YamlNode, required: bool) -> Result<String, MissingReason> {
        let shown = path.scalar().map_or("", Scalar::shown);
        let path = Path::new(path.text().unwrap_or_default());
        let path = match (path.strip_prefix("~"), (self.sources.process)("HOME").filter(|home| !home.is_empty())) {
            (Ok(below), Some(home)) => Path::new(&home).join(below),
            _ => self.sources.folder.join(path),
        };
        match read_text(&path, Some(self.sources.boundary), LONGEST) {
            Ok(content) if required && content.trim().is_empty() => Err(MissingReason::Absent(EMPTY.to_owned())),
            Ok(content) => Ok(content.trim().to_owned()),
            Err(error) if error.is_missing() => Err(MissingReason::Absent(format!("`{shown}`: {}", error.reason))),
            Err(ReadError { reason, .. }) => Err(MissingReason::Refused {
                message: format!("cannot read `{shown}`: {reason}"),
                help: reason.help().to_owned(),
            }),
        }
    }
}

/// Reports all missing secrets at once, so that the user can set them together.
fn tell_missing(missing: &[Missing], findings: &mut Findings) {
    let [Missing { span: at, .. }, others @ ..] = missing else { return };
    let names = missing.iter().map(|secret| format!("`{}`", secret.name)).collect::<Vec<_>>().join(", ");
    let whys = missing.iter().map(|secret| format!("`{}`: {}", secret.name, secret.why)).collect::<Vec<_>>().join("\n");
    let number = if others.is_empty() { "a required secret is" } else { "required secrets are" };
    let problem = findings.error(ProblemCode::MissingSecrets, *at, format!("{number} missing: {names}"));
    problem
        .label("required")
        .help(format!("{whys}\nset them in the environment, or in `.env.local` next to the configuration"));
    for Missing { span, .. } in others {
        problem.also(*span, "required");
    }
}
