use std::fmt;
use std::str::FromStr;

/// Hours of one day, such as 09:00-22:00: whole minutes, the end not included. Ends at 24:00 at the latest: hours over
/// midnight are two spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    start: u16,
    end: u16,
}

/// Why hours are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// Not two times of day.
    #[error("`{0}` is not a span of hours; write 09:00-22:00, at most until 24:00")]
    Shape(String),
    /// Nothing lies between start and end.
    #[error(
        "`{0}` ends before it starts; write hours over midnight as two, 22:00-24:00 and on the next day 00:00-02:00"
    )]
    Order(String),
}

impl Span {
    /// The minute at which a day ends.
    pub(super) const MIDNIGHT: u16 = 24 * 60;

    /// The first minute of the day that belongs to it.
    #[must_use]
    pub fn start(self) -> u16 {
        self.start
    }

    /// The first minute that no longer does; 1440 for midnight.
    #[must_use]
    pub fn end(self) -> u16 {
        self.end
    }

    /// Whether the two share a minute.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl FromStr for Span {
    type Err = SpanError;

    /// Reads `09:00-22:00`.
    ///
    /// # Errors
    /// For any other shape, a time that no day has, and an end that is not after the start.
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let times = text.split_once('-').and_then(|(start, end)| Some((minute(start)?, minute(end)?)));
        let (start, end) = times.ok_or_else(|| SpanError::Shape(text.to_owned()))?;
        if start < end { Ok(Self { start, end }) } else { Err(SpanError::Order(text.to_owned())) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

/// The minute of the day that `09:30` is; 24:00 is the last.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour, 2) || minute.len() != 2 || !digits(minute, 2) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= Span::MIDNIGHT).then_some(at)
}
