//! The shape of `config/shop.yaml`, as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::raw::Bilingual;
use super::raw_delivery::{RawDispatch, RawTransit};
use super::raw_promotions::RawPromotions;
use super::raw_returns::{RawProtection, RawReturns};

/// `config/shop.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawShop {
    pub(super) name: Bilingual,
    pub(super) categories: BTreeMap<String, Bilingual>,
    pub(super) shipping: RawShipping,
    pub(super) dispatch: RawDispatch,
    #[schemars(length(min = 1))]
    pub(super) transit: Vec<RawTransit>,
    pub(super) returns: RawReturns,
    pub(super) refund: RawRefund,
    pub(super) exchange: RawExchange,
    pub(super) repair: RawRepair,
    pub(super) price_protection: RawProtection,
    pub(super) promotions: RawPromotions,
    pub(super) members: RawMembers,
    #[schemars(range(min = 0))]
    pub(super) delay_coupon_max: i64,
    pub(super) service: RawService,
    #[serde(default)]
    pub(super) orders: RawOrders,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawShipping {
    pub(super) carrier: Bilingual,
    #[schemars(range(min = 0))]
    pub(super) fee: f64,
    #[schemars(range(min = 0))]
    pub(super) free_from: f64,
    pub(super) remote: RawRemote,
    pub(super) unserved: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRemote {
    #[schemars(range(min = 0))]
    pub(super) surcharge: f64,
    pub(super) regions: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRange {
    pub(super) from: u32,
    pub(super) to: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRefund {
    pub(super) pay_days: u32,
    pub(super) arrive_days: RawRange,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExchange {
    pub(super) send_days: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRepair {
    pub(super) return_days: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMembers {
    pub(super) silver: RawMemberTier,
    pub(super) gold: RawMemberTier,
    pub(super) diamond: RawMemberTier,
    /// The day of the month that is the members' day, if there is one.
    #[schemars(range(min = 1, max = 28))]
    pub(super) day: Option<i8>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMemberTier {
    pub(super) from: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    pub(super) aftersales_answer_hours: u32,
    pub(super) aftersales_review_hours: u32,
}

/// What the shop's order numbers look like.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrders {
    /// A regular expression for the whole number, in capitals, without spaces and hyphens.
    #[serde(default)]
    pub(super) number: Option<String>,
}
