//! How conversations begin, end, come back and are rated.

use triage::stats::Figures;
use triage::store::TurnKind;
use triage::ticket::{Ticket, TicketState};

use super::history::{History, at, ticket};
use super::{lines, shown, two_days};

/// Begun, handled, ended and how, of one conversation on 2 March.
fn outcome(history: &History, now: &str) -> String {
    let report = history.report("2026-03-02..2026-03-02", now);
    lines(&report.totals)[1].clone()
}

#[test]
fn how_a_conversation_ends() {
    const LATER: &str = "2026-03-02T12:00";
    let open = ticket("t", "a", "2026-03-02T09:00");
    let assigned = Ticket { reason: "assigned".to_owned(), ..ticket("t", "a", "2026-03-02T09:30") };
    let answered = "a u 2026-03-02T09:00 answer answered stock neutral 0";
    let asked = "a u 2026-03-02T09:00 ask slot:size stock neutral 0";
    let contained = "1 begun 1 handled, at once 1/1, contained 1/1 handed off 0/1 abandoned 0/1";
    let abandoned = "1 begun 1 handled, at once 1/1, contained 0/1 handed off 0/1 abandoned 1/1";
    let by_person = "1 begun 1 handled, at once 1/1, contained 0/1 handed off 0/1 abandoned 0/1";
    let still_open = "1 begun 1 handled, at once 1/1, contained 0/0 handed off 0/0 abandoned 0/0";
    let with = |first: &str, then: &str| History::of(&format!("{first}\n{then}"));
    for (what, history, now, expected) in [
        ("an answer", History::of(answered), LATER, contained),
        ("29 minutes later", History::of(answered), "2026-03-02T09:29:59", still_open),
        ("30 minutes later", History::of(answered), "2026-03-02T09:30", contained),
        ("closed", History::of(answered).closed("a", "2026-03-02T09:01"), "2026-03-02T09:02", contained),
        ("a question", History::of(asked), LATER, abandoned),
        ("a question, then silence", with(asked, "a u 2026-03-02T09:01 silent closing - neutral 0"), LATER, abandoned),
        ("a question, then thanks", with(asked, "a u 2026-03-02T09:01 answer closing - positive 0"), LATER, contained),
        ("a person wrote", with(answered, "a u 2026-03-02T09:01 agent"), LATER, by_person),
        (
            "a person is there, says the gateway",
            with(answered, "a u 2026-03-02T09:01 silent human_present - neutral 0"),
            LATER,
            by_person,
        ),
        (
            "left to a later message",
            with(
                "a u 2026-03-02T09:00:00 silent superseded - neutral 0",
                "a u 2026-03-02T09:00:02 answer answered stock neutral 0",
            ),
            LATER,
            contained,
        ),
        (
            "a hand-off",
            History::of("a u 2026-03-02T09:00 handoff complaint stock anger 0.9 t").with(vec![open.clone()]),
            LATER,
            "1 begun 1 handled, at once 0/1, contained 0/1 handed off 1/1 abandoned 0/1 complaint 1",
        ),
        (
            "given back to the bot, which answers",
            with(
                "a u 2026-03-02T09:00 handoff complaint stock anger 0.9 t",
                "a u 2026-03-02T10:00 answer answered stock neutral 0",
            )
            .with(vec![Ticket {
                state: TicketState::ReturnedToBot,
                closed_at: Some(at("2026-03-02T09:30")),
                ..open.clone()
            }]),
            LATER,
            "1 begun 1 handled, at once 0/1, contained 0/1 handed off 1/1 abandoned 0/1 complaint 1",
        ),
        (
            "taken over by a person",
            History::of(answered).with(vec![assigned]),
            LATER,
            "1 begun 1 handled, at once 1/1, contained 0/1 handed off 1/1 abandoned 0/1 assigned 1",
        ),
        (
            "something broke, and no ticket is known",
            History::of("a u 2026-03-02T09:00 handoff bot_error - neutral 0"),
            LATER,
            "1 begun 1 handled, at once 0/1, contained 0/1 handed off 1/1 abandoned 0/1 bot_error 1",
        ),
        (
            "the bot never said anything",
            History::of("a u 2026-03-02T09:00 silent human_present - neutral 0"),
            LATER,
            "1 begun 0 handled, at once 0/0, contained 0/0 handed off 0/0 abandoned 0/0",
        ),
    ] {
        assert_eq!(outcome(&history, now), expected, "{what}");
    }
}

