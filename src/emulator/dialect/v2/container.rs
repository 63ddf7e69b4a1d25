//! Members of containers, which pods, templates and endpoints share (OpenAPI v2).

use serde_json::{Map, Value, json};

use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::dialect::schema::{FROM_ONE, Member, ObjectShape, Pattern, PresentMembers, TEXT, TEXTS, Type};
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::container::ContainerSettings;

pub const CONTAINER: &[Member] = &[
    ("image", TEXT),
    ("args", TEXT),
    ("cmd", TEXTS),
    ("entrypoint", TEXTS),
    ("disk", FROM_ONE),
    ("env", Type::TextMap),
    ("ports", TEXTS),
    ("registry", Type::OrNull(&TEXT)),
];

pub const PERSISTENT: ObjectShape = ObjectShape {
    members: &[&[("size", Type::Whole { min: 10, max: u64::MAX }), ("path", TEXT)]],
    required: &["size", "path"],
    min_members: 0,
};

pub const CUDA_VERSION: Pattern = Pattern { source: r"^\d+\.\d+$", holds: is_version };
pub const VERSION: Type = Type::Text { min: 0, max: usize::MAX, pattern: Some(&CUDA_VERSION) };

pub const VERSIONS: Type = Type::List { of: &VERSION, min: 0, max: usize::MAX, unique: false };

fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor))
}

/// Container disk in GB of a template or an endpoint that names none. The document does not give a default.
const DEFAULT_DISK_GB: u64 = 20;

/// The command to store after a request with any of its three members.
pub fn stored_args(current: &str, body: &PresentMembers) -> Result<String, RequestRefusal> {
    let stored = ContainerCommand::stored(current, body.text("args"), body.texts("entrypoint"), body.texts("cmd"));
    stored.ok_or_else(|| RequestRefusal::rule("args conflicts with entrypoint/cmd"))
}

/// The registry credential that a body names. An empty id means none.
pub fn registry(body: &PresentMembers) -> Option<String> {
    body.text("registry").filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The settings of a new container. `ports` defaults to none (Q33).
pub fn new_settings(body: &PresentMembers) -> Result<ContainerSettings, RequestRefusal> {
    Ok(ContainerSettings {
        image: body.text("image").unwrap_or_default().to_owned(),
        args: stored_args("", body)?,
        disk: body.whole("disk").unwrap_or(DEFAULT_DISK_GB),
        ports: body.texts("ports").unwrap_or_default(),
        env: body.text_map("env").unwrap_or_default(),
        registry: registry(body),
    })
}

/// The settings after a PATCH. Omitted members keep their value; `env` and `ports` are replaced as a whole.
pub fn patched_settings(
    current: &ContainerSettings,
    body: &PresentMembers,
) -> Result<ContainerSettings, RequestRefusal> {
    Ok(ContainerSettings {
        image: body.text("image").unwrap_or(&current.image).to_owned(),
        args: stored_args(&current.args, body)?,
        disk: body.whole("disk").unwrap_or(current.disk),
        ports: body.texts("ports").unwrap_or_else(|| current.ports.clone()),
        env: body.text_map("env").unwrap_or_else(|| current.env.clone()),
        registry: if body.has("registry") { registry(body) } else { current.registry.clone() },
    })
}

/// Adds the members of a container to a response.
pub fn show(container: &ContainerSettings, object: &mut Map<String, Value>) {
    let ContainerSettings { image, args, disk, ports, env, registry } = container;
    let ContainerCommand { entrypoint, cmd } = ContainerCommand::parse(args);
    for (name, value) in [
        ("image", json!(image)),
        ("args", json!(args)),
        ("entrypoint", json!(entrypoint)),
        ("cmd", json!(cmd)),
        ("disk", json!(disk)),
        ("ports", json!(ports)),
        ("env", json!(env)),
        ("registry", json!(registry)),
    ] {
        object.insert(name.to_owned(), value);
    }
}
