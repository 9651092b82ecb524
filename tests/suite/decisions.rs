//! What is decided, through [`Engine::triage`]: the rules in their order, slots, words, language, and what holds for
//! every message. Messages are the catalogue's own examples or match its patterns, so that they are certain whatever
//! the model says; where a rule needs the model, the test says what must hold in any case.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Zoned;
use proptest::prelude::*;
use serde_json::{Value, json};
use triage::calendar;
use triage::catalogue::{Catalogue, Level, Resolves, Sources, TextKey, Values};
use triage::conversation::Situation;
use triage::labels::{SOCIAL, is_business};
use triage::text::{Language, Message, Utterance, to_simplified};
use triage::{DecisionKind, Engine, Incoming, Reply, Request};

use crate::{ENGINE, Workplace, minimal_intent, shipped};

fn incoming(request: Value) -> Incoming {
    let request: Request = serde_json::from_value(request).unwrap();
    request.check().unwrap()
}

/// A Monday afternoon in the shop: somebody is there.
static NOW: LazyLock<Zoned> = LazyLock::new(|| moment("2026-11-23T14:05"));

/// On the shop's wall clock.
fn moment(text: &str) -> Zoned {
    text.parse::<jiff::civil::DateTime>().unwrap().in_tz("Asia/Shanghai").unwrap()
}

fn told(request: Value) -> Reply {
    told_at(request, &NOW)
}

fn told_at(request: Value, now: &Zoned) -> Reply {
    ENGINE.triage_at(&incoming(request), now)
}

fn said(text: &str) -> Reply {
    told(json!({ "text": text }))
}

fn codes(reply: &Reply) -> Vec<&str> {
    reply.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn first_code(reply: &Reply) -> &str {
    &reply.reasons[0].code
}

fn words(reply: &Reply) -> &str {
    reply.answer.as_ref().map_or("", |answer| &answer.text)
}

fn slot<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.slots.iter().find(|slot| slot.name == name).map(|slot| slot.value.as_str())
}

fn customer(text: &str) -> Value {
    json!({ "role": "customer", "text": text })
}

fn bot(text: &str) -> Value {
    json!({ "role": "bot", "text": text })
}

/// The texts of the policy for a key, filled for a hand-off of this level.
/// The reply to a message whose processing broke off.
fn broken_off(incoming: &Incoming) -> Reply {
    ENGINE.hand_over(incoming, &Situation::default(), &ENGINE.now()).reply
}

fn policy_texts(key: TextKey, english: bool, level: Level) -> Vec<String> {
    policy_texts_at(key, english, level, &NOW)
}

fn policy_texts_at(key: TextKey, english: bool, level: Level, now: &Zoned) -> Vec<String> {
    let shop = ENGINE.catalogue().shop();
    let due = ENGINE.catalogue().policy().due(level, "general", now);
    let by = |moment: &Zoned| calendar::by(moment, now, english);
    let values = shop.values(english).and(&json!({
        "quote": { "free_from": shop.shipping.free_from },
        "handoff": {
            "respond_by": by(&due.respond_at),
            "solve_by": due.solve_at.as_ref().map(by),
            "opens_at": due.opens_at.map(|opens| calendar::at(&opens, now, english)),
        },
    }));
    let wordings = ENGINE.catalogue().policy().text(key).variants(english).iter();
    wordings.map(|wording| wording.render(&values).unwrap()).collect()
}

/// A rule of the policy file with the sentences that prove it.
struct Proven {
    id: String,
    hits: Vec<String>,
    passes: Vec<String>,
}

/// The proven rules of `config/policy.yaml`: the checked policy keeps only the patterns.
fn proven(section: &str) -> Vec<Proven> {
    let text = std::fs::read_to_string(shipped("config/policy.yaml")).unwrap();
    let root = marked_yaml::parse_yaml(0, &text).unwrap();
    let root = root.as_mapping().unwrap();
    let read = |rule: &marked_yaml::types::MarkedMappingNode| {
        let list = |key: &str| {
            let items = rule.get_sequence(key).unwrap().iter();
            items.map(|item| item.as_scalar().unwrap().as_str().to_owned()).collect()
        };
        Proven { id: rule.get_scalar("id").unwrap().as_str().to_owned(), hits: list("hits"), passes: list("passes") }
    };
    match root.get_sequence(section) {
        Some(rules) => rules.iter().map(|rule| read(rule.as_mapping().unwrap().get_mapping("rule").unwrap())).collect(),
        None => vec![read(root.get_mapping(section).unwrap())],
    }
}

/// Every tenth example of every intent with its reply: a cross-section of what customers write.
static SAMPLE: LazyLock<Vec<(&'static str, &'static str, Reply)>> = LazyLock::new(|| {
    let intents = ENGINE.catalogue().intents().iter();
    let examples = intents.flat_map(|intent| intent.examples.iter().map(move |example| (intent, example)));
    let tenth = examples.step_by(10);
    tenth.map(|(intent, example)| (intent.id.as_str(), example.say.as_str(), said(&example.say))).collect()
});

/// What must hold for every reply, whatever was said.
fn expect_consistent(reply: &Reply, text: &str) {
    let shown = || format!("{text:?}: {}", serde_json::to_string(reply).unwrap());
    assert!(!reply.reasons.is_empty() && reply.reasons.iter().all(|reason| !reason.code.is_empty()), "{}", shown());
    let unique: BTreeSet<&str> = codes(reply).into_iter().collect();
    assert_eq!(unique.len(), reply.reasons.len(), "a reason is told once: {}", shown());
    assert_eq!(reply.handoff.is_some(), reply.decision == DecisionKind::Handoff, "{}", shown());
    assert_eq!(reply.answer.is_none(), reply.decision == DecisionKind::Silent, "{}", shown());

    let is_share = |value: f32| value.is_finite() && (0.0..=1.0).contains(&value);
    assert_eq!(reply.intents.len(), ENGINE.catalogue().intents().len(), "{}", shown());
    assert!(reply.intents.iter().all(|intent| is_share(intent.score)), "{}", shown());
    assert!(reply.intents.iter().all(|intent| intent.act.is_some() == is_business(&intent.id)), "{}", shown());
    assert!(is_share(reply.out_of_scope), "{}", shown());
    let emotion = &reply.emotion;
    let scores = &emotion.scores;
    let all = [scores.neutral, scores.positive, scores.anxiety, scores.disappointment, scores.anger];
    assert!(all.iter().all(|score| is_share(*score)), "{}", shown());
    assert!((all.iter().sum::<f32>() - 1.0).abs() < 1e-3, "{}", shown());
    assert!((emotion.upset - scores.anger - scores.disappointment).abs() < 1e-6, "{}", shown());
    assert!((0.0..=3.0).contains(&emotion.intensity), "{}", shown());

    let chars = text.chars().count();
    for slot in &reply.slots {
        assert!(!slot.value.is_empty(), "{}", shown());
        assert_eq!(slot.start.is_some(), slot.end.is_some(), "{}", shown());
        if let (Some(start), Some(end)) = (slot.start, slot.end) {
            assert!(start < end && end <= chars, "{}", shown());
        }
    }
    if let Some(answer) = &reply.answer {
        assert!(!answer.text.trim().is_empty() && !answer.text.contains("{{"), "{}", shown());
        assert!(answer.choices.len() <= 3, "{}", shown());
        let known = |id: &String| ENGINE.catalogue().intent(id).is_some();
        assert!(answer.intents.iter().all(known), "{}", shown());
    }
    if let Some(handoff) = &reply.handoff {
        assert!(ENGINE.catalogue().policy().has_queue(&handoff.queue), "{}", shown());
        assert!(handoff.resolve_due_at.is_none_or(|due| due >= handoff.respond_due_at), "{}", shown());
    }
    assert_eq!(reply.model, ENGINE.bundle().name());
    assert_eq!(reply.catalogue, format!("sha256:{}#1", ENGINE.catalogue().hash()));
}

