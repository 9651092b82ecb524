//! What the scores are worth: calibration, and risk against coverage.

use serde::Serialize;

use super::Outcome;
use super::estimate::Estimate;
use super::ranking::{Cut, Ranked, coverage_at};

/// Points of a risk–coverage curve, at most: enough for a plot.
const CURVE_POINTS: usize = 100;

/// Bins of the calibration error, of equally many rows each.
const BINS: usize = 5;

/// Whether 0.9 means right nine times in ten.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The expected calibration error: the mean distance of score and rightness over five bins of equal mass (Nguyen and
    /// O'Connor 2015).
    pub error: Estimate,
    /// The bins, from the lowest score.
    pub bins: Vec<CalibrationBin>,
}

/// The rows with a score in one range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// The lowest score in it.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// Rows.
    pub n: usize,
    /// Their mean score.
    pub mean_score: f64,
    /// The share that is right.
    pub right: f64,
}

/// What share can be taken automatically at what share of mistakes, if only the best scores are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskCoverage {
    /// At stated risks.
    pub at: Vec<CoverageAt>,
    /// The curve, from the highest score; thinned to 100 points.
    pub curve: Vec<CurvePoint>,
}

/// The most that can be taken at a risk.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverageAt {
    /// The share of what is taken that may be wrong.
    pub risk: f64,
    /// The share of rows that can be taken.
    pub coverage: Estimate,
    /// From this score on; null if none keeps the risk.
    pub threshold: Option<f32>,
}

/// One point of the curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The share of rows taken.
    pub coverage: f64,
    /// The share of them that is wrong.
    pub risk: f64,
    /// From this score on.
    pub threshold: f32,
}

