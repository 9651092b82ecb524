//! Histories made by hand, and a store that tells them.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use triage::catalogue::Level;
use triage::conversation::State;
use triage::incoming::Role;
use triage::labels::Emotion;
use triage::reply::DecisionKind;
use triage::stats::{Basis, Figures, Report, Span};
use triage::store::{self, Conversation, Decided, Said, StoreError, Turn, TurnKind};
use triage::ticket::{Missed, Packet, Ticket, TicketState, Urgency};

/// Everything that was said and opened.
#[derive(Default, Clone)]
pub(super) struct History {
    pub(super) turns: Vec<Turn>,
    pub(super) tickets: Vec<Ticket>,
    pub(super) conversations: BTreeMap<String, Conversation>,
}

/// A moment: with `Z` as it stands, else on the clocks of Shanghai.
pub(super) fn at(text: &str) -> Timestamp {
    if text.ends_with('Z') {
        return text.parse().unwrap();
    }
    text.parse::<DateTime>().unwrap().to_zoned(zone("Asia/Shanghai")).unwrap().timestamp()
}

pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

impl History {
    /// One turn per line: conversation, customer, time, decision, reason, intent, emotion, upset and, if one is open, the
    /// ticket; `-` for none. A line with `agent` for a decision is a person's message.
    pub(super) fn of(lines: &str) -> Self {
        let mut history = Self::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let maybe = |word: &str| (word != "-").then(|| word.to_owned());
            let when = at(words[2]);
            let kind = if words[3] == "agent" {
                TurnKind::Said(Said { role: Role::Agent, agent: None, is_delivered: true })
            } else {
                TurnKind::Customer(Box::new(Decided {
                    fingerprint: [0; 32],
                    reply: String::new(),
                    decision: decision(words[3]),
                    reason: words[4].to_owned(),
                    intent: maybe(words[5]),
                    emotion: *Emotion::ALL.iter().find(|emotion| emotion.id() == words[6]).unwrap(),
                    upset: words[7].parse().unwrap(),
                    ticket_id: words.get(8).map(|ticket| (*ticket).to_owned()),
                    is_shadow: false,
                }))
            };
            let conversation = history
                .conversations
                .entry(words[0].to_owned())
                .or_insert_with(|| conversation(words[0], maybe(words[1]), when));
            conversation.turns += 1;
            let number = conversation.turns;
            history.turns.push(Turn {
                conversation_id: words[0].to_owned(),
                message_id: number.to_string(),
                number,
                at: when,
                text: String::new(),
                kind,
            });
        }
        history
    }

    pub(super) fn with(mut self, tickets: Vec<Ticket>) -> Self {
        self.tickets = tickets;
        self
    }

    pub(super) fn rated(mut self, conversation: &str, rating: u8, when: &str) -> Self {
        let conversation = self.conversations.get_mut(conversation).unwrap();
        (conversation.rating, conversation.rated_at) = (Some(rating), Some(at(when)));
        self
    }

    pub(super) fn closed(mut self, conversation: &str, when: &str) -> Self {
        self.conversations.get_mut(conversation).unwrap().closed_at = Some(at(when));
        self
    }

    /// The figures of `from..to`, both ends included, in Shanghai.
    pub(super) fn report(&self, days: &str, now: &str) -> Report {
        self.report_in("Asia/Shanghai", days, now)
    }

    pub(super) fn report_in(&self, place: &str, days: &str, now: &str) -> Report {
        let (from, to) = days.split_once("..").unwrap();
        let span = Span { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let basis = Basis { zone: zone(place), now: at(now), silence: SignedDuration::from_hours(24) };
        Figures::of(self, span, &basis).unwrap()
    }
}

impl store::Figures for History {
    fn each_feedback(
        &self,
        _from: jiff::Timestamp,
        _to: jiff::Timestamp,
        _each: &mut dyn FnMut(store::Feedback),
    ) -> Result<(), store::StoreError> {
        Ok(())
    }

    fn each_turn(&self, from: Timestamp, to: Timestamp, each: &mut dyn FnMut(Turn)) -> Result<(), StoreError> {
        let mut turns: Vec<Turn> = self.turns.iter().filter(|turn| (from..to).contains(&turn.at)).cloned().collect();
        turns.sort_by_key(|turn| (turn.conversation_id.clone(), turn.at));
        turns.into_iter().for_each(each);
        Ok(())
    }

    fn each_ticket(&self, from: Timestamp, to: Timestamp, each: &mut dyn FnMut(Ticket)) -> Result<(), StoreError> {
        let tickets = self.tickets.iter().filter(|ticket| (from..to).contains(&ticket.created_at));
        tickets.cloned().for_each(each);
        Ok(())
    }

    fn each_conversation(
        &self,
        from: Timestamp,
        to: Timestamp,
        each: &mut dyn FnMut(Conversation),
    ) -> Result<(), StoreError> {
        let turn_of = |id: &String, turn: &Turn| turn.conversation_id == *id && (from..to).contains(&turn.at);
        let told = self.conversations.values().filter(|kept| self.turns.iter().any(|turn| turn_of(&kept.id, turn)));
        told.cloned().for_each(each);
        Ok(())
    }
}

fn decision(id: &str) -> DecisionKind {
    let kinds = [DecisionKind::Answer, DecisionKind::Ask, DecisionKind::Handoff, DecisionKind::Silent];
    kinds.into_iter().find(|kind| kind.id() == id).unwrap()
}

fn conversation(id: &str, customer_id: Option<String>, opened_at: Timestamp) -> Conversation {
    Conversation {
        id: id.to_owned(),
        version: 1,
        customer_id,
        channel: None,
        state: State::default(),
        ticket_id: None,
        turns: 0,
        opened_at,
        updated_at: opened_at,
        closed_at: None,
        rating: None,
        rated_at: None,
    }
}

/// A normal ticket that waits; due in a day, and solved in three.
pub(super) fn ticket(id: &str, conversation: &str, opened: &str) -> Ticket {
    let created_at = at(opened);
    Ticket {
        id: id.to_owned(),
        version: 1,
        conversation_id: conversation.to_owned(),
        customer_id: None,
        state: TicketState::Queued,
        queue: "general".to_owned(),
        level: Level::Normal,
        reason: "action_needed".to_owned(),
        intent: None,
        created_at,
        respond_due_at: created_at + SignedDuration::from_hours(24),
        resolve_due_at: Some(created_at + SignedDuration::from_hours(72)),
        claimed_at: None,
        claimed_by: None,
        responded_at: None,
        closed_at: None,
        urgency: Urgency::default(),
        missed: Missed::default(),
        note: None,
        packet: Packet::default(),
    }
}
