//! Orders as the shop's data hold them, and who may see them.

mod access;
mod due;
mod raw;
mod rights;
mod tries;

use jiff::Timestamp;
use jiff::civil::Date;

pub use self::access::{Access, Proof, Seen, Viewer};
pub use self::due::{Late, Missed};
pub use self::raw::{BadOrder, RawAfterSales, RawItem, RawOrder, last_four};
pub use self::rights::{Claim, Lacking, Verdict};
pub use self::tries::{Limits, Scope};
use crate::lookup::Lookup;
use crate::shop::Money;
use crate::text;

/// Orders of a customer that are told at most, the latest first.
pub const OF_CUSTOMER: usize = 20;

/// One order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The shop's number as the shop writes it, in capitals.
    pub number: String,
    /// The shop's id of the customer who placed it.
    pub customer: Option<String>,
    /// The last four digits of the phone given at ordering: the second proof. No more of it is kept.
    pub phone_last4: Option<String>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it left.
    pub dispatched_at: Option<Timestamp>,
    /// When it was received.
    pub delivered_at: Option<Timestamp>,
    /// The day of arrival that was promised, in the shop's time zone.
    pub expected_on: Option<Date>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number, in capitals.
    pub tracking: Option<String>,
    /// Where it goes, as the shop writes it: province and city, no more.
    pub region: Option<String>,
    /// What was bought.
    pub items: Vec<Item>,
    /// What was paid, shipping included.
    pub total: Money,
    /// A return, an exchange, a refund or a repair under way or done.
    pub after_sales: Option<AfterSales>,
}

impl Order {
    /// Whether this is its number, or its tracking number, however it is spelled.
    #[must_use]
    pub fn is_called(&self, number: &str) -> bool {
        let key = text::key(number);
        [Some(&self.number), self.tracking.as_ref()].into_iter().flatten().any(|own| text::key(own) == key)
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's own names")]
pub enum OrderState {
    AwaitingPayment,
    Paid,
    AwaitingDispatch,
    Dispatched,
    Delivered,
    Completed,
    Cancelled,
    AfterSales,
}

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::AwaitingPayment,
        Self::Paid,
        Self::AwaitingDispatch,
        Self::Dispatched,
        Self::Delivered,
        Self::Completed,
        Self::Cancelled,
        Self::AfterSales,
    ];

    /// Whether something is still to come of it.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled)
    }
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The product's id.
    pub product: String,
    /// Its title as it was sold.
    pub title: String,
    /// How many, from 1 to [`crate::shop::MAX_QUANTITY`].
    pub quantity: u32,
    /// What was paid for one.
    pub price: Money,
    /// The product's category, as `config/shop.yaml` names it.
    pub category: Option<String>,
}

/// What happens after the sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterSales {
    /// What was asked for.
    pub kind: AfterSalesKind,
    /// How far it is.
    pub step: AfterSalesStep,
    /// Since when.
    pub since: Timestamp,
    /// The money that goes back, if any does.
    pub amount: Option<Money>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's own names")]
pub enum AfterSalesKind {
    Return,
    Exchange,
    Refund,
    Repair,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterSalesStep {
    /// The customer has asked; it is being reviewed.
    Requested,
    /// It was agreed to.
    Approved,
    /// The goods are on their way back.
    SentBack,
    /// The goods are back, and are being checked.
    Received,
    /// The money is on its way.
    Refunding,
    /// All is done.
    Done,
    /// It was not agreed to.
    Refused,
}

/// Where orders are kept. Tells everything to whoever asks: who may see it is decided before a customer does.
pub trait Orders: Send + Sync {
    /// The order with this number, or with this tracking number: in capitals, with or without the hyphens that the shop writes.
    fn by_number(&self, number: &str) -> Lookup<Option<Order>>;

    /// The orders of a customer, by the shop's id, the latest first; [`OF_CUSTOMER`] at most.
    fn of_customer(&self, customer: &str) -> Lookup<Vec<Order>>;
}
