//! Chatwoot's agent bot, from webhook to hand-off: through the router, with a real engine, a real store in a file, a stand-in for
//! Chatwoot on a local port, and a clock that is set.

mod failing;
mod people;
mod stand_in;
mod traps;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use triage::adapters::chatwoot::{Chatwoot, Secrets, Worker};
use triage::config::Config;
use triage::desk::{Clock, Desk, Options, SetClock};
use triage::http::{Door, router};
use triage::live::Live;
use triage::store::{Inbox, Sqlite, Store};
use triage::webhooks::sign;

use crate::ENGINE;
use crate::http::{Answered, get, options, post, send};
use crate::store::{at, quick};
use crate::webhooks::until;
use stand_in::{StandIn, TOKEN};

const SECRET: &str = "a secret of the agent bot";

/// The conversation of the fixtures.
const TALK: &str = "chatwoot-3-13098";

/// A shop with a Chatwoot. What runs in it can be started again over the same files.
struct Place {
    folder: TempDir,
    clock: Arc<SetClock>,
    chatwoot: Arc<StandIn>,
    /// More keys of the section `chatwoot`.
    more: &'static str,
}

/// The service in it.
struct Service {
    app: Router,
    store: Option<Arc<Sqlite>>,
    clock: Arc<SetClock>,
    worker: Option<Worker>,
}

impl Place {
    async fn new() -> Self {
        Self::with("").await
    }

    async fn with(more: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        let chatwoot = StandIn::start().await;
        Self { folder, clock: Arc::new(SetClock::at(at(0))), chatwoot, more }
    }

    fn config(&self) -> triage::config::ChatwootConfig {
        let text = format!(
            "chatwoot:\n  {{ url: 'http://{}/at/here/', token_file: token, secret_file: secret, allow_private: true, \
             wait_ms: 0 {} }}\n",
            self.chatwoot.address, self.more
        );
        let path = self.folder.path().join("triage.yaml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path).unwrap_or_else(|findings| panic!("{findings}")).chatwoot.unwrap()
    }

    /// The service with a store and its worker.
    fn start(&self) -> Service {
        let mut service = self.open(true);
        service.0.worker = Some(service.1.start());
        service.0
    }

    /// The service without a worker; without a store if nothing is kept.
    fn open(&self, keeps: bool) -> (Service, Chatwoot) {
        let path = self.folder.path().join("triage.db");
        let store = keeps.then(|| Arc::new(Sqlite::open(&path, quick()).unwrap()));
        let kept = store.clone().map(|store| store as Arc<dyn Store>);
        let ticking: Arc<dyn Clock> = self.clock.clone();
        let options = Options { deadline: crate::http::PATIENT, ..options() };
        let desk = Desk::open(Arc::new(Live::new(Arc::clone(&ENGINE))), kept, ticking, options).unwrap();
        let config = self.config();
        let secrets = Secrets::read(&config).unwrap();
        let inbox = store.clone().map(|store| store as Arc<dyn Inbox>);
        let clock = Arc::clone(&self.clock);
        let clock = Arc::new(move || clock.now());
        let chatwoot = Chatwoot::open(config, secrets, desk.clone(), inbox, clock).unwrap();
        let app = router(desk, Door { chatwoot: Some(chatwoot.clone()), ..Door::default() });
        let clock = Arc::clone(&self.clock);
        (Service { app, store, clock, worker: None }, chatwoot)
    }
}

impl Service {
    /// A webhook, signed.
    async fn deliver(&self, body: &Value) -> Answered {
        self.deliver_as(&format!("delivery-{}-{}", body["event"], uuid()), body).await
    }

    async fn deliver_as(&self, delivery: &str, body: &Value) -> Answered {
        send(self.app.clone(), signed(delivery, &body.to_string(), self.clock.now().as_second())).await
    }

    /// A webhook that is taken and worked off.
    async fn takes(&self, body: &Value) {
        let answered = self.deliver(body).await;
        assert_eq!((answered.status, &answered.body["status"]), (StatusCode::OK, &json!("taken")), "{}", answered.body);
        self.settled().await;
    }

