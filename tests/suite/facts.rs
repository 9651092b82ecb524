//! What is computed for a message from the shop's data and rules, and that every answer chosen by it can be put into words.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Zoned;
use serde_json::{Value, json};
use triage::catalogue::{AnswerRule, Catalogue, Flag, Intent, Sources};
use triage::conversation::State;
use triage::facts::{BasketLine, Facts, Found, OrderFound, Scene};
use triage::labels::Act;
use triage::orders::RawOrder;
use triage::products::{self, Product, Products, Shelf};
use triage::shop::Reason;
use triage::slots::{Before, Carried, Lexicon, Slots};
use triage::text::Message;
use triage::{Incoming, Request};

use crate::shipped;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let (policy, shop) = (shipped("config/policy.yaml"), shipped("config/shop.yaml"));
    Catalogue::check(&Sources::read(&shipped("intents"), &policy, &shop).unwrap()).unwrap()
});

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let path = shipped("config/products.yaml");
    Shelf::new(products::read(&path, &std::fs::read_to_string(&path).unwrap(), &[]).unwrap())
});

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| CATALOGUE.shop().lexicon(SHELF.names()));

static NOW: LazyLock<Zoned> = LazyLock::new(|| "2026-11-24T13:15:00+08:00[Asia/Shanghai]".parse().unwrap());

/// A message with what surrounds it.
#[derive(Debug, Clone)]
struct Moment {
    request: Value,
    /// An amount that was told before.
    amount: Option<&'static str>,
    /// What was spoken of before as to be bought.
    before: Vec<BasketLine>,
    order: Option<Value>,
    reason: Option<Reason>,
}

impl Moment {
    fn of(request: Value) -> Self {
        Self { request, amount: None, before: Vec::new(), order: None, reason: None }
    }

    fn facts(&self) -> (Facts, Slots) {
        let request: Request = serde_json::from_value(self.request.clone()).unwrap();
        let incoming: Incoming = request.check().unwrap();
        let message = Message::read(incoming.utterance());
        let carried = |amount: &str| Carried { name: "amount".into(), value: amount.into() };
        let carried: Vec<Carried> = self.amount.map(carried).into_iter().collect();
        let before = Before { carried: &carried, basket: &self.before };
        let slots = Slots::fill(&message, &incoming, before, NOW.date(), &LEXICON);
        let state = State { basket: self.before.clone(), ..State::default() };
        let scene = Scene::of(&incoming, &state, &slots, self.reason, message.plain());
        let order = self.order.clone().map_or(OrderFound::Unnamed, |order| {
            let order = serde_json::from_value::<RawOrder>(order).unwrap().check().unwrap();
            OrderFound::Known { order: Box::new(order), is_named: true, is_proven_now: false }
        });
        let products: Vec<Product> = SHELF.products().to_vec();
        let found = Found { order, product: None, products };
        (Facts::of(&CATALOGUE, &slots, scene, found, &NOW), slots)
    }
}

/// The answers of an intent to an act that may be chosen under these facts: those whose slots and flags hold, down to the
/// first that asks for nothing more.
fn chosen<'i>(intent: &'i Intent, act: Act, (facts, slots): (&Facts, &Slots)) -> Vec<&'i AnswerRule> {
    let has = |name: &String| match name.as_str() {
        "order" => facts.holds(Flag::OrderKnown),
        "product" => facts.holds(Flag::ProductKnown),
        name => slots.has(name),
    };
    let fits = |answer: &&AnswerRule| {
        answer.slots.iter().all(has)
            && answer.flags.iter().all(|flag| facts.holds(*flag))
            && (answer.acts.is_empty() || answer.acts.contains(&act))
    };
    let is_last = |answer: &AnswerRule| {
        answer.emotions.is_empty()
            && answer.tiers.is_empty()
            && answer.tags.is_empty()
            && answer.from.is_none()
            && answer.until.is_none()
    };
    let mut out = Vec::new();
    for answer in intent.answers.iter().filter(fits) {
        out.extend(answer.needs.iter().all(has).then_some(answer));
        if is_last(answer) {
            break;
        }
    }
    out
}

