use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;
use serde::Serialize;

use super::cluster::cluster;
use super::observe::Observed;
use super::share;

/// How similar the parts of a group must be on average. Read off groups of real messages: from 0.6 on, what a person would
/// put together falls apart; below 0.5, shipping and returning come together.
const ALIKE: f32 = 0.52;

/// Distinct texts that are grouped at once: the square of it is held in memory. The others join the nearest group.
const AT_ONCE: usize = 6_000;

/// Turns from which a group is worth a look.
const LEAST: usize = 3;

/// Members quoted beside the one in the middle.
const QUOTED: usize = 5;

/// Two texts this similar say the same in the same words: one of them is enough to quote or to propose.
pub(super) const SAME: f32 = 0.9;

/// The share of a group from which it leans to an intent, and how probable that intent must be on average.
const LEANS: (f64, f64) = (0.5, 0.2);

/// The share from which an intent is the second of two that a group stands between.
const SECOND: f64 = 0.25;

/// How probable the intents that a group leans to must be together for it to lie near what is known.
const NEAR: f64 = 0.5;

/// How sure it must be on average that a group is none of the catalogue's to call it foreign to a shop.
const FOREIGN: f64 = 0.6;

/// Characters up to which a message may mean little by itself: 怎么申请, 什么意思.
const SHORT: usize = 5;

/// What was asked and not answered for want of knowing.
#[derive(Debug, Clone, Serialize)]
pub struct Unanswered {
    /// Turns.
    pub turns: usize,
    /// Of these, nothing but numbers, names, links or signs: not grouped.
    pub wordless: usize,
    /// Groups of three turns and more, the biggest first.
    pub groups: Vec<Group>,
    /// Turns in no such group.
    pub alone: usize,
}

/// Messages that ask alike.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// How often it was asked.
    pub turns: usize,
    /// In how many conversations.
    pub conversations: usize,
    /// The message in the middle.
    pub says: String,
    /// Further ones, not too much like it.
    pub also: Vec<String>,
    /// The intents that the members lean to, most first.
    pub leans: Vec<Lean>,
    /// The probability of being none of the catalogue's intents, on average.
    pub out_of_scope: f64,
    /// What to do about it.
    pub proposal: Proposal,
}

/// The part of a group that leans to an intent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lean {
    /// The intent.
    pub intent: String,
    /// The share of the group.
    pub share: f64,
    /// How probable the intent is, on average over the whole group.
    pub probability: f64,
}

/// What to do about a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proposal {
    /// Most members lean to one intent: it lacks such examples.
    Examples {
        /// The intent.
        intent: String,
    },
    /// Two intents share them: near misses, or siblings.
    Between {
        /// The one that more lean to.
        first: String,
        /// The other.
        second: String,
    },
    /// Far from everything known, and so short that what was said before may have to tell what it means.
    Little,
    /// Far from everything known.
    NewIntent,
    /// Nothing that a shop is asked.
    Foreign,
}

/// Groups, as places in the list of turns.
pub(super) struct Groups {
    turns: usize,
    wordless: usize,
    /// The biggest first; the members by closeness to the middle, the closest first.
    pub(super) groups: Vec<Members>,
}

/// A group and where it leans.
pub(super) struct Members {
    /// Places of the turns, by closeness to the middle.
    pub(super) turns: Vec<usize>,
    leans: Vec<Lean>,
    out_of_scope: f64,
    pub(super) proposal: Proposal,
}

/// Groups what was not answered for want of knowing. The groups do not depend on the order of the turns.
pub(super) fn find(turns: &[Observed]) -> Groups {
    let unknown: Vec<usize> = (0..turns.len()).filter(|at| turns[*at].is_unknown()).collect();
    // Equal texts count once; sorted, so that it does not matter who asked first.
    let mut texts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in unknown.iter().filter(|at| turns[**at].has_words()) {
        texts.entry(turns[*at].message().plain()).or_default().push(*at);
    }
    let wordless = unknown.len() - texts.values().map(Vec::len).sum::<usize>();
    let mut texts: Vec<Vec<usize>> = texts.into_values().collect();
    // What was said most often is grouped first; the sort is stable.
    texts.sort_by_key(|places| std::cmp::Reverse(places.len()));
    let mut groups: Vec<Members> = gather(turns, &texts, AT_ONCE)
        .into_iter()
        .filter(|places| places.len() >= LEAST)
        .map(|places| Members::of(turns, places))
        .collect();
    groups.sort_by(|a, b| {
        let text = |members: &Members| turns[members.turns[0]].message().plain();
        b.turns.len().cmp(&a.turns.len()).then_with(|| text(a).cmp(text(b)))
    });
    Groups { turns: unknown.len(), wordless, groups }
}

