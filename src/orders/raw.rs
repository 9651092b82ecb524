use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{AfterSales, AfterSalesKind, AfterSalesStep, Item, Order, OrderState};
use crate::shop::{MAX_GOODS, MAX_QUANTITY, Money};
use crate::text;

/// An order as written in a file or told by another system.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names of `Order`")]
pub struct RawOrder {
    pub number: String,
    #[serde(default)]
    pub customer: Option<String>,
    /// The last four digits, or the whole number, of which only these are kept.
    #[serde(default)]
    pub phone_last4: Option<String>,
    pub state: OrderState,
    pub placed_at: Timestamp,
    #[serde(default)]
    pub paid_at: Option<Timestamp>,
    #[serde(default)]
    pub dispatched_at: Option<Timestamp>,
    #[serde(default)]
    pub delivered_at: Option<Timestamp>,
    #[serde(default)]
    pub expected_on: Option<Date>,
    #[serde(default)]
    pub carrier: Option<String>,
    #[serde(default)]
    pub tracking: Option<String>,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub items: Vec<RawItem>,
    pub total: String,
    #[serde(default)]
    pub after_sales: Option<RawAfterSales>,
}

/// A line as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names of `Item`")]
pub struct RawItem {
    pub product: String,
    pub title: String,
    pub quantity: u32,
    pub price: String,
    #[serde(default)]
    pub category: Option<String>,
}

/// An after-sales case as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names of `AfterSales`")]
pub struct RawAfterSales {
    pub kind: AfterSalesKind,
    pub step: AfterSalesStep,
    pub since: Timestamp,
    #[serde(default)]
    pub amount: Option<String>,
}

/// Why an order is not taken. Names the field and what is allowed, never the value: it may be a customer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct BadOrder {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it, and what is allowed.
    pub problem: &'static str,
}

/// The longest number, id or title taken.
const LONGEST: usize = 200;

impl RawOrder {
    /// Checks an order.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(self) -> Result<Order, BadOrder> {
        let number = spelled("number", &self.number)?;
        let customer = self.customer.map(|customer| word("customer", customer)).transpose()?;
        let tracking = self.tracking.map(|tracking| spelled("tracking", &tracking)).transpose()?;
        let phone_last4 = self.phone_last4.map(|phone| last_four(&phone).ok_or(NO_PHONE)).transpose()?;
        let items: Vec<Item> = self.items.into_iter().map(RawItem::check).collect::<Result<_, _>>()?;
        if items.iter().fold(Money::default(), |sum, item| sum + item.price.times(item.quantity)) > MAX_GOODS {
            return Err(BadOrder { field: "items", problem: "must not cost more than 1000000000 yuan together" });
        }
        let after_sales = self.after_sales.map(RawAfterSales::check).transpose()?;
        Ok(Order {
            number,
            customer,
            phone_last4,
            state: self.state,
            placed_at: self.placed_at,
            paid_at: self.paid_at,
            dispatched_at: self.dispatched_at,
            delivered_at: self.delivered_at,
            expected_on: self.expected_on,
            carrier: self.carrier.map(|carrier| word("carrier", carrier)).transpose()?,
            tracking,
            region: self.region.map(|region| word("region", region)).transpose()?,
            items,
            total: money("total", &self.total)?,
            after_sales,
        })
    }
}

/// What [`RawOrder::check`] makes the same order of.
impl From<&Order> for RawOrder {
    fn from(order: &Order) -> Self {
        Self {
            number: order.number.clone(),
            customer: order.customer.clone(),
            phone_last4: order.phone_last4.clone(),
            state: order.state,
            placed_at: order.placed_at,
            paid_at: order.paid_at,
            dispatched_at: order.dispatched_at,
            delivered_at: order.delivered_at,
            expected_on: order.expected_on,
            carrier: order.carrier.clone(),
            tracking: order.tracking.clone(),
            region: order.region.clone(),
            items: order.items.iter().map(RawItem::from).collect(),
            total: order.total.to_string(),
            after_sales: order.after_sales.as_ref().map(RawAfterSales::from),
        }
    }
}

impl From<&Item> for RawItem {
    fn from(item: &Item) -> Self {
        Self {
            product: item.product.clone(),
            title: item.title.clone(),
            quantity: item.quantity,
            price: item.price.to_string(),
            category: item.category.clone(),
        }
    }
}

impl From<&AfterSales> for RawAfterSales {
    fn from(case: &AfterSales) -> Self {
        Self {
            kind: case.kind,
            step: case.step,
            since: case.since,
            amount: case.amount.map(|amount| amount.to_string()),
        }
    }
}

impl RawItem {
    fn check(self) -> Result<Item, BadOrder> {
        let price = money("price", &self.price)?;
        if !(1..=MAX_QUANTITY).contains(&self.quantity) {
            return Err(BadOrder { field: "quantity", problem: "must be from 1 to 100000" });
        }
        let (product, title) = (word("product", self.product)?, word("title", self.title)?);
        Ok(Item { product, title, quantity: self.quantity, price, category: self.category })
    }
}

impl RawAfterSales {
    fn check(self) -> Result<AfterSales, BadOrder> {
        let amount = self.amount.map(|amount| money("amount", &amount)).transpose()?;
        Ok(AfterSales { kind: self.kind, step: self.step, since: self.since, amount })
    }
}

fn money(field: &'static str, text: &str) -> Result<Money, BadOrder> {
    Money::parse(text.trim())
        .ok_or(BadOrder { field, problem: "is not a sum in yuan; written as 349 or 349.50, with at most two decimals" })
}

fn word(field: &'static str, text: String) -> Result<String, BadOrder> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(BadOrder { field, problem: "must have 1 to 200 characters; left out if there is none" });
    }
    Ok(text.to_owned())
}

/// A number as the shop writes it, in capitals. It is found however it is spelled: see [`text::key`].
fn spelled(field: &'static str, text: &str) -> Result<String, BadOrder> {
    let number = text.trim().to_ascii_uppercase();
    let fits = number.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if fits && number.len() <= 40 && text::key(&number).len() >= 4 {
        return Ok(number);
    }
    Err(BadOrder { field, problem: "must have 4 to 40 letters, digits and hyphens" })
}

const NO_PHONE: BadOrder =
    BadOrder { field: "phone_last4", problem: "must have at least the last four digits of the phone" };

/// The last four digits of a phone, as written anyhow; none if there are not as many.
#[must_use]
pub fn last_four(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    digits.len().checked_sub(4).map(|start| digits[start..].to_owned())
}
