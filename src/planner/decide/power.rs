//! Plans `sindri stop` and `sindri start`: changes the power of recorded resources and nothing else.

use crate::kind::{self, MachineFacts, price};
use crate::model::{
    Action, Address, Attributes, Awaiting, Cause, Change, Cost, CostSummary, Object, Operation, Plan, Power, Record,
    Refusal, RefusalCode, Retry, Risk, Status, Timeouts, Verb, Wait,
};
use crate::planner::decide::lock::{Unlock, is_locked, locked};
use crate::planner::input::Input;
use crate::resource::inventory::live_object;

/// A plan that changes the power of `addresses` to `wanted`. Those that already have it are included as no-ops.
pub fn power_plan(input: &Input<'_>, addresses: &[Address], wanted: Power) -> Plan {
    let mut changes = Vec::new();
    let (mut operations, mut waits) = (Vec::new(), Vec::new());
    for address in addresses {
        let Some(record) = input.prior.resources.get(address) else { continue };
        let change = change(input, address, record, wanted);
        if change.action != Action::NoOp && change.refusals.is_empty() {
            operations.push(operation(input, address, record, wanted));
        } else if change.refusals.is_empty()
            && let Some(wait) = wait(input, address, record, wanted)
        {
            let record_now = Some(record.clone());
            let start = operation(input, address, record, wanted);
            operations.push(Operation { verb: Verb::Wait, record: record_now, ..start });
            waits.push(wait);
        }
        changes.push(change);
    }
    Plan {
        name: input.name.to_owned(),
        environment: input.environment.to_owned(),
        lineage: input.prior.lineage.clone(),
        new_state: false,
        api: input.api.to_owned(),
        dialect: input.dialect,
        destroy: false,
        refresh_only: false,
        unrefreshed: false,
        partial: None,
        moves: Vec::new(),
        renames: Vec::new(),
        waits,
        drift: Vec::new(),
        orphans: Vec::new(),
        doubles: Vec::new(),
        records: Default::default(),
        late_needs: Default::default(),
        cost: CostSummary {
            hourly_before: changes.iter().map(|change| change.hourly_before).sum(),
            hourly_after: changes.iter().map(|change| change.hourly_after).sum(),
            peak_before: changes.iter().map(|change| change.peak_before).sum(),
            peak_after: changes.iter().map(|change| change.peak_after).sum(),
            data_at_risk_gb: 0,
        },
        notes: Vec::new(),
        refusals: Vec::new(),
        prior_digest: input.prior.digest(),
        operations,
        changes,
    }
}

/// The request that may repair a broken object. `None` if the dialect does not report that a start is possible, and for
/// a locked object that would need to stop first.
pub fn retry(object: &Object) -> Option<Retry> {
    match object.status.as_ref()? {
        Status::Error => object.computed.can_start.filter(|can| *can).map(|_| Retry::Start),
        Status::ZeroGpu => (!is_locked(object)).then_some(Retry::StopAndStart),
        _ => None,
    }
}

fn change(input: &Input<'_>, address: &Address, record: &Record, wanted: Power) -> Change {
    let object = live_object(input.observed, record);
    let seen = object.and_then(|object| object.status.as_ref()).and_then(Status::power);
    let action = match (seen == Some(wanted) && record.power == Some(wanted), wanted) {
        (true, _) => Action::NoOp,
        (false, Power::Running) => Action::Start,
        (false, Power::Stopped) => Action::Stop,
    };
    let kind = kind::find(&record.kind);
    let attributes = object.map_or(&record.inputs, |object| &object.attributes);
    let reported = object.and_then(Object::reported_price);
    let known = MachineFacts { chosen: Some(&record.chosen), power: None, reported };
    let estimate = |power| price::estimate(input.catalog, &record.kind, attributes, MachineFacts { power, ..known });
    let mut refusals: Vec<Refusal> = Vec::new();
    match object {
        None => refusals.push(Refusal {
            code: RefusalCode::NotFound,
            message: format!("`{address}` ({}) is recorded, but RunPod no longer lists it", record.id),
            help: "`sindri plan` shows its status; `sindri apply` creates it again".into(),
            position: None,
        }),
        Some(object) if action == Action::Stop => {
            refusals.extend(locked(address, object, Unlock::of(input.desired.get(address))))
        }
        Some(_) => {}
    }
    let losses = match (action, kind) {
        (Action::Stop, Some(kind)) => (kind.losses)(attributes).into_iter().filter(|loss| !loss.precious).collect(),
        _ => Vec::new(),
    };
    let causes = match action {
        Action::NoOp => Vec::new(),
        _ => vec![Cause::Power { wanted, origin: None, position: None }],
    };
    Change {
        id: Some(record.id.clone()),
        risk: if action == Action::Stop { kind.map_or(Risk::None, |kind| kind.stop_risk) } else { Risk::None },
        losses,
        hourly_before: if object.is_some() { estimate(seen) } else { Cost::ZERO },
        hourly_after: if object.is_some() { estimate(Some(wanted)) } else { Cost::ZERO },
        refusals,
        ..Change::new(address.clone(), action, causes)
    }
}

/// A wait for a resource that already has the power but is not ready yet.
fn wait(input: &Input<'_>, address: &Address, record: &Record, wanted: Power) -> Option<Wait> {
    let object = live_object(input.observed, record).filter(|object| object.is_awaited(record.awaiting_ready))?;
    kind::find(&record.kind).filter(|kind| kind.awaits_readiness(Some(wanted)))?;
    Some(Wait {
        address: address.clone(),
        id: object.id.clone(),
        status: object.status.as_ref().map_or_else(String::new, ToString::to_string),
        created_at: object.computed.created_at.clone(),
        started_at: object.computed.started_at.clone(),
        awaiting: if record.never_ready() { Some(Awaiting::First) } else { record.awaiting_ready },
        timeout_seconds: timeouts(input, address).create.as_secs(),
    })
}

fn timeouts(input: &Input<'_>, address: &Address) -> Timeouts {
    input.desired.get(address).map_or_else(Timeouts::default, |resource| resource.timeouts)
}

fn operation(input: &Input<'_>, address: &Address, record: &Record, wanted: Power) -> Operation {
    // A pod that has become ready must not be replaced because it was late.
    let ready = live_object(input.observed, record).is_some_and(|object| object.ready);
    let starts = kind::find(&record.kind).is_some_and(|kind| kind.awaits_readiness(Some(wanted)));
    let known = if ready { record.clone().seen_ready() } else { record.clone() };
    let settled = Record { power: Some(wanted), ..if starts { known.awaited_again() } else { known } };
    Operation {
        address: address.clone(),
        verb: if wanted == Power::Running { Verb::Start } else { Verb::Stop },
        id: Some(record.id.clone()),
        inputs: Attributes::new(),
        candidates: Vec::new(),
        depends_on: Vec::new(),
        record: Some(settled),
        members: Default::default(),
        deposes: None,
        rollout: None,
        wait: starts,
        timeouts: timeouts(input, address),
        replaced_by: None,
    }
}
