//! The HTTP door: what comes in over the network is checked here, given to the [`Desk`], and answered.
//!
//! The whole API is the table in `routes`. A handler translates and nothing else; no rule of the shop lives here.
//! Whatever goes wrong becomes a `Problem` and gets its body in one place.

mod access;
mod adapters;
mod catalogue;
mod chatwoot;
mod connection;
mod conversations;
mod events;
mod extract;
mod feedback;
mod handoffs;
mod health;
mod metrics;
mod occupied;
mod openapi;
mod panics;
mod problem;
mod query;
mod quote;
mod request_id;
mod serve;
mod stats;
mod tail;
mod tls;
mod triage;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;

use self::access::{DECIDING, HELPING, LEADING, RUNNING, TALKING, only};
use self::extract::body_limit;
use self::problem::{Code, Problem, Shape, own_shape};
use self::tail::Tail;
use crate::adapters::chatwoot::Chatwoot;
use crate::desk::Desk;
use crate::live::Live;

pub use self::access::Gate;
pub use self::metrics::Metrics;
pub use self::openapi::document;
pub use self::panics::log_panics_without_message;
pub use self::serve::serve;
pub use self::tls::Tls;

/// A batch may be this many times as long as a single message.
const BATCH_BODY_FACTOR: usize = 16;

/// The longest body that says how the catalogue is to change, in bytes.
const CHANGE_BODY: usize = 1024;

/// The longest body that says what a person did, in bytes: a note of 8,000 characters fits in, however it is written.
const STEP_BODY: usize = 128 * 1024;

/// The longest webhook of Chatwoot, in bytes: a message of 150,000 characters with all that surrounds it.
const CHATWOOT_BODY: usize = 2 * 1024 * 1024;

/// What the door lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body of a single message, in bytes; a batch may be 16 times as long.
    pub body_bytes: usize,
    /// Messages of one batch that are decided at a time.
    pub batch: usize,
    /// Event streams that are open at a time; one more is refused.
    pub streams: usize,
    /// After so long a silence an event stream says that it is still there.
    pub heartbeat: Duration,
}

impl Default for Limits {
    /// 64 KiB; one message per core; 256 streams, with a heartbeat every 15 seconds.
    fn default() -> Self {
        let batch = std::thread::available_parallelism().map_or(1, usize::from);
        Self { body_bytes: 64 * 1024, batch, streams: 256, heartbeat: Duration::from_secs(15) }
    }
}

/// What the door lets in, and whom.
#[derive(Clone, Default)]
pub struct Door {
    /// How much.
    pub limits: Limits,
    /// Whom: who shows a key, or everybody.
    pub gate: Option<Gate>,
    /// Behind which certificate; plain HTTP without one.
    pub tls: Option<Tls>,
    /// The Chatwoot whose agent bot this is.
    pub chatwoot: Option<Chatwoot>,
}

impl From<Limits> for Door {
    /// Everybody, over plain HTTP.
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct State {
    desk: Desk,
    /// Who is let in; everybody if there is none.
    gate: Option<Gate>,
    /// Whether new work is welcome.
    ready: Arc<watch::Sender<bool>>,
    limits: Limits,
    /// What event streams are fed from.
    tail: Arc<Tail>,
    /// A permit for each event stream.
    streams: Arc<Semaphore>,
    /// The Chatwoot whose agent bot this is.
    chatwoot: Option<Chatwoot>,
}

impl State {
    fn new(desk: Desk, Door { limits, gate, tls: _, chatwoot }: Door) -> Self {
        let tail = Arc::new(Tail::new(desk.clone()));
        let streams = Arc::new(Semaphore::new(limits.streams));
        Self { desk, gate, ready: Arc::new(watch::Sender::new(true)), limits, tail, streams, chatwoot }
    }

    /// The catalogue that is served.
    fn live(&self) -> &Arc<Live> {
        self.desk.live()
    }

