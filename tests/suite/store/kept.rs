//! What is written is read back, to the last field.

use jiff::SignedDuration;
use triage::catalogue::Level;
use triage::conversation::{Awaiting, Burst, Given, MoodTrace, OfferedOrder, State};
use triage::incoming::{Attachment, AttachmentKind, Role};
use triage::labels::Emotion;
use triage::reply::Slot;
use triage::shop::Reason;
use triage::slots::{Carried, Line};
use triage::store::{Change, Conversation, Said, Store, Turn, TurnKind};
use triage::text::Tally;
use triage::ticket::{EventKind, Missed, Packet, PastTurn, Ticket, TicketState, Urgency};

use super::{Backend, asked, at, happened, keep, said, talk, waiting};

fn full_state() -> State {
    let mut languages = Tally::default();
    languages.add("退货");
    let before = State { asks: 1, last_line: "您好 \0 'quoted' \"twice\"".into(), ..State::default() };
    State {
        acts: Some([0.1, 0.2, 0.3, 0.4]),
        offered: vec!["coupon".into()],
        asks: 2,
        awaiting: Awaiting::Slot { intent: "shipping_fee".into(), slot: "region".into() },
        topic: Some("shipping_fee".into()),
        given: vec![Given { intent: "shipping_fee".into(), slots: "新疆".into(), at: at(3) }],
        slots: vec![Carried { name: "region".into(), value: "新疆".into() }],
        mood: MoodTrace::default().after(0.731_234_5, at(3)),
        languages,
        last_line: "到新疆运费 10 元😊".into(),
        wordings: [("shipping_fee/zh".to_owned(), 2)].into(),
        is_closed: false,
        is_introduced: true,
        is_told: true,
        burst: Some(Box::new(Burst { message_ids: vec!["m-1".into()], text: "到新疆\n运费".into(), before })),
        last_at: Some(at(3)),
        tier: Some("gold".into()),
        orders: vec![OfferedOrder {
            number: "202605260001".into(),
            titles: vec!["全棉毛巾".into()],
            customer: Some("u-5".into()),
        }],
        proven: vec!["202605260001".into()],
        wrong_proofs: 2,
        basket: vec![Line { product: "QH-1002".into(), quantity: Some(3) }],
        reason: Some(Reason::Faulty),
    }
}

fn full_conversation() -> Conversation {
    Conversation {
        customer_id: Some("u-5".into()),
        channel: Some("web".into()),
        state: full_state(),
        ticket_id: Some("t-1".into()),
        turns: 3,
        // Half a microsecond would be lost; a microsecond is not.
        opened_at: at(0) + SignedDuration::from_micros(123_456),
        updated_at: at(9),
        closed_at: Some(at(10)),
        rating: Some(5),
        rated_at: Some(at(11)),
        ..talk("c-1")
    }
}

fn full_ticket() -> Ticket {
    let turn = PastTurn {
        at: at(1),
        role: Role::Customer,
        text: "三天了!!😡".into(),
        intent: Some("urge_delivery".into()),
        emotion: Some(Emotion::Anger),
        upset: Some(0.913_579_1),
    };
    Ticket {
        customer_id: Some("u-5".into()),
        state: TicketState::Resolved,
        level: Level::Urgent,
        intent: Some("urge_delivery".into()),
        resolve_due_at: Some(at(7200)),
        claimed_at: Some(at(60)),
        claimed_by: Some("a-1".into()),
        responded_at: Some(at(61)),
        closed_at: Some(at(90)),
        urgency: Urgency { upset: 0.913_579_1, tier: Some("gold".into()) },
        missed: Missed { respond: true, resolve: false },
        note: Some("补发了".into()),
        packet: Packet {
            summary: "催发货".into(),
            turns: vec![turn],
            entities: vec![Slot {
                name: "order_number".into(),
                value: "202605260001".into(),
                start: Some(1),
                end: None,
            }],
            attachments: vec![Attachment { kind: AttachmentKind::Image, reference: "img-1".into() }],
            lookups: vec![serde_json::json!({ "order": "202605260001", "paid": 199.5, "lines": [1, null] })],
            answered: vec!["dispatch_time".into()],
            signals: vec!["threat_of_exposure".into()],
            suggestions: vec!["您好".into()],
        },
        ..waiting("t-1", "c-1", 5)
    }
}

