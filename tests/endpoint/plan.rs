//! Plans with endpoints: effects, risks, costs and drift.

use sindri::kind::ENDPOINT;
use sindri::model::{
    Action, Change, Dialect, DriftClass, DriftResponse, Effect, Money, Plan, RefusalCode, Risk, Value,
};
use sindri::planner::PlanOptions;
use sindri::render::{PlanView, Style, markdown, text};
use sindri::runpod::Api;

use super::desired::{config, file, queue, sd};
use crate::support::{Desired, Readings, Session, checked_plan, golden, in_virtual_time};

fn desired(yaml: &str) -> Desired {
    config(yaml).resources
}

fn change(plan: &Plan) -> &Change {
    plan.by_address()[&sd()]
}

/// A session whose endpoint exists as this file describes it.
async fn existing(yaml: &str) -> Session {
    let session = Session::new(Dialect::V2);
    session.apply(&desired(yaml)).await;
    session
}

/// The plan as people read it, with the same id in every run.
fn shown(plan: &Plan) -> String {
    let view =
        PlanView { config: "sindri.yaml".into(), catalog_date: Some("2026-11-23".into()), ..PlanView::default() };
    let mut out = String::new();
    text::plan(&mut out, plan, &view, &Style::default()).expect("a string takes everything");
    match change(plan).id.as_deref() {
        Some(id) => out.replace(id, "ep1"),
        None => out,
    }
}

const FULL: &str = "workers: { min: 1, max: 5 }\nenv: { A: b }";

#[test]
fn plans_read_well() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let plan = session.plan(&desired(&queue(FULL))).await;
        golden::check("endpoint/create.txt", &shown(&plan));
        session.apply(&desired(&queue(FULL))).await;
        let changed = queue("workers: { min: 0, max: 8 }\nenv: { A: c }\nscaling: { requestCount: 4 }");
        let changed = changed.replace("worker:1.0", "worker:1.1");
        golden::check("endpoint/update.txt", &shown(&session.plan(&desired(&changed)).await));
        let other = file(
            "type: loadBalancer\nimage: example/worker:1.0\ngpuType: RTX 4090\nscaling: { requestCount: 4 }\n\
             workers: { min: 1, max: 5 }",
        );
        let plan = session.plan(&desired(&other)).await;
        golden::check("endpoint/replace.txt", &shown(&plan));
        let mut page = String::new();
        markdown::plan(&mut page, &plan, &PlanView { config: "sindri.yaml".into(), ..PlanView::default() }, usize::MAX)
            .expect("a string takes everything");
        assert!(page.contains("This permanently loses for 1 resource: address, queued and running jobs."), "{page}");
        assert!(!page.contains("data"), "{page}");
    });
}

#[test]
fn every_attribute_has_the_effect_that_runpod_documents() {
    // Trap 14.
    let in_place =
        ["name", "workers_min", "workers_max", "idle_timeout_seconds", "queue_delay_ms", "request_count", "timeout_ms"];
    for attribute in ENDPOINT.attributes {
        let one = |text: &str| Value::texts([text]);
        let effect = (attribute.effect)(&one("a"), &one("b")).expect("it can be changed");
        let expected = match attribute.name {
            "routing" => Effect::Replace,
            name if in_place.contains(&name) => Effect::InPlace,
            _ => Effect::Rollout,
        };
        assert_eq!(effect, expected, "{}", attribute.name);
    }
    // Trap 6: the compute family cannot change.
    for family in ["gpu_pools", "cpu_instances"] {
        let effect = ENDPOINT.attribute(family).expect("an attribute").effect;
        assert_eq!(effect(&Value::texts(["a"]), &Value::texts::<&str>([])), Ok(Effect::Replace));
        assert_eq!(effect(&Value::Null, &Value::texts(["a"])), Ok(Effect::Replace));
    }
}

