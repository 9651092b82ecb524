use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Found, print_json};
use crate::catalogue::Sources;
use crate::config::Config;
use crate::engine::{Engine, OpenError};
use crate::recorded;
use crate::review::{Review, observe, patch, render, render_replay, replay};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Recorded messages, one or one conversation per line: texts, requests, or objects with `turns`.
    file: PathBuf,
    /// Write the page, in Markdown, to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also write proposed examples to this file: a diff of the intents, to be read and then applied with `git apply`.
    #[arg(long, value_name = "FILE")]
    patch: Option<PathBuf>,
    /// Instead, play each conversation up to its first hand-off, and write at which message and why that comes.
    #[arg(long, conflicts_with = "patch")]
    handoffs: bool,
    /// Print the review as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let turns = recorded::read(&options.file)?;
    let config = Config::read(config).map_err(OpenError::from)?;
    for path in options.out.iter().chain(&options.patch) {
        refuse_sources(path, &options.file, &config)?;
    }
    let engine = super::connected(&Engine::with(config)?)?;
    let count = turns.len();
    let shows_progress = std::io::stderr().is_terminal();
    let progress = |done: usize| {
        if shows_progress && (done.is_multiple_of(100) || done == count) {
            eprint!("\r{done}/{count}{}", if done == count { "\n" } else { "" });
        }
    };
    if options.handoffs {
        let replay = replay(&engine, &turns, &engine.now(), &progress);
        let title = format!("{} · {}", options.file.display(), engine.bundle().name());
        match (options.json, &options.out) {
            (true, _) => print_json(&replay)?,
            (false, Some(path)) => write(path, &render_replay(&replay, &title))?,
            (false, None) => std::io::stdout().lock().write_all(render_replay(&replay, &title).as_bytes())?,
        }
        return Ok(Found::Nothing);
    }
    let turns = observe(&engine, turns, &progress)?;
    let review = Review::of(&turns, engine.catalogue());
    let title = format!(
        "{} · {} · catalogue {:.12}",
        options.file.display(),
        engine.bundle().name(),
        engine.catalogue().hash()
    );
    let mut notes = Vec::new();
    if let Some(path) = &options.patch {
        let config = engine.config();
        let patch = patch(&review.examples, &Sources::read(&config.intents, &config.policy, &config.shop)?);
        write(path, &patch.text)?;
        let count: usize = review.examples.iter().map(|proposed| proposed.zh.len() + proposed.en.len()).sum();
        notes.push(format!("{}: examples proposed: {count}; read them, then `git apply`", path.display()));
        let skipped = patch.skipped.iter();
        notes.extend(skipped.map(|(intent, list)| {
            format!("{intent}: the layout of `examples.{list}` is not one that lines can be appended to; add by hand")
        }));
    }
    let page = render(&review, &title);
    if let Some(path) = &options.out {
        write(path, &page)?;
        notes.insert(0, format!("{}: {} turns reviewed", path.display(), review.summary.turns));
    }
    match (options.json, &options.out) {
        (true, _) => print_json(&review)?,
        (false, None) => std::io::stdout().lock().write_all(page.as_bytes())?,
        (false, Some(_)) => notes.iter().for_each(|note| println!("{note}")),
    }
    if options.json || options.out.is_none() {
        notes.iter().for_each(|note| eprintln!("{note}"));
    }
    Ok(Found::Nothing)
}

/// Neither the catalogue nor the record is ever written to.
fn refuse_sources(path: &Path, record: &Path, config: &Config) -> anyhow::Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let folder = real(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    let sources = [record, &config.policy, &config.shop];
    let is_source = real(path).is_some_and(|own| sources.iter().any(|source| real(source) == Some(own.clone())));
    let is_inside = folder.is_some() && folder == real(&config.intents);
    anyhow::ensure!(
        !is_source && !is_inside,
        "`{}` is part of the catalogue or the record; write elsewhere",
        path.display()
    );
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}
