//! One-against-rest logistic regression for many labels at once, over dense and sparse features, pulled towards a prior.
//!
//! Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989), every label with its own history and step, all sharing the
//! matrix products. Labels are independent, so they are split over threads without changing a result.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::features::{BUCKETS, Lexical};

/// Rows to learn from.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Sentence vectors, [rows, dimensions], already scaled.
    pub dense: Array2<f32>,
    /// Lexical features of each row.
    pub lexical: Vec<Lexical>,
    /// For each row, the labels that it has; none for the background.
    pub labels: Vec<Vec<usize>>,
    /// How much each row counts; zero leaves it out.
    pub weights: Vec<f32>,
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

    /// The logits of one message, [labels].
    #[must_use]
    pub fn logits(&self, vector: &[f32], lexical: &Lexical, lexical_scale: f32) -> Vec<f32> {
        let last = self.dense.nrows() - 1;
        let mut out = self.dense.row(last).to_owned();
        for (value, row) in vector.iter().zip(self.dense.rows()) {
            out.scaled_add(*value, &row);
        }
        let value = lexical.value() * lexical_scale;
        for bucket in lexical.buckets() {
            out.scaled_add(value, &self.lexical.row(*bucket as usize));
        }
        out.to_vec()
    }

    fn columns(&self, range: std::ops::Range<usize>) -> Self {
        Self {
            dense: self.dense.slice(s![.., range.clone()]).to_owned(),
            lexical: self.lexical.slice(s![.., range]).to_owned(),
        }
    }

    fn assign_columns(&mut self, start: usize, other: &Self) {
        let range = start..start + other.dense.ncols();
        self.dense.slice_mut(s![.., range.clone()]).assign(&other.dense);
        self.lexical.slice_mut(s![.., range]).assign(&other.lexical);
    }
}

/// How to fit.
#[derive(Debug, Clone, Copy)]
pub struct FitOptions {
    /// Strength of the pull towards the prior.
    pub l2: f32,
    /// What lexical feature values are multiplied by.
    pub lexical_scale: f32,
    /// Steps at most.
    pub iterations: usize,
    /// Threads to split the labels over.
    pub threads: usize,
}

/// Fits every label, starting from and pulled towards `prior`. Deterministic, whatever the number of threads.
#[must_use]
pub fn fit(rows: &Rows, prior: &Linear, options: FitOptions) -> Linear {
    let labels = prior.dense.ncols();
    let chunk = labels.div_ceil(options.threads.max(1)).max(1);
    let mut fitted = prior.clone();
    let parts: Vec<(usize, Linear)> = std::thread::scope(|scope| {
        let starts = (0..labels).step_by(chunk);
        let workers: Vec<_> = starts
            .map(|start| {
                let range = start..(start + chunk).min(labels);
                scope.spawn(move || (start, Lbfgs::new(rows, prior.columns(range), start, options).run()))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("fitting does not panic")).collect()
    });
    for (start, part) in &parts {
        fitted.assign_columns(*start, part);
    }
    fitted
}

/// Corrections kept.
const MEMORY: usize = 6;

/// The labels `first..` of one thread.
struct Lbfgs<'a> {
    rows: &'a Rows,
    prior: Array2<f32>,
    targets: Array2<f32>,
    weights: Array1<f32>,
    dimensions: usize,
    options: FitOptions,
}

impl<'a> Lbfgs<'a> {
    fn new(rows: &'a Rows, prior: Linear, first: usize, options: FitOptions) -> Self {
        let labels = prior.dense.ncols();
        let mut targets = Array2::zeros((rows.len(), labels));
        for (row, has) in rows.labels.iter().enumerate() {
            for label in has.iter().filter(|label| (first..first + labels).contains(label)) {
                targets[(row, label - first)] = 1.0;
            }
        }
        let dimensions = rows.dense.ncols();
        Self {
            rows,
            prior: ndarray::concatenate![Axis(0), prior.dense, prior.lexical],
            targets,
            weights: Array1::from(rows.weights.clone()),
            dimensions,
            options,
        }
    }

