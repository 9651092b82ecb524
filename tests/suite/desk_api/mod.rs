//! Conversations, hand-offs and what people do with them, as gateways and agents' screens see them: through the router, with a
//! real engine, a real store in a file, and a clock that is set.

mod conversations;
mod events;
mod failing;
mod handoffs;
mod messages;
mod orders;
mod refused;
mod webhooks;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;
use triage::desk::{Clock, Desk, Options, SetClock};
use triage::http::{Limits, router};
use triage::live::Live;
use triage::store::{Change, Sqlite, Store};

use crate::ENGINE;
use crate::http::{Answered, get, options, post, send, triage};
use crate::store::{at, quick};

/// A desk behind the API. Its clock stands at the moment from which the tests of the store count.
pub(crate) struct Api {
    app: Router,
    pub(crate) desk: Desk,
    store: Arc<dyn Store>,
    clock: Arc<SetClock>,
    _folder: TempDir,
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), |store| store)
    }

    /// With other limits, and something around the store.
    fn with(limits: Limits, around: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        Self::over(live(), limits, around)
    }

    /// With another engine, too.
    fn over(live: Arc<Live>, limits: Limits, around: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("triage.db"), quick()).unwrap());
        let clock = Arc::new(SetClock::at(at(0)));
        let ticking: Arc<dyn Clock> = clock.clone();
        let options = Options { deadline: crate::http::PATIENT, ..options() };
        let desk = Desk::open(live, Some(around(Arc::clone(&store))), ticking, options).unwrap();
        Self { app: router(desk.clone(), limits), desk, store, clock, _folder: folder }
    }

    /// Stores changes that nothing stands against, as another program would.
    async fn keep(&self, changes: impl IntoIterator<Item = Change>) {
        // No more at a time than may wait to be written.
        let changes: Vec<Change> = changes.into_iter().collect();
        for some in changes.chunks(500) {
            let pending: Vec<_> = some.iter().map(|change| self.store.record(change.clone())).collect();
            for pending in pending {
                pending.written().await.unwrap();
            }
        }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.pass(jiff::SignedDuration::from_secs(seconds));
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        send(self.app.clone(), request).await
    }

    /// The body of what goes well.
    pub(crate) async fn body(&self, request: Request<Body>) -> Value {
        let answered = self.send(request).await;
        assert!(answered.status.is_success(), "{}: {}", answered.status, answered.body);
        answered.body
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.body(get(path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.body(post(path, body.to_string())).await
    }

    /// A customer's message.
    pub(crate) async fn say(&self, conversation: &str, message: &str, text: &str) -> Value {
        let request = json!({"conversation_id": conversation, "message_id": message, "text": text});
        let answered = self.send(triage(&request)).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
        answered.body
    }

    /// Asks for a person. The ticket's id.
    pub(crate) async fn hand_over(&self, conversation: &str) -> String {
        let reply = self.say(conversation, "m-handoff", "转人工").await;
        assert_eq!((&reply["decision"], &reply["durable"]), (&json!("handoff"), &json!(true)), "{reply}");
        reply["handoff"]["ticket_id"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn live() -> Arc<Live> {
    Arc::new(Live::new(Arc::clone(&ENGINE)))
}

fn ids(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

/// What differs from run to run, and from catalogue to catalogue: ids, times, scores, and what the bot says.
pub(crate) fn lasting(value: &Value) -> Value {
    static PASSING: LazyLock<[(Regex, &str); 2]> = LazyLock::new(|| {
        let of = |pattern: &str, instead| (Regex::new(pattern).unwrap(), instead);
        [of(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]"), of("[0-9a-f]{8}-[0-9a-f-]{27}", "[id]")]
    });
    let worded = ["answer", "detail", "summary"];
    match value {
        Value::String(text) => {
            let whole = text.clone();
            json!(PASSING.iter().fold(whole, |text, (pattern, new)| pattern.replace_all(&text, *new).into_owned()))
        }
        Value::Number(number) if number.is_f64() => json!("[score]"),
        Value::Array(items) => items.iter().map(lasting).collect(),
        Value::Object(map) => {
            let is_bot = map.get("role").is_some_and(|role| role == "bot");
            let of = |key: &str, value: &Value| match value {
                Value::String(_) if worded.contains(&key) || (is_bot && key == "text") => json!("[words]"),
                other => lasting(other),
            };
            map.iter().map(|(key, value)| (key.clone(), of(key, value))).collect()
        }
        other => other.clone(),
    }
}
