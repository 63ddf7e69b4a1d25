//! Plans as comments on a pull request: complete, parsed like GitHub does, and within any budget.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sindri::model::{Action, Cause, Change, Loss, Plan, Risk};
use sindri::render::{PlanView, markdown};

use crate::render::fixture::{address, at, attributes, change, create, gpu_pod, kept, losses, money, plan};
use crate::render::markup::{CANARY, faults};
use crate::render::plans;
use crate::support::golden;

pub fn comment(plan: &Plan, view: &PlanView, budget: usize) -> String {
    let mut out = String::new();
    markdown::plan(&mut out, plan, view, budget).expect("a string takes everything");
    out
}

fn whole(plan: &Plan) -> String {
    comment(plan, &plans::view(), markdown::BUDGET)
}

#[test]
fn whole_plans_as_comments() {
    golden::check("render/everything.md", &whole(&plans::everything()));
    let full = PlanView { full: true, ..plans::view() };
    golden::check("render/everything_full.md", &comment(&plans::everything(), &full, markdown::BUDGET));
    golden::check("render/first_apply.md", &whole(&plan(plans::fleet())));
    golden::check("render/fleet_update.md", &whole(&plans::fleet_update()));
    golden::check("render/long_texts.md", &whole(&plans::long_texts()));
    golden::check("render/destroy.md", &whole(&plans::destruction()));
    let part = PlanView { flags: vec!["--target=pod.trainer[0]".into()], ..plans::view() };
    golden::check("render/partial.md", &comment(&plans::partial(), &part, markdown::BUDGET));
}

#[test]
fn without_changes_the_comment_is_one_line_below_the_marker() {
    let calm = plan(vec![kept("pod.steady", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44)]);
    assert_eq!(
        whole(&calm),
        "<!-- sindri: llm-team/prod -->\n\n`llm-team`, environment `prod`: no changes. 1 resource matches `sindri.yaml`.\n"
    );
}

/// A pod to be destroyed, with a pod volume of this size.
pub fn deletion(name: &str, size_gb: i64) -> Change {
    let mut before = gpu_pod("NVIDIA L4", 1, "ghcr.io/acme/train:1");
    before.insert("volume_gb", size_gb.into());
    Change {
        id: Some(format!("id-{name}")),
        losses: losses("pod", &before),
        before,
        causes: vec![Cause::Undeclared],
        risk: Risk::DiskLoss,
        hourly_before: money(0.44).into(),
        ..change(&format!("pod.{name}"), Action::Delete)
    }
}

#[test]
fn five_thousand_destroyed_pods_are_all_listed_with_their_losses() {
    for (number, name) in [
        (5_000, (|index| format!("worker-{index:04}")) as fn(i64) -> String),
        (5_000, |index| format!("trainer[{index}]")),
        (5_000, |index| format!("team-{}-node-{index}", index % 7)),
    ] {
        // Neighbours lose different sizes, so that no ranges are possible.
        let plan = plan((0..number).map(|index| deletion(&name(index), 10 + index % 990)).collect());
        let text = whole(&plan);
        assert!(text.len() <= markdown::BUDGET, "{}", text.len());
        assert!(!text.contains("incomplete"), "{text}");
        let named = expanded(&text);
        for change in &plan.changes {
            let size = named.get(&change.address.to_string());
            assert_eq!(size, Some(&change.losses[0].size_gb.unwrap().to_string()), "{}", change.address);
        }
        assert_eq!(named.len(), plan.changes.len());
    }
}

/// Expands the shortest form into every address with its size, as a person would read it.
fn expanded(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut pattern = String::new();
    let block = text.split("### Destroys").nth(1).expect("a section").split("```").nth(1).expect("a block");
    for line in block.lines().filter_map(|line| line.strip_prefix("-   ")) {
        let items = match line.strip_prefix("  ") {
            Some(more) => more,
            None => {
                let (head, items) = line.split_once("  ").unwrap_or(("#", line));
                pattern = head.to_owned();
                items
            }
        };
        for item in items.split(' ') {
            let (labels, size) = item.split_once(':').expect("a size");
            for label in labels.split(',') {
                assert!(!label.contains(".."), "no neighbours are alike: {item}");
                found.insert(pattern.replacen('#', label, 1), size.to_owned());
            }
        }
    }
    found
}

