use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context;

use super::{Found, agreed, counted, print_json, store_config};
use crate::store::{Forgotten, Sqlite, SqliteOptions, Upkeep};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The customers' ids, as callers send them.
    #[arg(required = true, value_name = "CUSTOMER")]
    customers: Vec<String>,
    /// Remove without asking.
    #[arg(long)]
    yes: bool,
    /// Do not rewrite the file afterwards, during which messages are answered but not kept. Pieces of what was removed may
    /// stay in it until `forget` runs without this.
    #[arg(long)]
    quick: bool,
    /// Print what was removed as JSON.
    #[arg(long, requires = "yes")]
    json: bool,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    anyhow::ensure!(
        options.yes || std::io::stdin().is_terminal(),
        "`forget` removes data for good and asks first, but standard input is no terminal; add `--yes` to remove without \
         being asked"
    );
    let config = store_config(config)?;
    let store = Sqlite::open(&config.path, SqliteOptions { creates: false, ..SqliteOptions::from(&config) })?;
    let question = format!(
        "Remove all conversations, tickets and events of {} for good? Backups keep them. [y/N] ",
        options.customers.join(", ")
    );
    if !options.yes && !agreed(&question)? {
        println!("nothing removed");
        return Ok(Found::Nothing);
    }
    let mut forgotten = Forgotten::default();
    for customer in &options.customers {
        forgotten += store.forget(customer)?;
    }
    if !options.quick {
        store.wipe().context("everything is removed, but pieces of it may be left in the file; run this again")?;
    }
    if options.json {
        print_json(&forgotten)?;
    } else {
        println!(
            "removed: {}, {}, {}, {}",
            counted(forgotten.conversations, "conversation"),
            counted(forgotten.turns, "turn"),
            counted(forgotten.tickets, "ticket"),
            counted(forgotten.events, "event")
        );
    }
    Ok(Found::Nothing)
}
