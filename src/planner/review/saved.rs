//! A plan in a file: what a reviewer saw, and what every action of it was decided from.
//!
//! It holds no secret, no state and nothing that is sent. Before it is applied the plan is made anew, and what the two do
//! has to be the same: the file says what may be done, never how. What moved since is told by content, field by field, so
//! that what has nothing to do with the plan does not make it stale.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{Action, Address, Attributes, Change, Plan, Position, Record, Resource, State, Value};
use crate::planner::input::{Input, Options};
use crate::planner::recognise::moves;
use crate::planner::review::identity;
use crate::resource::records::redact;

/// The format that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 2;

/// What `plan --out` writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    pub format_version: u32,
    /// The version that wrote it. For display.
    pub sindri: String,
    /// [`identity::id`].
    pub plan_id: String,
    /// The configuration file, for sentences: `sindri.yaml`.
    pub config: String,
    /// The day of the catalog that prices come from.
    pub catalog_date: String,
    /// What flags asked of the plan.
    pub options: Options,
    /// What every action was decided from.
    pub actions: BTreeMap<Address, Basis>,
    /// For readers; of what does not change only the address is kept.
    pub plan: Plan,
    /// Over all of the above: what is shown is what was planned.
    pub digest: String,
}

/// What one action was decided from: digests by field, of which secrets are no part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Of the requests, where the address has any of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<String>,
    /// The configuration's fragment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: Fields,
    /// The record in the state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub record: Fields,
    /// What RunPod showed, as far as sindri manages it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observed: Fields,
}

/// Digests by path: `image`, `env.LOG_LEVEL`.
pub type Fields = BTreeMap<String, String>;

/// A saved plan that was changed after it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Tampered;

impl SavedPlan {
    /// A finished plan with what it was made from.
    pub fn of(plan: &Plan, input: &Input<'_>, config: String) -> Self {
        let mut requests = identity::requests(plan);
        let plan_id = identity::id_with(plan, &requests);
        let prior = moves::followed(input.prior, input.moved, input.desired).state;
        let sources = Sources { input, prior: &prior.resources };
        let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
        let actions = changed
            .map(|change| {
                let basis = sources.basis(&change.address, Some(change), requests.remove(&change.address));
                (change.address.clone(), basis)
            })
            .collect();
        let mut saved = Self {
            format_version: FORMAT_VERSION,
            sindri: env!("CARGO_PKG_VERSION").to_owned(),
            plan_id,
            config,
            catalog_date: input.catalog.compiled.clone(),
            options: input.options.clone(),
            actions,
            plan: shown(plan),
            digest: String::new(),
        };
        saved.digest = saved.digested();
        saved
    }

    /// A digest of everything but the digest.
    fn digested(&self) -> String {
        identity::digest(&Self { digest: String::new(), ..self.clone() })
    }

    /// Whether the file is as it was written. It is no signature: who wants to deceive a reader can make another plan.
    pub fn verify(&self) -> Result<(), Tampered> {
        let same = self.digested() == self.digest && identity::id_with(&self.plan, &self.requests()) == self.plan_id;
        if same { Ok(()) } else { Err(Tampered) }
    }

    fn requests(&self) -> BTreeMap<Address, String> {
        let requests = self.actions.iter();
        requests.filter_map(|(address, basis)| Some((address.clone(), basis.requests.clone()?))).collect()
    }

    /// What was asked of the plan, for one made anew for what is in this one. A replacement on request is not asked for again
    /// once it has been carried out.
    pub fn options_now(&self, prior: &State) -> Options {
        // Made from memory perhaps; what is applied is held against what is there.
        let mut options = Options { unrefreshed: false, ..self.options.clone() };
        let planned = self.plan.by_address();
        options.replace.retain(|address| {
            let recorded = prior.resources.get(address).map(|record| record.id.as_str());
            recorded == planned.get(address).and_then(|change| change.id.as_deref())
        });
        // An empty plan names nothing, which would mean everything: what is found then is held against the file as well.
        if options.destroy {
            options.only = self.targets();
        } else {
            options.targets = self.targets();
        }
        options
    }

