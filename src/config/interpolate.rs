//! Substitutes `${NAME}` and `${NAME:-default}` in values, from the process environment.
//!
//! Works on the tree after overlays are merged. Positions therefore stay correct, and values replaced by an overlay do
//! not need their variables. RunPod's own `{{ RUNPOD_SECRET_x }}` has no dollar sign and stays unchanged.

use std::ops::Range;

use super::api_key::{API_KEY, ValueOrigin, holds_api_key};
use super::document::{Data, Scalar, YamlNode};
use super::environment::is_variable_name;
use super::load::LoadOptions;
use super::problem::Findings;
use super::source::Span;
use crate::model::ProblemCode;
use crate::model::credential::{holds_credential, names_credential};

/// Substitutes variables in every value of the tree, and removes values that contain an API key.
pub(super) fn interpolate(node: &mut YamlNode, options: &LoadOptions<'_>, findings: &mut Findings) {
    match &mut node.data {
        Data::Scalar(scalar) => {
            if scalar.text.contains('$') {
                let variables = options.variables;
                let interpolation = Interpolation {
                    span: node.span,
                    variables,
                    findings,
                    substituted: false,
                    sensitive: false,
                    unresolved: false,
                };
                interpolation.apply(scalar);
            }
            refuse_api_key(node.span, scalar, &options.api_keys, findings);
        }
        Data::List(items) => items.iter_mut().for_each(|item| interpolate(item, options, findings)),
        Data::Map(entries) => entries.iter_mut().for_each(|entry| interpolate(&mut entry.value, options, findings)),
    }
}

/// The key may come from a variable of any name, or be written literally.
fn refuse_api_key(span: Span, scalar: &mut Scalar, keys: &[String], findings: &mut Findings) {
    let origin = if scalar.written.is_some() { ValueOrigin::Resolved } else { ValueOrigin::Literal };
    if holds_api_key(&scalar.text, origin, keys) {
        findings
            .error(ProblemCode::ApiKey, span, "this value contains your RunPod API key")
            .help(format!("remove it: pods must not get this key, and RunPod gives every pod its own `{API_KEY}`"));
        scalar.text.clear();
        scalar.written.get_or_insert_default();
        scalar.unresolved = true;
    }
}

struct Interpolation<'a> {
    span: Span,
    variables: &'a dyn Fn(&str) -> Option<String>,
    findings: &'a mut Findings,
    /// Whether the text holds a variable. `$$` alone leaves it a literal.
    substituted: bool,
    sensitive: bool,
    unresolved: bool,
}

/// Limit on nested defaults; no real configuration exceeds it.
const DEEPEST: usize = 16;
const FORMS: &str = "write `${NAME}` or `${NAME:-default}`, or `$$` for a dollar sign";

/// How the word after a name is used. With a colon, the operators treat an empty value as unset.
#[derive(Clone, Copy)]
enum Operator {
    /// `${NAME}`
    None,
    /// `${NAME:-word}`, `${NAME-word}`: the word if the variable has no value.
    Default,
    /// `${NAME:?word}`, `${NAME?word}`: an error with the word as its message if the variable has no value.
    Required,
    /// `${NAME:+word}`, `${NAME+word}`: the word if the variable has a value, otherwise nothing.
    Alternative,
}

/// The end of a text or a default.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    End,
    ClosingBrace,
}

/// The text has a syntax error, which is reported; its rest is not read.
struct Malformed;

