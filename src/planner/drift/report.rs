//! Builds a drift report from state and lists alone. `survey` finds the drift, also for plans; this module adds
//! unmanaged objects, costs and stable names.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::kind::{self, price};
use crate::model::drift::finding_id;
use crate::model::{
    Address, Drift, DriftClass, DriftReport, Effect, FieldChange, Finding, Hold, Object, Observed, Record,
    RestoreEffect, Retry, Severity, State, Status, Timeouts, Unsettled, Value,
};
use crate::planner::decide::lock::is_locked;
use crate::planner::decide::power::retry;
use crate::planner::drift::survey::{display_only_field, survey, zero_balance_note};
use crate::resource::difference::ignored;
use crate::resource::inventory::{is_of, live_object, recorded};
use crate::resource::members;

/// The inputs of a report. Of the configuration it uses only the name, because declared but unapplied changes are not
/// drift.
pub struct Scope<'a> {
    /// The configuration's `name`.
    pub name: &'a str,
    pub prior: &'a State,
    pub observed: &'a Observed,
    /// For cost estimates.
    pub catalog: &'a Catalog,
    /// Addresses that cannot be judged because sindri's own requests are in progress.
    pub unsettled: &'a BTreeMap<Address, Unsettled>,
    /// Objects that belong to pending requests. They are neither orphans nor unmanaged.
    pub expected: &'a BTreeSet<(String, String)>,
    /// Whether to include unmanaged objects.
    pub unmanaged: bool,
    /// To determine how long an object has been starting.
    pub now: jiff::Timestamp,
}

/// Compares the observed objects with the last applied state.
pub fn report(scope: &Scope<'_>) -> DriftReport {
    let Scope { name, prior, observed, unsettled, unmanaged, .. } = *scope;
    let mut claimed = recorded(prior);
    let mut findings = Vec::new();
    for drift in survey(prior, observed) {
        if let Some(object) = drift.new_id().and_then(|id| observed.get(&drift.address.kind, id)) {
            claimed.insert((object.kind, object.id.as_str()));
        }
        if !unsettled.contains_key(&drift.address) {
            findings.push(scope.drifted(drift));
        }
    }
    let own = |address: &Address| !members::is_member(address) && address.successor().is_none();
    let mut checked = 0;
    for (address, record) in prior.resources.iter().filter(|(address, _)| own(address)) {
        checked += 1;
        if let Some(object) = live_object(observed, record).filter(|_| !unsettled.contains_key(address)) {
            findings.extend(scope.not_ready(address, record, object));
        }
    }
    let is_free = |object: &&Object| {
        let key = (object.kind.to_owned(), object.id.clone());
        !object.is_leaving() && !claimed.contains(&(object.kind, object.id.as_str())) && !scope.expected.contains(&key)
    };
    findings.extend(observed.iter().filter(is_free).filter_map(|object| scope.unmanaged_finding(object)));
    findings.sort_by_cached_key(order);
    DriftReport {
        name: name.to_owned(),
        environment: prior.environment.clone(),
        lineage: prior.lineage.clone(),
        api: prior.api.clone(),
        prior_digest: prior.digest(),
        checked,
        notes: zero_balance_note(prior, observed).filter(|_| unsettled.is_empty()).into_iter().collect(),
        findings,
        unsettled: unsettled.clone(),
        with_unmanaged: unmanaged,
    }
}

