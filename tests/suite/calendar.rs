//! Opening hours, business time and words for a moment: tables of cases, also where clocks change, and what holds for
//! every calendar.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, date};
use jiff::{SignedDuration, Timestamp, Zoned};
use proptest::prelude::*;
use triage::calendar::{self, Calendar, Span, SpanError};
use triage::catalogue::{Clock, Level};

use crate::ENGINE;

fn spans(list: &[&str]) -> Vec<Span> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

/// The same hours every day.
fn daily(list: &[&str]) -> Calendar {
    Calendar::new(std::array::from_fn(|_| spans(list)), Vec::new(), BTreeMap::new())
}

/// Monday to Friday, and what else there is.
fn office(list: &[&str]) -> Calendar {
    Calendar::new(std::array::from_fn(|day| if day < 5 { spans(list) } else { Vec::new() }), vec![], BTreeMap::new())
}

/// 09:00 to 22:00 with the National Day of 2026, and a Saturday with hours of its own.
fn shop() -> Calendar {
    let special = BTreeMap::from([
        (date(2026, 10, 10), spans(&["09:00-18:00"])),
        (date(2026, 10, 3), spans(&["10:00-12:00"])),
        (date(2026, 10, 12), vec![]),
    ]);
    let holidays = vec![date(2026, 10, 1)..=date(2026, 10, 7), date(2027, 1, 1)..=date(2027, 1, 1)];
    Calendar::new(std::array::from_fn(|_| spans(&["09:00-22:00"])), holidays, special)
}

/// Half a working day on Saturday, two spans on the others.
fn two_spans() -> Calendar {
    let week = std::array::from_fn(|day| match day {
        0..=4 => spans(&["13:30-18:00", "09:00-12:00"]),
        5 => spans(&["09:00-12:00"]),
        _ => Vec::new(),
    });
    Calendar::new(week, Vec::new(), BTreeMap::new())
}

/// From Friday evening to early on Saturday, as leads have to write it.
fn over_midnight() -> Calendar {
    let week = std::array::from_fn(|day| match day {
        4 => spans(&["20:00-24:00"]),
        5 => spans(&["00:00-02:00"]),
        _ => Vec::new(),
    });
    Calendar::new(week, Vec::new(), BTreeMap::new())
}

/// A time on the wall clock of a zone; where it comes twice the first, unless its offset stands behind it.
fn at(text: &str, zone: &str) -> Zoned {
    let has_offset = text.get(19..).is_some_and(|rest| rest.starts_with(['+', '-']));
    let text = if has_offset { format!("{text}[{zone}]") } else { text.to_owned() };
    if has_offset { text.parse().unwrap() } else { text.parse::<DateTime>().unwrap().in_tz(zone).unwrap() }
}

const SHANGHAI: &str = "Asia/Shanghai";
const NEW_YORK: &str = "America/New_York";
const BERLIN: &str = "Europe/Berlin";

#[test]
fn hours_are_read_and_refused() {
    for (text, shown) in [
        ("09:00-22:00", "09:00-22:00"),
        ("9:00-22:00", "09:00-22:00"),
        ("00:00-24:00", "00:00-24:00"),
        ("23:59-24:00", "23:59-24:00"),
        ("09:00 - 12:30", "09:00-12:30"),
    ] {
        assert_eq!(text.parse::<Span>().map(|span| span.to_string()).as_deref(), Ok(shown), "{text}");
    }
    for text in [
        "",
        "9-22",
        "09:00",
        "09:00-",
        "09:00-22",
        "09:00-24:01",
        "25:00-26:00",
        "09:60-10:00",
        "9am-5pm",
        "09:0-10:00",
    ] {
        assert_eq!(text.parse::<Span>(), Err(SpanError::Shape(text.to_owned())), "{text}");
    }
    for text in ["22:00-02:00", "09:00-09:00", "24:00-00:00"] {
        assert_eq!(text.parse::<Span>(), Err(SpanError::Order(text.to_owned())), "{text}");
    }
}

