//! Names of variables, fields, flags and headers that mark their value as a credential.

/// Words that mark a name as a credential: `API_KEY`, `DB_PWD`, `SENTRY_DSN`.
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

/// Plurals count only after one of the `OWNERS` words: `API_TOKENS`, but not `MAX_TOKENS`.
const PLURALS: [&str; 2] = ["TOKENS", "SECRETS"];
const OWNERS: [&str; 12] =
    ["ACCESS", "API", "APP", "BOT", "CLIENT", "GITHUB", "GITLAB", "HF", "MY", "REFRESH", "SERVICE", "USER"];

/// Suffixes of words without a separator: `HFTOKEN`, `OLDPWD`, `BASICAUTH`.
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

/// A server name followed by an address word also marks a credential, because such addresses contain the password.
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

/// `DATABASEURL` as one word.
fn names_server_address(word: &str) -> bool {
    ADDRESSES.iter().filter_map(|address| word.strip_suffix(address)).any(|server| SERVERS.contains(&server))
}

/// Splits a name into upper-case words, at punctuation and before a capital that follows a lower-case letter. Trailing
/// digits are dropped.
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

/// Whether the value after this flag or assignment is a credential. `--key-file` and `--key-size` are not.
pub fn names_value(name: &str) -> bool {
    const ABOUT: [&str; 14] = [
        "FILE", "KEYFILE", "PATH", "DIR", "SIZE", "LENGTH", "TYPE", "NAME", "ID", "IDS", "HEADER", "COLUMN", "FIELD",
        "FORMAT",
    ];
    // Tokens of a language model and keys of a table.
    const OTHERS: [&str; 10] = ["EOS", "BOS", "PAD", "UNK", "STOP", "MASK", "SEP", "CLS", "SORT", "PRIMARY"];
    let words = words_of(name);
    let is_other = words.iter().any(|word| OTHERS.contains(&word.as_str()));
    let is_about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    !name.contains('=') && names_credential(name) && !is_other && !is_about
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credential_names_are_recognised_by_their_words() {
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
}
