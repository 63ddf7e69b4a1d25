//! The state file: its bytes, the checks when it is read, and replacing it so that a kill cannot leave half a file.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::files::{LARGEST, ReadError, UnreadableReason, read_bytes};
use crate::model::State;
use crate::model::state::STATE_FORMAT_VERSION;
use crate::model::text::into_escaped;
use crate::resource::{Flaw, flaws, repaired};

use super::error::{DamagedFile, FileProblem, StoreError, parent};
use super::format;
use super::migrate::{self, Unreadable};
use super::outline::{OutlineEntry, keys_written, outline};

/// Help for a damaged state file.
const REPAIR: &str = "the file was not changed; restore the last good version from version control, or repair it by \
                      hand and check it with `sindri state verify`";
const MENDED: &str =
    "the file was not changed; repair it with `sindri refresh`, or restore the last good version from version control";
const UNFINISHED_MERGE: &str = "finish git's merge: keep the resources of both sides, remove the markers, then run \
                                `sindri state verify`. Or let sindri merge them: `sindri state merge --help` shows \
                                how to set this up in git, and `git checkout --merge -- FILE` then repeats the merge";

/// Reads a state. `path` is for messages.
///
/// Refuses invalid JSON, duplicate keys, unknown words and addresses, two records of one object, and `depends_on`
/// without a record. All problems are reported together, each with its place. Values that follow from other records are
/// repaired ([`repaired`]), and the next write saves the repair.
pub fn parse_state(bytes: &[u8], path: &Path) -> Result<State, StoreError> {
    parse_as_written(bytes, path).map(repaired)
}

/// Like `parse_state`, without repairs.
pub(super) fn parse_as_written(bytes: &[u8], path: &Path) -> Result<State, StoreError> {
    let damaged = |text: &str, problems, help| Err(DamagedFile::new(path, text, problems, help).into());
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let text = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let end = text.len();
            return damaged(
                &text,
                vec![FileProblem { message: "invalid UTF-8 starts here".into(), at: Some(end..end) }],
                REPAIR,
            );
        }
    };
    // Places are needed only for errors.
    let places = LazyCell::new(|| by_path(outline(text)));
    // A good file of the current version is read in one pass. The other passes find out what is wrong.
    let state = format::read(text).or_else(|_| older_or_damaged(text, path))?;
    let problems = contradictions(&state, &|path| places.get(path.join("\n").as_str()).cloned());
    if !problems.is_empty() {
        return damaged(text, problems, REPAIR);
    }
    Ok(state)
}

/// Reads a state of an older version, or reports what is wrong with the text.
fn older_or_damaged(text: &str, path: &Path) -> Result<State, StoreError> {
    let damaged = |problems, help| Err(DamagedFile::new(path, text, problems, help).into());
    let markers = conflict_markers(text);
    if !markers.is_empty() {
        return damaged(markers, UNFINISHED_MERGE);
    }
    let document: serde_json::Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return damaged(vec![from_serde(text, &error)], REPAIR),
    };
    let version = match migrate::version(&document, STATE_FORMAT_VERSION) {
        Ok(version) => version,
        Err(Unreadable::Newer(found)) => {
            return Err(StoreError::Newer { path: path.to_owned(), found, newest: STATE_FORMAT_VERSION });
        }
        Err(Unreadable::Unknown(message)) => return damaged(vec![FileProblem { message, at: None }], REPAIR),
    };
    // A duplicate key counts twice in the text but once in the document.
    if keys_written(text) != keys_of(&document) {
        return damaged(doubled_keys(&outline(text)), REPAIR);
    }
    migrate::state(text, version).or_else(|error| damaged(vec![from_serde(text, &error)], REPAIR))
}

/// The bytes of a state: sorted, indented by two, one line per scalar, with a newline at the end.
pub fn state_bytes(state: &State) -> Vec<u8> {
    let mut text = format::written(state);
    text.push('\n');
    // People read the file in terminals, through `git diff`, so control characters are escaped.
    into_escaped(text).into_bytes()
}

/// Contradictions that make a well-formed state unusable. `place` finds the bytes of a path within the file.
pub(super) fn contradictions(state: &State, place: &dyn Fn(&[&str]) -> Option<Range<usize>>) -> Vec<FileProblem> {
    let fatal = flaws(state).into_iter().filter(|flaw| flaw.fault.is_fatal());
    fatal.map(|flaw| problem(&flaw, place)).collect()
}

fn problem(flaw: &Flaw, place: &dyn Fn(&[&str]) -> Option<Range<usize>>) -> FileProblem {
    let (address, path) = (flaw.address.to_string(), flaw.path());
    let path: Vec<&str> = ["resources", &address].into_iter().chain(path.iter().map(String::as_str)).collect();
    FileProblem { message: flaw.to_string(), at: place(&path) }
}