#[test]
fn when_it_is_open() {
    // Calendar, moment, whether it is open, when it opens from then on, when it closes.
    for (what, hours, zone, now, opens, closes) in [
        ("in the middle", shop(), SHANGHAI, "2026-11-23T14:05", "2026-11-23T14:05", Some("2026-11-23T22:00")),
        ("the first minute", shop(), SHANGHAI, "2026-11-23T09:00", "2026-11-23T09:00", Some("2026-11-23T22:00")),
        ("the end is closed", shop(), SHANGHAI, "2026-11-23T22:00", "2026-11-24T09:00", None),
        ("early", shop(), SHANGHAI, "2026-11-23T03:00", "2026-11-23T09:00", None),
        ("a holiday", shop(), SHANGHAI, "2026-10-01T12:00", "2026-10-03T10:00", None),
        ("special in a holiday", shop(), SHANGHAI, "2026-10-03T11:00", "2026-10-03T11:00", Some("2026-10-03T12:00")),
        ("after the special hours", shop(), SHANGHAI, "2026-10-03T12:00", "2026-10-08T09:00", None),
        ("a short day", shop(), SHANGHAI, "2026-10-10T17:59", "2026-10-10T17:59", Some("2026-10-10T18:00")),
        ("a special day without hours", shop(), SHANGHAI, "2026-10-12T12:00", "2026-10-13T09:00", None),
        ("a single holiday", shop(), SHANGHAI, "2027-01-01T12:00", "2027-01-02T09:00", None),
        ("noon", two_spans(), SHANGHAI, "2026-11-23T12:30", "2026-11-23T13:30", None),
        ("Saturday noon", two_spans(), SHANGHAI, "2026-11-28T12:00", "2026-11-30T09:00", None),
        (
            "before midnight",
            over_midnight(),
            SHANGHAI,
            "2026-11-27T23:00",
            "2026-11-27T23:00",
            Some("2026-11-28T02:00"),
        ),
        ("at midnight", over_midnight(), SHANGHAI, "2026-11-28T00:00", "2026-11-28T00:00", Some("2026-11-28T02:00")),
        (
            "the clock's lost hour",
            daily(&["01:00-05:00"]),
            NEW_YORK,
            "2026-03-08T03:00",
            "2026-03-08T03:00",
            Some("2026-03-08T05:00"),
        ),
    ] {
        let now = at(now, zone);
        assert_eq!(hours.is_open(&now), closes.is_some(), "{what}");
        assert_eq!(hours.opens_at(&now), Some(at(opens, zone)), "{what}");
        assert_eq!(hours.closes_at(&now), closes.map(|closes| at(closes, zone)), "{what}");
    }
    let always = daily(&["00:00-24:00"]);
    let now = at("2026-11-23T14:05", SHANGHAI);
    assert!(always.is_open(&now));
    assert_eq!((always.opens_at(&now), always.closes_at(&now)), (Some(now.clone()), None), "never closes");
    let never = daily(&[]);
    assert_eq!((never.is_open(&now), never.opens_at(&now), never.closes_at(&now)), (false, None, None));
    let year = Calendar::new(
        std::array::from_fn(|_| spans(&["09:00-22:00"])),
        vec![date(2026, 1, 1)..=date(2028, 12, 31)],
        BTreeMap::new(),
    );
    assert_eq!(year.opens_at(&now), None, "closed for longer than a year");
}

