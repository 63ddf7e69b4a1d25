//! A runner that is lost together with its disk. The next one has the last commit, or nothing, and no journal.

use std::fs;

use crate::kill::aftermath::{APPLY, Place, count};
use crate::kill::effects::library;
use crate::support::Said;

const STEPPED: &str = "apply --auto-approve --parallelism 1";

/// A place whose committed state contains the volumes and two pods. Growing to six pods is killed at an effect.
fn killed_while_growing(library: &std::path::Path, effect: usize) -> (Place, String) {
    let mut place = Place::new(2);
    place.run(APPLY).exits(0);
    let committed = place.project.read("state/default.json");
    place.project.edit("replicas: 1", "replicas: 3");
    place.pods = 6;
    let mut command = place.command(STEPPED);
    let said = Said::of(command.env("LD_PRELOAD", library).env("EFFECTS_KILL", effect.to_string()));
    assert_eq!(said.code, None, "killed before effect {effect}\n{}\n{}", said.stdout, said.stderr);
    fs::remove_dir_all(place.project.path("state")).expect("the runner's disk");
    (place, committed)
}

/// The first create's answer is not read; then the third's; then its outcome is not written; finally all four are
/// recorded.
const POINTS: [usize; 4] = [8, 16, 17, 29];

#[test]
fn from_the_last_commit_the_next_runner_adopts_existing_objects() {
    let Some(library) = library() else { return };
    count("runners that lose their disk", &POINTS, |effect| {
        let (place, committed) = killed_while_growing(library, *effect);
        place.project.write("state/default.json", &committed);
        let figures = place.put_right(&format!("killed before effect {effect}, back to the last commit"));
        // Another runner that starts from the same commit creates nothing either.
        let writes = place.emulator.writes();
        fs::remove_dir_all(place.project.path("state")).expect("the runner's disk");
        place.project.write("state/default.json", &committed);
        place.run(APPLY).exits(0);
        assert_eq!(place.emulator.writes(), writes, "killed before effect {effect}");
        figures
    });
}

#[test]
fn without_a_state_nothing_is_created_beside_live_objects_unless_requested() {
    let Some(library) = library() else { return };
    count("runners that lose even the state", &POINTS, |effect| {
        let (place, _) = killed_while_growing(library, *effect);
        let writes = place.emulator.writes();
        place.run(APPLY).exits(3).warns("adoption_needs_consent").warns("--adopt");
        assert_eq!(place.emulator.writes(), writes);
        place.run("apply --auto-approve --adopt").exits(0);
        place.put_right(&format!("killed before effect {effect}, from nothing"))
    });
}
