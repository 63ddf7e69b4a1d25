//! Locates the files of a configuration: the base, searched for upward to the repository root, and the overlay selected
//! by `-e`.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::problem::{Problem, Problems, nowhere};
use crate::catalog::nearest;
use crate::files::{Boundary, UnreadableReason, read_text};
use crate::model::{Dialect, ProblemCode};

/// Options that determine how a configuration is read.
#[derive(Clone)]
pub struct LoadOptions<'a> {
    /// The folder in which to look for `sindri.yaml`; relative paths start here.
    pub directory: PathBuf,
    /// `-f`: the base file; disables the search.
    pub file: Option<PathBuf>,
    /// `-e`: selects `sindri.<environment>.yaml` next to the base.
    pub environment: Option<String>,
    /// `--api`: overrides `apiVersion` in the file.
    pub dialect: Option<Dialect>,
    /// The process environment.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// `--allow-files-in`: folders outside the project from which files may be read.
    pub readable_folders: Vec<PathBuf>,
    /// The RunPod API keys in use. No value of a pod may contain one.
    pub api_keys: Vec<String>,
    /// Treats missing required secrets as unknown instead of an error, for checks on machines without secrets.
    pub offline_secrets: bool,
    /// Given the folder of the base file, returns the environments whose state has records. They can be selected
    /// without an overlay, because their billed objects must stay manageable.
    pub recorded: RecordedEnvironments,
}

impl LoadOptions<'_> {
    /// Reads only the configuration in a folder: no variables, no states, no folder outside the project.
    pub fn alone(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            file: None,
            environment: None,
            dialect: None,
            variables: &|_| None,
            readable_folders: Vec::new(),
            api_keys: Vec::new(),
            offline_secrets: false,
            recorded: Rc::new(|_| BTreeSet::new()),
        }
    }
}

/// Finds the environments of a folder whose state has records.
pub type RecordedEnvironments = Rc<dyn Fn(&Path) -> BTreeSet<String>>;

/// The environment if none is selected.
pub const DEFAULT_ENVIRONMENT: &str = "default";

const NAMES: [&str; 2] = ["sindri.yaml", "sindri.yml"];
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// The files of a configuration, located but not yet read.
pub(super) struct Files {
    pub base: PathBuf,
    pub overlay: Option<PathBuf>,
    pub environment: String,
    /// The environments defined by the files themselves.
    pub environments: BTreeSet<String>,
    /// Whether the overlay of the environment is missing and only its state remains.
    pub lost_overlay: bool,
}

impl Files {
    /// The boundary for the files of the project.
    pub fn boundary(&self, options: &LoadOptions<'_>) -> Boundary {
        Boundary::around(&folder(&self.base), &options.readable_folders)
    }
}

/// One overlay next to the base.
struct Overlay {
    environment: String,
    path: PathBuf,
}

/// The environments that have an overlay or a state with records. Unreadable ones are skipped.
pub fn known_environments(options: &LoadOptions<'_>) -> BTreeSet<String> {
    let base = match &options.file {
        Some(file) => Some(options.directory.join(file)),
        None => search(&options.directory).ok().or_else(|| beside_a_state(options)),
    };
    let Some(base) = base else { return BTreeSet::new() };
    let overlays = overlays(&base).unwrap_or_default();
    let mut known: BTreeSet<String> = overlays.into_iter().map(|overlay| overlay.environment).collect();
    if known.is_empty() && base.is_file() {
        known.insert(DEFAULT_ENVIRONMENT.into());
    }
    known.extend((options.recorded)(&folder(&base)));
    known
}

pub(super) fn choose(options: &LoadOptions<'_>) -> Result<Files, Problems> {
    let base = match &options.file {
        Some(file) => options.directory.join(file),
        None => search(&options.directory)?,
    };
    let overlays = overlays(&base)?;
    select(base, &overlays, options)
}