#[test]
fn destroyed_pods_are_complete_beside_thousands_of_other_changes() {
    let mut changes: Vec<Change> = (0..4_900)
        .map(|index| create(&format!("pod.new-{index}"), gpu_pod(&format!("GPU {index}"), 1, "a:1"), 0.44, 12))
        .collect();
    changes.extend((0..100).map(|index| deletion(&format!("old-{index}"), 10 + index)));
    let text = whole(&plan(changes));
    assert!(text.len() <= markdown::BUDGET, "{}", text.len());
    for index in 0..100 {
        let head = format!("- pod.old-{index}  DESTROY  id-old-{index}  1 x NVIDIA L4, US-CA-2, saves $0.44/h\n");
        let loss = format!("-       destroys: pod volume {} GB at /workspace, container disk 50 GB\n", 10 + index);
        assert!(text.contains(&format!("{head}        because it is no longer declared\n{loss}")), "{index}: {text}");
    }
    // Missing parts are reported first.
    assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("**This comment is incomplete: ")), "{text}");
    assert!(text.contains("other changes not shown.** The whole plan: `sindri plan -e prod`\n"), "{text}");
}

#[test]
fn too_many_for_any_form_are_counted_at_the_top() {
    let name = |index: i64| format!("{:016x}", index.wrapping_mul(0x1e37_79b9_7f4a_7c15).rotate_left(13));
    let plan = plan((0..5_000).map(|index| deletion(&name(index), 10 + index % 990)).collect());
    let text = whole(&plan);
    assert!(text.len() <= markdown::BUDGET, "{}", text.len());
    let notice = text.lines().nth(2).expect("a third line");
    let hidden = notice.strip_prefix("**This comment is incomplete: ").and_then(|rest| rest.split(' ').next());
    let hidden: usize = hidden.expect("a notice").parse().expect("a number");
    assert!(notice.contains("destructive changes not shown.** The whole plan: `sindri plan -e prod`"), "{notice}");
    let shown = plan.changes.iter().filter(|change| {
        let name = &change.address.name;
        // Under a pattern or alone, the last characters of a name are before its size.
        text.contains(&format!("{}:{}", &name[name.len() - 1..], change.losses[0].size_gb.unwrap()))
    });
    assert!(hidden > 0 && shown.count() >= 5_000 - hidden, "{hidden}");
    assert!(text.contains(&format!("**{hidden} more are not shown.**")), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_budget_is_kept_and_omitted_resources_are_counted(
        deleted_pods in 0_usize..60,
        new_pods in 0_usize..60,
        width in 1_usize..200,
        budget in markdown::LEAST_BUDGET..30_000,
    ) {
        let name = |index: usize| format!("{}{index}", "n".repeat(1 + (index * 31 + width) % width));
        let mut changes: Vec<Change> = (0..deleted_pods).map(|index| deletion(&name(index), 10 + index as i64)).collect();
        changes.extend((0..new_pods).map(|index| create(&format!("pod.new-{}", name(index)), gpu_pod("L4", 1, "a"), 0.4, 1)));
        let text = comment(&plan(changes), &plans::view(), budget);
        prop_assert!(text.len() <= budget, "{} > {budget}", text.len());
        prop_assert_eq!(faults(&text, CANARY), Vec::<String>::new(), "{}", text);
        // An address must be named or counted as missing.
        let hidden = text.contains("incomplete");
        let missing = (0..new_pods).any(|index| !text.split_whitespace().any(|word| word == format!("pod.new-{}", name(index))));
        prop_assert!(!missing || hidden, "{}", text);
    }
}

#[test]
fn the_shortest_form_shows_unknown_sizes_and_two_volumes_of_one_pod() {
    let mut changes: Vec<Change> = (0..3_000).map(|index| deletion(&format!("w-{index}"), 10 + index)).collect();
    changes[7].losses.push(Loss {
        what: "pod volume".into(),
        names: Vec::new(),
        size_gb: None,
        mount_path: None,
        precious: true,
    });
    let text = whole(&plan(changes));
    assert!(
        text.contains("- DESTROY 2999 pods, each with its pod volume at /workspace (GB after each colon):\n"),
        "{text}"
    );
    assert!(
        text.contains("- DESTROY 1 pod, with its pod volume 17 GB at /workspace and pod volume:\n-   pod.w-7\n"),
        "{text}"
    );
}

#[test]
fn a_refused_plan_names_no_command_that_applies_it() {
    let text = whole(&plans::everything());
    assert!(text.contains("Plan id `9c1f7a2e44b0`.\n") && !text.contains("--expect"), "{text}");
    let mut fine = plan(vec![create("pod.a", attributes([]), 0.1, 3)]);
    fine.environment = "it's".into();
    let (place, command) = (at(3), "`sindri apply -e \"it's\" --expect 9c1f7a2e44b0`");
    assert!(whole(&fine).contains(command) && place.line == 3, "{}", whole(&fine));
    assert_eq!(address("pod.a"), fine.changes[0].address);
}
