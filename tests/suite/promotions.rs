//! What the shipped rules make of baskets, by hand; and `brute`, the engine against every subset of rules.

mod brute;

use jiff::civil::{DateTime, datetime};
use triage::catalogue::{Catalogue, Shop, Sources};
use triage::region::by_name;
use triage::shop::{Basket, BasketError, Line, Money, Pair, Quote, Why};

use crate::shipped;

/// No flash sale at this hour.
const NOON: DateTime = datetime(2026, 11, 21, 12, 30, 0, 0);
const FLASH: DateTime = datetime(2026, 11, 21, 10, 0, 0, 0);

fn catalogue() -> Catalogue {
    let sources = Sources::read(&shipped("intents"), &shipped("config/policy.yaml"), &shipped("config/shop.yaml"));
    Catalogue::check(&sources.unwrap()).unwrap()
}

/// The shop's products: id, category, price in fen.
const PRODUCTS: [(&str, &str, i64); 7] = [
    ("QH-1001", "bedding", 39900),
    ("QH-1002", "bedding", 2990),
    ("QH-2001", "kitchen", 46800),
    ("QH-2002", "kitchen", 15900),
    ("QH-3001", "appliance", 29900),
    ("QH-7001", "homecare", 3990),
    ("QH-7002", "homecare", 6900),
];

fn line(product: &str, quantity: u32) -> Line {
    let (id, category, price) = PRODUCTS.into_iter().find(|(id, ..)| *id == product).unwrap();
    let [product, category] = [id, category].map(|name| Some(name.to_owned()));
    Line { product, category, price: Money::from_fen(price), quantity }
}

fn yuan(text: &str) -> Money {
    text.strip_prefix('-')
        .map_or_else(|| Money::parse(text).unwrap(), |text| Money::default() - Money::parse(text).unwrap())
}

/// A case: what is in the basket, coupons, level, place, and what is paid for the goods and in all.
struct Case {
    goods: &'static [(&'static str, u32)],
    amount: &'static str,
    coupons: &'static [&'static str],
    member: &'static str,
    region: &'static str,
    at: DateTime,
}

const PLAIN: Case = Case { goods: &[], amount: "", coupons: &[], member: "", region: "", at: NOON };

fn quote(shop: &Shop, case: &Case) -> Quote {
    let mut lines: Vec<Line> = case.goods.iter().map(|(product, quantity)| line(product, *quantity)).collect();
    if !case.amount.is_empty() {
        lines.extend(Basket::of_amount(yuan(case.amount), case.at).lines);
    }
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let basket = Basket {
        lines,
        coupons: case.coupons.iter().map(ToString::to_string).collect(),
        member: text(case.member),
        at: case.at,
        region: text(case.region).map(|name| by_name(&name).unwrap()),
    };
    shop.promotions.quote(&basket, &shop.shipping).unwrap()
}

