//! Turns the fields of a pod into resources: the pod and its ports.

use ecow::EcoVec;

use super::command::command;
use super::fields::{self, POD_FIELDS};
use super::image::{self, NoReference, Reference};
use super::legacy;
use super::machine::{self, MachineFields};
use super::ports::ports;
use super::storage::{is_from_template, storage};
use crate::catalog::Cloud;
use crate::config::config_kind::KindSection;
use crate::config::context::Project;
use crate::config::document::{Data, MappingEntry, YamlNode, merge};
use crate::config::draft::{Declared, LifecycleSettings, ResourceDraft};
use crate::config::environment;
use crate::config::kinds::registry;
use crate::config::kinds::template::{MergedFields, TakesFields, merged};
use crate::config::lifecycle::{lifecycle, timeouts};
use crate::config::problem::Findings;
use crate::config::source::Span;
use crate::kind::{POD, PORT};
use crate::model::{Address, Dialect, Power, ProblemCode, Value};

/// Applies a pod's fields to its defaults: mappings merge, other values replace.
///
/// A field also removes the defaults that it excludes: a pod with `cpuOnly: true` has no default GPU.
fn inherit(mut defaults: YamlNode, own: &YamlNode) -> YamlNode {
    const GPU: &[&str] = &["gpuType", "gpuCount", "cudaVersions", "globalNetworking"];
    const CPU: &[&str] = &["cpuOnly", "cpuInstanceId", "cpuFlavor", "vcpuCount"];
    const STORAGE: &[&str] = &["networkVolume", "networkVolumeId", "volumeSizeGb"];
    let taken_away: [(&str, &[&str]); 14] = [
        ("gpuType", CPU),
        ("cpuOnly", GPU),
        ("cpuInstanceId", GPU),
        ("cpuInstanceId", &["cpuFlavor", "vcpuCount"]),
        ("cpuFlavor", GPU),
        ("networkVolume", STORAGE),
        ("networkVolumeId", STORAGE),
        ("volumeSizeGb", STORAGE),
        ("registry", &["registryAuth"]),
        ("registryAuth", &["registry"]),
        ("ports", &["exposePorts"]),
        ("exposePorts", &["ports"]),
        ("template", &["templateId"]),
        ("templateId", &["template"]),
    ];
    // `cpuOnly: false` and `volumeSizeGb: 0` request nothing, so they exclude nothing.
    let asks = |key: &str| own.get(key).is_some_and(|value| value.bool() != Some(false) && value.int() != Some(0));
    if let Data::Map(entries) = &mut defaults.data {
        for (key, excluded) in taken_away {
            if asks(key) {
                entries.retain(|entry| !excluded.contains(&entry.key.as_str()));
            }
        }
    }
    merge(defaults, own.clone())
}

/// A pod takes the fields of its template that describe its container. As at RunPod, a pod without GPUs takes neither the
/// pod volume nor the CUDA versions. Source: `templateId` of `CreatePodRequest`, OpenAPI v2.
static TAKES_FIELDS: TakesFields = TakesFields {
    inherit,
    takes: |pod, field| match field {
        "volumeSizeGb" | "cudaVersions" => !machine::is_cpu(pod),
        _ => fields::FROM_TEMPLATE.contains(&field),
    },
};

/// Position and key of a pod in the file.
struct PodPosition<'a> {
    /// The name in its address.
    pub key: &'a str,
    /// Whether it is an entry of `pods`; a single pod is named after the project alone.
    pub in_fleet: bool,
    pub at: Span,
}

/// All pods with their ports: those below `pods`, or the single pod of a file without that mapping.
pub(super) fn pods(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    let KindSection { root, runpod, runpod_span, entries, declares_others } = section;
    let is_default = |entry: &&MappingEntry| POD_FIELDS.iter().any(|field| field.name == entry.key);
    let own: Vec<MappingEntry> = runpod.entries().iter().filter(is_default).cloned().collect();
    let own = YamlNode { span: runpod.span, data: Data::Map(own) };
    let defaults = legacy::pod_fields(root, runpod, findings);
    if let Some(entries) = entries {
        let defaults = inherit(defaults, &own);
        let mut declared = Vec::new();
        for MappingEntry { key, key_span, value } in entries.iter() {
            let place = PodPosition { key, in_fleet: true, at: *key_span };
            let merged = merged(value, defaults.clone(), &TAKES_FIELDS, project, findings);
            declared.extend(pod_with_replicas(&place, &merged, project, findings));
        }
        return declared;
    }
    // A file may declare only other resources.
    if own.entries().is_empty() && *declares_others {
        return Vec::new();
    }
    let place = PodPosition { key: &project.name, in_fleet: false, at: *runpod_span };
    let merged = merged(&own, defaults, &TAKES_FIELDS, project, findings);
    pod_with_replicas(&place, &merged, project, findings)
}

