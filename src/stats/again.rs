//! Whether customers had to come back.

use std::collections::HashMap;

use jiff::Timestamp;

use super::WEEK;
use super::tally::Groups;

/// Conversations with a business intent: who came back with the same one is told only when all are known.
#[derive(Default)]
pub(super) struct Again {
    /// By intent and, in it, by the customer's number.
    intents: HashMap<String, Vec<(Option<u32>, Matter)>>,
}

/// A conversation about an intent.
pub(super) struct Matter {
    pub(super) began: Timestamp,
    /// The day that it counts on; none for those that only tell of another that the customer came back.
    pub(super) counted: Option<usize>,
    /// Whether the bot or a person solved it.
    pub(super) is_solved: bool,
}

impl Again {
    pub(super) fn add(&mut self, customer: Option<u32>, intent: String, matter: Matter) {
        self.intents.entry(intent).or_default().push((customer, matter));
    }

    pub(super) fn tally(self, now: Timestamp, groups: &mut Groups) {
        for (intent, mut matters) in self.intents {
            matters.sort_by_key(|(customer, matter)| (*customer, matter.began));
            for (at, (customer, matter)) in matters.iter().enumerate() {
                let Some(day) = matter.counted else { continue };
                let next = matters.get(at + 1).filter(|(next, _)| next == customer);
                let is_repeated = next.is_some_and(|(_, next)| next.began.duration_since(matter.began) <= WEEK);
                let is_old = now.duration_since(matter.began) >= WEEK;
                groups.add(day, Some(&intent), |tally| match (customer, is_old) {
                    (None, _) => tally.unidentified += 1,
                    (_, false) => tally.pending += 1,
                    _ => tally.contact(is_repeated, matter.is_solved && !is_repeated),
                });
            }
        }
    }
}
