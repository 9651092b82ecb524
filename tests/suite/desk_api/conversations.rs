//! `/v1/conversations` and `/v1/feedback`.

use serde_json::{Value, json};
use triage::conversation::State;
use triage::desk::Clock;
use triage::store::{Change, Conversation, Feedback};

use super::{Api, lasting};
use crate::http::{difference, get};
use crate::store::{at, talk};

#[tokio::test]
async fn a_conversation_from_the_first_message_to_the_rating() {
    let api = Api::new();
    api.say("c-1", "m-1", "你好").await;
    api.pass(60);
    let ticket = api.hand_over("c-1").await;
    insta::assert_json_snapshot!("waits", lasting(&api.get("/v1/conversations/c-1").await));

    api.pass(60);
    let claimed = api.post(&format!("/v1/handoffs/{ticket}/claim"), json!({"agent": "a-7"})).await;
    assert_eq!(claimed["packet"]["turns"].as_array().unwrap().len(), 4, "{claimed}");
    let said =
        json!({"role": "agent", "agent": "a-7", "text": "您好，我是小李", "message_id": "a-1", "delivered": true});
    let noted = api.post("/v1/conversations/c-1/messages", said.clone()).await;
    assert_eq!(noted, json!({"message_id": "a-1"}));
    assert_eq!(api.post("/v1/conversations/c-1/messages", said).await, noted, "sent again, it counts once");
    api.pass(1);
    api.say("c-1", "m-2", "我的手机号是13888881234").await;
    insta::assert_json_snapshot!("with_a_person", lasting(&api.get("/v1/conversations/c-1?last=2").await));

    let whole = api.get(&format!("/v1/handoffs/{ticket}")).await;
    insta::assert_json_snapshot!("ticket", lasting(&whole));
    assert!(!whole.to_string().contains("13888881234"), "{whole}");

    api.post(&format!("/v1/handoffs/{ticket}/resolve"), json!({"agent": "a-7", "note": "好了"})).await;
    let rated = api.post("/v1/conversations/c-1/rating", json!({"rating": 4})).await;
    assert_eq!(rated["rating"], 4);
    let closed = api.post("/v1/conversations/c-1/close", json!({})).await;
    insta::assert_json_snapshot!("closed", lasting(&closed));
    api.say("c-1", "m-3", "你好").await;
    let again = api.get("/v1/conversations/c-1?last=1").await;
    assert_eq!((&again["closed_at"], &again["rating"], &again["turn_count"]), (&Value::Null, &json!(4), &json!(5)));
}

#[tokio::test]
async fn the_last_turns() {
    let api = Api::new();
    for number in 0..60 {
        let text =
            json!({"role": "agent", "agent": "a-7", "text": format!("{number}"), "message_id": format!("a-{number}")});
        if number == 0 {
            api.say("c-1", "m-0", "你好").await;
        } else {
            api.post("/v1/conversations/c-1/messages", text).await;
        }
    }
    for (query, first, count) in
        [("", 10, 50), ("?last=50", 10, 50), ("?last=500", 0, 60), ("?last=1", 59, 1), ("?last=", 10, 50)]
    {
        let kept = api.get(&format!("/v1/conversations/c-1{query}")).await;
        let turns = kept["turns"].as_array().unwrap();
        assert_eq!(
            (turns.len(), &turns[0]["number"], &kept["turn_count"]),
            (count, &json!(first), &json!(60)),
            "{query}"
        );
        let last = &turns[count - 1];
        assert_eq!((&last["role"], &last["text"], &last["delivered"]), (&json!("agent"), &json!("59"), &json!(true)));
    }
    assert_eq!(api.get("/v1/conversations/c-1?last=0").await["turns"], json!([]));
}

#[tokio::test]
async fn a_conversation_is_given_to_people_queues_and_the_bot() {
    let api = Api::new();
    api.say("c-1", "m-1", "你好").await;
    let held = |kept: &Value| {
        let ticket = &kept["ticket"];
        let of = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        [of(&kept["handled_by"]), of(&ticket["state"]), of(&ticket["queue"]), of(&ticket["claimed_by"])].join(" ")
    };
    for (to, expected) in [
        (json!({"to": "bot"}), "bot - - -"),
        (json!({"queue": "aftersale"}), "queue queued aftersale -"),
        (json!({"queue": "finance"}), "queue queued finance -"),
        (json!({"agent": "a-7"}), "person claimed finance a-7"),
        (json!({"agent": "a-8"}), "person claimed finance a-8"),
        (json!({"queue": "logistics"}), "queue queued logistics -"),
        (json!({"to": "bot"}), "bot - - -"),
        (json!({"agent": "a-7"}), "person claimed general a-7"),
    ] {
        let kept = api.post("/v1/conversations/c-1/assign", to.clone()).await;
        assert_eq!((held(&kept).as_str(), &kept["turns"]), (expected, &json!([])), "{to}");
        let read = api.get("/v1/conversations/c-1").await;
        assert_eq!(held(&read), expected, "{to}");
    }
}

