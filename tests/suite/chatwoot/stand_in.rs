//! A stand-in for Chatwoot: keeps conversations, checks what it is sent, and fails when it is told to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(super) const TOKEN: &str = "the-token-of-the-agent-bot";

/// How a call fails.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    Status(u16),
    /// A status that asks to be left alone for so many seconds.
    Asks(u16, &'static str),
    /// Nothing is done, and nothing comes back.
    Hangs,
    /// It is done, and nothing comes back.
    Lost,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// What it does: `show`, `note`, `priority`, `team`, `labels`, `attributes`, `say` or `open`.
    pub(super) name: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
}

/// A conversation.
#[derive(Debug, Clone)]
pub(super) struct Talk {
    pub(super) status: String,
    pub(super) labels: Vec<String>,
    pub(super) attributes: Value,
    pub(super) priority: Option<String>,
    pub(super) team: Option<u64>,
    /// What was said to the customer.
    pub(super) said: Vec<Value>,
    pub(super) notes: Vec<String>,
    last: Option<Value>,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            status: "pending".into(),
            labels: vec!["vip".into()],
            attributes: json!({"plan": "gold"}),
            priority: None,
            team: None,
            said: Vec::new(),
            notes: Vec::new(),
            last: None,
        }
    }
}

pub(super) struct StandIn {
    pub(super) address: SocketAddr,
    calls: Mutex<Vec<Call>>,
    talks: Mutex<BTreeMap<u64, Talk>>,
    faults: Mutex<HashMap<&'static str, VecDeque<Fault>>>,
    always: Mutex<HashMap<&'static str, Fault>>,
    /// A person opens the conversation right after this call.
    opens_after: Mutex<Option<&'static str>>,
}

impl StandIn {
    pub(super) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            calls: Mutex::default(),
            talks: Mutex::new(BTreeMap::from([(13098, Talk::default())])),
            faults: Mutex::default(),
            always: Mutex::default(),
            opens_after: Mutex::default(),
        });
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&stand_in));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        stand_in
    }

    /// The next calls of this name fail so.
    pub(super) fn then(&self, name: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().entry(name).or_default().extend(faults);
    }

    /// All calls of this name fail so, or none.
    pub(super) fn always(&self, name: &'static str, fault: Option<Fault>) {
        let mut always = self.always.lock().unwrap();
        match fault {
            Some(fault) => drop(always.insert(name, fault)),
            None => drop(always.remove(name)),
        }
    }

    pub(super) fn opens_after(&self, name: &'static str) {
        *self.opens_after.lock().unwrap() = Some(name);
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The names of the calls, in their order.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.calls().iter().map(|call| call.name).collect()
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.names().iter().filter(|other| **other == name).count()
    }

    pub(super) fn talk(&self) -> Talk {
        self.talk_of(13098)
    }

    pub(super) fn talk_of(&self, number: u64) -> Talk {
        self.talks.lock().unwrap()[&number].clone()
    }

    pub(super) fn set_status(&self, status: &str) {
        status.clone_into(&mut self.talks.lock().unwrap().get_mut(&13098).unwrap().status);
    }

    pub(super) fn add(&self, number: u64) {
        self.talks.lock().unwrap().insert(number, Talk::default());
    }

    pub(super) fn forget(&self) {
        self.talks.lock().unwrap().clear();
    }

    /// Does what is asked for. Whatever Chatwoot would not understand is 422.
    fn act(&self, number: u64, call: &Call) -> (u16, Value) {
        let mut talks = self.talks.lock().unwrap();
        let Some(talk) = talks.get_mut(&number) else { return (404, json!({"error": "Resource could not be found"})) };
        let body = &call.body;
        match call.name {
            "show" => {
                let messages: Vec<&Value> = talk.last.iter().collect();
                return (
                    200,
                    json!({"id": number, "account_id": 3, "status": talk.status, "labels": talk.labels,
                    "custom_attributes": talk.attributes, "priority": talk.priority, "messages": messages,
                    "meta": {"assignee": null}}),
                );
            }
            "say" | "note" => {
                let is_select = body["content_type"] == "input_select";
                let items = body["content_attributes"]["items"].as_array();
                let are_items = items.is_some_and(|items| {
                    !items.is_empty() && items.iter().all(|item| item["title"].is_string() && item["value"].is_string())
                });
                if body["message_type"] != "outgoing"
                    || body["content"].as_str().is_none_or(|text| text.trim().is_empty())
                    || (call.name == "say" && body["private"] != false)
                    || is_select != are_items
                {
                    return (422, json!({"error": "not a message"}));
                }
                talk.last = Some(json!({"content": body["content"], "message_type": 1}));
                match call.name {
                    "say" => talk.said.push(body.clone()),
                    _ => talk.notes.push(body["content"].as_str().unwrap().to_owned()),
                }
            }
            "priority" => match body["priority"].as_str() {
                Some(priority @ ("low" | "medium" | "high" | "urgent")) => talk.priority = Some(priority.to_owned()),
                _ => return (422, json!({"error": "no priority"})),
            },
            "team" => talk.team = body["team_id"].as_u64(),
            "labels" => talk.labels = serde_json::from_value(body["labels"].clone()).unwrap(),
            "attributes" => talk.attributes = body["custom_attributes"].clone(),
            "open" => {
                assert_eq!(*body, json!({"status": "open"}));
                talk.status = "open".into();
                let payload = json!({"success": true, "current_status": "open", "conversation_id": number});
                return (200, json!({"meta": {}, "payload": payload}));
            }
            other => panic!("{other}"),
        }
        (200, json!({}))
    }
}

