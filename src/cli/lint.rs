use std::path::Path;

use anyhow::Context;

use super::{Found, print_json};
use crate::catalogue::{Catalogue, Severity, Sources};
use crate::config::Config;
use crate::lint;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Print findings as JSON.
    #[arg(long)]
    json: bool,
    /// Print findings as SARIF 2.1.0, for editors and code hosts.
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
    /// Leave warnings out.
    #[arg(long)]
    errors: bool,
    /// Print the page of a rule instead: what it finds, why, and what to write.
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    if let Some(code) = &options.explain {
        let known = || format!("there is no rule `{code}`; known: {}", lint::codes().collect::<Vec<_>>().join(", "));
        print!("{}", lint::page(code).with_context(known)?);
        return Ok(Found::Nothing);
    }
    let (mut findings, sources) = match Config::read(config) {
        Ok(config) => {
            let sources = Sources::read(&config.intents, &config.policy, &config.shop)?;
            let today = jiff::Timestamp::now().to_zoned(config.time_zone).date();
            (lint::lint(&sources, today), Some(sources))
        }
        Err(findings) => (findings, None),
    };
    if options.errors {
        findings = findings.only(Severity::Error);
    }
    match (options.json, options.sarif) {
        (true, _) => print_json(&findings)?,
        (_, true) => print_json(&lint::sarif::report(&findings))?,
        _ if findings.is_empty() => println!("{}: no problems", size(sources.as_ref())),
        _ => println!("{findings}"),
    }
    Ok(if findings.is_empty() { Found::Nothing } else { Found::Findings })
}

/// What was looked at.
fn size(sources: Option<&Sources>) -> String {
    let catalogue = sources.and_then(|sources| Catalogue::check(sources).ok());
    let intents = catalogue.as_ref().map_or(&[][..], |catalogue| catalogue.intents());
    let examples: usize = intents.iter().map(|intent| intent.examples.len()).sum();
    format!("{} intents, {examples} examples", intents.len())
}
