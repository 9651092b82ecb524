mod version;

use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use super::{Found, print_json};
use crate::catalogue::Sources;
use crate::compare::{Comparison, Said, Tally, Verdict, render_text};
use crate::config::Config;
use crate::engine::{Engine, OpenError};
use crate::incoming::{Customer, Incoming, Request};
use crate::model::Bundle;
use crate::recorded::{self, Turn};
use crate::text::{Message, Utterance, mask_personal_data};

const HELP: &str = "\
OLD and NEW are each
  .           the files that --config names, as they are now
  a path      a folder with config/triage.yaml, or a configuration file
  a revision  HEAD, main~3, a tag: of the git repository around --config
What exists as a path is a path; write refs/heads/NAME for a branch that is called like one. Only intents, policy and
shop are compared: model, time zone and everything else come from --config for both.

Exit codes: 0 within the budget or none given, 1 more changed, 2 cannot run, with all problems of both catalogues.";

#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Options {
    /// The catalogue before: a folder, a configuration file, or a git revision.
    old: String,
    /// The catalogue after; `.` for the files as they are now.
    new: String,
    /// Messages to decide about: one per line as text, as an API request, or as a conversation with `turns`.
    #[arg(long, value_name = "FILE")]
    on: PathBuf,
    /// The share of messages that may change, such as 2% or 0.02; exit code 1 if more do.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_changed: Option<f64>,
    /// Messages to show of each kind of change.
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    show: usize,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

/// A compared version, for machines.
#[derive(Debug, Serialize)]
struct Version<'a> {
    from: &'a str,
    catalogue: String,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    old: Version<'a>,
    new: Version<'a>,
    model: String,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

pub(super) fn run(config_path: &Path, options: &Options) -> anyhow::Result<Found> {
    let config = Config::read(config_path).map_err(OpenError::from)?;
    let sources = |name| version::sources(name, config_path, &config);
    let (old, new) = (sources(&options.old)?, sources(&options.new)?);
    let turns = recorded::read(&options.on)?;
    anyhow::ensure!(!turns.is_empty(), "`{}` holds no messages", options.on.display());
    let (old, new) = open_both(&config, &old, &new)?;
    let comparison = decide(&old, &new, &turns, config.workers).compare(options.max_changed);
    if options.json {
        let version = |from, engine: &Engine| Version { from, catalogue: engine.catalogue().hash().to_owned() };
        let (old, new, model) = (version(&options.old, &old), version(&options.new, &new), new.bundle().name());
        print_json(&Report { old, new, model, comparison: &comparison })?;
    } else {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", render_text(&comparison, options.show))?;
        if old.catalogue().hash() == new.catalogue().hash() {
            writeln!(out, "\n{} and {} hold the same intents, policy and shop", options.old, options.new)?;
        }
    }
    Ok(if comparison.verdict == Verdict::Over { Found::Findings } else { Found::Nothing })
}

/// Reads `2%` or `0.02`. A bare 2 is refused, since it is not clear which of the two it should be.
fn share(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a share; write 2% or 0.02");
    let (number, unit) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().map_err(|_| wrong())? / unit;
    let is_share = (0.0..=1.0).contains(&share) && (unit > 1.0 || share < 1.0);
    if is_share { Ok(share) } else { Err(wrong()) }
}

