//! Turns as tests tell them: no model, no catalogue.

use super::{Conversations, Observed, Review, Summary, Unhelpful, by_conversation, groups};
use crate::DecisionKind;
use crate::incoming::{Customer, PastMessage, Request, Role};
use crate::labels::Emotion;
use crate::recorded::Turn;
use crate::reply::{Answer, EmotionReading, EmotionScores, Mood, Reason, Reply, ScoredIntent, Timings};
use crate::text::Language;

/// What a test says of a turn.
#[derive(Debug, Clone)]
pub(super) struct Told<'a> {
    pub(super) conversation: &'a str,
    pub(super) say: &'a str,
    pub(super) code: &'a str,
    pub(super) intents: &'a [(&'a str, f32)],
    pub(super) vector: &'a [f32],
    pub(super) upset: f32,
    pub(super) positive: f32,
    /// What the bot said before it.
    pub(super) after: &'a [&'a str],
    /// Whether the customer's own message stands before it.
    pub(super) own: bool,
    pub(super) name: &'a str,
}

impl Default for Told<'_> {
    fn default() -> Self {
        Self {
            conversation: "c",
            say: "在吗",
            code: "answered",
            intents: &[],
            vector: &[1.0, 0.0],
            upset: 0.0,
            positive: 0.0,
            after: &[],
            own: false,
            name: "",
        }
    }
}

/// A turn in a conversation.
pub(super) fn told(told: &Told<'_>) -> Observed {
    let past = |role, text: &str| PastMessage { role, text: text.to_owned() };
    let mut history: Vec<PastMessage> = told.after.iter().map(|text| past(Role::Bot, text)).collect();
    history.extend(told.own.then(|| past(Role::Customer, "在吗")));
    let customer = Customer { name: Some(told.name.to_owned()), ..Customer::default() };
    let request = Request { text: told.say.to_owned(), history, customer: Some(customer), ..Request::default() };
    let turn = Turn {
        line: 1,
        conversation: told.conversation.to_owned(),
        incoming: request.check().expect("a sound request"),
    };
    Observed::of(turn, reply(told), told.vector.to_vec())
}

/// A turn of its own, decided by this reason.
pub(super) fn asked(say: &str, code: &str, vector: &[f32]) -> Observed {
    decided(say, code, &[], vector)
}

/// As [`asked`], with intents.
pub(super) fn decided(say: &str, code: &str, intents: &[(&str, f32)], vector: &[f32]) -> Observed {
    thread_local!(static NUMBER: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    let conversation = format!("line {}", NUMBER.replace(NUMBER.get() + 1));
    told(&Told { conversation: &conversation, say, code, intents, vector, ..Told::default() })
}

/// A review without examples, for which there would have to be a catalogue.
pub(super) fn review(turns: &[Observed]) -> Review {
    let conversations = by_conversation(turns);
    Review {
        summary: Summary::of(turns, conversations.len()),
        unanswered: groups::find(turns).describe(turns),
        unhelpful: Unhelpful::of(&conversations, 0.35),
        conversations: Conversations::of(&conversations),
        examples: Vec::new(),
    }
}

fn reply(told: &Told<'_>) -> Reply {
    let decision = match told.code.split(':').next().unwrap_or_default() {
        "answered" | "closing" | "out_of_scope" => DecisionKind::Answer,
        "low_confidence" | "ambiguous" | "slot" => DecisionKind::Ask,
        _ => DecisionKind::Handoff,
    };
    let (upset, positive) = (told.upset, told.positive);
    let scores =
        EmotionScores { neutral: 1.0 - upset - positive, positive, anxiety: 0.0, disappointment: 0.0, anger: upset };
    let scored = |(id, score): &(&str, f32)| ScoredIntent { id: (*id).to_owned(), score: *score, act: None };
    let answered = told.intents.iter().filter(|_| told.code == "answered").map(|(id, _)| (*id).to_owned());
    Reply {
        conversation_id: None,
        message_id: None,
        decision,
        durable: false,
        shadow: false,
        suggestions: Vec::new(),
        supersedes: Vec::new(),
        answer: Some(Answer {
            text: "好的".to_owned(),
            lang: Language::default(),
            intents: answered.collect(),
            variant: 0,
            choices: Vec::new(),
        }),
        intents: told.intents.iter().map(scored).collect(),
        out_of_scope: 0.1,
        emotion: EmotionReading { label: Emotion::Neutral, scores, upset, intensity: 0.0, mood: Mood::Steady },
        slots: Vec::new(),
        handoff: None,
        reasons: vec![Reason { code: told.code.to_owned(), detail: String::new() }],
        model: String::new(),
        catalogue: String::new(),
        timings_us: Timings::default(),
    }
}
