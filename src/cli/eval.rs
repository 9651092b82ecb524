use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Found, open, print_json};
use crate::engine::Engine;
use crate::eval::{Columns, Dataset, LabelMap, Outcome, Prediction, Report, Row, read_utf8, render_text};
use crate::incoming::Request;
use crate::labels::{OTHER, SOCIAL, is_business};
use crate::reply::{DecisionKind, Reply};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Labelled messages: TSV with a header, or JSON lines.
    file: PathBuf,
    /// Column with the message.
    #[arg(long, default_value = "text")]
    text: String,
    /// Column with the intent: `a+b` both, `a|b` either.
    #[arg(long)]
    intent: Option<String>,
    /// Column with the emotion.
    #[arg(long)]
    emotion: Option<String>,
    /// Column with the hand-off label: yes, no or maybe.
    #[arg(long)]
    handoff: Option<String>,
    /// Column with the agent's last line, given to the decision as history.
    #[arg(long)]
    history_agent: Option<String>,
    /// Two-column TSV from the file's labels to ours; `-` drops a row.
    #[arg(long)]
    map: Option<PathBuf>,
    /// Wrong cases to show.
    #[arg(long, default_value_t = 20)]
    wrong: usize,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let map = match &options.map {
        Some(path) => Some(LabelMap::read(path, &read_utf8(path)?)?),
        None => None,
    };
    let columns = Columns {
        text: options.text.clone(),
        intent: options.intent.clone(),
        emotion: options.emotion.clone(),
        handoff: options.handoff.clone(),
        history_agent: options.history_agent.clone(),
    };
    let dataset = Dataset::load(&options.file, &columns, map.as_ref())?;
    let engine = open(config)?;
    let predictions = predict_all(&engine, &dataset)?;
    let outcomes: Vec<Outcome<'_>> =
        dataset.rows.iter().zip(predictions).map(|(gold, predicted)| Outcome { gold, predicted }).collect();
    let report = Report::of(&outcomes);
    if options.json {
        print_json(&report)?;
    } else {
        println!("{} · {}", engine.bundle().name(), options.file.display());
        println!("{}", render_text(&report, options.wrong));
        let classes: Vec<String> = dataset
            .intents()
            .into_iter()
            .filter(|id| *id != OTHER && engine.catalogue().intent(id).is_none())
            .map(str::to_owned)
            .collect();
        if !classes.is_empty() {
            println!("labels that the catalogue does not have: {}", classes.join(", "));
        }
    }
    Ok(Found::Nothing)
}

fn predict_all(engine: &Engine, dataset: &Dataset) -> anyhow::Result<Vec<Prediction>> {
    let shows_progress = std::io::stderr().is_terminal();
    let mut out = Vec::with_capacity(dataset.rows.len());
    for (at, row) in dataset.rows.iter().enumerate() {
        out.push(predict(engine, row).with_context(|| format!("line {}", row.line))?);
        if shows_progress && at % 100 == 99 {
            eprint!("\r{}/{}", at + 1, dataset.rows.len());
            std::io::stderr().flush()?;
        }
    }
    if shows_progress {
        eprintln!();
    }
    Ok(out)
}

fn predict(engine: &Engine, row: &Row) -> anyhow::Result<Prediction> {
    let history = row.history.iter().cloned().collect();
    let request = Request { text: row.text.clone(), history, ..Request::default() };
    Ok(prediction(&engine.triage(&request.check()?)))
}

/// The top label without any threshold: the best intent, or `other` when being none of them is more probable.
fn prediction(reply: &Reply) -> Prediction {
    let mut intents: Vec<(String, f32)> =
        reply.intents.iter().map(|intent| (intent.id.clone(), intent.score)).collect();
    intents.sort_by(|a, b| b.1.total_cmp(&a.1));
    let top = match intents.first() {
        Some((best, score)) if *score >= reply.out_of_scope => best.clone(),
        _ => OTHER.to_owned(),
    };
    let decided = reply.answer.as_ref().map(|answer| answer.intents.clone()).unwrap_or_default();
    let answered = decided.iter().any(|id| is_business(id) || SOCIAL.contains(&id.as_str()));
    Prediction {
        intents,
        top,
        decided: if reply.decision == DecisionKind::Answer && answered { decided } else { Vec::new() },
        decision: reply.decision,
        emotion: reply.emotion.label,
        upset: reply.emotion.upset,
    }
}
