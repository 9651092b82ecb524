//! What travels with a hand-off, so that the customer repeats nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::incoming::{Attachment, Role};
use crate::labels::Emotion;
use crate::reply::Slot;

/// What a person needs to know, as of the hand-off. Texts are masked as the store is told to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Packet {
    /// What it is about, in one line.
    pub summary: String,
    /// The last turns, oldest first.
    pub turns: Vec<PastTurn>,
    /// What is known: region, amount, order number.
    pub entities: Vec<Slot>,
    /// Pictures and cards that came with the messages.
    pub attachments: Vec<Attachment>,
    /// Facts already looked up for this customer.
    #[schema(value_type = Vec<Object>)]
    pub lookups: Vec<serde_json::Value>,
    /// Intents that the bot already answered in this conversation.
    pub answered: Vec<String>,
    /// Hints for a person, never a reason to refuse: `threat_of_exposure`, `insult` and others of the policy.
    pub signals: Vec<String>,
    /// Up to three replies to start from.
    pub suggestions: Vec<String>,
}

/// One turn, as a person who takes over reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PastTurn {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who wrote it.
    pub role: Role,
    /// What.
    pub text: String,
    /// What the customer wanted, for customers' messages.
    pub intent: Option<String>,
    /// How the customer felt.
    pub emotion: Option<Emotion>,
    /// P(anger) + P(disappointment).
    pub upset: Option<f32>,
}
