use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Found;
use crate::{catalogue, config, keys, products};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where to write; files that are there already are never touched.
    folder: PathBuf,
    /// The model bundle that the configuration names.
    #[arg(long, default_value = "models/zh-en-small")]
    bundle: PathBuf,
}

/// A small commented shop to start from.
const STARTER: [(&str, &str); 10] = [
    ("config/triage.yaml", include_str!("starter/config/triage.yaml")),
    ("config/policy.yaml", include_str!("starter/config/policy.yaml")),
    ("config/shop.yaml", include_str!("starter/config/shop.yaml")),
    // The demo's orders are the same for every shop that has none of its own yet.
    ("config/demo_orders.yaml", include_str!("../../config/demo_orders.yaml")),
    ("intents/greeting.yaml", include_str!("starter/intents/greeting.yaml")),
    ("intents/human_agent.yaml", include_str!("starter/intents/human_agent.yaml")),
    ("intents/order_lookup.yaml", include_str!("starter/intents/order_lookup.yaml")),
    ("intents/return_policy.yaml", include_str!("starter/intents/return_policy.yaml")),
    ("intents/shipping_fee.yaml", include_str!("starter/intents/shipping_fee.yaml")),
    ("intents/thanks_bye.yaml", include_str!("starter/intents/thanks_bye.yaml")),
];

pub(super) fn run(options: &Options) -> anyhow::Result<Found> {
    let bundle = std::path::absolute(&options.bundle).context("the path of the bundle")?;
    let bundle = bundle.to_string_lossy().replace('\'', "''");
    let starter = STARTER.iter().map(|(name, text)| ((*name).to_owned(), text.replace("{bundle}", &bundle)));
    let schemas = catalogue::schemas().into_iter().chain([
        ("config", config::schema()),
        ("keys", keys::schema()),
        ("products", products::schema()),
    ]);
    let schemas = schemas.map(|(name, schema)| (format!("schemas/{name}.json"), format!("{schema:#}\n")));
    for (name, text) in starter.chain(schemas) {
        let path = options.folder.join(name);
        println!("{} {}", if write(&path, &text)? { "wrote" } else { "kept " }, path.display());
    }
    println!("\nnext: triage --config {} lint", options.folder.join("config/triage.yaml").display());
    Ok(Found::Nothing)
}

/// Whether the file was written: not where there is one.
fn write(path: &Path, text: &str) -> anyhow::Result<bool> {
    let what = || format!("cannot write `{}`", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).with_context(what)?;
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => std::io::Write::write_all(&mut file, text.as_bytes()).with_context(what).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(what),
    }
}
