use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as Socket};

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::super::occupied;
use super::*;

/// A server with room for so many, whose `/slow` answers once it is let go.
async fn server(capacity: usize, patience: Duration) -> (SocketAddr, Arc<Notify>, Room) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (go, room) = (Arc::new(Notify::new()), Room::new(capacity, patience));
    let (gate, acceptor) = (Arc::clone(&go), room.clone());
    let slow = move || {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            "slow"
        }
    };
    let routes = Router::new()
        .route("/", get(|| async { "quick" }))
        .route("/slow", get(slow))
        .route("/body", post(|body: String| async move { body }))
        .layer(axum::middleware::from_fn(occupied::occupy));
    let server = axum_server::Server::<SocketAddr>::from_listener(listener).http1_only().acceptor(acceptor);
    tokio::spawn(server.serve(routes.into_make_service()));
    (address, go, room)
}

fn connect(address: SocketAddr, first: &str) -> Socket {
    let mut stream = Socket::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    stream
}

/// What comes before the connection is closed.
fn rest(mut stream: Socket) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Ok(_) => {}
        Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock, "the connection was never closed"),
    }
    String::from_utf8(text).unwrap()
}

const WHOLE: &str = "GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n";

async fn until(room: &Room, is_so: impl Fn(&[Arc<Place>]) -> bool) {
    while !is_so(&room.places.lock().unwrap().taken) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_dribbles_is_cut_off() {
    let (address, _, _) = server(10, Duration::from_millis(100)).await;
    let seen = tokio::task::spawn_blocking(move || {
        let mut stream = connect(address, "");
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        for byte in b"GET / HTTP/1.1\r\nx-endless: ".iter().chain(std::iter::repeat_n(&b'a', 2_000)) {
            // The server's close shows as a failed write, or as an end or a failure other than "nothing yet".
            let written = stream.write(&[*byte]);
            let read = stream.read(&mut [0; 64]).map_err(|error| error.kind());
            if written.is_err() || !matches!(read, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
                return true;
            }
        }
        false
    });
    assert!(seen.await.unwrap(), "the connection was never closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_one_that_waits_longest_makes_room() {
    let (address, _, room) = server(3, Duration::from_secs(60)).await;
    let idle = connect(address, "");
    until(&room, |taken| taken.len() == 1).await;
    let in_head = connect(address, "GET / HTTP/1.1\r\nhost: ");
    until(&room, |taken| taken.len() == 2).await;
    let in_body = connect(address, "POST /body HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\nhalf");
    until(&room, |taken| taken.len() == 3).await;
    // Each of these takes the place of one that never sent a whole request, and keeps it.
    let mut kept = Vec::new();
    for waiting in [idle, in_head, in_body] {
        let honest = connect(address, "GET / HTTP/1.1\r\nhost: t\r\n\r\n");
        let answered = tokio::task::spawn_blocking(move || {
            let mut honest = honest;
            let mut start = [0; 15];
            honest.read_exact(&mut start).unwrap();
            assert_eq!(&start, b"HTTP/1.1 200 OK");
            let answer = rest(waiting);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "cut off, not answered: {answer}");
            honest
        });
        kept.push(answered.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_being_answered_is_not_cut_off() {
    let (address, go, room) = server(1, Duration::from_secs(60)).await;
    let slow = connect(address, "GET /slow HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n");
    until(&room, |taken| taken.iter().any(|place| place.state().waiting.is_none())).await;
    let refused = connect(address, WHOLE);
    assert_eq!(tokio::task::spawn_blocking(move || rest(refused)).await.unwrap(), "");
    go.notify_one();
    let answer = tokio::task::spawn_blocking(move || rest(slow)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("slow"), "{answer}");
    until(&room, |taken| taken.is_empty()).await;
    let next = connect(address, WHOLE);
    assert!(tokio::task::spawn_blocking(move || rest(next)).await.unwrap().ends_with("quick"));
}
