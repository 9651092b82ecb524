//! A fit with its cross-validation: a head for some labels, and what heads say of rows that they were not fitted on.

use ndarray::{Array1, Array2, Axis};

use super::logistic::{FitOptions, Linear, Rows, fit};
use super::prior::Start;
use super::samples::Sample;
use crate::catalogue::{Catalogue, Intent};
use crate::model::{Bundle, Quantised, Reference};

/// Folds of the cross-validation.
pub(super) const FOLDS: usize = 3;

/// Steps of a fit, and when to stop: from the bundle's prior it is a short way.
const ITERATIONS: usize = 12;
const TOLERANCE: f32 = 1e-2;

/// Steps of a fit that starts from nothing.
pub(super) const ITERATIONS_WITHOUT_PRIOR: usize = 40;

/// Examples of a usual intent, and the most that one example may count for to make up for it.
const USUAL_EXAMPLES: f32 = 120.0;
const MOST_WEIGHT: f32 = 15.0;

/// Where an intent starts that the prior does not know: logit = slope × cosine to the prototype + bias, and how strongly
/// it is pulled there. Chosen on eight invented intents of eight examples (`training/README.md`).
const PROTOTYPE_SLOPE: f32 = 40.0;
const PROTOTYPE_BIAS: f32 = -14.0;
const PROTOTYPE_L2: f32 = 100.0;

/// The logit below which a row is surely not of a label: one in four hundred.
const SURE: f32 = -6.0;

/// The bias of an intent that the prior does not know: rare until examples say otherwise.
pub(super) const NEW_INTENT_BIAS: f32 = -4.0;

/// A fit on all rows, and one for each fold without what it holds out. Rows are samples, then the bundle's background.
pub(super) struct Task<'a> {
    rows: Rows,
    /// Those of the rows that are learned from, by their place.
    learned: Vec<usize>,
    /// The learned rows, and how much each counts.
    learned_rows: Rows,
    weights: Vec<f32>,
    /// The fold that holds each row out.
    folds: Vec<usize>,
    /// For the fit on all rows, then for each fold.
    starts: Vec<Start<'a>>,
    options: FitOptions,
}

impl<'a> Task<'a> {
    /// `labels` are the labels to be told from all else: intents of the catalogue by index, and the number of intents
    /// for having none.
    pub(super) fn new(samples: &[&Sample], labels: &[usize], catalogue: &Catalogue, bundle: &'a Bundle) -> Self {
        let settings = bundle.head_settings();
        let reference = bundle.reference();
        let background = &reference.background;
        let none = catalogue.intents().len();
        let place = |label: usize| labels.iter().position(|own| *own == label);
        let own = |sample: &&Sample| or_none(&sample.labels, none).into_iter().filter_map(place).collect();
        let mut own_labels: Vec<Vec<usize>> = samples.iter().map(own).collect();
        own_labels.resize(samples.len() + background.vectors.len(), place(none).into_iter().collect());
        let vectors = samples.iter().map(|sample| &sample.text.vector).chain(&background.vectors);
        let lexical = samples.iter().map(|sample| &sample.text.lexical).chain(&background.lexical);
        let rows = Rows {
            dense: dense_rows(vectors, bundle.dimensions(), settings.vector_scale),
            lexical: lexical.cloned().collect(),
            labels: own_labels,
        };
        let mut weights: Vec<f32> = samples.iter().map(|sample| weight(sample, catalogue, reference)).collect();
        weights.resize(rows.len(), settings.background_weight);
        let folds = samples.iter().map(|sample| sample.text.fold);
        let folds = folds.chain((0..background.vectors.len()).map(|at| at % FOLDS)).collect();
        let has_prior = !reference.priors.is_empty();
        let options = FitOptions {
            l2: settings.l2,
            fresh_l2: if has_prior { PROTOTYPE_L2 } else { settings.fresh_l2 },
            lexical_scale: settings.lexical_scale,
            iterations: if has_prior { ITERATIONS } else { ITERATIONS_WITHOUT_PRIOR },
            tolerance: TOLERANCE,
        };
        let starts: Vec<Start<'a>> =
            (0..=FOLDS).map(|number| start(labels, samples, number, (catalogue, bundle))).collect();
        let learned = learned(&rows, &starts[0], settings.lexical_scale);
        let learned_rows = Rows {
            dense: rows.dense.select(Axis(0), &learned),
            lexical: learned.iter().map(|at| rows.lexical[*at].clone()).collect(),
            labels: learned.iter().map(|at| rows.labels[*at].clone()).collect(),
        };
        let weights = learned.iter().map(|at| weights[*at]).collect();
        Self { rows, learned, learned_rows, weights, folds, starts, options }
    }

    /// The model fitted on all rows, and the logits of every row, in order, by one that was not fitted on it. The fits
    /// are dealt out to the threads, each doing one after the other: their memory is what costs.
    pub(super) fn solve(&self, threads: usize) -> (Linear, Vec<Vec<f32>>) {
        let threads = threads.clamp(1, FOLDS + 1);
        let held = |first: usize| -> Vec<(usize, Vec<f32>)> {
            (first..FOLDS).step_by(threads).flat_map(|fold| self.held_out(fold)).collect()
        };
        let (linear, held) = std::thread::scope(|scope| {
            // The fit on all rows is this thread's first.
            let workers: Vec<_> = (0..threads - 1).map(|first| scope.spawn(move || held(first))).collect();
            let linear = fit(&self.learned_rows, &self.weights, self.starts[0].clone(), self.options).linear();
            let mut all = held(threads - 1);
            all.extend(workers.into_iter().flat_map(|worker| worker.join().expect("fitting does not panic")));
            (linear, all)
        });
        let mut logits = vec![Vec::new(); self.rows.len()];
        held.into_iter().for_each(|(at, row)| logits[at] = row);
        (linear, logits)
    }

