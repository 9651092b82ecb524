//! Products: found in texts, asked for sizes and facts, and read from a file that may break while it is served.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::civil::date;
use proptest::prelude::*;
use triage::facts::ShopData;
use triage::incoming::{PastMessage, Role};
use triage::lookup::Lookup;
use triage::products::{self, Fit, Product, Products, RawProduct, Shelf, Stock};
use triage::shop::{Category, Money};
use triage::slots::{Before, Slots};
use triage::sources::{BadFile, ProductFile};
use triage::text::{Message, Plain, Utterance};
use triage::{Engine, Incoming, Request};

use crate::ENGINE;
use crate::shipped;
use crate::shop::shop;

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let path = shipped("config/products.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    Shelf::new(products::read(&path, &text, categories()).unwrap_or_else(|findings| panic!("{findings}")))
});

fn categories() -> &'static [Category] {
    &shop().returns.categories
}

fn product(id: &str) -> &'static Product {
    SHELF.get(id).unwrap()
}

#[test]
fn the_shipped_products_are_those_of_the_shop() {
    let back = |month, day| Stock::Back(date(2026, month, day));
    let expected = [
        ("QH-1001", "bedding", "399", Stock::Available(36)),
        ("QH-1002", "bedding", "29.90", Stock::Available(500)),
        ("QH-1003", "bedding", "129", back(12, 3)),
        ("QH-2001", "kitchen", "468", Stock::Available(12)),
        ("QH-2002", "kitchen", "159", Stock::Available(80)),
        ("QH-2003", "kitchen", "89", Stock::Available(140)),
        ("QH-3001", "appliance", "299", Stock::Available(25)),
        ("QH-3002", "digital", "199", Stock::Available(60)),
        ("QH-3003", "digital", "149", back(11, 30)),
        ("QH-4001", "intimate", "59", Stock::Available(90)),
        ("QH-4002", "clothing", "169", Stock::Available(44)),
        ("QH-5001", "fresh", "49.90", Stock::Available(200)),
        ("QH-6001", "custom", "128", Stock::MadeToOrder),
        ("QH-7001", "homecare", "39.90", Stock::Available(300)),
        ("QH-7002", "homecare", "69", Stock::Discontinued),
    ];
    let found: Vec<_> = SHELF
        .products()
        .iter()
        .map(|product| (product.id.as_str(), product.category.as_str(), product.price, product.stock))
        .collect();
    let yuan = |text| Money::parse(text).unwrap();
    assert_eq!(found, expected.map(|(id, category, price, stock)| (id, category, yuan(price), stock)));
}

/// What is shown of a product reads as the same one.
#[test]
fn what_is_written_of_a_product_is_that_product() {
    for product in SHELF.products() {
        let json = serde_json::to_value(RawProduct::from(product)).unwrap();
        let read: RawProduct = serde_json::from_value(json).unwrap();
        assert_eq!(read.check().as_ref(), Ok(product));
    }
}

#[test]
fn products_are_found_by_title_alias_and_id() {
    for (text, ids) in [
        ("四件套还有货吗", &["QH-1001"][..]),
        ("純棉四件套多少錢", &["QH-1001"]),
        ("纯棉四件套和毛巾一起买", &["QH-1001", "QH-1002"]),
        ("毛巾毛巾", &["QH-1002", "QH-1002"]),
        ("毛巾架有吗", &[]),
        ("保温杯能刻字吗", &["QH-2003"]),
        ("定制刻字保温杯多久", &["QH-6001"]),
        ("不锈钢保温杯", &["QH-2003"]),
        ("苹果坏了两个", &["QH-5001"]),
        ("充电宝能充苹果手机吗", &["QH-3003"]),
        ("苹果15能用吗", &[]),
        ("电饭锅和炒锅", &["QH-3001", "QH-2002"]),
        ("qh-1001有吗", &["QH-1001"]),
        ("QH1001有吗", &["QH-1001"]),
        ("ＱＨ－２００３", &["QH-2003"]),
        ("QH-10011有吗", &[]),
        ("[商品] 蓝牙音箱 https://shop.example/1.html", &["QH-3002"]),
        ("https://shop.example/item?id=QH-4002&from=chat", &["QH-4002"]),
        ("do you have cotton towels?", &["QH-1002"]),
        ("is the power bank back", &["QH-3003"]),
        ("pineapple", &[]),
        ("two woks please", &["QH-2002"]),
        ("wokshop", &[]),
        ("什么时候发货", &[]),
    ] {
        assert_eq!(named(&SHELF, text), ids, "{text}");
    }
}

