//! Reports what `sindri import --discover` imported and what it skipped.

use std::fmt;

use serde_json::{Value as Json, json};

use super::style::{Line, Style, Tone};
use super::words;
use crate::kind::{self, Kind};
use crate::model::code::codes;
use crate::model::{Money, Object, Value};
use crate::planner::recognise::discover::{Adoption, Discovery, RecognisedBy, SkipReason, SkippedAdoption};

codes! {
    /// Why an object was not recorded, as a code.
    pub enum SkippedAdoptionCode {
        Ambiguous,
        Twin,
        Undeclared,
    }
}

/// For people. `project` is its name and environment; `lineages` has the imported one and the others that were found.
pub fn text(
    out: &mut dyn fmt::Write,
    found: &Discovery<'_>,
    (name, environment): (&str, &str),
    (lineage, others): (&str, &[String]),
    style: &Style,
) -> fmt::Result {
    let count = words::count(found.adopted.len(), "resource");
    let head = match found.adopted.len() {
        0 => format!("Found no objects of {name}/{environment} that are missing from the state."),
        _ => format!("Imported {count} into the state of environment {environment} (lineage {lineage}):"),
    };
    Line::new(0).tone(Tone::Heading, head).write(out, style)?;
    let width = found.adopted.iter().map(|adopted| adopted.address.to_string().len()).max().unwrap_or(0);
    for Adoption { address, object, by } in &found.adopted {
        let (address, name) = (address.to_string(), Value::text(&object.name));
        Line::of(2, format!("{address:width$}  {}  {name}  by {}", object.id, trace(object, *by))).write(out, style)?;
    }
    if !found.skipped.is_empty() {
        Line::new(0).tone(Tone::Heading, "Not imported:").write(out, style)?;
    }
    for skipped in &found.skipped {
        self::skipped(skipped).into_iter().try_for_each(|line| line.write(out, style))?;
    }
    if !others.is_empty() {
        Line::of(0, format!("Pods of other lineages are not imported: {}.", others.join(", "))).write(out, style)?;
    }
    if !found.adopted.is_empty() {
        Line::of(0, "`sindri plan` shows where they differ from the configuration.").write(out, style)?;
    }
    Ok(())
}

fn skipped(SkippedAdoption { address, object, why }: &SkippedAdoption<'_>) -> [Line; 2] {
    let cost = object.computed.cost_per_hour.map(|cost| format!("  {cost}/h")).unwrap_or_default();
    let head = format!("   {} {}  {}{cost}", object.kind, object.id, Value::text(&object.name));
    let (import, console) = (words::import_command(address, &object.id), words::CONSOLE);
    let todo = match why {
        SkipReason::Duplicate { of } => {
            format!("a duplicate: {address} is {of}; delete it at {console} if it is not needed")
        }
        SkipReason::Undeclared => {
            format!(
                "created for {address}, which is not declared; declare it and run `{import}`, or delete it at {console}"
            )
        }
        SkipReason::Ambiguous => format!("one of several that match {address}; choose with `{import}`"),
    };
    [Line::new(2).tone(Tone::Bad, "!").text(head), Line::of(6, todo)]
}

fn trace(object: &Object, by: RecognisedBy) -> String {
    match by {
        RecognisedBy::Marker => "its marker".to_owned(),
        RecognisedBy::Mount => "the pod that uses it".to_owned(),
        RecognisedBy::Identity => {
            format!("its {}", kind::find(object.kind).map_or("identity", Kind::identity_words))
        }
    }
}

/// For tools.
pub fn json(found: &Discovery<'_>, lineage: &str, others: &[String]) -> Json {
    let adopted = found.adopted.iter().map(|Adoption { address, object, by }| {
        let by = match by {
            RecognisedBy::Marker => "marker",
            RecognisedBy::Mount => "mount",
            RecognisedBy::Identity => "looks",
        };
        json!({ "address": address, "id": object.id, "name": object.name, "by": by })
    });
    let skipped = found.skipped.iter().map(|SkippedAdoption { address, object, why }| {
        let (reason, of) = match why {
            SkipReason::Duplicate { of } => (SkippedAdoptionCode::Twin, Some(of)),
            SkipReason::Undeclared => (SkippedAdoptionCode::Undeclared, None),
            SkipReason::Ambiguous => (SkippedAdoptionCode::Ambiguous, None),
        };
        json!({
            "kind": object.kind, "id": object.id, "name": object.name, "address": address, "reason": reason, "twin_of": of,
            "hourly": object.computed.cost_per_hour.map(Money::dollars),
        })
    });
    json!({
        "format_version": super::json::FORMAT_VERSION, "lineage": lineage, "taken": adopted.collect::<Vec<_>>(),
        "left": skipped.collect::<Vec<_>>(), "other_lineages": others,
    })
}
