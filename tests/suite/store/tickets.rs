//! Lists of tickets and of what happened to them.

use triage::catalogue::Level;
use triage::store::{Change, Store, StoreError, TicketFilter};
use triage::ticket::{EventKind, Missed, Ticket, TicketState};

use super::{Backend, at, handed_over, happened, ids, keep, talk, waiting};

/// Closed after so many seconds.
fn closed(id: &str, state: TicketState, seconds: i64) -> Ticket {
    let agent = Some("a-1".into());
    Ticket { state, closed_at: Some(at(seconds)), claimed_by: agent, ..waiting(id, &format!("c-{id}"), 0) }
}

/// All pages of a filter, one after the other.
fn pages(store: &dyn Store, filter: &TicketFilter) -> Vec<Ticket> {
    let mut filter = filter.clone();
    let mut all = Vec::new();
    loop {
        let page = store.tickets(&filter).unwrap();
        assert!(page.items.len() <= filter.limit);
        assert!(page.next.is_none() || page.items.len() == filter.limit, "a page is full if another one follows");
        all.extend(page.items);
        match page.next {
            None => return all,
            next => filter.after = next,
        }
    }
}

pub(super) fn pages_hold_each_ticket_once(backend: &dyn Backend) {
    let store = backend.open();
    // Several of the same moment: their ids decide.
    for (id, seconds) in [("t-5", 9), ("t-1", 5), ("t-2", 5), ("t-3", 5), ("t-4", 1)] {
        keep(&*store, handed_over(waiting(id, &format!("c-{id}"), seconds)));
    }
    for (id, seconds) in [("x-1", 20), ("x-2", 30), ("x-3", 30), ("x-4", 25)] {
        keep(&*store, handed_over(closed(id, TicketState::Resolved, seconds)));
    }
    let order = ["t-4", "t-1", "t-2", "t-3", "t-5", "x-3", "x-2", "x-4", "x-1"];
    for limit in 1..=10 {
        let filter = TicketFilter { limit, ..TicketFilter::default() };
        assert_eq!(ids(&pages(&*store, &filter)), order, "{limit} at a time");
        let open = TicketFilter { states: vec![TicketState::Queued, TicketState::Claimed], ..filter.clone() };
        assert_eq!(ids(&pages(&*store, &open)), order[..5], "{limit} open ones at a time");
        let done = TicketFilter { states: vec![TicketState::Resolved], ..filter };
        assert_eq!(ids(&pages(&*store, &done)), order[5..], "{limit} closed ones at a time");
    }
    let none = store.tickets(&TicketFilter::default()).unwrap();
    assert_eq!((none.items.len(), none.next), (0, None));
}

pub(super) fn filters(backend: &dyn Backend) {
    let store = backend.open();
    let queue = |queue: &str, ticket: Ticket| Ticket { queue: queue.into(), ..ticket };
    for ticket in [
        queue("logistics", waiting("t-1", "c-1", 1)),
        Ticket { level: Level::Urgent, customer_id: Some("u-5".into()), ..waiting("t-2", "c-2", 2) },
        Ticket { state: TicketState::Claimed, claimed_by: Some("a-2".into()), ..waiting("t-3", "c-3", 3) },
        queue("presale", closed("x-4", TicketState::Expired, 40)),
        closed("x-5", TicketState::ReturnedToBot, 50),
    ] {
        keep(&*store, handed_over(ticket));
    }
    let any = TicketFilter { limit: 9, ..TicketFilter::default() };
    for (filter, found) in [
        (any.clone(), &["t-1", "t-2", "t-3", "x-5", "x-4"][..]),
        (TicketFilter { states: vec![TicketState::Queued], ..any.clone() }, &["t-1", "t-2"]),
        (TicketFilter { states: vec![TicketState::Claimed, TicketState::Expired], ..any.clone() }, &["t-3", "x-4"]),
        (TicketFilter { queues: vec!["logistics".into(), "presale".into()], ..any.clone() }, &["t-1", "x-4"]),
        (TicketFilter { levels: vec![Level::Urgent, Level::Serious], ..any.clone() }, &["t-2"]),
        (TicketFilter { customers: vec!["u-5".into(), "u-6".into()], ..any.clone() }, &["t-2"]),
        (TicketFilter { conversation_id: Some("c-3".into()), ..any.clone() }, &["t-3"]),
        (TicketFilter { agents: vec!["a-1".into()], ..any.clone() }, &["x-5", "x-4"]),
        (TicketFilter { agents: vec!["a-2".into(), "a-1".into()], ..any.clone() }, &["t-3", "x-5", "x-4"]),
        (TicketFilter { agents: vec!["a-2".into()], queues: vec!["presale".into()], ..any.clone() }, &[]),
        (TicketFilter { customers: vec!["' OR 1 = 1 --".into()], ..any }, &[]),
    ] {
        assert_eq!(ids(&store.tickets(&filter).unwrap().items), found, "{filter:?}");
    }
}

