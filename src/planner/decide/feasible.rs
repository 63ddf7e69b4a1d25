//! Refuses creates that are known to fail, before anything is destroyed for them.
//!
//! It uses two sources. The refresh's lists show which objects named by id exist ([`refuse_unlisted`]). For the rest,
//! `observe` sends each distinct question to RunPod once and passes the [`Answers`] to [`judge`]. Both functions are
//! pure. Apply asks the same questions again before its first delete.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, AccountObject, Kind, Names};
use crate::model::{
    Action, Address, Attributes, Change, FieldChange, Note, Object, Observed, Operation, Plan, Position, Refusal,
    RefusalCode, Value, Verb,
};

/// RunPod's answer about an object that a create names by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Usable,
    /// It exists but cannot be used here, for this reason.
    Unfit(&'static str),
    /// RunPod answered that this API key can read no such object.
    Absent,
}

impl Presence {
    /// Why a create cannot use the object `id`; `None` if it can.
    pub fn objection(self, outside: AccountObject, id: &str) -> Option<String> {
        match self {
            Self::Usable => None,
            Self::Absent => Some(absent(outside.title(), id)),
            Self::Unfit(reason) => Some(format!("{} `{id}` cannot be used: {reason}", outside.title())),
        }
    }
}

fn absent(title: &str, id: &str) -> String {
    format!("no {title} `{id}` in this account")
}

/// Answers to questions that need separate requests. A missing answer is no reason to refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// By kind of object and id.
    pub outside: BTreeMap<(AccountObject, String), Presence>,
    /// By address: creates that the client cannot send, with the reason.
    pub unsendable: BTreeMap<Address, String>,
    /// Replacements for which RunPod's catalog shows no stock.
    pub out_of_stock: BTreeSet<Address>,
}

/// The objects outside the lists that a create with these inputs names.
pub fn outside(kind: &str, inputs: &Attributes) -> impl Iterator<Item = (AccountObject, String)> {
    let named = kind::find(kind).into_iter().flat_map(|kind| kind.named(inputs));
    named.filter_map(|(_, names, id)| match names {
        Names::Outside(outside) => Some((outside, id.to_owned())),
        Names::Listed { .. } => None,
    })
}

/// Why a create with these inputs cannot use an object of a listed kind: it does not exist, or it is in another region.
///
/// `found` are the object's attributes, if it exists.
pub fn misplaced(inputs: &Attributes, names: Names, id: &str, found: Option<&Attributes>) -> Option<String> {
    let Names::Listed { kind, place } = names else { return None };
    let title = kind::find(kind).map_or(kind, |kind| kind.title);
    let Some(found) = found else { return Some(absent(title, id)) };
    let (own, allowed) = place?;
    let at = found.get(own)?.as_text().filter(|at| !at.is_empty())?;
    let allowed = inputs.get(allowed).map(Value::text_items).unwrap_or_default();
    if allowed.is_empty() || allowed.contains(&at) {
        return None;
    }
    let name = kind::find(kind).and_then(|kind| kind.display_name(found)).unwrap_or(id);
    Some(format!("{title} `{name}` ({id}) is in {at}, but the configuration allows {}", allowed.join(", ")))
}

/// Refuses creates that name an object of a listed kind that is not listed or is in another region.
pub(in crate::planner) fn refuse_unlisted(plan: &mut Plan, observed: &Observed) {
    if plan.unrefreshed {
        // Without a refresh, nothing is known about objects outside the state.
        return;
    }
    let mut found = FeasibilityFindings::default();
    for (address, operation) in creates(plan) {
        let Some(creates) = kind::find(&address.kind) else { continue };
        for (_, names, id) in creates.named(&operation.inputs) {
            let Names::Listed { kind, .. } = names else { continue };
            let object = observed.get(kind, id);
            if let Some(message) = misplaced(&operation.inputs, names, id, object.map(|object| &object.attributes)) {
                let help = match object {
                    None => "check the id, and that the API key belongs to the same account",
                    Some(_) => "set `region` to the location of the volume, or remove `region`",
                };
                found.refuse(&message, help, address);
            }
        }
        if let Some((name, id)) = taken(plan, operation, creates, observed) {
            let message =
                format!("the account already has a {} with the name `{name}`, with the id {id}", creates.title);
            let help = format!(
                "`sindri import {address} {id}` imports it, if it is this one; otherwise give this one another name"
            );
            found.refuse(&message, &help, address);
        }
    }
    found.put_into(plan);
}