    /// What this plan changes or waits for: `--target` for the plan that is made anew.
    pub fn targets(&self) -> BTreeSet<Address> {
        self.actions.keys().chain(self.plan.waits.iter().map(|wait| &wait.address)).map(identity::root).collect()
    }

    /// Holds this plan against one made anew for [`Self::targets`].
    pub fn compare(&self, input: &Input<'_>, fresh: &Plan) -> Comparison {
        let mut comparison = Comparison::default();
        if let Some(elsewhere) = self.elsewhere(fresh) {
            comparison.moved.push(elsewhere);
            return comparison;
        }
        let prior = moves::followed(input.prior, input.moved, input.desired).state;
        let sources = Sources { input, prior: &prior.resources };
        let saved = identity::actions(&self.plan, &self.requests());
        let requests = identity::requests(fresh);
        let now = identity::actions(fresh, &requests);
        let changes = fresh.by_address();
        let planned = self.plan.by_address();
        for (address, basis) in &self.actions {
            if now.contains_key(address) && now.get(address) == saved.get(address) {
                continue;
            }
            let (was, change) = (planned.get(address).copied(), changes.get(address).copied());
            let mut current = sources.basis(address, change, requests.get(address).cloned());
            let outlived = was.is_some_and(|was| was.action.destroys() && outlived(was, input, &prior));
            if outlived {
                // It is there, though the plan made now has nothing to say about it.
                current.observed = basis.observed.clone();
            }
            let agreed = current.config == basis.config && !outlived;
            if agreed && !now.contains_key(address) {
                comparison.done.push(address.clone());
            } else if !(agreed && is_rest(was, change, &current)) {
                comparison.moved.extend(moved(address, basis, &current, input.desired.get(address), was, change));
            }
        }
        let extra = fresh.changes.iter().filter(|change| change.action != Action::NoOp);
        for change in extra.filter(|change| !self.actions.contains_key(&change.address) && !self.is_predecessor(change))
        {
            comparison.moved.push(Moved::new(&change.address, What::Extra(change.action)));
        }
        comparison
    }

    /// Whether it destroys what a replacement of this plan left behind, whose successor is there by now.
    fn is_predecessor(&self, change: &Change) -> bool {
        let successor = change.address.successor().filter(|_| change.action == Action::Delete);
        let replaced = successor.and_then(|successor| self.plan.changes.iter().find(|was| was.address == successor));
        replaced.is_some_and(|was| was.action == Action::ReplaceCreateFirst && was.id == change.id)
    }

    /// Another project, environment, API or state altogether.
    fn elsewhere(&self, fresh: &Plan) -> Option<Moved> {
        let place = |what, was: &str, is: &str| {
            (was != is).then(|| Moved { address: None, what: What::Elsewhere(what, was.to_owned(), is.to_owned()) })
        };
        let lineages = !self.plan.new_state && !fresh.new_state;
        place("project", &self.plan.name, &fresh.name)
            .or_else(|| place("environment", &self.plan.environment, &fresh.environment))
            .or_else(|| place("API", &self.plan.api, &fresh.api))
            .or_else(|| place("state", &self.plan.lineage, &fresh.lineage).filter(|_| lineages))
    }
}

/// Whether the object that was to be destroyed is there still, and nobody's: no record names it, and no plan ends it.
fn outlived(was: &Change, input: &Input<'_>, prior: &State) -> bool {
    let Some(id) = &was.id else { return false };
    let lives = input.observed.get(&was.address.kind, id).is_some_and(|object| !object.is_leaving());
    lives && prior.address_of(&was.address.kind, id).is_none()
}

