mod measure;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Found;
use crate::catalogue::{Catalogue, Sources};
use crate::config::Config;
use crate::engine::OpenError;
use crate::head::{Labelled, pack, reading_of};
use crate::model::Bundle;
use crate::text::{Message, Utterance};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Read lines, print what the model would be given: training sees what the service sees.
    Normalise,
    /// Finish a bundle that the training scripts exported: background, prior, calibration, examples, golden inputs
    /// and hashes.
    Pack {
        /// The folder, holding encoder.onnx, tokenizer.json and manifest.yaml.
        folder: PathBuf,
        /// Out-of-scope messages, one per line.
        #[arg(long, required = true)]
        background: Vec<PathBuf>,
        /// Labelled real messages: TSV with a header and the columns split (train or calibrate), weight, intent,
        /// text and before (the agent's line before it).
        #[arg(long)]
        labelled: Option<PathBuf>,
    },
    /// Read lines, print what a bundle makes of each: token ids, vector and emotions, one JSON object per line.
    Read {
        /// The folder.
        folder: PathBuf,
    },
    /// Time the encoders of bundles against each other on this machine: one core, taking turns.
    Measure(measure::Options),
    /// Open a bundle, which verifies it, and say what it is.
    Verify {
        /// The folder; the configured bundle if left out.
        folder: Option<PathBuf>,
    },
}

pub(super) fn run(config: &Path, command: &Command) -> anyhow::Result<Found> {
    match command {
        Command::Normalise => each_line(|line| Ok(Message::read(&Utterance::new(line)?).model().to_owned()))?,
        Command::Pack { folder, background, labelled } => {
            let config = Config::read(config).map_err(OpenError::from)?;
            let sources = Sources::read(&config.intents, &config.policy, &config.shop)?;
            let catalogue = Catalogue::check(&sources).map_err(OpenError::from)?;
            let mut lines = Vec::new();
            for path in background {
                lines.extend(read(path)?.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
            }
            let rows = match labelled {
                Some(path) => read_labelled(path)?,
                None => Vec::new(),
            };
            let report = pack(folder, &catalogue, &lines, &rows, config.workers)?;
            println!("{report}");
        }
        Command::Read { folder } => {
            let bundle = Bundle::open(folder)?;
            each_line(|line| Ok(reading_of(&bundle, line, bundle.dimensions())?.to_string()))?;
        }
        Command::Measure(options) => measure::run(options)?,
        Command::Verify { folder } => {
            let folder = match folder {
                Some(folder) => folder.clone(),
                None => Config::read(config).map_err(OpenError::from)?.bundle,
            };
            let bundle = Bundle::open(&folder)?;
            let reference = bundle.reference();
            println!(
                "{}: {} dimensions, {} background and {} calibration messages, {} example vectors",
                bundle.name(),
                bundle.dimensions(),
                reference.background.vectors.len(),
                reference.calibration.vectors.len(),
                reference.examples(),
            );
        }
    }
    Ok(Found::Nothing)
}

/// Answers every line of standard input with one.
fn each_line(answer: impl Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let place = || format!("line {}", number + 1);
        writeln!(out, "{}", answer(&line.with_context(place)?).with_context(place)?)?;
    }
    Ok(out.flush()?)
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn read_labelled(path: &Path) -> anyhow::Result<Vec<Labelled>> {
    let text = read(path)?;
    let mut out = Vec::new();
    for (at, line) in text.lines().enumerate().skip(1) {
        let place = || format!("{}:{}", path.display(), at + 1);
        let cells: Vec<&str> = line.split('\t').collect();
        let [split, weight, intents, text, before] = cells.as_slice() else {
            anyhow::bail!("{}: five columns are expected: split, weight, intent, text, before", place());
        };
        out.push(Labelled {
            text: (*text).to_owned(),
            before: (*before).to_owned(),
            intents: intents.split(['|', '+']).map(str::to_owned).collect(),
            weight: weight.parse().with_context(place)?,
            calibrates: match *split {
                "train" => false,
                "calibrate" => true,
                other => anyhow::bail!("{}: split `{other}`; allowed: train, calibrate", place()),
            },
        });
    }
    Ok(out)
}
