//! Drift reports for people, tools and issues.

use std::collections::{BTreeMap, BTreeSet};

use sindri::catalog::Catalog;
use sindri::model::{
    Address, Awaiting, DriftReport, Endpoint, Object, Observed, Power, Record, Secret, State, Status, Unsettled, Value,
};
use sindri::planner::drift::report::{Scope, report};
use sindri::render::json::{drift_json, drift_schema, to_text};
use sindri::render::{Style, drift};

use crate::render::applies::object;
use crate::render::fixture::{address, attributes, gpu_pod, volume};
use crate::support::golden;

pub fn record(kind: &str, id: &str, inputs: sindri::model::Attributes) -> Record {
    let power = (kind == "pod").then_some(Power::Running);
    Record {
        kind: kind.into(),
        id: id.into(),
        inputs,
        chosen: BTreeMap::new(),
        marked: None,
        depends_on: Vec::new(),
        power,
        prevent_destroy: false,
        ignored: Default::default(),
        tainted: false,
        awaiting_ready: None,
    }
}

/// A pod as applied, with its marker.
fn pod(text: &str, id: &str) -> Object {
    let marker = format!("4f1c09aa:llm-team/prod:{text}:01hx").parse().ok();
    Object { marker, attributes: gpu_pod("NVIDIA L4", 1, "a:1"), ..object(id, 0.44) }
}

/// Every class, and a fleet with equal findings.
fn world() -> (State, Observed) {
    let mut state = State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    let mut objects = Vec::new();
    let mut applied = |text: &str, id: &str, change: &dyn Fn(&mut Object) -> bool| {
        let mut pod = pod(text, id);
        let mut record = record("pod", id, pod.attributes.clone());
        record.chosen = BTreeMap::from([("region".to_owned(), "US-CA-2".to_owned())]);
        pod.computed.chosen = record.chosen.clone();
        state.resources.insert(address(text), record);
        for member in ["22/tcp", "8888/http"] {
            let port = Address { kind: "port".into(), ..address(text) }.with_member(member);
            state.resources.insert(port, self::record("port", &format!("{id}:{member}"), attributes([])));
        }
        if change(&mut pod) {
            objects.push(pod);
        }
    };
    applied("pod.steady", "st34dy", &|_| true);
    for index in 0..5 {
        applied(&format!("pod.worker[{index}]"), &format!("w0rk{index}"), &|_| index == 3);
    }
    applied("pod.edited", "3d1t3d", &|pod| {
        pod.attributes.insert("image", "a:2".into());
        pod.attributes.insert("env", Value::Map([("LOG_LEVEL".to_owned(), Value::Secret(Secret::new("x")))].into()));
        true
    });
    applied("pod.sleeper", "sl33p", &|pod| {
        (pod.status, pod.ready, pod.computed.cost_per_hour) = (Some(Status::Stopped), false, None);
        true
    });
    applied("pod.spot", "sp0t", &|pod| {
        pod.attributes.insert("spot", true.into());
        (pod.status, pod.ready, pod.computed.cost_per_hour) = (Some(Status::Stopped), false, None);
        true
    });
    applied("pod.blind", "bl1nd", &|pod| {
        (pod.status, pod.ready) = (Some(Status::ZeroGpu), false);
        true
    });
    applied("pod.broken", "br0k3n", &|pod| {
        (pod.status, pod.ready) = (Some(Status::Error), false);
        pod.computed.can_start = Some(true);
        true
    });
    applied("pod.hotfix", "h0tf1x", &|pod| {
        pod.attributes.insert("image", "a:3".into());
        true
    });
    applied("pod.nomad", "0ld1d", &|pod| {
        pod.id = "n3w1d".into();
        pod.computed.chosen.insert("region".into(), "US-TX-3".into());
        true
    });
    applied("pod.mute", "mut3", &|pod| {
        pod.ready = false;
        pod.computed.endpoints = vec![Endpoint { port: "22/tcp".into(), address: None }];
        true
    });
    for (text, id) in [("pod.late", "l4t3"), ("pod.booting", "b00t")] {
        applied(text, id, &|pod| {
            (pod.status, pod.ready) = (Some(Status::Creating), false);
            let created = if id == "b00t" { "2026-11-23T09:55:00Z" } else { "2026-11-23T08:00:00Z" };
            pod.computed.created_at = Some(created.into());
            true
        });
    }
    state.resources.get_mut(&address("pod.hotfix")).expect("a record").ignored.insert("image".into());
    for text in ["pod.late", "pod.booting"] {
        state.resources.get_mut(&address(text)).expect("a record").awaiting_ready = Some(Awaiting::First);
    }
    state.resources.get_mut(&address("pod.spot")).expect("a record").inputs.insert("spot", true.into());
    for (text, id, size_gb) in [("network_volume.data", "vol-1", 500), ("network_volume.gone", "vol-2", 100)] {
        state.resources.insert(address(text), record("network_volume", id, volume(size_gb, "US-CA-2")));
    }
    let disk = |id: &str, size_gb| {
        let attributes = volume(size_gb, "US-CA-2");
        let object =
            Object { kind: "network_volume", name: "datasets".into(), status: None, attributes, ..object(id, 0.0) };
        Object { computed: Default::default(), ..object }
    };
    objects.extend([disk("vol-1", 600), disk("vol-9", 1000)]);
    let marked = |text: &str, id: &str| Object { marker: text.parse().ok(), ..pod("pod.x", id) };
    objects.extend([
        marked("4f1c09aa:llm-team/prod:pod.lost:01hx", "l0st"),
        marked("4f1c09aa:llm-team/prod:pod.steady:01hy", "tw1n"),
        marked("77aa0000:llm-team/prod:pod.other:01hz", "0th3r"),
        marked("99bb0000:vision/dev:pod.x:01hz", "f0r31gn"),
        Object { name: "a | b".into(), marker: None, ..object("str4nger", 1.99) },
        Object { status: Some(Status::Terminated), ..marked("4f1c09aa:llm-team/prod:pod.lost:01hx", "l34ving") },
    ]);
    (state, objects.into_iter().collect())
}

