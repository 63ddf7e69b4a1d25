//! Prepares a diagnostic for display: without control characters or secrets, and of bounded size.
//!
//! Its text comes from files, variables and responses, so all of it passes through this module before it is drawn.

use std::error::Error;
use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::excerpt::Excerpt;
use super::style::harmless;
use crate::config::MOST_PROBLEMS;
use crate::model::credential::distinctive_parts;
use crate::runpod::masked;

/// Maximum length of a diagnostic, in characters.
const LONGEST: usize = 4000;

/// Values that no diagnostic may show.
#[derive(Clone, Default)]
pub struct HiddenValues(Vec<String>);

impl HiddenValues {
    /// Keeps the values and their lines that are distinctive enough to recognise in a text, longest first.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let secrets: Vec<String> = secrets.into_iter().collect();
        Self(distinctive_parts(secrets.iter().map(String::as_str)).into_iter().map(str::to_owned).collect())
    }

    /// Masks the values in a text, including their JSON and URL encodings.
    pub fn mask(&self, text: &str) -> String {
        let secrets: Vec<&str> = self.0.iter().map(String::as_str).collect();
        masked(text, &secrets)
    }

    /// A message, line by line. Cut only after masking, because the beginning of a secret would not be recognised.
    fn text(&self, text: &str) -> String {
        let text = self.mask(text);
        let cut: String = text.chars().take(LONGEST).collect();
        let rest = if cut.len() < text.len() { "..." } else { "" };
        cut.split('\n').map(harmless).collect::<Vec<_>>().join("\n") + rest
    }

    /// Masks secrets in a line of a file. Its length stays the same, so that positions in it stay correct.
    fn line(&self, line: &str) -> String {
        self.0.iter().fold(line.to_owned(), |line, secret| line.replace(secret, &"*".repeat(secret.len())))
    }
}

/// Limits on what is shown of a diagnostic.
struct Limits<'a> {
    hidden: &'a HiddenValues,
    /// Width in columns; longer lines of a file are cut.
    width: usize,
}

/// A copy of a diagnostic that is safe to draw.
pub struct SafeDiagnostic {
    message: String,
    code: Option<String>,
    help: Option<String>,
    severity: Option<Severity>,
    cause: Option<Box<CauseChain>>,
    labels: Vec<LabeledSpan>,
    excerpt: Option<Excerpt>,
    related: Vec<SafeDiagnostic>,
}

impl SafeDiagnostic {
    /// For a terminal with this many columns.
    pub fn new(report: &dyn Diagnostic, hidden: &HiddenValues, width: usize) -> Self {
        Self::within(report, None, &Limits { hidden, width })
    }

    /// A diagnostic without its own source uses the one of the enclosing diagnostic.
    fn within(report: &dyn Diagnostic, around: Option<&dyn SourceCode>, limits: &Limits<'_>) -> Self {
        let hidden = limits.hidden;
        let source = report.source_code().or(around);
        let labels: Vec<LabeledSpan> = report.labels().into_iter().flatten().collect();
        let (excerpt, labels) = match source.filter(|_| !labels.is_empty()) {
            Some(source) => {
                let (excerpt, labels) = Excerpt::of(source, &labels, &|line| hidden.line(line), limits.width);
                (Some(excerpt), labels)
            }
            None => (None, Vec::new()),
        };
        let text = |text: String| hidden.text(&text);
        let of_label = |mut label: LabeledSpan| {
            label.set_label(label.label().map(|text| hidden.text(text)));
            label
        };
        Self {
            message: text(report.to_string()),
            code: report.code().map(|code| text(code.to_string())),
            help: report.help().map(|help| text(help.to_string())),
            severity: report.severity(),
            cause: cause(report, hidden),
            labels: labels.into_iter().map(of_label).collect(),
            excerpt,
            related: related(report, source, limits),
        }
    }
}

