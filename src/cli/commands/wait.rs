//! `sindri wait`: waits until pods can be used. Takes no lock and writes nothing. The pods come from the state, so
//! errors in the configuration do not stop it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::power::select;
use crate::apply::Event;
use crate::apply::readiness::{Condition, PodReadiness, ReadinessCode, ReadinessFailure, readiness};
use crate::apply::refresh::Refresh;
use crate::cli::args::{Global, WaitArgs};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Failure, FailureCode};
use crate::cli::session::Session;
use crate::cli::signals::Signals;
use crate::kind::{self, Kind};
use crate::model::{Address, Observed, Power, State, Unsettled, Verb};
use crate::render::{Progress, words};
use crate::runpod::Api;
use crate::transport::probe::probe;

/// Time between polls; each poll is one list for all pods.
const GAPS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
const LAST_GAP: Duration = Duration::from_secs(10);

/// Maximum number of addresses to probe at the same time.
const PROBES: usize = 64;

/// Reported for a pod whose servers do not answer before the deadline.
const SILENT: &str = "its servers have not answered yet";

/// Maximum number of pods to name in a message.
const NAMED: usize = 8;

pub async fn run(args: &WaitArgs, global: &Global, console: &Console) -> Result<Exit, Failure> {
    if global.sandbox && args.condition != Condition::Running {
        return Err(Failure::message(
            Exit::Error,
            FailureCode::Sandbox,
            "sandbox pods have no servers",
            Some("`sindri wait` without `--for` waits until they run".into()),
        ));
    }
    let session = Session::open_state(global, console)?;
    let mut signals = Signals::listen();
    let refresh = session.refresh_and_recheck(console).await?;
    let pods = pods(args, &refresh)?;
    if pods.is_empty() {
        session.close()?;
        console.either(
            "Nothing to wait for: no pod is recorded as running.\n",
            &report(&args.condition, &[], true, Duration::ZERO),
        );
        return Ok(Exit::Success);
    }
    let progress = console.progress();
    let mut wait = WaitRun {
        session: &session,
        condition: &args.condition,
        progress: (!console.json).then_some(&progress),
        started: Instant::now(),
        pods,
    };
    let ended = tokio::select! {
        biased;
        ended = wait.until_ready(refresh.observed, args.timeout) => ended,
        _ = signals.next() => Err(Failure::message(
            Exit::Interrupted,
            FailureCode::Interrupted,
            "interrupted while waiting",
            Some("nothing was changed; the pods keep starting and are billed".into()),
        )),
    };
    progress.finish();
    session.close()?;
    let elapsed = wait.started.elapsed();
    let report = report(&args.condition, &wait.pods, ended.is_ok(), elapsed);
    if console.json {
        console.json(&report);
    }
    ended?;
    if !console.json {
        let number = wait.pods.len();
        let verb = if number == 1 { "is" } else { "are" };
        console.result(&format!("{} {verb} ready ({}).\n", words::count(number, "pod"), args.condition));
    }
    Ok(Exit::Success)
}

/// One pod to wait for.
struct AwaitedPod {
    address: Address,
    id: String,
    kind: &'static Kind,
    /// Created so recently that lists may not contain it.
    fresh: bool,
    ready: bool,
    /// Its status, or the reason why it is not ready.
    shows: String,
}

/// The selected pods; by default, every pod recorded as running.
fn pods(args: &WaitArgs, refresh: &Refresh) -> Result<Vec<AwaitedPod>, Failure> {
    let Refresh { state, unsettled, .. } = refresh;
    let addresses = match args.pods.is_empty() {
        true => recorded_running(state),
        false => select(&args.pods, false, state, "wait")?,
    };
    let pod = |address: Address| {
        let record = state.resources.get(&address)?;
        let kind = kind::find(&record.kind)?;
        let fresh = unsettled.get(&address) == Some(&Unsettled::Fresh);
        Some(AwaitedPod { id: record.id.clone(), kind, fresh, ready: false, shows: String::new(), address })
    };
    Ok(addresses.into_iter().filter_map(pod).collect())
}

