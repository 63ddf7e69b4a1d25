//! One file per command, or per family of related commands.

mod apply;
mod catalog;
mod connect;
mod diff;
mod drift;
mod emulator;
mod graph;
mod import;
mod init;
mod output;
mod plan;
mod power;
mod refresh;
mod schema;
mod show;
mod state;
mod status;
mod unlock;
mod validate;
mod wait;

use super::args::{Command, Global};
use super::completion;
use super::console::Console;
use super::exit::{Exit, Failure};

/// Runs one command.
pub async fn run(command: &Command, global: &Global, console: &Console) -> Result<Exit, Failure> {
    match command {
        Command::Validate => validate::run(global, console),
        Command::Diff(args) => diff::run(args, global, console),
        Command::Plan(args) => plan::run(args, global, console).await,
        Command::Show(args) => show::run(args, console),
        Command::Apply(args) => apply::apply(args, global, console, "apply").await,
        Command::Deploy(args) => apply::apply(args, global, console, "deploy").await,
        Command::Destroy(args) => apply::destroy(args, global, console).await,
        Command::Status(args) => status::run(args, global, console).await,
        Command::Init(args) => init::run(args, global, console),
        Command::Import(args) => import::run(args, global, console).await,
        Command::State(command) => state::run(command, global, console).await,
        Command::Unlock => unlock::run(global, console),
        Command::Connect(args) => connect::run(args, global, console).await,
        Command::Stop(args) => power::run(args, crate::model::Power::Stopped, global, console).await,
        Command::Start(args) => power::run(args, crate::model::Power::Running, global, console).await,
        Command::Wait(args) => wait::run(args, global, console).await,
        Command::Drift(args) => drift::run(args, global, console).await,
        Command::Refresh(args) => refresh::run(args, global, console).await,
        Command::Output(args) => output::run(args, global, console).await,
        Command::Graph(args) => graph::run(args, global, console).await,
        Command::Schema(args) => Ok(schema::run(args, console)),
        Command::Catalog(args) => Ok(catalog::run(args, console)),
        Command::Emulator(command) => emulator::run(command, global, console).await,
        Command::Completions { shell } => {
            console.result(&completion::script(*shell));
            Ok(Exit::Success)
        }
    }
}