/// A reply without how long it took.
fn timeless(reply: &Reply) -> Value {
    let mut value = serde_json::to_value(reply).unwrap();
    value["timings_us"] = Value::Null;
    value
}

// Rule 1

#[test]
fn a_person_has_the_conversation() {
    for text in ["包邮吗", "转人工", "充电宝爆炸了把我手烫伤了", "你好", "😡😡😡"] {
        let reply = told(json!({ "text": text, "handled_by": "person" }));
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Silent, "human_present"), "{text}");
        expect_consistent(&reply, text);
    }
    let reply = told(json!({ "text": "充电宝爆炸了把我手烫伤了", "handled_by": "person" }));
    assert!(codes(&reply).contains(&"sensitive:injury"), "what else applies is still reported: {:?}", codes(&reply));
    let reply = told(json!({ "text": "包邮吗", "handled_by": "person" }));
    assert_eq!(reply.intents[0].id, "shipping_fee", "the message is still labelled");
}

// Rule 2

#[test]
fn each_sensitive_rule_goes_to_a_person_at_once() {
    let rules = proven("sensitive");
    assert!(rules.len() >= 5);
    for rule in &rules {
        for text in &rule.hits {
            for handled_by in ["bot", "queue"] {
                let reply = told(json!({ "text": text, "handled_by": handled_by }));
                let code = format!("sensitive:{}", rule.id);
                assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Handoff, code.as_str()), "{text}");
                let handoff = reply.handoff.unwrap();
                assert_eq!((handoff.queue.as_str(), handoff.level), ("complaint", Level::Urgent), "{text}");
                let due = |hours| NOW.timestamp() + jiff::SignedDuration::from_hours(hours);
                assert_eq!((handoff.respond_due_at, handoff.resolve_due_at), (due(2), Some(due(24))), "{text}");
            }
        }
    }
}

#[test]
fn questions_about_sensitive_things_are_not_sensitive() {
    for rule in proven("sensitive") {
        for text in &rule.passes {
            let reply = said(text);
            assert!(!codes(&reply).iter().any(|code| code.starts_with("sensitive")), "{text}: {:?}", codes(&reply));
        }
    }
}

#[test]
fn the_reply_to_a_sensitive_message_is_one_of_the_policys() {
    let texts = policy_texts(TextKey::HandoffSensitive, false, Level::Urgent);
    let reply = said("充电宝爆炸了把我手烫伤了");
    assert!(texts.contains(&words(&reply).to_owned()), "{}", words(&reply));
}

// Rule 3

#[test]
fn a_waiting_customer_is_told_facts_and_nothing_else() {
    for (text, decision, code) in [
        ("包邮吗", DecisionKind::Answer, "queued"),
        ("退货运费谁出", DecisionKind::Answer, "queued"),
        ("查一下我的快递", DecisionKind::Silent, "queued"),
        ("好的", DecisionKind::Silent, "queued"),
        ("你好", DecisionKind::Silent, "queued"),
    ] {
        let reply = told(json!({ "text": text, "handled_by": "queue" }));
        assert_eq!((reply.decision, first_code(&reply)), (decision, code), "{text}");
    }
}

// Rule 4

#[test]
fn who_asks_for_a_person_gets_one() {
    let intent = ENGINE.catalogue().intent("human_agent").unwrap();
    for example in intent.examples.iter().filter(|example| example.also.is_empty()) {
        let reply = said(&example.say);
        assert_eq!(reply.decision, DecisionKind::Handoff, "{}", example.say);
        assert!(codes(&reply).contains(&"user_request"), "{}: {:?}", example.say, codes(&reply));
    }
    let reply = said("转人工");
    assert_eq!(first_code(&reply), "user_request");
    assert!(policy_texts(TextKey::HandoffUserRequest, false, Level::Normal).contains(&words(&reply).to_owned()));
    let handoff = reply.handoff.unwrap();
    assert_eq!((handoff.queue.as_str(), handoff.level), ("general", Level::Normal));
}

// Rules 5 and 6

#[test]
fn trigger_words_go_to_a_person() {
    for rule in proven("trigger_words") {
        for text in &rule.hits {
            let reply = said(text);
            assert_eq!(reply.decision, DecisionKind::Handoff, "{text}");
            assert!(codes(&reply).iter().any(|code| code.starts_with("emotion:")), "{text}: {:?}", codes(&reply));
            assert!(reply.handoff.unwrap().signals.contains(&"insult".to_owned()), "{text}");
        }
        for text in &rule.passes {
            let words = said(text).reasons.into_iter().find(|reason| reason.detail.starts_with("trigger words"));
            assert_eq!(words, None, "{text}");
        }
    }
}

#[test]
fn threats_are_complaints() {
    for rule in proven("threats") {
        for text in &rule.hits {
            let reply = said(text);
            assert_eq!(reply.decision, DecisionKind::Handoff, "{text}");
            assert!(codes(&reply).contains(&"complaint"), "{text}: {:?}", codes(&reply));
            let handoff = reply.handoff.unwrap();
            assert_eq!(handoff.level, Level::Serious, "{text}");
            assert!(handoff.signals.contains(&"threat_of_exposure".to_owned()), "{text}");
        }
        for text in &rule.passes {
            let reply = said(text);
            let threat = reply.reasons.iter().find(|reason| reason.detail.starts_with("a threat"));
            assert_eq!(threat, None, "{text}");
        }
    }
}

#[test]
fn complaints_go_to_their_queue() {
    for text in ["我要投诉", "在哪里可以投诉", "投诉电话多少"] {
        let reply = said(text);
        assert_eq!(reply.decision, DecisionKind::Handoff, "{text}");
        assert!(codes(&reply).contains(&"complaint"), "{text}: {:?}", codes(&reply));
        assert_eq!(reply.handoff.unwrap().queue, "complaint", "{text}");
    }
}

#[test]
fn feelings_are_heard() {
    let limits = ENGINE.catalogue().policy().thresholds;
    let begins = |reply: &Reply, key: TextKey| {
        let texts = [false, true].map(|english| policy_texts(key, english, Level::Normal)).concat();
        texts.iter().any(|text| to_simplified(words(reply)).starts_with(text.as_str()))
    };
    for (_, text, reply) in SAMPLE.iter() {
        let upset = reply.emotion.upset;
        let is_answer = first_code(reply) == "answered" && !reply_is_social(reply);
        if upset >= limits.handoff_upset {
            assert_eq!(reply.decision, DecisionKind::Handoff, "{text}");
            assert!(codes(reply).iter().any(|code| code.starts_with("emotion:")), "{text}: {:?}", codes(reply));
        } else if is_answer && upset >= limits.notice_upset {
            assert!(begins(reply, TextKey::Apology), "{text}: {}", words(reply));
            assert!(codes(reply).iter().any(|code| code.starts_with("noticed:")), "{text}: {:?}", codes(reply));
        } else if is_answer && reply.emotion.scores.anxiety >= limits.notice_anxiety {
            assert!(begins(reply, TextKey::Urgent), "{text}: {}", words(reply));
        } else if is_answer {
            let plain = !begins(reply, TextKey::Apology) && !begins(reply, TextKey::Urgent);
            assert!(plain, "{text}: {}", words(reply));
        }
    }
}

