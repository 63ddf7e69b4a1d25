//! Decides about parts of another resource's request. Their changes follow from their parent's.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::kind::Kind;
use crate::model::{Action, Address, Attributes, Cause, Change, Record, Resource};
use crate::planner::decide::change::{Decision, DecisionContext};
use crate::resource::members;
use crate::resource::records::declared_record;

/// Decides about one part, based on the decision about its parent.
pub fn decide_member<'a>(
    context: &DecisionContext<'a>,
    kind: &'static Kind,
    address: &Address,
    parent: Option<&Decision<'a>>,
) -> Decision<'a> {
    let part = Part { context, kind, address, parent, resource: context.desired.get(address) };
    let record = part.record();
    let action = part.action(record.is_some());
    Decision {
        change: part.change(action, record.as_deref()),
        kind,
        resource: part.resource,
        settled: part.settled(action, record.as_deref()),
        record,
        object: None,
        imports: false,
        power: None,
        refused: BTreeSet::new(),
        listed: OnceCell::new(),
    }
}

struct Part<'c, 'a> {
    context: &'c DecisionContext<'a>,
    kind: &'static Kind,
    address: &'c Address,
    parent: Option<&'c Decision<'a>>,
    resource: Option<&'a Resource>,
}

impl<'a> Part<'_, 'a> {
    /// The parent's attribute that lists its parts.
    fn attribute(&self) -> Option<&'static str> {
        self.kind.member_of.as_ref().map(|membership| membership.attribute)
    }

    /// Whether the parent's object lists its parts at all.
    fn is_listed(&self) -> bool {
        let object = self.parent.and_then(|parent| parent.object);
        object.zip(self.attribute()).is_some_and(|(object, attribute)| object.attributes.contains_key(attribute))
    }

    /// Whether the parent's object has this part.
    fn is_there(&self) -> bool {
        let name = self.address.member.as_deref().unwrap_or_default();
        self.parent.zip(self.attribute()).is_some_and(|(parent, attribute)| parent.lists(attribute, name))
    }

    /// Its record, or the one after the import of its parent.
    fn record(&self) -> Option<Cow<'a, Record>> {
        if !self.parent.is_some_and(|parent| parent.imports) {
            return self.context.prior.resources.get(self.address).map(Cow::Borrowed);
        }
        // The record is about a part of another object, or of this one before its ports were changed.
        let resource = self.resource.filter(|_| self.is_there())?;
        let id = self.id_from_parent().unwrap_or_default();
        Some(Cow::Owned(Record { id, ..declared_record(self.kind, resource, None) }))
    }

    fn id_from_parent(&self) -> Option<String> {
        Some(members::id_of_member(&self.parent?.object?.id, self.address))
    }

    fn parent_action(&self) -> Action {
        self.parent.map_or(Action::Forget, |parent| parent.change.action)
    }

    /// Whether the parent's request includes its parts at all.
    fn is_carried(&self) -> bool {
        let lists = |parent: &Decision<'_>| {
            parent.change.fields.iter().any(|field| Some(field.path.as_str()) == self.attribute()) //
        };
        let action = self.parent_action();
        action == Action::Create || action.destroys() || self.parent.is_some_and(lists)
    }

    fn action(&self, is_recorded: bool) -> Action {
        match (self.resource.is_some(), self.parent_action()) {
            (true, Action::Create) => Action::Create,
            (true, action) if action.is_replacement() && is_recorded => action,
            (true, action) if action.is_replacement() => Action::Create,
            (true, Action::Import) if self.is_there() => Action::Import,
            (true, _) if self.is_there() || !self.is_carried() => Action::NoOp,
            (true, _) => Action::Create,
            (false, Action::Forget) => Action::Forget,
            (false, _) if !is_recorded => Action::NoOp,
            (false, _) if self.is_carried() => Action::Delete,
            (false, _) => Action::NoOp,
        }
    }

    fn change(&self, action: Action, record: Option<&Record>) -> Change {
        let follows = self.parent.filter(|_| action != Action::NoOp);
        let causes = follows.map(|parent| Cause::Parent { address: parent.change.address.clone() });
        let inputs = |inputs: Option<&Attributes>| inputs.cloned().unwrap_or_default();
        Change {
            id: record.map(|record| record.id.clone()),
            before: inputs(record.map(|record| &record.inputs)),
            after: inputs(self.resource.map(|resource| &resource.inputs)),
            position: self.resource.and_then(|resource| resource.position.clone()),
            ..Change::new(self.address.clone(), action, causes.into_iter().collect())
        }
    }

    /// The record after all operations.
    fn settled(&self, action: Action, record: Option<&Record>) -> Option<Record> {
        match action {
            Action::Delete | Action::Forget => None,
            _ if self.is_spared() => record.cloned(),
            Action::NoOp if self.is_supplied() => None,
            // Neither existing nor planned (removed from the file, or its absence is ignored), so no record remains.
            Action::NoOp if !self.is_there() && (self.resource.is_none() || self.is_listed()) => None,
            _ => self.declared(action, record).or_else(|| record.cloned()),
        }
    }

    /// Whether other resources are being destroyed, so that this one keeps its record.
    fn is_spared(&self) -> bool {
        let is_target = |parent: &Decision<'_>| self.context.destroy_targets.contains(&parent.change.address);
        self.context.input.options.destroy && self.parent.is_some_and(|parent| !is_target(parent))
    }

    /// Whether a template supplies the parts. Then they are not recorded, and any are accepted.
    fn is_supplied(&self) -> bool {
        let supplies = |parent: &Decision<'_>| {
            parent.kind.supplied(&parent.change.after).any(|(name, ..)| Some(name) == self.attribute()) //
        };
        self.resource.is_none() && self.parent.is_some_and(supplies)
    }

    fn declared(&self, action: Action, record: Option<&Record>) -> Option<Record> {
        let keeps = action != Action::Create && !action.is_replacement();
        let known = || record.map(|record| record.id.clone()).or_else(|| self.id_from_parent());
        let id = if keeps { known().unwrap_or_default() } else { String::new() };
        Some(Record { id, ..declared_record(self.kind, self.resource?, None) })
    }
}
