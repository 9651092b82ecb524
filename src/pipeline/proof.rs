//! Which order is meant, and that the customer may see it: short messages that only make sense after the bot's question.

use crate::catalogue::Catalogue;
use crate::conversation::{self, Awaiting, State};
use crate::slots::Slots;
use crate::text::{EntityKind, Message};

/// What the bot says when it asks for the digits, for callers who keep their conversations themselves.
const ASKED: [&str; 3] = ["后四位", "後四位", "last four digits"];

/// Digits of an order number's end that tell it from the others.
const END: usize = 3;

/// The order that a message picks of those offered: by its place (第二个), by the end of its number, or by what was bought.
pub(super) fn picked(message: &Message, state: &State) -> Option<String> {
    if !awaits(state, "order_number") || state.orders.is_empty() {
        return None;
    }
    let numbers: Vec<&str> = state.orders.iter().map(|order| order.number.as_str()).collect();
    let plain = message.plain();
    let by_place = conversation::choice(plain, &numbers);
    let ends = |number: &&str| {
        let digits = message.entities().iter().map(|entity| entity.text.to_uppercase());
        digits.into_iter().any(|digits| digits.len() >= END && number.ends_with(&digits))
    };
    let bought = |order: &&conversation::OfferedOrder| {
        order.titles.iter().any(|title| {
            plain.contains(title.as_str())
                || (plain.chars().count() >= 2 && title.contains(plain.trim_end_matches(['的', '那', '个', '单'])))
        })
    };
    let number = by_place
        .map(|at| numbers[at])
        .or_else(|| only(numbers.iter().copied().filter(ends)))
        .or_else(|| only(state.orders.iter().filter(bought).map(|order| order.number.as_str())))?;
    Some(number.to_owned())
}

/// The last four digits of a phone: named as such, or given when they were asked for; also the end of a whole number.
pub(super) fn digits(message: &Message, slots: &Slots, state: &State) -> Option<String> {
    let asked = awaits(state, "phone_last4") || ASKED.iter().any(|words| state.last_line.contains(words));
    if !asked {
        return slots.phone_last4.clone();
    }
    let of_entity = |kind: EntityKind, text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        match kind {
            EntityKind::Phone if digits.len() >= 11 => Some(digits[digits.len() - 4..].to_owned()),
            EntityKind::Number if digits.len() == 4 => Some(digits),
            _ => None,
        }
    };
    let given = message.entities().iter().rev().find_map(|entity| of_entity(entity.kind, &entity.text));
    given.or_else(|| slots.phone_last4.clone())
}

/// The intent that a picked order, or digits, go on with.
pub(super) fn continued(catalogue: &Catalogue, state: &State, hands_over: bool) -> Option<usize> {
    match &state.awaiting {
        Awaiting::Slot { intent, slot } if hands_over && (slot == "order_number" || slot == "phone_last4") => {
            catalogue.index(intent)
        }
        _ => None,
    }
}

fn awaits(state: &State, name: &str) -> bool {
    matches!(&state.awaiting, Awaiting::Slot { slot, .. } if slot == name)
}

/// The one of several that are the same or alone.
fn only<'t>(mut found: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