/// Rows with an accepted intent, ranked by the score that the predicted one has; rows without any score are left out.
pub(super) fn by_confidence(outcomes: &[Outcome<'_>]) -> Ranked {
    Ranked::new(outcomes.iter().filter_map(|outcome| {
        let (id, score) = outcome.predicted.scored()?;
        Some((score, outcome.gold.intent.as_ref()?.accepts(id)))
    }))
}

/// The calibration of the scores.
pub(super) fn calibration(ranked: &Ranked) -> Calibration {
    let error = |weights: &[u32]| {
        let rows: u32 = weights.iter().sum();
        // |rightness - score| of a bin times its share of the rows: the bin's size cancels out.
        let distance = |bin: &Bin| (f64::from(bin.hits) - bin.scores).abs();
        (rows > 0).then(|| bins(ranked, weights).iter().map(distance).sum::<f64>() / f64::from(rows))
    };
    let shown = |bin: &Bin| CalibrationBin {
        low: f64::from(bin.low),
        high: f64::from(bin.high),
        n: bin.rows as usize,
        mean_score: bin.scores / f64::from(bin.rows),
        right: f64::from(bin.hits) / f64::from(bin.rows),
    };
    let filled = bins(ranked, &ranked.ones());
    Calibration {
        error: Estimate::of(ranked.rows().len(), error),
        bins: filled.iter().rev().filter(|bin| bin.rows > 0).map(shown).collect(),
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    rows: u32,
    hits: u32,
    scores: f64,
    low: f32,
    high: f32,
}

/// Fifths of the rows, the best first.
fn bins(ranked: &Ranked, weights: &[u32]) -> [Bin; BINS] {
    let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let mut bins = [Bin::default(); BINS];
    let mut before = 0;
    for ((score, hit), weight) in ranked.rows().iter().zip(weights).filter(|(_, weight)| **weight > 0) {
        let bin = &mut bins[(before * BINS as u64 / all) as usize];
        if bin.rows == 0 {
            bin.high = *score;
        }
        bin.low = *score;
        bin.rows += weight;
        bin.hits += u32::from(*hit) * weight;
        bin.scores += f64::from(*score) * f64::from(*weight);
        before += u64::from(*weight);
    }
    bins
}

/// The risk–coverage curve of the scores.
pub(super) fn risk_coverage(ranked: &Ranked) -> RiskCoverage {
    let cuts = ranked.cuts(&ranked.ones());
    let coverage = |risk| CoverageAt {
        risk,
        coverage: Estimate::of(ranked.rows().len(), |weights| {
            coverage_at(&ranked.cuts(weights), risk).map(|(coverage, _)| coverage)
        }),
        threshold: coverage_at(&cuts, risk).and_then(|(_, threshold)| threshold),
    };
    RiskCoverage { at: [0.02, 0.05, 0.10].map(coverage).into(), curve: curve(&cuts) }
}

fn curve(cuts: &[Cut]) -> Vec<CurvePoint> {
    let Some(all) = cuts.last().map(|cut| f64::from(cut.rows())) else { return Vec::new() };
    let points = cuts.len().min(CURVE_POINTS);
    // Evenly spaced and always with the first and the last.
    let spread = |at: usize| if points > 1 { at * (cuts.len() - 1) / (points - 1) } else { 0 };
    let point = |cut: Cut| CurvePoint { coverage: f64::from(cut.rows()) / all, risk: cut.risk(), threshold: cut.score };
    (0..points).map(|at| point(cuts[spread(at)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Prediction;
    use crate::eval::sample::{outcomes, prediction, row};

    fn close(estimate: Estimate, value: f64, n: usize) {
        assert!((estimate.value.unwrap() - value).abs() < 1e-6 && estimate.n == n, "{estimate:?}, not {value}, n {n}");
    }

    #[test]
    fn calibration_by_hand() {
        // Fifths of two: mean scores 0.95, 0.85, 0.5, 0.3, 0.1; right 2, 1, 1, 0, 0 of 2.
        let scores = [1.0, 0.9, 0.85, 0.85, 0.6, 0.4, 0.3, 0.3, 0.1, 0.1];
        let hits = [true, true, true, false, true, false, false, false, false, false];
        let figures = calibration(&Ranked::new(scores.into_iter().zip(hits)));
        close(figures.error, (0.05 + 0.35 + 0.0 + 0.3 + 0.1) / 5.0, 10);
        let shown: Vec<(usize, f64)> = figures.bins.iter().map(|bin| (bin.n, bin.right)).collect();
        assert_eq!(shown, [(2, 0.0), (2, 0.0), (2, 0.5), (2, 0.5), (2, 1.0)], "the lowest scores first");
        let best = &figures.bins[4];
        assert!(
            (best.low - 0.9).abs() < 1e-6 && (best.high - 1.0).abs() < 1e-6 && (best.mean_score - 0.95).abs() < 1e-6
        );
        // Fewer rows than bins: one each.
        assert_eq!(calibration(&Ranked::new([(0.7, true), (0.2, false)])).bins.len(), 2);
    }

    #[test]
    fn risk_and_coverage_by_hand() {
        let ranked = Ranked::new([(0.9, true), (0.8, true), (0.7, false), (0.6, true)]);
        let figures = risk_coverage(&ranked);
        for at in &figures.at {
            close(at.coverage, 0.5, 4);
            assert_eq!(at.threshold, Some(0.8));
        }
        let curve: Vec<(f64, f64)> = figures.curve.iter().map(|point| (point.coverage, point.risk)).collect();
        assert_eq!(curve, [(0.25, 0.0), (0.5, 0.0), (0.75, 1.0 / 3.0), (1.0, 0.25)]);
        let long = Ranked::new((0..1_000_u16).map(|at| (f32::from(at) / 1_000.0, true)));
        let curve = risk_coverage(&long).curve;
        assert_eq!((curve.len(), curve[0].coverage, curve[99].coverage), (CURVE_POINTS, 0.001, 1.0));
    }

    #[test]
    fn confidence_goes_with_the_label_that_has_it() {
        let rows = ["other", "stock", ""].map(row);
        let unsure = |top: &str| Prediction { top: top.to_owned(), ..prediction("stock", 0.2) };
        let silent = Prediction { intents: Vec::new(), ..prediction("other", 0.0) };
        let all = outcomes(&rows, vec![unsure("other"), unsure("other"), unsure("stock")]);
        // `other` is right for the first row, but 0.2 is the score of stock, which is not.
        assert_eq!(by_confidence(&all).rows(), [(0.2, false), (0.2, true)]);
        assert!(by_confidence(&outcomes(&rows, vec![silent])).rows().is_empty());
    }

    #[test]
    fn extremes_have_no_nan() {
        let (none, empty) = (Estimate::default(), Ranked::new([]));
        assert_eq!((calibration(&empty).error, risk_coverage(&empty).at[0].coverage), (none, none));
        assert!(risk_coverage(&empty).curve.is_empty());
        let one = Ranked::new([(f32::NAN, false)]);
        assert_eq!((calibration(&one).error.value, risk_coverage(&one).curve.len()), (Some(0.0), 1));
        assert_eq!(
            risk_coverage(&one).at[0],
            CoverageAt {
                risk: 0.02,
                coverage: Estimate { value: Some(0.0), low: Some(0.0), high: Some(0.0), n: 1 },
                threshold: None,
            }
        );
    }
}
