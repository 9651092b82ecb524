use std::path::Path;

use anyhow::Context;

use super::{Found, print_json, products};
use crate::catalogue::{Catalogue, Findings, Severity, Sources};
use crate::config::{Access, Config};
use crate::head::Samples;
use crate::keys::KeySet;
use crate::lint;
use crate::model::Bundle;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Print findings as JSON.
    #[arg(long)]
    json: bool,
    /// Print findings as SARIF 2.1.0, for editors and code hosts.
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
    /// Do not compare the examples with each other by the model, which takes a second.
    #[arg(long)]
    no_model: bool,
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
            let today = jiff::Timestamp::now().to_zoned(config.time_zone.clone()).date();
            let mut findings =
                if options.no_model { lint::lint(&sources, today) } else { with_model(&config, &sources, today)? };
            findings.extend(products::findings(&config));
            if let Access::Keys(path) = &config.access {
                findings.extend(KeySet::read(path).err().unwrap_or_default());
            }
            (findings.sorted(), Some(sources))
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

/// All rules, those that ask the model included; these only for a catalogue that can be loaded.
fn with_model(config: &Config, sources: &Sources, today: jiff::civil::Date) -> anyhow::Result<Findings> {
    let (mut findings, bundle) = std::thread::scope(|scope| {
        let bundle = scope.spawn(|| Bundle::open(&config.bundle));
        (lint::lint(sources, today), bundle.join().expect("loading does not panic"))
    });
    if let Ok(catalogue) = Catalogue::check(sources) {
        let samples = Samples::read(&catalogue, &bundle?, None, config.workers)?;
        findings.extend(lint::by_vector(&catalogue, &samples, sources, None));
    }
    Ok(findings.sorted())
}

/// What was looked at.
fn size(sources: Option<&Sources>) -> String {
    let catalogue = sources.and_then(|sources| Catalogue::check(sources).ok());
    let intents = catalogue.as_ref().map_or(&[][..], |catalogue| catalogue.intents());
    let examples: usize = intents.iter().map(|intent| intent.examples.len()).sum();
    format!("{} intents, {examples} examples", intents.len())
}
