//! Orders from the shop's own system.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};

use super::line::{Line, Ticks};
use super::{Connector, Problem};
use crate::config::{MoneyUnit, OrdersHttp};
use crate::lookup::Lookup;
use crate::orders::{OF_CUSTOMER, Order, Orders};
use crate::shop::Money;
use crate::sources::{OpenError, read};

/// Fields of an order that are taken as they are.
const PLAIN: [&str; 5] = ["number", "customer", "phone_last4", "carrier", "tracking"];
const TIMES: [&str; 5] = ["placed_at", "paid_at", "dispatched_at", "delivered_at", "expected_on"];

/// The source.
pub(in crate::sources) struct HttpOrders {
    by_number: Connector<Option<Order>>,
    of_customer: Connector<Vec<Order>>,
}

impl HttpOrders {
    pub(in crate::sources) fn open(config: &OrdersHttp, zone: TimeZone, ticks: Ticks) -> Result<Self, OpenError> {
        let is_plain = config.order_url.is_plain() && config.customer_url.is_plain();
        let line = Line::open("orders", &config.connection, is_plain, ticks)?;
        let reader = Arc::new(Reader { config: config.clone(), zone });
        let single = Arc::clone(&reader);
        let one = move |value: &Value, _: &str| single.one(value);
        let many = move |value: &Value, customer: &str| reader.many(value, customer);
        Ok(Self {
            by_number: Connector::new(Arc::clone(&line), config.order_url.clone(), one),
            of_customer: Connector::new(line, config.customer_url.clone(), many),
        })
    }
}

impl Orders for HttpOrders {
    fn by_number(&self, number: &str) -> Lookup<Option<Order>> {
        // What cannot be a number is not asked for.
        let fits = (4..=40).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits { self.by_number.ask(number) } else { Lookup::Now(Ok(None)) }
    }

    fn of_customer(&self, customer: &str) -> Lookup<Vec<Order>> {
        self.of_customer.ask(customer)
    }
}

/// Finds our fields in their answers.
struct Reader {
    config: OrdersHttp,
    zone: TimeZone,
}

impl Reader {
    fn one(&self, answer: &Value) -> Result<Option<Order>, Problem> {
        let order = answer.pointer(self.config.fields.get("order"));
        match order {
            None => Err(Problem { field: "order".into(), problem: "is not where `fields` says" }),
            Some(Value::Null) => Ok(None),
            Some(order) => self.order(order).map(Some),
        }
    }

    /// Those that cannot be understood are left out, unless that leaves none.
    fn many(&self, answer: &Value, customer: &str) -> Result<Vec<Order>, Problem> {
        let Some(Value::Array(orders)) = answer.pointer(self.config.fields.get("orders")) else {
            return Err(Problem { field: "orders".into(), problem: "is not a list where `fields` says" });
        };
        let (mut found, mut last) = (Vec::new(), None);
        for order in orders {
            match self.order(order) {
                Ok(mut order) => {
                    // They were asked for by customer, so they need not say whose they are.
                    order.customer.get_or_insert_with(|| customer.to_owned());
                    found.push(order);
                }
                Err(problem) => {
                    tracing::warn!("an order of the shop's own system is left out: {problem}");
                    last = Some(problem);
                }
            }
        }
        found.sort_by_key(|order| std::cmp::Reverse(order.placed_at));
        found.truncate(OF_CUSTOMER);
        match last {
            Some(problem) if found.is_empty() => Err(problem),
            _ => Ok(found),
        }
    }

    fn order(&self, theirs: &Value) -> Result<Order, Problem> {
        let config = &self.config;
        let find = |name: &str| theirs.pointer(config.fields.get(name)).filter(|value| !value.is_null());
        let mut ours = Map::new();
        let put = |map: &mut Map<String, Value>, name: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(name.to_owned(), value);
            }
        };
        for name in PLAIN.into_iter().chain(["region"]) {
            put(&mut ours, name, find(name).cloned());
        }
        for name in TIMES {
            put(&mut ours, name, find(name).filter(|time| is_time(time)).cloned());
        }
        put(&mut ours, "state", find("state").map(|state| word(state, &config.states)));
        put(&mut ours, "total", find("total").map(|total| money(total, config.money)));
        if let Some(Value::Array(items)) = find("items") {
            ours.insert("items".to_owned(), items.iter().map(|item| self.item(item)).collect());
        }
        if let Some(kind) = find("after_sales_kind").filter(|kind| kind.as_str() != Some("")) {
            let mut case = Map::new();
            put(&mut case, "kind", Some(word(kind, &config.after_sales_kinds)));
            put(&mut case, "step", find("after_sales_step").map(|step| word(step, &config.after_sales_steps)));
            put(&mut case, "since", find("after_sales_since").cloned());
            put(&mut case, "amount", find("after_sales_amount").map(|amount| money(amount, config.money)));
            ours.insert("after_sales".to_owned(), Value::Object(case));
        }
        read::order(Value::Object(ours), &self.zone)
    }

    fn item(&self, theirs: &Value) -> Value {
        let mut ours = Map::new();
        for name in ["product", "title", "quantity", "price", "category"] {
            let found = theirs.pointer(self.config.fields.get(&format!("item_{name}")));
            if let Some(value) = found {
                let value = if name == "price" { money(value, self.config.money) } else { value.clone() };
                ours.insert(name.to_owned(), value);
            }
        }
        Value::Object(ours)
    }
}

/// Ours for a word of theirs; theirs if it is not named.
fn word<W: Serialize>(theirs: &Value, words: &BTreeMap<String, W>) -> Value {
    let key = match theirs {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    words.get(&key).and_then(|ours| serde_json::to_value(ours).ok()).unwrap_or(Value::String(key))
}

/// Many systems write something for a time that is not there.
fn is_time(time: &Value) -> bool {
    !(time.as_i64() == Some(0) || time.as_str().is_some_and(|text| text.trim() == "0" || text.starts_with("0000-")))
}

/// In yuan, as text. What is not money stays what it is, and is told of when it is read.
pub(super) fn money(theirs: &Value, unit: MoneyUnit) -> Value {
    let fen = match (unit, theirs) {
        (MoneyUnit::Fen, Value::Number(number)) => number.as_i64(),
        (MoneyUnit::Fen, Value::String(text)) => text.trim().parse().ok(),
        // A sum that a computer has worked with: exact to the fen, but not written so.
        (MoneyUnit::Yuan, Value::Number(number)) if number.is_f64() => {
            let yuan = number.as_f64().unwrap_or(f64::NAN);
            let near = Money::from_yuan(yuan);
            #[expect(clippy::cast_precision_loss, reason = "sums of money are far below that")]
            let is_exact = (near.fen() as f64 / 100.0 - yuan).abs() < 1e-6;
            is_exact.then(|| near.fen())
        }
        _ => None,
    };
    fen.map_or_else(|| theirs.clone(), |fen| Value::String(Money::from_fen(fen).to_string()))
}