/// The ids of the products that a message names.
fn named(shelf: &Shelf, text: &str) -> Vec<String> {
    let (utterance, incoming) = (Utterance::new(text).unwrap(), Incoming::text(text).unwrap());
    let lexicon = shop().lexicon(shelf.names());
    Slots::fill(&Message::read(&utterance), &incoming, Before::default(), date(2026, 11, 23), &lexicon).products
}

/// The whole of a product with nothing but what must be there.
fn simple(id: &str, name: &str) -> Product {
    let raw = serde_json::json!({
        "id": id, "title": { "zh": name, "en": name }, "category": "tea", "price": "9.90", "stock": 1
    });
    serde_json::from_value::<RawProduct>(raw).unwrap().check().unwrap()
}

#[test]
fn products_are_found_by_their_ids() {
    let shelf = Shelf::new(vec![simple("A-2", "茶杯"), simple("A-3", "茶壶")]);
    assert_eq!(named(&shelf, "a-3 or a3"), ["A-3", "A-3"]);
    assert_eq!(named(&Shelf::new(Vec::new()), "茶杯"), [""; 0]);
    let numbered = Shelf::new(vec![simple("1001", "茶杯"), simple("A-3", "茶壶")]);
    for (text, id) in [
        ("https://shop.example/item/1001 有货吗", "1001"),
        ("https://shop.example/?id=a-3&x=1001", "A-3"),
        ("https://shop.example/item/A-3.html", "A-3"),
        ("买1001个茶壶", "A-3"),
    ] {
        assert_eq!(named(&numbered, text), [id], "{text}");
    }
    assert_eq!(named(&numbered, "https://shop.example/?id=10013"), [""; 0]);
    let Lookup::Now(Ok(Some(found))) = shelf.by_id(" a-3 ") else { panic!("known at once") };
    assert_eq!(found.id, "A-3");
    let Lookup::Now(Ok(None)) = shelf.by_id("A-4") else { panic!("known not to be there") };
}

#[test]
fn sizes_by_height_and_weight() {
    let product = product("QH-4002");
    for (height, weight, fit) in [
        (150.0, 40.0, Fit::Fits("S")),
        (160.0, 50.0, Fit::Between("S", "M")),
        (154.0, 49.0, Fit::Fits("S")),
        (160.0, 51.0, Fit::Fits("M")),
        (162.0, 56.0, Fit::Between("M", "L")),
        (165.0, 58.0, Fit::Between("M", "L")),
        (165.0, 58.5, Fit::Fits("L")),
        (168.0, 60.0, Fit::Fits("L")),
        (168.0, 66.0, Fit::Between("L", "XL")),
        (175.0, 76.5, Fit::Between("XL", "XXL")),
        (178.0, 78.0, Fit::Between("XL", "XXL")),
        (186.0, 92.0, Fit::Fits("XXL")),
        (186.1, 92.0, Fit::None),
        (175.0, 60.0, Fit::None),
        (149.0, 45.0, Fit::None),
        (f64::NAN, 60.0, Fit::None),
    ] {
        assert_eq!(product.size_for(height, weight), fit, "{height} cm {weight} kg");
    }
    assert_eq!(product.size_for(162.0, 56.0).advised(), Some("L"), "the larger of two");
    assert_eq!(self::product("QH-4001").size_for(162.0, 56.0), Fit::None, "there is no chart");
}

