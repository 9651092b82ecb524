//! Promotions as written, checked; and what texts quote of them.

mod effect;

use jiff::civil::{Date, DateTime, time};

use super::raw::Bilingual;
use super::raw_promotions::{RawPromotions, RawRule};
use crate::calendar::Span;
use crate::shop::{Effect, LEVELS, Promotions, Rule, Scope, Stacking, Tier, When, Words, share};
use crate::yaml::{Document, Findings, did_you_mean};

/// Checks the rules; every problem is a finding.
pub(super) fn check(raw: &RawPromotions, document: &Document, findings: &mut Findings) -> Promotions {
    let ids: Vec<&str> = raw.rules.iter().map(|rule| rule.id.as_str()).collect();
    let before = findings.len();
    let mut check = Check { document, findings, ids, raw, shared: [None, None] };
    check.shared = check.shared();
    let rules: Vec<Rule> = (0..raw.rules.len()).filter_map(|at| check.rule(at)).collect();
    let mut stacking = Vec::new();
    for (at, group) in raw.stacking.iter().enumerate() {
        check.known_rules(&group.at_most_one, &format!("/promotions/stacking/{at}/at_most_one"));
        stacking.push(Stacking { name: words(&group.name), at_most_one: group.at_most_one.clone() });
    }
    check.names();
    if findings.len() > before {
        return Promotions::default();
    }
    Promotions::new(raw.rounding, rules, stacking).unwrap_or_else(|error| {
        findings.add(&document.file, document.place("/promotions"), "rule-order", error.to_string());
        Promotions::default()
    })
}

struct Check<'c> {
    document: &'c Document,
    findings: &'c mut Findings,
    ids: Vec<&'c str>,
    raw: &'c RawPromotions,
    /// From and until, for rules without their own.
    shared: [Option<DateTime>; 2],
}

