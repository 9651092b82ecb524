//! Conversations as figures count them: turns with no long silence between them.

use jiff::Timestamp;

use super::again::{Again, Matter};
use super::days::Days;
use super::known::{About, Known};
use super::tally::Groups;
use super::{Basis, PAUSE, WEEK};
use crate::incoming::Role;
use crate::reply::DecisionKind;
use crate::store::{Decided, Turn, TurnKind};

/// Reasons of decisions about messages that were not read: they tell nothing of a feeling.
const UNREAD: [&str; 2] = ["superseded", "bot_error"];

/// Reads turns in order of conversation and time.
pub(super) struct Reader<'r> {
    days: &'r Days,
    basis: &'r Basis,
    known: Known,
    groups: &'r mut Groups,
    again: &'r mut Again,
    /// The conversation that is being read.
    id: Option<String>,
    about: About,
    contact: Option<Contact>,
}

impl<'r> Reader<'r> {
    pub(super) fn new(
        (days, basis): (&'r Days, &'r Basis),
        known: Known,
        groups: &'r mut Groups,
        again: &'r mut Again,
    ) -> Self {
        Self { days, basis, known, groups, again, id: None, about: About::default(), contact: None }
    }

    pub(super) fn turn(&mut self, turn: Turn) {
        if self.id.as_ref() != Some(&turn.conversation_id) {
            self.close(Timestamp::MAX);
            self.about = self.known.take(&turn.conversation_id);
            self.id = Some(turn.conversation_id);
        }
        match turn.kind {
            TurnKind::Customer(decided) if !decided.is_shadow => self.message(turn.at, &decided),
            TurnKind::Said(said) if said.role == Role::Agent && said.is_delivered => {
                if let Some(contact) = self.contact.as_mut().filter(|contact| contact.counts(turn.at)) {
                    contact.with_person = true;
                }
            }
            _ => {}
        }
    }

    /// After the last turn.
    pub(super) fn finish(mut self) {
        self.close(Timestamp::MAX);
    }

    fn message(&mut self, at: Timestamp, decided: &Decided) {
        if let Some(day) = self.days.index(at) {
            let is_read = is_read(decided);
            self.groups.add(day, decided.intent.as_deref(), |tally| {
                tally.turn(decided.decision, is_read.then_some(decided.emotion));
            });
        }
        let waits = decided.ticket_id.as_ref().is_some_and(|ticket| self.about.is_older(ticket, at));
        let goes_on =
            waits || self.contact.as_ref().is_some_and(|contact| at.duration_since(contact.at) <= self.basis.silence);
        if !goes_on {
            self.close(at);
        }
        // Where the first message that is seen goes on with something, its beginning was not seen.
        self.contact.get_or_insert_with(|| Contact::new(at, !goes_on)).message(at, decided);
    }

    /// Counts the conversation that ends before this moment.
    fn close(&mut self, before: Timestamp) {
        let Some(mut contact) = self.contact.take().filter(|contact| contact.is_whole) else { return };
        let is_in = |at: Timestamp| contact.began <= at && at < before && contact.counts(at);
        let rating = self.about.rating.filter(|(_, at)| is_in(*at)).map(|(rating, _)| rating);
        let tickets: Vec<_> = self.about.tickets.iter().filter(|ticket| is_in(ticket.at)).collect();
        for ticket in &tickets {
            contact.handed_off(ticket.at, &ticket.reason);
        }
        let resolved = tickets.last().is_some_and(|ticket| ticket.is_resolved);
        let has_ended = self.about.is_closed || self.basis.now.duration_since(contact.last) >= PAUSE;
        let day = self.days.index(contact.began);
        if let Some(day) = day {
            self.groups.add(day, contact.intent.as_deref(), |tally| {
                tally.conversation(&contact, has_ended);
                rating.into_iter().for_each(|rating| tally.rating(rating));
            });
        }
        let is_solved = contact.is_contained() || resolved;
        let counted = day.filter(|_| contact.is_handled() && has_ended);
        let (customer, began) = (self.about.customer, contact.began);
        if let Some(intent) = contact.intent {
            self.again.add(customer, intent, Matter { began, counted, is_solved });
        }
    }
}

