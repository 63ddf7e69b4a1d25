//! Reads `.env` and `.env.local` like common readers of that format.
//!
//! If those readers disagree about a value, sindri refuses it when it is used. Messages never repeat a value, because
//! it may be a secret.

use std::collections::BTreeMap;
use std::path::Path;

use crate::files::{Boundary, ReadError, read_text};

/// The files; later ones take precedence.
const NAMES: [&str; 2] = [".env", ".env.local"];
const LONGEST: u64 = 1 << 20;
/// More faults in the same file add no information.
const MOST_FAULTS: usize = 10;

/// The variables of both files.
#[derive(Default)]
pub(super) struct Dotenv {
    values: BTreeMap<String, DotenvValue>,
    pub faults: Vec<DotenvProblem>,
}

/// The value of a variable, or why it is ambiguous.
type DotenvValue = Result<String, DotenvProblem>;

/// A part of a `.env` file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DotenvProblem {
    /// `.env` or `.env.local`.
    pub file: &'static str,
    /// Counted from 1; `None` for the whole file.
    pub line: Option<usize>,
    pub what: String,
    pub help: &'static str,
}

impl Dotenv {
    /// Reads both files next to the configuration. A missing file sets nothing.
    pub fn read(folder: &Path, boundary: &Boundary) -> Self {
        let mut dotenv = Self::default();
        for file in NAMES {
            match read_text(&folder.join(file), Some(boundary), LONGEST) {
                Ok(text) => dotenv.add(file, &text),
                Err(error) if error.is_missing() => {}
                Err(ReadError { reason, .. }) => {
                    let what = format!("cannot read `{file}`: {reason}");
                    dotenv.faults.push(DotenvProblem { file, line: None, what, help: reason.help() });
                }
            }
        }
        dotenv
    }

    pub fn get(&self, name: &str) -> Option<&DotenvValue> {
        self.values.get(name)
    }

    fn add(&mut self, file: &'static str, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines = DotenvLines { rest: &text, line: 1 };
        let mut faults = 0;
        while let Some(entry) = lines.next_entry() {
            let is_open = matches!(entry, Err((_, LineError::OpenQuote)));
            match entry {
                Ok(DotenvEntry { name, value, line }) => {
                    let value = value.map_err(|wrong| wrong.at(file, line));
                    self.values.insert(name.to_owned(), value);
                }
                Err((line, wrong)) => {
                    self.faults.push(wrong.at(file, line));
                    faults += 1;
                }
            }
            // After an unclosed quote, the start of the next assignment is unknown.
            if is_open || faults == MOST_FAULTS {
                break;
            }
        }
    }
}

/// Errors in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineError {
    NoAssignment,
    Colon,
    OpenQuote,
    AfterQuote,
    Substitution,
}

impl LineError {
    fn at(self, file: &'static str, line: usize) -> DotenvProblem {
        let (what, help) = match self {
            Self::NoAssignment => ("is not `NAME=value`", "correct the line, or make it a comment with `#`"),
            Self::Colon => ("has no `=` after the name", "write `NAME=value`, not `NAME: value`"),
            Self::OpenQuote => ("opens a quote that is never closed", "close the quote"),
            Self::AfterQuote => (
                "has text after the closing quote",
                "put the whole value into one pair of quotes; write `\\\"` for a quote inside double quotes",
            ),
            Self::Substitution => (
                "uses `${...}`, which sindri does not substitute in `.env` files",
                "write the value itself, or put it into single quotes if it is meant literally",
            ),
        };
        DotenvProblem { file, line: Some(line), what: format!("line {line} of `{file}` {what}"), help }
    }
}

/// One assignment.
struct DotenvEntry<'a> {
    name: &'a str,
    value: Result<String, LineError>,
    line: usize,
}

/// The name of a variable and its value, or why the value is ambiguous.
type Assignment<'a> = (&'a str, Result<String, LineError>);

