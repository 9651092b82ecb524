//! The engine against every subset of the rules: written from the definition, unit by unit, without a thought for speed.

use jiff::civil::{DateTime, datetime};
use proptest::prelude::*;
use triage::region::by_name;
use triage::shop::{
    Basket, CouponKind, Effect, Line, Money, Promotions, Quote, Rounding, Rule, Scope, Shipping, Stacking,
    ThresholdsOn, Tier, When, Words,
};

/// Random numbers that are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()].clone()
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(u64::try_from(high - low + 1).unwrap())).unwrap()
    }

    fn small(&mut self, low: i64, high: i64) -> u32 {
        u32::try_from(self.between(low, high)).unwrap()
    }

    /// Round sums and odd ones.
    fn money(&mut self, most: i64) -> Money {
        let fen = if self.one_in(3) { self.between(1, most * 100) } else { self.between(1, most) * 100 };
        Money::from_fen(fen)
    }
}

const PRODUCTS: [(&str, &str); 5] = [("A1", "a"), ("A2", "a"), ("B1", "b"), ("B2", "b"), ("C1", "c")];
const LEVELS: [&str; 2] = ["silver", "gold"];
const AT: DateTime = datetime(2026, 11, 21, 10, 30, 0, 0);

/// A case: rules that go together, and a basket.
struct Case {
    rounding: Rounding,
    rules: Vec<Rule>,
    stacking: Vec<Stacking>,
    basket: Basket,
    /// Goods that a step more adds; they get no item offer.
    added: Option<Line>,
    shipping: Shipping,
}

fn words(text: &str) -> Words {
    Words { zh: text.to_owned(), en: text.to_owned() }
}

fn item_offer(dice: &mut Dice) -> Effect {
    match dice.below(3) {
        0 => Effect::Price(dice.money(120)),
        1 => Effect::Nth { n: dice.small(1, 3), pays_percent: dice.small(0, 99) },
        _ => Effect::Buy { n: dice.small(1, 3), free: dice.small(1, 2) },
    }
}

fn reduction(dice: &mut Dice) -> Effect {
    let from = dice.money(300);
    let part = |dice: &mut Dice, of: Money| Money::from_fen(dice.between(1, (of.fen() / 2).max(1)));
    match dice.below(6) {
        0 | 1 => {
            let mut tiers = vec![Tier { from, off: part(dice, from) }];
            for _ in 0..dice.below(3) {
                let last = tiers[tiers.len() - 1];
                let (further, more) = (dice.money(200), dice.money(30));
                tiers.push(Tier { from: last.from + further, off: last.off + more });
            }
            Effect::Tiers(tiers)
        }
        2 => {
            let at_most = if dice.one_in(2) { Some(dice.small(1, 4)) } else { None };
            Effect::Each { from, off: part(dice, from), at_most }
        }
        3 => Effect::Reduce(Tier { from, off: part(dice, from) }),
        4 => {
            let from = if dice.one_in(2) { Money::default() } else { from };
            let at_most = if dice.one_in(2) { Some(dice.money(40)) } else { None };
            Effect::Percent { pays_percent: dice.small(1, 99), from, at_most }
        }
        _ => Effect::MemberPercent(vec![("silver".into(), dice.small(90, 99)), ("gold".into(), dice.small(80, 95))]),
    }
}

