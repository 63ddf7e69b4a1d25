//! `moved` entries: chains, taken targets, and entries without an effect.

use std::collections::BTreeMap;

use sindri::config::Move;
use sindri::model::{Action, Address, Dialect, Observed, Plan, Record, Resource, State};
use sindri::planner::PlanOptions;
use sindri::planner::recognise::moves;

use crate::planner::checked;
use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::{Readings, Session, in_virtual_time};

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn step(from: &str, to: &str) -> Move {
    Move { from: address(from), to: address(to), position: None }
}

fn steps(pairs: &[(&str, &str)]) -> Vec<Move> {
    pairs.iter().map(|(from, to)| step(from, to)).collect()
}

fn with_ports(replicas: Option<u32>) -> Pod {
    Pod { replicas, ports: ["22/tcp", "8888/http"].into(), ..Pod::default() }
}

fn one(key: &'static str) -> BTreeMap<Address, Resource> {
    Fleet::default().with_pod(key, with_ports(None)).resources(Dialect::V2)
}

fn ids(state: &State) -> BTreeMap<String, String> {
    state.resources.iter().map(|(address, record)| (address.to_string(), record.id.clone())).collect()
}

/// The plan of `desired` and `moved` for the current world.
async fn planned(session: &Session, desired: &BTreeMap<Address, Resource>, moved: &[Move]) -> Plan {
    let (prior, observed) = (session.state(), session.observe().await);
    session.plan_from(Readings { desired, moved, prior: &prior, observed: &observed }, PlanOptions::default())
}

fn refusals(plan: &Plan) -> Vec<(String, String)> {
    let text = |(at, refusal): (Option<&Address>, &sindri::model::Refusal)| {
        (
            at.map(ToString::to_string).unwrap_or_default(),
            format!("{}: {}; {}", refusal.code, refusal.message, refusal.help),
        )
    };
    plan.all_refusals().map(text).collect()
}

fn destroyed(plan: &Plan) -> Vec<String> {
    let gone = plan.changes.iter().filter(|change| change.action.destroys());
    gone.map(|change| change.address.to_string()).collect()
}

#[test]
fn a_chain_leads_to_its_end_in_any_order() {
    for moved in [
        steps(&[("pod.a", "pod.b"), ("pod.b", "pod.c")]),
        steps(&[("pod.b", "pod.c"), ("pod.a", "pod.b")]),
        steps(&[("pod.b", "pod.c"), ("pod.c", "pod.d"), ("pod.a", "pod.b"), ("pod.d", "pod.e")]),
    ] {
        in_virtual_time(async {
            let end = if moved.len() == 2 { "c" } else { "e" };
            for start in ["a", "b"] {
                let session = Session::new(Dialect::V2);
                checked::apply(&session, &one(start)).await;
                let before = session.state().resources[&Address::new("pod", start)].id.clone();
                let after = one(end);
                let applied = session.apply_with(&after, &moved, PlanOptions::default()).await;
                assert_eq!(applied.requests, [format!("PATCH /v2/pods/{before}")], "{start} {moved:?}");
                assert_eq!(session.state().resources[&Address::new("pod", end)].id, before);
                let ports = session.state().resources.into_keys().filter(|address| address.kind == "port");
                assert!(ports.map(|port| port.name).eq([end, end]), "ports follow their pod");
                checked::settled(&session, &after).await;
                let plan = planned(&session, &after, &moved).await;
                assert!(plan.is_empty() && plan.notes.is_empty(), "carried out before, so silent: {:?}", plan.notes);
            }
        });
    }
}

#[test]
fn references_follow_a_renamed_volume_and_a_replica_chain_changes_keys_and_numbers() {
    let fleet = |volume, key, replicas| {
        let pod = Pod { storage: Storage::Network(volume), ..with_ports(replicas) };
        Fleet::default().with_volume(volume, Volume::default()).with_pod(key, pod).resources(Dialect::V2)
    };
    let moved = steps(&[
        ("network_volume.models", "network_volume.scratch"),
        ("pod.train[0]", "pod.eval"),
        ("network_volume.data", "network_volume.models"),
        ("pod.api", "pod.train"),
    ]);
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &fleet("data", "api", Some(1))).await;
        let before = session.state().resources[&address("pod.api[0]")].id.clone();
        let after = fleet("scratch", "eval", None);
        let applied = session.apply_with(&after, &moved, PlanOptions::default()).await;
        assert_eq!(destroyed(&applied.plan), Vec::<String>::new());
        let state = session.state();
        assert_eq!(state.resources[&address("pod.eval")].id, before);
        assert_eq!(state.resources[&address("pod.eval")].depends_on, [address("network_volume.scratch")]);
        checked::settled(&session, &after).await;
    });
}

