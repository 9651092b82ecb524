//! What goes in: a request as written, and the checked message that the pipeline works on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::{Language, Utterance, UtteranceError};

/// Earlier messages taken into account, at most; older ones are ignored.
pub const MAX_HISTORY: usize = 50;

/// A request as written. Unknown keys are refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The caller's id of the conversation.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub conversation_id: Option<String>,
    /// The caller's id of the message.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub message_id: Option<String>,
    /// What the customer typed, at most 8,000 characters; may be empty when there are attachments.
    #[schema(max_length = 8000)]
    pub text: String,
    /// Where it came from, for example `web`.
    #[serde(default)]
    pub channel: Option<String>,
    /// Language tag to answer in; told from the text if absent.
    #[serde(default)]
    pub lang: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub customer: Option<Customer>,
    /// What the customer is looking at.
    #[serde(default)]
    pub context: Option<Context>,
    /// What came with the text.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Earlier messages of the conversation, oldest first.
    #[serde(default)]
    pub history: Vec<PastMessage>,
    /// Who has the conversation.
    #[serde(default)]
    pub handled_by: HandledBy,
    /// How long to wait for further messages before deciding; a message that comes meanwhile is decided with this one, which is
    /// then answered `silent`, `superseded`.
    #[serde(default)]
    pub wait_ms: Option<u64>,
    /// How long the caller waits for the reply.
    #[serde(default)]
    pub deadline_ms: Option<u64>,
}

/// The customer, as far as the caller tells.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own names")]
pub struct Customer {
    #[serde(default)]
    pub id: Option<String>,
    /// Whether the caller vouches for the id.
    #[serde(default)]
    pub verified: bool,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub tier: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What surrounds the message.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the contract's own names")]
pub struct Context {
    #[serde(default)]
    pub order_ids: Vec<String>,
    #[serde(default)]
    pub product: Option<String>,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub basket: Vec<serde_json::Value>,
    /// Coupons that the customer has, by the ids of the promotions in `config/shop.yaml`.
    #[serde(default)]
    pub coupons: Vec<String>,
    #[serde(default)]
    pub page: Option<String>,
}

/// Something sent beside the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// Where the caller keeps it.
    pub reference: String,
}

/// Kinds of attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum AttachmentKind {
    Image,
    Voice,
    File,
    ProductCard,
    OrderCard,
}

/// One earlier message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PastMessage {
    /// Who wrote it.
    pub role: Role,
    /// What.
    pub text: String,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Role {
    Customer,
    Agent,
    Bot,
}

/// Who has the conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum HandledBy {
    #[default]
    Bot,
    Queue,
    Person,
}

/// Why a request cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The text is too long.
    #[error("{0}")]
    Text(#[from] UtteranceError),
    /// Nothing to read.
    #[error("`text` is empty and there are no attachments; one of them must be given")]
    Empty,
    /// A language that is not answered in.
    #[error("`lang` is `{0}`; allowed: zh-Hans, zh-Hant, en")]
    Language(String),
    /// An id that cannot be kept.
    #[error("`{field}` has {length} characters; 1 to 200 are allowed")]
    Id {
        /// Which.
        field: &'static str,
        /// How long it is.
        length: usize,
    },
}

/// A checked message with what surrounds it.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub(crate) utterance: Utterance,
    pub(crate) request: Request,
    pub(crate) language: Option<Language>,
    /// Characters of the utterance that stand before the message's own text: earlier messages of a burst.
    pub(crate) before: usize,
}

impl Incoming {
    /// A bare text, for use in-process.
    ///
    /// # Errors
    /// When the text is empty or too long.
    pub fn text(text: impl Into<String>) -> Result<Self, RequestError> {
        Request { text: text.into(), ..Request::default() }.check()
    }

    /// What the customer typed.
    #[must_use]
    pub fn utterance(&self) -> &Utterance {
        &self.utterance
    }

    /// The caller's ids: conversation, message.
    #[must_use]
    pub fn ids(&self) -> (Option<&str>, Option<&str>) {
        (self.request.conversation_id.as_deref(), self.request.message_id.as_deref())
    }

    /// The customer's id, if the caller told.
    #[must_use]
    pub fn customer_id(&self) -> Option<&str> {
        self.request.customer.as_ref()?.id.as_deref()
    }

    /// The customer's id, if the caller vouches for it.
    #[must_use]
    pub fn verified_customer(&self) -> Option<&str> {
        self.customer_id().filter(|_| self.request.customer.as_ref().is_some_and(|customer| customer.verified))
    }

    /// The customer's tier, if the caller told.
    #[must_use]
    pub fn tier(&self) -> Option<&str> {
        self.request.customer.as_ref()?.tier.as_deref()
    }

    /// How long further messages are waited for, in milliseconds.
    #[must_use]
    pub fn wait_ms(&self) -> u64 {
        self.request.wait_ms.unwrap_or_default()
    }

    /// The same with an id of its own, where it belongs to a conversation and came without.
    #[must_use]
    pub fn with_ids(mut self) -> Self {
        if self.request.conversation_id.is_some() && self.request.message_id.is_none() {
            self.request.message_id = Some(uuid::Uuid::now_v7().to_string());
        }
        self
    }

    /// How long the caller waits, in milliseconds.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        self.request.deadline_ms
    }

    /// This message read together with what its sender wrote just before; alone if both are too long for one message.
    pub(crate) fn following(&self, earlier: &str) -> Self {
        let joined = format!("{earlier}\n{}", self.utterance.as_str());
        let Ok(utterance) = Utterance::new(joined) else { return self.clone() };
        Self { utterance, before: self.before + earlier.chars().count() + 1, ..self.clone() }
    }

    /// Earlier messages, oldest first, at most [`MAX_HISTORY`].
    pub(crate) fn history(&self) -> &[PastMessage] {
        let history = &self.request.history;
        &history[history.len().saturating_sub(MAX_HISTORY)..]
    }
}

impl Request {
    /// Checks everything that a type cannot say.
    ///
    /// # Errors
    /// The first [`RequestError`] found.
    pub fn check(mut self) -> Result<Incoming, RequestError> {
        let utterance = Utterance::new(std::mem::take(&mut self.text))?;
        if utterance.as_str().trim().is_empty() && self.attachments.is_empty() {
            return Err(RequestError::Empty);
        }
        for (field, id) in [("conversation_id", &self.conversation_id), ("message_id", &self.message_id)] {
            let length = id.as_ref().map_or(1, |id| id.chars().count());
            if !(1..=200).contains(&length) {
                return Err(RequestError::Id { field, length });
            }
        }
        let language = match &self.lang {
            None => None,
            Some(tag) => Some(Language::from_tag(tag).ok_or_else(|| RequestError::Language(tag.clone()))?),
        };
        Ok(Incoming { utterance, request: self, language, before: 0 })
    }
}
