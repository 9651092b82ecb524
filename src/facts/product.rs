//! What is so of the product that is meant.

use serde_json::json;

use super::{Sheet, Sight};
use crate::calendar;
use crate::catalogue::Flag;
use crate::products::{Attribute, Stock};

pub(super) fn facts(sight: &Sight<'_>, sheet: &mut Sheet) {
    let Some(product) = &sight.found.product else { return };
    let fact = product.fact(&sight.scene.plain);
    let size = match (sight.slots.height, sight.slots.weight) {
        (Some(height), Some(weight)) => product.size_for(f64::from(height), weight).advised(),
        _ => None,
    };
    sheet.flag(Flag::ProductKnown, true);
    sheet.flag(
        match product.stock {
            Stock::Available(_) => Flag::ProductAvailable,
            Stock::Back(_) => Flag::ProductBack,
            Stock::Out => Flag::ProductOut,
            Stock::MadeToOrder => Flag::ProductMade,
            Stock::Discontinued => Flag::ProductDiscontinued,
        },
        true,
    );
    sheet.flag(Flag::ProductFact, fact.is_some());
    sheet.flag(Flag::ProductSizes, !product.size_chart.is_empty());
    sheet.flag(Flag::SizeFits, size.is_some());
    let today = sight.now.date();
    sheet.group("product", |english| {
        let told = |attribute: &Attribute| if english { attribute.en.clone() } else { attribute.zh.clone() };
        let list = |items: Vec<String>| items.join(if english { ", " } else { "、" });
        let (count, back) = match product.stock {
            Stock::Available(count) => (Some(count), None),
            Stock::Back(day) => (None, Some(calendar::day(day, today, english))),
            _ => (None, None),
        };
        json!({
            "id": product.id,
            "title": if english { &product.title_en } else { &product.title_zh },
            "price": product.price,
            "stock": count,
            "back": back,
            "sizes": list(product.sizes.clone()),
            "fact_name": fact.and_then(|fact| fact.names.iter().find(|name| name.is_ascii() == english)),
            "fact": fact.map(told),
            "facts": list(product.attributes.iter().map(told).collect()),
            "size": size,
        })
    });
}
