//! Figures as they are shown. Every share names what it was made from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::Level;

/// The figures of a span of days: in all, by day and by intent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Report {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// The time zone in which days begin; null for one without a name.
    pub time_zone: Option<String>,
    /// The moment that "not yet due", "still open" and "older than 7 days" are told by.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// All days, all intents.
    pub totals: Figures,
    /// Every day of the span, in order, also those on which nothing happened.
    pub days: Vec<DayFigures>,
    /// Every intent that came up, by id; what no business intent was understood of comes last.
    pub intents: Vec<IntentFigures>,
}

/// The figures of a day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DayFigures {
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// What happened.
    pub figures: Figures,
}

/// The figures of an intent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct IntentFigures {
    /// The intent; null where no business intent was understood.
    pub intent: Option<String>,
    /// What happened.
    pub figures: Figures,
}

/// All figures of one day, of one intent, or in all. `docs/stats.md` defines each.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// Customers' messages.
    pub turns: u64,
    /// What happened with each message.
    pub decisions: DecisionFigures,
    /// How conversations went.
    pub conversations: ConversationFigures,
    /// Whether customers had to come back.
    pub contacts: ContactFigures,
    /// What people did.
    pub tickets: TicketFigures,
    /// What customers think.
    pub rating: RatingFigures,
    /// How customers felt.
    pub emotion: EmotionFigures,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Share {
    /// The part divided by the whole; null where the whole is 0.
    pub share: Option<f64>,
    /// The part.
    pub numerator: u64,
    /// The whole.
    pub denominator: u64,
}

impl Share {
    pub(super) fn of(numerator: u64, denominator: u64) -> Self {
        let share = (denominator > 0).then(|| numerator as f64 / denominator as f64);
        Self { share, numerator, denominator }
    }
}

/// A mean and what it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Mean {
    /// Null where there is nothing.
    pub mean: Option<f64>,
    /// How many values.
    pub count: u64,
}

impl Mean {
    pub(super) fn of(sum: f64, count: u64) -> Self {
        Self { mean: (count > 0).then(|| sum / count as f64), count }
    }
}

/// How long something took, on the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Durations {
    /// How many there were. What has not happened yet is not among them.
    pub count: u64,
    /// Half of them took at most so long.
    pub p50_seconds: Option<u32>,
    /// Nine in ten of them took at most so long.
    pub p90_seconds: Option<u32>,
}

impl Durations {
    /// Exact percentiles, by nearest rank: always a value that occurred.
    pub(super) fn of(mut seconds: Vec<u32>) -> Self {
        seconds.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (percent * seconds.len()).div_ceil(100);
            rank.checked_sub(1).and_then(|at| seconds.get(at)).copied()
        };
        Self { count: seconds.len() as u64, p50_seconds: percentile(50), p90_seconds: percentile(90) }
    }
}

/// Decisions by kind, of all messages.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the kinds of decision")]
pub struct DecisionFigures {
    pub answer: Share,
    pub ask: Share,
    pub handoff: Share,
    pub silent: Share,
}

/// How conversations went, by the day on which they began.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConversationFigures {
    /// Conversations that began.
    pub begun: u64,
    /// Those in which the bot said something or handed over.
    pub handled: u64,
    /// Handled ones in which the first message got an answer or a question at once.
    pub answered_at_once: Share,
    /// Handled ones that have ended, and in which nobody but the bot was needed.
    pub contained: Share,
    /// Handled ones that have ended, and went to a person.
    pub handed_off: Share,
    /// Handled ones that have ended with a question of the bot, and went to nobody.
    pub abandoned: Share,
    /// Why those handed off were: the deciding reason of the first hand-off in each.
    pub handoff_reasons: BTreeMap<String, u64>,
}

/// Whether customers had to come back, by the day on which the first conversation began.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ContactFigures {
    /// Conversations after which the same customer began another about the same intent within 7 days.
    pub repeated_within_7_days: Share,
    /// Conversations that the bot or a person solved, and after which that did not happen.
    pub solved_at_first_contact: Share,
    /// Conversations that would count in both, but are not 7 days old.
    pub pending: u64,
    /// Conversations left out of both since nobody told who the customer is.
    pub unidentified: u64,
}

/// What people did, by the day on which tickets were opened.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TicketFigures {
    /// Tickets opened.
    pub opened: u64,
    /// From the opening to a person's first message.
    pub first_response: Durations,
    /// From the opening until a person took it.
    pub claim: Durations,
    /// From the opening until a person was done with it.
    pub resolve: Durations,
    /// Promises kept.
    pub sla: SlaFigures,
    /// The same by level, the most urgent first.
    pub sla_by_level: Vec<LevelFigures>,
}

/// Promises kept, of those that are due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct SlaFigures {
    /// Taken or answered by `respond_due_at`.
    pub responded: Share,
    /// Resolved by `resolve_due_at`.
    pub resolved: Share,
}

/// Promises kept at a level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct LevelFigures {
    /// The level that the tickets have now.
    pub level: Level,
    /// Promises kept.
    pub sla: SlaFigures,
}

/// What customers think, by the day on which the conversation began.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RatingFigures {
    /// From 1 to 5.
    pub mean: Mean,
    /// How many gave 1, 2, 3, 4 and 5, in this order.
    pub distribution: [u64; 5],
    /// Those that gave 4 or 5.
    pub satisfied: Share,
}

/// How customers felt.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EmotionFigures {
    /// Messages by the most probable emotion.
    pub labels: EmotionShares,
    /// P(anger) + P(disappointment) of the first message of conversations that have at least two and have ended.
    pub upset_at_start: Mean,
    /// The same of their last message.
    pub upset_at_end: Mean,
}

/// Messages by emotion, of those that were read.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the labels say it")]
pub struct EmotionShares {
    pub neutral: Share,
    pub positive: Share,
    pub anxiety: Share,
    pub disappointment: Share,
    pub anger: Share,
}
