use jiff::Zoned;
use jiff::civil::Date;

use super::days::{Closed, after, days_between};
use super::{Arrival, Money};

/// What may be given back, until when, who pays for it, and when the money is there.
#[derive(Debug, Clone)]
pub struct Returns {
    /// Days from receipt in which goods go back without a reason; the day of receipt does not count.
    pub days: u32,
    /// The same for goods that are faulty, damaged or not what was ordered.
    pub faulty_days: u32,
    /// Goods without these days.
    pub exceptions: Vec<Exception>,
    /// Levels for which the shop pays the freight of a change of mind.
    pub free_for_members: Vec<String>,
    /// At most this share of what was paid comes back when a faulty item is kept.
    pub keep_percent: u32,
    /// Working days from approval to payment.
    pub pay_days: u32,
    /// Working days on the way back to the account: the first and the last.
    pub arrive_days: (u32, u32),
    /// Days on which nobody works, beside weekends.
    pub closed: Closed,
    /// Price protection.
    pub protection: ProtectionRule,
    /// Categories of goods, by id; empty where the shop names none.
    pub categories: Vec<Category>,
}

/// Goods that do not go back without a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The category, by id.
    pub category: String,
    /// In Chinese, as customers are told.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Only once they are opened.
    pub once_opened: bool,
}

/// A kind of goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
}

/// When a price that fell is paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectionRule {
    /// Days from payment; the day of payment does not count.
    pub days: u32,
    /// Not for what was bought in a timed offer, and not against one.
    pub not_for_timed: bool,
}

/// A number of days after a day, seen from today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// It runs.
    Open {
        /// The last day, which counts as a whole.
        last_day: Date,
        /// Days until then: none on the last day.
        days_left: u32,
    },
    /// It is over.
    Over {
        /// What was the last day.
        last_day: Date,
        /// Days since then.
        days_over: u32,
    },
}

/// Who pays for sending goods back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freight {
    /// The shop.
    Shop,
    /// The customer.
    Customer,
}

/// Why goods go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No reason is needed.
    ChangeOfMind,
    /// They do not work as they should.
    Faulty,
    /// They are not what was ordered.
    Wrong,
    /// They came damaged.
    Damaged,
}

impl Reason {
    /// Whether the shop has to answer for it.
    #[must_use]
    pub fn is_the_shops(self) -> bool {
        self != Self::ChangeOfMind
    }
}

/// When refunded money is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refund {
    /// The last day on which it is paid.
    pub paid_by: Date,
    /// When it arrives, if it is paid on that day.
    pub arrives: Arrival,
}

/// A price that fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// The difference comes back.
    Back {
        /// The last day to ask for it.
        last_day: Date,
        /// Days until then.
        days_left: u32,
        /// For one.
        difference: Money,
        /// For all.
        total: Money,
    },
    /// The price is what was paid, or more.
    NotCheaper {
        /// The last day to ask, should it fall.
        last_day: Date,
        /// Days until then.
        days_left: u32,
    },
    /// Too many days have passed.
    TooLate {
        /// What was the last day.
        last_day: Date,
        /// Days since then.
        days_over: u32,
    },
    /// It was bought in a timed offer, or only a timed offer costs less.
    Timed,
    /// It is not paid.
    NotPaid,
    /// It was cancelled.
    Cancelled,
}

impl Window {
    /// So many days after a day that does not count itself.
    #[must_use]
    pub fn of(first: Date, days: u32, today: Date) -> Self {
        let last_day = after(first, days);
        let left = days_between(today, last_day);
        let count = u32::try_from(left.unsigned_abs()).unwrap_or(u32::MAX);
        if left >= 0 { Self::Open { last_day, days_left: count } } else { Self::Over { last_day, days_over: count } }
    }
}

impl Returns {
    /// The rule that keeps goods of a category from going back without a reason.
    #[must_use]
    pub fn exception(&self, category: &str) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| exception.category == category)
    }

    /// Whether the shop knows a category. One that it does not know may hide an exception.
    #[must_use]
    pub fn knows(&self, category: &str) -> bool {
        self.categories.iter().any(|known| known.id == category)
    }

    /// The days in which goods received then may go back.
    #[must_use]
    pub fn window(&self, received: Date, reason: Reason, today: Date) -> Window {
        let days = if reason.is_the_shops() { self.faulty_days } else { self.days };
        Window::of(received, days, today)
    }

    /// Who pays for sending goods back, for a customer of this level.
    #[must_use]
    pub fn freight(&self, reason: Reason, member: Option<&str>) -> Freight {
        let is_free = member.is_some_and(|level| self.free_for_members.iter().any(|free| free == level));
        if reason.is_the_shops() || is_free { Freight::Shop } else { Freight::Customer }
    }

    /// The most that comes back of what was paid when a faulty item is kept, down to the fen.
    #[must_use]
    pub fn keep_at_most(&self, paid: Money) -> Money {
        Money::from_fen(paid.fen().max(0).saturating_mul(i64::from(self.keep_percent)) / 100)
    }

    /// When money is there that was approved at a moment in the shop's time zone.
    #[must_use]
    pub fn refund_by(&self, approved_at: &Zoned) -> Refund {
        let paid_by = self.closed.working_days_after(approved_at.date(), self.pay_days);
        let later = |days| self.closed.working_days_after(paid_by, days);
        Refund { paid_by, arrives: Arrival { from: later(self.arrive_days.0), until: later(self.arrive_days.1) } }
    }

    /// What comes back of a price that fell: what was paid for one, what one costs now, and how many there are.
    #[must_use]
    pub fn protection(&self, paid_on: Date, (paid, now): (Money, Money), quantity: u32, today: Date) -> Protection {
        match Window::of(paid_on, self.protection.days, today) {
            Window::Over { last_day, days_over } => Protection::TooLate { last_day, days_over },
            Window::Open { last_day, days_left } if now >= paid => Protection::NotCheaper { last_day, days_left },
            Window::Open { last_day, days_left } => {
                let difference = paid - now;
                Protection::Back { last_day, days_left, difference, total: difference.times(quantity) }
            }
        }
    }
}
