//! `POST /v1/feedback`: what an agent says that a message was.

use axum::extract;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::Json;
use super::problem::{Code, Problem};
use super::{State, openapi};
use crate::labels::Emotion;
use crate::store;

/// What a message was, in an agent's eyes. At least one of `intent`, `emotion` and `handoff` must be there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Feedback {
    /// The conversation.
    conversation_id: String,
    /// The customer's message.
    message_id: String,
    /// The right intent, one of the catalogue's or `other`.
    #[serde(default)]
    intent: Option<String>,
    /// The right emotion.
    #[serde(default)]
    emotion: Option<Emotion>,
    /// Whether a person should have had it.
    #[serde(default)]
    handoff: Option<bool>,
    /// Who says so, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    agent: String,
}

/// Keeps what an agent says that a message was.
///
/// Replaces what the same agent said of it before. It is kept for those who look after the catalogue, and changes no decision.
#[utoipa::path(post, path = "/v1/feedback", tag = "conversations", operation_id = "feedback",
    params(openapi::Headers),
    request_body(content = Feedback,
        example = json!({"conversation_id": "c-81", "message_id": "m-7", "intent": "shipping_fee", "handoff": false, "agent": "a-7"})),
    responses((status = 204, description = "kept"), openapi::NoteErrors),
)]
pub(super) async fn give(
    extract::State(state): extract::State<State>,
    Json(feedback): Json<Feedback>,
) -> Result<StatusCode, Problem> {
    let Feedback { conversation_id, message_id, intent, emotion, handoff, agent } = feedback;
    if intent.is_none() && emotion.is_none() && handoff.is_none() {
        let message = "at least one of `intent`, `emotion` and `handoff` must be given";
        return Err(Problem::new(Code::InvalidRequest, message));
    }
    let at = state.desk.now();
    let feedback = store::Feedback { conversation_id, message_id, intent, emotion, handoff, agent, at };
    state.desk.feedback(feedback).await?;
    Ok(StatusCode::NO_CONTENT)
}
