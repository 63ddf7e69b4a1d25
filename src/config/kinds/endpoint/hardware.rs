//! The hardware of an endpoint. RunPod takes pools of GPU types and the types to exclude from them; people name the
//! types that they want.

use crate::catalog::{Cloud, UnknownGpu};
use crate::config::context::Project;
use crate::config::document::YamlNode;
use crate::config::draft::ResourceDraft;
use crate::config::kinds::pod::machine::no_cpu_machine;
use crate::config::problem::Findings;
use crate::config::source::Span;
use crate::kind::limits::LimitRule;
use crate::model::{ProblemCode, Value};

/// Sets the attributes of the hardware.
pub(super) fn choose(
    node: &YamlNode,
    at: Span,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    match (node.entry("gpuType"), node.entry("cpuInstanceId")) {
        (Some(gpus), Some(cpus)) => {
            findings
                .error(ProblemCode::CpuWithGpu, cpus.key_span, "`cpuInstanceId` and `gpuType` are mutually exclusive")
                .also(gpus.key_span, "requests GPUs")
                .help("keep one of them");
        }
        (None, None) => {
            findings
                .missing(
                    &["gpuType", "cpuInstanceId", "endpoints"],
                    ProblemCode::MissingGpu,
                    at,
                    "the endpoint specifies neither a GPU nor a CPU machine",
                )
                .help("write `gpuType: RTX 4090` (or a pool such as `ADA_24`), or `cpuInstanceId: cpu3c-2-4`");
        }
        (Some(gpus), None) => {
            let count = node.get("gpuCount");
            let number = count.and_then(YamlNode::int).unwrap_or(1);
            draft.set("gpu_count", Value::Int(number), count.map(|count| count.span));
            set_pools(&gpus.value, project, draft, findings);
            cuda(node, draft, findings);
        }
        (None, Some(cpus)) => {
            refuse_gpu_fields(node, findings);
            set_instances(&cpus.value, project, draft, findings);
        }
    }
}

fn refuse_gpu_fields(node: &YamlNode, findings: &mut Findings) {
    for key in ["gpuCount", "minCuda", "allowedCuda"] {
        if let Some(entry) = node.entry(key) {
            findings
                .error(ProblemCode::CpuWithGpu, entry.key_span, format!("`{key}` is only for endpoints with GPUs"))
                .label("the endpoint has none")
                .help("remove it, or remove `cpuInstanceId`");
        }
    }
}

/// The pools that hold the named types, in the order of the file, and which of their types are wanted.
#[derive(Default)]
struct Pools<'c> {
    ids: Vec<&'c str>,
    /// Pools that are named as such.
    whole: Vec<&'c str>,
    types: Vec<String>,
}

impl<'c> Pools<'c> {
    fn add(&mut self, pool: &'c str) {
        if !self.ids.contains(&pool) {
            self.ids.push(pool);
        }
    }
}

fn set_pools(gpus: &YamlNode, project: &Project<'_>, draft: &mut ResourceDraft, findings: &mut Findings) {
    let mut pools = Pools::default();
    for node in gpus.one_or_more() {
        add_named(node, project, &mut pools, findings);
    }
    if gpus.one_or_more().is_empty() {
        findings
            .missing(&["gpuType"], ProblemCode::MissingGpu, gpus.span, "`gpuType` lists no GPU")
            .help("list at least one, for example `RTX 4090`");
    }
    let members = |pool: &&str| project.catalog.pools.iter().find(|known| known.id == **pool);
    let partial = pools.ids.iter().filter(|pool| !pools.whole.contains(pool)).filter_map(members);
    let excluded = partial.flat_map(|pool| &pool.members).filter(|member| !pools.types.contains(member));
    let excluded = Value::texts(excluded.map(String::as_str));
    draft.set("gpu_pools", Value::texts(pools.ids.iter().copied()), Some(gpus.span));
    draft.set("excluded_gpu_types", excluded, Some(gpus.span));
}

