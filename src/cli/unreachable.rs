//! Finds states that no environment of the files reaches. The first overlay removes `default`, and deleting an overlay
//! removes its environment, but the resources in their states are still billed.

use std::collections::BTreeMap;

use super::console::Console;
use super::exit;
use super::exit::FailureCode;
use super::session::Session;
use crate::catalog::Catalog;
use crate::kind::{self, price};
use crate::model::{Cost, Note};
use crate::planner::Input;
use crate::planner::drift::survey::remembered;
use crate::render::words;
use crate::resource::inventory::live_object;
use crate::store::{self, FoundState};

/// An unreachable state, and what to do about it.
pub struct Unreachable {
    message: String,
    help: String,
}

/// The other states with live objects that no environment of the files reaches. Checked only while this session's state
/// has no records, because that is when one environment replaces another.
pub fn states(session: &Session, input: &Input<'_>) -> Vec<Unreachable> {
    let concerns = input.prior.resources.is_empty() && !input.options.destroy;
    let Some(folder) = session.paths.state.parent().filter(|_| concerns) else { return Vec::new() };
    let own = &session.config.environment;
    let is_other = |found: &FoundState| {
        found.environment != *own
            && found.paths.state != session.paths.state
            && !session.config.environments.contains(&found.environment)
    };
    let found = store::found_in(folder, &session.config.boundary);
    found.into_iter().filter(is_other).filter_map(|found| describe(&found, session, input)).collect()
}

fn describe(found: &FoundState, session: &Session, input: &Input<'_>) -> Option<Unreachable> {
    let state = &found.snapshot.as_ref().ok()?.state;
    // The lists of one API say nothing about ids of another.
    if state.api != session.api {
        return None;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut hourly = Cost::ZERO;
    let unasked = input.options.unrefreshed.then(|| remembered(state));
    let observed = unasked.as_ref().unwrap_or(input.observed);
    for object in state.resources.values().filter_map(|record| live_object(observed, record)) {
        let title = kind::find(object.kind).map_or("resource", |kind| kind.title);
        *counts.entry(title).or_default() += 1;
        hourly = hourly + price::price_of(Catalog::embedded(), object).hourly;
    }
    if counts.is_empty() {
        return None;
    }
    // Pods first, because they cost most.
    let counted: Vec<String> = counts.iter().rev().map(|(title, count)| words::count(*count, title)).collect();
    let environment = &found.environment;
    Some(Unreachable {
        message: format!(
            "`{}` records {}, {}, which no environment here selects",
            found.paths.state.strip_prefix(&session.config.directory).unwrap_or(&found.paths.state).display(),
            counted.join(" and "),
            hourly.together()
        ),
        help: format!(
            "`sindri -e {environment} destroy`, or move it: `{}` makes `{environment}` an environment again",
            session.overlay_name(environment)
        ),
    })
}

/// Warns about them on stderr, where CI turns warnings into annotations.
pub fn warn(states: &[Unreachable], console: &Console) {
    for Unreachable { message, help } in states {
        console.warning(&exit::warning(FailureCode::UnreachableState, message.clone(), help.clone()));
    }
}

/// The same warnings as notes of a plan that is read elsewhere.
pub fn notes(states: &[Unreachable]) -> impl Iterator<Item = Note> {
    states.iter().map(|Unreachable { message, help }| Note { address: None, message: format!("{message}: {help}") })
}
