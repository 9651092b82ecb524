//! The legal combination with the least to pay: every one is looked at, but for those which cannot be better than the best
//! so far.

use super::basket::Line;
use super::rule::{Effect, Rounding, ThresholdsOn};
use super::state::{Active, Cut, State, off};

/// Combinations looked at for one basket, at most. Shops have a handful of rules and need dozens.
pub(super) const MOST_LOOKS: u32 = 300_000;

/// The fee by the goods that are paid for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fee {
    /// Below the threshold.
    pub(super) fee: i64,
    /// None where it is never free.
    pub(super) free_from: Option<i64>,
}

impl Fee {
    /// No fee at all.
    pub(super) const NONE: Self = Self { fee: 0, free_from: None };

    pub(super) fn of(self, goods: i64) -> i64 {
        if self.free_from.is_some_and(|from| goods >= from) { 0 } else { self.fee }
    }

    /// The least that goods of `low` to `high` cost with their fee.
    fn least(self, low: i64, high: i64) -> i64 {
        match self.free_from {
            Some(from) if low < from && from <= high => from.min(low + self.fee),
            _ => low + self.of(low),
        }
    }
}

/// The best combination so far.
#[derive(Debug, Clone, Copy)]
struct Best {
    total: i64,
    rules: u32,
    chosen: u32,
}

/// A basket with the rules that hold for it.
pub(super) struct Search<'a, 'p> {
    rules: &'a [Active<'p>],
    rounding: Rounding,
    fee: Fee,
    /// One more than the last item offer.
    order_from: usize,
    /// From this rule on only the total matters, since every rule is for all lines.
    total_from: usize,
    /// What each rule saves at most, alone.
    alone: Vec<i64>,
    /// By how deep it is in the choosing.
    states: Vec<State>,
    /// What is left of each line after the item offers chosen.
    after_item_offers: Vec<i64>,
    /// What each rule's threshold is measured on there.
    bases: Vec<i64>,
    best: Best,
    looks: u32,
}

impl<'a, 'p> Search<'a, 'p> {
    /// The bits of the best combination, and how many combinations were looked at: [`MOST_LOOKS`] if not all could be.
    pub(super) fn best(
        (lines, rules): (&[Line], &'a [Active<'p>]),
        (rounding, fee): (Rounding, Fee),
        looks: u32,
    ) -> (u32, u32) {
        let order_from = rules.iter().take_while(|active| active.effect.is_item_offer()).count();
        let by_line = |active: &Active<'_>| !active.is_for_all && !active.is_gift();
        let total_from = rules.iter().rposition(by_line).map_or(0, |last| last + 1).max(order_from);
        let mut states = vec![State::default(); rules.len() + 1];
        states[0] = State::of(lines);
        let mut alone = Vec::with_capacity(order_from);
        for active in &rules[..order_from] {
            let (root, rest) = states.split_at_mut(1);
            alone.push(root[0].offer((active, 0), rounding, &mut rest[0]).off);
        }
        let best = Best { total: i64::MAX, rules: 0, chosen: 0 };
        let (after_item_offers, bases) = (Vec::new(), vec![0; rules.len()]);
        let mut search = Search {
            rules,
            rounding,
            fee,
            order_from,
            total_from,
            alone,
            states,
            after_item_offers,
            bases,
            best,
            looks,
        };
        search.look((0, 0), 0, 0);
        (search.best.chosen, search.looks)
    }

    /// Goes on from a state, before the rule `at`, with some rules chosen.
    fn look(&mut self, (at, state): (usize, usize), chosen: u32, used: u32) {
        if at == self.order_from {
            self.measure(state);
        }
        let low = self.least(at, state, chosen);
        let is_no_better = low > self.best.total || (low == self.best.total && used >= self.best.rules);
        if is_no_better || self.looks >= MOST_LOOKS {
            return;
        }
        self.looks += 1;
        if at == self.rules.len() {
            self.best = Best { total: low, rules: used, chosen };
            return;
        }
        let active = &self.rules[at];
        let is_free = active.conflicts & chosen == 0 && !active.is_gift();
        if is_free && self.apply(at, state).off > 0 {
            self.look((at + 1, state + 1), chosen | 1 << at, used + 1);
        }
        self.look((at + 1, state), chosen, used);
    }

    /// The item offers are chosen: thresholds are measured on what is left now.
    fn measure(&mut self, state: usize) {
        let state = &self.states[state];
        self.after_item_offers.clone_from(&state.left);
        for (active, base) in self.rules.iter().zip(&mut self.bases) {
            *base = active.lines.iter().map(|line| state.left[*line]).sum();
        }
    }

    /// Takes the rule `at` off a state; the next state becomes what is then.
    fn apply(&mut self, at: usize, state: usize) -> Cut {
        let (active, bit) = (&self.rules[at], 1 << at);
        let (before, after) = self.states.split_at_mut(state + 1);
        let (before, after) = (&before[state], &mut after[0]);
        if at < self.order_from {
            return before.offer((active, bit), self.rounding, after);
        }
        if at < self.total_from {
            return before.reduce((active, bit), (&self.after_item_offers, self.rounding), after);
        }
        let base = if active.rule.thresholds_on == ThresholdsOn::WhatIsLeft { before.total } else { self.bases[at] };
        let off = off(&active.effect, self.rounding, base, before.total);
        after.total = before.total - off;
        Cut { off, ..Cut::default() }
    }

    /// No combination that goes on from here costs less: every rule saves at most what it would without the others, and of
    /// those that exclude each other one is used.
    fn least(&self, at: usize, state: usize, chosen: u32) -> i64 {
        let state = &self.states[state];
        let mut low = state.total;
        let mut saved_by_group = [0_i64; 32];
        for (offset, active) in self.rules[at..].iter().enumerate() {
            if active.conflicts & chosen != 0 || active.is_gift() {
                continue;
            }
            let index = at + offset;
            let left = if index >= self.total_from {
                state.total
            } else {
                active.lines.iter().map(|line| state.left[*line]).sum()
            };
            let is_measured = at >= self.order_from && active.rule.thresholds_on == ThresholdsOn::AfterItemOffers;
            let base = if is_measured { self.bases[index] } else { left };
            let saves = match (&*active.effect, active.group) {
                (effect, _) if effect.is_item_offer() => self.alone[index],
                // A share of all goods is one of what is left after the rules above.
                (Effect::Percent { pays_percent, from, at_most }, None) if active.is_for_all && from.fen() <= base => {
                    let share = low - Rounding::Down.share(low, *pays_percent);
                    at_most.map_or(share, |most| share.min(most.fen()))
                }
                (effect, _) => off(effect, Rounding::Down, base, left),
            };
            let more = match active.group {
                None => saves,
                Some(group) => {
                    let kept = &mut saved_by_group[group];
                    let more = (saves - *kept).max(0);
                    *kept += more;
                    more
                }
            };
            low = (low - more).max(0);
        }
        self.fee.least(low, state.total)
    }
}
