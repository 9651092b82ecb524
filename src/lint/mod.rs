//! What the checks of the catalogue cannot see because it is not wrong, only bad: tone, claims, numbers, validity, thin
//! examples. Works on the words of the files, so that a file with errors elsewhere is still read.

mod allow;
mod answers;
mod examples;
mod manners;
mod pages;
pub mod sarif;
mod validity;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::catalogue::{Catalogue, SourceFile, Sources};
use crate::yaml::{Document, Findings, Severity};

pub use pages::{codes, page};

/// Checks and lints a set of files: every problem of both kinds, by file and place. `today` is the day in the shop.
#[must_use]
pub fn lint(sources: &Sources, today: Date) -> Findings {
    let mut findings = Catalogue::check(sources).err().unwrap_or_default();
    let mut own = Findings::default();
    let numbers = parse(&sources.shop).map(|shop| answers::numbers(&shop)).unwrap_or_default();
    for file in &sources.intents {
        if let Some(document) = parse(file) {
            intent(&document, today, &numbers, &mut own);
        }
    }
    if let Some(policy) = parse(&sources.policy) {
        for language in LANGUAGES {
            for text in policy.texts(&format!("/texts/*/{language}/*")) {
                manners::check(&policy, &text, language, false, &mut own);
                answers::language(&policy, &text, language, &mut own);
            }
        }
    }
    let files = sources.intents.iter().chain([&sources.policy, &sources.shop]);
    findings.extend(allow::apply(files, own));
    findings.sorted()
}

const LANGUAGES: [&str; 2] = ["zh", "en"];

/// What cannot be parsed is a finding of the catalogue's own check.
fn parse(file: &SourceFile) -> Option<Document> {
    Document::parse(&file.path, &file.text, &mut Findings::default())
}

fn intent(document: &Document, today: Date, numbers: &BTreeSet<String>, findings: &mut Findings) {
    let is_complaint = document.text("/id").is_some_and(|id| id == crate::labels::COMPLAINT);
    for language in LANGUAGES {
        for answer in document.children("/answers") {
            let upset = is_complaint || answers::is_for_upset(document, &answer);
            for text in document.texts(&format!("{answer}/{language}/*")) {
                manners::check(document, &text, language, upset, findings);
                answers::language(document, &text, language, findings);
                answers::length(document, &text, language, findings);
                answers::contradiction(document, &text, numbers, findings);
                answers::claim(document, (&answer, &text), language, findings);
            }
        }
        for text in document.texts(&format!("/slots/*/ask/{language}/*")) {
            manners::check(document, &text, language, false, findings);
            answers::language(document, &text, language, findings);
        }
    }
    answers::slots(document, findings);
    examples::check(document, findings);
    validity::check(document, today, findings);
}

/// Whether a code may be allowed in one place: what the catalogue cannot load with may not.
fn may_be_allowed(code: &str) -> bool {
    page(code).is_some() && pages::is_lint(code)
}

/// How many findings are errors.
#[must_use]
pub fn errors(findings: &Findings) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}
