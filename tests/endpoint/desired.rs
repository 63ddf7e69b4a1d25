//! Configurations with endpoints, and the objects that they describe.

use std::fs;

use sindri::config::{Config, LoadOptions, Problem, Problems, load};
use sindri::kind::ENDPOINT;
use sindri::model::{Address, Attributes, Computed, Marker, Object, Value};

/// A file with one endpoint, `endpoint.sd`.
pub fn file(fields: &str) -> String {
    let fields = fields.replace('\n', "\n        ");
    format!("version: \"3.0\"\nname: demo\nproviders:\n  runpod:\n    endpoints:\n      sd:\n        {fields}\n")
}

/// The shortest endpoint, and further fields.
pub fn queue(fields: &str) -> String {
    file(&format!("type: queue\nimage: example/worker:1.0\ngpuType: RTX 4090\n{fields}"))
}

/// The first line of the fields in [`file`].
pub const FIRST: u32 = 7;

pub fn loaded(yaml: &str) -> Result<Config, Problems> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sindri.yaml"), yaml).unwrap();
    load(&LoadOptions { file: Some("sindri.yaml".into()), ..LoadOptions::alone(folder.path()) })
}

/// The configuration, which has no problems except warnings.
pub fn config(yaml: &str) -> Config {
    loaded(yaml).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(|problem| format!("{}: {problem}", problem.code)).collect();
        panic!("{problems:#?} in\n{yaml}")
    })
}

/// The errors of a file, or its warnings if it has no errors.
pub fn findings(yaml: &str) -> Vec<Problem> {
    match loaded(yaml) {
        Err(problems) => problems.into_iter().collect(),
        Ok(config) => config.warnings.into_iter().map(|report| report.downcast().expect("a problem")).collect(),
    }
}

pub fn sd() -> Address {
    Address::new("endpoint", "sd")
}

/// The inputs of `endpoint.sd`.
pub fn inputs(yaml: &str) -> Attributes {
    config(yaml).resources[&sd()].inputs.clone()
}

/// The object that a create with these inputs makes.
pub fn object(inputs: &Attributes, marker: Option<Marker>) -> Object {
    let mut attributes: Attributes = inputs.clone();
    attributes.retain(|name, value| name != "template" && !value.is_null());
    // RunPod shows these as null.
    for name in ["queue_delay_ms", "request_count", "min_cuda_version", "registry_auth"] {
        attributes.get_or_insert(name, Value::Null);
    }
    Object {
        kind: ENDPOINT.name,
        id: "ep1".into(),
        name: "demo-sd".into(),
        attributes,
        marker,
        status: None,
        ready: true,
        computed: Computed::default(),
    }
}
