//! Bot Framework: activities, and the hand-off protocol.

use axum::http::StatusCode;
use serde_json::{Value, json as of};

use super::{app, json, recorded};
use crate::desk_api::{Api, lasting};
use crate::http::{get, send};

const PATH: &str = "/v1/bot-framework/activities";

/// A recorded activity with other values.
fn changed(name: &str, change: Value) -> Value {
    let mut activity = recorded(name);
    activity.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    activity
}

fn said(id: &str, text: &str) -> Value {
    changed("webchat_message.json", of!({"id": id, "text": text}))
}

fn told(state: &str) -> Value {
    changed("hub_status.json", of!({"value": {"state": state}}))
}

async fn post(api: &Api, activity: &Value) -> Value {
    api.body(json(PATH, activity)).await["activities"].take()
}

/// A conversation that waits for a person. Its ticket's id.
async fn handed_over(api: &Api) -> String {
    post(api, &said("a-1", "到新疆运费多少")).await;
    api.pass(600);
    let replies = post(api, &said("a-2", "转人工")).await;
    replies[1]["value"]["ticket_id"].as_str().unwrap().to_owned()
}

/// State of a ticket, and who has it.
async fn ticket(api: &Api, id: &str) -> (String, Value) {
    let ticket = api.get(&format!("/v1/handoffs/{id}")).await;
    (ticket["state"].as_str().unwrap().to_owned(), ticket["claimed_by"].clone())
}

/// A shape without what the bot says.
fn shape(activities: &Value) -> Value {
    let mut shape = lasting(activities);
    for activity in shape.as_array_mut().unwrap() {
        if activity["type"] == "message" {
            activity["text"] = of!("[words]");
        }
        if let Some(turns) = activity.pointer_mut("/attachments/0/content/activities") {
            for turn in turns.as_array_mut().unwrap().iter_mut().filter(|turn| turn["from"]["role"] == "bot") {
                turn["text"] = of!("[words]");
            }
        }
    }
    shape
}

#[tokio::test]
async fn a_recorded_message() {
    let api = Api::new();
    let body = recorded("webchat_message.json");
    let replies = post(&api, &body).await;
    assert!(replies[0]["text"].as_str().unwrap().contains("新疆"), "answered in its own language: {replies}");
    insta::assert_json_snapshot!("bot_framework_message", shape(&replies));
    assert_eq!(post(&api, &body).await, replies, "sent again under its id it is decided once");
    let kept = api.get("/v1/conversations/5d1Zx8mUQ7b").await;
    assert_eq!((&kept["channel"], &kept["customer_id"]), (&of!("webchat"), &of!("r_4711")));
    assert_eq!(kept["turn_count"], 1);
}

#[tokio::test]
async fn a_hand_off_calls_a_person_with_the_transcript() {
    let api = Api::new();
    post(&api, &said("a-1", "到新疆运费多少")).await;
    api.pass(600);
    let replies = post(&api, &said("a-2", "转人工")).await;
    insta::assert_json_snapshot!("bot_framework_handoff", shape(&replies));
    let id = replies[1]["value"]["ticket_id"].as_str().unwrap();
    let waits = api.get(&format!("/v1/handoffs/{id}")).await;
    for (key, as_key) in [
        ("queue", "skill"),
        ("queue", "queue"),
        ("level", "level"),
        ("reason", "reason"),
        ("respond_due_at", "respond_due_at"),
        ("resolve_due_at", "resolve_due_at"),
    ] {
        assert_eq!(waits[key], replies[1]["value"][as_key], "{key}");
    }
    let turns = replies[1]["attachments"][0]["content"]["activities"].as_array().unwrap();
    let texts: Vec<_> = turns.iter().map(|turn| turn["text"].as_str().unwrap()).collect();
    assert_eq!((texts.len(), texts[0], texts[2]), (4, "到新疆运费多少", "转人工"), "{texts:?}");
}

#[tokio::test]
async fn the_place_in_the_queue_is_told() {
    let api = Api::new();
    for n in 1..=3 {
        let conversation = of!({"id": format!("c-{n}")});
        let activity = changed("webchat_message.json", of!({"conversation": conversation, "text": "转人工"}));
        let replies = post(&api, &activity).await;
        let status = &replies[2]["value"];
        assert_eq!((&status["state"], &status["position"]), (&of!("queued"), &of!(n)), "{replies}");
        api.pass(1);
    }
}

