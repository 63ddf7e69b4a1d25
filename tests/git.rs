//! States in git: branches that change different resources merge, and the merged file is correct or refused.
//!
//! Git merges lines. These tests check, over generated states, the result of plain git, the help of the merge driver,
//! and errors that neither may make.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fastrand::Rng;
use sindri::model::{Address, Power, Record, State, Value};
use sindri::store::merge::{FileVersion, merge};
use sindri::store::{parse_state, state_bytes};
use tempfile::TempDir;

fn state(rng: &mut Rng) -> State {
    let mut state = State::new("4f1c09aa4f1c09aa".into(), "prod".into(), "runpod".into());
    for _ in 0..rng.usize(4..10) {
        let address = address(rng);
        let record = record(rng, &address);
        state.resources.insert(address, record);
    }
    state
}

fn address(rng: &mut Rng) -> Address {
    let kind = *rng.choice(&["pod", "pod", "pod", "network_volume"]).unwrap();
    let address = Address::new(kind, &format!("{}{}", rng.lowercase(), rng.lowercase()));
    if kind == "pod" && rng.bool() { address.with_index(rng.u32(0..12)) } else { address }
}

fn record(rng: &mut Rng, address: &Address) -> Record {
    let id = |rng: &mut Rng| std::iter::repeat_with(|| rng.alphanumeric()).take(14).collect::<String>();
    let inputs: &[(&str, Value)] = match address.kind.as_str() {
        "pod" => &[
            ("cloud", "SECURE".into()),
            ("command", Value::Null),
            ("container_disk_gb", 50.into()),
            ("env", Value::Map([("LOG_LEVEL", "info".into())].into())),
            ("image", "example/image:1".into()),
            ("volume_mount_path", "/workspace".into()),
        ],
        _ => &[("name", "data".into()), ("region", "US-CA-2".into()), ("size_gb", 100.into())],
    };
    Record {
        kind: address.kind.clone(),
        id: id(rng),
        chosen: BTreeMap::new(),
        marked: None,
        depends_on: Vec::new(),
        power: (address.kind == "pod").then_some(Power::Running),
        prevent_destroy: rng.u8(0..4) == 0,
        ignored: Default::default(),
        tainted: false,
        awaiting_ready: None,
        inputs: inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    }
}

/// A change that an apply makes to one record in place.
fn change(rng: &mut Rng, record: &mut Record) {
    match rng.u8(0..7) {
        0 => record.id = std::iter::repeat_with(|| rng.alphanumeric()).take(14).collect(),
        1 => record.tainted = !record.tainted,
        2 => record.prevent_destroy = !record.prevent_destroy,
        3 if record.power.is_some() => {
            record.power =
                if record.power == Some(Power::Running) { Some(Power::Stopped) } else { Some(Power::Running) };
        }
        4 => {
            record.chosen.insert("gpu_type".into(), format!("NVIDIA {}", rng.u16(..)));
        }
        // The first or last line of the inputs, which is closest to another block.
        5 => *record.inputs.values_mut().next().unwrap() = Value::text(format!("x{}", rng.u32(..))),
        _ => *record.inputs.values_mut().next_back().unwrap() = Value::text(format!("x{}", rng.u32(..))),
    }
}

/// The work of one branch: adds, removes or changes one resource that is not in `untouchable`.
fn edit(rng: &mut Rng, base: &State, untouchable: &BTreeSet<Address>, in_place: bool) -> (State, Address) {
    let mut state = base.clone();
    let free: Vec<Address> = base.resources.keys().filter(|address| !untouchable.contains(*address)).cloned().collect();
    let kind = if in_place { 2 } else { rng.u8(0..4) };
    match rng.choice(&free).cloned().filter(|_| kind > 0) {
        Some(address) if kind == 1 => {
            state.resources.remove(&address);
            (state, address)
        }
        Some(address) => {
            let before = state.clone();
            while state == before {
                change(rng, state.resources.get_mut(&address).unwrap());
            }
            (state, address)
        }
        None => loop {
            let address = address(rng);
            if !base.resources.contains_key(&address) && !untouchable.contains(&address) {
                let record = record(rng, &address);
                state.resources.insert(address.clone(), record);
                return (state, address);
            }
        },
    }
}

/// `base` with the changes of both sides to their own resources.
fn both(base: &State, (ours, our): &(State, Address), (theirs, their): &(State, Address)) -> State {
    let mut both = base.clone();
    for (side, address) in [(ours, our), (theirs, their)] {
        both.resources.remove(address);
        both.resources.extend(side.resources.get(address).map(|record| (address.clone(), record.clone())));
    }
    both
}

