//! Files, overlays and the environment become a [`Config`], or all problems at once.
//!
//! `load` chooses files, `document` makes a tree of them, `interpolate` puts variables in, `schema` (over the tables of
//! `fields`) refuses what is not understood, `legacy` brings `deployment` into the words of a pod; `pod`, `machine`,
//! `storage`, `port`, `volume` and `environment` make resources of it; `image` and `mount` know what an image
//! and a mount path can be. Knows nothing of state and API.

mod api_key;
mod choices;
mod command;
mod document;
mod dotenv;
mod draft;
mod environment;
mod fields;
mod form;
mod habits;
mod image;
mod interpolate;
mod json_schema;
mod legacy;
mod life;
#[allow(clippy::disallowed_methods, reason = "reads the configuration")]
mod load;
mod machine;
mod mount;
mod moved;
mod pod;
mod port;
mod problem;
mod project;
mod quantity;
mod region;
mod schema;
mod secrets;
mod source;
mod starter;
mod storage;
mod table;
mod unknown;
mod volume;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::files::Boundary;
use crate::model::{Address, Budget, Dialect, Position, Resource};

pub use json_schema::{SchemaOf, json_schema};
pub use load::{DEFAULT_ENVIRONMENT, LARGEST, LoadOptions, RecordedEnvironments, known_environments};
pub use problem::{Problem, Problems};
pub use starter::{SCHEMA_FILE, Starter};

/// A configuration that passed every check: what the rest of the engine reads.
#[derive(Debug)]
pub struct Config {
    /// `name` of the file.
    pub name: String,
    /// `default`, or what `-e` selected.
    pub environment: String,
    pub dialect: Dialect,
    /// Volumes, pods and ports, by address. Members (ports) name their parent.
    pub resources: BTreeMap<Address, Resource>,
    pub moved: Vec<Move>,
    pub budget: Budget,
    /// Not wrong, but worth saying: fields without effect, values that RunPod may refuse. Each is a [`Problem`], for
    /// `downcast_ref`.
    pub warnings: Vec<miette::Report>,
    /// The folder of the base file; `state/` is looked for here.
    pub directory: PathBuf,
    /// Where the files of the project may lie.
    pub boundary: Boundary,
    /// The base file.
    pub file: PathBuf,
    /// The environments that the files define: those of the overlays, or `default`.
    pub environments: BTreeSet<String>,
}

/// `moved: [{from, to}]`: a resource that goes on under another address, or all replicas of a key under another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: Address,
    pub to: Address,
    pub position: Option<Position>,
}

impl Move {
    /// Where it leads what `address` names, if anywhere. Replicas keep their numbers.
    pub fn target(&self, address: &Address) -> Option<Address> {
        let Self { from, to, .. } = self;
        if address == from {
            return Some(to.clone());
        }
        let replica =
            self.is_of_keys() && address.index.is_some() && Address { index: None, ..address.clone() } == *from;
        replica.then(|| Address { index: address.index, ..to.clone() })
    }

    /// Whether both ends are keys without a number, which stand for all of their replicas.
    pub fn is_of_keys(&self) -> bool {
        self.from.index.is_none() && self.to.index.is_none()
    }
}

/// Reads and checks a configuration.
///
/// # Errors
/// Everything that is wrong with it, in the order of the files.
pub fn load(options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let files = load::choose(options)?;
    let paths = std::iter::once(&files.base).chain(&files.overlay);
    let boundary = files.boundary(options);
    let texts =
        paths.map(|path| Ok((path.clone(), load::read(path, &boundary)?))).collect::<Result<Vec<_>, Problems>>()?;
    read(&files, &texts, options)
}

/// Checks the text of a configuration that is not written yet, as if it stood in `base`; nothing is searched.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check_text(base: &Path, text: &str, options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let environment = options.environment.clone().unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned());
    let environments = [environment.clone()].into();
    let files = load::Files { base: base.to_owned(), overlay: None, environment, environments, lost_overlay: false };
    read(&files, &[(base.to_owned(), text.to_owned())], options)
}

/// What a command gets that works from the state alone.
#[derive(Debug)]
pub struct Readable {
    /// What could be read. A resource may lack inputs, and resources may be missing: nothing may be planned from it but what
    /// the state records.
    pub config: Config,
    /// Why the rest could not, in the order of the files.
    pub problems: Vec<Problem>,
}

/// Reads as much of a configuration as can be read, for commands that work from the state alone: a mistake in the file, or
/// no file at all, must not keep anyone from stopping or destroying what is billed.
///
/// # Errors
/// Only where nothing says which state is meant.
pub fn load_readable(options: &LoadOptions<'_>) -> Result<Readable, Problems> {
    let (files, mut problems) = load::choose_leniently(options)?;
    let boundary = files.boundary(options);
    let mut texts = Vec::new();
    // A base that was not found is told already.
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
    let mut findings = problem::Findings::new();
    let trees = texts.iter().map(|(path, text)| {
        let file = findings.sources.add(shown_name(path, &options.directory), text);
        document::parse_readable(file, &mut findings)
    });
    let tree = trees.collect::<Vec<_>>().into_iter().reduce(document::merge);
    let mut tree = tree.unwrap_or_else(|| document::Node::empty(&mut findings));
    let is_whole = findings.last_error().is_none() && !texts.is_empty();
    if !is_whole {
        let part = findings.scratch();
        problems.extend(std::mem::replace(&mut findings, part).into_problems());
    }
    interpolate::interpolate(&mut tree, options, &mut findings);
    let (config, findings) = project::assemble(&tree, &files, options, findings);
    if is_whole {
        // What a part of the files lacks would be no problem of its own.
        problems.extend(findings.into_problems());
    }
    Ok(Readable { config, problems })
}

fn read(files: &load::Files, texts: &[(PathBuf, String)], options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let (mut tree, mut findings) = tree(texts, options)?;
    interpolate::interpolate(&mut tree, options, &mut findings);
    project::read(&tree, files, options, findings)
}

/// The texts as one tree, the later over the earlier.
fn tree(
    texts: &[(PathBuf, String)],
    options: &LoadOptions<'_>,
) -> Result<(document::Node, problem::Findings), Problems> {
    let mut findings = problem::Findings::new();
    let mut trees = Vec::new();
    for (path, text) in texts {
        let file = findings.sources.add(shown_name(path, &options.directory), text);
        trees.push(document::parse(file, &mut findings));
    }
    // Without one of its files there is no telling what the rest means.
    let trees: Option<Vec<document::Node>> = trees.into_iter().collect();
    match trees.and_then(|trees| trees.into_iter().reduce(document::merge)) {
        Some(tree) => Ok((tree, findings)),
        None => Err(findings.into_problems()),
    }
}

/// As positions and messages spell a file: relative to where the user stands, where it can be.
fn shown_name(path: &Path, directory: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).display().to_string()
}
