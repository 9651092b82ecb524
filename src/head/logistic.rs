//! One-against-rest logistic regression for many labels at once, over dense and sparse features, pulled towards a prior.
//!
//! Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989), every label with its own history and step, all sharing the
//! matrix products. Labels are independent of each other.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

use super::features::{BUCKETS, Group, Lexical};

/// Rows to learn from.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Sentence vectors, [rows, dimensions], already scaled.
    pub dense: Array2<f32>,
    /// Lexical features of each row.
    pub lexical: Vec<Lexical>,
    /// For each row, the labels that it has; none for the background.
    pub labels: Vec<Vec<usize>>,
}

impl Rows {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// A linear model: dense weights with the bias as last row, and weights of the lexical buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// [dimensions + 1, labels]
    pub dense: Array2<f32>,
    /// [buckets, labels]
    pub lexical: Array2<f32>,
}

impl Linear {
    /// All weights zero, all biases `bias`.
    #[must_use]
    pub fn flat(dimensions: usize, labels: usize, bias: f32) -> Self {
        let mut dense = Array2::zeros((dimensions + 1, labels));
        dense.row_mut(dimensions).fill(bias);
        Self { dense, lexical: Array2::zeros((BUCKETS, labels)) }
    }

    /// The logits of one message, one for each label.
    #[must_use]
    pub fn logits(&self, vector: &[f32], lexical: &Lexical, lexical_scale: f32) -> Vec<f32> {
        let last = self.dense.nrows() - 1;
        let mut out = self.dense.row(last).to_owned();
        for (value, row) in vector.iter().zip(self.dense.rows()) {
            out.scaled_add(*value, &row);
        }
        for (value, buckets) in lexical.groups() {
            for bucket in buckets {
                out.scaled_add(value * lexical_scale, &self.lexical.row(usize::from(*bucket)));
            }
        }
        out.to_vec()
    }
}

/// How to fit.
#[derive(Debug, Clone, Copy)]
pub struct FitOptions {
    /// Strength of the pull towards the prior.
    pub l2: f32,
    /// Strength of the pull towards zero of labels of which the prior knows nothing.
    pub fresh_l2: f32,
    /// What lexical feature values are multiplied by.
    pub lexical_scale: f32,
    /// Steps at most.
    pub iterations: usize,
    /// Stop when a step takes less than this share off the loss.
    pub tolerance: f32,
}

/// Fits every label, starting from and pulled towards `prior`. `weights` says how much each row counts; zero leaves it
/// out. Deterministic.
#[must_use]
pub fn fit(rows: &Rows, weights: &[f32], prior: &Linear, options: FitOptions) -> Linear {
    Lbfgs::new(rows, weights, prior.clone(), options).run()
}

/// Rows whose vectors stay in a core's cache while they are gone over forwards and backwards.
const BLOCK: usize = 256;

/// Corrections kept.
const MEMORY: usize = 4;

/// An n-gram must stand in so many rows to be learned from; once is chance.
const LEAST_ROWS: u32 = 2;

/// One fit. Parameters are one matrix: dense weights, bias, then the learned buckets.
struct Lbfgs<'a> {
    rows: &'a Rows,
    weights: &'a [f32],
    /// Learned buckets of each row, as positions in `learned`, and the value of each, by kind.
    lexical: Vec<[(f32, Vec<u32>); 2]>,
    learned: Vec<u16>,
    start: Linear,
    prior: Array2<f32>,
    /// Strength of the pull of each label.
    pulls: Array1<f32>,
    dimensions: usize,
    options: FitOptions,
}