fn rule(dice: &mut Dice, at: usize, offers: usize, count: usize) -> Rule {
    let effect = if at < offers { item_offer(dice) } else { reduction(dice) };
    let mut only = Scope::default();
    if dice.one_in(2) {
        for _ in 0..=dice.below(2) {
            let (product, category) = dice.pick(&PRODUCTS);
            if dice.one_in(2) { only.products.push(product.into()) } else { only.categories.push(category.into()) }
        }
    }
    let others: Vec<String> = (0..count).filter(|other| *other != at).map(|other| format!("r{other}")).collect();
    let not_with = if dice.one_in(5) && !others.is_empty() { vec![dice.pick(&others)] } else { Vec::new() };
    let not_on = if at > 0 && dice.one_in(4) { vec![format!("r{}", dice.below(at as u64))] } else { Vec::new() };
    let until = dice.one_in(12).then_some(datetime(2026, 11, 21, 10, 29, 59, 0));
    Rule {
        id: format!("r{at}"),
        name: words("rule"),
        aliases: Vec::new(),
        only,
        when: When { until, ..When::default() },
        members: if dice.one_in(8) { vec![dice.pick(&LEVELS).to_owned()] } else { Vec::new() },
        coupon: dice.one_in(4).then_some(CouponKind::Shop),
        limit: (at < offers && dice.one_in(2)).then(|| dice.small(1, 3)),
        stock_note: None,
        effect,
        thresholds_on: if dice.one_in(4) { ThresholdsOn::WhatIsLeft } else { ThresholdsOn::AfterItemOffers },
        not_with,
        not_on,
    }
}

fn basket(dice: &mut Dice, count: usize) -> Basket {
    let lines = (0..dice.between(1, 6)).map(|_| {
        let (product, category) = dice.pick(&PRODUCTS);
        // The same product sometimes costs the same, and sometimes nothing is known of it.
        let price = if dice.one_in(3) { Money::from_fen(2990) } else { dice.money(200) };
        let is_known = !dice.one_in(6);
        let [product, category] = [product, category].map(|name| is_known.then(|| name.to_owned()));
        Line { product, category, price, quantity: dice.small(1, 4) }
    });
    let lines = lines.collect();
    let coupons = (0..count).filter(|_| dice.one_in(2)).map(|at| format!("r{at}")).collect();
    let member = match dice.below(3) {
        0 => None,
        at => Some(LEVELS[usize::try_from(at - 1).unwrap()].to_owned()),
    };
    let places = [None, Some("浙江"), Some("新疆"), Some("香港")];
    let region = dice.pick(&places).map(|name| by_name(name).unwrap());
    Basket { lines, coupons, member, at: AT, region }
}

fn case(seed: u64) -> Case {
    let mut dice = Dice(seed);
    let count = usize::try_from(dice.below(8)).unwrap();
    let offers = usize::try_from(dice.below(count as u64 + 1)).unwrap().min(3);
    let rules: Vec<Rule> = (0..count).map(|at| rule(&mut dice, at, offers, count)).collect();
    let groups = if count > 1 { dice.below(3) } else { 0 };
    let stacking = (0..groups).map(|_| {
        let at_most_one = (0..count).filter(|_| dice.one_in(2)).map(|at| format!("r{at}")).collect();
        Stacking { name: words("group"), at_most_one }
    });
    let stacking = stacking.collect();
    let basket = basket(&mut dice, count);
    let rounding = if dice.one_in(3) { Rounding::Down } else { Rounding::HalfUp };
    let place = |name| by_name(name).unwrap();
    // Often just about what the goods come to.
    let goods: i64 = basket.lines.iter().map(|line| line.price.fen() * i64::from(line.quantity)).sum();
    let near = Money::from_fen(goods * dice.between(40, 100) / 100);
    let shipping = Shipping {
        fee: dice.money(40),
        free_from: if dice.one_in(4) { dice.money(400) } else { near },
        surcharge: dice.money(20),
        remote: vec![place("新疆")],
        unserved: vec![place("香港")],
    };
    Case { rounding, rules, stacking, basket, added: None, shipping }
}

impl Case {
    fn quote(&self) -> Quote {
        let promotions = Promotions::new(self.rounding, self.rules.clone(), self.stacking.clone()).unwrap();
        promotions.quote(&self.basket, &self.shipping).unwrap()
    }

    /// What is paid of a sum.
    fn share(&self, fen: i64, percent: u32) -> i64 {
        let hundredths = fen * i64::from(percent);
        match (self.rounding, hundredths % 100) {
            (Rounding::HalfUp, rest) if rest >= 50 => hundredths / 100 + 1,
            _ => hundredths / 100,
        }
    }

