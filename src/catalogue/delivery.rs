//! When orders leave and arrive, checked.

use jiff::civil::{Date, Time};

use super::raw_delivery::{RawDaysNamed, RawTransit};
use super::raw_shop::RawShop;
use crate::region::{self, Region};
use crate::shop::{Closed, Delivery, NamedDays, Transit};
use crate::text::Plain;
use crate::yaml::{Document, Findings};

/// The rules of dispatch and transit; every problem is a finding. `None` without a place or a time to start from.
pub(super) fn check(
    raw: &RawShop,
    unserved: &[Region],
    document: &Document,
    findings: &mut Findings,
) -> Option<Delivery> {
    let from = region::find(Plain::of(&raw.dispatch.from).as_str()).map(|(region, _)| region);
    if from.is_none() {
        unknown_region(&raw.dispatch.from, "/dispatch/from", document, findings);
    }
    let cut_off = time(&raw.dispatch.cut_off);
    if cut_off.is_none() {
        let message = format!("`{}` is not a time of day; write \"16:00\"", raw.dispatch.cut_off);
        findings.add(&document.file, document.place("/dispatch/cut_off"), "bad-time", message);
    }
    let hours = raw.dispatch.sale_hours;
    rising((hours.from, hours.to), "/dispatch/sale_hours", document, findings);
    let seasons = named_days(&raw.dispatch.seasons, "/dispatch/seasons", document, findings);
    let closed = Closed::new(named_days(&raw.dispatch.closed, "/dispatch/closed", document, findings));
    let transit = transit(&raw.transit, document, findings);
    Some(Delivery {
        from: from?,
        cut_off: cut_off?,
        sale_hours: (hours.from, hours.to),
        seasons,
        closed,
        transit,
        unserved: unserved.to_vec(),
    })
}

/// Regions by name; every unknown one is a finding.
pub(super) fn regions(names: &[String], pointer: &str, document: &Document, findings: &mut Findings) -> Vec<Region> {
    let mut out = Vec::new();
    for (at, name) in names.iter().enumerate() {
        match region::by_name(name) {
            Some(found) => out.push(found),
            None => unknown_region(name, &format!("{pointer}/{at}"), document, findings),
        }
    }
    out
}

/// A range whose second number is not below the first.
pub(super) fn rising((from, to): (u32, u32), pointer: &str, document: &Document, findings: &mut Findings) {
    if to < from {
        let message = format!("`to` ({to}) must not be below `from` ({from})");
        findings.add(&document.file, document.place(&format!("{pointer}/to")), "range-order", message);
    }
}

fn unknown_region(name: &str, pointer: &str, document: &Document, findings: &mut Findings) {
    let message = format!("unknown region `{name}`; allowed: {}", region::names().join("、"));
    findings.add(&document.file, document.place(pointer), "unknown-region", message);
}

/// `16:00`.
fn time(text: &str) -> Option<Time> {
    let fits = text.len() == 5 && text.as_bytes()[2] == b':';
    Time::strptime("%H:%M", text).ok().filter(|_| fits)
}

/// Days in a row with a name. Two that share a day would make it a matter of luck which applies.
fn named_days(raw: &[RawDaysNamed], pointer: &str, document: &Document, findings: &mut Findings) -> Vec<NamedDays> {
    let mut out: Vec<NamedDays> = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        let mut report = |key: &str, code: &'static str, message: String| {
            findings.add(&document.file, document.place(&format!("{pointer}/{at}{key}")), code, message);
        };
        let mut day = |key: &str, text: &str| {
            let day = text.parse::<Date>().ok().filter(|_| text.len() == "2026-11-30".len());
            if day.is_none() {
                report(key, "bad-date", format!("`{text}` is not a day; write 2026-11-30"));
            }
            day
        };
        let (Some(from), Some(until)) = (day("/from", &raw.from), day("/until", &raw.until)) else { continue };
        if until < from {
            report("/until", "bad-date", format!("`until` ({until}) is before `from` ({from})"));
            continue;
        }
        let shares = |other: &&NamedDays| *other.days.start() <= until && from <= *other.days.end();
        if let Some(other) = out.iter().find(shares) {
            let (first, last) = (other.days.start(), other.days.end());
            report("", "overlapping-days", format!("shares days with {} ({first} to {last})", other.en));
        }
        out.push(NamedDays { zh: raw.name.zh.clone(), en: raw.name.en.clone(), days: from..=until });
    }
    out
}

/// Days on the way: rows for regions, each named once, and a last one for all others.
fn transit(raw: &[RawTransit], document: &Document, findings: &mut Findings) -> Vec<Transit> {
    let mut rows: Vec<Transit> = Vec::new();
    for (at, row) in raw.iter().enumerate() {
        let pointer = format!("/transit/{at}");
        rising((row.days.from, row.days.to), &format!("{pointer}/days"), document, findings);
        let regions = regions(&row.regions, &format!("{pointer}/regions"), document, findings);
        let mut named: Vec<Region> = rows.iter().flat_map(|row| row.regions.clone()).collect();
        for (of, name) in row.regions.iter().enumerate() {
            let Some(region) = region::by_name(name) else { continue };
            if named.contains(&region) {
                let (place, message) = (format!("{pointer}/regions/{of}"), "has days on the way already; keep one");
                findings.add(&document.file, document.place(&place), "duplicate-id", format!("`{name}` {message}"));
            }
            named.push(region);
        }
        let is_last = at + 1 == raw.len();
        if row.regions.is_empty() == is_last {
            rows.push(Transit { regions, days: row.days.from..=row.days.to });
        } else {
            let message = "the last row, and no other, stands for all other regions: it has `days` only";
            findings.add(&document.file, document.place(&pointer), "transit-rest", message);
        }
    }
    rows
}

/// Where parcels leave, in words: 浙江杭州, in English "Hangzhou, Zhejiang".
pub(super) fn from(delivery: &Delivery, english: bool) -> String {
    let (place, province) = (delivery.from, delivery.from.province());
    match (place == province, english) {
        (true, _) => place.name(english),
        (_, true) => format!("{}, {}", place.name(true), province.name(true)),
        _ => format!("{}{}", province.name(false), place.name(false)),
    }
}

/// Days with their name: 双11（10月31日至11月11日）, in English "Double 11 (31 Oct to 11 Nov)".
pub(super) fn told(named: &NamedDays, english: bool) -> String {
    let (first, last) = (*named.days.start(), named.until());
    if english {
        format!("{} ({} to {})", named.en, first.strftime("%-d %b"), last.strftime("%-d %b"))
    } else {
        format!("{}（{}至{}）", named.zh, first.strftime("%-m月%-d日"), last.strftime("%-m月%-d日"))
    }
}

/// Days on the way in words: 浙江、江苏 1–2 天；其他地区 2–4 天.
pub(super) fn transit_told(delivery: &Delivery, english: bool) -> String {
    let rows = delivery.transit.iter().map(|row| {
        let (from, to) = (row.days.start(), row.days.end());
        let names: Vec<String> = row.regions.iter().map(|region| region.name(english)).collect();
        match (names.is_empty(), english) {
            (true, true) => format!("elsewhere {from}–{to} days"),
            (true, false) => format!("其他地区 {from}–{to} 天"),
            (false, true) => format!("{} {from}–{to} days", names.join(", ")),
            (false, false) => format!("{} {from}–{to} 天", names.join("、")),
        }
    });
    rows.collect::<Vec<_>>().join(if english { "; " } else { "；" })
}
