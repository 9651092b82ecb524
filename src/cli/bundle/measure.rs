use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::print_json;
use crate::model::Bundle;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    /// The folders; the first is what the others are compared with.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Message lengths, in tokens.
    #[arg(long, value_delimiter = ',', default_values_t = [5, 8, 12, 32])]
    tokens: Vec<usize>,
    /// Passes of every folder at every length.
    #[arg(long, default_value_t = 500)]
    rounds: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The times of one encoder at one length.
#[derive(Debug, Serialize)]
struct Times {
    bundle: String,
    tokens: usize,
    p50_us: f64,
    p99_us: f64,
    /// How many times slower than the first folder at this length.
    ratio: f64,
}

/// Passes of one bundle in a row. Turns are short, so that a busy moment of the machine meets all alike, and long
/// enough for weights to be in the cache, as they are in a service that runs one bundle.
const TURN: usize = 20;

/// Bundles take turns.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let bundles: Vec<Bundle> =
        options.folders.iter().map(|folder| Bundle::open_bare(folder)).collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    for &tokens in &options.tokens {
        let mut passes = vec![Vec::with_capacity(options.rounds); bundles.len()];
        for turn in 0..options.rounds.div_ceil(TURN) {
            for (bundle, passes) in bundles.iter().zip(&mut passes) {
                for pass in 0..TURN {
                    let ids = words(turn * TURN + pass, tokens);
                    let started = Instant::now();
                    std::hint::black_box(bundle.encode(&ids)?);
                    passes.push(started.elapsed());
                }
            }
        }
        let mut first = None;
        for (bundle, mut passes) in bundles.iter().zip(passes) {
            passes.sort();
            let p50 = quantile(&passes, 0.5);
            let base = *first.get_or_insert(p50);
            let p99 = quantile(&passes, 0.99);
            out.push(Times { bundle: bundle.name(), tokens, p50_us: p50, p99_us: p99, ratio: p50 / base });
        }
    }
    if options.json {
        return print_json(&out);
    }
    println!("{:<32} {:>7} {:>10} {:>10} {:>7}", "bundle", "tokens", "p50 µs", "p99 µs", "ratio");
    for Times { bundle, tokens, p50_us, p99_us, ratio } in &out {
        println!("{bundle:<32} {tokens:>7} {p50_us:>10.0} {p99_us:>10.0} {ratio:>7.2}");
    }
    Ok(())
}

/// Other words every time: a message never finds its own rows in the cache.
fn words(pass: usize, tokens: usize) -> Vec<i64> {
    (0..tokens).map(|at| 4 + ((pass * 7919 + at * 104_729) % 20_000) as i64).collect()
}

fn quantile(sorted: &[Duration], share: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}
