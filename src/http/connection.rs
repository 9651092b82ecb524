//! Connections that do not wait for ever, and do not keep others out.
//!
//! A connection is *waiting* until a whole request has come in on it, and again once that is answered. There is room for so many
//! connections; when it is used up, the one that has been waiting longest goes, so that neither idle callers nor such as dribble
//! a request byte by byte keep honest ones out. What is being answered is never cut off for another. Besides, a connection on which
//! nothing was sent to the caller for [`PATIENCE`] is closed.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep};
use tower::Layer as _;

/// Longer than [`MAX_DEADLINE`](crate::desk::MAX_DEADLINE), and than gateways keep idle connections, which is often 60 s.
pub(super) const PATIENCE: Duration = Duration::from_secs(75);

/// Open connections, at most. Under the usual limit of 1,024 open files.
pub(super) const MAX_CONNECTIONS: usize = 900;

/// The room for connections. Clones are the same room.
#[derive(Clone)]
pub(super) struct Room {
    places: Arc<Mutex<Places>>,
    capacity: usize,
    patience: Duration,
}

#[derive(Default)]
struct Places {
    taken: Vec<Arc<Place>>,
}

/// What is known of a connection; in the extensions of its requests.
#[derive(Debug)]
pub(super) struct Place(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Since when it has been waiting; not at all while a request is worked on.
    waiting: Option<Instant>,
    /// Closes it.
    close: Option<oneshot::Sender<()>>,
}

impl Room {
    /// Closes connections that are silent for `patience`.
    pub(super) fn new(capacity: usize, patience: Duration) -> Self {
        Self { places: Arc::default(), capacity, patience }
    }

    /// A place, for which another may have to go; none if all are being answered.
    fn enter(&self) -> Option<(Arc<Place>, oneshot::Receiver<()>)> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.taken.len() >= self.capacity {
            let longest = places.taken.iter().enumerate().filter_map(|(at, place)| Some((place.state().waiting?, at)));
            let (_, at) = longest.min()?;
            places.taken.swap_remove(at).close();
            metrics::counter!("triage_connections_closed_total", "why" => "room").increment(1);
        }
        let (close, closed) = oneshot::channel();
        let state = State { waiting: Some(Instant::now()), close: Some(close) };
        let place = Arc::new(Place(Mutex::new(state)));
        places.taken.push(Arc::clone(&place));
        metrics::gauge!("triage_connections_open").set(places.taken.len() as f64);
        Some((place, closed))
    }

    fn leave(&self, place: &Arc<Place>) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.taken.retain(|other| !Arc::ptr_eq(other, place));
        metrics::gauge!("triage_connections_open").set(places.taken.len() as f64);
    }
}

impl Place {
    /// A whole request is there: it is answered before the connection may be closed for another.
    pub(super) fn answers(&self) {
        self.state().waiting = None;
    }

    /// It is answered.
    pub(super) fn waits(&self) {
        self.state().waiting = Some(Instant::now());
    }

    fn close(&self) {
        // Fails only if the connection is gone.
        let _ = self.state().close.take().map(|close| close.send(()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Accept<TcpStream, S> for Room {
    type Stream = Connection;
    type Service = AddExtension<S, Arc<Place>>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Some((place, closed)) = self.enter() else {
            metrics::counter!("triage_connections_closed_total", "why" => "refused").increment(1);
            return ready(Err(io::Error::other("every connection is being answered")));
        };
        // Answers are short: waiting to fill a packet would only delay them. They arrive without it, too.
        let _ = stream.set_nodelay(true);
        let service = Extension(Arc::clone(&place)).layer(service);
        let alarm = Box::pin(sleep(self.patience));
        ready(Ok((Connection { stream, alarm, closed, place, room: self.clone() }, service)))
    }
}

/// A stream that fails when nothing was written for too long, or when its place is needed.
pub(super) struct Connection {
    stream: TcpStream,
    alarm: Pin<Box<Sleep>>,
    closed: oneshot::Receiver<()>,
    place: Arc<Place>,
    room: Room,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.room.leave(&self.place);
    }
}

impl Connection {
    /// What an operation that cannot go on returns.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if Pin::new(&mut self.closed).poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.alarm.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Something was sent: patience starts anew.
    fn sent(&mut self, result: io::Result<usize>) -> Poll<io::Result<usize>> {
        let alarm_at = Instant::now() + self.room.patience;
        self.alarm.as_mut().reset(alarm_at);
        Poll::Ready(result)
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.wait(cx),
            ready => ready,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Pending => self.wait(cx),
            Poll::Ready(result) => self.sent(result),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bufs) {
            Poll::Pending => self.wait(cx),
            Poll::Ready(result) => self.sent(result),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
