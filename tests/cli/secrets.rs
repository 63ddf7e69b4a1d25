//! Secret values are in the pods and nowhere else.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{BARE, Emulator, KEY, Project, Said, fault, sindri};

/// A pod with a secret from the environment, one from a file, and two that no `secrets` block declares.
fn config() -> String {
    let secrets = "secrets:\n  - { name: HF_TOKEN, source: env, required: true }\n  - { name: FROM_FILE, source: file, path: secret.txt }\n";
    let env = "    env:\n      WANDB_API_TOKEN: ${OUTSIDE}\n      DOCKER_AUTH_CONFIG: ${REGISTRY_PASSWORD}\n      PLAIN: visible-value\n";
    BARE.replace("providers:\n", &format!("{secrets}providers:\n")) + env
}

/// One secret of each kind, with all characters that JSON, URLs or HTML encode; both lines of the one from a file.
const SECRETS: [&str; 6] = [KEY, TOKEN, "canary/first~line>?0", "canary+second~line=0", OUTSIDE, REGISTRY];
const TOKEN: &str = "canary \"of\" hf?t\\ken é&<>";
const FILE: &str = "canary/first~line>?0\ncanary+second~line=0\n";
const OUTSIDE: &str = "canary-of-wandb";
const REGISTRY: &str = r#"{"auths":{"canary.io":{"auth":"dXNlcjpjYW5hcnk="}}}"#;

/// All folders that commands write. Add new ones here.
const KEPT: [&str; 2] = ["state", "plans"];

fn no_secret_in(what: &str, text: &str) {
    // Ignores line breaks, so that broken secrets are found.
    let dense = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '│').collect::<String>();
    let shown = dense(text);
    for (secret, (shape, written)) in
        SECRETS.iter().flat_map(|secret| shapes(secret).into_iter().map(move |it| (secret, it)))
    {
        let written: Vec<char> = dense(&written).chars().collect();
        // Without its ends, so that an unmasked part is found too.
        let middle: String = written[4..written.len() - 4].iter().collect();
        assert!(!shown.contains(&middle), "{what} holds `{secret}` ({shape}):\n{text}");
    }
}

/// A text in the encodings that servers use.
fn shapes(text: &str) -> Vec<(&'static str, String)> {
    let json = Value::from(text).to_string();
    let twice = Value::from(json.as_str()).to_string();
    let pair = format!("user:{text}");
    let page = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let letters: Vec<char> = text.chars().collect();
    let lines: Vec<String> = letters.chunks(7).map(|line| line.iter().collect()).collect();
    vec![
        ("plain", text.to_owned()),
        ("base64", STANDARD.encode(text)),
        ("base64 without padding", STANDARD_NO_PAD.encode(text)),
        ("base64 of URLs", URL_SAFE.encode(text)),
        ("base64 of URLs without padding", URL_SAFE_NO_PAD.encode(text)),
        ("base64 with a name before it", STANDARD.encode(pair)),
        ("in a URL", utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()),
        ("in a form", small_digits(&utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%20", "+"))),
        ("in JSON", json[1..json.len() - 1].to_owned()),
        ("in JSON in JSON", twice[1..twice.len() - 1].to_owned()),
        ("in a page", page),
        ("over lines", lines.join("\n    ")),
    ]
}

/// Turns `%2F` into `%2f`.
fn small_digits(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{text}%{}{}", part[..2].to_lowercase(), &part[2..]))
}

fn every_file(folder: &Path, check: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_file(&path, check);
        } else {
            check(&path, &fs::read(&path).unwrap());
        }
    }
}

fn no_secret_kept(project: &Project) {
    for folder in KEPT.map(|folder| project.path(folder)).iter().filter(|folder| folder.exists()) {
        every_file(folder, &mut |path, bytes| {
            no_secret_in(&path.display().to_string(), &String::from_utf8_lossy(bytes));
        });
    }
}

fn hushed(config: &str) -> Project {
    let project = Project::new(config);
    project.write("secret.txt", FILE);
    project
}

