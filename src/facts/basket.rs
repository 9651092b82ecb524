//! What a basket costs, and what goes with what.

use serde_json::{Value, json};

use super::{Sheet, Sight};
use crate::catalogue::Flag;
use crate::incoming::Context;
use crate::products::is_same_id;
use crate::quote;
use crate::shop::{Basket, Line, Next, Pair, Quote, Words};
use crate::slots::{self, Slots};

/// A product in a basket, and how many of it.
pub type BasketLine = slots::Line;

/// What is to be bought: what the message names, what the gateway says is in the basket, or what was named before. A sum named
/// now takes the place of all of it.
pub(super) fn meant(
    slots: &Slots,
    context: Option<&Context>,
    before: &[BasketLine],
    adds_to_it: bool,
) -> Vec<BasketLine> {
    let counted = slots.lines().iter().any(|line| line.quantity.is_some());
    let told = || context.map(|context| context.basket.iter().map(line).collect::<Vec<_>>()).unwrap_or_default();
    let given = told();
    if let Some(recounted) = recounted(slots, if given.is_empty() { before } else { &given }) {
        return vec![recounted];
    }
    if adds_to_it && !slots.lines().is_empty() {
        return added(slots, if given.is_empty() { before } else { &given });
    }
    match () {
        () if !slots.lines().is_empty() && (counted || (given.is_empty() && before.is_empty())) => {
            slots.lines().to_vec()
        }
        () if slots.names("amount") => Vec::new(),
        () if !given.is_empty() => given,
        () if !before.is_empty() => before.to_vec(),
        () => slots.lines().to_vec(),
    }
}

/// What is spoken of with what comes on top of it: 再加一个保温杯.
fn added(slots: &Slots, before: &[BasketLine]) -> Vec<BasketLine> {
    let mut basket = before.to_vec();
    for line in slots.lines() {
        match basket.iter_mut().find(|own| is_same_id(&own.product, &line.product)) {
            Some(own) => {
                let (more, had) = (line.quantity.unwrap_or(1), own.quantity.unwrap_or(1));
                own.quantity = Some(had.saturating_add(more));
            }
            None => basket.push(line.clone()),
        }
    }
    basket
}

/// The one thing that is spoken of, in another number: 四桶呢.
fn recounted(slots: &Slots, before: &[BasketLine]) -> Option<BasketLine> {
    let ([quantity], true) = (slots.quantities.as_slice(), slots.lines().is_empty()) else { return None };
    let product = match (before, slots.products.as_slice()) {
        ([line], _) => &line.product,
        ([], [product]) => product,
        _ => return None,
    };
    Some(BasketLine { product: product.clone(), quantity: Some(*quantity) })
}

/// A line as gateways write it: `{"product": "QH-1001", "quantity": 2}`, one if no quantity is told. One that cannot be read
/// names no product, so that the sum of the basket is not known: that of the other lines would be a wrong one.
fn line(value: &Value) -> BasketLine {
    let quantity = value.get("quantity").map_or(Some(1), whole);
    let product = value.get("product").and_then(Value::as_str).map(str::trim);
    match (product, quantity) {
        (Some(product), Some(quantity)) => BasketLine { product: product.to_owned(), quantity: Some(quantity) },
        _ => BasketLine { product: String::new(), quantity: None },
    }
}

/// A whole number, also where it is written as 2.0.
fn whole(value: &Value) -> Option<u32> {
    let count = value.as_f64().filter(|count| count.fract() == 0.0)?;
    format!("{count:.0}").parse().ok()
}

/// The sum for the basket, for an amount alone, and whether the promotions named go together.
pub(super) fn facts(sight: &Sight<'_>, sheet: &mut Sheet) {
    stacking(sight, sheet);
    amount(sight, sheet);
    let shop = sight.catalogue.shop();
    let lines = lines(sight);
    if lines.is_empty() {
        return;
    }
    let coupons = coupons(sight);
    let is_itemised = lines.len() > 1 || !coupons.is_empty() || lines.iter().any(|line| line.product.is_some());
    let member = sight.scene.tier.clone();
    let is_richer = is_itemised || member.as_deref().is_some_and(|level| shop.member_discount(level));
    let basket = Basket { lines, coupons, member, at: sight.now.datetime(), region: sight.slots.region };
    let Ok(quote) = shop.promotions.quote(&basket, &shop.shipping) else { return };
    sheet.flag(Flag::BasketKnown, true);
    sheet.flag(Flag::BasketItemised, is_richer);
    let pieces = basket.lines.iter().map(|line| line.quantity).fold(0, u32::saturating_add);
    sheet.flag(Flag::BasketReckoned, pieces > 1 || quote.pays < quote.goods);
    sheet.flag(Flag::GiftReached, !quote.gifts.is_empty());
    sheet.group("basket", |english| told(&quote, &basket, sight, english));
}

/// The sum for an amount alone. Where goods are meant, their sum is told, and nothing is chosen for that of an amount.
fn amount(sight: &Sight<'_>, sheet: &mut Sheet) {
    let shop = sight.catalogue.shop();
    let Some(amount) = sight.slots.amount else { return };
    let basket = Basket { region: sight.slots.region, ..Basket::of_amount(amount, sight.now.datetime()) };
    let Ok(quote) = shop.promotions.quote(&basket, &shop.shipping) else { return };
    let is_alone = sight.scene.basket.is_empty();
    sheet.flag(Flag::TierReached, is_alone && shop.promotions.is_tier_reached(&quote));
    sheet.flag(Flag::NextTier, is_alone && quote.next.is_some());
    sheet.group("promotion", |english| quote::values(&quote, english));
}

