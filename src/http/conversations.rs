//! `/v1/conversations`: what was said, who has it, and changing that.

use axum::extract;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::Json;
use super::problem::{Code, Problem};
use super::query::{Id, Query};
use super::{State, openapi};
use crate::desk::{Assignment, DeskError, Record, Speech};
use crate::incoming::{HandledBy, Role};
use crate::labels::Emotion;
use crate::reply::{DecisionKind, Mood, Reason};
use crate::store::{Turn, TurnKind};
use crate::ticket::{StepError, Ticket};

/// Turns that are given if nobody says how many, and at most.
const TURNS: usize = 50;
const MAX_TURNS: usize = 500;

/// How much of a conversation is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Window {
    /// So many turns, the last ones.
    #[param(minimum = 0, maximum = 500, default = 50)]
    last: Option<usize>,
}

/// A conversation as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conversation {
    /// Its id.
    id: String,
    /// Who has it.
    handled_by: HandledBy,
    /// The customer, if known.
    customer_id: Option<String>,
    /// Where it takes place.
    channel: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// When something last happened.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it was closed; a new message opens it again.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    /// What the customer thinks of it, 1 to 5.
    rating: Option<u8>,
    /// When it was rated.
    #[schema(value_type = Option<String>, format = DateTime)]
    rated_at: Option<Timestamp>,
    /// P(anger) + P(disappointment), smoothed over turns and time.
    mood_level: f32,
    /// Which way it goes: `falling` is getting worse.
    mood: Mood,
    /// The open ticket; of its packet only summary and signals.
    ticket: Option<Ticket>,
    /// Turns so far.
    turn_count: u64,
    /// The last turns, oldest first; only where they are asked for.
    turns: Vec<Spoken>,
}

/// One turn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Turn)]
struct Spoken {
    /// Its id, unique in the conversation.
    message_id: String,
    /// Its number in the conversation, from 0.
    number: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who wrote it.
    role: Role,
    /// What, as it is stored.
    text: String,
    /// What was decided about it; null, as are the next seven, unless the customer wrote it.
    decision: Option<DecisionKind>,
    /// Why, the deciding reason first.
    #[schema(value_type = Option<Vec<Reason>>)]
    reasons: Option<Vec<Why>>,
    /// The business intent that was understood.
    intent: Option<String>,
    /// How the customer felt.
    emotion: Option<Emotion>,
    /// P(anger) + P(disappointment).
    upset: Option<f32>,
    /// What the bot said to it.
    answer: Option<String>,
    /// The ticket that was open then.
    ticket_id: Option<String>,
    /// Whether it was decided on trial: nothing was said.
    shadow: Option<bool>,
    /// The person who wrote it; for `agent`.
    agent: Option<String>,
    /// Whether it reached the customer; null for the customer's own.
    delivered: Option<bool>,
}

/// A reason, as it was told.
#[derive(Debug, Serialize, Deserialize)]
struct Why {
    code: String,
    detail: String,
}

/// Who is to have a conversation: one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assign {
    /// This person.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    agent: Option<String>,
    /// Whoever takes it from this queue.
    #[serde(default)]
    queue: Option<String>,
    /// The bot.
    #[serde(default)]
    to: Option<Bot>,
}

/// Who is neither a person nor a queue.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Bot {
    Bot,
}

/// What the customer thinks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rating {
    /// From 1, bad, to 5, good.
    #[schema(minimum = 1, maximum = 5)]
    rating: u64,
}

/// Who speaks to the customer; what customers say comes as messages.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "only described; `Role` is read, so that a customer's message gets an answer that says where it belongs"
)]
enum Speaker {
    Agent,
    Bot,
}

