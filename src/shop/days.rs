use std::ops::RangeInclusive;

use jiff::civil::Date;

/// Days in a row that have a name: a big sale, a holiday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDays {
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// The first day and the last.
    pub days: RangeInclusive<Date>,
}

impl NamedDays {
    /// Its name in English or in Chinese.
    #[must_use]
    pub fn name(&self, english: bool) -> &str {
        if english { &self.en } else { &self.zh }
    }

    /// The last day.
    #[must_use]
    pub fn until(&self) -> Date {
        *self.days.end()
    }
}

/// Days on which the shop does nothing.
#[derive(Debug, Clone, Default)]
pub struct Closed(Vec<NamedDays>);

impl Closed {
    /// From the days of each closing.
    #[must_use]
    pub fn new(closings: Vec<NamedDays>) -> Self {
        Self(closings)
    }

    /// All closings.
    pub fn iter(&self) -> impl Iterator<Item = &NamedDays> {
        self.0.iter()
    }

    /// The closing that this day belongs to.
    #[must_use]
    pub fn on(&self, day: Date) -> Option<&NamedDays> {
        self.0.iter().find(|closing| closing.days.contains(&day))
    }

    /// The first day from this one on that is not closed, and the last closing that was in the way.
    #[must_use]
    pub fn first_open(&self, from: Date) -> (Date, Option<&NamedDays>) {
        let (mut day, mut passed) = (from, None);
        while let Some(closing) = self.on(day) {
            passed = Some(closing);
            let Ok(next) = closing.until().tomorrow() else { break };
            day = next;
        }
        (day, passed)
    }

    /// The day on which so many working days have passed: from Monday to Friday, not closed. The day itself does not
    /// count. None at all: the day itself.
    #[must_use]
    pub fn working_days_after(&self, day: Date, count: u32) -> Date {
        let (mut day, mut left) = (day, count);
        while left > 0 {
            let Ok(next) = day.tomorrow() else { return day };
            day = next;
            if day.weekday().to_monday_one_offset() <= 5 && self.on(day).is_none() {
                left -= 1;
            }
        }
        day
    }
}

/// A day so many days later; the last day that there is, if that is later.
pub(super) fn after(day: Date, days: u32) -> Date {
    day.saturating_add(jiff::Span::new().days(i64::from(days.min(100_000))))
}

/// Days from the first day to the second; negative where the second is earlier.
#[must_use]
pub fn days_between(first: Date, second: Date) -> i64 {
    second.duration_since(first).as_hours() / 24
}
