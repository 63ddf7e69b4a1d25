//! Facts that every kind provides. Code above the kinds reads these members instead of checking a kind's name.

use std::collections::BTreeMap;

use super::attribute::{Attribute, Compare, Names, supplied};
use super::description::Description;
use super::limits::Limit;
use super::price::Pricing;
use crate::model::{Attributes, Dialect, DriftClass, FieldChange, Loss, Power, Risk, Value};

/// One kind of resource.
#[derive(Debug)]
pub struct Kind {
    /// The name used in addresses: `network_volume`.
    pub name: &'static str,
    /// The name used in sentences: `network volume`.
    pub title: &'static str,
    /// The RunPod APIs that have objects of this kind, or list its members with their parent.
    pub dialects: &'static [Dialect],
    pub attributes: &'static [Attribute],
    /// Whether every refresh lists its objects. Otherwise they are listed only if the configuration, the state or an
    /// unfinished request contains one, or if a command looks for objects outside the state.
    pub always_listed: bool,
    /// Whether its fields become those of the resources that name it, so that a change of it explains theirs. The
    /// attributes have the same names in both kinds.
    pub is_merged_into_users: bool,
    /// The drift class of a change of [`crate::model::Record::chosen`] at RunPod.
    pub chosen_drift: DriftClass,
    /// Changes that RunPod makes to its objects by itself.
    pub own_changes: &'static [OwnChange],
    /// Limits from RunPod's schemas and documents.
    pub limits: &'static [Limit],
    /// Set for a kind whose resources exist only within their parent's request, such as ports.
    pub member_of: Option<Membership>,
    /// The attribute that is the display name at RunPod. It distinguishes two objects without making them different
    /// things.
    pub name_attribute: Option<&'static str>,
    /// How sindri finds its own object after a create whose response was lost.
    pub recognition: Recognition,
    /// When its objects can be used.
    pub readiness: Readiness,
    /// A delay that no reading shows, as a sentence for the plan: `hosts may need 5 minutes to see it`.
    pub delay: Option<&'static str>,
    /// Whether its objects run a container, which has logs, a terminal and an uptime.
    pub has_container: bool,
    /// Whether a create can run out of stock, so that candidates are tried in order.
    pub has_capacity: bool,
    /// Attributes that RunPod's catalog does not cover; stock queries cannot include them.
    pub not_in_catalog: &'static [&'static str],
    /// Attributes with disk sizes that are billed. Their price is unknown if a template supplies them.
    pub disk_attributes: &'static [&'static str],
    /// Set if removing the block alone must not destroy the object.
    pub protection: Option<Protection>,
    /// The attribute that locks an object against stopping and destroying.
    pub lock_attribute: Option<&'static str>,
    /// The attribute that lets RunPod reclaim the machine at any time.
    pub spot_attribute: Option<&'static str>,
    /// How much an object counts towards `budget.maxPods`.
    pub budget_weight: usize,
    /// Whether RunPod stops or deletes its objects when the account's balance reaches zero.
    pub ends_at_zero_balance: bool,
    /// Whether a replacement creates the new object before destroying the old one unless something prevents it.
    /// Requires that two can coexist and that the old one stays useful until then.
    pub creates_first: bool,
    /// Data that destroying an object with these attributes loses.
    pub losses: fn(&Attributes) -> Vec<Loss>,
    /// The risk of losing something precious, if [`Kind::losses`] lists any for these attributes.
    pub precious_risk: fn(&Attributes) -> Risk,
    /// The risk of stopping an object; `None` if the kind cannot be stopped.
    pub stop_risk: Risk,
    pub pricing: Pricing,
    /// Describes an object with these attributes. The second argument is what RunPod chose among the candidates
    /// ([`crate::model::Record::chosen`]).
    pub describe: fn(&Attributes, &BTreeMap<String, String>) -> Description,
}

/// A change that RunPod makes by itself, and how to recognise it.
#[derive(Debug)]
pub struct OwnChange {
    pub attribute: &'static str,
    /// Whether the change from the applied to the observed value is one that RunPod makes.
    pub matches: fn(&Value, &Value) -> bool,
    pub class: DriftClass,
}

/// How sindri finds its own object after the response to a create was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// Objects carry a [`crate::model::Marker`].
    Marker,
    /// Some attributes identify an object, excluding the ids that existed before the create.
    Identity {
        attributes: &'static [&'static str],
        /// The attributes in a sentence: `name, size and location`.
        words: &'static str,
    },
    /// Its id is derived from its parent's.
    Parent,
}

/// The point at which objects of a kind are ready for use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// As soon as they exist.
    Existing,
    /// Once [`crate::model::Object::ready`] is true. Objects that should be stopped are never waited for.
    ComesUp,
}

/// The protection of a kind whose objects hold something that a delete loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The flag that permits deleting them: `--include-volumes`.
    pub flag: &'static str,
    /// The flag's help text.
    pub help: &'static str,
    /// The loss in a delete, to follow `with its`: `data`.
    pub holds: &'static str,
}

/// How member resources are folded into their parent's request.
#[derive(Debug)]
pub struct Membership {
    pub parent: &'static str,
    /// The parent's attribute that lists the `member` names of its members.
    pub attribute: &'static str,
    /// The attributes that a member's name implies.
    pub inputs: fn(&str) -> Attributes,
}

