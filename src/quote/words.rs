//! A quote in words, and as the values of templates.

use serde_json::{Value, json};

use crate::shop::{Gift, Money, Quote, Refused, Step, Why, Words};

/// What templates may name as `promotion`.
#[must_use]
pub fn values(quote: &Quote, english: bool) -> Value {
    let lines: Vec<String> = quote.steps.iter().map(|step| self::step(step).get(english).to_owned()).collect();
    let gifts: Vec<&str> = quote.gifts.iter().map(|gift| gift.name.get(english)).collect();
    let mut values = json!({
        "off": quote.goods - quote.pays,
        "pays": quote.pays,
        "total": quote.total,
        "lines": lines.join(if english { "; " } else { "；" }),
        "gifts": gifts.join(if english { ", " } else { "、" }),
    });
    if let Some(next) = &quote.next {
        for (name, sum) in [("next_from", next.from), ("next_missing", next.missing), ("next_extra", next.extra)] {
            values[name] = json!(sum);
        }
    }
    values
}

/// The sum from the goods to what is to be paid, and the gifts, line by line.
pub(crate) fn lines(quote: &Quote) -> Vec<Words> {
    let both = |zh: String, en: String| Words { zh, en };
    let mut lines = vec![both(format!("商品：{}", quote.goods), format!("Goods: {}", quote.goods))];
    lines.extend(quote.steps.iter().map(step));
    match quote.shipping {
        None => {}
        Some(shipping) if shipping.is_unserved => {
            lines.push(both("运费：该地区不配送".into(), "Shipping: this place is not served".into()));
        }
        Some(shipping) if shipping.is_free => lines.push(both("运费：包邮".into(), "Shipping: free".into())),
        Some(shipping) => {
            let missing = (shipping.missing > Money::default()).then_some(shipping.missing);
            let (zh, en) = missing.map_or_else(Default::default, |missing| {
                (format!("（再买{missing}元包邮）"), format!(" (free with {missing} more)"))
            });
            lines.push(both(format!("运费：+{}{zh}", shipping.fee), format!("Shipping: +{}{en}", shipping.fee)));
        }
    }
    let without = quote.shipping.is_none_or(|shipping| shipping.is_unserved);
    let (zh, en) = if without { ("（不含运费）", ", shipping not included") } else { ("", "") };
    lines.push(both(format!("应付：{}{zh}", quote.total), format!("To pay: {}{en}", quote.total)));
    lines.extend(quote.gifts.iter().map(gift));
    lines
}

/// What a rule took off: `满减（满500减120）：−120，余 380`.
fn step(step: &Step) -> Words {
    let Step { name, terms, off, left, .. } = step;
    let units = step.units.map_or(String::new(), |units| format!(" ×{units}"));
    Words {
        zh: format!("{}（{}{units}）：−{off}，余 {left}", name.zh, terms.zh),
        en: format!("{} ({}{units}): −{off}, {left} left", name.en, terms.en),
    }
}

fn gift(gift: &Gift) -> Words {
    let note = |english: bool, open: &str, close: &str| {
        gift.stock_note.as_ref().map_or(String::new(), |note| format!("{open}{}{close}", note.get(english)))
    };
    Words {
        zh: format!("赠品：{}{}", gift.terms.zh, note(false, "（", "）")),
        en: format!("Gift: {}{}", gift.terms.en, note(true, " (", ")")),
    }
}

/// A rule that was not used, and why: `店铺券（满200减20）：还差0.5元`.
pub(crate) fn refusal(refused: &Refused) -> Words {
    let Refused { name, terms, why, .. } = refused;
    let why = self::why(why);
    Words {
        zh: format!("{}（{}）：{}", name.zh, terms.zh, why.zh),
        en: format!("{} ({}): {}", name.en, terms.en, why.en),
    }
}

/// Why a rule was not used.
pub(super) fn why(why: &Why) -> Words {
    let both = |zh: &str, en: &str| Words { zh: zh.to_owned(), en: en.to_owned() };
    match why {
        Why::OutsideItsTime => both("现在不在活动时间内", "not at this time"),
        Why::NotThisLevel => both("不适用于该会员等级", "not for this level"),
        Why::NotHeld => both("需要持有这张券", "needs its coupon"),
        Why::OtherGoods => both("购物车里没有适用的商品", "no goods that it is for"),
        Why::Missing(missing) => Words { zh: format!("还差{missing}元"), en: format!("{missing} yuan missing") },
        Why::MissingUnits(units) => Words { zh: format!("还差{units}件"), en: format!("{units} more needed") },
        Why::NotWith { reason, .. } => reason.clone(),
        Why::Limit(units) => Words {
            zh: format!("超出限购，{units}件按原价"),
            en: format!("beyond the limit: {units} at the ordinary price"),
        },
        Why::Worse => both("不用它付得更少", "without it there is less to pay"),
    }
}
