//! The API that a command talks to, and the API key for it.
//!
//! Variables and files are read through functions passed in, never from the process itself. Returns an [`ApiOrigin`]
//! and an [`ApiKey`]. The key is sent in one header and never printed.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::{ApiError, ErrorClass};
use crate::model::Dialect;
use crate::model::credential::is_distinctive;

/// The variable that contains the key.
pub const KEY_VARIABLE: &str = "RUNPOD_API_KEY";
/// The variable that contains the path of a file with the key.
pub const KEY_FILE_VARIABLE: &str = "RUNPOD_API_KEY_FILE";
/// The variable that replaces RunPod's origin.
pub const URL_VARIABLE: &str = "RUNPOD_API_BASE_URL";

/// Sent if any key is accepted: to an emulator on loopback or in this process.
const ANY_KEY: &str = "emulator";

/// Scheme, host and port of an API, for example `https://api.runpod.io`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiOrigin {
    text: String,
    loopback: bool,
}

impl ApiOrigin {
    /// RunPod's origin for a dialect. Source: the `servers` of the two OpenAPI documents.
    pub fn of(dialect: Dialect) -> Self {
        let text = match dialect {
            Dialect::V1 => "https://rest.runpod.io",
            Dialect::V2 => "https://api.runpod.io",
        };
        Self { text: text.to_owned(), loopback: false }
    }