#[test]
fn facts_by_the_words_that_ask_for_them() {
    for (id, text, fact) in [
        ("QH-1001", "什么材质的", Some("100%长绒棉")),
        ("QH-1001", "是纯棉的吗", Some("100%长绒棉")),
        ("QH-1001", "纯棉四件套是纯棉的吗", Some("100%长绒棉")),
        ("QH-1001", "纯棉四件套多少钱", None),
        ("QH-1001", "四件套多少支的", Some("60支")),
        ("QH-1001", "What material is the duvet set?", Some("100%长绒棉")),
        ("QH-1002", "毛巾多大", Some("34×76cm")),
        ("QH-2001", "电磁炉能用吗", Some("适用燃气灶和电磁炉")),
        ("QH-2001", "这个锅煤气灶可以用吗", Some("适用燃气灶和电磁炉")),
        ("QH-2002", "炒锅电磁炉能用吗", Some("不适用电磁炉")),
        ("QH-2002", "does it work on induction", Some("不适用电磁炉")),
        ("QH-2003", "保温杯容量多少", Some("500ml")),
        ("QH-2003", "是304的吗", Some("304不锈钢")),
        ("QH-2003", "不锈钢保温杯保温多久", None),
        ("QH-3001", "电饭煲几升的", Some("4L")),
        ("QH-3002", "音箱续航怎么样", Some("续航12小时")),
        ("QH-3002", "充满电能用多久", Some("续航12小时")),
        ("QH-3003", "多少毫安的", Some("20000mAh")),
        ("QH-3003", "支持快充吗", None),
        ("QH-4001", "内裤什么面料", Some("莫代尔")),
        ("QH-4002", "家居服是纯棉吗", Some("纯棉")),
        ("QH-5001", "苹果产地是哪里", Some("烟台")),
        ("QH-6001", "能刻几个字", None),
        ("QH-7002", "收纳箱多大", None),
    ] {
        let plain = Plain::of(text);
        let found = product(id).fact(plain.as_str()).map(|fact| fact.zh.as_str());
        assert_eq!(found, fact, "{id} {text}");
    }
    let plain = Plain::of("容量和材质说一下");
    let facts: Vec<&str> = product("QH-2003").facts(plain.as_str()).iter().map(|fact| fact.en.as_str()).collect();
    assert_eq!(facts, ["500 ml", "304 stainless steel"], "in the order of the question");
}

const SMALL: &str = "\
products:
  - id: T-1
    title: { zh: 茶杯, en: cup }
    category: bedding
    price: 29.90
    stock: 3
  - id: t-2
    title: { zh: 茶壶, en: pot }
    category: kitchen
    price: \"100\"
    stock: 0
    size_chart:
      - { size: S, height: { from: 150, to: 160 }, weight: { from: 40, to: 50 } }
";

#[test]
fn every_problem_is_told_with_its_line() {
    for (from, to, line, code, says) in [
        ("price: 29.90", "price: 29.905", 5, "schema", "is not a sum in yuan"),
        ("price: 29.90", "price: -3", 5, "schema", "is not a sum in yuan"),
        ("price: 29.90", "price: free", 5, "schema", "is not a sum in yuan"),
        ("category: bedding", "category: beding", 4, "unknown-category", "did you mean `bedding`?"),
        ("id: t-2", "id: t-1", 7, "duplicate-id", "product `T-1` is there already"),
        ("id: t-2", "id: 茶壶", 7, "schema", "letters, digits, hyphens"),
        ("    stock: 3\n", "", 2, "missing-key", "key `stock` is missing, or `status`"),
        ("stock: 3", "stock: 3\n    status: discontinued", 7, "schema", "stands instead of `stock`"),
        ("stock: 3", "stock: 3\n    back_on: 2026-12-03", 7, "schema", "stands beside `stock: 0` only"),
        ("stock: 0", "stock: 0\n    back_on: 2026-13-03", 12, "bad-date", "is not a day"),
        ("zh: 茶杯", "zh: ' '", 3, "empty", "1 to 200 characters"),
        ("from: 40, to: 50", "from: 50, to: 40", 13, "range-order", "must not be below"),
        ("stock: 3", "stock: 3\n    colour: red", 7, "unknown-key", "unknown key `colour`; allowed: "),
        ("stock: 3", "status: sold", 6, "unknown-word", "`sold` is not allowed; allowed: made_to_order, discontinued"),
    ] {
        assert_eq!(SMALL.matches(from).count(), 1, "{from}");
        let found = products::read(Path::new("products.yaml"), &SMALL.replace(from, to), categories()).unwrap_err();
        let places: Vec<_> = found.iter().map(|found| (found.place.line, found.code)).collect();
        assert_eq!(places, [(line, code)], "{to}: {found}");
        assert!(found.to_string().contains(says), "{to}: {found}");
    }
    let products = products::read(Path::new("products.yaml"), SMALL, categories()).unwrap();
    assert_eq!(products.iter().map(|product| product.id.as_str()).collect::<Vec<_>>(), ["T-1", "T-2"]);
    assert_eq!(products[1].stock, Stock::Out);
    assert_eq!(products[0].price, Money::from_fen(2990));
    let anything = SMALL.replace("category: bedding", "category: whatever");
    assert!(products::read(Path::new("products.yaml"), &anything, &[]).is_ok(), "without categories, any is taken");
}

