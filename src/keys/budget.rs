//! How much of a key may be used: so many requests a second, and so many a day.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Zoned;
use jiff::civil::Date;

/// A batch counts as many requests as it has messages, and has to fit in at once.
pub const SMALLEST_BURST: u32 = 32;

/// What a key may use; without a number as much as there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Requests a second, in the long run.
    pub per_second: Option<NonZeroU32>,
    /// Requests that may come at once.
    pub burst: Option<NonZeroU32>,
    /// Requests on one day of the shop.
    pub per_day: Option<u64>,
}

impl Limits {
    /// At least [`SMALLEST_BURST`]; a second's worth where the file says nothing.
    fn rate(&self) -> Option<Quota> {
        let per_second = self.per_second?;
        let least = NonZeroU32::new(SMALLEST_BURST).unwrap_or(NonZeroU32::MIN);
        Some(Quota::per_second(per_second).allow_burst(self.burst.unwrap_or(per_second).max(least)))
    }
}

/// Nothing is left, and when there will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// Too many requests in too short a time.
    Rate {
        /// When as many will be let through.
        wait: Duration,
    },
    /// The day's requests are used up.
    Day {
        /// Until midnight in the shop's time zone.
        wait: Duration,
    },
}

/// What is left of a key's limits. Rate limits are the generic cell rate algorithm of the `governor` crate.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    rate: Option<DefaultDirectRateLimiter>,
    /// The day that is counted, and how much of it is used.
    day: Mutex<(Date, u64)>,
}

impl Budget {
    /// All of it.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, rate: limits.rate().map(RateLimiter::direct), day: Mutex::new((Date::ZERO, 0)) }
    }

    /// What it is for.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Another budget, of which as much of the day is used as of this one.
    #[must_use]
    pub fn renewed(&self, limits: Limits) -> Self {
        Self { day: Mutex::new(*self.day()), ..Self::new(limits) }
    }

    /// Takes so many requests, all or none.
    ///
    /// # Errors
    /// When there are not so many left.
    pub fn take(&self, requests: NonZeroU32, now: &Zoned) -> Result<(), Exhausted> {
        let mut day = self.day();
        if day.0 != now.date() {
            *day = (now.date(), 0);
        }
        let used = day.1.saturating_add(requests.get().into());
        if self.limits.per_day.is_some_and(|most| used > most) {
            return Err(Exhausted::Day { wait: until_midnight(now) });
        }
        match self.rate.as_ref().map(|rate| rate.check_n(requests)) {
            None | Some(Ok(Ok(()))) => {
                day.1 = used;
                Ok(())
            }
            Some(Ok(Err(later))) => Err(Exhausted::Rate { wait: later.wait_time_from(DefaultClock::default().now()) }),
            // More than ever fits in at once; a longer wait changes nothing, so it is told the time of a whole burst.
            Some(Err(_never)) => Err(Exhausted::Rate { wait: Duration::from_secs(1) }),
        }
    }

    fn day(&self) -> std::sync::MutexGuard<'_, (Date, u64)> {
        self.day.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn until_midnight(now: &Zoned) -> Duration {
    let midnight = now.tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
    let left = midnight.map(|midnight| midnight.timestamp().duration_since(now.timestamp()));
    left.ok().and_then(|left| left.try_into().ok()).unwrap_or(Duration::from_secs(3600))
}
