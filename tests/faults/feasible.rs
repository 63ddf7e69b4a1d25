//! Successors that cannot exist, and limits of the account: running pods keep running.

use std::collections::BTreeSet;

use serde_json::json;
use sindri::apply::Event;
use sindri::emulator::faults;
use sindri::model::{Action, Address, Dialect, Observed, Plan, Value};
use sindri::planner::PlanOptions;

use crate::support::fleet::{Fleet, Machine, Pod, Storage, Volume};
use crate::support::{Desired, Readings, Session, change, in_virtual_time, one, one_in, rest};

/// The pods with this attribute.
fn with(mut desired: Desired, attribute: &str, value: impl Into<Value>) -> Desired {
    let value = value.into();
    for resource in desired.values_mut().filter(|resource| resource.address.kind == "pod") {
        resource.inputs.insert(attribute.to_owned(), value.clone());
    }
    desired
}

fn fleet(image: &'static str) -> Desired {
    one(Pod { replicas: Some(3), image, ..Pod::default() })
}

fn messages(plan: &Plan) -> String {
    plan.all_refusals().map(|(_, refusal)| format!("{}: {}\n", refusal.code, refusal.message)).collect()
}

/// Number of `GET` requests so far whose path contains this.
fn asked(session: &Session, part: &str) -> usize {
    session
        .account
        .emulator
        .journal(0)
        .iter()
        .filter(|entry| entry.method == "GET" && entry.path.contains(part))
        .count()
}

#[test]
fn a_missing_credential_or_template_is_refused_in_the_plan_after_one_request() {
    for (attribute, collection, title) in
        [("registry_auth", "/registries/", "registry credential"), ("template", "/templates/", "template")]
    {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            session.apply(&fleet("image:1")).await;
            let plan = session.examined(&with(fleet("image:2"), attribute, "nope")).await;
            let refused = messages(&plan);
            assert!(refused.contains(&format!("impossible_create: no {title} `nope` in this account")), "{refused}");
            assert_eq!(plan.all_refusals().count(), 1, "three pods have one reason: {refused}");
            assert_eq!(asked(&session, collection), 1);
        });
    }
}

#[test]
fn if_a_credential_disappears_after_the_plan_every_pod_is_kept_after_one_request() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let key = session.account.post("registries", json!({ "name": "k", "username": "u", "password": "p" })).await;
        session.apply(&fleet("image:1")).await;
        let wanted = with(fleet("image:2"), "registry_auth", key.as_str());
        assert_eq!(messages(&session.examined(&wanted).await), "");
        session.account.delete("registries", &key).await;
        let before = asked(&session, "/registries/");
        // The plan of this apply knows only the lists, like a plan made hours ago.
        let applied = session.attempt(&wanted).await;
        assert_eq!((applied.report.failed, applied.requests.len()), (3, 0), "{:?}", applied.requests);
        applied.says(&["nothing was destroyed", &format!("no registry credential `{key}` in this account")]);
        assert_eq!(asked(&session, "/registries/") - before, 1, "once, and not once per pod");
        assert_eq!(session.pods().await.len(), 3);
    });
}

#[test]
fn a_template_for_serverless_workers_is_refused() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let body = json!({ "name": "t", "image": "image:1", "serverless": true });
        let template = session.account.post("templates", body).await;
        session.apply(&fleet("image:1")).await;
        let wanted = with(fleet("image:2"), "template", template.as_str());
        assert!(messages(&session.examined(&wanted).await).contains("it is for serverless workers"));
        let applied = session.attempt(&wanted).await;
        assert_eq!((applied.requests.len(), session.pods().await.len()), (0, 3), "{}", applied.text);
    });
}

