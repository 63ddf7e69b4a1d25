//! Everything between a request and the world: the gateway's checks, the credential, quotas, routes, faults, headers.
//!
//! A request is handled in two steps, since a fault can put time before its effect: [`Emulator::receive`] checks and lets
//! the rules decide, [`Emulator::finish`] lets the effect happen. Whoever carries the bytes waits in between and after.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::emulator::dialect::call::{Call, Dialect, Tweaks};
use crate::emulator::gateway::faults::Rule;
use crate::emulator::gateway::firing::{Faults, Fired, Interference, Subject};
use crate::emulator::gateway::journal::{Entry, Journal, without_secret};
use crate::emulator::gateway::quota::{QuotaProfile, Quotas};
use crate::emulator::gateway::replies::{error, gateway_block, reply, substituted, too_many, violation};
use crate::emulator::gateway::route::{Routed, Target};
use crate::emulator::gateway::timeline::Timeline;
use crate::emulator::gateway::world_file::{SandboxError, Saved, WorldFile};
use crate::emulator::state::settings::Fidelity;
use crate::emulator::state::world::World;
use crate::transport::{Method, Reply, Request};

/// JSON bodies above this are refused before anything else is looked at (contract, section 2.4).
const MAX_BODY_BYTES: usize = 102_400;

/// Default agents of libraries, which the gateway turns away (quirk Q1; the first was recorded, the others are likely).
const LIBRARY_AGENTS: [&str; 4] = ["Python-urllib", "Go-http-client", "libwww-perl", "Java/"];

/// Sent by clients that resume a stream; the world finds it among the query parameters.
const LAST_EVENT: &str = "last-event-id";

/// An emulated RunPod with its gateway. Shared by whatever carries requests to it.
pub struct Emulator {
    inner: Mutex<Inner>,
}

pub struct Inner {
    pub world: World,
    /// What probabilities of fault rules are drawn from.
    pub seed: u64,
    /// The latest virtual time that anything was handled at.
    pub now: Timestamp,
    pub timeline: Timeline,
    pub faults: Faults,
    pub quotas: Quotas,
    pub journal: Journal,
    /// How many requests were answered: the source of their ids.
    pub answered: u64,
    pub file: Option<WorldFile>,
}

/// A request that was received: checked, and either refused or waiting for its effect.
pub struct Pending {
    /// Virtual time until [`Emulator::finish`] is to be called.
    pub wait: Duration,
    entry: Entry,
    dialect: Dialect,
    /// Headers of an answer that comes from the API itself.
    headers: Vec<(String, String)>,
    step: Step,
}

enum Step {
    Refused(Reply),
    Call(Box<(Call, Fired)>),
}

/// Why a request never reaches the world.
enum Refusal {
    /// By the gateway, whose answers have none of the API's headers.
    Gateway(Reply),
    Api(Reply),
}

/// What leaves the emulator.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Virtual time until it leaves.
    pub delay: Duration,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    Reply(Reply),
    /// The connection breaks after so many bytes of the body.
    Cut(Reply, usize),
    /// The connection is reset; no byte is sent.
    Reset,
}

impl Emulator {
    /// An emulator of this world, standing at `now`, without faults and quotas.
    pub fn new(world: World, now: Timestamp) -> Self {
        let seed = world.settings.seed;
        Self::resume(Saved::new(now, 0, world), now, seed, None)
    }

    pub(in crate::emulator) fn resume(saved: Saved<World>, now: Timestamp, seed: u64, file: Option<WorldFile>) -> Self {
        let inner = Inner {
            seed,
            now,
            timeline: Timeline::starting_at(now),
            faults: Faults::default(),
            quotas: Quotas::default(),
            journal: Journal::default(),
            answered: saved.answered,
            world: saved.world,
            file,
        };
        Self { inner: Mutex::new(inner) }
    }

    pub(in crate::emulator) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in here was a bug, and was reported as one; failing every later request would only bury it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Virtual time by the emulator's own clock, which [`crate::emulator::gateway::serve`] goes by.
    pub fn now(&self) -> Timestamp {
        self.lock().timeline.now()
    }

    /// Real time for a stretch of virtual time, by the emulator's own clock.
    pub fn real(&self, virtual_time: Duration) -> Duration {
        self.lock().timeline.real(virtual_time)
    }

