//! A plan and `import --discover` recognise the same objects.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sindri::kind::NETWORK_VOLUME;
use sindri::model::{Action, Address, Cause, Dialect, Plan, RefusalCode, State, Value};
use sindri::planner::PlanOptions;
use sindri::planner::recognise::discover::{Discovery, Search, SkipReason};
use sindri::resource::inventory::live_object;
use sindri::resource::{RecordChanges, completed};

use crate::planner::outside_changes::change_outside;
use crate::planner::properties::cases;
use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::generate::{dialect, history, outside_changes};
use crate::support::{Desired, Readings, Session, in_virtual_time, rest};

/// The object that each address adopts.
type Adopted = BTreeMap<Address, String>;

/// The addresses without a live recorded object that the plan gives an unmanaged one.
fn planned(plan: &Plan, desired: &Desired, is_open: impl Fn(&Address) -> bool) -> Adopted {
    let adopted = plan.changes.iter().filter_map(|change| {
        let id = change.causes.iter().find_map(|cause| match cause {
            Cause::Marker { id, .. } | Cause::Lookalike { id } | Cause::Mounted { id, .. } => Some(id.clone()),
            _ => None,
        })?;
        Some((change.address.clone(), id))
    });
    adopted.filter(|(address, _)| desired.contains_key(address) && is_open(address)).collect()
}

fn discovered(found: &Discovery<'_>) -> Adopted {
    found.adopted.iter().map(|adopted| (adopted.address.clone(), adopted.object.id.clone())).collect()
}

/// The addresses that several unmarked objects match.
fn ambiguous<'f>(found: &'f Discovery<'_>) -> BTreeSet<&'f Address> {
    let skipped = found.skipped.iter().filter(|it| it.why == SkipReason::Ambiguous && it.object.marker.is_none());
    skipped.map(|skipped| &skipped.address).collect()
}

fn refused(plan: &Plan) -> BTreeSet<&Address> {
    let changes = plan.changes.iter();
    changes
        .filter(|it| it.refusals.iter().any(|refusal| refusal.code == RefusalCode::Ambiguous))
        .map(|it| &it.address)
        .collect()
}

/// The state without every record whose bit is set.
fn forgotten(mut state: State, bits: u32) -> State {
    let lost = state.resources.keys().enumerate().filter(|(index, _)| bits >> (index % 32) & 1 == 1);
    let lost: RecordChanges = lost.map(|(_, address)| (address.clone(), None)).collect();
    for (address, record) in completed(&state, lost) {
        match record {
            Some(record) => drop(state.resources.insert(address, record)),
            None => drop(state.resources.remove(&address)),
        }
    }
    state
}

/// Gives all network volumes the same name, size and region.
fn made_alike(mut desired: Desired) -> Desired {
    for resource in desired.values_mut().filter(|resource| resource.address.kind == "network_volume") {
        let same = [("name", Value::text("shared")), ("size_gb", 50.into()), ("region", Value::text("US-CA-2"))];
        resource.inputs.extend(same.map(|(name, value)| (name.to_owned(), value)));
    }
    desired
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_plan_and_a_discovery_recognise_the_same_objects(
        dialect in dialect(),
        (first, second) in history(),
        same in any::<bool>(),
        deeds in outside_changes(),
        twins in proptest::collection::vec(any::<proptest::sample::Index>(), 0..3),
        lost in prop_oneof![Just(u32::MAX), any::<u32>()],
    ) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let (first, second) = (first.resources(dialect), second.resources(dialect));
            let second = if same { made_alike(second) } else { second };
            session.apply_unless_refused(&first, &[], PlanOptions::default()).await;
            let objects: Vec<_> = session.observe().await.iter().cloned().collect();
            for (deed, which) in deeds.iter().filter(|_| !objects.is_empty()) {
                change_outside(&session, *deed, which.get(&objects));
            }
            let volumes: Vec<_> = second.values().filter(|it| it.address.kind == "network_volume").cloned().collect();
            for twin in twins.iter().filter(|_| !volumes.is_empty()) {
                session.makes(&NETWORK_VOLUME, twin.get(&volumes), None).await;
            }
            rest().await;

            let (prior, observed) = (forgotten(session.state(), lost), session.observe().await);
            let readings = Readings::of(&second, &prior, &observed);
            let plan = session.plan_from(readings, PlanOptions { adopt: true, ..PlanOptions::default() });
            let search = Search { input: session.input(&readings, PlanOptions::default()) };
            let found = search.of(&prior.lineage);
            let is_open = |address: &Address| {
                prior.resources.get(address).is_none_or(|record| live_object(&observed, record).is_none())
            };
            prop_assert_eq!(planned(&plan, &second, is_open), discovered(&found), "{:#?}", observed);
            prop_assert_eq!(refused(&plan), ambiguous(&found));
            Ok(())
        })?;
    }
}

/// One pod with one volume, and another size in the configuration than at RunPod.
fn grown(size_gb: i64) -> Desired {
    let volume = Volume { size_gb, ..Volume::default() };
    let pod = Pod { storage: Storage::Network("data"), ..Pod::default() };
    Fleet::default().with_volume("data", volume).with_pod("main", pod).resources(Dialect::V2)
}

#[test]
fn a_volume_that_a_recognised_pod_mounts_is_adopted_even_if_its_size_differs() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&grown(50)).await;
        let (state, observed) = (session.state(), session.observe().await);
        let lost = State { resources: BTreeMap::new(), ..state.clone() };
        let desired = grown(60);
        let readings = Readings::of(&desired, &lost, &observed);
        let plan = session.plan_from(readings, PlanOptions { adopt: true, ..PlanOptions::default() });
        let volume = Address::new("network_volume", "data");
        let id = state.resources[&volume].id.clone();
        let by = Address::new("pod", "main");
        assert!(plan.by_address()[&volume].causes.contains(&Cause::Mounted { id, by }), "{plan:#?}");
        assert!(plan.changes.iter().all(|change| change.action != Action::Create), "{plan:#?}");
        assert!(plan.adopts_unmanaged());
    });
}

#[test]
fn two_alike_volumes_are_paired_with_two_addresses_and_three_are_not() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let volumes = Fleet::default().with_volume("a", Volume::default()).with_volume("b", Volume::default());
        let desired = made_alike(volumes.resources(Dialect::V2));
        let volume = &desired[&Address::new("network_volume", "a")];
        for (adopted, ambiguous_ones) in [(1, 0), (2, 0), (0, 2)] {
            session.makes(&NETWORK_VOLUME, volume, None).await;
            let (prior, observed) =
                (State::new("l".into(), "default".into(), "sandbox".into()), session.observe().await);
            let readings = Readings::of(&desired, &prior, &observed);
            let search = Search { input: session.input(&readings, PlanOptions::default()) };
            let found = search.of(&prior.lineage);
            assert_eq!((found.adopted.len(), ambiguous(&found).len()), (adopted, ambiguous_ones));
        }
    });
}
