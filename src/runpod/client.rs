//! The client: domain operations become requests of one dialect, paced, retried where that is safe, and judged.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use super::error::{Context, Purpose};
use super::pace::{Pace, Patience};
use super::v1::V1;
use super::v2::V2;
use super::wire::{Codec, Wire, is_set};
use super::{Api, ApiError, ApiKey, ErrorClass, Failure, LIST_LAG, NotifyFn, TraceFn};
use crate::kind::{Kind, Outside, Support};
use crate::model::{Attributes, Dialect, Marker, Object, Power, Value};
use crate::planner::feasible::Presence;
use crate::transport::{Method, Reply, Request, Transport, TransportError};

/// RunPod's gateway refuses the names of HTTP libraries (Q1).
const USER_AGENT: &str = concat!("sindri/", env!("CARGO_PKG_VERSION"));

/// How often a request that may be repeated is sent at most. Source: RunPod's own SDK (contract, section 2.5).
const ATTEMPTS: u32 = 4;

/// The longest that quotas and 429s may delay one request, unless told otherwise.
const WAIT_LIMIT: Duration = Duration::from_secs(600);

/// Longest pause between two attempts that RunPod did not ask for.
const LONGEST_BACKOFF_MS: u64 = 30_000;

/// Longer pauses are announced.
const ANNOUNCED: Duration = Duration::from_secs(5);

/// RunPod behind one transport, in one dialect.
pub struct Client {
    transport: Arc<dyn Transport>,
    key: ApiKey,
    dialect: Dialect,
    pace: Pace,
    wait_limit: Duration,
    list_lag: Duration,
    jitter: Mutex<fastrand::Rng>,
    /// What no message may hold, whichever request it is about.
    hidden: BTreeSet<String>,
    trace: Option<TraceFn>,
    notify: Option<NotifyFn>,
}

/// One request, before headers.
struct Call<'a> {
    purpose: Purpose,
    method: Method,
    path: String,
    body: Option<Json>,
    secrets: Vec<&'a str>,
}

impl Call<'_> {
    fn read(path: String) -> Self {
        Self { purpose: Purpose::Read, method: Method::Get, path, body: None, secrets: Vec::new() }
    }

    /// `GET /v2/pods`: without the query, which may hold a cursor.
    fn request(&self) -> String {
        format!("{} {}", self.method.word(), self.path.split('?').next().unwrap_or_default())
    }
}

impl Client {
    pub fn new(transport: Arc<dyn Transport>, key: ApiKey, dialect: Dialect) -> Self {
        Self {
            transport,
            key,
            dialect,
            pace: Pace::default(),
            wait_limit: WAIT_LIMIT,
            list_lag: LIST_LAG,
            jitter: Mutex::new(fastrand::Rng::new()),
            hidden: BTreeSet::new(),
            trace: None,
            notify: None,
        }
    }

