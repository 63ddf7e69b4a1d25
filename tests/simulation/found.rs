//! Findings of long searches, each named after its rule. Faults of sindri among them also have hand-written tests in
//! `tests/faults` (`moved`, `lost`, `lies`), because a seed gives another schedule once the generator changes.

use std::time::Duration;

use sindri::emulator::VolumeEvent;
use sindri::model::Dialect;
use sindri::planner::PlanOptions;
use tokio::time::sleep;

use crate::simulation::account::World;
use crate::simulation::actor::{Actor, Project, UnmanagedPolicy};
use crate::simulation::commands::{self, Company};
use crate::simulation::ledger::Ledger;
use crate::simulation::sabotage::Sabotage;
use crate::simulation::schedule::{Patient, Scope, put_right, run};
use crate::support::fleet::{Fleet, Volume};
use crate::support::in_virtual_time;

#[test]
fn the_copy_of_a_migrated_predecessor_is_destroyed_and_no_orphan() {
    // 51,644: its successor migrated too.
    for seed in [802, 51_644] {
        run(seed, Scope::PodsAndVolumes, Sabotage::None);
    }
}

#[test]
fn a_predecessor_kept_by_a_refused_plan_is_not_a_duplicate() {
    // 58,021: it migrated too.
    for seed in [9_236, 28_100, 58_021, 67_531] {
        run(seed, Scope::PodsAndVolumes, Sabotage::None);
    }
}

#[test]
fn the_copy_of_a_migrated_pod_is_reported_even_if_lists_still_show_a_deleted_one() {
    run(58_478, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_refresh_records_runpods_choice_even_for_a_declared_field() {
    commands::run(37, Company::Nobody, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn ports_of_a_missing_pod_are_not_recorded_for_its_successor() {
    commands::run(103, Company::Nobody, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_lock_is_recorded_by_the_request_that_sets_it() {
    commands::run(163, Company::Nobody, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn ignored_ports_are_recorded_as_observed() {
    commands::run(221, Company::Nobody, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn destroying_one_resource_leaves_the_ports_of_others_recorded() {
    for seed in [513, 590, 678] {
        commands::run(seed, Company::Nobody, Scope::PodsAndVolumes, Sabotage::None);
    }
}

#[test]
fn a_part_is_not_recorded_without_its_parent() {
    commands::run(728, Company::Nobody, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_record_is_not_renamed_while_a_request_about_it_is_pending() {
    commands::run(16_540, Company::Nobody, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_pod_keeps_its_mount_when_the_predecessor_of_its_volume_regains_the_address() {
    commands::run(19_789, Company::of(19_789), Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_predecessor_that_regains_its_address_is_recorded_as_observed() {
    commands::run(50_740, Company::of(50_740), Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_partial_plan_corrects_no_parts_of_resources_that_it_leaves_out() {
    commands::run(57_337, Company::of(57_337), Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn an_entry_that_is_not_followed_does_not_affect_markers() {
    commands::run(15_155, Company::of(15_155), Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_restart_is_waited_for_even_after_an_undocumented_status() {
    commands::run(2_237, Company::Others, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn a_volume_adopted_by_another_project_belongs_to_it() {
    // 90,748: its creator had found it by its attributes too.
    for seed in [31_947, 90_748] {
        run(seed, Scope::PodsAndVolumes, Sabotage::None);
    }
}

#[test]
fn after_a_lost_disk_the_successor_of_a_volume_is_found_by_its_attributes() {
    for seed in [8_564, 16_006, 17_042] {
        run(seed, Scope::PodsAndVolumes, Sabotage::None);
    }
}

#[test]
fn after_a_lost_disk_the_predecessor_of_a_stopped_pod_is_destroyed() {
    for seed in [19_453, 22_791, 25_471] {
        run(seed, Scope::PodsAndVolumes, Sabotage::None);
    }
}

#[test]
fn a_predecessor_is_kept_and_reported_while_its_stopped_successor_may_never_have_worked() {
    // 48,896: it mounts the predecessor of a volume, which is kept for as long.
    for seed in [48_896, 51_744, 53_269, 55_422] {
        run(seed, Scope::PodsAndVolumes, Sabotage::None);
    }
}

#[test]
fn after_a_lost_disk_the_predecessor_of_a_volume_is_destroyed_after_its_pods() {
    run(31_064, Scope::PodsAndVolumes, Sabotage::None);
}

#[test]
fn an_outside_change_of_a_list_with_references_may_match_the_configuration() {
    for seed in [2_169, 2_225] {
        run(seed, Scope::AllKinds, Sabotage::None);
    }
}

#[test]
fn a_record_does_not_need_a_secret_that_is_gone() {
    for seed in [114, 271, 274] {
        run(seed, Scope::AllKinds, Sabotage::None);
    }
}

/// One project adopts the volume of another, with its user's consent. Someone renames it, the first project loses its
/// disk and creates another, and the second project restores the old name. Now there are two, one for each project.
#[test]
fn an_adopted_volume_may_be_renamed_by_its_new_project() {
    in_virtual_time(async {
        let world = World::new(0);
        let actor = |name, signature| {
            let policy = UnmanagedPolicy::Adopt;
            let project =
                Project { name, environment: "default", dialect: Dialect::V2, policy, alike: true, signature };
            Actor::new(project, &world, 0, Sabotage::None)
        };
        let (first, second) = (actor("test", "main"), actor("rival", "rival"));
        let desired = Fleet::default().with_volume("data", Volume::default()).resources(Dialect::V2);
        let mut ledger = Ledger::default();
        first.apply(&desired, PlanOptions::default(), 1).await;
        second.apply(&desired, PlanOptions::default(), 2).await;
        ledger.check(&world.account.emulator, &[&first, &second]);
        assert_eq!(second.agreed.borrow().len(), 1, "it was taken over");

        world.account.emulator.modify(|inside, now| {
            let id = inside.volume_ids().next().expect("one volume").to_owned();
            inside.volume_event(&id, &VolumeEvent::Rename { name: "renamed".into() }, now).expect("it is there");
        });
        first.session.restore(None);
        sleep(Duration::from_secs(60)).await;
        first.apply(&desired, PlanOptions::default(), 3).await;
        second.apply(&desired, PlanOptions::default(), 4).await;
        for (actor, other) in [(&first, &second), (&second, &first)] {
            assert!(
                put_right(Patient { actor, other: Some(other), may_have_orphans: false }, &ledger, &desired, 5).await
            );
            ledger.check(&world.account.emulator, &[&first, &second]);
        }
        let volumes = world.account.emulator.modify(|inside, _| inside.volume_ids().count());
        assert_eq!(volumes, 2);
    });
}
