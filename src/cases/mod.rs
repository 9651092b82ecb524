//! The tests that leads write into their files, run through the live decision path.

mod junit;
mod update;

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::catalogue::{Case, Intent};
use crate::engine::Engine;
use crate::explain::Candidate;
use crate::incoming::Request;
use crate::labels;
use crate::reply::{Reason, Reply};
use crate::text::{Message, Utterance, mask_personal_data};

pub use junit::{ReportError, junit};
pub use update::{Change, Edited, Kept, Update, UpdateError};

/// A test that did not get what it expected.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Failure {
    /// The intent whose file it stands in.
    pub intent: String,
    /// That file.
    #[schema(value_type = String)]
    pub file: PathBuf,
    /// The line of the test.
    pub line: usize,
    /// Its number among the tests of the file, from 0.
    pub at: usize,
    /// What the customer says in it, as written; personal data is masked where it is serialised.
    #[serde(serialize_with = "masked")]
    pub say: String,
    /// Each expectation that was not met, and what came instead.
    pub problems: Vec<Mismatch>,
    /// The two intents thought of first.
    pub candidates: Vec<Candidate>,
    /// The reason that decided.
    pub reason: Option<Reason>,
}

/// An expectation that was not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mismatch {
    /// The key of the test.
    pub key: Key,
    /// What stands there.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, got {}", self.key.id(), self.expected, self.got)
    }
}

/// A key of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The message: it could not be sent.
    Say,
    /// The intent that must be understood.
    Expect,
    /// The intent that must not be understood.
    ExpectNot,
    /// What must happen.
    Decision,
    /// The emotion that must be read.
    Emotion,
    /// What the answer must contain.
    AnswerHas,
}

impl Key {
    /// As written in the file.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Say => "say",
            Self::Expect => "expect",
            Self::ExpectNot => "expect_not",
            Self::Decision => "decision",
            Self::Emotion => "emotion",
            Self::AnswerHas => "answer_has",
        }
    }
}

/// Runs the tests of one intent; those that failed, in file order.
#[must_use]
pub fn run(engine: &Engine, intent: &Intent) -> Vec<Failure> {
    let cases = intent.cases.iter().enumerate();
    cases.filter_map(|(at, case)| failure(engine, intent, (at, case))).collect()
}

/// Whether a test gets what it expects.
#[must_use]
pub fn passes(engine: &Engine, case: &Case) -> bool {
    let request = Request { text: case.say.clone(), history: case.history.clone(), ..Request::default() };
    request.check().is_ok_and(|incoming| mismatches(case, &engine.triage(&incoming)).is_empty())
}

fn failure(engine: &Engine, intent: &Intent, (at, case): (usize, &Case)) -> Option<Failure> {
    let request = Request { text: case.say.clone(), history: case.history.clone(), ..Request::default() };
    let (problems, candidates, reason) = match request.check() {
        Ok(incoming) => {
            let reply = engine.triage(&incoming);
            let problems = mismatches(case, &reply);
            if problems.is_empty() {
                return None;
            }
            // Only what failed is worth explaining: that takes as long again.
            let mut candidates = engine.explain(&incoming).map(|why| why.candidates).unwrap_or_default();
            candidates.truncate(2);
            (problems, candidates, reply.reasons.into_iter().next())
        }
        Err(error) => {
            let expected = "a message that can be sent".to_owned();
            (vec![Mismatch { key: Key::Say, expected, got: error.to_string() }], Vec::new(), None)
        }
    };
    let (intent, file) = (intent.id.clone(), intent.file.clone());
    Some(Failure { intent, file, line: case.line, at, say: case.say.clone(), problems, candidates, reason })
}

/// What a test expected and did not get.
fn mismatches(case: &Case, reply: &Reply) -> Vec<Mismatch> {
    let understood = understood(reply);
    let said = reply.answer.as_ref().map_or("", |answer| answer.text.as_str());
    let decision = case.decision.map(|decision| decision.id());
    let emotion = case.emotion.map(|emotion| emotion.id());
    let tried = [
        (Key::Expect, case.expect.as_deref(), understood, case.expect.as_deref() == Some(understood)),
        (Key::ExpectNot, case.expect_not.as_deref(), understood, case.expect_not.as_deref() != Some(understood)),
        (Key::Decision, decision, reply.decision.id(), decision == Some(reply.decision.id())),
        (Key::Emotion, emotion, reply.emotion.label.id(), emotion == Some(reply.emotion.label.id())),
        (
            Key::AnswerHas,
            case.answer_has.as_deref(),
            said,
            case.answer_has.as_deref().is_some_and(|has| said.contains(has)),
        ),
    ];
    let unmet = tried.into_iter().filter(|(.., is_met)| !is_met);
    unmet
        .filter_map(|(key, expected, got, _)| {
            Some(Mismatch { key, expected: expected?.to_owned(), got: got.to_owned() })
        })
        .collect()
}

/// The first intent, or `other` when being none of them is more probable.
fn understood(reply: &Reply) -> &str {
    let first = reply.intents.first().filter(|first| first.score >= reply.out_of_scope);
    first.map_or(labels::OTHER, |first| first.id.as_str())
}

/// A test's message without personal data: what is printed ends up in logs and reports.
#[must_use]
pub fn without_personal_data(say: &str) -> String {
    match Utterance::new(say) {
        Ok(utterance) => mask_personal_data(say, &Message::read(&utterance)),
        Err(_) => "(too long)".to_owned(),
    }
}

fn masked<S: Serializer>(say: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_personal_data(say))
}
