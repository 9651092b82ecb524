use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use regex::Regex;
use serde::Serialize;
use serde_json::{Value, json};

use super::pattern;
use super::promotions;
use super::raw::Bilingual;
use super::raw_returns::RawException;
use super::raw_shop::RawShop;
use super::sources::SourceFile;
use super::template::Values;
use super::{delivery, returns};
use crate::region;
use crate::shop::{Delivery, Effect, Money, Promotions, Returns, Shipping};
use crate::slots::{Kind, Lexicon};
use crate::yaml::{self, Document, Findings};

/// The shop's facts: what answers are computed from, and what they may quote.
#[derive(Debug)]
pub struct Shop {
    /// Fees and regions.
    pub shipping: Shipping,
    /// What takes something off, and what goes with what.
    pub promotions: Promotions,
    /// When orders leave and arrive.
    pub delivery: Delivery,
    /// What may go back, and when the money is there.
    pub returns: Returns,
    /// The form of order numbers, where it is not the ordinary one.
    order_number: Option<Regex>,
    /// The day of the month that is the members' day.
    member_day: Option<i8>,
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

    /// The carrier, in English or in Chinese.
    #[must_use]
    pub fn carrier(&self, english: bool) -> &str {
        self.quoted(english)["carrier"].as_str().unwrap_or_default()
    }

    /// Whether a member level pays less.
    #[must_use]
    pub fn member_discount(&self, level: &str) -> bool {
        self.promotions.rules().iter().any(|rule| match &rule.effect {
            Effect::MemberPercent(levels) => levels.iter().any(|(own, _)| own == level),
            _ => false,
        })
    }

    /// The coming members' day, today included; none where the shop has none.
    #[must_use]
    pub fn next_member_day(&self, today: Date) -> Option<Date> {
        let own = self.member_day?;
        let this_month = today.with().day(own).build().ok()?;
        if this_month >= today { Some(this_month) } else { this_month.checked_add(1.month()).ok() }
    }

    /// What to look for in messages: promotions, the form of order numbers, and these products with their names.
    #[must_use]
    pub fn lexicon(&self, products: Vec<(Option<String>, Vec<String>)>) -> Lexicon {
        let named = self.promotions.rules().iter().map(|rule| {
            let names = [&rule.name.zh, &rule.name.en].into_iter().chain(&rule.aliases).cloned().collect();
            (Kind::Promotion, rule.id.clone(), names)
        });
        let products = products.into_iter().map(|(id, names)| match id {
            Some(id) => (Kind::Product, id, names),
            None => (Kind::Other, String::new(), names),
        });
        let lexicon = Lexicon::new(named.chain(products).collect::<Vec<(Kind, String, Vec<String>)>>());
        match &self.order_number {
            Some(number) => lexicon.with_order_number(number.clone()),
            None => lexicon,
        }
    }

    /// The names that templates may use, `shop.` included.
    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.quoted.names
    }

    /// The facts of a file by itself; none where something is wrong with it.
    #[must_use]
    pub fn read(file: &SourceFile) -> Option<Self> {
        let mut findings = Findings::default();
        let (raw, document) = yaml::read::<RawShop>(&file.path, &file.text, &mut findings)?;
        Self::check(&raw, &document, &mut findings).filter(|_| findings.is_empty())
    }

    /// `None` where a finding leaves nothing to compute with.
    pub(super) fn check(raw: &RawShop, document: &Document, findings: &mut Findings) -> Option<Self> {
        let remote = delivery::regions(&raw.shipping.remote.regions, "/shipping/remote/regions", document, findings);
        let unserved = delivery::regions(&raw.shipping.unserved, "/shipping/unserved", document, findings);
        let delivery = delivery::check(raw, &unserved, document, findings);
        let closed = delivery.as_ref().map(|delivery| delivery.closed.clone()).unwrap_or_default();
        let returns = returns::check(raw, closed, document, findings);
        let shipping = Shipping {
            fee: Money::from_yuan(raw.shipping.fee),
            free_from: Money::from_yuan(raw.shipping.free_from),
            surcharge: Money::from_yuan(raw.shipping.remote.surcharge),
            remote,
            unserved,
        };
        let promotions = promotions::check(&raw.promotions, document, findings);
        let order_number = raw.orders.number.as_deref();
        let order_number =
            order_number.and_then(|source| pattern::compile(source, document, "/orders/number", findings));
        let delivery = delivery?;
        let quoted = Quoted::of(raw, (&shipping, &delivery), &promotions);
        Some(Self { shipping, promotions, delivery, returns, order_number, member_day: raw.members.day, quoted })
    }
}

impl Quoted {
    fn of(raw: &RawShop, sending: (&Shipping, &Delivery), promotions: &Promotions) -> Self {
        let zh = quote(raw, sending, promotions, false);
        let en = quote(raw, sending, promotions, true);
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

fn quote(raw: &RawShop, (shipping, delivery): (&Shipping, &Delivery), promotions: &Promotions, english: bool) -> Value {
    let text = |both: &Bilingual| if english { both.en.clone() } else { both.zh.clone() };
    let excepted = |rule: &RawException| if english { rule.en.clone() } else { rule.zh.clone() };
    let list = |items: Vec<String>| items.join(if english { ", " } else { "、" });
    let regions = |regions: &[region::Region]| list(regions.iter().map(|region| region.name(english)).collect());
    let discount = |level: &str| promotions::discount(promotions, level, english);
    let mut facts = json!({
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
            "from": delivery::from(delivery, english),
            "cut_off": raw.dispatch.cut_off,
            "hours": raw.dispatch.hours,
            "sale_from": raw.dispatch.sale_hours.from,
            "sale_to": raw.dispatch.sale_hours.to,
            "seasons": list(delivery.seasons.iter().map(|season| delivery::told(season, english)).collect()),
            "closed": list(delivery.closed.iter().map(|closing| delivery::told(closing, english)).collect()),
            "transit": delivery::transit_told(delivery, english),
        },
        "returns": {
            "days": raw.returns.days,
            "review_hours": raw.returns.review_hours,
            "check_hours": raw.returns.check_hours,
            "exceptions": list(raw.returns.exceptions.iter().map(excepted).collect()),
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
            "tiers": list(promotions::tiers(promotions, english)),
            "timed_offers": list(promotions::starts(promotions)),
        },
        "members": {
            "silver_from": raw.members.silver.from,
            "gold_from": raw.members.gold.from,
            "diamond_from": raw.members.diamond.from,
            "silver_discount": discount("silver"),
            "gold_discount": discount("gold"),
            "diamond_discount": discount("diamond"),
        },
        "service": {
            "aftersales_answer_hours": raw.service.aftersales_answer_hours,
            "aftersales_review_hours": raw.service.aftersales_review_hours,
        },
    });
    if let Some(day) = raw.members.day {
        facts["members"]["day"] = day.into();
    }
    facts
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
