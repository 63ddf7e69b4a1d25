//! `sindri graph`: the same arrows and boxes in every format, and planned actions.

use crate::support::{BARE, Emulator, Project};

/// Two replicas that mount a volume, and a pod without one.
fn mounting() -> String {
    let pods = "networkVolumes: { data: { sizeGb: 10, region: US-CA-2 } }\n    pods:\n      \
                worker: { replicas: 2, networkVolume: data, ports: [8888/http] }\n      alone: { ports: [22/tcp] }\n";
    format!("{BARE}    {pods}")
}

#[test]
fn arrows_lead_to_dependents_and_replicas_and_ports_are_folded() {
    let project = Project::new(&mounting());
    let dot = project.offline("graph").exits(0).stdout;
    assert!(dot.contains("\"network_volume.data\" -> \"pod.worker[0,1]\""), "{dot}");
    assert!(dot.contains("2 pods, 2 ports") && !dot.contains("port.worker"), "{dot}");
    let mermaid = project.offline("graph --format mermaid").exits(0).stdout;
    assert_eq!(mermaid.matches(" --> ").count(), 1, "{mermaid}");
    let svg = project.offline("graph --format svg").exits(0).stdout;
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert_eq!(
        document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "rect"))).count(),
        3
    );
    let edges = project.offline("graph --json").exits(0).json()["edges"].to_string();
    assert!(edges.contains(r#"{"from":"network_volume.data","to":"pod.worker[0]"}"#), "{edges}");
}

#[test]
fn a_plan_colours_resources_by_action() {
    let emulator = Emulator::start();
    let project = Project::new(&mounting());
    let dot = project.run(&emulator, "graph --plan").exits(0).stdout;
    assert!(dot.contains("+ pod.worker[0,1]\\ncreate") && dot.contains("color = \"#2da44e\""), "{dot}");
    let svg = project.run(&emulator, "graph --plan --format svg").exits(0).stdout;
    assert!(svg.contains("class=\"node good\"") && svg.contains("prefers-color-scheme"), "{svg}");
    let actions = project.run(&emulator, "graph --plan --json").exits(0).json()["actions"].clone();
    assert_eq!(actions["pod.alone"], "create");
    project.run(&emulator, "apply --auto-approve").exits(0);
    assert!(project.run(&emulator, "graph --plan").exits(0).stdout.contains("unchanged"));
}

/// Titles of boxes, in the order of the picture.
fn titles_of_svg(text: &str) -> Vec<String> {
    let start = text.find("<svg").expect("a picture");
    let end = text.rfind("</svg>").expect("its end");
    let svg = &text[start..end + "</svg>".len()];
    let document = roxmltree::Document::parse(svg).expect("a picture is XML");
    let titles = document.descendants().filter(|node| node.attribute("class") == Some("title"));
    titles.filter_map(|node| node.text()).map(str::to_owned).collect()
}

/// The titles in DOT or Mermaid, where the first line of a label is the title.
fn titles_of_labels(text: &str, before: &str, after: &str) -> Vec<String> {
    let labels = text.lines().filter_map(|line| line.split_once(before)?.1.split_once(after));
    labels.map(|(title, _)| title.to_owned()).collect()
}

#[test]
fn every_format_has_the_same_boxes_in_natural_order() {
    let emulator = Emulator::start();
    let pods = "pods:\n      worker10: {}\n      worker2: { replicas: 3 }\n      alone: { containerDiskGb: 60 }\n";
    let project = Project::new(&format!("{BARE}    {pods}"));
    // Removes the symbol of the action.
    let plain = |titles: Vec<String>| -> Vec<String> {
        titles.iter().map(|title| title[title.find("pod.").unwrap_or(0)..].to_owned()).collect()
    };
    let all_formats = |expected: &[&str]| {
        for flag in ["--plan ", ""] {
            let run = |format: &str| project.run(&emulator, &format!("graph {flag}--format {format}")).exits(0).stdout;
            assert_eq!(plain(titles_of_labels(&run("dot"), "[label = \"", "\\n")), expected, "{flag}dot");
            assert_eq!(plain(titles_of_labels(&run("mermaid"), "[\"", "<br/>")), expected, "{flag}mermaid");
            assert_eq!(plain(titles_of_svg(&run("svg"))), expected, "{flag}svg");
        }
        let page = project.run(&emulator, "plan --html").exits(0).stdout;
        assert_eq!(plain(titles_of_svg(&page)), expected, "html");
    };
    let folded = ["pod.alone", "pod.worker2[0..2]", "pod.worker10"];
    all_formats(&folded);
    // The replicas are in different data centers now, but still share a box.
    project.run(&emulator, "apply --auto-approve").exits(0);
    let regions: std::collections::BTreeSet<String> =
        emulator.pods().iter().map(|pod| pod["dataCenterId"].to_string()).collect();
    assert!(regions.len() > 1, "{regions:?}");
    all_formats(&folded);
    // The page lists the worst change first; the picture keeps its order.
    project.edit("replicas: 3", "replicas: 3, volumeSizeGb: 10");
    all_formats(&folded);
}

#[test]
fn a_long_name_keeps_its_start_and_its_number_in_a_picture() {
    let name = format!("train{}", "x".repeat(58));
    let project = Project::new(&format!("{BARE}    pods: {{ {name}: {{ replicas: 200 }} }}\n"));
    let svg = project.offline("graph --format svg").exits(0).stdout;
    let titles = titles_of_svg(&svg);
    assert!(titles[0].starts_with("pod.train") && titles[0].ends_with("x[0..199]"), "{titles:?}");
    assert!(svg.contains(&format!("pod.{name}[0..199]")), "the whole name is in its tip: {svg}");
    assert!(svg.contains(">Replicas of one name share one box.</text>"), "{svg}");
}

#[test]
fn pods_of_many_names_fold_by_the_volume_that_they_mount() {
    let volumes: String = (0..3).map(|n| format!("      d{n}: {{ sizeGb: 10, region: US-CA-2 }}\n")).collect();
    let pods: String = (0..90).map(|n| format!("      p{n}: {{ networkVolume: d{} }}\n", n % 3)).collect();
    let project = Project::new(&format!("{BARE}    networkVolumes:\n{volumes}    pods:\n{pods}"));
    let dot = project.offline("graph").exits(0).stdout;
    for (volume, pods) in [("d0", "30 pods"), ("d1", "30 pods #2"), ("d2", "30 pods #3")] {
        assert!(dot.contains(&format!("\"network_volume.{volume}\" -> \"{pods}\"")), "{dot}");
    }
}
