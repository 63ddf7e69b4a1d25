//! Resolves regions and CPU instances, as people write them, to the exact ids that the API accepts.

use std::fmt;

use super::{Catalog, CpuFlavor};
use crate::model::similar::likeness;

/// Why a text is not a CPU instance such as `cpu3c-2-4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadInstance {
    /// Not of the form `<flavor>-<vCPUs>-<GB>`.
    Shape,
    UnknownFlavor,
    /// The memory does not match the flavor's vCPUs.
    Memory {
        expected_gb: i64,
    },
}

impl fmt::Display for BadInstance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => {
                formatter.write_str("it must have the form `<flavor>-<vCPUs>-<GB of memory>`, such as `cpu3c-2-4`")
            }
            Self::UnknownFlavor => formatter.write_str("there is no such CPU flavor"),
            Self::Memory { expected_gb } => {
                write!(formatter, "that flavor has {expected_gb} GB of memory with that many vCPUs")
            }
        }
    }
}

/// The candidate most similar to the word, ignoring case; `None` if none is similar.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(word, candidates).max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, candidate)| candidate)
}

/// All candidates that look like the word, the most similar first.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<(f64, &str)> = alike(word, candidates).collect();
    found.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

fn alike<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (f64, &'a str)> {
    let word = word.to_lowercase();
    let compared = candidates.into_iter().map(move |candidate| (likeness(&word, &candidate.to_lowercase()), candidate));
    compared.filter(|(likeness, _)| *likeness > 0.8)
}

impl Catalog {
    /// The data centers that a name refers to: an id in any case, a country or id prefix (`US`, `EU`, `CA-MTL`), or a
    /// continent. `None` if the name matches none.
    pub fn resolve_region(&self, word: &str) -> Option<Vec<String>> {
        let written = word.to_ascii_uppercase();
        if let Some(center) = self.data_center(&written) {
            return Some(vec![center.id.clone()]);
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
                        // People say `EU` for all of Europe; RunPod's ids split it into EU and EUR.
                        || (matches!(written.as_str(), "EU" | "EUR") && center.region == "EUROPE"))
            })
            .map(|center| center.id.clone())
            .collect();
        (!ids.is_empty()).then_some(ids)
    }

    /// The flavor and the vCPUs of a CPU instance such as `cpu3c-2-4`.
    ///
    /// # Errors
    /// See [`BadInstance`]. Does not check whether the vCPUs are within the flavor's range.
    pub fn resolve_cpu_instance(&self, instance: &str) -> Result<(&CpuFlavor, i64), BadInstance> {
        let mut parts = instance.split('-');
        let (Some(flavor), Some(vcpus), Some(memory), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadInstance::Shape);
        };
        let number = |part: &str| part.parse::<u16>().map(i64::from).map_err(|_| BadInstance::Shape);
        let (vcpus, memory_gb) = (number(vcpus)?, number(memory)?);
        let flavor = self.cpu_flavors.iter().find(|known| known.id.eq_ignore_ascii_case(flavor));
        let flavor = flavor.ok_or(BadInstance::UnknownFlavor)?;
        let expected_gb = flavor.ram_gb_per_vcpu * vcpus;
        if memory_gb != expected_gb {
            return Err(BadInstance::Memory { expected_gb });
        }
        Ok((flavor, vcpus))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_ids_countries_and_continents() {
        let catalog = Catalog::embedded();
        assert_eq!(catalog.resolve_region("us-ca-2").unwrap(), ["US-CA-2"]);
        assert_eq!(catalog.resolve_region("CA-MTL").unwrap(), ["CA-MTL-1", "CA-MTL-3", "CA-MTL-4"]);
        assert_eq!(catalog.resolve_region("ro").unwrap(), ["EU-RO-1"]);
        let europe = catalog.resolve_region("EU").unwrap();
        assert!(europe.contains(&"EUR-NO-1".to_owned()) && europe.contains(&"EU-CZ-1".to_owned()), "{europe:?}");
        assert_eq!(catalog.resolve_region("US").unwrap().iter().filter(|id| id.as_str() == "US-TX-1").count(), 0);
        assert_eq!(catalog.resolve_region("US-CA-22"), None);
    }

    #[test]
    fn a_cpu_instance_names_flavor_and_vcpus_and_memory_must_agree() {
        let catalog = Catalog::embedded();
        let (flavor, vcpus) = catalog.resolve_cpu_instance("cpu3c-2-4").unwrap();
        assert_eq!((flavor.id.as_str(), vcpus), ("cpu3c", 2));
        assert_eq!(catalog.resolve_cpu_instance("cpu3c-2-8").unwrap_err(), BadInstance::Memory { expected_gb: 4 });
        assert_eq!(catalog.resolve_cpu_instance("cpu3c").unwrap_err(), BadInstance::Shape);
        let unknown = catalog.resolve_cpu_instance("cpu4c-2-4").unwrap_err();
        assert!(matches!(unknown, BadInstance::UnknownFlavor), "{unknown:?}");
    }
}