fn git(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(words);
    // The user's git configuration must not affect the merge.
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.output().expect("git is installed")
}

fn done(folder: &Path, words: &[&str]) {
    let output = git(folder, words);
    assert!(output.status.success(), "git {words:?}: {output:?}");
}

/// Merges by lines alone, like git without a driver; `None` for a conflict.
fn by_lines(folder: &TempDir, base: &State, ours: &State, theirs: &State) -> Option<Vec<u8>> {
    for (name, state) in [("base", base), ("ours", ours), ("theirs", theirs)] {
        fs::write(folder.path().join(name), state_bytes(state)).unwrap();
    }
    let output = git(folder.path(), &["merge-file", "--stdout", "ours", "base", "theirs"]);
    output.status.success().then_some(output.stdout)
}

fn by_records(base: &State, ours: &State, theirs: &State) -> sindri::store::merge::Merged {
    let [base, ours, theirs] = [base, ours, theirs].map(state_bytes);
    let version = |bytes| FileVersion { path: Path::new("prod.json"), bytes };
    merge(&version(&base), &version(&ours), &version(&theirs)).expect("states")
}

fn parsed(bytes: &[u8]) -> State {
    parse_state(bytes, Path::new("prod.json")).expect("a sound state")
}

#[test]
fn a_thousand_pairs_of_branches_that_touch_different_resources_merge() {
    for seed in 0..1_000 {
        let mut rng = Rng::with_seed(seed);
        let base = state(&mut rng);
        let ours = edit(&mut rng, &base, &BTreeSet::new(), false);
        let theirs = edit(&mut rng, &base, &BTreeSet::from([ours.1.clone()]), false);
        let expected = both(&base, &ours, &theirs);
        for (ours, theirs) in [(&ours.0, &theirs.0), (&theirs.0, &ours.0)] {
            let merged = by_records(&base, ours, theirs);
            assert!(merged.conflicts.is_empty() && merged.foreign.is_none(), "seed {seed}: {merged:?}");
            assert_eq!(merged.bytes, state_bytes(&expected), "seed {seed}");
            assert_eq!(parsed(&merged.bytes), expected, "seed {seed}");
        }
    }
}

#[test]
fn without_a_driver_changes_to_neighbours_merge_and_no_error_passes() {
    let folder = tempfile::tempdir().unwrap();
    let mut refused = 0;
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let base = state(&mut rng);
        let in_place = seed % 2 == 0;
        let ours = edit(&mut rng, &base, &BTreeSet::new(), in_place);
        let theirs = edit(&mut rng, &base, &BTreeSet::from([ours.1.clone()]), in_place);
        match by_lines(&folder, &base, &ours.0, &theirs.0) {
            Some(merged) => assert_eq!(parsed(&merged), both(&base, &ours, &theirs), "seed {seed}"),
            // Two records that are added or removed at the same place of the file touch the same lines.
            None => {
                assert!(!in_place, "seed {seed}: {} and {}", ours.1, theirs.1);
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "a driver is needed for something");
}

#[test]
fn the_same_resource_on_both_sides_is_a_conflict_inside_its_own_block() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        let base = state(&mut rng);
        let address = rng.choice(base.resources.keys().collect::<Vec<_>>()).unwrap().clone();
        let others = base.resources.keys().filter(|other| **other != address).cloned().collect();
        let [ours, theirs] = [0, 1].map(|side| {
            let (mut state, _) = edit(&mut rng, &base, &others, true);
            let record = state.resources.get_mut(&address).unwrap();
            // Both sides also differ from each other.
            record.inputs.insert("image", Value::text(format!("example/image:{side}{seed}")));
            state
        });
        let merged = by_records(&base, &ours, &theirs);
        assert_eq!(merged.conflicts, BTreeSet::from([address.clone()]), "seed {seed}");
        assert!(parse_state(&merged.bytes, Path::new("prod.json")).is_err(), "seed {seed}");
        let text = String::from_utf8(merged.bytes).unwrap();
        let (before, rest) = text.split_once("<<<<<<<").expect("a marker");
        let (between, after) = rest.split_once(">>>>>>>").expect("a marker");
        assert_eq!((before.contains("<<<<"), after.contains("<<<<")), (false, false), "one conflict: seed {seed}");
        for other in base.resources.keys() {
            let name = format!("    \"{other}\": {{");
            assert_eq!(between.contains(&name), *other == address, "seed {seed}: {other} in\n{text}");
        }
    }
}

