//! One bounded queue and the threads that work it off: the only place where a message changes threads before it is stored.
//!
//! Generic in what goes in and comes out, so that its tests need no model.

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

/// The worker threads; they end when the pool and its last job are gone. `T` is what comes in.
pub(super) struct Pool<T, R> {
    queue: SyncSender<Job<T, R>>,
}

struct Job<T, R> {
    task: T,
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

struct Worker<T, R, W, F> {
    queue: Arc<Mutex<Receiver<Job<T, R>>>>,
    work: Arc<W>,
    fallback: Arc<F>,
}

impl<T: Send + 'static, R: Send + 'static> Pool<T, R> {
    /// Starts so many workers, before whom so many tasks may wait. `work` makes the result; `fallback` makes it if `work`
    /// panicked.
    pub(super) fn start<W, F>((workers, queue): (usize, usize), work: W, fallback: F) -> io::Result<Self>
    where
        W: Fn(&T) -> R + Send + Sync + 'static,
        F: Fn(&T) -> R + Send + Sync + 'static,
    {
        // A capacity of 0 would mean that a job is only taken while a worker stands waiting.
        let (sender, receiver) = sync_channel(queue.max(1));
        let (queue, work, fallback) = (Arc::new(Mutex::new(receiver)), Arc::new(work), Arc::new(fallback));
        for number in 1..=workers.max(1) {
            let worker = Worker { queue: Arc::clone(&queue), work: Arc::clone(&work), fallback: Arc::clone(&fallback) };
            thread::Builder::new().name(format!("triage-worker-{number}")).spawn(move || worker.run())?;
        }
        Ok(Self { queue: sender })
    }

    /// Puts a task in the queue if there is room and time; never waits.
    pub(super) fn submit(&self, task: T, deadline: Instant) -> Result<Place<R>, Refused> {
        if Instant::now() >= deadline {
            return Err(Refused::DeadlineExceeded);
        }
        let (sender, answer) = oneshot::channel();
        let job = Job { task, deadline, answer: sender, span: Span::current() };
        match self.queue.try_send(job) {
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

impl<T, R, W: Fn(&T) -> R, F: Fn(&T) -> R> Worker<T, R, W, F> {
    fn run(&self) {
        while let Some(job) = self.next() {
            // The caller has left: nobody would read the reply.
            if job.answer.is_closed() {
                continue;
            }
            let outcome = if Instant::now() < job.deadline {
                job.span.in_scope(|| self.answer(&job.task))
            } else {
                Err(Refused::DeadlineExceeded)
            };
            // Fails only if the caller left meanwhile.
            let _ = job.answer.send(outcome);
        }
    }

    /// The next job; none when the pool is gone. One idle worker waits in `recv`, the others for the lock.
    fn next(&self) -> Option<Job<T, R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    /// Work first; a panic costs its own message the real reply, and nothing else.
    fn answer(&self, task: &T) -> Result<R, Refused> {
        let guarded = |step: &dyn Fn(&T) -> R| catch_unwind(AssertUnwindSafe(|| step(task)));
        guarded(&*self.work)
            .or_else(|_message| {
                tracing::error!("the decision panicked; the message is handed over");
                guarded(&*self.fallback)
            })
            .map_err(|_message| Refused::Failed)
    }
}

#[cfg(test)]
mod tests;
