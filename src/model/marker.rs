//! The marker: an environment variable that sindri sets on each pod, so that the pod can be found even if the state is
//! lost.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Address;

/// The environment variable that holds the [`Marker`]. Reserved for sindri and never part of a diff.
pub const MARKER_VARIABLE: &str = "SINDRI_RESOURCE";

/// `<lineage>:<name>/<environment>:<address>:<operation>`: the state that created a pod, for which address, in which
/// attempt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Marker {
    /// The state's lineage.
    pub lineage: String,
    /// The configuration's `name`.
    pub name: String,
    pub environment: String,
    pub address: Address,
    /// The operation that created it; unique to one attempt.
    pub operation: String,
}

impl Marker {
    /// Whether both belong to the same project and environment, regardless of lineage.
    pub fn same_project(&self, name: &str, environment: &str) -> bool {
        self.name == name && self.environment == environment
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lineage, name, environment, address, operation } = self;
        write!(formatter, "{lineage}:{name}/{environment}:{address}:{operation}")
    }
}

impl FromStr for Marker {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (lineage, rest) = text.split_once(':').ok_or(())?;
        let (project, rest) = rest.split_once(':').ok_or(())?;
        // Split from the right, because the address of a member contains a colon.
        let (address, operation) = rest.rsplit_once(':').ok_or(())?;
        let (name, environment) = project.rsplit_once('/').ok_or(())?;
        if lineage.is_empty() || operation.is_empty() {
            return Err(());
        }
        Ok(Self {
            lineage: lineage.to_owned(),
            name: name.to_owned(),
            environment: environment.to_owned(),
            address: address.parse().map_err(|_| ())?,
            operation: operation.to_owned(),
        })
    }
}

impl Serialize for Marker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Marker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom(format!("`{text}` is not a marker")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_back_as_written() {
        let text = "4f1c09aa:llm-team/prod:pod.trainer[3]:01hx2";
        assert_eq!(text.parse::<Marker>().unwrap().to_string(), text);
        assert!("4f1c/pod.main/7".parse::<Marker>().is_err());
    }
}
