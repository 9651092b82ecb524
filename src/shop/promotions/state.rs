//! What is left to pay for each line, and how a rule changes it. All sums are in fen.

use super::basket::Line;
use super::rule::{Effect, Rounding, Rule, ThresholdsOn};

/// A rule whose conditions hold, for one basket.
pub(super) struct Active<'p> {
    pub(super) rule: &'p Rule,
    /// What it does to this customer: a discount by level is one by percent here.
    pub(super) effect: std::borrow::Cow<'p, Effect>,
    /// The lines that it is for, in their order.
    pub(super) lines: Vec<usize>,
    /// Whether these are all lines, whatever other rules did.
    pub(super) is_for_all: bool,
    /// Rules that may not be used beside it, by their bits.
    pub(super) conflicts: u32,
    /// Rules whose lines it leaves alone, by their bits.
    pub(super) avoids: u32,
    /// A group of which it may be the only one.
    pub(super) group: Option<usize>,
}

impl Active<'_> {
    pub(super) fn is_gift(&self) -> bool {
        matches!(*self.effect, Effect::Gift { .. })
    }
}

/// Units of one line that cost the same.
#[derive(Debug, Clone, Copy)]
struct Segment {
    line: usize,
    unit: i64,
    count: i64,
}

/// Where a calculation stands.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Units by what they cost, for item offers.
    segments: Vec<Segment>,
    /// What is left of each line.
    pub(super) left: Vec<i64>,
    /// Which rules reduced it, by their bits.
    touched: Vec<u32>,
    /// The sum of what is left.
    pub(super) total: i64,
}

/// What a rule took off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cut {
    pub(super) off: i64,
    /// Units that an item offer reduced.
    pub(super) units: i64,
    /// Units that it did not reduce, since it has a limit.
    pub(super) beyond: i64,
}

impl State {
    pub(super) fn of(lines: &[Line]) -> Self {
        let segment =
            |(line, goods): (usize, &Line)| Segment { line, unit: goods.price.fen(), count: i64::from(goods.quantity) };
        let segments: Vec<Segment> = lines.iter().enumerate().map(segment).collect();
        let left: Vec<i64> = segments.iter().map(|segment| segment.unit * segment.count).collect();
        let total = left.iter().sum();
        Self { segments, left, touched: vec![0; lines.len()], total }
    }

    /// Whether a rule that reduced this line has one of these bits.
    pub(super) fn is_touched(&self, line: usize, bits: u32) -> bool {
        self.touched[line] & bits != 0
    }

    /// What a rule counts of some sums by line.
    pub(super) fn counted(&self, active: &Active<'_>, sums: &[i64]) -> i64 {
        active.lines.iter().filter(|line| !self.is_touched(**line, active.avoids)).map(|line| sums[*line]).sum()
    }

    /// What its threshold is measured on.
    pub(super) fn base(&self, active: &Active<'_>, after_item_offers: &[i64]) -> i64 {
        match active.rule.thresholds_on {
            ThresholdsOn::AfterItemOffers => self.counted(active, after_item_offers),
            ThresholdsOn::WhatIsLeft => self.counted(active, &self.left),
        }
    }

    /// Takes an item offer off the units; `into` becomes what is then.
    pub(super) fn offer(&self, (active, bit): (&Active<'_>, u32), rounding: Rounding, into: &mut Self) -> Cut {
        into.left.clone_from(&self.left);
        into.touched.clone_from(&self.touched);
        into.segments.clear();
        let mut counted: Vec<Segment> = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            let is_counted =
                active.lines.binary_search(&segment.line).is_ok() && !self.is_touched(segment.line, active.avoids);
            if is_counted { counted.push(*segment) } else { into.segments.push(*segment) }
        }
        counted.sort_by_key(|segment| (-segment.unit, segment.line));
        let mut cut = Cut::default();
        let mut seen = 0;
        let mut may = active.rule.limit.map_or(i64::MAX, i64::from);
        for segment in counted {
            let (cost, wanted) = offered(&active.effect, rounding, segment, seen);
            seen += segment.count;
            let reduced = if cost < segment.unit { wanted.min(may) } else { 0 };
            if reduced == 0 {
                cut.beyond += if cost < segment.unit { wanted } else { 0 };
                into.segments.push(segment);
                continue;
            }
            may -= reduced;
            let off = (segment.unit - cost) * reduced;
            cut = Cut { off: cut.off + off, units: cut.units + reduced, beyond: cut.beyond + wanted - reduced };
            into.left[segment.line] -= off;
            into.touched[segment.line] |= bit;
            into.segments.push(Segment { unit: cost, count: reduced, ..segment });
            if segment.count > reduced {
                into.segments.push(Segment { count: segment.count - reduced, ..segment });
            }
        }
        into.total = self.total - cut.off;
        cut
    }

