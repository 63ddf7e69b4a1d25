//! `sindri stop` and `sindri start`.

use serde_json::json;

use super::apply::carry_out;
use crate::cli::address::{AddressWord, KnownAddresses};
use crate::cli::args::{Global, PowerArgs};
use crate::cli::consent;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::Session;
use crate::model::{Action, Address, Plan, Power, State};
use crate::planner::decide::power::power_plan;
use crate::render::words::quoted_few;

pub async fn run(args: &PowerArgs, wanted: Power, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let command = if wanted == Power::Stopped { "stop" } else { "start" };
    let session = Session::open_state(global, console)?;
    let store = session.lock(command, args.lock_timeout)?;
    let observed = session.recover(&store, console).await?;
    let prior = store.snapshot().state;
    let pods = select(&args.pods, args.all, &prior, command)?;
    let plan = power_plan(&session.plan_input(&prior, &observed, Default::default()), &pods, wanted);
    consent::refusals(&plan)?;
    if plan.is_empty() {
        let state = if wanted == Power::Stopped { "stopped" } else { "running" };
        session.close()?;
        console.either(
            &format!("Nothing to do: {} already {state}.\n", names(&pods)),
            &json!({ "format_version": "1.0", "changed": false, "power": state, "pods": pods }),
        );
        return Ok(Exit::Success);
    }
    let (exit, _) = carry_out(&session, console, &store, &plan, &observed, 10, command).await?;
    if exit == Exit::Success && plan.changes_anything() && !console.json {
        console.wrapped(&aftermath(&plan, wanted));
    }
    session.close()?;
    Ok(exit)
}

/// The recorded pods in the arguments; the only pod without arguments.
pub fn select(words: &[AddressWord], all: bool, state: &State, command: &str) -> Result<Vec<Address>, Failure> {
    let pods = recorded(state)?;
    if all {
        return Ok(pods.into_iter().cloned().collect());
    }
    if words.is_empty() {
        return Ok(vec![only(&pods, command)?]);
    }
    Ok(KnownAddresses::recorded(state, pods).all(words)?.into_iter().collect())
}

/// The recorded pod in the argument; the only pod without one.
pub fn select_one(word: Option<&AddressWord>, state: &State, command: &str) -> Result<Address, Failure> {
    let pods = recorded(state)?;
    match word {
        Some(word) => KnownAddresses::recorded(state, pods).one(word).cloned(),
        None => only(&pods, command),
    }
}

fn recorded(state: &State) -> Result<Vec<&Address>, Failure> {
    let with_power = state.resources.iter().filter(|(_, record)| record.power.is_some());
    let pods: Vec<&Address> = with_power.map(|(address, _)| address).collect();
    if pods.is_empty() {
        let message = format!("no pods are recorded in environment `{}`", state.environment);
        let help = Some("`sindri apply` creates them".into());
        return Err(Failure::message(Exit::Error, FailureCode::NotFound, message, help));
    }
    Ok(pods)
}

fn only(pods: &[&Address], command: &str) -> Result<Address, Failure> {
    // A deposed pod that is about to be destroyed is chosen only if there is no other.
    let whole: Vec<&Address> = pods.iter().filter(|pod| pod.member.is_none()).copied().collect();
    match (pods, whole.as_slice()) {
        ([only], _) | (_, [only]) => Ok((*only).clone()),
        _ => {
            let message = format!("there are {} pods", pods.len());
            let help = format!("choose one: `sindri {command} {}`; there are {}", pods[0], quoted_few(pods.to_vec()));
            Err(Failure::message(Exit::Usage, FailureCode::Ambiguous, message, Some(help)))
        }
    }
}

fn names(pods: &[Address]) -> String {
    let listed = pods.iter().map(|pod| format!("`{pod}`")).collect::<Vec<_>>().join(", ");
    format!("{listed} {}", if pods.len() == 1 { "is" } else { "are" })
}

/// Says what a stop kept and lost, and what is still billed.
fn aftermath(plan: &Plan, wanted: Power) -> String {
    let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    let after = plan.cost.hourly_after;
    if wanted == Power::Running {
        return format!(
            "Running costs {} (estimate). Public ports and addresses may have changed; see `sindri output`.\n",
            after.together()
        );
    }
    let lost: i64 = changed.flat_map(|change| &change.losses).filter_map(|loss| loss.size_gb).sum();
    let kept = if !after.is_billed() {
        "They have no pod volumes, so they cost nothing while stopped. Network volumes are still billed.".to_owned()
    } else {
        format!("Pod volumes are kept and cost {} while stopped.", after.hour_and_month())
    };
    format!(
        "{kept} {lost} GB of container disk were wiped. `sindri start` restarts the pods if their machines still \
         have free GPUs.\n"
    )
}