    /// The rows that a fold holds out, with their logits by a model fitted on the others.
    fn held_out(&self, fold: usize) -> Vec<(usize, Vec<f32>)> {
        let out = |at: &usize| self.folds[*at] == fold;
        let rows = self.learned.iter().zip(&self.weights);
        let weights: Vec<f32> = rows.map(|(at, weight)| if out(at) { 0.0 } else { *weight }).collect();
        let fitted = fit(&self.learned_rows, &weights, self.starts[fold + 1].clone(), self.options);
        let logits = |at: usize| {
            let vector = self.rows.dense.row(at);
            fitted.logits(vector.as_slice().expect("made in standard layout"), &self.rows.lexical[at])
        };
        (0..self.rows.len()).filter(out).map(|at| (at, logits(at))).collect()
    }
}

/// Examples of an intent that the prior does not know speak against all that it learned for the others, so few of them
/// count as much together as the many of a usual intent.
fn weight(sample: &Sample, catalogue: &Catalogue, reference: &Reference) -> f32 {
    let is_new = |intent: &&Intent| !reference.intents.contains(&intent.id);
    let new = sample.labels.iter().map(|label| &catalogue.intents()[*label]).filter(is_new);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
    let fewest = new.map(|intent| intent.examples.len().max(1) as f32).reduce(f32::min);
    match fewest {
        Some(count) if !reference.priors.is_empty() => (USUAL_EXAMPLES / count).clamp(1.0, MOST_WEIGHT),
        _ => 1.0,
    }
}

/// Having no intent is a label of its own, the last one: what is foreign to a shop is learned, not only what is not
/// like anything known.
pub(super) fn or_none(labels: &[usize], none: usize) -> Vec<usize> {
    if labels.is_empty() { vec![none] } else { labels.to_vec() }
}

/// Vectors as a scaled matrix.
pub(super) fn dense_rows<'a>(
    vectors: impl Iterator<Item = &'a Quantised>,
    dimensions: usize,
    scale: f32,
) -> Array2<f32> {
    let values: Vec<f32> = vectors.flat_map(|vector| vector.values().map(move |value| value * scale)).collect();
    let rows = values.len() / dimensions;
    Array2::from_shape_vec((rows, dimensions), values).expect("every vector has the bundle's length")
}

/// The rows that have one of the labels, or that one of them comes near from the start. The others, thousands where few
/// labels are fitted, are as sure as they can be.
fn learned(rows: &Rows, start: &Start<'_>, lexical_scale: f32) -> Vec<usize> {
    let dense = start.dense();
    let matters = |at: &usize| {
        let logits = |vector: &[f32]| start.logits(&dense, vector, &rows.lexical[*at], lexical_scale);
        let vector = rows.dense.row(*at);
        !rows.labels[*at].is_empty()
            || logits(vector.as_slice().expect("made in standard layout")).iter().any(|logit| *logit > SURE)
    };
    (0..rows.len()).filter(matters).collect()
}

/// One of the bundle's priors (the first saw everything, the others lack what their fold holds out). An intent that it does
/// not know starts from the prototype of its examples.
fn start<'a>(
    labels: &[usize],
    samples: &[&Sample],
    number: usize,
    (catalogue, bundle): (&Catalogue, &'a Bundle),
) -> Start<'a> {
    let reference = bundle.reference();
    let Some(prior) = reference.priors.get(number) else {
        return Start::flat(bundle.dimensions(), labels.len(), NEW_INTENT_BIAS);
    };
    let columns: Vec<Option<usize>> = labels.iter().map(|label| prior_column(*label, catalogue, reference)).collect();
    let new: Vec<usize> = (0..columns.len()).filter(|at| columns[*at].is_none()).collect();
    let mut start = Start::of(prior, columns, NEW_INTENT_BIAS);
    let seen: Vec<&Sample> = samples.iter().copied().filter(|sample| sample.text.fold + 1 != number).collect();
    for at in new {
        if let Some(weights) = prototype(&seen, labels[at], bundle) {
            start.prototype(at, weights);
        }
    }
    start
}

/// The column of the bundle's priors for a label; none for an intent that they do not know.
pub(super) fn prior_column(label: usize, catalogue: &Catalogue, reference: &Reference) -> Option<usize> {
    match catalogue.intents().get(label) {
        Some(intent) => reference.intents.iter().position(|id| *id == intent.id),
        None => Some(reference.intents.len()),
    }
}

/// Weights that grow towards the middle of a label's examples, away from the middle of all: few examples say more about
/// where their middle is than about each weight (Snell, Swersky and Zemel 2017).
fn prototype(samples: &[&Sample], label: usize, bundle: &Bundle) -> Option<Array1<f32>> {
    let middle = |of: &mut dyn Iterator<Item = &&Sample>| {
        let (mut sum, mut count) = (Array1::<f32>::zeros(bundle.dimensions()), 0.0_f32);
        for sample in of {
            sum.iter_mut().zip(sample.text.vector.values()).for_each(|(sum, value)| *sum += value);
            count += 1.0;
        }
        (count > 0.0).then(|| sum / count)
    };
    let everything = middle(&mut samples.iter())?;
    let direction = middle(&mut samples.iter().filter(|sample| sample.labels.contains(&label)))? - &everything;
    let length = direction.dot(&direction).sqrt();
    if length < 1e-6 {
        return None;
    }
    let direction = direction * (PROTOTYPE_SLOPE / length);
    let mut weights: Vec<f32> = direction.iter().map(|weight| weight / bundle.head_settings().vector_scale).collect();
    weights.push(PROTOTYPE_BIAS - direction.dot(&everything));
    Some(weights.into())
}
