//! Summarises an apply from its events: first what exists and is billed, then failures, then what never started.
//!
//! It counts changes of the plan, not requests, so that its numbers match the plan's. Lists are grouped, sorted
//! naturally and capped, so that the summary of thousands of resources fits on one screen.

mod events;
mod row;
mod sections;
mod tools;

use std::fmt;
use std::time::Duration;

use serde_json::Value as Json;

use super::style::{Line, Style};
pub use events::Summary;

impl Summary {
    /// Writes `Apply complete: 3 created, 1 replaced in 1m 04s.`, or what exists, what failed and what to do next.
    pub fn text(&self, out: &mut dyn fmt::Write, elapsed: Duration, style: &Style) -> fmt::Result {
        self.verdict(elapsed).write(out, style)?;
        let mut lines = Vec::new();
        if !self.is_complete() {
            lines.extend(sections::existing(self));
            lines.extend(sections::failures(self));
            lines.extend(sections::unfinished(self));
            lines.extend(sections::not_started(self));
        }
        lines.extend(sections::crash_loops(self));
        lines.extend(sections::orphans(self));
        lines.extend(sections::doubles(self));
        if !self.is_complete() {
            lines.push(Line::new(0));
            lines.push(Line::of(0, self.next()).hanging(0));
        }
        lines.iter().try_for_each(|line| line.write(out, style))
    }

    /// The summary for tools.
    pub fn json(&self, elapsed: Duration) -> Json {
        tools::json(self, elapsed)
    }
}
