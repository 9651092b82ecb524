//! How fast the path of one message is, stage by stage, on the messages under `corpus/`.
//!
//! `cargo bench` runs everything, `cargo bench -- triage/` one group. The times of `normalise`, `tokenise`, `encode` and
//! `triage` are for a whole file, `thrpt` is messages per second. `encode` contains `tokenise`, `triage` contains all
//! three. `reference/matmul_384` uses nothing of this crate: a time divided by it can be compared between machines.

use std::hint::black_box;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use triage::catalogue::{Catalogue, Sources};
use triage::config::Config;
use triage::desk::{Desk, Options, SystemClock};
use triage::live::Live;
use triage::lookup::Lookup;
use triage::orders::{Order, Orders, RawOrder};
use triage::shop::{Basket, Line, Money};
use triage::slots::{Before, Kind, Lexicon, Slots};
use triage::sources::Table;
use triage::store::{Sqlite, SqliteOptions, Store};
use triage::text::{Message, Utterance};
use triage::{Engine, Incoming, Request};

/// The shipped configuration, found from wherever the bench is started.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/triage.yaml");

/// Messages, one per line, by file.
const CORPUS: [(&str, &str); 5] = [
    ("chinese", include_str!("corpus/chinese.txt")),
    ("english", include_str!("corpus/english.txt")),
    ("mixed", include_str!("corpus/mixed.txt")),
    ("emoji", include_str!("corpus/emoji.txt")),
    ("long", include_str!("corpus/long.txt")),
];

/// The message that figures for "one short message" are about.
const TWELVE_CHARACTERS: &str = "我的快递怎么还没有到呀？";

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Opened by the first bench that needs it, so that the others can be run without a model.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::open(CONFIG).expect("the shipped configuration opens"));

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    reference(&mut criterion);
    normalise(&mut criterion);
    tokenise(&mut criterion);
    encode(&mut criterion);
    triage(&mut criterion);
    twelve_characters(&mut criterion);
    slots(&mut criterion);
    desk(&mut criterion);
    quote(&mut criterion);
    orders(&mut criterion);
    catalogue_check(&mut criterion);
    open(&mut criterion);
    criterion.final_summary();
}

/// One product of two 384 × 384 matrices on one core: what the encoder is mostly made of.
fn reference(criterion: &mut Criterion) {
    const SIZE: usize = 384;
    let values = Array2::from_shape_fn((SIZE, SIZE), |(row, column)| ((row * 31 + column * 17) % 97) as f32 / 97.0);
    let mut product = Array2::zeros((SIZE, SIZE));
    criterion.bench_function("reference/matmul_384", |bencher| {
        bencher.iter(|| {
            general_mat_mul(1.0, black_box(&values), black_box(&values), 0.0, &mut product);
            black_box(&product);
        });
    });
}

fn normalise(criterion: &mut Criterion) {
    per_file(criterion, "normalise", utterance, Message::read);
}

fn tokenise(criterion: &mut Criterion) {
    per_file(criterion, "tokenise", message, |message| ENGINE.bundle().tokens(message.model()));
}

fn encode(criterion: &mut Criterion) {
    per_file(criterion, "encode", message, |message| ENGINE.bundle().read(message).expect("the model reads text"));
}

fn triage(criterion: &mut Criterion) {
    per_file(criterion, "triage", incoming, |incoming| ENGINE.triage(incoming));
}

fn twelve_characters(criterion: &mut Criterion) {
    assert_eq!(TWELVE_CHARACTERS.chars().count(), 12);
    let incoming = incoming(TWELVE_CHARACTERS);
    let mut group = criterion.benchmark_group("triage");
    group.throughput(Throughput::Elements(1));
    group.bench_function("12_characters", |bencher| {
        LazyLock::force(&ENGINE);
        bencher.iter(|| ENGINE.triage(black_box(&incoming)));
    });
    group.finish();
}

