//! Unknown prices are reported as unknown, and counted, wherever costs are shown.

use serde_json::{Value as Json, json};
use sindri::model::{Action, Cost, Plan, SideEffect};
use sindri::render::{Style, html, json as tools, status, text};

use crate::render::applies::object;
use crate::render::comment::comment;
use crate::render::drift::record;
use crate::render::fixture::{address, change, create, gpu_pod, money, plan};
use crate::render::plans::view;
use crate::support::golden;

/// Two equal pods and one to be replaced, all without known prices, and one pod with a price.
fn unpriced() -> Plan {
    let unknown = Cost { known: money(0.02), ..Cost::UNKNOWN };
    let mut changes = vec![create("pod.priced", gpu_pod("NVIDIA L4", 1, "a:1"), 0.51, 4)];
    for index in 0..2 {
        let pod = create(&format!("pod.worker[{index}]"), gpu_pod("Tesla T4", 1, "a:1"), 0.0, 9);
        changes.push(sindri::model::Change { hourly_after: unknown, ..pod });
    }
    let mut replaced = change("pod.old", Action::Replace);
    (replaced.hourly_before, replaced.hourly_after) = (money(0.51).into(), unknown);
    replaced.side_effects = vec![SideEffect::Boots { hourly: unknown }];
    changes.push(replaced);
    plan(changes)
}

#[test]
fn a_plan_counts_pods_without_a_known_price_in_every_form() {
    let (plan, view) = (unpriced(), view());
    let mut shown = String::new();
    text::plan(&mut shown, &plan, &view, &Style::default()).expect("a string takes everything");
    golden::check("render/unpriced.txt", &shown);
    assert!(text::summary_line(&plan).ends_with("| +$0.06/h (+$43.80/mo), 3 machines without a known price"));
    let total = "$0.57/h ($416.10/mo) plus 3 machines without a known price";
    let comment = comment(&plan, &view, 60_000);
    assert!(comment.contains(total) && comment.contains("price not known"), "{comment}");
    let mut page = String::new();
    html::plan(&mut page, &plan, &view).expect("a string takes everything");
    assert!(page.contains(total) && page.contains("price not known"), "{page}");
}

#[test]
fn tools_read_null_and_never_zero() {
    let json = tools::plan_json(&unpriced(), None);
    let cost = &json["sindri"]["cost"];
    assert_eq!(cost["hourly_before"], json!(0.51));
    for unknown in ["hourly_after", "hourly_change", "monthly_change"] {
        assert_eq!(cost[unknown], Json::Null, "{unknown}");
    }
    assert_eq!(cost["known_hourly_after"], json!(0.57));
    assert_eq!(cost["unpriced"], json!(["pod.worker[0]", "pod.worker[1]", "pod.old"]));
    let worker = &json["resource_changes"][1]["sindri"];
    assert_eq!((&worker["hourly_before"], &worker["hourly_after"]), (&json!(0.0), &Json::Null));
}

#[test]
fn status_marks_prices_that_are_unknown() {
    let mut state = sindri::model::State::new("4f1c09aa".into(), "prod".into(), "runpod".into());
    state.resources.insert(address("pod.a"), record("pod", "x1", gpu_pod("Tesla T4", 1, "a:1")));
    let mut pod = object("x1", 0.0);
    pod.attributes = gpu_pod("Tesla T4", 1, "a:1");
    let observed = [pod].into_iter().collect();
    let mut shown = String::new();
    status::table(&mut shown, &state, &observed, &Default::default(), &Style::default()).expect("it fits a string");
    assert!(shown.contains("plus 1 machine without a known price") && shown.contains("  ?  "), "{shown}");
    let json = status::status_json(&state, &observed, &Default::default());
    assert_eq!((&json["hourly"], &json["resources"][0]["hourly"]), (&Json::Null, &Json::Null));
}