/// The answers that may be chosen under these facts and that cannot be put into words.
fn unsayable((facts, slots): &(Facts, Slots)) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for english in [false, true] {
        let handoff = json!({ "handoff": { "respond_by": "", "solve_by": "", "opens_at": "" } });
        let values = CATALOGUE.shop().values(english).and(&facts.values(english)).and(&handoff);
        for intent in CATALOGUE.intents() {
            let mut answers: Vec<&AnswerRule> = Vec::new();
            for answer in Act::ALL.into_iter().flat_map(|act| chosen(intent, act, (facts, slots))) {
                if answers.iter().all(|other| other.id != answer.id) {
                    answers.push(answer);
                }
            }
            for answer in answers {
                let mut errors = answer.wording.variants(english).iter().filter_map(|text| text.render(&values).err());
                out.extend(errors.next().map(|error| format!("{}/{}: {error}", intent.id, answer.id)));
            }
        }
    }
    out
}

fn line(product: &str, quantity: Option<u32>) -> BasketLine {
    BasketLine { product: product.to_owned(), quantity }
}

/// Every mixture of a sum named, a sum told before, goods, coupons, a place and a level.
fn moments() -> Vec<Moment> {
    let sums = ["", "100元", "480元", "900元", "满减和店铺券能一起用吗", "店铺券和平台券能一起用吗"];
    let baskets = [
        json!([]),
        json!([{ "product": "QH-1002", "quantity": 1 }]),
        json!([{ "product": "QH-2001" }, { "product": "qh-1002", "quantity": 2.0 }]),
        json!([{ "product": "QH-1001", "quantity": 3 }]),
        json!([{ "product": "QH-1001", "quantity": "many" }]),
    ];
    let mut out = Vec::new();
    for sum in sums {
        for place in ["", "寄到浙江", "寄到香港"] {
            for basket in &baskets {
                for coupons in [json!([]), json!(["shop_coupon"]), json!(["shop_coupon", "platform_coupon"])] {
                    for tier in [None, Some("gold")] {
                        for amount in [None, Some("480"), Some("900")] {
                            let text = format!("怎么算 {sum} {place}");
                            let context = json!({ "basket": basket, "coupons": coupons });
                            let request = json!({ "text": text, "context": context, "customer": { "tier": tier } });
                            out.push(Moment { amount, ..Moment::of(request) });
                        }
                    }
                }
            }
        }
    }
    out
}

#[test]
fn every_answer_about_sums_can_be_put_into_words() {
    let mut met: BTreeSet<Flag> = BTreeSet::new();
    for moment in moments() {
        let told = moment.facts();
        assert_eq!(unsayable(&told), BTreeSet::new(), "{moment:?}");
        let facts = told.0;
        let flags = [Flag::TierReached, Flag::NextTier, Flag::BasketReckoned, Flag::GiftReached, Flag::BasketItemised];
        met.extend(flags.into_iter().filter(|flag| facts.holds(*flag)));
    }
    assert_eq!(met.len(), 5, "every flag was met: {met:?}");
}

#[test]
fn a_sum_told_before_gives_way_to_goods() {
    let basket = json!([{ "product": "QH-1002", "quantity": 1 }]);
    let request = json!({ "text": "怎么算", "context": { "basket": basket } });
    let (facts, _) = Moment { amount: Some("480"), ..Moment::of(request) }.facts();
    assert!(facts.holds(Flag::BasketKnown));
    assert!(!facts.holds(Flag::TierReached) && !facts.holds(Flag::NextTier), "no answer is chosen for the sum alone");
    let (facts, _) = Moment { amount: Some("480"), ..Moment::of(json!({ "text": "怎么算" })) }.facts();
    assert!(facts.holds(Flag::TierReached) && facts.holds(Flag::NextTier));
}