#[test]
fn a_create_that_names_a_missing_template_is_noted_and_not_refused() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let plan = session.examined(&with(fleet("image:1"), "template", "nope")).await;
        assert_eq!(messages(&plan), "");
        let notes: Vec<&str> = plan.notes.iter().map(|note| note.message.as_str()).collect();
        assert!(notes.iter().any(|note| note.contains("no template `nope` in this account")), "{notes:?}");
        let plan = session.examined(&with(fleet("image:1"), "registry_auth", "nope")).await;
        assert!(messages(&plan).contains("no registry credential `nope`"), "what only the owner can use is not there");
    });
}

#[test]
fn a_volume_that_is_missing_or_in_another_region_is_refused() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let body = json!({ "name": "two", "size": 100, "dataCenter": "EU-RO-1" });
        let volume = session.account.post("network-volumes", body).await;
        session.apply(&fleet("image:1")).await;
        rest().await;
        let there = with(fleet("image:1"), "network_volume", volume.as_str());
        for (wanted, says) in [
            (with(fleet("image:1"), "network_volume", "nope"), "no network volume `nope` in this account".to_owned()),
            (
                with(there.clone(), "regions", Value::texts(["US-CA-2", "US-KS-2"])),
                format!("network volume `two` ({volume}) is in EU-RO-1, but the configuration allows US-CA-2, US-KS-2"),
            ),
        ] {
            let plan = session.plan(&wanted).await;
            assert!(messages(&plan).contains(&says), "{}", messages(&plan));
        }
        assert_eq!(messages(&session.plan(&there).await), "");
        assert_eq!(messages(&session.plan(&with(there.clone(), "regions", Value::texts(["EU-RO-1"]))).await), "");

        // The template is deleted between the plan and the first delete.
        let (state, observed) = (session.state(), session.observe().await);
        let plan = session.plan_from(Readings::of(&there, &state, &observed), sindri::planner::PlanOptions::default());
        assert_eq!(plan.all_refusals().count(), 0);
        session.account.delete("network-volumes", &volume).await;
        rest().await;
        let applied = session.carry_out(&plan, &observed).await;
        applied.says(&["nothing was destroyed", "no network volume"]);
        assert_eq!((applied.requests.len(), session.pods().await.len()), (0, 3));
    });
}

#[test]
fn a_body_too_large_to_send_is_refused_in_the_plan() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&one(Pod::default())).await;
        let large = |bytes| {
            let env = [("A".to_owned(), Value::text("y".repeat(bytes)))].into();
            with(one(Pod::default()), "env", Value::Map(env))
        };
        let plan = session.examined(&large(103_000)).await;
        assert!(messages(&plan).contains("RunPod accepts 102400"), "{}", messages(&plan));
        // The measured size is exactly the size of the request.
        let size = |plan: &Plan| {
            let message = messages(plan);
            message.split(" bytes").next().and_then(|text| text.rsplit(' ').next()?.parse::<usize>().ok())
        };
        let over = size(&plan).expect("a number of bytes") - 102_400;
        let fits = large(103_000 - over);
        assert_eq!(messages(&session.examined(&fits).await), "");
        session.apply(&fits).await;
        assert!(!messages(&session.examined(&large(103_001 - over)).await).is_empty());
    });
}

#[test]
fn a_limit_of_the_account_stops_everything_and_blames_no_setting() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&fleet("image:1")).await;
        session.account.fault("createPod", "spendLimit: 0.1");
        let applied = session.attempt(&fleet("image:2")).await;
        assert_eq!(applied.creates(), 1, "{:?}", applied.requests);
        applied.says(&["[account_limit]", "spend limit exceeded", "the account has reached a limit"]);
        assert!(!applied.text.contains("spelt"), "{}", applied.text);
        assert_eq!(session.pods().await.len(), 2, "one pod made room for a create; the others were kept");
    });
}

#[test]
fn a_fleet_is_not_destroyed_if_runpod_refuses_the_creates() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&fleet("image:1")).await;
        session.account.fault("createPod", "status: { code: 422 }");
        let applied = session.attempt(&fleet("image:2")).await;
        assert_eq!(applied.creates(), 1, "{:?}", applied.requests);
        applied
            .says(&["the first replacement could not be created, so no other object is destroyed for a replacement"]);
        assert_eq!(session.pods().await.len(), 2);
        // Once RunPod accepts the request again, the same command does the rest.
        session.account.calm();
        session.apply(&fleet("image:2")).await;
        assert_eq!(session.pods().await.len(), 3);
    });
}

