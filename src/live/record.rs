//! What is served, what was served before, what was refused.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::RollbackError;
use super::change::Refusal;
use crate::cases::Failure;
use crate::catalogue::{Finding, Findings, Sources};
use crate::engine::Engine;

/// Generations that can be gone back to, the serving one included.
const KEPT: usize = 10;

/// The catalogue's state, for people and programs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Status {
    /// The generation that is served.
    #[schema(examples(12))]
    pub generation: u64,
    /// SHA-256 over its files.
    #[schema(examples("sha256:09686f…"))]
    pub hash: String,
    /// Since when it is served.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// How the files in the folders stand to it.
    pub files: Files,
    /// Generations that can be gone back to, the newest first.
    pub generations: Vec<Generation>,
    /// What the lint warned of when it was taken up while serving.
    pub warnings: Vec<Finding>,
    /// What was last refused, and why; it stays here after the files were mended.
    pub last_rejection: Option<Rejection>,
}

/// How the files stand to the generation that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Files {
    /// They are what is served.
    Served,
    /// They were refused.
    Refused,
    /// Somebody went back to an earlier generation.
    HeldBack,
}

/// A catalogue that is or was served.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Generation {
    /// Its number.
    #[schema(examples(12))]
    pub number: u64,
    /// SHA-256 over its files.
    #[schema(examples("sha256:09686f…"))]
    pub hash: String,
    /// When it was last taken up.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The number of the one that it took the place of when it was first served; going back from it leads there.
    #[schema(examples(11))]
    pub replaces: Option<u64>,
    /// How many intents it has.
    #[schema(examples(41))]
    pub intents: usize,
    /// How many examples and near misses.
    #[schema(examples(4781))]
    pub examples: usize,
}

/// How far refused files came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A file could not be read.
    Reading,
    /// They have findings.
    Checking,
    /// The model could not read an example.
    Fitting,
    /// Tests of what changed, or of what it collides with, fail and did not before. They were never served.
    Tests,
    /// Other tests fail and did not before. They were served for a moment.
    AllTests,
}

impl Stage {
    /// As it is written.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Checking => "checking",
            Self::Fitting => "fitting",
            Self::Tests => "tests",
            Self::AllTests => "all_tests",
        }
    }
}

/// Why files were refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Rejection {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How far they came.
    pub stage: Stage,
    /// SHA-256 over them; absent if they could not be read.
    pub hash: Option<String>,
    /// In one sentence.
    #[schema(examples("2 findings; nothing was changed"))]
    pub message: String,
    /// What is wrong, file by file.
    pub findings: Vec<Finding>,
    /// The tests that fail and did not before.
    pub failures: Vec<Failure>,
}

impl Rejection {
    pub(super) fn new(refusal: Refusal, hash: Option<String>) -> Self {
        let message = refusal.to_string();
        let (stage, findings, failures) = match refusal {
            Refusal::Unreadable(_) => (Stage::Reading, Vec::new(), Vec::new()),
            Refusal::Findings(findings) => (Stage::Checking, findings.into_iter().collect(), Vec::new()),
            Refusal::Fit(_) => (Stage::Fitting, Vec::new(), Vec::new()),
            Refusal::Tests(failures) => (Stage::Tests, Vec::new(), failures),
            Refusal::AllTests(failures) => (Stage::AllTests, Vec::new(), failures),
        };
        let hash = hash.map(|hash| format!("sha256:{hash}"));
        Self { at: Timestamp::now(), stage, hash, message, findings, failures }
    }

    /// The same for files that were served already.
    pub(super) fn withdrawn(mut self) -> Self {
        self.message.push_str("; the edit was served for a moment and is withdrawn");
        self
    }
}

/// The book of generations.
pub(super) struct Record {
    /// By when they were last served: the serving one is last.
    kept: VecDeque<(Generation, Arc<Sources>)>,
    serving: u64,
    highest: u64,
    files: Files,
    /// Files that are not tried again by themselves.
    refused: Option<String>,
    rejection: Option<Rejection>,
    warnings: Vec<Finding>,
}

impl Record {
    pub(super) fn new(engine: &Engine) -> Self {
        let mut record = Self {
            kept: VecDeque::new(),
            serving: 0,
            highest: 0,
            files: Files::Served,
            refused: None,
            rejection: None,
            warnings: Vec::new(),
        };
        record.serving(engine, Findings::default());
        record
    }

