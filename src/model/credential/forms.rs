//! Detects values that are credentials by their form or by their position in a command line.
//!
//! References (`$TOKEN`, `${TOKEN}`, `{{ RUNPOD_SECRET_x }}`) are not credentials.

use std::ops::Range;

use super::names::{names_credential, names_value};
use super::tokens::{TOKEN_LENGTH, holds_token, surely_holds_token};
use crate::model::Value;
use crate::model::value::Secret;

/// Whether a text contains a credential, regardless of its name: in a URL, header, connection string or command line,
/// or in an issuer's token format.
pub fn holds_credential(text: &str) -> bool {
    holds_token(text)
        || holds_private_key(text)
        || urls(text).any(|url| url.holds_credential())
        || text.split_whitespace().any(is_login)
        || holds_assignment(text)
        || holds_header(text)
        || (text.contains(char::is_whitespace) && line_holds_credential(text))
}

/// The words of a command line; words that hold credentials become secrets.
pub fn command_line(words: Vec<String>) -> Value {
    let hidden = hidden_words(&words);
    let value =
        |(word, hidden): (String, bool)| if hidden { Value::Secret(Secret::new(word)) } else { Value::text(word) };
    Value::List(words.into_iter().zip(hidden).map(value).collect())
}

/// Checks a command line inside a single word, as in `sh -c "..."`.
fn line_holds_credential(text: &str) -> bool {
    let words: Vec<String> =
        text.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';']).to_owned()).collect();
    hidden_words(&words).contains(&true)
}

fn hidden_words(words: &[String]) -> Vec<bool> {
    let runs =
        |programs: &[&str]| words.iter().any(|word| programs.contains(&word.rsplit('/').next().unwrap_or_default()));
    // `-p` has different meanings: for mkdir it creates parent folders, for ssh it sets the port.
    let takes_password = runs(&["mysql", "mysqldump", "mariadb", "mongo", "mongosh", "mongodump", "sshpass", "login"]);
    let is_redis = runs(&["redis-cli"]);
    let follows = |flag: &str, word: &str| match flag {
        "-p" => takes_password,
        "-a" => is_redis,
        "-u" | "--user" => {
            word.split_once(':').is_some_and(|(_, password)| is_value(password) && !password.starts_with("//"))
        }
        "login" => word.len() >= TOKEN_LENGTH && !word.contains(['/', '.']),
        flag => flag.starts_with('-') && names_value(flag) && !is_path(word),
    };
    let joined = |word: &String| takes_password && word.strip_prefix("-p").is_some_and(is_value);
    let before = std::iter::once("").chain(words.iter().map(String::as_str));
    let is_hidden = |(flag, word): (&str, &String)| {
        (is_value(word) && follows(flag, word)) || joined(word) || holds_credential(word)
    };
    before.zip(words).map(is_hidden).collect()
}

fn is_path(text: &str) -> bool {
    ["/", "./", "../", "~/"].iter().any(|start| text.starts_with(start))
        && text.trim_start_matches('/').contains(['/', '.'])
}

/// Whether a text in a credential's position may be one: not a flag, a reference, a small number or a boolean word.
fn is_value(text: &str) -> bool {
    let text = text.trim_matches(['"', '\'']);
    let is_small_number = text.len() <= 7 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_flag = text.starts_with('-');
    let is_switch = ["true", "false", "yes", "no", "none", "null"].iter().any(|word| text.eq_ignore_ascii_case(word));
    !(text.is_empty() || is_flag || is_small_number || is_switch || is_reference(text))
}

/// A reference or an already masked value.
fn is_reference(text: &str) -> bool {
    text.chars().all(|c| c == '*')
        || text.starts_with('$')
        || text.starts_with("{{")
        || text.starts_with('%') && text.ends_with('%')
}

