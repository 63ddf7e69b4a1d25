//! Files, overlays and the environment become a [`Config`], or all problems at once.
//!
//! `load` chooses files, `document` makes a tree of them, `interpolate` puts variables in, `schema` (over the tables of
//! `fields`) refuses what is not understood, `legacy` brings `deployment` into the words of a pod; `pod`, `machine`,
//! `storage`, `port`, `volume` and `environment` make resources of it; `image` and `mount` know what an image
//! and a mount path can be. Knows nothing of state and API.

mod document;
mod draft;
#[allow(clippy::disallowed_methods, reason = "reads files of secrets")]
mod environment;
mod fields;
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
mod schema;
mod source;
mod storage;
mod volume;
pub mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::{Address, Budget, Dialect, Position, Resource};

pub use json_schema::json_schema;
pub use load::{DEFAULT_ENVIRONMENT, LoadOptions};
pub use problem::{Problem, Problems};

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
    /// The base file.
    pub file: PathBuf,
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
    let (files, texts) = chosen(options)?;
    read(&files, &texts, options)
}

/// Checks the text of a configuration that is not written yet, as if it stood in `base`; nothing is searched.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check_text(base: &Path, text: &str, options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let environment = options.environment.clone().unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned());
    let files = load::Files { base: base.to_owned(), overlay: None, environment };
    read(&files, &[(base.to_owned(), text.to_owned())], options)
}

/// Reads of a configuration what it is called, and nothing that it declares: `resources`, `moved` and `budget` are empty.
///
/// # Errors
/// If the files cannot be read, are no YAML, or have no usable name. Whatever else is wrong does no harm here.
pub fn load_name(options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let (files, texts) = chosen(options)?;
    let (tree, mut findings) = tree(&texts, options)?;
    let mut tree = project::name_alone(tree);
    interpolate::interpolate(&mut tree, options.variables, &mut findings);
    project::read_name(&tree, &files, options, findings)
}

type Texts = Vec<(PathBuf, String)>;

/// The files that were asked for or found, with what stands in them.
fn chosen(options: &LoadOptions<'_>) -> Result<(load::Files, Texts), Problems> {
    let files = load::choose(options)?;
    let paths = std::iter::once(&files.base).chain(&files.overlay);
    let texts = paths.map(|path| Ok((path.clone(), load::read(path)?))).collect::<Result<_, Problems>>()?;
    Ok((files, texts))
}

fn read(files: &load::Files, texts: &[(PathBuf, String)], options: &LoadOptions<'_>) -> Result<Config, Problems> {
    let (mut tree, mut findings) = tree(texts, options)?;
    interpolate::interpolate(&mut tree, options.variables, &mut findings);
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
