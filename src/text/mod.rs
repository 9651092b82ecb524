//! From what a customer typed to what the rest of the program reads.
//!
//! [`Utterance`] is the checked input, [`Message`] the result: a plain form for exact matching and patterns, a model
//! form in which numbers, dates, links and the like are typed tokens, the entities with their place in the original
//! text, and the customer's language and script. Pure: no model, no input or output, no clock.

mod entity;
mod mask;
mod normalise;
mod script;
mod utterance;

pub use entity::{Entity, EntityKind};
pub use mask::{mask_identifiers, mask_personal_data};
pub use normalise::Plain;
pub use script::{Language, Tally, to_simplified, to_traditional};
pub use utterance::{MAX_CHARS, Utterance, UtteranceError};

/// The number of an order or a parcel as numbers are compared: in capitals, without spaces and hyphens, however it is spelled.
#[must_use]
pub fn key(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// One message, ready for matching and for the model.
///
/// ```
/// use triage::text::{Message, Utterance};
/// let message = Message::read(&Utterance::new("訂單202605260001到哪了？？？？").unwrap());
/// assert_eq!(message.plain(), "订单202605260001到哪了???");
/// assert_eq!(message.model(), "订单<order>到哪了???");
/// ```
#[derive(Clone)]
pub struct Message {
    plain: Plain,
    model: String,
    entities: Vec<Entity>,
    language: Language,
}

impl Message {
    /// Normalises, finds entities, and tells language and script.
    #[must_use]
    pub fn read(utterance: &Utterance) -> Self {
        let plain = Plain::of(utterance.as_str());
        let entities = entity::find(&plain);
        let model = entity::typed(&plain, &entities);
        let language = Language::of(utterance.as_str());
        Self { plain, model, entities, language }
    }

    /// NFKC, simplified, lower case, spaces collapsed, repetitions shortened: for patterns and exact matches.
    #[must_use]
    pub fn plain(&self) -> &str {
        self.plain.as_str()
    }

    /// The plain form with typed tokens (`<num>`, `<order>` …) in place of values: what the tokenizer gets.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Values found in the text, in order of appearance, never overlapping.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The language and script that this message is written in; Chinese, simplified, if in doubt.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Where `needle`, in plain form, stands in the original text: characters `start..end`.
    #[must_use]
    pub fn locate(&self, needle: &str) -> Option<std::ops::Range<usize>> {
        self.plain.locate(needle)
    }

    /// The characters of the original text that `range`, bytes of the plain form, came from.
    #[must_use]
    pub fn original(&self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.plain.original(range)
    }

    /// Whether nothing is left to read: empty, or only spaces and control characters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plain.as_str().is_empty()
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({} chars, {:?})", self.plain.as_str().chars().count(), self.language)
    }
}
