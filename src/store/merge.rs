//! Three-way merge of state files by record, which git's merge by lines cannot do.
//!
//! Two branches that add resources at the same place of the file, or remove neighbouring ones, change the same lines
//! without a conflict. Records changed by only one side are taken from that side. Records that both sides changed
//! differently are written between git's conflict markers, each within its own block, and every reader refuses the file
//! until the conflict is resolved.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::model::text::escaped;
use crate::model::{Address, Record, State};
use crate::resource::members;
use crate::resource::{RecordFault, flaws, follow_parents};

use super::error::StoreError;
use super::file::{parse_state, state_bytes};
use super::format;

/// The result of a merge.
#[derive(Debug)]
pub struct Merged {
    /// The complete file, with markers around conflicts.
    pub bytes: Vec<u8>,
    /// Addresses that both sides changed. If empty, the file can be used directly.
    pub conflicts: BTreeSet<Address>,
    /// The reason why the two files are not versions of one state. `bytes` then contains both of them between markers.
    pub foreign: Option<String>,
}

/// One version of the file: its path for messages, and its bytes.
pub struct FileVersion<'a> {
    pub path: &'a Path,
    pub bytes: &'a [u8],
}

/// Merges `ours` and `theirs`, whose common ancestor is `base`. An empty `base` means that there was no file.
///
/// # Errors
///
/// If this sindri cannot read one of the versions.
pub fn merge(base: &FileVersion<'_>, ours: &FileVersion<'_>, theirs: &FileVersion<'_>) -> Result<Merged, StoreError> {
    let parse = |version: &FileVersion<'_>| parse_state(version.bytes, version.path);
    let base = if base.bytes.is_empty() { None } else { Some(parse(base)?) };
    let (our_state, their_state) = (parse(ours)?, parse(theirs)?);
    if let Some(why) = foreign(&our_state, &their_state) {
        return Ok(Merged { bytes: both(ours, theirs), conflicts: BTreeSet::new(), foreign: Some(why) });
    }
    let nothing = BTreeMap::new();
    let before = base.as_ref().map_or(&nothing, |base| &base.resources);
    let (merged, mut conflicts) = records(before, &our_state.resources, &their_state.resources);
    let mut state = State { resources: merged, ..our_state.clone() };
    follow_parents(&mut state);
    conflicts.extend(at_odds(&state, &our_state, &their_state));
    conflicts.extend(parts(&conflicts, &our_state.resources, &their_state.resources));
    let bytes = text(&state, &conflicts, &our_state, &their_state).into_bytes();
    Ok(Merged { bytes, conflicts, foreign: None })
}

/// Both files between markers, so that neither is mistaken for the result if they cannot be merged.
pub fn both(ours: &FileVersion<'_>, theirs: &FileVersion<'_>) -> Vec<u8> {
    between_markers(&String::from_utf8_lossy(ours.bytes), &String::from_utf8_lossy(theirs.bytes)).into_bytes()
}

/// The reason why two states are not versions of one state, if there is one.
fn foreign(ours: &State, theirs: &State) -> Option<String> {
    let State { format_version: _, lineage, environment, api, resources: _ } = ours;
    [
        ("lineage", lineage, &theirs.lineage),
        ("environment", environment, &theirs.environment),
        ("API", api, &theirs.api),
    ]
    .into_iter()
    .find(|(_, ours, theirs)| ours != theirs)
    .map(|(what, ours, theirs)| format!("they are different states: {what} `{ours}` here and `{theirs}` there"))
}

type RecordMap = BTreeMap<Address, Record>;

fn records(base: &RecordMap, ours: &RecordMap, theirs: &RecordMap) -> (RecordMap, BTreeSet<Address>) {
    let (mut merged, mut conflicts) = (RecordMap::new(), BTreeSet::new());
    let addresses: BTreeSet<&Address> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    for address in addresses {
        let (before, our, their) = (base.get(address), ours.get(address), theirs.get(address));
        let same = |one, other| same(address, one, other);
        let taken = if same(our, their) || same(their, before) {
            our
        } else if same(our, before) {
            their
        } else {
            conflicts.insert(address.clone());
            our.or(their)
        };
        if let Some(record) = taken {
            merged.insert(address.clone(), record.clone());
        }
    }
    (merged, conflicts)
}

/// Whether two versions of a record are equal. The id of a part follows its parent's and does not count.
fn same(address: &Address, one: Option<&Record>, other: Option<&Record>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) if members::is_member(address) => {
            let others = Record { id: one.id.clone(), ..other.clone() };
            *one == others
        }
        _ => one == other,
    }
}

/// Parts of conflicting resources on which the sides differ. Keeping one side of a pod also keeps that side's ports.
fn parts(conflicts: &BTreeSet<Address>, ours: &RecordMap, theirs: &RecordMap) -> BTreeSet<Address> {
    let is_part = |address: &&Address| members::parent_of(address).is_some_and(|parent| conflicts.contains(&parent));
    let addresses = ours.keys().chain(theirs.keys()).filter(is_part);
    addresses.filter(|address| ours.get(*address) != theirs.get(*address)).cloned().collect()
}

