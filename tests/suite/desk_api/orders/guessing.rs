//! Ten thousand scripted guesses at other people's orders, through the desk with its store and its webhooks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::SignedDuration;
use tempfile::TempDir;
use triage::Request;
use triage::desk::{Clock, Desk, Options, Routes, SetClock};
use triage::incoming::Customer;
use triage::store::{Sqlite, Store};
use triage::ticket::EventKind;

use super::*;
use crate::http::{PATIENT, options};
use crate::store::{at, quick};

const GUESSES: usize = 10_000;

/// At the same moment; each is a second of the clock.
const AT_ONCE: usize = 8;

/// Conversations in which the one order is guessed at.
const FOCUSED: usize = 50;

/// The order that half of them are at.
const FOCUS: &str = "202605230001";

/// The digits of every order.
const SECRET: &str = "4417";

/// What nobody types, and nobody may be told.
const FACTS: [&str; 7] = ["YT8", "云雀物流", "大理", "Dali", "夜灯", "ZZ-9", "8317.55"];

/// Somebody else's order, with nothing in it that stands anywhere else.
fn secret(number: &str, at: usize) -> Order {
    let mut secret = order(number, &format!("owner-{at}"));
    secret.phone_last4 = Some(SECRET.into());
    secret.tracking = Some(format!("YT8{at:09}"));
    secret.carrier = Some("云雀物流".into());
    secret.region = Some("云南大理".into());
    secret.items[0].product = "ZZ-9".into();
    secret.items[0].title = "月光陶瓷夜灯".into();
    secret.total = triage::shop::Money::parse("8317.55").unwrap();
    secret
}

struct Guess {
    conversation: String,
    digits: String,
    request: Request,
}

/// Half at one order from a few conversations, through all digits; half at an order each, from a conversation each, some of
/// them at no order at all. Half of the guessers are vouched for, as customers who own none of these.
fn guess(at: usize) -> Guess {
    let (nth, is_focused) = (at / 2, at % 2 == 1);
    let (conversation, number, digits) = match is_focused {
        true => (format!("f-{}", nth % FOCUSED), FOCUS.to_owned(), nth),
        false => (format!("s-{nth}"), format!("20260524{nth:04}"), nth * 37 % 10_000),
    };
    let digits = format!("{digits:04}");
    let text = match nth % 3 {
        0 => format!("{number} 手机尾号{digits} 到哪了"),
        1 => format!("查一下订单{number}到哪了，手机后四位{digits}"),
        _ => format!("where is my order {number}? the last four digits are {digits}"),
    };
    let stranger = if is_focused { format!("x-{}", nth % FOCUSED) } else { format!("y-{}", nth % 97) };
    let customer = Customer { id: Some(stranger), verified: nth % 2 == 0, ..Customer::default() };
    let request = Request {
        conversation_id: Some(conversation.clone()),
        message_id: Some(format!("m-{at}")),
        text,
        customer: Some(customer),
        ..Request::default()
    };
    Guess { conversation, digits, request }
}

/// A desk that delivers everything.
struct Attacked {
    desk: Desk,
    store: Arc<dyn Store>,
    clock: Arc<SetClock>,
    _folder: TempDir,
}

impl Attacked {
    fn new() -> Self {
        // Every fifth number is no order.
        let spread = (0..GUESSES / 2).filter(|at| at % 5 > 0).map(|at| secret(&format!("20260524{at:04}"), at));
        let orders = spread.chain([secret(FOCUS, GUESSES)]).collect();
        let live = live(&Arc::new(Shelf { orders, ..Shelf::default() }));
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("triage.db"), quick()).unwrap());
        let clock = Arc::new(SetClock::at(at(0)));
        let ticking: Arc<dyn Clock> = clock.clone();
        let routes = Routes::new(vec![("crm".to_owned(), Vec::new())]);
        let options = Options { deadline: PATIENT, routes, ..options() };
        let desk = Desk::open(live, Some(Arc::clone(&store)), ticking, options).unwrap();
        Self { desk, store, clock, _folder: folder }
    }

    /// Everything that was told of tickets: as they are kept, and as it is delivered.
    fn told(&self) -> Vec<Value> {
        let mut told = Vec::new();
        let now = self.clock.now();
        let until = now + SignedDuration::from_hours(1);
        loop {
            let leased = self.store.lease(now, until, 1000).unwrap();
            if leased.is_empty() {
                return told;
            }
            for delivery in leased {
                self.store.delivered(&delivery, now).unwrap();
                if delivery.event.kind == EventKind::Created {
                    let ticket = self.store.ticket(&delivery.event.ticket.id).unwrap().unwrap();
                    told.push(json!({ "type": "ticket", "ticket": ticket }));
                }
                told.push(serde_json::to_value(&delivery.event).unwrap());
            }
        }
    }
}

