//! Days of a time zone, and the moments at which they begin.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Span;

/// The days of a span. A day is as long as the time zone has it: 23 or 25 hours when clocks are changed.
pub(super) struct Days {
    dates: Vec<Date>,
    /// When each begins, and when the last one ends.
    bounds: Vec<Timestamp>,
}

impl Days {
    pub(super) fn of(span: Span, zone: &TimeZone) -> Self {
        let next = |date: &Date| date.tomorrow().ok();
        let dates: Vec<Date> =
            std::iter::successors(Some(span.from), next).take_while(|date| *date <= span.to).collect();
        let ends = dates.last().and_then(next);
        let starts = dates.iter().copied().chain(ends);
        // A date beyond what timestamps can tell has no beginning; nothing happens there either.
        let begins = |date: Date| date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        Self { bounds: starts.map(begins).collect(), dates }
    }

    pub(super) fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// When the first day begins and when the last one ends; `None` if there is none.
    pub(super) fn bounds(&self) -> Option<(Timestamp, Timestamp)> {
        self.bounds.first().copied().zip(self.bounds.last().copied())
    }

    /// Which day holds a moment.
    pub(super) fn index(&self, at: Timestamp) -> Option<usize> {
        let begun = self.bounds.partition_point(|bound| *bound <= at);
        begun.checked_sub(1).filter(|day| *day < self.dates.len())
    }
}
