//! A hand-off on its way to a person: its states, who has it, by when it is due, and where it stands in the queue.
//!
//! Pure: time comes in as an argument, nothing is stored here. A step that is not allowed is a [`StepError`] and changes
//! nothing; a step that is returns the [`Event`] that tells others about it.

mod event;
mod order;
mod packet;
mod step;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use event::{Event, EventKind};
pub use order::{Place, in_order};
pub use packet::{Packet, PastTurn};
pub use step::StepError;

pub use crate::catalogue::Level;

/// Where a ticket is in its life: `queued → claimed (→ queued on release) → resolved | returned_to_bot`, `expired` by policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// Waits for a person.
    Queued,
    /// A person has it.
    Claimed,
    /// Done.
    Resolved,
    /// Given back to the bot, with a note.
    ReturnedToBot,
    /// Nobody took it within the time that the policy allows.
    Expired,
}

impl TicketState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Claimed, Self::Resolved, Self::ReturnedToBot, Self::Expired];

    /// The id, as in answers and in the store.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Resolved => "resolved",
            Self::ReturnedToBot => "returned_to_bot",
            Self::Expired => "expired",
        }
    }

    /// The state of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.id() == id)
    }

    /// Whether somebody still has to see to it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Claimed)
    }
}

/// A hand-off. At most one per conversation is open at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// Its id, a UUID of version 7.
    pub id: String,
    /// Counts changes, its opening included; a change is stored only if nobody else made one since it was read.
    pub version: u64,
    /// The conversation that it belongs to.
    pub conversation_id: String,
    /// The customer, if known.
    pub customer_id: Option<String>,
    /// Where it is in its life.
    pub state: TicketState,
    /// Whose it is.
    pub queue: String,
    /// How soon it must be seen to; it may rise and never falls.
    pub level: Level,
    /// Why it was opened: the deciding reason's code.
    pub reason: String,
    /// The business intent that it is about, if one was understood.
    pub intent: Option<String>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When a person must have answered.
    #[schema(value_type = String, format = DateTime)]
    pub respond_due_at: Timestamp,
    /// When it must be solved; open-ended for suggestions.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolve_due_at: Option<Timestamp>,
    /// When a person first took it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_at: Option<Timestamp>,
    /// Who has it.
    pub claimed_by: Option<String>,
    /// When a person first wrote to the customer.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub responded_at: Option<Timestamp>,
    /// When it was resolved, returned or expired.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
    /// What moves it forward in its queue. Inputs, not a number: the policy weighs them when the queue is read.
    pub urgency: Urgency,
    /// Whether each due time has passed unmet; told once.
    pub missed: Missed,
    /// What the person who closed it, or gave it back, wrote.
    pub note: Option<String>,
    /// What a person needs to know, as of the hand-off.
    pub packet: Packet,
}

/// What moves a ticket forward in its queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Urgency {
    /// The highest P(anger) + P(disappointment) since it was opened.
    pub upset: f32,
    /// The customer's tier.
    pub tier: Option<String>,
}

/// Due times that passed unmet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Missed {
    /// Nobody took it in time.
    pub respond: bool,
    /// It was not solved in time.
    pub resolve: bool,
}
