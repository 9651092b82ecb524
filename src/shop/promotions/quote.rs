use std::borrow::Cow;

use super::basket::{Basket, BasketError, Line};
use super::next::Next;
use super::rule::{Effect, Words};
use super::search::{Fee, MOST_LOOKS, Search};
use super::state::{Active, Cut, State};
use super::terms;
use super::{Pair, Promotions, Rule};
use crate::shop::{Money, Shipping, ShippingQuote};

/// What a basket costs in the best legal combination, and how that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The goods before anything is taken off.
    pub goods: Money,
    /// The rules used, in their order.
    pub steps: Vec<Step>,
    /// What is left of the goods.
    pub pays: Money,
    /// The fee, where the place is told.
    pub shipping: Option<ShippingQuote>,
    /// What is to be paid, the fee included where it is known; of a place that is not served, the goods alone.
    pub total: Money,
    /// What comes with the order.
    pub gifts: Vec<Gift>,
    /// Rules not used, in their order, and why.
    pub refused: Vec<Refused>,
    /// What one step more would save.
    pub next: Option<Next>,
    /// Whether every combination was looked at: so, but for shops with many rules that all go together.
    pub is_complete: bool,
}

/// A rule used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its id.
    pub rule: String,
    /// Its name.
    pub name: Words,
    /// What it did, in words, such as 满500减120.
    pub terms: Words,
    /// What it took off.
    pub off: Money,
    /// The products that it reduced; none where it is for all goods, and of goods without an id.
    pub on: Vec<String>,
    /// Units that got the offer: of item offers.
    pub units: Option<u32>,
    /// What was left of all goods then.
    pub left: Money,
}

/// Something added to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// The rule that adds it.
    pub rule: String,
    /// What.
    pub name: Words,
    /// What the rule does: 满600送帆布袋.
    pub terms: Words,
    /// What is to be said about how long stocks last.
    pub stock_note: Option<Words>,
}

/// A rule not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its id.
    pub rule: String,
    /// Its name.
    pub name: Words,
    /// What it would do.
    pub terms: Words,
    /// Why.
    pub why: Why,
}

/// Why a rule was not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It does not hold at this moment.
    OutsideItsTime,
    /// It is for other levels.
    NotThisLevel,
    /// Its coupon is not held.
    NotHeld,
    /// It is for other goods.
    OtherGoods,
    /// So much of its goods is missing to its threshold.
    Missing(Money),
    /// So many further units of its goods are missing.
    MissingUnits(u32),
    /// It excludes this rule, which was chosen.
    NotWith {
        /// The id of that rule.
        rule: String,
        /// The reason, in words, as the shop gives it.
        reason: Words,
    },
    /// It was used, but not for this many further units.
    Limit(u32),
    /// Without it there is less to pay.
    Worse,
}

/// A basket worked out, in the shop's own terms.
pub(super) struct Worked<'p> {
    pub(super) goods: i64,
    /// Rules whose conditions hold, in their order.
    pub(super) rules: Vec<Active<'p>>,
    /// What each of these did; nothing if not chosen.
    pub(super) cuts: Vec<Cut>,
    /// What the threshold of each is measured on; zero for item offers.
    pub(super) bases: Vec<i64>,
    /// What was left when each had been applied.
    lefts: Vec<i64>,
    /// The lines that each reduced.
    lines: Vec<Vec<usize>>,
    /// The units that each is for.
    units: Vec<u32>,
    /// Those chosen, by their bits; gifts included.
    pub(super) chosen: u32,
    pub(super) left: i64,
    pub(super) total: i64,
    pub(super) looks: u32,
}

/// What is worked out.
#[derive(Clone, Copy)]
pub(super) struct Goods<'l> {
    pub(super) lines: &'l [Line],
    /// The line that stands for goods still to be added, which get no item offer.
    pub(super) added: Option<usize>,
}

