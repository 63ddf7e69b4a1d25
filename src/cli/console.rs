//! Standard output and standard error: what goes where, and whether it is coloured.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme, Severity};

use super::annotations::{Workflow, disarmed};
use super::args::{ColorChoice, Global};
use super::exit::Failure;
use crate::render::json::{self, ErrorContext, error_json};
use crate::render::{Progress, ProgressKind, Style};

/// The two streams of a command, as its flags and the environment want them.
pub struct Console {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
    out: Style,
    err: Style,
    /// Where diagnostics are annotations as well.
    workflow: Option<Workflow>,
}

impl Console {
    pub fn new(global: &Global) -> Self {
        let style = |terminal: bool| {
            let color = match global.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => wants_color(terminal),
            };
            let width = terminal.then(terminal_width);
            Style { color, width, unicode: terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb") }
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            out: style(io::stdout().is_terminal()),
            err: style(io::stderr().is_terminal()),
            // Whoever asks for JSON on stderr gets that alone.
            workflow: Workflow::here(global.directory.as_deref()).filter(|_| !global.json),
        }
    }

    /// How results look.
    pub fn style(&self) -> Style {
        self.out
    }

    fn progress_kind(&self) -> ProgressKind {
        match (self.json, self.quiet) {
            (true, _) => ProgressKind::Json,
            (false, true) => ProgressKind::Quiet,
            (false, false) if io::stderr().is_terminal() && std::env::var_os("CI").is_none() => ProgressKind::Terminal,
            (false, false) => ProgressKind::Plain,
        }
    }

    /// What shows events as they come: as results with `--json`, else as progress.
    pub fn progress(&self) -> Arc<Progress> {
        let json = self.json;
        Arc::new(Progress::new(
            self.progress_kind(),
            self.err,
            move |line| {
                if json { print!("{line}") } else { eprint!("{line}") }
            },
        ))
    }

    /// Whether a question can be asked and answered.
    pub fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal() && std::env::var_os("CI").is_none()
    }

    /// Prints a result. A reader that went away is no error.
    pub fn result(&self, text: &str) {
        let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    }

    pub fn json(&self, value: &serde_json::Value) {
        self.result(&(json::to_text(value, true) + "\n"));
    }

    /// Prints a result that people read as a sentence and tools as an object.
    pub fn either(&self, text: &str, value: &serde_json::Value) {
        if self.json { self.json(value) } else { self.result(text) }
    }

    /// Prints what is worth knowing, but no result.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{}", self.shown(text.to_owned()));
        }
    }

    /// Prints a diagnostic that stops nothing.
    pub fn warning(&self, report: &miette::Report) {
        if self.quiet || self.json {
            return;
        }
        self.diagnostic(report.as_ref(), |workflow| workflow.annotations(report.as_ref(), Severity::Warning));
    }

    /// Prints what went wrong: one JSON object, or a drawn diagnostic.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            print_json(failure);
        } else {
            self.diagnostic(failure.report.as_ref(), |workflow| workflow.of_failure(failure));
        }
    }

    fn diagnostic(&self, report: &dyn miette::Diagnostic, annotations: impl FnOnce(&Workflow) -> String) {
        let annotations = self.workflow.as_ref().map(annotations);
        let _ = write!(io::stderr(), "{}{}", self.shown(self.drawn(report)), annotations.unwrap_or_default());
    }

    /// The text as it may stand in a log that is read for commands.
    fn shown(&self, text: String) -> String {
        if self.workflow.is_some() { disarmed(&text) } else { text }
    }

    fn drawn(&self, report: &dyn miette::Diagnostic) -> String {
        let theme = match (self.err.color, self.err.unicode) {
            (true, true) => GraphicalTheme::unicode(),
            (false, true) => GraphicalTheme::unicode_nocolor(),
            (true, false) => GraphicalTheme::ascii(),
            (false, false) => GraphicalTheme::none(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
        let handler = match self.err.width {
            Some(width) => handler.with_width(width),
            None => handler.with_width(usize::MAX).with_wrap_lines(false).with_break_words(false),
        };
        let mut text = String::new();
        match handler.render_report(&mut text, report) {
            Ok(()) => text,
            Err(_) => format!("error: {report}\n"),
        }
    }

    /// Asks a question and reads one line; anything but a clear yes is a no.
    pub fn ask(&self, question: &str, yes: &str) -> bool {
        let _ = write!(io::stderr(), "{question}");
        let _ = io::stderr().flush();
        let mut answer = String::new();
        let _ = io::stdin().read_line(&mut answer);
        answer.trim() == yes
    }
}

/// Prints what went wrong as one JSON object on one line.
pub fn print_json(failure: &Failure) {
    let subject = failure.subject.as_deref();
    let context = ErrorContext {
        exit_code: Some(failure.exit.code()),
        address: subject.map(|subject| subject.address.clone()),
        id: subject.and_then(|subject| subject.id.clone()),
        code: None,
    };
    let value = error_json(failure.report.as_ref(), &context);
    let _ = writeln!(io::stderr(), "{}", json::to_text(&value, false));
}

/// `NO_COLOR` (no-color.org) wins over `CLICOLOR_FORCE`, which wins over what the stream is.
fn wants_color(terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    if std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") {
        return true;
    }
    terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of the terminal, between what is readable and what is pleasant.
fn terminal_width() -> usize {
    let columns = terminal_size::terminal_size().map_or(100, |(terminal_size::Width(columns), _)| usize::from(columns));
    columns.clamp(60, 140)
}
