//! The kinds of resources, as tables: attributes, how they compare, what changing them costs, what a dialect can say.
//!
//! Planner, apply, store and render read these tables and know no kind by name; a new kind is a new file here, with its
//! encoding in `runpod` and its life in `emulator`.

pub mod limits;
pub mod network_volume;
pub mod pod;
pub mod port;

use std::collections::BTreeMap;

use crate::model::{Attributes, Dialect, Effect, FieldChange, Loss, Power, Risk, Value};

pub use network_volume::NETWORK_VOLUME;
pub use pod::POD;
pub use port::PORT;

/// Every kind, in the order in which they stand on each other.
pub static KINDS: [&Kind; 3] = [&NETWORK_VOLUME, &POD, &PORT];

/// One kind of resource.
#[derive(Debug)]
pub struct Kind {
    /// As in addresses: `network_volume`.
    pub name: &'static str,
    /// For sentences: `network volume`.
    pub title: &'static str,
    pub attributes: &'static [Attribute],
    /// Whether RunPod has objects of this kind; ports are parts of their pod's request.
    pub member_of: Option<Membership>,
    /// Whether it can be stopped and started.
    pub has_power: bool,
    /// When its objects can be used.
    pub readiness: Readiness,
    /// Whether creating it may run out of stock, so that candidates are tried.
    pub has_capacity: bool,
    /// The attributes that RunPod's catalog says nothing about: no stock can be asked for with them.
    pub not_in_catalog: &'static [&'static str],
    /// Whether its objects carry a [`crate::model::Marker`]; otherwise name, size and place identify a lost create.
    pub marked: bool,
    /// Whether new records are protected, so that a deleted block alone destroys nothing.
    pub protected: bool,
    /// Whether a replacement creates the new object before anything is destroyed, unless something else stands in the way:
    /// two of them may exist at once, and the old one is of use until the new one is known to exist.
    pub creates_first: bool,
    /// The attributes that identify a lost create of a kind without markers.
    pub identity: &'static [&'static str],
    /// What destroying an object with these attributes loses.
    pub losses: fn(&Attributes) -> Vec<Loss>,
    /// The risk of losing something precious, where [`Kind::losses`] says that there is any.
    pub precious_risk: Risk,
    /// What stopping an object loses: `None` where the kind cannot be stopped.
    pub stop_risk: Risk,
    /// An object with these attributes in words, given what was chosen among its candidates ([`crate::model::Record::chosen`]).
    pub describe: fn(&Attributes, &BTreeMap<String, String>) -> Description,
}

/// When objects of a kind are ready for use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// As soon as they exist.
    Existing,
    /// Once they have come up: [`crate::model::Object::ready`] tells, and one that is wanted stopped is never waited for.
    ComesUp,
}

/// An object in words, for lines of a plan and rows of a table. For display only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// `2 x NVIDIA L4`, `500 GB`.
    pub what: String,
    /// `US-CA-2`; `None` where anywhere will do.
    pub place: Option<String>,
    /// `SECURE`, `image pytorch:2.8`.
    pub details: Vec<String>,
}

impl std::fmt::Display for Description {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.what].into_iter().chain(&self.place).chain(&self.details).filter(|part| !part.is_empty());
        for (index, part) in parts.enumerate() {
            write!(formatter, "{}{part}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Candidates in a sentence: `A`, `A or B`, `A, B or 3 others`.
pub(crate) fn alternatives(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, second] => format!("{first} or {second}"),
        [first, second, third] => format!("{first}, {second} or {third}"),
        [first, second, rest @ ..] => format!("{first}, {second} or {} others", rest.len()),
    }
}

/// How members fold into their parent's request.
#[derive(Debug)]
pub struct Membership {
    pub parent: &'static str,
    /// The parent's attribute that lists its members' `member` names.
    pub attribute: &'static str,
    /// What the name of a member says of its attributes.
    pub inputs: fn(&str) -> Attributes,
}

/// One attribute of a kind.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub compare: Compare,
    /// What changing it from the first value to the second costs; an error is the reason why it cannot be done at all.
    pub effect: fn(&Value, &Value) -> Result<Effect, &'static str>,
    /// The API's rule behind the effect, for people.
    pub rule: &'static str,
    /// What each dialect can do with it.
    pub v1: Support,
    pub v2: Support,
    /// The dialect whose create request lacks it: a create is followed by an update.
    pub late: Option<Dialect>,
    /// Whether its items are alternatives of which one is enough. A dialect that takes only one per request is asked for
    /// one after the other.
    pub candidates: bool,
    /// Of a map to which RunPod and people add keys beside the declared ones.
    pub shared: Option<&'static SharedMap>,
    /// The attribute that supplies this one: where that is set and this is not, RunPod takes the value from what that names
    /// (a template), sindri sends nothing, and any observed value is right.
    pub supplied_by: Option<&'static str>,
    /// What its text names at RunPod by id, so that a plan can check that it exists.
    pub names: Option<Names>,
}