fn related(report: &dyn Diagnostic, source: Option<&dyn SourceCode>, limits: &Limits<'_>) -> Vec<SafeDiagnostic> {
    let mut rest = report.related().into_iter().flatten();
    let mut shown: Vec<SafeDiagnostic> =
        rest.by_ref().take(MOST_PROBLEMS).map(|one| SafeDiagnostic::within(one, source, limits)).collect();
    let left = rest.count();
    if left > 0 {
        let message = format!("{left} more problems are not shown");
        let help = Some("correct the ones above, then check again".to_owned());
        let severity = Some(Severity::Advice);
        let (code, cause, labels, excerpt, related) = (None, None, Vec::new(), None, Vec::new());
        shown.push(SafeDiagnostic { message, code, help, severity, cause, labels, excerpt, related });
    }
    shown
}

/// The causes of a diagnostic, outermost first.
fn cause(report: &dyn Diagnostic, hidden: &HiddenValues) -> Option<Box<CauseChain>> {
    let first = match report.diagnostic_source() {
        Some(source) => Some((source.to_string(), source.source())),
        None => report.source().map(|source| (source.to_string(), source.source())),
    };
    let (message, mut next) = first?;
    let mut messages = vec![message];
    while let Some(error) = next {
        messages.push(error.to_string());
        next = error.source();
    }
    messages
        .into_iter()
        .rev()
        .fold(None, |below, message| Some(Box::new(CauseChain { message: hidden.text(&message), below })))
}

#[derive(Debug)]
struct CauseChain {
    message: String,
    below: Option<Box<CauseChain>>,
}

impl fmt::Display for CauseChain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for CauseChain {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.below.as_deref().map(|below| below as &(dyn Error + 'static))
    }
}

impl fmt::Debug for SafeDiagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Display for SafeDiagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for SafeDiagnostic {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl Diagnostic for SafeDiagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Severity> {
        self.severity
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| {
            Box::new(self.related.iter().map(|one| one as &dyn Diagnostic))
                as Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>
        })
    }
}

#[cfg(test)]
mod tests {
    use miette::{GraphicalReportHandler, GraphicalTheme, SourceSpan};
    use proptest::prelude::*;

    use super::super::style::is_harmful;
    use super::*;
    use crate::files::SourceText;

    /// A diagnostic with labels anywhere in any text.
    #[derive(Debug)]
    struct Any {
        message: String,
        text: SourceText,
        spans: Vec<(usize, usize)>,
    }

