//! Entry points for fuzzers: one function per untrusted input, from its bytes to everything shown of it.
//!
//! No input may cause a panic, a long run or high memory use. `fuzz/` runs the functions under libFuzzer, and
//! `tests/fuzz` with a bounded number of mutations in every test run. Nothing here writes a file or uses a network or
//! the clock, but files named by a configuration are read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use miette::{Diagnostic, GraphicalTheme};

use crate::catalog::Catalog;
use crate::cli::saved;
use crate::config::{self, Config, LoadOptions};
use crate::graph::ResourceGraph;
use crate::kind::KINDS;
use crate::model::{Dialect, Object, Observed, Plan, Replay, State};
use crate::planner;
use crate::planner::drift::{report, survey};
use crate::planner::{Input, PlanOptions};
use crate::render::diagnostic::{HiddenValues, SafeDiagnostic};
use crate::render::graph::{self as picture, Picture};
use crate::render::json::{self, ErrorContext};
use crate::render::{self, PlanView, Style};
use crate::runpod::{Api, ApiKey, Client};
use crate::store;
use crate::transport::{Reply, Request, Transport, TransportError};

/// A state with every kind, for inputs that need a state.
const STATE: &[u8] = include_bytes!("fuzz/state.json");
/// A configuration that declares the same resources and some more.
const CONFIGURATION: &[u8] = include_bytes!("fuzz/sindri.yaml");

/// `sindri.yaml`: read, planned for an empty account and with an older state, and shown; otherwise its problems.
pub fn configuration(bytes: &[u8]) {
    match configured(&String::from_utf8_lossy(bytes)) {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| shown(warning.as_ref()));
            declared(&config);
            for prior in state_of(STATE).into_iter().chain([no_state()]) {
                planned(&config, &prior, &Observed::default(), PlanOptions::default());
            }
        }
        Err(problems) => problems.iter().for_each(|problem| shown(problem)),
    }
}

/// A state file: read, written, read again, shown, and planned from.
///
/// # Panics
///
/// If reading a written state gives a different state, which is a finding.
pub fn state(bytes: &[u8]) {
    match store::parse_state(bytes, Path::new("state/default.json")) {
        Ok(state) => {
            let written = store::state_bytes(&state);
            let read = store::parse_state(&written, Path::new("state/default.json"));
            assert!(read.is_ok_and(|read| read == state), "a state is read back as it was written");
            used(&state, &Observed::default());
        }
        Err(error) => shown(&error),
    }
}

/// A journal: read, and folded into a state twice.
///
/// # Panics
///
/// If folding a second time changes the state, which is a finding.
pub fn journal(bytes: &[u8]) {
    match store::parse_journal(bytes, Path::new("state/default.journal")) {
        Ok(entries) => {
            let Some(state) = state_of(STATE) else { return };
            let mut replay = Replay::new(state);
            entries.iter().for_each(|entry| replay.fold(entry));
            let once = replay.state.clone();
            entries.iter().for_each(|entry| replay.fold(entry));
            assert!(once == replay.state, "a journal can be folded in twice");
            used(&once, &Observed::default());
        }
        Err(error) => shown(&error),
    }
}

/// A saved plan: read, verified and shown, even if its digest is wrong, because anyone can compute the right one.
pub fn saved_plan(bytes: &[u8]) {
    if let Err(failure) = saved::parse("plan.json", &String::from_utf8_lossy(bytes)) {
        shown(failure.report.as_ref());
    }
    if let Ok(saved) = serde_json::from_slice::<crate::planner::review::saved::SavedPlan>(bytes) {
        rendered(&saved.plan);
    }
}

/// The body of a REST v1 response, as the reply to every read request.
pub fn reply_v1(bytes: &[u8]) {
    answered(bytes, Dialect::V1);
}

/// The body of a REST v2 response, as the reply to every read request.
pub fn reply_v2(bytes: &[u8]) {
    answered(bytes, Dialect::V2);
}

/// The first byte is the status of the response. Characters that can begin JSON mean success.
fn answered(bytes: &[u8], dialect: Dialect) {
    let Some(first) = bytes.first() else { return };
    let (status, body) = match first {
        b'{' | b'[' | b'"' => (200, bytes),
        other => (200 + 3 * u16::from(*other), &bytes[1..]),
    };
    let reply = Reply { status, headers: vec![("retry-after".into(), "1".into())], body: Bytes::copy_from_slice(body) };
    let client = Client::new(Arc::new(Always(reply)), ApiKey::emulator(), dialect).with_seed(7);
    // Paused time advances by itself, so retries take no time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else { return };
    let (mut observed, mut objects) = (Observed::default(), Vec::<Object>::new());
    for kind in KINDS.iter().copied().filter(|kind| kind.member_of.is_none()) {
        match runtime.block_on(client.list(kind)) {
            Ok(listed) => listed.into_iter().for_each(|object| observed.insert(object)),
            Err(error) => shown(&error),
        }
        match runtime.block_on(client.read(kind, "zhah7syqaj")) {
            Ok(object) => objects.extend(object),
            Err(error) => shown(&error),
        }
    }
    objects.into_iter().for_each(|object| observed.insert(object));
    if let Some(state) = state_of(STATE) {
        used(&state, &observed);
    }
}

