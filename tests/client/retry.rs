//! Which requests are retried, and which never are. Sources: sections 2.4, 2.5, 13 and 14 of the API contract.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use miette::Diagnostic;
use serde_json::json;
use sindri::kind::{Kind, NETWORK_VOLUME, POD};
use sindri::model::{Attributes, Dialect, Power, Value};
use sindri::runpod::{Api, ApiError, ErrorClass, FailureEffect};
use tokio::time::Instant;

use crate::support::script::{
    Answer, KEY, SECRET, Script, attributes, client, env, json as answer, pod, pod_with, text,
};

/// Every answer after which the effect of a request is unknown.
fn unclear() -> Vec<Answer> {
    let body = json!({ "title": "Error", "detail": "try later" });
    let mut answers = vec![Answer::Lost, text(200, "{\"id\": \"p"), text(201, "<html>")];
    answers.extend([408, 500, 502, 503, 504, 520, 524].map(|status| answer(status, &body)));
    answers
}

async fn create(answers: Vec<Answer>, dialect: Dialect) -> (ApiError, usize) {
    let script = Script::new(answers);
    let error = client(&script, dialect).create(&POD, &pod(), None).await.unwrap_err();
    (error, script.asked().len())
}

#[tokio::test(start_paused = true)]
async fn a_create_is_never_sent_again_when_its_outcome_is_unknown() {
    for dialect in [Dialect::V1, Dialect::V2] {
        for unclear in unclear() {
            let (error, requests) = create(vec![unclear], dialect).await;
            assert_eq!((requests, error.failure), (1, FailureEffect::Unknown), "{error}");
        }
        // After a success without an id, there is a pod that cannot be identified.
        let (error, _) = create(vec![answer(201, &json!({ "name": "x" }))], dialect).await;
        assert_eq!((error.class, error.failure), (ErrorClass::Malformed, FailureEffect::Unknown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_refused_or_never_sent_had_no_effect() {
    for status in [400, 401, 402, 403, 404, 409, 410, 413, 422] {
        let (error, requests) = create(vec![answer(status, &json!({ "detail": "no" }))], Dialect::V2).await;
        assert_eq!((requests, error.failure), (1, FailureEffect::WithoutEffect), "{status}");
    }
    let (error, requests) = create(vec![Answer::NotSent; 4], Dialect::V2).await;
    assert_eq!((requests, error.class, error.failure), (4, ErrorClass::Network, FailureEffect::WithoutEffect));
}

#[tokio::test(start_paused = true)]
async fn a_v1_create_without_stock_is_in_doubt_and_a_v2_create_is_not() {
    let v1 = answer(500, &json!({ "error": "create pod: There are no instances currently available", "status": 500 }));
    let (error, requests) = create(vec![v1], Dialect::V1).await;
    assert_eq!((requests, error.class, error.failure), (1, ErrorClass::NoCapacity, FailureEffect::Unknown));
    let v2 = answer(400, &json!({ "detail": "There are no longer any instances available with the requested ..." }));
    let (error, _) = create(vec![v2], Dialect::V2).await;
    assert_eq!((error.class, error.failure), (ErrorClass::NoCapacity, FailureEffect::WithoutEffect));
}

#[tokio::test(start_paused = true)]
async fn starts_and_stops_are_sent_once() {
    for unclear in unclear().into_iter().filter(|answer| !matches!(answer, Answer::Reply(200 | 201, ..))) {
        let script = Script::new([unclear]);
        let error = client(&script, Dialect::V2).power(&POD, "p1", Power::Running).await.unwrap_err();
        assert_eq!((script.asked().len(), error.failure), (1, FailureEffect::Unknown), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_deletes_and_updates_are_tried_four_times_with_growing_pauses() {
    for unclear in unclear() {
        let start = Instant::now();
        let script = Script::new(vec![unclear.clone(); 4]);
        let error = client(&script, Dialect::V2).list(&POD).await.unwrap_err();
        assert_eq!((script.asked().len(), error.failure), (4, FailureEffect::WithoutEffect), "{error}");
        let waited = start.elapsed();
        assert!((Duration::from_secs(7)..=Duration::from_secs(14)).contains(&waited), "{waited:?}");

        let script = Script::new([unclear.clone(), answer(200, &json!({ "id": "v1" }))]);
        let volume = client(&script, Dialect::V2).read(&NETWORK_VOLUME, "v1").await.unwrap().unwrap();
        let script = Script::new([unclear, answer(200, &json!({ "id": "v1" }))]);
        let changes = attributes(&[("size_gb", Value::Int(20))]);
        client(&script, Dialect::V2).update(&NETWORK_VOLUME, &volume, &changes).await.unwrap();
        assert_eq!(script.asked().len(), 2);
    }
    let script = Script::new([Answer::Lost, text(204, "")]);
    assert!(client(&script, Dialect::V2).delete(&POD, "p1").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn refused_requests_are_not_retried() {
    for status in [400, 401, 403, 409, 410, 422] {
        let script = Script::new([answer(status, &json!({ "detail": "no" }))]);
        client(&script, Dialect::V2).list(&POD).await.unwrap_err();
        assert_eq!(script.asked().len(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_attempt_in_doubt_leaves_the_result_in_doubt() {
    let script = Script::new([Answer::Lost, answer(409, &json!({ "detail": "busy" }))]);
    let error = client(&script, Dialect::V2).delete(&POD, "p1").await.unwrap_err();
    assert_eq!((error.class, error.failure), (ErrorClass::Conflict, FailureEffect::Unknown));
}

#[tokio::test]
async fn deleting_a_missing_object_is_not_an_error() {
    let v1 = "delete network volume: Tried to delete nonexistent network volume";
    for (dialect, reply) in [
        (Dialect::V2, answer(404, &json!({ "detail": "resource not found" }))),
        (Dialect::V1, answer(500, &json!({ "error": v1, "status": 500 }))),
    ] {
        let script = Script::new([reply]);
        assert!(!client(&script, dialect).delete(&NETWORK_VOLUME, "v1").await.unwrap());
        assert_eq!(script.asked().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn even_a_create_is_retried_after_a_429_which_had_no_effect() {
    let start = Instant::now();
    let limited = Answer::Reply(429, vec![("retry-after", "20".into())], "{\"detail\":\"rate limit\"}".into());
    let script = Script::new([limited.clone(), limited, answer(201, &json!({ "id": "p1" }))]);
    let announced: Arc<Mutex<Vec<u64>>> = Arc::default();
    let waits = announced.clone();
    let client =
        client(&script, Dialect::V2).with_notify(Arc::new(move |wait, _| waits.lock().unwrap().push(wait.as_secs())));
    client.create(&POD, &pod(), None).await.unwrap();
    assert_eq!((script.asked().len(), start.elapsed().as_secs()), (3, 42));
    assert_eq!(*announced.lock().unwrap(), [21, 21]);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_quota_ends_at_the_limit() {
    let limited = Answer::Reply(429, vec![("retry-after", "50".into())], "{\"detail\":\"slow down\"}".into());
    let script = Script::new([limited.clone(), limited]);
    let client = client(&script, Dialect::V2).with_wait_limit(Duration::from_secs(60));
    let error = client.list(&POD).await.unwrap_err();
    assert_eq!((script.asked().len(), error.class, error.status), (2, ErrorClass::RateLimited, Some(429)));
    assert_eq!(error.retry_after, Some(Duration::from_secs(51)));
}

#[tokio::test(start_paused = true)]
async fn after_429s_without_a_wait_time_the_waits_grow() {
    let start = Instant::now();
    let mut answers = vec![text(429, "{\"error\":\"Too many requests\"}"); 6];
    answers.push(answer(200, &json!([])));
    let script = Script::new(answers);
    client(&script, Dialect::V1).list(&POD).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1 + 2 + 4 + 8 + 16 + 30), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_error_and_no_trace_shows_the_key_or_a_secret() {
    let lines: Arc<Mutex<String>> = Arc::default();
    let log = lines.clone();
    let secret = pod_with(&[("env", env(&[("HF_TOKEN", SECRET)]))]);
    let echo = json!({
        "detail": format!("bad key {KEY} or value {SECRET}"),
        "errors": [format!("$.env.HF_TOKEN: '{SECRET}'"), format!("Bearer {KEY}")],
    });
    for reply in [answer(422, &echo), answer(500, &echo), text(502, &format!("<{SECRET}> {KEY}")), Answer::Lost] {
        let script = Script::new([reply]);
        let log = log.clone();
        let client =
            client(&script, Dialect::V2).with_trace(Arc::new(move |line| *log.lock().unwrap() += &format!("{line}\n")));
        let error = client.create(&POD, &secret, None).await.unwrap_err();
        assert!(script.body(0).to_string().contains(SECRET), "it was sent");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    let lines = lines.lock().unwrap();
    assert!(lines.starts_with("POST /v2/pods -> 422 in 0 ms\n"), "{lines}");
    assert!(!lines.contains("canary"), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_delete_of_something_in_use_is_sent_once() {
    let v1 = answer(500, &json!({ "error": "delete network volume: network volume is in use", "status": 500 }));
    let v2 = answer(400, &json!({ "title": "Bad Request", "detail": "network volume is in use" }));
    for (refusal, dialect) in [(v1, Dialect::V1), (v2, Dialect::V2)] {
        let script = Script::new(vec![refusal; 4]);
        let error = client(&script, dialect).delete(&NETWORK_VOLUME, "vol1").await.unwrap_err();
        assert_eq!(
            (script.asked().len(), error.class, error.failure),
            (1, ErrorClass::Invalid, FailureEffect::WithoutEffect)
        );
    }
}

/// The help text after a refused create.
async fn advice(kind: &'static Kind, inputs: &Attributes, detail: &str) -> String {
    let script = Script::new([answer(400, &json!({ "detail": detail }))]);
    let error = client(&script, Dialect::V2).create(kind, inputs, None).await.unwrap_err();
    error.help().unwrap().to_string()
}

#[tokio::test(start_paused = true)]
async fn advice_about_a_refusal_fits_the_kind_of_the_object() {
    let volume = attributes(&[("name", "data".into()), ("size_gb", Value::Int(10)), ("region", "US-CA-2".into())]);
    for (detail, expected) in [("template t not found", "`templateId`"), ("no such thing", "GPU type")] {
        let pods = advice(&POD, &pod(), detail).await;
        assert!(pods.contains(expected), "{pods}");
        let volumes = advice(&NETWORK_VOLUME, &volume, detail).await;
        assert!(!volumes.contains(expected) && volumes.contains("the problem described above"), "{volumes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kind_without_power_is_neither_started_nor_stopped() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let script = Script::new([]);
        let error = client(&script, dialect).power(&NETWORK_VOLUME, "v1", Power::Stopped).await.unwrap_err();
        assert_eq!((error.class, error.failure), (ErrorClass::Invalid, FailureEffect::WithoutEffect), "{error}");
        assert_eq!(script.asked(), Vec::<String>::new());
    }
}