#[test]
fn a_taken_target_is_refused_with_its_address_and_advice() {
    let fleet = |replicas| Fleet::default().with_pod("api", with_ports(Some(replicas))).resources(Dialect::V2);
    let moved = steps(&[("pod.api[1]", "pod.api[0]")]);
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &fleet(2)).await;
        let [first, second] =
            [0, 1].map(|index| session.state().resources[&Address::new("pod", "api").with_index(index)].id.clone());
        let desired = fleet(1);
        let plan = planned(&session, &desired, &moved).await;
        let found = refusals(&plan);
        let [(at, words)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(at, "pod.api[1]");
        for phrase in
            ["move_blocked", "`pod.api[1]` -> `pod.api[0]` was not applied", &first, "sindri destroy 'pod.api[0]'"]
        {
            assert!(words.contains(phrase), "{phrase} in {words}");
        }
        assert_eq!(plan.moves, []);

        // The advice works: the first is destroyed, and the second takes its place.
        let only = [address("pod.api[0]")].into();
        session.apply_with(&desired, &moved, PlanOptions { destroy: true, only, ..PlanOptions::default() }).await;
        session.apply_with(&desired, &moved, PlanOptions::default()).await;
        assert_eq!(session.state().resources[&address("pod.api[0]")].id, second);
        checked::settled(&session, &desired).await;
    });
}

#[test]
fn a_recorded_target_without_an_object_must_be_removed_first() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let both = Fleet::default().with_pod("a", with_ports(None)).with_pod("b", with_ports(None));
        checked::apply(&session, &both.resources(Dialect::V2)).await;
        let moved = steps(&[("pod.a", "pod.b")]);
        let (prior, mut observed) = (session.state(), session.observe().await);
        let readings = |observed: &Observed| {
            let readings = Readings { desired: &one("b"), moved: &moved, prior: &prior, observed };
            session.plan_from(readings, PlanOptions::default())
        };
        assert!(refusals(&readings(&observed))[0].1.contains("sindri destroy pod.b"));
        observed.remove("pod", &prior.resources[&address("pod.b")].id);
        assert!(refusals(&readings(&observed))[0].1.contains("sindri refresh"));
        // A missing source has nothing to lose.
        observed.remove("pod", &prior.resources[&address("pod.a")].id);
        assert_eq!(refusals(&readings(&observed)), []);
    });
}

#[test]
fn two_sources_that_lead_to_one_address_are_both_refused() {
    let both = || {
        let replicated = |fleet: Fleet, key| fleet.with_pod(key, with_ports(Some(1)));
        replicated(replicated(Fleet::default(), "a"), "b").resources(Dialect::V2)
    };
    let after = Fleet::default().with_pod("c", with_ports(Some(1))).resources(Dialect::V2);
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &both()).await;
        // One entry is for a key and the other for a replica, or one is later in the same chain.
        for moved in
            [steps(&[("pod.a", "pod.c"), ("pod.b[0]", "pod.c[0]")]), steps(&[("pod.a", "pod.b"), ("pod.b", "pod.c")])]
        {
            let plan = planned(&session, &after, &moved).await;
            let found = refusals(&plan);
            assert_eq!(found.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["pod.a[0]", "pod.b[0]"]);
            assert!(found.iter().all(|(_, words)| words.contains("also moves there")), "{found:?}");
        }
    });
}

#[test]
fn no_entry_leads_to_an_undeclared_address() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &one("train")).await;
        let plan = planned(&session, &one("eval"), &steps(&[("pod.train", "pod.evla")])).await;
        let found = refusals(&plan);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == "pod.train" && found[0].1.contains("`pod.evla` is not declared"), "{found:?}");
        // Destroying everything does not concern the entry.
        let (prior, observed) = (session.state(), session.observe().await);
        let moved = steps(&[("pod.train", "pod.evla")]);
        let readings = Readings { desired: &one("eval"), moved: &moved, prior: &prior, observed: &observed };
        assert_eq!(refusals(&session.plan_from(readings, PlanOptions { destroy: true, ..PlanOptions::default() })), []);
    });
}

