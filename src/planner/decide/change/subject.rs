//! The subject of a decision: one address with its three readings, and the context that all decisions share.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::decision::Decision;
use crate::kind::Kind;
use crate::model::{
    Action, Address, Attributes, Awaiting, Cause, DifferenceOrigin, FieldChange, Object, Record, Resource, State, Value,
};
use crate::planner::input::{Graphs, Input};
use crate::planner::recognise::claim::Claims;
use crate::resource::inventory::live_object;
use crate::resource::records::Observation;
use crate::resource::{members, resolved};

/// The data that every decision may use.
pub struct DecisionContext<'a> {
    pub input: &'a Input<'a>,
    /// Empty if everything is being destroyed.
    pub desired: &'a BTreeMap<Address, Resource>,
    /// The prior state after applying moves.
    pub prior: &'a State,
    pub claims: &'a Claims<'a>,
    pub graphs: &'a Graphs,
    /// The addresses that `sindri destroy` covers.
    pub destroy_targets: &'a BTreeSet<Address>,
    /// See [`crate::planner::decide::protect::needed_by_protected`].
    pub needed_by_protected: &'a BTreeMap<Address, Address>,
}

/// Progress of the successor of a predecessor left behind by an earlier run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::planner) enum Successor {
    Ready,
    /// Created, recreated or waited for in this plan.
    Coming,
    /// It exists, is not ready, and is not waited for.
    NotReady,
}

/// One address with its three readings: desired, prior and observed.
pub(super) struct Subject<'c, 'a> {
    pub context: &'c DecisionContext<'a>,
    pub kind: &'static Kind,
    pub address: &'c Address,
    pub resource: Option<&'a Resource>,
    pub record: Option<Cow<'a, Record>>,
    pub object: Option<&'a Object>,
    pub claim: Option<Cause>,
    /// Inputs with members folded in. References to objects that exist and stay are ids.
    pub wanted: Attributes,
    /// The same inputs with all references as written, for display.
    pub declared: Attributes,
    pub recorded: Option<Attributes>,
    /// For a predecessor: its successor's address and progress.
    pub successor: Option<(Address, Successor)>,
    /// Whether its predecessor is kept until it is ready.
    pub succeeds: bool,
    /// The targets of the unresolved references in `wanted`, with the action on each.
    pub unresolved: Vec<(Address, Action)>,
    /// The changing resources whose fields are among the inputs.
    pub merged: Vec<&'c Decision<'a>>,
    /// Attributes that keep their values although the declaration differs.
    pub unapplied: BTreeSet<String>,
    /// Attributes that keep naming the previous object of a replaced resource, with its id.
    pub previous: BTreeMap<&'static str, String>,
}

pub(super) struct Members<'m> {
    pub desired: BTreeMap<Address, Vec<&'m Address>>,
    pub recorded: BTreeMap<Address, Vec<&'m Address>>,
    /// Addresses with a predecessor left behind by an earlier run.
    pub succeeding: BTreeSet<Address>,
}

impl<'c, 'a> Subject<'c, 'a> {
    pub(super) fn new(
        context: &'c DecisionContext<'a>,
        kind: &'static Kind,
        address: &'c Address,
        members: &Members<'_>,
        decided: &'c BTreeMap<Address, Decision<'a>>,
    ) -> Self {
        let resource = context.desired.get(address);
        let prior = context.prior.resources.get(address);
        let claim = context.claims.get(address);
        let declared = resource.map(|resource| members::folded(address, &resource.inputs, &members.desired));
        let declared = declared.unwrap_or_default();
        // The record of a different object is irrelevant to an object adopted in its place.
        let of_another = claim.is_some_and(|claim| claim.cause.adopted_by_evidence().is_some());
        let known = prior.filter(|_| !of_another);
        let succeeds = members.succeeding.contains(address);
        let imported = claim.zip(resource).map(|(claim, resource)| {
            let observed = (resource, claim.object);
            Cow::Owned(imported_record(kind, observed, known, decided, succeeds))
        });
        Self {
            context,
            kind,
            address,
            resource,
            record: imported.or_else(|| prior.map(Cow::Borrowed)),
            object: claim
                .map(|claim| claim.object)
                .or_else(|| prior.and_then(|record| live_object(context.input.observed, record))),
            claim: claim.map(|claim| claim.cause.clone()),
            wanted: resolved(declared.clone(), &|target| id_of_staying(decided, target)),
            declared,
            recorded: known.map(|record| recorded_inputs(context, address, record, members)),
            successor: successor(address, decided),
            succeeds,
            unresolved: resource.map(|resource| unresolved(resource, decided)).unwrap_or_default(),
            merged: resource.map(|resource| merged(resource, decided)).unwrap_or_default(),
            unapplied: BTreeSet::new(),
            previous: BTreeMap::new(),
        }
    }
}