/// The unread rest of a file.
struct DotenvLines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> DotenvLines<'a> {
    /// The next assignment, or the error in its line. `None` at the end.
    fn next_entry(&mut self) -> Option<Result<DotenvEntry<'a>, (usize, LineError)>> {
        loop {
            self.skip_blanks();
            if self.rest.is_empty() {
                return None;
            }
            let line = self.line;
            if self.rest.starts_with(['\n', '#']) {
                self.end_line();
                continue;
            }
            match self.entry() {
                Ok(Some((name, value))) => return Some(Ok(DotenvEntry { name, value, line })),
                Ok(None) => {}
                Err(wrong) => {
                    self.end_line();
                    return Some(Err((line, wrong)));
                }
            }
        }
    }

    /// An assignment; `None` for a bare `export NAME`, which sets nothing.
    fn entry(&mut self) -> Result<Option<Assignment<'a>>, LineError> {
        let exported = self.rest.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
        if let Some(rest) = exported {
            self.rest = rest;
            self.skip_blanks();
        }
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let end = self.rest.find(|c| !is_of_name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.skip_blanks();
        if name.is_empty() {
            return Err(LineError::NoAssignment);
        }
        if exported.is_some() && (self.rest.is_empty() || self.rest.starts_with(['\n', '#'])) {
            self.end_line();
            return Ok(None);
        }
        let Some(rest) = self.rest.strip_prefix('=') else {
            return Err(if self.rest.starts_with(':') { LineError::Colon } else { LineError::NoAssignment });
        };
        self.rest = rest;
        let written = match rest.trim_start_matches([' ', '\t']).chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => {
                self.skip_blanks();
                self.quoted(quote)?
            }
            _ => self.unquoted(),
        };
        let value = if written.substitutes { Err(LineError::Substitution) } else { Ok(written.text) };
        Ok(Some((name, value)))
    }

    /// A quoted value, which may span lines. In single quotes and backticks everything is literal.
    fn quoted(&mut self, quote: char) -> Result<Written, LineError> {
        let inside = &self.rest[1..];
        let (written, end) = if quote == '"' {
            double_quoted(inside).ok_or(LineError::OpenQuote)?
        } else {
            let end = inside.find(quote).ok_or(LineError::OpenQuote)?;
            (Written { text: inside[..end].to_owned(), substitutes: false }, end)
        };
        self.line += inside[..end].matches('\n').count();
        self.rest = &inside[end + 1..];
        self.skip_blanks();
        if !(self.rest.is_empty() || self.rest.starts_with(['\n', '#'])) {
            return Err(LineError::AfterQuote);
        }
        self.end_line();
        Ok(written)
    }

    /// An unquoted value: up to the end of the line, or to a `#` after whitespace.
    fn unquoted(&mut self) -> Written {
        let line = self.rest.split('\n').next().unwrap_or_default();
        let comment = line.match_indices('#').find(|(at, _)| line[..*at].ends_with([' ', '\t']));
        let value = comment.map_or(line, |(at, _)| &line[..at]).trim();
        self.end_line();
        Written { text: value.to_owned(), substitutes: value.contains("${") }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn end_line(&mut self) {
        match self.rest.split_once('\n') {
            Some((_, rest)) => {
                self.rest = rest;
                self.line += 1;
            }
            None => self.rest = "",
        }
    }
}

/// A value as written.
struct Written {
    text: String,
    /// Contains a `${` that is not literal.
    substitutes: bool,
}

