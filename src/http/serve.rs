//! Serving until told to stop, and stopping without losing an answer.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::connection::{Listener, PATIENCE};
use super::{Adapters, Limits, State, routes};
use crate::desk::Desk;

/// Between `/ready` saying no and the door closing: time for a load balancer to notice.
const NOTICE: Duration = Duration::from_secs(1);

/// How long requests in progress are waited for.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves on `listener` until `shutdown` is done. Then `/ready` turns to 503, a second later no connection is accepted
/// any more, and requests in progress get up to ten seconds to finish.
///
/// # Errors
/// When serving fails.
pub async fn serve<F>(listener: TcpListener, desk: Desk, limits: Limits, shutdown: F) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    serve_with(listener, desk, limits, Adapters::default(), shutdown).await
}

/// The same with adapters.
///
/// # Errors
/// When serving fails.
pub async fn serve_with<F>(
    listener: TcpListener,
    desk: Desk,
    limits: Limits,
    adapters: Adapters,
    shutdown: F,
) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let address = listener.local_addr().context("the listener has no address")?;
    let state = State::new(desk, limits, adapters);
    let closed = Arc::new(Notify::new());
    let close = close_after(shutdown, state.clone(), Arc::clone(&closed));
    let server = axum::serve(Listener::new(listener, PATIENCE), routes(state)).with_graceful_shutdown(close);
    tracing::info!(%address, "listening");
    tokio::select! {
        result = server => result.context("serving failed")?,
        () = give_up(&closed) => tracing::warn!("some requests did not finish in {DRAIN:?} and are cut off"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Done when no more connections are to be accepted.
async fn close_after(shutdown: impl Future<Output = ()>, state: State, closed: Arc<Notify>) {
    shutdown.await;
    tracing::info!("shutting down");
    state.turn_away();
    sleep(NOTICE).await;
    closed.notify_one();
}

async fn give_up(closed: &Notify) {
    closed.notified().await;
    sleep(DRAIN).await;
}
