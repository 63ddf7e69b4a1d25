//! ECR delegations in v2. Source: `EcrDelegation` of OpenAPI v2, which shows the parts of the ARN.

use serde_json::Value as Body;

use crate::kind::ECR_DELEGATION;
use crate::model::{Attributes, Marker, Object};
use crate::runpod::decode::{ReadAttributes, text, time};
use crate::runpod::encode::RequestBody;
use crate::runpod::json::Json;
use crate::runpod::wire::{Wire, no_advice};

pub(super) static WIRE: Wire = Wire {
    kind: &ECR_DELEGATION,
    collection: "/v2/registries/delegations",
    list_query: "",
    read_query: "",
    has_read: false,
    rows: Some("delegations"),
    create: encode_create,
    update: None,
    decode,
    power: None,
    stock: None,
    workers: None,
    advice: no_advice,
};

fn encode_create(inputs: &Attributes, _: Option<&Marker>) -> Body {
    let mut body = RequestBody::default();
    body.given(&[("ecr", "resource"), ("name", "name")], inputs);
    body.into_json()
}

fn decode(json: &Json<'_>) -> Option<Object> {
    let mut found = ReadAttributes::default();
    found.texts(&[("name", "name")], json);
    found.put("ecr", arn(json));
    let mut object = found.into_object(&ECR_DELEGATION, json)?;
    object.computed.created_at = time(json, "createdAt");
    Some(object)
}

/// The ARN that was delegated. RunPod adds the tag `latest` if there was none.
fn arn(json: &Json<'_>) -> Option<String> {
    let part = |member: &str| text(json, member);
    let (region, account, repository) = (part("awsRegion")?, part("awsUser")?, part("repository")?);
    let tag = part("tag").filter(|tag| *tag != "latest").map(|tag| format!(":{tag}")).unwrap_or_default();
    Some(format!("arn:aws:ecr:{region}:{account}:repository/{repository}{tag}"))
}
