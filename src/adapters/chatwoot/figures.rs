//! What is counted about Chatwoot. No label holds anything that a customer or Chatwoot made up.

use jiff::Timestamp;

use super::client::CallError;

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    New,
    Known,
    Ignored,
    Unsigned,
    Unreadable,
    Overloaded,
    Failed,
}

impl Taken {
    fn id(self) -> &'static str {
        match self {
            Self::New => "taken",
            Self::Known => "known",
            Self::Ignored => "ignored",
            Self::Unsigned => "unsigned",
            Self::Unreadable => "unreadable",
            Self::Overloaded => "overloaded",
            Self::Failed => "failed",
        }
    }
}

/// A call of Chatwoot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Show,
    Note,
    Priority,
    Team,
    Labels,
    Attributes,
    Say,
    Open,
}

impl Call {
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Note => "note",
            Self::Priority => "priority",
            Self::Team => "team",
            Self::Labels => "labels",
            Self::Attributes => "attributes",
            Self::Say => "say",
            Self::Open => "open",
        }
    }
}

/// How a try to work off a letter ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worked {
    Done,
    Retried,
    Dead,
}

impl Worked {
    fn id(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

/// Says what is counted, once a recorder is there.
pub(super) fn describe() {
    metrics::describe_counter!("triage_chatwoot_webhooks_total", "Webhooks of Chatwoot, by what became of them");
    metrics::describe_counter!("triage_chatwoot_calls_total", "Calls of Chatwoot, by what came back");
    metrics::describe_counter!("triage_chatwoot_worked_total", "Tries to work off what Chatwoot told, by their end");
    metrics::describe_gauge!("triage_chatwoot_waiting", "What Chatwoot told and is still to be worked off");
    metrics::describe_gauge!("triage_chatwoot_lag_seconds", "How long the oldest of it has waited");
}

/// A webhook; `event` is one of a few.
pub(super) fn taken(event: &'static str, taken: Taken) {
    metrics::counter!("triage_chatwoot_webhooks_total", "event" => event, "outcome" => taken.id()).increment(1);
}

pub(super) fn called(call: Call, answer: Result<(), &CallError>) {
    let outcome = match answer {
        Ok(()) => "ok",
        Err(CallError::Passing { .. }) => "failed",
        Err(_) => "refused",
    };
    metrics::counter!("triage_chatwoot_calls_total", "call" => call.id(), "outcome" => outcome).increment(1);
}

pub(super) fn worked(worked: Worked) {
    metrics::counter!("triage_chatwoot_worked_total", "outcome" => worked.id()).increment(1);
}

/// What waits now, and since when the oldest does.
#[expect(clippy::cast_precision_loss, reason = "nobody keeps that many")]
pub(super) fn waiting(count: u64, oldest: Option<Timestamp>, now: Timestamp) {
    let lag = oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
    metrics::gauge!("triage_chatwoot_waiting").set(count as f64);
    metrics::gauge!("triage_chatwoot_lag_seconds").set(lag);
}
