//! Determines the machine of a pod: cloud, GPUs or CPUs, and data centers, resolved to exact ids and checked.

use crate::catalog::{BadInstance, Cloud, CpuFlavor, GpuType, UnknownGpu, nearest};
use crate::config::context::Project;
use crate::config::document::{Data, MappingEntry, YamlNode};
use crate::config::draft::ResourceDraft;
use crate::config::problem::Findings;
use crate::config::quantity::megabytes;
use crate::config::source::Span;
use crate::kind::limits::LimitRule;
use crate::model::{Dialect, ProblemCode, Value};

const DEFAULT_VCPUS: i64 = 4;
/// Fields that determine the machine, or contain fields that do.
const GPU_OR_CPU: &[&str] = &[
    "gpuType",
    "cpuOnly",
    "cpuInstanceId",
    "cpuFlavor",
    "tier",
    "gpu",
    "pods",
    "resources",
    "deployment",
    "runpod",
    "providers",
];

/// The properties of the machine that other checks need.
pub(super) struct MachineFields {
    pub cloud: Cloud,
    /// Position of the cloud setting.
    pub cloud_span: Option<Span>,
    pub has_gpus: bool,
    /// Maximum container disk of a CPU pod, in GB.
    pub disk_limit_gb: Option<i64>,
}

/// Sets the attributes of the machine.
pub(super) fn choose(
    pod: &YamlNode,
    at: Span,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) -> MachineFields {
    let cloud_node = pod.get("cloudType");
    let cloud = cloud_node.and_then(YamlNode::text).and_then(Cloud::parse).unwrap_or_default();
    draft.set("cloud", Value::text(cloud.word()), cloud_node.map(|node| node.span));
    let mut machine =
        MachineFields { cloud, cloud_span: cloud_node.map(|node| node.span), has_gpus: true, disk_limit_gb: None };

    let wants_cpu = pod.get("cpuOnly").and_then(YamlNode::bool);
    let names_cpu = pod.entry("cpuInstanceId").or_else(|| pod.entry("cpuFlavor"));
    let gpu_type = pod.entry("gpuType");
    match (wants_cpu, gpu_type, names_cpu) {
        (Some(true), _, _) | (None, None, Some(_)) => {
            machine.has_gpus = false;
            refuse_gpu_fields(pod, findings);
            machine.disk_limit_gb = cpus(pod, at, &machine, project, draft, findings);
        }
        (_, Some(gpu_type), None) => {
            if let Some(vcpus) = pod.entry("vcpuCount") {
                findings
                    .error(ProblemCode::CpuWithGpu, vcpus.key_span, "`vcpuCount` is only for pods without GPUs")
                    .help("for a minimum on a GPU pod, write `cpus` under `deployment.resources` or in the pod");
            }
            gpus(pod, gpu_type, cloud, project, draft, findings);
        }
        (_, Some(gpu_type), Some(cpu)) => {
            findings
                .error(
                    ProblemCode::CpuWithGpu,
                    cpu.key_span,
                    format!("`{}` and `gpuType` are mutually exclusive", cpu.key),
                )
                .also(gpu_type.key_span, "requests GPUs")
                .help("keep one of them");
        }
        (_, None, _) => {
            let tiers: Vec<String> =
                project.catalog.aliases.tiers.iter().map(|tier| format!("`{}`", tier.tier)).collect();
            findings
                .missing(GPU_OR_CPU, ProblemCode::MissingGpu, at, "the pod specifies neither a GPU nor `cpuOnly`")
                .help(format!(
                    "write `gpuType: \"NVIDIA L4\"` (or a pool, or {}), or `cpuOnly: true`; `sindri catalog` lists all",
                    tiers.join(", ")
                ));
        }
    }
    machine
}

/// Whether these fields ask for a machine without GPUs.
pub(super) fn is_cpu(pod: &YamlNode) -> bool {
    let names_cpu = pod.get("cpuInstanceId").is_some() || pod.get("cpuFlavor").is_some();
    pod.get("cpuOnly").and_then(YamlNode::bool) == Some(true) || (names_cpu && pod.get("gpuType").is_none())
}

