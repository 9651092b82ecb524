//! Nobody sees another customer's order, however they ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use triage::lookup::{Lookup, Unavailable};
use triage::orders::{Access, Limits, Order, Orders, Scope, Seen, Viewer};

use super::order;

const NUMBER: &str = "202611210007";
const OTHER: &str = "202611210008";
const TRACKING: &str = "SF202611210007";

/// Holds orders, counts questions, answers at once or later.
#[derive(Default)]
struct Shelf {
    orders: Vec<Order>,
    asked: AtomicUsize,
    is_slow: bool,
    is_down: bool,
    /// Answers with its first order whatever it is asked.
    is_mad: bool,
}

impl Shelf {
    fn answer<T: Send + 'static>(&self, value: T) -> Lookup<T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = if self.is_down { Err(Unavailable("down")) } else { Ok(value) };
        if self.is_slow { Lookup::Later(async { answer }.boxed()) } else { Lookup::Now(answer) }
    }
}

impl Orders for Shelf {
    fn by_number(&self, number: &str) -> Lookup<Option<Order>> {
        let is_it = |order: &&Order| self.is_mad || order.number == number || order.tracking.as_deref() == Some(number);
        self.answer(self.orders.iter().find(is_it).cloned())
    }

    fn of_customer(&self, customer: &str) -> Lookup<Vec<Order>> {
        let is_theirs = |order: &&Order| self.is_mad || order.customer.as_deref() == Some(customer);
        self.answer(self.orders.iter().filter(is_theirs).cloned().collect())
    }
}

fn shelf() -> Shelf {
    Shelf { orders: vec![order(NUMBER, "u-12"), order(OTHER, "u-13")], ..Shelf::default() }
}

fn guard(shelf: Shelf) -> (Access, Arc<Shelf>) {
    let shelf = Arc::new(shelf);
    (Access::new(Arc::clone(&shelf) as Arc<dyn Orders>, Limits::default()), shelf)
}

fn start() -> Timestamp {
    "2026-11-23T12:00:00+08:00".parse().unwrap()
}

fn see(access: &Access, number: &str, viewer: Viewer<'_>) -> Seen {
    see_at(access, number, viewer, start())
}

fn see_at(access: &Access, number: &str, viewer: Viewer<'_>, now: Timestamp) -> Seen {
    access.see(number, viewer, now).wait().now_or_never().expect("nothing blocks").unwrap()
}

fn is_order(seen: &Seen, number: &str) -> bool {
    matches!(seen, Seen::Order(order) if order.number == number)
}

#[test]
fn who_sees_what() {
    let (owner, stranger) = (Some("u-12"), Some("u-99"));
    for is_slow in [false, true] {
        for (number, customer, digits, is_proven, shown) in [
            (NUMBER, owner, None, false, "order"),
            (TRACKING, owner, None, false, "order"),
            (" sf202611210007", owner, None, false, "order"),
            (NUMBER, owner, Some("0000"), false, "order"),
            (NUMBER, None, None, true, "order"),
            (NUMBER, None, Some("3306"), false, "order"),
            (TRACKING, None, Some(" 3306 "), false, "order"),
            (NUMBER, stranger, Some("3306"), false, "order"),
            (NUMBER, None, None, false, "proof"),
            (OTHER, owner, None, false, "proof"),
            (NUMBER, stranger, None, false, "proof"),
            (NUMBER, Some(""), None, false, "proof"),
            ("202611219999", None, None, false, "proof"),
            ("202611219999", owner, None, false, "proof"),
            ("202611219999", None, None, true, "proof"),
            (NUMBER, None, Some("13800003306"), false, "proof"),
            (NUMBER, None, Some("３３０６"), false, "proof"),
            (NUMBER, None, Some(""), false, "proof"),
            (NUMBER, None, Some("3307"), false, "wrong"),
            ("202611219999", None, Some("3306"), false, "wrong"),
            ("202611219999", owner, Some("3306"), false, "wrong"),
            ("202611219999", None, Some("0000"), true, "wrong"),
            (OTHER, owner, Some("0000"), false, "wrong"),
        ] {
            let (access, _) = guard(Shelf { is_slow, ..shelf() });
            let viewer = Viewer { customer, digits, is_proven, conversation: Some("c-1"), wrong: 0 };
            let seen = see(&access, number, viewer);
            let told = match &seen {
                Seen::Order(_) => "order",
                Seen::NeedsProof => "proof",
                Seen::Wrong { .. } => "wrong",
                Seen::Refused { .. } => "refused",
            };
            assert_eq!(told, shown, "{number} {viewer:?}: {seen:?}");
        }
    }
}

