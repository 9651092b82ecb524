//! The house rules of tone, from `manners.yaml`.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use crate::yaml::{Document, Findings, Text};

/// Emoji in one text, at most.
const MAX_EMOJI: usize = 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    rules: Vec<RawRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    code: String,
    languages: std::collections::BTreeMap<String, RawWords>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWords {
    patterns: Vec<String>,
    except: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    instead: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "the sentences that prove the rule, for its test"))]
    hits: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "the sentences that prove the rule, for its test"))]
    passes: Vec<String>,
}

/// One rule in one language.
struct Rule {
    code: &'static str,
    language: String,
    patterns: Vec<Regex>,
    except: Vec<Regex>,
    unless: Vec<Regex>,
    instead: String,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| raw().rules.iter().flat_map(compile).collect());
pub(super) static VARIABLE: LazyLock<Regex> = LazyLock::new(|| regex(r"\{\{.*?\}\}|\{%.*?%\}"));
static APOLOGY: LazyLock<Regex> = LazyLock::new(|| regex("(?i)抱歉|对不起|不好意思|遗憾|sorry|apolog"));

fn raw() -> RawRules {
    let mut findings = Findings::default();
    let file = std::path::Path::new("manners.yaml");
    let read = Document::parse(file, include_str!("manners.yaml"), &mut findings);
    let read = read.and_then(|document| serde_json::from_value(document.into_value()).ok());
    read.unwrap_or_else(|| unreachable!("the rules are compiled in and tested: {findings}"))
}

fn regex(source: &str) -> Regex {
    Regex::new(source).expect("compiled in and tested")
}

fn compile(raw: &RawRule) -> Vec<Rule> {
    let code = super::codes().find(|code| *code == raw.code).expect("compiled in and tested");
    let all = |sources: &[String]| sources.iter().map(|source| regex(source)).collect();
    let one = |(language, words): (&String, &RawWords)| Rule {
        code,
        language: language.clone(),
        patterns: all(&words.patterns),
        except: all(&words.except),
        unless: all(&words.unless),
        instead: words.instead.clone(),
    };
    raw.languages.iter().map(one).collect()
}

/// A text as it is judged: variables stand for values.
pub(super) fn as_said(template: &str) -> String {
    VARIABLE.replace_all(template, "1").into_owned()
}

impl Rule {
    /// The first words that break the rule.
    fn broken_by<'t>(&self, said: &'t str) -> Option<&'t str> {
        if self.unless.iter().any(|excuse| excuse.is_match(said)) {
            return None;
        }
        let excused = |found: &regex::Match<'_>| {
            let around = |other: regex::Match<'_>| other.start() <= found.start() && found.end() <= other.end();
            self.except.iter().any(|except| except.find_iter(said).any(around))
        };
        let mut found = self.patterns.iter().flat_map(|pattern| pattern.find_iter(said));
        found.find(|found| !excused(found)).map(|found| found.as_str())
    }
}

/// Checks one text that customers read; `upset` where it is for a complaint or an upset customer.
pub(super) fn check(document: &Document, text: &Text<'_>, language: &str, upset: bool, findings: &mut Findings) {
    let said = as_said(text.text);
    for rule in RULES.iter().filter(|rule| rule.language == language) {
        if let Some(words) = rule.broken_by(&said) {
            findings.warn(&document.file, text.place, rule.code, format!("「{}」: {}", words.trim(), rule.instead));
        }
    }
    let emoji = said.chars().filter(|c| is_emoji(*c)).count();
    let calm = upset || APOLOGY.is_match(&said);
    if emoji > if calm { 0 } else { MAX_EMOJI } {
        let allowed = if calm { "none in a complaint or an apology" } else { "at most two" };
        findings.warn(&document.file, text.place, "too-many-emoji", format!("{emoji} emoji; {allowed}"));
    }
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_finds_its_hits_and_no_rule_any_pass() {
        for raw in raw().rules {
            for rule in compile(&raw) {
                let words = &raw.languages[&rule.language];
                for hit in &words.hits {
                    assert!(rule.broken_by(hit).is_some(), "{} must find: {hit}", rule.code);
                }
                for pass in &words.passes {
                    let others = RULES.iter().filter(|other| other.language == rule.language);
                    for other in others {
                        assert_eq!(other.broken_by(pass), None, "{} must pass: {pass}", other.code);
                    }
                }
            }
        }
    }
}
