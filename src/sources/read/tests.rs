use serde_json::json;

use super::*;

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn with(changes: Value) -> Value {
    let mut order = json!({
        "number": "202611210007", "state": "paid", "placed_at": "2026-11-21T10:02:00+08:00", "total": "349.00",
    });
    for (key, value) in changes.as_object().unwrap() {
        order[key] = value.clone();
    }
    order
}

#[test]
fn what_others_write_is_understood() {
    let read = order(
        with(json!({
            "number": 202_611_210_007_i64,
            "placed_at": "2026-11-21 10:02:00",
            "paid_at": 1_795_226_580,
            "dispatched_at": 1_795_226_580_000_i64,
            "delivered_at": "1795226580",
            "expected_on": "2026-11-24 23:30:00",
            "customer": " u-12 ",
            "tracking": "",
            "carrier": null,
            "phone_last4": "13800003306",
            "total": 349.5,
            "items": [{ "product": "QH-1001", "title": "纯棉四件套", "quantity": "2", "price": 399 }],
        })),
        &zone(),
    )
    .unwrap();
    assert_eq!(read.number, "202611210007");
    assert_eq!(read.placed_at.to_string(), "2026-11-21T02:02:00Z");
    let paid = "2026-11-21T02:03:00Z".parse().ok();
    assert_eq!((read.paid_at, read.dispatched_at, read.delivered_at), (paid, paid, paid));
    assert_eq!(read.expected_on.unwrap().to_string(), "2026-11-24");
    assert_eq!(read.customer.as_deref(), Some("u-12"));
    assert_eq!((read.tracking, read.carrier), (None, None));
    assert_eq!(read.phone_last4.as_deref(), Some("3306"));
    assert_eq!((read.total.to_string(), read.items[0].quantity), ("349.5".into(), 2));
}

fn item(quantity: u32, price: &str) -> Value {
    json!({ "product": "a", "title": "b", "quantity": quantity, "price": price })
}

/// However it is written, `expected_on` is the day in the shop's time zone.
#[test]
fn a_day_may_be_told_as_a_moment() {
    for day in [
        json!("2026-11-24"),
        json!(" 2026-11-24 "),
        json!("2026-11-24 23:30:00"),
        json!("2026-11-23T16:30:00Z"),
        json!("2026-11-23T20:30:00-04:00"),
        json!("1795500000"),
        json!(1_795_500_000),
        json!("1795500000000"),
    ] {
        let read = order(with(json!({ "expected_on": day })), &zone()).unwrap();
        assert_eq!(read.expected_on.unwrap().to_string(), "2026-11-24", "{day}");
    }
    assert_eq!(order(with(json!({ "expected_on": "2026-13-24" })), &zone()).unwrap_err().field, "expected_on");
}

/// Each with its field, and never with the value.
#[test]
fn problems_name_the_field_and_no_value() {
    for (changes, field, part) in [
        (json!({ "number": "秘密" }), "number", "letters, digits"),
        (json!({ "number": null }), "number", "is missing"),
        (json!({ "state": "秘密" }), "state", "awaiting_payment"),
        (json!({ "placed_at": "秘密" }), "placed_at", "not a time"),
        (json!({ "placed_at": " " }), "placed_at", "is missing"),
        (json!({ "paid_at": true }), "paid_at", "not a time"),
        (json!({ "expected_on": "秘密" }), "expected_on", "not a day"),
        (json!({ "total": "秘密" }), "total", "sum in yuan"),
        (json!({ "total": 1.005 }), "total", "sum in yuan"),
        (json!({ "customer": ["秘密"] }), "customer", "plain text"),
        (json!({ "items": "秘密" }), "items", "list of items"),
        (
            json!({ "items": [{ "product": "a", "title": "b", "quantity": "秘密", "price": "1" }] }),
            "items.quantity",
            "whole number",
        ),
        (json!({ "items": [item(0, "1")] }), "quantity", "from 1 to 100000"),
        (json!({ "items": [item(100_001, "1")] }), "quantity", "from 1 to 100000"),
        (json!({ "items": [item(100_000, "10000.01")] }), "items", "1000000000 yuan"),
        (json!({ "items": [{ "秘密": 1 }] }), "items.…", "not a field"),
        (json!({ "items": [{ "product": "秘密" }] }), "items", "product, title, quantity"),
        (json!({ "after_sales": { "kind": "秘密", "step": "done", "since": 1 } }), "after_sales.kind", "exchange"),
        (json!({ "after_sales": { "kind": "return" } }), "after_sales", "must have kind, step"),
        (json!({ "colour": "秘密" }), "colour", "not a field"),
    ] {
        let problem = order(with(changes.clone()), &zone()).unwrap_err();
        assert_eq!(problem.field, field, "{changes}: {problem}");
        assert!(problem.problem.contains(part), "{changes}: {problem}");
        assert!(!problem.to_string().contains("秘密"), "{changes}: {problem}");
    }
    assert_eq!(order(json!([1]), &zone()).unwrap_err().field, "order");
}
