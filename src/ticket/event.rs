use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Packet, Ticket};

/// What can happen to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema)]
pub enum EventKind {
    /// It was opened.
    #[serde(rename = "ticket.created")]
    Created,
    /// The customer wrote while it was open.
    #[serde(rename = "ticket.message")]
    Message,
    /// Its level rose.
    #[serde(rename = "ticket.raised")]
    Raised,
    /// It went to another queue.
    #[serde(rename = "ticket.moved")]
    Moved,
    /// A person took it.
    #[serde(rename = "ticket.claimed")]
    Claimed,
    /// That person gave it back to the queue.
    #[serde(rename = "ticket.released")]
    Released,
    /// It is done.
    #[serde(rename = "ticket.resolved")]
    Resolved,
    /// The bot has the conversation again.
    #[serde(rename = "ticket.returned")]
    Returned,
    /// Nobody took it for so long that the policy closed it.
    #[serde(rename = "ticket.expired")]
    Expired,
    /// Nobody took it by the time it was due. Told once.
    #[serde(rename = "sla.respond_missed")]
    RespondMissed,
    /// It was not solved by the time it was due. Told once.
    #[serde(rename = "sla.resolve_missed")]
    ResolveMissed,
    /// Somebody has given wrong digits too often to see an order that may not be theirs.
    #[serde(rename = "order.guessing")]
    OrderGuessing,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Message,
        Self::Raised,
        Self::Moved,
        Self::Claimed,
        Self::Released,
        Self::Resolved,
        Self::Returned,
        Self::Expired,
        Self::RespondMissed,
        Self::ResolveMissed,
        Self::OrderGuessing,
    ];

    /// The id, as in webhooks and in the store.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Created => "ticket.created",
            Self::Message => "ticket.message",
            Self::Raised => "ticket.raised",
            Self::Moved => "ticket.moved",
            Self::Claimed => "ticket.claimed",
            Self::Released => "ticket.released",
            Self::Resolved => "ticket.resolved",
            Self::Returned => "ticket.returned",
            Self::Expired => "ticket.expired",
            Self::RespondMissed => "sla.respond_missed",
            Self::ResolveMissed => "sla.resolve_missed",
            Self::OrderGuessing => "order.guessing",
        }
    }

    /// The kind of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// Something that happened to a ticket, for agents' screens and webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its id, a UUID of version 7: the same on every delivery.
    pub id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The ticket as it was then.
    pub ticket: Box<Ticket>,
    /// The turn that it is about, for messages.
    pub message_id: Option<String>,
    /// What the gateway is asked to tell the customer, for example that it takes longer than said.
    pub say: Option<String>,
}

impl Event {
    /// An event of a ticket as it is now. Only the first one carries the whole packet: the others come often.
    pub(crate) fn of(ticket: &Ticket, kind: EventKind, at: Timestamp) -> Self {
        let mut ticket = Box::new(ticket.clone());
        if kind != EventKind::Created {
            ticket.packet = Packet { summary: std::mem::take(&mut ticket.packet.summary), ..Packet::default() };
        }
        Self { id: uuid::Uuid::now_v7().to_string(), kind, at, ticket, message_id: None, say: None }
    }
}