/// The fleet, where each pod will mount a volume that is still to be created.
fn with_volume(region: &'static str) -> Desired {
    let machine = Machine::Cpus { flavors: &["cpu5c"], count: 2 };
    let pod = Pod { replicas: Some(3), storage: Storage::Network("data"), machine, ..Pod::default() };
    Fleet::default()
        .with_pod("main", pod)
        .with_volume("data", Volume { region, ..Volume::default() })
        .resources(Dialect::V2)
}

#[test]
fn a_fleet_is_kept_if_the_volume_of_its_successors_cannot_be_created() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&fleet("image:1")).await;
        session.account.fault("createNetworkVolume", "status: { code: 422 }");
        let applied = session.attempt(&with_volume("US-CA-2")).await;
        assert_eq!(applied.requests.len(), 1, "{:?}", applied.requests);
        assert_eq!(session.pods().await.len(), 3);
        session.account.calm();
        session.apply(&with_volume("US-CA-2")).await;
    });
}

#[test]
fn an_accepted_volume_does_not_end_the_trial_of_pods() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&fleet("image:1")).await;
        session.account.fault("createPod", "status: { code: 422 }");
        let applied = session.attempt(&with_volume("US-CA-2")).await;
        applied
            .says(&["the first replacement could not be created, so no other object is destroyed for a replacement"]);
        assert_eq!(session.pods().await.len(), 2);
    });
}

#[test]
fn a_volume_and_its_pods_are_kept_if_its_successor_cannot_be_created() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&with_volume("US-CA-2")).await;
        let applied = session.attempt(&with_volume("US-TX-4")).await;
        assert_eq!(applied.requests.len(), 1, "{:?}", applied.requests);
        applied.says(&["does not support network volumes"]);
        assert_eq!((session.pods().await.len(), session.observe().await.of_kind("network_volume").count()), (3, 1));
        session.apply(&with_volume("US-KS-2")).await;
        assert_eq!((session.pods().await.len(), session.observe().await.of_kind("network_volume").count()), (3, 1));
    });
}

#[test]
fn a_volume_mounted_by_an_unmanaged_pod_is_not_replaced() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&with_volume("US-CA-2")).await;
        let id = session.observe().await.of_kind("network_volume").next().expect("a volume").id.clone();
        let body = json!({ "name": "strange", "image": "image:1", "cloud": "SECURE", "disk": 20, "ports": [],
                           "cpu": { "id": "cpu5c", "vcpuCount": 2 },
                           "mounts": { "network": [{ "volumeId": id, "path": "/data" }] } });
        let strange = session.account.post("pods", body).await;
        rest().await;
        let mut wanted = with_volume("US-CA-2");
        let volume = wanted.get_mut(&Address::new("network_volume", "data")).expect("declared");
        volume.inputs.insert("region", Value::text("US-KS-2"));
        let plan = session.plan(&wanted).await;
        let says = format!("impossible_create: network volume {id} cannot be deleted while {strange} (\"strange\"");
        assert!(messages(&plan).contains(&says), "{}", messages(&plan));
        // Nothing delays operations that end costs.
        let all = PlanOptions {
            destroy: true,
            permits: BTreeSet::from(["--include-volumes".to_owned()]),
            ..PlanOptions::default()
        };
        let plan = session.plan_from(Readings::of(&wanted, &session.state(), &session.observe().await), all);
        assert_eq!(messages(&plan), "");
        assert!(plan.notes.iter().any(|note| note.message.contains("cannot be deleted while")), "{:?}", plan.notes);
    });
}

