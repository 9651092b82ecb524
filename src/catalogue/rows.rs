//! What the lists of an intent's file hold, with the lines that they stand in.

use super::intent::{Case, Example, NearMiss};
use super::raw::{RawExample, RawIntent};
use crate::labels::OTHER;
use crate::yaml::Document;

/// Every other intent that a file names, with its JSON pointer.
pub(super) fn named_intents(raw: &RawIntent) -> Vec<(String, &str)> {
    let mut out = Vec::new();
    out.extend(raw.siblings.iter().enumerate().map(|(at, id)| (format!("/siblings/{at}"), id.as_str())));
    let misses = raw.near_misses.iter().enumerate();
    out.extend(misses.map(|(at, miss)| (format!("/near_misses/{at}/belongs"), miss.belongs.as_str())));
    for (language, examples) in [("zh", &raw.examples.zh), ("en", &raw.examples.en)] {
        for (at, example) in examples.iter().enumerate() {
            if let RawExample::Several(several) = example {
                let pointer = format!("/examples/{language}/{at}/also");
                out.extend(several.also.iter().map(|id| (pointer.clone(), id.as_str())));
            }
        }
    }
    for (at, test) in raw.tests.iter().enumerate() {
        for (key, id) in [("expect", &test.expect), ("expect_not", &test.expect_not)] {
            out.extend(
                id.iter().filter(|id| id.as_str() != OTHER).map(|id| (format!("/tests/{at}/{key}"), id.as_str())),
            );
        }
    }
    out
}

pub(super) fn examples(raw: &RawIntent, document: &Document) -> Vec<Example> {
    let languages = [("zh", &raw.examples.zh), ("en", &raw.examples.en)];
    let all = languages.into_iter().flat_map(|(language, examples)| {
        examples.iter().enumerate().map(move |(at, example)| (format!("/examples/{language}/{at}"), example))
    });
    all.map(|(pointer, example)| {
        let line = document.place(&pointer).line;
        match example {
            RawExample::Text(say) => Example { say: say.clone(), also: Vec::new(), line },
            RawExample::Several(several) => Example { say: several.say.clone(), also: several.also.clone(), line },
        }
    })
    .collect()
}

pub(super) fn near_misses(raw: &RawIntent, document: &Document) -> Vec<NearMiss> {
    let line = |at: usize| document.place(&format!("/near_misses/{at}")).line;
    let misses = raw.near_misses.iter().enumerate();
    misses.map(|(at, miss)| NearMiss { say: miss.say.clone(), belongs: miss.belongs.clone(), line: line(at) }).collect()
}

pub(super) fn cases(raw: &RawIntent, document: &Document) -> Vec<Case> {
    let tests = raw.tests.iter().enumerate();
    tests
        .map(|(at, test)| Case {
            say: test.say.clone(),
            expect: test.expect.clone(),
            expect_not: test.expect_not.clone(),
            decision: test.decision,
            emotion: test.emotion,
            answer_has: test.answer_has.clone(),
            history: test.history.clone(),
            line: document.place(&format!("/tests/{at}")).line,
        })
        .collect()
}
