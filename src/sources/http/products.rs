//! Products from the shop's own system. It can be asked for one by its id, and not be searched.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::line::{Line, Ticks};
use super::orders::money;
use super::{Connector, Problem};
use crate::config::{ProductState, ProductsHttp};
use crate::lookup::Lookup;
use crate::products::{Attribute, Product, Products, Stock};
use crate::shop::Money;
use crate::sources::{OpenError, read};

/// The source.
pub(in crate::sources) struct HttpProducts(Connector<Option<Product>>);

impl HttpProducts {
    pub(in crate::sources) fn open(config: &ProductsHttp, zone: TimeZone, ticks: Ticks) -> Result<Self, OpenError> {
        let line = Line::open("products", &config.connection, config.product_url.is_plain(), ticks)?;
        let reader = config.clone();
        let decode = move |value: &Value, _: &str| product(value, &reader, &zone);
        Ok(Self(Connector::new(line, config.product_url.clone(), decode)))
    }
}

impl Products for HttpProducts {
    fn by_id(&self, id: &str) -> Lookup<Option<Product>> {
        if id.is_empty() || id.len() > 200 { Lookup::Now(Ok(None)) } else { self.0.ask(id) }
    }
}

fn product(answer: &Value, config: &ProductsHttp, zone: &TimeZone) -> Result<Option<Product>, Problem> {
    let theirs = match answer.pointer(config.fields.get("product")) {
        None => return Err(Problem { field: "product".into(), problem: "is not where `fields` says" }),
        Some(Value::Null) => return Ok(None),
        Some(theirs) => theirs,
    };
    let find = |name: &str| theirs.pointer(config.fields.get(name)).filter(|value| !value.is_null());
    let text = |name: &str| find(name).and_then(text);
    let needed = |name: &'static str| text(name).ok_or(Problem { field: name.into(), problem: "is missing" });
    let price = find("price").map(|price| money(price, config.money)).as_ref().and_then(self::text);
    let price = price.and_then(|price| Money::parse(&price));
    let title_zh = needed("title_zh")?;
    Ok(Some(Product {
        not_names: Vec::new(),
        id: needed("id")?.to_ascii_uppercase(),
        title_en: text("title_en").unwrap_or_else(|| title_zh.clone()),
        title_zh,
        aliases: texts(find("aliases")),
        category: text("category").unwrap_or_default(),
        price: price.ok_or(Problem { field: "price".into(), problem: "is not a sum of money" })?,
        stock: stock(&find, config, zone)?,
        sizes: texts(find("sizes")),
        size_chart: Vec::new(),
        attributes: attributes(find("attributes")),
        returnable: find("returnable").and_then(Value::as_bool),
    }))
}

fn stock<'v>(
    find: &impl Fn(&str) -> Option<&'v Value>,
    config: &ProductsHttp,
    zone: &TimeZone,
) -> Result<Stock, Problem> {
    if let Some(state) = find("state").and_then(text) {
        let own = match state.as_str() {
            "on_sale" => Some(ProductState::OnSale),
            "made_to_order" => Some(ProductState::MadeToOrder),
            "discontinued" => Some(ProductState::Discontinued),
            _ => None,
        };
        match config.states.get(&state).copied().or(own) {
            Some(ProductState::OnSale) => {}
            Some(ProductState::MadeToOrder) => return Ok(Stock::MadeToOrder),
            Some(ProductState::Discontinued) => return Ok(Stock::Discontinued),
            None => return Err(Problem { field: "state".into(), problem: "is none of those in `states`" }),
        }
    }
    let count = find("stock").and_then(text).and_then(|count| count.parse::<u32>().ok());
    let count = count.ok_or(Problem { field: "stock".into(), problem: "is not a whole number" })?;
    if count > 0 {
        return Ok(Stock::Available(count));
    }
    let back = find("restock_on").and_then(|day| match day.as_str().and_then(|day| day.trim().parse().ok()) {
        Some(day) => Some(day),
        None => read::timestamp(day, zone).map(|moment| moment.to_zoned(zone.clone()).date()),
    });
    Ok(back.map_or(Stock::Out, Stock::Back))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(text).collect()
}

/// `{"材质": "纯棉"}`; the same in both languages, since theirs has one.
fn attributes(value: Option<&Value>) -> Vec<Attribute> {
    let pairs = value.and_then(Value::as_object).into_iter().flatten();
    let attribute = |(name, fact): (&String, &Value)| {
        let fact = text(fact)?;
        Some(Attribute { names: vec![name.clone()], zh: fact.clone(), en: fact })
    };
    pairs.filter_map(attribute).collect()
}
