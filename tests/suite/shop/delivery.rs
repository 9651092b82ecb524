//! When orders leave, when they arrive, and when they are late.

use jiff::{SignedDuration, Zoned};
use proptest::prelude::*;
use triage::orders::{Missed, Order, OrderState};
use triage::region;
use triage::shop::{Arrival, Closed, Delivery, NamedDays};

use super::{at, day, order, shop, stamp, zone};

fn delivery() -> &'static Delivery {
    &shop().delivery
}

#[test]
fn orders_leave_on_the_day_of_the_cut_off_or_the_next() {
    for (paid_at, leaves) in [
        ("2026-11-23T00:00", "2026-11-23"),
        ("2026-11-23T15:59", "2026-11-23"),
        ("2026-11-23T16:00", "2026-11-23"),
        ("2026-11-23T16:00:01", "2026-11-24"),
        ("2026-11-23T16:01", "2026-11-24"),
        ("2026-11-23T23:59:59", "2026-11-24"),
        ("2026-11-28T12:00", "2026-11-28"),
        ("2026-11-30T18:00", "2026-12-01"),
        ("2026-12-31T17:00", "2027-01-01"),
        ("2028-02-28T17:00", "2028-02-29"),
        // The days around the seasons.
        ("2026-06-15T20:00", "2026-06-16"),
        ("2026-06-21T09:00", "2026-06-21"),
        ("2026-10-30T23:59", "2026-10-31"),
        ("2026-11-12T00:00", "2026-11-12"),
        // A season that another year had.
        ("2027-11-11T10:00", "2027-11-11"),
    ] {
        let leaving = delivery().leaves(&at(paid_at));
        assert_eq!((leaving.earliest, leaving.day), (day(leaves), day(leaves)), "{paid_at}");
        assert_eq!(leaving.by, at(&format!("{leaves}T23:59:59")), "{paid_at}");
        assert_eq!((leaving.season, leaving.closed), (None, None), "{paid_at}");
    }
}

#[test]
fn in_a_season_orders_leave_hours_after_payment() {
    for (paid_at, earliest, by, season) in [
        ("2026-06-16T00:00", "2026-06-18", "2026-06-19T00:00", "618"),
        ("2026-06-20T23:59:59", "2026-06-22", "2026-06-23T23:59:59", "618"),
        ("2026-10-31T00:00", "2026-11-02", "2026-11-03T00:00", "双11"),
        ("2026-11-05T16:01", "2026-11-07", "2026-11-08T16:01", "双11"),
        ("2026-11-11T23:59", "2026-11-13", "2026-11-14T23:59", "双11"),
    ] {
        let leaving = delivery().leaves(&at(paid_at));
        assert_eq!((leaving.earliest, leaving.by.clone()), (day(earliest), at(by)), "{paid_at}");
        assert_eq!(leaving.day, leaving.by.date(), "{paid_at}");
        assert_eq!(leaving.season.map(|season| season.zh.as_str()), Some(season), "{paid_at}");
    }
}

#[test]
fn nothing_leaves_while_the_shop_is_closed() {
    for (paid_at, leaves, is_held_up) in [
        ("2027-02-04T16:00", "2027-02-04", false),
        ("2027-02-04T16:01", "2027-02-12", true),
        ("2027-02-05T00:00", "2027-02-12", true),
        ("2027-02-08T10:00", "2027-02-12", true),
        ("2027-02-11T16:00", "2027-02-12", true),
        ("2027-02-11T16:01", "2027-02-12", false),
        ("2027-02-12T16:00", "2027-02-12", false),
        ("2027-02-12T16:01", "2027-02-13", false),
    ] {
        let leaving = delivery().leaves(&at(paid_at));
        assert_eq!((leaving.earliest, leaving.day), (day(leaves), day(leaves)), "{paid_at}");
        assert_eq!(leaving.by, at(&format!("{leaves}T23:59:59")), "{paid_at}");
        assert_eq!(
            leaving.closed.map(|closed| closed.en.as_str()),
            is_held_up.then_some("Spring Festival"),
            "{paid_at}"
        );
    }
}

