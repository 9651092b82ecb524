use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::groups::{Groups, Proposal, SAME, lean};
use super::observe::Observed;
use crate::catalogue::Catalogue;
use crate::text::{EntityKind, Language, Plain};

/// Examples proposed for an intent at once: what a person will still read.
const MOST: usize = 8;

/// How probable the intent must be for a text to be proposed for it: a guess is no example.
const LEAST: f32 = 0.2;

/// Shorter texts mean too many things, longer ones hold too much besides.
const LENGTH: std::ops::RangeInclusive<usize> = 3..=60;

/// Examples to add to an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examples {
    /// The intent.
    pub intent: String,
    /// In Chinese, as customers wrote them.
    pub zh: Vec<String>,
    /// In English.
    pub en: Vec<String>,
}

/// Proposes the members of groups that lean to one intent: varied ones, unlike what the catalogue has.
pub(super) fn propose(turns: &[Observed], groups: &Groups, catalogue: &Catalogue) -> Vec<Examples> {
    let known = known(catalogue);
    let mut chosen: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for members in &groups.groups {
        let Proposal::Examples { intent } = &members.proposal else { continue };
        let chosen = chosen.entry(intent).or_default();
        for at in &members.turns {
            let turn = &turns[*at];
            let is_new = chosen.iter().all(|other| turn.similarity(&turns[*other]) < SAME);
            let leans = lean(turn) == Some(intent) && turn.probability(intent) >= LEAST;
            if chosen.len() < MOST && leans && is_new && is_worth_it(turn, catalogue, &known) {
                chosen.push(*at);
            }
        }
    }
    let examples = chosen.into_iter().filter(|(_, chosen)| !chosen.is_empty()).map(|(intent, chosen)| {
        let (en, zh): (Vec<usize>, Vec<usize>) =
            chosen.into_iter().partition(|at| turns[*at].message().language() == Language::English);
        let texts = |places: Vec<usize>| places.into_iter().map(|at| line(&turns[at])).collect();
        Examples { intent: intent.to_owned(), zh: texts(zh), en: texts(en) }
    });
    examples.collect()
}

/// Near misses and tests: as examples, the first would count for both sides, the second would prove nothing.
fn known(catalogue: &Catalogue) -> HashSet<String> {
    let intents = catalogue.intents().iter();
    let texts = intents.flat_map(|intent| {
        let misses = intent.near_misses.iter().map(|miss| miss.say.as_str());
        let examples = intent.examples.iter().map(|example| example.say.as_str());
        misses.chain(examples).chain(intent.cases.iter().map(|case| case.say.as_str()))
    });
    texts.map(|text| Plain::of(text).as_str().to_owned()).collect()
}

/// Whether a text may stand in a file, and would teach something there.
fn is_worth_it(turn: &Observed, catalogue: &Catalogue, known: &HashSet<String>) -> bool {
    let (message, plain) = (turn.message(), turn.message().plain());
    let someones = |kind: EntityKind| {
        let keys = [EntityKind::Order, EntityKind::Link, EntityKind::Name, EntityKind::Address, EntityKind::Place];
        kind.is_personal() || keys.contains(&kind)
    };
    let is_like_an_example = turn.nearest.first().is_some_and(|(_, similarity)| *similarity >= SAME);
    LENGTH.contains(&plain.chars().count())
        && turn.has_words()
        && !message.entities().iter().any(|entity| someones(entity.kind))
        // What is left of a mask, such as `[数字x]`, is nothing that a customer writes.
        && !plain.contains(['[', ']', '<', '>'])
        && !turn.names_customer()
        && !known.contains(plain)
        && catalogue.exact(plain).is_none()
        && !is_like_an_example
}

fn line(turn: &Observed) -> String {
    turn.original().split_whitespace().collect::<Vec<_>>().join(" ")
}
