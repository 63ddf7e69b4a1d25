//! Resolves words on the command line to addresses. Every command that takes addresses resolves them here, so that they
//! all accept the same words and report the same errors.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::exit::{Exit, Failure, FailureCode};
use crate::catalog;
use crate::model::{Address, ParseAddressError, State};
use crate::render::words::quoted_few;

/// Maximum number of names that an error suggests.
const MOST_SUGGESTED: usize = 3;
const LISTS_RECORDED: &str = "`sindri state list` lists every recorded address";
const LISTS_DECLARED: &str = "`sindri plan --full` lists every declared address";
const LISTS_BOTH: &str = "`sindri state list` lists every recorded address and `sindri plan --full` every declared one";

/// An address as a person types it: in full, as `pod.trainer[3]`, or without its kind, as `trainer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressWord {
    text: String,
    /// Its kind is only a placeholder if the word has none.
    address: Address,
    has_kind: bool,
}

impl FromStr for AddressWord {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let word = |address, has_kind| Self { text: text.to_owned(), address, has_kind };
        match text.parse() {
            Ok(address) => Ok(word(address, true)),
            Err(error) => format!("any.{text}").parse().map(|address| word(address, false)).map_err(|_| error),
        }
    }
}

impl fmt::Display for AddressWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl AddressWord {
    /// The address of a resource that need not exist yet; `kind` applies if the word has none.
    pub fn of_kind(&self, kind: &str) -> Address {
        match self.has_kind {
            true => self.address.clone(),
            false => Address { kind: kind.into(), ..self.address.clone() },
        }
    }

    /// Whether it names exactly this resource; a missing kind matches any.
    fn is_exactly(&self, address: &Address) -> bool {
        let Address { kind, name, index, member } = &self.address;
        (!self.has_kind || *kind == address.kind)
            && *name == address.name
            && *index == address.index
            && *member == address.member
    }

    /// Like `is_exactly`, but a word without a number also names all replicas.
    fn fits(&self, address: &Address) -> bool {
        self.is_exactly(address) || self.is_exactly(&Address { index: None, ..address.clone() })
    }

    fn failure(&self, exit: Exit, code: FailureCode, message: String, help: String) -> Failure {
        let failure = Failure::message(exit, code, message, Some(help));
        if self.has_kind { failure.about(&self.address, None) } else { failure }
    }
}

/// The addresses that a command accepts.
pub struct KnownAddresses<'a> {
    addresses: BTreeSet<&'a Address>,
    /// The problem with any other address, such as `not recorded in environment `dev``.
    missing: String,
    /// Where to find the addresses, or how to add one.
    hint: &'static str,
}

impl<'a> KnownAddresses<'a> {
    /// Addresses in the state of an environment.
    pub fn recorded(state: &State, addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        Self::new(addresses, format!("not recorded in environment `{}`", state.environment), LISTS_RECORDED)
    }

    /// Addresses in the configuration.
    pub fn declared(addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        Self::new(addresses, "not declared in the configuration".into(), LISTS_DECLARED)
    }

    /// Addresses in the configuration or in the state.
    pub fn declared_or_recorded(state: &State, addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        let missing = format!("neither declared nor recorded in environment `{}`", state.environment);
        Self::new(addresses, missing, LISTS_BOTH)
    }

    fn new(addresses: impl IntoIterator<Item = &'a Address>, missing: String, hint: &'static str) -> Self {
        Self { addresses: addresses.into_iter().collect(), missing, hint }
    }

    #[must_use]
    pub fn with_hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    /// The resources that the words name. A name without a number names all replicas.
    ///
    /// # Errors
    /// A word names nothing, or resources of several kinds.
    pub fn all(&self, words: &[AddressWord]) -> Result<BTreeSet<Address>, Failure> {
        let mut found = BTreeSet::new();
        for word in words {
            found.extend(self.named(word)?.into_iter().cloned());
        }
        Ok(found)
    }

    /// The one resource that a word names.
    ///
    /// # Errors
    /// The word names nothing, or several resources.
    pub fn one(&self, word: &AddressWord) -> Result<&'a Address, Failure> {
        match self.named(word)?.as_slice() {
            [only] => Ok(only),
            several => Err(several_resources(word, several)),
        }
    }

    fn named(&self, word: &AddressWord) -> Result<Vec<&'a Address>, Failure> {
        let found: Vec<&Address> = self.addresses.iter().copied().filter(|known| self.is_named(known, word)).collect();
        let Some(first) = found.first() else { return Err(self.unknown(word)) };
        if found.iter().any(|address| address.kind != first.kind) {
            return Err(several_kinds(word, &found));
        }
        // A pod and its former replicas can both be known; the exact address takes precedence.
        let exact: Vec<&Address> = found.iter().copied().filter(|address| word.is_exactly(address)).collect();
        Ok(if exact.is_empty() { found } else { exact })
    }

    fn is_named(&self, address: &Address, word: &AddressWord) -> bool {
        // A predecessor can be named like its successor if the successor is missing.
        let successor = || address.successor().filter(|successor| !self.addresses.contains(successor));
        word.fits(address) || successor().is_some_and(|successor| word.fits(&successor))
    }

    fn unknown(&self, word: &AddressWord) -> Failure {
        let whole: Vec<&Address> = self.addresses.iter().copied().filter(|known| known.member.is_none()).collect();
        // The kind is wrong more often than the name.
        let names: BTreeSet<&str> = whole.iter().map(|known| known.name.as_str()).collect();
        let near: BTreeSet<&str> = catalog::near(&word.address.name, names).into_iter().take(MOST_SUGGESTED).collect();
        let likely: Vec<&Address> = whole.iter().copied().filter(|known| near.contains(known.name.as_str())).collect();
        let suggestion = match (likely.is_empty(), whole.is_empty()) {
            (false, _) => format!("did you mean {}? ", quoted_few(likely)),
            (true, false) => format!("known: {}; ", quoted_few(whole)),
            (true, true) => String::new(),
        };
        let message = format!("`{word}` is {}", self.missing);
        word.failure(
            Exit::Error,
            FailureCode::NotFound,
            message,
            format!("{suggestion}{}; nothing was changed", self.hint),
        )
    }
}