    fn run(&self) -> Linear {
        let mut at = self.prior.clone();
        let (mut loss, mut gradient) = self.evaluate(&at);
        let mut history: Vec<Correction> = Vec::new();
        for iteration in 0..self.options.iterations {
            let mut direction = two_loop(&gradient, &history);
            // A direction that does not descend (rounding) is replaced by the gradient.
            let slope = dot(&direction, &gradient);
            for (label, slope) in slope.iter().enumerate() {
                if *slope >= 0.0 {
                    let steepest = gradient.column(label).mapv(|g| -g);
                    direction.column_mut(label).assign(&steepest);
                }
            }
            let slope = dot(&direction, &gradient);
            let first = if iteration == 0 { 1.0 / 16.0 } else { 1.0 };
            let mut steps = Array1::from_elem(loss.len(), first);
            let mut tried = (&at + &(&direction * &steps), Array1::zeros(0), Array2::zeros((0, 0)));
            for _ in 0..12 {
                let (new_loss, new_gradient) = self.evaluate(&tried.0);
                // Armijo's condition, each label on its own.
                let short: Vec<usize> = (0..loss.len())
                    .filter(|&k| {
                        let bound = loss[k] + 1e-4 * steps[k] * slope[k];
                        !(new_loss[k] <= bound + 1e-6 * loss[k].abs())
                    })
                    .collect();
                let done = short.is_empty();
                tried.1 = new_loss;
                tried.2 = new_gradient;
                if done {
                    break;
                }
                for k in short {
                    steps[k] *= 0.4;
                    let column = &at.column(k) + &(&direction.column(k) * steps[k]);
                    tried.0.column_mut(k).assign(&column);
                }
            }
            let (next, new_loss, new_gradient) = tried;
            history.push(Correction::new(&next - &at, &new_gradient - &gradient));
            if history.len() > MEMORY {
                history.remove(0);
            }
            let gain = (&loss - &new_loss).sum() / loss.sum().max(f32::MIN_POSITIVE);
            (at, loss, gradient) = (next, new_loss, new_gradient);
            if gain < 2e-4 {
                break;
            }
        }
        let dense = at.slice(s![..=self.dimensions, ..]).to_owned();
        Linear { dense, lexical: at.slice(s![self.dimensions + 1.., ..]).to_owned() }
    }

    /// Loss of each label, and its gradient.
    fn evaluate(&self, at: &Array2<f32>) -> (Array1<f32>, Array2<f32>) {
        let dimensions = self.dimensions;
        let mut logits = self.rows.dense.dot(&at.slice(s![..dimensions, ..]));
        logits += &at.row(dimensions);
        self.add_lexical(&mut logits, at.slice(s![dimensions + 1.., ..]));

        // Turned into weighted residuals in place; the loss is summed on the way.
        let mut loss = Array1::<f32>::zeros(at.ncols());
        for ((mut row, targets), weight) in
            logits.outer_iter_mut().zip(self.targets.outer_iter()).zip(self.weights.iter())
        {
            for ((logit, target), loss) in row.iter_mut().zip(targets.iter()).zip(loss.iter_mut()) {
                // e^-|z| serves both the sigmoid and the stable logarithm.
                let small = (-logit.abs()).exp();
                let sigmoid = if *logit >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
                *loss += weight * (logit.max(0.0) - *logit * target + small.ln_1p());
                *logit = weight * (sigmoid - target);
            }
        }
        let residuals = logits;
        let mut gradient = Array2::zeros(at.raw_dim());
        let product = self.rows.dense.t().dot(&residuals);
        gradient.slice_mut(s![..dimensions, ..]).assign(&product);
        gradient.row_mut(dimensions).assign(&residuals.sum_axis(Axis(0)));
        self.gather_lexical(&residuals, &mut gradient);

        // The bias is free; everything else is pulled towards the prior.
        let l2 = self.options.l2;
        for (at_row, ((position, weights), prior)) in
            gradient.outer_iter_mut().zip(at.outer_iter().enumerate().zip(self.prior.outer_iter()))
        {
            if position == dimensions {
                continue;
            }
            for (((gradient, weight), prior), loss) in
                at_row.into_iter().zip(weights.iter()).zip(prior.iter()).zip(loss.iter_mut())
            {
                let away = weight - prior;
                *gradient += l2 * away;
                *loss += 0.5 * l2 * away * away;
            }
        }
        (loss, gradient)
    }

    fn add_lexical(&self, logits: &mut Array2<f32>, weights: ArrayView2<'_, f32>) {
        for ((mut row, lexical), weight) in logits.outer_iter_mut().zip(&self.rows.lexical).zip(&self.weights) {
            if *weight == 0.0 {
                continue;
            }
            let value = lexical.value() * self.options.lexical_scale;
            for bucket in lexical.buckets() {
                row.scaled_add(value, &weights.row(*bucket as usize));
            }
        }
    }

