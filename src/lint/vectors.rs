//! Examples that the encoder takes for each other, or for another intent's.

use std::collections::HashMap;
use std::path::Path;

use super::allow;
use crate::catalogue::{Catalogue, Sources};
use crate::head::{Closest, Samples};
use crate::yaml::{Findings, Place};

/// Cosine similarity from which two examples are the same to the encoder.
const SAME: f32 = 0.94;

/// Below this even the nearest example says nothing about what a message is.
const TELLS: f32 = 0.8;

/// The rules of this file, for comments that allow them.
pub(super) const CODES: [&str; 2] = ["near-duplicate", "nearer-elsewhere"];

/// Compares the examples of a catalogue with each other, as the encoder sees them: those of two intents that are nearly
/// the same, and those that lie among another intent's. `samples` are the catalogue's, `only` the intents whose
/// examples are looked at (all if `None`).
#[must_use]
pub fn by_vector(catalogue: &Catalogue, samples: &Samples, sources: &Sources, only: Option<&[&str]>) -> Findings {
    // Near misses are there because they lie among others.
    let places: HashMap<&str, (&Path, usize)> = catalogue
        .intents()
        .iter()
        .flat_map(|intent| intent.examples.iter().map(|example| (example, intent.file.as_path())))
        .map(|(example, file)| (example.say.as_str(), (file, example.line)))
        .collect();
    let only: Option<Vec<usize>> = only.map(|ids| ids.iter().filter_map(|id| catalogue.index(id)).collect());
    let mut findings = Findings::default();
    for closest in samples.closest(only.as_deref()) {
        let Some(place) = places.get(closest.say) else { continue };
        let other = closest.other.and_then(|other| Some((other.say, *places.get(other.say)?, other.similarity)));
        // Of two that are the same, one is enough.
        let is_second =
            only.is_none() && other.is_some_and(|(_, other, similarity)| similarity >= SAME && other < *place);
        if let Some((code, message)) =
            other.filter(|_| !is_second).and_then(|other| finding(catalogue, &closest, other))
        {
            findings.warn(place.0, Place { line: place.1, column: 1 }, code, message);
        }
    }
    // Of examples that were not looked at it cannot be said that a comment is needed no more.
    allow::apply(sources.files(), findings, &|code| only.is_none() && CODES.contains(&code)).sorted()
}

/// `other` is the nearest example of another intent, with its place and similarity.
fn finding(
    catalogue: &Catalogue,
    closest: &Closest<'_>,
    (other, (file, line), similarity): (&str, (&Path, usize), f32),
) -> Option<(&'static str, String)> {
    let place = format!("{}:{line}", file.display());
    if similarity >= SAME {
        let message = format!(
            "`{}` is nearly the same to the model as `{other}` ({place}, {similarity:.2}), an example of another intent; \
             keep the one that belongs there, or list both intents under `also`",
            closest.say
        );
        return Some(("near-duplicate", message));
    }
    let intent = closest.among?;
    (similarity >= TELLS).then(|| {
        let message = format!(
            "`{}` lies among the examples of `{}`: the nearest is `{other}` ({place}, {similarity:.2}); move it there, or \
             give its own intent more examples like it",
            closest.say,
            catalogue.intents()[intent].id
        );
        ("nearer-elsewhere", message)
    })
}
