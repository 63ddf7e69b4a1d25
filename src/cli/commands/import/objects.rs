//! Unmanaged objects in the order that reports list them, and why some are left out.

use super::blocks::Reason;
use crate::model::{Object, Observed, State, natural};
use crate::render::takeover as report;
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
pub fn left<'o>(object: &'o Object, reason: &Reason) -> report::Left<'o> {
    let (code, why) = match reason {
        Reason::Marked(marker) => (
            "marked",
            format!(
                "it carries the marker of {}/{}: in that project, `sindri import --discover` takes it. `--include-marked` takes \
                 it here, and its own project goes on to manage it",
                marker.name, marker.environment
            ),
        ),
        Reason::MountedByMarked { pod } => {
            ("marked", format!("pod {pod} of another project mounts it; `--include-marked` takes it all the same"))
        }
        Reason::Broken { status } => ("broken", format!("it is {status}: a plan would replace it")),
        Reason::Undeclarable { problem } => ("undeclarable", format!("no block can declare it: {problem}")),
        Reason::Differs { address, fields } => (
            "differs",
            format!(
                "{address} declares it with another {}; `{}` takes it as it is",
                fields.join(", "),
                crate::render::words::import_command(address, &object.id)
            ),
        ),
    };
    report::Left { object, code, why }
}
