//! The operations of [`Api`] as requests, with the checks before sending and the checks of the response.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value as Body;

use super::answer::Answer;
use super::classify::nonsense;
use super::client::{ApiCall, Client, secrets};
use super::decode::{flag, is_id};
use super::dialects::codec;
use super::encode::is_set;
use super::error::Purpose;
use super::json::Json;
use super::wire::{PowerRequest, Update, Wire};
use super::{Api, ApiError, ErrorClass};
use crate::kind::{AccountObject, Kind, Support};
use crate::model::{Attributes, Dialect, Marker, Object, Power, Rollout, Secret, Value, WorkerCounts};
use crate::planner::decide::feasible::Presence;
use crate::transport::Method;

impl Client {
    /// Finds problems of a create before it is sent.
    fn check_create(
        &self,
        request: &str,
        kind: &'static Kind,
        inputs: &Attributes,
        body: &Body,
    ) -> Result<(), ApiError> {
        self.check_values(request, kind, inputs)?;
        self.check_size(request, Some(&Bytes::from(body.to_string())))
    }

    /// Decodes an object, masking the API key in case RunPod repeats it.
    pub(super) fn decode(&self, wire: &Wire, json: &Json<'_>) -> Option<Object> {
        let mut object = (wire.decode)(json)?;
        if self.key.secret().is_some_and(|key| object.id.contains(key)) {
            return None;
        }
        self.key_masker.hide_in(&mut object);
        Some(object)
    }

    /// Sends a request about an object, and reads the body of a success. A refusal gets the advice of its kind.
    async fn send_about<T>(
        &self,
        wire: &Wire,
        call: ApiCall<'_>,
        read: impl Fn(&[u8]) -> serde_json::Result<T> + Send,
    ) -> Result<T, ApiError> {
        let answer = self.exchange(call, read).await;
        answer.map(|answer| answer.content).map_err(|error| ApiError { advice: Some(wire.advice), ..error })
    }

    /// Sends a request whose response is one object, and decodes it.
    async fn object(&self, wire: &'static Wire, call: ApiCall<'_>) -> Result<Object, ApiError> {
        let (request, purpose) = (call.request(), call.purpose);
        let object = self.send_about(wire, call, |body| Ok(self.decode(wire, &Json::read(body)?))).await?;
        object.ok_or_else(|| nonsense(purpose, &request, "the response has no object with an id"))
    }

