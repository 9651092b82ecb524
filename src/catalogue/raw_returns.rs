//! `returns` and `price_protection` of `config/shop.yaml`, as written.

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReturns {
    pub(super) days: u32,
    /// As `days`, if left out.
    #[serde(default)]
    pub(super) faulty_days: Option<u32>,
    pub(super) review_hours: u32,
    pub(super) check_hours: u32,
    pub(super) exceptions: Vec<RawException>,
    pub(super) free_for_members: Vec<String>,
    #[schemars(range(min = 0, max = 100))]
    pub(super) keep_faulty_percent: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawException {
    pub(super) category: String,
    #[serde(default)]
    pub(super) when: Option<RawWhen>,
    #[schemars(length(min = 1))]
    pub(super) zh: String,
    #[schemars(length(min = 1))]
    pub(super) en: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawWhen {
    /// Only once it is opened.
    Opened,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProtection {
    pub(super) days: u32,
    pub(super) not_for_timed: bool,
}
