//! Whether an item of an order may go back, and whether a difference is due.

use serde_json::json;

use super::{Found, Sheet, Sight, values};
use crate::calendar;
use crate::catalogue::Flag;
use crate::orders::{Claim, Item, Order, Verdict};
use crate::shop::{Effect, Freight, Money, Protection, Reason};

/// What the rules say to giving the goods of the order back.
pub(super) fn facts(sight: &Sight<'_>, sheet: &mut Sheet) {
    let is_faulty = sight.scene.reason.is_some_and(Reason::is_the_shops);
    sheet.flag(Flag::Faulty, is_faulty);
    let Some(order) = sight.found.order.order() else { return };
    let named: Vec<&Item> = order.items.iter().filter(|item| sight.slots.products.contains(&item.product)).collect();
    let items: Vec<&Item> = if named.is_empty() { order.items.iter().collect() } else { named };
    let verdicts: Vec<(&Item, Verdict<'_>)> = items.iter().map(|item| (*item, verdict(sight, order, item))).collect();
    let Some((item, first)) = verdicts.first() else { return };
    let differ = verdicts.iter().any(|(_, other)| flag(other) != flag(first));
    sheet.flag(Flag::ReturnMixed, differ);
    if let Some(flag) = flag(first).filter(|_| !differ) {
        sheet.flag(flag, true);
    }
    let by_shop = matches!(first, Verdict::Allowed { freight: Freight::Shop, .. });
    sheet.flag(Flag::FreightByShop, by_shop && !differ);
    let paid = items.iter().fold(Money::default(), |sum, item| sum + times(item.price, item.quantity));
    let returns = &sight.catalogue.shop().returns;
    let today = sight.now.date();
    sheet.group("return", |english| {
        let day = |day| calendar::day(day, today, english);
        let (mut last_day, mut days_left, mut days_over, mut rule) = (None, None, None, None);
        match first {
            Verdict::Allowed { last_day: last, days_left: left, .. } => (last_day, days_left) = (Some(*last), Some(*left)),
            Verdict::TooLate { last_day: last, days_over: over } => (last_day, days_over) = (Some(*last), Some(*over)),
            Verdict::Excepted(Some(exception)) | Verdict::AskOpened(exception) => rule = Some((if english { &exception.en } else { &exception.zh }).clone()),
            Verdict::Excepted(None) => rule = Some(values::title(item, sight.found, english).to_owned()),
            _ => {}
        }
        json!({
            "item": items.iter().map(|item| values::title(item, sight.found, english)).collect::<Vec<_>>().join(if english { ", " } else { "、" }),
            "last_day": last_day.map(day),
            "days_left": days_left,
            "days_over": days_over,
            "rule": rule,
            "freight": if by_shop { if english { "the shop" } else { "店铺" } } else if english { "you" } else { "您" },
            "keep_at_most": returns.keep_at_most(paid),
            "lines": lines(&verdicts, sight.found, today, english),
        })
    });
    protection(sight, order, &items, sheet);
}

fn verdict<'a>(sight: &Sight<'a>, order: &Order, item: &Item) -> Verdict<'a> {
    let product = sight.found.product(&item.product);
    let claim = Claim {
        item,
        reason: sight.scene.reason.unwrap_or(Reason::ChangeOfMind),
        opened: sight.slots.opened,
        member: sight.scene.tier.as_deref(),
        category: product.map(|product| product.category.as_str()),
        returnable: product.and_then(|product| product.returnable),
    };
    order.may_return(&claim, &sight.catalogue.shop().returns, sight.now)
}

fn flag(verdict: &Verdict<'_>) -> Option<Flag> {
    match verdict {
        Verdict::Allowed { .. } => Some(Flag::ReturnAllowed),
        Verdict::TooLate { .. } => Some(Flag::ReturnTooLate),
        Verdict::Excepted(_) => Some(Flag::ReturnExcepted),
        Verdict::AskOpened(_) => Some(Flag::ReturnIfUnopened),
        Verdict::NotReceived { .. } => Some(Flag::ReturnNotReceived),
        Verdict::AlreadyUnderWay(Some(_)) => Some(Flag::ReturnUnderWay),
        // A person knows more than the data.
        Verdict::AlreadyUnderWay(None) | Verdict::Cancelled | Verdict::CannotTell(_) => None,
    }
}