/// What came of them.
#[derive(Debug, Default)]
struct Counts {
    compared: usize,
    compared_at_one: usize,
    refused: usize,
    handed_over: usize,
    with_people: usize,
}

impl Counts {
    fn add(&mut self, guess: &Guess, reply: &Value) {
        let codes: Vec<&str> =
            reply["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect();
        match codes[0] {
            "slot:phone_last4" => {
                self.compared += 1;
                self.compared_at_one += usize::from(guess.conversation.starts_with('f'));
            }
            "policy:order_proof" if reply["decision"] == "handoff" => self.handed_over += 1,
            "policy:order_proof" => self.refused += 1,
            "queued" => self.with_people += 1,
            _ => panic!("{codes:?}: {reply}"),
        }
    }
}

/// All texts in it.
fn texts<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(map) => map.values().for_each(|item| texts(item, out)),
        _ => {}
    }
}

/// Whether the digits stand by themselves, not within an id or a time.
fn holds(text: &str, digits: &str) -> bool {
    let is_more = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    text.match_indices(digits)
        .any(|(at, _)| !is_more(text[..at].chars().next_back()) && !is_more(text[at + digits.len()..].chars().next()))
}

fn assert_tells_nothing(what: &Value, has_typed_it: bool) {
    let mut all = Vec::new();
    texts(what, &mut all);
    for text in all {
        let fact = FACTS.iter().find(|fact| text.contains(**fact));
        assert_eq!(fact, None, "{what}");
        assert!(has_typed_it || !holds(text, SECRET), "{what}");
    }
}

/// In three hours of the clock. The right digits are among them, for the one order and for one of the others, when no more
/// are compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_guesses_tell_nothing() {
    let shop = Attacked::new();
    let (begun, mut counts, mut typed) = (Instant::now(), Counts::default(), BTreeMap::<String, bool>::new());
    for first in (0..GUESSES).step_by(AT_ONCE) {
        shop.clock.pass(SignedDuration::from_secs(i64::try_from(AT_ONCE).unwrap()));
        let guesses: Vec<Guess> = (first..first + AT_ONCE).map(guess).collect();
        let replies = join_all(guesses.iter().map(|guess| shop.desk.message(guess.request.clone(), false))).await;
        for (guess, reply) in guesses.iter().zip(replies) {
            let reply: Value = serde_json::from_str(&reply.unwrap()).unwrap();
            *typed.entry(guess.conversation.clone()).or_default() |= guess.digits == SECRET;
            assert_tells_nothing(&reply, typed[&guess.conversation]);
            counts.add(guess, &reply);
        }
    }
    let (mut events, mut tickets) = (0, 0);
    for told in shop.told() {
        let conversation = told["ticket"]["conversation_id"].as_str().unwrap();
        assert_tells_nothing(&told, typed[conversation]);
        events += usize::from(told["type"] == "order.guessing");
        tickets += usize::from(told["type"] == "ticket.created");
    }
    for conversation in typed.keys() {
        let state = shop.store.conversation(conversation).unwrap().unwrap().state;
        assert_eq!((state.proven.len(), state.orders.len()), (0, 0), "{conversation}");
    }
    let took = begun.elapsed().max(Duration::from_millis(1));
    eprintln!("{GUESSES} guesses in {took:.1?}: {counts:?}, {tickets} tickets, {events} `order.guessing` events");
    assert_eq!(typed.values().filter(|has_typed_it| **has_typed_it).count(), 2, "the right digits were tried");
    // Sixty an hour in all, of which five at the one order; every one of these is among those counted here.
    assert!(counts.compared <= 3 * 60 && counts.compared_at_one <= 3 * 5, "{counts:?}");
    assert!(counts.compared >= 60 && counts.refused > counts.compared, "{counts:?}");
    // One for each conversation that goes on guessing, and one for each limit in each window.
    assert!((1..=FOCUSED + 15).contains(&events) && tickets <= events, "{events} events, {tickets} tickets");
}
