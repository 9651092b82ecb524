//! What would have changed a decision. The decision is a pure function, so it can be asked again with one thing moved.

use std::fmt;

use serde::Serialize;

use super::decide::{Decision, Outcome, decide};
use super::evidence::Evidence;
use crate::labels::{Act, COMPLAINT, Emotion, HUMAN_AGENT};
use crate::reply::{DecisionKind, EmotionReading};
use crate::slots;

/// How many changes are told, at most.
const TOLD: usize = 3;

/// How many intents, the most probable first, are moved.
const INTENTS: usize = 3;

/// Probabilities are moved between this and its complement.
const LEAST: f32 = 1e-4;

/// Changes farther than this on the logit scale are none that anybody would call small: 0.01 to 0.80.
const FARTHEST: f32 = 6.0;

/// How far each step of the search goes on the logit scale, where 0.50 to 0.56 is as far as 0.96 to 0.97.
const STRIDE: f32 = 0.25;

/// Halvings of a step: leaves less than 0.0005 of a probability.
const HALVINGS: usize = 10;

/// One thing that, were it otherwise, would have led to another decision or another deciding reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What would be otherwise.
    #[serde(flatten)]
    pub what: What,
    /// What would happen.
    pub decision: DecisionKind,
    /// The reason that would decide.
    pub reason: String,
    /// The intents that would be answered, or that the question would be for.
    pub intents: Vec<String>,
}

impl Change {
    /// Whether the same kind of thing would lead to the same.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.what) == std::mem::discriminant(&other.what)
            && (self.decision, &self.reason, &self.intents) == (other.decision, &other.reason, &other.intents)
    }
}

/// What would be otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// The probability of an intent.
    Intent {
        /// Its id.
        id: String,
        /// As it is.
        from: f32,
        /// As it would have to be.
        to: f32,
    },
    /// The probability of being none of the catalogue's intents.
    OutOfScope {
        /// As it is.
        from: f32,
        /// As it would have to be.
        to: f32,
    },
    /// P(anger) + P(disappointment).
    Upset {
        /// As it is.
        from: f32,
        /// As it would have to be.
        to: f32,
    },
    /// P(anxiety).
    Anxiety {
        /// As it is.
        from: f32,
        /// As it would have to be.
        to: f32,
    },
    /// The probability of an act.
    Act {
        /// The act.
        act: Act,
        /// As it is.
        from: f32,
        /// As it would have to be.
        to: f32,
    },
    /// A slot that is not known.
    Slot {
        /// Its name.
        name: &'static str,
        /// A value that it could have.
        value: &'static str,
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, from, to) = match self {
            Self::Slot { name, value } => return write!(f, "with the {} (e.g. {value})", name.replace('_', " ")),
            Self::Intent { id, from, to } => (id.clone(), from, to),
            Self::OutOfScope { from, to } => ("out of scope".to_owned(), from, to),
            Self::Upset { from, to } => ("upset".to_owned(), from, to),
            Self::Anxiety { from, to } => ("anxiety".to_owned(), from, to),
            Self::Act { act, from, to } => (format!("act {}", act.id()), from, to),
        };
        // Two digits, unless they would hide the difference or the distance to certainty.
        let shown = |digits: usize| [format!("{from:.digits$}"), format!("{to:.digits$}")];
        let tells = |[from, to]: &[String; 2]| from != to && to.parse().is_ok_and(|to: f32| to > 0.0 && to < 1.0);
        let [from, to] = (2..4).map(shown).find(tells).unwrap_or_else(|| shown(4));
        write!(f, "with {name} at {to} instead of {from}")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, reason) = (&self.what, &self.reason);
        let intents = self.intents.join(" + ");
        match self.decision {
            DecisionKind::Answer if reason == "answered" => write!(f, "{what} it would be answered as {intents}"),
            DecisionKind::Answer => write!(f, "{what} it would be answered ({reason})"),
            DecisionKind::Ask => match reason.strip_prefix("slot:") {
                Some(slot) => write!(f, "{what} it would ask for the {} ({intents})", slot.replace('_', " ")),
                None => write!(f, "{what} it would ask back ({reason})"),
            },
            DecisionKind::Handoff => write!(f, "{what} a person would get it ({reason})"),
            DecisionKind::Silent => write!(f, "{what} nothing would be said ({reason})"),
        }
    }
}

