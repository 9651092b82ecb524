use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::raw::Bilingual;
use super::raw_shop::{RawMemberTier, RawShop};
use super::template::Values;
use crate::region;
use crate::shop::{Money, Promotion, Shipping, Tier};
use crate::yaml::Document;
use crate::yaml::Findings;

/// The shop's facts: what answers are computed from, and what they may quote.
#[derive(Debug)]
pub struct Shop {
    /// Fees and regions.
    pub shipping: Shipping,
    /// Full-reduction tiers.
    pub promotion: Promotion,
    quoted: Quoted,
}

/// `shop.…` in both languages.
#[derive(Debug)]
struct Quoted {
    zh: Value,
    en: Value,
    /// The same as templates take them, under the name `shop`.
    values: [Values; 2],
    names: BTreeSet<String>,
}

impl Shop {
    /// What templates see as `shop`, in Chinese or English.
    #[must_use]
    pub fn quoted(&self, english: bool) -> &Value {
        if english { &self.quoted.en } else { &self.quoted.zh }
    }

    /// `shop` with its facts, to fill templates with.
    #[must_use]
    pub fn values(&self, english: bool) -> &Values {
        &self.quoted.values[usize::from(english)]
    }

    /// The names that templates may use, `shop.` included.
    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.quoted.names
    }

    pub(super) fn check(raw: &RawShop, document: &Document, findings: &mut Findings) -> Self {
        let regions = |names: &[String], pointer: &str, findings: &mut Findings| -> Vec<region::Region> {
            let mut out = Vec::new();
            for (at, name) in names.iter().enumerate() {
                match region::by_name(name) {
                    Some(found) => out.push(found),
                    None => findings.add(
                        &document.file,
                        document.place(&format!("{pointer}/{at}")),
                        "unknown-region",
                        format!("unknown region `{name}`; allowed: {}", region::names().join("、")),
                    ),
                }
            }
            out
        };
        let remote = regions(&raw.shipping.remote.regions, "/shipping/remote/regions", findings);
        let unserved = regions(&raw.shipping.unserved, "/shipping/unserved", findings);
        let shipping = Shipping {
            fee: Money::from_yuan(raw.shipping.fee),
            free_from: Money::from_yuan(raw.shipping.free_from),
            surcharge: Money::from_yuan(raw.shipping.remote.surcharge),
            remote,
            unserved,
        };
        let mut tiers: Vec<Tier> = raw
            .promotions
            .tiers
            .iter()
            .map(|tier| Tier { from: Money::from_yuan(tier.from), off: Money::from_yuan(tier.off) })
            .collect();
        for (at, pair) in tiers.windows(2).enumerate() {
            if pair[1].from <= pair[0].from || pair[1].off <= pair[0].off {
                findings.add(
                    &document.file,
                    document.place(&format!("/promotions/tiers/{}", at + 1)),
                    "tier-order",
                    "tiers must rise, in `from` and in `off`",
                );
            }
        }
        for (at, tier) in tiers.iter().enumerate().filter(|(_, tier)| tier.off >= tier.from) {
            findings.add(
                &document.file,
                document.place(&format!("/promotions/tiers/{at}/off")),
                "tier-order",
                format!("`off` must be below `from` ({})", tier.from),
            );
        }
        tiers.sort_by_key(|tier| tier.from);
        let promotion = Promotion { tiers };
        let quoted = Quoted::of(raw, &shipping, &promotion);
        Self { shipping, promotion, quoted }
    }
}

impl Quoted {
    fn of(raw: &RawShop, shipping: &Shipping, promotion: &Promotion) -> Self {
        let zh = quote(raw, shipping, promotion, false);
        let en = quote(raw, shipping, promotion, true);
        let mut names = BTreeSet::new();
        collect("shop", &zh, &mut names);
        let values = [&zh, &en].map(|facts| Values::of(&json!({ "shop": facts })));
        Self { zh, en, values, names }
    }
}

fn collect(prefix: &str, value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| collect(&format!("{prefix}.{key}"), value, names)),
        _ => {
            names.insert(prefix.to_owned());
        }
    }
}

fn quote(raw: &RawShop, shipping: &Shipping, promotion: &Promotion, english: bool) -> Value {
    let text = |both: &Bilingual| if english { both.en.clone() } else { both.zh.clone() };
    let list = |items: Vec<String>| items.join(if english { ", " } else { "、" });
    let regions = |regions: &[region::Region]| list(regions.iter().map(|region| region.name(english)).collect());
    let tiers = promotion.tiers.iter().map(|tier| {
        if english { format!("{} off {}", tier.off, tier.from) } else { format!("满{}减{}", tier.from, tier.off) }
    });
    let discount = |tier: RawMemberTier| discount(tier.pays_percent, english);
    json!({
        "name": text(&raw.name),
        "carrier": text(&raw.shipping.carrier),
        "shipping": {
            "fee": shipping.fee,
            "free_from": shipping.free_from,
            "remote_surcharge": shipping.surcharge,
            "remote_fee": shipping.fee + shipping.surcharge,
            "remote_regions": regions(&shipping.remote),
            "unserved": regions(&shipping.unserved),
        },
        "dispatch": {
            "hours": raw.dispatch.hours,
            "sale_from": raw.dispatch.sale_hours.from,
            "sale_to": raw.dispatch.sale_hours.to,
        },
        "returns": {
            "days": raw.returns.days,
            "review_hours": raw.returns.review_hours,
            "check_hours": raw.returns.check_hours,
            "exceptions": list(raw.returns.exceptions.iter().map(text).collect()),
            "keep_faulty_percent": raw.returns.keep_faulty_percent,
        },
        "refund": {
            "pay_days": raw.refund.pay_days,
            "arrive_from": raw.refund.arrive_days.from,
            "arrive_to": raw.refund.arrive_days.to,
        },
        "exchange": { "send_days": raw.exchange.send_days },
        "repair": { "return_days": raw.repair.return_days },
        "price_protection": { "days": raw.price_protection.days },
        "delay_coupon_max": raw.delay_coupon_max,
        "promotions": {
            "tiers": list(tiers.collect()),
            "timed_offers": list(raw.promotions.timed_offers.clone()),
        },
        "members": {
            "silver_from": raw.members.silver.from,
            "gold_from": raw.members.gold.from,
            "diamond_from": raw.members.diamond.from,
            "silver_discount": discount(raw.members.silver),
            "gold_discount": discount(raw.members.gold),
            "diamond_discount": discount(raw.members.diamond),
        },
        "service": {
            "aftersales_answer_hours": raw.service.aftersales_answer_hours,
            "aftersales_review_hours": raw.service.aftersales_review_hours,
        },
    })
}

/// 98 percent is 9.8折 in Chinese and 2% off in English.
fn discount(pays_percent: u32, english: bool) -> String {
    if english {
        format!("{}% off", 100 - pays_percent.min(100))
    } else if pays_percent.is_multiple_of(10) {
        format!("{}折", pays_percent / 10)
    } else {
        format!("{}.{}折", pays_percent / 10, pays_percent % 10)
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
