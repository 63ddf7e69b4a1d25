//! An apply of 50 resources, killed before and after each of its effects.
//!
//! Requests are sent one at a time here, so that effects are strictly ordered: after one is before the next.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::kill::aftermath::{APPLY, Figures, Place, count};
use crate::support::Said;

const STEPPED: &str = "apply --auto-approve --parallelism 1";
const PODS: usize = 48;
/// Number of points in the short form, spread over the run.
const FEW: usize = 8;

/// The library that counts effects; `None`, reported once, without a C compiler.
pub fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
    let built = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("effects.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kill/effects.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&path).args([source, "-ldl"]);
        match compiler.status() {
            Ok(status) => assert!(status.success(), "effects.c does not compile"),
            Err(error) => {
                eprintln!("skipped: effects cannot be counted without a C compiler (`cc`: {error})");
                return None;
            }
        }
        Some((folder, path))
    });
    built.as_ref().map(|(_, path)| path.as_path())
}

/// Number of effects of an undisturbed apply.
fn effects(library: &Path) -> usize {
    let place = Place::new(PODS);
    let counted = place.project.path("counted");
    let mut command = place.command(STEPPED);
    command.env("LD_PRELOAD", library).env("EFFECTS_COUNT", &counted);
    Said::of(&mut command).exits(0).tells("50 created");
    place.project.read("counted").trim().parse().expect("a number")
}

#[test]
fn nothing_is_lost_or_duplicated_at_any_stepped_kill() {
    let Some(library) = library() else { return };
    let effects = effects(library);
    assert!(effects >= 6 * 50, "{effects}: intent, request, answer, outcome, and two flushes each");
    let points: Vec<usize> = match std::env::var("SINDRI_KILL_POINTS").as_deref() {
        Ok("all") => (1..=effects).collect(),
        // The first volume, which has no marker, then points over the whole run, then the end, where the state file is
        // written. The number of effects varies slightly between runs, because of polls.
        _ => {
            let along = (0..FEW).map(|point| 20 + point * (effects - 40) / (FEW - 1));
            [8, 11, 12].into_iter().chain(along).chain([18, 15, 12, 9].map(|last| effects - last)).collect()
        }
    };
    count(&format!("killed before each of {} of {effects} effects", points.len()), &points, |point| {
        kill_at(library, *point)
    });
}

#[test]
fn a_stepped_kill_of_a_replacement_destroys_nothing_new() {
    let Some(library) = library() else { return };
    let all = std::env::var("SINDRI_KILL_POINTS").as_deref() == Ok("all");
    // Four pods: for each an intent, a stock request, a delete, an outcome, and the same for the create.
    let points: Vec<usize> = (7..73).step_by(if all { 1 } else { 9 }).collect();
    count("kills of a replacement of four pods", &points, |effect| {
        let place = Place::new(4);
        place.run(APPLY).exits(0);
        place.project.edit("image:1", "image:2");
        let mut command = place.command(STEPPED);
        let said = Said::of(command.env("LD_PRELOAD", library).env("EFFECTS_KILL", effect.to_string()));
        // The last effects are polls, whose number varies.
        assert!(
            said.code.is_none() || *effect > 60,
            "not killed before effect {effect}\n{}\n{}",
            said.stdout,
            said.stderr
        );
        let last = said.stderr.lines().last().unwrap_or_default();
        place.put_right(&format!("a replacement, effect {effect} ({last})"))
    });
}

fn kill_at(library: &Path, effect: usize) -> Figures {
    let place = Place::new(PODS);
    let mut command = place.command(STEPPED);
    let output = command.env("LD_PRELOAD", library).env("EFFECTS_KILL", effect.to_string()).output().expect("it runs");
    let last = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    let mut figures = place.put_right(&format!("effect {effect} ({last})"));
    // This run had fewer polls than the counting run, and ended first.
    if output.status.signal() != Some(9) && effect < 6 * 50 {
        figures.problems.push(format!("effect {effect}: not killed, {}", output.status));
    }
    figures
}
