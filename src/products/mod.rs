//! Products as the shop's data hold them: found by name, and asked for sizes and facts.

mod advice;
mod names;
mod raw;
mod shelf;

pub use advice::Fit;
pub use raw::{BadProduct, RawAttribute, RawPrice, RawProduct, RawSizeRow, RawSpan, RawStatus, RawTitle, read, schema};
pub use shelf::Shelf;

use jiff::civil::Date;

use crate::lookup::Lookup;
use crate::shop::Money;

/// One product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The shop's id (SKU), in capitals.
    pub id: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Other names that customers use, in plain form.
    pub aliases: Vec<String>,
    /// Longer phrases with one of its names in them that are not about it, in plain form.
    pub not_names: Vec<String>,
    /// Its category, as `config/shop.yaml` names it.
    pub category: String,
    /// What one costs now, timed offers apart.
    pub price: Money,
    /// Whether it can be had.
    pub stock: Stock,
    /// The sizes that it comes in.
    pub sizes: Vec<String>,
    /// Which size fits whom, from small to large.
    pub size_chart: Vec<SizeRow>,
    /// Facts that customers ask for.
    pub attributes: Vec<Attribute>,
    /// Whether it may be returned without a reason, where that differs from its category.
    pub returnable: Option<bool>,
}

impl Product {
    /// Whether this is its id, see [`is_same_id`].
    #[must_use]
    pub fn has_id(&self, id: &str) -> bool {
        is_same_id(&self.id, id)
    }
}

/// Whether two ids are those of one product. Ids come in capitals from the shop's products, and from gateways and other systems
/// as these write them; a system is asked for a product by the id as it came, since its own may tell the cases apart.
#[must_use]
pub fn is_same_id(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// Whether a product can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stock {
    /// So many are there.
    Available(u32),
    /// None is there; more come on this day.
    Back(Date),
    /// None is there, and nobody knows when more come.
    Out,
    /// Made when ordered.
    MadeToOrder,
    /// None will come any more.
    Discontinued,
}

/// Whom a size fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeRow {
    /// The size.
    pub size: String,
    /// Height in centimetres, from and to.
    pub height: (u32, u32),
    /// Weight in kilograms, from and to.
    pub weight: (u32, u32),
}

/// A fact, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The words that ask for it, in Chinese and in English, in plain form.
    pub names: Vec<String>,
    /// The fact in Chinese.
    pub zh: String,
    /// The fact in English.
    pub en: String,
}

/// Where products are kept.
pub trait Products: Send + Sync {
    /// The product with this id.
    fn by_id(&self, id: &str) -> Lookup<Option<Product>>;

    /// Every product's id with its titles and other names, for finding them in messages, and, without an id, names that only
    /// look like one. None where the source cannot list them.
    fn names(&self) -> Vec<(Option<String>, Vec<String>)> {
        Vec::new()
    }

    /// A number that is another one when [`Products::names`] may have changed, to be compared for every message.
    fn edition(&self) -> u64 {
        0
    }
}
