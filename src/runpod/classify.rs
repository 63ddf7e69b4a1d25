//! Classifies responses that report a failure. Sources: sections 2.3, 2.4 and 14 of the API contract.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;

use super::error::{ApiError, ErrorClass, FailureEffect, Purpose, names_all};
use super::mask::Masker;
use crate::model::Dialect;
use crate::model::text::is_harmful;
use crate::transport::{Reply, TransportError};

/// Context needed to classify a response.
pub(super) struct ReplyContext<'a> {
    /// For example `POST /v2/pods`.
    pub request: &'a str,
    pub purpose: Purpose,
    pub dialect: Dialect,
    /// Secrets of the request, to mask in messages in case RunPod repeats them.
    pub secrets: &'a [&'a str],
    /// Secrets to mask in every message.
    pub hidden: &'a BTreeSet<String>,
}

/// Texts that report missing stock, for which RunPod has no code. Source: section 14 of the contract.
const NO_CAPACITY: [&str; 5] = [
    "no longer any instances",
    "no instances currently available",
    "not enough free gpus",
    "does not have the resources",
    "could not find any pods",
];

/// Texts that report a limit of the account, for which RunPod has no code. A text matches a row if it contains every
/// word. Sources: sections 4, 12 and 15 of the contract (spend limit, volume quota). The wording for the pod limit is a
/// guess.
const ACCOUNT_LIMITS: [&[&str]; 9] = [
    &["spend limit"],
    &["spending limit"],
    &["spend", "per hour", "limit"],
    &["quota", "exceed"],
    &["quota", "reached"],
    &["maximum number of"],
    &["too many pods"],
    &["pod limit"],
    &["account", "limit"],
];

/// v1 answers 500 for a volume that was already deleted. Source: section 4 of the contract.
const V1_ABSENT: &str = "tried to delete nonexistent";

/// Maximum length of an error body to read, in bytes. Searching longer ones for secrets would be slow.
const LONGEST_EXPLANATION: usize = 64 << 10;
/// Maximum length of text to quote from a response, in characters.
const MESSAGE_LIMIT: usize = 500;
/// Maximum number of violations to quote from a response.
const DETAILS_LIMIT: usize = 20;

/// The failure for a response that does not match the API. Its content is ignored. Unless the request was a read, it
/// may have taken effect.
pub(super) fn nonsense(purpose: Purpose, request: &str, why: &str) -> ApiError {
    let error = ApiError::local(ErrorClass::Malformed, request, why);
    ApiError { failure: purpose.in_doubt(), purpose: Some(purpose), ..error }
}

