//! What is to be classified: as written, and as checked.

use serde::Deserialize;
use utoipa::ToSchema;

use super::MAX_BATCH;
use crate::http::adapters::empty;
use crate::http::problem::{Code, Problem};

/// A text, or a batch of them: `"a"`, or `[["a"], ["b"]]`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "wrong, expected a string, or a batch such as [[\"a\"], [\"b\"]]")]
pub(in crate::http) enum RawInputs {
    Text(String),
    /// Of one string alone: the same as that string.
    Items(Vec<RawItem>),
}

/// An item of a batch is a list of one text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum RawItem {
    Text(String),
    Texts(Vec<String>),
}

/// Texts that are there, in a batch of a size that is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inputs {
    One(String),
    Batch(Vec<String>),
}

impl RawInputs {
    /// # Errors
    /// Pairs, which TEI writes as a flat list, batches that are too large, and texts that are empty.
    pub(super) fn check(self) -> Result<Inputs, Problem> {
        let items = match self {
            Self::Text(text) => return filled(text, "inputs").map(Inputs::One),
            Self::Items(items) => items,
        };
        if items.is_empty() {
            return Err(empty("inputs"));
        }
        let flat = items.iter().filter(|item| matches!(item, RawItem::Text(_))).count();
        if flat > 0 && (flat > 1 || items.len() > 1) {
            return Err(pair("`inputs`"));
        }
        if items.len() > MAX_BATCH {
            let message = format!("batch size {} > maximum allowed batch size {MAX_BATCH}", items.len());
            return Err(Problem::new(Code::BodyTooLarge, message));
        }
        let mut texts = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match item {
                RawItem::Text(text) => return filled(text, "inputs").map(Inputs::One),
                RawItem::Texts(of_one) => texts.push(alone(of_one, at)?),
            }
        }
        Ok(Inputs::Batch(texts))
    }
}

/// The one text of an item.
fn alone(mut texts: Vec<String>, at: usize) -> Result<String, Problem> {
    let name = format!("inputs[{at}]");
    match (texts.pop(), texts.is_empty()) {
        (Some(text), true) => filled(text, &name),
        (Some(_), false) => Err(pair(&format!("`{name}`"))),
        (None, _) => Err(empty(&name)),
    }
}

fn filled(text: String, name: &str) -> Result<String, Problem> {
    if text.trim().is_empty() { Err(empty(name)) } else { Ok(text) }
}

fn pair(place: &str) -> Problem {
    let message =
        format!("{place}: a flat list is a pair of texts, which is not classified here; a batch is [[\"a\"], [\"b\"]]");
    Problem::new(Code::InvalidRequest, message)
}