#[tokio::test]
async fn a_hub_accepts_gives_back_and_completes() {
    let api = Api::new();
    let id = handed_over(&api).await;
    let queued = ("queued".to_owned(), Value::Null);
    let mine = ("claimed".to_owned(), of!("a-7"));
    assert_eq!(ticket(&api, &id).await, queued);
    for _ in ["first", "again"] {
        assert_eq!(post(&api, &told("accepted")).await, of!([]));
        assert_eq!(ticket(&api, &id).await, mine);
    }
    assert_eq!(post(&api, &said("a-3", "在吗")).await, of!([]), "the bot is silent while a person is there");
    let again = post(&api, &said("a-2", "转人工")).await;
    assert_eq!(again.as_array().unwrap().len(), 2, "it waits no longer: {again}");
    for what in ["by whom it was accepted", "by whom it never was"] {
        let waits = post(&api, &told("failed")).await;
        assert_eq!(
            (&waits[0]["name"], &waits[0]["value"]["state"]),
            (&of!("handoff.status"), &of!("queued")),
            "{what}"
        );
        assert_eq!(waits[0]["value"]["ticket_id"], of!(id), "{what}");
        assert_eq!(ticket(&api, &id).await, queued, "{what}");
    }
    let completed = changed("hub_status.json", of!({"value": {"state": "Completed", "message": "已告知运费"}}));
    for _ in ["without having accepted", "again"] {
        assert_eq!(post(&api, &completed).await, of!([]));
        assert_eq!(ticket(&api, &id).await, ("resolved".to_owned(), of!("a-7")));
    }
    assert_eq!(api.get(&format!("/v1/handoffs/{id}")).await["note"], "已告知运费");
    assert_eq!(post(&api, &told("failed")).await, of!([]), "nothing waits any more");
}

/// The least that the protocol asks for: name, conversation, state, and who the agent is.
#[tokio::test]
async fn a_bare_status_is_answered_with_a_whole_activity() {
    let api = Api::new();
    handed_over(&api).await;
    let bare = of!({
        "type": "event", "name": "handoff.status", "from": {"id": "a-7"}, "conversation": {"id": "5d1Zx8mUQ7b"},
        "value": {"state": "failed"},
    });
    let waits = &post(&api, &bare).await[0];
    assert_eq!((&waits["from"], &waits["recipient"]), (&of!({"id": "bot"}), &of!({"id": "a-7"})), "{waits}");
    assert!(waits["id"].is_string() && waits["timestamp"].is_string(), "{waits}");
}

#[tokio::test]
async fn whoever_takes_a_conversation_that_waits_for_nobody_has_it() {
    let api = Api::new();
    post(&api, &said("a-1", "你好")).await;
    assert_eq!(post(&api, &told("accepted")).await, of!([]));
    let kept = api.get("/v1/conversations/5d1Zx8mUQ7b").await;
    assert_eq!((&kept["handled_by"], &kept["ticket"]["claimed_by"]), (&of!("person"), &of!("a-7")));
    api.pass(600);
    assert_eq!(post(&api, &said("a-2", "到新疆运费多少")).await, of!([]));
}

#[tokio::test]
async fn choices_are_suggested_and_understood() {
    let api = Api::new();
    let asked = post(&api, &said("a-1", "202611120011")).await;
    assert_eq!(asked[0]["inputHint"], "expectingInput");
    let actions = &asked[0]["suggestedActions"];
    assert_eq!((&actions["to"], actions["actions"].as_array().map(Vec::len)), (&of!([]), Some(3)), "{asked}");
    let third = &actions["actions"][2];
    assert_eq!((&third["type"], &third["value"]), (&of!("imBack"), &third["title"]));
    api.pass(600);
    post(&api, &said("a-2", third["value"].as_str().unwrap())).await;
    let kept = api.get("/v1/conversations/5d1Zx8mUQ7b").await;
    assert_eq!(kept["turns"][1]["intent"], "return_policy", "{kept}");
}

