//! What `lint` finds in broken files, all of it in one go and in its place, and that the shipped files are sound.

mod broken;
mod broken_shop;

use std::path::PathBuf;
use std::sync::LazyLock;

use futures_util::FutureExt;
use serde_json::{Value, json};
use triage::Request;
use triage::catalogue::{
    AnswerRule, Catalogue, Finding, Findings, Flag, Resolves, SourceFile, Sources, TextKey, Values,
};
use triage::facts::{Facts, Found, OrderFound, Scene};
use triage::orders::RawOrder;
use triage::products::{Product, Stock};
use triage::shop::{Money, Reason};
use triage::slots::{Before, Slots};
use triage::text::{Message, Utterance};

use crate::{minimal_intent, replace_once, shipped};

/// An intent that uses everything a file can hold. The cases below break it, one text at a time.
const GIFT_WRAP: &str = r#"id: gift_wrap
title: { zh: 礼品包装, en: Gift wrapping }
queue: presale
siblings: [gift_card]

examples:
  zh:
    - 能包装成礼物吗
    - { say: 包装一下要多久, also: [gift_card] }
  en:
    - can you gift wrap it

near_misses:
  - { say: 礼品卡怎么买, belongs: gift_card }
  - { say: 今天天气怎么样, belongs: other }

patterns:
  - '^礼品包装[?]?$'

high_risk:
  - id: broken_gift
    any:
      - '礼物(坏|碎)了'
    hits:
      - 礼物坏了
    passes:
      - 礼物盒有货吗

slots:
  region:
    ask:
      zh: [寄到哪里呢？]
      en: [Where to?]

answers:
  - id: remote
    when: { slots: [region], flags: [remote_region], tiers: [gold] }
    resolves: inform
    valid: { from: 2026-11-01, until: 2026-11-12 }
    zh:
      - "{{ slots.region }}加收 {{ quote.fee }} 元"
      - 偏远一
      - 偏远二
    en:
      - "{{ slots.region }} costs {{ quote.fee }}"
      - remote one
      - remote two
  - id: by_hand
    when: { acts: [request], emotions: [anxiety], tags: [vip] }
    needs: [region]
    resolves: act
    zh:
      - "{{ handoff.respond_by }} 前包好"
      - 转交一
      - 转交二
    en:
      - "wrapped by {{ handoff.respond_by }}"
      - passed one
      - passed two
  - id: general
    resolves: inform
    zh:
      - "{{ shop.name }}可以包装"
      - 可以一
      - 可以二
    en:
      - "{{ shop.name }} does"
      - yes one
      - yes two

tests:
  - { say: 可以包成礼物吗, expect: gift_wrap }
  - { say: 礼品卡, expect_not: gift_wrap }
"#;

const WRAP: &str = "gift_wrap.yaml";
const CARD: &str = "gift_card.yaml";
const POLICY: &str = "policy.yaml";
const SHOP: &str = "shop.yaml";

/// A text that stands once in a file, and what takes its place.
type Edit = (&'static str, &'static str, &'static str);

/// A finding: the file, a text of the line it must point to (none for the top), its code, and what its message says.
type Expected = (&'static str, &'static str, &'static str, &'static str);

/// What is broken, how, and every finding that follows.
type Broken<'a> = (&'a str, &'a [Edit], &'a [Expected]);

static SHIPPED: LazyLock<Sources> = LazyLock::new(|| {
    let path = |name: &str| shipped(name);
    Sources::read(&path("intents"), &path("config/policy.yaml"), &path("config/shop.yaml")).unwrap()
});

/// A small catalogue: the shipped policy and shop, and four intents, two of which the policy's table of levels names.
fn small() -> Sources {
    let file = |name: &str, text: String| SourceFile { path: PathBuf::from(name), text };
    let minimal = |id: &str| file(&format!("{id}.yaml"), minimal_intent(id));
    Sources {
        intents: vec![
            minimal("gift_card"),
            file(WRAP, GIFT_WRAP.to_owned()),
            minimal("quality_issue"),
            minimal("wrong_or_missing"),
        ],
        policy: file(POLICY, SHIPPED.policy.text.clone()),
        shop: file(SHOP, SHIPPED.shop.text.clone()),
    }
}

