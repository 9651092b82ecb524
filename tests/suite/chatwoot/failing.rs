//! Chatwoot that fails, a process that dies, and a service that has too much to do: nothing is lost, and hardly anything said twice.

use std::time::Duration;

use super::people::dead;
use super::stand_in::Fault;
use super::*;

/// Lets time pass until everything is worked off.
async fn passing(service: &Service) {
    until("everything is worked off", || {
        service.pass(1);
        service.waiting() == 0
    })
    .await;
}

#[tokio::test]
async fn what_fails_for_a_while_is_tried_again() {
    for fault in [Fault::Status(500), Fault::Status(502), Fault::Status(429), Fault::Asks(503, "7"), Fault::Status(401)]
    {
        for step in ["show", "note", "say", "open"] {
            let place = Place::new().await;
            let service = place.start();
            place.chatwoot.then(step, [fault, fault]);
            assert_eq!(service.deliver(&customer(1, "转人工")).await.status, StatusCode::OK);
            passing(&service).await;
            let talk = place.chatwoot.talk();
            assert_eq!((talk.status.as_str(), talk.said.len(), talk.notes.len()), ("open", 1, 1), "{fault:?} {step}");
            assert_eq!(service.talk().await["turn_count"], 1);
            assert_eq!(dead(&place), 0);
        }
    }
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is() {
    let place = Place::new().await;
    let service = place.start();
    place.chatwoot.then("say", [Fault::Asks(429, "120")]);
    assert_eq!(service.deliver(&customer(1, "到新疆运费多少？")).await.status, StatusCode::OK);
    until("the first try", || due(&place) > Some(at(0))).await;
    assert_eq!(due(&place), Some(at(120)));
    service.pass(120);
    service.settled().await;
    assert_eq!(place.chatwoot.talk().said.len(), 1);
}

fn due(place: &Place) -> Option<jiff::Timestamp> {
    let raw = rusqlite::Connection::open(place.folder.path().join("triage.db")).unwrap();
    let due = "SELECT max(due_at) FROM inbox WHERE state = 'waiting' AND attempts > 0";
    let due: Option<i64> = raw.query_row(due, [], |row| row.get(0)).unwrap();
    due.map(|due| jiff::Timestamp::from_microsecond(due).unwrap())
}

#[tokio::test]
async fn labels_that_bots_may_not_set_become_an_attribute() {
    let place = Place::new().await;
    let service = place.start();
    place.chatwoot.always("labels", Some(Fault::Status(401)));
    service.says(1, "转人工").await;
    assert_eq!(place.chatwoot.names(), ["show", "note", "priority", "labels", "attributes", "say", "show", "open"]);
    let talk = place.chatwoot.talk();
    assert_eq!((talk.labels, &talk.attributes["plan"]), (vec!["vip".to_owned()], &json!("gold")));
    let tags = talk.attributes["triage"].as_str().unwrap();
    assert!(tags.starts_with("triage triage-") && talk.notes[0].contains(&format!("tags: {tags}")), "{tags}");
}

#[tokio::test]
async fn what_only_helps_holds_up_no_hand_off() {
    for fault in [Fault::Status(500), Fault::Status(422), Fault::Status(404)] {
        let place = Place::with(", teams: { general: 4, aftersale: 4 }").await;
        let service = place.start();
        for step in ["priority", "team", "labels"] {
            place.chatwoot.always(step, Some(fault));
        }
        assert_eq!(service.deliver(&customer(1, "转人工")).await.status, StatusCode::OK);
        passing(&service).await;
        let talk = place.chatwoot.talk();
        assert_eq!((talk.status.as_str(), talk.said.len(), dead(&place)), ("open", 1, 0), "{fault:?}");
    }
}

#[tokio::test]
async fn labels_can_be_left_out() {
    let place = Place::with(", labels: false").await;
    let service = place.start();
    service.says(1, "转人工").await;
    assert_eq!(place.chatwoot.names(), ["show", "note", "priority", "say", "show", "open"]);
}

#[tokio::test]
async fn what_cannot_be_said_is_given_to_people() {
    for (what, fault, tries) in [("refused", Fault::Status(422), 1), ("failing", Fault::Status(500), 3)] {
        let place = Place::with(", attempts: 3").await;
        let service = place.start();
        place.chatwoot.always("say", Some(fault));
        assert_eq!(service.deliver(&customer(1, "到新疆运费多少？")).await.status, StatusCode::OK);
        passing(&service).await;
        let talk = place.chatwoot.talk();
        assert_eq!((place.chatwoot.count("say"), dead(&place), talk.status.as_str()), (tries, 1, "open"), "{what}");
        assert!(talk.notes[0].starts_with("[triage] reason=bot_error"), "{what}: {:?}", talk.notes);
        assert!(!talk.notes[0].contains("新疆"), "{what}");
    }
}

#[tokio::test]
async fn people_are_called_once_chatwoot_is_back() {
    let place = Place::with(", attempts: 3").await;
    let service = place.start();
    for step in ["show", "open", "say"] {
        place.chatwoot.always(step, Some(Fault::Status(503)));
    }
    assert_eq!(service.deliver(&customer(1, "到新疆运费多少？")).await.status, StatusCode::OK);
    until("people are called in vain", || {
        service.pass(1);
        place.chatwoot.count("open") > 1
    })
    .await;
    for step in ["show", "open", "say"] {
        place.chatwoot.always(step, None);
    }
    passing(&service).await;
    let talk = place.chatwoot.talk();
    assert_eq!((talk.status.as_str(), talk.said.len(), dead(&place)), ("open", 0, 1));
}

#[tokio::test]
async fn a_conversation_that_is_gone_holds_up_nothing() {
    for keeps_calling in [false, true] {
        let place = Place::new().await;
        let service = place.start();
        place.chatwoot.forget();
        assert_eq!(service.deliver(&customer(1, "到新疆运费多少？")).await.status, StatusCode::OK);
        service.settled().await;
        assert_eq!((dead(&place), place.chatwoot.count("say")), (1, 0));
        if keeps_calling {
            place.chatwoot.add(13098);
            service.says(2, "到新疆运费多少？").await;
            assert_eq!(place.chatwoot.count("say"), 1);
        }
    }
}

/// The process dies while a call is under way: before Chatwoot did it, or after.
#[tokio::test]
async fn what_was_taken_is_done_after_a_restart() {
    for fault in [Fault::Hangs, Fault::Lost] {
        for step in ["show", "note", "priority", "labels", "say", "open"] {
            let place = Place::new().await;
            place.chatwoot.then(step, [fault]);
            let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let service = {
                let _entered = dying.enter();
                place.start()
            };
            assert_eq!(service.deliver(&customer(1, "转人工")).await.status, StatusCode::OK);
            until("the call", || place.chatwoot.count(step) == 1).await;
            drop(service);
            dying.shutdown_background();
            place.clock.pass(SignedDuration::from_secs(16));
            let service = place.start();
            passing(&service).await;
            let talk = place.chatwoot.talk();
            assert_eq!(
                (talk.status.as_str(), talk.said.len(), talk.notes.len(), talk.priority.as_deref()),
                ("open", 1, 1, Some("medium")),
                "{fault:?} {step}: {:?}",
                place.chatwoot.names()
            );
            let made = service.read("/v1/handoffs?state=queued,claimed,resolved,returned_to_bot").await;
            assert_eq!(made["items"].as_array().unwrap().len(), 1, "{step}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_got_lost_is_not_said_twice() {
    let place = Place::with(", timeout_ms: 200").await;
    let service = place.start();
    place.chatwoot.then("say", [Fault::Lost]);
    assert_eq!(service.deliver(&customer(1, "到新疆运费多少？")).await.status, StatusCode::OK);
    passing(&service).await;
    assert_eq!(place.chatwoot.names(), ["show", "say", "show"]);
    assert_eq!((place.chatwoot.talk().said.len(), dead(&place)), (1, 0));
}

#[tokio::test]
async fn conversations_do_not_wait_for_each_other() {
    let place = Place::new().await;
    let service = place.start();
    place.chatwoot.add(13099);
    place.chatwoot.then("show", [Fault::Hangs]);
    assert_eq!(service.deliver(&customer(1, "转人工")).await.status, StatusCode::OK);
    until("the first one hangs", || place.chatwoot.count("show") == 1).await;
    let mut other = customer(2, "到新疆运费多少？");
    other["conversation"]["id"] = json!(13099);
    assert_eq!(service.deliver(&other).await.status, StatusCode::OK);
    until("the other is answered", || place.chatwoot.talk_of(13099).said.len() == 1).await;
    assert_eq!(service.waiting(), 1);
}

#[tokio::test]
async fn what_is_too_much_is_sent_again() {
    let place = Place::with(", queue: 2").await;
    let (mut service, chatwoot) = place.open(true);
    for (id, status) in [(1, 200), (2, 200), (3, 429)] {
        let answered = service.deliver(&customer(id, "到新疆运费多少？")).await;
        assert_eq!(answered.status.as_u16(), status, "{id}");
    }
    service.worker = Some(chatwoot.start());
    service.settled().await;
    assert_eq!(service.deliver(&customer(3, "到新疆运费多少？")).await.status, StatusCode::OK);
    service.settled().await;
    assert_eq!(service.talk().await["turn_count"], 3);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_so_that_it_is_sent_again() {
    let place = Place::new().await;
    let (service, _) = place.open(true);
    let raw = rusqlite::Connection::open(place.folder.path().join("triage.db")).unwrap();
    raw.execute_batch("ALTER TABLE inbox RENAME TO elsewhere").unwrap();
    let answered = service.deliver(&customer(1, "到新疆运费多少？")).await;
    assert_eq!((answered.status.as_u16(), answered.code()), (500, "internal"), "never 503: that is not sent again");
}

#[tokio::test]
async fn without_a_store_everything_is_done_before_the_answer() {
    let place = Place::new().await;
    let (service, _) = place.open(false);
    place.chatwoot.then("open", [Fault::Status(500)]);
    let body = customer(1, "转人工");
    assert_eq!(service.deliver_as("delivery-1", &body).await.status.as_u16(), 500);
    assert_eq!(service.deliver_as("delivery-1", &body).await.body["status"], "taken");
    assert_eq!(service.deliver_as("delivery-2", &body).await.body["status"], "known");
    let talk = place.chatwoot.talk();
    assert_eq!((talk.status.as_str(), talk.said.len(), talk.notes.len()), ("open", 1, 1));
    assert_eq!(
        place.chatwoot.names(),
        ["show", "note", "priority", "labels", "say", "show", "open", "show", "show", "open"]
    );
}

#[tokio::test]
async fn without_a_store_slow_calls_are_given_back_in_time() {
    let place = Place::new().await;
    let (service, _) = place.open(false);
    place.chatwoot.then("show", [Fault::Hangs]);
    let started = std::time::Instant::now();
    assert_eq!(service.deliver(&customer(1, "转人工")).await.status.as_u16(), 500);
    assert!(started.elapsed() >= Duration::from_secs(4));
}
