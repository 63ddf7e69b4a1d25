//! Answers that do not match reality.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use sindri::apply::Event;
use sindri::emulator::{EmulatorOptions, PodEvent, faults};
use sindri::model::{Action, Address, Dialect, DriftClass, Power, Status};
use tokio::time::{sleep, timeout};

use crate::support::fleet::{Fleet, Pod, Variable};
use crate::support::{Account, Session, change, in_virtual_time, one, one_in, rest};

fn updatable() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("1")), ("B", Variable::Secret("one"))]);
    Pod { in_place: true, ports: BTreeSet::from(["22/tcp"]), env, ..Pod::default() }
}

fn updated() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("2")), ("C", Variable::Secret("two"))]);
    Pod { image: "image:2", ports: BTreeSet::from(["22/tcp", "8888/http"]), env, ..updatable() }
}

#[test]
fn an_update_that_drops_a_field_is_reported_and_stays_pending() {
    for (member, attribute, paths) in [
        ("image", "image", vec!["image"]),
        ("ports", "ports", vec!["ports"]),
        ("env", "env", vec!["env.A", "env.B", "env.C"]),
    ] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            session.apply(&one(updatable())).await;
            let before = session.state();
            session.account.fault("updatePod", &format!("patchDropsField: {member}"));
            let desired = one(updated());
            let applied = session.attempt(&desired).await;
            assert_eq!((applied.report.failed, applied.report.done), (1, 0));
            applied.says(&["[update_not_done]", "RunPod accepted the update, but", "the rest is done"]);
            applied.says(
                &paths
                    .iter()
                    .map(|path| format!("`{path}`"))
                    .collect::<Vec<_>>()
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>(),
            );

            let state = session.state();
            let main = Address::new("pod", "main");
            let changed =
                |name: &str| state.resources[&main].inputs.get(name) != before.resources[&main].inputs.get(name);
            let port = state.resources.contains_key(&Address::new("port", "main").with_member("8888/http"));
            assert_eq!(
                [changed("image"), port, changed("env")],
                ["image", "ports", "env"].map(|name| name != attribute)
            );

            let plan = session.plan(&desired).await;
            assert_eq!(change(&plan, "main").action, Action::Update);
            let pending: BTreeSet<&str> =
                change(&plan, "main").fields.iter().map(|field| field.path.as_str()).collect();
            assert_eq!(pending, paths.iter().copied().collect());
            assert_eq!(plan.drift, [], "nobody else did anything");

            session.account.calm();
            session.apply(&desired).await;
            assert!(session.plan(&desired).await.is_empty());
        });
    }
}

#[test]
fn an_update_that_is_shown_late_is_waited_for_and_succeeds() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let resources = |pod| one_in(pod, dialect);
            session.apply(&resources(updatable())).await;
            session.account.fault("updatePod", "staleRead: { seconds: 60 }");
            let applied = session.apply(&resources(updated())).await;
            assert_eq!(applied.requests.len(), 1, "{:?}", applied.requests);
            assert_eq!(session.record("main").inputs["image"], "image:2".into());
            assert!(session.plan(&resources(updated())).await.is_empty());
        });
    }
}

#[test]
fn a_crash_loop_is_named_while_waiting() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.account.fault("createPod, pod: '*crasher'", "crashLoop: true");
        let slow = Pod { image: "emulator/slow:1", ..Pod::default() };
        let mut desired =
            Fleet::default().with_pod("crasher", Pod::default()).with_pod("slow", slow).resources(Dialect::V2);
        for resource in desired.values_mut() {
            resource.timeouts.create = Duration::from_secs(3600);
        }
        let applied = session.apply(&desired).await;
        let named: Vec<_> = applied.events.iter().filter(|event| matches!(event, Event::CrashLoop { .. })).collect();
        let [Event::CrashLoop { address, id }] = named[..] else { panic!("once: {named:?}") };
        assert_eq!((address, id), (&Address::new("pod", "crasher"), &session.record("crasher").id));
        applied.says(&["Crash loops", "its container keeps restarting", "sindri destroy"]);
    });
}

