//! What answers need to know, read from the message, the request's context and the history.

use serde::{Deserialize, Serialize};

use crate::incoming::Incoming;
use crate::region::{self, Region};
use crate::reply::Slot;
use crate::shop::Money;
use crate::text::{Entity, EntityKind, Message, Utterance};

/// The slots that a catalogue may use.
pub const NAMES: [&str; 3] = ["region", "amount", "order_number"];

/// The filled slots of one message.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    /// Where the parcel goes.
    pub region: Option<Region>,
    /// Goods in yuan.
    pub amount: Option<Money>,
    /// An order or tracking number.
    pub order_number: Option<String>,
    found: Vec<Slot>,
    /// How many of those found the message itself names.
    named: usize,
}

/// A slot's value as remembered from an earlier message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// One of [`NAMES`].
    pub name: String,
    /// The value, as in [`Slot::value`].
    pub value: String,
}

impl Slots {
    /// Fills the slots: from the message first, then from context, then from what is remembered.
    #[must_use]
    pub fn fill(message: &Message, incoming: &Incoming, remembered: &[Carried]) -> Self {
        let mut slots = Self::default();
        slots.take(message, true);
        slots.named = slots.found.len();
        if slots.order_number.is_none()
            && let Some(context) = &incoming.request.context
            && let [only] = context.order_ids.as_slice()
        {
            slots.set_order(only, None);
        }
        for carried in remembered {
            slots.remember(carried);
        }
        slots
    }

    /// What the messages of a history hold, a later value before an earlier one.
    #[must_use]
    pub fn of_history<'h>(latest_first: impl Iterator<Item = &'h str>) -> Vec<Carried> {
        let mut slots = Self::default();
        for text in latest_first {
            if let Ok(utterance) = Utterance::new(text) {
                slots.take(&Message::read(&utterance), false);
            }
        }
        slots.carried()
    }

    /// What a later message may need of these.
    #[must_use]
    pub fn carried(&self) -> Vec<Carried> {
        let carried = |slot: &Slot| Carried { name: slot.name.clone(), value: slot.value.clone() };
        self.found.iter().map(carried).collect()
    }

    /// The slots that the message itself names.
    #[must_use]
    pub fn named(&self) -> &[Slot] {
        &self.found[..self.named]
    }

    fn remember(&mut self, carried: &Carried) {
        match carried.name.as_str() {
            "region" if self.region.is_none() => self.region = region::by_name(&carried.value),
            "amount" if self.amount.is_none() => self.amount = Money::parse(&carried.value),
            "order_number" if self.order_number.is_none() => self.order_number = Some(carried.value.clone()),
            _ => return,
        }
        self.found.push(slot(&carried.name, carried.value.clone(), None));
    }

    /// Whether a slot is filled.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match name {
            "region" => self.region.is_some(),
            "amount" => self.amount.is_some(),
            "order_number" => self.order_number.is_some(),
            _ => false,
        }
    }

    /// The same with a slot filled that is not, by an ordinary value, and that value as shown; none for an unknown slot.
    /// For asking what would happen if the customer had told it.
    #[must_use]
    pub fn with_sample(&self, name: &str) -> Option<(Self, &'static str)> {
        let mut slots = self.clone();
        let sample = match name {
            "region" => {
                slots.region = region::by_name("上海");
                "上海"
            }
            "amount" => {
                slots.amount = Some(Money::from_yuan(100.0));
                "100"
            }
            "order_number" => {
                slots.order_number = Some("202601010001".to_owned());
                "202601010001"
            }
            _ => return None,
        };
        Some((slots, sample))
    }

    /// Every filled slot with its place in the text.
    #[must_use]
    pub fn found(&self) -> &[Slot] {
        &self.found
    }

    /// Fills what is still empty from one message.
    fn take(&mut self, message: &Message, current: bool) {
        if self.region.is_none()
            && let Some((region, name)) = region::find(message.plain())
        {
            let place = current.then(|| message.locate(&name)).flatten();
            self.region = Some(region);
            self.found.push(Slot {
                name: "region".into(),
                value: region.name(false),
                start: place.as_ref().map(|place| place.start),
                end: place.map(|place| place.end),
            });
        }
        if self.amount.is_none()
            && let Some((entity, money)) = amount(message)
        {
            self.amount = Some(money);
            self.found.push(slot("amount", money.to_string(), current.then_some(entity)));
        }
        if self.order_number.is_none()
            && let Some(entity) = message.entities().iter().find(|entity| is_order(entity))
        {
            let number = entity.text.to_uppercase();
            self.set_order(&number, current.then_some(entity));
        }
    }

    fn set_order(&mut self, number: &str, entity: Option<&Entity>) {
        self.order_number = Some(number.to_owned());
        self.found.push(slot("order_number", number.to_owned(), entity));
    }
}

