//! The logs of a pod or a worker as a finite event stream (contract, section 3.8).
//!
//! The lines are derived from the state of the container; none are stored.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Content, Response, RouteResult};
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::pod::Phase;
use crate::emulator::state::pod_status::{CRASH_PERIOD_SECONDS, Stage};
use crate::emulator::state::world::World;

const MOST_LINES: usize = 5000;
const DEFAULT_LINES: usize = 100;

pub(super) struct LogLine {
    at: Timestamp,
    source: &'static str,
    text: String,
}

pub fn stream(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let pod = world.find_pod(call.object_id(), now)?;
    events(call, lines(&pod.phase, &pod.image, now))
}

/// The lines that a call asks for, as an event stream.
pub(super) fn events(call: &Call, lines: Vec<LogLine>) -> RouteResult {
    let source = match call.query.get("source").map(String::as_str) {
        None => None,
        Some(source @ ("container" | "system")) => Some(source),
        Some(_) => return Err(RequestRefusal::violation("$.source", "value must be one of 'container', 'system'")),
    };
    let tail = match call.query.get("tail").map(|text| text.parse::<usize>()) {
        None => DEFAULT_LINES,
        Some(Ok(tail)) if tail <= MOST_LINES => tail,
        Some(Ok(tail)) => {
            return Err(RequestRefusal::violation("$.tail", format!("maximum: got {tail}, want {MOST_LINES}")));
        }
        Some(Err(_)) => return Err(RequestRefusal::violation("$.tail", "got string, want integer")),
    };
    // The gateway turns a client's `Last-Event-ID` into a query parameter. Our ids start with the time.
    let since = time(call, "since")?.max(time(call, "last-event-id")?);
    let lines: Vec<LogLine> = (lines.into_iter())
        .filter(|line| source.is_none_or(|source| line.source == source))
        .filter(|line| since.is_none_or(|since| line.at > since))
        .collect();
    let mut events = String::new();
    for (number, line) in lines.iter().enumerate().skip(lines.len().saturating_sub(tail)) {
        let data = json!({ "ts": line.at, "source": line.source, "line": line.text });
        let _ = write!(events, "id: {}/{number:012}\ndata: {data}\n\n", line.at);
    }
    Ok(Response { status: 200, content: Content::Events(events) })
}

fn time(call: &Call, name: &str) -> Result<Option<Timestamp>, RequestRefusal> {
    let Some(text) = call.query.get(name) else { return Ok(None) };
    let moment = text.split('/').next().unwrap_or(text);
    let parsed =
        moment.parse().map_err(|_| RequestRefusal::violation(&format!("$.{name}"), "is not a valid date-time"))?;
    Ok(Some(parsed))
}

/// All log lines of a container since its last start.
pub(super) fn lines(phase: &Phase, image: &str, now: Timestamp) -> Vec<LogLine> {
    let system = |at: Timestamp, text: &str| LogLine { at, source: "system", text: text.to_owned() };
    let (pulled, up) = match *phase {
        Phase::Stopped { since } => return vec![system(since, "stop container")],
        Phase::Started { pulled, up, .. } => (pulled, up),
    };
    let mut lines = Vec::new();
    let stage = phase.stage(now);
    if matches!(stage, Stage::Booting | Stage::Up | Stage::CrashLoop | Stage::Failed | Stage::Resuming) {
        lines.push(system(pulled, &format!("create container {image}")));
    }
    match stage {
        Stage::Failed => lines.push(system(pulled, "error creating container")),
        Stage::Up => {
            lines.push(system(up, "start container"));
            lines.push(LogLine { at: up, source: "container", text: "Emulated container is up.".to_owned() });
        }
        Stage::CrashLoop => {
            let periods = now.duration_since(up).as_secs() / CRASH_PERIOD_SECONDS;
            // No more than a client can request.
            for period in (periods - MOST_LINES as i64).max(0)..=periods {
                let at = up.checked_add(SignedDuration::from_secs(period * CRASH_PERIOD_SECONDS)).unwrap_or(up);
                lines.push(system(at, "start container"));
            }
        }
        _ => {}
    }
    lines
}