fn reply_is_social(reply: &Reply) -> bool {
    let intents = &reply.answer.as_ref().unwrap().intents;
    intents.iter().any(|id| SOCIAL.contains(&id.as_str()))
}

// Rule 8

#[test]
fn two_topics_of_which_one_needs_a_hand_go_to_a_person() {
    let mut complex = 0;
    for intent in ENGINE.catalogue().intents() {
        for example in intent.examples.iter().filter(|example| !example.also.is_empty()) {
            let reply = said(&example.say);
            let intents = reply.answer.as_ref().map_or(&[][..], |answer| &answer.intents);
            if first_code(&reply) == "complex" {
                complex += 1;
                assert_eq!(reply.decision, DecisionKind::Handoff);
                let topics = reply.reasons[0].detail.split(" + ").count();
                assert!(topics >= 2, "{}: {}", example.say, reply.reasons[0].detail);
                assert!(
                    [(false, Level::Normal), (true, Level::Normal), (false, Level::Serious), (true, Level::Serious)]
                        .into_iter()
                        .flat_map(|(english, level)| policy_texts(TextKey::HandoffGeneral, english, level))
                        .any(|text| text == to_simplified(words(&reply))),
                    "{}",
                    words(&reply)
                );
            }
            if first_code(&reply) == "answered" && intents.len() == 2 {
                let informs = |id: &String| {
                    let answers = &ENGINE.catalogue().intent(id).unwrap().answers;
                    answers.iter().any(|answer| answer.resolves == Resolves::Inform)
                };
                assert!(intents.iter().all(informs), "{}: {intents:?}", example.say);
            }
        }
    }
    assert!(complex > 0, "none of the catalogue's own messages with two topics is too much at once");
}

// Rule 9

#[test]
fn what_needs_a_hand_goes_to_a_person_once_the_order_is_known() {
    for (request, number) in [
        (json!({ "text": "查一下我的快递", "context": { "order_ids": ["202605260001"] } }), "202605260001"),
        (json!({ "text": "查一下我的快递", "context": { "order_ids": ["JD-77"] } }), "JD-77"),
        (json!({ "text": "查一下我的快递", "history": [customer("订单202605260001")] }), "202605260001"),
        (json!({ "text": "where is my parcel", "history": [customer("order sf1400267785501")] }), "SF1400267785501"),
    ] {
        let reply = told(request.clone());
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Handoff, "action_needed"), "{request}");
        // A parcel's number tells the order just as well.
        assert_eq!(slot(&reply, "order_number").or(slot(&reply, "tracking_number")), Some(number), "{request}");
        assert!(words(&reply).contains(number), "{request}: {}", words(&reply));
        let handoff = reply.handoff.unwrap();
        assert_eq!((handoff.queue.as_str(), handoff.level), ("order", Level::Normal), "{request}");
        assert!(handoff.summary.contains(number), "{request}: {}", handoff.summary);
    }
}

#[test]
fn cases_of_high_risk_go_to_a_person() {
    let mut seen = BTreeSet::new();
    for intent in ENGINE.catalogue().intents() {
        for example in intent.examples.iter().filter(|example| example.also.is_empty()) {
            let message = Message::read(&Utterance::new(example.say.as_str()).unwrap());
            let Some(rule) = intent.high_risk.iter().find(|rule| rule.matches(&message)) else { continue };
            let reply = said(&example.say);
            let code = format!("policy:{}", rule.id);
            assert_eq!(reply.decision, DecisionKind::Handoff, "{}: {:?}", example.say, codes(&reply));
            assert!(codes(&reply).contains(&code.as_str()), "{}: {:?}", example.say, codes(&reply));
            assert!(reply.handoff.unwrap().level >= Level::Serious, "{}", example.say);
            seen.insert(code);
        }
    }
    let expected = ["policy:charged_twice", "policy:refund_overdue", "policy:signed_not_received"];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected, "no example shows the rule");
}

#[test]
fn attachments_are_for_people() {
    let image = json!([{ "kind": "image", "reference": "img-42" }]);
    for text in ["", "  ", "查一下我的快递", "你好"] {
        let reply = told(json!({ "text": text, "attachments": image }));
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Handoff, "action_needed"), "{text:?}");
        assert!(reply.handoff.as_ref().unwrap().summary.contains("img-42"), "{text:?}");
        assert!(
            policy_texts(TextKey::AttachmentReceived, false, Level::Normal).contains(&words(&reply).to_owned()),
            "{text:?}"
        );
        expect_consistent(&reply, text);
    }
    for text in ["能便宜一点吗", "包邮吗", "退货运费谁出"] {
        let reply = told(json!({ "text": text, "attachments": image }));
        assert_eq!(reply.decision, DecisionKind::Answer, "{text}: a picture does not change a fact");
    }
}

// Rule 10

#[test]
fn answers_are_computed_from_the_shop() {
    for (request, parts) in [
        (json!({ "text": "寄新疆贵不贵运费" }), &["新疆", "25"][..]),
        (json!({ "text": "广东的话邮费是多少呀" }), &["广东", "15", "199"]),
        (json!({ "text": "香港邮费多少" }), &["香港", "抱歉"]),
        (json!({ "text": "包邮吗" }), &["15", "199", "25"]),
        (json!({ "text": "包邮吗", "history": [customer("寄到拉萨")] }), &["拉萨", "25"]),
        (json!({ "text": "包邮吗", "history": [customer("寄到杭州，一共150元")] }), &["杭州", "15", "49"]),
        (json!({ "text": "包邮吗", "history": [customer("寄到杭州，一共250元")] }), &["杭州", "250"]),
        (
            json!({ "text": "最近有啥活动", "history": [customer("一共480元")] }),
            &["480", "50", "430", "500", "20", "70"],
        ),
        (json!({ "text": "最近有啥活动", "history": [customer("一共100元")] }), &["300", "200", "50"]),
        (json!({ "text": "最近有啥活动", "history": [customer("一共1000元")] }), &["1000", "200", "800"]),
        (json!({ "text": "最近有啥活动" }), &["满300减50", "满500减120", "满800减200"]),
    ] {
        let reply = told(request.clone());
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Answer, "answered"), "{request}");
        for part in parts {
            assert!(words(&reply).contains(part), "{request}: no `{part}` in: {}", words(&reply));
        }
    }
}

/// One of the messages that the slots are documented with: a bare number beside a word of buying.
#[test]
fn a_basket_without_a_unit_is_an_amount() {
    for (text, amount) in
        [("我买了480能减多少", Some("480")), ("我购物车里358 能减多少呀", Some("358")), ("满300减50能用券吗", None)]
    {
        assert_eq!(slot(&said(text), "amount"), amount, "{text}");
    }
}

