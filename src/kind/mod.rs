//! The kinds of resources, as tables: attributes, how they compare, what changing them costs, what a dialect can say.
//!
//! Planner, apply, store and render read these tables and know no kind by name; a new kind is a new folder here, with its
//! encoding in `runpod` and its life in `emulator`.

mod attribute;
mod description;
pub mod limits;
mod network_volume;
mod pod;
mod port;
mod table;

use crate::model::Dialect;

pub use attribute::{Attribute, Compare, Names, Outside, SharedMap, Support};
pub use description::Description;
pub use network_volume::NETWORK_VOLUME;
pub use pod::POD;
pub use port::PORT;
pub use table::{Kind, Membership, Protection, Readiness, Recognition};

/// Every kind; one that others refer to or are part of comes before them.
pub static KINDS: [&Kind; 3] = [&NETWORK_VOLUME, &POD, &PORT];

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
}

/// The flags that permit deleting objects of protected kinds.
pub fn protections() -> impl Iterator<Item = Protection> {
    KINDS.iter().filter_map(|kind| kind.protection)
}

/// The place of a kind in [`KINDS`]: what others refer to has a lower rank than those others.
pub fn rank(name: &str) -> usize {
    KINDS.iter().position(|kind| kind.name == name).unwrap_or(KINDS.len())
}

/// The kind whose objects are parts of a `parent`, listed in that attribute of it.
pub fn listed_in(parent: &str, attribute: &str) -> Option<&'static Kind> {
    let lists = |kind: &&&Kind| {
        kind.member_of.as_ref().is_some_and(|member| member.parent == parent && member.attribute == attribute)
    };
    KINDS.iter().find(lists).copied()
}

/// Whether attributes of any kind refer to objects of this one.
pub fn is_referred_to(name: &str) -> bool {
    KINDS.iter().flat_map(|kind| kind.attributes).any(|attribute| attribute.refers_to() == Some(name))
}

/// The kinds whose objects are parts of a `parent`.
pub fn parts_of(parent: &str) -> impl Iterator<Item = (&'static Kind, &'static Membership)> {
    let parts = KINDS.iter().filter_map(|kind| Some((*kind, kind.member_of.as_ref()?)));
    parts.filter(move |(_, membership)| membership.parent == parent)
}

/// The kinds whose objects RunPod lists on one dialect: each costs one list request per refresh.
pub fn listed_on(dialect: Dialect) -> impl Iterator<Item = &'static Kind> {
    listed().filter(move |kind| kind.dialects.contains(&dialect))
}

/// The kinds with objects of their own, in the order of [`KINDS`].
pub fn listed() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.member_of.is_none())
}
