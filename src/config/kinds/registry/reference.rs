//! The registry that a pod, a template or an endpoint pulls its image with.

use crate::catalog::nearest;
use crate::config::context::Project;
use crate::config::document::{Scalar, YamlNode};
use crate::config::draft::ResourceDraft;
use crate::config::problem::Findings;
use crate::model::{Address, ProblemCode, Value};

/// The kinds of resources that `registries` declares. Pods hold the id of a credential. An ECR delegation has no place
/// in a pod, because RunPod finds it by the image; it only has to exist first.
const CREDENTIAL: &str = "registry";
const DELEGATION: &str = "ecr_delegation";

/// The value of the attribute that names the registry credential: a reference to one of `registries`, or the id of a
/// credential that sindri does not manage. `None` for an ECR delegation, which becomes a need of the draft.
pub(in crate::config) fn reference(
    node: &YamlNode,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) -> Option<Value> {
    let name = node.text().filter(|name| !name.is_empty())?;
    let declared = |kind: &str| Some(Address::new(kind, name)).filter(|at| project.declared.contains_key(at));
    if let Some(credential) = declared(CREDENTIAL) {
        return Some(Value::reference(credential));
    }
    if let Some(delegation) = declared(DELEGATION) {
        draft.need(delegation);
        return None;
    }
    // An id is no misspelled name: it has 25 letters and digits.
    let names = || {
        let kinds = project.declared.keys().filter(|at| [CREDENTIAL, DELEGATION].iter().any(|kind| at.kind == *kind));
        kinds.map(|at| at.name.as_str())
    };
    if let Some(meant) = findings.may_search().then(|| nearest(name, names())).flatten() {
        let shown = node.scalar().map_or("", Scalar::shown);
        findings
            .error(ProblemCode::UnknownRegistry, node.span, format!("there is no registry `{shown}`"))
            .label("not among `registries`")
            .nearest(Some(meant), "the id of a credential that sindri does not manage is accepted too");
        return None;
    }
    Some(Value::text(name))
}
