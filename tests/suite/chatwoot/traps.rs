//! What Chatwoot sends that is easily misread, and what others send.

use super::*;

/// A change to a webhook, what is to be said to it, and how often the bot speaks.
type Trap = (&'static str, fn(&mut Value), &'static str, usize);

#[tokio::test]
async fn webhooks_are_read_as_they_are_meant() {
    let traps: [Trap; 17] = [
        ("as recorded", |_| {}, "taken", 1),
        ("unknown keys", |body| body["conversation"]["new_in_5_0"] = json!({"a": [1]}), "taken", 1),
        ("a number for the kind of message", |body| body["message_type"] = json!(0), "taken", 1),
        ("a sender with a type", |body| body["sender"]["type"] = json!("contact"), "taken", 1),
        ("no sender at all", |body| body["sender"] = Value::Null, "taken", 1),
        ("no header keys", |body| drop(body.as_object_mut().unwrap().remove("private")), "taken", 1),
        ("nobody's contact", |body| body["conversation"]["contact_inbox"] = Value::Null, "taken", 1),
        ("a status that is not known", |body| body["conversation"]["status"] = json!("asleep"), "taken", 0),
        ("open", |body| body["conversation"]["status"] = json!("open"), "taken", 0),
        ("a private note", |body| body["private"] = json!(true), "ignored", 0),
        ("outgoing", |body| body["message_type"] = json!("outgoing"), "ignored", 0),
        ("a number, outgoing", |body| body["message_type"] = json!(1), "ignored", 0),
        ("activity", |body| body["message_type"] = json!("activity"), "ignored", 0),
        ("a template", |body| body["message_type"] = json!("template"), "ignored", 0),
        ("another event", |body| body["event"] = json!("contact_updated"), "ignored", 0),
        ("a changed message", |body| body["event"] = json!("message_updated"), "ignored", 0),
        ("a bot's message", |body| *body = fixture("bot_message"), "ignored", 0),
    ];
    for (what, change, status, spoken) in traps {
        let place = Place::new().await;
        let service = place.start();
        let mut body = fixture("message_created");
        change(&mut body);
        if body["conversation"]["status"] != "pending" {
            place.chatwoot.set_status("open");
        }
        let answered = service.deliver(&body).await;
        assert_eq!((answered.status, &answered.body["status"]), (StatusCode::OK, &json!(status)), "{what}");
        service.settled().await;
        assert_eq!(place.chatwoot.count("say"), spoken, "{what}: {:?}", place.chatwoot.names());
        let talk = service.talk().await;
        assert_eq!(talk["turn_count"].as_u64().unwrap_or(0), u64::from(status == "taken"), "{what}: {talk}");
    }
    let place = Place::new().await;
    let service = place.start();
    assert_eq!(service.deliver(&fixture("webwidget_triggered")).await.body["status"], "ignored");
}

#[tokio::test]
async fn a_picture_without_words_goes_to_a_person() {
    let place = Place::new().await;
    let service = place.start();
    service.takes(&fixture("picture")).await;
    let ticket = service.ticket().await;
    let attachments = &ticket["packet"]["attachments"];
    assert_eq!(attachments[0]["kind"], "image", "{ticket}");
    assert!(attachments[0]["reference"].as_str().unwrap().ends_with("cup.jpg"), "{ticket}");
    assert_eq!(place.chatwoot.talk().status, "open");
    // Nor is anything lost that has neither words nor files.
    let place = Place::new().await;
    let service = place.start();
    let mut body = fixture("message_created");
    body["content"] = Value::Null;
    service.takes(&body).await;
    assert_eq!(service.talk().await["turn_count"], 1);
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut() {
    let place = Place::new().await;
    let service = place.start();
    service.says(1, &format!("转人工{}", "好".repeat(150_000))).await;
    assert_eq!(service.talk().await["turns"][0]["text"].as_str().unwrap().chars().count(), 8000);
}

#[tokio::test]
async fn only_chatwoot_is_believed() {
    let place = Place::new().await;
    let service = place.start();
    let now = place.clock.now().as_second();
    let body = fixture("message_created").to_string();
    let request = |change: &dyn Fn(&mut axum::http::HeaderMap)| {
        let mut request = signed("delivery-1", &body, now);
        change(request.headers_mut());
        request
    };
    let set = |name: &'static str, value: &'static str| {
        request(&move |headers| drop(headers.insert(name, value.parse().unwrap())))
    };
    let unsigned = |name: &'static str| request(&move |headers| drop(headers.remove(name)));
    for (what, request, status) in [
        ("unsigned", unsigned("x-chatwoot-signature"), 401),
        ("without a time", unsigned("x-chatwoot-timestamp"), 401),
        ("another time", set("x-chatwoot-timestamp", "1779760801"), 401),
        ("no time", set("x-chatwoot-timestamp", "soon"), 401),
        ("another signature", set("x-chatwoot-signature", OTHER), 401),
        ("no signature", set("x-chatwoot-signature", "sha256="), 401),
        ("too old", signed("delivery-1", &body, now - 301), 401),
        ("from the future", signed("delivery-1", &body, now + 301), 401),
        (
            "another body",
            {
                let mut request = signed("d", "{}", now);
                *request.body_mut() = Body::from(body.clone());
                request
            },
            401,
        ),
        ("not JSON, unsigned", post("/webhooks/chatwoot", "nonsense"), 401),
        ("not JSON", signed("delivery-1", "nonsense", now), 400),
        ("no event", signed("delivery-1", "{}", now), 422),
        (
            "no conversation",
            signed("delivery-1", r#"{"event":"message_created","message_type":"incoming","id":1}"#, now),
            422,
        ),
        ("too long", signed("delivery-1", &"x".repeat(3 << 20), now), 413),
        ("old, but not too old", signed("delivery-1", &body, now - 300), 200),
    ] {
        let answered = send(service.app.clone(), request).await;
        assert_eq!(answered.status.as_u16(), status, "{what}: {}", answered.body);
        assert!(!answered.body.to_string().contains("新疆"), "{what}");
        if status == 401 {
            assert_eq!(answered.code(), "bad_signature", "{what}");
        }
    }
    service.settled().await;
    assert_eq!(service.talk().await["turn_count"], 1);
}

const OTHER: &str = "sha256=0000000000000000000000000000000000000000000000000000000000000000";

#[tokio::test]
async fn without_a_chatwoot_there_is_no_such_path() {
    let answered =
        send(crate::http::api(Arc::new(Live::new(Arc::clone(&ENGINE))), options()), signed("d", "{}", 0)).await;
    assert_eq!((answered.status, answered.code()), (StatusCode::NOT_FOUND, "not_found"));
}

#[tokio::test]
async fn what_comes_twice_is_done_once() {
    let place = Place::new().await;
    let service = place.start();
    let body = fixture("message_created");
    assert_eq!(service.deliver_as("delivery-1", &body).await.body["status"], "taken");
    // The same delivery, tried again; and the same message under another, as when messages come fast.
    assert_eq!(service.deliver_as("delivery-1", &body).await.body["status"], "known");
    assert_eq!(service.deliver_as("delivery-2", &body).await.body["status"], "known");
    service.settled().await;
    assert_eq!(service.deliver_as("delivery-3", &body).await.body["status"], "known");
    service.settled().await;
    assert_eq!((place.chatwoot.count("say"), &service.talk().await["turn_count"]), (1, &json!(1)));
}
