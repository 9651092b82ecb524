use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::{Found, STORE_OFF, agreed, counted, print_json};
use crate::config::Config;
use crate::engine::OpenError;
use crate::sources::Table;
use crate::store::{Forgotten, Sqlite, SqliteOptions, Upkeep};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The customers' ids, as callers send them.
    #[arg(required = true, value_name = "CUSTOMER")]
    customers: Vec<String>,
    /// Remove without asking.
    #[arg(long)]
    yes: bool,
    /// Do not rewrite the files afterwards, during which messages are answered but not kept. Pieces of what was removed may
    /// stay in them until `forget` runs without this.
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
    let places = Places::open(&Config::read(config).map_err(OpenError::from)?)?;
    let question = format!(
        "Remove all conversations, tickets, events and imported orders of {} for good? Backups keep them. [y/N] ",
        options.customers.join(", ")
    );
    if !options.yes && !agreed(&question)? {
        println!("nothing removed");
        return Ok(Found::Nothing);
    }
    let removed = places.forget(&options.customers)?;
    if !options.quick {
        places.wipe().context("everything is removed, but pieces of it may be left in the files; run this again")?;
    }
    if options.json {
        print_json(&removed)?;
    } else {
        let Removed { kept, orders } = removed;
        println!(
            "removed: {}, {}, {}, {}, {}",
            counted(kept.conversations, "conversation"),
            counted(kept.turns, "turn"),
            counted(kept.tickets, "ticket"),
            counted(kept.events, "event"),
            counted(orders, "order")
        );
    }
    Ok(Found::Nothing)
}

/// Where something about customers is kept.
struct Places {
    store: Option<Sqlite>,
    /// Whatever orders come from now: an earlier import may have filled it.
    table: Option<Table>,
}

#[derive(Default, Serialize)]
struct Removed {
    #[serde(flatten)]
    kept: Forgotten,
    orders: usize,
}

impl Places {
    fn open(config: &Config) -> anyhow::Result<Self> {
        let table = config.orders.path.exists().then(|| Table::open(&config.orders.path)).transpose()?;
        let store = match &config.store {
            Some(store) => {
                Some(Sqlite::open(&store.path, SqliteOptions { creates: false, ..SqliteOptions::from(store) })?)
            }
            None => None,
        };
        anyhow::ensure!(store.is_some() || table.is_some(), STORE_OFF);
        Ok(Self { store, table })
    }

    fn forget(&self, customers: &[String]) -> anyhow::Result<Removed> {
        let mut removed = Removed::default();
        for customer in customers {
            if let Some(store) = &self.store {
                removed.kept += store.forget(customer)?;
            }
            if let Some(table) = &self.table {
                removed.orders += table.forget(customer)?;
            }
        }
        Ok(removed)
    }

    fn wipe(&self) -> anyhow::Result<()> {
        if let Some(store) = &self.store {
            store.wipe()?;
        }
        if let Some(table) = &self.table {
            table.wipe()?;
        }
        Ok(())
    }
}
