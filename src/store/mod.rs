//! What is kept: conversations, turns, tickets, what is to be delivered, and what leads want to know of it all.
//!
//! A trait per use, domain types in and out, so that nothing outside of this module knows a database. Everything that one
//! message or one step of a person changes is one [`Change`], written in one transaction or not at all. What two callers
//! change at once is told by versions: the second gets [`StoreError::Conflict`] and reads again.
//!
//! Reading is a call that takes microseconds; writing gives a [`Pending`], to be waited for by a thread or by a task.

mod inbox;
mod records;
mod sqlite;

use std::path::Path;

use jiff::Timestamp;
use tokio::sync::oneshot;

pub use inbox::{Arrival, Ending, Inbox, Letter, Receipt};
pub use records::{
    Change, Conversation, Decided, Delivery, Feedback, Forgotten, NewEvent, Page, Said, StoredEvent, TicketFilter,
    Turn, TurnKind,
};
pub use sqlite::{Options as SqliteOptions, Sqlite};

use crate::ticket::Ticket;

/// Why something could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the same thing since it was read, or removed what it belongs to, or opened a ticket for the same
    /// conversation; nothing was written.
    #[error("changed by somebody else since it was read")]
    Conflict,
    /// A turn with this id is there already; nothing was written. Told before a conflict, so that a message sent twice at the
    /// same time is known for what it is.
    #[error("a turn with this id is there already")]
    Duplicate,
    /// `after` of a filter is not the `next` of a page: the caller's mistake.
    #[error("`after` is not the `next` of an earlier page")]
    Cursor,
    /// The store is full, read-only, locked, broken or gone. Holds no customer's data.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// A change that is being written.
#[must_use = "a change counts only once it is written"]
pub struct Pending(oneshot::Receiver<Result<(), StoreError>>);

impl Pending {
    /// A change and the end that tells what became of it.
    pub fn new() -> (Self, oneshot::Sender<Result<(), StoreError>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(receiver), sender)
    }

    /// When it is written, and will be found again after a crash of this process.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn written(self) -> Result<(), StoreError> {
        self.0.await.unwrap_or_else(|_| Err(gone()))
    }

    /// As [`Pending::written`], for threads.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn wait(self) -> Result<(), StoreError> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> StoreError {
    StoreError::Failed("the writer has stopped".into())
}

/// Writing.
pub trait Ledger: Send + Sync {
    /// Writes a change in one transaction. Changes may share a transaction's commit with others; each is all or nothing. Never
    /// waits: where too much is queued, what is pending fails at once. Times are kept to the microsecond.
    fn record(&self, change: Change) -> Pending;
}

/// Conversations and their turns.
pub trait Conversations: Send + Sync {
    /// A conversation.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn conversation(&self, id: &str) -> Result<Option<Conversation>, StoreError>;

    /// One turn.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn turn(&self, conversation_id: &str, message_id: &str) -> Result<Option<Turn>, StoreError>;

    /// The last turns, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn turns(&self, conversation_id: &str, last: usize) -> Result<Vec<Turn>, StoreError>;
}

/// Tickets.
pub trait Tickets: Send + Sync {
    /// A ticket.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ticket(&self, id: &str) -> Result<Option<Ticket>, StoreError>;

    /// Tickets that a filter lets through: the open ones as they were opened, the closed ones latest first. Where the
    /// next page starts is told by the page. A limit of 0 gives nothing.
    ///
    /// # Errors
    /// When the store cannot be read, or `after` is not from a page.
    fn tickets(&self, filter: &TicketFilter) -> Result<Page<Ticket>, StoreError>;

    /// Tickets with a due time that has passed unmet and is not marked as missed: those that [`Ticket::overdue`] has events for.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn overdue(&self, now: Timestamp) -> Result<Vec<Ticket>, StoreError>;

    /// A customer's tickets since a moment, for signals such as the same story at several orders.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn tickets_of(&self, customer_id: &str, since: Timestamp) -> Result<Vec<Ticket>, StoreError>;

