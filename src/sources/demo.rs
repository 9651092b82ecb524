//! Orders of a shop that does not exist, for a first look: their times are told from now, so that they never grow old.

use std::collections::HashMap;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Clock, OpenError};
use crate::lookup::Lookup;
use crate::orders::{
    AfterSalesKind, AfterSalesStep, OF_CUSTOMER, Order, OrderState, Orders, RawAfterSales, RawItem, RawOrder,
};
use crate::text;
use crate::yaml::{self, Document, Findings, Place};

/// As written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawDemo {
    orders: Vec<RawDemoOrder>,
}

/// An order whose times are spans from now, such as `2d 3h ago` or, to come, `1d`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawDemoOrder {
    number: String,
    customer: Option<String>,
    phone_last4: Option<String>,
    state: OrderState,
    placed: String,
    paid: Option<String>,
    dispatched: Option<String>,
    delivered: Option<String>,
    expected: Option<String>,
    carrier: Option<String>,
    tracking: Option<String>,
    region: Option<String>,
    #[serde(default)]
    items: Vec<RawDemoItem>,
    total: String,
    after_sales: Option<RawDemoCase>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawDemoItem {
    product: String,
    title: String,
    quantity: u32,
    price: String,
    category: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawDemoCase {
    kind: AfterSalesKind,
    step: AfterSalesStep,
    since: String,
    amount: Option<String>,
}

/// The source.
pub(super) struct Demo {
    orders: Vec<(Order, Moments)>,
    zone: TimeZone,
    clock: Clock,
}

/// The times of an order, from now.
struct Moments {
    placed: Span,
    paid: Option<Span>,
    dispatched: Option<Span>,
    delivered: Option<Span>,
    expected: Option<Span>,
    since: Option<Span>,
}

impl Demo {
    /// Reads and checks the file.
    pub(super) fn read(path: &Path, zone: TimeZone, clock: Clock) -> Result<Self, OpenError> {
        let mut findings = Findings::default();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read the demo's orders, `orders.demo`: {error}");
                findings.add(path, Place::START, "unreadable", message);
                return Err(findings.into());
            }
        };
        let Some((raw, document)) = yaml::read::<RawDemo>(path, &text, &mut findings) else {
            return Err(findings.sorted().into());
        };
        let now = clock();
        let mut lines = HashMap::new();
        let mut orders = Vec::new();
        for (at, raw) in raw.orders.into_iter().enumerate() {
            let site = Site { document: &document, at };
            let moments = site.moments(&raw, &mut findings);
            match raw.stamped(now).check() {
                Ok(order) => {
                    if let Some(line) = lines.insert(text::key(&order.number), site.place("number").line) {
                        let message = format!("this number was given before, in line {line}; numbers must differ");
                        findings.add(path, site.place("number"), "duplicate-number", message);
                    }
                    orders.extend(moments.map(|moments| (order, moments)));
                }
                Err(bad) => findings.add(path, site.place(bad.field), "bad-order", bad.to_string()),
            }
        }
        if findings.is_empty() { Ok(Self { orders, zone, clock }) } else { Err(findings.sorted().into()) }
    }

    /// To the second: nobody's order is placed at a millionth of one.
    fn now(&self) -> Zoned {
        let now = (self.clock)();
        Timestamp::from_second(now.as_second()).unwrap_or(now).to_zoned(self.zone.clone())
    }
}

impl Orders for Demo {
    fn by_number(&self, number: &str) -> Lookup<Option<Order>> {
        let found = self.orders.iter().find(|(order, _)| order.is_called(number));
        Lookup::Now(Ok(found.map(|(order, moments)| moments.of(order, &self.now()))))
    }

    fn of_customer(&self, customer: &str) -> Lookup<Vec<Order>> {
        let now = self.now();
        let theirs = self.orders.iter().filter(|(order, _)| order.customer.as_deref() == Some(customer));
        let mut theirs: Vec<Order> = theirs.map(|(order, moments)| moments.of(order, &now)).collect();
        theirs.sort_by_key(|order| std::cmp::Reverse(order.placed_at));
        theirs.truncate(OF_CUSTOMER);
        Lookup::Now(Ok(theirs))
    }
}

impl Moments {
    fn of(&self, order: &Order, now: &Zoned) -> Order {
        // A span that leaves the calendar was refused when the file was read, by this century's clock.
        let moment = |span: &Span| now.checked_add(*span).unwrap_or_else(|_| now.clone());
        let stamp = |span: &Option<Span>| span.as_ref().map(|span| moment(span).timestamp());
        let mut order = order.clone();
        order.placed_at = moment(&self.placed).timestamp();
        order.paid_at = stamp(&self.paid);
        order.dispatched_at = stamp(&self.dispatched);
        order.delivered_at = stamp(&self.delivered);
        order.expected_on = self.expected.as_ref().map(|span| moment(span).date());
        if let (Some(case), Some(since)) = (&mut order.after_sales, stamp(&self.since)) {
            case.since = since;
        }
        order
    }
}

/// An order in the file.
struct Site<'d> {
    document: &'d Document,
    at: usize,
}

impl Site<'_> {
    fn place(&self, key: &str) -> Place {
        self.document.place(&format!("/orders/{}/{key}", self.at))
    }

    fn span(&self, key: &str, text: &str, findings: &mut Findings) -> Option<Span> {
        let span: Option<Span> = text.parse().ok();
        // Whether it can be added to any moment of these years.
        let span = span.filter(|span| Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC).checked_add(*span).is_ok());
        if span.is_none() {
            let message = format!("`{text}` is not a time from now, such as `2d 3h ago` or, to come, `1d`");
            findings.add(&self.document.file, self.place(key), "bad-span", message);
        }
        span
    }

    fn moments(&self, raw: &RawDemoOrder, findings: &mut Findings) -> Option<Moments> {
        let problems = findings.len();
        let placed = self.span("placed", &raw.placed, findings);
        let mut span = |key, text: &Option<String>| text.as_ref().and_then(|text| self.span(key, text, findings));
        let moments = Moments {
            placed: placed?,
            paid: span("paid", &raw.paid),
            dispatched: span("dispatched", &raw.dispatched),
            delivered: span("delivered", &raw.delivered),
            expected: span("expected", &raw.expected),
            since: raw.after_sales.as_ref().and_then(|case| self.span("after_sales/since", &case.since, findings)),
        };
        (findings.len() == problems).then_some(moments)
    }
}

impl RawDemoOrder {
    /// With one time for all: they are told when somebody asks.
    fn stamped(self, now: Timestamp) -> RawOrder {
        let item = |RawDemoItem { product, title, quantity, price, category }| RawItem {
            product,
            title,
            quantity,
            price,
            category,
        };
        let case =
            |case: RawDemoCase| RawAfterSales { kind: case.kind, step: case.step, since: now, amount: case.amount };
        RawOrder {
            number: self.number,
            customer: self.customer,
            phone_last4: self.phone_last4,
            state: self.state,
            placed_at: now,
            paid_at: None,
            dispatched_at: None,
            delivered_at: None,
            expected_on: None,
            carrier: self.carrier,
            tracking: self.tracking,
            region: self.region,
            items: self.items.into_iter().map(item).collect(),
            total: self.total,
            after_sales: self.after_sales.map(case),
        }
    }
}

#[cfg(test)]
mod tests;
