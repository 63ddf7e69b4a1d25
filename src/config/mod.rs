//! Reads files, overlays and the environment into a [`Config`], or reports all problems at once.
//!
//! `load` locates the files, `document` parses them into a tree, and `interpolate` substitutes variables. `schema`
//! checks the tree against the tables in `fields`, with `identifier` for the text of all fields, and `project` reads
//! the rest. `kinds` has a folder per kind, which reads its resources and writes existing objects as blocks. This
//! module knows nothing about state and API.

mod api_key;
mod choices;
mod config_kind;
mod configuration;
mod context;
mod document;
mod dotenv;
mod draft;
#[cfg(test)]
mod effort_tests;
mod environment;
mod fields;
mod form;
mod habits;
mod identifier;
mod interpolate;
mod json_schema;
pub mod kinds;
mod lifecycle;
mod lines;
#[allow(clippy::disallowed_methods, reason = "reads the configuration")]
mod load;
mod moved;
mod problem;
mod project;
mod quantity;
mod region;
mod schema;
mod secret_values;
mod secrets;
mod source;
mod starter;
mod table;
mod unknown;
mod variables;
pub mod write;

use std::path::{Path, PathBuf};

pub use crate::model::ProblemCode;
pub use configuration::{Config, Move};
pub use json_schema::{SchemaOf, json_schema};
pub use load::{DEFAULT_ENVIRONMENT, LARGEST, LoadOptions, RecordedEnvironments, known_environments};
pub use problem::{MOST_PROBLEMS, Problem, Problems};
pub use starter::{SCHEMA_FILE, Starter};

/// Reads and checks a configuration.
///
/// # Errors
/// All problems, in the order of the files.
pub fn load(options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let files = load::choose(options)?;
    let paths = std::iter::once(&files.base).chain(&files.overlay);
    let boundary = files.boundary(options);
    let texts =
        paths.map(|path| Ok((path.clone(), load::read(path, &boundary)?))).collect::<Result<Vec<_>, Problems>>()?;
    read(&files, &texts, options)
}

/// Checks the text of a configuration that is not written yet, as if it were in `base`; does not search for files.
///
/// # Errors
/// All problems of the text.
pub fn check_text(base: &Path, text: &str, options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let environment = options.environment.clone().unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned());
    let environments = [environment.clone()].into();
    let files = load::Files { base: base.to_owned(), overlay: None, environment, environments, lost_overlay: false };
    read(&files, &[(base.to_owned(), text.to_owned())], options)
}

/// The readable part of a configuration, for commands that only need the state.
#[derive(Debug)]
pub struct Readable {
    /// The part that could be read. Resources may be missing or lack inputs, so plans may only use what the state
    /// records.
    pub config: Config,
    /// Problems in the rest, in the order of the files.
    pub problems: Vec<Problem>,
}

/// Reads as much of a configuration as possible, for commands that only need the state. A mistake in the file, or a
/// missing file, must not prevent anyone from stopping or destroying billed objects.
///
/// # Errors
/// Only if the state cannot be determined.
pub fn load_readable(options: &LoadOptions<'_>) -> Result<Readable, Problems> {
    let (files, mut problems) = load::choose_leniently(options)?;
    let boundary = files.boundary(options);
    let mut texts = Vec::new();
    // A missing base file is already reported.
    let is_told = !problems.is_empty();
    for path in std::iter::once(&files.base).chain(&files.overlay).filter(|path| !is_told || path.exists()) {
        match load::read(path, &boundary) {
            Ok(text) => texts.push((path.clone(), text)),
            Err(unreadable) => problems.extend(unreadable),
        }
    }
    if texts.is_empty() && !(options.recorded)(&load::folder(&files.base)).contains(&files.environment) {
        return Err(problems.into());
    }
    let mut findings = problem::Findings::default();
    let trees = texts.iter().map(|(path, text)| {
        let file = findings.sources.add(shown_name(path, &options.directory), text);
        document::parse_readable(file, &mut findings)
    });
    let tree = trees.collect::<Vec<_>>().into_iter().reduce(document::merge);
    let mut tree = tree.unwrap_or_else(|| document::YamlNode::empty(&mut findings));
    let is_whole = findings.last_error().is_none() && !texts.is_empty();
    if !is_whole {
        let part = findings.scratch();
        problems.extend(std::mem::replace(&mut findings, part).into_problems());
    }
    interpolate::interpolate(&mut tree, options, &mut findings);
    let (config, findings) = project::assemble(&tree, &files, options, findings);
    if is_whole {
        // Omissions that result from unreadable parts are not reported as problems.
        problems.extend(findings.into_problems());
    }
    Ok(Readable { config, problems })
}

fn read(files: &load::Files, texts: &[(PathBuf, String)], options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let (mut tree, mut findings) = tree(texts, options)?;
    interpolate::interpolate(&mut tree, options, &mut findings);
    project::read(&tree, files, options, findings)
}

/// The texts merged into one tree; later texts take precedence.
fn tree(
    texts: &[(PathBuf, String)],
    options: &LoadOptions<'_>,
) -> Result<(document::YamlNode, problem::Findings), Problems> {
    let mut findings = problem::Findings::default();
    let mut trees = Vec::new();
    for (path, text) in texts {
        let file = findings.sources.add(shown_name(path, &options.directory), text);
        trees.push(document::parse(file, &mut findings));
    }
    // If one file is missing, the meaning of the rest is unknown.
    let trees: Option<Vec<document::YamlNode>> = trees.into_iter().collect();
    match trees.and_then(|trees| trees.into_iter().reduce(document::merge)) {
        Some(tree) => Ok((tree, findings)),
        None => Err(findings.into_problems()),
    }
}

/// The file name for positions and messages, relative to the user's folder if possible.
fn shown_name(path: &Path, directory: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).display().to_string()
}
