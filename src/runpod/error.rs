//! A failed request: its class, whether it may have taken effect, and what to do about it.

use std::fmt;
use std::time::Duration;

use crate::model::code::codes;

codes! {
    /// The class of a failure, and the stable `code` of error objects.
    pub enum ErrorClass {
        /// No API key.
        NoCredentials,
        /// The key would travel over plain http to an address that is not loopback.
        InsecureUrl,
        /// 401.
        Unauthorized,
        /// 402.
        NoBalance,
        /// A limit of the account: spending per hour, number of pods or volumes.
        AccountLimit,
        /// 403 for this key or pool.
        Forbidden,
        /// 403 `error code: 1010`: the gateway refused the client, not the key.
        #[serde(rename = "client_blocked")]
        Blocked,
        NotFound,
        /// 409.
        Conflict,
        /// 410: this dialect was retired.
        #[serde(rename = "api_retired")]
        Retired,
        /// 413.
        #[serde(rename = "request_too_large")]
        TooLarge,
        /// 400, 422: the request is wrong.
        #[serde(rename = "invalid_request")]
        Invalid,
        /// 400 (v2) or 500 (v1) with a text that reports missing stock.
        NoCapacity,
        /// 429 after the longest allowed wait.
        RateLimited,
        /// 5xx.
        #[serde(rename = "server_error")]
        Server,
        /// No response, or no connection.
        #[serde(rename = "network_error")]
        Network,
        /// A response that does not match the API's documentation.
        #[serde(rename = "malformed_reply")]
        Malformed,
    }
}

impl ErrorClass {
    /// Whether every further request of an apply would fail in the same way, so that no more operations are started.
    pub fn stops_everything(self) -> bool {
        match self {
            Self::NoBalance
            | Self::AccountLimit
            | Self::Unauthorized
            | Self::Retired
            | Self::Blocked
            | Self::NoCredentials
            | Self::InsecureUrl => true,
            Self::Forbidden
            | Self::NotFound
            | Self::Conflict
            | Self::TooLarge
            | Self::Invalid
            | Self::NoCapacity
            | Self::RateLimited
            | Self::Server
            | Self::Network
            | Self::Malformed => false,
        }
    }

    /// The remedy, for any request.
    pub fn help(self) -> &'static str {
        match self {
            Self::NoCredentials => {
                "set the key: `export RUNPOD_API_KEY=...`, or a file that contains it: `export \
                 RUNPOD_API_KEY_FILE=...` (create keys at https://www.runpod.io/console/user/settings). Without a \
                 key, `--sandbox` runs the same command on an emulated RunPod"
            }
            Self::InsecureUrl => {
                "use `https://`; plain http is allowed for loopback addresses (`http://127.0.0.1:4010`) only"
            }
            Self::Unauthorized => {
                "RunPod does not know this key, or it has expired. Check that it is set with `test -n \
                 \"$RUNPOD_API_KEY\"`, and test it: `curl -s -o /dev/null -w '%{http_code}\\n' -H \"Authorization: \
                 Bearer $RUNPOD_API_KEY\" https://api.runpod.io/v2/pods` prints 200 for a valid key"
            }
            Self::NoBalance => {
                "the account needs credit for at least one hour of everything that runs: \
                 https://www.runpod.io/console/user/billing"
            }
            Self::AccountLimit => {
                "the account has reached a limit; stop or destroy something first, or ask RunPod to raise the limit \
                 (spend limit: https://www.runpod.io/console/user/billing; others: https://contact.runpod.io)"
            }
            Self::Forbidden => {
                "the key is valid but lacks permission; give it read and write access to pods and network volumes at \
                 https://www.runpod.io/console/user/settings, or choose a GPU type that the account may rent"
            }
            Self::Blocked => {
                "RunPod's gateway refused the client, not the key; a proxy or another tool may have changed the \
                 `User-Agent` header; try another network"
            }
            Self::NotFound => "it may have been deleted elsewhere, or be too new to be listed; run `sindri plan` again",
            Self::Conflict => "it is not in the expected state; see `sindri status`, then run the command again",
            Self::Retired => {
                "REST v1 was retired on 2026-11-15; set `apiVersion: v2` under `providers.runpod`, or pass `--api v2`"
            }
            Self::TooLarge => {
                "a request may have at most 102400 bytes; move large values out of `env` into a file, an account \
                 secret or the image"
            }
            Self::Invalid => "correct the problem described above, and run the command again",
            Self::NoCapacity => {
                "allow more options: a pool id as `gpuType` (`ADA_24`), other regions or none, `cloudType: \
                 COMMUNITY`, more `cudaVersions` or none, a smaller `containerDiskGb`, or another GPU type"
            }
            Self::RateLimited => {
                "other programs use the same key's quota; wait, or lower their rate, and run the command again"
            }
            Self::Server => "RunPod had an internal error. Run the command again; it checks before it creates anything",
            Self::Network => {
                "check the network, `--api-url` and `RUNPOD_API_BASE_URL`; running the command again is safe, since \
                 it checks before it creates anything"
            }
            Self::Malformed => {
                "something between sindri and RunPod answered instead, or the API has changed; try again"
            }
        }
    }
}

