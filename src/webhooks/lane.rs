//! What is leased for one endpoint: a few deliveries on their way, and a short queue behind them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Client;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::endpoint::{Answer, Endpoint};
use crate::store::Delivery;

/// On their way to one endpoint at once.
const AT_ONCE: usize = 8;

/// Leased and waiting behind those.
const WAITING: usize = 64;

/// Failures in a row after which an endpoint counts as down.
const DOWN_AFTER: u32 = 3;

/// For writing down what came of a try, and for clocks of several processes that differ.
const SPARE: Duration = Duration::from_secs(10);

/// How long a lease must be so that the last of a full queue is sent within it even if every try takes all of its time.
pub(super) fn lease(timeout: Duration) -> Duration {
    let rounds = u32::try_from(WAITING / AT_ONCE + 1).unwrap_or(u32::MAX);
    timeout.saturating_mul(rounds).saturating_add(SPARE)
}

/// One endpoint.
pub(super) struct Lane {
    line: Arc<Line>,
    queue: VecDeque<Leased>,
    slots: Arc<Semaphore>,
}

/// What those on their way share.
pub(super) struct Line {
    pub(super) endpoint: Endpoint,
    client: Client,
    failures: AtomicU32,
}

struct Leased {
    delivery: Delivery,
    until: Timestamp,
}

impl Lane {
    pub(super) fn new(endpoint: Endpoint, timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = endpoint.client(timeout)?;
        let line = Line { endpoint, client, failures: AtomicU32::new(0) };
        Ok(Self { line: Arc::new(line), queue: VecDeque::new(), slots: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// How many more it can hold.
    pub(super) fn room(&self) -> usize {
        WAITING.saturating_sub(self.queue.len())
    }

    /// Whether nothing has got through lately.
    pub(super) fn is_down(&self) -> bool {
        self.line.failures.load(Ordering::Relaxed) >= DOWN_AFTER
    }

    /// Queues a delivery. One for which there is no room is let go, and is due again when its lease runs out.
    pub(super) fn push(&mut self, delivery: Delivery, until: Timestamp) {
        if self.room() > 0 {
            self.queue.push_back(Leased { delivery, until });
        }
    }

    /// The next one to send, if one more may be on its way. One whose lease could run out on the way is let go: somebody
    /// else may be given it then.
    pub(super) fn next(&mut self, sent_by: Timestamp) -> Option<(Arc<Line>, Delivery, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        loop {
            let Leased { delivery, until } = self.queue.pop_front()?;
            if sent_by <= until {
                return Some((Arc::clone(&self.line), delivery, permit));
            }
        }
    }
}

impl Line {
    pub(super) async fn post(&self, delivery: &Delivery, now: Timestamp) -> Answer {
        let answer = self.endpoint.post(&self.client, &delivery.event, now).await;
        match answer {
            Answer::Taken => self.failures.store(0, Ordering::Relaxed),
            Answer::Gone | Answer::Failed { .. } => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        answer
    }
}
