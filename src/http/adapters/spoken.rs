//! What adapters read of a reply. The desk gives it as the JSON that it stored, so that a message sent again gets the same.

use serde::Deserialize;

use crate::http::problem::Problem;
use crate::reply::DecisionKind;

/// A reply, as far as it is translated.
#[derive(Debug, Deserialize)]
pub(super) struct Spoken {
    pub(super) decision: DecisionKind,
    /// Whether it is stored; where it is not, the caller has to see to the hand-off.
    pub(super) durable: bool,
    pub(super) answer: Option<Answer>,
    pub(super) handoff: Option<Handoff>,
    /// The deciding one first.
    pub(super) reasons: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) lang: String,
    pub(super) choices: Vec<Choice>,
}

/// Something to choose: its title, sent as the next message, is read as the choice.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) title: String,
}

/// A hand-off, in the words of the reply.
#[derive(Debug, Deserialize)]
pub(super) struct Handoff {
    pub(super) ticket_id: Option<String>,
    pub(super) queue: String,
    pub(super) level: String,
    pub(super) respond_due_at: String,
    pub(super) resolve_due_at: Option<String>,
    pub(super) summary: String,
    pub(super) signals: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    pub(super) code: String,
    pub(super) detail: String,
}

impl Spoken {
    /// Reads a reply of the desk.
    pub(super) fn read(reply: &str) -> Result<Self, Problem> {
        serde_json::from_str(reply).map_err(Problem::internal)
    }

    /// The hand-off, where this message is what a person is called for; not where one was called before.
    pub(super) fn new_handoff(&self) -> Option<&Handoff> {
        self.handoff.as_ref().filter(|_| self.decision == DecisionKind::Handoff)
    }
}
