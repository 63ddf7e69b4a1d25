//! Plans of a session, each checked.

use std::sync::{LazyLock, Mutex};

use sindri::apply::refresh::{RefreshContext, refresh_and_recheck};
use sindri::apply::{Event, recover};
use sindri::catalog::Catalog;
use sindri::config::Move;
use sindri::model::{Address, Change, DriftReport, Entry, Observed, Outcome, Plan, State};
use sindri::observe::{KindNames, inquire};
use sindri::planner::decide::feasible;
use sindri::planner::drift::report;
use sindri::planner::drift::report::Scope;
use sindri::planner::drift::survey::accepted;
use sindri::planner::review::check;
use sindri::planner::{self, Input, PlanOptions};
use sindri::render::json::{plan_json, plan_schema};

use super::Desired;
use super::session::Session;

/// The output of `sindri schema plan`.
static SCHEMA: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&plan_schema()).expect("a valid schema"));

/// The input of a plan.
#[derive(Clone, Copy)]
pub struct Readings<'a> {
    pub desired: &'a Desired,
    pub moved: &'a [Move],
    pub prior: &'a State,
    pub observed: &'a Observed,
}

impl<'a> Readings<'a> {
    /// Without `moved` entries.
    pub fn of(desired: &'a Desired, prior: &'a State, observed: &'a Observed) -> Self {
        Self { desired, moved: &[], prior, observed }
    }
}

/// The plan of an input, which must be consistent in itself and with the state.
pub fn checked_plan(input: &Input<'_>) -> Plan {
    let plan = planner::plan(input).expect("no circles");
    assert_eq!(check::violations(&plan), [], "{plan:#?}");
    assert_eq!(check::flaws(input.prior, &plan), [], "{plan:#?}");
    plan
}

/// The change of a pod.
pub fn change<'p>(plan: &'p Plan, name: &str) -> &'p Change {
    plan.by_address()[&Address::new("pod", name)]
}

impl Session {
    pub fn input<'a>(&self, readings: &Readings<'a>, options: PlanOptions) -> Input<'a> {
        let Readings { desired, moved, prior, observed } = readings;
        Input { dialect: self.dialect, moved, options, ..Input::new(self.name, desired, prior, observed) }
    }

    /// The plan of these readings. It must also fit the JSON schema, and be the same for any order of the objects.
    pub fn plan_from(&self, readings: Readings<'_>, options: PlanOptions) -> Plan {
        let input = self.input(&readings, options);
        let plan = checked_plan(&input);
        let json = plan_json(&plan, None);
        let strange: Vec<String> = SCHEMA.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(strange, Vec::<String>::new(), "not in the schema: {json:#}");
        let mut objects: Vec<_> = readings.observed.iter().cloned().collect();
        objects.reverse();
        let input = Input { observed: &objects.into_iter().collect(), ..input };
        assert_eq!(planner::plan(&input).expect("no circles"), plan, "the same readings give the same plan");
        plan
    }

    pub async fn plan(&self, desired: &Desired) -> Plan {
        let (prior, observed) = (self.state(), self.observe().await);
        self.plan_from(Readings::of(desired, &prior, &observed), PlanOptions::default())
    }

    /// The plan with RunPod's answers about its creates, like `sindri plan`.
    pub async fn examined(&self, desired: &Desired) -> Plan {
        let mut plan = self.plan(desired).await;
        let answers = inquire(&self.client, &plan).await;
        feasible::judge(&mut plan, &answers);
        plan
    }

    /// The result of `sindri drift`, which takes no lock.
    pub async fn report(&self, unmanaged: bool) -> DriftReport {
        let (paths, identity, clock) = (self.paths(), self.identity(), &self.account.clock);
        let context = RefreshContext { api: &self.client, paths: &paths, identity, clock, declared: &KindNames::new() };
        let refreshed = refresh_and_recheck(context, |_| ()).await.expect("lists");
        report::report(&Scope {
            name: self.name,
            prior: &refreshed.state,
            observed: &refreshed.observed,
            catalog: Catalog::embedded(),
            unsettled: &refreshed.unsettled,
            expected: &refreshed.expected,
            unmanaged,
            now: self.account.now(),
        })
    }

    /// Does the same as `sindri refresh`.
    pub async fn refresh(&self) {
        let store = self.lock();
        let observed = recover::recover(&self.client, &store, &self.account.clock, &KindNames::new(), &|_| ())
            .await
            .expect("lists");
        let records = accepted(&store.snapshot().state, &observed);
        let outcome = Outcome { operation: "refresh".into(), records };
        store.record(Entry::Outcome(outcome)).await.expect("a disk");
        store.checkpoint().expect("a disk");
    }

    /// Runs the first step of every command that takes the lock. Returns its messages about pending intents.
    pub async fn recover(&self) -> String {
        let store = self.lock();
        let messages = Mutex::new(String::new());
        let note = |event: Event| {
            if let Event::Recovered { how, .. } = event {
                messages.lock().expect("no panic").push_str(&how);
            }
        };
        recover::recover(&self.client, &store, &self.account.clock, &KindNames::new(), &note).await.expect("lists");
        store.checkpoint().expect("a disk");
        messages.into_inner().expect("no panic")
    }
}
