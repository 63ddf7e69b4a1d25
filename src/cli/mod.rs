//! Maps arguments to one call into the modules above, and its result to an exit code.
//!
//! This is the only module that prints, prompts, reads the process environment and exits. Results go to stdout,
//! progress to stderr.

mod address;
mod annotations;
mod approval;
mod args;
mod commands;
mod completion;
mod console;
mod consent;
pub(crate) mod exit;
mod output;
mod pauses;
pub(crate) mod saved;
mod session;
mod signals;
mod suggest;
mod unreachable;
mod until_exit;
mod variables;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Command};
use console::Console;
use exit::{Exit, Failure};
use output::Output;
use signals::Signals;

pub use exit::FailureCode;
pub use output::{Stream, note_closed};

/// Parses the arguments of this process, runs the command, prints errors, and returns the exit code.
pub fn main() -> ExitCode {
    let output = Arc::new(Output::start());
    if let Some(candidates) = completion::answer() {
        output.write(Stream::Out, &candidates);
        let console = Console::before_arguments(false, output);
        console.flush();
        return Exit::Success.into();
    }
    let parsed = variables::without_empty(Arguments::command()).try_get_matches();
    let arguments = match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(mut error) => {
            suggest::command(&mut error, std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()));
            return no_command(&error, output).into();
        }
    };
    let console = Console::new(&arguments.global, output);
    let ended = match too_many_environments(&arguments) {
        Some(failure) => Err(failure),
        None => guarded(|| run(&arguments, &console)),
    };
    let exit = console.exit_of(ended);
    console.settle(exit, arguments.command.changes_something(), &console.flush()).into()
}

/// Prints the requested help, or the error in the arguments.
fn no_command(error: &clap::Error, output: Arc<Output>) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let json = std::env::args_os().any(|argument| argument == "--json");
    let console = Console::before_arguments(json && !asked, output);
    if json && !asked {
        console.failure(&usage(error));
    } else {
        console.arguments(error);
    }
    console.settle(if asked { Exit::Success } else { Exit::Usage }, false, &console.flush())
}

/// An error in the arguments, as an ordinary failure.
fn usage(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let (message, help) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let message = message.strip_prefix("error: ").unwrap_or(message);
    Failure::message(Exit::Usage, FailureCode::Usage, message, Some(help.to_owned()).filter(|help| !help.is_empty()))
}

/// Only `diff` accepts several `-e`. For other commands it would be unclear which one is meant.
fn too_many_environments(arguments: &Arguments) -> Option<Failure> {
    let environments = &arguments.global.environments;
    let compares = matches!(arguments.command, Command::Diff(_));
    // If `-e` appears both before and after the command, clap silently keeps only the latter.
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let written = words.take_while(|word| word != "--").filter(|word| names_environment(word)).count();
    let message = if written > environments.len() {
        format!("`-e` is given {written} times, before and after the command")
    } else if environments.len() > 1 && !compares {
        let names = environments.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        format!("a command takes one environment, not {names}")
    } else {
        return None;
    };
    let help = "give `-e` once; to compare two environments, use `sindri diff -e ONE -e OTHER`".to_owned();
    Some(Failure::message(Exit::Usage, FailureCode::Usage, message, Some(help)))
}

/// Matches `-e`, `-eprod`, `--env` and `--env=prod`. Values of other options never begin with a dash.
fn names_environment(word: &str) -> bool {
    word == "--env" || word.starts_with("--env=") || (word.starts_with("-e") && !word.starts_with("--"))
}

/// Turns a panic, which is a bug in sindri, into an ordinary failure. Its message is not printed, because it may
/// contain a secret. The source position is enough for a report.
fn guarded(run: impl FnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    let place = Arc::new(Mutex::new(String::new()));
    let noted = Arc::clone(&place);
    std::panic::set_hook(Box::new(move |panic| {
        if let (Some(location), Ok(mut place)) = (panic.location(), noted.lock()) {
            *place = format!(" at {}:{}", location.file(), location.line());
        }
    }));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let place = place.lock().map(|place| place.clone()).unwrap_or_default();
        Err(Failure::message(
            Exit::Error,
            FailureCode::Bug,
            format!("sindri stopped because of an internal error{place}"),
            Some(
                "requests in flight are in the journal next to the state file, and the next sindri command settles \
                 them. Please report the location above and the command"
                    .to_owned(),
            ),
        ))
    })
}

fn run(arguments: &Arguments, console: &Console) -> Result<Exit, Failure> {
    let global = &arguments.global;
    // With `--sandbox`, time is simulated: tokio's clock is paused and jumps to the next timer, so that waits take no
    // time.
    let simulated = global.sandbox && !matches!(arguments.command, Command::Emulator(_));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(simulated).build().map_err(
            |error| Failure::message(Exit::Error, FailureCode::Runtime, format!("cannot start: {error}"), None),
        )?;
    runtime.block_on(async {
        let exit = console.exit_of(commands::run(&arguments.command, global, console).await);
        // A reader that stalls must not keep signals from ending the process.
        tokio::select! {
            biased;
            () = console.written() => Ok(exit),
            _ = async { Signals::listen().next().await } => console.exit_now(Exit::Interrupted),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_with_its_position_but_without_its_message() {
        let failure = guarded(|| panic!("canary-of-a-secret")).expect_err("a failure");
        let said = format!("{} {:?}", failure.report, failure.report.help().map(|help| help.to_string()));
        // Restores the default hook for the other tests of this process.
        let _ = std::panic::take_hook();
        assert_eq!(failure.exit, Exit::Error);
        assert!(said.contains("src/cli/mod.rs:") && said.contains("journal") && !said.contains("canary"), "{said}");
    }
}
