//! What people did with a ticket, and whether it was in time.

use jiff::Timestamp;

use super::tally::Tally;
use crate::ticket::{Ticket, TicketState};

/// Counts a ticket.
pub(super) fn tally(ticket: &Ticket, now: Timestamp, tally: &mut Tally) {
    let took = |at: Timestamp| {
        let seconds = at.duration_since(ticket.created_at).as_secs().max(0);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    };
    tally.opened += 1;
    tally.first_response.extend(ticket.responded_at.map(took));
    tally.claim.extend(ticket.claimed_at.map(took));
    let resolved_at = ticket.closed_at.filter(|_| ticket.state == TicketState::Resolved);
    tally.resolve.extend(resolved_at.map(took));
    let kept = tally.sla.entry(ticket.level).or_default();
    kept.responded.add(responded_in_time(ticket, now));
    kept.resolved.add(resolved_in_time(ticket, now));
}

/// `None` where the promise does not count.
fn responded_in_time(ticket: &Ticket, now: Timestamp) -> Option<bool> {
    let due = ticket.respond_due_at;
    if due > now || was_taken_back(ticket, due) {
        return None;
    }
    let first = [ticket.claimed_at, ticket.responded_at].into_iter().flatten().min();
    Some(first.is_some_and(|at| at <= due))
}

fn resolved_in_time(ticket: &Ticket, now: Timestamp) -> Option<bool> {
    let due = ticket.resolve_due_at?;
    if due > now || was_taken_back(ticket, due) {
        return None;
    }
    let is_done = matches!(ticket.state, TicketState::Resolved | TicketState::ReturnedToBot);
    Some(is_done && ticket.closed_at.is_some_and(|at| at <= due))
}

/// Given back to the bot before a person was due, and before one had anything to do with it: nothing was broken or kept.
fn was_taken_back(ticket: &Ticket, due: Timestamp) -> bool {
    let untouched = ticket.claimed_at.is_none() && ticket.responded_at.is_none();
    untouched && ticket.state == TicketState::ReturnedToBot && ticket.closed_at.is_some_and(|at| at <= due)
}
