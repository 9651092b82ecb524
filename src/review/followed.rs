use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::observe::Observed;
use super::share;
use crate::reply::DecisionKind;

/// Turns after an answer in which the customer may come back to it.
const WITHIN: usize = 2;

/// Two messages this similar ask the same thing again.
const AGAIN: f32 = 0.8;

/// A rise of upset that shows, if it ends above the policy's `notice_upset`.
const RISE: f32 = 0.25;

/// Exchanges quoted for each intent.
const QUOTED: usize = 2;

/// Answers that did not help, as far as the turns after them tell.
#[derive(Debug, Clone, Serialize)]
pub struct Unhelpful {
    /// Turns that are answered and stand in a conversation of several turns.
    pub answered: usize,
    /// Of these, those after which the customer came back or went on to a person.
    pub unhelpful: usize,
    /// By intent, most unhelpful answers first; intents whose answers all helped are left out.
    pub intents: Vec<Helped>,
}

/// How the answers of one intent fared.
#[derive(Debug, Clone, Serialize)]
pub struct Helped {
    /// The intent.
    pub intent: String,
    /// Turns that it answers.
    pub answered: usize,
    /// Of these, asked again.
    pub repeated: usize,
    /// Of these, followed by a complaint, by upset, or by the wish for a person.
    pub escalated: usize,
    /// Repeated or escalated, of all answered.
    pub share: f64,
    /// The worst exchanges.
    pub worst: Vec<Exchange>,
}

/// An answer and what came after it.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// The conversation.
    pub conversation: String,
    /// What the customer asked.
    pub asked: String,
    /// What the catalogue of today says to it.
    pub says: Option<String>,
    /// What was said at the time.
    pub heard: Option<String>,
    /// What the customer wrote next.
    pub then: String,
    /// Why that counts: `repeated`, or the reason of the hand-off, or `upset`.
    pub why: String,
}

/// What an answer led to.
struct Sequel<'t> {
    answer: &'t Observed,
    next: &'t Observed,
    escalates: bool,
    why: String,
}

impl Unhelpful {
    /// `notice_upset` is the policy's.
    pub(super) fn of(conversations: &[Vec<&Observed>], notice_upset: f32) -> Self {
        let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sequels: BTreeMap<&str, Vec<Sequel<'_>>> = BTreeMap::new();
        // A message alone does not tell what came of it.
        for turns in conversations.iter().filter(|turns| turns.len() > 1) {
            for (at, turn) in turns.iter().enumerate() {
                let Some(intent) = turn.answered() else { continue };
                *answered.entry(intent).or_default() += 1;
                if let Some(sequel) = sequel(turn, &turns[at + 1..], intent, notice_upset) {
                    sequels.entry(intent).or_default().push(sequel);
                }
            }
        }
        let mut intents: Vec<Helped> = sequels
            .into_iter()
            .map(|(intent, sequels)| Helped::of(intent, answered.get(intent).copied().unwrap_or_default(), sequels))
            .collect();
        intents.sort_by_key(|helped| std::cmp::Reverse(helped.repeated + helped.escalated));
        Self {
            answered: answered.values().sum(),
            unhelpful: intents.iter().map(|helped| helped.repeated + helped.escalated).sum(),
            intents,
        }
    }
}

impl Helped {
    fn of(intent: &str, answered: usize, mut sequels: Vec<Sequel<'_>>) -> Self {
        let escalated = sequels.iter().filter(|sequel| sequel.escalates).count();
        let repeated = sequels.len() - escalated;
        let upset = |sequel: &Sequel<'_>| sequel.next.reply.emotion.upset;
        sequels.sort_by(|a, b| b.escalates.cmp(&a.escalates).then_with(|| upset(b).total_cmp(&upset(a))));
        // One of each conversation.
        let mut seen = BTreeSet::new();
        let others = sequels.iter().filter(|sequel| seen.insert(sequel.answer.conversation()));
        let worst = others.take(QUOTED).map(Sequel::quote).collect();
        let share = share(repeated + escalated, answered);
        Self { intent: intent.to_owned(), answered, repeated, escalated, share, worst }
    }
}

