//! Who may see which order.

use std::sync::Arc;

use jiff::Timestamp;
use subtle::{Choice, ConstantTimeEq};

use super::tries::{Keys, Tried, Tries};
use super::{Limits, Order, Orders, Scope};
use crate::lookup::Lookup;

/// Orders of a customer that are shown.
const OWN: usize = 20;

/// The only way from a customer to an order: nobody sees another one's.
///
/// An order is shown to the verified customer who placed it, and to whoever has given the last four digits of its phone.
/// Everybody else is asked for these digits, in the same way whether there is such an order or not. Wrong digits are counted
/// against [`Limits`]; at a limit nothing is compared any more. With the limits as shipped, at most 200 wrong digits are
/// compared in a day, each of which had a chance of 1 in 10,000: whoever guesses at full speed for a day opens one order
/// with a chance of at most 2 %, whatever they spread it over, and the shop hears of it in the first hour.
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
    /// Whether this conversation has given the right digits for this number before.
    pub is_proven: bool,
    /// The conversation, if it has a name.
    pub conversation: Option<&'a str>,
    /// Wrong tries of this conversation so far, as it remembers them itself.
    pub wrong: u32,
}

/// What a viewer gets to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The order.
    Order(Box<Order>),
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
    /// anything either. For a verified customer it has to be: the order may be theirs.
    #[must_use]
    pub fn see(&self, number: &str, viewer: Viewer<'_>, now: Timestamp) -> Lookup<Seen> {
        // One form for the source and for counting: no other spelling gets tries of its own.
        let number = number.trim().to_ascii_uppercase();
        let digits = viewer.digits.and_then(four);
        let keys = self.tries.keys(&number, viewer.customer, viewer.conversation, viewer.wrong);
        let may_be_shown = viewer.is_proven || viewer.customer.is_some();
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
            is_proven: viewer.is_proven,
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
            orders.truncate(OWN);
            orders
        })
    }
}

/// What is decided once the source has answered.
struct Question {
    tries: Arc<Tries>,
    customer: Option<String>,
    is_proven: bool,
    number: String,
    digits: Option<[u8; 4]>,
    keys: Keys,
    now: Timestamp,
}

impl Question {
    fn settle(self, order: Option<Order>) -> Seen {
        // A source that errs proves nothing: only the order that was named is shown.
        let order =
            order.filter(|order| order.number == self.number || order.tracking.as_deref() == Some(&self.number));
        let is_own = |order: &Order| self.customer.is_some() && order.customer == self.customer;
        let order = match order {
            Some(order) if self.is_proven || is_own(&order) => return Seen::Order(Box::new(order)),
            other => other,
        };
        let Some(digits) = self.digits else { return Seen::NeedsProof };
        let own_name = order.as_ref().filter(|order| order.number != self.number);
        let own_name = own_name.map(|order| self.tries.key(&order.number));
        let tried = self.tries.attempt(&self.keys, own_name, self.now, || is_right(digits, order.as_ref()));
        seen(tried, order)
    }
}

/// Only who has the order can say that it was right.
fn seen(tried: Tried, order: Option<Order>) -> Seen {
    match (tried, order) {
        (Tried::Right, Some(order)) => Seen::Order(Box::new(order)),
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

fn four(digits: &str) -> Option<[u8; 4]> {
    let digits: [u8; 4] = digits.trim().as_bytes().try_into().ok()?;
    digits.iter().all(u8::is_ascii_digit).then_some(digits)
}
