//! Suggests commands for an unknown one. A typo must never lead to `destroy`.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args::Arguments;
use crate::model::similar::edits;

/// Commands of other tools, and the equivalent commands of sindri.
const HABITS: [(&[&str], &[&str]); 8] = [
    (&["restart", "reboot", "reset"], &["stop", "start"]),
    (&["up", "create", "launch", "run"], &["apply"]),
    (&["down", "delete", "terminate", "remove", "rm", "kill"], &["destroy"]),
    (&["ls", "list", "ps", "get", "describe", "info"], &["status"]),
    (&["ssh", "shell", "exec", "attach"], &["connect"]),
    (&["check", "lint", "fmt"], &["validate"]),
    (&["gpus", "gpu", "regions", "prices"], &["catalog"]),
    (&["resume", "unpause"], &["start"]),
];
/// Commands with subcommands, whose errors are not changed.
const GROUPS: [&str; 2] = ["state", "emulator"];
/// Maximum number of differing letters in a typo.
const MOST_EDITS: usize = 2;

/// Replaces clap's suggestions for an unknown command, which accept too little similarity.
pub fn command(error: &mut clap::Error, words: impl Iterator<Item = String>) {
    let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidSubcommand).cloned() else { return };
    let mut words = words.take_while(|word| *word != written);
    if error.kind() != ErrorKind::InvalidSubcommand || words.any(|word| GROUPS.contains(&word.as_str())) {
        return;
    }
    error.remove(ContextKind::SuggestedSubcommand);
    let meant = meant(&written);
    if !meant.is_empty() {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(meant));
    }
}

fn meant(written: &str) -> Vec<String> {
    if let Some((_, commands)) = HABITS.iter().find(|(habits, _)| habits.contains(&written)) {
        return commands.iter().map(|command| (*command).to_owned()).collect();
    }
    let most = MOST_EDITS.min(written.len() / 2);
    let command = Arguments::command();
    let names = command.get_subcommands().filter(|command| !command.is_hide_set()).map(|command| command.get_name());
    let near: Vec<(usize, &str)> = names.filter_map(|name| Some((edits(written, name, most)?, name))).collect();
    let fewest = near.iter().map(|(edits, _)| *edits).min();
    near.iter().filter(|(edits, _)| Some(*edits) == fewest).map(|(_, name)| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn a_typo_is_corrected_and_only_words_for_destroying_suggest_destroy() {
        for (written, expected) in [
            ("restart", &["stop", "start"][..]),
            ("stat", &["start", "state"]),
            ("aply", &["apply"]),
            ("destory", &["destroy"]),
            ("delete", &["destroy"]),
            ("restore", &[]),
            ("deploi", &["deploy"]),
            ("xyz", &[]),
        ] {
            assert_eq!(meant(written), expected, "{written}");
        }
    }
}
