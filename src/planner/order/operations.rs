//! Turns decisions into operations: exactly one request each, in an order that respects both graphs.
//!
//! A create follows its dependencies (desired graph); a destroy follows the destroys of its dependents (prior graph).
//! Members have no operations of their own; they fold into their parent's request.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind;
use crate::model::{
    Action, Address, Attributes, Awaiting, Cause, Dialect, Effect, Operation, Power, Record, Timeouts, Value, ValueMap,
    Verb,
};
use crate::planner::decide::change::{Decision, Decisions};
use crate::planner::decide::lock::unlocks;
use crate::planner::input::Graphs;
use crate::resource::members;
use crate::resource::records::parts_there;

/// The operations of all decisions.
pub fn operations(decisions: &Decisions<'_>, graphs: &Graphs, dialect: Dialect) -> Vec<Operation> {
    let members = members::by_parent(decisions.by_address.keys());
    let mut draft = OperationsDraft::default();
    for address in &decisions.order {
        let Some(decision) = decisions.by_address.get(address).filter(|_| !members::is_member(address)) else {
            continue;
        };
        let members: Vec<&Decision<'_>> =
            members.get(address).into_iter().flatten().filter_map(|member| decisions.by_address.get(*member)).collect();
        Sequence { draft: &mut draft, decision, members: &members, dialect, last: None }.build();
    }
    for address in &decisions.order {
        draft.connect(address, graphs);
    }
    draft.sorted()
}

/// Operations under construction; edges may still point forwards.
#[derive(Default)]
struct OperationsDraft {
    operations: Vec<Operation>,
    /// The first and the last operation that make an address usable.
    makes: BTreeMap<Address, (usize, usize)>,
    /// The operation that destroys the existing object of an address.
    destroys: BTreeMap<Address, usize>,
    /// The operation that only waits until the existing object of an address is ready.
    waits: BTreeMap<Address, usize>,
}

impl OperationsDraft {
    fn connect(&mut self, address: &Address, graphs: &Graphs) {
        if let Some((first, _)) = self.makes.get(address).copied() {
            let needed = graphs.desired.dependencies(address).filter_map(|needed| self.makes.get(needed));
            let needed: Vec<usize> = needed.map(|(_, last)| *last).collect();
            self.operations[first].depends_on.extend(needed);
        }
        if let Some(destroys) = self.destroys.get(address).copied() {
            let dependents =
                graphs.prior.dependents(address).filter_map(|dependents| self.destroys.get(dependents).copied());
            let dependents: Vec<usize> = dependents.filter(|dependents| *dependents != destroys).collect();
            self.operations[destroys].depends_on.extend(dependents);
            if self.operations[destroys].replaced_by.is_some() {
                // Destroy nothing before the dependencies of its successor exist. A dependency that is also replaced
                // cannot be waited for, because it is only destroyed after its dependents.
                let needed = graphs.desired.dependencies(address).filter(|needed| self.needs_no_room(needed, graphs));
                let needed: Vec<usize> = needed.filter_map(|needed| Some(self.makes.get(needed)?.1)).collect();
                self.operations[destroys].depends_on.extend(needed);
            }
            if self.operations[destroys].replaced_by.is_none() {
                // Keep a predecessor until the dependents of its successor exist, because it may still be needed.
                let successor = address.successor().unwrap_or_else(|| address.clone());
                let dependents =
                    graphs.desired.dependents(&successor).filter_map(|dependents| self.makes.get(dependents));
                let dependents: Vec<usize> = dependents.map(|(_, last)| *last).collect();
                self.operations[destroys].depends_on.extend(dependents);
            }
            let Some(successor) = address.successor() else { return };
            // A predecessor left behind by an earlier run is destroyed once its successor exists. If both are
            // destroyed, it goes first, so that its record never remains alone.
            let made = self.makes.get(&successor).map(|(_, last)| *last);
            if let Some(last) = made.or_else(|| self.waits.get(&successor).copied()) {
                self.operations[destroys].depends_on.push(last);
            } else if let Some(after) = self.destroys.get(&successor) {
                self.operations[*after].depends_on.push(destroys);
            }
        }
    }

    /// Whether `address` and its dependencies can all be created without first destroying something for them.
    fn needs_no_room(&self, address: &Address, graphs: &Graphs) -> bool {
        let makes_room = |destroys: &usize| self.operations[*destroys].replaced_by.is_some();
        let needed = || graphs.desired.dependencies(address).all(|needed| self.needs_no_room(needed, graphs));
        !self.destroys.get(address).is_some_and(makes_room) && needed()
    }