/// Without a word about whether it exists: the source hears nothing of it.
#[test]
fn the_source_is_not_asked_for_strangers() {
    let (access, shelf) = guard(shelf());
    for number in [NUMBER, TRACKING, "202611219999"] {
        assert_eq!(see(&access, number, Viewer { conversation: Some("c-1"), ..Viewer::default() }), Seen::NeedsProof);
    }
    let refused = Viewer { digits: Some("3306"), conversation: Some("c-1"), wrong: 3, ..Viewer::default() };
    for number in [NUMBER, "202611219999"] {
        assert!(matches!(see(&access, number, refused), Seen::Refused { scope: Scope::Conversation, .. }));
    }
    assert_eq!(shelf.asked.load(Ordering::Relaxed), 0);
}

/// An order whose phone is not known opens by no digits, and a source that answers with another order opens nothing.
#[test]
fn what_is_missing_or_wrong_in_the_source_opens_nothing() {
    let without = Order { phone_last4: None, ..order(NUMBER, "u-12") };
    let (access, _) = guard(Shelf { orders: vec![without], ..Shelf::default() });
    for digits in ["0000", "3306"] {
        let viewer = Viewer { digits: Some(digits), ..Viewer::default() };
        assert!(matches!(see(&access, NUMBER, viewer), Seen::Wrong { .. }), "{digits}");
    }
    let (access, _) = guard(Shelf { is_mad: true, ..shelf() });
    let viewer = Viewer { customer: Some("u-12"), digits: Some("3306"), is_proven: true, ..Viewer::default() };
    assert!(matches!(see(&access, "202611210009", viewer), Seen::Wrong { .. }));
    let own = access.own("u-13").wait().now_or_never().unwrap().unwrap();
    assert_eq!(own.iter().map(|order| &*order.number).collect::<Vec<_>>(), [OTHER]);
}

#[test]
fn a_source_that_is_down_counts_no_try() {
    let (access, _) = guard(Shelf { is_down: true, ..shelf() });
    for _ in 0..20 {
        let viewer = Viewer { digits: Some("0000"), conversation: Some("c-1"), ..Viewer::default() };
        let seen = access.see(NUMBER, viewer, start()).wait().now_or_never().unwrap();
        assert_eq!(seen, Err(Unavailable("down")));
    }
}

#[test]
fn a_conversation_has_three_wrong_tries() {
    for has_name in [true, false] {
        let (access, _) = guard(shelf());
        let mut viewer = Viewer { digits: Some("0000"), conversation: has_name.then_some("c-1"), ..Viewer::default() };
        for left in [2, 1, 0] {
            assert_eq!(see(&access, &format!("20261121990{left}"), viewer), Seen::Wrong { left });
            viewer.wrong += 1;
        }
        viewer.digits = Some("3306");
        for is_first in [has_name, false] {
            let refused = Seen::Refused { is_first, scope: Scope::Conversation };
            assert_eq!(see(&access, NUMBER, viewer), refused, "the right digits come too late");
        }
        let owner = Viewer { customer: Some("u-12"), ..viewer };
        assert!(is_order(&see(&access, NUMBER, owner), NUMBER), "whoever owns it sees it nonetheless");
        let other = Viewer { conversation: Some("c-2"), wrong: 0, ..viewer };
        assert!(is_order(&see(&access, NUMBER, other), NUMBER));
    }
}

/// Each limit holds until its window has passed, and tells once that it was reached.
#[test]
fn every_limit_ends_with_its_window() {
    let hour = SignedDuration::from_hours(1);
    for (scope, most, window) in [
        (Scope::Number, 5, hour),
        (Scope::Customer, 10, hour * 24),
        (Scope::AllHour, 60, hour),
        (Scope::AllDay, 200, hour * 24),
    ] {
        let (access, _) = guard(shelf());
        let customer = (scope == Scope::Customer).then_some("u-99");
        // A day's tries must not be so many in any hour.
        let step = SignedDuration::from_secs(if scope == Scope::AllDay { 90 } else { 1 });
        let mut now = start();
        for at in 0..most {
            let number = if scope == Scope::Number { NUMBER.to_owned() } else { format!("9{at}00") };
            let viewer = Viewer { customer, digits: Some("0000"), ..Viewer::default() };
            assert_eq!(see_at(&access, &number, viewer, now), Seen::Wrong { left: 2 }, "{scope:?}: {at}");
            now += step;
        }
        let right = Viewer { customer, digits: Some("3306"), ..Viewer::default() };
        for is_first in [true, false, false] {
            assert_eq!(see_at(&access, NUMBER, right, now), Seen::Refused { is_first, scope });
        }
        let last = start() + window - SignedDuration::from_millis(1);
        assert_eq!(see_at(&access, NUMBER, right, last), Seen::Refused { is_first: false, scope });
        assert!(is_order(&see_at(&access, NUMBER, right, start() + window), NUMBER), "{scope:?}");
    }
}

