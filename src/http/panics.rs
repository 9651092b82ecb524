//! What becomes of a panic.
//!
//! The message of a panic may quote the customer: `"byte index 1 is not a char boundary; it is inside '好' of …"`. So it
//! is neither sent nor logged; the place in our source is enough to find the bug.

use std::any::Any;
use std::panic;

use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// Replaces the process's panic hook by one that logs thread and place but not the message. To be called once, by the
/// program, after logging is set up; tests want the usual hook.
pub fn log_panics_without_message() {
    panic::set_hook(Box::new(|info| {
        let thread = std::thread::current();
        let place = info.location().map(ToString::to_string);
        tracing::error!(thread = thread.name(), place, "panicked");
    }));
}

/// The answer when a handler panicked.
pub(super) fn to_response(_message: Box<dyn Any + Send>) -> Response {
    Problem::internal(anyhow::anyhow!("the handler panicked")).into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::http::problem::{Shape, own_shape};
    use crate::http::request_id::identify;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_in_the_one_shape_without_the_message() {
        async fn fails() -> &'static str {
            panic!("张三13800138000");
        }
        let app = Router::new().route("/", get(fails));
        let app = app
            .layer(tower_http::catch_panic::CatchPanicLayer::custom(to_response))
            .layer(axum::middleware::from_fn_with_state(own_shape as Shape, identify));
        let request = Request::get("/").header("x-request-id", "req-1").body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["x-request-id"].as_bytes()), (500, &b"req-1"[..]));
        let body = to_bytes(response.into_body(), 1_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["error"]["code"], &body["error"]["request_id"]), (&"internal".into(), &"req-1".into()));
        assert!(!body.to_string().contains("138"));
    }
}
