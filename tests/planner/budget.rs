//! A budget applies to known prices, and refuses unknown ones.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sindri::catalog::{Catalog, Cloud};
use sindri::config::Move;
use sindri::model::{Action, Attributes, Dialect, Money, Observed, Plan, State, Value, ValueMap};
use sindri::planner::{self, PlanOptions};

use crate::support::fleet::{Fleet, Pod, Storage};
use crate::support::{Readings, Session};

/// The plan that creates pods on these machines within a budget, in dollars per hour.
fn planned(pods: &[(&[&str], Cloud)], limit: f64) -> Plan {
    let session = Session::new(Dialect::V2);
    let mut fleet = Fleet::default();
    for number in 0..pods.len() {
        fleet = fleet.with_pod(["a", "b", "c", "d"][number], Pod { storage: Storage::None, ..Pod::default() });
    }
    let mut desired = fleet.resources(Dialect::V2);
    let resources = desired.values_mut().filter(|resource| resource.address.kind == "pod");
    for (resource, (gpus, cloud)) in resources.zip(pods) {
        let machine: Attributes = ValueMap::from([
            ("gpu_types".to_owned(), Value::texts(gpus.iter().copied())),
            ("gpu_count".to_owned(), Value::Int(1)),
            ("cloud".to_owned(), cloud.word().into()),
        ]);
        resource.inputs.extend(machine);
    }
    let moved: &[Move] = &[];
    let (prior, observed) = (session.state(), Observed::default());
    let readings = Readings { desired: &desired, moved, prior: &prior, observed: &observed };
    let mut input = session.input(&readings, PlanOptions::default());
    input.budget.max_hourly = Some(Money::from_dollars(limit));
    planner::plan(&input).expect("no circles")
}

fn refusals(plan: &Plan) -> Vec<(String, String)> {
    plan.refusals.iter().map(|refusal| (refusal.message.clone(), refusal.help.clone())).collect()
}

#[test]
fn a_budget_refuses_a_machine_without_a_price_and_names_it() {
    let unknown = |gpus: &[&str], cloud| refusals(&planned(&[(gpus, cloud)], 1000.0));
    for gpu in
        ["Tesla T4", "Tesla V100-PCIE-16GB", "NVIDIA A30", "NVIDIA GeForce RTX 3090 Ti", "NVIDIA GeForce RTX 5080"]
    {
        let found = unknown(&[gpu], Cloud::Secure);
        let message = format!(
            "cannot check the budget of $1,000/h: the catalog has no price for `{gpu}` in the SECURE cloud (`pod.a`)"
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, message);
        let offers_cloud = found[0].1.starts_with("set `cloudType: COMMUNITY`, choose a type");
        assert_eq!(offers_cloud, gpu != "Tesla T4", "{found:?}");
        assert!(found[0].1.ends_with("or remove `budget.maxHourly`"), "{found:?}");
    }
    // A list is as uncertain as its worst member, in any position.
    for gpus in [["NVIDIA L4", "Tesla T4"], ["Tesla T4", "NVIDIA L4"]] {
        assert!(unknown(&gpus, Cloud::Secure)[0].0.contains("`Tesla T4` in the SECURE cloud (`pod.a`)"));
    }
    assert_eq!(unknown(&["NVIDIA L4"], Cloud::Secure), []);
}

#[test]
fn the_most_expensive_candidate_counts_against_the_budget() {
    let listed = planned(&[(&["NVIDIA L4", "NVIDIA H100 80GB HBM3"], Cloud::Secure)], 1.0);
    let found = refusals(&listed);
    assert!(found[0].0.starts_with("this plan costs up to $3.29"), "{found:?}");
    assert_eq!(refusals(&planned(&[(&["NVIDIA L4"], Cloud::Secure)], 1.0)), []);
}

#[test]
fn exceeding_the_budget_already_is_reported_too() {
    let plan = planned(&[(&["NVIDIA B200"], Cloud::Secure), (&["Tesla T4"], Cloud::Secure)], 5.0);
    let found = refusals(&plan);
    assert!(found[0].0.starts_with("this plan costs $6.80/h plus 1 machine without a known price, over"), "{found:?}");
    assert!(found[1].0.starts_with("cannot check the budget"), "{found:?}");
}

#[test]
fn a_plan_without_a_new_machine_is_not_blocked() {
    let session = Session::new(Dialect::V2);
    let desired = BTreeMap::new();
    let (prior, observed) = (State { lineage: "1".into(), ..session.state() }, Observed::default());
    let readings = Readings::of(&desired, &prior, &observed);
    let mut input = session.input(&readings, PlanOptions::default());
    input.budget.max_hourly = Some(Money::ZERO);
    assert_eq!(planner::plan(&input).expect("no circles").refusals, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// For any machines: a plan passes only if the most expensive choice of each is known and fits.
    #[test]
    fn a_plan_within_budget_stays_within_it_for_any_choice(
        picks in proptest::collection::vec(
            (proptest::collection::vec(0..Catalog::embedded().gpu_types.len(), 1..4), any::<bool>()), 1..4),
        limit in 0.1..20.0f64,
    ) {
        let catalog = Catalog::embedded();
        let pods: Vec<(Vec<&str>, Cloud)> = picks
            .iter()
            .map(|(gpus, secure)| {
                let ids = gpus.iter().map(|place| catalog.gpu_types[*place].id.as_str()).collect();
                (ids, if *secure { Cloud::Secure } else { Cloud::Community })
            })
            .collect();
        let worst: Option<Vec<Money>> = pods
            .iter()
            .map(|(ids, cloud)| {
                let prices: Option<Vec<Money>> = ids.iter().map(|id| catalog.gpu_type(id)?.price(*cloud)).collect();
                prices?.into_iter().max()
            })
            .collect();
        let asked: Vec<(&[&str], Cloud)> = pods.iter().map(|(ids, cloud)| (ids.as_slice(), *cloud)).collect();
        let plan = planned(&asked, limit);
        let is_known = worst.is_some();
        prop_assert_eq!(plan.cost.hourly_after.is_known(), is_known);
        prop_assert_eq!(plan.cost.hourly_after.unpriced as usize,
            plan.changes.iter().filter(|change| !change.hourly_after.is_known()).count());
        prop_assert!(plan.changes.iter().all(|change| change.action == Action::Create));
        let machines: Money = worst.unwrap_or_default().into_iter().sum();
        if plan.refusals.is_empty() {
            prop_assert!(is_known && machines <= Money::from_dollars(limit), "{machines} of {limit}");
        } else {
            prop_assert!(!is_known || plan.cost.hourly_after.known > Money::from_dollars(limit));
        }
    }
}