#[test]
fn a_create_of_unknown_outcome_may_exist_if_the_lists_fail() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let rules = "[{ match: { operation: createPod }, effect: { resetAfterEffect: true } },
                      { match: { operation: listPods }, effect: { status: { code: 500 } } }]";
        session.account.emulator.set_faults(faults::parse(rules, "test").expect("valid rules"));
        let desired = one(Pod::default());
        let observed = Observed::default();
        let plan = session.plan_from(Readings::of(&desired, &session.state(), &observed), PlanOptions::default());
        let applied = session.carry_out(&plan, &observed).await;
        applied.says(&["it may exist and be billed, but sindri could not check"]);
        let failed = applied.events.iter().filter(|event| matches!(event, Event::Failed { changed: true, .. }));
        assert_eq!(failed.count(), 1);
        let blind = applied.events.iter().filter(|event| matches!(event, Event::NotListed { .. }));
        assert_eq!(blind.count(), 1, "orphans could not be looked for either, and it says so");
        session.account.calm();
        assert_eq!(session.pods().await.len(), 1);
        let applied = session.apply(&desired).await;
        assert_eq!(applied.creates(), 0, "{:?}", applied.requests);
    });
}

#[test]
fn an_unavailable_cuda_version_is_out_of_stock_before_anything_is_destroyed() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&fleet("image:1")).await;
        let applied = session.attempt(&with(fleet("image:1"), "cuda_versions", Value::texts(["99.1"]))).await;
        applied.says(&["[no_capacity]", "nothing was destroyed"]);
        assert_eq!((applied.requests.len(), session.pods().await.len()), (0, 3));
    });
}

#[test]
fn memory_that_no_catalog_lists_is_noted() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&fleet("image:1")).await;
        let plan = session.plan(&with(fleet("image:1"), "min_ram_gb_per_gpu", Value::Int(4000))).await;
        let notes = plan.notes.iter().filter(|note| note.message.starts_with("RunPod does not report which machines"));
        assert_eq!(notes.count(), 1, "{:?}", plan.notes);
        assert_eq!(session.plan(&fleet("image:2")).await.notes, []);
    });
}

#[test]
fn stock_is_requested_once_and_its_lack_is_noted() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&fleet("image:1")).await;
        let types = &["NVIDIA GeForce RTX 3090"];
        let machine = Machine::Gpus { types, count: 1, least_ram_gb: None };
        let other = Fleet::default().with_pod("main", Pod { replicas: Some(3), machine, ..Pod::default() });
        let rule = sindri::emulator::CapacityRule { gpu: types[0].into(), data_center: "*".into(), free: 0 };
        session.account.modify(|inside, _| inside.set_capacity(vec![rule]));
        let before = asked(&session, "/catalog/gpus/");
        let plan = session.examined(&other.resources(Dialect::V2)).await;
        assert!(
            plan.notes.iter().any(|note| note.message.contains("no stock for its replacement")),
            "{:?}",
            plan.notes
        );
        assert_eq!(asked(&session, "/catalog/gpus/") - before, 1);
        let applied = session.attempt(&other.resources(Dialect::V2)).await;
        applied.says(&["[no_capacity]", "nothing was destroyed"]);
        assert_eq!(asked(&session, "/catalog/gpus/") - before, 2);
        assert_eq!(session.pods().await.len(), 3);
    });
}

/// Pods for which the file specifies only the machine, and a template the rest.
fn templated(id: &str, dialect: Dialect) -> Desired {
    let mut desired = with(one_in(Pod { replicas: Some(2), ..Pod::default() }, dialect), "template", id);
    for resource in desired.values_mut() {
        for attribute in ["image", "container_disk_gb", "volume_gb", "volume_mount_path", "entrypoint", "command"] {
            resource.inputs.insert(attribute.to_owned(), Value::Null);
        }
    }
    desired
}

