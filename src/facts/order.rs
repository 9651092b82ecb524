//! Which order a message is about, and whether the customer may see it.

use serde_json::json;

use super::found::{Asking, Pending};
use super::{Sheet, Sight, values};
use crate::calendar;
use crate::catalogue::Flag;
use crate::lookup::Unavailable;
use crate::orders::{AfterSales, AfterSalesKind, AfterSalesStep, Item, Order, OrderState, Proof, Scope, Seen};
use crate::products::is_same_id;
use crate::slots::Slots;

/// Own orders offered as choices, at most.
const CHOICES: usize = 5;

/// The order that a message is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OrderFound {
    /// Nothing was looked up: no topic of the message needs it.
    #[default]
    Unasked,
    /// No orders are connected, or they cannot be read now.
    Unavailable,
    /// It is not known which.
    Unnamed,
    /// One of these, all the customer's own.
    OneOf(Vec<Order>),
    /// The one with this number, once the customer has shown that they may see it.
    NeedsProof(String),
    /// There is no such order, or the digits given are not its own.
    Wrong,
    /// No digits are compared any more.
    Refused {
        /// Whether a person has to see to it: this conversation has guessed, or nobody has been told yet that so many do.
        needs_a_person: bool,
    },
    /// This one.
    Known {
        /// The order.
        order: Box<Order>,
        /// Whether the customer named it, or it is their only one.
        is_named: bool,
        /// Whether the digits given with this message opened it.
        is_proven_now: bool,
    },
}

impl OrderFound {
    /// The order, if the customer may see it.
    #[must_use]
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Known { order, .. } => Some(order),
            _ => None,
        }
    }
}

/// Finds the order that a message is about: the one that it names, or that was named before; of a verified customer the
/// open one, if there is only one, or the latest if all are done with.
pub(super) fn find(asking: &Asking<'_>, slots: &Slots) -> Result<OrderFound, Pending> {
    let Some(access) = &asking.data.orders else { return Ok(OrderFound::Unavailable) };
    if let Some(number) = slots.order_number.as_deref() {
        return Ok(seen(asking.order(access, number)?, number));
    }
    let Some(customer) = asking.viewer.customer else { return Ok(OrderFound::Unnamed) };
    let own = match asking.own(access, customer)? {
        Ok(orders) => orders,
        Err(_) => return Ok(OrderFound::Unavailable),
    };
    Ok(one_of(own, slots))
}

fn seen(seen: Result<Seen, Unavailable>, number: &str) -> OrderFound {
    match seen {
        Ok(Seen::Order(order, proof)) => {
            OrderFound::Known { order, is_named: true, is_proven_now: proof == Proof::Digits }
        }
        Ok(Seen::NeedsProof) => OrderFound::NeedsProof(number.to_owned()),
        Ok(Seen::Wrong { left: 0 }) => OrderFound::Refused { needs_a_person: true },
        Ok(Seen::Refused { is_first, scope }) => {
            OrderFound::Refused { needs_a_person: is_first || scope == Scope::Conversation }
        }
        Ok(Seen::Wrong { .. }) => OrderFound::Wrong,
        Err(_) => OrderFound::Unavailable,
    }
}

/// Of a customer's own orders, the latest first, those that a message without a number can mean.
fn one_of(own: Vec<Order>, slots: &Slots) -> OrderFound {
    let is_named = |item: &Item| slots.products.iter().any(|id| is_same_id(id, &item.product));
    let holds = |order: &&Order| order.items.iter().any(is_named);
    let with_product: Vec<Order> = own.iter().filter(holds).cloned().collect();
    let meant = if with_product.is_empty() { own } else { with_product };
    let mut open: Vec<Order> = meant.iter().filter(|order| order.state.is_open()).cloned().collect();
    let known = |order: Order| OrderFound::Known { order: Box::new(order), is_named: false, is_proven_now: false };
    match open.len() {
        0 => meant.into_iter().next().map_or(OrderFound::Unnamed, known),
        1 => known(open.remove(0)),
        _ => {
            open.truncate(CHOICES);
            OrderFound::OneOf(open)
        }
    }
}

