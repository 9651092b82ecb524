//! Why a message was decided as it was, for people: what [`Engine::explain`](crate::Engine::explain) tells.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::SettledBy;
use crate::head::Neighbour;
use crate::labels::Act;
use crate::policy::{self, Evidence, Topic};

/// What a decision was made of, beside what the reply itself tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// What in a lead's file makes the intent certain, if anything does.
    pub settled: Option<Settled>,
    /// The first intents in the order of the reply: those decided on, then the most probable.
    pub candidates: Vec<Candidate>,
    /// The texts of the catalogue most like the message, nearest first.
    pub nearest: Vec<Near>,
    /// The smallest changes that would have led to another decision; empty where no single one would.
    pub changes: Vec<policy::Change>,
}

/// An example, title or pattern that the message meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// The intent.
    pub intent: String,
    /// What it is.
    pub by: SettledBy,
    /// The file in which it stands.
    pub file: PathBuf,
    /// The line, for examples and patterns.
    pub line: Option<usize>,
}

/// An intent as understood in a message, with what its probability is measured by.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Its probability.
    pub score: f32,
    /// The probability from which it is answered; none where no probability is enough.
    pub threshold: Option<f32>,
    /// Whether an example, title or pattern makes it certain, so that the threshold does not matter.
    pub is_settled: bool,
    /// What is done with it, for business intents.
    pub act: Option<Act>,
}

/// A text of the catalogue like the message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Near {
    /// The intent that it stands for.
    pub intent: String,
    /// The text.
    pub say: String,
    /// Cosine similarity.
    pub similarity: f32,
    /// The file in which it stands.
    pub file: Option<PathBuf>,
    /// The line in that file.
    pub line: Option<usize>,
}

impl Candidate {
    /// The threshold for people: a number, `never`, or `exact` where none is needed.
    #[must_use]
    pub fn threshold_shown(&self) -> String {
        match self.threshold {
            _ if self.is_settled => "exact".to_owned(),
            None => "never".to_owned(),
            Some(threshold) => format!("{threshold:.2}"),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = if self.is_settled || self.threshold.is_none() { "" } else { "from " };
        write!(f, "{} {:.2} ({from}{})", self.id, self.score, self.threshold_shown())
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, intent) = (self.file.display(), &self.intent);
        let place = self.line.map_or_else(|| file.to_string(), |line| format!("{file}:{line}"));
        match self.by {
            SettledBy::Example => write!(f, "certain: the example of {intent} in {place} is this message"),
            SettledBy::Title => write!(f, "certain: the title of {intent} in {place} is this message"),
            SettledBy::Pattern => write!(f, "certain: the pattern of {intent} in {place} matches this message"),
        }
    }
}

impl Explanation {
    /// How many near texts are told.
    pub(crate) const NEAREST: usize = 3;

    /// How many intents are told.
    const CANDIDATES: usize = 5;

    pub(crate) fn of(evidence: &Evidence<'_>, topics: &[Topic<'_>], nearest: &[Neighbour]) -> Self {
        let catalogue = evidence.catalogue;
        let settled = catalogue.settled(evidence.message.plain());
        let certain = settled.map(|settled| settled.intent);
        let candidate = |topic: &Topic<'_>| Candidate {
            id: topic.intent.id.clone(),
            score: topic.score.probability,
            threshold: Some(topic.score.threshold).filter(|threshold| *threshold <= 1.0),
            is_settled: certain == Some(topic.score.intent),
            act: topic.is_business().then_some(evidence.act()),
        };
        let near = |near: &Neighbour| {
            let (file, line) = catalogue.place_of(&near.say).unzip();
            let intent = catalogue.intents()[near.intent].id.clone();
            let (say, similarity) = (near.say.clone(), near.similarity);
            Near { intent, say, similarity, file: file.map(PathBuf::from), line }
        };
        Self {
            settled: settled.map(|settled| Settled {
                intent: catalogue.intents()[settled.intent].id.clone(),
                by: settled.by,
                file: settled.file.to_owned(),
                line: settled.line,
            }),
            candidates: topics.iter().take(Self::CANDIDATES).map(candidate).collect(),
            nearest: nearest.iter().map(near).collect(),
            changes: policy::changes(evidence, certain.is_some()),
        }
    }
}
