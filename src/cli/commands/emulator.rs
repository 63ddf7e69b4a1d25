//! `sindri emulator serve`: an emulated RunPod for any client on this machine.

use tokio::net::TcpListener;

use crate::cli::args::{EmulatorCommand, Global, ServeArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::emulator::{self, EmulatorOptions};

pub async fn run(command: &EmulatorCommand, _global: &Global, console: &Console) -> Result<Exit, Failure> {
    let EmulatorCommand::Serve(args) = command;
    serve(args, console).await
}

async fn serve(args: &ServeArgs, console: &Console) -> Result<Exit, Failure> {
    let options = EmulatorOptions {
        world: args.world.clone(),
        faults: args.faults.clone(),
        seed: args.seed,
        fidelity: args.fidelity,
        pace: args.pace,
        quota: args.quota,
        v1_retired: args.v1_retired,
        not_before: Some(jiff::Timestamp::now()),
        now: None,
    };
    let (emulator, _) = options.open()?;
    let cannot = |error: std::io::Error| {
        Failure::message(
            Exit::Error,
            FailureCode::CannotListen,
            format!("cannot listen on 127.0.0.1:{}: {error}", args.port),
            Some("another process may use the port; `--port 0` picks a free one".into()),
        )
    };
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    console.result(&format!("listening on http://{address}\n"));
    // Without that line the port is unknown. The caller reports the lost output as an error.
    if console.flush().iter().any(|loss| !loss.is_closed_pipe()) {
        return Ok(Exit::Success);
    }
    emulator::serve(listener, emulator).await?;
    Ok(Exit::Success)
}