#[test]
fn a_basket_is_known_as_a_whole_or_not_at_all() {
    let good = json!({ "product": "QH-1001", "quantity": 1 });
    for (basket, goods) in [
        (json!([good]), Some("399")),
        (json!([good, { "product": "qh-1002", "quantity": 2.0 }]), Some("458.8")),
        (json!([good, { "product": " QH-1002 " }]), Some("428.9")),
        (json!([good, { "product": "QH-1002", "quantity": 2.5 }]), None),
        (json!([good, { "product": "QH-1002", "quantity": "two" }]), None),
        (json!([good, { "product": "QH-1002", "quantity": -1 }]), None),
        (json!([good, { "product": "QH-1002", "quantity": 1e12 }]), None),
        (json!([good, { "product": "QH-1002", "quantity": 0 }]), None),
        (json!([good, { "sku": "QH-1002" }]), None),
        (json!([good, { "product": 1002 }]), None),
        (json!([good, { "product": "no such" }]), None),
    ] {
        let (facts, _) = Moment::of(json!({ "text": "怎么算", "context": { "basket": basket } })).facts();
        assert_eq!(facts.holds(Flag::BasketKnown), goods.is_some(), "{basket}");
        assert_eq!(facts.values(false)["basket"]["goods"].as_str(), goods, "{basket}");
    }
    // What was spoken of before does not stand for it.
    let basket = json!([{ "sku": "QH-1002" }]);
    let unread = Moment::of(json!({ "text": "怎么算", "context": { "basket": basket } }));
    let (facts, _) = Moment { before: vec![line("QH-1001", Some(1))], ..unread }.facts();
    assert!(!facts.holds(Flag::BasketKnown));
}

#[test]
fn goods_come_on_top_of_those_named_before_or_take_their_place() {
    let before = [line("QH-1002", Some(2))];
    for (text, expected) in [
        ("再加一个保温杯", vec![line("QH-1002", Some(2)), line("QH-2003", Some(1))]),
        ("毛巾再来一条", vec![line("QH-1002", Some(3))]),
        ("那三条毛巾呢", vec![line("QH-1002", Some(3))]),
        ("四条呢", vec![line("QH-1002", Some(4))]),
        ("一个保温杯多少钱", vec![line("QH-2003", Some(1))]),
    ] {
        let moment = Moment { before: before.to_vec(), ..Moment::of(json!({ "text": text })) };
        assert_eq!(moment.facts().0.scene().basket, expected, "{text}");
    }
}

#[test]
fn steps_and_refusals_are_told_as_in_a_quote() {
    let basket = json!([{ "product": "QH-1002", "quantity": 2 }]);
    let coupons = ["shop_coupon", "bedding_coupon"];
    let request = json!({ "text": "怎么算", "context": { "basket": basket, "coupons": coupons } });
    let values = Moment::of(request).facts().0;
    let told = |english: bool, name: &str| values.values(english)["basket"][name].as_str().unwrap().to_owned();
    let slip = [
        "全棉毛巾 29.9×2",
        "商品：59.8",
        "毛巾第二件半价（每第2件5折 ×1）：−14.95，余 44.85",
        "应付：44.85（不含运费）",
        "家纺券（满200减30）：还差155.15元",
        "店铺券（满200减20）：还差155.15元",
    ];
    assert_eq!(told(false, "slip").lines().take(slip.len()).collect::<Vec<_>>(), slip);
    assert!(told(true, "slip").contains("Second towel at half price (every 2nd 50% off ×1): −14.95, 44.85 left"));
}

/// An order that arrived on 20 November, with these items: product, category, price.
fn delivered(items: &[(&str, Option<&str>, &str)]) -> Value {
    let item = |(product, category, price): &(&str, Option<&str>, &str)| json!({ "product": product, "title": product, "quantity": 1, "price": price, "category": category });
    let items: Vec<Value> = items.iter().map(item).collect();
    json!({
        "number": "202611180022",
        "state": "delivered",
        "placed_at": "2026-11-18T08:00:00+08:00",
        "paid_at": "2026-11-18T08:01:00+08:00",
        "delivered_at": "2026-11-20T10:30:00+08:00",
        "items": items,
        "total": "500",
    })
}

const TOWEL: (&str, Option<&str>, &str) = ("QH-1002", Some("bedding"), "29.90");
const BRIEFS: (&str, Option<&str>, &str) = ("qh-4001", Some("intimate"), "59.00");
const APPLES: (&str, Option<&str>, &str) = ("QH-5001", Some("fresh"), "49.90");
const SPEAKER: (&str, Option<&str>, &str) = ("QH-3002", Some("digital"), "199.00");
const UNKNOWN: (&str, Option<&str>, &str) = ("X-1", Some("toys"), "10.00");

