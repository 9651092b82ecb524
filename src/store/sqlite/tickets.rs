//! Tickets and what happened to them.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::Sqlite;
use super::values::{Fields, Stored, all, at_most, json, label, micros, one};
use crate::store::{Page, StoreError, StoredEvent, TicketFilter, Tickets};
use crate::ticket::{Missed, Ticket, Urgency};

impl Tickets for Sqlite {
    fn ticket(&self, id: &str) -> Stored<Option<Ticket>> {
        const SQL: &str = "SELECT * FROM tickets WHERE id = ?1";
        self.readers.read(|connection| one(connection, SQL, [id], ticket))
    }

    fn tickets(&self, filter: &TicketFilter) -> Stored<Page<Ticket>> {
        let after = filter.after.as_deref().map(Place::read).transpose()?;
        if filter.limit == 0 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        self.readers.read(|connection| page(connection, filter, after))
    }

    fn overdue(&self, now: Timestamp) -> Stored<Vec<Ticket>> {
        const SQL: &str = "
            SELECT * FROM tickets WHERE id IN (
                SELECT id FROM tickets
                WHERE state = 'queued' AND claimed_at IS NULL AND missed_respond = 0 AND respond_due_at <= ?1
                UNION
                SELECT id FROM tickets
                WHERE state IN ('queued', 'claimed') AND missed_resolve = 0 AND resolve_due_at <= ?1)
            ORDER BY created_at, id";
        self.readers.read(|connection| all(connection, SQL, [micros(now)], ticket))
    }

    fn tickets_of(&self, customer_id: &str, since: Timestamp) -> Stored<Vec<Ticket>> {
        const SQL: &str = "SELECT * FROM tickets WHERE customer_id = ?1 AND created_at >= ?2 ORDER BY created_at, id";
        self.readers.read(|connection| all(connection, SQL, params![customer_id, micros(since)], ticket))
    }

    fn events_after(&self, sequence: u64, limit: usize) -> Stored<Vec<StoredEvent>> {
        const SQL: &str = "SELECT sequence, event FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";
        let after = i64::try_from(sequence).unwrap_or(i64::MAX);
        self.readers.read(|connection| {
            all(connection, SQL, [after, at_most(limit)], |row| {
                let fields = Fields::of("events", row);
                Ok(StoredEvent { sequence: fields.count("sequence")?, event: fields.json("event")? })
            })
        })
    }

    fn last_event(&self) -> Stored<u64> {
        const SQL: &str = "SELECT coalesce(max(sequence), 0) AS last FROM events";
        let last =
            self.readers.read(|connection| one(connection, SQL, [], |row| Fields::of("events", row).count("last")))?;
        Ok(last.unwrap_or_default())
    }
}

pub(super) fn ticket(row: &Row<'_>) -> Stored<Ticket> {
    let fields = Fields::of("tickets", row);
    Ok(Ticket {
        id: fields.get("id")?,
        version: fields.count("version")?,
        conversation_id: fields.get("conversation_id")?,
        customer_id: fields.get("customer_id")?,
        state: fields.label("state")?,
        queue: fields.get("queue")?,
        level: fields.label("level")?,
        reason: fields.get("reason")?,
        intent: fields.get("intent")?,
        created_at: fields.time("created_at")?,
        respond_due_at: fields.time("respond_due_at")?,
        resolve_due_at: fields.time_or_none("resolve_due_at")?,
        claimed_at: fields.time_or_none("claimed_at")?,
        claimed_by: fields.get("claimed_by")?,
        responded_at: fields.time_or_none("responded_at")?,
        closed_at: fields.time_or_none("closed_at")?,
        urgency: Urgency { upset: fields.get("upset")?, tier: fields.get("tier")? },
        missed: Missed { respond: fields.get("missed_respond")?, resolve: fields.get("missed_resolve")? },
        note: fields.get("note")?,
        packet: fields.json("packet")?,
    })
}

/// A place in the list of all tickets: the open ones as they were opened, then the closed ones, latest first.
struct Place {
    is_open: bool,
    at: i64,
    id: String,
}

