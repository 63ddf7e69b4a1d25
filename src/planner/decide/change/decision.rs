//! The decision about each address, as used by the plan and its operations.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Kind};
use crate::model::{Action, Address, Change, Object, Power, Record, Resource, State, Wait};
use crate::resource::members;
use crate::resource::records::parts_there;
use crate::resource::resolved;

/// A change, plus data for its operations that the plan does not show.
pub struct Decision<'a> {
    pub change: Change,
    pub kind: &'static Kind,
    pub resource: Option<&'a Resource>,
    /// The record in the state. For an adopted object, the record after its import.
    pub record: Option<Cow<'a, Record>>,
    pub object: Option<&'a Object>,
    /// Whether the object is imported into the state first.
    pub imports: bool,
    /// The record after all operations; `None` if no record remains. Ids of new objects are empty.
    pub settled: Option<Record>,
    /// The power after all operations.
    pub power: Option<Power>,
    /// Paths whose declared values cannot be reached from the observed ones.
    pub refused: BTreeSet<String>,
    /// See [`Decision::lists`].
    pub listed: OnceCell<ListedParts<'a>>,
}

/// The names of the parts that an object lists, by attribute.
pub type ListedParts<'a> = BTreeMap<&'static str, BTreeSet<&'a str>>;

impl<'a> Decision<'a> {
    /// Whether the object lists a part of this name in `attribute`. A pod may have tens of thousands of ports, and each
    /// of them asks.
    pub fn lists(&self, attribute: &str, name: &str) -> bool {
        let of = |object: &'a Object| -> ListedParts<'a> {
            let attributes = kind::parts_of(self.kind.name).map(|(_, membership)| membership.attribute);
            let listed = attributes.filter_map(|name| Some((name, object.attributes.get(name)?.text_items())));
            listed.map(|(name, items)| (name, items.into_iter().collect())).collect()
        };
        let listed = self.listed.get_or_init(|| self.object.map(of).unwrap_or_default());
        listed.get(attribute).is_some_and(|names| names.contains(name))
    }

    /// Whether the object stays and should run, but is not usable yet.
    pub fn is_unready(&self) -> bool {
        let stays = self.change.action != Action::Create && !self.change.action.destroys();
        stays
            && self.resource.is_some()
            && self.kind.awaits_readiness(self.power)
            && self.object.is_some_and(|object| {
                object.is_awaited(self.record.as_ref().and_then(|record| record.awaiting_ready)) //
            })
    }

    /// The wait for an object that needs nothing else.
    fn wait(&self) -> Option<Wait> {
        let (object, resource) = self.object.zip(self.resource)?;
        (self.change.action == Action::NoOp && self.is_unready()).then(|| Wait {
            address: self.change.address.clone(),
            id: object.id.clone(),
            status: object.status.as_ref().map_or_else(String::new, ToString::to_string),
            created_at: object.computed.created_at.clone(),
            started_at: object.computed.started_at.clone(),
            awaiting: self.settled.as_ref().and_then(|record| record.awaiting_ready),
            timeout_seconds: resource.timeouts.create.as_secs(),
        })
    }
}

/// All decisions by address, with the graph order for iterating.
pub struct Decisions<'a> {
    pub by_address: BTreeMap<Address, Decision<'a>>,
    pub order: Vec<Address>,
}

impl Decisions<'_> {
    /// Record corrections for resources without operations.
    pub fn records(&self, prior: &State) -> BTreeMap<Address, Option<Record>> {
        // The operation that imports an object also records its parts.
        let taken = |part: &Address| {
            members::parent_of(part)
                .and_then(|parent| self.by_address.get(&parent))
                .is_some_and(|parent| parent.imports)
        };
        let untouched = self
            .by_address
            .iter()
            .filter(|(address, decision)| decision.change.action == Action::NoOp && !taken(address));
        untouched
            .map(|(address, decision)| (address, decision, decision.settled.clone().map(|it| self.known(prior, it))))
            .filter(|(_, decision, settled)| settled.as_ref() != decision.record.as_deref())
            .map(|(address, _, settled)| (address.clone(), settled))
            .chain(self.by_address.values().flat_map(|decision| self.unasked(prior, decision)))
            .collect()
    }

    /// Records of undeclared parts of an object that stays, if the attribute that lists them is ignored.
    fn unasked(&self, prior: &State, decision: &Decision<'_>) -> Vec<(Address, Option<Record>)> {
        let (Some(object), Some(resource)) = (decision.object, decision.resource) else { return Vec::new() };
        let stays = !decision.change.action.destroys() && decision.change.action != Action::Create && !decision.imports;
        let is_ignored = |attribute: &str| resource.lifecycle.ignore_changes.contains(attribute);
        let ignored = kind::parts_of(decision.kind.name).any(|(_, membership)| is_ignored(membership.attribute));
        if !stays || !ignored || !prior.resources.contains_key(&decision.change.address) {
            return Vec::new();
        }
        let there = parts_there(&decision.change.address, object).into_iter();
        there.filter(|(part, _)| !self.by_address.contains_key(part)).map(|(part, it)| (part, Some(it))).collect()
    }

    /// The record with ids in place of references to objects that the same plan imports later.
    fn known(&self, prior: &State, mut record: Record) -> Record {
        let comes = |to: &Address| !prior.resources.contains_key(to);
        if record.depends_on.iter().any(comes) {
            let id_of = |to: &Address| Some(self.by_address.get(to).filter(|_| comes(to))?.record.as_ref()?.id.clone());
            record.inputs = resolved(record.inputs, &id_of);
            record.depends_on.retain(|to| !comes(to));
        }
        record
    }

    /// See [`crate::model::Plan::late_needs`].
    pub fn late_needs(&self, prior: &State) -> BTreeMap<Address, Vec<Address>> {
        let untouched = self.by_address.iter().filter(|(_, decision)| decision.change.action == Action::NoOp);
        let late = untouched.filter_map(|(address, decision)| {
            let needs = decision.resource?.needs.iter().filter(|to| !prior.resources.contains_key(to));
            Some((address.clone(), needs.cloned().collect::<Vec<_>>())).filter(|(_, needs)| !needs.is_empty())
        });
        late.collect()
    }

    /// Resources that only need waiting.
    pub fn waits(&self) -> Vec<Wait> {
        self.order.iter().filter_map(|address| self.by_address.get(address)?.wait()).collect()
    }

    pub fn into_changes(mut self) -> Vec<Change> {
        let order = std::mem::take(&mut self.order);
        order.iter().filter_map(|address| self.by_address.remove(address)).map(|decision| decision.change).collect()
    }
}
