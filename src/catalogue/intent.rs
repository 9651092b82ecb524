use std::path::PathBuf;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flag::{Flag, Subject};
use super::pattern::PatternRule;
use super::template::Template;
use crate::incoming::PastMessage;
use crate::labels::{Act, Emotion};
use crate::reply::DecisionKind;

/// One checked intent.
#[derive(Debug)]
pub struct Intent {
    /// The id.
    pub id: String,
    /// The file that it stands in.
    pub file: PathBuf,
    /// Title in Chinese, offered as a choice.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Who takes it over.
    pub queue: String,
    /// Intents that only order context tells apart.
    pub siblings: Vec<String>,
    /// Whether every message with it goes to a person.
    pub is_high_risk: bool,
    /// What customers write.
    pub examples: Vec<Example>,
    /// What looks like it and is not.
    pub near_misses: Vec<NearMiss>,
    /// Cases that always go to a person.
    pub high_risk: Vec<PatternRule>,
    /// What answers may need.
    pub slots: Vec<SlotRule>,
    /// The first whose condition holds is used.
    pub answers: Vec<AnswerRule>,
    /// Tests of the lead.
    pub cases: Vec<Case>,
    /// What its answers are about, of the shop's own data.
    pub asks: Asks,
    pub(super) patterns: Vec<Pattern>,
}

/// An expression on the plain text that settles the intent.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    pub(super) line: usize,
}

impl Intent {
    /// Whether one of the lead's patterns settles this plain text.
    pub(super) fn matches(&self, plain: &str) -> bool {
        self.matching(plain).is_some()
    }

    /// The first pattern that settles this plain text.
    pub(super) fn matching(&self, plain: &str) -> Option<&Pattern> {
        self.patterns.iter().find(|pattern| pattern.regex.is_match(plain))
    }

    /// The title in English or in Chinese.
    #[must_use]
    pub fn title(&self, english: bool) -> &str {
        if english { &self.title_en } else { &self.title_zh }
    }

    /// The slot of this name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&SlotRule> {
        self.slots.iter().find(|slot| slot.name == name)
    }
}

/// What has to be looked up for the answers of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks {
    /// An order.
    pub orders: bool,
    /// The goods of an order.
    pub items: bool,
    /// A product.
    pub products: bool,
    /// What is to be bought.
    pub baskets: bool,
}

/// A message that has this intent, and perhaps others.
#[derive(Debug, Clone)]
pub struct Example {
    /// The message.
    pub say: String,
    /// Other intents that it has.
    pub also: Vec<String>,
    /// The line it stands in.
    pub line: usize,
}

/// A message that looks like the intent but belongs elsewhere.
#[derive(Debug, Clone)]
pub struct NearMiss {
    /// The message.
    pub say: String,
    /// Where it belongs; `other` for nowhere.
    pub belongs: String,
    /// The line it stands in.
    pub line: usize,
}

/// Something an answer may need to know.
#[derive(Debug)]
pub struct SlotRule {
    /// One of [`crate::slots::NAMES`].
    pub name: String,
    /// How it is asked for.
    pub ask: Wording,
}

/// Wordings of one text in both languages.
#[derive(Debug)]
pub struct Wording {
    pub(super) zh: Vec<Template>,
    pub(super) en: Vec<Template>,
}

impl Wording {
    /// The wordings in English or in Chinese, in file order.
    #[must_use]
    pub fn variants(&self, english: bool) -> &[Template] {
        if english { &self.en } else { &self.zh }
    }
}

/// What an answer can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolves {
    /// Tells a rule or a fact.
    Inform,
    /// Tells something from the shop's data.
    Lookup,
    /// Needs a person's or a system's hand: the message is handed over.
    Act,
}

/// One answer with its condition.
#[derive(Debug)]
pub struct AnswerRule {
    /// Names it within the intent.
    pub id: String,
    /// Slots that must be filled for it to be chosen.
    pub slots: Vec<String>,
    /// Acts it is for; all if empty.
    pub acts: Vec<Act>,
    /// Emotions it is for; all if empty.
    pub emotions: Vec<Emotion>,
    /// Customer tiers it is for; all if empty.
    pub tiers: Vec<String>,
    /// Customer tags it is for; all if empty.
    pub tags: Vec<String>,
    /// Facts that must hold.
    pub flags: Vec<Flag>,
    /// Slots that are asked for before it is given.
    pub needs: Vec<String>,
    /// What it can do.
    pub resolves: Resolves,
    /// What of the customer's own it tells of.
    pub subject: Option<Subject>,
    /// First day on which it is given.
    pub from: Option<jiff::civil::Date>,
    /// Last day on which it is given.
    pub until: Option<jiff::civil::Date>,
    /// The wordings.
    pub wording: Wording,
}

/// A test that a lead wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The message.
    pub say: String,
    /// The intent that must be understood.
    pub expect: Option<String>,
    /// The intent that must not be understood.
    pub expect_not: Option<String>,
    /// What must happen.
    pub decision: Option<DecisionKind>,
    /// The emotion that must be read.
    pub emotion: Option<Emotion>,
    /// What the answer must contain.
    pub answer_has: Option<String>,
    /// Earlier messages.
    pub history: Vec<PastMessage>,
    /// The line it stands in.
    pub line: usize,
}

impl Case {
    /// Whether another one says and expects the same, wherever it stands.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        *self == Self { line: self.line, ..other.clone() }
    }
}
