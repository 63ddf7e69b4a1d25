//! Dialect v2: nested bodies, almost no defaults, problem documents (contract, sections 3 to 7).

mod bodies;
mod catalog;
mod logs;
mod openapi;
mod page;
mod pods;
mod registries;
mod templates;
mod secrets;
mod ssh_keys;
mod view;
mod volumes;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::dialect::call::{Call, OperationName as Op};
use crate::emulator::dialect::response::Reply;
use crate::emulator::rules::refusal::Refusal;
use crate::emulator::state::world::World;

/// Answers one call of this dialect.
pub fn answer(world: &mut World, call: &Call, now: Timestamp) -> Reply {
    let id = call.id.as_deref().unwrap_or_default();
    let replied = match call.operation {
        Op::ListPods => pods::list(world, call, now),
        Op::CreatePod => pods::create(world, call, now),
        Op::GetPod => pods::get(world, id, now),
        Op::UpdatePod => pods::update(world, call, id, now),
        Op::DeletePod => pods::delete(world, call, id, now),
        Op::PodAction => pods::action(world, call, id, now),
        Op::PodLogs => logs::stream(world, call, id, now),
        Op::ListVolumes => volumes::list(world, call, now),
        Op::CreateVolume => volumes::create(world, call, now),
        Op::GetVolume => volumes::get(world, id, now),
        Op::UpdateVolume => volumes::update(world, call, id, now),
        Op::DeleteVolume => volumes::delete(world, call, id, now),
        Op::ListTemplates => templates::templates(world),
        Op::CreateTemplate => templates::create_template(world, call, now),
        Op::GetTemplate => templates::template(world, id),
        Op::DeleteTemplate => super::templates::delete_template(world, id, now),
        Op::ListRegistries => Ok(Reply::json(200, json!({ "registries": super::registries::registries(world) }))),
        Op::CreateRegistry => registries::create_registry(world, call, now),
        Op::GetRegistry => super::registries::registry(world, id),
        Op::DeleteRegistry => super::registries::delete_registry(world, id, now),
        Op::ListGpus => catalog::gpus(world, call),
        Op::GetGpu => catalog::gpu(world, call, id),
        Op::ListCpus => catalog::cpus(world, call),
        Op::GetCpu => catalog::cpu(world, call, id),
        Op::ListDataCenters => catalog::data_centers(world, call),
        Op::GetDataCenter => catalog::data_center(world, call, id),
        Op::GetSshKeys => ssh_keys::get_keys(world),
        Op::PutSshKeys => ssh_keys::put_keys(world, call, now),
        Op::ListSecrets => secrets::list_secrets(world, call),
        Op::CreateSecret => secrets::create_secret(world, call, now),
        Op::GetSecret => secrets::get_secret(world, id),
        Op::UpdateSecret => secrets::update_secret(world, call, id, now),
        Op::DeleteSecret => secrets::delete_secret(world, id, now),
        Op::OpenApi => Ok(Reply::json(200, openapi::document())),
        Op::StartPod | Op::StopPod | Op::RestartPod | Op::ResetPod => Err(Refusal::NotFound),
    };
    replied.unwrap_or_else(|refusal| problem(&refusal))
}

/// A PATCH that somebody else does.
pub fn edit(world: &mut World, id: &str, body: &Value, now: Timestamp) -> Result<(), Refusal> {
    pods::apply_patch(world, id, Some(body), &Default::default(), now)
}

/// The texts are RunPod's (contract, section 14; behaviour page, section 5.1).
fn problem(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Schema(violations) => {
            let errors = violations.iter().map(ToString::to_string).collect();
            Reply::problem(422, "Request validation failed.", Some(errors))
        }
        Refusal::NoImage(image) => {
            let errors = vec![format!("$.image: image '{image}' not found")];
            Reply::problem(422, "Request validation failed.", Some(errors))
        }
        Refusal::Rule(text) => Reply::problem(400, text, None),
        Refusal::NotFound => Reply::problem(404, "resource not found", None),
        Refusal::NoBalance => Reply::problem(402, "Insufficient balance.", None),
        Refusal::NoCapacity => Reply::problem(
            400,
            "There are no longer any instances available with the requested specifications. Please refresh and try again.",
            None,
        ),
        Refusal::HostFull => {
            Reply::problem(400, "There are not enough free GPUs on the host machine to start this pod.", None)
        }
        Refusal::Conflict(text) => Reply::problem(409, text, None),
    }
}