#[test]
fn a_replacement_loses_the_address_and_the_jobs_of_a_queue() {
    // Traps 6 and 7.
    in_virtual_time(async {
        let session = existing(&queue("")).await;
        let cpu = desired(&file("type: queue\nimage: example/worker:1.0\ncpuInstanceId: cpu3c-2-4"));
        let plan = session.plan(&cpu).await;
        assert_eq!((change(&plan).action, change(&plan).risk), (Action::Replace, Risk::JobsLoss));
        let losses: Vec<&str> = change(&plan).losses.iter().map(|loss| loss.what.as_str()).collect();
        assert_eq!(losses, ["address", "queued and running jobs"]);
        let balanced = "type: loadBalancer\nimage: a/b:1\ngpuType: ADA_24\nscaling: { requestCount: 8 }";
        let session = existing(&file(balanced)).await;
        let plan = session.plan(&cpu).await;
        assert_eq!((change(&plan).action, change(&plan).risk), (Action::Replace, Risk::AddressLoss));
    });
}

#[test]
fn an_undeclared_endpoint_is_kept_unless_its_flag_is_passed() {
    in_virtual_time(async {
        let session = existing(&queue("")).await;
        let plan = session.plan(&Desired::new()).await;
        assert_eq!(change(&plan).action, Action::NoOp);
        let note = plan.notes.iter().find(|note| note.address == Some(sd())).expect("a note");
        assert!(
            note.message.contains("`sindri apply --include-endpoints` deletes it with its address and jobs"),
            "{note:?}"
        );
    });
}

#[test]
fn a_file_without_changes_gives_an_empty_plan() {
    in_virtual_time(async {
        for yaml in [
            queue(FULL),
            queue("scaling: { requestCount: 2 }"),
            queue("scaling: { queueDelay: 0.5 }\nflashboot: priority\ntimeout: 90s\nminCuda: \"12.4\""),
            queue("allowedCuda: [\"12.8\"]\nports: [8000/http]\nargs: [serve, --fast]\nregion: US-CA-2"),
            file("type: queue\nimage: a/b:1\ngpuType: [L40S, NVIDIA L4]\nworkers: { max: 5 }"),
            file("type: queue\nimage: a/b:1\ncpuInstanceId: [cpu3c-2-4, cpu5c-4-8]"),
            file("type: loadBalancer\nimage: a/b:1\ngpuType: ADA_24\nscaling: { requestCount: 8 }"),
        ] {
            let session = existing(&yaml).await;
            let plan = session.plan(&desired(&yaml)).await;
            assert!(plan.is_empty(), "{yaml}\n{:#?}", change(&plan));
        }
    });
}

#[test]
fn every_field_can_be_changed_in_place_or_by_a_rollout() {
    in_virtual_time(async {
        let session = existing(&queue(FULL)).await;
        for fields in [
            "workers: { min: 0, max: 7, idleTimeout: 1m }",
            "scaling: { requestCount: 2 }",
            "scaling: { queueDelay: 2.5 }",
            "timeout: 2m",
            "flashboot: true",
            "minCuda: \"12.4\"",
            // Trap 5: neither CUDA field clears the other.
            "allowedCuda: [\"12.8\"]",
            "minCuda: \"12.6\"",
            "env: { B: c }",
            "args: [serve]",
            "containerDiskGb: 40",
            "ports: [8000/http]",
            "region: US-CA-2",
            "name: other",
            "",
        ] {
            let wanted = desired(&queue(fields));
            let applied = session.apply(&wanted).await;
            assert_eq!(change(&applied.plan).action, Action::Update, "{fields}");
            let plan = session.plan(&wanted).await;
            assert!(plan.is_empty(), "{fields}\n{:#?}", change(&plan));
        }
        // Trap 4: a change of pools keeps what is excluded.
        for gpus in ["L40S", "[L40S, NVIDIA L4]", "ADA_48_PRO"] {
            let wanted = desired(&file(&format!("type: queue\nimage: a/b:1\nworkers: {{ max: 5 }}\ngpuType: {gpus}")));
            session.apply(&wanted).await;
            let plan = session.plan(&wanted).await;
            assert!(plan.is_empty(), "{gpus}\n{:#?}", change(&plan));
        }
    });
}

