//! A store that fails when it is told to, and what the API makes of it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use triage::http::Limits;
use triage::store::{
    Arrival, Change, Conversation, Conversations, Delivery, Ending, Feedback, Figures, Forgotten, Inbox, Ledger,
    Letter, Outbox, Page, Pending, Receipt, Store, StoreError, StoredEvent, TicketFilter, Tickets, Turn, Upkeep,
};
use triage::ticket::Ticket;

use super::Api;
use crate::http::{get, post, triage};

type Stored<T> = Result<T, StoreError>;

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Nothing,
    /// Nothing can be written.
    Writes,
    /// Nothing can be read.
    Reads,
    /// Somebody else is always faster.
    Conflicts,
    /// What is written takes until it is let through.
    Stalls,
}

/// A store that fails when it is told to.
pub(super) struct Faulty {
    store: Arc<dyn Store>,
    fault: Mutex<Fault>,
    stalled: Mutex<Vec<(Change, oneshot::Sender<Stored<()>>)>>,
}

fn broken<T>() -> Stored<T> {
    Err(StoreError::Failed("the disk is on fire".into()))
}

impl Faulty {
    /// Around a store in which nothing goes wrong yet.
    pub(super) fn around(store: Arc<dyn Store>) -> Self {
        Self { store, fault: Mutex::new(Fault::Nothing), stalled: Mutex::default() }
    }

    pub(super) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        for (change, told) in self.stalled.lock().unwrap().drain(..) {
            let pending = self.store.record(change);
            tokio::spawn(async { told.send(pending.written().await) });
        }
    }

    fn read<T>(&self, read: impl FnOnce(&dyn Store) -> Stored<T>) -> Stored<T> {
        if *self.fault.lock().unwrap() == Fault::Reads { broken() } else { read(&*self.store) }
    }
}

impl Ledger for Faulty {
    fn record(&self, change: Change) -> Pending {
        let (pending, told) = Pending::new();
        let _ = match *self.fault.lock().unwrap() {
            Fault::Writes => told.send(broken()),
            Fault::Conflicts => told.send(Err(StoreError::Conflict)),
            Fault::Stalls => {
                self.stalled.lock().unwrap().push((change, told));
                Ok(())
            }
            Fault::Nothing | Fault::Reads => return self.store.record(change),
        };
        pending
    }
}

impl Conversations for Faulty {
    fn conversation(&self, id: &str) -> Stored<Option<Conversation>> {
        self.read(|store| store.conversation(id))
    }
    fn turn(&self, conversation_id: &str, message_id: &str) -> Stored<Option<Turn>> {
        self.read(|store| store.turn(conversation_id, message_id))
    }
    fn turns(&self, conversation_id: &str, last: usize) -> Stored<Vec<Turn>> {
        self.read(|store| store.turns(conversation_id, last))
    }
}

impl Tickets for Faulty {
    fn ticket(&self, id: &str) -> Stored<Option<Ticket>> {
        self.read(|store| store.ticket(id))
    }
    fn tickets(&self, filter: &TicketFilter) -> Stored<Page<Ticket>> {
        self.read(|store| store.tickets(filter))
    }
    fn overdue(&self, now: Timestamp) -> Stored<Vec<Ticket>> {
        self.read(|store| store.overdue(now))
    }
    fn tickets_of(&self, customer_id: &str, since: Timestamp) -> Stored<Vec<Ticket>> {
        self.read(|store| store.tickets_of(customer_id, since))
    }
    fn events_after(&self, sequence: u64, limit: usize) -> Stored<Vec<StoredEvent>> {
        self.read(|store| store.events_after(sequence, limit))
    }
    fn last_event(&self) -> Stored<u64> {
        self.read(|store| store.last_event())
    }
}

impl Outbox for Faulty {
    fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Stored<Vec<Delivery>> {
        self.read(|store| store.lease(now, until, limit))
    }
    fn delivered(&self, delivery: &Delivery, now: Timestamp) -> Stored<()> {
        self.read(|store| store.delivered(delivery, now))
    }
    fn failed(&self, delivery: &Delivery, why: &str, next: Option<Timestamp>) -> Stored<()> {
        self.read(|store| store.failed(delivery, why, next))
    }
    fn dead(&self, after: u64, limit: usize) -> Stored<Vec<Delivery>> {
        self.read(|store| store.dead(after, limit))
    }
    fn replay(&self, sequence: Option<u64>, endpoint: Option<&str>, now: Timestamp) -> Stored<usize> {
        self.read(|store| store.replay(sequence, endpoint, now))
    }
    fn lag(&self) -> Stored<(u64, Option<Timestamp>)> {
        self.read(|store| store.lag())
    }
}

impl Inbox for Faulty {
    fn receive(&self, arrival: Arrival, most: usize) -> Stored<Receipt> {
        if *self.fault.lock().unwrap() == Fault::Writes { broken() } else { self.store.receive(arrival, most) }
    }
    fn take(&self, source: &str, now: Timestamp, until: Timestamp, limit: usize) -> Stored<Vec<Letter>> {
        self.read(|store| store.take(source, now, until, limit))
    }
    fn proceed(&self, letter: &Letter, progress: &str, until: Timestamp) -> Stored<()> {
        self.read(|store| store.proceed(letter, progress, until))
    }
    fn end(&self, letter: &Letter, ending: &Ending) -> Stored<()> {
        self.read(|store| store.end(letter, ending))
    }
    fn postpone(&self, letter: &Letter, why: &str, next: Timestamp) -> Stored<()> {
        self.read(|store| store.postpone(letter, why, next))
    }
    fn left_as(&self, source: &str, conversation_id: &str) -> Stored<Option<String>> {
        self.read(|store| store.left_as(source, conversation_id))
    }
    fn backlog(&self, source: &str) -> Stored<(u64, Option<Timestamp>)> {
        self.read(|store| store.backlog(source))
    }
}

