//! What answers need to know, read from the message, the request's context and the history.
//!
//! Everything here works on a message's plain form and gives places in the original. `scan` says in which order the
//! kinds of values claim text; each kind has its own file.

mod amount;
mod blocked;
mod correction;
mod date;
mod lexicon;
mod memory;
mod numeral;
mod opened;
mod order;
mod person;
mod place;
mod quantity;
mod scan;
mod size;
mod span;
mod weekday;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use self::lexicon::{Kind, Lexicon, adds_goods};
pub use self::memory::Carried;
use self::scan::{Found, Reading, SpokenOf, Value};
use crate::incoming::Incoming;
use crate::region::Region;
use crate::reply::Slot;
use crate::shop::Money;
use crate::text::{Message, Utterance};

/// The slots that a catalogue may use, in the order in which they are reported.
pub const NAMES: [&str; 16] = [
    "region",
    "amount",
    "order_number",
    "tracking_number",
    "phone_last4",
    "phone",
    "email",
    "product",
    "size",
    "height",
    "weight",
    "quantity",
    "date",
    "span",
    "promotion",
    "opened",
];

/// Compiles what is compiled on first use, so that no customer waits for it.
pub fn prepare() {
    let text = "2个，付了3块，身高1米7，1.8m床，L码，尾号1234，SF1234567890123，上周三拆了寄到上海 last friday, 2 days for 5 towels";
    if let Ok(utterance) = Utterance::new(text) {
        let lexicon = &Lexicon::default();
        let with = Reading { today: Some(Date::constant(2026, 1, 1)), lexicon, spoken_of: SpokenOf::Nothing };
        let _ = Slots::read(&Message::read(&utterance), text, with);
    }
}

/// The filled slots of one message.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    /// Where the parcel goes.
    pub region: Option<Region>,
    /// Goods in yuan; none where the message names several sums, since one of them would be a guess.
    pub amount: Option<Money>,
    /// An order number, the first of several; a tracking number where no order is named.
    pub order_number: Option<String>,
    /// A carrier's number, in capitals.
    pub tracking_number: Option<String>,
    /// Every order number named.
    pub orders: Vec<String>,
    /// The last four digits of a phone, called so. Never carried.
    pub phone_last4: Option<String>,
    /// Days.
    pub dates: Vec<Date>,
    /// Durations.
    pub spans: Vec<Span>,
    /// How many of something.
    pub quantities: Vec<u32>,
    /// Ids of products.
    pub products: Vec<String>,
    /// Sizes: `L`, `1.8m`, `36`.
    pub sizes: Vec<String>,
    /// A person's height in centimetres.
    pub height: Option<u32>,
    /// A person's weight in kilograms.
    pub weight: Option<f64>,
    /// Ids of promotions.
    pub promotions: Vec<String>,
    /// Whether the goods are opened or used.
    pub opened: Option<bool>,
    lines: Vec<Line>,
    /// Grouped by name, those that the message names first.
    found: Vec<Slot>,
    /// How many of those found the message itself names.
    named: usize,
}

/// A product with how many of it are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product's id.
    pub product: String,
    /// How many, if the message says it beside the product.
    pub quantity: Option<u32>,
}

/// What was said before a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before<'s> {
    /// Values of slots.
    pub carried: &'s [Carried],
    /// What was spoken of as to be bought.
    pub basket: &'s [Line],
}

impl Slots {
    /// Fills the slots: from the message first, then from context, then from what is remembered. What the message names
    /// takes the place of everything remembered under the same name.
    #[must_use]
    pub fn fill(message: &Message, incoming: &Incoming, before: Before<'_>, today: Date, lexicon: &Lexicon) -> Self {
        let spoken_of = match () {
            () if !before.basket.is_empty() => SpokenOf::Goods,
            () if before.carried.iter().any(|carried| carried.name == "amount") => SpokenOf::Sum,
            () => SpokenOf::Nothing,
        };
        let with = Reading { today: Some(today), lexicon, spoken_of };
        let mut slots = Self::read(message, incoming.utterance().as_str(), with);
        slots.named = slots.found.len();
        let is_open = slots.order_number.is_none();
        if is_open
            && let Some(context) = &incoming.request.context
            && let [only] = context.order_ids.as_slice()
        {
            slots.orders.push(only.clone());
            slots.order_number = Some(only.clone());
            slots.push("order_number", only.clone());
        }
        slots.remember(before.carried, message.plain());
        slots
    }

