//! What is read for people: conversations, lists of tickets in the order of their queues, and what is on its way out.

use jiff::Timestamp;

use super::people::reading;
use super::{Desk, DeskError, tickets};
use crate::catalogue::Boosts;
use crate::store::{Conversation, Delivery, Page, Store, StoreError, StoredEvent, TicketFilter, Turn};
use crate::ticket::{Packet, Place, Ticket, TicketState, in_order};

/// Turns since a hand-off that are read with its ticket, at most.
const TURNS_SINCE: usize = 500;

/// Waiting tickets that are read at a time while their order is found out.
const WAITING: usize = 500;

/// A conversation with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The conversation.
    pub conversation: Conversation,
    /// The ticket that is open in it, without what a list leaves out.
    pub ticket: Option<Ticket>,
    /// Its last turns, oldest first.
    pub turns: Vec<Turn>,
}

impl Desk {
    /// What time it is here.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.back.clock.now()
    }

    /// A conversation with its last turns.
    ///
    /// # Errors
    /// When it is unknown, or the store fails.
    pub async fn conversation(&self, id: &str, last: usize) -> Result<Record, DeskError> {
        let own = id.to_owned();
        let read = reading(&self.0.back, move |store| {
            let Some(conversation) = store.conversation(&own)? else { return Ok(None) };
            let ticket = match &conversation.ticket_id {
                Some(id) => store.ticket(id)?.filter(|ticket| ticket.state.is_open()).map(listed),
                None => None,
            };
            let turns = if last == 0 { Vec::new() } else { store.turns(&own, last)? };
            Ok(Some(Record { conversation, ticket, turns }))
        });
        read.await?.ok_or_else(|| DeskError::Unknown { what: "conversation", id: id.to_owned() })
    }

    /// A ticket with all that a person needs: its packet, and what was said since the hand-off until it was closed.
    ///
    /// # Errors
    /// When it is unknown, or the store fails.
    pub async fn ticket(&self, id: &str) -> Result<Ticket, DeskError> {
        let own = id.to_owned();
        let read = reading(&self.0.back, move |store| {
            let Some(ticket) = store.ticket(&own)? else { return Ok(None) };
            let turns = store.turns(&ticket.conversation_id, TURNS_SINCE)?;
            Ok(Some(with_turns_since(ticket, &turns)))
        });
        read.await?.ok_or_else(|| DeskError::Unknown { what: "ticket", id: id.to_owned() })
    }

    /// Tickets that a filter lets through: first those that wait, in the order of their queue, then the others as the store
    /// pages them. Of their packets only summary and signals are there. Each page reads all that wait, since their order depends on
    /// the policy of the moment.
    ///
    /// # Errors
    /// When the store fails, or `after` is not the `next` of a page.
    pub async fn tickets(&self, filter: TicketFilter) -> Result<Page<Ticket>, DeskError> {
        let engine = self.0.back.live.engine();
        reading(&self.0.back, move |store| page(store, &filter, &engine.catalogue().policy().boosts)).await
    }

    /// What happened after an event, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, DeskError> {
        reading(&self.0.back, move |store| store.events_after(sequence, limit)).await
    }

    /// The sequence of the latest event, 0 if there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn last_event(&self) -> Result<u64, DeskError> {
        reading(&self.0.back, |store| store.last_event()).await
    }

    /// Deliveries that were given up, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dead_deliveries(&self, after: u64, limit: usize) -> Result<Vec<Delivery>, DeskError> {
        reading(&self.0.back, move |store| store.dead(after, limit)).await
    }

    /// Tries given-up deliveries again: one, or all of an endpoint, or all. How many there were.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay(&self, sequence: Option<u64>, endpoint: Option<String>) -> Result<usize, DeskError> {
        let now = self.now();
        reading(&self.0.back, move |store| store.replay(sequence, endpoint.as_deref(), now)).await
    }

    /// How many deliveries wait, and since when the oldest does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn waiting_deliveries(&self) -> Result<(u64, Option<Timestamp>), DeskError> {
        reading(&self.0.back, |store| store.lag()).await
    }
}

/// A ticket as in a list: of its packet only what tells one from another.
fn listed(ticket: Ticket) -> Ticket {
    let Packet { summary, signals, .. } = ticket.packet;
    Ticket { packet: Packet { summary, signals, ..Packet::default() }, ..ticket }
}

