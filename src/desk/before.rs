//! What a message comes into: the conversation as kept, and the burst that it belongs to.

use jiff::Zoned;

use crate::conversation::{self, Awaiting, Burst, Holder, Situation, State, Waiting};
use crate::engine::Engine;
use crate::incoming::Incoming;
use crate::reply::{DecisionKind, Reply};
use crate::store::Conversation;
use crate::text::Message;
use crate::ticket::Ticket;

/// What is told in a moment, once it is asked for: which order, and the digits that prove it.
const PROOFS: [&str; 2] = ["order_number", "phone_last4"];

/// A conversation that is new here.
pub(super) fn new_conversation(id: &str, incoming: &Incoming, engine: &Engine, now: &Zoned) -> Conversation {
    Conversation {
        id: id.to_owned(),
        version: 0,
        customer_id: incoming.customer_id().map(str::to_owned),
        channel: incoming.request.channel.clone(),
        // A caller may know more of a conversation that is new here.
        state: engine.situation(incoming).state,
        ticket_id: None,
        turns: 0,
        opened_at: now.timestamp(),
        updated_at: now.timestamp(),
        closed_at: None,
        rating: None,
        rated_at: None,
    }
}

/// What a message comes into: a conversation that was closed, or silent for long, starts anew.
pub(super) fn situation(engine: &Engine, kept: &Conversation, ticket: Option<&Ticket>, now: &Zoned) -> Situation {
    let silence = engine.catalogue().policy().windows.silence;
    let is_stale = kept.state.last_at.is_some_and(|last| now.timestamp().duration_since(last) > silence);
    let state = if kept.closed_at.is_some() || is_stale { kept.state.anew() } else { kept.state.clone() };
    let holder = match ticket {
        None => Holder::Bot,
        Some(ticket) if ticket.claimed_by.is_some() => Holder::Person,
        Some(ticket) => Holder::Queue(Some(Waiting {
            queue: ticket.queue.clone(),
            level: ticket.level,
            respond_due_at: ticket.respond_due_at,
        })),
    };
    Situation { state, holder }
}

/// The burst that a message belongs to. What answers a question just asked is no part of one; nothing that follows is read
/// together with such an answer, since that would be decided on what was known before it. Once a person is asked for, every
/// message goes to that person by itself.
pub(super) fn joined(engine: &Engine, situation: &Situation, incoming: &Incoming, now: &Zoned) -> Option<Burst> {
    let window = engine.catalogue().policy().windows.burst;
    let burst = situation.state.burst_at(now.timestamp(), window).filter(|_| situation.holder == Holder::Bot)?;
    if [&situation.state, &burst.before].into_iter().any(awaits_proof) {
        return None;
    }
    if let Awaiting::Choice(offered) = &situation.state.awaiting {
        let intents = offered.iter().filter_map(|id| engine.catalogue().intent(id));
        let titles: Vec<&str> = intents.flat_map(|intent| [intent.title_zh.as_str(), &intent.title_en]).collect();
        let message = Message::read(incoming.utterance());
        if conversation::choice(message.plain(), &titles).is_some() {
            return None;
        }
    }
    Some(burst.clone())
}

fn awaits_proof(state: &State) -> bool {
    matches!(&state.awaiting, Awaiting::Slot { slot, .. } if PROOFS.contains(&slot.as_str()))
}

/// The burst with this message in it.
pub(super) fn extended(burst: Option<&Burst>, before: &State, incoming: &Incoming, own: &str) -> Burst {
    let id = incoming.ids().1.unwrap_or_default().to_owned();
    match burst {
        Some(burst) => Burst {
            message_ids: burst.message_ids.iter().cloned().chain([id]).collect(),
            text: format!("{}\n{own}", burst.text),
            before: burst.before.clone(),
        },
        None => Burst { message_ids: vec![id], text: own.to_owned(), before: State { burst: None, ..before.clone() } },
    }
}

/// Whether a message of a burst calls for a person by itself. Read together with what was asked before it, that could go unheard.
pub(super) fn wants_a_person(reply: &Reply) -> bool {
    let calls = |code: &str| {
        ["user_request", "complaint", "mood"].contains(&code)
            || code.starts_with("emotion:")
            || code.starts_with("sensitive:")
    };
    reply.decision == DecisionKind::Handoff && reply.reasons.first().is_some_and(|reason| calls(&reason.code))
}

/// Characters that weigh as much as a short message: patterns and slots read all of a text, the model its beginning.
const CHARS_OF_WEIGHT: u64 = 500;

/// How much work a message is, in short ones.
pub(super) fn weight(incoming: &Incoming) -> u64 {
    1 + incoming.utterance().as_str().chars().count() as u64 / CHARS_OF_WEIGHT
}
