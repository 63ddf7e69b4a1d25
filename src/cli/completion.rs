//! Completion in shells: `sindri completions SHELL` prints a script, which asks this program for candidates.
//!
//! Candidates come only from the project's files, without a lock, key or request. If there is no answer it prints
//! nothing, because any text would end up in the line that the user is typing.

mod facts;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate, complete};
use clap_complete::env::{Elvish, EnvCompleter, Powershell};

use super::address::AddressWord;
use super::args::Arguments;
use super::variables;
use facts::{CompletionKind, Facts};

/// Set by the scripts to the name of the shell.
const VARIABLE: &str = "SINDRI_COMPLETE";

/// The script that makes a shell ask for completions.
pub fn script(shell: Shell) -> String {
    let registered = |completer: &dyn EnvCompleter| {
        let mut script = Vec::new();
        // Writing to memory does not fail.
        let _ = completer.write_registration(VARIABLE, "sindri", "sindri", "sindri", &mut script);
        String::from_utf8_lossy(&script).into_owned()
    };
    match shell {
        Shell::Zsh => include_str!("completion/sindri.zsh").to_owned(),
        Shell::Fish => include_str!("completion/sindri.fish").to_owned(),
        Shell::Elvish => registered(&Elvish),
        Shell::PowerShell => registered(&Powershell),
        _ => include_str!("completion/sindri.bash").to_owned(),
    }
}

/// The answer to a completion script; `None` for an ordinary run.
pub fn answer() -> Option<String> {
    let shell = variables::text(VARIABLE)?;
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    std::panic::set_hook(Box::new(|_| {}));
    Some(catch_unwind(AssertUnwindSafe(|| lines(&shell, words))).unwrap_or_default())
}

fn lines(shell: &str, words: Vec<OsString>) -> String {
    // Bash splits words at colons, so its script passes the line as typed.
    let words = match (shell, words.as_slice()) {
        ("bash", [line]) => split(&line.to_string_lossy()).into_iter().map(OsString::from).collect(),
        _ => words,
    };
    let described = !matches!(shell, "bash" | "elvish");
    let mut text = String::new();
    for candidate in candidates(words) {
        text.push_str(&candidate.get_value().to_string_lossy());
        if let Some(help) = candidate.get_help().filter(|_| described) {
            text.push('\t');
            text.push_str(help.to_string().lines().next().unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

/// The completions of the last word, without hidden commands and flags.
fn candidates(words: Vec<OsString>) -> Vec<CompletionCandidate> {
    let Some(last) = words.len().checked_sub(1).filter(|last| *last > 0) else { return Vec::new() };
    let facts = Arc::new(Facts::of(&words[..last], &words[last]));
    let mut command = with_candidates(Arguments::command(), &facts);
    let current_dir = std::env::current_dir().ok();
    let mut found = complete(&mut command, words, last, current_dir.as_deref()).unwrap_or_default();
    found.retain(|candidate| !candidate.is_hide_set());
    // Offer flags only if one is being typed, or if nothing else can follow.
    if found.iter().any(|candidate| !is_flag(candidate)) {
        found.retain(|candidate| !is_flag(candidate) || facts.types_flag());
    }
    found
}

fn is_flag(candidate: &CompletionCandidate) -> bool {
    candidate.get_value().to_string_lossy().starts_with('-')
}

/// Adds the possible values to each argument of the command line.
fn with_candidates(command: Command, facts: &Arc<Facts>) -> Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|argument| match which(&name, &argument) {
            Some(which) => {
                let facts = Arc::clone(facts);
                argument.add(ArgValueCandidates::new(move || facts.candidates(which)))
            }
            None => argument,
        })
        .mut_subcommands(|command| with_candidates(command, facts))
}

/// The values that an argument of a command takes.
fn which(command: &str, argument: &Arg) -> Option<CompletionKind> {
    let is_address = argument.get_value_parser().type_id() == std::any::TypeId::of::<AddressWord>();
    let value = argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    match (command, argument.get_id().as_str(), value) {
        ("import", _, _) | ("mv", "to", _) if is_address => Some(CompletionKind::Unrecorded),
        (_, _, Some("POD")) | ("connect", "pod", _) => Some(CompletionKind::Pods),
        ("destroy" | "status", _, _) if is_address => Some(CompletionKind::RecordedWhole),
        (_, "target" | "replace", _) if is_address => Some(CompletionKind::Known),
        _ if is_address => Some(CompletionKind::Recorded),
        (_, _, Some("ENV" | "OTHER")) => Some(CompletionKind::Environments),
        ("output", "path", _) => Some(CompletionKind::Outputs),
        (_, "gpu", Some(_)) => Some(CompletionKind::GpuTypes),
        (_, "region", Some(_)) => Some(CompletionKind::Regions),
        _ => None,
    }
}

/// The words of a line that may end inside a quote. A space at the end starts an empty word.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quote, mut in_word) = (None, false);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let Some(word) = words.last_mut() else { break };
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => (quote, in_word) = (Some(character), true),
            (None | Some('"'), '\\') => word.extend(characters.next()),
            (None, _) if character.is_whitespace() => {
                if in_word || !word.is_empty() {
                    words.push(String::new());
                }
                in_word = false;
            }
            _ => word.push(character),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_like_a_shell_does_even_inside_quotes() {
        for (line, words) in [
            ("sindri ", vec!["sindri", ""]),
            ("sindri  destroy pod.a:8", vec!["sindri", "destroy", "pod.a:8"]),
            ("sindri -C 'my dir' \"pod.", vec!["sindri", "-C", "my dir", "pod."]),
            (r"sindri -C my\ dir ''", vec!["sindri", "-C", "my dir", ""]),
            ("sindri '' x", vec!["sindri", "", "x"]),
        ] {
            assert_eq!(split(line), words, "{line}");
        }
    }
}
