//! Another sindri on the same account, with its own state: it creates, changes and destroys while the first one
//! applies.

use std::cell::Cell;
use std::time::Duration;

use fastrand::Rng;
use sindri::model::{Dialect, Resource, Value};
use sindri::planner::PlanOptions;
use tokio::time::sleep;

use crate::simulation::account::World;
use crate::simulation::actor::{Actor, Ended, KillAfter, Project, UnmanagedPolicy};
use crate::simulation::commands::deletions;
use crate::simulation::sabotage::Sabotage;
use crate::simulation::schedule::{Scope, history};
use crate::support::Desired;

pub struct Neighbor {
    pub actor: Actor,
    versions: [Desired; 2],
    /// Its current configuration: one of the versions, or none after it was destroyed.
    now: Cell<Option<usize>>,
}

/// Its actions in one round.
pub struct Turn {
    after: Duration,
    polls: usize,
    to: Option<usize>,
    include_volumes: bool,
    seed: u64,
}

impl Neighbor {
    /// A neighbour in two thirds of the worlds. Also returns how the first project must treat objects that match its
    /// own: two projects with equal volume names must not both adopt everything that they find.
    ///
    /// A project with the same names has only pods and volumes, because names of the other kinds are unique in an
    /// account.
    pub fn draw(world: &World, seed: u64, scope: Scope, dice: &mut Rng) -> (Option<Self>, UnmanagedPolicy) {
        let (name, environment) = match dice.u8(..6) {
            0 | 1 => return (None, UnmanagedPolicy::Adopt),
            2 | 3 => ("rival", "default"),
            4 => ("test", "staging"),
            // A second clone of the same project whose state was never shared, and so with another lineage.
            _ => ("test", "default"),
        };
        let clone = (name, environment) == ("test", "default");
        let alike = clone || dice.u8(..3) == 0;
        let (mut ours, mut theirs) = (UnmanagedPolicy::Adopt, UnmanagedPolicy::Adopt);
        if alike {
            ours = if clone || dice.bool() { UnmanagedPolicy::Beside } else { UnmanagedPolicy::Adopt };
            theirs = match dice.u8(..3) {
                0 if !clone => UnmanagedPolicy::Adopt,
                1 if !clone => UnmanagedPolicy::Refuse,
                _ => UnmanagedPolicy::Beside,
            };
        }
        let dialect = if dice.u8(..4) == 0 { Dialect::V1 } else { Dialect::V2 };
        let project = Project { name, environment, dialect, policy: theirs, alike, signature: "rival" };
        let actor = Actor::new(project, world, !seed, Sabotage::None);
        // Equal blocks test equal names most thoroughly.
        let (first, second) = history(if alike && dice.bool() { seed } else { !seed });
        let mut versions = [first.resources(dialect), second.resources(dialect)];
        if !alike {
            scope.extend(!seed, dialect, &mut versions);
            versions.iter_mut().flat_map(Desired::values_mut).for_each(rename);
        }
        (Some(Self { actor, versions, now: Cell::new(None) }), ours)
    }

    /// Acts in most rounds.
    pub fn turn(&self, dice: &mut Rng) -> Option<Turn> {
        let to = match dice.u8(..6) {
            0 => return None,
            1 => None,
            2 | 3 => Some(0),
            _ => Some(1),
        };
        Some(Turn {
            after: Duration::from_millis(dice.u64(0..20_000)),
            polls: if dice.u8(..4) == 0 { dice.usize(1..80) } else { usize::MAX },
            to,
            include_volumes: dice.bool(),
            seed: dice.u64(..),
        })
    }

    /// Applies a version of its configuration, or destroys all of it; false if it was killed.
    pub async fn take(&self, turn: Turn) -> bool {
        sleep(turn.after).await;
        self.now.set(turn.to);
        let options = PlanOptions {
            destroy: turn.to.is_none(),
            permits: deletions(turn.to.is_none() && turn.include_volumes),
            ..PlanOptions::default()
        };
        let apply = async { self.actor.apply(&self.wanted(), options, turn.seed).await };
        let ended: Option<Ended> = KillAfter::new(turn.polls, apply).await;
        ended.is_some()
    }

    pub fn wanted(&self) -> Desired {
        self.now.get().map(|version| self.versions[version].clone()).unwrap_or_default()
    }
}

/// Gives a resource another name, and its secrets.
fn rename(resource: &mut Resource) {
    for (name, value) in resource.inputs.iter_mut() {
        match value {
            Value::Text(text) if name == "name" => *text = text.replacen("test-", "rival-", 1),
            Value::Map(variables) => variables.iter_mut().for_each(|(_, value)| {
                if let Value::Text(text) = value {
                    *text = text.replace("RUNPOD_SECRET_test-", "RUNPOD_SECRET_rival-");
                }
            }),
            _ => {}
        }
    }
}