/// Records that are valid on each side but contradict each other after the merge: one object under two addresses, or a
/// record that depends on one that the other side removed.
fn at_odds(merged: &State, ours: &State, theirs: &State) -> BTreeSet<Address> {
    let mut odd = BTreeSet::new();
    for flaw in flaws(merged) {
        let missing = match flaw.fault {
            RecordFault::SameObject { other, .. } => {
                odd.extend([flaw.address, other]);
                continue;
            }
            RecordFault::Dependency { to, .. } | RecordFault::Reference { to, .. } => to,
            RecordFault::NoParent(parent) => parent,
            RecordFault::OtherKind(_)
            | RecordFault::UnknownKind(_)
            | RecordFault::PartId { .. }
            | RecordFault::NoSuccessor(_) => continue,
        };
        // Report the removed record as the conflict if a side still has it, otherwise the record that depends on it.
        let shown = [ours, theirs].into_iter().any(|side| side.resources.contains_key(&missing));
        odd.insert(if shown { missing } else { flaw.address });
    }
    odd
}

/// The file of `merged`, with both sides in the blocks of `conflicts`.
fn text(merged: &State, conflicts: &BTreeSet<Address>, ours: &State, theirs: &State) -> String {
    let plain = |state: &State| String::from_utf8_lossy(&state_bytes(state)).into_owned();
    if conflicts.is_empty() {
        return plain(merged);
    }
    let empty = State { resources: BTreeMap::new(), ..merged.clone() };
    let (head, foot) = ("  \"resources\": {", "}\n}\n");
    let frame = plain(&empty);
    let head = frame.split_once(head).map_or(frame.as_str(), |(before, _)| before).to_owned() + head + "\n";
    let addresses: BTreeSet<&Address> = merged.resources.keys().chain(conflicts).collect();
    let stays = |address: &Address| {
        !conflicts.contains(address) || [ours, theirs].iter().all(|side| side.resources.contains_key(address))
    };
    let mut text = head;
    // The last record that remains regardless of which sides are kept. Blocks that may be removed carry the comma on
    // the side facing it.
    match addresses.iter().rposition(|address| stays(address)) {
        Some(anchor) => {
            for (index, address) in addresses.iter().enumerate() {
                let comma = match index.cmp(&anchor) {
                    Ordering::Less => Comma::After,
                    Ordering::Equal => Comma::None,
                    Ordering::Greater => Comma::Before,
                };
                let block = |state: &State| {
                    state.resources.get(*address).map_or_else(String::new, |record| block(address, record, comma))
                };
                if conflicts.contains(*address) {
                    text.push_str(&between_markers(&block(ours), &block(theirs)));
                } else {
                    text.push_str(&block(merged));
                }
            }
        }
        // If every record may be removed, each comma depends on all choices, so put everything into one conflict.
        None => text.push_str(&between_markers(&blocks(&ours.resources), &blocks(&theirs.resources))),
    }
    text + "  " + foot
}

/// The side of a record that has its comma.
#[derive(Clone, Copy)]
enum Comma {
    Before,
    None,
    After,
}

/// One record as written in the file.
fn block(address: &Address, record: &Record, comma: Comma) -> String {
    let lines = blocks(&BTreeMap::from([(address.clone(), record.clone())]));
    match comma {
        Comma::Before => format!("    ,\n{lines}"),
        Comma::None => lines,
        Comma::After => lines.trim_end().to_owned() + ",\n",
    }
}

/// Records as written in the file.
fn blocks(records: &RecordMap) -> String {
    if records.is_empty() {
        return String::new();
    }
    let json = format::written_records(records);
    let mut blocks: String = escaped(&json).lines().skip(1).map(|line| format!("  {line}\n")).collect();
    // The last line closes the enclosing mapping.
    blocks.truncate(blocks.trim_end().rfind('\n').map_or(0, |newline| newline + 1));
    blocks
}

