//! `preventDestroy`: recorded in the state, separately from the default protection of network volumes, and effective
//! against every flag.

use serde_json::json;

use crate::support::{Emulator, Project};

/// A volume with a pod on it. `LIFE` stands for the volume's lifecycle.
const CONFIG: &str = r#"version: "3.0"
name: team
deployment: { provider: runpod, image: "example/image:1" }
providers:
  runpod:
    networkVolumes:
      precious: { sizeGb: 100, region: US-CA-2, lifecycle: { preventDestroy: LIFE } }
      scratch: { sizeGb: 10, region: US-CA-2 }
    pods:
      a: { gpuType: NVIDIA RTX A4000, networkVolume: precious }
"#;

/// The same configuration without its volumes.
const REMOVED: &str = r#"version: "3.0"
name: team
deployment: { provider: runpod, image: "example/image:1" }
providers:
  runpod:
    pods:
      a: { gpuType: NVIDIA RTX A4000, volumeSizeGb: 0 }
"#;

const ALL: &str = "--include-volumes --auto-approve --allow-data-loss";

/// An applied project whose volume has `preventDestroy`.
fn applied() -> (Emulator, Project) {
    let (emulator, project) = (Emulator::start(), Project::new(&CONFIG.replace("LIFE", "true")));
    project.run(&emulator, "apply --auto-approve").exits(0);
    (emulator, project)
}