#[test]
fn the_file_is_read_again_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("products.yaml");
    let Err(BadFile::Unreadable { .. }) = ProductFile::open(&path, Vec::new()) else { panic!("there is no file") };
    std::fs::write(&path, "products: [").unwrap();
    let Err(BadFile::Findings(_)) = ProductFile::open(&path, Vec::new()) else { panic!("it is no YAML") };
    std::fs::write(&path, SMALL).unwrap();
    let file = ProductFile::open(&path, categories().to_vec()).unwrap();
    let seldom = ProductFile::open(&path, categories().to_vec()).unwrap().looking_every(Duration::from_secs(3600));
    let file = file.looking_every(Duration::ZERO);
    let title = |file: &ProductFile| {
        let Lookup::Now(Ok(Some(found))) = file.by_id("t-1") else { panic!("it is there") };
        assert!(file.names().iter().any(|(id, names)| id.as_deref() == Some("T-1") && names.contains(&found.title_zh)));
        found.title_zh
    };
    assert_eq!(title(&file), "茶杯");
    std::fs::write(&path, SMALL.replace("茶杯", "大茶缸")).unwrap();
    assert_eq!(title(&file), "大茶缸");
    assert_eq!(title(&seldom), "茶杯", "looked at a moment ago");
    std::fs::write(&path, "products: [").unwrap();
    assert_eq!(title(&file), "大茶缸", "a broken file changes nothing");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(title(&file), "大茶缸", "nor does one that is gone");
    std::fs::write(&path, SMALL).unwrap();
    assert_eq!(title(&file), "茶杯");
}

/// Products that a customer named in messages before, and the one of the reply.
fn carried(engine: &Engine, said: &str) -> (Vec<String>, Vec<String>) {
    let history = vec![PastMessage { role: Role::Customer, text: said.into() }];
    let incoming = Request { text: "多少钱".into(), history, ..Request::default() }.check().unwrap();
    let before = engine.situation(&incoming).state.slots.into_iter().filter(|slot| slot.name == "product");
    let reply = engine.triage(&Incoming::text(format!("{said}？")).unwrap());
    let named = reply.slots.into_iter().filter(|slot| slot.name == "product");
    (before.map(|slot| slot.value).collect(), named.map(|slot| slot.value).collect())
}

/// For callers without a conversation id too, who send what was said before.
#[test]
fn names_of_edited_products_are_known_from_the_next_message_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("products.yaml");
    std::fs::write(&path, SMALL).unwrap();
    let file = ProductFile::open(&path, categories().to_vec()).unwrap().looking_every(Duration::ZERO);
    let engine = ENGINE.with_data(Arc::new(ShopData { orders: None, products: Some(Arc::new(file)) }));
    let (cup, nothing) = (vec!["T-1".to_owned()], Vec::<String>::new());
    assert_eq!(carried(&engine, "茶杯有货吗"), (cup.clone(), cup.clone()));
    assert_eq!(carried(&engine, "大茶缸有货吗"), (nothing.clone(), nothing.clone()));
    std::fs::write(&path, SMALL.replace("茶杯", "大茶缸")).unwrap();
    assert_eq!(carried(&engine, "大茶缸有货吗"), (cup.clone(), cup));
    assert_eq!(carried(&engine, "茶杯有货吗"), (nothing.clone(), nothing));
}

proptest! {
    #[test]
    fn asking_for_facts_never_panics(text in "\\PC{0,40}|[茶杯qh毛巾towel苹果手机1003=/-]{0,30}|(QH-1001|towel|苹果|a| |手机){0,8}") {
        let plain = Plain::of(&text);
        for product in SHELF.products() {
            prop_assert!(product.facts(plain.as_str()).len() <= product.attributes.len());
        }
    }

    /// Of two people, the larger never gets the smaller size.
    #[test]
    fn larger_people_get_no_smaller_size(height in 140.0..200.0, weight in 35.0..100.0, taller in 0.0..10.0, heavier in 0.0..10.0) {
        let product = product("QH-4002");
        let place = |fit: Fit<'_>| fit.advised().and_then(|size| product.sizes.iter().position(|own| own == size));
        let one = place(product.size_for(height, weight));
        let other = place(product.size_for(height + taller, weight + heavier));
        if let (Some(one), Some(other)) = (one, other) {
            prop_assert!(one <= other);
        }
    }
}
