//! From logits to probabilities, and from a stated risk to a threshold for each intent.

use std::sync::Arc;

/// A message with its logits by a head that was not fitted on it, and the labels that it has.
#[derive(Debug, Clone)]
pub struct Held {
    /// One for each label.
    pub logits: Vec<f32>,
    /// That of having none of them.
    pub none: f32,
    /// The labels it has; none for out of scope.
    pub labels: Vec<usize>,
    /// How much it counts.
    pub weight: f32,
    /// Labels that it was never read for, so that not having them says nothing.
    pub unread: Arc<[usize]>,
}

/// How logits become probabilities, and when one is high enough to act on.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    slope: f32,
    common: f32,
    offsets: Vec<f32>,
    thresholds: Vec<f32>,
    /// Out of scope, from how far the logit of having none lies above that of the best label: offset and slope.
    none: (f32, f32),
}

/// A threshold that no probability reaches: the stated risk cannot be met for this intent.
const NEVER: f32 = 1.01;

/// Pseudo-messages that pull a label's own offset towards the common one, and its own error towards the pooled one:
/// few held-out messages of an intent say little.
const SHRINKAGE: f64 = 10.0;

impl Calibration {
    /// Platt scaling (Platt 1999) with one slope for all labels and an offset for each, shrunk towards the common one;
    /// then, for each label, the lowest threshold at which the share of wrong top answers is at most `risk`.
    #[must_use]
    pub fn fit(held: &[Held], labels: usize, risk: f32) -> Self {
        let (slope, common) = platt(held);
        let offsets = (0..labels).map(|label| offset(held, label, slope, common)).collect();
        let mut calibration = Self { slope, common, offsets, thresholds: vec![NEVER; labels], none: (0.0, 1.0) };
        calibration.none = calibration.fit_none(held);
        calibration.thresholds = calibration.thresholds_at(held, f64::from(risk));
        calibration
    }

    /// With more labels: `columns` tells for each of them its place here. The labels in `own` get offset and threshold of
    /// their own from `held`; all others, and the common slope, stay exactly as they are.
    #[must_use]
    pub fn extended(&self, columns: &[Option<usize>], own: &[usize], held: &[Held], risk: f32) -> Self {
        let offsets = columns.iter().map(|column| column.map_or(self.common, |column| self.offsets[column]));
        let thresholds = columns.iter().map(|column| column.map_or(NEVER, |column| self.thresholds[column]));
        let mut out = Self { offsets: offsets.collect(), thresholds: thresholds.collect(), ..self.clone() };
        for label in own {
            out.offsets[*label] = offset(held, *label, self.slope, self.common);
        }
        let thresholds = out.thresholds_at(held, f64::from(risk));
        own.iter().for_each(|label| out.thresholds[*label] = thresholds[*label]);
        out
    }

    /// The probability that a message has none of the labels, given the probability of its best one and the logit of
    /// having none. Learned on held-out messages, so that the labels need not be independent of each other.
    #[must_use]
    pub fn out_of_scope(&self, best: f32, none: f32) -> f32 {
        sigmoid(self.none.0 + self.none.1 * (none - logit(best)))
    }

    fn fit_none(&self, held: &[Held]) -> (f32, f32) {
        let points: Vec<(f64, f64, f64)> = held
            .iter()
            .filter_map(|held| {
                let (_, best) = self.top(held)?;
                let none = f64::from(u8::from(held.labels.is_empty()));
                Some((f64::from(held.none - logit(best)), none, f64::from(held.weight)))
            })
            .collect();
        let (slope, offset) =
            newton(|visit| points.iter().for_each(|(x, y, weight)| visit(*x, *y, *weight)), (1.0, 0.0));
        (offset, slope.max(0.05))
    }

    /// The probability of a label.
    #[must_use]
    pub fn probability(&self, label: usize, logit: f32) -> f32 {
        sigmoid(self.slope * logit + self.offsets[label])
    }

    /// The probability from which a label is acted on.
    #[must_use]
    pub fn threshold(&self, label: usize) -> f32 {
        self.thresholds[label]
    }

    /// The most probable label of a message.
    fn top(&self, held: &Held) -> Option<(usize, f32)> {
        let probabilities =
            held.logits.iter().enumerate().map(|(label, logit)| (label, self.probability(label, *logit)));
        probabilities.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }

    fn thresholds_at(&self, held: &[Held], risk: f64) -> Vec<f32> {
        struct Top {
            label: usize,
            probability: f32,
            weight: f64,
            wrong: bool,
        }
        let mut tops: Vec<Top> = held
            .iter()
            .filter_map(|held| {
                let (label, probability) = self.top(held)?;
                let wrong = !held.labels.contains(&label);
                Some(Top { label, probability, weight: f64::from(held.weight), wrong })
            })
            .collect();
        tops.sort_by(|a, b| b.probability.total_cmp(&a.probability));

        // Walking down from the surest answer, the error among all answers so far, pooled and for each label. A label
        // that has answered little or nothing so far has the pooled error to show.
        let labels = self.offsets.len();
        let mut thresholds = vec![NEVER; labels];
        let (mut wrong, mut count) = (vec![0.0; labels], vec![0.0; labels]);
        let (mut pooled_wrong, mut pooled_count) = (0.0, 0.0);
        // Messages of one probability stand or fall together.
        for equal in tops.chunk_by(|a, b| a.probability == b.probability) {
            for top in equal {
                let mistake = if top.wrong { top.weight } else { 0.0 };
                pooled_wrong += mistake;
                pooled_count += top.weight;
                wrong[top.label] += mistake;
                count[top.label] += top.weight;
            }
            let pooled = (pooled_wrong + risk) / (pooled_count + 1.0);
            for label in 0..labels {
                let own = (wrong[label] + SHRINKAGE * pooled) / (count[label] + SHRINKAGE);
                if own <= risk {
                    thresholds[label] = equal[0].probability;
                }
            }
        }
        thresholds
    }
}

