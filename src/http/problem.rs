//! The one table of error codes, and the one shape that every error has.
//!
//! A [`Problem`] travels in the extensions of a response without a body. The outermost layer
//! ([`request_id::identify`](super::request_id::identify)) writes the body, because it knows the request id, and logs
//! the problem, so that each is logged once. A message never repeats what the customer or the caller wrote.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::request_id::RequestId;
use crate::RequestError;
use crate::desk::{DeskError, Refused};
use crate::store::StoreError;
use crate::ticket::StepError;

/// What can go wrong, as the caller sees it. The slugs are API: add, never rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidJson,
    InvalidUtf8,
    InvalidRequest,
    TextEmpty,
    TextTooLong,
    BodyTooLarge,
    BodyTooSlow,
    UnsupportedMediaType,
    Unauthorized,
    Forbidden,
    NotFound,
    UnknownGeneration,
    MethodNotAllowed,
    RateLimited,
    QuotaExceeded,
    Overloaded,
    DeadlineExceeded,
    NotReady,
    MessageConflict,
    TicketTaken,
    TicketNotYours,
    TicketClosed,
    TicketOpen,
    Busy,
    NoStore,
    StoreFailed,
    SourceUnavailable,
    BadSignature,
    Internal,
}

/// A line of the table.
struct Row {
    slug: &'static str,
    status: StatusCode,
    retryable: bool,
    meaning: &'static str,
}

impl Code {
    /// All of them, in the order of the documents.
    pub(super) const ALL: [Self; 29] = [
        Self::InvalidJson,
        Self::InvalidUtf8,
        Self::InvalidRequest,
        Self::TextEmpty,
        Self::TextTooLong,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::UnsupportedMediaType,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::UnknownGeneration,
        Self::MethodNotAllowed,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::Overloaded,
        Self::DeadlineExceeded,
        Self::NotReady,
        Self::MessageConflict,
        Self::TicketTaken,
        Self::TicketNotYours,
        Self::TicketClosed,
        Self::TicketOpen,
        Self::Busy,
        Self::NoStore,
        Self::StoreFailed,
        Self::SourceUnavailable,
        Self::BadSignature,
        Self::Internal,
    ];

