//! One bounded queue and the threads that work it off: the only place where a message changes threads before it is stored.
//! Whatever is computed for a caller, a quote too, waits in it.
//!
//! Knows nothing of what is done, so that its tests need no model.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;
use tokio::time::timeout_at;
use tracing::Span;

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The queue is full.
    #[error("too many messages are waiting; the `retry-after` header says how many seconds to wait")]
    Overloaded,
    /// The caller's deadline passed.
    #[error("the deadline passed before the reply was there; `deadline_ms` sets it, in milliseconds")]
    DeadlineExceeded,
    /// The work and its fallback panicked, or the workers are gone.
    #[error("no worker could finish the message")]
    Failed,
}

/// The worker threads; they end when the pool and its last job are gone.
pub(super) struct Pool {
    queue: SyncSender<Errand>,
}

/// A job, whatever it makes.
type Errand = Box<dyn FnOnce() + Send>;

struct Job<R, W, F> {
    work: W,
    fallback: F,
    deadline: Instant,
    answer: oneshot::Sender<Result<R, Refused>>,
    /// The request's, so that lines logged on the worker carry its id.
    span: Span,
}

/// A place in the queue. Dropping it calls the job off, unless a worker already has it in hand.
#[derive(Debug)]
pub(super) struct Place<R> {
    answer: oneshot::Receiver<Result<R, Refused>>,
    deadline: Instant,
}

impl Pool {
    /// Starts so many workers, before whom so many jobs may wait.
    pub(super) fn start(workers: usize, queue: usize) -> io::Result<Self> {
        // A capacity of 0 would mean that a job is only taken while a worker stands waiting.
        let (sender, receiver) = sync_channel(queue.max(1));
        let queue = Arc::new(Mutex::new(receiver));
        for number in 1..=workers.max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("triage-worker-{number}")).spawn(move || work_off(&queue))?;
        }
        Ok(Self { queue: sender })
    }

    /// Puts a job in the queue if there is room and time; never waits. `work` makes the result; `fallback` makes it if `work`
    /// panicked.
    pub(super) fn submit<R: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce() -> R + Send + 'static,
        fallback: impl FnOnce() -> R + Send + 'static,
    ) -> Result<Place<R>, Refused> {
        if Instant::now() >= deadline {
            return Err(Refused::DeadlineExceeded);
        }
        let (sender, answer) = oneshot::channel();
        let job = Job { work, fallback, deadline, answer: sender, span: Span::current() };
        match self.queue.try_send(Box::new(move || job.run())) {
            Ok(()) => Ok(Place { answer, deadline }),
            Err(TrySendError::Full(_)) => Err(Refused::Overloaded),
            Err(TrySendError::Disconnected(_)) => Err(Refused::Failed),
        }
    }
}

impl<R> Place<R> {
    /// Waits for the reply, at most until the deadline.
    pub(super) async fn wait(self) -> Result<R, Refused> {
        match timeout_at(self.deadline.into(), self.answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_worker_gone)) => Err(Refused::Failed),
            Err(_elapsed) => Err(Refused::DeadlineExceeded),
        }
    }
}

/// What a worker does until the pool is gone. One idle worker waits in `recv`, the others for the lock.
fn work_off(queue: &Mutex<Receiver<Errand>>) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    while let Some(errand) = next() {
        errand();
    }
}

impl<R, W: FnOnce() -> R, F: FnOnce() -> R> Job<R, W, F> {
    fn run(self) {
        let Self { work, fallback, deadline, answer, span } = self;
        // The caller has left: nobody would read the reply.
        if answer.is_closed() {
            return;
        }
        let in_time = Instant::now() < deadline;
        let outcome = if in_time { span.in_scope(|| guarded(work, fallback)) } else { Err(Refused::DeadlineExceeded) };
        // Fails only if the caller left meanwhile.
        let _ = answer.send(outcome);
    }
}

/// Work first; a panic costs its own request the real reply, and nothing else.
fn guarded<R>(work: impl FnOnce() -> R, fallback: impl FnOnce() -> R) -> Result<R, Refused> {
    catch_unwind(AssertUnwindSafe(work))
        .or_else(|_message| {
            tracing::error!("a worker's task panicked; what stands in for it is done");
            catch_unwind(AssertUnwindSafe(fallback))
        })
        .map_err(|_message| Refused::Failed)
}

#[cfg(test)]
mod tests;
