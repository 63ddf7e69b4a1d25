//! The environment variables that sindri and its surroundings define. Set to nothing, each counts as unset: CI systems set
//! a variable to an empty text where they have no value for it.
//!
//! Variables that a configuration names (`${NAME}`, secrets) are the user's own, and may be empty: see [`super::session`].

use std::ffi::OsString;

use clap::Command;

/// The value of a variable, unless it is empty.
pub fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The same where it is text.
pub fn text(name: &str) -> Option<String> {
    set(name)?.into_string().ok()
}

/// The command line without the variables that are empty: no argument is read from them.
pub fn without_empty(command: Command) -> Command {
    command.mut_args(|argument| {
        let is_empty = argument.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|it| it.is_empty()));
        if is_empty { argument.env(None::<&str>) } else { argument }
    })
}
