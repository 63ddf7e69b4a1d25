//! The workflows of `examples/ci`: their content is checked, and their jobs run as on their platforms, with the
//! emulator and in a real git repository.
//!
//! `bin/` contains replacements for programs on a build machine: `gh` and `curl` store comments and issues in files,
//! `cargo` installs nothing.

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
