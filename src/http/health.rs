//! Whether the process lives, and whether it wants work.

use axum::Json;
use axum::extract;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Code, Problem};
use super::{State, openapi};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `alive` or `ready`.
    #[schema(examples("alive"))]
    status: &'static str,
}

/// Whether the process answers at all.
///
/// A server that does not is to be restarted.
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "health", responses(
    (status = 200, description = "alive", body = Health, example = json!({"status": "alive"})),
))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// Whether new work is welcome.
///
/// A server that is going down says no, while it still answers what it has.
#[utoipa::path(get, path = "/ready", tag = "health", operation_id = "ready", responses(
    (status = 200, description = "ready", body = Health, example = json!({"status": "ready"})),
    openapi::ReadyErrors,
))]
pub(super) async fn ready(extract::State(state): extract::State<State>) -> Result<Json<Health>, Problem> {
    if state.is_ready() {
        Ok(Json(Health { status: "ready" }))
    } else {
        Err(Problem::new(Code::NotReady, "the server is going down; another one may take new requests"))
    }
}
