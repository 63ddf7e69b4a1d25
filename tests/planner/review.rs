//! Plans that are reviewed before they are applied: their ids, the content of their files, what makes them stale, and
//! what a partial plan leaves for later.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sindri::model::{Action, Address, Dialect, Observed, Plan, Resource, Secret, State, Value};
use sindri::planner::PlanOptions;
use sindri::planner::review::identity;
use sindri::planner::review::saved::{SavedPlan, SavedPlanComparison};

use crate::planner::checked;
use crate::planner::outside_changes::change_outside;
use crate::planner::properties::cases;
use crate::support::fleet::{Fleet, Pod, Storage, Variable, Volume};
use crate::support::generate::{dialect, history, outside_changes};
use crate::support::{Desired, Readings, Session, in_virtual_time, rest};

/// Everything from which a plan is made, at one moment.
struct Moment {
    desired: Desired,
    prior: State,
    observed: Observed,
}

impl Moment {
    async fn of(session: &Session, desired: &Desired) -> Self {
        Self { desired: desired.clone(), prior: session.state(), observed: session.observe().await }
    }

    fn readings(&self) -> Readings<'_> {
        Readings::of(&self.desired, &self.prior, &self.observed)
    }

    fn plan(&self, session: &Session, targets: BTreeSet<Address>) -> Plan {
        session.plan_from(self.readings(), PlanOptions { targets, ..PlanOptions::default() })
    }

    fn save(&self, session: &Session) -> SavedPlan {
        let plan = self.plan(session, BTreeSet::new());
        let saved =
            SavedPlan::of(&plan, &session.input(&self.readings(), PlanOptions::default()), "sindri.yaml".into());
        let text = serde_json::to_string(&saved).expect("JSON");
        let read: SavedPlan = serde_json::from_str(&text).expect("the file reads back");
        assert_eq!(read, saved);
        assert_eq!(read.verify(), Ok(()));
        assert_eq!(read.plan_id, identity::id(&plan));
        read
    }

    fn compare(&self, session: &Session, saved: &SavedPlan) -> (SavedPlanComparison, Plan) {
        let options = PlanOptions { targets: saved.targets(), ..PlanOptions::default() };
        let plan = self.plan(session, saved.targets());
        (saved.compare(&session.input(&self.readings(), options), &plan), plan)
    }
}

fn texts(comparison: &SavedPlanComparison) -> Vec<String> {
    comparison.differences.iter().map(ToString::to_string).collect()
}

