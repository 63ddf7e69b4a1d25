//! Resolves the name of a GPU to the exact ids that the API accepts, or explains why it cannot.

use std::collections::BTreeSet;

use super::gpu_count;
use super::gpu_name::{GpuName, GpuNames, KnownNames, NameVocabulary, squashed};
use super::gpu_unknown::{UnknownGpu, UnknownPart};
use super::{Catalog, Cloud};
use crate::model::similar::edits;

/// Maximum length of a text that may list several GPUs, in bytes. Longer ones are not examined.
const LONGEST_LIST: usize = 1000;

/// The meaning of a GPU name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuMatch {
    /// Exact ids, in the order to try them.
    pub ids: Vec<String>,
    /// The pool that the name refers to, directly or through a tier.
    pub pool: Option<String>,
}

impl GpuNames {
    fn of(catalog: &Catalog) -> Self {
        let mut named: Vec<(usize, &str)> = Vec::new();
        for (place, gpu) in catalog.gpu_types.iter().enumerate() {
            named.extend([(place, gpu.id.as_str()), (place, gpu.display_name.as_str())]);
        }
        let sizes = catalog.gpu_types.iter().map(|gpu| gpu.vram_gb).collect();
        let vocabulary = NameVocabulary::of(named.iter().map(|(_, name)| *name), sizes);
        for alias in catalog.aliases.gpu_types.iter().filter(|alias| alias.ambiguous.is_empty()) {
            let place = catalog.gpu_types.iter().position(|gpu| gpu.id == alias.api);
            named.extend(place.map(|place| (place, alias.written.as_str())));
        }
        let known = named.into_iter().map(|(gpu, name)| KnownNames { gpu, name: vocabulary.read(name) }).collect();
        let mut names = Self { vocabulary, known };
        names.drop_unclear(catalog);
        names
    }

    /// Removes names that drop the distinguishing part of an id: `RTX PRO 6000` has several editions.
    fn drop_unclear(&mut self, catalog: &Catalog) {
        let is_unclear = |KnownNames { gpu, name }: &KnownNames| {
            let id = self.vocabulary.read(&catalog.gpu_types[*gpu].id);
            let rivals = self.types(|other| other.chip == name.chip).into_iter().filter(|other| other != gpu);
            let rivals: Vec<usize> = rivals.collect();
            let tells_apart = |form: &str| rivals.iter().any(|rival| !self.has_forms(*rival, &BTreeSet::from([form])));
            let shortens = id.chip == name.chip && id.memory_gb == name.memory_gb && name.forms.is_subset(&id.forms);
            shortens && id.forms.difference(&name.forms).any(|form| tells_apart(form))
        };
        let clear: Vec<bool> = self.known.iter().map(|name| !is_unclear(name)).collect();
        let mut clear = clear.into_iter();
        self.known.retain(|_| clear.next().unwrap_or(true));
    }

    fn of_type(&self, gpu: usize) -> impl Iterator<Item = &GpuName> {
        self.known.iter().filter(move |known| known.gpu == gpu).map(|known| &known.name)
    }

    /// The types with a name that satisfies `holds`, in catalog order.
    fn types(&self, holds: impl Fn(&GpuName) -> bool) -> Vec<usize> {
        let found: BTreeSet<usize> =
            self.known.iter().filter(|known| holds(&known.name)).map(|known| known.gpu).collect();
        found.into_iter().collect()
    }

    /// Whether the type has all the requested forms.
    fn has_forms(&self, gpu: usize, forms: &BTreeSet<&str>) -> bool {
        let known: BTreeSet<&str> = self.of_type(gpu).flat_map(|name| name.forms.iter().copied()).collect();
        forms.is_subset(&known)
    }
}

impl Catalog {
    /// The GPU types that a name refers to: an id, a display name or another spelling of one, a pool or a tier. Case,
    /// spaces, dashes and vendor words are ignored. All GPU names are read here.
    ///
    /// # Errors
    /// The name matches nothing, or several types that are not interchangeable (`H100`).
    pub fn resolve_gpu(&self, word: &str) -> Result<GpuMatch, UnknownGpu> {
        self.find_gpu(word).ok_or_else(|| self.explain_unknown_gpu(word))
    }

    /// Like [`resolve_gpu`](Self::resolve_gpu), but does not search for what an unknown name may mean.
    pub fn find_gpu(&self, word: &str) -> Option<GpuMatch> {
        self.named(word)?.ok()
    }

    /// Why a name does not refer to GPU types, and what it may mean.
    pub fn explain_unknown_gpu(&self, word: &str) -> UnknownGpu {
        if let Some(Err(ids)) = self.named(word) {
            return UnknownGpu::Ambiguous(ids);
        }
        if word.len() > LONGEST_LIST {
            return UnknownGpu::Unknown { nearest: Vec::new() };
        }
        let known = self.list(word).or_else(|| self.path(word)).or_else(|| self.counted(word));
        known.unwrap_or_else(|| self.no_type(word))
    }

    /// The type that a name refers to, or the types that it could mean.
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

    /// Every type that a name could mean; empty if none.
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

    /// The types that match a name; only one if the name matches it exactly.
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

    /// Why no type has this name. Never suggests a type with a different memory size than requested.
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
        let other_sizes = self.other_sizes(name);
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

