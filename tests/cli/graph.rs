//! `sindri graph`: one direction and one folding in every format, and planned actions.

use crate::support::{BARE, Emulator, Project};

/// Two replicas that mount a volume, and a pod without one.
fn mounting() -> String {
    let pods = "networkVolumes: { data: { sizeGb: 10, region: US-CA-2 } }\n    pods:\n      \
                worker: { replicas: 2, networkVolume: data, ports: [8888/http] }\n      alone: { ports: [22/tcp] }\n";
    format!("{BARE}    {pods}")
}

#[test]
fn arrows_lead_to_what_needs_and_replicas_and_ports_are_folded() {
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
fn a_plan_colours_what_apply_would_do() {
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
