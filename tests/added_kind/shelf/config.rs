//! `shelves: { left: { pod: trainer } }`.

use sindri::config::kinds::{
    BlockSchema, ConfigKind, Declared, Field, FileSection, Findings, KindSection, KnownIds, LIFECYCLE,
    LifecycleSettings, MappingEntry, Project, ResourceDraft, ValueShape, YamlLines, YamlNode, lifecycle,
};
use sindri::kind::POD;
use sindri::model::{Address, Object, ProblemCode, Value};

use super::kind;

pub static SHELF: ConfigKind = ConfigKind {
    kind: &kind::SHELF,
    section: FileSection::of(&SECTION),
    block: &BLOCK,
    read,
    fallback_name: "shelf",
    undeclarable: |_| None,
    write,
};

static SECTION: Field = Field::new("shelves", ValueShape::Named(&BLOCK), "Shelves by name.");

static BLOCK: BlockSchema = BlockSchema {
    title: "a shelf",
    fields: &[&[
        Field::new("name", ValueShape::Text, "Its name at RunPod.").sets("name"),
        Field::new("pod", ValueShape::Id, "One of `pods`, by name.").sets("pod").required(),
        Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for replacing and destroying it."),
    ]],
    ..BlockSchema::EMPTY
};

fn read(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    section.declarations().iter().map(|entry| shelf(entry, project, findings)).collect()
}

fn shelf(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) -> Declared {
    let MappingEntry { key, key_span, value } = entry;
    let mut draft = ResourceDraft::new(&kind::SHELF);
    let name = value.get("name").and_then(YamlNode::text).map_or_else(|| project.standard_name(key), str::to_owned);
    draft.set("name", Value::text(name), value.get("name").map(|node| node.span));
    if let Some(node) = value.get("pod") {
        match project.find(&POD, node.text().unwrap_or_default()) {
            Some(pod) => draft.set("pod", Value::reference(pod.resource.address.clone()), Some(node.span)),
            None => drop(findings.error(ProblemCode::UnknownVolume, node.span, "there is no such pod")),
        }
    }
    draft.refuse_unsupported(project.dialect, *key_span, findings);
    let settings = LifecycleSettings {
        lifecycle: lifecycle(value.get("lifecycle"), &kind::SHELF, &BLOCK, findings),
        ..LifecycleSettings::default()
    };
    draft.finish(Address::new(kind::SHELF.name, key), settings, *key_span, findings)
}

fn write(lines: &mut YamlLines, shelf: &Object, declared: &KnownIds) {
    lines.field("name", shelf.attributes.get("name"));
    let pod = shelf.attributes.get("pod").and_then(Value::as_text);
    let pod = pod.and_then(|id| declared.name(POD.name, id));
    lines.field("pod", pod.map(Value::text).as_ref());
}
