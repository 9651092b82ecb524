//! The threads that work off the one bounded queue: the only place where a message changes threads before it is stored.
//! Whatever is computed for a caller, a quote too, waits in it.
//!
//! Knows nothing of what is done, so that its tests need no model.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout_at;
use tracing::Span;

use super::counted::stage_took;
use super::queue::{Queue, Share, Weight};

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
    queue: Arc<Queue<Errand>>,
    pace: Arc<Pace>,
    workers: u32,
}

/// How long work of weight 1 takes a worker: an average in which the last dozen jobs count most.
#[derive(Default)]
struct Pace(AtomicU64);

impl Pace {
    /// Nothing before the first job is done.
    fn of(&self, weight: Weight) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed).saturating_mul(weight))
    }

    fn took(&self, weight: Weight, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) / weight.max(1);
        // Two workers at a time may lose one of their values: an average does not mind.
        let mean = self.0.load(Ordering::Relaxed);
        let next = if mean == 0 { nanos } else { mean - mean / 8 + nanos / 8 };
        self.0.store(next, Ordering::Relaxed);
    }
}

/// A job, whatever it makes.
type Errand = Box<dyn FnOnce() + Send>;

struct Job<R, W, F> {
    work: W,
    fallback: F,
    deadline: Instant,
    arrived: Instant,
    weight: Weight,
    pace: Arc<Pace>,
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
    /// Starts so many workers, before whom work of so much weight may wait.
    pub(super) fn start(workers: usize, queue: usize) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(queue));
        let workers = u32::try_from(workers.max(1)).unwrap_or(u32::MAX);
        for number in 1..=workers {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("triage-worker-{number}")).spawn(move || work_off(&queue))?;
        }
        Ok(Self { queue, pace: Arc::default(), workers })
    }

    /// Whether a job of theirs could wait now: asked before anything is read, so that refusing costs next to nothing.
    pub(super) fn has_room(&self, share: &Share) -> bool {
        let has_room = self.queue.has_room(share);
        if !has_room {
            refused();
        }
        has_room
    }

    /// Puts a job in the queue if there is room and time; never waits. What would be done too late, as things go, is refused: to
    /// work it off would only make those behind it late as well. `work` makes the result; `fallback` makes it if `work`
    /// panicked.
    pub(super) fn submit<R: Send + 'static>(
        &self,
        (share, weight): (Share, Weight),
        deadline: Instant,
        work: impl FnOnce() -> R + Send + 'static,
        fallback: impl FnOnce() -> R + Send + 'static,
    ) -> Result<Place<R>, Refused> {
        let arrived = Instant::now();
        if arrived >= deadline {
            return Err(Refused::DeadlineExceeded);
        }
        let ahead = self.queue.ahead_of(&share);
        if ahead > 0 && arrived + self.pace.of(ahead) / self.workers + self.pace.of(weight) > deadline {
            refused();
            return Err(Refused::Overloaded);
        }
        let (sender, answer) = oneshot::channel();
        let pace = Arc::clone(&self.pace);
        let job = Job { work, fallback, deadline, arrived, weight, pace, answer: sender, span: Span::current() };
        let errand: Errand = Box::new(move || job.run());
        if self.queue.push(share, weight, errand).is_err() {
            refused();
            return Err(Refused::Overloaded);
        }
        waiting(&self.queue);
        Ok(Place { answer, deadline })
    }
}

/// The workers end once what waits is done.
impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn refused() {
    metrics::counter!("triage_queue_refused_total").increment(1);
}

fn waiting(queue: &Queue<Errand>) {
    metrics::gauge!("triage_queue_waiting").set(queue.len() as f64);
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

/// What a worker does until the pool is gone.
fn work_off(queue: &Queue<Errand>) {
    while let Some(errand) = queue.pop() {
        waiting(queue);
        errand();
    }
}

impl<R, W: FnOnce() -> R, F: FnOnce() -> R> Job<R, W, F> {
    fn run(self) {
        let Self { work, fallback, deadline, arrived, weight, pace, answer, span } = self;
        stage_took("queue", arrived.elapsed());
        // The caller has left: nobody would read the reply.
        if answer.is_closed() {
            return;
        }
        let started = Instant::now();
        let outcome = if started < deadline {
            let done = span.in_scope(|| guarded(work, fallback));
            pace.took(weight, started.elapsed());
            done
        } else {
            Err(Refused::DeadlineExceeded)
        };
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
