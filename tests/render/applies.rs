//! Output of an apply, during it and at its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sindri::apply::{Event, OperationFault};
use sindri::model::{Action, Address, Change, Computed, Object, Operation, Plan, Status, Verb};
use sindri::render::{Progress, ProgressKind, Style, Summary};
use sindri::runpod::ErrorClass;

use crate::render::fixture::{address, change, create, gpu_pod, money, plan};
use crate::support::golden;

pub fn object(id: &str, hourly: f64) -> Object {
    Object {
        kind: "pod",
        id: id.into(),
        name: "trainer".into(),
        attributes: Default::default(),
        marker: None,
        status: Some(Status::Running),
        ready: true,
        computed: Computed { cost_per_hour: Some(money(hourly)), ..Computed::default() },
    }
}

fn done(text: &str, verb: Verb, id: &str, seconds: u64) -> Event {
    let object = (verb == Verb::Create).then(|| Box::new(object(id, 0.74)));
    Event::Done { address: address(text), verb, id: Some(id.into()), object, elapsed: Duration::from_secs(seconds) }
}

fn started(text: &str, verb: Verb, id: Option<&str>, detail: Option<&str>) -> Event {
    Event::Started { address: address(text), verb, id: id.map(Into::into), detail: detail.map(Into::into) }
}

fn trainer(index: u32) -> Address {
    address(&format!("pod.trainer[{index}]"))
}

/// An apply with every kind of event.
pub fn troubled() -> Vec<Event> {
    vec![
        Event::Recovered {
            address: address("network_volume.data"),
            verb: Verb::Create,
            id: Some("vol-9".into()),
            how: "found by its name, size and location".into(),
        },
        started("pod.inference", Verb::Delete, Some("old7"), None),
        done("pod.inference", Verb::Delete, "old7", 3),
        started("pod.inference", Verb::Create, None, Some("NVIDIA L4 in US-CA-2")),
        Event::CandidateUnavailable {
            address: address("pod.inference"),
            detail: "NVIDIA L4 in US-CA-2".into(),
            message: "There are no instances currently available".into(),
        },
        started("pod.inference", Verb::Create, None, Some("NVIDIA L4 in US-TX-3")),
        Event::Paced { wait: Duration::from_secs(12), reason: "the minute's quota is used up".into() },
        Event::Accepted { address: address("pod.inference"), verb: Verb::Create, id: "new8".into() },
        done("pod.inference", Verb::Create, "new8", 64),
        started("pod.trainer[0]", Verb::Create, None, None),
        Event::Settled { address: trainer(0), message: "the answer was lost; the pod was found by its marker".into() },
        done("pod.trainer[0]", Verb::Create, "tr0", 70),
        started("pod.trainer[1]", Verb::Create, None, None),
        Event::Accepted { address: trainer(1), verb: Verb::Create, id: "tr1".into() },
        Event::Failed {
            address: trainer(1),
            verb: Verb::Create,
            id: Some("tr1".into()),
            message: "the pod was not ready after 20m 00s; its last status was Creating".into(),
            help: Some("look at `sindri logs 'pod.trainer[1]'`; the next apply replaces it".into()),
            code: OperationFault::NotReady.into(),
            changed: true,
        },
        started("pod.trainer[2]", Verb::Create, None, None),
        Event::Failed {
            address: trainer(2),
            verb: Verb::Create,
            id: None,
            message: "There are no instances currently available".into(),
            help: Some("add candidates to `gpuType` or `region`".into()),
            code: ErrorClass::NoCapacity.into(),
            changed: false,
        },
        Event::Skipped { address: trainer(3), verb: Verb::Create, because: "pod.trainer[2] failed".into() },
        Event::OrphanFound { id: "w0rph4n".into(), name: "trainer-9".into(), hourly: Some(money(2.93)) },
        Event::Interrupted { in_flight: 1 },
    ]
}

fn shown(kind: ProgressKind, events: &[Event]) -> String {
    let text = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&text);
    let progress = Progress::new(kind, Style::default(), move |line| sink.lock().expect("one thread").push_str(line));
    events.iter().for_each(|event| progress.show(event));
    drop(progress);
    let text = text.lock().expect("one thread");
    text.clone()
}

fn summary(events: &[Event]) -> String {
    let plan = plan(
        (0..4).map(|index| create(&format!("pod.trainer[{index}]"), gpu_pod("NVIDIA L4", 1, "a:1"), 0.44, 3)).collect(),
    );
    summary_of(&plan, "apply", events)
}

