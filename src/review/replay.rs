//! Recorded conversations played again, each up to the first message that a person would have got: what follows would have
//! gone otherwise.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{SignedDuration, Zoned};
use serde::Serialize;

use crate::conversation::Situation;
use crate::engine::Engine;
use crate::incoming::Role;
use crate::recorded::Turn;
use crate::reply::DecisionKind;
use crate::text::{Message, Utterance, mask_identifiers};

/// The time between two messages of a record that does not tell: long enough to be no burst.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Hand-offs that are shown for each reason, at most.
const SHOWN: usize = 40;

/// Messages of a customer that are shown before a hand-off, at most.
const BEFORE: usize = 3;

/// What became of all conversations.
#[derive(Debug, Default, Serialize)]
pub struct Replay {
    /// How many there were.
    pub conversations: usize,
    /// Customers' messages in them, up to the hand-offs.
    pub turns: usize,
    /// The first hand-off of each that had one.
    pub handoffs: Vec<FirstHandoff>,
}

/// Where a person would have come in.
#[derive(Debug, Serialize)]
pub struct FirstHandoff {
    /// The conversation.
    pub conversation: String,
    /// The customer's message, counted from 1.
    pub turn: usize,
    /// The deciding reason.
    pub reason: String,
    /// Its evidence.
    pub detail: String,
    /// The queue.
    pub queue: String,
    /// The customer's last messages, with what was decided about each; masked.
    pub messages: Vec<(String, String)>,
}

/// Plays conversations, each from a fresh start and with what the shop really said between the messages. `progress` is told how
/// many messages are done.
#[must_use]
pub fn replay(engine: &Engine, turns: &[Turn], start: &Zoned, progress: &dyn Fn(usize)) -> Replay {
    let mut out = Replay::default();
    let mut done = 0;
    for conversation in turns.chunk_by(|one, next| one.conversation == next.conversation) {
        out.conversations += 1;
        let mut situation = Situation::default();
        let mut messages: Vec<(String, String)> = Vec::new();
        let mut now = start.clone();
        for (at, turn) in conversation.iter().enumerate() {
            out.turns += 1;
            let shop = turn.incoming.history().iter().rev().find(|past| past.role != Role::Customer);
            situation.state.last_line = shop.map(|past| past.text.clone()).unwrap_or_default();
            let handled = engine.triage_in(&turn.incoming, &situation, &now);
            let reason = handled.reply.reasons.first();
            let code = reason.map(|reason| reason.code.clone()).unwrap_or_default();
            messages.push((masked(turn.incoming.utterance()), format!("{} {code}", handled.reply.decision.id())));
            if handled.reply.decision == DecisionKind::Handoff {
                messages.drain(..messages.len().saturating_sub(BEFORE + 1));
                out.handoffs.push(FirstHandoff {
                    conversation: turn.conversation.clone(),
                    turn: at + 1,
                    reason: code,
                    detail: reason.map(|reason| reason.detail.clone()).unwrap_or_default(),
                    queue: handled.reply.handoff.map(|handoff| handoff.queue).unwrap_or_default(),
                    messages,
                });
                break;
            }
            situation.state = handled.state;
            now = now.saturating_add(PAUSE);
        }
        done += conversation.len();
        progress(done);
    }
    out
}

fn masked(utterance: &Utterance) -> String {
    mask_identifiers(utterance.as_str(), &Message::read(utterance)).replace('\n', " ")
}

/// The page, in Markdown.
#[must_use]
pub fn render_replay(replay: &Replay, title: &str) -> String {
    let mut out = format!("# First hand-offs\n\n{title}\n\n");
    let share = |count: usize| count * 100 / replay.conversations.max(1);
    let handed = replay.handoffs.len();
    let _ = writeln!(
        out,
        "{} conversations, {} messages up to the hand-offs. {handed} ({} %) reach a person. What the customers wrote they wrote to \
         the shop of the day, not to these decisions.\n",
        replay.conversations,
        replay.turns,
        share(handed)
    );
    out.push_str("| at message | conversations | share of all |\n| --- | ---: | ---: |\n");
    let mut by_turn: BTreeMap<usize, usize> = BTreeMap::new();
    let mut by_reason: BTreeMap<&str, Vec<&FirstHandoff>> = BTreeMap::new();
    for handoff in &replay.handoffs {
        *by_turn.entry(handoff.turn.min(10)).or_default() += 1;
        by_reason.entry(&handoff.reason).or_default().push(handoff);
    }
    for (turn, count) in &by_turn {
        let _ =
            writeln!(out, "| {turn}{} | {count} | {} % |", if *turn == 10 { " and later" } else { "" }, share(*count));
    }
    let mut reasons: Vec<_> = by_reason.into_iter().collect();
    reasons.sort_by_key(|(_, handoffs)| std::cmp::Reverse(handoffs.len()));
    out.push_str("\n| reason | conversations | share of all |\n| --- | ---: | ---: |\n");
    for (reason, handoffs) in &reasons {
        let _ = writeln!(out, "| `{reason}` | {} | {} % |", handoffs.len(), share(handoffs.len()));
    }
    for (reason, handoffs) in &reasons {
        let _ = writeln!(out, "\n## `{reason}`: {}\n", handoffs.len());
        for handoff in handoffs.iter().take(SHOWN) {
            let _ = writeln!(
                out,
                "* {}, message {}, to {} ({})",
                handoff.conversation, handoff.turn, handoff.queue, handoff.detail
            );
            for (said, decision) in &handoff.messages {
                let _ = writeln!(out, "  * 「{said}」 → {decision}");
            }
        }
        if handoffs.len() > SHOWN {
            let _ = writeln!(out, "* … and {} more", handoffs.len() - SHOWN);
        }
    }
    out
}
