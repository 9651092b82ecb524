//! Routes that speak another service's language, as that service's clients see them: recorded requests, with made-up people.

mod bot_framework;
mod rasa;
mod tei;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use triage::desk::Options;

use crate::desk_api::live;
use crate::http::{api, options, post, send};

/// A recorded request's body.
fn recorded(name: &str) -> Value {
    let path = crate::shipped("tests/suite/adapters/fixtures").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// As `curl -d` sends it: JSON, declared as a form.
fn curl(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/x-www-form-urlencoded").body(body.into()).unwrap()
}

fn json(path: &str, body: &Value) -> Request<Body> {
    post(path, body.to_string())
}

/// The API without a store.
fn app() -> Router {
    api(live(), options())
}

/// One that has no time for anything.
fn hurried() -> Router {
    api(live(), Options { deadline: Duration::ZERO, ..options() })
}

/// One that has room for hardly anything.
fn narrow() -> Router {
    api(live(), Options { workers: 1, queue: 1, ..options() })
}

#[tokio::test]
async fn errors_never_repeat_what_a_customer_wrote() {
    let canary = "张三丰13812345678";
    for (path, body) in [
        ("/model/parse", r#"{"text":["CANARY"]}"#),
        ("/model/parse", r#"{"text":"CANARY""#),
        ("/model/parse?emulation_mode=CANARY", r#"{"text":"CANARY"}"#),
        ("/webhooks/rest/webhook", r#"{"sender":"u-5","message":{"CANARY":1}}"#),
        ("/webhooks/rest/webhook", r#"{"message":"CANARY","metadata":{"triage":{"lang":"CANARY"}}}"#),
        ("/webhooks/rest/webhook", r#"{"message":"CANARY","metadata":{"triage":{"CANARY":1}}}"#),
        ("/webhooks/rest/webhook?stream=CANARY", r#"{"message":"CANARY"}"#),
        ("/predict", r#"{"inputs":["CANARY","CANARY"]}"#),
        ("/predict", r#"{"inputs":[["CANARY"],{"CANARY":1}]}"#),
        ("/emotion/predict", r#"{"inputs":"CANARY","truncation_direction":"CANARY"}"#),
        ("/v1/bot-framework/activities", r#"{"type":["CANARY"]}"#),
        ("/v1/bot-framework/activities", r#"{"type":"message","text":"CANARY","from":{"CANARY":1}}"#),
        ("/v1/bot-framework/activities", r#"{"type":"event","name":"handoff.status","value":{"CANARY":"CANARY"}}"#),
    ] {
        let path = path.replace("CANARY", "%E5%BC%A013812345678");
        let answered = send(app(), post(&path, body.replace("CANARY", canary))).await;
        assert!(answered.status.is_client_error(), "{path} {body}: {}", answered.body);
        let said = answered.body.to_string();
        assert!(!said.contains("张") && !said.contains("1381234"), "{path} {body}: {said}");
    }
}
