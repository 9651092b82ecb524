use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::MoodTrace;
use crate::catalogue::Level;
use crate::shop::Reason;
use crate::slots::{Carried, Line};
use crate::text::Tally;

/// Answers remembered, at most.
const GIVEN: usize = 12;

/// Everything that a later message may be read against. Holds no text of the customer but that of a burst.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Questions back in a row.
    pub asks: usize,
    /// What the last reply asked for.
    pub awaiting: Awaiting,
    /// The business that was last dealt with.
    pub topic: Option<String>,
    /// What was done with it: the probability of each of [`crate::labels::Act::ALL`]. A message that goes on with the topic
    /// without naming it says nothing of that.
    pub acts: Option<[f32; 4]>,
    /// What was last offered as a choice, also once it is chosen: a choice may be set right.
    pub offered: Vec<String>,
    /// The customer's own orders that were last offered as a choice.
    pub orders: Vec<OfferedOrder>,
    /// Orders that the customer has shown they may see.
    pub proven: Vec<String>,
    /// Wrong digits given so far. A new topic, or silence, does not wipe them out.
    pub wrong_proofs: u32,
    /// What was last spoken of as to be bought, product by product.
    pub basket: Vec<Line>,
    /// Why goods go back, as told of the order that is spoken of.
    pub reason: Option<Reason>,
    /// Answers given, oldest first.
    pub given: Vec<Given>,
    /// What is known from earlier messages.
    pub slots: Vec<Carried>,
    /// How the customer's mood moves.
    pub mood: MoodTrace,
    /// The languages and scripts that the customer wrote in.
    pub languages: Tally,
    /// What the bot or a person said last.
    pub last_line: String,
    /// For each text of the catalogue, the wording used last.
    pub wordings: BTreeMap<String, usize>,
    /// Whether the conversation was closed with a line and nothing has come up since.
    pub is_closed: bool,
    /// Whether the bot has said that it is one.
    pub is_introduced: bool,
    /// Whether the customer has been told, since the ticket was opened, that a person is coming.
    pub is_told: bool,
    /// Messages that came shortly after each other, and what was remembered before them.
    pub burst: Option<Box<Burst>>,
    /// When the last message came.
    pub last_at: Option<Timestamp>,
    /// The customer's tier, as last told: for tickets that no message opens.
    pub tier: Option<String>,
}

/// What the last reply asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaiting {
    /// Nothing.
    #[default]
    Nothing,
    /// A slot of an intent.
    Slot {
        /// The intent that needs it.
        intent: String,
        /// Its name.
        slot: String,
    },
    /// A choice between intents, in this order.
    Choice(Vec<String>),
    /// To say it differently.
    Anything,
}

/// An order offered as a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedOrder {
    /// Its number.
    pub number: String,
    /// The titles of what was bought.
    pub titles: Vec<String>,
    /// The shop's id of the customer who placed it: nobody else can pick it.
    #[serde(default)]
    pub customer: Option<String>,
}

/// An intent that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The intent.
    pub intent: String,
    /// The values of its slots then: with others it is another question.
    pub slots: String,
    /// When.
    pub at: Timestamp,
}

/// Messages that came shortly after each other; the last one is decided on all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Burst {
    /// The callers' ids.
    pub message_ids: Vec<String>,
    /// Their texts, joined, as they are stored.
    pub text: String,
    /// What was remembered before the first of them.
    pub before: State,
}

/// Who has the conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Holder {
    /// The bot.
    #[default]
    Bot,
    /// It waits for a person. What is known of the ticket, if it is kept here.
    Queue(Option<Waiting>),
    /// A person.
    Person,
}

/// A ticket that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Whose it is.
    pub queue: String,
    /// How soon it must be seen to.
    pub level: Level,
    /// By when a person must have answered.
    pub respond_due_at: Timestamp,
}

/// What a message comes into.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Situation {
    /// What is remembered.
    pub state: State,
    /// Who has the conversation.
    pub holder: Holder,
}

impl State {
    /// How often an intent was answered with these values of its slots since `from`.
    #[must_use]
    pub fn times_given(&self, intent: &str, slots: &str, from: Timestamp) -> usize {
        let same = |given: &&Given| given.intent == intent && given.slots == slots && given.at >= from;
        self.given.iter().filter(same).count()
    }

    /// Remembers an answer.
    pub fn give(&mut self, given: Given) {
        self.given.push(given);
        let surplus = self.given.len().saturating_sub(GIVEN);
        self.given.drain(..surplus);
    }

    /// The burst that a message of this moment belongs to: none if the last message came longer ago than the window.
    #[must_use]
    pub fn burst_at(&self, now: Timestamp, window: SignedDuration) -> Option<&Burst> {
        let is_soon = self.last_at.is_some_and(|last| now.duration_since(last) <= window);
        self.burst.as_deref().filter(|_| is_soon)
    }

    /// What is left when a person has had the conversation: who the customer is and how they write, not what was asked
    /// and answered before.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self {
            languages: self.languages,
            slots: self.slots.clone(),
            last_line: self.last_line.clone(),
            wordings: self.wordings.clone(),
            is_introduced: self.is_introduced,
            proven: self.proven.clone(),
            wrong_proofs: self.wrong_proofs,
            tier: self.tier.clone(),
            ..Self::default()
        }
    }
}
