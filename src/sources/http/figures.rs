//! What is counted about asking other systems.

use std::time::Duration;

/// What came of a question that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Found,
    Absent,
    /// It answered what cannot be used.
    Unusable,
    /// It did not answer.
    Failed,
}

impl Outcome {
    fn id(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Absent => "absent",
            Self::Unusable => "unusable",
            Self::Failed => "failed",
        }
    }
}

/// Says what is counted, once a recorder is there.
pub(super) fn describe() {
    metrics::describe_counter!("triage_source_calls_total", "Requests to the shop's own systems, tries again included");
    metrics::describe_counter!("triage_source_questions_total", "Questions to them, by what came of it");
    metrics::describe_counter!("triage_source_cached_total", "Questions that a kept answer was good enough for");
    metrics::describe_histogram!("triage_source_seconds", "How long a question took, tries again included");
    metrics::describe_gauge!("triage_source_open", "1 while a system is left alone since it does not answer");
}

/// A request is sent.
pub(super) fn called(source: &'static str) {
    metrics::counter!("triage_source_calls_total", "source" => source).increment(1);
}

/// A question is done.
pub(super) fn asked(source: &'static str, outcome: Outcome, took: Duration) {
    metrics::counter!("triage_source_questions_total", "source" => source, "outcome" => outcome.id()).increment(1);
    metrics::histogram!("triage_source_seconds", "source" => source).record(took.as_secs_f64());
}

/// A question was not asked.
pub(super) fn cached(source: &'static str) {
    metrics::counter!("triage_source_cached_total", "source" => source).increment(1);
}

/// The system is left alone, or no longer.
pub(super) fn open(source: &'static str, is_open: bool) {
    metrics::gauge!("triage_source_open", "source" => source).set(if is_open { 1.0 } else { 0.0 });
}
