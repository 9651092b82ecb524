//! One-against-rest logistic regression for many labels at once, over dense and sparse features, pulled towards a prior.
//!
//! All labels share the matrix products of a step, and each has a step of its own: labels are independent of each other.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, s};

use super::features::{BUCKETS, Group, Lexical};
use super::lbfgs::{History, Point, add_scaled, dot};
use super::prior::Start;

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

/// Fits every label, starting from and pulled towards `start`. `weights` says how much each row counts; zero leaves it
/// out. Deterministic.
#[must_use]
pub fn fit<'a>(rows: &'a Rows, weights: &'a [f32], start: Start<'a>, options: FitOptions) -> Fitted<'a> {
    Problem::new(rows, weights, start, options).run()
}

/// What a fit found: the weights that it started from, and those that it learned.
pub struct Fitted<'a> {
    start: Start<'a>,
    /// Dense weights, bias, then the learned buckets.
    at: Array2<f32>,
    /// The position of each bucket among the learned ones, or [`UNLEARNED`].
    place: Vec<u32>,
    lexical_scale: f32,
}

/// A bucket that stood in too few rows keeps the weights that it started with.
const UNLEARNED: u32 = u32::MAX;

impl Fitted<'_> {
    /// The model.
    #[must_use]
    pub fn linear(&self) -> Linear {
        let dimensions = self.start.dimensions();
        let mut lexical = Array2::zeros((BUCKETS, self.start.labels()));
        for (bucket, mut row) in (0..).zip(lexical.outer_iter_mut()) {
            self.bucket(bucket, row.as_slice_mut().expect("made in standard layout"));
        }
        Linear { dense: self.at.slice(s![..=dimensions, ..]).to_owned(), lexical }
    }

    /// The logits of one row, as those of [`Fitted::linear`], which need not be made for a few rows.
    #[must_use]
    pub fn logits(&self, vector: &[f32], lexical: &Lexical) -> Vec<f32> {
        let mut out = self.at.row(self.start.dimensions()).to_vec();
        let mut add = |value: f32, weights: &[f32]| {
            out.iter_mut().zip(weights).for_each(|(logit, weight)| *logit += value * weight);
        };
        for (value, row) in vector.iter().zip(flat(&self.at).chunks_exact(self.start.labels())) {
            add(*value, row);
        }
        let mut weights = vec![0.0; self.start.labels()];
        for (value, buckets) in lexical.groups() {
            for bucket in buckets {
                self.bucket(*bucket, &mut weights);
                add(value * self.lexical_scale, &weights);
            }
        }
        out
    }

    /// Writes the weights of a bucket.
    fn bucket(&self, bucket: u16, out: &mut [f32]) {
        match self.place[usize::from(bucket)] {
            UNLEARNED => self.start.lexical(bucket, out),
            place => {
                let labels = out.len();
                let row = (self.start.dimensions() + 1 + place as usize) * labels;
                out.copy_from_slice(&flat(&self.at)[row..row + labels]);
            }
        }
    }
}

/// Rows whose vectors stay in a core's cache while they are gone over forwards and backwards.
const BLOCK: usize = 256;

/// A label whose loss does not fall even at such a step is where it can be.
const SHORTEST_STEP: f32 = 1e-3;

/// An n-gram must stand in so many rows to be learned from; once is chance.
const LEAST_ROWS: u32 = 2;

/// One fit. Parameters are one matrix: dense weights, bias, then the learned buckets.
struct Problem<'a> {
    rows: &'a Rows,
    weights: &'a [f32],
    /// Learned buckets of each row, as positions among the learned ones, and the value of each, by kind.
    lexical: Vec<[(f32, Vec<u32>); 2]>,
    place: Vec<u32>,
    start: Start<'a>,
    prior: Array2<f32>,
    /// Strength of the pull of each label.
    pulls: Array1<f32>,
    dimensions: usize,
    options: FitOptions,
}