/// Values in a message that was read already.
fn slots(criterion: &mut Criterion) {
    let names = [
        (Kind::Product, "QH-1001", ["四件套", "bedding set"]),
        (Kind::Promotion, "full_reduction", ["满减", "full reduction"]),
    ];
    let lexicon = Lexicon::new(names);
    let today = jiff::civil::date(2026, 11, 23);
    let mut group = criterion.benchmark_group("slots");
    for (name, text) in [
        ("12_characters", TWELVE_CHARACTERS),
        ("chinese_with_values", "3天前买的两套四件套，付了四百八，寄到新疆"),
        ("english_with_values", "two bedding sets to Hangzhou, I paid 480 yuan last Friday"),
    ] {
        let incoming = incoming(text);
        let message = message(text);
        group.bench_function(name, |bencher| {
            bencher.iter(|| Slots::fill(black_box(&message), &incoming, Before::default(), today, &lexicon));
        });
    }
    group.finish();
}

/// Everything that `triage lint` does after reading the files.
fn catalogue_check(criterion: &mut Criterion) {
    let config = Config::read(Path::new(CONFIG)).expect("the shipped configuration is right");
    let sources = Sources::read(&config.intents, &config.policy, &config.shop).expect("the shipped files can be read");
    let mut group = criterion.benchmark_group("catalogue_check");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    group.bench_function("shipped", |bencher| {
        bencher.iter(|| Catalogue::check(black_box(&sources)).expect("the shipped catalogue has no findings"));
    });
    group.finish();
}

/// From nothing to an engine that decides: bundle, catalogue, fit.
fn open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(20));
    group.bench_function("shipped", |bencher| {
        bencher.iter(|| Engine::open(black_box(CONFIG)).expect("the shipped configuration opens"));
    });
    group.finish();
}

/// Messages of 64 conversations at a time, through the desk: remembered and written down, and not.
fn desk(criterion: &mut Criterion) {
    const AT_ONCE: usize = 64;
    let folder = tempfile::tempdir().expect("a folder for the store");
    let file = folder.path().join("triage.db");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let texts: Vec<&str> = CORPUS[0].1.lines().collect();
    let sent = std::sync::atomic::AtomicUsize::new(0);
    let mut group = criterion.benchmark_group("desk");
    group.throughput(Throughput::Elements(AT_ONCE as u64));
    for (name, is_stored) in [("not_stored", false), ("stored", true)] {
        let live = Arc::new(Live::open(CONFIG).expect("the shipped configuration opens"));
        let store = is_stored.then(|| Sqlite::open(&file, SqliteOptions::default()).expect("a new store"));
        let store = store.map(|store| Arc::new(store) as Arc<dyn Store>);
        let desk = Desk::open(live, store, Arc::new(SystemClock), Options::default()).expect("threads for the workers");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let mut waiting = tokio::task::JoinSet::new();
                    for _ in 0..AT_ONCE {
                        let number = sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let request = Request {
                            // Four messages of each conversation: the last of a round of rounds.
                            conversation_id: Some(format!("c-{}-{}", number / (4 * AT_ONCE), number % AT_ONCE)),
                            message_id: Some(format!("m-{number}")),
                            text: texts[number % texts.len()].to_owned(),
                            deadline_ms: Some(60_000),
                            ..Request::default()
                        };
                        let desk = desk.clone();
                        waiting.spawn(async move { desk.message(request, false).await });
                    }
                    waiting.join_all().await
                })
            });
        });
    }
    group.finish();
    if let Ok(store) = rusqlite::Connection::open(&file) {
        let count = |sql: &str| store.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap_or_default();
        let (turns, bytes) = (
            count("SELECT count(*) FROM turns"),
            count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"),
        );
        println!(
            "desk/stored: {turns} turns in {bytes} bytes, {} bytes per 100,000 turns",
            bytes * 100_000 / turns.max(1)
        );
    }
}

