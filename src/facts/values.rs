//! Facts as texts name them. What is not known has no name here: a text that names it all the same cannot be put into words,
//! and the message goes to a person.

use serde_json::{Value, json};

use super::{Found, Sheet, Sight};
use crate::calendar;
use crate::catalogue::Flag;
use crate::orders::{AfterSalesKind, AfterSalesStep, Item, Order, OrderState};
use crate::slots;

/// What the message tells, and what sending something there costs and takes.
pub(super) fn slots(sight: &Sight<'_>, sheet: &mut Sheet) {
    let (shop, slots, today) = (sight.catalogue.shop(), sight.slots, sight.now.date());
    let quote = shop.shipping.quote(slots.region, slots.amount);
    let promise = shop.delivery.promise(sight.now, slots.region);
    sheet.flag(Flag::RemoteRegion, quote.is_remote);
    sheet.flag(Flag::UnservedRegion, quote.is_unserved);
    sheet.flag(Flag::FreeShipping, quote.is_free);
    sheet.flag(Flag::InSeason, promise.leaves.season.is_some());
    sheet.group("slots", |english| {
        let filled =
            slots::NAMES.into_iter().filter_map(|name| Some((name.to_owned(), slots.shown(name, english)?.into())));
        Value::Object(filled.collect())
    });
    sheet.group(
        "quote",
        |_| json!({ "fee": quote.fee, "missing": quote.missing, "free_from": shop.shipping.free_from }),
    );
    if let Some(next) = shop.next_member_day(today) {
        sheet.group("member_day", |english| json!({ "next": calendar::day(next, today, english) }));
    }
    sheet.group("delivery", |english| {
        let day = |day| calendar::day(day, today, english);
        let arrives = promise.arrives.filter(|_| slots.region.is_some());
        json!({
            "leaves_by": day(promise.leaves.day),
            "from": arrives.map(|at| day(at.from)),
            "until": arrives.map(|at| day(at.until)),
            "season": promise.leaves.season.map(|season| season.name(english)),
            "season_until": promise.leaves.season.map(|season| day(season.until())),
        })
    });
}

/// An order in a list of orders to choose from: its number, what was bought, where it stands.
#[must_use]
pub fn in_a_list(order: &Order, english: bool) -> String {
    let (bought, state) = (items(&order.items, &Found::default(), english), state(order.state, english));
    match (bought.is_empty(), english) {
        (true, false) => format!("{}（{state}）", order.number),
        (true, true) => format!("{} ({state})", order.number),
        (false, false) => format!("{}（{bought}，{state}）", order.number),
        (false, true) => format!("{} ({bought}, {state})", order.number),
    }
}

/// An order as agents' screens get it: facts, not words.
pub(super) fn of_order(order: &Order) -> Value {
    without_nulls(json!({
        "number": order.number,
        "state": order.state,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "dispatched_at": order.dispatched_at,
        "expected_on": order.expected_on,
        "delivered_at": order.delivered_at,
        "carrier": order.carrier,
        "tracking": order.tracking,
        "items": items(&order.items, &Found::default(), false),
        "total": order.total,
        "after_sales": order.after_sales.as_ref().map(|after| without_nulls(json!({
            "kind": after.kind,
            "step": after.step,
            "since": after.since,
            "amount": after.amount,
        }))),
    }))
}

/// An item as it was sold; in English as the product is called, where that was looked up.
pub(super) fn title<'a>(item: &'a Item, found: &'a Found, english: bool) -> &'a str {
    match found.product(&item.product) {
        Some(product) if english => &product.title_en,
        _ => &item.title,
    }
}

/// What is bought: 纯棉四件套×1、全棉毛巾×3.
pub(super) fn items(items: &[Item], found: &Found, english: bool) -> String {
    let one = |item: &Item| match (english, item.quantity) {
        (_, 1) => title(item, found, english).to_owned(),
        (false, count) => format!("{}×{count}", title(item, found, false)),
        (true, count) => format!("{count} × {}", title(item, found, true)),
    };
    items.iter().map(one).collect::<Vec<_>>().join(if english { ", " } else { "、" })
}

pub(super) fn state(state: OrderState, english: bool) -> &'static str {
    let (zh, en) = match state {
        OrderState::AwaitingPayment => ("待付款", "awaiting payment"),
        OrderState::Paid => ("已付款", "paid"),
        OrderState::AwaitingDispatch => ("待发货", "awaiting dispatch"),
        OrderState::Dispatched => ("已发货", "dispatched"),
        OrderState::Delivered => ("已签收", "delivered"),
        OrderState::Completed => ("已完成", "completed"),
        OrderState::Cancelled => ("已取消", "cancelled"),
        OrderState::AfterSales => ("售后处理中", "in after-sales"),
    };
    if english { en } else { zh }
}

pub(super) fn kind(kind: AfterSalesKind, english: bool) -> &'static str {
    let (zh, en) = match kind {
        AfterSalesKind::Return => ("退货", "return"),
        AfterSalesKind::Exchange => ("换货", "exchange"),
        AfterSalesKind::Refund => ("退款", "refund"),
        AfterSalesKind::Repair => ("维修", "repair"),
    };
    if english { en } else { zh }
}

pub(super) fn step(step: AfterSalesStep, english: bool) -> &'static str {
    let (zh, en) = match step {
        AfterSalesStep::Requested => ("审核中", "under review"),
        AfterSalesStep::Approved => ("已通过审核", "approved"),
        AfterSalesStep::SentBack => ("商品寄回途中", "on its way back to us"),
        AfterSalesStep::Received => ("仓库验收中", "being checked in our warehouse"),
        AfterSalesStep::Refunding => ("退款处理中", "being refunded"),
        AfterSalesStep::Done => ("已完成", "done"),
        AfterSalesStep::Refused => ("未通过审核", "not approved"),
    };
    if english { en } else { zh }
}

/// Only what is known.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}