fn text_of<'a>(sources: &'a mut Sources, name: &str) -> &'a mut String {
    let intents = sources.intents.iter_mut();
    let mut files = intents.chain([&mut sources.policy, &mut sources.shop]);
    &mut files.find(|file| file.path.as_os_str() == name).unwrap().text
}

fn edited(edits: &[Edit]) -> Sources {
    let mut sources = small();
    for (file, from, to) in edits {
        let text = text_of(&mut sources, file);
        *text = replace_once(text, from, to);
    }
    sources
}

fn findings(sources: &Sources) -> Findings {
    Catalogue::check(sources).err().unwrap_or_default()
}

/// The line, from 1, in which a text begins, newlines in front of it not counted. Nothing means the top.
fn line_of(text: &str, snippet: &str) -> usize {
    if snippet.is_empty() {
        return 1;
    }
    assert_eq!(text.matches(snippet).count(), 1, "`{snippet}` must stand exactly once in the file that is changed");
    let leading = snippet.len() - snippet.trim_start_matches('\n').len();
    let start = text.find(snippet).unwrap() + leading;
    1 + text[..start].matches('\n').count()
}

/// What is found in broken files and should not be, or the other way round.
fn problem((what, edits, expected): &Broken<'_>) -> Option<String> {
    let mut sources = edited(edits);
    let found = findings(&sources);
    let mut expected: Vec<(String, usize, &str, &str)> = expected
        .iter()
        .map(|(file, snippet, code, says)| {
            ((*file).to_owned(), line_of(text_of(&mut sources, file), snippet), *code, *says)
        })
        .collect();
    expected.sort();
    let places = found.iter().map(|found| (found.file.display().to_string(), found.place.line, found.code));
    let wanted: Vec<_> = expected.iter().map(|(file, line, code, _)| (file.clone(), *line, *code)).collect();
    if !places.eq(wanted.iter().cloned()) {
        return Some(format!("{what}: expected {wanted:?}, found\n{found}"));
    }
    let untold = expected.iter().find(|(_, line, code, says)| {
        let tells = |found: &Finding| (found.place.line, found.code) == (*line, *code) && found.message.contains(says);
        !found.iter().any(tells)
    });
    untold.map(|(file, line, _, says)| format!("{what}: {file}:{line} should say `{says}`, found\n{found}"))
}

