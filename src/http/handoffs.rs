//! `/v1/handoffs`: the tickets that wait for people, and what people do with them.

use axum::extract;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::Json;
use super::problem::{Code, Problem};
use super::query::{Id, Query};
use super::{State, openapi};
use crate::store::TicketFilter;
use crate::ticket::{Level, Ticket, TicketState};

/// TicketPage of a page if nobody says how many, and at most.
const PAGE: usize = 50;
const MAX_PAGE: usize = 200;

/// Which tickets are wanted. Each filter takes several values, repeated or with commas between.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// In one of these states; `queued` and `claimed` if left out.
    #[param(inline)]
    state: Vec<TicketState>,
    /// Of one of these queues.
    queue: Vec<String>,
    /// Of one of these levels.
    #[param(inline)]
    level: Vec<Level>,
    /// Of one of these customers.
    customer: Vec<String>,
    /// With one of these persons.
    agent: Vec<String>,
    /// Tickets of the page, at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page starts: `next` of the page before.
    after: Option<String>,
}

/// A page of tickets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketPage {
    /// Those that wait first, in the order in which to take them. Of the packets only summary and signals.
    items: Vec<Ticket>,
    /// Where the next page starts; null on the last one.
    next: Option<String>,
}

/// Who does it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    /// The person's id, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    agent: String,
}

/// Who is done, and what there is to say about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentNote {
    /// The person's id, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    agent: String,
    /// For colleagues, at most 8,000 characters.
    #[serde(default)]
    #[schema(max_length = 8000)]
    note: Option<String>,
}

/// The tickets, page by page.
///
/// Those that wait come first, in the order in which to take them: urgent ones, then by the time by which they must be answered, moved
/// forward for upset customers and tiers as the policy says. Then those that a person has, as they were opened; then the
/// closed ones, latest first.
#[utoipa::path(get, path = "/v1/handoffs", tag = "handoffs", operation_id = "handoffs",
    params(openapi::Headers, Wanted),
    responses(
        (status = 200, description = "a page", body = TicketPage, example = json!(openapi::example_tickets())),
        openapi::ListErrors,
    ),
)]
pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<TicketPage>, Problem> {
    let page = state.desk.tickets(wanted.filter()?).await?;
    Ok(axum::Json(TicketPage { items: page.items, next: page.next }))
}

impl Wanted {
    /// A queue that no longer exists may still have tickets, so any name will do.
    fn filter(self) -> Result<TicketFilter, Problem> {
        let open = || TicketState::ALL.into_iter().filter(|state| state.is_open()).collect();
        Ok(TicketFilter {
            states: if self.state.is_empty() { open() } else { self.state },
            queues: self.queue,
            levels: self.level,
            customers: self.customer,
            conversation_id: None,
            agents: self.agent,
            after: self.after,
            limit: page_size(self.limit, MAX_PAGE)?,
        })
    }
}

/// How many items a page is to have.
pub(super) fn page_size(limit: Option<usize>, most: usize) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(Problem::new(Code::InvalidRequest, format!("`limit`: 1 to {most} are allowed"))),
    }
}

/// A ticket with all that a person needs.
///
/// The packet as of the hand-off; what was said since, until the ticket was closed, stands at the end of its `turns`.
#[utoipa::path(get, path = "/v1/handoffs/{id}", tag = "handoffs", operation_id = "handoff",
    params(openapi::Headers, openapi::TicketId),
    responses(
        (status = 200, description = "the ticket", body = Ticket, example = json!(openapi::example_ticket())),
        openapi::ReadErrors,
    ),
)]
pub(super) async fn read(
    extract::State(state): extract::State<State>,
    Id(id): Id,
) -> Result<axum::Json<Ticket>, Problem> {
    Ok(axum::Json(state.desk.ticket(&id).await?))
}

/// A person takes a ticket.
///
/// Only one can. Taking it again is the same as having it.
#[utoipa::path(post, path = "/v1/handoffs/{id}/claim", tag = "handoffs", operation_id = "handoff_claim",
    params(openapi::Headers, openapi::TicketId),
    request_body(content = Agent, example = json!({"agent": "a-7"})),
    responses((status = 200, description = "the ticket, with its packet", body = Ticket), openapi::ClaimErrors),
)]
pub(super) async fn claim(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Json(Agent { agent }): Json<Agent>,
) -> Result<axum::Json<Ticket>, Problem> {
    Ok(axum::Json(state.desk.claim(&id, &agent).await?))
}

/// The person who has a ticket gives it back to its queue.
#[utoipa::path(post, path = "/v1/handoffs/{id}/release", tag = "handoffs", operation_id = "handoff_release",
    params(openapi::Headers, openapi::TicketId),
    request_body(content = Agent, example = json!({"agent": "a-7"})),
    responses((status = 200, description = "the ticket, with its packet", body = Ticket), openapi::StepErrors),
)]
pub(super) async fn release(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Json(Agent { agent }): Json<Agent>,
) -> Result<axum::Json<Ticket>, Problem> {
    Ok(axum::Json(state.desk.release(&id, &agent).await?))
}

/// The person who has a ticket is done with it.
///
/// The bot has the conversation again, and the next message starts anew.
#[utoipa::path(post, path = "/v1/handoffs/{id}/resolve", tag = "handoffs", operation_id = "handoff_resolve",
    params(openapi::Headers, openapi::TicketId),
    request_body(content = AgentNote, example = json!({"agent": "a-7", "note": "已补发，单号已告知"})),
    responses((status = 200, description = "the ticket, with its packet", body = Ticket), openapi::StepErrors),
)]
pub(super) async fn resolve(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Json(AgentNote { agent, note }): Json<AgentNote>,
) -> Result<axum::Json<Ticket>, Problem> {
    Ok(axum::Json(state.desk.resolve(&id, &agent, note).await?))
}

/// The person who has a ticket gives the conversation back to the bot.
#[utoipa::path(post, path = "/v1/handoffs/{id}/return", tag = "handoffs", operation_id = "handoff_return",
    params(openapi::Headers, openapi::TicketId),
    request_body(content = AgentNote, example = json!({"agent": "a-7", "note": "只是问运费"})),
    responses((status = 200, description = "the ticket, with its packet", body = Ticket), openapi::StepErrors),
)]
pub(super) async fn give_back(
    extract::State(state): extract::State<State>,
    Id(id): Id,
    Json(AgentNote { agent, note }): Json<AgentNote>,
) -> Result<axum::Json<Ticket>, Problem> {
    Ok(axum::Json(state.desk.give_back(&id, &agent, note).await?))
}