#[test]
fn business_time_is_added() {
    for (what, hours, zone, from, minutes, result) in [
        ("within a day", shop(), SHANGHAI, "2026-11-23T14:05", 60, "2026-11-23T15:05"),
        ("over night", shop(), SHANGHAI, "2026-11-23T14:05", 24 * 60, "2026-11-25T12:05"),
        ("to the end", shop(), SHANGHAI, "2026-11-23T14:00", 8 * 60, "2026-11-23T22:00"),
        ("a minute more", shop(), SHANGHAI, "2026-11-23T14:00", 8 * 60 + 1, "2026-11-24T09:01"),
        ("at night", shop(), SHANGHAI, "2026-11-23T23:30", 60, "2026-11-24T10:00"),
        ("nothing while open", shop(), SHANGHAI, "2026-11-23T14:05", 0, "2026-11-23T14:05"),
        ("nothing at the end", shop(), SHANGHAI, "2026-11-23T22:00", 0, "2026-11-23T22:00"),
        ("nothing at night", shop(), SHANGHAI, "2026-11-23T23:30", 0, "2026-11-24T09:00"),
        ("less than nothing", shop(), SHANGHAI, "2026-11-23T14:05", -90, "2026-11-23T14:05"),
        ("over the holidays", shop(), SHANGHAI, "2026-09-30T21:00", 3 * 60, "2026-10-03T12:00"),
        ("over all of them", shop(), SHANGHAI, "2026-09-30T21:00", 3 * 60 + 1, "2026-10-08T09:01"),
        ("a short day", shop(), SHANGHAI, "2026-10-10T17:00", 120, "2026-10-11T10:00"),
        ("a weekend", office(&["09:00-17:00"]), SHANGHAI, "2026-11-27T16:00", 90, "2026-11-30T09:30"),
        ("from a weekend", office(&["09:00-17:00"]), SHANGHAI, "2026-11-28T16:00", 90, "2026-11-30T10:30"),
        ("over noon", two_spans(), SHANGHAI, "2026-11-23T11:30", 60, "2026-11-23T14:00"),
        ("over midnight", over_midnight(), SHANGHAI, "2026-11-27T23:00", 120, "2026-11-28T01:00"),
        ("a week on", over_midnight(), SHANGHAI, "2026-11-27T23:00", 4 * 60, "2026-12-04T21:00"),
        ("to midnight", over_midnight(), SHANGHAI, "2026-11-27T23:00", 60, "2026-11-28T00:00"),
        ("all year", daily(&["00:00-24:00"]), SHANGHAI, "2026-11-23T14:05", 24 * 60, "2026-11-24T14:05"),
        // Clocks go forward on 8 March 2026 at 02:00 in New York, on 29 March at 02:00 in Berlin.
        ("a day of 23 hours", daily(&["00:00-24:00"]), NEW_YORK, "2026-03-07T12:00", 24 * 60, "2026-03-08T13:00"),
        ("over the lost hour", daily(&["01:00-05:00"]), NEW_YORK, "2026-03-08T01:30", 60, "2026-03-08T03:30"),
        ("a night with an hour less", daily(&["01:00-05:00"]), NEW_YORK, "2026-03-08T01:00", 181, "2026-03-09T01:01"),
        ("opens in the lost hour", daily(&["02:30-05:00"]), NEW_YORK, "2026-03-08T00:00", 90, "2026-03-08T05:00"),
        ("closes in the lost hour", daily(&["01:00-02:30"]), NEW_YORK, "2026-03-08T01:00", 90, "2026-03-08T03:30"),
        ("the lost hour alone is none", daily(&["02:00-03:00"]), NEW_YORK, "2026-03-08T01:00", 60, "2026-03-09T03:00"),
        (
            "touching in the lost hour",
            daily(&["01:00-02:45", "03:00-05:00"]),
            BERLIN,
            "2026-03-29T01:00",
            180,
            "2026-03-29T05:00",
        ),
        ("a day in between", office(&["09:00-17:00"]), BERLIN, "2026-03-27T16:00", 120, "2026-03-30T10:00"),
        // They go back on 1 November 2026 at 02:00 in New York, on 25 October at 03:00 in Berlin.
        ("a day of 25 hours", daily(&["00:00-24:00"]), NEW_YORK, "2026-10-31T12:00", 24 * 60, "2026-11-01T11:00"),
        (
            "within the hour that comes twice",
            daily(&["00:00-04:00"]),
            NEW_YORK,
            "2026-11-01T00:30",
            60,
            "2026-11-01T01:30:00-04:00",
        ),
        (
            "into its second half",
            daily(&["00:00-04:00"]),
            NEW_YORK,
            "2026-11-01T00:30",
            120,
            "2026-11-01T01:30:00-05:00",
        ),
        ("a night with an hour more", daily(&["00:00-04:00"]), NEW_YORK, "2026-11-01T00:00", 300, "2026-11-01T04:00"),
        (
            "from its second half",
            daily(&["00:00-04:00"]),
            NEW_YORK,
            "2026-11-01T01:30:00-05:00",
            60,
            "2026-11-01T02:30",
        ),
        ("closes the first time", daily(&["00:00-01:30"]), NEW_YORK, "2026-11-01T00:00", 91, "2026-11-02T00:01"),
        ("back in Berlin", daily(&["00:00-24:00"]), BERLIN, "2026-10-24T12:00", 24 * 60, "2026-10-25T11:00"),
        // In Cairo they go forward at midnight: that day begins at 01:00.
        ("a day without midnight", daily(&["20:00-24:00"]), "Africa/Cairo", "2026-04-23T23:00", 60, "2026-04-24T01:00"),
    ] {
        let result = at(result, zone);
        let got = hours.add_open(&at(from, zone), SignedDuration::from_mins(minutes));
        assert_eq!(got, result, "{what}: {from} and {minutes} minutes");
        assert_eq!(got.time_zone(), result.time_zone(), "{what}");
    }
    let from = at("2026-11-23T14:05", SHANGHAI);
    let never = daily(&[]).add_open(&from, SignedDuration::from_hours(24));
    assert_eq!(never, at("2026-11-24T14:05", SHANGHAI), "where it never opens the wall clock counts");
}

