//! The workflows of `examples/ci`: what they say is checked, and their jobs are run as their platforms would run them, against
//! the emulator, in a real git repository.
//!
//! `bin/` stands for what is on a build machine: `gh` and `curl` keep comments and issues in files, `cargo` installs nothing.

#[path = "../cli/support.rs"]
#[allow(dead_code)] // Shared with the tests of the command line, which use all of it.
mod support;

mod documents;
mod expression;
mod github;
mod gitlab;
mod golden;
mod lint;
mod rules;
mod runner;
mod shell;
mod stage;
