//! Broken files, one mistake or a few each, with every finding that must follow and nothing else.

use super::{Broken, CARD, Edit, POLICY, SHOP, WRAP};

/// Files that are no YAML at all, or not of the right shape.
pub(super) const SHAPES: &[Broken] = &[
    (
        "an unknown key",
        &[(WRAP, "queue: presale", "queue: presale\ncolour: red")],
        &[(WRAP, "colour", "unknown-key", "unknown key `colour`; allowed: id, title, queue, siblings")],
    ),
    (
        "a misspelt key is both missing and unknown",
        &[(WRAP, "queue: presale", "queu: presale")],
        &[
            (WRAP, "", "missing-key", "key `queue` is missing"),
            (WRAP, "queu:", "unknown-key", "unknown key `queu`; allowed: "),
        ],
    ),
    (
        "an unknown key of an answer",
        &[(WRAP, "    needs: [region]", "    tone: warm\n    needs: [region]")],
        &[(WRAP, "tone:", "unknown-key", "unknown key `tone`; allowed: id, when, needs, resolves, valid, zh, en")],
    ),
    (
        "an unknown key of a condition",
        &[(WRAP, "when: { acts: [request]", "when: { acts: [request], days: [1]")],
        &[(WRAP, "days: [1]", "unknown-key", "unknown key `days`; allowed: slots, acts, emotions, tiers, tags, flags")],
    ),
    (
        "an unknown key of a near miss",
        &[(WRAP, "belongs: other", "belongs: other, why: none")],
        &[(WRAP, "why: none", "unknown-key", "unknown key `why`; allowed: say, belongs")],
    ),
    (
        "a key given twice",
        &[(WRAP, "siblings: [gift_card]", "siblings: [gift_card]\nqueue: order")],
        &[(WRAP, "queue: order", "duplicate-key", "key `queue` was given before, in line 3")],
    ),
    (
        "a key given twice further in",
        &[(WRAP, "      zh: [寄到哪里呢？]", "      en: [Where?]\n      zh: [寄到哪里呢？]")],
        &[(WRAP, "en: [Where to?]", "duplicate-key", "key `en` was given before")],
    ),
    (
        "an empty list of examples",
        &[(WRAP, "  en:\n    - can you gift wrap it", "  en: []")],
        &[(WRAP, "  en: []", "empty", "must not be empty")],
    ),
    (
        "an empty list of patterns",
        &[(WRAP, "    any:\n      - '礼物(坏|碎)了'", "    any: []")],
        &[(WRAP, "any: []", "empty", "must not be empty")],
    ),
    (
        "no sentence that must not match",
        &[(WRAP, "    passes:\n      - 礼物盒有货吗", "    passes: []")],
        &[(WRAP, "passes: []", "empty", "must not be empty")],
    ),
    ("an empty title", &[(WRAP, "en: Gift wrapping", "en: ''")], &[(WRAP, "en: ''", "empty", "must not be empty")]),
    ("an empty wording", &[(WRAP, "      - 可以一", "      - ''")], &[(WRAP, "- ''", "empty", "must not be empty")]),
    (
        "an empty example",
        &[(WRAP, "    - can you gift wrap it", "    - '  '")],
        &[(WRAP, "- '  '", "empty", "an example must hold text")],
    ),
    (
        "no English title",
        &[(WRAP, ", en: Gift wrapping", "")],
        &[(WRAP, "title:", "missing-key", "key `en` is missing")],
    ),
    (
        "no English answer",
        &[(WRAP, "    en:\n      - \"{{ shop.name }} does\"\n      - yes one\n      - yes two\n", "")],
        &[(WRAP, "- id: general", "missing-key", "key `en` is missing")],
    ),
    (
        "a day that no week has",
        &[(POLICY, "    mon: [\"09:00", "    monday: [\"09:00")],
        &[(POLICY, "    monday:", "unknown-key", "unknown key `monday`; allowed: mon, tue, wed, thu, fri, sat, sun")],
    ),
    (
        "no opening hours",
        &[(POLICY, "\nhours:\n", "\nhour:\n")],
        &[
            (POLICY, "\nthresholds:", "missing-key", "key `hours` is missing"),
            (POLICY, "hour:", "unknown-key", "unknown key `hour`; allowed: thresholds, hours, queues"),
        ],
    ),
    (
        "no Chinese examples",
        &[(WRAP, "  zh:\n    - 能包装成礼物吗\n    - { say: 包装一下要多久, also: [gift_card] }\n", "")],
        &[(WRAP, "examples:", "missing-key", "key `zh` is missing")],
    ),
    (
        "no Chinese question",
        &[(WRAP, "      zh: [寄到哪里呢？]\n", "")],
        &[(WRAP, "ask:", "missing-key", "key `zh` is missing")],
    ),
    ("a number for text", &[(WRAP, "queue: presale", "queue: 7")], &[(WRAP, "queue: 7", "schema", "string")]),
    (
        "text for a list",
        &[(WRAP, "siblings: [gift_card]", "siblings: gift_card")],
        &[(WRAP, "siblings:", "schema", "array")],
    ),
    (
        "an id with a space",
        &[(WRAP, "id: broken_gift", "id: broken gift")],
        &[(WRAP, "id: broken gift", "schema", "broken gift")],
    ),
    (
        "an example of an unknown shape",
        &[(WRAP, "    - can you gift wrap it", "    - { say: can you wrap, with: [a] }")],
        &[(WRAP, "with: [a]", "schema", "")],
    ),
    (
        "a bracket left open",
        &[(WRAP, "siblings: [gift_card]", "siblings: [gift_card")],
        &[(WRAP, "  zh:\n    - 能包装成", "yaml", "expected ',' or ']'")],
    ),
    ("an anchor", &[(WRAP, "queue: presale", "queue: &q presale")], &[(WRAP, "&q", "yaml", "anchors and aliases")]),
    ("a tag", &[(WRAP, "queue: presale", "queue: !str presale")], &[(WRAP, "!str", "yaml", "tags (`!`)")]),
    (
        "a threshold out of range",
        &[(POLICY, "  candidate:", "  candidate: 1.5 #")],
        &[(POLICY, "candidate: 1.5", "schema", "1")],
    ),
    (
        "a level without times",
        &[(POLICY, "    suggestion: {", "    # suggestion: {")],
        &[(POLICY, "  times:", "missing-key", "key `suggestion` is missing")],
    ),
    (
        "a misspelt level is both missing and unknown",
        &[(POLICY, "    suggestion: {", "    whenever: {")],
        &[
            (POLICY, "  times:", "missing-key", "key `suggestion` is missing"),
            (
                POLICY,
                "    whenever: {",
                "unknown-key",
                "unknown key `whenever`; allowed: urgent, serious, normal, suggestion",
            ),
        ],
    ),
    (
        "too few wordings",
        &[(WRAP, "      - 可以二\n", "")],
        &[(WRAP, "    zh:\n      - \"{{ shop.name }}可以包装\"", "too-few", "at least 3 are needed")],
    ),
    (
        "too many wordings",
        &[(WRAP, "      - yes two", "      - yes two\n      - yes three\n      - yes four\n      - yes five")],
        &[(WRAP, "    en:\n      - \"{{ shop.name }} does\"", "too-many", "at most 5 are allowed")],
    ),
    (
        "a shop without a fee",
        &[
            (WRAP, "{{ shop.name }}可以包装", "可以包装"),
            (WRAP, "{{ shop.name }} does", "it does"),
            (SHOP, "\n  fee:", "\n  # fee:"),
        ],
        &[(SHOP, "shipping:\n", "missing-key", "key `fee` is missing")],
    ),
];