/// Something that a person, or another bot, wrote to the customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonMessage {
    /// `agent` or `bot`.
    #[schema(inline, value_type = Speaker)]
    role: Role,
    /// The person's id, 1 to 200 characters; must be given for `agent`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    agent: Option<String>,
    /// What was written, at most 8,000 characters.
    #[schema(min_length = 1, max_length = 8000)]
    text: String,
    /// The caller's id. Sent again under it, the message counts once; a new id if left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    message_id: Option<String>,
    /// Whether it reached the customer.
    #[serde(default = "yes")]
    #[schema(default = true)]
    delivered: bool,
}

fn yes() -> bool {
    true
}

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Noted {
    /// Its id.
    message_id: String,
}

/// A conversation with its last turns.
///
/// Who has it, how the customer's mood moves, the ticket that is open, and what was said and decided.
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "conversations", operation_id = "conversation",
    params(openapi::Headers, openapi::ConversationId, Window),
    responses(
        (status = 200, description = "the conversation", body = Conversation, example = json!(openapi::example_conversation())),
        openapi::ReadErrors,
    ),
)]
pub(super) async fn read(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Query(Window { last }): Query<Window>,
) -> Result<axum::Json<Conversation>, Problem> {
    let last = last.unwrap_or(TURNS);
    if last > MAX_TURNS {
        return Err(Problem::new(Code::InvalidRequest, format!("`last`: 0 to {MAX_TURNS} are allowed")));
    }
    Ok(axum::Json(state.desk.conversation(&id, last).await?.into()))
}

/// Closes a conversation.
///
/// The next message opens it again, and starts anew. Closing it again changes nothing but the time.
#[utoipa::path(post, path = "/v1/conversations/{id}/close", tag = "conversations", operation_id = "conversation_close",
    params(openapi::Headers, openapi::ConversationId),
    responses((status = 200, description = "closed; without turns", body = Conversation), openapi::CloseErrors),
)]
pub(super) async fn close(
    extract::State(state): extract::State<State>,
    Id(id): Id,
) -> Result<axum::Json<Conversation>, Problem> {
    state.desk.close(&id).await.map_err(|error| match error {
        DeskError::Step(StepError::Taken(_)) => Problem::new(
            Code::TicketOpen,
            "a ticket is open in the conversation; it has to be resolved, or the conversation given to the bot, first",
        ),
        other => other.into(),
    })?;
    now(&state, &id).await
}

/// Gives a conversation to a person, a queue or the bot.
///
/// For a person or a queue a ticket is opened if none is: for a person in the queue of the conversation's last topic, or in
/// `general`. A person who has it loses it. For the bot the open ticket is closed as returned.
#[utoipa::path(post, path = "/v1/conversations/{id}/assign", tag = "conversations", operation_id = "conversation_assign",
    params(openapi::Headers, openapi::ConversationId),
    request_body(content = Assign, examples(
        ("agent" = (value = json!({"agent": "a-7"}))),
        ("queue" = (value = json!({"queue": "aftersales"}))),
        ("bot" = (value = json!({"to": "bot"}))),
    )),
    responses((status = 200, description = "who has it now; without turns", body = Conversation), openapi::NoteErrors),
)]
pub(super) async fn assign(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Json(assign): Json<Assign>,
) -> Result<axum::Json<Conversation>, Problem> {
    let to = match assign {
        Assign { agent: Some(agent), queue: None, to: None } => Assignment::Agent(agent),
        Assign { agent: None, queue: Some(queue), to: None } => Assignment::Queue(queue),
        Assign { agent: None, queue: None, to: Some(Bot::Bot) } => Assignment::Bot,
        _ => {
            let message = "exactly one of `agent`, `queue` and `to` must be given";
            return Err(Problem::new(Code::InvalidRequest, message));
        }
    };
    state.desk.assign(&id, &to).await?;
    now(&state, &id).await
}

