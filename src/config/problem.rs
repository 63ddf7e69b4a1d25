//! Problems in a configuration with position and help, collected so that all are reported at once.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};

use super::source::{SourceFiles, Span};
use crate::files::SourceText;
use crate::model::credential::mask_credentials;
use crate::model::{Position, ProblemCode};

/// One problem in a configuration.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// As a diagnostic code: `sindri::config::unknown_key`.
    pub code: ProblemCode,
    /// The problem, in one sentence.
    pub message: String,
    /// The remedy: accepted values or the nearest name.
    pub help: Option<String>,
    /// Position; `None` if no file is at fault.
    pub position: Option<Position>,
    severity: Severity,
    at: Option<Span>,
    file: Option<Arc<SourceText>>,
    labels: Vec<LabeledSpan>,
    /// The fields of which one is required and missing.
    misses: &'static [&'static str],
}

impl Problem {
    /// A warning about the configuration as a whole.
    pub(super) fn warning(code: ProblemCode, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: Some(help.into()),
            position: None,
            severity: Severity::Warning,
            at: None,
            file: None,
            labels: Vec::new(),
            misses: &[],
        }
    }

    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Suggests the nearest name if there is one, followed by the sentence `otherwise` in any case.
    pub fn nearest(&mut self, nearest: Option<&str>, otherwise: impl fmt::Display) -> &mut Self {
        self.help(match nearest {
            Some(nearest) => format!("did you mean `{nearest}`? {otherwise}").trim_end().to_owned(),
            None => otherwise.to_string(),
        })
    }

    /// Sets the text shown at the position.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        if let (Some(at), Some(first)) = (self.at, self.labels.first_mut()) {
            *first = LabeledSpan::new_primary_with_span(Some(label.into()), SourceSpan::from(at.start..at.end));
        }
        self
    }

    /// Adds a label at a second position in the same file. Ignored for other files, which miette cannot show next to
    /// the first.
    pub fn also(&mut self, span: Span, label: impl Into<String>) -> &mut Self {
        if self.at.is_some_and(|at| at.file == span.file) {
            let range = SourceSpan::from(span.start..span.end);
            self.labels.push(LabeledSpan::new_with_span(Some(label.into()), range));
        }
        self
    }
}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("sindri::config::{}", self.code)))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.file.as_deref().map(|file| file as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

/// All errors of a configuration, in the order of its files.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {}", count(.0.len()))]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

/// A single problem without a position that stops reading.
pub(super) fn nowhere(code: ProblemCode, message: impl Into<String>, help: impl Into<String>) -> Problems {
    Problems(vec![Problem { severity: Severity::Error, ..Problem::warning(code, message, help) }])
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Diagnostic for Problems {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("sindri::config"))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.0.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

fn count(problems: usize) -> String {
    match problems {
        1 => "one problem".to_owned(),
        _ => format!("{problems} problems"),
    }
}

/// Maximum number of problems shown, and of searches for what was probably meant. A generated file may have thousands
/// of problems, and each search compares many names.
pub const MOST_PROBLEMS: usize = 100;

/// Collects problems while a configuration is read. Owns the files, so that each problem can show its line.
#[derive(Default)]
pub struct Findings {
    pub sources: SourceFiles,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Fields that are present but were refused, so they need not be reported as missing.
    refused: BTreeSet<&'static str>,
    /// The whole file was refused, so every field is missing.
    all_refused: bool,
    /// Number of searches for what was probably meant.
    searches: usize,
}

impl Findings {
    /// Whether to search for what was probably meant, once. False for problems that are not shown anyway.
    pub fn may_search(&mut self) -> bool {
        self.searches += 1;
        self.searches <= MOST_PROBLEMS
    }

    pub fn error(&mut self, code: ProblemCode, at: Span, message: impl Into<String>) -> &mut Problem {
        let problem = self.problem(Severity::Error, code, at, message.into());
        pushed(&mut self.errors, problem)
    }

    /// An error in a file next to the configuration. Its text is not shown.
    pub fn error_beside(
        &mut self,
        file: &str,
        line: Option<usize>,
        code: ProblemCode,
        message: impl Into<String>,
    ) -> &mut Problem {
        let line = line.and_then(|line| u32::try_from(line).ok()).unwrap_or(1);
        let problem = Problem {
            severity: Severity::Error,
            position: Some(Position { file: self.sources.beside(file), line, column: 1 }),
            ..Problem::warning(code, message, "")
        };
        pushed(&mut self.errors, problem)
    }

    /// Reports that none of `fields` is present, although one is required.
    pub fn missing(
        &mut self,
        fields: &'static [&'static str],
        code: ProblemCode,
        at: Span,
        message: impl Into<String>,
    ) -> &mut Problem {
        let problem = Problem { misses: fields, ..self.problem(Severity::Error, code, at, message.into()) };
        pushed(&mut self.errors, problem)
    }

    /// Marks a field as present but refused by another problem.
    pub fn refuse(&mut self, field: &'static str) {
        self.refused.insert(field);
    }

    /// Marks the file as no configuration, so that missing fields are not reported.
    pub fn refuse_all(&mut self) {
        self.all_refused = true;
    }

    /// A warning: RunPod may refuse this, or it may be misleading.
    pub fn warn(&mut self, code: ProblemCode, at: Span, message: impl Into<String>) -> &mut Problem {
        let problem = self.problem(Severity::Warning, code, at, message.into());
        pushed(&mut self.warnings, problem)
    }

    /// A remark.
    pub fn advise(&mut self, code: ProblemCode, at: Span, message: impl Into<String>) -> &mut Problem {
        let problem = self.problem(Severity::Advice, code, at, message.into());
        pushed(&mut self.warnings, problem)
    }

    fn problem(&self, severity: Severity, code: ProblemCode, at: Span, message: String) -> Problem {
        Problem {
            code,
            // A key may contain a credential, since the file may actually be a `.env` file.
            message: mask_credentials(&message),
            help: None,
            position: Some(self.sources.position(at)),
            severity,
            at: Some(at),
            file: Some(self.sources.shown(at)),
            labels: vec![LabeledSpan::new_primary_with_span(None, SourceSpan::from(at.start..at.end))],
            misses: &[],
        }
    }

    /// Position of the last error.
    pub fn last_error(&self) -> Option<Span> {
        self.errors.last()?.at
    }

    /// An empty collection for the same files, to be discarded.
    pub fn scratch(&self) -> Self {
        Self { sources: self.sources.clone(), ..Self::default() }
    }

    /// All errors. Problems that several pods inherit are reported once.
    pub fn into_problems(mut self) -> Problems {
        let is_refused = |field: &&str| self.all_refused || self.refused.contains(field);
        self.errors.retain(|problem| !problem.misses.iter().any(is_refused));
        Problems(in_order(self.errors))
    }

    /// The warnings if there are no errors, otherwise all errors.
    pub fn finish(mut self) -> Result<Vec<Problem>, Problems> {
        let warnings = in_order(std::mem::take(&mut self.warnings));
        let problems = self.into_problems();
        if problems.0.is_empty() { Ok(warnings) } else { Err(problems) }
    }
}

fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert((problem.at, problem.code, problem.message.clone())));
    problems.sort_by_key(|problem| problem.at);
    problems
}

/// Appends an element and returns it, for further details.
fn pushed(problems: &mut Vec<Problem>, problem: Problem) -> &mut Problem {
    problems.push(problem);
    problems.last_mut().expect("an element was just pushed")
}