fn volumes(emulator: &Emulator) -> Vec<String> {
    let mut names: Vec<String> =
        emulator.volumes().iter().map(|volume| volume["name"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

#[test]
fn prevent_destroy_blocks_every_way_to_destroy_a_volume() {
    let (emulator, project) = applied();
    let writes = emulator.writes();
    let destroy = format!("destroy {ALL}");
    let by_name = format!("destroy network_volume.precious {ALL}");
    let without_volumes = "destroy network_volume.precious --auto-approve --allow-data-loss";
    for command in [&destroy, &by_name, without_volumes, "plan --destroy --include-volumes"] {
        let said = project.run(&emulator, command).exits(3).warns("prevent_destroy");
        said.warns("`network_volume.precious` has `preventDestroy`").warns("`lifecycle.preventDestroy: false`");
    }
    let said = project.run(&emulator, "plan --destroy --target network_volume.precious --include-volumes");
    said.exits(3).warns("prevent_destroy");
    project.run(&emulator, "plan --destroy --include-volumes --out saved.json").exits(3);
    project.run(&emulator, "apply saved.json").exits(3).warns("prevent_destroy");
    let replace = format!("apply --replace network_volume.precious {ALL}");
    project.run(&emulator, &replace).exits(3).warns("prevent_destroy");
    assert_eq!(emulator.writes(), writes);

    // The block was removed, but the state still has the setting.
    project.write("sindri.yaml", REMOVED);
    for command in [format!("apply {ALL}"), destroy, by_name, "plan --include-volumes".to_owned()] {
        let said = project.run(&emulator, &command).exits(3).warns("prevent_destroy");
        said.warns("restore its block without `preventDestroy`").warns("sindri state rm network_volume.precious");
    }
    assert_eq!(emulator.writes(), writes);
    // Without the flag, a plan says that it is kept, and suggests no flag that would be refused.
    let said = project.run(&emulator, "plan --json").exits(0).json();
    let notes = said["sindri"]["notes"].to_string();
    assert!(notes.contains("has `preventDestroy` and is kept") && notes.contains("restore its block"), "{notes}");
}

#[test]
fn the_flag_lifts_the_default_protection_of_volumes() {
    let (emulator, project) = (Emulator::start(), Project::new(&CONFIG.replace("LIFE", "false")));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let said = project.run(&emulator, "destroy network_volume.scratch --auto-approve").exits(3);
    said.warns("sindri::cli::protected").warns("`--include-volumes`");
    project.run(&emulator, &format!("destroy network_volume.scratch {ALL}")).exits(0);
    assert_eq!(volumes(&emulator), ["team-precious"]);
    project.run(&emulator, &format!("destroy {ALL}")).exits(0);
    assert_eq!(volumes(&emulator), [""; 0]);
}

#[test]
fn a_changed_prevent_destroy_is_recorded_without_a_request_and_takes_effect() {
    let (emulator, project) = (Emulator::start(), Project::new(&CONFIG.replace("LIFE", "false")));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let record = |project: &Project| project.state()["resources"]["network_volume.precious"].clone();
    assert_eq!((record(&project).get("prevent_destroy"), record(&project).get("protected")), (None, None));
    let writes = emulator.writes();

    project.edit("preventDestroy: false", "preventDestroy: true");
    // The setting takes effect as soon as it is written.
    project.run(&emulator, &format!("destroy {ALL}")).exits(3).warns("prevent_destroy");
    project.run(&emulator, "plan --detailed-exitcode").exits(0).tells("records `preventDestroy`");
    project.run(&emulator, "apply --auto-approve").exits(0);
    assert_eq!(record(&project)["prevent_destroy"], json!(true));
    let plan = project.run(&emulator, "plan --json").exits(0).json();
    assert_eq!(plan["sindri"]["notes"].as_array().map(Vec::len).unwrap_or_default(), 0, "{}", plan["sindri"]["notes"]);

    // A written change is not applied yet, so destroy asks the user to apply it first.
    project.edit("preventDestroy: true", "preventDestroy: false");
    project.run(&emulator, &format!("destroy {ALL}")).exits(3).warns("apply that first");
    project.run(&emulator, "apply --auto-approve").exits(0);
    assert_eq!(record(&project).get("prevent_destroy"), None);
    assert_eq!(emulator.writes(), writes);
    project.run(&emulator, &format!("destroy {ALL}")).exits(0);
    assert_eq!(volumes(&emulator), [""; 0]);
}

#[test]
fn prevent_destroy_survives_moved_entries_state_mv_and_a_removed_block() {
    let (emulator, project) = applied();
    project.run(&emulator, "state mv network_volume.precious network_volume.kept").exits(0);
    let record = project.state()["resources"]["network_volume.kept"].clone();
    assert_eq!(record["prevent_destroy"], json!(true));
    project.run(&emulator, &format!("destroy network_volume.kept {ALL}")).exits(3).warns("prevent_destroy");

    let pod = CONFIG
        .replace("LIFE", "false")
        .replace("Volume: precious }", "Volume: precious, lifecycle: { preventDestroy: true } }");
    let (emulator, project) = (Emulator::start(), Project::new(&pod));
    project.run(&emulator, "apply --auto-approve").exits(0);
    project.edit("      a:", "      b:");
    let moved = format!("{}moved:\n  - {{ from: pod.a, to: pod.b }}\n", project.read("sindri.yaml"));
    project.write("sindri.yaml", &moved.replace(", lifecycle: { preventDestroy: true } }", " }"));
    project.run(&emulator, &format!("destroy {ALL}")).exits(3).warns("`pod.b` has `preventDestroy`");
    assert_eq!(emulator.pods().len(), 1);
}

#[test]
fn a_state_of_format_version_1_is_read_and_converted_by_the_next_change() {
    let (emulator, project) = applied();
    let old = |project: &Project| {
        let mut state = project.state();
        state["format_version"] = json!(1);
        let resources = state["resources"].as_object_mut().expect("records");
        for (address, record) in resources {
            let record = record.as_object_mut().expect("a record");
            record.remove("prevent_destroy");
            if address.starts_with("network_volume") || address == "pod.a" {
                record.insert("protected".into(), json!(true));
            }
        }
        project.write("state/default.json", &format!("{state:#}\n"));
    };
    old(&project);
    project.forget_when_it_created();
    project.write("sindri.yaml", REMOVED);
    // The message names only the kind for a volume, but `preventDestroy` for a pod.
    let said = project.run(&emulator, &format!("destroy {ALL}")).exits(3);
    said.warns("`pod.a` has `preventDestroy`");
    let only = project.run(&emulator, "plan --destroy --include-volumes").exits(3);
    assert!(!only.stderr.contains("`network_volume.precious` has"), "{}", only.stderr);

    project.write("sindri.yaml", &CONFIG.replace("LIFE", "true"));
    let writes = emulator.writes();
    project.run(&emulator, "apply --auto-approve").exits(0);
    let state = project.state();
    assert_eq!(state["format_version"], json!(3));
    assert_eq!(state["resources"]["network_volume.precious"]["prevent_destroy"], json!(true));
    assert_eq!(state["resources"]["pod.a"].get("prevent_destroy"), None);
    assert!(!state.to_string().contains("protected"), "{state:#}");
    assert_eq!(emulator.writes(), writes);
}
