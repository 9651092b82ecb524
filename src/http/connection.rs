//! Connections that do not wait for ever.
//!
//! `axum::serve` sets no timeouts and no limits. So the stream under it has one rule of its own: a connection on which
//! nothing was sent to the caller for [`PATIENCE`] is closed. That bounds, at once, an idle connection, a caller that
//! dribbles header or body byte by byte, and one that does not read its answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Longer than [`MAX_DEADLINE`](super::MAX_DEADLINE), and than gateways keep idle connections, which is often 60 s.
pub(super) const PATIENCE: Duration = Duration::from_secs(75);

/// Open connections, at most; others wait to be accepted. Under the usual limit of 1,024 open files.
const MAX_CONNECTIONS: usize = 900;

/// Accepts connections, so many at a time.
pub(super) struct Listener {
    tcp: TcpListener,
    patience: Duration,
    room: Arc<Semaphore>,
}

impl Listener {
    /// Closes connections that are silent for `patience`.
    pub(super) fn new(tcp: TcpListener, patience: Duration) -> Self {
        Self { tcp, patience, room: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        // axum's own loop, which logs what goes wrong and tries again.
        let (stream, address) = axum::serve::Listener::accept(&mut self.tcp).await;
        // Answers are short: waiting to fill a packet would only delay them. They arrive without it, too.
        let _ = stream.set_nodelay(true);
        let connection =
            Connection { stream, patience: self.patience, alarm: Box::pin(sleep(self.patience)), _permit: permit };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A stream that fails when nothing was written for too long.
pub(super) struct Connection {
    stream: TcpStream,
    patience: Duration,
    alarm: Pin<Box<Sleep>>,
    /// Its place among the open ones; given back when it is dropped.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// What an operation that cannot go on returns.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.alarm.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Something was sent: patience starts anew.
    fn sent(&mut self, result: io::Result<usize>) -> Poll<io::Result<usize>> {
        let alarm_at = Instant::now() + self.patience;
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
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[tokio::test]
    async fn a_caller_who_dribbles_is_cut_off() {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let listener = Listener::new(tcp, Duration::from_millis(100));
        tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
        let seen = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
            for byte in b"GET / HTTP/1.1\r\nx-endless: ".iter().chain(std::iter::repeat_n(&b'a', 2_000)) {
                // The server's close shows as a failed write, or as an end or a failure other than "nothing yet".
                let written = stream.write(&[*byte]);
                let read = stream.read(&mut [0; 64]).map_err(|error| error.kind());
                if written.is_err() || !matches!(read, Err(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)) {
                    return true;
                }
            }
            false
        });
        assert!(seen.await.unwrap(), "the connection was never closed");
    }
}