#[test]
fn the_shipped_rules_by_hand() {
    let catalogue = catalogue();
    let shop = catalogue.shop();
    let both: &[&str] = &["shop_coupon", "platform_coupon"];
    let all: &[&str] = &["shop_coupon", "platform_coupon", "bedding_coupon"];
    let amount = |amount| Case { amount, ..PLAIN };
    let goods = |goods| Case { goods, ..PLAIN };
    // What is paid for the goods; in all; rules.
    for (what, case, pays, total, rules) in [
        ("the first tier", amount("480"), "430", "430", "full_reduction"),
        ("just below it", amount("299.99"), "299.99", "299.99", ""),
        ("on it", amount("300"), "250", "250", "full_reduction"),
        ("above all", amount("10000"), "9800", "9800", "full_reduction"),
        ("nothing", amount("0"), "0", "0", ""),
        ("gold", Case { member: "gold", ..amount("520") }, "380", "380", "full_reduction member"),
        (
            "gold with a shop coupon",
            Case { member: "gold", coupons: &["shop_coupon"], ..amount("520") },
            "361",
            "361",
            "full_reduction shop_coupon member",
        ),
        (
            "of two coupons the better",
            Case { coupons: both, ..amount("520") },
            "360",
            "360",
            "full_reduction platform_coupon",
        ),
        ("only one of two is reached", Case { coupons: both, ..amount("250") }, "230", "230", "shop_coupon"),
        // (520 − 120) × 0.92 = 368; 98 % of 99.99 is 97.9902.
        ("diamond", Case { member: "diamond", ..amount("520") }, "368", "368", "full_reduction member"),
        ("half a fen", Case { member: "silver", ..amount("99.99") }, "97.99", "97.99", "member"),
        ("half a fen up", Case { member: "gold", ..amount("0.10") }, "0.1", "0.1", ""),
        // 29.9 + 14.95 + 29.9
        ("three towels", goods(&[("QH-1002", 3)]), "74.75", "74.75", "towel_half"),
        ("one towel", goods(&[("QH-1002", 1)]), "29.9", "29.9", ""),
        ("three detergents pay two", goods(&[("QH-7001", 3)]), "79.8", "79.8", "detergent_3for2"),
        ("five detergents pay four", goods(&[("QH-7001", 5)]), "159.6", "159.6", "detergent_3for2"),
        ("two detergents", goods(&[("QH-7001", 2)]), "79.8", "79.8", ""),
        ("no flash sale", goods(&[("QH-3001", 1)]), "299", "299", ""),
        ("flash sale", Case { at: FLASH, ..goods(&[("QH-3001", 1)]) }, "249", "249", "flash"),
        // 249 + 299 = 548 − 120
        (
            "flash sale, one per customer",
            Case { at: FLASH, ..goods(&[("QH-3001", 2)]) },
            "428",
            "428",
            "flash full_reduction",
        ),
        (
            "flash sale, its last second",
            Case { at: datetime(2026, 11, 21, 11, 59, 59, 999_999_999), ..goods(&[("QH-3001", 1)]) },
            "249",
            "249",
            "flash",
        ),
        (
            "flash sale, over",
            Case { at: datetime(2026, 11, 21, 12, 0, 0, 0), ..goods(&[("QH-3001", 1)]) },
            "299",
            "299",
            "",
        ),
        // 399 + 159 = 558 − 30 − 120; the bedding coupon is on bedding only.
        (
            "bedding coupon",
            Case { coupons: &["bedding_coupon"], ..goods(&[("QH-1001", 1), ("QH-2002", 1)]) },
            "408",
            "408",
            "bedding_coupon full_reduction",
        ),
        (
            "bedding coupon without enough bedding",
            Case { coupons: &["bedding_coupon"], ..goods(&[("QH-1002", 2), ("QH-2002", 1)]) },
            "203.85",
            "203.85",
            "towel_half",
        ),
        (
            "of three coupons the best",
            Case { coupons: all, ..goods(&[("QH-1001", 1), ("QH-2002", 1)]) },
            "398",
            "398",
            "full_reduction platform_coupon",
        ),
        // Half the price of a towel would bring the goods below 500: 385.05 + … is more than 500.00 − 120.
        (
            "an item offer is left out where a tier is worth more",
            Case { amount: "440.20", ..goods(&[("QH-1002", 2)]) },
            "380",
            "380",
            "full_reduction",
        ),
        ("shipping below the threshold", Case { region: "浙江", ..amount("100") }, "100", "115", ""),
        ("shipping from the threshold on", Case { region: "浙江", ..amount("199") }, "199", "199", ""),
        (
            "shipping is on what is left",
            Case { region: "浙江", coupons: both, ..amount("215") },
            "195",
            "210",
            "shop_coupon",
        ),
        (
            "a coupon that would cost free shipping is kept",
            Case { region: "浙江", member: "silver", ..amount("200") },
            "200",
            "200",
            "",
        ),
        ("remote places always pay", Case { region: "新疆", ..amount("1000") }, "800", "825", "full_reduction"),
        ("places not served", Case { region: "香港", ..amount("100") }, "100", "100", ""),
        (
            "the last second of the year",
            Case { at: datetime(2026, 12, 31, 23, 59, 59, 900), ..amount("480") },
            "430",
            "430",
            "full_reduction",
        ),
        ("the next year", Case { at: datetime(2027, 1, 1, 0, 0, 0, 0), ..amount("480") }, "480", "480", ""),
        ("the year before", Case { at: datetime(2025, 12, 31, 23, 59, 59, 0), ..amount("480") }, "480", "480", ""),
        ("a coupon that is not held", Case { coupons: &["member"], ..amount("480") }, "430", "430", "full_reduction"),
    ] {
        let quote = quote(shop, &case);
        let used: Vec<&str> = quote.steps.iter().map(|step| step.rule.as_str()).collect();
        assert_eq!((quote.pays, quote.total, used.join(" ").as_str()), (yuan(pays), yuan(total), rules), "{what}");
    }
}