/// Length of a leading reference that reveals nothing about the value: `${NAME}`, `{{ name }}`, or `${NAME:-` before a
/// default. `None` without a closing brace, or in an unknown form: that may be a credential.
pub(super) fn reference_length(value: &str) -> Option<usize> {
    if value.starts_with("{{") {
        return value.find("}}").map(|end| end + 2);
    }
    let inside = value.strip_prefix("${")?;
    let name = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let operator = OPERATORS.iter().find(|sign| inside[name..].starts_with(**sign))?;
    inside[name..].contains('}').then_some(2 + name + operator.len())
}

/// The signs after the name of a variable in a reference.
pub(super) const OPERATORS: [&str; 7] = [":-", ":+", ":?", "-", "+", "?", "}"];

/// A URL in a text.
struct Url<'a> {
    scheme: &'a str,
    /// Offset of the authority in the text.
    start: usize,
    /// Length of the authority.
    authority: usize,
    /// The authority and everything after it, up to whitespace or a quote.
    rest: &'a str,
}

fn urls(text: &str) -> impl Iterator<Item = Url<'_>> {
    /// Maximum length to search beyond the authority.
    const LONGEST: usize = 500;
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    text.match_indices("://").map(move |(at, sign)| {
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let scheme = text[..at]
            .rfind(|c| !is_scheme(c))
            .map_or(0, |end| end + text[end..].chars().next().map_or(1, char::len_utf8));
        let start = at + sign.len();
        let rest = &text[start..];
        let authority = rest.find(|c| ends(c) || matches!(c, '/' | '?' | '#')).unwrap_or(rest.len());
        let rest = beginning(rest, authority + LONGEST);
        let end = rest[authority..].find(ends).map_or(rest.len(), |end| authority + end);
        Url { scheme: &text[scheme..at], start, authority, rest: &rest[..end] }
    })
}

impl<'a> Url<'a> {
    /// User and password. An unencoded password may contain a slash, so the last `@` before whitespace ends it.
    fn userinfo(&self) -> Option<&'a str> {
        let before = |text: &'a str| text.rsplit_once('@').map(|(userinfo, _)| userinfo);
        before(&self.rest[..self.authority]).or_else(|| before(self.rest).filter(|it| has_password(it)))
    }

    fn holds_credential(&self) -> bool {
        const HOOKS: [&str; 5] = [
            "hooks.slack.com/services/",
            "/api/webhooks/",
            "webhook.office.com/",
            "hooks.zapier.com/",
            "api.telegram.org/bot",
        ];
        let is_web = self.scheme.to_ascii_lowercase().starts_with("http");
        let is_token = |user: &str| is_web && !user.contains(':') && user.len() >= TOKEN_LENGTH && !is_reference(user);
        self.userinfo().is_some_and(|userinfo| has_password(userinfo) || is_token(userinfo))
            || HOOKS.iter().any(|hook| self.rest.contains(hook))
    }
}

fn has_password(userinfo: &str) -> bool {
    userinfo
        .split_once(':')
        .is_some_and(|(_, password)| !password.is_empty() && !is_reference(password) && !password.starts_with("//"))
}

/// Positions of the user and password in URLs: `https://user:password@host`.
pub(super) fn userinfos(text: &str) -> impl Iterator<Item = Range<usize>> {
    urls(text).filter_map(|url| Some(url.start..url.start + url.userinfo()?.len()))
}

/// Matches `user:password@host:5432/db`, a URL without its scheme, but not `image:tag@sha256:...`.
fn is_login(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'']);
    let Some((userinfo, host)) = word.split_once('@') else { return false };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    userinfo
        .split_once(':')
        .is_some_and(|(user, password)| user.chars().all(is_name) && !password.contains('/') && is_value(password))
        && host.starts_with(is_name)
        && !host.starts_with("sha256:")
}

