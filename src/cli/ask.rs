use std::io::{BufRead, Write};
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde_json::json;

use super::{Found, open, print_json};
use crate::engine::Engine;
use crate::incoming::{Incoming, PastMessage, Request};
use crate::reply::Reply;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// What the customer writes.
    #[arg(required_unless_present = "jsonl")]
    text: Option<String>,
    /// Read one JSON object per line (`id`, `text`, optional `history` and `lang`) from standard input; print one
    /// decision per line, in order.
    #[arg(long, conflicts_with = "text")]
    jsonl: bool,
    /// Print the whole reply as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let engine = open(config)?;
    if options.jsonl {
        return lines(&engine);
    }
    let incoming = Incoming::text(options.text.clone().unwrap_or_default())?;
    let reply = engine.triage(&incoming);
    if options.json {
        print_json(&reply)?;
    } else {
        explain(&engine, &incoming, &reply)?;
    }
    Ok(Found::Nothing)
}

/// A line of `--jsonl`.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: serde_json::Value,
    text: String,
    #[serde(default)]
    history: Vec<PastMessage>,
    #[serde(default)]
    lang: Option<String>,
}

/// One decision per line, in order. A line that cannot be read gets an `error` in its place, so that lines stay paired.
fn lines(engine: &Engine) -> anyhow::Result<Found> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut found = Found::Nothing;
    for (number, line) in std::io::stdin().lock().split(b'\n').enumerate() {
        let line = line.context("cannot read standard input")?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match decide(engine, &line) {
            Ok((id, reply)) => {
                let mut object = serde_json::to_value(&reply)?;
                object["id"] = id;
                writeln!(out, "{object}")?;
            }
            Err((id, error)) => {
                writeln!(out, "{}", json!({ "id": id, "error": format!("line {}: {error:#}", number + 1) }))?;
                found = Found::Findings;
            }
        }
    }
    out.flush()?;
    Ok(found)
}

fn decide(engine: &Engine, line: &[u8]) -> Result<(serde_json::Value, Reply), (serde_json::Value, anyhow::Error)> {
    let value: serde_json::Value =
        serde_json::from_slice(line).map_err(|error| (serde_json::Value::Null, error.into()))?;
    let id = value.get("id").cloned().unwrap_or_default();
    let line: Line = serde_json::from_value(value).map_err(|error| (id, error.into()))?;
    let request = Request { text: line.text, history: line.history, lang: line.lang, ..Request::default() };
    match request.check() {
        Ok(incoming) => Ok((line.id, engine.triage(&incoming))),
        Err(error) => Err((line.id, error.into())),
    }
}

/// What it thinks, for people: candidates, nearest examples, emotion, the rule that fired and what it says.
fn explain(engine: &Engine, incoming: &Incoming, reply: &Reply) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "decision   {}", reply.decision.id())?;
    for (at, reason) in reply.reasons.iter().enumerate() {
        writeln!(out, "{}  {} ({})", if at == 0 { "because  " } else { "  and    " }, reason.code, reason.detail)?;
    }
    if let Some(answer) = &reply.answer {
        writeln!(out, "says       {}", answer.text)?;
        for choice in &answer.choices {
            writeln!(out, "             · {} ({})", choice.title, choice.value)?;
        }
    }
    if let Some(handoff) = &reply.handoff {
        writeln!(out, "to         {} · {:?} · answer due {}", handoff.queue, handoff.level, handoff.respond_due_at)?;
    }
    let thresholds = engine.thresholds();
    writeln!(out, "\nintents    probability, and the threshold from which it is answered")?;
    for intent in reply.intents.iter().take(5) {
        let threshold = thresholds.iter().find(|(id, _)| *id == intent.id).map_or(0.0, |(_, threshold)| *threshold);
        let act = intent.act.map_or("", |act| act.id());
        let threshold = if threshold > 1.0 { "never".to_owned() } else { format!("{threshold:.2}") };
        writeln!(out, "           {:<20} {:.2}  {threshold:<5} {act}", intent.id, intent.score)?;
    }
    writeln!(out, "nearest    examples by cosine similarity")?;
    for (id, near) in engine.nearest(incoming, 4)? {
        writeln!(out, "           {:.2}  {id:<20} {}", near.similarity, near.say)?;
    }
    let emotion = &reply.emotion;
    writeln!(
        out,
        "emotion    {} · upset {:.2} · anxiety {:.2} · intensity {:.1}",
        emotion.label.id(),
        emotion.upset,
        emotion.scores.anxiety,
        emotion.intensity
    )?;
    for slot in &reply.slots {
        writeln!(out, "slot       {} = {}", slot.name, slot.value)?;
    }
    let timings = &reply.timings_us;
    writeln!(
        out,
        "time       normalise {} µs, encode {} µs, decide {} µs",
        timings.normalise, timings.encode, timings.decide
    )?;
    writeln!(out, "with       {} · {}", reply.model, reply.catalogue)?;
    Ok(())
}
