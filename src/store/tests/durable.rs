//! No acknowledged entry is lost, whenever a writer is stopped.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn a_missing_state_reads_as_empty_and_creates_no_files() {
    let (folder, paths) = world();
    let snapshot = read(&paths, &PROD).unwrap();
    assert!(snapshot.state.resources.is_empty() && snapshot.running.is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    lock(&paths).unwrap().checkpoint().unwrap();
    assert!(!paths.state.exists() && !paths.journal.exists(), "a command that did nothing leaves only its lock file");
}

#[tokio::test]
async fn the_state_reads_the_same_wherever_an_apply_is_killed() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    // The steps of an apply, with the records and pending intents that must be known once each step is durable.
    let steps: [(Entry, &[&str], &[&str]); 6] = [
        (intent(0), &[], &["op0"]),
        (outcome(0, Some("a")), &["a"], &[]),
        (intent(1), &["a"], &["op1"]),
        (intent(2), &["a"], &["op1", "op2"]),
        (outcome(0, None), &[], &["op1", "op2"]),
        (outcome(2, Some("c")), &["c"], &["op1"]),
    ];
    let mut lineage = None;
    for (entry, known, open) in steps {
        locked.record(entry).await.unwrap();
        let mut moments = vec![("recorded", copy(&paths))];
        let journal = fs::read(&paths.journal).unwrap();
        locked.checkpoint().unwrap();
        moments.push(("checkpointed", copy(&paths)));
        // A kill within the checkpoint, after the state was replaced and before the journal was reset.
        fs::write(&moments[1].1.1.journal, journal).unwrap();
        moments.push(("ended", copy(&paths)));
        for (moment, (_copy, copied)) in &moments {
            let found = replay(copied);
            assert_eq!((ids(&found.state), pending(&found)), (known.to_vec(), open.to_vec()), "{moment}");
            assert_eq!(&found.state.lineage, lineage.get_or_insert(found.state.lineage.clone()), "{moment}");
            // The next command that may write must reach the same state.
            let next = lock(copied).unwrap();
            assert_eq!(next.snapshot(), found, "{moment}");
            next.checkpoint().unwrap();
            assert_eq!(replay(copied), found, "{moment}");
        }
    }
}

fn copy(paths: &Paths) -> (TempDir, Paths) {
    let (folder, copied) = world();
    fs::create_dir_all(copied.state.parent().unwrap()).unwrap();
    for (from, to) in [(&paths.state, &copied.state), (&paths.journal, &copied.journal)] {
        if from.exists() {
            fs::copy(from, to).unwrap();
        }
    }
    (folder, copied)
}

#[tokio::test]
async fn a_journal_cut_at_any_byte_keeps_its_complete_lines_and_can_be_continued() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![intent(0), outcome(0, Some("a")), intent(1)]).await.unwrap();
    drop(locked);
    let whole = fs::read(&paths.journal).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&paths.journal, &whole[..cut]).unwrap();
        // The first line is the beginning.
        let entries = whole[..cut].iter().filter(|byte| **byte == b'\n').count().saturating_sub(1);
        let found = replay(&paths);
        let known = if entries >= 2 { vec!["a"] } else { vec![] };
        let open = [vec![], vec!["op0"], vec![], vec!["op1"]][entries].clone();
        assert_eq!((ids(&found.state), pending(&found)), (known.clone(), open.clone()), "cut at {cut}");
        let locked = lock(&paths).unwrap();
        locked.record(outcome(7, Some("later"))).await.unwrap();
        drop(locked);
        let found = replay(&paths);
        assert_eq!(ids(&found.state), [known, vec!["later"]].concat(), "cut at {cut}");
        assert_eq!(pending(&found), open, "cut at {cut}");
    }
}

#[tokio::test]
async fn an_invalid_complete_line_is_refused_with_its_number() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![intent(0), intent(1), intent(2)]).await.unwrap();
    drop(locked);
    let good = fs::read_to_string(&paths.journal).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    for (bad, line) in [(r#"{"entry":"#, 3), (r#"{"entry":"party"}"#, 2), (lines[0], 4), (lines[1], 1), ("", 2)] {
        let mut lines = lines.clone();
        lines[line - 1] = bad;
        let text = lines.join("\n") + "\n";
        fs::write(&paths.journal, &text).unwrap();
        for error in [read(&paths, &PROD).unwrap_err(), lock(&paths).unwrap_err()] {
            assert!(matches!(error, StoreError::Damaged(_)), "{error}");
            assert!(error.to_string().contains(&format!("line {line}, ")), "{error}");
        }
        assert_eq!(fs::read_to_string(&paths.journal).unwrap(), text, "left as it was");
    }
}