    /// Parses the value of `--api-url` or [`URL_VARIABLE`]. A trailing `/`, `/v1` or `/v2` is accepted if it fits the
    /// dialect.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::Invalid`] for an invalid URL or one of the other dialect, [`ErrorClass::InsecureUrl`] for
    /// plain http to an address that is not loopback.
    pub fn parse(url: &str, dialect: Dialect) -> Result<Self, ApiError> {
        // The URL may contain a password, so errors do not quote it.
        let refuse = |why: String| Err(ApiError::local(ErrorClass::Invalid, "", format!("the API's URL {why}")));
        let Some((scheme, rest)) = url.trim().split_once("://") else {
            return refuse("has no scheme; write for example `https://api.runpod.io`".into());
        };
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return refuse("must begin with `https://`".into());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        match path.trim_end_matches('/') {
            "" => {}
            version @ ("v1" | "v2") if version == dialect.to_string() => {}
            version @ ("v1" | "v2") => {
                return refuse(format!("ends in `/{version}`, but the dialect is {dialect}: pass `--api {version}`"));
            }
            _ => return refuse("has a path; use only scheme, host and port".into()),
        }
        let Some((host, port)) = split_authority(authority) else {
            return refuse(
                "is not scheme, host and port, as in `https://api.runpod.io` or `http://127.0.0.1:4010`".into(),
            );
        };
        let loopback = is_loopback(&host);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let text = format!("{scheme}://{host}{port}");
        if scheme == "http" && !loopback {
            let message = format!("the API key would be sent unencrypted to {text}");
            return Err(ApiError::local(ErrorClass::InsecureUrl, "", message));
        }
        Ok(Self { text, loopback })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the origin is on this machine, so that plain http is safe and any key is accepted.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// Splits an authority into host and port. Refuses user names and characters that other parsers may read differently.
fn split_authority(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?) };
            (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
        }
        None => {
            let (host, port) = match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            if host.is_empty() || !host.chars().all(plain) {
                return None;
            }
            (host.to_ascii_lowercase(), port)
        }
    };
    let port = match port {
        Some(port) if port.chars().all(|c| c.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some((host, port))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Identifies the account system that ids belong to ([`crate::model::State::api`]): `runpod` for both of RunPod's
/// hosts.
pub fn world_identity(origin: &ApiOrigin) -> String {
    let own = [Dialect::V1, Dialect::V2].map(ApiOrigin::of);
    if own.contains(origin) { "runpod".to_owned() } else { origin.text.clone() }
}

/// A RunPod API key. Never printed: `Debug` shows only that it exists.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Reads the key from [`KEY_VARIABLE`] or from the file named in [`KEY_FILE_VARIABLE`]. On loopback any key will
    /// do.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::NoCredentials`] if there is no key, the file cannot be read, or a header cannot carry the
    /// key.
    pub fn find(
        origin: &ApiOrigin,
        variable: impl Fn(&str) -> Option<String>,
        read: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Self, ApiError> {
        let refuse = |message: String| ApiError::local(ErrorClass::NoCredentials, "", message);
        let set = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let (key, place) = if let Some(key) = set(KEY_VARIABLE) {
            (key, format!("`{KEY_VARIABLE}`"))
        } else if let Some(path) = set(KEY_FILE_VARIABLE) {
            let place = format!("`{path}` (`{KEY_FILE_VARIABLE}`)");
            let key = read(Path::new(&path)).map_err(|error| refuse(format!("cannot read {place}: {error}")))?;
            (key.trim().to_owned(), place)
        } else if origin.is_loopback() {
            return Ok(Self::emulator());
        } else {
            return Err(refuse("no RunPod API key".to_owned()));
        };
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(refuse(format!(
                "{place} contains no API key; a key is one word of letters, digits and symbols"
            )));
        }
        Ok(Self(key))
    }

    /// The key for an emulator, which accepts any key.
    pub fn emulator() -> Self {
        Self(ANY_KEY.to_owned())
    }

    /// The value of the `authorization` header.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// The key, if messages must mask it. Simple words that an emulator accepts are not secret.
    pub(super) fn secret(&self) -> Option<&str> {
        is_distinctive(&self.0).then_some(self.0.as_str())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(sensitive)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(origin: &ApiOrigin, variables: &[(&str, &str)]) -> Result<ApiKey, ApiError> {
        let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        ApiKey::find(origin, lookup, |path| match path.to_str() {
            Some("/run/key") => Ok("rpa_file\n".to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        })
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (url, origin) in [
            ("https://api.runpod.io", "https://api.runpod.io"),
            ("https://API.runpod.io/v2/", "https://api.runpod.io"),
            ("http://127.0.0.1:4010/", "http://127.0.0.1:4010"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://localhost:80/v2", "http://localhost:80"),
            ("http://[::1]:4010", "http://[::1]:4010"),
            ("https://gateway.example:8443", "https://gateway.example:8443"),
        ] {
            assert_eq!(ApiOrigin::parse(url, Dialect::V2).unwrap().as_str(), origin, "{url}");
        }
    }

    #[test]
    fn a_key_never_travels_over_plain_http_to_another_machine() {
        for url in ["http://api.runpod.io", "http://10.0.0.1", "http://127.0.0.1.example.com", "http://[::2]:80"] {
            assert_eq!(ApiOrigin::parse(url, Dialect::V2).unwrap_err().class, ErrorClass::InsecureUrl, "{url}");
        }
    }

    #[test]
    fn urls_that_other_parsers_may_read_differently_are_refused() {
        for url in [
            "api.runpod.io",
            "ftp://api.runpod.io",
            "https://",
            "https://user:pass@api.runpod.io",
            "http://127.0.0.1@evil.example",
            "http://127.0.0.1\\@evil.example",
            "https://api.runpod.io:99999",
            "https://api.runpod.io:+1",
            "https://api.runpod.io/graphql",
            "https://api.runpod.io?x=1",
        ] {
            let error = ApiOrigin::parse(url, Dialect::V2).unwrap_err();
            assert_eq!(error.class, ErrorClass::Invalid, "{url}");
            assert!(!error.to_string().contains("pass@"), "{error}");
        }
    }

    #[test]
    fn an_url_of_the_other_dialect_is_refused_with_the_flag_to_pass() {
        let error = ApiOrigin::parse("https://rest.runpod.io/v1", Dialect::V2).unwrap_err();
        assert!(error.to_string().contains("`--api v1`"), "{error}");
    }

    #[test]
    fn both_hosts_of_runpod_are_one_world() {
        assert_eq!(world_identity(&ApiOrigin::of(Dialect::V1)), "runpod");
        assert_eq!(world_identity(&ApiOrigin::parse("https://api.runpod.io/v2", Dialect::V2).unwrap()), "runpod");
        let local = ApiOrigin::parse("http://127.0.0.1:4010", Dialect::V2).unwrap();
        assert_eq!(world_identity(&local), "http://127.0.0.1:4010");
    }

    #[test]
    fn the_variable_wins_over_the_file_and_both_are_trimmed() {
        let origin = ApiOrigin::of(Dialect::V2);
        let both = [(KEY_VARIABLE, " rpa_env "), (KEY_FILE_VARIABLE, "/run/key")];
        assert_eq!(find(&origin, &both).unwrap().header(), "Bearer rpa_env");
        assert_eq!(find(&origin, &both[1..]).unwrap().header(), "Bearer rpa_file");
    }

    #[test]
    fn only_loopback_needs_no_key() {
        let missing = find(&ApiOrigin::of(Dialect::V2), &[(KEY_VARIABLE, "  ")]).unwrap_err();
        assert_eq!(missing.class, ErrorClass::NoCredentials);
        let local = ApiOrigin::parse("http://127.0.0.1:4010", Dialect::V2).unwrap();
        assert_eq!(find(&local, &[]).unwrap(), ApiKey::emulator());
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_showing_it() {
        let error = find(&ApiOrigin::of(Dialect::V2), &[(KEY_VARIABLE, "rpa_canary\nx")]).unwrap_err();
        assert_eq!(error.class, ErrorClass::NoCredentials);
        assert!(!format!("{error} {error:?}").contains("canary"));
        let key = find(&ApiOrigin::of(Dialect::V2), &[(KEY_VARIABLE, "rpa_canary")]).unwrap();
        assert_eq!(format!("{key:?}"), "(sensitive)");
    }
}
