//! The HTTP door: what comes in over the network is checked here, decided by the engine that [`Live`] holds, and answered.
//!
//! The whole API is the table in `routes`. A handler translates and nothing else; no rule of the shop lives here.
//! One message is read on an async thread, waits in one bounded queue, is decided on a worker thread (`pool`), and
//! is written on an async thread again. Whatever goes wrong becomes a `Problem` and gets its body in one place.

mod catalogue;
mod connection;
mod extract;
mod health;
mod metrics;
mod openapi;
mod panics;
mod pool;
mod problem;
mod request_id;
mod serve;
mod triage;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use self::extract::body_limit;
use self::pool::Pool;
use self::problem::{Code, Problem};
use crate::Reply;
use crate::live::Live;

pub use self::metrics::Metrics;
pub use self::openapi::document;
pub use self::panics::log_panics_without_message;
pub use self::serve::serve;

/// The longest deadline that counts; a longer `deadline_ms` is shortened to it.
pub const MAX_DEADLINE: Duration = Duration::from_secs(60);

/// A batch may be this many times as long as a single message.
const BATCH_BODY_FACTOR: usize = 16;

/// The longest body that says how the catalogue is to change, in bytes.
const CHANGE_BODY: usize = 1024;

/// How much is taken on at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Threads that decide; a decision takes one core for a few milliseconds.
    pub workers: usize,
    /// Messages that wait for a worker; one more is refused.
    pub queue: usize,
    /// How long a caller waits who does not say so with `deadline_ms`.
    pub deadline: Duration,
    /// The longest body of a single message, in bytes; a batch may be 16 times as long.
    pub body_bytes: usize,
}

impl Default for Limits {
    /// One worker per core, 256 waiting, two seconds, 64 KiB.
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { workers, queue: 256, deadline: Duration::from_secs(2), body_bytes: 64 * 1024 }
    }
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct State {
    live: Arc<Live>,
    pool: Arc<Pool<Reply>>,
    ready: Arc<AtomicBool>,
    limits: Limits,
}

impl State {
    /// Starts the workers. Each message is decided by the engine of the moment in which a worker takes it.
    fn start(live: Arc<Live>, limits: Limits) -> io::Result<Self> {
        let (deciding, fallback) = (Arc::clone(&live), Arc::clone(&live));
        let decide = move |incoming: &_| deciding.engine().triage(incoming).shortened();
        let hand_over = move |incoming: &_| fallback.engine().model_error_reply(incoming);
        let pool = Pool::start(&limits, decide, hand_over)?;
        Ok(Self { live, pool: Arc::new(pool), ready: Arc::new(AtomicBool::new(true)), limits })
    }

    /// Whether new work is welcome.
    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Tells load balancers to send new work elsewhere; what comes nevertheless is still answered.
    fn turn_away(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }
}

/// The API as a service, for tests and for programs with a server of their own.
///
/// # Errors
/// When a worker thread cannot be started.
pub fn router(live: Arc<Live>, limits: Limits) -> io::Result<Router> {
    Ok(routes(State::start(live, limits)?))
}

/// The whole API.
fn routes(state: State) -> Router {
    let single = body_limit(state.limits.body_bytes);
    let batch = body_limit(state.limits.body_bytes.saturating_mul(BATCH_BODY_FACTOR));
    Router::new()
        .route("/v1/triage", post(triage::single).layer(single))
        .route("/v1/triage/batch", post(triage::batch).layer(batch))
        .route("/v1/catalogue", get(catalogue::status))
        .route("/v1/catalogue/validate", post(catalogue::validate))
        .route("/v1/catalogue/reload", post(catalogue::reload).layer(body_limit(CHANGE_BODY)))
        .route("/v1/catalogue/rollback", post(catalogue::rollback).layer(body_limit(CHANGE_BODY)))
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