fn run(project: &Project, emulator: &Emulator, words: &str) -> Said {
    let mut command = project.command(emulator, words);
    command.env("HF_TOKEN", TOKEN).env("OUTSIDE", OUTSIDE).env("REGISTRY_PASSWORD", REGISTRY);
    let said = Said::of(&mut command);
    no_secret_in(words, &said.stdout);
    no_secret_in(words, &said.stderr);
    no_secret_kept(project);
    said
}

#[test]
fn secrets_reach_the_pod_and_no_stream_file_or_plan() {
    for dialect in ["v1", "v2"] {
        let (emulator, project) = (Emulator::start(), hushed(&config()));
        let run = |words: &str| run(&project, &emulator, &format!("{words} --api {dialect}"));
        run("validate --json").exits(0);
        run("plan --full -v").exits(0).tells("HF_TOKEN").tells("visible-value");
        run("plan --json").exits(0);
        run("apply --auto-approve -v").exits(0).warns("POST");
        let pod = &emulator.pods()[0]["env"];
        assert_eq!(pod["HF_TOKEN"], TOKEN, "{dialect}");
        assert_eq!(pod["FROM_FILE"], FILE.trim_end(), "{dialect}");
        assert_eq!(pod["WANDB_API_TOKEN"], OUTSIDE, "{dialect}");
        assert_eq!(pod["DOCKER_AUTH_CONFIG"], REGISTRY, "{dialect}");
        for words in ["plan --full", "plan --json --full", "status --json", "output --json -v", "graph", "refresh -v"] {
            run(words).exits(0);
        }
        project.edit("visible-value", "another-value");
        run("plan --full").exits(0).tells("another-value");
        fs::create_dir_all(project.path("plans")).unwrap();
        run("plan --out plans/plan.json").exits(0).tells("another-value");
        for form in ["--markdown", "--html", "--json", "--full", "--id"] {
            run(&format!("show plans/plan.json {form}")).exits(0);
        }
        for form in ["--markdown --full", "--html --full", "--refresh=false --markdown", "--refresh-only"] {
            run(&format!("plan {form}")).exits(0);
        }
        run("apply plans/none.json").exits(1);
        run("apply --expect 0123456789abcdef -v").exits(5).tells("another-value");
        run("import --all").exits(0);
        // Someone copies the file's secret into another variable. The drift is reported without the value.
        let pod = emulator.pods()[0]["id"].as_str().expect("an id").to_owned();
        let env = json!({ "PLAIN": TOKEN, "HF_TOKEN": OUTSIDE, "STRANGE": REGISTRY });
        let edit = json!({ "event": "edit", "changes": { "env": env, "image": "example/image:2" } });
        assert_eq!(emulator.ask("POST", &format!("/_emu/pods/{pod}/event"), Some(edit)).0, 200);
        run("drift").exits(2).tells("example/image:2");
        for form in ["--json", "--markdown --unmanaged", "-v"] {
            run(&format!("drift {form}")).exits(2).tells("example/image:2");
        }
        run("plan --markdown").exits(0).tells("example/image:2");
        run("apply --auto-approve --json").exits(0);
    }
}

#[test]
fn a_changed_secret_is_detected_without_storing_or_showing_its_value() {
    let (emulator, project) = (Emulator::start(), hushed(&config()));
    project.write("secret.txt", "another-secret-before");
    run(&project, &emulator, "apply --auto-approve").exits(0);
    project.write("secret.txt", FILE);
    let plan = run(&project, &emulator, "plan --detailed-exitcode").exits(2).tells("FROM_FILE");
    assert!(!plan.stdout.contains("another-secret-before"), "{}", plan.stdout);
    run(&project, &emulator, "apply --auto-approve").exits(0);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
}

