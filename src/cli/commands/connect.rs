//! `sindri connect`: runs ssh for a pod, directly if the pod has a public port, otherwise through RunPod's proxy.

use std::process::Command;

use super::power::select_one;
use crate::cli::args::{ConnectArgs, Global};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::Session;
use crate::model::{Address, Object, SshTarget, Status};
use crate::render::words;
use crate::resource::inventory::live_object;

pub async fn run(args: &ConnectArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let session = Session::open_state(global, console)?;
    let (state, observed) = session.refresh(console).await?;
    session.close()?;
    let pod = &select_one(args.pod.as_ref(), &state, "connect")?;
    let record = &state.resources[pod];
    let Some(object) = live_object(&observed, record) else {
        return Err(Failure::message(
            Exit::Error,
            FailureCode::NotFound,
            format!("`{pod}` ({}) is recorded, but RunPod no longer lists it", record.id),
            Some("`sindri plan` shows its status".into()),
        )
        .about(pod, Some(&record.id)));
    };
    let (target, direct) = target(pod, object)?;
    if !direct && !args.command.is_empty() {
        return Err(Failure::message(
            Exit::Error,
            FailureCode::NoDirectSsh,
            format!("`{pod}` is reachable only through RunPod's proxy, which opens a terminal but runs no commands"),
            Some("expose `22/tcp` on a machine with a public address (SECURE machines have one)".into()),
        ));
    }
    let argv = argv(target, &args.command);
    if console.json {
        console.json(&serde_json::json!({
            "format_version": "1.0",
            "address": pod.to_string(),
            "id": object.id,
            "method": if direct { "direct" } else { "proxy" },
            "host": target.host,
            "port": target.port,
            "username": target.username,
            "command": argv,
        }));
        return Ok(Exit::Success);
    }
    if args.print {
        console.result(&format!("{}\n", argv.iter().map(|word| words::shell(word)).collect::<Vec<_>>().join(" ")));
        return Ok(Exit::Success);
    }
    if global.sandbox {
        return Err(Failure::message(
            Exit::Error,
            FailureCode::Sandbox,
            "sandbox pods have no ssh server",
            Some("`sindri connect --print` shows the command that would run".into()),
        ));
    }
    console.say(&format!(
        "Connecting to `{pod}` ({}): {}",
        if direct { "direct" } else { "through RunPod's proxy" },
        argv.join(" ")
    ));
    ssh(&argv, console)
}

/// The ssh target, and whether it is the pod itself.
fn target<'o>(pod: &Address, object: &'o Object) -> Result<(&'o SshTarget, bool), Failure> {
    let computed = &object.computed;
    if object.status == Some(Status::Stopped) {
        return Err(Failure::message(
            Exit::Error,
            FailureCode::Stopped,
            format!("`{pod}` ({}) is stopped", object.id),
            Some(format!("`sindri start {pod}` starts it")),
        ));
    }
    if object.status == Some(Status::Creating) {
        return Err(Failure::message(
            Exit::Error,
            FailureCode::NotReady,
            format!("`{pod}` ({}) is not ready yet; its status is {}", object.id, Status::Creating),
            Some(format!("`sindri wait {pod}` waits until it is ready")),
        ));
    }
    if let Some(direct) = &computed.ssh_direct {
        return Ok((direct, true));
    }
    if let Some(proxy) = &computed.ssh_proxy {
        return Ok((proxy, false));
    }
    Err(Failure::message(
        Exit::Error,
        FailureCode::NotReady,
        format!(
            "`{pod}` ({}) has no ssh address yet; its status is {}",
            object.id,
            object.status.as_ref().map_or_else(String::new, ToString::to_string)
        ),
        Some(format!(
            "`sindri wait {pod}` waits until it is ready; its web terminal is {}",
            words::web_terminal(&object.id)
        )),
    ))
}

fn argv(target: &SshTarget, command: &[String]) -> Vec<String> {
    let mut argv = vec!["ssh".to_owned(), format!("{}@{}", target.username, target.host)];
    if target.port != 22 {
        argv.extend(["-p".to_owned(), target.port.to_string()]);
    }
    if !command.is_empty() {
        argv.push("--".to_owned());
        argv.extend(command.iter().cloned());
    }
    argv
}

/// Replaces this process with ssh, which then uses the caller's terminal and signals, and sets the exit code.
fn ssh(argv: &[String], console: &Console) -> Result<Exit, Failure> {
    console.flush();
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]);
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    #[cfg(not(unix))]
    let error = match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    };
    Err(Failure::message(
        Exit::Error,
        FailureCode::SshFailed,
        format!("cannot run ssh: {error}"),
        Some(
            "install an OpenSSH client, or run the command that `sindri connect --print` shows on a machine that \
              has one"
                .into(),
        ),
    ))
}
