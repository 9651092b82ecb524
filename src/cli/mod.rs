//! The commands. Each file parses nothing, decides nothing: it calls the library and prints.
//!
//! Exit codes: 0 good, 1 findings, 2 cannot run.

mod ask;
mod backup;
mod bundle;
mod diff;
mod eval;
mod forget;
mod init;
mod keys;
mod lint;
mod orders;
mod products;
mod review;
mod serve;
mod shown;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::config::{Config, StoreConfig};
use crate::engine::{Engine, OpenError};
use crate::lookup::Lookup;
use crate::sources;

/// Reads customers' chat messages and says what they want, how they feel, and what should happen now.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// The configuration file.
    #[arg(long, global = true, default_value = "config/triage.yaml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the HTTP service.
    Serve,
    /// Decide about one message and show why, or about many as JSON lines.
    Ask(ask::Options),
    /// Check configuration, policy, shop, intents and products: all problems at once.
    Lint(lint::Options),
    /// Run the tests that stand in the intents, through the live decision path.
    Test(test::Options),
    /// Measure on labelled messages.
    Eval(eval::Options),
    /// Show which decisions an edit changes, before it is live.
    Diff(diff::Options),
    /// Learn from recorded conversations: what was not answered, what did not help, which examples are missing.
    Review(review::Options),
    /// Work on the shop's orders: fill the table, look at one.
    #[command(subcommand)]
    Orders(orders::Command),
    /// Look at the shop's products: one of them, or what is wrong with their file.
    #[command(subcommand)]
    Products(products::Command),
    /// Make keys for callers, and check the file of them.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Work on model bundles.
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// Copy the store to a new file, while the service runs.
    Backup(backup::Options),
    /// Remove everything about a customer from the store and from the table of orders, while the service runs.
    Forget(forget::Options),
    /// Write a small commented catalogue to start from, and JSON Schemas for editors.
    Init(init::Options),
    /// Print the OpenAPI document of the service.
    Openapi,
}

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Findings,
}

/// Runs the command line and tells the exit code.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Serve => serve::run(&cli.config),
        Command::Ask(options) => ask::run(&cli.config, &options),
        Command::Lint(options) => lint::run(&cli.config, &options),
        Command::Test(options) => test::run(&cli.config, &options),
        Command::Eval(options) => eval::run(&cli.config, &options),
        Command::Diff(options) => diff::run(&cli.config, &options),
        Command::Review(options) => review::run(&cli.config, &options),
        Command::Orders(command) => orders::run(&cli.config, &command),
        Command::Products(command) => products::run(&cli.config, &command),
        Command::Keys(command) => keys::run(&cli.config, &command),
        Command::Bundle(command) => bundle::run(&cli.config, &command),
        Command::Backup(options) => backup::run(&cli.config, &options),
        Command::Forget(options) => forget::run(&cli.config, &options),
        Command::Init(options) => init::run(&options),
        Command::Openapi => print_json(&crate::http::document()).map(|()| Found::Nothing),
    };
    match outcome {
        Ok(Found::Nothing) => ExitCode::SUCCESS,
        Ok(Found::Findings) => ExitCode::from(1),
        // The reader of a pipe may have enough (`| head`): no error.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("triage: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn open(config: &std::path::Path) -> anyhow::Result<Engine> {
    let config = Config::read(config).map_err(OpenError::from)?;
    let engine = Engine::with(config)?;
    connected(&engine)
}

/// The engine with the shop's orders and products, as its configuration says.
fn connected(engine: &Engine) -> anyhow::Result<Engine> {
    let data = sources::open(engine.config(), &engine.catalogue().shop().returns.categories)?;
    Ok(engine.with_data(Arc::new(data)))
}

/// Why a command that works on the store cannot run.
const STORE_OFF: &str = "`store.path` is `off` in the configuration: nothing is kept";

/// What the configuration says of the store, for the commands that work on it.
fn store_config(config: &std::path::Path) -> anyhow::Result<StoreConfig> {
    let config = Config::read(config).map_err(OpenError::from)?;
    config.store.context(STORE_OFF)
}

/// Whether a person at the terminal says yes.
fn agreed(question: &str) -> anyhow::Result<bool> {
    use std::io::Write;
    print!("{question}");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// What a source of the shop's data tells.
fn wait<T: Send + 'static>(question: Lookup<T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(question.wait())?)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}
