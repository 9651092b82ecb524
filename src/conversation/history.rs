//! What can be told from the messages that a caller sends along, for callers who keep their conversations themselves.

use super::{Situation, State};
use crate::catalogue::Catalogue;
use crate::incoming::{Incoming, Role};
use crate::slots::{Lexicon, Slots};
use crate::text::Tally;

/// Customers' messages that slots are taken from, at most.
const SLOTS_FROM: usize = 5;

impl Situation {
    /// What a request's own history tells: languages, slots, questions in a row, the last line. Not which intents were
    /// answered, and how the mood moved.
    #[must_use]
    pub fn of_history(incoming: &Incoming, catalogue: &Catalogue, lexicon: &Lexicon) -> Self {
        let history = incoming.history();
        let customer = || history.iter().rev().filter(|past| past.role == Role::Customer);
        let shop = || history.iter().rev().filter(|past| past.role != Role::Customer);
        let mut languages = Tally::default();
        customer().rev().for_each(|past| languages.add(&past.text));
        // The bot's own questions at the end, whatever the customer wrote between them.
        let asks = shop().take_while(|past| past.role == Role::Bot && catalogue.is_question(&past.text)).count();
        let state = State {
            asks,
            languages,
            slots: Slots::of_history(customer().take(SLOTS_FROM).map(|past| past.text.as_str()), lexicon),
            last_line: shop().next().map(|past| past.text.clone()).unwrap_or_default(),
            ..State::default()
        };
        Self { state, ..Self::default() }
    }
}