/// One of two pods is created. Every later command about either fails, with an answer that repeats every secret.
#[test]
fn secrets_repeated_by_an_answer_in_any_encoding_are_masked() {
    let pods = "    lifecycle: { updates: in-place }\n    pods: { made: {}, refused: {} }\n";
    let (emulator, project) = (Emulator::start(), hushed(&(config() + pods)));
    let refused = |when: Value| fault(when, json!({ "status": { "code": 400 } }));
    emulator.faults(json!([refused(json!({ "operation": "createPod", "pod": "*refused" }))]));
    run(&project, &emulator, "apply --auto-approve").exits(8);
    project.edit("visible-value", "another-value");
    let names: Vec<&str> = shapes("any text").into_iter().map(|(name, _)| name).collect();
    for (shape, name) in names.into_iter().enumerate() {
        let echoes = SECRETS.map(|secret| shapes(secret).swap_remove(shape).1);
        // A few at a time, because only the beginning of a long answer is shown.
        for echoes in echoes.chunks(3) {
            let echo = echoes.join(" and ");
            let body = json!({ "error": echo, "detail": format!("got {echo}"), "errors": [echo], "status": 400 });
            let answer = json!({ "status": { "code": 400, "body": body } });
            let writes = ["createPod", "updatePod", "deletePod"];
            let rules: Vec<Value> =
                writes.iter().map(|operation| fault(json!({ "operation": operation }), answer.clone())).collect();
            emulator.faults(json!(rules));
            for words in ["apply --auto-approve -v", "apply --auto-approve --json", "destroy --auto-approve -v"] {
                let said = run(&project, &emulator, words).exits(1);
                assert!(format!("{}{}", said.stdout, said.stderr).contains("(sensitive)"), "{name}, {words}: {said:?}");
            }
            let page = json!({ "code": 400, "contentType": "text/html", "text": format!("<html>{echo}</html>") });
            emulator.faults(json!([fault(json!({ "operation": "listPods" }), json!({ "garbage": page }))]));
            for words in ["plan -v", "status --json"] {
                let said = run(&project, &emulator, words).exits(1);
                assert!(format!("{}{}", said.stdout, said.stderr).contains("(sensitive)"), "{name}, {words}: {said:?}");
            }
        }
    }
}

#[test]
fn an_api_key_named_in_the_configuration_is_refused() {
    let (emulator, project) = (Emulator::start(), hushed(&config().replace("${OUTSIDE}", "${RUNPOD_API_KEY}")));
    run(&project, &emulator, "plan").exits(1).warns("RUNPOD_API_KEY");
    assert_eq!(emulator.requests(), Vec::<String>::new());
}

/// Credentials without a `secrets` block, recognised by name, by the form of the value, or by the position in a
/// command.
const UNDECLARED: &str = r#"    lifecycle: { updates: in-place }
    args: [serve, --api-key, canary-arg-1, --token=canary-arg-2, "postgres://u:canary-arg-3@db/x", --port, "8000"]
    entrypoint: [env, DB_PW=canary-arg-4, sh]
    env:
      SENTRY_DSN: canary-name-1
      PW: canary-name-2
      OLDPWD: canary-name-3
      SLACK_WEBHOOK: canary-name-4
      CONNECTION_STRING: canary-name-5
      STORAGE_SAS: canary-name-6
      GITHUB_PAT: canary-name-7
      PASSPHRASE: canary-name-8
      MIRROR: https://u:canary-value-1@host/x
      DOWNLOAD: https://host/x?sig=canary-value-2
      EXTRA_ARGS: --password canary-value-3
      FROM_OUTSIDE: ${DATABASE_URL}
      IN_PARTS: postgres://u:${PART}@db/x
      PLAIN: visible-value
"#;

