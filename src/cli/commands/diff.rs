//! `sindri diff`: compares what two environments of one configuration declare. Sends no requests to RunPod.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::cli::args::{DiffArgs, Global};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::{Secrets, load_options, variable};
use crate::config::{self, Config, LoadOptions, ProblemCode, Problems};
use crate::model::{Money, Value};
use crate::planner::review::compare::{ComparedEnvironment, ComparisonRow, compare, differing};
use crate::render::comparison;

pub fn run(args: &DiffArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    // The environments may be arguments or options. `SINDRI_ENV` alone names only one, but two are needed.
    let named: Vec<&String> = match (&args.left, &args.right) {
        (Some(left), Some(right)) => vec![left, right],
        _ => global.environments.iter().collect(),
    };
    let [left, right] = named[..] else {
        let message = format!("`sindri diff` compares two environments, but {} given", count(named.len()));
        let help = "`sindri diff staging prod`, or `sindri diff -e staging -e prod`".to_owned();
        return Err(Failure::message(Exit::Usage, FailureCode::Usage, message, Some(help)));
    };
    let (ours, our_gaps) = load(left, global)?;
    let (theirs, their_gaps) = load(right, global)?;
    for (environment, gaps) in [(left, our_gaps), (right, their_gaps)].into_iter().filter(|(_, gaps)| !gaps.is_empty())
    {
        let names = gaps.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        console.say(&format!("Note: {names} not set. Compared as written in `{environment}`."));
    }
    let (project, found) = (project(&ours, &theirs), compare(side(&ours), side(&theirs)));
    let names = [left.as_str(), right.as_str()];
    if console.json {
        console.json(&comparison::json(&found, &project, names));
    } else {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = comparison::text(&mut text, &found, &project, names, &console.style());
        console.result(&text);
    }
    Ok(if comparison::is_same(&found, &project) { Exit::Success } else { Exit::Changes })
}

fn side(config: &Config) -> ComparedEnvironment<'_> {
    ComparedEnvironment { environment: &config.environment, resources: &config.resources }
}

fn count(named: usize) -> String {
    match named {
        0 => "none is".to_owned(),
        1 => "one is".to_owned(),
        more => format!("{more} are"),
    }
}

/// Settings that belong to no resource.
fn project(left: &Config, right: &Config) -> Vec<ComparisonRow> {
    let money = |limit: Option<Money>| limit.map_or(Value::Null, |limit| Value::text(limit.to_string()));
    let pods = |limit: Option<u32>| limit.map_or(Value::Null, |limit| Value::Int(limit.into()));
    let text = |text: &dyn ToString| Value::text(text.to_string());
    differing([
        ("name", text(&left.name), text(&right.name)),
        ("apiVersion", text(&left.dialect), text(&right.dialect)),
        ("budget.maxHourly", money(left.budget.max_hourly), money(right.budget.max_hourly)),
        ("budget.maxPods", pods(left.budget.max_pods), pods(right.budget.max_pods)),
    ])
}

/// The configuration of one environment, with the names of variables that are not set here. Their values are unknown,
/// which does not prevent comparing the rest: each such variable keeps its name as its value.
fn load(environment: &str, global: &Global) -> Result<(Config, BTreeSet<String>), Failure> {
    let options = load_options(global, Secrets::NotNeeded)?;
    let options = LoadOptions { environment: Some(environment.to_owned()), ..options };
    let asked = RefCell::new(BTreeSet::new());
    let noted = |name: &str| {
        let value = variable(name);
        if value.is_none() {
            asked.borrow_mut().insert(name.to_owned());
        }
        value
    };
    let problems = match config::load(&LoadOptions { variables: &noted, ..options.clone() }) {
        Ok(config) => return Ok((config, BTreeSet::new())),
        Err(problems) => problems,
    };
    let missing: BTreeSet<String> = asked.take().into_iter().filter(|name| is_missed(&problems, name)).collect();
    let standing = |name: &str| variable(name).or_else(|| missing.contains(name).then(|| format!("${{{name}}}")));
    match config::load(&LoadOptions { variables: &standing, ..options.clone() }) {
        Ok(config) => Ok((config, missing)),
        Err(_) => Err(problems.into()),
    }
}

/// Whether a required variable has neither a value nor a default.
fn is_missed(problems: &Problems, name: &str) -> bool {
    let quoted = format!("`{name}`");
    problems.iter().any(|problem| problem.code == ProblemCode::UndefinedVariable && problem.message.contains(&quoted))
}
