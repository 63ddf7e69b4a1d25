//! Recognises credentials: by name, by its value, or by its place in a command line.
//!
//! One rule for configurations, plans and answers. It errs towards hiding: a hidden value costs a reader a look at the
//! file, a shown one may cost the account. References (`$TOKEN`, `${TOKEN}`, `{{ RUNPOD_SECRET_x }}`) are no credentials.

use super::Value;
use super::value::Secret;

/// Words of a name that say it: `API_KEY`, `DB_PWD`, `SENTRY_DSN`.
const WORDS: [&str; 28] = [
    "KEY",
    "KEYS",
    "PASS",
    "PAT",
    "PW",
    "PWD",
    "SAS",
    "SIG",
    "SIGNATURE",
    "SALT",
    "COOKIE",
    "CRED",
    "CREDS",
    "DSN",
    "JWT",
    "BEARER",
    "OTP",
    "CONNSTR",
    "AUTHORIZATION",
    "PWORD",
    "PASSWORDS",
    "REQUIREPASS",
    "HOOK",
    "PEM",
    "MNEMONIC",
    "TOTP",
    "NETRC",
    "CVV",
];

/// Plurals that say it after such a word only: `API_TOKENS`, and not `MAX_TOKENS`.
const PLURALS: [&str; 2] = ["TOKENS", "SECRETS"];
const OWNERS: [&str; 12] =
    ["ACCESS", "API", "APP", "BOT", "CLIENT", "GITHUB", "GITLAB", "HF", "MY", "REFRESH", "SERVICE", "USER"];

/// Ends of such words: `HFTOKEN`, `OLDPWD`, `BASICAUTH`.
const ENDINGS: [&str; 16] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASSCODE",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "ACCESSKEY",
    "SECRETKEY",
    "PRIVATEKEY",
    "AUTH",
    "PWD",
    "WEBHOOK",
    "WEBHOOKS",
];

/// Two words in a row that say it: addresses of such servers hold their password.
const SERVERS: [&str; 22] = [
    "DATABASE",
    "DB",
    "REDIS",
    "MONGO",
    "MONGODB",
    "POSTGRES",
    "POSTGRESQL",
    "PG",
    "MYSQL",
    "MARIADB",
    "AMQP",
    "RABBITMQ",
    "BROKER",
    "JDBC",
    "CLICKHOUSE",
    "SUPABASE",
    "CELERY",
    "CACHE",
    "SMTP",
    "CONNECTION",
    "CONN",
    "HOOK",
];
const ADDRESSES: [&str; 5] = ["URL", "URI", "STRING", "STR", "DSN"];

/// Beginnings of tokens that their issuers chose so that they are found.
const TOKENS: [&str; 33] = [
    "hf_",
    "rpa_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "npm_",
    "pypi-",
    "dop_v1_",
    "nvapi-",
    "r8_",
    "tskey-",
    "dckr_pat_",
    "hvs.",
    "SG.",
    "xoxe.",
    "AGE-SECRET-KEY-1",
    "eyJ",
];
/// So many characters follow at least.
const TOKEN_LENGTH: usize = 14;

/// Whether a name says that its value is a credential: `HF_TOKEN`, `X-Amz-Signature`, `apiKey`, `DATABASE_URL`, but not
/// `MAX_TOKENS` or `MONKEY`.
pub fn names_credential(name: &str) -> bool {
    let words = words_of(name);
    let says = |word: &String| {
        WORDS.contains(&word.as_str())
            || ENDINGS.iter().any(|ending| word.ends_with(ending))
            || names_server_address(word)
    };
    let pair = |pair: &[String]| SERVERS.contains(&pair[0].as_str()) && ADDRESSES.contains(&pair[1].as_str());
    let plural = |pair: &[String]| OWNERS.contains(&pair[0].as_str()) && PLURALS.contains(&pair[1].as_str());
    words.iter().any(says) || words.windows(2).any(|words| pair(words) || plural(words))
}

/// `DATABASEURL`, in one word.
fn names_server_address(word: &str) -> bool {
    ADDRESSES.iter().filter_map(|address| word.strip_suffix(address)).any(|server| SERVERS.contains(&server))
}

/// The words of a name in capitals: at signs, and where small letters meet a capital. Numbers at their ends do not count.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (was_small && letter.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_uppercase());
        }
        was_small = letter.is_ascii_lowercase();
    }
    words.into_iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()).collect()
}