    /// Whether the rule's own conditions hold.
    fn holds(&self, rule: &Rule) -> bool {
        let level = self.basket.member.clone().unwrap_or_default();
        let is_level = match &rule.effect {
            Effect::MemberPercent(levels) => levels.iter().any(|(own, _)| *own == level),
            _ => true,
        };
        is_level
            && rule.when.until.is_none_or(|until| self.basket.at <= until)
            && (rule.members.is_empty() || rule.members.contains(&level))
            && (rule.coupon.is_none() || self.basket.coupons.contains(&rule.id))
    }

    /// Whether the rules of a subset may stand in one order.
    fn is_legal(&self, chosen: &[&Rule]) -> bool {
        let excluded = chosen
            .iter()
            .any(|rule| chosen.iter().any(|other| rule.not_with.contains(&other.id) && rule.id != other.id));
        let crowded = self
            .stacking
            .iter()
            .any(|group| chosen.iter().filter(|rule| group.at_most_one.contains(&rule.id)).count() > 1);
        !excluded && !crowded && chosen.iter().all(|rule| self.holds(rule))
    }

    /// What the goods cost with the rules of a subset; none if one of them does nothing.
    fn pays(&self, chosen: &[&Rule]) -> Option<i64> {
        // One entry for every single unit: its line and what it costs. Lines are those of one product at one price.
        let mut kinds: Vec<(Option<String>, Option<String>, i64)> = Vec::new();
        let mut units: Vec<(usize, i64)> = Vec::new();
        for line in &self.basket.lines {
            let kind = (line.product.clone(), line.category.clone(), line.price.fen());
            kinds.push(kind);
        }
        kinds.sort();
        kinds.dedup();
        for (at, kind) in kinds.iter().enumerate() {
            for line in &self.basket.lines {
                if (line.product.clone(), line.category.clone(), line.price.fen()) == *kind {
                    units.extend((0..line.quantity).map(|_| (at, kind.2)));
                }
            }
        }
        let added = self.added.as_ref().map(|line| {
            let kind = (line.product.clone(), line.category.clone(), line.price.fen());
            let place = kinds.partition_point(|other| *other < kind);
            units.iter_mut().filter(|unit| unit.0 >= place).for_each(|unit| unit.0 += 1);
            units.push((place, kind.2));
            kinds.insert(place, kind);
            place
        });
        let mut touched: Vec<Vec<&str>> = vec![Vec::new(); kinds.len()];
        let in_scope = |rule: &Rule, touched: &[Vec<&str>], at: usize| {
            let (product, category, _) = &kinds[at];
            let named = product.as_ref().is_some_and(|product| rule.only.products.contains(product))
                || category.as_ref().is_some_and(|category| rule.only.categories.contains(category));
            let is_all = rule.only.products.is_empty() && rule.only.categories.is_empty();
            (is_all || named) && !rule.not_on.iter().any(|other| touched[at].contains(&other.as_str()))
        };
        for rule in chosen.iter().filter(|rule| rule.effect.is_item_offer()) {
            let is_mine = |unit: &usize| in_scope(rule, &touched, units[*unit].0) && added != Some(units[*unit].0);
            let mut mine: Vec<usize> = (0..units.len()).filter(is_mine).collect();
            mine.sort_by_key(|unit| (-units[*unit].1, units[*unit].0));
            let mut left = rule.limit.map_or(usize::MAX, |limit| limit as usize);
            let mut saved = 0;
            for (position, unit) in mine.into_iter().enumerate() {
                let (at, cost) = units[unit];
                let offered = match &rule.effect {
                    Effect::Price(price) => price.fen(),
                    Effect::Nth { n, pays_percent } if (position + 1) % *n as usize == 0 => {
                        self.share(cost, *pays_percent)
                    }
                    Effect::Buy { n, free } if position % (*n + *free) as usize >= *n as usize => 0,
                    _ => cost,
                };
                if offered < cost && left > 0 {
                    left -= 1;
                    saved += cost - offered;
                    units[unit].1 = offered;
                    touched[at].push(&rule.id);
                }
            }
            if saved == 0 {
                return None;
            }
        }
        let after: Vec<i64> =
            (0..kinds.len()).map(|at| units.iter().filter(|unit| unit.0 == at).map(|unit| unit.1).sum()).collect();
        let mut left = after.clone();
        for rule in chosen.iter().filter(|rule| !rule.effect.is_item_offer()) {
            let mine: Vec<usize> = (0..kinds.len()).filter(|at| in_scope(rule, &touched, *at)).collect();
            let own: i64 = mine.iter().map(|at| left[*at]).sum();
            let base: i64 = match rule.thresholds_on {
                ThresholdsOn::AfterItemOffers => mine.iter().map(|at| after[*at]).sum(),
                ThresholdsOn::WhatIsLeft => own,
            };
            let wanted = match &rule.effect {
                Effect::Tiers(tiers) => {
                    tiers.iter().filter(|tier| base >= tier.from.fen()).map(|tier| tier.off.fen()).max().unwrap_or(0)
                }
                Effect::Each { from, off, at_most } => {
                    let times = base / from.fen();
                    off.fen() * at_most.map_or(times, |most| times.min(i64::from(most)))
                }
                Effect::Reduce(tier) if base >= tier.from.fen() => tier.off.fen(),
                Effect::Percent { pays_percent, from, at_most } if base >= from.fen() => {
                    let off = own - self.share(own, *pays_percent);
                    at_most.map_or(off, |most| off.min(most.fen()))
                }
                Effect::MemberPercent(levels) => {
                    let level = self.basket.member.as_deref().unwrap_or_default();
                    let percent = levels.iter().find(|(own, _)| own == level).unwrap().1;
                    own - self.share(own, percent)
                }
                _ => 0,
            };
            let off = wanted.min(own);
            if off <= 0 {
                return None;
            }
            // Hamilton's method.
            let mut shares: Vec<(i64, i64)> =
                mine.iter().map(|at| (off * left[*at] / own, off * left[*at] % own)).collect();
            let mut missing = off - shares.iter().map(|share| share.0).sum::<i64>();
            while missing > 0 {
                let largest = shares.iter().map(|share| share.1).max().unwrap();
                let first = shares.iter().position(|share| share.1 == largest).unwrap();
                shares[first] = (shares[first].0 + 1, -1);
                missing -= 1;
            }
            for (at, (share, _)) in mine.iter().zip(shares) {
                left[*at] -= share;
                if share > 0 {
                    touched[*at].push(&rule.id);
                }
            }
        }
        Some(left.iter().sum())
    }

