//! For every comparison rule, a plan says what it does about each outside change.

use std::collections::BTreeMap;

use sindri::model::{
    Action, Address, Dialect, Drift, DriftResponse, Object, Observed, Plan, Power, Secret, Status, Value,
};
use sindri::planner::PlanOptions;
use sindri::planner::review::check::violations;
use sindri::render::{PlanView, Style, text};

use crate::planner::checked;
use crate::support::fleet::{Fleet, Machine, Pod, Variable, Volume};
use crate::support::{Readings, Session, in_virtual_time, one};

/// A pod with a value for every comparison rule.
fn pod() -> Pod {
    Pod {
        machine: gpus(&["NVIDIA GeForce RTX 4090"], 8),
        ports: ["22/tcp", "8888/http"].into(),
        env: BTreeMap::from([("A", Variable::Plain("1")), ("B", Variable::Plain("1"))]),
        ..Pod::default()
    }
}

fn gpus(types: &'static [&'static str], least_ram_gb: i64) -> Machine {
    Machine::Gpus { types, count: 1, least_ram_gb: Some(least_ram_gb) }
}

/// The plan after `before` was applied, the objects were changed outside, and `after` was declared.
fn planned(before: &Fleet, after: &Fleet, outside: &dyn Fn(&mut Object), options: PlanOptions) -> Plan {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &before.resources(Dialect::V2)).await;
        let prior = session.state();
        let change = |mut object: Object| {
            outside(&mut object);
            object
        };
        let observed: Observed = session.observe().await.iter().cloned().map(change).collect();
        let desired = after.resources(Dialect::V2);
        session.plan_from(Readings::of(&desired, &prior, &observed), options)
    })
}

fn answers(plan: &Plan) -> Vec<DriftResponse> {
    plan.drift.iter().map(|drift| drift.answer).collect()
}

fn shown(plan: &Plan) -> String {
    let mut out = String::new();
    text::plan(&mut out, plan, &PlanView::default(), &Style::default()).expect("a string takes everything");
    out
}

fn set(object: &mut Object, name: &str, value: Value) {
    object.attributes.insert(name.to_owned(), value);
}

fn set_variable(object: &mut Object, name: &str, value: &str) {
    let Some(Value::Map(env)) = object.attributes.get_mut("env") else { panic!("{object:?}") };
    env.insert(name.to_owned(), Value::Secret(Secret::new(value)));
}

