//! Opening hours as written, checked; and when a hand-off is due by them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::{SignedDuration, Zoned};

use super::policy::{Clock, Level, Policy};
use super::raw::RawHours;
use crate::calendar::{Calendar, Span};
use crate::yaml::{Document, Findings};

/// When a hand-off must be seen to.
#[derive(Debug, Clone)]
pub struct Due {
    /// A person has answered by then.
    pub respond_at: Zoned,
    /// It is solved by then; open-ended where the level says no hours.
    pub solve_at: Option<Zoned>,
    /// When somebody will be there, where nobody is and the level waits for business hours.
    pub opens_at: Option<Zoned>,
}

impl Policy {
    /// When a hand-off of this level to this queue must be seen to, counted from a moment in the shop's time zone.
    #[must_use]
    pub fn due(&self, level: Level, queue: &str, now: &Zoned) -> Due {
        let times = self.times(level);
        let calendar = self.calendar(queue);
        let after = |hours: u32| {
            let hours = SignedDuration::from_hours(i64::from(hours));
            match times.clock {
                Clock::Wall => now.checked_add(hours).unwrap_or_else(|_| now.clone()),
                Clock::Business => calendar.add_open(now, hours),
            }
        };
        let waits = times.clock == Clock::Business && !calendar.is_open(now);
        Due {
            respond_at: after(times.respond_hours),
            solve_at: times.solve_hours.map(after),
            opens_at: waits.then(|| calendar.opens_at(now)).flatten(),
        }
    }
}

/// The calendar of some hours; every problem is a finding.
pub(super) fn check(raw: &RawHours, (document, pointer): (&Document, &str), findings: &mut Findings) -> Calendar {
    let week = &raw.weekly;
    let days = [
        ("mon", &week.mon),
        ("tue", &week.tue),
        ("wed", &week.wed),
        ("thu", &week.thu),
        ("fri", &week.fri),
        ("sat", &week.sat),
        ("sun", &week.sun),
    ];
    if days.iter().all(|(_, spans)| spans.is_empty()) {
        let message =
            "no day of the week has hours: nobody would ever be there; write for example mon: [\"09:00-22:00\"]";
        findings.add(&document.file, document.place(&format!("{pointer}/weekly")), "never-open", message);
    }
    let weekly = days.map(|(day, raw)| spans(raw, (document, &format!("{pointer}/weekly/{day}")), findings));
    let mut holidays = Vec::new();
    for (at, text) in raw.holidays.iter().enumerate() {
        match range(text) {
            Ok(days) => holidays.push(days),
            Err(message) => {
                let place = document.place(&format!("{pointer}/holidays/{at}"));
                findings.add(&document.file, place, "bad-date", message);
            }
        }
    }
    let mut special = BTreeMap::new();
    for (day, raw) in &raw.special {
        let pointer = format!("{pointer}/special/{}", day.replace('~', "~0").replace('/', "~1"));
        let spans = spans(raw, (document, &pointer), findings);
        match day.parse::<Date>() {
            Ok(day) => {
                special.insert(day, spans);
            }
            Err(_) => findings.add(&document.file, document.place(&pointer), "bad-date", no_day(day)),
        }
    }
    Calendar::new(weekly, holidays, special)
}

/// The spans of one day, none of which may share a minute with another.
fn spans(raw: &[String], (document, pointer): (&Document, &str), findings: &mut Findings) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, text) in raw.iter().enumerate() {
        let mut report = |code: &'static str, message: String| {
            findings.add(&document.file, document.place(&format!("{pointer}/{at}")), code, message);
        };
        match text.parse::<Span>() {
            Ok(span) => {
                if let Some(other) = spans.iter().find(|other| other.overlaps(span)) {
                    report("overlapping-hours", format!("`{span}` overlaps `{other}`; make them one"));
                }
                spans.push(span);
            }
            Err(error) => report("bad-time", error.to_string()),
        }
    }
    spans
}

/// `2026-10-01..2026-10-07`, or one day.
fn range(text: &str) -> Result<RangeInclusive<Date>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let day = |text: &str| text.trim().parse::<Date>().map_err(|_| no_day(text));
    let (first, last) = (day(first)?, day(last)?);
    if first <= last { Ok(first..=last) } else { Err(format!("`{text}` ends before it starts")) }
}

fn no_day(text: &str) -> String {
    format!("`{text}` is not a day; write 2026-11-30, and several in a row as 2026-10-01..2026-10-07")
}
