//! The texts of a catalogue as what a head learns from: vectors, n-grams, labels.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::features::Lexical;
use super::validation::{FOLDS, dense_rows};
use crate::catalogue::Catalogue;
use crate::labels::OTHER;
use crate::model::{Bundle, EncoderError, Quantised, text_key};
use crate::text::{Message, Utterance};

/// Cosine similarity from which two messages are likely about the same.
const NEAR: f32 = 0.6;

/// The nearest samples that tell what a sample lies among.
const NEIGHBOURS: usize = 5;

/// The examples and near misses of a catalogue, read by a bundle's encoder. A text that stands twice is one sample.
pub struct Samples {
    rows: Vec<Sample>,
    /// By what is said, for the next generation of the catalogue.
    texts: HashMap<String, Arc<Text>>,
    embedded: usize,
    embedding: Duration,
}

/// A text and the indices of its intents in the catalogue; none for a near miss that belongs nowhere.
pub(super) struct Sample {
    pub(super) text: Arc<Text>,
    pub(super) labels: Vec<usize>,
}

/// What a text is to a head, whatever its labels.
pub(super) struct Text {
    pub(super) say: String,
    pub(super) model: String,
    /// Whether the bundle knew it.
    pub(super) shipped: bool,
    pub(super) lexical: Lexical,
    pub(super) vector: Quantised,
    pub(super) fold: usize,
}

impl Samples {
    /// Reads the texts. What `previous` has read with the same bundle is taken over; the vectors of the others are the
    /// bundle's, or computed on all threads.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub fn read(
        catalogue: &Catalogue,
        bundle: &Bundle,
        previous: Option<&Self>,
        threads: usize,
    ) -> Result<Self, EncoderError> {
        let started = Instant::now();
        let known = |say: &str| previous.and_then(|previous| previous.texts.get(say)).map(Arc::clone);
        let drafts = wanted(catalogue).filter_map(|(say, labels)| {
            let draft = match known(say) {
                Some(text) => Draft::Known(text),
                None => Draft::New(say, Message::read(&Utterance::new(say).ok()?)),
            };
            Some((draft, labels))
        });
        let drafts = merged(drafts, Draft::model);
        let (rows, embedded) = embed(drafts, bundle, threads)?;
        let texts = rows.iter().map(|row| (row.text.say.clone(), Arc::clone(&row.text))).collect();
        Ok(Self { rows, texts, embedded, embedding: started.elapsed() })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many vectors had to be computed.
    #[must_use]
    pub fn embedded(&self) -> usize {
        self.embedded
    }

    /// How long reading them took.
    #[must_use]
    pub fn embedding(&self) -> Duration {
        self.embedding
    }

    /// Intents, other than these, that have an example near one of theirs: the nearest of another intent, if it is as
    /// near as things said about the same are.
    #[must_use]
    pub fn near(&self, own: &BTreeSet<usize>) -> BTreeSet<usize> {
        let own: Vec<usize> = own.iter().copied().collect();
        let others = self.closest(Some(&own)).into_iter().filter_map(|closest| closest.other);
        others
            .filter(|other| other.similarity >= NEAR && !own.contains(&other.intent))
            .map(|other| other.intent)
            .collect()
    }

    /// Names everything that a head depends on beside the bundle: ids, texts with their labels, and the stated risk.
    pub(super) fn fingerprint(&self, catalogue: &Catalogue) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(catalogue.policy().thresholds.risk.to_le_bytes());
        for intent in catalogue.intents() {
            hash.update(&intent.id);
            hash.update([0]);
            hash.update((intent.examples.len() as u64).to_le_bytes());
        }
        for row in &self.rows {
            hash.update([0]);
            hash.update(&row.text.model);
            hash.update([0]);
            row.labels.iter().for_each(|label| hash.update((*label as u64).to_le_bytes()));
        }
        hash.finalize().into()
    }

    /// For each sample of an intent, or of those intents only, the nearest of other intents and what it lies among.
    /// Samples that share an intent are no others to each other.
    #[must_use]
    pub fn closest(&self, only: Option<&[usize]>) -> Vec<Closest<'_>> {
        let labelled: Vec<&Sample> = self.rows.iter().filter(|sample| !sample.labels.is_empty()).collect();
        let Some(first) = labelled.first() else { return Vec::new() };
        let matrix = |samples: &[&Sample]| {
            let vectors = samples.iter().map(|sample| &sample.text.vector);
            dense_rows(vectors, first.text.vector.values().count(), 1.0)
        };
        let all = matrix(&labelled);
        let asked = |sample: &&Sample| only.is_none_or(|only| sample.labels.iter().any(|label| only.contains(label)));
        let asked: Vec<&Sample> = labelled.iter().copied().filter(asked).collect();
        let mut out = Vec::with_capacity(asked.len());
        // By parts, so that not all similarities are held at once.
        for part in asked.chunks(256) {
            let similarities = matrix(part).dot(&all.t());
            for (sample, row) in part.iter().zip(similarities.outer_iter()) {
                let others = labelled.iter().zip(row.iter().copied());
                out.push(closest(
                    sample,
                    others.filter(|(other, _)| !std::ptr::eq(**other, *sample)).map(|(o, s)| (*o, s)),
                ));
            }
        }
        out
    }

    pub(super) fn rows(&self) -> &[Sample] {
        &self.rows
    }
}

