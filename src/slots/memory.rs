//! What is carried from one message to the next.

use serde::{Deserialize, Serialize};

use super::{Slots, lexicon, order};
use crate::region;
use crate::reply::Slot;
use crate::shop::Money;

/// What a later message may stand on. Not days, which mean something else tomorrow; not quantities and sizes, which belong
/// to a sentence; nothing personal.
const CARRIED: [&str; 6] = ["region", "amount", "order_number", "tracking_number", "product", "promotion"];

/// A slot's value as remembered from an earlier message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// One of [`super::NAMES`].
    pub name: String,
    /// The value, as in [`Slot::value`].
    pub value: String,
}

impl Slots {
    /// What a later message may need of these.
    #[must_use]
    pub fn carried(&self) -> Vec<Carried> {
        let is_settled = |slot: &&Slot| match slot.name.as_str() {
            // Where it comes from, and sums of which none is the sum, tell nothing later.
            "region" => self.region.is_some_and(|region| region.name(false) == slot.value),
            "amount" => self.amount.is_some(),
            name => CARRIED.contains(&name),
        };
        let value = |slot: &Slot| match self.region.filter(|_| slot.name == "region") {
            // Told apart from a county of the same name.
            Some(region) => region.full_name(),
            None => slot.value.clone(),
        };
        let carried = |slot: &Slot| Carried { name: slot.name.clone(), value: value(slot) };
        self.found.iter().filter(is_settled).map(carried).collect()
    }

    /// Fills what the message leaves open; without the order spoken of before, where it means another. A coupon that the
    /// customer has too (店铺券也有一张) does not take the place of those named before.
    pub(super) fn remember(&mut self, remembered: &[Carried], plain: &str) {
        let means_another_order = order::means_another(plain);
        let adds = lexicon::adds(plain);
        // The number of an order takes the place of an earlier parcel's, and the other way round.
        let names_order = self.order_number.is_some() || means_another_order;
        let open = |name: &str| match name {
            "order_number" | "tracking_number" => !names_order,
            "promotion" if adds => true,
            _ => self.values(name).is_empty(),
        };
        let open: Vec<&str> = CARRIED.into_iter().filter(|name| open(name)).collect();
        // Grouped by name, so that each name's values stand together.
        for name in open {
            for carried in remembered.iter().filter(|carried| carried.name == name) {
                if self.take_back(carried) {
                    let region = self.region.filter(|_| name == "region");
                    self.push(name, region.map_or_else(|| carried.value.clone(), |region| region.name(false)));
                }
            }
        }
    }

    /// Whether the value is one that is still known.
    fn take_back(&mut self, carried: &Carried) -> bool {
        let value = &carried.value;
        match carried.name.as_str() {
            "region" => match region::by_name(value) {
                Some(region) if self.region.is_none() => self.region = Some(region),
                _ => return false,
            },
            "amount" => match Money::parse(value) {
                Some(amount) if self.amount.is_none() => self.amount = Some(amount),
                _ => return false,
            },
            "order_number" => {
                self.order_number.get_or_insert_with(|| value.clone());
                self.orders.push(value.clone());
            }
            "tracking_number" => {
                self.order_number.get_or_insert_with(|| value.clone());
                self.tracking_number.get_or_insert_with(|| value.clone());
            }
            "product" => self.products.push(value.clone()),
            "promotion" if self.promotions.contains(value) => return false,
            "promotion" => self.promotions.push(value.clone()),
            _ => return false,
        }
        true
    }

    /// The same with a slot filled that is not, by an ordinary value, and that value as shown; none for an unknown slot and
    /// for one that no sample can stand for. For asking what would happen if the customer had told it.
    #[must_use]
    pub fn with_sample(&self, name: &str) -> Option<(Self, &'static str)> {
        let sample = match name {
            "region" => "上海",
            "amount" => "100",
            "order_number" => "202601010001",
            "opened" => "yes",
            _ => return None,
        };
        let mut slots = self.clone();
        // A message that names several sums has none that counts: the sample takes their place.
        slots.found.retain(|slot| slot.name != name);
        match name {
            "opened" => slots.opened = Some(true),
            _ => _ = slots.take_back(&Carried { name: name.to_owned(), value: sample.to_owned() }),
        }
        slots.named = slots.named.min(slots.found.len());
        slots.push(name, sample.to_owned());
        Some((slots, sample))
    }
}
