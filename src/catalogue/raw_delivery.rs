//! `dispatch` and `transit` of `config/shop.yaml`, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::raw::Bilingual;
use super::raw_shop::RawRange;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDispatch {
    pub(super) from: String,
    pub(super) cut_off: String,
    pub(super) hours: u32,
    pub(super) sale_hours: RawRange,
    pub(super) seasons: Vec<RawDaysNamed>,
    pub(super) closed: Vec<RawDaysNamed>,
}

/// Days as text: a day that the calendar does not have is told with its line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDaysNamed {
    pub(super) name: Bilingual,
    pub(super) from: String,
    pub(super) until: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTransit {
    /// All others, if left out.
    #[serde(default)]
    pub(super) regions: Vec<String>,
    pub(super) days: RawRange,
}
