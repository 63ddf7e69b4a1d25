//! Reads the whole configuration: name, dialect, resources of each kind, moves and budget.

use std::collections::BTreeMap;

use super::config_kind::KindSection;
use super::configuration::Config;
use super::context::{Project, plain_name, store_suffix};
use super::document::{Data, YamlNode};
use super::environment;
use super::fields::ROOT;
use super::kinds;
use super::load::{Files, LoadOptions, folder};
use super::moved::moved;
use super::problem::{Findings, Problem, Problems};
use super::quantity::amount;
use super::schema::conform;
use super::secret_values::SecretSources;
use super::secrets;
use super::source::Span;
use crate::catalog::Catalog;
use crate::model::{Address, Budget, Dialect, ProblemCode, Resource};

const LONGEST_NAME: usize = 63;
/// Placeholder for a name that cannot be read.
const UNNAMED: &str = "unnamed";

/// Reads a configuration from an interpolated tree.
pub(super) fn read(
    tree: &YamlNode,
    files: &Files,
    options: &LoadOptions<'_>,
    findings: Findings,
) -> Result<Config, Problems> {
    let (mut config, findings) = assemble(tree, files, options, findings);
    let lost = files.lost_overlay.then(|| lost_overlay(files));
    config.warnings = lost.into_iter().chain(findings.finish()?).map(miette::Report::new).collect();
    Ok(config)
}

/// Warns that an environment without its overlay is read from the base alone.
fn lost_overlay(files: &Files) -> Problem {
    let Files { base, environment, .. } = files;
    let stem = base.file_stem().unwrap_or_default().to_string_lossy();
    Problem::warning(
        ProblemCode::LostOverlay,
        format!("there is no `{stem}.{environment}.yaml`: `{environment}` is read only from `{stem}.yaml`"),
        format!("restore the overlay, or destroy the environment with `sindri -e {environment} destroy`"),
    )
}

/// Builds as much of the configuration as possible and collects the problems. Callers may use the complete
/// configuration only if there are none.
pub(super) fn assemble(
    tree: &YamlNode,
    files: &Files,
    options: &LoadOptions<'_>,
    mut findings: Findings,
) -> (Config, Findings) {
    let root = conform(tree, &ROOT, &mut findings);
    check_version(&root, &mut findings);
    check_provider(&root, &mut findings);
    let runpod = root.get("providers").and_then(|providers| providers.entry("runpod"));
    let empty = YamlNode { span: root.span, data: Data::Map(Vec::new()) };
    let (runpod_span, runpod) = runpod.map_or((root.span, &empty), |entry| (entry.key_span, &entry.value));

    let directory = folder(&files.base);
    let boundary = files.boundary(options);
    let (offline, api_keys) = (options.offline_secrets, &options.api_keys);
    let sources = SecretSources::new(directory.clone(), &boundary, options.variables, offline, api_keys);
    let secrets = secrets::read(&root, &sources, &store_suffix(&files.environment), &mut findings);
    let dialect = dialect(runpod, options);
    let mut project = Project {
        name: name(&root, &mut findings),
        name_span: root.get("name").map(|node| node.span),
        environment: files.environment.clone(),
        dialect,
        catalog: Catalog::embedded(),
        declared: BTreeMap::new(),
        extensions: environment::extensions(&root, &mut findings),
        secrets: secrets.variables,
        kept_values: secrets.kept,
        secret_sources: sources,
    };

    declare(&root, (runpod, runpod_span), &mut project, &mut findings);
    let Project { name, environment, declared, .. } = project;
    let resources: BTreeMap<Address, Resource> = declared.into_iter().map(|(at, it)| (at, it.resource)).collect();
    let moved = moved(&root, &resources, &mut findings);
    let budget = budget(&root);
    let (file, environments) = (files.base.clone(), files.environments.clone());
    let warnings = Vec::new();
    let config = Config {
        name,
        environment,
        dialect,
        resources,
        moved,
        budget,
        warnings,
        directory,
        boundary,
        file,
        environments,
    };
    (config, findings)
}

