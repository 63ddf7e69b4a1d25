//! The table, the price and the words of shelves.

use sindri::kind::attribute::{attribute, replace};
use sindri::kind::{Attribute, Compare, Description, Kind, Names, Pricing, Readiness, Recognition, Support};
use sindri::model::{Dialect, DriftClass, Money, Risk};

pub static SHELF: Kind = Kind {
    name: "shelf",
    title: "shelf",
    dialects: &[Dialect::V2],
    attributes: &[
        attribute("name", Compare::Exact, replace, "a shelf keeps its name", ONLY_V2),
        Attribute {
            names: Some(Names::Listed { kind: "pod", place: None }),
            ..attribute("pod", Compare::Exact, replace, "a shelf stays in its pod", ONLY_V2)
        },
    ],
    always_listed: true,
    is_merged_into_users: false,
    chosen_drift: DriftClass::Migrated,
    own_changes: &[],
    limits: &[],
    member_of: None,
    name_attribute: Some("name"),
    recognition: Recognition::Identity { attributes: &["name", "pod"], words: "name and pod" },
    readiness: Readiness::Existing,
    delay: None,
    has_container: false,
    has_capacity: false,
    not_in_catalog: &[],
    disk_attributes: &[],
    protection: None,
    lock_attribute: None,
    spot_attribute: None,
    budget_weight: 0,
    ends_at_zero_balance: false,
    creates_first: false,
    losses: |_| Vec::new(),
    precious_risk: |_| Risk::None,
    stop_risk: Risk::None,
    pricing: Pricing { estimate: |_, _, _| Money::from_dollars(0.25).into(), peak: None, unpriced: |_, _| Vec::new() },
    describe: |_, _| Description { what: "3 boards".into(), ..Description::default() },
};

const ONLY_V2: (Support, Support) =
    (Support::No { reason: "REST v1 has no shelves", help: "use `apiVersion: v2`" }, Support::Yes);
