//! Who is next in a queue.

use jiff::{SignedDuration, Timestamp};

use super::Ticket;
use crate::catalogue::{Boosts, Level};

/// Where a ticket stands among those that wait; the lesser one is taken first. Holds whole microseconds, as stores do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    is_not_urgent: bool,
    /// The due time less the boosts.
    due: i64,
    created_at: i64,
    id: String,
}

impl Place {
    /// The place of a ticket.
    #[must_use]
    pub fn of(ticket: &Ticket, boosts: &Boosts) -> Self {
        Self {
            is_not_urgent: ticket.level != Level::Urgent,
            due: due(ticket, boosts).as_microsecond(),
            created_at: ticket.created_at.as_microsecond(),
            id: ticket.id.clone(),
        }
    }

    /// As one word, to be found again by [`Place::read`].
    #[must_use]
    pub fn write(&self) -> String {
        let first = if self.is_not_urgent { 'n' } else { 'u' };
        format!("{first}{}.{}.{}", self.due, self.created_at, self.id)
    }

    /// The place that a word stands for.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        let (first, rest) = word.split_at_checked(1)?;
        let mut parts = rest.splitn(3, '.');
        Some(Self {
            is_not_urgent: match first {
                "n" => true,
                "u" => false,
                _ => return None,
            },
            due: parts.next()?.parse().ok()?,
            created_at: parts.next()?.parse().ok()?,
            id: parts.next()?.to_owned(),
        })
    }
}

/// Puts tickets in the order in which people should take them: urgent ones first, then the earliest due time less the boosts,
/// so that calm regulars are not starved by a stream of upset or important customers. Ties by age.
pub fn in_order(tickets: &mut [Ticket], boosts: &Boosts) {
    tickets.sort_by_cached_key(|ticket| Place::of(ticket, boosts));
}

fn due(ticket: &Ticket, boosts: &Boosts) -> Timestamp {
    let upset = if ticket.urgency.upset >= boosts.upset_from { boosts.upset } else { SignedDuration::ZERO };
    let tier = ticket.urgency.tier.as_ref().and_then(|tier| boosts.tiers.get(tier)).copied().unwrap_or_default();
    ticket.respond_due_at.saturating_sub(upset + tier).unwrap_or(ticket.respond_due_at)
}
