//! Masks credentials in the file lines that diagnostics quote.
//!
//! A diagnostic shows its line and the neighbouring ones, in a terminal or a build log. Each byte of a credential
//! becomes a star, so positions stay valid. The scan works on lines because a quoted text is often not YAML; for
//! instance, a link may point to `.env`.

use std::ops::Range;

use super::forms::{OPERATORS, holds_credential, holds_private_key, reference_length, userinfos};
use super::names::{names_credential, names_value};
use super::tokens::token_ranges;

/// Returns the text with credentials masked. References to variables and secrets stay.
pub fn mask_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut inside = OpenConstruct::Nothing;
    let mut follows_flag = false;
    for line in text.split_inclusive('\n') {
        let mut scan = Scan { line, at: 0, inside, masks: Vec::new() };
        scan.run();
        inside = scan.inside;
        let line = starred(line, &scan.masks);
        // The remaining text may contain a credential without a telling name.
        let start = value_start(&line);
        let words: Vec<&str> = line[start..].split_whitespace().map(bare).filter(|word| !word.is_empty()).collect();
        let value = words.join(" ");
        let is_argument = follows_flag && value.chars().next().is_some_and(|first| !"$-{".contains(first));
        // In a list of words, the flag and its value may be on separate lines: `- --token`, then the token.
        follows_flag = words.last().is_some_and(|word| word.starts_with('-') && names_value(word));
        if is_argument || holds_credential(&value) {
            shown.push_str(&starred(&line, std::slice::from_ref(&(start..line.len()))));
        } else {
            shown.push_str(&line);
        }
    }
    shown
}

/// Start of the value: after a key, after a list dash, or at the start of the line.
fn value_start(line: &str) -> usize {
    let indent = line.len() - line.trim_start().len();
    let item = line[indent..].strip_prefix("- ").map(|_| indent + 2);
    let key = line.find(": ").map(|colon| colon + 2);
    item.or(key).unwrap_or(indent)
}

fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', ',', '[', ']', '{', '}'])
}

/// The line with the masked ranges, sorted by start, replaced by stars. Ranges may overlap, such as a URL inside a
/// credential's value.
fn starred(line: &str, masks: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut at = 0;
    for Range { start, end } in masks {
        let start = at.max(*start);
        if start < *end {
            shown.push_str(&line[at..start]);
            let star = |c: char| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) };
            shown.extend(line[start..*end].chars().map(star));
            at = *end;
        }
    }
    shown + &line[at..]
}

/// A construct that continues on the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenConstruct {
    Nothing,
    /// The value of a key with this indentation: it covers all lines indented further.
    Below(usize),
    Quotes(char),
    PrivateKey,
}

/// Scans one line from left to right.
struct Scan<'a> {
    line: &'a str,
    at: usize,
    inside: OpenConstruct,
    masks: Vec<Range<usize>>,
}

