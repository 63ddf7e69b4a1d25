//! Fields of a container, which pods, templates and endpoints spell alike.

use crate::config::table::{Field, ValueShape};

pub(super) const ARGS: Field =
    Field::new("args", ValueShape::Line, "The command, as a shell-style line or a list of words.")
        .aliases(&["command", "dockerStartCmd"])
        .sets("command")
        .like(r#"args: ["python", "train.py"]"#);

pub(super) const ENTRYPOINT: Field =
    Field::new("entrypoint", ValueShape::Line, "The entrypoint, as a shell-style line or a list of words.")
        .aliases(&["dockerEntrypoint"])
        .sets("entrypoint")
        .like(r#"entrypoint: ["python"]"#);

pub(super) const ENV: Field =
    Field::new("env", ValueShape::Variables, "Environment variables.").sets("env").like("env: { LOG_LEVEL: info }");

pub(super) const REGISTRY: Field =
    Field::new("registry", ValueShape::Id, "One of `registries` by name, for a private image.")
        .sets("registry_auth")
        .like("registry: ghcr");

pub(super) const REGISTRY_AUTH: Field =
    Field::new("registryAuth", ValueShape::Id, "Id of a registry credential of the account.")
        .aliases(&["registryAuthId", "containerRegistryAuthId"])
        .sets("registry_auth");
