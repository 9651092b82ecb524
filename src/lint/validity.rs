//! Answers that hold on some days: past, on top of each other, or with a gap between.

use jiff::civil::Date;

use crate::yaml::{Document, Findings};

/// An answer with days, and the condition that it shares with others.
struct Window {
    pointer: String,
    when: String,
    from: Option<Date>,
    until: Option<Date>,
    dated: bool,
}

pub(super) fn check(document: &Document, today: Date, findings: &mut Findings) {
    let windows: Vec<Window> =
        document.children("/answers").into_iter().map(|answer| window(document, answer)).collect();
    for window in &windows {
        if let Some(until) = window.until.filter(|until| *until < today) {
            let place = document.place(&format!("{}/valid", window.pointer));
            findings.warn(&document.file, place, "expired", format!("was given until {until}; remove it or renew it"));
        }
    }
    for (at, first) in windows.iter().enumerate().filter(|(_, window)| window.dated) {
        let later = windows[at + 1..].iter().filter(|other| other.when == first.when);
        for second in later.clone().filter(|other| other.dated) {
            let place = document.place(&format!("{}/valid", second.pointer));
            let (a, b) = if first.from <= second.from { (first, second) } else { (second, first) };
            match (a.until, b.from) {
                (Some(end), Some(start)) if end < start => {
                    let covered = windows.iter().any(|other| !other.dated && other.when == first.when);
                    if !covered && end.tomorrow().is_ok_and(|next| next < start) {
                        let message = format!("between {end} and {start} neither this answer nor the other is given");
                        findings.warn(&document.file, place, "validity-gap", message);
                    }
                }
                _ => {
                    let message = "the same `when` holds on the same days as in an answer above, which is always first";
                    findings.warn(&document.file, place, "overlapping-validity", message);
                }
            }
        }
    }
}

fn window(document: &Document, pointer: String) -> Window {
    let day = |key: &str| document.text(&format!("{pointer}/valid/{key}")).and_then(|day| day.parse().ok());
    let when = document.value(&format!("{pointer}/when")).map(ToString::to_string).unwrap_or_default();
    let (from, until) = (day("from"), day("until"));
    Window { when, from, until, dated: from.is_some() || until.is_some(), pointer }
}
