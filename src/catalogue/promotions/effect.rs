//! The one thing that a rule does, out of the keys that it may have for it.

use super::{Check, words};
use crate::catalogue::raw_promotions::{RawPromotionTier, RawRule};
use crate::shop::{Effect, LEVELS, Money, Tier};

/// Reads an effect; `pointer` is that of its own key.
type Read = fn(&mut Check<'_>, &RawRule, pointer: &str) -> Option<Effect>;

/// Every effect, by its key.
const EFFECTS: [(&str, Read); 9] = [
    ("price", price),
    ("nth", |_, raw, _| raw.nth.map(|nth| Effect::Nth { n: nth.n, pays_percent: nth.pays_percent })),
    ("buy", |_, raw, _| raw.buy.map(|buy| Effect::Buy { n: buy.n, free: buy.free })),
    ("tiers", tiers),
    ("each", each),
    ("reduce", reduce),
    ("percent", percent),
    ("member_percent", member_percent),
    ("gift", gift),
];

/// Whether a rule changes what units cost.
pub(super) fn is_item_offer(raw: &RawRule) -> bool {
    raw.price.is_some() || raw.nth.is_some() || raw.buy.is_some()
}

impl Check<'_> {
    /// What a rule does; none, and a finding, where that is nothing or more than one thing.
    pub(super) fn effect(&mut self, raw: &RawRule, pointer: &str) -> Option<Effect> {
        let is_given = [
            raw.price.is_some(),
            raw.nth.is_some(),
            raw.buy.is_some(),
            raw.tiers.is_some(),
            raw.each.is_some(),
            raw.reduce.is_some(),
            raw.percent.is_some(),
            raw.member_percent.is_some(),
            raw.gift.is_some(),
        ];
        let given: Vec<(&str, Read)> =
            EFFECTS.into_iter().zip(is_given).filter(|(_, given)| *given).map(|(effect, _)| effect).collect();
        if let [(key, read)] = given.as_slice() {
            return read(self, raw, &format!("{pointer}/{key}"));
        }
        let names = |effects: &[(&str, Read)]| effects.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", ");
        let found = if given.is_empty() { "none".to_owned() } else { names(&given) };
        let message = format!("a rule does exactly one thing; allowed: one of {}; found: {found}", names(&EFFECTS));
        self.report(pointer, "one-effect", message);
        None
    }

    /// A sum, which must be in whole fen.
    fn money(&mut self, yuan: f64, pointer: &str) -> Money {
        let fen = yuan * 100.0;
        if (fen - fen.round()).abs() > 1e-6 || yuan > 1e8 {
            let message = format!("{yuan} is no sum of money; write yuan with at most two decimals, up to 100000000");
            self.report(pointer, "bad-amount", message);
        }
        Money::from_yuan(yuan)
    }

    fn reduction(&mut self, [from, off]: [f64; 2], pointer: &str) -> Tier {
        let tier = Tier {
            from: self.money(from, &format!("{pointer}/from")),
            off: self.money(off, &format!("{pointer}/off")),
        };
        if tier.off == Money::default() {
            self.report(&format!("{pointer}/off"), "bad-amount", "`off` must be above 0");
        }
        tier
    }

    fn below(&mut self, tier: Tier, code: &'static str, pointer: &str) {
        if tier.off >= tier.from {
            self.report(&format!("{pointer}/off"), code, format!("`off` must be below `from` ({})", tier.from));
        }
    }
}

fn price(check: &mut Check<'_>, raw: &RawRule, pointer: &str) -> Option<Effect> {
    raw.price.map(|price| Effect::Price(check.money(price, pointer)))
}

fn tiers(check: &mut Check<'_>, raw: &RawRule, pointer: &str) -> Option<Effect> {
    let tiers = raw.tiers.as_ref()?.iter().enumerate();
    let mut read = |(at, tier): (usize, &RawPromotionTier)| {
        let pointer = format!("{pointer}/{at}");
        let tier = check.reduction([tier.from, tier.off], &pointer);
        check.below(tier, "tier-order", &pointer);
        tier
    };
    let tiers: Vec<Tier> = tiers.map(&mut read).collect();
    for (at, pair) in tiers.windows(2).enumerate() {
        if pair[1].from <= pair[0].from || pair[1].off <= pair[0].off {
            check.report(&format!("{pointer}/{}", at + 1), "tier-order", "tiers must rise, in `from` and in `off`");
        }
    }
    Some(Effect::Tiers(tiers))
}

fn each(check: &mut Check<'_>, raw: &RawRule, pointer: &str) -> Option<Effect> {
    let each = raw.each?;
    let tier = check.reduction([each.from, each.off], pointer);
    check.below(tier, "bad-amount", pointer);
    Some(Effect::Each { from: tier.from, off: tier.off, at_most: each.at_most })
}

fn reduce(check: &mut Check<'_>, raw: &RawRule, pointer: &str) -> Option<Effect> {
    let reduce = raw.reduce?;
    let tier = check.reduction([reduce.from, reduce.off], pointer);
    // Without a threshold it takes off what there is.
    if tier.from > Money::default() {
        check.below(tier, "bad-amount", pointer);
    }
    Some(Effect::Reduce(tier))
}

fn percent(check: &mut Check<'_>, raw: &RawRule, pointer: &str) -> Option<Effect> {
    let percent = raw.percent?;
    let from = check.money(percent.from, &format!("{pointer}/from"));
    let at_most = percent.at_most.map(|most| check.money(most, &format!("{pointer}/at_most")));
    Some(Effect::Percent { pays_percent: percent.pays_percent, from, at_most })
}

fn member_percent(check: &mut Check<'_>, raw: &RawRule, pointer: &str) -> Option<Effect> {
    let levels = raw.member_percent.as_ref()?;
    for (level, percent) in levels {
        let pointer = format!("{pointer}/{level}");
        check.level(level, &pointer);
        if !(1..=100).contains(percent) {
            check.report(&pointer, "bad-amount", "a level pays 1 to 100 percent of what is left");
        }
    }
    let level = |name: &str| Some((name.to_owned(), *levels.get(name)?));
    Some(Effect::MemberPercent(LEVELS.into_iter().filter_map(level).collect()))
}

fn gift(check: &mut Check<'_>, raw: &RawRule, pointer: &str) -> Option<Effect> {
    let gift = raw.gift.as_ref()?;
    let from = check.money(gift.from, &format!("{pointer}/from"));
    Some(Effect::Gift { from, name: words(&gift.name) })
}
