//! What the customer of an order may still ask for.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, Zoned};

use super::{AfterSales, AfterSalesStep, Item, Order, OrderState};
use crate::shop::{Exception, Freight, Money, Promotions, Protection, Reason, Returns, Window};

/// A wish to give an item back.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The item.
    pub item: &'a Item,
    /// Why.
    pub reason: Reason,
    /// Whether it was opened, if that is known.
    pub opened: Option<bool>,
    /// The customer's level, if there is one.
    pub member: Option<&'a str>,
    /// The product's category, for orders that do not name it.
    pub category: Option<&'a str>,
    /// Whether the product itself may go back without a reason, where that differs from its category.
    pub returnable: Option<bool>,
}

/// What the rules say to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'r> {
    /// It may go back.
    Allowed {
        /// The last day, which counts as a whole.
        last_day: Date,
        /// Days until then: none on the last day.
        days_left: u32,
        /// Who pays for sending it.
        freight: Freight,
    },
    /// The days are over.
    TooLate {
        /// What was the last day.
        last_day: Date,
        /// Days since then.
        days_over: u32,
    },
    /// Goods of this kind do not go back without a reason; the rule of the category, or none where it is the product's own.
    Excepted(Option<&'r Exception>),
    /// It depends on whether it was opened.
    AskOpened(&'r Exception),
    /// It has not arrived.
    NotReceived {
        /// It is on its way and can be refused at the door; else it can be cancelled.
        has_left: bool,
    },
    /// A case is open, or has settled it; where the shop's data say no more than that, without.
    AlreadyUnderWay(Option<AfterSales>),
    /// The order was cancelled.
    Cancelled,
    /// The shop's data lack what the rule needs.
    CannotTell(Lacking),
}

/// What the shop's data lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// When it was received.
    Receipt,
    /// A category that the shop's rules know.
    Category,
}

impl Order {
    /// Whether an item may go back. `today` is a moment in the shop's time zone.
    #[must_use]
    pub fn may_return<'r>(&self, claim: &Claim<'_>, returns: &'r Returns, today: &Zoned) -> Verdict<'r> {
        if self.state == OrderState::Cancelled {
            return Verdict::Cancelled;
        }
        if self.has_open_case() {
            return Verdict::AlreadyUnderWay(self.after_sales.clone());
        }
        match self.state {
            OrderState::Delivered | OrderState::Completed => {}
            state => return Verdict::NotReceived { has_left: state == OrderState::Dispatched },
        }
        let Some(received) = self.delivered_at else { return Verdict::CannotTell(Lacking::Receipt) };
        let received = received.to_zoned(today.time_zone().clone()).date();
        let window = returns.window(received, claim.reason, today.date());
        let rule = if claim.reason.is_the_shops() { Ok(None) } else { claim.rule(returns) };
        match (rule, window, claim.opened) {
            (Err(verdict), ..) => verdict,
            (Ok(_), Window::Over { last_day, days_over }, _) => Verdict::TooLate { last_day, days_over },
            (Ok(Some(rule)), _, None) => Verdict::AskOpened(rule),
            (Ok(Some(rule)), _, Some(true)) => Verdict::Excepted(Some(rule)),
            (Ok(_), Window::Open { last_day, days_left }, _) => {
                Verdict::Allowed { last_day, days_left, freight: returns.freight(claim.reason, claim.member) }
            }
        }
    }

    /// What comes back of an item that costs `price_now`, timed offers apart; of the category that the product is of now.
    /// `today` is a moment in the shop's time zone.
    #[must_use]
    pub fn protection(
        &self,
        item: &Item,
        (price_now, category): (Money, &str),
        (returns, promotions): (&Returns, &Promotions),
        today: &Zoned,
    ) -> Protection {
        if self.state == OrderState::Cancelled {
            return Protection::Cancelled;
        }
        let Some(paid_at) = self.paid_at.filter(|_| self.state != OrderState::AwaitingPayment) else {
            return Protection::NotPaid;
        };
        let local = |at: Timestamp| at.to_zoned(today.time_zone().clone());
        let found = returns.protection(local(paid_at).date(), (item.price, price_now), item.quantity, today.date());
        let categories = [item.category.as_deref().unwrap_or_default(), category];
        let timed = |at: DateTime| promotions.timed_price(&item.product, &categories, at);
        // Offers hold by the time of the order.
        let was_timed = || timed(local(self.placed_at).datetime()).is_some_and(|price| item.price <= price);
        let is_timed = || timed(today.datetime()).is_some_and(|price| price < item.price);
        match found {
            found if !returns.protection.not_for_timed => found,
            Protection::Back { .. } | Protection::NotCheaper { .. } if was_timed() => Protection::Timed,
            Protection::NotCheaper { .. } if is_timed() => Protection::Timed,
            found => found,
        }
    }

    /// Whether a case holds up others. One that is over does so only where it was about all that was bought: which units
    /// it was about, the data do not say, unless there is only one, or the money is that of all.
    fn has_open_case(&self) -> bool {
        let over = |case: &AfterSales| matches!(case.step, AfterSalesStep::Done | AfterSalesStep::Refused);
        let units: u64 = self.items.iter().map(|item| u64::from(item.quantity)).sum();
        let paid = self.items.iter().fold(Money::default(), |sum, item| sum + item.price.times(item.quantity));
        let was_all =
            |case: &AfterSales| units == 1 || case.amount.is_some_and(|amount| amount >= paid.min(self.total));
        match &self.after_sales {
            None => self.state == OrderState::AfterSales,
            Some(case) => self.state == OrderState::AfterSales || !over(case) || was_all(case),
        }
    }
}

impl Claim<'_> {
    /// The rule that depends on whether it was opened, or none; else the verdict.
    fn rule<'r>(&self, returns: &'r Returns) -> Result<Option<&'r Exception>, Verdict<'r>> {
        match self.returnable {
            Some(true) => return Ok(None),
            Some(false) => return Err(Verdict::Excepted(None)),
            None if returns.exceptions.is_empty() => return Ok(None),
            None => {}
        }
        let told = [self.item.category.as_deref(), self.category].into_iter().flatten();
        let Some(category) = told.into_iter().find(|category| returns.knows(category)) else {
            return Err(Verdict::CannotTell(Lacking::Category));
        };
        match returns.exception(category) {
            Some(rule) if !rule.once_opened => Err(Verdict::Excepted(Some(rule))),
            rule => Ok(rule),
        }
    }
}
