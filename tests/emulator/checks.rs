//! The checks of a request before it reaches the world.

use jiff::SignedDuration;
use serde_json::json;
use sindri::emulator::{DeliveryResult, Fidelity, QuotaProfile, Settings};
use sindri::transport::{Method, Reply, Request};

use crate::support::*;

#[test]
fn checks_run_in_order() {
    let emulator = emulator();
    emulator.set_quota(QuotaProfile::Documented);
    let huge = Request { body: Some(vec![b' '; 102_401].into()), ..request(Method::Put, "/v2/nowhere", None) };
    let broken = Request { body: Some("{".into()), ..request(Method::Post, "/v2/pods", None) };
    let cases = [
        (413, without("user-agent", without("authorization", huge))),
        (403, without("user-agent", without("authorization", get("/v2/nowhere")))),
        (401, without("authorization", get("/v2/nowhere"))),
        (404, request(Method::Put, "/v2/nowhere", None)),
        (405, Request { body: Some("{".into()), ..request(Method::Put, "/v2/pods", None) }),
        (400, Request { path: "/v2/pods".into(), ..broken }),
        (422, request(Method::Post, "/v2/pods", Some(json!({})))),
    ];
    for (expected, request) in &cases {
        assert_eq!(reply(&emulator, request).status, *expected, "{}", request.path);
    }
    // Requests with a credential have used up the quota, so later checks no longer run.
    while reply(&emulator, &get("/v2/pods")).status == 200 {}
    for (expected, request) in &cases {
        let expected = if [413, 403, 401].contains(expected) { *expected } else { 429 };
        assert_eq!(reply(&emulator, request).status, expected, "{}", request.path);
    }
}

#[test]
fn the_gateway_blocks_library_agents_except_in_documented_fidelity() {
    let bare = without("user-agent", get("/v2/pods"));
    let mut urllib = bare.clone();
    urllib.headers.push(("user-agent".into(), "Python-urllib/3.12".into()));
    for request in [&bare, &urllib] {
        let blocked = reply(&emulator(), request);
        assert_eq!((blocked.status, blocked.body.as_ref()), (403, b"error code: 1010".as_slice()));
        assert_eq!(blocked.header("x-request-id"), None, "the gateway is not the API");
        let documented = emulator_with(Settings { fidelity: Fidelity::Documented, ..Settings::default() });
        assert_eq!(reply(&documented, request).status, 200);
    }
}

#[test]
fn any_token_is_accepted_but_a_missing_one_is_not() {
    for (credential, expected) in
        [("Bearer x", 200), ("bearer x", 200), ("Bearer ", 401), ("Bearer", 401), ("Basic x", 401), ("", 401)]
    {
        let mut request = without("authorization", get("/v2/pods"));
        request.headers.push(("authorization".into(), credential.into()));
        assert_eq!(reply(&emulator(), &request).status, expected, "{credential:?}");
    }
}

#[test]
fn a_wrong_method_returns_the_allowed_ones() {
    let refused = reply(&emulator(), &request(Method::Put, "/v2/pods/x", None));
    assert_eq!(refused.header("allow"), Some("GET, PATCH, DELETE"));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
}

#[test]
fn every_v2_answer_has_a_request_id_that_depends_only_on_the_seed() {
    let ids = |seed| {
        let emulator = emulator_with(Settings { seed, ..Settings::default() });
        let requests = [get("/v2/pods"), get("/v2/nowhere"), without("authorization", get("/v2/pods"))];
        requests.map(|request| reply(&emulator, &request).header("x-request-id").expect("an id").to_owned())
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    assert_ne!(ids(1)[0], ids(1)[1]);
    assert_eq!(reply(&emulator(), &get("/v1/pods")).header("x-request-id"), None);
}

#[test]
fn quotas_are_announced_to_authenticated_clients_and_enforced() {
    let emulator = emulator();
    assert_eq!(reply(&emulator, &get("/v2/pods")).header("ratelimit"), None, "off");
    emulator.set_quota(QuotaProfile::Documented);
    let unknown = reply(&emulator, &without("authorization", get("/v2/pods")));
    assert_eq!(unknown.header("ratelimit"), None);
    let last = (0..60).map(|_| reply(&emulator, &get("/v2/nowhere"))).last().expect("60 answers");
    assert_eq!(last.status, 404);
    assert!(last.header("ratelimit").is_some_and(|limit| limit.starts_with(r#""minute";r=0;t=60, "#)));
    assert!(last.header("ratelimit-policy").is_some_and(|policy| policy.starts_with(r#""minute";q=60;w=60, "#)));
    let refused = reply(&emulator, &get("/v2/pods"));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(json_of(&refused)["detail"], "rate limit exceeded for the minute window");
    let later = emulator.handle(&get("/v2/pods"), START + SignedDuration::from_secs(60));
    assert!(matches!(later.outcome, DeliveryResult::Reply(Reply { status: 200, .. })));
}

#[test]
fn a_retired_v1_answers_410_before_it_checks_the_credential() {
    let emulator = emulator_with(Settings { v1_retired: true, ..Settings::default() });
    let nobody = without("authorization", without("user-agent", get("/v1/pods")));
    let retired = reply(&emulator, &nobody);
    assert_eq!(retired.status, 410);
    assert_eq!(json_of(&retired), json!({ "error": "REST API v1 has been retired", "status": 410 }));
    assert_eq!(reply(&emulator, &get("/v2/pods")).status, 200);
}

#[test]
fn the_journal_shows_requests_without_credentials_and_secrets() {
    let emulator = emulator();
    let secret = json!({ "name": "token", "value": "hunter2" });
    reply(&emulator, &request(Method::Post, "/v2/account/secrets", Some(secret)));
    reply(&emulator, &get("/v2/pods?limit=5"));
    let journal = emulator.journal(0);
    assert_eq!(journal[1].path, "/v2/pods?limit=5");
    assert_eq!((journal[0].changes_world(), journal[1].changes_world()), (true, false));
    let text = serde_json::to_string(&journal).expect("JSON") + &format!("{journal:?}");
    assert!(!text.contains("hunter2") && !text.contains("rpa_test"), "{text}");
    assert_eq!(emulator.journal(1).len(), 1);
}