const VERDICTS: [Flag; 7] = [
    Flag::ReturnAllowed,
    Flag::ReturnTooLate,
    Flag::ReturnExcepted,
    Flag::ReturnIfUnopened,
    Flag::ReturnNotReceived,
    Flag::ReturnUnderWay,
    Flag::ReturnMixed,
];

/// What is said of giving back the items of an order: flags, the rule and the lines.
fn returned(text: &str, items: &[(&str, Option<&str>, &str)], received: &str) -> (Vec<Flag>, Value, String) {
    let mut order = delivered(items);
    order["delivered_at"] = json!(received);
    let moment = Moment { order: Some(order), ..Moment::of(json!({ "text": text })) };
    let told = moment.facts();
    assert_eq!(unsayable(&told), BTreeSet::new(), "{text}");
    let facts = told.0;
    let told = &facts.values(false)["return"];
    let flags = VERDICTS.into_iter().filter(|flag| facts.holds(*flag)).collect();
    (flags, told["rule"].clone(), told["lines"].as_str().unwrap().to_owned())
}

#[test]
fn items_are_told_together_only_where_all_is_the_same() {
    let (soon, long_ago) = ("2026-11-20T10:30:00+08:00", "2026-11-02T10:30:00+08:00");
    let told = |items: &[_], received| returned("能退吗", items, received);
    let (flags, rule, _) = told(&[BRIEFS], soon);
    assert_eq!((flags, rule), (vec![Flag::ReturnExcepted], json!("贴身衣物")));
    let (flags, rule, _) = told(&[BRIEFS, BRIEFS], soon);
    assert_eq!((flags, rule), (vec![Flag::ReturnExcepted], json!("贴身衣物")));
    let (flags, rule, lines) = told(&[BRIEFS, APPLES], soon);
    assert_eq!((flags, rule), (vec![Flag::ReturnMixed], Value::Null), "two rules");
    assert_eq!(lines, "qh-4001：属于贴身衣物，不支持无理由退货；QH-5001：属于生鲜易腐商品，不支持无理由退货");
    let (flags, _, lines) = told(&[TOWEL, SPEAKER], soon);
    assert_eq!(flags, [Flag::ReturnMixed]);
    assert_eq!(lines, "QH-1002：可以退到11月27日；QH-3002：未拆封可以退");
    let (flags, _, lines) = told(&[TOWEL, BRIEFS], long_ago);
    assert_eq!(flags, [Flag::ReturnMixed]);
    assert_eq!(lines, "QH-1002：退货期到11月9日为止，已经过了；qh-4001：属于贴身衣物，不支持无理由退货");
    let (flags, ..) = told(&[TOWEL, SPEAKER], long_ago);
    assert_eq!(flags, [Flag::ReturnTooLate]);
    for items in [&[TOWEL, UNKNOWN][..], &[UNKNOWN, BRIEFS], &[UNKNOWN]] {
        let (flags, _, lines) = told(items, soon);
        assert_eq!(flags, [], "a person answers: {items:?}");
        assert!(lines.contains("X-1：由同事核实"), "{lines}");
    }
    // The one that is named, in whichever case the order writes it.
    let (flags, rule, _) = returned("内裤能退吗", &[TOWEL, BRIEFS], soon);
    assert_eq!((flags, rule), (vec![Flag::ReturnExcepted], json!("贴身衣物")));
}

#[test]
fn an_order_of_which_little_is_known_can_be_told_too() {
    let states = ["awaiting_payment", "paid", "awaiting_dispatch", "dispatched", "delivered", "completed", "cancelled"];
    for state in states.into_iter().chain(["after_sales"]) {
        let order = json!({
            "number": "202611180022", "state": state, "placed_at": "2026-11-18T08:00:00+08:00", "items": [], "total": "500",
        });
        let moment = Moment { order: Some(order), ..Moment::of(json!({ "text": "202611180022 到哪了" })) };
        assert_eq!(unsayable(&moment.facts()), BTreeSet::new(), "{state}");
    }
}
