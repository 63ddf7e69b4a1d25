//! Requests refused by RunPod, or by the gateway in front of it.

use sindri::model::{Dialect, Power};

use crate::support::fleet::{Machine, Pod};
use crate::support::{Session, in_virtual_time, one, one_in, rest};

fn choosy() -> Pod {
    let types = &["NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 4090"];
    Pod { machine: Machine::Gpus { types, count: 1, least_ram_gb: None }, ..Pod::default() }
}

#[test]
fn a_gateway_that_refuses_every_create_stops_the_apply_with_its_text() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.account.fault("createPod", "objectMountsBug: true");
        let applied = session.attempt(&one(choosy())).await;
        assert_eq!(applied.creates(), 1, "another GPU type would be refused for the same reason");
        assert!(!applied.report.only_capacity);
        applied.says(&["[invalid_request]", "\"objectMounts\" is not defined", "Nothing was changed"]);
        assert!(session.state().resources.is_empty() && session.pods().await.is_empty());
        session.account.calm();
        session.apply(&one(choosy())).await;
    });
}

#[test]
fn missing_stock_tries_the_next_candidate_and_is_reported_after_the_last() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.account.fault("createPod, gpu: '*3090'", "noCapacity: true");
        let applied = session.apply(&one(choosy())).await;
        assert_eq!(applied.creates(), 2);
        assert_eq!(session.record("main").chosen["gpu_type"], "NVIDIA GeForce RTX 4090");

        let session = Session::new(Dialect::V2);
        session.account.fault("createPod", "noCapacity: true");
        let applied = session.attempt(&one(choosy())).await;
        assert!(applied.report.only_capacity);
        applied.says(&["[no_capacity]", "There are no longer any instances available"]);
    });
}

#[test]
fn a_start_on_a_full_host_fails_with_runpods_text_and_does_not_change_the_pod() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let with = |power| one_in(Pod { power: Some(power), ..Pod::default() }, dialect);
            session.apply(&with(Power::Stopped)).await;
            rest().await;
            session.account.fault("'*'", "resumeRefused: true");
            let applied = session.attempt(&with(Power::Running)).await;
            applied.says(&["could not start", "There are not enough free GPUs on the host machine"]);
            assert_eq!(session.record("main").power, Some(Power::Stopped));
            session.account.calm();
            session.apply(&with(Power::Running)).await;
        });
    }
}

#[test]
fn a_client_blocked_by_the_gateway_is_distinguished_from_a_bad_key_and_stops_everything() {
    in_virtual_time(async {
        let mut session = Session::new(Dialect::V2);
        session.parallelism = 1;
        session.account.fault("createPod", "cloudflare1010: true");
        let applied = session.attempt(&one(Pod { replicas: Some(3), ..Pod::default() })).await;
        assert_eq!((applied.creates(), applied.report.failed, applied.report.skipped), (1, 1, 2));
        applied.says(&["[client_blocked]", "error code: 1010", "refused the client, not the key"]);
    });
}
