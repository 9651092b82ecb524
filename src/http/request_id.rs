//! The id of a request, and the outermost layer: it names the request, and writes and logs what went wrong with it.

use std::convert::Infallible;
use std::fmt;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::metrics::Timed;
use super::problem::{Problem, Shape};

/// The header that carries it, both ways.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id taken from a caller.
const MAX_LENGTH: usize = 64;

/// Tells one request from all others, in answers and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(String);

impl RequestId {
    /// A new one; later ones sort after earlier ones.
    pub(super) fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    /// For the documents.
    pub(super) fn example() -> Self {
        Self("req-81".to_owned())
    }

    /// The caller's own, if it can stand in a header and in a log line.
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let id = headers.get(HEADER)?.to_str().ok()?;
        let sane = (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        sane.then(|| Self(id.to_owned()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_else(Self::fresh))
    }
}

/// Names the request, runs it, writes its problem, if it has one, in the shape of its route, and puts the id on the response.
pub(super) async fn identify(State(shape): State<Shape>, mut request: Request, next: Next) -> Response {
    let id = RequestId::from_headers(request.headers()).unwrap_or_else(RequestId::fresh);
    request.extensions_mut().insert(id.clone());

    // The path as in the route table: one that a caller made up could hold anything.
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let path = path.as_str();
    // At the highest level, so that lines from the workers carry the id whatever the log filter is.
    let span = tracing::error_span!("request", request_id = %id, method = %request.method(), path, key = tracing::field::Empty);
    let timed = Timed::start(path, request.method());

    let mut response = next.run(request).instrument(span).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = written(&problem, &id, shape, response);
    }
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, id);
    }
    timed.answered(response.status());
    response
}

/// The response with the problem as its body; headers such as `Retry-After` stay.
fn written(problem: &Problem, id: &RequestId, shape: Shape, response: Response) -> Response {
    let (status, body) = shape(&problem.report(id));
    let (mut parts, _empty) = response.into_parts();
    parts.status = status;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = axum::Json(body).into_response().into_body();
    Response::from_parts(parts, body)
}
