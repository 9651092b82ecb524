//! Figures of histories small enough to be worked out by hand.

mod conversations;
mod history;

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use triage::catalogue::Level;
use triage::stats::{Durations, Figures, Report, Share, Span, SpanError};
use triage::ticket::{Ticket, TicketState};

use self::history::{History, at, ticket};

/// `part/whole`, after making sure that the share is the one divided by the other.
fn shown(share: Share) -> String {
    let Share { share, numerator, denominator } = share;
    assert_eq!(share, (denominator > 0).then(|| numerator as f64 / denominator as f64));
    format!("{numerator}/{denominator}")
}

/// All figures of a group, in six lines.
fn lines(figures: &Figures) -> [String; 6] {
    let Figures { turns, decisions, conversations, contacts, tickets, rating, emotion } = figures;
    let took = |took: Durations| match (took.p50_seconds, took.p90_seconds) {
        (Some(half), Some(most)) => format!("{}x {half} {most}", took.count),
        _ => format!("{}x", took.count),
    };
    let mean = |mean: triage::stats::Mean| mean.mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.3}"));
    let of = format!("/{turns}");
    let kinds = [decisions.answer, decisions.ask, decisions.handoff, decisions.silent];
    let kinds = kinds.map(|kind| shown(kind).strip_suffix(&of).unwrap().to_owned()).join(" ");
    let labels = &emotion.labels;
    let felt = [labels.neutral, labels.positive, labels.anxiety, labels.disappointment, labels.anger];
    let reasons: Vec<String> = conversations.handoff_reasons.iter().map(|(code, n)| format!(" {code} {n}")).collect();
    [
        format!("{turns}: {kinds}"),
        format!(
            "{} begun {} handled, at once {}, contained {} handed off {} abandoned {}{}",
            conversations.begun,
            conversations.handled,
            shown(conversations.answered_at_once),
            shown(conversations.contained),
            shown(conversations.handed_off),
            shown(conversations.abandoned),
            reasons.concat()
        ),
        format!(
            "repeated {} solved {} pending {} unidentified {}",
            shown(contacts.repeated_within_7_days),
            shown(contacts.solved_at_first_contact),
            contacts.pending,
            contacts.unidentified
        ),
        format!(
            "{} opened, response {}, claim {}, resolve {}, in time {} {}",
            tickets.opened,
            took(tickets.first_response),
            took(tickets.claim),
            took(tickets.resolve),
            shown(tickets.sla.responded),
            shown(tickets.sla.resolved)
        ),
        format!("{} {:?} {}", mean(rating.mean), rating.distribution, shown(rating.satisfied)),
        format!(
            "{}; {} {} {}",
            felt.map(shown).join(" "),
            emotion.upset_at_start.count,
            mean(emotion.upset_at_start),
            mean(emotion.upset_at_end)
        ),
    ]
}

/// Two days in March: an answer that did not last, a hand-off that went well, a question left unanswered over midnight, an
/// angry one that nobody came for in time, somebody whom a person had from the start, and an unknown customer.
fn two_days() -> History {
    let well = Ticket {
        state: TicketState::Resolved,
        intent: Some("return_policy".to_owned()),
        claimed_at: Some(at("2026-03-02T10:20")),
        responded_at: Some(at("2026-03-02T10:30")),
        closed_at: Some(at("2026-03-02T12:10")),
        ..ticket("t-b", "b", "2026-03-02T10:10")
    };
    let late = Ticket {
        state: TicketState::Claimed,
        level: Level::Urgent,
        reason: "user_request".to_owned(),
        respond_due_at: at("2026-03-03T13:00"),
        resolve_due_at: Some(at("2026-03-04T11:00")),
        claimed_at: Some(at("2026-03-03T14:00")),
        responded_at: Some(at("2026-03-03T14:05")),
        ..ticket("t-e", "e", "2026-03-03T11:00")
    };
    let told = "
        a u1 2026-03-02T09:00 answer  answered       shipping_fee  neutral        0.1
        a u1 2026-03-02T09:05 answer  closing        -             positive       0.0
        b u2 2026-03-02T10:00 answer  answered       return_policy anxiety        0.2
        b u2 2026-03-02T10:10 handoff action_needed  return_policy disappointment 0.6  t-b
        b u2 2026-03-02T10:35 silent  human_present  -             neutral        0.1  t-b
        d u3 2026-03-02T23:50 ask     slot:region    shipping_fee  neutral        0.0
        d u3 2026-03-03T00:10 ask     low_confidence -             anger          0.4
        e u5 2026-03-03T11:00 handoff user_request   -             anger          0.9  t-e
        f u4 2026-03-03T15:00 silent  human_present  -             neutral        0.0
        g -  2026-03-03T16:00 answer  answered       shipping_fee  neutral        0.0
        c u1 2026-03-04T09:00 answer  answered       shipping_fee  disappointment 0.5";
    let history = History::of(told).with(vec![well, late]);
    let history = history.rated("a", 5, "2026-03-02T10:00").rated("b", 4, "2026-03-02T13:00");
    history.rated("g", 2, "2026-03-03T16:30")
}

