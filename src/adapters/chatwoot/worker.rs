//! The task that works off what is kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use super::office::Office;
use super::{SOURCE, figures};
use crate::store::{Letter, StoreError};

/// Conversations in work at once.
const AT_ONCE: usize = 8;

/// Between two looks at what is due, if nobody rings.
const POLL: Duration = Duration::from_secs(1);

/// What is in work at the end may take this long.
const GRACE: Duration = Duration::from_secs(5);

/// Works off what Chatwoot told until it is stopped.
#[must_use = "nothing is worked off any more when this is dropped"]
pub struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    pub(super) fn start(office: Arc<Office>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let round = Round { office, flights: JoinSet::new(), taken: HashMap::new(), is_inbox_failing: false };
        Self { stop, task: tokio::spawn(round.run(stopped)) }
    }

    /// Takes nothing more, and waits for what is in work, five seconds at most. What is cut off then is taken up again when
    /// its lease has run out.
    pub async fn stop(self) {
        // Nobody listens if the task has ended already.
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!("working for Chatwoot ended early: {error}");
        }
    }
}

struct Round {
    office: Arc<Office>,
    flights: JoinSet<()>,
    /// The conversations that are in work.
    taken: HashMap<Id, String>,
    is_inbox_failing: bool,
}

impl Round {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stopped.changed() => break,
                () = self.office.nudge.rung() => {}
                _ = poll.tick() => self.measure().await,
                // Its conversation may have more.
                Some(landed) = self.flights.join_next_with_id() => self.landed(landed),
            }
            self.fill().await;
        }
        let landing = async { while self.flights.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, landing).await.is_err() {
            tracing::warn!("what is done for Chatwoot is cut off; it is taken up again");
        }
    }

    fn landed(&mut self, landed: Result<(Id, ()), JoinError>) {
        let id = match landed {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!("working for Chatwoot panicked; it is tried again when its lease has run out");
                error.id()
            }
        };
        self.taken.remove(&id);
    }

    /// Takes what is due and works it off, each conversation by itself.
    async fn fill(&mut self) {
        let room = AT_ONCE.saturating_sub(self.flights.len());
        if room == 0 {
            return;
        }
        let (now, until) = (self.office.now(), self.office.lease());
        let letters = match self.office.inbox(move |inbox| inbox.take(SOURCE, now, until, room)).await {
            Ok(letters) => letters,
            Err(error) => return self.inbox_fails(&error),
        };
        self.is_inbox_failing = false;
        for letters in letters.chunk_by(|one, other| one.conversation_id == other.conversation_id) {
            self.launch(letters.to_vec());
        }
    }

    fn launch(&mut self, letters: Vec<Letter>) {
        let Some(conversation) = letters.first().map(|letter| letter.conversation_id.clone()) else { return };
        // Whoever has it took longer than its lease: it is due again by then.
        if self.taken.values().any(|taken| *taken == conversation) {
            return;
        }
        let office = Arc::clone(&self.office);
        let flight = self.flights.spawn(async move { office.work(letters).await });
        self.taken.insert(flight.id(), conversation);
    }

    async fn measure(&mut self) {
        let now = self.office.now();
        match self.office.inbox(|inbox| inbox.backlog(SOURCE)).await {
            Ok((count, oldest)) => figures::waiting(count, oldest, now),
            Err(error) => self.inbox_fails(&error),
        }
    }

    /// Says so once, not every second.
    fn inbox_fails(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.is_inbox_failing, true) {
            tracing::error!("what Chatwoot told cannot be read; it is tried again every second: {error}");
        }
    }
}