#[test]
fn settings_from_a_template_are_neither_sent_nor_compared() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let body = json!({
                "name": "t", "image": "templated:1", "disk": 70, "ports": ["9000/http", "22/tcp"],
                "mounts": { "persistent": { "size": 40, "path": "/kept" } }, "args": "python serve.py",
                "env": { "FROM": "template" }, "startSsh": false, "startJupyter": false,
            });
            let id = session.account.post("templates", body).await;
            let desired = templated(&id, dialect);
            let applied = session.apply(&desired).await;
            assert_eq!(applied.creates(), 2);
            let journal = session.account.emulator.journal(0);
            let sent = journal.iter().filter(|entry| entry.path.ends_with("/pods") && entry.method == "POST");
            for body in sent.filter_map(|entry| entry.body.as_ref()) {
                for member in [
                    "image",
                    "disk",
                    "ports",
                    "mounts",
                    "args",
                    "registry",
                    "imageName",
                    "containerDiskInGb",
                    "volumeInGb",
                    "volumeMountPath",
                    "dockerStartCmd",
                ] {
                    assert!(body.get(member).is_none(), "{member}: {body}");
                }
            }
            rest().await;
            let pods = session.pods().await;
            let [pod, _] = pods.as_slice() else { panic!("{pods:?}") };
            assert_eq!(pod.attributes["image"].as_text(), Some("templated:1"));
            assert_eq!((&pod.attributes["container_disk_gb"], &pod.attributes["volume_gb"]), (&70.into(), &40.into()));

            let plan = session.plan(&desired).await;
            assert!(plan.is_empty() && plan.drift.is_empty(), "{:?} {:?}", plan.changes, plan.drift);
            assert!(session.state().resources.keys().all(|address| address.kind == "pod"), "no port is declared");
            session.refresh().await;
            assert!(session.plan(&desired).await.is_empty());
            assert_eq!(session.state().resources.len(), 2, "nothing that the template supplies is recorded");

            // Settings in the file are sent and compared.
            let named = with(desired.clone(), "container_disk_gb", 90);
            let plan = session.plan(&named).await;
            let address = Address::new("pod", "main").with_index(0);
            assert_eq!(plan.by_address()[&address].action, Action::Replace);
            assert_eq!(plan.by_address()[&address].fields.len(), 1);
            session.apply(&named).await;
            rest().await;
            let disks: Vec<Value> =
                session.pods().await.iter().map(|pod| pod.attributes["container_disk_gb"].clone()).collect();
            assert_eq!(disks, [Value::from(90), Value::from(90)]);
            assert!(session.plan(&named).await.is_empty());
        });
    }
}

#[test]
fn an_empty_list_of_ports_beside_a_template_is_a_setting() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let id = session
            .account
            .post("templates", json!({ "name": "t", "image": "i:1", "disk": 30, "ports": ["9/http"] }))
            .await;
        let none = with(templated(&id, Dialect::V2), "ports", Value::List(Vec::new().into()));
        session.apply(&none).await;
        rest().await;
        assert!(session.pods().await.iter().all(|pod| pod.attributes["ports"] == Value::List(Vec::new().into())));
        assert!(session.plan(&none).await.is_empty());
        let left = session.plan(&templated(&id, Dialect::V2)).await;
        assert!(left.is_empty(), "left to the template, whatever was applied: {:?}", left.changes);
    });
}

#[test]
fn ports_left_to_a_template_later_are_removed_from_the_state() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let body = json!({ "name": "t", "image": "i:1", "disk": 30, "ports": ["8888/http"] });
        let id = session.account.post("templates", body).await;
        let ports = ["8888/http"].into();
        let desired = with(one(Pod { ports, ..Pod::default() }), "template", id.as_str());
        session.apply(&desired).await;
        assert_eq!(session.state().resources.len(), 2);
        let mut left = desired.clone();
        left.retain(|address, _| address.kind == "pod");
        let plan = session.plan(&left).await;
        assert_eq!(change(&plan, "main").action, Action::NoOp);
        assert!(plan.is_empty(), "{:?}", plan.changes);
        session.apply(&left).await;
        assert!(session.plan(&left).await.drift.is_empty());
    });
}