fn recorded_running(state: &State) -> Vec<Address> {
    let runs = state.resources.iter().filter(|(address, record)| {
        record.power == Some(Power::Running)
            && address.successor().is_none()
            && kind::find(&record.kind).is_some_and(|kind| kind.awaits_readiness(record.power))
    });
    runs.map(|(address, _)| address.clone()).collect()
}

struct WaitRun<'a> {
    session: &'a Session,
    condition: &'a Condition,
    /// `None` if only the object at the end is printed.
    progress: Option<&'a Progress>,
    started: Instant,
    pods: Vec<AwaitedPod>,
}

impl WaitRun<'_> {
    /// Polls until every pod is ready, beginning with `observed`. An error says which pods are not ready, and why.
    async fn until_ready(&mut self, observed: Observed, timeout: Duration) -> Result<(), Failure> {
        let deadline = self.started + timeout;
        for pod in &self.pods {
            let (address, id) = (pod.address.clone(), pod.id.clone());
            self.show(&Event::Started {
                address: address.clone(),
                verb: Verb::Wait,
                id: Some(id.clone()),
                detail: None,
            });
            self.show(&Event::Accepted { address, verb: Verb::Wait, id });
        }
        let mut observed = Some(observed);
        let mut failed = None;
        let mut gaps = GAPS.into_iter();
        loop {
            if let Some(observed) = observed.take() {
                if let Some(failure) = self.examine(&observed, deadline).await {
                    return Err(failure);
                }
                if self.pods.iter().all(|pod| pod.ready) {
                    return Ok(());
                }
            }
            let next = Instant::now() + gaps.next().unwrap_or(LAST_GAP);
            if next >= deadline {
                sleep_until(deadline).await;
                return Err(self.late(timeout, failed.as_deref()));
            }
            sleep_until(next).await;
            match timeout_at(deadline, self.refresh()).await {
                Ok(Ok(seen)) => (observed, failed) = (Some(seen), None),
                Ok(Err(error)) if error.class.stops_everything() => return Err(error.into()),
                // A failed list says nothing about the pods.
                Ok(Err(error)) => failed = Some(error.to_string()),
                Err(_) => return Err(self.late(timeout, failed.as_deref())),
            }
        }
    }

    /// One list for each kind of resource to wait for.
    async fn refresh(&self) -> Result<Observed, crate::runpod::ApiError> {
        let kinds: BTreeMap<&str, &'static Kind> =
            self.pods.iter().filter(|pod| !pod.ready).map(|pod| (pod.kind.name, pod.kind)).collect();
        let mut observed = Observed::default();
        for kind in kinds.into_values() {
            self.session.client.list(kind).await?.into_iter().for_each(|object| observed.insert(object));
        }
        Ok(observed)
    }

    /// Compares every pod that is not ready yet with a list. Returns an error if waiting cannot help. A host that does
    /// not answer before the deadline does not hide the results of other pods.
    async fn examine(&mut self, observed: &Observed, deadline: Instant) -> Option<Failure> {
        let lag = self.session.client.list_lag();
        let (elapsed, condition) = (self.started.elapsed(), self.condition);
        let open: Vec<usize> = (0..self.pods.len()).filter(|index| !self.pods[*index].ready).collect();
        let checks = open.into_iter().map(|index| {
            let pod = &self.pods[index];
            async move {
                let readiness =
                    timeout_at(deadline, check_pod(pod, condition, observed, pod.fresh && elapsed < lag)).await;
                (index, readiness.unwrap_or_else(|_| PodReadiness::NotYet(SILENT.to_owned())))
            }
        });
        let checks: BTreeMap<usize, PodReadiness> = stream::iter(checks).buffer_unordered(PROBES).collect().await;
        for (index, readiness) in checks {
            let pod = &mut self.pods[index];
            match readiness {
                PodReadiness::Ready | PodReadiness::Probe(_) => (pod.ready, pod.shows) = (true, "ready".to_owned()),
                PodReadiness::NotYet(why) => pod.shows = why,
                PodReadiness::Never(failure) => {
                    pod.shows.clone_from(&failure.message);
                    return Some(never(pod, &failure));
                }
            }
            self.tell(index, observed);
        }
        None
    }

    fn tell(&self, index: usize, observed: &Observed) {
        let AwaitedPod { address, id, kind, ready, shows, .. } = &self.pods[index];
        let (address, id, elapsed) = (address.clone(), id.clone(), self.started.elapsed());
        self.show(&match ready {
            true => {
                let object = observed.get(kind.name, &id).cloned().map(Box::new);
                Event::Done { address, verb: Verb::Wait, id: Some(id), object, elapsed }
            }
            false => Event::Waiting { address, id, status: shows.clone(), elapsed },
        });
    }

    fn show(&self, event: &Event) {
        if let Some(progress) = self.progress {
            progress.show(event);
        }
    }

    /// The error after the deadline.
    fn late(&self, timeout: Duration, poll: Option<&str>) -> Failure {
        let open: Vec<&AwaitedPod> = self.pods.iter().filter(|pod| !pod.ready).collect();
        let after = words::duration(timeout);
        let poll = poll.map(|error| format!(" (the last poll failed: {error})")).unwrap_or_default();
        let message = match open.as_slice() {
            [pod] => format!("`{}` ({}) was not ready after {after}: {}{poll}", pod.address, pod.id, pod.shows),
            many => {
                let named = many.iter().take(NAMED).map(|pod| format!("\n  `{}`: {}", pod.address, pod.shows));
                let more = many.len().saturating_sub(NAMED);
                let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
                let all = self.pods.len();
                format!(
                    "{} of {all} pods were not ready after {after}{poll}:{}{more}",
                    many.len(),
                    named.collect::<String>()
                )
            }
        };
        let help = "wait again, or check `sindri status` and the pod's logs in the RunPod console; pods that are not \
                    ready are also billed. Nothing was changed";
        let failure = Failure::message(Exit::Error, FailureCode::NotReady, message, Some(help.into()));
        match open.as_slice() {
            [pod] => failure.about(&pod.address, Some(&pod.id)),
            _ => failure,
        }
    }
}

