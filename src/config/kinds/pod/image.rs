//! Parses container image references according to their grammar, and explains why a text is not one.
//!
//! Source: the grammar at the top of `reference.go` in github.com/distribution/reference, which Docker, containerd and
//! all registries share, and `ParseNormalizedNamed` of the same package for what counts as a registry host.

/// A syntactically valid reference.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::config) struct Reference<'t> {
    pub tag: Option<&'t str>,
    pub digest: Option<&'t str>,
}

/// Why a text is not a reference, and what to write instead. Neither repeats the text, which may come from a variable.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::config) struct NoReference {
    pub reason: &'static str,
    pub help: &'static str,
}

const EXAMPLE: &str = "for example `ghcr.io/owner/name:1.2.3`";
const DIGEST: &str = "a digest is `sha256:` and 64 hexadecimal digits: `ghcr.io/owner/name@sha256:...`";
/// Maximum length of a name including the host. Source: `NameTotalLengthMax` of the grammar.
const LONGEST_NAME: usize = 255;
/// Maximum length of a tag. Source: `tag` of the grammar.
const LONGEST_TAG: usize = 128;

fn no<T>(reason: &'static str, help: &'static str) -> Result<T, NoReference> {
    Err(NoReference { reason, help })
}

/// Splits a reference into its parts: `[host[:port]/]path[:tag][@digest]`.
pub(in crate::config) fn parse(text: &str) -> Result<Reference<'_>, NoReference> {
    characters(text)?;
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest {
        check_digest(digest)?;
    }
    // A colon before the last slash belongs to the registry's port.
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match name[last..].split_once(':') {
        Some((_, tag)) => (&name[..name.len() - tag.len() - 1], Some(tag)),
        None => (name, None),
    };
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    check_name(name)?;
    Ok(Reference { tag, digest })
}

/// Refuses characters that no part of a reference can contain.
fn characters(text: &str) -> Result<(), NoReference> {
    if text.is_empty() {
        return no("it is empty", EXAMPLE);
    }
    if text.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}']) {
        return no("it has typographic quotes", "write plain quotes, or none: `image: ghcr.io/owner/name:1.2.3`");
    }
    if text.contains(['"', '\'', '`']) {
        return no("it contains quotes", "quote the value once: `image: \"ghcr.io/owner/name:1.2.3\"`");
    }
    if text.contains("://") {
        return no(
            "it is a web address",
            "omit the scheme and any page path: `docker.io/owner/name:1.2.3`, not \
             `https://hub.docker.com/r/owner/name`",
        );
    }
    if text.contains(char::is_whitespace) {
        return no("it contains whitespace", EXAMPLE);
    }
    if text.contains(char::is_control) {
        return no("it contains control characters", EXAMPLE);
    }
    if !text.is_ascii() {
        return no("it contains non-ASCII characters", EXAMPLE);
    }
    Ok(())
}

fn check_digest(digest: &str) -> Result<(), NoReference> {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return no("its digest has no algorithm", DIGEST);
    };
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return no("its digest has an unknown algorithm", DIGEST),
    };
    if digest.contains('@') {
        return no("it has two digests", DIGEST);
    }
    if !hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        return no("its digest has characters other than lowercase hexadecimal digits", DIGEST);
    }
    if hex.len() != digits {
        return no("its digest has the wrong length", DIGEST);
    }
    Ok(())
}

fn check_tag(tag: &str) -> Result<(), NoReference> {
    if tag.is_empty() {
        return no("its tag is empty", "write a tag after the colon, or remove the colon");
    }
    if tag.contains(':') {
        return no("it has two tags", "keep one: `ghcr.io/owner/name:1.2.3`");
    }
    if tag.len() > LONGEST_TAG {
        return no("its tag is too long", "a tag has at most 128 characters");
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-')) || !tag.bytes().next().is_some_and(word) {
        return no(
            "its tag is invalid",
            "a tag consists of letters, digits, `_`, `.` and `-`, and does not start with `.` or `-`",
        );
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), NoReference> {
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if is_meant_as_host(host) => (Some(host), path),
        _ => (None, name),
    };
    if let Some(host) = host {
        check_host(host)?;
    }
    if path.is_empty() {
        return no("it has no repository", EXAMPLE);
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return no(
            "its repository has uppercase letters",
            "write it in lowercase letters: `runpod/pytorch`, not `Runpod/PyTorch`",
        );
    }
    for part in path.split('/') {
        check_part(part)?;
    }
    if path.len() == 64 && path.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return no("it is an image id", "use the name of its repository: `ghcr.io/owner/name:1.2.3`");
    }
    if name.len() > LONGEST_NAME {
        return no("it is too long", "host and repository have at most 255 characters");
    }
    Ok(())
}