impl Promotions {
    /// What a basket costs in the best legal combination.
    ///
    /// # Errors
    /// When the basket is larger than baskets are.
    pub fn quote(&self, basket: &Basket, shipping: &Shipping) -> Result<Quote, BasketError> {
        let lines = basket.canonical()?;
        let fee = basket.region.map_or(Fee::NONE, |region| {
            let below = shipping.quote(Some(region), None);
            let is_ever_free = !below.is_remote && !below.is_unserved;
            Fee {
                fee: if below.is_unserved { 0 } else { below.fee.fen() },
                free_from: is_ever_free.then_some(shipping.free_from.fen()),
            }
        });
        let worked = self.work(basket, Goods { lines: &lines, added: None }, fee, 0);
        let next = self.next(basket, &lines, fee, &worked);
        let pays = Money::from_fen(worked.left);
        Ok(Quote {
            goods: Money::from_fen(worked.goods),
            steps: worked.steps(&lines),
            pays,
            shipping: basket.region.map(|region| shipping.quote(Some(region), Some(pays))),
            total: Money::from_fen(worked.total),
            gifts: worked.gifts(),
            refused: self.refused(basket, &worked),
            next,
            is_complete: worked.looks < MOST_LOOKS,
        })
    }

    /// Finds the best combination and applies it once more, writing down what it does.
    pub(super) fn work(&self, basket: &Basket, goods: Goods<'_>, fee: Fee, looks: u32) -> Worked<'_> {
        let (rules, lines) = (self.active(basket, goods), goods.lines);
        let (mut chosen, looks) = Search::best((lines, &rules), (self.rounding, fee), looks);
        let mut state = State::of(lines);
        let mut next = State::default();
        let goods = state.total;
        let mut after_item_offers = None;
        let (mut cuts, mut bases, mut lefts, mut reduced) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, active) in rules.iter().enumerate() {
            let mut cut = Cut::default();
            let mut base = 0;
            let is_chosen = chosen >> at & 1 == 1;
            if active.effect.is_item_offer() {
                if is_chosen {
                    cut = state.offer((active, 1 << at), self.rounding, &mut next);
                }
            } else {
                let sums = after_item_offers.get_or_insert_with(|| state.left.clone());
                base = state.base(active, sums);
                if is_chosen {
                    cut = state.reduce((active, 1 << at), (sums, self.rounding), &mut next);
                } else if active.is_gift() && active.conflicts & chosen == 0 && base > 0 {
                    chosen |= u32::from(base >= active.effect.first()) << at;
                }
            }
            let changed = |line: &usize| cut.off > 0 && next.left[*line] < state.left[*line];
            reduced.push(active.lines.iter().copied().filter(changed).collect());
            if cut.off > 0 {
                std::mem::swap(&mut state, &mut next);
            }
            cuts.push(cut);
            bases.push(base);
            lefts.push(state.total);
        }
        let left = state.total;
        let total = left + fee.of(left);
        let quantity = |active: &Active<'_>| active.lines.iter().map(|line| lines[*line].quantity).sum();
        let units = rules.iter().map(quantity).collect();
        Worked { goods, rules, cuts, bases, lefts, lines: reduced, units, chosen, left, total, looks }
    }

    /// The rules whose conditions hold and that are for some of the goods.
    fn active(&self, basket: &Basket, Goods { lines, added }: Goods<'_>) -> Vec<Active<'_>> {
        let mut out: Vec<Active<'_>> = Vec::new();
        let mut places = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            let Ok(effect) = conditions(rule, basket) else { continue };
            let is_for = |at: &usize| {
                let line = &lines[*at];
                rule.only.holds(line.product.as_deref(), line.category.as_deref())
                    && !(rule.effect.is_item_offer() && added == Some(*at))
            };
            let own: Vec<usize> = (0..lines.len()).filter(is_for).collect();
            if own.is_empty() {
                continue;
            }
            let is_for_all = own.len() == lines.len() && self.avoids[place] == 0;
            let group = self.stacking.iter().position(|group| group.at_most_one.contains(&rule.id));
            out.push(Active { rule, effect, lines: own, is_for_all, conflicts: 0, avoids: 0, group });
            places.push(place);
        }
        // Bits are those of the rules that hold, not of all.
        let among =
            |bits: u32| (0..places.len()).filter(|at| bits >> places[*at] & 1 == 1).fold(0, |all, at| all | 1 << at);
        for (active, place) in out.iter_mut().zip(&places) {
            active.conflicts = among(self.conflicts[*place]);
            active.avoids = among(self.avoids[*place]);
        }
        out
    }

