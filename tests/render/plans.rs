//! Complete plans as text.

use std::collections::BTreeMap;

use sindri::model::{
    Action, Awaiting, Cause, Change, DifferenceOrigin, Drift, DriftClass, DriftResponse, Effect, FieldChange, Loss,
    Marker, Note, Orphan, Partial, Plan, Refusal, RefusalCode, Rename, Risk, Secret, SideEffect, Value, Wait,
};
use sindri::render::{PlanView, Style, markdown, text};

use crate::render::fixture::{
    address, at, attributes, change, create, field, gpu_pod, kept, losses, money, plan, volume,
};
use crate::support::golden;

pub fn view() -> PlanView {
    PlanView {
        full: false,
        config: "sindri.yaml".into(),
        catalog_date: Some("2026-11-23".into()),
        plan_id: Some("9c1f7a2e44b0".into()),
        ..PlanView::default()
    }
}

fn rendered(plan: &Plan, view: &PlanView, style: &Style) -> String {
    let mut out = String::new();
    text::plan(&mut out, plan, view, style).expect("a string takes everything");
    out
}

fn plain(plan: &Plan) -> String {
    rendered(plan, &view(), &Style::default())
}

const H100: &str = "NVIDIA H100 80GB HBM3";
const PYTORCH: &str = "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404";

pub fn fleet() -> Vec<Change> {
    let mut changes = vec![create("network_volume.datasets", volume(500, "US-CA-2"), 0.048, 6)];
    for index in 0..4 {
        let mut pod = gpu_pod(H100, 2, PYTORCH);
        pod.insert("name", format!("trainer-{index}").into());
        pod.insert("network_volume", Value::reference(address("network_volume.datasets")));
        pod.insert("volume_gb", Value::Null);
        changes.push(create(&format!("pod.trainer[{index}]"), pod, 5.86, 12));
        for port in ["8888/http", "22/tcp"] {
            changes.push(create(&format!("port.trainer[{index}]:{port}"), attributes([]), 0.0, 20));
        }
    }
    changes
}

#[test]
fn a_first_apply_takes_a_line_or_two_per_resource() {
    golden::check("render/first_apply.txt", &plain(&plan(fleet())));
}

#[test]
fn probable_renames_are_offered_as_lines_to_paste() {
    let rename = |from: &str, to: &str, differing: &[&str], keeps| Rename {
        from: address(from),
        to: address(to),
        id: "7kq2m9x4ab3c1d".into(),
        differing: differing.iter().map(ToString::to_string).collect(),
        keeps,
    };
    let plan = Plan {
        renames: vec![
            rename("network_volume.data", "network_volume.datasets", &[], true),
            rename("pod.train[0]", "pod.trainer[0]", &["env.LOG_LEVEL"], false),
        ],
        ..plan(vec![create("pod.trainer[0]", gpu_pod(H100, 2, PYTORCH), 5.86, 12)])
    };
    golden::check("render/renames.txt", &plain(&plan));
}

fn drift(text: &str, id: &str, class: DriftClass, answer: DriftResponse) -> Drift {
    Drift { address: address(text), id: id.into(), class, fields: Vec::new(), answer }
}

fn moved_volume() -> Change {
    let before = volume(100, "US-CA-2");
    Change {
        id: Some("vol-7f3a".into()),
        fields: vec![field("network_volume", "region", "US-CA-2".into(), "US-TX-3".into(), Effect::Replace, 7)],
        losses: losses("network_volume", &before),
        before,
        after: volume(100, "US-TX-3"),
        causes: vec![Cause::Fields],
        risk: Risk::VolumeLoss,
        hourly_before: money(0.0096).into(),
        hourly_after: money(0.0096).into(),
        refusals: vec![Refusal {
            code: RefusalCode::Protected,
            message: "`network_volume.datasets` is protected, and replacing it destroys 100 GB".into(),
            help: "run `sindri state unprotect network_volume.datasets` first, if the data may go".into(),
            position: Some(at(7)),
        }],
        ..change("network_volume.datasets", Action::Replace)
    }
}

