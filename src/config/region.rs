//! Resolves a `region` to data centers.

use super::context::Project;
use super::document::YamlNode;
use super::problem::Findings;
use crate::model::similar::edits;
use crate::model::{Dialect, ProblemCode};

/// The data centers in which the pod may run, in order; empty for any.
pub(super) fn regions(pod: &YamlNode, project: &Project<'_>, findings: &mut Findings) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for node in pod.get("region").map(YamlNode::one_or_more).unwrap_or_default() {
        for id in resolve_region(node, project, findings) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids
}

/// The ids that one word refers to.
pub(super) fn resolve_region(node: &YamlNode, project: &Project<'_>, findings: &mut Findings) -> Vec<String> {
    let word = node.text().unwrap_or_default();
    let shown = node.scalar().map_or(word, |scalar| scalar.shown());
    let Some(ids) = project.catalog.resolve_region(word) else {
        let help = if findings.may_search() { meant(word, project) } else { ACCEPTED.to_owned() };
        findings
            .error(ProblemCode::UnknownRegion, node.span, format!("there is no data center or country `{shown}`"))
            .label("unknown")
            .help(help);
        return Vec::new();
    };
    if project.dialect == Dialect::V2 {
        return ids;
    }
    let in_v1 = |id: &String| project.catalog.data_center(id).is_some_and(|center| center.in_v1);
    let known: Vec<String> = ids.into_iter().filter(in_v1).collect();
    if known.is_empty() {
        findings
            .error(ProblemCode::NotInV1, node.span, format!("REST v1 does not know `{shown}`"))
            .help("use `apiVersion: v2`, or choose another data center");
    }
    known
}

const ACCEPTED: &str = "accepted: ids such as `US-CA-2`, countries such as `US`, and `EU` for Europe; \
                        `sindri catalog regions` lists all";
/// Maximum number of characters that may differ from the id of a data center.
const MOST_EDITS: usize = 2;
/// Maximum number of data centers shown per country.
const MOST_SHOWN: usize = 4;

/// Suggests the data center for a typo, or those of the country that a region of another cloud names.
fn meant(word: &str, project: &Project<'_>) -> String {
    let written = word.to_ascii_uppercase();
    let listed = || project.catalog.data_centers.iter().filter(|center| center.is_listed()).map(|center| &center.id);
    let near = listed().filter_map(|id| Some((edits(&written, id, MOST_EDITS)?, id)));
    if let Some((_, id)) = near.min() {
        return format!("did you mean `{id}`? `sindri catalog regions` lists all");
    }
    // Regions of other clouds: `us-east-1`, `eastus`, `europe-west4`.
    let letters = |text: &str| text.chars().take_while(char::is_ascii_alphabetic).collect::<String>();
    let (first, lower) = (letters(word).to_ascii_lowercase(), word.to_ascii_lowercase());
    let country = match first.as_str() {
        "us" | "usa" | "useast" | "uswest" | "northamerica" => "US",
        "eu" | "europe" | "uk" => "EU",
        "ca" | "canada" => "CA",
        "ap" | "asia" => "AP",
        _ if lower.contains("europe") => "EU",
        _ if lower.ends_with("us") || lower.ends_with("us2") || lower.ends_with("us3") => "US",
        _ => return ACCEPTED.to_owned(),
    };
    let centers = project.catalog.resolve_region(country).unwrap_or_default();
    let shown: Vec<String> = centers.iter().take(MOST_SHOWN).map(|id| format!("`{id}`")).collect();
    format!(
        "RunPod uses other names for its data centers; write `{country}` for any data center there, or for example \
         {}; `sindri catalog regions` lists all",
        shown.join(", ")
    )
}
