//! Addresses: the stable names of resources, `kind.name`, `kind.name[index]`, `kind.name[index]:member`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::AddressPart;
use super::reading::read_text;

/// The name of one resource: `network_volume.datasets`, `pod.trainer[3]`, `port.trainer[3]:8888/http`.
///
/// Sorts by kind, name, replica number and member, each with its numbers as numbers: `pod.a2` before `pod.a10`. Every
/// list of addresses is in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub kind: AddressPart,
    pub name: AddressPart,
    /// Replica number; absent when `replicas` is not set.
    pub index: Option<u32>,
    /// Distinguishes the children of one parent: `8888/http` for a port.
    pub member: Option<AddressPart>,
}

/// A text that is not a valid address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address; addresses look like `pod.trainer`, `pod.trainer[3]` or `port.trainer:8888/http`")]
pub struct ParseAddressError(pub String);

impl Address {
    pub fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.into(), name: AddressPart::new(name), index: None, member: None }
    }

    #[must_use]
    pub fn with_index(mut self, index: u32) -> Self {
        self.index = Some(index);
        self
    }

    #[must_use]
    pub fn with_member(mut self, member: &str) -> Self {
        self.member = Some(AddressPart::new(member));
        self
    }
}

/// Prefix of the member in the address of a deposed object.
const DEPOSED: &str = "deposed-";

impl Address {
    /// Address under which the record of a deposed object is kept while its successor comes up:
    /// `pod.trainer:deposed-5xpma5eg46tqjq`. (Deposed: the old object of a create-before-destroy replacement.)
    #[must_use]
    pub fn deposed(&self, id: &str) -> Self {
        self.clone().with_member(&format!("{DEPOSED}{id}"))
    }

    /// The address of the successor, if this is the address of a deposed object.
    pub fn successor(&self) -> Option<Self> {
        let deposed = self.member.as_deref().is_some_and(|member| member.starts_with(DEPOSED));
        deposed.then(|| Self { member: None, ..self.clone() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.kind, self.name)?;
        if let Some(index) = self.index {
            write!(formatter, "[{index}]")?;
        }
        if let Some(member) = &self.member {
            write!(formatter, ":{member}")?;
        }
        Ok(())
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let refuse = || ParseAddressError(text.to_owned());
        let (kind, rest) = text.split_once('.').ok_or_else(refuse)?;
        let (head, member) = match rest.split_once(':') {
            Some((head, member)) => (head, Some(AddressPart::new(member))),
            None => (rest, None),
        };
        let (name, index) = match head.split_once('[') {
            Some((name, index)) => {
                let index = index.strip_suffix(']').ok_or_else(refuse)?;
                // Each address has one spelling; `[03]` would be a second one.
                let number: u32 = index.parse().map_err(|_| refuse())?;
                if number.to_string() != index {
                    return Err(refuse());
                }
                (name, Some(number))
            }
            None => (head, None),
        };
        let word =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let plain =
            |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == ':');
        if !word(kind) || !word(name) || !member.as_deref().is_none_or(plain) {
            return Err(refuse());
        }
        Ok(Self { kind: AddressPart::new(kind), name: AddressPart::new(name), index, member })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, "an address", str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_written() {
        for text in ["network_volume.datasets", "pod.trainer", "pod.trainer[3]", "port.trainer[3]:8888/http"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for text in ["", "pod", "pod.", ".x", "pod.a[", "pod.a[03]", "pod.a[x]", "pod.a b", "port.a:"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_in_names_and_members_sort_as_numbers() {
        let sorted =
            ["pod.a", "pod.a2", "pod.a10[2]", "pod.a10[10]", "port.a:22/tcp", "port.a:8888/http", "port.a:10000/tcp"];
        let mut addresses: Vec<Address> = sorted.iter().rev().map(|text| text.parse().unwrap()).collect();
        addresses.sort();
        assert_eq!(addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn replicas_sort_numerically() {
        let mut addresses: Vec<Address> = ["pod.a[10]", "pod.a[2]", "pod.a"].map(|text| text.parse().unwrap()).to_vec();
        addresses.sort();
        assert_eq!(addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["pod.a", "pod.a[2]", "pod.a[10]"]);
    }
}