/// Whether it is what is left of a replacement that failed after its first half: the old one is gone and recorded as gone.
fn is_rest(was: Option<&Change>, change: Option<&Change>, current: &Basis) -> bool {
    let action = |change: Option<&Change>| change.map(|change| change.action);
    action(was) == Some(Action::Replace) && action(change) == Some(Action::Create) && current.record.is_empty()
}

/// What of a plan readers need: no secrets, no requests, and of what stays as it is only that it does.
fn shown(plan: &Plan) -> Plan {
    let mut shown = Plan { operations: Vec::new(), records: BTreeMap::new(), ..plan.clone() };
    for change in &mut shown.changes {
        if change.action == Action::NoOp {
            change.before.clear();
            change.after.clear();
        }
        change.before.values_mut().chain(change.after.values_mut()).for_each(redact);
    }
    let drifted = shown.drift.iter_mut().flat_map(|drift| &mut drift.fields);
    for field in shown.changes.iter_mut().flat_map(Change::all_fields_mut).chain(drifted) {
        redact(&mut field.before);
        redact(&mut field.after);
    }
    shown
}

/// What became of a saved plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Why it must not be applied; nothing, if it may.
    pub moved: Vec<Moved>,
    /// What needs nothing any more: it is as the plan would make it.
    pub done: Vec<Address>,
}

/// One thing that is not as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// `None` for the plan as a whole.
    pub address: Option<Address>,
    pub what: What,
}

/// See [`Moved`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The plan is about another project, environment, API or state: which of these, then and now.
    Elsewhere(&'static str, String, String),
    /// There was nothing to read then.
    Came(Reading, Option<Position>),
    /// There is nothing to read now.
    Went(Reading),
    /// One field reads differently.
    Field(Reading, String, Option<Position>),
    /// The readings are the same, and what is decided from them is not: something else that it depends on moved.
    Action(Option<Action>, Option<Action>),
    /// Something that is needed now, and is not in the plan.
    Extra(Action),
}

/// The three readings of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Config,
    Record,
    Observed,
}

impl Moved {
    fn new(address: &Address, what: What) -> Self {
        Self { address: Some(address.clone()), what }
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(formatter, "`{address}`: ")?;
        }
        let word = |action: &Option<Action>| action.map_or("no-op", Action::word);
        match &self.what {
            What::Elsewhere(what, was, is) => {
                write!(formatter, "it was made for the {what} `{was}`, and this is `{is}`")
            }
            What::Came(Reading::Config, None) => formatter.write_str("it is declared now"),
            What::Came(Reading::Config, Some(position)) => write!(formatter, "it is declared now ({position})"),
            What::Came(Reading::Record, _) => formatter.write_str("the state has a record of it now"),
            What::Came(Reading::Observed, _) => formatter.write_str("RunPod shows it now"),
            What::Went(Reading::Config) => formatter.write_str("it is no longer declared"),
            What::Went(Reading::Record) => formatter.write_str("the state has no record of it any more"),
            What::Went(Reading::Observed) => formatter.write_str("RunPod does not show it any more"),
            What::Field(reading, field, position) => {
                let who = match reading {
                    Reading::Config => "the configuration says",
                    Reading::Record => "its record in the state says",
                    Reading::Observed => "RunPod shows",
                };
                write!(formatter, "{who} something else of `{field}`")?;
                position.as_ref().map_or(Ok(()), |position| write!(formatter, " ({position})"))
            }
            What::Action(was, is) if was == is => {
                write!(formatter, "it would still be `{}`, but not with the same requests", word(was))
            }
            What::Action(was, is) => write!(formatter, "it was `{}`, and would now be `{}`", word(was), word(is)),
            What::Extra(action) => {
                write!(formatter, "it would now be `{}` as well, which is not in the plan", action.word())
            }
        }
    }
}