    /// A customer's message.
    async fn says(&self, id: u64, text: &str) {
        self.takes(&customer(id, text)).await;
    }

    /// Waits until nothing is left to be worked off.
    async fn settled(&self) {
        until("everything is worked off", || self.waiting() == 0).await;
    }

    fn waiting(&self) -> u64 {
        self.store.as_ref().unwrap().backlog("chatwoot").unwrap().0
    }

    fn pass(&self, seconds: i64) {
        self.clock.pass(SignedDuration::from_secs(seconds));
    }

    /// What the API says.
    async fn read(&self, path: &str) -> Value {
        send(self.app.clone(), get(path)).await.body
    }

    async fn talk(&self) -> Value {
        self.read(&format!("/v1/conversations/{TALK}")).await
    }

    /// State of the last ticket.
    async fn ticket(&self) -> Value {
        let states = "queued,claimed,resolved,returned_to_bot,expired";
        let list = self.read(&format!("/v1/handoffs?state={states}")).await;
        let id = list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).max();
        match id {
            Some(id) => self.read(&format!("/v1/handoffs/{id}")).await,
            None => Value::Null,
        }
    }
}

fn uuid() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn signed(delivery: &str, body: &str, second: i64) -> Request<Body> {
    let timestamp = second.to_string();
    let mut request = post("/webhooks/chatwoot", body.to_owned());
    let signature = sign(SECRET.as_bytes(), &timestamp, body.as_bytes());
    for (name, value) in [
        ("x-chatwoot-signature", signature),
        ("x-chatwoot-timestamp", timestamp),
        ("x-chatwoot-delivery", delivery.into()),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

/// A recorded webhook.
fn fixture(name: &str) -> Value {
    let path = crate::shipped(&format!("tests/suite/chatwoot/fixtures/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn customer(id: u64, text: &str) -> Value {
    let mut body = fixture("message_created");
    body["id"] = json!(id);
    body["content"] = json!(text);
    body
}

#[tokio::test]
async fn a_question_is_answered() {
    let place = Place::new().await;
    let service = place.start();
    service.says(1, "到新疆运费多少？").await;
    assert_eq!(place.chatwoot.names(), ["show", "say"]);
    let call = &place.chatwoot.calls()[1];
    assert_eq!(call.path, "/at/here/api/v1/accounts/3/conversations/13098/messages");
    let talk = service.talk().await;
    let answer = &talk["turns"][0]["answer"];
    assert!(answer.as_str().is_some_and(|text| text.contains("25")), "{talk}");
    assert_eq!(
        call.body,
        json!({"content": answer, "message_type": "outgoing", "private": false, "content_type": "text",
            "content_attributes": {}})
    );
    assert_eq!((&talk["id"], &talk["channel"]), (&json!(TALK), &json!("chatwoot:WebWidget")));
    assert_eq!(talk["customer_id"], "chatwoot-contact-3-52870");
    assert_eq!(place.chatwoot.talk().status, "pending");
}

#[tokio::test]
async fn who_asks_for_a_person_gets_one() {
    let place = Place::with(", teams: { general: 4, aftersale: 5 }").await;
    let service = place.start();
    service.says(1, "到新疆运费多少？").await;
    service.pass(60);
    service.says(2, "转人工").await;
    let calls = place.chatwoot.calls().split_off(2);
    let names: Vec<&str> = calls.iter().map(|call| call.name).collect();
    assert_eq!(names, ["show", "note", "priority", "team", "labels", "say", "show", "open"]);
    let ticket = service.ticket().await;
    assert_eq!((&ticket["state"], &ticket["conversation_id"]), (&json!("queued"), &json!(TALK)));
    let talk = place.chatwoot.talk();
    let team = if ticket["queue"] == "aftersale" { 5 } else { 4 };
    assert_eq!((talk.status.as_str(), talk.team), ("open", Some(team)));
    assert_eq!(talk.priority.as_deref(), Some("medium"));
    assert_eq!(talk.labels, ["vip", "triage", &format!("triage-{}", ticket["queue"].as_str().unwrap())]);
    assert_eq!(talk.said.len(), 2, "an answer, and a word before the person");
    assert_eq!(&calls[1].body["private"], &json!(true));
    let note = &talk.notes[0];
    for part in [
        "[triage] reason=user_request emotion=neutral",
        "priority=medium due=2026-05-27 ",
        "summary: ",
        "why: user_request",
        "region=新疆",
        "already answered: shipping_fee",
        "tags: triage triage-",
        &format!("ticket: {}", ticket["id"].as_str().unwrap()),
    ] {
        assert!(note.contains(part), "{part}: {note}");
    }
}

#[tokio::test]
async fn levels_become_priorities() {
    let bugs = "found live bugs in the bar my daughter was eating, she's been throwing up since midnight";
    for (text, level, priority) in [
        (bugs, "urgent", "urgent"),
        ("我要投诉，你们卖假货，我要打12315", "serious", "high"),
        ("转人工", "normal", "medium"),
        ("提个建议哈，你家纸箱胶带缠得跟木乃伊似的🤣 换成拉链箱多好，又环保", "suggestion", "low"),
    ] {
        let place = Place::new().await;
        let service = place.start();
        service.says(1, text).await;
        let priority_set = place.chatwoot.talk().priority;
        assert_eq!(
            (&service.ticket().await["level"], priority_set.as_deref()),
            (&json!(level), Some(priority)),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_can_be_chosen_is_shown_as_buttons_and_chosen_by_any_of_three_ways() {
    let chosen = {
        let mut body = fixture("choice");
        body["content_attributes"]["submitted_values"] = json!([{"title": "换货", "value": "exchange"}]);
        body
    };
    for (way, answer) in [("button", chosen), ("value", customer(9, "exchange")), ("word", customer(9, "第一个"))] {
        let place = Place::new().await;
        let service = place.start();
        service.says(1, "裤子到了，穿着大了一圈，怎么弄啊").await;
        let asked = place.chatwoot.talk().said.remove(0);
        assert_eq!(asked["content_type"], "input_select", "{asked}");
        let items = asked["content_attributes"]["items"].as_array().unwrap().clone();
        assert_eq!(items[0]["value"], "exchange", "{asked}");
        let mut answer = answer;
        if way == "button" {
            answer["content_attributes"] = json!({"items": items, "submitted_values": [items[0]]});
        }
        service.pass(15);
        service.takes(&answer).await;
        let talk = service.talk().await;
        let turn = &talk["turns"][1];
        assert_eq!(turn["intent"], "exchange", "{way}: {turn}");
        assert!(!turn["reasons"].to_string().contains("ambiguous"), "{way}: {turn}");
        if way != "word" {
            assert_eq!(turn["text"], items[0]["title"], "{way}");
        }
    }
}

#[tokio::test]
async fn messages_in_a_row_get_one_answer() {
    let place = Place::new().await;
    let (mut service, chatwoot) = place.open(true);
    for (id, text) in [(1, "到新疆"), (2, "买了一双鞋"), (3, "运费多少？")] {
        assert_eq!(service.deliver(&customer(id, text)).await.status, StatusCode::OK);
    }
    service.worker = Some(chatwoot.start());
    service.settled().await;
    let talk = service.talk().await;
    assert_eq!(talk["turn_count"], 3);
    let said = place.chatwoot.talk().said;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["content"], talk["turns"][2]["answer"]);
}

/// An order of a customer whom Chatwoot vouches for is shown without further proof.
#[tokio::test]
async fn only_a_proven_identifier_is_believed() {
    for (verified, identifier, customer_id) in [
        (true, json!("u-1001"), "u-1001"),
        (false, json!("u-1001"), "chatwoot-contact-3-52870"),
        (true, Value::Null, "chatwoot-contact-3-52870"),
    ] {
        let place = Place::new().await;
        let service = place.start();
        let mut body = customer(1, "你好");
        body["sender"]["identifier"] = identifier.clone();
        body["conversation"]["contact_inbox"]["hmac_verified"] = json!(verified);
        service.takes(&body).await;
        assert_eq!(service.talk().await["customer_id"], customer_id, "{verified} {identifier}");
    }
}