fn changed_pod() -> Change {
    let before = gpu_pod("NVIDIA L4", 1, "vllm/vllm-openai:v0.9");
    let mut reference = field("pod", "network_volume", "vol-7f3a".into(), Value::Null, Effect::Replace, 31);
    reference.after_unknown = true;
    Change {
        id: Some("5xpma5eg46tqjq".into()),
        fields: vec![
            reference,
            field("pod", "image", "vllm/vllm-openai:v0.9".into(), "vllm/vllm-openai:v0.10".into(), Effect::Restart, 26),
            field(
                "pod",
                "env.HF_TOKEN",
                Value::Secret(Secret::unknown()),
                Value::Secret(Secret::new("hf_abc")),
                Effect::Restart,
                33,
            ),
            field("pod", "env.DEBUG", Value::Null, "1".into(), Effect::Restart, 34),
        ],
        losses: losses("pod", &before),
        before,
        after: gpu_pod("NVIDIA L4", 1, "vllm/vllm-openai:v0.10"),
        causes: vec![
            Cause::Fields,
            Cause::Dependency { address: address("network_volume.datasets"), action: Action::Replace },
        ],
        risk: Risk::DiskLoss,
        hourly_before: money(0.44).into(),
        hourly_after: money(0.44).into(),
        ..change("pod.inference", Action::Replace)
    }
}

pub fn everything() -> Plan {
    let old = gpu_pod("NVIDIA A40", 1, "ghcr.io/acme/old:1");
    let mut plan = plan(vec![
        kept("network_volume.models", volume(200, "US-CA-2"), 0.02),
        Change {
            id: Some("vol-11aa".into()),
            fields: vec![field("network_volume", "size_gb", 500.into(), 600.into(), Effect::InPlace, 5)],
            causes: vec![Cause::Fields],
            hourly_before: money(0.048).into(),
            hourly_after: money(0.0575).into(),
            ..change("network_volume.scratch", Action::Update)
        },
        moved_volume(),
        create("pod.fresh", gpu_pod(H100, 2, PYTORCH), 5.86, 40),
        create("port.fresh:8888/http", attributes([]), 0.0, 44),
        changed_pod(),
        Change {
            id: Some("a1b2c3d4e5f6g7".into()),
            losses: losses("pod", &old),
            before: old,
            causes: vec![Cause::Undeclared],
            risk: Risk::DiskLoss,
            hourly_before: money(0.45).into(),
            ..change("pod.old", Action::Delete)
        },
        Change {
            id: Some("zz9".into()),
            causes: vec![Cause::Power { wanted: sindri::model::Power::Running, origin: None, position: None }],
            hourly_before: money(0.03).into(),
            hourly_after: money(0.77).into(),
            ..change("pod.sleeper", Action::Start)
        },
        kept("pod.steady", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44),
        kept("port.steady:8888/http", attributes([]), 0.0),
    ]);
    plan.drift = vec![
        drift("pod.fresh", "gone0", DriftClass::Gone, DriftResponse::Planned(Action::Create)),
        drift("pod.sleeper", "zz9", DriftClass::Stopped, DriftResponse::Planned(Action::Start)),
        Drift {
            fields: vec![FieldChange {
                rule: String::new(),
                position: None,
                ..field("pod", "image", "nginx:0".into(), "nginx:1".into(), Effect::Restart, 1)
            }],
            ..drift("pod.steady", "k3pt", DriftClass::Changed, DriftResponse::Agrees)
        },
    ];
    plan.orphans = vec![Orphan {
        kind: "pod".into(),
        id: "w0rph4n".into(),
        name: "trainer-2".into(),
        marker: "4f1c09aa:llm-team/prod:pod.trainer[2]:01hx2".parse::<Marker>().expect("a marker"),
        status: Some("Running".into()),
        hourly: Some(money(2.93)),
        created_at: Some("2026-11-22T19:04:11Z".into()),
    }];
    plan.notes = vec![Note {
        address: Some(address("pod.fresh")),
        message: "`publicIp: true` is only a wish on REST v2".into(),
    }];
    plan
}

#[test]
fn a_plan_with_everything_is_ordered_from_worst_to_least() {
    golden::check("render/everything.txt", &plain(&everything()));
}

#[test]
fn a_narrow_terminal_wraps_at_words() {
    let style = Style { width: Some(80), ..Style::default() };
    golden::check("render/everything_80.txt", &rendered(&everything(), &view(), &style));
}

#[test]
fn the_full_view_shows_every_attribute_and_unchanged_resources() {
    let full = PlanView { full: true, ..view() };
    golden::check("render/everything_full.txt", &rendered(&everything(), &full, &Style::default()));
}

