//! One label against another: accuracy, precision, recall, F1 and confusion.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::estimate::{Estimate, ratio};

/// How well one label per row was told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Classification {
    /// The share of rows told rightly.
    pub accuracy: Estimate,
    /// The mean F1 of the labels that occur in the gold; the others have no recall and are left out.
    pub macro_f1: Estimate,
    /// How many labels that mean is over.
    pub macro_labels: usize,
    /// Each label of the gold or the predictions, the most frequent in the gold first.
    pub labels: Vec<LabelFigures>,
    /// What was taken for what, the most frequent first.
    pub confusion: Vec<Confusion>,
}

/// How well one label was told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelFigures {
    /// The label.
    pub label: String,
    /// Of the rows predicted as it, the share that are; null if none was.
    pub precision: Option<f64>,
    /// Of the rows that are it, the share predicted as it; null if none is.
    pub recall: Option<f64>,
    /// Their harmonic mean; null if no row is it.
    pub f1: Option<f64>,
    /// Rows that are it: the n of the recall.
    pub support: usize,
    /// Rows predicted as it: the n of the precision.
    pub predicted: usize,
}

/// How often one label was taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// What it is.
    pub gold: String,
    /// What it was taken for.
    pub predicted: String,
    /// In how many rows.
    pub n: usize,
}

/// Counts of one label.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    support: u32,
    predicted: u32,
    hits: u32,
}

impl Tally {
    fn f1(self) -> Option<f64> {
        // 2PR / (P + R) in counts, which stays defined when nothing was predicted.
        ratio(2 * self.hits, self.support + self.predicted).filter(|_| self.support > 0)
    }
}

/// Compares pairs of gold and predicted label.
pub(super) fn classify(pairs: &[(&str, &str)]) -> Classification {
    let names: Vec<&str> =
        pairs.iter().flat_map(|(gold, predicted)| [*gold, *predicted]).collect::<BTreeSet<_>>().into_iter().collect();
    let at = |name: &str| names.binary_search(&name).unwrap_or_default();
    let indices: Vec<(usize, usize)> = pairs.iter().map(|(gold, predicted)| (at(gold), at(predicted))).collect();
    let tallies = tally(&indices, &vec![1; pairs.len()], names.len());
    Classification {
        accuracy: Estimate::share(pairs.iter().map(|(gold, predicted)| gold == predicted)),
        macro_f1: Estimate::of(pairs.len(), |weights| macro_f1(&tally(&indices, weights, names.len()))),
        macro_labels: tallies.iter().filter(|tally| tally.support > 0).count(),
        labels: figures(&names, &tallies),
        confusion: confusion(pairs),
    }
}

fn tally(pairs: &[(usize, usize)], weights: &[u32], labels: usize) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); labels];
    for ((gold, predicted), weight) in pairs.iter().zip(weights) {
        tallies[*gold].support += weight;
        tallies[*predicted].predicted += weight;
        if gold == predicted {
            tallies[*gold].hits += weight;
        }
    }
    tallies
}

fn macro_f1(tallies: &[Tally]) -> Option<f64> {
    let scores: Vec<f64> = tallies.iter().filter_map(|tally| tally.f1()).collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

fn figures(names: &[&str], tallies: &[Tally]) -> Vec<LabelFigures> {
    let one = |(name, tally): (&&str, &Tally)| LabelFigures {
        label: (*name).to_owned(),
        precision: ratio(tally.hits, tally.predicted),
        recall: ratio(tally.hits, tally.support),
        f1: tally.f1(),
        support: tally.support as usize,
        predicted: tally.predicted as usize,
    };
    let mut figures: Vec<LabelFigures> = names.iter().zip(tallies).map(one).collect();
    figures.sort_by_key(|label| Reverse(label.support));
    figures
}

fn confusion(pairs: &[(&str, &str)]) -> Vec<Confusion> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for pair in pairs.iter().filter(|(gold, predicted)| gold != predicted) {
        *counts.entry(*pair).or_default() += 1;
    }
    let one = |((gold, predicted), n): ((&str, &str), usize)| Confusion {
        gold: gold.to_owned(),
        predicted: predicted.to_owned(),
        n,
    };
    let mut confusion: Vec<Confusion> = counts.into_iter().map(one).collect();
    confusion.sort_by_key(|pair| Reverse(pair.n));
    confusion
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        // a: 3 gold, 3 predicted, 2 right: F1 2/3. b: 2 gold, 2 predicted, 1 right: F1 1/2. c: 1 gold, never
        // predicted: F1 0. d: predicted once, not in the gold: left out. Mean of a, b, c: (4 + 3 + 0) / 18.
        let pairs = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("b", "d"), ("c", "a")];
        let all = classify(&pairs);
        assert_eq!((all.accuracy.value, all.accuracy.n), (Some(0.5), 6));
        assert!((all.macro_f1.value.unwrap() - 7.0 / 18.0).abs() < 1e-12);
        assert_eq!(all.macro_labels, 3);
        let figures = |label: &str| all.labels.iter().find(|figures| figures.label == label).unwrap();
        assert_eq!((figures("a").precision, figures("a").recall), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!((figures("c").precision, figures("c").recall, figures("c").f1), (None, Some(0.0), Some(0.0)));
        assert_eq!((figures("d").precision, figures("d").recall, figures("d").f1), (Some(0.0), None, None));
        assert_eq!((figures("d").support, figures("d").predicted), (0, 1));
        assert_eq!(all.labels.iter().map(|label| label.label.as_str()).collect::<String>(), "abcd");
    }

    #[test]
    fn sorts_confusions_by_count_then_name() {
        let all = classify(&[("b", "a"), ("a", "c"), ("b", "a"), ("a", "b"), ("a", "a")]);
        let pairs: Vec<(&str, &str, usize)> =
            all.confusion.iter().map(|pair| (pair.gold.as_str(), pair.predicted.as_str(), pair.n)).collect();
        assert_eq!(pairs, [("b", "a", 2), ("a", "b", 1), ("a", "c", 1)]);
    }

    #[test]
    fn extremes_have_no_nan() {
        let none = classify(&[]);
        assert_eq!((none.accuracy, none.macro_f1, none.macro_labels), Default::default());
        assert!(none.labels.is_empty() && none.confusion.is_empty());
        let wrong = classify(&[("a", "b"), ("a", "b")]);
        assert_eq!(
            (wrong.accuracy.value, wrong.macro_f1.value, wrong.macro_f1.high),
            (Some(0.0), Some(0.0), Some(0.0))
        );
        assert_eq!(classify(&[("a", "a")]).macro_f1.value, Some(1.0));
    }
}