/// The value before the closing double quote, and the position of the quote; `None` if there is no closing quote.
fn double_quoted(inside: &str) -> Option<(Written, usize)> {
    let mut written = Written { text: String::new(), substitutes: false };
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((written, at)),
            '\\' => match letters.next()?.1 {
                'n' => written.text.push('\n'),
                'r' => written.text.push('\r'),
                't' => written.text.push('\t'),
                literal @ ('\\' | '"' | '\'' | '$' | '`') => written.text.push(literal),
                other => written.text.extend(['\\', other]),
            },
            _ => {
                written.substitutes |= inside[at..].starts_with("${");
                written.text.push(letter);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Dotenv {
        let mut dotenv = Dotenv::default();
        dotenv.add(".env", text);
        dotenv
    }

    /// The value of `A`, which must be the only variable.
    fn value_of(text: &str) -> String {
        let dotenv = parse(text);
        assert_eq!(dotenv.faults, Vec::new(), "{text:?}");
        assert_eq!(dotenv.values.len(), 1, "{text:?}");
        dotenv.get("A").unwrap().clone().unwrap()
    }

    #[test]
    fn values_are_read_like_common_readers_do() {
        for (written, value) in [
            ("A=plain", "plain"),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=a b # c", "a b"),
            ("A=a b\t# c", "a b"),
            ("A=a#b", "a#b"),
            ("A=#b", "#b"),
            ("  A = b  ", "b"),
            ("export A=b", "b"),
            ("export\tA=b", "b"),
            ("# c\n\n  # d\nA=b\n# e", "b"),
            ("A=it's", "it's"),
            (r"A=C:\new\table", r"C:\new\table"),
            ("A=a=b==", "a=b=="),
            ("A=pa$$word$HOME", "pa$$word$HOME"),
            ("A='x # y' # z", "x # y"),
            ("A='${B} \\n $C \\'", "${B} \\n $C \\"),
            ("A=`it's \"so\"`", "it's \"so\""),
            (r#"A="a\nb\tc\rd\\e\"f\$g\d" # h"#, "a\nb\tc\rd\\e\"f$g\\d"),
            ("A=\"\"", ""),
            ("A=\"one\ntwo # no comment\n\"", "one\ntwo # no comment\n"),
            ("A='one\r\ntwo'\r\n", "one\ntwo"),
            ("A=one\r\n", "one"),
            ("B=one\rA=two\r", "two"),
            ("A=\"\\${B}\"", "${B}"),
            ("A=é漢", "é漢"),
            ("A=1\nA=2", "2"),
            ("export A\nA=2", "2"),
        ] {
            let written = written.replace("B=one\r", "# B=one\r");
            assert_eq!(value_of(&written), value, "{written:?}");
        }
        let names = parse("spring.name=a\nother-tool=b\nA1_=c");
        assert_eq!((names.faults.len(), names.values.len()), (0, 3));
    }

    #[test]
    fn errors_name_the_line_but_not_the_value() {
        for (written, line, phrase) in [
            ("B=1\nhunter2", 2, "is not `NAME=value`"),
            ("B=1\n\nC='x\ny'\nhunter2 x", 5, "is not `NAME=value`"),
            ("=hunter2", 1, "is not `NAME=value`"),
            ("set A=hunter2", 1, "is not `NAME=value`"),
            ("A: hunter2", 1, "has no `=`"),
            ("B=1\nA=\"hunter2", 2, "never closed"),
            ("A='hunter2\nB=1\n", 1, "never closed"),
            ("A=\"hunter2\\\"", 1, "never closed"),
            ("A=\"hunter2\\", 1, "never closed"),
            ("A='it\\'s hunter2", 1, "after the closing quote"),
            ("A=\"x\" hunter2", 1, "after the closing quote"),
        ] {
            let dotenv = parse(written);
            let [fault] = dotenv.faults.as_slice() else { panic!("{written:?}: {:?}", dotenv.faults) };
            assert_eq!(fault.line, Some(line), "{written:?}");
            assert!(fault.what.contains(phrase), "{written:?}: {}", fault.what);
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
        let all = parse("one\nA=1\ntwo\n");
        assert_eq!(all.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [Some(1), Some(3)]);
        assert_eq!(parse(&"junk\n".repeat(1000)).faults.len(), MOST_FAULTS);
    }

    #[test]
    fn a_substitution_is_refused_when_it_is_used() {
        for written in ["A=${B}x", "A=\"x${B:-y}\""] {
            let dotenv = parse(&format!("{written}\nC=c"));
            assert_eq!(dotenv.faults, Vec::new());
            assert_eq!(dotenv.get("A").unwrap().as_ref().unwrap_err().line, Some(1));
            assert_eq!(dotenv.get("C").unwrap().as_deref().unwrap(), "c");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_handled_and_errors_never_repeat_it(
            text in "([A-C=:#'\"`\\\\ \t\r\n$\\{\\}é]|export |xyzzy){0,60}"
        ) {
            for fault in parse(&text).faults {
                prop_assert!(!fault.what.contains("xyzzy") && fault.line <= Some(text.len() + 1));
            }
        }

        #[test]
        fn quoted_values_read_back(value in "[ -~é\n]{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            prop_assert_eq!(value_of(&format!("export A=\"{quoted}\" # c\n")), value.as_str());
            if !value.contains('\'') {
                prop_assert_eq!(value_of(&format!("A='{value}'")), value);
            }
        }
    }
}
