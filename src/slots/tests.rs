use jiff::civil::date;

use super::*;
use crate::incoming::{Context, PastMessage, Request, Role};

fn fill(request: Request) -> Slots {
    let incoming = request.check().unwrap();
    let lexicon = Lexicon::default();
    let remembered = Slots::of_history(
        incoming.history().iter().rev().filter(|past| past.role == Role::Customer).map(|past| past.text.as_str()),
        &lexicon,
    );
    let message = Message::read(incoming.utterance());
    Slots::fill(&message, &incoming, Before { carried: &remembered, ..Before::default() }, date(2026, 11, 23), &lexicon)
}

#[test]
fn reads_the_message() {
    for (text, region, amount, order) in [
        ("到新疆运费多少", Some("新疆"), None, None),
        ("買了480塊能免運費嗎，寄到杭州", Some("杭州"), Some("480"), None),
        ("满300减50能用券吗", None, None, None),
        ("我买了480能减多少", None, Some("480"), None),
        ("订单202605260001到哪了", None, None, Some("202605260001")),
        ("100块和200块的都要", None, None, None),
        ("买3件", None, None, None),
    ] {
        let slots = fill(Request { text: text.into(), ..Request::default() });
        assert_eq!(slots.region.map(|region| region.name(false)).as_deref(), region, "{text}");
        assert_eq!(slots.amount.map(|amount| amount.to_string()).as_deref(), amount, "{text}");
        assert_eq!(slots.order_number.as_deref(), order, "{text}");
    }
}

#[test]
fn context_and_history_fill_what_the_message_leaves_open() {
    let context = Context { order_ids: vec!["A1".into()], ..Context::default() };
    let history = vec![
        PastMessage { role: Role::Customer, text: "到西藏".into() },
        PastMessage { role: Role::Agent, text: "是新疆吗".into() },
    ];
    let slots = fill(Request { text: "多久到".into(), context: Some(context), history, ..Request::default() });
    assert_eq!(slots.order_number.as_deref(), Some("A1"));
    assert_eq!(slots.region.map(|region| region.name(false)).as_deref(), Some("西藏"));
    assert!(slots.found().iter().all(|slot| slot.start.is_none()));
}

#[test]
fn places_are_those_of_the_original() {
    let slots = fill(Request { text: "到新疆运费多少".into(), ..Request::default() });
    assert_eq!((slots.found()[0].start, slots.found()[0].end), (Some(1), Some(3)));
}

/// However long a row of groups is, few numbers are tried for each of them.
#[test]
fn a_row_of_groups_costs_no_more_than_its_length() {
    for (row, most) in [("12 ".repeat(2_600), 20), ("1234-".repeat(1_600), 10), ("123456789 ".repeat(800), 4)] {
        let (row, mut tried) = (row.trim_end_matches([' ', '-']), 0);
        order::together(row, |number, range| {
            assert_eq!(row[range].replace([' ', '-'], ""), number);
            tried += 1;
        });
        let groups = row.split([' ', '-']).count();
        assert!(tried > groups && tried <= groups * most, "{tried} of {groups}");
    }
    let numbers = fill(Request { text: "2026 0526 0001 ".repeat(530), ..Request::default() }).orders;
    assert_eq!((numbers.len(), numbers[0].as_str()), (530, "202605260001"));
}