fn refuse_gpu_fields(pod: &YamlNode, findings: &mut Findings) {
    for key in ["gpuType", "gpuCount", "cudaVersions", "globalNetworking"] {
        // `globalNetworking: false` requests nothing.
        if let Some(entry) = pod.entry(key).filter(|entry| entry.value.bool() != Some(false)) {
            findings
                .error(ProblemCode::CpuWithGpu, entry.key_span, format!("`{key}` is only for pods with GPUs"))
                .label("the pod has none")
                .help("remove it, or remove `cpuOnly` and the other CPU fields");
        }
    }
}

// ---- GPUs

fn gpus(
    pod: &YamlNode,
    gpu_type: &MappingEntry,
    cloud: Cloud,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let count_node = pod.get("gpuCount");
    let count = count_node.and_then(YamlNode::int).unwrap_or(1);
    draft.set("gpu_count", Value::Int(count), count_node.map(|node| node.span));
    // Minimums are per GPU: RunPod multiplies them by the number of GPUs (contract, section 9).
    if let Some(memory) = pod.get("memory") {
        let gb = megabytes(memory).unwrap_or(0).max(1).div_euclid(1024).max(1);
        draft.set("min_ram_gb_per_gpu", Value::Int(ceil_div(gb, count)), Some(memory.span));
    }
    if let Some(cpus) = pod.get("cpus") {
        draft.set("min_vcpu_per_gpu", Value::Int(ceil_div(cpus.int().unwrap_or(1), count)), Some(cpus.span));
    }
    if let Some(versions) = pod.get("cudaVersions") {
        cuda_versions(versions, draft, findings);
    }

    let mut ids: Vec<String> = Vec::new();
    for node in gpu_type.value.one_or_more() {
        for id in candidates(node, cloud, count, count_node.map(|node| node.span), project, findings) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    if gpu_type.value.one_or_more().is_empty() {
        findings
            .missing(&["gpuType"], ProblemCode::MissingGpu, gpu_type.key_span, "`gpuType` lists no GPU")
            .help("list at least one, for example `NVIDIA L4`");
    }
    draft.set("gpu_types", Value::texts(ids), Some(gpu_type.value.span));
}

/// Sets the accepted CUDA versions.
pub(in crate::config) fn cuda_versions(versions: &YamlNode, draft: &mut ResourceDraft, findings: &mut Findings) {
    for version in versions.one_or_more() {
        if !LimitRule::Versions.holds(&Value::text(version.text().unwrap_or_default())) {
            findings
                .error(ProblemCode::BadVersion, version.span, "a CUDA version has two numbers")
                .help(LimitRule::Versions.accepted());
        }
    }
    draft.set("cuda_versions", texts(versions), Some(versions.span));
}

/// The ids that one word refers to, excluding pool members that cannot be rented here.
fn candidates(
    node: &YamlNode,
    cloud: Cloud,
    count: i64,
    count_span: Option<Span>,
    project: &Project<'_>,
    findings: &mut Findings,
) -> Vec<String> {
    let word = node.text().unwrap_or_default();
    let shown = node.scalar().map_or(word, |scalar| scalar.shown());
    let objection = |gpu: &GpuType| objection(gpu, cloud, count, project.dialect);
    let resolved = match project.catalog.find_gpu(word) {
        Some(resolved) => resolved,
        None => {
            let mut unknown = match findings.may_search() {
                true => project.catalog.explain_unknown_gpu(word),
                false => UnknownGpu::Unknown { nearest: Vec::new() },
            };
            unknown.retain_candidates(|gpu| objection(gpu).is_none(), project.catalog);
            findings
                .error(unknown.code(), node.span, unknown.message(shown))
                .label(unknown.label())
                .help(unknown.help(project.catalog, cloud));
            return Vec::new();
        }
    };
    let mut fit = Vec::new();
    let mut unfit = Vec::new();
    for id in resolved.ids {
        match project.catalog.gpu_type(&id).and_then(objection) {
            Some(objection) => unfit.push(objection),
            None => fit.push(id),
        }
    }
    // A pool may contain types that cannot be rented here. A single type is meant literally.
    if fit.is_empty()
        && let Some(first) = unfit.first()
    {
        let message = match &resolved.pool {
            Some(pool) => format!("no GPU of `{pool}` is available here: {}", first.message),
            None => first.message.clone(),
        };
        // Mark the wrong field and the one that conflicts with it.
        let problem = match count_span.filter(|_| first.code == ProblemCode::TooManyGpus) {
            Some(count) => findings.error(first.code, count, message).label("too many").also(node.span, "of these"),
            None => findings.error(first.code, node.span, message),
        };
        problem.help(first.help.clone());
    }
    fit
}

struct MachineObjection {
    code: ProblemCode,
    message: String,
    help: String,
}

/// Why a type cannot be rented with these settings, according to the catalog.
fn objection(gpu: &GpuType, cloud: Cloud, count: i64, dialect: Dialect) -> Option<MachineObjection> {
    let id = &gpu.id;
    if gpu.sold_in(cloud) == Some(false) {
        let other = if cloud == Cloud::Secure { Cloud::Community } else { Cloud::Secure };
        return Some(MachineObjection {
            code: ProblemCode::GpuNotInCloud,
            message: format!("`{id}` is not offered in the {cloud} cloud"),
            help: match gpu.sold_in(other) {
                Some(false) => "choose another GPU type; `sindri catalog` lists all".into(),
                _ => format!("write `cloudType: {other}`, or choose another GPU type"),
            },
        });
    }
    if let Some(most) = gpu.max_count(cloud).map(i64::from).filter(|most| count > *most) {
        return Some(MachineObjection {
            code: ProblemCode::TooManyGpus,
            message: format!("a pod in the {cloud} cloud has at most {most} of `{id}`, not {count}"),
            help: "lower `gpuCount`, or use `replicas` for several pods".into(),
        });
    }
    (dialect == Dialect::V1 && !gpu.in_v1).then(|| MachineObjection {
        code: ProblemCode::NotInV1,
        message: format!("REST v1 does not know `{id}`"),
        help: "use `apiVersion: v2`, or choose another GPU type".into(),
    })
}

// ---- CPUs

/// Sets flavor and vCPUs, and returns the limit of the container disk in GB.
fn cpus(
    pod: &YamlNode,
    at: Span,
    machine: &MachineFields,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) -> Option<i64> {
    if machine.cloud == Cloud::Community {
        findings
            .error(
                ProblemCode::CpuOnCommunity,
                machine.cloud_span.unwrap_or(at),
                "RunPod offers CPU pods only in the SECURE cloud",
            )
            .help("remove `cloudType`, or write `cloudType: SECURE`");
    }
    let choice = match pod.get("cpuInstanceId") {
        Some(instance) => instance_choice(pod, instance, project, findings)?,
        None => flavor_choice(pod, project, findings)?,
    };
    let Choice { flavors, vcpus, flavor_span, vcpu_span } = choice;
    for flavor in &flavors {
        let range = flavor.vcpu;
        if !(range.min..=range.max).contains(&vcpus) || vcpus.count_ones() != 1 {
            findings
                .error(
                    ProblemCode::BadVcpus,
                    vcpu_span.or(flavor_span).unwrap_or(at),
                    format!("`{}` has no machine with {vcpus} vCPUs", flavor.id),
                )
                .help(format!("use a power of two from {} to {}", range.min, range.max));
        }
    }
    let memory_gb = flavors.iter().map(|flavor| flavor.ram_gb_per_vcpu * vcpus).min()?;
    if let Some(memory) = pod.get("memory")
        && megabytes(memory).is_some_and(|wanted| wanted > memory_gb * 1024)
    {
        findings
            .warn(
                ProblemCode::LessMemory,
                memory.span,
                format!("the CPU machine has {memory_gb} GB of memory, less than requested"),
            )
            .help("raise the vCPUs, or choose a flavor with more memory per vCPU: `cpu3g` has 4 GB, `cpu3m` 8 GB");
    }
    draft.set("cpu_flavors", Value::texts(flavors.iter().map(|flavor| flavor.id.as_str())), flavor_span);
    draft.set("vcpu_count", Value::Int(vcpus), vcpu_span.or(flavor_span));
    flavors.iter().map(|flavor| flavor.disk_limit_gb(vcpus)).min()
}

struct Choice<'a> {
    flavors: Vec<&'a CpuFlavor>,
    vcpus: i64,
    flavor_span: Option<Span>,
    vcpu_span: Option<Span>,
}

