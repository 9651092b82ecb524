use super::basket::{Basket, Line};
use super::quote::{Goods, Worked};
use super::rule::{Scope, Words};
use super::search::{Fee, MOST_LOOKS};
use super::{MAX_RULES, Promotions};
use crate::shop::Money;

/// What one step more would do: the cheapest addition with which a rule takes off more and the bill rises by less than the
/// addition costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The rule whose next threshold it reaches.
    pub rule: String,
    /// Its name.
    pub name: Words,
    /// The goods that count for it; anything if for all.
    pub only: Scope,
    /// The threshold.
    pub from: Money,
    /// How much is to be added.
    pub missing: Money,
    /// How much more is then taken off, by all rules together and on shipping.
    pub extra: Money,
    /// What is then to be paid, the addition included.
    pub total: Money,
    /// By how much the bill changes: below zero, more goods cost less.
    pub change: Money,
}

impl Promotions {
    /// The cheapest addition that is worth it. Every threshold is tried by working out the basket with it; what is added is
    /// goods that count for the rule and get no item offer: a sum of money is no unit that could be the free one.
    pub(super) fn next(&self, basket: &Basket, lines: &[Line], fee: Fee, now: &Worked<'_>) -> Option<Next> {
        let mut thresholds: Vec<(i64, i64, usize)> = Vec::new();
        for (at, active) in now.rules.iter().enumerate() {
            let above = active.effect.above(now.bases[at]).into_iter();
            thresholds.extend(above.map(|from| (from - now.bases[at], from, at)));
        }
        thresholds.sort_by_key(|(missing, _, at)| (*missing, *at));
        let mut looks = 0;
        for (missing, from, at) in thresholds.into_iter().take(MAX_RULES) {
            let rule = now.rules[at].rule;
            let addition = Line {
                product: rule.only.products.first().filter(|_| rule.only.categories.is_empty()).cloned(),
                category: rule.only.categories.first().cloned(),
                price: Money::from_fen(missing),
                quantity: 1,
            };
            let place = lines.partition_point(|line| *line < addition);
            let mut more = lines.to_vec();
            more.insert(place, addition);
            let then = self.work(basket, Goods { lines: &more, added: Some(place) }, fee, looks);
            looks = then.looks;
            if looks >= MOST_LOOKS {
                return None;
            }
            let extra = now.total + missing - then.total;
            if extra > 0 && then.off_by(&rule.id) > now.off_by(&rule.id) {
                return Some(Next {
                    rule: rule.id.clone(),
                    name: rule.name.clone(),
                    only: rule.only.clone(),
                    from: Money::from_fen(from),
                    missing: Money::from_fen(missing),
                    extra: Money::from_fen(extra),
                    total: Money::from_fen(then.total),
                    change: Money::from_fen(then.total - now.total),
                });
            }
        }
        None
    }
}

impl Worked<'_> {
    /// What a rule takes off.
    fn off_by(&self, id: &str) -> i64 {
        self.rules.iter().position(|active| active.rule.id == id).map_or(0, |at| self.cuts[at].off)
    }
}
