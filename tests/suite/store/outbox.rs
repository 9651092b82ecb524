//! Events on their way to webhooks: at least once, in order for each ticket and endpoint.

use std::sync::Mutex;

use triage::store::{Change, Delivery, Store};
use triage::ticket::EventKind;

use super::{Backend, at, handed_over, happened, keep, waiting};

/// Three events of each ticket, after 1, 2 and 3 seconds.
fn prepare(store: &dyn Store, tickets: &[&str], endpoints: &[&str]) {
    for id in tickets {
        let ticket = waiting(id, &format!("c-{id}"), 0);
        let kinds = [(EventKind::Created, 1), (EventKind::Message, 2), (EventKind::Raised, 3)];
        let events = kinds.map(|(kind, seconds)| happened(&ticket, kind, at(seconds), endpoints));
        keep(store, Change { events: events.into(), ..handed_over(ticket) });
    }
}

/// Ticket, endpoint and kind of each.
fn named(deliveries: &[Delivery]) -> Vec<String> {
    let mut names: Vec<String> = deliveries
        .iter()
        .map(|delivery| format!("{} {} {}", delivery.event.ticket.id, delivery.endpoint, delivery.event.kind.id()))
        .collect();
    names.sort();
    names
}

pub(super) fn events_of_a_ticket_arrive_in_order(backend: &dyn Backend) {
    let store = backend.open();
    prepare(&*store, &["t-1", "t-2"], &["bi", "crm"]);
    assert_eq!(store.lease(at(0), at(9), 99).unwrap(), [], "nothing is due before it happened");
    let first = store.lease(at(10), at(20), 99).unwrap();
    let created = ["t-1 bi", "t-1 crm", "t-2 bi", "t-2 crm"].map(|name| format!("{name} ticket.created"));
    assert_eq!(named(&first), created);
    let names: Vec<u64> = first.iter().map(|delivery| delivery.sequence).collect();
    assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)), "{names:?}");
    for delivery in first.iter().filter(|delivery| delivery.event.ticket.id == "t-1" && delivery.endpoint == "crm") {
        assert_eq!((delivery.attempts, delivery.since, &delivery.error), (0, at(1), &None));
        store.delivered(delivery, at(11)).unwrap();
        // As when it took long, and was told again.
        store.delivered(delivery, at(12)).unwrap();
    }
    let next = store.lease(at(12), at(20), 99).unwrap();
    assert_eq!(named(&next), ["t-1 crm ticket.message"]);
}

pub(super) fn a_lease_keeps_others_away(backend: &dyn Backend) {
    let store = backend.open();
    prepare(&*store, &["t-1", "t-2", "t-3"], &["crm"]);
    let two = store.lease(at(10), at(20), 2).unwrap();
    let one = store.lease(at(10), at(20), 2).unwrap();
    assert_eq!((two.len(), one.len()), (2, 1));
    assert_eq!(store.lease(at(19), at(30), 9).unwrap(), []);
    // Whoever had them is gone.
    let again = store.lease(at(20), at(30), 9).unwrap();
    assert_eq!(again.len(), 3);
    // And comes back: it arrived after all.
    store.delivered(&two[0], at(21)).unwrap();
    store.failed(&again[0], "timeout", Some(at(22))).unwrap();
    let names = named(&store.lease(at(22), at(30), 9).unwrap());
    assert_eq!(names, [format!("{} crm ticket.message", two[0].event.ticket.id)]);
}

pub(super) fn two_workers_share_what_is_due(backend: &dyn Backend) {
    let store = backend.open();
    let tickets: Vec<String> = (0..100).map(|number| format!("t-{number}")).collect();
    prepare(&*store, &tickets.iter().map(String::as_str).collect::<Vec<_>>(), &["crm"]);
    let arrived = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Another worker may have taken all that was due, so one empty answer is no end.
                while store.lag().unwrap().0 > 0 {
                    for delivery in store.lease(at(10), at(20), 7).unwrap() {
                        arrived.lock().unwrap().push((delivery.event.ticket.id.clone(), delivery.event.at));
                        store.delivered(&delivery, at(11)).unwrap();
                    }
                }
            });
        }
    });
    let arrived = arrived.into_inner().unwrap();
    assert_eq!(arrived.len(), 300, "each event arrives once where nobody is late");
    for id in tickets {
        let times = arrived.iter().filter(|(ticket, _)| *ticket == id).map(|(_, at)| *at);
        assert!(times.eq([at(1), at(2), at(3)]), "{id}");
    }
}

