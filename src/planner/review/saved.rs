//! A saved plan: what a reviewer saw, and the inputs behind each of its actions.
//!
//! It contains no secrets, no state and no requests. Before apply, sindri re-plans and applies only if the result
//! matches the saved plan: the file limits what may be done but does not determine how. Changes since then are detected
//! by content, field by field, so unrelated changes do not make the plan stale.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{Action, Address, Attributes, Change, Plan, Position, Record, Resource, State, Value};
use crate::planner::input::{Input, PlanOptions};
use crate::planner::recognise::moves;
use crate::planner::review::identity;
use crate::resource::inventory::recorded;
use crate::resource::records::{redact, redacted};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 2;

/// The file that `plan --out` writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    pub format_version: u32,
    /// The sindri version that wrote it. For display.
    pub sindri: String,
    /// [`identity::id`].
    pub plan_id: String,
    /// The configuration file, for use in sentences: `sindri.yaml`.
    pub config: String,
    /// The date of the catalog that supplied the prices.
    pub catalog_date: String,
    /// The plan's options, set by flags.
    pub options: PlanOptions,
    /// The inputs behind each action.
    pub actions: BTreeMap<Address, Fingerprint>,
    /// For display; unchanged resources keep only their address.
    pub plan: Plan,
    /// A digest of all fields above, to detect later edits.
    pub digest: String,
}

/// The inputs behind one action, as digests by field, without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Digest of the requests, if the address has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<String>,
    /// The relevant part of the configuration.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: Fields,
    /// The record in the state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub record: Fields,
    /// The observed values that sindri manages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observed: Fields,
}

/// Digests by path: `image`, `env.LOG_LEVEL`.
pub type Fields = BTreeMap<String, String>;

/// A saved plan that was modified after it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Tampered;