#[test]
fn gold_customers_are_offered_a_person() {
    let plain = told(json!({ "text": "包邮吗", "customer": { "tier": "silver" } }));
    assert_eq!(words(&plain), words(&said("包邮吗")));
    for tier in ["gold", "diamond"] {
        let reply = told(json!({ "text": "包邮吗", "customer": { "tier": tier } }));
        let rest = words(&reply).strip_prefix(words(&plain)).unwrap_or_else(|| panic!("{}", words(&reply)));
        assert!(policy_texts(TextKey::OfferPerson, false, Level::Normal).contains(&rest.to_owned()), "{tier}: {rest}");
    }
    let unknown = told(json!({ "text": "包邮吗", "customer": { "tier": "platinum" } }));
    assert_eq!(timeless(&unknown), timeless(&said("包邮吗")), "a tier that the policy does not know changes nothing");
}

#[test]
fn tiers_and_tags_choose_their_answers() {
    for (customer, answer) in [
        (json!({}), "price/general"),
        (json!({ "tags": ["price_sensitive"] }), "price/price_sensitive"),
        (json!({ "tier": "gold", "tags": ["price_sensitive"] }), "price/member"),
        (json!({ "tags": ["other"] }), "price/general"),
    ] {
        let reply = told(json!({ "text": "能便宜一点吗", "customer": customer }));
        assert!(reply.reasons[0].detail.starts_with(answer), "{customer}: {}", reply.reasons[0].detail);
    }
}

// Rule 11

#[test]
fn a_missing_order_number_is_asked_for() {
    for request in [
        json!({ "text": "查一下我的快递" }),
        json!({ "text": "查一下我的快递", "context": { "order_ids": [] } }),
        json!({ "text": "查一下我的快递", "context": { "order_ids": ["202605260001", "202605260002"] } }),
        json!({ "text": "查一下我的快递", "history": [bot("订单202605260001已发货")] }),
    ] {
        let reply = told(request.clone());
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Ask, "slot:order_number"), "{request}");
        assert_eq!(reply.answer.as_ref().unwrap().intents, ["order_lookup"], "{request}");
        let asks = ENGINE.catalogue().intent("order_lookup").unwrap().slot("order_number").unwrap();
        let texts = asks.ask.variants(false).iter().map(|wording| wording.render(&Values::of(&json!({}))).unwrap());
        assert!(texts.into_iter().any(|text| text == words(&reply)), "{request}: {}", words(&reply));
    }
}

#[test]
fn slots_come_from_the_message_then_the_context_then_the_history() {
    let reply = told(json!({
        "text": "包邮吗",
        "context": { "order_ids": ["A-1"] },
        "history": [customer("寄到西藏，订单202605260001"), customer("不对，寄到杭州，一共150元")],
    }));
    assert_eq!(slot(&reply, "region"), Some("杭州"), "the latest counts");
    assert_eq!(slot(&reply, "order_number"), Some("A-1"), "the context comes before the history");
    assert_eq!(slot(&reply, "amount"), Some("150"));
    assert!(reply.slots.iter().all(|slot| slot.start.is_none()), "places are those of this message only");
    let reply = told(json!({ "text": "寄新疆贵不贵运费", "history": [customer("寄到杭州")] }));
    assert_eq!(slot(&reply, "region"), Some("新疆"), "the message comes first");
    assert_eq!((reply.slots[0].start, reply.slots[0].end), (Some(1), Some(3)));
    let old = vec![customer("寄到西藏"); 1].into_iter().chain(vec![customer("嗯"); 5]).collect::<Vec<_>>();
    assert_eq!(slot(&told(json!({ "text": "包邮吗", "history": old })), "region"), None, "older ones are forgotten");
}

#[test]
fn what_only_continues_is_read_against_what_came_before() {
    for (text, history, decision, code) in [
        ("好了吗", vec![], DecisionKind::Answer, "answered"),
        ("好了吗", vec![customer("查一下我的快递"), bot("好的")], DecisionKind::Ask, "slot:order_number"),
        (
            "订单号202605181234",
            vec![customer("查一下我的快递"), bot("请问订单号？")],
            DecisionKind::Handoff,
            "action_needed",
        ),
        (
            "好了吗",
            vec![customer("查一下我的快递"), customer("订单202605260001")],
            DecisionKind::Handoff,
            "action_needed",
        ),
        ("订单号202605181234", vec![customer("你好")], DecisionKind::Ask, "ambiguous"),
    ] {
        let request = json!({ "text": text, "history": history });
        let reply = told(request.clone());
        assert_eq!((reply.decision, first_code(&reply)), (decision, code), "{request}");
    }
}

// Rule 12

#[test]
fn an_order_number_alone_is_asked_about() {
    for (text, number, lang) in [
        ("订单号202605181234", "202605181234", "zh-Hans"),
        ("202605260001", "202605260001", "zh-Hans"),
        ("202605260001", "202605260001", "en"),
    ] {
        let reply = told(json!({ "text": text, "lang": lang }));
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Ask, "ambiguous"), "{text}");
        assert!(words(&reply).contains(number), "{text}: {}", words(&reply));
        let answer = reply.answer.unwrap();
        let ids: Vec<&str> = answer.choices.iter().map(|choice| choice.value.as_str()).collect();
        assert_eq!(ids, ["order_lookup", "modify_order", "return_policy"], "{text}");
        for choice in &answer.choices {
            let own = ENGINE.catalogue().intent(&choice.value).unwrap();
            assert_eq!(choice.title, own.title(lang == "en"), "{text}");
        }
    }
}

#[test]
fn who_cannot_be_understood_for_sure_is_given_choices() {
    let mut asked = 0;
    for intent in ENGINE.catalogue().intents() {
        for miss in &intent.near_misses {
            let reply = said(&miss.say);
            if first_code(&reply) != "ambiguous" || reply.answer.as_ref().unwrap().intents.len() > 1 {
                continue;
            }
            asked += 1;
            let answer = reply.answer.as_ref().unwrap();
            let english = answer.lang == Language::English;
            assert!((1..=3).contains(&answer.choices.len()), "{}: {:?}", miss.say, answer.choices);
            for choice in &answer.choices {
                let own = ENGINE.catalogue().intent(&choice.value).unwrap();
                assert!(is_business(&choice.value), "{}: {}", miss.say, choice.value);
                assert_eq!(to_simplified(&choice.title), own.title(english), "{}", miss.say);
                assert!(
                    words(&reply).contains(&choice.title) || slot(&reply, "order_number").is_some(),
                    "{}",
                    miss.say
                );
                let others = answer.choices.iter().filter(|other| own.siblings.contains(&other.value));
                assert_eq!(others.count(), 0, "{}: siblings are one choice", miss.say);
            }
        }
    }
    assert!(asked > 0, "no near miss of the catalogue leaves the model in doubt");
}

// Rules 13 to 15

#[test]
fn small_talk_is_answered_politely() {
    for (text, code, intents) in [
        ("你好", "answered", &["greeting"][..]),
        ("hello", "answered", &["greeting"]),
        ("不是", "answered", &["deny"]),
        ("好了吗", "answered", &["nudge"]),
        ("你是机器人吗", "out_of_scope", &["chitchat"]),
        ("谢谢", "closing", &["thanks_bye"]),
        ("没有了", "closing", &["thanks_bye"]),
        ("好的", "closing", &[]),
        ("ok", "closing", &[]),
    ] {
        let reply = said(text);
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Answer, code), "{text}");
        assert_eq!(reply.answer.unwrap().intents, intents, "{text}");
    }
    let reply = said("好的");
    assert!(
        policy_texts(TextKey::Closing, false, Level::Normal).contains(&words(&reply).to_owned()),
        "{}",
        words(&reply)
    );
    let reply = said("你是机器人吗");
    assert!(words(&reply).contains("程序"), "a bot says that it is one: {}", words(&reply));
}