fn between_markers(ours: &str, theirs: &str) -> String {
    let line = |text: &str| if text.is_empty() || text.ends_with('\n') { "" } else { "\n" }.to_owned();
    format!("<<<<<<< ours\n{ours}{}=======\n{theirs}{}>>>>>>> theirs\n", line(ours), line(theirs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    fn state(records: &[(&str, &str, &[&str])]) -> State {
        let mut state = State::new("4f1c09aa4f1c09aa".into(), "prod".into(), "runpod".into());
        for (address, id, depends_on) in records {
            let address: Address = address.parse().unwrap();
            let record = Record {
                kind: address.kind.clone(),
                id: (*id).to_owned(),
                chosen: BTreeMap::new(),
                marked: None,
                depends_on: depends_on.iter().map(|text| text.parse().unwrap()).collect(),
                power: None,
                prevent_destroy: false,
                ignored: Default::default(),
                tainted: false,
                awaiting_ready: None,
                inputs: [("image", Value::text("a:1"))].into(),
            };
            state.resources.insert(address, record);
        }
        state
    }

    fn merged(base: &State, ours: &State, theirs: &State) -> Merged {
        let [base, ours, theirs] = [base, ours, theirs].map(state_bytes);
        let version = |bytes| FileVersion { path: Path::new("prod.json"), bytes };
        merge(&version(&base), &version(&ours), &version(&theirs)).unwrap()
    }

    fn parsed(merged: &Merged) -> Result<State, StoreError> {
        parse_state(&merged.bytes, Path::new("prod.json"))
    }

    #[test]
    fn the_merge_has_the_additions_and_removals_of_both_sides() {
        let base = state(&[("pod.a", "1", &[]), ("pod.b", "2", &[]), ("pod.c", "3", &[])]);
        let ours = state(&[("pod.b", "2", &[]), ("pod.c", "3", &[]), ("pod.d", "4", &[])]);
        let theirs = state(&[("pod.a", "1", &[]), ("pod.c", "3", &[]), ("pod.e", "5", &[])]);
        let merged = merged(&base, &ours, &theirs);
        assert!(merged.conflicts.is_empty() && merged.foreign.is_none());
        let expected = state(&[("pod.c", "3", &[]), ("pod.d", "4", &[]), ("pod.e", "5", &[])]);
        assert_eq!(merged.bytes, state_bytes(&expected));
    }

    #[test]
    fn records_changed_on_both_sides_conflict_within_their_own_block() {
        let base = state(&[("pod.a", "1", &[]), ("pod.b", "2", &[]), ("pod.c", "3", &[])]);
        for (ours, theirs) in [
            (
                state(&[("pod.a", "1", &[]), ("pod.b", "X", &[]), ("pod.c", "3", &[])]),
                state(&[("pod.a", "1", &[]), ("pod.b", "Y", &[]), ("pod.c", "9", &[])]),
            ),
            (
                state(&[("pod.a", "1", &[]), ("pod.c", "3", &[])]),
                state(&[("pod.a", "1", &[]), ("pod.b", "Y", &[]), ("pod.c", "9", &[])]),
            ),
        ] {
            let merged = merged(&base, &ours, &theirs);
            assert_eq!(merged.conflicts, BTreeSet::from(["pod.b".parse().unwrap()]));
            assert!(parsed(&merged).unwrap_err().to_string().contains("merge conflict marker"));
            let text = String::from_utf8(merged.bytes).unwrap();
            // Each side alone, without the markers, must be the expected state.
            for (side, record) in [
                (0, ours.resources.get(&"pod.b".parse().unwrap())),
                (1, theirs.resources.get(&"pod.b".parse().unwrap())),
            ] {
                let mut part = None;
                let kept = text.lines().filter(|line| {
                    match line {
                        _ if line.starts_with("<<<<<<<") => part = Some(0),
                        _ if line.starts_with("=======") => part = Some(1),
                        _ if line.starts_with(">>>>>>>") => part = None,
                        _ => return part.is_none_or(|part| part == side),
                    }
                    false
                });
                let chosen = kept.map(|line| format!("{line}\n")).collect::<String>();
                let chosen = parse_state(chosen.as_bytes(), Path::new("prod.json")).unwrap();
                assert_eq!(chosen.resources.get(&"pod.b".parse().unwrap()), record);
                assert_eq!(chosen.resources[&"pod.c".parse().unwrap()].id, "9", "only they touched it");
            }
        }
    }

    #[test]
    fn records_valid_on_each_side_that_contradict_each_other_are_a_conflict() {
        let base = state(&[("network_volume.v", "v", &[]), ("pod.a", "1", &[])]);
        let without = state(&[("pod.a", "1", &[])]);
        let standing =
            state(&[("network_volume.v", "v", &[]), ("pod.a", "1", &[]), ("pod.b", "2", &["network_volume.v"])]);
        assert_eq!(merged(&base, &without, &standing).conflicts, BTreeSet::from(["network_volume.v".parse().unwrap()]));
        let (one, other) = (
            state(&[("network_volume.v", "v", &[]), ("pod.x", "1", &[])]),
            state(&[("network_volume.v", "v", &[]), ("pod.y", "1", &[])]),
        );
        let moved_twice = merged(&base, &one, &other).conflicts;
        assert_eq!(moved_twice, BTreeSet::from(["pod.x".parse().unwrap(), "pod.y".parse().unwrap()]));
        assert!(parsed(&merged(&base, &one, &other)).is_err());
    }

    #[test]
    fn different_states_are_not_merged() {
        let ours = state(&[("pod.a", "1", &[])]);
        let theirs = State { lineage: "0123456789abcdef".into(), ..state(&[("pod.a", "2", &[])]) };
        let merged = merged(&ours, &ours, &theirs);
        assert!(merged.foreign.as_ref().is_some_and(|why| why.contains("lineage")), "{merged:?}");
        assert!(parsed(&merged).is_err());
    }
}
