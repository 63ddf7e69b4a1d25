//! Configurations with endpoints, and the objects that they describe.

use std::fs;

use sindri::config::{Config, LoadOptions, Problem, Problems, load};
use sindri::model::{Address, Attributes};

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