/// Like [`choose`], for commands that only need the state. A missing or ambiguous base, and overlays that are ambiguous
/// or cannot be listed, are returned as problems. It fails only if the state cannot be determined.
pub(super) fn choose_leniently(options: &LoadOptions<'_>) -> Result<(Files, Vec<Problem>), Problems> {
    let mut findings = Vec::new();
    let base = match &options.file {
        Some(file) => options.directory.join(file),
        None => match search(&options.directory) {
            Ok(base) => base,
            Err(problems) => {
                let Some(base) = beside_a_state(options) else { return Err(problems) };
                findings.extend(problems);
                base
            }
        },
    };
    let mut overlays = overlays(&base).unwrap_or_else(|problems| {
        findings.extend(problems);
        Vec::new()
    });
    let ambiguous = |overlay: &Overlay| options.environment.as_ref() == Some(&overlay.environment);
    if overlays.iter().filter(|overlay| ambiguous(overlay)).count() > 1 {
        findings.extend(options.environment.as_deref().map(two_overlays).into_iter().flatten());
        overlays.dedup_by(|later, first| later.environment == first.environment);
    }
    Ok((select(base, &overlays, options)?, findings))
}

/// Where `sindri.yaml` would be: next to the nearest state with records.
fn beside_a_state(options: &LoadOptions<'_>) -> Option<PathBuf> {
    let folders = upward(&options.directory).ok()?;
    let folder = folders.into_iter().find(|(shown, _)| !(options.recorded)(shown).is_empty());
    folder.map(|(shown, _)| shown.join(NAMES[0]))
}

/// The selected environment and its overlay.
fn select(base: PathBuf, overlays: &[Overlay], options: &LoadOptions<'_>) -> Result<Files, Problems> {
    let mut environments: BTreeSet<String> = overlays.iter().map(|overlay| overlay.environment.clone()).collect();
    let has_overlays = !environments.is_empty();
    if !has_overlays && base.is_file() {
        environments.insert(DEFAULT_ENVIRONMENT.into());
    }
    let recorded = || (options.recorded)(&folder(&base));
    let listed = |names: BTreeSet<String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let files = |overlay, environment: &str, environments, lost_overlay| Files {
        base: base.clone(),
        overlay,
        environment: environment.to_owned(),
        environments,
        lost_overlay,
    };
    let Some(environment) = &options.environment else {
        if environments.contains(DEFAULT_ENVIRONMENT) && !has_overlays {
            return Ok(files(None, DEFAULT_ENVIRONMENT, environments, false));
        }
        let known: BTreeSet<String> = environments.into_iter().chain(recorded()).collect();
        if !has_overlays && (known.is_empty() || known.iter().eq([DEFAULT_ENVIRONMENT])) {
            return Ok(files(None, DEFAULT_ENVIRONMENT, known, false));
        }
        let why = if has_overlays { "has overlays" } else { "is missing, and there are states" };
        return Err(nowhere(
            ProblemCode::EnvironmentRequired,
            format!("{} {why}, and no environment is selected", file_name(&base)),
            format!("select one with `-e` or `SINDRI_ENV`: {}", listed(known)),
        ));
    };
    let mut own = overlays.iter().filter(|overlay| overlay.environment == *environment);
    match (own.next(), own.next()) {
        (Some(_), Some(_)) => return Err(two_overlays(environment)),
        (Some(overlay), None) => return Ok(files(Some(overlay.path.clone()), environment, environments, false)),
        (None, _) if environments.contains(environment) => return Ok(files(None, environment, environments, false)),
        (None, _) => {}
    }
    let recorded = recorded();
    if recorded.contains(environment) {
        let lost_overlay = environment != DEFAULT_ENVIRONMENT;
        return Ok(files(None, environment, environments, lost_overlay));
    }
    let stem = base.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let known: BTreeSet<String> = environments.into_iter().chain(recorded).collect();
    let close = nearest(environment, known.iter().map(String::as_str)).map(str::to_owned);
    let help = match close {
        Some(nearest) => format!("did you mean `{nearest}`? There are {}", listed(known)),
        None if !has_overlays => {
            format!(
                "write the settings that differ there into `{stem}.{environment}.yaml` next to {}",
                file_name(&base)
            )
        }
        None => format!("there are {}", listed(known)),
    };
    Err(nowhere(ProblemCode::UnknownEnvironment, format!("there is no environment `{environment}`"), help))
}

