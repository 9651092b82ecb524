//! What the best labels are worth, apart from any decision: intents and emotions.

use serde::Serialize;

use super::Outcome;
use super::classes::{Classification, classify};
use super::estimate::Estimate;
use super::gold::Gold;
use super::ranking::{Ranked, average_precision, recall_at};
use crate::labels::{Emotion, OTHER};

/// How well emotions were told, over the rows that have one in the gold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EmotionFigures {
    /// The five labels.
    #[serde(flatten)]
    pub classes: Classification,
    /// The emotions that no row has, which the macro-F1 therefore leaves out.
    pub left_out: Vec<Emotion>,
    /// Upset or not.
    pub upset: UpsetFigures,
}

/// How well upset (anger or disappointment in the gold) was told by its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UpsetFigures {
    /// The area under precision over recall; none without upset rows.
    pub average_precision: Estimate,
    /// Recall where few calm rows raise a false alarm; none without both upset and calm rows.
    pub recall_at: Vec<RecallAt>,
    /// Upset rows: the n of the recalls.
    pub upset: usize,
    /// The others: what false alarms are counted on.
    pub calm: usize,
}

/// How well messages that are none of the shop's were told from business, by the score of being none of the intents.
/// Social rows count on neither side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutOfScopeFigures {
    /// The area under precision over recall; none without such rows.
    pub average_precision: Estimate,
    /// Recall where 95 % of the business rows are kept.
    pub recall: RecallAt,
    /// Rows whose only accepted label is `other`.
    pub foreign: usize,
    /// Rows whose every accepted answer has a business intent.
    pub business: usize,
}

/// Recall at a rate of false alarms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecallAt {
    /// The share of calm rows that may raise an alarm.
    pub false_alarms: f64,
    /// The share of upset rows found.
    pub recall: Estimate,
    /// An alarm is raised from this score on; null if none keeps the rate.
    pub threshold: Option<f32>,
}

