//! The questions that every kind answers. Code above the kinds asks these members and never for a kind's name.

use std::collections::BTreeMap;

use super::attribute::{Attribute, Names, supplied};
use super::description::Description;
use super::limits::Limit;
use crate::model::{Attributes, Dialect, FieldChange, Loss, Power, Risk, Value};

/// One kind of resource.
#[derive(Debug)]
pub struct Kind {
    /// As in addresses: `network_volume`.
    pub name: &'static str,
    /// For sentences: `network volume`.
    pub title: &'static str,
    /// The RunPod APIs that have objects of this kind, or that list its members with their parent.
    pub dialects: &'static [Dialect],
    pub attributes: &'static [Attribute],
    /// What RunPod's schemas and documents allow its attributes to be.
    pub limits: &'static [Limit],
    /// Set for a kind whose resources exist only within their parent's request, such as ports.
    pub member_of: Option<Membership>,
    /// The attribute that is the display name at RunPod. It tells two objects apart without making them different things.
    pub name_attribute: Option<&'static str>,
    /// How sindri finds its own object again when an answer was lost.
    pub recognition: Recognition,
    /// When its objects can be used.
    pub readiness: Readiness,
    /// Whether its objects run a container, which has logs, a terminal and an uptime.
    pub has_container: bool,
    /// Whether a create may run out of stock, so that candidates are tried.
    pub has_capacity: bool,
    /// The attributes that RunPod's catalog does not know: no stock can be asked for with them.
    pub not_in_catalog: &'static [&'static str],
    /// The disk sizes that are billed. Their price is unknown where a template supplies them.
    pub disk_attributes: &'static [&'static str],
    /// Set where a deleted block alone destroys nothing.
    pub protection: Option<Protection>,
    /// The attribute that locks an object against being stopped and destroyed.
    pub lock_attribute: Option<&'static str>,
    /// The attribute that lets RunPod reclaim the machine at any time.
    pub spot_attribute: Option<&'static str>,
    /// How much an object counts towards `budget.maxPods`.
    pub budget_weight: usize,
    /// Whether RunPod stops or deletes its objects when the account's balance reaches zero.
    pub ends_at_zero_balance: bool,
    /// Whether a replacement creates the new object before the old one is destroyed, unless something prevents it: two may
    /// exist at once, and the old one is of use until the new one exists.
    pub creates_first: bool,
    /// What destroying an object with these attributes loses.
    pub losses: fn(&Attributes) -> Vec<Loss>,
    /// The risk of losing something precious, where [`Kind::losses`] names any.
    pub precious_risk: Risk,
    /// What stopping an object loses: `None` where the kind cannot be stopped.
    pub stop_risk: Risk,
    /// An object with these attributes in words. The second argument is what RunPod chose among the candidates
    /// ([`crate::model::Record::chosen`]).
    pub describe: fn(&Attributes, &BTreeMap<String, String>) -> Description,
}

/// How sindri finds its own object again when the answer to a create was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// Objects carry a [`crate::model::Marker`].
    Marker,
    /// These attributes identify an object, together with the ids that existed before the create.
    Identity(&'static [&'static str]),
    /// Its id follows from its parent's.
    Parent,
}

/// When objects of a kind are ready for use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// As soon as they exist.
    Existing,
    /// Once [`crate::model::Object::ready`] is true. An object that should be stopped is never waited for.
    ComesUp,
}

/// The protection of a kind whose objects hold data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The flag that permits deleting them: `--include-volumes`.
    pub flag: &'static str,
    /// The help of the flag.
    pub help: &'static str,
}

/// How members fold into their parent's request.
#[derive(Debug)]
pub struct Membership {
    pub parent: &'static str,
    /// The parent's attribute that lists its members' `member` names.
    pub attribute: &'static str,
    /// The attributes that a member's name implies.
    pub inputs: fn(&str) -> Attributes,
}

impl Kind {
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The limits of its attributes on one dialect.
    pub fn limits_on(&self, dialect: Dialect) -> impl Iterator<Item = &'static Limit> {
        self.limits.iter().filter(move |limit| limit.dialect == dialect)
    }

    /// The display name of an object with these attributes.
    pub fn display_name<'a>(&self, attributes: &'a Attributes) -> Option<&'a str> {
        attributes.get(self.name_attribute?)?.as_text()
    }

    /// Whether its objects carry a [`crate::model::Marker`].
    pub fn is_marked(&self) -> bool {
        self.recognition == Recognition::Marker
    }

    /// The attributes that identify an object without a marker; `None` for kinds that are recognised in another way.
    pub fn identity(&self) -> Option<&'static [&'static str]> {
        match self.recognition {
            Recognition::Identity(names) => Some(names),
            Recognition::Marker | Recognition::Parent => None,
        }
    }

    /// The values that identify an object without a marker; two with the same key cannot be told apart.
    pub fn identity_key<'v>(&self, attributes: &'v Attributes) -> Option<Vec<&'v Value>> {
        self.identity()?.iter().map(|name| attributes.get(*name)).collect()
    }

    /// Whether two objects without markers have the same identity. An attribute that neither has counts as the same.
    pub fn same_identity(&self, one: &Attributes, other: &Attributes) -> bool {
        self.identity().is_none_or(|names| names.iter().all(|name| one.get(*name) == other.get(*name)))
    }

    /// Whether an object with these attributes is locked.
    pub fn is_locked(&self, attributes: &Attributes) -> bool {
        self.lock_attribute.is_some_and(|lock| attributes.get(lock) == Some(&Value::Bool(true)))
    }

    /// Whether RunPod may reclaim the machine of an object with these attributes.
    pub fn is_spot(&self, attributes: &Attributes) -> bool {
        self.spot_attribute.is_some_and(|spot| attributes.get(spot) == Some(&Value::Bool(true)))
    }

    /// Whether an object that should have this power has to be waited for until it is ready.
    pub fn awaits_readiness(&self, wanted: Option<Power>) -> bool {
        self.readiness == Readiness::ComesUp && wanted != Some(Power::Stopped)
    }

    /// Why a field cannot be changed back, where it cannot.
    pub fn refusal(&self, field: &FieldChange) -> Option<&'static str> {
        let attribute = self.attribute(field.path.split('.').next()?)?;
        (attribute.effect)(&field.after, &field.before).err()
    }

    /// The attributes that RunPod fills in for an object with these inputs, each with its supplier (`template`, its id).
    pub fn supplied<'i>(&self, inputs: &'i Attributes) -> impl Iterator<Item = (&'static str, &'static str, &'i str)> {
        supplied(self.attributes, inputs)
    }

    /// Everything that these attributes name by its id: the attribute, what it names, and the id.
    pub fn named<'i>(&self, attributes: &'i Attributes) -> impl Iterator<Item = (&'static str, Names, &'i str)> {
        self.attributes.iter().filter_map(|attribute| {
            let id = attributes.get(attribute.name)?.as_text().filter(|id| !id.is_empty())?;
            Some((attribute.name, attribute.names?, id))
        })
    }

    /// The objects of listed kinds that these attributes refer to, by kind and id: a pod's network volume.
    pub fn references<'i>(&self, attributes: &'i Attributes) -> impl Iterator<Item = (&'static str, &'i str)> {
        self.named(attributes).filter_map(|(_, names, id)| match names {
            Names::Listed { kind, .. } => Some((kind, id)),
            Names::Outside(_) => None,
        })
    }
}