    /// Keeps the secrets among these attributes out of every message, should RunPod repeat them; those of a request are kept
    /// out of what is said about it in any case.
    #[must_use]
    pub fn hiding<'a>(mut self, attributes: impl Iterator<Item = &'a Attributes>) -> Self {
        self.hidden = attributes.flat_map(secrets).map(str::to_owned).collect();
        self
    }

    /// Called with one line per request and reply.
    #[must_use]
    pub fn with_trace(mut self, trace: TraceFn) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Called before waits of more than five seconds.
    #[must_use]
    pub fn with_notify(mut self, notify: NotifyFn) -> Self {
        self.notify = Some(notify);
        self
    }

    /// The longest that quotas and 429s may delay one request (10 minutes, if not set).
    #[must_use]
    pub fn with_wait_limit(mut self, limit: Duration) -> Self {
        self.wait_limit = limit;
        self
    }

    /// For a server whose lists lag less than RunPod's: what an interrupted run left open is settled so much sooner.
    #[must_use]
    pub fn with_list_lag(mut self, lag: Duration) -> Self {
        self.list_lag = lag;
        self
    }

    /// Makes the jitter of retries repeatable.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.jitter = Mutex::new(fastrand::Rng::with_seed(seed));
        self
    }

    /// Sends a request until it is answered for good, and gives the JSON of a success (`Null` where there is no body).
    async fn send(&self, call: Call<'_>) -> Result<Json, ApiError> {
        let request = call.request();
        let mut secrets = call.secrets;
        secrets.extend(self.key.secret());
        secrets.extend(self.hidden.iter().map(String::as_str));
        let context = Context { request: &request, purpose: call.purpose, dialect: self.dialect, secrets: &secrets };
        let body = call.body.as_ref().map(|json| Bytes::from(json.to_string()));
        self.check_size(&request, body.as_ref())?;

        let mut patience = Patience { waited: Duration::ZERO, limit: self.wait_limit };
        let mut in_doubt = false;
        let mut failures = 0;
        let mut refusals = 0;
        let mut refused: Option<ApiError> = None;
        loop {
            let ticket = match self.pace.admit(&mut patience, self.notify.as_ref()).await {
                Ok(ticket) => ticket,
                Err(wait) => {
                    let message = format!("no request is allowed for another {} s", wait.as_secs());
                    let mut error =
                        refused.unwrap_or_else(|| ApiError::local(ErrorClass::RateLimited, request.as_str(), message));
                    error.retry_after = Some(wait);
                    return Err(doubted(error, in_doubt));
                }
            };
            let error = match self.attempt(&call.path, call.method, body.clone(), &request).await {
                Err(error) => {
                    drop(ticket);
                    context.lost(&error)
                }
                Ok(reply) => {
                    ticket.answered(&reply, self.backoff(refusals));
                    match judge(&context, &reply) {
                        Ok(json) => return Ok(json),
                        Err(error) => error,
                    }
                }
            };
            if error.class == ErrorClass::RateLimited {
                // It had no effect; the pace holds all requests until another one makes sense, or gives up.
                refusals += 1;
                refused = Some(error);
                continue;
            }
            let pause = self.backoff(failures).max(error.retry_after.unwrap_or_default());
            failures += 1;
            patience.waited += pause;
            if failures == ATTEMPTS || !worth_repeating(&error, call.purpose) || patience.waited > patience.limit {
                return Err(doubted(error, in_doubt));
            }
            in_doubt |= error.failure == Failure::Unknown;
            if let Some(notify) = self.notify.as_ref().filter(|_| pause > ANNOUNCED) {
                notify(pause, &error.to_string());
            }
            sleep(pause).await;
        }
    }

    /// One request on its way, with its headers.
    async fn attempt(
        &self,
        path: &str,
        method: Method,
        body: Option<Bytes>,
        request: &str,
    ) -> Result<Reply, TransportError> {
        let mut headers = vec![
            ("authorization".to_owned(), self.key.header()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let start = Instant::now();
        let result = self.transport.send(Request { method, path: path.to_owned(), headers, body }).await;
        if let Some(trace) = &self.trace {
            let answer = match &result {
                Ok(reply) => reply.status.to_string(),
                Err(TransportError::NotSent { .. }) => "not sent".to_owned(),
                Err(TransportError::NoAnswer { .. }) => "no answer".to_owned(),
            };
            trace(&format!("{request} -> {answer} in {} ms", start.elapsed().as_millis()));
        }
        result
    }

    fn check_size(&self, request: &str, body: Option<&Bytes>) -> Result<(), ApiError> {
        match (codec(self.dialect).body_limit, body) {
            (Some(limit), Some(body)) if body.len() > limit => {
                let message = format!("the request has {} bytes; RunPod accepts {limit}", body.len());
                Err(ApiError::local(ErrorClass::TooLarge, request, message))
            }
            _ => Ok(()),
        }
    }

    /// The pause after so many failures before: about 1, 2, 4 s, each up to twice as long, so that clients which failed
    /// together do not return together.
    fn backoff(&self, failures: u32) -> Duration {
        let least = (1000 << failures.min(5)).min(LONGEST_BACKOFF_MS);
        let jitter = self.jitter.lock().unwrap_or_else(PoisonError::into_inner).u64(0..=least);
        Duration::from_millis((least + jitter).min(LONGEST_BACKOFF_MS))
    }

    /// What would be wrong with a create, before it is sent.
    fn check_create(
        &self,
        request: &str,
        kind: &'static Kind,
        inputs: &Attributes,
        body: &Json,
    ) -> Result<(), ApiError> {
        self.check_values(request, kind, inputs)?;
        self.check_size(request, Some(&Bytes::from(body.to_string())))
    }

    fn wire(&self, kind: &'static Kind) -> Result<&'static Wire, ApiError> {
        let wires = codec(self.dialect).wires;
        wires.iter().find(|wire| wire.kind.name == kind.name).ok_or_else(|| {
            let message = format!("REST {} has no objects of the kind {}", self.dialect, kind.title);
            ApiError::local(ErrorClass::Invalid, "", message)
        })
    }

    /// Sends a request whose answer is one object, and reads that.
    async fn object(&self, wire: &'static Wire, call: Call<'_>) -> Result<Object, ApiError> {
        let (request, purpose) = (call.request(), call.purpose);
        let json = self.send(call).await?;
        (wire.decode)(&json).ok_or_else(|| {
            let failure = if purpose == Purpose::Read { Failure::WithoutEffect } else { Failure::Unknown };
            ApiError {
                failure,
                ..ApiError::local(ErrorClass::Malformed, request, "the answer holds no object with an id")
            }
        })
    }

    /// Refuses values that no request can carry: they would be dropped, and something else be rented than was asked for.
    fn check_values(&self, request: &str, kind: &Kind, values: &Attributes) -> Result<(), ApiError> {
        for (name, value) in values {
            let support = kind.attribute(name).map(|attribute| attribute.support(self.dialect));
            let why = match support {
                None => Some("is no attribute of this kind"),
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
        let wire = self.wire(kind)?;
        let mut objects = Vec::new();
        let mut ids = BTreeSet::new();
        let mut cursors = BTreeSet::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut path = with_query(wire.collection, wire.list_query);
            if let Some(cursor) = &cursor {
                path += if path.contains('?') { "&cursor=" } else { "?cursor=" };
                path.extend(utf8_percent_encode(cursor, NON_ALPHANUMERIC));
            }
            let call = Call::read(path);
            let request = call.request();
            let malformed = |what: &str| ApiError::local(ErrorClass::Malformed, request.as_str(), what);
            let page = self.send(call).await?;
            let rows = match wire.rows {
                Some(member) => page.get(member),
                None => Some(&page),
            };
            for row in rows.and_then(Json::as_array).ok_or_else(|| malformed("the answer holds no list"))? {
                // An object that is left out here would be created again.
                let object = (wire.decode)(row).ok_or_else(|| malformed("an object in the list has no id"))?;
                // Pages shift while objects appear: the same one may stand on two.
                if ids.insert(object.id.clone()) {
                    objects.push(object);
                }
            }
            let pagination = page.get("pagination");
            if pagination.and_then(|page| page.get("hasNextPage")?.as_bool()) != Some(true) {
                return Ok(objects);
            }
            // A list that is cut short must not pass for a whole one.
            let next =
                pagination.and_then(|page| page.get("nextCursor")?.as_str()).filter(|next| !cursors.contains(*next));
            let next = next.ok_or_else(|| malformed("the list goes on without saying where"))?.to_owned();
            cursors.insert(next.clone());
            cursor = Some(next);
        }
    }

    async fn read(&self, kind: &'static Kind, id: &str) -> Result<Option<Object>, ApiError> {
        let wire = self.wire(kind)?;
        let call = Call::read(with_query(&object_path(wire, id)?, wire.read_query));
        match self.object(wire, call).await {
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
        let call = Call {
            purpose: Purpose::Create,
            method: Method::Post,
            path: wire.collection.to_owned(),
            body: Some((wire.create)(inputs, marker)),
            secrets: secrets(inputs),
        };
        self.check_values(&call.request(), kind, inputs)?;
        self.object(wire, call).await
    }

    async fn update(&self, kind: &'static Kind, current: &Object, changes: &Attributes) -> Result<Object, ApiError> {
        let wire = self.wire(kind)?;
        let mut secrets = secrets(changes);
        secrets.extend(self::secrets(&current.attributes));
        let call = Call {
            purpose: Purpose::Update,
            method: Method::Patch,
            path: object_path(wire, &current.id)?,
            body: Some((wire.update)(current, changes)),
            secrets,
        };
        let request = call.request();
        self.check_values(&request, kind, changes)?;
        if let Some(name) = changes.keys().find(|name| !wire.in_update.contains(&name.as_str())) {
            let message = format!("`{name}` of a {} cannot be changed", kind.title);
            return Err(ApiError::local(ErrorClass::Invalid, request, message));
        }
        let unknown = |name: &&&str| changes.contains_key(**name) && !current.attributes.contains_key(**name);
        if let Some(name) = wire.replaced_whole.iter().find(unknown) {
            let message =
                format!("RunPod replaces all of `{name}`, and did not tell what is in it now: nothing was changed");
            return Err(ApiError::local(ErrorClass::Malformed, request, message));
        }
        self.object(wire, call).await
    }

    async fn delete(&self, kind: &'static Kind, id: &str) -> Result<bool, ApiError> {
        let path = object_path(self.wire(kind)?, id)?;
        let call = Call { purpose: Purpose::Delete, method: Method::Delete, path, body: None, secrets: Vec::new() };
        match self.send(call).await {
            Ok(_) => Ok(true),
            Err(error) if error.class == ErrorClass::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn power(&self, kind: &'static Kind, id: &str, power: Power) -> Result<(), ApiError> {
        let (below, body) = (codec(self.dialect).power)(power);
        let path = object_path(self.wire(kind)?, id)? + below;
        let call = Call { purpose: Purpose::Power, method: Method::Post, path, body, secrets: Vec::new() };
        self.send(call).await.map(drop)
    }

    fn stock_key(&self, kind: &'static Kind, inputs: &Attributes) -> Option<String> {
        let path = (self.wire(kind).ok()?.stock.as_ref()?.path)(inputs)?;
        let regions = inputs.get("regions").map(Value::text_items).unwrap_or_default();
        Some(format!("{path} {}", regions.join(",")))
    }

    async fn presence(&self, outside: Outside, id: &str) -> Result<Option<Presence>, ApiError> {
        let codec = codec(self.dialect);
        let (collection, query) = (codec.outside)(outside);
        // Another id would be another path, and is no id of RunPod's.
        if !is_id(id) {
            return Ok(Some(Presence::Absent));
        }
        match self.send(Call::read(with_query(&format!("{collection}/{id}"), query))).await {
            Ok(json) if json.get(codec.serverless).and_then(Json::as_bool) == Some(true) => {
                Ok(Some(Presence::Unfit("it is for serverless workers, not for pods")))
            }
            Ok(_) => Ok(Some(Presence::Usable)),
            Err(error) if error.class == ErrorClass::NotFound => Ok(Some(Presence::Absent)),
            Err(error) => Err(error),
        }
    }

    fn unsendable(&self, kind: &'static Kind, inputs: &Attributes, marker: Option<&Marker>) -> Option<ApiError> {
        let wire = self.wire(kind).ok()?;
        let known = inputs.iter().map(|(name, value)| (name.clone(), with_usual_ids(value))).collect();
        let request = format!("{} {}", Method::Post.word(), wire.collection);
        self.check_create(&request, kind, &known, &(wire.create)(&known, marker)).err()
    }

    async fn in_stock(&self, kind: &'static Kind, inputs: &Attributes) -> Result<Option<bool>, ApiError> {
        let Some(stock) = &self.wire(kind)?.stock else { return Ok(None) };
        let Some(path) = (stock.path)(inputs) else { return Ok(None) };
        let row = self.send(Call::read(path)).await?;
        Ok((stock.any)(&row, inputs))
    }
}

fn codec(dialect: Dialect) -> &'static Codec {
    match dialect {
        Dialect::V1 => &V1,
        Dialect::V2 => &V2,
    }
}

/// The JSON of a success, or the failure that the answer stands for.
fn judge(context: &Context<'_>, reply: &Reply) -> Result<Json, ApiError> {
    if !(200..300).contains(&reply.status) {
        return Err(context.refused(reply));
    }
    match serde_json::from_slice(&reply.body) {
        Ok(json) => Ok(json),
        // What came with it does not matter.
        Err(_) if matches!(context.purpose, Purpose::Delete | Purpose::Power) => Ok(Json::Null),
        Err(_) => Err(context.malformed(reply, "the answer is not JSON")),
    }
}

/// Whether another attempt may do better, without doing anything twice.
fn worth_repeating(error: &ApiError, purpose: Purpose) -> bool {
    match error.class {
        // What never left can be sent again, whatever it is.
        ErrorClass::Network => purpose.repeatable() || error.failure == Failure::WithoutEffect,
        ErrorClass::Server | ErrorClass::Malformed => purpose.repeatable() && !is_redirect(error),
        _ => false,
    }
}

fn is_redirect(error: &ApiError) -> bool {
    error.status.is_some_and(|status| (300..400).contains(&status))
}

/// The last failure of several attempts, when an earlier one may have had its effect.
fn doubted(mut error: ApiError, in_doubt: bool) -> ApiError {
    if in_doubt {
        error.failure = Failure::Unknown;
    }
    error
}

/// Path of one object. Ids come from files too, and must not become other paths.
fn object_path(wire: &Wire, id: &str) -> Result<String, ApiError> {
    if !is_id(id) {
        let message = format!("`{}` is no id of a {}", id.escape_debug(), wire.kind.title);
        return Err(ApiError::local(ErrorClass::Invalid, "", message));
    }
    Ok(format!("{}/{id}", wire.collection))
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A value with an id of usual length in place of one that is not known yet.
fn with_usual_ids(value: &Value) -> Value {
    match value {
        Value::Reference(_) => Value::text("0123456789"),
        other => other.clone(),
    }
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Whether the whole of a value can be sent.
fn is_known(value: &Value) -> bool {
    match value {
        Value::Reference(_) => false,
        Value::Secret(secret) => secret.expose().is_some(),
        Value::List(items) => items.iter().all(is_known),
        Value::Map(map) => map.values().all(is_known),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) => true,
    }
}

/// Every secret text in these attributes.
fn secrets(attributes: &Attributes) -> Vec<&str> {
    fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Secret(secret) => found.extend(secret.expose()),
            Value::List(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Map(map) => map.values().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    attributes.values().for_each(|value| collect(value, &mut found));
    found
}
