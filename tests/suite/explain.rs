//! Why a message is decided as it is, and what would have changed it. What is said to change a decision must change it:
//! the changes are tried on the pure decision, through its own door.

use std::collections::BTreeSet;

use triage::catalogue::{Intent, SettledBy};
use triage::conversation::{MoodTrace, Situation};
use triage::explain::Explanation;
use triage::facts::{Facts, Found, Scene};
use triage::head::IntentScore;
use triage::labels::Act;
use triage::policy::{self, Change, Evidence, Topic, What};
use triage::reply::{EmotionReading, EmotionScores, Mood};
use triage::slots::{Before, Slots};
use triage::text::Message;
use triage::{Incoming, Request};

use crate::cli::{run, shipped_config};
use crate::{ENGINE, shipped};

fn explained(text: &str) -> Explanation {
    ENGINE.explain(&Incoming::text(text).unwrap()).unwrap()
}

/// What a model might have understood, for the decision alone.
struct Understood {
    text: &'static str,
    intents: &'static [(&'static str, f32, f32)],
    out_of_scope: f32,
    upset: f32,
    anxiety: f32,
    acts: [f32; 4],
}

const CALM: Understood = Understood {
    text: "测试",
    intents: &[("membership", 0.71, 0.84)],
    out_of_scope: 0.0,
    upset: 0.05,
    anxiety: 0.05,
    acts: [0.97, 0.01, 0.01, 0.01],
};