/// Opens both catalogues on one bundle; the findings of both, if either has any.
fn open_both(config: &Config, old: &Sources, new: &Sources) -> Result<(Engine, Engine), OpenError> {
    let bundle = Arc::new(Bundle::open(&config.bundle)?);
    let open = |sources: &Sources| Engine::with_catalogue(config.clone(), Arc::clone(&bundle), sources);
    let opened = std::thread::scope(|scope| {
        let old = scope.spawn(|| open(old));
        let new = open(new);
        (old.join().expect("opening does not panic"), new)
    });
    match opened {
        (Ok(old), Ok(new)) => Ok((old, new)),
        (Err(OpenError::Findings(mut old)), Err(OpenError::Findings(new))) => {
            old.extend(new);
            Err(old.sorted().into())
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Decides about every different message twice, on all workers.
fn decide(old: &Engine, new: &Engine, turns: &[Turn], workers: usize) -> Tally {
    let different = different(turns);
    let done = AtomicUsize::new(0);
    let shows_progress = std::io::stderr().is_terminal();
    // One moment for all, so that words for a time are no difference.
    let now = old.now();
    let part = |worker: usize| {
        let mut tally = Tally::default();
        for (turn, times) in different.iter().skip(worker).step_by(workers) {
            let (old, new) = (old.triage_at(&turn.incoming, &now), new.triage_at(&turn.incoming, &now));
            tally.add(*times, &old, &new, || said(turn, *times));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if shows_progress && done.is_multiple_of(100) {
                eprint!("\r{done}/{}", different.len());
            }
        }
        tally
    };
    let all = std::thread::scope(|scope| {
        let part = &part;
        let parts: Vec<_> = (0..workers).map(|worker| scope.spawn(move || part(worker))).collect();
        parts.into_iter().fold(Tally::default(), |mut all, part| {
            all.merge(part.join().expect("deciding does not panic"));
            all
        })
    });
    if shows_progress {
        eprint!("\r                    \r");
    }
    all
}

fn said(turn: &Turn, times: usize) -> Said {
    let masked = |utterance: &Utterance| mask_personal_data(utterance.as_str(), &Message::read(utterance));
    // What is too long to be read was not read by the decision either.
    let before = turn.incoming.history().last().and_then(|past| Utterance::new(past.text.as_str()).ok());
    let after = before.as_ref().map(masked);
    Said { line: turn.line, times, message: masked(turn.incoming.utterance()), after }
}

/// Each message that may be decided differently from the ones before it, and how often it stands there.
fn different(turns: &[Turn]) -> Vec<(&Turn, usize)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut out: Vec<(&Turn, usize)> = Vec::new();
    for turn in turns {
        let place = *places.entry(key(&turn.incoming)).or_insert(out.len());
        match out.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => out.push((turn, 1)),
        }
    }
    out
}

/// Everything that a decision may depend on: not who wrote, when, and how long the caller waits.
fn key(incoming: &Incoming) -> String {
    let request = &incoming.request;
    let customer = request.customer.as_ref().map(|customer| Customer {
        tier: customer.tier.clone(),
        tags: customer.tags.clone(),
        ..Customer::default()
    });
    let own = Request {
        text: incoming.utterance().as_str().to_owned(),
        conversation_id: None,
        message_id: None,
        channel: None,
        customer,
        wait_ms: None,
        deadline_ms: None,
        ..request.clone()
    };
    serde_json::to_string(&own).expect("a request is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_in_two_ways() {
        for (text, expected) in
            [("2%", Some(0.02)), ("0.02", Some(0.02)), (" 1.5 % ", Some(0.015)), ("0", Some(0.0)), ("100%", Some(1.0))]
        {
            assert_eq!(share(text).ok(), expected, "{text}");
        }
        for text in ["2", "1", "-1%", "101%", "NaN", "two", "%", ""] {
            assert!(share(text).unwrap_err().contains("write 2% or 0.02"), "{text}");
        }
    }

    #[test]
    fn the_same_message_is_decided_once() {
        let turn = |line: usize, request: serde_json::Value| Turn {
            line,
            conversation: String::new(),
            incoming: serde_json::from_value::<Request>(request).unwrap().check().unwrap(),
        };
        let turns = [
            turn(1, serde_json::json!({"text": "在吗", "message_id": "m-1", "customer": {"id": "u-1"}})),
            turn(2, serde_json::json!({"text": "在吗", "history": [{"role": "bot", "text": "您好"}]})),
            turn(3, serde_json::json!({"text": "在吗", "message_id": "m-2", "customer": {"id": "u-2"}})),
            turn(4, serde_json::json!({"text": "在吗", "customer": {"tier": "gold"}})),
        ];
        let counts: Vec<(usize, usize)> = different(&turns).iter().map(|(turn, times)| (turn.line, *times)).collect();
        assert_eq!(counts, [(1, 2), (2, 1), (4, 1)]);
    }
}
