//! `sindri status`: the existing resources and their costs, once or repeatedly.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::cli::address::KnownAddresses;
use crate::cli::args::{Global, StatusArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::signals::Signals;
use crate::kind;
use crate::model::{Address, Observed, State};
use crate::render::json;
use crate::render::status::{self, StatusView};
use crate::resource::members;
use crate::runpod::Api;

pub async fn run(args: &StatusArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = Session::open_state(global, console)?;
    let exit = match args.watch {
        true => watch(&session, args, global.sandbox, console).await?,
        false => {
            let (state, mut observed) = session.refresh(console).await?;
            let view = view(args, &state)?;
            read_workers(&session, &state, &mut observed, &view).await;
            match console.json {
                true => console.json(&status::status_json(&state, &observed, &view.only)),
                false => console.result(&page(&session, &state, &observed, &view, console)),
            }
            Exit::Success
        }
    };
    session.close()?;
    Ok(exit)
}

/// Adds the workers of the shown objects, with a request for each object that has workers. A key that may not read them
/// sees the rest.
async fn read_workers(session: &Session, state: &State, observed: &mut Observed, view: &StatusView) {
    let shown = state.resources.iter().filter(|(address, _)| view.only.is_empty() || view.only.contains(*address));
    for (_, record) in shown {
        let object = kind::find(&record.kind).and_then(|kind| observed.remove(kind.name, &record.id));
        let Some(mut object) = object else { continue };
        if let Some(kind) = kind::find(object.kind) {
            object.computed.workers = session.client.workers(kind, &object.id).await.ok().flatten();
        }
        observed.insert(object);
    }
}

/// Repeats the status until a signal arrives or the reader closes the stream.
async fn watch(session: &Session, args: &StatusArgs, simulated: bool, console: &Console) -> Result<Exit, Failure> {
    let interval = args.interval;
    let mut signals = Signals::listen();
    let mut shown = false;
    loop {
        let refreshed = tokio::select! {
            biased;
            _ = signals.next() => return Ok(Exit::Interrupted),
            refreshed = session.refresh(console) => refreshed,
        };
        // A watched resource may be destroyed and recreated in between.
        let refreshed = refreshed.and_then(|(state, observed)| Ok((view(args, &state)?, state, observed)));
        match refreshed {
            Ok((view, state, mut observed)) => {
                read_workers(session, &state, &mut observed, &view).await;
                if console.json {
                    let line = json::to_text(&status::status_json(&state, &observed, &view.only), false);
                    console.result(&(line + "\n"));
                } else {
                    let page = page(session, &state, &observed, &view, console);
                    let now = session.clock.now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
                    console.redraw(&format!("{now}, every {} s\n{page}", interval.as_secs()), shown);
                }
                shown = true;
            }
            // If the first attempt fails, the command cannot work at all.
            Err(failure) if !shown => return Err(failure),
            Err(failure) => console.note(&format!("Warning: {}. Trying again.", failure.report)),
        }
        if !console.flush().is_empty() {
            return Ok(Exit::Success);
        }
        tokio::select! {
            biased;
            _ = signals.next() => return Ok(Exit::Interrupted),
            () = real_time(interval) => {}
        }
        if simulated {
            tokio::time::advance(interval).await;
        }
    }
}

/// Waits in real time, because a sandbox's simulated time passes instantly.
async fn real_time(interval: Duration) {
    let (done, over) = oneshot::channel();
    // The receiver is gone if a signal arrived first.
    let sleeper = std::thread::Builder::new().spawn(move || {
        std::thread::sleep(interval);
        let _ = done.send(());
    });
    if sleeper.is_ok() {
        // The thread always sends before it ends.
        let _ = over.await;
    }
}

fn page(session: &Session, state: &State, observed: &Observed, view: &StatusView, console: &Console) -> String {
    let mut text = String::new();
    if state.resources.is_empty() {
        return format!(
            "Nothing is recorded in environment `{}`.\nThe state file is {}.\n`sindri plan` shows the resources it \
             would create.\n",
            state.environment,
            session.state_path().display()
        );
    }
    // Writing to a string cannot fail.
    let _ = status::table(&mut text, state, observed, view, &console.style());
    text
}

/// The selection from the arguments. A resource that is being replaced is shown with its predecessor.
fn view(args: &StatusArgs, state: &State) -> Result<StatusView, Failure> {
    let recorded = || state.resources.keys().filter(|address| !members::is_member(address));
    let mut only = KnownAddresses::recorded(state, recorded()).all(&args.addresses)?;
    let predecessors = recorded().filter(|address| address.successor().is_some_and(|it| only.contains(&it)));
    let predecessors: Vec<Address> = predecessors.cloned().collect();
    only.extend(predecessors);
    Ok(StatusView { only, short: args.short })
}