#[test]
fn business_of_others_is_not_answered_as_ours() {
    let mut answered = 0_u32;
    let mut all = 0_u32;
    for intent in ENGINE.catalogue().intents() {
        for miss in intent.near_misses.iter().filter(|miss| miss.belongs == "other") {
            let reply = said(&miss.say);
            all += 1;
            let ours = reply.answer.as_ref().is_some_and(|answer| answer.intents.iter().any(|id| is_business(id)));
            answered += u32::from(reply.decision == DecisionKind::Answer && ours);
            if first_code(&reply) == "out_of_scope" && !reply_is_social(&reply) {
                assert_eq!(reply.decision, DecisionKind::Answer, "no hand-off: {}", miss.say);
                let texts =
                    [false, true].map(|english| policy_texts(TextKey::OutOfScope, english, Level::Normal)).concat();
                assert!(texts.contains(&to_simplified(words(&reply))), "{}", words(&reply));
            }
        }
    }
    let risk = f64::from(ENGINE.catalogue().policy().thresholds.risk);
    let share = f64::from(answered) / f64::from(all);
    assert!(all > 50 && share <= risk, "{answered} of {all} are answered: more than the stated risk of {risk}");
}

#[test]
fn noise_is_not_answered_as_business() {
    for text in ["asdf qwer", "zxcv", "。。。", "🐟🐟", "\u{200b}\u{200b}a", "١٢٣"] {
        let reply = said(text);
        let intents = reply.answer.as_ref().map_or(&[][..], |answer| &answer.intents);
        assert!(!intents.iter().any(|id| is_business(id)), "{text:?}: {intents:?}");
        expect_consistent(&reply, text);
    }
}

#[test]
fn after_two_questions_a_person_takes_over() {
    let question = "请问是哪一笔订单呢？";
    for (history, decision, code) in [
        (vec![bot(question)], DecisionKind::Ask, "slot:order_number"),
        (vec![bot(question), customer("嗯"), bot(question)], DecisionKind::Handoff, "clarify_limit"),
        (vec![bot(question), bot("Which order is it?  ")], DecisionKind::Handoff, "clarify_limit"),
        (vec![bot(question), customer("嗯"), bot("好的。"), bot(question)], DecisionKind::Ask, "slot:order_number"),
        (
            vec![bot(question), bot(question), json!({ "role": "agent", "text": "我来看看？" })],
            DecisionKind::Ask,
            "slot:order_number",
        ),
    ] {
        let request = json!({ "text": "查一下我的快递", "history": history });
        let reply = told(request.clone());
        assert_eq!((reply.decision, first_code(&reply)), (decision, code), "{request}");
        if code == "clarify_limit" {
            assert!(codes(&reply).contains(&"slot:order_number"), "{:?}", codes(&reply));
            assert!(policy_texts(TextKey::HandoffGeneral, false, Level::Normal).contains(&words(&reply).to_owned()));
            assert_eq!(reply.handoff.unwrap().queue, "order");
        }
    }
    let history = vec![bot(question), bot(question)];
    let reply = told(json!({ "text": "包邮吗", "history": history }));
    assert_eq!(reply.decision, DecisionKind::Answer, "an answer is no question");
}

/// The limit must hold for what the bot really asks, also where a wording closes without a question mark.
#[test]
fn the_bots_own_questions_are_counted() {
    for text in ["查一下我的快递", "202605260001", "where is my parcel", "催一下", "查詢我的快遞"] {
        let mut history: Vec<Value> = Vec::new();
        let mut decisions = Vec::new();
        for _ in 0..3 {
            let reply = told(json!({ "text": text, "history": history }));
            decisions.push(reply.decision);
            history.extend([customer(text), bot(words(&reply))]);
        }
        if decisions[0] == DecisionKind::Ask {
            assert_eq!(decisions[2], DecisionKind::Handoff, "{text}: {decisions:?}, {}", json!(history));
        }
    }
}

// Hours

/// What a customer reads who is handed over while nobody is there.
#[test]
fn who_is_handed_over_outside_the_hours_is_told_when_somebody_comes() {
    for (now, zh, english) in [
        ("2026-11-23T23:30", "明天 09:00", "tomorrow at 09:00"),
        ("2026-11-24T08:59", "今天 09:00", "today at 09:00"),
        ("2026-10-03T12:00", "10月8日 09:00 (周四)", "on Thu 8 Oct at 09:00"),
    ] {
        let now = moment(now);
        for (text, lang, time) in [("转人工", "zh-Hans", zh), ("转人工", "en", english), ("轉人工", "zh-Hant", zh)]
        {
            let reply = told_at(json!({ "text": text, "lang": lang }), &now);
            let shown = to_simplified(words(&reply));
            let is_english = lang == "en";
            let absent = policy_texts_at(TextKey::NobodyOnline, is_english, Level::Normal, &now);
            let rest = absent.iter().find_map(|said| shown.strip_suffix(said.as_str()));
            let rest = rest.unwrap_or_else(|| panic!("{now} {lang}: {shown}")).trim_end();
            let first = policy_texts_at(TextKey::HandoffUserRequest, is_english, Level::Normal, &now);
            assert!(first.iter().any(|said| said == rest), "{now} {lang}: {rest}");
            assert!(absent.iter().all(|said| said.contains(time)), "{absent:?}");
        }
        // An answer of the catalogue that hands over ends the same way.
        let order = json!({ "text": "查一下我的快递", "context": { "order_ids": ["A-1"] } });
        let shown = words(&told_at(order, &now)).to_owned();
        let absent = policy_texts_at(TextKey::NobodyOnline, false, Level::Normal, &now);
        assert!(absent.iter().any(|said| shown.ends_with(said)), "{now}: {shown}");
    }
}

#[test]
fn nothing_is_said_of_hours_where_they_do_not_count() {
    let night = moment("2026-11-23T23:30");
    let absent = [false, true].map(|english| policy_texts_at(TextKey::NobodyOnline, english, Level::Normal, &night));
    let absent = absent.concat();
    let says = |reply: &Reply| absent.iter().any(|said| words(reply).contains(said));
    for (request, what) in [
        (json!({ "text": "充电宝爆炸了把我手烫伤了" }), "urgent"),
        (json!({ "text": "不处理我就打12315" }), "serious"),
        (json!({ "text": "包邮吗" }), "an answer"),
        (json!({ "text": "查一下我的快递" }), "a question"),
        (json!({ "text": "谢谢" }), "a closing line"),
    ] {
        let reply = told_at(request, &night);
        assert!(!says(&reply), "{what}: {}", words(&reply));
    }
    assert!(says(&told_at(json!({ "text": "转人工" }), &night)));
    for open in ["2026-11-23T09:00", "2026-11-23T21:59"] {
        let open = moment(open);
        let reply = told_at(json!({ "text": "转人工" }), &open);
        let said = policy_texts_at(TextKey::HandoffUserRequest, false, Level::Normal, &open);
        assert!(said.contains(&words(&reply).to_owned()), "{open}: {}", words(&reply));
    }
}

