//! The result of one change of the plan: its operations as steps, and the objects that exist because of it or despite
//! it.

use std::fmt;

use crate::apply::OperationErrorCode;
use crate::model::{Action, Address, Change, Cost, Verb};

/// One change of the plan, or changes that happened without a plan.
#[derive(Clone, Debug)]
pub struct SummaryRow {
    pub address: Address,
    /// As planned; `None` without a plan.
    planned: Option<Action>,
    pub steps: Vec<OperationStep>,
    /// The object that existed before.
    before: Option<String>,
    /// The object's name, which may appear in messages.
    pub name: Option<String>,
    hourly_before: Cost,
    hourly_after: Cost,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct OperationStep {
    pub verb: Verb,
    /// For a create, set once it is known.
    pub id: Option<String>,
    /// Whether RunPod accepted the request, regardless of later events.
    pub accepted: bool,
    pub status: StepStatus,
}

#[derive(Clone, Debug)]
pub enum StepStatus {
    Planned,
    Skipped(String),
    /// The request may have been sent.
    Started,
    /// RunPod accepted it.
    Accepted,
    /// Started, but its end was not awaited.
    Unfinished(String),
    Done,
    Failed(OperationFailure),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationFailure {
    pub message: String,
    pub help: Option<String>,
    pub code: OperationErrorCode,
    pub changed: bool,
}

/// How a change ended. Each change has exactly one of these, so that the counts add up to the plan's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeResult {
    Unchanged,
    Done,
    Failed,
    Unfinished,
    NotStarted,
}

/// One object that exists, or may exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExistingObject<'r> {
    pub address: &'r Address,
    pub id: &'r str,
    pub hourly: Cost,
    pub state: ObjectState,
    /// Whether the address now belongs to its successor.
    pub superseded: bool,
}

/// The last known state of an object. Ordered, with those that need attention first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectState {
    /// This operation failed.
    Failed(Verb),
    /// RunPod accepted this operation, and then something failed.
    AcceptedOnly(Verb),
    /// This operation was started.
    Begun(Verb),
    /// It should have been destroyed.
    Remains,
    /// This operation succeeded.
    Done(Verb),
    AsBefore,
}

impl fmt::Display for ObjectState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Failed(Verb::Create) => "created, but failed",
            Self::Failed(Verb::Delete) => "could not be destroyed",
            Self::Failed(Verb::Start) => "could not be started",
            Self::Failed(Verb::Stop) => "could not be stopped",
            Self::Failed(Verb::Wait) => "not ready",
            Self::Failed(_) => "could not be updated",
            Self::AcceptedOnly(Verb::Create) => "created, but failed",
            Self::AcceptedOnly(Verb::Delete) => "delete sent, may still exist",
            Self::AcceptedOnly(Verb::Start) => "started, but not ready",
            Self::AcceptedOnly(Verb::Stop) => "stop sent, may still run",
            Self::AcceptedOnly(Verb::Import) => "imported, but not ready",
            Self::AcceptedOnly(Verb::Wait) => "not ready",
            Self::AcceptedOnly(_) => "update accepted, but failed",
            Self::Begun(Verb::Create) => "created, not ready yet",
            Self::Begun(Verb::Delete) => "delete sent, may still exist",
            Self::Begun(Verb::Start) => "started, not ready yet",
            Self::Begun(Verb::Stop) => "stop sent, may still run",
            Self::Begun(Verb::Wait) => "not ready yet",
            Self::Begun(_) => "update sent, not confirmed",
            Self::Remains => "not destroyed",
            Self::Done(Verb::Create) => "created",
            Self::Done(Verb::Start) => "started",
            Self::Done(Verb::Stop) => "stopped",
            Self::Done(Verb::Import) => "imported",
            Self::Done(Verb::Wait) => "ready",
            Self::Done(_) => "updated",
            Self::AsBefore => "as before",
        })
    }
}

impl SummaryRow {
    pub fn of(change: &Change) -> Self {
        let name = [&change.before, &change.after].into_iter().find_map(|side| side.get("name")?.as_text());
        Self {
            planned: Some(change.action),
            before: change.id.clone(),
            name: name.map(str::to_owned),
            hourly_before: change.hourly_before,
            hourly_after: change.hourly_after,
            ..Self::unplanned(&change.address)
        }
    }

    pub fn unplanned(address: &Address) -> Self {
        Self {
            address: address.clone(),
            planned: None,
            steps: Vec::new(),
            before: None,
            name: None,
            hourly_before: Cost::ZERO,
            hourly_after: Cost::ZERO,
        }
    }

    pub fn result(&self) -> ChangeResult {
        let all = |fits: fn(&StepStatus) -> bool| self.steps.iter().all(|step| fits(&step.status));
        if self.steps.is_empty() {
            ChangeResult::Unchanged
        } else if self.failure().is_some() {
            ChangeResult::Failed
        } else if all(|status| matches!(status, StepStatus::Done)) {
            ChangeResult::Done
        } else if all(|status| matches!(status, StepStatus::Planned | StepStatus::Skipped(_))) {
            ChangeResult::NotStarted
        } else {
            ChangeResult::Unfinished
        }
    }

