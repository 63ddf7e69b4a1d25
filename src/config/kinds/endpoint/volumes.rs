//! The network volumes of an endpoint, and the data centers of its workers.

use crate::catalog::nearest;
use crate::config::context::Project;
use crate::config::document::YamlNode;
use crate::config::draft::ResourceDraft;
use crate::config::problem::Findings;
use crate::config::region::regions;
use crate::kind::NETWORK_VOLUME;
use crate::model::{ProblemCode, Value};

/// Sets the volumes and the data centers. Workers run where their volumes are.
pub(super) fn volumes(node: &YamlNode, project: &Project<'_>, draft: &mut ResourceDraft, findings: &mut Findings) {
    let region = node.get("region");
    let mut allowed = regions(node, project, findings);
    let listed = node.get("networkVolumes");
    let (mut volumes, mut homes) = (Vec::new(), Vec::new());
    // A volume outside the file may be anywhere.
    let mut all_known = true;
    for node in listed.map(YamlNode::one_or_more).unwrap_or_default() {
        let name = node.text().unwrap_or_default();
        let Some(volume) = project.find(&NETWORK_VOLUME, name) else {
            all_known = false;
            volumes.extend(outside(node, project, findings));
            continue;
        };
        volumes.push(Value::reference(volume.resource.address.clone()));
        let Some(home) = volume.resource.inputs.get("region").and_then(Value::as_text) else { continue };
        if let Some(region) = region.filter(|_| !allowed.is_empty() && !allowed.iter().any(|id| id == home)) {
            let problem = findings.error(
                ProblemCode::RegionConflict,
                region.span,
                format!("workers cannot run here: the network volume `{name}` is in `{home}`"),
            );
            problem.help(format!("write `region: {home}`, or remove `region` to follow the volume"));
            if let Some(span) = volume.span("region") {
                problem.also(span, "the volume is here");
            }
        }
        if homes.contains(&home.to_owned()) {
            findings
                .error(ProblemCode::Conflict, node.span, format!("two network volumes of the endpoint are in `{home}`"))
                .help("RunPod mounts one network volume in each worker; keep one in each data center");
        }
        homes.push(home.to_owned());
    }
    if all_known && !homes.is_empty() && allowed.is_empty() {
        allowed = homes;
    }
    draft.set("network_volumes", Value::List(volumes.into_iter().collect()), listed.map(|node| node.span));
    draft.set("regions", Value::texts(allowed), region.map(|node| node.span));
}

/// The id of a volume that the file does not declare, unless it looks like a misspelled name.
fn outside(node: &YamlNode, project: &Project<'_>, findings: &mut Findings) -> Option<Value> {
    let id = node.text().filter(|id| !id.is_empty())?;
    let names = || project.names(&NETWORK_VOLUME);
    let meant = findings.may_search().then(|| nearest(id, names())).flatten();
    if let Some(meant) = meant {
        let shown = node.scalar().map_or("", |scalar| scalar.shown());
        findings
            .error(ProblemCode::UnknownVolume, node.span, format!("there is no network volume `{shown}`"))
            .label("not among `networkVolumes`")
            .nearest(Some(meant), "the id of a volume that sindri does not manage is accepted too");
        return None;
    }
    Some(Value::text(id))
}
