//! Words of the command line as values.

use std::time::Duration;

use crate::model::{Action, Address, Dialect, Updates};

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
        _ => Err("updates are `recreate` or `in-place`".into()),
    }
}

/// A word of a plan's line; both replacements are one word.
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
    known
        .map(|(_, action)| *action)
        .ok_or_else(|| "the actions are create, update, replace, destroy, start, stop, import and forget".to_owned())
}

/// `30s`, `5m`, `1h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| "a duration looks like 30s, 5m or 1h".to_owned())?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("a duration looks like 30s, 5m or 1h".into()),
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

/// An address from a word that people type: `trainer` is `pod.trainer`.
pub fn pod_address(word: &str) -> Option<Address> {
    word.parse().ok().or_else(|| format!("pod.{word}").parse().ok())
}