#[test]
fn workers_lowered_by_runpod_are_information_and_are_raised_again() {
    // Trap 8.
    in_virtual_time(async {
        let yaml = queue("workers: { max: 5 }");
        let session = existing(&yaml).await;
        let id = session.state().resources[&sd()].id.clone();
        let endpoint = session.client.read(&ENDPOINT, &id).await.expect("an answer").expect("the endpoint");
        for (max, class) in [(2, DriftClass::ScaledDown), (0, DriftClass::ScaledDown), (4, DriftClass::Changed)] {
            let lowered = [("workers_max".to_owned(), Value::Int(max))].into_iter().collect();
            session.client.update(&ENDPOINT, &endpoint, &lowered).await.expect("an update");
            let plan = session.plan(&desired(&yaml)).await;
            assert_eq!(plan.drift.iter().map(|drift| drift.class).collect::<Vec<_>>(), [class], "{max}");
            assert_eq!(plan.drift[0].answer, DriftResponse::Planned(Action::Update));
            let raised = session.apply(&desired(&yaml)).await;
            assert_eq!(raised.requests, [format!("PATCH /v2/serverless/{id}")]);
            assert!(session.plan(&desired(&yaml)).await.is_empty());
        }
    });
}

#[test]
fn the_budget_counts_the_floor_and_the_peak_the_ceiling() {
    // Trap 16. A worker costs $1.10 per hour.
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let (prior, observed) = (session.state(), session.observe().await);
        let refused = |fields: &str, hourly: f64, peak: f64| {
            let desired = desired(&queue(fields));
            let mut input = session.input(&Readings::of(&desired, &prior, &observed), PlanOptions::default());
            input.budget.max_hourly = Some(Money::from_dollars(hourly));
            input.budget.max_hourly_peak = Some(Money::from_dollars(peak));
            let plan = checked_plan(&input);
            assert!(plan.refusals.iter().all(|refusal| refusal.code == RefusalCode::Budget));
            plan.refusals.into_iter().map(|refusal| refusal.message).collect::<Vec<_>>()
        };
        assert_eq!(refused("workers: { min: 1, max: 5 }", 1.10, 5.50), Vec::<String>::new());
        assert_eq!(refused("workers: { max: 5 }", 0.0, 5.50), Vec::<String>::new());
        assert_eq!(
            refused("workers: { min: 2, max: 5 }", 1.10, 5.50),
            ["this plan costs $2.20/h, over the budget of $1.10/h"]
        );
        assert_eq!(
            refused("workers: { max: 6 }", 1.10, 5.50),
            ["this plan may cost $6.60/h when all workers run, over the budget of $5.50/h"]
        );
        let unknown = refused("gpuCount: 1\nworkers: { max: 1 }", 1.0, 9.0);
        assert_eq!(unknown, Vec::<String>::new());
    });
}

async fn planned(session: &Session, yaml: &str, options: PlanOptions) -> Plan {
    let (prior, observed, desired) = (session.state(), session.observe().await, desired(yaml));
    session.plan_from(Readings::of(&desired, &prior, &observed), options)
}

#[test]
fn what_a_protected_endpoint_needs_is_kept_with_it() {
    in_virtual_time(async {
        let volumes = "    networkVolumes: { data: { sizeGb: 10, region: US-KS-2 } }\n    endpoints:";
        let yaml = queue("networkVolumes: [data]").replace("    endpoints:", volumes);
        let session = existing(&yaml).await;
        let volume = "network_volume.data".parse().unwrap();
        let permitted = |flags: &[&str]| PlanOptions {
            destroy: true,
            permits: flags.iter().map(ToString::to_string).collect(),
            ..PlanOptions::default()
        };
        let plan = planned(&session, &yaml, permitted(&["--include-volumes"])).await;
        assert_eq!(plan.by_address()[&volume].action, Action::NoOp);
        let note = plan.notes.iter().find(|note| note.address.as_ref() == Some(&volume)).expect("a note");
        assert!(note.message.contains("`endpoint.sd` needs it and is protected"), "{note:?}");

        let named = PlanOptions { only: [volume.clone()].into(), ..permitted(&["--include-volumes"]) };
        let plan = planned(&session, &yaml, named).await;
        let (_, refusal) = plan.all_refusals().next().expect("a refusal");
        assert_eq!(refusal.code, RefusalCode::Protected);
        assert!(refusal.help.contains("--include-endpoints"), "{refusal:?}");

        let plan = planned(&session, &yaml, permitted(&["--include-volumes", "--include-endpoints"])).await;
        assert_eq!(plan.by_address()[&volume].action, Action::Delete);
    });
}