    /// Looks at the world.
    pub fn look<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        look(&self.lock().world)
    }

    /// Does something to the world behind the client's back, at the latest time that it has seen.
    pub fn meddle<R>(&self, act: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let mut inner = self.lock();
        let now = inner.now;
        let result = act(&mut inner.world, now);
        inner.changed();
        result
    }

    /// Replaces the fault rules; their counts begin anew.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        let mut inner = self.lock();
        inner.faults = Faults::new(rules, inner.seed);
    }

    /// Changes the quotas; what was counted is forgotten.
    pub fn set_quota(&self, profile: QuotaProfile) {
        self.lock().quotas = Quotas::new(profile);
    }

    /// The requests handled since entry number `since`, oldest first.
    pub fn journal(&self, since: u64) -> Vec<Entry> {
        self.lock().journal.since(since).cloned().collect()
    }

    /// Writes the world to its file, if it has one and anything changed.
    ///
    /// # Errors
    /// If the file cannot be replaced.
    pub fn save(&self) -> Result<(), SandboxError> {
        self.lock().save()
    }

    /// Handles a request whose faults need no waiting for: the effect happens at `now`, and all delay lies after it.
    pub fn handle(&self, request: &Request, now: Timestamp) -> Delivery {
        let pending = self.receive(request, now);
        let wait = pending.wait;
        let delivery = self.finish(pending, now);
        Delivery { delay: delivery.delay + wait, ..delivery }
    }

    /// Checks a request in the order of the real service and lets the fault rules decide about it.
    pub fn receive(&self, request: &Request, now: Timestamp) -> Pending {
        let inner = &mut *self.lock();
        inner.now = inner.now.max(now);
        let target = Target::parse(&request.path);
        let dialect = target.dialect.unwrap_or(Dialect::V2);
        let mut entry = Entry::new(request, dialect);
        let mut headers = Vec::new();
        let checked = inner.check(request, &target, dialect, &mut entry, &mut headers);
        let (wait, step) = match checked {
            Err(Refusal::Gateway(reply)) => (Duration::ZERO, Step::Refused(reply)),
            Err(Refusal::Api(mut reply)) => {
                reply.headers.append(&mut headers);
                (Duration::ZERO, Step::Refused(reply))
            }
            Ok(call) => {
                let fired = inner.faults.fire(&Subject {
                    dialect,
                    method: request.method,
                    operation: call.operation,
                    id: call.id.as_deref(),
                    name: call.id.as_deref().and_then(|id| inner.world.pod_name(id)),
                    body: call.body.as_ref(),
                });
                entry.fault = fired.rule;
                (fired.before, Step::Call(Box::new((call, fired))))
            }
        };
        Pending { wait, entry, dialect, headers, step }
    }

    /// Lets a received request take effect at `now` and says what to send, and when.
    pub fn finish(&self, pending: Pending, now: Timestamp) -> Delivery {
        let inner = &mut *self.lock();
        inner.now = inner.now.max(now);
        let Pending { wait: _, mut entry, dialect, headers, step } = pending;
        let (delay, outcome) = match step {
            Step::Refused(reply) => (Duration::ZERO, Outcome::Reply(reply)),
            Step::Call(accepted) => {
                let (mut call, fired) = *accepted;
                call.tweaks = fired.tweaks;
                (fired.after, inner.effect(call, fired.interference, dialect, headers, &mut entry))
            }
        };
        entry.time = inner.now;
        entry.status = match &outcome {
            Outcome::Reply(reply) | Outcome::Cut(reply, _) => Some(reply.status),
            Outcome::Reset => None,
        };
        inner.journal.push(entry);
        inner.flush();
        Delivery { delay, outcome }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Nobody is left to tell; whoever needs to know calls `save`.
        let _ = self.lock().save();
    }
}