fn done_by(plan: &Plan) -> BTreeMap<&Address, (Action, Option<&str>, Vec<&str>)> {
    let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changed
        .map(|change| {
            let fields = change.fields.iter().map(|field| field.path.as_str()).collect();
            (&change.address, (change.action, change.id.as_deref(), fields))
        })
        .collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_partial_plan_can_be_applied_and_the_rest_after_it(
        dialect in dialect(), (first, second) in history(), which in any::<prop::sample::Index>(),
    ) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            checked::apply(&session, &first.resources(dialect)).await;
            let desired = second.resources(dialect);
            let whole = session.plan(&desired).await;
            let changed: Vec<_> = whole.changes.iter().filter(|change| change.action != Action::NoOp).collect();
            if changed.is_empty() {
                return Ok(());
            }
            let targets = BTreeSet::from([which.get(&changed).address.clone()]);
            let part = session.apply_unless_refused(&desired, &[], PlanOptions { targets, ..PlanOptions::default() }).await.plan;
            let left = &part.partial.as_ref().expect("a partial plan").left_out;
            prop_assert!(part.operations.len() <= whole.operations.len());
            // The partial plan does what the whole one leaves out, and together they are the whole.
            let (whole_does, part_does) = (done_by(&whole), done_by(&part));
            for (address, does) in &part_does {
                prop_assert_eq!(Some(does), whole_does.get(address));
            }
            for (address, action) in left {
                prop_assert!(!part_does.contains_key(address));
                prop_assert_eq!(whole_does.get(address).map(|(action, ..)| action), Some(action));
            }
            if part.all_refusals().next().is_none() {
                checked::apply(&session, &desired).await;
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_saved_plan_is_unaffected_by_changes_elsewhere(dialect in dialect(), (first, second) in history()) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            checked::apply(&session, &first.resources(dialect)).await;
            let moment = Moment::of(&session, &second.resources(dialect)).await;
            let saved = moment.save(&session);
            let (same, _) = moment.compare(&session, &saved);
            prop_assert_eq!(same, SavedPlanComparison::default());

            let elsewhere = Fleet::default().with_pod("new", Pod::default()).resources(dialect);
            let desired = moment.desired.iter().chain(&elsewhere).map(|(address, it)| (address.clone(), it.clone())).collect();
            let later = Moment { desired, ..moment };
            let (comparison, plan) = later.compare(&session, &saved);
            if saved.actions.is_empty() {
                prop_assert!(!comparison.differences.is_empty(), "an empty plan does nothing, whatever is pending");
            } else {
                prop_assert_eq!(comparison, SavedPlanComparison::default());
                prop_assert!(plan.leaves_out());
            }
            Ok(())
        })?;
    }

    /// Everything done for a saved plan is in that plan, despite any changes in the meantime.
    #[test]
    fn only_approved_operations_run(
        dialect in dialect(), (first, second) in history(), (third, _) in history(), deeds in outside_changes(), edits in any::<bool>(),
    ) {
        in_virtual_time(async {
            let session = Session::new(dialect);
            checked::apply(&session, &first.resources(dialect)).await;
            let saved = Moment::of(&session, &second.resources(dialect)).await.save(&session);
            let objects: Vec<_> = session.observe().await.iter().cloned().collect();
            for (deed, which) in deeds.iter().filter(|_| !objects.is_empty()) {
                change_outside(&session, *deed, which.get(&objects));
            }
            rest().await;
            let desired = if edits { third } else { second }.resources(dialect);
            let (comparison, plan) = Moment::of(&session, &desired).await.compare(&session, &saved);
            if comparison.differences.is_empty() {
                let (approved, runs) = (done_by(&saved.plan), done_by(&plan));
                for (address, does) in runs {
                    prop_assert_eq!(Some(&does), approved.get(address), "{}", address);
                }
            }
            Ok(())
        })?;
    }
}

