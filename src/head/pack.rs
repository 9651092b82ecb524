//! Makes what a bundle ships for fitting heads. Run once when a bundle is made, by `triage bundle pack`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde_json::json;

use super::features::Lexical;
use super::logistic::{FitOptions, Rows, fit};
use super::prior::{Prior, Start};
use super::samples::{fold_of, texts};
use super::validation::{FOLDS, NEW_INTENT_BIAS, dense_rows, or_none};
use crate::catalogue::Catalogue;
use crate::model::{Bundle, Quantised, Reference, ReferenceRows, sha256, text_key};
use crate::text::{Message, Utterance, UtteranceError};

/// A real message with the labels that a reader gave it.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The message.
    pub text: String,
    /// The agent's line before it; empty if unknown.
    pub before: String,
    /// Accepted labels; `other` for none of the catalogue's.
    pub intents: Vec<String>,
    /// How much it counts in the prior.
    pub weight: f32,
    /// Kept out of the prior, to calibrate on.
    pub calibrates: bool,
}

/// Inputs replayed at every load: both scripts, English, mixed, typed tokens, emoji, empty.
const GOLDEN: [&str; 12] = [
    "到新疆运费多少",
    "訂單202605260001到哪了？",
    "how much is shipping to Tibet?",
    "你们怎么搞的！耍我呢😡",
    "谢谢，那退货运费谁出",
    "满300减50能和优惠券一起用吗",
    "我的手机13812345678换了，怎么改绑定",
    "ok",
    "？？",
    "https://shop.example/item?id=1 这个有货吗 iPhone 15",
    "着急用，明天出差，能快点吗",
    "今天天气怎么样",
];

/// Components of a golden vector that are recorded.
const GOLDEN_COMPONENTS: usize = 16;

/// Steps of a prior's fit, and when to stop.
const ITERATIONS: usize = 150;
const TOLERANCE: f32 = 1e-4;

/// Finishes the bundle in `folder`: computes background, prior, calibration and example vectors with the bundle's own
/// encoder, records the golden inputs, and writes all hashes into the manifest. Returns a line for people.
///
/// # Errors
/// When a file cannot be read or written, or the model fails.
pub fn pack(
    folder: &Path,
    catalogue: &Catalogue,
    background: &[String],
    labelled: &[Labelled],
    threads: usize,
) -> anyhow::Result<String> {
    let encoder_hash = sha256(&std::fs::read(folder.join("encoder.onnx")).context("cannot read encoder.onnx")?);
    let bundle = Bundle::open_bare(folder)?;
    let intents: Vec<String> = catalogue.intents().iter().map(|intent| intent.id.clone()).collect();
    let background = embed_rows(&bundle, background.iter().map(|text| (text.as_str(), "", Vec::new())), threads)?;
    let known = |labels: &[String]| -> Vec<usize> { labels.iter().filter_map(|id| catalogue.index(id)).collect() };
    let part = |calibrates: bool| labelled.iter().filter(move |row| row.calibrates == calibrates);
    let rows_of =
        |calibrates| part(calibrates).map(|row| (row.text.as_str(), row.before.as_str(), known(&row.intents)));
    let calibration = embed_rows(&bundle, rows_of(true), threads)?;
    let training = embed_rows(&bundle, rows_of(false), threads)?;

    let mut examples = HashMap::new();
    let (mut written, mut folds) = (ReferenceRows::default(), Vec::new());
    for (text, labels) in texts(catalogue) {
        let vector = Quantised::of(&bundle.read(&text)?.vector);
        examples.insert(text_key(&encoder_hash, text.model()), vector.clone());
        written.vectors.push(vector);
        written.lexical.push(Lexical::of(text.model()));
        written.labels.push(labels);
        folds.push(fold_of(text.model()));
    }
    let parts = [
        Part { rows: &training, weights: part(false).map(|row| row.weight).collect(), folds: Vec::new() },
        Part {
            rows: &background,
            weights: vec![bundle.head_settings().background_weight; background.vectors.len()],
            folds: (0..background.vectors.len()).map(|at| at % FOLDS).collect(),
        },
        Part { rows: &written, weights: vec![1.0; written.vectors.len()], folds },
    ];
    let priors = fit_priors(&bundle, &parts, intents.len());
    let report = format!(
        "{} background, {} training and {} calibration messages, {} example vectors",
        background.vectors.len(),
        training.vectors.len(),
        calibration.vectors.len(),
        examples.len()
    );
    let reference = Reference { intents, background, calibration, priors, examples };
    std::fs::write(folder.join("reference.safetensors"), reference.write(bundle.dimensions())?)?;
    std::fs::write(folder.join("golden.jsonl"), golden(&bundle)?)?;
    write_hashes(folder)?;
    Bundle::open(folder).context("the packed bundle does not open")?;
    Ok(report)
}

/// Rows of one kind for the priors.
struct Part<'a> {
    rows: &'a ReferenceRows,
    weights: Vec<f32>,
    /// The fold that holds each row out; empty if none does.
    folds: Vec<usize>,
}