    /// Reads what is below an object's own path.
    async fn read_below<T: Send>(
        &self,
        wire: &Wire,
        id: &str,
        below: &str,
        read: fn(&Json<'_>) -> Option<T>,
    ) -> Result<T, ApiError> {
        let call = ApiCall::read(object_path(wire, id)? + below);
        let request = call.request();
        let found = self.send_about(wire, call, |body| Ok(read(&Json::read(body)?))).await?;
        found.ok_or_else(|| nonsense(Purpose::Read, &request, "the response does not have the documented form"))
    }

    /// Refuses values that no request can carry. They would be dropped, and RunPod would create something else.
    fn check_values(&self, request: &str, kind: &Kind, values: &Attributes) -> Result<(), ApiError> {
        for (name, value) in values {
            let support = kind.attribute(name).map(|attribute| attribute.support(self.dialect));
            let why = match support {
                None => Some("is not an attribute of this kind"),
                Some(Support::No { reason, .. }) if is_set(Some(value)) => Some(reason),
                Some(_) if !is_known(value) => Some("is not known yet"),
                Some(_) => None,
            };
            if let Some(why) = why {
                return Err(ApiError::local(ErrorClass::Invalid, request, format!("`{name}`: {why}")));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Api for Client {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn list_lag(&self) -> Duration {
        self.list_lag
    }

    async fn list(&self, kind: &'static Kind) -> Result<Vec<Object>, ApiError> {
        self.listed(self.wire(kind)?).await
    }

    async fn read(&self, kind: &'static Kind, id: &str) -> Result<Option<Object>, ApiError> {
        let wire = self.wire(kind)?;
        if !wire.has_read {
            return Ok(self.listed(wire).await?.into_iter().find(|object| object.id == id));
        }
        let call = ApiCall::read(with_query(&object_path(wire, id)?, wire.read_query));
        let request = &call.request();
        match self.object(wire, call).await.and_then(|object| same_object(id, object, request, Purpose::Read)) {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.class == ErrorClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(
        &self,
        kind: &'static Kind,
        inputs: &Attributes,
        marker: Option<&Marker>,
    ) -> Result<Object, ApiError> {
        let wire = self.wire(kind)?;
        let call = ApiCall {
            purpose: Purpose::Create,
            method: Method::Post,
            path: wire.collection.to_owned(),
            body: Some((wire.create)(inputs, marker)),
            secrets: secrets(inputs),
        };
        let request = call.request();
        self.check_values(&request, kind, inputs)?;
        let object = self.object(wire, call).await?;
        match (marker, &object.marker) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                Err(nonsense(Purpose::Create, &request, "the response shows an object that another request created"))
            }
            _ => Ok(object),
        }
    }

    async fn update(&self, kind: &'static Kind, current: &Object, changes: &Attributes) -> Result<Object, ApiError> {
        let wire = self.wire(kind)?;
        let path = object_path(wire, &current.id)?;
        let Some(update) = &wire.update else {
            let message = format!("a {} cannot be changed", kind.title);
            return Err(ApiError::local(ErrorClass::Invalid, format!("{} {path}", Method::Patch.word()), message));
        };
        let mut secrets = secrets(changes);
        secrets.extend(self::secrets(&current.attributes));
        let body = Some((update.encode)(current, changes));
        let call = ApiCall { purpose: Purpose::Update, method: Method::Patch, path, body, secrets };
        let request = call.request();
        self.check_values(&request, kind, changes)?;
        check_update(&request, kind, update, current, changes)?;
        let object = self.object(wire, call).await?;
        same_object(&current.id, object, &request, Purpose::Update)
    }

    async fn delete(&self, kind: &'static Kind, id: &str) -> Result<bool, ApiError> {
        let wire = self.wire(kind)?;
        let path = object_path(wire, id)?;
        let call = ApiCall { purpose: Purpose::Delete, method: Method::Delete, path, body: None, secrets: Vec::new() };
        match self.send_about(wire, call, ignored).await {
            Ok(()) => Ok(true),
            Err(error) if error.class == ErrorClass::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn power(&self, kind: &'static Kind, id: &str, power: Power) -> Result<(), ApiError> {
        let wire = self.wire(kind)?;
        let path = object_path(wire, id)?;
        let Some(encode) = wire.power else {
            let message = format!("a {} cannot be started or stopped", kind.title);
            return Err(ApiError::local(ErrorClass::Invalid, format!("{} {path}", Method::Post.word()), message));
        };
        let PowerRequest { below, body } = encode(power);
        let path = path + below;
        let call = ApiCall { purpose: Purpose::Power, method: Method::Post, path, body, secrets: Vec::new() };
        self.send_about(wire, call, ignored).await
    }

    fn stock_key(&self, kind: &'static Kind, inputs: &Attributes) -> Option<String> {
        (self.wire(kind).ok()?.stock.as_ref()?.key)(inputs)
    }

    async fn presence(&self, outside: AccountObject, id: &str) -> Result<Option<Presence>, ApiError> {
        let collections = codec(self.dialect).outside;
        let Some(place) = collections.iter().find(|place| place.outside == outside) else { return Ok(None) };
        // RunPod has no such ids, and this one would change the path.
        if !is_id(id) {
            return Ok(Some(Presence::Absent));
        }
        let call = ApiCall::read(with_query(&format!("{}/{id}", place.collection), place.query));
        let unfit = |json: Json<'_>| {
            let (member, wanted) = place.serverless?;
            match (flag(&json, member).unwrap_or(false), wanted) {
                (true, false) => Some("it is for serverless workers, not for pods"),
                (false, true) => Some("it is for pods, not for serverless workers"),
                _ => None,
            }
        };
        match self.exchange(call, |body| Json::read(body).map(unfit)).await {
            Ok(Answer { content: Some(reason), .. }) => Ok(Some(Presence::Unfit(reason))),
            Ok(_) => Ok(Some(Presence::Usable)),
            Err(error) if error.class == ErrorClass::NotFound => Ok(Some(Presence::Absent)),
            Err(error) => Err(error),
        }
    }

    fn unsendable(&self, kind: &'static Kind, inputs: &Attributes, marker: Option<&Marker>) -> Option<ApiError> {
        let wire = self.wire(kind).ok()?;
        // A plan may be made where the write-only values are not set; an apply checks them before it starts.
        let is_write_only = |name: &str| kind.write_only().any(|attribute| attribute.name == name);
        let known = inputs.iter().map(|(name, value)| match value {
            Value::Secret(secret) if secret.expose().is_none() && is_write_only(name) => {
                (name.clone(), Value::Secret(Secret::new("unknown")))
            }
            value => (name.clone(), with_usual_ids(value)),
        });
        let known = known.collect();
        let request = format!("{} {}", Method::Post.word(), wire.collection);
        self.check_create(&request, kind, &known, &(wire.create)(&known, marker)).err()
    }

    async fn workers(&self, kind: &'static Kind, id: &str) -> Result<Option<WorkerCounts>, ApiError> {
        let wire = self.wire(kind)?;
        let Some(queries) = &wire.workers else { return Ok(None) };
        self.read_below(wire, id, queries.list, queries.read_list).await.map(Some)
    }

    async fn standby_workers(&self, kind: &'static Kind, object: &Object) -> Result<Option<u64>, ApiError> {
        let Some(queries) = &self.wire(kind)?.workers else { return Ok(None) };
        let at_rest = (queries.at_rest)(&object.attributes);
        let workers = self.workers(kind, &object.id).await?;
        Ok(workers.map(|workers| workers.total.saturating_sub(at_rest)))
    }

    async fn rollout(&self, kind: &'static Kind, id: &str) -> Result<Option<Rollout>, ApiError> {
        let wire = self.wire(kind)?;
        let Some(queries) = &wire.workers else { return Ok(None) };
        self.read_below(wire, id, queries.releases, queries.read_rollout).await.map(Some)
    }

    async fn in_stock(&self, kind: &'static Kind, inputs: &Attributes) -> Result<Option<bool>, ApiError> {
        let Some(stock) = &self.wire(kind)?.stock else { return Ok(None) };
        let Some(path) = (stock.path)(inputs) else { return Ok(None) };
        let answer = self.exchange(ApiCall::read(path), |body| Ok((stock.any)(&Json::read(body)?, inputs))).await?;
        Ok(answer.content)
    }
}

/// Reads nothing. The status of the response is enough.
fn ignored(_: &[u8]) -> serde_json::Result<()> {
    Ok(())
}

/// Refuses an update that the body cannot carry, or that would lose values that RunPod did not show.
fn check_update(
    request: &str,
    kind: &Kind,
    update: &Update,
    current: &Object,
    changes: &Attributes,
) -> Result<(), ApiError> {
    if let Some(name) = changes.keys().find(|name| !update.attributes.contains(&name.as_str())) {
        let message = format!("`{name}` of a {} cannot be changed", kind.title);
        return Err(ApiError::local(ErrorClass::Invalid, request, message));
    }
    let unknown = |name: &&&str| changes.contains_key(name) && !current.attributes.contains_key(name);
    if let Some(name) = update.replaced_whole.iter().find(unknown) {
        let message =
            format!("RunPod replaces all of `{name}` but did not show its current value; nothing was changed");
        return Err(ApiError::local(ErrorClass::Malformed, request, message));
    }
    Ok(())
}

/// The path of one object. Ids also come from files, and must not change the path.
fn object_path(wire: &Wire, id: &str) -> Result<String, ApiError> {
    if !is_id(id) {
        let message = format!("`{}` is not an id of a {}", id.escape_debug(), wire.kind.title);
        return Err(ApiError::local(ErrorClass::Invalid, "", message));
    }
    Ok(format!("{}/{id}", wire.collection))
}

/// The object, if it is the requested one. Otherwise the state would record the attributes of another object.
fn same_object(id: &str, object: Object, request: &str, purpose: Purpose) -> Result<Object, ApiError> {
    if object.id == id { Ok(object) } else { Err(nonsense(purpose, request, "the response shows another object")) }
}

/// Replaces references, whose ids are not known yet, with an id of the usual length.
fn with_usual_ids(value: &Value) -> Value {
    match value {
        Value::Reference(_) => Value::text("0123456789"),
        Value::List(items) => Value::List(items.iter().map(with_usual_ids).collect()),
        other => other.clone(),
    }
}

pub(super) fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Whether a value can be sent in full.
fn is_known(value: &Value) -> bool {
    match value {
        Value::Reference(_) => false,
        Value::Secret(secret) => secret.expose().is_some(),
        Value::List(items) => items.iter().all(is_known),
        Value::Map(map) => map.values().all(is_known),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) => true,
    }
}
