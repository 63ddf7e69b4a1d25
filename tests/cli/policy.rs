//! Plans contain everything that terraform-compliance 1.16 and checkov 3.3 need. Both were run manually on these plans;
//! docs/ci.md has the commands.

use serde_json::{Value, json};

use crate::support::{Emulator, PAIR, Project};

/// Every member that the two tools read before they look at any resource.
fn is_readable(plan: &Value) {
    let version = plan["terraform_version"].as_str().expect("a version");
    assert!(version.starts_with("1.9."), "terraform-compliance knows 0.12 to 1.16, not {version}");
    assert_eq!(plan["format_version"], "1.2");
    // A member `values` would make it a state instead of a plan.
    assert_eq!(plan.get("values"), None);
    assert!(plan["planned_values"]["root_module"]["resources"].is_array(), "{plan:#}");
    assert!(plan["configuration"]["root_module"]["resources"].is_array(), "{plan:#}");
    for resource in plan["planned_values"]["root_module"]["resources"].as_array().unwrap() {
        for member in ["address", "mode", "type", "name", "values"] {
            assert!(!resource[member].is_null(), "{member}: {resource:#}");
        }
    }
}

fn planned(plan: &Value) -> Vec<&str> {
    let resources = plan["planned_values"]["root_module"]["resources"].as_array().expect("resources");
    resources.iter().map(|resource| resource["address"].as_str().expect("an address")).collect()
}

#[test]
fn a_plan_for_a_program_is_one_line() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    let said = project.run(&emulator, "plan --json").exits(0);
    assert_eq!(said.stdout.lines().count(), 1, "terraform-compliance reads the second line of a longer file");
    is_readable(&said.json());
    project.run(&emulator, "plan --out plan.json").exits(0);
    let shown = project.run(&emulator, "show plan.json --json").exits(0);
    assert_eq!(shown.stdout.lines().count(), 1);
    is_readable(&shown.json());
}

#[test]
fn policy_tools_find_the_planned_resources() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    let fresh = project.run(&emulator, "plan --json").exits(0).json();
    let all = ["network_volume.data", "pod.notebook", "pod.trainer"];
    assert_eq!(planned(&fresh).into_iter().filter(|address| !address.starts_with("port.")).collect::<Vec<_>>(), all);
    project.run(&emulator, "apply --auto-approve").exits(0);
    for words in ["plan --json", "plan --json --replace pod.notebook"] {
        let plan = project.run(&emulator, words).exits(0).json();
        is_readable(&plan);
        assert_eq!(planned(&plan), planned(&fresh), "{words}");
    }
    let destroy = project.run(&emulator, "plan --destroy --json").exits(0).json();
    is_readable(&destroy);
    assert_eq!(planned(&destroy), Vec::<&str>::new());
}

#[test]
fn replicas_are_one_declared_resource_without_secret_values() {
    let project = Project::new(
        &PAIR
            .replace("providers:", "secrets:\n  - { name: TOKEN, source: env, required: true }\nproviders:")
            .replace("networkVolume: data", "networkVolume: data\n        replicas: 2"),
    );
    let emulator = Emulator::start();
    let said =
        crate::support::Said::of(project.command(&emulator, "plan --json").env("TOKEN", "canary-value")).exits(0);
    assert!(!said.stdout.contains("canary-value"));
    let plan = said.json();
    let declared = plan["configuration"]["root_module"]["resources"].as_array().expect("resources");
    let trainer = declared.iter().find(|resource| resource["address"] == "pod.trainer").expect("one trainer");
    assert_eq!(trainer["count_expression"], json!({ "constant_value": 2 }));
    let expressions = &trainer["expressions"];
    assert_eq!(expressions["image"], json!({ "constant_value": "example/image:1" }));
    assert_eq!(expressions["env"], json!({}), "a secret has no constant");
    // terraform-compliance fails on a reference whose attribute has the name of its target's type.
    assert_eq!(expressions["network_volume"], json!({}));
    let resources = plan["planned_values"]["root_module"]["resources"].as_array().unwrap();
    let first = resources.iter().find(|resource| resource["address"] == "pod.trainer[0]").expect("the first replica");
    assert_eq!((&first["index"], &first["sensitive_values"]["env"]), (&json!(0), &json!({ "TOKEN": true })));
}
