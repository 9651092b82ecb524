//! The shapes of the files, as written. Nothing here is checked beyond its type: `check` builds the real things.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Text in both languages.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bilingual {
    #[schemars(length(min = 1))]
    pub(super) zh: String,
    #[schemars(length(min = 1))]
    pub(super) en: String,
}

/// Wordings in both languages.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wordings {
    #[schemars(length(min = 1))]
    pub(super) zh: Vec<String>,
    #[schemars(length(min = 1))]
    pub(super) en: Vec<String>,
}

/// `intents/<id>.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIntent {
    #[schemars(regex(pattern = "^[a-z][a-z0-9_]*$"))]
    pub(super) id: String,
    pub(super) title: Bilingual,
    pub(super) queue: String,
    #[serde(default)]
    pub(super) siblings: Vec<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) risk: RawRisk,
    pub(super) examples: RawExamples,
    #[serde(default)]
    pub(super) near_misses: Vec<RawNearMiss>,
    #[serde(default)]
    pub(super) patterns: Vec<String>,
    #[serde(default)]
    pub(super) high_risk: Vec<RawPatternRule>,
    #[serde(default)]
    pub(super) slots: BTreeMap<String, RawSlot>,
    #[schemars(length(min = 1))]
    pub(super) answers: Vec<RawAnswer>,
    #[serde(default)]
    pub(super) tests: Vec<RawTest>,
}

fn yes() -> bool {
    true
}

/// How much a wrong automatic answer costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawRisk {
    #[default]
    Low,
    High,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExamples {
    #[schemars(length(min = 1))]
    pub(super) zh: Vec<RawExample>,
    #[schemars(length(min = 1))]
    pub(super) en: Vec<RawExample>,
}

/// A message, alone or with the other intents that it also has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawExample {
    Text(String),
    Several(RawSeveral),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSeveral {
    pub(super) say: String,
    #[schemars(length(min = 1))]
    pub(super) also: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNearMiss {
    #[schemars(length(min = 1))]
    pub(super) say: String,
    pub(super) belongs: String,
}

/// Regular expressions with the sentences that prove them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPatternRule {
    #[schemars(regex(pattern = "^[a-z][a-z0-9_]*$"))]
    pub(super) id: String,
    #[schemars(length(min = 1))]
    pub(super) any: Vec<String>,
    /// Expressions that keep the rule from applying where one of them matches too.
    #[serde(default)]
    pub(super) unless: Vec<String>,
    #[schemars(length(min = 1))]
    pub(super) hits: Vec<String>,
    #[schemars(length(min = 1))]
    pub(super) passes: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSlot {
    pub(super) ask: Wordings,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAnswer {
    pub(super) id: String,
    #[serde(default)]
    pub(super) when: RawWhen,
    #[serde(default)]
    pub(super) needs: Vec<String>,
    pub(super) resolves: super::Resolves,
    pub(super) valid: Option<RawValidity>,
    #[schemars(length(min = 3, max = 5))]
    pub(super) zh: Vec<String>,
    #[schemars(length(min = 3, max = 5))]
    pub(super) en: Vec<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWhen {
    #[serde(default)]
    pub(super) slots: Vec<String>,
    #[serde(default)]
    pub(super) acts: Vec<crate::labels::Act>,
    #[serde(default)]
    pub(super) emotions: Vec<crate::labels::Emotion>,
    #[serde(default)]
    pub(super) tiers: Vec<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) flags: Vec<super::Flag>,
}

/// Days, both included.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawValidity {
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTest {
    #[schemars(length(min = 1))]
    pub(super) say: String,
    pub(super) expect: Option<String>,
    pub(super) expect_not: Option<String>,
    pub(super) decision: Option<crate::reply::DecisionKind>,
    pub(super) emotion: Option<crate::labels::Emotion>,
    pub(super) answer_has: Option<String>,
    #[serde(default)]
    pub(super) history: Vec<crate::incoming::PastMessage>,
}

/// `config/policy.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    pub(super) thresholds: RawThresholds,
    pub(super) hours: RawHours,
    pub(super) queues: BTreeMap<String, RawQueue>,
    pub(super) tiers: BTreeMap<String, RawTier>,
    pub(super) levels: RawLevels,
    #[schemars(length(min = 1))]
    pub(super) sensitive: Vec<RawSensitive>,
    pub(super) threats: RawPatternRule,
    pub(super) trigger_words: RawPatternRule,
    pub(super) not_helped: RawPatternRule,
    pub(super) suggestions: RawPatternRule,
    pub(super) faults: RawPatternRule,
    /// Plain questions, whether or how much, that sound like a wish: they are answered, not done.
    pub(super) questions: RawPatternRule,
    /// Hints for a person, by the id of each rule.
    #[serde(default)]
    pub(super) signals: Vec<RawPatternRule>,
    #[serde(default)]
    pub(super) windows: RawWindows,
    #[serde(default)]
    pub(super) tickets: RawTickets,
    /// Whether the first reply of a conversation says that it comes from a bot.
    #[serde(default)]
    pub(super) introduce: bool,
    pub(super) texts: BTreeMap<String, Wordings>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawThresholds {
    #[schemars(range(min = 0.001, max = 0.5))]
    pub(super) risk: f64,
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) handoff_upset: f64,
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) notice_upset: f64,
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) notice_anxiety: f64,
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) mood_upset: f64,
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) candidate: f64,
    #[schemars(range(min = 1, max = 5))]
    pub(super) asks_in_a_row: usize,
}