/// Whoever is given a conversation finds the ticket in the queue of what it is about, as far forward as the customer counts.
#[tokio::test]
async fn an_assigned_ticket_knows_topic_and_tier() {
    let api = Api::new();
    let asks = async |message: &str, text: &str, customer: Value| {
        let request = json!({"conversation_id": "c-1", "message_id": message, "text": text, "customer": customer});
        api.post("/v1/triage", request).await
    };
    let given = async |to: Value| {
        let ticket = api.post("/v1/conversations/c-1/assign", to).await["ticket"].clone();
        json!([ticket["queue"], ticket["level"], ticket["reason"], ticket["intent"], ticket["urgency"]["tier"]])
    };
    let freight = json!(["logistics", "normal", "assigned", "shipping_fee", "gold"]);
    // The second of two that are decided together does not tell the tier again.
    asks("m-1", "你好", json!({"tier": "gold"})).await;
    asks("m-2", "运费多少", Value::Null).await;
    assert_eq!(given(json!({"agent": "a-7"})).await, freight);
    assert_eq!(given(json!({"agent": "a-8"})).await, freight, "the same ticket");
    assert_eq!(given(json!({"to": "bot"})).await, json!([null, null, null, null, null]));
    // It starts anew: who the customer is stays, what it was about is dealt with.
    assert_eq!(given(json!({"agent": "a-7"})).await, json!(["general", "normal", "assigned", null, "gold"]));
    given(json!({"to": "bot"})).await;
    asks("m-3", "运费多少", json!({"tier": "diamond"})).await;
    assert_eq!(
        given(json!({"queue": "finance"})).await,
        json!(["finance", "normal", "assigned", "shipping_fee", "diamond"])
    );
}

/// The table of levels holds for what a person opens, too.
#[tokio::test]
async fn an_assigned_ticket_has_the_level_of_its_topic() {
    let api = Api::new();
    for (id, topic, level) in [("c-1", Some("quality_issue"), "serious"), ("c-2", Some("shipping_fee"), "normal")] {
        let state = State { topic: topic.map(str::to_owned), ..State::default() };
        let conversation = Some(Conversation { state, ..talk(id) });
        api.keep([Change { conversation, ..Change::default() }]).await;
        let ticket =
            api.post(&format!("/v1/conversations/{id}/assign"), json!({"agent": "a-7"})).await["ticket"].clone();
        assert_eq!((&ticket["intent"], &ticket["level"]), (&json!(topic), &json!(level)));
    }
}

#[tokio::test]
async fn an_id_may_hold_anything() {
    let api = Api::new();
    for id in ["群/聊 1", "a,b", "50%", "../x", "events"] {
        api.say(id, "m-1", "你好").await;
        let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(api.get(&format!("/v1/conversations/{encoded}")).await["id"], id);
    }
    let answered = api.send(get("/v1/conversations/%FF")).await;
    assert_eq!((answered.status.as_u16(), answered.code()), (400, "invalid_utf8"), "{}", answered.body);
}

#[tokio::test]
async fn feedback_is_kept_and_replaced() {
    let api = Api::new();
    api.say("c-1", "m-1", "运费多少").await;
    let given = |extra: Value| {
        let mut body = json!({"conversation_id": "c-1", "message_id": "m-1", "agent": "a-7"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    for extra in
        [json!({"intent": "other"}), json!({"emotion": "anger"}), json!({"intent": "shipping_fee", "handoff": true})]
    {
        assert_eq!(api.post("/v1/feedback", given(extra)).await, Value::Null, "nothing is to be said");
    }
    let mut kept: Vec<Feedback> = Vec::new();
    let from = api.clock.now();
    api.store.each_feedback(from, at(1), &mut |feedback| kept.push(feedback)).unwrap();
    let [kept] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((kept.intent.as_deref(), kept.emotion, kept.handoff), (Some("shipping_fee"), None, Some(true)));
    assert_eq!((kept.agent.as_str(), kept.at), ("a-7", from));
}

#[tokio::test]
async fn the_examples_are_true() {
    let api = Api::new();
    let ticket = api.hand_over("c-1").await;
    let document = api.get("/openapi.json").await;
    let example = |path: &str| {
        document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"].clone()
    };
    for (path, of) in [
        ("/v1/conversations/{id}", "/v1/conversations/c-1".to_owned()),
        ("/v1/handoffs/{id}", format!("/v1/handoffs/{ticket}")),
        ("/v1/handoffs", "/v1/handoffs".to_owned()),
    ] {
        let real = api.get(&of).await;
        assert_eq!(difference("body", &example(path), &real), None, "{path}: {real:#}");
    }
}
