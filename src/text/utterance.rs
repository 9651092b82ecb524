use std::fmt;

/// The longest text accepted, in characters.
pub const MAX_CHARS: usize = 8_000;

/// What one customer typed: at most [`MAX_CHARS`] characters. `Debug` never shows the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Utterance(String);

/// Why a text is not an [`Utterance`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UtteranceError {
    /// Longer than [`MAX_CHARS`].
    #[error("text has {chars} characters, at most {MAX_CHARS} are allowed")]
    TooLong {
        /// How many it has.
        chars: usize,
    },
}

impl Utterance {
    /// Checks the length.
    ///
    /// # Errors
    /// [`UtteranceError::TooLong`] above [`MAX_CHARS`] characters.
    pub fn new(text: impl Into<String>) -> Result<Self, UtteranceError> {
        let text = text.into();
        // A character is at least one byte: only texts with more bytes than the limit need counting.
        if text.len() > MAX_CHARS {
            let chars = text.chars().count();
            if chars > MAX_CHARS {
                return Err(UtteranceError::TooLong { chars });
            }
        }
        Ok(Self(text))
    }

    /// The text as typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Utterance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Utterance({} chars)", self.0.chars().count())
    }
}
