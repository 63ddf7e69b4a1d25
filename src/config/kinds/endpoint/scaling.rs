//! The workers of an endpoint and the rules by which RunPod starts and ends them.

use crate::config::document::{MappingEntry, YamlNode};
use crate::config::draft::ResourceDraft;
use crate::config::problem::Findings;
use crate::config::quantity::{duration, number};
use crate::config::source::Span;
use crate::model::{ProblemCode, Value};

/// Defaults from `CreateEndpointRequest` of OpenAPI v2, and the queue delay of RunPod's console.
const WORKERS_MIN: i64 = 0;
const WORKERS_MAX: i64 = 3;
const IDLE_TIMEOUT_SECONDS: i64 = 10;
const TIMEOUT_MS: i64 = 300_000;
const QUEUE_DELAY_MS: i64 = 4_000;
/// RunPod switches between GPU types by stock only with at least this many workers. Source: observed.
const SWITCHES_FROM: i64 = 5;

/// The type of an endpoint, as in requests.
pub(super) fn routing(node: &YamlNode, at: Span, draft: &mut ResourceDraft, findings: &mut Findings) -> Routing {
    let Some(written) = node.get("type") else {
        findings
            .missing(&["type"], ProblemCode::MissingField, at, "the endpoint has no `type`")
            .help("write `type: queue` for jobs, or `type: loadBalancer` for requests to paths of the workers");
        return Routing::Queue;
    };
    let routing = match written.text() {
        Some("loadBalancer") => Routing::LoadBalancer,
        _ => Routing::Queue,
    };
    let word = match routing {
        Routing::Queue => "QUEUE",
        Routing::LoadBalancer => "LOAD_BALANCER",
    };
    draft.set("routing", Value::text(word), Some(written.span));
    routing
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Routing {
    Queue,
    LoadBalancer,
}

/// Sets the number of workers, the scaling rule and the timeouts.
pub(super) fn scaling(node: &YamlNode, routing: Routing, draft: &mut ResourceDraft, findings: &mut Findings) {
    let by_count = rule(node, routing, draft, findings);
    workers(node, draft, findings);
    idle_timeout(node, routing == Routing::Queue && by_count, draft, findings);
    let timeout = node.get("timeout");
    let timeout_ms = timeout.and_then(duration).and_then(|time| i64::try_from(time.as_millis()).ok());
    draft.set("timeout_ms", Value::Int(timeout_ms.unwrap_or(TIMEOUT_MS)), timeout.map(|node| node.span));
    let flashboot = node.get("flashboot");
    let word = match flashboot.and_then(YamlNode::text) {
        Some("true") => "FLASHBOOT",
        Some("priority") => "PRIORITY_FLASHBOOT",
        _ => "OFF",
    };
    draft.set("flashboot", Value::text(word), flashboot.map(|node| node.span));
}

/// Sets the scaling rule, and returns whether it counts requests.
fn rule(node: &YamlNode, routing: Routing, draft: &mut ResourceDraft, findings: &mut Findings) -> bool {
    let entry = |key: &str| node.get("scaling")?.entry(key);
    let (delay, count) = (entry("queueDelay"), entry("requestCount"));
    if let (Some(delay), Some(count)) = (delay, count) {
        findings
            .error(ProblemCode::Conflict, count.key_span, "`queueDelay` and `requestCount` are mutually exclusive")
            .also(delay.key_span, "the other one")
            .help("keep one rule");
        return false;
    }
    if let Some(count) = count {
        let number = count.value.int().map_or(Value::Null, Value::Int);
        draft.set("request_count", number, Some(count.value.span));
        return true;
    }
    if routing == Routing::LoadBalancer {
        refuse_queue(node, delay, findings);
        return true;
    }
    let delay_ms = delay.and_then(|delay| number(&delay.value)).map(|seconds| (seconds * 1000.0).round() as i64);
    draft.set("queue_delay_ms", Value::Int(delay_ms.unwrap_or(QUEUE_DELAY_MS)), delay.map(|delay| delay.value.span));
    if let (Some(delay), Some(..500)) = (delay, delay_ms) {
        findings
            .error(ProblemCode::Scaling, delay.value.span, "`queueDelay` must be at least 0.5 seconds")
            .help("for example `queueDelay: 4`");
    }
    false
}

/// A load balancer has no queue.
fn refuse_queue(node: &YamlNode, delay: Option<&MappingEntry>, findings: &mut Findings) {
    const HELP: &str = "write `scaling: { requestCount: 8 }`, the number of requests for each worker";
    let type_span = node.get("type").map_or(node.span, |node| node.span);
    match delay {
        Some(delay) => findings
            .error(
                ProblemCode::Scaling,
                delay.key_span,
                "a load balancer has no queue, so it cannot scale on its delay",
            )
            .also(type_span, "the type")
            .help(HELP),
        None => {
            findings.error(ProblemCode::Scaling, type_span, "a load balancer needs `scaling.requestCount`").help(HELP)
        }
    };
}

fn workers(node: &YamlNode, draft: &mut ResourceDraft, findings: &mut Findings) {
    let limit = |key: &str| node.get("workers")?.get(key);
    let (least, most) = (limit("min"), limit("max"));
    let min = least.and_then(YamlNode::int).unwrap_or(WORKERS_MIN);
    // A higher minimum raises the default.
    let max = most.and_then(YamlNode::int).unwrap_or(WORKERS_MAX.max(min));
    if let (Some(least), true) = (least, min > max) {
        let problem = findings.error(
            ProblemCode::WorkerCount,
            least.span,
            format!("`workers.min` is {min}, more than the {max} of `workers.max`"),
        );
        problem.help("lower `min`, or raise `max`");
        if let Some(most) = most {
            problem.also(most.span, "the maximum");
        }
    }
    draft.set("workers_min", Value::Int(min), least.map(|node| node.span));
    draft.set("workers_max", Value::Int(max), most.map(|node| node.span));
    let pools = draft.get("gpu_pools").text_items().len();
    if pools > 1 && (1..SWITCHES_FROM).contains(&max) {
        let at = most.or(node.get("gpuType")).map_or(node.span, |node| node.span);
        findings
            .warn(
                ProblemCode::FewWorkers,
                at,
                format!("with fewer than {SWITCHES_FROM} workers, RunPod does not switch to another pool by stock"),
            )
            .help(format!("write `workers: {{ max: {SWITCHES_FROM} }}` or more, or name one pool in `gpuType`"));
    }
}

/// RunPod refuses an idle timeout for a queue that scales on the number of requests.
fn idle_timeout(node: &YamlNode, excluded: bool, draft: &mut ResourceDraft, findings: &mut Findings) {
    let written = node.get("workers").and_then(|workers| workers.entry("idleTimeout"));
    if excluded {
        if let Some(entry) = written {
            findings
                .error(
                    ProblemCode::IdleTimeout,
                    entry.key_span,
                    "RunPod accepts no `idleTimeout` for a queue that scales on `requestCount`",
                )
                .help("remove it, or scale on `queueDelay`");
        }
        return;
    }
    let seconds = written.and_then(|entry| duration(&entry.value));
    let seconds = seconds.and_then(|time| i64::try_from(time.as_secs()).ok()).unwrap_or(IDLE_TIMEOUT_SECONDS);
    draft.set("idle_timeout_seconds", Value::Int(seconds), written.map(|entry| entry.value.span));
    if let (Some(entry), false) = (written, (1..=3600).contains(&seconds)) {
        findings
            .error(ProblemCode::IdleTimeout, entry.value.span, "`idleTimeout` must be from 1 second to 1 hour")
            .help("for example `idleTimeout: 10s`; for workers that always run, set `workers.min`");
    }
}
