//! `POST /webhooks/rest/webhook`: a conversation over Rasa's REST channel.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RasaError;
use crate::Request;
use crate::http::access::Work;
use crate::http::adapters::refused;
use crate::http::adapters::spoken::{Handoff, Spoken};
use crate::http::extract::Undeclared;
use crate::http::openapi;
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::incoming::{Attachment, Context, Customer};

/// Where conversations of this channel take place.
const CHANNEL: &str = "rasa-rest";

/// A message of a customer. Other keys are passed over.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct RestMessage {
    /// Whose conversation it is, 1 to 200 characters; a new one if left out.
    #[serde(default)]
    sender: Option<String>,
    /// What the customer typed, at most 8,000 characters; or the `payload` of a button.
    message: String,
    /// What the client knows of it; only `triage` is read.
    #[serde(default)]
    metadata: Option<Metadata>,
}

/// Anything; ours stands under a name of our own.
#[derive(Debug, Deserialize, ToSchema)]
struct Metadata {
    #[serde(default)]
    triage: Option<Known>,
}

/// What may be told beside a message, as in `/v1/triage`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Known {
    /// Sent again under it, the message is decided once.
    message_id: Option<String>,
    lang: Option<String>,
    customer: Option<Customer>,
    context: Option<Context>,
    attachments: Vec<Attachment>,
    deadline_ms: Option<u64>,
}

/// How the answer is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Mode {
    /// One object per line instead of an array.
    stream: bool,
}

/// Something for the customer, or for the client.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(in crate::http) struct RestReply {
    /// The `sender`.
    recipient_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<Button>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom>,
}

/// A choice.
#[derive(Debug, Serialize, ToSchema)]
struct Button {
    /// What the customer reads.
    title: String,
    /// What to send as the next `message`.
    payload: String,
}

/// Not to be shown.
#[derive(Debug, Serialize, ToSchema)]
struct Custom {
    handoff: RestHandoff,
}

/// A person takes over. Holds nothing that the customer may not see: clients of this channel run in customers' browsers.
#[derive(Debug, Serialize, ToSchema)]
struct RestHandoff {
    /// Null where nothing is stored.
    ticket_id: Option<String>,
    queue: String,
    level: String,
    respond_due_at: String,
    resolve_due_at: Option<String>,
    /// Whether the ticket is stored; if not, the client hands over itself.
    durable: bool,
}

/// Answers a message of a customer.
///
/// What is to be said, with choices as buttons; nothing where a person has the conversation. A hand-off adds a `custom` message.
#[utoipa::path(post, path = "/webhooks/rest/webhook", tag = "rasa", operation_id = "rasa_rest",
    params(openapi::Headers, Mode),
    request_body(content = RestMessage, example = json!({"sender": "u-5", "message": "到新疆运费多少", "metadata": {}})),
    responses(
        (status = 200, description = "what is to be said", body = Vec<RestReply>),
        (status = "4XX", description = "refused, in Rasa's shape; 429 with `retry-after` when too much waits", body = RasaError),
        (status = "5XX", description = "failed, in Rasa's shape", body = RasaError),
    ),
)]
pub(in crate::http) async fn webhook(
    Work(state): Work,
    Query(Mode { stream }): Query<Mode>,
    Undeclared(message): Undeclared<RestMessage>,
) -> Result<Response, Problem> {
    let (recipient, request) = request(message)?;
    let reply = state.desk.message(request, false).await.map_err(|error| refused(error, "message"))?;
    let replies = replies(&recipient, Spoken::read(&reply)?);
    if !stream {
        return Ok(axum::Json(replies).into_response());
    }
    let lines = replies.iter().map(|reply| serde_json::to_string(reply).map(|line| line + "\n"));
    let lines: String = lines.collect::<Result<_, _>>().map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], lines).into_response())
}

/// Whether the channel is there.
#[utoipa::path(get, path = "/webhooks/rest/", tag = "rasa", operation_id = "rasa_rest_health", responses(
    (status = 200, description = "it is", body = Object, example = json!({"status": "ok"})),
))]
pub(in crate::http) async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({"status": "ok"}))
}

/// The message as the desk takes it, and who gets the answer.
fn request(RestMessage { sender, message, metadata }: RestMessage) -> Result<(String, Request), Problem> {
    let sender = sender.unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let length = sender.chars().count();
    if !(1..=200).contains(&length) {
        let message = format!("`sender` has {length} characters; 1 to 200 are allowed");
        return Err(Problem::new(Code::InvalidRequest, message));
    }
    let Known { message_id, lang, customer, context, attachments, deadline_ms } =
        metadata.and_then(|metadata| metadata.triage).unwrap_or_default();
    let request = Request {
        conversation_id: Some(sender.clone()),
        message_id,
        text: message,
        channel: Some(CHANNEL.to_owned()),
        lang,
        customer,
        context,
        attachments,
        deadline_ms,
        ..Request::default()
    };
    Ok((sender, request))
}

fn replies(recipient: &str, spoken: Spoken) -> Vec<RestReply> {
    let reply = || RestReply { recipient_id: recipient.to_owned(), ..RestReply::default() };
    let handoff = spoken.new_handoff().map(|handoff| RestHandoff::of(handoff, spoken.durable));
    let handoff = handoff.map(|handoff| RestReply { custom: Some(Custom { handoff }), ..reply() });
    let said = spoken.answer.map(|answer| {
        let buttons =
            answer.choices.into_iter().map(|choice| Button { payload: choice.title.clone(), title: choice.title });
        RestReply { text: Some(answer.text), buttons: buttons.collect(), ..reply() }
    });
    said.into_iter().chain(handoff).collect()
}

impl RestHandoff {
    fn of(handoff: &Handoff, durable: bool) -> Self {
        Self {
            ticket_id: handoff.ticket_id.clone(),
            queue: handoff.queue.clone(),
            level: handoff.level.clone(),
            respond_due_at: handoff.respond_due_at.clone(),
            resolve_due_at: handoff.resolve_due_at.clone(),
            durable,
        }
    }
}
