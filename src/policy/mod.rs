//! The decision: a pure function of what was understood, what was said before, the catalogue and the day.

mod counterfactual;
mod decide;
mod evidence;
mod rules;

pub use counterfactual::{Change, What, changes};
pub use decide::{Decision, Outcome, Plan, decide, plan};
pub use evidence::{Evidence, Topic};
pub(crate) use rules::ORDER_PROOF;
