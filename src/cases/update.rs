use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Failure, Key, Mismatch, run};
use crate::catalogue::{Catalogue, Findings, Sources};
use crate::engine::Engine;
use crate::yaml;

/// What failing tests would have to say to expect what happens now, as edits of their files. Nothing is written.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// What would change.
    pub changes: Vec<Change>,
    /// What stays as it is, and why.
    pub kept: Vec<Kept>,
    /// The files that would change.
    pub files: Vec<Edited>,
}

/// One value of a test that would be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub file: PathBuf,
    /// The line of the test.
    pub line: usize,
    /// Its number in the file.
    at: usize,
    /// The key.
    pub key: Key,
}

/// An expectation that was not met and is not replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub file: PathBuf,
    /// The line of the test.
    pub line: usize,
    /// The key.
    pub key: Key,
    /// Why it is not replaced.
    pub why: &'static str,
}

/// A file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The file.
    pub path: PathBuf,
    /// Its text as it is.
    pub before: String,
    /// Its text as it would be.
    pub after: String,
}

/// Why an update must not be written.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The changed files would not load.
    #[error("the changed files would be refused, so nothing is written:\n{0}")]
    Refused(#[from] Findings),
    /// A changed test would fail still.
    #[error("{file}:{line}: `{key}` would fail still after the change, so nothing is written")]
    StillFails {
        /// The file.
        file: String,
        /// The line of the test.
        line: usize,
        /// The key.
        key: &'static str,
    },
}

impl Update {
    /// Plans the edits for some failures of the catalogue that `sources` hold.
    #[must_use]
    pub fn plan(sources: &Sources, failures: &[Failure]) -> Self {
        let mut update = Self::default();
        let mut texts: BTreeMap<&Path, (&str, String)> = BTreeMap::new();
        for failure in failures {
            let Some(source) = sources.intents.iter().find(|source| source.path == failure.file) else { continue };
            let (_, text) = texts.entry(&source.path).or_insert_with(|| (&source.text, source.text.clone()));
            for problem in &failure.problems {
                let (file, line, key) = (failure.file.clone(), failure.line, problem.key);
                match edit(text, failure, problem) {
                    Ok(changed) => {
                        *text = changed;
                        update.changes.push(Change { file, line, at: failure.at, key });
                    }
                    Err(why) => update.kept.push(Kept { file, line, key, why }),
                }
            }
        }
        let changed = texts.into_iter().filter(|(_, (before, after))| before != after);
        update.files = changed
            .map(|(path, (before, after))| Edited { path: path.to_owned(), before: before.to_owned(), after })
            .collect();
        update
    }

    /// What of the failures is left once the changes are written.
    #[must_use]
    pub fn left(&self, failures: &[Failure]) -> Vec<Failure> {
        let left = failures.iter().filter_map(|failure| {
            let mut left = failure.clone();
            left.problems.retain(|problem| !self.changes_that(failure, problem.key));
            (!left.problems.is_empty()).then_some(left)
        });
        left.collect()
    }

    fn changes_that(&self, failure: &Failure, key: Key) -> bool {
        let is_it = |change: &Change| change.file == failure.file && change.at == failure.at && change.key == key;
        self.changes.iter().any(is_it)
    }

    /// Makes sure that the changed files load and that every changed expectation is then met.
    ///
    /// # Errors
    /// What would be wrong with them; then they must not be written.
    pub fn verify(&self, engine: &Engine, sources: &Sources) -> Result<(), UpdateError> {
        let mut sources = sources.clone();
        for edited in &self.files {
            if let Some(source) = sources.intents.iter_mut().find(|source| source.path == edited.path) {
                source.text.clone_from(&edited.after);
            }
        }
        // Tests are no examples: what the engine learned from the catalogue as it is holds for the changed one too.
        let catalogue = Catalogue::check(&sources)?;
        let is_edited = |file: &Path| self.files.iter().any(|edited| edited.path == file);
        for intent in catalogue.intents().iter().filter(|intent| is_edited(&intent.file)) {
            for failure in run(engine, intent) {
                let is_changed = |key: Key| self.changes_that(&failure, key);
                if let Some(problem) = failure.problems.iter().find(|problem| is_changed(problem.key)) {
                    let (file, line) = (failure.file.display().to_string(), failure.line);
                    return Err(UpdateError::StillFails { file, line, key: problem.key.id() });
                }
            }
        }
        Ok(())
    }
}

/// The text of a file in which one expectation is what came instead; or why it is left.
fn edit(text: &str, failure: &Failure, problem: &Mismatch) -> Result<String, &'static str> {
    let forbidden = || failure.problems.iter().any(|other| other.key == Key::ExpectNot);
    match problem.key {
        Key::Say => return Err("the message itself has to be changed"),
        Key::AnswerHas => return Err("only you know which words the answer must hold"),
        Key::ExpectNot => return Err("only you know what it must not be taken for"),
        Key::Expect if forbidden() => return Err("`expect_not` of the same test forbids what is understood now"),
        Key::Expect | Key::Decision | Key::Emotion => {}
    }
    let pointer = format!("/tests/{}/{}", failure.at, problem.key.id());
    yaml::replace(text, &pointer, &problem.expected, &problem.got)
        .ok_or("its place in the file is not certain; change it by hand")
}