/// The name and id of an existing object that RunPod allows only once, and that is there when the create is sent.
fn taken<'o>(plan: &Plan, create: &Operation, kind: &Kind, observed: &'o Observed) -> Option<(&'o str, &'o str)> {
    let unique = kind.attributes.iter().find(|attribute| attribute.unique)?;
    let name = create.inputs.get(unique.name)?;
    let same = |object: &&Object| !object.is_leaving() && object.attributes.get(unique.name) == Some(name);
    let object = observed.of_kind(kind.name).find(same)?;
    let goes_before = create.depends_on.iter().filter_map(|index| plan.operations.get(*index)).any(|operation| {
        operation.verb == Verb::Delete && operation.id.as_deref() == Some(&object.id) //
    });
    (!goes_before).then_some((object.attributes.get(unique.name)?.as_text()?, &object.id))
}

/// Refuses creates that the answers rule out, and adds notes for doubtful ones.
pub fn judge(plan: &mut Plan, answers: &Answers) {
    let mut found = FeasibilityFindings::default();
    let replaced = plan.changes.iter().filter(|change| change.action.is_replacement());
    // Something is destroyed before these creates.
    let replaced: BTreeSet<&Address> = replaced.map(|change| &change.address).collect();
    for (address, operation) in creates(plan) {
        if let Some(message) = answers.unsendable.get(address) {
            let help =
                "nothing is destroyed for a request that cannot be sent; move large values into a file or the image";
            found.refuse(&format!("the create of `{address}` cannot be sent: {message}"), help, address);
        }
        for (outside, id) in outside(&address.kind, &operation.inputs) {
            let presence = answers.outside.get(&(outside, id.clone()));
            let Some(message) = presence.and_then(|presence| presence.objection(outside, &id)) else { continue };
            // Lookups do not show all shared templates. If nothing is replaced, a failing create destroys nothing, so a
            // note is enough.
            let is_template = outside.kind() != AccountObject::Registry.kind();
            if is_template && !replaced.contains(address) {
                found.note(&format!("{message}, so RunPod will probably refuse the create"), address);
            } else {
                let help = "check the id, and that the API key belongs to the same account";
                found.refuse(&message, help, address);
            }
        }
    }
    for address in &answers.out_of_stock {
        found.note(
            "RunPod shows no stock for its replacement now; apply checks stock again and destroys nothing without it",
            address,
        );
    }
    found.put_into(plan);
}

/// The write-only values that the plan's requests have to send and that are not set: address, attribute and place.
pub fn missing_values(plan: &Plan) -> Vec<(&Address, &str, Option<&Position>)> {
    let changes = plan.by_address();
    let mut missing = Vec::new();
    for operation in &plan.operations {
        let kind = kind::find(&operation.address.kind);
        for attribute in kind.into_iter().flat_map(|kind| kind.write_only()) {
            let is_unknown = |value: &Value| matches!(value, Value::Secret(secret) if secret.expose().is_none());
            if operation.inputs.get(attribute.name).is_some_and(is_unknown) {
                let change = changes.get(&operation.address);
                let field = change.and_then(|change| change.fields.iter().find(|field| field.path == attribute.name));
                let position = field.and_then(|field| field.position.as_ref());
                let position = position.or_else(|| change?.position.as_ref());
                missing.push((&operation.address, attribute.name, position));
            }
        }
    }
    missing
}

