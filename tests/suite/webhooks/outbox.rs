//! An outbox in memory that keeps what the trait promises: leases, and order for each ticket and endpoint.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use triage::catalogue::Level;
use triage::store::{Delivery, Outbox, StoreError};
use triage::ticket::{Event, EventKind, Missed, Packet, Ticket, TicketState, Urgency};

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Delivered,
    Dead,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) delivery: Delivery,
    pub(crate) state: State,
    pub(crate) due: Timestamp,
    leased: Option<Timestamp>,
}

#[derive(Default)]
pub(crate) struct Memory {
    rows: Mutex<Vec<Row>>,
    /// Nothing can be written down, as if the process had died before.
    pub(crate) forgets: AtomicBool,
}

impl Memory {
    pub(crate) fn add(&self, endpoint: &str, event: Event) {
        let mut rows = self.rows.lock().unwrap();
        let sequence = rows.len() as u64 + 1;
        let since = event.at;
        let delivery = Delivery { sequence, endpoint: endpoint.to_owned(), event, attempts: 0, since, error: None };
        rows.push(Row { delivery, state: State::Waiting, due: since, leased: None });
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.rows.lock().unwrap().clone()
    }

    /// How many are in a state.
    pub(crate) fn count(&self, state: State) -> usize {
        self.rows().iter().filter(|row| row.state == state).count()
    }

    fn settle(&self, delivery: &Delivery, change: impl FnOnce(&mut Row)) -> Result<(), StoreError> {
        if self.forgets.load(Ordering::SeqCst) {
            return Err(StoreError::Failed("forgetful".to_owned()));
        }
        let mut rows = self.rows.lock().unwrap();
        let row = rows.iter_mut().find(|row| row.delivery.sequence == delivery.sequence).unwrap();
        row.leased = None;
        change(row);
        Ok(())
    }
}

impl Outbox for Memory {
    fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let mut rows = self.rows.lock().unwrap();
        let mut blocked = std::collections::HashSet::new();
        let mut out = Vec::new();
        for row in rows.iter_mut().filter(|row| row.state == State::Waiting) {
            let is_first = blocked.insert((row.delivery.endpoint.clone(), row.delivery.event.ticket.id.clone()));
            let is_free = row.leased.is_none_or(|leased| leased <= now);
            if is_first && is_free && row.due <= now && out.len() < limit {
                row.leased = Some(until);
                out.push(row.delivery.clone());
            }
        }
        Ok(out)
    }

    fn delivered(&self, delivery: &Delivery, _now: Timestamp) -> Result<(), StoreError> {
        self.settle(delivery, |row| row.state = State::Delivered)
    }

    fn failed(&self, delivery: &Delivery, why: &str, next: Option<Timestamp>) -> Result<(), StoreError> {
        self.settle(delivery, |row| {
            row.delivery.attempts += 1;
            row.delivery.error = Some(why.to_owned());
            match next {
                Some(next) => row.due = next,
                None => row.state = State::Dead,
            }
        })
    }

    fn dead(&self, after: u64, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let rows = self.rows().into_iter().filter(|row| row.state == State::Dead && row.delivery.sequence > after);
        Ok(rows.take(limit).map(|row| row.delivery).collect())
    }

    fn replay(&self, sequence: Option<u64>, endpoint: Option<&str>, now: Timestamp) -> Result<usize, StoreError> {
        let mut rows = self.rows.lock().unwrap();
        let wanted = rows.iter_mut().filter(|row| {
            row.state == State::Dead
                && sequence.is_none_or(|sequence| sequence == row.delivery.sequence)
                && endpoint.is_none_or(|endpoint| endpoint == row.delivery.endpoint)
        });
        Ok(wanted
            .map(|row| {
                (row.state, row.due, row.delivery.attempts) = (State::Waiting, now, 0);
            })
            .count())
    }

    fn lag(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let rows = self.rows();
        let waiting = || rows.iter().filter(|row| row.state == State::Waiting);
        Ok((waiting().count() as u64, waiting().map(|row| row.delivery.since).min()))
    }
}

/// An event of a ticket; the number makes its id.
pub(crate) fn event(number: u32, ticket: &str, kind: EventKind, at: Timestamp) -> Event {
    let packet = Packet { summary: "退货运费谁出".to_owned(), ..Packet::default() };
    let ticket = Ticket {
        id: ticket.to_owned(),
        version: 1,
        conversation_id: "c-81".to_owned(),
        customer_id: Some("u-5".to_owned()),
        state: TicketState::Queued,
        queue: "aftersale".to_owned(),
        level: Level::Normal,
        reason: "user_request".to_owned(),
        intent: None,
        created_at: at,
        respond_due_at: at,
        resolve_due_at: None,
        claimed_at: None,
        claimed_by: None,
        responded_at: None,
        closed_at: None,
        urgency: Urgency::default(),
        missed: Missed::default(),
        note: None,
        packet,
    };
    let say = (kind == EventKind::RespondMissed).then(|| "抱歉，还需要一点时间".to_owned());
    Event { id: format!("event-{number}"), kind, at, ticket: Box::new(ticket), message_id: None, say }
}