/// A map attribute that is not sindri's alone, see [`Compare::ManagedKeys`].
#[derive(Debug)]
pub struct SharedMap {
    /// For sentences: `environment`.
    pub title: &'static str,
    /// Whether RunPod itself gives this key to a new object with these inputs.
    pub injected: fn(&Attributes, &str) -> bool,
}

/// An object that an attribute names by its id and that no resource of the configuration stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// An object of a kind that every refresh lists.
    Listed {
        kind: &'static str,
        /// The attribute of the object that says where it is, and the one of this kind that must allow it.
        place: Option<(&'static str, &'static str)>,
    },
    /// An object that only a request of its own can find.
    Outside(Outside),
}

/// Objects of the account that sindri uses and does not manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outside {
    /// Credentials for a private container registry.
    Registry,
    /// A preset of container settings.
    Template,
}

impl Outside {
    /// For sentences.
    pub fn title(self) -> &'static str {
        match self {
            Self::Registry => "registry credential",
            Self::Template => "template",
        }
    }
}

/// How a wanted value is held against an observed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Equal, with `Null` equal to empty text and an empty list or map.
    Exact,
    /// The wanted list holds the observed value; an empty or absent list accepts anything.
    OneOf,
    /// Equal as sets.
    Set,
    /// The observed number is at least the wanted one.
    AtLeast,
    /// Only the keys that are declared or recorded count; others belong to RunPod or to people.
    ManagedKeys,
    /// Equal where it is declared; anything is right where it is not.
    WhenSet,
    /// The API never returns it: the record stands for the object.
    Recorded,
}

/// Whether a dialect can express an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Yes,
    /// Why not, and what to do instead.
    No {
        reason: &'static str,
        help: &'static str,
    },
}

impl Attribute {
    /// The kind whose ids are its values: a pod's network volume.
    pub fn refers_to(&self) -> Option<&'static str> {
        match self.names? {
            Names::Listed { kind, .. } => Some(kind),
            Names::Outside(_) => None,
        }
    }

    /// The attribute that supplies this one for an object with these inputs, and its value; `None` where the inputs set this
    /// one themselves, or nothing supplies it.
    pub fn supplier<'i>(&self, inputs: &'i Attributes) -> Option<(&'static str, &'i str)> {
        let supplier = self.supplied_by?;
        let id = inputs.get(supplier)?.as_text().filter(|id| !id.is_empty())?;
        inputs.get(self.name).is_none_or(Value::is_null).then_some((supplier, id))
    }

    pub fn support(&self, dialect: Dialect) -> Support {
        match dialect {
            Dialect::V1 => self.v1,
            Dialect::V2 => self.v2,
        }
    }
}

impl Kind {
    /// Whether two objects of a kind without markers cannot be told apart: the same name, size and place.
    pub fn looks_alike(&self, one: &Attributes, other: &Attributes) -> bool {
        self.identity.iter().all(|name| one.get(*name) == other.get(*name))
    }

    /// Whether an object that is wanted in this power has to be waited for until it is ready.
    pub fn awaits_readiness(&self, wanted: Option<Power>) -> bool {
        self.readiness == Readiness::ComesUp && wanted != Some(Power::Stopped)
    }

    /// Why a field cannot be changed back, where it cannot.
    pub fn refusal(&self, field: &FieldChange) -> Option<&'static str> {
        let attribute = self.attribute(field.path.split('.').next()?)?;
        (attribute.effect)(&field.after, &field.before).err()
    }

    /// The attributes that RunPod fills in for an object with these inputs, each with what supplies it (`template`, its id).
    pub fn supplied<'i>(&self, inputs: &'i Attributes) -> impl Iterator<Item = (&'static str, &'static str, &'i str)> {
        self.attributes.iter().filter_map(|attribute| {
            let (supplier, id) = attribute.supplier(inputs)?;
            Some((attribute.name, supplier, id))
        })
    }

    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
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

/// The kinds that RunPod lists: each costs one list request per refresh.
pub fn listed() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| kind.member_of.is_none())
}

pub(crate) fn in_place(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::InPlace)
}

pub(crate) fn restart(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::Restart)
}

pub(crate) fn replace(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::Replace)
}