#[test]
fn a_container_recreated_once_is_not_a_crash_loop() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&one(Pod::default())).await;
        let id = session.record("main").id;
        let slow = Pod { image: "emulator/slow:1", ..Pod::default() };
        let mut desired =
            Fleet::default().with_pod("main", Pod::default()).with_pod("slow", slow).resources(Dialect::V2);
        for resource in desired.values_mut() {
            resource.timeouts.create = Duration::from_secs(3600);
        }
        let somebody = async {
            sleep(Duration::from_secs(300)).await;
            let edit = PodEvent::Edit { changes: json!({ "image": "image:2" }) };
            session.account.modify(|world, now| world.pod_event(&id, &edit, now)).expect("an edit");
        };
        let (applied, ()) = tokio::join!(session.apply(&desired), somebody);
        assert!(!applied.events.iter().any(|event| matches!(event, Event::CrashLoop { .. })));
    });
}

#[test]
fn an_unknown_status_is_never_read_as_absent() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let desired = one_in(Pod::default(), dialect);
            session.apply(&desired).await;
            session.account.fault("listPods", "newStatus: PAUSED");
            rest().await;
            assert_eq!(session.pods().await[0].status, Some(Status::Unknown("PAUSED".into())));
            let applied = session.apply(&desired).await;
            assert!(applied.plan.is_empty() && applied.requests.is_empty(), "{:?}", applied.requests);
        });
    }
}

#[test]
fn a_created_pod_with_an_unknown_status_times_out_and_is_recorded() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.account.fault("'*Pod*'", "newStatus: PAUSED");
        let applied = session.attempt(&one(Pod::default())).await;
        applied.says(&["[not_ready]", "it was not ready after"]);
        assert!(session.record("main").tainted);
        session.account.calm();
        let applied = session.apply(&one(Pod::default())).await;
        assert_eq!((applied.creates(), session.record("main").tainted), (0, false), "it turned out ready after all");
    });
}

#[test]
fn a_command_returned_in_another_form_is_no_difference() {
    for echo in ["verbatim", "reserialized", "split"] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            session.account.fault("'*'", &format!("echoArgs: {echo}"));
            for (entrypoint, command) in [
                (&[][..], &["python", "a b.py"][..]),
                (&["sh", "-c"][..], &["echo \"it's\""][..]),
                (&["serve"][..], &[][..]),
            ] {
                let desired = one(Pod { entrypoint, command, in_place: true, ..Pod::default() });
                session.apply(&desired).await;
                rest().await;
                let plan = session.plan(&desired).await;
                assert!(plan.is_empty() && plan.drift.is_empty(), "{echo}: {:#?}", plan.changes);
            }
        });
    }
}

#[test]
fn a_pod_is_not_replaced_because_its_host_is_down() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.account.fault("createPod", "hostDown: { seconds: 100000 }");
        let mut desired = one(Pod::default());
        desired.values_mut().for_each(|resource| resource.timeouts.create = Duration::from_secs(60));
        let applied = session.attempt(&desired).await;
        applied.says(&["it was not ready after 60 s", "It is tainted"]);

        let session = Session::new(Dialect::V2);
        session.apply(&one(Pod::default())).await;
        let id = session.record("main").id;
        let down = PodEvent::HostDown { seconds: 100_000 };
        session.account.modify(|world, now| world.pod_event(&id, &down, now)).expect("a host");
        rest().await;
        let plan = session.plan(&one(Pod::default())).await;
        assert!(!plan.changes_anything() && plan.drift.is_empty(), "{:#?}", plan.changes);
        assert_eq!(plan.waits.len(), 1, "it is waited for");
        let applied = session.attempt(&one(Pod::default())).await;
        applied.says(&["[not_ready]", "it was not ready after 1200 s", "It may have been ready before, so it is kept"]);
        assert_eq!((session.record("main").tainted, session.record("main").awaiting_ready), (false, None));
        assert!(applied.requests.is_empty(), "{:?}", applied.requests);
        let plan = session.plan(&one(Pod::default())).await;
        assert!(!plan.changes_anything() && !plan.is_empty(), "{:#?}", plan.changes);
    });
}