fn two_overlays(environment: &str) -> Problems {
    nowhere(
        ProblemCode::AmbiguousFile,
        format!("environment `{environment}` has two overlays, one `.yaml` and one `.yml`"),
        "keep one of them",
    )
}

/// The folders from `directory` up to the root of its repository, because files beyond it may be untrusted. Each as
/// displayed and as an absolute path.
fn upward(directory: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Problems> {
    // An empty path means the current folder, but `absolute` rejects it.
    let absolute =
        std::path::absolute(Path::new(".").join(directory)).map_err(|error| unreadable(directory, &error))?;
    let mut folders = Vec::new();
    for (height, folder) in absolute.ancestors().enumerate() {
        // Relative to the user's folder: `../sindri.yaml` is clearer than a long absolute path.
        let shown = (0..height).fold(directory.to_path_buf(), |path, _| path.join(".."));
        folders.push((shown, folder.to_path_buf()));
        if folder.join(".git").exists() {
            break;
        }
    }
    Ok(folders)
}

/// The nearest `sindri.yaml`, searching upward.
fn search(directory: &Path) -> Result<PathBuf, Problems> {
    let folders = upward(directory)?;
    for (shown, folder) in &folders {
        let found: Vec<&str> =
            NAMES.into_iter().filter(|name| fs::symlink_metadata(folder.join(name)).is_ok()).collect();
        match found.as_slice() {
            [] => {}
            [name] => return Ok(shown.join(name)),
            _ => {
                return Err(nowhere(
                    ProblemCode::AmbiguousFile,
                    format!("{} has both `sindri.yaml` and `sindri.yml`", folder.display()),
                    "keep one of them, or select the file with `-f`",
                ));
            }
        }
    }
    let here = folders.first().map_or(directory, |(_, folder)| folder);
    Err(nowhere(
        ProblemCode::NoConfiguration,
        format!("there is no `sindri.yaml` in {} or above it", here.display()),
        "`sindri init` writes one; `-f FILE` selects another file, `-C DIR` another folder",
    ))
}

/// Overlays such as `sindri.prod.yaml` next to `sindri.yaml`, sorted by environment.
fn overlays(base: &Path) -> Result<Vec<Overlay>, Problems> {
    let folder = folder(base);
    let Some(stem) = base.file_stem().and_then(|stem| stem.to_str()) else { return Ok(Vec::new()) };
    let mut overlays = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| unreadable(base, &error))? {
        let path = entry.map_err(|error| unreadable(&folder, &error))?.path();
        let is_yaml = path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known));
        let environment = path.file_stem().and_then(|name| name.to_str()?.strip_prefix(stem)?.strip_prefix('.'));
        if let Some(environment) = environment
            && is_yaml
            && is_environment(environment)
        {
            overlays.push(Overlay { environment: environment.to_owned(), path: path.clone() });
        }
    }
    overlays.sort_by(|left, right| (&left.environment, &left.path).cmp(&(&right.environment, &right.path)));
    Ok(overlays)
}

/// Characters that are safe in both file names and markers.
fn is_environment(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Size limit for configuration files: far more than anyone writes by hand, and still quick to parse.
pub const LARGEST: u64 = 16 << 20;

/// The text of a configuration file.
pub(super) fn read(path: &Path, boundary: &Boundary) -> Result<String, Problems> {
    read_text(path, Some(boundary), LARGEST).map_err(|error| {
        let help = match error.reason {
            UnreadableReason::Missing => "check the path; `sindri init` writes a first `sindri.yaml`",
            _ => error.reason.help(),
        };
        nowhere(ProblemCode::Unreadable, error.to_string(), help)
    })
}

/// The folder of a file; `.` for a bare name.
pub(super) fn folder(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf()
}

fn file_name(path: &Path) -> String {
    format!("`{}`", path.file_name().unwrap_or_default().to_string_lossy())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problems {
    let help = match error.kind() {
        ErrorKind::NotFound => "check the path; `sindri init` writes a first `sindri.yaml`",
        _ => "check its read permission",
    };
    nowhere(ProblemCode::Unreadable, format!("cannot read {}: {error}", path.display()), help)
}