/// What a bot must not refuse, and does not take for a message.
#[tokio::test]
async fn all_else_is_taken_and_changes_nothing() {
    let api = Api::new();
    handed_over(&api).await;
    let before = api.get("/v1/conversations/5d1Zx8mUQ7b").await;
    let echo = of!({"id": "shop-bot@Xy12", "role": "bot"});
    for activity in [
        changed("webchat_message.json", of!({"id": "a-9", "from": echo})),
        changed("webchat_message.json", of!({"type": "typing", "text": null})),
        changed("webchat_message.json", of!({"type": "conversationUpdate", "membersAdded": [{"id": "r_4711"}]})),
        changed("webchat_message.json", of!({"type": "event", "name": "webchat/join"})),
        of!({"type": "endOfConversation"}),
        told("rejected"),
        changed("hub_status.json", of!({"name": "handoff.other"})),
    ] {
        assert_eq!(post(&api, &activity).await, of!([]), "{activity}");
    }
    assert_eq!(api.get("/v1/conversations/5d1Zx8mUQ7b").await, before);
}

#[tokio::test]
async fn attachments_are_passed_on_and_unknown_ones_ignored() {
    let api = Api::new();
    let attachments = of!([
        {"contentType": "image/png", "contentUrl": "https://files.example/1.png", "name": "1.png", "thumbnailUrl": null},
        {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard"}},
        {"contentType": "text/html", "content": "<p>转人工</p>"},
    ]);
    let activity = changed("webchat_message.json", of!({"text": "转人工", "attachments": attachments}));
    let replies = post(&api, &activity).await;
    let id = replies[1]["value"]["ticket_id"].as_str().unwrap();
    let packet = &api.get(&format!("/v1/handoffs/{id}")).await["packet"];
    assert_eq!(packet["attachments"], of!([{"kind": "image", "reference": "https://files.example/1.png"}]));
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_frameworks_shape() {
    let api = Api::new();
    handed_over(&api).await;
    post(&api, &told("accepted")).await;
    let by_another = |state: &str| changed("hub_status.json", of!({"value": {"state": state}, "from": {"id": "a-8"}}));
    let elsewhere = of!({"conversation": {"id": "c-9"}});
    for (what, activity, status, code) in [
        ("taken by another", by_another("accepted"), 409, "ticket_taken"),
        ("given back by another", by_another("failed"), 409, "ticket_taken"),
        ("done by another", by_another("completed"), 409, "ticket_taken"),
        ("nowhere", changed("hub_status.json", elsewhere), 404, "not_found"),
        ("no state", changed("hub_status.json", of!({"value": {}})), 422, "invalid_request"),
        ("no value", changed("hub_status.json", of!({"value": null})), 422, "invalid_request"),
        ("by nobody", changed("hub_status.json", of!({"from": null})), 422, "invalid_request"),
        ("no type", of!({"text": "hi"}), 422, "invalid_request"),
        ("nowhere said", changed("webchat_message.json", of!({"conversation": null})), 422, "invalid_request"),
        ("an empty place", changed("webchat_message.json", of!({"conversation": {"id": ""}})), 422, "invalid_request"),
        ("a long id", said(&"a".repeat(201), "hi"), 422, "invalid_request"),
        ("nothing said", said("a-5", " "), 422, "text_empty"),
        ("another text", said("a-2", "别的"), 409, "message_conflict"),
    ] {
        let answered = api.send(json(PATH, &activity)).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (status, code), "{what}: {}", answered.body);
        assert!(answered.body["error"]["message"].is_string(), "{what}");
    }
    let wrong = api.send(get(PATH)).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (405, "method_not_allowed"));
}

#[tokio::test]
async fn without_a_store_the_hub_is_told_to_keep_it_itself() {
    let answered = send(app(), json(PATH, &said("a-1", "转人工"))).await;
    assert_eq!(answered.status, StatusCode::OK);
    let replies = answered.body["activities"].as_array().unwrap();
    assert_eq!((replies.len(), &replies[1]["name"]), (2, &of!("handoff.initiate")), "{replies:?}");
    assert_eq!((&replies[1]["value"]["durable"], &replies[1]["value"]["ticket_id"]), (&of!(false), &Value::Null));
    assert!(replies[1].get("attachments").is_none());
    let refused = send(app(), json(PATH, &told("accepted"))).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (501, "no_store"));
}