#[test]
fn every_figure_of_two_days() {
    let report = two_days().report("2026-03-02..2026-03-03", "2026-03-20T12:00");
    // The conversation of 4 March lies outside: it tells only that the first customer came back.
    let mut found = vec![("all", lines(&report.totals))];
    found.extend(["2 March", "3 March"].into_iter().zip(report.days.iter().map(|day| lines(&day.figures))));
    let intents: Vec<_> = report.intents.iter().map(|one| one.intent.as_deref().unwrap_or("-")).collect();
    found.extend(intents.iter().copied().zip(report.intents.iter().map(|one| lines(&one.figures))));
    let expected = [
        (
            "all",
            [
                "10: 4 2 2 2",
                "6 begun 5 handled, at once 4/5, contained 2/5 handed off 2/5 abandoned 1/5 action_needed 1 user_request 1",
                "repeated 1/3 solved 1/3 pending 0 unidentified 1",
                // 20 min and 3 h 5 min; 10 min and 3 h; 2 h.
                "2 opened, response 2x 1200 11100, claim 2x 600 10800, resolve 1x 7200 7200, in time 1/2 1/2",
                // 5, 4 and 2.
                "3.667 [0, 1, 0, 1, 1] 2/3",
                // From 0.1, 0.2 and 0.0 to 0.0, 0.1 and 0.4.
                "5/10 1/10 1/10 1/10 2/10; 3 0.100 0.167",
            ],
        ),
        (
            "2 March",
            [
                "6: 3 1 1 1",
                "3 begun 3 handled, at once 3/3, contained 1/3 handed off 1/3 abandoned 1/3 action_needed 1",
                "repeated 1/3 solved 1/3 pending 0 unidentified 0",
                "1 opened, response 1x 1200 1200, claim 1x 600 600, resolve 1x 7200 7200, in time 1/1 1/1",
                "4.500 [0, 0, 0, 1, 1] 2/2",
                "3/6 1/6 1/6 1/6 0/6; 3 0.100 0.167",
            ],
        ),
        (
            "3 March",
            [
                "4: 1 1 1 1",
                "3 begun 2 handled, at once 1/2, contained 1/2 handed off 1/2 abandoned 0/2 user_request 1",
                "repeated 0/0 solved 0/0 pending 0 unidentified 1",
                "1 opened, response 1x 11100 11100, claim 1x 10800 10800, resolve 0x, in time 0/1 0/1",
                "2.000 [0, 1, 0, 0, 0] 0/1",
                "2/4 0/4 0/4 0/4 2/4; 0 - -",
            ],
        ),
        (
            "return_policy",
            [
                "2: 1 0 1 0",
                "1 begun 1 handled, at once 1/1, contained 0/1 handed off 1/1 abandoned 0/1 action_needed 1",
                "repeated 0/1 solved 1/1 pending 0 unidentified 0",
                "1 opened, response 1x 1200 1200, claim 1x 600 600, resolve 1x 7200 7200, in time 1/1 1/1",
                "4.000 [0, 0, 0, 1, 0] 1/1",
                "0/2 0/2 1/2 1/2 0/2; 1 0.200 0.100",
            ],
        ),
        (
            "shipping_fee",
            [
                "3: 2 1 0 0",
                "3 begun 3 handled, at once 3/3, contained 2/3 handed off 0/3 abandoned 1/3",
                "repeated 1/2 solved 0/2 pending 0 unidentified 1",
                "0 opened, response 0x, claim 0x, resolve 0x, in time 0/0 0/0",
                "3.500 [0, 1, 0, 0, 1] 1/2",
                "3/3 0/3 0/3 0/3 0/3; 2 0.050 0.200",
            ],
        ),
        (
            "-",
            [
                "5: 1 1 1 2",
                "2 begun 1 handled, at once 0/1, contained 0/1 handed off 1/1 abandoned 0/1 user_request 1",
                "repeated 0/0 solved 0/0 pending 0 unidentified 0",
                "1 opened, response 1x 11100 11100, claim 1x 10800 10800, resolve 0x, in time 0/1 0/1",
                "- [0, 0, 0, 0, 0] 0/0",
                "2/5 1/5 0/5 0/5 2/5; 0 - -",
            ],
        ),
    ];
    assert_eq!(found.len(), expected.len());
    for ((group, figures), (name, expected)) in found.iter().zip(expected) {
        assert_eq!((*group, figures.as_slice()), (name, expected.map(str::to_owned).as_slice()));
    }
    let levels = report.totals.tickets.sla_by_level.iter();
    let levels: Vec<_> = levels.map(|of| (of.level, shown(of.sla.responded), shown(of.sla.resolved))).collect();
    let level = |level, responded: &str, resolved: &str| (level, responded.to_owned(), resolved.to_owned());
    let kept = level(Level::Normal, "1/1", "1/1");
    let none = [Level::Serious, Level::Suggestion].map(|of| level(of, "0/0", "0/0"));
    let [serious, suggestion] = none;
    assert_eq!(levels, [level(Level::Urgent, "0/1", "0/1"), serious, kept, suggestion]);
}

