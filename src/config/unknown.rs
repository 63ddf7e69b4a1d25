//! Help for an unknown key: its name here, the block where it belongs, or the most similar keys.

use std::collections::BTreeSet;

use super::document::MappingEntry;
use super::problem::Findings;
use super::table::{BlockSchema, Field, ForeignKeys, ValueShape};
use crate::model::ProblemCode;
use crate::model::similar::{LONGEST_WORD, edits};

/// Maximum number of keys listed if none is similar.
const MOST_LISTED: usize = 10;
/// Keys whose meaning depends on the block, so that finding them in another block is no hint.
const COMMON: [&str; 9] = ["type", "path", "size", "count", "enabled", "create", "delete", "from", "to"];

/// Stands for the name of a declaration in a path of keys.
const EACH: &str = "NAME";

/// The block of every key in a file.
pub(super) struct KeyVocabulary {
    /// The blocks of a file, from the top, with the path of keys to each.
    homes: Vec<(Vec<&'static str>, &'static BlockSchema)>,
}

impl KeyVocabulary {
    pub fn of(root: &'static BlockSchema) -> Self {
        let mut homes = vec![(Vec::new(), root)];
        let mut next = 0;
        while let Some((path, block)) = homes.get(next) {
            let below = |field: &'static Field| {
                let with = |keys: &[&'static str]| [path.as_slice(), keys].concat();
                match field.shape {
                    ValueShape::Block(inner) => Some((with(&[field.name]), inner)),
                    ValueShape::Named(inner) => Some((with(&[field.name, EACH]), inner)),
                    _ => None,
                }
            };
            let found: Vec<_> = block.fields().filter_map(below).collect();
            homes.extend(found);
            next += 1;
        }
        Self { homes }
    }

    /// Reports a key that `block` does not have.
    pub fn unknown_key(&self, entry: &MappingEntry, block: &'static BlockSchema, findings: &mut Findings) {
        let (label, help) = match entry.key.len() <= LONGEST_WORD && findings.may_search() {
            true => self.meaning(&entry.key, block, findings),
            false => {
                // It may stand for any field, so none is reported as missing.
                findings.refuse_all();
                ("unknown", "`sindri schema config` lists all keys".to_owned())
            }
        };
        findings
            .error(ProblemCode::UnknownKey, entry.key_span, format!("`{}` is not a key of {}", entry.key, block.title))
            .label(label)
            .help(help);
    }

    /// The label and help for an unknown key.
    fn meaning(&self, key: &str, block: &'static BlockSchema, findings: &mut Findings) -> (&'static str, String) {
        if let Some(habit) = habit(key, block) {
            // The fields that it stands for are not also reported as missing.
            let is_meant = |field: &&'static Field| habit.instead.contains(&format!("`{}", field.name));
            block.fields().filter(is_meant).for_each(|field| findings.refuse(field.name));
            ("unknown", habit.instead.to_owned())
        } else if let Some((path, field)) = self.home(key, block) {
            // The fields that the misplaced key sets are not also reported as missing.
            path.iter().chain([&field.name]).for_each(|key| findings.refuse(key));
            let name = if field.name == key { String::new() } else { format!(", as `{}`", field.name) };
            let place = match path.as_slice() {
                [] => "at the top level of the file".to_owned(),
                path => format!("under `{}`", path.join(".")),
            };
            ("not here", format!("`{key}` belongs {place}{name}"))
        } else if let Some(field) = near(key, block) {
            findings.refuse(field.name);
            ("unknown", format!("did you mean `{}`?", field.name))
        } else if let Some((block, habit)) = self.habit_of_a_kind(key) {
            ("unknown", format!("in {}: {}", block.title, habit.instead))
        } else {
            ("unknown", listed(key, block))
        }
    }

    /// The meaning of the key in the declaration of a resource.
    fn habit_of_a_kind(&self, key: &str) -> Option<(&'static BlockSchema, &'static ForeignKeys)> {
        let declarations = self.homes.iter().filter(|(path, _)| path.last() == Some(&EACH));
        declarations.rev().find_map(|(_, block)| Some((*block, habit(key, block)?)))
    }

    /// The first block from the top that has the key.
    fn home(&self, key: &str, block: &BlockSchema) -> Option<(&Vec<&'static str>, &'static Field)> {
        if COMMON.contains(&key) {
            return None;
        }
        let other = |(_, home): &&(Vec<_>, &BlockSchema)| !std::ptr::eq(*home, block);
        self.homes.iter().filter(other).find_map(|(path, home)| {
            let field = home.field(key).filter(|field| field.is_used())?;
            Some((path, field))
        })
    }
}

/// The meaning of the key in another tool.
fn habit(key: &str, block: &BlockSchema) -> Option<&'static ForeignKeys> {
    let key = plain(key);
    block.habits.iter().find(|habit| habit.keys.iter().any(|known| plain(known) == key))
}

/// The field with a name or alias similar to the key.
fn near(key: &str, block: &BlockSchema) -> Option<&'static Field> {
    let key = plain(key);
    let distance = |field: &Field| {
        let names = field.aliases.iter().copied().chain([field.name]);
        names.filter_map(|name| distance(&key, &plain(name))).min()
    };
    let fields = block.fields().filter(|field| field.offered);
    fields
        .filter_map(|field| Some((distance(field)?, field)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, field)| field)
}

/// The most similar word.
pub(super) fn near_word<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let word = plain(word);
    let near = words.iter().filter_map(|known| Some((distance(&word, &plain(known))?, *known)));
    near.min().map(|(_, known)| known)
}

/// Edit distance between a word and a name, if it can be a typo. A longer word with the same beginning ranks last.
fn distance(word: &str, name: &str) -> Option<usize> {
    let most = match name.len().min(word.len()) {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let begins = |long: &str, short: &str| long.len() <= LONGEST_WORD && short.len() >= 5 && long.starts_with(short);
    // The rest of a longer word is its distance from the beginning.
    let continued = || (begins(word, name) || begins(name, word)).then(|| most + 1 + word.len().abs_diff(name.len()));
    edits(word, name, most).or_else(continued)
}

/// A key without case and separators: `gpu_type` and `GPUType` are equal.
fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn listed(key: &str, block: &BlockSchema) -> String {
    let names: Vec<&str> = block.fields().filter(|field| field.offered).map(|field| field.name).collect();
    list("accepted here", key, &names)
}

/// Lists the accepted names. If there are many, those that share a word with the unknown one come first.
pub(super) fn list(heading: &str, word: &str, names: &[&str]) -> String {
    if names.len() <= MOST_LISTED {
        return format!("{heading}: {}", words(names.iter().copied()));
    }
    let parts = parts(word);
    let (related, others): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| self::parts(name).iter().any(|part| parts.contains(part)));
    let shown = words(related.into_iter().chain(others).take(MOST_LISTED));
    let more = names.len() - MOST_LISTED;
    format!("{heading}: {shown} and {more} more; `sindri schema config` lists all")
}

/// The meaningful words of a key: `volumeMountPath` has `volume`, `mount` and `path`.
fn parts(key: &str) -> BTreeSet<String> {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for letter in key.chars() {
        let begins = !letter.is_alphanumeric() || (letter.is_uppercase() && before.is_lowercase());
        if begins {
            parts.push(String::new());
        }
        if let (Some(part), true) = (parts.last_mut(), letter.is_alphanumeric()) {
            part.extend(letter.to_lowercase());
        }
        before = letter;
    }
    parts.into_iter().filter(|part| part.len() > 2).collect()
}

/// Words in backticks, separated by commas.
pub(super) fn words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
