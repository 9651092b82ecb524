use std::path::Path;

use super::{Found, open};
use crate::cases;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Run the tests of these intents only.
    intents: Vec<String>,
    /// Let this share of the tests fail, such as 0.05.
    #[arg(long, default_value_t = 0.0)]
    allow: f64,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let engine = open(config)?;
    for id in &options.intents {
        anyhow::ensure!(engine.catalogue().intent(id).is_some(), "there is no intent `{id}`");
    }
    let (mut run, mut failed) = (0_usize, 0_usize);
    for intent in engine.catalogue().intents() {
        if !options.intents.is_empty() && !options.intents.contains(&intent.id) {
            continue;
        }
        run += intent.cases.len();
        for failure in cases::run(&engine, intent) {
            failed += 1;
            let problems = failure.problems.join("\n    ");
            println!("{}:{}: {}\n    {problems}", failure.file.display(), failure.line, failure.say);
        }
    }
    println!("{run} tests, {failed} failed");
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = failed as f64 / run.max(1) as f64;
    Ok(if share > options.allow { Found::Findings } else { Found::Nothing })
}
