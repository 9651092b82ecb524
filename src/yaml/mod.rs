//! Reading YAML so that every problem is found in one go, with its place: syntax, then a JSON Schema derived from the
//! raw type, then the type itself. Checks beyond the type add their own [`Findings`].

mod document;
mod edit;
mod finding;
mod nearest;
mod schema;

pub(crate) use document::{Document, Text};
pub(crate) use edit::replace;
pub use finding::{Finding, Findings, Place, Severity};
pub(crate) use nearest::did_you_mean;
pub(crate) use schema::Schema;

use std::path::Path;

/// Parses one file and reads it as `T`; every problem is a finding.
pub(crate) fn read<T: serde::de::DeserializeOwned + schemars::JsonSchema>(
    path: &Path,
    text: &str,
    findings: &mut Findings,
) -> Option<(T, Document)> {
    let document = Document::parse(path, text, findings)?;
    let raw = document.read::<T>(&Schema::of::<T>(), findings)?;
    Some((raw, document))
}
