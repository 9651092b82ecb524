//! When a delivery that failed is tried again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// After the first try.
const FIRST: Duration = Duration::from_secs(1);

/// No wait doubles beyond this.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// What an endpoint may ask for, at most.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// When to try again after the `tried`-th try; none once `attempts` are used up. The wait doubles, and up to as much again
/// is added at random, so that what failed together does not come back together. `asked` is the least that is waited.
pub(crate) fn next_try(tried: u32, attempts: u32, asked: Option<Duration>, now: Timestamp) -> Option<Timestamp> {
    if tried >= attempts {
        return None;
    }
    let waits =
        ExponentialBuilder::new().with_min_delay(FIRST).with_max_delay(LONGEST).with_jitter().without_max_times();
    let wait = waits.build().nth(tried.saturating_sub(1) as usize).unwrap_or(LONGEST);
    let wait = asked.map_or(wait, |asked| wait.max(asked.min(LONGEST_ASKED)));
    now.checked_add(wait).ok()
}

/// What `Retry-After` asks for: a number of seconds, or a date.
pub(super) fn asked(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = rfc2822::parse(header).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-05-26T08:00:00Z";

    #[test]
    fn waits_double_to_a_quarter_of_an_hour() {
        let now: Timestamp = NOW.parse().unwrap();
        for (tried, least) in [(1, 1), (2, 2), (3, 4), (4, 8), (10, 512), (11, 900), (12, 900), (50, 900)] {
            let wait = next_try(tried, 100, None, now).unwrap().duration_since(now).as_secs_f64();
            let (least, most) = (f64::from(least), f64::from(least) * 2.0);
            assert!((least..=most).contains(&wait), "{tried}: {wait}");
        }
        assert_eq!(next_try(12, 12, None, now), None);
        assert_eq!(next_try(13, 12, Some(FIRST), now), None);
    }

    #[test]
    fn what_is_asked_for_is_waited_for_at_least_and_an_hour_at_most() {
        let now: Timestamp = NOW.parse().unwrap();
        for (header, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("Tue, 26 May 2026 08:10:00 GMT", Some(600)),
            ("Tue, 26 May 2026 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(asked(header, now), seconds.map(Duration::from_secs), "{header}");
        }
        for (asked, least, most) in [(0, 1, 2), (120, 120, 120), (86_400, 3600, 3600)] {
            let wait = next_try(1, 12, Some(Duration::from_secs(asked)), now).unwrap().duration_since(now).as_secs();
            assert!((least..=most).contains(&wait), "{asked}: {wait}");
        }
    }
}
