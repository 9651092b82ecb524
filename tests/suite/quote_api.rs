//! `POST /v1/quote` as a caller sees it, and the same in-process.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use triage::desk::Options;
use triage::facts::ShopData;
use triage::live::Live;
use triage::lookup::{Lookup, Unavailable};
use triage::products::{Product, Products, Stock};
use triage::quote::QuoteRequest;
use triage::shop::Money;

use crate::ENGINE;
use crate::http::{Answered, api, options, post, send};

async fn quote(body: Value) -> Answered {
    let app = api(Arc::new(Live::new(Arc::clone(&ENGINE))), options());
    send(app, post("/v1/quote", body.to_string())).await
}

#[tokio::test]
async fn the_best_combination_line_by_line() {
    let body = json!({
        "basket": [
            {"product": "QH-1002", "quantity": 3, "price": 29.9, "category": "bedding"},
            {"product": "QH-2001", "price": "468.00", "category": "kitchen"},
        ],
        "coupons": ["shop_coupon", "platform_coupon"], "member": "gold", "region": "新疆",
        "at": "2026-11-21T12:30:00+08:00",
    });
    let answered = quote(body).await;
    assert_eq!(answered.status, StatusCode::OK, "{:?}", answered.body);
    insta::assert_json_snapshot!("quote", answered.body);
}

