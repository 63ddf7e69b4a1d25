//! Decides about each address in graph order: what happens to it, why, and what that destroys.

mod damage;
mod decision;
mod previous;
mod refuse;
mod subject;
mod undeclared;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, MachineFacts, price};
use crate::model::{
    Action, Address, Attributes, Cause, Change, Cost, DifferenceOrigin, Object, Power, Resource, SideEffect, Status,
    Value,
};
use crate::planner::decide::ignored;
use crate::planner::decide::member::decide_member;
use crate::planner::decide::replace::{broken, must_replace, recreates};
use crate::planner::decide::side_effects;
use crate::resource::difference::{Difference, Readings, difference};
use crate::resource::members;
use crate::resource::records::{declared_record, needed, wanted_power};

pub use self::decision::{Decision, Decisions};
use self::refuse::ambiguous;
pub use self::subject::DecisionContext;
use self::subject::{Members, Subject, explains};

/// Decides about every declared or recorded address.
pub fn decide<'a>(context: &DecisionContext<'a>) -> Decisions<'a> {
    let mut order: Vec<Address> = context.graphs.desired.order().to_vec();
    order
        .extend(context.graphs.prior.order().iter().filter(|address| !context.desired.contains_key(*address)).cloned());
    let members = Members {
        desired: members::by_parent(context.desired.keys()),
        recorded: members::by_parent(context.prior.resources.keys()),
        succeeding: context.prior.resources.keys().filter_map(Address::successor).collect(),
    };
    let mut by_address: BTreeMap<Address, Decision<'a>> = BTreeMap::new();
    for address in &order {
        let Some(kind) = kind::find(&address.kind) else { continue };
        let decision = match members::parent_of(address) {
            Some(parent) => decide_member(context, kind, address, by_address.get(&parent)),
            None => Subject::new(context, kind, address, &members, &by_address).decide(),
        };
        by_address.insert(address.clone(), decision);
    }
    Decisions { by_address, order }
}

