use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A computed fact about a message, usable as a condition of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The region pays the surcharge.
    RemoteRegion,
    /// The region is not served.
    UnservedRegion,
    /// The amount ships free.
    FreeShipping,
    /// The amount alone reaches a promotion's threshold.
    TierReached,
    /// A further threshold is worth reaching for the amount alone.
    NextTier,
    /// What an order paid for now would be sent in a sales season, with its longer times.
    InSeason,
    /// The shop's orders cannot be asked, or there is nothing to ask.
    OrdersUnavailable,
    /// An order that the customer may see is known. So with every flag of an order.
    OrderKnown,
    /// It is not paid.
    OrderAwaitingPayment,
    /// It is paid and has not left.
    OrderNotSent,
    /// It is on its way.
    OrderDispatched,
    /// It has arrived.
    OrderDelivered,
    /// It is completed.
    OrderCompleted,
    /// It was cancelled.
    OrderCancelled,
    /// Something happens after the sale: a return, an exchange, a refund or a repair.
    OrderAfterSales,
    /// It should have left, or arrived, before today.
    OrderLate,
    /// Its tracking number is known.
    OrderTracked,
    /// The after-sales case gives money back: a return or a refund.
    AfterMoney,
    /// It was asked for and is being reviewed.
    AfterRequested,
    /// It was agreed to.
    AfterApproved,
    /// The goods are on their way back, or back and being checked.
    AfterChecking,
    /// The money is on its way.
    AfterRefunding,
    /// It is done.
    AfterDone,
    /// It was not agreed to.
    AfterRefused,
    /// The item may be returned today.
    ReturnAllowed,
    /// The days are over.
    ReturnTooLate,
    /// Its category may not be returned without a reason.
    ReturnExcepted,
    /// It depends on whether it was opened, which is not known.
    ReturnIfUnopened,
    /// It has not been received.
    ReturnNotReceived,
    /// A return, exchange or refund is under way.
    ReturnUnderWay,
    /// The items of the order differ in this.
    ReturnMixed,
    /// The sum that the message names is above what may be paid back where faulty goods are kept.
    AboveKeep,
    /// The goods are faulty, wrong or damaged.
    Faulty,
    /// The shop pays the freight back.
    FreightByShop,
    /// The price fell within the days, and a difference is due.
    ProtectionDue,
    /// The price has not fallen.
    ProtectionNone,
    /// The days are over.
    ProtectionTooLate,
    /// It was bought in a timed offer, or what is cheaper now is one.
    ProtectionTimed,
    /// A product is known. So with every flag of a product.
    ProductKnown,
    /// It is in stock.
    ProductAvailable,
    /// It is not, and comes back on a known day.
    ProductBack,
    /// It is not, and nobody knows when it comes back.
    ProductOut,
    /// It is made when ordered.
    ProductMade,
    /// It will not come back.
    ProductDiscontinued,
    /// The fact that is asked for is known.
    ProductFact,
    /// It comes in sizes.
    ProductSizes,
    /// A size fits the height and weight.
    SizeFits,
    /// A basket or an amount is known, and what it costs.
    BasketKnown,
    /// The coupons and products named leave more to say than an amount does.
    BasketItemised,
    /// What is to be paid for the basket is not the price of one thing: it holds several, or something comes off.
    BasketReckoned,
    /// The promotions named may be used together.
    StackingYes,
    /// They may not.
    StackingNo,
    /// A gift comes with the basket.
    GiftReached,
}

impl Flag {
    /// Whether this is told by the shop's own data, not by the message and the rules alone.
    #[must_use]
    pub fn is_looked_up(self) -> bool {
        let groups = ["order.", "after.", "return.", "protection.", "product."];
        let is_told = |name: &&str| groups.iter().any(|group| name.starts_with(group));
        self == Self::OrdersUnavailable || self.variables().iter().any(is_told)
    }

