//! The shape of `promotions` in `config/shop.yaml`, as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::raw::Bilingual;
use crate::shop::{CouponKind, MAX_RULES, Rounding, ThresholdsOn};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPromotions {
    #[serde(default)]
    pub(super) rounding: Rounding,
    /// For rules without their own.
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    #[schemars(length(max = MAX_RULES))]
    pub(super) rules: Vec<RawRule>,
    #[serde(default)]
    #[schemars(length(max = MAX_RULES))]
    pub(super) stacking: Vec<RawStacking>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    #[schemars(regex(pattern = "^[a-z][a-z0-9_]*$"))]
    pub(super) id: String,
    pub(super) name: Bilingual,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) only: Option<RawOnly>,
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    #[serde(default)]
    pub(super) times: Vec<String>,
    #[serde(default)]
    #[schemars(inner(range(min = 1, max = 31)))]
    pub(super) days_of_month: Vec<i8>,
    #[serde(default)]
    pub(super) members: Vec<String>,
    pub(super) coupon: Option<CouponKind>,
    #[schemars(range(min = 1))]
    pub(super) limit: Option<u32>,
    pub(super) stock_note: Option<Bilingual>,
    pub(super) thresholds_on: Option<ThresholdsOn>,
    #[serde(default)]
    pub(super) not_with: Vec<String>,
    #[serde(default)]
    pub(super) not_on: Vec<String>,
    // What it does: one of these.
    #[schemars(range(min = 0))]
    pub(super) price: Option<f64>,
    pub(super) nth: Option<RawNth>,
    pub(super) buy: Option<RawBuy>,
    #[schemars(length(min = 1, max = 10))]
    pub(super) tiers: Option<Vec<RawPromotionTier>>,
    pub(super) each: Option<RawEach>,
    pub(super) reduce: Option<RawReduce>,
    pub(super) percent: Option<RawPercent>,
    pub(super) member_percent: Option<BTreeMap<String, u32>>,
    pub(super) gift: Option<RawGift>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOnly {
    #[serde(default)]
    pub(super) categories: Vec<String>,
    #[serde(default)]
    pub(super) products: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNth {
    #[schemars(range(min = 1, max = 100))]
    pub(super) n: u32,
    #[schemars(range(min = 0, max = 100))]
    pub(super) pays_percent: u32,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBuy {
    #[schemars(range(min = 1, max = 100))]
    pub(super) n: u32,
    #[schemars(range(min = 1, max = 100))]
    pub(super) free: u32,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPromotionTier {
    #[schemars(range(min = 0))]
    pub(super) from: f64,
    #[schemars(range(min = 0))]
    pub(super) off: f64,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEach {
    #[schemars(range(min = 0))]
    pub(super) from: f64,
    #[schemars(range(min = 0))]
    pub(super) off: f64,
    #[schemars(range(min = 1))]
    pub(super) at_most: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReduce {
    #[schemars(range(min = 0))]
    pub(super) off: f64,
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub(super) from: f64,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPercent {
    #[schemars(range(min = 1, max = 100))]
    pub(super) pays_percent: u32,
    #[schemars(range(min = 0))]
    pub(super) at_most: Option<f64>,
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub(super) from: f64,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGift {
    #[schemars(range(min = 0))]
    pub(super) from: f64,
    pub(super) name: Bilingual,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStacking {
    pub(super) name: Bilingual,
    #[schemars(length(min = 2))]
    pub(super) at_most_one: Vec<String>,
}
