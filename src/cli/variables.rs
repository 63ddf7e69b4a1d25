//! The environment variables that sindri and its surroundings define. Set to nothing, each counts as unset: CI systems set
//! a variable to an empty text where they have no value for it.
//!
//! Variables that a configuration names (`${NAME}`, secrets) are the user's own, and may be empty: see [`super::session`].

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Command;

use crate::model::credential::names_credential;
use crate::runpod::credential::{KEY_FILE_VARIABLE, KEY_VARIABLE};

/// The value of a variable, unless it is empty.
pub fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The same where it is text.
pub fn text(name: &str) -> Option<String> {
    set(name)?.into_string().ok()
}

/// The text of the file with the key. A person names it outside the configuration, so it may be a pipe.
pub fn key_file(path: &Path) -> io::Result<String> {
    const LONGEST: u64 = 1 << 16;
    let mut key = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut key)?;
    Ok(key)
}

/// The API keys that the environment names, whether or not this command sends one.
pub fn api_keys() -> Vec<String> {
    let file = text(KEY_FILE_VARIABLE).map(PathBuf::from);
    // A pipe can be read once, and the client needs it.
    let file = file.filter(|path| path.is_file()).and_then(|path| key_file(&path).ok());
    text(KEY_VARIABLE).into_iter().chain(file).map(|key| key.trim().to_owned()).collect()
}

/// The API keys, and the values of the variables that look like credentials.
pub fn credentials() -> Vec<String> {
    // The path of a key file or of an agent's socket is no secret, and messages name it.
    let is_path = |name: &str, value: &str| {
        let path = Path::new(value);
        name.ends_with("_FILE") || name.ends_with("_SOCK") || (path.is_absolute() && path.exists())
    };
    let all =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let credentials = all.filter(|(name, value)| names_credential(name) && !is_path(name, value));
    credentials.map(|(_, value)| value).chain(api_keys()).collect()
}

/// The command line without the variables that are empty: no argument is read from them.
pub fn without_empty(command: Command) -> Command {
    command.mut_args(|argument| {
        let is_empty = argument.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|it| it.is_empty()));
        if is_empty { argument.env(None::<&str>) } else { argument }
    })
}
