//! The current resources: the status table, values for later steps (`output`), and how to connect to a pod.

mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value as Json, json};

use super::json::{FORMAT_VERSION, cost, dollars};
use super::style::{Line, Style, Tone, harmless};
use super::words;
use crate::catalog::Catalog;
use crate::kind::{self, Description, price};
use crate::model::{Address, Cost, Object, Observed, Record, SshTarget, State, Status};
use crate::resource::inventory;
pub use table::{StatusView, table};

/// One resource and its object.
struct StatusRow<'a> {
    address: &'a Address,
    record: &'a Record,
    /// `None` if the object is gone.
    object: Option<&'a Object>,
}

/// Recorded resources in order, limited to `only` unless that is empty. Members (ports) are shown with their parent.
fn rows<'a>(state: &'a State, observed: &'a Observed, only: &BTreeSet<Address>) -> Vec<StatusRow<'a>> {
    let own = state.resources.iter().filter(|(address, _)| !crate::resource::members::is_member(address));
    own.filter(|(address, _)| only.is_empty() || only.contains(address))
        .map(|(address, record)| StatusRow { address, record, object: observed.get(&record.kind, &record.id) })
        .collect()
}

impl StatusRow<'_> {
    /// The status in the user's terms, including what is wrong.
    fn state(&self) -> String {
        let word = match (self.object, self.object.and_then(|object| object.status.as_ref())) {
            (None, _) => return "NotDeployed (gone)".to_owned(),
            (Some(_), None) => "Available".to_owned(),
            (Some(_), Some(status)) => status.to_string(),
        };
        let waiting = self.object.is_some_and(|object| object.status == Some(Status::Running) && !object.ready);
        match (self.record.tainted, waiting) {
            (true, _) => format!("{word} (tainted)"),
            (_, true) => format!("{word} (not ready)"),
            _ => word,
        }
    }

    fn is_well(&self) -> bool {
        let fine = |object: &Object| object.ready || matches!(object.status, None | Some(Status::Stopped));
        self.object.is_some_and(fine) && !self.record.tainted
    }

    fn description(&self) -> Description {
        let mut chosen = self.record.chosen.clone();
        chosen.extend(self.object.map(|object| object.computed.chosen.clone()).unwrap_or_default());
        let kind = kind::find(&self.record.kind);
        kind.map(|kind| (kind.describe)(&self.record.inputs, &chosen)).unwrap_or_default()
    }

    /// RunPod's hourly price, or the catalog's estimate if RunPod shows none (for volumes, and for the disks of stopped
    /// pods).
    fn hourly(&self) -> Option<Cost> {
        Some(price::price_of(Catalog::embedded(), self.object?).hourly)
    }
}

/// Every way to connect to an object, as a name and a command or address.
fn reach(object: &Object) -> Vec<(String, String)> {
    let computed = &object.computed;
    let endpoint = |endpoint: &crate::model::Endpoint| {
        (endpoint.port.clone(), endpoint.address.clone().unwrap_or_else(|| "not mapped yet".to_owned()))
    };
    let mut ways: Vec<(String, String)> = computed.endpoints.iter().map(endpoint).collect();
    let url = |(name, url): (&String, &String)| (name.clone(), url.clone());
    ways.extend(computed.urls.iter().map(url));
    ways.extend(computed.workers.map(|workers| ("workers".to_owned(), workers.to_string())));
    ways.extend(computed.ssh_direct.as_ref().map(|target| ("ssh".to_owned(), ssh_command(target))));
    ways.extend(computed.ssh_proxy.as_ref().map(|target| ("ssh (proxy)".to_owned(), ssh_command(target))));
    ways
}

/// `ssh root@203.0.113.7 -p 35558`, safe to paste.
pub fn ssh_command(target: &SshTarget) -> String {
    let SshTarget { host, port, username } = target;
    let place = words::shell(&format!("{username}@{host}"));
    if *port == 22 { format!("ssh {place}") } else { format!("ssh {place} -p {port}") }
}

/// How to connect, shown after a deploy and by `sindri connect --print`.
pub fn connect(out: &mut dyn fmt::Write, address: &Address, object: &Object, style: &Style) -> fmt::Result {
    let cost = object.computed.cost_per_hour.map(|hourly| format!(", {hourly}/h")).unwrap_or_default();
    let status = object.status.as_ref().map(|status| format!("  {status}")).unwrap_or_default();
    let head = Line::new(0).tone(Tone::Heading, address);
    head.text(format!("  {}{status}{cost}", object.id)).write(out, style)?;
    let mut ways = reach(object);
    if kind::runs_container(object) {
        ways.push(("web terminal".to_owned(), words::web_terminal(&object.id)));
    }
    for (name, how) in ways {
        // Source: the user's document, "Method 2: SSH via Proxy".
        let limits = if name == "ssh (proxy)" { "  # a terminal only: no scp, no sftp" } else { "" };
        Line::of(2, format!("{name:12}  {how}")).join(Line::new(0).tone(Tone::Dim, limits)).write(out, style)?;
    }
    Ok(())
}

