//! Gives a resource the fields of the template that it names. RunPod copies a template once and keeps no link to it, so
//! sindri merges the fields itself and sends them as the resource's own.

use crate::catalog::nearest;
use crate::config::context::Project;
use crate::config::document::{Data, MappingEntry, YamlNode};
use crate::config::problem::Findings;
use crate::kind::TEMPLATE;
use crate::model::{Address, ProblemCode};

/// The fields of a resource, complete with those of its template.
pub struct MergedFields {
    pub node: YamlNode,
    /// The template of the file that they come from. The resource needs it, see
    /// [`crate::config::kinds::ResourceDraft::need`].
    pub template: Option<Address>,
}

/// How a kind takes fields from a template.
pub struct TakesFields {
    /// Lays the fields of the second argument over those of the first, and removes those that they exclude.
    pub inherit: fn(YamlNode, &YamlNode) -> YamlNode,
    /// Whether a resource with these fields takes this one from its template. The others are about the template itself,
    /// or do not apply to the resource.
    pub takes: fn(&YamlNode, &str) -> bool,
}

/// The fields of a resource: `own`, then those of the template that it names, then `defaults`.
pub fn merged(
    own: &YamlNode,
    defaults: YamlNode,
    kind: &TakesFields,
    project: &Project<'_>,
    findings: &mut Findings,
) -> MergedFields {
    let inherit = kind.inherit;
    let plain = inherit(defaults.clone(), own);
    let Some(named) = plain.entry("template") else { return MergedFields { node: plain, template: None } };
    if let Some(by_id) = plain.entry("templateId") {
        refuse_both(named, by_id, findings);
    }
    let name = named.value.text().unwrap_or_default();
    let Some(template) = project.find(&TEMPLATE, name) else {
        unknown_template(named, project, findings);
        return MergedFields { node: plain, template: None };
    };
    let address = template.resource.address.clone();
    let fields = template.fields().map(YamlNode::entries).unwrap_or_default();
    let taken = fields.iter().filter(|entry| (kind.takes)(&plain, &entry.key)).cloned().collect();
    let taken = YamlNode { span: own.span, data: Data::Map(taken) };
    let node = inherit(inherit(defaults, &taken), own);
    MergedFields { node, template: Some(address) }
}

fn refuse_both(by_name: &MappingEntry, by_id: &MappingEntry, findings: &mut Findings) {
    findings
        .error(ProblemCode::Conflict, by_id.key_span, "`templateId` and `template` are mutually exclusive")
        .also(by_name.key_span, "the other one")
        .help("keep `template` for one of `templates`, or `templateId` for one that sindri does not manage");
}

fn unknown_template(named: &MappingEntry, project: &Project<'_>, findings: &mut Findings) {
    let shown = named.value.scalar().map_or("", |scalar| scalar.shown());
    // Each search reads all names, so problems that are not shown must not cause one.
    let known = findings.may_search().then_some(project);
    let names = || known.into_iter().flat_map(|project| project.names(&TEMPLATE));
    let declared = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let otherwise = if declared.is_empty() {
        "declare it under `templates`, or use `templateId` for one that sindri does not manage".to_owned()
    } else {
        format!("declared: {declared}; use `templateId` for one that sindri does not manage")
    };
    findings
        .error(ProblemCode::UnknownTemplate, named.value.span, format!("there is no template `{shown}`"))
        .label("not among `templates`")
        .nearest(nearest(named.value.text().unwrap_or_default(), names()), otherwise);
    // The template may have the fields that the resource lacks.
    findings.refuse("image");
}
