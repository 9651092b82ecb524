use std::path::Path;

use super::{Found, print_json};
use crate::config::Config;
use crate::engine::{OpenError, read_catalogue};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Print findings as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let checked = Config::read(config).map_err(OpenError::from).and_then(|config| read_catalogue(&config));
    match checked {
        Ok(catalogue) => {
            if options.json {
                print_json(&serde_json::json!([]))?;
            } else {
                let examples: usize = catalogue.intents().iter().map(|intent| intent.examples.len()).sum();
                println!("{} intents, {examples} examples: no problems", catalogue.intents().len());
            }
            Ok(Found::Nothing)
        }
        Err(OpenError::Findings(findings)) => {
            if options.json {
                print_json(&findings)?;
            } else {
                println!("{findings}");
            }
            Ok(Found::Findings)
        }
        Err(error) => Err(error.into()),
    }
}