/// A pod, or its replicas, with their ports.
fn pod_with_replicas(
    place: &PodPosition<'_>,
    MergedFields { node: pod, template }: &MergedFields,
    project: &Project<'_>,
    findings: &mut Findings,
) -> Vec<Declared> {
    let at = place.at;
    let mut draft = ResourceDraft::new(&POD);
    template.iter().cloned().for_each(|address| draft.need(address));
    let machine = machine::choose(pod, at, project, &mut draft, findings);
    image_of_pod(pod, at, &mut draft, findings);
    storage(pod, at, &machine, project, &mut draft, findings);
    let common = [&project.extensions, &project.secrets];
    environment::set_variables(&mut draft, &common, pod.entry("env"), at, project, findings);
    switches(pod, &machine, project, &mut draft, findings);
    draft.refuse_unsupported(project.dialect, at, findings);
    let from_template = is_from_template(pod);
    let ports = ports(pod, from_template, findings);
    if from_template && ports.is_empty() && pod.get("ports").or(pod.get("exposePorts")).is_some() {
        // Send an explicit empty list; otherwise RunPod would open the template's ports.
        draft.set("ports", Value::List(EcoVec::new()), None);
    }
    // The name is checked below. The others were checked where individual items have positions.
    let open = |attribute: &str| !matches!(attribute, "name" | "ports" | "env" | "vcpu_count" | "cuda_versions");
    draft.keep_limits(project.dialect, &fields::BLOCK, at, open, findings);

    let power = match pod.get("power").and_then(YamlNode::text) {
        Some("stopped") => Power::Stopped,
        _ => Power::Running,
    };
    if let Some(node) = pod.get("power") {
        // The position records that the file sets power. If the file does not, `stop` and `start` decide.
        draft.place("power", node.span);
    }
    let settings = LifecycleSettings {
        power: Some(power),
        lifecycle: lifecycle(pod.get("lifecycle"), &POD, &fields::BLOCK, findings),
        timeouts: timeouts(pod.get("timeouts"), findings),
    };
    let replicas = pod.get("replicas").and_then(YamlNode::int).and_then(|count| u32::try_from(count).ok());
    let indexes: Vec<Option<u32>> = replicas.map_or_else(|| vec![None], |count| (0..count).map(Some).collect());

    let own_name = pod.get("name").filter(|name| name.text().is_some_and(|text| !text.is_empty()));
    let mut resources = Vec::new();
    let last = indexes.last().copied();
    for index in indexes {
        let mut name = match own_name.and_then(YamlNode::text) {
            Some(own) => own.to_owned(),
            None if place.in_fleet => format!("{}-{}", project.name, place.key),
            None => project.name.clone(),
        };
        if let Some(index) = index {
            name = format!("{name}-{index}");
        }
        if own_name.is_none() {
            name += &project.suffix();
        }
        let mut draft = draft.clone();
        draft.set("name", Value::text(name), own_name.map_or(project.name_span, |name| Some(name.span)));
        if Some(index) == last {
            // The last name is the longest.
            draft.keep_limits(project.dialect, &fields::BLOCK, at, |attribute| attribute == "name", findings);
        }
        let with_index = |address: Address| index.map_or(address.clone(), |index| address.with_index(index));
        let address = with_index(Address::new(POD.name, place.key));
        for port in &ports {
            let port_address = with_index(Address::new(PORT.name, place.key)).with_member(&port.text());
            let mut draft = ResourceDraft::new(&PORT);
            draft.set("port", Value::Int(port.number.into()), port.span);
            draft.set("protocol", Value::text(port.protocol), port.span);
            let mut resource =
                draft.finish(port_address, LifecycleSettings::default(), port.span.unwrap_or(at), findings);
            resource.resource.parent = Some(address.clone());
            resources.push(resource);
        }
        resources.push(draft.finish(address, settings.clone(), at, findings));
    }
    resources
}

fn image_of_pod(pod: &YamlNode, at: Span, draft: &mut ResourceDraft, findings: &mut Findings) {
    if let Some(image) = pod.get("image") {
        set_image(image, PULLED_BY_PODS, draft, findings);
    } else if !is_from_template(pod) {
        findings
            .missing(
                &["image", "image_config", "deployment", "templateId", "template", "pods"],
                ProblemCode::MissingImage,
                at,
                "no image is set",
            )
            .help("write `deployment.image`, for example `ghcr.io/owner/name:1.2.3`");
    }
}

/// The warning about an image that may change under the same name.
pub(in crate::config) struct MovingImage {
    pub message: &'static str,
    pub help: &'static str,
}

/// The warning where a pod pulls the image.
pub(in crate::config) const PULLED_BY_PODS: MovingImage = MovingImage {
    message: "the image may change under the same name",
    help: "pin a version tag or a digest, so that a recreated pod runs the same image",
};

