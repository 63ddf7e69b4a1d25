//! Generates the JSON Schema of `sindri.yaml` for editors from the tables that the loader uses.
//!
//! It is draft 7, which all editors support for YAML. The schema accepts what the loader accepts, including quoted
//! values and other letter case. Only the loader checks rules that involve several blocks, files or the account.

use serde_json::{Map, Value, json};

use super::fields::ROOT;
use super::table::{BlockSchema, Choices, Field, ValueShape};
use crate::catalog::Catalog;

/// The file that a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// `sindri.yaml`.
    Base,
    /// `sindri.prod.yaml`: no field is required, because it is merged into the base.
    Overlay,
}

/// The schema.
pub fn json_schema(of: SchemaOf) -> Value {
    let mut writer = SchemaWriter { of, definitions: Map::new() };
    let mut schema = writer.block(&ROOT);
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
        members.insert("title".into(), json!(if of == SchemaOf::Base { "sindri.yaml" } else { "sindri.ENV.yaml" }));
        members.insert("definitions".into(), Value::Object(writer.definitions));
        if of == SchemaOf::Base {
            members.insert("anyOf".into(), json!([{ "required": ["providers"] }, { "required": ["deployment"] }]));
        }
    }
    schema
}

struct SchemaWriter {
    of: SchemaOf,
    /// Shapes and choices shared by several fields.
    definitions: Map<String, Value>,
}

