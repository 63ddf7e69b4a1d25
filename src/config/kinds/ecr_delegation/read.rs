//! Reads the delegations in `registries`.

use crate::config::config_kind::KindSection;
use crate::config::context::Project;
use crate::config::document::{MappingEntry, Scalar, YamlNode};
use crate::config::draft::{Declared, LifecycleSettings, ResourceDraft};
use crate::config::kinds::registry::BLOCK;
use crate::config::lifecycle::lifecycle;
use crate::config::problem::Findings;
use crate::kind::ECR_DELEGATION;
use crate::model::{Address, ProblemCode, Value};

pub(super) fn delegations(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    section.declarations().iter().map(|entry| delegation(entry, project, findings)).collect()
}

fn delegation(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) -> Declared {
    let (key, at, node) = (&entry.key, entry.key_span, &entry.value);
    for other in ["username", "passwordFrom", "version"].iter().filter_map(|field| node.entry(field)) {
        findings
            .error(ProblemCode::Conflict, other.key_span, format!("`{}` and `ecr` are mutually exclusive", other.key))
            .help("an ECR delegation needs no credentials; remove the field, or `ecr`");
    }
    let mut draft = ResourceDraft::new(&ECR_DELEGATION);
    let name = node.get("name");
    draft.set(
        "name",
        Value::text(name.and_then(YamlNode::text).map_or_else(|| project.standard_name(key), str::to_owned)),
        name.map_or(project.name_span, |node| Some(node.span)),
    );
    if let Some(arn) = node.get("ecr") {
        match plain_arn(arn.text().unwrap_or_default()) {
            Some(text) => draft.set("ecr", Value::text(text), Some(arn.span)),
            None => {
                let shown = arn.scalar().map_or("", Scalar::shown);
                findings
                    .error(ProblemCode::BadArn, arn.span, format!("`{shown}` is not the ARN of an ECR repository"))
                    .help("write it as AWS shows it: `arn:aws:ecr:REGION:ACCOUNT:repository/NAME`");
            }
        }
    }
    draft.keep_limits(project.dialect, &BLOCK, at, |attribute| attribute == "name", findings);
    let lifecycle = lifecycle(node.get("lifecycle"), &ECR_DELEGATION, &BLOCK, findings);
    let settings = LifecycleSettings { lifecycle, ..LifecycleSettings::default() };
    draft.finish(Address::new(ECR_DELEGATION.name, key), settings, at, findings)
}

/// An ARN without the tag `latest`, which RunPod adds if there is none; `None` if it is no ARN of a repository.
fn plain_arn(arn: &str) -> Option<&str> {
    let [region, account, name] = arn.strip_prefix("arn:aws:ecr:")?.splitn(3, ':').collect::<Vec<_>>()[..] else {
        return None;
    };
    let name = name.strip_prefix("repository/")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_complete = is_account && !region.is_empty() && !name.is_empty() && !name.starts_with(':');
    is_complete.then(|| arn.strip_suffix(":latest").unwrap_or(arn))
}
