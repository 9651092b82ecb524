//! Promotions: which rules a basket gets, in which combination it costs least, and what one step more would save.
//!
//! Rules are applied from top to bottom. Item offers come first and change what units cost; the others reduce what is left of
//! the lines that they are for, spread over them in proportion. A combination is legal where every rule's conditions hold and
//! no two of them exclude each other; the best is the legal one with the least to pay, the fee of shipping included where
//! the place is known; of equal ones that with fewer rules, then that whose rules come first. `docs/promotions.md` tells the
//! same to support leads.

mod basket;
mod next;
mod pair;
mod quote;
mod rule;
mod search;
mod state;
mod terms;

use std::collections::HashSet;

use jiff::civil::DateTime;

pub use basket::{Basket, BasketError, LEVELS, Line, MAX_GOODS, MAX_LINES, MAX_QUANTITY};
pub use next::Next;
pub use pair::Pair;
pub use quote::{Gift, Quote, Refused, Step, Why};
pub use rule::{CouponKind, Effect, Rounding, Rule, Scope, ThresholdsOn, Tier, When, Words};
pub use terms::share;

use crate::shop::Money;

/// Rules of a shop, at most.
pub const MAX_RULES: usize = 24;

/// Rules of which an order may have one.
#[derive(Debug, Clone)]
pub struct Stacking {
    /// The rule in words: why a second one is refused.
    pub name: Words,
    /// Ids of rules.
    pub at_most_one: Vec<String>,
}

/// All promotions of a shop.
#[derive(Debug, Clone, Default)]
pub struct Promotions {
    rounding: Rounding,
    rules: Vec<Rule>,
    stacking: Vec<Stacking>,
    /// Of each rule, the bits of those that may not be used beside it.
    conflicts: Vec<u32>,
    /// Of each rule, the bits of those whose lines it leaves alone.
    avoids: Vec<u32>,
}

/// Why rules do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// More than can be combined.
    #[error("{0} rules; at most {MAX_RULES} are allowed")]
    TooMany(usize),
    /// Two have one id.
    #[error("two rules have the id `{0}`")]
    Duplicate(String),
    /// Another rule is named that does not exist.
    #[error("unknown rule `{0}`")]
    Unknown(String),
    /// An item offer stands below a rule that is none.
    #[error("`{0}` changes what units cost: it must stand above all rules that do not")]
    LateOffer(String),
    /// A rule leaves lines alone that none above it can have reduced.
    #[error("`not_on` of `{0}` names a rule that does not stand above it")]
    NotAbove(String),
}

impl Promotions {
    /// Rules in their order.
    ///
    /// # Errors
    /// When they do not go together.
    pub fn new(rounding: Rounding, rules: Vec<Rule>, stacking: Vec<Stacking>) -> Result<Self, RulesError> {
        if rules.len().max(stacking.len()) > MAX_RULES {
            return Err(RulesError::TooMany(rules.len().max(stacking.len())));
        }
        let mut ids = HashSet::new();
        if let Some(twice) = rules.iter().find(|rule| !ids.insert(&rule.id)) {
            return Err(RulesError::Duplicate(twice.id.clone()));
        }
        let order_from = rules.iter().take_while(|rule| rule.effect.is_item_offer()).count();
        if let Some(late) = rules[order_from..].iter().find(|rule| rule.effect.is_item_offer()) {
            return Err(RulesError::LateOffer(late.id.clone()));
        }
        let bit = |id: &String| {
            let at = rules.iter().position(|rule| rule.id == *id);
            at.map(|at| 1_u32 << at).ok_or_else(|| RulesError::Unknown(id.clone()))
        };
        let bits = |ids: &[String]| ids.iter().map(bit).try_fold(0, |all, bit| Ok(all | bit?));
        let mut conflicts = rules.iter().map(|rule| bits(&rule.not_with)).collect::<Result<Vec<_>, _>>()?;
        let avoids = rules.iter().map(|rule| bits(&rule.not_on)).collect::<Result<Vec<u32>, _>>()?;
        for (at, avoided) in avoids.iter().enumerate() {
            if avoided >> at != 0 {
                return Err(RulesError::NotAbove(rules[at].id.clone()));
            }
        }
        for group in &stacking {
            let members = bits(&group.at_most_one)?;
            conflicts
                .iter_mut()
                .enumerate()
                .filter(|(at, _)| members >> at & 1 == 1)
                .for_each(|(_, own)| *own |= members);
        }
        // What excludes another is excluded by it; nothing excludes itself.
        for at in 0..rules.len() {
            for other in 0..rules.len() {
                if conflicts[at] >> other & 1 == 1 {
                    conflicts[other] |= 1 << at;
                }
            }
            conflicts[at] &= !(1 << at);
        }
        Ok(Self { rounding, rules, stacking, conflicts, avoids })
    }

    /// The rules, in their order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The rules that need a coupon: what a customer may hold.
    pub fn coupons(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.coupon.is_some())
    }

    /// Whether a rule that has a threshold is used.
    #[must_use]
    pub fn is_tier_reached(&self, quote: &Quote) -> bool {
        quote.steps.iter().filter_map(|step| self.rule(&step.rule)).any(|rule| rule.effect.first() > 0)
    }

    /// What goods cost at a moment in the timed offers that hold then, if any does: the rules with a price of their own. The
    /// goods may be of several categories, as the order and the products tell them.
    #[must_use]
    pub fn timed_price(&self, product: &str, categories: &[&str], at: DateTime) -> Option<Money> {
        let is_for = |rule: &&Rule| categories.iter().any(|category| rule.only.holds(Some(product), Some(category)));
        let holding = self.rules.iter().filter(|rule| rule.when.holds(at)).filter(is_for);
        let prices = holding.filter_map(|rule| match rule.effect {
            Effect::Price(price) => Some(price),
            _ => None,
        });
        prices.min()
    }

    /// The group in which two rules are, by their places.
    fn group_of(&self, at: usize, other: usize) -> Option<&Stacking> {
        let is_in = |group: &Stacking, at: usize| group.at_most_one.contains(&self.rules[at].id);
        self.stacking.iter().find(|group| is_in(group, at) && is_in(group, other))
    }
}