impl Check<'_> {
    fn report(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) {
        self.findings.add(&self.document.file, self.document.place(pointer), code, message);
    }

    /// From and until of rules without their own.
    fn shared(&mut self) -> [Option<DateTime>; 2] {
        let [from, until] = self.validity([&self.raw.from, &self.raw.until], "/promotions");
        if from.is_some() && until.is_some_and(|until| Some(until) < from) {
            self.report("/promotions/until", "bad-date", "`until` is before `from`");
            // Told once, not for every rule.
            return [None, until];
        }
        [from, until]
    }

    /// A rule; none where it does nothing.
    fn rule(&mut self, at: usize) -> Option<Rule> {
        let raw = &self.raw.rules[at];
        let pointer = format!("/promotions/rules/{at}");
        if self.ids[..at].contains(&raw.id.as_str()) {
            self.report(&format!("{pointer}/id"), "duplicate-id", format!("a rule above has the id `{}`", raw.id));
        }
        let effect = self.effect(raw, &pointer);
        let only = raw.only.clone().unwrap_or_default();
        self.categories(&only.categories, &pointer);
        for (key, names) in [("not_with", &raw.not_with), ("not_on", &raw.not_on)] {
            self.known_rules(names, &format!("{pointer}/{key}"));
        }
        for (item, id) in raw.not_on.iter().enumerate() {
            if self.ids[at..].contains(&id.as_str()) {
                let message = format!("`{id}` does not stand above `{}`: rules are applied from top to bottom", raw.id);
                self.report(&format!("{pointer}/not_on/{item}"), "rule-order", message);
            }
        }
        for (item, level) in raw.members.iter().enumerate() {
            self.level(level, &format!("{pointer}/members/{item}"));
        }
        let when = self.when(raw, &pointer);
        let effect = effect?;
        self.fits(raw, &effect, at, &pointer);
        Some(Rule {
            id: raw.id.clone(),
            name: words(&raw.name),
            aliases: raw.aliases.clone(),
            only: Scope { categories: only.categories, products: only.products },
            when,
            members: raw.members.clone(),
            coupon: raw.coupon,
            limit: raw.limit,
            stock_note: raw.stock_note.as_ref().map(words),
            effect,
            thresholds_on: raw.thresholds_on.unwrap_or_default(),
            not_with: raw.not_with.clone(),
            not_on: raw.not_on.clone(),
        })
    }

    /// What only goes with some effects, and where they may stand.
    fn fits(&mut self, raw: &RawRule, effect: &Effect, at: usize, pointer: &str) {
        if effect.is_item_offer() {
            if let Some(above) = self.raw.rules[..at].iter().find(|above| !effect::is_item_offer(above)) {
                let message = format!(
                    "`{}` changes what units cost: it must stand above `{}`, which takes off what is left",
                    raw.id, above.id
                );
                self.report(&format!("{pointer}/id"), "rule-order", message);
            }
            if raw.thresholds_on.is_some() {
                self.report(
                    &format!("{pointer}/thresholds_on"),
                    "idle-key",
                    "`price`, `nth` and `buy` have no threshold",
                );
            }
        } else if raw.limit.is_some() {
            let message = "`limit` counts the units of `price`, `nth` and `buy`; any other rule is used once an order";
            self.report(&format!("{pointer}/limit"), "idle-key", message);
        }
        let is_for_all = raw.only.as_ref().is_none_or(|only| only.categories.is_empty() && only.products.is_empty());
        if matches!(effect, Effect::Price(_)) && is_for_all {
            let message = "key `only` is missing: a `price` is that of some products or categories";
            self.report(pointer, "missing-key", message);
        }
    }

    fn when(&mut self, raw: &RawRule, pointer: &str) -> When {
        let [from, until] = self.validity([&raw.from, &raw.until], pointer);
        let (from, until) = (from.or(self.shared[0]), until.or(self.shared[1]));
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            self.report(pointer, "bad-date", format!("`until` of `{}` is before its `from`", raw.id));
        }
        let mut times: Vec<Span> = Vec::new();
        for (at, text) in raw.times.iter().enumerate() {
            match text.parse::<Span>() {
                Ok(span) => {
                    if let Some(other) = times.iter().find(|other| other.overlaps(span)) {
                        let message = format!("`{span}` overlaps `{other}`; make them one");
                        self.report(&format!("{pointer}/times/{at}"), "overlapping-hours", message);
                    }
                    times.push(span);
                }
                Err(error) => self.report(&format!("{pointer}/times/{at}"), "bad-time", error.to_string()),
            }
        }
        When { from, until, times, days_of_month: raw.days_of_month.clone() }
    }

    /// The moments of `from` and `until` below a pointer.
    fn validity(&mut self, [from, until]: [&Option<String>; 2], pointer: &str) -> [Option<DateTime>; 2] {
        [("from", from), ("until", until)].map(|(key, text)| {
            let text = text.as_ref()?;
            let found = moment(text, key == "until");
            if found.is_none() {
                let message =
                    format!("`{text}` is no moment; write 2026-11-30 20:00:00, or 2026-11-30 for the whole day");
                self.report(&format!("{pointer}/{key}"), "bad-date", message);
            }
            found
        })
    }

    fn known_rules(&mut self, names: &[String], pointer: &str) {
        for (at, name) in names.iter().enumerate() {
            if self.ids.contains(&name.as_str()) {
                continue;
            }
            let allowed = self.ids.join(", ");
            let meant = did_you_mean(name, self.ids.iter().copied());
            let message = format!("unknown rule `{name}`; allowed: {allowed}{meant}");
            self.report(&format!("{pointer}/{at}"), "unknown-rule", message);
        }
    }

    /// Categories, where the shop names its own.
    fn categories(&mut self, names: &[String], pointer: &str) {
        let children = self.document.children("/categories");
        let known: Vec<&str> = children.iter().filter_map(|child| child.rsplit('/').next()).collect();
        let unknown = names.iter().enumerate().filter(|(_, name)| !known.is_empty() && !known.contains(&name.as_str()));
        for (at, name) in unknown {
            let meant = did_you_mean(name, known.iter().copied());
            let message = format!("unknown category `{name}`; allowed: {}{meant}", known.join(", "));
            self.report(&format!("{pointer}/only/categories/{at}"), "unknown-category", message);
        }
    }

    fn level(&mut self, name: &str, pointer: &str) {
        if !LEVELS.contains(&name) {
            let meant = did_you_mean(name, LEVELS);
            self.report(
                pointer,
                "unknown-tier",
                format!("unknown level `{name}`; allowed: {}{meant}", LEVELS.join(", ")),
            );
        }
    }

    /// By a name, a customer must mean one rule.
    fn names(&mut self) {
        let mut seen: Vec<(String, &str)> = Vec::new();
        for (at, rule) in self.raw.rules.iter().enumerate() {
            let own = [("name/zh".to_owned(), &rule.name.zh), ("name/en".to_owned(), &rule.name.en)];
            let aliases = rule.aliases.iter().enumerate().map(|(item, alias)| (format!("aliases/{item}"), alias));
            for (key, name) in own.into_iter().chain(aliases) {
                let plain = name.trim().to_lowercase();
                let other = seen.iter().find(|(other, id)| *other == plain && *id != rule.id);
                if let Some((_, other)) = other {
                    let message = format!("`{name}` is also a name of the rule `{other}`");
                    self.report(&format!("/promotions/rules/{at}/{key}"), "duplicate-title", message);
                }
                seen.push((plain, &rule.id));
            }
        }
    }
}

