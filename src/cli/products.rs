use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::{Found, counted, print_json, shown, wait};
use crate::catalogue::{Findings, Place, Shop, SourceFile};
use crate::config::{Config, ProductsSource};
use crate::engine::OpenError;
use crate::products::RawProduct;
use crate::shop::Category;
use crate::sources::{self, BadFile, ProductFile};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show what is known of one product, from wherever the configuration says that products come from.
    Show {
        /// Its id, in capitals or not.
        id: String,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check the file of products that the configuration names: all problems at once.
    Check {
        /// Print counts and problems as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(config: &Path, command: &Command) -> anyhow::Result<Found> {
    let config = Config::read(config).map_err(OpenError::from)?;
    match command {
        Command::Show { id, json } => show(&config, id, *json),
        Command::Check { json } => check(&config, *json),
    }
}

fn show(config: &Config, id: &str, json: bool) -> anyhow::Result<Found> {
    let products = sources::open_products(config, &categories(config).unwrap_or_default())?;
    let products = products.context("`products.kind` is `none` in the configuration")?;
    let Some(product) = wait(products.by_id(id.trim()))? else {
        println!("{}", if json { "null" } else { "there is no such product" });
        return Ok(Found::Findings);
    };
    shown::print(&shown::fields(&RawProduct::from(&product))?, json)
}

#[derive(Serialize)]
struct Outcome {
    /// None where the file cannot be served.
    products: Option<usize>,
    problems: Findings,
}

fn check(config: &Config, json: bool) -> anyhow::Result<Found> {
    let (ProductsSource::Demo(path) | ProductsSource::File(path)) = &config.products else {
        anyhow::bail!("the configuration names no file of products: `products.kind` is neither `file` nor `demo`");
    };
    let categories = categories(config);
    if categories.is_none() {
        eprintln!("note: categories are not compared, since the shop's file has problems; `triage lint` tells them");
    }
    let file = ProductFile::open(path.clone(), categories.unwrap_or_default());
    let products = file.as_ref().ok().map(|file| file.shelf().products().len());
    let outcome = Outcome { products, problems: file.err().map(problems).unwrap_or_default() };
    match outcome.products {
        _ if json => print_json(&outcome)?,
        Some(products) => println!("{}: {}: no problems", path.display(), counted(products, "product")),
        None => println!("{}", outcome.problems),
    }
    Ok(if outcome.problems.is_empty() { Found::Nothing } else { Found::Findings })
}

/// Problems of the file that products are served from; none where they come from elsewhere.
pub(super) fn findings(config: &Config) -> Findings {
    match &config.products {
        ProductsSource::Demo(path) | ProductsSource::File(path) => {
            let file = ProductFile::open(path.clone(), categories(config).unwrap_or_default());
            file.err().map(problems).unwrap_or_default()
        }
        ProductsSource::Http(_) | ProductsSource::None => Findings::default(),
    }
}

fn problems(error: BadFile) -> Findings {
    match error {
        BadFile::Findings(findings) => findings,
        BadFile::Unreadable { path, error } => {
            let mut findings = Findings::default();
            findings.add(&path, Place::START, "unreadable", format!("cannot read the products: {error}"));
            findings
        }
    }
}

/// What the shop's file allows; none where it has problems of its own.
fn categories(config: &Config) -> Option<Vec<Category>> {
    let text = std::fs::read_to_string(&config.shop).ok()?;
    let shop = Shop::read(&SourceFile { path: config.shop.clone(), text })?;
    Some(shop.returns.categories)
}
