//! Collects the inputs of one resource and their source positions.

use std::collections::{BTreeMap, BTreeSet};

use super::document::YamlNode;
use super::problem::Findings;
use super::source::Span;
use super::table::BlockSchema;
use crate::kind::{Kind, Support, is_referred_to, listed_in};
use crate::model::{Address, Attributes, Dialect, Lifecycle, Power, ProblemCode, Resource, Timeouts, Value};

/// The inputs of a resource that is being read.
#[derive(Clone)]
pub struct ResourceDraft {
    kind: &'static Kind,
    inputs: Attributes,
    needs: BTreeSet<Address>,
    spans: BTreeMap<String, Span>,
}

impl ResourceDraft {
    /// A draft with all attributes of the kind unset, except those that members fold into (`ports` of a pod).
    pub fn new(kind: &'static Kind) -> Self {
        let is_folded = |name: &&str| listed_in(kind.name, name).is_some();
        let names = kind.attributes.iter().map(|attribute| attribute.name).filter(|name| !is_folded(name));
        let inputs = names.map(|name| (name.to_owned(), Value::Null)).collect();
        Self { kind, inputs, needs: BTreeSet::new(), spans: BTreeMap::new() }
    }

    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Sets an attribute. `span` is its position in the file, `None` for a default.
    pub fn set(&mut self, name: &str, value: Value, span: Option<Span>) {
        debug_assert!(self.kind.attribute(name).is_some(), "{name}");
        self.inputs.insert(name.to_owned(), value);
        if let Some(span) = span {
            self.place(name, span);
        }
    }

    pub fn get(&self, name: &str) -> &Value {
        self.inputs.get(name).unwrap_or(&Value::Null)
    }

    /// The resource must exist first, although no attribute holds its id; see [`Resource::needs`].
    pub fn need(&mut self, address: Address) {
        self.needs.insert(address);
    }

    /// Sets the position of a part of an attribute: `env.LOG_LEVEL`.
    pub fn place(&mut self, path: &str, span: Span) {
        self.spans.insert(path.to_owned(), span);
    }

    /// Reports inputs that the dialect cannot express. `false` counts as not requested.
    pub fn refuse_unsupported(&self, dialect: Dialect, at: Span, findings: &mut Findings) {
        for attribute in self.kind.attributes {
            let asked =
                self.inputs.get(attribute.name).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)));
            if let (true, Support::No { reason, help }) = (asked, attribute.support(dialect)) {
                let at = self.spans.get(attribute.name).copied().unwrap_or(at);
                findings
                    .error(ProblemCode::Unsupported, at, reason)
                    .label(format!("not supported by {dialect}"))
                    .help(help);
            }
        }
    }

    /// Reports values outside RunPod's limits ([`crate::kind::limits`]), for the attributes selected by `wanted`.
    pub fn keep_limits(
        &self,
        dialect: Dialect,
        block: &BlockSchema,
        at: Span,
        wanted: impl Fn(&str) -> bool,
        findings: &mut Findings,
    ) {
        for limit in self.kind.limits_on(dialect).filter(|limit| wanted(limit.attribute)) {
            if limit.rule.holds(self.get(limit.attribute)) {
                continue;
            }
            let unit = if limit.attribute.ends_with("_gb") { " GB" } else { "" };
            let field = block.field_of(limit.attribute);
            let at = self.spans.get(limit.attribute).copied().unwrap_or(at);
            findings
                .error(limit.code, at, format!("RunPod does not accept this `{field}` for a {}", self.kind.title))
                .help(format!("accepted: {}{unit}", limit.rule.accepted()));
        }
    }

    /// The resource declared at `at`.
    pub fn finish(self, address: Address, settings: LifecycleSettings, at: Span, findings: &Findings) -> Declared {
        let position = |span: &Span| findings.sources.position(*span);
        let resource = Resource {
            address,
            inputs: self.inputs,
            parent: None,
            needs: self.needs,
            power: settings.power,
            lifecycle: settings.lifecycle,
            timeouts: settings.timeouts,
            position: Some(position(&at)),
            positions: self.spans.iter().map(|(path, span)| (path.clone(), position(span))).collect(),
        };
        // Only other resources ask for spans, and a fleet has thousands.
        let spans = if is_referred_to(self.kind.name) { self.spans } else { BTreeMap::new() };
        Declared { resource, spans, fields: None }
    }
}

/// A resource with the places of its attributes in the files, if other kinds refer to its kind.
pub struct Declared {
    pub resource: Resource,
    spans: BTreeMap<String, Span>,
    fields: Option<YamlNode>,
}

impl Declared {
    /// Keeps the fields as written, for a kind that is merged into the resources that name it.
    pub fn with_fields(self, fields: &YamlNode) -> Self {
        Self { fields: Some(fields.clone()), ..self }
    }

    /// The fields as written, if its kind is merged into other resources.
    pub fn fields(&self) -> Option<&YamlNode> {
        self.fields.as_ref()
    }

    /// The place of an attribute, if the file sets it.
    pub fn span(&self, attribute: &str) -> Option<Span> {
        self.spans.get(attribute).copied()
    }
}

/// Lifecycle settings of a resource, separate from its inputs.
#[derive(Clone, Default)]
pub struct LifecycleSettings {
    pub power: Option<Power>,
    pub lifecycle: Lifecycle,
    pub timeouts: Timeouts,
}
