//! What a conversation remembers from one turn to the next, and how a short message is read against it.
//!
//! Pure and small: a [`State`] goes in with a message and comes out changed. Who keeps it in between, a store or the caller
//! (`history`), makes no difference to the decision.

mod history;
mod mood;
mod reading;
mod state;

pub use mood::MoodTrace;
pub use reading::{choice, is_ellipsis, is_fragment, opens_as_another, without_correction};
pub use state::{Awaiting, Burst, Given, Holder, OfferedOrder, Situation, State, Waiting};
