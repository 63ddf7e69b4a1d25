//! Reports what `sindri import --all` imported and what it skipped.

use std::fmt;

use serde_json::{Value as Json, json};

use super::style::{Line, Style, Tone};
use super::words;
use crate::model::code::codes;
use crate::model::{Address, Money, Object, Value};

codes! {
    /// Why an object was not imported, as a code.
    pub enum SkippedImportCode {
        Broken,
        Differs,
        Marked,
        Undeclarable,
    }
}

/// An object that was not imported.
pub struct SkippedImport<'o> {
    pub object: &'o Object,
    pub code: SkippedImportCode,
    pub why: String,
}

/// For people.
pub fn text(
    out: &mut dyn fmt::Write,
    taken: &[(Address, &Object)],
    skipped: &[SkippedImport<'_>],
    style: &Style,
) -> fmt::Result {
    let head = match taken.len() {
        0 => "Imported nothing into the state.".to_owned(),
        count => format!("Imported {} into the state:", words::count(count, "resource")),
    };
    Line::new(0).tone(Tone::Heading, head).write(out, style)?;
    let width = taken.iter().map(|(address, _)| address.to_string().len()).max().unwrap_or(0);
    for (address, object) in taken {
        let (address, name) = (address.to_string(), Value::text(&object.name));
        Line::of(2, format!("{address:width$}  {}  {name}", object.id)).write(out, style)?;
    }
    if !skipped.is_empty() {
        Line::new(0).tone(Tone::Heading, "Not imported:").write(out, style)?;
    }
    for SkippedImport { object, why, .. } in skipped {
        let cost = object.computed.cost_per_hour.map(|cost| format!("  {cost}/h")).unwrap_or_default();
        let head = format!("   {} {}  {}{cost}", object.kind, object.id, Value::text(&object.name));
        Line::new(2).tone(Tone::Bad, "!").text(head).write(out, style)?;
        Line::of(6, why).write(out, style)?;
    }
    Ok(())
}

/// For tools.
pub fn json(taken: &[(Address, &Object)], skipped: &[SkippedImport<'_>]) -> Json {
    let taken =
        taken.iter().map(|(address, object)| json!({ "address": address, "id": object.id, "name": object.name }));
    let skipped = skipped.iter().map(|SkippedImport { object, code, why }| {
        json!({
            "kind": object.kind, "id": object.id, "name": object.name, "reason": code, "why": why,
            "hourly": object.computed.cost_per_hour.map(Money::dollars),
        })
    });
    json!({
        "format_version": super::json::FORMAT_VERSION, "taken": taken.collect::<Vec<_>>(), "left": skipped.collect::<Vec<_>>(),
    })
}
