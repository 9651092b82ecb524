//! One pass over a message: kinds of values claim text in turn, the more certain first, so that no character is read
//! twice.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use jiff::Span;
use jiff::civil::Date;

use super::numeral::Number;
use super::{
    Lexicon, amount, blocked, correction, date, lexicon, numeral, opened, order, person, place, quantity, size, span,
};
use crate::region::Region;
use crate::shop::Money;
use crate::text::{Entity, EntityKind, Message};

/// A typed value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Region(Region),
    Amount(Money),
    Order(String),
    Tracking(String),
    PhoneLast4(String),
    /// Personal data, as shown.
    Masked(&'static str),
    Product(String),
    Promotion(String),
    Size(String),
    Height(u32),
    Weight(f64),
    Quantity(u32),
    Date(Date),
    Span(Span),
    Opened(bool),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => f.write_str(&region.name(false)),
            Self::Amount(amount) => amount.fmt(f),
            Self::Order(text)
            | Self::Tracking(text)
            | Self::PhoneLast4(text)
            | Self::Product(text)
            | Self::Promotion(text)
            | Self::Size(text) => f.write_str(text),
            Self::Masked(label) => f.write_str(label),
            Self::Height(number) | Self::Quantity(number) => number.fmt(f),
            Self::Weight(weight) => weight.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Span(span) => span.fmt(f),
            Self::Opened(is_opened) => f.write_str(if *is_opened { "yes" } else { "no" }),
        }
    }
}

/// A value and the bytes of the plain text that it stands on.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: &'static str,
    pub(super) value: Value,
    pub(super) range: Range<usize>,
}

/// What a bare number is another value of (那凑到800呢, and 4?).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum SpokenOf {
    /// Of nothing that was said before.
    #[default]
    Nothing,
    /// A sum was named.
    Sum,
    /// Goods were named.
    Goods,
}

/// What a message is read with.
#[derive(Clone, Copy)]
pub(super) struct Reading<'l> {
    /// None where days are of no use.
    pub(super) today: Option<Date>,
    pub(super) lexicon: &'l Lexicon,
    pub(super) spoken_of: SpokenOf,
}

/// The text, what was found in it, and which parts of it are taken.
pub(super) struct Scan<'m> {
    pub(super) text: &'m str,
    pub(super) message: &'m Message,
    pub(super) original: &'m str,
    /// None where days are of no use.
    pub(super) today: Option<Date>,
    pub(super) lexicon: &'m Lexicon,
    pub(super) spoken_of: SpokenOf,
    pub(super) found: Vec<Found>,
    numbers: Rc<[Number]>,
    taken: Vec<Range<usize>>,
}

/// Everything that a message names, in order of appearance, but destinations before origins.
pub(super) fn scan(message: &Message, original: &str, with: Reading<'_>) -> Vec<Found> {
    let Reading { today, lexicon, spoken_of } = with;
    let text = message.plain();
    let has_numbers = numeral::may_hold(text);
    let numbers: Rc<[Number]> = if has_numbers { numeral::find(text).into() } else { Rc::new([]) };
    let mut scan =
        Scan { text, message, original, today, lexicon, spoken_of, found: Vec::new(), numbers, taken: Vec::new() };
    if has_numbers || !message.entities().is_empty() {
        order::find(&mut scan);
        person::find_contacts(&mut scan);
    }
    lexicon_names(&mut scan);
    if has_numbers {
        blocked::find(&mut scan);
    }
    date::find(&mut scan);
    if has_numbers {
        size::find(&mut scan);
        person::find_measures(&mut scan);
        span::find(&mut scan);
        amount::find(&mut scan);
        quantity::find(&mut scan);
    } else {
        size::find(&mut scan);
    }
    place::find(&mut scan);
    opened::find(&mut scan);
    scan.found.sort_by_key(|found| found.range.start);
    correction::apply(&mut scan);
    place::destination_first(&mut scan);
    scan.found
}

fn lexicon_names(scan: &mut Scan<'_>) {
    use lexicon::Kind;
    for named in scan.lexicon.find(scan.text) {
        match named.kind {
            Kind::Product => scan.add("product", Value::Product(named.id.to_owned()), named.range),
            Kind::Promotion => scan.add("promotion", Value::Promotion(named.id.to_owned()), named.range),
            Kind::Other => scan.block(named.range),
        }
    }
}

impl<'m> Scan<'m> {
    /// Takes a value, unless part of its text is taken.
    pub(super) fn add(&mut self, name: &'static str, value: Value, range: Range<usize>) {
        if self.is_free(&range) {
            self.taken.push(range.clone());
            self.found.push(Found { name, value, range });
        }
    }

    /// Keeps a part of the text from being read as a value.
    pub(super) fn block(&mut self, range: Range<usize>) {
        self.taken.push(range);
    }

    pub(super) fn is_free(&self, range: &Range<usize>) -> bool {
        self.taken.iter().all(|taken| range.end <= taken.start || taken.end <= range.start)
    }

    /// The numbers of the text, taken or not.
    pub(super) fn numbers(&self) -> Rc<[Number]> {
        Rc::clone(&self.numbers)
    }

    pub(super) fn before(&self, at: usize) -> &'m str {
        &self.text[..at]
    }

    pub(super) fn after(&self, at: usize) -> &'m str {
        &self.text[at..]
    }

    /// The last `count` characters before a place, of its own clause.
    pub(super) fn near_before(&self, at: usize, count: usize) -> &'m str {
        let before = self.before(at);
        let clause = before
            .rfind(is_clause_end)
            .map_or(0, |stop| stop + before[stop..].chars().next().map_or(1, char::len_utf8));
        let before = &before[clause..];
        let start = before.char_indices().rev().nth(count.saturating_sub(1)).map_or(0, |(at, _)| at);
        &before[start..]
    }

    /// The first `count` characters after a place, of its own clause.
    pub(super) fn near_after(&self, at: usize, count: usize) -> &'m str {
        let after = self.after(at);
        let after = &after[..after.find(is_clause_end).unwrap_or(after.len())];
        let end = after.char_indices().nth(count).map_or(after.len(), |(at, _)| at);
        &after[..end]
    }

    /// Entities of a kind.
    pub(super) fn entities(&self, kind: EntityKind) -> impl Iterator<Item = &'m Entity> + use<'m> {
        self.message.entities().iter().filter(move |entity| entity.kind == kind)
    }

    /// The original's characters behind a part of the plain text.
    pub(super) fn written(&self, range: Range<usize>) -> String {
        let place = self.message.original(range);
        self.original.chars().skip(place.start).take(place.len()).collect()
    }
}

fn is_clause_end(c: char) -> bool {
    matches!(c, ',' | ';' | '。' | '!' | '?' | '、' | '\n' | '~')
}