/// The smallest changes of one thing at a time that would have led to another decision, another deciding reason, or an
/// answer to another intent: one to three, or none where nothing of the kind would. A slot that the customer could
/// have told comes first, then scores by their distance on the logit scale. Where a lead's own example or pattern
/// settles the intent (`is_settled`), the scores of intents are no matter of degree and are not moved.
#[must_use]
pub fn changes(evidence: &Evidence<'_>, is_settled: bool) -> Vec<Change> {
    let now = Outline::of(&decide(evidence));
    let mut out: Vec<Change> = slots::NAMES.into_iter().filter_map(|name| with_slot(evidence, name, &now)).collect();
    out.truncate(TOLD);
    let mut moved = by_distance(evidence, &knobs(evidence, is_settled), &now);
    moved.truncate(TOLD - out.len());
    out.extend(moved);
    out
}

/// What counts as the same decision: not its wording, nor which choices are offered.
#[derive(Clone, PartialEq)]
struct Outline {
    kind: DecisionKind,
    reason: String,
    intents: Vec<String>,
}

impl Outline {
    fn of(decision: &Decision<'_>) -> Self {
        let reason = decision.reasons.first().map(|reason| reason.code.clone()).unwrap_or_default();
        let intents = match &decision.outcome {
            Outcome::Answers(plans) if reason == "answered" => {
                plans.iter().map(|plan| plan.intent.id.clone()).collect()
            }
            Outcome::Slot(intent, _) => vec![intent.id.clone()],
            _ => Vec::new(),
        };
        Self { kind: decision.kind, reason, intents }
    }

    fn with(self, what: What) -> Change {
        Change { what, decision: self.kind, reason: self.reason, intents: self.intents }
    }
}

fn with_slot(evidence: &Evidence<'_>, name: &'static str, now: &Outline) -> Option<Change> {
    if evidence.slots.has(name) {
        return None;
    }
    let (slots, value) = evidence.slots.with_sample(name)?;
    let then = Outline::of(&decide(&evidence.with_slots(slots)));
    (then != *now).then(|| then.with(What::Slot { name, value }))
}

/// A number of the evidence that can be moved.
#[derive(Clone, Copy)]
enum Knob {
    /// An intent, by its index in the catalogue.
    Intent(usize),
    OutOfScope,
    Upset,
    Anxiety,
    Act(Act),
}

fn knobs(evidence: &Evidence<'_>, is_settled: bool) -> Vec<Knob> {
    let emotion = [Knob::Upset, Knob::Anxiety];
    let acts = Act::ALL.into_iter().map(Knob::Act);
    let mut out: Vec<Knob> = emotion.into_iter().chain(acts).collect();
    if !is_settled {
        // These two act however low they stand in the list.
        let acts_alone = |id: &str| [HUMAN_AGENT, COMPLAINT].contains(&id);
        let topics = evidence.topics.iter().enumerate();
        let worth = topics.filter(|(at, topic)| *at < INTENTS || acts_alone(&topic.intent.id));
        out.extend(worth.map(|(_, topic)| Knob::Intent(topic.score.intent)));
        out.push(Knob::OutOfScope);
    }
    out
}

impl Knob {
    fn value(self, evidence: &Evidence<'_>) -> f32 {
        match self {
            Self::Intent(intent) => {
                let topic = evidence.topics.iter().find(|topic| topic.score.intent == intent);
                topic.map_or(0.0, |topic| topic.score.probability)
            }
            Self::OutOfScope => evidence.out_of_scope,
            Self::Upset => evidence.emotion.upset,
            Self::Anxiety => evidence.emotion.scores.anxiety,
            Self::Act(act) => evidence.likelihood(act),
        }
    }

    /// The evidence with this number moved. What shares a sum of one with it makes room in proportion.
    fn moved<'a>(self, evidence: &Evidence<'a>, to: f32) -> Evidence<'a> {
        let mut out = evidence.clone();
        match self {
            Self::Intent(intent) => {
                if let Some(topic) = out.topics.iter_mut().find(|topic| topic.score.intent == intent) {
                    topic.score.probability = to;
                }
                out.topics.sort_by(|a, b| b.score.probability.total_cmp(&a.score.probability));
            }
            Self::OutOfScope => out.out_of_scope = to,
            Self::Upset => {
                out.emotion = felt(&out.emotion, &[Emotion::Disappointment, Emotion::Anger], to, &Emotion::ALL);
                // Exactly: a sum of two may fall short of a threshold by its last bit.
                out.emotion.upset = to;
            }
            Self::Anxiety => {
                // Who worries more is not less upset for it: the calm emotions make room.
                let calm = [Emotion::Neutral, Emotion::Positive, Emotion::Anxiety];
                out.emotion = felt(&out.emotion, &[Emotion::Anxiety], to, &calm);
                out.emotion.upset = evidence.emotion.upset;
            }
            Self::Act(act) => share(&mut out.acts, &[act as usize], to, &[0, 1, 2, 3]),
        }
        out
    }

    /// Up and down. Acts are only raised: one that falls raises the others, and it is not said which.
    fn ways(self) -> &'static [f32] {
        if matches!(self, Self::Act(_)) { &[1.0] } else { &[1.0, -1.0] }
    }

    fn what(self, evidence: &Evidence<'_>, to: f32) -> What {
        let from = self.value(evidence);
        match self {
            Self::Intent(intent) => {
                let topic = evidence.topics.iter().find(|topic| topic.score.intent == intent);
                What::Intent { id: topic.map(|topic| topic.intent.id.clone()).unwrap_or_default(), from, to }
            }
            Self::OutOfScope => What::OutOfScope { from, to },
            Self::Upset => What::Upset { from, to },
            Self::Anxiety => What::Anxiety { from, to },
            Self::Act(act) => What::Act { act, from, to },
        }
    }
}

