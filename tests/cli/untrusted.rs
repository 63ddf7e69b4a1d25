//! Files that a pull request controls: links, paths of secrets, `.env` files, and text that diagnostics quote.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tempfile::TempDir;

use crate::support::{BARE, Emulator, KEY, Project, Said, pipe};

const CANARY: &str = "canary-of-a-file-0123";

fn with_secrets(secrets: &str) -> Project {
    Project::new(&BARE.replace("name: bare\n", &format!("name: bare\nsecrets: [{secrets}]\n")))
}

/// A folder outside any project, with a file.
fn outside() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret.txt"), format!("{CANARY}\n")).unwrap();
    folder
}

/// Runs `plan` and `apply`. Both are refused with these words, show no content of any file, and send no request.
#[track_caller]
fn is_refused(emulator: &Emulator, project: &Project, phrase: &str) {
    for words in ["validate", "plan --markdown", "plan --json", "apply --auto-approve"] {
        let said = project.run(emulator, words).exits(1).warns(phrase);
        for canary in [CANARY, KEY, "RUNPOD_API_KEY="] {
            assert!(!format!("{}{}", said.stdout, said.stderr).contains(canary), "{words}: {said:?}");
        }
    }
    assert_eq!(emulator.requests(), Vec::<String>::new());
}

fn env_of_the_pod(emulator: &Emulator, name: &str) -> Option<String> {
    emulator.pods()[0]["env"][name].as_str().map(str::to_owned)
}

#[test]
fn a_secret_file_is_read_only_inside_the_project() {
    let emulator = Emulator::start();
    let elsewhere = outside();
    let file = elsewhere.path().join("secret.txt");
    let file = file.display().to_string();
    for field in ["source: file, path", "fromFile"] {
        for (path, phrase) in [
            (file.as_str(), "outside the project"),
            ("linked", "outside the project"),
            ("folder/secret.txt", "outside the project"),
            ("sub/../../escape.txt", "outside the project"),
            ("~/../escape.txt", "outside the project"),
            ("/etc/hostname", "outside the project"),
            ("/proc/self/environ", "belongs to the operating system"),
            ("sub/environ", "belongs to the operating system"),
            ("/dev/stdin", "cannot read"),
            ("sub", "it is a folder"),
            ("pipe", "it is a pipe"),
            ("big", "larger than"),
            ("utf16", "UTF-16"),
        ] {
            let project = with_secrets(&format!("{{ name: FOO, {field}: '{path}' }}"));
            fs::create_dir(project.path("sub")).unwrap();
            symlink(&file, project.path("linked")).unwrap();
            symlink(elsewhere.path(), project.path("folder")).unwrap();
            symlink("/proc/self/environ", project.path("sub/environ")).unwrap();
            pipe(&project.path("pipe"));
            project.write("big", &"x".repeat(200_000));
            fs::write(project.path("utf16"), b"\xff\xfec\0a\0").unwrap();
            is_refused(&emulator, &project, phrase);
        }
    }
}

#[test]
fn a_folder_outside_is_read_if_the_command_line_allows_it() {
    let (emulator, elsewhere) = (Emulator::start(), outside());
    let project = with_secrets("{ name: FOO, source: file, path: linked }");
    symlink(elsewhere.path().join("secret.txt"), project.path("linked")).unwrap();
    let folder = elsewhere.path().display();
    project.run(&emulator, &format!("apply --auto-approve --allow-files-in {folder}")).exits(0);
    assert_eq!(env_of_the_pod(&emulator, "FOO").as_deref(), Some(CANARY));
    project.edit("path: linked", "path: /proc/self/environ");
    project.run(&emulator, "plan --allow-files-in /").exits(1).warns("belongs to the operating system");
}

/// The variable lists several folders, like `PATH`. As usual, the flag replaces the variable.
#[test]
fn the_variable_allows_a_list_of_folders() {
    let (emulator, one, other) = (Emulator::start(), outside(), outside());
    let file = |folder: &TempDir| folder.path().join("secret.txt").display().to_string();
    let project = with_secrets(&format!(
        "{{ name: ONE, source: file, path: '{}' }}, {{ name: OTHER, source: file, path: '{}' }}",
        file(&one),
        file(&other)
    ));
    let list = std::env::join_paths(["".as_ref(), one.path(), other.path()]).unwrap();
    let run = |words: &str| Said::of(project.command(&emulator, words).env("SINDRI_ALLOW_FILES_IN", &list));
    run("apply --auto-approve").exits(0);
    assert_eq!(env_of_the_pod(&emulator, "OTHER").as_deref(), Some(CANARY));
    run(&format!("plan --allow-files-in {}", one.path().display())).exits(1).warns("outside the project");
    let both = format!("--allow-files-in {} --allow-files-in {}", one.path().display(), other.path().display());
    project.run(&emulator, &format!("plan --detailed-exitcode {both}")).exits(0);
}

