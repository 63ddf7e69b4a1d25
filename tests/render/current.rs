//! Current resources: status, outputs, how to connect.

use std::collections::{BTreeMap, BTreeSet};

use sindri::catalog::Catalog;
use sindri::kind::{MachineFacts, price};
use sindri::model::{Endpoint, Object, Observed, SshTarget, State, Status, Value};
use sindri::render::status::StatusView;
use sindri::render::{Style, json, status};

use crate::render::applies::object;
use crate::render::drift::record;
use crate::render::fixture::{address, gpu_pod, volume};
use crate::support::golden;

fn running(id: &str) -> Object {
    let mut pod = object(id, 5.86);
    pod.computed.uptime_seconds = Some(11_520);
    pod.computed.chosen =
        BTreeMap::from([("gpu_type".into(), "NVIDIA H100 80GB HBM3".into()), ("region".into(), "US-CA-2".into())]);
    pod.computed.ssh_direct = Some(SshTarget { host: "203.0.113.7".into(), port: 35_558, username: "root".into() });
    pod.computed.ssh_proxy =
        Some(SshTarget { host: "ssh.runpod.io".into(), port: 22, username: format!("{id}-6441103b") });
    pod.computed.endpoints = vec![
        Endpoint { port: "8888/http".into(), address: Some(format!("https://{id}-8888.proxy.runpod.net")) },
        Endpoint { port: "22/tcp".into(), address: Some("203.0.113.7:35558".into()) },
        Endpoint { port: "6006/tcp".into(), address: None },
    ];
    pod
}

fn world() -> (State, Observed) {
    let mut state = State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    let mut pod = gpu_pod("NVIDIA H100 80GB HBM3", 2, "a:1");
    pod.insert("gpu_types", Value::texts(["NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe"]));
    for (text, id) in [("pod.trainer[0]", "5xpma5eg46tqjq"), ("pod.trainer[1]", "k3j9x0qa"), ("pod.gone", "g0ne")] {
        state.resources.insert(address(text), record("pod", id, pod.clone()));
    }
    let port = record("port", "5xpma5eg46tqjq:8888/http", Default::default());
    state.resources.insert(address("port.trainer[0]:8888/http"), port);
    state.resources.insert(address("network_volume.data"), record("network_volume", "vol-1", volume(500, "US-CA-2")));
    let stopped = Object { status: Some(Status::Stopped), ready: false, ..object("k3j9x0qa", 0.03) };
    let data = Object { kind: "network_volume", status: None, ..object("vol-1", 0.048) };
    let marker = "4f1c09aa:llm-team/prod:pod.trainer[1]:01hx".parse().ok();
    let orphan = Object { marker, ..object("w0rph4n", 2.93) };
    let stranger = Object { marker: "77aa:other/prod:pod.x:01hx".parse().ok(), ..object("str4nger", 1.0) };
    (state, [running("5xpma5eg46tqjq"), stopped, data, orphan, stranger].into_iter().collect())
}

#[test]
fn status_shows_resources_costs_and_connections() {
    let (state, observed) = world();
    let mut out = String::new();
    status::table(&mut out, &state, &observed, &Default::default(), &Style::default())
        .expect("a string takes everything");
    golden::check("render/status.txt", &out);
    golden::check(
        "render/status.json",
        &(json::to_text(&status::status_json(&state, &observed, &Default::default()), true) + "\n"),
    );
}

/// This many replicas, of which two are not ready and one is gone.
fn large_fleet(pods: u32) -> (State, Observed) {
    let mut state = State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    let mut objects = Vec::new();
    for index in 0..pods {
        let id = format!("id{index}");
        let inputs = gpu_pod("NVIDIA L4", 1, "a:1");
        state.resources.insert(address(&format!("pod.worker-of-the-second-team[{index}]")), record("pod", &id, inputs));
        let mut pod = object(&id, 0.44);
        pod.ready = index % 100 != 7;
        let region = if index % 2 == 0 { "US-CA-2" } else { "EU-RO-1" };
        pod.computed.chosen = BTreeMap::from([("region".into(), region.into())]);
        objects.extend((index != 50).then_some(pod));
    }
    (state, objects.into_iter().collect())
}

