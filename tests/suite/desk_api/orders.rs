//! Orders in conversations: who gets to see one, turn by turn, and that nobody guesses their way to one.

mod guessing;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use serde_json::{Value, json};
use triage::facts::ShopData;
use triage::http::Limits;
use triage::live::Live;
use triage::orders::{self, Access, Order};

use super::Api;
use super::failing::{Fault, Faulty};
use crate::ENGINE;
use crate::http::{post, triage};
use crate::orders::access::Shelf;
use crate::orders::order;

const NUMBER: &str = "202605240007";
const OTHER: &str = "202605240008";
const TRACKING: &str = "SF202605240007";

/// A desk of a shop with orders.
struct Shop {
    api: Api,
    shelf: Arc<Shelf>,
}

/// An engine that may ask for these.
fn live(shelf: &Arc<Shelf>) -> Arc<Live> {
    let access = Access::new(Arc::clone(shelf) as Arc<dyn orders::Orders>, orders::Limits::default());
    let data = ShopData { orders: Some(Arc::new(access)), products: None };
    Arc::new(Live::new(Arc::new(ENGINE.with_data(Arc::new(data)))))
}

/// On its way on the day of these tests.
fn on_its_way(number: &str) -> Order {
    let moment = |text: &str| text.parse().unwrap();
    let dispatched_at = Some(moment("2026-05-24T18:00:00+08:00"));
    Order { placed_at: moment("2026-05-24T10:00:00+08:00"), dispatched_at, ..order(number, "u-12") }
}

impl Shop {
    fn new() -> Self {
        Self::of(vec![on_its_way(NUMBER), on_its_way(OTHER)])
    }

    fn of(orders: Vec<Order>) -> Self {
        let shelf = Arc::new(Shelf { orders, ..Shelf::default() });
        Self { api: Api::over(live(&shelf), Limits::default(), |store| store), shelf }
    }

    /// A message of a customer whom the gateway vouches for, or of nobody, half a minute after the last.
    async fn say(&self, customer: Option<&str>, message: &str, text: &str) -> Value {
        self.api.pass(30);
        self.say_at_once(customer, message, text).await
    }

    async fn say_at_once(&self, customer: Option<&str>, message: &str, text: &str) -> Value {
        let customer = customer.map(|id| json!({ "id": id, "verified": true }));
        let request = json!({"conversation_id": "c-1", "message_id": message, "text": text, "customer": customer});
        let answered = self.api.send(triage(&request)).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
        answered.body
    }

    fn wrong_tries(&self) -> u32 {
        self.api.store.conversation("c-1").unwrap().unwrap().state.wrong_proofs
    }
}

/// The first reason.
fn reason(reply: &Value) -> &str {
    reply["reasons"][0]["code"].as_str().unwrap()
}

#[tokio::test]
async fn an_order_opened_by_its_owner_is_not_open_to_others() {
    let shop = Shop::new();
    let own = shop.say(Some("u-12"), "m-1", &format!("{NUMBER} 手机尾号3306 到哪了")).await;
    assert!(own["answer"]["text"].as_str().unwrap().contains(TRACKING), "{own}");
    for (at, customer) in [(2, None), (3, Some("u-99"))] {
        let theirs = shop.say(customer, &format!("m-{at}"), &format!("{NUMBER} 到哪了")).await;
        assert_eq!(reason(&theirs), "slot:phone_last4", "{theirs}");
        assert!(!theirs.to_string().contains(TRACKING), "{theirs}");
    }
}

#[tokio::test]
async fn a_choice_is_open_to_whom_it_was_offered_to() {
    for customer in [Some("u-12"), None, Some("u-99")] {
        let shop = Shop::new();
        let offered = shop.say(Some("u-12"), "m-1", "我的快递到哪了").await;
        assert_eq!(reason(&offered), "slot:order_number", "{offered}");
        let picked = shop.say(customer, "m-2", "第二个").await.to_string();
        let state = shop.api.store.conversation("c-1").unwrap().unwrap().state;
        let is_known = state.slots.iter().any(|slot| slot.name == "order_number");
        let is_theirs = customer == Some("u-12");
        assert_eq!((picked.contains("20260524"), is_known), (is_theirs, is_theirs), "{customer:?}: {picked}");
    }
}