pub(super) fn failures_wait_and_die(backend: &dyn Backend) {
    let store = backend.open();
    prepare(&*store, &["t-1"], &["crm"]);
    let first = store.lease(at(10), at(20), 9).unwrap();
    store.failed(&first[0], "500 Internal Server Error", Some(at(60))).unwrap();
    // Told twice: the second time it is somebody else's.
    store.failed(&first[0], "late", None).unwrap();
    assert_eq!(store.lease(at(59), at(70), 9).unwrap(), [], "nothing passes it while it waits");
    let second = store.lease(at(60), at(70), 9).unwrap();
    assert_eq!(second[0].sequence, first[0].sequence);
    assert_eq!((second[0].attempts, second[0].error.as_deref()), (1, Some("500 Internal Server Error")));
    assert_eq!(store.dead(0, 9).unwrap(), []);
    store.failed(&second[0], "410 Gone", None).unwrap();
    let dead = store.dead(0, 9).unwrap();
    assert_eq!((dead.len(), dead[0].attempts, dead[0].error.as_deref()), (1, 2, Some("410 Gone")));
    assert_eq!(named(&store.lease(at(70), at(80), 9).unwrap()), ["t-1 crm ticket.message"], "the next one passes");
}

pub(super) fn the_dead_are_replayed(backend: &dyn Backend) {
    let store = backend.open();
    let all = ["t-1", "t-2", "t-3"];
    prepare(&*store, &all, &["bi", "crm"]);
    for _ in 0..3 {
        for delivery in store.lease(at(10), at(20), 99).unwrap() {
            store.failed(&delivery, "410 Gone", None).unwrap();
        }
    }
    let dead = store.dead(0, 99).unwrap();
    assert_eq!(dead.len(), 18);
    assert!(dead.is_sorted_by_key(|delivery| delivery.sequence));
    assert_eq!(store.dead(dead[3].sequence, 2).unwrap(), dead[4..6]);
    assert_eq!(store.lag().unwrap(), (0, None));

    let one =
        dead.iter().find(|delivery| delivery.event.kind == EventKind::Raised && delivery.endpoint == "bi").unwrap();
    assert_eq!(store.replay(Some(one.sequence), Some("crm"), at(100)).unwrap(), 0);
    assert_eq!(store.replay(Some(u64::MAX), None, at(100)).unwrap(), 0);
    assert_eq!(store.replay(Some(one.sequence), None, at(100)).unwrap(), 1);
    assert_eq!(store.replay(Some(one.sequence), None, at(100)).unwrap(), 0, "it waits already");
    assert_eq!(store.replay(None, Some("bi"), at(101)).unwrap(), 8);
    assert_eq!(store.lag().unwrap(), (9, Some(at(100))));
    assert_eq!(store.replay(None, None, at(102)).unwrap(), 9);
    // In order again, whatever was replayed first.
    let leased = store.lease(at(110), at(120), 99).unwrap();
    assert!(leased.iter().all(|delivery| delivery.event.kind == EventKind::Created && delivery.attempts == 0));
    assert_eq!(leased.len(), 6);
}

pub(super) fn what_waits_is_counted(backend: &dyn Backend) {
    let store = backend.open();
    assert_eq!(store.lag().unwrap(), (0, None));
    prepare(&*store, &["t-1", "t-2"], &["crm"]);
    assert_eq!(store.lag().unwrap(), (6, Some(at(1))));
    for delivery in store.lease(at(10), at(20), 9).unwrap() {
        assert_eq!(store.lag().unwrap().1, Some(at(1)), "what is on its way waits too");
        store.delivered(&delivery, at(11)).unwrap();
    }
    assert_eq!(store.lag().unwrap(), (4, Some(at(2))));
    let nobody = happened(&waiting("t-9", "c-9", 0), EventKind::Created, at(0), &[]);
    keep(&*store, Change { events: vec![nobody], ..Change::default() });
    assert_eq!(store.lag().unwrap().0, 4, "what nobody wants waits for nothing");
}
