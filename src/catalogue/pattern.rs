use regex::{Regex, RegexBuilder};

use super::raw::RawPatternRule;
use crate::text::{Message, Plain, Utterance};
use crate::yaml::Document;
use crate::yaml::Findings;

/// Regular expressions on the plain text, proven by sentences that must and must not match.
#[derive(Debug)]
pub struct PatternRule {
    /// Names the rule in reasons.
    pub id: String,
    any: Vec<Regex>,
    unless: Vec<Regex>,
}

impl PatternRule {
    /// Whether one of the expressions matches, and none that keeps the rule from applying.
    #[must_use]
    pub fn matches(&self, message: &Message) -> bool {
        let is_hit = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(message.plain()));
        is_hit(&self.any) && !is_hit(&self.unless)
    }

    /// Compiles the expressions and tries the sentences; every failure is a finding.
    pub(super) fn check(raw: &RawPatternRule, document: &Document, pointer: &str, findings: &mut Findings) -> Self {
        let mut compiled = |key: &str, sources: &[String]| -> Vec<Regex> {
            let sources = sources.iter().enumerate();
            sources
                .filter_map(|(at, source)| compile(source, document, &format!("{pointer}/{key}/{at}"), findings))
                .collect()
        };
        let (any, unless) = (compiled("any", &raw.any), compiled("unless", &raw.unless));
        let rule = Self { id: raw.id.clone(), any, unless };
        if rule.any.len() == raw.any.len() && rule.unless.len() == raw.unless.len() {
            for (at, sentence) in raw.hits.iter().enumerate() {
                if !rule.matches_text(sentence) {
                    let place = document.place(&format!("{pointer}/hits/{at}"));
                    findings.add(
                        &document.file,
                        place,
                        "pattern-test",
                        format!("`{sentence}` must match rule `{}` but no pattern does", rule.id),
                    );
                }
            }
            for (at, sentence) in raw.passes.iter().enumerate() {
                if rule.matches_text(sentence) {
                    let place = document.place(&format!("{pointer}/passes/{at}"));
                    findings.add(
                        &document.file,
                        place,
                        "pattern-test",
                        format!("`{sentence}` must not match rule `{}` but a pattern does", rule.id),
                    );
                }
            }
        }
        rule
    }

    fn matches_text(&self, text: &str) -> bool {
        Utterance::new(text).is_ok_and(|utterance| self.matches(&Message::read(&utterance)))
    }
}

/// Compiles one expression, written against the plain text (simplified, lower case); letter case is ignored.
pub(super) fn compile(source: &str, document: &Document, pointer: &str, findings: &mut Findings) -> Option<Regex> {
    // Patterns may be written in traditional script or full width; the text that they meet never is.
    let folded = if source.chars().any(|c| c as u32 > 0xff && !source.contains("\\p")) {
        fold_literals(source)
    } else {
        source.to_owned()
    };
    match RegexBuilder::new(&folded).case_insensitive(true).size_limit(1 << 22).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            findings.add(
                &document.file,
                document.place(pointer),
                "bad-pattern",
                format!("not a regular expression: {last}"),
            );
            None
        }
    }
}

/// Each character outside ASCII as the normaliser would leave it.
fn fold_literals(source: &str) -> String {
    source
        .chars()
        .map(|c| {
            let folded = Plain::of(c.encode_utf8(&mut [0; 4]));
            let mut chars = folded.as_str().chars();
            match (chars.next(), chars.next()) {
                // Full-width signs that are regular-expression syntax once folded stay literal.
                (Some(one), None) if !c.is_ascii() && one.is_ascii_punctuation() => format!("\\{one}"),
                (Some(one), None) if !c.is_ascii() => one.to_string(),
                _ => c.to_string(),
            }
        })
        .collect()
}