#[test]
fn words_for_a_moment() {
    let now = at("2026-11-23T14:05", SHANGHAI);
    for (moment, zh, english, by) in [
        ("2026-11-23T18:30", "今天 18:30", "today at 18:30", "today at 18:30"),
        ("2026-11-23T18:31", "今天 18:35", "today at 18:35", "today at 18:35"),
        ("2026-11-23T18:30:00.000000001", "今天 18:35", "today at 18:35", "today at 18:35"),
        ("2026-11-23T23:55:01", "明天 00:00", "tomorrow at 00:00", "tomorrow at 00:00"),
        ("2026-11-24T10:05", "明天 10:05", "tomorrow at 10:05", "tomorrow at 10:05"),
        ("2026-11-25T09:26:10", "后天 09:30", "on Wed 25 Nov at 09:30", "Wed 25 Nov at 09:30"),
        ("2026-11-28T10:00", "11月28日 10:00 (周六)", "on Sat 28 Nov at 10:00", "Sat 28 Nov at 10:00"),
        ("2026-12-06T10:00", "12月6日 10:00 (周日)", "on Sun 6 Dec at 10:00", "Sun 6 Dec at 10:00"),
        ("2027-01-04T10:00", "1月4日 10:00 (周一)", "on Mon 4 Jan at 10:00", "Mon 4 Jan at 10:00"),
        ("2026-11-22T10:00", "11月22日 10:00 (周日)", "on Sun 22 Nov at 10:00", "Sun 22 Nov at 10:00"),
    ] {
        let moment = at(moment, SHANGHAI);
        assert_eq!(calendar::at(&moment, &now, false), zh);
        assert_eq!(calendar::by(&moment, &now, false), zh);
        assert_eq!(calendar::at(&moment, &now, true), english);
        assert_eq!(calendar::by(&moment, &now, true), by);
    }
    let utc = "2026-11-23T16:30:00Z".parse::<Timestamp>().unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    assert_eq!(calendar::at(&utc, &now, false), "明天 00:30", "in the time zone of now");
    let now = at("2026-11-01T01:30:00-04:00", NEW_YORK);
    let twice = at("2026-11-01T01:58:00-04:00", NEW_YORK);
    assert_eq!(calendar::at(&twice, &now, true), "today at 01:00", "what the clock shows two minutes later");
    let night = at("2026-03-08T01:58", NEW_YORK);
    assert_eq!(calendar::at(&night, &now, true), "on Sun 8 Mar at 03:00", "the lost hour is not named");
}

/// The shipped policy: who waits for business hours, and that the holidays are in it.
#[test]
fn due_times_of_the_shipped_policy() {
    let policy = ENGINE.catalogue().policy();
    let due = |level, now: &str| policy.due(level, "order", &at(now, SHANGHAI));
    for (level, clock) in [
        (Level::Urgent, Clock::Wall),
        (Level::Serious, Clock::Wall),
        (Level::Normal, Clock::Business),
        (Level::Suggestion, Clock::Business),
    ] {
        assert_eq!(policy.times(level).clock, clock, "{level:?}");
    }
    for (level, now, respond, solve, opens) in [
        (Level::Urgent, "2026-11-23T23:30", "2026-11-24T01:30", Some("2026-11-24T23:30"), None),
        (Level::Serious, "2026-10-01T20:00", "2026-10-02T02:00", Some("2026-10-03T20:00"), None),
        (Level::Normal, "2026-11-23T14:05", "2026-11-25T12:05", Some("2026-11-28T21:05"), None),
        (Level::Normal, "2026-11-23T23:30", "2026-11-25T20:00", Some("2026-11-29T16:00"), Some("2026-11-24T09:00")),
        (Level::Normal, "2026-10-01T12:00", "2026-10-09T20:00", Some("2026-10-13T16:00"), Some("2026-10-08T09:00")),
        (Level::Normal, "2027-02-04T22:30", "2027-02-11T20:00", Some("2027-02-15T16:00"), Some("2027-02-10T09:00")),
        (Level::Suggestion, "2026-11-23T14:05", "2026-11-27T10:05", None, None),
    ] {
        let due = due(level, now);
        assert_eq!(due.respond_at, at(respond, SHANGHAI), "{level:?} {now}");
        assert_eq!(due.solve_at, solve.map(|solve| at(solve, SHANGHAI)), "{level:?} {now}");
        assert_eq!(due.opens_at, opens.map(|opens| at(opens, SHANGHAI)), "{level:?} {now}");
    }
}