    /// Whether new work is welcome.
    fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Tells load balancers to send new work elsewhere, and ends event streams; what comes nevertheless is still answered.
    fn turn_away(&self) {
        self.ready.send_replace(false);
    }
}

/// The API as a service, for tests and for programs with a server of their own.
pub fn router(desk: Desk, door: impl Into<Door>) -> Router {
    routes(State::new(desk, door.into()))
}

/// The whole API.
fn routes(state: State) -> Router {
    let own = own_routes(&state);
    let adapted = adapters::routes(&state).into_iter();
    let whole = adapted.fold(layered(own, own_shape), |whole, (routes, shape)| whole.merge(layered(routes, shape)));
    whole.with_state(state)
}

/// What is our own: for each kind of caller a table of what they may do, and what needs no key. Routes that speak another service's
/// language stand in [`adapters`].
fn own_routes(state: &State) -> Router<State> {
    Router::new()
        .merge(only(DECIDING, state, deciding(state.limits)))
        .merge(only(TALKING, state, talking()))
        .merge(only(HELPING, state, helping()))
        .merge(only(LEADING, state, leading()))
        .merge(only(RUNNING, state, running()))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        // Its signature is its key.
        .route("/webhooks/chatwoot", post(chatwoot::receive).layer(body_limit(CHATWOOT_BODY)))
        .route("/openapi.json", get(openapi::serve_document))
        .merge(openapi::page())
        .fallback(not_found)
}

/// Routes with everything that stands around each of them, and the shape that their errors have.
fn layered(routes: Router<State>, shape: Shape) -> Router<State> {
    routes
        .method_not_allowed_fallback(method_not_allowed)
        // Layers, from the handlers outwards:
        // 1. A handler that panics becomes a problem, so that the connection lives on and the caller gets an answer.
        .layer(CatchPanicLayer::custom(panics::to_response))
        // 2. The id of the request; it also writes and logs every problem from further in.
        .layer(from_fn_with_state(shape, request_id::identify))
        // 3. Outermost: from when to when the connection is in use.
        .layer(from_fn(occupied::occupy))
}

/// What gateways do.
fn deciding(limits: Limits) -> Router<State> {
    let batch = limits.body_bytes.saturating_mul(BATCH_BODY_FACTOR);
    Router::new()
        .route("/v1/triage", post(triage::single).layer(body_limit(limits.body_bytes)))
        .route("/v1/triage/batch", post(triage::batch).layer(body_limit(batch)))
        .route("/v1/quote", post(quote::quote).layer(body_limit(limits.body_bytes)))
}

/// What everybody does who speaks with a customer.
fn talking() -> Router<State> {
    let step = || body_limit(STEP_BODY);
    Router::new()
        .route("/v1/conversations/{id}", get(conversations::read))
        .route("/v1/conversations/{id}/close", post(conversations::close))
        .route("/v1/conversations/{id}/assign", post(conversations::assign).layer(step()))
        .route("/v1/conversations/{id}/rating", post(conversations::rate).layer(step()))
        .route("/v1/conversations/{id}/messages", post(conversations::message).layer(step()))
        .route("/v1/feedback", post(feedback::give).layer(step()))
}

/// What agents' screens do.
fn helping() -> Router<State> {
    let step = || body_limit(STEP_BODY);
    Router::new()
        .route("/v1/handoffs", get(handoffs::list))
        .route("/v1/handoffs/events", get(events::follow))
        .route("/v1/handoffs/{id}", get(handoffs::read))
        .route("/v1/handoffs/{id}/claim", post(handoffs::claim).layer(step()))
        .route("/v1/handoffs/{id}/release", post(handoffs::release).layer(step()))
        .route("/v1/handoffs/{id}/resolve", post(handoffs::resolve).layer(step()))
        .route("/v1/handoffs/{id}/return", post(handoffs::give_back).layer(step()))
}

/// What leads do.
fn leading() -> Router<State> {
    Router::new()
        .route("/v1/catalogue", get(catalogue::status))
        .route("/v1/catalogue/validate", post(catalogue::validate))
        .route("/v1/catalogue/reload", post(catalogue::reload).layer(body_limit(CHANGE_BODY)))
        .route("/v1/catalogue/rollback", post(catalogue::rollback).layer(body_limit(CHANGE_BODY)))
        .route("/v1/stats", get(stats::stats))
}

/// What operators do.
fn running() -> Router<State> {
    Router::new()
        .route("/v1/webhooks", get(webhooks::status))
        .route("/v1/webhooks/dead", get(webhooks::dead))
        .route("/v1/webhooks/replay", post(webhooks::replay).layer(body_limit(STEP_BODY)))
}

async fn not_found() -> Problem {
    Problem::new(Code::NotFound, "no such path; /openapi.json lists all")
}

/// axum adds the `Allow` header.
async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "this path does not take this method; the `allow` header lists those it takes")
}
