//! Checks of a request, in the order of the real service.

use serde_json::Value;

use super::emulator::Inner;
use super::journal::{JournalEntry, without_secret};
use super::replies::{Rejection, error, gateway_block, too_many, violation};
use super::target::{PathIds, RequestTarget, Routed};
use crate::emulator::dialect::call::{ApiVersion, Call};
use crate::emulator::rules::tweaks::Tweaks;
use crate::emulator::state::settings::Fidelity;
use crate::transport::{Method, Request};

/// The largest accepted body, checked first (contract, section 2.4).
const MAX_BODY_BYTES: usize = 102_400;

/// Default user agents that the gateway blocks (quirk Q1). The first was recorded; the others are likely.
const LIBRARY_AGENTS: [&str; 4] = ["Python-urllib", "Go-http-client", "libwww-perl", "Java/"];

/// The header of a client that resumes a stream, passed on as a query parameter.
const LAST_EVENT: &str = "last-event-id";

impl Inner {
    /// Turns a request into a call, or rejects it (emulator behaviour, section 1.1). Adds the headers of the API's
    /// responses to `headers`.
    pub fn check(
        &mut self,
        request: &Request,
        target: &RequestTarget<'_>,
        dialect: ApiVersion,
        entry: &mut JournalEntry,
        headers: &mut Vec<(String, String)>,
    ) -> Result<Call, Rejection> {
        let refuse = |status, detail: &str| Rejection::Api(error(dialect, status, detail));
        let settings = &self.world.settings;
        match dialect {
            ApiVersion::V1 if settings.v1_retired => return Err(refuse(410, "REST API v1 has been retired")),
            ApiVersion::V1 => {}
            ApiVersion::V2 => {
                self.answered += 1;
                headers.push(("x-request-id".into(), request_id(settings.seed, self.answered)));
                let is_too_large = request.body.as_ref().is_some_and(|body| body.len() > MAX_BODY_BYTES);
                if is_too_large && !self.faults.is_v2_2026_08() {
                    return Err(refuse(413, "request body exceeds 102400 bytes"));
                }
            }
        }
        if settings.fidelity == Fidelity::Observed && !has_own_agent(request) {
            return Err(Rejection::Gateway(gateway_block()));
        }
        let token = bearer_token(request).ok_or_else(|| refuse(401, "missing bearer token"))?;
        let counted = self.quotas.count(dialect, token, self.now);
        headers.extend(counted.headers);
        if let Some((window, wait)) = counted.refused {
            if dialect == ApiVersion::V2 {
                headers.push(("retry-after".into(), wait.to_string()));
            }
            return Err(Rejection::Api(too_many(dialect, &format!("rate limit exceeded for the {window} window"))));
        }
        let (route, ids) = match target.route(request.method) {
            Routed::Found(route, ids) => (route, ids),
            Routed::NotFound => return Err(refuse(404, "resource not found")),
            Routed::WrongMethod(allow) => {
                headers.push(("allow".into(), allow));
                return Err(refuse(405, "method not allowed"));
            }
        };
        entry.set_route(route);
        let mut query = target.query().map_err(|repeated| Rejection::Api(violation(&repeated)))?;
        // The only header that an operation uses: the position in a log stream.
        query.extend(header(request, LAST_EVENT).map(|id| (LAST_EVENT.to_owned(), id.to_owned())));
        let body = json_body(request).map_err(|_| refuse(400, "request body is not valid JSON"))?;
        entry.body = body.as_ref().map(|body| without_secret(route, body));
        let PathIds { object: id, part } = ids;
        Ok(Call { dialect, operation: route.operation, id, part, query, body, tweaks: Tweaks::default() })
    }
}

fn has_own_agent(request: &Request) -> bool {
    let starts_with = |agent: &str, library: &str| {
        agent.get(..library.len()).is_some_and(|start| start.eq_ignore_ascii_case(library))
    };
    header(request, "user-agent").is_some_and(|agent| {
        !agent.trim().is_empty() && !LIBRARY_AGENTS.iter().any(|library| starts_with(agent, library))
    })
}

/// Any token that is not empty is accepted.
fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = header(request, "authorization")?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

fn header<'request>(request: &'request Request, name: &str) -> Option<&'request str> {
    request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn json_body(request: &Request) -> Result<Option<Value>, serde_json::Error> {
    let carries = matches!(request.method, Method::Post | Method::Put | Method::Patch);
    match &request.body {
        Some(body) if carries && !body.trim_ascii().is_empty() => serde_json::from_slice(body).map(Some),
        _ => Ok(None),
    }
}

/// A UUID derived from the seed and the number of responses.
fn request_id(seed: u64, count: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed ^ count.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid().to_string()
}
