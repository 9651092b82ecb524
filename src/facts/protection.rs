//! Whether the price of what was bought fell, and what comes back.

use serde_json::json;

use super::{Sheet, Sight, values};
use crate::calendar;
use crate::catalogue::Flag;
use crate::orders::{Item, Order};
use crate::shop::{Money, Protection};

/// Of several items, the one that fell most.
pub(super) fn facts(sight: &Sight<'_>, order: &Order, items: &[&Item], sheet: &mut Sheet) {
    let shop = sight.catalogue.shop();
    let rules = (&shop.returns, &shop.promotions);
    let asked = items.iter().filter_map(|item| {
        let product = sight.found.product(&item.product)?;
        let now = (product.price, product.category.as_str());
        Some((*item, product.price, order.protection(item, now, rules, sight.now)))
    });
    let Some((item, price, outcome)) = asked.max_by_key(|(.., outcome)| total(outcome)) else { return };
    let flag = match outcome {
        Protection::Back { .. } => Some(Flag::ProtectionDue),
        Protection::NotCheaper { .. } => Some(Flag::ProtectionNone),
        Protection::TooLate { .. } => Some(Flag::ProtectionTooLate),
        Protection::Timed => Some(Flag::ProtectionTimed),
        Protection::NotPaid | Protection::Cancelled => None,
    };
    if let Some(flag) = flag {
        sheet.flag(flag, true);
    }
    let (last_day, each) = match outcome {
        Protection::Back { last_day, difference, .. } => (Some(last_day), Some(difference)),
        Protection::NotCheaper { last_day, .. } | Protection::TooLate { last_day, .. } => (Some(last_day), None),
        Protection::Timed | Protection::NotPaid | Protection::Cancelled => (None, None),
    };
    let today = sight.now.date();
    sheet.group("protection", |english| {
        json!({
            "item": values::title(item, sight.found, english),
            "paid": item.price,
            "now": price,
            "each": each,
            "total": total(&outcome),
            "quantity": item.quantity,
            "last_day": last_day.map(|day| calendar::day(day, today, english)),
        })
    });
}

/// What comes back in all, if anything does.
fn total(outcome: &Protection) -> Option<Money> {
    match outcome {
        Protection::Back { total, .. } => Some(*total),
        _ => None,
    }
}