/// A basket of ten products for which six of the shipped rules hold, with what one step more would save; and how long the
/// slowest of a hundred takes.
fn quote(criterion: &mut Criterion) {
    let config = Config::read(Path::new(CONFIG)).expect("the shipped configuration is right");
    let sources = Sources::read(&config.intents, &config.policy, &config.shop).expect("the shipped files can be read");
    let catalogue = Catalogue::check(&sources).expect("the shipped catalogue has no findings");
    let shop = catalogue.shop();
    let goods = [("QH-1001", "bedding", 39900), ("QH-1002", "bedding", 2990), ("QH-7001", "homecare", 3990)];
    let others = (0..7).map(|at| (["QH-2001", "QH-2002", "QH-3002"][at % 3], "kitchen", 1000 + 700 * at as i64));
    let lines = goods.into_iter().chain(others).map(|(product, category, fen)| Line {
        product: Some(product.to_owned()),
        category: Some(category.to_owned()),
        price: Money::from_fen(fen),
        quantity: 3,
    });
    // Two item offers, bedding coupon, full reduction, platform coupon, member.
    let basket = Basket {
        lines: lines.collect(),
        coupons: ["bedding_coupon", "platform_coupon"].map(str::to_owned).to_vec(),
        member: Some("gold".to_owned()),
        at: jiff::civil::datetime(2026, 11, 21, 12, 30, 0, 0),
        region: triage::region::by_name("浙江"),
    };
    let quote = || shop.promotions.quote(black_box(&basket), &shop.shipping).expect("a basket of ten lines");
    criterion.bench_function("quote/10 items, 6 promotions", |bencher| bencher.iter(quote));
    let mut times: Vec<Duration> = (0..10_000)
        .map(|_| {
            let start = std::time::Instant::now();
            black_box(quote());
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("quote/10 items, 6 promotions: p50 {:?}, p99 {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
}

/// One bench per file of the corpus: `step` on each of its messages, made by `prepare` beforehand.
fn per_file<T, R>(criterion: &mut Criterion, name: &str, prepare: impl Fn(&str) -> T, step: impl Fn(&T) -> R) {
    let mut group = criterion.benchmark_group(name);
    for (file, text) in CORPUS {
        let messages: Vec<T> = text.lines().map(&prepare).collect();
        group.throughput(Throughput::Elements(messages.len() as u64));
        group.bench_function(file, |bencher| {
            // Once outside the loop: loads what is loaded on first use.
            messages.iter().for_each(|message| drop(step(message)));
            bencher.iter(|| {
                for message in &messages {
                    black_box(step(black_box(message)));
                }
            });
        });
    }
    group.finish();
}

fn utterance(text: &str) -> Utterance {
    Utterance::new(text).expect("the corpus keeps to the limit")
}

fn message(text: &str) -> Message {
    Message::read(&utterance(text))
}

fn incoming(text: &str) -> Incoming {
    Incoming::text(text).expect("no line of the corpus is empty")
}

/// One order of a hundred thousand, by number, by tracking number, and none.
fn orders(criterion: &mut Criterion) {
    const ORDERS: usize = 100_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let table = Table::open(&folder.path().join("orders.db")).expect("a table");
    let order = |at: usize| -> Order {
        let raw = serde_json::json!({
            "number": format!("2026{at:08}"),
            "customer": format!("u-{}", at / 3),
            "phone_last4": "3306",
            "state": "dispatched",
            "placed_at": "2026-11-21T10:02:00+08:00",
            "tracking": format!("SF{at:011}"),
            "region": "浙江杭州",
            "items": [{ "product": "QH-1001", "title": "纯棉四件套", "quantity": 1, "price": "399.00" }],
            "total": "349.00",
        });
        let raw: RawOrder = serde_json::from_value(raw).expect("an order");
        raw.check().expect("a good order")
    };
    let all: Vec<Order> = (0..ORDERS).map(order).collect();
    for batch in all.chunks(1000) {
        table.write(batch).expect("orders are written");
    }
    // Far apart from each other, so that no page is at hand because of the one before.
    let mut at = 0;
    let mut find = |criterion: &mut Criterion, name: &str, key: &dyn Fn(usize) -> String, is_there: bool| {
        let keys: Vec<String> = (0..ORDERS).map(key).collect();
        let mut once = || {
            at = (at + 61_803) % ORDERS;
            match table.by_number(&keys[at]) {
                Lookup::Now(Ok(found)) => assert_eq!(found.is_some(), is_there),
                _ => panic!("the table answers at once"),
            }
        };
        criterion.bench_function(name, |bencher| bencher.iter(&mut once));
        let mut times: Vec<Duration> = (0..ORDERS)
            .map(|_| {
                let started = std::time::Instant::now();
                once();
                started.elapsed()
            })
            .collect();
        times.sort();
        println!(
            "{name}: p50 {:?}, p99 {:?}, most {:?}",
            times[ORDERS / 2],
            times[ORDERS / 100 * 99],
            times[ORDERS - 1]
        );
    };
    find(criterion, "orders/by number", &|at| format!("2026{at:08}"), true);
    find(criterion, "orders/by tracking number", &|at| format!("SF{at:011}"), true);
    find(criterion, "orders/none", &|at| format!("2027{at:08}"), false);
}
