//! One of the shop's own systems: what all questions to it share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, redirect, retry};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;
use url::Url;

use super::circuit::{Change, Circuit, Pass};
use super::figures;
use crate::config::Connection;
use crate::lookup::Unavailable;
use crate::sources::OpenError;
use crate::yaml::Findings;

/// Who asks.
const USER_AGENT: &str = concat!("triage/", env!("CARGO_PKG_VERSION"));

/// Before the first further try; then longer, and each with some chance.
const PAUSE: Duration = Duration::from_millis(20);

/// Tells moments, for what is kept and for how long a system is left alone.
pub(super) type Ticks = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The system.
pub(super) struct Line {
    /// `orders` or `products`, in logs and figures.
    pub(super) name: &'static str,
    pub(super) ticks: Ticks,
    pub(super) settings: Connection,
    pub(super) circuit: Circuit,
    client: Client,
    turns: Semaphore,
    background: Background,
}

/// Where questions are asked, so that whoever waits for an answer may do so anywhere.
enum Background {
    Here(Handle),
    /// Nobody has a runtime, so there is one. Taken out when it ends.
    Own(Option<Runtime>),
}

impl Drop for Background {
    fn drop(&mut self) {
        // Waiting for it is not allowed where other tasks run.
        if let Self::Own(runtime) = self
            && let Some(runtime) = runtime.take()
        {
            runtime.shutdown_background();
        }
    }
}

/// Why there is no answer. Names no number, no customer and no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    why: &'static str,
    status: Option<u16>,
    kind: FailureKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureKind {
    /// It may answer if asked again.
    Passing,
    /// It does not answer, and should not be asked again soon.
    Down,
    /// It answers, with what cannot be used.
    Unusable,
}

/// What came back.
pub(super) enum Answer {
    Body(Vec<u8>),
    Absent,
}

impl Line {
    pub(super) fn open(
        name: &'static str,
        settings: &Connection,
        is_plain: bool,
        ticks: Ticks,
    ) -> Result<Arc<Self>, OpenError> {
        figures::describe();
        figures::open(name, false);
        let client = client(settings, is_plain)?;
        let background = match Handle::try_current() {
            Ok(handle) => Background::Here(handle),
            Err(_) => {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(1)
                    .thread_name(format!("triage-{name}"))
                    .enable_all()
                    .build();
                let runtime = runtime
                    .map_err(|error| OpenError::Failed(format!("cannot start a thread to ask for {name}: {error}")))?;
                Background::Own(Some(runtime))
            }
        };
        let turns = Semaphore::new(settings.calls);
        Ok(Arc::new(Self {
            name,
            ticks,
            settings: settings.clone(),
            circuit: Circuit::new(),
            client,
            turns,
            background,
        }))
    }

