use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Found, open, print_json};
use crate::catalogue::{AnswerRule, Resolves};
use crate::config::Config;
use crate::engine::{Engine, OpenError};
use crate::eval::{
    Columns, Dataset, LabelMap, Outcome, Prediction, Report, Row, Title, read_utf8, render_html, render_text,
};
use crate::head::FewShotHead;
use crate::incoming::Request;
use crate::labels::{Emotion, OTHER, SOCIAL, is_business};
use crate::model::Bundle;
use crate::reply::{DecisionKind, Reply};
use crate::text::{Message, Utterance};

/// The intent of talk that is about nothing the shop does.
const SMALL_TALK: &str = "chitchat";

/// Examples shown beside a wrong case.
const NEAREST: usize = 3;

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
    /// Column with the act (ask, request, report, chase): tells which messages need a hand and cannot be answered.
    #[arg(long)]
    act: Option<String>,
    /// Column with the agent's last line, given to the decision as history.
    #[arg(long)]
    history_agent: Option<String>,
    /// Two-column TSV from the file's labels to ours; `-` drops a row.
    #[arg(long)]
    map: Option<PathBuf>,
    /// Fit the head on this labelled file (the same columns; intent column `label` unless told) and evaluate that, instead
    /// of the catalogue: what a few examples per intent are worth.
    #[arg(long, value_name = "TRAIN")]
    fewshot: Option<PathBuf>,
    /// Also write the report as one HTML page: plots, and every wrong case with the nearest examples.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
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
    let intent = options.intent.clone().or_else(|| options.fewshot.is_some().then(|| "label".to_owned()));
    let columns = Columns {
        text: options.text.clone(),
        intent,
        emotion: options.emotion.clone(),
        handoff: options.handoff.clone(),
        act: options.act.clone(),
        history_agent: options.history_agent.clone(),
    };
    let load = |path: &Path| Dataset::load(path, &columns, map.as_ref());
    let dataset = load(&options.file)?;
    let (name, predictions) = match &options.fewshot {
        Some(train) => fewshot(config, &load(train)?, &dataset)?,
        None => live(config, &dataset)?,
    };
    let outcomes: Vec<Outcome<'_>> =
        dataset.rows.iter().zip(predictions).map(|(gold, predicted)| Outcome { gold, predicted }).collect();
    let report = Report::of(&outcomes);
    if let Some(path) = &options.html {
        let file = options.file.display().to_string();
        let page = render_html(&report, &Title { bundle: &name, file: &file })?;
        std::fs::write(path, page).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    if options.json {
        print_json(&report)?;
    } else {
        println!("{name} · {}", options.file.display());
        println!("{}", render_text(&report, options.wrong));
    }
    Ok(Found::Nothing)
}

/// Decides about every row as the service would.
fn live(config: &Path, dataset: &Dataset) -> anyhow::Result<(String, Vec<Prediction>)> {
    let engine = open(config)?;
    let unknown = dataset.intents().into_iter().filter(|id| *id != OTHER && engine.catalogue().intent(id).is_none());
    let unknown: Vec<&str> = unknown.collect();
    let note = if unknown.is_empty() {
        String::new()
    } else {
        format!(" · labels that the catalogue does not have: {}", unknown.join(", "))
    };
    Ok((engine.bundle().name() + &note, predict_all(&engine, dataset)?))
}

/// Fits on one labelled file and reads another: bundle and product are the same as ever, catalogue and prior are not used.
fn fewshot(config: &Path, train: &Dataset, test: &Dataset) -> anyhow::Result<(String, Vec<Prediction>)> {
    let config = Config::read(config).map_err(OpenError::from)?;
    let bundle = Bundle::open(&config.bundle)?;
    let labelled = |row: &Row| Some((read(&row.text).ok()?, row.intent.as_ref()?.first().to_owned()));
    let rows: Vec<(Message, String)> = train.rows.iter().filter_map(labelled).collect();
    let head = FewShotHead::fit(&bundle, &rows)?;
    let predict = |row: &Row| -> anyhow::Result<Prediction> {
        let intents = head.score(&bundle, &read(&row.text)?)?;
        let (top, best) = intents.first().cloned().context("the labelled file has no rows")?;
        Ok(Prediction {
            intents,
            top,
            decided: Vec::new(),
            decision: DecisionKind::Ask,
            emotion: Emotion::Neutral,
            upset: 0.0,
            out_of_scope: 1.0 - best,
            can_resolve: true,
            nearest: Vec::new(),
        })
    };
    let predictions: anyhow::Result<Vec<Prediction>> = test.rows.iter().map(predict).collect();
    Ok((format!("{} · fitted on {} messages", bundle.name(), rows.len()), predictions?))
}

fn read(text: &str) -> anyhow::Result<Message> {
    Ok(Message::read(&Utterance::new(text)?))
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
    let incoming = request.check()?;
    let mut predicted = prediction(&engine.triage(&incoming));
    predicted.can_resolve = can_resolve(engine, row);
    if row.intent.as_ref().is_some_and(|gold| !gold.accepts(&predicted.top)) {
        let nearest = engine.nearest(&incoming, NEAREST)?;
        predicted.nearest =
            nearest.into_iter().map(|(id, near)| format!("{} ({id}, {:.2})", near.say, near.similarity)).collect();
    }
    Ok(predicted)
}

/// Whether some answer for each intent of an accepted label, given for the act, informs or looks up.
fn can_resolve(engine: &Engine, row: &Row) -> bool {
    let (Some(gold), Some(act)) = (&row.intent, row.act) else { return true };
    let resolves = |id: &String| {
        let Some(intent) = engine.catalogue().intent(id) else { return true };
        // Of a message alone nobody knows what the shop's data say.
        let for_act = |rule: &&AnswerRule| {
            (rule.acts.is_empty() || rule.acts.contains(&act)) && !rule.flags.iter().any(|flag| flag.is_looked_up())
        };
        intent.answers.iter().find(for_act).is_some_and(|rule| rule.resolves != Resolves::Act)
    };
    gold.alternatives().iter().any(|ids| ids.iter().filter(|id| is_business(id)).all(resolves))
}

/// The top label without any threshold: the best intent, or `other` when being none of them is more probable.
fn prediction(reply: &Reply) -> Prediction {
    let mut intents: Vec<(String, f32)> =
        reply.intents.iter().map(|intent| (intent.id.clone(), intent.score)).collect();
    intents.sort_by(|a, b| b.1.total_cmp(&a.1));
    let small_talk = intents.iter().find(|(id, _)| id == SMALL_TALK).map_or(0.0, |(_, score)| *score);
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
        // Small talk gets the same polite line.
        out_of_scope: reply.out_of_scope.max(small_talk),
        can_resolve: true,
        nearest: Vec::new(),
    }
}
