//! Tells a connection from when to when it is being answered, so that it is not closed for another meanwhile.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http_body::Frame;

use super::connection::Place;

/// In the extensions of a request. While a clone of it is held, the connection is being answered; a handler whose answer goes on
/// after it returned holds one.
#[derive(Clone)]
pub(super) struct Occupied(Arc<Held>);

struct Held(Arc<Place>);

impl Occupied {
    fn whole_request(&self) {
        self.0.0.answers();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.waits();
    }
}

/// From the end of the request's body to the answer. Requests that came over no connection of ours pass.
pub(super) async fn occupy(request: Request, next: Next) -> Response {
    let Some(place) = request.extensions().get::<Arc<Place>>().cloned() else { return next.run(request).await };
    let occupied = Occupied(Arc::new(Held(place)));
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(occupied.clone());
    let body = if body.is_end_stream() {
        occupied.whole_request();
        body
    } else {
        Body::new(Watched { body, occupied: occupied.clone() })
    };
    next.run(Request::from_parts(parts, body)).await
}

/// A body that tells when all of it is there.
struct Watched {
    body: Body,
    occupied: Occupied,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || (polled.is_ready() && self.body.is_end_stream()) {
            self.occupied.whole_request();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
