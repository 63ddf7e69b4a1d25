//! Secrets in v2. Source: section 7 of the API contract.

use serde_json::Value as Body;

use crate::kind::SECRET;
use crate::model::marker::MARKER_VARIABLE;
use crate::model::{Attributes, Marker, Object, Value};
use crate::runpod::decode::{ReadAttributes, text, time};
use crate::runpod::encode::RequestBody;
use crate::runpod::error::{ErrorClass, Purpose};
use crate::runpod::json::Json;
use crate::runpod::wire::{Update, Wire};

pub(super) static WIRE: Wire = Wire {
    kind: &SECRET,
    collection: "/v2/account/secrets",
    list_query: "",
    read_query: "",
    has_read: true,
    rows: Some("secrets"),
    create: encode_create,
    update: Some(Update {
        encode: encode_update,
        attributes: &["value", "version", "description"],
        replaced_whole: &[],
    }),
    decode,
    power: None,
    stock: None,
    workers: None,
    advice,
};

fn encode_create(inputs: &Attributes, marker: Option<&Marker>) -> Body {
    let mut body = RequestBody::default();
    body.given(&[("name", "name"), ("value", "value")], inputs);
    let description = with_marker(inputs.get("description").and_then(Value::as_text), marker);
    if !description.is_empty() {
        body.set("description", description);
    }
    body.into_json()
}

/// RunPod writes the value before the description. A version alone writes the value again.
fn encode_update(current: &Object, changes: &Attributes) -> Body {
    let mut body = RequestBody::default();
    body.given(&[("value", "value")], changes);
    if let Some(description) = changes.get("description") {
        body.set("description", with_marker(description.as_text(), current.marker.as_ref()));
    }
    body.into_json()
}

/// A description that ends in the marker: `for downloads [SINDRI_RESOURCE=...]`.
fn with_marker(description: Option<&str>, marker: Option<&Marker>) -> String {
    let description = description.unwrap_or_default();
    match marker {
        None => description.to_owned(),
        Some(marker) if description.is_empty() => format!("[{MARKER_VARIABLE}={marker}]"),
        Some(marker) => format!("{description} [{MARKER_VARIABLE}={marker}]"),
    }
}

/// The description without the marker, and the marker.
fn without_marker(description: &str) -> (&str, Option<Marker>) {
    let found = description.rsplit_once(&format!("[{MARKER_VARIABLE}="));
    let marked = found.and_then(|(rest, marker)| Some((rest, marker.strip_suffix(']')?.parse().ok()?)));
    match marked {
        Some((rest, marker)) => (rest.strip_suffix(' ').unwrap_or(rest), Some(marker)),
        None => (description, None),
    }
}

fn decode(json: &Json<'_>) -> Option<Object> {
    let mut found = ReadAttributes::default();
    found.texts(&[("name", "name")], json);
    // An absent description may be the empty one that was asked for.
    let (description, marker) = without_marker(json.get("description").and_then(Json::as_str).unwrap_or_default());
    found.put("description", Some(description));
    let mut object = found.into_object(&SECRET, json)?;
    object.marker = marker;
    object.computed.created_at = time(json, "createdAt");
    let updated = text(json, "valueLastUpdatedAt").and(time(json, "valueLastUpdatedAt"));
    object.computed.chosen.extend(updated.map(|at| ("value_updated_at".to_owned(), at)));
    Some(object)
}

fn advice(purpose: Purpose, class: ErrorClass, _: &str) -> Option<&'static str> {
    match (purpose, class) {
        (Purpose::Create, ErrorClass::Conflict) => Some(
            "the account has a secret with this name, and sindri does not overwrite it. If it is this one, run \
             `sindri import secret.NAME ID`, with the id from the console. If another project manages it, refer to it \
             with `source: runpod` and without `store`. Otherwise set another `storeName`",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_keeps_its_text_beside_the_marker() {
        let marker: Marker = "4f1c09aa:llm/prod:secret.HF_TOKEN:01hx2".parse().unwrap();
        for text in ["", "for downloads", "a [b] c", "ends with a blank ", "[SINDRI_RESOURCE=x]"] {
            for marker in [None, Some(&marker)] {
                let sent = with_marker(Some(text), marker);
                assert_eq!(without_marker(&sent), (text, marker.cloned()), "{sent}");
            }
        }
    }
}
