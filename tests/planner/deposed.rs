//! Predecessors that an interrupted replacement left behind: they go when their successor is there, and not before.

use sindri::model::{Action, Cause, Dialect, Verb};

use crate::fleet::{Fleet, Pod};
use crate::world::{World, in_virtual_time};

fn pod(image: &'static str) -> Fleet {
    Fleet::default().with_pod("main", Pod { image, create_first: true, ..Pod::default() })
}

/// A world whose `pod.main` has a successor that never comes up, and a predecessor that does its work.
async fn half_replaced() -> World {
    let world = World::new(Dialect::V2);
    world.apply(&pod("image:1").resources(Dialect::V2)).await;
    world.apply_however(&pod("emulator/slow:1").resources(Dialect::V2)).await;
    world
}

#[test]
fn a_predecessor_stays_until_its_successor_is_ready() {
    in_virtual_time(async {
        let world = half_replaced().await;
        let desired = pod("emulator/slow:1").resources(Dialect::V2);
        let working = world
            .state()
            .resources
            .iter()
            .find(|(it, _)| it.successor().is_some())
            .expect("it is recorded")
            .1
            .id
            .clone();
        assert!(world.observe().await.get("pod", &working).is_some());

        // The successor is tainted, so a third one is made: the predecessor's end waits for that.
        let plan = world.plan(&desired).await;
        let gone = plan.operations.iter().position(|it| it.id.as_deref() == Some(&working)).expect("it is to go");
        let made = plan.operations.iter().position(|it| it.address == "pod.main".parse().unwrap()).expect("a create");
        assert!(plan.operations[gone].depends_on.contains(&made), "{:#?}", plan.operations);
        world.apply_however(&desired).await;
        assert!(world.observe().await.get("pod", &working).is_some(), "the successor never came up");

        // One that does come up.
        let desired = pod("image:2").resources(Dialect::V2);
        world.apply(&desired).await;
        assert!(world.observe().await.get("pod", &working).is_none());
        assert!(world.plan(&desired).await.is_empty());
    });
}

#[test]
fn while_the_successor_is_still_coming_up_it_is_waited_for_before_the_predecessor_goes() {
    in_virtual_time(async {
        let world = half_replaced().await;
        let address = world.state().resources.keys().find(|it| it.successor().is_some()).expect("recorded").clone();
        let mut state = world.state();
        let successor = address.successor().expect("a successor");
        state.resources.get_mut(&successor).expect("recorded").tainted = false;
        let desired = pod("emulator/slow:1").resources(Dialect::V2);
        let observed = world.observe().await;
        let readings = crate::world::Readings { desired: &desired, moved: &[], prior: &state, observed: &observed };
        let plan = world.plan_from(readings, Default::default());
        let change = plan.changes.iter().find(|change| change.address == address).expect("it is told");
        let superseded = vec![Cause::Superseded { by: successor.clone() }];
        assert_eq!((change.action, &change.causes), (Action::Delete, &superseded));
        assert_eq!(plan.waits.iter().map(|wait| &wait.address).collect::<Vec<_>>(), [&successor]);
        let [wait, delete] = plan.operations.as_slice() else { panic!("{:#?}", plan.operations) };
        assert_eq!((wait.verb, delete.verb, delete.depends_on.as_slice()), (Verb::Wait, Verb::Delete, &[0][..]));
    });
}
