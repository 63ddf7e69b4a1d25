//! Plans written by hand, as the planner would make them.

use std::collections::BTreeMap;

use sindri::model::{
    Action, Address, Attributes, Cause, Change, Cost, CostSummary, Dialect, DifferenceOrigin, Effect, FieldChange,
    Loss, Money, Plan, Position, Risk, Value,
};

pub fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

pub fn money(dollars: f64) -> Money {
    Money::from_dollars(dollars)
}

pub fn at(line: u32) -> Position {
    Position { file: "sindri.yaml".into(), line, column: 7 }
}

pub fn attributes<const N: usize>(pairs: [(&str, Value); N]) -> Attributes {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub fn plan(changes: Vec<Change>) -> Plan {
    let hourly_before = changes.iter().map(|change| change.hourly_before).sum();
    let hourly_after = changes.iter().map(|change| change.hourly_after).sum();
    let losses = changes.iter().flat_map(|change| &change.losses).filter(|loss| loss.precious);
    let data_at_risk_gb = losses.filter_map(|loss| loss.size_gb).sum();
    Plan {
        moves: Vec::new(),
        renames: Vec::new(),
        records: BTreeMap::new(),
        late_needs: BTreeMap::new(),
        name: "llm-team".into(),
        environment: "prod".into(),
        lineage: "4f1c09aa".into(),
        new_state: false,
        api: "runpod".into(),
        dialect: Dialect::V2,
        destroy: false,
        refresh_only: false,
        unrefreshed: false,
        partial: None,
        changes,
        waits: Vec::new(),
        drift: Vec::new(),
        orphans: Vec::new(),
        doubles: Vec::new(),
        operations: Vec::new(),
        cost: CostSummary { hourly_before, hourly_after, data_at_risk_gb, ..CostSummary::default() },
        notes: Vec::new(),
        refusals: Vec::new(),
        prior_digest: "00".repeat(32),
    }
}

pub fn change(text: &str, action: Action) -> Change {
    Change {
        address: address(text),
        action,
        id: None,
        fields: Vec::new(),
        before: Attributes::new(),
        after: Attributes::new(),
        causes: Vec::new(),
        side_effects: Vec::new(),
        risk: Risk::None,
        losses: Vec::new(),
        hourly_before: Cost::ZERO,
        hourly_after: Cost::ZERO,
        peak_before: Cost::ZERO,
        peak_after: Cost::ZERO,
        in_place_alternative: None,
        position: None,
        refusals: Vec::new(),
    }
}

/// A field with the rule that its kind's table gives it.
pub fn field(kind: &str, path: &str, before: Value, after: Value, effect: Effect, line: u32) -> FieldChange {
    let attribute = path.split('.').next().expect("a path has a first part");
    let rule = sindri::kind::find(kind).and_then(|kind| kind.attribute(attribute)).expect("a known attribute").rule;
    FieldChange {
        path: path.into(),
        before,
        after,
        after_unknown: false,
        effect,
        rule: rule.into(),
        origin: Some(DifferenceOrigin::Declared),
        position: Some(at(line)),
    }
}

pub fn losses(kind: &str, attributes: &Attributes) -> Vec<Loss> {
    (sindri::kind::find(kind).expect("a known kind").losses)(attributes)
}

/// Attributes of a GPU pod with a pod volume of 100 GB.
pub fn gpu_pod(gpu: &str, count: i64, image: &str) -> Attributes {
    attributes([
        ("name", "trainer".into()),
        ("image", image.into()),
        ("cloud", "SECURE".into()),
        ("gpu_types", Value::texts([gpu])),
        ("gpu_count", count.into()),
        ("regions", Value::texts(["US-CA-2"])),
        ("container_disk_gb", 50.into()),
        ("volume_gb", 100.into()),
        ("volume_mount_path", "/workspace".into()),
        ("network_volume", Value::Null),
        ("ports", Value::texts(["8888/http", "22/tcp"])),
        ("env", Value::Map([("LOG_LEVEL", "info".into())].into())),
    ])
}

pub fn volume(size_gb: i64, region: &str) -> Attributes {
    attributes([
        ("name", "datasets".into()),
        ("size_gb", size_gb.into()),
        ("region", region.into()),
        ("tier", "STANDARD".into()),
    ])
}

pub fn create(text: &str, after: Attributes, hourly: f64, line: u32) -> Change {
    Change {
        after,
        hourly_after: money(hourly).into(),
        causes: vec![Cause::New { position: Some(at(line)) }],
        position: Some(at(line)),
        ..change(text, Action::Create)
    }
}

pub fn kept(text: &str, attributes: Attributes, hourly: f64) -> Change {
    Change {
        before: attributes.clone(),
        after: attributes,
        hourly_before: money(hourly).into(),
        hourly_after: money(hourly).into(),
        id: Some("k3pt".into()),
        ..change(text, Action::NoOp)
    }
}
