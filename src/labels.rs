//! The closed label sets that the model, the catalogue and the evaluation share. Intents are open: a lead adds files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is done with the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Asks about it.
    Ask,
    /// Wants something to be done.
    Request,
    /// Reports a problem.
    Report,
    /// Chases an earlier request.
    Chase,
}

impl Act {
    /// In the order of the model's output.
    pub const ALL: [Self; 4] = [Self::Ask, Self::Request, Self::Report, Self::Chase];

    /// The id, as in files and answers.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Request => "request",
            Self::Report => "report",
            Self::Chase => "chase",
        }
    }
}

/// The primary emotion of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Emotion {
    /// No emotion shown.
    Neutral,
    /// Warm thanks, praise, delight.
    Positive,
    /// Worry or urgency, without blame.
    Anxiety,
    /// Let down, resigned, without attack.
    Disappointment,
    /// Blame, attack, insult, threat.
    Anger,
}

impl Emotion {
    /// In the order of the model's output.
    pub const ALL: [Self; 5] = [Self::Neutral, Self::Positive, Self::Anxiety, Self::Disappointment, Self::Anger];

    /// The id, as in files and answers.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Positive => "positive",
            Self::Anxiety => "anxiety",
            Self::Disappointment => "disappointment",
            Self::Anger => "anger",
        }
    }
}

/// Intents that hold a conversation together and are no business of the shop.
pub const SOCIAL: [&str; 7] = ["greeting", "thanks_bye", "affirm", "deny", "provide_info", "nudge", "chitchat"];

/// The intent of a customer who wants a person.
pub const HUMAN_AGENT: &str = "human_agent";

/// The intent of a complaint.
pub const COMPLAINT: &str = "complaint";

/// The intent that hands over what was asked for.
pub const PROVIDE_INFO: &str = "provide_info";

/// The intent that asks where an order is: what its number alone asks.
pub const ORDER_LOOKUP: &str = "order_lookup";

/// The label of messages that are none of the catalogue's; never a file of it.
pub const OTHER: &str = "other";

/// Whether an intent is business: neither social, nor the wish for a person, nor out of scope.
#[must_use]
pub fn is_business(intent: &str) -> bool {
    !SOCIAL.contains(&intent) && intent != HUMAN_AGENT && intent != OTHER
}
