//! What people read in Chatwoot about a hand-off.

use std::fmt::Write;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use crate::labels::Emotion;
use crate::reply::{Choice, DecisionKind, Slot};
use crate::ticket::{Level, Ticket};

/// What is needed of the desk's reply to a message.
#[derive(Deserialize)]
pub(super) struct Reply {
    pub(super) decision: DecisionKind,
    pub(super) durable: bool,
    pub(super) supersedes: Vec<String>,
    pub(super) answer: Option<Answer>,
    pub(super) handoff: Option<Handoff>,
    emotion: Feeling,
    slots: Vec<Slot>,
    reasons: Vec<Reason>,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) choices: Vec<Choice>,
}

#[derive(Deserialize)]
pub(super) struct Handoff {
    pub(super) ticket_id: Option<String>,
    pub(super) queue: String,
    pub(super) level: Level,
    respond_due_at: jiff::Timestamp,
    summary: String,
    signals: Vec<String>,
}

#[derive(Deserialize)]
struct Feeling {
    label: Emotion,
    upset: f32,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    detail: String,
}

/// Chatwoot's priority of a level.
pub(super) fn priority(level: Level) -> &'static str {
    match level {
        Level::Urgent => "urgent",
        Level::Serious => "high",
        Level::Normal => "medium",
        Level::Suggestion => "low",
    }
}

/// The labels of a hand-off: that it is one, whose it is, and how an upset customer feels.
pub(super) fn labels(reply: &Reply, handoff: &Handoff) -> Vec<String> {
    let queue = handoff.queue.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' });
    let mut labels = vec!["triage".to_owned(), format!("triage-{}", queue.collect::<String>().to_lowercase())];
    if matches!(reply.emotion.label, Emotion::Anger | Emotion::Disappointment | Emotion::Anxiety) {
        labels.push(format!("triage-{}", reply.emotion.label.id()));
    }
    labels
}

/// The private note: first what programs could read, then what people need. The ticket holds what was looked up, where there is one.
pub(super) fn note(reply: &Reply, handoff: &Handoff, ticket: Option<&Ticket>, zone: &TimeZone) -> String {
    let due = handoff.respond_due_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z");
    let reason = reply.reasons.first().map_or("unknown", |reason| &reason.code);
    let (level, queue, emotion) = (priority(handoff.level), &handoff.queue, reply.emotion.label.id());
    let mut note = format!("[triage] reason={reason} emotion={emotion} queue={queue} priority={level} due={due}\n");
    let mut line = |what: &str, text: String| {
        if !text.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(note, "{what}: {text}");
        }
    };
    line("summary", handoff.summary.clone());
    let reasons = reply.reasons.iter().map(|reason| format!("{} ({})", reason.code, reason.detail));
    line("why", reasons.collect::<Vec<_>>().join("; "));
    line("upset", format!("{:.2}", reply.emotion.upset));
    let entities = ticket.map_or(&reply.slots, |ticket| &ticket.packet.entities);
    let facts = entities.iter().map(|slot| format!("{}={}", slot.name, slot.value));
    let looked_up = ticket.map(|ticket| ticket.packet.lookups.iter().flat_map(|found| flat("", found))).into_iter();
    line("facts", facts.chain(looked_up.flatten()).collect::<Vec<_>>().join("; "));
    line("already answered", ticket.map_or(String::new(), |ticket| ticket.packet.answered.join(", ")));
    line("signals", handoff.signals.join(", "));
    line("suggestions", ticket.map_or(String::new(), |ticket| ticket.packet.suggestions.join(" | ")));
    line("tags", labels(reply, handoff).join(" "));
    line("ticket", handoff.ticket_id.clone().unwrap_or_default());
    note.truncate(note.trim_end().len());
    note
}

/// The note where the bot failed, so that people know why the conversation is theirs.
pub(super) fn failed(why: &str) -> String {
    format!(
        "[triage] reason=bot_error\nThe last message was not answered by the bot: {why}. Please read the conversation."
    )
}

/// `order.state=dispatched` and so on.
fn flat(before: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Object(map) => {
            let named = |key: &str| if before.is_empty() { key.to_owned() } else { format!("{before}.{key}") };
            map.iter().flat_map(|(key, value)| flat(&named(key), value)).collect()
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().flat_map(|(at, item)| flat(&format!("{before}.{}", at + 1), item)).collect()
        }
        Value::String(text) => vec![format!("{before}={text}")],
        other => vec![format!("{before}={other}")],
    }
}
