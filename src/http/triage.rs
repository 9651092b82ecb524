//! `POST /v1/triage` and `POST /v1/triage/batch`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::extract;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::Json;
use super::pool::Ticket;
use super::problem::{Code, ErrorBody, Problem};
use super::request_id::RequestId;
use super::{MAX_DEADLINE, State, openapi};
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
    Reply(Box<Reply>),
    Error(ErrorBody),
}

/// Decides what happens with one message.
///
/// Whether it is answered, asked back about, handed to a person or passed over in silence, always with reasons. If the
/// model fails, the answer is still 200: a hand-off with the reason `bot_error`.
#[utoipa::path(post, path = "/v1/triage", tag = "triage", operation_id = "triage",
    params(openapi::Headers),
    request_body(content = Request, example = json!(openapi::example_request())),
    responses(
        (status = 200, description = "decided", body = Reply, example = json!(openapi::example_reply())),
        openapi::TriageErrors,
    ),
)]
pub(super) async fn single(
    extract::State(state): extract::State<State>,
    Json(request): Json<Request>,
) -> Result<axum::Json<Reply>, Problem> {
    let ticket = submit(&state, request, Instant::now())?;
    Ok(axum::Json(ticket.wait().await?))
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
    extract::State(state): extract::State<State>,
    id: RequestId,
    Json(Batch { requests }): Json<Batch>,
) -> Result<axum::Json<BatchReply>, Problem> {
    if !(1..=MAX_BATCH).contains(&requests.len()) {
        let message = format!("`requests` has {} items; 1 to {MAX_BATCH} are allowed", requests.len());
        return Err(Problem::new(Code::InvalidRequest, message));
    }
    let outcomes = decide_all(&state, requests).await;
    let replies = outcomes.into_iter().map(|outcome| item(outcome, &id)).collect();
    Ok(axum::Json(BatchReply { replies }))
}

/// Decides all, in order, as many at a time as there are workers: one batch keeps every worker busy and still leaves
/// the queue to others.
async fn decide_all(state: &State, requests: Vec<Request>) -> Vec<Result<Reply, Problem>> {
    let arrived = Instant::now();
    let mut outcomes = Vec::with_capacity(requests.len());
    let mut tickets = VecDeque::with_capacity(requests.len());
    for request in requests {
        if tickets.len() >= state.limits.workers.max(1) {
            outcomes.extend(redeem(tickets.pop_front()).await);
        }
        tickets.push_back(submit(state, request, arrived));
    }
    while !tickets.is_empty() {
        outcomes.extend(redeem(tickets.pop_front()).await);
    }
    outcomes
}

async fn redeem(ticket: Option<Result<Ticket<Reply>, Problem>>) -> Option<Result<Reply, Problem>> {
    Some(match ticket? {
        Ok(ticket) => ticket.wait().await.map_err(Problem::from),
        Err(problem) => Err(problem),
    })
}

fn item(outcome: Result<Reply, Problem>, id: &RequestId) -> BatchItem {
    match outcome {
        Ok(reply) => BatchItem::Reply(Box::new(reply)),
        Err(problem) => BatchItem::Error(problem.report(id)),
    }
}

/// Checks a request and puts it in the queue.
fn submit(state: &State, request: Request, arrived: Instant) -> Result<Ticket<Reply>, Problem> {
    let incoming = request.check()?;
    let patience = incoming.deadline_ms().map_or(state.limits.deadline, Duration::from_millis).min(MAX_DEADLINE);
    Ok(state.pool.submit(incoming, arrived + patience)?)
}
