//! Answering a call of v2.

use jiff::Timestamp;

use super::errors::problem;
use super::kinds::routes;
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::Response;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::world::World;

pub fn answer(world: &mut World, call: &Call, now: Timestamp) -> Response {
    let route = routes().find(|route| route.operation == call.operation);
    let replied = route.map_or(Err(RequestRefusal::NotFound), |route| route.answer(world, call, now));
    replied.unwrap_or_else(|refusal| problem(&refusal))
}