/// Promises of one ticket, opened at 09:00 and due at 11:00 and 15:00.
#[test]
fn promises_kept() {
    use TicketState::{Claimed, Expired, Queued, Resolved, ReturnedToBot};
    let hour = |hour: &str| (hour != "-").then(|| at(&format!("2026-03-02T{hour}")));
    for (what, state, [claimed, responded, closed, now], expected) in [
        ("not due", Queued, ["-", "-", "-", "10:59"], "0/0 0/0"),
        ("done, but not due", Resolved, ["09:10", "09:20", "10:00", "10:59"], "0/0 0/0"),
        ("nobody came", Queued, ["-", "-", "-", "11:00"], "0/1 0/0"),
        ("claimed in time", Claimed, ["11:00", "-", "-", "12:00"], "1/1 0/0"),
        ("claimed late", Claimed, ["11:01", "-", "-", "12:00"], "0/1 0/0"),
        ("answered before it was claimed", Claimed, ["12:00", "10:00", "-", "12:00"], "1/1 0/0"),
        ("claimed and given back to the queue", Queued, ["10:00", "-", "-", "12:00"], "1/1 0/0"),
        ("resolved in time", Resolved, ["10:00", "10:00", "15:00", "16:00"], "1/1 1/1"),
        ("resolved late", Resolved, ["10:00", "10:00", "15:01", "16:00"], "1/1 0/1"),
        ("still open", Claimed, ["10:00", "10:00", "-", "16:00"], "1/1 0/1"),
        ("given back to the bot by a person", ReturnedToBot, ["10:00", "-", "12:00", "16:00"], "1/1 1/1"),
        ("taken back before anybody came", ReturnedToBot, ["-", "-", "10:00", "16:00"], "0/0 0/0"),
        ("taken back too late", ReturnedToBot, ["-", "-", "12:00", "16:00"], "0/1 0/0"),
        ("expired", Expired, ["-", "-", "10:00", "16:00"], "0/1 0/1"),
    ] {
        let ticket = Ticket {
            state,
            claimed_at: hour(claimed),
            responded_at: hour(responded),
            closed_at: hour(closed),
            respond_due_at: at("2026-03-02T11:00"),
            resolve_due_at: hour("15:00"),
            ..ticket("t", "a", "2026-03-02T09:00")
        };
        let history = History::default().with(vec![ticket]);
        let report = history.report("2026-03-02..2026-03-02", &format!("2026-03-02T{now}"));
        let sla = report.totals.tickets.sla;
        assert_eq!(format!("{} {}", shown(sla.responded), shown(sla.resolved)), expected, "{what}");
    }
    let idea = Ticket { resolve_due_at: None, level: Level::Suggestion, ..ticket("t", "a", "2026-03-02T09:00") };
    let report = History::default().with(vec![idea]).report("2026-03-02..2026-03-02", "2026-04-01T00:00");
    assert_eq!(shown(report.totals.tickets.sla.resolved), "0/0", "nobody promised to solve it");
}

