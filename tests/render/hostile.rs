//! No output rewrites a terminal or shows a secret, with any names and values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use sindri::apply::{Event, OperationFault};
use sindri::model::{
    Action, Address, Cause, Change, Computed, Drift, DriftClass, DriftResponse, Effect, Endpoint, FieldChange, Loss,
    Note, Object, Observed, Orphan, Partial, Plan, Position, Record, Refusal, RefusalCode, Rename, Risk, Secret,
    SideEffect, SshTarget, State, Status, Value, ValueMap, Verb, Wait,
};
use sindri::render::drift as render_drift;
use sindri::render::style::is_harmful;
use sindri::render::{PlanView, Progress, ProgressKind, Style, Summary, graph, json, status, text};

use crate::render::fixture::{change, money, plan};

const CANARY: &str = "canary-secret-7781";

pub fn hostile_plan(evil: &str) -> Plan {
    let address = Address { kind: "pod".into(), name: evil.into(), index: Some(1), member: None };
    let position = Some(Position { file: evil.into(), line: 1, column: 1 });
    let value = Value::Map(ValueMap::from([
        (evil.to_owned(), Value::text(evil)),
        ("list".to_owned(), Value::texts([evil])),
        ("token".to_owned(), Value::Secret(Secret::new(CANARY))),
    ]));
    let attributes = ValueMap::from([
        ("image".to_owned(), Value::text(evil)),
        ("gpu_types".to_owned(), Value::texts([evil, evil])),
        ("volume_gb".to_owned(), 5.into()),
        ("volume_mount_path".to_owned(), Value::text(evil)),
        ("env".to_owned(), value.clone()),
        (evil.to_owned(), value.clone()),
    ]);
    let field = |path: String, before: Value, after: Value| FieldChange {
        path,
        before,
        after,
        after_unknown: false,
        effect: Effect::Replace,
        rule: evil.into(),
        origin: None,
        position: position.clone(),
    };
    let fields = vec![
        field("env".into(), Value::Null, value),
        field(
            format!("env.{evil}"),
            Value::text(format!("a\n{evil}\n")),
            Value::text(format!("{evil}{}", "b".repeat(80))),
        ),
        field("env.token".into(), Value::Secret(Secret::unknown()), Value::Secret(Secret::new(CANARY))),
    ];
    let causes = vec![
        Cause::Missing { id: evil.into() },
        Cause::Broken { status: evil.into(), retry: None },
        Cause::Dependency { address: address.clone(), action: Action::Replace },
        Cause::Marker { id: evil.into(), operation: evil.into(), same_lineage: false },
        Cause::Lookalike { id: evil.into() },
        Cause::Mounted { id: evil.into(), by: "pod.b".parse().expect("an address") },
        Cause::Flag { flag: evil.into() },
    ];
    let of = |action: Action, name: &str| Change {
        address: Address { name: name.into(), ..address.clone() },
        id: Some(evil.into()),
        fields: fields.clone(),
        before: attributes.clone(),
        after: attributes.clone(),
        causes: causes.clone(),
        side_effects: fields
            .iter()
            .map(|field| SideEffect::Field { field: field.clone() })
            .chain([
                SideEffect::Boots { hourly: money(1.5).into() },
                SideEffect::DestroyedFirst { needs: address.clone() },
            ])
            .collect(),
        risk: Risk::DiskLoss,
        losses: vec![Loss {
            what: evil.into(),
            names: vec![evil.into(); 2],
            size_gb: Some(5),
            mount_path: Some(evil.into()),
            precious: true,
        }],
        hourly_before: money(0.5).into(),
        hourly_after: money(1.5).into(),
        in_place_alternative: Some(evil.into()),
        position: position.clone(),
        refusals: vec![Refusal {
            code: RefusalCode::Protected,
            message: evil.into(),
            help: evil.into(),
            position: position.clone(),
        }],
        ..change("pod.x", action)
    };
    let mut plan = plan(vec![
        of(Action::Replace, evil),
        of(Action::Create, "new"),
        of(Action::Delete, "old"),
        of(Action::NoOp, "kept"),
    ]);
    (plan.name, plan.environment, plan.api) = (evil.into(), evil.into(), evil.into());
    plan.drift = vec![Drift {
        address: address.clone(),
        id: evil.into(),
        class: DriftClass::Changed,
        fields,
        answer: DriftResponse::Agrees,
    }];
    plan.orphans = vec![Orphan {
        kind: evil.into(),
        id: evil.into(),
        name: evil.into(),
        marker: sindri::model::Marker {
            lineage: evil.into(),
            name: evil.into(),
            environment: evil.into(),
            address: address.clone(),
            operation: evil.into(),
        },
        status: Some(evil.into()),
        hourly: None,
        created_at: Some(evil.into()),
    }];
    plan.notes = vec![Note { address: Some(address.clone()), message: evil.into() }];
    plan.partial = Some(Partial {
        targets: vec![address.clone()],
        left_out: vec![(address.clone(), Action::Delete)],
        refused: vec![(address.clone(), plan.changes[0].refusals[0].clone())],
        not_ready: vec![address.clone()],
    });
    plan.waits = vec![Wait {
        address: address.clone(),
        id: evil.into(),
        status: evil.into(),
        created_at: Some(evil.into()),
        started_at: Some(evil.into()),
        awaiting: None,
        timeout_seconds: 60,
    }];
    plan.renames = vec![Rename {
        from: address.clone(),
        to: address,
        id: evil.into(),
        differing: vec![evil.into()],
        keeps: false,
    }];
    plan
}

