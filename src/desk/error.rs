use super::Refused;
use crate::incoming::RequestError;
use crate::lookup::Unavailable;
use crate::store::StoreError;
use crate::ticket::StepError;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The request is not one that can be taken.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Too much to do, or too late.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The message was sent before with another body.
    #[error("message `{0}` was sent before with another body; a new message needs a new id")]
    OtherMessage(String),
    /// There is no such conversation, ticket or message.
    #[error("there is no {what} `{id}`")]
    Unknown {
        /// `conversation`, `ticket` or `message`.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// The ticket does not allow it.
    #[error(transparent)]
    Step(#[from] StepError),
    /// A value is not allowed: which field, and what is allowed. Never says what was given, which may be anything.
    #[error("{0}")]
    Invalid(String),
    /// The shop's own data cannot be read.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The service runs without a store.
    #[error("this service keeps nothing: `store` is off in its configuration")]
    NoStore,
    /// The store failed, or too many changed the same thing at once.
    #[error(transparent)]
    Store(#[from] StoreError),
}
