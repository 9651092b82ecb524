//! The part of a head that edits leave alone: fitted on the texts of the catalogue that the bundle knows.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::calibrate::{Calibration, Held};
use super::features::Lexical;
use super::logistic::Linear;
use super::samples::{Sample, Samples};
use super::validation::{Task, prior_column};
use crate::catalogue::Catalogue;
use crate::model::Bundle;

/// How much a held-out background message counts in calibration: real messages already hold their share of others.
pub(super) const BACKGROUND_HELD_WEIGHT: f32 = 0.1;

/// How much a real message counts in calibration against a held-out example: examples are clearer than live traffic,
/// and thresholds must hold there.
const REAL_WEIGHT: f32 = 1.0;

/// How much a held-out example counts there: it stands for intents that no real message has.
pub(super) const EXAMPLE_HELD_WEIGHT: f32 = 0.2;

/// Scores for the labels that the bundle knows: those intents of the catalogue, in its order, then having none. Knows
/// nothing of other intents, so that adding one leaves it as it is.
pub(super) struct Base {
    /// What it was fitted on.
    fingerprint: [u8; 32],
    linear: Linear,
    /// Samples, then background, by heads that were not fitted on them.
    held: Vec<Held>,
    /// Real messages, by their place in the bundle.
    real: Vec<(usize, Held)>,
    calibration: Calibration,
}

/// For each label of a catalogue (its intents, then having none) its column in the base.
pub(super) fn columns(catalogue: &Catalogue, bundle: &Bundle) -> Vec<Option<usize>> {
    let reference = bundle.reference();
    let is_known = |label: usize| reference.priors.is_empty() || prior_column(label, catalogue, reference).is_some();
    let mut next = 0..;
    (0..=catalogue.intents().len()).map(|label| is_known(label).then(|| next.next()).flatten()).collect()
}

/// Whether a sample is the base's: the bundle knew its text and knows all its labels.
pub(super) fn is_known(sample: &Sample, columns: &[Option<usize>], bundle: &Bundle) -> bool {
    bundle.reference().priors.is_empty()
        || (sample.text.shipped && sample.labels.iter().all(|label| columns[*label].is_some()))
}

impl Base {
    /// Fits a base, or takes the previous one if it was fitted on the same.
    pub(super) fn of(
        samples: &Samples,
        columns: &[Option<usize>],
        (catalogue, bundle): (&Catalogue, &Bundle),
        previous: Option<&Arc<Self>>,
        threads: usize,
    ) -> Arc<Self> {
        let known: Vec<&Sample> = samples.rows().iter().filter(|sample| is_known(sample, columns, bundle)).collect();
        let labels: Vec<usize> = (0..columns.len()).filter(|label| columns[*label].is_some()).collect();
        let own = |sample: &Sample| sample.labels.iter().filter_map(|label| columns[*label]).collect::<Vec<_>>();
        let risk = catalogue.policy().thresholds.risk;
        let ids = labels.iter().filter_map(|label| Some(catalogue.intents().get(*label)?.id.as_str()));
        let fingerprint = fingerprint(ids, known.iter().map(|sample| (sample.text.model.as_str(), own(sample))), risk);
        if let Some(previous) = previous.filter(|previous| previous.fingerprint == fingerprint) {
            return Arc::clone(previous);
        }
        let (linear, logits) = Task::new(&known, &labels, catalogue, bundle).solve(threads);
        let held = logits.into_iter().enumerate().map(|(at, logits)| match known.get(at) {
            Some(sample) => held(logits, own(sample), EXAMPLE_HELD_WEIGHT),
            None => held(logits, Vec::new(), BACKGROUND_HELD_WEIGHT),
        });
        let held: Vec<Held> = held.collect();
        let real = real(&linear, columns, catalogue, bundle);
        let all: Vec<Held> = held.iter().chain(real.iter().map(|(_, held)| held)).cloned().collect();
        let calibration = Calibration::fit(&all, labels.len() - 1, risk);
        Arc::new(Self { fingerprint, linear, held, real, calibration })
    }

    /// The logit of every label of the base.
    pub(super) fn logits(&self, scaled: &[f32], lexical: &Lexical, lexical_scale: f32) -> Vec<f32> {
        self.linear.logits(scaled, lexical, lexical_scale)
    }

    pub(super) fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Samples of the base, in order, then background, by heads that were not fitted on them.
    pub(super) fn held(&self) -> &[Held] {
        &self.held
    }

    /// Real messages that the catalogue has all intents of, by their place in the bundle.
    pub(super) fn real(&self) -> &[(usize, Held)] {
        &self.real
    }
}

/// Logits of the bundle's real messages, which neither the prior nor the model was fitted on. A message whose intent
/// the catalogue does not have is left out.
fn real(linear: &Linear, columns: &[Option<usize>], catalogue: &Catalogue, bundle: &Bundle) -> Vec<(usize, Held)> {
    let settings = bundle.head_settings();
    let ids = &bundle.reference().intents;
    let rows = &bundle.reference().calibration;
    let mut out = Vec::new();
    for (at, ((vector, lexical), labels)) in rows.vectors.iter().zip(&rows.lexical).zip(&rows.labels).enumerate() {
        let own = |label: &usize| columns[catalogue.index(ids.get(*label)?)?];
        let known: Vec<usize> = labels.iter().filter_map(own).collect();
        if known.len() == labels.len() {
            let scaled: Vec<f32> = vector.values().map(|value| value * settings.vector_scale).collect();
            out.push((at, held(linear.logits(&scaled, lexical, settings.lexical_scale), known, REAL_WEIGHT)));
        }
    }
    out
}

/// `logits` ends with that of having no intent.
pub(super) fn held(mut logits: Vec<f32>, labels: Vec<usize>, weight: f32) -> Held {
    let none = logits.pop().unwrap_or_default();
    Held { logits, none, labels, weight, unread: Arc::default() }
}

/// Names everything that a base depends on beside the bundle: ids, texts with their columns, and the stated risk.
fn fingerprint<'a>(
    ids: impl Iterator<Item = &'a str>,
    texts: impl Iterator<Item = (&'a str, Vec<usize>)>,
    risk: f32,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(risk.to_le_bytes());
    for id in ids {
        hash.update(id);
        hash.update([0]);
    }
    for (text, labels) in texts {
        hash.update([0]);
        hash.update(text);
        hash.update([0]);
        labels.iter().for_each(|label| hash.update((*label as u64).to_le_bytes()));
    }
    hash.finalize().into()
}
