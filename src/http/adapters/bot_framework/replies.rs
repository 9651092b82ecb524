//! Activities that go back: messages, and the events of a hand-off.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::activity::{Activity, Party};
use crate::http::adapters::spoken::{Answer, Handoff, Reason};
use crate::incoming::Role;
use crate::reply::DecisionKind;
use crate::ticket::{PastTurn, Ticket};

/// An activity of the bot.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActivityReply)]
pub(in crate::http) struct Reply {
    /// `message` or `event`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Made of the id of the activity that it follows from, so that it is the same if that is sent again.
    id: String,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    #[serde(flatten)]
    place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_id: Option<String>,
    /// Of events: `handoff.initiate` or `handoff.status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_format: Option<&'static str>,
    /// The language of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_hint: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_actions: Option<SuggestedActions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<Value>,
    /// Where the customer is to be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    relates_to: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Transcript>,
}

/// Between whom, and where.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Party>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<Party>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<Party>,
}

/// Things to choose from.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct SuggestedActions {
    /// Empty: for everybody.
    to: Vec<String>,
    actions: Vec<CardAction>,
}

/// A button that sends its value as the customer's next message.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct CardAction {
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    value: String,
}

/// What was said so far.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Transcript {
    content_type: &'static str,
    name: &'static str,
    content: Activities,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Activities {
    #[schema(value_type = Vec<Object>)]
    activities: Vec<Past>,
}

/// A turn of the conversation.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Past {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    #[serde(flatten)]
    place: Place,
    text: String,
}

/// The activities that follow from one.
pub(super) struct Replying<'a> {
    activity: &'a Activity,
    now: Timestamp,
    done: Vec<Reply>,
}

impl<'a> Replying<'a> {
    pub(super) fn to(activity: &'a Activity, now: Timestamp) -> Self {
        Self { activity, now, done: Vec::new() }
    }

    pub(super) fn done(self) -> Vec<Reply> {
        self.done
    }

    /// Says something to the customer.
    pub(super) fn say(&mut self, answer: &Answer, decision: DecisionKind) {
        let action = |title: &String| CardAction { kind: "imBack", title: title.clone(), value: title.clone() };
        let actions: Vec<_> = answer.choices.iter().map(|choice| action(&choice.title)).collect();
        let asks = decision == DecisionKind::Ask;
        let message = Reply {
            text: Some(answer.text.clone()),
            text_format: Some("plain"),
            locale: Some(answer.lang.clone()),
            input_hint: Some(if asks { "expectingInput" } else { "acceptingInput" }),
            suggested_actions: (!actions.is_empty()).then(|| SuggestedActions { to: Vec::new(), actions }),
            ..self.blank("message")
        };
        self.done.push(message);
    }

    /// Calls a person, with what was said so far where it is stored.
    pub(super) fn initiate(
        &mut self,
        (handoff, reasons, is_durable): (&Handoff, &[Reason], bool),
        turns: Option<&[PastTurn]>,
    ) {
        let reason = reasons.first();
        let value = json!({
            "skill": handoff.queue,
            "ticket_id": handoff.ticket_id,
            "queue": handoff.queue,
            "level": handoff.level,
            "reason": reason.map(|reason| &reason.code),
            "detail": reason.map(|reason| &reason.detail),
            "respond_due_at": handoff.respond_due_at,
            "resolve_due_at": handoff.resolve_due_at,
            "summary": handoff.summary,
            "signals": handoff.signals,
            "durable": is_durable,
        });
        let event = Reply {
            name: Some("handoff.initiate"),
            value: Some(value),
            relates_to: Some(self.reference()),
            attachments: turns.map(|turns| self.transcript(turns)).into_iter().collect(),
            ..self.blank("event")
        };
        self.done.push(event);
    }

    /// Tells that a ticket waits, and where.
    pub(super) fn queued(&mut self, ticket: &Ticket, position: Option<usize>) {
        let value = json!({
            "state": "queued",
            "ticket_id": ticket.id,
            "queue": ticket.queue,
            "position": position,
            "respond_due_at": ticket.respond_due_at,
        });
        let event = Reply { name: Some("handoff.status"), value: Some(value), ..self.blank("event") };
        self.done.push(event);
    }

    /// From the bot, to whoever sent the activity.
    fn blank(&self, kind: &'static str) -> Reply {
        let Activity { id, from, .. } = self.activity;
        let number = self.done.len() + 1;
        Reply {
            kind,
            id: id.as_ref().map_or_else(|| uuid::Uuid::now_v7().to_string(), |id| format!("{id}.{number}")),
            timestamp: self.now,
            place: Place { from: Some(self.bot()), recipient: from.clone(), ..self.place() },
            reply_to_id: id.clone(),
            name: None,
            text: None,
            text_format: None,
            locale: None,
            input_hint: None,
            suggested_actions: None,
            value: None,
            relates_to: None,
            attachments: Vec::new(),
        }
    }

    /// Where this takes place; between whom is still open.
    fn place(&self) -> Place {
        let Activity { channel_id, service_url, conversation, .. } = self.activity;
        Place {
            channel_id: channel_id.clone(),
            service_url: service_url.clone(),
            conversation: conversation.clone(),
            ..Place::default()
        }
    }

    /// The conversation, as a reference to it is written.
    fn reference(&self) -> Value {
        let Activity { id, channel_id, service_url, from, recipient, conversation, .. } = self.activity;
        let mut reference = json!({
            "activityId": id, "user": from, "bot": recipient, "conversation": conversation,
            "channelId": channel_id, "serviceUrl": service_url,
        });
        if let Value::Object(fields) = &mut reference {
            fields.retain(|_, value| !value.is_null());
        }
        reference
    }

    fn transcript(&self, turns: &[PastTurn]) -> Transcript {
        let past = |turn: &PastTurn| Past {
            kind: "message",
            timestamp: turn.at,
            place: Place { from: self.speaker(turn.role), ..self.place() },
            text: turn.text.clone(),
        };
        let activities = turns.iter().map(past).collect();
        Transcript { content_type: "application/json", name: "Transcript", content: Activities { activities } }
    }

    /// The bot, by the name that the activity has for it.
    fn bot(&self) -> Party {
        self.activity.recipient.clone().unwrap_or_else(|| account("bot"))
    }

    /// Who said something, as an account; for the customer and the bot that of the activity.
    fn speaker(&self, role: Role) -> Option<Party> {
        let as_role = |party: Party, role: &str| Party { role: Some(role.to_owned()), ..party };
        Some(match role {
            Role::Customer => as_role(self.activity.from.clone().unwrap_or_else(|| account("user")), "user"),
            Role::Bot => as_role(self.bot(), "bot"),
            Role::Agent => account("agent"),
        })
    }
}

fn account(id: &str) -> Party {
    Party { id: id.to_owned(), role: None, rest: Map::new() }
}
