//! Orders: who may see them, and where they come from.

pub(crate) mod access;
mod cli;

use triage::orders::{Order, RawOrder};

/// An order with the digits 3306, of a customer.
pub(crate) fn order(number: &str, customer: &str) -> Order {
    let raw = serde_json::json!({
        "number": number,
        "customer": customer,
        "phone_last4": "3306",
        "state": "dispatched",
        "placed_at": "2026-11-21T10:02:00+08:00",
        "tracking": format!("SF{number}"),
        "items": [{ "product": "QH-1001", "title": "纯棉四件套", "quantity": 1, "price": "399.00" }],
        "total": "349.00",
    });
    serde_json::from_value::<RawOrder>(raw).unwrap().check().unwrap()
}
