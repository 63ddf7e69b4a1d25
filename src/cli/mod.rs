//! Arguments become one call into the modules above, and its result an exit code.
//!
//! The only module that prints, prompts, reads the process environment and exits. stdout carries results, stderr progress.

mod args;
mod commands;
mod console;
mod consent;
mod exit;
mod session;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Arguments, Command};
use console::Console;
use exit::{Exit, Failure};

/// Parses the arguments of this process, runs the command, prints what went wrong, and returns the exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if !asked && std::env::args_os().any(|argument| argument == "--json") {
                console::print_json(&usage(&error));
            } else {
                // A closed pipe while printing help is nobody's problem.
                let _ = error.print();
            }
            return if asked { Exit::Success } else { Exit::Usage }.into();
        }
    };
    let console = Console::new(&arguments.global);
    match run(&arguments, &console) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            console.failure(&failure);
            failure.exit.into()
        }
    }
}

/// Arguments that were not understood, as a failure like any other.
fn usage(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let (message, help) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let message = message.strip_prefix("error: ").unwrap_or(message);
    Failure::message(Exit::Usage, "usage", message, Some(help.to_owned()).filter(|help| !help.is_empty()))
}

fn run(arguments: &Arguments, console: &Console) -> Result<Exit, Failure> {
    let global = &arguments.global;
    // Under `--sandbox` time is simulated: tokio's clock is paused and jumps to the next timer, so that waits cost nothing.
    let simulated = global.sandbox && !matches!(arguments.command, Command::Emulator(_));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(simulated)
        .build()
        .map_err(|error| Failure::message(Exit::Error, "runtime", format!("cannot start: {error}"), None))?;
    runtime.block_on(commands::run(&arguments.command, global, console))
}
