//! The output of every command fits a terminal of 80 columns, whatever names, images and paths are in the
//! configuration. A word that cannot be broken, such as an address or an image, may be longer, on its own line.

use std::process::Command;

use crate::cli::terminal::on_terminal;
use crate::support::{Emulator, Project, Said, sindri};

const COLUMNS: usize = 80;

/// The longest names, a long image and a long path.
fn long() -> String {
    let (name, volume) = (format!("{}trainer", "a".repeat(56)), "v".repeat(63));
    let image = format!("registry.example.com/{}image:1.2.3", "an-organisation/".repeat(6));
    format!(
        "version: \"3.0\"\nname: {project}\ndeployment:\n  provider: runpod\n  image: {image}\nproviders:\n  runpod:\n    \
         gpuType: NVIDIA RTX A4000\n    networkVolumes:\n      {volume}: {{ sizeGb: 10, region: US-CA-2 }}\n    pods:\n      \
         {name}: {{ replicas: 3, volumeMountPath: /workspace/{path}, ports: [8888/http, 22/tcp] }}\n      \
         bb: {{ replicas: 10 }}\n      mounting: {{ networkVolume: {volume} }}\n",
        project = "n".repeat(63),
        path = "p".repeat(90),
    )
}

/// Lines that are wider than the terminal and could be broken: they contain a space outside of code, before a word that
/// could be on the next line.
fn too_wide(text: &str) -> Vec<String> {
    let is_wide = |line: &&str| {
        let mut in_code = false;
        let blank = |letter: char| {
            in_code ^= letter == '`';
            letter == ' ' && !in_code
        };
        // A bullet or a frame is not a word.
        let content =
            line.trim_start_matches([' ', '|', '>', '-', '+', '~', '/', '#', '\u{2502}', '\u{2570}', '\u{2500}']);
        line.chars().count() > COLUMNS && content.trim_end().contains(blank)
    };
    text.lines().map(str::trim_end).filter(is_wide).map(str::to_owned).collect()
}

/// The output of a command on a terminal of 80 columns.
fn shown(command: &mut Command) -> String {
    let (_, text) = on_terminal(command.env("NO_COLOR", "1").env("CI", "1"), COLUMNS as u16, &[]);
    text.replace('\r', "")
}

#[test]
fn every_command_fits_80_columns_whatever_the_names_are() {
    let (emulator, project) = (Emulator::start(), Project::new(&long()));
    let pod = format!("pod.{}trainer", "a".repeat(56));
    let mut faults = Vec::new();
    let mut check = |words: &str| {
        let text = shown(&mut project.command(&emulator, words));
        assert!(!text.is_empty(), "{words} says nothing");
        // An address and its id stay on one line, for scripts.
        let is_pair = |line: &String| words == "state list" && line.split_whitespace().count() == 2;
        let wide = too_wide(&text).into_iter().filter(|line| !is_pair(line));
        faults.extend(wide.map(|line| format!("{words}: {line}")));
    };
    for words in ["status", "validate", "plan", "apply --auto-approve", "plan", "drift", "status", "status --short"] {
        check(words);
    }
    for words in
        ["state list", "state verify", "output", "import --discover", "wait", "refresh", "unlock", "connect --print"]
    {
        check(words);
    }
    for words in
        ["catalog gpus", "catalog cpus", "catalog regions", "catalog pools", "stop", "start", "logs", "status nosuch"]
    {
        check(words);
    }
    for words in [
        "destroy bb[1]",
        "destroy x:y:z",
        "plan --only smash",
        "plan --updates x",
        "plan --target pod.nosuch",
        "wait x",
    ] {
        check(words);
    }
    check(&format!("status {pod}[0]"));
    check(&format!("state show {pod}[7]"));
    check(&format!("stop {pod}[0] {pod}[1]"));
    check("status");
    check("plan");
    project.edit("replicas: 10", "replicas: 8");
    project.edit("image:1.2.3", "image:1.2.4");
    for words in ["plan", "plan --full", "plan --destroy", "apply --auto-approve", "destroy --auto-approve"] {
        check(words);
    }
    check("destroy --auto-approve --allow-data-loss");
    check("status");
    assert!(faults.is_empty(), "{} lines:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn errors_of_a_file_with_long_lines_fit_80_columns_in_a_pipe_and_on_a_terminal() {
    let long = "x".repeat(150);
    let lines = [
        format!("    env: {{ A: \"{long}\", bogus key: [1, 2] }}\n"),
        format!("    {long}: 1\n"),
        format!("    gpuCount: {}{long}\n", " ".repeat(60)),
        format!("    env: {{ A: \"{}\", B: [1] }}\n", "y".repeat(45)),
        "    lifecycle: { createBeforeDestroy: true, preventDestroy: true, ignoreChanges: [imge] }\n".to_owned(),
    ];
    for line in lines {
        let project = Project::new(&format!("{}{line}", crate::support::BARE));
        let piped = Said::of(sindri(&project.path("")).arg("validate"));
        let snippets = |text: &str| -> Vec<String> {
            let is_snippet =
                |line: &&str| line.trim_start().starts_with(|first: char| first.is_ascii_digit() || first == ':');
            text.lines().filter(is_snippet).map(str::to_owned).collect()
        };
        let lines = snippets(&piped.stderr);
        assert!(lines.len() >= 2, "{}", piped.stderr);
        let wide: Vec<&String> = lines.iter().filter(|line| line.trim_end().chars().count() > COLUMNS).collect();
        assert!(wide.is_empty(), "{wide:?}\n{}", piped.stderr);
        let text = shown(sindri(&project.path("")).arg("validate"));
        assert_eq!(too_wide(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn one_long_name_leaves_the_other_rows_of_a_table_alone() {
    let (emulator, project) = (Emulator::start(), Project::new(&long()));
    project.run(&emulator, "apply --auto-approve").exits(0);
    for words in ["status --short", "state list"] {
        let text = project.run(&emulator, words).exits(0).stdout;
        let row = text.lines().find(|line| line.starts_with("pod.bb[0]")).expect("a row");
        assert!(row.split_whitespace().count() > 1 && row.chars().count() <= COLUMNS, "{row}\n{text}");
    }
    let folded = project.run(&emulator, "status").exits(0).stdout;
    assert!(folded.contains("trainer[0..2]\n"), "{folded}");
}