#[test]
fn a_closing_in_a_season_holds_up_what_falls_on_it() {
    let closing =
        |from, until| NamedDays { zh: "盘点".into(), en: "stocktaking".into(), days: day(from)..=day(until) };
    let closings = vec![closing("2026-11-08", "2026-11-09"), closing("2026-11-10", "2026-11-10")];
    let delivery = Delivery { closed: Closed::new(closings), ..delivery().clone() };
    for (paid_at, earliest, by) in [
        ("2026-11-04T23:00", "2026-11-06", "2026-11-07T23:00"),
        ("2026-11-05T10:00", "2026-11-07", "2026-11-11T23:59:59"),
        ("2026-11-06T10:00", "2026-11-11", "2026-11-11T23:59:59"),
        ("2026-11-08T10:00", "2026-11-11", "2026-11-11T10:00"),
    ] {
        let leaving = delivery.leaves(&at(paid_at));
        assert_eq!((leaving.earliest, leaving.by), (day(earliest), at(by)), "{paid_at}");
    }
}

#[test]
fn orders_arrive_by_region() {
    for (paid_at, region, arrives) in [
        ("2026-11-23T16:00", "杭州", Some(("2026-11-24", "2026-11-25"))),
        ("2026-11-23T16:01", "杭州", Some(("2026-11-25", "2026-11-26"))),
        ("2026-11-23T10:00", "上海", Some(("2026-11-24", "2026-11-25"))),
        ("2026-11-23T10:00", "江苏", Some(("2026-11-24", "2026-11-25"))),
        ("2026-11-23T10:00", "合肥", Some(("2026-11-24", "2026-11-25"))),
        ("2026-11-23T10:00", "北京", Some(("2026-11-25", "2026-11-27"))),
        ("2026-11-23T10:00", "", Some(("2026-11-25", "2026-11-27"))),
        ("2026-11-23T10:00", "新疆", Some(("2026-11-28", "2026-12-01"))),
        ("2026-11-23T10:00", "喀什", Some(("2026-11-28", "2026-12-01"))),
        ("2026-11-23T10:00", "西藏", Some(("2026-11-28", "2026-12-01"))),
        ("2026-11-23T10:00", "三亚", Some(("2026-11-28", "2026-12-01"))),
        ("2026-11-23T10:00", "香港", None),
        ("2026-11-23T10:00", "台湾", None),
        ("2026-11-23T10:00", "海外", None),
        // From the first day on which it may leave to the last.
        ("2026-11-11T23:59", "杭州", Some(("2026-11-14", "2026-11-16"))),
        ("2026-11-11T23:59", "北京", Some(("2026-11-15", "2026-11-18"))),
        ("2027-02-08T10:00", "北京", Some(("2027-02-14", "2027-02-16"))),
        ("2027-02-04T10:00", "乌鲁木齐", Some(("2027-02-09", "2027-02-12"))),
    ] {
        let promise = delivery().promise(&at(paid_at), region::by_name(region));
        let expected = arrives.map(|(from, until)| Arrival { from: day(from), until: day(until) });
        assert_eq!(promise.arrives, expected, "{paid_at} {region}");
        assert_eq!(promise.leaves, delivery().leaves(&at(paid_at)));
    }
}

/// A time of another zone is the same moment.
#[test]
fn the_day_is_that_of_the_shop() {
    let paid_at = |text: &str| Order { paid_at: Some(text.parse().unwrap()), ..order(OrderState::Paid, None) };
    let leaves = |order: Order| order.due(delivery(), &zone()).unwrap().leaves.day;
    assert_eq!(leaves(paid_at("2026-11-22T16:00:00Z")), day("2026-11-23"), "midnight in the shop");
    assert_eq!(leaves(paid_at("2026-11-23T08:00:00Z")), day("2026-11-23"), "16:00 in the shop");
    assert_eq!(leaves(paid_at("2026-11-23T08:00:01Z")), day("2026-11-24"));
}