#[test]
fn the_repository_around_the_configuration_is_the_project_and_its_git_folder_is_not() {
    let emulator = Emulator::start();
    let project = Project::new("");
    let config =
        BARE.replace("name: bare\n", "name: bare\nsecrets: [{ name: FOO, source: file, path: ../keys/foo }]\n");
    project.write("infra/sindri.yaml", &config);
    project.write("keys/foo", CANARY);
    project.write(".git/config", &format!("[http]\n\textraheader = {CANARY}\n"));
    project.run(&emulator, "-C infra apply --auto-approve").exits(0);
    assert_eq!(env_of_the_pod(&emulator, "FOO").as_deref(), Some(CANARY));
    project.write("infra/sindri.yaml", &config.replace("../keys/foo", "../.git/config"));
    project.run(&emulator, "-C infra plan").exits(1).warns("belongs to git");
    symlink("../.git/config", project.path("infra/sindri.prod.yaml")).unwrap();
    let said = project.run(&emulator, "-C infra -e prod plan").exits(1).warns("belongs to git");
    assert!(!said.stderr.contains(CANARY), "{}", said.stderr);
}

#[test]
fn the_api_key_reaches_no_pod_under_any_name() {
    let emulator = Emulator::start();
    let under = |field: &str| Project::new(&format!("{BARE}    {field}\n"));
    for field in [
        "env: { FOO: '${ALIAS}' }",
        "env: { FOO: 'Bearer ${ALIAS}' }",
        "env: { FOO: '${NOTHING:-rpa_CANARYKEY0123456789}' }",
        "args: ['run', '--with', '${ALIAS}']",
        "entrypoint: 'run ${ALIAS}'",
        "image: 'example/image:${ALIAS}'",
        "registryAuth: '${ALIAS}'",
        "env: { FOO: rpa_CANARYKEY0123456789 }",
    ] {
        for words in ["validate", "plan --markdown", "apply --auto-approve", "plan --json"] {
            let project = under(field);
            let said = Said::of(project.command(&emulator, words).env("ALIAS", KEY)).exits(1);
            let said = said.warns("your RunPod API key");
            assert!(!format!("{}{}", said.stdout, said.stderr).contains(KEY), "{words}, {field}: {said:?}");
        }
    }
    // The key may also be in a file, or come from one.
    let by_file = with_secrets("{ name: FOO, source: file, path: key.txt }");
    by_file.write("key.txt", &format!("key: {KEY}\n"));
    is_refused(&emulator, &by_file, "contains your RunPod API key");
    let by_dotenv = with_secrets("{ name: FOO }");
    by_dotenv.write(".env", &format!("FOO={KEY}\n"));
    is_refused(&emulator, &by_dotenv, "contains your RunPod API key");
    let in_key_file = with_secrets("{ name: FOO, source: file, path: key.txt }");
    in_key_file.write("key.txt", KEY);
    let mut command = in_key_file.command(&emulator, "plan");
    command.env_remove("RUNPOD_API_KEY").env("RUNPOD_API_KEY_FILE", in_key_file.path("key.txt"));
    Said::of(&mut command).exits(1).warns("contains your RunPod API key");
    assert_eq!(emulator.requests(), Vec::<String>::new());
}

#[test]
fn no_plan_shows_a_variable_that_looks_like_a_credential() {
    let emulator = Emulator::start();
    for (field, code) in [
        ("env: { PLAIN: 'x ${HF_TOKEN}' }", 0),
        ("args: ['--token', '${HF_TOKEN}']", 1),
        ("image: 'example/image:${HF_TOKEN}'", 1),
    ] {
        let project = Project::new(&format!("{BARE}    {field}\n"));
        for words in ["plan --markdown", "plan --full", "plan --json", "plan --html"] {
            let said = Said::of(project.command(&emulator, words).env("HF_TOKEN", CANARY)).exits(code);
            assert!(!format!("{}{}", said.stdout, said.stderr).contains(CANARY), "{words}, {field}: {said:?}");
        }
    }
}

