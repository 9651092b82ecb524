//! Which order is meant, and that the customer may see it: short messages that only make sense after the bot's question.

use std::sync::LazyLock;

use regex::Regex;

use crate::catalogue::Catalogue;
use crate::conversation::{self, Awaiting, OfferedOrder, State};
use crate::orders::last_four;
use crate::slots::Slots;
use crate::text::{EntityKind, Message, key};

/// What the bot says when it asks for the digits, for callers who keep their conversations themselves.
const ASKED: [&str; 3] = ["后四位", "後四位", "last four digits"];

/// Digits of an order number's end that tell it from the others.
const END: usize = 3;

/// Words beside four digits that are still little else.
const BESIDE: usize = 10;

/// The order that a message picks of those offered to this customer: by its place (第二个), by the end of its number, or by
/// what was bought.
pub(super) fn picked(message: &Message, state: &State, customer: Option<&str>) -> Option<String> {
    let customer = customer.filter(|_| awaits(state, "order_number"))?;
    let orders: Vec<&OfferedOrder> =
        state.orders.iter().filter(|order| order.customer.as_deref() == Some(customer)).collect();
    let numbers: Vec<&str> = orders.iter().map(|order| order.number.as_str()).collect();
    let plain = message.plain();
    let by_place = conversation::choice(plain, &numbers);
    let ends = |number: &&str| {
        let mut digits = message.entities().iter().map(|entity| key(&entity.text));
        digits.any(|digits| digits.len() >= END && key(number).ends_with(&digits))
    };
    let bought = |order: &&&OfferedOrder| {
        order.titles.iter().any(|title| {
            plain.contains(title.as_str())
                || (plain.chars().count() >= 2 && title.contains(plain.trim_end_matches(['的', '那', '个', '单'])))
        })
    };
    let number = by_place
        .map(|at| numbers[at])
        .or_else(|| only(numbers.iter().copied().filter(ends)))
        .or_else(|| only(orders.iter().filter(bought).map(|order| order.number.as_str())))?;
    Some(number.to_owned())
}

/// The last four digits of a phone: named as such; or, where they were asked for, the end of a whole number, or a message
/// that is four digits and little else.
pub(super) fn digits(message: &Message, slots: &Slots, state: &State) -> Option<String> {
    let asked = || awaits(state, "phone_last4") || ASKED.iter().any(|words| state.last_line.contains(words));
    let given = || {
        let phones = message.entities().iter().filter(|entity| entity.kind == EntityKind::Phone);
        phones.rev().find_map(|phone| last_four(&phone.text)).or_else(|| bare(message.plain()))
    };
    slots.phone_last4.clone().or_else(|| asked().then(given).flatten())
}

/// Four digits that are all a message tells (那就是8888; sorry, it's 8888, thanks): not a year, a sum, or a part of one.
fn bare(plain: &str) -> Option<String> {
    static BARE: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"(?s)^(?P<before>\D*)(?P<digits>[0-9]{4})(?:[吧啊呀哦呢的哈了]|没错)*(?P<after>(?:[\s,.。!?;~)]|谢谢|多谢|麻烦|请|帮|查).*)?$";
        Regex::new(pattern).expect("a constant pattern")
    });
    let hit = BARE.captures(plain.trim())?;
    let part = |name| hit.name(name).map_or("", |part: regex::Match<'_>| part.as_str());
    let (before, after) = (part("before"), part("after"));
    let is_part = before.ends_with(['.', '-', '/', ':', '¥', '$', '#']) || after.contains(char::is_numeric);
    (!is_part && words(before) + words(after) <= BESIDE).then(|| hit["digits"].to_owned())
}

/// How many words there are; each Chinese character is one.
fn words(text: &str) -> usize {
    let latin = text.split(|c: char| !c.is_ascii_alphabetic() && c != '\'').filter(|word| !word.is_empty()).count();
    latin + text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Plain;

    #[test]
    fn bare_digits_are_little_else() {
        for told in [
            "3306",
            "那就是3306",
            "应该是3306吧",
            "3306,帮我查一下",
            "3306 谢谢",
            "３３０６ 麻烦查下",
            "手机是3306",
            "打错了,是3306",
            "sorry, it's 3306, thanks",
            "it should be 3306.",
        ] {
            assert_eq!(bare(Plain::of(told).as_str()).as_deref(), Some("3306"), "{told}");
        }
        for told in [
            "12.34",
            "1234.5",
            "33 06",
            "33-06",
            "13306",
            "#3306",
            "¥3306",
            "2025年买的那单",
            "2025 年买的那单",
            "1280元的那单",
            "1280那单",
            "我上个月在你们店里买的是1280",
            "٣306",
            "3306 1234",
            "谢谢",
        ] {
            assert_eq!(bare(Plain::of(told).as_str()), None, "{told}");
        }
    }
}