fn hostile_object(evil: &str) -> Object {
    let target = || Some(SshTarget { host: evil.into(), port: 2222, username: evil.into() });
    Object {
        kind: "pod",
        id: evil.into(),
        name: evil.into(),
        attributes: ValueMap::from([("env".to_owned(), Value::Secret(Secret::new(CANARY)))]),
        marker: format!("line:{}/x:pod.x:op", "n").parse().ok(),
        status: Some(Status::Unknown(evil.into())),
        ready: false,
        computed: Computed {
            chosen: BTreeMap::from([("gpu_type".to_owned(), evil.to_owned())]),
            last_change: Some(evil.into()),
            ssh_direct: target(),
            ssh_proxy: target(),
            endpoints: vec![Endpoint { port: evil.into(), address: Some(evil.into()) }],
            ..Computed::default()
        },
    }
}

fn hostile_events(evil: &str) -> Vec<Event> {
    let address = Address::new("pod", evil);
    let (verb, id) = (Verb::Create, Some(evil.to_owned()));
    let text = || evil.to_owned();
    vec![
        Event::Recovered { address: address.clone(), verb, id: id.clone(), how: text() },
        Event::Started { address: address.clone(), verb, id: id.clone(), detail: id.clone() },
        Event::CandidateUnavailable { address: address.clone(), detail: text(), message: text() },
        Event::Accepted { address: address.clone(), verb, id: text() },
        Event::Waiting { address: address.clone(), id: text(), status: text(), elapsed: Duration::from_secs(99) },
        Event::Done {
            address: address.clone(),
            verb,
            id: id.clone(),
            object: Some(Box::new(hostile_object(evil))),
            elapsed: Duration::ZERO,
        },
        Event::Failed {
            address: address.clone(),
            verb,
            id,
            message: text(),
            help: Some(text()),
            code: OperationFault::NotReady.into(),
            changed: true,
        },
        Event::Unfinished { address: address.clone(), verb, id: text(), because: text() },
        Event::Skipped { address: address.clone(), verb, because: text() },
        Event::Paced { wait: Duration::from_secs(9), reason: text() },
        Event::Settled { address, message: text() },
        Event::OrphanFound { id: text(), name: text(), hourly: None },
    ]
}

fn plan_text(plan: &Plan, full: bool, width: Option<usize>) -> String {
    let view = PlanView { full, config: "sindri.yaml".into(), ..PlanView::default() };
    let mut out = String::new();
    text::plan(&mut out, plan, &view, &Style { width, ..Style::default() }).expect("a string takes everything");
    out
}