/// The common slope and offset over all pairs of message and label.
fn platt(held: &[Held]) -> (f32, f32) {
    let pairs = |visit: &mut dyn FnMut(f64, f64, f64)| {
        for held in held {
            for (label, logit) in held.logits.iter().enumerate().filter(|(label, _)| !held.unread.contains(label)) {
                let target = f64::from(u8::from(held.labels.contains(&label)));
                visit(f64::from(*logit), target, f64::from(held.weight));
            }
        }
    };
    let (slope, offset) = newton(pairs, (1.0, 0.0));
    (slope.clamp(0.05, 20.0), offset)
}

/// Logistic regression on one feature by Newton's method: slope and offset. `points` calls its argument with feature,
/// target and weight of every point.
fn newton(points: impl Fn(&mut dyn FnMut(f64, f64, f64)), start: (f64, f64)) -> (f32, f32) {
    let (mut slope, mut offset) = start;
    for _ in 0..30 {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        points(&mut |x, target, weight| {
            let p = 1.0 / (1.0 + (-(slope * x + offset)).exp());
            let (residual, curvature) = (weight * (p - target), weight * p * (1.0 - p));
            g0 += residual * x;
            g1 += residual;
            h00 += curvature * x * x;
            h01 += curvature * x;
            h11 += curvature;
        });
        let determinant = h00 * h11 - h01 * h01;
        if determinant.abs() < 1e-12 {
            break;
        }
        let (d0, d1) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        // Damped: a full step may overshoot while probabilities are saturated.
        let damping = (1.0_f64).min(1.0 / (d0.abs() + d1.abs()).max(1e-9));
        slope = (slope - damping * d0).clamp(-20.0, 20.0);
        offset = (offset - damping * d1).clamp(-20.0, 20.0);
        if d0.abs() + d1.abs() < 1e-7 {
            break;
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "clamped")]
    let out = (slope as f32, offset as f32);
    out
}

/// A label's own offset: Newton's method on its messages, with a quadratic pull towards the common one.
fn offset(held: &[Held], label: usize, slope: f32, common: f32) -> f32 {
    let mut offset = f64::from(common);
    let pull = SHRINKAGE * 0.2;
    for _ in 0..20 {
        let (mut gradient, mut curvature) = (pull * (offset - f64::from(common)), pull);
        for held in held.iter().filter(|held| !held.unread.contains(&label)) {
            let z = f64::from(slope * held.logits[label]);
            let target = f64::from(u8::from(held.labels.contains(&label)));
            let p = 1.0 / (1.0 + (-(z + offset)).exp());
            gradient += f64::from(held.weight) * (p - target);
            curvature += f64::from(held.weight) * p * (1.0 - p);
        }
        let step = (gradient / curvature).clamp(-2.0, 2.0);
        offset -= step;
        if step.abs() < 1e-6 {
            break;
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "clamped")]
    let out = offset.clamp(-20.0, 20.0) as f32;
    out
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

fn logit(p: f32) -> f32 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two labels; the logit of the right one is as given, that of the other its opposite.
    fn held(logits: &[(f32, bool)]) -> Vec<Held> {
        let one = |(logit, right): &(f32, bool)| Held {
            logits: vec![*logit, -*logit],
            none: -3.0,
            labels: vec![usize::from(!right)],
            weight: 1.0,
            unread: Arc::default(),
        };
        logits.iter().map(one).collect()
    }

    #[test]
    fn overconfident_logits_are_tempered() {
        // Logit 4 claims 0.98 but is right three times in four.
        let rows: Vec<(f32, bool)> = (0..400).map(|at| (4.0, at % 4 != 0)).collect();
        let calibration = Calibration::fit(&held(&rows), 2, 0.02);
        assert!((calibration.probability(0, 4.0) - 0.75).abs() < 0.03);
    }

    #[test]
    fn thresholds_keep_the_risk_or_give_up() {
        let sure: Vec<(f32, bool)> = (0..300).map(|_| (6.0, true)).collect();
        let unsure: Vec<(f32, bool)> = (0..300).map(|at| (1.0, at % 3 != 0)).collect();
        let calibration = Calibration::fit(&held(&[sure, unsure.clone()].concat()), 2, 0.02);
        let threshold = calibration.threshold(0);
        assert!(calibration.probability(0, 6.0) >= threshold);
        assert!(calibration.probability(0, 1.0) < threshold);
        let hopeless = Calibration::fit(&held(&unsure), 2, 0.02);
        assert!(hopeless.probability(0, 1.0) < hopeless.threshold(0));
    }

    #[test]
    fn having_none_is_told_by_its_own_logit() {
        let one = |none: f32, foreign: bool| Held {
            logits: vec![-1.0, -2.0],
            none,
            labels: if foreign { vec![] } else { vec![0] },
            weight: 1.0,
            unread: Arc::default(),
        };
        let rows: Vec<Held> = (0..100).map(|at| one(if at % 2 == 0 { 1.0 } else { -4.0 }, at % 2 == 0)).collect();
        let calibration = Calibration::fit(&rows, 2, 0.02);
        let best = calibration.probability(0, -1.0);
        assert!(calibration.out_of_scope(best, 1.0) > 0.9 && calibration.out_of_scope(best, -4.0) < 0.1);
    }

    #[test]
    fn nothing_held_out_is_no_reason_to_fail() {
        let calibration = Calibration::fit(&[], 2, 0.02);
        assert!(calibration.probability(0, 0.0).is_finite());
    }
}
