//! Every rule has a page, under `docs/lint/`, and this table of them.

/// Rules of the lint: what a catalogue loads with, and what may be allowed in one place.
const LINT: [(&str, &str); 26] = [
    ("vague-word", include_str!("../../docs/lint/vague-word.md")),
    ("empty-promise", include_str!("../../docs/lint/empty-promise.md")),
    ("blame", include_str!("../../docs/lint/blame.md")),
    ("command", include_str!("../../docs/lint/command.md")),
    ("rhetorical-question", include_str!("../../docs/lint/rhetorical-question.md")),
    ("informal-you", include_str!("../../docs/lint/informal-you.md")),
    ("refusal-without-apology", include_str!("../../docs/lint/refusal-without-apology.md")),
    ("too-familiar", include_str!("../../docs/lint/too-familiar.md")),
    ("internal-term", include_str!("../../docs/lint/internal-term.md")),
    ("too-many-emoji", include_str!("../../docs/lint/too-many-emoji.md")),
    ("long-answer", include_str!("../../docs/lint/long-answer.md")),
    ("claimed-action", include_str!("../../docs/lint/claimed-action.md")),
    ("wrong-language", include_str!("../../docs/lint/wrong-language.md")),
    ("personal-data", include_str!("../../docs/lint/personal-data.md")),
    ("thin-examples", include_str!("../../docs/lint/thin-examples.md")),
    ("uniform-examples", include_str!("../../docs/lint/uniform-examples.md")),
    ("near-duplicate", include_str!("../../docs/lint/near-duplicate.md")),
    ("nearer-elsewhere", include_str!("../../docs/lint/nearer-elsewhere.md")),
    ("unused-slot", include_str!("../../docs/lint/unused-slot.md")),
    ("untested", include_str!("../../docs/lint/untested.md")),
    ("expired", include_str!("../../docs/lint/expired.md")),
    ("overlapping-validity", include_str!("../../docs/lint/overlapping-validity.md")),
    ("validity-gap", include_str!("../../docs/lint/validity-gap.md")),
    ("contradicts-shop", include_str!("../../docs/lint/contradicts-shop.md")),
    ("bad-allow", include_str!("../../docs/lint/bad-allow.md")),
    ("unused-allow", include_str!("../../docs/lint/unused-allow.md")),
];

/// Checks without which a catalogue or configuration does not load.
const SHAPE: [(&str, &str); 43] = [
    ("bad-address", include_str!("../../docs/lint/bad-address.md")),
    ("bad-amount", include_str!("../../docs/lint/bad-amount.md")),
    ("bad-date", include_str!("../../docs/lint/bad-date.md")),
    ("bad-pattern", include_str!("../../docs/lint/bad-pattern.md")),
    ("bad-template", include_str!("../../docs/lint/bad-template.md")),
    ("bad-time", include_str!("../../docs/lint/bad-time.md")),
    ("bad-time-zone", include_str!("../../docs/lint/bad-time-zone.md")),
    ("duplicate-example", include_str!("../../docs/lint/duplicate-example.md")),
    ("duplicate-id", include_str!("../../docs/lint/duplicate-id.md")),
    ("duplicate-key", include_str!("../../docs/lint/duplicate-key.md")),
    ("duplicate-title", include_str!("../../docs/lint/duplicate-title.md")),
    ("empty", include_str!("../../docs/lint/empty.md")),
    ("file-name", include_str!("../../docs/lint/file-name.md")),
    ("idle-key", include_str!("../../docs/lint/idle-key.md")),
    ("missing-key", include_str!("../../docs/lint/missing-key.md")),
    ("missing-slot", include_str!("../../docs/lint/missing-slot.md")),
    ("never-open", include_str!("../../docs/lint/never-open.md")),
    ("no-default-answer", include_str!("../../docs/lint/no-default-answer.md")),
    ("overlapping-days", include_str!("../../docs/lint/overlapping-days.md")),
    ("one-effect", include_str!("../../docs/lint/one-effect.md")),
    ("overlapping-hours", include_str!("../../docs/lint/overlapping-hours.md")),
    ("pattern-test", include_str!("../../docs/lint/pattern-test.md")),
    ("range-order", include_str!("../../docs/lint/range-order.md")),
    ("reserved-id", include_str!("../../docs/lint/reserved-id.md")),
    ("rule-order", include_str!("../../docs/lint/rule-order.md")),
    ("schema", include_str!("../../docs/lint/schema.md")),
    ("threshold-order", include_str!("../../docs/lint/threshold-order.md")),
    ("tier-order", include_str!("../../docs/lint/tier-order.md")),
    ("too-few", include_str!("../../docs/lint/too-few.md")),
    ("too-many", include_str!("../../docs/lint/too-many.md")),
    ("transit-rest", include_str!("../../docs/lint/transit-rest.md")),
    ("unknown-category", include_str!("../../docs/lint/unknown-category.md")),
    ("unknown-intent", include_str!("../../docs/lint/unknown-intent.md")),
    ("unknown-key", include_str!("../../docs/lint/unknown-key.md")),
    ("unknown-queue", include_str!("../../docs/lint/unknown-queue.md")),
    ("unknown-region", include_str!("../../docs/lint/unknown-region.md")),
    ("unknown-rule", include_str!("../../docs/lint/unknown-rule.md")),
    ("unknown-slot", include_str!("../../docs/lint/unknown-slot.md")),
    ("unknown-tier", include_str!("../../docs/lint/unknown-tier.md")),
    ("unknown-variable", include_str!("../../docs/lint/unknown-variable.md")),
    ("unknown-word", include_str!("../../docs/lint/unknown-word.md")),
    ("unreadable", include_str!("../../docs/lint/unreadable.md")),
    ("yaml", include_str!("../../docs/lint/yaml.md")),
];

/// The codes of all rules.
pub fn codes() -> impl Iterator<Item = &'static str> {
    LINT.iter().chain(&SHAPE).map(|(code, _)| *code)
}

/// The page of a rule, as Markdown: what, why, wrong, right.
#[must_use]
pub fn page(code: &str) -> Option<&'static str> {
    LINT.iter().chain(&SHAPE).find(|(own, _)| *own == code).map(|(_, page)| *page)
}

/// Whether a rule is one of the lint's own.
pub(super) fn is_lint(code: &str) -> bool {
    LINT.iter().any(|(own, _)| *own == code)
}