    /// Kahn's algorithm over indices. Ties keep graph order, so the same plan always lists the same operations.
    fn sorted(self) -> Vec<Operation> {
        let count = self.operations.len();
        let mut open: Vec<usize> = Vec::with_capacity(count);
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (index, operation) in self.operations.iter().enumerate() {
            let needs: BTreeSet<usize> = operation.depends_on.iter().copied().collect();
            open.push(needs.len());
            for need in needs {
                dependents[need].push(index);
            }
        }
        let mut frontier: BTreeSet<usize> = (0..count).filter(|index| open[*index] == 0).collect();
        let mut place = vec![usize::MAX; count];
        let mut order = Vec::with_capacity(count);
        while let Some(index) = frontier.pop_first() {
            place[index] = order.len();
            order.push(index);
            for dependent in &dependents[index] {
                open[*dependent] -= 1;
                if open[*dependent] == 0 {
                    frontier.insert(*dependent);
                }
            }
        }
        debug_assert_eq!(order.len(), count, "operations never depend on each other in a cycle");
        let mut operations: Vec<Option<Operation>> = self.operations.into_iter().map(Some).collect();
        let mut sorted = Vec::with_capacity(count);
        for index in order {
            let Some(mut operation) = operations[index].take() else { continue };
            operation.depends_on = operation.depends_on.iter().map(|need| place[*need]).collect();
            operation.depends_on.sort_unstable();
            operation.depends_on.dedup();
            operation.replaced_by = operation.replaced_by.map(|successor| place[successor]);
            sorted.push(operation);
        }
        sorted
    }
}

/// The sequence of operations for one address.
struct Sequence<'d, 'a> {
    draft: &'d mut OperationsDraft,
    decision: &'d Decision<'a>,
    members: &'d [&'d Decision<'a>],
    dialect: Dialect,
    last: Option<usize>,
}

impl Sequence<'_, '_> {
    fn build(mut self) {
        let decision = self.decision;
        let change = &decision.change;
        if decision.imports {
            let mut import = self.operation(Verb::Import, decision.record.as_deref().cloned());
            import.members = self.imported_members();
            import.wait = change.action == Action::Import && decision.is_unready();
            let index = self.push(import);
            // The import itself has no dependencies; the operations after it do.
            if change.action == Action::Import {
                self.makes(index);
            }
        }
        match change.action {
            Action::NoOp if decision.is_unready() => self.wait(),
            Action::NoOp | Action::Import => {}
            Action::Create => {
                self.create(None);
            }
            Action::Replace => {
                let delete = self.delete(change.address.clone());
                self.draft.operations[delete].replaced_by = self.create(None);
            }
            Action::ReplaceCreateFirst => {
                let id = change.id.clone().unwrap_or_default();
                let deposed = change.address.deposed(&id);
                self.create(Some(deposed.clone()));
                if change.keeps_old_object() {
                    return;
                }
                let mut delete = self.operation(Verb::Delete, None);
                delete.address = deposed;
                delete.wait = true;
                let index = self.push(delete);
                self.draft.destroys.insert(change.address.clone(), index);
            }
            Action::Update => self.update(),
            Action::Start => self.power(Power::Running, decision.settled.clone()),
            Action::Stop => self.power(Power::Stopped, decision.settled.clone()),
            Action::Delete => {
                self.delete(change.address.clone());
            }
            Action::Forget => {
                let mut forget = self.operation(Verb::Forget, None);
                forget.members = self.removed_members();
                let index = self.push(forget);
                self.draft.destroys.insert(change.address.clone(), index);
            }
        }
    }

    /// Nothing changes, and only the destruction of a predecessor may depend on it.
    fn wait(&mut self) {
        let mut wait = self.operation(Verb::Wait, self.decision.settled.clone());
        wait.wait = true;
        let index = self.push(wait);
        self.draft.waits.insert(self.decision.change.address.clone(), index);
    }