impl Scope<'_> {
    /// A finding about a recorded resource.
    fn drifted(&self, drift: Drift) -> Finding {
        let id = drift.new_id().unwrap_or(&drift.id);
        let object = self.observed.get(&drift.address.kind, id).filter(|object| !object.is_leaving());
        let record = self.prior.resources.get(&drift.address);
        let gone = drift.class == DriftClass::Gone;
        let losses = record.filter(|_| gone).and_then(|record| {
            kind::find(&record.kind).map(|kind| (kind.losses)(&record.inputs)) //
        });
        let spot = |object: &Object| kind::find(object.kind).is_some_and(|kind| kind.is_spot(&object.attributes));
        let by_user =
            |object: &Object| object.computed.last_change.as_ref().is_some_and(|words| words.contains("by User"));
        let preempted =
            drift.class == DriftClass::Stopped && object.is_some_and(|object| spot(object) && !by_user(object));
        let undo = undo(&drift);
        let replaced = matches!(undo, Some(RestoreEffect::Restart | RestoreEffect::Replace));
        let at_risk = object.filter(|_| replaced).zip(kind::find(&drift.address.kind)).map(|(object, kind)| {
            (kind.losses)(&object.attributes).into_iter().filter(|loss| loss.precious).collect() //
        });
        let ignored = record.is_some_and(|record| is_ignored(&drift, record));
        let severity = if ignored { Severity::Information } else { severity(&drift) };
        Finding {
            losses: losses.unwrap_or_default(),
            ignored,
            holds: holds(record, object),
            retry: object.and_then(retry),
            undo: undo.filter(|_| !ignored),
            at_risk: at_risk.unwrap_or_default(),
            preempted,
            ..self.finding(drift.class, severity, Some(&drift.address), (&drift.id, object), drift.fields)
        }
    }

    /// A pod that should run but is not ready: it was never ready, it does not come back, or its TCP ports are unmapped
    /// although it is listed as running. A pod created or started recently is still starting, which is not drift.
    fn not_ready(&self, address: &Address, record: &Record, object: &Object) -> Option<Finding> {
        let kind = kind::find(&record.kind).filter(|kind| kind.awaits_readiness(record.power))?;
        let other_class = matches!(object.status, Some(Status::Error | Status::ZeroGpu | Status::Stopped));
        let doubted = record.tainted && !object.ready;
        if other_class || !(doubted || object.is_awaited(record.awaiting_ready)) {
            return None;
        }
        let comes_up = !record.tainted && self.comes_up(object);
        let severity = if comes_up { Severity::Information } else { Severity::Warning };
        // For a pod that is not running, its ports add nothing to its status.
        let runs = object.status == Some(Status::Running);
        let unmapped = object.computed.endpoints.iter().filter(|endpoint| runs && endpoint.address.is_none());
        let fields: Vec<FieldChange> = unmapped
            .map(|endpoint| {
                display_only_field(&format!("endpoints.{}", endpoint.port), Value::text("mapped"), Value::Null)
            })
            .collect();
        let of = (object.id.as_str(), Some(object));
        let never = record.never_ready();
        let mut finding = self.finding(DriftClass::NotReady, severity, Some(address), of, fields);
        finding.never_ready = never;
        finding.holds = holds(Some(record), Some(object));
        finding.retry = (!record.tainted && !is_locked(object)).then_some(Retry::StopAndStart);
        finding.at_risk = (kind.losses)(&object.attributes).into_iter().filter(|loss| loss.precious).collect();
        if record.tainted {
            finding.undo = Some(RestoreEffect::Replace);
        }
        Some(finding)
    }

    /// Whether it is still within the default time for a resource to become ready.
    fn comes_up(&self, object: &Object) -> bool {
        let parsed = |at: &Option<String>| at.as_ref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let since = parsed(&object.computed.started_at).max(parsed(&object.computed.created_at));
        since.is_some_and(|since| {
            let age = std::time::Duration::try_from(self.now.duration_since(since)).unwrap_or_default();
            age < Timeouts::default().create
        })
    }

    /// A live object that is not in the state.
    fn unmanaged_finding(&self, object: &Object) -> Option<Finding> {
        let prior = self.prior;
        let ours = object.marker.as_ref().filter(|marker| is_of(Some(self.name), prior, marker));
        let address = object.marker.as_ref().map(|marker| &marker.address);
        let of = (object.id.as_str(), Some(object));
        let finding = match ours {
            Some(marker) if self.unsettled.contains_key(&marker.address) => return None,
            Some(marker) => {
                let record = prior.resources.get(&marker.address);
                Finding {
                    recorded_is_live: record.is_some_and(|record| live_object(self.observed, record).is_some()),
                    same_lineage: marker.lineage == prior.lineage,
                    ..self.finding(DriftClass::Orphan, Severity::Warning, address, of, Vec::new())
                }
            }
            None if self.unmanaged => {
                self.finding(DriftClass::Unmanaged, Severity::Information, address, of, Vec::new())
            }
            None => return None,
        };
        Some(Finding { marker: object.marker.clone(), ..finding })
    }

    fn finding(
        &self,
        class: DriftClass,
        severity: Severity,
        address: Option<&Address>,
        (object_id, object): (&str, Option<&Object>),
        fields: Vec<FieldChange>,
    ) -> Finding {
        let kind =
            object.map(|object| object.kind).or(address.map(|address| address.kind.as_str())).unwrap_or_default();
        let place = (self.prior.api.as_str(), self.prior.environment.as_str());
        let paths = fields.iter().map(|field| field.path.as_str());
        Finding {
            id: finding_id(place, class, (kind, object_id, address), paths),
            class,
            severity,
            address: address.cloned(),
            kind: kind.to_owned(),
            object_id: object_id.to_owned(),
            name: object.map(|object| object.name.clone()),
            status: object.and_then(|object| object.status.as_ref()).map(ToString::to_string),
            fields,
            losses: Vec::new(),
            ignored: false,
            holds: Vec::new(),
            retry: None,
            undo: None,
            at_risk: Vec::new(),
            price: object.map(|object| price::price_of(self.catalog, object)),
            preempted: false,
            never_ready: false,
            marker: None,
            recorded_is_live: false,
            same_lineage: false,
        }
    }
}