pub fn reported(state: &State, observed: &Observed, unsettled: &[(&str, Unsettled)], unmanaged: bool) -> DriftReport {
    let unsettled = unsettled.iter().map(|(text, why)| (address(text), *why)).collect();
    let (catalog, expected) = (Catalog::embedded(), BTreeSet::new());
    report(&Scope {
        name: "llm-team",
        prior: state,
        observed,
        catalog,
        unsettled: &unsettled,
        expected: &expected,
        unmanaged,
        now: "2026-11-23T10:00:00Z".parse().expect("a time"),
    })
}

fn text(report: &DriftReport, width: Option<usize>) -> String {
    let mut out = String::new();
    drift::text(&mut out, report, &Style { width, ..Style::default() }).expect("a string takes everything");
    out
}

pub fn markdown(report: &DriftReport) -> String {
    let mut out = String::new();
    drift::markdown(&mut out, report).expect("a string takes everything");
    out
}

#[test]
fn every_class_is_reported_with_costs_and_advice() {
    let (state, observed) = world();
    let all = reported(&state, &observed, &[("pod.worker[4]", Unsettled::Fresh)], true);
    golden::check("render/drift.txt", &text(&all, None));
    golden::check("render/drift_80.txt", &text(&all, Some(80)));
    golden::check("render/drift.md", &markdown(&all));
    golden::check("render/drift.json", &(to_text(&drift_json(&all), true) + "\n"));
}

