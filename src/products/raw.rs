use std::path::Path;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attribute, Product, SizeRow, Stock};
use crate::shop::{Category, Money};
use crate::text::Plain;
use crate::yaml::{self, Findings, did_you_mean};

/// A product as written in a file or told by another system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names of `Product`")]
pub struct RawProduct {
    pub id: String,
    pub title: RawTitle,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Longer phrases with one of its names in them that are not about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not: Vec<String>,
    pub category: String,
    pub price: RawPrice,
    /// How many are there; left out where there is a `status`.
    #[serde(default)]
    pub stock: Option<u32>,
    /// With `stock: 0`: the day on which more come.
    #[serde(default)]
    pub back_on: Option<String>,
    #[serde(default)]
    pub status: Option<RawStatus>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub size_chart: Vec<RawSizeRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<RawAttribute>,
    #[serde(default)]
    pub returnable: Option<bool>,
}

/// A title in both languages.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the languages")]
pub struct RawTitle {
    pub zh: String,
    pub en: String,
}

/// A price in yuan: `29.90` or `"29.90"`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the two ways to write it")]
pub enum RawPrice {
    Number(f64),
    Text(String),
}

/// Why there is no stock to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawStatus {
    /// Made when ordered.
    MadeToOrder,
    /// None will come any more.
    Discontinued,
}

/// A row of a size chart as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names of `SizeRow`")]
pub struct RawSizeRow {
    pub size: String,
    pub height: RawSpan,
    pub weight: RawSpan,
}

/// From one number to another, both included.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "its ends")]
pub struct RawSpan {
    pub from: u32,
    pub to: u32,
}

/// A fact as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names of `Attribute`")]
pub struct RawAttribute {
    #[schemars(length(min = 1))]
    pub names: Vec<String>,
    pub zh: String,
    pub en: String,
}

/// A file of products.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawFile {
    products: Vec<RawProduct>,
}

/// Why a product is not taken: which field, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {problem}", field.trim_start_matches('/').replace('/', "."))]
pub struct BadProduct {
    /// Where in the product, as a JSON pointer.
    pub field: String,
    /// The kind of problem.
    pub code: &'static str,
    /// What is wrong with it, and what is allowed.
    pub problem: String,
}

/// The longest id, title, name or fact taken.
const LONGEST: usize = 200;

/// The JSON Schema of a file of products.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawFile).to_value()
}

/// Reads a file of products. Without `categories`, any is taken.
///
/// # Errors
/// Every problem, with its place.
pub fn read(path: &Path, text: &str, categories: &[Category]) -> Result<Vec<Product>, Findings> {
    let mut findings = Findings::default();
    let Some((raw, document)) = yaml::read::<RawFile>(path, text, &mut findings) else {
        return Err(findings.sorted());
    };
    let mut products: Vec<Product> = Vec::new();
    for (at, raw) in raw.products.into_iter().enumerate() {
        let mut report = |field: &str, code: &'static str, problem: String| {
            findings.add(path, document.place(&format!("/products/{at}{field}")), code, problem);
        };
        match raw.check() {
            Ok(product) => {
                let known = || categories.iter().map(|category| category.id.as_str());
                let category = &product.category;
                if !categories.is_empty() && !known().any(|known| known == category) {
                    let allowed = known().collect::<Vec<_>>().join(", ");
                    let meant = did_you_mean(category, known());
                    report(
                        "/category",
                        "unknown-category",
                        format!("unknown category `{category}`; allowed: {allowed}{meant}"),
                    );
                }
                products.push(product);
            }
            Err(problems) => problems.into_iter().for_each(|bad| report(&bad.field, bad.code, bad.problem)),
        }
    }
    let mut seen = std::collections::HashSet::new();
    for (at, pointer) in document.children("/products").into_iter().enumerate() {
        let id = document.text(&format!("{pointer}/id")).map(|id| id.trim().to_uppercase()).unwrap_or_default();
        if !seen.insert(id.clone()) {
            let place = document.place(&format!("/products/{at}/id"));
            findings.add(path, place, "duplicate-id", format!("product `{id}` is there already; keep one"));
        }
    }
    if findings.is_empty() { Ok(products) } else { Err(findings.sorted()) }
}

impl RawProduct {
    /// Checks a product.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(self) -> Result<Product, Vec<BadProduct>> {
        let mut bad = Problems(Vec::new());
        let id = self.id.trim().to_uppercase();
        if id.is_empty() || id.len() > 40 || !id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            bad.add("/id", "schema", "must have 1 to 40 letters, digits, hyphens, underscores and dots");
        }
        let (title_zh, title_en) = (bad.word("/title/zh", &self.title.zh), bad.word("/title/en", &self.title.en));
        let aliases = bad.plain("/aliases", &self.aliases);
        let not_names = bad.plain("/not", &self.not);
        let category = bad.word("/category", &self.category);
        let price = self.price.money().unwrap_or_else(|| {
            bad.add("/price", "schema", "is not a sum in yuan; written as 349 or 29.90, with at most two decimals");
            Money::default()
        });
        let stock = bad.stock(self.stock, self.back_on.as_deref(), self.status);
        let texts = self.sizes.iter().enumerate();
        let sizes = texts.map(|(at, size)| bad.word(&format!("/sizes/{at}"), size)).collect();
        let rows = self.size_chart.iter().enumerate();
        let size_chart = rows.map(|(at, row)| bad.row(&format!("/size_chart/{at}"), row)).collect();
        let facts = self.attributes.iter().enumerate();
        let attributes = facts.map(|(at, fact)| bad.fact(&format!("/attributes/{at}"), fact)).collect();
        let returnable = self.returnable;
        if !bad.0.is_empty() {
            return Err(bad.0);
        }
        Ok(Product {
            id,
            title_zh,
            title_en,
            aliases,
            not_names,
            category,
            price,
            stock,
            sizes,
            size_chart,
            attributes,
            returnable,
        })
    }
}

