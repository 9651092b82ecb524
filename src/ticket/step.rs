//! The steps of a ticket's life.

use jiff::Timestamp;

use super::{Event, EventKind, Ticket, TicketState};
use crate::catalogue::Level;

/// Why a step is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// Somebody else has it.
    #[error("the ticket is with {0}; it has to be released first")]
    Taken(String),
    /// Nobody has it, or somebody else.
    #[error("the ticket is not with {0}; it has to be claimed first")]
    NotYours(String),
    /// It is closed.
    #[error("the ticket is {}; only open tickets can be changed", .0.id())]
    Closed(TicketState),
}

impl Ticket {
    /// A person takes it. Taking it again changes nothing.
    ///
    /// # Errors
    /// When somebody else has it, or it is closed.
    pub fn claim(&mut self, agent: &str, now: Timestamp) -> Result<Option<Event>, StepError> {
        match (&self.state, &self.claimed_by) {
            (TicketState::Queued, _) => {}
            (TicketState::Claimed, Some(owner)) if owner == agent => return Ok(None),
            (TicketState::Claimed, owner) => return Err(StepError::Taken(owner.clone().unwrap_or_default())),
            (closed, _) => return Err(StepError::Closed(*closed)),
        }
        self.state = TicketState::Claimed;
        self.claimed_by = Some(agent.to_owned());
        self.claimed_at.get_or_insert(now);
        Ok(Some(Event::of(self, EventKind::Claimed, now)))
    }

    /// The person who has it gives it back to the queue.
    ///
    /// # Errors
    /// When that person does not have it, or it is closed.
    pub fn release(&mut self, agent: &str, now: Timestamp) -> Result<Event, StepError> {
        self.held_by(agent)?;
        self.state = TicketState::Queued;
        self.claimed_by = None;
        Ok(Event::of(self, EventKind::Released, now))
    }

    /// The person who has it is done.
    ///
    /// # Errors
    /// When that person does not have it, or it is closed.
    pub fn resolve(&mut self, agent: &str, note: Option<String>, now: Timestamp) -> Result<Event, StepError> {
        self.held_by(agent)?;
        self.close(TicketState::Resolved, note, now);
        Ok(Event::of(self, EventKind::Resolved, now))
    }

    /// The person who has it gives the conversation back to the bot.
    ///
    /// # Errors
    /// When that person does not have it, or it is closed.
    pub fn give_back(&mut self, agent: &str, note: Option<String>, now: Timestamp) -> Result<Event, StepError> {
        self.held_by(agent)?;
        self.close(TicketState::ReturnedToBot, note, now);
        Ok(Event::of(self, EventKind::Returned, now))
    }

    /// The conversation goes back to the bot, whoever has the ticket.
    ///
    /// # Errors
    /// When it is closed.
    pub fn recall(&mut self, now: Timestamp) -> Result<Event, StepError> {
        if !self.state.is_open() {
            return Err(StepError::Closed(self.state));
        }
        self.close(TicketState::ReturnedToBot, None, now);
        Ok(Event::of(self, EventKind::Returned, now))
    }

    /// It waited longer than the policy allows.
    ///
    /// # Errors
    /// When it does not wait.
    pub fn expire(&mut self, now: Timestamp) -> Result<Event, StepError> {
        match self.state {
            TicketState::Queued => {}
            TicketState::Claimed => return Err(StepError::Taken(self.claimed_by.clone().unwrap_or_default())),
            closed => return Err(StepError::Closed(closed)),
        }
        self.close(TicketState::Expired, None, now);
        Ok(Event::of(self, EventKind::Expired, now))
    }

    /// It goes to another queue, and waits there.
    ///
    /// # Errors
    /// When it is closed.
    pub fn move_to(&mut self, queue: &str, now: Timestamp) -> Result<Option<Event>, StepError> {
        if !self.state.is_open() {
            return Err(StepError::Closed(self.state));
        }
        if self.queue == queue && self.state == TicketState::Queued {
            return Ok(None);
        }
        queue.clone_into(&mut self.queue);
        self.state = TicketState::Queued;
        self.claimed_by = None;
        Ok(Some(Event::of(self, EventKind::Moved, now)))
    }

    /// A person wrote to the customer.
    pub fn answered(&mut self, now: Timestamp) {
        if self.state.is_open() {
            self.responded_at.get_or_insert(now);
        }
    }

    /// Raises the level, with the due times that it has; a level never falls, and due times never move back.
    pub fn raise(&mut self, level: Level, due: (Timestamp, Option<Timestamp>), now: Timestamp) -> Option<Event> {
        if level <= self.level || !self.state.is_open() {
            return None;
        }
        self.level = level;
        self.respond_due_at = self.respond_due_at.min(due.0);
        self.resolve_due_at = match (self.resolve_due_at, due.1) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        Some(Event::of(self, EventKind::Raised, now))
    }

    /// Marks the due times that have passed unmet, each once.
    pub fn overdue(&mut self, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        if self.state == TicketState::Queued
            && self.claimed_at.is_none()
            && !self.missed.respond
            && self.respond_due_at <= now
        {
            self.missed.respond = true;
            events.push(Event::of(self, EventKind::RespondMissed, now));
        }
        let is_due = self.resolve_due_at.is_some_and(|due| due <= now);
        if self.state.is_open() && !self.missed.resolve && is_due {
            self.missed.resolve = true;
            events.push(Event::of(self, EventKind::ResolveMissed, now));
        }
        events
    }

    fn held_by(&self, agent: &str) -> Result<(), StepError> {
        match (&self.state, &self.claimed_by) {
            (TicketState::Claimed, Some(owner)) if owner == agent => Ok(()),
            (TicketState::Claimed, Some(owner)) => Err(StepError::Taken(owner.clone())),
            (TicketState::Claimed | TicketState::Queued, _) => Err(StepError::NotYours(agent.to_owned())),
            (closed, _) => Err(StepError::Closed(*closed)),
        }
    }

    fn close(&mut self, state: TicketState, note: Option<String>, now: Timestamp) {
        self.state = state;
        self.note = note;
        self.closed_at = Some(now);
    }
}