    /// What happened after an event, oldest first: for agents' screens that were away.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// The sequence of the latest event, 0 if there is none: where to start for whoever wants only new ones.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn last_event(&self) -> Result<u64, StoreError>;
}

/// Events on their way to webhooks. An event is delivered to an endpoint at least once, and in order for each ticket.
pub trait Outbox: Send + Sync {
    /// Takes deliveries that are due, at most `limit`, and leases them until `until`: nobody else is given them before. Of one
    /// ticket and endpoint only the earliest undelivered event is given.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError>;

    /// It arrived.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn delivered(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError>;

    /// It did not; it is tried again at `next`, or laid aside as dead if there is none. A dead delivery lets later events of
    /// its ticket pass. Does nothing if somebody else, who had it after the lease ran out, told so before.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn failed(&self, delivery: &Delivery, why: &str, next: Option<Timestamp>) -> Result<(), StoreError>;

    /// Those laid aside, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn dead(&self, after: u64, limit: usize) -> Result<Vec<Delivery>, StoreError>;

    /// Tries dead deliveries again, as if they were new: one, or all of an endpoint, or all. How many there were.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn replay(&self, sequence: Option<u64>, endpoint: Option<&str>, now: Timestamp) -> Result<usize, StoreError>;

    /// How many wait, and since when the oldest does.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn lag(&self) -> Result<(u64, Option<Timestamp>), StoreError>;
}

/// What figures are made from. A span of time holds its first moment and not its last. What is passed to `each` is of one
/// moment of the store.
pub trait Figures: Send + Sync {
    /// Every customer's turn of a span of time, in order of conversation and time, without shadows. `text` and `reply` are
    /// left empty.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn each_turn(&self, from: Timestamp, to: Timestamp, each: &mut dyn FnMut(Turn)) -> Result<(), StoreError>;

    /// Every ticket opened in a span of time.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn each_ticket(&self, from: Timestamp, to: Timestamp, each: &mut dyn FnMut(Ticket)) -> Result<(), StoreError>;

    /// Every conversation with a turn in a span of time.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn each_conversation(
        &self,
        from: Timestamp,
        to: Timestamp,
        each: &mut dyn FnMut(Conversation),
    ) -> Result<(), StoreError>;

    /// What agents said of decisions in a span of time, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn each_feedback(&self, from: Timestamp, to: Timestamp, each: &mut dyn FnMut(Feedback)) -> Result<(), StoreError>;
}

/// Keeping the store in order.
pub trait Upkeep: Send + Sync {
    /// Removes what is older than `before`: closed tickets, turns and conversations without an open ticket, events that wait for
    /// no delivery any more (dead ones go too), arrivals that are worked off or given up. At most `limit` of each, so that it never holds up the writer for long. How
    /// many went: call it again until none do.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn remove_before(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Removes everything about a customer: conversations, turns, tickets, events, feedback. Pieces of it may be left in the
    /// store's files, where no call finds them, until [`Upkeep::wipe`].
    ///
    /// # Errors
    /// When the store cannot be written.
    fn forget(&self, customer_id: &str) -> Result<Forgotten, StoreError>;

    /// Leaves nothing in the store's files of what was removed. Takes seconds, in proportion to the store's size; whatever is
    /// to be written waits until it is done, or fails.
    ///
    /// # Errors
    /// When the store cannot be written. After an error it can be called again.
    fn wipe(&self) -> Result<(), StoreError>;

    /// Writes a consistent copy to a file that does not exist, while everything goes on.
    ///
    /// # Errors
    /// When the store cannot be read or the copy cannot be written.
    fn backup(&self, to: &Path) -> Result<(), StoreError>;
}

/// Everything that the service keeps.
pub trait Store: Ledger + Conversations + Tickets + Outbox + Inbox + Figures + Upkeep {}

impl<S: Ledger + Conversations + Tickets + Outbox + Inbox + Figures + Upkeep> Store for S {}
