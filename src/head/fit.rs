use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ndarray::{Array1, Array2};

use super::calibrate::{Calibration, Held};
use super::features::Lexical;
use super::logistic::{FitOptions, Linear, Rows, fit};
use super::prior::Start;
use super::samples::{Sample, Samples};
use crate::catalogue::{Catalogue, Intent};
use crate::model::{Bundle, EncoderError, Quantised, Reading, Reference, ReferenceRows};

/// Folds of the cross-validation.
pub(super) const FOLDS: usize = 3;

/// Steps of a fit, and when to stop: from the bundle's prior it is a short way.
const ITERATIONS: usize = 12;
const TOLERANCE: f32 = 1e-2;

/// Steps of a fit that starts from nothing.
pub(super) const ITERATIONS_WITHOUT_PRIOR: usize = 40;

/// How much a held-out background message counts in calibration: real messages already hold their share of others.
const BACKGROUND_HELD_WEIGHT: f32 = 0.1;

/// How much a real message counts in calibration against a held-out example: examples are clearer than live traffic,
/// and thresholds must hold there.
const REAL_WEIGHT: f32 = 1.0;

/// How much a held-out example counts there: it stands for intents that no real message has.
const EXAMPLE_HELD_WEIGHT: f32 = 0.2;

/// Examples of a usual intent, and the most that one example may count for to make up for it.
const USUAL_EXAMPLES: f32 = 120.0;
const MOST_WEIGHT: f32 = 15.0;

/// Where an intent starts that the prior does not know: logit = slope × cosine to the prototype + bias, and how strongly
/// it is pulled there. Chosen on eight invented intents of eight examples (`training/README.md`).
const PROTOTYPE_SLOPE: f32 = 40.0;
const PROTOTYPE_BIAS: f32 = -14.0;
const PROTOTYPE_L2: f32 = 100.0;

/// The bias of an intent that the prior does not know: rare until examples say otherwise.
pub(super) const NEW_INTENT_BIAS: f32 = -4.0;

/// Scores messages against the intents of one catalogue.
pub struct IntentHead {
    linear: Linear,
    calibration: Calibration,
    vector_scale: f32,
    lexical_scale: f32,
    samples: Samples,
    report: FitReport,
}

/// What a fit was made of and how long it took.
#[derive(Debug, Clone, Copy, Default)]
pub struct FitReport {
    /// Examples and near misses.
    pub examples: usize,
    /// Background messages.
    pub background: usize,
    /// Messages that the bundle held no vector for.
    pub embedded: usize,
    /// Embedding those.
    pub embedding: Duration,
    /// Fitting and calibrating.
    pub fitting: Duration,
}

/// What the head says of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Every intent, the most probable first.
    pub intents: Vec<IntentScore>,
    /// The probability that it is none of them.
    pub out_of_scope: f32,
}

/// One intent's score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntentScore {
    /// Index in the catalogue.
    pub intent: usize,
    /// Calibrated probability.
    pub probability: f32,
    /// The probability from which the intent is acted on.
    pub threshold: f32,
}

impl IntentScore {
    /// Whether it is probable enough to act on.
    #[must_use]
    pub fn is_confident(&self) -> bool {
        self.probability >= self.threshold
    }
}

/// An example near a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Index of its intent.
    pub intent: usize,
    /// The example.
    pub say: String,
    /// Cosine similarity.
    pub similarity: f32,
}

impl IntentHead {
    /// Fits a head: rows from the catalogue and the bundle's background, starting from the bundle's prior, calibrated
    /// on held-out folds and on the bundle's real messages. The same catalogue and bundle give the same head; one
    /// fitted `previous`ly with the same bundle only saves reading its texts again.
    ///
    /// # Errors
    /// When an example cannot be embedded.
    pub fn fit(
        catalogue: &Catalogue,
        bundle: &Bundle,
        previous: Option<&Self>,
        threads: usize,
    ) -> Result<Self, EncoderError> {
        let samples = Samples::read(catalogue, bundle, previous.map(|head| &head.samples), threads)?;
        let started = Instant::now();
        let settings = bundle.head_settings();
        let reference = bundle.reference();
        let rows = rows(&samples, catalogue, bundle);
        let mut weights: Vec<f32> =
            samples.rows().iter().map(|sample| example_weight(sample, catalogue, reference)).collect();
        weights.resize(rows.len(), settings.background_weight);
        let folds = samples.rows().iter().map(|sample| sample.text.fold);
        let folds: Vec<usize> = folds.chain((0..reference.background.vectors.len()).map(|at| at % FOLDS)).collect();
        let options = FitOptions {
            l2: settings.l2,
            fresh_l2: if reference.priors.is_empty() { settings.fresh_l2 } else { PROTOTYPE_L2 },
            lexical_scale: settings.lexical_scale,
            iterations: if reference.priors.is_empty() { ITERATIONS_WITHOUT_PRIOR } else { ITERATIONS },
            tolerance: TOLERANCE,
        };
        let starts: Vec<Start<'_>> = (0..=FOLDS).map(|number| start(catalogue, bundle, &samples, number)).collect();
        let problem = CrossValidation { rows: &rows, weights: &weights, folds: &folds, starts: &starts, options };
        let (linear, mut held) = problem.solve(threads);
        held[..samples.len()].iter_mut().for_each(|held| held.weight = EXAMPLE_HELD_WEIGHT);
        held[samples.len()..].iter_mut().for_each(|held| held.weight = BACKGROUND_HELD_WEIGHT);
        held.extend(calibration_rows(&reference.calibration, catalogue, bundle, &linear));
        let risk = catalogue.policy().thresholds.risk;
        let calibration = Calibration::fit(&held, catalogue.intents().len(), risk);
        let report = FitReport {
            examples: samples.len(),
            background: reference.background.vectors.len(),
            embedded: samples.embedded(),
            embedding: samples.embedding(),
            fitting: started.elapsed(),
        };
        Ok(Self {
            linear,
            calibration,
            vector_scale: settings.vector_scale,
            lexical_scale: settings.lexical_scale,
            samples,
            report,
        })
    }