#[test]
fn a_report_fits_its_schema() {
    let (state, observed) = world();
    let schema = drift_schema();
    jsonschema::meta::validate(&schema).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let empty = State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    for (state, unmanaged) in [(&state, true), (&state, false), (&empty, true), (&empty, false)] {
        let json = drift_json(&reported(state, &observed, &[("pod.worker[4]", Unsettled::InFlight)], unmanaged));
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    // Fails if a member is added on one side only.
    let json = drift_json(&reported(&state, &observed, &[], true));
    let named = |schema: &serde_json::Value| schema["properties"].as_object().expect("members").len();
    assert_eq!(json.as_object().expect("an object").len(), named(&schema));
    assert_eq!(json["findings"][0].as_object().expect("an object").len(), named(&schema["$defs"]["finding"]));
}

#[test]
fn without_drift_one_line_says_so() {
    let (mut state, observed) = world();
    assert!(
        text(&reported(&State::new("l".into(), "x".into(), "runpod".into()), &Observed::default(), &[], false), None)
            .lines()
            .eq(["No drift: nothing is recorded in environment x."])
    );
    state.resources.retain(|address, _| address.name == "steady");
    let steady: Observed = observed.of_kind("pod").filter(|pod| pod.id == "st34dy").cloned().collect();
    let report = reported(&state, &steady, &[], true);
    assert_eq!(text(&report, None), "No drift: 1 resource is as it was last applied.\n");
    assert_eq!(
        markdown(&report).lines().take(2).collect::<Vec<_>>(),
        ["<!-- sindri drift: llm-team/prod -->", "## No drift in `llm-team/prod`"]
    );
}

#[test]
fn information_alone_is_not_drift() {
    let (mut state, observed) = world();
    state.resources.retain(|address, _| ["booting", "steady"].contains(&address.name.as_str()));
    let known = |object: &&Object| !["tw1n", "l0st", "0th3r"].contains(&object.id.as_str());
    let observed: Observed = observed
        .iter()
        .filter(known)
        .filter(|object| {
            object
                .marker
                .as_ref()
                .is_none_or(|marker| state.resources.contains_key(&marker.address) || marker.name != "llm-team")
        })
        .cloned()
        .collect();
    let report = reported(&state, &observed, &[], true);
    assert!(!report.findings.is_empty() && !report.drifted(), "{:#?}", report.findings);
    assert!(
        text(&report, None)
            .contains("No drift: 2 resources are as they were last applied | 1 not-ready, 4 unmanaged (information).")
    );
}

#[test]
fn ids_of_findings_are_the_same_every_night_and_no_two_share_one() {
    let (state, observed) = world();
    let tonight = reported(&state, &observed, &[], true);
    // Other prices, times, names, values and lists, and another lineage give the same findings.
    let tomorrow: Observed = observed
        .iter()
        .cloned()
        .map(|mut object| {
            object.computed.cost_per_hour = object.computed.cost_per_hour.map(|price| price.times(3));
            object.computed.created_at = Some("2026-11-24T00:00:00Z".into());
            if object.id == "3d1t3d" {
                object.attributes.insert("image", "a:3".into());
            }
            object
        })
        .collect();
    let again = reported(&state, &tomorrow, &[], false);
    let ids = |report: &DriftReport| report.findings.iter().map(|finding| finding.id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&tonight).len(), tonight.findings.len());
    assert!(ids(&again).is_subset(&ids(&tonight)) && again.findings.len() > 10);
}

#[test]
fn the_report_of_a_vanished_fleet_fits_into_an_issue() {
    let mut state = State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    for index in 0..1000 {
        let pod = gpu_pod("NVIDIA L4", 1, &"image".repeat(50));
        state.resources.insert(address(&format!("pod.worker[{index}]")), record("pod", &format!("id{index}"), pod));
    }
    let report = reported(&state, &Observed::default(), &[], true);
    let markdown = markdown(&report);
    assert!(markdown.len() < 65_536 && markdown.contains("more are not shown"), "{}", markdown.len());
    assert_eq!(text(&report, None).lines().filter(|line| line.contains("pod.worker")).count(), 1);
}
