//! Rasa: `/model/parse` and the REST channel.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json as of};
use tower::ServiceExt;

use super::{app, curl, hurried, json, narrow, recorded};
use crate::desk_api::{Api, lasting};
use crate::http::{get, post, send};

const PARSE: &str = "/model/parse";
const REST: &str = "/webhooks/rest/webhook";

async fn parse(text: &str) -> Value {
    let answered = send(app(), json(PARSE, &of!({"text": text}))).await;
    assert_eq!(answered.status, StatusCode::OK, "{text}: {}", answered.body);
    answered.body
}

#[tokio::test]
async fn a_recorded_parse_call() {
    let answered = send(app(), curl(PARSE, recorded("rasa_parse.json").to_string())).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
    let intents = answered.body["intent_ranking"].as_array().unwrap();
    assert_eq!(intents[0], answered.body["intent"]);
    let mut shape = lasting(&answered.body);
    shape["intent_ranking"].as_array_mut().unwrap().truncate(1);
    shape["response_selector"]["faq"]["ranking"].as_array_mut().unwrap().truncate(1);
    insta::assert_json_snapshot!("rasa_parse", shape);
}

#[tokio::test]
async fn an_answer_is_the_selected_response() {
    let parsed = parse("到新疆运费多少").await;
    let faq = &parsed["response_selector"]["faq"];
    assert_eq!(parsed["intent"]["name"], "shipping_fee");
    assert_eq!(faq["response"]["intent_response_key"], "faq/shipping_fee");
    assert_eq!(faq["response"]["utter_action"], "utter_faq/shipping_fee");
    assert_eq!(faq["response"]["confidence"], parsed["intent"]["confidence"]);
    assert!(faq["response"]["responses"][0]["text"].as_str().unwrap().contains("新疆"), "{faq}");
    assert_eq!(faq["ranking"][0]["intent_response_key"], "faq/shipping_fee");
    // A person is called: there is nothing to say by itself.
    let faq = &parse("转人工").await["response_selector"]["faq"]["response"];
    assert_eq!((&faq["responses"], &faq["utter_action"]), (&Value::Null, &of!("utter_None")));
}

