//! Answers that RunPod never gives: which of them are rejected, and what is known afterwards.

use serde_json::{Value as Json, json};
use sindri::kind::{NETWORK_VOLUME, POD};
use sindri::model::{Dialect, Status, Value};
use sindri::runpod::{Api, ErrorClass, FailureEffect};

use crate::support::script::{Answer, KEY, Script, attributes, client, json as answer, marker, pod};

fn page(pods: &Json, next: &str) -> Answer {
    answer(200, &json!({ "pods": pods, "pagination": { "nextCursor": next, "hasNextPage": true } }))
}

fn help(error: &sindri::runpod::ApiError) -> String {
    miette::Diagnostic::help(error).expect("a help").to_string()
}

#[tokio::test]
async fn reading_a_list_stops_at_pages_without_new_objects() {
    let pages = (0..10).map(|count| page(&json!([]), &format!("c{count}")));
    let script = Script::new(pages);
    let error = client(&script, Dialect::V2).list(&POD).await.unwrap_err();
    assert_eq!((error.class, error.failure), (ErrorClass::Malformed, FailureEffect::WithoutEffect));
    assert!(error.to_string().contains("GET /v2/pods: the list continues"), "{error}");
    assert!(help(&error).contains("changed nothing"), "{}", help(&error));
    assert_eq!(script.asked().len(), 3);
    // Repeated objects are not new.
    let script = Script::new((0..10).map(|count| page(&json!([{ "id": "a" }]), &format!("c{count}"))));
    client(&script, Dialect::V2).list(&POD).await.unwrap_err();
    assert_eq!(script.asked().len(), 4);
}

#[tokio::test]
async fn reading_an_endless_list_stops() {
    let script =
        Script::new((0..1_010).map(|count| page(&json!([{ "id": format!("p{count}") }]), &format!("c{count}"))));
    let error = client(&script, Dialect::V2).list(&POD).await.unwrap_err();
    assert!(error.to_string().contains("more than 1000 pages"), "{error}");
    let script = Script::new([page(&json!([{ "id": "a" }]), &"c".repeat(5_000))]);
    let error = client(&script, Dialect::V2).list(&POD).await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[tokio::test]
async fn a_list_with_invalid_page_information_is_refused() {
    for pagination in [json!({ "hasNextPage": "true", "nextCursor": "c" }), json!({ "hasNextPage": 1 })] {
        let script = Script::new([answer(200, &json!({ "pods": [], "pagination": pagination }))]);
        let error = client(&script, Dialect::V2).list(&POD).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Malformed, "{pagination}");
    }
}

/// Ids become part of paths, addresses and commands; hosts and user names become part of commands that people copy.
#[tokio::test]
async fn ids_hosts_and_user_names_have_safe_characters() {
    for id in ["evil.example/#", "a b", "../../graphql", "p\u{1b}[2J", "p\u{202e}", "$(reboot)", "é", &"a".repeat(129)]
    {
        for (dialect, list) in
            [(Dialect::V2, json!({ "pods": [{ "id": id }] })), (Dialect::V1, json!([{ "id": id, "machine": {} }]))]
        {
            let error = client(&Script::new([answer(200, &list)]), dialect).list(&POD).await.unwrap_err();
            assert_eq!(error.class, ErrorClass::Malformed, "{id}");
        }
    }
    let target = |host: &str, username: &str| json!({ "direct": { "host": host, "port": 22, "username": username } });
    for ssh in [target("h;reboot", "root"), target("203.0.113.7", "-oProxyCommand=reboot"), target("h\u{9b}", "root")] {
        let list = json!({ "pods": [{ "id": "p", "ssh": ssh }] });
        let pods = client(&Script::new([answer(200, &list)]), Dialect::V2).list(&POD).await.unwrap();
        assert_eq!(pods[0].computed.ssh_direct, None, "{ssh}");
    }
    let list =
        json!({ "pods": [{ "id": "p", "status": "RUN\u{1b}[2J\u{202e}\u{200b}NING", "name": "n".repeat(5_000) }] });
    let pods = client(&Script::new([answer(200, &list)]), Dialect::V2).list(&POD).await.unwrap();
    assert_eq!(pods[0].status, Some(Status::Unknown("RUN[2JNING".into())));
    assert_eq!(pods[0].name, "", "no name of RunPod's is as long");
}

