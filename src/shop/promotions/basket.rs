use jiff::civil::DateTime;

use crate::region::Region;
use crate::shop::Money;

/// The levels of members, lowest first.
pub const LEVELS: [&str; 4] = ["regular", "silver", "gold", "diamond"];

/// Lines of a basket, at most.
pub const MAX_LINES: usize = 200;

/// Units of a line, at most.
pub const MAX_QUANTITY: u32 = 100_000;

/// The dearest goods of a basket or an order together: a thousand million yuan.
pub const MAX_GOODS: Money = Money::from_fen(100_000_000_000);

/// What is to be bought, by whom and when.
#[derive(Debug, Clone)]
pub struct Basket {
    /// The goods.
    pub lines: Vec<Line>,
    /// Ids of the rules whose coupons are held.
    pub coupons: Vec<String>,
    /// The customer's level.
    pub member: Option<String>,
    /// The moment of the order, in the shop's time zone.
    pub at: DateTime,
    /// Where it goes; the fee is left out if not told.
    pub region: Option<Region>,
}

/// So many of one product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The product's id.
    pub product: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// What one costs.
    pub price: Money,
    /// How many.
    pub quantity: u32,
}

/// Why a basket is not worked out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BasketError {
    /// More lines than are looked at.
    #[error("{0} lines; at most {MAX_LINES} are allowed")]
    Lines(usize),
    /// No or too many units.
    #[error("line {0}: a quantity must be from 1 to {MAX_QUANTITY}")]
    Quantity(usize),
    /// A price below nothing.
    #[error("line {0}: a price must not be negative")]
    Price(usize),
    /// More money than is reckoned with.
    #[error("the goods cost too much; at most 1000000000 yuan are allowed")]
    Goods,
}

impl Basket {
    /// A bare amount of unnamed goods, without coupons, level and place.
    #[must_use]
    pub fn of_amount(amount: Money, at: DateTime) -> Self {
        let line = Line { product: None, category: None, price: amount, quantity: 1 };
        Self { lines: vec![line], coupons: Vec::new(), member: None, at, region: None }
    }

    /// The lines in an order of their own, the same goods as one line: what comes out must not depend on how they came in.
    pub(super) fn canonical(&self) -> Result<Vec<Line>, BasketError> {
        if self.lines.len() > MAX_LINES {
            return Err(BasketError::Lines(self.lines.len()));
        }
        let mut goods = Money::default();
        for (at, line) in self.lines.iter().enumerate() {
            if !(1..=MAX_QUANTITY).contains(&line.quantity) {
                return Err(BasketError::Quantity(at));
            }
            if line.price < Money::default() {
                return Err(BasketError::Price(at));
            }
            goods = goods + line.price.times(line.quantity);
            if goods > MAX_GOODS {
                return Err(BasketError::Goods);
            }
        }
        let mut lines = self.lines.clone();
        lines.sort();
        lines.dedup_by(|later, kept| {
            let is_same = (&later.product, &later.category, later.price) == (&kept.product, &kept.category, kept.price);
            if is_same {
                kept.quantity += later.quantity;
            }
            is_same
        });
        Ok(lines)
    }
}
