use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::*;
use crate::config::{Config, OrdersSource, ProductsSource};
use crate::orders::{Order, OrderState, Orders};
use crate::products::{Products, Stock};

const NUMBER: &str = "202605260001";

/// What the shop's system does with a request.
#[derive(Clone)]
enum Say {
    /// Status and body.
    Answer(u16, String),
    /// Closes the connection.
    Close,
    /// Says nothing.
    Nothing,
    /// An order, once the test lets it.
    Held,
}

/// A system of a shop on this machine.
struct Erp {
    runtime: Option<Runtime>,
    address: SocketAddr,
    said: Arc<Said>,
}

struct Said {
    say: Mutex<Vec<Say>>,
    heads: Mutex<Vec<String>>,
    now: AtomicUsize,
    most: AtomicUsize,
    release: Semaphore,
}

impl Erp {
    fn start() -> Self {
        let mut erp = Self {
            runtime: None,
            address: "127.0.0.1:0".parse().unwrap(),
            said: Arc::new(Said {
                say: Mutex::default(),
                heads: Mutex::default(),
                now: AtomicUsize::new(0),
                most: AtomicUsize::new(0),
                release: Semaphore::new(0),
            }),
        };
        erp.up();
        erp
    }

    /// Listens where it did before.
    fn up(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(self.address)).unwrap();
        self.address = listener.local_addr().unwrap();
        let said = Arc::clone(&self.said);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&said).serve(stream));
            }
        });
        self.runtime = Some(runtime);
    }

    /// Refuses connections.
    fn down(&mut self) {
        drop(self.runtime.take());
    }

    /// From now on; the last one stays.
    fn say(&self, say: &[Say]) {
        *self.said.say.lock().unwrap() = say.to_vec();
    }

    fn calls(&self) -> usize {
        self.said.heads.lock().unwrap().len()
    }
}

impl Said {
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        self.heads.lock().unwrap().push(String::from_utf8(head).unwrap());
        let say = {
            let mut say = self.say.lock().unwrap();
            if say.len() > 1 { say.remove(0) } else { say[0].clone() }
        };
        let at_once = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(at_once, Ordering::SeqCst);
        let answer = match say {
            Say::Answer(status, body) => Some((status, body)),
            Say::Close => None,
            Say::Nothing => std::future::pending().await,
            Say::Held => {
                self.release.acquire().await.unwrap().forget();
                Some((200, order("u-12")))
            }
        };
        self.now.fetch_sub(1, Ordering::SeqCst);
        if let Some((status, body)) = answer {
            let head = format!("HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\nconnection: close\r\n");
            let text = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            // Whoever asked may have left.
            let _ = stream.write_all(text.as_bytes()).await;
        }
    }
}

fn order(customer: &str) -> String {
    format!(
        r#"{{"number":"{NUMBER}","customer":"{customer}","state":"paid","placed_at":"2026-11-21T10:02:00+08:00","total":"349.00"}}"#
    )
}

fn good() -> Say {
    Say::Answer(200, order("u-12"))
}

/// A clock that stands still until it is told otherwise.
#[derive(Clone)]
struct Time(Arc<Mutex<Instant>>);

impl Time {
    fn pass(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }
}

/// The source as configured, with a clock of the test's.
fn source(erp: &Erp, more: &str) -> (HttpOrders, Time) {
    let config = config(&format!(
        "orders:\n  kind: http\n  order_url: http://{0}/o/{{number}}\n  customer_url: http://{0}/c?of={{customer}}\n{more}",
        erp.address
    ));
    let OrdersSource::Http(http) = config.orders.source else { panic!("not configured") };
    let time = Time(Arc::new(Mutex::new(Instant::now())));
    let clock = time.clone();
    let ticks = Arc::new(move || *clock.0.lock().unwrap());
    (HttpOrders::open(&http, TimeZone::get("Asia/Shanghai").unwrap(), ticks).unwrap(), time)
}

const QUICK: &str = "  http: { allow_http: true, timeout_ms: 20000, budget_ms: 40000 }\n";

