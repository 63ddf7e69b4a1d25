//! Runs a program and reports what the operating system counted for it.
//!
//! On Linux, the peak memory of a process includes that of the process that started it, as it was at that moment. This
//! program therefore starts itself again as a launcher, which is small, and the launcher starts the measured program.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// First argument of the launcher.
const LAUNCH: &str = "--launch";

/// Standard output of the last run, in its folder.
pub const STDOUT: &str = "out.txt";
/// Standard error of the last run.
pub const STDERR: &str = "err.txt";

/// More memory than any command may ask for.
const MEMORY_LIMIT_BYTES: u64 = 8 << 30;

/// A program to measure.
pub struct Program<'a> {
    pub path: &'a Path,
    pub folder: &'a Path,
    pub arguments: Vec<String>,
    /// The whole environment, besides `PATH` and `HOME`.
    pub environment: Vec<(&'static str, String)>,
    /// Limits the processor time, and the memory to [`MEMORY_LIMIT_BYTES`].
    pub limit: Option<Duration>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Sample {
    pub wall: Duration,
    /// User and system time.
    pub cpu: Duration,
    pub peak_bytes: u64,
    pub ended: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    /// Stopped by a signal, as at a limit.
    Signal(i32),
}

impl Program<'_> {
    pub fn measure(&self) -> Sample {
        let mut launcher = Command::new(std::env::current_exe().expect("the path of this program"));
        launcher.arg(LAUNCH).arg(self.limit.map_or(0, |limit| limit.as_secs()).to_string());
        launcher.arg(self.path).args(&self.arguments).current_dir(self.folder).stdin(Stdio::null());
        launcher.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder);
        launcher.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = launcher.stderr(Stdio::inherit()).output().expect("the launcher runs");
        assert!(output.status.success(), "cannot run {}", self.path.display());
        Sample::from_json(&serde_json::from_slice(&output.stdout).expect("JSON of the launcher"))
    }

    /// The end of what the last run printed.
    pub fn last_words(&self) -> String {
        let read = |name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let text = read(STDOUT) + &read(STDERR);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Sample {
    fn from_json(json: &Value) -> Self {
        let number = |name: &str| json[name].as_u64().expect("a number");
        let micros = |name| Duration::from_micros(number(name));
        let ended = ExitStatus::from_raw(i32::try_from(number("status")).expect("a status"));
        Self {
            wall: micros("wall"),
            cpu: micros("cpu"),
            peak_bytes: number("peak"),
            ended: ended.code().map_or_else(|| Ended::Signal(ended.signal().unwrap_or_default()), Ended::Exited),
        }
    }
}

/// What the launcher shall run.
pub struct Launch {
    limit_seconds: u64,
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// The task of this process, if it is a launcher.
pub fn requested_launch() -> Option<Launch> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != LAUNCH {
        return None;
    }
    let limit = arguments.next()?.into_string().ok()?;
    Some(Launch {
        limit_seconds: limit.parse().ok()?,
        program: arguments.next()?.into(),
        arguments: arguments.collect(),
    })
}

impl Launch {
    /// Runs the program and prints its costs as JSON.
    #[expect(clippy::zombie_processes, reason = "`wait` waits for the child, with its resource usage")]
    pub fn run(self) {
        if self.limit_seconds > 0 {
            set_limits(self.limit_seconds);
        }
        let file = |name| File::create(name).expect("a writable folder");
        let start = Instant::now();
        let mut command = Command::new(self.program);
        let child =
            command.args(self.arguments).stdout(file(STDOUT)).stderr(file(STDERR)).spawn().expect("the program");
        let (status, usage) = wait(child.id());
        let wall = start.elapsed();
        let cpu = time(usage.ru_utime) + time(usage.ru_stime);
        println!(
            "{}",
            json!({
                "wall": wall.as_micros() as u64,
                "cpu": cpu.as_micros() as u64,
                "peak": peak_bytes(&usage),
                "status": status,
            })
        );
    }
}

/// Limits the processor time and the memory of this process and its children.
fn set_limits(seconds: u64) {
    let limit = |value| libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the calls only read the structures.
    let set = unsafe {
        libc::setrlimit(libc::RLIMIT_CPU, &limit(seconds))
            | libc::setrlimit(libc::RLIMIT_AS, &limit(MEMORY_LIMIT_BYTES))
    };
    assert_eq!(set, 0, "cannot limit the program");
}

/// Waits for a child. Returns its raw status and its resource usage.
fn wait(pid: u32) -> (i32, libc::rusage) {
    let pid = libc::pid_t::try_from(pid).expect("a process id");
    let mut status = 0;
    // SAFETY: zeroes are a valid value of this plain structure.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child is ours and was not waited for; both pointers are valid during the call.
    let waited = unsafe { libc::wait4(pid, &mut status, 0, &mut usage) };
    assert_eq!(waited, pid, "cannot wait for the program");
    (status, usage)
}

fn time(time: libc::timeval) -> Duration {
    // The types differ between platforms, and neither part is negative.
    Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
}

/// The peak of the resident memory. Linux counts KiB, macOS counts bytes.
fn peak_bytes(usage: &libc::rusage) -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    usage.ru_maxrss.unsigned_abs() * unit
}

/// Processor time that a running process used so far, from `/proc`. `None` where that does not exist.
pub fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses, which may contain spaces. User and system time are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // SAFETY: the call has no preconditions.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Some(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}