/// The places of the turns of each group.
fn gather(turns: &[Observed], texts: &[Vec<usize>], at_once: usize) -> Vec<Vec<usize>> {
    let vector = |places: &Vec<usize>| &turns[places[0]].vector;
    let dimensions = texts.first().map_or(0, |places| vector(places).len());
    let first = &texts[..texts.len().min(at_once)];
    let mut rows = Array2::zeros((first.len(), dimensions));
    for (mut row, places) in rows.rows_mut().into_iter().zip(first) {
        row.iter_mut().zip(vector(places)).for_each(|(to, from)| *to = *from);
    }
    let mut groups: Vec<Vec<usize>> = cluster(rows.view(), ALIKE)
        .into_iter()
        .map(|group| group.into_iter().flat_map(|text| first[text].iter().copied()).collect())
        .collect();
    let middles: Vec<Vec<f32>> = groups.iter().map(|group| middle(turns, group)).collect();
    for places in texts.iter().skip(at_once) {
        let near = middles.iter().map(|middle| dot(middle, vector(places))).enumerate();
        match near.max_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((group, similarity)) if similarity >= ALIKE => groups[group].extend(places),
            _ => groups.push(places.clone()),
        }
    }
    groups
}

/// The mean of the vectors, as long as one.
fn middle(turns: &[Observed], places: &[usize]) -> Vec<f32> {
    let mut sum = vec![0.0_f32; places.first().map_or(0, |place| turns[*place].vector.len())];
    for place in places {
        sum.iter_mut().zip(&turns[*place].vector).for_each(|(sum, value)| *sum += value);
    }
    let length = dot(&sum, &sum).sqrt().max(f32::MIN_POSITIVE);
    sum.iter_mut().for_each(|value| *value /= length);
    sum
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Members {
    fn of(turns: &[Observed], mut places: Vec<usize>) -> Self {
        let middle = middle(turns, &places);
        places.sort_by(|a, b| {
            let near = |at: &usize| dot(&turns[*at].vector, &middle);
            let text = |at: &usize| turns[*at].message().plain();
            near(b).total_cmp(&near(a)).then_with(|| text(a).cmp(text(b))).then_with(|| a.cmp(b))
        });
        let leans = leans(turns, &places);
        let out_of_scope = mean(&places, |at| turns[at].reply.out_of_scope);
        let mut lengths: Vec<usize> = places.iter().map(|at| turns[*at].message().plain().chars().count()).collect();
        lengths.sort_unstable();
        let proposal = proposal(&leans, out_of_scope, lengths[lengths.len() / 2]);
        Self { turns: places, leans, out_of_scope, proposal }
    }
}

/// The intents that members lean to, most first.
fn leans(turns: &[Observed], places: &[usize]) -> Vec<Lean> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for intent in places.iter().filter_map(|at| lean(&turns[*at])) {
        *counts.entry(intent).or_default() += 1;
    }
    let lean = |(intent, count): (&str, usize)| Lean {
        intent: intent.to_owned(),
        share: share(count, places.len()),
        probability: mean(places, |at| turns[at].probability(intent)),
    };
    let mut leans: Vec<Lean> = counts.into_iter().map(lean).collect();
    leans.sort_by(|a, b| (b.share, b.probability).partial_cmp(&(a.share, a.probability)).unwrap_or(Ordering::Equal));
    leans
}

#[expect(clippy::cast_precision_loss, reason = "a count of messages")]
fn mean(places: &[usize], value: impl Fn(usize) -> f32) -> f64 {
    places.iter().map(|at| f64::from(value(*at))).sum::<f64>() / places.len().max(1) as f64
}

/// The intent that a turn leans to: its best, unless being none of them is more probable and the nearest example says
/// something else.
pub(super) fn lean(turn: &Observed) -> Option<&str> {
    let best = turn.best()?;
    let nearest = turn.nearest.first().map(|(intent, _)| intent.as_str());
    (best.score >= turn.reply.out_of_scope || nearest == Some(best.id.as_str())).then_some(best.id.as_str())
}

fn proposal(leans: &[Lean], out_of_scope: f64, length: usize) -> Proposal {
    let (share, probability) = LEANS;
    let together: f64 = leans.iter().map(|lean| lean.probability).sum();
    match leans {
        [first, ..] if first.share >= share && first.probability >= probability => {
            Proposal::Examples { intent: first.intent.clone() }
        }
        [first, second, ..]
            if together >= NEAR
                || (second.share >= SECOND && first.share + second.share >= share && together >= probability) =>
        {
            Proposal::Between { first: first.intent.clone(), second: second.intent.clone() }
        }
        _ if out_of_scope >= FOREIGN => Proposal::Foreign,
        _ if length <= SHORT => Proposal::Little,
        _ => Proposal::NewIntent,
    }
}

impl Groups {
    /// For people.
    pub(super) fn describe(&self, turns: &[Observed]) -> Unanswered {
        let grouped: usize = self.groups.iter().map(|members| members.turns.len()).sum();
        Unanswered {
            turns: self.turns,
            wordless: self.wordless,
            groups: self.groups.iter().map(|members| describe(turns, members)).collect(),
            alone: self.turns - self.wordless - grouped,
        }
    }
}

