use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ndarray::Array2;
use sha2::{Digest, Sha256};

use super::calibrate::{Calibration, Held};
use super::features::Lexical;
use super::logistic::{FitOptions, Linear, Rows, fit};
use crate::catalogue::{Catalogue, Intent};
use crate::labels::OTHER;
use crate::model::{Bundle, EncoderError, Quantised, Reading, Reference, ReferenceRows, text_key};
use crate::text::{Message, Utterance};

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

/// How much an example of an intent counts that the prior does not know.
const NEW_INTENT_WEIGHT: f32 = 5.0;

/// The bias of an intent that the prior does not know: rare until examples say otherwise.
pub(super) const NEW_INTENT_BIAS: f32 = -4.0;

/// Scores messages against the intents of one catalogue.
pub struct IntentHead {
    linear: Linear,
    calibration: Calibration,
    vector_scale: f32,
    lexical_scale: f32,
    examples: Vec<(usize, String, Quantised)>,
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
    /// on held-out folds and on the bundle's real messages. The same inputs give the same head.
    ///
    /// # Errors
    /// When an example cannot be embedded.
    pub fn fit(catalogue: &Catalogue, bundle: &Bundle, threads: usize) -> Result<Self, EncoderError> {
        let settings = bundle.head_settings();
        let mut report = FitReport::default();
        let started = Instant::now();
        let texts = training_texts(catalogue);
        let vectors = embed(&texts, bundle, threads, &mut report)?;
        report.embedding = started.elapsed();

        let started = Instant::now();
        let reference = bundle.reference();
        let background = &reference.background;
        report.examples = texts.len();
        report.background = background.vectors.len();
        let mut lexical: Vec<Lexical> = texts.iter().map(|text| Lexical::of(text.message.model())).collect();
        lexical.extend(background.lexical.iter().cloned());
        let none = catalogue.intents().len();
        let mut labels: Vec<Vec<usize>> = texts.iter().map(|text| or_none(&text.labels, none)).collect();
        labels.resize(texts.len() + background.vectors.len(), vec![none]);
        let mut weights: Vec<f32> = texts.iter().map(|text| example_weight(text, catalogue, reference)).collect();
        weights.resize(labels.len(), settings.background_weight);
        let rows = Rows {
            dense: dense_rows(vectors.iter().chain(&background.vectors), bundle.dimensions(), settings.vector_scale),
            lexical,
            labels,
        };
        let priors: Vec<Linear> = (0..=FOLDS).map(|number| prior(catalogue, bundle, number)).collect();
        let options = FitOptions {
            l2: settings.l2,
            fresh_l2: settings.fresh_l2,
            lexical_scale: settings.lexical_scale,
            iterations: if reference.priors.is_empty() { ITERATIONS_WITHOUT_PRIOR } else { ITERATIONS },
            tolerance: TOLERANCE,
        };
        let folds = folds(&texts, background.vectors.len());
        let (linear, mut held) = cross_validated(&rows, &weights, &folds, (&priors, options));
        held[..texts.len()].iter_mut().for_each(|held| held.weight = EXAMPLE_HELD_WEIGHT);
        held[texts.len()..].iter_mut().for_each(|held| held.weight = BACKGROUND_HELD_WEIGHT);
        held.extend(calibration_rows(&reference.calibration, catalogue, bundle, &linear));
        let risk = catalogue.policy().thresholds.risk;
        let calibration = Calibration::fit(&held, catalogue.intents().len(), risk);
        report.fitting = started.elapsed();

        let examples =
            texts.into_iter().zip(vectors).filter_map(|(text, vector)| Some((*text.labels.first()?, text.say, vector)));
        Ok(Self {
            linear,
            calibration,
            vector_scale: settings.vector_scale,
            lexical_scale: settings.lexical_scale,
            examples: examples.collect(),
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
        let mut all: Vec<Neighbour> = self
            .examples
            .iter()
            .map(|(intent, say, vector)| Neighbour {
                intent: *intent,
                say: say.clone(),
                similarity: vector.values().zip(&reading.vector).map(|(a, b)| a * b).sum(),
            })
            .collect();
        all.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        all.truncate(count);
        all
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

/// Examples of an intent that the prior does not know speak against all that it learned for the others, so each counts
/// for several.
fn example_weight(text: &TrainingText, catalogue: &Catalogue, reference: &Reference) -> f32 {
    let is_new = |label: &usize| !reference.intents.contains(&catalogue.intents()[*label].id);
    if !reference.priors.is_empty() && text.labels.iter().any(is_new) { NEW_INTENT_WEIGHT } else { 1.0 }
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

/// A text to learn from.
struct TrainingText {
    say: String,
    message: Message,
    labels: Vec<usize>,
}

/// Examples with all their intents, and near misses where they belong. A text that stands twice counts once.
fn training_texts(catalogue: &Catalogue) -> Vec<TrainingText> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut out: Vec<TrainingText> = Vec::new();
    let mut add = |say: &str, ids: Vec<&str>| {
        let Ok(utterance) = Utterance::new(say) else { return };
        let message = Message::read(&utterance);
        let mut labels: Vec<usize> = ids.iter().filter_map(|id| catalogue.index(id)).collect();
        // What belongs to a switched-off intent is neither that intent's nor the background's.
        if labels.is_empty() && ids != [OTHER] {
            return;
        }
        match seen.get(message.model()) {
            Some(at) => {
                let known = &mut out[*at].labels;
                labels.retain(|label| !known.contains(label));
                known.extend(labels);
            }
            None => {
                seen.insert(message.model().to_owned(), out.len());
                out.push(TrainingText { say: say.to_owned(), message, labels });
            }
        }
    };
    for intent in catalogue.intents() {
        for example in &intent.examples {
            let ids = [intent.id.as_str()].into_iter().chain(example.also.iter().map(String::as_str)).collect();
            add(&example.say, ids);
        }
    }
    for intent in catalogue.intents() {
        for miss in &intent.near_misses {
            add(&miss.say, vec![miss.belongs.as_str()]);
        }
    }
    out
}

/// Every text that a head is fitted on, with its labels, for making a bundle.
pub(super) fn example_texts(catalogue: &Catalogue) -> impl Iterator<Item = (Message, Vec<usize>)> {
    training_texts(catalogue).into_iter().map(|text| (text.message, text.labels))
}

/// Vectors of the texts: shipped with the bundle, or computed now, on all threads.
fn embed(
    texts: &[TrainingText],
    bundle: &Bundle,
    threads: usize,
    report: &mut FitReport,
) -> Result<Vec<Quantised>, EncoderError> {
    let shipped = &bundle.reference().examples;
    let mut vectors: Vec<Option<Quantised>> =
        texts.iter().map(|text| shipped.get(&text_key(bundle.encoder_hash(), text.message.model())).cloned()).collect();
    let missing: Vec<usize> = (0..texts.len()).filter(|at| vectors[*at].is_none()).collect();
    report.embedded = missing.len();
    let size = missing.len().div_ceil(threads.max(1)).max(1);
    let parts: Vec<Result<Vec<Quantised>, EncoderError>> = std::thread::scope(|scope| {
        let workers: Vec<_> = missing
            .chunks(size)
            .map(|part| {
                scope.spawn(move || {
                    part.iter().map(|at| Ok(Quantised::of(&bundle.read(&texts[*at].message)?.vector))).collect()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("embedding does not panic")).collect()
    });
    for (part, computed) in missing.chunks(size).zip(parts) {
        for (at, vector) in part.iter().zip(computed?) {
            vectors[*at] = Some(vector);
        }
    }
    Ok(vectors.into_iter().flatten().collect())
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
/// order of the catalogue.
fn prior(catalogue: &Catalogue, bundle: &Bundle, number: usize) -> Linear {
    let none = catalogue.intents().len();
    let mut out = Linear::flat(bundle.dimensions(), none + 1, NEW_INTENT_BIAS);
    let reference = bundle.reference();
    if let Some(prior) = reference.priors.get(number) {
        let known = reference.intents.iter().enumerate().filter_map(|(from, id)| Some((from, catalogue.index(id)?)));
        for (from, to) in known.chain([(reference.intents.len(), none)]) {
            out.dense.column_mut(to).assign(&prior.dense.column(from));
            out.lexical.column_mut(to).assign(&prior.lexical.column(from));
        }
    }
    out
}

/// The fold that a text is held out in: by its hash, so that an edit elsewhere does not move it.
pub(super) fn fold_of(text: &str) -> usize {
    usize::from(Sha256::digest(text)[0]) % FOLDS
}

/// The fold of every text, then of every background message.
fn folds(texts: &[TrainingText], background: usize) -> Vec<usize> {
    let texts = texts.iter().map(|text| fold_of(text.message.model()));
    texts.chain((0..background).map(|at| at % FOLDS)).collect()
}

/// The head fitted on all rows, and the logits of every row, in order, by a head that was not fitted on it.
fn cross_validated(
    rows: &Rows,
    weights: &[f32],
    folds: &[usize],
    (priors, options): (&[Linear], FitOptions),
) -> (Linear, Vec<Held>) {
    let without = |fold: usize| -> Vec<f32> {
        weights.iter().zip(folds).map(|(weight, own)| if *own == fold { 0.0 } else { *weight }).collect()
    };
    // One thread for each fold and one for the whole: they share nothing but what they read.
    let (linear, parts) = std::thread::scope(|scope| {
        let parts = (0..FOLDS).map(|fold| scope.spawn(move || fit(rows, &without(fold), &priors[fold + 1], options)));
        let parts: Vec<_> = parts.collect();
        let linear = fit(rows, weights, &priors[0], options);
        let parts: Vec<Linear> = parts.into_iter().map(|part| part.join().expect("fitting does not panic")).collect();
        (linear, parts)
    });
    let held = (0..rows.len()).map(|at| {
        let vector = rows.dense.row(at).to_vec();
        let (logits, none) = with_none(parts[folds[at]].logits(&vector, &rows.lexical[at], options.lexical_scale));
        let labels = rows.labels[at].iter().copied().filter(|label| *label < logits.len()).collect();
        Held { logits, none, labels, weight: 1.0, unread: Rc::default() }
    });
    (linear, held.collect())
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
