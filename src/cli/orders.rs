use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Found, print_json, shown, wait};
use crate::config::{Config, OrdersSource};
use crate::engine::OpenError;
use crate::orders::{Order, RawOrder};
use crate::sources::{self, Imported, Step, Table};

/// Bad lines that are told of one by one.
const TOLD: usize = 1000;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Read orders into the table, while the service runs. Those whose number is there are replaced; bad lines are told of
    /// and left out.
    Import {
        /// CSV with a header (.csv), or JSON lines (.jsonl); docs/orders.md names the columns.
        file: PathBuf,
        /// Print what was done as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one order, from wherever the configuration says that orders come from: for operators, who may see all of them.
    Show {
        /// Its number or tracking number.
        number: String,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Count the orders in the table.
    Count {
        /// Print the number as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(config: &Path, command: &Command) -> anyhow::Result<Found> {
    let config = Config::read(config).map_err(OpenError::from)?;
    match command {
        Command::Import { file, json } => import(&config, file, *json),
        Command::Show { number, json } => show(&config, number, *json),
        Command::Count { json } => count(&config, *json),
    }
}

#[derive(Serialize)]
struct Outcome {
    imported: u64,
    bad: u64,
    orders: u64,
    seconds: f64,
    problems: Vec<BadLine>,
}

#[derive(Serialize)]
struct BadLine {
    line: u64,
    field: String,
    problem: &'static str,
}

fn import(config: &Config, file: &Path, json: bool) -> anyhow::Result<Found> {
    let started = Instant::now();
    let table = Table::open(&config.orders.path)?;
    let shows_progress = std::io::stderr().is_terminal();
    let mut problems = Vec::new();
    let imported = sources::import(file, &table, &config.time_zone, &mut |step| match step {
        Step::Read(lines) if shows_progress => {
            eprint!("\r{lines} orders read");
            // What cannot be shown need not stop the import.
            let _ = std::io::stderr().flush();
        }
        Step::Bad { line, problem } if problems.len() < TOLD => {
            problems.push(BadLine { line, field: problem.field.into_owned(), problem: problem.problem });
        }
        Step::Read(_) | Step::Bad { .. } => {}
    });
    if shows_progress {
        eprintln!();
    }
    let Imported { good, bad } = imported?;
    let orders = table.count()?;
    let outcome = Outcome { imported: good, bad, orders, seconds: started.elapsed().as_secs_f64(), problems };
    if json {
        print_json(&outcome)?;
    } else {
        print_outcome(&outcome, file)?;
    }
    if !matches!(config.orders.source, OrdersSource::Table) {
        eprintln!("note: these orders are used once the configuration says `kind: table` under `orders:`");
    }
    Ok(if bad == 0 { Found::Nothing } else { Found::Findings })
}

fn print_outcome(outcome: &Outcome, file: &Path) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for BadLine { line, field, problem } in &outcome.problems {
        writeln!(out, "{}:{line}: `{field}` {problem}", file.display())?;
    }
    let more = usize::try_from(outcome.bad).unwrap_or(usize::MAX).saturating_sub(outcome.problems.len());
    if more > 0 {
        writeln!(out, "… and {more} more bad lines")?;
    }
    let Outcome { imported, bad, orders, seconds, .. } = outcome;
    writeln!(out, "{imported} imported, {bad} bad in {seconds:.1} s; the table holds {orders}")?;
    Ok(())
}

fn show(config: &Config, number: &str, json: bool) -> anyhow::Result<Found> {
    let orders = sources::open_orders(config, Arc::new(Timestamp::now))?
        .context("`orders.kind` is `none` in the configuration")?;
    let found = wait(orders.by_number(&number.trim().to_ascii_uppercase()))?;
    let Some(order) = found else {
        println!("{}", if json { "null" } else { "there is no such order" });
        return Ok(Found::Findings);
    };
    shown::print(&fields(&order)?, json)
}

/// What operators see: nothing of the phone, but whether the order can be opened by it.
fn fields(order: &Order) -> anyhow::Result<Map<String, Value>> {
    let mut fields = shown::fields(&RawOrder::from(order))?;
    fields.remove("phone_last4");
    fields.insert("has_phone".to_owned(), order.phone_last4.is_some().into());
    Ok(fields)
}

fn count(config: &Config, json: bool) -> anyhow::Result<Found> {
    let orders = Table::open(&config.orders.path)?.count()?;
    if json {
        print_json(&serde_json::json!({ "orders": orders }))?;
    } else {
        println!("{orders}");
    }
    Ok(Found::Nothing)
}
