//! Files that cannot be trusted are refused and not changed; data that cannot be written is rescued or named in the
//! error.

use std::fs;
use std::path::Path;

use super::*;
use crate::files::Boundary;

#[tokio::test]
async fn a_state_of_another_environment_or_api_is_refused() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record(outcome(0, Some("a"))).await.unwrap();
    drop(locked);
    let others = [Identity { environment: "dev", ..PROD }, Identity { api: "sandbox", ..PROD }];
    // First only the journal says so, then only the state file.
    for from in [&paths.journal, &paths.state] {
        for other in &others {
            let refused = read(&paths, other).unwrap_err();
            let expected = if other.environment == "dev" { ("environment", "prod") } else { ("API", "runpod") };
            match &refused {
                StoreError::WrongWorld { path, what, found, .. } => {
                    assert_eq!((path, *what, found.as_str()), (from, expected.0, expected.1));
                }
                other => panic!("{other}"),
            }
        }
        lock(&paths).unwrap().checkpoint().unwrap();
    }
}

#[tokio::test]
async fn a_journal_of_another_lineage_is_refused_with_both() {
    let ((_one, paths), (_two, other)) = (world(), world());
    for paths in [&paths, &other] {
        let locked = lock(paths).unwrap();
        locked.record_all(vec![outcome(0, Some("a")), intent(1)]).await.unwrap();
        locked.checkpoint().unwrap();
    }
    let lineages = [&paths, &other].map(|paths| replay(paths).state.lineage);
    fs::copy(&other.journal, &paths.journal).unwrap();
    let refused = lock(&paths).unwrap_err();
    assert!(matches!(refused, StoreError::ForeignJournal { .. }), "{refused}");
    assert!(lineages.iter().all(|lineage| refused.to_string().contains(lineage.as_str())), "{refused}");
}

#[tokio::test]
async fn newer_files_are_refused_and_not_changed() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![outcome(0, Some("a")), intent(1)]).await.unwrap();
    locked.checkpoint().unwrap();
    drop(locked);
    for (path, old) in [(&paths.journal, "\"format_version\":2"), (&paths.state, "\"format_version\": 3")] {
        let good = fs::read_to_string(path).unwrap();
        // A newer format may use unknown words.
        let newer = good.replacen(old, "\"format_version\": 9, \"colour\": \"red\"", 1);
        assert_ne!(good, newer);
        fs::write(path, &newer).unwrap();
        for error in [read(&paths, &PROD).unwrap_err(), lock(&paths).unwrap_err()] {
            assert!(matches!(&error, StoreError::Newer { found: 9, path: named, .. } if named == path), "{error}");
        }
        assert_eq!(fs::read_to_string(path).unwrap(), newer);
        fs::write(path, good).unwrap();
    }
    lock(&paths).unwrap();
}

#[tokio::test]
async fn a_state_replaced_during_an_apply_is_not_overwritten() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record(outcome(0, Some("a"))).await.unwrap();
    locked.checkpoint().unwrap();
    locked.record(outcome(1, Some("b"))).await.unwrap();
    let mut checked_out = locked.snapshot().state;
    checked_out.resources.clear();
    fs::write(&paths.state, state_bytes(&checked_out)).unwrap();

    let Err(StoreError::Swapped { rescued: Some(rescued), .. }) = locked.checkpoint() else { panic!("not noticed") };
    assert_eq!(fs::read(&paths.state).unwrap(), state_bytes(&checked_out), "nothing was overwritten");
    assert_eq!(rescued.parent(), paths.state.parent());
    let saved = parse_state(&fs::read(&rescued).unwrap(), &rescued).unwrap();
    assert_eq!(ids(&saved), ["a", "b"]);
    drop(locked);
    assert_eq!(ids(&replay(&paths).state), ["b"], "what was recorded since stands in the journal");
}

#[tokio::test]
async fn records_that_could_not_be_read_again_are_not_written() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![outcome(0, Some("a")), outcome(1, Some("a"))]).await.unwrap();
    let error = locked.checkpoint().unwrap_err();
    assert!(matches!(error, StoreError::Contradiction { .. }), "{error}");
    assert!(!paths.state.exists());
    assert_eq!(ids(&replay(&paths).state), ["a", "a"], "the journal holds everything");
    locked.record(outcome(1, None)).await.unwrap();
    locked.checkpoint().unwrap();
    assert_eq!(ids(&replay(&paths).state), ["a"]);
}

#[tokio::test]
async fn a_dependency_on_a_forgotten_record_does_not_spoil_the_file() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    let mut dependent = record("b");
    dependent.depends_on = vec![pod(0)];
    let records = BTreeMap::from([(pod(1), Some(dependent))]);
    let second = Entry::Outcome(Outcome { operation: "op1".into(), records });
    locked.record_all(vec![outcome(0, Some("a")), second, outcome(0, None)]).await.unwrap();
    locked.checkpoint().unwrap();
    assert_eq!(ids(&replay(&paths).state), ["b"]);
    assert!(replay(&paths).state.resources[&pod(1)].depends_on.is_empty());
}

