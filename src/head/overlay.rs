//! The part of a head that an edit speaks about: labels fitted anew over the base.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::base::{self, Base, EXAMPLE_HELD_WEIGHT};
use super::calibrate::{Calibration, Held};
use super::features::Lexical;
use super::logistic::Linear;
use super::samples::{Sample, Samples};
use super::validation::{Task, or_none};
use crate::catalogue::Catalogue;
use crate::model::Bundle;

/// A label whose logit for a text that the base did not know is above this, and should not be, is fitted anew: about
/// one in ten.
const COLLIDES: f32 = -2.2;

/// The logit of a label that nothing is known of.
const UNKNOWN: f32 = -20.0;

/// Labels fitted on everything, the texts that the base does not know included.
pub(super) struct Overlay {
    /// As counted in the catalogue, ascending.
    labels: Vec<usize>,
    linear: Linear,
}

impl Overlay {
    /// Fits and calibrates the labels that the base lacks, those of texts that it did not know, and those that it wrongly
    /// sees in them. If there are no such labels, the base's calibration is all there is.
    pub(super) fn over(
        base: &Base,
        samples: &Samples,
        columns: &[Option<usize>],
        (catalogue, bundle): (&Catalogue, &Bundle),
        threads: usize,
    ) -> (Option<Arc<Self>>, Calibration) {
        let none = catalogue.intents().len();
        let settings = bundle.head_settings();
        let mut labels: BTreeSet<usize> = (0..columns.len()).filter(|label| columns[*label].is_none()).collect();
        for sample in samples.rows().iter().filter(|sample| !base::is_known(sample, columns, bundle)) {
            let own = or_none(&sample.labels, none);
            let scaled: Vec<f32> = sample.text.vector.values().map(|value| value * settings.vector_scale).collect();
            let logits = base.logits(&scaled, &sample.text.lexical, settings.lexical_scale);
            let collides = |label: &usize| columns[*label].is_some_and(|column| logits[column] > COLLIDES);
            labels.extend((0..columns.len()).filter(collides));
            labels.extend(own);
        }
        if labels.is_empty() {
            return (None, base.calibration().clone());
        }
        let labels: Vec<usize> = labels.into_iter().collect();
        let all: Vec<&Sample> = samples.rows().iter().collect();
        let (linear, held) = Task::new(&all, &labels, catalogue, bundle).solve(threads);
        let own = Self { labels, linear };
        let calibration = own.calibrate(&held, base, (samples, columns), (catalogue, bundle));
        (Some(Arc::new(own)), calibration)
    }

    /// How many labels it has.
    pub(super) fn labels(&self) -> usize {
        self.labels.len()
    }

    /// Writes the logits of its labels over those of the base.
    pub(super) fn write(&self, scaled: &[f32], lexical: &Lexical, lexical_scale: f32, logits: &mut [f32]) {
        self.place(&self.linear.logits(scaled, lexical, lexical_scale), logits);
    }

    fn place(&self, own: &[f32], logits: &mut [f32]) {
        self.labels.iter().zip(own).for_each(|(label, logit)| logits[*label] = *logit);
    }

    /// Calibrates its labels; the others keep what they have in the base. `own` are the logits of all rows by heads that
    /// were not fitted on them.
    fn calibrate(
        &self,
        own: &[Vec<f32>],
        base: &Base,
        (samples, columns): (&Samples, &[Option<usize>]),
        (catalogue, bundle): (&Catalogue, &Bundle),
    ) -> Calibration {
        let held = self.held_rows(own, base, (samples, columns), bundle);
        let real = self.real_rows(base, columns, bundle);
        let none = catalogue.intents().len();
        let intents: Vec<usize> = self.labels.iter().copied().filter(|label| *label < none).collect();
        let all: Vec<Held> = held.into_iter().chain(real).collect();
        let risk = catalogue.policy().thresholds.risk;
        base.calibration().extended(&columns[..none], &intents, &all, risk)
    }

    fn held_rows(
        &self,
        own: &[Vec<f32>],
        base: &Base,
        (samples, columns): (&Samples, &[Option<usize>]),
        bundle: &Bundle,
    ) -> Vec<Held> {
        let settings = bundle.head_settings();
        let mut known = base.held().iter();
        let mut rows = own.iter();
        let mut next_own = |mut logits: Vec<f32>| {
            rows.next().into_iter().for_each(|row| self.place(row, &mut logits));
            logits
        };
        let mut out: Vec<Held> = Vec::with_capacity(own.len());
        for sample in samples.rows() {
            let logits = if base::is_known(sample, columns, bundle) {
                known.next().map(|held| spread(held, columns)).unwrap_or_default()
            } else {
                // The base was not fitted on it at all.
                let scaled: Vec<f32> = sample.text.vector.values().map(|value| value * settings.vector_scale).collect();
                let logits = base.logits(&scaled, &sample.text.lexical, settings.lexical_scale);
                columns.iter().map(|column| column.map_or(UNKNOWN, |column| logits[column])).collect()
            };
            out.push(base::held(next_own(logits), sample.labels.clone(), EXAMPLE_HELD_WEIGHT));
        }
        out.extend(known.map(|held| base::held(next_own(spread(held, columns)), Vec::new(), held.weight)));
        out
    }

    fn real_rows(&self, base: &Base, columns: &[Option<usize>], bundle: &Bundle) -> Vec<Held> {
        let settings = bundle.head_settings();
        let rows = &bundle.reference().calibration;
        // Nobody who labelled them had a chance to see an intent that the bundle does not know.
        let unread: Arc<[usize]> = (0..columns.len()).filter(|label| columns[*label].is_none()).collect();
        let label_of = |column: &usize| columns.iter().position(|own| *own == Some(*column));
        let real = base.real().iter().map(|(at, held)| {
            let mut logits = spread(held, columns);
            let scaled: Vec<f32> = rows.vectors[*at].values().map(|value| value * settings.vector_scale).collect();
            self.write(&scaled, &rows.lexical[*at], settings.lexical_scale, &mut logits);
            let labels = held.labels.iter().filter_map(label_of).collect();
            Held { unread: Arc::clone(&unread), ..base::held(logits, labels, held.weight) }
        });
        real.collect()
    }
}

/// From the columns of the base to the labels of the catalogue.
fn spread(held: &Held, columns: &[Option<usize>]) -> Vec<f32> {
    let logit = |column: usize| held.logits.get(column).copied().unwrap_or(held.none);
    columns.iter().map(|column| column.map_or(UNKNOWN, logit)).collect()
}