    impl fmt::Display for Any {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(&self.message)
        }
    }

    impl Error for Any {}

    impl Diagnostic for Any {
        fn source_code(&self) -> Option<&dyn SourceCode> {
            Some(&self.text)
        }

        fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
            let label = |span: &(usize, usize)| {
                LabeledSpan::new_primary_with_span(Some(self.message.clone()), SourceSpan::from(*span))
            };
            Some(Box::new(self.spans.iter().map(label)))
        }
    }

    fn drawn(message: &str, text: &str, spans: &[(usize, usize)], secrets: &[&str]) -> String {
        let any = Any { message: message.to_owned(), text: SourceText::new("a.yaml", text), spans: spans.to_vec() };
        let hidden = HiddenValues::new(secrets.iter().map(|secret| (*secret).to_owned()));
        let mut drawn = String::new();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none()).with_width(80);
        handler.render_report(&mut drawn, &SafeDiagnostic::new(&any, &hidden, 80)).unwrap();
        drawn
    }

    #[test]
    fn a_label_far_to_the_right_is_shown_with_its_context() {
        let text = format!("first\n{{pad: {}, bogus: 1, more: {}}}\nlast\n", "y".repeat(100_000), "z".repeat(100_000));
        let at = text.find("bogus").unwrap();
        let drawn = drawn("wrong", &text, &[(at, 5)], &[]);
        assert!(drawn.contains("[a.yaml:2:100009]"), "{drawn}");
        assert!(drawn.contains("...yyyy") && drawn.contains("bogus: 1") && drawn.contains("zzz..."), "{drawn}");
        assert!(drawn.contains("first") && drawn.contains("last"), "{drawn}");
        assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
        let (marked, below) = (drawn.lines().find(|line| line.contains("bogus")).unwrap(), "^^|^^");
        let under = drawn.lines().find(|line| line.contains(below)).unwrap();
        assert_eq!(marked.find("bogus"), under.find(below), "{drawn}");
    }

    #[test]
    fn one_line_on_either_side_is_shown() {
        let text: String = (1..=20).map(|number| format!("line{number:02}\n")).collect();
        let drawn =
            drawn("wrong", &text, &[(text.find("line05").unwrap(), 60), (text.find("line15").unwrap(), 2)], &[]);
        for (number, is_shown) in [(3, false), (4, true), (5, true), (6, true), (7, false), (14, true), (17, false)] {
            assert_eq!(drawn.contains(&format!("line{number:02}")), is_shown, "{number}: {drawn}");
        }
    }

    #[test]
    fn nothing_hostile_or_secret_is_shown() {
        let text = "name: h # \u{1b}]0;pwned\u{7}\u{1b}[2J\u{202e}\n\tbogus: rpa_CANARY\r\n";
        let message = "`\u{1b}[2J` is rpa_CANARY\nor not";
        let drawn = drawn(message, text, &[(text.find("bogus").unwrap(), 5)], &["rpa_CANARY", " "]);
        assert!(!drawn.contains("CANARY"), "{drawn}");
        assert!(!drawn.chars().any(|letter| letter != '\n' && is_harmful(letter)), "{drawn:?}");
        for kept in ["pwned", "bogus", "(sensitive)", "or not", "\\u{1b}[2J", "**********"] {
            assert!(drawn.contains(kept), "{kept}: {drawn}");
        }
    }

    #[test]
    fn a_secret_across_the_end_of_a_long_message_is_hidden() {
        let hidden = HiddenValues::new(["rpa_CANARY0123".to_owned()]);
        for before in LONGEST - 14..=LONGEST {
            let text = hidden.text(&format!("{}rpa_CANARY0123", "x".repeat(before)));
            assert!(!text.contains("rpa"), "{before}: {}", &text[before..]);
        }
    }

    #[test]
    fn each_line_of_a_secret_is_hidden_in_a_file() {
        let key = "first-line-of-a-key\nsecond-line-of-a-key\n";
        let drawn = drawn("wrong", "a: |\n  second-line-of-a-key\n  bogus\n", &[(29, 5)], &[key]);
        assert!(!drawn.contains("of-a-key") && drawn.contains("bogus"), "{drawn}");
    }

    #[test]
    fn long_texts_and_lists_are_cut() {
        #[derive(Debug, thiserror::Error, Diagnostic)]
        #[error("many")]
        struct Many(#[related] Vec<One>);
        #[derive(Clone, Debug, thiserror::Error, Diagnostic)]
        #[error("{0}")]
        struct One(String);
        let shown = SafeDiagnostic::new(&Many(vec![One("x".repeat(100_000)); 150]), &HiddenValues::default(), 80);
        assert_eq!(shown.related.len(), MOST_PROBLEMS + 1);
        assert_eq!(shown.related[0].message.len(), LONGEST + 3);
        assert_eq!(shown.related[MOST_PROBLEMS].message, "50 more problems are not shown");
    }

    proptest! {
        #[test]
        fn any_label_in_any_text_can_be_drawn(
            text in "([a-c:é漢\u{1f511}\u{301}\\t\\r\\n\u{1b}\u{202e}]|yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy){0,40}",
            message in "[a\u{1b}\\n é]{0,8}",
            spans in proptest::collection::vec((0_usize..3000, prop_oneof![0_usize..100, Just(1 << 40)]), 0..5),
        ) {
            let drawn = drawn(&message, &text, &spans, &["yyyyyyyyyy", "é漢é漢"]);
            prop_assert!(!drawn.chars().any(|letter| letter != '\n' && is_harmful(letter)), "{:?}", drawn);
        }
    }
}
