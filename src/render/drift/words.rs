//! Wording of a finding, shared by all formats: what happened, its cost or loss, and what to do about it.

use std::fmt;

use crate::config::DEFAULT_ENVIRONMENT;
use crate::kind;
use crate::kind::loss::{self, LossWords};
use crate::model::{DriftClass, DriftReport, FieldChange, Finding, Hold, Loss, Price, RestoreEffect, Retry, Unsettled};
use crate::render::words;

/// A sentence whose literals are marked, so that each format can escape them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phrase(Vec<(bool, String)>);

impl Phrase {
    pub fn new(text: impl fmt::Display) -> Self {
        Self::default().text(text)
    }

    #[must_use]
    pub fn text(mut self, text: impl fmt::Display) -> Self {
        self.0.push((false, text.to_string()));
        self
    }

    /// A literal: a name, an id, a command.
    #[must_use]
    pub fn code(mut self, text: impl fmt::Display) -> Self {
        self.0.push((true, text.to_string()));
        self
    }

    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The sentence with its literals converted by `code`. The rest is our own text and needs no escaping.
    pub fn with(&self, code: impl Fn(&str) -> String) -> String {
        self.0.iter().map(|(literal, text)| if *literal { code(text) } else { text.clone() }).collect()
    }
}

/// Puts literals in backticks.
impl fmt::Display for Phrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.with(|text| format!("`{text}`")))
    }
}

/// One way to resolve a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remedy {
    /// `None` if no command of sindri does this.
    pub command: Option<String>,
    /// The effect of the command, for example `creates it again`; without a command, the whole advice.
    pub effect: Phrase,
}

/// For example `is gone`, to follow the name of a resource.
pub fn happened(class: DriftClass) -> &'static str {
    match class {
        DriftClass::Gone => "is gone",
        DriftClass::Changed => "was changed",
        DriftClass::Stopped => "was stopped",
        DriftClass::Started => "was started",
        DriftClass::ZeroGpu => "lost its GPU",
        DriftClass::Errored => "is in error",
        DriftClass::NotReady => "is not ready",
        DriftClass::Migrated => "was migrated",
        DriftClass::Rotated => "has a value set outside sindri",
        DriftClass::ScaledDown => "was scaled down by RunPod",
        DriftClass::Orphan => "is an orphan",
        DriftClass::Unmanaged => "is not managed here",
    }
}

/// Says what happened to a resource, with the cause if known.
pub fn what(finding: &Finding) -> Phrase {
    let Finding { class, object_id, .. } = finding;
    match class {
        DriftClass::Stopped if finding.preempted => {
            Phrase::new("was most likely preempted; it is a spot pod, and RunPod shows no user who stopped it")
        }
        DriftClass::Changed => {
            let mut phrase = Phrase::new("differs from what was applied in ");
            for (index, field) in finding.fields.iter().enumerate() {
                phrase = if index > 0 { phrase.text(", ") } else { phrase }.code(&field.path);
            }
            phrase
        }
        DriftClass::Migrated => moved(finding),
        DriftClass::NotReady => not_ready(finding),
        DriftClass::Orphan if finding.recorded_is_live => {
            Phrase::new("exists twice: the recorded object still exists, and ")
                .code(object_id)
                .text(" is not in the state")
        }
        DriftClass::Orphan if !finding.same_lineage => {
            Phrase::new("was created from another state of this project and is not in this state")
        }
        DriftClass::Unmanaged => match &finding.marker {
            Some(marker) => {
                Phrase::new("belongs to the sindri project ").code(format!("{}/{}", marker.name, marker.environment))
            }
            None => Phrase::new("has no sindri marker"),
        },
        class => Phrase::new(happened(*class)),
    }
}

fn not_ready(finding: &Finding) -> Phrase {
    let history = if finding.never_ready { ", and it has not been ready since it was created" } else { "" };
    let mut ports = finding.fields.iter().filter_map(|field| field.path.strip_prefix("endpoints."));
    let Some(first) = ports.next() else {
        let status = finding.status.as_deref().unwrap_or_default();
        return Phrase::new("is not ready; its status is ").code(status).text(history);
    };
    let list =
        ports.fold(Phrase::new("cannot be reached at ").code(first), |phrase, port| phrase.text(", ").code(port));
    list.text("; RunPod shows no public address there").text(history)
}