/// A rule, the declared change, the outside change, and the answer.
type Case = (&'static str, fn(&mut Pod), fn(&mut Object), DriftResponse);

const REPLACED: DriftResponse = DriftResponse::Planned(Action::Replace);

#[test]
fn an_outside_change_agrees_only_if_the_rule_of_its_attribute_allows_it() {
    let image: fn(&mut Object) = |pod| set(pod, "image", "image:2".into());
    let ram: fn(&mut Object) = |pod| set(pod, "min_ram_gb_per_gpu", 4.into());
    let gpu: fn(&mut Object) = |pod| set(pod, "gpu_types", Value::texts(["NVIDIA GeForce RTX 3090"]));
    let ports: fn(&mut Object) = |pod| set(pod, "ports", Value::texts(["8080/http", "22/tcp"]));
    let variable: fn(&mut Object) = |pod| set_variable(pod, "A", "2");
    let locked: fn(&mut Object) = |pod| set(pod, "locked", true.into());
    let stopped: fn(&mut Object) = |pod| (pod.status, pod.ready) = (Some(Status::Stopped), false);
    let cases: [Case; 20] = [
        ("exact, undone", |_| (), image, REPLACED),
        ("exact, declared too", |pod| pod.image = "image:2", image, DriftResponse::Agrees),
        ("exact, declared otherwise", |pod| pod.image = "image:3", image, REPLACED),
        ("exact, ignored", |pod| pod.ignore = ["image"].into(), image, DriftResponse::Ignored),
        (
            "exact, ignored and declared otherwise",
            |pod| (pod.ignore, pod.image) = (["image"].into(), "image:3"),
            image,
            DriftResponse::Ignored,
        ),
        (
            "exact, ignored in a pod that is replaced",
            |pod| (pod.ignore, pod.disk_gb) = (["image"].into(), 30),
            image,
            REPLACED,
        ),
        ("at least, undone", |_| (), ram, REPLACED),
        ("at least, lowered", |pod| pod.machine = gpus(&["NVIDIA GeForce RTX 4090"], 4), ram, DriftResponse::Agrees),
        ("at least, raised", |pod| pod.machine = gpus(&["NVIDIA GeForce RTX 4090"], 16), ram, REPLACED),
        ("one of, undone", |_| (), gpu, REPLACED),
        (
            "one of, listed",
            |pod| pod.machine = gpus(&["NVIDIA A40", "NVIDIA GeForce RTX 3090"], 8),
            gpu,
            DriftResponse::Agrees,
        ),
        ("one of, not listed", |pod| pod.machine = gpus(&["NVIDIA A40"], 8), gpu, REPLACED),
        ("set, undone", |_| (), ports, REPLACED),
        ("set, in another order", |pod| pod.ports = ["22/tcp", "8080/http"].into(), ports, DriftResponse::Agrees),
        ("key, undone", |_| (), variable, REPLACED),
        ("key, declared too", |pod| pod.env.extend([("A", Variable::Plain("2"))]), variable, DriftResponse::Agrees),
        ("key, removed", |pod| pod.env.retain(|key, _| *key != "A"), variable, REPLACED),
        ("key, ignored", |pod| pod.ignore = ["env.A"].into(), variable, DriftResponse::Ignored),
        ("when set, undone", |_| (), locked, DriftResponse::Planned(Action::Update)),
        ("power, declared too", |pod| pod.power = Some(Power::Stopped), stopped, DriftResponse::Agrees),
    ];
    for (name, declare, outside, expected) in cases {
        let mut after = pod();
        declare(&mut after);
        let fleet = |pod| Fleet::default().with_pod("main", pod);
        let plan = planned(&fleet(pod()), &fleet(after), &outside, PlanOptions::default());
        assert_eq!(answers(&plan), [expected], "{name}: {:#?}", plan.drift);
    }
}

/// Another pod carries the marker of the changed one. The plan adopts it, and destroys the changed one.
#[test]
fn a_change_to_a_deposed_object_is_answered_by_its_deletion() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let fleet = |image| one(Pod { image, ..pod() });
        checked::apply(&session, &fleet("image:1")).await;
        let (prior, mut observed) = (session.state(), session.observe().await);
        let mut changed = observed.of_kind("pod").next().expect("one pod").clone();
        let successor = Object { id: "succ3ss0r".into(), ..changed.clone() };
        set(&mut changed, "image", "image:2".into());
        observed.insert(changed.clone());
        observed.insert(successor.clone());
        let desired = fleet("image:1");
        let readings = || Readings::of(&desired, &prior, &observed);

        let plan = session.plan_from(readings(), PlanOptions::default());
        let main = Address::new("pod", "main");
        let does = |address: &Address| checked::change_of(&plan, address).map(|it| (it.action, it.id.clone()));
        assert_eq!(does(&main), Some((Action::Import, Some(successor.id))));
        assert_eq!(does(&main.deposed(&changed.id)), Some((Action::Delete, Some(changed.id))));
        assert_eq!(answers(&plan), [DriftResponse::Planned(Action::Delete)]);
    });
}

/// Two copies of a missing pod carry its marker. The plan adopts the one that matches, although the other is older.
#[test]
fn drift_is_reported_for_the_copy_that_the_plan_adopts() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(pod());
        checked::apply(&session, &desired).await;
        let (prior, mut observed) = (session.state(), session.observe().await);
        let old = observed.of_kind("pod").next().expect("one pod").clone();
        observed.remove("pod", &old.id);
        let mut older = Object { id: "aaaa".into(), ..old.clone() };
        set(&mut older, "image", "image:2".into());
        observed.insert(older);
        observed.insert(Object { id: "bbbb".into(), ..old });
        let readings = Readings::of(&desired, &prior, &observed);
        let plan = session.plan_from(readings, PlanOptions::default());
        let found: Vec<_> = plan.drift.iter().map(|drift| (drift.new_id(), drift.answer)).collect();
        assert_eq!(found, [(Some("bbbb"), DriftResponse::Planned(Action::Import))]);
    });
}

#[test]
fn an_irreversible_change_does_not_agree_if_it_is_refused() {
    let fleet = |size_gb| Fleet::default().with_volume("data", Volume { size_gb, ..Volume::default() });
    let grown = |object: &mut Object| set(object, "size_gb", 100.into());
    let plan = planned(&fleet(50), &fleet(50), &grown, PlanOptions::default());
    assert_eq!((answers(&plan), plan.all_refusals().count()), (vec![DriftResponse::Refused], 1));
    let text = shown(&plan);
    assert!(!text.contains("matches the configuration") && text.contains("see the refusal below"), "{text}");
    assert_eq!(answers(&planned(&fleet(50), &fleet(100), &grown, PlanOptions::default())), [DriftResponse::Agrees]);
    // Another attribute of the same volume still matches.
    let renamed = |object: &mut Object| set(object, "name", "renamed".into());
    let plan = planned(&fleet(50), &fleet(50), &renamed, PlanOptions::default());
    assert_eq!(answers(&plan), [DriftResponse::Planned(Action::Update)]);
    // No longer declared, but protected.
    let plan = planned(&fleet(50), &Fleet::default(), &grown, PlanOptions::default());
    assert_eq!(answers(&plan), [DriftResponse::Untouched]);
}

