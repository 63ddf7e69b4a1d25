//! A first configuration from flags, and suggestions for mistyped commands.

use crate::cli::interrupt::through_shell;
use crate::support::{Project, Said, sindri};

/// A folder without a configuration.
fn empty() -> Project {
    let project = Project::new("");
    std::fs::remove_file(project.path("sindri.yaml")).unwrap();
    project
}

fn init(project: &Project, flags: &[&str]) -> Said {
    Said::of(sindri(&project.path("")).arg("init").args(flags))
}

#[test]
fn flags_give_a_valid_file_that_editors_can_complete() {
    for (flags, written) in [
        (
            &["--name", "trainer", "--gpu", "RTX 4090", "--region", "EU-RO-1"][..],
            &["name: trainer\n", "gpuType: \"RTX 4090\"\n", "region: EU-RO-1\n"][..],
        ),
        (
            &["--gpu", "NVIDIA L4,NVIDIA A40", "--region", "US"],
            &["gpuType: [\"NVIDIA L4\", \"NVIDIA A40\"]\n", "region: US\n"],
        ),
        (&["--image", "ghcr.io/owner/name:1.2.3"], &["image: \"ghcr.io/owner/name:1.2.3\"\n", "name: my-gpu-env\n"]),
        // A word that YAML reads as a boolean.
        (&["--name", "on"], &["name: \"on\"\n"]),
    ] {
        let project = empty();
        init(&project, flags).exits(0).tells("sindri.schema.json");
        let text = project.read("sindri.yaml");
        for line in written {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(text.starts_with("# yaml-language-server: $schema=sindri.schema.json\n"), "{text}");
        project.offline("validate").exits(0).tells("1 pod");
        let schema: serde_json::Value = serde_json::from_str(&project.read("sindri.schema.json")).unwrap();
        let file: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert!(jsonschema::draft7::is_valid(&schema, &file), "{text}");
    }
}

#[test]
fn flags_are_checked_before_anything_is_written() {
    for (flags, phrases) in [
        (&["--gpu", "RTX 4099"][..], &["`--gpu`", "RTX 4099"][..]),
        (&["--region", "EU-RO-11"], &["`--region`", "did you mean `EU-RO-1`?"]),
        (&["--name", "My Env"], &["`--name`", "did you mean `my-env`?"]),
        (&["--image", "a b", "--region", "us-east-1"], &["`--image`", "`--region`", "`US`"]),
        (&["--image", "x:${TAG}"], &["`--image`"]),
        (&["--name", "a\nname: b"], &["`--name`"]),
        (&["--gpu", ""], &["`--gpu`"]),
    ] {
        let project = empty();
        let said = init(&project, flags).exits(64);
        for phrase in phrases {
            assert!(said.stderr.contains(phrase), "{phrase} in\n{}", said.stderr);
        }
        assert!(!project.path("sindri.yaml").exists() && !project.path("sindri.schema.json").exists(), "{flags:?}");
    }
}

#[test]
fn an_existing_schema_is_kept_and_the_configuration_is_still_written() {
    let project = empty();
    std::fs::write(project.path("sindri.schema.json"), "{}").unwrap();
    init(&project, &[]).exits(0).warns("sindri schema config");
    assert_eq!(project.read("sindri.schema.json"), "{}");
    project.offline("validate").exits(0);
}

/// The system kills the process at its first write.
#[test]
fn an_interrupted_init_leaves_no_part_of_a_configuration() {
    let project = empty();
    let mut command = sindri(&project.path(""));
    command.arg("init");
    let said = Said::of(&mut through_shell(&command, r#"ulimit -f 0; exec "$@""#));
    assert_ne!(said.code, Some(0), "{said:?}");
    assert!(!project.path("sindri.yaml").exists());
    init(&project, &[]).exits(0);
}

/// Nothing is written through a link with either name, wherever it leads.
#[test]
fn init_never_writes_through_a_link() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().unwrap();
    for target in ["none", "there"] {
        std::fs::write(elsewhere.path().join("there"), "precious").unwrap();
        let project = empty();
        symlink(elsewhere.path().join(target), project.path("sindri.schema.json")).unwrap();
        init(&project, &[]).exits(0).warns("`sindri.schema.json` already exists").warns("sindri schema config");
        project.offline("validate").exits(0);
        let project = empty();
        symlink(elsewhere.path().join(target), project.path("sindri.yaml")).unwrap();
        init(&project, &[]).exits(3).warns("`sindri.yaml` already exists");
        assert!(!project.path("sindri.schema.json").exists());
        assert_eq!(std::fs::read_to_string(elsewhere.path().join("there")).unwrap(), "precious");
        assert!(!elsewhere.path().join("none").exists());
    }
}

#[test]
fn a_mistyped_command_gets_a_suggestion_but_never_destroy() {
    let project = Project::new("");
    project.offline("restart").exits(64).warns("'stop', 'start'");
    project.offline("aply").exits(64).warns("'apply'");
    for word in ["restart", "restore", "describe", "history"] {
        let said = project.offline(word).exits(64);
        assert!(!said.stderr.contains("'destroy'"), "{}", said.stderr);
    }
    project.offline("state lst").exits(64).warns("'list'");
}

#[test]
fn a_missing_key_suggests_the_sandbox() {
    let project = empty();
    init(&project, &[]).exits(0);
    Said::of(sindri(&project.path("")).arg("plan")).exits(1).warns("--sandbox");
}
