//! `sindri apply`, `deploy` and `destroy`: lock, recover, plan, compare with the approval or ask, apply, report.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::Instant;

use super::plan::{Format, checked, destroyed, options, show, view};
use crate::apply::{self, Event, Events, Job, LastLists, Report};
use crate::cli::approval::Approval;
use crate::cli::args::{ApplyArgs, ChangeFlags, DestroyArgs, Global, ViewFlags};
use crate::cli::consent::{self, Consent};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::pauses::Pause;
use crate::cli::session::{Secrets, Session};
use crate::cli::signals::{SignalRequest, Signals};
use crate::cli::unreachable;
use crate::cli::until_exit::until_exit;
use crate::kind;
use crate::model::{Observed, Plan, State, Updates};
use crate::planner;
use crate::planner::PlanOptions;
use crate::planner::review::identity;
use crate::render::{Summary, json, status};
use crate::runpod::Api;
use crate::store::LockedState;

pub async fn apply(args: &ApplyArgs, global: &Global, console: &Console, command: &str) -> Result<Exit, Failure> {
    let approval = Approval::of(args.saved.as_deref(), &args.change, global)?;
    approval.can_be_given(&args.change, console, command)?;
    let destroys = matches!(&approval, Approval::Saved(saved) if saved.options.destroy);
    let session = match destroys {
        true => Session::open_state(global, console)?,
        false => Session::open(global, console, Secrets::Needed)?,
    };
    let run = ApplyRun {
        session: &session,
        console,
        change: &args.change,
        view: &args.plan.view,
        adopt: args.plan.adopt,
        approval,
    };
    let asked = |prior: &State| options(&args.plan, &session, prior);
    let mut finished = run.all(&asked, command, "Apply this plan to").await?;
    let exit = finished.exit;
    // An apply that changed nothing needs only one line, but `deploy` always shows how to connect.
    let done = matches!(exit, Exit::Success | Exit::Changes) && !destroys;
    if done && (command == "deploy" || (finished.changed && !console.quiet)) {
        tell_how_to_connect(&session, console, &mut finished, command == "deploy").await;
    }
    session.close()?;
    until_exit((session, finished));
    Ok(exit)
}

pub async fn destroy(args: &DestroyArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let approval = Approval::of(None, &args.change, global)?;
    approval.can_be_given(&args.change, console, "destroy")?;
    let session = Session::open_state(global, console)?;
    let run = ApplyRun { session: &session, console, change: &args.change, view: &args.view, adopt: false, approval };
    let asked = |prior: &State| {
        let only = destroyed(&args.addresses, &session, prior)?;
        Ok(PlanOptions { destroy: true, only, permits: args.permits.flags(), ..PlanOptions::default() })
    };
    let finished = run.all(&asked, "destroy", "Destroy everything listed above in").await?;
    let exit = finished.exit;
    session.close()?;
    until_exit((session, finished));
    Ok(exit)
}

/// One run of a command that changes resources.
struct ApplyRun<'a> {
    session: &'a Session,
    console: &'a Console,
    change: &'a ChangeFlags,
    view: &'a ViewFlags,
    adopt: bool,
    approval: Approval,
}

/// A finished run.
struct FinishedRun {
    exit: Exit,
    /// Whether there was anything to change.
    changed: bool,
    state: State,
    last_lists: LastLists,
}

