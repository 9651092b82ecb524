//! `POST /webhooks/chatwoot`: what Chatwoot tells its agent bot.

use axum::extract;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::extract::Raw;
use super::problem::{Code, Problem};
use super::{State, openapi};
use crate::adapters::chatwoot::{Headers, Outcome, Refused, Unreadable};

/// What became of a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatwootReceipt {
    /// `taken`: it is kept and will be worked off; `known`: it came before; `ignored`: nothing follows from it.
    status: &'static str,
}

/// Headers of a webhook of Chatwoot.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described; the headers are read below")]
pub(super) struct ChatwootHeaders {
    /// `sha256=` and the HMAC-SHA256 of timestamp, a full stop and the body, in hexadecimal.
    #[param(rename = "x-chatwoot-signature")]
    signature: String,
    /// When it was sent, in seconds since 1970; five minutes ago at most.
    #[param(rename = "x-chatwoot-timestamp")]
    timestamp: String,
    /// Names the delivery, the same when it is sent again.
    #[param(rename = "x-chatwoot-delivery", required = false)]
    delivery: String,
}

/// Takes a webhook of Chatwoot's agent bot.
///
/// Checked by its signature, kept, and acknowledged; the customer is answered after that. Nothing else is needed to call it:
/// no key. Of events that mean nothing here nothing is kept.
#[utoipa::path(post, path = "/webhooks/chatwoot", tag = "adapters", operation_id = "chatwoot",
    params(openapi::Headers, ChatwootHeaders),
    request_body(content = Object, description = "as Chatwoot sends it"),
    responses(
        (status = 200, description = "it arrived", body = ChatwootReceipt, example = json!({"status": "taken"})),
        openapi::ChatwootErrors,
    ),
)]
pub(super) async fn receive(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<axum::Json<ChatwootReceipt>, Problem> {
    let Some(chatwoot) = &state.chatwoot else {
        return Err(Problem::new(Code::NotFound, "no Chatwoot is connected; see `chatwoot` in config/triage.yaml"));
    };
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let headers = Headers {
        signature: header("x-chatwoot-signature"),
        timestamp: header("x-chatwoot-timestamp"),
        delivery: header("x-chatwoot-delivery"),
    };
    let status = match chatwoot.receive(headers, &body).await? {
        Outcome::Taken => "taken",
        Outcome::Known => "known",
        Outcome::Ignored => "ignored",
    };
    Ok(axum::Json(ChatwootReceipt { status }))
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::Unsigned | Refused::Signature(_) => Self::new(Code::BadSignature, message),
            Refused::Unreadable(Unreadable::NotJson) => Self::new(Code::InvalidJson, message),
            Refused::Unreadable(Unreadable::Shape(_)) => Self::new(Code::InvalidRequest, message),
            Refused::Overloaded => Self::new(Code::Overloaded, message),
            // Chatwoot sends it again after 500, and would not after 503.
            Refused::Failed(_) => Self::internal(refused),
        }
    }
}
