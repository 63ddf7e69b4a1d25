//! `sindri drift`: how RunPod differs from the last applied state. Takes no lock, writes nothing, and needs only the
//! name from the configuration.

use crate::apply::refresh::Refresh;
use crate::catalog::Catalog;
use crate::cli::args::{DriftArgs, Global};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::planner::drift::report::{Scope, report};
use crate::render::{drift, json};

pub async fn run(args: &DriftArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = Session::open_state(global, console)?;
    let Refresh { state, observed, unsettled, expected } = session.refresh_and_recheck(console).await?;
    let report = report(&Scope {
        name: &session.config.name,
        prior: &state,
        observed: &observed,
        catalog: Catalog::embedded(),
        unsettled: &unsettled,
        expected: &expected,
        unmanaged: args.unmanaged,
        now: session.clock.now(),
    });
    let mut page = String::new();
    // Writing to a string cannot fail.
    if console.json {
        console.json(&json::drift_json(&report));
    } else if args.markdown {
        let _ = drift::markdown(&mut page, &report);
        console.result(&page);
    } else {
        let _ = drift::text(&mut page, &report, &console.style());
        console.result(&page);
    }
    Ok(if report.drifted() { Exit::Changes } else { Exit::Success })
}
