//! Whether the goods of an order may go back.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Sheet, Sight, protection, values};
use crate::calendar;
use crate::catalogue::Flag;
use crate::orders::{Claim, Item, Order, Verdict};
use crate::products::is_same_id;
use crate::shop::{Freight, Money, Reason, Words};

/// What the rules say to one item.
struct Judged<'a> {
    item: &'a Item,
    verdict: Verdict<'a>,
}

/// What the rules say to giving the goods of the order back.
pub(super) fn facts(sight: &Sight<'_>, sheet: &mut Sheet) {
    sheet.flag(Flag::Faulty, sight.scene.reason.is_some_and(Reason::is_the_shops));
    let Some(order) = sight.found.order.order() else { return };
    let items = meant(sight, order);
    let judged: Vec<Judged<'_>> =
        items.iter().map(|item| Judged { item, verdict: verdict(sight, order, item) }).collect();
    let common = common(&judged);
    flags(&judged, common, sheet);
    let keep_at_most = keep_at_most(sight, &judged);
    // A sum of an earlier turn was named for something else.
    let asked = sight.slots.amount.filter(|_| sight.slots.names("amount"));
    sheet.flag(Flag::AboveKeep, asked.is_some_and(|amount| amount > keep_at_most));
    let today = sight.now.date();
    sheet.group("return", |english| {
        let mut told = told(sight, &judged, keep_at_most, english);
        if let (Some(verdict), Value::Object(told)) = (common, &mut told) {
            told.extend(told_of_all(verdict, today, english));
        }
        told
    });
    protection::facts(sight, order, &items, sheet);
}

/// The items that the message names; all if it names none.
fn meant<'a>(sight: &Sight<'a>, order: &'a Order) -> Vec<&'a Item> {
    let is_named = |item: &&Item| sight.slots.products.iter().any(|id| is_same_id(id, &item.product));
    let named: Vec<&Item> = order.items.iter().filter(is_named).collect();
    if named.is_empty() { order.items.iter().collect() } else { named }
}

fn verdict<'a>(sight: &Sight<'a>, order: &Order, item: &Item) -> Verdict<'a> {
    let product = sight.found.product(&item.product);
    let claim = Claim {
        item,
        reason: sight.scene.reason.unwrap_or(Reason::ChangeOfMind),
        opened: sight.slots.opened,
        member: sight.scene.tier.as_deref(),
        category: product.map(|product| product.category.as_str()),
        returnable: product.and_then(|product| product.returnable),
    };
    order.may_return(&claim, &sight.catalogue.shop().returns, sight.now)
}

/// The verdict, if it is the same for every item: the same days and the same rule, too.
fn common<'j, 'a>(judged: &'j [Judged<'a>]) -> Option<&'j Verdict<'a>> {
    let (first, others) = judged.split_first()?;
    others.iter().all(|other| other.verdict == first.verdict).then_some(&first.verdict)
}

fn flags(judged: &[Judged<'_>], common: Option<&Verdict<'_>>, sheet: &mut Sheet) {
    if let Some(flag) = common.and_then(flag) {
        sheet.flag(flag, true);
    }
    sheet.flag(Flag::FreightByShop, matches!(common, Some(Verdict::Allowed { freight: Freight::Shop, .. })));
    // Where the data cannot tell of one item, a person answers for all.
    let is_clear = judged.iter().all(|one| !matches!(one.verdict, Verdict::CannotTell(_)));
    sheet.flag(Flag::ReturnMixed, !judged.is_empty() && common.is_none() && is_clear);
}

fn flag(verdict: &Verdict<'_>) -> Option<Flag> {
    match verdict {
        Verdict::Allowed { .. } => Some(Flag::ReturnAllowed),
        Verdict::TooLate { .. } => Some(Flag::ReturnTooLate),
        Verdict::Excepted(_) => Some(Flag::ReturnExcepted),
        Verdict::AskOpened(_) => Some(Flag::ReturnIfUnopened),
        Verdict::NotReceived { .. } => Some(Flag::ReturnNotReceived),
        Verdict::AlreadyUnderWay(Some(_)) => Some(Flag::ReturnUnderWay),
        // A person knows more than the data.
        Verdict::AlreadyUnderWay(None) | Verdict::Cancelled | Verdict::CannotTell(_) => None,
    }
}

/// What may be paid back for these items where they are faulty and kept.
fn keep_at_most(sight: &Sight<'_>, judged: &[Judged<'_>]) -> Money {
    let paid = judged.iter().fold(Money::default(), |sum, one| sum + one.item.price.times(one.item.quantity));
    sight.catalogue.shop().returns.keep_at_most(paid)
}

