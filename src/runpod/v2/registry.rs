//! Registry credentials in v2. Source: section 8 of the API contract.

use serde_json::Value as Body;

use crate::kind::REGISTRY;
use crate::model::{Attributes, Object};
use crate::runpod::decode::ReadAttributes;
use crate::runpod::encode::RequestBody;
use crate::runpod::error::{ErrorClass, Purpose, names_all};
use crate::runpod::json::Json;
use crate::runpod::wire::Wire;

pub(super) static WIRE: Wire = Wire {
    kind: &REGISTRY,
    collection: "/v2/registries",
    list_query: "",
    read_query: "",
    has_read: true,
    rows: Some("registries"),
    create: encode_create,
    update: None,
    decode,
    power: None,
    stock: None,
    workers: None,
    advice,
};

fn encode_create(inputs: &Attributes, _: Option<&crate::model::Marker>) -> Body {
    let mut body = RequestBody::default();
    body.given(&[("name", "name"), ("username", "username"), ("password", "password")], inputs);
    body.into_json()
}

fn decode(json: &Json<'_>) -> Option<Object> {
    let mut found = ReadAttributes::default();
    found.texts(&[("name", "name")], json);
    found.into_object(&REGISTRY, json)
}

fn advice(purpose: Purpose, class: ErrorClass, message: &str) -> Option<&'static str> {
    match (purpose, class) {
        (Purpose::Create, ErrorClass::Invalid | ErrorClass::Conflict) if names_all(message, &["already exists"]) => {
            Some(
                "the account has a registry credential with this name. Import it with `sindri import registry.NAME \
                 ID`, or set another `name`",
            )
        }
        (Purpose::Delete, ErrorClass::Invalid) if names_all(message, &["in use"]) => Some(
            "RunPod keeps a credential while a pod uses it. Replace or destroy those pods, or set their `registry` to \
             another credential, and run the command again. The credential costs nothing",
        ),
        _ => None,
    }
}
