//! The same graph in Terraform: resources of the built-in type `terraform_data`, which need no provider and no network.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::commands::{Before, Command};
use crate::options::Options;
use crate::process::{Ended, Program, Sample};
use crate::support::large_fleet::LargeFleet;

/// What sindri gives a pod by default.
const PORTS: [&str; 2] = ["8888/http", "22/tcp"];

pub struct Terraform {
    program: PathBuf,
    folder: TempDir,
}

impl Terraform {
    /// A folder with the graph of a fleet. `None` if there is no `terraform` on the search path.
    pub fn of(options: &Options, pods: usize) -> Option<Self> {
        let program = find()?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let graph = graph(&Before::Replicas.fleet(pods), options.terraform_ports);
        fs::write(folder.path().join("main.tf.json"), graph.to_string()).expect("a writable folder");
        let terraform = Self { program, folder };
        terraform.succeed("init -input=false");
        Some(terraform)
    }

    /// Runs the counterpart of a command of sindri, if there is one.
    pub fn run(&mut self, command: &Command) -> Option<Sample> {
        match command.name {
            "plan" => {
                if !self.state().exists() {
                    self.apply();
                }
                Some(self.succeed("plan -input=false -no-color -detailed-exitcode"))
            }
            "apply" => Some(self.apply()),
            _ => None,
        }
    }

    /// Creates everything.
    fn apply(&self) -> Sample {
        // There is none before the first apply.
        let _ = fs::remove_file(self.state());
        self.succeed("apply -input=false -no-color -auto-approve")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("terraform.tfstate")
    }

    fn succeed(&self, words: &str) -> Sample {
        let program = Program {
            path: &self.program,
            folder: self.folder.path(),
            arguments: words.split_whitespace().map(str::to_owned).collect(),
            environment: vec![("CHECKPOINT_DISABLE", "1".into())],
            limit: None,
        };
        let sample = program.measure();
        assert_eq!(sample.ended, Ended::Exited(0), "terraform {words}:\n{}", program.last_words());
        sample
    }
}

/// `terraform` on the search path.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|file| file.is_file())
}

/// The version, as in `Terraform v1.11.4`.
pub fn version(program: &Path) -> String {
    let output = std::process::Command::new(program).arg("version").env("CHECKPOINT_DISABLE", "1").output();
    let text = String::from_utf8_lossy(&output.expect("terraform runs").stdout).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Volumes and the pods that mount them, one block each. Ports are attributes of their pod, or resources that depend on
/// it.
fn graph(fleet: &LargeFleet, ports_as_resources: bool) -> Value {
    let mut resources = Map::new();
    for volume in 0..fleet.volumes {
        let name = format!("fleet-data{volume}");
        let input = json!({ "name": name, "region": "US-CA-2", "size_gb": 100, "tier": "STANDARD" });
        resources.insert(format!("data{volume}"), json!({ "input": input }));
    }
    for pod in 0..fleet.pods {
        let mut input = json!({
            "name": format!("fleet-pod{pod}"), "image": fleet.image, "gpu": "NVIDIA L4", "gpu_count": 1,
            "cloud": "SECURE", "region": "US-CA-2", "container_disk_gb": 50, "ports": PORTS,
            "env": { "LOG_LEVEL": "info", "HF_TOKEN": "hf_secret" },
            "network_volume": format!("${{terraform_data.data{}.id}}", pod % fleet.volumes),
        });
        if ports_as_resources {
            input.as_object_mut().expect("an object").remove("ports");
            for (number, port) in PORTS.iter().enumerate() {
                let input = json!({ "port": port, "pod": format!("${{terraform_data.pod{pod}.id}}") });
                resources.insert(format!("port{pod}_{number}"), json!({ "input": input }));
            }
        }
        resources.insert(format!("pod{pod}"), json!({ "input": input }));
    }
    json!({ "resource": { "terraform_data": resources } })
}
