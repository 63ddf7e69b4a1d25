//! Responses that do not come from the world: from the gateway, or from a fault.

use bytes::Bytes;
use serde_json::{Value, json};

use super::delivery::DeliveryResult;
use super::faults::Substitute;
use crate::emulator::dialect::call::ApiVersion;
use crate::transport::Reply;

/// The replacement for the world's response. Responses from the gateway have none of the API's headers.
pub fn substituted(substitute: Substitute, dialect: ApiVersion, headers: Vec<(String, String)>) -> DeliveryResult {
    let mut from_api = match substitute {
        Substitute::Reset => return DeliveryResult::Reset,
        Substitute::Cloudflare => return DeliveryResult::Reply(gateway_block()),
        Substitute::Garbage(garbage) => {
            return DeliveryResult::Reply(reply(garbage.code, &garbage.content_type, garbage.text));
        }
        Substitute::Status(status) => match status.body {
            Some(Value::String(text)) => reply(status.code, "text/plain", text),
            Some(body) => reply(status.code, error_type(dialect), body.to_string()),
            None => error(dialect, status.code, "an emulated failure"),
        },
        Substitute::RateLimited(limit) => {
            let mut reply = too_many(dialect, "rate limit exceeded for the minute window");
            reply.headers.extend(limit.retry_after.map(|seconds| ("retry-after".into(), seconds.to_string())));
            reply
        }
    };
    from_api.headers.extend(headers);
    DeliveryResult::Reply(from_api)
}

pub fn reply(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    let body = body.into();
    let headers = if body.is_empty() { Vec::new() } else { vec![("content-type".into(), content_type.into())] };
    Reply { status, headers, body }
}

/// An error in the form of the dialect (contract, section 2.3).
pub fn error(dialect: ApiVersion, status: u16, detail: &str) -> Reply {
    let body = match dialect {
        ApiVersion::V1 => json!({ "error": detail, "status": status }),
        ApiVersion::V2 => json!({ "title": title(status), "status": status, "detail": detail }),
    };
    reply(status, error_type(dialect), body.to_string())
}

/// A schema error of v2 (contract, section 2.3).
pub fn violation(text: &str) -> Reply {
    let body = json!({ "title": title(422), "status": 422, "detail": "Request validation failed.", "errors": [text] });
    reply(422, error_type(ApiVersion::V2), body.to_string())
}

/// Status 429. v1 does not name the window.
pub fn too_many(dialect: ApiVersion, detail: &str) -> Reply {
    match dialect {
        ApiVersion::V1 => error(dialect, 429, "Too many requests"),
        ApiVersion::V2 => error(dialect, 429, detail),
    }
}

fn error_type(dialect: ApiVersion) -> &'static str {
    match dialect {
        ApiVersion::V1 => "application/json",
        ApiVersion::V2 => "application/problem+json",
    }
}

fn title(status: u16) -> &'static str {
    hyper::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason()).unwrap_or("Error")
}

/// Cloudflare's response to blocked clients (quirk Q1).
pub fn gateway_block() -> Reply {
    reply(403, "text/plain", "error code: 1010")
}

/// A request that does not reach the world.
pub enum Rejection {
    /// Rejected by the gateway, whose responses have none of the API's headers.
    Gateway(Reply),
    Api(Reply),
}
