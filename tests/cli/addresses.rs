//! Words for resources: every command with addresses accepts the same words and reports the same errors.

use serde_json::Value;

use crate::support::{BARE, Emulator, Project, Said};

/// A volume and a pod with the same name, a pod with a unique name, and replicas.
fn project() -> Project {
    let volumes =
        "    networkVolumes: { data: { sizeGb: 10, region: US-CA-2 }, cache: { sizeGb: 10, region: US-CA-2 } }\n";
    let pods = "    pods: { data: {}, trainer: {}, worker: { replicas: 2 } }\n";
    Project::new(&format!("{BARE}{volumes}{pods}"))
}

fn applied() -> (Emulator, Project) {
    let (emulator, project) = (Emulator::start(), project());
    project.run(&emulator, "apply -y").exits(0);
    (emulator, project)
}

/// The words of an error without its line breaks.
fn flat(said: &Said) -> String {
    said.stderr.split_whitespace().filter(|word| *word != "\u{2502}").collect::<Vec<_>>().join(" ")
}

/// Every command that takes an address, where `WORD` stands for it.
const COMMANDS: [&str; 11] = [
    "plan --target WORD",
    "apply -y --target WORD",
    "plan --replace WORD",
    "plan --destroy --target WORD",
    "destroy -y WORD",
    "status WORD",
    "wait WORD",
    "stop WORD",
    "start WORD",
    "state show WORD",
    "connect --print WORD",
];

#[test]
fn a_name_alone_is_enough_for_every_command() {
    let (emulator, project) = applied();
    let id = project.id("pod.trainer");
    for words in ["plan --target trainer", "plan --replace trainer", "plan --destroy --target trainer"] {
        project.run(&emulator, words).exits(0);
    }
    project.run(&emulator, "plan --replace trainer").tells("1 replace");
    project.run(&emulator, "plan --destroy --target trainer").tells("Plan: 1 destroy, ");
    project.run(&emulator, "status trainer").exits(0).tells("1 resource: ");
    project.run(&emulator, "wait trainer").exits(0);
    assert_eq!(project.run(&emulator, "output trainer.id").exits(0).stdout.trim(), id);
    project.run(&emulator, "stop trainer").exits(0).tells("Stopped 1 pod");
    project.run(&emulator, "start trainer").exits(0).tells("Started 1 pod");
    assert_eq!(project.run(&emulator, "state show trainer").exits(0).json()["id"], Value::from(id.clone()));
    // The new name of a volume needs no kind either.
    project
        .run(&emulator, "state mv cache store")
        .exits(0)
        .tells("`network_volume.cache` is now `network_volume.store`");
    project.run(&emulator, "state mv network_volume.store cache").exits(0);
    project.run(&emulator, "state rm trainer").exits(0).tells("Forgot `pod.trainer`");
    project.run(&emulator, &format!("import trainer {id}")).exits(0);
    assert_eq!(project.id("pod.trainer"), id);
    project.run(&emulator, "destroy -y trainer").exits(0).tells("Destroyed 1 pod in ");
    assert!(emulator.pods().iter().all(|pod| pod["id"] != id.as_str()));
    assert_eq!(emulator.pods().len(), 3, "nothing else is destroyed");
}

#[test]
fn a_name_without_a_number_means_all_replicas() {
    let (emulator, project) = applied();
    project.run(&emulator, "status worker").exits(0).tells("2 resources: ");
    project.run(&emulator, "plan --replace worker").exits(0).tells("2 replace");
    project.run(&emulator, "stop worker").exits(0).tells("Stopped 2 pods");
    for words in ["connect --print worker", "state show worker", "state rm worker", "state mv worker other"] {
        let said = project.run(&emulator, words).exits(64);
        assert!(flat(&said).contains("choose one of `pod.worker[0,1]`"), "{words}: {}", said.stderr);
    }
    project.run(&emulator, "destroy -y worker[1]").exits(0).tells("Destroyed 1 pod in ");
    project.run(&emulator, "destroy -y pod.worker").exits(0).tells("Destroyed 1 pod in ");
}

#[test]
fn a_name_of_several_kinds_is_refused_with_the_full_addresses() {
    let (emulator, project) = applied();
    let writes = emulator.writes();
    let pods_alone =
        |words: &str| ["wait", "stop", "start", "connect"].iter().any(|command| words.starts_with(command));
    for words in COMMANDS.iter().filter(|words| !pods_alone(words)).chain(&["state rm WORD", "import WORD x"]) {
        let said = project.run(&emulator, &words.replace("WORD", "data")).exits(64);
        let help = "write the full address: `network_volume.data` or `pod.data`; nothing was changed";
        assert!(flat(&said).contains(help), "{words}: {}", said.stderr);
    }
    assert_eq!(emulator.writes(), writes);
    // Commands for pods know the kind.
    project.run(&emulator, "stop data").exits(0).tells("Stopped 1 pod");
    project.run(&emulator, "output data.id").exits(64).warns("`network_volume.data.id` or `pod.data.id`");
    project.run(&emulator, "destroy -y pod.data").exits(0).tells("Destroyed 1 pod in ");
    project.run(&emulator, "status data").exits(0).tells("network_volume.data");
}

#[test]
fn an_unknown_name_has_one_error_with_close_names() {
    let (emulator, project) = applied();
    let writes = emulator.writes();
    for words in COMMANDS.iter().chain(&["state rm WORD", "state mv WORD other", "import WORD x"]) {
        for word in ["trainr", "pod.trainr"] {
            let said = project.run(&emulator, &words.replace("WORD", word)).exits(1);
            let text = flat(&said);
            for part in [&format!("`{word}` is n"), "did you mean `pod.trainer`?", "nothing was changed"] {
                assert!(text.contains(part), "{words}: no `{part}` in {}", said.stderr);
            }
            let lists = ["`sindri state list`", "`sindri plan --full`", "declare it first"];
            assert!(lists.iter().any(|list| text.contains(list)), "{words}: {}", said.stderr);
        }
        let json =
            Said::of(&mut project.command(&emulator, &format!("{} --json", words.replace("WORD", "pod.trainr"))));
        let error: Value = serde_json::from_str(&json.stderr).expect("one object");
        assert_eq!(
            (&error["code"], &error["address"]),
            (&"sindri::cli::not_found".into(), &"pod.trainr".into()),
            "{words}"
        );
        project.run(&emulator, &words.replace("WORD", "x:y:z")).exits(64).warns("not an address");
    }
    assert_eq!(emulator.writes(), writes);
}

#[test]
fn a_port_is_not_destroyed_alone() {
    let (emulator, project) = (Emulator::start(), Project::new(&format!("{BARE}    ports: [22/tcp]\n")));
    project.run(&emulator, "apply -y").exits(0);
    for words in ["destroy -y port.bare:22/tcp", "destroy -y bare:22/tcp", "plan --destroy --target bare:22/tcp"] {
        project.run(&emulator, words).exits(1).warns("cannot be destroyed separately");
    }
}

#[test]
fn close_names_of_a_large_project_are_few() {
    let pods: Vec<String> = (0..120).map(|number| format!("worker{number}: {{}}")).collect();
    let project = Project::new(&format!("{BARE}    pods: {{ {} }}\n", pods.join(", ")));
    for word in ["workr", "zzz"] {
        let said = project.run(&Emulator::start(), &format!("plan --target {word}")).exits(1);
        assert!(said.stderr.matches("`pod.").count() <= 3, "{}", said.stderr);
    }
}