    fn gather_lexical(&self, residuals: &Array2<f32>, gradient: &mut Array2<f32>) {
        for ((row, lexical), weight) in residuals.outer_iter().zip(&self.rows.lexical).zip(&self.weights) {
            if *weight == 0.0 {
                continue;
            }
            let value = lexical.value() * self.options.lexical_scale;
            for bucket in lexical.buckets() {
                gradient.row_mut(self.dimensions + 1 + *bucket as usize).scaled_add(value, &row);
            }
        }
    }
}

/// A step and the change of the gradient over it.
struct Correction {
    step: Array2<f32>,
    change: Array2<f32>,
    /// 1 / (step · change) for each label; zero where the curvature was not positive.
    rho: Array1<f32>,
    /// (step · change) / (change · change): the scale of the first guess.
    scale: Array1<f32>,
}

impl Correction {
    fn new(step: Array2<f32>, change: Array2<f32>) -> Self {
        let curvature = dot(&step, &change);
        let squared = dot(&change, &change);
        let rho = curvature.mapv(|c| if c > 1e-10 { 1.0 / c } else { 0.0 });
        let scale = ndarray::Zip::from(&curvature)
            .and(&squared)
            .map_collect(|c, q| if *c > 1e-10 && *q > 0.0 { c / q } else { 1.0 });
        Self { step, change, rho, scale }
    }
}

/// The search direction: minus the gradient through the approximate inverse Hessian.
fn two_loop(gradient: &Array2<f32>, history: &[Correction]) -> Array2<f32> {
    let mut direction = gradient.clone();
    let mut alphas = Vec::with_capacity(history.len());
    for correction in history.iter().rev() {
        let alpha = dot(&correction.step, &direction) * &correction.rho;
        direction -= &(&correction.change * &alpha);
        alphas.push(alpha);
    }
    if let Some(latest) = history.last() {
        direction *= &latest.scale;
    }
    for (correction, alpha) in history.iter().zip(alphas.iter().rev()) {
        let beta = dot(&correction.change, &direction) * &correction.rho;
        direction += &(&correction.step * &(alpha - &beta));
    }
    direction.mapv_inplace(|value| -value);
    direction
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
        let texts = ["运费多少", "包邮吗", "退货", "怎么退", "你好", "在吗"];
        let mut dense = Array2::zeros((6, 2));
        for (row, (x, y)) in [(1.0, 0.1), (0.9, 0.0), (0.1, 1.0), (0.0, 0.8), (0.0, 0.0), (0.1, 0.1)].iter().enumerate() {
            dense[(row, 0)] = *x;
            dense[(row, 1)] = *y;
        }
        Rows {
            dense,
            lexical: texts.iter().map(|text| Lexical::of(text)).collect(),
            labels: vec![vec![0], vec![0], vec![1], vec![1], vec![], vec![]],
            weights: vec![1.0; 6],
        }
    }

    fn options(threads: usize) -> FitOptions {
        FitOptions { l2: 0.1, lexical_scale: 1.0, iterations: 60, threads }
    }

    #[test]
    fn separates_and_does_not_depend_on_threads() {
        let rows = rows();
        let prior = Linear::flat(2, 2, -1.0);
        let one = fit(&rows, &prior, options(1));
        assert_eq!(one, fit(&rows, &prior, options(1)));
        let two = fit(&rows, &prior, options(2));
        for (row, labels) in rows.labels.iter().enumerate() {
            let vector = rows.dense.row(row).to_vec();
            let logits = one.logits(&vector, &rows.lexical[row], 1.0);
            let again = two.logits(&vector, &rows.lexical[row], 1.0);
            for label in 0..2 {
                assert_eq!(logits[label] > 0.0, labels.contains(&label), "row {row} label {label}");
                assert!((logits[label] - again[label]).abs() < 0.05);
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let rows = rows();
        let problem = Lbfgs::new(&rows, Linear::flat(2, 2, -0.5), 0, options(1));
        let mut at = problem.prior.clone();
        at[(0, 0)] = 0.3;
        at[(5, 1)] = -0.2;
        let (_, gradient) = problem.evaluate(&at);
        for position in [(0, 0), (1, 1), (2, 0), (3 + rows.lexical[0].buckets()[0] as usize, 0)] {
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
        let empty = Rows { dense: Array2::zeros((0, 2)), lexical: vec![], labels: vec![], weights: vec![] };
        let prior = Linear::flat(2, 3, -2.0);
        assert_eq!(fit(&empty, &prior, options(1)), prior);
    }
}