/// One line for each item.
fn lines(verdicts: &[(&Item, Verdict<'_>)], found: &Found, today: jiff::civil::Date, english: bool) -> String {
    let line = |(item, verdict): &(&Item, Verdict<'_>)| {
        let title = values::title(item, found, english);
        match (verdict, english) {
            (Verdict::Allowed { last_day, .. }, false) => {
                format!("{title}：{}前可以退", calendar::day(*last_day, today, false))
            }
            (Verdict::Allowed { last_day, .. }, true) => {
                format!("{title}: can go back until {}", calendar::day(*last_day, today, true))
            }
            (Verdict::AskOpened(_), false) => format!("{title}：未拆封可以退"),
            (Verdict::AskOpened(_), true) => format!("{title}: can go back if unopened"),
            (_, false) => format!("{title}：不支持无理由退货"),
            (_, true) => format!("{title}: cannot go back without a reason"),
        }
    };
    verdicts.iter().map(line).collect::<Vec<_>>().join(if english { "; " } else { "；" })
}

/// Whether the price of an item fell, and what comes back. Of several items, the one that fell most.
fn protection(sight: &Sight<'_>, order: &Order, items: &[&Item], sheet: &mut Sheet) {
    let returns = &sight.catalogue.shop().returns;
    let now_costs = |item: &Item| sight.found.product(&item.product).map(|product| product.price);
    let asked = items.iter().filter_map(|item| {
        let price = now_costs(item)?;
        let is_timed = price >= item.price && timed_price(sight, item).is_some_and(|timed| timed <= item.price);
        Some((*item, price, order.protection(item, (price, is_timed), returns, sight.now)))
    });
    let worth = |protection: &Protection| match protection {
        Protection::Back { total, .. } => *total,
        _ => Money::default(),
    };
    let Some((item, price, outcome)) = asked.max_by_key(|(_, _, protection)| worth(protection)) else { return };
    let (last_day, each, total) = match outcome {
        Protection::Back { last_day, difference, total, .. } => (Some(last_day), Some(difference), Some(total)),
        Protection::NotCheaper { last_day, .. } | Protection::TooLate { last_day, .. } => (Some(last_day), None, None),
        Protection::Timed | Protection::NotPaid | Protection::Cancelled => (None, None, None),
    };
    sheet.flag(Flag::ProtectionDue, matches!(outcome, Protection::Back { .. }));
    sheet.flag(Flag::ProtectionNone, matches!(outcome, Protection::NotCheaper { .. }));
    sheet.flag(Flag::ProtectionTooLate, matches!(outcome, Protection::TooLate { .. }));
    sheet.flag(Flag::ProtectionTimed, matches!(outcome, Protection::Timed));
    let today = sight.now.date();
    sheet.group("protection", |english| {
        json!({
            "item": values::title(item, sight.found, english),
            "paid": item.price,
            "now": price,
            "each": each,
            "total": total,
            "quantity": item.quantity,
            "last_day": last_day.map(|day| calendar::day(day, today, english)),
        })
    });
}

/// What the item costs in a timed offer, if there is one.
fn timed_price(sight: &Sight<'_>, item: &Item) -> Option<Money> {
    let rules = sight.catalogue.shop().promotions.rules().iter();
    rules.filter(|rule| rule.only.holds(Some(&item.product), item.category.as_deref())).find_map(|rule| {
        match rule.effect {
            Effect::Price(price) => Some(price),
            _ => None,
        }
    })
}

fn times(price: Money, quantity: u32) -> Money {
    Money::from_fen(price.fen().saturating_mul(i64::from(quantity)))
}
