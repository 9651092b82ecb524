//! What was decided, for the metrics.

use std::time::Duration;

use crate::reply::{Reply, Timings};

/// What is counted of a reply. Nothing of what was said.
pub(super) struct Counted {
    decision: &'static str,
    /// The code of the first reason: as many as rules, and patterns of the policy.
    reason: String,
    timings: Timings,
}

impl Counted {
    pub(super) fn of(reply: &Reply) -> Self {
        let reason = reply.reasons.first().map(|reason| reason.code.clone()).unwrap_or_default();
        Self { decision: reply.decision.id(), reason, timings: reply.timings_us }
    }

    /// Once for each reply that is given.
    pub(super) fn count(self) {
        let Timings { normalise, encode, decide, store: _ } = self.timings;
        for (stage, micros) in [("normalise", normalise), ("encode", encode), ("decide", decide)] {
            stage_took(stage, Duration::from_micros(micros));
        }
        metrics::counter!("triage_decisions_total", "decision" => self.decision, "reason" => self.reason).increment(1);
    }
}

/// How long one of the stages of a message took.
pub(super) fn stage_took(stage: &'static str, took: Duration) {
    metrics::histogram!("triage_stage_seconds", "stage" => stage).record(took);
}