/// A policy of the right shape that lacks a text.
pub(super) const NO_APOLOGY: &[Edit] = &[
    (POLICY, "\n  apology:\n    zh: ", "\n  # apology:\n    # zh: "),
    (POLICY, "\n    en: [I'm sorry about the trouble.", "\n    # en: [I'm sorry about the trouble."),
];

/// Files of the right shape that say something wrong.
pub(super) const MEANINGS: &[Broken] = &[
    (
        "an id given twice",
        &[(CARD, "id: gift_card", "id: gift_wrap")],
        &[
            (CARD, "id: gift_wrap", "file-name", "the file must be named after its intent: `gift_wrap.yaml`"),
            (WRAP, "id: gift_wrap\n", "duplicate-id", "intent `gift_wrap` is also defined in `gift_card.yaml`"),
        ],
    ),
    (
        "a file not named after its intent",
        &[(CARD, "id: gift_card", "id: voucher")],
        &[(CARD, "id: voucher", "file-name", "`voucher.yaml`")],
    ),
    (
        "the reserved id",
        &[(CARD, "id: gift_card", "id: other")],
        &[(CARD, "id: other", "file-name", "`other.yaml`"), (CARD, "id: other", "reserved-id", "`other`")],
    ),
    (
        "a template cut off",
        &[(WRAP, "{{ shop.name }}可以包装", "{{ shop.name 可以包装")],
        &[(WRAP, "{{ shop.name 可以包装", "bad-template", "not a template")],
    ),
    (
        "a block never closed",
        &[(WRAP, "- yes one", "- '{% if shop.name %}yes'")],
        &[(WRAP, "{% if", "bad-template", "not a template")],
    ),
    (
        "an unknown variable",
        &[(WRAP, "{{ shop.name }}可以包装", "{{ shop.nam }}可以包装")],
        &[(WRAP, "shop.nam ", "unknown-variable", "unknown variable `shop.nam`; allowed here: shop.carrier, ")],
    ),
    (
        "an unknown group of variables",
        &[(WRAP, "{{ shop.name }}可以包装", "{{ stock }}可以包装")],
        &[(
            WRAP,
            "{{ stock",
            "unknown-variable",
            "unknown variable `stock`; allowed here: delivery.leaves_by, member_day.next, quote.free_from, shop.carrier, ",
        )],
    ),
    (
        "two unknown variables in one text",
        &[(WRAP, "{{ shop.name }}可以包装", "{{ a }}{{ b }}")],
        &[(WRAP, "{{ a }}", "unknown-variable", "`a`"), (WRAP, "{{ a }}", "unknown-variable", "`b`")],
    ),
    (
        "a slot that may be empty",
        &[(WRAP, "{{ shop.name }}可以包装", "{{ slots.region }}可以包装")],
        &[(WRAP, "{{ slots.region }}可以包装", "unknown-variable", "`when.slots` or `needs` must hold the slot")],
    ),
    (
        "another slot than the one that is filled",
        &[(WRAP, "{{ slots.region }}加收", "{{ slots.amount }}加收")],
        &[(WRAP, "slots.amount", "unknown-variable", "unknown variable `slots.amount`; allowed here: slots.region;")],
    ),
    (
        "a fee without region or amount",
        &[(WRAP, "{{ shop.name }}可以包装", "{{ quote.fee }}可以包装")],
        &[(WRAP, "{{ quote.fee }}可以包装", "unknown-variable", "computed from slots")],
    ),
    (
        "a promotion without an amount",
        &[(WRAP, "{{ slots.region }}加收", "{{ promotion.off }}加收")],
        &[(WRAP, "promotion.off", "unknown-variable", "computed from slots")],
    ),
    (
        "the next tier without its flag",
        &[
            (WRAP, "needs: [region]", "needs: [amount]"),
            (WRAP, "  region:\n    ask:", "  amount:\n    ask:"),
            (WRAP, "- 转交一", "- '{{ promotion.pays }}'"),
            (WRAP, "- 转交二", "- '{{ promotion.next_from }}'"),
        ],
        &[(
            WRAP,
            "promotion.next_from",
            "unknown-variable",
            "allowed here: promotion.gifts, promotion.lines, promotion.off, promotion.pays, promotion.total;",
        )],
    ),
    (
        "due times where nobody takes over",
        &[(WRAP, "{{ shop.name }}可以包装", "{{ handoff.respond_by }}包好")],
        &[(WRAP, "handoff.respond_by }}包好", "unknown-variable", "only answers that resolve by `act`")],
    ),
    (
        "a slot in the question for it",
        &[(WRAP, "zh: [寄到哪里呢？]", "zh: ['{{ slots.region }}？']")],
        &[(WRAP, "{{ slots.region }}？", "unknown-variable", "`slots.region`")],
    ),
    (
        "due times in a closing line",
        &[(POLICY, "zh: [不客气，祝您生活愉快！", "zh: ['{{ handoff.respond_by }}'")],
        &[(POLICY, "zh: ['{{ handoff.respond_by }}'", "unknown-variable", "`handoff.respond_by`")],
    ),
    (
        "hours, which texts named before they named times",
        &[
            (WRAP, "- 转交一", "- '{{ handoff.respond_hours }} 小时内'"),
            (WRAP, "- passed one", "- '{{ handoff.opens_at }}'"),
        ],
        &[
            (
                WRAP,
                "respond_hours",
                "unknown-variable",
                "unknown variable `handoff.respond_hours`; allowed here: handoff.respond_by, handoff.solve_by;",
            ),
            (WRAP, "opens_at", "unknown-variable", "unknown variable `handoff.opens_at`"),
        ],
    ),
    (
        "hours that no day has",
        &[
            (POLICY, "    mon: [\"09:00-22:00\"]", "    mon: [\"9-22\"]"),
            (POLICY, "    tue: [\"09:00-22:00\"]", "    tue: [\"18:00-02:00\"]"),
            (POLICY, "    wed: [\"09:00-22:00\"]", "    wed: [\"09:00-13:00\", \"12:00-18:00\", \"18:00-20:00\"]"),
            (POLICY, "  special: {}", "  special: { 2026-10-10: [\"09:00-25:00\"] }"),
        ],
        &[
            (POLICY, "mon: [\"9-22\"]", "bad-time", "`9-22` is not a span of hours; write 09:00-22:00"),
            (
                POLICY,
                "tue: [\"18:00-02:00\"]",
                "bad-time",
                "`18:00-02:00` ends before it starts; write hours over midnight",
            ),
            (POLICY, "12:00-18:00", "overlapping-hours", "`12:00-18:00` overlaps `09:00-13:00`"),
            (POLICY, "  special: { 2026-10-10", "bad-time", "`09:00-25:00`"),
        ],
    ),
    (
        "days off that do not exist",
        &[
            (POLICY, "- 2026-10-01..2026-10-07", "- 2026-10-07..2026-10-01"),
            (POLICY, "- 2027-02-05..2027-02-09", "- 2027-02-29"),
            (POLICY, "  special: {}", "  special: { 10/10/2026: [\"09:00-18:00\"] }"),
        ],
        &[
            (POLICY, "- 2026-10-07..", "bad-date", "`2026-10-07..2026-10-01` ends before it starts"),
            (
                POLICY,
                "- 2027-02-29",
                "bad-date",
                "`2027-02-29` is not a day; write 2026-11-30, and several in a row as ",
            ),
            (POLICY, "10/10/2026", "bad-date", "`10/10/2026` is not a day"),
        ],
    ),
    (
        "a queue that is never open",
        &[(
            POLICY,
            "  presale: { zh: 售前, en: Pre-sales }",
            "  presale: { zh: 售前, en: Pre-sales, hours: { weekly: {} } }",
        )],
        &[(POLICY, "hours: { weekly: {} }", "never-open", "no day of the week has hours")],
    ),
    (
        "choices where none are offered",
        &[(POLICY, "zh: [不客气，祝您生活愉快！", "zh: ['{{ choices }}'")],
        &[(POLICY, "zh: ['{{ choices }}'", "unknown-variable", "`choices`")],
    ),
    (
        "a needed slot that nobody asks for",
        &[(WRAP, "needs: [region]", "needs: [region, order_number]")],
        &[(WRAP, "needs: [region, order_number]", "missing-slot", "`slots.order_number.ask`")],
    ),
    (
        "an unknown queue",
        &[(WRAP, "queue: presale", "queue: sales")],
        &[(WRAP, "queue: sales", "unknown-queue", "unknown queue `sales`; allowed: aftersale, ")],
    ),
    (
        "an unknown queue in the policy",
        &[(POLICY, "sensitive:\n  - queue: complaint", "sensitive:\n  - queue: police")],
        &[(POLICY, "queue: police", "unknown-queue", "unknown queue `police`; allowed: ")],
    ),
    (
        "intents that do not exist, wherever they are named",
        &[
            (WRAP, "siblings: [gift_card]", "siblings: [gift_crad]"),
            (WRAP, "say: 包装一下要多久, also: [gift_card]", "say: 包装一下要多久, also: [voucher]"),
            (WRAP, "belongs: gift_card", "belongs: cards"),
            (WRAP, "expect: gift_wrap }", "expect: wrap }"),
            (WRAP, "expect_not: gift_wrap }", "expect_not: wraps }"),
        ],
        &[
            (WRAP, "gift_crad", "unknown-intent", "unknown intent `gift_crad`; there is no `gift_crad.yaml`"),
            (WRAP, "also: [voucher]", "unknown-intent", "`voucher`"),
            (WRAP, "belongs: cards", "unknown-intent", "`cards`"),
            (WRAP, "expect: wrap }", "unknown-intent", "`wrap`"),
            (WRAP, "expect_not: wraps }", "unknown-intent", "`wraps`"),
        ],
    ),
    (
        "`other` where an intent must stand",
        &[(WRAP, "siblings: [gift_card]", "siblings: [other]")],
        &[(WRAP, "siblings: [other]", "unknown-intent", "`other`")],
    ),
    (
        "an unknown intent in the table of levels",
        &[(POLICY, "intents: [wrong_or_missing,", "intents: [lost,")],
        &[(POLICY, "intents: [lost,", "unknown-intent", "`lost`")],
    ),
    (
        "unknown slots, wherever they are named",
        &[
            (WRAP, "  region:\n    ask:", "  colour:\n    ask:"),
            (WRAP, "slots: [region], flags", "slots: [region, width], flags"),
            (WRAP, "needs: [region]", "needs: [paper]"),
        ],
        &[
            (WRAP, "  colour:", "unknown-slot", "unknown slot `colour`; allowed: region, amount, order_number, "),
            (WRAP, "slots: [region, width]", "unknown-slot", "`width`"),
            (WRAP, "needs: [paper]", "unknown-slot", "`paper`"),
        ],
    ),
    (
        "an order number that is no regular expression",
        &[(SHOP, "number: ^20", "number: ^(20")],
        &[(SHOP, "number: ^(20", "bad-pattern", "not a regular expression")],
    ),
    (
        "an unknown tier",
        &[(WRAP, "tiers: [gold]", "tiers: [gold, platinum]")],
        &[(WRAP, "platinum", "unknown-tier", "unknown tier `platinum`; allowed: diamond, gold, silver")],
    ),
    (
        "bad patterns",
        &[(WRAP, "'^礼品包装[?]?$'", "'^礼品包装([?]?$'"), (WRAP, "'礼物(坏|碎)了'", "'礼物(?=坏)了'")],
        &[
            (WRAP, "'^礼品包装([?]?$'", "bad-pattern", "not a regular expression"),
            (WRAP, "'礼物(?=坏)了'", "bad-pattern", "look-around"),
        ],
    ),
    (
        "a bad pattern of the policy",
        &[(POLICY, "(不想活|想死了算", "(不想活)|想死了算")],
        &[(POLICY, "(不想活)|想死了算", "bad-pattern", "not a regular expression")],
    ),
    (
        "a sentence that must match and does not",
        &[(WRAP, "- 礼物坏了", "- 礼物没了")],
        &[(WRAP, "- 礼物没了", "pattern-test", "`礼物没了` must match rule `broken_gift` but no pattern does")],
    ),
    (
        "a sentence that must not match and does",
        &[(WRAP, "- 礼物盒有货吗", "- 禮物 碎了")],
        &[(WRAP, "- 禮物 碎了", "pattern-test", "`禮物 碎了` must not match rule `broken_gift` but a pattern does")],
    ),
    (
        "sentences of the policy",
        &[
            (POLICY, "hits: [我真的不想活了,", "hits: [我真的不想睡了,"),
            (POLICY, "passes: [垃圾袋有货吗,", "passes: [垃圾店有货吗,"),
        ],
        &[
            (POLICY, "我真的不想睡了", "pattern-test", "must match rule `self_harm`"),
            (POLICY, "垃圾店有货吗", "pattern-test", "must not match rule `trigger_words`"),
        ],
    ),
    (
        "the same example in two intents",
        &[(CARD, "关于gift_card的事", "能包装成礼物吗")],
        &[(
            WRAP,
            "- 能包装成礼物吗",
            "duplicate-example",
            "is the same, once normalised, as gift_card.yaml:5; keep one",
        )],
    ),
    (
        "the same example in traditional script",
        &[(CARD, "关于gift_card的事", "能包裝成禮物嗎")],
        &[(WRAP, "- 能包装成礼物吗", "duplicate-example", "gift_card.yaml:5")],
    ),
    (
        "the same example in full width and capitals",
        &[(CARD, "[about gift_card]", "[Ｃａｎ  you ＧＩＦＴ wrap IT]")],
        &[(WRAP, "- can you gift wrap it", "duplicate-example", "gift_card.yaml:6")],
    ),
    (
        "the same example twice in one intent",
        &[(WRAP, "- can you gift wrap it", "- can you gift wrap it\n    - Can you gift  wrap it")],
        &[(WRAP, "- Can you gift  wrap it", "duplicate-example", "gift_wrap.yaml:11")],
    ),
    (
        "no answer without a condition",
        &[(
            WRAP,
            "  - id: general\n    resolves: inform",
            "  - id: general\n    when: { acts: [ask] }\n    resolves: inform",
        )],
        &[(WRAP, "- id: general", "no-default-answer", "the last answer must have no `when`")],
    ),
    (
        "a last answer that ends",
        &[(
            WRAP,
            "  - id: general\n    resolves: inform",
            "  - id: general\n    valid: { until: 2026-11-30 }\n    resolves: inform",
        )],
        &[(WRAP, "- id: general", "no-default-answer", "the last answer must have no `when`")],
    ),
    (
        "days that do not exist",
        &[(WRAP, "{ from: 2026-11-01, until: 2026-11-12 }", "{ from: 2026-11-31, until: 12.11.2026 }")],
        &[
            (WRAP, "from: 2026-11-31", "bad-date", "`2026-11-31` is not a day; write 2026-11-30"),
            (WRAP, "from: 2026-11-31", "bad-date", "`12.11.2026` is not a day"),
        ],
    ),
    (
        "days in the wrong order",
        &[(WRAP, "{ from: 2026-11-01, until: 2026-11-12 }", "{ from: 2026-11-12, until: 2026-11-01 }")],
        &[(WRAP, "valid: ", "bad-date", "`from` is after `until`")],
    ),
    (
        "thresholds in the wrong order",
        &[(POLICY, "  notice_upset:", "  notice_upset: 0.99 #")],
        &[(POLICY, "notice_upset: 0.99", "threshold-order", "`notice_upset` must not be above `handoff_upset`")],
    ),
    (
        "an unknown text",
        &[(POLICY, "\n  closing:\n", "\n  goodbye:\n    zh: [再见]\n    en: [bye]\n  closing:\n")],
        &[(
            POLICY,
            "  goodbye:",
            "unknown-key",
            "unknown text `goodbye`; allowed: handoff_user_request, handoff_upset, ",
        )],
    ),
    ("a text left out", NO_APOLOGY, &[(POLICY, "\ntexts:\n", "missing-key", "text `apology` is missing")]),
    (
        "tiers that do not rise",
        &[(SHOP, "- { from: 500, off: 120 }", "- { from: 500, off: 40 }")],
        &[(SHOP, "from: 500, off: 40", "tier-order", "tiers must rise, in `from` and in `off`")],
    ),
    (
        "tiers in the wrong order, and one that gives all away",
        &[
            (SHOP, "- { from: 300, off: 50 }", "- { from: 600, off: 50 }"),
            (SHOP, "- { from: 800, off: 200 }", "- { from: 800, off: 800 }"),
        ],
        &[
            (SHOP, "{ from: 500, off: 120 }", "tier-order", "tiers must rise"),
            (SHOP, "off: 800", "tier-order", "`off` must be below `from` (800)"),
        ],
    ),
    (
        "a rule that does two things, and one that does nothing",
        &[
            (SHOP, "      buy: { n: 2, free: 1 }", "      buy: { n: 2, free: 1 }\n      percent: { pays_percent: 90 }"),
            (SHOP, "      nth: { n: 2, pays_percent: 50 }\n", ""),
        ],
        &[
            (SHOP, "- id: towel_half", "one-effect", "found: none"),
            (
                SHOP,
                "- id: detergent_3for2",
                "one-effect",
                "allowed: one of price, nth, buy, tiers, each, reduce, percent, ",
            ),
        ],
    ),
    (
        "an item offer below the full reduction",
        &[(SHOP, "      reduce: { off: 20, from: 200 }", "      nth: { n: 2, pays_percent: 50 }")],
        &[(SHOP, "- id: shop_coupon", "rule-order", "it must stand above `bedding_coupon`")],
    ),
    (
        "rules that do not exist, and one that stands below",
        &[
            (SHOP, "      coupon: shop\n", "      coupon: shop\n      not_with: [platform_cupon]\n"),
            (SHOP, "      coupon: platform\n", "      coupon: platform\n      not_on: [member]\n"),
            (SHOP, "at_most_one: [bedding_coupon,", "at_most_one: [beding_coupon,"),
        ],
        &[
            (SHOP, "not_with: [platform_cupon]", "unknown-rule", "did you mean `platform_coupon`?"),
            (SHOP, "not_on: [member]", "rule-order", "`member` does not stand above `platform_coupon`"),
            (
                SHOP,
                "at_most_one: [beding",
                "unknown-rule",
                "unknown rule `beding_coupon`; allowed: flash, towel_half, ",
            ),
        ],
    ),
    (
        "one id and one name twice",
        &[(SHOP, "- id: towel_half", "- id: flash"), (SHOP, "aliases: [买二送一,", "aliases: [秒杀,")],
        &[
            (SHOP, "- id: flash\n      name: { zh: 毛巾", "duplicate-id", "a rule above has the id `flash`"),
            (SHOP, "aliases: [秒杀, 买2送1", "duplicate-title", "`秒杀` is also a name of the rule `flash`"),
        ],
    ),
    (
        "moments and times that are none",
        &[
            (SHOP, "  until: 2026-12-31 23:59:59", "  until: 2025-12-31"),
            (SHOP, "[\"10:00-12:00\", \"14:00-16:00\", \"20:00-22:00\"]", "[\"10:00-15:00\", \"14:00-16:00\"]"),
            (
                SHOP,
                "      nth: { n: 2, pays_percent: 50 }",
                "      from: 2026/05/01\n      nth: { n: 2, pays_percent: 50 }",
            ),
            (
                SHOP,
                "      buy: { n: 2, free: 1 }",
                "      from: 2026-03-01\n      until: 2026-02-01\n      buy: { n: 2, free: 1 }",
            ),
        ],
        &[
            (SHOP, "  until: 2025-12-31", "bad-date", "`until` is before `from`"),
            (SHOP, "times: [\"10:00-15:00", "overlapping-hours", "`14:00-16:00` overlaps `10:00-15:00`"),
            (SHOP, "      from: 2026/05/01", "bad-date", "`2026/05/01` is no moment; write 2026-11-30 20:00:00"),
            (SHOP, "- id: detergent_3for2", "bad-date", "`until` of `detergent_3for2` is before its `from`"),
        ],
    ),
    (
        "hours over midnight",
        &[(SHOP, "\"20:00-22:00\"]", "\"22:00-02:00\"]")],
        &[(SHOP, "      times: [", "bad-time", "ends before it starts")],
    ),
    (
        "sums, levels and keys that make no sense",
        &[
            (SHOP, "      reduce: { off: 20, from: 200 }", "      limit: 2\n      reduce: { off: 200, from: 200 }"),
            (SHOP, "      price: 249", "      price: 249.005"),
            (SHOP, "      only: { products: [QH-3001] }\n", ""),
            (
                SHOP,
                "      nth: { n: 2, pays_percent: 50 }",
                "      thresholds_on: what_is_left\n      members: [golden]\n      nth: { n: 2, pays_percent: 50 }",
            ),
        ],
        &[
            (SHOP, "- id: flash", "missing-key", "key `only` is missing"),
            (SHOP, "price: 249.005", "bad-amount", "249.005 is no sum of money"),
            (SHOP, "thresholds_on: what_is_left", "idle-key", "have no threshold"),
            (
                SHOP,
                "members: [golden]",
                "unknown-tier",
                "unknown level `golden`; allowed: regular, silver, gold, diamond",
            ),
            (SHOP, "      limit: 2", "idle-key", "any other rule is used once an order"),
            (SHOP, "off: 200, from: 200", "bad-amount", "`off` must be below `from` (200)"),
        ],
    ),
    (
        "an unknown kind of coupon",
        &[(SHOP, "coupon: platform", "coupon: plattform")],
        &[(SHOP, "coupon: plattform", "unknown-word", "allowed: shop, platform, category")],
    ),
    (
        "a share above all",
        &[(SHOP, "gold: 95, diamond", "gold: 195, diamond")],
        &[(SHOP, "gold: 195", "bad-amount", "a level pays 1 to 100 percent")],
    ),
    (
        "unknown regions",
        &[
            (SHOP, "\n    regions: [新疆, 西藏, 海南]", "\n    regions: [新疆, 亚特兰蒂斯]"),
            (SHOP, "unserved: [香港,", "unserved: [月球,"),
        ],
        &[
            (SHOP, "亚特兰蒂斯", "unknown-region", "unknown region `亚特兰蒂斯`; allowed: "),
            (SHOP, "月球", "unknown-region", "unknown region `月球`; allowed: "),
        ],
    ),
    (
        "several files at once",
        &[
            (WRAP, "queue: presale", "queue: sales"),
            (WRAP, "{{ shop.name }}可以包装", "{{ shop.nam }}可以包装"),
            (CARD, "queue: presale", "queue: [presale"),
            (POLICY, "hits: [我真的不想活了,", "hits: [我真的不想睡了,"),
            (SHOP, "off: 120", "off: 40"),
        ],
        &[
            (CARD, "  zh: [关于", "yaml", "expected ',' or ']'"),
            (WRAP, "queue: sales", "unknown-queue", "sales"),
            (WRAP, "shop.nam ", "unknown-variable", "shop.nam"),
            (POLICY, "我真的不想睡了", "pattern-test", "self_harm"),
            (SHOP, "from: 500, off: 40", "tier-order", ""),
        ],
    ),
];

