use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokenizers::Tokenizer;

use super::encoder::{Encoder, EncoderError, Reading};
use super::manifest::{HeadSettings, Manifest};
use super::reference::Reference;
use crate::labels::{Act, Emotion};
use crate::text::{Message, Utterance};
use crate::yaml::{self, Findings};

/// The layout of bundles that this program reads.
const FORMAT: u32 = 1;

/// The token of what the tokenizer does not know; a message of nothing but spaces is read as one.
const UNKNOWN: i64 = 3;

/// The piece that stands for a space.
const SPACE: &str = "▁";

/// How far a replayed golden input may lie from what was recorded, per component.
const GOLDEN_TOLERANCE: f32 = 0.02;

/// Why a bundle is refused. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file cannot be read.
    #[error("cannot read `{file}`: {error}; a bundle is a folder as `triage bundle pack` leaves it")]
    Missing {
        /// Which.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The manifest has problems.
    #[error("the bundle's manifest is wrong; copy the bundle again, or pack it again:\n{0}")]
    Manifest(Findings),
    /// Made for another version of the program.
    #[error(
        "bundle `{name}` has format {found}, this program reads {FORMAT}; use a bundle made for it, or another version of the program"
    )]
    Format {
        /// The bundle.
        name: String,
        /// Its format.
        found: u32,
    },
    /// A file is not the one that the manifest describes.
    #[error(
        "`{file}` has SHA-256 {found}, the manifest says {expected}; copy the bundle again, or pack it again after changing it"
    )]
    Hash {
        /// Which.
        file: PathBuf,
        /// Of the file.
        found: String,
        /// In the manifest.
        expected: String,
    },
    /// The label order differs.
    #[error(
        "the bundle's `{kind}` are [{found}], this program knows [{expected}], in this order; use a bundle made for it"
    )]
    Labels {
        /// `emotions` or `acts`.
        kind: &'static str,
        /// In the manifest.
        found: String,
        /// In the program.
        expected: String,
    },
    /// A file's content makes no sense.
    #[error("`{file}` is broken: {what}; pack the bundle again")]
    Broken {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The model does not load.
    #[error("`{file}`: {error}; pack the bundle again")]
    Encoder {
        /// Which.
        file: PathBuf,
        /// Why.
        error: EncoderError,
    },
    /// The model loads but does not say what it said when it was made.
    #[error(
        "golden input {line} of `{file}` gives another {what} than recorded; tokenizer, model and program do not fit each other; copy the whole bundle again, or pack it again"
    )]
    Golden {
        /// Which.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What differs.
        what: &'static str,
    },
}

/// A verified model: tokenizer, encoder, and what a head is fitted with.
pub struct Bundle {
    manifest: Manifest,
    tokenizer: Tokenizer,
    /// The piece that is a space and nothing else.
    space: Option<u32>,
    encoder: Encoder,
    reference: Reference,
}

/// A line of `golden.jsonl`.
#[derive(Deserialize)]
struct Golden {
    text: String,
    ids: Vec<i64>,
    vector: Vec<f32>,
    emotion: Vec<f32>,
}

impl Bundle {
    /// Reads, verifies and warms up the bundle in a folder.
    ///
    /// # Errors
    /// The first [`BundleError`] found.
    pub fn open(folder: &Path) -> Result<Self, BundleError> {
        let manifest = read_manifest(folder)?;
        let verified = |name: &str| verified(folder, name, &manifest);
        let tokenizer_path = folder.join("tokenizer.json");
        let broken = |file: &Path, what: String| BundleError::Broken { file: file.to_owned(), what };

        // The encoder takes longest to load; the rest is read beside it.
        let (encoder, rest) = std::thread::scope(|scope| {
            let encoder = scope.spawn(|| -> Result<Encoder, BundleError> {
                verified("encoder.onnx")?;
                let file = folder.join("encoder.onnx");
                Encoder::load(&file, manifest.dimensions).map_err(|error| BundleError::Encoder { file, error })
            });
            let rest = || -> Result<(Tokenizer, Reference), BundleError> {
                let tokenizer = Tokenizer::from_bytes(verified("tokenizer.json")?)
                    .map_err(|error| broken(&tokenizer_path, error.to_string()))?;
                let bytes = verified("reference.safetensors")?;
                let path = folder.join("reference.safetensors");
                Ok((tokenizer, Reference::read(&path, &bytes, manifest.dimensions)?))
            };
            let rest = rest();
            (encoder.join().expect("loading does not panic"), rest)
        });
        let (tokenizer, reference) = rest?;
        let golden = verified("golden.jsonl")?;
        let space = tokenizer.token_to_id(SPACE);
        let bundle = Self { encoder: encoder?, manifest, tokenizer, space, reference };
        bundle.replay(&folder.join("golden.jsonl"), &golden)?;
        Ok(bundle)
    }

