//! What waits for the workers: bounded, and fair between those who send it.
//!
//! Jobs are taken in the order of start-time fair queuing (Goyal, Vin and Cheng 1996): a caller who sends much waits behind
//! their own jobs, not in front of everybody else's. One caller alone is served first come, first served, and may fill the whole
//! queue; of several who wait each has an equal share of it, so that one cannot shut out the others.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Whose a job is: the name of a key, or nobody's in particular.
pub(super) type Share = Option<Arc<str>>;

/// How much work a job is: 1 for a short message.
pub(super) type Weight = u64;

/// There is no room for the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

pub(super) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    filled: Condvar,
    room: Weight,
}

struct Inner<T> {
    waiting: BinaryHeap<Reverse<Entry<T>>>,
    lines: HashMap<Share, Line>,
    /// Virtual time: where the job that was taken last started.
    now: u64,
    /// Tells jobs that start at the same virtual time in the order in which they came.
    count: u64,
    is_closed: bool,
}

/// What one caller has in the queue.
#[derive(Default)]
struct Line {
    waiting: Weight,
    /// Where their last job ends in virtual time.
    end: u64,
}

struct Entry<T> {
    start: u64,
    number: u64,
    share: Share,
    weight: Weight,
    job: T,
}

impl<T> Queue<T> {
    /// `room`: the weight that may wait, at least 1.
    pub(super) fn new(room: usize) -> Self {
        let inner = Inner { waiting: BinaryHeap::new(), lines: HashMap::new(), now: 0, count: 0, is_closed: false };
        Self { inner: Mutex::new(inner), filled: Condvar::new(), room: (room as Weight).max(1) }
    }

    /// Whether a job of these could wait now.
    pub(super) fn has_room(&self, share: &Share) -> bool {
        self.lock().has_room(share, 1, self.room)
    }

    /// The weight that would be worked off before a new job of theirs: at most as much of others as they have themselves.
    pub(super) fn ahead_of(&self, share: &Share) -> Weight {
        let inner = self.lock();
        let mine = inner.lines.get(share).map_or(0, |line| line.waiting);
        let others = inner.lines.iter().filter(|(other, _)| *other != share);
        mine + others.map(|(_, line)| line.waiting.min(mine.max(1))).sum::<Weight>()
    }

    /// Adds a job; never waits.
    pub(super) fn push(&self, share: Share, weight: Weight, job: T) -> Result<(), Full> {
        let mut inner = self.lock();
        if !inner.has_room(&share, weight, self.room) {
            return Err(Full);
        }
        inner.push(share, weight.max(1), job);
        drop(inner);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for the next job; none once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<T> {
        let mut inner = self.lock();
        loop {
            if let Some(job) = inner.pop() {
                return Some(job);
            }
            if inner.is_closed {
                return None;
            }
            inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Jobs that wait.
    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// No more jobs will come.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Inner<T> {
    /// With the caller among those who wait, each may have an equal part of the room, and one job whatever it weighs.
    fn has_room(&self, share: &Share, weight: Weight, room: Weight) -> bool {
        let mine = self.lines.get(share).map_or(0, |line| line.waiting);
        let others = self.lines.iter().filter(|(other, line)| *other != share && line.waiting > 0).count();
        mine == 0 || mine.saturating_add(weight) <= room / (others as Weight + 1)
    }

    fn push(&mut self, share: Share, weight: Weight, job: T) {
        let line = self.lines.entry(share.clone()).or_default();
        let start = line.end.max(self.now);
        line.end = start.saturating_add(weight);
        line.waiting += weight;
        self.count += 1;
        self.waiting.push(Reverse(Entry { start, number: self.count, share, weight, job }));
    }

    fn pop(&mut self) -> Option<T> {
        let Reverse(Entry { start, share, weight, job, .. }) = self.waiting.pop()?;
        self.now = self.now.max(start);
        if let Some(line) = self.lines.get_mut(&share) {
            line.waiting = line.waiting.saturating_sub(weight);
        }
        Some(job)
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.start, self.number).cmp(&(other.start, other.number))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Share {
        Some(name.into())
    }

    fn drained(queue: &Queue<&'static str>) -> Vec<&'static str> {
        queue.close();
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn one_caller_is_served_in_order_and_may_fill_the_queue() {
        let queue = Queue::new(3);
        for (job, fits) in [("1", true), ("2", true), ("3", true), ("4", false)] {
            assert_eq!(queue.push(None, 1, job).is_ok(), fits, "{job}");
        }
        assert!(!queue.has_room(&None));
        assert_eq!(drained(&queue), ["1", "2", "3"]);
    }

    #[test]
    fn who_sends_little_does_not_wait_behind_who_sends_much() {
        let queue = Queue::new(8);
        for job in ["a1", "a2", "a3", "a4", "a5", "a6"] {
            queue.push(of("a"), 1, job).unwrap();
        }
        queue.push(of("b"), 1, "b1").unwrap();
        queue.push(of("b"), 1, "b2").unwrap();
        assert_eq!(drained(&queue), ["a1", "b1", "a2", "b2", "a3", "a4", "a5", "a6"]);
    }

    #[test]
    fn heavy_jobs_count_for_what_they_weigh() {
        let queue = Queue::new(100);
        for job in ["a1", "a2"] {
            queue.push(of("a"), 4, job).unwrap();
        }
        for job in ["b1", "b2", "b3", "b4", "b5"] {
            queue.push(of("b"), 1, job).unwrap();
        }
        assert_eq!(drained(&queue), ["a1", "b1", "b2", "b3", "b4", "a2", "b5"]);
    }

    #[test]
    fn a_full_queue_has_room_for_another_caller_and_for_one_job_of_any_weight() {
        let queue = Queue::new(4);
        for job in ["a1", "a2", "a3", "a4"] {
            queue.push(of("a"), 1, job).unwrap();
        }
        assert_eq!(queue.push(of("a"), 1, "a5"), Err(Full));
        assert_eq!(queue.push(of("b"), 9, "b1"), Ok(()), "however heavy, the first may wait");
        assert_eq!(queue.push(of("b"), 1, "b2"), Err(Full), "half of the room is less than what b has there");
        assert_eq!(queue.push(of("c"), 1, "c1"), Ok(()));
        assert_eq!(queue.len(), 6);
    }

    #[test]
    fn what_is_ahead_of_a_caller_is_their_own_and_as_much_of_others() {
        let queue = Queue::new(100);
        for job in ["a1", "a2", "a3"] {
            queue.push(of("a"), 2, job).unwrap();
        }
        queue.push(of("b"), 1, "b1").unwrap();
        assert_eq!((queue.ahead_of(&of("a")), queue.ahead_of(&of("b")), queue.ahead_of(&of("c"))), (7, 2, 2));
    }

    #[test]
    fn who_was_away_gets_no_credit_for_it() {
        let queue = Queue::new(100);
        for job in ["a1", "a2", "a3"] {
            queue.push(of("a"), 1, job).unwrap();
        }
        assert_eq!((queue.pop(), queue.pop()), (Some("a1"), Some("a2")));
        for job in ["b1", "b2", "b3"] {
            queue.push(of("b"), 1, job).unwrap();
        }
        queue.push(of("a"), 1, "a4").unwrap();
        assert_eq!(drained(&queue), ["b1", "a3", "b2", "b3", "a4"]);
    }
}
