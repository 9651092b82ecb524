//! Events on their way out: what the [`Outbox`](crate::store::Outbox) holds is sent, signed, to the endpoints of the
//! configuration, at least once and in order for each ticket. `docs/webhooks.md` tells receivers what comes.
//!
//! One task, [`Deliverer`], leases what is due and sends it; what fails is tried again later and later, then laid aside.
//! Time comes in as a clock, so that tests need not wait.

mod address;
pub(crate) mod caller;
mod deliver;
mod endpoint;
mod figures;
mod lane;
mod retry;
mod sign;

pub use deliver::{Clock, Deliverer, Nudge, Settings, StartError};
pub use endpoint::{Endpoint, endpoints};
pub(crate) use retry::next_try;
pub use sign::{VerifyError, sign, verify};

/// Header: HMAC-SHA256 of timestamp and body.
pub const SIGNATURE: &str = "x-triage-signature";
/// Header: when it was sent, in seconds since 1970.
pub const TIMESTAMP: &str = "x-triage-timestamp";
/// Header: the event's id, the same on every try.
pub const DELIVERY: &str = "x-triage-delivery";
/// Header: the kind of the event.
pub const EVENT: &str = "x-triage-event";