/// A conversation as figures count it.
pub(super) struct Contact {
    began: Timestamp,
    /// Whether its beginning was seen.
    is_whole: bool,
    /// The latest message, whenever it came.
    at: Timestamp,
    /// The last message that counts.
    last: Timestamp,
    /// The first business intent.
    intent: Option<String>,
    /// The first decision that did not leave the message to a later one.
    first: Option<DecisionKind>,
    /// The last one with which the bot did not stay silent.
    spoke: Option<DecisionKind>,
    with_person: bool,
    /// When it first went to a person, and why.
    handoff: Option<(Timestamp, String)>,
    /// How upset the first and the last message are, and how many there are.
    upset: Option<(f32, f32)>,
    messages: u64,
}

impl Contact {
    fn new(at: Timestamp, is_whole: bool) -> Self {
        Self {
            began: at,
            is_whole,
            at,
            last: at,
            intent: None,
            first: None,
            spoke: None,
            with_person: false,
            handoff: None,
            upset: None,
            messages: 0,
        }
    }

    /// Whether what happens then still changes its figures.
    fn counts(&self, at: Timestamp) -> bool {
        at.duration_since(self.began) <= WEEK
    }

    fn message(&mut self, at: Timestamp, decided: &Decided) {
        self.at = at;
        if !self.counts(at) {
            return;
        }
        self.last = at;
        if self.intent.is_none() {
            self.intent.clone_from(&decided.intent);
        }
        if decided.reason != "superseded" {
            self.first.get_or_insert(decided.decision);
        }
        if decided.decision != DecisionKind::Silent {
            self.spoke = Some(decided.decision);
        }
        self.with_person |= decided.reason == "human_present" || decided.ticket_id.is_some();
        if decided.decision == DecisionKind::Handoff {
            self.handed_off(at, &decided.reason);
        }
        if is_read(decided) {
            let first = self.upset.map_or(decided.upset, |(first, _)| first);
            self.upset = Some((first, decided.upset));
            self.messages += 1;
        }
    }

    /// The first hand-off is the one that tells why.
    fn handed_off(&mut self, at: Timestamp, reason: &str) {
        if self.handoff.as_ref().is_none_or(|(first, _)| at < *first) {
            self.handoff = Some((at, reason.to_owned()));
        }
    }

    /// Whether the bot said something or handed over.
    pub(super) fn is_handled(&self) -> bool {
        self.spoke.is_some()
    }

    /// Whether the first message got an answer or a question.
    pub(super) fn is_answered_at_once(&self) -> bool {
        matches!(self.first, Some(DecisionKind::Answer | DecisionKind::Ask))
    }

    /// Why it went to a person, if it did.
    pub(super) fn handoff_reason(&self) -> Option<&str> {
        self.handoff.as_ref().map(|(_, reason)| reason.as_str())
    }

    /// Whether nobody but the bot had to do with it, and its last words were no question.
    pub(super) fn is_contained(&self) -> bool {
        self.is_alone() && self.spoke == Some(DecisionKind::Answer)
    }

    /// Whether nobody but the bot had to do with it, and its last words were a question.
    pub(super) fn is_abandoned(&self) -> bool {
        self.is_alone() && self.spoke == Some(DecisionKind::Ask)
    }

    fn is_alone(&self) -> bool {
        !self.with_person && self.handoff.is_none()
    }

    /// How upset its first and its last message are, where these are two.
    pub(super) fn upset(&self) -> Option<(f32, f32)> {
        self.upset.filter(|_| self.messages >= 2)
    }
}

fn is_read(decided: &Decided) -> bool {
    !UNREAD.contains(&decided.reason.as_str())
}
