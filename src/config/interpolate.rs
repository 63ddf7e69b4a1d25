//! `${NAME}` and `${NAME:-default}` in values, from the process environment.
//!
//! Works on the tree, after overlays, so that places stay right and a value that an overlay replaces needs no variable.
//! RunPod's own `{{ RUNPOD_SECRET_x }}` has no dollar sign and passes untouched.

use super::api_key::{API_KEY, Origin, holds_api_key};
use super::document::{Data, Node, Scalar};
use super::environment::is_variable_name;
use super::load::LoadOptions;
use super::problem::Findings;
use super::source::Span;
use crate::model::credential::{holds_credential, names_credential};

/// Puts variables into every value of the tree, and takes out values that hold an API key.
pub(super) fn interpolate(node: &mut Node, options: &LoadOptions<'_>, findings: &mut Findings) {
    match &mut node.data {
        Data::Scalar(scalar) => {
            if scalar.text.contains('$') {
                let variables = options.variables;
                let interpolation =
                    Interpolation { span: node.span, variables, findings, sensitive: false, unresolved: false };
                interpolation.apply(scalar);
            }
            refuse_api_key(node.span, scalar, &options.api_keys, findings);
        }
        Data::List(items) => items.iter_mut().for_each(|item| interpolate(item, options, findings)),
        Data::Map(entries) => entries.iter_mut().for_each(|entry| interpolate(&mut entry.value, options, findings)),
    }
}

/// The key may arrive under the name of any variable, or be written out.
fn refuse_api_key(span: Span, scalar: &mut Scalar, keys: &[String], findings: &mut Findings) {
    let origin = if scalar.written.is_some() { Origin::Resolved } else { Origin::Literal };
    if holds_api_key(&scalar.text, origin, keys) {
        findings
            .error("api_key", span, "this value holds your RunPod API key")
            .help(format!("remove it: no pod may get the key, and RunPod gives every pod a `{API_KEY}` of its own"));
        scalar.text.clear();
        scalar.written.get_or_insert_default();
        scalar.unresolved = true;
    }
}

struct Interpolation<'a> {
    span: Span,
    variables: &'a dyn Fn(&str) -> Option<String>,
    findings: &'a mut Findings,
    sensitive: bool,
    unresolved: bool,
}

impl Interpolation<'_> {
    fn apply(mut self, scalar: &mut Scalar) {
        let mut text = String::new();
        let mut rest = scalar.text.as_str();
        while let Some(dollar) = rest.find('$') {
            text.push_str(&rest[..dollar]);
            rest = &rest[dollar..];
            if let Some(after) = rest.strip_prefix("$$") {
                text.push('$');
                rest = after;
            } else if let Some(inside) = rest.strip_prefix("${") {
                let Some(end) = inside.find('}') else {
                    self.refuse("bad_variable", rest, "`${` has no closing brace".to_owned())
                        .help("write `${NAME}`, or `$$` for a dollar sign");
                    scalar.unresolved = true;
                    return;
                };
                text.push_str(&self.value(&inside[..end], &rest[..end + 3]));
                rest = &inside[end + 1..];
            } else {
                // A dollar sign on its own is the shell's: `$HOME` in a command.
                text.push('$');
                rest = &rest[1..];
            }
        }
        text.push_str(rest);
        // A variable of any name may bring one in, or the half of a URL that makes one.
        scalar.sensitive = self.sensitive || (text != scalar.text && holds_credential(&text));
        scalar.unresolved = self.unresolved;
        scalar.written = Some(std::mem::replace(&mut scalar.text, text));
    }

    /// The value of `NAME` or `NAME:-default`; empty after a finding.
    fn value(&mut self, expression: &str, written: &str) -> String {
        let (name, default) = match expression.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (expression, None),
        };
        if !is_variable_name(name) {
            self.refuse("bad_variable", written, format!("`{written}` names no variable"))
                .help("write `${NAME}` or `${NAME:-default}`; `$$` gives a dollar sign");
            return String::new();
        }
        if name == API_KEY {
            self.refuse("api_key", written, format!("`{API_KEY}` may not be put into a configuration"))
                .help("sindri reads it by itself; RunPod gives every pod a key of its own that can do less");
            return String::new();
        }
        self.sensitive |= names_credential(name);
        // As in a shell, `:-` also stands in for an empty value.
        match ((self.variables)(name), default) {
            (Some(value), Some(default)) if value.is_empty() => default.to_owned(),
            (Some(value), _) => value,
            (None, Some(default)) => default.to_owned(),
            (None, None) => {
                self.refuse("undefined_variable", written, format!("`{name}` is not set in the environment"))
                    .label("needed here")
                    .help(format!("set it, or give a default: `${{{name}:-value}}`; `$$` gives a dollar sign"));
                String::new()
            }
        }
    }

    /// A finding at the very words, where they can be found in the file.
    fn refuse(&mut self, code: &'static str, written: &str, message: String) -> &mut super::problem::Problem {
        let start = self.findings.sources.written(self.span).find(written);
        let at = start.map_or(self.span, |offset| {
            let start = self.span.start + offset;
            Span { start, end: start + written.len(), ..self.span }
        });
        self.unresolved = true;
        self.findings.error(code, at, message)
    }
}
