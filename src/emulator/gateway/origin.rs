//! Protection against web pages: the emulator only serves programs on this machine.
//!
//! A page can reach loopback in two ways. Its own host name may resolve to this machine (DNS rebinding); the `Host`
//! header shows that. Or it sends a request to `127.0.0.1` with a form or a script; `Origin`, `Sec-Fetch-Site` and the
//! content types of forms show that. Source: the Fetch standard, "CORS-safelisted request-header" and "Fetch metadata".

use std::net::{IpAddr, Ipv6Addr};

use serde_json::json;

use crate::transport::{Method, Reply, Request};

/// Content types that a page may send without a preflight request.
const FORM_TYPES: [&str; 3] = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];

/// The refusal of a request that a web page may have sent. `authority` is the host in the request line, if any;
/// `is_control` marks a control call.
pub fn refusal(request: &Request, authority: Option<&str>, is_control: bool) -> Option<Reply> {
    let values = |name: &'static str| {
        request.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    let mut hosts = values("host").chain(authority).peekable();
    if hosts.peek().is_none() {
        return Some(refused(400, "the request has no `Host` header"));
    }
    if let Some(host) = hosts.find(|host| !is_local(host)) {
        let text = format!("the emulator answers requests to localhost, 127.0.0.1 or [::1], not to `{host}`");
        return Some(refused(403, &text));
    }
    if let Some(origin) = values("origin").find(|origin| !is_local_origin(origin)) {
        return Some(refused(403, &format!("requests from pages of `{origin}` are not allowed")));
    }
    if values("sec-fetch-site").any(|site| site.trim().eq_ignore_ascii_case("cross-site")) {
        return Some(refused(403, "requests from pages of other sites are not allowed"));
    }
    let kinds: Vec<&str> = values("content-type").map(essence).collect();
    let is_json = |kind: &&str| kind.eq_ignore_ascii_case("application/json");
    let is_form = |kind: &&str| FORM_TYPES.iter().any(|form| kind.eq_ignore_ascii_case(form));
    let writes = matches!(request.method, Method::Post | Method::Put | Method::Patch);
    let wants_json = is_control && writes && !(kinds.len() == 1 && kinds.iter().all(is_json));
    if wants_json || kinds.iter().any(is_form) {
        return Some(refused(415, "send the body as JSON, with `Content-Type: application/json`"));
    }
    None
}

fn refused(status: u16, text: &str) -> Reply {
    let headers = vec![("content-type".into(), "application/json".into())];
    Reply { status, headers, body: json!({ "error": text, "status": status }).to_string().into() }
}

/// The media type without parameters: `Text/Plain` of `Text/Plain; charset=utf-8`.
fn essence(content_type: &str) -> &str {
    content_type.split([';', ',']).next().unwrap_or_default().trim()
}

/// Whether an origin is on this machine. `null`, the origin of files and sandboxed frames, is not.
fn is_local_origin(origin: &str) -> bool {
    let origin = origin.trim();
    let scheme = |scheme: &str| origin.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["http://", "https://"].iter().any(|prefix| scheme(prefix) && is_local(&origin[prefix.len()..]))
}

/// Whether a host is this machine. Any port is accepted, because a tunnel may use another one.
fn is_local(authority: &str) -> bool {
    let authority = authority.trim();
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address.parse::<Ipv6Addr>().ok().map(IpAddr::V6), port),
            None => return false,
        },
        None => {
            let colon = authority.find(':').unwrap_or(authority.len());
            let (name, port) = authority.split_at(colon);
            let is_name = name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case("localhost");
            let named = is_name.then_some(IpAddr::V6(Ipv6Addr::LOCALHOST));
            (named.or_else(|| name.parse().ok().map(IpAddr::V4)), port)
        }
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    is_port && host.is_some_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, headers: &[(&str, &str)]) -> Request {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Request { method, path: "/v2/pods".into(), headers, body: None }
    }

    fn status(method: Method, headers: &[(&str, &str)], is_control: bool) -> Option<u16> {
        refusal(&request(method, headers), None, is_control).map(|reply| reply.status)
    }

    #[test]
    fn only_requests_to_this_machine_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:4010",
            "localhost.",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.9.9.9:65535",
            "[::1]",
            "[::1]:4010",
            "[0:0:0:0:0:0:0:1]:80",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert_eq!(status(Method::Get, &[("host", host)], true), None, "{host}");
            assert_eq!(
                status(Method::Get, &[("host", host), ("origin", &format!("http://{host}"))], true),
                None,
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "evil.example:4010",
            "localhost.evil.example",
            "evil.localhost",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "evil.example#localhost",
            "0.0.0.0:4010",
            "[::]:4010",
            "192.168.0.1",
            "2130706433",
            "0x7f.1",
            "127.0.0.1:",
            "127.0.0.1:x",
            "127.0.0.1:1:2",
            "[::1",
            "[::1]x",
            "",
        ] {
            assert_eq!(status(Method::Get, &[("host", host)], false), Some(403), "{host}");
            let origin = format!("http://{host}");
            let headers = [("host", "localhost"), ("origin", origin.as_str())];
            assert_eq!(status(Method::Get, &headers, false), Some(403), "{origin}");
        }
        assert_eq!(status(Method::Get, &[], false), Some(400));
        assert_eq!(status(Method::Get, &[("host", "localhost"), ("Host", "evil.example")], false), Some(403));
        let get = request(Method::Get, &[("host", "localhost")]);
        assert_eq!(refusal(&get, Some("evil.example"), false).map(|reply| reply.status), Some(403));
    }

    #[test]
    fn requests_from_other_sites_are_refused() {
        for origin in
            ["null", "", "file://", "https://evil.example", "chrome-extension://abc", "localhost", "ftp://localhost"]
        {
            assert_eq!(status(Method::Get, &[("host", "localhost"), ("origin", origin)], false), Some(403), "{origin}");
        }
        let site = |site: &str| status(Method::Get, &[("host", "localhost"), ("Sec-Fetch-Site", site)], false);
        assert_eq!([site("cross-site"), site("Cross-Site ")], [Some(403); 2]);
        assert_eq!([site("none"), site("same-origin"), site("same-site")], [None; 3]);
    }

    #[test]
    fn forms_are_refused_and_control_calls_need_json() {
        let send = |content_type: Option<&str>, is_control: bool| {
            let mut headers = vec![("host", "localhost")];
            headers.extend(content_type.map(|content_type| ("content-type", content_type)));
            status(Method::Post, &headers, is_control)
        };
        for form in [
            "text/plain",
            "TEXT/PLAIN;charset=UTF-8",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            assert_eq!([send(Some(form), true), send(Some(form), false)], [Some(415); 2], "{form}");
        }
        for json in ["application/json", "Application/JSON; charset=utf-8"] {
            assert_eq!([send(Some(json), true), send(Some(json), false)], [None; 2], "{json}");
        }
        assert_eq!([send(None, true), send(Some("application/octet-stream"), true)], [Some(415); 2]);
        assert_eq!(send(None, false), None, "an action without a body");
        let both = [("host", "localhost"), ("content-type", "application/json"), ("content-type", "text/plain")];
        assert_eq!(status(Method::Put, &both, true), Some(415));
        assert_eq!(status(Method::Get, &[("host", "localhost")], true), None, "a read has no body");
    }
}