#[tokio::test]
async fn a_bare_amount_and_one_step_more() {
    let body = quote(json!({"amount": 480, "at": "2026-11-21T12:30:00+08:00"})).await.body;
    assert_eq!((&body["pays"], &body["total"], &body["shipping"]), (&json!("430"), &json!("430"), &Value::Null));
    let next = &body["next"];
    let told = ["rule", "from", "missing", "extra", "total", "change"].map(|key| next[key].as_str().unwrap());
    assert_eq!(told, ["full_reduction", "500", "20", "70", "380", "-50"]);
    let lines: Vec<&str> = body["lines"].as_array().unwrap().iter().map(|line| line["zh"].as_str().unwrap()).collect();
    assert_eq!(lines, ["商品：480", "满减（满300减50）：−50，余 430", "应付：430（不含运费）"]);
    assert_eq!(body["lines"][1]["en"], "Full reduction (50 off from 300): −50, 430 left");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let item = |item: Value| json!({ "basket": [{"price": 1}, item] });
    for (body, says) in [
        (json!({}), "`basket` or `amount` must be given, and not both"),
        (json!({"basket": [{"price": 1}], "amount": 3}), "`basket` or `amount` must be given, and not both"),
        (
            item(json!({"product": "13800001111"})),
            "`basket[1].price`: the product is not known here; give what one costs in yuan",
        ),
        (item(json!({})), "`basket[1]`: `product` or `price` must be given"),
        (
            item(json!({"price": "1.234"})),
            "`basket[1].price`: expected a sum in yuan, from 0 to 100000000 with at most two decimals",
        ),
        (
            item(json!({"price": -3})),
            "`basket[1].price`: expected a sum in yuan, from 0 to 100000000 with at most two decimals",
        ),
        (item(json!({"price": 1, "quantity": 0})), "`basket`: line 1: a quantity must be from 1 to 100000"),
        (
            item(json!({"price": 1, "colour": "red"})),
            "`basket[1].colour`: unknown field; allowed: `product`, `quantity`, `price`, `category`",
        ),
        (json!({"basket": vec![json!({"price": 1}); 201]}), "`basket`: 201 lines; at most 200 are allowed"),
        (
            json!({"amount": 3, "coupons": ["13800001111"]}),
            "`coupons[0]`: unknown coupon; allowed: bedding_coupon, shop_coupon, platform_coupon",
        ),
        (
            json!({"amount": 3, "member": "13800001111"}),
            "`member`: unknown level; allowed: regular, silver, gold, diamond",
        ),
        (
            json!({"amount": 3, "region": "13800001111"}),
            "`region`: unknown place; a province, city or county of China in Chinese or English is allowed, such as 浙江",
        ),
        (json!({"amount": 3, "at": "tomorrow"}), ""),
    ] {
        let answered = quote(body.clone()).await;
        assert_eq!((answered.status, answered.code()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request"), "{body}");
        let message = answered.body["error"]["message"].as_str().unwrap();
        assert!(says.is_empty() || message == says, "{body}: {message}");
        assert!(!message.contains("13800001111") && !message.contains("tomorrow"), "{message}");
    }
}

#[tokio::test]
async fn places_that_are_not_served_have_no_fee() {
    let body = quote(json!({"amount": "100", "region": "香港"})).await.body;
    assert_eq!(body["shipping"], json!({"fee": null, "served": false, "missing": null}));
    let body = quote(json!({"amount": "100", "region": "杭州"})).await.body;
    assert_eq!(body["shipping"], json!({"fee": "15", "served": true, "missing": "99"}));
    assert_eq!(body["total"], "115");
}

/// What the caller does not tell, the product does.
#[test]
fn prices_and_categories_come_from_the_products() {
    let towel = towel("QH-1002");
    let find = |id: &str| (id == towel.id).then(|| towel.clone());
    let ask = |item: Value| {
        let request: QuoteRequest = serde_json::from_value(
            json!({"basket": [item], "coupons": ["bedding_coupon"], "at": "2026-11-21T12:30:00+08:00"}),
        )
        .unwrap();
        ENGINE.quote(&request, &find, &ENGINE.now())
    };
    let told = |item: Value| {
        let reply = ask(item).unwrap();
        (reply.goods.to_string(), reply.pays.to_string())
    };
    assert_eq!(told(json!({"product": "QH-1002", "quantity": 3})), ("89.7".into(), "74.75".into()));
    assert_eq!(told(json!({"product": "QH-1002", "quantity": 3, "price": 10})), ("30".into(), "25".into()));
    // The category is the product's: 10 towels are 224.25, which is enough for the coupon.
    assert_eq!(told(json!({"product": "QH-1002", "quantity": 10})), ("299".into(), "194.25".into()));
    assert!(ask(json!({"product": "QH-9999"})).is_err());
}

fn towel(id: &str) -> Product {
    Product {
        id: id.into(),
        title_zh: "全棉毛巾".into(),
        title_en: "cotton towel".into(),
        aliases: Vec::new(),
        not_names: Vec::new(),
        category: "bedding".into(),
        price: Money::from_fen(2990),
        stock: Stock::Available(500),
        sizes: Vec::new(),
        size_chart: Vec::new(),
        attributes: Vec::new(),
        returnable: None,
    }
}

/// Another system: slow, and one that knows towels only. Ids with GONE in them are not known, with DOWN in them cannot be told.
#[derive(Default)]
struct Far {
    takes: Duration,
    asked: Mutex<Vec<String>>,
    /// Questions under way, and the most there were.
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Products for Far {
    fn by_id(&self, id: &str) -> Lookup<Option<Product>> {
        let id = id.to_ascii_uppercase();
        self.asked.lock().unwrap().push(id.clone());
        let (now, most, takes) = (Arc::clone(&self.now), Arc::clone(&self.most), self.takes);
        Lookup::Later(Box::pin(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(takes).await;
            now.fetch_sub(1, Ordering::SeqCst);
            match id.as_str() {
                id if id.contains("DOWN") => Err(Unavailable("it is down")),
                id if id.contains("GONE") => Ok(None),
                id => Ok(Some(towel(id))),
            }
        }))
    }
}

async fn quote_from(far: &Arc<Far>, options: Options, basket: Vec<Value>) -> Answered {
    let products: Arc<dyn Products> = far.clone();
    let engine = ENGINE.with_data(Arc::new(ShopData { orders: None, products: Some(products) }));
    let app = api(Arc::new(Live::new(Arc::new(engine))), options);
    let body = json!({"basket": basket, "at": "2026-11-21T12:30:00+08:00"});
    send(app, post("/v1/quote", body.to_string())).await
}

fn products(ids: impl IntoIterator<Item: Into<String>>) -> Vec<Value> {
    ids.into_iter().map(|id| json!({ "product": id.into() })).collect()
}

#[tokio::test]
async fn each_product_is_asked_for_once_and_some_at_a_time() {
    let far = Arc::new(Far { takes: Duration::from_millis(20), ..Far::default() });
    let answered = quote_from(&far, options(), products(["qh-1", "QH-1", " Qh-1 "])).await;
    assert_eq!((answered.status, &answered.body["goods"]), (StatusCode::OK, &json!("89.7")), "{}", answered.body);
    assert_eq!(*far.asked.lock().unwrap(), ["QH-1"]);
    let answered = quote_from(&far, options(), products((0..40).map(|at| format!("P-{at}")))).await;
    assert_eq!((answered.status, &answered.body["goods"]), (StatusCode::OK, &json!("1196")));
    let most = far.most.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most} at a time");
}

#[tokio::test]
async fn too_many_lines_are_refused_before_anything_is_asked() {
    let far = Arc::new(Far::default());
    let answered = quote_from(&far, options(), products((0..201).map(|at| format!("P-{at}")))).await;
    assert_eq!((answered.status, answered.code()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request"));
    assert_eq!(answered.body["error"]["message"], "`basket`: 201 lines; at most 200 are allowed");
    assert!(far.asked.lock().unwrap().is_empty());
}

/// What nobody can tell now is not what nobody knows.
#[tokio::test]
async fn a_source_that_is_down_is_no_unknown_product() {
    let far = Arc::new(Far::default());
    let answered = quote_from(&far, options(), products(["QH-1", "DOWN-1"])).await;
    assert_eq!((answered.status.as_u16(), answered.code()), (503, "source_unavailable"), "{}", answered.body);
    assert_eq!(
        (&answered.headers["retry-after"], &answered.body["error"]["retryable"]),
        (&"1".parse().unwrap(), &json!(true))
    );
    let answered = quote_from(&far, options(), products(["QH-1", "GONE-1"])).await;
    assert_eq!((answered.status.as_u16(), answered.code()), (422, "invalid_request"), "{}", answered.body);
    // What the caller tells is not asked for.
    let told = vec![json!({"product": "DOWN-1", "price": 3, "category": "bedding"})];
    assert_eq!(quote_from(&far, options(), told).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_quote_has_a_deadline() {
    let far = Arc::new(Far { takes: Duration::from_secs(60), ..Far::default() });
    let options = Options { deadline: Duration::from_millis(50), ..options() };
    let answered = quote_from(&far, options, products(["QH-1"])).await;
    assert_eq!((answered.status.as_u16(), answered.code()), (504, "deadline_exceeded"), "{}", answered.body);
    assert_eq!(far.now.load(Ordering::SeqCst), 1, "given up on the way");
}

/// A table on a slow disk: known at once, and yet not soon.
struct Slow;

impl Products for Slow {
    fn by_id(&self, id: &str) -> Lookup<Option<Product>> {
        std::thread::sleep(Duration::from_millis(200));
        Lookup::Now(Ok(Some(towel(id))))
    }
}

/// Quotes wait in the queue of messages: one that finds it full is told to come back.
#[tokio::test]
async fn a_full_queue_refuses_quotes_too() {
    let engine = ENGINE.with_data(Arc::new(ShopData { orders: None, products: Some(Arc::new(Slow)) }));
    let app = api(Arc::new(Live::new(Arc::new(engine))), Options { workers: 1, queue: 1, ..options() });
    let body = json!({"basket": products(["QH-1"])}).to_string();
    let quotes = (0..8).map(|_| send(app.clone(), post("/v1/quote", body.clone())));
    let answers = futures_util::future::join_all(quotes).await;
    let refused: Vec<_> = answers.iter().filter(|answered| answered.status != StatusCode::OK).collect();
    assert!((1..8).contains(&refused.len()), "{}", refused.len());
    for answered in refused {
        assert_eq!((answered.status.as_u16(), answered.code()), (429, "overloaded"), "{}", answered.body);
    }
}
