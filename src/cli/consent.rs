//! Decides whether a plan may be applied: its refusals, and the consent that it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::args::ChangeFlags;
use super::console::Console;
use super::exit::{Exit, Failure, FailureCode};
use crate::kind::loss;
use crate::model::{Address, Change, Plan, Refusal, RefusalCode};
use crate::planner::decide::feasible;

/// Refuses, before any request is sent, if there is no approval and no way to ask for it.
pub fn can_be_given(change: &ChangeFlags, console: &Console, command: &str) -> Result<(), Failure> {
    if change.auto_approve || console.can_ask() {
        return Ok(());
    }
    Err(Failure::refused(
        FailureCode::NoTerminal,
        format!("`sindri {command}` asks before it changes anything, but there is no terminal"),
        "pass the reviewed plan (`--expect PLAN-ID`, or the file of `plan --out`), or `--auto-approve` to apply \
         without asking (losing data also needs `--allow-data-loss`); nothing was requested",
    ))
}

/// Fails if a request of the plan has to send a value that is not set.
pub fn missing_values(plan: &Plan) -> Result<(), Failure> {
    let missing = feasible::missing_values(plan);
    if missing.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = missing
        .iter()
        .take(MOST_REASONS)
        .map(|(address, attribute, position)| {
            let place = position.map(|position| format!("{position}: ")).unwrap_or_default();
            format!("{place}`{address}` needs its {attribute}, which is not set")
        })
        .collect();
    lines.extend((missing.len() > MOST_REASONS).then(|| format!("... and {} more", missing.len() - MOST_REASONS)));
    Err(Failure::message(
        Exit::Error,
        FailureCode::MissingValues,
        lines.join("\n"),
        Some(
            "set it in the environment, in `.env.local` next to the configuration, or in its file, and run this \
             again; nothing was changed"
                .into(),
        ),
    ))
}

/// The first of the plan's refusals, as a failure that names all of them.
pub fn refusals(plan: &Plan) -> Result<(), Failure> {
    let subjects: BTreeSet<Option<&Address>> = plan.all_refusals().map(|(address, _)| address).collect();
    let all: Vec<&Refusal> = plan.all_refusals().map(|(_, refusal)| refusal).collect();
    let ends = all.iter().map(|refusal| end_of(refusal));
    let Some((exit, code)) = ends.min_by_key(|(exit, _)| exit.code()) else { return Ok(()) };
    let named = &all[..all.len().min(MOST_REASONS)];
    let mut lines: Vec<String> = named
        .iter()
        .map(|refusal| match &refusal.position {
            Some(position) => format!("{position}: {}", refusal.message),
            None => refusal.message.clone(),
        })
        .collect();
    lines.extend((all.len() > named.len()).then(|| format!("... and {} more", all.len() - named.len())));
    let mut seen = BTreeSet::new();
    let help = named.iter().map(|refusal| refusal.help.as_str()).filter(|help| seen.insert(*help));
    let help: Vec<&str> = help.collect();
    let message = match lines.as_slice() {
        [line] => line.clone(),
        lines => format!("this plan cannot be applied for {} reasons:\n{}", all.len(), lines.join("\n")),
    };
    let mut failure = Failure::message(exit, code, message, Some(format!("{}; nothing was changed", help.join("; "))));
    let part = |refusal: &&Refusal| (refusal.position.clone(), format!("{}\nhelp: {}", refusal.message, refusal.help));
    failure.parts = all.iter().map(part).collect();
    Err(about_one(failure, plan, subjects.into_iter().collect()))
}

/// Adds the resource to a failure if everything is about the same one.
fn about_one(failure: Failure, plan: &Plan, subjects: Vec<Option<&Address>>) -> Failure {
    let [Some(address)] = subjects[..] else { return failure };
    let change = plan.changes.iter().find(|change| change.address == *address);
    failure.about(address, change.and_then(|change| change.id.as_deref()))
}

/// The exit code and the code of the failure for each code of a refusal.
fn end_of(refusal: &Refusal) -> (Exit, FailureCode) {
    match refusal.code {
        RefusalCode::Ambiguous => (Exit::Refused, FailureCode::Ambiguous),
        RefusalCode::Budget => (Exit::Policy, FailureCode::BudgetExceeded),
        RefusalCode::ImpossibleChange => (Exit::Error, FailureCode::ImpossibleChange),
        RefusalCode::ImpossibleCreate => (Exit::Refused, FailureCode::ImpossibleCreate),
        RefusalCode::Locked => (Exit::Refused, FailureCode::PodLocked),
        RefusalCode::MoveBlocked => (Exit::Refused, FailureCode::MoveBlocked),
        RefusalCode::NotFound => (Exit::Error, FailureCode::NotFound),
        RefusalCode::PreventDestroy => (Exit::Refused, FailureCode::PreventDestroy),
        RefusalCode::Protected => (Exit::Refused, FailureCode::Protected),
    }
}

/// The plan that the user or the flags approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The plan as shown.
    Plan,
    /// The same plan with updates in place, which must be planned and shown first.
    InPlace,
}