fn slot(name: &str, value: String, entity: Option<&Entity>) -> Slot {
    Slot {
        name: name.to_owned(),
        value,
        start: entity.map(|entity| entity.original.start),
        end: entity.map(|entity| entity.original.end),
    }
}

/// A typed number of an order; a masked recording's placeholder names none.
fn is_order(entity: &Entity) -> bool {
    entity.kind == EntityKind::Order && entity.text.chars().any(|c| c.is_ascii_digit())
}

/// The one sum of money named; of several, none, since it would be a guess. A bare number counts when it stands
/// beside words of buying or totalling, and no promotion is spelled out (满300减50 is a rule, not a basket).
fn amount(message: &Message) -> Option<(&Entity, Money)> {
    let of_kind = |kind| message.entities().iter().filter(move |entity| entity.kind == kind);
    let mut sums = of_kind(EntityKind::Amount).filter_map(|entity| Some((entity, money(&entity.text)?)));
    match (sums.next(), sums.next()) {
        (Some(only), None) => return Some(only),
        (Some(_), Some(_)) => return None,
        _ => {}
    }
    let plain = message.plain();
    let names_basket = [
        "买",
        "拍",
        "凑",
        "一共",
        "总共",
        "合计",
        "总价",
        "下单",
        "买满",
        "购物车",
        "spend",
        "order of",
        "basket",
        "total",
    ];
    if !names_basket.iter().any(|word| plain.contains(word)) {
        return None;
    }
    let mut numbers = of_kind(EntityKind::Number).filter_map(|entity| Some((entity, money(&entity.text)?)));
    match (numbers.next(), numbers.next()) {
        // Small numbers are counts of things.
        (Some((entity, money)), None) if money >= Money::from_yuan(20.0) => Some((entity, money)),
        _ => None,
    }
}

fn money(text: &str) -> Option<Money> {
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    Money::parse(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::{Context, PastMessage, Request, Role};

    fn fill(request: Request) -> Slots {
        let incoming = request.check().unwrap();
        let remembered = Slots::of_history(
            incoming.history().iter().rev().filter(|past| past.role == Role::Customer).map(|past| past.text.as_str()),
        );
        Slots::fill(&Message::read(incoming.utterance()), &incoming, &remembered)
    }

    #[test]
    fn reads_the_message() {
        for (text, region, amount, order) in [
            ("到新疆运费多少", Some("新疆"), None, None),
            ("買了480塊能免運費嗎，寄到杭州", Some("杭州"), Some("480"), None),
            ("满300减50能用券吗", None, None, None),
            ("我买了480能减多少", None, Some("480"), None),
            ("订单202605260001到哪了", None, None, Some("202605260001")),
            ("100块和200块的都要", None, None, None),
            ("买3件", None, None, None),
        ] {
            let slots = fill(Request { text: text.into(), ..Request::default() });
            assert_eq!(slots.region.map(|region| region.name(false)).as_deref(), region, "{text}");
            assert_eq!(slots.amount.map(|amount| amount.to_string()).as_deref(), amount, "{text}");
            assert_eq!(slots.order_number.as_deref(), order, "{text}");
        }
    }

    #[test]
    fn context_and_history_fill_what_the_message_leaves_open() {
        let context = Context { order_ids: vec!["A1".into()], ..Context::default() };
        let history = vec![
            PastMessage { role: Role::Customer, text: "到西藏".into() },
            PastMessage { role: Role::Agent, text: "是新疆吗".into() },
        ];
        let slots = fill(Request { text: "多久到".into(), context: Some(context), history, ..Request::default() });
        assert_eq!(slots.order_number.as_deref(), Some("A1"));
        assert_eq!(slots.region.map(|region| region.name(false)).as_deref(), Some("西藏"));
        assert!(slots.found().iter().all(|slot| slot.start.is_none()));
    }

    #[test]
    fn places_are_those_of_the_original() {
        let slots = fill(Request { text: "到新疆运费多少".into(), ..Request::default() });
        assert_eq!((slots.found()[0].start, slots.found()[0].end), (Some(1), Some(3)));
    }
}
