//! `GET /v1/handoffs/events`: what happens to tickets, as it happens, for agents' screens.
//!
//! A stream is asked for its next event when the caller has taken the one before, so a slow one holds a few lines and
//! misses nothing: it reads on where it stopped.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::IntoParams;

use super::occupied::Occupied;
use super::problem::{Code, Problem};
use super::query::Query;
use super::tail::{Line, Tail};
use super::{State, openapi};
use crate::ticket::EventKind;

/// How long a caller waits before it comes back; longer than the door stays open on the way down.
const RETRY: Duration = Duration::from_secs(2);

/// The header with which a browser tells what it got last.
const LAST_EVENT_ID: &str = "last-event-id";

/// Which events are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Follow {
    /// Those after this one; only new ones if left out. The header `last-event-id` takes precedence.
    after: Option<u64>,
    /// Of tickets of one of these queues, repeated or with commas between. A ticket that moves to another queue is told to all.
    queue: Vec<String>,
}

/// What happens to tickets, as it happens.
///
/// Server-sent events: `id` is the place in the order of all events, `event` what happened, `data` the event as JSON. Whoever
/// comes back with `last-event-id`, as browsers do by themselves, misses nothing. A comment comes at least every 15 seconds.
#[utoipa::path(get, path = "/v1/handoffs/events", tag = "handoffs", operation_id = "handoff_events",
    params(openapi::Headers, openapi::LastEventId, Follow),
    responses(
        (status = 200, description = "a stream without end", body = String, content_type = "text/event-stream",
            example = json!(openapi::example_stream())),
        openapi::StreamErrors,
    ),
)]
pub(super) async fn follow(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    occupied: Option<axum::Extension<Occupied>>,
    Query(follow): Query<Follow>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    if !state.is_ready() {
        return Err(Problem::new(Code::NotReady, "the server is going down; another one may take new requests"));
    }
    let place = Arc::clone(&state.streams).try_acquire_owned();
    let place = place.map_err(|_full| Problem::new(Code::Overloaded, "too many event streams are open"))?;
    // Before it is asked what came last, so that nothing falls in between.
    let news = state.desk.news();
    let last = state.desk.last_event().await?;
    let after = last_event_id(&headers)?.or(follow.after).map_or(last, |after| after.min(last));
    let follower = Follower {
        tail: Arc::clone(&state.tail),
        news,
        open: state.ready.subscribe(),
        patience: state.limits.heartbeat,
        queues: follow.queue,
        after,
        portion: VecDeque::new(),
        _place: place,
        _occupied: occupied,
    };
    // Names the place, so that a caller who is cut off before the first event comes back to it.
    let opening = Event::default().retry(RETRY).id(after.to_string()).comment("open");
    let events = stream::once(std::future::ready(opening)).chain(stream::unfold(follower, Follower::next));
    let heartbeat = KeepAlive::new().interval(state.limits.heartbeat).text("heartbeat");
    Ok(Sse::new(events.map(Ok)).keep_alive(heartbeat))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|value| value.parse().ok());
    let wrong = || Problem::new(Code::InvalidRequest, "header `last-event-id`: expected a whole number, 0 or more");
    number.map(Some).ok_or_else(wrong)
}

/// Someone who follows.
struct Follower {
    tail: Arc<Tail>,
    news: watch::Receiver<u64>,
    /// Whether the server is not on its way down.
    open: watch::Receiver<bool>,
    /// How long to rely on being told of news.
    patience: Duration,
    /// All if empty.
    queues: Vec<String>,
    /// What was read last.
    after: u64,
    portion: VecDeque<Arc<Line>>,
    _place: OwnedSemaphorePermit,
    /// The connection is in use for as long as the stream is.
    _occupied: Option<axum::Extension<Occupied>>,
}

impl Follower {
    /// The next event; none once the server goes down.
    async fn next(mut self) -> Option<(Event, Self)> {
        loop {
            let is_gone = self.open.has_changed().is_err();
            if is_gone || !*self.open.borrow_and_update() {
                return None;
            }
            if let Some(line) = self.portion.pop_front() {
                return Some((written(&line), self));
            }
            // Before reading, so that what comes meanwhile is noticed.
            self.news.borrow_and_update();
            match self.tail.after(self.after).await {
                Ok(lines) if !lines.is_empty() => self.take(lines),
                Ok(_nothing) => self.wait().await,
                Err(error) => {
                    tracing::error!(%error, "events cannot be read; whoever follows them waits");
                    self.wait().await;
                }
            }
        }
    }

    fn take(&mut self, lines: Vec<Arc<Line>>) {
        self.after = lines.last().map_or(self.after, |line| line.sequence);
        let wanted: VecDeque<_> = lines.into_iter().filter(|line| self.wants(line)).collect();
        self.portion = wanted;
    }

    /// A ticket that moved has left a queue, too; which one is not known any more.
    fn wants(&self, line: &Line) -> bool {
        self.queues.is_empty() || line.kind == EventKind::Moved || self.queues.contains(&line.queue)
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.news.changed() => {}
            _ = self.open.changed() => {}
            () = tokio::time::sleep(self.patience) => {}
        }
    }
}

fn written(line: &Line) -> Event {
    Event::default().id(line.sequence.to_string()).event(line.kind.id()).data(&line.json)
}