    fn refused(&self, basket: &Basket, worked: &Worked<'_>) -> Vec<Refused> {
        let why = |rule: &Rule| match conditions(rule, basket) {
            Err(why) => Some(why),
            Ok(_) => match worked.rules.iter().position(|active| std::ptr::eq(active.rule, rule)) {
                None => Some(Why::OtherGoods),
                Some(at) => self.unused(at, worked),
            },
        };
        let refused = |rule: &Rule| {
            let why = why(rule)?;
            Some(Refused { rule: rule.id.clone(), name: rule.name.clone(), terms: terms::of(&rule.effect, 0), why })
        };
        self.rules.iter().filter_map(refused).collect()
    }

    /// Why a rule whose conditions hold was not used, or not for all units.
    fn unused(&self, at: usize, worked: &Worked<'_>) -> Option<Why> {
        let active = &worked.rules[at];
        if worked.chosen >> at & 1 == 1 {
            let beyond = u32::try_from(worked.cuts[at].beyond).unwrap_or(u32::MAX);
            return (beyond > 0).then_some(Why::Limit(beyond));
        }
        let (base, first) = (worked.bases[at], active.effect.first());
        if base < first {
            return Some(Why::Missing(Money::from_fen(first - base)));
        }
        let units = worked.units[at];
        match &*active.effect {
            Effect::Nth { n, .. } if units < *n => return Some(Why::MissingUnits(n - units)),
            Effect::Buy { n, .. } if units <= *n => return Some(Why::MissingUnits(n + 1 - units)),
            _ => {}
        }
        let excluding = active.conflicts & worked.chosen;
        if excluding == 0 {
            return Some(Why::Worse);
        }
        let rule = worked.rules[excluding.trailing_zeros() as usize].rule;
        let reason = match self.pair(&active.rule.id, &rule.id) {
            Some(Pair::Not { why }) => why,
            _ => rule.name.clone(),
        };
        Some(Why::NotWith { rule: rule.id.clone(), reason })
    }
}

impl Worked<'_> {
    fn is_chosen(&self, at: usize) -> bool {
        self.chosen >> at & 1 == 1
    }

    fn steps(&self, lines: &[Line]) -> Vec<Step> {
        let used = self.rules.iter().enumerate().filter(|(at, active)| self.is_chosen(*at) && !active.is_gift());
        let step = |(at, active): (usize, &Active<'_>)| {
            let cut = self.cuts[at];
            let products = self.lines[at].iter().filter_map(|line| lines[*line].product.clone());
            let mut on: Vec<String> = if active.rule.only.is_all() { Vec::new() } else { products.collect() };
            on.dedup();
            Step {
                rule: active.rule.id.clone(),
                name: active.rule.name.clone(),
                terms: terms::of(&active.effect, self.bases[at]),
                off: Money::from_fen(cut.off),
                on,
                units: active.effect.is_item_offer().then(|| u32::try_from(cut.units).unwrap_or(u32::MAX)),
                left: Money::from_fen(self.lefts[at]),
            }
        };
        used.map(step).collect()
    }

    fn gifts(&self) -> Vec<Gift> {
        let added = self.rules.iter().enumerate().filter(|(at, _)| self.is_chosen(*at));
        let gift = |(at, active): (usize, &Active<'_>)| match &*active.effect {
            Effect::Gift { name, .. } => Some(Gift {
                rule: active.rule.id.clone(),
                name: name.clone(),
                terms: terms::of(&active.effect, self.bases[at]),
                stock_note: active.rule.stock_note.clone(),
            }),
            _ => None,
        };
        added.filter_map(gift).collect()
    }
}

/// What a rule does to a customer whose order meets its conditions; the first condition that it does not meet.
fn conditions<'p>(rule: &'p Rule, basket: &Basket) -> Result<Cow<'p, Effect>, Why> {
    if !rule.when.holds(basket.at) {
        return Err(Why::OutsideItsTime);
    }
    let level = basket.member.as_deref().unwrap_or_default();
    if !rule.members.is_empty() && !rule.members.iter().any(|own| own == level) {
        return Err(Why::NotThisLevel);
    }
    let effect = match &rule.effect {
        Effect::MemberPercent(levels) => {
            let (_, pays_percent) = *levels.iter().find(|(own, _)| own == level).ok_or(Why::NotThisLevel)?;
            Cow::Owned(Effect::Percent { pays_percent, from: Money::default(), at_most: None })
        }
        effect => Cow::Borrowed(effect),
    };
    if rule.coupon.is_some() && !basket.coupons.contains(&rule.id) {
        return Err(Why::NotHeld);
    }
    Ok(effect)
}