    /// The types that match a name except for its memory size, limited to those with exactly its chip if there are any.
    fn other_sizes(&self, name: &GpuName) -> Vec<usize> {
        let mut found = self.related(&GpuName { memory_gb: None, ..name.clone() });
        let same = |gpu: &usize| {
            self.gpu_names().of_type(*gpu).any(|known| known.chip == name.chip && known.forms.is_superset(&name.forms))
        };
        if found.iter().any(same) {
            // Do not suggest a chip that people merely call by this name.
            let own = |gpu: &usize| {
                squashed(&self.gpu_types[*gpu].id).contains(&name.chip.iter().cloned().collect::<String>())
            };
            found.retain(same);
            if found.iter().any(own) {
                found.retain(own);
            }
        }
        found
    }

    /// The types with the numbers and memory of a name, narrowed to its form if possible.
    fn related(&self, name: &GpuName) -> Vec<usize> {
        let names = self.gpu_names();
        let numbers = name.numbers();
        if numbers.is_empty() && (name.memory_gb.is_none() || !name.chip.is_empty()) {
            return Vec::new();
        }
        let mut found = names
            .types(|known| known.is_slice() == name.is_slice() && (numbers.is_empty() || known.numbers() == numbers));
        found.retain(|gpu| self.has_memory(*gpu, name));
        // Narrow to the same words, then to the same form, unless nothing would be left.
        let wider = |gpu: &usize| names.of_type(*gpu).any(|known| known.chip.is_superset(&name.chip));
        let formed = |gpu: &usize| names.has_forms(*gpu, &name.forms);
        for narrower in [&wider as &dyn Fn(&usize) -> bool, &formed] {
            if found.iter().any(narrower) {
                found.retain(narrower);
            }
        }
        found
    }

    /// The types that match a name after correcting typos.
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

    /// Pools and tiers that the word probably meant.
    fn pools_like(&self, word: &str) -> Vec<String> {
        let written = squashed(word);
        let tiers = self.aliases.tiers.iter().map(|tier| &tier.tier);
        let like = |name: &&String| {
            let name = squashed(name);
            let begins = written.len() > 4 && name.starts_with(&written);
            begins || (written.len() > 3 && edits(&name, &written, 1) == Some(1))
        };
        self.pools.iter().map(|pool| &pool.id).chain(tiers).filter(like).cloned().collect()
    }

    fn list(&self, word: &str) -> Option<UnknownGpu> {
        let parts: Vec<&str> = word.split([',', ';', '|', '/', '+']).flat_map(|part| part.split(" or ")).collect();
        let parts: Vec<&str> = parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect();
        // A part that is not a GPU is not shown in messages, because it may be the value of a variable.
        let parts: Vec<UnknownPart> = parts.into_iter().map(|part| self.part(part)).collect();
        // A slash may also separate a vendor from a name.
        let least = if word.contains([',', ';']) || word.contains(" or ") { 1 } else { parts.len() };
        let named = parts.iter().filter(|part| !part.0.is_empty()).count();
        (parts.len() > 1 && named >= least).then_some(UnknownGpu::List(parts))
    }

    /// A name in several parts: `nvidia/a100`, `A100/80GB`.
    fn path(&self, word: &str) -> Option<UnknownGpu> {
        let (_, last) = word.rsplit_once('/')?;
        match self.named(&word.replace('/', " ")).or_else(|| self.named(last))? {
            Ok(found) => Some(UnknownGpu::Unknown { nearest: written(found) }),
            Err(ids) => Some(UnknownGpu::Ambiguous(ids)),
        }
    }

    fn counted(&self, word: &str) -> Option<UnknownGpu> {
        let is_count = |counted: &gpu_count::CountedName, candidates: &[String]| {
            let memory = candidates.iter().filter_map(|id| Some(self.gpu_type(id)?.vram_gb)).min();
            counted.has_sign || memory.is_some_and(|memory_gb| counted.count * 2 < memory_gb)
        };
        gpu_count::readings(word).into_iter().find_map(|counted| {
            let candidates = self.meant(&counted.name);
            let is_meant = !candidates.is_empty() && is_count(&counted, &candidates);
            is_meant.then_some(UnknownGpu::Counted { count: counted.count, candidates })
        })
    }

    /// The ids and pools that a name refers to, or probably means. A plural counts as its singular.
    fn meant(&self, word: &str) -> Vec<String> {
        let singular = word.strip_suffix('s').unwrap_or(word);
        match self.named(word).or_else(|| self.named(singular)) {
            Some(Ok(found)) => written(found),
            Some(Err(ids)) => ids,
            None => match self.no_type(word) {
                UnknownGpu::Ambiguous(ids) | UnknownGpu::Unknown { nearest: ids } => ids,
                _ => Vec::new(),
            },
        }
    }

    /// One part of a list: the ids or the pool that it names.
    fn part(&self, word: &str) -> UnknownPart {
        UnknownPart(match self.named(word) {
            Some(Ok(found)) => written(found),
            Some(Err(ids)) => ids,
            None => Vec::new(),
        })
    }
}

/// The spellings in a configuration that give a match.
fn written(found: GpuMatch) -> Vec<String> {
    found.pool.map_or(found.ids, |pool| vec![pool])
}
