//! Wrong second proofs, counted so that nobody can try all of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Viewer;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Conversations, orders and customers that are remembered at most, each; the ones tried longest ago are forgotten first.
const KEPT: usize = 4096;

/// How many wrong tries there may be. Whatever is at its limit, no digits are compared any more until the window has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In one conversation.
    pub conversation: u32,
    /// At one number within an hour, whether there is such an order or not.
    pub number_hour: u32,
    /// By one verified customer within 24 hours.
    pub customer_day: u32,
    /// By all within an hour.
    pub all_hour: u32,
    /// By all within 24 hours.
    pub all_day: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { conversation: 3, number_hour: 5, customer_day: 10, all_hour: 60, all_day: 200 }
    }
}

/// Where a limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything within 24 hours.
    AllDay,
    /// Everything within an hour.
    AllHour,
    /// One number.
    Number,
    /// One verified customer.
    Customer,
    /// One conversation.
    Conversation,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    Right,
    Wrong { left: u32 },
    Refused { is_first: bool, scope: Scope },
}

/// Who tries at what, as hashes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) number: u64,
    customer: Option<u64>,
    conversation: Option<u64>,
    /// What the conversation itself remembers: it outlives this process.
    wrong: u32,
    /// Whether nothing is counted and nothing told.
    is_trial: bool,
}

/// All wrong tries of late.
pub(super) struct Tries {
    /// Random for each process: from outside, nobody can make two keys meet.
    hasher: RandomState,
    counts: Mutex<Counts>,
}

struct Counts {
    all_day: Count,
    all_hour: Count,
    number: Count,
    customer: Count,
    conversation: Count,
}

/// The tries of one scope.
struct Count {
    most: u32,
    window: SignedDuration,
    by_key: HashMap<u64, Record>,
}

#[derive(Default)]
struct Record {
    /// At most as many as are allowed.
    wrong: Vec<Timestamp>,
    /// When the refusals of this window were first told.
    told: Option<Timestamp>,
}

impl Tries {
    pub(super) fn new(limits: Limits) -> Self {
        let count = |most, window| Count { most, window, by_key: HashMap::new() };
        let counts = Counts {
            all_day: count(limits.all_day, DAY),
            all_hour: count(limits.all_hour, HOUR),
            number: count(limits.number_hour, HOUR),
            customer: count(limits.customer_day, DAY),
            conversation: count(limits.conversation, DAY),
        };
        Self { hasher: RandomState::new(), counts: Mutex::new(counts) }
    }

    pub(super) fn key(&self, text: &str) -> u64 {
        self.hasher.hash_one(text)
    }

    pub(super) fn keys(&self, number: &str, viewer: &Viewer<'_>) -> Keys {
        let key = |text| self.key(text);
        Keys {
            number: key(number),
            customer: viewer.customer.map(key),
            conversation: viewer.conversation.map(key),
            wrong: viewer.wrong,
            is_trial: viewer.is_trial,
        }
    }

    /// Refuses if a limit is reached.
    pub(super) fn refusal(&self, keys: &Keys, now: Timestamp) -> Option<Tried> {
        self.counts().refusal(keys, now)
    }

    /// Refuses, or compares and counts: one step, so that tries at the same time cannot be more than are allowed.
    /// `order` is the key of the order's own number where it was named by another: tries by either name count for both.
    pub(super) fn attempt(
        &self,
        keys: &Keys,
        order: Option<u64>,
        now: Timestamp,
        is_right: impl FnOnce() -> bool,
    ) -> Tried {
        let mut counts = self.counts();
        if let Some(refused) = counts.refusal(keys, now) {
            return refused;
        }
        // Refusing here would tell that both names are of one order, so the answer is that of wrong digits.
        let is_spent = order.is_some_and(|order| counts.number.is_full(order, now));
        if is_right() && !is_spent {
            return Tried::Right;
        }
        if !keys.is_trial {
            for (_, count, key) in counts.concerned(keys) {
                count.add(key, now);
            }
            if let Some(order) = order {
                counts.number.add(order, now);
            }
        }
        let seen = keys.conversation.map_or(0, |key| counts.conversation.wrong(key, now));
        Tried::Wrong { left: counts.conversation.most.saturating_sub(seen.max(keys.wrong.saturating_add(1))) }
    }

