//! An activity as it comes in, as far as it is read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Request;
use crate::http::problem::{Code, Problem};
use crate::incoming::{self, AttachmentKind, Customer};

/// Where conversations take place whose channel is not told.
const CHANNEL: &str = "bot-framework";

/// An activity. Other keys are passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Activity {
    /// `message`, `event` or another.
    #[serde(rename = "type")]
    kind: String,
    /// Sent again under it, a message is answered in the same way; 1 to 200 characters.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// Where the conversation takes place.
    #[serde(default)]
    pub(super) channel_id: Option<String>,
    #[serde(default)]
    pub(super) service_url: Option<String>,
    /// The customer of a message; the agent of a `handoff.status`.
    #[serde(default)]
    pub(super) from: Option<Party>,
    /// The bot.
    #[serde(default)]
    pub(super) recipient: Option<Party>,
    #[serde(default)]
    pub(super) conversation: Option<Party>,
    /// Of an event.
    #[serde(default)]
    name: Option<String>,
    /// What the customer typed, at most 8,000 characters.
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    attachments: Option<Vec<Attachment>>,
    /// Of `handoff.status`: `{"state": "accepted", "message": …}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    value: Option<Value>,
}

/// Somebody, or a conversation. Goes back as it came.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http) struct Party {
    pub(super) id: String,
    /// `user`, `bot` or `skill`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(super) rest: Map<String, Value>,
}

/// Something that came with a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    content_type: String,
    #[serde(default)]
    content_url: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// What an activity is to us.
pub(super) enum Kind {
    Message,
    HandoffStatus,
    Other,
}

/// What became of a hand-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Accepted,
    Failed,
    Completed,
}

/// A `handoff.status` with all that it needs.
pub(super) struct StatusTold<'a> {
    pub(super) conversation: &'a str,
    pub(super) agent: &'a str,
    pub(super) status: Status,
    /// What the hub says to it.
    pub(super) note: Option<String>,
}

impl Activity {
    /// What the bot itself said comes back on some channels, and is no message to it.
    pub(super) fn kind(&self) -> Kind {
        let is_own = self.from.as_ref().and_then(|from| from.role.as_deref()).is_some_and(|role| role == "bot");
        match (self.kind.as_str(), self.name.as_deref()) {
            ("message", _) if !is_own => Kind::Message,
            ("event", Some("handoff.status")) => Kind::HandoffStatus,
            _ => Kind::Other,
        }
    }

    /// A message, as the desk takes it. The language is told from the text: `locale` is that of the customer's device.
    pub(super) fn request(&self) -> Result<Request, Problem> {
        let conversation = id_of(self.conversation.as_ref(), "conversation")?;
        let customer = self.from.as_ref().map(|from| Customer {
            id: Some(from.id.clone()),
            name: from.rest.get("name").and_then(Value::as_str).map(str::to_owned),
            ..Customer::default()
        });
        let attachments = self.attachments.iter().flatten().filter_map(Attachment::read).collect();
        Ok(Request {
            conversation_id: Some(conversation.to_owned()),
            message_id: self.id.clone(),
            text: self.text.clone().unwrap_or_default(),
            channel: Some(self.channel_id.clone().unwrap_or_else(|| CHANNEL.to_owned())),
            customer,
            attachments,
            ..Request::default()
        })
    }

    /// What the hub tells of a hand-off; none if it is a state that is not known here, which a bot must not refuse.
    pub(super) fn status(&self) -> Result<Option<StatusTold<'_>>, Problem> {
        let told = |key: &str| self.value.as_ref().and_then(|value| value.get(key)).and_then(Value::as_str);
        let state = told("state").ok_or_else(|| missing("value.state"))?;
        let status = match state.to_ascii_lowercase().as_str() {
            "accepted" => Status::Accepted,
            "failed" => Status::Failed,
            "completed" => Status::Completed,
            _ => return Ok(None),
        };
        let conversation = id_of(self.conversation.as_ref(), "conversation")?;
        let agent = id_of(self.from.as_ref(), "from")?;
        Ok(Some(StatusTold { conversation, agent, status, note: told("message").map(str::to_owned) }))
    }
}

impl Attachment {
    /// Cards that hold no file are no attachments of a customer.
    fn read(&self) -> Option<incoming::Attachment> {
        let reference = self.content_url.as_ref().or(self.name.as_ref())?.clone();
        let kind = match self.content_type.split('/').next() {
            Some("image") => AttachmentKind::Image,
            Some("audio") => AttachmentKind::Voice,
            _ => AttachmentKind::File,
        };
        Some(incoming::Attachment { kind, reference })
    }
}

fn id_of<'a>(party: Option<&'a Party>, field: &str) -> Result<&'a str, Problem> {
    party.map(|party| party.id.as_str()).filter(|id| !id.is_empty()).ok_or_else(|| missing(&format!("{field}.id")))
}

fn missing(field: &str) -> Problem {
    Problem::new(Code::InvalidRequest, format!("body: missing field `{field}`"))
}
