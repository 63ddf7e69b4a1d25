//! Faults found by generated configurations, and rules that deserve a name.

use std::collections::{BTreeMap, BTreeSet};

use sindri::config::Move;
use sindri::emulator::PodEvent;
use sindri::model::{Action, Address, Cause, Dialect, Plan, Power, RefusalCode, Resource, Verb};
use sindri::planner::PlanOptions;

use crate::planner::checked::{self, change_of};
use crate::support::fleet::{Fleet, Pod, Variable};
use crate::support::{Session, in_virtual_time, one_in, rest};

const BOTH: [Dialect; 2] = [Dialect::V1, Dialect::V2];

fn main_pod() -> Address {
    Address::new("pod", "main")
}

#[test]
fn a_pod_can_be_created_stopped_and_locked() {
    for dialect in BOTH {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let pod = Pod { locked: true, power: Some(Power::Stopped), ..Pod::default() };
            let plan = checked::apply(&session, &one_in(pod, dialect)).await;
            let verbs: Vec<Verb> = plan.operations.iter().map(|operation| operation.verb).collect();
            assert_eq!(verbs, [Verb::Create, Verb::Stop, Verb::Update]);
        });
    }
}

#[test]
fn a_locked_pod_is_not_stopped_until_it_is_unlocked() {
    for dialect in BOTH {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let locked = Pod { locked: true, ..Pod::default() };
            checked::apply(&session, &one_in(locked.clone(), dialect)).await;

            let still_locked = Pod { power: Some(Power::Stopped), title: "-b", ..locked.clone() };
            let plan = checked::apply(&session, &one_in(still_locked, dialect)).await;
            assert_eq!(plan.all_refusals().map(|(_, refusal)| refusal.code).collect::<Vec<_>>(), [RefusalCode::Locked]);

            let unlocked = Pod { power: Some(Power::Stopped), locked: false, ..locked };
            let plan = checked::apply(&session, &one_in(unlocked, dialect)).await;
            assert_eq!(change_of(&plan, &main_pod()).map(|change| change.action), Some(Action::Update));
        });
    }
}

#[test]
fn ignored_fields_are_recorded_as_observed() {
    for dialect in BOTH {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let env = BTreeMap::from([("A", Variable::Plain("1")), ("TOKEN", Variable::Secret("one"))]);
            let ignore = BTreeSet::from(["image", "env.A", "ports"]);
            let first = Pod { ports: BTreeSet::from(["22/tcp"]), env, ignore, ..Pod::default() };
            checked::apply(&session, &one_in(first.clone(), dialect)).await;
            let env = BTreeMap::from([("A", Variable::Plain("2")), ("TOKEN", Variable::Secret("one"))]);
            let second = Pod { image: "image:2", env, ports: BTreeSet::from(["8888/http"]), ..first };
            let desired = one_in(second, dialect);
            let plan = checked::apply(&session, &desired).await;
            assert!(plan.is_empty(), "{:#?}", plan.changes);

            let record = &session.state().resources[&main_pod()];
            assert_eq!(record.inputs["image"], "image:1".into(), "the other one was never applied");
            assert!(!session.state().resources.keys().any(|address| address.member.as_deref() == Some("8888/http")));

            let object = session.only_pod().await;
            session.edit_outside(&object, serde_json::json!({ "image": "image:outside" }));
            rest().await;
            let plan = session.plan(&desired).await;
            assert!(plan.is_empty() && plan.drift.len() == 1, "{:#?}", plan.drift);
            checked::apply(&session, &desired).await;
            assert_eq!(session.state().resources[&main_pod()].inputs["image"], "image:outside".into());
        });
    }
}

#[test]
fn a_migrated_pod_in_error_is_adopted_and_then_replaced() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one_in(Pod::default(), Dialect::V2);
        checked::apply(&session, &desired).await;
        for event in [PodEvent::Migrate, PodEvent::Fail] {
            let id = session.only_pod().await.id;
            session.account.modify(|world, now| world.pod_event(&id, &event, now)).expect("an event");
        }
        rest().await;
        let plan = checked::apply(&session, &desired).await;
        let verbs: Vec<Verb> = plan.operations.iter().map(|operation| operation.verb).collect();
        assert_eq!(verbs, [Verb::Import, Verb::Delete, Verb::Create]);
        assert_eq!(plan.operations[1].replaced_by, Some(2));
        let causes = &change_of(&plan, &main_pod()).expect("a change").causes;
        assert!(matches!(causes[..], [Cause::Marker { same_lineage: true, .. }, Cause::Broken { .. }]), "{causes:?}");
    });
}