/// The goods that are priced: products that are known, or one sum.
fn lines(sight: &Sight<'_>) -> Vec<Line> {
    let priced = |line: &BasketLine| {
        let product = sight.found.product(&line.product)?;
        Some(Line {
            product: Some(product.id.clone()),
            category: Some(product.category.clone()),
            price: product.price,
            quantity: line.quantity.unwrap_or(1),
        })
    };
    let lines: Option<Vec<Line>> = sight.scene.basket.iter().map(priced).collect();
    match (lines, sight.slots.amount) {
        (Some(lines), _) if !lines.is_empty() => lines,
        // A product that is not known has no price, and a basket without it another sum.
        (_, Some(amount)) if sight.scene.basket.is_empty() => {
            vec![Line { product: None, category: None, price: amount, quantity: 1 }]
        }
        _ => Vec::new(),
    }
}

/// Coupons held: those that the gateway knows of, else those that the customer speaks of.
fn coupons(sight: &Sight<'_>) -> Vec<String> {
    if !sight.scene.coupons.is_empty() {
        return sight.scene.coupons.clone();
    }
    let promotions = &sight.catalogue.shop().promotions;
    let is_coupon = |id: &&String| promotions.coupons().any(|rule| rule.id == **id);
    sight.slots.promotions.iter().filter(is_coupon).cloned().collect()
}

/// What texts may name of a basket's sum.
fn told(quote: &Quote, basket: &Basket, sight: &Sight<'_>, english: bool) -> Value {
    json!({
        "goods": quote.goods,
        "off": quote.goods - quote.pays,
        "pays": quote.pays,
        "fee": quote.shipping.map(|shipping| shipping.fee),
        "total": quote.total,
        "gift": quote.gifts.first().map(|gift| gift.name.get(english)),
        "slip": slip(quote, basket, sight, english),
    })
}

/// The whole sum as a customer can check it: from the goods to what is to be paid, the gifts, why what they hold or speak of
/// does not count, and what one step more would save.
fn slip(quote: &Quote, basket: &Basket, sight: &Sight<'_>, english: bool) -> String {
    let in_language = |words: Words| words.get(english).to_owned();
    let mut lines: Vec<String> = basket.lines.iter().filter_map(|line| counted(line, sight, english)).collect();
    lines.extend(quote::lines(quote).into_iter().map(in_language));
    let asked = |rule: &String| basket.coupons.contains(rule) || sight.slots.promotions.contains(rule);
    let refused = quote.refused.iter().filter(|refused| asked(&refused.rule));
    lines.extend(refused.map(|refused| in_language(quote::refusal(refused))));
    lines.extend(quote.next.as_ref().map(|next| one_step_more(next, english)));
    lines.join("\n")
}

/// A product, how many, and what one costs: 电饭煲 299×2.
fn counted(line: &Line, sight: &Sight<'_>, english: bool) -> Option<String> {
    let product = sight.found.product(line.product.as_deref()?)?;
    let title = if english { &product.title_en } else { &product.title_zh };
    Some(format!("{title} {}×{}", line.price, line.quantity))
}

fn one_step_more(next: &Next, english: bool) -> String {
    let Next { name, missing, from, extra, .. } = next;
    if english {
        format!("{missing} more ({} from {from}) saves {extra} more", name.en)
    } else {
        format!("再加{missing}元（{}满{from}）可多省{extra}元", name.zh)
    }
}

/// Whether the first two promotions named go together; of more, two that do not, if there are such.
fn stacking(sight: &Sight<'_>, sheet: &mut Sheet) {
    let promotions = &sight.catalogue.shop().promotions;
    let mut named: Vec<&String> = Vec::new();
    for id in &sight.slots.promotions {
        if !named.contains(&id) {
            named.push(id);
        }
    }
    let pairs = named.iter().enumerate().flat_map(|(at, one)| named[at + 1..].iter().map(move |other| (*one, *other)));
    let judged: Vec<(&String, &String, Pair)> =
        pairs.filter_map(|(one, other)| Some((one, other, promotions.pair(one, other)?))).collect();
    let barred = judged.iter().find(|(.., pair)| matches!(pair, Pair::Not { .. }));
    let Some((one, other, pair)) = barred.or(judged.first()) else { return };
    sheet.flag(Flag::StackingNo, matches!(pair, Pair::Not { .. }));
    sheet.flag(Flag::StackingYes, !matches!(pair, Pair::Not { .. }));
    sheet.group("stacking", |english| {
        let name = |id: &str| promotions.rule(id).map(|rule| rule.name.get(english).to_owned());
        let why = match pair {
            Pair::Not { why } => why.get(english).to_owned(),
            Pair::OnOtherGoods if english => "on different goods of the order".to_owned(),
            Pair::OnOtherGoods => "用在不同的商品上".to_owned(),
            Pair::Together if english => "both count in one order".to_owned(),
            Pair::Together => "同一单可以一起用".to_owned(),
        };
        json!({ "first": name(one), "second": name(other), "why": why })
    });
}
