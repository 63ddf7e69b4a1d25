//! What most commands start from: the configuration, the paths of the state, and a client of the API that was asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::args::Global;
use super::console::Console;
use super::exit::{Exit, Failure};
use super::output::Stream;
use super::variables;
use crate::apply::look::{self, Sight};
use crate::apply::recover::recover;
use crate::catalog::Catalog;
use crate::config::{self, Config, LoadOptions, Readable, RecordedEnvironments};
use crate::emulator::{Emulator, EmulatorOptions, InProcess};
use crate::files::{self, Boundary, ReadError};
use crate::model::{Address, Observed, Plan, State};
use crate::observe::inquire;
use crate::planner;
use crate::planner::decide::feasible;
use crate::render::words;
use crate::runpod::Client;
use crate::runpod::credential::{ApiKey, Origin, world_identity};
use crate::store::{self, Holder, Identity, LockedState, Paths, StoreError};
use crate::transport::Transport;
use crate::transport::clock::Clock;
use crate::transport::http::HttpTransport;

/// One request may take this long; source of the figure: RunPod's TypeScript SDK (contract, section 2.5).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A command's surroundings.
pub struct Session {
    pub config: Config,
    pub paths: Paths,
    /// Which world: [`State::api`].
    pub api: String,
    pub client: Client,
    pub clock: Clock,
    emulator: Option<Arc<Emulator>>,
}

/// Whether a command needs the values of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Needed,
    /// It compares them with a state, which holds none: a missing value is told, and is no error.
    NamesAlone,
    /// It changes no environment of any pod: a missing secret must not keep anybody from stopping a pod.
    NotNeeded,
}

/// Loads the configuration. Its warnings are for commands that act on what it says, not for those that act on the state.
pub fn configuration(global: &Global, console: &Console, secrets: Secrets) -> Result<Config, Failure> {
    let config = config::load(&load_options(global, secrets)?)?;
    if secrets != Secrets::NotNeeded {
        config.warnings.iter().for_each(|warning| console.warning(warning));
    }
    Ok(config)
}

/// How the command line asks for a configuration to be read.
pub fn load_options(global: &Global, secrets: Secrets) -> Result<LoadOptions<'static>, Failure> {
    let directory = match &global.directory {
        Some(directory) => directory.clone(),
        None => std::env::current_dir().map_err(|error| {
            Failure::message(Exit::Error, "no_directory", format!("cannot tell the current folder: {error}"), None)
        })?,
    };
    Ok(LoadOptions {
        directory,
        file: global.file.clone(),
        environment: global.environment().map(str::to_owned),
        dialect: global.api,
        variables: &variable,
        readable_folders: global.readable_folders(),
        api_keys: variables::api_keys(),
        offline_secrets: secrets != Secrets::Needed,
        recorded: recorded(global),
    })
}

/// The environments that have a state which records something; with `--state`, the one of that file alone.
fn recorded(global: &Global) -> RecordedEnvironments {
    let (named, sandbox, allowed) = (named_state(global), global.sandbox, global.readable_folders());
    Rc::new(move |folder| match &named {
        Some(file) => environment_of(file, &allowed).into_iter().collect(),
        None => {
            let boundary = Boundary::around(folder, &allowed);
            let found = store::found_in(&state_folder(folder, sandbox), &boundary).into_iter();
            found.filter(store::Found::records_something).map(|found| found.environment).collect()
        }
    })
}

/// The environments of the project, as far as its files can be read.
pub fn environments(global: &Global) -> BTreeSet<String> {
    load_options(global, Secrets::NotNeeded).map(|options| config::known_environments(&options)).unwrap_or_default()
}

/// The addresses that the configuration declares and that the state records, as far as both can be read.
pub fn known_addresses(global: &Global, environment: Option<String>) -> (Vec<Address>, Vec<Address>) {
    let Ok(mut options) = load_options(global, Secrets::NotNeeded) else { return Default::default() };
    options.environment = environment.or_else(|| environment_of_state(global));
    let Ok(Readable { config, .. }) = config::load_readable(&options) else { return Default::default() };
    let snapshot = match named_state(global) {
        Some(file) => {
            let paths = named_paths(&file, &global.readable_folders()).ok();
            paths.and_then(|paths| {
                let (environment, api) = store::made_for(&paths).ok().flatten()?;
                store::read(&paths, &Identity { environment: &environment, api: &api }).ok()
            })
        }
        None => {
            let found = store::found_in(&state_folder(&config.directory, global.sandbox), &config.boundary).into_iter();
            found.filter(|found| found.environment == config.environment).find_map(|found| found.snapshot.ok())
        }
    };
    let recorded = snapshot.map(|snapshot| snapshot.state.resources.into_keys().collect()).unwrap_or_default();
    (config.resources.into_keys().collect(), recorded)
}

/// The environment of the state that `--state` names.
fn environment_of_state(global: &Global) -> Option<String> {
    environment_of(&named_state(global)?, &global.readable_folders())
}

