//! Questions on a terminal, and the effects of the answers.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::sync::mpsc;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::cli::interrupt::{alive, recorded, slow_answers};
use crate::support::{DEADLINE, Emulator, PAIR, Project, fleet, signal, until};

/// A terminal with this many columns: the user's side, and the program's side.
fn terminal(columns: u16) -> (OwnedFd, OwnedFd) {
    let people = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&people).expect("granted");
    unlockpt(&people).expect("unlocked");
    let name = ptsname(&people, Vec::new()).expect("a name");
    let programs = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the other side");
    tcsetwinsize(&programs, Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
    (people, programs)
}

/// Runs a command on a terminal, answers its first question, and returns its exit code and output.
fn asked(command: &mut Command, answer: &str) -> (Option<i32>, String) {
    answers(command, &[answer])
}

/// Runs a command on a terminal, answers its questions in order, and returns its exit code and output.
fn answers(command: &mut Command, answers: &[&str]) -> (Option<i32>, String) {
    on_terminal(command, 100, answers)
}

/// Like `answers`, on a terminal with this many columns.
pub fn on_terminal(command: &mut Command, columns: u16, answers: &[&str]) -> (Option<i32>, String) {
    let (people, programs) = terminal(columns);
    let side = || programs.as_fd().try_clone_to_owned().expect("a copy");
    let mut child = command.env("TERM", "xterm").stdin(side()).stdout(side()).stderr(side()).spawn().expect("it runs");
    // From here on only the child and `command` hold the program's side; the reader ends when neither does.
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    drop(programs);
    let (shown, receive) = mpsc::channel::<Vec<u8>>();
    let mut screen = File::from(people.try_clone().expect("a copy"));
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // Linux reports an error when no program has the terminal open.
        while let Ok(read @ 1..) = screen.read(&mut buffer) {
            if shown.send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    let (mut all, mut given) = (Vec::new(), 0);
    while let Ok(part) = receive.recv_timeout(DEADLINE) {
        all.extend(part);
        let shown = String::from_utf8_lossy(&all);
        let questions = shown.matches("Only `yes` is accepted: ").count() + shown.matches("or no: ").count();
        if questions > given
            && let Some(answer) = answers.get(given)
        {
            File::from(people.try_clone().expect("a copy")).write_all(format!("{answer}\n").as_bytes()).expect("typed");
            given += 1;
        }
    }
    (child.wait().expect("an end").code(), String::from_utf8_lossy(&all).into_owned())
}

#[test]
fn only_yes_is_accepted() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    for answer in ["", "y", "no", "YES"] {
        let (code, shown) = asked(&mut project.command(&emulator, "apply"), answer);
        assert_eq!(code, Some(3), "{shown}");
        assert!(shown.contains("not approved") && shown.contains("3 create"), "{shown}");
    }
    assert_eq!(emulator.writes(), Vec::<String>::new());
    let (code, shown) = asked(&mut project.command(&emulator, "apply"), "yes");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(emulator.pods().len(), 2);
}

#[test]
fn the_question_names_the_lost_data_and_yes_approves_that() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let (code, shown) = asked(&mut project.command(&emulator, "destroy"), "n");
    assert_eq!(code, Some(3), "{shown}");
    let lost = "This permanently destroys data: pod volume (20 GB at /workspace) of `pod.notebook`.";
    assert!(shown.contains(lost), "{shown}");
    assert_eq!(emulator.pods().len(), 2);
    let (code, shown) = asked(&mut project.command(&emulator, "destroy"), "yes");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("$7.00/mo"), "the volume stays and costs: {shown}");
    assert_eq!((emulator.pods().len(), emulator.volumes().len()), (0, 1));
}

#[test]
fn the_question_offers_the_update_in_place_that_keeps_a_pod_volume() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let id = project.id("pod.notebook");
    project.edit("image:1", "image:2");
    let (code, shown) = answers(&mut project.command(&emulator, "apply"), &["in-place", "no"]);
    assert_eq!(code, Some(3), "{shown}");
    let offer = "`in-place` plans updates in place instead: `pod.notebook` would restart and keep its data.";
    assert!(shown.contains(offer), "{shown}");
    assert!(shown.contains("2 update,"), "the other plan is shown before it is asked about: {shown}");
    assert_eq!(emulator.pods().iter().filter(|pod| pod["image"] == "example/image:2").count(), 0);

    let (code, shown) = answers(&mut project.command(&emulator, "apply"), &["in-place", "yes"]);
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(project.id("pod.notebook"), id);
    assert_eq!(emulator.pods().iter().filter(|pod| pod["image"] == "example/image:2").count(), 2);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);

    // The word is an answer only if it was offered.
    let (code, shown) = answers(&mut project.command(&emulator, "destroy"), &["in-place"]);
    assert_eq!((code, emulator.pods().len()), (Some(3), 2), "{shown}");
}

#[test]
fn probable_renames_are_shown_before_the_question() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    project.edit("notebook:", "lab:");
    let (code, shown) = asked(&mut project.command(&emulator, "apply"), "n");
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("- { from: pod.notebook, to: pod.lab }"), "{shown}");
    let renamed = "This replaces resources that appear to be renamed: `pod.notebook` to `pod.lab`.";
    assert!(shown.contains(renamed), "{shown}");
    let (code, shown) = asked(&mut project.command(&emulator, "apply"), "yes");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(emulator.pod_names(), ["story-lab", "story-trainer"]);
}

#[test]
fn colours_are_for_terminals_and_can_be_switched_off() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    let coloured =
        |name: &str, value: &str| asked(project.command(&emulator, "plan").env(name, value), "").1.contains("\u{1b}[");
    assert!(coloured("LANG", "C"));
    assert!(!coloured("NO_COLOR", "1"));
    assert!(!project.run(&emulator, "plan").stdout.contains('\u{1b}'));
    assert!(project.run(&emulator, "plan --color always").stdout.contains('\u{1b}'));
}

#[test]
fn a_closed_terminal_does_not_end_an_apply_early() {
    let (emulator, project) = (Emulator::with_faults(slow_answers(1.0, 2.0)), Project::new(&fleet(4)));
    let (people, programs) = terminal(100);
    let side = || programs.as_fd().try_clone_to_owned().expect("a copy");
    let mut command = project.command(&emulator, "apply --auto-approve --parallelism 2");
    let mut child = command.env("TERM", "xterm").stdin(side()).stdout(side()).stderr(side()).spawn().expect("it runs");
    until("the first create", || !emulator.writes().is_empty());
    // Every write fails from here on, including those of the live line.
    drop((command, programs, people));
    signal(&child, "HUP");
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert_eq!(recorded(&project), alive(&emulator));
    let journal = project.read("state/default.journal");
    assert!(!journal.contains("intent"), "what was in flight is recorded:\n{journal}");
}
