//! `sindri init`: a first configuration, ready to be tried in the sandbox.

use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::files;

const FIRST: &str = r#"# One GPU pod. `sindri plan --sandbox` shows what it comes to without an account; `sindri catalog` lists what there is.
version: "3.0"
name: my-gpu-env

deployment:
  provider: runpod
  image: runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404

providers:
  runpod:
    gpuType: "NVIDIA GeForce RTX 4090"
    containerDiskGb: 50
    volumeSizeGb: 20        # kept while the pod is stopped, lost when it is destroyed
    ports: ["8888/http", "22/tcp"]
"#;

pub fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let folder = global.directory.clone().unwrap_or_default();
    let path = global.file.clone().map_or_else(|| folder.join("sindri.yaml"), |file| folder.join(file));
    // Never over a file that is there.
    match files::create_new(&path, FIRST.as_bytes()) {
        Ok(()) => {
            console.sentences(&format!("Wrote `{}`. Next: `sindri plan --sandbox`.\n", path.display()));
            Ok(Exit::Success)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Failure::refused(
            "exists",
            format!("`{}` is there already", path.display()),
            "it was left as it is; name another file with `-f FILE`",
        )),
        Err(error) => Err(Failure::message(
            Exit::Error,
            "cannot_write",
            format!("cannot write `{}`: {error}", path.display()),
            None,
        )),
    }
}