#[test]
fn links_that_leave_the_project_are_refused_and_never_quoted() {
    let (emulator, elsewhere) = (Emulator::start(), outside());
    let yaml = elsewhere.path().join("sindri.yaml");
    fs::write(&yaml, format!("{BARE}x: {CANARY}\n")).unwrap();
    let file = elsewhere.path().join("secret.txt");
    for target in [file.as_path(), Path::new("/proc/self/environ"), Path::new("/dev/zero"), Path::new("nowhere")] {
        let phrase = if target == file { "outside the project" } else { "cannot read" };
        // The overlay, the configuration, and `.env`.
        let overlay = Project::new(BARE);
        symlink(target, overlay.path("sindri.prod.yaml")).unwrap();
        for words in ["-e prod plan --markdown", "-e prod validate"] {
            let said = overlay.run(&emulator, words).exits(1).warns(phrase);
            assert!(!said.stderr.contains(CANARY) && !said.stderr.contains(KEY), "{said:?}");
        }
        let base = Project::new(BARE);
        fs::remove_file(base.path("sindri.yaml")).unwrap();
        symlink(target, base.path("sindri.yaml")).unwrap();
        is_refused(&emulator, &base, phrase);
        let dotenv = with_secrets("{ name: FOO }");
        symlink(target, dotenv.path(".env")).unwrap();
        is_refused(&emulator, &dotenv, phrase);
    }
    let named = Project::new(BARE);
    symlink(&yaml, named.path("linked.yaml")).unwrap();
    named.run(&emulator, "-f linked.yaml plan").exits(1).warns("outside the project");
    assert_eq!(emulator.requests(), Vec::<String>::new());
    // A link within the project works like the file.
    named.write("shared/common.yaml", BARE);
    fs::remove_file(named.path("linked.yaml")).unwrap();
    symlink("shared/common.yaml", named.path("linked.yaml")).unwrap();
    named.run(&emulator, "-f linked.yaml plan").exits(0);
}

#[test]
fn links_to_states_found_by_other_commands_are_not_followed_either() {
    let (emulator, elsewhere) = (Emulator::start(), outside());
    let project = Project::new(BARE);
    fs::create_dir(project.path("state")).unwrap();
    symlink(elsewhere.path().join("secret.txt"), project.path("state/prod.json")).unwrap();
    symlink("/dev/zero", project.path("state/test.json")).unwrap();
    symlink("/dev/zero", project.path("state/other.journal")).unwrap();
    let said = project.run(&emulator, "plan").exits(0);
    assert!(!said.stderr.contains(CANARY), "{}", said.stderr);
    project.run(&emulator, "-e prod plan").exits(1).warns("outside the project");
    let world = Project::new(BARE);
    fs::create_dir_all(world.path(".sindri/sandbox")).unwrap();
    symlink(elsewhere.path().join("secret.txt"), world.path(".sindri/sandbox/world.json")).unwrap();
    let said = world.offline("--sandbox plan").exits(1).warns("outside the project");
    assert!(!said.stderr.contains(CANARY), "{}", said.stderr);
}

#[test]
fn an_unreadable_dotenv_is_an_error_and_never_counts_as_absent() {
    let emulator = Emulator::start();
    let project = with_secrets("{ name: HF_TOKEN }, { name: PEM }");
    project.write(".env", &format!("HF_TOKEN={CANARY}\nPEM=\"one\ntwo\"\n"));
    project.run(&emulator, "apply --auto-approve").exits(0);
    assert_eq!(env_of_the_pod(&emulator, "PEM").as_deref(), Some("one\ntwo"));
    let cases: [(&[u8], &str); 6] = [
        (b"# cl\xe9\nHF_TOKEN=canary-of-a-file-0123\n", "cannot read `.env`: line 1 is not UTF-8"),
        (b"\xff\xfeH\0F\0", "UTF-16"),
        (b"HF_TOKEN=x\nPEM=\"canary-of-a-file-0123\n", "line 2 of `.env` opens a quote"),
        (b"HF_TOKEN=x\n\ncanary-of-a-file-0123\n", "line 3 of `.env` is not `NAME=value`"),
        (b"HF_TOKEN='x' canary-of-a-file-0123\n", "line 1 of `.env` has text after"),
        (b"HF_TOKEN=${canary-of-a-file-0123}\nPEM=x\n", "line 1 of `.env` uses `${...}`"),
    ];
    for (bytes, phrase) in cases {
        fs::write(project.path(".env"), bytes).unwrap();
        let said = project.run(&emulator, "plan").exits(1).warns(phrase);
        assert!(!format!("{said:?}").contains(CANARY), "{said:?}");
        assert!(!said.stderr.contains("it is not in the environment"), "{said:?}");
        let json = project.run(&emulator, "plan --json").exits(1);
        assert!(json.stderr.contains("sindri::config::unreadable_") && !json.stderr.contains(CANARY), "{json:?}");
        // Commands that need only the state still work.
        project.run(&emulator, "status").exits(0);
    }
    fs::remove_file(project.path(".env")).unwrap();
    fs::create_dir(project.path(".env")).unwrap();
    project.run(&emulator, "plan").exits(1).warns("cannot read `.env`: it is a folder");
    fs::remove_dir(project.path(".env")).unwrap();
    pipe(&project.path(".env"));
    project.run(&emulator, "plan").exits(1).warns("cannot read `.env`: it is a pipe");
    fs::remove_file(project.path(".env")).unwrap();
    // As written by editors on Windows.
    fs::write(project.path(".env.local"), format!("\u{feff}HF_TOKEN={CANARY}\r\nPEM='one\r\ntwo'\r\n")).unwrap();
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    fs::set_permissions(project.path(".env.local"), fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser can read everything.
    if fs::read(project.path(".env.local")).is_err() {
        project.run(&emulator, "plan").exits(1).warns("permission denied");
    }
}

#[test]
fn a_saved_plan_is_a_regular_file_and_an_error_quotes_nothing_of_it() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    pipe(&project.path("pipe"));
    project.write("text.json", &format!("{{\"format_version\": \"{CANARY}\"}}"));
    project.write("other.json", &format!("{{\"format_version\": 2, \"plan_id\": \"{CANARY}\", \"plan\": 1}}"));
    project.write("plain.json", &format!("\"{CANARY}\""));
    fs::write(project.path("utf16.json"), b"\xff\xfe{\0").unwrap();
    for (name, phrase) in [
        ("missing.json", "there is no such file"),
        (".", "it is a folder"),
        ("pipe", "it is a pipe"),
        ("/dev/zero", "it is a pipe, socket or device"),
        ("/proc/self/environ", "belongs to the operating system"),
        ("utf16.json", "UTF-16"),
        ("text.json", "is not a saved plan: it has no plan format version (line 1, column"),
        ("other.json", "is not a saved plan: it has a missing or unknown value (line 1, column"),
        ("plain.json", "is not a saved plan"),
    ] {
        for command in ["show", "apply"] {
            let said = project.run(&emulator, &format!("{command} {name}")).exits(1).warns(phrase);
            assert!(!said.stderr.contains(CANARY), "{said:?}");
        }
    }
}