impl<'a> Subject<'_, 'a> {
    fn decide(self) -> Decision<'a> {
        match (self.resource, self.object) {
            (Some(resource), Some(object)) => self.existing(resource, object),
            (Some(resource), None) => self.absent(resource),
            (None, Some(object)) => self.undeclared(object),
            (None, None) => self.forgotten(),
        }
    }

    /// Declared, but the object does not exist.
    fn absent(self, resource: &'a Resource) -> Decision<'a> {
        let cause = match &self.record {
            Some(record) => Cause::Missing { id: record.id.clone() },
            None => Cause::New { position: resource.position.clone() },
        };
        let mut change = self.change(Action::Create, vec![cause]);
        change.refusals.extend(ambiguous(self.address, self.kind, self.context.claims.ambiguous(self.address)));
        change.after = self.declared.clone();
        change.hourly_after = self.estimate(&self.wanted, self.wanted_power());
        change.side_effects.extend(self.boots());
        self.finish(change)
    }

    /// Declared, and the object exists.
    fn existing(mut self, resource: &'a Resource, object: &'a Object) -> Decision<'a> {
        self.keep_previous(resource, object);
        let readings = Readings::of_resource(self.kind, resource, object, (&self.wanted, self.recorded.as_ref()));
        let difference = difference(&readings);
        let power = self.wanted_power();
        let (action, causes) = self.action(resource, object, &difference, power);
        let mut change = self.change(action, causes);
        change.refusals = self.refusals(resource, object, &change, &difference);
        self.unapplied.extend(difference.refused.iter().map(|(field, _)| field.path.clone()));
        change.side_effects = self.side_effects(&readings, resource, object, action);
        change.fields = difference.all();
        change.before = self.display_object(object);
        let kept = |declared: &Attributes, shown: &Attributes| match action.is_replacement() {
            true => declared.clone(),
            false => side_effects::kept(declared.clone(), self.kind, resource, shown),
        };
        change.after = kept(&self.declared, &change.before);
        (change.risk, change.losses) = self.damage(object, action, &change.fields);
        change.hourly_before = self.estimate_object(object);
        change.hourly_after = match action {
            Action::NoOp | Action::Import => change.hourly_before,
            action if action.is_replacement() => self.estimate(&self.wanted, power),
            _ => {
                let known = MachineFacts { power, ..MachineFacts::of(object) };
                price::estimate(
                    self.context.input.catalog,
                    self.kind.name,
                    &kept(&self.wanted, &object.attributes),
                    known,
                )
            }
        };
        change.in_place_alternative = self.in_place_alternative(object, &change);
        self.finish(change)
    }

    fn action(
        &self,
        resource: &Resource,
        object: &Object,
        difference: &Difference,
        power: Option<Power>,
    ) -> (Action, Vec<Cause>) {
        let mut causes: Vec<Cause> = self.claim.iter().cloned().collect();
        let fields = &difference.fields;
        if !difference.is_empty() {
            causes.push(Cause::Fields);
        }
        let unknown = fields.iter().any(|field| field.after_unknown);
        if unknown {
            let chain = self
                .unresolved
                .iter()
                .map(|(address, action)| Cause::Dependency { address: address.clone(), action: *action });
            causes.extend(chain);
        }
        let sources = self.merged.iter().filter(|source| explains(source, fields)).map(|source| &source.change);
        causes.extend(sources.map(|it| Cause::Dependency { address: it.address.clone(), action: it.action }));
        let broken = self.broken(object);
        causes.extend(broken.clone());
        let asked = self.context.input.options.replace.contains(self.address);
        if asked {
            causes.push(Cause::Flag { flag: format!("--replace {}", self.address) });
        }

        let seen = object.status.as_ref().and_then(Status::power);
        if asked
            || broken.is_some()
            || must_replace(fields, recreates(&self.context.input.options, resource, (power, seen)))
        {
            // The successor cannot be created first if a dependency must be destroyed first.
            let first = self.creates_first(resource)
                && self.goes_first().is_none()
                && !self.was_never_of_use(object)
                && self.can_coexist(object);
            return (if first { Action::ReplaceCreateFirst } else { Action::Replace }, causes);
        }
        let moves = power.zip(seen).filter(|(wanted, seen)| wanted != seen).map(|(wanted, _)| wanted);
        if let Some(wanted) = moves {
            let recorded = self.record.as_ref().filter(|_| self.claim.is_none()).and_then(|record| record.power);
            let origin = recorded
                .map(|recorded| if recorded == wanted { DifferenceOrigin::Drift } else { DifferenceOrigin::Declared });
            causes.push(Cause::Power { wanted, origin, position: resource.positions.get("power").cloned() });
        }
        // An impossible change is planned like any other; its refusal prevents the apply.
        let action = match (difference.is_empty(), moves) {
            (false, _) => Action::Update,
            (true, Some(Power::Running)) => Action::Start,
            (true, Some(Power::Stopped)) => Action::Stop,
            (true, None) if self.claim.is_some() => Action::Import,
            (true, None) => Action::NoOp,
        };
        (action, causes)
    }

    fn broken(&self, object: &Object) -> Option<Cause> {
        // A predecessor is destroyed once its successor was ready. A pod declared as stopped never becomes ready.
        let declared = self.resource.and_then(Resource::declared_power);
        let stays_stopped = self.succeeds && declared == Some(Power::Stopped);
        let cause = || (stays_stopped && self.was_never_of_use(object)).then_some(Cause::Tainted);
        broken(object, self.record.as_deref()).or_else(cause)
    }

    /// Whether destroying it before its successor exists loses nothing: it has not been ready since its creation.
    fn was_never_of_use(&self, object: &Object) -> bool {
        object.shows_unready() && self.record.as_ref().is_some_and(|record| record.never_ready())
    }

    fn change(&self, action: Action, causes: Vec<Cause>) -> Change {
        Change {
            id: self.object.map(|object| object.id.clone()),
            position: self.resource.and_then(|resource| resource.position.clone()),
            ..Change::new(self.address.clone(), action, causes)
        }
    }

    fn finish(self, change: Change) -> Decision<'a> {
        let power = self.wanted_power();
        let settled = match (self.resource, change.action) {
            (_, Action::Delete | Action::Forget) => None,
            (Some(resource), action) => {
                let keeps = action != Action::Create && !action.is_replacement();
                let old = self.record.as_ref().filter(|_| keeps);
                let mut record = declared_record(self.kind, resource, power);
                record.id = old.map_or_else(String::new, |old| old.id.clone());
                record.chosen = old.map_or_else(BTreeMap::new, |old| old.chosen.clone());
                record.marked = old.and_then(|old| old.marked.clone());
                let ready = self.object.is_some_and(|object| object.ready);
                if let Some(old) = old.filter(|_| !ready) {
                    (record.tainted, record.awaiting_ready) = (old.tainted, old.awaiting_ready);
                }
                if let Some((old, object)) = old.zip(self.object) {
                    // The values of an adopted object count as applied, regardless of the state's record of another
                    // object.
                    let applied = self.recorded.as_ref().filter(|_| self.claim.is_none()).unwrap_or(&self.wanted);
                    let ignore: BTreeSet<String> =
                        resource.lifecycle.ignore_changes.union(&self.unapplied).cloned().collect();
                    ignored::keep(&mut record, self.kind, &ignore, old, applied, &object.attributes);
                    for (name, id) in &self.previous {
                        record.inputs.insert((*name).to_owned(), Value::text(id));
                    }
                    ignored::forget_unknown(&mut record, old, &object.attributes, &change.fields);
                    record.depends_on = needed(&record.inputs, resource);
                }
                Some(record)
            }
            (None, _) => self.record.as_deref().cloned(),
        };
        Decision {
            imports: self.claim.is_some() && self.resource.is_some(),
            kind: self.kind,
            resource: self.resource,
            record: self.record,
            object: self.object,
            settled,
            power,
            refused: self.unapplied,
            listed: OnceCell::new(),
            change,
        }
    }

    fn wanted_power(&self) -> Option<Power> {
        wanted_power(self.resource?, self.record.as_ref().and_then(|record| record.power))
    }

    /// The cost of a new object.
    fn estimate(&self, inputs: &Attributes, power: Option<Power>) -> Cost {
        let known = MachineFacts { power, ..MachineFacts::default() };
        price::estimate(self.context.input.catalog, self.kind.name, inputs, known)
    }

    fn estimate_object(&self, object: &Object) -> Cost {
        price::estimate_object(self.context.input.catalog, object)
    }

    fn side_effects(
        &self,
        readings: &Readings<'_>,
        resource: &Resource,
        object: &Object,
        action: Action,
    ) -> Vec<SideEffect> {
        if !action.is_replacement() {
            return Vec::new();
        }
        let mut effects = side_effects::fields(readings, object, resource, self.context.input.dialect);
        effects.extend(self.boots());
        if self.creates_first(resource) && action == Action::Replace {
            effects.extend(self.goes_first().map(|needs| SideEffect::DestroyedFirst { needs: needs.clone() }));
        }
        effects
    }

    /// A new object that should be stopped runs first.
    fn boots(&self) -> Option<SideEffect> {
        let stopped = self.wanted_power() == Some(Power::Stopped);
        let running = || self.estimate(&self.wanted, Some(Power::Running));
        stopped.then(|| SideEffect::Boots { hourly: running() })
    }

    fn creates_first(&self, resource: &Resource) -> bool {
        self.kind.creates_first || resource.lifecycle.create_before_destroy
    }

    /// Whether RunPod accepts the new object beside this one.
    fn can_coexist(&self, object: &Object) -> bool {
        let mut unique = self.kind.attributes.iter().filter(|attribute| attribute.unique);
        unique.all(|attribute| self.wanted.get(attribute.name) != object.attributes.get(attribute.name))
    }

    /// A dependency that is destroyed before its own successor exists.
    fn goes_first(&self) -> Option<&Address> {
        let mut unresolved = self.unresolved.iter();
        unresolved.find(|(_, action)| *action == Action::Replace).map(|(address, _)| address)
    }

    /// The observed attributes that are ours, without undeclared keys of maps.
    fn display_object(&self, object: &Object) -> Attributes {
        let mut shown = object.attributes.clone();
        for attribute in
            self.kind.attributes.iter().filter(|attribute| attribute.compare == crate::kind::Compare::ManagedKeys)
        {
            let inputs = [Some(&self.wanted), self.recorded.as_ref()].into_iter().flatten();
            let maps: Vec<_> = inputs.filter_map(|inputs| inputs.get(attribute.name)?.as_map()).collect();
            let Some(Value::Map(map)) = shown.get_mut(attribute.name) else { continue };
            map.retain(|key, _| maps.iter().any(|declared| declared.contains_key(key)));
            for (key, value) in map.iter_mut() {
                let mut declarations = maps.iter().filter_map(|declared| declared.get(key));
                // Show only values that a file or a record contains in plain text; any other value may be someone's
                // secret.
                let plain =
                    declarations.any(|declared| declared.as_text().is_some_and(|text| value.expose() == Some(text)));
                if let Some(text) = value.expose().filter(|_| plain) {
                    *value = Value::text(text);
                }
            }
        }
        shown
    }
}
