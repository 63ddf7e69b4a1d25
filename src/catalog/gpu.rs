//! From the name of a GPU to the exact ids that the API takes, or to the reason why there are none.

use std::collections::BTreeSet;

use super::gpu_name::{GpuName, Vocabulary, squashed};
use super::{Catalog, Cloud, GpuType};

/// The meaning of a word for GPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuMatch {
    /// Exact ids, in the order in which they are tried.
    pub ids: Vec<String>,
    /// The pool that the word names, itself or by a tier.
    pub pool: Option<String>,
}

/// Why a word names no GPU type, pool or tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownGpu {
    /// It fits several types that do not stand in for each other. Exact ids.
    Ambiguous(Vec<String>),
    /// The type exists, but not with that much memory. Exact ids of the sizes that exist.
    NoSuchSize { wanted_gb: u32, sizes: Vec<String> },
    /// It lists several GPUs in one text. Each part, as an exact id where it names one type; `...` where it names none.
    List(Vec<String>),
    /// It says how many GPUs: `2x A100`. The name without the number.
    Counted { count: u32, name: String },
    /// Nothing has that name. Ids, pools and tiers that were probably meant.
    Unknown { nearest: Vec<String> },
}

/// A name that a GPU type has.
#[derive(Debug)]
struct Known {
    /// The place of the type in the catalog.
    gpu: usize,
    name: GpuName,
}

/// The names of all GPU types, read once.
#[derive(Debug)]
pub(super) struct GpuNames {
    pub(super) vocabulary: Vocabulary,
    known: Vec<Known>,
}

impl GpuNames {
    fn of(catalog: &Catalog) -> Self {
        let mut named: Vec<(usize, &str)> = Vec::new();
        for (place, gpu) in catalog.gpu_types.iter().enumerate() {
            named.extend([(place, gpu.id.as_str()), (place, gpu.display_name.as_str())]);
        }
        let sizes = catalog.gpu_types.iter().map(|gpu| gpu.vram_gb).collect();
        let vocabulary = Vocabulary::of(named.iter().map(|(_, name)| *name), sizes);
        for alias in catalog.aliases.gpu_types.iter().filter(|alias| alias.ambiguous.is_empty()) {
            let place = catalog.gpu_types.iter().position(|gpu| gpu.id == alias.api);
            named.extend(place.map(|place| (place, alias.written.as_str())));
        }
        let known = named.into_iter().map(|(gpu, name)| Known { gpu, name: vocabulary.read(name) }).collect();
        Self { vocabulary, known }
    }

    fn of_type(&self, gpu: usize) -> impl Iterator<Item = &GpuName> {
        self.known.iter().filter(move |known| known.gpu == gpu).map(|known| &known.name)
    }

    /// The types with a name that satisfies `holds`, in the order of the catalog.
    fn types(&self, holds: impl Fn(&GpuName) -> bool) -> Vec<usize> {
        let found: BTreeSet<usize> =
            self.known.iter().filter(|known| holds(&known.name)).map(|known| known.gpu).collect();
        found.into_iter().collect()
    }

    /// Whether every form that was asked for belongs to the type.
    fn has_forms(&self, gpu: usize, forms: &BTreeSet<&str>) -> bool {
        let known: BTreeSet<&str> = self.of_type(gpu).flat_map(|name| name.forms.iter().copied()).collect();
        forms.is_subset(&known)
    }
}

impl Catalog {
    /// The GPU types that a word stands for: an id, a display name or another spelling of one, a pool or a tier. Case,
    /// spaces, dashes and vendor words carry no meaning. This is the one reader of GPU names.
    ///
    /// # Errors
    /// The word names nothing, or several types that do not stand in for each other (`H100`).
    pub fn resolve_gpu(&self, word: &str) -> Result<GpuMatch, UnknownGpu> {
        if let Some(found) = self.named(word) {
            return found.map_err(UnknownGpu::Ambiguous);
        }
        Err(self.list(word).or_else(|| self.counted(word)).unwrap_or_else(|| self.no_type(word)))
    }

