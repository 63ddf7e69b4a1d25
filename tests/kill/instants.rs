//! An apply of 300 pods, killed at random instants, with ten concurrent requests.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::kill::aftermath::{APPLY, Figures, Place, count};

const PODS: usize = 298;

#[test]
fn nothing_is_lost_or_duplicated_at_any_random_kill() {
    let kills = std::env::var("SINDRI_KILLS").map_or(5, |kills| kills.parse().expect("SINDRI_KILLS is a number"));
    let whole = Place::new(PODS);
    let start = Instant::now();
    whole.run(APPLY).exits(0).tells("300 created");
    let took = start.elapsed();
    let mut dice = fastrand::Rng::with_seed(300);
    let instants: Vec<f64> = (0..kills).map(|_| dice.f64()).collect();
    count(&format!("{kills} random kills of an apply of 300"), &instants, |instant| kill_after(took.mul_f64(*instant)));
}

fn kill_after(wait: Duration) -> Figures {
    let place = Place::new(PODS);
    let mut command = place.command(APPLY);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    thread::sleep(wait);
    // A kill after the end is a valid instant too.
    child.kill().expect("a child of ours");
    child.wait().expect("a child of ours");
    place.put_right(&format!("killed after {wait:?}"))
}
