//! Responses before they become bytes, and the faults that change their members.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::call::CallReply;
use super::command::ContainerCommand;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::rules::tweaks::{EchoArgs, Tweaks};

/// The result of a route's handler.
pub type RouteResult = Result<Response, RequestRefusal>;

/// A status and its content.
pub struct Response {
    pub(in crate::emulator) status: u16,
    pub(in crate::emulator) content: Content,
}

pub enum Content {
    Empty,
    /// A JSON text, written straight from the world.
    Json(Vec<u8>),
    Problem(Value),
    Events(String),
}

impl Response {
    /// A status with a JSON body.
    pub fn json(status: u16, body: impl Serialize) -> Self {
        Self { status, content: Content::Json(bytes(&body)) }
    }

    /// 204, without a body.
    pub fn no_content() -> Self {
        Self { status: 204, content: Content::Empty }
    }

    /// v2's error body, RFC 9457.
    pub(in crate::emulator) fn problem(status: u16, detail: &str, errors: Option<Vec<String>>) -> Self {
        let title = match status {
            400 => "Bad Request",
            402 => "Payment Required",
            404 => "Not Found",
            409 => "Conflict",
            422 => "Unprocessable Entity",
            _ => "Internal Server Error",
        };
        let mut body = json!({ "title": title, "status": status, "detail": detail });
        if let Some(errors) = errors {
            body["errors"] = json!(errors);
        }
        Self { status, content: Content::Problem(body) }
    }

    /// Applies faults that add, remove or change members. Error bodies stay unchanged.
    pub(in crate::emulator) fn tweak(&mut self, tweaks: &Tweaks) {
        let Tweaks { extra_members, missing_members, new_status, echo_args, .. } = tweaks;
        if extra_members.is_empty() && missing_members.is_empty() && new_status.is_none() && echo_args.is_none() {
            return;
        }
        self.edit(|body| for_each_object(body, &|object| tweak_object(object, tweaks)));
    }

    /// Changes the JSON body of a success.
    pub(in crate::emulator) fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        if let Content::Json(text) = &mut self.content
            && self.status < 400
            && let Ok(mut body) = serde_json::from_slice(text)
        {
            change(&mut body);
            *text = bytes(&body);
        }
    }

    pub(in crate::emulator) fn into_answer(self, touched: Vec<String>) -> CallReply {
        let (content_type, body) = match self.content {
            Content::Empty => ("application/json", Vec::new()),
            Content::Json(text) => ("application/json", text),
            Content::Problem(value) => ("application/problem+json", bytes(&value)),
            Content::Events(text) => ("text/event-stream", text.into_bytes()),
        };
        CallReply { status: self.status, content_type, body, touched }
    }
}

/// Faster than `Display`, which formats every part separately.
fn bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("a response has only text keys")
}

/// Adds, removes and changes members of one object.
fn tweak_object(object: &mut Map<String, Value>, tweaks: &Tweaks) {
    let Tweaks { extra_members, missing_members, new_status, echo_args, .. } = tweaks;
    if let Some(word) = new_status {
        for (_, status) in object.iter_mut().filter(|(name, _)| ["status", "desiredStatus"].contains(&name.as_str())) {
            *status = json!(word);
        }
    }
    if let Some(echo) = echo_args {
        echo_command(object, *echo);
    }
    for name in missing_members {
        object.remove(name);
    }
    for (number, name) in extra_members.iter().enumerate() {
        // Different types, to trip up a client that parses unknown members.
        let value = if number % 2 == 0 { json!(7) } else { json!({ "emulated": "true" }) };
        object.entry(name.clone()).or_insert(value);
    }
}

/// Shows the command of a container in another form. v1 has only the two arrays.
fn echo_command(object: &mut Map<String, Value>, echo: EchoArgs) {
    let Some(args) = object.get("args").and_then(Value::as_str) else { return };
    let again = match echo {
        EchoArgs::Verbatim => args.to_owned(),
        EchoArgs::Reserialized => ContainerCommand::parse(args).encode(),
        EchoArgs::Split => String::new(),
    };
    object.insert("args".to_owned(), json!(again));
    if echo != EchoArgs::Split {
        // As before the two arrays existed, so that a client only has `args`.
        object.remove("cmd");
        object.remove("entrypoint");
    }
}

/// Applies `change` to every object in a body: the body itself, the items of a list, or the items in an envelope.
pub fn for_each_object(body: &mut Value, change: &impl Fn(&mut Map<String, Value>)) {
    match body {
        Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(change),
        Value::Object(members) if members.contains_key("id") => change(members),
        Value::Object(members) => {
            for member in members.values_mut().filter(|member| member.is_array()) {
                for_each_object(member, change);
            }
        }
        _ => {}
    }
}
