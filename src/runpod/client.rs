//! The client: paces requests of one dialect, sends them, retries them if that is safe, and classifies the responses.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value as Body;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, judge};
use super::classify::ReplyContext;
use super::dialects::{codec, wires};
use super::error::Purpose;
use super::mask::Masker;
use super::pace::{KeyPace, Patience};
use super::wire::Wire;
use super::{ApiError, ApiKey, ErrorClass, FailureEffect, LIST_LAG, NotifyFn, TraceFn};
use crate::kind::Kind;
use crate::model::{Attributes, Dialect, Value};
use crate::transport::{Method, Reply, Request, Transport, TransportError};

/// RunPod's gateway blocks the user agents of HTTP libraries (Q1).
const USER_AGENT: &str = concat!("sindri/", env!("CARGO_PKG_VERSION"));

/// Maximum number of attempts for a request that may be repeated. Source: RunPod's SDK (contract, section 2.5).
const ATTEMPTS: u32 = 4;

/// Default limit on the time that quotas and 429s may delay one request.
const WAIT_LIMIT: Duration = Duration::from_secs(600);

/// Maximum pause between two attempts, unless RunPod asks for more.
const LONGEST_BACKOFF_MS: u64 = 30_000;

/// Longer pauses are announced.
const ANNOUNCED: Duration = Duration::from_secs(5);

/// A client for RunPod over one transport, in one dialect.
pub struct Client {
    transport: Arc<dyn Transport>,
    pub(super) key: ApiKey,
    /// Masks the key in objects.
    pub(super) key_masker: Masker,
    pub(super) dialect: Dialect,
    pace: KeyPace,
    wait_limit: Duration,
    pub(super) list_lag: Duration,
    jitter: Mutex<fastrand::Rng>,
    /// Texts that no message may contain, regardless of the request.
    hidden: BTreeSet<String>,
    trace: Option<TraceFn>,
    notify: Option<NotifyFn>,
}

/// One request, without headers.
pub(super) struct ApiCall<'a> {
    pub purpose: Purpose,
    pub method: Method,
    pub path: String,
    pub body: Option<Body>,
    pub secrets: Vec<&'a str>,
}

impl ApiCall<'_> {
    pub fn read(path: String) -> Self {
        Self { purpose: Purpose::Read, method: Method::Get, path, body: None, secrets: Vec::new() }
    }

    /// For example `GET /v2/pods`. The query is omitted because it may contain a cursor.
    pub fn request(&self) -> String {
        format!("{} {}", self.method.word(), self.path.split('?').next().unwrap_or_default())
    }
}

impl Client {
    pub fn new(transport: Arc<dyn Transport>, key: ApiKey, dialect: Dialect) -> Self {
        let secret = key.secret();
        Self {
            transport,
            key_masker: Masker::new(secret),
            hidden: secret.map(str::to_owned).into_iter().collect(),
            key,
            dialect,
            pace: KeyPace::default(),
            wait_limit: WAIT_LIMIT,
            list_lag: LIST_LAG,
            jitter: Mutex::new(fastrand::Rng::new()),
            trace: None,
            notify: None,
        }
    }

