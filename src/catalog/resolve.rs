//! From what people write to the exact ids that the API takes.

use std::fmt;

use super::{Catalog, CpuFlavor, GpuType};

/// What a word for GPUs stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuMatch {
    /// Exact ids, in the order in which they are tried.
    pub ids: Vec<String>,
    pub spelling: Spelling,
}

/// How a GPU was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// By its exact id.
    Exact,
    /// By its display name, by another known spelling, or in another case.
    Alias,
    /// By a pool, or by a tier that stands for it.
    Pool(String),
}

/// A word that names no GPU type, pool or tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownGpu {
    /// The accepted name that looks most like it.
    pub nearest: Option<String>,
    /// The types that it could mean; empty where it means none.
    pub ambiguous: Vec<String>,
}

/// A word that names no data center, country or continent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRegion {
    pub nearest: Option<String>,
}

/// Why a text is no CPU instance such as `cpu3c-2-4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadInstance {
    /// Not `<flavor>-<vCPUs>-<GB>`.
    Shape,
    UnknownFlavor {
        nearest: Option<String>,
    },
    /// Memory follows from the vCPUs of the flavor.
    Memory {
        expected_gb: i64,
    },
}

impl fmt::Display for BadInstance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => formatter.write_str("it must read `<flavor>-<vCPUs>-<GB of memory>`, as `cpu3c-2-4` does"),
            Self::UnknownFlavor { .. } => formatter.write_str("there is no such CPU flavor"),
            Self::Memory { expected_gb } => {
                write!(formatter, "that flavor has {expected_gb} GB of memory with so many vCPUs")
            }
        }
    }
}

/// The candidate that looks most like the word, if any looks like it at all; letters of either case are the same.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

impl Catalog {
    /// The GPU types that a word stands for: an exact id, a display name, another known spelling, a pool or a tier.
    ///
    /// # Errors
    /// The word names nothing, or several types that are no candidates for each other (`NVIDIA H100`).
    pub fn resolve_gpu(&self, word: &str) -> Result<GpuMatch, UnknownGpu> {
        // Ids with two spaces are in v1's enumeration, and in files that were copied from it (quirk Q28).
        let written = word.split_whitespace().collect::<Vec<_>>().join(" ");
        let same = |name: &str| name.eq_ignore_ascii_case(&written);

        if let Some(gpu) = self.gpu_type(word) {
            return Ok(GpuMatch { ids: vec![gpu.id.clone()], spelling: Spelling::Exact });
        }
        if let Some(tier) = self.aliases.tiers.iter().find(|tier| same(&tier.tier)) {
            return Ok(self.members(&tier.pool));
        }
        if let Some(pool) = self.pools.iter().find(|pool| same(&pool.id)) {
            return Ok(self.members(&pool.id));
        }
        let alias = |id: &str| Ok(GpuMatch { ids: vec![id.to_owned()], spelling: Spelling::Alias });
        if let [gpu] = self.gpus(|gpu| same(&gpu.id)).as_slice() {
            return alias(&gpu.id);
        }
        if let [gpu] = self.gpus(|gpu| same(&gpu.display_name)).as_slice() {
            return alias(&gpu.id);
        }
        match self.aliases.gpu_types.iter().find(|alias| same(&alias.written)) {
            Some(found) if found.ambiguous.is_empty() => alias(&found.api),
            Some(found) => Err(UnknownGpu { nearest: None, ambiguous: found.ambiguous.clone() }),
            None => Err(UnknownGpu {
                nearest: nearest(&written, self.gpu_names()).map(str::to_owned),
                ambiguous: Vec::new(),
            }),
        }
    }

    /// The data centers that a word stands for: an id in any case, a country or id prefix (`US`, `EU`, `CA-MTL`), or a continent.
    ///
    /// # Errors
    /// The word names none.
    pub fn resolve_region(&self, word: &str) -> Result<Vec<String>, UnknownRegion> {
        let written = word.to_ascii_uppercase();
        if let Some(center) = self.data_center(&written) {
            return Ok(vec![center.id.clone()]);
        }
        let continent = written.replace([' ', '-'], "_");
        let prefix = format!("{written}-");
        let ids: Vec<String> = self
            .data_centers
            .iter()
            .filter(|center| {
                center.is_listed()
                    && (center.id.starts_with(&prefix)
                        || center.country_code == written
                        || center.region == continent
                        // `EU` is what people say for all of Europe; RunPod's ids split it into EU and EUR.
                        || (matches!(written.as_str(), "EU" | "EUR") && center.region == "EUROPE"))
            })
            .map(|center| center.id.clone())
            .collect();
        if ids.is_empty() {
            let names = self.data_centers.iter().map(|center| center.id.as_str());
            return Err(UnknownRegion { nearest: nearest(&written, names).map(str::to_owned) });
        }
        Ok(ids)
    }

