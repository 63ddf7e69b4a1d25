//! Progress of an apply: one live line on a terminal, plain lines elsewhere, JSON lines for tools.
//!
//! [`Tracker`] decides what to show. It is pure: it turns an event and the time since the start into lines.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::style::{Line, Style, Tone, harmless};
use super::{json, words};
use crate::apply::Event;
use crate::model::{Address, Double, Verb};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressKind {
    /// One live line below permanent lines, on standard error.
    Terminal,
    /// Lines without control codes.
    Plain,
    /// No progress; the summary reports failures.
    Quiet,
    /// One JSON object per line.
    Json,
}

/// Minimum time between two lines that only say that sindri is still waiting.
const PATIENCE: Duration = Duration::from_secs(30);
/// From this many resources on, all waiting resources share one line.
const FLEET: usize = 6;
/// Equal events are shown one by one up to this number.
const REPEATED: usize = 3;
/// Up to this many operations in progress, every event updates the live line.
const FEW: usize = 64;
/// Minimum time between two updates of the live line for more operations, because each update looks at all of them.
const LIVE_GAP: Duration = Duration::from_millis(100);

/// Shows events. All methods can be called from any task.
pub struct Progress {
    kind: ProgressKind,
    style: Style,
    started: Instant,
    tracker: Mutex<Tracker>,
    /// Only for [`ProgressKind::Terminal`].
    bar: Option<ProgressBar>,
    /// Receives lines with their line ends. With `Terminal` it is called while the live line is hidden, and must have
    /// written the text when it returns.
    sink: Box<dyn Fn(&str) + Send + Sync>,
}

impl Progress {
    /// `sink` receives each line with its line end; the caller chooses the stream.
    pub fn new(kind: ProgressKind, style: Style, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let bar = (kind == ProgressKind::Terminal).then(|| live_line(style));
        let tracker = Mutex::new(Tracker::default());
        Self { kind, style, started: Instant::now(), tracker, bar, sink: Box::new(sink) }
    }

