//! The kinds of resources, as tables: attributes, how they compare, the effect of changing them, and what each dialect
//! supports.
//!
//! Planner, apply, store and render read these tables and know no kind by name. A new kind is a new folder here, plus
//! its encoding in `runpod` and its behaviour in `emulator`.

pub mod attribute;
mod description;
mod ecr_delegation;
mod endpoint;
pub mod limits;
pub mod loss;
mod network_volume;
mod pod;
mod port;
pub mod price;
mod registry;
mod secret;
mod table;
mod template;

use crate::model::{Dialect, KindRegistry, Object};

pub use attribute::{AccountObject, Attribute, Compare, Names, SharedMap, Support};
pub use description::Description;
pub use ecr_delegation::ECR_DELEGATION;
pub use endpoint::ENDPOINT;
pub use network_volume::NETWORK_VOLUME;
pub use pod::POD;
pub use port::PORT;
pub use price::{MachineFacts, Pricing, Unpriced};
pub use registry::REGISTRY;
pub use secret::SECRET;
pub use table::{Kind, Membership, OwnChange, Protection, Readiness, Recognition};
pub use template::TEMPLATE;

/// All kinds. A kind comes after those it refers to or is part of.
pub static KINDS: KindRegistry<Kind> =
    KindRegistry::new(&[&NETWORK_VOLUME, &SECRET, &REGISTRY, &ECR_DELEGATION, &TEMPLATE, &POD, &PORT, &ENDPOINT]);

/// The kind with this name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
}

/// Whether an object runs a container, which has logs, a terminal and an uptime.
pub fn runs_container(object: &Object) -> bool {
    find(object.kind).is_some_and(|kind| kind.has_container)
}

/// The flags that permit deleting objects of protected kinds.
pub fn protections() -> impl Iterator<Item = Protection> {
    KINDS.iter().filter_map(|kind| kind.protection)
}

/// The index of a kind in [`KINDS`]; lower than that of any kind that refers to it.
pub fn rank(name: &str) -> usize {
    KINDS.iter().position(|kind| kind.name == name).unwrap_or(KINDS.len())
}

/// The kind whose objects are listed in this attribute of a `parent`.
pub fn listed_in(parent: &str, attribute: &str) -> Option<&'static Kind> {
    let lists = |kind: &&&Kind| {
        kind.member_of.as_ref().is_some_and(|member| member.parent == parent && member.attribute == attribute)
    };
    KINDS.iter().find(lists).copied()
}

/// Whether an attribute of any kind refers to objects of this one.
pub fn is_referred_to(name: &str) -> bool {
    KINDS.iter().flat_map(|kind| kind.attributes).any(|attribute| attribute.refers_to() == Some(name))
}

/// Whether records may depend on objects of this kind without being parts of them: an attribute refers to it, or a
/// resource needs it. A resource with parts has no other dependents.
pub fn has_dependents(name: &str) -> bool {
    let is_part = || find(name).is_none_or(|kind| kind.member_of.is_some());
    is_referred_to(name) || (!is_part() && parts_of(name).next().is_none())
}

/// Whether users of an object of this kind may keep it after it was superseded.
pub fn is_kept_by_users(name: &str) -> bool {
    let mut attributes = KINDS.iter().flat_map(|kind| kind.attributes);
    attributes.any(|attribute| attribute.keeps_previous && attribute.refers_to() == Some(name))
}

/// The kinds whose objects are parts of a `parent`.
pub fn parts_of(parent: &str) -> impl Iterator<Item = (&'static Kind, &'static Membership)> {
    let parts = KINDS.iter().filter_map(|kind| Some((*kind, kind.member_of.as_ref()?)));
    parts.filter(move |(_, membership)| membership.parent == parent)
}

/// The kinds that RunPod lists in one dialect; each costs one list request per refresh.
pub fn listed_on(dialect: Dialect) -> impl Iterator<Item = &'static Kind> {
    listed().filter(move |kind| kind.dialects.contains(&dialect))
}

/// The kinds with objects of their own, in the order of [`KINDS`].
pub fn listed() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.member_of.is_none())
}