    /// The score of every intent, the most probable first; ties by catalogue order. `lexical` holds the message's
    /// n-grams and, where it answers one, those of the line before it.
    #[must_use]
    pub fn score(&self, reading: &Reading, lexical: &Lexical) -> Scores {
        let scaled: Vec<f32> = reading.vector.iter().map(|value| value * self.vector_scale).collect();
        let (logits, none) = with_none(self.linear.logits(&scaled, lexical, self.lexical_scale));
        let mut scores: Vec<IntentScore> = logits
            .iter()
            .enumerate()
            .map(|(intent, logit)| IntentScore {
                intent,
                probability: self.calibration.probability(intent, *logit),
                threshold: self.calibration.threshold(intent),
            })
            .collect();
        scores.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.intent.cmp(&b.intent)));
        let best = scores.first().map_or(0.0, |first| first.probability);
        Scores { out_of_scope: self.calibration.out_of_scope(best, none), intents: scores }
    }

    /// The examples nearest to a message, nearest first.
    #[must_use]
    pub fn nearest(&self, reading: &Reading, count: usize) -> Vec<Neighbour> {
        let examples = self.samples.rows().iter().filter_map(|sample| Some((*sample.labels.first()?, &sample.text)));
        let mut all: Vec<Neighbour> = examples
            .map(|(intent, text)| Neighbour {
                intent,
                say: text.say.clone(),
                similarity: text.vector.values().zip(&reading.vector).map(|(a, b)| a * b).sum(),
            })
            .collect();
        all.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        all.truncate(count);
        all
    }

    /// Intents, other than these, that have an example near one of theirs.
    #[must_use]
    pub fn near(&self, own: &BTreeSet<usize>) -> BTreeSet<usize> {
        self.samples.near(own)
    }

    /// The probability from which an intent is acted on.
    #[must_use]
    pub fn threshold(&self, intent: usize) -> f32 {
        self.calibration.threshold(intent)
    }

    /// What the fit was made of.
    #[must_use]
    pub fn report(&self) -> FitReport {
        self.report
    }
}

/// Examples of an intent that the prior does not know speak against all that it learned for the others, so few of them
/// count as much together as the many of a usual intent.
fn example_weight(sample: &Sample, catalogue: &Catalogue, reference: &Reference) -> f32 {
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

/// The logits of the intents, and that of having none.
fn with_none(mut logits: Vec<f32>) -> (Vec<f32>, f32) {
    let none = logits.pop().unwrap_or_default();
    (logits, none)
}

/// The samples, then the bundle's background.
fn rows(samples: &Samples, catalogue: &Catalogue, bundle: &Bundle) -> Rows {
    let background = &bundle.reference().background;
    let none = catalogue.intents().len();
    let mut labels: Vec<Vec<usize>> = samples.rows().iter().map(|sample| or_none(&sample.labels, none)).collect();
    labels.resize(samples.len() + background.vectors.len(), vec![none]);
    let vectors = samples.rows().iter().map(|sample| &sample.text.vector).chain(&background.vectors);
    let lexical = samples.rows().iter().map(|sample| &sample.text.lexical).chain(&background.lexical);
    Rows {
        dense: dense_rows(vectors, bundle.dimensions(), bundle.head_settings().vector_scale),
        lexical: lexical.cloned().collect(),
        labels,
    }
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

/// One of the bundle's priors (the first saw everything, the others lack what their fold holds out), its labels in the
/// order of the catalogue. An intent that it does not know starts from the prototype of its examples.
fn start<'a>(catalogue: &Catalogue, bundle: &'a Bundle, samples: &Samples, number: usize) -> Start<'a> {
    let reference = bundle.reference();
    let Some(prior) = reference.priors.get(number) else {
        return Start::flat(bundle.dimensions(), catalogue.intents().len() + 1, NEW_INTENT_BIAS);
    };
    let column = |intent: &Intent| reference.intents.iter().position(|id| *id == intent.id);
    let mut columns: Vec<Option<usize>> = catalogue.intents().iter().map(column).collect();
    columns.push(Some(reference.intents.len()));
    let new: Vec<usize> = (0..columns.len()).filter(|label| columns[*label].is_none()).collect();
    let mut start = Start::of(prior, columns, NEW_INTENT_BIAS);
    let seen: Vec<&Sample> = samples.rows().iter().filter(|sample| sample.text.fold + 1 != number).collect();
    for label in new {
        if let Some(weights) = prototype(&seen, label, bundle) {
            start.prototype(label, weights);
        }
    }
    start
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

/// A fit on all rows, and one for each fold without what it holds out.
#[derive(Clone, Copy)]
struct CrossValidation<'a> {
    rows: &'a Rows,
    weights: &'a [f32],
    /// The fold that holds each row out.
    folds: &'a [usize],
    /// For the fit on all rows, then for each fold.
    starts: &'a [Start<'a>],
    options: FitOptions,
}

