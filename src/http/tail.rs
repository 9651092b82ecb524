//! The last events, read from the store once for all who follow them.
//!
//! However many screens are open, an event is read and written as JSON once. Whoever is further behind than what is kept
//! here reads from the store, a few at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Semaphore};

use crate::desk::{Desk, DeskError};
use crate::store::StoredEvent;
use crate::ticket::EventKind;

/// Events that a follower is given at a time: more would be held for one that does not read them.
pub(super) const PORTION: usize = 32;

/// Events that are kept for all, and how long: what is removed from the store goes from here, too.
const KEPT: usize = 256;
const KEPT_FOR: Duration = Duration::from_secs(60);

/// For so long nobody looks into the store again unless this process has stored something: others may write to it as well.
const FRESH: Duration = Duration::from_secs(1);

/// Followers that read from the store at a time.
const READERS: usize = 4;

/// An event as it is sent.
#[derive(Debug)]
pub(super) struct Line {
    /// Its place in the order of all events.
    pub(super) sequence: u64,
    /// What happened.
    pub(super) kind: EventKind,
    /// Whose ticket it is now.
    pub(super) queue: String,
    /// All of it, as JSON.
    pub(super) json: String,
}

/// The end of the list of all events.
pub(super) struct Tail {
    desk: Desk,
    last: Mutex<Option<Last>>,
    behind: Semaphore,
}

/// What is known of it.
struct Last {
    /// The lines of all events after this one.
    from: u64,
    lines: VecDeque<(Instant, Arc<Line>)>,
    /// What the desk had told of when it was read, and when that was.
    news: u64,
    read_at: Instant,
}

impl Tail {
    pub(super) fn new(desk: Desk) -> Self {
        Self { desk, last: Mutex::new(None), behind: Semaphore::new(READERS) }
    }

    /// What happened after an event, oldest first: some of it, or nothing if there is nothing.
    pub(super) async fn after(&self, sequence: u64) -> Result<Vec<Arc<Line>>, DeskError> {
        let mut last = self.last.lock().await;
        let known = match last.take() {
            Some(known) => known,
            None => Last::new(&self.desk).await?,
        };
        // Should the caller leave while it is read, it is begun anew.
        let known = last.insert(known.up_to_date(&self.desk).await?);
        if sequence >= known.from {
            let lines = known.lines.iter().map(|(_, line)| line);
            return Ok(lines.filter(|line| line.sequence > sequence).take(PORTION).map(Arc::clone).collect());
        }
        drop(last);
        // Never closed, so there is always a permit.
        let _permit = self.behind.acquire().await;
        let events = self.desk.events_after(sequence, PORTION).await?;
        Ok(events.into_iter().map(|event| Arc::new(Line::of(event))).collect())
    }
}

impl Last {
    async fn new(desk: &Desk) -> Result<Self, DeskError> {
        let news = *desk.news().borrow();
        let from = desk.last_event().await?;
        Ok(Self { from, lines: VecDeque::new(), news, read_at: Instant::now() })
    }

    async fn up_to_date(mut self, desk: &Desk) -> Result<Self, DeskError> {
        let news = *desk.news().borrow();
        if news == self.news && self.read_at.elapsed() < FRESH {
            return Ok(self);
        }
        loop {
            let after = self.lines.back().map_or(self.from, |(_, line)| line.sequence);
            let events = desk.events_after(after, PORTION).await?;
            let is_all = events.len() < PORTION;
            let now = Instant::now();
            self.lines.extend(events.into_iter().map(|event| (now, Arc::new(Line::of(event)))));
            self.forget(now);
            if is_all {
                break;
            }
        }
        Ok(Self { news, read_at: Instant::now(), ..self })
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |read_at: Instant| now.duration_since(read_at) > KEPT_FOR;
        while let Some((_, line)) = self.lines.pop_front_if(|(at, _)| is_old(*at)) {
            self.from = line.sequence;
        }
        while self.lines.len() > KEPT {
            self.from = self.lines.pop_front().map_or(self.from, |(_, line)| line.sequence);
        }
    }
}

impl Line {
    fn of(StoredEvent { sequence, event }: StoredEvent) -> Self {
        let json = serde_json::to_string(&event).expect("an event is plain data");
        Self { sequence, kind: event.kind, queue: event.ticket.queue, json }
    }
}
