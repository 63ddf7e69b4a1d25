//! A route of a dialect: path, operation and handler.
//!
//! The file of each kind lists its routes. The registry of the dialect lists the kinds.

use jiff::Timestamp;

use super::call::Call;
use super::response::RouteResult;
use crate::emulator::state::world::World;
use crate::transport::Method;

/// The routes of one kind of object in one dialect: an entry of the registry that [`super::routes::kinds`] returns.
pub struct KindRoutes {
    /// The name of the kind in v1's error texts and in the served OpenAPI document.
    pub noun: &'static str,
    pub routes: &'static [Route],
}

impl KindRoutes {
    /// For example `create pod` for `createPod`.
    pub(in crate::emulator) fn describe(&self, operation: &str) -> String {
        let verb: String = operation.chars().take_while(char::is_ascii_lowercase).collect();
        format!("{verb} {}", self.noun)
    }
}

/// One operation on a path.
pub struct Route {
    pub method: Method,
    /// The path below `/v1/` or `/v2/`. `{id}` matches one segment.
    pub path: &'static str,
    /// The name in fault rules and the journal: the `operationId` of v2 where it has one.
    pub operation: &'static str,
    /// A member of the body that the journal masks.
    pub secret: Option<&'static str>,
    handler: Handler,
}

#[derive(Clone, Copy)]
enum Handler {
    /// The type guarantees that it changes nothing.
    Read(fn(&World, &Call, Timestamp) -> RouteResult),
    Write(fn(&mut World, &Call, Timestamp) -> RouteResult),
}

impl Route {
    /// An operation that changes nothing.
    pub const fn read(
        method: Method,
        path: &'static str,
        operation: &'static str,
        handler: fn(&World, &Call, Timestamp) -> RouteResult,
    ) -> Self {
        Self { method, path, operation, secret: None, handler: Handler::Read(handler) }
    }

    /// An operation that can change the world.
    pub const fn write(
        method: Method,
        path: &'static str,
        operation: &'static str,
        handler: fn(&mut World, &Call, Timestamp) -> RouteResult,
    ) -> Self {
        Self { method, path, operation, secret: None, handler: Handler::Write(handler) }
    }

    /// Masks a member of the body in the journal.
    pub const fn hiding(self, member: &'static str) -> Self {
        Self { secret: Some(member), ..self }
    }

    pub fn changes_world(&self) -> bool {
        matches!(self.handler, Handler::Write(_))
    }

    pub(in crate::emulator) fn answer(&self, world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
        match self.handler {
            Handler::Read(answer) => answer(world, call, now),
            Handler::Write(answer) => answer(world, call, now),
        }
    }
}
