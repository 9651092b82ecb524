//! What may go back and when the money is there, checked.

use super::delivery::rising;
use super::raw_returns::RawWhen;
use super::raw_shop::RawShop;
use crate::shop::{Category, Closed, Exception, ProtectionRule, Returns};
use crate::yaml::{Document, Findings, did_you_mean};

/// The levels of `members`, and of a customer below them.
const LEVELS: [&str; 4] = ["regular", "silver", "gold", "diamond"];

/// The rules of returns, refunds and price protection; every problem is a finding.
pub(super) fn check(raw: &RawShop, closed: Closed, document: &Document, findings: &mut Findings) -> Returns {
    let mut report = |pointer: &str, code: &'static str, message: String| {
        findings.add(&document.file, document.place(pointer), code, message);
    };
    let known = || raw.categories.keys().map(String::as_str);
    let mut exceptions: Vec<Exception> = Vec::new();
    for (at, exception) in raw.returns.exceptions.iter().enumerate() {
        let (id, pointer) = (&exception.category, format!("/returns/exceptions/{at}/category"));
        if !raw.categories.contains_key(id) {
            let allowed = known().collect::<Vec<_>>().join(", ");
            let message = format!("unknown category `{id}`; allowed: {allowed}{}", did_you_mean(id, known()));
            report(&pointer, "unknown-category", message);
        }
        if exceptions.iter().any(|other| other.category == *id) {
            report(&pointer, "duplicate-id", format!("category `{id}` has an exception already; keep one"));
        }
        exceptions.push(Exception {
            category: id.clone(),
            zh: exception.zh.clone(),
            en: exception.en.clone(),
            once_opened: exception.when == Some(RawWhen::Opened),
        });
    }
    for (at, level) in raw.returns.free_for_members.iter().enumerate() {
        if !LEVELS.contains(&level.as_str()) {
            let message = format!("unknown tier `{level}`; allowed: {}", LEVELS.join(", "));
            report(&format!("/returns/free_for_members/{at}"), "unknown-tier", message);
        }
    }
    let arrive_days = (raw.refund.arrive_days.from, raw.refund.arrive_days.to);
    rising(arrive_days, "/refund/arrive_days", document, findings);
    let categories = raw.categories.iter();
    Returns {
        days: raw.returns.days,
        faulty_days: raw.returns.faulty_days.unwrap_or(raw.returns.days),
        exceptions,
        free_for_members: raw.returns.free_for_members.clone(),
        keep_percent: raw.returns.keep_faulty_percent,
        pay_days: raw.refund.pay_days,
        arrive_days,
        closed,
        protection: ProtectionRule {
            days: raw.price_protection.days,
            not_for_timed: raw.price_protection.not_for_timed,
        },
        categories: categories
            .map(|(id, name)| Category { id: id.clone(), zh: name.zh.clone(), en: name.en.clone() })
            .collect(),
    }
}
