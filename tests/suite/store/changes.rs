//! What two callers change at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use triage::store::{Change, Conversation, Feedback, Store, StoreError};
use triage::ticket::{EventKind, StepError, Ticket, TicketState};

use super::{Backend, asked, at, handed_over, happened, keep, refused, said, talk, waiting};

/// A change of a conversation alone.
fn of(conversation: Conversation) -> Change {
    Change { conversation: Some(conversation), ..Change::default() }
}

pub(super) fn versions_tell_what_others_changed(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, handed_over(waiting("t-1", "c-1", 0)));
    for (what, version) in [("as if it were new", 0), ("older", 7), ("not there yet", 2)] {
        let conversation = Conversation { version, turns: 9, ..talk("c-1") };
        assert_eq!(refused(&*store, of(conversation)), StoreError::Conflict, "conversation: {what}");
        let ticket = Some(Ticket { version, ..waiting("t-1", "c-1", 9) });
        assert_eq!(refused(&*store, Change { ticket, ..Change::default() }), StoreError::Conflict, "ticket: {what}");
    }
    let gone = Conversation { version: 1, ..talk("c-2") };
    assert_eq!(refused(&*store, of(gone)), StoreError::Conflict, "one that is gone");
    for version in 1..4 {
        let conversation = store.conversation("c-1").unwrap().unwrap();
        assert_eq!(conversation.version, version);
        keep(&*store, of(Conversation { turns: version, ..conversation }));
    }
    assert_eq!(store.conversation("c-1").unwrap().unwrap().turns, 3);
    let ticket = store.ticket("t-1").unwrap().unwrap();
    assert_eq!((ticket.version, ticket.created_at), (1, at(0)));
}

pub(super) fn a_message_is_stored_once(backend: &dyn Backend) {
    let store = backend.open();
    let first = Change { conversation: Some(talk("c-1")), turns: vec![asked("c-1", 0)], ..Change::default() };
    keep(&*store, first.clone());
    // As when the same message is sent twice at the same time: both read a conversation that was not there.
    assert_eq!(refused(&*store, first), StoreError::Duplicate);
    let read = store.conversation("c-1").unwrap().unwrap();
    let again = Change { conversation: Some(read.clone()), turns: vec![said("c-1", 0)], ..Change::default() };
    assert_eq!(refused(&*store, again), StoreError::Duplicate);
    let twice = Change { turns: vec![asked("c-1", 1), asked("c-1", 1)], ..Change::default() };
    assert_eq!(refused(&*store, twice), StoreError::Duplicate);
    assert_eq!(store.turns("c-1", 9).unwrap(), [asked("c-1", 0)]);
    assert_eq!(store.conversation("c-1").unwrap(), Some(read));
    // The same id in another conversation is another message.
    keep(&*store, Change { conversation: Some(talk("c-2")), turns: vec![asked("c-2", 0)], ..Change::default() });
}

pub(super) fn a_change_is_all_or_nothing(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, handed_over(waiting("t-1", "c-1", 0)));
    let read = store.conversation("c-1").unwrap().unwrap();
    let stale = Ticket { version: 5, ..waiting("t-1", "c-1", 0) };
    let change = Change {
        conversation: Some(Conversation { turns: 1, ..read.clone() }),
        turns: vec![asked("c-1", 0)],
        events: vec![happened(&stale, EventKind::Message, at(1), &["crm"])],
        ticket: Some(stale),
        feedback: None,
    };
    // Among others that share its commit.
    let before = store.record(of(talk("c-2")));
    let middle = store.record(change);
    let after = store.record(of(talk("c-3")));
    assert_eq!(middle.wait(), Err(StoreError::Conflict));
    assert_eq!((before.wait(), after.wait()), (Ok(()), Ok(())));
    assert_eq!(store.conversation("c-1").unwrap(), Some(read));
    assert_eq!(store.turns("c-1", 9).unwrap(), []);
    assert_eq!(store.events_after(0, 9).unwrap(), []);
    assert_eq!(store.lag().unwrap(), (0, None));
    assert!(store.conversation("c-2").unwrap().is_some() && store.conversation("c-3").unwrap().is_some());
}