    /// Sets the number of operations.
    pub fn expect(&self, total: usize) {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner).total = total;
    }

    /// Shows one event.
    pub fn show(&self, event: &Event) {
        match self.kind {
            ProgressKind::Quiet => {}
            ProgressKind::Json => (self.sink)(&(json::to_text(&json::event_json(event), false) + "\n")),
            ProgressKind::Plain | ProgressKind::Terminal => {
                // The tracker is still valid after a panic elsewhere.
                let mut tracker = self.tracker.lock().unwrap_or_else(PoisonError::into_inner);
                let patient = self.kind == ProgressKind::Plain;
                for line in tracker.lines(event, self.started.elapsed(), patient) {
                    self.print(&line);
                }
                if let Some(bar) = self.bar.as_ref().filter(|_| tracker.is_due()) {
                    bar.set_message(tracker.live(self.started.elapsed()));
                }
            }
        }
    }

    /// Removes the live line. Dropping `Progress` does the same.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn print(&self, line: &Line) {
        let mut text = String::new();
        line.write(&mut text, &self.style).expect("a string takes everything");
        match &self.bar {
            Some(bar) => bar.suspend(|| (self.sink)(&text)),
            None => (self.sink)(&text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn live_line(style: Style) -> ProgressBar {
    let ticks = if style.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
    let template = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}").expect("a constant template");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(template.tick_chars(ticks));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// The current progress, according to the events so far.
#[derive(Debug, Default)]
struct Tracker {
    /// Number of operations in the plan; 0 if unknown.
    total: usize,
    /// Operations in progress, with the time of their start.
    open: BTreeMap<Address, (Verb, Duration)>,
    /// Accepted operations whose resource is not ready yet, with its last status.
    waiting: BTreeMap<Address, (String, Duration)>,
    /// All resources that were ever waited for.
    waited: BTreeSet<Address>,
    finished: usize,
    failed: usize,
    /// Time of the last line about waiting for a resource (`None`: for the fleet).
    reported_at: BTreeMap<Option<Address>, Duration>,
    /// How often the same event happened for the same reason.
    repeats: BTreeMap<(String, String), usize>,
    interrupted: bool,
    /// When the live line was updated last.
    updated: Option<Instant>,
}

impl Tracker {
    /// Whether to update the live line now.
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self.open.len() <= FEW
            || self.updated.is_none_or(|updated| now.saturating_duration_since(updated) >= LIVE_GAP);
        if is_due {
            self.updated = Some(now);
        }
        is_due
    }

    /// The lines for an event, `now` after the start. If `patient`, includes occasional lines about waiting.
    fn lines(&mut self, event: &Event, now: Duration, patient: bool) -> Vec<Line> {
        let about = |address: &Address| Line::of(0, format!("{address}: "));
        match event {
            Event::Recovered { address, verb, id, how } => {
                let id = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
                vec![about(address).text(format!("recovered ({} by an earlier run){id}: {how}", words::done(*verb)))]
            }
            Event::Started { address, verb, id, detail } => {
                self.open.insert(address.clone(), (*verb, now));
                let id = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
                let detail = detail.as_ref().map(|detail| format!(", {detail}")).unwrap_or_default();
                vec![about(address).text(format!("{}{id}{detail}", words::doing(*verb)))]
            }
            Event::CandidateUnavailable { address, detail, message } => {
                vec![
                    about(address)
                        .tone(Tone::Change, format!("{detail} is not available"))
                        .text(format!(": {message}")),
                ]
            }
            Event::Accepted { address, verb, id } => {
                self.waited.insert(address.clone());
                self.waiting.insert(address.clone(), (String::new(), Duration::ZERO));
                self.reported_at.insert(Some(address.clone()), now);
                // A new id is shown immediately, because the object is billed from now on.
                let new = *verb == Verb::Create;
                new.then(|| about(address).text(format!("accepted as {id}, waiting until it is ready")))
                    .into_iter()
                    .collect()
            }
            Event::Waiting { address, status, elapsed, .. } => {
                self.waited.insert(address.clone());
                self.waiting.insert(address.clone(), (status.clone(), *elapsed));
                if patient { self.still_waiting(address, now).into_iter().collect() } else { Vec::new() }
            }
            Event::RollingOut { address, rollout, elapsed, .. } => {
                let status = format!("rolling out: {} of {} workers", rollout.on_latest, rollout.total);
                self.waited.insert(address.clone());
                let before = self.waiting.insert(address.clone(), (status.clone(), *elapsed));
                let is_news = patient && before.is_none_or(|(before, _)| before != status);
                is_news.then(|| about(address).text(status)).into_iter().collect()
            }
            Event::StandbyWorkers { address, id, count } => {
                let rest = format!(" on standby without a request, which may be billed ({id})");
                vec![
                    about(address)
                        .tone(Tone::Bad, words::count(usize::try_from(*count).unwrap_or(usize::MAX), "worker"))
                        .text(rest),
                ]
            }
            Event::Done { address, verb, id, object, elapsed } => {
                self.close(address);
                self.finished += 1;
                let id = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
                // The response to a stop still contains the price of the running pod.
                let running = object.as_ref().filter(|_| *verb != Verb::Stop);
                let cost = running.and_then(|object| object.computed.cost_per_hour);
                let cost = cost.map(|cost| format!(", {cost}/h")).unwrap_or_default();
                let done = Line::new(0).tone(Tone::Good, words::done(*verb));
                let of_all = self.of_all().map(|of_all| format!(" ({of_all})")).unwrap_or_default();
                let rest = format!("{id}{cost}, after {}{of_all}", words::duration(*elapsed));
                vec![about(address).join(done).text(rest)]
            }
            Event::Failed { address, verb, id, message, changed, .. } => {
                self.close(address);
                self.failed += 1;
                let own = words::OwnValues { address, id: id.as_deref(), name: None };
                let reason = (words::infinitive(*verb).to_owned(), words::impersonal(message, &own));
                let exists = id.as_ref().filter(|_| *changed).map(|id| format!(" ({id} exists)")).unwrap_or_default();
                let word = format!("{}{exists}", words::failed(*verb));
                let line = about(address).tone(Tone::Bad, word).text(format!(": {message}"));
                self.unless_repeated(reason, line)
            }
            // The summary follows immediately and says what exists.
            Event::Unfinished { address, .. } => {
                self.close(address);
                Vec::new()
            }
            Event::Skipped { address, verb, because } => {
                self.close(address);
                if self.interrupted {
                    return Vec::new();
                }
                let line = about(address).text(format!("not started ({}): {because}", words::infinitive(*verb)));
                self.unless_repeated(("not started".to_owned(), String::new()), line)
            }
            Event::Paced { wait, reason } => vec![Line::of(0, words::paused(*wait, reason))],
            Event::Settled { address, message } => vec![about(address).text(message)],
            Event::CrashLoop { address, id } => {
                let rest = format!(" {id} keeps restarting and is still billed");
                vec![about(address).tone(Tone::Bad, "the container of").text(rest)]
            }
            Event::OrphanFound { id, name, hourly } => {
                let cost = hourly.map(|hourly| format!(", {hourly}/h")).unwrap_or_default();
                vec![
                    Line::new(0).tone(Tone::Bad, "orphan").text(format!(": {id} \"{name}\"{cost} is not in the state")),
                ]
            }
            Event::NotListed { kind, message } => {
                let rest = format!(": cannot check for orphan and duplicate {}s: {message}", kind.title);
                vec![Line::new(0).tone(Tone::Bad, "note").text(rest)]
            }
            Event::DoubleFound(double) => {
                let Double { id, name, address, hourly, .. } = &**double;
                let rest = format!(" of {address}: {id} \"{name}\", {}, is not in the state", hourly.of_one());
                vec![Line::new(0).tone(Tone::Bad, "duplicate").text(rest)]
            }
            Event::Interrupted { in_flight } => {
                self.interrupted = true;
                let rest = words::count(*in_flight, "operation");
                let again = "interrupt again to exit immediately";
                vec![Line::of(0, format!("interrupted: nothing new starts, {rest} in flight; {again}"))]
            }
        }
    }

    /// Returns the line the first few times, then once a note that there are more.
    fn unless_repeated(&mut self, reason: (String, String), line: Line) -> Vec<Line> {
        let times = self.repeats.entry(reason).or_default();
        *times += 1;
        match *times {
            ..=REPEATED => vec![line],
            times if times == REPEATED + 1 => vec![line, Line::of(0, "more like this are counted in the summary")],
            _ => Vec::new(),
        }
    }

    fn close(&mut self, address: &Address) {
        self.open.remove(address);
        self.waiting.remove(address);
        self.reported_at.remove(&Some(address.clone()));
    }

    /// One line every 30 seconds, per resource or for a whole fleet.
    fn still_waiting(&mut self, address: &Address, now: Duration) -> Option<Line> {
        let fleet = self.waiting.len() >= FLEET;
        let key = (!fleet).then(|| address.clone());
        let last = *self.reported_at.entry(key.clone()).or_insert(now);
        if now.saturating_sub(last) < PATIENCE {
            return None;
        }
        self.reported_at.insert(key, now);
        let (status, elapsed) = self.waiting.get(address)?;
        Some(match fleet {
            true => {
                let longest = self.waiting.iter().max_by_key(|(_, (_, elapsed))| *elapsed);
                let (slowest, longest) =
                    longest.map_or((address, *elapsed), |(slowest, (_, elapsed))| (slowest, *elapsed));
                let (left, all) = (self.waiting.len(), self.waited.len());
                let of_all = self.of_all().map(|of_all| format!("{of_all} steps done, ")).unwrap_or_default();
                let longest = words::duration(longest);
                Line::of(0, format!("{of_all}waiting for {left} of {all}, the longest for {longest}: {slowest}"))
            }
            false => Line::of(0, format!("{address}: still waiting, {status}, for {}", words::duration(*elapsed))),
        })
    }

    /// `3 of 10`; `None` for a single operation or an unknown number.
    fn of_all(&self) -> Option<String> {
        (self.total > 1).then(|| format!("{} of {}", self.finished, self.total.max(self.finished)))
    }

    /// The live line: overall progress, and the longest-running operations.
    fn live(&self, now: Duration) -> String {
        const NAMED: usize = 3;
        let mut parts = vec![format!("{} done", self.of_all().unwrap_or_else(|| self.finished.to_string()))];
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        if !self.open.is_empty() {
            parts.push(format!("{} in progress", self.open.len()));
        }
        // Counts come first, because the terminal may be too narrow for the names.
        let mut text = parts.join(", ");
        // In a sandbox only waits take time.
        let elapsed = |address: &Address, began: Duration| {
            let waited = self.waiting.get(address).map_or(Duration::ZERO, |(_, elapsed)| *elapsed);
            now.saturating_sub(began).max(waited)
        };
        let mut open: Vec<(&Address, Verb, Duration)> =
            self.open.iter().map(|(address, (verb, began))| (address, *verb, elapsed(address, *began))).collect();
        open.sort_by_key(|(_, _, elapsed)| Reverse(elapsed.as_secs()));
        let doing = |(address, verb, elapsed): (&Address, Verb, Duration)| {
            let status =
                self.waiting.get(address).map(|(status, _)| status.as_str()).filter(|status| !status.is_empty());
            format!("{address} ({}, {})", status.unwrap_or(words::doing(verb)), words::duration(elapsed))
        };
        let named: Vec<String> = open.into_iter().take(NAMED).map(doing).collect();
        if !named.is_empty() {
            text = format!("{text}: {}{}", named.join(", "), if self.open.len() > NAMED { ", ..." } else { "" });
        }
        harmless(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(index: u32) -> Address {
        Address::new("pod", "trainer").with_index(index)
    }

    fn waiting(index: u32, seconds: u64) -> Event {
        let elapsed = Duration::from_secs(seconds);
        Event::Waiting { address: address(index), id: format!("id{index}"), status: "Creating".into(), elapsed }
    }

    fn accepted(index: u32) -> Event {
        Event::Accepted { address: address(index), verb: Verb::Create, id: format!("id{index}") }
    }

    /// Polls `pods` every five seconds for `seconds`, and returns the lines about waiting.
    fn lines_while_waiting(pods: u32, seconds: u64) -> Vec<String> {
        let mut tracker = Tracker::default();
        for index in 0..pods {
            tracker.lines(&accepted(index), Duration::ZERO, true);
        }
        let mut text = String::new();
        for second in (0..=seconds).step_by(5) {
            for index in 0..pods {
                for line in tracker.lines(&waiting(index, second), Duration::from_secs(second), true) {
                    line.write(&mut text, &Style::default()).unwrap();
                }
            }
        }
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_long_wait_is_a_line_every_thirty_seconds() {
        assert_eq!(
            lines_while_waiting(1, 64),
            ["pod.trainer[0]: still waiting, Creating, for 30s", "pod.trainer[0]: still waiting, Creating, for 1m 00s"]
        );
    }

    #[test]
    fn a_fleet_waits_in_one_line() {
        assert_eq!(lines_while_waiting(40, 34), ["waiting for 40 of 40, the longest for 30s: pod.trainer[0]"]);
    }

    #[test]
    fn the_live_line_counts_and_names_the_slowest_first() {
        let mut tracker = Tracker { total: 9, ..Tracker::default() };
        for index in 0..9 {
            let event = Event::Started { address: address(index), verb: Verb::Create, id: None, detail: None };
            let began = Duration::from_secs(if index == 7 { 0 } else { 30 });
            tracker.lines(&event, began, false);
        }
        let done = Event::Done {
            address: address(0),
            verb: Verb::Create,
            id: Some("id0".into()),
            object: None,
            elapsed: Duration::from_secs(70),
        };
        let mut text = String::new();
        tracker.lines(&done, Duration::ZERO, false)[0].write(&mut text, &Style::default()).unwrap();
        assert_eq!(text, "pod.trainer[0]: created id0, after 1m 10s (1 of 9)\n");
        tracker.lines(&waiting(7, 45), Duration::ZERO, false);
        assert_eq!(
            tracker.live(Duration::from_secs(75)),
            "1 of 9 done, 8 in progress: pod.trainer[7] (Creating, 1m 15s), pod.trainer[1] (creating, 45s), \
             pod.trainer[2] (creating, 45s), ..."
        );
    }
}