impl Kind {
    /// The usual kind, to be completed: named objects that cost nothing, hold nothing that a delete loses, and are ready
    /// once they exist. A table states only how its kind differs.
    pub const PLAIN: Self = Self {
        name: "",
        title: "",
        dialects: &[],
        attributes: &[],
        recognition: Recognition::Parent,
        always_listed: false,
        is_merged_into_users: false,
        chosen_drift: DriftClass::Migrated,
        own_changes: &[],
        limits: &[],
        member_of: None,
        name_attribute: Some("name"),
        readiness: Readiness::Existing,
        delay: None,
        has_container: false,
        has_capacity: false,
        not_in_catalog: &[],
        disk_attributes: &[],
        protection: None,
        lock_attribute: None,
        spot_attribute: None,
        budget_weight: 0,
        ends_at_zero_balance: false,
        creates_first: false,
        losses: |_| Vec::new(),
        precious_risk: |_| Risk::None,
        stop_risk: Risk::None,
        pricing: Pricing::FREE,
        describe: |_, _| Description::default(),
    };

    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The limits of its attributes in one dialect.
    pub fn limits_on(&self, dialect: Dialect) -> impl Iterator<Item = &'static Limit> {
        self.limits.iter().filter(move |limit| limit.dialect == dialect)
    }

    /// The display name of an object with these attributes.
    pub fn display_name<'a>(&self, attributes: &'a Attributes) -> Option<&'a str> {
        attributes.get(self.name_attribute?)?.as_text()
    }

    /// Whether the resources that name one of this kind get this field from it. Their names are their own.
    pub fn gives(&self, path: &str) -> bool {
        self.is_merged_into_users && self.name_attribute != Some(path)
    }

    /// Whether its objects carry a [`crate::model::Marker`].
    pub fn is_marked(&self) -> bool {
        self.recognition == Recognition::Marker
    }

    /// The attributes that identify an object without a marker; `None` for kinds recognised another way.
    pub fn identity(&self) -> Option<&'static [&'static str]> {
        match self.recognition {
            Recognition::Identity { attributes, .. } => Some(attributes),
            Recognition::Marker | Recognition::Parent => None,
        }
    }

    /// The identity of an object without a marker, in a sentence: `name, size and location`.
    pub fn identity_words(&self) -> &'static str {
        match self.recognition {
            Recognition::Identity { words, .. } => words,
            Recognition::Marker => "marker",
            Recognition::Parent => "parent",
        }
    }

    /// The identifying values of an object without a marker. Two objects with the same key cannot be told apart.
    pub fn identity_key<'v>(&self, attributes: &'v Attributes) -> Option<Vec<&'v Value>> {
        self.identity()?.iter().map(|name| attributes.get(name)).collect()
    }

    /// Whether two objects without markers have the same identity. An attribute missing from both counts as equal.
    pub fn same_identity(&self, one: &Attributes, other: &Attributes) -> bool {
        self.identity().is_none_or(|names| names.iter().all(|name| one.get(name) == other.get(name)))
    }

    /// The drift class of a change that RunPod made by itself from `before` to `after`.
    pub fn own_change(&self, attribute: &str, before: &Value, after: &Value) -> Option<DriftClass> {
        let is_it = |change: &&OwnChange| change.attribute == attribute && (change.matches)(before, after);
        self.own_changes.iter().find(is_it).map(|change| change.class)
    }

    /// The attributes that a change of `version` sends again.
    pub fn write_only(&self) -> impl Iterator<Item = &'static Attribute> {
        self.attributes.iter().filter(|attribute| attribute.compare == Compare::WriteOnly)
    }

    /// Whether an object with these attributes is locked.
    pub fn is_locked(&self, attributes: &Attributes) -> bool {
        self.lock_attribute.is_some_and(|lock| attributes.get(lock) == Some(&Value::Bool(true)))
    }

    /// Whether RunPod may reclaim the machine of an object with these attributes.
    pub fn is_spot(&self, attributes: &Attributes) -> bool {
        self.spot_attribute.is_some_and(|spot| attributes.get(spot) == Some(&Value::Bool(true)))
    }

    /// Whether sindri waits for readiness of an object that should have this power.
    pub fn awaits_readiness(&self, wanted: Option<Power>) -> bool {
        self.readiness == Readiness::ComesUp && wanted != Some(Power::Stopped)
    }

    /// Why a field cannot be changed back; `None` if it can.
    pub fn refusal(&self, field: &FieldChange) -> Option<&'static str> {
        let attribute = self.attribute(field.path.split('.').next()?)?;
        (attribute.effect)(&field.after, &field.before).err()
    }

    /// The attributes that RunPod fills in for an object with these inputs, each with its supplier (`template`, its
    /// id).
    pub fn supplied<'i>(&self, inputs: &'i Attributes) -> impl Iterator<Item = (&'static str, &'static str, &'i str)> {
        supplied(self.attributes, inputs)
    }

    /// Everything that these attributes name by id: the attribute, the kind of object named, and the id.
    pub fn named<'i>(&self, attributes: &'i Attributes) -> impl Iterator<Item = (&'static str, Names, &'i str)> {
        self.attributes.iter().flat_map(|attribute| {
            let value = attribute.names.and_then(|names| Some((names, attributes.get(attribute.name)?)));
            value.into_iter().flat_map(move |(names, value)| {
                let ids = value.text_items().into_iter().filter(|id| !id.is_empty());
                ids.map(move |id| (attribute.name, names, id))
            })
        })
    }

    /// The objects of other kinds that these attributes refer to, by kind and id: a pod's network volume.
    pub fn references<'i>(&self, attributes: &'i Attributes) -> impl Iterator<Item = (&'static str, &'i str)> {
        self.named(attributes).map(|(_, names, id)| (names.kind(), id))
    }
}