#[test]
fn credentials_in_urls_commands_and_variables_are_hidden_like_declared_ones() {
    for dialect in ["v1", "v2"] {
        let (emulator, project) = (Emulator::start(), Project::new(&format!("{BARE}{UNDECLARED}")));
        let run = |words: &str| {
            let mut command = project.command(&emulator, &format!("{words} --api {dialect}"));
            command.env("DATABASE_URL", "canary-outside-1").env("PART", "canary-outside-2");
            let said = Said::of(&mut command);
            for text in [&said.stdout, &said.stderr] {
                assert!(!text.contains("canary"), "{words}: {text}");
            }
            for (name, bytes) in project.stored() {
                let text = String::from_utf8(bytes).expect("UTF-8");
                assert!(!text.contains("canary"), "{words}: {name} holds {text}");
            }
            said
        };
        run("validate").exits(0).warns("literal_credential").warns("`args` contains a credential");
        run("plan --full").exits(0).tells("visible-value").tells("--port").tells("(sensitive)");
        run("plan --json --full").exits(0);
        run("apply --auto-approve -v").exits(0);
        let pod = emulator.ask("GET", "/v1/pods", None).1[0].clone();
        let command = [
            "serve",
            "--api-key",
            "canary-arg-1",
            "--token=canary-arg-2",
            "postgres://u:canary-arg-3@db/x",
            "--port",
            "8000",
        ];
        assert_eq!(pod["dockerStartCmd"], json!(command), "{dialect}");
        assert_eq!(pod["dockerEntrypoint"], json!(["env", "DB_PW=canary-arg-4", "sh"]), "{dialect}");
        assert_eq!(pod["env"]["IN_PARTS"], "postgres://u:canary-outside-2@db/x");
        assert_eq!(pod["env"]["FROM_OUTSIDE"], "canary-outside-1");
        run("plan --detailed-exitcode").exits(0);
        // A changed credential is a change, and neither value is shown. An in-place update sends all the others.
        project.edit("canary-arg-1", "canary-arg-9");
        for form in ["--full", "--markdown --full", "--html --full", "--json --full", "--out plan.json"] {
            run(&format!("plan {form}")).exits(0);
        }
        assert!(!project.read("plan.json").contains("canary"), "{}", project.read("plan.json"));
        run("apply --auto-approve").exits(0);
        let pod = emulator.ask("GET", "/v1/pods", None).1[0].clone();
        assert_eq!(pod["dockerStartCmd"][2], "canary-arg-9");
        assert_eq!(pod["dockerStartCmd"][3], "--token=canary-arg-2");
        run("plan --detailed-exitcode").exits(0);
        for words in ["status --json", "output --json", "graph", "state list", "refresh -v"] {
            run(words).exits(0);
        }
        // After an outside change, the command has another credential.
        let id = pod["id"].as_str().expect("an id").to_owned();
        let edit = json!({ "event": "edit", "changes": { "cmd": ["serve", "--api-key", "canary-outside-3"] } });
        assert_eq!(emulator.ask("POST", &format!("/_emu/pods/{id}/event"), Some(edit)).0, 200);
        for form in ["", "--json", "--markdown"] {
            run(&format!("drift {form}")).exits(2);
        }
        run("refresh").exits(0);
        // An import writes only values that may be in a file.
        let other = Project::new("");
        fs::remove_file(other.path("sindri.yaml")).expect("removed");
        let said = other.run(&emulator, "import --all --name team --include-marked").exits(0);
        let written = format!("{}{}{}", said.stdout, said.stderr, other.read("sindri.yaml"));
        assert!(!written.contains("canary"), "{written}");
        assert!(written.contains("contains a credential"), "{written}");
        // The outside change has restarted the pod.
        other.run(&emulator, "wait --timeout 120s").exits(0);
        other.run(&emulator, "plan --detailed-exitcode").exits(0);
    }
}

/// A variable of any name may contain a credential. It is refused outside of `env`, where it would be shown.
#[test]
fn a_credential_in_another_field_is_refused_without_showing_it() {
    let (emulator, project) =
        (Emulator::start(), Project::new(&config().replace("volumeSizeGb: 0", "args: \"serve ${WHERE}\"")));
    let mut command = project.command(&emulator, "plan");
    command.env("WHERE", "https://u:canary-in-args@host").env("HF_TOKEN", TOKEN).env("OUTSIDE", OUTSIDE);
    let said = Said::of(command.env("REGISTRY_PASSWORD", REGISTRY)).exits(1).warns("secret_outside_env");
    assert!(!said.stderr.contains("canary-in-args"), "{}", said.stderr);
}

/// In every format of an error. `-f` is an example for all messages that repeat an argument.
#[test]
fn no_error_shows_a_credential_of_the_environment() {
    let project = Project::new(BARE);
    let secret = "canary \"of\" an-error";
    for (flags, workflow) in [(&[][..], ""), (&["--json"], ""), (&[], "true")] {
        let mut command = sindri(&project.path(""));
        command.env("MY_TOKEN", secret).env("GITHUB_ACTIONS", workflow).args(["validate", "-f", secret]).args(flags);
        let said = Said::of(&mut command).exits(1).warns("(sensitive)");
        assert!(!said.stderr.contains("canary") && !said.stderr.contains("an-error"), "{said:?}");
        assert_eq!(said.stderr.contains("::error"), !workflow.is_empty(), "{said:?}");
    }
}