#[test]
fn due_times_and_words_are_those_of_the_moment_and_of_the_shops_zone() {
    let reply = told(json!({ "text": "转人工" }));
    let handoff = reply.handoff.as_ref().unwrap();
    assert_eq!(handoff.respond_due_at, moment("2026-11-25T12:05").timestamp());
    assert_eq!(handoff.resolve_due_at, Some(moment("2026-11-28T21:05").timestamp()));
    assert!(words(&reply).contains("后天 12:05"), "{}", words(&reply));
    let abroad = NOW.in_tz("America/New_York").unwrap();
    assert_eq!(timeless(&told_at(json!({ "text": "转人工" }), &abroad)), timeless(&reply));
}

/// A queue may keep hours of its own, and a level may run on another clock.
#[test]
fn a_queue_may_have_hours_of_its_own() {
    let place = Workplace::without_intents();
    for id in ["human_agent", "quality_issue", "wrong_or_missing"] {
        place.write(&format!("intents/{id}.yaml"), &minimal_intent(id));
    }
    let hours = "{ weekly: { mon: [\"10:00-12:00\"], thu: [\"10:00-12:00\"] } }";
    place.edit(
        "config/policy.yaml",
        "  presale: { zh: 售前, en: Pre-sales }",
        &format!("  presale: {{ zh: 售前, en: Pre-sales, hours: {hours} }}"),
    );
    place.edit(
        "config/policy.yaml",
        "respond_hours: 6, solve_hours: 48, clock: wall",
        "respond_hours: 1, clock: business",
    );
    let sources =
        Sources::read(&place.path("intents"), &place.path("config/policy.yaml"), &shipped("config/shop.yaml"));
    let catalogue = Catalogue::check(&sources.unwrap()).unwrap();
    let policy = catalogue.policy();
    for (queue, level, respond, opens) in [
        ("order", Level::Normal, "2026-11-25T12:05", None),
        ("presale", Level::Serious, "2026-11-26T11:00", Some("2026-11-26T10:00")),
        ("presale", Level::Urgent, "2026-11-23T16:05", None),
        ("no such queue", Level::Serious, "2026-11-23T15:05", None),
    ] {
        let due = policy.due(level, queue, &NOW);
        assert_eq!((due.respond_at, due.opens_at), (moment(respond), opens.map(moment)), "{queue} {level:?}");
    }
}

// Language and words

#[test]
fn customers_are_answered_in_their_language_and_script() {
    use Language::{ChineseSimplified, ChineseTraditional, English};
    for (request, language) in [
        (json!({ "text": "运费咋收的" }), ChineseSimplified),
        (json!({ "text": "運費怎麼算呢" }), ChineseTraditional),
        (json!({ "text": "請問滿多少免運" }), ChineseTraditional),
        (json!({ "text": "do members get free shipping" }), English),
        (json!({ "text": "转人工", "history": [customer("where is my parcel"), customer("hello there")] }), English),
        (json!({ "text": "202605260001", "history": [customer("where is my parcel")] }), English),
        (json!({ "text": "？？", "history": [customer("我的快遞到哪了")] }), ChineseTraditional),
        (json!({ "text": "12345" }), ChineseSimplified),
        (json!({ "text": "运费咋收的", "lang": "en" }), English),
        (json!({ "text": "运费咋收的", "lang": "zh-TW" }), ChineseTraditional),
        (json!({ "text": "do members get free shipping", "lang": "zh" }), ChineseSimplified),
        (json!({ "text": "運費怎麼算呢", "lang": "zh-Hans" }), ChineseSimplified),
        (json!({ "text": "查一下我的快递", "lang": "zh-Hant" }), ChineseTraditional),
        (json!({ "text": "寄新疆贵不贵运费", "lang": "en-US" }), English),
    ] {
        let reply = told(request.clone());
        let answer = reply.answer.as_ref().unwrap();
        assert_eq!(answer.lang, language, "{request}");
        // What the bot repeats of the customer is no sign of a language.
        let text = words(&reply).replace("202605260001", "");
        assert_eq!(Language::of(&text), language, "{request}: {text}");
    }
    let reply = told(json!({ "text": "寄新疆贵不贵运费", "lang": "en" }));
    assert!(words(&reply).contains("Xinjiang") && words(&reply).contains("25"), "{}", words(&reply));
    let reply = told(json!({ "text": "202605260001", "lang": "zh-Hant" }));
    let titles: Vec<String> = reply.answer.unwrap().choices.into_iter().map(|choice| choice.title).collect();
    assert!(titles.iter().any(|title| *title != to_simplified(title)), "{titles:?}");
}

#[test]
fn english_replies_hold_no_chinese() {
    for (_, text, reply) in SAMPLE.iter() {
        let Some(answer) = reply.answer.as_ref().filter(|answer| answer.lang == Language::English) else { continue };
        let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(!han(&answer.text), "{text}: {}", answer.text);
        assert!(!answer.choices.iter().any(|choice| han(&choice.title)), "{text}");
    }
}

#[test]
fn no_wording_is_used_twice_running() {
    assert_eq!([repeated_in("zh-Hans"), repeated_in("en")].concat(), [""; 0]);
}

/// Apart from the others: what the bot said comes back in a script that is not that of the texts.
#[test]
fn no_wording_is_used_twice_running_in_traditional_script() {
    assert_eq!(repeated_in("zh-Hant"), [""; 0]);
}

/// Another time is no other wording.
#[test]
fn no_wording_is_used_twice_running_a_while_later() {
    let night = moment("2026-11-23T23:30");
    let tomorrow = moment("2026-11-24T08:00");
    let later = NOW.checked_add(jiff::SignedDuration::from_mins(25)).unwrap();
    for lang in ["zh-Hans", "zh-Hant", "en"] {
        for text in ["转人工", "我要投诉", "充电宝爆炸了把我手烫伤了", "什么破客服"] {
            for (before, now) in [(&*NOW, &later), (&night, &tomorrow)] {
                let first = told_at(json!({ "text": text, "lang": lang }), before);
                let history = json!([customer(text), bot(words(&first))]);
                let second = told_at(json!({ "text": text, "lang": lang, "history": history }), now);
                let variant = |reply: &Reply| reply.answer.as_ref().unwrap().variant;
                assert_ne!(variant(&first), variant(&second), "{lang} {text}: {}", words(&second));
            }
        }
    }
}

/// What is said again, word for word, when the same message comes a second time.
fn repeated_in(lang: &str) -> Vec<String> {
    let texts = ["包邮吗", "谢谢", "好的", "查一下我的快递", "202605260001", "转人工", "我要投诉"];
    let more = SAMPLE.iter().map(|(_, text, _)| *text).step_by(3);
    let again = texts.into_iter().chain(more).filter_map(|text| {
        let first = told(json!({ "text": text, "lang": lang }));
        let second = told(json!({ "text": text, "lang": lang, "history": [customer(text), bot(words(&first))] }));
        (words(&first) == words(&second)).then(|| format!("{text}: {}", words(&first)))
    });
    again.collect()
}

#[test]
fn the_same_message_gets_the_same_reply() {
    for (_, text, reply) in SAMPLE.iter().step_by(7) {
        assert_eq!(timeless(&said(text)), timeless(reply), "{text}");
    }
    let request = json!({
        "conversation_id": "c-1", "message_id": "m-1", "text": "等了好几天了😡 到底发没发货", "channel": "web",
        "customer": { "id": "u", "tier": "gold", "tags": ["vip"] }, "context": { "order_ids": ["A-1"] },
        "history": [customer("你好"), bot("您好")],
    });
    let one = told(request.clone());
    let others: Vec<Value> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| timeless(&told(request.clone())))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert!(others.iter().all(|other| *other == timeless(&one)));
    assert_eq!((one.conversation_id.as_deref(), one.message_id.as_deref()), (Some("c-1"), Some("m-1")));
}

