use std::ops::RangeInclusive;

use jiff::civil::{Date, Time, time};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::days::{Closed, NamedDays, after};
use crate::region::Region;

/// When orders leave and arrive.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where parcels leave.
    pub from: Region,
    /// What is paid by then leaves on the same day; what is paid later, on the next.
    pub cut_off: Time,
    /// Hours from payment to dispatch in a sale season: the first and the last.
    pub sale_hours: (u32, u32),
    /// Sale seasons, by the day of payment.
    pub seasons: Vec<NamedDays>,
    /// Days on which nothing leaves.
    pub closed: Closed,
    /// Days on the way, by region; the first row that has the region applies.
    pub transit: Vec<Transit>,
    /// Regions without delivery.
    pub unserved: Vec<Region>,
}

/// Days on the way to some regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transit {
    /// Where; all others if there are none.
    pub regions: Vec<Region>,
    /// The first and the last day, after the day of dispatch.
    pub days: RangeInclusive<u32>,
}

/// When an order leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving<'d> {
    /// The first day on which it may leave.
    pub earliest: Date,
    /// The day by the end of which it has left.
    pub day: Date,
    /// The last moment at which it leaves: the last second of that day, or the last hour of a sale season's promise.
    pub by: Zoned,
    /// The sale season in which it was paid.
    pub season: Option<&'d NamedDays>,
    /// The closing that holds it up.
    pub closed: Option<&'d NamedDays>,
}

/// Between which days an order arrives, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The first.
    pub from: Date,
    /// The last: the day that is promised.
    pub until: Date,
}

/// What is promised at payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise<'d> {
    /// When it leaves.
    pub leaves: Leaving<'d>,
    /// When it arrives; `None` where the shop does not deliver.
    pub arrives: Option<Arrival>,
}

impl Delivery {
    /// When an order leaves that was paid at a moment in the shop's time zone.
    #[must_use]
    pub fn leaves(&self, paid_at: &Zoned) -> Leaving<'_> {
        let season = self.seasons.iter().find(|season| season.days.contains(&paid_at.date()));
        let (first, last) = if season.is_some() {
            (hours_after(paid_at, self.sale_hours.0), hours_after(paid_at, self.sale_hours.1))
        } else {
            let day = if paid_at.time() <= self.cut_off { paid_at.date() } else { after(paid_at.date(), 1) };
            let end = end_of(day, paid_at);
            (end.clone(), end)
        };
        let (earliest, _) = self.closed.first_open(first.date());
        let (day, closed) = self.closed.first_open(last.date());
        let by = if day == last.date() { last } else { end_of(day, paid_at) };
        Leaving { earliest, day, by, season, closed }
    }

    /// When an order arrives that leaves then. A region that is not told is taken for an ordinary one. `None` where the
    /// shop does not deliver.
    #[must_use]
    pub fn arrives(&self, leaves: &Leaving<'_>, region: Option<Region>) -> Option<Arrival> {
        let (first, last) = self.days_on_the_way(region)?.into_inner();
        Some(Arrival { from: after(leaves.earliest, first), until: after(leaves.day, last) })
    }

    /// When an order arrives that left on this day. `None` where the shop does not deliver.
    #[must_use]
    pub fn arrives_after(&self, left: Date, region: Option<Region>) -> Option<Arrival> {
        let (first, last) = self.days_on_the_way(region)?.into_inner();
        Some(Arrival { from: after(left, first), until: after(left, last) })
    }

    /// Both at once.
    #[must_use]
    pub fn promise(&self, paid_at: &Zoned, region: Option<Region>) -> Promise<'_> {
        let leaves = self.leaves(paid_at);
        let arrives = self.arrives(&leaves, region);
        Promise { leaves, arrives }
    }

    /// Days from dispatch to arrival, the first and the last. `None` where the shop does not deliver.
    #[must_use]
    pub fn days_on_the_way(&self, region: Option<Region>) -> Option<RangeInclusive<u32>> {
        let is_among = |regions: &[Region]| region.is_some_and(|region| region.is_within_any(regions));
        if is_among(&self.unserved) {
            return None;
        }
        let row = self.transit.iter().find(|row| row.regions.is_empty() || is_among(&row.regions));
        row.map(|row| row.days.clone())
    }
}

fn hours_after(moment: &Zoned, hours: u32) -> Zoned {
    // Hours that pass are what was promised, whether or not clocks are put forward or back in between; a moment that no
    // calendar holds stays where it is.
    moment.checked_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or_else(|_| moment.clone())
}

/// The last second of a day, on the clocks of a moment.
fn end_of(day: Date, like: &Zoned) -> Zoned {
    let end = day.to_datetime(time(23, 59, 59, 0)).to_zoned(like.time_zone().clone());
    end.unwrap_or_else(|_| Timestamp::MAX.to_zoned(like.time_zone().clone()))
}
