use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hours;
use super::intent::Wording;
use super::pattern::PatternRule;
use super::raw::{RawLevelTimes, RawPolicy, RawThresholds, RawTickets, RawTier, RawTimes, RawWindows};
use super::texts::{self, TextKey};
use crate::calendar::Calendar;
use crate::yaml::{Document, Findings, did_you_mean};

/// How soon a person must see to a hand-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// An idea; not a matter of hours.
    Suggestion,
    /// The default.
    Normal,
    /// Wrong goods, money astray, threats.
    Serious,
    /// Safety, counterfeit, infringement.
    Urgent,
}

/// What the hours of a level are counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Nights, weekends and holidays included.
    Wall,
    /// While people are there.
    Business,
}

/// Numbers that the decision compares with.
#[derive(Debug, Clone, Copy)]
pub struct Thresholds {
    /// Wrong automatic answers, at most this share.
    pub risk: f32,
    /// Upset from which a person takes over.
    pub handoff_upset: f32,
    /// Upset from which the reply apologises.
    pub notice_upset: f32,
    /// P(anxiety) from which the reply takes the urgent wording.
    pub notice_anxiety: f32,
    /// Upset, now and over the turns, from which a falling mood goes to a person.
    pub mood_upset: f32,
    /// Probability from which an intent is offered as a choice.
    pub candidate: f32,
    /// Questions in a row before a person takes over.
    pub asks_in_a_row: usize,
}

/// Due times of a level.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Hours to the first answer.
    pub respond_hours: u32,
    /// Hours to the solution; open-ended for suggestions.
    pub solve_hours: Option<u32>,
    /// What both are counted on.
    pub clock: Clock,
}

/// How far ahead of its due time a ticket counts in its queue, by what is known of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Boosts {
    /// From this P(anger) + P(disappointment) on …
    pub upset_from: f32,
    /// … by so much.
    pub upset: SignedDuration,
    /// By the customer's tier.
    pub tiers: BTreeMap<String, SignedDuration>,
}

/// Spans of time within which things belong together.
#[derive(Debug, Clone, Copy)]
pub struct Windows {
    /// Messages this close to each other are one.
    pub burst: SignedDuration,
    /// In this time, the same question a third time goes to a person.
    pub repetition: SignedDuration,
    /// After so long a silence a conversation starts anew.
    pub silence: SignedDuration,
}

/// What the policy does for a customer tier.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tier {
    /// Every business message goes to a person.
    pub handoff: bool,
    /// Every answer offers a person.
    pub offer_person: bool,
}

/// Patterns that go to a person at once.
#[derive(Debug)]
pub struct Sensitive {
    /// Who takes it.
    pub queue: String,
    /// When it applies.
    pub rule: PatternRule,
}

#[derive(Debug)]
struct LevelRow {
    intents: Vec<String>,
    reasons: Vec<String>,
    level: Level,
}

#[derive(Debug)]
struct Queue {
    /// Its own, instead of those of all.
    hours: Option<Calendar>,
    looks_at_pictures: bool,
}

/// The checked policy file.
#[derive(Debug)]
pub struct Policy {
    /// Numbers.
    pub thresholds: Thresholds,
    /// Patterns of rule 2.
    pub sensitive: Vec<Sensitive>,
    /// Threats to escalate, rule 6.
    pub threats: PatternRule,
    /// Insults and the like, rule 5.
    pub trigger_words: PatternRule,
    /// What customers say when an answer was no help, rule 7.
    pub not_helped: PatternRule,
    /// Ideas for the shop, a complaint of the lowest level.
    pub suggestions: PatternRule,
    /// Words for goods that are faulty or came damaged.
    pub faults: PatternRule,
    /// Plain questions, whether or how much, that sound like a wish (还能退不).
    pub questions: PatternRule,
    /// Hints for a person, never a reason to refuse.
    pub signals: Vec<PatternRule>,
    /// Spans of time within which things belong together.
    pub windows: Windows,
    /// What moves a ticket forward in its queue.
    pub boosts: Boosts,
    /// A ticket that nobody took for so long is closed.
    pub expiry: Option<SignedDuration>,
    /// Whether the first reply of a conversation says that it comes from a bot.
    pub introduces: bool,
    tiers: BTreeMap<String, Tier>,
    /// Hours of all queues that have none of their own.
    hours: Calendar,
    queues: BTreeMap<String, Queue>,
    times: [Times; 4],
    table: Vec<LevelRow>,
    texts: BTreeMap<TextKey, Wording>,
}