/// Sets the image, and reports one that is not valid or may change.
pub(in crate::config) fn set_image(
    image: &YamlNode,
    moving: MovingImage,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let text = image.text().unwrap_or_default();
    match image::parse(text) {
        Err(NoReference { reason, help }) => {
            findings
                .error(ProblemCode::BadImage, image.span, format!("this is not a valid image name: {reason}"))
                .help(help);
        }
        Ok(Reference { digest: None, tag: tag @ (None | Some("latest")) }) => {
            findings
                .warn(ProblemCode::MovingImage, image.span, moving.message)
                .label(if tag.is_none() { "no tag" } else { "`latest` changes over time" })
                .help(moving.help);
        }
        Ok(_) => {}
    }
    draft.set("image", Value::text(text), Some(image.span));
}

/// Fields that are passed on unchanged.
fn switches(
    pod: &YamlNode,
    machine: &MachineFields,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let mut copy = |key: &str, attribute: &str, value: fn(&YamlNode) -> Option<Value>| {
        if let Some(node) = pod.get(key)
            && let Some(value) = value(node)
        {
            draft.set(attribute, value, Some(node.span));
        }
    };
    let flag: fn(&YamlNode) -> Option<Value> = |node| node.bool().map(Value::Bool);
    let text: fn(&YamlNode) -> Option<Value> = |node| node.text().map(Value::from);
    copy("startSsh", "start_ssh", flag);
    // If unset, the lock stays as it was set in the console.
    copy("locked", "locked", flag);
    copy("templateId", "template", text);
    for (key, attribute) in [("publicIp", "public_ip"), ("globalNetworking", "global_networking"), ("spot", "spot")] {
        let node = pod.get(key);
        let set = node.and_then(YamlNode::bool).unwrap_or(false);
        draft.set(attribute, Value::Bool(set), node.map(|node| node.span));
    }
    set_registry(pod, project, draft, findings);
    command(pod, draft, findings);
    global_networking(pod, project, draft, findings);
    spot_bid(pod, project.dialect, draft, findings);
    if let Some(public) = pod.get("publicIp").filter(|node| node.bool() == Some(true))
        && (project.dialect, machine.cloud) == (Dialect::V2, Cloud::Community)
    {
        findings
            .warn(ProblemCode::PublicIp, public.span, "REST v2 cannot request a public address in the COMMUNITY cloud")
            .help("SECURE hosts always have one; here it depends on the host that RunPod chooses");
    }
}

/// Sets the registry credential: a declared one by name, or another by id.
pub(in crate::config) fn set_registry(
    pod: &YamlNode,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let (by_name, by_id) = (pod.entry("registry"), pod.entry("registryAuth"));
    if let (Some(by_name), Some(by_id)) = (by_name, by_id) {
        findings
            .error(ProblemCode::Conflict, by_id.key_span, "`registryAuth` and `registry` are mutually exclusive")
            .also(by_name.key_span, "the other one")
            .help("keep `registry` for one of `registries`, or `registryAuth` for an id");
    }
    if let Some(entry) = by_name {
        let value = registry::reference(&entry.value, project, draft, findings);
        value.into_iter().for_each(|value| draft.set("registry_auth", value, Some(entry.value.span)));
    } else if let Some(id) = by_id {
        draft.set("registry_auth", Value::text(id.value.text().unwrap_or_default()), Some(id.value.span));
    }
}

/// Only some data centers connect pods to the private network, so warn if none of the pod's data centers can.
fn global_networking(pod: &YamlNode, project: &Project<'_>, draft: &ResourceDraft, findings: &mut Findings) {
    let Some(wish) = pod.get("globalNetworking").filter(|node| node.bool() == Some(true)) else { return };
    let able = |id: &&str| project.catalog.data_center(id).is_some_and(|center| center.global_networking);
    let regions = draft.get("regions").text_items();
    if !regions.is_empty() && !regions.iter().any(able) {
        findings
            .warn(
                ProblemCode::GlobalNetworking,
                wish.span,
                "none of the pod's data centers is known to have global networking",
            )
            .help(
                "these are known to have it: ".to_owned()
                    + &project
                        .catalog
                        .data_centers
                        .iter()
                        .map(|center| center.id.as_str())
                        .filter(able)
                        .collect::<Vec<_>>()
                        .join(", "),
            );
    }
}

/// A bid makes a spot pod, but no REST dialect accepts its price.
fn spot_bid(pod: &YamlNode, dialect: Dialect, draft: &mut ResourceDraft, findings: &mut Findings) {
    let Some(bid) = pod.get("spotBid").filter(|bid| bid.text().and_then(|text| text.parse().ok()) != Some(0.0)) else {
        return;
    };
    if dialect == Dialect::V1 {
        findings
            .warn(ProblemCode::SpotBid, bid.span, "the bid is not sent; RunPod's REST API does not accept bids")
            .help("write `spot: true`; RunPod sets the price");
    }
    draft.set("spot", Value::Bool(true), Some(bid.span));
}
