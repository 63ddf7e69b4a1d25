//! One event as one object: `apply --json` writes one per line.

use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, cost, dollars};
use crate::apply::Event;
use crate::model::{Double, Object};

/// `{"event": "done", "address": "pod.trainer", "verb": "create", ...}`.
pub fn event_json(event: &Event) -> Json {
    let mut json = match event {
        Event::Recovered { address, verb, id, how } => {
            json!({"event": "recovered", "address": address, "verb": verb, "id": id, "how": how})
        }
        Event::Started { address, verb, id, detail } => {
            json!({"event": "started", "address": address, "verb": verb, "id": id, "detail": detail})
        }
        Event::CandidateUnavailable { address, detail, message } => {
            json!({"event": "candidate_unavailable", "address": address, "detail": detail, "message": message})
        }
        Event::Accepted { address, verb, id } => {
            json!({"event": "accepted", "address": address, "verb": verb, "id": id})
        }
        Event::Waiting { address, id, status, elapsed } => json!({
            "event": "waiting", "address": address, "id": id, "status": status, "elapsed_seconds": elapsed.as_secs_f64(),
        }),
        Event::RollingOut { address, id, rollout, elapsed } => json!({
            "event": "rolling_out", "address": address, "id": id, "workers_on_latest": rollout.on_latest,
            "workers_total": rollout.total, "elapsed_seconds": elapsed.as_secs_f64(),
        }),
        Event::StandbyWorkers { address, id, count } => {
            json!({"event": "standby_workers", "address": address, "id": id, "count": count})
        }
        Event::Done { address, verb, id, object, elapsed } => json!({
            "event": "done", "address": address, "verb": verb, "id": id, "elapsed_seconds": elapsed.as_secs_f64(),
            "object": object.as_deref().map(object_json),
        }),
        Event::Failed { address, verb, id, message, help, code, changed } => json!({
            "event": "failed", "address": address, "verb": verb, "id": id, "message": message, "help": help,
            "code": code, "changed": changed,
        }),
        Event::Unfinished { address, verb, id, because } => {
            json!({"event": "unfinished", "address": address, "verb": verb, "id": id, "because": because})
        }
        Event::Skipped { address, verb, because } => {
            json!({"event": "skipped", "address": address, "verb": verb, "because": because})
        }
        Event::Paced { wait, reason } => {
            json!({"event": "paced", "wait_seconds": wait.as_secs_f64(), "reason": reason})
        }
        Event::Settled { address, message } => json!({"event": "settled", "address": address, "message": message}),
        Event::CrashLoop { address, id } => json!({"event": "crash_loop", "address": address, "id": id}),
        Event::OrphanFound { id, name, hourly } => {
            json!({"event": "orphan_found", "id": id, "name": name, "hourly": hourly.map(dollars)})
        }
        Event::DoubleFound(double) => {
            let mut json = self::double(double);
            json["event"] = json!("double_found");
            json
        }
        Event::NotListed { kind, message } => {
            json!({"event": "not_listed", "kind": kind.name, "message": message})
        }
        Event::Interrupted { in_flight } => json!({"event": "interrupted", "in_flight": in_flight}),
    };
    json["format_version"] = json!(FORMAT_VERSION);
    json
}

/// The facts about a live object that are safe to show. Excludes attributes, which may contain undeclared secrets.
pub(in crate::render) fn object_json(object: &Object) -> Json {
    let computed = &object.computed;
    let mut json = json!({
        "kind": object.kind,
        "id": object.id,
        "name": object.name,
        "status": object.status.as_ref().map(ToString::to_string),
        "ready": object.ready,
        "hourly": computed.cost_per_hour.map(dollars),
        "chosen": computed.chosen,
        "created_at": computed.created_at,
        "started_at": computed.started_at,
        "uptime_seconds": computed.uptime_seconds,
        "ssh": {"direct": computed.ssh_direct, "proxy": computed.ssh_proxy},
        "endpoints": computed.endpoints,
    });
    if !computed.urls.is_empty() {
        json["url"] = json!(computed.urls);
    }
    json
}

/// A second object for a resource.
pub fn double(double: &Double) -> Json {
    let Double { kind, id, name, address, of, lineage, hourly } = double;
    json!({
        "kind": kind, "id": id, "name": name, "address": address, "of": of, "lineage": lineage, "hourly": cost(*hourly),
    })
}