#[test]
fn a_predecessor_follows_its_successor() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &one("old")).await;
        let mut state = session.state();
        let record = state.resources[&address("pod.old")].clone();
        let deposed = address("pod.old").deposed("gone1");
        state.resources.insert(deposed.clone(), Record { id: "gone1".into(), ..record });
        let moved = steps(&[("pod.old", "pod.new")]);
        let result = moves::renamed(&state, &moved);
        let expected: Vec<Address> =
            ["pod.new", "pod.new:deposed-gone1", "port.new:22/tcp", "port.new:8888/http"].map(address).to_vec();
        assert!(result.state.resources.keys().eq(&expected), "{:?}", result.state.resources.keys());
        assert_eq!(result.state.resources[&expected[1]].marked, Some(address("pod.old")));
        // Its own address is free, so it can return there.
        state.resources.remove(&address("pod.old"));
        let back = [Move { from: deposed, to: address("pod.old"), position: None }];
        assert_eq!(ids(&moves::renamed(&state, &back).state)["pod.old"], "gone1");
    });
}

#[test]
fn a_predecessor_that_regains_its_address_has_only_its_own_ports() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &one("old")).await;
        let (mut state, pod) = (session.state(), address("pod.old"));
        let record = state.resources[&pod].clone();
        // Its successor, which is gone, had another port.
        let extra = address("port.old:9999/tcp");
        let port = state.resources[&address("port.old:22/tcp")].clone();
        state.resources.insert(extra.clone(), Record { id: "gone1:9999/tcp".into(), ..port });
        state.resources.insert(pod.deposed(&record.id), record.clone());
        state.resources.insert(pod.clone(), Record { id: "gone1".into(), ..record.clone() });
        let accepted = sindri::planner::drift::survey::accepted(&state, &session.observe().await);
        let id = |at: &Address| accepted.get(at).map(|record| record.as_ref().map(|record| record.id.clone()));
        assert_eq!(id(&pod), Some(Some(record.id.clone())));
        assert_eq!(id(&pod.deposed(&record.id)), Some(None));
        assert_eq!(id(&extra), Some(None), "{accepted:#?}");
    });
}

#[test]
fn an_entry_for_an_unknown_address_is_noted_and_an_applied_one_is_not() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let entry = steps(&[("pod.trian", "pod.eval")]);
        assert_eq!(planned(&session, &one("eval"), &entry).await.notes, [], "a first apply moves nothing");
        checked::apply(&session, &one("train")).await;
        let plan = planned(&session, &one("eval"), &entry).await;
        assert!(
            plan.notes.iter().any(|note| note.message.contains("`pod.trian -> pod.eval` has no effect")),
            "{:?}",
            plan.notes
        );
        let many: Vec<Move> = (0..9).map(|index| step(&format!("pod.x{index}"), &format!("pod.y{index}"))).collect();
        let plan = planned(&session, &one("train"), &many).await;
        assert!(
            plan.is_empty() && plan.notes.len() == 1 && plan.notes[0].message.contains("5 more"),
            "{:?}",
            plan.notes
        );
    });
}

#[test]
fn every_order_of_the_entries_gives_the_same_state() {
    let chain = steps(&[("pod.a", "pod.b"), ("pod.b", "pod.c"), ("pod.c[1]", "pod.d"), ("pod.x", "pod.y")]);
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let fleet = Fleet::default().with_pod("a", with_ports(Some(3))).with_pod("x", with_ports(None));
        checked::apply(&session, &fleet.resources(Dialect::V2)).await;
        let state = session.state();
        let expected = ids(&moves::renamed(&state, &chain).state);
        assert!(
            ["pod.c[0]", "pod.c[2]", "pod.d", "pod.y", "port.d:22/tcp"].iter().all(|at| expected.contains_key(*at))
        );
        for (first, second) in (0..4).flat_map(|first| (0..4).map(move |second| (first, second))) {
            let mut order = chain.clone();
            order.swap(first, second);
            order.rotate_left(second);
            assert_eq!(ids(&moves::renamed(&state, &order).state), expected, "{order:?}");
        }
        // Invalid, but must still end.
        let circle = steps(&[("pod.a", "pod.b"), ("pod.b", "pod.a")]);
        assert_eq!(ids(&moves::renamed(&state, &circle).state), ids(&state));
    });
}

#[test]
fn a_volume_whose_target_is_taken_is_refused_too() {
    let volumes = |keys: &[&'static str]| {
        let fleet = keys.iter().fold(Fleet::default(), |fleet, key| fleet.with_volume(key, Volume::default()));
        fleet.resources(Dialect::V2)
    };
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &volumes(&["data", "models"])).await;
        let moved = steps(&[("network_volume.data", "network_volume.models")]);
        let plan = planned(&session, &volumes(&["models"]), &moved).await;
        let found = refusals(&plan);
        assert!(found[0].1.contains("sindri destroy network_volume.models --include-volumes"), "{found:?}");
        assert!(plan.changes.iter().all(|change| change.action == Action::NoOp));
    });
}