impl ReplyContext<'_> {
    /// The failure for a response with a status outside 2xx.
    pub fn refused(&self, reply: &Reply) -> ApiError {
        let explains = reply.body.len() <= LONGEST_EXPLANATION;
        let json = explains.then(|| serde_json::from_slice::<Json>(&reply.body).ok()).flatten().filter(Json::is_object);
        let (message, details) = self.texts(reply, json.as_ref());
        let class = self.class(reply.status, &message.to_lowercase(), json.is_some());
        let failure = match (reply.status, self.purpose) {
            // The pod is unchanged (section 12, rule 3). A create with the same response may have created a pod all the
            // same (Q7).
            (_, Purpose::Power) if class == ErrorClass::NoCapacity => FailureEffect::WithoutEffect,
            // A rule forbids the delete, regardless of the status. Retrying cannot help.
            (_, Purpose::Delete) if class == ErrorClass::Invalid => FailureEffect::WithoutEffect,
            (408 | 500.., purpose) => purpose.in_doubt(),
            _ => FailureEffect::WithoutEffect,
        };
        ApiError {
            class,
            failure,
            request: self.request.to_owned(),
            status: Some(reply.status),
            message,
            purpose: Some(self.purpose),
            advice: None,
            details,
            request_id: self.request_id(reply),
            retry_after: retry_after(reply),
        }
    }

    /// The failure for a successful response that cannot be read.
    pub fn malformed(&self, reply: &Reply, why: &str) -> ApiError {
        let mut error = nonsense(self.purpose, self.request, why);
        error.status = Some(reply.status);
        error.request_id = self.request_id(reply);
        error
    }

    /// The failure for a request without a response.
    pub fn lost(&self, error: &TransportError) -> ApiError {
        let failure = match error {
            TransportError::NotSent { .. } => FailureEffect::WithoutEffect,
            TransportError::NoAnswer { .. } => self.purpose.in_doubt(),
            TransportError::TooLong { .. } => return nonsense(self.purpose, self.request, &error.to_string()),
        };
        let message = self.clean(&error.to_string());
        ApiError { failure, ..ApiError::local(ErrorClass::Network, self.request, message) }
    }

    fn class(&self, status: u16, text: &str, is_json: bool) -> ErrorClass {
        let places = matches!(self.purpose, Purpose::Create | Purpose::Power);
        let no_capacity = || NO_CAPACITY.iter().any(|words| text.contains(words));
        match status {
            400 | 500 if places && no_capacity() => ErrorClass::NoCapacity,
            // Without one of these texts, a 500 from v1 does not say what caused it.
            400 | 403 | 409 | 422 if places && names_account_limit(text) => ErrorClass::AccountLimit,
            500 if places && self.dialect == Dialect::V1 && names_account_limit(text) => ErrorClass::AccountLimit,
            500 if self.dialect == Dialect::V1 && text.contains(V1_ABSENT) => ErrorClass::NotFound,
            500 if self.dialect == Dialect::V1 && tells_no_balance(text) => ErrorClass::NoBalance,
            500 if self.purpose == Purpose::Delete && is_json && keeps_it(text) => ErrorClass::Invalid,
            401 => ErrorClass::Unauthorized,
            402 => ErrorClass::NoBalance,
            // RunPod refuses in JSON; the gateway in front of it does not (Q1).
            403 if is_json => ErrorClass::Forbidden,
            403 => ErrorClass::Blocked,
            404 => ErrorClass::NotFound,
            408 => ErrorClass::Network,
            409 => ErrorClass::Conflict,
            410 => ErrorClass::Retired,
            413 => ErrorClass::TooLarge,
            429 => ErrorClass::RateLimited,
            400..=499 => ErrorClass::Invalid,
            500.. => ErrorClass::Server,
            _ => ErrorClass::Malformed,
        }
    }

    /// The message and the violations in a response.
    fn texts(&self, reply: &Reply, json: Option<&Json>) -> (String, Vec<String>) {
        if reply.body.len() > LONGEST_EXPLANATION {
            return (format!("an explanation of {} bytes, too long to be shown", reply.body.len()), Vec::new());
        }
        let Some(json) = json else {
            let text = self.clean(&String::from_utf8_lossy(&reply.body));
            return (if text.is_empty() { "no explanation".to_owned() } else { text }, Vec::new());
        };
        let message = ["detail", "error", "message", "title"].iter().find_map(|member| json.get(member)?.as_str());
        let message = message.map_or_else(|| json.to_string(), str::to_owned);
        let details = ["errors", "problems"].iter().find_map(|member| json.get(member)?.as_array());
        let details = details.into_iter().flatten().filter_map(Json::as_str);
        (self.clean(&message), details.take(DETAILS_LIMIT).map(|text| self.clean(text)).collect())
    }

    fn request_id(&self, reply: &Reply) -> Option<Box<str>> {
        let id = self.masked(reply.header("x-request-id")?);
        let id: String = id.chars().filter(char::is_ascii_graphic).take(64).collect();
        (!id.is_empty()).then(|| id.into_boxed_str())
    }

    fn masked(&self, text: &str) -> String {
        let hidden = self.hidden.iter().map(String::as_str);
        Masker::new(self.secrets.iter().copied().chain(hidden)).mask(text).into_owned()
    }

    /// One line of printable text without secrets.
    fn clean(&self, text: &str) -> String {
        let visible: String = self
            .masked(text)
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !is_harmful(*c))
            .collect();
        let words: Vec<&str> = visible.split(' ').filter(|word| !word.is_empty()).collect();
        let line = words.join(" ");
        match line.char_indices().nth(MESSAGE_LIMIT) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line,
        }
    }
}

/// Texts that say why RunPod keeps an object. v1 answers 500 both for a broken rule and for its own faults. Source: the
/// emulator's contract, "terminate and DELETE".
const KEEPS_IT: [&str; 6] = ["in use", "being used", "attached", "mounted", "is locked", "cannot be deleted"];

fn keeps_it(text: &str) -> bool {
    KEEPS_IT.iter().any(|words| text.contains(words))
}

fn names_account_limit(text: &str) -> bool {
    ACCOUNT_LIMITS.iter().any(|words| names_all(text, words))
}

/// The contract records only that this error is a text (section 2.4), not its wording. The text must mention a balance
/// and say that it is too low.
fn tells_no_balance(text: &str) -> bool {
    let want = ["insufficient", "too low", "not enough", "enough balance"];
    text.contains("insufficient funds") || text.contains("balance") && want.iter().any(|words| text.contains(words))
}

/// `Retry-After`, which RunPod sends in whole seconds.
pub(super) fn retry_after(reply: &Reply) -> Option<Duration> {
    reply.header("retry-after")?.trim().parse().ok().map(stated_seconds)
}

