//! The front desk: conversations that are remembered, tickets that wait for people, and a store under both.
//!
//! A message comes in ([`Desk::message`]), is decided in what came before it, is written down together with everything that
//! follows from it, and only then answered. What people do (claim, write, resolve …) changes the same records in the same
//! way. Things of one conversation happen one after the other. Knows no HTTP; time comes from a [`Clock`].

mod alone;
mod before;
mod busy;
mod clock;
mod counted;
mod error;
mod figures;
mod message;
mod overdue;
mod parked;
mod people;
mod pool;
mod queue;
mod quote;
mod reading;
mod tickets;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use self::busy::Busy;
use self::parked::Parked;
use self::pool::Pool;
use self::queue::Share;
use crate::live::Live;
use crate::store::{Change, NewEvent, Store, StoreError};
use crate::ticket::{Event, EventKind};

pub use alone::{Capacity, Understood, Waited};
pub use clock::{Clock, SetClock, SystemClock};
pub use error::DeskError;
pub use message::MAX_DEADLINE;
pub use people::{Assignment, Speech};
pub use pool::Refused;
pub use reading::Record;

pub use crate::pipeline::{Classified, Kept};
pub use crate::text::MAX_CHARS;

/// How much is taken on at a time, and how it is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads that decide.
    pub workers: usize,
    /// Messages that wait for a worker, long ones counted several times; one more is refused.
    pub queue: usize,
    /// How long a caller waits who does not say so with `deadline_ms`.
    pub deadline: Duration,
    /// Whether personal data is masked in what is stored.
    pub masked: bool,
    /// Where events are delivered.
    pub routes: Routes,
}

impl Default for Options {
    /// One worker per core, 256 waiting, two seconds, masked, no webhooks.
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { workers, queue: 256, deadline: Duration::from_secs(2), masked: true, routes: Routes::default() }
    }
}

/// Which webhook wants which events.
#[derive(Debug, Clone, Default)]
pub struct Routes(Vec<(String, Vec<EventKind>)>);

impl Routes {
    /// Endpoints by name, with the kinds of events that each wants; all if none is named.
    #[must_use]
    pub fn new(endpoints: Vec<(String, Vec<EventKind>)>) -> Self {
        Self(endpoints)
    }

    fn of(&self, kind: EventKind) -> Vec<String> {
        let wants = |(_, kinds): &&(String, Vec<EventKind>)| kinds.is_empty() || kinds.contains(&kind);
        self.0.iter().filter(wants).map(|(name, _)| name.clone()).collect()
    }
}

/// The front desk. Clones are the same desk.
#[derive(Clone)]
pub struct Desk(Arc<Inner>, Share);

struct Inner {
    back: Arc<Back>,
    pool: Pool,
    busy: Arc<Busy>,
    parked: Parked,
    deadline: Duration,
    capacity: Capacity,
}

/// What the workers need of it.
struct Back {
    live: Arc<Live>,
    store: Option<Arc<dyn Store>>,
    clock: Arc<dyn Clock>,
    masked: bool,
    routes: Routes,
    /// Counts stored events, for those who wait for new ones.
    news: watch::Sender<u64>,
}

impl Desk {
    /// Opens the desk. Without a store every message stands for itself, and there are no tickets.
    ///
    /// # Errors
    /// When a worker thread cannot be started.
    pub fn open(
        live: Arc<Live>,
        store: Option<Arc<dyn Store>>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> io::Result<Self> {
        let Options { workers, queue, deadline, masked, routes } = options;
        let back = Arc::new(Back { live, store, clock, masked, routes, news: watch::Sender::new(0) });
        let pool = Pool::start(workers, queue)?;
        let capacity = Capacity { workers, queue };
        let inner = Inner { back, pool, busy: Arc::default(), parked: Parked::default(), deadline, capacity };
        Ok(Self(Arc::new(inner), None))
    }

    /// The same desk, as one of several callers meets it: what they send waits in a line of its own, and all lines are served
    /// alike. Without a name they share the line of everybody who has none.
    #[must_use]
    pub fn on_behalf_of(&self, caller: Option<Arc<str>>) -> Self {
        Self(Arc::clone(&self.0), caller)
    }

    /// Whether one more message of this caller could wait now.
    ///
    /// # Errors
    /// When it would be refused.
    pub fn has_room(&self) -> Result<(), Refused> {
        if self.0.pool.has_room(&self.1) { Ok(()) } else { Err(Refused::Overloaded) }
    }

    /// The catalogue that is served.
    #[must_use]
    pub fn live(&self) -> &Arc<Live> {
        &self.0.back.live
    }

    /// What is kept.
    ///
    /// # Errors
    /// When nothing is.
    pub fn store(&self) -> Result<&Arc<dyn Store>, DeskError> {
        self.0.back.store()
    }

    /// Changes whenever events have been stored: agents' screens and webhooks look for them then.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.0.back.news.subscribe()
    }
}

impl Back {
    fn store(&self) -> Result<&Arc<dyn Store>, DeskError> {
        self.store.as_ref().ok_or(DeskError::NoStore)
    }

    fn now(&self) -> jiff::Zoned {
        self.clock.now().to_zoned(self.live.engine().config().time_zone.clone())
    }

    fn routed(&self, event: Event) -> NewEvent {
        NewEvent { endpoints: self.routes.of(event.kind), event }
    }

    /// Writes a change, and tells those who wait for events. These tell of the ticket as it is stored with them.
    async fn record(&self, mut change: Change) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Err(StoreError::Failed("there is no store".into())) };
        let has_news = !change.events.is_empty();
        if let Some(version) = change.ticket_version() {
            change.events.iter_mut().for_each(|new| new.event.ticket.version = version);
        }
        store.record(change).written().await?;
        if has_news {
            self.news.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}
