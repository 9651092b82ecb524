//! What comes back for one message: the decision with its reasons, the answer, and what was understood.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::labels::{Act, Emotion};
use crate::text::Language;

/// What happens with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// The reply answers it.
    Answer,
    /// The reply asks back.
    Ask,
    /// A person takes over.
    Handoff,
    /// Nothing is said.
    Silent,
}

impl DecisionKind {
    /// The id, as in files and answers.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Ask => "ask",
            Self::Handoff => "handoff",
            Self::Silent => "silent",
        }
    }
}

/// The reply to one message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reply {
    /// As sent, if it was.
    pub conversation_id: Option<String>,
    /// As sent, if it was.
    pub message_id: Option<String>,
    /// What happens with the message.
    pub decision: DecisionKind,
    /// Whether turn and hand-off are stored, and will be found again after a crash. If not, the gateway routes a hand-off
    /// itself, and may send the same message again.
    pub durable: bool,
    /// Whether this was decided on trial: it is recorded, and nothing is to be said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
    /// Earlier messages that this reply answers too.
    pub supersedes: Vec<String>,
    /// What to say; none when silent.
    pub answer: Option<Answer>,
    /// Up to three replies for the person who has the conversation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// Intents, the decided ones first, then the most probable; probabilities that need not sum to one.
    pub intents: Vec<ScoredIntent>,
    /// The probability that the message is none of the catalogue's intents.
    pub out_of_scope: f32,
    /// How the customer feels.
    pub emotion: EmotionReading,
    /// Values found in the text.
    pub slots: Vec<Slot>,
    /// Who takes over, by when, and with what; for hand-offs.
    pub handoff: Option<Handoff>,
    /// Why, the deciding reason first, then all others that applied.
    pub reasons: Vec<Reason>,
    /// Name and version of the model bundle.
    pub model: String,
    /// Hash and generation of the catalogue.
    pub catalogue: String,
    /// Time spent in each stage, in microseconds.
    pub timings_us: Timings,
}

impl Reply {
    /// Keeps what a caller over the network reads: the decided intents and the most probable, five at most.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        self.intents.truncate(5);
        self.intents.retain({
            let mut first = true;
            move |intent| std::mem::take(&mut first) || intent.score >= 0.02
        });
        self
    }
}

/// What is said to the customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Answer {
    /// The text, in the customer's language and script.
    pub text: String,
    /// Its language and script.
    pub lang: Language,
    /// The intents it answers.
    pub intents: Vec<String>,
    /// Which wording was used, from 0.
    pub variant: usize,
    /// What the customer can choose from, for a gateway to render.
    pub choices: Vec<Choice>,
}

/// Something to choose.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    /// The intent it stands for.
    pub value: String,
    /// What the customer reads.
    pub title: String,
}

/// An intent with its probability.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScoredIntent {
    /// The intent.
    pub id: String,
    /// Calibrated: 0.9 is meant to be right nine times in ten.
    pub score: f32,
    /// What is done with the topic; for business intents.
    pub act: Option<Act>,
}

/// The five emotion probabilities and what follows from them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmotionReading {
    /// The most probable.
    pub label: Emotion,
    /// Of all five; they sum to one.
    pub scores: EmotionScores,
    /// P(anger) + P(disappointment).
    pub upset: f32,
    /// Expected intensity, 0 (none) to 3 (furious or desperate).
    pub intensity: f32,
    /// Which way it goes over the turns of the conversation: `falling` is getting worse.
    pub mood: Mood,
}

impl EmotionReading {
    /// What the probabilities of [`Emotion::ALL`] say; `strength` is the intensity to expect if there is any emotion.
    pub(crate) fn of(shares: [f32; 5], strength: f32) -> Self {
        let [neutral, positive, anxiety, disappointment, anger] = shares;
        let best = (0..5).max_by(|a, b| shares[*a].total_cmp(&shares[*b]).then(b.cmp(a)));
        Self {
            label: Emotion::ALL[best.unwrap_or(0)],
            scores: EmotionScores { neutral, positive, anxiety, disappointment, anger },
            upset: anger + disappointment,
            intensity: (1.0 - neutral - positive).max(0.0) * strength,
            mood: Mood::Steady,
        }
    }
}

/// Probabilities of the five emotions.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the labels say it")]
pub struct EmotionScores {
    pub neutral: f32,
    pub positive: f32,
    pub anxiety: f32,
    pub disappointment: f32,
    pub anger: f32,
}

impl EmotionScores {
    /// Each with its emotion, in the order of [`Emotion::ALL`].
    #[must_use]
    pub fn by_label(&self) -> [(Emotion, f32); 5] {
        let Self { neutral, positive, anxiety, disappointment, anger } = *self;
        let scores = [neutral, positive, anxiety, disappointment, anger];
        std::array::from_fn(|at| (Emotion::ALL[at], scores[at]))
    }
}

/// How the emotion moves over turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Mood {
    Rising,
    Steady,
    Falling,
}

/// A value found in the text or the context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Slot {
    /// One of the slots: `region`, `amount`, `order_number` and so on.
    pub name: String,
    /// As used in answers.
    pub value: String,
    /// First character in the original text; null if it came from context or history.
    pub start: Option<usize>,
    /// One past the last character.
    pub end: Option<usize>,
}

/// The hand-off on its way to a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Handoff {
    /// Null where nothing is stored.
    pub ticket_id: Option<String>,
    /// Who takes it.
    pub queue: String,
    /// `urgent`, `serious`, `normal` or `suggestion`.
    pub level: crate::catalogue::Level,
    /// When a person must have answered, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    pub respond_due_at: jiff::Timestamp,
    /// When it must be solved, RFC 3339.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolve_due_at: Option<jiff::Timestamp>,
    /// For the person, personal data masked.
    pub summary: String,
    /// Hints for the person, never a reason to refuse.
    pub signals: Vec<String>,
}

/// One reason, for machines and for people.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Reason {
    /// For example `emotion:anger`, `answered`, `slot:region`.
    pub code: String,
    /// The evidence, for example `0.85 ≥ 0.60`.
    pub detail: String,
}

/// Microseconds in each stage.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the stages of ARCHITECTURE.md")]
pub struct Timings {
    pub normalise: u64,
    pub encode: u64,
    pub decide: u64,
    pub store: u64,
}
