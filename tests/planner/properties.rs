//! What holds for every configuration. `PROPTEST_CASES` asks for more of them.

use proptest::prelude::*;
use proptest::test_runner::Config;
use sindri::model::{Action, Risk};
use sindri::planner::Options;

use crate::generate::{dialect, fleet, history};
use crate::life;
use crate::world::{World, in_virtual_time};

fn cases(standard: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(standard), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn after_an_apply_there_is_nothing_left_to_do(dialect in dialect(), fleet in fleet()) {
        in_virtual_time(async {
            let world = World::new(dialect);
            let plan = life::apply(&world, &fleet.resources(dialect)).await;
            prop_assert!(plan.changes.iter().all(|change| change.action == Action::Create));
            prop_assert!(plan.changes.iter().all(|change| change.risk == Risk::None));
            Ok(())
        })?;
    }

    #[test]
    fn any_configuration_can_become_any_other(dialect in dialect(), (first, second) in history()) {
        in_virtual_time(async {
            let world = World::new(dialect);
            life::apply(&world, &first.resources(dialect)).await;
            life::apply(&world, &second.resources(dialect)).await;
        });
    }

    #[test]
    fn destroying_leaves_network_volumes_and_nothing_else(dialect in dialect(), fleet in fleet()) {
        in_virtual_time(async {
            let world = World::new(dialect);
            let desired = fleet.resources(dialect);
            life::apply(&world, &desired).await;
            let options = Options { destroy: true, ..Options::default() };
            let applied = world.apply_with(&desired, &[], options).await;
            let meant = ["locked", "prevent_destroy"];
            prop_assert!(applied.plan.all_refusals().all(|(_, refusal)| meant.contains(&refusal.code.as_str())));
            if applied.plan.all_refusals().next().is_none() {
                let left = world.state().resources.into_keys();
                prop_assert!(left.eq(desired.into_keys().filter(|address| address.kind == "network_volume")));
                prop_assert_eq!(world.emulator.look(|world| world.pod_ids().count()), 0);
                prop_assert_eq!(world.emulator.look(|world| world.volume_ids().count()), fleet.volumes.len());
            }
            Ok(())
        })?;
    }
}
