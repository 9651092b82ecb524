//! `POST /predict` and `POST /emotion/predict`: labels with their scores.

use std::time::{Duration, Instant};

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TeiError;
use super::inputs::{Inputs, RawInputs};
use crate::desk::{Classified, Kept, MAX_CHARS, Waited};
use crate::http::access::{Caller, Work};
use crate::http::adapters::refused;
use crate::http::extract as body;
use crate::http::problem::{Code, Problem};
use crate::http::{State, openapi};

/// Scores nearer to 0 or 1 than this have no finite logarithm worth telling.
const LEAST: f32 = 1e-6;

/// What is to be classified, and how. Other keys are passed over.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct PredictRequest {
    inputs: RawInputs,
    /// Log-odds of intents and logarithms of emotions instead of probabilities.
    #[serde(default)]
    raw_scores: bool,
    /// Whether a text that is too long is cut, which it is if this is left out; otherwise it is refused.
    #[serde(default)]
    truncate: Option<bool>,
    /// Which end is cut off.
    #[serde(default)]
    truncation_direction: Option<Direction>,
}

/// Where something is cut off.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Direction {
    #[serde(alias = "Left")]
    Left,
    #[serde(alias = "Right")]
    Right,
}

/// A label with its score.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Prediction {
    score: f32,
    label: String,
}

/// All labels, the best first: of one text, or of each of a batch in order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Predictions {
    One(Vec<Prediction>),
    Batch(Vec<Vec<Prediction>>),
}

/// Labels of a text from what it was read as.
type Labelled = fn(&Classified, bool) -> Vec<Prediction>;

/// The intents of texts.
///
/// Every intent of the catalogue with its calibrated probability, and `other` with that of being none of them; the best first.
/// They need not sum to one.
#[utoipa::path(post, path = "/predict", tag = "tei", operation_id = "tei_predict",
    params(openapi::Headers),
    request_body(content = PredictRequest, example = json!({"inputs": [["到新疆运费多少"], ["我要退货"]], "truncate": true})),
    responses(
        (status = 200, description = "all labels, the best first; headers `x-total-time` and others tell milliseconds", body = Predictions),
        (status = "4XX", description = "refused, in TEI's shape: 400 empty, 413 too large, 422 wrong, 424 failed, 429 overloaded", body = TeiError),
        (status = "5XX", description = "unhealthy, in TEI's shape", body = TeiError),
    ),
)]
pub(in crate::http) async fn intents(
    caller: Caller,
    Work(state): Work,
    body::Json(request): body::Json<PredictRequest>,
) -> Result<(HeaderMap, Json<Predictions>), Problem> {
    predict((&state, &caller), request, of_intents).await
}

/// The emotions of texts.
///
/// For a client whose base address ends in `/emotion`. They sum to one.
#[utoipa::path(post, path = "/emotion/predict", tag = "tei", operation_id = "tei_emotion_predict",
    params(openapi::Headers),
    request_body(content = PredictRequest, example = json!({"inputs": "等好几天了，太失望了"})),
    responses(
        (status = 200, description = "all labels, the best first; headers `x-total-time` and others tell milliseconds", body = Predictions),
        (status = "4XX", description = "refused, in TEI's shape: 400 empty, 413 too large, 422 wrong, 424 failed, 429 overloaded", body = TeiError),
        (status = "5XX", description = "unhealthy, in TEI's shape", body = TeiError),
    ),
)]
pub(in crate::http) async fn emotions(
    caller: Caller,
    Work(state): Work,
    body::Json(request): body::Json<PredictRequest>,
) -> Result<(HeaderMap, Json<Predictions>), Problem> {
    predict((&state, &caller), request, of_emotions).await
}

