//! `POST /v1/bot-framework/activities`: messages, and the hand-off protocol of the
//! [Bot Framework](https://learn.microsoft.com/azure/bot-service/bot-service-design-pattern-handoff-human).

mod activity;
mod replies;

use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::ToSchema;

use self::activity::{Activity, Kind, Status, StatusTold};
use self::replies::{Reply, Replying};
use super::refused;
use super::spoken::Spoken;
use crate::desk::Assignment;
use crate::http::access::Work;
use crate::http::extract as body;
use crate::http::extract::body_limit;
use crate::http::problem::{Problem, Shape, own_shape};
use crate::http::{Limits, State, openapi};
use crate::store::TicketFilter;
use crate::ticket::{Ticket, TicketState};

/// The Bot Framework's errors are `{"error": {"code", "message"}}`, as ours are.
pub(super) const SHAPE: Shape = own_shape;

/// How far a ticket's place in its queue is counted.
const COUNTED: usize = 200;

pub(super) fn routes(limits: Limits) -> Router<State> {
    let body = body_limit(limits.body_bytes);
    Router::new().route("/v1/bot-framework/activities", post(activities).layer(body))
}

/// What follows from an activity: the form of an answer to one with `deliveryMode` `expectReplies`.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ExpectedReplies {
    /// In the order in which to take them.
    activities: Vec<Reply>,
}

/// Takes an activity, and answers with those that follow from it.
///
/// A `message` is answered with a message, with choices as `suggestedActions`, and a hand-off with the events
/// `handoff.initiate` and `handoff.status` `queued`. The event `handoff.status` tells what the agent hub made of it: `accepted`
/// claims the ticket for `from.id`, `failed` gives it back to its queue, `completed` resolves it. All else is taken and changes
/// nothing.
#[utoipa::path(post, path = "/v1/bot-framework/activities", tag = "bot framework", operation_id = "bot_framework_activities",
    params(openapi::Headers),
    request_body(content = Activity, examples(
        ("message" = (value = json!({"type": "message", "id": "a-1", "channelId": "webchat", "from": {"id": "u-5"},
            "recipient": {"id": "bot"}, "conversation": {"id": "c-81"}, "text": "转人工"}))),
        ("status" = (value = json!({"type": "event", "name": "handoff.status", "from": {"id": "a-7"},
            "conversation": {"id": "c-81"}, "value": {"state": "accepted"}}))),
    )),
    responses(
        (status = 200, description = "what follows; often nothing", body = ExpectedReplies),
        openapi::ActivityErrors,
    ),
)]
pub(in crate::http) async fn activities(
    Work(state): Work,
    body::Json(activity): body::Json<Activity>,
) -> Result<Json<ExpectedReplies>, Problem> {
    let activities = match activity.kind() {
        Kind::Message => message(&state, &activity).await?,
        Kind::HandoffStatus => match activity.status()? {
            Some(told) => status(&state, &activity, told).await?,
            None => Vec::new(),
        },
        Kind::Other => Vec::new(),
    };
    Ok(Json(ExpectedReplies { activities }))
}

/// A customer's message.
async fn message(state: &State, activity: &Activity) -> Result<Vec<Reply>, Problem> {
    let request = activity.request()?;
    let reply = state.desk.message(request, false).await.map_err(|error| refused(error, "text"))?;
    let spoken = Spoken::read(&reply)?;
    let mut replying = Replying::to(activity, state.desk.now());
    if let Some(answer) = &spoken.answer {
        replying.say(answer, spoken.decision);
    }
    if let Some(handoff) = spoken.new_handoff() {
        let ticket = match &handoff.ticket_id {
            Some(id) => Some(state.desk.ticket(id).await?),
            None => None,
        };
        let turns = ticket.as_ref().map(|ticket| ticket.packet.turns.as_slice());
        replying.initiate((handoff, &spoken.reasons, spoken.durable), turns);
        // Of a message sent again, somebody may have taken it meanwhile.
        if let Some(ticket) = ticket.filter(|ticket| ticket.state == TicketState::Queued) {
            replying.queued(&ticket, position(state, &ticket).await?);
        }
    }
    Ok(replying.done())
}

/// What the agent hub tells of a hand-off.
async fn status(state: &State, activity: &Activity, told: StatusTold<'_>) -> Result<Vec<Reply>, Problem> {
    let StatusTold { conversation, agent, status, note } = told;
    let desk = &state.desk;
    match (status, desk.conversation(conversation, 0).await?.ticket) {
        (Status::Accepted, Some(ticket)) => drop(desk.claim(&ticket.id, agent).await?),
        // A person has it although nobody was called, or no longer: the bot must not talk over them.
        (Status::Accepted, None) => drop(desk.assign(conversation, &Assignment::Agent(agent.to_owned())).await?),
        (Status::Failed, Some(ticket)) => {
            // A hub that found nobody never had it.
            let waits = if ticket.claimed_by.is_some() { desk.release(&ticket.id, agent).await? } else { ticket };
            let mut replying = Replying::to(activity, desk.now());
            replying.queued(&waits, position(state, &waits).await?);
            return Ok(replying.done());
        }
        (Status::Completed, Some(ticket)) => {
            // Hubs need not tell that somebody took it before it is done.
            desk.claim(&ticket.id, agent).await?;
            drop(desk.resolve(&ticket.id, agent, note).await?);
        }
        (Status::Failed | Status::Completed, None) => {}
    }
    Ok(Vec::new())
}

/// The place of a ticket among those that wait in its queue, from 1; none if it does not wait, or far behind.
async fn position(state: &State, ticket: &Ticket) -> Result<Option<usize>, Problem> {
    let filter = TicketFilter {
        states: vec![TicketState::Queued],
        queues: vec![ticket.queue.clone()],
        limit: COUNTED,
        ..TicketFilter::default()
    };
    let waiting = state.desk.tickets(filter).await?.items;
    Ok(waiting.iter().position(|other| other.id == ticket.id).map(|before| before + 1))
}
