//! Addresses and environments from the project's files, for completion.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;

use clap::{CommandFactory, FromArgMatches};
use clap_complete::engine::CompletionCandidate;

use crate::catalog::{Catalog, GpuType};
use crate::cli::args::{Arguments, Global};
use crate::cli::session;
use crate::cli::variables;
use crate::kind;
use crate::model::Address;
use crate::resource::members::is_member;

/// The kind of name that an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CompletionKind {
    /// Addresses in the state.
    Recorded,
    /// Addresses in the state, without ports.
    RecordedWhole,
    /// Addresses in the state or in the configuration, without ports, and also the common name of replicas.
    Known,
    /// Addresses that are in the configuration but not in the state.
    Unrecorded,
    /// Pods in the state, by their short names.
    Pods,
    Outputs,
    Environments,
    GpuTypes,
    Regions,
}

/// Reads the project when the first question needs it.
pub(super) struct Facts {
    /// The flags that select the project.
    global: Option<Global>,
    typed: String,
    addresses: OnceLock<Addresses>,
}

#[derive(Default)]
struct Addresses {
    recorded: BTreeSet<Address>,
    declared: BTreeSet<Address>,
}

impl Facts {
    /// `before` are the words before the one being typed.
    pub fn of(before: &[OsString], typed: &OsStr) -> Self {
        let command = variables::without_empty(Arguments::command()).ignore_errors(true);
        let matches = command.try_get_matches_from(before).ok();
        let global = matches.and_then(|matches| Global::from_arg_matches(&matches).ok());
        Self { global, typed: typed.to_string_lossy().into_owned(), addresses: OnceLock::new() }
    }

    pub fn types_flag(&self) -> bool {
        self.typed.starts_with('-')
    }

    pub fn candidates(&self, which: CompletionKind) -> Vec<CompletionCandidate> {
        let words = self.words(which);
        let short = self.without_kind(&words);
        if short.is_empty() { words } else { short }.into_iter().map(CompletionCandidate::new).collect()
    }

    /// The names that begin as typed, if no full address does.
    fn without_kind(&self, addresses: &[String]) -> Vec<String> {
        let typed = self.typed.rsplit_once('=').map_or(self.typed.as_str(), |(_, value)| value);
        if typed.is_empty() || addresses.iter().any(|address| address.starts_with(typed)) {
            return Vec::new();
        }
        let names = || addresses.iter().filter_map(|address| Some(address.split_once('.')?.1));
        let is_clear = |name: &&str| names().filter(|other| other == name).count() == 1;
        names().filter(|name| name.starts_with(typed)).filter(is_clear).map(str::to_owned).collect()
    }

    fn words(&self, which: CompletionKind) -> Vec<String> {
        let texts = |addresses: &mut dyn Iterator<Item = &Address>| addresses.map(ToString::to_string).collect();
        match which {
            CompletionKind::Environments => self.environments(),
            CompletionKind::GpuTypes => {
                let catalog = Catalog::embedded();
                // An ambiguous name is not offered.
                let is_clear = |name: &String| catalog.resolve_gpu(name).is_ok();
                let name = |gpu: &GpuType| Some(gpu.display_name.clone()).filter(is_clear).unwrap_or(gpu.id.clone());
                catalog.gpu_types.iter().map(name).collect()
            }
            CompletionKind::Regions => {
                let listed = Catalog::embedded().data_centers.iter().filter(|center| center.is_listed());
                listed.map(|center| center.id.clone()).collect()
            }
            CompletionKind::Recorded => texts(&mut self.addresses().recorded.iter()),
            CompletionKind::RecordedWhole => texts(&mut self.addresses().recorded.iter().filter(|it| !is_member(it))),
            CompletionKind::Unrecorded => {
                let Addresses { recorded, declared } = self.addresses();
                texts(&mut declared.iter().filter(|it| !is_member(it) && !recorded.contains(it)))
            }
            CompletionKind::Known => self.known(),
            CompletionKind::Pods => self.pods(),
            CompletionKind::Outputs => {
                self.addresses().recorded.iter().map(|address| format!("{address}.id")).collect()
            }
        }
    }

    fn known(&self) -> Vec<String> {
        let Addresses { recorded, declared } = self.addresses();
        let mut known: BTreeSet<Address> = recorded.union(declared).filter(|it| !is_member(it)).cloned().collect();
        let names: Vec<Address> = known.iter().map(|address| Address { index: None, ..address.clone() }).collect();
        known.extend(names);
        known.iter().map(ToString::to_string).collect()
    }

    fn pods(&self) -> Vec<String> {
        let has_container = |address: &&Address| kind::find(&address.kind).is_some_and(|kind| kind.has_container);
        let pods = self.addresses().recorded.iter().filter(has_container).map(ToString::to_string);
        let short = |pod: String| match pod.strip_prefix("pod.") {
            Some(name) if !self.typed.starts_with("pod.") => name.to_owned(),
            _ => pod,
        };
        pods.map(short).collect()
    }

    fn environments(&self) -> Vec<String> {
        self.global.as_ref().map(session::environments).unwrap_or_default().into_iter().collect()
    }

    /// The addresses of the environment on the command line, or of all environments.
    fn addresses(&self) -> &Addresses {
        self.addresses.get_or_init(|| {
            let Some(global) = &self.global else { return Addresses::default() };
            let environments: Vec<Option<String>> = match global.environment() {
                Some(environment) => vec![Some(environment.to_owned())],
                None if global.state.is_some() => vec![None],
                None => session::environments(global).into_iter().map(Some).collect(),
            };
            let mut addresses = Addresses::default();
            for environment in environments {
                let (declared, recorded) = session::known_addresses(global, environment);
                addresses.declared.extend(declared);
                addresses.recorded.extend(recorded);
            }
            addresses
        })
    }
}
