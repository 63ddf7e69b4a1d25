//! The holder of a lock, as written in the lock file.

use std::fmt;
use std::fs;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who holds the lock, and why. For display; no decision may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user's name.
    pub who: String,
    /// The command, for example `apply` or `state rm`.
    pub what: String,
    /// RFC 3339.
    pub since: String,
    pub host: String,
    pub pid: u32,
}

impl Holder {
    /// This process, with the command `what`.
    pub fn new(what: &str) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let host = fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
        Self {
            who: variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "unknown".into()),
            what: what.to_owned(),
            since: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            host: host.filter(|name| !name.is_empty()).or_else(|| variable("HOSTNAME")).unwrap_or_else(|| "?".into()),
            pid: std::process::id(),
        }
    }

    /// A holder that has not written its name yet.
    pub(super) fn unknown() -> Self {
        Self { who: "unknown".into(), what: "unknown".into(), since: "unknown".into(), host: "?".into(), pid: 0 }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, what, since, host, pid } = self;
        write!(formatter, "{who} on {host} (`{what}`, process {pid}, since {since})")
    }
}