/// Every output for hostile input.
fn outputs(evil: &str) -> Vec<(&'static str, String)> {
    let plan = hostile_plan(evil);
    let style = Style::default();
    let mut found = vec![
        ("plan", plan_text(&plan, false, None)),
        ("full plan", plan_text(&plan, true, None)),
        ("narrow plan", plan_text(&plan, false, Some(40))),
        ("plan as JSON", json::to_text(&json::plan_json(&plan, Some(evil)), true)),
    ];

    let mut summary = Summary::expecting(&plan, "apply");
    let mut text = String::new();
    let events = hostile_events(evil);
    events.iter().for_each(|event| summary.note(event));
    summary.text(&mut text, Duration::ZERO, &style).expect("a string takes everything");
    found.push(("summary", std::mem::take(&mut text)));
    found.push(("summary as JSON", json::to_text(&summary.json(Duration::ZERO), false)));

    for (name, kind) in [("progress", ProgressKind::Plain), ("progress as JSON", ProgressKind::Json)] {
        let lines = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&lines);
        let progress = Progress::new(kind, style, move |line| sink.lock().expect("one thread").push_str(line));
        events.iter().for_each(|event| progress.show(event));
        found.push((name, lines.lock().expect("one thread").clone()));
    }

    let mut state = State::new("line".into(), evil.into(), evil.into());
    let inputs = ValueMap::from([("env".to_owned(), Value::Secret(Secret::new(CANARY)))]);
    let record = Record {
        kind: "pod".into(),
        id: evil.into(),
        inputs,
        ..serde_json::from_str(r#"{"kind":"","id":"","inputs":{}}"#).expect("a record")
    };
    state.resources.insert(Address::new("pod", evil), record);
    let other = Object { id: format!("{evil}2"), ..hostile_object(evil) };
    let observed: Observed = [hostile_object(evil), other].into_iter().collect();
    status::table(&mut text, &state, &observed, &Default::default(), &style).expect("a string takes everything");
    found.push(("status", std::mem::take(&mut text)));
    found.push(("status as JSON", json::to_text(&status::status_json(&state, &observed, &Default::default()), true)));
    status::connect(&mut text, &Address::new("pod", evil), &hostile_object(evil), &style)
        .expect("a string takes everything");
    found.push(("connect", std::mem::take(&mut text)));
    for unmanaged in [false, true] {
        let report = crate::render::drift::reported(&state, &observed, &[], unmanaged);
        for width in [None, Some(40)] {
            let style = Style { width, ..style };
            render_drift::text(&mut text, &report, &style).expect("a string takes everything");
            found.push(("drift", std::mem::take(&mut text)));
        }
        found.push(("drift as Markdown", crate::render::drift::markdown(&report)));
        found.push(("drift as JSON", json::to_text(&json::drift_json(&report), true)));
    }
    let values = status::Outputs::new(&state, &observed);
    values.text(&mut text, &style).expect("a string takes everything");
    found.push(("outputs", std::mem::take(&mut text)));
    found.extend(values.paths().iter().filter_map(|path| Some(("one output", values.raw(path)?))));

    let node = graph::GraphNode {
        kind: "pod".into(),
        title: evil.into(),
        what: evil.into(),
        tip: evil.into(),
        symbol: "+",
        tone: sindri::render::style::Tone::Good,
        loss: None,
        anchor: None,
    };
    let picture = graph::Picture { nodes: vec![node.clone(), node], edges: [(0, 1)].into(), caption: "" };
    graph::dot(&mut text, &picture).expect("a string takes everything");
    graph::mermaid(&mut text, &picture).expect("a string takes everything");
    let mut drawn = String::new();
    graph::document(&mut drawn, &picture).expect("a string takes everything");
    roxmltree::Document::parse(&drawn).expect("an SVG file is XML");
    text.push_str(&drawn);
    found.push(("graph", text));
    found
}