/// The readiness of one pod, including probes.
async fn check_pod(pod: &AwaitedPod, condition: &Condition, observed: &Observed, may_lag: bool) -> PodReadiness {
    let Some(object) = observed.get(pod.kind.name, &pod.id) else {
        return match may_lag {
            true => PodReadiness::NotYet("not listed yet".to_owned()),
            false => PodReadiness::Never(ReadinessFailure {
                code: ReadinessCode::NotFound,
                message: "is recorded, but RunPod no longer lists it".to_owned(),
                help: "`sindri plan` shows its status",
            }),
        };
    };
    match readiness(condition, object) {
        PodReadiness::Probe(probes) => {
            let tried = stream::iter(probes.iter().map(probe)).buffer_unordered(PROBES).collect::<Vec<_>>().await;
            match tried.into_iter().find_map(Result::err) {
                Some(why) => PodReadiness::NotYet(why),
                None => PodReadiness::Ready,
            }
        }
        other => other,
    }
}

fn never(pod: &AwaitedPod, failure: &ReadinessFailure) -> Failure {
    let help = failure.help.replace("{pod}", &words::shell(&pod.address.to_string()));
    let message = format!("`{}` ({}) {}", pod.address, pod.id, failure.message);
    Failure::message(Exit::Error, failure_code(failure.code), message, Some(help)).about(&pod.address, Some(&pod.id))
}

fn report(condition: &Condition, pods: &[AwaitedPod], ready: bool, elapsed: Duration) -> Json {
    let pods: Vec<Json> = pods
        .iter()
        .map(|pod| json!({ "address": pod.address, "id": pod.id, "ready": pod.ready, "shows": pod.shows }))
        .collect();
    json!({
        "format_version": "1.0",
        "for": condition.to_string(),
        "ready": ready,
        "elapsed_seconds": elapsed.as_secs_f64(),
        "pods": pods,
    })
}

fn failure_code(code: ReadinessCode) -> FailureCode {
    match code {
        ReadinessCode::AmbiguousPort => FailureCode::AmbiguousPort,
        ReadinessCode::Errored => FailureCode::Errored,
        ReadinessCode::NoPort => FailureCode::NoPort,
        ReadinessCode::NotFound => FailureCode::NotFound,
        ReadinessCode::Stopped => FailureCode::Stopped,
        ReadinessCode::ZeroGpu => FailureCode::ZeroGpu,
    }
}
