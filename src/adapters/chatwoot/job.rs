//! A letter in work: what it says, what is done of it, and why it may come to nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::{CallError, Place};
use super::payload::{Status, Told, What, Written};
use crate::desk::DeskError;
use crate::store::{Letter, StoreError};

/// Something done in Chatwoot, in the order of a hand-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Note,
    Priority,
    Team,
    Labels,
    Said,
}

/// What is done of a letter. Holds nothing that a customer wrote.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    pub(super) done: Vec<Step>,
    /// Sent, and perhaps taken: its answer may have got lost.
    pub(super) begun: Option<Step>,
    /// When it was its turn, a person had the conversation.
    pub(super) person: bool,
    /// Why the bot has no answer: all that is left to do is to call people.
    pub(super) given_up: Option<String>,
}

impl Progress {
    pub(super) fn has(&self, step: Step) -> bool {
        self.done.contains(&step)
    }
}

pub(super) struct Job {
    pub(super) letter: Letter,
    pub(super) told: Told,
    pub(super) progress: Progress,
}

impl Job {
    /// Nothing if it cannot be read: another version of this program wrote it.
    pub(super) fn read(letter: &Letter) -> Option<Self> {
        let told = serde_json::from_str(&letter.body).ok()?;
        let progress = match letter.progress.as_str() {
            "" => Progress::default(),
            text => serde_json::from_str(text).ok()?,
        };
        Some(Self { letter: letter.clone(), told, progress })
    }

    pub(super) fn place(&self) -> Place {
        Place { account: self.told.account, conversation: self.told.conversation }
    }

    /// What a customer wrote to the bot.
    pub(super) fn for_bot(&self) -> Option<&Written> {
        match &self.told.what {
            What::Customer(written) if self.told.status == Status::Pending => Some(written),
            _ => None,
        }
    }
}

/// Why something came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// It may succeed later.
    #[error("{why}")]
    Passing { why: String, asked: Option<Duration> },
    /// It will not.
    #[error("{0}")]
    Lasting(String),
    /// The conversation is not there any more.
    #[error("{0}")]
    Gone(String),
    /// What is done cannot be written down; nothing more is done before it can.
    #[error(transparent)]
    Inbox(StoreError),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let why = error.to_string();
        match error {
            CallError::Passing { asked, .. } => Self::Passing { why, asked },
            // Somebody may put the token right.
            CallError::Denied { .. } => Self::Passing { why, asked: None },
            CallError::Gone { .. } => Self::Gone(why),
            CallError::Refused { .. } => Self::Lasting(why),
        }
    }
}

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Refused(_) | DeskError::Store(_) | DeskError::Unavailable(_) => {
                Self::Passing { why: error.to_string(), asked: None }
            }
            // Its own words may repeat what was sent.
            DeskError::Request(_) => Self::Lasting("the message cannot be read".to_owned()),
            DeskError::OtherMessage(_) => Self::Lasting("the message came before with another content".to_owned()),
            other => Self::Lasting(other.to_string()),
        }
    }
}
