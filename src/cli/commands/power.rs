//! `sindri stop` and `sindri start`.

use serde_json::json;

use super::apply::carry_out;
use crate::cli::args::{Global, PowerArgs, pod_address};
use crate::cli::consent;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::model::{Action, Address, Plan, Power, State};
use crate::planner::decide::power::power_plan;
use crate::render::words::few;

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
        console.sentences(&aftermath(&plan, wanted));
    }
    session.close()?;
    Ok(exit)
}

/// The recorded pods in `words`, or the only pod if there are no words.
pub fn select(words: &[String], all: bool, state: &State, command: &str) -> Result<Vec<Address>, Failure> {
    let pods: Vec<&Address> =
        state.resources.iter().filter(|(_, record)| record.power.is_some()).map(|(address, _)| address).collect();
    let known = || few(pods.clone());
    if pods.is_empty() {
        return Err(Failure::message(
            Exit::Error,
            "not_found",
            format!("no pods are recorded in environment `{}`", state.environment),
            Some("`sindri apply` creates them".into()),
        ));
    }
    if all {
        return Ok(pods.into_iter().cloned().collect());
    }
    if words.is_empty() {
        return match pods.as_slice() {
            [pod] => Ok(vec![(*pod).clone()]),
            // A deposed pod that waits to be deleted is never selected by default.
            pods if pods.iter().filter(|pod| pod.member.is_none()).count() == 1 => {
                Ok(pods.iter().filter(|pod| pod.member.is_none()).map(|pod| (*pod).clone()).collect())
            }
            _ => Err(Failure::message(
                Exit::Usage,
                "ambiguous",
                format!("there are {} pods", pods.len()),
                Some(format!("name one: `sindri {command} {}`; there are {}", pods[0], known())),
            )),
        };
    }
    let mut chosen = Vec::new();
    for word in words {
        let address = pod_address(word);
        // A name without a number selects all its replicas.
        let exact = pods.iter().find(|pod| Some(**pod) == address.as_ref());
        let replica = |pod: &&&Address| {
            address.as_ref().is_some_and(|address| {
                address.index.is_none() && pod.member.is_none() && address.kind == pod.kind && address.name == pod.name
            })
        };
        let matches: Vec<Address> = match exact {
            Some(pod) => vec![(*pod).clone()],
            None => pods.iter().filter(replica).map(|pod| (*pod).clone()).collect(),
        };
        if matches.is_empty() {
            return Err(Failure::message(
                Exit::Error,
                "not_found",
                format!("no pod `{word}` is recorded in environment `{}`", state.environment),
                Some(format!("there are {}", known())),
            ));
        }
        chosen.extend(matches);
    }
    chosen.sort();
    chosen.dedup();
    Ok(chosen)
}

fn names(pods: &[Address]) -> String {
    let listed = pods.iter().map(|pod| format!("`{pod}`")).collect::<Vec<_>>().join(", ");
    format!("{listed} {}", if pods.len() == 1 { "is" } else { "are" })
}

/// What a stop kept and lost, and what is still billed.
fn aftermath(plan: &Plan, wanted: Power) -> String {
    let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    let after = plan.cost.hourly_after;
    if wanted == Power::Running {
        return format!(
            "Running costs {} (estimate). Public ports and addresses may have moved: `sindri output`.\n",
            after.together()
        );
    }
    let lost: i64 = changed.flat_map(|change| &change.losses).filter_map(|loss| loss.size_gb).sum();
    let kept = if !after.is_billed() {
        "There is no pod volume to keep, so that they cost nothing while stopped; network volumes bill as before."
            .to_owned()
    } else {
        format!("Pod volumes are kept and cost {} while stopped.", after.hour_and_month())
    };
    format!(
        "{kept} {lost} GB of container disk were wiped. `sindri start` brings the pods back if their machines still have \
         free GPUs.\n"
    )
}