fn moved(finding: &Finding) -> Phrase {
    let mut phrase = match finding.new_id() {
        Some(id) => Phrase::new("is now ").code(id).text("; ").code(&finding.object_id).text(" no longer exists"),
        None => Phrase::new("is at another location"),
    };
    for FieldChange { path, before, after, .. } in finding.fields.iter().filter(|field| field.path != "id") {
        let [before, after] = [before, after].map(|value| value.as_text().unwrap_or_default().to_owned());
        phrase = phrase.text("; ").code(path).text(" was ").code(before).text(" and is now ").code(after);
    }
    phrase
}

/// `$0.74/h`, `about $0.74/h`.
pub fn price(price: Price) -> String {
    format!("{}{}", about(price), price.hourly.of_one())
}

fn monthly(price: Price) -> String {
    format!("{}{}", about(price), price.hourly.of_one_monthly())
}

/// Marks estimates, which are not exact.
fn about(price: Price) -> &'static str {
    if price.estimated && price.hourly.is_known() { "about " } else { "" }
}

/// Says what the finding has lost, or what it costs now.
pub fn consequence(finding: &Finding) -> Option<Phrase> {
    let billed = finding.price.filter(|price| price.hourly.is_billed());
    let hourly = billed.map(price);
    match finding.class {
        DriftClass::Gone if finding.losses.is_empty() => None,
        DriftClass::Gone => Some(lost(Phrase::new("lost: "), &finding.losses)),
        DriftClass::Changed if finding.ignored => Some(
            Phrase::code(Phrase::default(), "lifecycle.ignoreChanges").text(" covers it, so apply does not change it"),
        ),
        DriftClass::Changed => undoing(finding),
        DriftClass::Stopped => Some(match billed {
            Some(kept) => Phrase::new(format!("its kept volume still costs {} while it is stopped", monthly(kept))),
            None => Phrase::new("it costs nothing while it is stopped, and its container disk is wiped"),
        }),
        DriftClass::ZeroGpu => {
            hourly.map(|hourly| at_risk(Phrase::new(format!("it is billed at {hourly} without a GPU")), finding))
        }
        DriftClass::Errored => {
            hourly.map(|hourly| at_risk(Phrase::new(format!("it is billed at {hourly} but does not run")), finding))
        }
        DriftClass::Started => hourly.map(|hourly| Phrase::new(format!("it is billed at {hourly}"))),
        DriftClass::NotReady => {
            let bills = hourly.map(|hourly| Phrase::new(format!("it is still billed at {hourly}")));
            if finding.undo == Some(RestoreEffect::Replace) {
                bills.map(|bills| at_risk(bills, finding))
            } else {
                bills
            }
        }
        DriftClass::Migrated | DriftClass::Rotated => None,
        DriftClass::ScaledDown => Some(Phrase::new("RunPod lowers the number of workers when there are no requests")),
        DriftClass::Orphan | DriftClass::Unmanaged => {
            billed.map(|billed| Phrase::new(format!("it costs {}{}", about(billed), billed.hourly.hour_and_month())))
        }
    }
}

fn lost(mut phrase: Phrase, losses: &[Loss]) -> Phrase {
    for (index, LossWords { amount, mount_path, names }) in losses.iter().map(loss::words).enumerate() {
        phrase = if index > 0 { phrase.text(", ") } else { phrase };
        phrase = phrase.text(amount);
        phrase = mount_path.iter().fold(phrase, |phrase, path| phrase.text(" at ").code(path));
        if !names.is_empty() {
            phrase = phrase.text(": ").text(names);
        }
    }
    phrase
}

/// Adds the data that a replacement would lose.
fn at_risk(phrase: Phrase, finding: &Finding) -> Phrase {
    match finding.at_risk.as_slice() {
        [] => phrase,
        losses => lost(phrase.text("; replacing it loses its "), losses),
    }
}

/// Says how to undo the change.
fn undoing(finding: &Finding) -> Option<Phrase> {
    let kind = kind::find(&finding.kind)?;
    let words = match finding.undo? {
        RestoreEffect::InPlace => return None,
        RestoreEffect::Rollout => "undoing it exchanges the workers; running jobs finish".to_owned(),
        RestoreEffect::Restart => {
            format!("undoing it replaces the {}, or recreates its container in place", kind.title)
        }
        RestoreEffect::Replace => format!("undoing it replaces the {}", kind.title),
        RestoreEffect::Impossible => {
            let reason = finding.fields.iter().find_map(|field| kind.refusal(field))?;
            return Some(Phrase::new(format!("it cannot be undone: {reason}")));
        }
    };
    Some(at_risk(Phrase::new(words), finding))
}