impl SavedPlan {
    /// Saves a finished plan with its inputs.
    pub fn of(plan: &Plan, input: &Input<'_>, config: String) -> Self {
        let mut requests = identity::requests(plan);
        let plan_id = identity::id_with(plan, &requests);
        let prior = moves::followed(input.prior, input.moved, input.desired).state;
        let sources = ReadingDigests { input, prior: &prior.resources };
        let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
        let actions = changed
            .map(|change| {
                let fingerprint = sources.fingerprint(&change.address, Some(change), requests.remove(&change.address));
                (change.address.clone(), fingerprint)
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

    /// A digest of everything except the digest itself.
    fn digested(&self) -> String {
        identity::digest(&Self { digest: String::new(), ..self.clone() })
    }

    /// Whether the file is unmodified. This is not a signature: an attacker could create a different valid plan.
    pub fn verify(&self) -> Result<(), Tampered> {
        let same = self.digested() == self.digest && identity::id_with(&self.plan, &self.requests()) == self.plan_id;
        if same { Ok(()) } else { Err(Tampered) }
    }

    fn requests(&self) -> BTreeMap<Address, String> {
        let requests = self.actions.iter();
        requests.filter_map(|(address, fingerprint)| Some((address.clone(), fingerprint.requests.clone()?))).collect()
    }

    /// The options for re-planning the contents of this plan. A requested replacement that was already carried out is
    /// not repeated.
    pub fn options_now(&self, prior: &State) -> PlanOptions {
        // The saved plan may be unrefreshed, but the re-plan always compares with actual objects.
        let mut options = PlanOptions { unrefreshed: false, ..self.options.clone() };
        let planned = self.plan.by_address();
        options.replace.retain(|address| {
            let recorded = prior.resources.get(address).map(|record| record.id.as_str());
            recorded == planned.get(address).and_then(|change| change.id.as_deref())
        });
        // An empty plan would have no targets, which means everything. All changes in the new plan are then
        // compared with the file too.
        if options.destroy {
            options.only = self.targets();
        } else {
            options.targets = self.targets();
        }
        options
    }

    /// The resources that this plan changes or waits for: `--target` for the re-plan.
    pub fn targets(&self) -> BTreeSet<Address> {
        self.actions.keys().chain(self.plan.waits.iter().map(|wait| &wait.address)).map(identity::root).collect()
    }

    /// Compares this plan with a new plan for [`Self::targets`].
    pub fn compare(&self, input: &Input<'_>, fresh: &Plan) -> SavedPlanComparison {
        let mut comparison = SavedPlanComparison::default();
        if let Some(elsewhere) = self.elsewhere(fresh) {
            comparison.differences.push(elsewhere);
            return comparison;
        }
        let prior = moves::followed(input.prior, input.moved, input.desired).state;
        let recorded = recorded(&prior);
        let sources = ReadingDigests { input, prior: &prior.resources };
        let saved = identity::actions(&self.plan, &self.requests());
        let requests = identity::requests(fresh);
        let now = identity::actions(fresh, &requests);
        let changes = fresh.by_address();
        let planned = self.plan.by_address();
        for (address, fingerprint) in &self.actions {
            if now.contains_key(address) && now.get(address) == saved.get(address) {
                continue;
            }
            let (was, change) = (planned.get(address).copied(), changes.get(address).copied());
            let mut current = sources.fingerprint(address, change, requests.get(address).cloned());
            let outlived = was.is_some_and(|was| was.action.destroys() && outlived(was, input, &recorded));
            if outlived {
                // The object exists, although the new plan does not include it.
                current.observed = fingerprint.observed.clone();
            }
            let agreed = current.config == fingerprint.config && !outlived;
            if agreed && !now.contains_key(address) {
                comparison.done.push(address.clone());
            } else if !(agreed && is_rest(was, change, &current)) {
                comparison.differences.extend(changed_inputs(
                    address,
                    fingerprint,
                    &current,
                    input.desired.get(address),
                    was,
                    change,
                ));
            }
        }
        let extra = fresh.changes.iter().filter(|change| change.action != Action::NoOp);
        for change in
            extra.filter(|change| !self.actions.contains_key(&change.address) && !is_predecessor(change, &planned))
        {
            comparison.differences.push(ChangedInput::new(&change.address, InputChange::Extra(change.action)));
        }
        comparison
    }

    /// The plan is for another project, environment, API or state.
    fn elsewhere(&self, fresh: &Plan) -> Option<ChangedInput> {
        let place = |what, was: &str, is: &str| {
            (was != is).then(|| ChangedInput {
                address: None,
                what: InputChange::Elsewhere(what, was.to_owned(), is.to_owned()),
            })
        };
        let lineages = !self.plan.new_state && !fresh.new_state;
        place("project", &self.plan.name, &fresh.name)
            .or_else(|| place("environment", &self.plan.environment, &fresh.environment))
            .or_else(|| place("API", &self.plan.api, &fresh.api))
            .or_else(|| place("state", &self.plan.lineage, &fresh.lineage).filter(|_| lineages))
    }
}

/// Whether it destroys an object that a `planned` replacement left behind, whose successor exists by now.
fn is_predecessor(change: &Change, planned: &BTreeMap<&Address, &Change>) -> bool {
    let successor = change.address.successor().filter(|_| change.action == Action::Delete);
    let replaced = successor.and_then(|successor| planned.get(&successor).copied());
    replaced.is_some_and(|was| was.action == Action::ReplaceCreateFirst && was.id == change.id)
}

/// Whether the object to destroy still exists but is unmanaged: no record names it and no plan destroys it.
fn outlived(was: &Change, input: &Input<'_>, recorded: &HashSet<(&str, &str)>) -> bool {
    let Some(id) = &was.id else { return false };
    let lives = input.observed.get(&was.address.kind, id).is_some_and(|object| !object.is_leaving());
    lives && !recorded.contains(&(&*was.address.kind, &**id))
}

/// Whether it is the rest of a replacement that failed halfway: the old object is gone and no longer recorded.
fn is_rest(was: Option<&Change>, change: Option<&Change>, current: &Fingerprint) -> bool {
    let action = |change: Option<&Change>| change.map(|change| change.action);
    action(was) == Some(Action::Replace) && action(change) == Some(Action::Create) && current.record.is_empty()
}

/// The part of a plan that readers need: no secrets, no requests, and only the address of unchanged resources.
fn shown(plan: &Plan) -> Plan {
    let mut shown = Plan { operations: Vec::new(), records: BTreeMap::new(), ..plan.clone() };
    for change in &mut shown.changes {
        if change.action == Action::NoOp {
            change.before.clear();
            change.after.clear();
        }
        for side in [&mut change.before, &mut change.after] {
            *side = redacted(std::mem::take(side));
        }
    }
    let drifted = shown.drift.iter_mut().flat_map(|drift| &mut drift.fields);
    for field in shown.changes.iter_mut().flat_map(Change::all_fields_mut).chain(drifted) {
        redact(&mut field.before);
        redact(&mut field.after);
    }
    shown
}

/// The result of comparing a saved plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedPlanComparison {
    /// Reasons not to apply it; empty if it may be applied.
    pub differences: Vec<ChangedInput>,
    /// Resources that are already as the plan would make them.
    pub done: Vec<Address>,
}

/// One difference from the time when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedInput {
    /// `None` for the plan as a whole.
    pub address: Option<Address>,
    pub what: InputChange,
}

/// See [`ChangedInput`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputChange {
    /// The plan is for another project, environment, API or state: which of these, its old value and its new value.
    Elsewhere(&'static str, String, String),
    /// The reading did not exist then but exists now.
    Added(Reading, Option<Position>),
    /// The reading existed then but does not exist now.
    Removed(Reading),
    /// One field differs.
    Field(Reading, String, Option<Position>),
    /// The readings are equal but the action differs, because a dependency changed.
    Action(Option<Action>, Option<Action>),
    /// An action that is needed now but not in the plan.
    Extra(Action),
}

/// The three readings of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Config,
    Record,
    Observed,
}

impl ChangedInput {
    fn new(address: &Address, what: InputChange) -> Self {
        Self { address: Some(address.clone()), what }
    }
}