impl ApplyRun<'_> {
    /// Runs all steps.
    async fn all(
        &self,
        asked: &dyn Fn(&State) -> Result<PlanOptions, Failure>,
        command: &str,
        question: &str,
    ) -> Result<FinishedRun, Failure> {
        let store = self.session.lock(command, self.change.lock_timeout)?;
        let observed = self.session.recover(&store, self.console).await?;
        let prior = store.snapshot().state;
        let mut options = match self.approval.options(&prior) {
            Some(options) => options,
            None => asked(&prior)?,
        };
        // With this flag, the user already knows about the existing objects.
        let beside = options.ignore_existing;
        let (plan, exit) = loop {
            let plan = self.planned(&prior, &observed, options.clone()).await?;
            let exit = if self.approval.reports_pending(&plan) || has_leftovers(&plan, beside) {
                Exit::Changes
            } else {
                Exit::Success
            };
            if plan.is_empty() {
                return self.corrected(store, &plan, exit, observed).await;
            }
            // Waiting needs no consent.
            if self.approval.is_given() || !plan.changes_anything() {
                break (plan, exit);
            }
            match consent::obtain(&plan, self.change, self.adopt, self.console, question)? {
                Consent::Plan => break (plan, exit),
                Consent::InPlace => options.updates = Some(Updates::InPlace),
            }
        };
        if plan.refresh_only {
            return self.corrected(store, &plan, exit, observed).await;
        }
        drop(prior);
        let parallelism = usize::from(self.change.parallelism);
        let (ended, report) =
            carry_out(self.session, self.console, &store, &plan, &observed, parallelism, command).await?;
        until_exit((plan, observed));
        let leftovers = !report.orphans.is_empty() || !(report.doubles.is_empty() || beside);
        let exit = if leftovers { Exit::Changes } else { exit };
        let exit = if ended == Exit::Success { exit } else { ended };
        Ok(FinishedRun { exit, changed: true, state: store.into_state(), last_lists: report.last_lists })
    }

    /// A plan that was shown, matches the approval, and is not refused.
    async fn planned(&self, prior: &State, observed: &Observed, options: PlanOptions) -> Result<Plan, Failure> {
        let input = self.session.plan_input(prior, observed, options);
        let mut plan = checked(planner::plan(&input)?, prior)?;
        self.approval.clear_partial(&mut plan);
        self.session.examine(&mut plan).await;
        let out_of_reach = unreachable::states(self.session, &input);
        unreachable::warn(&out_of_reach, self.console);
        if self.console.json {
            plan.notes.extend(unreachable::notes(&out_of_reach));
            // The first line of the event stream.
            let plan = json::plan_json(&plan, Some(&identity::id(&plan)));
            self.console.result(&(json::to_text(&json!({ "event": "planned", "plan": plan }), false) + "\n"));
        } else {
            show(&plan, Format::Text, &view(self.view, &plan, &input, self.session), self.console);
        }
        self.approval.verify(&input, &plan)?;
        consent::refusals(&plan)?;
        consent::missing_values(&plan)?;
        Ok(plan)
    }

    /// Writes corrections to the state that need no change at RunPod.
    async fn corrected(
        &self,
        store: LockedState,
        plan: &Plan,
        exit: Exit,
        observed: Observed,
    ) -> Result<FinishedRun, Failure> {
        store.correct("corrections", plan.records.clone()).await?;
        store.checkpoint()?;
        let last_lists = LastLists::of(observed, kind::listed_on(self.session.config.dialect));
        Ok(FinishedRun { exit, changed: false, state: store.into_state(), last_lists })
    }
}

/// Whether the plan leaves billed objects of this project without a record.
fn has_leftovers(plan: &Plan, beside: bool) -> bool {
    let orphan = plan.orphans.iter().any(|orphan| orphan.marker.lineage == plan.lineage || !beside);
    orphan || !(plan.doubles.is_empty() || beside)
}

/// Applies an approved plan, and prints the result.
pub async fn carry_out(
    session: &Session,
    console: &Console,
    store: &LockedState,
    plan: &Plan,
    observed: &Observed,
    parallelism: usize,
    command: &str,
) -> Result<(Exit, Report), Failure> {
    let started = Instant::now();
    let progress = console.progress();
    progress.expect(plan.operations.len());
    let summary = Mutex::new(Summary::expecting(plan, command));
    let note = |event: Event| {
        progress.show(&event);
        locked(&summary).note(&event);
    };
    let (stop, interrupt) = watch::channel(false);
    let job = Job {
        plan,
        observed,
        api: &session.client,
        store,
        clock: session.clock,
        options: apply::ApplyOptions { parallelism, seed: None },
        events: &note,
        interrupt,
    };
    let mut signals = Signals::listen();
    let stopping = || {
        let in_flight = locked(&summary).in_flight();
        note(Event::Interrupted { in_flight });
        stop.send_replace(true);
    };
    let pauses = session.pauses.receive();
    let ended = tokio::select! {
        biased;
        ended = apply::run(&job) => Some(ended),
        () = stopped_twice(&mut signals, stopping) => None,
        never = relay(pauses, &note) => match never {},
    };
    progress.finish();
    let Some(ended) = ended else { leave(&locked(&summary), started.elapsed(), console) };
    let summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    tell(&summary, started.elapsed(), console);
    let report = ended?;
    let exit = match (report.interrupted, report.failed, report.done) {
        (true, ..) => Exit::Interrupted,
        (_, 0, _) => Exit::Success,
        (_, _, 0) if report.only_capacity => Exit::NoCapacity,
        (_, _, 0) => Exit::Error,
        _ => Exit::PartlyApplied,
    };
    if exit != Exit::Success && console.json {
        console.failure(&unfinished(exit, &summary));
    }
    Ok((exit, report))
}