fn config(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("triage.yaml");
    std::fs::write(&path, text).unwrap();
    Config::read(&path).unwrap_or_else(|findings| panic!("{findings}"))
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits outside of any runtime.
fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Whether it was known at once, and what it is.
fn asked(source: &HttpOrders) -> (&'static str, Result<Option<Order>, Unavailable>) {
    match source.by_number(NUMBER) {
        Lookup::Now(known) => ("now", known),
        Lookup::Later(future) => ("later", wait(future)),
    }
}

#[track_caller]
fn expect(source: &HttpOrders, when: &str, what: &str) {
    let (known, answer) = asked(source);
    let is = match &answer {
        Ok(Some(order)) => &*order.number,
        Ok(None) => "none",
        Err(error) => error.0,
    };
    assert!(known == when && is.contains(what), "{known}: {is}, not {when}: {what}");
}

#[test]
fn answers_are_kept_for_seconds_and_failures_are_not() {
    let erp = Erp::start();
    erp.say(&[good()]);
    let (source, time) = source(&erp, QUICK);
    expect(&source, "later", NUMBER);
    time.pass(14);
    expect(&source, "now", NUMBER);
    assert_eq!(erp.calls(), 1);
    time.pass(1);
    erp.say(&[Say::Answer(404, String::new())]);
    expect(&source, "later", "none");
    time.pass(4);
    expect(&source, "now", "none");
    assert_eq!(erp.calls(), 2);
    time.pass(1);
    for _ in 0..3 {
        erp.say(&[Say::Answer(400, String::new())]);
        expect(&source, "later", "does not understand us");
    }
    erp.say(&[Say::Answer(200, "null".into())]);
    expect(&source, "later", "none");
    assert_eq!(erp.calls(), 6);
}

#[test]
fn what_does_not_answer_is_asked_again_and_then_left_alone() {
    for (say, why) in [(Say::Answer(503, String::new()), "problem of its own"), (Say::Close, "connection broke")] {
        let erp = Erp::start();
        let (source, time) = source(&erp, QUICK);
        // Once is nothing: it is asked again.
        erp.say(&[say.clone(), good()]);
        expect(&source, "later", NUMBER);
        assert_eq!(erp.calls(), 2);
        time.pass(15);
        erp.say(std::slice::from_ref(&say));
        for _ in 0..5 {
            expect(&source, "later", why);
        }
        assert_eq!(erp.calls(), 12, "each is tried twice");
        for seconds in [10, 20, 40, 60, 60] {
            time.pass(seconds - 1);
            expect(&source, "now", "left alone");
            time.pass(1);
            expect(&source, "later", why);
        }
        assert_eq!(erp.calls(), 22, "while it is left alone, nobody asks");
        time.pass(60);
        erp.say(&[good()]);
        expect(&source, "later", NUMBER);
        expect(&source, "now", NUMBER);
        time.pass(15);
        expect(&source, "later", NUMBER);
        assert_eq!(erp.calls(), 24);
    }
}

#[test]
fn what_is_down_comes_back() {
    let mut erp = Erp::start();
    erp.say(&[good()]);
    let (source, time) = source(&erp, QUICK);
    erp.down();
    for _ in 0..5 {
        expect(&source, "later", "cannot connect");
    }
    expect(&source, "now", "left alone");
    erp.up();
    expect(&source, "now", "left alone");
    time.pass(10);
    expect(&source, "later", NUMBER);
    assert_eq!(erp.calls(), 1);
}

#[test]
fn what_is_slow_is_not_waited_for() {
    let erp = Erp::start();
    erp.say(&[Say::Nothing]);
    let (source, _) = source(&erp, "  http: { allow_http: true, timeout_ms: 10, budget_ms: 15, retries: 2 }\n");
    for _ in 0..5 {
        expect(&source, "later", "no answer in time");
    }
    expect(&source, "now", "left alone");
}

/// It answers, so it is neither asked again nor left alone.
#[test]
fn what_cannot_be_used_is_no_order() {
    let erp = Erp::start();
    let (source, _) =
        source(&erp, "  http: { allow_http: true, timeout_ms: 20000, budget_ms: 40000, body_bytes: 1024 }\n");
    let long = format!("{{\"number\":\"{NUMBER}\",\"x\":\"{}\"}}", "y".repeat(2000));
    let mut calls = 0;
    for (status, body, why) in [
        (200, "<html>".to_owned(), "not JSON"),
        (200, String::new(), "not JSON"),
        (200, "[]".into(), "cannot be understood"),
        (200, order("u-12").replace("paid", "WAIT_SELLER_SEND"), "cannot be understood"),
        (200, long, "longer than"),
        (302, String::new(), "redirects"),
        (401, String::new(), "http.headers"),
        (403, order("u-12"), "http.headers"),
        (418, String::new(), "does not understand us"),
    ] {
        erp.say(&[Say::Answer(status, body)]);
        expect(&source, "later", why);
        calls += 1;
        assert_eq!(erp.calls(), calls);
    }
}

#[test]
fn only_so_many_are_asked_at_once_and_nobody_needs_to_wait_for_an_answer() {
    let erp = Erp::start();
    erp.say(&[Say::Held]);
    let (source, _) = source(&erp, "  http: { allow_http: true, timeout_ms: 20000, budget_ms: 40000, calls: 2 }\n");
    std::thread::scope(|scope| {
        for at in 0..6 {
            let source = &source;
            scope.spawn(move || wait(source.by_number(&format!("20260526000{at}")).wait()).unwrap());
        }
        erp.said.release.add_permits(6);
    });
    assert_eq!(erp.calls(), 6);
    assert!(erp.said.most.load(Ordering::SeqCst) <= 2);
    // Whoever asks may leave; the answer is kept for whoever asks next.
    let Lookup::Later(mut left) = source.by_number("202605260009") else { panic!("nobody has asked for it") };
    let waker = Waker::noop();
    assert!(left.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    drop(left);
    erp.said.release.add_permits(1);
    while matches!(source.by_number("202605260009"), Lookup::Later(_)) {
        std::thread::yield_now();
    }
    assert_eq!(erp.calls(), 7);
}

#[test]
fn what_is_sent() {
    let erp = Erp::start();
    erp.say(&[Say::Answer(404, String::new())]);
    let more = "  http: { allow_http: true, timeout_ms: 20000, budget_ms: 40000, headers: { X-Shop: main } }\n";
    let (source, _) = source(&erp, more);
    expect(&source, "later", "none");
    for customer in ["u 1&of=u-2", "../admin"] {
        assert_eq!(wait(source.of_customer(customer).wait()).unwrap(), []);
    }
    // Never asked for: they could mean something else.
    for number in ["..", "a/b/c", "", "12", "2026 0526"] {
        assert!(matches!(source.by_number(number), Lookup::Now(Ok(None))), "{number}");
    }
    let heads = erp.said.heads.lock().unwrap();
    let first: Vec<&str> = heads.iter().map(|head| head.split_once(" HTTP").unwrap().0).collect();
    assert_eq!(first, ["GET /o/202605260001", "GET /c?of=u%201%26of%3Du%2D2", "GET /c?of=%2E%2E%2Fadmin"]);
    assert!(heads[0].contains("x-shop: main\r\n") && heads[0].contains("accept: application/json"), "{}", heads[0]);
}

/// As a large platform might write it.
#[test]
fn other_names_are_found() {
    let erp = Erp::start();
    let (source, _) = source(
        &erp,
        "  http: { allow_http: true, timeout_ms: 20000, budget_ms: 40000 }
  money: fen
  fields:
    order: /data/trade
    orders: /data/trades
    number: /tid
    customer: /buyer/open_uid
    phone_last4: /receiver/mobile
    state: /status
    placed_at: /created
    paid_at: /pay_time
    dispatched_at: /consign_time
    tracking: /shipping/0/out_sid
    region: /receiver/area
    items: /orders
    item_product: /sku
    item_title: /name
    item_quantity: /num
    item_price: /fee
    total: /payment
    after_sales_kind: /refund/type
    after_sales_step: /refund/status
    after_sales_since: /refund/at
    after_sales_amount: /refund/fee
  states: { WAIT_SELLER_SEND_GOODS: paid, '7': after_sales }
  after_sales_kinds: { REFUND_ONLY: refund }
  after_sales_steps: { SUCCESS: done }
",
    );
    let trade = r#"{"tid":202605260001,"receiver":{"mobile":"138****3306","area":"浙江杭州"},"status":"WAIT_SELLER_SEND_GOODS",
        "created":"2026-11-21 10:02:00","pay_time":1795226580,"consign_time":"0000-00-00 00:00:00","shipping":[{"out_sid":"sf1390"}],
        "orders":[{"sku":"QH-1001","name":"纯棉四件套","num":1,"fee":39900}],"payment":34900}"#;
    let after = trade.replace("\"WAIT_SELLER_SEND_GOODS\"", "7").replace(
        "\"payment\"",
        r#""refund":{"type":"REFUND_ONLY","status":"SUCCESS","at":"2026-11-22 09:00:00","fee":"34900"},"payment""#,
    );
    erp.say(&[
        Say::Answer(200, format!(r#"{{"code":0,"data":{{"trade":{trade}}}}}"#)),
        Say::Answer(200, format!(r#"{{"data":{{"trades":[{{"tid":"?"}},{after}]}}}}"#)),
        Say::Answer(200, r#"{"data":{"trades":[]}}"#.into()),
        Say::Answer(200, r#"{"data":{"trades":[{"tid":"?"}]}}"#.into()),
    ]);
    let found = asked(&source).1.unwrap().unwrap();
    assert_eq!((&*found.number, found.state, found.customer.as_deref()), (NUMBER, OrderState::Paid, None));
    assert_eq!((found.phone_last4.as_deref(), found.tracking.as_deref()), (Some("3306"), Some("SF1390")));
    assert_eq!((found.total.to_string(), found.items[0].price.to_string()), ("349".into(), "399".into()));
    assert_eq!((found.placed_at.to_string(), found.dispatched_at), ("2026-11-21T02:02:00Z".into(), None));
    let theirs = wait(source.of_customer("u-12").wait()).unwrap();
    assert_eq!(theirs.len(), 1, "what cannot be understood is left out");
    assert_eq!(theirs[0].customer.as_deref(), Some("u-12"), "whose they are was asked for");
    let case = theirs[0].after_sales.as_ref().unwrap();
    assert_eq!((theirs[0].state, case.amount.unwrap().to_string()), (OrderState::AfterSales, "349".into()));
    assert_eq!(wait(source.of_customer("u-13").wait()).unwrap(), []);
    assert!(wait(source.of_customer("u-14").wait()).is_err());
}

#[test]
fn products_are_asked_for_by_id() {
    let erp = Erp::start();
    let config = config(&format!(
        "products:\n  kind: http\n  product_url: http://{}/p/{{product}}\n  http: {{ allow_http: true, timeout_ms: 20000, \
         budget_ms: 40000 }}\n  fields: {{ id: /sku, title_zh: /name, restock_on: /back }}\n  states: {{ OFF: discontinued }}\n",
        erp.address
    ));
    let ProductsSource::Http(http) = config.products else { panic!("not configured") };
    let products = HttpProducts::open(&http, TimeZone::UTC, Arc::new(Instant::now)).unwrap();
    for (id, more, stock) in [
        ("a", r#""stock":3"#, Some(Stock::Available(3))),
        ("b", r#""stock":"0""#, Some(Stock::Out)),
        ("c", r#""stock":0,"back":"2026-12-03""#, Some(Stock::Back("2026-12-03".parse().unwrap()))),
        ("d", r#""state":"OFF""#, Some(Stock::Discontinued)),
        ("e", r#""state":"made_to_order""#, Some(Stock::MadeToOrder)),
        ("f", r#""state":"?","stock":1"#, None),
        ("g", r#""back":"2026-12-03""#, None),
    ] {
        let body = format!(
            r#"{{"sku":"qh-1001","name":"纯棉四件套","category":"bedding","price":399.0,"attributes":{{"材质":"纯棉"}},"sizes":["1.5m床"],{more}}}"#
        );
        erp.say(&[Say::Answer(200, body)]);
        let found = wait(products.by_id(id).wait());
        assert_eq!(found.as_ref().ok().map(|found| found.as_ref().unwrap().stock), stock, "{id}");
        if let Ok(Some(product)) = found {
            assert_eq!(
                (&*product.id, &*product.title_en, product.price.to_string()),
                ("QH-1001", "纯棉四件套", "399".into())
            );
            assert_eq!((&*product.attributes[0].zh, &*product.sizes[0]), ("纯棉", "1.5m床"));
        }
    }
    erp.say(&[Say::Answer(404, String::new())]);
    assert_eq!(wait(products.by_id("none").wait()).unwrap(), None);
    assert_eq!(products.names(), [], "it cannot be searched");
}
