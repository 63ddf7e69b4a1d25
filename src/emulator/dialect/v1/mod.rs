//! Dialect v1: flat bodies with many defaults, and 500 for most mistakes (contract, sections 1 to 4).

mod bodies;
mod documented;
mod pods;
mod registries;
mod templates;
mod view;
mod volumes;

use jiff::Timestamp;
use serde_json::json;

use crate::emulator::dialect::call::{Call, OperationName as Op};
use crate::emulator::dialect::response::Reply;
use crate::emulator::rules::pod_actions::Action;
use crate::emulator::rules::refusal::{Refusal, Violation};
use crate::emulator::state::settings::Settings;
use crate::emulator::state::world::World;

/// What every call is answered since 2026-11-15. The real body is not known; only the status counts.
pub fn retired() -> Reply {
    Reply::json(410, json!({ "error": "REST API v1 has been retired", "status": 410 }))
}

/// Answers one call of this dialect.
pub fn answer(world: &mut World, call: &Call, now: Timestamp) -> Reply {
    let id = call.id.as_deref().unwrap_or_default();
    // The words that open the text of a 500.
    let (doing, replied) = match call.operation {
        Op::ListPods => ("list pods", pods::list(world, call, now)),
        Op::CreatePod => ("create pod", pods::create(world, call, now)),
        Op::GetPod => ("get pod", pods::get(world, call, id, now)),
        Op::UpdatePod => ("update pod", pods::update(world, call, id, now)),
        Op::DeletePod => ("delete pod", pods::delete(world, call, id, now)),
        Op::StartPod => ("start pod", pods::act(world, call, id, Action::Start, now)),
        Op::StopPod => ("stop pod", pods::act(world, call, id, Action::Stop, now)),
        Op::RestartPod => ("restart pod", pods::act(world, call, id, Action::Restart, now)),
        Op::ResetPod => ("reset pod", pods::act(world, call, id, Action::Reset, now)),
        Op::ListVolumes => ("list network volumes", volumes::list(world, call, now)),
        Op::CreateVolume => ("create network volume", volumes::create(world, call, now)),
        Op::GetVolume => ("get network volume", volumes::get(world, id, now)),
        Op::UpdateVolume => ("update network volume", volumes::update(world, call, id, now)),
        Op::DeleteVolume => ("delete network volume", volumes::delete(world, call, id, now)),
        Op::ListTemplates => ("list templates", templates::templates(world)),
        Op::CreateTemplate => ("create template", templates::create_template(world, call, now)),
        Op::GetTemplate => ("get template", templates::template(world, id)),
        Op::DeleteTemplate => ("delete template", super::templates::delete_template(world, id, now)),
        Op::ListRegistries => {
            ("list container registry auths", Ok(Reply::json(200, super::registries::registries(world))))
        }
        Op::CreateRegistry => ("create container registry auth", registries::create_registry(world, call, now)),
        Op::GetRegistry => ("get container registry auth", super::registries::registry(world, id)),
        Op::DeleteRegistry => ("delete container registry auth", super::registries::delete_registry(world, id, now)),
        Op::OpenApi => {
            let info = json!({ "title": "RunPod REST API v1, emulated by sindri", "version": "0.1.0" });
            ("get openapi", Ok(Reply::json(200, json!({ "openapi": "3.0.3", "info": info, "paths": {} }))))
        }
        Op::PodAction
        | Op::PodLogs
        | Op::ListGpus
        | Op::GetGpu
        | Op::ListCpus
        | Op::GetCpu
        | Op::ListDataCenters
        | Op::GetDataCenter
        | Op::GetSshKeys
        | Op::PutSshKeys
        | Op::ListSecrets
        | Op::CreateSecret
        | Op::GetSecret
        | Op::UpdateSecret
        | Op::DeleteSecret => ("route", Err(Refusal::NotFound)),
    };
    replied.unwrap_or_else(|refusal| failure(&world.settings, doing, &refusal))
}

/// Errors in this dialect's shapes (contract, sections 2.3 and 14).
fn failure(settings: &Settings, doing: &str, refusal: &Refusal) -> Reply {
    let text = match refusal {
        Refusal::Schema(violations) => return invalid(violations),
        Refusal::NotFound => {
            let what = doing.split_once(' ').map_or("pod", |(_, what)| what);
            return error(404, &format!("{what} not found"));
        }
        Refusal::NoImage(_) => "Something went wrong. Please try again later or contact support.".to_owned(),
        Refusal::Rule(text) => format!("{doing}: {text}"),
        Refusal::NoBalance => format!("{doing}: Insufficient funds"),
        Refusal::NoCapacity => format!("{doing}: There are no instances currently available"),
        Refusal::HostFull => {
            format!("{doing}: There are not enough free GPUs on the host machine to start this pod.")
        }
        Refusal::Conflict(text) => format!("{doing}: {text}"),
    };
    // 500 for what is the caller's mistake (Q5); the document knows 400 only.
    error(if settings.observed() { 500 } else { 400 }, &text)
}

fn error(status: u16, text: &str) -> Reply {
    Reply::json(status, json!({ "error": text, "status": status }))
}

fn invalid(violations: &[Violation]) -> Reply {
    let unknown = violations.iter().filter_map(|violation| match violation {
        Violation::Unknown { names, .. } => Some(names),
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
    Reply::json(400, json!({ "error": error, "problems": problems }))
}
