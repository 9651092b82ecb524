//! A comparison as plain text.

use super::change::{Kind, Side};
use super::comparison::{Change, Comparison, Shift, Verdict};
use crate::reply::DecisionKind;

/// Characters of a message that are shown.
const MESSAGE_WIDTH: usize = 60;

/// Characters shown before and from the place where two texts part.
const BEFORE_PARTING: usize = 10;
const FROM_PARTING: usize = 40;

/// Intents listed at most that gained, and that lost; JSON has all.
const SHIFTS: usize = 5;

/// Writes a comparison for a terminal, with at most `show` messages of each kind.
#[must_use]
pub fn render_text(comparison: &Comparison, show: usize) -> String {
    let mut lines = vec![headline(comparison)];
    for group in &comparison.groups {
        let (name, count) = (group.kind.id().replace('_', " "), number(group.messages));
        lines.extend([String::new(), format!("{name:<21}{count:>6}   {}", group.kind.meaning())]);
        for change in group.changes.iter().take(show) {
            lines.extend(changed(group.kind, change));
        }
        if group.changes.len() > show {
            lines.push(format!("     and {} more", number(group.changes.len() - show)));
        }
    }
    lines.extend(shifts(&comparison.intents));
    lines.join("\n")
}

/// `2,000 messages: 31 changed (1.6 %), budget 2 %: within`.
fn headline(comparison: &Comparison) -> String {
    let Comparison { messages, changed, share, .. } = comparison;
    let noun = if *messages == 1 { "message" } else { "messages" };
    let mut line = format!("{} {noun}: {} changed ({})", number(*messages), number(*changed), percent(*share));
    if let Some(budget) = comparison.max_changed {
        let verdict = if comparison.verdict == Verdict::Over { "over" } else { "within" };
        line.push_str(&format!(", budget {}: {verdict}", percent(budget).replace(".0 ", " ")));
    }
    line
}

fn changed(kind: Kind, change: &Change) -> Vec<String> {
    let said = &change.said;
    let times = if said.times == 1 { String::new() } else { format!("{} × ", number(said.times)) };
    let one_line = |text: &str| shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "), MESSAGE_WIDTH);
    let mut lines = vec![format!("  line {:<6} {times}{}", said.line, one_line(&said.message))];
    if let Some(after) = &said.after {
        lines.push(format!("     said after  {}", one_line(after)));
    }
    if kind == Kind::OtherWording {
        lines.push(format!("     {}", decided(&change.new)));
        let (old, new) = parting(change.old.says.as_deref(), change.new.says.as_deref());
        lines.extend([format!("       before  {old}"), format!("       after   {new}")]);
    } else {
        lines.push(format!("     {} → {}", decided(&change.old), decided(&change.new)));
    }
    lines
}

/// `answer shipping_fee/general 0.98`, `handoff complaint (complaint 0.93) to complaint, normal`.
fn decided(side: &Side) -> String {
    let why = match side.because.as_str() {
        "answered" => side.detail.clone(),
        because if side.detail.is_empty() => because.to_owned(),
        because => format!("{because} ({})", side.detail),
    };
    let mut out = format!("{} {why}", side.decision.id());
    if let (DecisionKind::Handoff, Some(queue), Some(level)) = (side.decision, &side.queue, side.level) {
        out.push_str(&format!(" to {queue}, {}", format!("{level:?}").to_lowercase()));
    }
    out
}

fn shifts(intents: &[Shift]) -> Vec<String> {
    let mut lines = Vec::new();
    let gained = intents.iter().filter(|shift| shift.new > shift.old).take(SHIFTS);
    let lost = intents.iter().filter(|shift| shift.new < shift.old).take(SHIFTS);
    for (sign, shift) in lost.map(|shift| ('-', shift)).chain(gained.map(|shift| ('+', shift))) {
        let Shift { intent, old, new } = shift;
        let change = format!("{sign}{}", number(old.abs_diff(*new)));
        lines.push(format!("  {intent:<22} {change:>7}   {} → {}", number(*old), number(*new)));
    }
    if !lines.is_empty() {
        let title = "intents               replies about them, before → after";
        lines.splice(0..0, [String::new(), title.to_owned()]);
    }
    lines
}

/// Two texts around the place where they part.
fn parting(old: Option<&str>, new: Option<&str>) -> (String, String) {
    let (old, new) = (old.unwrap_or("(nothing)"), new.unwrap_or("(nothing)"));
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(BEFORE_PARTING);
    let part = |text: &str| {
        let rest: String = text.chars().skip(from).collect();
        format!("{}{}", if from > 0 { "…" } else { "" }, shortened(&rest, BEFORE_PARTING + FROM_PARTING))
    };
    (part(old), part(new))
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// With commas between thousands.
fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1.6 %`; what is little but not nothing is not shown as nothing.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.1 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        for (value, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), shown);
        }
        for (share, shown) in [(0.0, "0.0 %"), (0.0155, "1.6 %"), (0.0001, "0.01 %"), (1.0, "100.0 %")] {
            assert_eq!(percent(share), shown);
        }
    }

    #[test]
    fn texts_are_shown_where_they_part() {
        let shared = "您好，我们由顺丰速运配送，每单 15 元运费，优惠后达到 ";
        let (old, new) = (format!("{shared}199 元免收"), format!("{shared}159 元免收"));
        let (old, new) = parting(Some(&old), Some(&new));
        assert_eq!((old.as_str(), new.as_str()), ("…运费，优惠后达到 199 元免收", "…运费，优惠后达到 159 元免收"));
        assert_eq!(parting(None, Some("好的")), ("(nothing)".to_owned(), "好的".to_owned()));
        let long = "长".repeat(80);
        assert_eq!(parting(Some("短"), Some(&long)).1.chars().count(), BEFORE_PARTING + FROM_PARTING);
    }
}
