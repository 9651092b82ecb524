use std::io::{BufRead, Write};
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Found, open, print_json};
use crate::engine::Engine;
use crate::explain::Explanation;
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
    /// Add to JSON, as `explanation`, what the text tells beside the reply: thresholds, nearest examples with their
    /// place, and what would have changed the decision.
    #[arg(long)]
    explain: bool,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let engine = open(config)?;
    if options.jsonl {
        return lines(&engine, options.explain);
    }
    let incoming = Incoming::text(options.text.clone().unwrap_or_default())?;
    let reply = engine.triage(&incoming);
    if options.json {
        let explanation = options.explain.then(|| engine.explain(&incoming)).transpose()?;
        print_json(&Decided { reply, id: None, explanation })?;
    } else {
        show(&reply, &engine.explain(&incoming)?)?;
    }
    Ok(Found::Nothing)
}

/// A decision as JSON.
#[derive(Serialize)]
struct Decided {
    #[serde(flatten)]
    reply: Reply,
    /// Of the line that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

/// A line of `--jsonl`.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    text: String,
    #[serde(default)]
    history: Vec<PastMessage>,
    #[serde(default)]
    lang: Option<String>,
}

/// One decision per line, in order. A line that cannot be read gets an `error` in its place, so that lines stay paired.
fn lines(engine: &Engine, explain: bool) -> anyhow::Result<Found> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut found = Found::Nothing;
    for (number, line) in std::io::stdin().lock().split(b'\n').enumerate() {
        let line = line.context("cannot read standard input")?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match decide(engine, &line, explain) {
            Ok(decided) => writeln!(out, "{}", serde_json::to_string(&decided)?)?,
            Err((id, error)) => {
                writeln!(out, "{}", json!({ "id": id, "error": format!("line {}: {error:#}", number + 1) }))?;
                found = Found::Findings;
            }
        }
    }
    out.flush()?;
    Ok(found)
}

/// The decision about one line; or its `id`, as far as it has one, and why there is none.
fn decide(engine: &Engine, line: &[u8], explain: bool) -> Result<Decided, (Value, anyhow::Error)> {
    let value: Value = serde_json::from_slice(line).map_err(|error| (Value::Null, error.into()))?;
    let id = value.get("id").cloned().unwrap_or_default();
    let decided = || {
        let line: Line = serde_json::from_value(value)?;
        let request = Request { text: line.text, history: line.history, lang: line.lang, ..Request::default() };
        let incoming = request.check()?;
        let explanation = explain.then(|| engine.explain(&incoming)).transpose()?;
        anyhow::Ok(Decided { reply: engine.triage(&incoming), id: Some(line.id), explanation })
    };
    decided().map_err(|error| (id, error))
}

/// What it thinks, for people: the rule that fired and what it says, candidates, nearest examples, emotion, and what
/// would have changed the decision.
fn show(reply: &Reply, why: &Explanation) -> anyhow::Result<()> {
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
        let due = handoff.respond_due_at.strftime("%Y-%m-%dT%H:%M:%SZ");
        writeln!(out, "to         {} · {:?} · answer due {due}", handoff.queue, handoff.level)?;
    }
    show_understanding(&mut out, why)?;
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
    for (at, change) in why.changes.iter().enumerate() {
        writeln!(out, "{}    {change}", if at == 0 { "what if" } else { "       " })?;
    }
    if why.changes.is_empty() {
        writeln!(out, "what if    no small change of one score, and no slot, would have changed this")?;
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

fn show_understanding(out: &mut impl Write, why: &Explanation) -> std::io::Result<()> {
    writeln!(out, "\nintents    probability, and the threshold from which it is answered")?;
    for intent in &why.candidates {
        let act = intent.act.map_or("", |act| act.id());
        let threshold = intent.threshold_shown();
        writeln!(out, "           {:<20} {:.2}  {threshold:<5} {act}", intent.id, intent.score)?;
    }
    if let Some(settled) = &why.settled {
        writeln!(out, "           {settled}")?;
    }
    writeln!(out, "nearest    examples and near misses by cosine similarity, and where they stand")?;
    for near in &why.nearest {
        let place = match (&near.file, near.line) {
            (Some(file), Some(line)) => format!("  {}:{line}", file.display()),
            _ => String::new(),
        };
        writeln!(out, "           {:.2}  {:<20} {}{place}", near.similarity, near.intent, near.say)?;
    }
    Ok(())
}