#[test]
fn a_pod_with_a_moved_entry_continues_under_its_new_address() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let pod = Pod { ports: BTreeSet::from(["22/tcp", "8888/http"]), ..Pod::default() };
        let before = Fleet::default().with_pod("old", pod.clone()).resources(Dialect::V2);
        checked::apply(&session, &before).await;
        let id = session.only_pod().await.id;

        let after = Fleet::default().with_pod("new", pod).resources(Dialect::V2);
        let moved = [Move { from: Address::new("pod", "old"), to: Address::new("pod", "new"), position: None }];
        let applied = session.apply_with(&after, &moved, PlanOptions::default()).await;
        assert_eq!(applied.requests, [format!("PATCH /v2/pods/{id}")], "its name follows its key");
        assert_eq!(session.only_pod().await.id, id);
        checked::settled(&session, &after).await;
    });
}

/// Its marker still has the original address, which another pod may have by now.
#[test]
fn a_renamed_pod_that_migrates_is_followed_and_not_mistaken_for_its_old_address() {
    for dialect in BOTH {
        for old_address_is_in_use in [false, true] {
            in_virtual_time(async {
                let session = Session::new(dialect);
                let disk = || Pod { storage: crate::support::fleet::Storage::Own(20), ..Pod::default() };
                checked::apply(&session, &Fleet::default().with_pod("api", disk()).resources(dialect)).await;
                let mut fleet = Fleet::default().with_pod("eval", disk());
                let moved = Move { from: Address::new("pod", "api"), to: Address::new("pod", "eval"), position: None };
                session.apply_with(&fleet.resources(dialect), &[moved], PlanOptions::default()).await;
                if old_address_is_in_use {
                    fleet = fleet.with_pod("api", Pod::default());
                    checked::apply(&session, &fleet.resources(dialect)).await;
                }
                let desired = fleet.resources(dialect);
                let id =
                    |session: &Session, name: &str| session.state().resources[&Address::new("pod", name)].id.clone();
                assert_eq!(
                    session.state().resources[&Address::new("pod", "eval")].marked,
                    Some(Address::new("pod", "api"))
                );

                let event = |id: &str, event: PodEvent| {
                    session.account.modify(|world, now| world.pod_event(id, &event, now)).expect("an event");
                };
                event(&id(&session, "eval"), PodEvent::Migrate);
                if old_address_is_in_use {
                    event(&id(&session, "api"), PodEvent::Delete);
                }
                rest().await;
                let plan = session.plan(&desired).await;
                assert!(plan.changes.iter().all(|change| !change.action.destroys()), "{:#?}", plan.changes);
                assert_eq!(
                    change_of(&plan, &Address::new("pod", "eval")).map(|change| change.action),
                    Some(Action::Import)
                );
                assert_eq!(plan.orphans, []);
                let before = id(&session, "eval");
                checked::apply(&session, &desired).await;
                assert_ne!(id(&session, "eval"), before);
                assert_eq!(
                    session.account.emulator.inspect(|world| world.pod_ids().count()),
                    1 + usize::from(old_address_is_in_use)
                );
            });
        }
    }
}

/// The advice in the refusals of a plan.
fn advice(plan: &Plan) -> Vec<String> {
    plan.all_refusals().map(|(_, refusal)| refusal.help.clone()).collect()
}

#[test]
fn a_refusal_because_of_a_lock_advises_only_unlocking() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let locked = Pod { locked: true, ..Pod::default() };
        let ignored = Pod { ignore: ["locked"].into(), ..locked.clone() };
        session.apply(&one_in(locked.clone(), Dialect::V2)).await;
        rest().await;
        let changed = |pod: &Pod, locked| one_in(Pod { image: "image:2", locked, ..pod.clone() }, Dialect::V2);
        let advice_for = async |desired: &BTreeMap<Address, Resource>| advice(&session.plan(desired).await).join("; ");

        assert!(advice_for(&changed(&locked, true)).await.starts_with("set `locked: false` on it"));
        assert!(advice_for(&changed(&locked, false)).await.starts_with("apply `locked: false` without its other"));
        for nowhere in [changed(&ignored, false), BTreeMap::new()] {
            assert!(advice_for(&nowhere).await.starts_with("unlock it in the RunPod console"));
        }
        // The advice works.
        let unlocked = one_in(Pod { locked: false, ..locked.clone() }, Dialect::V2);
        assert!(advice_for(&unlocked).await.is_empty());

        // A pod in error is replaced, whatever the file says.
        let id = session.only_pod().await.id;
        session.account.modify(|world, now| world.pod_event(&id, &PodEvent::Fail, now)).expect("it fails");
        rest().await;
        assert!(advice_for(&unlocked).await.starts_with("unlock it in the RunPod console"));
    });
}
