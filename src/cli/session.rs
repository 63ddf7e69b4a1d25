//! The common start of most commands: the configuration, the paths of the state, and a client for the requested API.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::args::Global;
use super::console::Console;
use super::exit::{Exit, Failure, FailureCode};
use super::output::Stream;
use super::pauses::{Pause, Pauses};
use super::variables;
use crate::apply::recover::recover;
use crate::apply::refresh::{self, Refresh};
use crate::catalog::Catalog;
use crate::config::{self, Config, LoadOptions, ProblemCode, Readable, RecordedEnvironments};
use crate::emulator::{Emulator, EmulatorOptions, InProcess};
use crate::files::{self, Boundary, ReadError};
use crate::kind;
use crate::model::{Address, Observed, Plan, State};
use crate::observe::{KindNames, inquire, kinds_of};
use crate::planner;
use crate::planner::decide::feasible;
use crate::render::words;
use crate::runpod::Client;
use crate::runpod::credential::{ApiKey, ApiOrigin, world_identity};
use crate::store::{self, Holder, Identity, LockedState, Paths, StoreError};
use crate::transport::Transport;
use crate::transport::clock::Clock;
use crate::transport::http::{HttpTransport, REQUEST_TIMEOUT};

/// The context of a command.
pub struct Session {
    pub config: Config,
    /// The kinds of its resources.
    declared: KindNames,
    pub paths: Paths,
    /// The API to which the state belongs: [`State::api`].
    pub api: String,
    pub client: Client,
    /// The long waits of the client.
    pub pauses: Arc<Pauses>,
    pub clock: Clock,
    emulator: Option<Arc<Emulator>>,
}

/// Whether a command needs the values of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Needed,
    /// Only compared with a state, which contains no secret values. A missing value is reported and is not an error.
    NamesAlone,
    /// The command changes no pod's environment. A missing secret must not prevent stopping a pod.
    NotNeeded,
}

/// Loads the configuration. Warnings are shown by commands that act on the configuration, not by those that act on the
/// state.
pub fn configuration(global: &Global, console: &Console, secrets: Secrets) -> Result<Config, Failure> {
    let config = config::load(&load_options(global, secrets)?)?;
    if secrets != Secrets::NotNeeded {
        config.warnings.iter().for_each(|warning| console.warning(warning));
    }
    Ok(config)
}