/// Whether `ignoreChanges` covers all differences.
fn is_ignored(drift: &Drift, record: &Record) -> bool {
    drift.class == DriftClass::Changed && drift.fields.iter().all(|field| ignored(&field.path, &record.ignored))
}

/// Why apply would refuse to replace the object.
fn holds(record: Option<&Record>, object: Option<&Object>) -> Vec<Hold> {
    let locked = object.is_some_and(is_locked).then_some(Hold::Locked);
    let prevented = record.is_some_and(|record| record.prevent_destroy).then_some(Hold::PreventDestroy);
    locked.into_iter().chain(prevented).collect()
}

/// Worst first. Unmanaged objects sort by kind, because the addresses in their markers are not ours.
fn order(finding: &Finding) -> impl Ord + use<> {
    let address = finding.address.clone().filter(|_| finding.class != DriftClass::Unmanaged);
    let ids = (finding.object_id.clone(), finding.id.clone());
    (std::cmp::Reverse(finding.severity), finding.class, address, finding.kind.clone(), ids)
}

/// The effect of undoing the worst of the differences.
fn undo(drift: &Drift) -> Option<RestoreEffect> {
    match drift.class {
        DriftClass::ZeroGpu | DriftClass::Errored => return Some(RestoreEffect::Replace),
        DriftClass::Changed => {}
        _ => return None,
    }
    let kind = kind::find(&drift.address.kind)?;
    let each = drift.fields.iter().map(|field| match (field.effect, kind.refusal(field)) {
        (_, Some(_)) => RestoreEffect::Impossible,
        (Effect::InPlace, None) => RestoreEffect::InPlace,
        (Effect::Rollout, None) => RestoreEffect::Rollout,
        (Effect::Restart, None) => RestoreEffect::Restart,
        (Effect::Replace, None) => RestoreEffect::Replace,
    });
    each.max()
}

fn severity(drift: &Drift) -> Severity {
    match drift.class {
        DriftClass::Gone | DriftClass::ZeroGpu | DriftClass::Errored => Severity::Error,
        DriftClass::Changed | DriftClass::Stopped | DriftClass::Started => Severity::Warning,
        DriftClass::NotReady | DriftClass::Orphan => Severity::Warning,
        // The state names an id that no longer exists, which misleads every reader until it is resolved.
        DriftClass::Migrated if drift.new_id().is_some() => Severity::Warning,
        DriftClass::Rotated => Severity::Warning,
        DriftClass::Migrated | DriftClass::ScaledDown | DriftClass::Unmanaged => Severity::Information,
    }
}