impl fmt::Display for ChangedInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(formatter, "`{address}`: ")?;
        }
        let word = |action: &Option<Action>| action.map_or("no-op", Action::word);
        match &self.what {
            InputChange::Elsewhere(what, was, is) => {
                write!(formatter, "it was created for the {what} `{was}`, but this is `{is}`")
            }
            InputChange::Added(Reading::Config, None) => formatter.write_str("it is declared now"),
            InputChange::Added(Reading::Config, Some(position)) => write!(formatter, "it is declared now ({position})"),
            InputChange::Added(Reading::Record, _) => formatter.write_str("the state has a record of it now"),
            InputChange::Added(Reading::Observed, _) => formatter.write_str("RunPod shows it now"),
            InputChange::Removed(Reading::Config) => formatter.write_str("it is no longer declared"),
            InputChange::Removed(Reading::Record) => formatter.write_str("the state no longer has a record of it"),
            InputChange::Removed(Reading::Observed) => formatter.write_str("RunPod no longer shows it"),
            InputChange::Field(reading, field, position) => {
                let who = match reading {
                    Reading::Config => "the configuration",
                    Reading::Record => "its record in the state",
                    Reading::Observed => "RunPod",
                };
                write!(formatter, "{who} has a different `{field}`")?;
                position.as_ref().map_or(Ok(()), |position| write!(formatter, " ({position})"))
            }
            InputChange::Action(was, is) if was == is => {
                write!(formatter, "it would still be `{}`, but with different requests", word(was))
            }
            InputChange::Action(was, is) => {
                write!(formatter, "it was `{}`, and would now be `{}`", word(was), word(is))
            }
            InputChange::Extra(action) => {
                write!(formatter, "it would now also be `{}`, which is not in the plan", action.word())
            }
        }
    }
}

/// All differences between the readings of one address; if there are none, the different action.
fn changed_inputs(
    address: &Address,
    was: &Fingerprint,
    is: &Fingerprint,
    resource: Option<&Resource>,
    planned: Option<&Change>,
    change: Option<&Change>,
) -> Vec<ChangedInput> {
    let position = |field: &str| {
        let resource = resource?;
        let attribute = field.split_once('.').map_or(field, |(attribute, _)| attribute);
        let positions = &resource.positions;
        positions.get(field).or_else(|| positions.get(attribute)).or(resource.position.as_ref()).cloned()
    };
    let mut found: Vec<ChangedInput> = Vec::new();
    for (reading, was, is) in [
        (Reading::Config, &was.config, &is.config),
        (Reading::Record, &was.record, &is.record),
        (Reading::Observed, &was.observed, &is.observed),
    ] {
        let place = |field: &str| position(field).filter(|_| reading == Reading::Config);
        match (was.is_empty(), is.is_empty()) {
            (true, false) => found.push(ChangedInput::new(address, InputChange::Added(reading, place("")))),
            (false, true) => found.push(ChangedInput::new(address, InputChange::Removed(reading))),
            _ => found.extend(
                differing(was, is)
                    .map(|field| ChangedInput::new(address, InputChange::Field(reading, field.clone(), place(field)))),
            ),
        }
    }
    if found.is_empty() {
        let action = |change: Option<&Change>| change.map(|change| change.action);
        found.push(ChangedInput::new(address, InputChange::Action(action(planned), action(change))));
    }
    found
}

fn differing<'a>(was: &'a Fields, is: &'a Fields) -> impl Iterator<Item = &'a String> {
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    keys.into_iter().filter(|key| was.get(*key) != is.get(*key))
}

/// The three readings, as digests.
struct ReadingDigests<'a> {
    input: &'a Input<'a>,
    /// The prior records after applying moves.
    prior: &'a BTreeMap<Address, Record>,
}

impl ReadingDigests<'_> {
    fn fingerprint(&self, address: &Address, change: Option<&Change>, requests: Option<String>) -> Fingerprint {
        Fingerprint {
            requests,
            config: self.input.desired.get(address).map(of_resource).unwrap_or_default(),
            record: self.prior.get(address).map(of_record).unwrap_or_default(),
            observed: change.map(of_object).unwrap_or_default(),
        }
    }
}

fn of_resource(resource: &Resource) -> Fields {
    let Resource { inputs, power, lifecycle, address: _, parent: _, needs: _, timeouts: _, position: _, positions: _ } =
        resource;
    let mut fields = of_attributes(inputs);
    fields.insert("power".into(), identity::digest(power));
    fields.insert("lifecycle".into(), identity::digest(lifecycle));
    fields
}

fn of_record(record: &Record) -> Fields {
    // Changed readiness does not make a plan stale, because waiting changes nothing.
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

/// Maps are digested key by key; unset values are omitted.
fn of_attributes(attributes: &Attributes) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in attributes.iter().filter(|(_, value)| !value.is_null()) {
        match value {
            Value::Map(map) => {
                fields.extend(map.iter().map(|(key, value)| (format!("{name}.{key}"), identity::digest(value))))
            }
            value => {
                fields.insert(name.to_string(), identity::digest(value));
            }
        }
    }
    fields
}