#[tokio::test]
async fn entries_that_arrive_together_share_a_flush() {
    let (_folder, paths) = world();
    let locked = Arc::new(lock(&paths).unwrap());
    locked.record(intent(1000)).await.unwrap();
    let before = locked.fsyncs();
    let tasks: Vec<_> = (0..100)
        .map(|index| {
            let locked = Arc::clone(&locked);
            tokio::spawn(async move { locked.record(outcome(index, Some(&format!("id{index}")))).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    // With 100 ready tasks, tokio polls its driver in between, where tasks that yielded continue.
    assert!(locked.fsyncs() - before <= 4, "{} flushes", locked.fsyncs() - before);
    assert_eq!(replay(&paths).state.resources.len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn entries_from_many_threads_are_all_durable_once_acknowledged() {
    let (_folder, paths) = world();
    let locked = Arc::new(lock(&paths).unwrap());
    let tasks: Vec<_> = (0..64)
        .map(|index| {
            let (locked, paths) = (Arc::clone(&locked), paths.clone());
            tokio::spawn(async move {
                locked.record(intent(index)).await.unwrap();
                assert!(fs::read_to_string(&paths.journal).unwrap().contains(&format!("\"op{index}\"")));
                locked.record(outcome(index, Some(&format!("id{index}")))).await.unwrap();
                if index % 8 == 0 {
                    locked.checkpoint().unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let found = replay(&paths);
    assert_eq!(found, locked.snapshot());
    assert_eq!((found.state.resources.len(), found.pending.len()), (64, 0));
}

#[tokio::test(start_paused = true)]
async fn recording_takes_no_simulated_time() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    let far = tokio::time::sleep(Duration::from_secs(3600));
    tokio::pin!(far);
    let start = tokio::time::Instant::now();
    tokio::select! {
        biased;
        result = locked.record(intent(0)) => result.unwrap(),
        () = &mut far => panic!("the clock ran ahead of a write"),
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn applying_n_resources_writes_bytes_in_proportion_to_n() {
    async fn written(resources: u32) -> u64 {
        let (_folder, paths) = world();
        let locked = lock(&paths).unwrap();
        for index in 100..100 + resources {
            locked.record(intent(index)).await.unwrap();
            locked.record(outcome(index, Some("id").map(|id| format!("{id}{index}")).as_deref())).await.unwrap();
        }
        locked.checkpoint().unwrap();
        assert!(locked.bytes_written() >= fs::metadata(&paths.state).unwrap().len());
        locked.bytes_written()
    }
    let (few, many) = (written(20).await, written(200).await);
    assert!(many <= 10 * few, "20 resources: {few} bytes, 200 resources: {many} bytes");
}

#[tokio::test]
async fn readers_see_a_complete_state_that_never_goes_back_during_checkpoints() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record(outcome(0, Some("1000"))).await.unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (paths, done) = (&paths, &done);
        let reader = scope.spawn(move || {
            let (mut last, mut readings) = (1000, 0);
            while !done.load(Ordering::Relaxed) || readings == 0 {
                let snapshot = read(paths, &PROD).unwrap();
                assert!(snapshot.running.is_some());
                let id: u32 = ids(&snapshot.state)[0].parse().unwrap();
                assert!(id >= last, "{id} after {last}");
                (last, readings) = (id, readings + 1);
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let writer = scope.spawn(move || {
            runtime.block_on(async {
                for id in 1001..1400 {
                    locked.record(outcome(0, Some(&id.to_string()))).await.unwrap();
                    locked.checkpoint().unwrap();
                }
            });
            locked
        });
        let locked = writer.join();
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        drop(locked);
    });
}

#[tokio::test]
async fn pending_intents_survive_checkpoints_and_processes_until_settled() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![intent(0), intent(1), outcome(1, Some("b"))]).await.unwrap();
    locked.checkpoint().unwrap();
    assert!(!fs::read_to_string(&paths.journal).unwrap().contains("op1"), "what is settled leaves the journal");
    let (journal, written) = (fs::read(&paths.journal).unwrap(), locked.bytes_written());
    locked.checkpoint().unwrap();
    assert_eq!((fs::read(&paths.journal).unwrap(), locked.bytes_written()), (journal, written));
    drop(locked);

    let locked = lock(&paths).unwrap();
    assert_eq!(pending(&locked.snapshot()), ["op0"]);
    locked.record(outcome(0, Some("a"))).await.unwrap();
    locked.checkpoint().unwrap();
    let left = fs::read_to_string(&paths.journal).unwrap();
    assert_eq!(left.lines().count(), 1, "only when something was last created is still worth knowing: {left}");
    assert_eq!(replay(&paths).last_create.map(|moment| moment.at).as_deref(), Some("2026-11-23T14:00:00Z"));
    assert_eq!(ids(&replay(&paths).state), ["a", "b"]);
}

#[tokio::test]
async fn a_journal_without_records_is_dropped_for_a_state_of_another_lineage() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![intent(0), outcome(0, Some("a"))]).await.unwrap();
    locked.checkpoint().unwrap();
    drop(locked);
    let mut other = replay(&paths).state;
    other.lineage = "another".into();
    fs::write(&paths.state, state_bytes(&other)).unwrap();
    assert_eq!(replay(&paths).state.lineage, "another");
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![intent(1), outcome(1, Some("b"))]).await.unwrap();
    locked.checkpoint().unwrap();
    assert_eq!((replay(&paths).state.lineage.as_str(), ids(&replay(&paths).state)), ("another", vec!["a", "b"]));
}

#[tokio::test]
async fn a_journal_without_a_state_file_is_a_state() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record_all(vec![intent(0), outcome(0, Some("a"))]).await.unwrap();
    let lineage = locked.snapshot().state.lineage;
    drop(locked);
    assert!(!paths.state.exists());
    let snapshot = read(&paths, &PROD).unwrap();
    assert_eq!((snapshot.state.lineage.as_str(), ids(&snapshot.state)), (lineage.as_str(), vec!["a"]));
}

#[tokio::test]
async fn unchanged_content_is_not_rewritten_in_another_layout() {
    let (_folder, paths) = world();
    let locked = lock(&paths).unwrap();
    locked.record(outcome(0, Some("a"))).await.unwrap();
    locked.checkpoint().unwrap();
    drop(locked);
    let compact =
        serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(&fs::read(&paths.state).unwrap()).unwrap())
            .unwrap();
    fs::write(&paths.state, &compact).unwrap();
    let locked = lock(&paths).unwrap();
    locked.record(outcome(0, Some("a"))).await.unwrap();
    locked.checkpoint().unwrap();
    assert_eq!(fs::read(&paths.state).unwrap(), compact);
    locked.record(outcome(0, Some("b"))).await.unwrap();
    locked.checkpoint().unwrap();
    assert_eq!(fs::read(&paths.state).unwrap(), state_bytes(&locked.snapshot().state));
}

#[tokio::test]
async fn only_a_state_without_records_can_continue_another_lineage() {
    let (_folder, paths) = world();
    // The result of an apply that created an object and destroyed it: a lineage and a time, but no record.
    let locked = lock(&paths).unwrap();
    for entry in [intent(0), outcome(0, Some("a")), intent(0), outcome(0, None)] {
        locked.record(entry).await.unwrap();
    }
    assert!(locked.continue_lineage("4f1c09aa4f1c09aa").unwrap());
    assert_eq!(replay(&paths).state.lineage, "4f1c09aa4f1c09aa");
    locked.record(outcome(1, Some("b"))).await.unwrap();
    // After a kill here, the files on disk must match.
    let found = replay(&paths);
    assert_eq!((ids(&found.state), found.state.lineage.as_str()), (vec!["b"], "4f1c09aa4f1c09aa"));
    assert!(found.last_create.is_some(), "lists may lag all the same");
    assert!(!locked.continue_lineage("0123456789abcdef").unwrap());
    locked.checkpoint().unwrap();
    assert_eq!(replay(&paths).state.lineage, "4f1c09aa4f1c09aa");
    drop(locked);

    let locked = lock(&paths).unwrap();
    locked.record_all(vec![outcome(1, None), intent(2)]).await.unwrap();
    assert!(!locked.continue_lineage("0123456789abcdef").unwrap(), "something is pending");
}