/// A report in which every foreign text is hostile.
fn hostile_drift_markdown(evil: &str) -> String {
    let mut state = State::new("line".into(), evil.into(), evil.into());
    let inputs = ValueMap::from([
        ("image".to_owned(), Value::text("before")),
        ("volume_gb".to_owned(), 5.into()),
        ("volume_mount_path".to_owned(), Value::text(evil)),
    ]);
    for name in ["gone", "changed"] {
        let id = format!("{evil}{name}");
        let record = Record {
            kind: "pod".into(),
            id,
            inputs: inputs.clone(),
            ..crate::render::drift::record("pod", "", ValueMap::new())
        };
        state.resources.insert(Address::new("pod", &format!("{evil}{name}")), record);
    }
    let changed = Object {
        id: format!("{evil}changed"),
        attributes: ValueMap::from([("image".to_owned(), Value::text(evil))]),
        ..hostile_object(evil)
    };
    let orphan =
        |marker: &str| Object { id: format!("{evil}{marker}"), marker: marker.parse().ok(), ..hostile_object(evil) };
    let observed = [changed, orphan("line:n/x:pod.x:op"), orphan("other:n/x:pod.x:op"), orphan("")];
    crate::render::drift::markdown(&crate::render::drift::reported(&state, &observed.into_iter().collect(), &[], true))
}

/// Markdown without its code spans, found as CommonMark does: from a run of backticks to the next one of the same
/// length.
fn without_code(markdown: &str) -> String {
    let mut left = String::new();
    let mut rest = markdown;
    while let Some(start) = rest.find('`') {
        left.push_str(&rest[..start]);
        let run = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let after = &rest[start + run..];
        let mut from = 0;
        let end = loop {
            let Some(at) = after[from..].find('`').map(|at| from + at) else { break None };
            let length = after[at..].len() - after[at..].trim_start_matches('`').len();
            if length == run {
                break Some(at + length);
            }
            from = at + length;
        };
        match end {
            Some(end) => rest = &after[end..],
            None => {
                left.push_str(&rest[start..start + run]);
                rest = after;
            }
        }
    }
    left + rest
}

/// Texts with many problematic characters.
pub fn evil() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\u{1b}[2J".to_owned()),
        Just("\u{1b}]0;title\u{7}".to_owned()),
        Just("\r\n+ pod.forged".to_owned()),
        Just("\u{202e}\u{2066}\u{200b}\u{feff}\u{9b}31m\u{7f}\0\u{2028}".to_owned()),
        "[a-z \"'`\\\\$<>&|]{0,12}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_output_contains_a_control_character_or_a_secret(evil in evil()) {
        for (name, output) in outputs(&evil) {
            let harmful = output.chars().find(|character| is_harmful(*character) && *character != '\n');
            prop_assert_eq!(harmful, None, "{} holds one: {:?}", name, output);
            prop_assert!(!output.contains("canary"), "{} holds a secret: {:?}", name, output);
        }
    }

    #[test]
    fn a_report_for_an_issue_has_only_its_own_markup(evil in evil()) {
        let markdown = hostile_drift_markdown(&evil);
        for line in markdown.lines().filter(|line| line.starts_with('|')) {
            prop_assert_eq!(line.matches('|').count(), 7, "{}", line);
        }
        let (comment, rest) = markdown.split_once('\n').expect("lines");
        prop_assert!(comment.starts_with("<!-- sindri drift: ") && comment.find("-->") == Some(comment.len() - 3));
        let mut rest = without_code(rest);
        let own =
            ["<details><summary>", "</summary>", "</details>", "<code>", "</code>", "## ", " -> ", "&#", "it's", "sindri's"];
        own.iter().for_each(|own| rest = rest.replace(own, ""));
        let markup = rest.find(['<', '>', '`', '[', ']', '*', '_', '!', '@', '#', '\\', '"', '\'']);
        prop_assert_eq!(markup.map(|at| &rest[at..]), None, "{}", markdown);
    }

    #[test]
    fn wrapping_adds_only_line_ends(evil in evil(), width in 1_usize..120) {
        let plan = hostile_plan(&evil);
        let (whole, wrapped) = (plan_text(&plan, true, None), plan_text(&plan, true, Some(width)));
        // A width above any line's length is no limit; without a width nothing may wrap either.
        prop_assert_eq!(&whole, &plan_text(&plan, true, Some(usize::MAX)));
        let words = |text: &str| text.split([' ', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(&whole), words(&wrapped));
    }
}
