//! Why a GPU name is not recognised, and what to write instead.

use super::{Catalog, Cloud, GpuType};
use crate::model::ProblemCode;

/// Why a name matches no GPU type, pool or tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownGpu {
    /// It matches several types that are not interchangeable. Holds exact ids.
    Ambiguous(Vec<String>),
    /// The type exists, but not with this memory size. Holds the exact ids of existing sizes.
    NoSuchSize { wanted_gb: u32, sizes: Vec<String> },
    /// It lists several GPUs in one text.
    List(Vec<UnknownPart>),
    /// It includes a count: `2x A100`. Holds the ids and pools that the name without the number could mean.
    Counted { count: u32, candidates: Vec<String> },
    /// Nothing has this name. Holds ids, pools and tiers that were probably meant.
    Unknown { nearest: Vec<String> },
}

/// One part of a list: the ids or the pool that it names; empty if it names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPart(pub Vec<String>);

impl UnknownGpu {
    /// The code of the problem.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Ambiguous(_) => ProblemCode::AmbiguousGpu,
            Self::List(_) => ProblemCode::GpuListInOneText,
            Self::Counted { .. } => ProblemCode::GpuCountInName,
            Self::NoSuchSize { .. } | Self::Unknown { .. } => ProblemCode::UnknownGpu,
        }
    }

    /// A short label for the source position.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Ambiguous(_) => "ambiguous",
            Self::List(_) => "several names",
            Self::Counted { .. } => "a name and a number",
            Self::NoSuchSize { .. } | Self::Unknown { .. } => "unknown",
        }
    }

    /// Says what is wrong; `shown` is the name as it may be displayed.
    pub fn message(&self, shown: &str) -> String {
        match self {
            Self::Ambiguous(_) => format!("`{shown}` may mean several GPU types"),
            Self::NoSuchSize { wanted_gb, .. } => format!("there is no `{shown}`: no such GPU has {wanted_gb} GB"),
            Self::List(_) => format!("`{shown}` lists several GPUs in one string"),
            Self::Counted { .. } => format!("`{shown}` includes a count; use `gpuCount`"),
            Self::Unknown { .. } => format!("there is no GPU type, pool or tier `{shown}`"),
        }
    }

    /// Says what to write instead, with memory and the price in this cloud.
    pub fn help(&self, catalog: &Catalog, cloud: Cloud) -> String {
        let described = |ids: &[String]| {
            let ids: Vec<String> = ids.iter().map(|id| catalog.describe_gpu(id, cloud)).collect();
            ids.join(", ")
        };
        match self {
            Self::Ambiguous(ids) => match ids.as_slice() {
                [only] => format!("write {}; the others are not offered here", catalog.describe_gpu(only, cloud)),
                _ => {
                    let pool = catalog.pools.iter().find(|pool| {
                        pool.members.len() == ids.len() && pool.members.iter().all(|member| ids.contains(member))
                    });
                    let pool = pool.map(|pool| format!(", the pool `{}`", pool.id)).unwrap_or_default();
                    format!("write one of {}{pool}, or a list in the order to try", described(ids))
                }
            },
            Self::NoSuchSize { wanted_gb, sizes } => {
                let exists = catalog.gpu_types.iter().any(|gpu| gpu.vram_gb == *wanted_gb);
                let list = if exists { format!(" gpus {wanted_gb}GB` lists GPUs with") } else { "` lists".to_owned() };
                let what = if exists { format!("{wanted_gb} GB") } else { "all".to_owned() };
                format!("available: {}; `sindri catalog{list} {what}", described(sizes))
            }
            Self::List(parts) => {
                let names = parts.iter().flat_map(|UnknownPart(names)| match names.as_slice() {
                    [] => vec!["\"...\"".to_owned()],
                    names => names.iter().map(|name| format!("\"{name}\"")).collect(),
                });
                format!("write a list: `[{}]`", names.collect::<Vec<_>>().join(", "))
            }
            Self::Counted { count, candidates } => match candidates.as_slice() {
                [only] => format!("write `gpuType: {only}` and `gpuCount: {count}`"),
                several => format!("write `gpuCount: {count}`, and as `gpuType` one of {}", described(several)),
            },
            Self::Unknown { nearest } => match (nearest.as_slice(), other_cloud(nearest, catalog, cloud)) {
                ([], _) => "`sindri catalog` lists all".to_owned(),
                (_, Some(other)) => format!(
                    "did you mean {}? It needs `cloudType: {other}`; `sindri catalog` lists all",
                    nearest.iter().map(|id| catalog.describe_gpu(id, other)).collect::<Vec<_>>().join(", ")
                ),
                (_, None) => format!("did you mean {}? `sindri catalog` lists all", described(nearest)),
            },
        }
    }

    /// Keeps only candidates that satisfy `holds`, unless none would be left. Pools stay.
    pub fn retain_candidates(&mut self, holds: impl Fn(&GpuType) -> bool, catalog: &Catalog) {
        let keeps = |id: &String| catalog.gpu_type(id).is_none_or(&holds);
        let narrow = |ids: &mut Vec<String>| {
            if ids.iter().any(keeps) {
                ids.retain(keeps);
            }
        };
        match self {
            Self::Ambiguous(ids) | Self::Counted { candidates: ids, .. } | Self::Unknown { nearest: ids } => {
                narrow(ids)
            }
            Self::List(parts) => parts.iter_mut().for_each(|UnknownPart(ids)| narrow(ids)),
            Self::NoSuchSize { .. } => {}
        }
    }
}

/// The other cloud, if these types are offered only there.
fn other_cloud(ids: &[String], catalog: &Catalog, cloud: Cloud) -> Option<Cloud> {
    let other = if cloud == Cloud::Secure { Cloud::Community } else { Cloud::Secure };
    let only_there = |id: &String| {
        let gpu = catalog.gpu_type(id);
        gpu.is_some_and(|gpu| gpu.sold_in(cloud) == Some(false) && gpu.sold_in(other) != Some(false))
    };
    ids.iter().all(only_there).then_some(other)
}