/// A server that always gives the same response.
struct Always(Reply);

#[async_trait]
impl Transport for Always {
    async fn send(&self, _: Request) -> Result<Reply, TransportError> {
        Ok(self.0.clone())
    }
}

fn configured(text: &str) -> Result<Config, config::Problems> {
    let options = LoadOptions {
        directory: PathBuf::from("/nowhere"),
        file: None,
        environment: None,
        dialect: None,
        variables: &|name| (!name.starts_with("UNSET")).then(|| "a value".to_owned()),
        readable_folders: Vec::new(),
        api_keys: vec![API_KEY.to_owned()],
        offline_secrets: true,
        recorded: Rc::new(|_| BTreeSet::new()),
    };
    config::check_text(Path::new("/nowhere/sindri.yaml"), text, &options)
}

/// The API key, which no output may show.
const API_KEY: &str = "rpa_0123456789ABCDEF";

/// The state before the first apply.
fn no_state() -> State {
    State::new("6fd1f3a5".to_owned(), "default".to_owned(), "https://api.runpod.io".to_owned())
}

fn state_of(bytes: &[u8]) -> Option<State> {
    store::parse_state(bytes, Path::new("state/default.json")).ok()
}

/// Everything that commands do with a state and RunPod's responses.
fn used(state: &State, observed: &Observed) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for short in [false, true] {
        let view = render::status::StatusView { short, ..Default::default() };
        let _ = render::status::table(&mut text, state, observed, &view, &narrow());
    }
    let outputs = render::status::Outputs::new(state, observed);
    let _ = outputs.text(&mut text, &narrow());
    text += &json::to_text(&render::status::status_json(state, observed, &BTreeSet::new()), true);
    text += &json::to_text(&outputs.json(), true);
    let report = report::report(&report::Scope {
        name: "fuzz",
        prior: state,
        observed,
        catalog: Catalog::embedded(),
        unsettled: &BTreeMap::new(),
        expected: &BTreeSet::new(),
        unmanaged: true,
        now: jiff::Timestamp::UNIX_EPOCH,
    });
    let _ = render::drift::text(&mut text, &report, &narrow());
    let _ = survey::drift(state, observed);
    if let Ok(config) = configured(&String::from_utf8_lossy(CONFIGURATION)) {
        planned(&config, state, observed, PlanOptions::default());
        planned(&config, state, observed, PlanOptions { destroy: true, ..PlanOptions::default() });
    }
}

fn planned(config: &Config, prior: &State, observed: &Observed, options: PlanOptions) {
    let plan = planner::plan(&Input {
        name: &config.name,
        environment: &config.environment,
        api: &prior.api,
        dialect: config.dialect,
        desired: &config.resources,
        moved: &config.moved,
        budget: config.budget,
        prior,
        observed,
        catalog: Catalog::embedded(),
        options,
    });
    match plan {
        Ok(plan) => rendered(&plan),
        Err(error) => shown(&error),
    }
}

/// A plan in every output format.
fn rendered(plan: &Plan) {
    /// Limit for a comment on GitHub, in bytes.
    const COMMENT: usize = 65_536;
    let view = PlanView { full: true, config: "sindri.yaml".into(), ..PlanView::default() };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = render::text::plan(&mut text, plan, &view, &narrow());
    let _ = render::markdown::plan(&mut text, plan, &view, COMMENT);
    let _ = render::html::plan(&mut text, plan, &view);
    text += &json::to_text(&json::plan_json(plan, None), false);
    drawn(&picture::of_plan(plan, &view));
}

/// `sindri graph`: the resources of a configuration.
fn declared(config: &Config) {
    match ResourceGraph::of_resources(&config.resources) {
        Ok(graph) => drawn(&picture::declared(&graph)),
        Err(error) => shown(&error),
    }
}

/// A graph in every output format.
fn drawn(graph: &Picture) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = picture::dot(&mut text, graph);
    let _ = picture::mermaid(&mut text, graph);
    let _ = picture::document(&mut text, graph);
}

/// A diagnostic on a terminal, in a log and as JSON.
///
/// # Panics
///
/// If one of them shows the API key or a control character, which is a finding.
fn shown(report: &dyn Diagnostic) {
    let hidden = HiddenValues::new([API_KEY.to_owned()]);
    for width in [Some(80), None] {
        let text =
            render::draw(&SafeDiagnostic::new(report, &hidden, width.unwrap_or(80)), GraphicalTheme::none(), width);
        assert!(!text.contains(API_KEY), "a diagnostic never shows the API key");
        let is_plain = |letter: char| letter == '\n' || !letter.is_control();
        assert!(text.chars().all(is_plain), "a diagnostic has no control characters");
    }
    json::to_text(&json::error_json(report, &ErrorContext::default()), false);
}

fn narrow() -> Style {
    Style { color: false, width: Some(80), unicode: false }
}
