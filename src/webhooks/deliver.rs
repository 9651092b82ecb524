//! The task that delivers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use super::endpoint::{Answer, Endpoint};
use super::figures::{self, Outcome};
use super::lane::{Lane, Line, lease};
use super::retry::next_try;
use crate::store::{Delivery, Outbox, StoreError};

/// Leased at once.
const BATCH: usize = 64;

/// Between two looks at what is due, if nobody rings.
const POLL: Duration = Duration::from_secs(1);

/// What is on its way at the end may take this long.
const GRACE: Duration = Duration::from_secs(5);

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How events are delivered.
#[derive(Clone)]
pub struct Settings {
    /// How long an endpoint may take to answer.
    pub timeout: Duration,
    /// How often an event is sent before it is laid aside.
    pub attempts: u32,
    /// Tells the time.
    pub clock: Clock,
}

/// Rung when new events are stored, so that they are sent at once.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// There is something new. Costs nothing, and is not lost if nobody listens yet.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody rings, or has rung since the last time.
    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}

/// Why deliveries cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The certificates of this system cannot be read, for example.
    #[error("nothing can be sent to webhook `{endpoint}`: {why}")]
    Client {
        /// Its name.
        endpoint: String,
        /// What is wrong.
        why: String,
    },
}

/// Delivers events until it is stopped.
#[must_use = "deliveries stop when this is dropped"]
pub struct Deliverer {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Deliverer {
    /// Starts delivering, in a task of the current runtime. What is due for endpoints that are not among these is laid aside
    /// as dead.
    ///
    /// # Errors
    /// When nothing could ever be sent to an endpoint.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(
        store: Arc<dyn Outbox>,
        endpoints: Vec<Endpoint>,
        settings: Settings,
        nudge: Nudge,
    ) -> Result<Self, StartError> {
        figures::describe();
        let mut lanes = HashMap::new();
        for endpoint in endpoints {
            let name = endpoint.name().to_owned();
            let lane = Lane::new(endpoint, settings.timeout)
                .map_err(|error| StartError::Client { endpoint: name.clone(), why: chain(&error.without_url()) })?;
            lanes.insert(name, lane);
        }
        let (stop, stopped) = watch::channel(false);
        let office = Arc::new(Office { store, settings });
        let courier = Courier { office, lanes, flights: JoinSet::new(), is_store_failing: false };
        Ok(Self { stop, task: tokio::spawn(courier.run(stopped, nudge)) })
    }

    /// Leases nothing more, and waits for what is on its way, five seconds at most. What is cut off then is sent again when
    /// its lease has run out.
    pub async fn stop(self) {
        // Nobody listens if the task has ended already.
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!("delivering to webhooks ended early: {error}");
        }
    }
}

/// What every delivery needs.
struct Office {
    store: Arc<dyn Outbox>,
    settings: Settings,
}

struct Courier {
    office: Arc<Office>,
    lanes: HashMap<String, Lane>,
    flights: JoinSet<()>,
    is_store_failing: bool,
}