/// An order has two names, and the same few tries by both. Which belongs to which is not told by a refusal.
#[test]
fn tries_by_tracking_number_count_for_the_order() {
    let (access, _) = guard(shelf());
    let wrong = Viewer { digits: Some("0000"), ..Viewer::default() };
    for number in [TRACKING, NUMBER, "sf202611210007", TRACKING, NUMBER] {
        assert_eq!(see(&access, number, wrong), Seen::Wrong { left: 2 });
    }
    let right = Viewer { digits: Some("3306"), ..Viewer::default() };
    assert_eq!(see(&access, NUMBER, right), Seen::Refused { is_first: true, scope: Scope::Number });
    assert_eq!(see(&access, TRACKING, right), Seen::Wrong { left: 2 });
}

/// A script that spreads its guesses: a new conversation and a new order each time, a second apart or an hour's worth at once.
#[test]
fn ten_thousand_spread_guesses_open_nothing() {
    let orders = (0..10_000).map(|at| order(&format!("20261121{at:04}"), "u-12")).collect();
    let (access, _) = guard(Shelf { orders, ..Shelf::default() });
    let (mut compared, mut firsts) = (0, 0);
    for at in 0..10_000_i32 {
        let conversation = format!("c-{at}");
        // The right digits come once the hour is spent.
        let digits = if at < 60 { format!("{:04}", (at * 37) % 3306) } else { "3306".into() };
        let viewer = Viewer { digits: Some(&digits), conversation: Some(&conversation), ..Viewer::default() };
        let now = start() + SignedDuration::from_millis(300) * at;
        match see_at(&access, &format!("20261121{at:04}"), viewer, now) {
            Seen::Wrong { left: 2 } => compared += 1,
            Seen::Refused { is_first, scope: Scope::AllHour } => firsts += i32::from(is_first),
            other => panic!("guess {at}: {other:?}"),
        }
    }
    assert_eq!((compared, firsts), (60, 1));
}

/// All 10,000 digits for one order, from many conversations and threads, for days: as many are compared as are allowed.
#[test]
fn ten_thousand_guesses_at_one_order_open_nothing() {
    // Digits that no guess has: whatever opened it would be no guess.
    let secret = Order { phone_last4: None, ..order(NUMBER, "u-12") };
    let (access, _) = guard(Shelf { orders: vec![secret], is_slow: true, ..Shelf::default() });
    let (compared, firsts, next) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= 10_000 {
                        break;
                    }
                    let (digits, conversation) = (format!("{at:04}"), format!("c-{at}"));
                    let viewer =
                        Viewer { digits: Some(&digits), conversation: Some(&conversation), ..Viewer::default() };
                    match see(&access, NUMBER, viewer) {
                        Seen::Wrong { .. } => compared.fetch_add(1, Ordering::Relaxed),
                        Seen::Refused { is_first, .. } => firsts.fetch_add(u64::from(is_first), Ordering::Relaxed),
                        other => panic!("{other:?}"),
                    };
                }
            });
        }
    });
    assert_eq!((compared.into_inner(), firsts.into_inner()), (5, 1));
    // Who has all the time there is gets five an hour.
    let mut compared = 0;
    for at in 0..10_000_i32 {
        let (digits, now) = (format!("{at:04}"), start() + SignedDuration::from_secs(7200 + 60 * i64::from(at)));
        let viewer = Viewer { digits: Some(&digits), ..Viewer::default() };
        compared += i32::from(matches!(see_at(&access, NUMBER, viewer, now), Seen::Wrong { .. }));
    }
    let hours = 10_000 / 60 + 1;
    assert_eq!(compared, 5 * hours);
}

/// What is counted is what is wrong: people who know their digits are never in the way of each other.
#[test]
fn right_digits_are_not_counted() {
    let (access, _) = guard(shelf());
    for _ in 0..500 {
        assert!(is_order(&see(&access, NUMBER, Viewer { digits: Some("3306"), ..Viewer::default() }), NUMBER));
    }
}