#[tokio::test]
async fn what_follows_the_digits_at_once_finds_the_order_open() {
    let shop = Shop::new();
    assert_eq!(reason(&shop.say(None, "m-1", &format!("{NUMBER} 到哪了")).await), "slot:phone_last4");
    let shown = shop.say(None, "m-2", "手机号是13800003306").await;
    assert!(shown["answer"]["text"].as_str().unwrap().contains(TRACKING), "{shown}");
    shop.api.pass(2);
    let next = shop.say_at_once(None, "m-3", "我的快递到哪了").await;
    assert!(next["answer"]["text"].as_str().unwrap().contains(TRACKING), "{next}");
    assert_eq!(next["supersedes"], json!([]), "{next}");
    assert_eq!(shop.wrong_tries(), 0);
}

#[tokio::test]
async fn an_order_opened_by_its_tracking_number_stays_open() {
    let tracking = "SF1390021457788";
    let shop = Shop::of(vec![Order { tracking: Some(tracking.into()), ..on_its_way(NUMBER) }]);
    let shown = shop.say(None, "m-1", &format!("快递单号{tracking} 手机尾号3306 到哪了")).await;
    assert!(shown["answer"]["text"].as_str().unwrap().contains(NUMBER), "{shown}");
    for (at, name) in [tracking, NUMBER].into_iter().enumerate() {
        let again = shop.say(None, &format!("m-2-{at}"), &format!("查一下{name} 到哪了")).await;
        assert!(again["answer"]["text"].as_str().unwrap().contains(tracking), "{again}");
    }
}

/// What is no answer to the question for the digits is no guess.
#[tokio::test]
async fn other_numbers_are_no_guesses() {
    for text in ["2025年买的那单", "花了12.34", "1280元买的"] {
        let shop = Shop::new();
        shop.say(None, "m-1", &format!("{NUMBER} 到哪了")).await;
        shop.say(None, "m-2", text).await;
        assert_eq!((shop.wrong_tries(), shop.shelf.asked.load(Ordering::Relaxed)), (0, 0), "{text}");
    }
}

/// However often a message is decided anew because another program was faster, its digits are compared once.
#[tokio::test]
async fn a_message_counts_as_one_guess() {
    let shelf = Arc::new(Shelf { orders: vec![on_its_way(NUMBER)], ..Shelf::default() });
    let mut kept = None;
    let api = Api::over(live(&shelf), Limits::default(), |store| {
        let faulty = Arc::new(Faulty::around(store));
        kept = Some(Arc::clone(&faulty));
        faulty
    });
    kept.unwrap().set(Fault::Conflicts);
    let reply = api.say("c-1", "m-1", &format!("{NUMBER} 手机尾号0000 到哪了")).await;
    assert_eq!(reason(&reply), "bot_error", "{reply}");
    assert_eq!(shelf.asked.load(Ordering::Relaxed), 1);
}

/// What is decided on trial uses up nobody's tries, and opens nothing for later.
#[tokio::test]
async fn a_trial_is_no_guess() {
    let shop = Shop::new();
    let say = async |at: usize, digits: &str| {
        let text = format!("{NUMBER} 手机尾号{digits} 到哪了");
        let (conversation, message) = (format!("t-{at}"), "m-1");
        let body = json!({"conversation_id": conversation, "message_id": message, "text": text}).to_string();
        shop.api.body(post("/v1/triage?shadow=true", body)).await
    };
    for at in 0..20 {
        assert_eq!(reason(&say(at, "0000").await), "slot:phone_last4");
    }
    assert_eq!(reason(&say(20, "3306").await), "answered");
    shop.api.pass(30);
    let live = shop.api.say("t-20", "m-2", &format!("{NUMBER} 到哪了")).await;
    assert_eq!(reason(&live), "slot:phone_last4", "{live}");
    let shown = shop.say(None, "m-1", &format!("{NUMBER} 手机尾号3306 到哪了")).await;
    assert!(shown["answer"]["text"].as_str().unwrap().contains(TRACKING), "{shown}");
}
