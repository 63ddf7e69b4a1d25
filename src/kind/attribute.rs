//! One attribute of a kind: how its values compare, the effect of changing it, and what each dialect (API version)
//! supports.

use crate::model::{Attributes, Dialect, Effect, Value};

/// One attribute of a kind.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub compare: Compare,
    /// Effect of changing it from the first value to the second. An error explains why it cannot be changed.
    pub effect: fn(&Value, &Value) -> Result<Effect, &'static str>,
    /// The API rule behind the effect, for display.
    pub rule: &'static str,
    /// Whether each dialect can express it.
    pub v1: Support,
    pub v2: Support,
    /// The dialect whose create request lacks it, so that an update must follow the create.
    pub late: Option<Dialect>,
    /// Whether its items are alternatives, of which one is enough.
    pub candidates: bool,
    /// The dialects whose create request takes one of the alternatives, so that sindri tries them in order.
    pub one_per_request: &'static [Dialect],
    /// Set for a map to which RunPod and people add undeclared keys.
    pub shared: Option<&'static SharedMap>,
    /// The attribute that can supply this one, such as `template`. If it is set and this one is not, RunPod takes the
    /// value from the object it names, sindri sends nothing, and any observed value is accepted.
    pub supplied_by: Option<&'static str>,
    /// The kind of RunPod object that this attribute names by id, so that a plan can check that the object exists.
    pub names: Option<Names>,
    /// Whether an object keeps the previous object of a replaced resource that it names, until it is recreated for
    /// another reason. The previous one is destroyed after its last user.
    pub keeps_previous: bool,
    /// Whether RunPod refuses a second object with the same value in an account, as it does for names of secrets.
    pub unique: bool,
    /// Whether RunPod clears it when the object that it names is deleted. Otherwise RunPod refuses the delete.
    pub cleared_by_delete: bool,
}

/// A map attribute that sindri shares with RunPod and people, see [`Compare::ManagedKeys`].
#[derive(Debug)]
pub struct SharedMap {
    /// For use in sentences: `environment`.
    pub title: &'static str,
    /// Whether RunPod itself adds this key to a new object with these inputs.
    pub injected: fn(&Attributes, &str) -> bool,
}

/// An object that an attribute names by id and that is not a resource of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// An object of a kind that every refresh lists.
    Listed {
        kind: &'static str,
        /// The attribute that holds the object's region, and the attribute of this kind that must include that region.
        place: Option<(&'static str, &'static str)>,
    },
    /// An object that needs its own request to look up.
    Outside(AccountObject),
}

impl Names {
    /// The kind of the named object.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Listed { kind, .. } => kind,
            Self::Outside(outside) => outside.kind(),
        }
    }
}

/// Objects of the account that a resource can use without sindri managing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountObject {
    /// Credentials for a private container registry.
    Registry,
    /// A preset of container settings for pods.
    Template,
    /// A preset of container settings for serverless workers.
    ServerlessTemplate,
}

impl AccountObject {
    /// The kind of resource that manages such objects.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Template | Self::ServerlessTemplate => "template",
        }
    }

    /// For use in sentences.
    pub fn title(self) -> &'static str {
        match self {
            Self::Registry => "registry credential",
            Self::Template => "template",
            Self::ServerlessTemplate => "serverless template",
        }
    }
}

/// How a desired value is compared with an observed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Equal; `Null` equals empty text and an empty list or map.
    Exact,
    /// The desired list contains the observed value; an empty or absent list accepts anything.
    OneOf,
    /// Equal as sets.
    Set,
    /// The observed number is at least the desired one.
    AtLeast,
    /// Only declared or recorded keys count; others belong to RunPod or to people.
    ManagedKeys,
    /// Equal if declared; anything is accepted otherwise.
    WhenSet,
    /// The API never returns it, so the recorded value counts as the observed one.
    Recorded,
    /// A counter that people raise to send the write-only attributes of the object again. RunPod never sees it. An
    /// adopted object counts as having the declared version.
    Version,
    /// Sent and never compared or recorded, because the API does not return it and nothing secret is stored. It is sent
    /// with every create, and with the update that changes the [`Compare::Version`] of the object.
    WriteOnly,
}

/// Whether a dialect can express an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Yes,
    /// The reason, and what to do instead.
    No {
        reason: &'static str,
        help: &'static str,
    },
}

impl Attribute {
    /// The kind whose ids are this attribute's values: a pod's network volume.
    pub fn refers_to(&self) -> Option<&'static str> {
        Some(self.names?.kind())
    }

    /// The attribute that supplies this one for an object with these inputs, and its value. `None` if the inputs set
    /// this attribute, or nothing supplies it.
    pub fn supplier<'i>(&self, inputs: &'i Attributes) -> Option<(&'static str, &'i str)> {
        let supplier = self.supplied_by?;
        let id = inputs.get(supplier)?.as_text().filter(|id| !id.is_empty())?;
        inputs.get(self.name).is_none_or(Value::is_null).then_some((supplier, id))
    }

    /// Whether a create request of this dialect takes one of its alternatives.
    pub fn takes_one_of(&self, dialect: Dialect) -> bool {
        self.candidates && self.one_per_request.contains(&dialect)
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
pub const BOTH: (Support, Support) = (Support::Yes, Support::Yes);

/// An attribute with default properties. `rule` is the API rule behind the effect; the supports are for v1 and v2.
pub const fn attribute(
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
        one_per_request: &[],
        shared: None,
        supplied_by: None,
        names: None,
        keeps_previous: false,
        unique: false,
        cleared_by_delete: false,
    }
}

/// The value changes without a restart.
pub fn in_place(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::InPlace)
}

/// The value changes with a restart of the container.
pub fn restart(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::Restart)
}

/// The value changes with a release, which exchanges the workers.
pub fn rollout(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::Rollout)
}

/// The value changes only with a new object.
pub fn replace(_: &Value, _: &Value) -> Result<Effect, &'static str> {
    Ok(Effect::Replace)
}
