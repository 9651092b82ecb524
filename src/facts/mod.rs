//! What the shop's data and rules make of one message: looked up and computed once, before the decision. Conditions of
//! answers ask for [`Flag`]s, texts name the values; both come from here, so that what an answer says is what it was chosen
//! for.

mod aftersale;
mod basket;
mod found;
mod order;
mod product;
mod protection;
mod scene;
mod values;

use std::collections::BTreeSet;

use jiff::Zoned;
use serde_json::{Map, Value};

pub use self::basket::BasketLine;
pub use self::found::Found;
pub(crate) use self::found::Need;
pub use self::found::{Known, Pending, ShopData};
pub use self::order::OrderFound;
pub use self::scene::Scene;
pub use self::values::in_a_list;
use crate::catalogue::{Catalogue, Flag};
use crate::slots::Slots;

/// What was found, and what the shop's rules say to it.
#[derive(Debug, Clone)]
pub struct Facts {
    found: Found,
    scene: Scene,
    flags: BTreeSet<Flag>,
    /// By language: Chinese, then English.
    values: [Map<String, Value>; 2],
}

/// What facts are computed from.
struct Sight<'a> {
    catalogue: &'a Catalogue,
    slots: &'a Slots,
    found: &'a Found,
    scene: &'a Scene,
    now: &'a Zoned,
}

/// Facts as they are found out: flags, and values in both languages.
#[derive(Default)]
struct Sheet {
    flags: BTreeSet<Flag>,
    values: [Map<String, Value>; 2],
}

impl Sheet {
    /// A fact that holds, or does not.
    fn flag(&mut self, flag: Flag, holds: bool) {
        if holds {
            self.flags.insert(flag);
        }
    }

    /// A group of values, in both languages. What is null has no name in a text.
    fn group(&mut self, name: &str, values: impl Fn(bool) -> Value) {
        for english in [false, true] {
            if let Value::Object(map) = values(english) {
                let known = map.into_iter().filter(|(_, value)| !value.is_null()).collect();
                self.values[usize::from(english)].insert(name.to_owned(), Value::Object(known));
            }
        }
    }
}

impl Facts {
    /// Computes everything that conditions and texts may ask for.
    #[must_use]
    pub fn of(catalogue: &Catalogue, slots: &Slots, scene: Scene, found: Found, now: &Zoned) -> Self {
        let mut sheet = Sheet::default();
        let sight = Sight { catalogue, slots, found: &found, scene: &scene, now };
        values::slots(&sight, &mut sheet);
        order::facts(&sight, &mut sheet);
        aftersale::facts(&sight, &mut sheet);
        product::facts(&sight, &mut sheet);
        basket::facts(&sight, &mut sheet);
        let Sheet { flags, values } = sheet;
        Self { found, scene, flags, values }
    }

    /// The same of other slots.
    #[must_use]
    pub fn with_slots(&self, catalogue: &Catalogue, slots: &Slots, now: &Zoned) -> Self {
        Self::of(catalogue, slots, self.scene.clone(), self.found.clone(), now)
    }

    /// Whether a fact holds.
    #[must_use]
    pub fn holds(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// What was looked up.
    #[must_use]
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// What surrounds the message.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Everything that templates may name beside the shop and the hand-off.
    #[must_use]
    pub fn values(&self, english: bool) -> Value {
        Value::Object(self.values[usize::from(english)].clone())
    }
}
