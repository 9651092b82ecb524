//! What Chatwoot tells: its webhooks as they come, and what they mean here.
//!
//! Keys and events that are not known are passed over: versions of Chatwoot differ in them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::incoming::{Attachment, AttachmentKind};
use crate::text::MAX_CHARS;

/// A webhook as it comes. A message stands at the top, its conversation within; events of conversations have the conversation
/// itself at the top.
#[derive(Deserialize)]
struct Raw {
    event: String,
    id: Option<u64>,
    content: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    content_attributes: Value,
    message_type: Option<Kind>,
    private: Option<bool>,
    account: Option<RawAccount>,
    sender: Option<RawPerson>,
    #[serde(default)]
    attachments: Option<Vec<RawAttachment>>,
    conversation: Option<RawConversation>,
    // Of events of conversations:
    status: Option<String>,
    #[serde(default)]
    meta: Option<RawMeta>,
    #[serde(default)]
    messages: Option<Vec<RawMessage>>,
    #[serde(default)]
    changed_attributes: Value,
}

/// A string at the top, a number in `conversation.messages`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kind {
    Name(String),
    Number(u8),
}

#[derive(Deserialize)]
struct RawAccount {
    id: u64,
}

#[derive(Deserialize)]
struct RawPerson {
    id: Option<u64>,
    identifier: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct RawAttachment {
    id: Option<u64>,
    file_type: Option<String>,
    data_url: Option<String>,
}

#[derive(Deserialize)]
struct RawConversation {
    id: u64,
    status: String,
    channel: Option<String>,
    contact_inbox: Option<RawContactInbox>,
    #[serde(default)]
    meta: Option<RawMeta>,
}

#[derive(Deserialize)]
struct RawContactInbox {
    contact_id: Option<u64>,
    hmac_verified: Option<bool>,
}

#[derive(Deserialize, Default)]
struct RawMeta {
    sender: Option<RawPerson>,
    assignee: Option<RawPerson>,
    assignee_type: Option<String>,
    hmac_verified: Option<bool>,
}

#[derive(Deserialize)]
struct RawMessage {
    account_id: Option<u64>,
}

/// What Chatwoot told, as far as it matters here.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Told {
    /// The account in Chatwoot.
    pub(super) account: u64,
    /// The conversation's number in it, as in URLs.
    pub(super) conversation: u64,
    /// What the conversation was when this was told.
    pub(super) status: Status,
    pub(super) what: What,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// A customer wrote, or chose.
    Customer(Box<Written>),
    /// A person of the shop wrote to the customer.
    Agent { message: String, agent: u64, text: String },
    /// The conversation was opened, resolved, snoozed, or given to the bot.
    Moved { resolved: bool, assignee: Option<u64> },
}

/// What a customer wrote.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) message: String,
    pub(super) text: String,
    pub(super) attachments: Vec<Attachment>,
    pub(super) customer: Option<String>,
    pub(super) verified: bool,
    pub(super) channel: Option<String>,
}

/// Who has a conversation in Chatwoot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// The bot.
    Pending,
    /// People.
    Open,
    /// People, later.
    Snoozed,
    /// Nobody any more.
    Resolved,
}

impl Status {
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    /// One that is not known is taken for people's: the bot keeps silent.
    pub(super) fn of(id: &str) -> Self {
        [Self::Pending, Self::Snoozed, Self::Resolved]
            .into_iter()
            .find(|status| status.id() == id)
            .unwrap_or(Self::Open)
    }
}

/// Why a webhook cannot be read. Repeats nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// It is not what Chatwoot sends.
    #[error("{0}")]
    Shape(&'static str),
}

/// A webhook that was read.
pub(super) struct Read {
    /// The kind of event, one of a few.
    pub(super) event: &'static str,
    /// What it means; nothing if it is none of this service's business.
    pub(super) told: Option<Told>,
}

const EVENTS: [&str; 6] = [
    "message_created",
    "message_updated",
    "conversation_opened",
    "conversation_resolved",
    "conversation_status_changed",
    "conversation_updated",
];

