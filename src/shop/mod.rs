//! What the shop's rules make of a region, an amount, a day. Pure arithmetic over the facts of `config/shop.yaml`.

mod days;
mod delivery;
mod money;
mod promotions;
mod returns;
mod shipping;

pub use days::{Closed, NamedDays, days_between};
pub use delivery::{Arrival, Delivery, Leaving, Promise, Transit};
pub use money::Money;
pub use promotions::{
    Basket, BasketError, CouponKind, Effect, Gift, LEVELS, Line, MAX_GOODS, MAX_LINES, MAX_QUANTITY, MAX_RULES, Next,
    Pair, Promotions, Quote, Refused, Rounding, Rule, RulesError, Scope, Stacking, Step, ThresholdsOn, Tier, When, Why,
    Words, share,
};
pub use returns::{Category, Exception, Freight, Protection, ProtectionRule, Reason, Refund, Returns, Window};
pub use shipping::{Shipping, ShippingQuote};