fn instance_choice<'a>(
    pod: &YamlNode,
    instance: &YamlNode,
    project: &Project<'a>,
    findings: &mut Findings,
) -> Option<Choice<'a>> {
    let shown = instance.scalar().map_or("", |scalar| scalar.shown());
    match project.catalog.resolve_cpu_instance(instance.text().unwrap_or_default()) {
        Ok((flavor, vcpus)) => {
            if let Some(other) = pod.entry("vcpuCount").filter(|entry| entry.value.int() != Some(vcpus)) {
                findings
                    .error(ProblemCode::Conflict, other.value.span, format!("`{shown}` has {vcpus} vCPUs"))
                    .also(instance.span, "set here")
                    .help("remove `vcpuCount`");
            }
            Some(Choice { flavors: vec![flavor], vcpus, flavor_span: Some(instance.span), vcpu_span: None })
        }
        Err(why) => {
            no_cpu_machine(instance, &why, project, findings);
            None
        }
    }
}

/// Reports a text that names no CPU machine.
pub(in crate::config) fn no_cpu_machine(
    instance: &YamlNode,
    why: &BadInstance,
    project: &Project<'_>,
    findings: &mut Findings,
) {
    let shown = instance.scalar().map_or("", |scalar| scalar.shown());
    let close = match why {
        BadInstance::UnknownFlavor if findings.may_search() => {
            let flavor = shown.split('-').next().unwrap_or_default();
            nearest(flavor, project.catalog.cpu_flavors.iter().map(|flavor| flavor.id.as_str()))
        }
        _ => None,
    };
    findings
        .error(ProblemCode::BadCpuInstance, instance.span, format!("`{shown}` is not a CPU machine: {why}"))
        .nearest(close, "for example `cpu3c-2-4`, `cpu3g-4-16` or `cpu5c-4-8`");
}

