//! The emulator's named scenarios. An apply during each of them may fail, and one apply afterwards puts everything
//! right.

use sindri::emulator::faults;
use sindri::model::Dialect;

use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::{Session, in_virtual_time, rest};

const SCENARIOS: [&str; 10] = [
    "calm",
    "flaky",
    "eventual",
    "scarce",
    "storm",
    "spot",
    "restart-without-gpu",
    "broke",
    "v1-retired",
    "august-spec",
];

fn fleet(image: &'static str, dialect: Dialect) -> crate::support::Desired {
    let pod = Pod { image, in_place: true, ports: ["22/tcp"].into(), ..Pod::default() };
    let mounting = Pod { storage: Storage::Network("data"), ..pod.clone() };
    let fleet = Fleet::default().with_volume("data", Volume::default()).with_pod("mounting", mounting);
    fleet.with_pod("worker", Pod { replicas: Some(4), ..pod }).resources(dialect)
}

#[test]
fn after_every_scenario_one_apply_puts_everything_right() {
    for name in SCENARIOS {
        for dialect in [Dialect::V1, Dialect::V2] {
            // Then not even a read works, and `apiVersion: v2` is the only solution.
            if (name, dialect) == ("v1-retired", Dialect::V1) {
                continue;
            }
            in_virtual_time(async {
                let session = Session::new(dialect);
                session.account.emulator.set_faults(faults::scenario(name).expect("a scenario"));
                for image in ["image:1", "image:2"] {
                    session.attempt(&fleet(image, dialect)).await;
                }
                session.account.calm();
                session.account.modify(|inside, now| inside.set_account(Some(100.0), None, now));
                rest().await;
                let desired = fleet("image:2", dialect);
                session.apply(&desired).await;
                rest().await;
                let plan = session.plan(&desired).await;
                assert!(plan.is_empty() && plan.orphans.is_empty(), "{name}, {dialect}: {:#?}", plan.orphans);
                assert_eq!(session.pods().await.len(), 5, "{name}, {dialect}");
            });
        }
    }
}
