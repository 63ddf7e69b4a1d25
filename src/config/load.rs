//! Which files make up a configuration: the base, found upward to the repository's root, and the overlay of `-e`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::problem::{Problems, nowhere};
use crate::catalog::nearest;
use crate::model::Dialect;

/// What decides how a configuration is read, besides its files.
#[derive(Clone)]
pub struct LoadOptions<'a> {
    /// Where to look for `sindri.yaml`, and what relative paths start from.
    pub directory: PathBuf,
    /// `-f`: the base file; nothing is searched then.
    pub file: Option<PathBuf>,
    /// `-e`: selects `sindri.<environment>.yaml` beside the base.
    pub environment: Option<String>,
    /// `--api`: wins over `apiVersion` of the file.
    pub dialect: Option<Dialect>,
    /// The process environment.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// Missing required secrets are no error: for checks on machines that hold none.
    pub offline_secrets: bool,
}

/// The environment where none is selected.
pub const DEFAULT_ENVIRONMENT: &str = "default";

const NAMES: [&str; 2] = ["sindri.yaml", "sindri.yml"];
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// The files of a configuration, chosen but not read.
pub(super) struct Files {
    pub base: PathBuf,
    pub overlay: Option<PathBuf>,
    pub environment: String,
}

/// One overlay that lies beside the base.
struct Overlay {
    environment: String,
    path: PathBuf,
}

pub(super) fn choose(options: &LoadOptions<'_>) -> Result<Files, Problems> {
    let base = match &options.file {
        Some(file) => options.directory.join(file),
        None => search(&options.directory)?,
    };
    let overlays = overlays(&base)?;
    let known = || overlays.iter().map(|overlay| overlay.environment.as_str());
    let listed = || known().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let Some(environment) = &options.environment else {
        if overlays.is_empty() {
            return Ok(Files { base, overlay: None, environment: DEFAULT_ENVIRONMENT.into() });
        }
        return Err(nowhere(
            "environment_required",
            format!("{} has overlays, and no environment is selected", file_name(&base)),
            format!("select one with `-e` or `SINDRI_ENV`: {}", listed()),
        ));
    };
    if let Some(overlay) = overlays.iter().find(|overlay| overlay.environment == *environment) {
        let twice = overlays.iter().filter(|other| other.environment == *environment).count() > 1;
        if twice {
            return Err(nowhere(
                "ambiguous_file",
                format!("environment `{environment}` has two overlays, one `.yaml` and one `.yml`"),
                "keep one of them",
            ));
        }
        let (overlay, environment) = (Some(overlay.path.clone()), environment.clone());
        return Ok(Files { base, overlay, environment });
    }
    if overlays.is_empty() && environment == DEFAULT_ENVIRONMENT {
        return Ok(Files { base, overlay: None, environment: environment.clone() });
    }
    let stem = base.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let help = match nearest(environment, known()) {
        Some(nearest) => format!("did you mean `{nearest}`? There are overlays for {}", listed()),
        None if overlays.is_empty() => {
            format!("write what differs there into `{stem}.{environment}.yaml` beside {}", file_name(&base))
        }
        None => format!("there are overlays for {}", listed()),
    };
    Err(nowhere("unknown_environment", format!("there is no environment `{environment}`"), help))
}

/// The nearest `sindri.yaml`, upward; never beyond the root of the repository, where a stranger's file may lie.
fn search(directory: &Path) -> Result<PathBuf, Problems> {
    // An empty path is the current folder too, though not to `absolute`.
    let absolute =
        std::path::absolute(Path::new(".").join(directory)).map_err(|error| unreadable(directory, &error))?;
    for (height, folder) in absolute.ancestors().enumerate() {
        // Relative to where the user stands: `../sindri.yaml` says more than a long absolute path.
        let shown = (0..height).fold(directory.to_path_buf(), |path, _| path.join(".."));
        let found: Vec<&str> = NAMES.into_iter().filter(|name| folder.join(name).is_file()).collect();
        match found.as_slice() {
            [] => {}
            [name] => return Ok(shown.join(name)),
            _ => {
                return Err(nowhere(
                    "ambiguous_file",
                    format!("{} has both `sindri.yaml` and `sindri.yml`", folder.display()),
                    "keep one of them, or name the file with `-f`",
                ));
            }
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    Err(nowhere(
        "no_configuration",
        format!("there is no `sindri.yaml` in {} or above it", absolute.display()),
        "`sindri init` writes one; `-f FILE` names another, `-C DIR` another folder",
    ))
}

/// `sindri.prod.yaml` and its like beside `sindri.yaml`, sorted by environment.
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

/// Words that are safe in file names and markers alike.
fn is_environment(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

pub(super) fn read(path: &Path) -> Result<String, Problems> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// The folder of a file, `.` for a bare name.
pub(super) fn folder(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf()
}

fn file_name(path: &Path) -> String {
    format!("`{}`", path.file_name().unwrap_or_default().to_string_lossy())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problems {
    let help = match error.kind() {
        ErrorKind::NotFound => "check the path; `sindri init` writes a first `sindri.yaml`",
        ErrorKind::InvalidData => "the file must be text in UTF-8",
        _ => "check that you may read it",
    };
    nowhere("unreadable", format!("cannot read {}: {error}", path.display()), help)
}