pub(super) fn a_cursor_must_be_from_a_page(backend: &dyn Backend) {
    let store = backend.open();
    for after in ["", "o", "o1", "x1.t-1", "o1x.t-1", "退货"] {
        let filter = TicketFilter { after: Some(after.into()), limit: 1, ..TicketFilter::default() };
        assert_eq!(store.tickets(&filter), Err(StoreError::Cursor), "{after}");
    }
}

pub(super) fn overdue_tickets(backend: &dyn Backend) {
    let store = backend.open();
    let due = |id: &str, respond: i64, resolve: Option<i64>| Ticket {
        respond_due_at: at(respond),
        resolve_due_at: resolve.map(at),
        ..waiting(id, &format!("c-{id}"), respond)
    };
    let taken = Some(at(5));
    for ticket in [
        due("not yet", 100, Some(200)),
        due("now", 50, None),
        due("told", 40, None),
        Ticket { state: TicketState::Claimed, claimed_at: taken, ..due("taken", 30, Some(60)) },
        Ticket { state: TicketState::Claimed, claimed_at: taken, ..due("not solved", 20, Some(50)) },
        Ticket { claimed_at: taken, ..due("released", 10, None) },
        Ticket { state: TicketState::Resolved, closed_at: Some(at(6)), ..due("done", 1, Some(2)) },
    ] {
        let missed = Missed { respond: ticket.id == "told", resolve: false };
        keep(&*store, handed_over(Ticket { missed, ..ticket }));
    }
    let overdue = |seconds| {
        let tickets = store.overdue(at(seconds)).unwrap();
        let each_has_events = tickets.iter().all(|ticket| !ticket.clone().overdue(at(seconds)).is_empty());
        assert!(each_has_events, "after {seconds} seconds");
        ids(&tickets).join(", ")
    };
    assert_eq!(overdue(0), "");
    assert_eq!(overdue(50), "not solved, now");
    assert_eq!(overdue(100), "not solved, taken, now, not yet");
}

pub(super) fn the_tickets_of_a_customer(backend: &dyn Backend) {
    let store = backend.open();
    let of = |id: &str, customer: Option<&str>, seconds| Ticket {
        customer_id: customer.map(Into::into),
        ..waiting(id, &format!("c-{id}"), seconds)
    };
    for ticket in
        [of("t-3", Some("u-5"), 30), of("t-1", Some("u-5"), 10), of("t-2", Some("u-6"), 20), of("t-4", None, 40)]
    {
        keep(&*store, handed_over(ticket));
    }
    for (customer, since, found) in [
        ("u-5", 0, &["t-1", "t-3"][..]),
        ("u-5", 10, &["t-1", "t-3"]),
        ("u-5", 11, &["t-3"]),
        ("u-6", 0, &["t-2"]),
        ("", 0, &[]),
    ] {
        assert_eq!(ids(&store.tickets_of(customer, at(since)).unwrap()), found, "{customer} since {since}");
    }
}

pub(super) fn events_since_one(backend: &dyn Backend) {
    let store = backend.open();
    let ticket = waiting("t-1", "c-1", 0);
    keep(&*store, Change { conversation: Some(talk("c-1")), ..Change::default() });
    assert_eq!(store.last_event().unwrap(), 0);
    for round in 0..5 {
        let events = [EventKind::Message, EventKind::Raised].map(|kind| happened(&ticket, kind, at(round), &[]));
        keep(&*store, Change { events: events.into(), ..Change::default() });
    }
    let events = store.events_after(0, 99).unwrap();
    assert_eq!(events.len(), 10);
    assert!(events.is_sorted_by(|one, next| one.sequence < next.sequence && one.event.at <= next.event.at));
    let rest = store.events_after(events[3].sequence, 2).unwrap();
    assert_eq!(rest, events[4..6]);
    assert_eq!(store.events_after(events[9].sequence, 9).unwrap(), []);
    assert_eq!(store.events_after(u64::MAX, 9).unwrap(), []);
    assert_eq!(store.last_event().unwrap(), events[9].sequence);
}