pub(super) fn everything_is_found_again(backend: &dyn Backend) {
    let store = backend.open();
    let (conversation, ticket) = (full_conversation(), full_ticket());
    let mut shadow = asked("c-1", 1);
    if let TurnKind::Customer(decided) = &mut shadow.kind {
        decided.is_shadow = true;
        decided.intent = None;
        decided.emotion = Emotion::Disappointment;
        decided.ticket_id = Some("t-1".into());
    }
    let bot = TurnKind::Said(Said { role: Role::Bot, agent: None, is_delivered: false });
    let bot = Turn { kind: bot, ..said("c-1", 3) };
    let turns = vec![asked("c-1", 0), shadow, said("c-1", 2), bot];
    let event = happened(&ticket, EventKind::Created, at(5), &["crm"]);
    let change = Change {
        conversation: Some(conversation.clone()),
        turns: turns.clone(),
        ticket: Some(ticket.clone()),
        events: vec![event.clone()],
        feedback: None,
    };
    keep(&*store, change);
    let stored = Conversation { version: 1, ..conversation };
    assert_eq!(store.conversation("c-1").unwrap(), Some(stored));
    assert_eq!(store.turns("c-1", 10).unwrap(), turns);
    assert_eq!(store.turn("c-1", "m-1").unwrap().as_ref(), Some(&turns[1]));
    assert_eq!(store.ticket("t-1").unwrap(), Some(Ticket { version: 1, ..ticket }));
    assert_eq!(store.events_after(0, 10).unwrap()[0].event, event.event);
    assert_eq!(store.lease(at(6), at(7), 10).unwrap()[0].event, event.event);
    nothing_else(&*store);
}

fn nothing_else(store: &dyn Store) {
    assert_eq!(store.conversation("c-2").unwrap(), None);
    assert_eq!(store.turn("c-1", "m-9").unwrap(), None);
    assert_eq!(store.turn("c-2", "m-1").unwrap(), None);
    assert_eq!(store.turns("c-2", 10).unwrap(), []);
    assert_eq!(store.ticket("c-1").unwrap(), None);
}

pub(super) fn the_last_turns_oldest_first(backend: &dyn Backend) {
    let store = backend.open();
    let turns = (0..30).map(|number| asked("c-1", number)).collect();
    keep(&*store, Change { conversation: Some(talk("c-1")), turns, ..Change::default() });
    let numbers = |last| store.turns("c-1", last).unwrap().iter().map(|turn| turn.number).collect::<Vec<_>>();
    assert_eq!(numbers(3), [27, 28, 29]);
    assert_eq!(numbers(0), [0_u64; 0]);
    assert_eq!(numbers(usize::MAX).len(), 30);
}

pub(super) fn what_was_written_outlives_the_store(backend: &dyn Backend) {
    let store = backend.open();
    // Dropping the store finishes what is queued.
    let pending: Vec<_> = (0..300)
        .map(|number| {
            let id = format!("c-{number}");
            let turns = vec![asked(&id, 0)];
            store.record(Change { conversation: Some(talk(&id)), turns, ..Change::default() })
        })
        .collect();
    drop(store);
    for pending in pending {
        pending.wait().unwrap();
    }
    let store = backend.open();
    for number in 0..300 {
        let id = format!("c-{number}");
        assert_eq!(store.conversation(&id).unwrap().map(|conversation| conversation.version), Some(1));
        assert_eq!(store.turns(&id, 5).unwrap(), [asked(&id, 0)]);
    }
}
