//! Messages that wait a moment for the rest of what their sender has to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::DeskError;
use crate::incoming::Incoming;

/// What became of a message that waited: none if it is to be decided now.
pub(super) type Superseded = Result<String, DeskError>;

/// A message that waits.
pub(super) struct Waiting {
    pub(super) incoming: Arc<Incoming>,
    pub(super) shadow: bool,
    pub(super) answer: oneshot::Sender<Superseded>,
    number: u64,
}

/// The messages that wait, by conversation.
#[derive(Default)]
pub(super) struct Parked {
    waiting: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    by_conversation: HashMap<String, Vec<Waiting>>,
    next: u64,
}

impl Parked {
    /// Takes over all that wait in a conversation, in the order in which they came.
    pub(super) fn take(&self, conversation: &str) -> Vec<Waiting> {
        self.table().by_conversation.remove(conversation).unwrap_or_default()
    }

    /// Lets a message wait. Gives the number to call it back by, and the end at which it hears that a later one took over.
    pub(super) fn park(
        &self,
        conversation: &str,
        incoming: Arc<Incoming>,
        shadow: bool,
    ) -> (u64, oneshot::Receiver<Superseded>) {
        let (answer, superseded) = oneshot::channel();
        let mut table = self.table();
        table.next += 1;
        let number = table.next;
        let waiting = Waiting { incoming, shadow, answer, number };
        table.by_conversation.entry(conversation.to_owned()).or_default().push(waiting);
        (number, superseded)
    }

    /// Whether a message still waited; it does no longer.
    pub(super) fn call_back(&self, conversation: &str, number: u64) -> bool {
        let mut table = self.table();
        let Some(waiting) = table.by_conversation.get_mut(conversation) else { return false };
        let before = waiting.len();
        waiting.retain(|one| one.number != number);
        let found = waiting.len() < before;
        if waiting.is_empty() {
            table.by_conversation.remove(conversation);
        }
        found
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