/// Weeks with up to three spans a day, some holidays and special days, in zones that change their clocks.
fn calendars() -> impl Strategy<Value = Calendar> {
    let day = || {
        prop::collection::vec(0_u16..=96, 0..=6).prop_map(|mut quarters| {
            quarters.sort_unstable();
            quarters.dedup();
            let text = |quarter: u16| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
            let pairs = quarters.chunks_exact(2);
            pairs.map(|pair| format!("{}-{}", text(pair[0]), text(pair[1])).parse().unwrap()).collect::<Vec<Span>>()
        })
    };
    let days = || (0_i64..400).prop_map(|days| date(2026, 1, 1) + jiff::Span::new().days(days));
    let holidays = prop::collection::vec((days(), 0_i64..10), 0..4);
    let special = prop::collection::btree_map(days(), day(), 0..4);
    // Something is always open on Wednesdays, so that there is an end to every search.
    (prop::array::uniform7(day()), holidays, special).prop_map(|(mut week, holidays, special)| {
        week[2].push("12:00-13:00".parse().unwrap());
        let range = |(first, days): (Date, i64)| first..=first + jiff::Span::new().days(days);
        Calendar::new(week, holidays.into_iter().map(range).collect(), special)
    })
}

fn moments() -> impl Strategy<Value = Zoned> {
    let zones = [SHANGHAI, NEW_YORK, BERLIN, "UTC", "Africa/Cairo", "Asia/Kathmandu", "Australia/Lord_Howe"];
    let second = 1_767_225_600_i64..1_799_000_000;
    (second, prop::sample::select(zones.to_vec()))
        .prop_map(|(second, zone)| Timestamp::from_second(second).unwrap().in_tz(zone).unwrap())
}

fn durations() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![Just(0_i64), 0_i64..7_200, 0_i64..1_000_000].prop_map(SignedDuration::from_secs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn business_time_is_never_less_than_time(hours in calendars(), from in moments(), more in durations()) {
        prop_assert!(hours.add_open(&from, more) >= &from + more);
    }

    #[test]
    fn business_time_ends_in_an_opening_or_at_its_end(hours in calendars(), from in moments(), more in durations()) {
        let end = hours.add_open(&from, more);
        let just_before = &end - SignedDuration::from_nanos(1);
        prop_assert!(hours.is_open(&end) || hours.is_open(&just_before), "{end}");
    }

    #[test]
    fn later_is_never_due_earlier(
        hours in calendars(), from in moments(), (first, second) in (durations(), durations()), later in durations()
    ) {
        let due = hours.add_open(&from, first);
        prop_assert!(hours.add_open(&from, first + second) >= due);
        prop_assert!(hours.add_open(&(&from + later), first) >= due);
    }

    #[test]
    fn twice_is_once(hours in calendars(), from in moments(), (first, second) in (durations(), durations())) {
        let once = hours.add_open(&from, first + second);
        prop_assert_eq!(hours.add_open(&hours.add_open(&from, first), second), once);
    }

    #[test]
    fn the_answers_agree(hours in calendars(), at in moments()) {
        let opens = hours.opens_at(&at);
        prop_assert_eq!(hours.is_open(&at), opens.as_ref() == Some(&at));
        prop_assert_eq!(hours.is_open(&at), hours.closes_at(&at).is_some());
        if let Some(opens) = opens {
            prop_assert!(opens >= at && hours.is_open(&opens), "{opens}");
            prop_assert_eq!(hours.add_open(&opens, SignedDuration::ZERO), opens);
        }
        if let Some(closes) = hours.closes_at(&at) {
            prop_assert!(closes > at && !hours.is_open(&closes), "{closes}");
            let open = closes.duration_since(&at);
            prop_assert_eq!(hours.add_open(&at, open), closes);
        }
    }
}
