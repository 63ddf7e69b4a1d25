//! Reads a successful response within a memory limit, or classifies the failure.

use std::time::Duration;

use bytes::Bytes;

use super::ApiError;
use super::classify::ReplyContext;
use crate::transport::Reply;

/// Limit on the memory that the JSON of one response may take, in bytes. A list of 10,000 pods takes half of it.
const MEMORY_LIMIT: usize = 256 << 20;

/// The reason why a response cannot be read.
pub(super) const NOT_JSON: &str = "the response is not JSON";

/// The response to a request.
pub(super) struct Answer<T> {
    /// The part of the body that was read at once.
    pub content: T,
    pub body: Bytes,
    /// Approximate memory that the body would take as JSON, in bytes.
    pub memory: usize,
    /// Duration of the request over all attempts, without waits for a quota.
    pub time: Duration,
}

/// The content of a success, as `read` finds it, with the memory that the body would take as JSON. Otherwise the
/// failure that the response describes.
pub(super) fn judge<T>(
    context: &ReplyContext<'_>,
    reply: &Reply,
    read: impl Fn(&[u8]) -> serde_json::Result<T>,
) -> Result<(T, usize), ApiError> {
    if !(200..300).contains(&reply.status) {
        return Err(context.refused(reply));
    }
    let memory = memory(&reply.body);
    if memory > MEMORY_LIMIT {
        return Err(context.malformed(reply, "the response is too large to be read"));
    }
    match read(&reply.body) {
        Ok(content) => Ok((content, memory)),
        Err(_) => Err(context.malformed(reply, NOT_JSON)),
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::Dialect;
    use crate::runpod::ErrorClass;
    use crate::runpod::error::Purpose;
    use crate::runpod::json::Json;

    #[test]
    fn a_few_bytes_that_need_much_memory_are_refused() {
        let context = ReplyContext {
            request: "GET /v2/pods",
            purpose: Purpose::Read,
            dialect: Dialect::V2,
            secrets: &[],
            hidden: &BTreeSet::new(),
        };
        let judge = |reply: Reply| judge(&context, &reply, |body| Json::read(body).map(drop));
        let reply = |body: String| Reply { status: 200, headers: Vec::new(), body: body.into() };
        for (part, count) in [("[],", 2_500_000), (r#"{"":0},"#, 400_000)] {
            let small = judge(reply(format!("[{}0]", part.repeat(count / 10)))).unwrap();
            assert!(small.1 < MEMORY_LIMIT, "{part}");
            let error = judge(reply(format!("[{}0]", part.repeat(count)))).unwrap_err();
            assert_eq!(error.class, ErrorClass::Malformed, "{part}");
        }
        // Deep nesting must give an error, not overflow the stack.
        let error = judge(reply("[".repeat(1 << 20))).unwrap_err();
        assert_eq!(error.class, ErrorClass::Malformed);
    }
}
