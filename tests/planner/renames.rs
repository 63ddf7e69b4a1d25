//! Probable renames are reported, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use sindri::config::Move;
use sindri::model::{Address, Dialect, Plan, Power, Resource};
use sindri::planner::PlanOptions;
use sindri::render::{PlanView, Style, text};

use crate::planner::checked;
use crate::support::fleet::{Fleet, Machine, Pod, Storage, Variable, Volume};
use crate::support::{Readings, Session, in_virtual_time};

const A4000: Machine = Machine::Gpus { types: &["NVIDIA RTX A4000"], count: 1, least_ram_gb: None };

fn pairs(plan: &Plan) -> Vec<(String, String)> {
    plan.renames.iter().map(|rename| (rename.from.to_string(), rename.to.to_string())).collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
}

fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    text::plan(&mut text, plan, &PlanView::default(), &Style::default()).expect("a string takes everything");
    text
}

/// Applies `before`, and plans `after`.
fn between(before: Fleet, after: &Fleet) -> Plan {
    between_resources(&before.resources(Dialect::V2), &after.resources(Dialect::V2))
}

fn between_resources(before: &BTreeMap<Address, Resource>, after: &BTreeMap<Address, Resource>) -> Plan {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, before).await;
        session.plan(after).await
    })
}

fn pod() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("1")), ("TOKEN", Variable::Secret("one"))]);
    Pod { env, ports: BTreeSet::from(["22/tcp", "8888/http"]), storage: Storage::Own(20), ..Pod::default() }
}

#[test]
fn a_pod_with_only_a_new_key_looks_renamed_and_follows_the_suggested_entries() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            checked::apply(&session, &Fleet::default().with_pod("train", pod()).resources(dialect)).await;
            let id = session.observe().await.of_kind("pod").next().expect("a pod").id.clone();
            let after = Fleet::default().with_pod("trainer", pod()).resources(dialect);
            let plan = session.plan(&after).await;
            assert_eq!(pairs(&plan), owned(&[("pod.train", "pod.trainer")]));
            let rename = &plan.renames[0];
            assert_eq!((rename.id.as_str(), rename.differing.len(), rename.keeps), (id.as_str(), 0, true));

            let moved = plan.renames.iter().map(|rename| Move {
                from: rename.from.clone(),
                to: rename.to.clone(),
                position: None,
            });
            let applied = session.apply_with(&after, &moved.collect::<Vec<_>>(), PlanOptions::default()).await;
            assert_eq!((applied.plan.renames, applied.requests.len()), (vec![], 1), "a move leaves nothing to tell");
            checked::settled(&session, &after).await;
        });
    }
}

#[test]
fn one_entry_renames_all_replicas_of_a_key() {
    let replicated = |key, count| Fleet::default().with_pod(key, Pod { replicas: Some(count), ..pod() });
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            checked::apply(&session, &replicated("train", 3).resources(dialect)).await;
            let ids = |kind| -> BTreeSet<String> {
                session
                    .state()
                    .resources
                    .values()
                    .filter(|record| record.kind == kind)
                    .map(|record| record.id.clone())
                    .collect()
            };
            let before = ids("pod");
            let after = replicated("trainer", 3).resources(dialect);
            let offered = shown(&session.plan(&after).await);
            assert!(offered.contains("      - { from: pod.train, to: pod.trainer }\n"), "{offered}");
            assert_eq!(offered.matches("from:").count(), 1, "{offered}");

            let keys = |from: &str, to: &str| Move {
                from: Address::new("pod", from),
                to: Address::new("pod", to),
                position: None,
            };
            let applied = session.apply_with(&after, &[keys("train", "trainer")], PlanOptions::default()).await;
            assert_eq!((applied.plan.renames, applied.requests.len()), (vec![], 3), "names alone change");
            assert_eq!(ids("pod"), before);
            checked::settled(&session, &after).await;
            // Already applied: the entry stays in the file, and does nothing.
            let readings = session.plan(&after).await;
            assert!(readings.is_empty());
        });
    }
}

#[test]
fn replicas_keep_their_numbers_and_a_single_pod_becomes_the_first_of_them() {
    let replicated = |key, count| Fleet::default().with_pod(key, Pod { replicas: Some(count), ..pod() });
    let single = |key| Fleet::default().with_pod(key, pod());
    let plan = between(replicated("train", 3), &replicated("trainer", 3));
    let same: Vec<_> = (0..3).map(|index| (format!("pod.train[{index}]"), format!("pod.trainer[{index}]"))).collect();
    assert_eq!(pairs(&plan), same);
    let plan = between(single("trainer"), &replicated("trainer", 2));
    assert_eq!(pairs(&plan), owned(&[("pod.trainer", "pod.trainer[0]")]));
    let plan = between(replicated("trainer", 2), &single("trainer"));
    assert_eq!(pairs(&plan), owned(&[("pod.trainer[0]", "pod.trainer")]));
}

