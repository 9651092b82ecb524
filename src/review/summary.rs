use std::collections::BTreeMap;

use serde::Serialize;

use super::observe::Observed;
use super::share;
use crate::reply::DecisionKind;

/// How much there was, and how it was decided.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Customers' turns.
    pub turns: usize,
    /// Conversations; a line without any counts as one.
    pub conversations: usize,
    /// By decision, all four.
    pub decisions: Vec<Counted>,
    /// The deciding reasons of hand-offs, the most frequent first.
    pub handoffs: Vec<Counted>,
    /// The deciding reasons of questions back, the most frequent first.
    pub asks: Vec<Counted>,
}

/// How often something was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counted {
    /// What.
    pub name: String,
    /// How often.
    pub count: usize,
    /// Of all that it is counted among.
    pub share: f64,
}

impl Summary {
    pub(super) fn of(turns: &[Observed], conversations: usize) -> Self {
        let of_kind = |kind: DecisionKind| turns.iter().filter(move |turn| turn.reply.decision == kind);
        let kinds = [DecisionKind::Answer, DecisionKind::Ask, DecisionKind::Handoff, DecisionKind::Silent];
        let counted = |kind: DecisionKind| {
            let count = of_kind(kind).count();
            Counted { name: kind.id().to_owned(), count, share: share(count, turns.len()) }
        };
        Self {
            turns: turns.len(),
            conversations,
            decisions: kinds.map(counted).into(),
            handoffs: reasons(of_kind(DecisionKind::Handoff)),
            asks: reasons(of_kind(DecisionKind::Ask)),
        }
    }
}

fn reasons<'a>(turns: impl Iterator<Item = &'a Observed>) -> Vec<Counted> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    turns.for_each(|turn| *counts.entry(turn.reason()).or_default() += 1);
    let all: usize = counts.values().sum();
    let counted = |(name, count): (&str, usize)| Counted { name: name.to_owned(), count, share: share(count, all) };
    let mut out: Vec<Counted> = counts.into_iter().map(counted).collect();
    out.sort_by_key(|counted| std::cmp::Reverse(counted.count));
    out
}
