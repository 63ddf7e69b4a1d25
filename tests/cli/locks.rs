//! File systems without locks, such as some network folders, simulated by a tracer that answers the system call.

use std::process::{Command, Stdio};

use crate::support::{BARE, Emulator, Project, Said};

/// The command under a tracer that makes every `flock` fail.
fn without_locks(command: &Command, error: &str) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", &format!("inject=flock:error={error}")]);
    traced.arg(command.get_program()).args(command.get_args()).env_clear();
    traced.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    traced.current_dir(command.get_current_dir().expect("the project's folder")).stdin(Stdio::null());
    traced
}

/// Whether processes can be traced here: the tracer may be missing, or a container may forbid it.
fn can_trace() -> bool {
    let mut probe = without_locks(Command::new("true").current_dir("/"), "EOPNOTSUPP");
    probe.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn a_folder_that_cannot_be_locked_is_refused_with_the_reason_before_any_request() {
    if !can_trace() {
        println!("skipped: strace is not to be had here, or may not trace");
        return;
    }
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    for error in ["EOPNOTSUPP", "ENOLCK", "ENOSYS", "EINVAL"] {
        for words in ["apply --auto-approve", "destroy --auto-approve", "refresh", "plan", "status"] {
            let said = Said::of(&mut without_locks(&project.command(&emulator, words), error));
            let said = said.exits(1).warns("sindri::state::locks_unsupported").warns("no advisory locks");
            said.warns("keep the state on a local disk, or select one with `--state FILE`");
        }
    }
    assert_eq!(emulator.requests(), Vec::<String>::new());
    assert_eq!(project.stored(), [], "nothing but the lock's own file");
    // With locks, the same folder works like any other.
    project.run(&emulator, "apply --auto-approve").exits(0);
}
