//! The vocabulary of the tables in `fields`: blocks, their fields, and the shapes of values.

use crate::catalog::Catalog;

/// One mapping with known keys.
pub(super) struct Block {
    /// For messages: `a pod`.
    pub title: &'static str,
    pub fields: &'static [&'static [Field]],
    /// Keys that other tools have here.
    pub habits: &'static [Habit],
}

/// Keys that people bring from other tools, and the way to say the same here.
pub(super) struct Habit {
    pub keys: &'static [&'static str],
    /// Completes the help: what to write instead.
    pub instead: &'static str,
}

/// One key of a [`Block`].
pub(super) struct Field {
    pub name: &'static str,
    /// Other spellings that are accepted.
    pub aliases: &'static [&'static str],
    pub shape: Shape,
    pub effect: Effect,
    /// The attribute of the kind's table that it sets.
    pub attribute: Option<&'static str>,
    /// For the JSON schema.
    pub about: &'static str,
    /// The right form, key included, for errors about the wrong one.
    pub example: Option<&'static str>,
    /// Whether messages and editors offer it; a field that RunPod no longer honours is read, to be refused with a reason.
    pub offered: bool,
    /// Whether the block is an error without it.
    pub required: bool,
    /// The values that exist, for editors.
    pub choices: Choices,
    /// Whether plans, the state or RunPod get what it says. Where a secret's file is stays on this machine.
    pub leaves: bool,
}

/// Which values of a text exist.
#[derive(Clone, Copy)]
pub(super) enum Choices {
    /// Any, or those of the shape.
    Free,
    /// These, under a name that a schema may give them, and other spellings of them.
    Open(&'static str, fn(&Catalog) -> Vec<String>),
    /// These alone; the shape may read others, to refuse them with more than a list.
    Closed(&'static [&'static str]),
    /// Those of a regular expression, and the rule in words.
    Matching(&'static str, &'static str),
}

/// The outcome for a field.
pub(super) enum Effect {
    Used,
    /// Accepted, with a remark that it does nothing here and why.
    Ignored(&'static str),
}

/// The type of a value.
pub(super) enum Shape {
    Text,
    Bool,
    /// Whole number within a range, both ends included.
    Int(i64, i64),
    /// Dollars.
    Amount,
    /// `16GB`, `512MB`.
    Memory,
    /// `90s`, `15m`, `1h30m`.
    Duration,
    /// One of these, in any case.
    Word(&'static [&'static str]),
    /// One text, or a list of them. Commas in a text separate: `8888/http,22/tcp` is two.
    Texts,
    /// A command: one line, or a list of words.
    Line,
    List(&'static Shape),
    /// Environment variables: any name, one value each.
    Variables,
    Block(&'static Block),
    /// A mapping of chosen names to blocks.
    Named(&'static Block),
    Anything,
}

impl Field {
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            shape,
            effect: Effect::Used,
            attribute: None,
            about,
            example: None,
            offered: true,
            required: false,
            choices: Choices::Free,
            leaves: true,
        }
    }

    /// A field without effect; `about` says why, and what to do instead.
    pub const fn ignored(name: &'static str, about: &'static str) -> Self {
        Self { effect: Effect::Ignored(about), offered: false, ..Self::new(name, Shape::Anything, about) }
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
        matches!(self.effect, Effect::Used)
    }
}

impl Block {
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().copied().flatten()
    }

    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.is_called(key))
    }
}