/// The status for tools.
pub fn status_json(state: &State, observed: &Observed, only: &BTreeSet<Address>) -> Json {
    let rows = rows(state, observed, only);
    let resources: Vec<Json> = rows
        .iter()
        .map(|row| {
            let Description { what, place, details: _ } = row.description();
            let mut json = values(row);
            json.insert("address".into(), json!(row.address));
            json.insert("kind".into(), json!(row.record.kind));
            json.insert("state".into(), json!(row.state()));
            json.insert("what".into(), json!(what));
            json.insert("region".into(), json!(place));
            json.insert("tainted".into(), json!(row.record.tainted));
            let by_default = kind::find(&row.record.kind).is_some_and(|kind| kind.protection.is_some());
            json.insert("protected".into(), json!(by_default || row.record.prevent_destroy));
            json.insert("prevent_destroy".into(), json!(row.record.prevent_destroy));
            json.insert("awaiting_ready".into(), json!(row.record.awaiting_ready));
            Json::Object(json)
        })
        .collect();
    let orphans: Vec<Json> = inventory::orphans(None, state, observed)
        .filter(|_| only.is_empty())
        .map(|(object, marker)| {
            json!({
                "kind": object.kind, "id": object.id, "name": object.name,
                "marker": marker.to_string(),
                "hourly": object.computed.cost_per_hour.map(dollars),
            })
        })
        .collect();
    let hourly: Cost = rows.iter().filter_map(StatusRow::hourly).sum();
    json!({
        "format_version": FORMAT_VERSION,
        "environment": state.environment,
        "api": state.api,
        "resources": resources,
        "orphans": orphans,
        "hourly": cost(hourly),
        "known_hourly": dollars(hourly.known),
    })
}

/// The values of one resource for later steps. Excludes attributes, which may contain undeclared secrets.
fn values(row: &StatusRow<'_>) -> Map<String, Json> {
    let mut values = Map::new();
    values.insert("id".into(), json!(row.record.id));
    let Some(object) = row.object else { return values };
    let computed = &object.computed;
    values.insert("name".into(), json!(object.name));
    values.extend(object.status.as_ref().map(|status| ("status".to_owned(), json!(status.to_string()))));
    values.insert("ready".into(), json!(object.ready));
    values.extend(row.hourly().map(|hourly| ("hourly".to_owned(), cost(hourly))));
    values.extend(computed.uptime_seconds.map(|seconds| ("uptime_seconds".to_owned(), json!(seconds))));
    values.extend(computed.chosen.iter().map(|(name, value)| (name.clone(), json!(value))));
    let target = |target: &SshTarget| {
        json!({
            "host": target.host, "port": target.port, "username": target.username, "command": ssh_command(target),
        })
    };
    values.extend(computed.ssh_direct.as_ref().map(|direct| ("ssh".to_owned(), target(direct))));
    values.extend(computed.ssh_proxy.as_ref().map(|proxy| ("ssh_proxy".to_owned(), target(proxy))));
    if !computed.urls.is_empty() {
        values.insert("url".into(), json!(computed.urls));
    }
    values.extend(computed.workers.map(|workers| ("workers".to_owned(), json!(workers))));
    let endpoints: Map<String, Json> =
        computed.endpoints.iter().map(|endpoint| (endpoint.port.clone(), json!(endpoint.address))).collect();
    if !endpoints.is_empty() {
        values.insert("endpoints".into(), Json::Object(endpoints));
    }
    if kind::runs_container(object) {
        values.insert("web_terminal".into(), json!(words::web_terminal(&object.id)));
    }
    values
}

/// The values of `sindri output`, by address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs(BTreeMap<Address, Json>);

impl Outputs {
    pub fn new(state: &State, observed: &Observed) -> Self {
        Self(
            rows(state, observed, &BTreeSet::new())
                .iter()
                .map(|row| (row.address.clone(), Json::Object(values(row))))
                .collect(),
        )
    }

    /// `{"format_version", "outputs": {"pod.trainer": {...}}}`.
    pub fn json(&self) -> Json {
        let outputs: Map<String, Json> =
            self.0.iter().map(|(address, values)| (address.to_string(), values.clone())).collect();
        json!({"format_version": FORMAT_VERSION, "outputs": outputs})
    }

    /// One line per value: `pod.trainer.ssh.host = "203.0.113.7"`.
    pub fn text(&self, out: &mut dyn fmt::Write, style: &Style) -> fmt::Result {
        self.flat().iter().try_for_each(|(path, value)| Line::of(0, format!("{path} = {value}")).write(out, style))
    }

    /// The value at a path such as `pod.trainer.ssh.host`, for `output --raw`: a text as it is, anything else as JSON.
    pub fn raw(&self, path: &str) -> Option<String> {
        let (values, rest) = self.0.iter().find_map(|(address, values)| {
            let rest = path.strip_prefix(&address.to_string())?;
            (rest.is_empty() || rest.starts_with('.')).then_some((values, rest))
        })?;
        let found = rest.split('.').skip(1).try_fold(values, |value, key| value.get(key))?;
        Some(match found {
            Json::String(text) => harmless(text).into_owned(),
            other => super::json::to_text(other, false),
        })
    }

    /// Every path that [`Self::raw`] accepts for a single value. Used for suggestions.
    pub fn paths(&self) -> Vec<String> {
        self.flat().into_iter().map(|(path, _)| path).collect()
    }

    fn flat(&self) -> Vec<(String, &Json)> {
        let mut lines = Vec::new();
        for (address, values) in &self.0 {
            flatten(address.to_string(), values, &mut lines);
        }
        lines
    }
}

fn flatten<'a>(path: String, value: &'a Json, lines: &mut Vec<(String, &'a Json)>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                flatten(format!("{path}.{key}"), value, lines);
            }
        }
        _ => lines.push((path, value)),
    }
}
