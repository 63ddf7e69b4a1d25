//! Error bodies of v1 (contract, sections 2.3 and 14).

use serde_json::json;

use crate::emulator::dialect::response::Response;
use crate::emulator::rules::refusal::{RequestRefusal, SchemaViolation};
use crate::emulator::state::settings::Settings;

/// The body for a refusal. `doing` starts the text of a 500, `noun` that of a 404.
pub fn failure(settings: &Settings, doing: &str, noun: &str, refusal: &RequestRefusal) -> Response {
    let text = match refusal {
        RequestRefusal::Schema(violations) => return invalid(violations),
        RequestRefusal::NotFound => return error(404, &format!("{noun} not found")),
        RequestRefusal::Absent(text) => return error(404, text),
        RequestRefusal::NoImage(_) => "Something went wrong. Please try again later or contact support.".to_owned(),
        RequestRefusal::Rule(text) => format!("{doing}: {text}"),
        RequestRefusal::NoBalance => format!("{doing}: Insufficient funds"),
        RequestRefusal::NoCapacity => format!("{doing}: There are no instances currently available"),
        RequestRefusal::HostFull => {
            format!("{doing}: There are not enough free GPUs on the host machine to start this pod.")
        }
        RequestRefusal::Conflict(text) => format!("{doing}: {text}"),
    };
    // The live service answers client errors with 500 (Q5); the document only has 400.
    error(if settings.observed() { 500 } else { 400 }, &text)
}

pub fn error(status: u16, text: &str) -> Response {
    Response::json(status, json!({ "error": text, "status": status }))
}

fn invalid(violations: &[SchemaViolation]) -> Response {
    let unknown = violations.iter().filter_map(|violation| match violation {
        SchemaViolation::Unknown { names, .. } => Some(names),
        _ => None,
    });
    let mut problems: Vec<String> = unknown
        .flatten()
        .map(|name| format!("key provided in request body which is not in input schema: '{name}'"))
        .collect();
    let error = if problems.is_empty() {
        problems = violations.iter().map(ToString::to_string).collect();
        "Invalid input"
    } else {
        "Extra input keys provided in request body"
    };
    Response::json(400, json!({ "error": error, "problems": problems }))
}