impl<'a> Lbfgs<'a> {
    fn new(rows: &'a Rows, weights: &'a [f32], start: Linear, options: FitOptions) -> Self {
        let labels = start.dense.ncols();
        let learned = learned_buckets(rows, weights);
        let mut place = vec![u32::MAX; BUCKETS];
        for (at, bucket) in (0..).zip(&learned) {
            place[usize::from(*bucket)] = at;
        }
        let placed = |(value, buckets): Group<'_>| {
            let places = buckets.iter().map(|bucket| place[usize::from(*bucket)]);
            (value * options.lexical_scale, places.filter(|at| *at != u32::MAX).collect())
        };
        let lexical = rows.lexical.iter().map(|lexical| lexical.groups().map(placed)).collect();
        let dimensions = rows.dense.ncols();
        let mut prior = Array2::zeros((dimensions + 1 + learned.len(), labels));
        prior.slice_mut(s![..=dimensions, ..]).assign(&start.dense);
        for (at, bucket) in learned.iter().enumerate() {
            prior.row_mut(dimensions + 1 + at).assign(&start.lexical.row(usize::from(*bucket)));
        }
        let known = |column: ArrayView1<'_, f32>| column.slice(s![..dimensions]).iter().any(|weight| *weight != 0.0);
        let pull = |column| if known(column) { options.l2 } else { options.fresh_l2 };
        let pulls = start.dense.columns().into_iter().map(pull).collect();
        Self { rows, weights, lexical, learned, start, prior, pulls, dimensions, options }
    }

    fn run(self) -> Linear {
        let mut at = self.prior.clone();
        let (mut loss, mut gradient) = self.evaluate(&at);
        let scale = self.inverse_curvature(&at);
        let mut history: Vec<Correction> = Vec::new();
        let mut steps = Array1::<f32>::ones(loss.len());
        for _ in 0..self.options.iterations {
            let direction = two_loop(&gradient, &history, &scale);
            let (next, new_loss, new_gradient) = self.line_search(&at, &direction, (&loss, &gradient), &mut steps);
            history.push(Correction::new(&next - &at, &new_gradient - &gradient));
            if history.len() > MEMORY {
                history.remove(0);
            }
            // The label that gains most decides: one that was edited is not done because forty others are.
            let gains = loss.iter().zip(&new_loss).map(|(old, new)| (old - new) / old.max(f32::MIN_POSITIVE));
            let gain = gains.fold(0.0, f32::max);
            (at, loss, gradient) = (next, new_loss, new_gradient);
            if gain < self.options.tolerance {
                break;
            }
        }
        let mut fitted = self.start;
        fitted.dense.assign(&at.slice(s![..=self.dimensions, ..]));
        for (from, bucket) in self.learned.iter().enumerate() {
            fitted.lexical.row_mut(usize::from(*bucket)).assign(&at.row(self.dimensions + 1 + from));
        }
        fitted
    }

    /// A step for each label along its direction: as long as the last one that helped, doubled; a quarter of that where
    /// the loss does not fall enough (Armijo); none where that does not help either. No label waits for another.
    fn line_search(
        &self,
        at: &Array2<f32>,
        direction: &Array2<f32>,
        (loss, gradient): (&Array1<f32>, &Array2<f32>),
        steps: &mut Array1<f32>,
    ) -> (Array2<f32>, Array1<f32>, Array2<f32>) {
        let slope = dot(direction, gradient);
        let mut next = at + &(direction * &*steps);
        let (mut new_loss, mut new_gradient) = self.evaluate(&next);
        let failed = |new_loss: &Array1<f32>, steps: &Array1<f32>| -> Vec<usize> {
            let bound = |k: usize| loss[k] + 1e-4 * steps[k] * slope[k] + 1e-6 * loss[k].abs();
            (0..loss.len()).filter(|&k| new_loss[k] > bound(k) || !new_loss[k].is_finite()).collect()
        };
        let too_long = failed(&new_loss, steps);
        for &k in &too_long {
            steps[k] *= 0.25;
            next.column_mut(k).assign(&(&at.column(k) + &(&direction.column(k) * steps[k])));
        }
        if !too_long.is_empty() {
            (new_loss, new_gradient) = self.evaluate(&next);
            for k in failed(&new_loss, steps) {
                steps[k] *= 0.25;
                next.column_mut(k).assign(&at.column(k));
                new_gradient.column_mut(k).assign(&gradient.column(k));
                new_loss[k] = loss[k];
            }
        }
        steps.mapv_inplace(|step| (step * 2.0).min(1.0));
        (next, new_loss, new_gradient)
    }

    /// One over the diagonal of the Hessian at the start: the scale in which steps of length one are right.
    fn inverse_curvature(&self, at: &Array2<f32>) -> Array2<f32> {
        let dimensions = self.dimensions;
        let mut out = Array2::zeros(at.raw_dim());
        for block in self.blocks() {
            let mut curvature = self.logits(at, block.clone());
            for (mut row, weight) in curvature.outer_iter_mut().zip(&self.weights[block.clone()]) {
                // A floor, since probabilities move away from where they start.
                row.mapv_inplace(|logit| weight * (sigmoid(logit) * (1.0 - sigmoid(logit))).max(0.01));
            }
            let squares = self.rows.dense.slice(s![block.clone(), ..]).mapv(|value| value * value);
            self.gather(&squares.view(), &curvature, (block, |value| value * value), &mut out);
        }
        debug_assert_eq!(out.nrows(), dimensions + 1 + self.learned.len());
        out += &self.pulls;
        out.mapv_into(f32::recip)
    }

    fn blocks(&self) -> impl Iterator<Item = Range<usize>> {
        let rows = self.rows.len();
        (0..rows).step_by(BLOCK).map(move |start| start..(start + BLOCK).min(rows))
    }

    fn logits(&self, at: &Array2<f32>, block: Range<usize>) -> Array2<f32> {
        let mut logits = self.rows.dense.slice(s![block.clone(), ..]).dot(&at.slice(s![..self.dimensions, ..]));
        logits += &at.row(self.dimensions);
        let labels = at.ncols();
        let weights = &flat(at)[(self.dimensions + 1) * labels..];
        for (mut row, groups) in logits.outer_iter_mut().zip(&self.lexical[block]) {
            let Some(row) = row.as_slice_mut() else { continue };
            for (value, bucket) in each(groups) {
                let start = bucket as usize * labels;
                for (logit, weight) in row.iter_mut().zip(&weights[start..start + labels]) {
                    *logit += value * weight;
                }
            }
        }
        logits
    }

    /// Adds features times `per_row` to `out`; `scale` turns a lexical value into what it counts.
    fn gather(
        &self,
        dense: &ArrayView2<'_, f32>,
        per_row: &Array2<f32>,
        (block, scale): (Range<usize>, impl Fn(f32) -> f32),
        out: &mut Array2<f32>,
    ) {
        let (dimensions, labels) = (self.dimensions, out.ncols());
        general_mat_mul(1.0, &dense.t(), per_row, 1.0, &mut out.slice_mut(s![..dimensions, ..]));
        let mut bias = out.row_mut(dimensions);
        bias += &per_row.sum_axis(Axis(0));
        let Some(out) = out.as_slice_mut() else { return };
        let out = &mut out[(dimensions + 1) * labels..];
        for (row, groups) in per_row.outer_iter().zip(&self.lexical[block]) {
            let Some(row) = row.as_slice() else { continue };
            for (value, bucket) in each(groups) {
                let (value, start) = (scale(value), bucket as usize * labels);
                for (sum, residual) in out[start..start + labels].iter_mut().zip(row) {
                    *sum += value * residual;
                }
            }
        }
    }

    /// Loss of each label, and its gradient.
    fn evaluate(&self, at: &Array2<f32>) -> (Array1<f32>, Array2<f32>) {
        let mut loss = Array1::<f32>::zeros(at.ncols());
        let mut gradient = Array2::zeros(at.raw_dim());
        for block in self.blocks() {
            // Turned into weighted residuals in place; the loss is summed on the way.
            let mut residuals = self.logits(at, block.clone());
            for ((mut row, labels), weight) in
                residuals.outer_iter_mut().zip(&self.rows.labels[block.clone()]).zip(&self.weights[block.clone()])
            {
                for label in labels {
                    loss[*label] -= weight * row[*label];
                }
                for (logit, loss) in row.iter_mut().zip(loss.iter_mut()) {
                    // e^-|z| serves both the sigmoid and the stable logarithm.
                    let small = (-logit.abs()).exp();
                    *loss += weight * (logit.max(0.0) + (1.0 + small).ln());
                    *logit = weight * if *logit >= 0.0 { 1.0 } else { small } / (1.0 + small);
                }
                for label in labels {
                    row[*label] -= weight;
                }
            }
            let dense = self.rows.dense.slice(s![block.clone(), ..]);
            self.gather(&dense, &residuals, (block, |value| value), &mut gradient);
        }
        self.pull(at, &mut loss, &mut gradient);
        (loss, gradient)
    }

    /// The bias is free; everything else is pulled towards the prior.
    fn pull(&self, at: &Array2<f32>, loss: &mut Array1<f32>, gradient: &mut Array2<f32>) {
        let rows = gradient.outer_iter_mut().zip(at.outer_iter()).zip(self.prior.outer_iter()).enumerate();
        for (_, ((gradient, weights), prior)) in rows.filter(|(position, _)| *position != self.dimensions) {
            for ((((gradient, weight), prior), loss), l2) in
                gradient.into_iter().zip(weights.iter()).zip(prior.iter()).zip(loss.iter_mut()).zip(&self.pulls)
            {
                let away = weight - prior;
                *gradient += l2 * away;
                *loss += 0.5 * l2 * away * away;
            }
        }
    }
}

