//! Reads `endpoints`.

use super::fields;
use super::hardware;
use super::scaling::{routing, scaling};
use super::volumes::volumes;
use crate::config::config_kind::KindSection;
use crate::config::context::Project;
use crate::config::document::{Data, MappingEntry, YamlNode, merge};
use crate::config::draft::{Declared, LifecycleSettings, ResourceDraft};
use crate::config::environment;
use crate::config::kinds::pod::command::command;
use crate::config::kinds::pod::ports::ports;
use crate::config::kinds::pod::read::{MovingImage, set_image, set_registry};
use crate::config::kinds::template::{MergedFields, TakesFields, merged};
use crate::config::lifecycle::lifecycle;
use crate::config::problem::Findings;
use crate::config::quantity::duration;
use crate::config::source::Span;
use crate::kind::ENDPOINT;
use crate::model::{Address, ProblemCode, Timeouts, Value};

/// In GB.
const CONTAINER_DISK_GB: i64 = 20;

/// All declared endpoints.
pub(super) fn endpoints(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    section.declarations().iter().map(|entry| endpoint(entry, project, findings)).collect()
}

fn endpoint(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) -> Declared {
    let (key, at) = (&entry.key, entry.key_span);
    let empty = YamlNode { span: entry.value.span, data: Data::Map(Vec::new()) };
    let MergedFields { node, template } = &merged(&entry.value, empty, &TAKES_FIELDS, project, findings);
    let mut draft = ResourceDraft::new(&ENDPOINT);
    template.iter().cloned().for_each(|address| draft.need(address));
    let name = node.get("name");
    draft.set(
        "name",
        Value::text(name.and_then(YamlNode::text).map_or_else(|| project.standard_name(key), str::to_owned)),
        name.map_or(project.name_span, |node| Some(node.span)),
    );
    let routing = routing(node, at, &mut draft, findings);
    hardware::choose(node, at, project, &mut draft, findings);
    scaling(node, routing, &mut draft, findings);
    volumes(node, project, &mut draft, findings);
    container(node, at, project, &mut draft, findings);
    draft.refuse_unsupported(project.dialect, at, findings);
    draft.keep_limits(project.dialect, &fields::BLOCK, at, |attribute| !CHECKED.contains(&attribute), findings);
    let settings = LifecycleSettings {
        power: None,
        lifecycle: lifecycle(node.get("lifecycle"), &ENDPOINT, &fields::BLOCK, findings),
        timeouts: Timeouts { rollout: rollout(node, findings), ..Timeouts::default() },
    };
    draft.finish(Address::new(ENDPOINT.name, key), settings, at, findings)
}

/// Attributes that were checked where individual items have positions.
const CHECKED: [&str; 8] = [
    "env",
    "ports",
    "cuda_versions",
    "min_cuda_version",
    "queue_delay_ms",
    "idle_timeout_seconds",
    "workers_min",
    "workers_max",
];

/// An endpoint takes the fields of its template that describe its container. Workers without GPUs have no CUDA version.
static TAKES_FIELDS: TakesFields = TakesFields {
    inherit,
    takes: |endpoint, field| match field {
        "cudaVersions" => endpoint.get("cpuInstanceId").is_none(),
        "image" | "args" | "entrypoint" | "env" | "ports" | "registry" | "registryAuth" | "containerDiskGb" => true,
        _ => false,
    },
};

/// Lays `own` over `defaults`: mappings merge, other values replace, and a field removes those that it excludes.
fn inherit(mut defaults: YamlNode, own: &YamlNode) -> YamlNode {
    const EXCLUDED: [(&str, &str); 4] = [
        ("registry", "registryAuth"),
        ("registryAuth", "registry"),
        ("minCuda", "cudaVersions"),
        ("allowedCuda", "cudaVersions"),
    ];
    if let Data::Map(entries) = &mut defaults.data {
        entries.retain(|entry| {
            !EXCLUDED.iter().any(|(field, excluded)| entry.key == *excluded && own.get(field).is_some()) //
        });
    }
    merge(defaults, own.clone())
}

/// How long an apply waits for a release; `None` if it does not.
fn rollout(node: &YamlNode, findings: &mut Findings) -> Option<std::time::Duration> {
    let wait = node.get("rollout")?.get("wait")?;
    let time = duration(wait)?;
    if time.is_zero() {
        findings
            .error(ProblemCode::ZeroTimeout, wait.span, "`rollout.wait` must be longer than zero")
            .help("remove `rollout` if an apply should not wait for releases");
    }
    Some(time)
}

/// The settings of the workers' container.
fn container(node: &YamlNode, at: Span, project: &Project<'_>, draft: &mut ResourceDraft, findings: &mut Findings) {
    if let Some(template) = node.get("templateId") {
        draft.set("template", Value::text(template.text().unwrap_or_default()), Some(template.span));
    }
    set_registry(node, project, draft, findings);
    let from_template = !draft.get("template").is_null();
    image_of_workers(node, at, from_template, draft, findings);
    let disk = node.get("containerDiskGb");
    let disk_gb = disk.and_then(YamlNode::int).or((!from_template).then_some(CONTAINER_DISK_GB));
    draft.set("container_disk_gb", disk_gb.map_or(Value::Null, Value::Int), disk.map(|node| node.span));
    let listed = node.get("ports");
    if listed.is_some() || !from_template {
        let open = ports(node, true, findings);
        draft.set("ports", Value::texts(open.iter().map(|port| port.text())), listed.map(|node| node.span));
    }
    command(node, draft, findings);
    environment::set_variables(draft, &[&project.secrets], node.entry("env"), at, project, findings);
}

const PULLED_BY_RELEASES: MovingImage = MovingImage {
    message: "a release does not pull an image again that has the same name",
    help: "pin a version tag or a digest; a new one is a release that reaches all workers",
};

fn image_of_workers(
    node: &YamlNode,
    at: Span,
    from_template: bool,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let Some(image) = node.get("image") else {
        if !from_template {
            findings
                .missing(
                    &["image", "template", "templateId"],
                    ProblemCode::MissingImage,
                    at,
                    "the endpoint has no image",
                )
                .help("write `image: ghcr.io/owner/worker:1.2.3`");
        }
        return;
    };
    set_image(image, PULLED_BY_RELEASES, draft, findings);
}