    /// The flavor and the vCPUs of a CPU instance such as `cpu3c-2-4`.
    ///
    /// # Errors
    /// See [`BadInstance`]. Whether the vCPUs are within the flavor's range is not looked at.
    pub fn resolve_cpu_instance(&self, instance: &str) -> Result<(&CpuFlavor, i64), BadInstance> {
        let mut parts = instance.split('-');
        let (Some(flavor), Some(vcpus), Some(memory), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadInstance::Shape);
        };
        let number = |part: &str| part.parse::<u16>().map(i64::from).map_err(|_| BadInstance::Shape);
        let (vcpus, memory_gb) = (number(vcpus)?, number(memory)?);
        let flavor = self.cpu_flavors.iter().find(|known| known.id.eq_ignore_ascii_case(flavor)).ok_or_else(|| {
            let names = self.cpu_flavors.iter().map(|flavor| flavor.id.as_str());
            BadInstance::UnknownFlavor { nearest: nearest(flavor, names).map(str::to_owned) }
        })?;
        let expected_gb = flavor.ram_gb_per_vcpu * vcpus;
        if memory_gb != expected_gb {
            return Err(BadInstance::Memory { expected_gb });
        }
        Ok((flavor, vcpus))
    }

    fn members(&self, pool: &str) -> GpuMatch {
        let ids = self.pool(pool).map(|pool| pool.members.clone()).unwrap_or_default();
        GpuMatch { ids, spelling: Spelling::Pool(pool.to_owned()) }
    }

    fn gpus(&self, holds: impl Fn(&GpuType) -> bool) -> Vec<&GpuType> {
        self.gpu_types.iter().filter(|gpu| holds(gpu)).collect()
    }

    /// Every name that `resolve_gpu` takes, for "did you mean".
    fn gpu_names(&self) -> impl Iterator<Item = &str> {
        let types = self.gpu_types.iter().flat_map(|gpu| [gpu.id.as_str(), gpu.display_name.as_str()]);
        let pools = self.pools.iter().map(|pool| pool.id.as_str());
        let tiers = self.aliases.tiers.iter().map(|tier| tier.tier.as_str());
        types.chain(pools).chain(tiers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(word: &str) -> Vec<String> {
        Catalog::embedded().resolve_gpu(word).unwrap_or_else(|unknown| panic!("{word}: {unknown:?}")).ids
    }

    #[test]
    fn one_gpu_type_has_many_spellings() {
        for word in [
            "NVIDIA GeForce RTX 4090",
            "RTX 4090",
            "nvidia geforce rtx 4090",
            "NVIDIA RTX 4090",
            "ADA_24",
            "ada_24",
            "gpu-small",
        ] {
            assert_eq!(ids(word), ["NVIDIA GeForce RTX 4090"], "{word}");
        }
        assert_eq!(ids("NVIDIA RTX 5000 Ada"), ["NVIDIA RTX 5000 Ada Generation"]);
        assert_eq!(ids("NVIDIA  RTX A4500"), ["NVIDIA RTX A4500"]);
    }

    #[test]
    fn a_pool_becomes_its_members_in_order() {
        assert_eq!(ids("gpu-medium"), ["NVIDIA A40", "NVIDIA RTX A6000"]);
        assert_eq!(ids("ADA_80_PRO"), ["NVIDIA H100 80GB HBM3", "NVIDIA H100 NVL", "NVIDIA H100 PCIe"]);
    }

    #[test]
    fn an_ambiguous_word_is_asked_about_and_never_guessed() {
        let unknown = Catalog::embedded().resolve_gpu("NVIDIA H100").unwrap_err();
        assert_eq!(unknown.ambiguous, ["NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", "NVIDIA H100 NVL"]);
    }

    #[test]
    fn a_misspelt_gpu_is_offered_the_nearest_name() {
        let nearest = |word: &str| Catalog::embedded().resolve_gpu(word).unwrap_err().nearest;
        assert_eq!(nearest("NVIDIA GeForce RTX 4900").as_deref(), Some("NVIDIA GeForce RTX 4090"));
        assert_eq!(nearest("ADA24").as_deref(), Some("ADA_24"));
        assert_eq!(nearest("zzz"), None);
    }

    #[test]
    fn regions_are_ids_countries_and_continents() {
        let catalog = Catalog::embedded();
        assert_eq!(catalog.resolve_region("us-ca-2").unwrap(), ["US-CA-2"]);
        assert_eq!(catalog.resolve_region("CA-MTL").unwrap(), ["CA-MTL-1", "CA-MTL-3", "CA-MTL-4"]);
        assert_eq!(catalog.resolve_region("ro").unwrap(), ["EU-RO-1"]);
        let europe = catalog.resolve_region("EU").unwrap();
        assert!(europe.contains(&"EUR-NO-1".to_owned()) && europe.contains(&"EU-CZ-1".to_owned()), "{europe:?}");
        assert_eq!(catalog.resolve_region("US").unwrap().iter().filter(|id| id.as_str() == "US-TX-1").count(), 0);
        assert_eq!(catalog.resolve_region("US-CA-22").unwrap_err().nearest.as_deref(), Some("US-CA-2"));
    }

    #[test]
    fn a_cpu_instance_names_flavor_and_vcpus_and_memory_must_agree() {
        let catalog = Catalog::embedded();
        let (flavor, vcpus) = catalog.resolve_cpu_instance("cpu3c-2-4").unwrap();
        assert_eq!((flavor.id.as_str(), vcpus), ("cpu3c", 2));
        assert_eq!(catalog.resolve_cpu_instance("cpu3c-2-8").unwrap_err(), BadInstance::Memory { expected_gb: 4 });
        assert_eq!(catalog.resolve_cpu_instance("cpu3c").unwrap_err(), BadInstance::Shape);
        let unknown = catalog.resolve_cpu_instance("cpu4c-2-4").unwrap_err();
        assert!(matches!(unknown, BadInstance::UnknownFlavor { nearest: Some(_) }), "{unknown:?}");
    }
}
