//! The time and memory of whole commands, as a table: `cargo bench --bench table`, on Unix.
//!
//! Each command runs as a process of its own against `sindri emulator serve`, another process that serves an account
//! without quotas or limits. The operating system's accounting (`wait4`) gives the processor time (user and system) and
//! the peak memory of the command alone; `/proc` gives the emulator's processor time during the run. Each figure is the
//! median of several runs. A command that changes something starts each run from the same account and state.
//!
//! The result is the block of `docs/performance.md` between its two markers:
//!
//! ```text
//! cargo bench --bench table                                   # prints the block; progress goes to stderr
//! cargo bench --bench table -- --write docs/performance.md    # replaces the block in the file
//! cargo bench --bench table -- --quick                        # two sizes, three runs, without Terraform
//! cargo bench --bench table -- --sindri PATH --only plan,destroy --sizes 100,1000
//! ```
//!
//! If `terraform` is on the search path, Terraform plans and applies the same graph of `terraform_data` resources,
//! which need no network. Its runs alternate with those of sindri.
//!
//! Leave the machine alone during the runs. The time of other processes is not counted, but they displace caches and
//! lengthen the wall time.

mod account;
mod commands;
mod latency;
mod options;
mod process;
mod report;
mod rows;
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;
mod targets;
mod terraform;

use clap::Parser;

use options::Options;

fn main() {
    if let Some(launch) = process::requested_launch() {
        return launch.run();
    }
    let options = Options::parse();
    if !options.bench {
        return println!("nothing measured; run `cargo bench --bench table`");
    }
    support::BINARY.get_or_init(|| options.emulator().to_owned());
    let block = report::block(&report::Measured {
        conditions: report::conditions(options.runs()),
        growth_sizes: options.growth_sizes(),
        process: latency::startup(&options),
        rows: rows::measure(&options),
        latency: latency::measure(&options),
    });
    match &options.write {
        Some(path) => report::replace_block(path, &block),
        None => println!("{block}"),
    }
}
