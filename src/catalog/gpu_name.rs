//! Parses GPU names as people write them into chip, form and memory size.
//!
//! Case, spaces, dashes and vendor words are ignored, so `RTX4090`, `rtx-4090` and `NVIDIA GeForce RTX 4090` are the
//! same name. Memory and form are significant: `A100 40GB` and `A100 80GB` are different names.

use std::collections::BTreeSet;

use crate::model::similar::edits;

/// Words that do not distinguish GPU types.
const VENDOR_WORDS: &[&str] = &[
    "nvidia",
    "amd",
    "geforce",
    "tesla",
    "instinct",
    "quadro",
    "rtx",
    "gtx",
    "generation",
    "gen",
    "edition",
    "lovelace",
    "gpu",
];

/// Words that distinguish chips with the same number.
const CHIP_WORDS: &[&str] = &["ti", "super", "ada", "pro", "mig"];

/// Spellings of form factors and editions, and the canonical word for each.
const FORMS: &[(&str, &str)] = &[
    ("pcie", "pcie"),
    ("sxm", "sxm"),
    ("sxm2", "sxm"),
    ("sxm4", "sxm"),
    ("sxm5", "sxm"),
    ("sxm6", "sxm"),
    ("hbm3", "hbm3"),
    ("nvl", "nvl"),
    ("oam", "oam"),
    ("sff", "sff"),
    ("fhhl", "fhhl"),
    ("ac", "ac"),
    ("blackwell", "blackwell"),
    ("server", "server"),
    ("se", "server"),
    ("workstation", "workstation"),
    ("wk", "workstation"),
    ("ws", "workstation"),
    ("maxq", "maxq"),
];

/// Longer strings are not GPU names.
const LONGEST: usize = 80;

/// A parsed GPU name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GpuName {
    /// The words of the chip: `a100`; `6000` and `ada`.
    pub chip: BTreeSet<String>,
    /// Form factor and edition: `sxm`, `workstation`.
    pub forms: BTreeSet<&'static str>,
    pub memory_gb: Option<u32>,
    /// Unrecognised parts, in lower case.
    pub unknown: Vec<String>,
}

impl GpuName {
    /// The chip's numbers, without other words.
    pub fn numbers(&self) -> BTreeSet<&str> {
        self.chip.iter().map(String::as_str).filter(|part| has_digit(part) && !is_slice(part)).collect()
    }

    /// Whether it names a slice of a GPU (MIG).
    pub fn is_slice(&self) -> bool {
        self.chip.contains("mig")
    }
}

/// All words that can occur in a name.
#[derive(Debug)]
pub(super) struct NameVocabulary {
    /// Longest first, so that `l40s` is not read as `l40` and `s`.
    words: Vec<String>,
    memory_sizes: BTreeSet<u32>,
}

impl NameVocabulary {
    /// Collects the fixed words and every number in the names of a catalog.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>, memory_sizes: BTreeSet<u32>) -> Self {
        let numbers = names.into_iter().flat_map(|name| {
            let is_memory =
                |chunk: &str| memory_unit(chunk).is_some_and(|(_, unit)| !unit.is_empty()) && !is_slice(chunk);
            chunks(name).filter(move |chunk| has_digit(chunk) && !is_memory(chunk))
        });
        let mut words: Vec<String> = fixed_words().map(str::to_owned).chain(numbers).collect();
        words.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        words.dedup();
        Self { words, memory_sizes }
    }

    /// The chip numbers: `4090`, `a100`.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        let is_form = |word: &str| FORMS.iter().any(|(spelling, _)| *spelling == word);
        self.words.iter().map(String::as_str).filter(move |word| has_digit(word) && !is_slice(word) && !is_form(word))
    }

    /// Parses a name: first as a whole, since spaces carry no meaning, then part by part.
    pub fn read(&self, text: &str) -> GpuName {
        let mut name = GpuName::default();
        if text.len() > LONGEST {
            name.unknown.push(text.to_lowercase());
            return name;
        }
        let squashed = squashed(text);
        if let Some(words) = self.split(&squashed) {
            words.iter().for_each(|word| self.note(word, &mut name));
            return name;
        }
        for chunk in chunks(text) {
            match self.split(&chunk) {
                Some(words) => words.iter().for_each(|word| self.note(word, &mut name)),
                None => name.unknown.push(without_vendor(&chunk).to_owned()),
            }
        }
        name
    }

    fn note(&self, word: &str, name: &mut GpuName) {
        if let Some((_, form)) = FORMS.iter().find(|(spelling, _)| *spelling == word) {
            name.forms.insert(form);
        } else if self.words.iter().any(|known| known == word) {
            name.chip.extend((!VENDOR_WORDS.contains(&word)).then(|| word.to_owned()));
        } else if let Some(memory_gb) = self.memory(word) {
            // Two different sizes in one name contradict each other.
            let before = name.memory_gb.replace(memory_gb);
            name.unknown.extend(before.filter(|before| *before != memory_gb).map(|_| word.to_owned()));
        }
    }

    /// Splits `text` into known words; `None` if it contains anything else.
    fn split<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        // For each position, the start of the last word that ends there; filled from the left.
        let mut starts: Vec<Option<usize>> = vec![None; text.len() + 1];
        let mut pending = vec![0];
        let mut seen = BTreeSet::from([0]);
        while let Some(at) = pending.pop() {
            if at == text.len() {
                break;
            }
            // The longest word is pushed last so that it is tried first.
            for end in self.ends(text, at).into_iter().rev() {
                if seen.insert(end) {
                    pending.push(end);
                    starts[end] = Some(at);
                }
            }
        }
        let mut words = Vec::new();
        let mut end = text.len();
        while end > 0 {
            let start = starts[end]?;
            words.push(&text[start..end]);
            end = start;
        }
        words.reverse();
        (!words.is_empty()).then_some(words)
    }

    /// Possible ends of a word that starts at `at`, most likely first.
    fn ends(&self, text: &str, at: usize) -> Vec<usize> {
        let Some(rest) = text.get(at..) else { return Vec::new() };
        let words = self.words.iter().filter(|word| rest.starts_with(word.as_str())).map(|word| at + word.len());
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let sizes = ["gib", "gb", "g", ""]
            .into_iter()
            .map(|unit| digits + unit.len())
            .filter(|length| rest.get(..*length).is_some_and(|word| self.memory(word).is_some()));
        words.chain(sizes.map(|length| at + length)).collect()
    }

    /// `80gb`, `80g`, or `80` if a GPU of that size exists.
    fn memory(&self, word: &str) -> Option<u32> {
        let (digits, unit) = memory_unit(word)?;
        let size: u32 = digits.parse().ok().filter(|_| digits.len() <= 3 && !digits.starts_with('0'))?;
        (!unit.is_empty() || self.memory_sizes.contains(&size)).then_some(size)
    }

    /// The known words that an unknown part probably meant. `4080s` may be short for `4080 super`.
    pub fn corrections(&self, part: &str) -> Vec<String> {
        if part.len() > LONGEST {
            return Vec::new();
        }
        if has_digit(part) {
            let short = part.strip_suffix('s').filter(|number| self.numbers().any(|known| known == *number));
            let slips = self.numbers().filter(|known| is_slip_of(part, known)).map(str::to_owned);
            return short.map(|number| format!("{number} super")).into_iter().chain(slips).collect();
        }
        let most = match part.len() {
            ..4 => 0,
            4 | 5 => 1,
            _ => 2,
        };
        let nearest = fixed_words().filter_map(|word| Some((edits(part, word, most)?, word))).min();
        nearest.map(|(_, word)| word.to_owned()).into_iter().collect()
    }
}