/// The summary of a command that was to apply `plan`.
fn summary_of(plan: &Plan, command: &str, events: &[Event]) -> String {
    let mut summary = Summary::expecting(plan, command);
    events.iter().for_each(|event| summary.note(event));
    let mut out = String::new();
    summary.text(&mut out, Duration::from_secs(1_270), &Style::default()).expect("a string takes everything");
    out
}

#[test]
fn plain_progress_is_a_line_per_event_that_matters() {
    golden::check("render/progress_plain.txt", &shown(ProgressKind::Plain, &troubled()));
}

#[test]
fn quiet_progress_prints_nothing() {
    assert_eq!(shown(ProgressKind::Quiet, &troubled()), "");
}

#[test]
fn json_progress_is_one_object_per_event() {
    golden::check("render/progress.jsonl", &shown(ProgressKind::Json, &troubled()));
}

#[test]
fn a_partly_applied_plan_lists_objects_costs_and_how_to_destroy_them() {
    let events: Vec<Event> =
        troubled().into_iter().filter(|event| !matches!(event, Event::Interrupted { .. })).collect();
    golden::check("render/summary_partly.txt", &summary(&events));
}

#[test]
fn a_complete_apply_is_one_line() {
    let events = [
        done("pod.a", Verb::Delete, "old", 1),
        done("pod.a", Verb::Create, "new", 60),
        done("pod.b", Verb::Create, "b", 60),
        done("pod.c", Verb::Delete, "c", 60),
        done("network_volume.d", Verb::Update, "d", 1),
    ];
    assert_eq!(summary(&events), "Apply complete: 1 created, 1 updated, 1 replaced, 1 destroyed in 21m 10s.\n");
}

#[test]
fn a_failed_destroy_says_that_the_object_is_still_billed() {
    let failed = Event::Failed {
        address: address("pod.trainer[0]"),
        verb: Verb::Delete,
        id: Some("tr0".into()),
        message: "DELETE /v2/pods/tr0 answered 500: oops".into(),
        help: None,
        code: ErrorClass::Server.into(),
        changed: false,
    };
    let text = summary_of(&Plan { destroy: false, ..deletes(1) }, "apply", &[failed]);
    assert!(text.starts_with("Apply failed: 1 failed in"), "{text}");
    assert!(
        text.contains("Exists now: 1, at about $0.44/h in all\n  pod.trainer[0]  tr0  $0.44/h  could not be destroyed")
    );
    assert!(text.ends_with("Run `sindri apply` again when the cause is resolved.\n"), "{text}");

    // After `sindri destroy`, an apply would recreate the destroyed objects.
    let volume = Event::Failed {
        address: address("network_volume.data"),
        verb: Verb::Delete,
        id: Some("v0l".into()),
        message: "DELETE /v2/network-volumes/v0l answered 400: in use".into(),
        help: None,
        code: ErrorClass::Invalid.into(),
        changed: false,
    };
    let mut kept = change("network_volume.data", Action::Delete);
    (kept.id, kept.hourly_before) = (Some("v0l".into()), money(0.01).into());
    let mut plan = Plan { destroy: true, ..plan(vec![kept]) };
    plan.operations = vec![operation("network_volume.data", Verb::Delete, Some("v0l"))];
    let text = summary_of(&plan, "destroy", &[volume]);
    assert!(text.starts_with("Destroy failed: 1 failed in"), "{text}");
    assert!(text.contains("to delete it: `sindri destroy network_volume.data --include-volumes`"), "{text}");
    assert!(text.ends_with("Run the same `sindri destroy` again when the cause is resolved.\n"), "{text}");
}

#[test]
fn an_interrupted_apply_says_so_first() {
    let text = summary(&troubled());
    assert!(text.starts_with("Apply interrupted: 1 recovered, 1 created, 1 replaced, 2 failed"), "{text}");
}

fn left(index: u32, verb: Verb) -> Event {
    let because = "not ready when interrupted".into();
    Event::Unfinished { address: trainer(index), verb, id: format!("tr{index}"), because }
}

fn skipped(index: u32, verb: Verb) -> Event {
    Event::Skipped { address: trainer(index), verb, because: "interrupted".into() }
}

