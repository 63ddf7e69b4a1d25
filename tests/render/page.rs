//! Plans as pages, parsed strictly as XML: hostile text never becomes markup, and nothing is loaded from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use roxmltree::{Document, Node, ParsingOptions};
use sindri::model::{Action, Change, Plan, Value};
use sindri::render::{PlanView, html};

use crate::render::fixture::{address, change, create, gpu_pod, kept, plan, volume};
use crate::render::hostile::{evil, hostile_plan};
use crate::render::markup::markup;
use crate::render::plans;
use crate::support::golden;

fn page(plan: &Plan, view: &PlanView) -> String {
    let mut out = String::new();
    html::plan(&mut out, plan, view).expect("a string takes everything");
    out
}

fn parsed(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("{error} in {text}"))
}

const ELEMENTS: &str = "html head meta title style body main section footer h1 h2 p strong code pre span ul li dl div dt dd \
                        figure figcaption details summary a svg defs marker path rect text";
const ATTRIBUTES: &str = "lang charset http-equiv content name class id open href viewBox width height role aria-label refX \
                          refY markerWidth markerHeight orient d marker-end x y rx";

fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

/// Problems of a page: foreign elements and attributes, external references, broken links.
fn faults(document: &Document<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let elements = || document.descendants().filter(Node::is_element);
    let ids: Vec<&str> = elements().filter_map(|node| node.attribute("id")).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        faults.push(format!("an id stands twice: {ids:?}"));
    }
    for node in elements() {
        if !listed(ELEMENTS, node.tag_name().name()) {
            faults.push(format!("<{}>", node.tag_name().name()));
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let links = name == "href" && !value.strip_prefix('#').is_some_and(|id| ids.contains(&id));
            if !listed(ATTRIBUTES, name) || links || (value.contains("url(") && value != "url(#arrow)") {
                faults.push(format!("{name}={value:?}"));
            }
        }
    }
    faults
}

#[test]
fn whole_plans_as_pages() {
    for (name, plan) in [
        ("everything.html", plans::everything()),
        ("first_apply.html", plan(plans::fleet())),
        ("fleet_update.html", plans::fleet_update()),
        ("long_texts.html", plans::long_texts()),
        ("destroy.html", plans::destruction()),
    ] {
        let text = page(&plan, &plans::view());
        assert_eq!(faults(&parsed(&text)), Vec::<String>::new(), "{name}");
        // Reading one style sheet is enough.
        let style = text.split_once("<style>\n").and_then(|(_, rest)| rest.split_once("</style>")).expect("a style").0;
        golden::check(&format!("render/{name}"), &text.replace(style, ""));
    }
}

#[test]
fn the_page_forbids_everything_from_elsewhere() {
    let text = page(&plans::everything(), &plans::view());
    let policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>";
    assert!(text.contains(policy), "{text}");
    for outside in ["http://", "@import", "src=", "<script", "<link", " style="] {
        let namespaces = ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"];
        let without = namespaces.iter().fold(text.clone(), |text, namespace| text.replace(namespace, ""));
        assert!(!without.contains(outside), "{outside}");
    }
}

/// Boxes of the picture by title.
fn boxes<'a>(document: &'a Document<'_>) -> BTreeMap<&'a str, Node<'a, 'a>> {
    let titles = document.descendants().filter(|node| node.attribute("class") == Some("title"));
    titles.filter_map(|node| Some((node.text()?, node.parent()?))).collect()
}

fn arrows(document: &Document<'_>) -> usize {
    document.descendants().filter(|node| node.attribute("class") == Some("edge")).count()
}

#[test]
fn the_picture_has_a_box_per_change_and_an_arrow_from_each_dependency() {
    let text = page(&plan(plans::fleet()), &plans::view());
    let document = parsed(&text);
    let titles: Vec<&str> = boxes(&document).into_keys().collect();
    assert_eq!(titles, ["+ network_volume.datasets", "+ pod.trainer[0..3]"]);
    assert_eq!(arrows(&document), 1);
    let left = |title: &str| boxes(&document)[title].attribute("x").unwrap().parse::<u32>().unwrap();
    assert!(left("+ network_volume.datasets") < left("+ pod.trainer[0..3]"));
    assert!(text.contains(">create, 4 pods, 8 ports<"), "{text}");
}

#[test]
fn arrows_follow_ids_of_existing_objects_and_causes_of_replacements() {
    let mut mounted = gpu_pod("NVIDIA L4", 1, "nginx:1");
    mounted.insert("network_volume", "vol-1".into());
    let mut disk = kept("network_volume.d", volume(10, "US-CA-2"), 0.0);
    disk.id = Some("vol-1".into());
    let text = page(&plan(vec![disk, kept("pod.a", mounted, 0.4)]), &plans::view());
    assert_eq!(arrows(&parsed(&text)), 1);
    assert_eq!(arrows(&parsed(&page(&plans::everything(), &plans::view()))), 1);
}