fn with(pods: &[(&'static str, Pod)]) -> Fleet {
    let fleet = Fleet::default().with_volume("data", Volume::default());
    pods.iter().fold(fleet, |fleet, (key, pod)| fleet.with_pod(key, pod.clone()))
}

fn mounted(image: &'static str) -> Pod {
    Pod { image, storage: Storage::Network("data"), ..Pod::default() }
}

fn pod(name: &str) -> Address {
    Address::new("pod", name)
}

/// A world with `api` and `eval` applied, and a saved plan that replaces only `api`.
async fn reviewed() -> (Session, Moment, SavedPlan) {
    let session = Session::new(Dialect::V2);
    let before = with(&[("api", mounted("image:1")), ("eval", mounted("image:1"))]).resources(Dialect::V2);
    checked::apply(&session, &before).await;
    let after = with(&[("api", mounted("image:2")), ("eval", mounted("image:1"))]).resources(Dialect::V2);
    let moment = Moment::of(&session, &after).await;
    let saved = moment.save(&session);
    assert_eq!(saved.actions.keys().collect::<Vec<_>>(), [&pod("api")]);
    (session, moment, saved)
}

#[test]
fn changed_fields_are_listed_by_reading() {
    in_virtual_time(async {
        let (session, moment, saved) = reviewed().await;
        let changed = |change: &dyn Fn(&mut Moment)| {
            let mut later = Moment {
                desired: moment.desired.clone(),
                prior: moment.prior.clone(),
                observed: moment.observed.clone(),
            };
            change(&mut later);
            texts(&later.compare(&session, &saved).0)
        };
        let id = moment.prior.resources[&pod("api")].id.clone();

        let disk = changed(&|later| {
            let resource: &mut Resource = later.desired.get_mut(&pod("api")).expect("declared");
            resource.inputs.insert("container_disk_gb", 40.into());
        });
        assert_eq!(disk, ["`pod.api`: the configuration has a different `container_disk_gb` (sindri.yaml:1)"]);

        let undeclared = changed(&|later| drop(later.desired.remove(&pod("api"))));
        assert_eq!(undeclared, ["`pod.api`: it is no longer declared"]);

        let other_branch = changed(&|later| {
            later.prior.resources.get_mut(&pod("api")).expect("recorded").id = "0th3rbr4nch".into();
        });
        assert!(other_branch.contains(&"`pod.api`: its record in the state has a different `id`".into()));

        let unrecorded = changed(&|later| drop(later.prior.resources.remove(&pod("api"))));
        assert!(unrecorded.contains(&"`pod.api`: the state no longer has a record of it".into()), "{unrecorded:?}");

        let drifted = changed(&|later| {
            let mut object = later.observed.remove("pod", &id).expect("it exists");
            object.attributes.insert("image", "image:outside".into());
            later.observed.insert(object);
        });
        assert_eq!(drifted, ["`pod.api`: RunPod has a different `image`"]);

        let gone = changed(&|later| drop(later.observed.remove("pod", &id)));
        assert_eq!(gone, ["`pod.api`: RunPod no longer shows it"]);

        let needs_more = changed(&|later| {
            let volume = later.prior.resources[&Address::new("network_volume", "data")].id.clone();
            later.observed.remove("network_volume", &volume);
        });
        assert!(
            needs_more
                .contains(&"`network_volume.data`: it would now also be `create`, which is not in the plan".into()),
            "{needs_more:?}"
        );

        let elsewhere = changed(&|later| later.prior.lineage = "another".into());
        assert!(elsewhere[0].starts_with("it was created for the state "), "{elsewhere:?}");
    });
}

#[test]
fn an_already_applied_change_is_done_and_not_stale() {
    in_virtual_time(async {
        let (session, moment, saved) = reviewed().await;
        checked::apply(&session, &moment.desired).await;
        let (comparison, plan) = Moment::of(&session, &moment.desired).await.compare(&session, &saved);
        assert_eq!(comparison, SavedPlanComparison { differences: Vec::new(), done: vec![pod("api")] });
        assert!(plan.is_empty());
        // The change was withdrawn. Nothing is left to do either, but not because the plan was applied.
        let before = with(&[("api", mounted("image:1")), ("eval", mounted("image:1"))]).resources(Dialect::V2);
        checked::apply(&session, &before).await;
        let (comparison, _) = Moment::of(&session, &before).await.compare(&session, &saved);
        let image = "`pod.api`: the configuration has a different `image` (sindri.yaml:7)";
        assert_eq!(texts(&comparison)[0], image);
    });
}

#[test]
fn an_edited_file_is_refused() {
    in_virtual_time(async {
        let (_, _, saved) = reviewed().await;
        let api =
            |plan: &mut Plan| plan.changes.iter().position(|change| change.address == pod("api")).expect("a change");
        let edits: [&dyn Fn(&mut SavedPlan); 6] = [
            &|saved| {
                let place = api(&mut saved.plan);
                saved.plan.changes[place].losses.clear();
            },
            &|saved| {
                let place = api(&mut saved.plan);
                saved.plan.changes[place].after.insert("image", "safe:9".into());
            },
            &|saved| saved.plan.changes.iter_mut().for_each(|change| change.action = Action::NoOp),
            &|saved| saved.plan.cost.hourly_after = sindri::model::Money(1).into(),
            &|saved| saved.options.refresh_only = true,
            &|saved| saved.options.destroy = true,
        ];
        for (number, edit) in edits.iter().enumerate() {
            let mut edited = saved.clone();
            edit(&mut edited);
            assert!(edited.verify().is_err(), "edit {number}");
        }
    });
}

#[test]
fn a_planned_delete_is_not_done_while_the_object_lives() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let before = with(&[("api", mounted("image:1")), ("eval", mounted("image:1"))]).resources(Dialect::V2);
        checked::apply(&session, &before).await;
        let mut moment = Moment::of(&session, &with(&[("eval", mounted("image:1"))]).resources(Dialect::V2)).await;
        let saved = moment.save(&session);
        moment.prior.resources.retain(|address, _| address.name != "api");
        assert_eq!(texts(&moment.compare(&session, &saved).0), ["`pod.api`: the state no longer has a record of it"]);
        let id =
            saved.plan.changes.iter().find_map(|change| change.id.clone().filter(|_| change.address == pod("api")));
        moment.observed.remove("pod", &id.expect("an id"));
        assert_eq!(
            moment.compare(&session, &saved).0,
            SavedPlanComparison { differences: vec![], done: vec![pod("api")] }
        );
    });
}