/// The text with one whole side of every conflict; `choose` selects the side for each.
fn settled(text: &str, mut choose: impl FnMut() -> usize) -> String {
    let (mut chosen, mut part) = (0, None);
    let kept = text.lines().filter(|line| {
        if line.starts_with("<<<<<<<") {
            (chosen, part) = (choose(), Some(0));
        } else if line.starts_with("=======") {
            part = Some(1);
        } else if line.starts_with(">>>>>>>") {
            part = None;
        } else {
            return part.is_none_or(|part| part == chosen);
        }
        false
    });
    kept.map(|line| format!("{line}\n")).collect()
}

/// `base` with any number of its records removed or changed.
fn edited_at_will(rng: &mut Rng, base: &State) -> State {
    let mut state = base.clone();
    state.resources.retain(|_, _| rng.u8(0..3) > 0);
    for record in state.resources.values_mut() {
        if rng.bool() {
            change(rng, record);
        }
    }
    state
}

#[test]
fn the_file_is_a_valid_state_with_either_side_of_a_conflict() {
    let (mut at_the_end, mut at_once) = (0, 0);
    for seed in 0..2_000 {
        let mut rng = Rng::with_seed(seed);
        let mut base = state(&mut rng);
        let kept = rng.usize(1..5);
        base.resources = base.resources.into_iter().take(kept).collect();
        let [ours, theirs] = [0, 1].map(|_| edited_at_will(&mut rng, &base));
        let merged = by_records(&base, &ours, &theirs);
        let text = String::from_utf8(merged.bytes.clone()).unwrap();
        for (side, state) in [&ours, &theirs].into_iter().enumerate() {
            let settled = parsed(settled(&text, || side).as_bytes());
            for address in &merged.conflicts {
                assert_eq!(settled.resources.get(address), state.resources.get(address), "seed {seed}: {text}");
            }
        }
        for _ in 0..4 {
            parsed(settled(&text, || rng.usize(0..2)).as_bytes());
        }
        let last = base.resources.keys().next_back().unwrap();
        at_the_end += usize::from(merged.conflicts.contains(last) && !ours.resources.contains_key(last));
        at_once += usize::from(merged.conflicts.len() > text.matches("<<<<<<<").count());
    }
    assert!(at_the_end > 0 && at_once > 0, "{at_the_end} at the end, {at_once} at once");
}

/// A pod with these ports, as recorded by an apply.
fn pod(rng: &mut Rng, id: &str, ports: &[&str]) -> State {
    let mut state = State::new("4f1c09aa4f1c09aa".into(), "prod".into(), "runpod".into());
    let address = Address::new("pod", "a");
    state.resources.insert(address.clone(), Record { id: id.to_owned(), ..record(rng, &address) });
    for port in ports {
        let record = Record {
            kind: "port".into(),
            id: format!("{id}:{port}"),
            depends_on: vec![address.clone()],
            power: None,
            prevent_destroy: false,
            ignored: Default::default(),
            inputs: [("port", Value::text(*port))].into(),
            ..state.resources[&address].clone()
        };
        state.resources.insert(Address::new("port", "a").with_member(port), record);
    }
    state
}

#[test]
fn ports_follow_their_pod_if_either_side_replaced_it() {
    let of = |id, ports: &[&str]| pod(&mut Rng::with_seed(1), id, ports);
    let base = of("old", &["22/tcp", "8888/http"]);
    let more = of("old", &["22/tcp", "8888/http", "9000/http"]);
    let replaced = of("new", &["22/tcp", "8888/http"]);
    for (ours, theirs) in [(&more, &replaced), (&replaced, &more)] {
        let merged = by_records(&base, ours, theirs);
        assert_eq!(merged.bytes, state_bytes(&of("new", &["22/tcp", "8888/http", "9000/http"])), "{merged:?}");
    }
    // A new id does not count as a change of the port, so the port that the other side removed stays removed.
    let less = of("old", &["22/tcp"]);
    assert_eq!(by_records(&base, &less, &replaced).bytes, state_bytes(&of("new", &["22/tcp"])));
    // Choosing one of two pods also chooses its ports.
    let other = of("other", &["22/tcp"]);
    let mut gone = base.clone();
    gone.resources.clear();
    for (ours, theirs) in [(&replaced, &other), (&gone, &replaced), (&replaced, &gone), (&more, &gone)] {
        let merged = by_records(&base, ours, theirs);
        let text = String::from_utf8(merged.bytes).unwrap();
        for (side, state) in [ours, theirs].into_iter().enumerate() {
            assert_eq!(parsed(settled(&text, || side).as_bytes()), *state, "{text}");
        }
    }
}