#[tokio::test]
async fn a_deleted_journal_is_recreated_without_losing_anything() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![outcome(0, Some("a")), intent(1)]).await.unwrap();
    fs::remove_file(&paths.journal).unwrap();
    locked.record(intent(2)).await.unwrap();
    let found = replay(&paths);
    assert_eq!((ids(&found.state), pending(&found)), (vec!["a"], vec!["op1", "op2"]));
}

#[tokio::test]
async fn a_deleted_folder_is_an_error_and_the_state_is_rescued() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record(outcome(0, Some("a"))).await.unwrap();
    fs::remove_dir_all(paths.state.parent().unwrap()).unwrap();
    for result in [locked.record(intent(1)).await, locked.checkpoint()] {
        let Err(StoreError::Vanished { rescued: Some(rescued), .. }) = result else { panic!("{result:?}") };
        assert_eq!(ids(&parse_state(&fs::read(&rescued).unwrap(), &rescued).unwrap()), ["a"]);
    }
    fs::remove_file(std::env::temp_dir().join(format!("prod.rescued-{}.json", std::process::id()))).unwrap();
    assert!(locked.snapshot().pending.is_empty(), "an intent that is not durable does not count");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn on_a_full_disk_an_intent_fails_and_an_outcome_waits_for_the_next_write() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    std::os::unix::fs::symlink("/dev/full", &paths.journal).unwrap();
    let error = locked.record(intent(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert!(locked.snapshot().pending.is_empty(), "its request is never sent");
    locked.record(outcome(1, Some("b"))).await.unwrap_err();
    assert_eq!(ids(&locked.snapshot().state), ["b"], "its request was sent");

    fs::remove_file(&paths.journal).unwrap();
    locked.record(intent(2)).await.unwrap_or_else(|error| panic!("{error}: {error:?}"));
    let found = replay(&paths);
    assert_eq!((ids(&found.state), pending(&found)), (vec!["b"], vec!["op2"]));
}

#[tokio::test]
async fn an_unwritten_outcome_is_written_with_the_next_entry() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    fs::create_dir(&paths.journal).unwrap();
    locked.record_all(vec![intent(0), outcome(1, Some("b"))]).await.unwrap_err();
    fs::remove_dir(&paths.journal).unwrap();
    locked.record(intent(2)).await.unwrap();
    let found = replay(&paths);
    assert_eq!((ids(&found.state), pending(&found)), (vec!["b"], vec!["op2"]));
    assert_eq!(found, locked.snapshot());
}

#[test]
fn a_write_protected_state_file_is_not_changed() {
    let (_folder, paths) = world();
    fs::create_dir_all(paths.state.parent().unwrap()).unwrap();
    fs::write(&paths.state, state_bytes(&State::new("l".into(), "prod".into(), "runpod".into()))).unwrap();
    let mut permissions = fs::metadata(&paths.state).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&paths.state, permissions).unwrap();
    let error = lock(&paths).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    read(&paths, &PROD).unwrap();
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error_with_its_path() {
    let (folder, paths) = world();
    fs::write(folder.path().join("state"), "a file where the folder should be").unwrap();
    let error = lock(&paths).unwrap_err();
    assert!(error.to_string().contains(&folder.path().join("state").display().to_string()), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_state_file_keeps_its_mode_and_link_and_leaves_no_temporary_files() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, paths) = world();
    let target = folder.path().join("elsewhere.json");
    fs::create_dir_all(paths.state.parent().unwrap()).unwrap();
    fs::write(&target, state_bytes(&State::new("l".into(), "prod".into(), "runpod".into()))).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o664)).unwrap();
    symlink(&target, &paths.state).unwrap();
    let (link, paths) =
        (&paths.state, Paths::resolved(&paths.state, &Boundary::around(folder.path(), &[]), false).unwrap());
    let leftover = folder.path().join(".elsewhere.json.x1.tmp");
    fs::write(&leftover, "from a killed writer").unwrap();

    let locked = lock(&paths).unwrap();
    locked.record(outcome(0, Some("a"))).await.unwrap();
    locked.checkpoint().unwrap();
    assert_eq!(ids(&parse_state(&fs::read(&target).unwrap(), &target).unwrap()), ["a"]);
    assert!(fs::symlink_metadata(link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o664);
    assert!(!leftover.exists());
    assert_eq!(names(link.parent().unwrap()), ["prod.json"]);
    assert_eq!(names(folder.path()), ["elsewhere.journal", "elsewhere.json", "elsewhere.lock", "state"]);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