/// What a sample is near to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closest<'a> {
    /// The sample.
    pub say: &'a str,
    /// The nearest sample that shares no intent with it.
    pub other: Option<Other<'a>>,
    /// The one other intent that all of its five nearest samples have; none if one of them shares an intent with it.
    pub among: Option<usize>,
}

/// A sample that is near to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Other<'a> {
    /// The sample.
    pub say: &'a str,
    /// The first of its intents, by index in the catalogue.
    pub intent: usize,
    /// Cosine similarity.
    pub similarity: f32,
}

fn closest<'a>(sample: &'a Sample, others: impl Iterator<Item = (&'a Sample, f32)>) -> Closest<'a> {
    let shares = |other: &Sample| other.labels.iter().any(|label| sample.labels.contains(label));
    let mut nearest: Vec<(&Sample, f32)> = Vec::with_capacity(NEIGHBOURS + 1);
    let mut stranger: Option<(&Sample, f32)> = None;
    for (other, similarity) in others {
        if stranger.is_none_or(|(_, best)| similarity > best) && !shares(other) {
            stranger = Some((other, similarity));
        }
        if nearest.len() < NEIGHBOURS || similarity > nearest[NEIGHBOURS - 1].1 {
            let at = nearest.partition_point(|(_, known)| *known >= similarity);
            nearest.insert(at, (other, similarity));
            nearest.truncate(NEIGHBOURS);
        }
    }
    let first = nearest.first().and_then(|(other, _)| other.labels.first().copied());
    let among = first.filter(|intent| {
        nearest.len() == NEIGHBOURS && nearest.iter().all(|(other, _)| other.labels.contains(intent) && !shares(other))
    });
    let other = stranger.and_then(|(other, similarity)| {
        Some(Other { say: &other.text.say, intent: *other.labels.first()?, similarity })
    });
    Closest { say: &sample.text.say, other, among }
}

/// A text on its way to a sample.
enum Draft<'a> {
    Known(Arc<Text>),
    New(&'a str, Message),
}

impl Draft<'_> {
    fn model(&self) -> &str {
        match self {
            Self::Known(text) => &text.model,
            Self::New(_, message) => message.model(),
        }
    }

    fn finish(&self, bundle: &Bundle) -> Result<(Arc<Text>, bool), EncoderError> {
        let (say, message) = match self {
            Self::Known(text) => return Ok((Arc::clone(text), false)),
            Self::New(say, message) => (*say, message),
        };
        let shipped = bundle.reference().examples.get(&text_key(bundle.encoder_hash(), message.model()));
        let vector = match shipped {
            Some(vector) => vector.clone(),
            None => Quantised::of(&bundle.read(message)?.vector),
        };
        let text = Text {
            say: say.to_owned(),
            model: message.model().to_owned(),
            shipped: shipped.is_some(),
            lexical: Lexical::of(message.model()),
            vector,
            fold: fold_of(message.model()),
        };
        Ok((Arc::new(text), shipped.is_none()))
    }
}

