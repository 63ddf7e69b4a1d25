//! Standard output and standard error: which texts go where, and whether they are coloured.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use miette::{GraphicalTheme, Severity};

use super::annotations::{Workflow, disarmed};
use super::args::{ColorChoice, Global};
use super::exit::{Exit, Failure, FailureCode};
use super::output::{Output, Stream, WriteFailure};
use super::variables;
use crate::render::diagnostic::{HiddenValues, SafeDiagnostic};
use crate::render::json::{self, ErrorContext, error_json};
use crate::render::style::{Line, printable};
use crate::render::{self, Progress, ProgressKind, Style};

/// Width for excerpts of files if there is no terminal.
const COLUMNS: usize = 80;

/// The two streams of a command, configured by its flags and the environment.
pub struct Console {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
    out: Style,
    err: Style,
    output: Arc<Output>,
    /// Credentials of this process.
    hidden: HiddenValues,
    /// Set if diagnostics must also be printed as annotations.
    workflow: Option<Workflow>,
}

impl Console {
    pub fn new(global: &Global, output: Arc<Output>) -> Self {
        let style = |terminal: bool| {
            let color = match global.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => wants_color(terminal),
            };
            let width = terminal.then(terminal_width);
            Style { color, width, unicode: terminal && variables::set("TERM").is_none_or(|term| term != "dumb") }
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            out: style(io::stdout().is_terminal()),
            err: style(io::stderr().is_terminal()),
            output,
            hidden: HiddenValues::new(variables::credentials()),
            // With JSON, stderr contains nothing else.
            workflow: Workflow::here(global.directory.as_deref()).filter(|_| !global.json),
        }
    }

    /// For a process whose arguments could not be parsed.
    pub fn before_arguments(json: bool, output: Arc<Output>) -> Self {
        let style = |terminal: bool| Style { color: wants_color(terminal), ..Style::default() };
        let (out, err) = (style(io::stdout().is_terminal()), style(io::stderr().is_terminal()));
        Self {
            json,
            quiet: false,
            verbose: false,
            out,
            err,
            output,
            hidden: HiddenValues::new(variables::credentials()),
            workflow: None,
        }
    }

    /// Prints help, or an error about the arguments.
    pub fn arguments(&self, error: &clap::Error) {
        let (stream, style) = match error.use_stderr() {
            true => (Stream::Err, self.err),
            false => (Stream::Out, self.out),
        };
        let text = error.render();
        self.output.write(stream, &if style.color { text.ansi().to_string() } else { text.to_string() });
    }

    /// The style of results.
    pub fn style(&self) -> Style {
        self.out
    }

    fn progress_kind(&self) -> ProgressKind {
        match (self.json, self.quiet) {
            (true, _) => ProgressKind::Json,
            (false, true) => ProgressKind::Quiet,
            (false, false) if io::stderr().is_terminal() && variables::set("CI").is_none() => ProgressKind::Terminal,
            (false, false) => ProgressKind::Plain,
        }
    }

    /// Shows events as they happen: as results with `--json`, otherwise as progress.
    pub fn progress(&self) -> Arc<Progress> {
        let (kind, output) = (self.progress_kind(), Arc::clone(&self.output));
        let stream = if self.json { Stream::Out } else { Stream::Err };
        Arc::new(Progress::new(kind, self.err, move |line| {
            output.write(stream, line);
            // The live line is drawn below earlier output, by another writer.
            if kind == ProgressKind::Terminal {
                output.wait();
            }
        }))
    }

    /// The writer of both streams, for closures that outlive a borrow of the console.
    pub fn output(&self) -> Arc<Output> {
        Arc::clone(&self.output)
    }

    /// Whether the user can be asked a question.
    pub fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal() && variables::set("CI").is_none()
    }

    /// Prints a result.
    pub fn result(&self, text: &str) {
        self.output.write(Stream::Out, &printable(text));
    }

    /// Prints a page, which replaces the last one if stdout is a terminal.
    pub fn redraw(&self, page: &str, again: bool) {
        let between = match (self.out.width, again) {
            // From the top left corner, after clearing the screen.
            (Some(_), _) => "\u{1b}[H\u{1b}[2J",
            (None, true) => "\n",
            (None, false) => "",
        };
        self.output.write(Stream::Out, between);
        self.result(page);
    }

    /// Prints a result made of sentences, which wrap at the terminal's width.
    pub fn wrapped(&self, text: &str) {
        self.result(&wrapped(text, self.out));
    }

    /// Prints a plan as JSON, on one line for programs, because terraform-compliance reads the second line of a longer
    /// file.
    pub fn plan_json(&self, plan: &serde_json::Value) {
        self.result(&(json::to_text(plan, self.out.width.is_some()) + "\n"));
    }

    pub fn json(&self, value: &serde_json::Value) {
        self.result(&(json::to_text(value, true) + "\n"));
    }

    /// Prints a result as a sentence for people or as an object for tools.
    pub fn either(&self, text: &str, value: &serde_json::Value) {
        if self.json { self.json(value) } else { self.wrapped(text) }
    }

    /// Prints information that is not a result.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.output.write(Stream::Err, &self.shown(wrapped(&(text.to_owned() + "\n"), self.err)));
        }
    }

    /// Prints information, unless stderr is for JSON only.
    pub fn note(&self, text: &str) {
        if !self.json {
            self.say(text);
        }
    }

    /// Prints a diagnostic that does not stop the command.
    pub fn warning(&self, report: &miette::Report) {
        if self.quiet || self.json {
            return;
        }
        self.diagnostic(report.as_ref(), |workflow| workflow.annotations(report.as_ref(), Severity::Warning));
    }

    /// Prints a failure: one JSON object, or a drawn diagnostic.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            self.output.write(Stream::Err, &self.hidden.mask(&json_line(failure)));
        } else {
            self.diagnostic(failure.report.as_ref(), |workflow| workflow.of_failure(failure));
        }
    }

    fn diagnostic(&self, report: &dyn miette::Diagnostic, annotations: impl FnOnce(&Workflow) -> String) {
        let annotations = self.workflow.as_ref().map(annotations).unwrap_or_default();
        let text = self.shown(self.drawn(report)) + &self.hidden.mask(&annotations);
        self.output.write(Stream::Err, &text);
    }

    /// The text made safe for a terminal, and for a log that is searched for commands.
    fn shown(&self, text: String) -> String {
        let text = printable(&text).into_owned();
        if self.workflow.is_some() { disarmed(&text) } else { text }
    }

    fn drawn(&self, report: &dyn miette::Diagnostic) -> String {
        let theme = match (self.err.color, self.err.unicode) {
            (true, true) => GraphicalTheme::unicode(),
            (false, true) => GraphicalTheme::unicode_nocolor(),
            (true, false) => GraphicalTheme::ascii(),
            (false, false) => GraphicalTheme::none(),
        };
        let columns = self.err.width.unwrap_or(COLUMNS);
        render::draw(&SafeDiagnostic::new(report, &self.hidden, columns), theme, self.err.width)
    }

    /// Asks a question and reads one line. No answer counts as an empty one.
    pub fn ask(&self, question: &str) -> String {
        self.output.write(Stream::Err, &printable(&wrapped(question, self.err)));
        let mut answer = String::new();
        // If the question could not be shown, there is no answer.
        if self.output.wait().is_empty() && io::stdin().read_line(&mut answer).is_err() {
            answer.clear();
        }
        answer.trim().to_owned()
    }

    /// Prints a failure, and returns the exit code of the command.
    pub fn exit_of(&self, ended: Result<Exit, Failure>) -> Exit {
        ended.unwrap_or_else(|failure| {
            self.failure(&failure);
            failure.exit
        })
    }

    /// Waits until all output has been written or lost, and returns the losses.
    pub fn flush(&self) -> Vec<WriteFailure> {
        self.output.wait()
    }

    /// Resolves once all output has been written or lost.
    pub async fn written(&self) {
        self.output.written().await;
    }

    /// The exit code of a command, after its output was written. Lost output is an error if the command itself
    /// succeeded; otherwise the command's own failure takes precedence. A closed pipe matters only for a command that
    /// changes something: `sindri plan | head -1` got all it wanted, but `sindri apply | head -1` did not see how it
    /// ended.
    pub fn settle(&self, exit: Exit, changes: bool, losses: &[WriteFailure]) -> Exit {
        let Some(loss) = losses.iter().find(|loss| changes || !loss.is_closed_pipe()) else { return exit };
        let ended_well = matches!(exit, Exit::Success | Exit::Changes);
        // Tools expect one object on stderr.
        if ended_well || !self.json {
            self.failure(&lost(loss, changes));
            self.output.wait();
        }
        if ended_well { Exit::Error } else { exit }
    }

    /// Exits now, after writing as much output as possible within a moment.
    pub fn exit_now(&self, exit: Exit) -> ! {
        self.output.wait_briefly(Duration::from_secs(1));
        std::process::exit(i32::from(exit.code()))
    }
}

