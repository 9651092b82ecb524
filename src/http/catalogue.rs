//! `/v1/catalogue`: what is served, and changing it.

use std::sync::Arc;

use axum::extract;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::Json;
use super::problem::{Code, Problem};
use super::{State, openapi};
use crate::live::{Live, Outcome, Rejection, RollbackError, Status, Tests};
use crate::yaml::Finding;

/// What became of a reload.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reloaded {
    outcome: Became,
    /// Why the files are not served; absent if they are.
    rejection: Option<Rejection>,
    /// What is served now.
    catalogue: Status,
}

/// What can become of a reload.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Became {
    /// The files are those that are served.
    Unchanged,
    /// The files are served from now on.
    Live,
    /// The files were refused.
    Rejected,
    /// The files were served for a moment and withdrawn.
    Withdrawn,
}

/// What a reload would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Validated {
    /// Whether the files would be served.
    valid: bool,
    /// Why not.
    rejection: Option<Rejection>,
    /// What a careful lead would look at nevertheless.
    warnings: Vec<Finding>,
}

/// How to take up the files.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Reload {
    /// Serve them even if tests fail that did not fail before: for what must be live whatever else it does. Files with
    /// errors are refused all the same.
    skip_tests: bool,
}

/// Where to go back to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rollback {
    /// The number of a generation that is kept; the one before the serving one if absent.
    #[schema(examples(11))]
    generation: Option<u64>,
}

/// The catalogue that is served.
///
/// With the generations that can be gone back to, how the files stand to it, and what was last refused and why.
#[utoipa::path(get, path = "/v1/catalogue", tag = "catalogue", operation_id = "catalogue", params(openapi::Headers), responses(
    (status = 200, description = "what is served", body = Status),
    openapi::AccessErrors,
))]
pub(super) async fn status(extract::State(state): extract::State<State>) -> axum::Json<Status> {
    axum::Json(state.live().status())
}

/// Checks, lints, fits and tests the files as they are, without serving them.
#[utoipa::path(post, path = "/v1/catalogue/validate", tag = "catalogue", operation_id = "catalogue_validate",
    params(openapi::Headers),
    responses((status = 200, description = "whether the files would be served", body = Validated), openapi::ChangeErrors),
)]
pub(super) async fn validate(extract::State(state): extract::State<State>) -> Result<axum::Json<Validated>, Problem> {
    Ok(axum::Json(match aside(&state, Live::validate).await? {
        Ok(warnings) => Validated { valid: true, rejection: None, warnings: warnings.into_iter().collect() },
        Err(rejection) => Validated { valid: false, rejection: Some(rejection), warnings: Vec::new() },
    }))
}

/// Takes up the files as they are now.
///
/// Even if they were refused before or an earlier generation was gone back to. Edits are noticed without this call; it is
/// for those who want to wait for the outcome. Messages are answered meanwhile.
#[utoipa::path(post, path = "/v1/catalogue/reload", tag = "catalogue", operation_id = "catalogue_reload",
    params(openapi::Headers),
    request_body(content = Option<Reload>, example = json!({"skip_tests": false})),
    responses((status = 200, description = "what became of it", body = Reloaded), openapi::ReloadErrors),
)]
pub(super) async fn reload(
    extract::State(state): extract::State<State>,
    reload: Option<Json<Reload>>,
) -> Result<axum::Json<Reloaded>, Problem> {
    let skips = reload.is_some_and(|Json(reload)| reload.skip_tests);
    let tests = if skips { Tests::Skip } else { Tests::Run };
    let (outcome, rejection) = match aside(&state, move |live| live.reload(tests)).await? {
        Outcome::Unchanged => (Became::Unchanged, None),
        Outcome::Live => (Became::Live, None),
        Outcome::Rejected(rejection) => (Became::Rejected, Some(rejection)),
        Outcome::Withdrawn(rejection) => (Became::Withdrawn, Some(rejection)),
    };
    Ok(axum::Json(Reloaded { outcome, rejection, catalogue: state.live().status() }))
}

/// Serves an earlier generation again.
///
/// The files are left as they are; they are taken up again when somebody changes them or asks for a reload.
#[utoipa::path(post, path = "/v1/catalogue/rollback", tag = "catalogue", operation_id = "catalogue_rollback",
    params(openapi::Headers),
    request_body(content = Option<Rollback>, example = json!({"generation": 11})),
    responses((status = 200, description = "what is served now", body = Status), openapi::RollbackErrors),
)]
pub(super) async fn rollback(
    extract::State(state): extract::State<State>,
    rollback: Option<Json<Rollback>>,
) -> Result<axum::Json<Status>, Problem> {
    let generation = rollback.and_then(|Json(rollback)| rollback.generation);
    aside(&state, move |live| live.roll_back(generation)).await?.map_err(|error| {
        let code = match error {
            RollbackError::Unknown { .. } => Code::UnknownGeneration,
            RollbackError::Refused { .. } => Code::Internal,
        };
        Problem::new(code, error.to_string())
    })?;
    Ok(axum::Json(state.live().status()))
}

/// Runs something that takes a second where it holds up no message.
async fn aside<R: Send + 'static>(state: &State, work: impl FnOnce(&Live) -> R + Send + 'static) -> Result<R, Problem> {
    let live = Arc::clone(state.live());
    let done = tokio::task::spawn_blocking(move || work(&live)).await;
    done.map_err(|_panicked| Problem::new(Code::Internal, "the change broke off; what is served is as before"))
}