/// None of this is asked for here.
impl Figures for Faulty {
    fn each_turn(&self, _: Timestamp, _: Timestamp, _: &mut dyn FnMut(Turn)) -> Stored<()> {
        broken()
    }
    fn each_ticket(&self, _: Timestamp, _: Timestamp, _: &mut dyn FnMut(Ticket)) -> Stored<()> {
        broken()
    }
    fn each_conversation(&self, _: Timestamp, _: Timestamp, _: &mut dyn FnMut(Conversation)) -> Stored<()> {
        broken()
    }
    fn each_feedback(&self, _: Timestamp, _: Timestamp, _: &mut dyn FnMut(Feedback)) -> Stored<()> {
        broken()
    }
}

impl Upkeep for Faulty {
    fn remove_before(&self, _: Timestamp, _: usize) -> Stored<usize> {
        broken()
    }
    fn forget(&self, _: &str) -> Stored<Forgotten> {
        broken()
    }
    fn wipe(&self) -> Stored<()> {
        broken()
    }
    fn backup(&self, _: &Path) -> Stored<()> {
        broken()
    }
}

fn api() -> (Api, Arc<Faulty>) {
    let mut kept = None;
    let api = Api::with(Limits::default(), |store| {
        let faulty = Arc::new(Faulty::around(store));
        kept = Some(Arc::clone(&faulty));
        faulty
    });
    (api, kept.unwrap())
}

#[tokio::test]
async fn a_message_that_cannot_be_stored_goes_to_a_person() {
    for fault in [Fault::Writes, Fault::Reads, Fault::Conflicts] {
        let (api, store) = api();
        store.set(fault);
        let reply = api.say("c-1", "m-1", "你好").await;
        assert_eq!((&reply["decision"], &reply["durable"]), (&json!("handoff"), &json!(false)), "{reply}");
        assert_eq!(reply["handoff"]["ticket_id"], Value::Null, "{reply}");
        assert_eq!(reply["reasons"][0]["code"], "bot_error", "{reply}");
        assert!(!reply.to_string().contains("fire"), "{reply}");
        store.set(Fault::Nothing);
        assert_eq!(api.send(get("/v1/conversations/c-1")).await.code(), "not_found", "nothing was kept");
        // Sent again under the same id, it is decided as if nothing had been.
        let again = api.say("c-1", "m-1", "你好").await;
        assert_eq!((&again["durable"], &again["message_id"]), (&json!(true), &json!("m-1")));
        assert_ne!(again["reasons"][0]["code"], "bot_error", "{again}");
    }
}

#[tokio::test]
async fn what_is_stored_too_late_is_answered_when_it_is_sent_again() {
    let (api, store) = api();
    store.set(Fault::Stalls);
    let message = |deadline: u64| {
        triage(&json!({"conversation_id": "c-1", "message_id": "m-1", "text": "转人工", "deadline_ms": deadline}))
    };
    let late = api.send(message(300)).await;
    assert_eq!((late.status.as_u16(), late.code()), (504, "deadline_exceeded"), "{}", late.body);
    assert_eq!(late.headers["retry-after"], "1");
    store.set(Fault::Nothing);
    let reply = api.body(message(30_000)).await;
    assert_eq!((&reply["decision"], &reply["durable"]), (&json!("handoff"), &json!(true)), "{reply}");
    let kept = api.get("/v1/conversations/c-1").await;
    assert_eq!((&kept["turn_count"], &kept["ticket"]["id"]), (&json!(1), &reply["handoff"]["ticket_id"]));
}

#[tokio::test]
async fn people_are_told_that_nothing_was_done() {
    let (api, store) = api();
    let ticket = api.hand_over("c-1").await;
    let steps = || {
        let by = json!({"agent": "a-7"}).to_string();
        let said = json!({"role": "agent", "agent": "a-7", "text": "您好"}).to_string();
        let said_of = json!({"conversation_id": "c-1", "message_id": "m-handoff", "agent": "a-7", "handoff": true});
        vec![
            post(&format!("/v1/handoffs/{ticket}/claim"), by),
            post("/v1/conversations/c-1/messages", said),
            post("/v1/conversations/c-1/rating", json!({"rating": 5}).to_string()),
            post("/v1/conversations/c-1/assign", json!({"agent": "a-7"}).to_string()),
            post("/v1/feedback", said_of.to_string()),
        ]
    };
    let reads = || {
        let paths =
            ["/v1/conversations/c-1", "/v1/handoffs", "/v1/handoffs/events", "/v1/webhooks", "/v1/webhooks/dead"];
        paths.into_iter().map(get).chain([post("/v1/webhooks/replay", "{}"), get(&format!("/v1/handoffs/{ticket}"))])
    };
    let before = api.get("/v1/conversations/c-1").await;
    for (fault, requests, status, code) in [
        (Fault::Writes, steps(), 503, "store_failed"),
        (Fault::Conflicts, steps(), 409, "busy"),
        (Fault::Reads, steps().into_iter().chain(reads()).collect(), 503, "store_failed"),
    ] {
        store.set(fault);
        for request in requests {
            let path = request.uri().path().to_owned();
            let answered = api.send(request).await;
            assert_eq!((answered.status.as_u16(), answered.code()), (status, code), "{path}: {}", answered.body);
            assert_eq!(answered.body["error"]["retryable"], true, "{path}");
            assert_eq!(answered.headers["retry-after"], "1", "{path}");
            assert!(!answered.body.to_string().contains("fire"), "{path}: {}", answered.body);
        }
        store.set(Fault::Nothing);
        assert_eq!(api.get("/v1/conversations/c-1").await, before);
    }
}