/// The learned features of a row, each with its value.
fn each(groups: &[(f32, Vec<u32>); 2]) -> impl Iterator<Item = (f32, u32)> {
    groups.iter().flat_map(|(value, buckets)| buckets.iter().map(move |bucket| (*value, *bucket)))
}

/// Buckets that stand in enough rows, ascending.
fn learned_buckets(rows: &Rows, weights: &[f32]) -> Vec<u16> {
    let mut counts = vec![0_u32; BUCKETS];
    for (lexical, _) in rows.lexical.iter().zip(weights).filter(|(_, weight)| **weight != 0.0) {
        lexical.buckets().iter().for_each(|bucket| counts[usize::from(*bucket)] += 1);
    }
    (0..).zip(counts).filter(|(_, count)| *count >= LEAST_ROWS).map(|(bucket, _)| bucket).collect()
}

/// A step and the change of the gradient over it.
struct Correction {
    step: Array2<f32>,
    change: Array2<f32>,
    /// 1 / (step · change) for each label; zero where the curvature was not positive.
    rho: Array1<f32>,
}

impl Correction {
    fn new(step: Array2<f32>, change: Array2<f32>) -> Self {
        let rho = dot(&step, &change).mapv(|curvature| if curvature > 1e-10 { 1.0 / curvature } else { 0.0 });
        Self { step, change, rho }
    }
}