pub fn operation(text: &str, verb: Verb, id: Option<&str>) -> Operation {
    Operation {
        address: address(text),
        verb,
        id: id.map(Into::into),
        inputs: Default::default(),
        candidates: Vec::new(),
        depends_on: Vec::new(),
        record: None,
        members: Default::default(),
        deposes: None,
        wait: true,
        rollout: None,
        timeouts: Default::default(),
        replaced_by: None,
    }
}

/// Creates of this many pods.
fn creates(pods: u32) -> Plan {
    let name = |index| format!("pod.trainer[{index}]");
    let mut plan = plan((0..pods).map(|index| create(&name(index), gpu_pod("NVIDIA L4", 1, "a:1"), 0.44, 3)).collect());
    plan.operations = (0..pods).map(|index| operation(&name(index), Verb::Create, None)).collect();
    plan
}

/// Deletes of the same pods.
fn deletes(pods: u32) -> Plan {
    let mut plan = creates(pods);
    for (index, change) in plan.changes.iter_mut().enumerate() {
        (change.action, change.id) = (Action::Delete, Some(format!("tr{index}")));
        change.hourly_before = std::mem::take(&mut change.hourly_after);
    }
    for (index, operation) in plan.operations.iter_mut().enumerate() {
        (operation.verb, operation.id) = (Verb::Delete, Some(format!("tr{index}")));
    }
    Plan { destroy: true, ..plan }
}

fn interrupted(mut events: Vec<Event>) -> Vec<Event> {
    events.push(Event::Interrupted { in_flight: 1 });
    events
}

/// Lines on a screen with 80 columns.
fn screen(plan: &Plan, command: &str, events: &[Event]) -> Vec<String> {
    let mut summary = Summary::expecting(plan, command);
    events.iter().for_each(|event| summary.note(event));
    let mut out = String::new();
    let style = Style { width: Some(80), ..Style::default() };
    summary.text(&mut out, Duration::from_secs(41), &style).expect("a string takes everything");
    out.lines().map(str::to_owned).collect()
}

#[test]
fn unfinished_creates_after_an_interrupt_are_listed_first_as_billed() {
    for verb in [Verb::Create, Verb::Start, Verb::Stop, Verb::Update] {
        let accepted = Event::Accepted { address: trainer(0), verb, id: "tr0".into() };
        for events in [vec![accepted.clone(), left(0, verb)], vec![accepted.clone()]] {
            let mut plan = creates(1);
            if verb != Verb::Create {
                (plan.changes[0].action, plan.changes[0].id) = (Action::Update, Some("tr0".into()));
                plan.operations = vec![operation("pod.trainer[0]", verb, Some("tr0"))];
            }
            let text = summary_of(&plan, "apply", &interrupted(events));
            assert!(text.starts_with("Apply interrupted: 1 not finished in"), "{text}");
            assert!(
                text.contains("Exists now: 1, at about $0.44/h in all\n  pod.trainer[0]  tr0  $0.44/h  "),
                "{text}"
            );
            assert!(text.contains("to delete it: `sindri destroy 'pod.trainer[0]'`"), "{text}");
            assert!(text.contains("Not finished\n  1 to "), "{text}");
            assert!(text.ends_with("Run `sindri apply` again to do the rest.\n"), "{text}");
            assert!(!text.contains("othing") && !text.contains("Not started"), "{text}");
        }
        let text = summary(&[accepted, done("pod.trainer[0]", verb, "tr0", 5)]);
        assert!(text.starts_with("Apply complete: ") && !text.contains("inished"), "{text}");
    }
}

#[test]
fn after_an_unconfirmed_delete_the_object_may_still_be_billed() {
    let events = [started("pod.trainer[0]", Verb::Delete, Some("tr0"), None), left(0, Verb::Delete)];
    let text = summary_of(&deletes(1), "destroy", &interrupted(events.to_vec()));
    assert!(text.starts_with("Destroy interrupted: 1 not finished in"), "{text}");
    assert!(text.contains("pod.trainer[0]  tr0  $0.44/h  delete sent, may still exist"), "{text}");
    let text = summary_of(&deletes(1), "destroy", &interrupted(vec![skipped(0, Verb::Delete)]));
    assert!(text.contains("1 not started") && text.contains("Nothing was changed"), "{text}");
    assert!(
        text.contains("Exists now: 1, at about $0.44/h in all\n  pod.trainer[0]  tr0  $0.44/h  not destroyed"),
        "{text}"
    );
}

