//! When people are there: weekly hours, holidays and days with hours of their own; business time added to a moment; and
//! words for a moment. Pure: nothing here looks at a clock, and the time zone is that of the moment asked about.

mod span;
mod words;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

pub use span::{Span, SpanError};
pub use words::{at, by, day, days};

/// Days without any opening after which nobody goes on looking.
const YEAR: i64 = 366;

/// Opening hours: of the week, but for holidays (closed) and special days (with hours of their own).
#[derive(Debug, Clone)]
pub struct Calendar {
    /// From Monday on.
    weekly: [Vec<Span>; 7],
    holidays: Vec<RangeInclusive<Date>>,
    special: BTreeMap<Date, Vec<Span>>,
}

impl Calendar {
    /// Hours of the week from Monday on; days that are closed, first and last included; and days with hours of their
    /// own, which count more than both. Spans that overlap are one.
    #[must_use]
    pub fn new(
        mut weekly: [Vec<Span>; 7],
        holidays: Vec<RangeInclusive<Date>>,
        mut special: BTreeMap<Date, Vec<Span>>,
    ) -> Self {
        for spans in weekly.iter_mut().chain(special.values_mut()) {
            spans.sort();
        }
        Self { weekly, holidays, special }
    }

    /// Whether somebody is there. The end of a span is no longer part of it.
    #[must_use]
    pub fn is_open(&self, at: &Zoned) -> bool {
        let now = at.timestamp();
        self.openings(at).take_while(|(opens, _)| *opens <= now).any(|(_, closes)| now < closes)
    }

    /// When somebody is there, from this moment on: the moment itself where it is open, else the next opening. `None`
    /// where that is more than a year away.
    #[must_use]
    pub fn opens_at(&self, from: &Zoned) -> Option<Zoned> {
        let now = from.timestamp();
        let (opens, _) = self.openings(from).find(|(_, closes)| now < *closes)?;
        Some(opens.max(now).to_zoned(from.time_zone().clone()))
    }

    /// When the opening that holds this moment ends; spans that touch, at midnight too, are one. `None` where it is
    /// closed, and where it never closes within a year.
    #[must_use]
    pub fn closes_at(&self, at: &Zoned) -> Option<Zoned> {
        let now = at.timestamp();
        let mut end: Option<Timestamp> = None;
        for (opens, closes) in self.openings(at).skip_while(|(_, closes)| *closes <= now) {
            if opens > end.unwrap_or(now) {
                break;
            }
            if closes.duration_since(now) > SignedDuration::from_hours(24 * YEAR) {
                return None;
            }
            end = Some(closes);
        }
        end.map(|end| end.to_zoned(at.time_zone().clone()))
    }

    /// The moment at which this much business time has passed: inside an opening, or at the end of one. A negative
    /// duration counts as none. Where there is no opening for a year, what is left runs on the wall clock.
    #[must_use]
    pub fn add_open(&self, from: &Zoned, duration: SignedDuration) -> Zoned {
        let mut left = duration.max(SignedDuration::ZERO);
        let mut reached = from.timestamp();
        for (opens, closes) in self.openings(from).skip_while(|(_, closes)| *closes < from.timestamp()) {
            let begins = opens.max(reached);
            let open = closes.duration_since(begins);
            if left <= open {
                return later(begins, left).to_zoned(from.time_zone().clone());
            }
            left -= open;
            reached = closes;
        }
        later(reached, left).to_zoned(from.time_zone().clone())
    }

    /// The hours of one day.
    fn spans(&self, day: Date) -> &[Span] {
        match self.special.get(&day) {
            Some(spans) => spans,
            None if self.holidays.iter().any(|days| days.contains(&day)) => &[],
            None => &self.weekly[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())],
        }
    }

    /// Openings in order, none empty, none overlapping, from the day before on: what ended at midnight is among them.
    /// Ends where a year holds none.
    fn openings(&self, from: &Zoned) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let zone = from.time_zone().clone();
        let first = from.date().yesterday().unwrap_or(from.date());
        let mut without = 0;
        let days = first.series(1.day()).take_while(move |day| {
            without = if self.spans(*day).is_empty() { without + 1 } else { 0 };
            without <= YEAR
        });
        let spans = days.flat_map(move |day| self.spans(day).iter().map(move |span| (day, *span)));
        // Where clocks go forward, a time that the day does not have is as far behind it as it would have been: a span
        // may reach into the next one, or hold nothing.
        let mut last = Timestamp::MIN;
        spans.filter_map(move |(day, span)| {
            let opens = moment(day, span.start(), &zone)?.max(last);
            let closes = moment(day, span.end(), &zone)?;
            (opens < closes).then(|| {
                last = closes;
                (opens, closes)
            })
        })
    }
}

/// A minute of a day, of which the last is midnight. Of a time that comes twice it is the first.
fn moment(day: Date, minute: u16, zone: &TimeZone) -> Option<Timestamp> {
    let (day, minute) = if minute == Span::MIDNIGHT { (day.tomorrow().ok()?, 0) } else { (day, minute) };
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    zone.to_timestamp(day.at(hour, minute, 0, 0)).ok()
}

/// A moment plus a duration, at most the last moment that there is.
fn later(moment: Timestamp, duration: SignedDuration) -> Timestamp {
    moment.checked_add(duration).unwrap_or(Timestamp::MAX)
}