impl Inner {
    /// The checks of emulator behaviour, section 1.1, up to the call that the world sees. `headers` are those that every
    /// answer of the API carries, as far as the checks came.
    fn check(
        &mut self,
        request: &Request,
        target: &Target<'_>,
        dialect: Dialect,
        entry: &mut Entry,
        headers: &mut Vec<(String, String)>,
    ) -> Result<Call, Refusal> {
        let refuse = |status, detail: &str| Refusal::Api(error(dialect, status, detail));
        let settings = &self.world.settings;
        match dialect {
            Dialect::V1 if settings.v1_retired => return Err(refuse(410, "REST API v1 has been retired")),
            Dialect::V1 => {}
            Dialect::V2 => {
                self.answered += 1;
                headers.push(("x-request-id".into(), request_id(settings.seed, self.answered)));
                let is_too_large = request.body.as_ref().is_some_and(|body| body.len() > MAX_BODY_BYTES);
                if is_too_large && !self.faults.is_august() {
                    return Err(refuse(413, "request body exceeds 102400 bytes"));
                }
            }
        }
        if settings.fidelity == Fidelity::Observed && !has_own_agent(request) {
            return Err(Refusal::Gateway(gateway_block()));
        }
        let token = bearer_token(request).ok_or_else(|| refuse(401, "missing bearer token"))?;
        let counted = self.quotas.count(dialect, token, self.now);
        headers.extend(counted.headers);
        if let Some((window, wait)) = counted.refused {
            if dialect == Dialect::V2 {
                headers.push(("retry-after".into(), wait.to_string()));
            }
            return Err(Refusal::Api(too_many(dialect, &format!("rate limit exceeded for the {window} window"))));
        }
        let (operation, id) = match target.route(request.method) {
            Routed::Operation(operation, id) => (operation, id),
            Routed::NotFound => return Err(refuse(404, "resource not found")),
            Routed::WrongMethod(allow) => {
                headers.push(("allow".into(), allow));
                return Err(refuse(405, "method not allowed"));
            }
        };
        entry.operation = Some(operation);
        let mut query = target.query().map_err(|repeated| Refusal::Api(violation(&repeated)))?;
        // The one header that means something to an operation: where a stream of logs goes on.
        query.extend(header(request, LAST_EVENT).map(|id| (LAST_EVENT.to_owned(), id.to_owned())));
        let body = json_body(request).map_err(|_| refuse(400, "request body is not valid JSON"))?;
        entry.body = body.as_ref().map(|body| without_secret(operation, body));
        Ok(Call { dialect, operation, id, query, body, tweaks: Tweaks::default() })
    }

    /// Asks the world, or not, as the fault says.
    fn effect(
        &mut self,
        call: Call,
        interference: Interference,
        dialect: Dialect,
        headers: Vec<(String, String)>,
        entry: &mut Entry,
    ) -> Outcome {
        if let Interference::Before(substitute) = interference {
            return substituted(substitute, dialect, headers);
        }
        let answer = self.world.answer(&call, self.now);
        if call.operation.changes_world() && (answer.status < 400 || !answer.touched.is_empty()) {
            self.changed();
        }
        entry.touched = answer.touched;
        let mut reply = reply(answer.status, answer.content_type, answer.body);
        reply.headers.extend(headers.iter().cloned());
        match interference {
            Interference::After(substitute) => substituted(substitute, dialect, headers),
            Interference::Cut(cut) if cut.hang_up => Outcome::Cut(reply, cut.bytes),
            Interference::Cut(cut) => {
                reply.body.truncate(cut.bytes);
                Outcome::Reply(reply)
            }
            Interference::None | Interference::Before(_) => Outcome::Reply(reply),
        }
    }

    /// Notes that the world differs from its file.
    pub fn changed(&mut self) {
        if let Some(file) = &mut self.file {
            file.note_change();
        }
        self.flush();
    }

    /// Writes a change if it is time to. A failure is not lost: the next `save` meets it again.
    fn flush(&mut self) {
        let Self { file, world, now, answered, .. } = self;
        if let Some(file) = file {
            let _ = file.flush(&Saved::new(*now, *answered, world));
        }
    }

    pub fn save(&mut self) -> Result<(), SandboxError> {
        let Self { file, world, now, answered, .. } = self;
        match file {
            Some(file) => file.save(&Saved::new(*now, *answered, world)),
            None => Ok(()),
        }
    }
}

fn has_own_agent(request: &Request) -> bool {
    let starts_with = |agent: &str, library: &str| {
        agent.get(..library.len()).is_some_and(|start| start.eq_ignore_ascii_case(library))
    };
    header(request, "user-agent").is_some_and(|agent| {
        !agent.trim().is_empty() && !LIBRARY_AGENTS.iter().any(|library| starts_with(agent, library))
    })
}

/// Any token will do, an empty one will not.
fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = header(request, "authorization")?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

fn header<'request>(request: &'request Request, name: &str) -> Option<&'request str> {
    request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn json_body(request: &Request) -> Result<Option<Value>, serde_json::Error> {
    let carries = matches!(request.method, Method::Post | Method::Put | Method::Patch);
    match &request.body {
        Some(body) if carries && !body.trim_ascii().is_empty() => serde_json::from_slice(body).map(Some),
        _ => Ok(None),
    }
}

/// A UUID that depends on nothing but the seed and the count of answers.
fn request_id(seed: u64, count: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed ^ count.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid().to_string()
}