    /// Takes any other rule off what is left of the lines; `into` becomes what is then, where something is taken off. What
    /// single units cost is no longer known there.
    pub(super) fn reduce(
        &self,
        (active, bit): (&Active<'_>, u32),
        (after_item_offers, rounding): (&[i64], Rounding),
        into: &mut Self,
    ) -> Cut {
        let off = off(&active.effect, rounding, self.base(active, after_item_offers), self.counted(active, &self.left));
        if off > 0 {
            into.segments.clear();
            into.left.clone_from(&self.left);
            into.touched.clone_from(&self.touched);
            into.total = self.total - off;
            let lines: Vec<usize> =
                active.lines.iter().copied().filter(|line| !self.is_touched(*line, active.avoids)).collect();
            spread(off, &lines, &mut into.left);
            for line in lines {
                if into.left[line] < self.left[line] {
                    into.touched[line] |= bit;
                }
            }
        }
        Cut { off, ..Cut::default() }
    }
}

/// What one unit costs by an item offer, and how many units of a segment get it, `seen` units having been counted before.
fn offered(effect: &Effect, rounding: Rounding, segment: Segment, seen: i64) -> (i64, i64) {
    // Of each group the first units pay, the rest is reduced.
    let (pay, reduced, cost) = match effect {
        Effect::Price(price) => return (price.fen(), segment.count),
        Effect::Nth { n, pays_percent } => (i64::from(*n) - 1, 1, rounding.share(segment.unit, *pays_percent)),
        Effect::Buy { n, free } => (i64::from(*n), i64::from(*free), 0),
        _ => return (segment.unit, 0),
    };
    let group = pay + reduced;
    let among_first = |units: i64| units / group * reduced + (units % group - pay).max(0);
    (cost, among_first(seen + segment.count) - among_first(seen))
}

/// What a rule takes off `left`, its threshold being measured on `base`.
pub(super) fn off(effect: &Effect, rounding: Rounding, base: i64, left: i64) -> i64 {
    let off = match effect {
        Effect::Tiers(tiers) => tiers.iter().rfind(|tier| tier.from.fen() <= base).map_or(0, |tier| tier.off.fen()),
        Effect::Each { from, off, at_most } => {
            let times = (base / from.fen().max(1)).min(at_most.map_or(i64::MAX, i64::from));
            times.saturating_mul(off.fen())
        }
        Effect::Reduce(tier) if tier.from.fen() <= base => tier.off.fen(),
        Effect::Percent { pays_percent, from, at_most } if from.fen() <= base => {
            let off = left - rounding.share(left, *pays_percent);
            at_most.map_or(off, |most| off.min(most.fen()))
        }
        _ => 0,
    };
    off.clamp(0, left)
}

/// Spreads a sum over lines by what is left of each; the fen that remain go to the largest remainders, of equal ones to the
/// first.
fn spread(off: i64, lines: &[usize], left: &mut [i64]) {
    let sum: i128 = lines.iter().map(|line| i128::from(left[*line])).sum();
    if sum == 0 {
        return;
    }
    let mut rest = off;
    let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(lines.len());
    for line in lines {
        let product = i128::from(off) * i128::from(left[*line]);
        let share = i64::try_from(product / sum).unwrap_or(i64::MAX);
        left[*line] -= share;
        rest -= share;
        remainders.push((product % sum, *line));
    }
    remainders.sort_by_key(|(remainder, line)| (-remainder, *line));
    for (_, line) in remainders.iter().take(usize::try_from(rest).unwrap_or(0)) {
        left[*line] -= 1;
    }
}