    /// Masks the secrets in these attributes in every message, in case RunPod repeats them. The secrets of a request
    /// are always masked in messages about that request.
    #[must_use]
    pub fn hiding<'a>(mut self, attributes: impl Iterator<Item = &'a Attributes>) -> Self {
        self.hidden.extend(attributes.flat_map(secrets).map(str::to_owned));
        self
    }

    /// Sets the function called with one line per request and reply.
    #[must_use]
    pub fn with_trace(mut self, trace: TraceFn) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Sets the function called before waits of more than five seconds.
    #[must_use]
    pub fn with_notify(mut self, notify: NotifyFn) -> Self {
        self.notify = Some(notify);
        self
    }

    /// Sets the limit on the time that quotas and 429s may delay one request (default: 10 minutes).
    #[must_use]
    pub fn with_wait_limit(mut self, limit: Duration) -> Self {
        self.wait_limit = limit;
        self
    }

    /// For a server whose lists lag less than RunPod's, so that recovery after an interrupted run waits less.
    #[must_use]
    pub fn with_list_lag(mut self, lag: Duration) -> Self {
        self.list_lag = lag;
        self
    }

    /// Makes the jitter of retries repeatable.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.jitter = Mutex::new(fastrand::Rng::with_seed(seed));
        self
    }

    /// Sends a request, with retries, and reads the body of a success. A body that cannot be read is a failure.
    pub(super) async fn exchange<T>(
        &self,
        call: ApiCall<'_>,
        read: impl Fn(&[u8]) -> serde_json::Result<T> + Send,
    ) -> Result<Answer<T>, ApiError> {
        let request = call.request();
        let context = ReplyContext {
            request: &request,
            purpose: call.purpose,
            dialect: self.dialect,
            secrets: &call.secrets,
            hidden: &self.hidden,
        };
        let body = call.body.as_ref().map(|json| Bytes::from(json.to_string()));
        self.check_size(&request, body.as_ref())?;

        let mut patience = Patience { waited: Duration::ZERO, limit: self.wait_limit };
        let mut in_doubt = false;
        let mut spent = Duration::ZERO;
        let mut failures = 0;
        let mut refusals = 0;
        let mut refused: Option<ApiError> = None;
        loop {
            let ticket = match self.pace.admit(&mut patience, self.notify.as_ref()).await {
                Ok(ticket) => ticket,
                Err(wait) => {
                    let message = format!("the quota allows no request for {} s", wait.as_secs());
                    let mut error =
                        refused.unwrap_or_else(|| ApiError::local(ErrorClass::RateLimited, request.as_str(), message));
                    error.retry_after = Some(wait);
                    return Err(doubted(error, in_doubt));
                }
            };
            let sent = Instant::now();
            let attempt = self.attempt(&call.path, call.method, body.clone(), &request).await;
            spent += sent.elapsed();
            let error = match attempt {
                Err(error) => {
                    drop(ticket);
                    context.lost(&error)
                }
                Ok(reply) => {
                    ticket.answered(&reply, self.backoff(refusals));
                    match judge(&context, &reply, &read) {
                        Ok((content, memory)) => {
                            return Ok(Answer { content, body: reply.body, memory, time: spent });
                        }
                        Err(error) => error,
                    }
                }
            };
            if error.class == ErrorClass::RateLimited {
                // A 429 had no effect. The pace holds all requests until the next attempt makes sense, or gives up.
                refusals += 1;
                refused = Some(error);
                continue;
            }
            let pause = self.backoff(failures).max(error.retry_after.unwrap_or_default());
            failures += 1;
            patience.waited += pause;
            if failures == ATTEMPTS || !worth_repeating(&error, call.purpose) || patience.waited > patience.limit {
                return Err(doubted(error, in_doubt));
            }
            in_doubt |= error.failure == FailureEffect::Unknown;
            if let Some(notify) = self.notify.as_ref().filter(|_| pause > ANNOUNCED) {
                notify(pause, &error.to_string());
            }
            sleep(pause).await;
        }
    }

    /// Makes one attempt at a request, with headers.
    async fn attempt(
        &self,
        path: &str,
        method: Method,
        body: Option<Bytes>,
        request: &str,
    ) -> Result<Reply, TransportError> {
        let mut headers = vec![
            ("authorization".to_owned(), self.key.header()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let start = Instant::now();
        let result = self.transport.send(Request { method, path: path.to_owned(), headers, body }).await;
        if let Some(trace) = &self.trace {
            let answer = match &result {
                Ok(reply) => reply.status.to_string(),
                Err(TransportError::NotSent { .. }) => "not sent".to_owned(),
                Err(TransportError::NoAnswer { .. }) => "no response".to_owned(),
                Err(TransportError::TooLong { .. }) => "a response that is too long".to_owned(),
            };
            trace(&format!("{request} -> {answer} in {} ms", start.elapsed().as_millis()));
        }
        result
    }

    pub(super) fn check_size(&self, request: &str, body: Option<&Bytes>) -> Result<(), ApiError> {
        match (codec(self.dialect).body_limit, body) {
            (Some(limit), Some(body)) if body.len() > limit => {
                let message = format!("the request is {} bytes; RunPod accepts {limit}", body.len());
                Err(ApiError::local(ErrorClass::TooLarge, request, message))
            }
            _ => Ok(()),
        }
    }

    /// The pause after this many earlier failures: about 1, 2, 4 s, each up to twice as long so that clients that
    /// failed together do not retry together.
    fn backoff(&self, failures: u32) -> Duration {
        let least = (1000 << failures.min(5)).min(LONGEST_BACKOFF_MS);
        let jitter = self.jitter.lock().unwrap_or_else(PoisonError::into_inner).u64(0..=least);
        Duration::from_millis((least + jitter).min(LONGEST_BACKOFF_MS))
    }

    pub(super) fn wire(&self, kind: &'static Kind) -> Result<&'static Wire, ApiError> {
        wires(self.dialect).iter().copied().find(|wire| wire.kind.name == kind.name).ok_or_else(|| {
            let message = format!("REST {} has no objects of the kind {}", self.dialect, kind.title);
            ApiError::local(ErrorClass::Invalid, "", message)
        })
    }
}

/// Whether another attempt may succeed and cannot do anything twice.
fn worth_repeating(error: &ApiError, purpose: Purpose) -> bool {
    match error.class {
        // Any request that was never sent can be sent again.
        ErrorClass::Network => purpose.repeatable() || error.failure == FailureEffect::WithoutEffect,
        // Without a status, the response was too long to read and would be again.
        ErrorClass::Malformed if error.status.is_none() => false,
        ErrorClass::Server | ErrorClass::Malformed => purpose.repeatable() && !is_redirect(error),
        _ => false,
    }
}

fn is_redirect(error: &ApiError) -> bool {
    error.status.is_some_and(|status| (300..400).contains(&status))
}

/// Marks the last failure as in doubt if an earlier attempt may have taken effect.
fn doubted(mut error: ApiError, in_doubt: bool) -> ApiError {
    if in_doubt {
        error.failure = FailureEffect::Unknown;
    }
    error
}

/// All secret texts in these attributes.
pub(super) fn secrets(attributes: &Attributes) -> Vec<&str> {
    fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Secret(secret) => found.extend(secret.expose()),
            Value::List(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Map(map) => map.values().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    attributes.values().for_each(|value| collect(value, &mut found));
    found
}