/// What the next turns make of an answer, if they do not take it well.
fn sequel<'t>(answer: &'t Observed, rest: &[&'t Observed], intent: &str, notice_upset: f32) -> Option<Sequel<'t>> {
    // What was written before anybody replied says nothing of the reply.
    let after = rest.iter().skip_while(|turn| turn.continues_burst()).take(WITHIN);
    let mut repeated = None;
    for next in after {
        if let Some(why) = escalation(answer, next, notice_upset) {
            return Some(Sequel { answer, next, escalates: true, why });
        }
        let again = next.topic() == Some(intent) || (next.has_words() && answer.similarity(next) >= AGAIN);
        if again && repeated.is_none() {
            repeated = Some(Sequel { answer, next, escalates: false, why: "repeated".to_owned() });
        }
    }
    repeated
}

/// Why a turn shows that the customer was driven to a person.
fn escalation(answer: &Observed, next: &Observed, notice_upset: f32) -> Option<String> {
    let code = next.reason();
    let wants_out = ["user_request", "complaint", "not_helped", "mood"].contains(&code) || code.starts_with("emotion:");
    if next.reply.decision == DecisionKind::Handoff && wants_out {
        return Some(code.to_owned());
    }
    let (before, now) = (answer.reply.emotion.upset, next.reply.emotion.upset);
    (now >= notice_upset && now - before >= RISE).then(|| "upset".to_owned())
}

impl Sequel<'_> {
    fn quote(&self) -> Exchange {
        Exchange {
            conversation: self.answer.conversation().to_owned(),
            asked: self.answer.quote(),
            says: self.answer.says(),
            heard: self.next.heard(),
            then: self.next.quote(),
            why: self.why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::by_conversation;
    use crate::review::sample::{Told, told};

    /// What becomes of one answered turn.
    fn found(turns: &[Told]) -> Vec<(usize, usize, String)> {
        let turns: Vec<Observed> = turns.iter().map(told).collect();
        let unhelpful = Unhelpful::of(&by_conversation(&turns), 0.35);
        let why = |helped: &Helped| helped.worst.iter().map(|worst| worst.why.clone()).collect::<Vec<_>>().join(",");
        unhelpful.intents.iter().map(|helped| (helped.repeated, helped.escalated, why(helped))).collect()
    }

    #[test]
    fn an_answer_helped_unless_the_customer_comes_back() {
        let asks = Told { say: "运费多少", code: "answered", intents: &[("shipping_fee", 0.9)], ..Told::default() };
        let other = Told {
            say: "发票呢",
            code: "answered",
            intents: &[("invoice", 0.9)],
            vector: &[0.0, 1.0],
            after: &["15 元"],
            ..Told::default()
        };
        let again = Told { after: &["15 元"], ..asks.clone() };
        let alike = Told { code: "low_confidence", intents: &[], ..again.clone() };
        let person = Told { code: "user_request", intents: &[], vector: &[0.0, 1.0], ..again.clone() };
        let upset = Told { code: "closing", intents: &[], upset: 0.5, vector: &[0.0, 1.0], ..again.clone() };
        let thanks = Told { code: "closing", intents: &[], vector: &[0.0, 1.0], ..again.clone() };
        let elsewhere = Told { conversation: "d", ..again.clone() };
        let repeated = vec![(1, 0, "repeated".to_owned())];
        for (what, turns, expected) in [
            ("alone", vec![asks.clone()], vec![]),
            ("another topic", vec![asks.clone(), other.clone()], vec![]),
            ("the same again", vec![asks.clone(), again.clone()], repeated.clone()),
            ("the same words", vec![asks.clone(), alike], repeated.clone()),
            ("two turns later", vec![asks.clone(), other.clone(), again.clone()], repeated),
            ("three turns later", vec![asks.clone(), thanks.clone(), thanks, again], vec![]),
            ("a burst before any reply", vec![asks.clone(), Told { own: true, ..asks.clone() }], vec![]),
            ("a person", vec![asks.clone(), person.clone()], vec![(0, 1, "user_request".to_owned())]),
            ("upset", vec![asks.clone(), upset.clone()], vec![(0, 1, "upset".to_owned())]),
            ("upset before", vec![Told { upset: 0.45, ..asks.clone() }, upset], vec![]),
            ("elsewhere", vec![asks.clone(), elsewhere], vec![]),
        ] {
            assert_eq!(found(&turns), expected, "{what}");
        }
    }
}