fn locked(summary: &Mutex<Summary>) -> MutexGuard<'_, Summary> {
    summary.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error object on stderr for an incomplete apply. For people, the summary says the same; tools find the details
/// there.
fn unfinished(exit: Exit, summary: &Summary) -> Failure {
    let (code, help) = match exit {
        Exit::Interrupted => (FailureCode::Interrupted, "completed changes are recorded; run it again to do the rest"),
        Exit::PartlyApplied => {
            (FailureCode::PartlyApplied, "completed changes are recorded; run it again to do the rest")
        }
        Exit::NoCapacity => (FailureCode::NoCapacity, "run it again later, or allow more options; nothing was created"),
        _ => (FailureCode::ApplyFailed, "run it again when the cause is resolved"),
    };
    let message = format!("the plan was not applied in full: {}", summary.outline());
    let failure = Failure::message(exit, code, message, Some(help.to_owned()));
    match summary.only_failure() {
        Some((address, id)) => failure.about(address, id),
        None => failure,
    }
}

fn tell(summary: &Summary, elapsed: Duration, console: &Console) {
    if console.json {
        console.result(&(json::to_text(&summary.json(elapsed), false) + "\n"));
        return;
    }
    let mut text = String::new();
    let _ = summary.text(&mut text, elapsed, &console.style());
    console.result(&text);
}

/// Passes the client's long waits on as events.
async fn relay(mut pauses: UnboundedReceiver<Pause>, events: Events<'_>) -> Infallible {
    while let Some(Pause { wait, reason }) = pauses.recv().await {
        events(Event::Paced { wait, reason });
    }
    pending().await
}

/// Calls `stopping` at the first signal, and resolves at the second request to stop, which means that the user wants to
/// exit now.
async fn stopped_twice(signals: &mut Signals, stopping: impl FnOnce()) {
    signals.next().await;
    stopping();
    // A closing terminal may send several signals, which mean no more than the first one.
    while signals.next().await == SignalRequest::HangUp {}
}

/// Exits while requests are in flight. Their intents are already in the journal.
fn leave(summary: &Summary, elapsed: Duration, console: &Console) -> ! {
    tell(summary, elapsed, console);
    if console.json {
        console.failure(&unfinished(Exit::Interrupted, summary));
    } else {
        console.say("Exited. The journal holds the requests in flight; the next sindri command resolves them.");
    }
    console.exit_now(Exit::Interrupted)
}

/// Maximum number of pods to show in full after `apply`; `deploy` shows all.
const FEW: usize = 2;

/// The apply is already complete, so neither a failed list nor an interrupt changes its exit code.
async fn tell_how_to_connect(session: &Session, console: &Console, finished: &mut FinishedRun, all: bool) {
    // Once signals have been caught, the default handlers are not restored, so wait for signals here.
    let mut signals = Signals::listen();
    tokio::select! {
        biased;
        _ = signals.next() => {
            console.say("Note: interrupted before the addresses were listed. The apply itself is complete.");
        }
        listed = how_to_connect(session, console, finished, all) => if let Err(error) = listed {
            console.say(&format!(
                "Note: the apply is complete, but the addresses could not be listed: {}. `sindri output` lists them.",
                error.report
            ));
        },
    }
}

/// Proxy URLs, ssh commands and web terminals of running pods, from the last lists of the apply if they show them.
async fn how_to_connect(
    session: &Session,
    console: &Console,
    finished: &mut FinishedRun,
    all: bool,
) -> Result<(), Failure> {
    if console.json {
        return Ok(());
    }
    let FinishedRun { state, last_lists, .. } = finished;
    for kind in kind::listed_on(session.config.dialect).filter(|kind| kind.has_container) {
        if !last_lists.shows(kind) {
            last_lists.add(kind.name, session.client.list(kind).await?.into_iter().collect());
        }
    }
    let observed = last_lists.objects();
    let mut text = String::new();
    let pods = state.resources.iter().filter_map(|(address, record)| {
        let object = observed.get(&record.kind, &record.id)?;
        let can_be_reached = kind::runs_container(object) || !object.computed.urls.is_empty();
        (object.ready && can_be_reached).then_some((address, object))
    });
    let mut ready = 0;
    for (address, object) in pods {
        ready += 1;
        if all || ready <= FEW {
            let _ = status::connect(&mut text, address, object, &console.style());
        }
    }
    if ready > FEW && !all {
        text.push_str(&format!("... and {} more: `sindri output` shows how to reach them all.\n", ready - FEW));
    }
    if !text.is_empty() {
        console.result(&format!("\n{text}"));
    }
    Ok(())
}