#[test]
fn answers_with_more_or_fewer_members_change_nothing() {
    for effect in ["extraMembers: true", "missingMembers: [mounts, cost, template, cudaVersion, actions, startedAt]"] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            let desired = one(updatable());
            session.account.fault("'*'", effect);
            session.apply(&desired).await;
            rest().await;
            let plan = session.plan(&desired).await;
            assert!(plan.is_empty() && plan.drift.is_empty(), "{effect}: {:#?}", plan.changes);
        });
    }
}

#[test]
fn the_api_of_august_is_enough() {
    in_virtual_time(async {
        let options = EmulatorOptions { faults: Some("august-spec".into()), ..EmulatorOptions::default() };
        let session = Session::on(&Account::with(&options), Dialect::V2);
        let pod = Pod { entrypoint: &["sh", "-c"], command: &["echo hi"], ..updatable() };
        for pod in [pod.clone(), Pod { command: &["echo ho"], image: "image:2", ..pod }] {
            session.apply(&one(pod.clone())).await;
            rest().await;
            let plan = session.plan(&one(pod)).await;
            assert!(plan.is_empty() && plan.drift.is_empty(), "{:#?}", plan.changes);
        }
    });
}

#[test]
fn an_edit_not_shown_by_reads_yet_is_left_to_the_next_apply() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let pod = |image| one(Pod { image, ..updatable() });
        session.apply(&pod("image:1")).await;
        rest().await;
        session.account.fault("updatePod, times: 1", "staleRead: { seconds: 30 }");
        let killed = timeout(Duration::from_secs(3), session.attempt(&pod("image:2"))).await;
        assert!(killed.is_err(), "it waits until its update is shown");
        let edit = PodEvent::Edit { changes: json!({ "ports": ["9999/http"] }) };
        let id = session.record("main").id;
        session.account.modify(|inside, now| inside.pod_event(&id, &edit, now)).expect("a pod to edit");

        // Reads still show image and ports from before both changes.
        let applied = session.apply(&pod("image:2")).await;
        assert_eq!(change(&applied.plan, "main").fields.len(), 1, "{:?}", change(&applied.plan, "main").fields);
        rest().await;
        let plan = session.plan(&pod("image:2")).await;
        let paths: Vec<&str> = change(&plan, "main").fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["ports"]);
        session.apply(&pod("image:2")).await;
        rest().await;
        assert!(session.plan(&pod("image:2")).await.is_empty());
    });
}

#[test]
fn zero_gpus_after_a_start_are_reported_as_a_failure() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let with = |power| one_in(Pod { power: Some(power), ..Pod::default() }, dialect);
            session.apply(&with(Power::Stopped)).await;
            session.account.emulator.set_faults(faults::scenario("restart-without-gpu").expect("a scenario"));
            rest().await;
            let applied = session.attempt(&with(Power::Running)).await;
            assert_eq!(applied.report.failed, 1);
            applied.says(&["could not start", "it started without a GPU", "still billed"]);
            rest().await;
            let plan = session.plan(&with(Power::Running)).await;
            assert_eq!(change(&plan, "main").action, Action::Replace);
            assert_eq!(plan.drift[0].class, DriftClass::ZeroGpu);
        });
    }
}

#[test]
fn a_fault_list_and_a_seed_give_the_same_run_twice() {
    let run = |seed| {
        in_virtual_time(async move {
            let options = EmulatorOptions { faults: Some("flaky".into()), seed, ..EmulatorOptions::default() };
            let session = Session::on(&Account::with(&options), Dialect::V2);
            let fleet = Fleet::default().with_pod("main", Pod { replicas: Some(12), ..Pod::default() });
            let applied = session.attempt(&fleet.resources(Dialect::V2)).await;
            (applied.requests, format!("{:?}", applied.events))
        })
    };
    assert_eq!(run(3).0, run(3).0);
    assert_ne!(run(3).1, run(4).1);
}
