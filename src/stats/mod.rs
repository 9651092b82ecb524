//! Figures of a span of days: what customers asked for, what the bot did about it, what people did, and how customers took
//! it, in all, by day and by intent. `docs/stats.md` defines every figure.
//!
//! Pure: the store streams what happened, time and time zone come in as arguments. Everything is counted in one reading of
//! conversations, tickets and turns, in this order. Kept meanwhile: about 500 bytes per conversation, its ticket included, and
//! the counters of each day and intent; never a list of turns. No text is looked at.

mod again;
mod contact;
mod days;
mod known;
mod report;
mod tally;
mod tickets;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use self::again::Again;
use self::contact::Reader;
use self::days::Days;
use self::known::Known;
use self::tally::Groups;
use crate::store::{self, StoreError};

pub use report::{
    ContactFigures, ConversationFigures, DayFigures, DecisionFigures, Durations, EmotionFigures, EmotionShares,
    Figures, IntentFigures, LevelFigures, Mean, RatingFigures, Report, Share, SlaFigures, TicketFigures,
};

/// What comes later than this after a conversation began no longer changes its figures.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A conversation whose last message is younger may still go on.
const PAUSE: SignedDuration = SignedDuration::from_mins(30);

/// Days to make figures of, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub from: Date,
    /// The last day. Where it lies before the first one, there are no days.
    pub to: Date,
}

/// Why a span is not one to make figures of. Never says which days were given: they are the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// It ends before it begins.
    #[error("`to` must not be before `from`")]
    Backwards,
    /// It would take too long and too much.
    #[error("`from` to `to` may be {} days at most", Span::MAX_DAYS)]
    TooLong,
}

impl Span {
    /// The longest span that [`Span::check`] lets through.
    pub const MAX_DAYS: i64 = 366;

    /// The span itself, if it is one that a caller may ask for.
    ///
    /// # Errors
    /// When it ends before it begins, or is longer than [`Span::MAX_DAYS`].
    pub fn check(self) -> Result<Self, SpanError> {
        let Self { from, to } = self;
        let days = to.duration_since(from).as_hours() / 24 + 1;
        match days {
            ..=0 => Err(SpanError::Backwards),
            1..=Self::MAX_DAYS => Ok(self),
            _ => Err(SpanError::TooLong),
        }
    }
}

/// What figures are reckoned by.
#[derive(Debug, Clone)]
pub struct Basis {
    /// The shop's time zone: when days begin.
    pub zone: TimeZone,
    /// The present moment: what is due, what has ended, what is older than a week.
    pub now: Timestamp,
    /// After so long a silence a conversation counts as a new one (the policy's `windows.silence_hours`).
    pub silence: SignedDuration,
}

impl Figures {
    /// The figures of a span of days.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(store: &dyn store::Figures, span: Span, basis: &Basis) -> Result<Report, StoreError> {
        let days = Days::of(span, &basis.zone);
        let mut groups = Groups::new(days.dates().len());
        if let Some((from, to)) = days.bounds() {
            // Before: whether a conversation has just begun. After: how it went on, and whether the customer came back.
            let read = (saturating(from, -basis.silence), saturating(to, WEEK));
            let mut known = Known::default();
            store.each_conversation(read.0, read.1, &mut |conversation| known.conversation(conversation))?;
            store.each_ticket(read.0, read.1, &mut |ticket| {
                if let Some(day) = days.index(ticket.created_at) {
                    groups.add(day, ticket.intent.as_deref(), |tally| tickets::tally(&ticket, basis.now, tally));
                }
                known.ticket(ticket);
            })?;
            let mut again = Again::default();
            let mut reader = Reader::new((&days, basis), known, &mut groups, &mut again);
            store.each_turn(read.0, read.1, &mut |turn| reader.turn(turn))?;
            reader.finish();
            again.tally(basis.now, &mut groups);
        }
        let (totals, of_days, intents) = groups.figures();
        let of_days = days.dates().iter().zip(of_days).map(|(day, figures)| DayFigures { day: *day, figures });
        let time_zone = basis.zone.iana_name().map(str::to_owned);
        let days = of_days.collect();
        Ok(Report { from: span.from, to: span.to, time_zone, as_of: basis.now, totals, days, intents })
    }
}

/// A moment moved by a duration, as far as moments go.
fn saturating(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(by).unwrap_or(end)
}