fn flavor_choice<'a>(pod: &YamlNode, project: &Project<'a>, findings: &mut Findings) -> Option<Choice<'a>> {
    let catalog = project.catalog;
    let (count, cpus) = (pod.get("vcpuCount"), pod.get("cpus"));
    let vcpus = match (count.and_then(YamlNode::int), cpus.and_then(YamlNode::int)) {
        (Some(count), _) => count,
        // `cpus` is a minimum: choose the next larger machine.
        (None, Some(floor)) => u32::try_from(floor).ok()?.checked_next_power_of_two()?.max(2).into(),
        (None, None) => DEFAULT_VCPUS,
    };
    let vcpu_span = count.or(cpus).map(|node| node.span);
    let Some(named) = pod.get("cpuFlavor") else {
        let memory = pod.get("memory");
        let wanted_mb = memory.and_then(megabytes).unwrap_or(0);
        let third_generation = ["cpu3c", "cpu3g", "cpu3m"].into_iter().filter_map(|id| catalog.cpu_flavor(id));
        // Choose the smallest flavor that is large enough, otherwise the largest; `cpus` then reports that it is too
        // small.
        let flavors: Vec<&CpuFlavor> = third_generation.collect();
        let fits = |flavor: &&&CpuFlavor| flavor.ram_gb_per_vcpu * vcpus * 1024 >= wanted_mb;
        let flavor = *flavors.iter().find(fits).or(flavors.last())?;
        return Some(Choice { flavors: vec![flavor], vcpus, flavor_span: memory.map(|node| node.span), vcpu_span });
    };
    let mut flavors = Vec::new();
    for node in named.one_or_more() {
        let word = node.text().unwrap_or_default();
        match catalog.cpu_flavors.iter().find(|flavor| flavor.id.eq_ignore_ascii_case(word)) {
            Some(flavor) => flavors.push(flavor),
            None => {
                let names = || catalog.cpu_flavors.iter().map(|flavor| flavor.id.as_str());
                let accepted = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let shown = node.scalar().map_or(word, |scalar| scalar.shown());
                let close = findings.may_search().then(|| nearest(word, names())).flatten();
                findings
                    .error(ProblemCode::UnknownFlavor, node.span, format!("there is no CPU flavor `{shown}`"))
                    .label("unknown")
                    .nearest(close, format!("accepted: {accepted}"));
            }
        }
    }
    Some(Choice { flavors, vcpus, flavor_span: Some(named.span), vcpu_span })
}

fn ceil_div(amount: i64, parts: i64) -> i64 {
    (amount + parts - 1).div_euclid(parts.max(1))
}

/// One string or a list of strings as a list value.
pub(super) fn texts(node: &YamlNode) -> Value {
    match &node.data {
        Data::Map(_) => Value::Null,
        _ => Value::texts(node.one_or_more().iter().filter_map(YamlNode::text)),
    }
}
