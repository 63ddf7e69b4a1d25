//! A summary as JSON, with every change in full.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::super::json::event::double;
use super::super::json::{FORMAT_VERSION, cost, dollars};
use super::events::Summary;
use super::row::{ChangeResult, ExistingObject, OperationFailure, OperationStep, StepStatus, SummaryRow};
use crate::model::Cost;

pub(super) fn json(summary: &Summary, elapsed: Duration) -> Json {
    let counts: BTreeMap<&str, usize> = summary.counts().into_iter().collect();
    let steps = || summary.rows.iter().flat_map(|row| row.steps.iter().map(move |step| (row, step)));
    let done = steps().filter(|(_, step)| matches!(step.status, StepStatus::Done));
    let done: Vec<Json> =
        done.map(|(row, step)| json!({"address": row.address, "verb": step.verb, "id": step.id})).collect();
    let failed: Vec<Json> = summary.rows.iter().filter_map(|row| failed(summary, row)).collect();
    let unfinished: Vec<Json> = steps().filter_map(|(row, step)| unfinished(summary, row, step)).collect();
    let skipped: Vec<Json> = steps().filter_map(|(row, step)| skipped(summary, row, step)).collect();
    let crashing: Vec<Json> =
        summary.crashing.iter().map(|(address, id)| json!({"address": address, "id": id})).collect();
    let orphans = summary.orphans.iter();
    let orphans: Vec<Json> = orphans
        .map(|orphan| json!({"id": orphan.id, "name": orphan.name, "hourly": orphan.hourly.map(dollars)}))
        .collect();
    json!({
        "format_version": FORMAT_VERSION,
        "event": "summary",
        "command": summary.command,
        "complete": summary.is_complete(),
        "interrupted": summary.interrupted,
        "elapsed_seconds": elapsed.as_secs_f64(),
        "counts": counts,
        "exists": exists(summary),
        "done": done,
        "failed": failed,
        "not_finished": unfinished,
        "skipped": skipped,
        "orphans": orphans,
        "doubles": summary.doubles.iter().map(double).collect::<Vec<_>>(),
        "crash_loops": crashing,
    })
}

/// The objects that the changes created, kept or left, with their costs.
fn exists(summary: &Summary) -> Vec<Json> {
    let rows = summary.rows.iter().filter(|row| row.result() != ChangeResult::Unchanged);
    let object = |object: ExistingObject<'_>| {
        json!({
            "address": object.address, "id": object.id, "state": object.state.to_string(),
            "hourly_estimate": cost(object.hourly),
            "end_command": summary.end_command(object.address, object.superseded),
        })
    };
    rows.flat_map(SummaryRow::existing_objects).map(object).collect()
}

fn failed(summary: &Summary, row: &SummaryRow) -> Option<Json> {
    let (step, OperationFailure { message, help, code, changed }) = row.failure()?;
    let alive = left(row, step);
    Some(json!({
        "address": row.address, "verb": step.verb, "id": step.id, "message": message, "help": help, "code": code,
        "changed": changed,
        "hourly_estimate": alive.map(|(hourly, _)| cost(hourly)),
        "end_command": alive.map(|(_, superseded)| summary.end_command(&row.address, superseded)),
    }))
}

/// The cost of a step's object, if it exists, and whether it has a successor.
fn left(row: &SummaryRow, step: &OperationStep) -> Option<(Cost, bool)> {
    let id = step.id.as_deref()?;
    row.existing_objects().into_iter().find(|object| object.id == id).map(|object| (object.hourly, object.superseded))
}

fn unfinished(summary: &Summary, row: &SummaryRow, step: &OperationStep) -> Option<Json> {
    let because = match &step.status {
        StepStatus::Unfinished(because) => Some(because),
        StepStatus::Accepted | StepStatus::Started => None,
        StepStatus::Planned | StepStatus::Skipped(_) | StepStatus::Done | StepStatus::Failed(_) => return None,
    };
    let alive = left(row, step);
    Some(json!({
        "address": row.address, "verb": step.verb, "id": step.id, "because": because,
        "hourly_estimate": alive.map(|(hourly, _)| cost(hourly)),
        "end_command": alive.map(|(_, superseded)| summary.end_command(&row.address, superseded)),
    }))
}

fn skipped(summary: &Summary, row: &SummaryRow, step: &OperationStep) -> Option<Json> {
    let because = match &step.status {
        StepStatus::Skipped(because) => because.as_str(),
        StepStatus::Planned if summary.interrupted => "interrupted",
        _ => return None,
    };
    Some(json!({"address": row.address, "verb": step.verb, "because": because}))
}