pub fn fleet_update() -> Plan {
    let replica = |index: u32, image: &str| {
        let before = gpu_pod(H100, 2, "ghcr.io/acme/train:1");
        Change {
            id: Some(format!("id{index}")),
            fields: vec![field("pod", "image", "ghcr.io/acme/train:1".into(), image.into(), Effect::Restart, 14)],
            losses: losses("pod", &before),
            before,
            after: gpu_pod(H100, 2, image),
            causes: vec![Cause::Fields],
            risk: Risk::DiskLoss,
            hourly_before: money(5.86).into(),
            hourly_after: money(5.86).into(),
            in_place_alternative: Some("one request that keeps the pod volume (100 GB at /workspace)".into()),
            ..change(&format!("pod.trainer[{index}]"), Action::Replace)
        }
    };
    let changes = vec![
        replica(0, "ghcr.io/acme/train:2"),
        replica(1, "ghcr.io/acme/train:2"),
        replica(2, "ghcr.io/acme/train:2-debug"),
        replica(3, "ghcr.io/acme/train:2"),
    ];
    plan(changes)
}

#[test]
fn replicas_with_equal_changes_are_one_block_and_others_are_separate() {
    golden::check("render/fleet_update.txt", &plain(&fleet_update()));
}

pub fn long_texts() -> Plan {
    let script =
        |middle: &str| format!("set -e\npip install -r requirements.txt\n{middle}\nexport A=1\nexport B=2\nrun\n");
    let env = |middle: &str, extra: Option<&str>| {
        let mut map = BTreeMap::from([("SCRIPT".to_owned(), script(middle).into()), ("SAME".to_owned(), "x".into())]);
        map.extend(extra.map(|value| ("NEW".to_owned(), value.into())));
        Value::Map(map.into_iter().collect())
    };
    let command = |rate: &str| {
        Value::text(format!(
            "python train.py --learning-rate {rate} --batch-size 64 --checkpoint /workspace/checkpoints"
        ))
    };
    let pod = Change {
        id: Some("5xpma5eg46tqjq".into()),
        fields: vec![
            field("pod", "env", env("old step", None), env("new step", Some("1")), Effect::Restart, 20),
            field("pod", "command", command("3e-4"), command("1e-4"), Effect::Restart, 28),
            field(
                "pod",
                "ports",
                Value::texts(["22/tcp", "8888/http"]),
                Value::texts(["8888/http", "3000/http"]),
                Effect::Restart,
                30,
            ),
        ],
        causes: vec![Cause::Fields],
        risk: Risk::Restart,
        hourly_before: money(0.44).into(),
        hourly_after: money(0.44).into(),
        ..change("pod.main", Action::Update)
    };
    let new_port = change("port.main:3000/http", Action::Create);
    plan(vec![pod, new_port])
}

#[test]
fn long_texts_and_ports_show_only_differences() {
    golden::check("render/long_texts.txt", &plain(&long_texts()));
}

#[test]
fn without_changes_a_plan_is_one_line() {
    let calm = plan(vec![
        kept("network_volume.models", volume(200, "US-CA-2"), 0.02),
        kept("pod.steady", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44),
        kept("port.steady:8888/http", attributes([]), 0.0),
    ]);
    assert_eq!(plain(&calm), "No changes. 2 resources match sindri.yaml.\n");
    assert_eq!(plain(&Plan { destroy: true, ..plan(vec![]) }), "Nothing to destroy: no resource is recorded.\n");
}

#[test]
fn the_summary_line_counts_every_action_and_capitalizes_data_loss() {
    assert_eq!(
        text::summary_line(&everything()),
        "Plan: 1 create, 1 update, 1 start, 2 REPLACE, 1 DESTROY, 2 unchanged | +$6.16/h (+$4,496/mo) | data at risk: 300 GB"
    );
}

#[test]
fn drift_that_needs_no_change_is_shown_before_the_one_line() {
    let mut calm = plan(vec![kept("pod.steady", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44)]);
    calm.drift = everything().drift.split_off(2);
    let text = plain(&calm);
    assert!(text.starts_with("Outside changes since the last apply\n"), "{text}");
    assert!(text.ends_with("\n\nNo changes. 1 resource matches sindri.yaml.\n"), "{text}");
}

#[test]
fn a_chain_of_causes_is_followed_to_its_beginning_and_never_in_circles() {
    let because = |text: &str, on: &str| Change {
        causes: vec![Cause::Dependency { address: address(on), action: Action::Replace }],
        ..change(text, Action::Replace)
    };
    let chain = plan(vec![moved_volume(), because("pod.a", "network_volume.datasets"), because("pod.b", "pod.a")]);
    let whole = "because `pod.a` is replaced, because `network_volume.datasets` is replaced, \
                 because its `region` changes (sindri.yaml:7)";
    assert!(plain(&chain).contains(whole), "{}", plain(&chain));
    let circle = plan(vec![because("pod.a", "pod.b"), because("pod.b", "pod.a")]);
    let text = plain(&circle);
    let line = "      because `pod.b` is replaced, because `pod.a` is replaced";
    assert!(text.lines().any(|found| found == line), "{text}");
}