#[test]
fn two_hundred_pods_fit_on_a_screen_of_80_columns() {
    let (state, observed) = large_fleet(200);
    let style = Style { width: Some(80), ..Style::default() };
    let mut out = String::new();
    status::table(&mut out, &state, &observed, &Default::default(), &style).expect("a string takes everything");
    golden::check("render/status_fleet_80.txt", &out);
    assert!(out.lines().count() <= 24, "{out}");
    for view in [
        StatusView { short: true, ..StatusView::default() },
        StatusView { only: BTreeSet::from([address("pod.worker-of-the-second-team[7]")]), ..StatusView::default() },
        StatusView::default(),
    ] {
        let (mut wide, mut out) = (String::new(), String::new());
        status::table(&mut wide, &state, &observed, &view, &Style::default()).expect("a string takes everything");
        status::table(&mut out, &state, &observed, &view, &style).expect("a string takes everything");
        for line in out.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(wide.lines().count() <= out.lines().count());
        assert!(wide.starts_with(if view.only.is_empty() { "200 resources: " } else { "1 resource: " }), "{wide}");
    }
}

#[test]
fn a_short_status_has_one_line_for_each_resource() {
    let (state, observed) = world();
    let view = StatusView { short: true, ..StatusView::default() };
    let mut out = String::new();
    status::table(&mut out, &state, &observed, &view, &Style::default()).expect("a string takes everything");
    golden::check("render/status_short.txt", &out);
}

#[test]
fn a_price_that_differs_from_the_estimate_is_mentioned() {
    let mut state = State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    state.resources.insert(address("pod.a"), record("pod", "x1", gpu_pod("NVIDIA L4", 1, "a:1")));
    let shown = |hourly: f64| {
        let mut pod = object("x1", hourly);
        pod.attributes = gpu_pod("NVIDIA L4", 1, "a:1");
        let mut out = String::new();
        status::table(&mut out, &state, &[pod].into_iter().collect(), &Default::default(), &Style::default())
            .expect("a string takes everything");
        out
    };
    assert!(shown(9.87).contains("RunPod reports $9.87/h for 1 resource; plans estimate $0."), "{}", shown(9.87));
    let estimate =
        price::estimate(Catalog::embedded(), "pod", &gpu_pod("NVIDIA L4", 1, "a:1"), MachineFacts::default());
    let estimate = estimate.known.dollars();
    assert!(!shown(estimate).contains("RunPod reports"), "{}", shown(estimate));
}

#[test]
fn after_a_deploy_every_connection_is_listed() {
    let mut out = String::new();
    let pod = running("5xpma5eg46tqjq");
    status::connect(&mut out, &address("pod.main"), &pod, &Style::default()).expect("a string takes everything");
    golden::check("render/connect.txt", &out);
}

#[test]
fn outputs_can_be_listed_and_picked_one_by_one() {
    let (state, observed) = world();
    let outputs = status::Outputs::new(&state, &observed);
    let mut out = String::new();
    outputs.text(&mut out, &Style::default()).expect("a string takes everything");
    golden::check("render/output.txt", &out);
    for path in outputs.paths() {
        assert!(outputs.raw(&path).is_some(), "{path}");
    }
    assert_eq!(outputs.raw("pod.trainer[0].ssh.host").as_deref(), Some("203.0.113.7"));
    assert_eq!(outputs.raw("pod.trainer[0].ssh.port").as_deref(), Some("35558"));
    assert_eq!(outputs.raw("pod.trainer"), None);
    assert_eq!(outputs.raw("pod.trainer[0].nothing"), None);
}

#[test]
fn an_empty_state_says_so() {
    let state = State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    let mut out = String::new();
    status::table(&mut out, &state, &Observed::default(), &Default::default(), &Style::default())
        .expect("a string takes everything");
    assert_eq!(out, "Nothing is deployed in environment prod.\n");
}
