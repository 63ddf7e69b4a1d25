//! Answering a call of v1.

use jiff::Timestamp;

use super::errors::{error, failure};
use super::kinds::KINDS;
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::Response;
use crate::emulator::state::world::World;

pub fn answer(world: &mut World, call: &Call, now: Timestamp) -> Response {
    if world.settings.v1_retired {
        // RunPod retired v1 on 2026-11-15. The real body is unknown; only the status matters.
        return error(410, "REST API v1 has been retired");
    }
    let found = KINDS.iter().find_map(|kind| {
        let route = kind.routes.iter().find(|route| route.operation == call.operation)?;
        Some((kind, route))
    });
    let Some((kind, route)) = found else { return error(404, "pod not found") };
    route
        .answer(world, call, now)
        .unwrap_or_else(|refusal| failure(&world.settings, &kind.describe(call.operation), kind.noun, &refusal))
}
