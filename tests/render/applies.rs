//! What an apply says while it runs, and at its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sindri::apply::Event;
use sindri::model::{Address, Computed, Object, Plan, Status, Verb};
use sindri::render::{Progress, ProgressKind, Style, Summary};

use crate::fixture::{address, create, gpu_pod, money, plan};
use crate::golden;

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

/// An apply with everything that can happen in it.
pub fn troubled() -> Vec<Event> {
    vec![
        Event::Recovered {
            address: address("network_volume.data"),
            verb: Verb::Create,
            id: Some("vol-9".into()),
            how: "found by its name, size and place".into(),
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
        Event::Paced { wait: Duration::from_millis(200), reason: "not worth a word".into() },
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
            code: "wait_timeout".into(),
            changed: true,
        },
        started("pod.trainer[2]", Verb::Create, None, None),
        Event::Failed {
            address: trainer(2),
            verb: Verb::Create,
            id: None,
            message: "There are no instances currently available".into(),
            help: Some("add candidates to `gpuType` or `region`".into()),
            code: "no_capacity".into(),
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
    let mut summary = Summary::expecting(&plan);
    events.iter().for_each(|event| summary.note(event));
    let mut out = String::new();
    summary.text(&mut out, Duration::from_secs(1_270), &Style::default()).expect("a string takes everything");
    out
}

#[test]
fn plain_progress_is_a_line_per_event_that_matters() {
    golden::check("progress_plain.txt", &shown(ProgressKind::Plain, &troubled()));
}

#[test]
fn quiet_progress_is_nothing() {
    assert_eq!(shown(ProgressKind::Quiet, &troubled()), "");
}

#[test]
fn json_progress_is_one_object_per_event() {
    golden::check("progress.jsonl", &shown(ProgressKind::Json, &troubled()));
}

#[test]
fn a_partly_applied_plan_says_what_exists_what_it_costs_and_how_to_end_it() {
    let events: Vec<Event> =
        troubled().into_iter().filter(|event| !matches!(event, Event::Interrupted { .. })).collect();
    golden::check("summary_partly.txt", &summary(&events));
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
fn a_failed_destruction_still_bills_and_says_so() {
    let failed = Event::Failed {
        address: address("pod.trainer[0]"),
        verb: Verb::Delete,
        id: Some("tr0".into()),
        message: "DELETE /v2/pods/tr0 answered 500: oops".into(),
        help: None,
        code: "server_error".into(),
        changed: false,
    };
    let text = summary(&[failed]);
    assert!(text.starts_with("Apply failed: 1 failed in"), "{text}");
    assert!(text.contains("`tr0` exists and costs about $0.44/h; to end it: `sindri apply`"), "{text}");
    assert!(text.ends_with("Run `sindri apply` again when the cause is gone.\n"), "{text}");

    // After `sindri destroy` an apply would make anew what is gone.
    let mut summary = Summary::expecting(&Plan { destroy: true, ..plan(vec![]) });
    let volume = Event::Failed {
        address: address("network_volume.data"),
        verb: Verb::Delete,
        id: Some("v0l".into()),
        message: "DELETE /v2/network-volumes/v0l answered 400: in use".into(),
        help: None,
        code: "rejected".into(),
        changed: false,
    };
    summary.note(&volume);
    let mut text = String::new();
    summary.text(&mut text, Duration::ZERO, &Style::default()).expect("a string takes everything");
    assert!(text.contains("to end it: `sindri destroy network_volume.data --include-volumes`"), "{text}");
    assert!(text.ends_with("Run the same `sindri destroy` again when the cause is gone.\n"), "{text}");
}

#[test]
fn an_interrupted_apply_says_so_first() {
    let text = summary(&troubled());
    assert!(text.starts_with("Apply interrupted: 1 recovered, 1 created, 1 replaced, 2 failed"), "{text}");
}

fn left(verb: Verb) -> Event {
    let because = "interrupted while waiting for `tr0`; it is recorded, and the next command takes it up".into();
    Event::Skipped { address: trainer(0), verb, because }
}

#[test]
fn what_an_interrupt_left_under_way_exists_and_bills_and_is_no_nothing() {
    for verb in [Verb::Create, Verb::Start, Verb::Stop, Verb::Update] {
        let accepted = Event::Accepted { address: trainer(0), verb, id: "tr0".into() };
        for told in [vec![accepted.clone(), left(verb)], vec![accepted.clone()]] {
            let text = summary(&[told, vec![Event::Interrupted { in_flight: 1 }]].concat());
            assert!(text.starts_with("Apply interrupted: 1 not finished in"), "{text}");
            assert!(text.contains("Not finished\n  pod.trainer[0]  "), "{text}");
            let exists = "`tr0` exists and costs about $0.44/h; to end it: `sindri destroy 'pod.trainer[0]'`";
            assert!(text.contains(exists), "{text}");
            assert!(text.ends_with("Run `sindri apply` again to do the rest.\n"), "{text}");
            assert!(!text.contains("othing") && !text.contains("Not started"), "{text}");
        }
        let text = summary(&[accepted, done("pod.trainer[0]", verb, "tr0", 5)]);
        assert!(text.starts_with("Apply complete: ") && !text.contains("inished"), "{text}");
    }
}

#[test]
fn a_delete_that_was_sent_and_not_waited_for_may_still_bill() {
    let text = summary(&[started("pod.trainer[0]", Verb::Delete, Some("tr0"), None), left(Verb::Delete)]);
    let still = "`tr0` may still exist and costs about $0.44/h; to make sure: `sindri apply`";
    assert!(text.contains("1 not finished") && text.contains(still), "{text}");
    let text = summary(&[left(Verb::Delete)]);
    assert!(text.contains("1 not started") && text.contains("Nothing was changed"), "{text}");
}

#[test]
fn tools_learn_what_is_under_way() {
    let mut summary = Summary::default();
    summary.note(&Event::Accepted { address: trainer(0), verb: Verb::Create, id: "tr0".into() });
    summary.note(&left(Verb::Create));
    let json = summary.json(Duration::ZERO);
    assert_eq!(
        (&json["complete"], &json["counts"]["not finished"], &json["skipped"]),
        (&false.into(), &1.into(), &serde_json::json!([]))
    );
    assert_eq!(
        (&json["not_finished"][0]["id"], &json["not_finished"][0]["address"]),
        (&"tr0".into(), &"pod.trainer[0]".into())
    );
}