/// Converts seconds from a header, limited to one day. Larger values could overflow when added to a time.
pub(super) fn stated_seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds.min(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runpod::pods;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, headers: vec![("x-request-id".into(), "req-7".into())], body: body.to_owned().into() }
    }

    fn judge(dialect: Dialect, purpose: Purpose, status: u16, body: &str) -> ApiError {
        let hidden = &BTreeSet::from(["canary-9f2".to_owned()]);
        ReplyContext { request: "POST /v2/pods", purpose, dialect, secrets: &[], hidden }.refused(&reply(status, body))
    }

    #[test]
    fn each_status_has_its_class() {
        let json = r#"{"title":"T","detail":"D"}"#;
        for (status, body, class) in [
            (401, json, ErrorClass::Unauthorized),
            (402, json, ErrorClass::NoBalance),
            (403, json, ErrorClass::Forbidden),
            (403, "error code: 1010", ErrorClass::Blocked),
            (404, json, ErrorClass::NotFound),
            (405, json, ErrorClass::Invalid),
            (409, json, ErrorClass::Conflict),
            (410, json, ErrorClass::Retired),
            (413, json, ErrorClass::TooLarge),
            (422, json, ErrorClass::Invalid),
            (429, json, ErrorClass::RateLimited),
            (500, json, ErrorClass::Server),
            (524, "<html>", ErrorClass::Server),
            (302, "", ErrorClass::Malformed),
        ] {
            assert_eq!(judge(Dialect::V2, Purpose::Create, status, body).class, class, "{status}");
        }
    }

    #[test]
    fn missing_stock_is_recognised_by_its_text_in_any_case() {
        let v2 = r#"{"detail":"There are no longer ANY instances available with the requested specifications."}"#;
        let v1 = r#"{"error":"create pod: There are no instances currently available","status":500}"#;
        assert_eq!(judge(Dialect::V2, Purpose::Create, 400, v2).class, ErrorClass::NoCapacity);
        assert_eq!(judge(Dialect::V1, Purpose::Create, 500, v1).class, ErrorClass::NoCapacity);
        let other = r#"{"detail":"You must either provide a template id or pod configuration parameters"}"#;
        assert_eq!(judge(Dialect::V2, Purpose::Create, 400, other).class, ErrorClass::Invalid);
        assert_eq!(judge(Dialect::V2, Purpose::Update, 400, v2).class, ErrorClass::Invalid);
    }

    #[test]
    fn a_v1_create_without_stock_may_have_left_a_pod_and_a_start_has_not() {
        let full = r#"{"error":"start pod: There are not enough free GPUs on the host machine to start this pod."}"#;
        assert_eq!(judge(Dialect::V1, Purpose::Create, 500, full).failure, FailureEffect::Unknown);
        assert_eq!(judge(Dialect::V1, Purpose::Power, 500, full).failure, FailureEffect::WithoutEffect);
        assert_eq!(judge(Dialect::V2, Purpose::Create, 400, full).failure, FailureEffect::WithoutEffect);
    }

    #[test]
    fn only_a_refusal_proves_that_there_was_no_effect() {
        for (status, failure) in [
            (408, FailureEffect::Unknown),
            (500, FailureEffect::Unknown),
            (524, FailureEffect::Unknown),
            (422, FailureEffect::WithoutEffect),
        ] {
            assert_eq!(judge(Dialect::V2, Purpose::Create, status, "{}").failure, failure, "{status}");
        }
        assert_eq!(judge(Dialect::V2, Purpose::Read, 500, "{}").failure, FailureEffect::WithoutEffect);
    }

    #[test]
    fn the_help_fits_the_purpose_of_the_request() {
        let help = |purpose, status, body: &str| {
            let error = ApiError { advice: Some(pods::advice), ..judge(Dialect::V2, purpose, status, body) };
            miette::Diagnostic::help(&error).expect("a help").to_string()
        };
        for (purpose, phrase) in [
            (Purpose::Create, "GPU type"),
            (Purpose::Update, "what it does not accept"),
            (Purpose::Delete, "still billed"),
            (Purpose::Power, "show the current pod"),
            (Purpose::Read, "the problem described above"),
        ] {
            let help = help(purpose, 400, "{}");
            assert!(help.contains(phrase), "{purpose:?}: {help}");
            assert_eq!(help.contains("GPU type"), purpose == Purpose::Create, "{purpose:?}: {help}");
        }
        let full = r#"{"detail":"There are not enough free GPUs on the host machine to start this pod."}"#;
        assert!(help(Purpose::Power, 400, full).contains("Start it again later"));
        assert!(help(Purpose::Create, 400, full).contains("allow more options"));
    }

    #[test]
    fn a_volume_that_v1_cannot_find_is_absent() {
        let body = r#"{"error":"delete network volume: Tried to delete nonexistent network volume","status":500}"#;
        assert_eq!(judge(Dialect::V1, Purpose::Delete, 500, body).class, ErrorClass::NotFound);
        assert_eq!(judge(Dialect::V2, Purpose::Delete, 500, body).class, ErrorClass::Server);
    }

    #[test]
    fn a_delete_forbidden_by_a_rule_is_refused_with_any_status() {
        let body = r#"{"error":"delete network volume: network volume is in use","status":500}"#;
        let refused = judge(Dialect::V1, Purpose::Delete, 500, body);
        assert_eq!((refused.class, refused.failure), (ErrorClass::Invalid, FailureEffect::WithoutEffect));
        // A fault of RunPod or an error page of the gateway may hide that the request took effect.
        for body in [r#"{"error":"delete network volume: internal error","status":500}"#, "<html>in use</html>"] {
            let fault = judge(Dialect::V1, Purpose::Delete, 500, body);
            assert_eq!((fault.class, fault.failure), (ErrorClass::Server, FailureEffect::Unknown), "{body}");
        }
    }

    #[test]
    fn the_message_is_the_first_text_that_explains() {
        for (body, text) in [
            (r#"{"title":"Bad","detail":"why"}"#, "why"),
            (r#"{"error":"e","message":"m"}"#, "e"),
            (r#"{"message":"Pod not found"}"#, "Pod not found"),
            (r#"{"detail":5,"title":"Bad"}"#, "Bad"),
            ("<html>\n  502\u{1b}[31m</html>", "<html> 502[31m</html>"),
            ("", "no explanation"),
        ] {
            assert_eq!(judge(Dialect::V2, Purpose::Read, 502, body).message, text, "{body}");
        }
    }

    #[test]
    fn violations_and_the_request_id_are_shown() {
        let body = r#"{"detail":"Request validation failed.","errors":["$: missing property 'name'","$.gpu: x"]}"#;
        assert_eq!(
            judge(Dialect::V2, Purpose::Create, 422, body).to_string(),
            "POST /v2/pods answered 422: Request validation failed. ($: missing property 'name'; $.gpu: x) [request req-7]"
        );
        let problems = r#"{"error":"Extra input keys","problems":["key 'scaling'"]}"#;
        assert_eq!(judge(Dialect::V1, Purpose::Create, 400, problems).details, ["key 'scaling'"]);
    }

    #[test]
    fn a_long_text_is_cut_and_a_repeated_secret_is_hidden() {
        let error = judge(Dialect::V2, Purpose::Create, 400, &format!("{}canary-9f2", "y".repeat(495)));
        assert_eq!(error.message.chars().count(), MESSAGE_LIMIT + 3);
        assert!(!format!("{error:?}").contains("canary"));
        let nested = r#"{"detail":"bad value 'canary-9f2'","errors":["$.env.A: 'canary-9f2'"]}"#;
        assert!(!format!("{:?}", judge(Dialect::V2, Purpose::Create, 422, nested)).contains("canary"));
    }

    #[test]
    fn a_refusal_of_megabytes_is_not_searched_and_not_shown() {
        for body in ["canary-9f2 ".repeat(1 << 20), format!("{{\"detail\":\"{}\"}}", " canary-9f2".repeat(1 << 20))] {
            let error = judge(Dialect::V2, Purpose::Create, 400, &body);
            assert_eq!(error.class, ErrorClass::Invalid);
            assert!(error.message.contains("too long to be shown"), "{}", error.message);
        }
    }

    #[test]
    fn no_message_contains_characters_that_rewrite_a_terminal() {
        let body = "a\u{1b}]0;x\u{7}b\u{9b}2Jc\u{202e}d\u{200b}e\u{2066}f\u{feff}g\u{e0041}h\u{ad}i";
        let body = serde_json::json!({ "detail": body, "errors": [body] }).to_string();
        let error = judge(Dialect::V2, Purpose::Create, 400, &body);
        assert_eq!(
            (error.message.as_str(), error.details.as_slice()),
            ("a]0;xb2Jcdefghi", &["a]0;xb2Jcdefghi".to_owned()][..])
        );
    }

    #[test]
    fn a_repeated_secret_is_masked_in_an_answer_shown_verbatim() {
        let secret = "can\"ary\\9f2\nend";
        let quoted = Json::from(secret).to_string();
        for body in [format!("{{\"input\":{quoted}}}"), format!("cannot parse {quoted}")] {
            let context = ReplyContext {
                request: "POST /v2/pods",
                purpose: Purpose::Create,
                dialect: Dialect::V2,
                secrets: &[secret],
                hidden: &BTreeSet::new(),
            };
            let message = context.refused(&reply(422, &body)).message;
            assert!(message.contains("(sensitive)") && !message.contains("9f2"), "{message}");
        }
    }

    #[test]
    fn no_time_in_a_header_overflows() {
        let reply = Reply {
            status: 429,
            headers: vec![("retry-after".into(), u64::MAX.to_string())],
            body: bytes::Bytes::new(),
        };
        assert_eq!(retry_after(&reply), Some(Duration::from_secs(86_400)));
    }
}