/// Finishes the texts on all threads; tells how many vectors had to be computed.
fn embed(
    drafts: Vec<(Draft<'_>, Vec<usize>)>,
    bundle: &Bundle,
    threads: usize,
) -> Result<(Vec<Sample>, usize), EncoderError> {
    let size = drafts.len().div_ceil(threads.max(1)).max(1);
    let finished: Vec<Result<Vec<_>, EncoderError>> = std::thread::scope(|scope| {
        let finish = |part: &[(Draft<'_>, _)]| part.iter().map(|(draft, _)| draft.finish(bundle)).collect();
        let workers: Vec<_> = drafts.chunks(size).map(|part| scope.spawn(move || finish(part))).collect();
        workers.into_iter().map(|worker| worker.join().expect("embedding does not panic")).collect()
    });
    let (mut rows, mut embedded) = (Vec::with_capacity(drafts.len()), 0);
    let mut labels = drafts.into_iter().map(|(_, labels)| labels);
    for part in finished {
        for ((text, is_new), labels) in part?.into_iter().zip(&mut labels) {
            embedded += usize::from(is_new);
            rows.push(Sample { text, labels });
        }
    }
    Ok((rows, embedded))
}

/// Every text that a head is fitted on, with its labels, for making a bundle.
pub(super) fn texts(catalogue: &Catalogue) -> Vec<(Message, Vec<usize>)> {
    let read = |say: &str| Some(Message::read(&Utterance::new(say).ok()?));
    merged(wanted(catalogue).filter_map(|(say, labels)| Some((read(say)?, labels))), Message::model)
}

/// Examples with all their intents, then near misses where they belong.
fn wanted(catalogue: &Catalogue) -> impl Iterator<Item = (&str, Vec<usize>)> {
    let examples = catalogue.intents().iter().flat_map(|intent| {
        intent.examples.iter().map(move |example| {
            let ids = [intent.id.as_str()].into_iter().chain(example.also.iter().map(String::as_str));
            (example.say.as_str(), ids.collect::<Vec<_>>())
        })
    });
    let misses = catalogue
        .intents()
        .iter()
        .flat_map(|intent| intent.near_misses.iter().map(|miss| (miss.say.as_str(), vec![miss.belongs.as_str()])));
    examples.chain(misses).filter_map(|(say, ids)| {
        let labels: Vec<usize> = ids.iter().filter_map(|id| catalogue.index(id)).collect();
        // What belongs to a switched-off intent is neither that intent's nor the background's.
        (!labels.is_empty() || ids == [OTHER]).then_some((say, labels))
    })
}

/// One item for each key, the first, with the labels of all.
fn merged<T>(items: impl Iterator<Item = (T, Vec<usize>)>, key: impl Fn(&T) -> &str) -> Vec<(T, Vec<usize>)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut out: Vec<(T, Vec<usize>)> = Vec::new();
    for (item, labels) in items {
        match seen.get(key(&item)) {
            Some(at) => {
                let known = &mut out[*at].1;
                for label in labels {
                    if !known.contains(&label) {
                        known.push(label);
                    }
                }
            }
            None => {
                seen.insert(key(&item).to_owned(), out.len());
                out.push((item, labels));
            }
        }
    }
    out
}

/// The fold that a text is held out in: by its hash, so that an edit elsewhere does not move it.
pub(super) fn fold_of(text: &str) -> usize {
    usize::from(Sha256::digest(text)[0]) % FOLDS
}