/// The environment that a state file was made for, if it can be read.
fn environment_of(file: &Path, allowed: &[PathBuf]) -> Option<String> {
    let (environment, _) = store::made_for(&named_paths(file, allowed).ok()?).ok()??;
    Some(environment)
}

/// The files of a state that a person named. It may be a link into the folders of `--allow-files-in`.
fn named_paths(file: &Path, allowed: &[PathBuf]) -> Result<Paths, StoreError> {
    Paths::resolved(file, &Boundary::around(files::folder(file), allowed), true)
}

/// The file of `--state`: as if started in `-C`, like every other path of the command line.
fn named_state(global: &Global) -> Option<PathBuf> {
    global.state.as_ref().map(|file| global.directory.clone().unwrap_or_default().join(file))
}

/// Where the states of a project are, given the folder of its configuration.
fn state_folder(directory: &Path, sandbox: bool) -> PathBuf {
    directory.join(if sandbox { SANDBOX_FOLDER } else { "state" })
}

/// Where a sandbox keeps its world and its states.
const SANDBOX_FOLDER: &str = ".sindri/sandbox";

/// Reads as much of the configuration as can be read, for a command that works from the state alone.
fn readable_configuration(global: &Global, console: &Console) -> Result<Config, Failure> {
    let mut options = load_options(global, Secrets::NotNeeded)?;
    if options.environment.is_none() {
        // Naming a state names its environment.
        options.environment = environment_of_state(global);
    }
    let Readable { config, problems } = config::load_readable(&options)?;
    let file = config.file.file_name().map_or_else(|| "sindri.yaml".into(), |name| name.to_string_lossy());
    match problems.as_slice() {
        [] => {}
        [problem] if problem.code == "no_configuration" => {
            console.note(&format!("Warning: there is no `{file}`; using the state alone."));
        }
        problems => {
            let count = words::count(problems.len(), "problem");
            let they = if problems.len() == 1 { "it" } else { "them" };
            console.note(&format!(
                "Warning: `{file}` has {count}; using the state alone. `sindri validate` shows {they}."
            ));
        }
    }
    Ok(config)
}

/// Keeps a sandbox out of commits: its world plays RunPod, and so holds what pods were given, secrets too.
fn ignored_by_git(folder: &Path) {
    let ignore = folder.join(".gitignore");
    // A folder that cannot be written is told by whatever has to write there.
    if !ignore.exists() && std::fs::create_dir_all(folder).is_ok() {
        let _ = files::create_new(&ignore, b"*\n");
    }
}

fn unusable_world(error: ReadError) -> Failure {
    let help = format!("{}; nothing was changed", error.reason.help());
    Failure::message(Exit::Error, "sandbox_outside", error.to_string(), Some(help))
}

fn find_key(origin: &Origin) -> Result<ApiKey, Failure> {
    Ok(ApiKey::find(origin, variables::text, variables::key_file)?)
}

