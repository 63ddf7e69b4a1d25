//! One attribute of a kind: how its readings compare, what changing it costs, what each dialect can do with it.

use crate::model::{Attributes, Dialect, Effect, Value};

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

/// The attributes that RunPod fills in for an object with these inputs, each with its supplier (`template`, its id).
pub(super) fn supplied<'i>(
    attributes: &'static [Attribute],
    inputs: &'i Attributes,
) -> impl Iterator<Item = (&'static str, &'static str, &'i str)> {
    attributes.iter().filter_map(|attribute| {
        let (supplier, id) = attribute.supplier(inputs)?;
        Some((attribute.name, supplier, id))
    })
}

/// Both dialects can express it.
pub(super) const BOTH: (Support, Support) = (Support::Yes, Support::Yes);

/// An attribute without peculiarities. `rule` is the API's rule behind the effect; the supports are those of v1 and v2.
pub(super) const fn attribute(
    name: &'static str,
    compare: Compare,
    effect: fn(&Value, &Value) -> Result<Effect, &'static str>,
    rule: &'static str,
    (v1, v2): (Support, Support),
) -> Attribute {
    Attribute {
        name,
        compare,
        effect,
        rule,
        v1,
        v2,
        late: None,
        candidates: false,
        shared: None,
        supplied_by: None,
        names: None,
    }
}

pub(super) fn in_place(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::InPlace)
}

pub(super) fn restart(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::Restart)
}

pub(super) fn replace(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::Replace)
}
