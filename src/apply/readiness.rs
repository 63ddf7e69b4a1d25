//! The conditions of `sindri wait`, and their evaluation against a list. Pure: this module names probes, others run
//! them.

use std::fmt;
use std::str::FromStr;

use crate::model::code::codes;
use crate::model::{Object, Status};
use crate::transport::probe::Probe;

/// When a pod counts as ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// RunPod shows it as ready: running, with its GPUs, and with every declared TCP port mapped.
    Running,
    /// Every declared port answers.
    Ports,
    /// Its SSH server sends its greeting.
    Ssh,
    /// A page answers, at this HTTP port or at the only one.
    Http { port: Option<u16>, path: String },
}

impl FromStr for Condition {
    type Err = String;

    /// `running`, `ports`, `ssh`, `http:/health`, `http:8000/health`.
    fn from_str(word: &str) -> Result<Self, String> {
        let page = match word {
            "running" => return Ok(Self::Running),
            "ports" => return Ok(Self::Ports),
            "ssh" => return Ok(Self::Ssh),
            _ => word.strip_prefix("http:").ok_or_else(|| {
                "the conditions are `running`, `ports`, `ssh` or `http:PATH` (`http:8000/health`)".to_owned()
            })?,
        };
        let (port, path) = page.split_at(page.find('/').unwrap_or(page.len()));
        let port = match port {
            "" => None,
            number => Some(number.parse().map_err(|_| format!("`{number}` is not a port; write `http:8000/health`"))?),
        };
        Ok(Self::Http { port, path: if path.is_empty() { "/".to_owned() } else { path.to_owned() } })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => formatter.write_str("running"),
            Self::Ports => formatter.write_str("ports"),
            Self::Ssh => formatter.write_str("ssh"),
            Self::Http { port, path } => {
                write!(formatter, "http:{}{path}", port.map(|port| port.to_string()).unwrap_or_default())
            }
        }
    }
}

/// The readiness of one pod in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodReadiness {
    Ready,
    /// Not ready yet, with the reason.
    NotYet(String),
    /// Ready once all of these probes answer.
    Probe(Vec<Probe>),
    /// Waiting cannot help.
    Never(ReadinessFailure),
}

codes! {
    /// Why waiting cannot help, as a code.
    pub enum ReadinessCode {
        AmbiguousPort,
        Errored,
        NoPort,
        NotFound,
        Stopped,
        ZeroGpu,
    }
}

/// Why waiting cannot help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessFailure {
    pub code: ReadinessCode,
    /// Follows the pod's name, for example `is stopped`.
    pub message: String,
    /// The remedy; `{pod}` is replaced with the pod's address.
    pub help: &'static str,
}

/// Evaluates the condition for `object`.
pub fn readiness(condition: &Condition, object: &Object) -> PodReadiness {
    let never =
        |code, message: &str, help| PodReadiness::Never(ReadinessFailure { code, message: message.to_owned(), help });
    match &object.status {
        Some(Status::Stopped) => return never(ReadinessCode::Stopped, "is stopped", "`sindri start {pod}` starts it"),
        Some(Status::Error) => {
            return never(
                ReadinessCode::Errored,
                "is in error",
                "`sindri apply` replaces it; its logs are in the RunPod console",
            );
        }
        Some(Status::ZeroGpu) => {
            return never(
                ReadinessCode::ZeroGpu,
                "runs without its GPU",
                "`sindri stop {pod}` and `sindri start {pod}` may bring it back",
            );
        }
        Some(Status::Terminated) => {
            return never(ReadinessCode::NotFound, "was deleted", "`sindri plan` shows its status");
        }
        _ if object.ready => {}
        Some(Status::Running) => {}
        Some(status) => return PodReadiness::NotYet(status.to_string()),
        None => return PodReadiness::NotYet("no status".to_owned()),
    }
    match condition {
        Condition::Running if object.ready => PodReadiness::Ready,
        Condition::Running => PodReadiness::NotYet(unmapped(object)),
        Condition::Ports => ports(object),
        Condition::Ssh => ssh(object),
        Condition::Http { port, path } => http(object, *port, path),
    }
}

fn unmapped(object: &Object) -> String {
    let open = object.computed.endpoints.iter().filter(|endpoint| endpoint.address.is_none());
    let ports: Vec<&str> = open.map(|endpoint| endpoint.port.as_str()).collect();
    format!("running, no public address for {} yet", ports.join(", "))
}

fn no_port(what: &str) -> PodReadiness {
    PodReadiness::Never(ReadinessFailure {
        code: ReadinessCode::NoPort,
        message: format!("exposes no {what}"),
        help: "add it to `ports` in the configuration, or wait for something else",
    })
}

fn ports(object: &Object) -> PodReadiness {
    let endpoints = &object.computed.endpoints;
    if endpoints.is_empty() {
        return no_port("port");
    }
    if endpoints.iter().any(|endpoint| endpoint.address.is_none()) {
        return PodReadiness::NotYet(unmapped(object));
    }
    let probe = |(port, address): (&str, &String)| match port.ends_with("/http") {
        true => Probe::HttpAnswers(address.clone()),
        false => Probe::Tcp(address.clone()),
    };
    let mapped = endpoints.iter().filter_map(|endpoint| Some((endpoint.port.as_str(), endpoint.address.as_ref()?)));
    PodReadiness::Probe(mapped.map(probe).collect())
}

fn ssh(object: &Object) -> PodReadiness {
    let computed = &object.computed;
    // RunPod's SSH proxy greets for every pod, so its greeting proves nothing.
    match &computed.ssh_direct {
        Some(target) => PodReadiness::Probe(vec![Probe::Ssh(format!("{}:{}", target.host, target.port))]),
        None if computed.endpoints.iter().any(|endpoint| endpoint.port == "22/tcp") => {
            PodReadiness::NotYet("running, no public address for 22/tcp yet".to_owned())
        }
        None => no_port("`22/tcp`"),
    }
}