/// What a call is, by method, path and body; nothing that the agent bot has to do with otherwise.
fn named(method: &Method, tail: &str, body: &Value) -> Option<&'static str> {
    Some(match (method.as_str(), tail) {
        ("GET", "") => "show",
        ("POST", "messages") if body["private"] == true => "note",
        ("POST", "messages") => "say",
        ("POST", "toggle_priority") => "priority",
        ("POST", "assignments") => "team",
        ("POST", "labels") => "labels",
        ("POST", "custom_attributes") => "attributes",
        ("POST", "toggle_status") => "open",
        _ => return None,
    })
}

async fn answer(
    State(stand_in): State<Arc<StandIn>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    let path = uri.path().to_owned();
    assert_eq!(headers.get("api_access_token").unwrap(), TOKEN, "{path}");
    if method == Method::POST {
        assert_eq!(headers["content-type"], "application/json", "{path}");
    }
    let rest = path.strip_prefix("/at/here/api/v1/accounts/3/conversations/").unwrap_or_else(|| panic!("{path}"));
    let (number, tail) = rest.split_once('/').unwrap_or((rest, ""));
    let name = named(&method, tail, &body).unwrap_or_else(|| panic!("{method} {path}"));
    let call = Call { name, path: path.clone(), body };
    stand_in.calls.lock().unwrap().push(call.clone());
    let fault = stand_in.faults.lock().unwrap().get_mut(name).and_then(VecDeque::pop_front);
    let fault = fault.or_else(|| stand_in.always.lock().unwrap().get(name).copied());
    let code = |status: u16| StatusCode::from_u16(status).unwrap();
    match fault {
        Some(Fault::Status(status)) => return code(status).into_response(),
        Some(Fault::Asks(status, seconds)) => return (code(status), [("retry-after", seconds)]).into_response(),
        Some(Fault::Hangs) => return std::future::pending().await,
        _ => {}
    }
    let (status, told) = stand_in.act(number.parse().unwrap(), &call);
    if *stand_in.opens_after.lock().unwrap() == Some(name) {
        stand_in.set_status("open");
    }
    if matches!(fault, Some(Fault::Lost)) {
        return std::future::pending().await;
    }
    (code(status), axum::Json(told)).into_response()
}
