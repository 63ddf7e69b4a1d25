//! Output that cannot be written: the command still finishes, and its exit code reports the loss.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::interrupt::{alive, recorded, slow_answers, spawn, through_shell};
use crate::support::{Emulator, Project, Said, fault, fleet, signal, sindri, until};

/// Ways to lose one stream or both. The reader of the last one exits at once.
const LOST: [&str; 7] = [
    r#""$@" >&-"#,
    r#""$@" 2>&-"#,
    r#""$@" >&- 2>&-"#,
    r#""$@" >/dev/full"#,
    r#""$@" 2>/dev/full"#,
    r#""$@" >/dev/full 2>&1"#,
    r#"mkfifo gone; sleep 5 <gone & exec 7>gone; kill $!; wait $!; "$@" >&7 2>&1; code=$?; rm gone; exit $code"#,
];

/// Those that affect only standard error.
const ONLY_ERRORS: [&str; 2] = [r#""$@" 2>&-"#, r#""$@" 2>/dev/full"#];

fn lost(command: &Command, script: &str) -> Said {
    Said::of(&mut through_shell(command, script))
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").expect("a full device").into()
}

#[test]
fn a_changing_command_finishes_even_if_its_output_is_lost() {
    // The tests mostly wait for pods, so each way has its own emulator, and they run concurrently.
    std::thread::scope(|scope| {
        for script in LOST {
            scope.spawn(move || finishes(script));
        }
    });
}

fn finishes(script: &str) {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(2)));
    for words in ["apply --auto-approve", "stop --all", "start --all", "refresh"] {
        let said = lost(&project.command(&emulator, words), script);
        // A refresh prints nothing on stderr that could be lost.
        let code = if words == "refresh" && ONLY_ERRORS.contains(&script) { 0 } else { 1 };
        assert_eq!(said.code, Some(code), "`{words}` through `{script}`:\n{}\n{}", said.stdout, said.stderr);
        assert_eq!(recorded(&project).len(), 2, "`{words}` through `{script}`");
        assert_eq!(recorded(&project), alive(&emulator), "`{words}` through `{script}`");
        let journal = project.read("state/default.journal");
        assert!(!journal.contains("intent"), "`{words}` through `{script}`:\n{journal}");
    }
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    project.forget_when_it_created();
    let said = lost(&project.command(&emulator, "destroy --auto-approve"), script);
    assert_eq!(said.code, Some(1), "`destroy` through `{script}`:\n{}\n{}", said.stdout, said.stderr);
    assert_eq!((emulator.pods(), recorded(&project).len()), (vec![], 0));
}

#[test]
fn an_apply_finishes_after_its_reader_exits() {
    let (emulator, project) = (Emulator::with_faults(slow_answers(0.5, 1.0)), Project::new(&fleet(6)));
    let mut child = spawn(&project, &emulator, "apply --auto-approve --parallelism 2");
    let (mut line, mut stderr) = (String::new(), BufReader::new(child.stderr.take().unwrap()));
    stderr.read_line(&mut line).unwrap();
    drop(stderr);
    let said = Said::from(child.wait_with_output().unwrap()).exits(1).tells("Apply complete: 6 created");
    assert_eq!((recorded(&project).len(), recorded(&project)), (6, alive(&emulator)), "{}", said.stdout);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_failure_of_the_command_itself_takes_precedence() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(1)));
    let refused = json!({ "status": { "code": 422 } });
    emulator.faults(json!([fault(json!({ "operation": "createPod" }), refused)]));
    let codes = |words: &str| {
        let clean = project.run(&emulator, words).code;
        let mut command = project.command(&emulator, words);
        (clean, command.stdout(full()).stderr(full()).status().expect("it runs").code())
    };
    for (words, code) in [("apply", 3), ("nonsense", 64), ("state show pod.none", 1)] {
        assert_eq!(codes(words), (Some(code), Some(code)), "{words}");
    }
    let (clean, lost) = codes("apply --auto-approve");
    assert_ne!(clean, Some(0));
    assert_eq!(clean, lost);
}

const READING: [&str; 14] = [
    "plan",
    "plan --json",
    "plan --markdown",
    "plan --html",
    "plan --detailed-exitcode --replace pod.worker[0]",
    "drift --json",
    "status",
    "output --json",
    "state list",
    "validate",
    "graph",
    "schema plan",
    "completions bash",
    "--help",
];

#[test]
fn a_result_on_a_full_disk_is_an_error_that_says_so() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(1)));
    project.run(&emulator, "apply --auto-approve").exits(0);
    for words in READING.into_iter().chain(["--version", "catalog gpus"]) {
        let said = Said::of(project.command(&emulator, words).stdout(full())).exits(1);
        let (message, code) = ("cannot write to standard output: No space left on device", "sindri::cli::output_lost");
        let said = said.warns(message).warns(code);
        if words.contains("--json") {
            let error: Value = serde_json::from_str(&said.stderr).expect("one object");
            assert_eq!(error["exit_code"], 1, "{error}");
        }
    }
    let mut serve =
        sindri(&project.path("")).args(["emulator", "serve", "--port", "0"]).stdout(full()).spawn().unwrap();
    assert_eq!(serve.wait().unwrap().code(), Some(1), "a server at an unknown port is of no use");
}

#[test]
fn a_closed_pipe_is_no_error_for_a_reading_command() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(1)));
    project.run(&emulator, "apply --auto-approve").exits(0);
    for words in READING {
        let mut command = project.command(&emulator, words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let code = if words.contains("--detailed") { 2 } else { 0 };
        let said = Said::from(child.wait_with_output().unwrap()).exits(code);
        assert_eq!(said.stderr, "", "{words}");
    }
}

#[test]
fn a_closed_standard_input_is_not_consent() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(1)));
    lost(&project.command(&emulator, "apply"), r#""$@" <&-"#).exits(3).warns("there is no terminal");
    assert_eq!(emulator.writes(), Vec::<String>::new());
    lost(&project.command(&emulator, "apply --auto-approve"), r#""$@" <&-"#).exits(0);
    assert_eq!(recorded(&project), alive(&emulator));
}

#[test]
fn a_stalled_reader_blocks_neither_the_apply_nor_signals() {
    let pods = 40;
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(pods)));
    // More than the buffer of a pipe.
    let mut child = spawn(&project, &emulator, "apply --auto-approve --json");
    until("a state of all pods", || project.path("state/default.json").exists() && recorded(&project).len() == pods);
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "TERM");
    // Nothing is read until it ended: a reader that catches up would let it end by itself.
    until("the end", || child.try_wait().expect("a process").is_some());
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(130), "{}", said.stderr);
    assert_eq!(recorded(&project), alive(&emulator));
}