#[test]
fn people_are_masked_in_what_colleagues_read() {
    for (personal, mask) in [
        ("13987654321", "[phone]"),
        ("+86 139 8765 4321", "[phone]"),
        ("１３９８７６５４３２１", "[phone]"),
        ("11010519491231002X", "[id card]"),
        ("6222 0212 3456 7890 128", "[bank card]"),
        ("wang.er@example.com", "[e-mail]"),
    ] {
        let text = format!("收到的是假货，联系我 {personal} 订单202605260001");
        let reply = said(&text);
        let broken = broken_off(&Incoming::text(text.clone()).unwrap());
        for reply in [reply, broken] {
            let summary = reply.handoff.as_ref().unwrap().summary.clone();
            assert!(!summary.contains(personal) && summary.contains(mask), "{personal}: {summary}");
            assert!(summary.contains("202605260001"), "an order number is a business key: {summary}");
            assert!(!words(&reply).contains(personal));
        }
    }
}

#[test]
fn a_broken_model_ends_with_a_person() {
    for (text, language) in [("到新疆运费多少", "zh-Hans"), ("where is my parcel", "en")] {
        let reply = broken_off(&incoming(json!({ "text": text, "message_id": "m-1" })));
        assert_eq!((reply.decision, codes(&reply)), (DecisionKind::Handoff, vec!["bot_error"]), "{text}");
        assert_eq!(reply.message_id.as_deref(), Some("m-1"));
        let answer = reply.answer.as_ref().unwrap();
        assert_eq!((answer.lang.tag(), Language::of(&answer.text).tag()), (language, language), "{}", answer.text);
        let handoff = reply.handoff.as_ref().unwrap();
        assert!(ENGINE.catalogue().policy().has_queue(&handoff.queue));
        assert!(handoff.summary.contains(text));
    }
    let reply = broken_off(&incoming(json!({ "text": "在吗", "handled_by": "person" })));
    assert_eq!((reply.decision, reply.answer.is_none()), (DecisionKind::Handoff, true), "nobody is talked over");
}

#[test]
fn a_broken_model_answers_in_traditional_script_too() {
    let reply = broken_off(&Incoming::text("運費怎麼算呢").unwrap());
    let answer = reply.answer.unwrap();
    assert_eq!(
        (answer.lang, Language::of(&answer.text)),
        (Language::ChineseTraditional, answer.lang),
        "{}",
        answer.text
    );
}

#[test]
fn examples_are_understood_and_their_nearest_example_is_themselves() {
    for (id, text, reply) in SAMPLE.iter() {
        let example = ENGINE.catalogue().intent(id).unwrap().examples.iter().find(|example| example.say == *text);
        if example.unwrap().also.is_empty() {
            let own = reply.intents.iter().find(|intent| intent.id == *id).unwrap();
            assert!(own.score >= 0.99, "{text}: {id} {}", own.score);
            assert!(reply.out_of_scope <= 0.01, "{text}: {}", reply.out_of_scope);
        }
    }
    for (_, text, _) in SAMPLE.iter().step_by(20) {
        let near = ENGINE.nearest(&Incoming::text(*text).unwrap(), 3).unwrap();
        assert_eq!(near.len(), 3);
        assert!(near[0].1.similarity > 0.98, "{text}: {near:?}");
        assert!(near.windows(2).all(|pair| pair[0].1.similarity >= pair[1].1.similarity), "{text}: {near:?}");
    }
    assert_eq!(ENGINE.thresholds().len(), ENGINE.catalogue().intents().len());
}

#[test]
fn the_table_of_levels_speaks_of_intents_too() {
    let mut seen = 0;
    for id in ["wrong_or_missing", "quality_issue"] {
        let examples = ENGINE.catalogue().intent(id).unwrap().examples.iter();
        for example in examples.filter(|example| example.also.is_empty()).step_by(5) {
            let reply = told(json!({ "text": example.say, "context": { "order_ids": ["A-1"] } }));
            if let Some(handoff) = reply.handoff {
                seen += 1;
                assert!(handoff.level >= Level::Serious, "{}: {:?}", example.say, handoff.level);
            }
        }
    }
    assert!(seen > 0, "none of their examples is handed over");
}

#[test]
fn the_decided_intents_come_first_then_the_most_probable() {
    for (_, text, reply) in SAMPLE.iter() {
        let decided = reply.answer.as_ref().map_or(&[][..], |answer| &answer.intents);
        let rest: Vec<f32> =
            reply.intents.iter().filter(|intent| !is_business(&intent.id)).map(|intent| intent.score).collect();
        assert!(rest.windows(2).all(|pair| pair[0] >= pair[1]), "{text}");
        if first_code(reply) == "answered" && decided.iter().all(|id| is_business(id)) {
            let first: Vec<&str> = reply.intents.iter().take(decided.len()).map(|intent| intent.id.as_str()).collect();
            assert_eq!(first, decided, "{text}");
        }
    }
}

