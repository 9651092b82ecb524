//! What is counted about deliveries.

use std::time::Duration;

use jiff::Timestamp;

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    Failed,
    Dead,
}

impl Outcome {
    fn id(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}

/// Says what is counted, once a recorder is there.
pub(super) fn describe() {
    metrics::describe_counter!("triage_webhook_deliveries_total", "Tries to deliver an event, by what became of them");
    metrics::describe_histogram!("triage_webhook_seconds", "How long a try took");
    metrics::describe_gauge!("triage_outbox_waiting", "Deliveries that wait, dead ones aside");
    metrics::describe_gauge!("triage_outbox_lag_seconds", "How long the oldest of them has waited");
}

/// A try; `took` is missing where nothing was sent.
pub(super) fn tried(endpoint: &str, outcome: Outcome, took: Option<Duration>) {
    let labels = [("endpoint", endpoint.to_owned()), ("outcome", outcome.id().to_owned())];
    metrics::counter!("triage_webhook_deliveries_total", &labels).increment(1);
    if let Some(took) = took {
        metrics::histogram!("triage_webhook_seconds", &labels).record(took.as_secs_f64());
    }
}

/// What waits now, and since when the oldest does.
#[expect(clippy::cast_precision_loss, reason = "nobody keeps that many events")]
pub(super) fn waiting(count: u64, oldest: Option<Timestamp>, now: Timestamp) {
    let lag = oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
    metrics::gauge!("triage_outbox_waiting").set(count as f64);
    metrics::gauge!("triage_outbox_lag_seconds").set(lag);
}
