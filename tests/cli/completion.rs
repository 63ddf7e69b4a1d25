//! Completion in shells, tested through the scripts and through their requests.

use std::process::Command;

use crate::support::{BARE, Emulator, Project, Said, fleet, sindri};

/// The candidates for a line that ends at the cursor, without descriptions.
fn asked(project: &Project, shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = sindri(&project.path(""));
    command.env("SINDRI_COMPLETE", shell).arg("--").arg("sindri").args(words);
    let said = Said::of(&mut command).exits(0);
    assert_eq!(said.stderr, "");
    said.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// The content of bash's `COMPREPLY`.
fn bash(project: &Project, line: &str) -> Vec<String> {
    let script = project.offline("completions bash").exits(0).stdout;
    let driver = format!(
        "{script}\nCOMP_WORDBREAKS=$' \\t\\n\"\\'@><=;|&(:'\nCOMP_LINE={}\nCOMP_POINT=${{#COMP_LINE}}\n_sindri {}\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        shlex::try_quote(line).unwrap(),
        env!("CARGO_BIN_EXE_sindri"),
    );
    let mut command = Command::new("bash");
    command.args(["--norc", "-c", &driver]).current_dir(project.path("")).env_remove("RUNPOD_API_KEY");
    let said = Said::of(&mut command).exits(0);
    assert_eq!(said.stderr, "", "{line}");
    said.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn addresses_of_the_state_and_of_the_file_are_completed_without_a_request() {
    let emulator = Emulator::start();
    let project = Project::new(&fleet(3));
    let undeclared = asked(&project, "zsh", &["destroy", ""]);
    assert!(undeclared.iter().all(|candidate| candidate.starts_with('-')), "{undeclared:?}");
    assert!(asked(&project, "zsh", &["plan", "--target", "pod."]).contains(&"pod.worker[2]".to_owned()));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let requests = emulator.requests().len();
    for (words, expected) in [
        (vec!["destroy", "pod."], vec!["pod.worker[0]", "pod.worker[1]", "pod.worker[2]"]),
        (vec!["destroy", "pod.worker[0]", "pod.worker[1"], vec!["pod.worker[1]"]),
        (vec!["plan", "--target=pod.worker[2"], vec!["--target=pod.worker[2]"]),
        (vec!["plan", "--target", "pod.w"], vec!["pod.worker", "pod.worker[0]", "pod.worker[1]", "pod.worker[2]"]),
        (vec!["destroy", "w"], vec!["worker[0]", "worker[1]", "worker[2]"]),
        (vec!["plan", "--target", "worker[1"], vec!["worker[1]"]),
        (vec!["stop", "w"], vec!["worker[0]", "worker[1]", "worker[2]"]),
        (vec!["stop", "pod.worker[0"], vec!["pod.worker[0]"]),
        (vec!["connect", "worker[2"], vec!["worker[2]"]),
        (vec!["state", "show", "pod.worker[1"], vec!["pod.worker[1]"]),
    ] {
        assert_eq!(asked(&project, "zsh", &words), expected, "{words:?}");
    }
    assert_eq!(emulator.requests().len(), requests);
}

#[test]
fn environments_are_completed_and_select_the_state() {
    let project = Project::new(BARE);
    project.write("sindri.prod.yaml", "providers: { runpod: { gpuCount: 2 } }\n");
    project.write("sindri.staging.yaml", "providers: { runpod: { gpuCount: 1 } }\n");
    assert_eq!(asked(&project, "fish", &["plan", "-e", ""]), ["prod", "staging"]);
    assert_eq!(asked(&project, "fish", &["-e", "p"]), ["prod"]);
    assert_eq!(asked(&project, "fish", &["plan", "--env=s"]), ["--env=staging"]);
    assert_eq!(asked(&project, "fish", &["diff", "prod", "s"]), ["staging"]);
    assert_eq!(asked(&project, "fish", &["-e", "prod", "plan", "--target", "pod."]), ["pod.bare"]);
}

#[test]
fn no_hidden_flag_and_no_error_reaches_the_line() {
    let project = Project::new(BARE);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = project.offline(&format!("completions {shell}")).exits(0).stdout;
        assert!(script.contains("SINDRI_COMPLETE") && !script.contains("list-lag"), "{shell}");
        assert!(asked(&project, shell, &["plan", "--list"]).is_empty(), "{shell}");
    }
    assert!(asked(&project, "zsh", &["plan", "--"]).contains(&"--detailed-exitcode".to_owned()));
    assert!(asked(&project, "zsh", &["val"]).contains(&"validate".to_owned()));
    project.write("sindri.yaml", "name: [");
    project.write("state/default.json", "{ broken");
    for words in [
        &["destroy", "x"][..],
        &["-e", "zzz", "destroy", "x"],
        &["nonsense", "--target", "x"],
        &[],
        &["-C", "/nowhere", "stop", "x"],
    ] {
        assert!(asked(&project, "zsh", words).is_empty(), "{words:?}");
    }
}

#[test]
fn bash_keeps_the_part_that_readline_has_already_taken() {
    let emulator = Emulator::start();
    let project = Project::new(&BARE.replace("gpuType:", "ports: [8888/http, 22/tcp]\n    gpuType:"));
    project.run(&emulator, "apply --auto-approve").exits(0);
    assert_eq!(bash(&project, "sindri val"), ["validate"]);
    assert_eq!(bash(&project, "sindri state show port.bare:8"), ["8888/http"]);
    assert_eq!(bash(&project, "sindri state show port."), ["port.bare:22/tcp", "port.bare:8888/http"]);
    assert_eq!(bash(&project, "sindri plan --target=pod.b"), ["pod.bare"]);
    assert_eq!(bash(&project, "sindri stop b"), ["bare"]);
    assert_eq!(bash(&project, "sindri stop \"pod.b"), ["pod.bare"]);
}