/// Wraps lines that are wider than the terminal. Keeps the end of the text as it is, because an answer is typed after a
/// question.
fn wrapped(text: &str, style: Style) -> String {
    if style.width.is_none() {
        return text.to_owned();
    }
    let body = text.trim_end_matches([' ', '\n']);
    let mut out = String::new();
    for line in body.split('\n') {
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        // Writing to a string cannot fail.
        let _ = Line::of(indent, words).hanging(indent).write(&mut out, &style);
    }
    out.truncate(out.trim_end_matches('\n').len());
    out + text.strip_prefix(body).unwrap_or_default()
}

fn lost(loss: &WriteFailure, changes: bool) -> Failure {
    let help = match changes {
        true => "the command itself finished and its changes are recorded; `sindri status` shows the current resources",
        false => "the output is incomplete; free space or fix the target, then run the command again",
    };
    let message = format!("cannot write to {}: {}", loss.stream.name(), loss.error);
    Failure::message(Exit::Error, FailureCode::OutputLost, message, Some(help.to_owned()))
}

/// An error as one JSON object on one line.
fn json_line(failure: &Failure) -> String {
    let subject = failure.subject.as_deref();
    let context = ErrorContext {
        exit_code: Some(failure.exit.code()),
        address: subject.map(|subject| subject.address.clone()),
        id: subject.and_then(|subject| subject.id.clone()),
    };
    json::to_text(&error_json(failure.report.as_ref(), &context), false) + "\n"
}

/// `NO_COLOR` (no-color.org) takes precedence over `CLICOLOR_FORCE`, which takes precedence over the kind of stream.
fn wants_color(terminal: bool) -> bool {
    if variables::set("NO_COLOR").is_some() {
        return false;
    }
    if variables::set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    terminal && variables::set("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of the terminal, limited to a readable range.
fn terminal_width() -> usize {
    let columns = terminal_size::terminal_size().map_or(100, |(terminal_size::Width(columns), _)| usize::from(columns));
    columns.clamp(60, 140)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_notes_wrap_at_words() {
        let style = Style { width: Some(20), ..Style::default() };
        let question = "This permanently destroys data.\nDestroy it? Only `yes` is accepted: ";
        let shown = "This permanently\ndestroys data.\nDestroy it? Only\n`yes` is accepted: ";
        assert_eq!(wrapped(question, style), shown);
        assert_eq!(wrapped("a note\n", style), "a note\n");
        assert_eq!(wrapped("  indented lines keep it\n\nx\n", style), "  indented lines\n  keep it\n\nx\n");
        assert_eq!(wrapped(question, Style::default()), question, "nothing wraps without a terminal");
    }
}
