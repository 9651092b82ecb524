//! What an intent is learned from: enough, varied, nobody's data; and whether it has tests.

use std::collections::BTreeMap;

use crate::text::{Entity, EntityKind, Message, Utterance};
use crate::yaml::{Document, Findings, Place, Text};

/// Examples below which an intent is guessed rather than known.
const LEAST: [(&str, usize); 2] = [("zh", 8), ("en", 3)];

pub(super) fn check(document: &Document, findings: &mut Findings) {
    let enabled = document.flag("/enabled").unwrap_or(true);
    for (language, least) in LEAST {
        let pointer = format!("/examples/{language}");
        let examples = said(document, &pointer);
        if enabled && !examples.is_empty() && examples.len() < least {
            let message = format!("{} in `{language}`; at least {least}, better 30 and more", examples.len());
            findings.warn(&document.file, document.place(&pointer), "thin-examples", message);
        }
        uniform(document, document.place(&pointer), language, &examples, findings);
        personal(document, &examples, findings);
    }
    personal(document, &document.texts("/near_misses/*/say"), findings);
    personal(document, &document.texts("/tests/*/say"), findings);
    if enabled && document.text("/id").is_some() && document.children("/tests").is_empty() {
        let message = "no `tests`: an edit elsewhere could break this intent unseen";
        findings.warn(&document.file, document.place("/id"), "untested", message);
    }
}

fn said<'d>(document: &'d Document, pointer: &str) -> Vec<Text<'d>> {
    let mut out = document.texts(&format!("{pointer}/*"));
    out.extend(document.texts(&format!("{pointer}/*/say")));
    out
}

/// One beginning, written again and again, teaches that beginning.
fn uniform(document: &Document, place: Place, language: &str, examples: &[Text<'_>], findings: &mut Findings) {
    let start = |text: &str| -> String {
        match language {
            "zh" => text.chars().take(3).collect(),
            _ => text.split_whitespace().take(2).collect::<Vec<_>>().join(" ").to_lowercase(),
        }
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    examples.iter().for_each(|example| *counts.entry(start(example.text)).or_default() += 1);
    if let Some((beginning, count)) = counts.iter().max_by_key(|(_, count)| **count)
        && examples.len() >= 6
        && count * 2 >= examples.len()
    {
        let message =
            format!("{count} of {} examples begin with `{beginning}`; vary how they are said", examples.len());
        findings.warn(&document.file, place, "uniform-examples", message);
    }
}

fn personal(document: &Document, texts: &[Text<'_>], findings: &mut Findings) {
    for text in texts {
        let Ok(utterance) = Utterance::new(text.text) else { continue };
        if let Some(entity) = Message::read(&utterance).entities().iter().find(|entity| is_someones(entity)) {
            let message = format!(
                "holds personal data ({:?}); leave it out, or make it up: four equal digits in a row, an address at example.com",
                entity.kind
            );
            findings.error(&document.file, text.place, "personal-data", message);
        }
    }
}

/// Whether a value may be a real person's: neither a mask nor plainly made up.
fn is_someones(entity: &Entity) -> bool {
    let digits: Vec<char> = entity.text.chars().filter(char::is_ascii_digit).collect();
    let made_up = match entity.kind {
        EntityKind::Email => entity.text.contains("@example."),
        _ => digits.windows(4).any(|four| four.iter().all(|digit| *digit == four[0])),
    };
    let mask = digits.is_empty() && !entity.text.contains('@');
    entity.kind.is_personal() && !made_up && !mask
}