/// Whether a text holds a credential, whatever its name: in a URL, a header, a connection string, a command line, or by
/// the form that an issuer gave it.
pub fn holds_credential(text: &str) -> bool {
    holds_token(text)
        || holds_private_key(text)
        || urls(text).any(|(scheme, rest)| url_holds_credential(scheme, rest))
        || text.split_whitespace().any(is_login)
        || holds_assignment(text)
        || holds_header(text)
        || (text.contains(char::is_whitespace) && line_holds_credential(text))
}

/// The words of a command line, those that hold credentials as secrets.
pub fn command_line(words: Vec<String>) -> Value {
    let hidden = hidden_words(&words);
    let value = |(word, hidden)| if hidden { Value::Secret(Secret::new(word)) } else { Value::Text(word) };
    Value::List(words.into_iter().zip(hidden).map(value).collect())
}

/// A line within a word, as in `sh -c "..."`.
fn line_holds_credential(text: &str) -> bool {
    let words: Vec<String> =
        text.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';']).to_owned()).collect();
    hidden_words(&words).contains(&true)
}

fn hidden_words(words: &[String]) -> Vec<bool> {
    let runs =
        |programs: &[&str]| words.iter().any(|word| programs.contains(&word.rsplit('/').next().unwrap_or_default()));
    // What `-p` means depends on who reads it: a folder for mkdir, a port for ssh.
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

/// Whether what follows a flag, or stands behind an equals sign, is a credential: not what `--key-file` or `--key-size` say.
pub fn names_value(name: &str) -> bool {
    const ABOUT: [&str; 14] = [
        "FILE", "KEYFILE", "PATH", "DIR", "SIZE", "LENGTH", "TYPE", "NAME", "ID", "IDS", "HEADER", "COLUMN", "FIELD",
        "FORMAT",
    ];
    // Tokens of a language model, and keys of a table.
    const OTHERS: [&str; 10] = ["EOS", "BOS", "PAD", "UNK", "STOP", "MASK", "SEP", "CLS", "SORT", "PRIMARY"];
    let words = words_of(name);
    let is_other = words.iter().any(|word| OTHERS.contains(&word.as_str()));
    let is_about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    !name.contains('=') && names_credential(name) && !is_other && !is_about
}

fn is_path(text: &str) -> bool {
    ["/", "./", "../", "~/"].iter().any(|start| text.starts_with(start))
        && text.trim_start_matches('/').contains(['/', '.'])
}

/// Whether something given where a credential is expected may be one: no other flag, no reference, no small number, no
/// word for yes or no.
fn is_value(text: &str) -> bool {
    let text = text.trim_matches(['"', '\'']);
    let is_small_number = text.len() <= 7 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_flag = text.starts_with('-');
    let is_switch = ["true", "false", "yes", "no", "none", "null"].iter().any(|word| text.eq_ignore_ascii_case(word));
    !(text.is_empty() || is_flag || is_small_number || is_switch || is_reference(text))
}

/// A reference, or what was masked already.
fn is_reference(text: &str) -> bool {
    text.chars().all(|c| c == '*')
        || text.starts_with('$')
        || text.starts_with("{{")
        || text.starts_with('%') && text.ends_with('%')
}

/// Pairs of a scheme and the text after its `://`.
fn urls(text: &str) -> impl Iterator<Item = (&str, &str)> {
    /// As far as a URL is looked at.
    const LONGEST: usize = 500;
    text.match_indices("://").map(|(at, sign)| {
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let start = text[..at]
            .rfind(|c| !is_scheme(c))
            .map_or(0, |end| end + text[end..].chars().next().map_or(1, char::len_utf8));
        let rest = &text[at + sign.len()..];
        let rest = beginning(rest, LONGEST);
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')).unwrap_or(rest.len());
        (&text[start..at], &rest[..end])
    })
}

/// `user:password@host:5432/db`, a URL without its scheme; not `image:tag@sha256:...`.
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

/// So many bytes at most.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn url_holds_credential(scheme: &str, rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password may hold a slash, where it was not encoded: the last `@` before a blank ends it.
    let userinfo = rest[..end].rsplit_once('@').or_else(|| rest.rsplit_once('@')).map(|(userinfo, _)| userinfo);
    let is_web = scheme.to_ascii_lowercase().starts_with("http");
    let in_userinfo = userinfo.is_some_and(|userinfo| match userinfo.split_once(':') {
        Some((_, password)) => !password.is_empty() && !is_reference(password) && !password.starts_with("//"),
        None => is_web && userinfo.len() >= TOKEN_LENGTH && !userinfo.contains('/') && !is_reference(userinfo),
    });
    let hooks = [
        "hooks.slack.com/services/",
        "/api/webhooks/",
        "webhook.office.com/",
        "hooks.zapier.com/",
        "api.telegram.org/bot",
    ];
    in_userinfo || hooks.iter().any(|hook| rest.contains(hook))
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
        // `Bearer`, or the whole of it.
        let value = words.next().filter(|_| is_scheme(first)).unwrap_or(first);
        let value = value.trim_start_matches(is_quote);
        let value = value.split(|c| is_quote(c) || matches!(c, ',' | '}' | ')')).next().unwrap_or_default();
        after.starts_with([' ', '"', '\'']) && is_value(value) && names_credential(name)
    }) || text.split_whitespace().zip(text.split_whitespace().skip(1)).any(|(scheme, value)| {
        // `Basic training` is no header.
        let is_odd = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || c == '=';
        let is_word = scheme.trim_matches(is_quote).eq_ignore_ascii_case("basic") && !value.chars().skip(1).any(is_odd);
        is_scheme(scheme.trim_matches(is_quote)) && value.len() >= 8 && value.is_ascii() && is_value(value) && !is_word
    })
}

