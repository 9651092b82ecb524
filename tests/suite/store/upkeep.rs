//! What is old goes, and whoever asks to be forgotten.

use triage::store::{Change, Conversation, Feedback, Forgotten, Store, Turn};
use triage::ticket::{EventKind, Ticket, TicketState};

use super::{Backend, asked, at, happened, keep, said, talk, talk_of, waiting};

/// A conversation of these seconds, with one turn and what an agent said of it.
fn spoken(conversation: Conversation, seconds: i64) -> Change {
    let id = conversation.id.clone();
    let feedback = Feedback {
        conversation_id: id.clone(),
        message_id: "m-0".into(),
        intent: None,
        emotion: None,
        handoff: Some(true),
        agent: "a-1".into(),
        at: at(seconds),
    };
    Change {
        conversation: Some(Conversation { opened_at: at(seconds), updated_at: at(seconds), ..conversation }),
        turns: vec![Turn { at: at(seconds), ..asked(&id, 0) }],
        feedback: Some(feedback),
        ..Change::default()
    }
}

/// The same with a ticket, and its event on the way to the CRM.
fn with_ticket(conversation: Conversation, ticket: Ticket, seconds: i64) -> Change {
    let ticket = Ticket {
        conversation_id: conversation.id.clone(),
        customer_id: conversation.customer_id.clone(),
        created_at: at(seconds),
        ..ticket
    };
    let events = vec![happened(&ticket, EventKind::Created, at(seconds), &["crm"])];
    Change { ticket: Some(ticket), events, ..spoken(conversation, seconds) }
}

fn closed(id: &str, seconds: i64) -> Ticket {
    Ticket { state: TicketState::Resolved, closed_at: Some(at(seconds)), ..waiting(id, "", seconds) }
}

/// Everything that is there: conversations, turns, tickets, events, feedback.
fn count(store: &dyn Store) -> [usize; 5] {
    let mut counts = [0; 5];
    let (from, to) = (at(-1_000_000), at(1_000_000));
    store.each_conversation(from, to, &mut |_| counts[0] += 1).unwrap();
    store.each_turn(from, to, &mut |_| counts[1] += 1).unwrap();
    store.each_ticket(from, to, &mut |_| counts[2] += 1).unwrap();
    counts[3] = store.events_after(0, 9999).unwrap().len();
    store.each_feedback(from, to, &mut |_| counts[4] += 1).unwrap();
    counts
}

/// Removes until nothing more goes.
fn remove_before(store: &dyn Store, seconds: i64, limit: usize) -> usize {
    let mut all = 0;
    loop {
        match store.remove_before(at(seconds), limit).unwrap() {
            0 => return all,
            some => all += some,
        }
    }
}

pub(super) fn what_is_old_and_done_with_goes(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, spoken(talk("old"), 10));
    keep(&*store, spoken(talk("young"), 100));
    keep(&*store, with_ticket(talk("open"), waiting("t-1", "", 0), 10));
    keep(&*store, with_ticket(talk("done"), closed("t-2", 20), 10));
    keep(&*store, with_ticket(talk("done lately"), closed("t-3", 90), 10));
    // Opened long ago, and still going on.
    keep(&*store, spoken(talk("long"), 10));
    let long = store.conversation("long").unwrap().unwrap();
    let latest = Turn { at: at(80), ..said("long", 1) };
    let long = Conversation { updated_at: at(80), ..long };
    keep(&*store, Change { conversation: Some(long), turns: vec![latest.clone()], ..Change::default() });
    // Of the old events one has arrived, one is dead, one waits.
    for delivery in store.lease(at(99), at(100), 99).unwrap() {
        match delivery.event.ticket.id.as_str() {
            "t-1" => store.delivered(&delivery, at(99)).unwrap(),
            "t-2" => store.failed(&delivery, "410 Gone", None).unwrap(),
            _ => store.failed(&delivery, "timeout", Some(at(200))).unwrap(),
        }
    }

    assert_eq!(remove_before(&*store, 10, 99), 0, "nothing is older than itself");
    // Turns of `old`, `done`, `done lately` and `long`, the ticket of `done`, two conversations, two events.
    assert_eq!(remove_before(&*store, 50, 99), 9);
    for (id, is_there) in
        [("old", false), ("young", true), ("open", true), ("done", false), ("done lately", true), ("long", true)]
    {
        assert_eq!(store.conversation(id).unwrap().is_some(), is_there, "{id}");
    }
    assert_eq!(store.turns("open", 9).unwrap().len(), 1, "what a person may need stays");
    assert_eq!(store.turns("long", 9).unwrap(), [latest]);
    assert_eq!((store.ticket("t-2").unwrap(), store.dead(0, 9).unwrap()), (None, vec![]));
    assert_eq!(store.lag().unwrap().0, 1, "what waits to be delivered stays");
    assert_eq!(count(&*store), [3, 2, 2, 1, 2]);
    assert_eq!(remove_before(&*store, 50, 99), 0);
}

pub(super) fn old_rows_go_in_portions(backend: &dyn Backend) {
    let store = backend.open();
    for number in 0..25 {
        keep(&*store, with_ticket(talk(&format!("c-{number}")), closed(&format!("t-{number}"), 20), 10));
    }
    for delivery in store.lease(at(99), at(100), 99).unwrap() {
        store.delivered(&delivery, at(99)).unwrap();
    }
    let first = store.remove_before(at(50), 10).unwrap();
    assert!((1..=40).contains(&first), "{first}");
    assert_eq!(first + remove_before(&*store, 50, 10), 100);
    assert_eq!(count(&*store), [0; 5]);
}

pub(super) fn forgetting_takes_all_of_one_and_nothing_of_others(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, spoken(talk_of("c-1", "u-5"), 10));
    keep(&*store, with_ticket(talk_of("c-2", "u-5"), waiting("t-2", "", 0), 20));
    keep(&*store, with_ticket(talk_of("c-3", "u-6"), waiting("t-3", "", 0), 30));
    keep(&*store, spoken(talk("c-4"), 40));
    // Only the ticket knows whose it is.
    let ticket = Ticket { customer_id: Some("u-5".into()), ..waiting("t-5", "c-5", 50) };
    keep(&*store, Change { ticket: Some(ticket), ..spoken(talk("c-5"), 50) });
    // Removed as old before, but an event still waits.
    keep(&*store, with_ticket(talk_of("c-6", "u-5"), closed("t-6", 0), 0));
    assert_eq!(remove_before(&*store, 5, 99), 3);
    assert_eq!(store.lag().unwrap().0, 3);

    let forgotten = store.forget("u-5").unwrap();
    assert_eq!(forgotten, Forgotten { conversations: 3, turns: 3, tickets: 2, events: 2 });
    for (id, is_there) in [("c-1", false), ("c-2", false), ("c-3", true), ("c-4", true), ("c-5", false)] {
        assert_eq!(store.conversation(id).unwrap().is_some(), is_there, "{id}");
        assert_eq!(store.turns(id, 9).unwrap().len(), usize::from(is_there), "{id}");
    }
    assert_eq!(store.tickets_of("u-5", at(-99)).unwrap(), []);
    assert_eq!(count(&*store), [2, 2, 1, 1, 2]);
    let leased = store.lease(at(99), at(100), 99).unwrap();
    assert_eq!(leased.len(), 1, "only the other customer's event is on its way");
    assert_eq!(store.forget("u-5").unwrap(), Forgotten::default());
    // The customer may come back.
    keep(&*store, spoken(talk_of("c-1", "u-5"), 60));
}
