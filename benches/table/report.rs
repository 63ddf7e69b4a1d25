//! The block of `docs/performance.md`.

use std::path::Path;
use std::time::Duration;

use crate::commands::{COMMANDS, Sizes};
use crate::latency::{LATENCY, Latency, PARALLELISM, PODS, Startup};
use crate::process::{Ended, Sample};
use crate::rows::Row;
use crate::table::Table;
use crate::targets::{self, verdict};
use crate::terraform;

const BEGIN: &str = "<!-- begin: cargo bench --bench table -->";
const END: &str = "<!-- end: cargo bench --bench table -->";

/// Everything in the block.
pub struct Measured {
    /// From [`conditions`].
    pub conditions: String,
    /// Between which growth is measured.
    pub growth_sizes: (usize, usize),
    pub process: Startup,
    pub rows: Vec<Row>,
    pub latency: Latency,
}

pub fn block(measured: &Measured) -> String {
    let mut text = format!("{BEGIN}\n\n{}", measured.conditions);
    targets_tables(&mut text, &measured.rows);
    growth_table(&mut text, measured);
    terraform_table(&mut text, &measured.rows);
    fixed_table(&mut text, measured);
    format!("{text}\n{END}")
}

/// Replaces the block in a file that contains one.
pub fn replace_block(path: &Path, block: &str) {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let (before, rest) = text.split_once(BEGIN).expect("the start of a block");
    let (_, after) = rest.split_once(END).expect("the end of the block");
    std::fs::write(path, format!("{before}{block}{after}")).expect("a writable file");
}

/// The number of runs, the machine, and how busy it is before the measurements.
pub fn conditions(runs: u32) -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty());
    let load = load.map(|load| format!(", load average {load} at the start")).unwrap_or_default();
    format!("Medians of {runs} runs. Machine: {model}, {cores} cores{load}.\n")
}

/// One table for each command that is measured at every size.
fn targets_tables(text: &mut String, rows: &[Row]) {
    for command in COMMANDS.iter().filter(|command| command.sizes == Sizes::All) {
        let mut table = Table::new(&["Pods", "CPU", "Target", "Memory", "Target", "Wall", "Emulator"], 0);
        for row in rows.iter().filter(|row| row.command.name == command.name) {
            let target = targets::of(command.name, row.pods);
            let judged = |limit: String, met: bool| format!("{limit}, {}", verdict(row.succeeded() && met));
            table.row([
                thousands(row.pods),
                row.cpu_cell(),
                target.map(|target| judged(time(target.cpu), row.cpu() <= target.cpu)).unwrap_or_default(),
                row.memory_cell(),
                target
                    .map(|target| judged(memory(target.peak_bytes), row.peak_bytes() <= target.peak_bytes))
                    .unwrap_or_default(),
                time(row.wall()),
                row.emulator_cell(),
            ]);
        }
        if !table.is_empty() {
            *text += &format!("\n{}:\n\n{table}", command.title);
        }
    }
}

/// How every command grows with the fleet.
fn growth_table(text: &mut String, measured: &Measured) {
    let (from, to) = measured.growth_sizes;
    let (at_from, at_to) = (thousands(from), thousands(to));
    let mut table = Table::new(&["Command", &at_from, &at_to, "Growth", "Memory", "Wall", "Emulator"], 1);
    for last in measured.rows.iter().filter(|row| row.pods == to) {
        let first = measured.rows.iter().find(|row| row.pods == from && row.command.name == last.command.name);
        table.row([
            last.command.title.to_owned(),
            first.map(Row::cpu_cell).unwrap_or_default(),
            last.cpu_cell(),
            first.and_then(|first| growth_cell(first, last)).unwrap_or_default(),
            last.memory_cell(),
            time(last.wall()),
            last.emulator_cell(),
        ]);
    }
    if from < to && !table.is_empty() {
        *text += &format!(
            "\nCPU time of every command at {at_from} and {at_to} pods, and its growth as an exponent (target: at most \
             {}).\nMemory, wall time and the emulator's CPU time are those of {at_to} pods.\n\n{table}",
            targets::GROWTH
        );
    }
}

/// The exponent between two sizes of a command. If the larger run was stopped, the exponent is higher.
fn growth_cell(first: &Row, last: &Row) -> Option<String> {
    if !first.succeeded() {
        return None;
    }
    let factor = last.cpu().as_secs_f64() / first.cpu().as_secs_f64();
    let exponent = factor.ln() / (last.pods as f64 / first.pods as f64).ln();
    let met = last.succeeded() && exponent <= targets::GROWTH;
    Some(format!("{}{exponent:.2}, {}", last.more(), verdict(met)))
}

