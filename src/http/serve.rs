//! Serving until told to stop, and stopping without losing an answer.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::connection::{MAX_CONNECTIONS, PATIENCE, Room};
use super::{Door, State, routes};
use crate::desk::Desk;

/// Between `/ready` saying no and the door closing: time for a load balancer to notice.
const NOTICE: Duration = Duration::from_secs(1);

/// How long requests in progress are waited for.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a new connection may take to begin a request.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

/// Serves on `listener` until `shutdown` is done. Then `/ready` turns to 503, a second later no connection is accepted
/// any more, and requests in progress get up to ten seconds to finish.
///
/// # Errors
/// When serving fails.
pub async fn serve<F>(listener: TcpListener, desk: Desk, door: impl Into<Door>, shutdown: F) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let address = listener.local_addr().context("the listener has no address")?;
    let door = door.into();
    let tls = door.tls.clone();
    let state = State::new(desk, door);
    let handle = Handle::new();
    tokio::spawn(close_after(shutdown, state.clone(), handle.clone()));
    let room = Room::new(MAX_CONNECTIONS, PATIENCE);
    let server = Server::from_listener(listener).handle(handle.clone());
    tracing::info!(%address, tls = tls.is_some(), "listening");
    let routes = routes(state);
    match tls {
        Some(tls) => run(server.acceptor(RustlsAcceptor::new(tls.config()).acceptor(room)), routes).await?,
        None => run(server.acceptor(room), routes).await?,
    }
    let left = handle.connection_count();
    if left > 0 {
        tracing::warn!(connections = left, "some requests did not finish in {DRAIN:?} and are cut off");
    }
    tracing::info!("stopped");
    Ok(())
}

async fn run<A>(server: Server<SocketAddr, A>, routes: Router) -> anyhow::Result<()>
where
    A: Accept<tokio::net::TcpStream, Router> + Clone + Send + Sync + 'static,
    A::Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
    A::Service: axum_server::service::SendService<axum::http::Request<hyper::body::Incoming>> + Send,
    A::Future: Send,
{
    let server = server.http1_only().first_request_timeout(FIRST_REQUEST);
    server.serve(routes.into_make_service()).await.context("serving failed")
}

/// Closes the door once no more is to come.
async fn close_after(shutdown: impl Future<Output = ()>, state: State, handle: Handle<SocketAddr>) {
    shutdown.await;
    tracing::info!("shutting down");
    state.turn_away();
    sleep(NOTICE).await;
    handle.graceful_shutdown(Some(DRAIN));
}