#[test]
fn ignored_attributes_are_distinguished_from_reverted_ones() {
    let ignoring = Pod { ignore: ["image"].into(), ..pod() };
    let fleet = Fleet::default().with_pod("main", ignoring);
    let outside = |object: &mut Object| {
        set(object, "image", "image:2".into());
        set_variable(object, "A", "2");
    };
    let plan = planned(
        &fleet,
        &fleet,
        &outside,
        PlanOptions { updates: Some(sindri::model::Updates::InPlace), ..PlanOptions::default() },
    );
    let paths = |drift: &Drift| drift.fields.iter().map(|field| field.path.clone()).collect::<Vec<_>>();
    let found: Vec<_> = plan.drift.iter().map(|drift| (paths(drift), drift.answer)).collect();
    let undone = (vec!["env.A".to_owned()], DriftResponse::Planned(Action::Update));
    assert_eq!(found, [undone, (vec!["image".to_owned()], DriftResponse::Ignored)]);
}

#[test]
fn a_partial_plan_answers_what_it_leaves_out_and_a_refresh_what_it_records() {
    let fleet = Fleet::default().with_pod("api", pod()).with_pod("main", Pod::default());
    let outside = |object: &mut Object| set(object, "image", "image:2".into());
    let target = |name: &str| PlanOptions { targets: [Address::new("pod", name)].into(), ..PlanOptions::default() };
    assert_eq!(answers(&planned(&fleet, &fleet, &outside, target("api"))), [REPLACED, DriftResponse::LeftOut]);
    let refresh = PlanOptions { refresh_only: true, ..PlanOptions::default() };
    assert_eq!(answers(&planned(&fleet, &fleet, &outside, refresh)), [DriftResponse::Accepted; 2]);
}

#[test]
fn a_resource_with_a_moved_entry_is_answered_under_its_new_address() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &Fleet::default().with_pod("old", pod()).resources(Dialect::V2)).await;
        let (prior, observed) = (session.state(), session.observe().await);
        let outside = |mut object: Object| {
            set(&mut object, "image", "image:2".into());
            object
        };
        let observed: Observed = observed.iter().cloned().map(outside).collect();
        let moved =
            [sindri::config::Move { from: Address::new("pod", "old"), to: Address::new("pod", "new"), position: None }];
        let desired = Fleet::default().with_pod("new", pod()).resources(Dialect::V2);
        let readings = Readings { desired: &desired, moved: &moved, prior: &prior, observed: &observed };
        assert_eq!(answers(&session.plan_from(readings, PlanOptions::default())), [REPLACED]);
    });
}

#[test]
fn the_checker_finds_answers_that_contradict_the_plan() {
    let fleet = Fleet::default().with_pod("main", pod());
    let outside = |object: &mut Object| set(object, "image", "image:2".into());
    let undone = planned(&fleet, &fleet, &outside, PlanOptions::default());
    let declared = Fleet::default().with_pod("main", Pod { image: "image:2", ..pod() });
    let agreed = planned(&fleet, &declared, &outside, PlanOptions::default());
    let wrong = |plan: &Plan, answer| {
        let mut plan = plan.clone();
        plan.drift[0].answer = answer;
        !violations(&plan).is_empty()
    };
    let wrongs = [
        DriftResponse::Agrees,
        DriftResponse::Ignored,
        DriftResponse::Untouched,
        DriftResponse::LeftOut,
        DriftResponse::Accepted,
        DriftResponse::Refused,
    ];
    assert!(wrongs.into_iter().chain([DriftResponse::Planned(Action::Update)]).all(|answer| wrong(&undone, answer)));
    assert!(
        !wrong(&agreed, DriftResponse::Agrees) && wrong(&agreed, REPLACED) && wrong(&agreed, DriftResponse::Refused)
    );
    let mut other = agreed;
    other.drift[0].fields[0].after = "image:9".into();
    assert!(wrong(&other, DriftResponse::Agrees), "what is there now is not what is declared");
}