/// How a customer feels for whom some of the emotions have this probability together, and others of a group less.
fn felt(reading: &EmotionReading, which: &[Emotion], to: f32, group: &[Emotion]) -> EmotionReading {
    let scores = reading.scores;
    let mut shares = [scores.neutral, scores.positive, scores.anxiety, scores.disappointment, scores.anger];
    let places = |emotions: &[Emotion]| emotions.iter().map(|emotion| *emotion as usize).collect::<Vec<_>>();
    share(&mut shares, &places(which), to, &places(group));
    EmotionReading { intensity: reading.intensity, ..EmotionReading::of(shares, 0.0) }
}

/// Gives some shares a new sum, and the rest of their group what is left of the group's; both keep their proportions.
fn share(shares: &mut [f32], which: &[usize], to: f32, group: &[usize]) {
    let rest: Vec<usize> = group.iter().copied().filter(|at| !which.contains(at)).collect();
    let whole: f32 = group.iter().map(|at| shares[*at]).sum();
    for (part, goal) in [(which, to), (&rest, (whole - to).max(0.0))] {
        let sum: f32 = part.iter().map(|at| shares[*at]).sum();
        #[expect(clippy::cast_precision_loss, reason = "five at most")]
        let even = goal / part.len().max(1) as f32;
        for at in part {
            shares[*at] = if sum > f32::EPSILON { shares[*at] / sum * goal } else { even };
        }
    }
}

/// All numbers are moved outwards together, a step at a time, so that the search ends once the nearest changes are
/// known. Of several that are alike, such as each of three intents that would be offered as a choice, the nearest is kept.
fn by_distance(evidence: &Evidence<'_>, knobs: &[Knob], now: &Outline) -> Vec<Change> {
    let mut open = knobs.to_vec();
    let mut out: Vec<Change> = Vec::new();
    let mut step = 0.0;
    while step < FARTHEST && out.len() < TOLD {
        let mut found: Vec<(f32, Change)> = Vec::new();
        open.retain(|knob| {
            let start = logit(knob.value(evidence));
            let ways = knob.ways().iter();
            let changes = ways.filter_map(|way| first_change(evidence, (*knob, now), (start, step, *way)));
            let nearest = changes.min_by(|a, b| a.0.total_cmp(&b.0));
            let is_open = nearest.is_none();
            found.extend(nearest);
            is_open
        });
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, change) in found {
            if !out.iter().any(|known| known.is_like(&change)) {
                out.push(change);
            }
        }
        step += STRIDE;
    }
    out
}

/// Where, within one step from `start` on in one direction, the decision changes, and how far that is.
fn first_change(
    evidence: &Evidence<'_>,
    (knob, now): (Knob, &Outline),
    (start, step, way): (f32, f32, f32),
) -> Option<(f32, Change)> {
    let outline = |value: f32| Outline::of(&decide(&knob.moved(evidence, value)));
    let at = |distance: f32| probability(start + way * distance);
    let (mut same, mut other) = (step, step + STRIDE);
    let mut then = outline(at(other));
    if then == *now {
        return None;
    }
    for _ in 0..HALVINGS {
        let middle = f32::midpoint(same, other);
        let there = outline(at(middle));
        if there == *now {
            same = middle;
        } else {
            (other, then) = (middle, there);
        }
    }
    // A round number reads better, where it does the same.
    let exact = at(other);
    let outwards = if way > 0.0 { (exact * 100.0).ceil() } else { (exact * 100.0).floor() };
    let round = [(exact * 100.0).round(), outwards].map(|hundredths| hundredths / 100.0);
    let is_same = |value: &f32| *value > 0.0 && *value < 1.0 && outline(*value) == then;
    let to = round.into_iter().find(is_same).unwrap_or(exact);
    Some((other, then.with(knob.what(evidence, to))))
}

fn logit(probability: f32) -> f32 {
    let probability = probability.clamp(LEAST, 1.0 - LEAST);
    (probability / (1.0 - probability)).ln()
}

fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