#[test]
fn the_rest_of_a_replacement_belongs_to_the_plan_that_started_it() {
    in_virtual_time(async {
        // The old pod is deleted and recorded as such, and the new one could not be created.
        let (session, mut moment, saved) = reviewed().await;
        let id = moment.prior.resources.remove(&pod("api")).expect("recorded").id;
        let (comparison, _) = moment.compare(&session, &saved);
        assert!(!comparison.differences.is_empty(), "while the old one lives it was not this plan that took it away");
        moment.observed.remove("pod", &id);
        let (comparison, plan) = moment.compare(&session, &saved);
        assert_eq!(comparison, SavedPlanComparison::default());
        assert_eq!(done_by(&plan)[&pod("api")].0, Action::Create);

        // The new pod exists, and the old one could not be deleted.
        let session = Session::new(Dialect::V2);
        let first = |image| with(&[("api", Pod { create_first: true, ..mounted(image) })]).resources(Dialect::V2);
        checked::apply(&session, &first("image:1")).await;
        let before = Moment::of(&session, &first("image:2")).await;
        let saved = before.save(&session);
        let old = before.prior.resources[&pod("api")].clone();
        checked::apply(&session, &first("image:2")).await;
        let mut later = Moment::of(&session, &first("image:2")).await;
        later.observed.insert(before.observed.get("pod", &old.id).expect("it was there").clone());
        later.prior.resources.insert(pod("api").deposed(&old.id), old);
        let (comparison, plan) = later.compare(&session, &saved);
        assert_eq!(texts(&comparison), [""; 0]);
        assert_eq!(plan.operations.len(), 1);
    });
}

#[test]
fn a_replacement_on_request_is_done_once() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = with(&[("api", mounted("image:1"))]).resources(Dialect::V2);
        checked::apply(&session, &desired).await;
        let moment = Moment::of(&session, &desired).await;
        let options = PlanOptions { replace: [pod("api")].into(), ..PlanOptions::default() };
        let plan = session.plan_from(moment.readings(), options.clone());
        let saved = SavedPlan::of(&plan, &session.input(&moment.readings(), options.clone()), "sindri.yaml".into());
        assert_eq!(saved.options_now(&moment.prior).replace, options.replace);
        session.apply_with(&desired, &[], options).await;
        let later = Moment::of(&session, &desired).await;
        assert!(saved.options_now(&later.prior).replace.is_empty());
        assert_eq!(
            later.compare(&session, &saved).0,
            SavedPlanComparison { differences: vec![], done: vec![pod("api")] }
        );
    });
}

#[test]
fn a_refresh_only_plan_has_its_own_id() {
    in_virtual_time(async {
        let (session, mut moment, _) = reviewed().await;
        let id_of = |moment: &Moment| {
            let options = PlanOptions { refresh_only: true, ..PlanOptions::default() };
            identity::id(&session.plan_from(moment.readings(), options))
        };
        let nothing = id_of(&moment);
        let gone = moment.prior.resources[&pod("eval")].id.clone();
        moment.observed.remove("pod", &gone);
        assert_ne!(id_of(&moment), nothing);
    });
}

#[test]
fn an_id_depends_only_on_the_actions() {
    in_virtual_time(async {
        let (session, moment, saved) = reviewed().await;
        let id_of = |moment: &Moment| identity::id(&moment.plan(&session, BTreeSet::new()));
        let mut later = moment;
        for resource in later.desired.values_mut() {
            // The same plan with other lines in another file.
            resource.position.iter_mut().chain(resource.positions.values_mut()).for_each(|position| position.line += 7);
        }
        assert_eq!(id_of(&later), saved.plan_id);
        later.desired.get_mut(&pod("api")).expect("declared").inputs.insert("image", "image:3".into());
        assert_ne!(id_of(&later), saved.plan_id);
    });
}

