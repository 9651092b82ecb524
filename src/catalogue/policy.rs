use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hours;
use super::intent::Wording;
use super::pattern::PatternRule;
use super::raw::{RawLevelTimes, RawPolicy, RawThresholds, RawTimes, Wordings};
use super::template::{Scope, Template};
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

/// The policy's own texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the keys of `texts` in policy.yaml")]
pub enum TextKey {
    HandoffUserRequest,
    HandoffUpset,
    HandoffSensitive,
    HandoffGeneral,
    Apology,
    Urgent,
    OfferPerson,
    Ambiguous,
    OutOfScope,
    LowConfidence,
    Closing,
    OrderReceived,
    AttachmentReceived,
    NobodyOnline,
}

impl TextKey {
    const ALL: [Self; 14] = [
        Self::HandoffUserRequest,
        Self::HandoffUpset,
        Self::HandoffSensitive,
        Self::HandoffGeneral,
        Self::Apology,
        Self::Urgent,
        Self::OfferPerson,
        Self::Ambiguous,
        Self::OutOfScope,
        Self::LowConfidence,
        Self::Closing,
        Self::OrderReceived,
        Self::AttachmentReceived,
        Self::NobodyOnline,
    ];

    /// What its texts may name, beside the shop.
    fn scope(self, shop: Option<&BTreeSet<String>>) -> Scope<'_> {
        let handoff = matches!(
            self,
            Self::HandoffUserRequest
                | Self::HandoffUpset
                | Self::HandoffSensitive
                | Self::HandoffGeneral
                | Self::AttachmentReceived
                | Self::NobodyOnline
        );
        let slots = if self == Self::OrderReceived { vec!["order_number"] } else { Vec::new() };
        let extra: &[&str] = match self {
            Self::Ambiguous => &["choices"],
            Self::NobodyOnline => &["handoff.opens_at"],
            _ => &[],
        };
        Scope { shop, slots, handoff, next_tier: false, extra }
    }
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
    tiers: BTreeMap<String, Tier>,
    /// Hours of all queues that have none of their own.
    hours: Calendar,
    /// With their own hours.
    queues: BTreeMap<String, Option<Calendar>>,
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

    /// Whether a queue exists.
    #[must_use]
    pub fn has_queue(&self, name: &str) -> bool {
        self.queues.contains_key(name)
    }

    /// When people are there for a queue; the hours of all for one that has none of its own.
    #[must_use]
    pub fn calendar(&self, queue: &str) -> &Calendar {
        self.queues.get(queue).and_then(Option::as_ref).unwrap_or(&self.hours)
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
        let hours = hours::check(&raw.hours, (document, "/hours"), findings);
        let mut queues = BTreeMap::new();
        for (name, queue) in raw.queues {
            let pointer = format!("/queues/{name}/hours");
            let own = queue.hours.map(|own| hours::check(&own, (document, &pointer), findings));
            queues.insert(name, own);
        }
        let times = times(&raw.levels.times);
        let texts = texts(&raw.texts, shop, document, findings);
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

#[expect(clippy::cast_possible_truncation, reason = "probabilities")]
fn thresholds(raw: &RawThresholds) -> Thresholds {
    Thresholds {
        risk: raw.risk as f32,
        handoff_upset: raw.handoff_upset as f32,
        notice_upset: raw.notice_upset as f32,
        notice_anxiety: raw.notice_anxiety as f32,
        candidate: raw.candidate as f32,
        asks_in_a_row: raw.asks_in_a_row,
    }
}

fn texts(
    raw: &BTreeMap<String, Wordings>,
    shop: Option<&BTreeSet<String>>,
    document: &Document,
    findings: &mut Findings,
) -> Option<BTreeMap<TextKey, Wording>> {
    let mut out = BTreeMap::new();
    let known: Vec<String> =
        TextKey::ALL.iter().filter_map(|key| Some(serde_json::to_value(key).ok()?.as_str()?.to_owned())).collect();
    for name in raw.keys().filter(|name| !known.contains(name)) {
        let message = format!("unknown text `{name}`; allowed: {}", known.join(", "));
        findings.add(&document.file, document.place(&format!("/texts/{name}")), "unknown-key", message);
    }
    for key in TextKey::ALL {
        let name = serde_json::to_value(key).ok()?.as_str()?.to_owned();
        let Some(wordings) = raw.get(&name) else {
            let message = format!("text `{name}` is missing");
            findings.add(&document.file, document.place("/texts"), "missing-key", message);
            continue;
        };
        out.insert(key, wording(wordings, &key.scope(shop), (document, &format!("/texts/{name}")), findings));
    }
    (out.len() == TextKey::ALL.len()).then_some(out)
}

/// Compiles the wordings of both languages.
pub(super) fn wording(
    raw: &Wordings,
    scope: &Scope<'_>,
    (document, pointer): (&Document, &str),
    findings: &mut Findings,
) -> Wording {
    let mut compile = |texts: &[String], language: &str| {
        let texts = texts.iter().enumerate();
        texts
            .map(|(at, text)| Template::check(text, scope, (document, &format!("{pointer}/{language}/{at}")), findings))
            .collect()
    };
    Wording { zh: compile(&raw.zh, "zh"), en: compile(&raw.en, "en") }
}
