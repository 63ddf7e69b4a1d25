//! The arguments of the benchmark.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::commands::{COMMANDS, Command, Sizes};

/// Measures whole commands of sindri against an emulator in another process, and prints a table.
#[derive(Debug, Parser)]
pub struct Options {
    /// Numbers of pods. The growth of a command is measured between the first size of at least 1,000 and the last
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 2_000, 10_000])]
    sizes: Vec<usize>,
    /// Only these commands (default: all): plan,apply,destroy,update,drift,status,import-all,discover,merge,text,json,
    /// markdown,html,renamed,alike,moved
    #[arg(long, value_delimiter = ',', value_parser = command_name)]
    only: Vec<String>,
    /// Runs of each command
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Measure this binary instead of the one that was built with the benchmark
    #[arg(long, default_value = env!("CARGO_BIN_EXE_sindri"))]
    pub sindri: PathBuf,
    /// Serve the emulator from this binary (default: the measured one)
    #[arg(long)]
    emulator: Option<PathBuf>,
    /// Stop a run of sindri after this many seconds of processor time, and do not repeat it
    #[arg(long, default_value_t = 300)]
    pub limit_seconds: u64,
    /// Sizes to measure with Terraform too
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 2_000])]
    terraform_sizes: Vec<usize>,
    /// Model ports as Terraform resources too, instead of attributes of their pods
    #[arg(long)]
    pub terraform_ports: bool,
    /// Two sizes and three runs, without Terraform
    #[arg(long)]
    quick: bool,
    /// Replace the block in this file instead of printing it
    #[arg(long)]
    pub write: Option<PathBuf>,
    /// Passed by `cargo bench`, and not by `cargo test --all-targets`, which only checks that benchmarks start
    #[arg(long, hide = true)]
    pub bench: bool,
}

fn command_name(given: &str) -> Result<String, String> {
    match COMMANDS.iter().any(|command| command.name == given) {
        true => Ok(given.to_owned()),
        false => Err("no such command".into()),
    }
}

impl Options {
    pub fn emulator(&self) -> &Path {
        self.emulator.as_deref().unwrap_or(&self.sindri)
    }

    pub fn runs(&self) -> u32 {
        if self.quick { 3 } else { self.runs }
    }

    /// The sizes in ascending order.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = if self.quick { vec![100, 1_000] } else { self.sizes.clone() };
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// The sizes between which growth is measured. Smaller fleets cost little beyond the start of the program.
    pub fn growth_sizes(&self) -> (usize, usize) {
        let sizes = self.sizes();
        let last = sizes.last().copied().unwrap_or_default();
        let large = sizes.iter().find(|size| (1_000..last).contains(*size));
        (large.or(sizes.first()).copied().unwrap_or_default(), last)
    }

    /// Whether a command is measured at this size.
    pub fn measures(&self, command: &Command, size: usize) -> bool {
        let selected = self.only.is_empty() || self.only.iter().any(|name| name == command.name);
        let (from, to) = self.growth_sizes();
        selected && (command.sizes == Sizes::All || size == from || size == to)
    }

    pub fn measures_terraform(&self, size: usize) -> bool {
        !self.quick && self.terraform_sizes.contains(&size)
    }
}