/// For `sindri state verify`: checks that no record contradicts another. Also reports what reading would repair.
pub(super) fn verify(bytes: &[u8], path: &Path) -> Result<(), StoreError> {
    let state = parse_as_written(bytes, path)?;
    let text = String::from_utf8_lossy(bytes);
    let flaws = flaws(&state);
    if flaws.is_empty() {
        return Ok(());
    }
    let places = by_path(outline(&text));
    let place = |path: &[&str]| places.get(path.join("\n").as_str()).cloned();
    let problems = flaws.iter().map(|flaw| problem(flaw, &place)).collect();
    Err(DamagedFile::new(path, &text, problems, MENDED).into())
}

/// The places by their path, joined by line breaks, which no key of a state contains.
fn by_path(places: Vec<OutlineEntry>) -> BTreeMap<String, Range<usize>> {
    places.into_iter().map(|place| (place.path.join("\n"), place.at)).collect()
}

/// Number of keys in all mappings of a document.
fn keys_of(document: &serde_json::Value) -> usize {
    match document {
        serde_json::Value::Array(items) => items.iter().map(keys_of).sum(),
        serde_json::Value::Object(members) => members.len() + members.values().map(keys_of).sum::<usize>(),
        _ => 0,
    }
}

/// Keys that appear twice in one mapping; serde would silently keep the last one. Keys inside the second value are
/// duplicates too, and are not reported.
fn doubled_keys(places: &[OutlineEntry]) -> Vec<FileProblem> {
    let mut seen = BTreeSet::new();
    let mut outer: Option<&[String]> = None;
    let mut problems = Vec::new();
    for place in places.iter().filter(|place| place.is_key) {
        let inside = outer.is_some_and(|outer| place.path.len() > outer.len() && place.path.starts_with(outer));
        if !seen.insert(&place.path) && !inside {
            outer = Some(&place.path);
            let key = place.path.last().map_or("", String::as_str);
            problems.push(FileProblem { message: format!("`{key}` is a duplicate key"), at: Some(place.at.clone()) });
        }
    }
    problems
}

/// Conflict markers that git left in the file.
fn conflict_markers(text: &str) -> Vec<FileProblem> {
    let mut start = 0;
    let mut problems = Vec::new();
    for line in text.split_inclusive('\n') {
        // JSON never begins a line with one of these.
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker)) {
            let at = Some(start..start + line.trim_end().len());
            problems.push(FileProblem { message: "a merge conflict marker".into(), at });
        }
        start += line.len();
    }
    problems
}

/// serde's message without its position, which the problem already has.
fn from_serde(text: &str, error: &serde_json::Error) -> FileProblem {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message).to_owned();
    // Line 0 means an error without a position. The column counts bytes and points past the last byte read.
    let at = (line > 0).then(|| {
        let line_start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let mut start = (line_start + column.saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        start..start
    });
    FileProblem { message, at }
}

/// Counts disk operations, for tests of the store's guarantees.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    pub fsyncs: u64,
    pub bytes: u64,
}

/// The content of a file; `None` if it does not exist.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match read_bytes(path, None, LARGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_missing() => Ok(None),
        Err(ReadError { reason: UnreadableReason::Permission, .. }) => {
            Err(StoreError::io("read", path, io::ErrorKind::PermissionDenied.into()))
        }
        Err(ReadError { reason: UnreadableReason::Other(error), .. }) => {
            Err(StoreError::io("read", path, io::Error::other(error)))
        }
        Err(ReadError { reason, .. }) => {
            Err(StoreError::NotPlain { path: path.to_owned(), what: format!("cannot be read: {reason}") })
        }
    }
}

/// Replaces a file atomically and durably: every reader finds the old bytes or the new ones, even after a crash of the
/// machine. A link is replaced itself, not its target.
pub(super) fn replace(path: &Path, bytes: &[u8], meter: &mut Meter) -> Result<(), StoreError> {
    write_beside(path, bytes, meter).map_err(|error| StoreError::io("write", path, error))
}

fn write_beside(path: &Path, bytes: &[u8], meter: &mut Meter) -> io::Result<()> {
    let folder = parent(path);
    let mut builder = tempfile::Builder::new();
    let prefix = temporary_prefix(path);
    builder.prefix(&prefix).suffix(TEMPORARY_SUFFIX);
    let permissions = fs::metadata(path).map(|metadata| metadata.permissions()).ok();
    // Temporary files are private by default, but the state file gets ordinary permissions.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temporary = builder.tempfile_in(folder)?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)?;
    meter.bytes += bytes.len() as u64;
    meter.fsyncs += 2;
    Ok(())
}

/// Makes the file names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows cannot open a folder for this and makes names durable itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

const TEMPORARY_SUFFIX: &str = ".tmp";

