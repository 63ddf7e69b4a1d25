//! Diagnostics in GitHub Actions: annotations at the right places, and no other workflow commands.

use crate::support::{BARE, Emulator, PAIR, Project, Said, sindri};

/// A configuration in a subfolder of a checkout.
fn checkout(config: &str) -> Project {
    let project = Project::new(config);
    project.write("infra/sindri.yaml", config);
    project
}

fn in_workflow(project: &Project, words: &str) -> Said {
    let mut command = sindri(&project.path(""));
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", project.path(""));
    Said::of(command.args(words.split_whitespace()))
}

/// Lines on either stream that the runner treats as commands.
fn commands(said: &Said) -> Vec<&str> {
    let lines = said.stderr.split(['\n', '\r']).chain(said.stdout.split(['\n', '\r']));
    lines.filter(|line| line.trim_start().starts_with("::") || line.contains("##[")).collect()
}

#[test]
fn every_problem_of_a_file_is_annotated_at_its_position() {
    let project = checkout(&format!("{BARE}    gpuTyp: L4\n    gpuCount: 17\n    region: US-CA-3\n"));
    let said = in_workflow(&project, "-C infra validate").exits(1).warns("did you mean `gpuType`?");
    let commands = commands(&said);
    for (command, start) in commands.iter().zip([
        "::error file=infra/sindri.yaml,line=10,col=5,title=sindri%3A%3Aconfig%3A%3Aunknown_key::",
        "::error file=infra/sindri.yaml,line=11,col=15,title=sindri%3A%3Aconfig%3A%3Aout_of_range::",
        "::error file=infra/sindri.yaml,line=12,col=13,title=sindri%3A%3Aconfig%3A%3Aunknown_region::",
    ]) {
        assert!(command.starts_with(start), "{command}");
    }
    assert_eq!(commands.len(), 3, "{commands:?}");
    assert!(
        commands[0].contains("`gpuTyp`") && commands[0].contains("%0Ahelp: did you mean `gpuType`?"),
        "{commands:?}"
    );
    // The drawn diagnostics come first, without annotations between them.
    assert!(said.stderr.find("::error").unwrap() > said.stderr.rfind("sindri.yaml:12:13").unwrap(), "{}", said.stderr);
}

#[test]
fn a_failure_without_a_position_and_a_warning_are_annotated_too() {
    let project = checkout(BARE);
    let said = in_workflow(&project, "-C infra apply --sandbox").exits(3);
    assert!(commands(&said)[0].starts_with("::error title=sindri%3A%3Acli%3A%3Ano_terminal::"), "{}", said.stderr);
    project.write("infra/sindri.yaml", &format!("{BARE}secrets:\n  - {{ name: MAYBE, source: env }}\n"));
    let said = in_workflow(&project, "-C infra validate").exits(0);
    let commands = commands(&said);
    assert!(commands[0].starts_with("::notice file=infra/sindri.yaml,line=11,col="), "{commands:?}");
    assert_eq!(commands.len(), 1, "{commands:?}");
}

#[test]
fn refusals_of_a_plan_are_annotated_at_the_declaration() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    // A network volume never shrinks.
    project.edit("sizeGb: 100", "sizeGb: 90");
    let said = Said::of(project.command(&emulator, "plan").env("GITHUB_ACTIONS", "true")).exits(1);
    let commands = commands(&said);
    assert_eq!(commands.len(), 1, "{commands:?}");
    let start = "::error file=sindri.yaml,line=9,col=";
    assert!(
        commands[0].starts_with(start) && commands[0].contains("title=sindri%3A%3Acli%3A%3Aimpossible_change::"),
        "{commands:?}"
    );
    assert!(commands[0].contains("never shrink"), "{commands:?}");
}

#[test]
fn there_are_no_annotations_outside_of_actions_or_with_json() {
    let project = checkout(&format!("{BARE}    gpuTyp: L4\n"));
    assert_eq!(commands(&project.offline("validate").exits(1)), Vec::<&str>::new());
    let said = in_workflow(&project, "validate --json").exits(1);
    assert_eq!(commands(&said), Vec::<&str>::new());
    assert_eq!(serde_json::from_str::<serde_json::Value>(&said.stderr).expect("one object")["code"], "sindri::config");
    assert_eq!(commands(&in_workflow(&project, "--quiet validate").exits(1)).len(), 1);
}

#[test]
fn no_text_of_a_configuration_becomes_a_command() {
    let evil = "\\n::set-env name=PATH::evil\\n  ::add-mask::a\\r::stop-commands::x\\n##[error]boo";
    for line in [
        format!("    gpuTyp: \"{evil}\""),
        format!("    gpuType: \"{evil}\""),
        format!("    region: \"{evil}\""),
        format!("    \"{evil}\": 1"),
        format!("    ports: [\"{evil}\"]"),
        "    gpuTyp: 1\n::error::at the beginning of a line".to_owned(),
        "    gpuTyp: |\n      ::error::of a block\n      ##[error]of a block".to_owned(),
    ] {
        let config = BARE.replace("    gpuType: NVIDIA RTX A4000\n", "") + &line + "\n";
        let said = in_workflow(&checkout(&config), "validate").exits(1);
        let ours =
            |line: &&str| line.starts_with("::error file=sindri.yaml,line=") || line.starts_with("::error title=");
        let commands = commands(&said);
        assert!(!commands.is_empty() && commands.iter().all(ours), "{line}: {commands:#?}\n{}", said.stderr);
    }
}

#[test]
fn no_text_of_a_plan_becomes_a_command() {
    let emulator = Emulator::start();
    let script = |end: &str| {
        format!(
            "{BARE}    env:\n      SCRIPT: |\n        one\n        ::set-env name=A::b\n        ##[error]x\n        {end}\n"
        )
    };
    let project = Project::new(&script("old"));
    project.run(&emulator, "apply --auto-approve").exits(0);
    project.write("sindri.yaml", &script("new"));
    for format in ["", "--markdown", "--html", "--json"] {
        let mut command = project.command(&emulator, &format!("plan {format}"));
        let said = Said::of(command.env("GITHUB_ACTIONS", "true")).exits(0).tells("set-env name=A::b");
        assert_eq!(commands(&said), Vec::<&str>::new(), "{format}: {}", said.stdout);
    }
}