fn several_resources(word: &AddressWord, several: &[&Address]) -> Failure {
    let message = format!("`{word}` matches {} resources, but this command takes one", several.len());
    let help = format!("choose one of {}; nothing was changed", quoted_few(several.to_vec()));
    word.failure(Exit::Usage, FailureCode::Ambiguous, message, help)
}

fn several_kinds(word: &AddressWord, several: &[&Address]) -> Failure {
    let message = format!("`{word}` matches resources of several kinds");
    let kinds: BTreeSet<&str> = several.iter().map(|address| address.kind.as_str()).collect();
    let full: Vec<String> = kinds.into_iter().map(|kind| format!("`{}`", word.of_kind(kind))).collect();
    let help = format!("write the full address: {}; nothing was changed", full.join(" or "));
    word.failure(Exit::Usage, FailureCode::Ambiguous, message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Vec<Address> {
        let texts = [
            "pod.a",
            "pod.w",
            "pod.w[0]",
            "pod.w[1]",
            "pod.r[0]",
            "pod.r[1]",
            "pod.both",
            "network_volume.both",
            "network_volume.data",
            "port.r[0]:80/http",
            "pod.a:deposed-x0",
            "pod.old:deposed-x1",
            "pod.r[2]:deposed-x2",
        ];
        texts.map(|text| text.parse().expect("an address")).to_vec()
    }

    fn word(text: &str) -> AddressWord {
        text.parse().expect("a word for an address")
    }

    #[test]
    fn a_word_names_resources_with_or_without_their_kind() {
        let addresses = addresses();
        let known = KnownAddresses::declared(&addresses);
        for (text, expected) in [
            ("a", &["pod.a"][..]),
            ("pod.a", &["pod.a"]),
            ("pod.a:deposed-x0", &["pod.a:deposed-x0"]),
            ("w", &["pod.w"]),
            ("w[1]", &["pod.w[1]"]),
            ("r", &["pod.r[0]", "pod.r[1]", "pod.r[2]:deposed-x2"]),
            ("pod.r", &["pod.r[0]", "pod.r[1]", "pod.r[2]:deposed-x2"]),
            ("r[2]", &["pod.r[2]:deposed-x2"]),
            ("data", &["network_volume.data"]),
            ("network_volume.both", &["network_volume.both"]),
            ("port.r:80/http", &["port.r[0]:80/http"]),
            ("r[0]:80/http", &["port.r[0]:80/http"]),
            ("old", &["pod.old:deposed-x1"]),
        ] {
            let found = known.all(&[word(text)]).ok().expect("it is known");
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_or_ambiguous_word_is_refused() {
        let addresses = addresses();
        let known = KnownAddresses::declared(&addresses);
        let refused = |failure: Failure| {
            let help = failure.report.help().map(|help| help.to_string());
            (failure.exit, failure.report.to_string(), help.unwrap_or_default())
        };
        for (text, exit, message, help) in [
            ("pod.dat", Exit::Error, "not declared", "did you mean `network_volume.data`?"),
            ("r[9]", Exit::Error, "not declared", "did you mean `pod.r[0,1]`?"),
            ("zzz", Exit::Error, "not declared", "known: `network_volume.both`, `network_volume.data`, `pod.a` and "),
            ("r", Exit::Usage, "matches 3 resources", "choose one of `pod.r[0"),
            ("both", Exit::Usage, "several kinds", "`network_volume.both` or `pod.both`"),
        ] {
            let (code, said, helped) = refused(known.one(&word(text)).expect_err("it is refused"));
            assert!(code == exit && said.contains(message) && helped.contains(help), "{text}: {said}, {helped}");
        }
        let (code, ..) = refused(known.all(&[word("both")]).expect_err("it is refused"));
        assert_eq!(code, Exit::Usage, "a command that takes several resources does not guess the kind");
        assert!("no address".parse::<AddressWord>().is_err());
    }

    #[test]
    fn the_new_name_of_a_record_takes_its_kind() {
        assert_eq!(word("data").of_kind("network_volume").to_string(), "network_volume.data");
        assert_eq!(word("pod.data").of_kind("network_volume").to_string(), "pod.data");
    }
}
