//! All figures of one evaluation.

use serde::Serialize;

use super::Outcome;
use super::classes::Classification;
use super::confidence::{Calibration, RiskCoverage, by_confidence, calibration, risk_coverage};
use super::estimate::Estimate;
use super::live::{LiveFigures, live};
use super::metrics::{EmotionFigures, OutOfScopeFigures, emotions, out_of_scope, top1, top1_business};
use crate::reply::DecisionKind;
use crate::text::Language;

/// All figures of one evaluation. Field names are an interface: fields may be added, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Rows evaluated.
    pub rows: usize,
    /// Intents: the best label, without a threshold.
    pub intents: IntentFigures,
    /// The live decision.
    pub live: LiveFigures,
    /// Messages that are none of the shop's.
    pub out_of_scope: OutOfScopeFigures,
    /// Emotions.
    pub emotions: EmotionFigures,
    /// The same for the languages apart, those without rows left out.
    pub languages: Vec<LanguageFigures>,
    /// Whether scores are probabilities.
    pub calibration: Calibration,
    /// What can be taken at what risk.
    pub risk_coverage: RiskCoverage,
    /// The rows whose best label is not accepted, in the order of the file.
    pub wrong: Vec<WrongCase>,
}

/// The headline figures of the rows in one language and script.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LanguageFigures {
    /// `zh-Hans`, `zh-Hant` or `en`, told by the text alone.
    pub language: String,
    /// Rows.
    pub rows: usize,
    /// The best intent, without a threshold.
    pub intent_accuracy: Estimate,
    /// Over the five emotions.
    pub emotion_macro_f1: Estimate,
    /// Of upset by its score.
    pub upset_average_precision: Estimate,
}

/// How well intents were told without a threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntentFigures {
    /// All rows with an accepted intent.
    #[serde(flatten)]
    pub classes: Classification,
    /// The accuracy over the rows whose every accepted answer has a business intent.
    pub business_accuracy: Estimate,
}

/// A row whose best label is not accepted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrongCase {
    /// Its line in the file.
    pub line: usize,
    /// The message.
    pub text: String,
    /// The accepted intents, as in the file.
    pub gold: String,
    /// The best label.
    pub top: String,
    /// Its score; null if it has none, as `other` may.
    pub score: Option<f32>,
    /// The examples nearest to it, each with its intent.
    pub nearest: Vec<String>,
    /// What was done in the end.
    pub decision: DecisionKind,
}

impl Report {
    /// Computes every figure.
    #[must_use]
    pub fn of(outcomes: &[Outcome<'_>]) -> Self {
        let ranked = by_confidence(outcomes);
        Self {
            rows: outcomes.len(),
            intents: IntentFigures { classes: top1(outcomes), business_accuracy: top1_business(outcomes) },
            live: live(outcomes),
            out_of_scope: out_of_scope(outcomes),
            emotions: emotions(outcomes),
            languages: languages(outcomes),
            calibration: calibration(&ranked),
            risk_coverage: risk_coverage(&ranked),
            wrong: outcomes.iter().filter_map(WrongCase::of).collect(),
        }
    }
}

fn languages(outcomes: &[Outcome<'_>]) -> Vec<LanguageFigures> {
    let all = [Language::ChineseSimplified, Language::ChineseTraditional, Language::English];
    let figures = |language: Language| {
        let own = |outcome: &&Outcome<'_>| {
            Language::majority([outcome.gold.text.as_str()].into_iter()).unwrap_or_default() == language
        };
        let rows: Vec<Outcome<'_>> = outcomes.iter().filter(own).cloned().collect();
        let emotions = emotions(&rows);
        LanguageFigures {
            language: language.tag().to_owned(),
            rows: rows.len(),
            intent_accuracy: top1(&rows).accuracy,
            emotion_macro_f1: emotions.classes.macro_f1,
            upset_average_precision: emotions.upset.average_precision,
        }
    };
    all.map(figures).into_iter().filter(|figures| figures.rows > 0).collect()
}

impl WrongCase {
    fn of(outcome: &Outcome<'_>) -> Option<Self> {
        let Outcome { gold: row, predicted } = outcome;
        let gold = row.intent.as_ref().filter(|gold| !gold.accepts(&predicted.top))?;
        Some(Self {
            line: row.line,
            text: row.text.clone(),
            gold: gold.to_string(),
            top: predicted.top.clone(),
            score: predicted.top_score().filter(|score| score.is_finite()),
            nearest: predicted.nearest.clone(),
            decision: predicted.decision,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::eval::sample::{outcomes, prediction, row};

    #[test]
    fn lists_wrong_cases() {
        let rows = ["stock", "price|coupon", ""].map(row);
        let mut said: Vec<_> = ["stock", "review", "stock"].map(|top| prediction(top, 0.5)).into();
        said[1].top = "other".to_owned();
        let report = Report::of(&outcomes(&rows, said));
        let expected = WrongCase {
            line: 2,
            text: "在吗".to_owned(),
            gold: "price|coupon".to_owned(),
            top: "other".to_owned(),
            score: None,
            nearest: Vec::new(),
            decision: DecisionKind::Answer,
        };
        assert_eq!((report.rows, report.wrong), (3, vec![expected]));
    }

    #[test]
    fn keeps_its_names() {
        let rows = [row("stock")];
        let json = serde_json::to_value(Report::of(&outcomes(&rows, vec![prediction("stock", 1.0)]))).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(keys(&json), "rows intents live out_of_scope emotions languages calibration risk_coverage wrong");
        assert_eq!(keys(&json["intents"]), "accuracy macro_f1 macro_labels labels confusion business_accuracy");
        assert_eq!(json["intents"]["accuracy"], json!({"value": 1.0, "low": 1.0, "high": 1.0, "n": 1}));
        assert_eq!(json["emotions"]["accuracy"], json!({"value": null, "low": null, "high": null, "n": 0}));
        let live = "decisions abstained abstained_rightly decided_rightly auto_answer handoff";
        assert_eq!(keys(&json["live"]), live);
        assert_eq!(json["risk_coverage"]["at"][0]["risk"], json!(0.02));
    }

    #[test]
    fn is_the_same_every_time() {
        let rows = ["stock", "price", "stock", "price"].map(row);
        let said: Vec<_> = ["stock", "stock", "stock", "price"].map(|top| prediction(top, 0.8)).into();
        let all = outcomes(&rows, said);
        assert_eq!(Report::of(&all), Report::of(&all));
    }
}
