//! The length of a plan has a bound that does not depend on the number of resources, and the full view has everything.

use std::collections::BTreeSet;

use sindri::model::{
    Action, Address, Change, Drift, DriftClass, DriftResponse, Marker, Note, Orphan, Partial, Plan, Refusal,
    RefusalCode, Rename, Risk, Value, Wait,
};
use sindri::render::{PlanView, Style, text};

use crate::render::fixture::{address, change, gpu_pod, losses, money, plan};
use crate::render::plans::view;

/// `number` pods to destroy, spread over 30 regions.
fn destruction(number: usize, name: impl Fn(usize) -> String) -> Plan {
    let pod = |index: usize| {
        let mut before = gpu_pod("NVIDIA L4", 1, "a:1");
        before.insert("regions", Value::texts([format!("US-XX-{}", index % 30).as_str()]));
        Change {
            id: Some(format!("x{index}")),
            losses: losses("pod", &before),
            risk: Risk::DiskLoss,
            before,
            hourly_before: money(0.5).into(),
            ..change(&name(index), Action::Delete)
        }
    };
    Plan { destroy: true, ..plan((0..number).map(pod).collect()) }
}

fn shown(plan: &Plan, full: bool) -> String {
    let mut out = String::new();
    let view = PlanView { full, ..view() };
    let style = Style { width: Some(80), ..Style::default() };
    text::plan(&mut out, plan, &view, &style).expect("a string takes everything");
    out
}

#[test]
fn replicas_in_many_regions_are_one_block() {
    let text = shown(&destruction(200, |index| format!("pod.worker[{index}]")), false);
    assert!(text.lines().count() < 14, "{text}");
    assert!(text.contains("pod.worker[0..199]") && text.contains("30 regions"), "{text}");
    // A few are shown with their regions, and so is everything in the full view.
    let few = shown(&destruction(3, |index| format!("pod.worker[{index}]")), false);
    assert!(few.contains("US-XX-0") && few.contains("US-XX-2"), "{few}");
    assert!(shown(&destruction(200, |index| format!("pod.worker[{index}]")), true).contains("US-XX-29"));
}

