//! The shape of `config/shop.yaml`, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::raw::Bilingual;

/// `config/shop.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawShop {
    pub(super) name: Bilingual,
    pub(super) shipping: RawShipping,
    pub(super) dispatch: RawDispatch,
    pub(super) returns: RawReturns,
    pub(super) refund: RawRefund,
    pub(super) exchange: RawExchange,
    pub(super) repair: RawRepair,
    pub(super) price_protection: RawDays,
    pub(super) promotions: RawPromotions,
    pub(super) members: RawMembers,
    #[schemars(range(min = 0))]
    pub(super) delay_coupon_max: i64,
    pub(super) service: RawService,
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
pub(super) struct RawDispatch {
    pub(super) hours: u32,
    pub(super) sale_hours: RawRange,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReturns {
    pub(super) days: u32,
    pub(super) review_hours: u32,
    pub(super) check_hours: u32,
    pub(super) exceptions: Vec<Bilingual>,
    #[schemars(range(min = 0, max = 100))]
    pub(super) keep_faulty_percent: u32,
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
pub(super) struct RawDays {
    pub(super) days: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPromotions {
    pub(super) tiers: Vec<RawPromotionTier>,
    pub(super) timed_offers: Vec<String>,
    #[expect(dead_code, reason = "a rule for people and for the linter; no answer computes with it yet")]
    pub(super) shipping_counts: bool,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPromotionTier {
    #[schemars(range(min = 0))]
    pub(super) from: f64,
    #[schemars(range(min = 0))]
    pub(super) off: f64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMembers {
    pub(super) silver: RawMemberTier,
    pub(super) gold: RawMemberTier,
    pub(super) diamond: RawMemberTier,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMemberTier {
    pub(super) from: u32,
    #[schemars(range(min = 1, max = 100))]
    pub(super) pays_percent: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    pub(super) aftersales_answer_hours: u32,
    pub(super) aftersales_review_hours: u32,
}