/// The id of a resource that exists and stays.
fn id_of_staying(decided: &BTreeMap<Address, Decision<'_>>, target: &Address) -> Option<String> {
    let decision = decided.get(target)?;
    let stays = decision.change.action != Action::Create && !decision.change.action.destroys();
    decision.record.as_ref().filter(|_| stays).map(|record| record.id.clone())
}

/// The record after the import of an object.
fn imported_record(
    kind: &'static Kind,
    (resource, object): (&Resource, &Object),
    recorded: Option<&Record>,
    decided: &BTreeMap<Address, Decision<'_>>,
    succeeds: bool,
) -> Record {
    // The ids known at the time of the import; objects that this plan creates or imports come later.
    let imports = |target: &Address| decided.get(target).is_some_and(|decision| decision.imports);
    let there = |target: &Address| id_of_staying(decided, target).filter(|_| !imports(target));
    let wanted = resolved(resource.inputs.clone(), &there);
    let mut record = Observation { kind, resource, wanted: &wanted, object, recorded }.record();
    if succeeds && !object.ready {
        // Its predecessor stays until a list shows the successor ready.
        record.awaiting_ready.get_or_insert(Awaiting::Again);
    }
    record
}

/// The recorded inputs with members folded in, and references as the ids that they stood for.
fn recorded_inputs(
    context: &DecisionContext<'_>,
    address: &Address,
    record: &Record,
    members: &Members<'_>,
) -> Attributes {
    let id_of = |target: &Address| context.prior.id_of(target);
    resolved(members::folded(address, &record.inputs, &members.recorded), &id_of)
}

/// For a predecessor: its declared successor, and how far that is.
fn successor(address: &Address, decided: &BTreeMap<Address, Decision<'_>>) -> Option<(Address, Successor)> {
    let successor = address.successor()?;
    let decision = decided.get(&successor).filter(|decision| decision.resource.is_some())?;
    Some((successor, Successor::of(decision)))
}

/// The referenced resources that are created or replaced, with the action on each.
fn unresolved(resource: &Resource, decided: &BTreeMap<Address, Decision<'_>>) -> Vec<(Address, Action)> {
    let targets = resource.inputs.values().flat_map(Value::references);
    let made = targets.filter_map(|target| {
        let action = decided.get(target)?.change.action;
        (action == Action::Create || action.is_replacement()).then(|| (target.clone(), action))
    });
    made.collect()
}

/// The changing resources that become part of this one.
fn merged<'c, 'a>(resource: &Resource, decided: &'c BTreeMap<Address, Decision<'a>>) -> Vec<&'c Decision<'a>> {
    let sources = resource.needs.iter().filter_map(|need| decided.get(need));
    sources.filter(|it| it.kind.is_merged_into_users && it.change.action != Action::NoOp).collect()
}

/// Whether the change of a resource explains one of these fields of a resource that it is merged into.
pub(super) fn explains(Decision { kind, change: source, .. }: &Decision<'_>, fields: &[FieldChange]) -> bool {
    fields.iter().filter(|field| kind.gives(&field.path)).any(|field| match source.action {
        Action::Create | Action::Replace | Action::ReplaceCreateFirst => {
            value_at(&source.after, &field.path) == Some(&field.after)
        }
        _ => source.fields.iter().any(|own| own.path == field.path && own.origin != Some(DifferenceOrigin::Drift)),
    })
}

fn value_at<'v>(attributes: &'v Attributes, path: &str) -> Option<&'v Value> {
    match path.split_once('.') {
        Some((attribute, key)) => attributes.get(attribute)?.as_map()?.get(key),
        None => attributes.get(path),
    }
}
