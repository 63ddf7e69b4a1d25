//! Links, pipes and folders in place of a state's files, and two names for one state.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{BARE, Emulator, Project, Said, pipe, sindri};

const CODE: &str = "sindri::state::not_plain";

/// Checks that writing commands refuse and, unless `reads`, reading ones too. Nothing is sent or changed.
fn is_refused(emulator: &Emulator, project: &Project, flags: &str, reads: bool) {
    let requests = emulator.writes();
    for command in
        ["apply --auto-approve", "refresh", "destroy --auto-approve", "unlock", "plan", "status", "state list"]
    {
        let reading = matches!(command, "plan" | "status" | "state list");
        let said = project.run(emulator, &format!("{command} {flags}"));
        if reading && reads {
            assert_ne!(said.code, None, "{command}");
        } else {
            said.exits(1).warns(CODE);
        }
    }
    assert_eq!(emulator.writes(), requests);
}

#[test]
fn no_link_of_the_lock_or_the_journal_is_followed() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "apply --auto-approve").exits(0);
    for name in ["state/default.lock", "state/default.journal"] {
        let _ = fs::remove_file(project.path(name));
        for target in ["victim.txt", "/dev/null", "nowhere"] {
            project.write("victim.txt", "precious\n");
            let target = if target.starts_with('/') { target.into() } else { project.path(target) };
            symlink(&target, project.path(name)).unwrap();
            is_refused(&emulator, &project, "", false);
            assert_eq!(project.read("victim.txt"), "precious\n");
            assert!(!project.path("nowhere").exists());
            fs::remove_file(project.path(name)).unwrap();
        }
        // A hard link to someone else's file.
        fs::hard_link(project.path("victim.txt"), project.path(name)).unwrap();
        is_refused(&emulator, &project, "", true);
        assert_eq!(project.read("victim.txt"), "precious\n");
        fs::remove_file(project.path(name)).unwrap();
        fs::create_dir(project.path(name)).unwrap();
        is_refused(&emulator, &project, "", false);
        fs::remove_dir(project.path(name)).unwrap();
        pipe(&project.path(name));
        is_refused(&emulator, &project, "", false);
        fs::remove_file(project.path(name)).unwrap();
    }
    project.run(&emulator, "apply --auto-approve").exits(0);
}

#[test]
fn the_state_is_a_plain_file_or_a_link_within_the_project() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    let state = project.path("state/default.json");
    fs::create_dir(project.path("state")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for target in ["/dev/zero".into(), elsewhere.path().join("default.json"), project.path("nowhere.json")] {
        symlink(&target, &state).unwrap();
        is_refused(&emulator, &project, "", false);
        fs::remove_file(&state).unwrap();
    }
    pipe(&state);
    is_refused(&emulator, &project, "", false);
    fs::remove_file(&state).unwrap();
    fs::create_dir(&state).unwrap();
    is_refused(&emulator, &project, "", false);
    fs::remove_dir(&state).unwrap();

    // A link within the project is followed, and kept.
    project.run(&emulator, "apply --auto-approve").exits(0);
    fs::rename(&state, project.path("kept.json")).unwrap();
    symlink("../kept.json", &state).unwrap();
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    project.edit("example/image:1", "example/image:2");
    project.run(&emulator, "apply --auto-approve").exits(0);
    assert!(fs::symlink_metadata(&state).unwrap().is_symlink());
    assert!(project.read("kept.json").contains("example/image:2"));
    assert!(project.path("kept.lock").exists(), "both names share the lock beside the file");

    // A hard link would keep the old content after the first name is replaced.
    fs::hard_link(project.path("kept.json"), project.path("other.json")).unwrap();
    is_refused(&emulator, &project, "--state other.json", true);
}

#[test]
fn a_state_folder_outside_the_project_is_used_only_if_named() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), project.path("state")).unwrap();
    is_refused(&emulator, &project, "", false);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    project.run(&emulator, "apply --auto-approve --state state/default.json").exits(0);
    assert!(elsewhere.path().join("default.json").exists());
}

/// A named state may be a link into an allowed folder, and still selects its environment.
#[test]
fn a_named_state_may_be_a_link_into_an_allowed_folder() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.write("sindri.prod.yaml", "providers: { runpod: { gpuCount: 2 } }\n");
    project.run(&emulator, "-e prod apply --auto-approve").exits(0);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(project.path("state/prod.json"), elsewhere.path().join("kept.json")).unwrap();
    symlink(elsewhere.path().join("kept.json"), project.path("link.json")).unwrap();
    let allowed = format!("--allow-files-in {}", elsewhere.path().display());
    project.run(&emulator, &format!("state list --state link.json {allowed}")).exits(0).tells("pod.bare");
    project.run(&emulator, "-e prod state list --state link.json").exits(1).warns("outside the project");
    let completed = |flags: &str| {
        let words = format!("-- sindri --state link.json {flags} destroy pod.");
        let mut command = sindri(&project.path(""));
        Said::of(command.env("SINDRI_COMPLETE", "zsh").args(words.split_whitespace())).exits(0).stdout
    };
    assert!(completed(&allowed).contains("pod.bare"), "{}", completed(&allowed));
    assert!(!completed("").contains("pod.bare"), "{}", completed(""));
}

/// The lock of a sandbox must not create a file elsewhere.
#[test]
fn no_link_of_a_sandboxs_lock_is_followed() {
    let (project, elsewhere) = (Project::new(BARE), tempfile::tempdir().unwrap());
    fs::create_dir_all(project.path(".sindri/sandbox")).unwrap();
    for target in ["none", "/dev/null"] {
        symlink(elsewhere.path().join(target), project.path(".sindri/sandbox/world.json.lock")).unwrap();
        project.offline("plan --sandbox").exits(1).warns("it is a link").warns("world.json.lock");
        fs::remove_file(project.path(".sindri/sandbox/world.json.lock")).unwrap();
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    project.offline("plan --sandbox").exits(0);
}

#[test]
fn all_names_of_a_state_share_its_lock() {
    let emulator = Emulator::start();
    let project = Project::new(BARE);
    project.run(&emulator, "apply --auto-approve").exits(0);
    symlink("state", project.path("linked")).unwrap();
    symlink("state/default.json", project.path("by-link.json")).unwrap();
    let held = fs::OpenOptions::new().read(true).write(true).open(project.path("state/default.lock")).unwrap();
    fs2::FileExt::lock_exclusive(&held).unwrap();
    let absolute = project.path("state/default.json").display().to_string();
    for name in ["state/../state/default.json", "./linked/default.json", "by-link.json", absolute.as_str()] {
        let said = Said::of(&mut project.command(&emulator, &format!("refresh --state {name}")));
        said.exits(4).warns("locked");
    }
}