pub(super) fn one_open_ticket_per_conversation(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, handed_over(waiting("t-1", "c-1", 0)));
    let second = || Change { ticket: Some(waiting("t-2", "c-1", 5)), ..Change::default() };
    assert_eq!(refused(&*store, second()), StoreError::Conflict);
    let mut first = store.ticket("t-1").unwrap().unwrap();
    first.claim("a-1", at(1)).unwrap();
    first.resolve("a-1", None, at(2)).unwrap();
    keep(&*store, Change { ticket: Some(first), ..Change::default() });
    keep(&*store, second());
    let again = Ticket { state: TicketState::Queued, ..store.ticket("t-1").unwrap().unwrap() };
    assert_eq!(refused(&*store, Change { ticket: Some(again), ..Change::default() }), StoreError::Conflict);
}

pub(super) fn what_it_belongs_to_must_be_there(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, Change { conversation: Some(talk("c-1")), turns: vec![asked("c-1", 0)], ..Change::default() });
    let feedback = |message_id: &str| Feedback {
        conversation_id: "c-1".into(),
        message_id: message_id.into(),
        intent: None,
        emotion: None,
        handoff: None,
        agent: "a-1".into(),
        at: at(1),
    };
    for (what, change) in [
        ("a turn", Change { turns: vec![asked("c-2", 0)], ..Change::default() }),
        ("a ticket", Change { ticket: Some(waiting("t-1", "c-2", 0)), ..Change::default() }),
        ("what was said of a turn", Change { feedback: Some(feedback("m-9")), ..Change::default() }),
    ] {
        assert_eq!(refused(&*store, change), StoreError::Conflict, "{what}");
    }
    keep(&*store, Change { feedback: Some(feedback("m-0")), ..Change::default() });
}

/// Many people reach for the same tickets at once. Groups of them start at the same place, so that they meet.
pub(super) fn no_ticket_is_claimed_twice(backend: &dyn Backend) {
    const TICKETS: usize = 1000;
    const PEOPLE: usize = 200;
    let store = backend.open();
    let opened = |number: usize| waiting(&format!("t-{number}"), &format!("c-{number}"), number as i64);
    let pending: Vec<_> = (0..TICKETS).map(|number| store.record(handed_over(opened(number)))).collect();
    pending.into_iter().for_each(|pending| pending.wait().unwrap());
    let claims = Mutex::new(Vec::new());
    let conflicts = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for person in 0..PEOPLE {
            let (store, claims, conflicts) = (&*store, &claims, &conflicts);
            let name = format!("a-{person}");
            scope.spawn(move || {
                for step in 0..TICKETS / 20 {
                    let id = format!("t-{}", (person % 20 * 50 + step) % TICKETS);
                    if claim(store, &id, &name, conflicts) {
                        claims.lock().unwrap().push(id);
                    }
                }
            });
        }
    });
    let mut claims = claims.into_inner().unwrap();
    assert_eq!(claims.len(), TICKETS);
    claims.sort();
    claims.dedup();
    assert_eq!(claims.len(), TICKETS, "a ticket was claimed by two people");
    let events = store.events_after(0, 2 * TICKETS).unwrap();
    assert_eq!(events.len(), TICKETS, "each claim is told once");
}

/// Whether this person got it.
fn claim(store: &dyn Store, id: &str, person: &str, conflicts: &AtomicUsize) -> bool {
    loop {
        let mut ticket = store.ticket(id).unwrap().unwrap();
        match ticket.claim(person, at(5000)) {
            Err(StepError::Taken(_)) => return false,
            outcome => assert!(matches!(outcome, Ok(Some(_))), "{outcome:?}"),
        }
        let events = vec![happened(&ticket, EventKind::Claimed, at(5000), &[])];
        match store.record(Change { ticket: Some(ticket), events, ..Change::default() }).wait() {
            Ok(()) => return true,
            Err(error) => assert_eq!(error, StoreError::Conflict),
        }
        conflicts.fetch_add(1, Ordering::Relaxed);
    }
}
