//! When an order is due, and whether it is late.

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Order, OrderState};
use crate::region::{self, Region};
use crate::shop::{Arrival, Delivery, Promise, days_between};
use crate::text::Plain;

/// A promise that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// What should have happened.
    pub what: Missed,
    /// The last day on which it should have.
    pub due: Date,
    /// Days since then; none where the hour of a sale season's promise passed today.
    pub days: u32,
}

/// What should have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// It should have left.
    Dispatch,
    /// It should have arrived.
    Arrival,
}

impl Order {
    /// Where it goes, as far as the shop's words name a place.
    #[must_use]
    pub fn destination(&self) -> Option<Region> {
        region::find(Plain::of(self.region.as_deref()?).as_str()).map(|(region, _)| region)
    }

    /// What was promised for an order that is paid and has not left. `None` for all others.
    #[must_use]
    pub fn due<'d>(&self, delivery: &'d Delivery, zone: &TimeZone) -> Option<Promise<'d>> {
        let waits = matches!(self.state, OrderState::Paid | OrderState::AwaitingDispatch);
        let paid_at = self.paid_at.filter(|_| waits)?.to_zoned(zone.clone());
        Some(delivery.promise(&paid_at, self.destination()))
    }

    /// When an order arrives that has left: on the day that the shop's data name, else as long as it takes. `None` for
    /// all others.
    #[must_use]
    pub fn expected(&self, delivery: &Delivery, zone: &TimeZone) -> Option<Arrival> {
        if self.state != OrderState::Dispatched {
            return None;
        }
        let left = || self.dispatched_at.map(|at| at.to_zoned(zone.clone()).date());
        let told = self.expected_on.map(|day| Arrival { from: day, until: day });
        told.or_else(|| delivery.arrives_after(left()?, self.destination()))
    }

    /// By how much it is late, at a moment in the shop's time zone; `None` where it is not.
    #[must_use]
    pub fn late(&self, delivery: &Delivery, now: &Zoned) -> Option<Late> {
        let zone = now.time_zone();
        let late = |what, due: Date| {
            let days = u32::try_from(days_between(due, now.date())).ok()?;
            Some(Late { what, due, days })
        };
        if let Some(promise) = self.due(delivery, zone) {
            return (*now > promise.leaves.by).then(|| late(Missed::Dispatch, promise.leaves.day))?;
        }
        let until = self.expected(delivery, zone)?.until;
        (now.date() > until).then(|| late(Missed::Arrival, until))?
    }
}
