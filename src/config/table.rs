//! Types for the tables in `fields`: blocks, fields and shapes of values.

use crate::catalog::Catalog;

/// One mapping with known keys.
pub struct BlockSchema {
    /// For messages: `a pod`.
    pub title: &'static str,
    /// Groups of fields. The first is of this block alone, the others may be shared.
    pub fields: &'static [&'static [Field]],
    /// Keys that other tools use here.
    pub habits: &'static [ForeignKeys],
    /// The fields that declare resources of each kind, in the block that holds them. They follow its own fields.
    pub sections: fn() -> Vec<&'static Field>,
}

/// A whole number from one up.
pub const POSITIVE: ValueShape = ValueShape::Int(1, i64::MAX);

/// Keys that people bring from other tools, and the equivalent here.
pub struct ForeignKeys {
    pub keys: &'static [&'static str],
    /// Completes the help text: what to write instead.
    pub instead: &'static str,
}

/// One key of a [`BlockSchema`].
pub struct Field {
    pub name: &'static str,
    /// Accepted aliases.
    pub aliases: &'static [&'static str],
    pub shape: ValueShape,
    pub effect: FieldUse,
    /// The attribute in the kind's table that it sets.
    pub attribute: Option<&'static str>,
    /// Description for the JSON schema.
    pub about: &'static str,
    /// The correct form, including the key, for error messages.
    pub example: Option<&'static str>,
    /// Whether messages and editors suggest it. Fields that RunPod no longer supports are read only to refuse them with
    /// a reason.
    pub offered: bool,
    /// Whether the block is invalid without it.
    pub required: bool,
    /// The existing values, for editors.
    pub choices: Choices,
    /// The field that says how many of the named things there are.
    pub counted_by: Option<&'static str>,
    /// Whether the value reaches plans, the state or RunPod. The path of a secret's file stays on this machine.
    pub leaves: bool,
}

/// The allowed values of a text.
#[derive(Clone, Copy)]
pub enum Choices {
    /// Any value of the shape.
    Free,
    /// These values, with a name for the schema definition; other spellings are accepted too.
    Open(&'static str, fn(&Catalog) -> Vec<String>),
    /// Only these. The shape may accept others, in order to refuse them with a better message.
    Closed(&'static [&'static str]),
    /// Values that match a regular expression, and the rule in words.
    Matching(&'static str, &'static str),
}

/// How a field is treated.
pub enum FieldUse {
    Used,
    /// Accepted, with a remark that it has no effect and why.
    Ignored(&'static str),
}

/// The type of a value.
pub enum ValueShape {
    Text,
    /// The id of an object. It is not blank, and has no blanks around it and no control characters.
    Id,
    Bool,
    /// A whole number within an inclusive range.
    Int(i64, i64),
    /// A number that is not negative, with or without a fraction.
    Number,
    /// Dollars.
    Amount,
    /// `16GB`, `512MB`.
    Memory,
    /// `90s`, `15m`, `1h30m`.
    Duration,
    /// One of these, in any letter case.
    Word(&'static [&'static str]),
    /// One string or a list of strings. A string is split at commas: `8888/http,22/tcp` is two.
    Texts,
    /// A command: one line, or a list of words.
    Line,
    List(&'static ValueShape),
    /// Environment variables: any name, one value each.
    Variables,
    Block(&'static BlockSchema),
    /// A mapping from user-chosen names to blocks.
    Named(&'static BlockSchema),
    Anything,
}

impl Field {
    pub const fn new(name: &'static str, shape: ValueShape, about: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            shape,
            effect: FieldUse::Used,
            attribute: None,
            about,
            example: None,
            offered: true,
            required: false,
            choices: Choices::Free,
            counted_by: None,
            leaves: true,
        }
    }

    /// A field without effect; `about` explains why and what to do instead.
    pub const fn ignored(name: &'static str, about: &'static str) -> Self {
        Self { effect: FieldUse::Ignored(about), offered: false, ..Self::new(name, ValueShape::Anything, about) }
    }

    pub const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub const fn sets(self, attribute: &'static str) -> Self {
        Self { attribute: Some(attribute), ..self }
    }

    pub const fn like(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    pub const fn counted_by(self, field: &'static str) -> Self {
        Self { counted_by: Some(field), ..self }
    }

    pub const fn not_offered(self) -> Self {
        Self { offered: false, ..self }
    }

    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub const fn local(self) -> Self {
        Self { leaves: false, ..self }
    }

    pub const fn choices(self, choices: Choices) -> Self {
        Self { choices, ..self }
    }

    pub fn is_called(&self, key: &str) -> bool {
        self.name == key || self.aliases.contains(&key)
    }

    pub fn is_used(&self) -> bool {
        matches!(self.effect, FieldUse::Used)
    }
}

impl BlockSchema {
    /// A block without fields, to complete another.
    pub const EMPTY: Self = Self { title: "", fields: &[], habits: &[], sections: Vec::new };

    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        let (own, shared) = self.fields.split_at(self.fields.len().min(1));
        own.iter().copied().flatten().chain((self.sections)()).chain(shared.iter().copied().flatten())
    }

    /// The name of the field that sets an attribute; the attribute's own name if none does.
    pub fn field_of<'a>(&self, attribute: &'a str) -> &'a str {
        self.fields().find(|field| field.attribute == Some(attribute)).map_or(attribute, |field| field.name)
    }

    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.is_called(key))
    }
}