#[test]
fn many_names_are_capped_after_the_totals_and_the_full_view_has_each() {
    let plan = destruction(200, |index| format!("pod.w{index}"));
    let text = shown(&plan, false);
    assert!(text.lines().count() < 80, "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let totals = "In all: 200 DESTROY, data at risk: 20000 GB. `--full` lists every change.";
    let more = "... and 180 more to destroy, 180 with data (18000 GB); `--full` lists all";
    let place = |part: &str| flat.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
    assert!(place(totals) < place("pod.w0") && place("pod.w0") < place(more), "{text}");
    let full = shown(&plan, true);
    for index in 0..200 {
        assert!(full.contains(&format!("pod.w{index} ")), "pod.w{index}");
    }
    assert!(!full.contains("more to destroy") && !full.contains("In all"), "{full}");
}

#[test]
fn refused_changes_are_shown_before_others_are() {
    let mut plan = destruction(200, |index| format!("pod.w{index}"));
    plan.changes[150].refusals.push(refusal("pod.w150"));
    let text = shown(&plan, false);
    assert!(text.contains("x150") && text.contains("x18 ") && !text.contains("x19 "), "{text}");
}

fn refusal(about: &str) -> Refusal {
    Refusal {
        code: RefusalCode::PreventDestroy,
        message: format!("`{about}` is protected"),
        help: "remove the protection".into(),
        position: None,
    }
}

/// A plan in which everything that a plan can list occurs `number` times, under names or as replicas of one name with
/// gaps between their numbers.
fn everything(number: usize, of: &dyn Fn(&str, usize) -> String) -> Plan {
    const ACTIONS: [Action; 9] = [
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::ReplaceCreateFirst,
        Action::Delete,
        Action::Start,
        Action::Stop,
        Action::Import,
        Action::Forget,
    ];
    let mut changes = Vec::new();
    for (action, index) in ACTIONS.into_iter().flat_map(|action| (0..number).map(move |index| (action, index))) {
        let about = of(&format!("pod.{}", action.word().replace(|c: char| !c.is_ascii_alphanumeric(), "-")), index);
        let attributes = gpu_pod("NVIDIA L4", 1, "a:1");
        let mut one = Change {
            id: Some(format!("x{index}")),
            losses: if action.destroys() { losses("pod", &attributes) } else { Vec::new() },
            before: attributes.clone(),
            after: attributes,
            // Every other price is the same, so that the numbers of replicas that are alike have gaps.
            hourly_before: money(0.5 + (index % 2) as f64).into(),
            hourly_after: money(0.5 + (index % 2) as f64).into(),
            ..change(&about, action)
        };
        one.refusals.extend((action == Action::Delete).then(|| refusal(&about)));
        changes.push(one);
    }
    let addresses =
        |name: &str| (0..number).map(|index| address(&of(&format!("pod.{name}"), index))).collect::<Vec<Address>>();
    let mut plan = plan(changes);
    plan.drift = addresses("drifted").into_iter().enumerate().map(|(index, address)| drift(address, index)).collect();
    plan.waits = addresses("waiting").into_iter().map(wait).collect();
    plan.orphans = addresses("orphan").into_iter().map(orphan).collect();
    plan.notes =
        addresses("noted").into_iter().map(|about| Note { address: Some(about), message: "is kept".into() }).collect();
    let renamed = addresses("old").into_iter().zip(addresses("new"));
    plan.renames = renamed.map(|(from, to)| rename(from, to)).collect();
    plan.partial = Some(Partial {
        targets: addresses("target"),
        left_out: addresses("left").into_iter().map(|address| (address, Action::Create)).collect(),
        refused: addresses("refused").into_iter().map(|address| (address.clone(), refusal("x"))).collect(),
        not_ready: addresses("slow"),
    });
    plan
}

fn drift(address: Address, index: usize) -> Drift {
    let class = if index.is_multiple_of(2) { DriftClass::Gone } else { DriftClass::Stopped };
    Drift { address, id: format!("x{index}"), class, fields: Vec::new(), answer: DriftResponse::Untouched }
}

fn wait(address: Address) -> Wait {
    // Each waits for another time, so that replicas have no line in common.
    let timeout_seconds = 600 + u64::from(address.index.unwrap_or_default()) * 60;
    Wait {
        address,
        id: "x".into(),
        status: "Creating".into(),
        created_at: None,
        started_at: None,
        awaiting: None,
        timeout_seconds,
    }
}

fn orphan(address: Address) -> Orphan {
    let marker = Marker {
        lineage: "4f1c09aa".into(),
        name: "llm-team".into(),
        environment: "prod".into(),
        address,
        operation: "o".into(),
    };
    Orphan {
        kind: "pod".into(),
        id: "x".into(),
        name: "n".into(),
        marker,
        status: None,
        hourly: Some(money(0.5)),
        created_at: None,
    }
}

fn rename(from: Address, to: Address) -> Rename {
    Rename { from, to, id: "x".into(), differing: Vec::new(), keeps: true }
}

/// The name of a resource from its key and its number.
type Naming = Box<dyn Fn(&str, usize) -> String>;

/// Names of their own, and replicas of one name.
fn namings() -> [Naming; 2] {
    [Box::new(|name, index| format!("{name}{index}")), Box::new(|name, index| format!("{name}[{index}]"))]
}

#[test]
fn the_length_of_a_plan_does_not_grow_with_the_number_of_resources() {
    for of in namings() {
        let lines = |number: usize| shown(&everything(number, &*of), false).lines().count();
        let (few, many) = (lines(200), lines(2000));
        // Larger numbers have more digits, which may break a line.
        assert!(many <= few + 10, "{few} lines for 200, {many} for 2000");
        assert!(many < 1000, "{many} lines");
    }
}

#[test]
fn a_plan_of_one_action_fits_on_two_screens() {
    for of in namings() {
        let all = everything(2000, &*of);
        for action in all.changes.iter().map(|change| change.action).collect::<BTreeSet<_>>() {
            let mut changes: Vec<Change> =
                all.changes.iter().filter(|change| change.action == action).cloned().collect();
            changes.iter_mut().for_each(|change| change.refusals.clear());
            let text = shown(&plan(changes), false);
            assert!(text.lines().count() <= 90, "{} lines: {text}", text.lines().count());
        }
    }
}

#[test]
fn the_full_view_names_everything() {
    let of = |name: &str, index: usize| format!("{name}{index}");
    let plan = everything(60, &of);
    let text = shown(&plan, true);
    let listed = plan.partial.iter().flat_map(|partial| partial.left_out.iter().map(|(address, _)| address));
    let drifted = plan.drift.iter().map(|drift| &drift.address);
    let waiting = plan.waits.iter().map(|wait| &wait.address);
    let orphans = plan.orphans.iter().map(|orphan| &orphan.marker.address);
    let renamed = plan.renames.iter().map(|rename| &rename.to);
    let noted = plan.notes.iter().filter_map(|note| note.address.as_ref());
    let changed = plan.changes.iter().map(|change| &change.address);
    let all = changed.chain(listed).chain(drifted).chain(waiting).chain(orphans).chain(renamed).chain(noted);
    let words: BTreeSet<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).collect();
    let missing: Vec<&Address> = all.filter(|address| !words.contains(address.to_string().as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!text.contains("`--full` lists"), "{text}");
}
