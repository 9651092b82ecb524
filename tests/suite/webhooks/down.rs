//! Endpoints that cannot be reached, or must not be; and what is said about it.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tracing_subscriber::fmt::MakeWriter;
use triage::ticket::EventKind;

use super::outbox::{State, event};
use super::receiver::{Receiver, Say};
use super::{Office, SECRET, until};

#[tokio::test]
async fn down_and_back() {
    let office = Office::new();
    let (receiver, socket) = Receiver::down();
    office.store(1, "t-1");
    let deliverer = office.serve(&receiver);
    until("a try", || office.row(0).delivery.attempts == 1).await;
    assert!(office.row(0).delivery.error.unwrap().starts_with("cannot connect: "));
    receiver.up(socket);
    office.later(SignedDuration::from_mins(1));
    until("the event", || office.row(0).state == State::Delivered).await;
    assert_eq!(receiver.ids(), ["event-1"]);
    deliverer.stop().await;
}

#[tokio::test]
async fn slow_or_rude() {
    let mut office = Office::new();
    office.timeout = Duration::from_millis(200);
    let receiver = Receiver::start().await;
    receiver.then([Say::Nothing]);
    office.store(1, "t-1");
    let deliverer = office.serve(&receiver);
    until("a try", || office.row(0).delivery.attempts == 1).await;
    assert_eq!(office.row(0).delivery.error.as_deref(), Some("no answer in time"));
    deliverer.stop().await;

    // Takes the connection and closes it.
    let office = Office::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    office.store(1, "t-1");
    let deliverer = office.start(office.endpoints(&[("desk", url)], ", allow_private: true"));
    until("a try", || office.row(0).delivery.attempts == 1).await;
    let why = office.row(0).delivery.error.unwrap();
    assert!(why.starts_with("no answer: "), "{why}");
    deliverer.stop().await;
}

#[tokio::test]
async fn private_addresses_are_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0x7f.1", "10.1.2.3"] {
        let office = Office::new();
        office.store(1, "t-1");
        let deliverer = office.start(office.endpoints(&[("desk", format!("https://{host}:{port}/"))], ""));
        until("a try", || office.row(0).delivery.attempts == 1).await;
        let why = office.row(0).delivery.error.unwrap();
        assert!(why.contains("is not a public address"), "{host}: {why}");
        deliverer.stop().await;
    }
    let came = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(came.is_err(), "somebody connected");
}

#[tokio::test]
async fn one_that_hangs_does_not_hold_up_others() {
    let mut office = Office::new();
    office.timeout = Duration::from_millis(300);
    let (hanging, well) = (Receiver::start().await, Receiver::start().await);
    hanging.always(Say::Nothing);
    for number in 0..600 {
        office.outbox.add("hanging", event(number, &format!("t-{number}"), EventKind::Created, office.now()));
    }
    for number in 600..605 {
        office.outbox.add("well", event(number, "t-x", EventKind::Created, office.now()));
    }
    let urls = [&hanging, &well].map(|receiver| format!("http://{}/", receiver.address));
    let [one, other] = urls;
    let deliverer = office.start(office.endpoints(&[("hanging", one), ("well", other)], ", allow_private: true"));
    until("the other endpoint's events", || office.outbox.count(State::Delivered) == 5).await;
    let untried = office.outbox.rows().iter().filter(|row| row.delivery.attempts == 0).count();
    assert!(untried > 100, "the others waited until only {untried} were left");
    deliverer.stop().await;
}

#[tokio::test]
async fn what_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (handle, _guard) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let (office, receiver) = (Office::new(), Receiver::start().await);
    receiver.then([Say::Status(200), Say::Status(500), Say::Status(410)]);
    for number in 1..=3 {
        office.store(number, "t-1");
    }
    let deliverer = office.serve(&receiver);
    until("the first two", || office.row(1).delivery.attempts == 1).await;
    until("what waits", || handle.render().contains("triage_outbox_waiting 2")).await;
    office.later(SignedDuration::from_secs(60));
    until("all", || office.outbox.count(State::Waiting) == 0).await;
    until("what waits", || handle.render().contains("triage_outbox_waiting 0")).await;
    deliverer.stop().await;
    let text = handle.render();
    for line in [
        r#"triage_webhook_deliveries_total{endpoint="desk",outcome="delivered"} 2"#,
        r#"triage_webhook_deliveries_total{endpoint="desk",outcome="failed"} 1"#,
        r#"triage_webhook_seconds_count{endpoint="desk",outcome="delivered"} 2"#,
        "triage_outbox_lag_seconds 0",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_names_endpoint_and_event_and_nothing_else() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    let office = Office::new();
    let (receiver, socket) = Receiver::down();
    office.store(1, "t-1");
    let deliverer = office.serve(&receiver);
    until("a try", || office.row(0).delivery.attempts == 1).await;
    receiver.up(socket);
    for say in [Say::Status(500), Say::Status(410)] {
        receiver.then([say]);
        office.store(2, "t-2");
        let tries = receiver.received().len() + 1;
        office.later(SignedDuration::from_mins(20));
        until("a try", || receiver.received().len() >= tries).await;
    }
    until("the end", || {
        office.later(SignedDuration::from_millis(100));
        office.outbox.count(State::Waiting) == 0
    })
    .await;
    deliverer.stop().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in
        ["endpoint=\"desk\"", "event=\"event-1\"", "laid aside", "not delivered: cannot connect", "event delivered"]
    {
        assert!(log.contains(part), "{part} in\n{log}");
    }
    for part in ["t0ken", SECRET, "运费", "u-5"] {
        assert!(!log.contains(part), "{part} in\n{log}");
    }
}