#[test]
fn a_port_without_its_pod_is_repaired_when_the_state_is_read() {
    let sound = pod(&mut Rng::with_seed(1), "new", &["22/tcp"]);
    let text = String::from_utf8(state_bytes(&sound)).unwrap();
    let stale = text.replace("new:22/tcp", "old:22/tcp");
    assert_ne!(stale, text);
    assert_eq!(parsed(stale.as_bytes()), sound);
}

/// A repository with a state on `main`, and optionally the driver.
fn repository(base: &State, driver: bool) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    done(path, &["init", "--quiet", "--initial-branch", "main"]);
    if driver {
        let line = format!("{} state merge %O %A %B", env!("CARGO_BIN_EXE_sindri"));
        done(path, &["config", "merge.sindri.driver", &line]);
        fs::write(path.join(".gitattributes"), "state/*.json merge=sindri\n").unwrap();
    }
    fs::create_dir(path.join("state")).unwrap();
    let file = path.join("state/prod.json");
    commit(path, &file, Some(base));
    (folder, file)
}

fn commit(folder: &Path, file: &Path, state: Option<&State>) {
    if let Some(state) = state {
        fs::write(file, state_bytes(state)).unwrap();
    }
    done(folder, &["add", "--all"]);
    done(folder, &["commit", "--quiet", "--allow-empty", "--message", "x"]);
}

/// Merges a branch with `theirs` into one with `ours`.
fn merge_branches(folder: &Path, file: &Path, ours: &State, theirs: &State) -> Output {
    done(folder, &["checkout", "--quiet", "-b", "theirs"]);
    commit(folder, file, Some(theirs));
    done(folder, &["checkout", "--quiet", "main"]);
    commit(folder, file, Some(ours));
    git(folder, &["merge", "--quiet", "--no-edit", "theirs"])
}

/// Commits `base`, `ours` and `theirs` of every pair in one stream, because a thousand commands would take a minute.
fn import(folder: &Path, pairs: &[(State, State, State)]) {
    let mut stream = Vec::new();
    for (number, (base, ours, theirs)) in pairs.iter().enumerate() {
        for (branch, from, state) in
            [("base", None, base), ("ours", Some("base"), ours), ("theirs", Some("base"), theirs)]
        {
            let bytes = state_bytes(state);
            write!(stream, "commit refs/heads/{branch}{number}\ncommitter t <t@example.org> 0 +0000\ndata 0\n")
                .unwrap();
            if let Some(from) = from {
                writeln!(stream, "from refs/heads/{from}{number}").unwrap();
            }
            write!(stream, "M 100644 inline state/prod.json\ndata {}\n", bytes.len()).unwrap();
            stream.extend(bytes);
            stream.push(b'\n');
        }
    }
    let mut importer = Command::new("git")
        .current_dir(folder)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git is installed");
    importer.stdin.take().expect("piped").write_all(&stream).unwrap();
    assert!(importer.wait().unwrap().success());
}

/// `git merge-tree` merges like `git merge`, including drivers, but without a working tree.
#[test]
fn git_itself_merges_a_thousand_pairs_of_branches_with_the_driver() {
    let pairs: Vec<_> = (0..1_000)
        .map(|seed| {
            let mut rng = Rng::with_seed(seed);
            let base = state(&mut rng);
            let ours = edit(&mut rng, &base, &BTreeSet::new(), false);
            let theirs = edit(&mut rng, &base, &BTreeSet::from([ours.1.clone()]), false);
            (both(&base, &ours, &theirs), (base, ours.0, theirs.0))
        })
        .collect();
    let (expected, pairs): (Vec<State>, Vec<_>) = pairs.into_iter().unzip();
    let (folder, _) = repository(&pairs[0].0, true);
    let path = folder.path();
    import(path, &pairs);
    let numbers: Vec<usize> = (0..pairs.len()).collect();
    std::thread::scope(|scope| {
        for half in numbers.chunks(pairs.len() / 2) {
            let expected = &expected;
            scope.spawn(move || {
                for &number in half {
                    let branches = [format!("ours{number}"), format!("theirs{number}")];
                    let output = git(path, &["merge-tree", "--write-tree", &branches[0], &branches[1]]);
                    assert!(output.status.success(), "seed {number}: {output:?}");
                    let tree = String::from_utf8(output.stdout).unwrap();
                    let merged = git(path, &["cat-file", "blob", &format!("{}:state/prod.json", tree.trim())]).stdout;
                    assert_eq!(parsed(&merged), expected[number], "seed {number}");
                }
            });
        }
    });
}