fn expect_findings(cases: &[Broken<'_>]) {
    let problems: Vec<String> = cases.iter().filter_map(problem).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn the_small_catalogue_is_sound() {
    assert_eq!(findings(&small()), Findings::default());
    let catalogue = Catalogue::check(&small()).unwrap();
    assert_eq!(catalogue.intents().len(), 4);
}

#[test]
fn files_of_the_wrong_shape() {
    expect_findings(broken::SHAPES);
}

#[test]
fn files_that_say_something_wrong() {
    expect_findings(broken::MEANINGS);
}

#[test]
fn shops_that_say_something_wrong() {
    expect_findings(broken_shop::RULES);
}

#[test]
fn files_that_are_no_list_of_keys() {
    for text in ["- a\n- b\n", "only words", "42", "id: a\n\tqueue: b\n", "", "# nothing\n"] {
        let mut sources = small();
        *text_of(&mut sources, WRAP) = text.to_owned();
        let found = findings(&sources);
        let own: Vec<_> = found.iter().filter(|found| found.file.as_os_str() == WRAP).collect();
        assert_eq!(own.len(), found.len(), "what names the broken intent is not blamed: {found}");
        assert!(!own.is_empty() && own.iter().all(|found| found.place.line <= 2), "{text:?}: {found}");
    }
}

/// A finding says what is wrong and what is allowed.
#[test]
fn words_that_are_not_allowed_are_told_which_are() {
    let untold = broken::VALUES.iter().filter_map(|(what, edit, snippet, says)| {
        problem(&(what, &[*edit], &[(edit.0, snippet, "unknown-word", says)]))
    });
    assert_eq!(untold.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn wordings_may_be_five() {
    let five = "      - yes two\n      - yes three\n      - yes four";
    let found = findings(&edited(&[(WRAP, "      - yes two", five)]));
    assert!(found.is_empty(), "five are allowed:\n{found}");
}

/// One mistake in the shop must not be told again for every text that quotes the shop.
#[test]
fn a_broken_shop_does_not_blame_the_texts_that_quote_it() {
    expect_findings(&[(
        "a misspelt key of the shop",
        &[(SHOP, "\ndelay_coupon_max:", "\ndelay_cupon_max:")],
        &[
            (SHOP, "\nname: ", "missing-key", "key `delay_coupon_max` is missing"),
            (SHOP, "delay_cupon_max", "unknown-key", "unknown key `delay_cupon_max`; allowed: "),
        ],
    )]);
}

/// Names that neither the policy nor an intent knows.
const UNKNOWN_NAMES: [Edit; 3] = [
    (WRAP, "queue: presale", "queue: sales"),
    (WRAP, "tiers: [gold]", "tiers: [platinum]"),
    (POLICY, "intents: [wrong_or_missing,", "intents: [lost,"),
];

/// "All problems in one go" holds for what an intent says of the policy, even if the policy itself has problems.
#[test]
fn a_policy_with_findings_still_knows_its_queues_and_tiers() {
    expect_findings(&[(
        "a text left out, and unknown names",
        &[broken::NO_APOLOGY, &UNKNOWN_NAMES].concat(),
        &[
            (WRAP, "queue: sales", "unknown-queue", "sales"),
            (WRAP, "tiers: [platinum]", "unknown-tier", "platinum"),
            (POLICY, "\ntexts:\n", "missing-key", "text `apology` is missing"),
            (POLICY, "intents: [lost,", "unknown-intent", "lost"),
        ],
    )]);
}

/// Of a policy that does not even have the right shape nothing is known, so nobody is blamed for what they say of it.
#[test]
fn a_policy_of_the_wrong_shape_does_not_blame_the_intents_that_name_it() {
    let edits = [&UNKNOWN_NAMES[..], &[(POLICY, "    suggestion: {", "    # suggestion: {")]].concat();
    let expected = [(POLICY, "  times:", "missing-key", "key `suggestion` is missing")];
    expect_findings(&[("a level without times, and unknown names", &edits, &expected)]);
}

/// The program hands over to `general` where no topic is known, and to `complaint` where only a threat is: without
/// these queues a message would go to nobody.
#[test]
fn queues_that_the_program_itself_uses_must_be_there() {
    for (from, to) in [("  general: {", "  desk: {"), ("  complaint: {", "  grief: {")] {
        let found = findings(&edited(&[(POLICY, from, to)]));
        assert!(
            found.iter().any(|found| found.message.contains(from.trim_end_matches(": {").trim())),
            "{from}: {found}"
        );
    }
}

/// What can only fail when a customer is waiting must be found by the linter.
#[test]
fn a_template_that_cannot_be_rendered_is_a_finding() {
    let texts = ["{{ shop.name|shout }}", "{{ shop.name is odd }}", "{{ shop.name() }}", "{{ 1 // 0 }}"];
    let accepted = texts.into_iter().filter(|text| {
        let mut sources = small();
        let wrap = text_of(&mut sources, WRAP);
        *wrap = replace_once(wrap, "- yes one", &format!("- \"{text}\""));
        findings(&sources).is_empty()
    });
    assert_eq!(accepted.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn an_intent_that_is_switched_off_is_not_there() {
    let catalogue = Catalogue::check(&edited(&[(WRAP, "queue: presale", "queue: presale\nenabled: false")])).unwrap();
    assert!(catalogue.intent("gift_wrap").is_none() && catalogue.intents().len() == 3);
    assert_eq!(catalogue.exact("能包装成礼物吗"), None, "its examples are no longer certain");
    let broken = edited(&[(WRAP, "queue: presale", "queue: sales\nenabled: false")]);
    assert_eq!(findings(&broken).len(), 1, "it is checked all the same");
}

#[test]
fn what_examples_titles_and_patterns_settle() {
    let sources = edited(&[(CARD, "answers:", "patterns: ['^礼品(包装[?]?|卡)$']\nanswers:")]);
    let catalogue = Catalogue::check(&sources).unwrap();
    let id = |plain: &str| catalogue.exact(plain).map(|at| catalogue.intents()[at].id.as_str());
    assert_eq!(id("能包装成礼物吗"), Some("gift_wrap"), "an example");
    assert_eq!(id("礼品包装"), Some("gift_wrap"), "a title, which is offered as a choice");
    assert_eq!(id("gift wrapping"), Some("gift_wrap"), "a title in English");
    assert_eq!(id("礼品卡"), Some("gift_card"), "a pattern");
    assert_eq!(id("礼品包装?"), None, "patterns of two intents");
    assert_eq!(id("包装一下要多久"), None, "an example with two intents");
    assert_eq!(id("别的"), None);
}

/// A title is an exact phrase: what two intents are called settles nothing.
#[test]
fn a_title_that_another_intent_has_is_a_finding() {
    let found = findings(&edited(&[(CARD, "title: { zh: gift_card,", "title: { zh: 礼品包装,")]));
    assert_eq!(found.len(), 1, "{found}");
}

#[test]
fn the_hash_names_the_files() {
    let hash = |sources: &Sources| Catalogue::check(sources).unwrap().hash().to_owned();
    let same = hash(&small());
    assert_eq!((hash(&small()), same.len()), (same.clone(), 64));
    for edit in [
        (WRAP, "- yes one", "- yes, one"),
        (POLICY, "# Matched on", "# matched on"),
        (SHOP, "# per order", "# an order"),
    ] {
        assert_ne!(hash(&edited(&[edit])), same, "{edit:?}");
    }
}

#[test]
fn files_that_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.yaml", "a.yml", ".hidden.yaml", "notes.md", "c.yaml~"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    let file = folder.path().join("b.yaml");
    let sources = Sources::read(folder.path(), &file, &file).unwrap();
    let names: Vec<_> = sources.intents.iter().map(|file| file.path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["a.yml", "b.yaml"]);
    let gone = folder.path().join("gone");
    for (intents, policy) in [(&gone, &file), (&folder.path().to_owned(), &gone)] {
        let error = Sources::read(intents, policy, &file).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot read `{}`: ", gone.display())), "{error}");
    }
    let none = tempfile::tempdir().unwrap();
    let none = Sources::read(none.path(), &shipped("config/policy.yaml"), &shipped("config/shop.yaml")).unwrap();
    assert!(findings(&none).iter().any(|finding| finding.code == "empty"), "an empty folder is no catalogue");
}

#[test]
fn the_shipped_catalogue_has_no_findings() {
    let found = findings(&SHIPPED);
    assert!(found.is_empty(), "{found}");
}

#[test]
fn every_shipped_example_with_one_intent_is_certain() {
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    for (at, intent) in catalogue.intents().iter().enumerate() {
        for example in intent.examples.iter().filter(|example| example.also.is_empty()) {
            let message = Message::read(&Utterance::new(example.say.as_str()).unwrap());
            assert_eq!(catalogue.exact(message.plain()), Some(at), "{}: {}", intent.id, example.say);
        }
    }
}

/// A message with what the shop's data say to it.
struct Filled {
    slots: Slots,
    facts: Facts,
}

/// A Monday noon, within a timed offer.
fn noon() -> jiff::Zoned {
    jiff::civil::datetime(2026, 11, 23, 11, 0, 0, 0).in_tz("Asia/Shanghai").unwrap()
}

impl Filled {
    fn of(catalogue: &Catalogue, text: &str, scene: Scene, found: Found) -> Self {
        let lexicon = catalogue.shop().lexicon(crate::products().names());
        let incoming = Request { text: text.to_owned(), ..Request::default() }.check().unwrap();
        let message = Message::read(incoming.utterance());
        let slots = Slots::fill(&message, &incoming, Before::default(), noon().date(), &lexicon);
        let basket = slots.lines().to_vec();
        let facts = Facts::of(catalogue, &slots, Scene { basket, plain: text.to_owned(), ..scene }, found, &noon());
        Self { slots, facts }
    }

    /// Places of each kind with amounts on each side of every limit; orders in every state; every product; baskets.
    fn all(catalogue: &Catalogue) -> Vec<Self> {
        let mut out = Vec::new();
        for region in ["", "寄到浙江", "寄到新疆", "寄到香港"] {
            for amount in ["", "，买了100元", "，买了199元", "，买了480元", "，买了1000元"] {
                for order in ["", "，订单202605260001"] {
                    let text = format!("您好{region}{amount}{order}");
                    out.push(Self::of(catalogue, &text, Scene::default(), Found::default()));
                    let unavailable = Found { order: OrderFound::Unavailable, ..Found::default() };
                    out.push(Self::of(catalogue, &text, Scene::default(), unavailable));
                }
            }
        }
        out.extend(of_orders(catalogue));
        out.extend(of_products(catalogue));
        for text in [
            "店铺券和满减能一起用吗",
            "店铺券和平台券能一起用吗",
            "一个珐琅锅两条毛巾",
            "三个珐琅锅",
            "五个不粘炒锅",
            "一条毛巾",
            "一个珐琅锅一个不粘炒锅，店铺券和满减",
            "一个珐琅锅一个不粘炒锅，店铺券和平台券",
        ] {
            for region in ["", "寄到浙江", "寄到香港"] {
                for tier in [None, Some("gold")] {
                    let scene = Scene { tier: tier.map(str::to_owned), ..Scene::default() };
                    let products = ["QH-2001", "QH-2002", "QH-1002"].map(product).to_vec();
                    let found = Found { products, ..Found::default() };
                    out.push(Self::of(catalogue, &format!("{text}{region}"), scene, found));
                }
            }
        }
        out
    }

    fn has(&self, name: &str) -> bool {
        match name {
            "order" => self.facts.holds(Flag::OrderKnown),
            "product" => self.facts.holds(Flag::ProductKnown),
            slot => self.slots.has(slot),
        }
    }

    fn allows(&self, answer: &AnswerRule) -> bool {
        self.fits(answer) && answer.needs.iter().all(|slot| self.has(slot))
    }

    /// Whether the condition of an answer holds, whatever it needs beyond.
    fn fits(&self, answer: &AnswerRule) -> bool {
        answer.slots.iter().all(|slot| self.has(slot)) && answer.flags.iter().all(|flag| self.facts.holds(*flag))
    }

    fn values(&self, catalogue: &Catalogue, english: bool, handoff: bool) -> Values {
        let mut values = self.facts.values(english);
        if handoff {
            let soon = if english { "tomorrow at 10:05" } else { "明天 10:05" };
            values["handoff"] = json!({ "respond_by": soon, "solve_by": soon });
        }
        catalogue.shop().values(english).and(&values)
    }
}

fn product(id: &str) -> Product {
    crate::products().by_id(id).wait().now_or_never().unwrap().unwrap().unwrap()
}

/// An order of one item in some state, told of with every reason to give it back.
fn of_orders(catalogue: &Catalogue) -> Vec<Filled> {
    let raw = |state: &str, after: Value, delivered: &str, price: &str, id: &str| {
        let product = product(id);
        let order: RawOrder = serde_json::from_value(json!({
            "number": "202605260001", "customer": "demo", "state": state,
            "placed_at": "2026-11-20T08:00:00+08:00", "paid_at": "2026-11-20T08:05:00+08:00",
            "dispatched_at": "2026-11-20T18:00:00+08:00", "delivered_at": delivered,
            "carrier": "顺丰速运", "tracking": "SF1390021457788", "region": "浙江杭州", "total": "349",
            "items": [{ "product": id, "title": id, "quantity": 2, "price": price, "category": product.category }],
            "after_sales": after,
        }))
        .unwrap();
        order.check().unwrap()
    };
    let received = "2026-11-21T10:00:00+08:00";
    let mut orders = Vec::new();
    for state in ["awaiting_payment", "paid", "dispatched", "delivered", "completed", "cancelled"] {
        orders.push(raw(state, Value::Null, received, "500", "QH-1001"));
        let late = triage::orders::Order {
            expected_on: Some(jiff::civil::date(2026, 11, 30)),
            tracking: None,
            ..orders[orders.len() - 1].clone()
        };
        let fresh =
            triage::orders::Order { paid_at: Some("2026-11-23T08:00:00+08:00".parse().unwrap()), ..late.clone() };
        let expected_on = Some(jiff::civil::date(2026, 11, 20));
        let untracked = triage::orders::Order { expected_on, ..late.clone() };
        let tracked = triage::orders::Order { tracking: Some("SF1390021457788".into()), ..fresh.clone() };
        orders.extend([late, fresh, untracked, tracked]);
    }
    for kind in ["return", "exchange", "refund", "repair"] {
        for step in ["requested", "approved", "sent_back", "received", "refunding", "done", "refused"] {
            let after = json!({ "kind": kind, "step": step, "since": "2026-11-22T10:00:00+08:00", "amount": "349" });
            orders.push(raw("after_sales", after, received, "399", "QH-1001"));
        }
    }
    for (id, delivered, price) in [
        ("QH-1001", "2026-11-01T10:00:00+08:00", "399"),
        ("QH-4001", received, "59"),
        ("QH-3002", received, "199"),
        ("QH-3001", received, "299"),
    ] {
        orders.push(raw("delivered", Value::Null, delivered, price, id));
    }
    let old =
        triage::orders::Order { paid_at: Some("2026-11-01T08:00:00+08:00".parse().unwrap()), ..orders[15].clone() };
    let mut mixed = orders[15].clone();
    mixed.items.push(raw("delivered", Value::Null, received, "59", "QH-4001").items.remove(0));
    orders.extend([old, mixed]);
    let mut out = Vec::new();
    for order in orders {
        for text in ["您好", "寄到浙江", "寄到香港", "订单202605260001", "已经拆封了", "还没拆封", "赔我500元"]
        {
            for reason in [None, Some(Reason::Faulty)] {
                for tier in [None, Some("diamond")] {
                    let products = order.items.iter().map(|item| product(&item.product)).collect();
                    let order =
                        OrderFound::Known { order: Box::new(order.clone()), is_named: true, is_proven_now: false };
                    let scene = Scene { reason, tier: tier.map(str::to_owned), ..Scene::default() };
                    out.push(Filled::of(catalogue, text, scene, Found { order, product: None, products }));
                }
            }
        }
    }
    out
}

/// Every product, with and without what is asked of it.
fn of_products(catalogue: &Catalogue) -> Vec<Filled> {
    let ids = ["QH-1001", "QH-1002", "QH-1003", "QH-2001", "QH-3003", "QH-4002", "QH-6001", "QH-7002"];
    let products = ids.map(product).into_iter().chain([Product { stock: Stock::Out, ..product("QH-1002") }]);
    let mut out = Vec::new();
    for product in products {
        for text in ["您好", "是什么材质的", "身高170体重65公斤", "身高120体重165公斤"] {
            let found = Found { product: Some(product.clone()), products: vec![product.clone()], ..Found::default() };
            out.push(Filled::of(catalogue, text, Scene::default(), found));
        }
    }
    out
}

/// A text as a customer reads it: filled, in the right script, without signs of a template.
fn expect_readable(what: &str, text: &str, english: bool) {
    assert!(!text.trim().is_empty(), "{what} is empty");
    assert!(!text.contains("{{") && !text.contains("}}") && !text.contains("undefined"), "{what}: {text}");
    // The longest are sums, line by line.
    assert!(text.chars().count() < 1000, "{what} is too long: {text}");
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    assert_eq!(text.contains(is_han), !english, "{what} is in the wrong language: {text}");
}

#[test]
fn every_shipped_answer_can_be_told_with_every_filling_that_it_allows() {
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let fillings = Filled::all(&catalogue);
    // An answer for everybody that stands further up is given first.
    let is_for_all = |answer: &&AnswerRule| {
        answer.acts.is_empty() && answer.emotions.is_empty() && answer.tiers.is_empty() && answer.tags.is_empty()
    };
    for intent in catalogue.intents() {
        for (at, answer) in intent.answers.iter().enumerate() {
            let above = || intent.answers[..at].iter().filter(is_for_all);
            let is_given = |filled: &&Filled| filled.allows(answer) && !above().any(|other| filled.fits(other));
            let allowed: Vec<&Filled> = fillings.iter().filter(is_given).collect();
            // Some are there for what they need to be asked, some for shops with other rules: a condition that can hold will do.
            // The day of these fillings lies in no season.
            let fits = answer.flags.contains(&Flag::InSeason) || fillings.iter().any(|filled| filled.fits(answer));
            assert!(fits, "{}/{} can never be given", intent.id, answer.id);
            // Enough of them to see every kind.
            let step = allowed.len().div_ceil(40).max(1);
            for filled in allowed.into_iter().step_by(step) {
                for english in [false, true] {
                    let values = filled.values(&catalogue, english, answer.resolves == Resolves::Act);
                    for (at, wording) in answer.wording.variants(english).iter().enumerate() {
                        let what = format!("{}/{} {at}", intent.id, answer.id);
                        let text = wording.render(&values).unwrap_or_else(|error| panic!("{what}: {error}"));
                        expect_readable(&what, &text, english);
                    }
                }
            }
        }
    }
}

#[test]
fn every_shipped_question_and_every_text_of_the_policy_can_be_told() {
    use TextKey::{
        Ambiguous, Apology, AttachmentReceived, Closing, HandoffGeneral, HandoffOrderProof, HandoffSensitive,
        HandoffUpset, HandoffUserRequest, LowConfidence, NobodyOnline, OfferPerson, OrderProof, OrderProofPaused,
        OrderProofWrong, OrderReceived, OutOfScope, Urgent, WhichOrder,
    };
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let nothing = Filled::of(&catalogue, "您好", Scene::default(), Found::default());
    for english in [false, true] {
        for intent in catalogue.intents() {
            for slot in &intent.slots {
                for wording in slot.ask.variants(english) {
                    let text = wording.render(&nothing.values(&catalogue, english, false)).unwrap();
                    expect_readable(&format!("the question of {} for {}", intent.id, slot.name), &text, english);
                }
            }
        }
        for (key, handoff) in [
            (HandoffUserRequest, true),
            (HandoffUpset, true),
            (HandoffSensitive, true),
            (HandoffGeneral, true),
            (AttachmentReceived, true),
            (NobodyOnline, true),
            (Apology, false),
            (Urgent, false),
            (OfferPerson, false),
            (Ambiguous, false),
            (OutOfScope, false),
            (LowConfidence, false),
            (Closing, false),
            (OrderReceived, false),
            (WhichOrder, false),
            (OrderProof, false),
            (OrderProofWrong, false),
            (OrderProofPaused, false),
            (HandoffOrderProof, true),
        ] {
            let ordered = Filled::of(&catalogue, "订单202605260001", Scene::default(), Found::default());
            let filled = if key == OrderReceived { &ordered } else { &nothing };
            let mut values = filled.values(&catalogue, english, handoff && key != NobodyOnline);
            if matches!(key, Ambiguous | WhichOrder) {
                values = values.and(&json!({ "choices": "A / B" }));
            }
            if key == NobodyOnline {
                let opens = if english { "on Sat 28 Nov at 10:00" } else { "11月28日 10:00 (周六)" };
                values = values.and(&json!({ "handoff": { "opens_at": opens } }));
            }
            for wording in catalogue.policy().text(key).variants(english) {
                expect_readable(&format!("{key:?}"), &wording.render(&values).unwrap(), english);
            }
        }
    }
}

/// What is missing to free shipping is "zero when reached or out of reach".
#[test]
fn nothing_is_missing_where_nothing_is_delivered() {
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let negative = Filled::all(&catalogue).into_iter().filter_map(|filled| {
        let slots = &filled.slots;
        let quote = catalogue.shop().shipping.quote(slots.region, slots.amount);
        let place = slots.region.map(|region| region.name(false)).unwrap_or_default();
        (quote.missing < Money::default()).then(|| format!("{place} {:?}: {}", slots.amount, quote.missing))
    });
    assert_eq!(negative.collect::<Vec<_>>(), [""; 0]);
}

/// The manners that docs/INTENTS.md promises, on every shipped answer in Chinese.
#[test]
fn the_shipped_answers_keep_their_manners() {
    const RUDE: [&str; 10] = ["你", "可能", "大概", "应该", "很快", "不久", "绝对", "一定", "保证", "肯定没问题"];
    let catalogue = Catalogue::check(&SHIPPED).unwrap();
    let fillings = Filled::all(&catalogue);
    let mut found = Vec::new();
    for intent in catalogue.intents() {
        for answer in &intent.answers {
            // What only asks is never told.
            let Some(filled) = fillings.iter().find(|filled| filled.allows(answer)) else { continue };
            for wording in answer.wording.variants(false) {
                let text = wording.render(&filled.values(&catalogue, false, true)).unwrap();
                let rude = RUDE.iter().find(|word| text.contains(**word));
                found.extend(rude.map(|word| format!("{}/{}: {word}: {text}", intent.id, answer.id)));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}
