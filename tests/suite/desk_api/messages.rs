//! `POST /v1/triage` where conversations are kept: sent twice, on trial, in bursts.

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Api;
use crate::http::{post, triage};

/// A reply to the byte.
async fn bytes(api: &Api, request: Request<Body>) -> String {
    let response = api.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn message(extra: Value) -> Value {
    let mut body = json!({"conversation_id": "c-1", "message_id": "m-1", "text": "到新疆运费多少"});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_message_sent_again_gets_the_same_answer_to_the_byte() {
    let api = Api::new();
    let first = bytes(&api, triage(&message(json!({})))).await;
    api.pass(3600);
    for (what, extra) in [
        ("as it was", json!({})),
        ("with another deadline", json!({"deadline_ms": 25_000})),
        ("with a wait", json!({"wait_ms": 0})),
        ("with defaults spelt out", json!({"lang": null, "attachments": [], "handled_by": "bot"})),
    ] {
        assert_eq!(bytes(&api, triage(&message(extra))).await, first, "{what}");
    }
    for (what, extra) in [
        ("another text", json!({"text": "退货运费谁出"})),
        ("another customer", json!({"customer": {"id": "u-5"}})),
        ("an attachment", json!({"attachments": [{"kind": "image", "reference": "r-1"}]})),
    ] {
        let answered = api.send(triage(&message(extra))).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (409, "message_conflict"), "{what}: {}", answered.body);
    }
    assert_eq!(api.get("/v1/conversations/c-1").await["turn_count"], 1);
    let elsewhere = bytes(&api, triage(&message(json!({"conversation_id": "c-2"})))).await;
    assert_ne!(elsewhere, first, "an id belongs to its conversation");
}

#[tokio::test]
async fn an_id_that_a_person_used_is_taken() {
    let api = Api::new();
    api.say("c-1", "m-0", "你好").await;
    let said = |text: &str| json!({"role": "agent", "agent": "a-7", "text": text, "message_id": "m-1"}).to_string();
    api.body(post("/v1/conversations/c-1/messages", said("您好"))).await;
    for request in [triage(&message(json!({}))), post("/v1/conversations/c-1/messages", said("再见"))] {
        let answered = api.send(request).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (409, "message_conflict"), "{}", answered.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_sent_many_times_at_once_is_decided_once() {
    let api = Api::new();
    let same = join_all((0..16).map(|_| bytes(&api, triage(&message(json!({})))))).await;
    assert!(same.iter().all(|reply| *reply == same[0]), "{same:#?}");
    assert_eq!(api.get("/v1/conversations/c-1").await["turn_count"], 1);
}

#[tokio::test]
async fn on_trial_nothing_is_said_and_no_ticket_is_opened() {
    let api = Api::new();
    let shadow = |message: &str, text: &str| {
        let body = json!({"conversation_id": "c-1", "message_id": message, "text": text});
        post("/v1/triage?shadow=true", body.to_string())
    };
    let answered = api.body(shadow("m-1", "你好")).await;
    let handed_over = api.body(shadow("m-2", "转人工")).await;
    for reply in [&answered, &handed_over] {
        assert_eq!((&reply["shadow"], &reply["durable"], &reply["answer"]), (&json!(true), &json!(true), &Value::Null));
    }
    assert_eq!((&handed_over["decision"], &handed_over["handoff"]["ticket_id"]), (&json!("handoff"), &Value::Null));
    assert!(handed_over["handoff"]["queue"].is_string(), "it tells who would have taken it: {handed_over}");
    assert_eq!(api.get("/v1/handoffs").await["items"], json!([]));
    let kept = api.get("/v1/conversations/c-1").await;
    assert_eq!((&kept["handled_by"], &kept["ticket"]), (&json!("bot"), &Value::Null));
    let turns = kept["turns"].as_array().unwrap();
    let told: Vec<_> = turns.iter().map(|turn| (&turn["decision"], &turn["shadow"], &turn["answer"])).collect();
    assert_eq!(told[1], (&json!("handoff"), &json!(true), &Value::Null));
    assert_eq!((told.len(), told[0].1, told[0].2), (2, &json!(true), &Value::Null));
    assert_eq!(api.desk.last_event().await.unwrap(), 0, "nobody is told");
    let for_real = api.say("c-1", "m-3", "转人工").await;
    assert!(for_real["handoff"]["ticket_id"].is_string() && for_real.get("shadow").is_none(), "{for_real}");
}

#[tokio::test]
async fn a_message_that_waits_is_decided_with_the_next() {
    let api = Api::new();
    let first = json!({"conversation_id": "c-1", "message_id": "m-1", "text": "你好", "wait_ms": 10_000});
    let second = json!({"conversation_id": "c-1", "message_id": "m-2", "text": "转人工"});
    // The first is asked first, and goes to sleep before the second comes.
    let (first, second) = tokio::join!(api.body(triage(&first)), api.body(triage(&second)));
    assert_eq!((&first["decision"], &first["answer"]), (&json!("silent"), &Value::Null), "{first}");
    assert_eq!(first["reasons"][0]["code"], "superseded", "{first}");
    assert_eq!(second["supersedes"], json!(["m-1"]), "{second}");
    assert_eq!(second["decision"], "handoff", "{second}");
    let kept = api.get("/v1/conversations/c-1").await;
    let texts: Vec<_> = kept["turns"].as_array().unwrap().iter().map(|turn| turn["text"].clone()).collect();
    assert_eq!(texts, ["你好", "转人工"]);
}

#[tokio::test]
async fn what_calls_for_a_person_is_not_lost_among_what_was_said_seconds_before() {
    for (text, reason) in [
        ("转人工", "user_request"),
        ("找个活人来跟我说", "user_request"),
        ("你们怎么搞的，等了十天还没到，气死我了", "emotion:"),
        ("再不处理我打12315投诉你们", "complaint"),
        ("吃了你们的果冻孩子进医院了", "sensitive"),
    ] {
        let api = Api::new();
        api.say("c-1", "m-1", "到新疆运费多少").await;
        api.pass(2);
        let second = api.say("c-1", "m-2", text).await;
        assert_eq!(second["decision"], "handoff", "{text}: {second}");
        let codes: Vec<&str> =
            second["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect();
        assert!(codes.iter().any(|code| code.starts_with(reason)), "{text}: {codes:?}");
        assert_eq!(second["supersedes"], json!(["m-1"]), "{text}");
    }
}

#[tokio::test]
async fn messages_close_to_each_other_are_one() {
    let api = Api::new();
    api.say("c-1", "m-1", "我想问下").await;
    api.pass(2);
    let second = api.say("c-1", "m-2", "到新疆运费多少").await;
    assert_eq!(second["supersedes"], json!(["m-1"]), "{second}");
    api.pass(600);
    let later = api.say("c-1", "m-3", "好的").await;
    assert_eq!(later["supersedes"], json!([]), "{later}");
}