fn fixed_words() -> impl Iterator<Item = &'static str> {
    VENDOR_WORDS.iter().chain(CHIP_WORDS).copied().chain(FORMS.iter().map(|(spelling, _)| *spelling))
}

/// Recognises typos: two digits swapped, a letter typed for a digit, an extra character, or a missing last letter. A
/// different digit is not a typo: the RTX 4060 exists and is not an RTX 4090.
fn is_slip_of(written: &str, known: &str) -> bool {
    let digits = |text: &str| text.replace('o', "0").replace(['i', 'l'], "1");
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    let swapped = || sorted(written) == sorted(known) && edits(written, known, 1) == Some(1);
    let one_more = || {
        let begins_alike = written.bytes().next() == known.bytes().next();
        begins_alike && written.len() == known.len() + 1 && edits(written, known, 1) == Some(1)
    };
    let cut_short = || {
        let last = known.strip_prefix(written);
        last.is_some_and(|last| last.len() == 1 && last.chars().all(|c| c.is_ascii_alphabetic()))
    };
    digits(written) == digits(known) || swapped() || one_more() || cut_short()
}

/// Lower case, without separators.
pub(super) fn squashed(text: &str) -> String {
    chunks(text).collect()
}

/// The lower-case parts of a text between spaces, dashes and similar separators.
fn chunks(text: &str) -> impl Iterator<Item = String> {
    let separates = |c: char| c.is_whitespace() || "-_.()\u{ae}\u{2122}\u{2010}\u{2011}\u{2012}\u{2013}".contains(c);
    text.split(separates).filter(|chunk| !chunk.is_empty()).map(str::to_lowercase)
}

fn without_vendor(chunk: &str) -> &str {
    let mut rest = chunk;
    while let Some(shorter) = VENDOR_WORDS.iter().find_map(|word| rest.strip_prefix(word)).filter(|it| !it.is_empty()) {
        rest = shorter;
    }
    rest
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

/// `1g`: the fraction of a GPU in a MIG slice.
fn is_slice(word: &str) -> bool {
    matches!(word.as_bytes(), [b'1'..=b'7', b'g'])
}

/// The digits and the unit of a memory size.
fn memory_unit(word: &str) -> Option<(&str, &str)> {
    let (digits, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len()));
    (!digits.is_empty() && matches!(unit, "" | "g" | "gb" | "gib")).then_some((digits, unit))
}

/// One of the names of a GPU type.
#[derive(Debug)]
pub(super) struct KnownNames {
    /// Index of the type in the catalog.
    pub gpu: usize,
    pub name: GpuName,
}

/// The names of all GPU types, parsed once.
#[derive(Debug)]
pub(super) struct GpuNames {
    pub vocabulary: NameVocabulary,
    pub known: Vec<KnownNames>,
}
