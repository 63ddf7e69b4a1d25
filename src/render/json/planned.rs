//! The parts of Terraform's format that repeat the plan for policy tools: the resources afterwards, and the
//! configuration.
//!
//! terraform-compliance and checkov read `planned_values`, `configuration` and `terraform_version`, and refuse a plan
//! without them. Everything here is derived from the plan's changes.

use std::collections::BTreeMap;

use ecow::EcoString;
use serde_json::{Map, Value as Json, json};

use super::parts::{AfterValues, ByAddress, PROVIDER, identity};
use super::split_secrets;
use crate::kind;
use crate::model::{Action, Address, Cause, Change, Value};

/// The version of Terraform whose format the plan follows. Tools check it first: terraform-compliance 1.16 accepts 0.12
/// to 1.16.
pub const TERRAFORM_VERSION: &str = "1.9.0";

/// The resources that sindri manages once the plan is applied.
pub fn planned_values(by_address: &ByAddress<'_>, changes: &[Change]) -> Json {
    let resource = |change: &Change| {
        let AfterValues { values, sensitive, .. } = AfterValues::of(by_address, change);
        let mut entry = identity(&change.address);
        entry.insert("schema_version".into(), json!(0));
        entry.insert("values".into(), values);
        entry.insert("sensitive_values".into(), sensitive);
        Json::Object(entry)
    };
    let resources: Vec<Json> = changes.iter().filter(|change| stays(change)).map(resource).collect();
    json!({ "root_module": { "resources": resources } })
}

/// Whether the resource is in the state after the plan.
fn stays(change: &Change) -> bool {
    !matches!(change.action, Action::Delete | Action::Forget) && !change.after.is_empty()
}

/// The declared configuration. Replicas are one resource with a count.
pub fn configuration(changes: &[Change]) -> Json {
    let declared = changes.iter().filter(|change| stays(change) && !change.causes.contains(&Cause::Undeclared));
    let mut blocks: BTreeMap<Address, Vec<&Change>> = BTreeMap::new();
    for change in declared {
        blocks.entry(Address { index: None, ..change.address.clone() }).or_default().push(change);
    }
    let resources: Vec<Json> = blocks.iter().map(|(address, changes)| block(address, changes)).collect();
    json!({
        "provider_config": { PROVIDER: { "name": PROVIDER, "full_name": PROVIDER } },
        "root_module": { "resources": resources },
    })
}

fn block(address: &Address, changes: &[&Change]) -> Json {
    let mut entry = Map::new();
    entry.insert("address".into(), json!(address));
    entry.insert("mode".into(), json!("managed"));
    entry.insert("type".into(), json!(address.kind));
    entry.insert("name".into(), json!(address.name));
    entry.insert("provider_config_key".into(), json!(PROVIDER));
    entry.insert("expressions".into(), expressions(changes));
    entry.insert("schema_version".into(), json!(0));
    if changes.iter().any(|change| change.address.index.is_some()) {
        entry.insert("count_expression".into(), json!({ "constant_value": changes.len() }));
    }
    Json::Object(entry)
}

/// One expression per attribute, empty if the attribute differs between replicas or contains a secret.
fn expressions(changes: &[&Change]) -> Json {
    let Some((first, others)) = changes.split_first() else { return json!({}) };
    let kind = kind::find(&first.address.kind);
    let supplied = |name: &str| kind.is_some_and(|kind| kind.supplied(&first.after).any(|(own, ..)| own == name));
    let known = first.after.iter().filter(|(name, _)| !supplied(name));
    let expression = |(name, value): (&EcoString, &Value)| {
        let same = |other: &&Change| other.after.get(name) == Some(value);
        (name.to_string(), if others.iter().all(same) { constant_or_reference(name, value) } else { json!({}) })
    };
    Json::Object(known.map(expression).collect())
}

/// terraform-compliance puts the object that an attribute refers to into a list under the name of its type. It fails if
/// the attribute itself has that name, so such a reference gets an empty expression.
fn constant_or_reference(name: &str, value: &Value) -> Json {
    match (value, split_secrets(value)) {
        (Value::Reference(target), _) if target.kind == name => json!({}),
        (Value::Reference(target), _) => json!({ "references": [format!("{target}.id"), target.to_string()] }),
        (Value::List(items), _) if !value.references().is_empty() => {
            let targets = items.iter().flat_map(Value::references);
            let references: Vec<String> =
                targets.flat_map(|target| [format!("{target}.id"), target.to_string()]).collect();
            json!({ "references": references })
        }
        (_, (constant, Json::Bool(false))) => json!({ "constant_value": constant }),
        _ => json!({}),
    }
}
