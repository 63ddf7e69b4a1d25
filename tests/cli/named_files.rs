//! Files named by a flag: only regular files are replaced, and no other file is read.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::interrupt::through_shell;
use crate::support::{BARE, Emulator, Project, Said, pipe, sindri};

fn is_a_plan(text: &str) {
    let plan: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(plan["plan_id"].is_string(), "{plan}");
}

#[test]
fn a_plan_is_written_into_a_pipe_that_is_read() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    pipe(&project.path("pipe"));
    let reader = Command::new("cat").arg(project.path("pipe")).stdout(Stdio::piped()).spawn().expect("cat");
    // The reader has started once its end of the pipe is open.
    let wait = r#"for _ in $(seq 100); do "$@" && exit 0; sleep 0.05; done; exit 1"#;
    Said::of(&mut through_shell(&project.command(&emulator, "plan --out pipe"), wait)).exits(0);
    is_a_plan(&Said::from(reader.wait_with_output().unwrap()).stdout);
    assert!(fs::symlink_metadata(project.path("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn a_pipe_without_a_reader_is_an_immediate_error() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    pipe(&project.path("pipe"));
    project.run(&emulator, "plan --out pipe").exits(1).warns("plan_unwritable").warns("without a reader");
    assert!(fs::symlink_metadata(project.path("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn devices_are_written_to_and_not_replaced() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "plan --out /dev/null").exits(0).tells("1 create");
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    project.run(&emulator, "plan --out /dev/full").exits(1).warns("plan_unwritable").warns("No space left");
    assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
}

#[test]
fn naming_standard_output_keeps_other_output() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    let holds_both = |all: &str| {
        let (plan, text) = all.split_at(all.find("\n}\n").expect("the end of the plan") + 3);
        is_a_plan(plan);
        assert!(text.starts_with("Plan for") && text.contains("1 create"), "{text}");
    };
    holds_both(&project.run(&emulator, "plan --out /dev/stdout").exits(0).stdout);
    // A regular file must not be replaced while it is open.
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let words = format!("plan --out {name}");
        Said::of(&mut through_shell(&project.command(&emulator, &words), r#""$@" >all.txt"#)).exits(0);
        holds_both(&project.read("all.txt"));
    }
}

#[test]
fn a_link_is_followed_and_a_dangling_one_is_refused() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.write("real.json", "");
    symlink("real.json", project.path("link.json")).unwrap();
    symlink("none.json", project.path("lost.json")).unwrap();
    project.run(&emulator, "plan --out link.json").exits(0);
    assert!(fs::symlink_metadata(project.path("link.json")).unwrap().is_symlink());
    is_a_plan(&project.read("real.json"));
    project.run(&emulator, "plan --out lost.json").exits(1).warns("broken link");
    assert!(!project.path("none.json").exists());
    project.run(&emulator, "plan --out .").exits(1).warns("plan_unwritable");
}

#[test]
fn only_regular_files_are_read() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    pipe(&project.path("pipe"));
    for words in ["show pipe", "show /dev/zero", "apply pipe", "apply /dev/zero"] {
        project.run(&emulator, words).exits(1).warns("plan_unreadable").warns("pipe, socket or device");
    }
    for words in ["status --state pipe", "plan --state pipe", "state list --state /dev/zero"] {
        project.run(&emulator, words).exits(1).warns("pipe, socket or device");
    }
    let serve = |world: &str| {
        Said::of(sindri(&project.path("")).args(["emulator", "serve", "--port", "0", "--world", world]))
            .exits(1)
            .warns("pipe, socket or device")
    };
    serve("pipe");
    assert!(fs::symlink_metadata(project.path("pipe")).unwrap().file_type().is_fifo());
    project.run(&emulator, "state merge pipe sindri.yaml sindri.yaml").exits(1).warns("pipe, socket or device");
    assert_eq!(project.read("sindri.yaml"), BARE);
}

#[test]
fn a_saved_plan_keeps_the_permissions_of_the_file_it_replaces() {
    use std::os::unix::fs::PermissionsExt;
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.write("plan.json", "");
    fs::set_permissions(project.path("plan.json"), fs::Permissions::from_mode(0o600)).unwrap();
    project.run(&emulator, "plan --out plan.json").exits(0);
    assert_eq!(fs::metadata(project.path("plan.json")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_plan_is_not_written_where_sindri_keeps_its_own_files() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    for folder in ["state", ".sindri/sandbox"] {
        fs::create_dir_all(project.path(folder)).unwrap();
        for file in ["default.json", "default.lock", "default.journal"] {
            for name in [format!("{folder}/{file}"), format!("{folder}/./{file}")] {
                project.run(&emulator, &format!("plan --out {name}")).exits(1).warns("own_file").warns("nothing was");
                assert!(!project.path(&format!("{folder}/{file}")).exists());
            }
        }
    }
    // An existing lock is empty while no command runs, but is still no place for a plan.
    project.write("state/default.lock", "");
    project.run(&emulator, "plan --out state/default.lock").exits(1).warns("own_file");
    project.run(&emulator, "plan --out state/plan.json").exits(0);
}