#[test]
fn an_interrupted_wait_is_resumed_and_does_not_start_over() {
    let mut plan = creates(1);
    (plan.changes[0].action, plan.changes[0].id) = (Action::NoOp, Some("tr0".into()));
    plan.operations = vec![operation("pod.trainer[0]", Verb::Wait, Some("tr0"))];
    for events in [vec![left(0, Verb::Wait)], vec![skipped(0, Verb::Wait)]] {
        let text = summary_of(&plan, "apply", &interrupted(events));
        assert!(text.contains("Nothing was changed. Run `sindri apply` again to resume the wait."), "{text}");
    }
    let text = summary_of(&creates(1), "apply", &interrupted(vec![skipped(0, Verb::Create)]));
    assert!(text.contains("Nothing was changed. Run `sindri apply` again to start over."), "{text}");
}

#[test]
fn two_hundred_pods_fit_on_a_screen_with_existing_objects_first() {
    let mut events: Vec<Event> =
        (0..20).map(|index| done(&trainer(index).to_string(), Verb::Create, &format!("tr{index}"), 9)).collect();
    for index in 20..50 {
        events.push(Event::Accepted { address: trainer(index), verb: Verb::Create, id: format!("tr{index}") });
        events.push(left(index, Verb::Create));
    }
    // An answer for which the caller did not wait.
    events.push(started("pod.trainer[50]", Verb::Create, None, None));
    events.extend((51..200).map(|index| skipped(index, Verb::Create)));
    let rows = screen(&creates(200), "deploy", &interrupted(events));
    assert!(rows.len() <= 24, "{} rows:\n{}", rows.len(), rows.join("\n"));
    assert!(rows.iter().all(|row| row.len() <= 80), "{}", rows.join("\n"));
    golden::check("render/summary_interrupted.txt", &(rows.join("\n") + "\n"));
}

#[test]
fn an_interrupted_destroy_lists_existing_objects_first() {
    let mut events: Vec<Event> =
        (0..50).map(|index| done(&trainer(index).to_string(), Verb::Delete, &format!("tr{index}"), 3)).collect();
    events.extend((50..60).flat_map(|index| {
        [
            started(&trainer(index).to_string(), Verb::Delete, Some(&format!("tr{index}")), None),
            left(index, Verb::Delete),
        ]
    }));
    events.extend((60..200).map(|index| skipped(index, Verb::Delete)));
    let rows = screen(&deletes(200), "destroy", &interrupted(events));
    assert!(rows.len() <= 24, "{} rows:\n{}", rows.len(), rows.join("\n"));
    golden::check("render/summary_interrupted_destroy.txt", &(rows.join("\n") + "\n"));
}

#[test]
fn a_thousand_failures_with_the_same_reason_are_one_line_with_a_count() {
    let failed = |index: u32, verb: Verb| Event::Failed {
        address: trainer(index),
        verb,
        id: Some(format!("object-{index}")).filter(|_| verb == Verb::Delete),
        message: format!("DELETE /v2/pods/object-{index} answered 500: oops [request req-{index}]"),
        help: Some(format!("look at `sindri status` and `{}`", trainer(index))),
        code: ErrorClass::Server.into(),
        changed: false,
    };
    for (plan, verb, command) in [(creates(1000), Verb::Create, "apply"), (deletes(1000), Verb::Delete, "destroy")] {
        let events: Vec<Event> = (0..1000).map(|index| failed(index, verb)).collect();
        // A create has no id that its message could repeat.
        let events: Vec<Event> = events
            .into_iter()
            .map(|event| match event {
                Event::Failed { address, verb: Verb::Create, help, code, changed, id, .. } => {
                    let message = format!("POST /v2/pods answered 400: no stock for {address}");
                    Event::Failed { address, verb: Verb::Create, id, message, help, code, changed }
                }
                other => other,
            })
            .collect();
        let rows = screen(&plan, command, &events);
        assert!(rows.len() <= 24, "{} rows:\n{}", rows.len(), rows.join("\n"));
        let line = format!(
            "  1000 could not be {}: pod.trainer[0..999]  [server_error]",
            if verb == Verb::Create { "created" } else { "destroyed" }
        );
        assert_eq!(rows.iter().filter(|row| row.contains("could not be") && row.contains("[server_error]")).count(), 1);
        assert!(rows.contains(&line), "{}", rows.join("\n"));
    }
    let lines = shown(ProgressKind::Plain, &(0..1000).map(|index| failed(index, Verb::Delete)).collect::<Vec<_>>());
    assert!(lines.lines().count() <= 5, "progress tells the first few: {lines}");
}

