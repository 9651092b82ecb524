//! An inbox where nothing is kept: what is in work, and what was done lately, for as long as the process lives.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::store::{Arrival, Ending, Inbox, Letter, Receipt, StoreError};

/// How many are remembered.
const MOST: usize = 1000;

/// What is remembered of arrivals.
#[derive(Default)]
pub(super) struct Unkept(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    next: u64,
    in_work: HashMap<u64, Open>,
    /// What is done of those that failed, by what names them.
    failed: VecDeque<(String, String)>,
    done: VecDeque<String>,
}

struct Open {
    names: Vec<String>,
    progress: String,
    /// Why it is not done.
    why: String,
}

impl Unkept {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an arrival on; nothing if it is done, or in work.
    pub(super) fn begin(&self, arrival: Arrival) -> Option<Letter> {
        let mut memory = self.memory();
        let names: Vec<String> = [Some(arrival.delivery), arrival.told].into_iter().flatten().collect();
        let is_in_work = memory.in_work.values().any(|open| open.names.iter().any(|name| names.contains(name)));
        if is_in_work || memory.done.iter().any(|done| names.contains(done)) {
            return None;
        }
        let before = memory.failed.iter().position(|(name, _)| names.contains(name));
        let progress = before.and_then(|at| memory.failed.remove(at)).map(|(_, progress)| progress).unwrap_or_default();
        memory.next += 1;
        let sequence = memory.next;
        memory.in_work.insert(sequence, Open { names, progress: progress.clone(), why: "it was cut off".to_owned() });
        let Arrival { conversation_id, at: since, body, .. } = arrival;
        Some(Letter { sequence, conversation_id, since, attempts: 0, progress, body })
    }

    /// Lets go of one. Why it is not done, if it is not: then what is done of it is remembered.
    pub(super) fn leave(&self, sequence: u64) -> Option<String> {
        let mut memory = self.memory();
        let Open { mut names, progress, why } = memory.in_work.remove(&sequence)?;
        // The last one is what it tells of; under it Chatwoot sends it again.
        let name = names.pop().unwrap_or_default();
        memory.failed.push_back((name, progress));
        while memory.failed.len() > MOST {
            memory.failed.pop_front();
        }
        Some(why)
    }
}

impl Inbox for Unkept {
    fn receive(&self, _: Arrival, _: usize) -> Result<Receipt, StoreError> {
        Ok(Receipt::Full)
    }

    fn take(&self, _: &str, _: Timestamp, _: Timestamp, _: usize) -> Result<Vec<Letter>, StoreError> {
        Ok(Vec::new())
    }

    fn proceed(&self, letter: &Letter, progress: &str, _: Timestamp) -> Result<(), StoreError> {
        if let Some(open) = self.memory().in_work.get_mut(&letter.sequence) {
            progress.clone_into(&mut open.progress);
        }
        Ok(())
    }

    fn end(&self, letter: &Letter, _: &Ending) -> Result<(), StoreError> {
        let mut memory = self.memory();
        if let Some(open) = memory.in_work.remove(&letter.sequence) {
            memory.done.extend(open.names);
        }
        while memory.done.len() > MOST {
            memory.done.pop_front();
        }
        Ok(())
    }

    fn postpone(&self, letter: &Letter, why: &str, _: Timestamp) -> Result<(), StoreError> {
        if let Some(open) = self.memory().in_work.get_mut(&letter.sequence) {
            why.clone_into(&mut open.why);
        }
        Ok(())
    }

    fn left_as(&self, _: &str, _: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    fn backlog(&self, _: &str) -> Result<(u64, Option<Timestamp>), StoreError> {
        Ok((0, None))
    }
}
