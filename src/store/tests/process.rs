//! The lock between real processes, one of which is killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

const HOLD: &str = "SINDRI_TEST_HOLD_LOCK_OF";

/// Not a test itself: this is the process that the next test kills.
#[test]
#[ignore = "run by `a_killed_process_frees_its_lock_and_leaves_its_intents`"]
fn hold_the_lock() {
    let paths = Paths::of_state(Path::new(&std::env::var_os(HOLD).unwrap()));
    let locked = lock(&paths).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(locked.record(intent(0))).unwrap();
    println!("\nheld");
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_killed_process_frees_its_lock_and_leaves_its_intents() {
    let (_folder, paths) = world();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::process::hold_the_lock", "--ignored", "--nocapture"])
        .env(HOLD, &paths.state)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap() == "held"), "the other process holds the lock");

    let running = read(&paths, &PROD).unwrap().running.unwrap();
    assert_eq!((running.pid, running.what.as_str()), (child.id(), "apply"));
    let refused = LockedState::acquire(&paths, &PROD, Holder::new("destroy"), Duration::ZERO).unwrap_err();
    assert!(matches!(&refused, StoreError::Locked { holder, .. } if holder.pid == child.id()), "{refused}");

    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        read(&paths, &PROD).unwrap().running.is_none(),
        "what the dead process wrote into the lock file is no lock"
    );
    assert_eq!(pending(&lock(&paths).unwrap().snapshot()), ["op0"]);
}