/// The load options given on the command line.
pub fn load_options(global: &Global, secrets: Secrets) -> Result<LoadOptions<'static>, Failure> {
    let directory = match &global.directory {
        Some(directory) => directory.clone(),
        None => std::env::current_dir().map_err(|error| {
            Failure::message(
                Exit::Error,
                FailureCode::NoDirectory,
                format!("cannot determine the current folder: {error}"),
                None,
            )
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

/// The environments whose state has records; with `--state`, only the environment of that file.
fn recorded(global: &Global) -> RecordedEnvironments {
    let (named, sandbox, allowed) = (named_state(global), global.sandbox, global.readable_folders());
    Rc::new(move |folder| match &named {
        Some(file) => environment_of(file, &allowed).into_iter().collect(),
        None => {
            let boundary = Boundary::around(folder, &allowed);
            let found = store::found_in(&state_folder(folder, sandbox), &boundary).into_iter();
            found.filter(store::FoundState::records_something).map(|found| found.environment).collect()
        }
    })
}

/// The environments of the project, as far as its files can be read.
pub fn environments(global: &Global) -> BTreeSet<String> {
    load_options(global, Secrets::NotNeeded).map(|options| config::known_environments(&options)).unwrap_or_default()
}

/// The addresses in the configuration and in the state, as far as both can be read.
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

/// The environment of the state file in `--state`.
fn environment_of_state(global: &Global) -> Option<String> {
    environment_of(&named_state(global)?, &global.readable_folders())
}

/// The environment of a state file, if the file can be read.
fn environment_of(file: &Path, allowed: &[PathBuf]) -> Option<String> {
    let (environment, _) = store::made_for(&named_paths(file, allowed).ok()?).ok()??;
    Some(environment)
}

/// The files of a state named by the user. It may be a link into the folders of `--allow-files-in`.
fn named_paths(file: &Path, allowed: &[PathBuf]) -> Result<Paths, StoreError> {
    Paths::resolved(file, &Boundary::around(files::folder(file), allowed), true)
}

/// The file of `--state`. A relative path starts from `-C`.
fn named_state(global: &Global) -> Option<PathBuf> {
    global.state.as_ref().map(|file| global.directory.clone().unwrap_or_default().join(file))
}

/// The folder of a project's states, given the folder of its configuration.
fn state_folder(directory: &Path, sandbox: bool) -> PathBuf {
    directory.join(if sandbox { SANDBOX_FOLDER } else { "state" })
}

/// The folder for the world and the states of a sandbox.
const SANDBOX_FOLDER: &str = ".sindri/sandbox";

/// Reads as much of the configuration as possible, for a command that works from the state alone.
fn readable_configuration(global: &Global, console: &Console) -> Result<Config, Failure> {
    let mut options = load_options(global, Secrets::NotNeeded)?;
    if options.environment.is_none() {
        // The name of a state implies its environment.
        options.environment = environment_of_state(global);
    }
    let Readable { config, problems } = config::load_readable(&options)?;
    let file = config.file.file_name().map_or_else(|| "sindri.yaml".into(), |name| name.to_string_lossy());
    match problems.as_slice() {
        [] => {}
        [problem] if problem.code == ProblemCode::NoConfiguration => {
            console.note(&format!("Warning: there is no `{file}`; using only the state."));
        }
        problems => {
            let count = words::count(problems.len(), "problem");
            let they = if problems.len() == 1 { "it" } else { "them" };
            console
                .note(&format!("Warning: `{file}` has {count}; using only the state. `sindri validate` shows {they}."));
        }
    }
    Ok(config)
}

/// Keeps a sandbox out of commits: its world contains everything that pods were given, including secrets.
fn ignored_by_git(folder: &Path) {
    let ignore = folder.join(".gitignore");
    // Errors in the folder are reported by the code that writes there.
    if !ignore.exists() && std::fs::create_dir_all(folder).is_ok() {
        let _ = files::create_new(&ignore, b"*\n");
    }
}

fn unusable_world(error: ReadError) -> Failure {
    let help = format!("{}; nothing was changed", error.reason.help());
    Failure::message(Exit::Error, FailureCode::SandboxOutside, error.to_string(), Some(help))
}

fn find_key(origin: &ApiOrigin) -> Result<ApiKey, Failure> {
    Ok(ApiKey::find(origin, variables::text, variables::key_file)?)
}

/// A variable that a configuration names, if it is set and is text. It may be empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Session {
    /// Opens the requested API without sending anything.
    pub fn open(global: &Global, console: &Console, secrets: Secrets) -> Result<Self, Failure> {
        Self::with(configuration(global, console, secrets)?, global, console, find_key)
    }

    /// For commands that send no requests to RunPod, and need no key.
    pub fn offline(global: &Global, console: &Console, secrets: Secrets) -> Result<Self, Failure> {
        Self::with(configuration(global, console, secrets)?, global, console, |_| Ok(ApiKey::emulator()))
    }

    /// For a command that works from the state alone. Reads as much of the configuration as possible and ignores errors
    /// in it. The command must not create or change anything declared there.
    pub fn open_state(global: &Global, console: &Console) -> Result<Self, Failure> {
        Self::with(readable_configuration(global, console)?, global, console, find_key)
    }

    /// For a command that works from the state alone and sends no requests to RunPod.
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
        key: impl FnOnce(&ApiOrigin) -> Result<ApiKey, Failure>,
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
                Some(url) => ApiOrigin::parse(url, config.dialect)?,
                None => ApiOrigin::of(config.dialect),
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
        let pauses = Arc::new(Pauses::new(console));
        let announced = Arc::clone(&pauses);
        let client = client.with_notify(Arc::new(move |wait, reason| {
            announced.announce(Pause { wait, reason: reason.to_owned() });
        }));
        let declared = kinds_of(&config.resources);
        Ok(Self { config, declared, paths, api, client, pauses, clock, emulator })
    }

    pub fn identity(&self) -> Identity<'_> {
        Identity { environment: &self.config.environment, api: &self.api }
    }

    /// The current state, read without a lock, and the existing objects. Operations that a running or killed apply left
    /// open are settled in memory.
    pub async fn refresh(&self, console: &Console) -> Result<(State, Observed), Failure> {
        let Refresh { state, observed, .. } = refresh::refresh(self.place(), self.tells_who_runs(console)).await?;
        Ok((state, observed))
    }

    /// Like `refresh`, and also returns what is still unsettled.
    pub async fn refresh_and_recheck(&self, console: &Console) -> Result<Refresh, Failure> {
        Ok(refresh::refresh_and_recheck(self.place(), self.tells_who_runs(console)).await?)
    }

    fn place(&self) -> refresh::RefreshContext<'_> {
        refresh::RefreshContext {
            api: &self.client,
            paths: &self.paths,
            identity: self.identity(),
            clock: &self.clock,
            declared: &self.declared,
        }
    }

    fn tells_who_runs(&self, console: &Console) -> impl FnOnce(&Holder) {
        |holder| {
            console
                .say(&format!("Note: {holder} is changing this environment right now; the output may be incomplete."));
        }
    }

    /// The current state, and the objects according to it, without asking RunPod.
    pub fn remember(&self) -> Result<(State, Observed), Failure> {
        let state = store::read(&self.paths, &self.identity())?.state;
        let observed = crate::planner::drift::survey::remembered(&state);
        Ok((state, observed))
    }

    /// Takes the lock.
    pub fn lock(&self, what: &str, timeout: Duration) -> Result<LockedState, Failure> {
        Ok(LockedState::acquire(&self.paths, &self.identity(), Holder::new(what), timeout)?)
    }

    /// Resolves what earlier runs left open, durably, and shows progress, because it may take minutes.
    pub async fn recover(&self, store: &LockedState, console: &Console) -> Result<Observed, Failure> {
        self.recover_listing(&self.declared, store, console).await
    }

    /// Like `recover`, and also lists the kinds of which nothing is declared or recorded.
    pub async fn recover_everything(&self, store: &LockedState, console: &Console) -> Result<Observed, Failure> {
        let all = kind::listed().map(|kind| kind.name).collect();
        self.recover_listing(&all, store, console).await
    }

    async fn recover_listing(
        &self,
        declared: &KindNames,
        store: &LockedState,
        console: &Console,
    ) -> Result<Observed, Failure> {
        let progress = console.progress();
        let observed = recover(&self.client, store, &self.clock, declared, &|event| progress.show(&event)).await?;
        progress.finish();
        Ok(observed)
    }

    /// The input of a plan.
    pub fn plan_input<'a>(
        &'a self,
        prior: &'a State,
        observed: &'a Observed,
        options: planner::PlanOptions,
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

    /// Asks RunPod for the facts that the plan needs beyond the lists, and adds them to the plan.
    pub async fn examine(&self, plan: &mut Plan) {
        let answers = inquire(&self.client, plan).await;
        feasible::judge(plan, &answers);
    }

    /// The file name of an environment's overlay.
    pub fn overlay_name(&self, environment: &str) -> String {
        let stem = self.config.file.file_stem().map_or_else(|| "sindri".into(), |stem| stem.to_string_lossy());
        format!("{stem}.{environment}.yaml")
    }

    /// The name of the configuration file, for sentences.
    pub fn config_name(&self) -> String {
        self.config.file.file_name().map_or_else(|| "sindri.yaml".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Saves the sandbox's world, if there is one.
    pub fn close(&self) -> Result<(), Failure> {
        match &self.emulator {
            Some(emulator) => Ok(emulator.save()?),
            None => Ok(()),
        }
    }

    /// The state, lock and journal of every environment, in the sandbox and outside it. No output may be written there.
    pub fn own_files(&self) -> Vec<PathBuf> {
        let environments: BTreeSet<&String> =
            self.config.environments.iter().chain([&self.config.environment]).collect();
        let states = [true, false].into_iter().flat_map(|sandbox| {
            let folder = state_folder(&self.config.directory, sandbox);
            environments.iter().map(move |environment| folder.join(format!("{environment}.json"))).collect::<Vec<_>>()
        });
        let paths = states.map(|state| Paths::of_state(&state)).chain([self.paths.clone()]);
        paths.flat_map(|Paths { state, lock, journal }| [state, lock, journal]).collect()
    }

    /// The path of the state file, for messages.
    pub fn state_path(&self) -> &PathBuf {
        &self.paths.state
    }
}