#[test]
fn a_large_plan_is_drawn_in_groups() {
    let pods = |number: u32, name: &dyn Fn(u32) -> String| -> Plan {
        let pod = |index: u32| create(&name(index), gpu_pod(&format!("GPU {index}"), 1, "a"), 0.4, 1);
        plan((0..number).map(pod).collect())
    };
    for (plan, titles) in [
        (pods(3, &|index| format!("pod.p{index}")), vec!["+ pod.p0", "+ pod.p1", "+ pod.p2"]),
        (pods(201, &|index| format!("pod.trainer[{index}]")), vec!["+ pod.trainer[0..200]"]),
        (pods(201, &|index| format!("pod.p{index}")), vec!["+ 201 pods"]),
    ] {
        let text = page(&plan, &plans::view());
        let document = parsed(&text);
        assert_eq!(boxes(&document).into_keys().collect::<Vec<_>>(), titles);
        // Every change is shown below the picture.
        assert_eq!(text.matches("<details class=\"good\">").count(), plan.changes.len());
    }
}

#[test]
fn a_fleet_of_many_names_is_a_few_boxes() {
    let drawn = |pods: usize| {
        let mut changes: Vec<Change> = vec![create("network_volume.d", volume(10, "US-CA-2"), 0.0, 1)];
        for index in 0..pods {
            let mut pod = gpu_pod(&format!("GPU {index}"), 1, "a");
            pod.insert("network_volume", Value::reference(address("network_volume.d")));
            changes.push(create(&format!("pod.p{index}"), pod, 0.4, 1));
        }
        let text = page(&plan(changes), &plans::view());
        let document = parsed(&text);
        (boxes(&document).len(), arrows(&document))
    };
    assert_eq!(drawn(59), (60, 59));
    assert_eq!(drawn(199), (2, 1));
}

/// Contrast from relative luminance. Source: WCAG 2.2, definitions of both.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |color: &str| {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).expect("a color")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let (a, b) = (luminance(one) + 0.05, luminance(other) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn every_text_colour_is_readable_on_its_backgrounds() {
    let text = page(&plans::everything(), &plans::view());
    let blocks: Vec<&str> = text.split(":root {").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    assert_eq!(blocks.len(), 2, "light and dark");
    for block in blocks {
        let colors: BTreeMap<&str, &str> =
            block.split([';', '\n']).filter_map(|line| line.trim().strip_prefix("--")?.split_once(": ")).collect();
        let mut pairs =
            vec![("good", "good-back"), ("change", "change-back"), ("bad", "bad-back"), ("text", "bad-back")];
        pairs.extend([("text", "good-back"), ("text", "change-back")]);
        for ground in ["back", "panel"] {
            pairs.extend(["text", "dim", "good", "change", "bad", "link"].map(|tone| (tone, ground)));
        }
        for (tone, ground) in pairs {
            let contrast = contrast(colors[tone], colors[ground]);
            assert!(contrast >= 4.5, "{tone} on {ground}: {contrast:.2}");
        }
    }
}

#[test]
fn a_plan_without_changes_says_so() {
    let calm = plan(vec![kept("pod.steady", gpu_pod("NVIDIA L4", 1, "nginx:1"), 0.44)]);
    let text = page(&calm, &plans::view());
    assert!(text.contains("<strong>No changes.</strong>") && !text.contains("<h2>Changes</h2>"), "{text}");
    assert_eq!(faults(&parsed(&page(&plan(vec![]), &plans::view()))), Vec::<String>::new());
    assert_eq!(
        faults(&parsed(&page(&plan(vec![change("pod.a", Action::Forget)]), &plans::view()))),
        Vec::<String>::new()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_is_never_markup(evil in prop_oneof![markup(), evil()], full: bool) {
        let view = PlanView { full, config: evil.clone(), catalog_date: Some(evil.clone()), plan_id: Some(evil.clone()), flags: vec![evil.clone()], ..PlanView::default() };
        let text = page(&hostile_plan(&evil), &view);
        let document = parsed(&text);
        prop_assert_eq!(faults(&document), Vec::<String>::new(), "{}", text);
        let harmful = text.chars().find(|character| sindri::render::style::is_harmful(*character) && *character != '\n');
        prop_assert_eq!(harmful, None);
        prop_assert!(!text.contains("canary-secret"), "{}", text);
        for line in text.lines() {
            prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "a command: {line}");
        }
    }
}