impl Courier {
    async fn run(mut self, mut stopped: watch::Receiver<bool>, nudge: Nudge) {
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stopped.changed() => break,
                () = nudge.rung() => {}
                _ = poll.tick() => self.measure().await,
                // Its ticket may have another event, and its lane room.
                Some(landed) = self.flights.join_next() => self.landed(landed),
            }
            self.fill().await;
        }
        let landing = async { while self.flights.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, landing).await.is_err() {
            tracing::warn!(
                deliveries = self.flights.len(),
                "webhooks still being sent to are cut off; they are sent again"
            );
        }
    }

    fn landed(&mut self, first: Result<(), tokio::task::JoinError>) {
        let mut next = Some(first);
        while let Some(landed) = next {
            if landed.is_err() {
                tracing::error!("sending to a webhook panicked; it is sent again when its lease has run out");
            }
            next = self.flights.try_join_next();
        }
    }

    /// Leases what is due and sends what may be sent.
    async fn fill(&mut self) {
        self.launch();
        while let Some(limit) = self.room() {
            let now = self.office.now();
            let until = now.saturating_add(lease(self.office.settings.timeout)).unwrap_or(Timestamp::MAX);
            let leased = self.office.store(move |store| store.lease(now, until, limit)).await;
            let leased = match leased {
                Ok(leased) => leased,
                Err(error) => {
                    self.store_fails(&error);
                    break;
                }
            };
            self.is_store_failing = false;
            let is_all = leased.len() < limit;
            for delivery in leased {
                match self.lanes.get_mut(&delivery.endpoint) {
                    Some(lane) => lane.push(delivery, until),
                    None => self.office.lay_aside(delivery, "no webhook of this name is configured").await,
                }
            }
            self.launch();
            if is_all {
                break;
            }
        }
    }

    /// How many may be leased so that none is let go but those of an endpoint that is down: what is due for one that is down
    /// must not stand in the way of others, and what one in order cannot take yet must not lose time.
    fn room(&self) -> Option<usize> {
        if !self.lanes.is_empty() && self.lanes.values().all(|lane| lane.room() == 0) {
            return None;
        }
        let up = self.lanes.values().filter(|lane| !lane.is_down());
        let room = up.map(Lane::room).min().unwrap_or(BATCH).min(BATCH);
        (room > 0).then_some(room)
    }

    fn launch(&mut self) {
        let sent_by = self.office.now().saturating_add(self.office.settings.timeout).unwrap_or(Timestamp::MAX);
        for lane in self.lanes.values_mut() {
            while let Some((line, delivery, permit)) = lane.next(sent_by) {
                self.flights.spawn(Arc::clone(&self.office).deliver(line, delivery, permit));
            }
        }
    }

    async fn measure(&mut self) {
        let now = self.office.now();
        match self.office.store(|store| store.lag()).await {
            Ok((count, oldest)) => figures::waiting(count, oldest, now),
            Err(error) => self.store_fails(&error),
        }
    }

    /// Says so once, not every second.
    fn store_fails(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.is_store_failing, true) {
            tracing::error!("what webhooks wait for cannot be read; it is tried again every second: {error}");
        }
    }
}

impl Office {
    fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }

    /// Asks the store on a thread that may wait.
    async fn store<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Outbox) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.store);
        let answer = tokio::task::spawn_blocking(move || ask(&*store)).await;
        answer.unwrap_or_else(|_| Err(StoreError::Failed("a call of the store panicked".to_owned())))
    }

    async fn deliver(self: Arc<Self>, line: Arc<Line>, delivery: Delivery, permit: OwnedSemaphorePermit) {
        let started = Instant::now();
        let answer = line.post(&delivery, self.now()).await;
        let took = Some(started.elapsed());
        // Writing it down does not keep the endpoint waiting.
        drop(permit);
        let now = self.now();
        let (endpoint, event) = (delivery.endpoint.clone(), delivery.event.id.clone());
        let tried = delivery.attempts.saturating_add(1);
        let (why, next) = match answer {
            Answer::Taken => {
                figures::tried(&endpoint, Outcome::Delivered, took);
                tracing::debug!(endpoint, event, tried, "event delivered");
                let written = self.store(move |store| store.delivered(&delivery, now)).await;
                return not_written(&endpoint, &event, written);
            }
            Answer::Gone => ("status 410: the endpoint is gone".to_owned(), None),
            Answer::Failed { why, asked } => (why, next_try(tried, self.settings.attempts, asked, now)),
        };
        match next {
            Some(next) => {
                figures::tried(&endpoint, Outcome::Failed, took);
                tracing::warn!(endpoint, event, tried, %next, "event not delivered: {why}");
            }
            None => {
                figures::tried(&endpoint, Outcome::Dead, took);
                tracing::error!(endpoint, event, tried, "event not delivered and laid aside: {why}");
            }
        }
        let written = self.store(move |store| store.failed(&delivery, &why, next)).await;
        not_written(&endpoint, &event, written);
    }

    async fn lay_aside(&self, delivery: Delivery, why: &'static str) {
        let (endpoint, event) = (delivery.endpoint.clone(), delivery.event.id.clone());
        figures::tried(&endpoint, Outcome::Dead, None);
        tracing::error!(endpoint, event, "event not delivered and laid aside: {why}");
        let written = self.store(move |store| store.failed(&delivery, why, None)).await;
        not_written(&endpoint, &event, written);
    }
}

fn not_written(endpoint: &str, event: &str, written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::error!(endpoint, event, "what became of a delivery is not stored; it is sent again: {error}");
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
