//! `/v1/webhooks`: what is on its way to other systems, and what did not arrive.

use axum::extract;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::Json;
use super::handoffs::page_size;
use super::problem::Problem;
use super::query::Query;
use super::{State, openapi};
use crate::store;
use crate::ticket::Event;

/// DeadDeliveries deliveries of a page, at most.
const MAX_PAGE: usize = 200;

/// How much is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookStatus {
    /// Deliveries that have not arrived yet and are still tried.
    waiting: u64,
    /// Since when the oldest of them waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest: Option<Timestamp>,
}

/// Which part of the dead deliveries is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// Those after this one: `next` of the page before.
    after: Option<u64>,
    /// Deliveries of the page, at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// A page of dead deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadDeliveries {
    /// The oldest first.
    items: Vec<DeadDelivery>,
    /// Where the next page starts; null on the last one.
    next: Option<u64>,
}

/// An event that did not arrive.
#[derive(Debug, Serialize, ToSchema)]
struct DeadDelivery {
    /// Names this delivery.
    sequence: u64,
    /// Where it should have gone: the name of the endpoint.
    endpoint: String,
    /// How often it was tried.
    attempts: u32,
    /// Since when it was on its way.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Why it failed last.
    error: Option<String>,
    /// What happened.
    event: Event,
}

/// What is to be tried again: one delivery, all of an endpoint, or all.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Replay {
    /// This one.
    sequence: Option<u64>,
    /// All of this endpoint.
    endpoint: Option<String>,
}

/// What is tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    /// How many deliveries; those that are not dead are left alone.
    replayed: usize,
}

/// How many deliveries are on their way.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", operation_id = "webhooks", params(openapi::Headers),
    responses(
        (status = 200, description = "what waits", body = WebhookStatus, example = json!({"waiting": 2, "oldest": "2026-05-26T02:00:00Z"})),
        openapi::StoreErrors,
    ),
)]
pub(super) async fn status(extract::State(state): extract::State<State>) -> Result<axum::Json<WebhookStatus>, Problem> {
    let (waiting, oldest) = state.desk.waiting_deliveries().await?;
    Ok(axum::Json(WebhookStatus { waiting, oldest }))
}

/// Deliveries that were given up.
///
/// They are kept until they are replayed or too old; see `retention_days`.
#[utoipa::path(get, path = "/v1/webhooks/dead", tag = "webhooks", operation_id = "webhooks_dead",
    params(openapi::Headers, Part),
    responses((status = 200, description = "a page", body = DeadDeliveries), openapi::ListErrors),
)]
pub(super) async fn dead(
    extract::State(state): extract::State<State>,
    Query(Part { after, limit }): Query<Part>,
) -> Result<axum::Json<DeadDeliveries>, Problem> {
    let limit = page_size(limit, MAX_PAGE)?;
    // One more than asked for tells whether there is a next page.
    let mut found = state.desk.dead_deliveries(after.unwrap_or_default(), limit + 1).await?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|last| last.sequence);
    Ok(axum::Json(DeadDeliveries { items: found.into_iter().map(DeadDelivery::from).collect(), next }))
}

/// Tries deliveries again that were given up, as if they were new.
#[utoipa::path(post, path = "/v1/webhooks/replay", tag = "webhooks", operation_id = "webhooks_replay",
    params(openapi::Headers),
    request_body(content = Replay, examples(
        ("one" = (value = json!({"sequence": 57}))),
        ("endpoint" = (value = json!({"endpoint": "crm"}))),
        ("all" = (value = json!({}))),
    )),
    responses(
        (status = 200, description = "on their way again", body = Replayed, example = json!({"replayed": 3})),
        openapi::ReplayErrors,
    ),
)]
pub(super) async fn replay(
    extract::State(state): extract::State<State>,
    Json(Replay { sequence, endpoint }): Json<Replay>,
) -> Result<axum::Json<Replayed>, Problem> {
    Ok(axum::Json(Replayed { replayed: state.desk.replay(sequence, endpoint).await? }))
}

impl From<store::Delivery> for DeadDelivery {
    fn from(delivery: store::Delivery) -> Self {
        let store::Delivery { sequence, endpoint, event, attempts, since, error } = delivery;
        Self { sequence, endpoint, attempts, since, error, event }
    }
}
