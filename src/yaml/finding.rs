use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use utoipa::ToSchema;

/// A place in a file: line and column count from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The top of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The files are refused, or do harm as they are.
    Error,
    /// The files load; a careful lead would change them.
    Warning,
}

/// One problem in one file: what is wrong, where, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Finding {
    /// The file.
    #[schema(value_type = String)]
    pub file: PathBuf,
    /// Where in it.
    #[serde(flatten)]
    pub place: Place,
    /// How bad it is.
    pub severity: Severity,
    /// Names the kind of problem, for example `unknown-key`.
    #[schema(value_type = String)]
    pub code: &'static str,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        let kind = if self.severity == Severity::Error { "" } else { "warning: " };
        write!(f, "{}:{line}:{column}: {kind}{}: {}", self.file.display(), self.code, self.message)
    }
}

/// All problems of one load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn add(&mut self, file: &Path, place: Place, code: &'static str, message: impl Into<String>) {
        self.error(file, place, code, message);
    }

    pub(crate) fn error(&mut self, file: &Path, place: Place, code: &'static str, message: impl Into<String>) {
        let (file, message) = (file.to_owned(), message.into());
        self.0.push(Finding { file, place, severity: Severity::Error, code, message });
    }

    pub(crate) fn warn(&mut self, file: &Path, place: Place, code: &'static str, message: impl Into<String>) {
        let (file, message) = (file.to_owned(), message.into());
        self.0.push(Finding { file, place, severity: Severity::Warning, code, message });
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of one severity.
    #[must_use]
    pub fn only(self, severity: Severity) -> Self {
        Self(self.0.into_iter().filter(|finding| finding.severity == severity).collect())
    }

    /// By file, then by place.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort();
        self.0.dedup();
        self
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            writeln!(f, "{finding}")?;
        }
        write!(f, "{} problem{}", self.len(), if self.len() == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Findings {}