fn http(object: &Object, port: Option<u16>, path: &str) -> PodReadiness {
    let wanted = port.map(|port| format!("{port}/http"));
    let pages: Vec<_> = object
        .computed
        .endpoints
        .iter()
        .filter(|endpoint| wanted.as_ref().map_or(endpoint.port.ends_with("/http"), |wanted| endpoint.port == *wanted))
        .collect();
    match pages.as_slice() {
        [] => no_port(&wanted.map_or_else(|| "HTTP port".to_owned(), |wanted| format!("`{wanted}`"))),
        [page] => match &page.address {
            Some(address) => PodReadiness::Probe(vec![Probe::HttpSucceeds(format!("{address}{path}"))]),
            None => PodReadiness::NotYet(unmapped(object)),
        },
        _ => PodReadiness::Never(ReadinessFailure {
            code: ReadinessCode::AmbiguousPort,
            message: "exposes several HTTP ports".to_owned(),
            help: "choose the port: `--for http:8000/health`",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, Computed, Endpoint, SshTarget};

    fn pod(status: Status, ready: bool, endpoints: &[(&str, Option<&str>)]) -> Object {
        let endpoint = |(port, address): &(&str, Option<&str>)| Endpoint {
            port: (*port).to_owned(),
            address: address.map(str::to_owned),
        };
        Object {
            kind: "pod",
            id: "p".to_owned(),
            name: String::new(),
            attributes: Attributes::new(),
            marker: None,
            status: Some(status),
            ready,
            computed: Computed { endpoints: endpoints.iter().map(endpoint).collect(), ..Computed::default() },
        }
    }

    #[test]
    fn conditions_parse_as_people_write_them() {
        let http = |port, path: &str| Ok(Condition::Http { port, path: path.to_owned() });
        assert_eq!("ssh".parse(), Ok(Condition::Ssh));
        assert_eq!("http:/health".parse(), http(None, "/health"));
        assert_eq!("http:8000/a/b?c=d".parse(), http(Some(8000), "/a/b?c=d"));
        assert_eq!("http:8000".parse(), http(Some(8000), "/"));
        assert!("http:x/health".parse::<Condition>().is_err() && "https://a".parse::<Condition>().is_err());
    }

    #[test]
    fn hopeless_pods_are_reported_at_once() {
        let code = |condition: &Condition, pod: &Object| match readiness(condition, pod) {
            PodReadiness::Never(failure) => failure.code,
            other => panic!("{other:?}"),
        };
        for (status, expected) in [
            (Status::Stopped, ReadinessCode::Stopped),
            (Status::Error, ReadinessCode::Errored),
            (Status::ZeroGpu, ReadinessCode::ZeroGpu),
        ] {
            assert_eq!(code(&Condition::Running, &pod(status, false, &[])), expected);
        }
        let bare = pod(Status::Running, true, &[]);
        let pages = [("80/http", Some("https://a")), ("81/http", Some("https://b"))];
        let several = pod(Status::Running, true, &pages);
        let page = |port| Condition::Http { port, path: "/".to_owned() };
        assert_eq!(code(&Condition::Ports, &bare), ReadinessCode::NoPort);
        assert_eq!(code(&Condition::Ssh, &bare), ReadinessCode::NoPort);
        assert_eq!(code(&page(None), &bare), ReadinessCode::NoPort);
        assert_eq!(code(&page(None), &several), ReadinessCode::AmbiguousPort);
        assert_eq!(
            readiness(&page(Some(81)), &several),
            PodReadiness::Probe(vec![Probe::HttpSucceeds("https://b/".to_owned())])
        );
    }

    #[test]
    fn pods_that_may_become_ready_are_not_ready_yet() {
        let creating = pod(Status::Creating, false, &[("22/tcp", None)]);
        assert_eq!(readiness(&Condition::Ssh, &creating), PodReadiness::NotYet("Creating".to_owned()));
        let open = pod(Status::Running, false, &[("22/tcp", None), ("80/http", Some("https://a"))]);
        let not_yet = PodReadiness::NotYet("running, no public address for 22/tcp yet".to_owned());
        for condition in [Condition::Running, Condition::Ports, Condition::Ssh] {
            assert_eq!(readiness(&condition, &open), not_yet);
        }
        let strange = pod(Status::Unknown("PAUSED".to_owned()), false, &[]);
        assert!(
            matches!(readiness(&Condition::Running, &strange), PodReadiness::NotYet(why) if why.contains("PAUSED"))
        );
    }

    #[test]
    fn every_port_and_the_pods_own_ssh_server_are_probed() {
        let ports = [("22/tcp", Some("203.0.113.7:35558")), ("80/http", Some("https://p-80.proxy.runpod.net"))];
        let mut ready = pod(Status::Running, true, &ports);
        assert_eq!(readiness(&Condition::Running, &ready), PodReadiness::Ready);
        assert_eq!(
            readiness(&Condition::Ports, &ready),
            PodReadiness::Probe(vec![
                Probe::Tcp("203.0.113.7:35558".to_owned()),
                Probe::HttpAnswers("https://p-80.proxy.runpod.net".to_owned()),
            ])
        );
        let host = "203.0.113.7".to_owned();
        ready.computed.ssh_direct = Some(SshTarget { host, port: 35558, username: "root".to_owned() });
        assert_eq!(
            readiness(&Condition::Ssh, &ready),
            PodReadiness::Probe(vec![Probe::Ssh("203.0.113.7:35558".to_owned())])
        );
    }
}