impl Policy {
    /// The texts of a key.
    #[must_use]
    pub fn text(&self, key: TextKey) -> &Wording {
        &self.texts[&key]
    }

    /// Due times of a level.
    #[must_use]
    pub fn times(&self, level: Level) -> Times {
        self.times[level as usize]
    }

    /// The names of the queues, in order.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        self.queues.keys().map(String::as_str)
    }

    /// Whether a queue exists.
    #[must_use]
    pub fn has_queue(&self, name: &str) -> bool {
        self.queues.contains_key(name)
    }

    /// When people are there for a queue; the hours of all for one that has none of its own.
    #[must_use]
    pub fn calendar(&self, queue: &str) -> &Calendar {
        self.queues.get(queue).and_then(|queue| queue.hours.as_ref()).unwrap_or(&self.hours)
    }

    /// Whether a queue's people look at the pictures that come with its topics.
    #[must_use]
    pub fn looks_at_pictures(&self, queue: &str) -> bool {
        self.queues.get(queue).is_some_and(|queue| queue.looks_at_pictures)
    }

    /// What is done for a tier; nothing for an unknown one.
    #[must_use]
    pub fn tier(&self, name: Option<&str>) -> Tier {
        name.and_then(|name| self.tiers.get(name)).copied().unwrap_or_default()
    }

    /// The first row of the table that names the intent or one of the reasons; normal if none does.
    #[must_use]
    pub fn level<'a>(&self, intents: &[String], reasons: impl Iterator<Item = &'a str> + Clone) -> Level {
        let named = |row: &LevelRow| {
            row.intents.iter().any(|intent| intents.contains(intent))
                || row.reasons.iter().any(|reason| {
                    reasons.clone().any(|code| code == reason || code.split(':').next() == Some(reason.as_str()))
                })
        };
        self.table.iter().find(|row| named(row)).map_or(Level::Normal, |row| row.level)
    }

    pub(super) fn check(
        raw: RawPolicy,
        shop: Option<&BTreeSet<String>>,
        document: &Document,
        findings: &mut Findings,
    ) -> Option<Self> {
        let sensitive = raw
            .sensitive
            .iter()
            .enumerate()
            .map(|(at, sensitive)| {
                if !raw.queues.contains_key(&sensitive.queue) {
                    let place = document.place(&format!("/sensitive/{at}/queue"));
                    findings.add(&document.file, place, "unknown-queue", unknown_queue(&sensitive.queue, &raw.queues));
                }
                let pointer = format!("/sensitive/{at}/rule");
                Sensitive {
                    queue: sensitive.queue.clone(),
                    rule: PatternRule::check(&sensitive.rule, document, &pointer, findings),
                }
            })
            .collect();
        // What the program itself falls back on.
        for queue in ["general", "complaint"].iter().filter(|queue| !raw.queues.contains_key(**queue)) {
            let message = format!("queue `{queue}` is missing; hand-offs without a queue of their own go there");
            findings.add(&document.file, document.place("/queues"), "missing-key", message);
        }
        let threats = PatternRule::check(&raw.threats, document, "/threats", findings);
        let trigger_words = PatternRule::check(&raw.trigger_words, document, "/trigger_words", findings);
        let not_helped = PatternRule::check(&raw.not_helped, document, "/not_helped", findings);
        let suggestions = PatternRule::check(&raw.suggestions, document, "/suggestions", findings);
        let faults = PatternRule::check(&raw.faults, document, "/faults", findings);
        let questions = PatternRule::check(&raw.questions, document, "/questions", findings);
        let signals = raw.signals.iter().enumerate();
        let signals =
            signals.map(|(at, rule)| PatternRule::check(rule, document, &format!("/signals/{at}"), findings)).collect();
        let hours = hours::check(&raw.hours, (document, "/hours"), findings);
        let mut queues = BTreeMap::new();
        for (name, queue) in raw.queues {
            let pointer = format!("/queues/{name}/hours");
            let own = queue.hours.map(|own| hours::check(&own, (document, &pointer), findings));
            queues.insert(name, Queue { hours: own, looks_at_pictures: queue.pictures });
        }
        let times = times(&raw.levels.times);
        let texts = texts::check(&raw.texts, shop, document, findings);
        let table = raw
            .levels
            .table
            .into_iter()
            .map(|row| LevelRow { intents: row.intents, reasons: row.reasons, level: row.level })
            .collect();
        let thresholds = thresholds(&raw.thresholds);
        if thresholds.notice_upset > thresholds.handoff_upset {
            let place = document.place("/thresholds/notice_upset");
            findings.add(&document.file, place, "threshold-order", "`notice_upset` must not be above `handoff_upset`");
        }
        Some(Self {
            thresholds,
            sensitive,
            threats,
            trigger_words,
            not_helped,
            suggestions,
            faults,
            questions,
            signals,
            windows: windows(&raw.windows),
            boosts: boosts(&raw.tickets, &raw.tiers),
            expiry: raw.tickets.expire_hours.map(|hours| SignedDuration::from_hours(hours.into())),
            introduces: raw.introduce,
            hours,
            queues,
            tiers: raw
                .tiers
                .into_iter()
                .map(|(name, tier)| (name, Tier { handoff: tier.handoff, offer_person: tier.offer_person }))
                .collect(),
            times,
            table,
            texts: texts?,
        })
    }
}