#[test]
fn messages_that_were_not_read_have_no_emotion() {
    let history = History::of(
        "a u 2026-03-02T09:00:00 silent  superseded - neutral 0.0
         a u 2026-03-02T09:00:02 answer  answered   - anxiety 0.1
         b u 2026-03-02T10:00:00 handoff bot_error  - neutral 0.0",
    );
    let figures = history.report("2026-03-02..2026-03-02", "2026-03-02T12:00").totals;
    assert_eq!(lines(&figures)[5], "0/1 0/1 1/1 0/1 0/1; 0 - -");
}

#[test]
fn trial_runs_are_left_out() {
    let mut history = two_days();
    for turn in &mut history.turns {
        let TurnKind::Customer(decided) = &mut turn.kind else { continue };
        decided.is_shadow = true;
    }
    history.tickets.clear();
    let figures = history.report("2026-03-02..2026-03-03", "2026-03-20T12:00").totals;
    assert_eq!((figures.turns, figures.conversations.begun, figures.rating.mean.count), (0, 0, 0));
}

/// Conversations that begin on each of three days, and messages.
#[test]
fn where_a_conversation_begins() {
    let line = |when: &str| format!("a u {when} answer answered stock neutral 0\n");
    let old = ticket("t", "a", "2026-02-20T09:00");
    for (what, lines, tickets, begun, turns) in [
        (
            "over midnight",
            [line("2026-03-02T23:59:59"), line("2026-03-03T00:00:00")].concat(),
            vec![],
            [1, 0, 0],
            [1, 1, 0],
        ),
        (
            "the evening before",
            [line("2026-03-01T23:59:59"), line("2026-03-02T09:00:00")].concat(),
            vec![],
            [0, 0, 0],
            [1, 0, 0],
        ),
        (
            "a day of silence",
            [line("2026-03-02T09:00"), line("2026-03-03T09:00")].concat(),
            vec![],
            [1, 0, 0],
            [1, 1, 0],
        ),
        (
            "a second more",
            [line("2026-03-02T09:00"), line("2026-03-03T09:00:01")].concat(),
            vec![],
            [1, 1, 0],
            [1, 1, 0],
        ),
        (
            "silence, but the ticket is still open",
            [line("2026-03-02T09:00"), "a u 2026-03-04T12:00 silent human_present - neutral 0 t".to_owned()].concat(),
            vec![ticket("t", "a", "2026-03-02T09:05")],
            [1, 0, 0],
            [1, 0, 1],
        ),
        (
            "a ticket of long ago",
            "a u 2026-03-03T12:00 silent human_present - neutral 0 t".to_owned(),
            vec![old],
            [0, 0, 0],
            [0, 1, 0],
        ),
        (
            "a ticket that it opens",
            "a u 2026-03-03T12:00:00 handoff complaint - anger 1 t".to_owned(),
            vec![Ticket { created_at: at("2026-03-03T11:59:59.999"), ..ticket("t", "a", "2026-03-03T12:00") }],
            [0, 1, 0],
            [0, 1, 0],
        ),
    ] {
        let report = History::of(&lines).with(tickets).report("2026-03-02..2026-03-04", "2026-04-01T00:00");
        let by_day = |count: fn(&Figures) -> u64| report.days.iter().map(|day| count(&day.figures)).collect::<Vec<_>>();
        assert_eq!(by_day(|figures| figures.conversations.begun), begun, "{what}");
        assert_eq!(by_day(|figures| figures.turns), turns, "{what}");
    }
}