/// State, when it was paid, dispatched and expected, now, and how late it is.
type Lateness = (OrderState, [&'static str; 3], &'static str, Option<(Missed, &'static str, u32)>);

#[test]
fn orders_are_late_once_their_promise_has_passed() {
    use Missed::{Arrival, Dispatch};
    use OrderState::{AwaitingDispatch, AwaitingPayment, Cancelled, Completed, Delivered, Dispatched, Paid};
    let day_told = ["2026-11-21T10:00", "2026-11-22T09:00", "2026-11-24"];
    // No day told: as long as it takes to Hangzhou.
    let none_told = ["2026-11-21T10:00", "2026-11-22T23:00", ""];
    let in_season = ["2026-11-05T10:00", "", ""];
    let rows: [Lateness; 21] = [
        (Paid, ["2026-11-21T10:00", "", ""], "2026-11-21T23:59:59", None),
        (Paid, ["2026-11-21T10:00", "", ""], "2026-11-22T00:00", Some((Dispatch, "2026-11-21", 1))),
        (AwaitingDispatch, ["2026-11-21T10:00", "", ""], "2026-11-23T12:00", Some((Dispatch, "2026-11-21", 2))),
        (Paid, ["2026-11-21T17:00", "", ""], "2026-11-22T23:00", None),
        (Paid, ["2026-11-21T17:00", "", ""], "2026-11-23T00:00", Some((Dispatch, "2026-11-22", 1))),
        // An arrival that was promised says nothing of what has not left.
        (Paid, ["2026-11-21T17:00", "", "2026-11-24"], "2026-11-26T09:00", Some((Dispatch, "2026-11-22", 4))),
        (Paid, in_season, "2026-11-08T10:00", None),
        (Paid, in_season, "2026-11-08T10:01", Some((Dispatch, "2026-11-08", 0))),
        (Paid, in_season, "2026-11-09T09:00", Some((Dispatch, "2026-11-08", 1))),
        (Paid, ["2027-02-06T10:00", "", ""], "2027-02-12T23:00", None),
        (Paid, ["", "", ""], "2027-02-12T23:00", None),
        (Dispatched, day_told, "2026-11-24T23:59:59", None),
        (Dispatched, day_told, "2026-11-25T00:00", Some((Arrival, "2026-11-24", 1))),
        (Dispatched, day_told, "2026-12-04T09:00", Some((Arrival, "2026-11-24", 10))),
        (Dispatched, none_told, "2026-11-24T09:00", None),
        (Dispatched, none_told, "2026-11-25T09:00", Some((Arrival, "2026-11-24", 1))),
        (Dispatched, ["2026-11-21T10:00", "", ""], "2026-12-25T09:00", None),
        (AwaitingPayment, ["", "", ""], "2026-12-25T09:00", None),
        (Delivered, day_told, "2026-12-25T09:00", None),
        (Completed, day_told, "2026-12-25T09:00", None),
        (Cancelled, day_told, "2026-12-25T09:00", None),
    ];
    for (state, [paid, left, expected], now, late) in rows {
        let moment = |text: &str| (!text.is_empty()).then(|| stamp(text))?;
        let order = Order {
            paid_at: moment(paid),
            dispatched_at: moment(left),
            expected_on: (!expected.is_empty()).then(|| day(expected)),
            region: Some("浙江杭州".to_owned()),
            ..order(state, None)
        };
        let found = order.late(delivery(), &at(now)).map(|late| (late.what, late.due, late.days));
        assert_eq!(found, late.map(|(what, due, days)| (what, day(due), days)), "{state:?} {paid} {left} {now}");
    }
}

#[test]
fn the_destination_is_read_from_the_shops_words() {
    for (words, place) in
        [(Some("浙江杭州"), Some("杭州")), (Some("新疆 喀什"), Some("喀什")), (Some("？"), None), (None, None)]
    {
        let order = Order { region: words.map(str::to_owned), ..order(OrderState::Paid, None) };
        assert_eq!(order.destination().map(|place| place.name(false)).as_deref(), place, "{words:?}");
    }
}

fn any_moment() -> impl Strategy<Value = Zoned> {
    (0..2 * 365 * 24 * 60_i64).prop_map(|minutes| &at("2026-01-01T00:00") + SignedDuration::from_mins(minutes))
}

proptest! {
    #[test]
    fn nothing_leaves_before_it_is_paid_or_on_a_closed_day(paid_at in any_moment()) {
        let leaving = delivery().leaves(&paid_at);
        prop_assert!(leaving.by >= paid_at && leaving.day == leaving.by.date());
        prop_assert!(paid_at.date() <= leaving.earliest && leaving.earliest <= leaving.day);
        for day in [leaving.earliest, leaving.day] {
            prop_assert!(delivery().closed.on(day).is_none());
        }
        let arrives = delivery().arrives(&leaving, None).unwrap();
        prop_assert!(leaving.earliest < arrives.from && leaving.day < arrives.until && arrives.from <= arrives.until);
    }

    /// Only at the end of a season may what is paid later leave earlier.
    #[test]
    fn what_is_paid_later_leaves_no_earlier(one in any_moment(), other in any_moment()) {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        let (a, b) = (delivery().leaves(&first), delivery().leaves(&second));
        if a.season == b.season || a.season.is_none() {
            prop_assert!(a.earliest <= b.earliest && a.by <= b.by, "{first} {second}");
            let (a, b) = (delivery().arrives(&a, None).unwrap(), delivery().arrives(&b, None).unwrap());
            prop_assert!(a.from <= b.from && a.until <= b.until, "{first} {second}");
        }
    }
}