/// Whether a failed request may have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureEffect {
    /// It had no effect: it was refused first, or never sent.
    WithoutEffect,
    /// It may have taken effect; check before sending it again.
    Unknown,
}

/// Advice about a refusal with this message, if a kind of object can say more than the class of the error.
pub type AdviceFn = fn(Purpose, ErrorClass, &str) -> Option<&'static str>;

/// A failed request. Never contains a header, a credential, a secret value or a request body.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.summary())]
pub struct ApiError {
    pub class: ErrorClass,
    pub failure: FailureEffect,
    /// For example `POST /v2/pods`, without the query. Empty for failures before there was a request.
    pub request: String,
    pub status: Option<u16>,
    /// RunPod's own text, always shown.
    pub message: String,
    /// Purpose of the request, if RunPod answered it. Used to choose the help text.
    pub(super) purpose: Option<Purpose>,
    /// Remedies for the kind of object. They take precedence over those of the purpose and the class.
    pub(super) advice: Option<AdviceFn>,
    /// RunPod's list of violations.
    pub details: Vec<String>,
    /// `x-request-id`.
    pub request_id: Option<Box<str>>,
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// A failure found before anything was sent.
    pub fn local(class: ErrorClass, request: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class,
            failure: FailureEffect::WithoutEffect,
            request: request.into(),
            status: None,
            message: message.into(),
            purpose: None,
            advice: None,
            details: Vec::new(),
            request_id: None,
            retry_after: None,
        }
    }

    /// A failure with a response that cannot be trusted. The request may have taken effect.
    pub fn in_doubt(class: ErrorClass, request: impl Into<String>, message: impl Into<String>) -> Self {
        Self { failure: FailureEffect::Unknown, ..Self::local(class, request, message) }
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        if !self.request.is_empty() {
            let status = self.status.map(|status| format!(" answered {status}")).unwrap_or_default();
            text = format!("{}{status}: ", self.request);
        }
        if self.class == ErrorClass::Unauthorized {
            text = "RunPod API authentication failed (401 Unauthorized): ".to_owned();
        }
        text += &self.message;
        if !self.details.is_empty() {
            text += &format!(" ({})", self.details.join("; "));
        }
        if let Some(id) = &self.request_id {
            text += &format!(" [request {id}]");
        }
        text
    }
}

impl miette::Diagnostic for ApiError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("sindri::runpod::{}", self.class)))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let advice = self.purpose.and_then(|purpose| {
            let of_kind = self.advice.and_then(|advice| advice(purpose, self.class, &self.message));
            of_kind.or_else(|| purpose.advice(self.class))
        });
        Some(Box::new(advice.unwrap_or_else(|| self.class.help())))
    }
}

/// The purpose of a request. Decides whether it may be sent twice, and what is unknown after a lost response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Read,
    Create,
    Update,
    Delete,
    Power,
}

impl Purpose {
    /// Whether sending it twice has the same effect as sending it once. RunPod has no idempotency key, so a second
    /// create makes a second pod. A second start may run into the result of the first.
    pub fn repeatable(self) -> bool {
        !matches!(self, Self::Create | Self::Power)
    }

    /// The remedy for a refusal, if the class alone is not specific enough.
    fn advice(self, class: ErrorClass) -> Option<&'static str> {
        match (class, self) {
            (ErrorClass::Invalid, Self::Update) => Some(
                "RunPod's message says what it does not accept; correct that in the configuration and run `sindri \
                 apply` again. Nothing was changed",
            ),
            (ErrorClass::Invalid, Self::Delete) => Some(
                "RunPod's message gives the reason. Resolve it, in the console if necessary \
                 (https://www.runpod.io/console), and run the command again. Until then the object is still billed",
            ),
            (ErrorClass::Invalid, Self::Power) => Some(
                "RunPod's message gives the reason. `sindri status` and the console (https://www.runpod.io/console) \
                 show the current pod; resolve the problem and run the command again",
            ),
            (ErrorClass::Malformed, Self::Read) => Some(
                "something between sindri and RunPod answered instead, or the API has changed. The request only \
                 reads and changed nothing. Try again",
            ),
            (ErrorClass::Malformed, _) => Some(
                "something between sindri and RunPod answered instead, or the API has changed. Whether the request \
                 took effect is not known; the next sindri command checks before it sends anything again",
            ),
            _ => None,
        }
    }

    /// The certainty after a response without information.
    pub fn in_doubt(self) -> FailureEffect {
        if self == Self::Read { FailureEffect::WithoutEffect } else { FailureEffect::Unknown }
    }
}

pub(super) fn names_all(message: &str, words: &[&str]) -> bool {
    let message = message.to_lowercase();
    words.iter().all(|word| message.contains(word))
}
