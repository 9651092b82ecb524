//! What figures are made from.

use triage::labels::Emotion;
use triage::store::{Change, Conversation, Feedback, Store, Turn, TurnKind};

use super::{Backend, asked, at, handed_over, keep, said, talk, waiting};

/// A turn at another time than its number tells.
fn later(turn: Turn, seconds: i64) -> Turn {
    Turn { at: at(seconds), ..turn }
}

fn shadow(mut turn: Turn) -> Turn {
    if let TurnKind::Customer(decided) = &mut turn.kind {
        decided.is_shadow = true;
    }
    turn
}

fn prepare(store: &dyn Store) {
    let one = vec![asked("c-1", 0), later(asked("c-1", 1), 10), said("c-1", 2), shadow(later(asked("c-1", 3), 11))];
    let two = vec![later(asked("c-2", 0), 5), later(asked("c-2", 1), 20)];
    for (id, turns) in [("c-2", two), ("c-1", one), ("c-3", vec![])] {
        keep(store, Change { conversation: Some(talk(id)), turns, ..Change::default() });
    }
}

pub(super) fn turns_of_a_span(backend: &dyn Backend) {
    let store = backend.open();
    prepare(&*store);
    for (from, to, found) in [
        (0, 99, &["c-1 0", "c-1 1", "c-2 0", "c-2 1"][..]),
        (5, 20, &["c-1 1", "c-2 0"]),
        (20, 21, &["c-2 1"]),
        (30, 99, &[]),
        (99, 0, &[]),
    ] {
        let mut names = Vec::new();
        let mut take = |turn: Turn| {
            names.push(format!("{} {}", turn.conversation_id, turn.number));
            let TurnKind::Customer(decided) = turn.kind else { panic!("customers' turns only") };
            assert_eq!((turn.text.as_str(), decided.reply.as_str()), ("", ""));
            assert_eq!((decided.reason.as_str(), decided.upset), ("answered", 0.1));
        };
        store.each_turn(at(from), at(to), &mut take).unwrap();
        assert_eq!(names, found, "{from} to {to}");
    }
}

pub(super) fn tickets_conversations_and_feedback_of_a_span(backend: &dyn Backend) {
    let store = backend.open();
    prepare(&*store);
    for (id, seconds) in [("t-1", 10), ("t-2", 20)] {
        keep(&*store, handed_over(waiting(id, &format!("c-{id}"), seconds)));
    }
    let mut tickets = Vec::new();
    store.each_ticket(at(10), at(20), &mut |ticket| tickets.push(ticket.id)).unwrap();
    assert_eq!(tickets, ["t-1"]);
    let conversations = |from, to| {
        let mut ids = Vec::new();
        store.each_conversation(at(from), at(to), &mut |conversation: Conversation| ids.push(conversation.id)).unwrap();
        ids
    };
    assert_eq!(conversations(0, 99), ["c-1", "c-2"]);
    assert_eq!(conversations(20, 99), ["c-2"]);

    let feedback = |agent: &str, seconds, emotion| Feedback {
        conversation_id: "c-1".into(),
        message_id: "m-1".into(),
        intent: Some("refund".into()),
        emotion,
        handoff: Some(true),
        agent: agent.into(),
        at: at(seconds),
    };
    let first = feedback("a-1", 30, None);
    let second = feedback("a-2", 40, Some(Emotion::Anger));
    let changed = Feedback { intent: None, handoff: None, ..feedback("a-1", 50, Some(Emotion::Anxiety)) };
    let all = || {
        let mut all = Vec::new();
        store.each_feedback(at(30), at(99), &mut |feedback| all.push(feedback)).unwrap();
        all
    };
    for feedback in [&first, &second] {
        keep(&*store, Change { feedback: Some(feedback.clone()), ..Change::default() });
    }
    assert_eq!(all(), [first, second.clone()]);
    keep(&*store, Change { feedback: Some(changed.clone()), ..Change::default() });
    assert_eq!(all(), [second, changed], "what the same person says replaces what they said before");
}
