//! What an edit changes: two replies to the same message, before and after, told apart by what the customer or a
//! colleague would notice. Pure: who reads messages and decides about them is told the result.

mod change;
mod comparison;
mod render;

pub use change::{Kind, Side};
pub use comparison::{Change, Comparison, Group, Said, Shift, Tally, Verdict};
pub use render::render_text;