    /// Opens a bundle that may have no reference yet, to make one or to time it.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub(crate) fn open_bare(folder: &Path) -> Result<Self, BundleError> {
        let manifest = read_manifest(folder)?;
        let tokenizer = Tokenizer::from_bytes(read(&folder.join("tokenizer.json"))?)
            .map_err(|error| BundleError::Broken { file: folder.join("tokenizer.json"), what: error.to_string() })?;
        let file = folder.join("encoder.onnx");
        let encoder =
            Encoder::load(&file, manifest.dimensions).map_err(|error| BundleError::Encoder { file, error })?;
        let space = tokenizer.token_to_id(SPACE);
        Ok(Self { manifest, tokenizer, space, encoder, reference: Reference::default() })
    }

    /// Runs the encoder on one message.
    ///
    /// # Errors
    /// When the forward pass fails.
    pub fn read(&self, message: &Message) -> Result<Reading, EncoderError> {
        self.encoder.run(&self.tokens(message.model()))
    }

    /// Runs the encoder on token ids.
    ///
    /// # Errors
    /// When the forward pass fails, as on an id that the bundle does not have.
    pub fn encode(&self, ids: &[i64]) -> Result<Reading, EncoderError> {
        self.encoder.run(ids)
    }

    /// Token ids of a model text, at most as many as the bundle allows, at least one. Neither marks at the ends nor a
    /// lone space is among them: they say nothing to a mean over tokens, and cost a third of a short message's time.
    #[must_use]
    pub fn tokens(&self, model_text: &str) -> Vec<i64> {
        self.tokens_of(model_text, false).0
    }

    /// As [`Bundle::tokens`], the last of them if `from_end`; and whether the text has more.
    pub(crate) fn tokens_of(&self, model_text: &str, from_end: bool) -> (Vec<i64>, bool) {
        let encoding = self.tokenizer.encode_fast(model_text, false);
        let all = encoding.as_ref().map_or(&[][..], |encoding| encoding.get_ids());
        let mut ids: Vec<i64> = all.iter().filter(|id| Some(**id) != self.space).map(|id| i64::from(*id)).collect();
        let over = ids.len().saturating_sub(self.manifest.max_tokens);
        if from_end {
            ids.drain(..over);
        } else {
            ids.truncate(self.manifest.max_tokens);
        }
        if ids.is_empty() {
            ids.push(UNKNOWN);
        }
        (ids, over > 0)
    }

    /// What heads are fitted with.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// `name@version`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.manifest.name, self.manifest.version)
    }

    /// Length of a sentence vector.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.manifest.dimensions
    }

    /// Tokens that are read of a text, at most.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.manifest.max_tokens
    }

    /// SHA-256 of the encoder, which names its vectors.
    pub(crate) fn encoder_hash(&self) -> &str {
        self.manifest.files.get("encoder.onnx").map_or("", String::as_str)
    }

    pub(crate) fn head_settings(&self) -> HeadSettings {
        self.manifest.head
    }

    /// Runs the golden inputs: proves that all parts fit, and warms up.
    fn replay(&self, file: &Path, lines: &[u8]) -> Result<(), BundleError> {
        let text = String::from_utf8_lossy(lines);
        if text.trim().is_empty() {
            return Err(BundleError::Broken { file: file.to_owned(), what: "it holds no golden input".to_owned() });
        }
        for (at, line) in text.lines().enumerate() {
            let broken = |what: String| BundleError::Broken { file: file.to_owned(), what };
            let differs = |what| BundleError::Golden { file: file.to_owned(), line: at + 1, what };
            let golden: Golden = serde_json::from_str(line).map_err(|error| broken(error.to_string()))?;
            let utterance = Utterance::new(golden.text).map_err(|error| broken(error.to_string()))?;
            let message = Message::read(&utterance);
            if self.tokens(message.model()) != golden.ids {
                return Err(differs("tokenisation"));
            }
            let reading = self.read(&message).map_err(|error| BundleError::Encoder { file: file.to_owned(), error })?;
            if !near(&reading.vector, &golden.vector) {
                return Err(differs("vector"));
            }
            if !near(&reading.emotion, &golden.emotion) {
                return Err(differs("emotion"));
            }
        }
        Ok(())
    }
}

fn near(found: &[f32], recorded: &[f32]) -> bool {
    !recorded.is_empty()
        && recorded.len() <= found.len()
        && found.iter().zip(recorded).all(|(found, recorded)| (found - recorded).abs() <= GOLDEN_TOLERANCE)
}

fn read(file: &Path) -> Result<Vec<u8>, BundleError> {
    std::fs::read(file).map_err(|error| BundleError::Missing { file: file.to_owned(), error })
}

fn read_manifest(folder: &Path) -> Result<Manifest, BundleError> {
    let path = folder.join("manifest.yaml");
    let text = String::from_utf8_lossy(&read(&path)?).into_owned();
    let mut findings = Findings::default();
    let Some((manifest, _)) = yaml::read::<Manifest>(&path, &text, &mut findings) else {
        return Err(BundleError::Manifest(findings.sorted()));
    };
    if manifest.format != FORMAT {
        return Err(BundleError::Format { name: manifest.name, found: manifest.format });
    }
    check_labels("emotions", &manifest.emotions, &Emotion::ALL.map(Emotion::id))?;
    check_labels("acts", &manifest.acts, &Act::ALL.map(Act::id))?;
    Ok(manifest)
}

fn check_labels(kind: &'static str, found: &[String], expected: &[&str]) -> Result<(), BundleError> {
    if found == expected {
        return Ok(());
    }
    Err(BundleError::Labels { kind, found: found.join(", "), expected: expected.join(", ") })
}

/// A file's bytes, if they are those that the manifest describes.
fn verified(folder: &Path, name: &str, manifest: &Manifest) -> Result<Vec<u8>, BundleError> {
    let file = folder.join(name);
    let bytes = read(&file)?;
    let found = sha256(&bytes);
    let expected = manifest.files.get(name).cloned().unwrap_or_else(|| "nothing of it".to_owned());
    if found == expected { Ok(bytes) } else { Err(BundleError::Hash { file, found, expected }) }
}

/// In hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
