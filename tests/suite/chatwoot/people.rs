//! What people do in Chatwoot, and that the bot keeps out of it.

use super::*;

/// A conversation that was handed over.
async fn handed_over(place: &Place) -> Service {
    let service = place.start();
    service.says(1, "转人工").await;
    assert_eq!(place.chatwoot.talk().status, "open");
    assert_eq!(service.ticket().await["state"], "queued");
    service.pass(60);
    service
}

fn with_status(body: Value, status: &str) -> Value {
    let mut body = body;
    body["conversation"]["status"] = json!(status);
    body
}

#[tokio::test]
async fn the_bot_keeps_silent_while_people_have_the_conversation() {
    let place = Place::new().await;
    let service = handed_over(&place).await;
    let before = place.chatwoot.names().len();
    service.takes(&with_status(customer(2, "还在吗？到新疆运费多少"), "open")).await;
    service.takes(&fixture("agent_message")).await;
    // What was sent before the hand-off and comes after it.
    service.takes(&customer(3, "到新疆运费多少")).await;
    let talk = service.talk().await;
    assert_eq!((talk["turn_count"].as_u64(), place.chatwoot.count("say")), (Some(4), 1), "{talk}");
    assert!(place.chatwoot.names()[before..].iter().all(|name| *name == "show"), "{:?}", place.chatwoot.names());
    assert_eq!(talk["turns"][2]["role"], "agent");
    assert_eq!((&talk["handled_by"], &talk["turns"][2]["agent"]), (&json!("person"), &json!("chatwoot-9")));
    let ticket = service.ticket().await;
    assert_eq!((&ticket["state"], &ticket["claimed_by"]), (&json!("claimed"), &json!("chatwoot-9")));
    assert!(ticket["responded_at"].is_string(), "{ticket}");
    // Told again, it is noted once.
    assert_eq!(service.deliver(&fixture("agent_message")).await.body["status"], "known");
}

#[tokio::test]
async fn who_takes_the_conversation_takes_the_ticket() {
    let place = Place::new().await;
    let service = handed_over(&place).await;
    let mut body = fixture("conversation_opened");
    service.takes(&body).await;
    assert_eq!(service.ticket().await["state"], "queued", "nobody is named");
    body["meta"]["assignee"] = json!({"id": 4, "name": "Triage"});
    body["meta"]["assignee_type"] = json!("AgentBot");
    service.takes(&body).await;
    assert_eq!(service.ticket().await["state"], "queued", "a bot is nobody");
    body["meta"]["assignee"] = json!({"id": 9, "name": "周宁"});
    body["meta"]["assignee_type"] = json!("User");
    service.takes(&body).await;
    assert_eq!(service.ticket().await["claimed_by"], "chatwoot-9");
}

#[tokio::test]
async fn a_resolved_conversation_comes_back_to_the_bot() {
    for agent_spoke in [false, true] {
        let place = Place::new().await;
        let service = handed_over(&place).await;
        if agent_spoke {
            service.takes(&fixture("agent_message")).await;
        }
        place.chatwoot.set_status("resolved");
        service.takes(&fixture("conversation_resolved")).await;
        let ticket = service.ticket().await;
        let by = if agent_spoke { "chatwoot-9" } else { "chatwoot" };
        assert_eq!((&ticket["state"], &ticket["claimed_by"]), (&json!("resolved"), &json!(by)));
        let talk = service.talk().await;
        assert!(talk["closed_at"].is_string() && talk["handled_by"] == "bot", "{talk}");
        // The customer comes again: the bot answers, and hands over only what is to be handed over.
        place.chatwoot.set_status("pending");
        service.pass(3600);
        service.says(5, "到新疆运费多少？").await;
        assert_eq!((place.chatwoot.talk().status.as_str(), place.chatwoot.count("open")), ("pending", 1));
        assert_eq!(place.chatwoot.count("say"), 2);
        service.pass(60);
        service.says(6, "转人工").await;
        assert_eq!((place.chatwoot.talk().status.as_str(), place.chatwoot.count("open")), ("open", 2));
        assert_eq!(service.ticket().await["state"], "queued");
    }
}

#[tokio::test]
async fn a_conversation_given_back_is_the_bots_again() {
    // Told by an event, or only found out with the next message.
    for event in [Some("conversation_status_changed"), Some("conversation_updated"), None] {
        let place = Place::new().await;
        let service = handed_over(&place).await;
        place.chatwoot.set_status("pending");
        if let Some(event) = event {
            let mut body = fixture("conversation_status_changed");
            body["event"] = json!(event);
            service.takes(&body).await;
            assert_eq!(service.ticket().await["state"], "returned_to_bot", "{event}");
        }
        service.says(7, "到新疆运费多少？").await;
        assert_eq!(service.ticket().await["state"], "returned_to_bot", "{event:?}");
        let talk = place.chatwoot.talk();
        assert_eq!((talk.status.as_str(), talk.said.len()), ("pending", 2), "{event:?}");
        assert_eq!(place.chatwoot.count("note"), 1, "{event:?}");
    }
}

#[tokio::test]
async fn changes_that_are_none_of_the_status_are_passed_over() {
    let place = Place::new().await;
    let service = handed_over(&place).await;
    let mut body = fixture("conversation_status_changed");
    body["event"] = json!("conversation_updated");
    body["changed_attributes"] = json!([{"priority": {"previous_value": null, "current_value": "high"}}]);
    assert_eq!(service.deliver(&body).await.body["status"], "ignored");
    // What comes late tells what was, not what is.
    for name in ["conversation_status_changed", "conversation_resolved"] {
        service.takes(&fixture(name)).await;
        assert_eq!(service.ticket().await["state"], "queued", "{name}");
    }
}

#[tokio::test]
async fn what_is_not_known_here_is_passed_over() {
    let place = Place::new().await;
    let service = place.start();
    for name in ["agent_message", "conversation_opened", "conversation_resolved", "conversation_status_changed"] {
        service.takes(&fixture(name)).await;
    }
    assert_eq!((service.ticket().await, place.chatwoot.count("say")), (Value::Null, 0));
    let dead: i64 = dead(&place);
    assert_eq!(dead, 0);
}

#[tokio::test]
async fn nothing_is_said_once_a_person_has_it() {
    // Somebody opens the conversation between the message and the answer.
    let place = Place::new().await;
    let service = place.start();
    place.chatwoot.set_status("open");
    service.says(1, "到新疆运费多少？").await;
    assert_eq!(place.chatwoot.names(), ["show"]);
    // Or in the middle of a hand-off: then it is not opened a second time.
    let place = Place::new().await;
    let service = place.start();
    place.chatwoot.opens_after("say");
    service.says(1, "转人工").await;
    assert_eq!(place.chatwoot.names(), ["show", "note", "priority", "labels", "say", "show"]);
}

/// Letters that were given up.
pub(super) fn dead(place: &Place) -> i64 {
    let raw = rusqlite::Connection::open(place.folder.path().join("triage.db")).unwrap();
    raw.query_row("SELECT count(*) FROM inbox WHERE state = 'dead'", [], |row| row.get(0)).unwrap()
}
