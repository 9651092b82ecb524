//! What other systems told: kept once, worked off in the order of its conversation.

use triage::store::{Arrival, Ending, Letter, Receipt, Store};

use super::{Backend, at};

const MOST: usize = 99;

fn arrival(delivery: &str, conversation: &str, seconds: i64) -> Arrival {
    Arrival {
        source: "chatwoot".into(),
        delivery: delivery.into(),
        told: None,
        conversation_id: conversation.into(),
        customer_id: None,
        at: at(seconds),
        due_at: at(seconds),
        body: format!("{{\"of\":\"{delivery}\"}}"),
    }
}

fn keep(store: &dyn Store, delivery: &str, conversation: &str, seconds: i64) {
    assert_eq!(store.receive(arrival(delivery, conversation, seconds), MOST).unwrap(), Receipt::New);
}

fn take(store: &dyn Store, seconds: i64, limit: usize) -> Vec<Letter> {
    store.take("chatwoot", at(seconds), at(seconds + 10), limit).unwrap()
}

fn bodies(letters: &[Letter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.body.as_str()).collect()
}

pub(super) fn an_arrival_is_kept_once(backend: &dyn Backend) {
    let store = backend.open();
    let of = |delivery: &str, told: Option<&str>, source: &str| {
        let told = told.map(str::to_owned);
        store.receive(Arrival { told, source: source.into(), ..arrival(delivery, "c-1", 0) }, MOST).unwrap()
    };
    assert_eq!(of("d-1", Some("m-1"), "chatwoot"), Receipt::New);
    assert_eq!(of("d-1", Some("m-2"), "chatwoot"), Receipt::Known);
    assert_eq!(of("d-2", Some("m-1"), "chatwoot"), Receipt::Known);
    assert_eq!(of("d-1", Some("m-1"), "another"), Receipt::New);
    assert_eq!(of("d-3", None, "chatwoot"), Receipt::New);
    assert_eq!(of("d-4", None, "chatwoot"), Receipt::New);
    let letter = take(&*store, 1, 9).remove(0);
    store.end(&letter, &Ending::default()).unwrap();
    assert_eq!(of("d-1", None, "chatwoot"), Receipt::Known, "what is done with is still known");
}

pub(super) fn too_much_is_not_kept(backend: &dyn Backend) {
    let store = backend.open();
    for (delivery, expected) in
        [("d-1", Receipt::New), ("d-2", Receipt::New), ("d-3", Receipt::Full), ("d-1", Receipt::Known)]
    {
        assert_eq!(store.receive(arrival(delivery, "c-1", 0), 2).unwrap(), expected, "{delivery}");
    }
    assert_eq!(store.backlog("chatwoot").unwrap(), (2, Some(at(0))));
    assert_eq!(store.backlog("another").unwrap(), (0, None));
    let first = take(&*store, 1, 1).remove(0);
    store.end(&first, &Ending::default()).unwrap();
    assert_eq!(store.receive(arrival("d-3", "c-1", 5), 2).unwrap(), Receipt::New);
}

pub(super) fn letters_of_a_conversation_come_in_order(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, "a-1", "c-a", 0);
    keep(&*store, "b-1", "c-b", 1);
    keep(&*store, "a-2", "c-a", 2);
    // Its turn comes with the first one of its conversation.
    keep(&*store, "b-2", "c-b", 99);
    assert_eq!(bodies(&take(&*store, -1, 9)), [""; 0], "nothing is due before it came");
    let letters = take(&*store, 3, 9);
    assert_eq!(bodies(&letters), [r#"{"of":"a-1"}"#, r#"{"of":"a-2"}"#, r#"{"of":"b-1"}"#, r#"{"of":"b-2"}"#]);
    assert_eq!(letters[0].since, at(0));
    keep(&*store, "a-3", "c-a", 4);
    assert_eq!(take(&*store, 12, 9), [], "they are leased, and what comes later waits for them");
    store.proceed(&letters[0], r#"{"done":["note"]}"#, at(30)).unwrap();
    let again = take(&*store, 13, 9);
    assert_eq!(bodies(&again), [r#"{"of":"b-1"}"#, r#"{"of":"b-2"}"#]);
    let again = take(&*store, 30, 1);
    assert_eq!(again.len(), 2, "one conversation at a time: {again:?}");
    let again = take(&*store, 30, 9);
    assert_eq!((again.len(), again[0].progress.as_str()), (3, r#"{"done":["note"]}"#));
}

pub(super) fn what_fails_waits_with_all_behind_it(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, "a-1", "c-a", 0);
    keep(&*store, "a-2", "c-a", 0);
    let letters = take(&*store, 1, 9);
    store.postpone(&letters[0], "status 500", at(60)).unwrap();
    // As when the lease had run out, and somebody else told of it before.
    store.postpone(&letters[0], "status 500", at(900)).unwrap();
    assert_eq!(take(&*store, 59, 9), []);
    let letters = take(&*store, 60, 9);
    assert_eq!(letters.iter().map(|letter| letter.attempts).collect::<Vec<_>>(), [1, 0]);
    let given_up = Ending { left_as: Some("open".into()), error: Some("status 500".into()) };
    store.end(&letters[0], &given_up).unwrap();
    assert_eq!(store.left_as("chatwoot", "c-a").unwrap().as_deref(), Some("open"));
    store.end(&letters[1], &Ending { left_as: Some("pending".into()), error: None }).unwrap();
    store.end(&letters[1], &given_up).unwrap();
    assert_eq!(store.left_as("chatwoot", "c-a").unwrap().as_deref(), Some("pending"), "it ended once");
    assert_eq!((store.left_as("chatwoot", "c-b").unwrap(), store.left_as("another", "c-a").unwrap()), (None, None));
    assert_eq!(store.backlog("chatwoot").unwrap(), (0, None));
    assert_eq!(take(&*store, 9999, 9), []);
}

pub(super) fn arrivals_go_with_what_is_old_and_who_is_forgotten(backend: &dyn Backend) {
    let store = backend.open();
    keep(&*store, "a-1", "c-a", 0);
    keep(&*store, "b-1", "c-b", 0);
    let of_customer = Arrival { customer_id: Some("u-1".into()), ..arrival("c-1", "c-c", 0) };
    assert_eq!(store.receive(of_customer.clone(), MOST).unwrap(), Receipt::New);
    let letters = take(&*store, 1, 9);
    store.end(&letters[0], &Ending::default()).unwrap();
    assert_eq!(store.remove_before(at(1), 9).unwrap(), 1, "what waits stays");
    assert_eq!(store.receive(arrival("a-1", "c-a", 0), MOST).unwrap(), Receipt::New);
    assert_eq!(store.backlog("chatwoot").unwrap().0, 3);
    store.forget("u-1").unwrap();
    assert_eq!(store.backlog("chatwoot").unwrap().0, 2);
    assert_eq!(store.receive(of_customer, MOST).unwrap(), Receipt::New, "nothing of it is left");
}
