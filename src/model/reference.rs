//! What a bundle ships beside the encoder for fitting an intent head: background messages, real messages to calibrate
//! on, the prior, and the vectors of known examples. Messages are kept as vectors and hashed n-grams, never as text.

use std::collections::HashMap;
use std::path::Path;

use ndarray::Array2;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::BundleError;
use crate::head::{BUCKETS, Lexical, Prior};

/// A vector in eight bits a component: what every training vector is rounded to, computed now or shipped, so that a
/// head fitted with shipped vectors is the same as one fitted without.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    scale: f32,
    values: Box<[i8]>,
}

impl Quantised {
    /// Rounds.
    #[must_use]
    pub fn of(vector: &[f32]) -> Self {
        let scale = vector.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / 127.0;
        let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, reason = "between -127 and 127")]
        let values = vector.iter().map(|value| (value * inverse).round() as i8).collect();
        Self { scale, values }
    }

    /// The components.
    pub fn values(&self) -> impl Iterator<Item = f32> {
        self.values.iter().map(|value| f32::from(*value) * self.scale)
    }
}

/// Names a text's vector: the encoder that made it and the text that it read.
pub(crate) type TextKey = [u8; 16];

/// The key of a model text under the encoder of this hash.
pub(crate) fn text_key(encoder_hash: &str, model_text: &str) -> TextKey {
    let mut hash = Sha256::new();
    hash.update(encoder_hash);
    hash.update([0]);
    hash.update(model_text);
    let mut key = TextKey::default();
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

/// Messages as features, with the labels that they have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReferenceRows {
    /// Sentence vectors.
    pub vectors: Vec<Quantised>,
    /// Hashed n-grams.
    pub lexical: Vec<Lexical>,
    /// Indices into [`Reference::intents`]; empty for none of them.
    pub labels: Vec<Vec<usize>>,
}

/// Everything for fitting a head, read from `reference.safetensors`.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// The ids that labels and prior speak of.
    pub intents: Vec<String>,
    /// Messages that are none of a shop's.
    pub background: ReferenceRows,
    /// Real messages, labelled by reading, that the prior has not seen.
    pub calibration: ReferenceRows,
    /// Weights for each of `intents`, then for having none of them, learned on real messages, background and the catalogue of that day: first on all of
    /// them, then, for each fold of the cross-validation, without what that fold holds out. Empty if there is no prior.
    pub priors: Vec<Prior>,
    /// Vectors of known texts.
    pub(crate) examples: HashMap<TextKey, Quantised>,
}

