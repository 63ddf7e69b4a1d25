//! A server that is not RunPod: every command ends in time, shows nothing that rewrites a terminal, and changes
//! nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sindri::render::style::is_harmful;

use crate::support::{BARE, KEY, Project, Said, sindri};

/// A server with arbitrary answers that records the requests. Its threads end with the process.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

type Behaviour = dyn Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync;

impl Server {
    fn start(behaviour: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, behaviour) = (Arc::clone(&requests), Arc::new(behaviour));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, behaviour) = (Arc::clone(&seen), Arc::clone(&behaviour));
                // The thread ends when the client closes the connection.
                std::thread::spawn(move || connection(stream, &seen, &*behaviour));
            }
        });
        Self { url, requests }
    }

    /// Answers with JSON.
    fn json(answer: impl Fn(&str) -> Value + Send + Sync + 'static) -> Self {
        Self::start(move |request, stream| {
            let body = answer(request).to_string();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        })
    }

    fn run(&self, project: &Project, words: &str) -> Said {
        let mut command = sindri(&project.path(""));
        command.args(["--api-url", &self.url]).args(words.split_whitespace()).env("RUNPOD_API_KEY", KEY);
        Said::of(&mut command)
    }

    fn count(&self) -> usize {
        self.requests.lock().expect("no panic").len()
    }
}

fn connection(mut stream: TcpStream, seen: &Mutex<Vec<String>>, behaviour: &Behaviour) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let request = first.rsplit_once(' ').map_or("", |(request, _)| request).to_owned();
        seen.lock().expect("no panic").push(request.clone());
        behaviour(&request, &mut stream)?;
    }
}

#[track_caller]
fn nothing_harmful_in(what: &str, said: &Said) {
    for text in [&said.stdout, &said.stderr] {
        let harmful = text.chars().find(|character| is_harmful(*character) && !matches!(character, '\n' | '\t'));
        assert_eq!(harmful, None, "{what}:\n{text}");
        assert!(!text.contains(KEY), "{what} shows the key:\n{text}");
    }
}

#[test]
fn endless_bodies_and_lists_end_in_an_error_that_names_the_request() {
    let endless = Server::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")?;
        let part = [b"100000\r\n".to_vec(), vec![b' '; 1 << 20], b"\r\n".to_vec()].concat();
        loop {
            stream.write_all(&part)?;
        }
    });
    let cursors = Mutex::new(0);
    let lists = Server::json(move |_| {
        let mut count = cursors.lock().expect("no panic");
        *count += 1;
        let next = json!({ "hasNextPage": true, "nextCursor": format!("c{count}") });
        json!({ "pods": [], "networkVolumes": [], "pagination": next })
    });
    for (server, most) in [(endless, 2), (lists, 6)] {
        let project = Project::new(BARE);
        for words in ["plan", "apply --auto-approve", "status --json"] {
            let (start, before) = (Instant::now(), server.count());
            let said = server.run(&project, words).exits(1).warns("malformed_reply").warns("GET /v2/");
            said.warns("changed nothing");
            assert!(server.count() - before <= most, "{words}: {:?}", server.requests);
            assert!(start.elapsed() < Duration::from_secs(60), "{words}");
        }
        assert_eq!(project.stored(), vec![]);
    }
}

/// Every kind of character that may rewrite a terminal, in every text of an answer.
#[test]
fn no_text_of_an_answer_reaches_a_terminal_or_a_comment_unescaped() {
    const EVIL: &str = "e\u{1b}]0;x\u{7}\u{1b}[2J\u{9b}31m\r\u{8}\u{202e}\u{2066}\u{200b}\u{200d}\u{2028}\u{feff}\u{e0041}\u{0}`<!-- -->|##[x]";
    let text = || format!("{EVIL}{KEY}");
    let pod = move |id: &str| {
        json!({
            "id": id, "name": text(), "status": text(), "actions": [text()], "image": text(), "args": text(), "disk": 20,
            "mounts": { "persistent": { "size": 5, "path": text() }, "network": [{ "volumeId": text(), "path": text() }] },
            "ports": [text(), "8888/http"], "env": { text(): text(), "SINDRI_RESOURCE": text() }, "registry": text(),
            "gpu": { "id": text(), "count": 1 }, "cpu": { "id": text(), "vcpuCount": 2 }, "cloud": text(),
            "dataCenterId": text(), "cudaVersion": text(), "template": text(), "cost": 1e300, "locked": true,
            "ssh": { "direct": { "host": text(), "port": 22, "username": text() },
                     "proxy": { "host": text(), "port": 22, "username": text() } },
            "runtime": { "uptime": 1e300, "ports": [{ "private": 22, "public": 22, "type": "tcp", "ip": text() }] },
            "createdAt": text(), "startedAt": text(),
        })
    };
    let volume =
        move || json!({ "id": "v1", "name": text(), "size": 1e300, "dataCenter": text(), "dataCenterId": text() });
    let mine = Arc::new(Mutex::new(Value::Null));
    let made = Arc::clone(&mine);
    let server = Server::start(move |request, stream| {
        let (status, body) = match request {
            "GET /v2/pods?limit=1000" => {
                let mut pods = vec![pod("other")];
                pods.extend(made.lock().expect("no panic").as_object().map(|_| pod("mine")));
                (200, json!({ "pods": pods }))
            }
            "GET /v2/network-volumes" => (200, json!({ "networkVolumes": [volume()] })),
            "GET /v2/pods/mine" => (200, pod("mine")),
            "POST /v2/pods" => {
                *made.lock().expect("no panic") = json!({});
                (201, pod("mine"))
            }
            _ => (400, json!({ "detail": text(), "errors": [text()], "title": text() })),
        };
        let body = body.to_string();
        // Characters that a header cannot contain do not arrive.
        let evil: String = EVIL.chars().filter(|character| !character.is_ascii_control()).collect();
        let head = format!("HTTP/1.1 {status} X\r\nx-request-id: {evil}\r\nratelimit: \"{evil}\";r=5;t=1");
        let head = format!("{head}\r\ncontent-length: {}", body.len());
        write!(stream, "{head}\r\n\r\n{body}")
    });
    let project = Project::new(&BARE.replace(
        "volumeSizeGb: 0",
        "volumeSizeGb: 0\n    lifecycle: { updates: in-place }\n    timeouts: { create: 3s }",
    ));
    let said = server.run(&project, "apply --auto-approve");
    nothing_harmful_in("apply", &said);
    assert!(said.stdout.contains("mine"), "{}\n{}", said.stdout, said.stderr);
    for words in [
        "plan",
        "plan --full",
        "plan --json",
        "plan --markdown",
        "plan --markdown --full",
        "plan --html",
        "plan --refresh-only",
        "drift",
        "drift --json",
        "drift --markdown --unmanaged",
        "status",
        "status --json",
        "output",
        "output --json",
        "output pod.bare.name",
        "connect --print",
        "connect",
        "import --all",
        "refresh",
        "stop",
        "start",
        "import pod.other other",
        "apply --auto-approve --json",
        "wait --timeout 1s",
        "destroy --auto-approve",
        "graph",
        "state list",
    ] {
        let said = server.run(&project, words);
        assert!(said.code.is_some_and(|code| (0..=9).contains(&code)), "{words}: {said:?}");
        assert!(!said.stderr.contains("panicked"), "{words}: {}", said.stderr);
        nothing_harmful_in(words, &said);
    }
    for (name, bytes) in project.stored() {
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(!text.contains(KEY), "{name} holds the key:\n{text}");
        assert!(!text.contains(|character| is_harmful(character) && character != '\n'), "{name}:\n{text}");
    }
}
