//! Due times that pass, and tickets that nobody takes.

use std::time::Duration;

use super::people::reading;
use super::{Back, Desk, DeskError};
use crate::catalogue::TextKey;
use crate::store::{Change, Conversation, StoreError, TicketFilter};
use crate::ticket::{Event, EventKind, Ticket, TicketState};

/// How often due times are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// How often old records are looked for, how many go at a time, and the pause between.
const TIDY_EVERY: Duration = Duration::from_secs(3600);
const TIDY_ROWS: usize = 500;
const TIDY_PAUSE: Duration = Duration::from_millis(50);

/// Tickets that are looked at for expiry in one round.
const EXPIRING: usize = 200;

impl Desk {
    /// Looks at due times every second, for as long as the runtime lives.
    pub async fn keep_watch(self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.check_due_times().await {
                tracing::error!(%error, "due times could not be looked at");
            }
        }
    }

    /// Removes what is older than so many days, a little at a time, every hour, for as long as the runtime lives.
    pub async fn keep_tidy(self, days: u32) {
        let mut ticks = tokio::time::interval(TIDY_EVERY);
        loop {
            ticks.tick().await;
            match self.remove_older_than(days).await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, days, "removed what is older than the store keeps"),
                Err(error) => tracing::error!(%error, "what is old could not be removed"),
            }
        }
    }

    async fn remove_older_than(&self, days: u32) -> Result<usize, DeskError> {
        let back = &self.0.back;
        let age = jiff::SignedDuration::from_hours(24 * i64::from(days));
        let before = back.clock.now().saturating_sub(age).unwrap_or(jiff::Timestamp::MIN);
        let mut all = 0;
        loop {
            let removed = reading(back, move |store| store.remove_before(before, TIDY_ROWS)).await?;
            all += removed;
            if removed == 0 {
                return Ok(all);
            }
            // The writer has messages to store as well.
            tokio::time::sleep(TIDY_PAUSE).await;
        }
    }

    /// Tells of every due time that has passed since it was last asked, each once, and closes tickets that waited longer than
    /// the policy allows. How many events came of it.
    ///
    /// # Errors
    /// When the store fails; what was not told is told the next time.
    pub async fn check_due_times(&self) -> Result<usize, DeskError> {
        let back = &self.0.back;
        if back.store.is_none() {
            return Ok(0);
        }
        let now = back.clock.now();
        let mut due = reading(back, move |store| store.overdue(now)).await?;
        if let Some(expiry) = back.live.engine().catalogue().policy().expiry {
            let filter = TicketFilter { states: vec![TicketState::Queued], limit: EXPIRING, ..TicketFilter::default() };
            let waiting = reading(back, move |store| store.tickets(&filter)).await?.items;
            due.extend(waiting.into_iter().filter(|ticket| now.duration_since(ticket.created_at) >= expiry));
        }
        let mut told = 0;
        for ticket in due {
            told += self.tell(&ticket).await?;
        }
        Ok(told)
    }

    async fn tell(&self, overdue: &Ticket) -> Result<usize, DeskError> {
        let back = &self.0.back;
        let _turn = self.0.busy.turn(&overdue.conversation_id).await;
        let (id, conversation) = (overdue.id.clone(), overdue.conversation_id.clone());
        let read = reading(back, move |store| Ok((store.ticket(&id)?, store.conversation(&conversation)?)));
        let (Some(mut ticket), Some(mut conversation)) = read.await? else { return Ok(0) };
        let now = back.clock.now();
        let mut events = ticket.overdue(now);
        for event in &mut events {
            if event.kind == EventKind::RespondMissed {
                event.say = back.apology(&ticket, &conversation);
            }
        }
        events.extend(back.expired(&mut ticket, &mut conversation));
        if events.is_empty() {
            return Ok(0);
        }
        let told = events.len();
        let events = events.into_iter().map(|event| back.routed(event)).collect();
        let conversation = (!ticket.state.is_open()).then_some(conversation);
        match back.record(Change { conversation, ticket: Some(ticket), events, ..Change::default() }).await {
            Ok(()) => Ok(told),
            // Somebody else changed it: the next round looks again.
            Err(StoreError::Conflict) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

impl Back {
    /// What the customer is told when nobody came in time: that we are sorry, and by when somebody will.
    fn apology(&self, ticket: &Ticket, conversation: &Conversation) -> Option<String> {
        let (engine, now) = (self.live.engine(), self.now());
        let due = engine.catalogue().policy().due(ticket.level, &ticket.queue, &now);
        let language = conversation.state.languages.majority().unwrap_or_default();
        engine.text(TextKey::Overdue, language, &due, &now)
    }

    fn expired(&self, ticket: &mut Ticket, conversation: &mut Conversation) -> Option<Event> {
        let expiry = self.live.engine().catalogue().policy().expiry?;
        let now = self.clock.now();
        let waited = now.duration_since(ticket.created_at);
        let event = (ticket.state == TicketState::Queued && waited >= expiry).then(|| ticket.expire(now).ok())??;
        conversation.ticket_id = None;
        conversation.state = conversation.state.anew();
        Some(event)
    }
}