pub(super) fn read(body: &[u8]) -> Result<Read, Unreadable> {
    let raw: Raw = serde_json::from_slice(body).map_err(|error| match error.is_data() {
        true => {
            Unreadable::Shape("the body is not a webhook of Chatwoot: `event` is missing, or a key is of another kind")
        }
        false => Unreadable::NotJson,
    })?;
    let event = EVENTS.into_iter().find(|event| *event == raw.event).unwrap_or("other");
    let told = match event {
        "message_created" => message(raw)?,
        "message_updated" => choice(raw)?,
        "other" => None,
        _ => moved(event, &raw)?,
    };
    Ok(Read { event, told })
}

/// A message that somebody wrote.
fn message(mut raw: Raw) -> Result<Option<Told>, Unreadable> {
    if raw.private.unwrap_or_default() {
        return Ok(None);
    }
    let (is_incoming, is_outgoing) = match &raw.message_type {
        Some(Kind::Name(name)) => (name == "incoming", name == "outgoing"),
        Some(Kind::Number(number)) => (*number == 0, *number == 1),
        None => (false, false),
    };
    let is_person = raw.sender.as_ref().is_some_and(|sender| sender.kind.as_deref() == Some("user"));
    let is_agents = is_outgoing && is_person;
    if !is_incoming && !is_agents {
        return Ok(None);
    }
    let text = shortened(raw.content.take().unwrap_or_default());
    let attachments: Vec<Attachment> = raw.attachments.take().unwrap_or_default().iter().map(attachment).collect();
    let message = raw.id.ok_or(Unreadable::Shape("`id` of the message is missing"))?.to_string();
    if is_incoming {
        return written(raw, (message, text, attachments)).map(Some);
    }
    let agent = raw.sender.as_ref().and_then(|sender| sender.id);
    let agent = agent.ok_or(Unreadable::Shape("`sender.id` is missing"))?;
    // A picture alone is an answer too.
    let text = if text.trim().is_empty() { "[attachment]".to_owned() } else { text };
    told(&raw, What::Agent { message, agent, text }).map(Some)
}

/// What a customer chose of what the bot offered. Any other change of a message is passed over.
fn choice(raw: Raw) -> Result<Option<Told>, Unreadable> {
    let submitted =
        raw.content_attributes.get("submitted_values").and_then(Value::as_array).and_then(|all| all.first());
    let (Some(submitted), Some("input_select")) = (submitted, raw.content_type.as_deref()) else { return Ok(None) };
    let text = |key: &str| submitted.get(key).and_then(Value::as_str).map(str::to_owned);
    let Some(chosen) = text("title").or_else(|| text("value")) else { return Ok(None) };
    let message = raw.id.ok_or(Unreadable::Shape("`id` of the message is missing"))?;
    written(raw, (format!("{message}-choice"), shortened(chosen), Vec::new())).map(Some)
}

fn written(raw: Raw, content: (String, String, Vec<Attachment>)) -> Result<Told, Unreadable> {
    let (message, text, mut attachments) = content;
    if text.trim().is_empty() && attachments.is_empty() {
        // A sticker or a place, for example: somebody has to look at it.
        attachments.push(Attachment { kind: AttachmentKind::File, reference: format!("chatwoot message {message}") });
    }
    let conversation = raw.conversation.as_ref();
    let inbox = conversation.and_then(|conversation| conversation.contact_inbox.as_ref());
    let meta = conversation.and_then(|conversation| conversation.meta.as_ref());
    // After a choice the sender is the bot, whose message was changed.
    let contact = match message.ends_with("-choice") {
        true => meta.and_then(|meta| meta.sender.as_ref()),
        false => raw.sender.as_ref(),
    };
    let is_proven = inbox.and_then(|inbox| inbox.hmac_verified).or(meta.and_then(|meta| meta.hmac_verified));
    // What is proven is the shop's own id of the customer; without proof anybody could say that it is theirs.
    let proven =
        contact.and_then(|contact| contact.identifier.clone()).filter(|id| (1..=200).contains(&id.chars().count()));
    let proven = proven.filter(|_| is_proven == Some(true));
    let number = contact.and_then(|contact| contact.id).or(inbox.and_then(|inbox| inbox.contact_id));
    let account = account(&raw);
    let written = Written {
        message,
        text,
        attachments,
        verified: proven.is_some(),
        customer: proven.or_else(|| Some(format!("chatwoot-contact-{}-{}", account?, number?))),
        channel: conversation.and_then(|conversation| conversation.channel.as_deref()).map(channel),
    };
    told(&raw, What::Customer(Box::new(written)))
}