#[test]
fn git_merge_uses_the_driver_and_the_result_is_consistent() {
    for seed in 0..4 {
        let mut rng = Rng::with_seed(seed);
        let base = state(&mut rng);
        let ours = edit(&mut rng, &base, &BTreeSet::new(), false);
        let theirs = edit(&mut rng, &base, &BTreeSet::from([ours.1.clone()]), false);
        let (folder, file) = repository(&base, true);
        let output = merge_branches(folder.path(), &file, &ours.0, &theirs.0);
        assert!(output.status.success(), "seed {seed}: {output:?}");
        assert_eq!(parsed(&fs::read(&file).unwrap()), both(&base, &ours, &theirs), "seed {seed}");
    }
}

#[test]
fn a_conflict_stops_git_and_is_refused_until_resolved() {
    let mut rng = Rng::with_seed(1);
    let base = state(&mut rng);
    let address = base.resources.keys().next().unwrap();
    let [ours, theirs] = ["a", "b"].map(|image| {
        let mut side = base.clone();
        side.resources.get_mut(address).unwrap().inputs.insert("name", image.into());
        side
    });
    let (folder, file) = repository(&base, true);
    let output = merge_branches(folder.path(), &file, &ours, &theirs);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("CONFLICT") && said.contains(&address.to_string()), "{said}");
    assert!(parse_state(&fs::read(&file).unwrap(), &file).unwrap_err().to_string().contains("merge conflict marker"));
    // After choosing one side, everything else is merged.
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("<<<<<<< ours\n").unwrap();
    let (_, rest) = rest.split_once("=======\n").unwrap();
    let (chosen, after) = rest.split_once(">>>>>>> theirs\n").unwrap();
    assert_eq!(parsed(format!("{before}{chosen}{after}").as_bytes()), theirs);
}

#[test]
fn after_setting_up_the_driver_late_the_merge_can_be_repeated() {
    let mut rng = Rng::with_seed(3);
    let base = state(&mut rng);
    let [ours, theirs] = ["zz1", "zz2"].map(|name| {
        let (mut side, address) = (base.clone(), Address::new("pod", name));
        side.resources.insert(address.clone(), record(&mut rng, &address));
        side
    });
    let (folder, file) = repository(&base, false);
    let output = merge_branches(folder.path(), &file, &ours, &theirs);
    assert!(!output.status.success(), "two that are added at one place touch the same lines: {output:?}");
    let line = format!("{} state merge %O %A %B", env!("CARGO_BIN_EXE_sindri"));
    done(folder.path(), &["config", "merge.sindri.driver", &line]);
    fs::write(folder.path().join(".gitattributes"), "state/*.json merge=sindri\n").unwrap();
    done(folder.path(), &["checkout", "--quiet", "--merge", "--", "state/prod.json"]);
    let merged = parsed(&fs::read(&file).unwrap());
    assert_eq!(merged.resources.len(), base.resources.len() + 2);
}

#[test]
fn an_invalid_state_never_passes_as_a_merge_result() {
    let mut rng = Rng::with_seed(5);
    let base = state(&mut rng);
    let (ours, _) = edit(&mut rng, &base, &BTreeSet::new(), false);
    let mut other = edit(&mut rng, &base, &BTreeSet::new(), false).0;
    other.lineage = "0123456789abcdef".into();
    let (folder, file) = repository(&base, true);
    let output = merge_branches(folder.path(), &file, &ours, &other);
    assert!(
        !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("different states"),
        "{output:?}"
    );
    assert!(parse_state(&fs::read(&file).unwrap(), &file).is_err());
    done(folder.path(), &["merge", "--abort"]);
    done(folder.path(), &["checkout", "--quiet", "-b", "broken", "HEAD~1"]);
    fs::write(&file, "{ half a state").unwrap();
    commit(folder.path(), &file, None);
    done(folder.path(), &["checkout", "--quiet", "main"]);
    assert!(!git(folder.path(), &["merge", "--no-edit", "broken"]).status.success());
    assert!(parse_state(&fs::read(&file).unwrap(), &file).is_err());
}
