//! Evaluates expressions of GitHub Actions, as far as the workflows here use them. Unknown forms are errors, so that
//! nothing seems simulated that is not.

use serde_json::{Value, json};

/// The status of the previous steps, for `always()` and similar functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Success,
    Failure,
}

/// The values available to expressions.
pub struct Scope {
    /// `github`, `env`, `matrix`, ...
    pub contexts: Value,
    pub status: Status,
}

impl Scope {
    /// A text with its `${{ }}` expressions replaced.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) =
                after.split_once("}}").ok_or_else(|| format!("`${{{{` without end in `{text}`"))?;
            filled.push_str(before);
            filled.push_str(&shown(&self.evaluate(expression)?));
            rest = after;
        }
        Ok(filled + rest)
    }

    /// A value that may be a single expression, and then keeps its type.
    pub fn value(&self, text: &str) -> Result<Value, String> {
        match text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(expression) if !expression.contains("${{") => self.evaluate(expression),
            _ => Ok(Value::String(self.fill(text)?)),
        }
    }

    /// An `if:` condition. Without a status function, it also requires that all steps so far succeeded.
    pub fn condition(&self, text: &str) -> Result<bool, String> {
        let expression = text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(text);
        let asks = ["always()", "cancelled()", "failure()", "success()"].iter().any(|call| expression.contains(call));
        Ok((asks || self.status == Status::Success) && truthy(&self.evaluate(expression)?))
    }

    pub fn evaluate(&self, expression: &str) -> Result<Value, String> {
        let tokens = tokens(expression)?;
        let mut parser = Parser { scope: self, tokens: &tokens, at: 0 };
        let value = parser.either()?;
        match parser.peek() {
            None => Ok(value),
            Some(token) => Err(format!("unexpected `{token}` in `{expression}`")),
        }
    }
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != json!("") && *value != json!(0)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Names with their dots, strings with their quotes, and operators.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => {
                rest[1..].find('\'').map(|end| end + 2).ok_or_else(|| format!("a string without end in `{text}`"))?
            }
            '(' | ')' | ',' => 1,
            _ if ["&&", "||", "==", "!="].iter().any(|operator| rest.starts_with(operator)) => 2,
            '!' => 1,
            _ => rest.find(|c: char| !(c.is_alphanumeric() || "._-".contains(c))).unwrap_or(rest.len()),
        };
        if length == 0 {
            return Err(format!("cannot read `{rest}`"));
        }
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    scope: &'a Scope,
    tokens: &'a [String],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn either(&mut self) -> Result<Value, String> {
        let mut value = self.both()?;
        while self.takes("||") {
            let other = self.both()?;
            value = if truthy(&value) { value } else { other };
        }
        Ok(value)
    }

    fn both(&mut self) -> Result<Value, String> {
        let mut value = self.compared()?;
        while self.takes("&&") {
            let other = self.compared()?;
            value = if truthy(&value) { other } else { value };
        }
        Ok(value)
    }

    fn compared(&mut self) -> Result<Value, String> {
        let value = self.single()?;
        if self.takes("==") {
            return Ok(json!(shown(&value) == shown(&self.single()?)));
        }
        if self.takes("!=") {
            return Ok(json!(shown(&value) != shown(&self.single()?)));
        }
        Ok(value)
    }

    fn single(&mut self) -> Result<Value, String> {
        let token = self.peek().ok_or("an expression ends early")?;
        self.at += 1;
        if token == "!" {
            return Ok(json!(!truthy(&self.single()?)));
        }
        if let Some(text) = token.strip_prefix('\'') {
            return Ok(json!(text.trim_end_matches('\'')));
        }
        if self.takes("(") {
            return self.call(token);
        }
        let mut value = &self.scope.contexts;
        for (depth, name) in token.split('.').enumerate() {
            // A missing value in a context is empty; a context that is not simulated is an error.
            value = match value.get(name) {
                None if depth == 0 => return Err(format!("`{token}`: `{name}` is not simulated")),
                None => return Ok(Value::Null),
                Some(value) => value,
            };
        }
        Ok(value.clone())
    }

    fn call(&mut self, name: &str) -> Result<Value, String> {
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.either()?);
            self.takes(",");
        }
        let status = self.scope.status;
        match (name, arguments.as_slice()) {
            ("always", []) => Ok(json!(true)),
            ("cancelled", []) => Ok(json!(false)),
            ("success", []) => Ok(json!(status == Status::Success)),
            ("failure", []) => Ok(json!(status == Status::Failure)),
            ("fromJSON", [text]) => serde_json::from_str(&shown(text)).map_err(|error| error.to_string()),
            ("format", [pattern, values @ ..]) => {
                let fill = |text: String, (number, value): (usize, &Value)| {
                    text.replace(&format!("{{{number}}}"), &shown(value))
                };
                Ok(Value::String(values.iter().enumerate().fold(shown(pattern), fill)))
            }
            _ => Err(format!("`{name}` with {} arguments is not simulated", arguments.len())),
        }
    }
}

#[test]
fn expressions_mean_the_same_as_on_github() {
    let contexts = json!({ "env": { "TRUSTED": "true" }, "inputs": {}, "matrix": { "environment": "prod" } });
    let scope = |status| Scope { contexts: contexts.clone(), status };
    let success = scope(Status::Success);
    assert_eq!(success.fill("state-${{ matrix.environment }}.${{ inputs.none }}"), Ok("state-prod.".to_owned()));
    let matrix = "${{ fromJSON(inputs.environment && format('[\"{0}\"]', inputs.environment) || '[\"a\", \"b\"]') }}";
    assert_eq!(success.value(matrix), Ok(json!(["a", "b"])));
    assert_eq!(success.condition("env.TRUSTED == 'true'"), Ok(true));
    assert_eq!(scope(Status::Failure).condition("env.TRUSTED == 'true'"), Ok(false));
    assert_eq!(scope(Status::Failure).condition("${{ !cancelled() && env.TRUSTED != 'false' }}"), Ok(true));
    assert!(success.evaluate("secrets.KEY").is_err());
    assert!(success.evaluate("hashFiles('x')").is_err());
}