#[test]
fn whatever_customers_write_the_reply_is_consistent() {
    for (_, text, reply) in SAMPLE.iter() {
        expect_consistent(reply, text);
    }
    let long = "到新疆运费多少".repeat(1_000);
    for text in [
        &long,
        &"😡".repeat(8_000),
        &"a".repeat(8_000),
        "\u{0}\u{200b}",
        "[数字x][订单x][姓名x]",
        "ﷺ㍿①ｆ",
        "<order><num>",
    ] {
        expect_consistent(&said(text), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_the_reply_is_consistent(
        text in prop_oneof![
            any::<String>(),
            "\\PC{1,60}",
            "[0-9a-z @.:¥元块月日号点，。？！\\[\\]-]{1,60}",
            "(运费|退货|转人工|新疆|480元|202605260001|投诉|吗|？|😡|谢谢|refund|order| ){1,12}",
        ],
        past in proptest::collection::vec(("customer|bot|agent", "\\PC{0,20}"), 0..4),
        handled_by in "bot|queue|person",
    ) {
        let history: Vec<Value> = past.iter().map(|(role, text)| json!({ "role": role, "text": text })).collect();
        let request = json!({ "text": text, "history": history, "handled_by": handled_by });
        let request: Request = serde_json::from_value(request).unwrap();
        // Only what is empty is refused; the rest gets a reply.
        match request.check() {
            Ok(incoming) => expect_consistent(&ENGINE.triage(&incoming), &text),
            Err(error) => prop_assert!(text.trim().is_empty(), "{error}"),
        }
    }
}

/// An intent whose answers differ by every condition that needs no model.
const GIFT_WRAP: &str = "id: gift_wrap
title: { zh: 礼品包装, en: Gift wrapping }
queue: presale
examples:
  zh: [能包装成礼物吗, 可以帮我系个蝴蝶结吗, 贺卡能代写吗]
  en: [can you gift wrap it]
patterns: ['^蝴蝶结(能|可以)系吗$']
answers:
  - { id: past, resolves: inform, valid: { until: 2020-12-31 }, zh: [过去, 过去, 过去], en: [past, past, past] }
  - { id: future, resolves: inform, valid: { from: 2100-01-01 }, zh: [将来, 将来, 将来], en: [to come, to come, to come] }
  - { id: tag, resolves: inform, when: { tags: [vip, friend] }, zh: [朋友, 朋友, 朋友], en: [friend, friend, friend] }
  - { id: tier, resolves: inform, when: { tiers: [gold] }, zh: [金卡, 金卡, 金卡], en: [gold, gold, gold] }
  - { id: reached, resolves: inform, when: { slots: [amount], flags: [tier_reached] }, zh: [满减, 满减, 满减], en: [off, off, off] }
  - { id: remote, resolves: inform, when: { slots: [region], flags: [remote_region] }, zh: [偏远, 偏远, 偏远], en: [far, far, far] }
  - { id: order, resolves: inform, when: { slots: [order_number] }, zh: [订单, 订单, 订单], en: [order, order, order] }
  - { id: now, resolves: inform, valid: { from: 2020-01-01, until: 2100-01-01 }, zh: [现在, 现在, 现在], en: [now, now, now] }
  - { id: general, resolves: inform, zh: [一般, 一般, 一般], en: [general, general, general] }
";

/// A shop whose lead changed what can be changed: a new intent, one switched off, one of high risk, and the policy.
static CHANGED: LazyLock<Engine> = LazyLock::new(|| {
    let place = Workplace::new();
    place.write("intents/gift_wrap.yaml", GIFT_WRAP);
    place.edit("intents/membership.yaml", "\nqueue:", "\nenabled: false\nqueue:");
    place.edit("intents/shipping_fee.yaml", "\nqueue:", "\nrisk: high\nqueue:");
    // The model's own reading of an emotion then never decides, so that words alone do.
    place.edit("config/policy.yaml", "\n  handoff_upset: ", "\n  handoff_upset: 1.0 # ");
    place.edit("config/policy.yaml", "\n  asks_in_a_row:", "\n  asks_in_a_row: 1 #");
    place.edit("config/policy.yaml", "\n  diamond: {", "\n  diamond: { handoff: true,");
    Engine::open(place.config()).unwrap_or_else(|error| panic!("{error}"))
});

fn changed(request: Value) -> Reply {
    CHANGED.triage_at(&incoming(request), &NOW)
}

#[test]
fn a_new_intent_is_answered_at_once_by_the_first_answer_that_fits() {
    for (request, answer) in [
        (json!({ "text": "能包装成礼物吗" }), "now"),
        (json!({ "text": "能包裝成禮物嗎" }), "now"),
        (json!({ "text": "蝴蝶结可以系吗" }), "now"),
        (json!({ "text": "Can you gift  wrap it" }), "now"),
        (json!({ "text": "贺卡能代写吗", "customer": { "tags": ["new", "friend"], "tier": "gold" } }), "tag"),
        (json!({ "text": "贺卡能代写吗", "customer": { "tier": "gold" } }), "tier"),
        (json!({ "text": "贺卡能代写吗", "customer": { "tier": "silver" } }), "now"),
        (json!({ "text": "贺卡能代写吗", "history": [customer("一共480元，寄到新疆")] }), "reached"),
        (json!({ "text": "贺卡能代写吗", "history": [customer("一共80元，寄到新疆")] }), "remote"),
        (json!({ "text": "贺卡能代写吗", "history": [customer("寄到杭州")] }), "now"),
        (json!({ "text": "贺卡能代写吗", "context": { "order_ids": ["A-1"] } }), "order"),
    ] {
        let reply = changed(request.clone());
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Answer, "answered"), "{request}");
        let detail = &reply.reasons[0].detail;
        let sure = [format!("gift_wrap/{answer} 0.99"), format!("gift_wrap/{answer} 1.00")];
        assert!(sure.iter().any(|sure| detail.starts_with(sure)), "{request}: {detail}");
        assert_eq!(reply.intents[0].id, "gift_wrap", "{request}");
    }
}

/// A lead takes bargaining out of `price`, where the bundle's prior has it, and gives it an intent of its own.
static MOVED: LazyLock<Engine> = LazyLock::new(|| {
    let place = Workplace::new();
    let price = std::fs::read_to_string(place.path("intents/price.yaml")).unwrap();
    let (before, rest) = price.split_once("    # bargaining\n").unwrap();
    let (bargaining, after) = rest.split_once("    # why it changed\n").unwrap();
    place.write("intents/price.yaml", &format!("{before}{after}"));
    let intent = minimal_intent("bargain");
    let examples = intent.split_once("  zh: [关于bargain的事]\n").unwrap();
    place.write("intents/bargain.yaml", &format!("{}  zh:\n{bargaining}{}", examples.0, examples.1));
    Engine::open(place.config()).unwrap_or_else(|error| panic!("{error}"))
});

#[test]
fn an_edit_wins_over_the_prior() {
    // None stands in a file; each is like one of the examples that were moved.
    let texts = [
        "能少点不啊亲",
        "便宜点嘛老板",
        "打个折呗",
        "抹个零可以不",
        "再便宜十块我就拍",
        "诚心要的 最低多少给",
        "有点贵了 优惠点呗",
    ];
    let top = |engine: &Engine, text: &str| engine.triage(&incoming(json!({ "text": text }))).intents[0].id.clone();
    let moved = texts.iter().filter(|text| top(&ENGINE, text) == "price" && top(&MOVED, text) == "bargain").count();
    assert!(moved >= 6, "{moved} of {} messages went with their examples", texts.len());
    assert_eq!(top(&MOVED, "这个多少钱"), "price", "what was not moved stays");
}

#[test]
fn an_intent_that_is_switched_off_is_gone() {
    assert!(CHANGED.catalogue().intent("membership").is_none());
    let membership = ENGINE.catalogue().intent("membership").unwrap();
    for example in membership.examples.iter().step_by(10) {
        let reply = changed(json!({ "text": example.say }));
        assert!(reply.intents.iter().all(|intent| intent.id != "membership"), "{}", example.say);
    }
}

#[test]
fn an_intent_of_high_risk_always_goes_to_a_person() {
    for text in ["包邮吗", "寄新疆贵不贵运费", "運費怎麼算呢"] {
        let reply = changed(json!({ "text": text }));
        assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Handoff, "policy:shipping_fee"), "{text}");
        assert_eq!(reply.handoff.unwrap().queue, "logistics", "{text}");
    }
}

#[test]
fn a_tier_may_always_get_a_person() {
    let diamond = |text: &str| changed(json!({ "text": text, "customer": { "tier": "diamond" } }));
    let reply = diamond("能包装成礼物吗");
    assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Handoff, "policy:tier"));
    assert_eq!(diamond("你好").decision, DecisionKind::Answer, "small talk needs nobody");
}

#[test]
fn words_alone_are_enough_where_the_model_may_not_decide() {
    for rule in proven("trigger_words") {
        for text in &rule.hits {
            let reply = changed(json!({ "text": text }));
            assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Handoff, "emotion:anger"), "{text}");
            assert_eq!(reply.reasons[0].detail, "trigger words of the policy", "{text}");
        }
    }
    for rule in proven("threats") {
        for text in &rule.hits {
            let reply = changed(json!({ "text": text }));
            assert_eq!((reply.decision, first_code(&reply)), (DecisionKind::Handoff, "complaint"), "{text}");
            assert_eq!(reply.handoff.unwrap().queue, "complaint", "{text}");
        }
    }
}

#[test]
fn the_policy_says_how_many_questions_are_too_many() {
    let request = json!({ "text": "查一下我的快递", "history": [bot("请问是哪一笔订单呢？")] });
    assert_eq!(first_code(&changed(request)), "clarify_limit");
}