/// The possible remedies, the usual one first. `target` is the resource as named in commands; see [`target`].
pub fn remedies(report: &DriftReport, finding: &Finding, target: &str) -> Vec<Remedy> {
    let run = |command: &str, effect: &str| Remedy {
        command: Some(in_environment(report, command)),
        effect: Phrase::new(effect),
    };
    let apply = |effect: &str| run("sindri apply", effect);
    let refresh = |effect: &str| run("sindri refresh", effect);
    match finding.class {
        DriftClass::Gone => vec![apply("creates it again if it is still declared"), refresh("forgets it")],
        DriftClass::Changed => changed(report, finding),
        DriftClass::Stopped => {
            vec![apply("starts it again if it is still declared"), refresh("accepts that it is stopped")]
        }
        DriftClass::Started => {
            let again = held(finding, &[Hold::Locked], apply("stops it again if it is still declared"));
            vec![again, refresh("accepts that it runs")]
        }
        DriftClass::ZeroGpu | DriftClass::Errored => {
            let retry = finding.retry.map(|retry| self::retry(report, finding, retry, target));
            let replace = held(finding, &ALL, apply("replaces it if it is still declared"));
            retry.into_iter().chain([replace]).collect()
        }
        DriftClass::NotReady if finding.undo == Some(RestoreEffect::Replace) => {
            vec![held(finding, &ALL, apply("replaces it unless it becomes ready first"))]
        }
        DriftClass::NotReady => {
            let address = finding.address.iter().map(|address| words::shell(&address.to_string())).collect::<String>();
            let wait = run(&format!("sindri wait {address}"), "waits until it is ready");
            let unlock = Phrase::new("it is locked and cannot be restarted; unlock it first at ").code(words::CONSOLE);
            let unlock = Remedy { command: None, effect: unlock };
            vec![wait, finding.retry.map_or(unlock, |retry| self::retry(report, finding, retry, &address))]
        }
        DriftClass::Migrated if finding.new_id().is_some() => {
            vec![apply("records its new id and continues with it"), refresh("only records its new id")]
        }
        DriftClass::Migrated => vec![refresh("records its location")],
        DriftClass::Rotated => {
            let effect =
                Phrase::new("raise its ").code("version").text(" to write the value of the configuration again");
            vec![Remedy { command: None, effect }, refresh("accepts the current value")]
        }
        DriftClass::ScaledDown => vec![apply("raises it again"), refresh("accepts the lower number")],
        DriftClass::Orphan => orphan(report, finding),
        DriftClass::Unmanaged => Vec::new(),
    }
}

/// Maximum number of resources to name in one command.
const NAMED: usize = 4;

/// The resources of these findings as named in commands.
pub fn target(findings: &[&Finding]) -> String {
    let addresses = findings.iter().filter_map(|finding| finding.address.as_ref());
    match findings.len() {
        0..=NAMED => addresses.map(|address| words::shell(&address.to_string())).collect::<Vec<_>>().join(" "),
        _ => "ADDRESS...".to_owned(),
    }
}

/// All reasons for which an apply refuses a replacement.
const ALL: [Hold; 2] = [Hold::Locked, Hold::PreventDestroy];

/// The remedy, or what must be removed first if one of `reasons` would make an apply refuse it.
fn held(finding: &Finding, reasons: &[Hold], remedy: Remedy) -> Remedy {
    let advice = |hold: &Hold| match hold {
        Hold::Locked => Phrase::new("it is locked, and apply refuses to stop or replace it; unlock it first at ")
            .code(words::CONSOLE),
        Hold::PreventDestroy => Phrase::new("apply refuses to replace it; apply ")
            .code("lifecycle.preventDestroy: false")
            .text(" with it to allow that"),
    };
    match finding.holds.iter().find(|hold| reasons.contains(hold)) {
        Some(hold) => Remedy { command: None, effect: advice(hold) },
        None => remedy,
    }
}