#[test]
fn an_apply_reports_as_many_changes_as_its_plan_counted() {
    // Two creates that need an update of attributes that a create cannot carry, a replacement, and a pod created as
    // stopped.
    let mut plan = creates(3);
    plan.changes.push(Change { id: Some("old".into()), ..change("pod.x", Action::ReplaceCreateFirst) });
    plan.operations.extend([
        operation("pod.trainer[0]", Verb::Update, None),
        operation("pod.trainer[1]", Verb::Update, None),
        operation("pod.trainer[2]", Verb::Stop, None),
        operation("pod.x", Verb::Create, None),
        operation("pod.x:deposed-old", Verb::Delete, Some("old")),
    ]);
    let all = [
        done("pod.trainer[0]", Verb::Create, "tr0", 1),
        done("pod.trainer[1]", Verb::Create, "tr1", 1),
        done("pod.trainer[2]", Verb::Create, "tr2", 1),
        done("pod.trainer[0]", Verb::Update, "tr0", 1),
        done("pod.trainer[1]", Verb::Update, "tr1", 1),
        done("pod.trainer[2]", Verb::Stop, "tr2", 1),
        done("pod.x", Verb::Create, "new", 1),
        done("pod.x", Verb::Delete, "old", 1),
    ];
    assert_eq!(summary_of(&plan, "apply", &all), "Apply complete: 3 created, 1 replaced in 21m 10s.\n");

    // Without its last steps a change is not finished, but still counts as one.
    let text = summary_of(&plan, "apply", &interrupted(all[..5].to_vec()));
    assert!(text.starts_with("Apply interrupted: 2 created, 1 not finished, 1 not started in"), "{text}");
    assert!(text.contains("  1 to stop: pod.trainer[2] (only created)"), "{text}");
    // Both objects of a replacement exist until its predecessor is deleted.
    let text = summary_of(&plan, "apply", &interrupted(all[..7].to_vec()));
    assert!(text.contains("pod.x  new") && text.contains("pod.x  old  not destroyed, predecessor"), "{text}");
}

#[test]
fn a_predecessor_is_not_destroyed_by_its_successors_name() {
    let replace = |text: &str| Change {
        id: Some("old".into()),
        hourly_before: money(0.5).into(),
        hourly_after: money(0.5).into(),
        ..change(text, Action::ReplaceCreateFirst)
    };
    let mut plan = plan(vec![replace("pod.x"), replace("pod.y")]);
    for pod in ["x", "y"] {
        plan.operations.extend([
            operation(&format!("pod.{pod}"), Verb::Create, None),
            operation(&format!("pod.{pod}:deposed-old"), Verb::Delete, Some("old")),
        ]);
    }
    let made = ["pod.x", "pod.y"].map(|pod| done(pod, Verb::Create, "new", 1)).to_vec();
    let text = summary_of(&plan, "apply", &interrupted(made.clone()));
    assert!(text.contains("  `sindri apply` deletes predecessors\n") && !text.contains("ADDRESS"), "{text}");
    let unfinished = made
        .into_iter()
        .take(1)
        .chain([started("pod.y", Verb::Create, Some("new"), None)])
        .chain([Event::Accepted { address: address("pod.y"), verb: Verb::Create, id: "new".into() }]);
    let text = summary_of(&plan, "apply", &interrupted(unfinished.collect()));
    assert!(text.contains("`sindri destroy ADDRESS` deletes one; `sindri apply` deletes predecessors"), "{text}");
}

#[test]
fn tools_get_operations_in_flight() {
    let mut summary = Summary::expecting(&creates(1), "apply");
    summary.note(&Event::Accepted { address: trainer(0), verb: Verb::Create, id: "tr0".into() });
    summary.note(&left(0, Verb::Create));
    let json = summary.json(Duration::ZERO);
    assert_eq!(
        (&json["complete"], &json["counts"]["not finished"], &json["skipped"]),
        (&false.into(), &1.into(), &serde_json::json!([]))
    );
    assert_eq!(
        (&json["not_finished"][0]["id"], &json["not_finished"][0]["address"]),
        (&"tr0".into(), &"pod.trainer[0]".into())
    );
    assert_eq!(
        (&json["exists"][0]["id"], &json["exists"][0]["state"], &json["exists"][0]["hourly_estimate"]),
        (&"tr0".into(), &"created, not ready yet".into(), &0.44.into())
    );
}
