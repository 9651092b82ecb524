//! How good it is: labelled files in, figures with their uncertainty out.
//!
//! [`Dataset`] reads rows with their accepted labels, the caller predicts each of them ([`Prediction`]), and
//! [`Report`] is computed from the pairs ([`Outcome`]); [`render_text`] shows it in a terminal, [`render_html`] as a page, serde writes it as
//! JSON. Apart from reading files everything is pure: no model, no clock, and a seeded generator for the intervals, so
//! that the same file and the same predictions always give the same report.

mod classes;
mod confidence;
mod dataset;
mod error;
mod estimate;
mod gold;
mod live;
mod metrics;
mod page;
mod plots;
mod ranking;
mod records;
mod render;
mod report;

pub use classes::{Classification, Confusion, LabelFigures};
pub use confidence::{Calibration, CalibrationBin, CoverageAt, CurvePoint, RiskCoverage};
pub use dataset::{Columns, Dataset, HandoffLabel, Row};
pub use error::{DatasetError, Problem, read_utf8};
pub use estimate::Estimate;
pub use gold::{Gold, GoldError, LabelMap};
pub use live::{AutoAnswer, DecisionCounts, HandoffFigures, LiveFigures};
pub use metrics::{EmotionFigures, OutOfScopeFigures, RecallAt, UpsetFigures};
pub use page::{PageError, Title, render_html};
pub use render::render_text;
pub use report::{IntentFigures, LanguageFigures, Report, WrongCase};

use crate::labels::Emotion;
use crate::reply::DecisionKind;

/// What the program said about one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Intents with their probability, best first; `other` need not be among them.
    pub intents: Vec<(String, f32)>,
    /// The best label without any threshold; may be `other`.
    pub top: String,
    /// The intents of the live decision; empty when it abstained.
    pub decided: Vec<String>,
    /// The live decision.
    pub decision: DecisionKind,
    /// The most probable emotion.
    pub emotion: Emotion,
    /// P(anger) + P(disappointment).
    pub upset: f32,
    /// The probability that it is none of the intents.
    pub out_of_scope: f32,
    /// Whether what the gold asks for can be resolved by an answer at all, to inform or to look up, rather than by a
    /// person's hand. The caller knows the catalogue's answers.
    pub can_resolve: bool,
    /// The nearest examples with their intents, for reading wrong cases.
    pub nearest: Vec<String>,
}

impl Prediction {
    /// The probability of the top label; none where it has none, as `other` may.
    #[must_use]
    pub fn top_score(&self) -> Option<f32> {
        self.intents.iter().find(|(id, _)| *id == self.top).map(|(_, score)| *score)
    }

    /// The label that calibration is judged on, with its score: the top one or, where that has no score, the best
    /// that has. Setting the score of one label against the rightness of another would measure nothing.
    fn scored(&self) -> Option<(&str, f32)> {
        let top = self.top_score().map(|score| (self.top.as_str(), score));
        top.or_else(|| self.intents.first().map(|(id, score)| (id.as_str(), *score)))
    }
}

/// One row with what was said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    /// The row and its accepted labels.
    pub gold: &'a Row,
    /// What the program said.
    pub predicted: Prediction,
}

/// Rows and predictions for the tests of this module's files.
#[cfg(test)]
mod sample {
    use super::{Outcome, Prediction, Row};
    use crate::labels::Emotion;
    use crate::reply::DecisionKind;

    /// An unlabelled row, or one with this accepted intent.
    pub(super) fn row(intent: &str) -> Row {
        let intent = (!intent.is_empty()).then(|| intent.parse().unwrap());
        Row { line: 2, text: "在吗".to_owned(), intent, emotion: None, handoff: None, act: None, history: None }
    }

    /// A calm prediction that answers the top intent.
    pub(super) fn prediction(top: &str, score: f32) -> Prediction {
        Prediction {
            intents: vec![(top.to_owned(), score)],
            top: top.to_owned(),
            decided: vec![top.to_owned()],
            decision: DecisionKind::Answer,
            emotion: Emotion::Neutral,
            upset: 0.0,
            out_of_scope: 1.0 - score,
            can_resolve: true,
            nearest: Vec::new(),
        }
    }

    /// Pairs rows with predictions.
    pub(super) fn outcomes(rows: &[Row], predictions: Vec<Prediction>) -> Vec<Outcome<'_>> {
        rows.iter().zip(predictions).map(|(gold, predicted)| Outcome { gold, predicted }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::sample::prediction;

    #[test]
    fn a_score_belongs_to_its_label() {
        let mut said = prediction("stock", 0.9);
        assert_eq!(said.scored(), Some(("stock", 0.9)));
        said.top = "other".to_owned();
        assert_eq!((said.top_score(), said.scored()), (None, Some(("stock", 0.9))));
        said.intents.clear();
        assert_eq!(said.scored(), None);
    }
}