fn describe(turns: &[Observed], members: &Members) -> Group {
    let conversations: BTreeSet<&str> = members.turns.iter().map(|at| turns[*at].conversation()).collect();
    let mut quotes = varied(turns, &members.turns, QUOTED + 1).into_iter().map(|at| turns[at].quote());
    Group {
        turns: members.turns.len(),
        conversations: conversations.len(),
        says: quotes.next().unwrap_or_default(),
        also: quotes.collect(),
        leans: members.leans.iter().take(3).cloned().collect(),
        out_of_scope: members.out_of_scope,
        proposal: members.proposal.clone(),
    }
}

/// The first, then those that are not too much like one taken before.
pub(super) fn varied(turns: &[Observed], places: &[usize], most: usize) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    for at in places {
        if out.iter().all(|other| turns[*at].similarity(&turns[*other]) < SAME) {
            out.push(*at);
        }
        if out.len() == most {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::sample::{asked, decided};

    /// Three topics in three directions, and one message apart.
    fn turns() -> Vec<Observed> {
        let mut turns = Vec::new();
        for (say, direction) in [
            ("能刻字吗", [1.0, 0.0, 0.0, 0.0]),
            ("刻字要加钱么", [0.9, 0.1, 0.0, 0.0]),
            ("可以刻个名字不", [0.9, 0.0, 0.2, 0.0]),
            ("能刻字吗", [1.0, 0.0, 0.0, 0.0]),
            ("有门店没", [0.0, 1.0, 0.0, 0.0]),
            ("门店几点开", [0.1, 0.9, 0.0, 0.0]),
            ("附近门店在哪", [0.0, 0.9, 0.1, 0.0]),
            ("招人不", [0.0, 0.0, 1.0, 0.0]),
            ("12345", [0.0, 0.0, 0.0, 1.0]),
        ] {
            turns.push(asked(say, "low_confidence", &direction));
        }
        turns.push(asked("运费多少", "slot:region", &[1.0, 0.0, 0.0, 0.0]));
        turns
    }

    #[test]
    fn what_was_not_known_is_grouped_the_biggest_first() {
        let turns = turns();
        let found = find(&turns).describe(&turns);
        assert_eq!((found.turns, found.wordless, found.alone), (9, 1, 1));
        let groups: Vec<(usize, &str, usize)> =
            found.groups.iter().map(|group| (group.turns, group.says.as_str(), group.also.len())).collect();
        assert_eq!(groups, [(4, "能刻字吗", 0), (3, "有门店没", 0)], "what is almost the same is quoted once");
        assert_eq!(found.groups[0].conversations, 4);
    }

    #[test]
    fn the_order_on_record_does_not_matter() {
        let mut turns = turns();
        let before = serde_json::to_value(find(&turns).describe(&turns)).unwrap();
        turns.reverse();
        assert_eq!(serde_json::to_value(find(&turns).describe(&turns)).unwrap(), before);
        turns.rotate_left(4);
        assert_eq!(serde_json::to_value(find(&turns).describe(&turns)).unwrap(), before);
    }

    #[test]
    fn what_is_too_much_at_once_joins_the_nearest_group() {
        let turns = turns();
        let texts = [vec![0, 3], vec![4], vec![1], vec![2], vec![5], vec![7]];
        assert_eq!(gather(&turns, &texts, 2), [vec![0, 3, 1, 2], vec![4, 5], vec![7]]);
    }

    #[test]
    fn nothing_gives_nothing() {
        let found = find(&[]).describe(&[]);
        assert_eq!((found.turns, found.groups.len(), found.alone), (0, 0, 0));
    }

    #[test]
    fn what_to_do_follows_from_where_a_group_leans() {
        let lean = |intent: &str, share, probability| Lean { intent: intent.to_owned(), share, probability };
        let examples = |intent: &str| Proposal::Examples { intent: intent.to_owned() };
        let between = Proposal::Between { first: "price".to_owned(), second: "coupon".to_owned() };
        for (leans, out_of_scope, length, expected) in [
            (vec![lean("price", 0.7, 0.5)], 0.1, 8, examples("price")),
            (vec![lean("price", 0.7, 0.5), lean("coupon", 0.3, 0.3)], 0.1, 8, examples("price")),
            (vec![lean("price", 0.4, 0.3), lean("coupon", 0.4, 0.3)], 0.1, 8, between.clone()),
            (vec![lean("price", 0.3, 0.2), lean("coupon", 0.25, 0.2)], 0.1, 8, between),
            (vec![lean("price", 0.9, 0.1)], 0.1, 8, Proposal::NewIntent),
            (vec![lean("price", 0.2, 0.1)], 0.1, 4, Proposal::Little),
            (vec![], 0.7, 4, Proposal::Foreign),
            (vec![], 0.4, 8, Proposal::NewIntent),
        ] {
            assert_eq!(proposal(&leans, out_of_scope, length), expected, "{leans:?}");
        }
    }

    #[test]
    fn a_turn_leans_to_its_best_intent_unless_it_is_foreign() {
        let mut turn = decided("多少钱", "low_confidence", &[("price", 0.3)], &[1.0]);
        assert_eq!(lean(&turn), Some("price"));
        turn.reply.out_of_scope = 0.6;
        assert_eq!(lean(&turn), None);
        turn.nearest = vec![("price".to_owned(), 0.7)];
        assert_eq!(lean(&turn), Some("price"));
    }
}