/// A way to repair a broken pod without replacing it.
fn retry(report: &DriftReport, finding: &Finding, retry: Retry, target: &str) -> Remedy {
    let of = |verb: &str| in_environment(report, &format!("sindri {verb} {target}"));
    let restart = || format!("{} && {}", of("stop"), of("start"));
    let (command, back) = match retry {
        Retry::Start => (of("start"), "may bring it back"),
        Retry::StopAndStart if finding.class == DriftClass::NotReady => {
            (restart(), "restarts it with a fresh container disk")
        }
        Retry::StopAndStart => (restart(), "may bring its GPU back, with a fresh container disk"),
    };
    let keeps = if finding.at_risk.is_empty() { "" } else { ", and keeps its volume" };
    Remedy { command: Some(command), effect: Phrase::new(format!("{back}{keeps}")) }
}

/// Remedies for changed attributes.
fn changed(report: &DriftReport, finding: &Finding) -> Vec<Remedy> {
    let run = |command: &str, effect: &str| Remedy {
        command: Some(in_environment(report, command)),
        effect: Phrase::new(effect),
    };
    let refresh = run("sindri refresh", "accepts the current values");
    let apply = |effect: &str| run("sindri apply", effect);
    match finding.undo {
        // An apply does not change ignored attributes.
        _ if finding.ignored => vec![refresh],
        Some(RestoreEffect::Impossible) => {
            let write = Phrase::new("write the current values into the configuration");
            vec![Remedy { command: None, effect: write }, refresh]
        }
        Some(RestoreEffect::Restart) => vec![
            held(finding, &ALL, apply("restores the declared values; it asks before a volume is lost")),
            run("sindri apply --updates in-place", "does so in the same pod and keeps its volume"),
            refresh,
        ],
        Some(RestoreEffect::Replace) => vec![held(finding, &ALL, apply("restores the declared values")), refresh],
        Some(RestoreEffect::InPlace | RestoreEffect::Rollout) | None => {
            vec![apply("restores the declared values"), refresh]
        }
    }
}

fn orphan(report: &DriftReport, finding: &Finding) -> Vec<Remedy> {
    let end = Remedy { command: None, effect: Phrase::new("if it is not needed, delete it at ").code(words::CONSOLE) };
    let Some(address) = finding.address.as_ref().filter(|_| !finding.recorded_is_live) else { return vec![end] };
    let run = |command: String, effect: &str| Remedy {
        command: Some(in_environment(report, &command)),
        effect: Phrase::new(effect),
    };
    let apply = if finding.same_lineage { "sindri apply" } else { "sindri apply --adopt" };
    vec![
        run(apply.to_owned(), "adopts it if it is declared"),
        run(words::import_command(address, &finding.object_id), "imports only this object, if it is declared"),
        end,
    ]
}

/// The command with the options for this environment.
fn in_environment(report: &DriftReport, command: &str) -> String {
    match report.environment.as_str() {
        DEFAULT_ENVIRONMENT => command.to_owned(),
        environment => format!("{command} -e {}", words::shell(environment)),
    }
}

/// The subject of a finding: its address, or RunPod's name if it has no address.
pub fn subject(finding: &Finding) -> String {
    match &finding.address {
        Some(address) if finding.class != DriftClass::Unmanaged => address.to_string(),
        _ => title(&finding.kind).to_owned(),
    }
}

/// A whole sentence: the subject, and what happened to it.
pub fn sentence(finding: &Finding) -> Phrase {
    let subject = match &finding.address {
        Some(address) if finding.class != DriftClass::Unmanaged => Phrase::default().code(address),
        _ => Phrase::new(title(&finding.kind)).text(" ").code(&finding.object_id),
    };
    subject.text(" ").join(what(finding))
}

/// The name of a kind in sentences.
pub fn title(kind: &str) -> &str {
    kind::find(kind).map_or(kind, |kind| kind.title)
}

/// Why an address is not compared.
pub fn unsettled(why: Unsettled) -> &'static str {
    match why {
        Unsettled::InFlight => {
            "sindri sent a request for it whose outcome is not known yet; the running command or the next `sindri \
             apply` settles it"
        }
        Unsettled::Fresh => {
            "no list shows it, but something was created so recently that lists may lag; try again in two minutes"
        }
    }
}

/// `1 gone, 2 changed`: counts for every class that occurs.
pub fn tally<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    let mut counts = std::collections::BTreeMap::new();
    findings.for_each(|finding| *counts.entry(finding.class).or_insert(0_usize) += 1);
    counts.into_iter().map(|(class, count)| format!("{count} {}", class.word())).collect::<Vec<_>>().join(", ")
}
