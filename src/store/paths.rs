//! The files of one environment, and the identity of the state that they should contain.

use std::path::{Path, PathBuf};

/// The three files of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub state: PathBuf,
    pub lock: PathBuf,
    pub journal: PathBuf,
}

impl Paths {
    /// `prod.json` gets `prod.lock` and `prod.journal` beside it. For a name without `.json` the extensions are
    /// appended.
    pub fn of_state(path: &Path) -> Self {
        let beside = |extension: &str| match path.extension() {
            Some(json) if json == "json" => path.with_extension(extension),
            // Not replaced, because `eu.prod` and `eu.test` are two states, and `prod.lock` may itself be a state.
            _ => {
                let mut name = path.as_os_str().to_owned();
                name.push(".");
                name.push(extension);
                PathBuf::from(name)
            }
        };
        Self { state: path.to_owned(), lock: beside("lock"), journal: beside("journal") }
    }
}

/// The identity of the state that the caller expects.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    pub environment: &'a str,
    /// See [`State::api`].
    pub api: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_share_a_file() {
        let paths = Paths::of_state(Path::new("state/prod.json"));
        assert_eq!((paths.lock, paths.journal), ("state/prod.lock".into(), "state/prod.journal".into()));
        let names = ["eu.prod", "eu.test", "eu.json", "prod.lock", "prod.journal"];
        let mut all: Vec<PathBuf> = Vec::new();
        for name in names {
            let Paths { state, lock, journal } = Paths::of_state(Path::new(name));
            all.extend([state, lock, journal]);
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 3 * names.len(), "{all:?}");
    }
}