impl<'a> Problem<'a> {
    fn new(rows: &'a Rows, weights: &'a [f32], start: Start<'a>, options: FitOptions) -> Self {
        let labels = start.labels();
        let learned = learned_buckets(rows, weights);
        let mut place = vec![UNLEARNED; BUCKETS];
        for (at, bucket) in (0..).zip(&learned) {
            place[usize::from(*bucket)] = at;
        }
        let placed = |(value, buckets): Group<'_>| {
            let places = buckets.iter().map(|bucket| place[usize::from(*bucket)]);
            (value * options.lexical_scale, places.filter(|at| *at != UNLEARNED).collect())
        };
        let lexical = rows.lexical.iter().map(|lexical| lexical.groups().map(placed)).collect();
        let dimensions = rows.dense.ncols();
        let mut prior = Array2::zeros((dimensions + 1 + learned.len(), labels));
        prior.slice_mut(s![..=dimensions, ..]).assign(&start.dense());
        for (bucket, mut row) in learned.iter().zip(prior.outer_iter_mut().skip(dimensions + 1)) {
            start.lexical(*bucket, row.as_slice_mut().expect("made in standard layout"));
        }
        let fresh = |label| start.pull(label).unwrap_or(options.fresh_l2);
        let pull = |label| if start.is_known(label) { options.l2 } else { fresh(label) };
        let pulls = (0..labels).map(pull).collect();
        Self { rows, weights, lexical, place, start, prior, pulls, dimensions, options }
    }

    fn run(self) -> Fitted<'a> {
        let mut block = Block::new(self.start.labels());
        let mut here = Point::new(self.prior.clone());
        self.evaluate(&mut here, &mut block);
        let mut next = Point::new(Array2::zeros(self.prior.raw_dim()));
        let mut history = History::new(self.inverse_curvature(&here.at, &mut block));
        let mut direction = Array2::zeros(self.prior.raw_dim());
        let mut steps = Array1::<f32>::ones(self.start.labels());
        for _ in 0..self.options.iterations {
            history.direct(&here.gradient, &mut direction);
            let gain = self.step(&here, &direction, &mut steps, (&mut next, &mut block));
            history.remember(&here, &next);
            std::mem::swap(&mut here, &mut next);
            if gain < self.options.tolerance {
                break;
            }
        }
        Fitted { start: self.start, at: here.at, place: self.place, lexical_scale: self.options.lexical_scale }
    }

    /// A step for each label along its direction: twice as long as the last one that helped, but at most one. Where
    /// the loss does not fall enough (Armijo) the label stays and tries a quarter of it next time: no label waits for
    /// another, and none costs the others an evaluation. Returns the share of its loss that a label won, of the one
    /// that won most: one that was edited is not done because forty others are.
    fn step(
        &self,
        here: &Point,
        direction: &Array2<f32>,
        steps: &mut Array1<f32>,
        (next, block): (&mut Point, &mut Block),
    ) -> f32 {
        let slope = dot(direction, &here.gradient);
        next.at.assign(&here.at);
        add_scaled(&mut next.at, direction, steps);
        self.evaluate(next, block);
        let mut most = 0.0_f32;
        for label in 0..steps.len() {
            let (old, new) = (here.loss[label], next.loss[label]);
            let bound = old + 1e-4 * steps[label] * slope[label] + 1e-6 * old.abs();
            if new.is_finite() && new <= bound {
                most = most.max((old - new) / old.max(f32::MIN_POSITIVE));
                steps[label] = (steps[label] * 2.0).min(1.0);
            } else {
                next.at.column_mut(label).assign(&here.at.column(label));
                next.gradient.column_mut(label).assign(&here.gradient.column(label));
                next.loss[label] = old;
                steps[label] *= 0.25;
                // Not done, unless steps have become so short that there is nothing to be won.
                most = if steps[label] > SHORTEST_STEP { f32::INFINITY } else { most };
            }
        }
        most
    }

    /// One over the diagonal of the Hessian at the start: the scale in which steps of length one are right.
    fn inverse_curvature(&self, at: &Array2<f32>, block: &mut Block) -> Array2<f32> {
        let mut out = Array2::zeros(at.raw_dim());
        for range in self.ranges() {
            let curvature = block.rows(range.len());
            self.logits(at, range.clone(), curvature);
            for (row, weight) in curvature.chunks_exact_mut(at.ncols()).zip(&self.weights[range.clone()]) {
                // A floor, since probabilities move away from where they start.
                let curvature = |logit: f32| weight * (sigmoid(logit) * (1.0 - sigmoid(logit))).max(0.01);
                row.iter_mut().for_each(|logit| *logit = curvature(*logit));
            }
            let squares = self.rows.dense.slice(s![range.clone(), ..]).mapv(|value| value * value);
            self.gather(&squares.view(), curvature, (range, |value| value * value), &mut out);
        }
        out += &self.pulls;
        out.mapv_into(f32::recip)
    }

    fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let rows = self.rows.len();
        (0..rows).step_by(BLOCK).map(move |start| start..(start + BLOCK).min(rows))
    }

    /// Writes the logits of a range of rows, row by row.
    fn logits(&self, at: &Array2<f32>, range: Range<usize>, out: &mut [f32]) {
        let labels = at.ncols();
        let bias = &flat(at)[self.dimensions * labels..][..labels];
        out.chunks_exact_mut(labels).for_each(|row| row.copy_from_slice(bias));
        let dense = self.rows.dense.slice(s![range.clone(), ..]);
        let mut matrix = ArrayViewMut2::from_shape((range.len(), labels), out).expect("a row for each of the range");
        general_mat_mul(1.0, &dense, &at.slice(s![..self.dimensions, ..]), 1.0, &mut matrix);
        let weights = &flat(at)[(self.dimensions + 1) * labels..];
        for (row, groups) in out.chunks_exact_mut(labels).zip(&self.lexical[range]) {
            for (value, bucket) in each(groups) {
                let start = bucket as usize * labels;
                for (logit, weight) in row.iter_mut().zip(&weights[start..start + labels]) {
                    *logit += value * weight;
                }
            }
        }
    }

    /// Adds features times `per_row` to `out`; `scale` turns a lexical value into what it counts.
    fn gather(
        &self,
        dense: &ArrayView2<'_, f32>,
        per_row: &[f32],
        (range, scale): (Range<usize>, impl Fn(f32) -> f32),
        out: &mut Array2<f32>,
    ) {
        let (dimensions, labels) = (self.dimensions, out.ncols());
        let matrix = ArrayView2::from_shape((range.len(), labels), per_row).expect("a row for each of the range");
        general_mat_mul(1.0, &dense.t(), &matrix, 1.0, &mut out.slice_mut(s![..dimensions, ..]));
        let mut bias = out.row_mut(dimensions);
        bias += &matrix.sum_axis(Axis(0));
        let out = out.as_slice_mut().expect("made in standard layout");
        let out = &mut out[(dimensions + 1) * labels..];
        for (row, groups) in per_row.chunks_exact(labels).zip(&self.lexical[range]) {
            for (value, bucket) in each(groups) {
                let (value, start) = (scale(value), bucket as usize * labels);
                for (sum, residual) in out[start..start + labels].iter_mut().zip(row) {
                    *sum += value * residual;
                }
            }
        }
    }

    /// Loss of each label at a point, and its gradient.
    fn evaluate(&self, point: &mut Point, block: &mut Block) {
        let Point { at, loss, gradient } = point;
        loss.fill(0.0);
        gradient.fill(0.0);
        for range in self.ranges() {
            // Turned into weighted residuals in place; the loss is summed on the way.
            let residuals = block.rows(range.len());
            self.logits(at, range.clone(), residuals);
            let rows = residuals.chunks_exact_mut(loss.len());
            for ((row, labels), weight) in rows.zip(&self.rows.labels[range.clone()]).zip(&self.weights[range.clone()])
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
            let dense = self.rows.dense.slice(s![range.clone(), ..]);
            self.gather(&dense, residuals, (range, |value| value), gradient);
        }
        self.pull(at, loss, gradient);
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

/// Room for the logits or residuals of a range of rows. Like all that a fit needs it is allocated once: fresh pages for
/// every step took longer than the arithmetic.
struct Block {
    labels: usize,
    values: Vec<f32>,
}

impl Block {
    fn new(labels: usize) -> Self {
        Self { labels, values: vec![0.0; BLOCK * labels] }
    }

    fn rows(&mut self, count: usize) -> &mut [f32] {
        &mut self.values[..count * self.labels]
    }
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// A matrix in standard layout, as all here are.
fn flat(matrix: &Array2<f32>) -> &[f32] {
    matrix.as_slice().expect("made in standard layout")
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
        let fitted = || fit(&rows, &[1.0; 6], Start::flat(2, 2, -1.0), options());
        let one = fitted().linear();
        assert_eq!(one, fitted().linear());
        for (row, labels) in rows.labels.iter().enumerate() {
            let vector = rows.dense.row(row).to_vec();
            let logits = one.logits(&vector, &rows.lexical[row], 1.0);
            assert_eq!(logits, fitted().logits(&vector, &rows.lexical[row]));
            for (label, logit) in logits.iter().enumerate() {
                assert_eq!(*logit > 0.0, labels.contains(&label), "row {row} label {label}");
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let rows = rows();
        let problem = Problem::new(&rows, &[1.0; 6], Start::flat(2, 2, -0.5), options());
        let evaluated = |at: Array2<f32>| {
            let mut point = Point::new(at);
            problem.evaluate(&mut point, &mut Block::new(2));
            point
        };
        let mut at = problem.prior.clone();
        at[(0, 0)] = 0.3;
        at[(3, 1)] = -0.2;
        let gradient = evaluated(at.clone()).gradient;
        for position in [(0, 0), (1, 1), (2, 0), (3, 0)] {
            let mut moved = at.clone();
            moved[position] += 1e-2;
            let up = evaluated(moved.clone()).loss;
            moved[position] -= 2e-2;
            let down = evaluated(moved).loss;
            let slope = (up[position.1] - down[position.1]) / 2e-2;
            assert!((slope - gradient[position]).abs() < 1e-2, "{position:?}: {slope} {}", gradient[position]);
        }
    }

    #[test]
    fn without_rows_the_prior_stays() {
        let empty = Rows { dense: Array2::zeros((0, 2)), lexical: vec![], labels: vec![] };
        assert_eq!(fit(&empty, &[], Start::flat(2, 3, -2.0), options()).linear(), Linear::flat(2, 3, -2.0));
    }
}