#[test]
fn a_snippet_is_short_masked_and_free_of_control_characters() {
    let project =
        Project::new("name: h # \u{1b}]0;pwned\u{7}\u{1b}[2J\u{202e}\nbogus: 1\nA_TOKEN: canary-of-a-file-0123\n");
    let said = project.offline("validate").exits(1).warns("bogus");
    let is_hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!said.stderr.contains(is_hostile) && !said.stderr.contains(CANARY), "{:?}", said.stderr);
    // A link to another file of the project is not shown either.
    let linked = Project::new(BARE);
    linked.write(".env", &format!("HF_TOKEN={CANARY}: x\n"));
    symlink(".env", linked.path("sindri.prod.yaml")).unwrap();
    fs::create_dir(linked.path("state")).unwrap();
    symlink("../.env", linked.path("state/default.json")).unwrap();
    for words in ["-e prod validate", "-e prod validate --json"] {
        let said = linked.offline(words).exits(1).warns("HF_TOKEN=");
        assert!(!said.stderr.contains(CANARY), "{}", said.stderr);
    }
    fs::remove_file(linked.path("sindri.prod.yaml")).unwrap();
    let said = linked.offline("state verify").exits(1).warns("sindri::state::damaged");
    assert!(!said.stderr.contains(CANARY), "{}", said.stderr);
}

#[test]
fn a_label_far_to_the_right_is_drawn() {
    let (emulator, wide) = (Emulator::start(), "y".repeat(70_000));
    let config = |more: &str| {
        format!(
            "{{\"version\": \"3.0\", \"name\": \"bare\", \"x-pad\": \"{wide}\", \"deployment\": {{\"provider\": \"runpod\", \
             \"image\": \"example/image:1\"}}, \"providers\": {{\"runpod\": {{\"gpuType\": \"NVIDIA RTX A4000\", \
             \"volumeSizeGb\": 0, {more}}}}}}}"
        )
    };
    let project = Project::new(&config("\"bogus\": 1"));
    let said = project.run(&emulator, "validate").exits(1).warns("`bogus` is not a key of");
    assert!(said.stderr.len() < 5000 && said.stderr.contains("\"bogus\": 1"), "{said:?}");
    project.write("sindri.yaml", &config("\"env\": {\"A_TOKEN\": \"canary-of-a-file-0123\"}"));
    let said = project.run(&emulator, "plan").exits(0).warns("`A_TOKEN` contains a credential in plain text");
    assert!(!said.stderr.contains(CANARY), "{said:?}");
    project.write("sindri.yaml", BARE);
    project.write("state/default.json", &format!("{{\"format_version\": 1, \"pad\": \"{wide}\"}}}}"));
    project.run(&emulator, "state verify").exits(1).warns("state/default.json");
}