/// What [`RawProduct::check`] makes the same product of.
impl From<&Product> for RawProduct {
    fn from(product: &Product) -> Self {
        let (stock, back_on, status) = match product.stock {
            Stock::Available(count) => (Some(count), None, None),
            Stock::Back(day) => (Some(0), Some(day.to_string()), None),
            Stock::Out => (Some(0), None, None),
            Stock::MadeToOrder => (None, None, Some(RawStatus::MadeToOrder)),
            Stock::Discontinued => (None, None, Some(RawStatus::Discontinued)),
        };
        let span = |(from, to): (u32, u32)| RawSpan { from, to };
        let row =
            |row: &SizeRow| RawSizeRow { size: row.size.clone(), height: span(row.height), weight: span(row.weight) };
        let fact =
            |fact: &Attribute| RawAttribute { names: fact.names.clone(), zh: fact.zh.clone(), en: fact.en.clone() };
        Self {
            id: product.id.clone(),
            title: RawTitle { zh: product.title_zh.clone(), en: product.title_en.clone() },
            aliases: product.aliases.clone(),
            not: product.not_names.clone(),
            category: product.category.clone(),
            price: RawPrice::Text(product.price.to_string()),
            stock,
            back_on,
            status,
            sizes: product.sizes.clone(),
            size_chart: product.size_chart.iter().map(row).collect(),
            attributes: product.attributes.iter().map(fact).collect(),
            returnable: product.returnable,
        }
    }
}

impl RawPrice {
    fn money(&self) -> Option<Money> {
        match self {
            Self::Text(text) => Money::parse(text.trim()),
            // A number of a file has the decimals that were written.
            Self::Number(yuan) => Money::parse(&yuan.to_string()),
        }
    }
}

struct Problems(Vec<BadProduct>);

impl Problems {
    fn add(&mut self, field: &str, code: &'static str, problem: &str) {
        self.0.push(BadProduct { field: field.to_owned(), code, problem: problem.to_owned() });
    }

    fn word(&mut self, field: &str, text: &str) -> String {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > LONGEST {
            self.add(field, "empty", "must have 1 to 200 characters");
        }
        text.to_owned()
    }

    /// Names as they are looked for: in plain form.
    fn plain(&mut self, field: &str, names: &[String]) -> Vec<String> {
        let plain = |(at, name): (usize, &String)| {
            let name = self.word(&format!("{field}/{at}"), name);
            Plain::of(&name).as_str().to_owned()
        };
        names.iter().enumerate().map(plain).filter(|name| !name.is_empty()).collect()
    }

    fn stock(&mut self, stock: Option<u32>, back_on: Option<&str>, status: Option<RawStatus>) -> Stock {
        let day = back_on.and_then(|text| text.parse::<Date>().ok());
        if back_on.is_some() && day.is_none() {
            self.add("/back_on", "bad-date", "is not a day; write 2026-11-30");
        } else if back_on.is_some() && stock != Some(0) {
            self.add("/back_on", "schema", "stands beside `stock: 0` only: more come when there are none");
        }
        match (status, stock) {
            (Some(_), Some(_)) => self.add("/status", "schema", "stands instead of `stock`; keep one"),
            (None, None) => self.add("", "missing-key", "key `stock` is missing, or `status`"),
            _ => {}
        }
        match (status, stock.unwrap_or_default(), day) {
            (Some(RawStatus::MadeToOrder), ..) => Stock::MadeToOrder,
            (Some(RawStatus::Discontinued), ..) => Stock::Discontinued,
            (None, 0, Some(day)) => Stock::Back(day),
            (None, 0, None) => Stock::Out,
            (None, count, _) => Stock::Available(count),
        }
    }

    fn row(&mut self, field: &str, row: &RawSizeRow) -> SizeRow {
        for (name, span) in [("height", row.height), ("weight", row.weight)] {
            if span.to < span.from {
                self.add(&format!("{field}/{name}"), "range-order", "`to` must not be below `from`");
            }
        }
        let size = self.word(&format!("{field}/size"), &row.size);
        SizeRow { size, height: (row.height.from, row.height.to), weight: (row.weight.from, row.weight.to) }
    }

    fn fact(&mut self, field: &str, fact: &RawAttribute) -> Attribute {
        let names = self.plain(&format!("{field}/names"), &fact.names);
        Attribute {
            names,
            zh: self.word(&format!("{field}/zh"), &fact.zh),
            en: self.word(&format!("{field}/en"), &fact.en),
        }
    }
}
