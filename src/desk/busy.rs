//! One thing at a time in each conversation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// Which conversations somebody is at work on.
#[derive(Default)]
pub(super) struct Busy {
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The right to work on a conversation; others wait in order until it is dropped.
pub(super) struct Turn {
    busy: Arc<Busy>,
    conversation: String,
    held: Option<OwnedMutexGuard<()>>,
}

impl Busy {
    /// Waits for its turn.
    pub(super) async fn turn(self: &Arc<Self>, conversation: &str) -> Turn {
        let lock = Arc::clone(self.locks().entry(conversation.to_owned()).or_default());
        // Made before waiting: a caller who gives up while waiting leaves nothing behind either.
        let mut turn = Turn { busy: Arc::clone(self), conversation: conversation.to_owned(), held: None };
        turn.held = Some(lock.lock_owned().await);
        turn
    }

    fn locks(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<()>>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut locks = self.busy.locks();
        drop(self.held.take());
        // Only the table itself knows of it: nobody holds it or waits for it.
        if locks.get(&self.conversation).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.conversation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_nothing_is_left() {
        let busy = Arc::new(Busy::default());
        let first = busy.turn("a").await;
        let other = busy.turn("b").await;
        let waiting = tokio::spawn({
            let busy = Arc::clone(&busy);
            async move { drop(busy.turn("a").await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop((first, other));
        waiting.await.unwrap();
        assert!(busy.locks().is_empty());
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_leaves_nothing_behind() {
        let busy = Arc::new(Busy::default());
        let first = busy.turn("a").await;
        let waiting = tokio::spawn({
            let busy = Arc::clone(&busy);
            async move { drop(busy.turn("a").await) }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        let _ = waiting.await;
        drop(first);
        assert!(busy.locks().is_empty());
    }
}
