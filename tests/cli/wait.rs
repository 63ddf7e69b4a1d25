//! `sindri wait` with the built binary: its conditions, its results, and that it changes nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::interrupt::{has_recorded_a_create, spawn};
use crate::support::{BARE, Emulator, KEY, Project, Said, signal, sindri, until};

const APPLY: &str = "apply --auto-approve";

/// A pod whose image takes half an hour to pull.
fn slow() -> String {
    BARE.replace("example/image:1", "emulator/slow:1")
}

/// A project whose apply was killed while it waited for `pod.bare`.
fn killed(emulator: &Emulator) -> Project {
    let project = Project::new(&slow());
    let mut first = spawn(&project, emulator, APPLY);
    until("the create is recorded", || has_recorded_a_create(&project));
    first.kill().unwrap();
    first.wait().unwrap();
    project
}

#[test]
fn running_pods_are_ready_and_nothing_is_written() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let (state, writes) = (project.read("state/default.json"), emulator.writes());
    project.run(&emulator, "wait").exits(0).tells("1 pod is ready (running).");
    let said = project.run(&emulator, "wait bare --json").exits(0).json();
    assert_eq!(
        (&said["ready"], &said["for"], &said["pods"][0]["address"]),
        (&json!(true), &json!("running"), &json!("pod.bare"))
    );
    // The state suffices: neither a broken block nor a variable that is not set interferes.
    project.write("sindri.yaml", &BARE.replace("gpuType: NVIDIA RTX A4000", "gpuType: ${UNSET}\n    gpuTipe: 7"));
    project.run(&emulator, "wait").exits(0);
    assert_eq!((project.read("state/default.json"), emulator.writes()), (state, writes));
}

#[test]
fn pods_not_ready_in_time_are_listed_with_their_status() {
    let emulator = Emulator::start();
    let project = killed(&emulator);
    let said = project.run(&emulator, "wait --timeout 2s").exits(1).warns("was not ready after 2s: Creating");
    assert!(said.stderr.contains("pod.bare: waiting for"), "{}", said.stderr);
    let said = project.run(&emulator, "wait --timeout 1s --json").exits(1).warns("not_ready");
    assert_eq!((&said.json()["ready"], &said.json()["pods"][0]["shows"]), (&json!(false), &json!("Creating")));
    emulator.ask("POST", "/_emu/clock", Some(json!({ "advance": 3_600 })));
    project.run(&emulator, "wait").exits(0).tells("1 pod is ready");
    project.run(&emulator, APPLY).exits(0).tells("No changes");
}

#[test]
fn waiting_ends_at_once_if_it_cannot_help() {
    let (emulator, project) = (Emulator::start(), Project::new(&format!("{BARE}    ports: [22/tcp]\n")));
    project.run(&emulator, "wait").exits(0).tells("Nothing to wait for");
    project.run(&emulator, APPLY).exits(0);
    project.run(&emulator, "wait --for http:/health").exits(1).warns("exposes no HTTP port");
    project.run(&emulator, "stop").exits(0);
    project.run(&emulator, "wait").exits(0).tells("Nothing to wait for");
    project.run(&emulator, "wait bare").exits(1).warns("is stopped").warns("sindri start pod.bare");
    project.run(&emulator, "wait nothing").exits(1).warns("`nothing` is not recorded");
    project.run(&emulator, "wait --for tea").exits(64).warns("`running`, `ports`, `ssh` or `http:PATH`");
}

#[test]
fn a_pod_whose_servers_do_not_answer_is_not_ready() {
    // The emulator uses addresses that are reserved for documentation, so no real server is contacted.
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    for condition in ["ssh", "ports"] {
        let said = project.run(&emulator, &format!("wait --for {condition} --timeout 3s")).exits(1);
        assert!(said.stderr.contains("was not ready after 3s"), "{}", said.stderr);
    }
}

#[test]
fn a_wait_can_be_interrupted() {
    let emulator = Emulator::start();
    let project = killed(&emulator);
    let waiting = spawn(&project, &emulator, "wait --timeout 1h");
    let lists = emulator.requests().len();
    until("it looks again", || emulator.requests().len() > lists + 2);
    signal(&waiting, "INT");
    Said::from(waiting.wait_with_output().unwrap()).exits(130).warns("interrupted while waiting");
}

/// An API that shows every public address of a pod as `127.0.0.1:port`, and forwards everything else.
fn mapped_to(emulator: Arc<Emulator>, port: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let emulator = Arc::clone(&emulator);
            std::thread::spawn(move || pass_on(&emulator, stream, port));
        }
    });
    url
}

fn pass_on(emulator: &Emulator, stream: TcpStream, port: u16) {
    let mut reader = BufReader::new(&stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        match line.trim() {
            "" => break,
            line => lines.push(line.to_lowercase()),
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let [method, path, ..] = lines[0].split(' ').collect::<Vec<_>>()[..] else { return };
    let (status, mut answer) = emulator.ask(&method.to_uppercase(), path, serde_json::from_slice(&body).ok());
    map(&mut answer, port);
    let text = if answer.is_null() { String::new() } else { answer.to_string() };
    let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\n");
    let _ = write!(&stream, "{head}content-length: {}\r\n\r\n{text}", text.len());
}

fn map(answer: &mut Value, port: u16) {
    match answer {
        Value::Array(items) => items.iter_mut().for_each(|item| map(item, port)),
        Value::Object(members) => {
            for (host, number) in [("ip", "public"), ("host", "port")] {
                if members.contains_key(host)
                    && members.contains_key(number)
                    && members.get("type") != Some(&json!("http"))
                {
                    members.insert(host.to_owned(), json!("127.0.0.1"));
                    members.insert(number.to_owned(), json!(port));
                }
            }
            members.values_mut().for_each(|member| map(member, port));
        }
        _ => {}
    }
}

#[test]
fn a_pod_whose_servers_answer_is_ready() {
    let emulator = Arc::new(Emulator::start());
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let url = mapped_to(Arc::clone(&emulator), port);
    let project = Project::new(&format!("{BARE}    ports: [22/tcp]\n"));
    let run = |words: &str| {
        let mut command = sindri(&project.path(""));
        command.args(["--api-url", &url]).args(words.split_whitespace()).env("RUNPOD_API_KEY", KEY);
        Said::of(&mut command)
    };
    run(APPLY).exits(0).tells(&format!("127.0.0.1 -p {port}"));
    // Connections are accepted from the start, but the server sends its greeting only when it is served.
    run("wait --for ports --timeout 1m").exits(0).tells("1 pod is ready (ports)");
    let late = run("wait --for ssh --timeout 1s").exits(1);
    late.warns("was not ready after 1s: its servers have not answered yet");
    std::thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n");
        }
    });
    run("wait --for ssh --timeout 1m").exits(0).tells("1 pod is ready (ssh)");
    let said = run("wait bare --for ssh --json").exits(0).json();
    assert_eq!((&said["ready"], &said["for"]), (&json!(true), &json!("ssh")));
}