    /// The type that a word names, or the types that it may mean.
    fn named(&self, word: &str) -> Option<Result<GpuMatch, Vec<String>>> {
        if let Some(gpu) = self.gpu_type(word) {
            return Some(Ok(GpuMatch { ids: vec![gpu.id.clone()], pool: None }));
        }
        let written = squashed(word);
        let tier = self.aliases.tiers.iter().find(|tier| squashed(&tier.tier) == written).map(|tier| &tier.pool);
        let pool = self.pools.iter().find(|pool| tier == Some(&pool.id) || squashed(&pool.id) == written);
        if let Some(pool) = pool {
            return Some(Ok(GpuMatch { ids: pool.members.clone(), pool: Some(pool.id.clone()) }));
        }
        match self.types_named(&self.gpu_names().vocabulary.read(word)).as_slice() {
            [] => None,
            [gpu] => Some(Ok(GpuMatch { ids: vec![self.id(*gpu)], pool: None })),
            several => Some(Err(self.ids(several))),
        }
    }

    /// Every type that a word may mean; none where it means none.
    pub fn gpu_types_meant(&self, word: &str) -> Vec<String> {
        match self.named(word) {
            Some(Ok(GpuMatch { ids, .. }) | Err(ids)) => ids,
            None => Vec::new(),
        }
    }

    /// `NVIDIA L4` (24 GB, $0.49/h), for lists of choices.
    pub fn describe_gpu(&self, id: &str, cloud: Cloud) -> String {
        let Some(gpu) = self.gpu_type(id) else { return format!("`{id}`") };
        let price = match (gpu.price(cloud), gpu.sold_in(cloud)) {
            (Some(price), _) => format!("{price}/h"),
            (None, Some(false)) => format!("not in {cloud}"),
            (None, _) => "price not known".to_owned(),
        };
        format!("`{id}` ({} GB, {price})", gpu.vram_gb)
    }

    pub(super) fn gpu_names(&self) -> &GpuNames {
        self.names.get_or_init(|| GpuNames::of(self))
    }

    fn id(&self, gpu: usize) -> String {
        self.gpu_types[gpu].id.clone()
    }

    fn ids(&self, gpus: &[usize]) -> Vec<String> {
        gpus.iter().map(|gpu| self.id(*gpu)).collect()
    }

    /// The types that a name fits; one alone where it is exactly the name of one.
    fn types_named(&self, name: &GpuName) -> Vec<usize> {
        let names = self.gpu_names();
        if !name.unknown.is_empty() || name.chip.is_empty() {
            return Vec::new();
        }
        let mut fit = names.types(|known| known.chip == name.chip);
        fit.retain(|gpu| names.has_forms(*gpu, &name.forms) && self.has_memory(*gpu, name));
        let narrowed = |exact: &dyn Fn(&GpuName) -> bool| -> Option<usize> {
            let mut found = fit.iter().filter(|gpu| names.of_type(**gpu).any(exact));
            found.next().copied().filter(|_| found.next().is_none())
        };
        let same = |known: &GpuName| known.chip == name.chip && known.forms == name.forms;
        narrowed(&|known| same(known) && known.memory_gb == name.memory_gb)
            .or_else(|| name.memory_gb.and_then(|_| narrowed(&same)))
            .map_or(fit, |gpu| vec![gpu])
    }

    fn has_memory(&self, gpu: usize, name: &GpuName) -> bool {
        name.memory_gb.is_none_or(|memory_gb| self.gpu_types[gpu].vram_gb == memory_gb)
    }

    /// Why no type has that name. A type of another memory size is never offered in place of the one that was asked for.
    fn no_type(&self, word: &str) -> UnknownGpu {
        let name = &self.gpu_names().vocabulary.read(word);
        let related = self.related(name);
        let complete = name.unknown.is_empty();
        if let [_, _, ..] = related.as_slice()
            && complete
            && related.iter().all(|gpu| self.gpu_names().of_type(*gpu).any(|known| known.chip.is_superset(&name.chip)))
        {
            return UnknownGpu::Ambiguous(self.ids(&related));
        }
        if !related.is_empty() && complete {
            return UnknownGpu::Unknown { nearest: self.ids(&related) };
        }
        let other_sizes = self.related(&GpuName { memory_gb: None, ..name.clone() });
        if let (Some(wanted_gb), false, true) = (name.memory_gb, other_sizes.is_empty(), related.is_empty()) {
            return UnknownGpu::NoSuchSize { wanted_gb, sizes: self.ids(&other_sizes) };
        }
        let mut nearest = self.pools_like(word);
        nearest.extend(self.corrected(name));
        if nearest.is_empty() {
            nearest = self.ids(&related);
        }
        UnknownGpu::Unknown { nearest }
    }

