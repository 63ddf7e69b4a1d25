//! Shows diagnostics in GitHub Actions, beside the lines of a pull request.
//!
//! If `GITHUB_ACTIONS` is `true`, the runner looks for commands in both streams of a step. So each diagnostic is
//! followed by one (`::error file=sindri.yaml,line=7::...`), and text quoted in a diagnostic is escaped so that it
//! cannot be read as another.
//!
//! Source: "Workflow commands for GitHub Actions" of GitHub's documentation. `ActionCommand` of the runner defines what
//! counts as a command and how it is parsed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, Severity};

use super::exit::Failure;
use super::variables;
use crate::model::Position;
use crate::render::style::harmless;

/// The current workflow run.
pub struct Workflow {
    /// `GITHUB_WORKSPACE`: the checkout. GitHub expects file paths relative to it.
    workspace: Option<PathBuf>,
    /// The folder to which paths in diagnostics are relative.
    directory: PathBuf,
}

impl Workflow {
    /// The workflow run of this process, if there is one.
    pub fn here(directory: Option<&Path>) -> Option<Self> {
        let actions = variables::set("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        actions.then(|| Self {
            workspace: variables::set("GITHUB_WORKSPACE").map(PathBuf::from),
            directory: directory.map_or_else(PathBuf::new, Path::to_path_buf),
        })
    }

    /// One line per diagnostic, also for each of several related ones. `otherwise` is the severity of those without
    /// one.
    pub fn annotations(&self, report: &dyn Diagnostic, otherwise: Severity) -> String {
        let related: Vec<&dyn Diagnostic> = report.related().into_iter().flatten().collect();
        match related.as_slice() {
            [] => self.annotation(report, otherwise),
            related => related.iter().map(|one| self.annotation(*one, otherwise)).collect(),
        }
    }

    /// The annotations of a failure: one for each of its parts, if it has any.
    pub fn of_failure(&self, failure: &Failure) -> String {
        if failure.parts.is_empty() {
            return self.annotations(failure.report.as_ref(), Severity::Error);
        }
        let code = failure.report.code().map(|code| code.to_string());
        let annotation = |(position, message): &(Option<Position>, String)| {
            let place = position.as_ref().map(|at| (at.file.clone(), at.line as usize, at.column as usize));
            self.command("error", place, code.as_deref(), message)
        };
        failure.parts.iter().map(annotation).collect()
    }

    fn command(
        &self,
        command: &str,
        place: Option<(String, usize, usize)>,
        code: Option<&str>,
        message: &str,
    ) -> String {
        let mut properties = Vec::new();
        if let Some((file, line, column)) = place {
            properties.push(format!("file={},line={line},col={column}", property(&self.path(&file))));
        }
        properties.extend(code.map(|code| format!("title={}", property(code))));
        let blank = if properties.is_empty() { "" } else { " " };
        format!("::{command}{blank}{}::{}\n", properties.join(","), data(message))
    }

    fn annotation(&self, report: &dyn Diagnostic, otherwise: Severity) -> String {
        let command = match report.severity().unwrap_or(otherwise) {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "notice",
        };
        let mut message = report.to_string();
        let mut next = report.source();
        while let Some(cause) = next {
            write!(message, ": {cause}").expect("a string takes everything");
            next = cause.source();
        }
        if let Some(help) = report.help() {
            write!(message, "\nhelp: {help}").expect("a string takes everything");
        }
        let code = report.code().map(|code| code.to_string());
        self.command(command, place(report), code.as_deref(), &message)
    }

    /// The path relative to the checkout if the file is inside it.
    fn path(&self, file: &str) -> String {
        let path = self.directory.join(file);
        let (Some(workspace), Ok(real)) = (&self.workspace, path.canonicalize()) else {
            return path.display().to_string();
        };
        let workspace = workspace.canonicalize().unwrap_or_else(|_| workspace.clone());
        real.strip_prefix(workspace).unwrap_or(&path).display().to_string()
    }
}

/// File, line and column of the first label, counted from 1.
fn place(report: &dyn Diagnostic) -> Option<(String, usize, usize)> {
    let label = report.labels()?.next()?;
    let contents = report.source_code()?.read_span(label.inner(), 0, 0).ok()?;
    Some((contents.name()?.to_owned(), contents.line() + 1, contents.column() + 1))
}

/// The lines of a message, each made harmless. Source of the escaping: `UnescapeData` and `UnescapeProperty` of the
/// runner.
fn data(text: &str) -> String {
    text.lines().map(|line| harmless(line).replace('%', "%25")).collect::<Vec<_>>().join("%0A")
}

fn property(text: &str) -> String {
    harmless(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// The text with everything escaped that the runner would run as a command.
pub fn disarmed(text: &str) -> String {
    let line = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let line = line.replace("##[", "#\\u{23}[");
        match line[indent..].strip_prefix("::") {
            Some(rest) => format!("{}\\u{{3a}}:{rest}", &line[..indent]),
            None => line,
        }
    };
    // The runner also ends a line at a lone carriage return.
    text.split_inclusive(['\n', '\r']).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("50%\n::add-mask::x ##[error]y")]
    #[diagnostic(code(a::b), help("so, or\r\nso"))]
    struct Evil {
        #[source_code]
        file: miette::NamedSource<String>,
        #[label]
        at: miette::SourceSpan,
    }

    #[test]
    fn an_annotation_is_one_line_and_quotes_no_command() {
        let evil = Evil { file: miette::NamedSource::new("a:b,c.yaml", "x\nyz".to_owned()), at: (3, 1).into() };
        let workflow = Workflow { workspace: None, directory: "dir".into() };
        assert_eq!(
            workflow.annotations(&evil, Severity::Warning),
            "::warning file=dir/a%3Ab%2Cc.yaml,line=2,col=2,title=a%3A%3Ab::50%25%0A::add-mask::x #\\u{23}[error]y%0Ahelp: so, \
             or%0Aso\n"
        );
    }

    #[test]
    fn quoted_commands_are_escaped_at_every_line_start() {
        assert_eq!(
            disarmed("a::b\n  ::error::x\r::set-env name=A::b\n\u{a0}::debug::c ##[group]d\n"),
            "a::b\n  \\u{3a}:error::x\r\\u{3a}:set-env name=A::b\n\u{a0}\\u{3a}:debug::c #\\u{23}[group]d\n"
        );
    }
}