impl Scan<'_> {
    fn run(&mut self) {
        let (line, indent) = (self.line, self.line.len() - self.line.trim_start().len());
        match self.inside {
            OpenConstruct::Below(key) if line.trim().is_empty() || indent > key => return self.mask_rest(0),
            OpenConstruct::Quotes(quote) => self.close(0, quote),
            OpenConstruct::PrivateKey => {
                if line.contains("-----END") {
                    self.inside = OpenConstruct::Nothing;
                }
                return self.mask_rest(0);
            }
            OpenConstruct::Below(_) | OpenConstruct::Nothing => self.inside = OpenConstruct::Nothing,
        }
        if holds_private_key(line) && !line.contains("-----END") {
            self.inside = OpenConstruct::PrivateKey;
            return self.mask_rest(0);
        }
        self.values(indent);
        self.references();
        self.masks.extend(userinfos(line));
        self.masks.extend(token_ranges(line));
        self.masks.sort_by_key(|mask| mask.start);
    }

    /// Masks the values that follow names of credentials.
    fn values(&mut self, indent: usize) {
        let line = self.line;
        let flow = line.find(['{', '[']);
        while let Some(sign) = line[self.at..].find([':', '=']).map(|offset| self.at + offset) {
            self.at = sign + 1;
            let before = line[..sign].trim_end();
            let bare = before.trim_end_matches(['"', '\'']);
            let name = bare.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
            let rest = &line[sign + 1..];
            let assigns = line[sign..].starts_with('=');
            // `a:b` is one YAML scalar; `"a":b` is a key and a value. A missing space is a common mistake, though.
            let is_key = assigns
                || bare.len() < before.len()
                || rest.trim().is_empty()
                || rest.starts_with([' ', '\t'])
                || lacks_space(bare, rest) && name != "value";
            // In lists of names and values, as in Kubernetes, `value` holds the credential.
            let is_secret = names_credential(name) || (name == "value" && !assigns);
            if is_key && is_secret {
                let start = sign + 1 + (rest.len() - rest.trim_start().len());
                self.value(start, indent, assigns, flow.is_some_and(|flow| flow < sign));
            }
        }
    }

    /// Masks the words of references whose variable names a credential: `${DB_PASSWORD:-hunter2}`.
    fn references(&mut self) {
        for (start, _) in self.line.match_indices("${") {
            let inside = &self.line[start + 2..];
            let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
            let (name, rest) = inside.split_at(end);
            let sign = OPERATORS.iter().find(|sign| rest.starts_with(**sign)).filter(|sign| **sign != "}");
            if let Some(sign) = sign.filter(|_| names_credential(name)) {
                let word = start + 2 + end + sign.len();
                let length = closing_brace(&self.line[word..]);
                self.masks.push(word..word + length);
            }
        }
    }

    /// Masks the value that begins at `start`.
    fn value(&mut self, start: usize, indent: usize, assigns: bool, in_flow: bool) {
        let value = self.line[start..].trim_end();
        let plain = value.trim_start_matches(['"', '\'']);
        let opened = start + (value.len() - plain.len());
        if let Some(kept) = reference_length(plain) {
            let (kept, rest) = (opened + kept, &plain[kept..]);
            self.at = kept;
            let ends = rest.trim_start().is_empty()
                || rest.starts_with(['"', '\'']) && opened > start
                || rest.starts_with(" #")
                || in_flow && rest.trim_start().starts_with([',', '}', ']']);
            if ends {
                return;
            }
            // The text after the reference is the credential or its default.
            return match value.chars().next() {
                Some(quote @ ('"' | '\'')) => self.close(kept, quote),
                _ => {
                    self.mask_rest(kept);
                    self.inside =
                        if assigns || in_flow { OpenConstruct::Nothing } else { OpenConstruct::Below(indent) };
                }
            };
        }
        match value.chars().next() {
            Some(quote @ ('"' | '\'')) => self.close(start + 1, quote),
            Some('|' | '>' | '&' | '!') | None if !assigns => {
                self.mask_rest(start);
                self.inside = OpenConstruct::Below(indent);
            }
            Some('{' | '[') if !assigns => {}
            _ if in_flow => {
                let end = self.line[start..].find([',', '}', ']']).map_or(self.line.len(), |length| start + length);
                self.masks.push(start..end);
                self.at = end;
            }
            _ => {
                self.mask_rest(start);
                // A plain value continues on lines that are indented further.
                self.inside = if assigns { OpenConstruct::Nothing } else { OpenConstruct::Below(indent) };
            }
        }
    }

    /// Masks up to the closing quote, which may be on a later line.
    fn close(&mut self, start: usize, quote: char) {
        let mut letters = self.line[start..].char_indices();
        while let Some((offset, letter)) = letters.next() {
            if letter == '\\' && quote == '"' {
                letters.next();
            } else if letter == quote {
                self.masks.push(start..start + offset);
                self.at = start + offset + 1;
                self.inside = OpenConstruct::Nothing;
                return;
            }
        }
        self.mask_rest(start);
        self.inside = OpenConstruct::Quotes(quote);
    }

    fn mask_rest(&mut self, start: usize) {
        self.masks.push(start..self.line.len());
        self.at = self.line.len();
    }
}

/// Whether `bare:rest` is a key and its value with the space after the colon missing. An image (`auth:1.2`), a URL and
/// a reference (`${NAME:-word}`) are not.
fn lacks_space(bare: &str, rest: &str) -> bool {
    let is_break = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '{' | '[' | ',' | '`' | '(');
    let (before, word) = bare.rfind(is_break).map_or(("", bare), |at| bare.split_at(at));
    let follows_image = before.trim_end_matches(is_break).ends_with("image:");
    !(rest.starts_with("//") || before.ends_with('$') || word.contains(['/', '@']) || follows_image)
}

