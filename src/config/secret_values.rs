//! Reads the values of secrets from the process, the `.env` files and files.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::api_key::{API_KEY, ValueOrigin, holds_api_key};
use super::document::{Scalar, YamlNode};
use super::dotenv::Dotenv;
use super::identifier::value_fault;
use super::problem::Findings;
use super::source::Span;
use crate::files::{Boundary, ReadError, read_text};
use crate::model::{ProblemCode, Secret};

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
    dotenv: OnceCell<Dotenv>,
}

/// Why a secret has no value.
pub(super) enum MissingReason {
    /// No source defines it.
    Absent(String),
    /// A source defines it but cannot be used.
    Refused { message: String, help: String },
    /// The `.env` file that may define it cannot be read, which is already reported.
    Unreadable,
}

impl<'a> SecretSources<'a> {
    pub fn new(
        folder: PathBuf,
        boundary: &'a Boundary,
        process: &'a dyn Fn(&str) -> Option<String>,
        offline: bool,
        api_keys: &'a [String],
    ) -> Self {
        Self { folder, boundary, process, offline, api_keys, dotenv: OnceCell::new() }
    }

    /// The `.env` files. Their faults are reported when they are first read.
    fn dotenv(&self, findings: &mut Findings) -> &Dotenv {
        self.dotenv.get_or_init(|| {
            let dotenv = Dotenv::read(&self.folder, self.boundary);
            for fault in &dotenv.faults {
                findings
                    .error_beside(fault.file, fault.line, ProblemCode::UnreadableDotenv, fault.what.clone())
                    .help(fault.help);
            }
            dotenv
        })
    }

    /// The value of a variable: from the process, the `.env` files, or the file in `from_file`. An empty value of a
    /// `required` one counts as missing.
    pub fn variable(
        &self,
        name: &str,
        from_file: Option<&YamlNode>,
        required: bool,
        findings: &mut Findings,
    ) -> Result<String, MissingReason> {
        let mut lack = NOT_SET;
        let mut usable = |value: &str| {
            let is_lacking = required && value.is_empty();
            lack = if is_lacking { EMPTY } else { lack };
            !is_lacking
        };
        let dotenv = self.dotenv(findings);
        if let Some(value) = (self.process)(name).filter(|value| usable(value)) {
            return Ok(value);
        }
        match dotenv.get(name) {
            Some(Ok(value)) if usable(value) => return Ok(value.clone()),
            Some(Err(fault)) => {
                return Err(MissingReason::Refused { message: fault.what.clone(), help: fault.help.to_owned() });
            }
            _ if !dotenv.faults.is_empty() => return Err(MissingReason::Unreadable),
            _ => {}
        }
        from_file.map_or_else(|| Err(MissingReason::Absent(lack.to_owned())), |path| self.file(path, required))
    }

    /// The trimmed content of a file, or why there is none.
    pub fn file(&self, path: &YamlNode, required: bool) -> Result<String, MissingReason> {
        let shown = path.scalar().map_or("", Scalar::shown);
        let path = Path::new(path.text().unwrap_or_default());
        let path = match (path.strip_prefix("~"), (self.process)("HOME").filter(|home| !home.is_empty())) {
            (Ok(below), Some(home)) => Path::new(&home).join(below),
            _ => self.folder.join(path),
        };
        match read_text(&path, Some(self.boundary), LONGEST) {
            Ok(content) if required && content.trim().is_empty() => Err(MissingReason::Absent(EMPTY.to_owned())),
            Ok(content) => Ok(content.trim().to_owned()),
            Err(error) if error.is_missing() => Err(MissingReason::Absent(format!("`{shown}`: {}", error.reason))),
            Err(ReadError { reason, .. }) => Err(MissingReason::Refused {
                message: format!("cannot read `{shown}`: {reason}"),
                help: reason.help().to_owned(),
            }),
        }
    }

    /// A value, after the checks that every secret must pass. `what` names it in messages: ``the secret `HF_TOKEN` ``.
    pub fn checked(&self, value: String, what: &str, span: Span, findings: &mut Findings) -> Secret {
        if holds_api_key(&value, ValueOrigin::Resolved, self.api_keys) {
            findings
                .error(ProblemCode::ApiKey, span, format!("the value of {what} contains your RunPod API key"))
                .help(format!(
                    "pods must not get it under any name; it gives access to the whole account. RunPod gives every \
                     pod its own `{API_KEY}`"
                ));
            return Secret::unknown();
        }
        if value_fault(&value).is_some() {
            findings
                .error(ProblemCode::ControlCharacter, span, format!("the value of {what} contains a NUL character"))
                .help("environment variables cannot contain it; encode the value, for example in base64");
            return Secret::unknown();
        }
        Secret::new(value)
    }

    /// A write-only value, which RunPod needs only when it is created or rotated. A missing one stays unknown, and an
    /// apply that has to send it is refused.
    pub fn write_only(
        &self,
        found: Result<String, MissingReason>,
        what: &str,
        span: Span,
        findings: &mut Findings,
    ) -> Secret {
        match found {
            Ok(value) => self.checked(value, what, span, findings),
            Err(MissingReason::Absent(_) | MissingReason::Unreadable) => Secret::unknown(),
            Err(MissingReason::Refused { message, help }) => {
                findings.error(ProblemCode::UnreadableSecret, span, format!("{what}: {message}")).help(help);
                Secret::unknown()
            }
        }
    }
}
