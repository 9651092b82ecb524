//! Broken rules of delivery and returns in the shop file, with every finding that must follow and nothing else.

use super::{Broken, SHOP, WRAP};

/// The small catalogue quotes the shop in its texts; where nothing is left to quote, they are not blamed.
pub(super) const RULES: &[Broken] = &[
    (
        "a time that no day has",
        &[(SHOP, "cut_off: \"16:00\"", "cut_off: \"25:00\"")],
        &[(SHOP, "  cut_off", "bad-time", "`25:00` is not a time of day; write \"16:00\"")],
    ),
    (
        "a time written in another way",
        &[(SHOP, "cut_off: \"16:00\"", "cut_off: 4pm")],
        &[(SHOP, "  cut_off", "bad-time", "`4pm` is not a time of day")],
    ),
    (
        "a place that nobody knows",
        &[(SHOP, "from: 浙江杭州", "from: 月球")],
        &[(SHOP, "  from: 月球", "unknown-region", "unknown region `月球`; allowed: ")],
    ),
    (
        "days that the calendar does not have",
        &[(SHOP, "from: 2026-06-16", "from: 2026-06-31"), (SHOP, "until: 2027-02-11", "until: 2027/2/11")],
        &[
            (SHOP, "2026-06-31", "bad-date", "`2026-06-31` is not a day; write 2026-11-30"),
            (SHOP, "2027/2/11", "bad-date", "`2027/2/11` is not a day"),
        ],
    ),
    (
        "a season that ends before it begins",
        &[(SHOP, "from: 2026-10-31", "from: 2026-11-30")],
        &[(SHOP, "from: 2026-11-30", "bad-date", "`until` (2026-11-11) is before `from` (2026-11-30)")],
    ),
    (
        "seasons that share a day",
        &[(SHOP, "from: 2026-10-31", "from: 2026-06-20")],
        &[(SHOP, "name: { zh: 双11", "overlapping-days", "shares days with 618 (2026-06-16 to 2026-06-20)")],
    ),
    (
        "ranges the wrong way round",
        &[
            (SHOP, "sale_hours: { from: 48, to: 72 }", "sale_hours: { from: 72, to: 48 }"),
            (SHOP, "days: { from: 5, to: 8 }", "days: { from: 8, to: 5 }"),
            (SHOP, "arrive_days: { from: 1, to: 7 }", "arrive_days: { from: 7, to: 1 }"),
        ],
        &[
            (SHOP, "to: 48", "range-order", "`to` (48) must not be below `from` (72)"),
            (SHOP, "to: 5 ", "range-order", "`to` (5) must not be below `from` (8)"),
            (SHOP, "arrive_days", "range-order", "`to` (1) must not be below `from` (7)"),
        ],
    ),
    (
        "regions on the way that are unknown, or come twice",
        &[(SHOP, "[浙江, 江苏, 上海, 安徽]", "[浙江, 月球, 江苏, 西藏]")],
        &[
            (SHOP, "月球", "unknown-region", "unknown region `月球`"),
            (SHOP, "  - { regions: [新疆", "duplicate-id", "`西藏` has days on the way already"),
        ],
    ),
    (
        "no row for all other regions",
        &[(SHOP, "  - { days: { from: 2, to: 4 } }\n", "")],
        &[(SHOP, "  - { regions: [新疆", "transit-rest", "the last row, and no other")],
    ),
    (
        "a row for all others that is not the last",
        &[(SHOP, "regions: [浙江, 江苏, 上海, 安徽], ", "")],
        &[(SHOP, "  - { days: { from: 1, to: 2 } }", "transit-rest", "the last row, and no other")],
    ),
    (
        "exceptions for a category that is not there, and twice for one",
        &[(SHOP, "category: intimate,", "category: intimat,"), (SHOP, "category: custom,", "category: fresh,")],
        &[
            (
                SHOP,
                "category: intimat,",
                "unknown-category",
                "unknown category `intimat`; allowed: appliance, bedding, ",
            ),
            (SHOP, "zh: 生鲜易腐商品", "duplicate-id", "category `fresh` has an exception already"),
        ],
    ),
    (
        "a level that no member has",
        &[(SHOP, "free_for_members: [diamond]", "free_for_members: [platinum]")],
        &[(
            SHOP,
            "free_for_members",
            "unknown-tier",
            "unknown tier `platinum`; allowed: regular, silver, gold, diamond",
        )],
    ),
    (
        "a condition that is not known",
        &[(SHOP, "digital, when: opened", "digital, when: washed")],
        &[(SHOP, "when: washed", "unknown-word", "`washed` is not allowed; allowed: opened")],
    ),
    (
        "a misspelt key beside an unknown queue",
        &[(SHOP, "not_for_timed: true", "not_for_time: true"), (WRAP, "queue: presale", "queue: sales")],
        &[
            (SHOP, "price_protection:", "missing-key", "key `not_for_timed` is missing"),
            (SHOP, "not_for_time:", "unknown-key", "unknown key `not_for_time`; allowed: days, not_for_timed"),
            (WRAP, "queue: sales", "unknown-queue", "sales"),
        ],
    ),
];
