//! An endpoint that is right, slow or wrong, as told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;

/// What is answered to one request.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    Status(u16),
    /// A status with a header.
    With(u16, &'static str, &'static str),
    /// Nothing, ever.
    Nothing,
    /// 200, once the test lets it.
    Held,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    /// Requests in the order in which they came.
    pub(crate) received: Mutex<Vec<Received>>,
    /// What is said to the next ones; then always the same.
    script: Mutex<VecDeque<Say>>,
    always: Mutex<Say>,
    /// A permit for each held request that may be answered.
    pub(crate) release: Semaphore,
}

impl Receiver {
    /// One that answers.
    pub(crate) async fn start() -> Arc<Self> {
        let (receiver, socket) = Self::down();
        receiver.up(socket);
        receiver
    }

    /// One that has an address and refuses connections.
    pub(crate) fn down() -> (Arc<Self>, TcpSocket) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let receiver = Self {
            address: socket.local_addr().unwrap(),
            received: Mutex::default(),
            script: Mutex::default(),
            always: Mutex::new(Say::Status(200)),
            release: Semaphore::new(0),
        };
        (Arc::new(receiver), socket)
    }

    /// Answers from now on.
    pub(crate) fn up(self: &Arc<Self>, socket: TcpSocket) {
        let listener: TcpListener = socket.listen(64).unwrap();
        let routes = Router::new().fallback(answer).with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, routes).await });
    }

    pub(crate) fn then(&self, says: impl IntoIterator<Item = Say>) {
        self.script.lock().unwrap().extend(says);
    }

    pub(crate) fn always(&self, say: Say) {
        *self.always.lock().unwrap() = say;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The ids of the events, in the order in which they came.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.received().iter().map(|one| one.header("x-triage-delivery").to_owned()).collect()
    }
}

async fn answer(State(receiver): State<Arc<Receiver>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path_and_query().map_or_else(String::new, ToString::to_string);
    receiver.received.lock().unwrap().push(Received { path, headers, body });
    let next = receiver.script.lock().unwrap().pop_front();
    let say = next.unwrap_or_else(|| receiver.always.lock().unwrap().clone());
    match say {
        Say::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Say::With(status, name, value) => (StatusCode::from_u16(status).unwrap(), [(name, value)]).into_response(),
        Say::Nothing => std::future::pending().await,
        Say::Held => {
            receiver.release.acquire().await.unwrap().forget();
            StatusCode::OK.into_response()
        }
    }
}
