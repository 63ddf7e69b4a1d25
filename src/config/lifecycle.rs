//! Reads `lifecycle` and `timeouts`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::document::YamlNode;
use super::habits::habit;
use super::problem::Findings;
use super::quantity::duration;
use super::table::{BlockSchema, Field, ForeignKeys, ValueShape};
use super::unknown::list;
use crate::catalog::nearest;
use crate::kind::Kind;
use crate::model::{Lifecycle, ProblemCode, Timeouts, Updates};

/// The field `lifecycle` of every kind.
pub static LIFECYCLE: BlockSchema = BlockSchema {
    title: "`lifecycle`",
    fields: &[&[
        Field::new(
            "updates",
            ValueShape::Word(&["recreate", "in-place"]),
            "How a change is applied to a running pod: `recreate` (default) or `in-place`.",
        ),
        Field::new(
            "createBeforeDestroy",
            ValueShape::Bool,
            "When replacing, create the new one before destroying the old one.",
        ),
        Field::new("preventDestroy", ValueShape::Bool, "Refuse every plan that destroys it."),
        Field::new("ignoreChanges", ValueShape::Texts, "Fields that are never compared: `image`, `env.FOO`.")
            .like("ignoreChanges: [image, env.FOO]"),
    ]],
    ..BlockSchema::EMPTY
};

pub(super) static TIMEOUTS: BlockSchema = BlockSchema {
    title: "`timeouts`",
    habits: TIMEOUT_HABITS,
    fields: &[&[
        Field::new("create", ValueShape::Duration, "Longest wait until the pod is ready, such as `15m`.")
            .like("create: 15m"),
        Field::new("delete", ValueShape::Duration, "Longest wait until the pod is deleted, such as `90s`.")
            .like("delete: 90s"),
    ]],
    ..BlockSchema::EMPTY
};

static TIMEOUT_HABITS: &[ForeignKeys] = &[
    habit(
        &["ready", "start", "up", "boot", "read", "update"],
        "did you mean `create`? It includes startup: `create: 15m`",
    ),
    habit(&["destroy", "stop", "terminate", "remove"], "did you mean `delete`? It is a time: `delete: 90s`"),
];

/// The lifecycle settings of a resource.
pub fn lifecycle(node: Option<&YamlNode>, kind: &Kind, block: &BlockSchema, findings: &mut Findings) -> Lifecycle {
    let Some(node) = node else { return Lifecycle::default() };
    let flag = |key: &str| node.get(key).and_then(YamlNode::bool).unwrap_or(false);
    let updates = match node.get("updates").and_then(YamlNode::text) {
        Some("in-place") => Updates::InPlace,
        _ => Updates::Recreate,
    };
    let mut ignore_changes = BTreeSet::new();
    for path in node.get("ignoreChanges").map(YamlNode::one_or_more).unwrap_or_default() {
        ignore_changes.extend(attribute_path(path, kind, block, findings));
    }
    Lifecycle {
        updates,
        create_before_destroy: flag("createBeforeDestroy"),
        prevent_destroy: flag("preventDestroy"),
        ignore_changes,
    }
}

/// Translates a path of the file to an attribute path: `containerDiskGb` becomes `container_disk_gb`, `env.FOO` stays.
fn attribute_path(node: &YamlNode, kind: &Kind, block: &BlockSchema, findings: &mut Findings) -> Option<String> {
    let written = node.text().unwrap_or_default();
    let (head, rest) = match written.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (written, None),
    };
    let field = block.fields().find(|field| field.name == head || field.aliases.contains(&head));
    let attribute = field.and_then(|field| field.attribute).or(kind.attribute(head).map(|attribute| attribute.name));
    let Some(attribute) = attribute else {
        let names = || block.fields().filter(|field| field.attribute.is_some()).map(|field| field.name);
        let near = findings.may_search().then(|| nearest(head, names())).flatten();
        let otherwise =
            if near.is_some() { String::new() } else { list("accepted", head, &names().collect::<Vec<_>>()) };
        findings
            .error(ProblemCode::UnknownAttribute, node.span, format!("`{written}` is not a field of a {}", kind.title))
            .label("unknown")
            .nearest(near, otherwise);
        return None;
    };
    Some(rest.map_or_else(|| attribute.to_owned(), |rest| format!("{attribute}.{rest}")))
}

/// Shorter waits for a pod are almost always too short.
const SHORT: Duration = Duration::from_secs(30);

/// Reads the timeouts. A wait of zero always fails, after the pod is created and billed.
pub(super) fn timeouts(node: Option<&YamlNode>, findings: &mut Findings) -> Timeouts {
    check_timeouts(node, findings);
    let standard = Timeouts::default();
    let time = |key: &str| node?.get(key).and_then(duration);
    let (create, delete) = (time("create").unwrap_or(standard.create), time("delete").unwrap_or(standard.delete));
    Timeouts { create, delete, ..standard }
}

fn check_timeouts(node: Option<&YamlNode>, findings: &mut Findings) {
    let times = ["create", "delete"].into_iter().filter_map(|key| Some((key, node?.get(key)?)));
    for (key, written) in times {
        match duration(written) {
            Some(Duration::ZERO) => {
                findings
                    .error(ProblemCode::ZeroTimeout, written.span, format!("`timeouts.{key}` must be longer than zero"))
                    .help(match key {
                        "create" => {
                            "sindri would give up on a pod that it has just created and that is billed; \
                                     remove the field to use the default of 20 minutes"
                        }
                        _ => {
                            "sindri would give up before RunPod removes the pod; remove the field to use the \
                              default of 3 minutes"
                        }
                    });
            }
            Some(time) if key == "create" && time < SHORT => {
                findings
                    .warn(ProblemCode::ShortTimeout, written.span, "few pods are ready in less than 30 seconds")
                    .help("an apply that times out leaves a pod that is billed, and the next plan replaces it");
            }
            _ => {}
        }
    }
}
