//! The tests that leads write into their files, run through the live decision path.

use std::path::PathBuf;

use crate::catalogue::{Case, Intent};
use crate::engine::Engine;
use crate::incoming::Request;
use crate::labels;
use crate::reply::Reply;

/// A test that did not get what it expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The intent whose file it stands in.
    pub intent: String,
    /// That file.
    pub file: PathBuf,
    /// The line of the test.
    pub line: usize,
    /// What the customer says in it.
    pub say: String,
    /// Each expectation that was not met, and what came instead.
    pub problems: Vec<String>,
}

/// Runs the tests of one intent; those that failed, in file order.
#[must_use]
pub fn run(engine: &Engine, intent: &Intent) -> Vec<Failure> {
    let failure = |case: &Case| {
        let problems = problems(engine, case);
        (!problems.is_empty()).then(|| Failure {
            intent: intent.id.clone(),
            file: intent.file.clone(),
            line: case.line,
            say: case.say.clone(),
            problems,
        })
    };
    intent.cases.iter().filter_map(failure).collect()
}

/// What a test expected and did not get.
fn problems(engine: &Engine, case: &Case) -> Vec<String> {
    let request = Request { text: case.say.clone(), history: case.history.clone(), ..Request::default() };
    let reply = match request.check() {
        Ok(incoming) => engine.triage(&incoming),
        Err(error) => return vec![error.to_string()],
    };
    let understood = understood(&reply);
    let mut out = Vec::new();
    if let Some(expected) = case.expect.as_deref().filter(|expected| *expected != understood) {
        out.push(format!("expected {expected}, understood {}", shown(&reply)));
    }
    if let Some(unwanted) = case.expect_not.as_deref().filter(|unwanted| *unwanted == understood) {
        out.push(format!("must not be {unwanted}, but was understood as {}", shown(&reply)));
    }
    if let Some(expected) = case.decision.filter(|expected| *expected != reply.decision) {
        let why = reply.reasons.first().map_or("", |reason| reason.code.as_str());
        out.push(format!("expected {}, decided {} ({why}), {}", expected.id(), reply.decision.id(), shown(&reply)));
    }
    if let Some(expected) = case.emotion.filter(|expected| *expected != reply.emotion.label) {
        out.push(format!("expected {}, felt {}", expected.id(), reply.emotion.label.id()));
    }
    let said = reply.answer.as_ref().map_or("", |answer| answer.text.as_str());
    if let Some(expected) = case.answer_has.as_deref().filter(|expected| !said.contains(expected)) {
        out.push(format!("expected an answer with `{expected}`, said `{said}`"));
    }
    out
}

/// The first intent, or `other` when being none of them is more probable.
fn understood(reply: &Reply) -> &str {
    reply
        .intents
        .first()
        .filter(|first| first.score >= reply.out_of_scope)
        .map_or(labels::OTHER, |first| first.id.as_str())
}

fn shown(reply: &Reply) -> String {
    let first = reply.intents.iter().take(2).map(|intent| format!("{} {:.2}", intent.id, intent.score));
    first.collect::<Vec<_>>().join(", ")
}