    /// The types with the numbers and the memory that a name says; with its form too, where there are such.
    fn related(&self, name: &GpuName) -> Vec<usize> {
        let names = self.gpu_names();
        let numbers = name.numbers();
        if numbers.is_empty() && (name.memory_gb.is_none() || !name.chip.is_empty()) {
            return Vec::new();
        }
        let mut found = names
            .types(|known| known.is_slice() == name.is_slice() && (numbers.is_empty() || known.numbers() == numbers));
        found.retain(|gpu| self.has_memory(*gpu, name));
        // The same words first, then the same form, each only where something is left.
        let wider = |gpu: &usize| names.of_type(*gpu).any(|known| known.chip.is_superset(&name.chip));
        let formed = |gpu: &usize| names.has_forms(*gpu, &name.forms);
        for narrower in [&wider as &dyn Fn(&usize) -> bool, &formed] {
            if found.iter().any(narrower) {
                found.retain(narrower);
            }
        }
        found
    }

    /// The types that a name fits once its slips are corrected.
    fn corrected(&self, name: &GpuName) -> Vec<String> {
        let vocabulary = &self.gpu_names().vocabulary;
        let known = GpuName { unknown: Vec::new(), ..name.clone() };
        let mut names = vec![known];
        for part in &name.unknown {
            let words = vocabulary.corrections(part);
            let with = |name: &GpuName, word: &str| {
                let read = vocabulary.read(word);
                let mut name = name.clone();
                name.chip.extend(read.chip);
                name.forms.extend(read.forms);
                name
            };
            if !words.is_empty() {
                names = names.iter().flat_map(|name| words.iter().map(|word| with(name, word))).collect();
            }
        }
        let mut found: Vec<usize> = Vec::new();
        for name in names {
            let fit = self.types_named(&name);
            let fit = if fit.is_empty() { self.related(&name) } else { fit };
            found.extend(fit.into_iter().filter(|gpu| !found.contains(gpu)).collect::<Vec<_>>());
        }
        self.ids(&found)
    }

    /// Pools and tiers that a word was probably meant to name.
    fn pools_like(&self, word: &str) -> Vec<String> {
        let written = squashed(word);
        let tiers = self.aliases.tiers.iter().map(|tier| &tier.tier);
        let like = |name: &&String| {
            let name = squashed(name);
            let begins = written.len() > 4 && name.starts_with(&written);
            begins || (written.len() > 3 && strsim::damerau_levenshtein(&name, &written) == 1)
        };
        self.pools.iter().map(|pool| &pool.id).chain(tiers).filter(like).cloned().collect()
    }

    fn list(&self, word: &str) -> Option<UnknownGpu> {
        let parts: Vec<&str> = word.split([',', ';', '|', '/', '+']).flat_map(|part| part.split(" or ")).collect();
        let parts: Vec<&str> = parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect();
        // A part that is no GPU stays out of messages: it may be the value of a variable.
        let names: Vec<Option<String>> = parts.into_iter().map(|part| self.name_of(part)).collect();
        let is_list = names.len() > 1 && names.iter().any(Option::is_some);
        let names = names.into_iter().map(|name| name.unwrap_or_else(|| "...".to_owned()));
        is_list.then(|| UnknownGpu::List(names.collect()))
    }

    fn counted(&self, word: &str) -> Option<UnknownGpu> {
        let (count, name) = count_and_name(word.trim())?;
        Some(UnknownGpu::Counted { count, name: self.name_of(name)? })
    }

