//! Who may see which order.

use std::sync::Arc;

use jiff::Timestamp;
use subtle::{Choice, ConstantTimeEq};

use super::tries::{Keys, Tried, Tries};
use super::{Limits, OF_CUSTOMER, Order, Orders, Scope, last_four};
use crate::lookup::Lookup;
use crate::text;

/// The only way from a customer to an order: nobody sees another one's.
///
/// An order is shown to the verified customer who placed it, and to whoever has given the last four digits of its phone.
/// Everybody else is asked for these digits, in the same way whether there is such an order or not. Wrong digits are counted
/// against [`Limits`]; at a limit nothing is compared any more. With the limits as shipped, at most 200 wrong digits are
/// compared in a day, each of which had a chance of 1 in 10,000: whoever guesses at full speed for a day opens one order
/// with a chance of at most 2 %, whatever they spread it over, and the shop hears of it in the first hour.
///
/// The counts are those of one process, and in memory: each process counts for itself, and a restart begins anew. Only what
/// a conversation has tried wrongly is remembered beyond that, by the conversation ([`Viewer::wrong`]).
pub struct Access {
    orders: Arc<dyn Orders>,
    tries: Arc<Tries>,
}

/// Who asks for an order, and what they have shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Viewer<'a> {
    /// The shop's id of the customer, only if the gateway vouches for it.
    pub customer: Option<&'a str>,
    /// The last four digits of a phone, as given. Anything but four digits counts as none.
    pub digits: Option<&'a str>,
    /// Numbers of the orders that this conversation has given the right digits for before.
    pub proven: &'a [String],
    /// The conversation, if it has a name.
    pub conversation: Option<&'a str>,
    /// Wrong tries of this conversation so far, as it remembers them itself.
    pub wrong: u32,
    /// Whether nobody hears what is seen: then nothing is counted, and no limit is told as reached.
    pub is_trial: bool,
}

/// How a viewer has shown that they may see an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It is theirs.
    Owner,
    /// By the digits given now.
    Digits,
    /// By digits given earlier in the conversation.
    Earlier,
}

/// What a viewer gets to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The order, and why it may be seen.
    Order(Box<Order>, Proof),
    /// Nothing without the digits. Says nothing about whether there is such an order.
    NeedsProof,
    /// Nothing: no order has this number and these digits. Counted.
    Wrong {
        /// How many wrong tries this conversation has left. After the last one, further digits are refused.
        left: u32,
    },
    /// Nothing: the digits were not even compared, since a limit is reached.
    Refused {
        /// Whether nobody has been told yet that this limit is reached in this window: time for an event.
        is_first: bool,
        /// Which limit.
        scope: Scope,
    },
}

impl Access {
    /// Guards a source.
    #[must_use]
    pub fn new(orders: Arc<dyn Orders>, limits: Limits) -> Self {
        Self { orders, tries: Arc::new(Tries::new(limits)) }
    }

    /// The order with this number or tracking number, if the viewer may see it.
    ///
    /// The source is not asked for a viewer who has shown nothing, nor for one who is refused, so that no delay tells them
    /// anything either. For a verified customer, and for who has opened an order before, it has to be: it may be that one.
    #[must_use]
    pub fn see(&self, number: &str, viewer: Viewer<'_>, now: Timestamp) -> Lookup<Seen> {
        let number = number.trim().to_ascii_uppercase();
        let digits = viewer.digits.and_then(four);
        // By its key: no other spelling gets tries of its own.
        let keys = self.tries.keys(&text::key(&number), &viewer);
        let may_be_shown = !viewer.proven.is_empty() || viewer.customer.is_some();
        match digits {
            None if !may_be_shown => return Lookup::Now(Ok(Seen::NeedsProof)),
            Some(_) if !may_be_shown => {
                if let Some(refused) = self.tries.refusal(&keys, now) {
                    return Lookup::Now(Ok(seen(refused, None)));
                }
            }
            _ => {}
        }
        let found = self.orders.by_number(&number);
        let question = Question {
            tries: Arc::clone(&self.tries),
            customer: viewer.customer.map(str::to_owned),
            proven: viewer.proven.iter().map(|number| text::key(number)).collect(),
            number,
            digits,
            keys,
            now,
        };
        found.map(move |order| question.settle(order))
    }

    /// The orders of a verified customer, the latest first.
    #[must_use]
    pub fn own(&self, customer: &str) -> Lookup<Vec<Order>> {
        let owner = customer.to_owned();
        self.orders.of_customer(customer).map(move |mut orders| {
            // A source that errs shows nobody what is not theirs.
            orders.retain(|order| order.customer.as_deref() == Some(&*owner));
            orders.sort_by_key(|order| std::cmp::Reverse(order.placed_at));
            orders.truncate(OF_CUSTOMER);
            orders
        })
    }
}

/// What is decided once the source has answered.
struct Question {
    tries: Arc<Tries>,
    customer: Option<String>,
    /// By their keys.
    proven: Vec<String>,
    number: String,
    digits: Option<[u8; 4]>,
    keys: Keys,
    now: Timestamp,
}

impl Question {
    fn settle(self, order: Option<Order>) -> Seen {
        // A source that errs proves nothing: only the order that was named is shown.
        let order = order.filter(|order| order.is_called(&self.number));
        let key = order.as_ref().map(|order| text::key(&order.number)).unwrap_or_default();
        let order = match order {
            Some(order) if self.customer.is_some() && order.customer == self.customer => {
                return Seen::Order(Box::new(order), Proof::Owner);
            }
            Some(order) if self.proven.contains(&key) => return Seen::Order(Box::new(order), Proof::Earlier),
            other => other,
        };
        let Some(digits) = self.digits else { return Seen::NeedsProof };
        let own_name = order.as_ref().filter(|_| key != text::key(&self.number)).map(|_| self.tries.key(&key));
        let tried = self.tries.attempt(&self.keys, own_name, self.now, || is_right(digits, order.as_ref()));
        seen(tried, order)
    }
}

/// Only who has the order can say that it was right.
fn seen(tried: Tried, order: Option<Order>) -> Seen {
    match (tried, order) {
        (Tried::Right, Some(order)) => Seen::Order(Box::new(order), Proof::Digits),
        (Tried::Right, None) => Seen::NeedsProof,
        (Tried::Wrong { left }, _) => Seen::Wrong { left },
        (Tried::Refused { is_first, scope }, _) => Seen::Refused { is_first, scope },
    }
}

/// Compares with something in any case, and for as long: that there is no order, or that it has no phone, does not show.
fn is_right(digits: [u8; 4], order: Option<&Order>) -> bool {
    let known = order.and_then(|order| order.phone_last4.as_deref()).and_then(four);
    let is_known = Choice::from(u8::from(known.is_some()));
    bool::from(digits.ct_eq(&known.unwrap_or_default()) & is_known)
}

/// Four digits and nothing else.
fn four(digits: &str) -> Option<[u8; 4]> {
    let digits = digits.trim();
    last_four(digits).filter(|four| four == digits)?.as_bytes().try_into().ok()
}