#[test]
fn one_step_more() {
    let catalogue = catalogue();
    let shop = catalogue.shop();
    let both: &[&str] = &["shop_coupon", "platform_coupon"];
    for (what, case, step) in [
        // 20 more reaches 500, takes off 70 more: the bill falls from 430 to 380.
        ("480", Case { amount: "480", ..PLAIN }, Some(("full_reduction", "500", "20", "70", "-50"))),
        ("100", Case { amount: "100", ..PLAIN }, Some(("full_reduction", "300", "200", "50", "150"))),
        ("above all", Case { amount: "800", ..PLAIN }, None),
        // 430 × 0.95 = 408.5; (500 − 120) × 0.95 = 361.
        (
            "gold",
            Case { amount: "480", member: "gold", ..PLAIN },
            Some(("full_reduction", "500", "20", "67.5", "-47.5")),
        ),
        // The shop coupon comes first, from 200 on.
        ("coupons", Case { amount: "180", coupons: both, ..PLAIN }, Some(("shop_coupon", "200", "20", "20", "0"))),
        (
            "a better coupon and a tier at once",
            Case { amount: "290", coupons: both, ..PLAIN },
            Some(("full_reduction", "300", "10", "70", "-60")),
        ),
        (
            "the fee counts",
            Case { amount: "290", region: "浙江", ..PLAIN },
            Some(("full_reduction", "300", "10", "50", "-40")),
        ),
        ("next year", Case { amount: "480", at: datetime(2027, 1, 1, 0, 0, 0, 0), ..PLAIN }, None),
    ] {
        let next = quote(shop, &case).next;
        let found = next.as_ref().map(|next| (next.rule.as_str(), next.from, next.missing, next.extra, next.change));
        let step = step
            .map(|(rule, from, missing, extra, change)| (rule, yuan(from), yuan(missing), yuan(extra), yuan(change)));
        assert_eq!(found, step, "{what}");
    }
    let more = quote(shop, &Case { goods: &[("QH-1002", 2)], coupons: &["bedding_coupon"], ..PLAIN }).next.unwrap();
    assert_eq!(
        (more.rule.as_str(), more.only.categories.as_slice()),
        ("bedding_coupon", ["bedding".to_owned()].as_slice())
    );
}