    /// Runs a question to its end, even if nobody waits for it any more: the answer is kept for the next one.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, Unavailable>> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let task = match &self.background {
            Background::Here(handle) => handle.spawn(question),
            Background::Own(Some(runtime)) => runtime.spawn(question),
            Background::Own(None) => return Err(Unavailable("the program is ending")),
        };
        task.await.unwrap_or(Err(Unavailable("the program is ending, or the question failed")))
    }

    /// Asks, again where that may help, and tells the circuit.
    pub(super) async fn ask(&self, url: Url) -> Result<Answer, Failure> {
        let until = tokio::time::Instant::now() + self.settings.budget;
        let Ok(Ok(_turn)) = tokio::time::timeout_at(until, self.turns.acquire()).await else {
            return Err(Failure { why: "too many questions at once", status: None, kind: FailureKind::Down });
        };
        let Some(pass) = self.circuit.enter((self.ticks)()) else {
            return Err(Failure { why: LEFT_ALONE, status: None, kind: FailureKind::Down });
        };
        let entered = Entered { line: self, pass, is_settled: false };
        let waits =
            ExponentialBuilder::default().with_min_delay(PAUSE).with_jitter().with_max_times(self.settings.retries);
        let asked = (|| self.call(url.clone()))
            .retry(waits)
            .sleep(tokio::time::sleep)
            .when(|failure: &Failure| failure.kind == FailureKind::Passing);
        let late = Failure { why: "no answer in time", status: None, kind: FailureKind::Down };
        let answer = tokio::time::timeout_at(until, asked).await.unwrap_or(Err(late));
        let is_up = answer.as_ref().err().is_none_or(|failure| failure.kind == FailureKind::Unusable);
        entered.settle(is_up);
        answer
    }

    /// Asks once.
    async fn call(&self, url: Url) -> Result<Answer, Failure> {
        figures::called(self.name);
        let mut response = self.client.get(url).send().await.map_err(|error| Failure::of(&error))?;
        let status = response.status();
        if let StatusCode::NOT_FOUND | StatusCode::GONE = status {
            return Ok(Answer::Absent);
        }
        if !status.is_success() {
            return Err(Failure::status(status));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::of(&error))? {
            if body.len() + chunk.len() > self.settings.body_bytes {
                return Err(Failure::unusable("an answer longer than `body_bytes`"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer::Body(body))
    }

    fn told(&self, change: Change) {
        match change {
            Change::None => {}
            Change::Opened(wait) => {
                figures::open(self.name, true);
                let seconds = wait.as_secs();
                tracing::error!(
                    source = self.name,
                    "the shop's own system does not answer; left alone for {seconds} s"
                );
            }
            Change::Closed => {
                figures::open(self.name, false);
                tracing::info!(source = self.name, "the shop's own system answers again");
            }
        }
    }
}

/// Why nobody is asked.
pub(super) const LEFT_ALONE: &str = "it does not answer, and is left alone for a while";

/// A question on its way. One that ends otherwise, by a panic say, counts as a failure: a probe must not stay out for ever.
struct Entered<'l> {
    line: &'l Line,
    pass: Pass,
    is_settled: bool,
}

impl Entered<'_> {
    fn settle(mut self, is_up: bool) {
        self.is_settled = true;
        let circuit = &self.line.circuit;
        let change = if is_up { circuit.succeeded() } else { circuit.failed(self.pass, (self.line.ticks)()) };
        self.line.told(change);
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.line.told(self.line.circuit.failed(self.pass, (self.line.ticks)()));
        }
    }
}

impl Failure {
    pub(super) fn unusable(why: &'static str) -> Self {
        Self { why, status: None, kind: FailureKind::Unusable }
    }

    fn of(error: &reqwest::Error) -> Self {
        let why = match error {
            _ if error.is_timeout() => "no answer in time",
            _ if error.is_connect() => "cannot connect",
            _ => "the connection broke",
        };
        Self { why, status: None, kind: FailureKind::Passing }
    }

    fn status(status: StatusCode) -> Self {
        let (why, kind) = match status {
            _ if status.is_server_error() => ("it has a problem of its own", FailureKind::Passing),
            StatusCode::TOO_MANY_REQUESTS => ("it is asked too often", FailureKind::Down),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                ("it refuses us; see `http.headers`", FailureKind::Unusable)
            }
            _ if status.is_redirection() => ("it redirects, which is not followed", FailureKind::Unusable),
            _ => ("it does not understand us", FailureKind::Unusable),
        };
        Self { why, status: Some(status.as_u16()), kind }
    }

    /// What is told, and written down.
    pub(super) fn told(&self, source: &'static str) -> Unavailable {
        if self.why != LEFT_ALONE {
            tracing::warn!(source, status = self.status, "the shop's own system: {}", self.why);
        }
        Unavailable(self.why)
    }

    pub(super) fn is_unusable(&self) -> bool {
        self.kind == FailureKind::Unusable
    }
}

fn client(settings: &Connection, is_plain: bool) -> Result<Client, OpenError> {
    let (mut headers, mut findings) = (HeaderMap::new(), Findings::default());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for header in &settings.headers {
        let value = match header.value() {
            Ok(value) => value,
            Err(problems) => {
                findings.extend(problems);
                continue;
            }
        };
        let name = HeaderName::from_bytes(header.name().as_bytes());
        let value = HeaderValue::from_bytes(value.bytes());
        let (Ok(name), Ok(mut value)) = (name, value) else {
            return Err(OpenError::Failed(format!("header `{}` cannot be sent", header.name())));
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if !findings.is_empty() {
        return Err(findings.sorted().into());
    }
    // Does nothing if the program that this library is part of has chosen another one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .timeout(settings.timeout)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .retry(retry::never());
    // Certificates of the system may be missing where none are needed.
    let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| OpenError::Failed(format!("nothing can be asked: {}", error.without_url())))
}
