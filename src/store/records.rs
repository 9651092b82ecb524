//! What is written and read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalogue::Level;
use crate::conversation::State;
use crate::incoming::Role;
use crate::labels::Emotion;
use crate::reply::DecisionKind;
use crate::ticket::{Event, Ticket, TicketState};

/// A conversation as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// The caller's id.
    pub id: String,
    /// Counts changes; 0 for one that is not stored yet.
    pub version: u64,
    /// The customer, if the caller told.
    pub customer_id: Option<String>,
    /// Where it takes place.
    pub channel: Option<String>,
    /// What later messages are read against.
    pub state: State,
    /// The open ticket.
    pub ticket_id: Option<String>,
    /// Turns so far.
    pub turns: u64,
    /// When it began.
    pub opened_at: Timestamp,
    /// When something last happened.
    pub updated_at: Timestamp,
    /// When it was closed; a new message opens it again.
    pub closed_at: Option<Timestamp>,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// When it was rated.
    pub rated_at: Option<Timestamp>,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The conversation.
    pub conversation_id: String,
    /// The caller's id, unique in the conversation.
    pub message_id: String,
    /// Its number in the conversation, from 0.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What was said, masked unless configured otherwise.
    pub text: String,
    /// By whom, and what came of it.
    pub kind: TurnKind,
}

/// Who said it.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnKind {
    /// The customer: what was decided about it.
    Customer(Box<Decided>),
    /// A person of the shop, or another bot: what became of it.
    Said(Said),
}

/// The decision about a customer's message.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// SHA-256 of the request, without what may differ when it is sent again.
    pub fingerprint: [u8; 32],
    /// The reply, as JSON: what a repeated message gets, to the byte.
    pub reply: String,
    /// What happened.
    pub decision: DecisionKind,
    /// The deciding reason's code.
    pub reason: String,
    /// The business intent that was understood.
    pub intent: Option<String>,
    /// How the customer felt.
    pub emotion: Emotion,
    /// P(anger) + P(disappointment).
    pub upset: f32,
    /// The ticket that was open then.
    pub ticket_id: Option<String>,
    /// Decided on trial: nothing was said.
    pub is_shadow: bool,
}

/// A message to the customer that did not come from a decision here.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// `agent` or `bot`.
    pub role: Role,
    /// The person's id.
    pub agent: Option<String>,
    /// Whether it reached the customer, as the gateway tells.
    pub is_delivered: bool,
}

/// An event to be stored, and delivered to these webhooks.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What happened.
    pub event: Event,
    /// Names of the endpoints that want it.
    pub endpoints: Vec<String>,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its place in the order of all events.
    pub sequence: u64,
    /// What happened.
    pub event: Event,
}

/// An event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Names this delivery.
    pub sequence: u64,
    /// Where it goes.
    pub endpoint: String,
    /// What happened.
    pub event: Event,
    /// How often it was tried before.
    pub attempts: u32,
    /// Since when it waits.
    pub since: Timestamp,
    /// Why it failed last.
    pub error: Option<String>,
}

/// What an agent thinks that a message was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// The conversation.
    pub conversation_id: String,
    /// The message.
    pub message_id: String,
    /// The right intent.
    pub intent: Option<String>,
    /// The right emotion.
    pub emotion: Option<Emotion>,
    /// Whether a person should have had it.
    pub handoff: Option<bool>,
    /// Who says so.
    pub agent: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that one step changes, written in one transaction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// The conversation as it is to be. Its `version` is the one that was read; it is stored as one more.
    pub conversation: Option<Conversation>,
    /// New turns.
    pub turns: Vec<Turn>,
    /// The ticket as it is to be, versioned like the conversation.
    pub ticket: Option<Ticket>,
    /// What happened.
    pub events: Vec<NewEvent>,
    /// What an agent said of a decision; replaces what the same agent said of it before.
    pub feedback: Option<Feedback>,
}

impl Change {
    /// The version of its ticket once it is written.
    #[must_use]
    pub fn ticket_version(&self) -> Option<u64> {
        self.ticket.as_ref().map(|ticket| ticket.version + 1)
    }
}

/// Which tickets are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TicketFilter {
    /// In one of these states; all if empty.
    pub states: Vec<TicketState>,
    /// Of one of these queues; all if empty.
    pub queues: Vec<String>,
    /// Of these levels; all if empty.
    pub levels: Vec<Level>,
    /// Of one of these customers; all if empty.
    pub customers: Vec<String>,
    /// Of this conversation.
    pub conversation_id: Option<String>,
    /// With one of these persons; all if empty.
    pub agents: Vec<String>,
    /// Where the page starts: `next` of the page before.
    pub after: Option<String>,
    /// How many, at most.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next part starts; none at the end.
    pub next: Option<String>,
}

/// How much was removed about a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Conversations.
    pub conversations: usize,
    /// Turns, with what agents said of them.
    pub turns: usize,
    /// Tickets.
    pub tickets: usize,
    /// Events, with their deliveries.
    pub events: usize,
}

impl std::ops::AddAssign for Forgotten {
    fn add_assign(&mut self, other: Self) {
        self.conversations += other.conversations;
        self.turns += other.turns;
        self.tickets += other.tickets;
        self.events += other.events;
    }
}