/// What texts may name whatever the verdicts are.
fn told(sight: &Sight<'_>, judged: &[Judged<'_>], keep_at_most: Money, english: bool) -> Value {
    let title = |one: &Judged<'_>| values::title(one.item, sight.found, english).to_owned();
    let line = |one: &Judged<'_>| {
        let said = in_a_line(&one.verdict, sight.now.date());
        format!("{}{}{}", title(one), if english { ": " } else { "：" }, said.get(english))
    };
    let join = |parts: Vec<String>, separator: &str| parts.join(separator);
    json!({
        "item": join(judged.iter().map(title).collect(), if english { ", " } else { "、" }),
        "lines": join(judged.iter().map(line).collect(), if english { "; " } else { "；" }),
        "keep_at_most": keep_at_most,
    })
}

/// What texts may name of a verdict that all items share.
fn told_of_all(verdict: &Verdict<'_>, today: Date, english: bool) -> serde_json::Map<String, Value> {
    let day = |day: Date| calendar::day(day, today, english);
    let told = match verdict {
        Verdict::Allowed { last_day, days_left, freight } => {
            let payer = match freight {
                Freight::Shop => words("店铺", "the shop"),
                Freight::Customer => words("您", "you"),
            };
            json!({ "last_day": day(*last_day), "days_left": days_left, "freight": payer.get(english) })
        }
        Verdict::TooLate { last_day, days_over } => json!({ "last_day": day(*last_day), "days_over": days_over }),
        Verdict::Excepted(Some(rule)) | Verdict::AskOpened(rule) => {
            json!({ "rule": if english { &rule.en } else { &rule.zh } })
        }
        Verdict::Excepted(None) => {
            json!({ "rule": words("标明不支持无理由退货的商品", "goods marked as non-returnable").get(english) })
        }
        Verdict::NotReceived { .. } | Verdict::AlreadyUnderWay(_) | Verdict::Cancelled | Verdict::CannotTell(_) => {
            Value::Null
        }
    };
    if let Value::Object(told) = told { told } else { serde_json::Map::new() }
}

/// A verdict behind the title of its item, where items differ.
fn in_a_line(verdict: &Verdict<'_>, today: Date) -> Words {
    let [zh, en] = [false, true].map(|english| move |day: Date| calendar::day(day, today, english));
    match verdict {
        Verdict::Allowed { last_day, .. } => {
            words(format!("可以退到{}", zh(*last_day)), format!("can go back until {}", en(*last_day)))
        }
        Verdict::TooLate { last_day, .. } => {
            words(format!("退货期到{}为止，已经过了", zh(*last_day)), format!("could go back until {}", en(*last_day)))
        }
        Verdict::Excepted(Some(rule)) => words(
            format!("属于{}，不支持无理由退货", rule.zh),
            format!("cannot go back without a reason, being {}", rule.en),
        ),
        Verdict::Excepted(None) => words("不支持无理由退货", "cannot go back without a reason"),
        Verdict::AskOpened(_) => words("未拆封可以退", "can go back if unopened"),
        Verdict::NotReceived { .. } => words("还没签收", "has not arrived yet"),
        Verdict::AlreadyUnderWay(_) => words("已有售后申请", "has an after-sales request already"),
        Verdict::Cancelled => words("已取消", "is cancelled"),
        Verdict::CannotTell(_) => words("由同事核实", "is checked by a colleague"),
    }
}

fn words(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words { zh: zh.into(), en: en.into() }
}
