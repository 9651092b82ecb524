//! What a rule does, in a few words.

use super::rule::{Effect, Words};
use crate::shop::Money;

/// What a rule does where its threshold is measured on so much, such as 满500减120.
pub(super) fn of(effect: &Effect, base: i64) -> Words {
    let words = |zh: String, en: String| Words { zh, en };
    match effect {
        Effect::Price(price) => words(format!("每件{price}"), format!("{price} each")),
        Effect::Nth { n: 1, pays_percent } => share(*pays_percent),
        Effect::Nth { n, pays_percent } => words(
            format!("每第{n}件{}", share_zh(*pays_percent)),
            format!("every {} {}", ordinal(*n), share_en(*pays_percent)),
        ),
        Effect::Buy { n, free } => words(format!("买{n}送{free}"), format!("buy {n}, get {free} free")),
        Effect::Tiers(tiers) => match tiers.iter().rfind(|tier| tier.from.fen() <= base).or(tiers.first()) {
            Some(tier) => reduction(tier.from, tier.off),
            None => words(String::new(), String::new()),
        },
        Effect::Each { from, off, at_most } => {
            let times = (base / from.fen().max(1)).min(at_most.map_or(i64::MAX, i64::from));
            words(format!("每满{from}减{off}，{times}次"), format!("{off} off every {from}, {times} times"))
        }
        Effect::Reduce(tier) => reduction(tier.from, tier.off),
        Effect::Percent { pays_percent, from, .. } => {
            let (zh, en) = (share_zh(*pays_percent), share_en(*pays_percent));
            if *from > Money::default() {
                words(format!("满{from}{zh}"), format!("{en} from {from}"))
            } else {
                words(zh, en)
            }
        }
        Effect::MemberPercent(levels) => words(
            levels.iter().map(|(_, percent)| share_zh(*percent)).collect::<Vec<_>>().join("／"),
            levels.iter().map(|(_, percent)| share_en(*percent)).collect::<Vec<_>>().join(" / "),
        ),
        Effect::Gift { from, name } => words(format!("满{from}送{}", name.zh), format!("{} from {from}", name.en)),
    }
}

/// 满500减120.
fn reduction(from: Money, off: Money) -> Words {
    if from > Money::default() {
        Words { zh: format!("满{from}减{off}"), en: format!("{off} off from {from}") }
    } else {
        Words { zh: format!("减{off}"), en: format!("{off} off") }
    }
}

/// A share to be paid, in words: 95 percent are 9.5折, and 5% off.
#[must_use]
pub fn share(pays_percent: u32) -> Words {
    Words { zh: share_zh(pays_percent), en: share_en(pays_percent) }
}

fn share_zh(pays_percent: u32) -> String {
    match (pays_percent / 10, pays_percent % 10) {
        (0, 0) => "免费".to_owned(),
        (tens, 0) => format!("{tens}折"),
        (tens, ones) => format!("{tens}.{ones}折"),
    }
}

fn share_en(pays_percent: u32) -> String {
    match pays_percent {
        0 => "free".to_owned(),
        percent => format!("{}% off", 100 - percent.min(100)),
    }
}

fn ordinal(n: u32) -> String {
    let ending = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}