impl Understood {
    /// Calls `then` with the evidence.
    fn with<T>(&self, then: impl FnOnce(&Evidence<'_>) -> T) -> T {
        let catalogue = ENGINE.catalogue();
        let incoming = Request { text: self.text.into(), ..Request::default() }.check().unwrap();
        let message = Message::read(incoming.utterance());
        let topic = |(at, intent): (usize, &'static Intent)| {
            let known = |(id, ..): &&(&str, f32, f32)| *id == catalogue.intents()[at].id;
            let (_, probability, threshold) = self.intents.iter().find(known).unwrap_or(&("", 0.001, 0.9));
            Topic { intent, score: IntentScore { intent: at, probability: *probability, threshold: *threshold } }
        };
        let mut topics: Vec<Topic<'_>> = catalogue.intents().iter().enumerate().map(topic).collect();
        topics.sort_by(|a, b| b.score.probability.total_cmp(&a.score.probability));
        let lexicon = catalogue.shop().lexicon(Vec::new());
        let slots = Slots::fill(&message, &incoming, Before::default(), jiff::civil::date(2026, 6, 1), &lexicon);
        let now = jiff::civil::date(2026, 6, 1).in_tz("Asia/Shanghai").unwrap();
        let facts = Facts::of(catalogue, &slots, Scene::default(), Found::default(), &now);
        then(&Evidence {
            facts,
            message: &message,
            incoming: &incoming,
            catalogue,
            topics,
            out_of_scope: self.out_of_scope,
            pending: None,
            emotion: feeling(self.upset, self.anxiety),
            acts: self.acts,
            is_question: false,
            slots,
            situation: &Situation::default(),
            mood: MoodTrace::default(),
            now: &now,
        })
    }

    fn changes(&self) -> Vec<Change> {
        self.with(|evidence| policy::changes(evidence, false))
    }
}

fn feeling(upset: f32, anxiety: f32) -> EmotionReading {
    let (anger, disappointment) = (upset * 0.6, upset * 0.4);
    let scores = EmotionScores { neutral: 1.0 - upset - anxiety, positive: 0.0, anxiety, disappointment, anger };
    EmotionReading { label: triage::labels::Emotion::Neutral, scores, upset, intensity: 0.0, mood: Mood::Steady }
}

fn told(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

/// What one thing moved does is told in words, the nearest first.
#[test]
fn the_smallest_changes_are_named() {
    let shop = ENGINE.catalogue().policy().thresholds;
    assert_eq!((shop.handoff_upset, shop.candidate), (0.6, 0.2), "the numbers below are those of the shipped policy");
    for (what, understood, first) in [
        ("a score just below", CALM, "with membership at 0.84 instead of 0.71 it would be answered as membership"),
        (
            "a score just above",
            Understood { intents: &[("shipping_fee", 0.86, 0.84)], ..CALM },
            "with shipping_fee at 0.83 instead of 0.86 it would ask back (ambiguous)",
        ),
        (
            "nearly upset",
            Understood { upset: 0.55, intents: &[("shipping_fee", 0.99, 0.7)], ..CALM },
            "with upset at 0.60 instead of 0.55 a person would get it (emotion:anger)",
        ),
        (
            "barely upset",
            Understood { upset: 0.62, intents: &[("shipping_fee", 0.99, 0.7)], ..CALM },
            "with upset at 0.59 instead of 0.62 it would be answered as shipping_fee",
        ),
        (
            "a second topic",
            Understood { intents: &[("shipping_fee", 0.99, 0.7), ("return_policy", 0.6, 0.65)], ..CALM },
            "with the order number (e.g. 202601010001) a person would get it (complex)",
        ),
        (
            "nearly asked for",
            Understood { intents: &[("cancel_order", 0.99, 0.7)], acts: [0.62, 0.36, 0.01, 0.01], ..CALM },
            "with act request at 0.39 instead of 0.36 it would ask for the order number (cancel_order)",
        ),
        (
            "an order number is missing",
            Understood { intents: &[("cancel_order", 0.99, 0.7)], acts: [0.02, 0.96, 0.01, 0.01], ..CALM },
            "with the order number (e.g. 202601010001) a person would get it (action_needed)",
        ),
        (
            "nearly foreign",
            Understood { intents: &[], out_of_scope: 0.45, ..CALM },
            "with out of scope at 0.50 instead of 0.45 it would be answered (out_of_scope)",
        ),
        (
            "nearly a wish for a person",
            Understood { intents: &[("shipping_fee", 0.99, 0.7), ("human_agent", 0.45, 0.8)], ..CALM },
            "with human_agent at 0.50 instead of 0.45 a person would get it (user_request)",
        ),
        (
            "between two round numbers",
            Understood { intents: &[("membership", 0.831, 0.8402)], ..CALM },
            "with membership at 0.85 instead of 0.83 it would be answered as membership",
        ),
        (
            "closer than two digits tell",
            Understood { intents: &[("membership", 0.8391, 0.8399)], ..CALM },
            "with membership at 0.840 instead of 0.839 it would be answered as membership",
        ),
    ] {
        let changes = told(&understood.changes());
        assert_eq!(changes.first().map(String::as_str), Some(first), "{what}: {changes:#?}");
        assert!((1..=3).contains(&changes.len()), "{what}: {changes:#?}");
    }
}

#[test]
fn what_nothing_changes_has_no_changes() {
    let changes = Understood { text: "充电宝爆炸了把我手烫伤了", ..CALM }.changes();
    assert_eq!(told(&changes), [""; 0], "a pattern of the policy is no matter of degree");
}

/// Every change that is told is tried: the number that it names leads to the decision that it names, and the nearer half
/// of the way does not.
#[test]
fn what_is_told_is_true() {
    let mut kinds = BTreeSet::new();
    for score in [0.1, 0.3, 0.55, 0.8, 0.95] {
        for (upset, second) in [(0.05, 0.1), (0.4, 0.5), (0.7, 0.9)] {
            for first in ["shipping_fee", "cancel_order", "complaint", "greeting"] {
                let intents = [(first, score, 0.8), ("stock", second, 0.85)];
                let intents = Box::leak(Box::new(intents)).as_slice();
                let understood = Understood { intents, upset, acts: [0.7, 0.2, 0.05, 0.05], ..CALM };
                understood.with(|evidence| {
                    let now = policy::decide(evidence);
                    for change in policy::changes(evidence, false) {
                        let (id, from, to) = match &change.what {
                            What::Intent { id, from, to } => (Some(id.as_str()), *from, *to),
                            What::Upset { from, to } => (None, *from, *to),
                            _ => continue,
                        };
                        let at = |value: f32| {
                            let mut moved = evidence.clone();
                            match id {
                                Some(id) => {
                                    let topic = moved.topics.iter_mut().find(|topic| topic.intent.id == id).unwrap();
                                    topic.score.probability = value;
                                    moved.topics.sort_by(|a, b| b.score.probability.total_cmp(&a.score.probability));
                                }
                                None => moved.emotion = feeling(value, 0.05),
                            }
                            let decision = policy::decide(&moved);
                            (decision.kind, decision.reasons[0].code.clone())
                        };
                        assert_eq!(at(to), (change.decision, change.reason.clone()), "{change}");
                        let same = (now.kind, now.reasons[0].code.clone());
                        // Told in round numbers, so that very short ways may be half as long in truth.
                        if (to - from).abs() > 0.02 {
                            assert_eq!(at(f32::midpoint(from, to)), same, "half the way is not enough: {change}");
                        }
                        kinds.insert(change.decision.id());
                    }
                });
            }
        }
    }
    assert_eq!(kinds, BTreeSet::from(["answer", "ask", "handoff"]));
}

#[test]
fn what_leads_wrote_is_certain_and_shown_with_its_line() {
    let lines = |name: &str| -> Vec<String> {
        std::fs::read_to_string(shipped(name)).unwrap().lines().map(str::to_owned).collect()
    };
    for (text, intent, by, says) in [
        ("转人工", "human_agent", SettledBy::Example, "转人工"),
        ("包邮吗？", "shipping_fee", SettledBy::Pattern, "包邮"),
    ] {
        let why = explained(text);
        let settled = why.settled.unwrap();
        assert_eq!((settled.intent.as_str(), settled.by), (intent, by), "{text}");
        let line = &lines(&format!("intents/{intent}.yaml"))[settled.line.unwrap() - 1];
        assert!(line.contains(says), "{text}: {line}");
        assert!(why.candidates[0].is_settled && why.candidates[0].threshold_shown() == "exact", "{text}");
        let is_score = |change: &Change| matches!(change.what, What::Intent { .. } | What::OutOfScope { .. });
        assert!(!why.changes.iter().any(is_score), "a certain intent is no matter of degree: {:?}", why.changes);
    }
    let title = ENGINE.catalogue().intent("stock").unwrap().title_zh.clone();
    let settled = explained(&title).settled.unwrap();
    assert_eq!((settled.by, settled.line), (SettledBy::Title, None));
    assert_eq!(explained("寄到喀什大概几块钱邮费来着").settled, None);
}

#[test]
fn the_nearest_texts_stand_where_it_is_said() {
    for text in ["寄新疆贵不贵运费", "谢谢，那退货运费谁出", "how do i return this"] {
        let why = explained(text);
        assert_eq!(why.nearest.len(), 3, "{text}");
        for near in &why.nearest {
            let file = std::fs::read_to_string(near.file.as_ref().unwrap()).unwrap();
            let line = file.lines().nth(near.line.unwrap() - 1).unwrap();
            assert!(line.contains(near.say.as_str()), "{}: {line}", near.say);
        }
        assert!(why.nearest.is_sorted_by(|a, b| a.similarity >= b.similarity), "{text}");
    }
}

/// The explanation speaks of the decision that was made.
#[test]
fn explanation_and_reply_agree() {
    for text in ["到新疆运费多少", "帮我取消订单", "你们怎么搞的，等了十天还没到", "今天天气怎么样"]
    {
        let incoming = Incoming::text(text).unwrap();
        let (reply, why) = (ENGINE.triage(&incoming), ENGINE.explain(&incoming).unwrap());
        let replied: Vec<(&str, f32, Option<Act>)> =
            reply.intents.iter().take(5).map(|intent| (intent.id.as_str(), intent.score, intent.act)).collect();
        let explained: Vec<(&str, f32, Option<Act>)> =
            why.candidates.iter().map(|candidate| (candidate.id.as_str(), candidate.score, candidate.act)).collect();
        assert_eq!(explained, replied, "{text}");
        let same = |change: &&Change| {
            change.decision == reply.decision && change.reason == reply.reasons[0].code && change.reason != "answered"
        };
        assert_eq!(why.changes.iter().find(same), None, "{text}: what it says already is no change");
        assert_eq!(ENGINE.explain(&incoming).unwrap(), why, "{text}: the same twice");
    }
}

#[test]
fn ask_explains_one_message() {
    let ran = run(&shipped_config(), &["ask", "寄新疆贵不贵运费"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let line = |name: &str| {
        let found = ran.out.lines().find(|line| line.split_whitespace().next() == Some(name));
        found.unwrap_or_else(|| panic!("no `{name}` in:\n{}", ran.out)).to_owned()
    };
    assert_eq!(line("decision"), "decision   answer");
    assert!(line("because").contains("answered (shipping_fee/remote_region 0.99)"), "{}", ran.out);
    assert!(line("says").contains("新疆") && line("says").contains("25"), "{}", ran.out);
    assert!(line("slot").ends_with("region = 新疆"), "{}", ran.out);
    assert!(line("shipping_fee").contains(" exact "), "no threshold matters: {}", ran.out);
    let place = "1.00  shipping_fee         寄新疆贵不贵运费  ";
    assert!(ran.out.contains(place), "the nearest is itself:\n{}", ran.out);
    assert!(line("certain:").contains("shipping_fee.yaml:"), "{}", ran.out);
    assert!(line("what").starts_with("what if    with "), "{}", ran.out);
    for name in ["intents", "nearest", "emotion", "time", "with"] {
        line(name);
    }
}

#[test]
fn ask_explains_to_machines_when_asked() {
    let plain = run(&shipped_config(), &["ask", "--json", "包邮吗"], b"").json();
    assert!(plain["explanation"].is_null() && plain["id"].is_null(), "{plain:#}");
    let full = run(&shipped_config(), &["ask", "--json", "--explain", "包邮吗"], b"").json();
    assert_eq!(full["decision"], plain["decision"]);
    assert_eq!(full["explanation"]["settled"]["by"], "pattern");
    assert_eq!(full["explanation"]["nearest"].as_array().unwrap().len(), 3);
    let change = &full["explanation"]["changes"][0];
    assert_eq!((&change["what"], &change["decision"]), (&"upset".into(), &"handoff".into()), "{change:#}");
    let lines =
        run(&shipped_config(), &["ask", "--jsonl", "--explain"], "{\"id\": 3, \"text\": \"包邮吗\"}\n".as_bytes());
    assert_eq!(lines.code, Some(0), "{}", lines.err);
    assert_eq!((&lines.json()["id"], &lines.json()["explanation"]), (&3.into(), &full["explanation"]));
}
