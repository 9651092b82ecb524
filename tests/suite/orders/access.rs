//! Nobody sees another customer's order, however they ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use triage::lookup::{Lookup, Unavailable};
use triage::orders::{Access, Limits, Order, Orders, Proof, Scope, Seen, Viewer};

use super::order;

const NUMBER: &str = "202611210007";
const OTHER: &str = "202611210008";
const TRACKING: &str = "SF202611210007";

/// Holds orders, counts questions, answers at once or later.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) orders: Vec<Order>,
    pub(crate) asked: AtomicUsize,
    pub(crate) is_slow: bool,
    pub(crate) is_down: bool,
    /// Answers with its first order whatever it is asked.
    pub(crate) is_mad: bool,
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
        let is_it = |order: &&Order| self.is_mad || order.number == number;
        let found = self.orders.iter().find(is_it).or_else(|| self.orders.iter().find(|order| order.is_called(number)));
        self.answer(found.cloned())
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
    matches!(seen, Seen::Order(order, _) if order.number == number)
}

#[test]
fn who_sees_what() {
    let (owner, stranger) = (Some("u-12"), Some("u-99"));
    let proven = [OTHER.to_owned(), NUMBER.to_owned()];
    let (before, other, none) = (&proven[..], &proven[..1], &[][..]);
    for is_slow in [false, true] {
        for (number, customer, digits, proven, shown) in [
            (NUMBER, owner, None, none, "owner"),
            (NUMBER, owner, Some("3306"), before, "owner"),
            (TRACKING, owner, None, none, "owner"),
            (" sf202611210007", owner, None, none, "owner"),
            ("2026-1121-0007", owner, None, none, "owner"),
            (NUMBER, owner, Some("0000"), none, "owner"),
            (NUMBER, None, None, before, "earlier"),
            (NUMBER, stranger, Some("3306"), before, "earlier"),
            (TRACKING, None, None, before, "earlier"),
            (NUMBER, None, Some("3306"), none, "digits"),
            (NUMBER, None, Some("3306"), other, "digits"),
            (TRACKING, None, Some(" 3306 "), none, "digits"),
            (NUMBER, stranger, Some("3306"), none, "digits"),
            (NUMBER, None, None, none, "proof"),
            (NUMBER, None, None, other, "proof"),
            (OTHER, owner, None, none, "proof"),
            (NUMBER, stranger, None, none, "proof"),
            (NUMBER, Some(""), None, none, "proof"),
            ("202611219999", None, None, none, "proof"),
            ("202611219999", owner, None, none, "proof"),
            ("202611219999", None, None, before, "proof"),
            (NUMBER, None, Some("13800003306"), none, "proof"),
            (NUMBER, None, Some("３３０６"), none, "proof"),
            (NUMBER, None, Some(""), none, "proof"),
            (NUMBER, None, Some("3307"), none, "wrong"),
            ("202611219999", None, Some("3306"), none, "wrong"),
            ("202611219999", owner, Some("3306"), none, "wrong"),
            ("202611219999", None, Some("0000"), before, "wrong"),
            (OTHER, owner, Some("0000"), none, "wrong"),
        ] {
            let (access, _) = guard(Shelf { is_slow, ..shelf() });
            let viewer = Viewer { customer, digits, proven, conversation: Some("c-1"), ..Viewer::default() };
            let seen = see(&access, number, viewer);
            let told = match &seen {
                Seen::Order(_, Proof::Owner) => "owner",
                Seen::Order(_, Proof::Digits) => "digits",
                Seen::Order(_, Proof::Earlier) => "earlier",
                Seen::NeedsProof => "proof",
                Seen::Wrong { .. } => "wrong",
                Seen::Refused { .. } => "refused",
            };
            assert_eq!(told, shown, "{number} {viewer:?}: {seen:?}");
        }
    }
}

/// A shop may write hyphens that customers leave out. However it is spelled, it is one number with one number's tries.
#[test]
fn hyphens_change_no_number() {
    let (access, _) = guard(Shelf { orders: vec![order("TB-2026-1121-07", "u-12")], ..Shelf::default() });
    let spelled = ["TB2026112107", "tb-2026-1121-07", " TB20261121-07"];
    for number in spelled {
        let seen = see(&access, number, Viewer { customer: Some("u-12"), ..Viewer::default() });
        assert!(is_order(&seen, "TB-2026-1121-07"), "{number}: shown as the shop writes it");
        let proven = ["TB-2026-1121-07".to_owned()];
        let seen = see(&access, number, Viewer { proven: &proven, ..Viewer::default() });
        assert!(is_order(&seen, "TB-2026-1121-07"), "{number}");
    }
    let wrong = Viewer { digits: Some("0000"), ..Viewer::default() };
    for at in 0..5 {
        assert_eq!(see(&access, spelled[at % 3], wrong), Seen::Wrong { left: 2 });
    }
    for (at, number) in spelled.into_iter().enumerate() {
        assert_eq!(see(&access, number, wrong), Seen::Refused { is_first: at == 0, scope: Scope::Number });
    }
}

/// What nobody hears is compared, but uses up nothing.
#[test]
fn a_trial_counts_nothing() {
    let (access, _) = guard(shelf());
    let (wrong, right) = (|is_trial| Viewer { digits: Some("0000"), is_trial, ..Viewer::default() }, Some("3306"));
    for _ in 0..500 {
        assert_eq!(see(&access, NUMBER, wrong(true)), Seen::Wrong { left: 2 });
    }
    for _ in 0..5 {
        assert_eq!(see(&access, NUMBER, wrong(false)), Seen::Wrong { left: 2 });
    }
    for (is_trial, is_first) in [(true, true), (true, true), (false, true), (true, false), (false, false)] {
        let seen = see(&access, NUMBER, Viewer { digits: right, is_trial, ..Viewer::default() });
        assert_eq!(seen, Seen::Refused { is_first, scope: Scope::Number }, "trial: {is_trial}");
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
    let viewer =
        Viewer { customer: Some("u-12"), digits: Some("3306"), proven: &[NUMBER.to_owned()], ..Viewer::default() };
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
