//! All small worlds: one pod and one volume, in every shape that meets another rule of the planner, change into every
//! other.

use sindri::model::{Dialect, Power};

use crate::planner::checked;
use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::{Session, in_virtual_time};

/// All variants of the pod; `None` means not declared.
fn pods() -> Vec<Option<Pod>> {
    let mut pods = vec![None];
    for storage in [Storage::None, Storage::Own(20), Storage::Network("data")] {
        for (image, power) in [("image:1", None), ("image:2", None), ("image:1", Some(Power::Stopped))] {
            pods.push(Some(Pod { storage: storage.clone(), image, power, ..Pod::default() }));
        }
    }
    pods
}

fn fleet(pod: Option<&Pod>, region: &'static str, (in_place, create_first): (bool, bool)) -> Fleet {
    let fleet = Fleet::default().with_volume("data", Volume { region, ..Volume::default() });
    match pod {
        Some(pod) => fleet.with_pod("main", Pod { in_place, create_first, ..pod.clone() }),
        None => fleet,
    }
}

#[test]
fn every_small_world_becomes_every_other() {
    let pods = pods();
    for lifecycle in [(false, false), (false, true), (true, false), (true, true)] {
        // Changing the image in one direction proves as much as in the other.
        let first = pods.iter().filter(|pod| pod.as_ref().is_none_or(|pod| pod.image == "image:1"));
        for (before, after) in first.flat_map(|before| pods.iter().map(move |after| (before, after))) {
            // A volume in another place is another volume, which concerns any pod that mounts it.
            let mounted = [before, after].into_iter().flatten().any(|pod| matches!(pod.storage, Storage::Network(_)));
            for region in if mounted { &["US-CA-2", "US-KS-2"][..] } else { &["US-CA-2"] } {
                in_virtual_time(async {
                    let session = Session::new(Dialect::V2);
                    let first = fleet(before.as_ref(), "US-CA-2", lifecycle).resources(Dialect::V2);
                    let second = fleet(after.as_ref(), region, lifecycle).resources(Dialect::V2);
                    let created = session.apply(&first).await;
                    assert_eq!(created.plan.drift, []);
                    checked::apply(&session, &second).await;
                });
            }
        }
    }
}