/// The beginning of a text, at most `most` bytes, cut at a character boundary.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// `?sig=...`, `Password=...;`, `--token=...`, `TOKEN=... python`.
fn holds_assignment(text: &str) -> bool {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '?' | '&' | ';' | '#' | ','));
    let mut pairs = parts.filter_map(|part| part.split_once('='));
    pairs.any(|(name, value)| {
        let name = name.rsplit(['/', ':', '"', '\'']).next().unwrap_or(name);
        is_value(value) && !is_path(value) && names_value(name)
    })
}

/// `Authorization: Bearer ...`, `X-Api-Key: ...`, `"password": "..."`.
fn holds_header(text: &str) -> bool {
    const LONGEST: usize = 200;
    let is_quote = |c: char| matches!(c, '"' | '\'');
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.match_indices(':').any(|(colon, _)| {
        let before = text[..colon].trim_end_matches(is_quote);
        let name =
            before.rfind(|c| !is_name(c)).map_or(before, |end| before[end..].trim_start_matches(|c| !is_name(c)));
        let after = &text[colon + 1..];
        let after = beginning(after, LONGEST);
        let mut words = after.lines().next().unwrap_or_default().split_whitespace();
        let first = words.next().unwrap_or_default();
        // The value follows `Bearer`, or is the whole header.
        let value = words.next().filter(|_| is_scheme(first)).unwrap_or(first);
        let value = value.trim_start_matches(is_quote);
        let value = value.split(|c| is_quote(c) || matches!(c, ',' | '}' | ')')).next().unwrap_or_default();
        after.starts_with([' ', '"', '\'']) && is_value(value) && names_credential(name)
    }) || text.split_whitespace().zip(text.split_whitespace().skip(1)).any(|(scheme, value)| {
        // `Basic training` is not a header.
        let is_odd = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || c == '=';
        let is_word = scheme.trim_matches(is_quote).eq_ignore_ascii_case("basic") && !value.chars().skip(1).any(is_odd);
        is_scheme(scheme.trim_matches(is_quote)) && value.len() >= 8 && value.is_ascii() && is_value(value) && !is_word
    })
}

