//! What a customer's message does to tickets.

use jiff::{Timestamp, Zoned};

use crate::catalogue::{Due, Level};
use crate::incoming::{Incoming, Role};
use crate::labels;
use crate::pipeline::Handled;
use crate::policy::ORDER_PROOF;
use crate::reply::DecisionKind;
use crate::store::{Conversation, Turn, TurnKind};
use crate::ticket::{Event, EventKind, Missed, Packet, PastTurn, Ticket, TicketState, Urgency};

/// Turns that travel with a hand-off.
pub(super) const PACKET_TURNS: usize = 20;

/// A message and what was made of it.
pub(super) struct Step<'s> {
    pub(super) incoming: &'s Incoming,
    pub(super) conversation: &'s Conversation,
    pub(super) handled: &'s Handled,
    /// The turns before it.
    pub(super) turns: &'s [Turn],
    /// The customer's earlier tickets.
    pub(super) earlier: &'s [Ticket],
    /// Its own text, as stored.
    pub(super) own: &'s str,
    pub(super) now: &'s Zoned,
}

/// The ticket after a message, and what happened to it: one is opened by a hand-off; one that is open gets every
/// message, and may rise.
pub(super) fn after(ticket: Option<Ticket>, step: &Step<'_>) -> (Option<Ticket>, Vec<Event>) {
    let (handled, now) = (step.handled, step.now.timestamp());
    match ticket {
        Some(mut ticket) => {
            ticket.urgency.upset = ticket.urgency.upset.max(handled.reply.emotion.upset);
            for signal in &handled.packet.signals {
                if !ticket.packet.signals.contains(signal) {
                    ticket.packet.signals.push(signal.clone());
                }
            }
            ticket.packet.attachments.extend(handled.packet.attachments.iter().cloned());
            let raised = ticket.raise(handled.level, times(&handled.due), now);
            let mut said = Event::of(&ticket, EventKind::Message, now);
            said.message_id = step.incoming.ids().1.map(str::to_owned);
            let guessed = guessed(step, &ticket);
            (Some(ticket), [Some(said), raised, guessed].into_iter().flatten().collect())
        }
        None if handled.reply.decision == DecisionKind::Handoff => {
            let (ticket, created) = handed_over(step);
            let guessed = guessed(step, &ticket);
            (Some(ticket), [Some(created), guessed].into_iter().flatten().collect())
        }
        None => (None, Vec::new()),
    }
}

/// That somebody guesses at orders, where that is why a person is called.
fn guessed(step: &Step<'_>, ticket: &Ticket) -> Option<Event> {
    let is_why = step.handled.reply.reasons.iter().any(|reason| reason.code == ORDER_PROOF);
    is_why.then(|| Event::of(ticket, EventKind::OrderGuessing, step.now.timestamp()))
}

/// What a ticket is opened with.
pub(super) struct Opening<'o> {
    pub(super) conversation: &'o Conversation,
    pub(super) customer_id: Option<&'o str>,
    pub(super) queue: String,
    pub(super) level: Level,
    pub(super) reason: String,
    pub(super) intent: Option<String>,
    pub(super) due: &'o Due,
    pub(super) urgency: Urgency,
    pub(super) packet: Packet,
    pub(super) at: Timestamp,
}

/// A new ticket, which waits, and what there is to tell of it.
pub(super) fn open(opening: Opening<'_>) -> (Ticket, Event) {
    let (respond_due_at, resolve_due_at) = times(opening.due);
    let ticket = Ticket {
        id: uuid::Uuid::now_v7().to_string(),
        version: 0,
        conversation_id: opening.conversation.id.clone(),
        customer_id: opening.customer_id.map(str::to_owned),
        state: TicketState::Queued,
        queue: opening.queue,
        level: opening.level,
        reason: opening.reason,
        intent: opening.intent,
        created_at: opening.at,
        respond_due_at,
        resolve_due_at,
        claimed_at: None,
        claimed_by: None,
        responded_at: None,
        closed_at: None,
        urgency: opening.urgency,
        missed: Missed::default(),
        note: None,
        packet: opening.packet,
    };
    let created = Event::of(&ticket, EventKind::Created, opening.at);
    (ticket, created)
}