/// Length up to the brace that closes a reference, or of the whole text without its line break.
fn closing_brace(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.trim_end().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn credentials_are_masked_in_every_form_without_shifting_text() {
        let text = "env:
  HF_TOKEN: hf_s3cret
  A: b
  m: { API_KEY: \"s3cret\", B: c, A_KEY: s3cret, D: d }
  SSH_KEY: |
    s3cret
    s3cret
  C: e
  GIT_TOKEN: ${GIT_TOKEN}
  NPM_TOKEN: '${NPM_TOKEN:-s3cret}'
  DB_PASSWORD: ${PREFIX}s3cret
  API_TOKEN: ${API_TOKEN-s3cret}
  OTHER_TOKEN: \"${A:+s3cret}\"
  TAIL_KEY: '{{ RUNPOD_SECRET_x }}s3cret'
  n: { B_KEY: ${B:-s3cret}, h: h }
  QUOTED_KEY: \"s3 \\\" s3cret
    s3cret\"
  F: f
  PLAIN_KEY: s3cret
    s3cret s3cret
  G: g
  ACCOUNT_KEY: '{{ RUNPOD_SECRET_x }}'
  URL: postgres://user:s3cret@db.example/name
  json: {\"DB_PASSWORD\":\"s3cret\",\"h\":\"h\"}
  args: [--api-key=s3cret, --epochs=3]
  list:
    - { name: WANDB, value: s3cret }
HF_TOKEN=s3cret and s3cret
export DB_PASS = 's3cret'
K=k
-----BEGIN RSA PRIVATE KEY-----
s3cret
-----END RSA PRIVATE KEY-----
I: i
";
        let shown = mask_credentials(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("s3cret"), "{shown}");
        for kept in [
            "A: b",
            "B: c",
            "D: d",
            "C: e",
            "F: f",
            "G: g",
            "\"h\":\"h\"",
            "K=k",
            "I: i",
            "${GIT_TOKEN}",
            "${NPM_TOKEN:-",
            "RUNPOD_SECRET_x",
            "postgres://",
            "@db.example/name",
            "--epochs=3",
            "HF_TOKEN:",
            "name: WANDB",
        ] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }

    #[test]
    fn credentials_without_a_name_are_masked_without_shifting_text() {
        let text = "args: [serve, --api-key, s3cret99, --port, \"8000\"]\nargs:\n  - --token\n  - s3cret99\n  - --port\n  - \"8000\"\n\
                    entrypoint: run --password=s3cret99\nMIRROR: https://u:s3cret99@host/x\nDB: postgres://u:s3/cret@db/x\nA: b\n";
        let shown = mask_credentials(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("s3cret") && !shown.contains("s3/cret"), "{shown}");
        for kept in ["  - --token\n", "  - --port\n  - \"8000\"", "@host/x", "postgres://*********@db/x", "A: b"] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
        let long = format!("x: https://oauth2:{}@host/x\n", "a".repeat(2000));
        assert_eq!(mask_credentials(&long), format!("x: https://{}@host/x\n", "*".repeat(2007)));
    }

    #[test]
    fn credentials_after_a_colon_without_a_space_and_in_broken_references_are_masked() {
        let text = "env:
  DB_PASSWORD:s3cret pw
env: password:s3cret
env: \"API_KEY:s3cret\"
env: [A_KEY:s3cret, B:c]
env: { A_TOKEN:s3cret, D:d }
  DB_PASSWORD: ${s3cret
  OTHER: ${DB_PASSWORD:?s3cret message} tail
  OTHER: ${DB_PASSWORD-s3cret} tail
  HF_TOKEN: ${HF_TOKEN:?s3cret message}
  DB_PASSWORD: ${s3cret$x}
";
        let shown = mask_credentials(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("s3cret"), "{shown}");
        for kept in ["DB_PASSWORD:", "B:c]", "D:d }", "${DB_PASSWORD:?", "} tail", "${HF_TOKEN:?"] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
        for text in ["image: auth:latest\n", "x: { image: token:1.2 }\n", "x: auth://host\n", "A: ${HF_TOKEN:-}\n"] {
            assert_eq!(mask_credentials(text), text);
        }
        let token = "pods:\n  rpa_0123456789ABCDEFGHIJ: { a: b }\n";
        assert_eq!(mask_credentials(token), format!("pods:\n  {}: {{ a: b }}\n", "*".repeat(24)));
    }

    #[test]
    fn other_text_is_unchanged() {
        let text =
            "image: ghcr.io/acme/auth:1.2\nkeyboard: us\nsecrets:\n  - name: HF_TOKEN\n    source: env\nx: a@b\n";
        assert_eq!(mask_credentials(text), text);
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_length_and_its_lines(
            text in "([a-c:=,@/'\"\\\\{}\\[\\]|>$\\- \\t\\r\\né漢]|A_KEY|://|\\$\\{A:-|-----BEGIN PRIVATE KEY){0,40}"
        ) {
            let shown = mask_credentials(&text);
            prop_assert_eq!(shown.len(), text.len());
            let lines = |text: &str| text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(lines(&shown), lines(&text));
        }
    }
}
