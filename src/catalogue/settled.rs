//! Which line of which file a message meets: for people who ask why.

use std::path::Path;

use serde::Serialize;

use super::Catalogue;
use crate::text::Plain;

/// What settles the intent of a text without the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled<'a> {
    /// Index of the intent.
    pub intent: usize,
    /// What the text is.
    pub by: SettledBy,
    /// The file in which that stands.
    pub file: &'a Path,
    /// The line, if one is known.
    pub line: Option<usize>,
}

/// Ways in which a lead's file settles an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// An example is the text.
    Example,
    /// The title is the text.
    Title,
    /// A pattern matches it.
    Pattern,
}

impl Catalogue {
    /// What makes this plain text certain, if [`Catalogue::exact`] knows it.
    #[must_use]
    pub fn settled(&self, plain: &str) -> Option<Settled<'_>> {
        let at = self.exact(plain)?;
        let intent = &self.intents[at];
        let is_it = |text: &str| Plain::of(text).as_str() == plain;
        let example = intent.examples.iter().find(|example| example.also.is_empty() && is_it(&example.say));
        let (by, line) = match (example, intent.matching(plain)) {
            (Some(example), _) => (SettledBy::Example, Some(example.line)),
            // A title is looked up before patterns are tried.
            _ if is_it(&intent.title_zh) || is_it(&intent.title_en) => (SettledBy::Title, None),
            (None, Some(pattern)) => (SettledBy::Pattern, Some(pattern.line)),
            (None, None) => return None,
        };
        Some(Settled { intent: at, by, file: &intent.file, line })
    }

    /// Where a text of the catalogue stands that the intents are learned from: as an example, or else as a near miss.
    #[must_use]
    pub fn place_of(&self, say: &str) -> Option<(&Path, usize)> {
        let examples =
            self.intents.iter().flat_map(|intent| intent.examples.iter().map(move |example| (intent, example)));
        let example =
            examples.filter(|(_, example)| example.say == say).map(|(intent, example)| (intent, example.line));
        let misses = self.intents.iter().flat_map(|intent| intent.near_misses.iter().map(move |miss| (intent, miss)));
        let miss = misses.filter(|(_, miss)| miss.say == say).map(|(intent, miss)| (intent, miss.line));
        example.chain(miss).next().map(|(intent, line)| (intent.file.as_path(), line))
    }
}
