//! The only file that names tract: ONNX in, sentence vector and head scores out.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::prelude::*;

/// Why one forward pass failed. The caller hands the message to a person.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// The model could not be loaded.
    #[error("the model cannot be loaded: {0:#}")]
    Load(TractError),
    /// The forward pass failed.
    #[error("the forward pass failed: {0:#}")]
    Run(TractError),
    /// An output is not finite, or has another length than the manifest says.
    #[error("output `{output}` is wrong: {what}")]
    Output {
        /// Which.
        output: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

/// What the model says of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Unit sentence vector.
    pub vector: Vec<f32>,
    /// Probabilities of the five emotions, in the order of [`crate::labels::Emotion::ALL`].
    pub emotion: [f32; 5],
    /// Probabilities of the four acts, in the order of [`crate::labels::Act::ALL`].
    pub act: [f32; 4],
    /// Expected intensity if there is an emotion, 1 to 3.
    pub intensity: f32,
}

/// A plan shared by all threads, and the states that are idle at the moment.
///
/// tract runs single-threaded; each caller borrows a state for one pass. A state that returned an error stays unusable
/// (tract 0.23), so it is dropped instead of given back.
pub(super) struct Encoder {
    plan: Arc<TypedRunnableModel>,
    idle: Mutex<Vec<TypedSimpleState>>,
    dimensions: usize,
}

impl Encoder {
    /// Loads and optimises the ONNX file; length stays symbolic.
    pub(super) fn load(path: &Path, dimensions: usize) -> Result<Self, EncoderError> {
        let load = || -> TractResult<Arc<TypedRunnableModel>> {
            let mut model = onnx().model_for_path(path)?;
            let length = model.symbols.sym("S");
            model.set_input_fact(0, InferenceFact::dt_shape(i64::datum_type(), tvec!(1.to_dim(), length.to_dim())))?;
            model.into_optimized()?.into_runnable()
        };
        let plan = load().map_err(EncoderError::Load)?;
        Ok(Self { plan, idle: Mutex::default(), dimensions })
    }

    /// One forward pass over token ids, the ends included. The result depends on nothing else.
    pub(super) fn run(&self, ids: &[i64]) -> Result<Reading, EncoderError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut state = match idle {
            Some(state) => state,
            None => self.plan.spawn().map_err(EncoderError::Run)?,
        };
        let outputs = Tensor::from_shape(&[1, ids.len()], ids)
            .and_then(|ids| state.run(tvec!(ids.into())))
            .map_err(EncoderError::Run)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(state);
        let vector = floats("vector", outputs.first(), self.dimensions)?;
        Ok(Reading {
            vector,
            emotion: fixed("emotion", outputs.get(1))?,
            act: fixed("act", outputs.get(2))?,
            intensity: fixed::<1>("intensity", outputs.get(3))?[0],
        })
    }
}

fn fixed<const N: usize>(output: &'static str, value: Option<&TValue>) -> Result<[f32; N], EncoderError> {
    let values = floats(output, value, N)?;
    values.try_into().map_err(|_| EncoderError::Output { output, what: "another length".into() })
}

fn floats(output: &'static str, value: Option<&TValue>, length: usize) -> Result<Vec<f32>, EncoderError> {
    let wrong = |what: String| EncoderError::Output { output, what };
    let value = value.ok_or_else(|| wrong("it is missing".into()))?;
    let view = value.to_plain_array_view::<f32>().map_err(|error| wrong(format!("{error:#}")))?;
    let values: Vec<f32> = view.iter().copied().collect();
    if values.len() != length {
        return Err(wrong(format!("{} values, {length} expected", values.len())));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(wrong("a value is not finite".into()));
    }
    Ok(values)
}
