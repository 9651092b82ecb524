use std::path::Path;

use super::{Found, open};
use crate::catalogue::Case;
use crate::engine::Engine;
use crate::incoming::Request;
use crate::labels;
use crate::reply::Reply;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Run the tests of these intents only.
    intents: Vec<String>,
    /// Let this share of the tests fail, such as 0.05.
    #[arg(long, default_value_t = 0.0)]
    allow: f64,
}

pub(super) fn run(config: &Path, options: &Options) -> anyhow::Result<Found> {
    let engine = open(config)?;
    for id in &options.intents {
        anyhow::ensure!(engine.catalogue().intent(id).is_some(), "there is no intent `{id}`");
    }
    let (mut run, mut failed) = (0_usize, 0_usize);
    for intent in engine.catalogue().intents() {
        if !options.intents.is_empty() && !options.intents.contains(&intent.id) {
            continue;
        }
        for case in &intent.cases {
            run += 1;
            let problems = problems(&engine, case)?;
            if !problems.is_empty() {
                failed += 1;
                println!("{}.yaml:{}: {}\n    {}", intent.id, case.line, case.say, problems.join("\n    "));
            }
        }
    }
    println!("{run} tests, {failed} failed");
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = failed as f64 / run.max(1) as f64;
    Ok(if share > options.allow { Found::Findings } else { Found::Nothing })
}

/// What a test expected and did not get.
fn problems(engine: &Engine, case: &Case) -> anyhow::Result<Vec<String>> {
    let request = Request { text: case.say.clone(), history: case.history.clone(), ..Request::default() };
    let reply = engine.triage(&request.check()?);
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
    Ok(out)
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
