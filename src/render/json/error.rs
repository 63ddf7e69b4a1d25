//! Errors as one flat object with a stable `code`.

use miette::Diagnostic;
use serde_json::{Map, Value as Json, json};

use crate::model::Address;

/// Facts about an error that only its reporter knows.
#[derive(Clone, Debug, Default)]
pub struct ErrorContext {
    pub address: Option<Address>,
    /// RunPod's id of the object that the error is about.
    pub id: Option<String>,
    pub exit_code: Option<u8>,
}

/// `{"code", "message", "help", "address", "id", "exit_code", "causes", "labels", "related"}`. `message` is the error's
/// own text; `causes` has the underlying errors, outermost first.
pub fn error_json(error: &dyn Diagnostic, context: &ErrorContext) -> Json {
    let ErrorContext { address, id, exit_code } = context;
    let mut json = describe(error);
    if json["code"].is_null() {
        json["code"] = json!("error");
    }
    json["format_version"] = json!(super::FORMAT_VERSION);
    json["address"] = json!(address);
    json["id"] = json!(id);
    json["exit_code"] = json!(exit_code);
    json
}

/// The JSON Schema of [`error_json`].
pub fn error_schema() -> Json {
    let text_or_null = json!({ "type": ["string", "null"] });
    let described = json!({
        "code": { "type": ["string", "null"], "description": "stable: `sindri::cli::stale_plan`" },
        "message": { "type": "string" },
        "help": { "type": ["string", "null"], "description": "advice for the next step" },
        "causes": { "type": "array", "items": { "type": "string" }, "description": "the causes, outermost first" },
        "labels": { "type": "array", "items": { "$ref": "#/$defs/label" } },
        "related": { "type": "array", "items": { "$ref": "#/$defs/problem" } },
    });
    let required = json!(["code", "message", "help", "causes", "labels", "related"]);
    let mut whole = described.clone();
    whole["format_version"] = json!({ "const": super::FORMAT_VERSION });
    whole["address"] =
        json!({ "type": ["string", "null"], "description": "`pod.trainer`, if the error is about one address" });
    whole["id"] = json!({ "type": ["string", "null"], "description": "RunPod's id, if the error is about one object" });
    whole["exit_code"] = json!({ "type": ["integer", "null"] });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "an error of sindri --json, one line on stderr",
        "type": "object",
        "properties": whole,
        "required": ["format_version", "code", "message", "help", "address", "id", "exit_code", "causes", "labels", "related"],
        "additionalProperties": false,
        "$defs": {
            "problem": {
                "description": "one of several problems that are reported together",
                "type": "object",
                "properties": described,
                "required": required,
                "additionalProperties": false,
            },
            "label": {
                "description": "position in a file, counted from 1",
                "type": "object",
                "properties": {
                    "file": { "type": "string" },
                    "line": { "type": "integer", "minimum": 1 },
                    "column": { "type": "integer", "minimum": 1 },
                    "text": text_or_null,
                },
                "required": ["text"],
                "additionalProperties": false,
            },
        },
    })
}

fn describe(error: &dyn Diagnostic) -> Json {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let related: Vec<Json> = error.related().map(|related| related.map(describe).collect()).unwrap_or_default();
    json!({
        "code": error.code().map(|code| code.to_string()),
        "message": error.to_string(),
        "help": error.help().map(|help| help.to_string()),
        "causes": causes,
        "labels": labels(error),
        "related": related,
    })
}

/// Positions in a file, counted from 1.
fn labels(error: &dyn Diagnostic) -> Vec<Json> {
    let place = |span: &miette::SourceSpan| {
        let contents = error.source_code()?.read_span(span, 0, 0).ok()?;
        let mut place = Map::new();
        place.insert("file".into(), json!(contents.name()));
        place.insert("line".into(), json!(contents.line() + 1));
        place.insert("column".into(), json!(contents.column() + 1));
        Some(place)
    };
    let labels = error.labels().into_iter().flatten();
    labels
        .map(|label| {
            let mut json = place(label.inner()).unwrap_or_default();
            json.insert("text".into(), json!(label.label()));
            Json::Object(json)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("`pod.trainer` mounts an unknown network volume")]
    #[diagnostic(code(sindri::config::unknown_volume), help("Did you mean `datasets`?"))]
    struct Unknown {
        #[source_code]
        file: miette::NamedSource<String>,
        #[label("not declared")]
        at: miette::SourceSpan,
        #[source]
        cause: std::num::ParseIntError,
    }

    #[test]
    fn an_error_says_what_where_and_what_to_do() {
        let error = Unknown {
            file: miette::NamedSource::new("sindri.yaml", "a: 1\nb: datasts\n".to_owned()),
            at: (8, 7).into(),
            cause: "x".parse::<u8>().unwrap_err(),
        };
        let context = ErrorContext { address: "pod.trainer".parse().ok(), exit_code: Some(1), ..Default::default() };
        let json = error_json(&error, &context);
        assert_eq!(json["code"], "sindri::config::unknown_volume");
        assert_eq!(json["help"], "Did you mean `datasets`?");
        assert_eq!(json["address"], "pod.trainer");
        assert_eq!(json["causes"], json!(["invalid digit found in string"]));
        let schema = jsonschema::draft202012::new(&error_schema()).unwrap();
        assert!(schema.is_valid(&json), "{json:#}");
        let mut more = json.clone();
        more["labels"][0]["news"] = json!(1);
        assert!(!schema.is_valid(&more));
        assert_eq!(json["labels"], json!([{"file": "sindri.yaml", "line": 2, "column": 4, "text": "not declared"}]));
    }
}
