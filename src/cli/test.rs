mod update;

use std::io::Write;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use serde::Serialize;

use super::{Found, open, print_json};
use crate::cases::{self, Failure, Key};
use crate::catalogue::Intent;
use crate::engine::Engine;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Run the tests of these intents only.
    intents: Vec<String>,
    /// Let this share of the tests fail, such as 0.05.
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", value_parser = share)]
    allow: f64,
    /// Write a JUnit XML report as well, for a build server.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print failures and counts as JSON.
    #[arg(long)]
    json: bool,
    /// Change `expect`, `decision` and `emotion` of failing tests to what happens now. Shows every change and asks first.
    #[arg(long, conflicts_with_all = ["json", "junit"])]
    update_expected: bool,
    /// Write these changes without asking.
    #[arg(long, requires = "update_expected")]
    yes: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    tests: usize,
    failed: usize,
    failures: &'a [&'a Failure],
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share is a number from 0 to 1, such as 0.05".to_owned())
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    if options.update_expected {
        update::refuse_unless_asked(options.yes)?;
    }
    let engine = open(config)?;
    let tested = tested(&engine, &options.intents)?;
    let run: usize = tested.iter().map(|(intent, _)| intent.cases.len()).sum();
    let mut failures: Vec<&Failure> = tested.iter().flat_map(|(_, failures)| failures).collect();
    if let Some(file) = &options.junit {
        let report = cases::junit(&tested)?;
        std::fs::write(file, report).with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    if options.json {
        print_json(&Report { tests: run, failed: failures.len(), failures: &failures })?;
    } else {
        show(&failures, run)?;
    }
    let left;
    if options.update_expected {
        left = update::run(&engine, &failures, options.yes)?;
        failures = left.iter().collect();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = failures.len() as f64 / run.max(1) as f64;
    Ok(if share > options.allow { Found::Findings } else { Found::Nothing })
}

/// The intents asked for, all if none is, with what failed of their tests.
fn tested<'e>(engine: &'e Engine, ids: &[String]) -> anyhow::Result<Vec<(&'e Intent, Vec<Failure>)>> {
    let catalogue = engine.catalogue();
    for id in ids {
        let known = || catalogue.intents().iter().map(|intent| intent.id.as_str()).collect::<Vec<_>>().join(", ");
        anyhow::ensure!(catalogue.intent(id).is_some(), "there is no intent `{id}`; there are: {}", known());
    }
    let asked = catalogue.intents().iter().filter(|intent| ids.is_empty() || ids.contains(&intent.id));
    Ok(asked.map(|intent| (intent, cases::run(engine, intent))).collect())
}

const EXPECTED: Style = AnsiColor::Red.on_default();
const GOT: Style = AnsiColor::Green.on_default();
const PLACE: Style = Style::new().bold();

/// Every failure as a small diff, then the count.
fn show(failures: &[&Failure], run: usize) -> std::io::Result<()> {
    // Colour is left out by itself where no terminal reads it, and where NO_COLOR is set.
    let mut out = anstream::stdout().lock();
    for failure in failures {
        let say = cases::without_personal_data(&failure.say);
        writeln!(out, "{PLACE}{}:{}{PLACE:#}: {say}", failure.file.display(), failure.line)?;
        for problem in &failure.problems {
            let came = match problem.key {
                Key::AnswerHas => "said",
                Key::ExpectNot => "understood",
                key => key.id(),
            };
            writeln!(out, "  {EXPECTED}- {:<10}  {}{EXPECTED:#}", problem.key.id(), problem.expected)?;
            writeln!(out, "  {GOT}+ {came:<10}  {}{GOT:#}", problem.got)?;
        }
        let candidates: Vec<String> = failure.candidates.iter().map(ToString::to_string).collect();
        if !candidates.is_empty() {
            writeln!(out, "    {:<10}  {}", "intents", candidates.join(", "))?;
        }
        if let Some(reason) = &failure.reason {
            writeln!(out, "    {:<10}  {} ({})", "because", reason.code, reason.detail)?;
        }
    }
    writeln!(out, "{run} tests, {} failed", failures.len())
}
