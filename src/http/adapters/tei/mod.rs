//! What clients of [Text Embeddings Inference](https://huggingface.co/docs/text-embeddings-inference) call to classify texts:
//! the intents at `/predict`, the emotions at `/emotion/predict`.

mod inputs;
pub(in crate::http) mod predict;

use std::collections::BTreeMap;

use axum::extract;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::extract::body_limit;
use crate::http::health;
use crate::http::problem::{Code, ErrorBody};
use crate::http::{BATCH_BODY_FACTOR, Limits, State};
use crate::labels::{Emotion, OTHER};

/// Texts of one batch, at most: TEI's own default.
const MAX_BATCH: usize = 32;

/// What a TEI client calls. One whose base address ends in `/emotion` gets emotions.
pub(super) fn routes(limits: Limits) -> Router<State> {
    let body = || body_limit(limits.body_bytes.saturating_mul(BATCH_BODY_FACTOR));
    Router::new()
        .route("/predict", post(predict::intents).layer(body()))
        .route("/emotion/predict", post(predict::emotions).layer(body()))
        .route("/info", get(info))
        .route("/emotion/info", get(emotion_info))
        .route("/emotion/health", get(health::health))
}

/// What is wrong, as TEI says it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct TeiError {
    /// What is wrong and what is allowed, for people.
    error: String,
    /// `empty`, `validation`, `overloaded`, `backend` or `unhealthy`.
    error_type: &'static str,
}

/// Errors as TEI has them.
pub(super) fn shape(ErrorBody { error }: &ErrorBody) -> (StatusCode, Value) {
    let (status, error_type) = match error.code {
        Code::TextEmpty => (StatusCode::BAD_REQUEST, "empty"),
        Code::TextTooLong => (StatusCode::UNPROCESSABLE_ENTITY, "validation"),
        Code::Overloaded => (StatusCode::TOO_MANY_REQUESTS, "overloaded"),
        // TEI has no deadlines; a reply that is not there in time is one more that the server is too busy for.
        Code::DeadlineExceeded => (StatusCode::TOO_MANY_REQUESTS, "overloaded"),
        Code::Internal => (StatusCode::FAILED_DEPENDENCY, "backend"),
        other if other.status().is_client_error() => (other.status(), "validation"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    (status, json!(TeiError { error: error.message.clone(), error_type }))
}

/// What is served, as TEI tells of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Info {
    /// The bundle.
    model_id: String,
    /// SHA-256 of its encoder.
    model_sha: Option<String>,
    /// Of what the model gives; inside it counts in smaller numbers.
    model_dtype: &'static str,
    model_type: ModelType,
    /// Texts that wait for a worker, at most; one more gets 429.
    max_concurrent_requests: usize,
    /// Tokens that are read of a text, at most.
    max_input_length: usize,
    /// Texts are read one by one, so as many as of one text.
    max_batch_tokens: usize,
    /// Texts that are read together.
    max_batch_requests: Option<usize>,
    /// Texts that one request may have.
    max_client_batch_size: usize,
    /// Whether what is too long is cut unless the request says otherwise.
    auto_truncate: bool,
    /// Threads that make tokens; they do all else too.
    tokenization_workers: usize,
    /// Of this program.
    version: &'static str,
    sha: Option<&'static str>,
    docker_label: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ModelType {
    Classifier(Labels),
}

/// The labels and their numbers.
#[derive(Debug, Serialize, ToSchema)]
struct Labels {
    id2label: BTreeMap<usize, String>,
    label2id: BTreeMap<String, usize>,
}

impl Labels {
    fn of(labels: impl Iterator<Item = String>) -> Self {
        let id2label: BTreeMap<usize, String> = labels.enumerate().collect();
        let label2id = id2label.iter().map(|(id, label)| (label.clone(), *id)).collect();
        Self { id2label, label2id }
    }
}

impl Info {
    fn of(state: &State, labels: impl Iterator<Item = String>) -> Self {
        let engine = state.live().engine();
        let (bundle, capacity) = (engine.bundle(), state.desk.capacity());
        Self {
            model_id: bundle.name(),
            model_sha: Some(bundle.encoder_hash().to_owned()),
            model_dtype: "float32",
            model_type: ModelType::Classifier(Labels::of(labels)),
            max_concurrent_requests: capacity.queue,
            max_input_length: bundle.max_tokens(),
            max_batch_tokens: bundle.max_tokens(),
            max_batch_requests: Some(1),
            max_client_batch_size: MAX_BATCH,
            auto_truncate: true,
            tokenization_workers: capacity.workers,
            version: env!("CARGO_PKG_VERSION"),
            sha: None,
            docker_label: None,
        }
    }
}

/// The model, its limits, and the intents as labels.
#[utoipa::path(get, path = "/info", tag = "tei", operation_id = "tei_info", responses(
    (status = 200, description = "what is served", body = Info),
))]
pub(in crate::http) async fn info(extract::State(state): extract::State<State>) -> Json<Info> {
    let engine = state.live().engine();
    let ids = engine.catalogue().intents().iter().map(|intent| intent.id.clone());
    Json(Info::of(&state, ids.chain([OTHER.to_owned()])))
}

/// The model, its limits, and the emotions as labels.
#[utoipa::path(get, path = "/emotion/info", tag = "tei", operation_id = "tei_emotion_info", responses(
    (status = 200, description = "what is served", body = Info),
))]
pub(in crate::http) async fn emotion_info(extract::State(state): extract::State<State>) -> Json<Info> {
    Json(Info::of(&state, Emotion::ALL.iter().map(|emotion| emotion.id().to_owned())))
}
