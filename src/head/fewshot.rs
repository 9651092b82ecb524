use std::collections::BTreeSet;

use super::features::Lexical;

use super::logistic::{FitOptions, Linear, Rows, fit};
use super::prior::Start;
use super::validation::{ITERATIONS_WITHOUT_PRIOR, NEW_INTENT_BIAS, dense_rows};
use crate::model::{Bundle, EncoderError, Quantised};
use crate::text::Message;

/// The intent head fitted on labelled messages alone, without catalogue, prior or background: what a bundle's vectors
/// are worth for intents that it has never heard of.
pub struct FewShotHead {
    labels: Vec<String>,
    linear: Linear,
    vector_scale: f32,
    lexical_scale: f32,
}

impl FewShotHead {
    /// Fits on messages, each with its one label.
    ///
    /// # Errors
    /// When a message cannot be embedded.
    pub fn fit(bundle: &Bundle, rows: &[(Message, String)]) -> Result<Self, EncoderError> {
        let settings = bundle.head_settings();
        let labels: Vec<String> =
            rows.iter().map(|(_, label)| label).collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let vectors: Vec<Quantised> = rows
            .iter()
            .map(|(message, _)| Ok(Quantised::of(&bundle.read(message)?.vector)))
            .collect::<Result<_, EncoderError>>()?;
        let place = |label: &String| labels.binary_search(label).into_iter().collect();
        let examples = Rows {
            dense: dense_rows(vectors.iter(), bundle.dimensions(), settings.vector_scale),
            lexical: rows.iter().map(|(message, _)| Lexical::of(message.model())).collect(),
            labels: rows.iter().map(|(_, label)| place(label)).collect(),
        };
        let options = FitOptions {
            l2: settings.l2,
            fresh_l2: settings.fresh_l2,
            lexical_scale: settings.lexical_scale,
            iterations: ITERATIONS_WITHOUT_PRIOR,
            tolerance: 1e-4,
        };
        let start = Start::flat(bundle.dimensions(), labels.len(), NEW_INTENT_BIAS);
        let linear = fit(&examples, &vec![1.0; rows.len()], start, options).linear();
        Ok(Self { labels, linear, vector_scale: settings.vector_scale, lexical_scale: settings.lexical_scale })
    }

    /// Every label with its score (0 to 1, not calibrated), the best first.
    ///
    /// # Errors
    /// When the message cannot be embedded.
    pub fn score(&self, bundle: &Bundle, message: &Message) -> Result<Vec<(String, f32)>, EncoderError> {
        let reading = bundle.read(message)?;
        let scaled: Vec<f32> = reading.vector.iter().map(|value| value * self.vector_scale).collect();
        let logits = self.linear.logits(&scaled, &Lexical::of(message.model()), self.lexical_scale);
        let mut scores: Vec<(String, f32)> =
            self.labels.iter().cloned().zip(logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp()))).collect();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(scores)
    }
}
