//! What recorded conversations tell about a catalogue: what was asked and not answered, which answers did not help, who
//! left satisfied, and which examples are worth adding.
//!
//! [`observe`] decides every turn anew, so that everything here is about the catalogue of today; the rest is a function
//! of what it returns. Whatever is kept in a [`Review`] is masked: it is made to be passed on.

mod cluster;
mod followed;
mod groups;
mod observe;
mod page;
mod patch;
mod proposals;
mod replay;
mod satisfaction;
mod summary;

use serde::Serialize;

use crate::catalogue::Catalogue;

pub use followed::{Exchange, Helped, Unhelpful};
pub use groups::{Group, Lean, Proposal, Unanswered};
pub use observe::{Observed, observe};
pub use page::render;
pub use patch::{Patch, patch};
pub use proposals::Examples;
pub use replay::{FirstHandoff, Replay, render_replay, replay};
pub use satisfaction::{Conversations, Rated};
pub use summary::{Counted, Summary};

/// What was learned from a file of recorded turns.
#[derive(Debug, Clone, Serialize)]
pub struct Review {
    /// How much there was, and how it was decided.
    pub summary: Summary,
    /// Asked and not answered for want of knowing, grouped.
    pub unanswered: Unanswered,
    /// Answers after which the customer came back.
    pub unhelpful: Unhelpful,
    /// The most and the least satisfied.
    pub conversations: Conversations,
    /// Examples to add to intents, by intent.
    pub examples: Vec<Examples>,
}

impl Review {
    /// Reviews turns in the order in which they stand on record. The same turns and the same catalogue give the same
    /// review.
    #[must_use]
    pub fn of(turns: &[Observed], catalogue: &Catalogue) -> Self {
        let conversations = by_conversation(turns);
        let groups = groups::find(turns);
        Self {
            summary: Summary::of(turns, conversations.len()),
            examples: proposals::propose(turns, &groups, catalogue),
            unanswered: groups.describe(turns),
            unhelpful: Unhelpful::of(&conversations, catalogue.policy().thresholds.notice_upset),
            conversations: Conversations::of(&conversations),
        }
    }
}

/// The turns of each conversation in their order; conversations in the order of their first turns.
fn by_conversation(turns: &[Observed]) -> Vec<Vec<&Observed>> {
    let mut places = std::collections::HashMap::new();
    let mut out: Vec<Vec<&Observed>> = Vec::new();
    for turn in turns {
        let at = *places.entry(turn.conversation()).or_insert(out.len());
        if at == out.len() {
            out.push(Vec::new());
        }
        out[at].push(turn);
    }
    out
}

/// A share of a whole; nothing of nothing is none.
#[expect(clippy::cast_precision_loss, reason = "counts of messages")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod sample;
