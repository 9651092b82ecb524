//! What other systems told, and is still to be worked off.

use jiff::Timestamp;

use super::StoreError;

/// Something that another system told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Who told it.
    pub source: String,
    /// The sender's id of the delivery, the same if it is delivered again.
    pub delivery: String,
    /// What it tells of, if the sender may tell it again under another delivery.
    pub told: Option<String>,
    /// The conversation that it belongs to.
    pub conversation_id: String,
    /// The customer, if known.
    pub customer_id: Option<String>,
    /// When it came.
    pub at: Timestamp,
    /// From when on it may be taken.
    pub due_at: Timestamp,
    /// What is needed of it, as JSON.
    pub body: String,
}

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It is kept, and will be found again after a crash.
    New,
    /// It was told before.
    Known,
    /// Too much is waiting; nothing was kept.
    Full,
}

/// An arrival that waits to be worked off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Names it; later ones are larger.
    pub sequence: u64,
    /// The conversation that it belongs to.
    pub conversation_id: String,
    /// When it came.
    pub since: Timestamp,
    /// How often it was tried before.
    pub attempts: u32,
    /// What is done of it already, as JSON; empty at first.
    pub progress: String,
    /// What is needed of it, as JSON.
    pub body: String,
}

/// How a letter ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// What the sender's conversation was left as, if that is known.
    pub left_as: Option<String>,
    /// Why it was given up; nothing if it is done.
    pub error: Option<String>,
}

/// Arrivals from other systems. Each is kept once, and worked off in the order of its conversation.
pub trait Inbox: Send + Sync {
    /// Keeps an arrival, unless it is known or `most` of its source are waiting already.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn receive(&self, arrival: Arrival, most: usize) -> Result<Receipt, StoreError>;

    /// Takes the conversations of a source whose first letter is due, at most `limit` of them, and leases them until `until`: nobody
    /// else is given them before. All that waits in them is given, in order, one conversation after the other.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    fn take(&self, source: &str, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Letter>, StoreError>;

    /// Writes down what is done of a letter, and leases it until `until`.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn proceed(&self, letter: &Letter, progress: &str, until: Timestamp) -> Result<(), StoreError>;

    /// It is done, or given up. What it said is not kept any longer.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn end(&self, letter: &Letter, ending: &Ending) -> Result<(), StoreError>;

    /// It failed, and is tried again at `next`. Later letters of its conversation wait for it.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn postpone(&self, letter: &Letter, why: &str, next: Timestamp) -> Result<(), StoreError>;

    /// What a conversation was left as last, as far as [`Ending::left_as`] told.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn left_as(&self, source: &str, conversation_id: &str) -> Result<Option<String>, StoreError>;

    /// How many letters of a source wait, and since when the oldest does.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn backlog(&self, source: &str) -> Result<(u64, Option<Timestamp>), StoreError>;
}
