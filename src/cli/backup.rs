use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;

use super::{Found, print_json, store_config};
use crate::store::Sqlite;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The copy, a file that is not there yet. To restore it, stop the service and put it in the place of `store.path`.
    file: PathBuf,
    /// Print what was written as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Written<'f> {
    file: &'f Path,
    bytes: u64,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let store = store_config(config)?;
    let (file, started) = (&options.file, Instant::now());
    Sqlite::copy(&store.path, file)?;
    let bytes = std::fs::metadata(file).with_context(|| format!("cannot read `{}`", file.display()))?.len();
    if options.json {
        print_json(&Written { file, bytes })?;
    } else {
        let megabytes = bytes as f64 / 1e6;
        println!(
            "wrote {} and checked it: {megabytes:.1} MB in {:.1} s",
            file.display(),
            started.elapsed().as_secs_f64()
        );
    }
    Ok(Found::Nothing)
}
