//! Parses words of the command line into values.

use std::time::Duration;

use crate::cli::address::AddressWord;
use crate::model::{Action, Dialect, Updates};

pub fn dialect(word: &str) -> Result<Dialect, String> {
    match word {
        "v1" => Ok(Dialect::V1),
        "v2" => Ok(Dialect::V2),
        _ => Err("the dialects are v1 and v2".into()),
    }
}

pub fn updates(word: &str) -> Result<Updates, String> {
    match word {
        "recreate" => Ok(Updates::Recreate),
        "in-place" => Ok(Updates::InPlace),
        _ => Err("unknown\n\nUpdates are `recreate` or `in-place`.".into()),
    }
}

/// An action of a plan's summary line. Both kinds of replacement have the same word.
pub fn action(word: &str) -> Result<Action, String> {
    const WORDS: [(&str, Action); 9] = [
        ("create", Action::Create),
        ("update", Action::Update),
        ("replace", Action::Replace),
        ("destroy", Action::Delete),
        ("delete", Action::Delete),
        ("start", Action::Start),
        ("stop", Action::Stop),
        ("import", Action::Import),
        ("forget", Action::Forget),
    ];
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, action)| *action).ok_or_else(|| {
        "unknown\n\nThe actions are create, update, replace, destroy, start, stop, import, forget.".to_owned()
    })
}

/// Clap writes the value before this text; the part after the empty line is the help.
const NO_DURATION: &str = "not a duration\n\nA duration looks like 30s, 5m or 1h.";

/// `30s`, `5m`, `1h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| NO_DURATION.to_owned())?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(NO_DURATION.into()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "that is too long".into())
}

/// A duration of at least a second.
pub fn interval(text: &str) -> Result<Duration, String> {
    match duration(text) {
        Ok(Duration::ZERO) => Err("an interval is at least 1s".into()),
        other => other,
    }
}

/// An address, with or without its kind.
pub fn address(word: &str) -> Result<AddressWord, String> {
    word.parse().map_err(|_| {
        "not an address\n\nAn address looks like `trainer`, `pod.trainer[3]` or `port.trainer:22/tcp`.".to_owned()
    })
}