/// The ticket with what was said after its packet was made, until it was closed. Stores keep whole microseconds.
fn with_turns_since(mut ticket: Ticket, turns: &[Turn]) -> Ticket {
    let until = ticket.closed_at.unwrap_or(Timestamp::MAX);
    let known = ticket.packet.turns.clone();
    let since = tickets::past_turns(turns).into_iter().filter(|turn| {
        let is_known = known.iter().any(|known| {
            (known.at.as_microsecond(), known.role, &known.text) == (turn.at.as_microsecond(), turn.role, &turn.text)
        });
        turn.at >= ticket.created_at && turn.at <= until && !is_known
    });
    ticket.packet.turns.extend(since);
    ticket
}

/// Where a page of tickets starts.
enum After {
    /// Among those that wait; at the first one if no place is told.
    Waiting(Option<Place>),
    /// Among the others, at a place that the store told.
    Others(Option<String>),
}

impl After {
    fn read(cursor: Option<&str>) -> Result<Self, StoreError> {
        let Some((kind, place)) = cursor.map(|cursor| cursor.split_at_checked(1).unwrap_or((cursor, ""))) else {
            return Ok(Self::Waiting(None));
        };
        match kind {
            "w" => Ok(Self::Waiting(Some(Place::read(place).ok_or(StoreError::Cursor)?))),
            "o" => Ok(Self::Others(Some(place.to_owned()).filter(|place| !place.is_empty()))),
            _ => Err(StoreError::Cursor),
        }
    }
}

fn page(store: &dyn Store, filter: &TicketFilter, boosts: &Boosts) -> Result<Page<Ticket>, StoreError> {
    let wants = |state: &TicketState| filter.states.is_empty() || filter.states.contains(state);
    let (mut items, after) = match After::read(filter.after.as_deref())? {
        After::Waiting(place) if wants(&TicketState::Queued) => (waiting(store, filter, place.as_ref(), boosts)?, None),
        After::Waiting(_) => (Vec::new(), None),
        After::Others(place) => (Vec::new(), place),
    };
    if items.len() > filter.limit {
        items.truncate(filter.limit);
        let next = items.last().map(|last| format!("w{}", Place::of(last, boosts).write()));
        return Ok(Page { items, next });
    }
    let states: Vec<_> =
        TicketState::ALL.into_iter().filter(|state| wants(state) && *state != TicketState::Queued).collect();
    if states.is_empty() {
        return Ok(Page { items, next: None });
    }
    // Where no room is left, whether there are others still tells whether there is a next page.
    let room = filter.limit - items.len();
    let others = store.tickets(&TicketFilter { states, after, limit: room.max(1), ..filter.clone() })?;
    if room == 0 {
        let next = (!others.items.is_empty()).then(|| "o".to_owned());
        return Ok(Page { items, next });
    }
    items.extend(others.items.into_iter().map(listed));
    Ok(Page { items, next: others.next.map(|next| format!("o{next}")) })
}

/// The tickets that wait after a place, in order, one more than a page holds. All that wait and pass the filter are read for each
/// page: the order depends on values of the policy of the moment (`tickets.upset_from`, `tickets.upset_minutes` and each tier's
/// `forward_minutes`), which an edit changes at once. A store knows no policy, so it cannot sort by them, and the first of any
/// other order need not be the first of this one. Only a page of them is held.
fn waiting(
    store: &dyn Store,
    filter: &TicketFilter,
    after: Option<&Place>,
    boosts: &Boosts,
) -> Result<Vec<Ticket>, StoreError> {
    let wanted = filter.limit.saturating_add(1);
    let mut filter = TicketFilter { states: vec![TicketState::Queued], after: None, limit: WAITING, ..filter.clone() };
    let mut first = Vec::new();
    loop {
        let found = store.tickets(&filter)?;
        let is_after = |ticket: &Ticket| after.is_none_or(|place| Place::of(ticket, boosts) > *place);
        first.extend(found.items.into_iter().filter(is_after).map(listed));
        in_order(&mut first, boosts);
        first.truncate(wanted);
        match found.next {
            Some(next) => filter.after = Some(next),
            None => return Ok(first),
        }
    }
}
