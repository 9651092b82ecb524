//! What the checks of the catalogue cannot see because it is not wrong, only bad: tone, claims, numbers, validity, thin
//! examples. Works on the words of the files, so that a file with errors elsewhere is still read.

mod allow;
mod answers;
mod examples;
mod manners;
mod pages;
pub mod sarif;
mod validity;
mod vectors;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use jiff::civil::Date;

use crate::catalogue::{Catalogue, SourceFile, Sources};
use crate::yaml::{Document, Findings, Severity};

pub use pages::{codes, page};
pub use vectors::by_vector;

/// Checks and lints a set of files: every problem of both kinds, by file and place. `today` is the day in the shop.
#[must_use]
pub fn lint(sources: &Sources, today: Date) -> Findings {
    let mut findings = Catalogue::check(sources).err().unwrap_or_default();
    findings.extend(Linter::default().lint(sources, today));
    findings.sorted()
}

/// Lints files again and again, each only when it changed.
#[derive(Debug, Default)]
pub struct Linter {
    known: HashMap<PathBuf, Known>,
}

/// What was found in a file, and what it depends on.
#[derive(Debug)]
struct Known {
    text: String,
    today: Date,
    numbers: BTreeSet<String>,
    findings: Findings,
}

impl Linter {
    /// Lints a set of files, beyond what [`Catalogue::check`] finds.
    pub fn lint(&mut self, sources: &Sources, today: Date) -> Findings {
        let numbers = parse(&sources.shop).map(|shop| answers::numbers(&shop)).unwrap_or_default();
        let mut out = Findings::default();
        let mut lint = |file: &SourceFile, rules: &dyn Fn(&Document, &mut Findings)| {
            let is_fresh = |known: &&Known| known.text == file.text && known.today == today && known.numbers == numbers;
            if let Some(known) = self.known.get(&file.path).filter(is_fresh) {
                return out.extend(known.findings.clone());
            }
            let mut own = Findings::default();
            if let Some(document) = parse(file) {
                rules(&document, &mut own);
            }
            let findings = allow::apply([file].into_iter(), own, &|code| !vectors::CODES.contains(&code));
            out.extend(findings.clone());
            let known = Known { text: file.text.clone(), today, numbers: numbers.clone(), findings };
            self.known.insert(file.path.clone(), known);
        };
        for file in &sources.intents {
            lint(file, &|document, findings| intent(document, today, &numbers, findings));
        }
        lint(&sources.policy, &policy);
        lint(&sources.shop, &|_, _| {});
        self.known.retain(|path, _| sources.files().any(|file| file.path == *path));
        out.sorted()
    }
}

fn policy(document: &Document, findings: &mut Findings) {
    for language in LANGUAGES {
        for text in document.texts(&format!("/texts/*/{language}/*")) {
            manners::check(document, &text, language, false, findings);
            answers::language(document, &text, language, findings);
        }
    }
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
