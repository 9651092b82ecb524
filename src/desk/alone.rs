//! Texts that are read by themselves: behind the same queue as messages and under the same deadline, with nothing kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::before::weight;
use super::queue::Weight;
use super::{Back, Desk, DeskError, Refused};
use crate::incoming::{Incoming, Request};
use crate::pipeline::{Classified, Kept};
use crate::reply::Reply;

/// What would be decided about a message by itself.
#[derive(Debug, Clone)]
pub struct Understood {
    /// The reply, with every intent of the catalogue.
    pub reply: Reply,
    /// Whether anything was understood: business, small talk, or the wish for a person.
    pub is_understood: bool,
}

/// What a worker made, and how long it waited for one.
#[derive(Debug, Clone)]
pub struct Waited<T> {
    /// The result.
    pub made: T,
    /// From the door to the worker.
    pub queued: Duration,
}

/// How much is taken on at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Threads that decide.
    pub workers: usize,
    /// Messages that wait for one of them, at most.
    pub queue: usize,
}

impl Desk {
    /// Reads a message by itself, and says what would be decided. No conversation is made or looked at, and no ticket opened.
    /// What another system would have to be asked for counts as unknown.
    ///
    /// # Errors
    /// When the request is not valid, there is too much to do, it took too long, or the model failed.
    pub async fn understand(&self, request: Request) -> Result<Understood, DeskError> {
        let incoming = Request { conversation_id: None, ..request }.check()?;
        Ok(self.queued(weight(&incoming), move |back| back.understand(&incoming)).await?.made)
    }

    /// What a text is by itself, and how it sounds.
    ///
    /// # Errors
    /// As [`Desk::understand`].
    pub async fn classify(&self, text: String, kept: Kept) -> Result<Waited<Classified>, DeskError> {
        let incoming = Incoming::text(text)?;
        self.queued(weight(&incoming), move |back| back.classify(&incoming, kept)).await
    }

    /// How much is taken on at a time.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.0.capacity
    }

    /// Has a worker do something.
    async fn queued<T: Send + 'static>(
        &self,
        weight: Weight,
        work: impl FnOnce(&Back) -> Result<T, Refused> + Send + 'static,
    ) -> Result<Waited<T>, DeskError> {
        let arrived = Instant::now();
        let back = Arc::clone(&self.0.back);
        let work = move || {
            let queued = arrived.elapsed();
            work(&back).map(|made| Waited { made, queued })
        };
        let place =
            self.0.pool.submit((self.1.clone(), weight), arrived + self.0.deadline, work, || Err(Refused::Failed))?;
        Ok(place.wait().await??)
    }
}

impl Back {
    fn understand(&self, incoming: &Incoming) -> Result<Understood, Refused> {
        let engine = self.live.engine();
        let handled = engine.triage_in(incoming, &engine.situation(incoming), &self.now());
        // Whoever only asks what a message means has no use for a hand-off in place of an answer.
        if handled.is_broken() {
            return Err(Refused::Failed);
        }
        Ok(Understood { reply: handled.reply, is_understood: handled.is_understood })
    }

    fn classify(&self, incoming: &Incoming, kept: Kept) -> Result<Classified, Refused> {
        self.live.engine().classify(incoming, kept).map_err(|error| {
            tracing::error!(%error, "the model failed on a text");
            Refused::Failed
        })
    }
}