impl Reference {
    /// Reads the file.
    pub(super) fn read(path: &Path, bytes: &[u8], dimensions: usize) -> Result<Self, BundleError> {
        let broken = |what: String| BundleError::Broken { file: path.to_owned(), what };
        let file = SafeTensors::deserialize(bytes).map_err(|error| broken(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| broken(error.to_string()))?;
        let intents: Vec<String> = header
            .metadata()
            .as_ref()
            .and_then(|metadata| serde_json::from_str(metadata.get("intents")?).ok())
            .ok_or_else(|| broken("metadata `intents` is missing".into()))?;
        let tensor = |name: &str, dtype: Dtype| -> Result<TensorView<'_>, BundleError> {
            let view = file.tensor(name).map_err(|error| broken(error.to_string()))?;
            if view.dtype() != dtype {
                return Err(broken(format!("tensor `{name}` has another type")));
            }
            Ok(view)
        };
        let vectors = |name: &str| -> Result<Vec<Quantised>, BundleError> {
            let values = tensor(&format!("{name}.values"), Dtype::I8)?;
            let scales = floats(&tensor(&format!("{name}.scales"), Dtype::F32)?);
            if values.shape() != [scales.len(), dimensions] {
                return Err(broken(format!("`{name}.values` does not have {dimensions} columns for each scale")));
            }
            let rows = values.data().chunks_exact(dimensions).zip(scales);
            let signed = |row: &[u8]| row.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
            Ok(rows.map(|(row, scale)| Quantised { scale, values: signed(row) }).collect())
        };
        let lists = |name: &str| -> Result<Vec<Vec<u16>>, BundleError> {
            let offsets = integers(&tensor(&format!("{name}.offsets"), Dtype::U32)?);
            let items = shorts(&tensor(&format!("{name}.items"), Dtype::U16)?);
            offsets
                .windows(2)
                .map(|pair| items.get(pair[0] as usize..pair[1] as usize).map(<[u16]>::to_vec))
                .collect::<Option<_>>()
                .ok_or_else(|| broken(format!("`{name}.offsets` points outside its items")))
        };
        let rows = |name: &str| -> Result<ReferenceRows, BundleError> {
            let vectors = vectors(&format!("{name}.vectors"))?;
            let lexical = lists(&format!("{name}.lexical"))?;
            let labels = lists(&format!("{name}.labels"))?;
            let known = |bucket: &u16| usize::from(*bucket) < BUCKETS;
            let listed = |label: &u16| usize::from(*label) < intents.len();
            if vectors.len() != lexical.len()
                || vectors.len() != labels.len()
                || !lexical.iter().flatten().all(known)
                || !labels.iter().flatten().all(listed)
            {
                return Err(broken(format!("the parts of `{name}` do not fit each other")));
            }
            Ok(ReferenceRows {
                vectors,
                lexical: lexical.into_iter().map(Lexical::from_buckets).collect(),
                labels: labels.into_iter().map(|row| row.into_iter().map(usize::from).collect()).collect(),
            })
        };
        // Beside the intents, having none of them.
        let labels = intents.len() + 1;
        let mut priors = Vec::new();
        while file.tensor(&format!("prior.{}.dense", priors.len())).is_ok() {
            let name = |part: &str| format!("prior.{}.{part}", priors.len());
            let dense = floats(&tensor(&name("dense"), Dtype::F32)?);
            let dense = Array2::from_shape_vec((dimensions + 1, labels), dense)
                .map_err(|_| broken(format!("`{}` is not {} × {labels}", name("dense"), dimensions + 1)))?;
            let scales = floats(&tensor(&name("lexical.scales"), Dtype::F32)?);
            let values = tensor(&name("lexical.values"), Dtype::I8)?;
            let values = values.data().iter().map(|byte| i8::from_le_bytes([*byte])).collect();
            let prior = Prior::from_parts(dense, values, scales);
            priors.push(prior.ok_or_else(|| broken(format!("`{}` has another size", name("lexical.values"))))?);
        }
        let keys = tensor("examples.keys", Dtype::U8)?;
        let keys = keys.data().chunks_exact(16).map(|key| {
            let mut out = TextKey::default();
            out.copy_from_slice(key);
            out
        });
        let examples = keys.zip(vectors("examples.vectors")?).collect();
        Ok(Self { background: rows("background")?, calibration: rows("calibration")?, priors, examples, intents })
    }