    /// Returns the create operation, so that others can depend on it.
    fn create(&mut self, deposes: Option<Address>) -> Option<usize> {
        let decision = self.decision;
        let resource = decision.resource?;
        let addresses: Vec<&Address> = self
            .members
            .iter()
            .filter(|member| member.resource.is_some())
            .map(|member| &member.change.address)
            .collect();
        let inputs = members::fold_members(&resource.address, &resource.inputs, &addresses);
        let stopped = decision.power == Some(Power::Stopped);
        let late = self.late(&resource.inputs, stopped);
        let mut stopped_record = decision.settled.clone();
        if let Some(record) = &mut stopped_record {
            // Values that a later request sets are not in effect yet.
            for name in late.keys() {
                if let Some(value) = record.inputs.get_mut(name) {
                    *value = Value::Null;
                }
            }
        }
        let mut record = stopped_record.clone();
        if let Some(record) = &mut record {
            // It is created running and stopped by a separate operation.
            record.power = record.power.map(|_| Power::Running);
            record.awaiting_ready = decision.kind.awaits_readiness(record.power).then_some(Awaiting::First);
        }
        let mut create = self.operation(Verb::Create, record);
        create.id = None;
        create.candidates = candidates(decision, &inputs, self.dialect);
        create.inputs = inputs;
        create.inputs.retain(|name, _| !late.contains_key(name));
        create.wait = decision.kind.awaits_readiness(Some(Power::Running));
        // Recorded members of an object that is gone or replaced do not belong to the new one.
        create.members = self.removed_members();
        create.members.extend(self.settled_members());
        create.deposes = deposes;
        let created = self.push(create);
        self.makes(created);

        if stopped {
            self.power(Power::Stopped, stopped_record);
        }
        if !late.is_empty() {
            let mut update = self.operation(Verb::Update, decision.settled.clone());
            update.id = None;
            update.inputs = late;
            let index = self.push(update);
            self.makes(index);
        }
        Some(created)
    }

