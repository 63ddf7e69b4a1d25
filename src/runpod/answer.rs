//! Reads the JSON of a successful response within a memory limit, or classifies the failure.

use std::time::Duration;

use serde_json::Value as Json;

use super::ApiError;
use super::classify::ReplyContext;
use super::error::Purpose;
use crate::transport::Reply;

/// Limit on the memory that the JSON of one response may take, in bytes. A list of 10,000 pods takes half of it.
const MEMORY_LIMIT: usize = 256 << 20;

/// The response to a request, with its size and duration.
pub(super) struct JsonReply {
    pub json: Json,
    /// Approximate memory taken by the JSON, in bytes.
    pub memory: usize,
    /// Duration of the request over all attempts, without waits for a quota.
    pub time: Duration,
}

/// The JSON of a success with the memory it takes, or the failure that the response describes.
pub(super) fn judge(context: &ReplyContext<'_>, reply: &Reply) -> Result<(Json, usize), ApiError> {
    if !(200..300).contains(&reply.status) {
        return Err(context.refused(reply));
    }
    let memory = memory(&reply.body);
    if memory > MEMORY_LIMIT {
        return Err(context.malformed(reply, "the response is too large to be read"));
    }
    match serde_json::from_slice(&reply.body) {
        Ok(json) => Ok((json, memory)),
        // The status is enough for these; the body does not matter.
        Err(_) if matches!(context.purpose, Purpose::Delete | Purpose::Power) => Ok((Json::Null, memory)),
        Err(_) => Err(context.malformed(reply, "the response is not JSON")),
    }
}

/// Estimates the memory that the JSON in these bytes would take, since a few bytes of text can become hundreds in
/// memory. Structural characters inside strings are counted too, so the estimate may be too high.
pub(super) fn memory(body: &[u8]) -> usize {
    /// The first node of a map.
    const MAP: usize = 640;
    /// A member, with its share of an over-allocated vector.
    const MEMBER: usize = 64;
    let structure = |byte: &u8| match byte {
        b'{' => MAP,
        b'[' | b',' => MEMBER,
        _ => 0,
    };
    body.len() + body.iter().map(structure).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dialect;
    use crate::runpod::ErrorClass;

    #[test]
    fn a_few_bytes_that_need_much_memory_are_refused() {
        let context =
            ReplyContext { request: "GET /v2/pods", purpose: Purpose::Read, dialect: Dialect::V2, secrets: &[] };
        let reply = |body: String| Reply { status: 200, headers: Vec::new(), body: body.into() };
        for (part, count) in [("[],", 2_500_000), (r#"{"":0},"#, 400_000)] {
            let small = judge(&context, &reply(format!("[{}0]", part.repeat(count / 10)))).unwrap();
            assert!(small.1 < MEMORY_LIMIT, "{part}");
            let error = judge(&context, &reply(format!("[{}0]", part.repeat(count)))).unwrap_err();
            assert_eq!(error.class, ErrorClass::Malformed, "{part}");
        }
        // Deep nesting must give an error, not overflow the stack.
        let error = judge(&context, &reply("[".repeat(1 << 20))).unwrap_err();
        assert_eq!(error.class, ErrorClass::Malformed);
    }
}
