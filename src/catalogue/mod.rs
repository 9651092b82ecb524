//! What support leads write: intents, policy and shop, checked together and frozen.
//!
//! Files come in as text ([`Sources`]), every problem comes out with its place ([`Findings`]), and only a set without
//! problems becomes a [`Catalogue`]. Nothing here knows the model, HTTP or a clock.

mod check;
mod delivery;
mod flag;
mod hours;
mod intent;
mod pattern;
mod policy;
mod promotions;
mod raw;
mod raw_delivery;
mod raw_promotions;
mod raw_returns;
mod raw_shop;
mod returns;
mod rows;
mod settled;
mod shop;
mod sources;
mod template;
mod texts;

use std::collections::{HashMap, HashSet};

pub use crate::yaml::{Finding, Findings, Place, Severity};
pub use flag::{Flag, Subject};
pub use hours::Due;
pub use intent::{AnswerRule, Asks, Case, Example, Intent, NearMiss, Resolves, SlotRule, Wording};
pub use pattern::PatternRule;
pub use policy::{Boosts, Clock, Level, Policy, Sensitive, Thresholds, Tier, Times, Windows};
pub use settled::{Settled, SettledBy};
pub use shop::Shop;
pub use sources::{SourceFile, Sources};
pub use template::{Template, Values};
pub use texts::TextKey;

use crate::text::Plain;

/// The JSON Schemas of the files, by name: `intent`, `policy`, `shop`.
#[must_use]
pub fn schemas() -> [(&'static str, serde_json::Value); 3] {
    [
        ("intent", schemars::schema_for!(raw::RawIntent).to_value()),
        ("policy", schemars::schema_for!(raw::RawPolicy).to_value()),
        ("shop", schemars::schema_for!(raw_shop::RawShop).to_value()),
    ]
}

/// A checked catalogue.
#[derive(Debug)]
pub struct Catalogue {
    intents: Vec<Intent>,
    by_id: HashMap<String, usize>,
    exact: HashMap<String, usize>,
    questions: HashSet<String>,
    policy: Policy,
    shop: Shop,
    hash: String,
}

impl Catalogue {
    /// Checks a set of files.
    ///
    /// # Errors
    /// Every problem of every file, with its place.
    pub fn check(sources: &Sources) -> Result<Self, Findings> {
        check::catalogue(sources)
    }

    /// The enabled intents, by id.
    #[must_use]
    pub fn intents(&self) -> &[Intent] {
        &self.intents
    }

    /// Index of an intent.
    #[must_use]
    pub fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// An intent.
    #[must_use]
    pub fn intent(&self, id: &str) -> Option<&Intent> {
        self.index(id).map(|at| &self.intents[at])
    }

    /// The intent whose example, or whose pattern, this plain text is: certain without the model.
    #[must_use]
    pub fn exact(&self, plain: &str) -> Option<usize> {
        if let Some(at) = self.exact.get(plain) {
            return Some(*at);
        }
        let mut hits = self.intents.iter().enumerate().filter(|(_, intent)| intent.matches(plain));
        match (hits.next(), hits.next()) {
            (Some((at, _)), None) => Some(at),
            // Patterns of two intents settle nothing.
            _ => None,
        }
    }

    /// Whether a text that the bot said is a question back: one of the catalogue's own, or closed by a question mark.
    #[must_use]
    pub fn is_question(&self, said: &str) -> bool {
        said.trim_end().ends_with(['?', '？']) || self.questions.contains(Plain::of(said).as_str())
    }

    /// Thresholds, words and texts.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The shop's facts.
    #[must_use]
    pub fn shop(&self) -> &Shop {
        &self.shop
    }

    /// SHA-256 of all files, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}
