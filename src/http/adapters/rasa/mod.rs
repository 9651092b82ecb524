//! What clients of [Rasa](https://rasa.com/docs/rasa/pages/http-api) call: the model's reading of a text, and the REST channel.

pub(in crate::http) mod parse;
pub(in crate::http) mod rest;

use axum::extract;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::extract::body_limit;
use crate::http::problem::{Code, ErrorBody};
use crate::http::{Limits, State};

/// Of this program; Rasa tells its own.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a Rasa client calls.
pub(super) fn routes(limits: Limits) -> Router<State> {
    let body = || body_limit(limits.body_bytes);
    Router::new()
        .route("/model/parse", post(parse::parse).layer(body()))
        .route("/webhooks/rest/webhook", post(rest::webhook).layer(body()))
        .route("/webhooks/rest", get(rest::health))
        .route("/webhooks/rest/", get(rest::health))
        .route("/status", get(status))
        .route("/version", get(version))
}

/// What is wrong, as Rasa says it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RasaError {
    /// Of the program.
    version: &'static str,
    /// Always `failure`.
    status: &'static str,
    /// What kind of error it is, for programs.
    reason: &'static str,
    /// What is wrong and what is allowed, for people.
    message: String,
    /// The status of the response.
    code: u16,
}

/// Errors as Rasa has them: a body that cannot be taken is a bad request, whatever is wrong with it.
pub(super) fn shape(ErrorBody { error }: &ErrorBody) -> (StatusCode, Value) {
    let status = match error.code.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        other => other,
    };
    let reason = match (error.code, status) {
        (Code::Internal, _) => "ParsingError",
        (_, StatusCode::TOO_MANY_REQUESTS) => "Overloaded",
        (Code::DeadlineExceeded, _) => "Timeout",
        (_, StatusCode::UNAUTHORIZED) => "NotAuthenticated",
        (_, StatusCode::FORBIDDEN) => "NotAuthorized",
        (_, StatusCode::METHOD_NOT_ALLOWED) => "MethodNotAllowed",
        (_, StatusCode::CONFLICT) => "Conflict",
        (_, status) if status.is_client_error() => "BadRequest",
        _ => "ServiceUnavailable",
    };
    let body =
        RasaError { version: VERSION, status: "failure", reason, message: error.message.clone(), code: status.into() };
    (status, json!(body))
}

/// What is served, as Rasa tells of its model.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Status {
    /// The bundle.
    model_file: String,
    /// Hash and generation of the catalogue: another one with every edit.
    model_id: String,
    /// Nothing is ever trained in the background.
    num_active_training_jobs: u8,
}

/// Which model and catalogue are served.
#[utoipa::path(get, path = "/status", tag = "rasa", operation_id = "rasa_status", responses(
    (status = 200, description = "what is served", body = Status),
))]
pub(in crate::http) async fn status(extract::State(state): extract::State<State>) -> Json<Status> {
    let engine = state.live().engine();
    let model_id = engine.generation_name().to_owned();
    Json(Status { model_file: engine.bundle().name(), model_id, num_active_training_jobs: 0 })
}

/// The version of the program.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Version {
    version: &'static str,
    minimum_compatible_version: &'static str,
}

/// The version of this program, which is not one of Rasa's.
#[utoipa::path(get, path = "/version", tag = "rasa", operation_id = "rasa_version", responses(
    (status = 200, description = "the version", body = Version),
))]
pub(in crate::http) async fn version() -> Json<Version> {
    Json(Version { version: VERSION, minimum_compatible_version: VERSION })
}
