//! The table, the price and the words of shelves.

use sindri::kind::attribute::{attribute, replace};
use sindri::kind::{Attribute, Compare, Description, Kind, Names, Pricing, Recognition, Support};
use sindri::model::{Dialect, Money};

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
    recognition: Recognition::Identity { attributes: &["name", "pod"], words: "name and pod" },
    pricing: Pricing { estimate: |_, _, _| Money::from_dollars(0.25).into(), peak: None, unpriced: |_, _| Vec::new() },
    describe: |_, _| Description { what: "3 boards".into(), ..Description::default() },
    ..Kind::PLAIN
};

const ONLY_V2: (Support, Support) =
    (Support::No { reason: "REST v1 has no shelves", help: "use `apiVersion: v2`" }, Support::Yes);