    /// The table: slug, status, whether the same request may succeed later, meaning.
    #[rustfmt::skip] // one line per code
    fn row(self) -> Row {
        let (slug, status, retryable, meaning) = match self {
            Self::InvalidJson => ("invalid_json", StatusCode::BAD_REQUEST, false, "the body is not JSON"),
            Self::InvalidUtf8 => ("invalid_utf8", StatusCode::BAD_REQUEST, false, "the body, or an id in the path, is not UTF-8"),
            Self::InvalidRequest => ("invalid_request", StatusCode::UNPROCESSABLE_ENTITY, false, "a field is missing, unknown or of the wrong kind"),
            Self::TextEmpty => ("text_empty", StatusCode::UNPROCESSABLE_ENTITY, false, "neither text nor attachments"),
            Self::TextTooLong => ("text_too_long", StatusCode::UNPROCESSABLE_ENTITY, false, "the text has too many characters"),
            Self::BodyTooLarge => ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE, false, "the body has too many bytes"),
            Self::BodyTooSlow => ("body_too_slow", StatusCode::REQUEST_TIMEOUT, true, "the body did not come in time"),
            Self::UnsupportedMediaType => ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE, false, "the body is not declared as plain JSON"),
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, false, "a key is needed, or the one shown is not valid"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, false, "the key's role may not do this"),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, false, "no such path, conversation, ticket or message"),
            Self::UnknownGeneration => ("unknown_generation", StatusCode::NOT_FOUND, false, "no such generation of the catalogue is kept"),
            Self::MethodNotAllowed => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, false, "the path does not take this method"),
            Self::RateLimited => ("rate_limited", StatusCode::TOO_MANY_REQUESTS, true, "the key sends more in a second than it may"),
            Self::QuotaExceeded => ("quota_exceeded", StatusCode::TOO_MANY_REQUESTS, true, "the key has used up its requests of the day"),
            Self::Overloaded => ("overloaded", StatusCode::TOO_MANY_REQUESTS, true, "too many messages are waiting, or too many event streams are open"),
            Self::DeadlineExceeded => ("deadline_exceeded", StatusCode::GATEWAY_TIMEOUT, true, "the deadline passed before the reply was there"),
            Self::NotReady => ("not_ready", StatusCode::SERVICE_UNAVAILABLE, true, "the server is going down"),
            Self::MessageConflict => ("message_conflict", StatusCode::CONFLICT, false, "the message id was sent before with another body"),
            Self::TicketTaken => ("ticket_taken", StatusCode::CONFLICT, false, "somebody else has the ticket"),
            Self::TicketNotYours => ("ticket_not_yours", StatusCode::CONFLICT, false, "the ticket is not with this agent"),
            Self::TicketClosed => ("ticket_closed", StatusCode::CONFLICT, false, "the ticket is closed"),
            Self::TicketOpen => ("ticket_open", StatusCode::CONFLICT, false, "a ticket is open in the conversation"),
            Self::Busy => ("busy", StatusCode::CONFLICT, true, "others changed the same thing at the same time"),
            Self::NoStore => ("no_store", StatusCode::NOT_IMPLEMENTED, false, "the service keeps nothing"),
            Self::StoreFailed => ("store_failed", StatusCode::SERVICE_UNAVAILABLE, true, "the store could not be read or written"),
            Self::SourceUnavailable => ("source_unavailable", StatusCode::SERVICE_UNAVAILABLE, true, "the shop's own orders or products could not be read"),
            Self::BadSignature => ("bad_signature", StatusCode::UNAUTHORIZED, false, "the request is not signed as it has to be"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, false, "a mistake of the server's own"),
        };
        Row { slug, status, retryable, meaning }
    }

    pub(super) fn slug(self) -> &'static str {
        self.row().slug
    }

    pub(super) fn status(self) -> StatusCode {
        self.row().status
    }

    pub(super) fn retryable(self) -> bool {
        self.row().retryable
    }

    pub(super) fn meaning(self) -> &'static str {
        self.row().meaning
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let slugs = Self::ALL.map(Self::slug);
        let meaning = "What kind of error it is, for programs; codes are added, never renamed.";
        ObjectBuilder::new().schema_type(Type::String).description(Some(meaning)).enum_values(Some(slugs)).into()
    }
}

impl ToSchema for Code {}

/// How errors look on a group of routes: status and body. Most have the one shape of this API; routes that clients of another
/// service call have that service's. The outermost layer knows it, so failures of every layer come out in it.
pub(super) type Shape = fn(&ErrorBody) -> (StatusCode, Value);

/// The one shape of this API.
pub(super) fn own_shape(body: &ErrorBody) -> (StatusCode, Value) {
    (body.error.code.status(), json!(body))
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorDetail {
    // Without a description of its own: beside an inlined type it would be held to be an object, too.
    #[schema(inline)]
    pub(super) code: Code,
    /// What is wrong and what is allowed, for people; the wording may change.
    pub(super) message: String,
    /// The id of the request, also in the header `x-request-id` and in the server's log.
    request_id: String,
    /// Whether the same request may succeed later.
    retryable: bool,
}

/// Something that went wrong with a request.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    code: Code,
    message: String,
    /// When it may be tried again, where that is known.
    wait: Option<Duration>,
    /// For the log only.
    cause: Option<Arc<anyhow::Error>>,
}