/// Whether the word is a scheme of an `Authorization` header.
fn is_scheme(word: &str) -> bool {
    ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

pub(super) fn holds_private_key(text: &str) -> bool {
    text.contains("-----BEGIN ") && text.contains("PRIVATE KEY")
}

/// Whether a text certainly holds a credential, so that it can be refused where it would be shown. Stricter than
/// [`holds_credential`]: a name such as `sk-training-cluster-2` passes.
pub fn surely_holds_credential(text: &str) -> bool {
    holds_private_key(text) || urls(text).any(|url| url.holds_credential()) || surely_holds_token(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_credentials_are_known_by_their_form() {
        for text in [
            "https://user:pass@host/x",
            "postgres://u:p@db:5432/x",
            "redis://:hunter22@cache:6379",
            "postgresql+psycopg2://u:pa/ss@db/x",
            "https://ghp0123456789abcdef@github.com/a/b",
            "pulling from https://u:hunter22@host now",
            "https://host/x?token=abcdef",
            "https://h/x?a=1&sig=abc%2Bdef",
            "https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=x",
            "https://b/k?X-Amz-Signature=0123abcd",
            "https://hooks.slack.com/services/T0/B0/xyz",
            "https://discord.com/api/webhooks/1/abc",
            "Server=db;User Id=sa;Password=hunter22;",
            "AccountName=x;AccountKey=abcdef==;EndpointSuffix=core.windows.net",
            "hf_abcdefghijklmn0123456789",
            "sk-proj-abcdefghijklmnop0123",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def_ghi",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
            "Authorization: Bearer abcdefgh1",
            "X-Api-Key: abcdefgh",
            r#"{"user": "a", "password": "hunter22"}"#,
            r#"{"password":"hunter22"}"#,
            "python train.py --api-key hunter22",
            "curl -u user:hunter22 https://host",
            "HF_TOKEN='hunter22' python train.py",
            "KEY=\"hunter22\" run",
            "sk_live_CANARYabcdefghijklmnop",
            "hvs.CAESIJ0123456789abcdef",
            "https://api.telegram.org/bot123456789:AAabc/x",
            "u:hunter22@h:5432/db",
            "redis-server --requirepass hunter22",
        ] {
            assert!(holds_credential(text), "{text}");
        }
        for text in [
            "",
            "visible-value",
            "https://host/path?page=2",
            "https://host:8443/x",
            "postgres://user@db/x",
            "ssh://git@host/x",
            "git@github.com:a/b.git",
            "postgres://u:$DB_PASS@db/x",
            "https://h/?token=${TOKEN}",
            "{{ RUNPOD_SECRET_x }}",
            "Bearer $TOKEN",
            "Authorization: Bearer $TOKEN",
            "12:30:45",
            "a=b",
            "MAX_TOKENS=512",
            "--tokenizer=meta/llama",
            "sk-learn-is-a-long-name",
            "hf_hub",
            "mkdir -p logs && python -u train.py",
            "ssh -p 2222 host",
            "1000:1000",
            "tokens: 5",
            "C:\\keys",
            "::1",
            "://",
            "://@:",
            "=",
            "key=",
            "--key-file=/run/key.pem",
            "token: yes",
            "ghcr.io/team/image:1.4@sha256:0123456789abcdef",
            "team:1.4@sha256:0123456789abcdef",
            "root@host:/data",
            "the basic tutorial",
            "Basic training",
        ] {
            assert!(!holds_credential(text), "{text}");
        }
    }

    fn hidden(line: &str) -> Vec<String> {
        let words: Vec<String> = shlex::split(line).unwrap();
        let hidden = hidden_words(&words);
        words.into_iter().zip(hidden).filter_map(|(word, hidden): (String, bool)| hidden.then_some(word)).collect()
    }

    #[test]
    fn credentials_of_a_command_line_are_known_by_their_place() {
        for (line, words) in [
            ("python serve.py --api-key hunter22 --port 8000", vec!["hunter22"]),
            ("serve --token=hunter22", vec!["--token=hunter22"]),
            ("serve -api_key hunter22 --accessToken x123456", vec!["hunter22", "x123456"]),
            ("env HF_TOKEN=hunter22 serve", vec!["HF_TOKEN=hunter22"]),
            ("mysql -u root -p hunter22", vec!["hunter22"]),
            ("mysql -phunter22", vec!["-phunter22"]),
            ("sshpass -p hunter22 ssh host", vec!["hunter22"]),
            ("redis-cli -a hunter22", vec!["hunter22"]),
            ("curl --user me:hunter22 https://h", vec!["me:hunter22"]),
            ("curl -H 'Authorization: Bearer hunter2222'", vec!["Authorization: Bearer hunter2222"]),
            ("wandb login 0123456789abcdef0123", vec!["0123456789abcdef0123"]),
            ("sh -c 'serve --password hunter22'", vec!["serve --password hunter22"]),
            ("serve --password -v", vec![]),
            ("serve --token $TOKEN --key-file /run/key.pem --max-tokens 512 --pad-token 0", vec![]),
            ("serve --eos-token-id 128009 --eos-token '</s>' --sort-key created_at --api-key-header X-Key", vec![]),
            ("bash -c 'mkdir -p out && ssh -p 22 host'", vec![]),
            ("docker run -u 1000:1000 -p 80:80 image", vec![]),
        ] {
            assert_eq!(hidden(line), words, "{line}");
        }
        let value = command_line(vec!["serve".into(), "--token".into(), "hunter22".into()]);
        assert_eq!(value.to_string(), r#"["serve", "--token", (sensitive)]"#);
    }

    #[test]
    fn long_texts_are_read_in_time() {
        for text in ["://", ":", "a:", "=", "&token", "login ", "\"", "é", "eyJ.", "-p "] {
            holds_credential(&text.repeat(20_000));
        }
    }
}