/// Offsets count characters, whatever bytes and UTF-16 units stand before.
#[tokio::test]
async fn places_of_entities_are_characters() {
    for (text, entity, stands) in [
        ("到新疆运费多少", "region", "新疆"),
        ("😡😡😡到新疆运费多少", "region", "新疆"),
        ("👨‍👩‍👧 café 到新疆運費多少", "region", "新疆"),
        ("ｅ\u{301}寄到西藏要多少运费", "region", "西藏"),
        ("订单２０２６１１１２００１１😀到哪了", "order_number", "２０２６１１１２００１１"),
    ] {
        let parsed = parse(text).await;
        assert_eq!(parsed["text"], text);
        let found = parsed["entities"].as_array().unwrap();
        let found = found.iter().find(|found| found["entity"] == entity).unwrap_or_else(|| panic!("{text}: {parsed}"));
        let (start, end) = (found["start"].as_u64().unwrap() as usize, found["end"].as_u64().unwrap() as usize);
        let place: String = text.chars().skip(start).take(end - start).collect();
        assert_eq!(place, stands, "{text}: {found}");
        assert_eq!(found["extractor"], "triage");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_the_fallback() {
    for text in ["量子色动力学里的夸克禁闭", "asdf qwer zxcv", "明天股市会涨吗"] {
        let parsed = parse(text).await;
        let ranking = parsed["intent_ranking"].as_array().unwrap();
        assert_eq!((&parsed["intent"], &ranking[0]["name"]), (&ranking[0], &of!("nlu_fallback")), "{text}: {parsed}");
        assert_eq!(ranking.len(), 11, "ten intents follow");
        let confidence = |intent: &Value| intent["confidence"].as_f64().unwrap();
        let top = ranking[1..].iter().map(confidence).fold(0.0, f64::max);
        assert!((confidence(&ranking[0]) - (1.0 - top)).abs() < 1e-6, "{text}: {parsed}");
        assert_eq!(parsed["response_selector"]["faq"]["response"]["responses"], Value::Null);
    }
    for (text, intent) in [("到新疆运费多少", "shipping_fee"), ("你好", "greeting"), ("转人工", "human_agent")]
    {
        let parsed = parse(text).await;
        assert_eq!(parsed["intent"]["name"], intent, "{text}");
        assert!(parsed["intent_ranking"].as_array().unwrap().iter().all(|intent| intent["name"] != "nlu_fallback"));
    }
}

#[tokio::test]
async fn reading_a_text_keeps_nothing() {
    let api = Api::new();
    let body = of!({"text": "转人工", "message_id": "m-1", "sender_id": "c-1", "conversation_id": "c-1"});
    let parsed = api.body(json(PARSE, &body)).await;
    assert_eq!(parsed["intent"]["name"], "human_agent", "{parsed}");
    assert_eq!(api.get("/v1/handoffs").await["items"], of!([]));
    assert_eq!(api.desk.last_event().await.unwrap(), 0);
    for id in ["c-1", "m-1"] {
        assert_eq!(api.send(get(&format!("/v1/conversations/{id}"))).await.status, StatusCode::NOT_FOUND);
    }
}

/// What is refused, with status and reason in Rasa's shape.
#[tokio::test]
async fn refusals_have_rasas_shape() {
    let long = "好".repeat(8_001);
    for (what, app, request, status, reason, says) in [
        ("no text", app(), json(PARSE, &of!({})), 400, "BadRequest", "body: missing field `text`"),
        ("null", app(), json(PARSE, &of!({"text": null})), 400, "BadRequest", "`text`: expected a string"),
        ("empty", app(), json(PARSE, &of!({"text": " "})), 400, "BadRequest", "`text` is empty"),
        ("too long", app(), json(PARSE, &of!({"text": long})), 400, "BadRequest", "`text`: text has 8001 characters"),
        ("no JSON", app(), curl(PARSE, "text=hi"), 400, "BadRequest", "body is not JSON: "),
        ("an array", app(), json(PARSE, &of!(["hi"])), 400, "BadRequest", "body: expected an object"),
        ("not UTF-8", app(), curl(PARSE, &b"{\"text\":\"\xc4\xe3\"}"[..]), 400, "BadRequest", "body is not UTF-8"),
        ("too large", app(), curl(PARSE, " ".repeat(64 * 1024 + 1)), 413, "BadRequest", "body is too large"),
        ("a method", app(), get(PARSE), 405, "MethodNotAllowed", "this path does not take this method"),
        (
            "an emulation",
            app(),
            json("/model/parse?emulation_mode=LUIS&token=t", &of!({"text": "hi"})),
            400,
            "BadRequest",
            "`emulation_mode` is not offered",
        ),
        ("no time", hurried(), json(PARSE, &of!({"text": "hi"})), 504, "Timeout", "the deadline passed"),
        ("no message", app(), json(REST, &of!({"sender": "u-5"})), 400, "BadRequest", "body: missing field `message`"),
        ("nothing said", app(), json(REST, &of!({"message": ""})), 400, "BadRequest", "`message` is empty"),
        (
            "much said",
            app(),
            json(REST, &of!({"message": long})),
            400,
            "BadRequest",
            "`message`: text has 8001 characters",
        ),
        (
            "nobody",
            app(),
            json(REST, &of!({"sender": "", "message": "hi"})),
            400,
            "BadRequest",
            "`sender` has 0 characters; 1 to 200 are allowed",
        ),
        (
            "misspelt",
            app(),
            json(REST, &of!({"message": "hi", "metadata": {"triage": {"custmer": {}}}})),
            400,
            "BadRequest",
            "`metadata.triage.custmer`: unknown field; allowed: `message_id`, ",
        ),
        ("another method", app(), get(REST), 405, "MethodNotAllowed", "this path does not take this method"),
    ] {
        let answered = send(app, request).await;
        let body = answered.body.as_object().unwrap();
        assert_eq!(body.keys().collect::<Vec<_>>(), ["version", "status", "reason", "message", "code"], "{what}");
        assert_eq!((answered.status.as_u16(), &body["code"]), (status, &of!(status)), "{what}: {body:?}");
        assert_eq!((&body["reason"], &body["status"]), (&of!(reason), &of!("failure")), "{what}");
        assert!(body["message"].as_str().unwrap().starts_with(says), "{what}: {body:?}");
        assert_eq!(answered.headers["content-type"], "application/json", "{what}");
        assert!(answered.headers.contains_key("x-request-id"), "{what}");
        assert_eq!(answered.headers.contains_key("retry-after"), status == 504, "{what}");
        assert_eq!(answered.headers.contains_key("allow"), status == 405, "{what}");
    }
}

#[tokio::test]
async fn many_at_once_wait_in_the_same_queue() {
    let app = narrow();
    let ask = |n: usize| {
        if n.is_multiple_of(2) {
            json(PARSE, &of!({"text": "运费多少"}))
        } else {
            json(REST, &of!({"sender": format!("u-{n}"), "message": "运费多少"}))
        }
    };
    let tasks: Vec<_> = (0..200).map(|n| tokio::spawn(send(app.clone(), ask(n)))).collect();
    let mut answered = 0;
    for task in tasks {
        let reply = task.await.unwrap();
        if reply.status == StatusCode::OK {
            answered += 1;
            continue;
        }
        assert_eq!((reply.status.as_u16(), &reply.body["reason"]), (429, &of!("Overloaded")), "{}", reply.body);
        assert!(["1", "2", "3"].contains(&reply.headers["retry-after"].to_str().unwrap()));
    }
    assert!(answered > 0);
}

#[tokio::test]
async fn a_recorded_message_of_the_rest_channel() {
    let api = Api::new();
    let body = recorded("rasa_rest.json");
    let first = api.body(json(REST, &body)).await;
    let text = first[0]["text"].as_str().unwrap();
    assert!(text.contains("新疆"), "{first}");
    assert_eq!(first, of!([{"recipient_id": "user-3f1c", "text": text}]));
    assert_eq!(api.body(curl(REST, body.to_string())).await, first, "sent again under its id it is decided once");
    let kept = api.get("/v1/conversations/user-3f1c").await;
    assert_eq!((&kept["channel"], &kept["turn_count"]), (&of!("rasa-rest"), &of!(1)));
    assert_eq!(kept["customer_id"], "u-5");
}

#[tokio::test]
async fn a_button_pressed_is_the_choice() {
    let api = Api::new();
    let say = |message: &str| json(REST, &of!({"sender": "u-5", "message": message}));
    let asked = api.body(say("202611120011")).await;
    let buttons = asked[0]["buttons"].as_array().unwrap_or_else(|| panic!("{asked}"));
    assert_eq!(buttons.len(), 3, "{asked}");
    for (button, intent) in buttons.iter().zip(["order_lookup", "modify_order", "return_policy"]) {
        assert_eq!(button.as_object().unwrap().keys().collect::<Vec<_>>(), ["title", "payload"]);
        let sender = format!("u-{intent}");
        let say = |message: &Value| json(REST, &of!({"sender": sender, "message": message}));
        api.body(say(&of!("202611120011"))).await;
        api.pass(600);
        let answered = api.body(say(&button["payload"])).await;
        assert!(answered[0]["text"].is_string(), "{answered}");
        let kept = api.get(&format!("/v1/conversations/{sender}")).await;
        assert_eq!(kept["turns"][1]["intent"], intent, "{}", kept["turns"][1]);
    }
}

#[tokio::test]
async fn a_hand_off_is_told_and_then_the_bot_is_silent() {
    let api = Api::new();
    let say = |message: &str| json(REST, &of!({"sender": "u-5", "message": message}));
    let handed = api.body(say("转人工")).await;
    insta::assert_json_snapshot!("rasa_rest_handoff", {
        let mut shape = lasting(&handed);
        shape[0]["text"] = of!("[words]");
        shape
    });
    // Nothing that the customer should not read: a browser may be at the other end.
    for inner in ["summary", "signals", "reasons"] {
        assert!(handed[1]["custom"]["handoff"].get(inner).is_none(), "{handed}");
    }
    let ticket = handed[1]["custom"]["handoff"]["ticket_id"].as_str().unwrap();
    api.post(&format!("/v1/handoffs/{ticket}/claim"), of!({"agent": "a-7"})).await;
    assert_eq!(api.body(say("在吗")).await, of!([]));
}

#[tokio::test]
async fn without_a_store_the_client_is_told_to_hand_over_itself() {
    let answered = send(app(), json(REST, &of!({"sender": "u-5", "message": "转人工"}))).await;
    let handoff = &answered.body[1]["custom"]["handoff"];
    assert_eq!((&handoff["durable"], &handoff["ticket_id"]), (&of!(false), &Value::Null), "{}", answered.body);
    assert!(handoff["queue"].is_string());
}

#[tokio::test]
async fn whoever_names_no_sender_gets_a_conversation_of_its_own() {
    let api = Api::new();
    let first = api.body(json(REST, &of!({"message": "你好"}))).await;
    let second = api.body(json(REST, &of!({"message": "你好", "sender": null, "metadata": null}))).await;
    assert_ne!(first[0]["recipient_id"], second[0]["recipient_id"]);
    let id = first[0]["recipient_id"].as_str().unwrap();
    assert_eq!(api.get(&format!("/v1/conversations/{id}")).await["turn_count"], 1);
}

#[tokio::test]
async fn a_stream_has_one_object_per_line() {
    let request: Request<Body> = post("/webhooks/rest/webhook?stream=true", r#"{"message": "转人工"}"#);
    let response = app().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0]["text"].is_string() && lines[1]["custom"]["handoff"].is_object(), "{text}");
}

#[tokio::test]
async fn what_clients_ask_beforehand() {
    for path in ["/webhooks/rest/", "/webhooks/rest"] {
        assert_eq!(send(app(), get(path)).await.body, of!({"status": "ok"}));
    }
    let version = send(app(), get("/version")).await.body;
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    let status = send(app(), get("/status")).await.body;
    let triage = send(app(), json("/v1/triage", &of!({"text": "你好"}))).await.body;
    assert_eq!((&status["model_file"], &status["model_id"]), (&triage["model"], &triage["catalogue"]));
    assert_eq!(status["num_active_training_jobs"], 0);
}