/// A template whose image and variable change, with pods made from it. The last has a variable of its own.
pub fn template_edit() -> Plan {
    let image = |kind, effect| field(kind, "image", "acme/base:1.4".into(), "acme/base:1.5".into(), effect, 12);
    let level = |kind, effect| field(kind, "env.LOG_LEVEL", "info".into(), "debug".into(), effect, 14);
    let template = |tag: &str| {
        attributes([("name", "llm-team-base".into()), ("image", format!("acme/base:{tag}").into())]) //
    };
    let user = |address: &str, fields: Vec<FieldChange>| {
        let before = gpu_pod(H100, 2, "acme/base:1.4");
        Change {
            id: Some("5xpma5eg46tqjq".into()),
            fields,
            losses: losses("pod", &before),
            before,
            after: gpu_pod(H100, 2, "acme/base:1.5"),
            causes: vec![
                Cause::Fields,
                Cause::Dependency { address: self::address("template.base"), action: Action::Update },
            ],
            risk: Risk::DiskLoss,
            hourly_before: money(5.86).into(),
            hourly_after: money(5.86).into(),
            ..change(address, Action::Replace)
        }
    };
    let both = || vec![image("pod", Effect::Restart), level("pod", Effect::Restart)];
    plan(vec![
        user("pod.evaluator", vec![image("pod", Effect::Restart)]),
        user("pod.trainer[0]", both()),
        user("pod.trainer[1]", both()),
        Change {
            id: Some("9x4m2p7vab".into()),
            fields: vec![
                field("template", "name", "base".into(), "llm-team-base".into(), Effect::InPlace, 11),
                image("template", Effect::InPlace),
                level("template", Effect::InPlace),
            ],
            before: template("1.4"),
            after: template("1.5"),
            causes: vec![Cause::Fields],
            ..change("template.base", Action::Update)
        },
    ])
}

#[test]
fn an_edited_template_is_the_cause_of_the_fields_that_come_from_it() {
    golden::check("render/template_edit.txt", &plain(&template_edit()));
    let narrow = Style { width: Some(80), ..Style::default() };
    golden::check("render/template_edit_80.txt", &rendered(&template_edit(), &view(), &narrow));
    let mut comment = String::new();
    markdown::plan(&mut comment, &template_edit(), &view(), markdown::BUDGET).expect("a string takes everything");
    golden::check("render/template_edit.md", &comment);
}

#[test]
fn a_port_that_changes_without_its_pod_is_a_separate_row() {
    let lonely = plan(vec![
        kept("pod.steady", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44),
        change("port.steady:3000/http", Action::Create),
    ]);
    let text = plain(&lonely);
    assert!(text.contains("\n+   port.steady:3000/http  create"), "{text}");
    assert!(text.contains("\nPlan: 1 create, 1 unchanged | "), "{text}");
}

pub fn destruction() -> Plan {
    let old = gpu_pod("NVIDIA A40", 1, "ghcr.io/acme/old:1");
    let mut plan = plan(vec![
        Change {
            id: Some("a1b2c3d4e5f6g7".into()),
            losses: losses("pod", &old),
            before: old,
            causes: vec![Cause::Destroy],
            risk: Risk::DiskLoss,
            hourly_before: money(0.45).into(),
            ..change("pod.old", Action::Delete)
        },
        kept("network_volume.models", volume(200, "US-CA-2"), 0.02),
    ]);
    plan.destroy = true;
    plan.notes = vec![Note {
        address: Some(address("network_volume.models")),
        message: "kept; `--include-volumes` destroys it too".into(),
    }];
    plan
}

#[test]
fn destroying_everything_says_so_once() {
    golden::check("render/destroy.txt", &plain(&destruction()));
}

fn shrink() -> Refusal {
    Refusal {
        code: RefusalCode::ImpossibleChange,
        message: "`size_gb` of `network_volume.models` cannot go from 500 to 400: RunPod never shrinks one".into(),
        help: "keep 500".into(),
        position: Some(at(9)),
    }
}