/// Reads the resources of every kind, in the order in which they may refer to each other.
fn declare(
    root: &YamlNode,
    (runpod, runpod_span): (&YamlNode, Span),
    project: &mut Project<'_>,
    findings: &mut Findings,
) {
    let dialect = project.dialect;
    let sections = kinds::sections();
    for config in kinds::KINDS.iter() {
        let section = KindSection::new(config, root, (runpod, runpod_span), &sections);
        // The names in a list at the top are those of environment variables, which have their own rules.
        for entry in section.declarations().iter().filter(|_| config.section.field().is_some()) {
            project.check_key(&entry.key, entry.key_span, findings);
        }
        let title = config.kind.title;
        if let Some(first) = section.declarations().first().filter(|_| !config.kind.dialects.contains(&dialect)) {
            findings
                .error(ProblemCode::Unsupported, first.key_span, format!("REST {dialect} cannot manage {title}s"))
                .help("set `apiVersion: v2`, or remove it; the other resources do not need it");
        }
        let declared = (config.read)(&section, project, findings);
        project.declared.extend(declared.into_iter().map(|it| (it.resource.address.clone(), it)));
    }
}

/// `--api`, otherwise the dialect in the file.
fn dialect(runpod: &YamlNode, options: &LoadOptions<'_>) -> Dialect {
    options.dialect.unwrap_or(match runpod.get("apiVersion").and_then(YamlNode::text) {
        Some("v1") => Dialect::V1,
        _ => Dialect::V2,
    })
}

fn check_version(root: &YamlNode, findings: &mut Findings) {
    let Some(version) = root.get("version") else { return };
    // `3` means any version 3, and `3.0` without quotes is a number that YAML tools may shorten to it.
    if version.text() == Some("3") {
        return;
    }
    let number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let major = version
        .text()
        .and_then(|text| text.split_once('.'))
        .filter(|(major, minor)| number(major) && number(minor))
        .map(|(major, _)| major);
    if major != Some("3") {
        findings
            .error(ProblemCode::Version, version.span, "this sindri reads format version 3")
            .help("write `version: \"3.0\"`");
    }
}

fn is_runpod(provider: &str) -> bool {
    provider.eq_ignore_ascii_case("runpod")
}

fn check_provider(root: &YamlNode, findings: &mut Findings) {
    let provider = root.at(&["deployment", "provider"]);
    if let Some(provider) = provider.filter(|provider| !provider.text().is_some_and(is_runpod)) {
        let shown = provider.scalar().map_or("", |scalar| scalar.shown());
        findings
            .error(ProblemCode::Provider, provider.span, format!("sindri supports RunPod, not `{shown}`"))
            .label("another provider")
            .help("write `provider: runpod`");
    } else if provider.is_none() && root.at(&["providers", "runpod"]).is_none() {
        findings
            .missing(
                &["providers", "runpod", "deployment", "provider"],
                ProblemCode::MissingField,
                root.span,
                "the file has no RunPod settings",
            )
            .help("add `deployment: { provider: runpod, image: ... }` and `providers: { runpod: { gpuType: ... } }`");
    }
}

/// The project's name. If it is invalid, returns a usable one so that the rest can be checked.
fn name(root: &YamlNode, findings: &mut Findings) -> String {
    let Some(node) = root.get("name") else {
        findings
            .missing(&["name"], ProblemCode::MissingField, root.span, "the file has no `name`")
            .help("pods and volumes are named after it: `name: ml-dev`");
        return UNNAMED.into();
    };
    let name = node.text().unwrap_or_default();
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && name.len() <= LONGEST_NAME;
    if !fits {
        findings.error(ProblemCode::BadName, node.span, "this is not a valid `name`").nearest(
            // The value of a variable is not shown.
            plain_name(name, LONGEST_NAME)
                .filter(|_| node.scalar().is_some_and(|scalar| scalar.written.is_none()))
                .as_deref(),
            format!(
                "a name consists of lowercase letters, digits and `-`, begins with a letter, and has at most \
                 {LONGEST_NAME} characters"
            ),
        );
    }
    if node.scalar().is_some_and(|scalar| scalar.unresolved) {
        // A partial name could be that of another project.
        return UNNAMED.into();
    }
    let small = name.to_ascii_lowercase();
    let sanitized = small.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    if small.is_empty() { UNNAMED.into() } else { sanitized }
}

fn budget(root: &YamlNode) -> Budget {
    let limit = |key: &str| root.at(&["budget", key]);
    Budget {
        max_hourly: limit("maxHourly").and_then(amount),
        max_hourly_peak: limit("maxHourlyPeak").and_then(amount),
        max_pods: limit("maxPods").and_then(YamlNode::int).and_then(|count| u32::try_from(count).ok()),
    }
}