/// What is so of the order that is known.
pub(super) fn facts(sight: &Sight<'_>, sheet: &mut Sheet) {
    sheet.flag(Flag::OrdersUnavailable, sight.found.order == OrderFound::Unavailable);
    let Some(order) = sight.found.order.order() else { return };
    let (shop, zone) = (sight.catalogue.shop(), sight.now.time_zone());
    let today = sight.now.date();
    let late = order.late(&shop.delivery, sight.now);
    let due = order.due(&shop.delivery, zone);
    let arrives = order.expected(&shop.delivery, zone).or(due.as_ref().and_then(|due| due.arrives));
    sheet.flag(Flag::OrderKnown, true);
    // A shop's data may lack what texts about this state name: then the state alone is told.
    let is_told = match order.state {
        OrderState::Paid | OrderState::AwaitingDispatch => due.is_some(),
        OrderState::Dispatched => arrives.is_some(),
        OrderState::Delivered => order.delivered_at.is_some(),
        OrderState::AfterSales => order.after_sales.is_some(),
        _ => true,
    };
    sheet.flag(state(order.state), is_told);
    sheet.flag(Flag::OrderTracked, order.tracking.is_some());
    sheet.flag(Flag::OrderLate, late.is_some());
    // The shop's own carrier has a name in both languages.
    let carrier = order.carrier.as_deref().filter(|name| *name != shop.carrier(false));
    sheet.group("order", |english| {
        let day_of = |at: jiff::Timestamp| calendar::day(at.to_zoned(zone.clone()).date(), today, english);
        json!({
            "number": order.number,
            "state": values::state(order.state, english),
            "items": values::items(&order.items, sight.found, english),
            "total": order.total,
            "carrier": carrier.unwrap_or_else(|| shop.carrier(english)),
            "tracking": order.tracking,
            "placed": day_of(order.placed_at),
            "delivered": order.delivered_at.map(day_of),
            "leaves_by": due.as_ref().map(|due| calendar::day(due.leaves.day, today, english)),
            "expected": arrives.map(|at| calendar::days(at.from, at.until, today, english)),
            "late_days": late.map(|late| late.days),
        })
    });
    if let Some(after) = &order.after_sales {
        after_sales(after, sight, sheet);
    }
}

fn after_sales(after: &AfterSales, sight: &Sight<'_>, sheet: &mut Sheet) {
    let gives_money = matches!(after.kind, AfterSalesKind::Return | AfterSalesKind::Refund);
    sheet.flag(Flag::AfterMoney, gives_money);
    sheet.flag(
        match after.step {
            AfterSalesStep::Requested => Flag::AfterRequested,
            AfterSalesStep::Approved => Flag::AfterApproved,
            AfterSalesStep::SentBack | AfterSalesStep::Received => Flag::AfterChecking,
            AfterSalesStep::Refunding => Flag::AfterRefunding,
            AfterSalesStep::Done => Flag::AfterDone,
            AfterSalesStep::Refused => Flag::AfterRefused,
        },
        true,
    );
    let since = after.since.to_zoned(sight.now.time_zone().clone());
    let is_agreed = matches!(after.step, AfterSalesStep::Approved | AfterSalesStep::Refunding);
    let refund = is_agreed.then(|| sight.catalogue.shop().returns.refund_by(&since));
    let today = sight.now.date();
    sheet.group("after", |english| {
        let day = |day| calendar::day(day, today, english);
        json!({
            "kind": values::kind(after.kind, english),
            "step": values::step(after.step, english),
            "since": day(since.date()),
            "amount": after.amount,
            "pay_by": refund.map(|refund| day(refund.paid_by)),
            "arrive_from": refund.map(|refund| day(refund.arrives.from)),
            "arrive_until": refund.map(|refund| day(refund.arrives.until)),
        })
    });
}

fn state(state: OrderState) -> Flag {
    match state {
        OrderState::AwaitingPayment => Flag::OrderAwaitingPayment,
        OrderState::Paid | OrderState::AwaitingDispatch => Flag::OrderNotSent,
        OrderState::Dispatched => Flag::OrderDispatched,
        OrderState::Delivered => Flag::OrderDelivered,
        OrderState::Completed => Flag::OrderCompleted,
        OrderState::Cancelled => Flag::OrderCancelled,
        OrderState::AfterSales => Flag::OrderAfterSales,
    }
}