/// Where every fit starts: heads on everything that is known today, one on all of it, one without each fold.
fn fit_priors(bundle: &Bundle, parts: &[Part<'_>], labels: usize) -> Vec<Prior> {
    let settings = bundle.head_settings();
    let vectors = parts.iter().flat_map(|part| &part.rows.vectors);
    let rows = Rows {
        dense: dense_rows(vectors, bundle.dimensions(), settings.vector_scale),
        lexical: parts.iter().flat_map(|part| part.rows.lexical.iter().cloned()).collect(),
        labels: parts.iter().flat_map(|part| &part.rows.labels).map(|row| or_none(row, labels)).collect(),
    };
    let options = FitOptions {
        l2: settings.prior_l2,
        fresh_l2: settings.prior_l2,
        lexical_scale: settings.lexical_scale,
        iterations: ITERATIONS,
        tolerance: TOLERANCE,
    };
    let weights_without = |fold: Option<usize>| -> Vec<f32> {
        let one = |part: &Part<'_>| -> Vec<f32> {
            let own = part.weights.iter().enumerate();
            own.map(|(at, weight)| if fold.is_some() && part.folds.get(at).copied() == fold { 0.0 } else { *weight })
                .collect()
        };
        parts.iter().flat_map(one).collect()
    };
    let start = Start::flat(bundle.dimensions(), labels + 1, NEW_INTENT_BIAS);
    let folds = [None].into_iter().chain((0..FOLDS).map(Some));
    std::thread::scope(|scope| {
        let fits: Vec<_> = folds
            .map(|fold| {
                let (rows, start) = (&rows, start.clone());
                let weights = weights_without(fold);
                scope.spawn(move || Prior::of(&fit(rows, &weights, start, options).linear()))
            })
            .collect();
        fits.into_iter().map(|fit| fit.join().expect("fitting does not panic")).collect()
    })
}

fn embed_rows<'a>(
    bundle: &Bundle,
    texts: impl Iterator<Item = (&'a str, &'a str, Vec<usize>)>,
    threads: usize,
) -> anyhow::Result<ReferenceRows> {
    let read = |text: &str| Ok::<_, UtteranceError>(Message::read(&Utterance::new(text)?));
    let texts: Vec<(Message, Lexical, Vec<usize>)> = texts
        .map(|(text, before, labels)| {
            let message = read(text)?;
            let lexical = Lexical::of(message.model()).after(read(before)?.model());
            Ok((message, lexical, labels))
        })
        .collect::<anyhow::Result<_>>()?;
    let size = texts.len().div_ceil(threads.max(1)).max(1);
    let parts: Vec<anyhow::Result<Vec<Quantised>>> = std::thread::scope(|scope| {
        let embed = |part: &[(Message, Lexical, Vec<usize>)]| -> anyhow::Result<Vec<Quantised>> {
            part.iter().map(|(message, ..)| Ok(Quantised::of(&bundle.read(message)?.vector))).collect()
        };
        let workers: Vec<_> = texts.chunks(size).map(|part| scope.spawn(move || embed(part))).collect();
        workers.into_iter().map(|worker| worker.join().expect("embedding does not panic")).collect()
    });
    let mut out = ReferenceRows::default();
    for part in parts {
        out.vectors.extend(part?);
    }
    for (_, lexical, labels) in texts {
        out.lexical.push(lexical);
        out.labels.push(labels);
    }
    Ok(out)
}

fn golden(bundle: &Bundle) -> anyhow::Result<String> {
    let mut out = String::new();
    for text in GOLDEN {
        writeln!(out, "{}", reading_of(bundle, text, GOLDEN_COMPONENTS)?)?;
    }
    Ok(out)
}

/// What a bundle makes of a text: its token ids, the first components of its vector, its emotions.
///
/// # Errors
/// When the text is too long or the model fails.
pub fn reading_of(bundle: &Bundle, text: &str, components: usize) -> anyhow::Result<serde_json::Value> {
    let rounded =
        |values: &[f32]| values.iter().map(|value| (f64::from(*value) * 1e4).round() / 1e4).collect::<Vec<_>>();
    let message = Message::read(&Utterance::new(text)?);
    let reading = bundle.read(&message)?;
    Ok(json!({
        "text": text,
        "ids": bundle.tokens(message.model()),
        "vector": rounded(&reading.vector[..components.min(reading.vector.len())]),
        "emotion": rounded(&reading.emotion),
    }))
}

/// Replaces the manifest's last part, `files:`.
fn write_hashes(folder: &Path) -> anyhow::Result<()> {
    let path = folder.join("manifest.yaml");
    let manifest = std::fs::read_to_string(&path).context("cannot read manifest.yaml")?;
    let (head, _) = manifest.split_once("\nfiles:").context("manifest.yaml has no `files:`, which must come last")?;
    let mut out = format!("{head}\nfiles:\n");
    for name in ["encoder.onnx", "golden.jsonl", "reference.safetensors", "tokenizer.json"] {
        writeln!(out, "  {name}: {}", sha256(&std::fs::read(folder.join(name))?))?;
    }
    Ok(std::fs::write(path, out)?)
}
