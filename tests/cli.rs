//! The built binary as a process: exit codes, both streams, files, and requests to RunPod.
//!
//! Every test has its own folder and emulator, and nothing is read from the user's environment.

mod support;

mod cli {
    mod addresses;
    mod all_kinds;
    mod annotations;
    mod answers;
    mod bookkeeping;
    mod budget;
    mod completion;
    mod consent;
    mod daily;
    mod discover;
    mod documents;
    mod drift;
    mod environments;
    mod exit_codes;
    mod feasible;
    mod files;
    mod graph;
    mod help;
    mod hostile;
    mod init;
    mod interrupt;
    mod kept_at_runpod;
    mod large;
    #[cfg(target_os = "linux")]
    mod links;
    #[cfg(target_os = "linux")]
    mod locks;
    mod moves;
    #[cfg(target_os = "linux")]
    mod named_files;
    #[cfg(target_os = "linux")]
    mod output;
    mod policy;
    mod protection;
    mod reach;
    mod refusals;
    mod review;
    mod remedies;
    mod renames;
    mod secrets;
    #[cfg(unix)]
    mod status;
    mod story;
    mod summaries;
    mod takeover;
    mod templates;
    #[cfg(unix)]
    mod terminal;
    mod truth;
    #[cfg(target_os = "linux")]
    mod untrusted;
    mod wait;
    mod widths;
}