/// An event of a conversation.
fn moved(event: &str, raw: &Raw) -> Result<Option<Told>, Unreadable> {
    // It comes with every change of anything.
    if event == "conversation_updated" && !names_status(&raw.changed_attributes) {
        return Ok(None);
    }
    let status = match event {
        "conversation_resolved" => Status::Resolved,
        _ => Status::of(raw.status.as_deref().ok_or(Unreadable::Shape("`status` of the conversation is missing"))?),
    };
    let assignee = raw.meta.as_ref().and_then(|meta| match meta.assignee_type.as_deref() {
        None | Some("User") => meta.assignee.as_ref()?.id,
        Some(_) => None,
    });
    Ok(Some(Told {
        account: account(raw).ok_or(NO_ACCOUNT)?,
        conversation: raw.id.ok_or(Unreadable::Shape("`id` of the conversation is missing"))?,
        status,
        what: What::Moved { resolved: status == Status::Resolved, assignee },
    }))
}

fn names_status(changed: &Value) -> bool {
    let names = |value: &Value| value.get("status").is_some();
    names(changed) || changed.as_array().is_some_and(|changes| changes.iter().any(names))
}

const NO_ACCOUNT: Unreadable = Unreadable::Shape("`account.id` is missing");

fn told(raw: &Raw, what: What) -> Result<Told, Unreadable> {
    let conversation = raw.conversation.as_ref().ok_or(Unreadable::Shape("`conversation` is missing"))?;
    let account = account(raw).ok_or(NO_ACCOUNT)?;
    Ok(Told { account, conversation: conversation.id, status: Status::of(&conversation.status), what })
}

/// Events of conversations do not name their account themselves; the message in them does.
fn account(raw: &Raw) -> Option<u64> {
    let of_message = || raw.messages.as_ref()?.first()?.account_id;
    raw.account.as_ref().map(|account| account.id).or_else(of_message)
}

/// The model reads the beginning of a text, patterns and values all of it: what is beyond the longest is left out.
fn shortened(text: String) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

fn attachment(raw: &RawAttachment) -> Attachment {
    let kind = match raw.file_type.as_deref() {
        Some("image") => AttachmentKind::Image,
        Some("audio") => AttachmentKind::Voice,
        _ => AttachmentKind::File,
    };
    let named = || format!("chatwoot attachment {}", raw.id.unwrap_or_default());
    Attachment { kind, reference: raw.data_url.clone().unwrap_or_else(named) }
}

/// `Channel::WebWidget` is `chatwoot:WebWidget` here.
fn channel(name: &str) -> String {
    format!("chatwoot:{}", name.strip_prefix("Channel::").unwrap_or(name))
}

impl Told {
    /// The conversation's id here.
    pub(super) fn id(&self) -> String {
        format!("chatwoot-{}-{}", self.account, self.conversation)
    }

    /// What it tells of, which Chatwoot may tell again under another delivery.
    pub(super) fn key(&self) -> Option<String> {
        match &self.what {
            What::Customer(written) => Some(format!("{}/{}", self.account, written.message)),
            What::Agent { message, .. } => Some(format!("{}/{message}", self.account)),
            What::Moved { .. } => None,
        }
    }

    pub(super) fn customer(&self) -> Option<&str> {
        match &self.what {
            What::Customer(written) => written.customer.as_deref(),
            _ => None,
        }
    }
}
