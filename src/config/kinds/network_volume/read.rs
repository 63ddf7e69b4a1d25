//! Reads `networkVolumes`.

use super::fields;
use crate::config::config_kind::KindSection;
use crate::config::context::Project;
use crate::config::document::{MappingEntry, YamlNode};
use crate::config::draft::{Declared, LifecycleSettings, ResourceDraft};
use crate::config::lifecycle::lifecycle;
use crate::config::problem::Findings;
use crate::config::region::resolve_region;
use crate::config::source::Span;
use crate::kind::NETWORK_VOLUME;
use crate::model::{Address, Dialect, ProblemCode, Value};

const STANDARD: &str = "STANDARD";

/// All declared volumes.
pub(super) fn volumes(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    section.declarations().iter().map(|entry| volume(entry, project, findings)).collect()
}

fn volume(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) -> Declared {
    let (key, at, node) = (&entry.key, entry.key_span, &entry.value);
    let mut draft = ResourceDraft::new(&NETWORK_VOLUME);

    let name = node.get("name");
    draft.set(
        "name",
        Value::text(name.and_then(YamlNode::text).map_or_else(|| project.standard_name(key), str::to_owned)),
        name.map_or(project.name_span, |node| Some(node.span)),
    );
    size(node, at, project, &mut draft, findings);
    let tier = tier(node, project.dialect, &mut draft);
    let region_node = node.get("region");
    if let Some(region) = region(region_node, at, tier.as_deref(), project, findings) {
        draft.set("region", Value::text(region), region_node.map(|node| node.span));
    }
    draft.refuse_unsupported(project.dialect, at, findings);
    // Size and region have their own checks.
    let open = |attribute: &str| !matches!(attribute, "size_gb" | "region");
    draft.keep_limits(project.dialect, &fields::BLOCK, at, open, findings);

    let lifecycle = lifecycle(node.get("lifecycle"), &NETWORK_VOLUME, &fields::BLOCK, findings);
    draft.finish(
        Address::new(NETWORK_VOLUME.name, key),
        LifecycleSettings { lifecycle, ..LifecycleSettings::default() },
        at,
        findings,
    )
}

/// Sets the size and checks it against RunPod's limits. Above the maximum, the help refers to RunPod's support.
fn size(node: &YamlNode, at: Span, project: &Project<'_>, draft: &mut ResourceDraft, findings: &mut Findings) {
    let rule = NETWORK_VOLUME.limits_on(project.dialect).find(|limit| limit.attribute == "size_gb");
    let accepted = rule.map_or_else(String::new, |limit| limit.rule.accepted());
    let Some((size, size_gb)) = node.get("sizeGb").and_then(|size| Some((size, size.int()?))) else {
        findings
            .missing(&["sizeGb"], ProblemCode::MissingField, at, "the network volume has no `sizeGb`")
            .help(format!("set its size in GB, {accepted}"));
        return;
    };
    if rule.is_some_and(|limit| !limit.rule.holds(&Value::Int(size_gb))) {
        findings
            .error(ProblemCode::VolumeSize, size.span, format!("a network volume cannot be {size_gb} GB"))
            .help(format!("{accepted} GB on {}; for more, ask RunPod's support", project.dialect));
    }
    draft.set("size_gb", Value::Int(size_gb), Some(size.span));
}

/// On v2, sindri always sends a tier, because the default of each data center is not documented.
fn tier(node: &YamlNode, dialect: Dialect, draft: &mut ResourceDraft) -> Option<String> {
    let written = node.get("tier");
    let tier = match (written.and_then(YamlNode::text), dialect) {
        (Some(tier), _) => tier.to_owned(),
        (None, Dialect::V2) => STANDARD.to_owned(),
        (None, Dialect::V1) => return None,
    };
    draft.set("tier", Value::text(&tier), written.map(|node| node.span));
    Some(tier)
}

fn region(
    node: Option<&YamlNode>,
    at: Span,
    tier: Option<&str>,
    project: &Project<'_>,
    findings: &mut Findings,
) -> Option<String> {
    let Some(node) = node else {
        findings
            .missing(&["region"], ProblemCode::MissingField, at, "the network volume has no `region`")
            .help("set it to a data center, for example `US-KS-2`; pods that mount it run there");
        return None;
    };
    let ids = resolve_region(node, project, findings);
    let id = match ids.as_slice() {
        [] => return None,
        [id] => id.clone(),
        several => {
            findings
                .error(ProblemCode::RegionConflict, node.span, "a network volume belongs to one data center")
                .help(format!("choose one of {}", several.join(", ")));
            return None;
        }
    };
    // The sources on volume support disagree (quirk Q17), so warn and let RunPod decide.
    if let Some(center) = project.catalog.data_center(&id) {
        let tiers = center.volume_tiers();
        if tiers.is_empty() {
            findings
                .warn(ProblemCode::VolumeRegion, node.span, format!("`{id}` is not known to have network volumes"))
                .help(format!("these are known to have them: {}", with_volumes(project, STANDARD)));
        } else if let Some(tier) = tier.filter(|tier| !tiers.iter().any(|known| known == tier)) {
            findings
                .warn(
                    ProblemCode::VolumeRegion,
                    node.span,
                    format!("`{id}` is not known to have {tier} network volumes"),
                )
                .help(format!("these are known to have them: {}", with_volumes(project, tier)));
        }
    }
    Some(id)
}

fn with_volumes(project: &Project<'_>, tier: &str) -> String {
    let has = |tiers: &[String]| tiers.iter().any(|known| known == tier);
    let centers = project.catalog.data_centers.iter().filter(|center| has(center.volume_tiers()));
    centers.map(|center| center.id.as_str()).collect::<Vec<_>>().join(", ")
}