    /// Attributes that the create cannot include, to be set by an update.
    fn late(&self, inputs: &Attributes, stopped: bool) -> Attributes {
        let kind = self.decision.kind;
        let late = kind.attributes.iter().filter(|attribute| {
            // A lock would prevent the stop that follows.
            attribute.late == Some(self.dialect)
                || (stopped && kind.is_locked(inputs) && kind.lock_attribute == Some(attribute.name))
        });
        late.filter_map(|attribute| Some((attribute.name.to_owned(), inputs.get(attribute.name)?.clone())))
            .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)))
            .collect()
    }

    fn delete(&mut self, address: Address) -> usize {
        let mut delete = self.operation(Verb::Delete, None);
        delete.wait = true;
        delete.members = self.removed_members();
        let index = self.push(delete);
        self.draft.destroys.insert(address, index);
        index
    }

    fn update(&mut self) {
        let decision = self.decision;
        let change = &decision.change;
        let wanted = change.causes.iter().find_map(|cause| match cause {
            Cause::Power { wanted, .. } => Some(*wanted),
            _ => None,
        });
        // A pod that is stopped first does not restart for its other changes. A locked pod cannot be stopped first.
        let (first, last) = match wanted {
            Some(Power::Stopped) if !unlocks(decision.kind, &change.fields) => (wanted, None),
            _ => (None, wanted),
        };
        if let Some(power) = first {
            // The update's changes are not in effect yet.
            let before = decision.record.as_deref().cloned().map(|record| Record { power: wanted, ..record });
            self.power(power, before);
        }
        let mut inputs = Attributes::new();
        for field in &change.fields {
            match field.path.split_once('.') {
                None => {
                    inputs.insert(field.path.clone(), field.after.clone());
                }
                Some((name, key)) => {
                    if let Value::Map(map) = inputs.get_or_insert(name, Value::Map(ValueMap::new())) {
                        map.insert(key.to_owned(), field.after.clone());
                    }
                }
            }
        }
        // An unknown status does not mean that the pod is stopped.
        let stopped = decision.object.and_then(|object| object.status.as_ref()?.power()) == Some(Power::Stopped);
        let restarts = change.fields.iter().any(|field| field.effect == Effect::Restart);
        let mut record = decision.settled.clone();
        if let (Some(record), Some(before)) = (&mut record, &decision.record) {
            // The operation that changes power also records it.
            record.power = if last.is_some() { before.power } else { record.power };
        }
        let restarted = decision.kind.awaits_readiness(Some(Power::Running)) && restarts && !stopped && first.is_none();
        // An operation after the update (a start) waits itself.
        let wait = restarted || (decision.is_unready() && last.is_none());
        let record = if restarted { record.map(Record::awaited_again) } else { record };
        let mut update = self.operation(Verb::Update, record);
        update.inputs = inputs;
        update.wait = wait;
        let rolls_out = change.fields.iter().any(|field| field.effect == Effect::Rollout);
        update.rollout = update.timeouts.rollout.filter(|_| rolls_out);
        if self.lists_members(&update.inputs) {
            let declared = self.members.iter().filter(|member| member.resource.is_some());
            let declared: BTreeSet<&Address> = declared.map(|member| &member.change.address).collect();
            let undeclared = self.taken_members().filter(|(address, _)| !declared.contains(address));
            update.members.extend(undeclared.map(|(address, _)| (address, None)));
        }
        update.members.extend(self.settled_members());
        update.members.extend(
            self.members
                .iter()
                .filter(|member| member.change.action == Action::Delete)
                .map(|member| (member.change.address.clone(), None)),
        );
        let index = self.push(update);
        self.makes(index);
        if let Some(power) = last {
            self.power(power, decision.settled.clone());
        }
    }

    /// Whether a request with these inputs determines the list of parts.
    fn lists_members(&self, inputs: &Attributes) -> bool {
        kind::parts_of(self.decision.kind.name).any(|(_, membership)| inputs.contains_key(membership.attribute))
    }

    fn power(&mut self, power: Power, record: Option<Record>) {
        let created = self.last.is_some_and(|last| self.draft.operations[last].id.is_none());
        let (verb, wait) = match power {
            Power::Running => (Verb::Start, self.decision.kind.awaits_readiness(Some(power))),
            Power::Stopped => (Verb::Stop, false),
        };
        let record = if wait { record.map(Record::awaited_again) } else { record };
        let mut operation = self.operation(verb, record);
        operation.wait = wait;
        if created {
            operation.id = None;
        }
        let index = self.push(operation);
        self.makes(index);
    }

    /// An operation on the existing object.
    fn operation(&self, verb: Verb, record: Option<Record>) -> Operation {
        let change = &self.decision.change;
        Operation {
            address: change.address.clone(),
            verb,
            id: change.id.clone().or_else(|| self.decision.record.as_ref().map(|record| record.id.clone())),
            inputs: Attributes::new(),
            candidates: Vec::new(),
            depends_on: Vec::new(),
            record,
            members: BTreeMap::new(),
            deposes: None,
            wait: false,
            rollout: None,
            timeouts: self.decision.resource.map_or_else(Timeouts::default, |resource| resource.timeouts),
            replaced_by: None,
        }
    }

    fn push(&mut self, mut operation: Operation) -> usize {
        operation.depends_on.extend(self.last);
        let index = self.draft.operations.len();
        self.draft.operations.push(operation);
        self.last = Some(index);
        index
    }

    fn makes(&mut self, index: usize) {
        let address = self.decision.change.address.clone();
        let entry = self.draft.makes.entry(address).or_insert((index, index));
        entry.1 = index;
    }

    /// Records of the members that the request creates; their ids are derived from the parent's.
    fn settled_members(&self) -> BTreeMap<Address, Option<Record>> {
        let made = self.members.iter().filter(|member| {
            matches!(member.change.action, Action::Create | Action::Replace | Action::ReplaceCreateFirst)
        });
        made.filter_map(|member| Some((member.change.address.clone(), Some(member.settled.clone()?)))).collect()
    }

    /// The parts of an imported object, without those of a previous one.
    fn imported_members(&self) -> BTreeMap<Address, Option<Record>> {
        let mut members: BTreeMap<_, _> =
            self.members.iter().map(|member| (member.change.address.clone(), None)).collect();
        members.extend(self.taken_members().map(|(address, record)| (address, Some(record))));
        members
    }

    fn taken_members(&self) -> impl Iterator<Item = (Address, Record)> + use<> {
        let object = self.decision.object.filter(|_| self.decision.imports);
        object.map(|object| parts_there(&self.decision.change.address, object)).into_iter().flatten()
    }

    fn removed_members(&self) -> BTreeMap<Address, Option<Record>> {
        let recorded = self.members.iter().filter(|member| member.record.is_some());
        let recorded = recorded.map(|member| member.change.address.clone());
        recorded.chain(self.taken_members().map(|(address, _)| address)).map(|address| (address, None)).collect()
    }
}

/// Values to overlay on the inputs of a create, in the order to try.
fn candidates(decision: &Decision<'_>, inputs: &Attributes, dialect: Dialect) -> Vec<Attributes> {
    let mut candidates = vec![Attributes::new()];
    for attribute in decision.kind.attributes.iter().filter(|attribute| attribute.takes_one_of(dialect)) {
        let items = inputs.get(attribute.name).map(Value::text_items).unwrap_or_default();
        if items.is_empty() {
            continue;
        }
        candidates = candidates
            .iter()
            .flat_map(|candidate| {
                items.iter().map(move |item| {
                    let mut candidate = candidate.clone();
                    candidate.insert(attribute.name.to_owned(), Value::texts([*item]));
                    candidate
                })
            })
            .collect();
    }
    candidates
}
