//! Properties of every configuration. `PROPTEST_CASES` sets the number of cases.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::Config;
use sindri::model::{Action, Dialect, RefusalCode, Risk};
use sindri::planner::PlanOptions;

use crate::planner::checked;
use crate::planner::outside_changes::change_outside;
use crate::support::fleet::{Fleet, Machine, Storage};
use crate::support::generate::{dialect, fleet, history, outside_changes};
use crate::support::{Session, in_virtual_time, rest};

pub fn cases(standard: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(standard), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn after_an_apply_there_is_nothing_left_to_do(dialect in dialect(), fleet in fleet()) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let plan = checked::apply(&session, &fleet.resources(dialect)).await;
            prop_assert!(plan.changes.iter().all(|change| change.action == Action::Create));
            prop_assert!(plan.changes.iter().all(|change| change.risk == Risk::None));
            Ok(())
        })?;
    }

    #[test]
    fn any_configuration_can_become_any_other(dialect in dialect(), (first, second) in history()) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            checked::apply(&session, &first.resources(dialect)).await;
            checked::apply(&session, &second.resources(dialect)).await;
        });
    }

    #[test]
    fn destroying_leaves_network_volumes_and_nothing_else(dialect in dialect(), fleet in fleet()) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let desired = fleet.resources(dialect);
            checked::apply(&session, &desired).await;
            let options = PlanOptions { destroy: true, ..PlanOptions::default() };
            let applied = session.apply_unless_refused(&desired, &[], options).await;
            let meant = [RefusalCode::Locked, RefusalCode::PreventDestroy];
            prop_assert!(applied.plan.all_refusals().all(|(_, refusal)| meant.contains(&refusal.code)));
            if applied.plan.all_refusals().next().is_none() {
                let left = session.state().resources.into_keys();
                prop_assert!(left.eq(desired.into_keys().filter(|address| address.kind == "network_volume")));
                prop_assert_eq!(session.account.emulator.inspect(|world| world.pod_ids().count()), 0);
                prop_assert_eq!(session.account.emulator.inspect(|world| world.volume_ids().count()), fleet.volumes.len());
            }
            Ok(())
        })?;
    }

    #[test]
    fn outside_changes_are_reported_and_reverted(dialect in dialect(), fleet in fleet(), deeds in outside_changes()) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let desired = fleet.resources(dialect);
            checked::apply(&session, &desired).await;
            let objects: Vec<_> = session.observe().await.iter().cloned().collect();
            let mut touched = BTreeSet::new();
            let mut expected = Vec::new();
            for (deed, which) in deeds.iter().filter(|_| !objects.is_empty()) {
                let object = which.get(&objects);
                if touched.insert(&object.id) {
                    expected.extend(change_outside(&session, *deed, object));
                }
            }
            rest().await;
            let plan = session.plan(&desired).await;
            for expected in &expected {
                prop_assert!(expected.is_named(&plan.drift), "{expected:?} {:#?}", plan.drift);
            }
            checked::apply(&session, &desired).await;
            Ok(())
        })?;
    }

    #[test]
    fn a_state_created_in_one_dialect_works_in_the_other(dialect in dialect(), fleet in fleet()) {
        let fleet = in_both_dialects(fleet);
        let other = if dialect == Dialect::V1 { Dialect::V2 } else { Dialect::V1 };
        in_virtual_time(async {
            let mut session = Session::new(dialect);
            checked::apply(&session, &fleet.resources(dialect)).await;
            // For a community pod, v1 shows only that it has a machine; v2 shows when it is ready.
            tokio::time::sleep(std::time::Duration::from_secs(600)).await;
            session.speak(other);
            let plan = session.plan(&fleet.resources(other)).await;
            prop_assert!(plan.is_empty(), "{:#?}", plan.changes);
            prop_assert_eq!(&plan.drift, &[]);
            Ok(())
        })?;
    }
}

/// Limits a fleet to what both dialects can express.
fn in_both_dialects(mut fleet: Fleet) -> Fleet {
    for pod in fleet.pods.values_mut() {
        pod.ssh = None;
        if let (Machine::Cpus { .. }, Storage::Own(_)) = (&pod.machine, &pod.storage) {
            pod.storage = Storage::None;
        }
        let mounts = match pod.storage {
            Storage::Network(key) => fleet.volumes.contains_key(key),
            Storage::Own(_) => true,
            Storage::None => false,
        };
        if !mounts {
            // v2 cannot express a mount path without a mount, and v1 always shows a path.
            pod.path = "/workspace";
        }
    }
    fleet
}
