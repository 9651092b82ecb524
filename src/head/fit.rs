use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::base::{self, Base};
use super::calibrate::Calibration;
use super::features::Lexical;
use super::overlay::Overlay;
use super::samples::Samples;
use crate::catalogue::Catalogue;
use crate::model::{Bundle, EncoderError, Reading};

/// Scores messages against the intents of one catalogue.
pub struct IntentHead {
    base: Arc<Base>,
    /// For each label of the catalogue its column in the base.
    columns: Vec<Option<usize>>,
    overlay: Option<Arc<Overlay>>,
    calibration: Calibration,
    vector_scale: f32,
    lexical_scale: f32,
    samples: Samples,
    /// What base, overlay and calibration were made of.
    fingerprint: [u8; 32],
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
    /// Labels that were fitted over the base, because an edit speaks about them.
    pub refitted: usize,
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
    /// Fits a head in two layers: a base on the texts that the bundle knows, which edits elsewhere leave as it is, and
    /// over it the labels that other texts speak about. The same catalogue and bundle give the same head; one fitted
    /// `previous`ly with the same bundle only saves time.
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
        let columns = base::columns(catalogue, bundle);
        let base = Base::of(&samples, &columns, (catalogue, bundle), previous.map(|head| &head.base), threads);
        let fingerprint = samples.fingerprint(catalogue);
        let (overlay, calibration) = match previous.filter(|previous| previous.fingerprint == fingerprint) {
            // Nothing that is learned from changed: an answer did, or a title.
            Some(same) => (same.overlay.clone(), same.calibration.clone()),
            None => Overlay::over(&base, &samples, &columns, (catalogue, bundle), threads),
        };
        let report = FitReport {
            examples: samples.len(),
            background: bundle.reference().background.vectors.len(),
            embedded: samples.embedded(),
            embedding: samples.embedding(),
            refitted: overlay.as_ref().map_or(0, |overlay| overlay.labels()),
            fitting: started.elapsed(),
        };
        let settings = bundle.head_settings();
        let (vector_scale, lexical_scale) = (settings.vector_scale, settings.lexical_scale);
        Ok(Self { base, columns, overlay, calibration, vector_scale, lexical_scale, samples, fingerprint, report })
    }

    /// The score of every intent, the most probable first; ties by catalogue order. `lexical` holds the message's
    /// n-grams and, where it answers one, those of the line before it.
    #[must_use]
    pub fn score(&self, reading: &Reading, lexical: &Lexical) -> Scores {
        let scaled: Vec<f32> = reading.vector.iter().map(|value| value * self.vector_scale).collect();
        let known = self.base.logits(&scaled, lexical, self.lexical_scale);
        // A label without a column is the overlay's.
        let mut logits: Vec<f32> =
            self.columns.iter().map(|column| column.map_or(0.0, |column| known[column])).collect();
        if let Some(overlay) = &self.overlay {
            overlay.write(&scaled, lexical, self.lexical_scale, &mut logits);
        }
        let none = logits.pop().unwrap_or_default();
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

    /// The texts that it was fitted on.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
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