/// Words that are not among those allowed: what it is, the edit, the line, and the message, which names all that
/// are allowed.
pub(super) const VALUES: &[(&str, Edit, &str, &str)] = &[
    (
        "a flag",
        (WRAP, "flags: [remote_region]", "flags: [far_away]"),
        "far_away",
        "`far_away` is not allowed; allowed: remote_region, unserved_region, free_shipping, tier_reached, next_tier",
    ),
    (
        "an act",
        (WRAP, "acts: [request]", "acts: [beg]"),
        "acts: [beg]",
        "`beg` is not allowed; allowed: ask, request, report, chase",
    ),
    (
        "an emotion",
        (WRAP, "emotions: [anxiety]", "emotions: [joy]"),
        "emotions: [joy]",
        "`joy` is not allowed; allowed: neutral, positive, anxiety, disappointment, anger",
    ),
    (
        "a way to resolve",
        (WRAP, "resolves: act", "resolves: wait"),
        "resolves: wait",
        "`wait` is not allowed; allowed: inform, lookup, act",
    ),
    (
        "a risk",
        (WRAP, "queue: presale", "queue: presale\nrisk: medium"),
        "risk: medium",
        "`medium` is not allowed; allowed: low, high",
    ),
    (
        "a decision",
        (WRAP, "expect: gift_wrap }", "expect: gift_wrap, decision: wait }"),
        "decision: wait",
        "`wait` is not allowed; allowed: answer, ask, handoff, silent",
    ),
    (
        "a role",
        (WRAP, "expect_not: gift_wrap }", "history: [{ role: boss, text: a }] }"),
        "role: boss",
        "`boss` is not allowed; allowed: customer, agent, bot",
    ),
    (
        "a clock",
        (
            POLICY,
            "suggestion: { respond_hours: 48, clock: business }",
            "suggestion: { respond_hours: 48, clock: office }",
        ),
        "clock: office",
        "`office` is not allowed; allowed: wall, business",
    ),
    (
        "a level",
        (POLICY, "{ reasons: [sensitive], level: urgent }", "{ reasons: [sensitive], level: red }"),
        "level: red",
        "`red` is not allowed; allowed: suggestion, normal, serious, urgent",
    ),
];