/// The top label against the accepted ones, without any threshold. Of several accepted answers the one given counts as
/// gold; if none was given, the first id of the first.
pub(super) fn top1(outcomes: &[Outcome<'_>]) -> Classification {
    let pair = |(gold, top)| {
        let gold: &Gold = gold;
        if gold.accepts(top) { (top, top) } else { (gold.first(), top) }
    };
    let pairs: Vec<(&str, &str)> = tops(outcomes).map(pair).collect();
    classify(&pairs)
}

/// The same accuracy over the rows whose every accepted answer has a business intent.
pub(super) fn top1_business(outcomes: &[Outcome<'_>]) -> Estimate {
    let business = tops(outcomes).filter(|(gold, _)| gold.is_business());
    Estimate::share(business.map(|(gold, top)| gold.accepts(top)))
}

fn tops<'a>(outcomes: &'a [Outcome<'_>]) -> impl Iterator<Item = (&'a Gold, &'a str)> {
    outcomes.iter().filter_map(|outcome| Some((outcome.gold.intent.as_ref()?, outcome.predicted.top.as_str())))
}

/// The emotion figures.
pub(super) fn emotions(outcomes: &[Outcome<'_>]) -> EmotionFigures {
    let labelled: Vec<(Emotion, &Outcome<'_>)> =
        outcomes.iter().filter_map(|outcome| Some((outcome.gold.emotion?, outcome))).collect();
    let pairs: Vec<(&str, &str)> =
        labelled.iter().map(|(gold, outcome)| (gold.id(), outcome.predicted.emotion.id())).collect();
    let missing = |emotion: &Emotion| labelled.iter().all(|(gold, _)| gold != emotion);
    let upset = |emotion: Emotion| matches!(emotion, Emotion::Anger | Emotion::Disappointment);
    EmotionFigures {
        classes: classify(&pairs),
        left_out: Emotion::ALL.into_iter().filter(missing).collect(),
        upset: upset_figures(&Ranked::new(
            labelled.iter().map(|(gold, outcome)| (outcome.predicted.upset, upset(*gold))),
        )),
    }
}

fn upset_figures(ranked: &Ranked) -> UpsetFigures {
    let n = ranked.rows().len();
    let upset = ranked.hits();
    UpsetFigures {
        average_precision: Estimate::of(n, |weights| average_precision(&ranked.cuts(weights))),
        recall_at: [0.02, 0.05].map(|rate| recall(ranked, rate)).into(),
        upset,
        calm: n - upset,
    }
}

fn recall(ranked: &Ranked, false_alarms: f64) -> RecallAt {
    let found = |weights: &[u32]| recall_at(&ranked.cuts(weights), false_alarms);
    let all = Estimate::of(ranked.rows().len(), |weights| found(weights).map(|(recall, _)| recall));
    RecallAt {
        false_alarms,
        recall: Estimate { n: ranked.hits(), ..all },
        threshold: found(&ranked.ones()).and_then(|(_, threshold)| threshold),
    }
}

/// The out-of-scope figures.
pub(super) fn out_of_scope(outcomes: &[Outcome<'_>]) -> OutOfScopeFigures {
    let ranked = Ranked::new(outcomes.iter().filter_map(|outcome| {
        let gold = outcome.gold.intent.as_ref()?;
        let foreign = gold.is_only(OTHER);
        (foreign || gold.is_business()).then_some((outcome.predicted.out_of_scope, foreign))
    }));
    let (n, foreign) = (ranked.rows().len(), ranked.hits());
    OutOfScopeFigures {
        average_precision: Estimate::of(n, |weights| average_precision(&ranked.cuts(weights))),
        recall: recall(&ranked, 0.05),
        foreign,
        business: n - foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::sample::{outcomes, prediction, row};
    use crate::eval::{Prediction, Row};

    fn close(estimate: Estimate, value: f64, n: usize) {
        assert!((estimate.value.unwrap() - value).abs() < 1e-6 && estimate.n == n, "{estimate:?}, not {value}, n {n}");
    }

    #[test]
    fn top1_takes_any_accepted_answer() {
        let rows = ["stock", "price|stock", "price+coupon", "greeting", "price|greeting", ""].map(row);
        let tops = ["stock", "stock", "review", "greeting", "greeting", "stock"];
        let said: Vec<Prediction> = tops.map(|top| prediction(top, 0.9)).into();
        let all = outcomes(&rows, said);
        let intents = top1(&all);
        close(intents.accuracy, 0.8, 5);
        // Only the first three have nothing but business in every alternative.
        close(top1_business(&all), 2.0 / 3.0, 3);
        // As gold count stock, stock, price, greeting, greeting: F1 1, 0, 1.
        close(intents.macro_f1, 2.0 / 3.0, 5);
        assert_eq!((intents.confusion[0].gold.as_str(), intents.confusion[0].predicted.as_str()), ("price", "review"));
    }

    fn feeling(gold: Emotion, predicted: Emotion, upset: f32) -> (Row, Prediction) {
        (Row { emotion: Some(gold), ..row("") }, Prediction { emotion: predicted, upset, ..prediction("other", 0.0) })
    }

    #[test]
    fn emotions_by_hand() {
        use Emotion::{Anger, Anxiety, Disappointment, Neutral};
        let (rows, said): (Vec<Row>, Vec<Prediction>) = [
            feeling(Anger, Anger, 0.9),
            feeling(Neutral, Neutral, 0.8),
            feeling(Disappointment, Neutral, 0.7),
            feeling(Neutral, Anxiety, 0.1),
        ]
        .into_iter()
        .chain([(row("stock"), prediction("stock", 0.5))])
        .unzip();
        let figures = emotions(&outcomes(&rows, said));
        close(figures.classes.accuracy, 0.5, 4);
        // Anger 1, neutral 1/2, disappointment 0; anxiety and positive are not in the gold.
        close(figures.classes.macro_f1, 0.5, 4);
        assert_eq!(figures.left_out, [Emotion::Positive, Anxiety]);
        close(figures.upset.average_precision, 5.0 / 6.0, 4);
        assert_eq!((figures.upset.upset, figures.upset.calm), (2, 2));
        close(figures.upset.recall_at[1].recall, 0.5, 2);
        assert_eq!(figures.upset.recall_at[1].threshold, Some(0.9));
    }

    #[test]
    fn out_of_scope_by_hand() {
        let rows = ["other", "stock", "other|stock", "greeting", "price", "other"].map(row);
        let scores = [0.9, 0.2, 0.9, 0.9, 0.6, 0.5];
        let said = scores.map(|out_of_scope| Prediction { out_of_scope, ..prediction("stock", 0.5) });
        let figures = out_of_scope(&outcomes(&rows, said.into()));
        // Ranked: other, price, other, stock; what may be either, and small talk, is left out.
        close(figures.average_precision, (1.0 + 2.0 / 3.0) / 2.0, 4);
        assert_eq!((figures.foreign, figures.business), (2, 2));
        close(figures.recall.recall, 0.5, 2);
    }

    #[test]
    fn extremes_have_no_nan() {
        let none = Estimate::default();
        assert_eq!((top1_business(&[]), top1(&[]).accuracy, emotions(&[]).upset.average_precision), (none, none, none));
        assert_eq!((emotions(&[]).left_out.len(), emotions(&[]).upset.recall_at[0].recall), (5, none));
    }
}