/// A variable of this process that a configuration names, if it is set and is text. It may be empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Session {
    /// Opens the API that was asked for; sends nothing yet.
    pub fn open(global: &Global, console: &Console, secrets: Secrets) -> Result<Self, Failure> {
        Self::with(configuration(global, console, secrets)?, global, console, find_key)
    }

    /// For commands that ask RunPod nothing, and so need no key.
    pub fn offline(global: &Global, console: &Console, secrets: Secrets) -> Result<Self, Failure> {
        Self::with(configuration(global, console, secrets)?, global, console, |_| Ok(ApiKey::emulator()))
    }

    /// The same for a command that works from the state alone: the configuration is read as far as it can be, and mistakes
    /// in it are no error. Nothing may be created or changed by what it declares.
    pub fn open_state(global: &Global, console: &Console) -> Result<Self, Failure> {
        Self::with(readable_configuration(global, console)?, global, console, find_key)
    }

    /// Both: it works from the state alone, and asks RunPod nothing.
    pub fn offline_state(global: &Global, console: &Console) -> Result<Self, Failure> {
        Self::with(readable_configuration(global, console)?, global, console, |_| Ok(ApiKey::emulator()))
    }

    /// For a configuration that is not in a file yet.
    pub fn of(config: Config, global: &Global, console: &Console) -> Result<Self, Failure> {
        Self::with(config, global, console, find_key)
    }

    fn with(
        config: Config,
        global: &Global,
        console: &Console,
        key: impl FnOnce(&Origin) -> Result<ApiKey, Failure>,
    ) -> Result<Self, Failure> {
        let named = named_state(global);
        let folder = state_folder(&config.directory, global.sandbox);
        let state_file = named.clone().unwrap_or_else(|| folder.join(format!("{}.json", config.environment)));
        let paths = Paths::resolved(&state_file, &config.boundary, named.is_some())?;
        let (transport, key, api, clock, emulator): (Arc<dyn Transport>, _, _, _, _) = if global.sandbox {
            let world = match &named {
                Some(file) => file.with_extension("world.json"),
                None => {
                    let world = folder.join("world.json");
                    config.boundary.check_path(&world).map_err(unusable_world)?;
                    ignored_by_git(&config.directory.join(".sindri"));
                    world
                }
            };
            let now = Some(Clock::wall().now());
            let (emulator, start) = EmulatorOptions { world: Some(world), now, ..EmulatorOptions::default() }.open()?;
            let clock = Clock::starting_at(start);
            let transport = Arc::new(InProcess::new(Arc::clone(&emulator), clock));
            (transport, ApiKey::emulator(), "sandbox".to_owned(), clock, Some(emulator))
        } else {
            let origin = match &global.api_url {
                Some(url) => Origin::parse(url, config.dialect)?,
                None => Origin::of(config.dialect),
            };
            let key = key(&origin)?;
            let transport = Arc::new(HttpTransport::new(origin.as_str(), REQUEST_TIMEOUT)?);
            (transport, key, world_identity(&origin), Clock::wall(), None)
        };
        let client = Client::new(transport, key, config.dialect);
        let mut client = client.hiding(config.resources.values().map(|resource| &resource.inputs));
        if let Some(limit) = global.wait_limit {
            client = client.with_wait_limit(limit);
        }
        if let Some(lag) = global.list_lag {
            client = client.with_list_lag(lag);
        }
        if console.verbose {
            let output = console.output();
            client = client.with_trace(Arc::new(move |line| output.write(Stream::Err, &format!("{line}\n"))));
        }
        if !console.quiet && !console.json {
            let output = console.output();
            client = client.with_notify(Arc::new(move |wait, reason| {
                output.write(Stream::Err, &format!("waiting {} s: {reason}\n", wait.as_secs()));
            }));
        }
        Ok(Self { config, paths, api, client, clock, emulator })
    }

    pub fn identity(&self) -> Identity<'_> {
        Identity { environment: &self.config.environment, api: &self.api }
    }

    /// The state as it stands, without a lock, and what exists; what a running or killed apply left open is settled in memory.
    pub async fn look(&self, console: &Console) -> Result<(State, Observed), Failure> {
        let Sight { state, observed, .. } = look::look(self.place(), self.tells_who_runs(console)).await?;
        Ok((state, observed))
    }

    /// The same, with what cannot be told yet.
    pub async fn look_twice(&self, console: &Console) -> Result<Sight, Failure> {
        Ok(look::look_twice(self.place(), self.tells_who_runs(console)).await?)
    }

    fn place(&self) -> look::Place<'_> {
        look::Place { api: &self.client, paths: &self.paths, identity: self.identity(), clock: &self.clock }
    }

    fn tells_who_runs(&self, console: &Console) -> impl FnOnce(&Holder) {
        |holder| {
            console
                .say(&format!("Note: {holder} is changing this environment right now; what follows may be half done."));
        }
    }

    /// The state as it stands, and what it says is there; RunPod is not asked.
    pub fn remember(&self) -> Result<(State, Observed), Failure> {
        let state = store::read(&self.paths, &self.identity())?.state;
        let observed = crate::planner::drift::survey::remembered(&state);
        Ok((state, observed))
    }

    /// Takes the lock.
    pub fn lock(&self, what: &str, timeout: Duration) -> Result<LockedState, Failure> {
        Ok(LockedState::acquire(&self.paths, &self.identity(), Holder::new(what), timeout)?)
    }

    /// Settles, durably, what earlier runs left open, and tells what that takes: it may be minutes.
    pub async fn recover(&self, store: &LockedState, console: &Console) -> Result<Observed, Failure> {
        let progress = console.progress();
        let observed = recover(&self.client, store, &self.clock, &|event| progress.show(&event)).await?;
        progress.finish();
        Ok(observed)
    }

    /// What a plan is made of.
    pub fn plan_input<'a>(
        &'a self,
        prior: &'a State,
        observed: &'a Observed,
        options: planner::Options,
    ) -> planner::Input<'a> {
        planner::Input {
            name: &self.config.name,
            environment: &self.config.environment,
            api: &self.api,
            dialect: self.config.dialect,
            desired: &self.config.resources,
            moved: &self.config.moved,
            budget: self.config.budget,
            prior,
            observed,
            catalog: Catalog::embedded(),
            options,
        }
    }

    /// Asks RunPod what the plan has to know beyond the lists, and lets the plan say so.
    pub async fn examine(&self, plan: &mut Plan) {
        let answers = inquire(&self.client, plan).await;
        feasible::judge(plan, &answers);
    }

    /// The name that an overlay of an environment has.
    pub fn overlay_name(&self, environment: &str) -> String {
        let stem = self.config.file.file_stem().map_or_else(|| "sindri".into(), |stem| stem.to_string_lossy());
        format!("{stem}.{environment}.yaml")
    }

    /// The configuration file's name, for sentences.
    pub fn config_name(&self) -> String {
        self.config.file.file_name().map_or_else(|| "sindri.yaml".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Writes the sandbox's world, where there is one.
    pub fn close(&self) -> Result<(), Failure> {
        match &self.emulator {
            Some(emulator) => Ok(emulator.save()?),
            None => Ok(()),
        }
    }

    /// Where `state/` is, for messages.
    pub fn state_path(&self) -> &PathBuf {
        &self.paths.state
    }
}