fn temporary_prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes temporary files that killed writers left beside `path`. Only the lock's holder may call this, because the
/// file of a running writer has the same kind of name.
pub(super) fn remove_leftovers(path: &Path) {
    let prefix = temporary_prefix(path);
    // Leftovers are harmless, so errors are ignored.
    for entry in fs::read_dir(parent(path)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(TEMPORARY_SUFFIX)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Saves bytes that cannot be written to `path`: beside it, otherwise in the system's temporary folder.
pub(super) fn rescue(path: &Path, bytes: &[u8], meter: &mut Meter) -> Option<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}.rescued-{}.json", std::process::id());
    [parent(path).join(&name), std::env::temp_dir().join(&name)]
        .into_iter()
        .find(|candidate| write_beside(candidate, bytes, meter).is_ok())
}

/// Whether a path still leads to this open file.
pub(super) fn leads_to(path: &Path, file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(named), Ok(open)) = (fs::metadata(path), file.metadata()) else { return false };
        (named.dev(), named.ino()) == (open.dev(), open.ino())
    }
    // Other systems do not let an open file be deleted or replaced.
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use similar::{ChangeTag, TextDiff};

    use crate::model::{Address, Awaiting, Power, Record, Secret, Value};

    use super::*;

    fn parse(text: &str) -> Result<State, StoreError> {
        parse_state(text.as_bytes(), Path::new("prod.json"))
    }

    /// A state with two pods and a volume, where one pod depends on the other.
    const GOOD: &str = r#"{
  "format_version": 2,
  "lineage": "4f1c09aa4f1c09aa",
  "environment": "prod",
  "api": "runpod",
  "resources": {
    "network_volume.data": {
      "kind": "network_volume",
      "id": "v1",
      "inputs": { "name": "data" }
    },
    "pod.a": {
      "kind": "pod",
      "id": "p1",
      "depends_on": [
        "network_volume.data"
      ],
      "inputs": {}
    },
    "pod.b": { "kind": "pod", "id": "p2", "inputs": {} }
  }
}
"#;

    #[test]
    fn invalid_states_are_refused_with_the_position() {
        assert_eq!(parse(GOOD).unwrap().resources.len(), 3);
        let cases = [
            // Results of bad merges.
            ("\"pod.b\"", "\"pod.a\"", "line 20, column 5: `pod.a` is a duplicate key"),
            ("\"name\": \"data\"", "\"name\": \"a\", \"name\": \"b\"", "line 10, column 32: `name` is a duplicate key"),
            ("\"p2\"", "\"p1\"", "line 20, column 31: `pod.b` and `pod.a` are both `p1`"),
            (
                "\"network_volume.data\"\n      ]",
                "\"network_volume.gone\"\n      ]",
                "line 16, column 9: `pod.a` depends on `network_volume.gone`, which is not in the state",
            ),
            ("  \"lineage\"", "<<<<<<< HEAD\n  \"lineage\"", "line 3, column 1: a merge conflict marker"),
            // Editing mistakes.
            ("\"pod.b\"", "\"pod[01].b\"", "line 20, column "),
            ("\"id\": \"p1\",", "\"id\": \"p1\"", "line 15, column 7: expected `,` or `}`"),
            ("\"kind\": \"pod\",\n", "\"kind\": \"volume\",\n", "line 13, column 7: `pod.a` is recorded as a `volume`"),
            ("\"pod.b\": { \"kind\": \"pod\"", "\"gadget.b\": { \"kind\": \"gadget\"", "the kind `gadget`"),
            ("\"id\": \"p2\"", "\"id\": \"p2\", \"colour\": 1", "unknown field `colour`"),
            ("  \"format_version\": 2,\n", "", "`format_version` is missing"),
            ("  \"lineage\": \"4f1c09aa4f1c09aa\",\n", "", "missing field `lineage`"),
        ];
        for (good, bad, expected) in cases {
            let text = GOOD.replacen(good, bad, 1);
            assert_ne!(text, GOOD, "{good}");
            let error = parse(&text).unwrap_err();
            assert!(matches!(error, StoreError::Damaged(_)) && error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn all_contradictions_are_reported_together() {
        let text = GOOD.replace("\"p2\"", "\"p1\"").replace("\"network_volume.data\"\n      ]", "\"pod.x\"\n      ]");
        let Err(StoreError::Damaged(damage)) = parse(&text) else { panic!() };
        assert_eq!(damage.problems.len(), 2, "{damage}");
    }

    #[test]
    fn a_duplicate_record_is_one_problem_not_one_per_key() {
        let record = "\"pod.b\": { \"kind\": \"pod\", \"id\": \"p2\", \"inputs\": {} }";
        let text = GOOD.replace(record, &format!("{record},\n    {record},\n    {record}"));
        let Err(StoreError::Damaged(damage)) = parse(&text) else { panic!() };
        assert_eq!(damage.problems.len(), 2, "{damage}");
    }

    #[test]
    fn any_invalid_bytes_are_refused() {
        for bytes in [&b""[..], b"\xff\xfe", b"null", b"[]", b"{\"format_version\": 2", "{\"é\": ".as_bytes()] {
            assert!(parse_state(bytes, Path::new("prod.json")).is_err(), "{bytes:?}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        for cut in 0..GOOD.trim_end().len() {
            assert!(parse(&GOOD[..cut]).is_err(), "cut at {cut}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<String>().prop_map(Value::from),
            Just(Value::Secret(Secret::unknown())),
            "[a-z]{1,4}".prop_map(|name| Value::reference(Address::new("network_volume", &name))),
        ];
        scalar.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(|items| Value::List(items.into())),
                // Upper-case keys, as in `env`, because `sensitive` and `ref` have a meaning.
                btree_map("[A-Z_\"\\\\é]{1,4}", inner, 0..3).prop_map(|map| Value::Map(map.into_iter().collect())),
            ]
        })
    }

    fn record() -> impl Strategy<Value = Record> {
        let power = proptest::option::of(prop_oneof![Just(Power::Running), Just(Power::Stopped)]);
        let chosen = btree_map("[a-z_]{1,6}", any::<String>(), 0..2);
        let inputs = btree_map("[a-z_]{1,6}", value(), 0..4);
        let awaiting = prop_oneof![Just(None), Just(Some(Awaiting::First)), Just(Some(Awaiting::Again))];
        let flags = (any::<bool>(), any::<bool>(), awaiting);
        (inputs, chosen, power, flags).prop_map(
            |(inputs, chosen, power, (prevent_destroy, tainted, awaiting_ready))| Record {
                kind: String::new().into(),
                id: String::new(),
                // A record has a value of `Null` only for attributes of its kind.
                inputs: inputs.into_iter().filter(|(_, value)| !value.is_null()).collect(),
                chosen,
                marked: None,
                depends_on: Vec::new(),
                power,
                prevent_destroy,
                ignored: Default::default(),
                tainted,
                awaiting_ready,
            },
        )
    }

    fn state() -> impl Strategy<Value = State> {
        let address = (prop_oneof![Just("pod"), Just("network_volume"), Just("port")], "[a-z]{1,3}", 0..3_u32)
            .prop_map(|(kind, name, index)| Address::new(kind, &name).with_index(index));
        (btree_map(address, record(), 0..6), any::<String>()).prop_map(|(resources, api)| {
            let mut state = State::new("4f1c09aa4f1c09aa".into(), "prod".into(), api);
            let mut before: Option<Address> = None;
            for (number, (address, mut record)) in resources.into_iter().enumerate() {
                // The recorded id of a resource's part follows from the resource's id.
                if crate::resource::members::parent_of(&address)
                    .is_some_and(|parent| state.resources.contains_key(&parent))
                {
                    continue;
                }
                record.kind.clone_from(&address.kind);
                record.id = format!("id{number}");
                record.depends_on = before.replace(address.clone()).into_iter().collect();
                state.resources.insert(address, record);
            }
            state
        })
    }

    fn changed_lines(before: &State, after: &State) -> usize {
        let [before, after] = [before, after].map(|state| String::from_utf8(state_bytes(state)).unwrap());
        TextDiff::from_lines(&before, &after)
            .iter_all_changes()
            .filter(|change| change.tag() != ChangeTag::Equal)
            .count()
    }

    proptest! {
        #[test]
        fn a_state_reads_back_as_written(state in state()) {
            let bytes = state_bytes(&state);
            prop_assert_eq!(bytes.last(), Some(&b'\n'));
            prop_assert_eq!(parse_as_written(&bytes, Path::new("prod.json")).unwrap(), state);
        }

        #[test]
        fn a_change_of_one_field_is_at_most_two_lines(state in state(), pick in any::<prop::sample::Index>()) {
            prop_assume!(!state.resources.is_empty());
            let address = state.resources.keys().nth(pick.index(state.resources.len())).unwrap();
            let changes: [fn(&mut Record); 6] = [
                |record| record.id.push('x'),
                |record| record.prevent_destroy = !record.prevent_destroy,
                |record| record.tainted = !record.tainted,
                |record| record.power = if record.power.is_some() { None } else { Some(Power::Stopped) },
                |record| record.power = record.power.map(|_| Power::Running),
                |record| {
                    let number = record.inputs.values_mut().find(|value| matches!(value, Value::Int(_)));
                    number.into_iter().for_each(|value| *value = Value::Int(7));
                },
            ];
            for (index, change) in changes.into_iter().enumerate() {
                let mut changed = state.clone();
                change(changed.resources.get_mut(address).unwrap());
                prop_assert!(changed_lines(&state, &changed) <= 2, "change {}", index);
            }
        }
    }
}
