use std::collections::HashSet;
use std::fmt;

use jiff::{Timestamp, Zoned};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::products::Product;
use crate::region;
use crate::shop::{Basket, BasketError, LEVELS, Line, MAX_LINES, Money, Promotions};

/// A basket to be worked out.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// The goods, up to 200 lines; either these or `amount`.
    #[serde(default)]
    pub basket: Vec<QuoteItem>,
    /// What unnamed goods cost together, in yuan.
    #[serde(default)]
    pub amount: Option<Yuan>,
    /// Ids of the rules whose coupons the customer holds.
    #[serde(default)]
    #[schema(examples(json!(["shop_coupon"])))]
    pub coupons: Vec<String>,
    /// The customer's level, such as `gold`.
    #[serde(default)]
    #[schema(examples("gold"))]
    pub member: Option<String>,
    /// Where the order goes: a province, a city or a county. Without it shipping is left out.
    #[serde(default)]
    #[schema(examples("浙江"))]
    pub region: Option<String>,
    /// The moment of the order; now if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime, examples("2026-11-21T10:30:00+08:00"))]
    pub at: Option<Timestamp>,
}

impl QuoteRequest {
    /// Products whose price or category is left to the shop's data: each once, however it is written.
    pub(crate) fn unpriced(&self) -> Result<Vec<&str>, QuoteRequestError> {
        self.check_lines()?;
        let is_open = |item: &&QuoteItem| item.price.is_none() || item.category.is_none();
        let ids = self.basket.iter().filter(is_open).filter_map(|item| item.product.as_deref()).map(str::trim);
        let mut seen = HashSet::new();
        Ok(ids.filter(|id| seen.insert(id.to_ascii_uppercase())).collect())
    }

    /// Said before anything is looked up.
    fn check_lines(&self) -> Result<(), QuoteRequestError> {
        match self.basket.len() {
            ..=MAX_LINES => Ok(()),
            lines => Err(BasketError::Lines(lines).into()),
        }
    }
}

/// So many of one product.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteItem {
    /// The product's id.
    #[serde(default)]
    #[schema(examples("QH-2001"))]
    pub product: Option<String>,
    /// How many.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100_000, default = 1)]
    pub quantity: u32,
    /// What one costs, in yuan; what the product costs if left out.
    #[serde(default)]
    pub price: Option<Yuan>,
    /// Its category; the product's if left out.
    #[serde(default)]
    pub category: Option<String>,
}

fn one() -> u32 {
    1
}

/// A sum in yuan, read exactly from a number or a text with at most two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, examples("399.00"))]
pub struct Yuan(pub Money);

/// Why a request for a quote is refused. Names the field and what is allowed, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuoteRequestError {
    /// Nothing to work out, or two things.
    #[error("`basket` or `amount` must be given, and not both")]
    Goods,
    /// An item without a product and without a price.
    #[error("`basket[{0}]`: `product` or `price` must be given")]
    Item(usize),
    /// A product that is not known here.
    #[error("`basket[{0}].price`: the product is not known here; give what one costs in yuan")]
    Price(usize),
    /// No rule has this coupon.
    #[error("`coupons[{at}]`: unknown coupon; allowed: {allowed}")]
    Coupon {
        /// Which.
        at: usize,
        /// The ids of those that there are.
        allowed: String,
    },
    /// No such level.
    #[error("`member`: unknown level; allowed: {0}")]
    Member(String),
    /// No such place.
    #[error(
        "`region`: unknown place; a province, city or county of China in Chinese or English is allowed, such as 浙江"
    )]
    Region,
    /// A basket larger than baskets are.
    #[error("`basket`: {0}")]
    Basket(#[from] BasketError),
}

impl QuoteRequest {
    /// The basket that is asked for.
    pub(super) fn basket(
        &self,
        promotions: &Promotions,
        find: &dyn Fn(&str) -> Option<Product>,
        now: &Zoned,
    ) -> Result<Basket, QuoteRequestError> {
        self.check_lines()?;
        let known: Vec<&str> = promotions.coupons().map(|rule| rule.id.as_str()).collect();
        if let Some(at) = self.coupons.iter().position(|coupon| !known.contains(&coupon.as_str())) {
            let allowed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(QuoteRequestError::Coupon { at, allowed });
        }
        if self.member.as_ref().is_some_and(|member| !LEVELS.contains(&member.as_str())) {
            return Err(QuoteRequestError::Member(LEVELS.join(", ")));
        }
        let region = match &self.region {
            None => None,
            Some(name) => Some(region::by_name(name).ok_or(QuoteRequestError::Region)?),
        };
        let moment = self.at.map(|at| at.to_zoned(now.time_zone().clone()));
        let at = moment.as_ref().unwrap_or(now).datetime();
        let basket = match (self.basket.as_slice(), self.amount) {
            ([], Some(Yuan(amount))) => Basket::of_amount(amount, at),
            (items @ [_, ..], None) => {
                let lines = items.iter().enumerate().map(|(at, item)| item.line(at, find));
                Basket { lines: lines.collect::<Result<_, _>>()?, ..Basket::of_amount(Money::default(), at) }
            }
            _ => return Err(QuoteRequestError::Goods),
        };
        Ok(Basket { coupons: self.coupons.clone(), member: self.member.clone(), region, ..basket })
    }
}

impl QuoteItem {
    fn line(&self, at: usize, find: &dyn Fn(&str) -> Option<Product>) -> Result<Line, QuoteRequestError> {
        let found = match (&self.product, self.price.is_some() && self.category.is_some()) {
            (Some(product), false) => find(product),
            _ => None,
        };
        let price = match (self.price, &found) {
            (Some(Yuan(price)), _) => price,
            (None, Some(product)) => product.price,
            (None, None) if self.product.is_some() => return Err(QuoteRequestError::Price(at)),
            (None, None) => return Err(QuoteRequestError::Item(at)),
        };
        let category = self.category.clone().or(found.map(|product| product.category));
        Ok(Line { product: self.product.clone(), category, price, quantity: self.quantity })
    }
}

impl<'de> Deserialize<'de> for Yuan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YuanVisitor)
    }
}

struct YuanVisitor;

impl Visitor<'_> for YuanVisitor {
    type Value = Yuan;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sum in yuan, from 0 to 100000000 with at most two decimals")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Yuan, E> {
        let unexpected = || E::invalid_value(serde::de::Unexpected::Other("another text"), &self);
        Money::parse(text.trim()).map(Yuan).ok_or_else(unexpected)
    }

    fn visit_u64<E: Error>(self, yuan: u64) -> Result<Yuan, E> {
        self.visit_str(&yuan.to_string())
    }

    fn visit_i64<E: Error>(self, yuan: i64) -> Result<Yuan, E> {
        self.visit_str(&yuan.to_string())
    }

    /// A number is written in the shortest way that reads as the same one: 29.9 has one decimal.
    fn visit_f64<E: Error>(self, yuan: f64) -> Result<Yuan, E> {
        self.visit_str(&yuan.to_string())
    }
}