#[test]
fn a_volume_and_its_pods_with_new_keys_look_renamed() {
    let fleet = |volume, key| {
        let pod = Pod { storage: Storage::Network(volume), ..pod() };
        Fleet::default().with_volume(volume, Volume::default()).with_pod(key, pod)
    };
    let plan = between(fleet("data", "train"), &fleet("datasets", "trainer"));
    let expected = [("network_volume.data", "network_volume.datasets"), ("pod.train", "pod.trainer")];
    assert_eq!(pairs(&plan), owned(&expected));
    // A volume of another size is not a rename: growing it with someone's data would be a surprise.
    let other = Fleet::default().with_volume("scratch", Volume { size_gb: 80, ..Volume::default() });
    assert_eq!(pairs(&between(Fleet::default().with_volume("data", Volume::default()), &other)), owned(&[]));
}

#[test]
fn a_different_pod_is_not_suggested() {
    let before = || Fleet::default().with_pod("train", pod());
    let others = [
        Pod { image: "image:2", machine: A4000, ..pod() },
        Pod { machine: A4000, ..pod() },
        Pod { regions: &["EU-RO-1"], machine: A4000, ..pod() },
        Pod { storage: Storage::None, image: "image:2", ..pod() },
        // A pod that differs in as many attributes as it shares.
        Pod { image: "image:2", env: BTreeMap::new(), ports: BTreeSet::new(), ..pod() },
    ];
    for other in others {
        let after = Fleet::default().with_pod("eval", other.clone());
        assert_eq!(pairs(&between(before(), &after)), owned(&[]), "{other:?}");
    }
    // Both are still declared, or both are new, so there is nothing to choose.
    assert_eq!(pairs(&between(before(), &before().with_pod("eval", pod()))), owned(&[]));
    assert_eq!(pairs(&between(Fleet::default(), &before().with_pod("eval", pod()))), owned(&[]));
}

#[test]
fn two_equal_pods_are_paired_once_each_and_a_flag_turns_it_off() {
    let two = |one, other| Fleet::default().with_pod(one, pod()).with_pod(other, pod());
    let plan = between(two("eval", "train"), &two("trainer", "evaluate"));
    assert_eq!(pairs(&plan), owned(&[("pod.eval", "pod.evaluate"), ("pod.train", "pod.trainer")]));
    // Among several candidates, the most similar name.
    let plan = between(Fleet::default().with_pod("train", pod()), &two("eval", "trainer"));
    assert_eq!(pairs(&plan), owned(&[("pod.train", "pod.trainer")]));
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &two("eval", "train").resources(Dialect::V2)).await;
        let after = two("trainer", "evaluate").resources(Dialect::V2);
        let (state, observed) = (session.state(), session.observe().await);
        let readings = || Readings::of(&after, &state, &observed);
        for options in [
            PlanOptions { no_renames: true, ..PlanOptions::default() },
            PlanOptions { destroy: true, ..PlanOptions::default() },
        ] {
            assert_eq!(pairs(&session.plan_from(readings(), options)), owned(&[]));
        }
    });
}

#[test]
fn a_stopped_pod_is_renamed_like_a_running_one() {
    let stopped = || Pod { power: Some(Power::Stopped), ..pod() };
    let plan = between(Fleet::default().with_pod("train", stopped()), &Fleet::default().with_pod("trainer", stopped()));
    assert_eq!(pairs(&plan), owned(&[("pod.train", "pod.trainer")]));
}

#[test]
fn ambiguous_pairs_are_not_suggested_but_replicas_pair_by_number() {
    // Only the content of the file counts, not the position in it.
    let written = |fleet: &Fleet| {
        let mut resources = fleet.resources(Dialect::V2);
        for resource in resources.values_mut() {
            let positions =
                ["image", "gpu_types", "volume_gb"].map(|name| (name.to_owned(), resource.position.clone()));
            resource.positions.extend(positions.into_iter().filter_map(|(name, at)| Some((name, at?))));
        }
        resources
    };
    let other = || Pod { command: &["sleep", "1"], ..pod() };
    let single = |pod: Pod, keys: &[&'static str]| {
        keys.iter().fold(Fleet::default(), |fleet, key| fleet.with_pod(key, pod.clone()))
    };
    let plan = between_resources(&written(&single(pod(), &["x"])), &written(&single(other(), &["y", "z"])));
    assert_eq!(pairs(&plan), owned(&[]));
    let plan = between_resources(&written(&single(pod(), &["x"])), &written(&single(other(), &["y"])));
    assert_eq!(pairs(&plan), owned(&[("pod.x", "pod.y")]));
    assert_eq!((plan.renames[0].differing.as_slice(), plan.renames[0].keeps), (&["command".to_owned()][..], false));
    let replicas = |pod: Pod, key| written(&Fleet::default().with_pod(key, Pod { replicas: Some(2), ..pod }));
    let plan = between_resources(&replicas(pod(), "x"), &replicas(Pod { in_place: true, ..other() }, "y"));
    assert_eq!(pairs(&plan), owned(&[("pod.x[0]", "pod.y[0]"), ("pod.x[1]", "pod.y[1]")]));
    assert!(plan.renames.iter().all(|rename| rename.keeps), "they are changed in place");
}