/// When people are there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHours {
    pub(super) weekly: RawWeek,
    /// Closed: days such as 2026-05-01, and ranges such as 2026-10-01..2026-10-07, both ends included.
    #[serde(default)]
    pub(super) holidays: Vec<String>,
    /// Days with hours of their own, whatever the week and the holidays say.
    #[serde(default)]
    pub(super) special: BTreeMap<String, Vec<String>>,
}

/// Hours such as 09:00-22:00, at most until 24:00; a day left out is closed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWeek {
    pub(super) mon: Vec<String>,
    pub(super) tue: Vec<String>,
    pub(super) wed: Vec<String>,
    pub(super) thu: Vec<String>,
    pub(super) fri: Vec<String>,
    pub(super) sat: Vec<String>,
    pub(super) sun: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQueue {
    #[expect(dead_code, reason = "a name for people; no reply tells it yet")]
    #[schemars(length(min = 1))]
    pub(super) zh: String,
    #[expect(dead_code, reason = "a name for people; no reply tells it yet")]
    #[schemars(length(min = 1))]
    pub(super) en: String,
    /// Instead of the policy's, all of them.
    pub(super) hours: Option<RawHours>,
    /// Whether pictures that come with its topics are for its people to look at.
    #[serde(default)]
    pub(super) pictures: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawWindows {
    /// Messages this close to each other are one.
    #[schemars(range(max = 60))]
    pub(super) burst_seconds: u32,
    /// In this time, the same question a third time goes to a person.
    #[schemars(range(min = 1, max = 1440))]
    pub(super) repetition_minutes: u32,
    /// After so long a silence a conversation starts anew.
    #[schemars(range(min = 1, max = 720))]
    pub(super) silence_hours: u32,
}

impl Default for RawWindows {
    fn default() -> Self {
        Self { burst_seconds: 4, repetition_minutes: 30, silence_hours: 24 }
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTickets {
    /// Upset from which a ticket moves forward in its queue.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) upset_from: f64,
    /// By so many minutes.
    #[schemars(range(max = 1440))]
    pub(super) upset_minutes: u32,
    /// A ticket that nobody took for so many hours is closed; never if left out.
    #[schemars(range(min = 1, max = 8760))]
    pub(super) expire_hours: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTier {
    #[serde(default)]
    pub(super) handoff: bool,
    #[serde(default)]
    pub(super) offer_person: bool,
    /// A ticket of such a customer moves forward in its queue by so many minutes.
    #[serde(default)]
    #[schemars(range(max = 1440))]
    pub(super) forward_minutes: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevels {
    pub(super) times: RawLevelTimes,
    /// First match decides; normal if none does.
    pub(super) table: Vec<RawLevelRow>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevelTimes {
    pub(super) urgent: RawTimes,
    pub(super) serious: RawTimes,
    pub(super) normal: RawTimes,
    pub(super) suggestion: RawTimes,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTimes {
    #[schemars(range(min = 1, max = 720))]
    pub(super) respond_hours: u32,
    #[schemars(range(min = 1, max = 720))]
    pub(super) solve_hours: Option<u32>,
    /// `wall` for urgent and serious, `business` for the others where it is left out.
    pub(super) clock: Option<super::Clock>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevelRow {
    #[serde(default)]
    pub(super) intents: Vec<String>,
    /// Reason codes, or the part before the colon.
    #[serde(default)]
    pub(super) reasons: Vec<String>,
    pub(super) level: super::Level,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSensitive {
    pub(super) queue: String,
    pub(super) rule: RawPatternRule,
}