impl SchemaWriter {
    fn block(&mut self, block: &'static BlockSchema) -> Value {
        let mut properties = Map::new();
        let mut dependencies = Map::new();
        let mut required = Vec::new();
        for field in block.fields() {
            let property = self.property(field, field.required);
            for alias in field.aliases {
                let mut other = self.property(field, false);
                annotate(&mut other, &format!("The same as `{}`.", field.name), false);
                properties.insert((*alias).to_owned(), other);
                // Two spellings of the same field exclude each other.
                let names = std::iter::once(&field.name).chain(field.aliases).filter(|name| *name != alias);
                let excluded: Map<String, Value> =
                    names.map(|name| ((*name).to_owned(), json!({ "type": "null" }))).collect();
                let unset = json!({ "properties": { *alias: { "type": "null" } } });
                dependencies.insert((*alias).to_owned(), json!({ "anyOf": [{ "properties": excluded }, unset] }));
            }
            properties.insert(field.name.to_owned(), property);
            if field.required && self.of == SchemaOf::Base {
                let names = std::iter::once(&field.name).chain(field.aliases);
                required.push(json!({ "anyOf": names.map(|name| json!({ "required": [name] })).collect::<Vec<_>>() }));
            }
        }
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "patternProperties": { "^x-": {} },
            "additionalProperties": false,
        });
        if let Value::Object(members) = &mut schema {
            add_required(members, &required);
            if !dependencies.is_empty() {
                members.insert("dependencies".into(), Value::Object(dependencies));
            }
        }
        schema
    }

    fn property(&mut self, field: &'static Field, required: bool) -> Value {
        let mut accepted = self.choices(field);
        accepted.push(self.shape(&field.shape, field));
        // A key without a value has no effect; in an overlay, it removes the base's value.
        if !required || self.of == SchemaOf::Overlay {
            accepted.push(json!({ "type": "null" }));
        }
        let accepted = self.named(field.name, json!({ "anyOf": accepted }));
        let mut property = json!({ "allOf": [accepted] });
        annotate(&mut property, field.about, field.offered);
        if let (Value::Object(members), Some((_, value))) = (&mut property, example(field)) {
            members.insert("examples".into(), json!([value]));
        }
        property
    }

    /// Existing values for completion in editors. The shape next to them accepts other spellings.
    fn choices(&mut self, field: &'static Field) -> Vec<Value> {
        let Choices::Open(name, values) = field.choices else { return Vec::new() };
        let reference = self.shared(name, || json!({ "enum": values(Catalog::embedded()) }));
        match field.shape {
            ValueShape::Texts => {
                vec![
                    reference.clone(),
                    json!({ "type": "array", "items": { "anyOf": [reference, self.text_of(field)] } }),
                ]
            }
            _ => vec![reference],
        }
    }

    /// The values that a field accepts, as a definition shared with equal fields of other blocks.
    fn named(&mut self, name: &str, accepted: Value) -> Value {
        let mut key = format!("field.{name}");
        while self.definitions.get(&key).is_some_and(|known| *known != accepted) {
            key.push('\'');
        }
        self.shared(&key, || accepted)
    }

    /// A definition, created once.
    fn shared(&mut self, name: &str, schema: impl FnOnce() -> Value) -> Value {
        self.definitions.entry(name).or_insert_with(schema);
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    /// A text. For fields with listed values, booleans are accepted without naming their type, so that editors do not
    /// suggest them.
    fn text_of(&mut self, field: &Field) -> Value {
        match field.choices {
            Choices::Open(..) => self.shared("name", || {
                let other = json!({ "not": { "type": ["string", "number", "array", "object", "null"] } });
                json!({ "anyOf": [{ "type": ["string", "number"] }, other] })
            }),
            Choices::Free | Choices::Closed(_) | Choices::Matching(..) => self.text(),
        }
    }

    fn text(&mut self) -> Value {
        self.shared("text", || json!({ "type": ["string", "number", "boolean"] }))
    }

    /// Any value can also be a variable, so strings are accepted next to numbers and booleans. Quoted values are read
    /// like unquoted ones.
    fn or_variable(&mut self, mut accepted: Vec<Value>) -> Value {
        accepted.push(self.shared("variable", || json!({ "type": "string", "pattern": "\\$\\{" })));
        json!({ "anyOf": accepted })
    }

    fn shape(&mut self, shape: &'static ValueShape, field: &'static Field) -> Value {
        match shape {
            ValueShape::Text => match field.choices {
                Choices::Closed(words) => self.words(words),
                Choices::Matching(pattern, rule) => {
                    // Numbers and booleans are also valid as strings, but editors need not suggest them.
                    let other = json!({ "not": { "type": ["string", "array", "object", "null"] } });
                    self.or_variable(vec![matching(pattern, rule), other])
                }
                Choices::Free | Choices::Open(..) => self.text_of(field),
            },
            ValueShape::Id => {
                let rule = "An id is not empty and has no leading or trailing whitespace.";
                let text = matching("^\\S(.*\\S)?$", rule);
                let other = json!({ "not": { "type": ["string", "array", "object", "null"] } });
                self.or_variable(vec![text, other])
            }
            ValueShape::Word(words) => match field.choices {
                Choices::Closed(closed) => self.words(closed),
                Choices::Free | Choices::Open(..) | Choices::Matching(..) => self.words(words),
            },
            ValueShape::Bool => self.or_variable(vec![
                json!({ "type": "boolean" }),
                // A pattern instead of an enum, because an editor would suggest every spelling.
                json!({ "type": "string", "pattern": "^(true|True|TRUE|false|False|FALSE)$" }),
            ]),
            ValueShape::Int(low, high) => self.int(*low, *high),
            ValueShape::Number | ValueShape::Amount => self.or_variable(vec![
                json!({ "type": "number", "minimum": 0, "maximum": 1e9 }),
                json!({ "type": "string", "pattern": "^\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)$" }),
            ]),
            ValueShape::Memory => {
                let rule = "A size has a unit: `16GB` or `512MB`.";
                self.or_variable(vec![matching("^\\s*[0-9]+\\s*[MmGgTt][Ii]?[Bb]?\\s*$", rule)])
            }
            ValueShape::Duration => {
                let rule = "A time has a unit: `90s`, `15m` or `1h30m`.";
                self.or_variable(vec![matching("^\\s*([0-9]+[hms])+\\s*$", rule)])
            }
            ValueShape::Texts | ValueShape::Line => {
                let text = self.text_of(field);
                json!({ "anyOf": [text, { "type": "array", "items": text }] })
            }
            ValueShape::List(item) => {
                let items = self.shape(item, field);
                json!({ "type": "array", "items": items })
            }
            ValueShape::Variables => json!({
                "type": "object",
                "propertyNames": { "pattern": "^(?!RUNPOD_|SINDRI_RESOURCE$)[A-Za-z_][A-Za-z0-9_]*$" },
                "additionalProperties": self.text(),
            }),
            ValueShape::Block(inner) => self.block(inner),
            ValueShape::Named(inner) => {
                let inner = self.block(inner);
                let inner =
                    if inner.get("allOf").is_some() { inner } else { json!({ "anyOf": [inner, { "type": "null" }] }) };
                json!({
                    "type": "object",
                    "propertyNames": { "pattern": "^[a-z][a-z0-9_-]{0,62}$" },
                    "additionalProperties": inner,
                })
            }
            ValueShape::Anything => json!({}),
        }
    }

    fn int(&mut self, low: i64, high: i64) -> Value {
        let mut number = json!({ "type": "integer", "minimum": low });
        if let (Value::Object(members), true) = (&mut number, high != i64::MAX) {
            members.insert("maximum".into(), json!(high));
        }
        self.or_variable(vec![number, json!({ "type": "string", "pattern": "^\\+?[0-9]+$" })])
    }

    /// Words in any letter case; editors suggest the spelling of the table.
    fn words(&mut self, words: &[&str]) -> Value {
        let letter = |c: char| match c.is_ascii_alphabetic() {
            true => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
            false => c.to_string(),
        };
        let any_case: Vec<String> = words.iter().map(|word| word.chars().map(letter).collect()).collect();
        self.or_variable(vec![
            json!({ "enum": words }),
            json!({ "type": "string", "pattern": format!("^({})$", any_case.join("|")) }),
        ])
    }
}

/// A text that matches a pattern. Editors show the rule instead of the pattern.
fn matching(pattern: &str, rule: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "patternErrorMessage": rule })
}

fn add_required(members: &mut Map<String, Value>, required: &[Value]) {
    if !required.is_empty() {
        members.insert("allOf".into(), json!(required));
    }
}

fn annotate(schema: &mut Value, about: &str, offered: bool) {
    if let Value::Object(members) = schema {
        members.insert("description".into(), json!(about));
        if !offered {
            members.insert("deprecated".into(), json!(true));
            // Editors with VS Code's language servers suggest deprecated keys, but not these.
            members.insert("doNotSuggest".into(), json!(true));
        }
    }
}

/// The example of a field as data.
fn example(field: &Field) -> Option<(String, Value)> {
    let example: Map<String, Value> = serde_yaml::from_str(field.example?).ok()?;
    example.into_iter().next()
}
