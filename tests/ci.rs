//! The workflows of `examples/ci`: their content is checked, and their jobs run as on their platforms, with the
//! emulator and in a real git repository.
//!
//! `bin/` contains replacements for programs on a build machine: `gh` and `curl` store comments and issues in files,
//! `cargo` installs nothing.

mod support;

mod ci {
    mod documents;
    mod expression;
    mod github;
    mod gitlab;
    mod lint;
    mod rules;
    mod runner;
    mod shell;
    mod stage;
}