impl Interpolation<'_> {
    fn apply(mut self, scalar: &mut Scalar) {
        let mut rest = scalar.text.as_str();
        let text = self.text(&mut rest, Until::End, true, 0).unwrap_or_default();
        // Any variable may contain a credential, or the part of a URL that makes it one.
        scalar.sensitive = self.sensitive || (self.substituted && holds_credential(&text));
        scalar.unresolved = self.unresolved;
        scalar.written = Some(std::mem::replace(&mut scalar.text, text));
    }

    /// The text up to its end, with variables substituted. A word that is not `used` is only checked for errors, so
    /// that `${A:-${B}}` does not require `B` if `A` is set.
    fn text(&mut self, rest: &mut &str, until: Until, used: bool, depth: usize) -> Result<String, Malformed> {
        let mut text = String::new();
        // Braces in the text itself, such as JSON in a default, counted like docker compose does.
        let mut braces = 0_usize;
        while let Some(at) = rest.find(['$', '{', '}']) {
            text.push_str(&rest[..at]);
            *rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("$$") {
                text.push('$');
                *rest = after;
            } else if rest.starts_with("${") {
                text.push_str(&self.expression(rest, used, depth)?);
            } else if until == Until::ClosingBrace && braces == 0 && rest.starts_with('}') {
                return Ok(text);
            } else {
                // A dollar sign on its own belongs to the shell: `$HOME` in a command.
                match rest.as_bytes()[0] {
                    b'{' => braces += 1,
                    b'}' => braces = braces.saturating_sub(1),
                    _ => {}
                }
                text.push_str(&rest[..1]);
                *rest = &rest[1..];
            }
        }
        text.push_str(rest);
        *rest = "";
        Ok(text)
    }

    /// The value of the expression at the start of `rest`, including `${`; empty if it was reported.
    fn expression(&mut self, rest: &mut &str, used: bool, depth: usize) -> Result<String, Malformed> {
        let start = *rest;
        if depth == DEEPEST {
            return self.malformed(start, format!("defaults are nested more than {DEEPEST} deep"));
        }
        let inside = &start[2..];
        let end_of_name = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
        let (name, after_name) = inside.split_at(end_of_name);
        if !is_variable_name(name) {
            return self.no_variable(start);
        }
        let Some((operator, empty_counts, after_operator)) = operator(after_name) else {
            return self.no_variable(start);
        };
        let value = (self.variables)(name);
        let is_set = value.as_ref().is_some_and(|value| empty_counts || !value.is_empty());
        let uses_word =
            matches!(operator, Operator::Default) && !is_set || matches!(operator, Operator::Alternative) && is_set;
        *rest = after_operator;
        let word_start = *rest;
        let word = self.text(rest, Until::ClosingBrace, used && uses_word, depth + 1)?;
        let raw_word = &word_start[..word_start.len() - rest.len()];
        let Some(after) = rest.strip_prefix('}') else {
            return self.malformed(start, "`${` has no closing brace".to_owned());
        };
        *rest = after;
        let written = &start[..start.len() - after.len()];
        if name == API_KEY {
            self.refuse(ProblemCode::ApiKey, written, format!("`{API_KEY}` cannot be used in a configuration"))
                .help("sindri reads it directly; RunPod gives every pod its own key with fewer permissions");
            return Ok(String::new());
        }
        self.substituted = true;
        // Checked even if the word is used: what counts as a secret must not depend on the environment.
        self.sensitive |= names_credential(name);
        Ok(match operator {
            Operator::Default | Operator::Alternative if uses_word => word,
            Operator::Alternative => String::new(),
            Operator::Required if used && !is_set => self.required(name, raw_word, empty_counts, written),
            Operator::None if used && !is_set => {
                self.refuse(ProblemCode::UndefinedVariable, written, format!("`{name}` is not set in the environment"))
                    .label("needed here")
                    .help(format!("set it, or write a default: `${{{name}:-value}}`; write `$$` for a dollar sign"));
                String::new()
            }
            Operator::Default | Operator::Required | Operator::None => value.unwrap_or_default(),
        })
    }

    /// Reports `${NAME:?message}` with the message from the file, shown as written.
    fn required(&mut self, name: &str, message: &str, empty_counts: bool, written: &str) -> String {
        let state = if empty_counts { "not set" } else { "not set, or empty" };
        // The message may be a credential, written in the wrong place.
        let is_shown = !message.is_empty() && self.is_shown(written);
        let message = if is_shown { format!(": {message}") } else { String::new() };
        self.refuse(ProblemCode::UndefinedVariable, written, format!("`{name}` is {state}{message}"))
            .label("required here")
            .help(format!("set `{name}` in the environment"));
        String::new()
    }

    /// Reports an expression at the start of `rest` that sindri does not know.
    fn no_variable(&mut self, rest: &str) -> Result<String, Malformed> {
        let Some(end) = rest.find('}') else {
            return self.malformed(rest, "`${` has no closing brace".to_owned());
        };
        let written = &rest[..=end];
        let assigns = written.split_once(":=").or_else(|| written.split_once('=')).map(|(name, _)| &name[2..]);
        let help = match assigns {
            Some(name) if is_variable_name(name) => {
                format!("sindri does not set variables; write `${{{name}:-value}}`, or `$$` for a dollar sign")
            }
            _ => format!("{FORMS}; `:?`, `?`, `-`, `:+` and `+` work as in a shell"),
        };
        let form = if self.is_shown(written) { format!("the form `{written}`") } else { "this form".to_owned() };
        self.refuse(ProblemCode::BadVariable, written, format!("sindri does not know {form}")).help(help);
        Err(Malformed)
    }

    fn malformed(&mut self, written: &str, message: String) -> Result<String, Malformed> {
        self.refuse(ProblemCode::BadVariable, written, message).help(FORMS);
        Err(Malformed)
    }

    /// Whether the quoted line shows the expression, because nothing in it looks like a credential.
    fn is_shown(&self, written: &str) -> bool {
        self.findings.sources.shown(self.span).part(self.place(written)).is_some_and(|shown| shown == written)
    }

    /// Bytes of the expression in the file, or of the whole value.
    fn place(&self, written: &str) -> Range<usize> {
        let start = self.findings.sources.written(self.span).find(written);
        start.map_or(self.span.start..self.span.end, |offset| {
            let start = self.span.start + offset;
            start..start + written.len()
        })
    }

    /// Reports an error at the exact expression if it can be found in the file.
    fn refuse(&mut self, code: ProblemCode, written: &str, message: String) -> &mut super::problem::Problem {
        let Range { start, end } = self.place(written);
        let at = Span { start, end, ..self.span };
        self.unresolved = true;
        self.findings.error(code, at, message)
    }
}

/// The operator after a name, whether an empty value counts as set, and the text after the operator.
fn operator(rest: &str) -> Option<(Operator, bool, &str)> {
    if rest.starts_with('}') || rest.is_empty() {
        return Some((Operator::None, true, rest));
    }
    let (empty_counts, sign) = match rest.strip_prefix(':') {
        Some(sign) => (false, sign),
        None => (true, rest),
    };
    let operator = match sign.chars().next()? {
        '-' => Operator::Default,
        '?' => Operator::Required,
        '+' => Operator::Alternative,
        _ => return None,
    };
    Some((operator, empty_counts, &sign[1..]))
}