#[test]
fn why_rules_are_not_used() {
    let catalogue = catalogue();
    let shop = catalogue.shop();
    let case = Case {
        goods: &[("QH-1002", 1), ("QH-3001", 3), ("QH-7001", 2)],
        coupons: &["bedding_coupon", "shop_coupon", "platform_coupon"],
        at: FLASH,
        ..PLAIN
    };
    let refused: Vec<(String, Why)> = quote(shop, &case).refused.into_iter().map(|one| (one.rule, one.why)).collect();
    let why = |rule: &str| refused.iter().find(|(id, _)| id == rule).map(|(_, why)| why.clone());
    assert_eq!(why("flash"), Some(Why::Limit(2)));
    assert_eq!(why("towel_half"), Some(Why::MissingUnits(1)));
    assert_eq!(why("detergent_3for2"), Some(Why::MissingUnits(1)));
    assert_eq!(why("bedding_coupon"), Some(Why::Missing(yuan("170.10"))));
    assert!(matches!(why("shop_coupon"), Some(Why::NotWith { rule, .. }) if rule == "platform_coupon"));
    assert_eq!(why("member"), Some(Why::NotThisLevel));
    assert_eq!(why("full_reduction"), None);
    // 29.9 + 249 + 598 + 79.8 = 956.7
    assert_eq!(why("tote_gift"), None);
    let bare = quote(shop, &Case { amount: "210", member: "silver", region: "浙江", ..PLAIN });
    let why = |rule: &str| bare.refused.iter().find(|one| one.rule == rule).map(|one| one.why.clone());
    assert_eq!(why("flash"), Some(Why::OutsideItsTime));
    assert_eq!(why("towel_half"), Some(Why::OtherGoods));
    assert_eq!(why("shop_coupon"), Some(Why::NotHeld));
    assert_eq!(why("tote_gift"), Some(Why::Missing(yuan("390"))));
    let worse = quote(shop, &Case { amount: "200", member: "silver", region: "浙江", ..PLAIN });
    assert_eq!(worse.refused.iter().find(|one| one.rule == "member").map(|one| &one.why), Some(&Why::Worse));
}

#[test]
fn gifts_come_with_enough_goods() {
    let catalogue = catalogue();
    let gifts = |amount| quote(catalogue.shop(), &Case { amount, ..PLAIN }).gifts;
    assert!(gifts("599.99").is_empty());
    // Measured before the full reduction.
    assert_eq!(gifts("600")[0].name.zh, "帆布袋");
}

#[test]
fn which_rules_go_together() {
    let catalogue = catalogue();
    let pair = |one, other| catalogue.shop().promotions.pair(one, other);
    assert_eq!(pair("full_reduction", "shop_coupon"), Some(Pair::Together));
    assert_eq!(pair("member", "platform_coupon"), Some(Pair::Together));
    let Some(Pair::Not { why }) = pair("platform_coupon", "shop_coupon") else { panic!("both coupons") };
    assert!(why.zh.contains("一张优惠券"), "{}", why.zh);
    let Some(Pair::Not { why }) = pair("shop_coupon", "shop_coupon") else { panic!("the same coupon twice") };
    assert!(why.en.contains("once an order"), "{}", why.en);
    assert_eq!(pair("shop_coupon", "no_such_rule"), None);
}

#[test]
fn baskets_have_bounds() {
    let catalogue = catalogue();
    let shop = catalogue.shop();
    let with = |line: Line, count: usize| {
        let lines = (0..count).map(|at| Line { product: Some(at.to_string()), ..line.clone() }).collect();
        shop.promotions.quote(&Basket { lines, ..Basket::of_amount(Money::default(), NOON) }, &shop.shipping)
    };
    assert!(with(line("QH-2001", 1), 200).is_ok());
    assert_eq!(with(line("QH-2001", 1), 201), Err(BasketError::Lines(201)));
    assert_eq!(with(line("QH-2001", 0), 1), Err(BasketError::Quantity(0)));
    assert_eq!(with(line("QH-2001", 100_001), 1), Err(BasketError::Quantity(0)));
    assert_eq!(with(Line { price: yuan("-1"), ..line("QH-2001", 1) }, 1), Err(BasketError::Price(0)));
    assert_eq!(with(Line { price: yuan("100000000"), ..line("QH-2001", 100_000) }, 1), Err(BasketError::Goods));
}