/// A replacement whose successor differs in more than the field that causes it.
fn side_effects() -> Plan {
    let mut changed = changed_pod();
    changed.action = Action::Replace;
    changed.losses.push(Loss {
        what: "environment not declared".into(),
        names: (0..14).map(|number| format!("VARIABLE_{number}")).collect(),
        size_gb: None,
        mount_path: None,
        precious: false,
    });
    let beside = |path: &str, before: Value, after: Value, rule: &str| SideEffect::Field {
        field: FieldChange { rule: rule.into(), ..field("pod", path, before, after, Effect::InPlace, 12) },
    };
    let left = "otherwise ignored; a new object gets the value in the file";
    changed.side_effects = vec![
        beside("name", "by-hand".into(), "trainer".into(), left),
        beside("env.KEEP", Value::Secret(Secret::new("live")), "a".into(), left),
        beside("gpu_types", "NVIDIA L4".into(), "NVIDIA RTX A5000".into(), "first of the list"),
        SideEffect::Boots { hourly: money(0.44).into() },
        SideEffect::DestroyedFirst { needs: address("network_volume.datasets") },
    ];
    plan(vec![changed])
}

#[test]
fn side_effects_are_below_the_fields_that_cause_the_replacement() {
    let plan = side_effects();
    golden::check("render/side_effects.txt", &plain(&plan));
    golden::check(
        "render/side_effects_80.txt",
        &rendered(&plan, &view(), &Style { width: Some(80), ..Style::default() }),
    );
    let mut comment = String::new();
    markdown::plan(&mut comment, &plan, &view(), markdown::BUDGET).expect("a string takes everything");
    golden::check("render/side_effects.md", &comment);
}

pub fn partial() -> Plan {
    let mut plan = plan(vec![changed_pod(), kept("pod.steady", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44)]);
    plan.changes[0].fields[0].origin = Some(DifferenceOrigin::Drift);
    let left_out =
        [("network_volume.models", Action::Create), ("pod.b[0]", Action::Replace), ("pod.b[1]", Action::Replace)];
    plan.partial = Some(Partial {
        targets: vec![plan.changes[0].address.clone()],
        left_out: left_out.iter().map(|(text, action)| (address(text), *action)).collect(),
        refused: vec![(address("network_volume.models"), shrink())],
        not_ready: vec![address("pod.c")],
    });
    plan
}

fn wait(text: &str, id: &str, awaiting: Option<Awaiting>) -> Wait {
    Wait {
        address: address(text),
        id: id.into(),
        status: "Creating".into(),
        created_at: Some("2026-11-23T08:00:00Z".into()),
        started_at: Some("2026-11-23T09:30:00Z".into()),
        awaiting,
        timeout_seconds: 1200,
    }
}

/// A plan without changes in which something is not ready.
pub fn waiting() -> Plan {
    let pod = |text: &str| kept(text, gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44);
    let mut plan = plan(vec![pod("pod.trainer"), pod("pod.worker[0]"), pod("pod.worker[1]"), pod("pod.steady")]);
    plan.waits = vec![
        wait("pod.trainer", "5xpma5eg46tqjq", Some(Awaiting::First)),
        wait("pod.worker[0]", "w0rk0", None),
        wait("pod.worker[1]", "w0rk1", Some(Awaiting::Again)),
    ];
    plan
}

#[test]
fn unready_resources_are_listed_with_their_age_even_without_changes() {
    let now = "2026-11-23T10:00:00Z".parse().ok();
    let rendered_plan = rendered(&waiting(), &PlanView { now, ..view() }, &Style::default());
    golden::check("render/not_ready.txt", &rendered_plan);
    let mut changing = waiting();
    changing.changes.push(create("pod.new", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44, 9));
    let rendered_plan = rendered(&changing, &view(), &Style::default());
    assert!(rendered_plan.contains("Plan: 1 create, 4 unchanged (3 not ready) | "), "{rendered_plan}");
    // A saved plan is read at another time, so times are absolute.
    assert!(rendered_plan.contains("Creating, created 2026-11-23T08:00:00Z"), "{rendered_plan}");
}

#[test]
fn a_partial_plan_counts_what_it_leaves_out() {
    let mut plan = partial();
    golden::check("render/partial.txt", &plain(&plan));

    let only = PlanView { only: [Action::Delete].into(), ..view() };
    let text = rendered(&plan, &only, &Style::default());
    assert!(text.contains("1 other change not shown (--only)"), "{text}");
    assert!(text.contains("\nPlan: 1 "), "the summary counts all the same: {text}");

    plan.changes.remove(0);
    plan.partial.as_mut().expect("partial").targets = vec![address("pod.steady")];
    let text = plain(&plan);
    assert!(text.ends_with("No changes in this part; the rest does not match the configuration.\n"), "{text}");
}