/// The search direction: minus the gradient through the approximate inverse Hessian, which starts as `scale`. Positive
/// definite by construction, so that it always descends.
fn two_loop(gradient: &Array2<f32>, history: &[Correction], scale: &Array2<f32>) -> Array2<f32> {
    let mut direction = gradient.clone();
    let mut alphas = Vec::with_capacity(history.len());
    for correction in history.iter().rev() {
        let alpha = dot(&correction.step, &direction) * &correction.rho;
        subtract_scaled(&mut direction, &correction.change, &alpha);
        alphas.push(alpha);
    }
    direction *= scale;
    for (correction, alpha) in history.iter().zip(alphas.iter().rev()) {
        let beta = dot(&correction.change, &direction) * &correction.rho;
        subtract_scaled(&mut direction, &correction.step, &(&beta - alpha));
    }
    direction.mapv_inplace(|value| -value);
    direction
}

/// `target -= other * factors`, column by column.
fn subtract_scaled(target: &mut Array2<f32>, other: &Array2<f32>, factors: &Array1<f32>) {
    for (mut target, other) in target.outer_iter_mut().zip(other.outer_iter()) {
        for ((target, other), factor) in target.iter_mut().zip(other.iter()).zip(factors.iter()) {
            *target -= other * factor;
        }
    }
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// A matrix in standard layout, as all here are.
fn flat(matrix: &Array2<f32>) -> &[f32] {
    matrix.as_slice().expect("made in standard layout")
}

/// Column by column.
fn dot(a: &Array2<f32>, b: &Array2<f32>) -> Array1<f32> {
    let mut out = Array1::<f32>::zeros(a.ncols());
    for (a, b) in a.outer_iter().zip(b.outer_iter()) {
        for ((out, a), b) in out.iter_mut().zip(a.iter()).zip(b.iter()) {
            *out += a * b;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let texts = ["运费多少", "运费贵吗", "退货", "怎么退", "你好", "在吗"];
        let mut dense = Array2::zeros((6, 2));
        for (row, (x, y)) in [(1.0, 0.1), (0.9, 0.0), (0.1, 1.0), (0.0, 0.8), (0.0, 0.0), (0.1, 0.1)].iter().enumerate()
        {
            dense[(row, 0)] = *x;
            dense[(row, 1)] = *y;
        }
        Rows {
            dense,
            lexical: texts.iter().map(|text| Lexical::of(text)).collect(),
            labels: vec![vec![0], vec![0], vec![1], vec![1], vec![], vec![]],
        }
    }

    fn options() -> FitOptions {
        FitOptions { l2: 0.1, fresh_l2: 0.1, lexical_scale: 1.0, iterations: 60, tolerance: 1e-5 }
    }

    #[test]
    fn separates_and_repeats() {
        let rows = rows();
        let prior = Linear::flat(2, 2, -1.0);
        let one = fit(&rows, &[1.0; 6], &prior, options());
        assert_eq!(one, fit(&rows, &[1.0; 6], &prior, options()));
        for (row, labels) in rows.labels.iter().enumerate() {
            let vector = rows.dense.row(row).to_vec();
            let logits = one.logits(&vector, &rows.lexical[row], 1.0);
            for (label, logit) in logits.iter().enumerate() {
                assert_eq!(*logit > 0.0, labels.contains(&label), "row {row} label {label}");
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let rows = rows();
        let problem = Lbfgs::new(&rows, &[1.0; 6], Linear::flat(2, 2, -0.5), options());
        let mut at = problem.prior.clone();
        at[(0, 0)] = 0.3;
        at[(3, 1)] = -0.2;
        let (_, gradient) = problem.evaluate(&at);
        for position in [(0, 0), (1, 1), (2, 0), (3, 0)] {
            let mut moved = at.clone();
            moved[position] += 1e-2;
            let (up, _) = problem.evaluate(&moved);
            moved[position] -= 2e-2;
            let (down, _) = problem.evaluate(&moved);
            let slope = (up[position.1] - down[position.1]) / 2e-2;
            assert!((slope - gradient[position]).abs() < 1e-2, "{position:?}: {slope} {}", gradient[position]);
        }
    }

    #[test]
    fn without_rows_the_prior_stays() {
        let empty = Rows { dense: Array2::zeros((0, 2)), lexical: vec![], labels: vec![] };
        let prior = Linear::flat(2, 3, -2.0);
        assert_eq!(fit(&empty, &[], &prior, options()), prior);
    }
}