impl Problem {
    /// `message`: lower case, no full stop, what is allowed, nothing that the customer wrote.
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), wait: None, cause: None }
    }

    /// A mistake of our own; the caller learns no more than that.
    pub(super) fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let message = "the server failed on this request; its log has the cause under the request id";
        Self { cause: Some(Arc::new(cause.into())), ..Self::new(Code::Internal, message) }
    }

    /// The store failed; what was asked for was not done, and may be asked for again.
    fn store(cause: impl Into<anyhow::Error>) -> Self {
        let message = "the store could not be read or written; nothing was changed";
        Self { cause: Some(Arc::new(cause.into())), ..Self::new(Code::StoreFailed, message) }
    }

    /// The same, with the time after which it is worth trying again.
    pub(super) fn retry_after(self, wait: Duration) -> Self {
        Self { wait: Some(wait), ..self }
    }

    /// The body, not logged: for the documents.
    pub(super) fn body(&self, request_id: &RequestId) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.code,
                message: self.message.clone(),
                request_id: request_id.to_string(),
                retryable: self.code.retryable(),
            },
        }
    }

    /// Logs the problem and gives its body: once for each problem, where it leaves the program.
    pub(super) fn report(&self, request_id: &RequestId) -> ErrorBody {
        let Row { slug, status, retryable, .. } = self.code.row();
        let cause = self.cause.as_deref().map(|cause| format!("{cause:#}"));
        match (status.is_server_error(), retryable) {
            (false, _) => {
                tracing::debug!(%request_id, code = slug, detail = self.message, "request refused")
            }
            // Load, not a fault: it goes away by itself.
            (true, true) => tracing::warn!(%request_id, code = slug, cause, "request failed"),
            (true, false) => tracing::error!(%request_id, code = slug, cause, "request failed"),
        }
        self.body(request_id)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Row { status, retryable, .. } = self.code.row();
        let mut response = status.into_response();
        if retryable {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds_to_wait(self.code, self.wait)));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Whole seconds, at least one. After too much at once one to three at random: callers who were refused together are not to come
/// back together.
fn seconds_to_wait(code: Code, wait: Option<Duration>) -> u64 {
    match wait {
        Some(wait) => wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.as_secs() == 0)),
        None if code == Code::Overloaded => 1 + RandomState::new().hash_one(()) % 3,
        None => 1,
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Text(error) => Self::new(Code::TextTooLong, format!("`text`: {error}")),
            RequestError::Empty => Self::new(Code::TextEmpty, error.to_string()),
            // Its own wording repeats the tag, which may be anything.
            RequestError::Language(_) => {
                Self::new(Code::InvalidRequest, "`lang` is not supported; allowed: zh-Hans, zh-Hant, en")
            }
            RequestError::Id { .. } => Self::new(Code::InvalidRequest, error.to_string()),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Overloaded => Self::new(Code::Overloaded, refused.to_string()),
            Refused::DeadlineExceeded => Self::new(Code::DeadlineExceeded, refused.to_string()),
            Refused::Failed => Self::internal(refused),
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Request(error) => error.into(),
            DeskError::Refused(refused) => refused.into(),
            // The id is the caller's own, and may be anything.
            DeskError::OtherMessage(_) => Self::new(
                Code::MessageConflict,
                "this `message_id` was sent before with another body; a new message needs a new id",
            ),
            DeskError::Unknown { what, .. } => Self::new(Code::NotFound, format!("there is no such {what}")),
            DeskError::Step(StepError::Taken(_)) => Self::new(Code::TicketTaken, "somebody else has the ticket"),
            DeskError::Step(StepError::NotYours(_)) => {
                Self::new(Code::TicketNotYours, "the ticket is not with this agent; it has to be claimed first")
            }
            DeskError::Step(StepError::Closed(state)) => {
                Self::new(Code::TicketClosed, format!("the ticket is {}; only open tickets can be changed", state.id()))
            }
            DeskError::Invalid(why) => Self::new(Code::InvalidRequest, why),
            // Says why in general, never what was asked for.
            DeskError::Unavailable(why) => Self::new(Code::SourceUnavailable, why.to_string()),
            DeskError::NoStore => Self::new(Code::NoStore, error.to_string()),
            DeskError::Store(StoreError::Conflict | StoreError::Duplicate) => {
                Self::new(Code::Busy, "others changed the same thing at the same time; please try again")
            }
            DeskError::Store(StoreError::Cursor) => {
                Self::new(Code::InvalidRequest, "`after` is not the `next` of an earlier page")
            }
            DeskError::Store(error) => Self::store(error),
        }
    }
}
