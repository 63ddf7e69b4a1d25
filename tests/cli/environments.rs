//! Two environments of one configuration, side by side.

use serde_json::json;

use crate::support::{PAIR, Project, Said, sindri};

/// `staging` uses the base file; `prod` differs.
fn project() -> Project {
    let project = Project::new(PAIR);
    project.write("sindri.staging.yaml", "x-nothing: else\n");
    project.write(
        "sindri.prod.yaml",
        r#"
budget: { maxPods: 9 }
secrets: [ { name: HF_TOKEN, source: env, required: true } ]
providers:
  runpod:
    networkVolumes:
      data: { sizeGb: 300 }
      more: { sizeGb: 10, region: US-KS-2 }
    pods:
      trainer: { replicas: 3, env: { LEVEL: "${LEVEL}", MODE: "${MODE:-fast}" }, ports: ["22/tcp"] }
"#,
    );
    project
}

#[test]
fn only_differences_are_shown_by_field() {
    let project = project();
    let said = project.offline("diff staging prod").exits(2).warns("`LEVEL` not set");
    let shown: Vec<String> =
        said.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "staging | prod",
        "budget.maxPods (none) | 9",
        "size_gb 100 | 300",
        "env.HF_TOKEN (none) | (sensitive)",
        "env.LEVEL (none) | \"${LEVEL}\"",
        "env.MODE (none) | \"fast\"",
        "ports [\"22/tcp\", \"8888/http\"] | [\"22/tcp\"]",
        "replicas (none) | 3",
        "Only in prod",
        "network_volume.more 10 GB, US-KS-2, STANDARD",
        "Resources: 3 differ, 1 only in prod",
    ] {
        assert!(shown.iter().any(|other| other == line), "no `{line}` in\n{}", said.stdout);
    }
    // Names at RunPod follow the environment, which is not a difference.
    assert!(!said.stdout.contains("name"), "{}", said.stdout);
    let flags = project.offline("diff -e staging -e prod").exits(2);
    assert_eq!(flags.stdout, said.stdout);
    let other = project.offline("diff prod staging").exits(2).tells("Only in prod");
    assert!(other.stdout.contains("3 ") && other.stdout.starts_with("prod | staging"), "{}", other.stdout);
}

#[test]
fn without_differences_there_is_one_line_and_exit_code_zero() {
    let project = project();
    project.write("sindri.prod.yaml", "x-nothing: either\n");
    let said = project.offline("diff staging prod").exits(0);
    assert_eq!(said.stdout, "staging and prod declare the same: 3 resources are identical.\n");
    let json = project.offline("diff staging prod --json").exits(0).json();
    assert_eq!((&json["same"], &json["alike"], &json["differing"]), (&json!(true), &json!(3), &json!([])));
}

#[test]
fn tools_get_values_and_secrets_only_by_name() {
    let project = project();
    let mut command = sindri(&project.path(""));
    command.args(["diff", "staging", "prod", "--json"]).env("HF_TOKEN", "hf_canary").env("LEVEL", "info");
    let said = Said::of(&mut command).exits(2);
    assert!(!said.stdout.contains("canary") && !said.stderr.contains("canary"), "{said:?}");
    let json = said.json();
    assert_eq!(
        (&json["format_version"], &json["left"], &json["same"]),
        (&json!("1.0"), &json!("staging"), &json!(false))
    );
    let trainer = json["differing"].as_array().unwrap().iter().find(|block| block["address"] == "pod.trainer").unwrap();
    let field = |path: &str| trainer["fields"].as_array().unwrap().iter().find(|field| field["path"] == path).unwrap();
    assert_eq!((&field("env.LEVEL")["left"], &field("env.LEVEL")["right"]), (&json!(null), &json!("info")));
    assert_eq!(field("env.HF_TOKEN")["right_sensitive"], true);
    assert_eq!(json["only_right"], json!(["network_volume.more"]));
}

#[test]
fn only_diff_accepts_two_environments_and_it_needs_two() {
    let project = project();
    for words in ["diff", "diff staging", "diff -e prod", "diff staging prod third", "diff -e a -e b -e c"] {
        project.offline(words).exits(64);
    }
    for command in ["plan", "apply --auto-approve", "status", "validate"] {
        let said = project.offline(&format!("{command} -e staging -e prod")).exits(64);
        said.warns("takes one environment, not `staging` and `prod`").warns("sindri diff");
    }
    for words in ["-e prod plan -e staging", "--env=prod apply -y -estaging", "-e prod diff -e staging"] {
        project.offline(words).exits(64).warns("2 times");
    }
    project.offline("-e prod validate").exits(1).warns("LEVEL");
    project.offline("diff staging nope").exits(1).warns("nope");
    // Errors in a file are reported as usual.
    project.write("sindri.prod.yaml", "budget: { maxPods: \"${MANY}\" }\n");
    project.offline("diff staging prod").exits(1).warns("MANY");
}
