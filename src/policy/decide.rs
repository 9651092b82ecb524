use super::evidence::Evidence;
use super::rules::{self, Verdict};
use crate::catalogue::{AnswerRule, Intent, Resolves, TextKey};
use crate::conversation::Holder;
use crate::facts::OrderFound;
use crate::labels::Act;
use crate::orders::Order;
use crate::reply::{DecisionKind, Reason};

/// What happens, why, and what is to be said.
pub struct Decision<'a> {
    /// What happens.
    pub kind: DecisionKind,
    /// The deciding reason first, then all others that applied, in the order of the rules.
    pub reasons: Vec<Reason>,
    /// What is to be said.
    pub outcome: Outcome<'a>,
    /// What may be chosen beside an answer.
    pub choices: Vec<&'a Intent>,
    /// The queue, for hand-offs.
    pub queue: String,
    /// Add an apology in front.
    pub apologise: bool,
    /// Take the urgent wording.
    pub hurry: bool,
    /// Offer a person at the end.
    pub offer_person: bool,
}

/// What is to be said, still without words.
pub enum Outcome<'a> {
    /// Nothing.
    Nothing,
    /// Answers of intents, together in this order.
    Answers(Vec<Plan<'a>>),
    /// The question for a slot of an intent.
    Slot(&'a Intent, &'a str),
    /// A text of the policy that asks for a slot of an intent.
    Ask(TextKey, &'a Intent, &'static str),
    /// Which of these orders of the customer's own an intent is about.
    Orders(&'a Intent, Vec<Order>),
    /// A text of the policy, then the facts that may be given beside a hand-off.
    Text(TextKey, Vec<Plan<'a>>),
    /// "Did you mean", with these choices.
    Choices(TextKey, Vec<&'a Intent>),
}

/// The answer that an intent would get.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The intent.
    pub intent: &'a Intent,
    /// The first of its answers whose condition holds.
    pub answer: &'a AnswerRule,
    /// A slot that it needs and that is not filled.
    pub missing: Option<&'a str>,
}

impl Plan<'_> {
    /// Whether it can be given at once, at low risk, without anybody's hand.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.answer.resolves != Resolves::Act && self.missing.is_none() && !self.intent.is_high_risk
    }
}

/// How likely the acts that call for a hand must be, together, for one of them to be taken. Below one half: who wants
/// something done and is told the rule has to write again; who asks about the rule and is asked for the order number
/// loses less.
const HAND: f32 = 0.4;

/// Chooses the answer of an intent.
#[must_use]
pub fn plan<'a>(intent: &'a Intent, evidence: &Evidence<'_>) -> Option<Plan<'a>> {
    let answer = answer_to(intent, act_for(intent, evidence), evidence)?;
    let missing = answer.needs.iter().map(String::as_str).find(|name| !evidence.has(name));
    Some(Plan { intent, answer, missing })
}

fn answer_to<'a>(intent: &'a Intent, act: Act, evidence: &Evidence<'_>) -> Option<&'a AnswerRule> {
    intent.answers.iter().find(|answer| applies(answer, act, evidence))
}

/// The act that an answer of this intent is chosen for: the most probable of those that call for a hand if together they are
/// likely enough, of the others if not.
fn act_for(intent: &Intent, evidence: &Evidence<'_>) -> Act {
    let needs_hand =
        |act: &Act| answer_to(intent, *act, evidence).is_some_and(|answer| answer.resolves == Resolves::Act);
    let (hand, said): (Vec<Act>, Vec<Act>) = Act::ALL.into_iter().partition(needs_hand);
    let likely: f32 = hand.iter().map(|act| evidence.likelihood(*act)).sum();
    let chosen = if said.is_empty() || (likely >= HAND && !hand.is_empty()) { hand } else { said };
    chosen.into_iter().max_by(|a, b| evidence.likelihood(*a).total_cmp(&evidence.likelihood(*b))).unwrap_or(Act::Ask)
}

fn applies(answer: &AnswerRule, act: Act, evidence: &Evidence<'_>) -> bool {
    let day = evidence.now.date();
    answer.slots.iter().all(|name| evidence.has(name))
        && (answer.acts.is_empty() || answer.acts.contains(&act))
        && (answer.emotions.is_empty() || answer.emotions.contains(&evidence.emotion.label))
        && (answer.tiers.is_empty() || evidence.tier().is_some_and(|tier| answer.tiers.iter().any(|own| own == tier)))
        && (answer.tags.is_empty() || answer.tags.iter().any(|tag| evidence.has_tag(tag)))
        && answer.flags.iter().all(|flag| evidence.holds(*flag))
        && answer.from.is_none_or(|from| from <= day)
        && answer.until.is_none_or(|until| day <= until)
}

/// Decides: the first rule that applies decides, all that apply are reported.
#[must_use]
pub fn decide<'a>(evidence: &Evidence<'a>) -> Decision<'a> {
    let view = rules::View::of(evidence);
    let mut verdicts = rules::RULES.iter().flat_map(|rule| rule(&view));
    let first = verdicts.next().unwrap_or_else(|| rules::nothing_fits(&view));
    let mut reasons = vec![first.reason.clone()];
    for verdict in verdicts {
        if reasons.iter().all(|reason| reason.code != verdict.reason.code) {
            reasons.push(verdict.reason);
        }
    }
    let Verdict { kind, outcome, choices, queue, .. } = limit_asks(first, &view, &mut reasons);
    let thresholds = evidence.catalogue.policy().thresholds;
    let tier = evidence.catalogue.policy().tier(evidence.tier());
    let answers = kind == DecisionKind::Answer && !view.is_social() && matches!(outcome, Outcome::Answers(_));
    // What was asked before and is asked again was not helped by the first answer.
    let again = answers && view.is_repeated();
    let noticed = evidence.emotion.upset >= thresholds.notice_upset;
    let anxious = evidence.emotion.scores.anxiety >= thresholds.notice_anxiety;
    if answers && noticed {
        let detail = format!("upset {:.2} ≥ {:.2}", evidence.emotion.upset, thresholds.notice_upset);
        reasons.push(Reason { code: format!("noticed:{}", evidence.emotion.label.id()), detail });
    }
    Decision {
        kind,
        reasons,
        outcome,
        choices,
        queue,
        apologise: answers && noticed,
        hurry: answers && anxious && !noticed,
        // Who waits for a person already has asked for one.
        offer_person: answers && *evidence.holder() == Holder::Bot && (noticed || tier.offer_person || again),
    }
}

/// A question back is one too many after so many in a row: a person takes over.
fn limit_asks<'a>(verdict: Verdict<'a>, view: &rules::View<'_, 'a>, reasons: &mut Vec<Reason>) -> Verdict<'a> {
    let limit = view.evidence.catalogue.policy().thresholds.asks_in_a_row;
    let asked = view.evidence.situation.state.asks;
    if verdict.kind != DecisionKind::Ask || asked < limit {
        return verdict;
    }
    // Whoever is asked once more after wrong digits has guessed.
    let guesses = view.evidence.facts.found().order == OrderFound::Wrong;
    let (code, key) = if guesses {
        (rules::ORDER_PROOF, TextKey::HandoffOrderProof)
    } else {
        ("clarify_limit", TextKey::HandoffGeneral)
    };
    let reason = Reason { code: code.into(), detail: format!("{asked} questions in a row, {limit} allowed") };
    reasons.insert(0, reason.clone());
    let outcome = Outcome::Text(key, Vec::new());
    Verdict { kind: DecisionKind::Handoff, outcome, reason, choices: Vec::new(), queue: view.queue() }
}
