//! The HTTP door: what comes in over the network is checked here, given to the [`Desk`], and answered.
//!
//! The whole API is the table in `routes`. A handler translates and nothing else; no rule of the shop lives here.
//! Whatever goes wrong becomes a `Problem` and gets its body in one place.

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
mod openapi;
mod panics;
mod problem;
mod query;
mod quote;
mod request_id;
mod serve;
mod stats;
mod tail;
mod triage;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;

use self::extract::body_limit;
use self::problem::{Code, Problem};
use self::tail::Tail;
use crate::adapters::chatwoot::Chatwoot;
use crate::desk::Desk;
use crate::live::Live;

pub use self::metrics::Metrics;
pub use self::openapi::document;
pub use self::panics::log_panics_without_message;
pub use self::serve::{serve, serve_with};

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

/// Other systems that speak their own shapes to this service.
#[derive(Clone, Default)]
pub struct Adapters {
    /// The Chatwoot whose agent bot this is.
    pub chatwoot: Option<Chatwoot>,
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct State {
    desk: Desk,
    /// Whether new work is welcome.
    ready: Arc<watch::Sender<bool>>,
    limits: Limits,
    /// What event streams are fed from.
    tail: Arc<Tail>,
    /// A permit for each event stream.
    streams: Arc<Semaphore>,
    adapters: Adapters,
}

impl State {
    fn new(desk: Desk, limits: Limits, adapters: Adapters) -> Self {
        let tail = Arc::new(Tail::new(desk.clone()));
        let streams = Arc::new(Semaphore::new(limits.streams));
        Self { desk, ready: Arc::new(watch::Sender::new(true)), limits, tail, streams, adapters }
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
pub fn router(desk: Desk, limits: Limits) -> Router {
    router_with(desk, limits, Adapters::default())
}

/// The same with adapters.
pub fn router_with(desk: Desk, limits: Limits, adapters: Adapters) -> Router {
    routes(State::new(desk, limits, adapters))
}

/// The whole API.
fn routes(state: State) -> Router {
    let single = body_limit(state.limits.body_bytes);
    let batch = body_limit(state.limits.body_bytes.saturating_mul(BATCH_BODY_FACTOR));
    let step = || body_limit(STEP_BODY);
    Router::new()
        .route("/v1/triage", post(triage::single).layer(single))
        .route("/v1/triage/batch", post(triage::batch).layer(batch))
        .route("/v1/conversations/{id}", get(conversations::read))
        .route("/v1/conversations/{id}/close", post(conversations::close))
        .route("/v1/conversations/{id}/assign", post(conversations::assign).layer(step()))
        .route("/v1/conversations/{id}/rating", post(conversations::rate).layer(step()))
        .route("/v1/conversations/{id}/messages", post(conversations::message).layer(step()))
        .route("/v1/quote", post(quote::quote).layer(body_limit(state.limits.body_bytes)))
        .route("/v1/feedback", post(feedback::give).layer(step()))
        .route("/v1/handoffs", get(handoffs::list))
        .route("/v1/handoffs/events", get(events::follow))
        .route("/v1/handoffs/{id}", get(handoffs::read))
        .route("/v1/handoffs/{id}/claim", post(handoffs::claim).layer(step()))
        .route("/v1/handoffs/{id}/release", post(handoffs::release).layer(step()))
        .route("/v1/handoffs/{id}/resolve", post(handoffs::resolve).layer(step()))
        .route("/v1/handoffs/{id}/return", post(handoffs::give_back).layer(step()))
        .route("/v1/webhooks", get(webhooks::status))
        .route("/v1/webhooks/dead", get(webhooks::dead))
        .route("/v1/webhooks/replay", post(webhooks::replay).layer(step()))
        .route("/webhooks/chatwoot", post(chatwoot::receive).layer(body_limit(CHATWOOT_BODY)))
        .route("/v1/catalogue", get(catalogue::status))
        .route("/v1/catalogue/validate", post(catalogue::validate))
        .route("/v1/catalogue/reload", post(catalogue::reload).layer(body_limit(CHANGE_BODY)))
        .route("/v1/catalogue/rollback", post(catalogue::rollback).layer(body_limit(CHANGE_BODY)))
        .route("/v1/stats", get(stats::stats))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/openapi.json", get(openapi::serve_document))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // Layers, from the handlers outwards:
        // 1. A handler that panics becomes a problem, so that the connection lives on and the caller gets an answer.
        .layer(CatchPanicLayer::custom(panics::to_response))
        // 2. The id of the request; outermost, since it also writes and logs every problem from further in.
        .layer(from_fn(request_id::identify))
        .with_state(state)
}

async fn not_found() -> Problem {
    Problem::new(Code::NotFound, "no such path; /openapi.json lists all")
}

/// axum adds the `Allow` header.
async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "this path does not take this method; the `allow` header lists those it takes")
}