/// Whether the word is a scheme of an `Authorization` header.
fn is_scheme(word: &str) -> bool {
    ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

fn holds_private_key(text: &str) -> bool {
    text.contains("-----BEGIN ") && text.contains("PRIVATE KEY")
}

fn holds_token(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.split(|c| !is_sign(c)).any(|word| {
        TOKENS.iter().any(|token| {
            // Words of a language have neither digits nor capitals.
            let is_odd = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
            let is_long = |rest: &str| rest.len() >= TOKEN_LENGTH && rest.contains(is_odd);
            word.strip_prefix(token).is_some_and(|rest| match *token {
                // A JSON web token has three parts.
                "eyJ" => rest.len() >= TOKEN_LENGTH && rest.matches('.').count() == 2,
                "AKIA" | "ASIA" => {
                    rest.len() == 16 && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
                }
                _ => is_long(rest),
            })
        })
    })
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
            "DSN",
            "SENTRY_DSN",
            "PW",
            "DB_PW",
            "PWD",
            "OLDPWD",
            "DB_PWD",
            "WEBHOOK",
            "SLACK_WEBHOOK_URL",
            "DATABASE_URL",
            "DATABASE_URI",
            "SQLALCHEMY_DATABASE_URI",
            "REDIS_URL",
            "MONGO_URI",
            "CONNECTION_STRING",
            "AZURE_STORAGE_CONNECTION_STRING",
            "SAS",
            "AZURE_SAS_TOKEN",
            "PAT",
            "CREDENTIALS",
            "PASSPHRASE",
            "apiKey",
            "api-key",
            "X-Amz-Signature",
            "AWSAccessKeyId",
            "access_token",
            "TOKEN2",
            "OAUTH",
            "sig",
            "--password",
            "x.client-secret",
            "JWT",
            "DBURL",
            "DATABASEURL",
            "API_TOKENS",
            "CLIENT_SECRETS",
            "PASSWORDS",
            "SLACK_HOOK",
            "TLS_PEM",
        ] {
            assert!(names_credential(name), "{name}");
        }
        for name in [
            "MAX_TOKENS",
            "MONKEY",
            "LOG_LEVEL",
            "TOKENIZER",
            "secrets",
            "KEYBOARD_LAYOUT",
            "AUTHOR",
            "PATH",
            "BYPASS",
            "URL",
            "BASE_URL",
            "PORT",
            "",
            "_",
            "COMPASS",
            "PATTERN",
            "SIGNAL",
            "DATABASE",
            "DB_HOST",
            "MODEL_URL",
            "STRING",
        ] {
            assert!(!names_credential(name), "{name}");
        }
    }

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
        words.into_iter().zip(hidden).filter_map(|(word, hidden)| hidden.then_some(word)).collect()
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
