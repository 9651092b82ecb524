//! The one thread that writes. Changes that come close together share a commit: a commit costs far more than what is in it.
//!
//! Each piece of work runs in a savepoint of its own, so that one that is refused takes nothing else with it. What became of
//! it is told after the commit, never before.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::values::{Stored, failed, run};
use super::{Options, change, open};
use crate::store::{Change, StoreError};

/// Pieces of work that share a commit, at most.
const MOST: usize = 256;

/// Something for the thread to do.
enum Job {
    /// Within a transaction that may be shared.
    Shared(Box<dyn Work>),
    /// By itself, outside of any transaction.
    Alone(Alone),
}

type Alone = Box<dyn FnOnce(&Connection) + Send>;

/// What runs in a shared transaction.
trait Work: Send {
    /// Writes. Whatever it wrote is undone if it fails.
    fn write(&mut self, connection: &Connection) -> Stored<()>;
    /// Tells whoever waits; `Ok` only if it is committed.
    fn tell(self: Box<Self>, outcome: Stored<()>);
}

pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the file for writing and starts the thread.
    pub(super) fn start(path: &Path, options: &Options) -> Stored<Self> {
        let connection = open::writer(path, options)?;
        let (jobs, queue) = sync_channel(options.queue);
        let group_wait = options.group_wait;
        let thread = std::thread::Builder::new().name("store".into());
        let thread = thread.spawn(move || work(&connection, &queue, group_wait));
        let thread = thread.map_err(|error| StoreError::Failed(format!("cannot start the writer: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Puts a change in the queue. Never waits: a full queue is told at once.
    pub(super) fn record(&self, change: Change, told: oneshot::Sender<Stored<()>>) {
        if let Err((error, Job::Shared(work))) = self.put(Job::Shared(Box::new(Recorded { change, told }))) {
            work.tell(Err(error));
        }
    }

    /// Writes, and waits until it is committed.
    pub(super) fn write<T, W>(&self, write: W) -> Stored<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Stored<T> + Send + 'static,
    {
        let (told, outcome) = sync_channel(1);
        self.put(Job::Shared(Box::new(Call { write: Some(write), value: None, told }))).map_err(|(error, _)| error)?;
        outcome.recv().unwrap_or_else(|_| Err(stopped()))
    }

    /// Does something outside of any transaction, and waits for it.
    pub(super) fn alone<T, W>(&self, act: W) -> Stored<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Stored<T> + Send + 'static,
    {
        let (told, outcome) = sync_channel(1);
        let job = Job::Alone(Box::new(move |connection| {
            let _ = told.send(act(connection));
        }));
        self.put(job).map_err(|(error, _)| error)?;
        outcome.recv().unwrap_or_else(|_| Err(stopped()))
    }

    fn put(&self, job: Job) -> Result<(), (StoreError, Job)> {
        let Some(jobs) = &self.jobs else { return Err((stopped(), job)) };
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) => {
                (StoreError::Failed("more is waiting to be written than the queue holds".into()), job)
            }
            TrySendError::Disconnected(job) => (stopped(), job),
        })
    }
}

impl Drop for Writer {
    /// Finishes what is queued.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Failed("the writer has stopped".into())
}

/// A change whose writer waits for a [`crate::store::Pending`].
struct Recorded {
    change: Change,
    told: oneshot::Sender<Stored<()>>,
}

impl Work for Recorded {
    fn write(&mut self, connection: &Connection) -> Stored<()> {
        change::write(connection, &self.change)
    }

    fn tell(self: Box<Self>, outcome: Stored<()>) {
        // Whoever waited may have left.
        let _ = self.told.send(outcome);
    }
}

/// A call of another part of the store, which gives a value back.
struct Call<T, W> {
    write: Option<W>,
    value: Option<T>,
    told: SyncSender<Stored<T>>,
}

impl<T: Send, W: FnOnce(&Connection) -> Stored<T> + Send> Work for Call<T, W> {
    fn write(&mut self, connection: &Connection) -> Stored<()> {
        let write = self.write.take().ok_or_else(stopped)?;
        self.value = Some(write(connection)?);
        Ok(())
    }

    fn tell(self: Box<Self>, outcome: Stored<()>) {
        let Self { value, told, .. } = *self;
        let _ = told.send(outcome.and_then(|()| value.ok_or_else(stopped)));
    }
}

/// The thread: takes jobs until nobody is left to send any.
fn work(connection: &Connection, queue: &Receiver<Job>, group_wait: Duration) {
    while let Ok(job) = queue.recv() {
        let alone = match job {
            Job::Alone(act) => Some(act),
            Job::Shared(work) => {
                let mut group = vec![work];
                let alone = gather(queue, &mut group, group_wait);
                commit(connection, group);
                alone
            }
        };
        if let Some(act) = alone {
            act(connection);
        }
    }
}

/// Takes what is there, and what comes in a moment. A job that has to be alone ends the group.
fn gather(queue: &Receiver<Job>, group: &mut Vec<Box<dyn Work>>, group_wait: Duration) -> Option<Alone> {
    let end = Instant::now() + group_wait;
    while group.len() < MOST {
        // With no time left, what is there is still taken.
        match queue.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(Job::Shared(work)) => group.push(work),
            Ok(Job::Alone(act)) => return Some(act),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    None
}

/// Writes a group in one transaction and tells each what became of it.
fn commit(connection: &Connection, mut group: Vec<Box<dyn Work>>) {
    let outcomes = written(connection, &mut group);
    if !connection.is_autocommit()
        && let Err(error) = run(connection, "ROLLBACK", [])
    {
        tracing::error!(%error, "the store's transaction cannot be rolled back");
    }
    match outcomes {
        Ok(outcomes) => group.into_iter().zip(outcomes).for_each(|(work, outcome)| work.tell(outcome)),
        Err(error) => group.into_iter().for_each(|work| work.tell(Err(error.clone()))),
    }
}

/// What became of each; or why nothing at all was written.
fn written(connection: &Connection, group: &mut [Box<dyn Work>]) -> Stored<Vec<Stored<()>>> {
    run(connection, "BEGIN IMMEDIATE", []).map_err(failed)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for work in group {
        run(connection, "SAVEPOINT work", []).map_err(failed)?;
        let outcome = work.write(connection);
        // A full disk may end the whole transaction, with what others wrote in it.
        if let (Err(error), true) = (&outcome, connection.is_autocommit()) {
            return Err(error.clone());
        }
        if outcome.is_err() {
            run(connection, "ROLLBACK TO work", []).map_err(failed)?;
        }
        run(connection, "RELEASE work", []).map_err(failed)?;
        outcomes.push(outcome);
    }
    run(connection, "COMMIT", []).map_err(failed)?;
    Ok(outcomes)
}