    /// Goods with their fee, by the shop's words.
    fn with_fee(&self, goods: i64) -> i64 {
        let fee = match self.basket.region {
            None => 0,
            Some(place) if place == by_name("香港").unwrap() => 0,
            Some(place) if place == by_name("新疆").unwrap() => {
                self.shipping.fee.fen() + self.shipping.surcharge.fen()
            }
            Some(_) if goods >= self.shipping.free_from.fen() => 0,
            Some(_) => self.shipping.fee.fen(),
        };
        goods + fee
    }

    /// The least to pay, and the rules with which it is reached: as few as possible, and of as many the first.
    fn best(&self) -> (i64, Vec<String>) {
        let mut best: Option<(i64, usize, Vec<usize>)> = None;
        for subset in 0..1_u32 << self.rules.len() {
            let places: Vec<usize> = (0..self.rules.len()).filter(|at| subset >> at & 1 == 1).collect();
            let chosen: Vec<&Rule> = places.iter().map(|at| &self.rules[*at]).collect();
            if !self.is_legal(&chosen) {
                continue;
            }
            let Some(goods) = self.pays(&chosen) else { continue };
            let found = (self.with_fee(goods), places.len(), places);
            if best.as_ref().is_none_or(|best| found < *best) {
                best = Some(found);
            }
        }
        let (total, _, places) = best.unwrap();
        (total, places.into_iter().map(|at| self.rules[at].id.clone()).collect())
    }
}

