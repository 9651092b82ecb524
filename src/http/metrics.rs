//! `GET /metrics` on a listener of its own, in the text format of Prometheus.

use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

/// How long a change of the catalogue takes, in seconds.
const CHANGE_SECONDS: [f64; 7] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// How long an endpoint takes to answer, in seconds.
const WEBHOOK_SECONDS: [f64; 9] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// How long one of the shop's own systems takes to answer, in seconds.
const SOURCE_SECONDS: [f64; 8] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.8, 1.6];

/// How long a request takes, and a stage of it, in seconds: a message is a millisecond or two where nobody waits.
const REQUEST_SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Between two rounds of tidying up what was counted.
const UPKEEP: Duration = Duration::from_secs(5);

/// Everything that is counted in this process.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts counting. Once per process; what happened before is not counted.
    ///
    /// # Errors
    /// When somebody counts already.
    pub fn install() -> anyhow::Result<Self> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_change_seconds".to_owned()), &CHANGE_SECONDS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full("triage_webhook_seconds".to_owned()), &WEBHOOK_SECONDS)
            })
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full("triage_source_seconds".to_owned()), &SOURCE_SECONDS)
            })
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full("triage_request_seconds".to_owned()), &REQUEST_SECONDS)
            })
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full("triage_stage_seconds".to_owned()), &REQUEST_SECONDS)
            })
            .context("the buckets are wrong")?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).context("metrics are recorded already")?;
        describe();
        Ok(Self(handle))
    }

    /// Serves until dropped.
    ///
    /// # Errors
    /// When serving fails.
    pub async fn serve(self, listener: TcpListener) -> anyhow::Result<()> {
        let upkeep = self.0.clone();
        let tidy = async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                upkeep.run_upkeep();
            }
        };
        let text =
            move || std::future::ready(([(header::CONTENT_TYPE, CONTENT_TYPE)], self.0.render()).into_response());
        let routes = Router::new().route("/metrics", get(text));
        tokio::select! {
            result = async { axum::serve(listener, routes).await } => result.context("serving the metrics failed"),
            () = tidy => Ok(()),
        }
    }
}

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A request on its way. One that its caller gives up is counted too, with the status 499 that proxies use for it.
pub(super) struct Timed {
    path: String,
    method: &'static str,
    since: Instant,
    status: u16,
}

impl Timed {
    /// `path`: as in the table of routes, never as the caller wrote it.
    pub(super) fn start(path: &str, method: &Method) -> Self {
        let known = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS];
        let names = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
        let method = known.iter().position(|known| known == method).map_or("other", |at| names[at]);
        Self { path: path.to_owned(), method, since: Instant::now(), status: 499 }
    }

    pub(super) fn answered(mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        ::metrics::histogram!("triage_request_seconds", "path" => path.clone()).record(self.since.elapsed());
        let labels = [("path", path), ("method", self.method.to_owned()), ("status", self.status.to_string())];
        ::metrics::counter!("triage_requests_total", &labels).increment(1);
    }
}

fn describe() {
    ::metrics::describe_counter!("triage_requests_total", "Requests, by path, method and status; 499: the caller left");
    ::metrics::describe_histogram!("triage_request_seconds", "How long requests took, by path");
    ::metrics::describe_histogram!("triage_stage_seconds", "How long messages took, by stage");
    ::metrics::describe_counter!("triage_decisions_total", "Decisions, by kind and first reason");
    ::metrics::describe_gauge!("triage_queue_waiting", "Messages that wait for a worker");
    ::metrics::describe_counter!("triage_queue_refused_total", "Messages that were refused because too many waited");
    ::metrics::describe_counter!(
        "triage_key_refused_total",
        "Requests that a key had no allowance for, by key and limit"
    );
    ::metrics::describe_gauge!("triage_model_info", "1 for the bundle that is served");
    ::metrics::describe_gauge!("triage_catalogue_generation", "The generation of the catalogue that is served");
    ::metrics::describe_gauge!(
        "triage_catalogue_files_refused",
        "1 while the files in the folders were refused and something older is served"
    );
    ::metrics::describe_counter!("triage_catalogue_changes_total", "Changes of the catalogue, by what became of them");
    ::metrics::describe_histogram!("triage_catalogue_change_seconds", "How long a change took, tests included");
}