    /// An engine is served from now on.
    pub(super) fn serving(&mut self, engine: &Engine, warnings: Findings) {
        self.warnings = warnings.into_iter().collect();
        let number = engine.generation();
        let at = self.kept.iter().position(|(kept, _)| kept.number == number);
        let replaces = match at.and_then(|at| self.kept.remove(at)) {
            Some((known, _)) => known.replaces,
            None => self.kept.back().map(|(last, _)| last.number),
        };
        let generation = Generation {
            number,
            hash: format!("sha256:{}", engine.catalogue().hash()),
            since: Timestamp::now(),
            replaces,
            intents: engine.catalogue().intents().len(),
            examples: engine.fit_report().examples,
        };
        self.serving = number;
        self.highest = self.highest.max(number);
        self.kept.push_back((generation, Arc::clone(engine.sources())));
        self.in_step();
    }

    /// What is served stays, so the oldest may go. Not before: what is withdrawn costs no other its place.
    pub(super) fn settle(&mut self) {
        while self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }

    /// The files are what is served.
    pub(super) fn in_step(&mut self) {
        self.files = Files::Served;
        self.refused = None;
        metrics::gauge!("triage_catalogue_files_refused").set(0.0);
    }

    /// The files were refused.
    pub(super) fn reject(&mut self, rejection: Rejection) {
        self.files = Files::Refused;
        self.refused.clone_from(&rejection.hash);
        self.rejection = Some(rejection);
    }

    /// The files were served for a moment; `serving` is served again.
    pub(super) fn withdraw(&mut self, serving: &Engine, rejection: Rejection) {
        self.kept.pop_back();
        self.serving(serving, Findings::default());
        self.reject(rejection);
    }

    /// Somebody went back; the files are left alone until they change, unless they are just what is served now.
    pub(super) fn hold_back(&mut self, files: Option<String>) {
        let files = files.map(|hash| format!("sha256:{hash}"));
        let serving = self.kept.back().map(|(serving, _)| &serving.hash);
        if files.is_some() && files.as_ref() == serving {
            return self.in_step();
        }
        self.refused = files;
        self.files = Files::HeldBack;
    }

    pub(super) fn is_refused(&self, hash: &str) -> bool {
        self.refused.as_deref().and_then(|refused| refused.strip_prefix("sha256:")) == Some(hash)
    }

    pub(super) fn next_number(&self) -> u64 {
        self.highest + 1
    }

    /// A generation to go back to: the one before if none is wanted in particular.
    pub(super) fn find(&self, wanted: Option<u64>) -> Result<(u64, Arc<Sources>), RollbackError> {
        let number = wanted.or_else(|| self.before());
        let found = self.kept.iter().find(|(kept, _)| Some(kept.number) == number);
        let found = found.map(|(kept, sources)| (kept.number, Arc::clone(sources)));
        found.ok_or_else(|| {
            let mut kept: Vec<u64> = self.kept.iter().map(|(kept, _)| kept.number).collect();
            kept.sort_unstable();
            let kept = kept.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            RollbackError::Unknown { wanted, kept }
        })
    }

    /// The generation that the serving one took the place of, or the newest that is older if that is kept no more. One
    /// that somebody went back from is left out, so that it does not come back by going back.
    fn before(&self) -> Option<u64> {
        let numbers = || self.kept.iter().map(|(kept, _)| kept.number);
        let replaces = self.kept.back()?.0.replaces?;
        numbers().find(|kept| *kept == replaces).or_else(|| numbers().filter(|kept| *kept < replaces).max())
    }

    pub(super) fn status(&self) -> Status {
        let serving = self.kept.iter().map(|(kept, _)| kept).find(|kept| kept.number == self.serving);
        let serving = serving.expect("what is served is kept");
        let mut generations: Vec<Generation> = self.kept.iter().map(|(kept, _)| kept.clone()).collect();
        generations.sort_by_key(|kept| std::cmp::Reverse(kept.number));
        let mut generations: Vec<Generation> = self.kept.iter().map(|(kept, _)| kept.clone()).collect();
        generations.sort_by_key(|kept| std::cmp::Reverse(kept.number));
        Status {
            generation: serving.number,
            hash: serving.hash.clone(),
            since: serving.since,
            files: self.files,
            generations,
            warnings: self.warnings.clone(),
            last_rejection: self.rejection.clone(),
        }
    }
}