#[test]
fn neither_an_id_nor_a_file_knows_a_secret() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let secret = |value| Pod { env: [("A", Variable::Secret(value))].into(), ..Pod::default() };
        let of = |value| with(&[("api", secret(value))]).resources(Dialect::V2);
        let ids = ["canary-one", "canary-two"].map(|value| {
            let (prior, observed) = (State::new(value.into(), "default".into(), "sandbox".into()), Observed::default());
            let moment = Moment { desired: of(value), prior, observed };
            let text = serde_json::to_string(&moment.save(&session)).expect("JSON");
            assert!(!text.contains("canary") || text.matches("canary").count() == 1, "the lineage alone: {text}");
            moment.save(&session).plan_id
        });
        assert_eq!(ids[0], ids[1], "neither the secret nor, before the first apply, the lineage is part of it");

        checked::apply(&session, &of("canary-one")).await;
        let moment = Moment::of(&session, &of("canary-two")).await;
        let saved = moment.save(&session);
        assert_eq!(saved.actions.len(), 1, "a new value is a change");
        assert!(!serde_json::to_string(&saved).expect("JSON").contains("canary"));
        let mut third = moment;
        let env = third.desired.get_mut(&pod("api")).expect("declared").inputs.get_mut("env").expect("env");
        let Value::Map(env) = env else { panic!("{env:?}") };
        env.insert("A", Value::Secret(Secret::new("canary-three")));
        assert_eq!(
            third.compare(&session, &saved).0,
            SavedPlanComparison::default(),
            "secrets are read when they are sent"
        );
    });
}

/// Each reading of a missing state makes up a new lineage.
#[test]
fn a_plan_that_adopts_objects_of_a_lost_state_has_one_id() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &with(&[("api", mounted("image:1"))]).resources(Dialect::V2)).await;
        let desired = with(&[("api", mounted("image:2"))]).resources(Dialect::V2);
        let observed = session.observe().await;
        let ids = ["one", "two"].map(|lineage| {
            let prior = State::new(lineage.into(), "default".into(), "sandbox".into());
            let moment = Moment { desired: desired.clone(), prior, observed: observed.clone() };
            identity::id(&moment.plan(&session, BTreeSet::new()))
        });
        assert_eq!(ids[0], ids[1]);
    });
}

#[test]
fn a_resource_is_replaced_on_request() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = with(&[("api", mounted("image:1")), ("eval", mounted("image:1"))]).resources(Dialect::V2);
        checked::apply(&session, &desired).await;
        let before = session.state();
        let options = PlanOptions { replace: [pod("api")].into(), ..PlanOptions::default() };
        let applied = session.apply_with(&desired, &[], options).await;
        assert_eq!(done_by(&applied.plan).into_keys().collect::<Vec<_>>(), [&pod("api")]);
        let id = |state: &State, name| state.resources[&pod(name)].id.clone();
        assert_ne!(id(&session.state(), "api"), id(&before, "api"));
        assert_eq!(id(&session.state(), "eval"), id(&before, "eval"));
        checked::settled(&session, &desired).await;
    });
}

#[test]
fn a_plan_without_refresh_sends_no_requests_and_agrees_with_one_that_refreshed() {
    in_virtual_time(async {
        for dialect in [Dialect::V1, Dialect::V2] {
            let session = Session::new(dialect);
            let desired = with(&[("api", mounted("image:1"))]).resources(dialect);
            checked::apply(&session, &desired).await;
            let remembered = sindri::planner::drift::survey::remembered(&session.state());
            let edited = with(&[("api", mounted("image:2"))]).resources(dialect);
            for (desired, changes) in [(&desired, 0), (&edited, 1)] {
                let mut moment = Moment::of(&session, desired).await;
                moment.observed = remembered.clone();
                let plan = moment.plan(&session, BTreeSet::new());
                assert_eq!(done_by(&plan).len(), changes);
                assert_eq!(done_by(&plan), done_by(&session.plan(desired).await));
                assert_eq!((plan.drift.len(), plan.orphans.len()), (0, 0));
            }
        }
    });
}