impl CrossValidation<'_> {
    /// The head fitted on all rows, and the logits of every row, in order, by a head that was not fitted on it. The
    /// fits are dealt out to the threads, each doing one after the other: their memory is what costs.
    fn solve(self, threads: usize) -> (Linear, Vec<Held>) {
        let threads = threads.clamp(1, FOLDS + 1);
        let (linear, held) = std::thread::scope(|scope| {
            let held = move |first: usize| -> Vec<(usize, Vec<f32>)> {
                (first..FOLDS).step_by(threads).flat_map(|fold| self.held_out(fold)).collect()
            };
            // The fit on all rows is this thread's first.
            let workers: Vec<_> = (0..threads - 1).map(|first| scope.spawn(move || held(first))).collect();
            let linear = fit(self.rows, self.weights, self.starts[0].clone(), self.options).linear();
            let mut all = held(threads - 1);
            all.extend(workers.into_iter().flat_map(|worker| worker.join().expect("fitting does not panic")));
            (linear, all)
        });
        let mut logits = vec![Vec::new(); self.rows.len()];
        held.into_iter().for_each(|(at, row)| logits[at] = row);
        let held = logits.into_iter().zip(&self.rows.labels).map(|(logits, labels)| {
            let (logits, none) = with_none(logits);
            let labels = labels.iter().copied().filter(|label| *label < logits.len()).collect();
            Held { logits, none, labels, weight: 1.0, unread: Rc::default() }
        });
        (linear, held.collect())
    }

    /// The rows that a fold holds out, with their logits by a head fitted on the others.
    fn held_out(self, fold: usize) -> Vec<(usize, Vec<f32>)> {
        let out = |at: &usize| self.folds[*at] == fold;
        let weights: Vec<f32> =
            self.weights.iter().enumerate().map(|(at, weight)| if out(&at) { 0.0 } else { *weight }).collect();
        let fitted = fit(self.rows, &weights, self.starts[fold + 1].clone(), self.options);
        let logits = |at: usize| {
            let vector = self.rows.dense.row(at);
            fitted.logits(vector.as_slice().expect("made in standard layout"), &self.rows.lexical[at])
        };
        (0..self.rows.len()).filter(out).map(|at| (at, logits(at))).collect()
    }
}

/// Logits of the bundle's real messages, which neither the prior nor the head was fitted on. A message whose intent
/// the catalogue does not have is left out.
fn calibration_rows(rows: &ReferenceRows, catalogue: &Catalogue, bundle: &Bundle, linear: &Linear) -> Vec<Held> {
    let settings = bundle.head_settings();
    let ids = &bundle.reference().intents;
    let new = |(at, intent): (usize, &Intent)| (!ids.contains(&intent.id)).then_some(at);
    let unread: Rc<[usize]> = catalogue.intents().iter().enumerate().filter_map(new).collect();
    let mut out = Vec::new();
    for ((vector, lexical), labels) in rows.vectors.iter().zip(&rows.lexical).zip(&rows.labels) {
        let known: Vec<usize> = labels.iter().filter_map(|label| catalogue.index(ids.get(*label)?)).collect();
        if known.len() < labels.len() {
            continue;
        }
        let scaled: Vec<f32> = vector.values().map(|value| value * settings.vector_scale).collect();
        let (logits, none) = with_none(linear.logits(&scaled, lexical, settings.lexical_scale));
        out.push(Held { logits, none, labels: known, weight: REAL_WEIGHT, unread: Rc::clone(&unread) });
    }
    out
}