#[test]
fn who_came_back() {
    let first = "a u 2026-03-02T09:00 answer answered stock neutral 0\n";
    for (what, then, now, expected) in [
        ("nobody", "", "2026-03-09T09:00", "repeated 0/1 solved 1/1 pending 0 unidentified 0"),
        ("too early to tell", "", "2026-03-09T08:59:59", "repeated 0/0 solved 0/0 pending 1 unidentified 0"),
        (
            "a week later to the second",
            "b u 2026-03-09T09:00:00 ask slot:size stock neutral 0",
            "2026-03-20T00:00",
            "repeated 1/1 solved 0/1 pending 0 unidentified 0",
        ),
        (
            "a second later still",
            "b u 2026-03-09T09:00:01 ask slot:size stock neutral 0",
            "2026-03-20T00:00",
            "repeated 0/1 solved 1/1 pending 0 unidentified 0",
        ),
        (
            "about something else",
            "b u 2026-03-04T09:00 answer answered price neutral 0",
            "2026-03-20T00:00",
            "repeated 0/1 solved 1/1 pending 0 unidentified 0",
        ),
        (
            "first about something else",
            "b u 2026-03-04T09:00 answer answered price neutral 0
             b u 2026-03-04T09:01 answer answered stock neutral 0",
            "2026-03-20T00:00",
            "repeated 0/1 solved 1/1 pending 0 unidentified 0",
        ),
        (
            "after a greeting",
            "b u 2026-03-04T09:00 answer answered - neutral 0
             b u 2026-03-04T09:01 answer answered stock neutral 0",
            "2026-03-20T00:00",
            "repeated 1/1 solved 0/1 pending 0 unidentified 0",
        ),
        (
            "somebody else",
            "b v 2026-03-04T09:00 answer answered stock neutral 0",
            "2026-03-20T00:00",
            "repeated 0/1 solved 1/1 pending 0 unidentified 0",
        ),
        (
            "in the same conversation, after a long silence",
            "a u 2026-03-04T09:00 answer answered stock neutral 0",
            "2026-03-20T00:00",
            "repeated 1/1 solved 0/1 pending 0 unidentified 0",
        ),
        (
            "in the same conversation, without one",
            "a u 2026-03-02T15:00 answer answered stock neutral 0",
            "2026-03-20T00:00",
            "repeated 0/1 solved 1/1 pending 0 unidentified 0",
        ),
        (
            "two who are not known",
            "b - 2026-03-02T09:00 answer answered stock neutral 0
             c - 2026-03-02T10:00 answer answered stock neutral 0",
            "2026-03-20T00:00",
            "repeated 0/1 solved 1/1 pending 0 unidentified 2",
        ),
    ] {
        let report = History::of(&format!("{first}{then}")).report("2026-03-02..2026-03-02", now);
        assert_eq!(lines(&report.totals)[2], expected, "{what}");
    }
}

#[test]
fn ratings_belong_to_the_conversation_they_were_given_in() {
    let told = "a u 2026-03-02T09:00 answer answered stock neutral 0
                a u 2026-03-04T09:00 answer answered stock neutral 0";
    for (what, when, expected) in [
        ("at once", "2026-03-02T09:10", [1, 0, 0]),
        ("a day later", "2026-03-03T20:00", [1, 0, 0]),
        ("after the second", "2026-03-04T09:01", [0, 0, 1]),
        ("a week after the second", "2026-03-11T09:00", [0, 0, 1]),
        ("later", "2026-03-11T09:01", [0, 0, 0]),
        ("before the first", "2026-03-01T09:00", [0, 0, 0]),
    ] {
        let report = History::of(told).rated("a", 3, when).report("2026-03-02..2026-03-04", "2026-04-01T00:00");
        let days: Vec<u64> = report.days.iter().map(|day| day.figures.rating.mean.count).collect();
        assert_eq!(days, expected, "{what}");
        assert_eq!(shown(report.totals.rating.satisfied).split('/').next(), Some("0"), "{what}");
    }
}