fn terraform_table(text: &mut String, rows: &[Row]) {
    let Some(program) = terraform::find() else {
        text.push_str("\nTerraform is not installed on this machine.\n");
        return;
    };
    let mut table = Table::new(&["Command", "Pods", "Program", "CPU", "Wall", "Memory", "Runs"], 1);
    for row in rows.iter().filter(|row| !row.terraform.is_empty()) {
        for (program, samples) in [("sindri", &row.samples), ("Terraform", &row.terraform)] {
            table.row([
                row.command.title.to_owned(),
                thousands(row.pods),
                program.to_owned(),
                time(median(samples.iter().map(|sample| sample.cpu))),
                time(median(samples.iter().map(|sample| sample.wall))),
                memory(median(samples.iter().map(|sample| sample.peak_bytes))),
                samples.len().to_string(),
            ]);
        }
    }
    if !table.is_empty() {
        *text += &format!(
            "\n{} with the same volumes and pods as `terraform_data`. sindri's wall time includes\nits requests to the \
             emulator and the boot of the pods; Terraform sends no requests.\n\n{table}",
            terraform::version(&program)
        );
    }
}

/// Figures that do not depend on the fleet.
fn fixed_table(text: &mut String, measured: &Measured) {
    let Measured { process, latency, .. } = measured;
    let mut table = Table::new(&["Measure", "Result", "Target"], 1);
    let mut row = |name: String, result: String, target: String, met: bool| {
        table.row([name, result, format!("{target}, {}", verdict(met))]);
    };
    let megabytes = |bytes| bytes as f64 / 1e6;
    row(
        "size of the release binary".into(),
        format!("{:.1} MB", megabytes(process.bytes)),
        format!("{:.0} MB", megabytes(targets::BINARY_BYTES)),
        process.bytes < targets::BINARY_BYTES,
    );
    row(
        "start: `sindri --version`".into(),
        format!("{:.1} ms", process.start.as_secs_f64() * 1_000.0),
        time(targets::START),
        process.start < targets::START,
    );
    let mut timed = |name: &str, result: Duration, target: Duration| {
        row(name.into(), time(result), time(target), result <= target);
    };
    timed("latency: `plan` without changes", latency.plan, targets::PLAN_WITH_LATENCY);
    timed("latency: `apply`, first to last create", latency.creates, targets::creates());
    timed("latency: `apply`, until all pods are ready", latency.apply, targets::apply_with_latency());
    let (pods, target) = targets::EMULATED_LIST;
    if let Some(list) = emulator_time(&measured.rows, "plan", pods) {
        timed(&format!("emulator: lists of {} pods", thousands(pods)), list, target);
    }
    let (_, pods) = measured.growth_sizes;
    if let Some(creates) = emulator_time(&measured.rows, "apply", pods) {
        let per_second = pods as f64 / creates.as_secs_f64();
        row(
            "emulator: creates per second of CPU".into(),
            thousands(per_second.round() as usize),
            thousands(targets::EMULATED_CREATES as usize),
            per_second >= targets::EMULATED_CREATES,
        );
    }
    *text += &format!(
        "\nThe rows with latency are for {PODS} pods at {} ms per request, {PARALLELISM} requests at a time.\n\n{table}",
        LATENCY.as_millis()
    );
}

/// Processor time of the emulator during a command, if it was measured.
fn emulator_time(rows: &[Row], command: &str, pods: usize) -> Option<Duration> {
    let row = rows.iter().find(|row| row.command.name == command && row.pods == pods)?;
    (!row.emulator.is_empty()).then(|| median(row.emulator.iter().copied()))
}

impl Row {
    pub fn succeeded(&self) -> bool {
        self.samples.iter().all(|sample| sample.ended == Ended::Exited(self.command.exit))
    }

    fn median<T: Ord + Copy>(&self, of: impl Fn(&Sample) -> T) -> T {
        median(self.samples.iter().map(of))
    }

    fn cpu(&self) -> Duration {
        self.median(|sample| sample.cpu)
    }

    fn wall(&self) -> Duration {
        self.median(|sample| sample.wall)
    }

    fn peak_bytes(&self) -> u64 {
        self.median(|sample| sample.peak_bytes)
    }

    /// Marks figures of a run that was stopped at a limit or failed.
    fn more(&self) -> &'static str {
        let failed = |sample: &Sample| matches!(sample.ended, Ended::Exited(code) if code != self.command.exit);
        match self.succeeded() {
            true => "",
            false if self.samples.iter().any(failed) => "failed: ",
            false => "> ",
        }
    }

    fn cpu_cell(&self) -> String {
        format!("{}{}", self.more(), time(self.cpu()))
    }

    fn memory_cell(&self) -> String {
        format!("{}{}", self.more(), memory(self.peak_bytes()))
    }

    fn emulator_cell(&self) -> String {
        match self.emulator.is_empty() {
            true => "unknown".into(),
            false => time(median(self.emulator.iter().copied())),
        }
    }
}

/// The middle value, or the higher of the two.
pub fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}

fn memory(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.9995 => format!("{:.0} ms", seconds * 1_000.0),
        seconds if seconds < 9.95 => format!("{seconds:.2} s"),
        seconds => format!("{seconds:.0} s"),
    }
}

/// With commas between thousands.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