    /// What the messages of a history hold, a later value before an earlier one.
    #[must_use]
    pub fn of_history<'h>(latest_first: impl Iterator<Item = &'h str>, lexicon: &Lexicon) -> Vec<Carried> {
        let mut slots = Self::default();
        for text in latest_first {
            if let Ok(utterance) = Utterance::new(text) {
                let with = Reading { today: None, lexicon, spoken_of: SpokenOf::Nothing };
                let said = Self::read(&Message::read(&utterance), text, with);
                slots.remember(&said.carried(), "");
            }
        }
        slots.carried()
    }

    /// The slots that the message itself names.
    #[must_use]
    pub fn named(&self) -> &[Slot] {
        &self.found[..self.named]
    }

    /// Whether the message itself tells a slot. A tracking number tells an order.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let is_it = |slot: &Slot| slot.name == name || (name == "order_number" && slot.name == "tracking_number");
        self.named().iter().any(is_it)
    }

    /// Whether a slot is filled.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match name {
            "region" => self.region.is_some(),
            "amount" => self.amount.is_some(),
            "order_number" => self.order_number.is_some(),
            _ => !self.values(name).is_empty(),
        }
    }

    /// Every value of a slot, in order of appearance, but a destination before where a parcel comes from.
    #[must_use]
    pub fn values(&self, name: &str) -> &[Slot] {
        let start = self.found.iter().position(|slot| slot.name == name).unwrap_or(self.found.len());
        let length = self.found[start..].iter().take_while(|slot| slot.name == name).count();
        &self.found[start..start + length]
    }

    /// The one value that a template shows, if the slot is filled.
    #[must_use]
    pub fn shown(&self, name: &str, english: bool) -> Option<String> {
        match name {
            "region" => Some(self.region?.name(english)),
            "amount" => Some(self.amount?.to_string()),
            "order_number" => self.order_number.clone(),
            _ => Some(self.values(name).first()?.value.clone()),
        }
    }

    /// Whether a message is an order number and little else (订单号是…, 麻烦了): nothing says what to do with it.
    #[must_use]
    pub fn is_number_alone(&self, plain: &str) -> bool {
        const BESIDE: usize = 10;
        let number = self.order_number.as_ref().filter(|_| self.names("order_number"));
        number.is_some_and(|number| plain.chars().count() <= number.len() + BESIDE)
    }

    /// The products named, each with how many of it are meant.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Takes this for the order that is meant.
    pub(crate) fn choose_order(&mut self, number: &str) {
        self.found.retain(|slot| slot.name != "order_number" && slot.name != "tracking_number");
        self.named = self.named.min(self.found.len());
        self.orders = vec![number.to_owned()];
        self.order_number = Some(number.to_owned());
        self.tracking_number = None;
        self.push("order_number", number.to_owned());
    }

    /// Every filled slot with its place in the text, grouped by name; personal data masked.
    #[must_use]
    pub fn found(&self) -> &[Slot] {
        &self.found
    }

    /// What one message names.
    fn read(message: &Message, original: &str, with: Reading<'_>) -> Self {
        let found = scan::scan(message, original, with);
        let mut slots = Self { lines: quantity::lines(&found), ..Self::default() };
        let rank = |found: &Found| NAMES.iter().position(|name| *name == found.name);
        let mut order: Vec<&Found> = found.iter().collect();
        order.sort_by_key(|found| rank(found));
        for found in order {
            slots.take(&found.value);
            let place = message.original(found.range.clone());
            slots.found.push(Slot {
                name: found.name.to_owned(),
                value: found.value.to_string(),
                start: Some(place.start),
                end: Some(place.end),
            });
        }
        let sums = slots.values("amount");
        if sums.iter().any(|sum| sum.value != sums[0].value) {
            slots.amount = None;
        }
        slots
    }

    /// Puts a value where it is used from.
    fn take(&mut self, value: &Value) {
        match value {
            Value::Region(region) => _ = self.region.get_or_insert(*region),
            Value::Amount(amount) => _ = self.amount.get_or_insert(*amount),
            Value::Order(number) => {
                self.order_number.get_or_insert_with(|| number.clone());
                self.orders.push(number.clone());
            }
            Value::Tracking(number) => {
                self.order_number.get_or_insert_with(|| number.clone());
                self.tracking_number.get_or_insert_with(|| number.clone());
            }
            Value::PhoneLast4(digits) => _ = self.phone_last4.get_or_insert_with(|| digits.clone()),
            Value::Masked(_) => {}
            Value::Product(id) => self.products.push(id.clone()),
            Value::Promotion(id) => self.promotions.push(id.clone()),
            Value::Size(size) => self.sizes.push(size.clone()),
            Value::Height(height) => _ = self.height.get_or_insert(*height),
            Value::Weight(weight) => _ = self.weight.get_or_insert(*weight),
            Value::Quantity(count) => self.quantities.push(*count),
            Value::Date(date) => self.dates.push(*date),
            Value::Span(span) => self.spans.push(*span),
            Value::Opened(is_opened) => _ = self.opened.get_or_insert(*is_opened),
        }
    }

    /// Adds a value that the message does not name.
    fn push(&mut self, name: &str, value: String) {
        self.found.push(Slot { name: name.to_owned(), value, start: None, end: None });
    }
}

#[cfg(test)]
mod tests;