/// Adds the pool, or the type with its pool, that one word refers to.
fn add_named<'c>(node: &YamlNode, project: &Project<'c>, pools: &mut Pools<'c>, findings: &mut Findings) {
    let catalog = project.catalog;
    let word = node.text().unwrap_or_default();
    let shown = node.scalar().map_or(word, |scalar| scalar.shown());
    let Some(found) = catalog.find_gpu(word) else {
        let unknown = match findings.may_search() {
            true => catalog.explain_unknown_gpu(word),
            false => UnknownGpu::Unknown { nearest: Vec::new() },
        };
        findings
            .error(unknown.code(), node.span, unknown.message(shown))
            .label(unknown.label())
            .help(unknown.help(catalog, Cloud::Secure));
        return;
    };
    if let Some(pool) = found.pool.as_ref().and_then(|id| catalog.pools.iter().find(|pool| pool.id == *id)) {
        pools.add(&pool.id);
        pools.whole.push(&pool.id);
        return;
    }
    for id in found.ids {
        match catalog.pools.iter().find(|pool| pool.members.contains(&id)) {
            Some(pool) => {
                pools.add(&pool.id);
                pools.types.push(id);
            }
            None => {
                let ids: Vec<&str> = catalog.pools.iter().map(|pool| pool.id.as_str()).collect();
                findings
                    .error(ProblemCode::GpuNotInPool, node.span, format!("`{id}` is in no pool for serverless workers"))
                    .label("only for pods")
                    .help(format!("choose a type from one of the pools: {}", ids.join(", ")));
            }
        }
    }
}

/// The two CUDA fields exclude each other.
fn cuda(node: &YamlNode, draft: &mut ResourceDraft, findings: &mut Findings) {
    // A template has them under the name that pods use.
    let (least, allowed) = (node.entry("minCuda"), node.entry("allowedCuda").or_else(|| node.entry("cudaVersions")));
    if let (Some(least), Some(allowed)) = (least, allowed) {
        findings
            .error(ProblemCode::Conflict, allowed.key_span, "`minCuda` and `allowedCuda` are mutually exclusive")
            .also(least.key_span, "the other one")
            .help("keep `minCuda` for a lowest version, or `allowedCuda` for an exact list");
    }
    let versions = [least, allowed].into_iter().flatten().flat_map(|entry| entry.value.one_or_more());
    for version in versions {
        if !LimitRule::Versions.holds(&Value::text(version.text().unwrap_or_default())) {
            findings
                .error(ProblemCode::BadVersion, version.span, "a CUDA version has two numbers")
                .help(LimitRule::Versions.accepted());
        }
    }
    if let Some(least) = least {
        draft.set("min_cuda_version", Value::text(least.value.text().unwrap_or_default()), Some(least.value.span));
    }
    if let Some(allowed) = allowed {
        let versions = Value::texts(allowed.value.one_or_more().iter().filter_map(YamlNode::text));
        draft.set("cuda_versions", versions, Some(allowed.value.span));
    }
}

fn set_instances(cpus: &YamlNode, project: &Project<'_>, draft: &mut ResourceDraft, findings: &mut Findings) {
    let mut instances: Vec<String> = Vec::new();
    for node in cpus.one_or_more() {
        let word = node.text().unwrap_or_default();
        match project.catalog.resolve_cpu_instance(word) {
            Ok((flavor, vcpus)) if (flavor.vcpu.min..=flavor.vcpu.max).contains(&vcpus) && vcpus.count_ones() == 1 => {
                let instance = format!("{}-{vcpus}-{}", flavor.id, flavor.ram_gb_per_vcpu * vcpus);
                if !instances.contains(&instance) {
                    instances.push(instance);
                }
            }
            Ok((flavor, vcpus)) => {
                let range = flavor.vcpu;
                findings
                    .error(
                        ProblemCode::BadVcpus,
                        node.span,
                        format!("`{}` has no machine with {vcpus} vCPUs", flavor.id),
                    )
                    .help(format!("use a power of two from {} to {}", range.min, range.max));
            }
            Err(why) => no_cpu_machine(node, &why, project, findings),
        }
    }
    draft.set("cpu_instances", Value::texts(instances), Some(cpus.span));
}