/// The ticket of a hand-off.
fn handed_over(step: &Step<'_>) -> (Ticket, Event) {
    let Handled { reply, packet, level, due, .. } = step.handled;
    let intent = reply.intents.first().filter(|first| labels::is_business(&first.id) && first.score >= 0.5);
    let mut packet = Packet { turns: turns_with(step), ..packet.clone() };
    let intent = intent.map(|intent| intent.id.clone());
    if repeats_across_orders(&packet, intent.as_deref(), step.earlier) {
        packet.signals.push("repeats_across_orders".to_owned());
    }
    open(Opening {
        conversation: step.conversation,
        customer_id: step.incoming.customer_id().or(step.conversation.customer_id.as_deref()),
        queue: reply.handoff.as_ref().map(|handoff| handoff.queue.clone()).unwrap_or_default(),
        level: *level,
        reason: reply.reasons.first().map(|reason| reason.code.clone()).unwrap_or_default(),
        intent,
        due,
        urgency: Urgency { upset: reply.emotion.upset, tier: step.incoming.tier().map(str::to_owned) },
        packet,
        at: step.now.timestamp(),
    })
}

/// Whether the customer brought up the same at another order before: a hint for a person, never a reason to refuse.
fn repeats_across_orders(packet: &Packet, intent: Option<&str>, earlier: &[Ticket]) -> bool {
    let order = |packet: &Packet| {
        let number = packet.entities.iter().find(|entity| entity.name == "order_number");
        number.map(|number| number.value.clone())
    };
    let (Some(own), Some(intent)) = (order(packet), intent) else { return false };
    earlier.iter().any(|ticket| {
        ticket.intent.as_deref() == Some(intent) && order(&ticket.packet).is_some_and(|other| other != own)
    })
}

fn times(due: &Due) -> (Timestamp, Option<Timestamp>) {
    (due.respond_at.timestamp(), due.solve_at.as_ref().map(Zoned::timestamp))
}

/// The turns before a message, with what the bot said to each, and the message itself.
fn turns_with(step: &Step<'_>) -> Vec<PastTurn> {
    let reply = &step.handled.reply;
    let mut out = past_turns(step.turns);
    out.push(PastTurn {
        at: step.now.timestamp(),
        role: Role::Customer,
        text: step.own.to_owned(),
        intent: reply.intents.first().map(|intent| intent.id.clone()),
        emotion: Some(reply.emotion.label),
        upset: Some(reply.emotion.upset),
    });
    if let Some(answer) = &reply.answer {
        out.push(said(step.now.timestamp(), Role::Bot, answer.text.clone()));
    }
    out
}

/// Turns as a person reads them: what the customer wrote, and what the bot or a person said to it.
pub(super) fn past_turns(turns: &[Turn]) -> Vec<PastTurn> {
    let mut out = Vec::new();
    for turn in turns {
        match &turn.kind {
            TurnKind::Customer(decided) => {
                out.push(PastTurn {
                    at: turn.at,
                    role: Role::Customer,
                    text: turn.text.clone(),
                    intent: decided.intent.clone(),
                    emotion: Some(decided.emotion),
                    upset: Some(decided.upset),
                });
                out.extend(answer_in(&decided.reply).map(|text| said(turn.at, Role::Bot, text)));
            }
            TurnKind::Said(by) => out.push(said(turn.at, by.role, turn.text.clone())),
        }
    }
    out
}

fn said(at: Timestamp, role: Role, text: String) -> PastTurn {
    PastTurn { at, role, text, intent: None, emotion: None, upset: None }
}

/// What was said in a stored reply.
fn answer_in(reply: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Spoken {
        answer: Option<Text>,
    }
    #[derive(serde::Deserialize)]
    struct Text {
        text: String,
    }
    serde_json::from_str::<Spoken>(reply).ok()?.answer.map(|answer| answer.text)
}