impl Place {
    /// Where a ticket stands.
    fn of(ticket: &Ticket) -> Self {
        let is_open = ticket.state.is_open();
        let at = if is_open { ticket.created_at } else { ticket.closed_at.unwrap_or(ticket.created_at) };
        Self { is_open, at: micros(at), id: ticket.id.clone() }
    }

    fn write(&self) -> String {
        format!("{}{}.{}", if self.is_open { 'o' } else { 'c' }, self.at, self.id)
    }

    fn read(text: &str) -> Stored<Self> {
        let parts = |is_open| {
            let (at, id) = text.get(1..)?.split_once('.')?;
            Some(Self { is_open, at: at.parse().ok()?, id: id.to_owned() })
        };
        let place = match text.as_bytes().first() {
            Some(b'o') => parts(true),
            Some(b'c') => parts(false),
            _ => None,
        };
        place.ok_or(StoreError::Cursor)
    }
}

fn page(connection: &Connection, filter: &TicketFilter, after: Option<Place>) -> Stored<Page<Ticket>> {
    // One more than asked for tells whether there is a next page.
    let wanted = filter.limit.saturating_add(1);
    let mut items = Vec::new();
    let is_wanted = |is_open| filter.states.is_empty() || filter.states.iter().any(|state| state.is_open() == is_open);
    if is_wanted(true) && after.as_ref().is_none_or(|place| place.is_open) {
        items = part(connection, filter, true, after.as_ref(), wanted)?;
    }
    if is_wanted(false) && items.len() < wanted {
        let after = after.as_ref().filter(|place| !place.is_open);
        items.extend(part(connection, filter, false, after, wanted - items.len())?);
    }
    let is_more = items.len() == wanted;
    items.truncate(filter.limit);
    let next = items.last().filter(|_| is_more).map(|last| Place::of(last).write());
    Ok(Page { items, next })
}

/// The open tickets, or the closed ones.
fn part(
    connection: &Connection,
    filter: &TicketFilter,
    is_open: bool,
    after: Option<&Place>,
    limit: usize,
) -> Stored<Vec<Ticket>> {
    let (condition, at, order, beyond) = if is_open {
        ("state IN ('queued', 'claimed')", "created_at", "ASC", '>')
    } else {
        ("state NOT IN ('queued', 'claimed')", "coalesce(closed_at, created_at)", "DESC", '<')
    };
    let mut sql = format!("SELECT * FROM tickets WHERE {condition}");
    let mut values: Vec<Value> = Vec::new();
    let mut and = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(" AND ");
            sql.push_str(condition);
        }
    };
    and("state IN (SELECT value FROM json_each(?))", list(&filter.states, label)?);
    and("queue IN (SELECT value FROM json_each(?))", list(&filter.queues, Ok)?);
    and("level IN (SELECT value FROM json_each(?))", list(&filter.levels, label)?);
    and("customer_id IN (SELECT value FROM json_each(?))", list(&filter.customers, Ok)?);
    and("conversation_id = ?", filter.conversation_id.clone().map(Value::from));
    and("claimed_by IN (SELECT value FROM json_each(?))", list(&filter.agents, Ok)?);
    if let Some(place) = after {
        // The first half says nothing new; it is what lets an index on an expression start there.
        values.extend([Value::from(place.at), Value::from(place.at), Value::from(place.id.clone())]);
        sql.push_str(&format!(" AND {at} {beyond}= ? AND ({at}, id) {beyond} (?, ?)"));
    }
    values.push(Value::from(at_most(limit)));
    sql.push_str(&format!(" ORDER BY {at} {order}, id {order} LIMIT ?"));
    all(connection, &sql, params_from_iter(values), ticket)
}

/// A list as one value, so that lists of different lengths share a statement; nothing if it is empty.
fn list<T: Clone, S: serde::Serialize>(items: &[T], item: impl Fn(T) -> Stored<S>) -> Stored<Option<Value>> {
    if items.is_empty() {
        return Ok(None);
    }
    let items: Vec<S> = items.iter().cloned().map(item).collect::<Stored<_>>()?;
    Ok(Some(Value::from(json(&items)?)))
}
