//! What Chatwoot is asked to do, one call at a time.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client as Http, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::figures::{self, Call};
use super::payload::Status;
use crate::config::{ChatwootConfig, Secret};
use crate::reply::Choice;
use crate::webhooks::{Clock, caller};

const TOKEN: HeaderName = HeaderName::from_static("api_access_token");

/// An answer is read up to here.
const ANSWER: usize = 1024 * 1024;

/// A conversation in Chatwoot, as its URL names it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) account: u64,
    pub(super) conversation: u64,
}

/// Why a call came to nothing. Holds no text, no address and no token.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum CallError {
    /// It may succeed later.
    #[error("{call}: {why}")]
    Passing { call: &'static str, why: String, asked: Option<Duration> },
    /// This token may not do it.
    #[error("{call}: status {status}: the token may not do this, or is not the agent bot's")]
    Denied { call: &'static str, status: u16 },
    /// The conversation is not there any more.
    #[error("{call}: status {status}: there is no such conversation")]
    Gone { call: &'static str, status: u16 },
    /// It is not taken, however often it is sent.
    #[error("{call}: status {status}")]
    Refused { call: &'static str, status: u16 },
}

/// A conversation as it stands.
pub(super) struct Standing {
    pub(super) status: Status,
    pub(super) labels: Vec<String>,
    pub(super) attributes: Map<String, Value>,
    /// What was said last, as far as Chatwoot tells.
    said: Vec<String>,
}

impl Standing {
    /// Whether this is what was said last.
    pub(super) fn has_said(&self, text: &str) -> bool {
        self.said.iter().any(|said| said.trim() == text.trim())
    }
}

#[derive(Deserialize)]
struct RawStanding {
    status: String,
    #[serde(default)]
    labels: Option<Vec<String>>,
    #[serde(default)]
    custom_attributes: Option<Map<String, Value>>,
    #[serde(default)]
    messages: Option<Vec<RawSaid>>,
    #[serde(default)]
    last_non_activity_message: Option<RawSaid>,
}

#[derive(Deserialize)]
struct RawSaid {
    content: Option<String>,
    #[serde(default)]
    message_type: Value,
}

pub(super) struct Client {
    http: Http,
    base: Url,
    token: HeaderValue,
    allow_private: bool,
    clock: Clock,
}

/// Why nothing could ever be sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The certificates of this system cannot be read, for example.
    #[error("nothing can be sent to Chatwoot: {0}")]
    Client(String),
    /// It has other characters than a header may have.
    #[error("the token of `chatwoot` must be plain ASCII in one line")]
    Token,
}

impl Client {
    pub(super) fn new(config: &ChatwootConfig, token: &Secret, clock: Clock) -> Result<Self, StartError> {
        let mut token = HeaderValue::from_bytes(token.bytes()).map_err(|_| StartError::Token)?;
        token.set_sensitive(true);
        let http = caller::client(config.url(), config.allows_private(), config.timeout)
            .map_err(|error| StartError::Client(caller::explain(&error)))?;
        Ok(Self { http, base: config.url().clone(), token, allow_private: config.allows_private(), clock })
    }

    /// How a conversation stands now.
    pub(super) async fn show(&self, place: Place) -> Result<Standing, CallError> {
        let body = self.call(Call::Show, place, "", None).await?;
        let raw: RawStanding = serde_json::from_slice(&body).map_err(|_| CallError::Passing {
            call: Call::Show.id(),
            why: "the answer is not a conversation".to_owned(),
            asked: None,
        })?;
        let messages = raw.messages.into_iter().flatten().chain(raw.last_non_activity_message);
        // Of others than customers.
        let ours = messages.filter(|said| said.message_type != json!(0) && said.message_type != json!("incoming"));
        Ok(Standing {
            status: Status::of(&raw.status),
            labels: raw.labels.unwrap_or_default(),
            attributes: raw.custom_attributes.unwrap_or_default(),
            said: ours.filter_map(|said| said.content).collect(),
        })
    }

    /// Says something to the customer, with what they can choose from.
    pub(super) async fn say(&self, place: Place, text: &str, choices: &[Choice]) -> Result<(), CallError> {
        let items: Vec<Value> =
            choices.iter().map(|choice| json!({"title": choice.title, "value": choice.value})).collect();
        let (kind, attributes) = match items.is_empty() {
            true => ("text", json!({})),
            false => ("input_select", json!({ "items": items })),
        };
        let body = json!({"content": text, "message_type": "outgoing", "private": false, "content_type": kind,
            "content_attributes": attributes});
        self.post(Call::Say, place, "/messages", &body).await
    }

    /// Writes a note that only people of the shop see.
    pub(super) async fn note(&self, place: Place, text: &str) -> Result<(), CallError> {
        let body = json!({"content": text, "message_type": "outgoing", "private": true});
        self.post(Call::Note, place, "/messages", &body).await
    }

    /// `low`, `medium`, `high` or `urgent`.
    pub(super) async fn set_priority(&self, place: Place, priority: &str) -> Result<(), CallError> {
        self.post(Call::Priority, place, "/toggle_priority", &json!({ "priority": priority })).await
    }

    pub(super) async fn set_team(&self, place: Place, team: u64) -> Result<(), CallError> {
        self.post(Call::Team, place, "/assignments", &json!({ "team_id": team })).await
    }

    /// Replaces all labels.
    pub(super) async fn set_labels(&self, place: Place, labels: &[String]) -> Result<(), CallError> {
        self.post(Call::Labels, place, "/labels", &json!({ "labels": labels })).await
    }

    /// Replaces all attributes.
    pub(super) async fn set_attributes(&self, place: Place, attributes: &Map<String, Value>) -> Result<(), CallError> {
        self.post(Call::Attributes, place, "/custom_attributes", &json!({ "custom_attributes": attributes })).await
    }

    /// Opens the conversation for people. From the bot, while it is pending, this is Chatwoot's hand-off.
    pub(super) async fn open(&self, place: Place) -> Result<(), CallError> {
        self.post(Call::Open, place, "/toggle_status", &json!({ "status": "open" })).await
    }

    async fn post(&self, call: Call, place: Place, tail: &str, body: &Value) -> Result<(), CallError> {
        self.call(call, place, tail, Some(body)).await.map(drop)
    }

    /// Asks, or, with a body, has something done.
    async fn call(&self, call: Call, place: Place, tail: &str, body: Option<&Value>) -> Result<Vec<u8>, CallError> {
        let answer = self.attempt(call, place, tail, body).await;
        figures::called(call, answer.as_ref().map(drop));
        answer
    }

    async fn attempt(&self, call: Call, place: Place, tail: &str, body: Option<&Value>) -> Result<Vec<u8>, CallError> {
        let passing = |why: String, asked| CallError::Passing { call: call.id(), why, asked };
        caller::literal_address(&self.base, self.allow_private)
            .map_err(|refused| passing(refused.to_string(), None))?;
        let Place { account, conversation } = place;
        let mut url = self.base.clone();
        let before = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{before}/api/v1/accounts/{account}/conversations/{conversation}{tail}"));
        let request = match body {
            None => self.http.get(url),
            Some(body) => self.http.post(url).header(CONTENT_TYPE, "application/json").body(body.to_string()),
        };
        let request = request.header(TOKEN, self.token.clone());
        let response = request.send().await.map_err(|error| passing(caller::explain(&error), None))?;
        let (status, asked) = (response.status(), caller::retry_after(&response, (self.clock)()));
        let body = bounded(response).await.map_err(|error| passing(caller::explain(&error), None))?;
        let (call, number) = (call.id(), status.as_u16());
        match status {
            _ if status.is_success() => Ok(body),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(passing(format!("status {number}"), asked))
            }
            _ if status.is_server_error() => Err(passing(format!("status {number}"), asked)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(CallError::Denied { call, status: number }),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(CallError::Gone { call, status: number }),
            _ => Err(CallError::Refused { call, status: number }),
        }
    }
}

/// The body up to a limit; what is beyond it is left.
async fn bounded(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER {
            break;
        }
    }
    Ok(body)
}
