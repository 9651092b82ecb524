use super::basket::{self, BasketLine};
use crate::conversation::State;
use crate::incoming::Incoming;
use crate::shop::Reason;
use crate::slots::{self, Slots};

/// What surrounds a message: who buys what, and why it may go back.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// The customer's level.
    pub tier: Option<String>,
    /// What is to be bought, as far as products are named.
    pub basket: Vec<BasketLine>,
    /// Coupons that the customer has.
    pub coupons: Vec<String>,
    /// Why goods go back, if the customer has told.
    pub reason: Option<Reason>,
    /// The message as typed, plain: for facts about products that it asks for.
    pub plain: String,
}

impl Scene {
    /// What surrounds a message that tells this reason, if any.
    #[must_use]
    pub fn of(incoming: &Incoming, state: &State, slots: &Slots, reason: Option<Reason>, plain: &str) -> Self {
        let tier = incoming.request.customer.as_ref().and_then(|customer| customer.tier.clone());
        let context = incoming.request.context.as_ref();
        Self {
            tier,
            basket: basket::meant(slots, context, &state.basket, slots::adds_goods(plain)),
            coupons: context.map(|context| context.coupons.clone()).unwrap_or_default(),
            // A reason stays with the order that it was told of.
            reason: reason.or(state.reason.filter(|_| !slots.names("order_number"))),
            plain: plain.to_owned(),
        }
    }
}
