use std::collections::BTreeMap;

use serde::Serialize;

use super::change::{Kind, Side};
use crate::reply::Reply;

/// A message on record that two catalogues decided about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Said {
    /// The line of the file where it stands first.
    pub line: usize,
    /// How often it was said.
    pub times: usize,
    /// Its text, personal data masked.
    pub message: String,
    /// What was said right before it, masked too: a short reply is decided by it.
    pub after: Option<String>,
}

/// A message whose decision changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The message.
    #[serde(flatten)]
    pub said: Said,
    /// Before.
    pub old: Side,
    /// After.
    pub new: Side,
}

/// The changes of one kind, most frequent messages first, then those that the new decision is surest of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The kind.
    pub kind: Kind,
    /// How many messages, repetitions counted.
    pub messages: usize,
    /// Each different one.
    pub changes: Vec<Change>,
}

/// How many messages a reply is about an intent for, where that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// The intent.
    pub intent: String,
    /// Before.
    pub old: usize,
    /// After.
    pub new: usize,
}

/// Whether the changes stay within the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// At most as many as allowed.
    Within,
    /// More.
    Over,
    /// No budget was given.
    NoBudget,
}

/// What a change of the catalogue changes on a file of messages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Messages, repetitions counted.
    pub messages: usize,
    /// Different ones.
    pub different: usize,
    /// Messages whose decision changed, repetitions counted.
    pub changed: usize,
    /// Their share.
    pub share: f64,
    /// The share that may change.
    pub max_changed: Option<f64>,
    /// Whether it stayed within.
    pub verdict: Verdict,
    /// The changes by kind, the worst kind first.
    pub groups: Vec<Group>,
    /// Intents that replies are now about more or less often, the largest change first.
    pub intents: Vec<Shift>,
}

/// Collects decisions; may be filled in parts.
#[derive(Debug, Default)]
pub struct Tally {
    messages: usize,
    different: usize,
    changes: BTreeMap<Kind, Vec<Change>>,
    /// Messages that replies are about an intent for, before and after.
    intents: BTreeMap<String, (usize, usize)>,
}

impl Tally {
    /// Adds what was decided about a message; only changes ask who said what.
    pub fn add(&mut self, times: usize, old: &Reply, new: &Reply, said: impl FnOnce() -> Said) {
        self.add_sides(times, Side::of(old), Side::of(new), said);
    }

    fn add_sides(&mut self, times: usize, old: Side, new: Side, said: impl FnOnce() -> Said) {
        self.messages += times;
        self.different += 1;
        for intent in &old.intents {
            self.intents.entry(intent.clone()).or_default().0 += times;
        }
        for intent in &new.intents {
            self.intents.entry(intent.clone()).or_default().1 += times;
        }
        if let Some(kind) = Kind::of(&old, &new) {
            self.changes.entry(kind).or_default().push(Change { said: said(), old, new });
        }
    }

    /// Adds what another one collected on other messages.
    pub fn merge(&mut self, other: Self) {
        self.messages += other.messages;
        self.different += other.different;
        for (kind, changes) in other.changes {
            self.changes.entry(kind).or_default().extend(changes);
        }
        for (intent, (old, new)) in other.intents {
            let own = self.intents.entry(intent).or_default();
            *own = (own.0 + old, own.1 + new);
        }
    }

    /// Orders what was collected and compares it with the share of messages that may change.
    #[must_use]
    pub fn compare(self, max_changed: Option<f64>) -> Comparison {
        let groups: Vec<Group> = self.changes.into_iter().map(|(kind, changes)| group(kind, changes)).collect();
        let changed = groups.iter().map(|group| group.messages).sum();
        let share = share(changed, self.messages);
        let shifts = self.intents.into_iter().filter(|(_, (old, new))| old != new);
        let mut intents: Vec<Shift> = shifts.map(|(intent, (old, new))| Shift { intent, old, new }).collect();
        intents.sort_by_key(|shift| std::cmp::Reverse(shift.old.abs_diff(shift.new)));
        let verdict = match max_changed {
            None => Verdict::NoBudget,
            Some(most) if share > most => Verdict::Over,
            Some(_) => Verdict::Within,
        };
        let (messages, different) = (self.messages, self.different);
        Comparison { messages, different, changed, share, max_changed, verdict, groups, intents }
    }
}

fn group(kind: Kind, mut changes: Vec<Change>) -> Group {
    changes.sort_by(|a, b| {
        let by_times = b.said.times.cmp(&a.said.times);
        by_times.then(b.new.score.total_cmp(&a.new.score)).then_with(|| a.said.cmp(&b.said))
    });
    Group { kind, messages: changes.iter().map(|change| change.said.times).sum(), changes }
}

#[expect(clippy::cast_precision_loss, reason = "messages in a file")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::DecisionKind;

    fn side(intent: &str, score: f32, says: &str) -> Side {
        Side {
            decision: DecisionKind::Answer,
            because: "answered".into(),
            detail: format!("{intent}/general {score:.2}"),
            intents: vec![intent.into()],
            choices: Vec::new(),
            score,
            queue: None,
            level: None,
            says: Some(says.into()),
        }
    }

    /// Messages of a file in two parts, as two threads would fill them.
    fn tally() -> Tally {
        let mut parts = [Tally::default(), Tally::default()];
        for (line, times, old, new) in [
            (1, 1, side("stock", 0.9, "有"), side("stock", 0.9, "没有")),
            (2, 90, side("stock", 0.9, "有"), side("stock", 0.8, "有")),
            (3, 1, side("stock", 0.9, "有"), side("price", 0.7, "9 元")),
            (4, 1, side("stock", 0.9, "有"), side("price", 0.8, "9 元")),
            (5, 7, side("stock", 0.9, "有"), side("price", 0.6, "9 元")),
        ] {
            let said = || Said { line, times, message: format!("{line}"), after: None };
            parts[line % 2].add_sides(times, old, new, said);
        }
        let [mut first, second] = parts;
        first.merge(second);
        first
    }

    #[test]
    fn worst_and_most_frequent_first() {
        let comparison = tally().compare(None);
        assert_eq!((comparison.messages, comparison.different, comparison.changed), (100, 5, 10));
        let lines = comparison.groups.iter().map(|group| {
            let lines: Vec<usize> = group.changes.iter().map(|change| change.said.line).collect();
            (group.kind, group.messages, lines)
        });
        let expected = [(Kind::OtherIntent, 9, vec![5, 4, 3]), (Kind::OtherWording, 1, vec![1])];
        assert_eq!(lines.collect::<Vec<_>>(), expected);
        let shift = |intent: &str, old, new| Shift { intent: intent.into(), old, new };
        assert_eq!(comparison.intents, [shift("price", 0, 9), shift("stock", 100, 91)]);
    }

    #[test]
    fn the_budget_is_a_share_of_all_messages() {
        for (budget, verdict) in [
            (None, Verdict::NoBudget),
            (Some(0.0), Verdict::Over),
            (Some(0.099), Verdict::Over),
            (Some(0.1), Verdict::Within),
            (Some(1.0), Verdict::Within),
        ] {
            assert_eq!(tally().compare(budget).verdict, verdict, "{budget:?}");
        }
        assert_eq!(Tally::default().compare(Some(0.0)).verdict, Verdict::Within);
    }
}
