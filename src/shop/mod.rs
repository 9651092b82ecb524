//! What the shop's rules make of a region and an amount. Pure arithmetic over the facts of `config/shop.yaml`.

mod money;
mod promotion;
mod shipping;

pub use money::Money;
pub use promotion::{NextTier, Promotion, PromotionQuote, Tier};
pub use shipping::{Shipping, ShippingQuote};
