//! `/v1/handoffs/events`: server-sent events.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use triage::desk::{Desk, SystemClock};
use triage::http::{Limits, serve};
use triage::store::Change;
use triage::ticket::{EventKind, Ticket};

use super::{Api, lasting, live};
use crate::http::{PATIENT, difference, get, options, send};
use crate::store::{at, handed_over, happened, waiting};

/// Somebody who follows.
struct Reader {
    headers: HeaderMap,
    body: Body,
    text: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Block {
    id: u64,
    event: String,
    data: Value,
}

impl Reader {
    async fn open(app: &Router, query: &str, last_event_id: Option<&str>) -> Self {
        let mut request = Request::get(format!("/v1/handoffs/events{query}"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        Self { headers: parts.headers, body, text: String::new() }
    }

    /// The next block, a comment included; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let frame = tokio::time::timeout(PATIENT, self.body.frame()).await.expect("something comes")?;
            self.text.push_str(std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap());
        }
    }

    /// The next events, comments left out.
    async fn events(&mut self, count: usize) -> Vec<Block> {
        let mut events = Vec::new();
        while events.len() < count {
            let block = self.block().await.expect("the stream goes on");
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            if let Some(data) = field("data") {
                let (id, event) = (field("id").unwrap().parse().unwrap(), field("event").unwrap().to_owned());
                events.push(Block { id, event, data: serde_json::from_str(data).unwrap() });
            }
        }
        events
    }
}

/// Of an event: its ticket and what happened.
fn short(events: &[Block]) -> Vec<String> {
    let of = |event: &Block| format!("{} {}", event.data["ticket"]["id"].as_str().unwrap(), event.event);
    events.iter().map(of).collect()
}

/// Tickets that wait, one for each name, in this queue.
async fn prepare(api: &Api, queue: &str, names: &[&str]) {
    let ticket = |name: &&str| Ticket { queue: queue.into(), ..waiting(name, &format!("c-{name}"), 0) };
    api.keep(names.iter().map(ticket).map(handed_over)).await;
}

async fn claim(api: &Api, ticket: &str) {
    api.desk.claim(ticket, "a-7").await.unwrap();
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    let api = Api::new();
    prepare(&api, "finance", &["t-0"]).await;
    claim(&api, "t-0").await;
    let mut reader = Reader::open(&api.app, "", None).await;
    assert_eq!(reader.headers["content-type"], "text/event-stream");
    assert_eq!(reader.headers["cache-control"], "no-cache");
    assert!(reader.headers.contains_key("x-request-id"));
    assert_eq!(reader.block().await.unwrap(), "retry: 2000\nid: 1\n: open");

    let ticket = api.hand_over("c-1").await;
    api.say("c-1", "m-2", "人呢").await;
    claim(&api, &ticket).await;
    let events = reader.events(3).await;
    assert_eq!(events.iter().map(|event| event.id).collect::<Vec<_>>(), [2, 3, 4], "only what is new");
    let kinds: Vec<_> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(kinds, ["ticket.created", "ticket.message", "ticket.claimed"]);
    for event in &events {
        assert_eq!(event.data["type"], event.event.as_str());
    }
    insta::assert_json_snapshot!("event", lasting(&events[1].data));

    let document = api.get("/openapi.json").await;
    let example = &document["paths"]["/v1/handoffs/events"]["get"]["responses"]["200"]["content"]["text/event-stream"];
    let data = example["example"].as_str().unwrap().lines().find_map(|line| line.strip_prefix("data: "));
    let example: Value = serde_json::from_str(data.unwrap()).unwrap();
    assert_eq!(difference("event", &example, &events[0].data), None);
}

#[tokio::test]
async fn whoever_comes_back_misses_nothing() {
    for (query, header, missed) in [
        ("?after=0", None, &["t-1", "t-2", "t-3"][..]),
        ("?after=2", None, &["t-3"]),
        ("", Some("1"), &["t-2", "t-3"]),
        ("?after=0", Some("2"), &["t-3"]),
        ("?after=0", Some(""), &["t-1", "t-2", "t-3"]),
        ("", Some("3"), &[]),
        ("", Some(""), &[]),
        ("", None, &[]),
        // From a store that was put back to an earlier day.
        ("", Some("99"), &[]),
    ] {
        let api = Api::new();
        prepare(&api, "finance", &["t-1", "t-2", "t-3", "t-4"]).await;
        for name in ["t-1", "t-2", "t-3"] {
            claim(&api, name).await;
        }
        let mut reader = Reader::open(&api.app, query, header).await;
        claim(&api, "t-4").await;
        let events = reader.events(missed.len() + 1).await;
        let names: Vec<_> = events.iter().map(|event| event.data["ticket"]["id"].as_str().unwrap()).collect();
        assert_eq!(names, [missed, &["t-4"]].concat(), "{query} {header:?}");
    }
}

#[tokio::test]
async fn a_screen_follows_its_queues() {
    let api = Api::new();
    prepare(&api, "finance", &["t-1", "t-2"]).await;
    prepare(&api, "logistics", &["t-3"]).await;
    prepare(&api, "order", &["t-4"]).await;
    let mut one = Reader::open(&api.app, "?queue=finance", None).await;
    let mut two = Reader::open(&api.app, "?queue=logistics,order", None).await;
    let mut all = Reader::open(&api.app, "", None).await;
    for name in ["t-1", "t-3", "t-4", "t-2"] {
        claim(&api, name).await;
    }
    // It leaves the queue that the first one follows for one that nobody does.
    let to = triage::desk::Assignment::Queue("member".into());
    api.desk.assign("c-t-1", &to).await.unwrap();
    api.desk.release("t-2", "a-7").await.unwrap();
    api.desk.release("t-3", "a-7").await.unwrap();
    let claimed = |name: &str| format!("{name} ticket.claimed");
    let released = |name: &str| format!("{name} ticket.released");
    let moved = "t-1 ticket.moved".to_owned();
    assert_eq!(short(&one.events(4).await), [claimed("t-1"), claimed("t-2"), moved.clone(), released("t-2")]);
    assert_eq!(short(&two.events(4).await), [claimed("t-3"), claimed("t-4"), moved.clone(), released("t-3")]);
    assert_eq!(all.events(7).await.len(), 7);
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let limits = Limits { heartbeat: Duration::from_millis(20), ..Limits::default() };
    let api = Api::with(limits, |store| store);
    let mut reader = Reader::open(&api.app, "", None).await;
    reader.block().await.unwrap();
    for _ in 0..3 {
        assert_eq!(reader.block().await.unwrap(), ": heartbeat");
    }
    // Stored by somebody else: nobody tells this process.
    prepare(&api, "finance", &["t-1"]).await;
    let ticket = waiting("t-1", "c-t-1", 0);
    let events = vec![happened(&ticket, EventKind::RespondMissed, at(9), &[])];
    api.keep([Change { events, ..Change::default() }]).await;
    assert_eq!(short(&reader.events(1).await), ["t-1 sla.respond_missed"]);
}

/// One reads as it happens, others come late or look away for a while: each gets everything, in order, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_readers_at_their_own_pace() {
    const EVENTS: usize = 700;
    let api = Api::new();
    prepare(&api, "finance", &["t-1"]).await;
    let mut quick = Reader::open(&api.app, "", None).await;
    let mut slow = Reader::open(&api.app, "", None).await;
    for round in 0..EVENTS / 2 {
        claim(&api, "t-1").await;
        api.desk.release("t-1", "a-7").await.unwrap();
        let events = quick.events(2).await;
        assert_eq!(short(&events), ["t-1 ticket.claimed", "t-1 ticket.released"], "{round}");
        if round == 100 {
            slow.events(5).await;
        }
    }
    let mut late = Reader::open(&api.app, "?after=0", None).await;
    let late = late.events(EVENTS).await;
    let ids: Vec<u64> = late.iter().map(|event| event.id).collect();
    assert!(ids.iter().eq((1..=EVENTS as u64).collect::<Vec<_>>().iter()), "{ids:?}");
    assert_eq!(slow.events(EVENTS - 5).await, late[5..]);
}