/// A moment to the second; of a whole day the first one, or the last.
fn moment(text: &str, is_end: bool) -> Option<DateTime> {
    let text = text.trim();
    match text.parse::<Date>() {
        // What has a time of day reads as a day, too.
        Ok(day) if text.len() <= 10 => {
            Some(day.to_datetime(if is_end { time(23, 59, 59, 0) } else { time(0, 0, 0, 0) }))
        }
        _ => text.parse::<DateTime>().ok(),
    }
}

fn words(both: &Bilingual) -> Words {
    Words { zh: both.zh.clone(), en: both.en.clone() }
}

/// The steps of full reductions that are open to everybody, in words.
pub(super) fn tiers(promotions: &Promotions, english: bool) -> Vec<String> {
    let is_open = |rule: &&Rule| rule.only.is_all() && rule.coupon.is_none() && rule.members.is_empty();
    let tiers = promotions.rules().iter().filter(is_open).flat_map(|rule| match &rule.effect {
        Effect::Tiers(tiers) => tiers.as_slice(),
        _ => &[],
    });
    let words = |tier: &Tier| {
        if english { format!("{} off {}", tier.off, tier.from) } else { format!("满{}减{}", tier.from, tier.off) }
    };
    tiers.map(words).collect()
}

/// When offers of a few hours begin, such as 10:00.
pub(super) fn starts(promotions: &Promotions) -> Vec<String> {
    let spans = promotions.rules().iter().flat_map(|rule| &rule.when.times);
    let mut starts: Vec<u16> = spans.map(|span| span.start()).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter().map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60)).collect()
}

/// The discount of a level: 98 percent is 9.8折 in Chinese and 2% off in English.
pub(super) fn discount(promotions: &Promotions, level: &str, english: bool) -> String {
    let percent = promotions.rules().iter().find_map(|rule| match &rule.effect {
        Effect::MemberPercent(levels) => levels.iter().find(|(own, _)| own == level).map(|(_, percent)| *percent),
        _ => None,
    });
    match (percent, english) {
        (None | Some(100), false) => "无折扣".to_owned(),
        (None | Some(100), true) => "no discount".to_owned(),
        (Some(percent), _) => share(percent).get(english).to_owned(),
    }
}
