//! Checks whether a plan stays within the configuration's `budget`, and whether this can be determined.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Cloud};
use crate::kind::{self, Unpriced, price};
use crate::model::{Action, Address, Change, Cost, Money, Plan, Refusal, RefusalCode};
use crate::planner::decide::feasible::several;
use crate::planner::input::Input;

/// Refusals of a plan that exceeds, or may exceed, the budget. A plan that only removes things or changes nothing has
/// none.
pub fn refusals(plan: &Plan, input: &Input<'_>) -> Vec<Refusal> {
    let max_hourly = input.budget.max_hourly.filter(|_| may_grow(plan));
    let mut refusals: Vec<Refusal> = max_hourly.and_then(|limit| too_expensive(plan, limit)).into_iter().collect();
    let price = |change: &Change| change.hourly_after;
    refusals.extend(max_hourly.and_then(|limit| unchecked(plan, input.catalog, (limit, "maxHourly"), price)));
    let max_peak = input.budget.max_hourly_peak.filter(|_| peak_may_grow(plan));
    refusals.extend(max_peak.and_then(|limit| peak_too_expensive(plan, limit)));
    let peak = |change: &Change| change.peak_after;
    refusals.extend(max_peak.and_then(|limit| unchecked(plan, input.catalog, (limit, "maxHourlyPeak"), peak)));
    refusals.extend(input.budget.max_pods.and_then(|limit| too_many_pods(plan, limit)));
    refusals
}

/// Whether the cost increases, as far as it is known.
fn may_grow(plan: &Plan) -> bool {
    let starts_unpriced = |change: &Change| !change.hourly_after.is_known() && brings_machine(change);
    plan.cost.hourly_after.known > plan.cost.hourly_before.known || plan.changes.iter().any(starts_unpriced)
}

/// Whether the highest cost increases, as far as it is known.
fn peak_may_grow(plan: &Plan) -> bool {
    let brings_unpriced = |change: &Change| change.peak_after.unpriced > change.peak_before.unpriced;
    plan.cost.peak_after.known > plan.cost.peak_before.known || plan.changes.iter().any(brings_unpriced)
}

fn brings_machine(change: &Change) -> bool {
    let starts = matches!(change.action, Action::Create | Action::Start);
    starts || change.action.is_replacement() || change.hourly_after.unpriced > change.hourly_before.unpriced
}

fn over(message: String, key: &str) -> Refusal {
    let help = format!("request less, or raise `budget.{key}` in the configuration");
    Refusal { code: RefusalCode::Budget, message, help, position: None }
}

fn too_expensive(plan: &Plan, limit: Money) -> Option<Refusal> {
    let cost = plan.cost.hourly_after;
    let message = || format!("this plan costs {}, over the budget of {limit}/h", cost.together());
    (cost.known > limit).then(|| over(message(), "maxHourly"))
}

fn peak_too_expensive(plan: &Plan, limit: Money) -> Option<Refusal> {
    let cost = plan.cost.peak_after;
    let message = || {
        format!("this plan may cost {} when all workers run, over the budget of {limit}/h", cost.together()) //
    };
    (cost.known > limit).then(|| over(message(), "maxHourlyPeak"))
}

/// If the cost of one resource is unknown, so is the cost of the plan.
fn unchecked(
    plan: &Plan,
    catalog: &Catalog,
    (limit, key): (Money, &str),
    cost: impl Fn(&Change) -> Cost,
) -> Option<Refusal> {
    let mut machines: BTreeMap<Vec<Unpriced<'_>>, Vec<&Address>> = BTreeMap::new();
    let unpriced = plan.changes.iter().filter(|change| !cost(change).is_known());
    for change in unpriced.clone() {
        let attributes = if change.after.is_empty() { &change.before } else { &change.after };
        machines.entry(price::unpriced(catalog, &change.address.kind, attributes)).or_default().push(&change.address);
    }
    let first = machines.iter().next()?;
    let pods: Vec<String> = machines.iter().take(NAMED).map(machine).collect();
    let more = machines.values().skip(NAMED).map(Vec::len).sum::<usize>();
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let position = unpriced.clone().find_map(|change| change.position.clone());
    Some(Refusal {
        code: RefusalCode::Budget,
        message: format!(
            "cannot check the budget of {limit}/h: the catalog has no price for {}{more}",
            pods.join(", ")
        ),
        help: help(catalog, first.0, key),
        position,
    })
}

/// Maximum number of groups of pods listed.
const NAMED: usize = 3;

/// `` `Tesla T4` in the SECURE cloud (`pod.a`) ``.
fn machine((machines, pods): (&Vec<Unpriced<'_>>, &Vec<&Address>)) -> String {
    let ids: BTreeSet<String> = machines.iter().map(|machine| format!("`{}`", machine.id)).collect();
    let pods = several(pods);
    match machines.first() {
        Some(Unpriced { cloud, .. }) => {
            let place = cloud.map_or_else(|| "as serverless workers".into(), |cloud| format!("in the {cloud} cloud"));
            format!("{} {place} ({pods})", ids.into_iter().collect::<Vec<_>>().join(", "))
        }
        None => format!("the machine of {pods}"),
    }
}

/// Suggests the other cloud only if it has a price for every requested machine.
fn help(catalog: &Catalog, machines: &[Unpriced<'_>], key: &str) -> String {
    let other = |cloud| if cloud == Cloud::Secure { Cloud::Community } else { Cloud::Secure };
    let price_elsewhere = |machine: &Unpriced<'_>| catalog.gpu_type(machine.id)?.price(other(machine.cloud?)).map(drop);
    let has_price = |machine: &Unpriced<'_>| price_elsewhere(machine).is_some();
    let cloud = machines.first().filter(|_| machines.iter().all(has_price)).and_then(|machine| machine.cloud);
    let cloud = cloud.map(other);
    let cloud = cloud.map(|cloud| format!("set `cloudType: {cloud}`, ")).unwrap_or_default();
    format!("{cloud}choose a type with a price in `sindri catalog`, or remove `budget.{key}`")
}

fn too_many_pods(plan: &Plan, limit: u32) -> Option<Refusal> {
    let exist = |change: &&Change| {
        !matches!(change.action, Action::Delete | Action::Forget)
            // Pods whose creation a partial plan leaves out do not exist.
            && (change.id.is_some() || change.action == Action::Create)
    };
    let weight = |change: &Change| kind::find(&change.address.kind).map_or(0, |kind| kind.budget_weight);
    let pods: usize = plan.changes.iter().filter(exist).map(weight).sum();
    let creates = plan.changes.iter().any(|change| change.action == Action::Create && weight(change) > 0);
    let counted = kind::KINDS.iter().find(|kind| kind.budget_weight > 0).map_or("resource", |kind| kind.title);
    let plural = if pods == 1 { "" } else { "s" };
    let message = || format!("this plan results in {pods} {counted}{plural}, over the budget of {limit}");
    (creates && pods > limit as usize).then(|| over(message(), "maxPods"))
}
