//! What can be wrong with a labelled file, all of it at once.

use std::fmt;
use std::path::{Path, PathBuf};

/// Problems listed when an error is printed; the rest are counted.
const SHOWN: usize = 20;

/// One problem of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; none when the file as a whole cannot be used.
    pub line: Option<usize>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// Why a labelled file or a label map cannot be used: every problem that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it, in the order of its lines.
    pub problems: Vec<Problem>,
}

impl DatasetError {
    pub(super) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), problems: Vec::new() }
    }

    pub(super) fn whole(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), problems: vec![Problem { line: None, message: message.into() }] }
    }

    pub(super) fn add(&mut self, line: usize, message: impl Into<String>) {
        self.problems.push(Problem { line: Some(line), message: message.into() });
    }

    /// The value that was read, unless there were problems.
    pub(super) fn unless_any<T>(mut self, value: T) -> Result<T, Self> {
        // Missing JSONL keys are known only after the last line, but belong to the first.
        self.problems.sort_by_key(|problem| problem.line);
        if self.problems.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        for (at, Problem { line, message }) in self.problems.iter().take(SHOWN).enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            match line {
                Some(line) => write!(f, "{separator}{file}:{line}: {message}")?,
                None => write!(f, "{separator}{file}: {message}")?,
            }
        }
        match self.problems.len() {
            0 | 1 => Ok(()),
            all if all <= SHOWN => write!(f, "\n{all} problems"),
            all => write!(f, "\n{all} problems, the first {SHOWN} shown"),
        }
    }
}

impl std::error::Error for DatasetError {}

/// Reads a file as UTF-8.
///
/// # Errors
/// When it cannot be read, or is written in another encoding, naming the line: spreadsheets like to save as GBK.
pub fn read_utf8(path: &Path) -> Result<String, DatasetError> {
    let bytes = std::fs::read(path).map_err(|error| DatasetError::whole(path, format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count();
        let mut problems = DatasetError::new(path);
        problems.add(line, "is not UTF-8; save the file as UTF-8");
        problems
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_twenty_and_counts_the_rest() {
        let mut error = DatasetError::new(Path::new("a.tsv"));
        error.add(1, "first");
        assert_eq!(error.to_string(), "a.tsv:1: first");
        for line in 2..=25 {
            error.add(line, "more");
        }
        let text = error.to_string();
        assert_eq!(text.lines().count(), 21);
        assert!(text.ends_with("a.tsv:20: more\n25 problems, the first 20 shown"), "{text}");
    }

    #[test]
    fn names_the_line_that_is_not_utf8() {
        let path = std::env::temp_dir().join(format!("triage-eval-{}.tsv", std::process::id()));
        std::fs::write(&path, b"text\nfine\n\xc4\xe3\n").unwrap();
        let error = read_utf8(&path).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(error.problems[0].line, Some(3));
        let gone = read_utf8(&path).unwrap_err().to_string();
        assert!(gone.contains("cannot be read"), "{gone}");
    }
}
