//! Journals of other builds: entries of an earlier one are read, and its open operations are resolved.

use sindri::apply::Event;
use sindri::kind::{NETWORK_VOLUME, POD};
use sindri::model::{Address, Dialect, Marker, Power};

use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::{Session, in_virtual_time, rest};

/// As written by the first builds that applied anything: nothing about the last create, outcomes that say whether they
/// settle, and no creator of deleted objects. Killed while writing the last line. Ids are in angle brackets.
const EARLIER: &str = include_str!("../fixtures/journals/of-an-earlier-build.jsonl");

const LINEAGE: &str = "4f1c09aa55d0e7b1";

#[test]
fn a_journal_of_an_earlier_build_is_read_and_its_open_operations_are_settled() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let pod = Pod { ports: ["22/tcp"].into(), ..Pod::default() };
        let kept = Pod { storage: Storage::Network("data"), ..pod.clone() };
        let fleet = Fleet::default().with_volume("data", Volume::default()).with_pod("kept", kept);
        let desired = fleet.with_pod("lost", pod.clone()).with_pod("never", pod).resources(Dialect::V2);

        // The effects of that build's requests: one create's answer was lost, one pod was deleted, one was never
        // created.
        let volume = Address::new("network_volume", "data");
        let data = session.makes(&NETWORK_VOLUME, &desired[&volume], None).await;
        let (mut ids, mut text) = (Vec::new(), EARLIER.replace("<data>", &data));
        for (name, operation) in [("kept", "0000000000000002"), ("lost", "0000000000000004")] {
            let address = Address::new("pod", name);
            let marker = Marker {
                lineage: LINEAGE.into(),
                name: "test".into(),
                environment: "default".into(),
                address: address.clone(),
                operation: operation.into(),
            };
            let mut resource = desired[&address].clone();
            resource.inputs.insert("ports", sindri::model::Value::texts(["22/tcp"]));
            if name == "kept" {
                resource.inputs.insert("network_volume", data.as_str().into());
            }
            let id = session.makes(&POD, &resource, Some(&marker)).await;
            text = text.replace(&format!("<{name}>"), &id);
            ids.push(id);
        }
        session.put_journal(&text.replace("<gone>", "gone1234567890"));
        rest().await;

        let applied = session.apply(&desired).await;
        let reported: Vec<String> = applied
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Recovered { address, verb, how, .. } => Some(format!("{} {address}: {how}", verb.word())),
                _ => None,
            })
            .collect();
        assert_eq!(
            reported,
            [
                "create pod.lost: it had been created; the response was lost",
                "delete pod.gone: it no longer exists",
                "stop pod.kept: it had no effect",
                "create pod.never: no list shows it, so it was never created",
            ]
        );
        assert_eq!(applied.requests, ["POST /v2/pods"], "one pod, the one that never came to be");
        let state = session.state();
        assert_eq!(state.lineage, LINEAGE);
        assert_eq!([session.record("kept").id, session.record("lost").id], ids[..]);
        assert_eq!(session.record("kept").power, Some(Power::Running));
        assert!(!state.resources.contains_key(&Address::new("pod", "gone")));
        assert_eq!(state.resources[&volume].id, data);
        rest().await;
        assert!(session.plan(&desired).await.is_empty());
    });
}
