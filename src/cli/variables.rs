//! The environment variables that sindri and its surroundings define. An empty variable counts as unset, because CI
//! systems set a variable without a value to an empty text.
//!
//! Variables named by a configuration (`${NAME}`, secrets) belong to the user and may be empty; see [`super::session`].

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

/// The value of a variable, unless it is empty or not text.
pub fn text(name: &str) -> Option<String> {
    set(name)?.into_string().ok()
}

/// The content of the key file. The user names it outside the configuration, so it may be a pipe.
pub fn key_file(path: &Path) -> io::Result<String> {
    const LONGEST: u64 = 1 << 16;
    let mut key = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut key)?;
    Ok(key)
}

/// The API keys in the environment, whether or not this command sends one.
pub fn api_keys() -> Vec<String> {
    let file = text(KEY_FILE_VARIABLE).map(PathBuf::from);
    // A pipe can be read only once, and the client needs it.
    let file = file.filter(|path| path.is_file()).and_then(|path| key_file(&path).ok());
    text(KEY_VARIABLE).into_iter().chain(file).map(|key| key.trim().to_owned()).collect()
}

/// The API keys, and the values of variables that look like credentials.
pub fn credentials() -> Vec<String> {
    // The path of a key file or of an agent's socket is not secret, and messages show it.
    let is_path = |name: &str, value: &str| {
        let path = Path::new(value);
        name.ends_with("_FILE") || name.ends_with("_SOCK") || (path.is_absolute() && path.exists())
    };
    let all =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let credentials = all.filter(|(name, value)| names_credential(name) && !is_path(name, value));
    credentials.map(|(_, value)| value).chain(api_keys()).collect()
}

/// Ignores empty variables: no argument takes its value from them.
pub fn without_empty(command: Command) -> Command {
    command.mut_args(|argument| {
        let is_empty = argument.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|it| it.is_empty()));
        if is_empty { argument.env(None::<&str>) } else { argument }
    })
}