fn check(seed: u64) -> Result<(), String> {
    let case = case(seed);
    let quote = case.quote();
    let (total, rules) = case.best();
    let used: Vec<String> = quote.steps.iter().map(|step| step.rule.clone()).collect();
    if (quote.total.fen(), &used) != (total, &rules) {
        return Err(format!("seed {seed}: {} by {used:?}, but {total} by {rules:?}", quote.total.fen()));
    }
    Ok(())
}

/// Every subset of the rules, for 10,000 sets of rules and baskets.
#[test]
fn finds_what_trying_everything_finds() {
    let differences: Vec<String> = (0..10_000).filter_map(|seed| check(seed).err()).collect();
    assert_eq!(differences, [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// As above, with other seeds every time.
    #[test]
    fn finds_what_trying_everything_finds_elsewhere(seed in any::<u64>()) {
        prop_assert_eq!(check(seed), Ok(()));
    }

    #[test]
    fn the_sums_are_right(seed in any::<u64>()) {
        let case = case(seed);
        let quote = case.quote();
        let goods: i64 = case.basket.lines.iter().map(|line| line.price.fen() * i64::from(line.quantity)).sum();
        prop_assert!(quote.is_complete);
        prop_assert_eq!(quote.goods.fen(), goods);
        prop_assert!(quote.pays >= Money::default() && quote.total >= Money::default());
        prop_assert!(quote.steps.iter().all(|step| step.off > Money::default()));
        prop_assert!(quote.total.fen() <= case.with_fee(goods), "worse than no promotion at all");
        prop_assert_eq!(quote.total.fen(), case.with_fee(quote.pays.fen()));
        let off: i64 = quote.steps.iter().map(|step| step.off.fen()).sum();
        prop_assert_eq!(quote.pays.fen(), goods - off);
        let mut left = goods;
        for step in &quote.steps {
            left -= step.off.fen();
            prop_assert_eq!(step.left.fen(), left);
        }
        let named = quote.steps.iter().map(|step| &step.rule).chain(quote.refused.iter().map(|refused| &refused.rule));
        let named: std::collections::BTreeSet<&String> = named.collect();
        prop_assert_eq!(named.len(), case.rules.len(), "every rule is used, or refused with a reason");
    }

    #[test]
    fn the_order_of_lines_is_nothing(seed in any::<u64>(), turn in 0_usize..6) {
        let mut case = case(seed);
        let before = case.quote();
        let lines = &mut case.basket.lines;
        let turn = turn % lines.len();
        lines.rotate_left(turn);
        // One line taken apart is the same as well.
        if lines[0].quantity > 1 {
            lines[0].quantity -= 1;
            let single = Line { quantity: 1, ..lines[0].clone() };
            lines.push(single);
        }
        prop_assert_eq!(case.quote(), before);
    }

    /// What is said of one step more comes true when it is taken.
    #[test]
    fn one_step_more_does_what_is_said(seed in any::<u64>()) {
        let mut case = case(seed);
        let before = case.quote();
        if let Some(next) = &before.next {
            prop_assert!(next.extra > Money::default() && next.missing > Money::default());
            prop_assert_eq!(next.change, next.missing - next.extra);
            prop_assert_eq!(next.total, before.total + next.change);
            case.added = Some(Line {
                product: if next.only.categories.is_empty() { next.only.products.first().cloned() } else { None },
                category: next.only.categories.first().cloned(),
                price: next.missing,
                quantity: 1,
            });
            prop_assert_eq!(case.best().0, next.total.fen());
        }
    }
}