/// In the order of [`Level`].
fn times(raw: &RawLevelTimes) -> [Times; 4] {
    let times = |raw: RawTimes, clock: Clock| Times {
        respond_hours: raw.respond_hours,
        solve_hours: raw.solve_hours,
        clock: raw.clock.unwrap_or(clock),
    };
    [
        times(raw.suggestion, Clock::Business),
        times(raw.normal, Clock::Business),
        times(raw.serious, Clock::Wall),
        times(raw.urgent, Clock::Wall),
    ]
}

fn unknown_queue<T>(name: &str, queues: &BTreeMap<String, T>) -> String {
    let known: Vec<&str> = queues.keys().map(String::as_str).collect();
    format!("unknown queue `{name}`; allowed: {}{}", known.join(", "), did_you_mean(name, known.iter().copied()))
}

fn windows(raw: &RawWindows) -> Windows {
    Windows {
        burst: SignedDuration::from_secs(raw.burst_seconds.into()),
        repetition: SignedDuration::from_mins(raw.repetition_minutes.into()),
        silence: SignedDuration::from_hours(raw.silence_hours.into()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a probability")]
fn boosts(raw: &RawTickets, tiers: &BTreeMap<String, RawTier>) -> Boosts {
    let minutes = |minutes: u32| SignedDuration::from_mins(minutes.into());
    Boosts {
        upset_from: raw.upset_from as f32,
        upset: minutes(raw.upset_minutes),
        tiers: tiers.iter().map(|(name, tier)| (name.clone(), minutes(tier.forward_minutes))).collect(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "probabilities")]
fn thresholds(raw: &RawThresholds) -> Thresholds {
    Thresholds {
        risk: raw.risk as f32,
        handoff_upset: raw.handoff_upset as f32,
        notice_upset: raw.notice_upset as f32,
        notice_anxiety: raw.notice_anxiety as f32,
        mood_upset: raw.mood_upset as f32,
        candidate: raw.candidate as f32,
        asks_in_a_row: raw.asks_in_a_row,
    }
}