/// Whether the part before the first slash is a registry rather than a namespace of Docker Hub.
fn is_meant_as_host(part: &str) -> bool {
    part == "localhost" || part.contains(':') || (part.contains('.') && !part.chars().all(|c| c == '.'))
}

fn check_host(host: &str) -> Result<(), NoReference> {
    const HOST: &str = "a registry is a host with an optional port: `ghcr.io`, `registry.example.com:5000`";
    if host.eq_ignore_ascii_case("hub.docker.com") {
        return no(
            "`hub.docker.com` is a website, not a registry",
            "the registry of Docker Hub is `docker.io`: `docker.io/owner/name:1.2.3`",
        );
    }
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
            (None, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').unwrap_or_default()) })
        }
        Some(_) => return no("its registry is not a valid address", HOST),
        None => match host.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(host), None),
        },
    };
    let number = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse().is_ok_and(|n: u16| n > 0);
    if port.is_some_and(|port| !number(port)) {
        return no("the port of its registry is not a number from 1 to 65535", HOST);
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match host {
        Some(host) if !host.split('.').all(label) => no("its registry is not a valid host name", HOST),
        _ => Ok(()),
    }
}

/// One path component: lower-case letters and digits, separated by `.`, `_`, `__` or hyphens.
fn check_part(part: &str) -> Result<(), NoReference> {
    const PART: &str =
        "each part between slashes consists of lowercase letters and digits, with single `.`, `_` or `-` between them";
    if part.is_empty() {
        return no("its repository has an empty part", PART);
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separator = String::new();
    for byte in part.bytes() {
        match byte {
            byte if plain(byte) => {
                if !is_separator(&separator) {
                    return no("its repository has consecutive separators", PART);
                }
                separator.clear();
            }
            b'.' | b'_' | b'-' => separator.push(char::from(byte)),
            _ => return no("its repository has a character that no registry accepts", PART),
        }
    }
    let starts_and_ends = part.bytes().next().is_some_and(plain) && separator.is_empty();
    if starts_and_ends { Ok(()) } else { no("its repository starts or ends with a separator", PART) }
}

fn is_separator(text: &str) -> bool {
    matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> &'static str {
        parse(text).map_or_else(|no| no.reason, |_| "valid")
    }

    #[test]
    fn valid_references_are_accepted() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let long = format!("a/{}", "b".repeat(LONGEST_NAME - 2));
        for text in [
            "ubuntu",
            "ubuntu:22.04",
            "runpod/pytorch:2.8.0-py3.11_cuda12.8",
            "docker.io/library/ubuntu:22.04",
            "localhost/x",
            "localhost:5000/x:1",
            "GHCR.IO/owner/name:V1",
            "registry.example.com:443/a/b/c/d:_x",
            "10.0.0.1:5000/x",
            "[::1]:5000/x",
            "[2001:db8::1]/x",
            "a__b/c-d/e---f/g.h:1",
            "xn--bcher-kva.example/x",
            &format!("name@{digest}"),
            &format!("localhost:5000/name:tag@{digest}"),
            &format!("name@sha512:{}", "f".repeat(128)),
            &long,
            &format!("x:{}", "t".repeat(LONGEST_TAG)),
        ] {
            assert_eq!(reason(text), "valid", "{text}");
        }
        let both = format!("name:tag@{digest}");
        assert_eq!(parse(&both), Ok(Reference { tag: Some("tag"), digest: Some(&digest) }));
        assert_eq!(parse("localhost:5000/x"), Ok(Reference { tag: None, digest: None }));
    }

    #[test]
    fn invalid_references_get_a_specific_reason() {
        let (digits, short) = ("0".repeat(64), "0".repeat(63));
        for (text, expected) in [
            ("", "it is empty"),
            ("https://hub.docker.com/r/runpod/pytorch:2.8.0", "it is a web address"),
            ("docker://ubuntu", "it is a web address"),
            ("hub.docker.com/r/runpod/pytorch", "`hub.docker.com` is a website, not a registry"),
            ("Runpod/PyTorch:2.8.0", "its repository has uppercase letters"),
            ("Runpod/pytorch", "its repository has uppercase letters"),
            ("ghcr.io/Owner/name", "its repository has uppercase letters"),
            ("\u{201c}runpod/pytorch:2.8.0\u{201d}", "it has typographic quotes"),
            ("'runpod/pytorch'", "it contains quotes"),
            (" runpod/pytorch", "it contains whitespace"),
            ("runpod/py torch", "it contains whitespace"),
            ("runpod/pytorch\n", "it contains whitespace"),
            ("runpod/pytorch\u{7}", "it contains control characters"),
            ("runpod/p\u{443}torch", "it contains non-ASCII characters"),
            (":2.8.0", "it has no repository"),
            ("ghcr.io/:1", "it has no repository"),
            ("/a:1", "its repository has an empty part"),
            ("a//b", "its repository has an empty part"),
            ("a/b/", "its repository has an empty part"),
            ("a/b/:1", "its repository has an empty part"),
            ("a:", "its tag is empty"),
            ("runpod/pytorch:2.8.0:cuda", "it has two tags"),
            ("a:-x", "its tag is invalid"),
            ("a:b+c", "its tag is invalid"),
            (&format!("x:{}", "t".repeat(LONGEST_TAG + 1)), "its tag is too long"),
            ("ghcr.io/owner/name@sha256:abc", "its digest has the wrong length"),
            (&format!("a@sha256:{short}"), "its digest has the wrong length"),
            (&format!("a@sha256:{short}G"), "its digest has characters other than lowercase hexadecimal digits"),
            (&format!("a@sha256:{short}A"), "its digest has characters other than lowercase hexadecimal digits"),
            (&format!("a@md5:{digits}"), "its digest has an unknown algorithm"),
            (&format!("a@SHA256:{digits}"), "its digest has an unknown algorithm"),
            (&format!("a@{digits}"), "its digest has no algorithm"),
            (&format!("a@sha256:{digits}@sha256:{digits}"), "it has two digests"),
            ("a@", "its digest has no algorithm"),
            (&format!("@sha256:{digits}"), "it has no repository"),
            ("../pytorch:2.8.0", "its repository starts or ends with a separator"),
            ("./pytorch", "its repository starts or ends with a separator"),
            ("-a/b", "its repository starts or ends with a separator"),
            ("a/b_", "its repository starts or ends with a separator"),
            ("a..b/c", "its registry is not a valid host name"),
            ("x/a..b", "its repository has consecutive separators"),
            ("x/a_.b", "its repository has consecutive separators"),
            ("x/a___b", "its repository has consecutive separators"),
            ("x/a$b", "its repository has a character that no registry accepts"),
            ("ghcr.io:/x", "the port of its registry is not a number from 1 to 65535"),
            ("ghcr.io:99999/x", "the port of its registry is not a number from 1 to 65535"),
            ("ghcr.io:x/x", "the port of its registry is not a number from 1 to 65535"),
            ("-ghcr.io/x", "its registry is not a valid host name"),
            ("ghcr_io.example/x", "its registry is not a valid host name"),
            ("[::g]/x", "its registry is not a valid address"),
            (&digits, "it is an image id"),
            (&format!("a/{}", "b".repeat(LONGEST_NAME - 1)), "it is too long"),
        ] {
            assert_eq!(reason(text), expected, "{text}");
        }
    }
}
