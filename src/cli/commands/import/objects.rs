//! Unmanaged objects in the order that reports list them, and why some are left out.

use super::blocks::NoBlockReason;
use crate::model::{Object, Observed, State, natural};
use crate::render::takeover::{self as report, SkippedImportCode};
use crate::resource::inventory;

/// Live objects without a record, sorted by name.
pub fn unmanaged<'o>(state: &State, observed: &'o Observed) -> Vec<&'o Object> {
    let mut unmanaged = inventory::unmanaged(state, observed);
    unmanaged.sort_by(|one, other| {
        let by_name = one.kind.cmp(other.kind).then_with(|| natural(&one.name, &other.name));
        by_name.then_with(|| one.id.cmp(&other.id))
    });
    unmanaged
}

/// The reason in words.
pub fn skipped<'o>(object: &'o Object, reason: &NoBlockReason) -> report::SkippedImport<'o> {
    let (code, why) = match reason {
        NoBlockReason::Marked(marker) => (
            SkippedImportCode::Marked,
            format!(
                "it has the marker of {}/{}; in that project, `sindri import --discover` imports it. \
                 `--include-marked` imports it here, but its own project keeps managing it",
                marker.name, marker.environment
            ),
        ),
        NoBlockReason::UsedByMarked { user } => (
            SkippedImportCode::Marked,
            format!("{user} of another project uses it; `--include-marked` imports it anyway"),
        ),
        NoBlockReason::Broken { status } => {
            (SkippedImportCode::Broken, format!("it is {status}, so a plan would replace it"))
        }
        NoBlockReason::Undeclarable { problem } => {
            (SkippedImportCode::Undeclarable, format!("it cannot be declared: {problem}"))
        }
        NoBlockReason::Differs { address, fields } => (
            SkippedImportCode::Differs,
            format!(
                "{address} declares it with another {}; `{}` imports it unchanged",
                fields.join(", "),
                crate::render::words::import_command(address, &object.id)
            ),
        ),
    };
    report::SkippedImport { object, code, why }
}
