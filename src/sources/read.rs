//! Orders as others write them: JSON of our names, more lenient than what we write, and no value in any message.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::orders::{BadOrder, Order, RawOrder};

/// Why an order cannot be taken. Names the field and what is allowed, never a value: it may be a customer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct Problem {
    /// Which field, such as `items.price`.
    pub field: Cow<'static, str>,
    /// What is wrong with it, and what is allowed.
    pub problem: &'static str,
}

impl From<BadOrder> for Problem {
    fn from(BadOrder { field, problem }: BadOrder) -> Self {
        Self { field: field.into(), problem }
    }
}

/// What an order has.
pub(super) const FIELDS: &[&str] = &[
    "number",
    "customer",
    "phone_last4",
    "state",
    "placed_at",
    "paid_at",
    "dispatched_at",
    "delivered_at",
    "expected_on",
    "carrier",
    "tracking",
    "region",
    "items",
    "total",
    "after_sales",
];
const OF_ITEM: &[&str] = &["product", "title", "quantity", "price", "category"];
/// What an after-sales case has.
pub(super) const OF_CASE: &[&str] = &["kind", "step", "since", "amount"];

/// Fields without which no order can be read.
pub(super) const NEEDED: [&str; 4] = ["number", "state", "placed_at", "total"];

/// Reads an order. Beyond what [`RawOrder`] takes: times without a zone are the shop's, a Unix time is one, numbers stand for
/// text where text is meant, and what is empty is left out.
pub(super) fn order(value: Value, zone: &TimeZone) -> Result<Order, Problem> {
    let Value::Object(mut order) = value else {
        return Err(Problem { field: "order".into(), problem: "is not an object with the fields of an order" });
    };
    tidy(&mut order, "", FIELDS, zone)?;
    if let Some(Value::Array(items)) = order.get_mut("items") {
        for item in items {
            if let Value::Object(item) = item {
                tidy(item, "items.", OF_ITEM, zone)?;
            }
        }
    }
    if let Some(Value::Object(case)) = order.get_mut("after_sales") {
        tidy(case, "after_sales.", OF_CASE, zone)?;
    }
    for needed in NEEDED {
        if !order.contains_key(needed) {
            return Err(Problem { field: needed.into(), problem: "is missing" });
        }
    }
    let raw: RawOrder =
        serde_path_to_error::deserialize(Value::Object(order)).map_err(|error| explained(error.path()))?;
    Ok(raw.check()?)
}

fn tidy(object: &mut Map<String, Value>, prefix: &str, known: &[&str], zone: &TimeZone) -> Result<(), Problem> {
    object.retain(|_, value| !(value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())));
    for (key, value) in object.iter_mut() {
        if !known.contains(&key.as_str()) {
            let key = if is_plain(key) { key.as_str() } else { "…" };
            return Err(Problem {
                field: format!("{prefix}{key}").into(),
                problem: "is not a field of an order; see docs/orders.md",
            });
        }
        match key.as_str() {
            "since" => moment(value, zone),
            key if key.ends_with("_at") => moment(value, zone),
            "expected_on" => day(value, zone),
            "quantity" => count(value),
            _ => text(value),
        }
    }
    Ok(())
}

/// Whether a key looks like a name of ours. Others could be anything, and are not repeated.
pub(super) fn is_plain(key: &str) -> bool {
    (1..=40).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn text(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::String(number.to_string()),
        Value::String(text) if text.trim().len() != text.len() => *value = Value::String(text.trim().to_owned()),
        _ => {}
    }
}

fn count(value: &mut Value) {
    if let Some(count) = value.as_str().and_then(|text| text.trim().parse::<u32>().ok()) {
        *value = count.into();
    }
}

/// What cannot be read stays as it is, and is told of when the order is read.
fn moment(value: &mut Value, zone: &TimeZone) {
    if let Some(moment) = timestamp(value, zone) {
        *value = Value::String(moment.to_string());
    }
}

/// A day written as one is its own beginning in the zone, and so that day again.
fn day(value: &mut Value, zone: &TimeZone) {
    if let Some(moment) = timestamp(value, zone) {
        *value = Value::String(moment.to_zoned(zone.clone()).date().to_string());
    }
}

/// A moment in one of the forms that systems use.
pub(super) fn timestamp(value: &Value, zone: &TimeZone) -> Option<Timestamp> {
    /// Whoever counts beyond this counts milliseconds.
    const SECONDS: i64 = 100_000_000_000;
    let unix = |count: i64| match count {
        ..SECONDS => Timestamp::from_second(count).ok(),
        _ => Timestamp::from_millisecond(count).ok(),
    };
    match value {
        Value::Number(number) => unix(number.as_i64()?),
        Value::String(text) => {
            let text = text.trim();
            let local = || zone.to_timestamp(text.parse::<DateTime>().ok()?).ok();
            let counted = || unix(text.parse().ok().filter(|count| *count > 100_000_000)?);
            text.parse::<Timestamp>().ok().or_else(counted).or_else(local)
        }
        _ => None,
    }
}

/// What serde says of a value shows it; this does not.
fn explained(path: &serde_path_to_error::Path) -> Problem {
    use serde_path_to_error::Segment;
    let keys = path.iter().filter_map(|segment| match segment {
        Segment::Map { key } => Some(key.as_str()),
        _ => None,
    });
    let field = keys.collect::<Vec<_>>().join(".");
    let problem = match field.as_str() {
        "state" => {
            "must be one of awaiting_payment, paid, awaiting_dispatch, dispatched, delivered, completed, cancelled, after_sales"
        }
        "after_sales.kind" => "must be one of return, exchange, refund, repair",
        "after_sales.step" => "must be one of requested, approved, sent_back, received, refunding, done, refused",
        "expected_on" => "is not a day such as 2026-11-24",
        "items.quantity" => "is not a whole number",
        "items" => "must be a list of items, each with product, title, quantity and price",
        "after_sales" => "must have kind, step and since",
        field if field.ends_with("_at") || field.ends_with(".since") => {
            "is not a time such as 2026-11-21T10:02:00+08:00, or 2026-11-21 10:02:00 in the shop's time zone"
        }
        _ => "must be plain text",
    };
    Problem { field: if field.is_empty() { "order".into() } else { field.into() }, problem }
}

#[cfg(test)]
mod tests;