/// Everything in which the readings of one address differ; if in nothing, that the decision does.
fn moved(
    address: &Address,
    was: &Basis,
    is: &Basis,
    resource: Option<&Resource>,
    planned: Option<&Change>,
    change: Option<&Change>,
) -> Vec<Moved> {
    let position = |field: &str| {
        let resource = resource?;
        let attribute = field.split_once('.').map_or(field, |(attribute, _)| attribute);
        let positions = &resource.positions;
        positions.get(field).or_else(|| positions.get(attribute)).or(resource.position.as_ref()).cloned()
    };
    let mut found: Vec<Moved> = Vec::new();
    for (reading, was, is) in [
        (Reading::Config, &was.config, &is.config),
        (Reading::Record, &was.record, &is.record),
        (Reading::Observed, &was.observed, &is.observed),
    ] {
        let place = |field: &str| position(field).filter(|_| reading == Reading::Config);
        match (was.is_empty(), is.is_empty()) {
            (true, false) => found.push(Moved::new(address, What::Came(reading, place("")))),
            (false, true) => found.push(Moved::new(address, What::Went(reading))),
            _ => found.extend(
                differing(was, is).map(|field| Moved::new(address, What::Field(reading, field.clone(), place(field)))),
            ),
        }
    }
    if found.is_empty() {
        let action = |change: Option<&Change>| change.map(|change| change.action);
        found.push(Moved::new(address, What::Action(action(planned), action(change))));
    }
    found
}

fn differing<'a>(was: &'a Fields, is: &'a Fields) -> impl Iterator<Item = &'a String> {
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    keys.into_iter().filter(|key| was.get(*key) != is.get(*key))
}

/// The three readings, as digests.
struct Sources<'a> {
    input: &'a Input<'a>,
    /// With moves carried out.
    prior: &'a BTreeMap<Address, Record>,
}

impl Sources<'_> {
    fn basis(&self, address: &Address, change: Option<&Change>, requests: Option<String>) -> Basis {
        Basis {
            requests,
            config: self.input.desired.get(address).map(of_resource).unwrap_or_default(),
            record: self.prior.get(address).map(of_record).unwrap_or_default(),
            observed: change.map(of_object).unwrap_or_default(),
        }
    }
}

fn of_resource(resource: &Resource) -> Fields {
    let Resource { address: _, inputs, parent: _, power, lifecycle, timeouts: _, position: _, positions: _ } = resource;
    let mut fields = of_attributes(inputs);
    fields.insert("power".into(), identity::digest(power));
    fields.insert("lifecycle".into(), identity::digest(lifecycle));
    fields
}

fn of_record(record: &Record) -> Fields {
    // Readiness that comes or goes meanwhile makes no plan stale: waiting changes nothing.
    let Record {
        kind: _,
        id,
        chosen: _,
        marked: _,
        depends_on: _,
        power,
        prevent_destroy,
        ignored,
        tainted,
        awaiting_ready: _,
        inputs,
    } = record;
    let mut fields = of_attributes(inputs);
    fields.insert("id".into(), identity::digest(id));
    fields.insert("power".into(), identity::digest(power));
    fields.insert("prevent_destroy".into(), identity::digest(prevent_destroy));
    fields.insert("ignored".into(), identity::digest(ignored));
    fields.insert("tainted".into(), identity::digest(tainted));
    fields
}

fn of_object(change: &Change) -> Fields {
    let mut fields = of_attributes(&change.before);
    if let Some(id) = &change.id {
        fields.insert("id".into(), identity::digest(id));
    }
    fields
}

/// Maps are told key by key; what is not set is left out.
fn of_attributes(attributes: &Attributes) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in attributes.iter().filter(|(_, value)| !value.is_null()) {
        match value {
            Value::Map(map) => {
                fields.extend(map.iter().map(|(key, value)| (format!("{name}.{key}"), identity::digest(value))))
            }
            value => {
                fields.insert(name.clone(), identity::digest(value));
            }
        }
    }
    fields
}