    /// How many example vectors there are.
    #[must_use]
    pub fn examples(&self) -> usize {
        self.examples.len()
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When the library refuses, which would be a bug.
    pub(crate) fn write(&self, dimensions: usize) -> anyhow::Result<Vec<u8>> {
        let mut parts = Parts::default();
        parts.rows("background", &self.background, dimensions);
        parts.rows("calibration", &self.calibration, dimensions);
        let mut examples: Vec<_> = self.examples.iter().collect();
        examples.sort_by_key(|(key, _)| **key);
        let keys: Vec<u8> = examples.iter().flat_map(|(key, _)| key.iter().copied()).collect();
        parts.add("examples.keys", Dtype::U8, vec![examples.len(), 16], keys);
        parts.vectors("examples.vectors", examples.into_iter().map(|(_, vector)| vector), dimensions);
        for (number, prior) in self.priors.iter().enumerate() {
            let labels = self.intents.len() + 1;
            let name = |part: &str| format!("prior.{number}.{part}");
            let (dense, lexical, scales) = prior.parts();
            let bytes = |values: &mut dyn Iterator<Item = &f32>| values.flat_map(|value| value.to_le_bytes()).collect();
            parts.add(&name("dense"), Dtype::F32, vec![dimensions + 1, labels], bytes(&mut dense.iter()));
            parts.add(&name("lexical.scales"), Dtype::F32, vec![labels], bytes(&mut scales.iter()));
            let values = lexical.iter().map(|value| value.to_le_bytes()[0]).collect();
            parts.add(&name("lexical.values"), Dtype::I8, vec![BUCKETS, labels], values);
        }
        let metadata = HashMap::from([("intents".to_owned(), serde_json::to_string(&self.intents)?)]);
        let views: Vec<(String, TensorView<'_>)> = parts
            .0
            .iter()
            .map(|(name, dtype, shape, data)| Ok((name.clone(), TensorView::new(*dtype, shape.clone(), data)?)))
            .collect::<Result<_, safetensors::SafeTensorError>>()?;
        Ok(safetensors::serialize(views, Some(metadata))?)
    }
}

/// Tensors on their way to a file.
#[derive(Default)]
struct Parts(Vec<(String, Dtype, Vec<usize>, Vec<u8>)>);

impl Parts {
    fn add(&mut self, name: &str, dtype: Dtype, shape: Vec<usize>, data: Vec<u8>) {
        self.0.push((name.to_owned(), dtype, shape, data));
    }

    fn vectors<'a>(&mut self, name: &str, vectors: impl Iterator<Item = &'a Quantised>, dimensions: usize) {
        let (mut values, mut scales) = (Vec::new(), Vec::new());
        for vector in vectors {
            values.extend(vector.values.iter().map(|value| value.to_le_bytes()[0]));
            scales.extend(vector.scale.to_le_bytes());
        }
        let count = scales.len() / 4;
        self.add(&format!("{name}.values"), Dtype::I8, vec![count, dimensions], values);
        self.add(&format!("{name}.scales"), Dtype::F32, vec![count], scales);
    }

    fn lists(&mut self, name: &str, lists: &[Vec<u16>]) {
        let mut offsets = vec![0_u32];
        for list in lists {
            let last = offsets.last().copied().unwrap_or(0);
            offsets.push(last + u32::try_from(list.len()).unwrap_or(u32::MAX));
        }
        let items: Vec<u8> = lists.iter().flatten().flat_map(|item| item.to_le_bytes()).collect();
        let bytes = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        self.add(&format!("{name}.offsets"), Dtype::U32, vec![offsets.len()], bytes);
        self.add(&format!("{name}.items"), Dtype::U16, vec![items.len() / 2], items);
    }

    fn rows(&mut self, name: &str, rows: &ReferenceRows, dimensions: usize) {
        self.vectors(&format!("{name}.vectors"), rows.vectors.iter(), dimensions);
        let lexical: Vec<Vec<u16>> = rows.lexical.iter().map(|lexical| lexical.buckets().to_vec()).collect();
        self.lists(&format!("{name}.lexical"), &lexical);
        let labels: Vec<Vec<u16>> = rows
            .labels
            .iter()
            .map(|row| row.iter().map(|label| u16::try_from(*label).unwrap_or(u16::MAX)).collect())
            .collect();
        self.lists(&format!("{name}.labels"), &labels);
    }
}

fn floats(view: &TensorView<'_>) -> Vec<f32> {
    view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn integers(view: &TensorView<'_>) -> Vec<u32> {
    view.data().as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}

fn shorts(view: &TensorView<'_>) -> Vec<u16> {
    view.data().as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Linear;

    #[test]
    fn comes_back_as_written() {
        let rows = ReferenceRows {
            vectors: vec![Quantised::of(&[0.5, -0.25]), Quantised::of(&[0.0, 0.0])],
            lexical: vec![Lexical::of("运费"), Lexical::of("")],
            labels: vec![vec![1], vec![]],
        };
        let mut fitted = Linear::flat(2, 3, -3.0);
        fitted.lexical[(7, 1)] = 1.27;
        let prior = Prior::of(&fitted);
        let reference = Reference {
            intents: vec!["a".into(), "b".into()],
            background: ReferenceRows::default(),
            calibration: rows.clone(),
            priors: vec![prior.clone(), prior.clone()],
            examples: HashMap::from([(text_key("e", "t"), Quantised::of(&[1.0, 0.1]))]),
        };
        let bytes = reference.write(2).unwrap();
        let read = Reference::read(Path::new("r"), &bytes, 2).unwrap();
        assert_eq!(read.calibration, rows);
        assert_eq!(read.intents, reference.intents);
        assert_eq!(read.examples, reference.examples);
        assert_eq!(read.priors, [prior.clone(), prior]);
        assert!(Reference::read(Path::new("r"), &bytes[..bytes.len() - 3], 2).is_err());
        assert!(Reference::read(Path::new("r"), &bytes, 3).is_err());
    }
}