    /// What a template may name where this holds.
    #[must_use]
    pub fn variables(self) -> &'static [&'static str] {
        use Flag as F;
        match self {
            F::RemoteRegion | F::UnservedRegion | F::FreeShipping | F::OrdersUnavailable => &[],
            F::TierReached => &["promotion.off", "promotion.pays"],
            F::NextTier => &["promotion.next_from", "promotion.next_missing", "promotion.next_extra"],
            F::InSeason => &["delivery.season", "delivery.season_until"],
            F::OrderKnown
            | F::OrderAwaitingPayment
            | F::OrderNotSent
            | F::OrderDispatched
            | F::OrderDelivered
            | F::OrderCompleted
            | F::OrderCancelled
            | F::OrderLate => ORDER,
            F::OrderTracked => &["order.tracking"],
            F::OrderAfterSales
            | F::AfterMoney
            | F::AfterRequested
            | F::AfterApproved
            | F::AfterChecking
            | F::AfterRefunding
            | F::AfterDone
            | F::AfterRefused
            | F::ReturnUnderWay => AFTER,
            F::ReturnAllowed
            | F::ReturnTooLate
            | F::ReturnExcepted
            | F::ReturnIfUnopened
            | F::ReturnNotReceived
            | F::ReturnMixed
            | F::AboveKeep => RETURN,
            F::Faulty => &[],
            F::FreightByShop => RETURN,
            F::ProtectionDue | F::ProtectionNone | F::ProtectionTooLate | F::ProtectionTimed => PROTECTION,
            F::ProductKnown
            | F::ProductAvailable
            | F::ProductBack
            | F::ProductOut
            | F::ProductMade
            | F::ProductDiscontinued
            | F::ProductFact
            | F::ProductSizes
            | F::SizeFits => PRODUCT,
            F::BasketKnown | F::BasketItemised | F::BasketReckoned => BASKET,
            F::StackingYes | F::StackingNo => STACKING,
            F::GiftReached => &["basket.gift"],
        }
    }
}

/// What of the customer's own an answer tells of, where it is computed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Their order: its state, or what happens after the sale.
    Order,
    /// What they want to buy, and what it comes to.
    Basket,
    /// Promotions that they named, and whether they go together.
    Promotions,
    /// A product that they named or look at.
    Product,
    /// What may be done with the goods of their order.
    Goods,
    /// The place or the sum that they named.
    Named,
}

impl Subject {
    /// What an answer under these conditions tells of.
    #[must_use]
    pub fn of(flags: &[Flag], slots: &[String]) -> Option<Self> {
        let tells = |groups: &[&str]| {
            let is_told = |name: &&str| groups.iter().any(|group| name.starts_with(group));
            flags.iter().any(|flag| flag.variables().iter().any(is_told))
        };
        match () {
            () if tells(&["return.", "protection."]) => Some(Self::Goods),
            () if tells(&["basket.", "promotion."]) => Some(Self::Basket),
            () if tells(&["order.", "after."]) => Some(Self::Order),
            () if tells(&["stacking."]) => Some(Self::Promotions),
            () if tells(&["product."]) => Some(Self::Product),
            () if slots.iter().any(|name| name == "region" || name == "amount") => Some(Self::Named),
            () => None,
        }
    }

    /// Whether answers to different intents that tell of it tell the same, so that one of them is enough.
    #[must_use]
    pub fn is_told_once(self) -> bool {
        matches!(self, Self::Order | Self::Basket)
    }
}

const ORDER: &[&str] = &[
    "order.number",
    "order.state",
    "order.items",
    "order.total",
    "order.carrier",
    "order.tracking",
    "order.placed",
    "order.leaves_by",
    "order.expected",
    "order.delivered",
    "order.late_days",
];

const AFTER: &[&str] = &[
    "order.number",
    "order.items",
    "order.total",
    "after.kind",
    "after.step",
    "after.since",
    "after.amount",
    "after.pay_by",
    "after.arrive_from",
    "after.arrive_until",
];

const RETURN: &[&str] = &[
    "order.number",
    "order.items",
    "order.expected",
    "return.item",
    "return.last_day",
    "return.days_left",
    "return.days_over",
    "return.rule",
    "return.freight",
    "return.keep_at_most",
    "return.lines",
];

const PROTECTION: &[&str] = &[
    "order.number",
    "protection.item",
    "protection.paid",
    "protection.now",
    "protection.each",
    "protection.total",
    "protection.quantity",
    "protection.last_day",
];

const PRODUCT: &[&str] = &[
    "product.id",
    "product.title",
    "product.price",
    "product.stock",
    "product.back",
    "product.sizes",
    "product.fact_name",
    "product.fact",
    "product.facts",
    "product.size",
];

const BASKET: &[&str] = &["basket.goods", "basket.slip", "basket.off", "basket.pays", "basket.total"];

const STACKING: &[&str] = &["stacking.first", "stacking.second", "stacking.why"];