/// One note per template that supplies disks, because the estimate cannot include them.
pub(in crate::planner) fn unpriced(plan: &Plan) -> Vec<Note> {
    let mut templates: BTreeMap<(&str, &str), Vec<&Address>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.action == Action::Create || change.action.is_replacement())
    {
        let Some(kind) = kind::find(&change.address.kind) else { continue };
        let is_disk = |(name, ..): &(&str, &str, &str)| kind.disk_attributes.contains(name);
        if let Some((_, supplier, id)) = kind.supplied(&change.after).find(is_disk) {
            templates.entry((supplier, id)).or_default().push(&change.address);
        }
    }
    let note = |((supplier, id), addresses): ((&str, &str), Vec<&Address>)| Note {
        address: None,
        message: format!(
            "{supplier} {id} supplies the disks of {}; their cost is unknown and not in the estimate",
            several(&addresses)
        ),
    };
    templates.into_iter().map(note).collect()
}

/// One note for all destroy-first replacements with machine requirements that RunPod's catalog does not cover.
pub(in crate::planner) fn unanswerable(plan: &Plan) -> Option<Note> {
    let asks = |change: &&Change| {
        let not_told = kind::find(&change.address.kind).map_or(&[][..], |kind| kind.not_in_catalog);
        let asks = |field: &FieldChange| not_told.contains(&&*field.path) && field.after != Value::Null;
        change.action == Action::Replace && change.fields.iter().any(asks)
    };
    let addresses: Vec<&Address> = plan.changes.iter().filter(asks).map(|change| &change.address).collect();
    (!addresses.is_empty()).then(|| Note {
        address: None,
        message: format!(
            "RunPod does not report which machines have as much memory or as many vCPUs as {} requests. If none is \
             free, the create fails after the old pod is deleted; with `createBeforeDestroy` the old pod is kept \
             until then",
            several(&addresses)
        ),
    })
}

/// The creates of a plan, each with the address shown to the user.
fn creates(plan: &Plan) -> impl Iterator<Item = (&Address, &Operation)> {
    plan.operations
        .iter()
        .filter(|operation| operation.verb == Verb::Create)
        .map(|operation| (&operation.address, operation))
}

/// Findings grouped by text, so that a fleet that names one object gets a single refusal.
#[derive(Default)]
struct FeasibilityFindings {
    refusals: BTreeMap<(String, String), Vec<Address>>,
    notes: BTreeMap<String, Vec<Address>>,
}

impl FeasibilityFindings {
    fn refuse(&mut self, message: &str, help: &str, address: &Address) {
        self.refusals.entry((message.to_owned(), help.to_owned())).or_default().push(address.clone());
    }

    fn note(&mut self, message: &str, address: &Address) {
        self.notes.entry(message.to_owned()).or_default().push(address.clone());
    }

    fn put_into(self, plan: &mut Plan) {
        // Every create may be refused for a reason of its own.
        let places: BTreeMap<Address, usize> = match self.refusals.is_empty() {
            true => BTreeMap::new(),
            false => plan.changes.iter().enumerate().map(|(place, change)| (change.address.clone(), place)).collect(),
        };
        for ((message, help), addresses) in self.refusals {
            let place = addresses.first().and_then(|first| places.get(first));
            let change = place.and_then(|place| plan.changes.get_mut(*place));
            let position = change.as_ref().and_then(|change| change.position.clone());
            let refusal = |message| Refusal { code: RefusalCode::ImpossibleCreate, message, help, position };
            match (addresses.as_slice(), change) {
                ([_], Some(change)) => change.refusals.push(refusal(message)),
                (addresses, _) => {
                    let addresses: Vec<&Address> = addresses.iter().collect();
                    plan.refusals.push(refusal(format!("{message} ({})", several(&addresses))));
                }
            }
        }
        for (message, addresses) in self.notes {
            let addresses: Vec<&Address> = addresses.iter().collect();
            plan.notes.push(match addresses.as_slice() {
                [address] => Note { address: Some((*address).clone()), message },
                several_of => Note { address: None, message: format!("{}: {message}", several(several_of)) },
            });
        }
    }
}

/// ``pod.a``, ``pod.a` and `pod.b``, ``pod.a` and 9 others``.
pub(super) fn several(addresses: &[&Address]) -> String {
    match addresses {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [first, second] => format!("`{first}` and `{second}`"),
        [first, rest @ ..] => format!("`{first}` and {} others", rest.len()),
    }
}