    /// The exact id where a word names one type; the word itself where it names several.
    fn name_of(&self, word: &str) -> Option<String> {
        match self.named(word)? {
            Ok(found) if found.pool.is_none() => found.ids.into_iter().next(),
            Ok(_) | Err(_) => Some(word.to_owned()),
        }
    }
}

/// `2x A100`, `A100 x2`, `A100:2`.
fn count_and_name(word: &str) -> Option<(u32, &str)> {
    let is_times = |c: char| matches!(c, 'x' | 'X' | '*' | '\u{d7}');
    let leading = || {
        let (digits, rest) = word.split_at(word.find(|c: char| !c.is_ascii_digit())?);
        Some((digits.parse().ok()?, rest.trim_start().strip_prefix(is_times)?))
    };
    let trailing = || {
        let digits = word.rsplit(|c: char| !c.is_ascii_digit()).next()?;
        let rest = word.strip_suffix(digits)?.trim_end().strip_suffix(|c| is_times(c) || c == ':')?;
        Some((digits.parse().ok()?, rest))
    };
    leading().or_else(trailing).map(|(count, name): (u32, &str)| (count, name.trim()))
}

impl UnknownGpu {
    /// A stable word for the problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous(_) => "ambiguous_gpu",
            Self::List(_) => "gpu_list_in_one_text",
            Self::Counted { .. } => "gpu_count_in_name",
            Self::NoSuchSize { .. } | Self::Unknown { .. } => "unknown_gpu",
        }
    }

    /// Two words at the place itself.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Ambiguous(_) => "ambiguous",
            Self::List(_) => "several names",
            Self::Counted { .. } => "a name and a number",
            Self::NoSuchSize { .. } | Self::Unknown { .. } => "unknown",
        }
    }

    /// Says what is wrong; `shown` is the word as it may be shown.
    pub fn message(&self, shown: &str) -> String {
        match self {
            Self::Ambiguous(_) => format!("`{shown}` may mean several GPU types"),
            Self::NoSuchSize { wanted_gb, .. } => format!("there is no `{shown}`: no such GPU has {wanted_gb} GB"),
            Self::List(_) => format!("`{shown}` lists several GPUs in one text"),
            Self::Counted { .. } => format!("`{shown}` says how many GPUs, which `gpuCount` does"),
            Self::Unknown { .. } => format!("there is no GPU type, pool or tier `{shown}`"),
        }
    }

    /// Says what to write instead, with memory and the price in that cloud.
    pub fn help(&self, catalog: &Catalog, cloud: Cloud) -> String {
        let described = |ids: &[String]| {
            let ids: Vec<String> = ids.iter().map(|id| catalog.describe_gpu(id, cloud)).collect();
            ids.join(", ")
        };
        match self {
            Self::Ambiguous(ids) => match ids.as_slice() {
                [only] => format!("write {}: the others are not offered here", catalog.describe_gpu(only, cloud)),
                _ => {
                    let pool = catalog.pools.iter().find(|pool| {
                        pool.members.len() == ids.len() && pool.members.iter().all(|member| ids.contains(member))
                    });
                    let pool = pool.map(|pool| format!(", the pool `{}`", pool.id)).unwrap_or_default();
                    format!("write one of {}{pool}, or a list in the order to try", described(ids))
                }
            },
            Self::NoSuchSize { sizes, .. } => {
                format!("offered sizes: {}; `sindri catalog` lists all", described(sizes))
            }
            Self::List(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                format!("write a list: `[{}]`", names.join(", "))
            }
            Self::Counted { count, name } => format!("write `gpuType: {name}` and `gpuCount: {count}`"),
            Self::Unknown { nearest } => match nearest.as_slice() {
                [] => "`sindri catalog` lists all".to_owned(),
                _ => format!("did you mean {}? `sindri catalog` lists all", described(nearest)),
            },
        }
    }

    /// Leaves only candidates that `holds`, if there are any.
    pub fn retain_candidates(&mut self, holds: impl Fn(&GpuType) -> bool, catalog: &Catalog) {
        if let Self::Ambiguous(ids) = self {
            let keeps = |id: &String| catalog.gpu_type(id).is_some_and(&holds);
            if ids.iter().any(keeps) {
                ids.retain(keeps);
            }
        }
    }
}
