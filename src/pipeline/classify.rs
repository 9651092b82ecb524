//! A text by itself: what it is and how it sounds, without a conversation, a decision or a reply.

use std::time::{Duration, Instant};

use super::{Parts, reading};
use crate::incoming::Incoming;
use crate::labels::OTHER;
use crate::model::EncoderError;
use crate::reply::{EmotionReading, EmotionScores};
use crate::text::Message;

/// Which end of a text is read if it is longer than the model reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// Its first tokens.
    #[default]
    Start,
    /// Its last tokens.
    End,
}

/// What a text is, and what it took to tell.
#[derive(Debug, Clone)]
pub struct Classified {
    /// Every intent with its probability, and `other` with that of being none of them; the most probable first. They need not
    /// sum to one.
    pub intents: Vec<(String, f32)>,
    /// The emotions; they sum to one.
    pub emotion: EmotionScores,
    /// Tokens that were read.
    pub tokens: usize,
    /// Whether the text has more tokens than were read.
    pub is_cut: bool,
    /// Time spent on making tokens of the text.
    pub tokenising: Duration,
    /// Time spent in the model and the head.
    pub inference: Duration,
}

/// Reads a text by itself.
///
/// # Errors
/// When the model fails.
pub(crate) fn classify(parts: &Parts<'_>, incoming: &Incoming, kept: Kept) -> Result<Classified, EncoderError> {
    let started = Instant::now();
    let message = Message::read(incoming.utterance());
    let meant = reading::meant(parts.catalogue, &message);
    let said = meant.as_ref().unwrap_or(&message);
    let (ids, is_cut) = parts.bundle.tokens_of(said.model(), kept == Kept::End);
    let tokenised = Instant::now();
    let reading = parts.bundle.encode(&ids)?;
    let scores = reading::by_itself(parts, said, &reading);
    let emotion = EmotionReading::of(reading.emotion, reading.intensity).scores;
    let id = |intent: usize| parts.catalogue.intents()[intent].id.clone();
    let mut intents: Vec<(String, f32)> =
        scores.intents.iter().map(|score| (id(score.intent), score.probability)).collect();
    intents.push((OTHER.to_owned(), scores.out_of_scope));
    intents.sort_by(|a, b| b.1.total_cmp(&a.1));
    let inference = tokenised.elapsed();
    Ok(Classified { intents, emotion, tokens: ids.len(), is_cut, tokenising: tokenised - started, inference })
}