#[tokio::test]
async fn an_answer_about_another_object_is_refused() {
    let script = Script::new([answer(200, &json!({ "id": "b", "size": 1 }))]);
    let error = client(&script, Dialect::V2).read(&NETWORK_VOLUME, "a").await.unwrap_err();
    assert_eq!((error.class, error.failure), (ErrorClass::Malformed, FailureEffect::WithoutEffect));
    let script =
        Script::new([answer(200, &json!({ "id": "a", "size": 1 })), answer(200, &json!({ "id": "b", "size": 2 }))]);
    let client = client(&script, Dialect::V2);
    let volume = client.read(&NETWORK_VOLUME, "a").await.unwrap().unwrap();
    let change = attributes(&[("size_gb", Value::Int(2))]);
    let error = client.update(&NETWORK_VOLUME, &volume, &change).await.unwrap_err();
    assert_eq!((error.class, error.failure), (ErrorClass::Malformed, FailureEffect::Unknown));
}

/// If another project's pod were recorded, the next change would destroy it.
#[tokio::test]
async fn a_create_with_an_invalid_answer_may_have_taken_effect() {
    let other = json!({ "SINDRI_RESOURCE": "4f1c:my-sindri-gpu/default:pod.other:7" });
    for body in [
        json!({}),
        json!([]),
        json!("created"),
        json!({ "id": 7 }),
        json!({ "id": "../x" }),
        json!({ "id": KEY }),
        json!({ "id": "p1", "env": other }),
    ] {
        let script = Script::new([answer(201, &body)]);
        let error = client(&script, Dialect::V2).create(&POD, &pod(), Some(&marker())).await.unwrap_err();
        assert_eq!((error.class, error.failure), (ErrorClass::Malformed, FailureEffect::Unknown), "{body}");
        assert!(error.to_string().contains("POST /v2/pods"), "{error}");
        assert!(help(&error).contains("checks before it sends anything again"), "{}", help(&error));
        assert_eq!(script.asked().len(), 1, "a create is never repeated: {body}");
    }
}

/// In everything shown or stored of a pod. Values of `env` are already secret, and an update of other values sends them
/// back.
#[tokio::test]
async fn the_api_key_is_masked_everywhere_in_an_answer() {
    let pod = json!({
        "id": "p1", "name": format!("x-{KEY}"), "image": format!("i:{KEY}"), "status": KEY, "args": format!("run {KEY}"),
        "dataCenterId": KEY, "cudaVersion": KEY, "registry": KEY, "ports": [format!("{KEY}/http")],
        "gpu": { "id": KEY, "count": 1 }, "mounts": { "persistent": { "size": 1, "path": format!("/{KEY}") } },
        "ssh": { "proxy": { "host": KEY, "port": 22, "username": KEY } },
        "env": { KEY: "v", "COPY": KEY }, "createdAt": KEY,
    });
    let script = Script::new([answer(200, &json!({ "pods": [pod] }))]);
    let found = client(&script, Dialect::V2).list(&POD).await.unwrap();
    assert!(!format!("{found:?}").contains("canary_key"), "{found:?}");
    assert_eq!(found[0].name, "x-(sensitive)");
    let copy = found[0].attributes["env"].as_map().and_then(|env| env.get("COPY")).and_then(Value::expose);
    assert_eq!(copy, Some(KEY));
    let v1 = json!({
        "id": "p1", "name": KEY, "imageName": KEY, "desiredStatus": "EXITED", "lastStatusChange": KEY,
        "dockerStartCmd": [KEY], "volumeMountPath": KEY, "machine": { "gpuTypeId": KEY, "dataCenterId": KEY },
    });
    let found = client(&Script::new([answer(200, &json!([v1]))]), Dialect::V1).list(&POD).await.unwrap();
    assert!(!format!("{found:?}").contains("canary_key"), "{found:?}");
}