/// Asks for consent, or checks that flags gave it. An error means that nothing was changed.
pub fn obtain(
    plan: &Plan,
    change: &ChangeFlags,
    adopt: bool,
    console: &Console,
    verb: &str,
) -> Result<Consent, Failure> {
    if change.auto_approve {
        flags_suffice(plan, change, adopt)?;
        return Ok(Consent::Plan);
    }
    let (losses, renames, in_place) = (losses(plan), renames(plan), in_place(plan));
    let mut question = String::new();
    if !renames.is_empty() {
        question.push_str(&format!(
            "This replaces resources that appear to be renamed: {renames}. The `moved` entries above keep them \
             instead.\n",
        ));
    }
    if !losses.is_empty() {
        question.push_str(&format!("This permanently destroys data: {losses}.\n"));
    }
    let others = other_losses(plan);
    if !others.is_empty() {
        question.push_str(&format!("This permanently loses the {others}.\n"));
    }
    let mut accepted = "Only `yes` is accepted";
    if !in_place.is_empty() {
        question.push_str(&format!(
            "`in-place` plans updates in place instead: {in_place} would restart and keep its data.\n" //
        ));
        accepted = "`yes`, `in-place`, or no";
    }
    question.push_str(&format!("{verb} environment `{}`? {accepted}: ", plan.environment));
    match console.ask(&question).as_str() {
        "yes" => Ok(Consent::Plan),
        "in-place" if !in_place.is_empty() => Ok(Consent::InPlace),
        _ => Err(Failure::refused(FailureCode::NotApproved, "not approved", "nothing was changed")),
    }
}

/// Whether `--auto-approve` and the other flags cover everything that the plan does.
fn flags_suffice(plan: &Plan, change: &ChangeFlags, adopt: bool) -> Result<(), Failure> {
    let (losses, renames, in_place) = (losses(plan), renames(plan), in_place(plan));
    if !renames.is_empty() {
        return Err(Failure::refused(
            FailureCode::RenameNeedsDecision,
            format!("this plan replaces resources that appear to be renamed: {renames}"),
            "add the `moved` entries that the plan shows to keep them, or pass `--no-renames` to replace them; \
             nothing was changed",
        ));
    }
    if plan.adopts_unmanaged() && !adopt {
        return Err(Failure::refused(
            FailureCode::AdoptionNeedsConsent,
            "there are unmanaged objects at RunPod that match this configuration",
            "review the plan, then pass `--adopt` to adopt them, or `--ignore-existing` to create new ones; nothing \
             was changed",
        ));
    }
    let others = other_losses(plan);
    if (losses.is_empty() && others.is_empty()) || change.allow_data_loss {
        return Ok(());
    }
    let keep = match in_place.as_str() {
        "" => String::new(),
        _ => format!("pass `--updates in-place` to keep the data of {in_place}, or "),
    };
    let lost = if losses.is_empty() { "that may be lost" } else { "the data may be destroyed" };
    let help = format!("{keep}pass `--allow-data-loss` with `--auto-approve` if {lost}; nothing was changed");
    let message = match (losses.as_str(), others.as_str()) {
        ("", others) => format!("this plan loses the {others}"),
        (losses, "") => format!("this plan destroys data: {losses}"),
        (losses, others) => format!("this plan destroys data: {losses}; it also loses the {others}"),
    };
    let failure = Failure::refused(FailureCode::DataLossNeedsConsent, message, help);
    let subjects: BTreeSet<_> = plan.precious_losses().map(|(address, _)| Some(address)).collect();
    Err(about_one(failure, plan, subjects.into_iter().collect()))
}

/// The precious data that the plan destroys, in words; empty if there is none.
fn losses(plan: &Plan) -> String {
    let named = few(plan.data_losses().map(|(address, loss)| format!("{} of `{address}`", loss::in_sentence(loss))));
    // The names show all of the data only if none is left out.
    let is_cut = plan.data_losses().count() > FEW + 1 && plan.cost.data_at_risk_gb > 0;
    if is_cut { format!("{named} ({} GB in total)", plan.cost.data_at_risk_gb) } else { named }
}

/// Addresses and jobs that the plan ends, in words: `address and the queued and running jobs of `endpoint.sd``; empty
/// if there are none.
fn other_losses(plan: &Plan) -> String {
    let mut by_address: BTreeMap<&Address, Vec<&str>> = BTreeMap::new();
    for (address, loss) in plan.other_losses() {
        by_address.entry(address).or_default().push(&loss.what);
    }
    few(by_address.iter().map(|(address, losses)| format!("{} of `{address}`", losses.join(" and the "))))
}

/// The resources whose data an update in place would keep, in words; empty if there are none.
fn in_place(plan: &Plan) -> String {
    let keeps = |change: &&Change| {
        change.in_place_alternative.is_some() && change.losses.iter().any(|loss| loss.precious) //
    };
    few(plan.changes.iter().filter(keeps).map(|change| format!("`{}`", change.address)))
}

/// Resources that look renamed and would be destroyed and recreated, in words; empty if there are none.
fn renames(plan: &Plan) -> String {
    few(plan.undecided_renames().map(|rename| format!("`{}` to `{}`", rename.from, rename.to)))
}

/// Maximum number of reasons to list in an error; `sindri plan --full` lists all.
const MOST_REASONS: usize = 20;

/// Maximum number of items to name in a sentence; `sindri plan --full` shows all.
const FEW: usize = 4;

fn few(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    if items.len() > FEW + 1 {
        let more = items.len() - FEW;
        items.truncate(FEW);
        items.push(format!("{more} others"));
    }
    items.join(", ")
}
