//! One route of a dialect: where it is, what it is called, and what answers it.
//!
//! The file of each kind of object lists its routes; the registry of the dialect lists the kinds.

use jiff::Timestamp;

use super::call::Call;
use super::response::RouteResult;
use crate::emulator::state::world::World;
use crate::transport::Method;

pub struct Route {
    pub method: Method,
    /// The path below the mount. `{id}` stands for one segment.
    pub path: &'static str,
    /// The name that fault rules and the journal use: RunPod's `operationId` of v2 where it has one.
    pub operation: &'static str,
    /// A member of the body that the journal must not show.
    pub secret: Option<&'static str>,
    handler: Handler,
}

#[derive(Clone, Copy)]
enum Handler {
    /// Cannot change the world, as its type says.
    Read(fn(&World, &Call, Timestamp) -> RouteResult),
    Write(fn(&mut World, &Call, Timestamp) -> RouteResult),
}

impl Route {
    pub const fn read(
        method: Method,
        path: &'static str,
        operation: &'static str,
        handler: fn(&World, &Call, Timestamp) -> RouteResult,
    ) -> Self {
        Self { method, path, operation, secret: None, handler: Handler::Read(handler) }
    }

    pub const fn write(
        method: Method,
        path: &'static str,
        operation: &'static str,
        handler: fn(&mut World, &Call, Timestamp) -> RouteResult,
    ) -> Self {
        Self { method, path, operation, secret: None, handler: Handler::Write(handler) }
    }

    /// Keeps a member of the body out of the journal.
    pub const fn hiding(self, member: &'static str) -> Self {
        Self { secret: Some(member), ..self }
    }

    pub fn changes_world(&self) -> bool {
        matches!(self.handler, Handler::Write(_))
    }

    pub fn answer(&self, world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
        match self.handler {
            Handler::Read(answer) => answer(world, call, now),
            Handler::Write(answer) => answer(world, call, now),
        }
    }
}
