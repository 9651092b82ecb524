//! What a basket costs, asked and told: [`QuoteRequest`] in, [`QuoteReply`] out, and the same for texts. The sums are those of
//! [`crate::shop::Promotions`].

mod reply;
mod request;
mod words;

pub use reply::{Both, NextStep, QuoteReply, QuotedGift, QuotedRefusal, QuotedShipping, QuotedStep, Reason};
pub use request::{QuoteItem, QuoteRequest, QuoteRequestError, Yuan};
pub use words::values;
pub(crate) use words::{lines, refusal};

use jiff::Zoned;

use crate::catalogue::Catalogue;
use crate::products::Product;

/// Works out what is asked. Goods that come without a price or category have those of the product found; `now` is in the shop's
/// time zone.
///
/// # Errors
/// The first field that is wrong, or not known.
pub fn quote(
    catalogue: &Catalogue,
    request: &QuoteRequest,
    find: &dyn Fn(&str) -> Option<Product>,
    now: &Zoned,
) -> Result<QuoteReply, QuoteRequestError> {
    let shop = catalogue.shop();
    let basket = request.basket(&shop.promotions, find, now)?;
    let quote = shop.promotions.quote(&basket, &shop.shipping)?;
    Ok(QuoteReply::of(&quote))
}