async fn predict(
    (state, caller): (&State, &Caller),
    request: PredictRequest,
    labelled: Labelled,
) -> Result<(HeaderMap, Json<Predictions>), Problem> {
    let started = Instant::now();
    let PredictRequest { inputs, raw_scores, truncate, truncation_direction } = request;
    let cut = truncate.unwrap_or(true).then_some(match truncation_direction {
        Some(Direction::Left) => Kept::End,
        _ => Kept::Start,
    });
    let (texts, is_batch) = match inputs.check()? {
        Inputs::One(text) => (vec![text], false),
        Inputs::Batch(texts) => (texts, true),
    };
    // The door has counted one.
    caller.spend(texts.len().saturating_sub(1))?;
    let characters = texts.iter().map(|text| text.chars().count()).sum();
    // Each text waits in the queue by itself, a few at a time, so that a batch does not crowd out others.
    let read = texts.into_iter().map(|text| classified(state, text, cut));
    let read: Vec<_> = futures_util::stream::iter(read).buffered(state.limits.batch.max(1)).try_collect().await?;
    let mut labels: Vec<_> = read.iter().map(|read| labelled(&read.made, raw_scores)).collect();
    let predictions = match labels.pop() {
        Some(only) if !is_batch => Predictions::One(only),
        last => Predictions::Batch(labels.into_iter().chain(last).collect()),
    };
    Ok((headers(&read, characters, started), Json(predictions)))
}

async fn classified(state: &State, text: String, cut: Option<Kept>) -> Result<Waited<Classified>, Problem> {
    let text = if let Some(kept) = cut { bounded(text, kept) } else { text };
    let read = state.desk.classify(text, cut.unwrap_or_default()).await.map_err(|error| refused(error, "inputs"))?;
    if cut.is_none() && read.made.is_cut {
        let message = format!("`inputs` must have at most {} tokens; `truncate` cuts what is longer", read.made.tokens);
        return Err(Problem::new(Code::InvalidRequest, message));
    }
    Ok(read)
}

/// As much of a text as is taken at all: of what is longer, far more than the model reads.
fn bounded(text: String, kept: Kept) -> String {
    let over = text.chars().count().saturating_sub(MAX_CHARS);
    match kept {
        _ if over == 0 => text,
        Kept::Start => text.chars().take(MAX_CHARS).collect(),
        Kept::End => text.chars().skip(over).collect(),
    }
}

fn of_intents(read: &Classified, raw: bool) -> Vec<Prediction> {
    let score = |probability: f32| {
        let kept = probability.clamp(LEAST, 1.0 - LEAST);
        if raw { (kept / (1.0 - kept)).ln() } else { probability }
    };
    read.intents.iter().map(|(id, probability)| Prediction { score: score(*probability), label: id.clone() }).collect()
}

fn of_emotions(read: &Classified, raw: bool) -> Vec<Prediction> {
    let score = |probability: f32| if raw { probability.max(LEAST).ln() } else { probability };
    let scores = read.emotion.by_label().map(|(emotion, probability)| (emotion.id(), score(probability)));
    let mut labels = Vec::from(scores.map(|(label, score)| Prediction { score, label: label.to_owned() }));
    labels.sort_by(|a, b| b.score.total_cmp(&a.score));
    labels
}

/// What it took, in whole milliseconds; of a batch, times are those of a text on average.
fn headers(read: &[Waited<Classified>], characters: usize, started: Instant) -> HeaderMap {
    let average = |time: fn(&Waited<Classified>) -> Duration| {
        let texts = u32::try_from(read.len()).unwrap_or(u32::MAX).max(1);
        (read.iter().map(time).sum::<Duration>() / texts).as_millis().to_string()
    };
    let tokens: usize = read.iter().map(|read| read.made.tokens).sum();
    let total = started.elapsed().as_millis().to_string();
    let told = [
        ("x-compute-type", "cpu".to_owned()),
        ("x-compute-time", total.clone()),
        ("x-compute-characters", characters.to_string()),
        ("x-compute-tokens", tokens.to_string()),
        ("x-total-time", total),
        ("x-tokenization-time", average(|read| read.made.tokenising)),
        ("x-queue-time", average(|read| read.queued)),
        ("x-inference-time", average(|read| read.made.inference)),
    ];
    let header = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
    };
    told.into_iter().filter_map(header).collect()
}