/// Keeps what the customer thinks of a conversation.
///
/// A later rating replaces an earlier one.
#[utoipa::path(post, path = "/v1/conversations/{id}/rating", tag = "conversations", operation_id = "conversation_rating",
    params(openapi::Headers, openapi::ConversationId),
    request_body(content = Rating, example = json!({"rating": 5})),
    responses((status = 200, description = "rated; without turns", body = Conversation), openapi::NoteErrors),
)]
pub(super) async fn rate(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Json(Rating { rating }): Json<Rating>,
) -> Result<axum::Json<Conversation>, Problem> {
    let rating =
        u8::try_from(rating).map_err(|_| Problem::new(Code::InvalidRequest, "`rating`: 1 to 5 are allowed"))?;
    state.desk.rate(&id, rating).await?;
    now(&state, &id).await
}

/// Tells what was written to the customer by somebody else than the bot here.
///
/// The first one that a person delivers counts as the answer to the ticket. Later messages of the customer are read against it.
#[utoipa::path(post, path = "/v1/conversations/{id}/messages", tag = "conversations", operation_id = "conversation_messages",
    params(openapi::Headers, openapi::ConversationId),
    request_body(content = PersonMessage,
        example = json!({"role": "agent", "agent": "a-7", "text": "您好，我来帮您查一下这个包裹。", "message_id": "a-7-19", "delivered": true})),
    responses(
        (status = 200, description = "noted", body = Noted, example = json!({"message_id": "a-7-19"})),
        openapi::MessageErrors,
    ),
)]
pub(super) async fn message(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Json(message): Json<PersonMessage>,
) -> Result<axum::Json<Noted>, Problem> {
    let PersonMessage { role, agent, text, message_id, delivered } = message;
    let message_id = message_id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let speech = Speech { message_id: Some(message_id.clone()), role, agent, text, is_delivered: delivered };
    state.desk.say(&id, speech).await?;
    Ok(axum::Json(Noted { message_id }))
}

/// The conversation after a change, without its turns.
async fn now(state: &State, id: &str) -> Result<axum::Json<Conversation>, Problem> {
    Ok(axum::Json(state.desk.conversation(id, 0).await?.into()))
}

impl From<Record> for Conversation {
    fn from(Record { conversation, ticket, turns }: Record) -> Self {
        Self {
            id: conversation.id,
            handled_by: match &ticket {
                None => HandledBy::Bot,
                Some(ticket) if ticket.claimed_by.is_some() => HandledBy::Person,
                Some(_) => HandledBy::Queue,
            },
            customer_id: conversation.customer_id,
            channel: conversation.channel,
            opened_at: conversation.opened_at,
            updated_at: conversation.updated_at,
            closed_at: conversation.closed_at,
            rating: conversation.rating,
            rated_at: conversation.rated_at,
            mood_level: conversation.state.mood.level,
            mood: conversation.state.mood.mood(),
            ticket,
            turn_count: conversation.turns,
            turns: turns.into_iter().map(Spoken::from).collect(),
        }
    }
}

/// What is read again of a stored reply.
#[derive(Default, Deserialize)]
struct Sent {
    answer: Option<Answer>,
    reasons: Vec<Why>,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl From<Turn> for Spoken {
    fn from(Turn { message_id, number, at, text, kind, .. }: Turn) -> Self {
        let said = Self {
            message_id,
            number,
            at,
            role: Role::Customer,
            text,
            decision: None,
            reasons: None,
            intent: None,
            emotion: None,
            upset: None,
            answer: None,
            ticket_id: None,
            shadow: None,
            agent: None,
            delivered: None,
        };
        match kind {
            TurnKind::Customer(decided) => {
                let sent: Sent = serde_json::from_str(&decided.reply).unwrap_or_default();
                Self {
                    decision: Some(decided.decision),
                    reasons: Some(sent.reasons),
                    intent: decided.intent,
                    emotion: Some(decided.emotion),
                    upset: Some(decided.upset),
                    answer: sent.answer.map(|answer| answer.text),
                    ticket_id: decided.ticket_id,
                    shadow: Some(decided.is_shadow),
                    ..said
                }
            }
            TurnKind::Said(by) => Self { role: by.role, agent: by.agent, delivered: Some(by.is_delivered), ..said },
        }
    }
}
