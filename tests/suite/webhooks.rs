//! Events as a receiver gets them: signed, in order, at least once, whatever the receiver does. The clock is the test's, so
//! waiting for the next try takes no time.

mod down;
mod outbox;
mod receiver;
mod signature;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use triage::config::Config;
use triage::store::Outbox;
use triage::ticket::EventKind;
use triage::webhooks::{Deliverer, Endpoint, Nudge, Settings, endpoints, verify};

use outbox::{Memory, Row, State, event};
use receiver::{Receiver, Say};

const SECRET: &str = "a secret of the desk";

/// An outbox, a clock, and a configuration that names endpoints.
struct Office {
    outbox: Arc<Memory>,
    now: Arc<Mutex<Timestamp>>,
    nudge: Nudge,
    timeout: Duration,
    attempts: u32,
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        Self {
            outbox: Arc::default(),
            now: Arc::new(Mutex::new("2026-05-26T08:00:00Z".parse().unwrap())),
            nudge: Nudge::default(),
            timeout: Duration::from_secs(30),
            attempts: 12,
            folder,
        }
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// Time passes.
    fn later(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += by;
        drop(now);
        self.nudge.ring();
    }

    /// Endpoints with these names and URLs, as the configuration gives them.
    fn endpoints(&self, named: &[(&str, String)], more: &str) -> Vec<Endpoint> {
        let line =
            |(name, url): &(&str, String)| format!("  - {{ name: {name}, url: '{url}', secret_file: secret{more} }}\n");
        let text = format!("webhooks:\n{}", named.iter().map(line).collect::<String>());
        let path = self.folder.path().join("triage.yaml");
        std::fs::write(&path, text).unwrap();
        endpoints(&Config::read(&path).unwrap().webhooks).unwrap()
    }

    fn start(&self, endpoints: Vec<Endpoint>) -> Deliverer {
        let now = Arc::clone(&self.now);
        let clock = Arc::new(move || *now.lock().unwrap());
        let settings = Settings { timeout: self.timeout, attempts: self.attempts, clock };
        let store: Arc<dyn Outbox> = Arc::clone(&self.outbox) as _;
        Deliverer::start(store, endpoints, settings, self.nudge.clone()).unwrap()
    }

    /// Delivers to one receiver, called `desk`.
    fn serve(&self, receiver: &Receiver) -> Deliverer {
        let url = format!("http://{}/hook?token=t0ken", receiver.address);
        self.start(self.endpoints(&[("desk", url)], ", allow_private: true"))
    }

    fn store(&self, number: u32, ticket: &str) {
        self.outbox.add("desk", event(number, ticket, EventKind::Created, self.now()));
        self.nudge.ring();
    }

