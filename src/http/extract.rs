//! Reads JSON bodies, so that whatever is wrong with one is said in our own shape and words.
//!
//! serde's messages quote the value that is wrong, and a value may be what a customer wrote. So they are taken apart:
//! what was expected is kept, what was found is dropped.

use std::fmt::Write;
use std::time::Duration;

use axum::Extension;
use axum::body::{Bytes, HttpBody};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::problem::{Code, Problem};

/// How long a body may take to come in, all of it: a caller who dribbles holds a connection no longer.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A request body.
pub(super) struct Json<T>(pub(super) T);

/// The longest body of a route, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit(usize);

/// The layer that bounds the bodies of a route.
pub(super) fn body_limit(bytes: usize) -> Extension<BodyLimit> {
    Extension(BodyLimit(bytes))
}

/// A request body that is JSON whatever its `content-type` says, as `curl -d` sends it.
pub(super) struct Undeclared<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_headers(request.headers())?;
        let Undeclared(body) = Undeclared::from_request(request, state).await?;
        Ok(Self(body))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Undeclared<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Raw(bytes) = Raw::from_request(request, state).await?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Problem::new(Code::InvalidUtf8, format!("body is not UTF-8 from byte {} on", error.valid_up_to()))
        })?;
        parse(text).map(Self)
    }
}

/// A body as it came: what is signed, and what is yet to be read.
pub(super) struct Raw(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        // A route without a limit of its own takes no body at all: forgetting one must not open the door.
        let BodyLimit(limit) = request.extensions().get().copied().unwrap_or(BodyLimit(0));
        // A length that is declared is believed, so that nobody sends gigabytes for nothing.
        if request.body().size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        DefaultBodyLimit::max(limit).apply(&mut request);
        let bytes = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state)).await;
        let slow = |_elapsed| Problem::new(Code::BodyTooSlow, format!("body did not come within {BODY_TIME:?}"));
        bytes.map_err(slow)?.map(Self).map_err(|rejection| unread(&rejection, limit))
    }
}

/// A body that may be left out altogether. One that is there is read or refused, never passed over.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json =
        media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    if !is_json {
        let message = "`content-type` must be `application/json`";
        return Err(Problem::new(Code::UnsupportedMediaType, message));
    }
    if headers.contains_key(header::CONTENT_ENCODING) && value(header::CONTENT_ENCODING) != "identity" {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "compressed bodies are not read; leave `content-encoding` out",
        ));
    }
    Ok(())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("body is too large; at most {limit} bytes are allowed"))
}

fn unread(rejection: &BytesRejection, limit: usize) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => too_large(limit),
        // The connection broke; hardly anyone is left to read this.
        _ => Problem::new(Code::InvalidJson, "body could not be read to its end"),
    }
}

/// From text to a value. Whether it is JSON at all is asked a second time, of the text alone: serde_json also reports
/// some wrong kinds of value as wrong JSON.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    typed(text).map_err(|reason| match serde_json::from_str::<Value>(text) {
        Ok(_) => Problem::new(Code::InvalidRequest, reason),
        Err(error) => {
            // Says what was expected, line and column; nothing of the text.
            let reason = error.to_string().replace("EOF while parsing", "it ends within");
            Problem::new(Code::InvalidJson, format!("body is not JSON: {reason}"))
        }
    })
}

fn typed<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    // serde also takes an array for a struct, its fields in order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err("body: expected an object".to_owned());
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(error.path(), error.inner()))?;
    reader.end().map_err(|_| "body: expected one object and nothing after it".to_owned())?;
    Ok(value)
}

/// Which field is wrong and what is allowed, without what was found.
fn explain(path: &Path, error: &serde_json::Error) -> String {
    let place = place(path);
    let message = error.to_string();
    let message = message.strip_suffix(&position(error)).unwrap_or(&message);
    // The last one: what was found stands before it and could contain the same words.
    let expected = message.rsplit_once(", expected ").map_or("another kind of value", |(_found, expected)| expected);
    let allowed = expected.strip_prefix("one of ").unwrap_or(expected);
    if message.starts_with("missing field `") || message.starts_with("duplicate field `") {
        format!("{place}: {message}")
    } else if message.starts_with("unknown field `") {
        format!("{place}: unknown field; allowed: {allowed}")
    } else if message.starts_with("unknown variant `") {
        format!("{place}: unknown value; allowed: {allowed}")
    } else if error.is_syntax() {
        // How serde_json reports anything but a string where one of several names should be.
        format!("{place}: expected a string")
    } else {
        format!("{place}: expected {}", in_json_words(expected))
    }
}

fn position(error: &serde_json::Error) -> String {
    format!(" at line {} column {}", error.line(), error.column())
}

/// The path as `` `history[0].role` ``, up to the first part that is no name.
fn place(path: &Path) -> String {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                // Writing to a string cannot fail.
                let _ = write!(place, "[{index}]");
            }
            Segment::Map { key } if is_name(key) => {
                place.push_str(if place.is_empty() { "" } else { "." });
                place.push_str(key);
            }
            _ => break,
        }
    }
    if place.is_empty() { "body".to_owned() } else { format!("`{place}`") }
}

/// Whether a key looks like a field that a program wrote: a customer's name, number or message is not to be repeated.
pub(super) fn is_name(key: &str) -> bool {
    (1..=32).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// serde's name of a type, as a writer of JSON calls it.
fn in_json_words(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "u64" => "a whole number, 0 or more",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests;