    /// A panic elsewhere leaves counts that are still right.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// What a try counts for, the widest first.
    fn concerned(&mut self, keys: &Keys) -> impl Iterator<Item = (Scope, &mut Count, u64)> {
        let all = [
            (Scope::AllDay, &mut self.all_day, Some(0)),
            (Scope::AllHour, &mut self.all_hour, Some(0)),
            (Scope::Number, &mut self.number, Some(keys.number)),
            (Scope::Customer, &mut self.customer, keys.customer),
            (Scope::Conversation, &mut self.conversation, keys.conversation),
        ];
        all.into_iter().filter_map(|(scope, count, key)| key.map(|key| (scope, count, key)))
    }

    /// The refusal of the widest scope that is told for the first time; else of the widest.
    fn refusal(&mut self, keys: &Keys, now: Timestamp) -> Option<Tried> {
        let is_spent = keys.wrong >= self.conversation.most;
        let mut refused = None;
        for (scope, count, key) in self.concerned(keys) {
            if count.is_full(key, now) || (is_spent && scope == Scope::Conversation) {
                let is_first = count.is_untold(key, now);
                if is_first && !keys.is_trial {
                    count.record(key, now).told = Some(now);
                }
                match refused {
                    None => refused = Some((is_first, scope)),
                    Some((false, _)) if is_first => refused = Some((is_first, scope)),
                    Some(_) => {}
                }
            }
        }
        // A conversation without a name cannot be told once.
        let refused = refused.or(is_spent.then_some((false, Scope::Conversation)));
        refused.map(|(is_first, scope)| Tried::Refused { is_first, scope })
    }
}

impl Count {
    fn wrong(&mut self, key: u64, now: Timestamp) -> u32 {
        let window = self.window;
        let Some(record) = self.by_key.get_mut(&key) else { return 0 };
        record.wrong.retain(|at| is_within(*at, window, now));
        u32::try_from(record.wrong.len()).unwrap_or(u32::MAX)
    }

    fn is_full(&mut self, key: u64, now: Timestamp) -> bool {
        self.wrong(key, now) >= self.most
    }

    fn add(&mut self, key: u64, now: Timestamp) {
        if !self.is_full(key, now) {
            self.record(key, now).wrong.push(now);
        }
    }

    /// Whether a refusal is the first of its window.
    fn is_untold(&self, key: u64, now: Timestamp) -> bool {
        let told = self.by_key.get(&key).and_then(|record| record.told);
        !told.is_some_and(|told| is_within(told, self.window, now))
    }

    fn record(&mut self, key: u64, now: Timestamp) -> &mut Record {
        if self.by_key.len() >= KEPT && !self.by_key.contains_key(&key) {
            self.make_room(now);
        }
        self.by_key.entry(key).or_default()
    }

    fn make_room(&mut self, now: Timestamp) {
        let window = self.window;
        self.by_key.retain(|_, record| record.latest().is_some_and(|at| is_within(at, window, now)));
        if self.by_key.len() >= KEPT
            && let Some(oldest) = self.by_key.iter().min_by_key(|(_, record)| record.latest()).map(|(key, _)| *key)
        {
            self.by_key.remove(&oldest);
        }
    }
}

impl Record {
    fn latest(&self) -> Option<Timestamp> {
        self.wrong.iter().copied().chain(self.told).max()
    }
}

/// Whether a moment still counts. One in the future does: a clock that is set back opens nothing.
fn is_within(at: Timestamp, window: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(at) < window
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is tried, memory is bounded, and what is forgotten of the orders still counts for all.
    #[test]
    fn what_is_remembered_is_bounded() {
        let most = u32::try_from(2 * KEPT).unwrap();
        let tries = Tries::new(Limits { all_hour: most, all_day: most, ..Limits::default() });
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let guess = |name: usize, seconds| {
            let name = name.to_string();
            let viewer = Viewer { customer: Some(&name), conversation: Some(&name), ..Viewer::default() };
            let keys = tries.keys(&name, &viewer);
            tries.attempt(&keys, None, now + SignedDuration::from_secs(seconds), || false)
        };
        for name in 0..2 * KEPT {
            assert_eq!(guess(name, i64::from(name >= KEPT)), Tried::Wrong { left: 2 });
        }
        assert_eq!(guess(2 * KEPT, 2), Tried::Refused { is_first: true, scope: Scope::AllDay });
        let counts = tries.counts();
        for count in [&counts.number, &counts.customer, &counts.conversation] {
            assert_eq!(count.by_key.len(), KEPT);
            assert!(count.by_key.values().all(|record| record.latest() > Some(now)), "the oldest go first");
        }
    }
}