    /// The action of the change, as the plan counts it.
    pub fn action(&self) -> Action {
        let has = |verb: Verb| self.steps.iter().any(|step| step.verb == verb);
        match self.planned {
            Some(action) if action != Action::NoOp => action,
            _ if has(Verb::Create) && has(Verb::Delete) => Action::Replace,
            _ => self.steps.first().map_or(Action::NoOp, |step| match step.verb {
                Verb::Create => Action::Create,
                Verb::Update => Action::Update,
                Verb::Delete => Action::Delete,
                Verb::Start => Action::Start,
                Verb::Stop => Action::Stop,
                Verb::Import => Action::Import,
                Verb::Forget => Action::Forget,
                Verb::Wait => Action::NoOp,
            }),
        }
    }

    pub fn failure(&self) -> Option<(&OperationStep, &OperationFailure)> {
        self.steps.iter().find_map(|step| match &step.status {
            StepStatus::Failed(failure) => Some((step, failure)),
            _ => None,
        })
    }

    /// Whether anything happened at RunPod or in the state.
    pub fn changed(&self) -> bool {
        self.steps.iter().any(|step| match &step.status {
            StepStatus::Planned | StepStatus::Skipped(_) => false,
            StepStatus::Failed(failure) => failure.changed || (step.accepted && step.verb != Verb::Wait),
            _ if step.verb == Verb::Wait => false,
            StepStatus::Started | StepStatus::Accepted | StepStatus::Unfinished(_) | StepStatus::Done => true,
        })
    }

    /// Whether the previous object is gone and has no replacement.
    pub fn lost_predecessor(&self) -> bool {
        let deleted =
            self.steps.iter().any(|step| step.verb == Verb::Delete && matches!(step.status, StepStatus::Done));
        deleted && self.action().is_replacement() && self.existing_objects().is_empty()
    }

    /// The objects that exist now, or may exist.
    pub fn existing_objects(&self) -> Vec<ExistingObject<'_>> {
        let (mut old, mut new) = (self.old(), None);
        for step in &self.steps {
            match step.verb {
                Verb::Create => new = self.made(step),
                Verb::Delete => old = self.deleted(old, step),
                Verb::Forget => {}
                _ => {
                    if let Some(object) = new.as_mut().or(old.as_mut()) {
                        self.change(object, step);
                    }
                }
            }
        }
        if let (Some(old), Some(_)) = (&mut old, &new) {
            old.superseded = true;
        }
        new.into_iter().chain(old).collect()
    }

    fn object<'r>(&'r self, id: &'r str, hourly: Cost, state: ObjectState) -> ExistingObject<'r> {
        ExistingObject { address: &self.address, id, hourly, state, superseded: false }
    }

    fn old(&self) -> Option<ExistingObject<'_>> {
        // Without a plan, only the steps know the object.
        let known = self.steps.iter().find(|step| step.verb != Verb::Create).and_then(|step| step.id.as_deref());
        let id = self.before.as_deref().or(known)?;
        let state = if self.action().destroys() { ObjectState::Remains } else { ObjectState::AsBefore };
        Some(self.object(id, self.hourly_before, state))
    }

    fn made<'r>(&'r self, step: &'r OperationStep) -> Option<ExistingObject<'r>> {
        let state = match &step.status {
            StepStatus::Done => ObjectState::Done(Verb::Create),
            StepStatus::Accepted | StepStatus::Unfinished(_) => ObjectState::Begun(Verb::Create),
            StepStatus::Failed(failure) if failure.changed => ObjectState::Failed(Verb::Create),
            _ => return None,
        };
        Some(self.object(step.id.as_deref()?, self.hourly_after, state))
    }

    fn deleted<'r>(&'r self, old: Option<ExistingObject<'r>>, step: &'r OperationStep) -> Option<ExistingObject<'r>> {
        let state = match step.status {
            StepStatus::Done => return None,
            StepStatus::Planned | StepStatus::Skipped(_) => ObjectState::Remains,
            StepStatus::Started | StepStatus::Accepted | StepStatus::Unfinished(_) => ObjectState::Begun(Verb::Delete),
            StepStatus::Failed(_) => ObjectState::Failed(Verb::Delete),
        };
        let id = step.id.as_deref().or(old.map(|old| old.id))?;
        // A plan may estimate the cost on one side only.
        Some(self.object(id, self.hourly_before, state))
    }

    fn change(&self, object: &mut ExistingObject<'_>, step: &OperationStep) {
        let OperationStep { verb, status, accepted, .. } = step;
        let verb = *verb;
        object.state = match status {
            StepStatus::Planned | StepStatus::Skipped(_) => return,
            StepStatus::Done => match object.state {
                ObjectState::Done(Verb::Create) => return,
                _ => ObjectState::Done(verb),
            },
            StepStatus::Failed(_) if *accepted => ObjectState::AcceptedOnly(verb),
            StepStatus::Failed(_) => ObjectState::Failed(verb),
            StepStatus::Started | StepStatus::Accepted | StepStatus::Unfinished(_) => ObjectState::Begun(verb),
        };
        // Until the operation is done, assume the higher of both prices.
        object.hourly = match status {
            StepStatus::Done => self.hourly_after,
            _ if !self.hourly_after.is_known() => self.hourly_after,
            _ => self.hourly_before.max(self.hourly_after),
        };
    }

    /// The cost if nothing was to change.
    pub fn unchanged_cost(&self) -> Cost {
        self.hourly_before
    }
}