#[tokio::test]
async fn there_is_room_for_so_many() {
    let api = Api::with(Limits { streams: 2, ..Limits::default() }, |store| store);
    let one = Reader::open(&api.app, "", None).await;
    let _two = Reader::open(&api.app, "", None).await;
    let three = api.send(get("/v1/handoffs/events")).await;
    assert_eq!((three.status.as_u16(), three.code()), (429, "overloaded"), "{}", three.body);
    assert!(["1", "2", "3"].contains(&three.headers["retry-after"].to_str().unwrap()));
    drop(one);
    Reader::open(&api.app, "", None).await;
}

#[tokio::test]
async fn what_cannot_be_followed() {
    let api = Api::new();
    for (query, header) in
        [("?after=x", None), ("?from=1", None), ("", Some("x")), ("", Some("-1")), ("?after=1&after=2", None)]
    {
        let mut request = get(&format!("/v1/handoffs/events{query}"));
        if let Some(id) = header {
            request.headers_mut().insert("last-event-id", id.parse().unwrap());
        }
        let answered = api.send(request).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (422, "invalid_request"), "{query} {header:?}");
    }
    let keeps_nothing = send(crate::http::api(live(), options()), get("/v1/handoffs/events")).await;
    assert_eq!((keeps_nothing.status.as_u16(), keeps_nothing.code()), (501, "no_store"));
}

/// A stream ends when the server goes down, with the mark of a whole answer: it is not what the server waits for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_with_the_server() {
    let api = Api::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let desk = Desk::open(live(), Some(api.store.clone()), Arc::new(SystemClock), options()).unwrap();
    prepare(&api, "finance", &["t-1"]).await;
    desk.claim("t-1", "a-7").await.unwrap();
    let shutdown = async {
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve(listener, desk, Limits::default(), shutdown));
    let client = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENT)).unwrap();
        let request = "GET /v1/handoffs/events?after=0 HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let (mut text, mut bytes) = (String::new(), [0; 4096]);
        while !text.contains("event: ticket.claimed") {
            let read = stream.read(&mut bytes).unwrap();
            text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        stop.send(()).unwrap();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let text = client.await.unwrap();
    assert!(text.ends_with("0\r\n\r\n"), "{text}");
    server.await.unwrap().unwrap();
}

#[test]
fn the_names_of_events_are_those_of_the_api() {
    let names: Vec<Value> = EventKind::ALL.into_iter().map(|kind| serde_json::to_value(kind).unwrap()).collect();
    let ids: Vec<Value> = EventKind::ALL.into_iter().map(|kind| json!(kind.id())).collect();
    assert_eq!(names, ids);
}
