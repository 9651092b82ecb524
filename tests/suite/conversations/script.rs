//! A conversation as a lead writes it down, and what is expected of each turn.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use triage::facts::ShopData;
use triage::incoming::{AttachmentKind, Context, Customer};
use triage::lookup::Lookup;
use triage::orders::{Access, Limits, Order, Orders, RawOrder};

/// The first message's time where a script says nothing: an ordinary Monday afternoon.
const CLOCK: &str = "2026-11-23T14:05:00+08:00";

/// The time between turns where a script says nothing: far from a burst.
const PAUSE: &str = "30s";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    #[expect(dead_code, reason = "for the reader of the file")]
    pub(super) title: String,
    #[serde(default)]
    clock: Option<String>,
    #[serde(default)]
    pub(super) customer: Option<Customer>,
    /// The shop's orders. Where there are none, no orders are connected.
    #[serde(default)]
    pub(super) orders: Option<Vec<RawOrder>>,
    /// Whether the shop's products are connected.
    #[serde(default)]
    pub(super) products: bool,
    pub(super) turns: Vec<Turn>,
}

/// What happens in a turn: one of the first seven.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    pub(super) say: Option<String>,
    pub(super) claim: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) release: Option<Value>,
    pub(super) resolve: Option<Value>,
    #[serde(rename = "return")]
    pub(super) give_back: Option<Value>,
    wait: Option<String>,
    after: Option<String>,
    pub(super) attach: Option<AttachmentKind>,
    pub(super) context: Option<Context>,
    #[serde(default)]
    pub(super) expect: Expected,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expected {
    pub(super) decision: Option<String>,
    pub(super) reason: OneOf,
    pub(super) reasons: Vec<String>,
    pub(super) not_reasons: Vec<String>,
    pub(super) intent: OneOf,
    pub(super) emotion: OneOf,
    pub(super) mood: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) level: Option<String>,
    pub(super) ticket: Option<String>,
    pub(super) has: OneOf,
    pub(super) has_not: OneOf,
    pub(super) lang: Option<String>,
    pub(super) choices: Vec<String>,
    pub(super) slots: BTreeMap<String, String>,
    pub(super) supersedes: Option<usize>,
    pub(super) new_words: Option<bool>,
    pub(super) offers_person: Option<bool>,
    pub(super) suggestions: Option<bool>,
    pub(super) respond_by: Option<String>,
    pub(super) events: Vec<String>,
}

/// One text or several.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOf {
    #[default]
    Nothing,
    One(String),
    Several(Vec<String>),
}

impl OneOf {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::Nothing => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

/// Orders as a script lists them.
struct Listed(Vec<Order>);

impl Orders for Listed {
    fn by_number(&self, number: &str) -> Lookup<Option<Order>> {
        let is_it = |order: &&Order| order.number == number || order.tracking.as_deref() == Some(number);
        Lookup::Now(Ok(self.0.iter().find(is_it).cloned()))
    }

    fn of_customer(&self, customer: &str) -> Lookup<Vec<Order>> {
        let own = self.0.iter().filter(|order| order.customer.as_deref() == Some(customer));
        Lookup::Now(Ok(own.cloned().collect()))
    }
}

impl Script {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        serde_norway::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The shop's data as the script tells them.
    pub(super) fn shop_data(&self) -> ShopData {
        let orders = self.orders.as_ref().map(|orders| {
            let orders = orders.iter().map(|order| order.clone().check().unwrap()).collect();
            Arc::new(Access::new(Arc::new(Listed(orders)), Limits::default()))
        });
        ShopData { orders, products: self.products.then(crate::products) }
    }

    pub(super) fn start(&self) -> Timestamp {
        self.clock.as_deref().unwrap_or(CLOCK).parse().unwrap()
    }
}

impl Turn {
    /// The time that passes before it.
    pub(super) fn pause(&self, is_first: bool) -> SignedDuration {
        match (&self.wait, &self.after) {
            (Some(time), _) | (None, Some(time)) => duration(time),
            (None, None) if is_first => SignedDuration::ZERO,
            (None, None) => duration(PAUSE),
        }
    }
}

/// `20s`, `11m5s`, `26h`.
fn duration(text: &str) -> SignedDuration {
    let mut sum = SignedDuration::ZERO;
    let mut number = 0_i64;
    for c in text.chars() {
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            digit => {
                let digit = digit.to_digit(10).unwrap_or_else(|| panic!("`{text}` is no span of time"));
                number = number * 10 + i64::from(digit);
                continue;
            }
        };
        sum += SignedDuration::from_secs(number * unit);
        number = 0;
    }
    sum
}
