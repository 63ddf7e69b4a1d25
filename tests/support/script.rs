//! A transport that answers from a script and records the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value as Json;
use sindri::model::{Address, Attributes, Dialect, Marker, Secret, Value, ValueMap};
use sindri::runpod::{ApiKey, ApiOrigin, Client};
use sindri::transport::{Reply, Request, Transport, TransportError};

pub const KEY: &str = "rpa_canary_key";
pub const SECRET: &str = "canary-secret-9f2";

/// A scripted server's reaction to one request.
#[derive(Clone)]
pub enum Answer {
    Reply(u16, Vec<(&'static str, String)>, String),
    NotSent,
    Lost,
}

pub fn json(status: u16, body: &Json) -> Answer {
    Answer::Reply(status, vec![("x-request-id", "req-7".to_owned())], body.to_string())
}

pub fn text(status: u16, body: &str) -> Answer {
    Answer::Reply(status, Vec::new(), body.to_owned())
}

#[derive(Default)]
pub struct Script {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
}

impl Script {
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), requests: Mutex::default() })
    }

    /// One line per request, such as `POST /v2/pods`.
    pub fn asked(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| format!("{} {}", request.method.word(), request.path)).collect()
    }

    pub fn body(&self, index: usize) -> Json {
        let requests = self.requests.lock().unwrap();
        requests[index].body.as_ref().map_or(Json::Null, |body| serde_json::from_slice(body).unwrap())
    }

    pub fn header(&self, index: usize, name: &str) -> Option<String> {
        let requests = self.requests.lock().unwrap();
        requests[index].headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Reply, TransportError> {
        self.requests.lock().unwrap().push(request);
        let origin = "https://api.runpod.io".to_owned();
        match self.answers.lock().unwrap().pop_front().expect("a request that the script does not know") {
            Answer::Reply(status, headers, body) => {
                let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                Ok(Reply { status, headers, body: body.into() })
            }
            Answer::NotSent => Err(TransportError::NotSent { origin, reason: "refused".into() }),
            Answer::Lost => Err(TransportError::NoAnswer { origin, reason: "reset".into() }),
        }
    }
}

pub fn client(transport: &Arc<Script>, dialect: Dialect) -> Client {
    let key = ApiKey::find(
        &ApiOrigin::of(dialect),
        |name| (name == "RUNPOD_API_KEY").then(|| KEY.to_owned()),
        |_| unreachable!("the key is in the variable"),
    );
    Client::new(transport.clone(), key.unwrap(), dialect).with_seed(7)
}

pub fn marker() -> Marker {
    Marker {
        lineage: "4f1c".into(),
        name: "my-sindri-gpu".into(),
        environment: "default".into(),
        address: Address::new("pod", "main"),
        operation: "7".into(),
    }
}

pub fn attributes(pairs: &[(&str, Value)]) -> Attributes {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

pub fn env(pairs: &[(&str, &str)]) -> Value {
    Value::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::Secret(Secret::new(*value)))).collect())
}

/// The pod of the contract's section 3.9, with every attribute as a configuration gives it.
pub fn pod() -> Attributes {
    attributes(&[
        ("name", "my-sindri-gpu".into()),
        ("image", "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404".into()),
        ("cloud", "SECURE".into()),
        ("gpu_types", Value::texts(["NVIDIA GeForce RTX 4090"])),
        ("gpu_count", Value::Int(1)),
        ("cpu_flavors", Value::List(vec![].into())),
        ("vcpu_count", Value::Null),
        ("regions", Value::texts(["US-CA-2"])),
        ("min_ram_gb_per_gpu", Value::Int(16)),
        ("min_vcpu_per_gpu", Value::Int(4)),
        ("cuda_versions", Value::List(vec![].into())),
        ("container_disk_gb", Value::Int(50)),
        ("volume_gb", Value::Int(20)),
        ("volume_mount_path", "/workspace".into()),
        ("network_volume", Value::Null),
        ("ports", Value::texts(["8888/http", "22/tcp"])),
        ("env", Value::Map(ValueMap::new())),
        ("entrypoint", Value::List(vec![].into())),
        ("command", Value::List(vec![].into())),
        ("registry_auth", Value::Null),
        ("locked", Value::Bool(false)),
        ("global_networking", Value::Bool(false)),
        ("template", Value::Null),
        ("start_ssh", Value::Bool(false)),
        ("spot", Value::Bool(false)),
        ("public_ip", Value::Bool(false)),
    ])
}

/// [`pod`] with some attributes replaced.
pub fn pod_with(pairs: &[(&str, Value)]) -> Attributes {
    let mut pod = pod();
    pod.extend(attributes(pairs));
    pod
}