/// Percentiles are values that occurred: the smallest that enough of all do not exceed.
#[test]
fn percentiles() {
    for (minutes, half, most) in [
        (&[][..], None, None),
        (&[7][..], Some(7), Some(7)),
        (&[1, 9], Some(1), Some(9)),
        (&[3, 1, 2], Some(2), Some(3)),
        (&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], Some(5), Some(9)),
        (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], Some(6), Some(10)),
    ] {
        let opened = "2026-03-02T09:00";
        let claimed = |minutes: &i64| Ticket {
            claimed_at: Some(at(opened) + SignedDuration::from_mins(*minutes)),
            ..ticket(&minutes.to_string(), "a", opened)
        };
        let history = History::default().with(minutes.iter().map(claimed).collect());
        let took = history.report("2026-03-02..2026-03-02", "2026-03-02T09:00").totals.tickets.claim;
        let seconds = |minutes: Option<u32>| minutes.map(|minutes| 60 * minutes);
        assert_eq!((took.p50_seconds, took.p90_seconds), (seconds(half), seconds(most)), "{minutes:?}");
        assert_eq!(took.count, minutes.len() as u64);
    }
}

/// A message every half hour, for four days: how many fall on each of two.
#[test]
fn days_are_as_long_as_the_clocks_have_them() {
    for (place, days, expected) in [
        ("Asia/Shanghai", "2026-03-28..2026-03-29", [48, 48]),
        ("Europe/Berlin", "2026-03-28..2026-03-29", [48, 46]),
        ("Europe/Berlin", "2026-10-24..2026-10-25", [48, 50]),
        // Clocks go from 24:00 to 01:00, and in Havana back from 01:00 to 00:00.
        ("America/Santiago", "2026-09-05..2026-09-06", [48, 46]),
        ("America/Havana", "2026-10-31..2026-11-01", [48, 50]),
    ] {
        let first: Timestamp = format!("{}T00:00Z", days.split("..").next().unwrap()).parse().unwrap();
        let moments = (-48..144).map(|half| first + SignedDuration::from_mins(30 * half));
        let told: Vec<String> = moments.map(|at| format!("a u {at} answer answered stock neutral 0")).collect();
        let report = History::of(&told.join("\n")).report_in(place, days, "2027-01-01T00:00");
        let turns: Vec<u64> = report.days.iter().map(|day| day.figures.turns).collect();
        assert_eq!(turns, expected, "{place} {days}");
        assert_eq!(report.totals.turns, expected.iter().sum::<u64>(), "{place} {days}");
    }
}

#[test]
fn nothing_gives_nulls() {
    let empty = two_days().report("2026-01-01..2026-01-03", "2026-03-20T12:00");
    let none = [
        "0: 0 0 0 0",
        "0 begun 0 handled, at once 0/0, contained 0/0 handed off 0/0 abandoned 0/0",
        "repeated 0/0 solved 0/0 pending 0 unidentified 0",
        "0 opened, response 0x, claim 0x, resolve 0x, in time 0/0 0/0",
        "- [0, 0, 0, 0, 0] 0/0",
        "0/0 0/0 0/0 0/0 0/0; 0 - -",
    ];
    assert_eq!(lines(&empty.totals), none);
    assert_eq!(empty.days.len(), 3);
    assert_eq!(empty.intents, []);
    let json = serde_json::to_value(&empty).unwrap();
    let nothing = serde_json::json!({"share": null, "numerator": 0, "denominator": 0});
    assert_eq!(json["days"][0]["figures"]["conversations"]["contained"], nothing);
    assert_eq!(json["days"][0]["day"], "2026-01-01");
    assert_eq!(json["time_zone"], "Asia/Shanghai");
    let Report { days, totals, .. } = two_days().report("2026-03-03..2026-03-02", "2026-03-20T12:00");
    assert_eq!((days.len(), lines(&totals)), (0, none.map(str::to_owned)), "no days at all");
}

#[test]
fn spans_that_may_be_asked_for() {
    let first = date(2026, 1, 1);
    for (to, expected) in [
        (date(2026, 1, 1), Ok(())),
        (date(2027, 1, 1), Ok(())),
        (date(2025, 12, 31), Err("`to` must not be before `from`")),
        (date(2027, 1, 2), Err("`from` to `to` may be 366 days at most")),
    ] {
        let checked = Span { from: first, to }.check();
        let checked = checked.map(drop).map_err(|error: SpanError| error.to_string());
        assert_eq!(checked, expected.map_err(str::to_owned));
    }
}
