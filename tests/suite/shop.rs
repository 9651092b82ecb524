//! What the shop's rules make of dates: tables of cases around every edge of the shipped `config/shop.yaml`, and what
//! holds for all of them.

mod delivery;
mod returns;

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use triage::catalogue::{Catalogue, Shop, Sources};
use triage::orders::{AfterSales, AfterSalesKind, AfterSalesStep, Item, Order, OrderState};
use triage::shop::Money;

use crate::shipped;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let (policy, shop) = (shipped("config/policy.yaml"), shipped("config/shop.yaml"));
    Catalogue::check(&Sources::read(&shipped("intents"), &policy, &shop).unwrap()).unwrap()
});

/// The shipped shop.
pub(crate) fn shop() -> &'static Shop {
    CATALOGUE.shop()
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

/// A moment in the shop: `2026-11-23T16:00`.
fn at(text: &str) -> Zoned {
    text.parse::<DateTime>().unwrap_or_else(|_| panic!("{text}")).to_zoned(zone()).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn stamp(text: &str) -> Option<Timestamp> {
    Some(at(text).timestamp())
}

/// One item of a category, placed and paid on 2026-11-10.
fn order(state: OrderState, category: Option<&str>) -> Order {
    Order {
        number: "202611100001".to_owned(),
        customer: None,
        phone_last4: None,
        state,
        placed_at: at("2026-11-10T10:00").timestamp(),
        paid_at: stamp("2026-11-10T10:05"),
        dispatched_at: None,
        delivered_at: None,
        expected_on: None,
        carrier: None,
        tracking: None,
        region: None,
        items: vec![item(category)],
        total: yuan("399"),
        after_sales: None,
    }
}

fn item(category: Option<&str>) -> Item {
    Item {
        product: "QH-1001".to_owned(),
        title: "纯棉四件套".to_owned(),
        quantity: 2,
        price: yuan("399"),
        category: category.map(str::to_owned),
    }
}

fn case(step: AfterSalesStep) -> Option<AfterSales> {
    Some(AfterSales { kind: AfterSalesKind::Return, step, since: at("2026-11-18T09:00").timestamp(), amount: None })
}