    fn row(&self, at: usize) -> Row {
        self.outbox.rows().swap_remove(at)
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: waited for a minute");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_event_arrives_whole_and_signed() {
    let (office, receiver) = (Office::new(), Receiver::start().await);
    let sent = event(1, "t-1", EventKind::RespondMissed, office.now());
    office.outbox.add("desk", sent.clone());
    let deliverer = office.serve(&receiver);
    until("the event", || office.outbox.count(State::Delivered) == 1).await;
    let got = receiver.received().remove(0);
    assert_eq!(got.path, "/hook?token=t0ken");
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(got.header("user-agent"), format!("triage/{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(got.header("x-triage-delivery"), "event-1");
    assert_eq!(got.header("x-triage-event"), "sla.respond_missed");
    assert_eq!(got.header("x-triage-timestamp"), office.now().as_second().to_string());
    let checked = |secret: &str, body: &[u8]| {
        verify(
            secret.as_bytes(),
            got.header("x-triage-timestamp"),
            body,
            got.header("x-triage-signature"),
            office.now(),
        )
    };
    assert_eq!(checked(SECRET, &got.body), Ok(()));
    assert!(checked("another secret of it", &got.body).is_err());
    assert!(checked(SECRET, b"{}").is_err());
    let body: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(body, serde_json::to_value(&sent).unwrap());
    assert_eq!((&body["type"], &body["say"]), (&"sla.respond_missed".into(), &"抱歉，还需要一点时间".into()));
    deliverer.stop().await;
}

/// What is said, how long it waits at least and at most in seconds, and a part of the reason; no time for what is dead.
#[tokio::test]
async fn every_answer_has_its_consequence() {
    for (say, wait, why) in [
        (Say::Status(500), Some((1, 2)), "status 500"),
        (Say::Status(404), Some((1, 2)), "status 404"),
        (Say::Status(429), Some((1, 2)), "status 429"),
        (Say::With(429, "retry-after", "120"), Some((120, 120)), "status 429"),
        (Say::With(503, "retry-after", "Tue, 26 May 2026 08:05:00 GMT"), Some((300, 300)), "status 503"),
        (Say::With(503, "retry-after", "86400"), Some((3600, 3600)), "status 503"),
        (Say::With(500, "retry-after", "120"), Some((1, 2)), "status 500"),
        (Say::With(302, "location", "/elsewhere"), Some((1, 2)), "redirects are not followed"),
        (Say::With(307, "location", "/elsewhere"), Some((1, 2)), "redirects are not followed"),
        (Say::Status(410), None, "gone"),
    ] {
        let (office, receiver) = (Office::new(), Receiver::start().await);
        receiver.then([say.clone()]);
        office.store(1, "t-1");
        let deliverer = office.serve(&receiver);
        until("the first try", || office.row(0).delivery.error.is_some()).await;
        deliverer.stop().await;
        let row = office.row(0);
        assert!(row.delivery.error.as_ref().unwrap().contains(why), "{say:?}: {row:?}");
        assert_eq!(receiver.received().len(), 1, "{say:?}");
        let Some((least, most)) = wait else {
            assert_eq!(row.state, State::Dead, "{say:?}");
            continue;
        };
        let waits = row.due.duration_since(office.now()).as_secs_f64();
        assert!((f64::from(least)..=f64::from(most)).contains(&waits), "{say:?}: {waits}");
        office.later(SignedDuration::from_hours(1));
        let deliverer = office.serve(&receiver);
        until("the second try", || office.row(0).state == State::Delivered).await;
        assert_eq!(receiver.ids(), ["event-1", "event-1"], "{say:?}");
        deliverer.stop().await;
    }
}

#[tokio::test]
async fn what_never_arrives_is_laid_aside_and_can_be_sent_again() {
    let mut office = Office::new();
    office.attempts = 3;
    let receiver = Receiver::start().await;
    receiver.then([Say::Status(500), Say::Status(500), Say::Status(500)]);
    office.store(1, "t-1");
    office.store(2, "t-1");
    let deliverer = office.serve(&receiver);
    for tries in 1..=3 {
        until("a try", || office.row(0).delivery.attempts == tries).await;
        office.later(SignedDuration::from_mins(30));
    }
    // A dead one lets later ones of its ticket pass.
    until("the second event", || office.row(1).state == State::Delivered).await;
    assert_eq!(office.row(0).state, State::Dead);
    office.outbox.replay(None, Some("desk"), office.now()).unwrap();
    office.nudge.ring();
    until("the first event, asked for again", || office.row(0).state == State::Delivered).await;
    assert_eq!(receiver.ids(), ["event-1", "event-1", "event-1", "event-2", "event-1"]);
    deliverer.stop().await;
}

#[tokio::test]
async fn events_of_a_ticket_come_in_order() {
    let (office, receiver) = (Office::new(), Receiver::start().await);
    receiver.then([Say::Status(500), Say::Status(200), Say::Status(503), Say::Status(200), Say::Status(500)]);
    let tickets = ["t-1", "t-2", "t-3"];
    for number in 0..30 {
        office.store(number, tickets[number as usize % tickets.len()]);
    }
    let deliverer = office.serve(&receiver);
    until("all events", || {
        // In small steps, so that no lease runs out on a slow machine.
        office.later(SignedDuration::from_millis(100));
        office.outbox.count(State::Delivered) == 30
    })
    .await;
    deliverer.stop().await;
    let ids = receiver.ids();
    for ticket in 0..tickets.len() {
        let of_ticket =
            (0..30).filter(|number| number % tickets.len() == ticket).map(|number| format!("event-{number}"));
        let expected: Vec<String> = of_ticket.collect();
        let mut came: Vec<String> = ids.iter().filter(|id| expected.contains(id)).cloned().collect();
        // Tries of the same event follow each other.
        came.dedup();
        assert_eq!(came, expected);
    }
}

#[tokio::test]
async fn what_was_not_written_down_is_sent_again_after_a_restart() {
    let (office, receiver) = (Office::new(), Receiver::start().await);
    office.outbox.forgets.store(true, Ordering::SeqCst);
    office.store(1, "t-1");
    let deliverer = office.serve(&receiver);
    until("the event", || receiver.received().len() == 1).await;
    deliverer.stop().await;
    office.outbox.forgets.store(false, Ordering::SeqCst);
    let deliverer = office.serve(&receiver);
    // Nobody else is given it while it is leased.
    office.store(2, "t-2");
    until("another event", || office.row(1).state == State::Delivered).await;
    assert_eq!(office.row(0).state, State::Waiting);
    office.later(SignedDuration::from_mins(10));
    until("the event again", || office.row(0).state == State::Delivered).await;
    assert_eq!(receiver.ids(), ["event-1", "event-2", "event-1"]);
    deliverer.stop().await;
}

#[tokio::test]
async fn stopping_waits_for_what_is_on_its_way() {
    let (office, receiver) = (Office::new(), Receiver::start().await);
    receiver.always(Say::Held);
    office.store(1, "t-1");
    let deliverer = office.serve(&receiver);
    until("the request", || receiver.received().len() == 1).await;
    let stopping = tokio::spawn(deliverer.stop());
    receiver.release.add_permits(1);
    stopping.await.unwrap();
    assert_eq!(office.row(0).state, State::Delivered);
    office.store(2, "t-2");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver.ids(), ["event-1"], "nothing is sent after the end");
}

#[tokio::test]
async fn eight_at_once_and_no_more() {
    let (office, receiver) = (Office::new(), Receiver::start().await);
    receiver.always(Say::Held);
    for number in 0..100 {
        office.store(number, &format!("t-{number}"));
    }
    let deliverer = office.serve(&receiver);
    for sent in [8, 16] {
        until("eight requests", || receiver.received().len() >= sent).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(receiver.received().len(), sent);
        receiver.release.add_permits(8);
    }
    receiver.release.add_permits(100);
    until("all", || office.outbox.count(State::Delivered) == 100).await;
    deliverer.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_is_no_longer_there_gets_nothing() {
    let (office, receiver) = (Office::new(), Receiver::start().await);
    office.outbox.add("old", event(1, "t-1", EventKind::Created, office.now()));
    office.store(2, "t-1");
    let deliverer = office.serve(&receiver);
    until("the other", || office.outbox.count(State::Waiting) == 0).await;
    assert_eq!((office.row(0).state, office.row(1).state), (State::Dead, State::Delivered));
    assert!(office.row(0).delivery.error.unwrap().contains("no webhook of this name"));
    deliverer.stop().await;
}
