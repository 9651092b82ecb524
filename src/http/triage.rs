//! `POST /v1/triage` and `POST /v1/triage/batch`.

use axum::http::header;
use axum::response::IntoResponse;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::access::{Caller, Work};
use super::extract::Json;
use super::problem::{Code, ErrorBody, Problem};
use super::query::Query;
use super::request_id::RequestId;
use super::{State, openapi};
use crate::{Reply, Request};

/// Messages in one batch, at most.
const MAX_BATCH: usize = 32;

/// Several messages at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// The messages, decided independently of each other.
    #[schema(min_items = 1, max_items = 32)]
    requests: Vec<Request>,
}

/// How a message is to be decided.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Mode {
    /// On trial, beside an existing desk: the decision is recorded, nothing is to be said, and no ticket is opened.
    #[param(default = false)]
    shadow: bool,
}

/// The replies to a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchReply {
    /// One for each message, in order.
    replies: Vec<BatchItem>,
}

/// What became of one message of a batch: a reply, or what went wrong with this one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum BatchItem {
    #[schema(value_type = Reply)]
    Reply(Box<RawValue>),
    Error(ErrorBody),
}

/// Decides what happens with one message.
///
/// Whether it is answered, asked back about, handed to a person or passed over in silence, always with reasons. If the
/// model fails, the answer is still 200: a hand-off with the reason `bot_error`.
#[utoipa::path(post, path = "/v1/triage", tag = "triage", operation_id = "triage",
    params(openapi::Headers, Mode),
    request_body(content = Request, example = json!(openapi::example_request())),
    responses(
        (status = 200, description = "decided", body = Reply, example = json!(openapi::example_reply())),
        openapi::TriageErrors,
    ),
)]
pub(super) async fn single(
    Query(mode): Query<Mode>,
    Work(state): Work,
    Json(request): Json<Request>,
) -> Result<impl IntoResponse, Problem> {
    let reply = state.desk.message(request, mode.shadow).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], reply))
}

/// Decides what happens with up to 32 messages.
///
/// A body that cannot be read is refused as a whole. After that each message stands for itself: in the place of its
/// reply there may be an error.
#[utoipa::path(post, path = "/v1/triage/batch", tag = "triage", operation_id = "triage_batch",
    params(openapi::Headers),
    request_body(content = Batch, example = json!({"requests": [openapi::example_request()]})),
    responses(
        (status = 200, description = "decided, each for itself", body = BatchReply,
            example = json!({"replies": [openapi::example_reply(), openapi::example_error(Code::Overloaded)]})),
        openapi::BatchErrors,
    ),
)]
pub(super) async fn batch(
    id: RequestId,
    caller: Caller,
    Work(state): Work,
    Json(Batch { requests }): Json<Batch>,
) -> Result<axum::Json<BatchReply>, Problem> {
    if !(1..=MAX_BATCH).contains(&requests.len()) {
        let message = format!("`requests` has {} items; 1 to {MAX_BATCH} are allowed", requests.len());
        return Err(Problem::new(Code::InvalidRequest, message));
    }
    // The door has counted one.
    caller.spend(requests.len() - 1)?;
    let outcomes = decide_all(&state, requests).await;
    let replies = outcomes.into_iter().map(|outcome| item(outcome, &id)).collect();
    Ok(axum::Json(BatchReply { replies }))
}

/// Decides all, in order, a few at a time: one batch keeps every worker busy and still leaves the queue to others.
async fn decide_all(state: &State, requests: Vec<Request>) -> Vec<Result<String, Problem>> {
    let decided = requests.into_iter().map(|request| async { Ok(state.desk.message(request, false).await?) });
    futures_util::stream::iter(decided).buffered(state.limits.batch.max(1)).collect().await
}

fn item(outcome: Result<String, Problem>, id: &RequestId) -> BatchItem {
    match outcome.and_then(|json| RawValue::from_string(json).map_err(Problem::internal)) {
        Ok(reply) => BatchItem::Reply(reply),
        Err(problem) => BatchItem::Error(problem.report(id)),
    }
}
