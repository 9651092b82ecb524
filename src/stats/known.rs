//! What is known of conversations before their turns are read.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::store::Conversation;
use crate::ticket::{Ticket, TicketState};

/// A ticket is taken to be opened this much later than it says: a store may keep the time of a message less exactly than that
/// of the ticket that it opened, or more, and the ticket must not come before its message.
const SLACK: SignedDuration = SignedDuration::from_secs(1);

/// Conversations by id.
#[derive(Default)]
pub(super) struct Known {
    conversations: HashMap<String, About>,
    customers: HashMap<String, u32>,
}

/// What is known of one.
#[derive(Default)]
pub(super) struct About {
    /// The customer's number.
    pub(super) customer: Option<u32>,
    pub(super) is_closed: bool,
    /// 1 to 5, and when.
    pub(super) rating: Option<(u8, Timestamp)>,
    /// In order of time, once taken.
    pub(super) tickets: Vec<Opened>,
}

/// A ticket as its conversation sees it.
pub(super) struct Opened {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) reason: String,
    pub(super) is_resolved: bool,
}

impl Known {
    pub(super) fn conversation(&mut self, conversation: Conversation) {
        let Conversation { id, customer_id, closed_at, rating, rated_at, .. } = conversation;
        let next = u32::try_from(self.customers.len()).unwrap_or(u32::MAX);
        let about = self.conversations.entry(id).or_default();
        about.customer = customer_id.map(|customer| *self.customers.entry(customer).or_insert(next));
        about.is_closed = closed_at.is_some();
        about.rating = rating.zip(rated_at);
    }

    pub(super) fn ticket(&mut self, ticket: Ticket) {
        let is_resolved = ticket.state == TicketState::Resolved;
        let Ticket { id, conversation_id, created_at, reason, .. } = ticket;
        let at = created_at.checked_add(SLACK).unwrap_or(created_at);
        let about = self.conversations.entry(conversation_id).or_default();
        about.tickets.push(Opened { id, at, reason, is_resolved });
    }

    /// What is known of a conversation; nothing more is, from then on.
    pub(super) fn take(&mut self, id: &str) -> About {
        let mut about = self.conversations.remove(id).unwrap_or_default();
        about.tickets.sort_by_key(|ticket| ticket.at);
        about
    }
}

impl About {
    /// Whether a ticket was opened before this moment. One that is not known was opened before all that is.
    pub(super) fn is_older(&self, ticket: &str, at: Timestamp) -> bool {
        self.tickets.iter().find(|opened| opened.id == ticket).is_none_or(|opened| opened.at < at)
    }
}
