use jiff::civil::DateTime;

use crate::calendar::Span;
use crate::shop::Money;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// In English or in Chinese.
    #[must_use]
    pub fn get(&self, english: bool) -> &str {
        if english { &self.en } else { &self.zh }
    }
}

/// One promotion.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: Words,
    /// Other names by which customers call it.
    pub aliases: Vec<String>,
    /// The goods that it counts and reduces.
    pub only: Scope,
    /// When it holds.
    pub when: When,
    /// The levels that it is for; all if empty.
    pub members: Vec<String>,
    /// The kind of coupon that it is, which must be held.
    pub coupon: Option<CouponKind>,
    /// Units of an order that get the offer, at most: for item offers.
    pub limit: Option<u32>,
    /// What is to be said about how long stocks last.
    pub stock_note: Option<Words>,
    /// What it does.
    pub effect: Effect,
    /// On what its threshold is measured.
    pub thresholds_on: ThresholdsOn,
    /// Rules that may not be used in the same order.
    pub not_with: Vec<String>,
    /// Rules above this one: lines that they reduced neither count for this one nor are reduced by it.
    pub not_on: Vec<String>,
}

/// Which goods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Of these categories.
    pub categories: Vec<String>,
    /// And these products.
    pub products: Vec<String>,
}

impl Scope {
    /// Whether these are all goods.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.categories.is_empty() && self.products.is_empty()
    }

    /// Whether goods of this product and category are among them.
    #[must_use]
    pub fn holds(&self, product: Option<&str>, category: Option<&str>) -> bool {
        let among = |names: &[String], name: Option<&str>| {
            name.is_some_and(|name| names.iter().any(|other| other.eq_ignore_ascii_case(name)))
        };
        self.is_all() || among(&self.products, product) || among(&self.categories, category)
    }
}

/// When a rule holds, in the shop's time zone.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// From this second on.
    pub from: Option<DateTime>,
    /// To this second, which still belongs to it.
    pub until: Option<DateTime>,
    /// Hours of every day; all if empty.
    pub times: Vec<Span>,
    /// Days of every month; all if empty.
    pub days_of_month: Vec<i8>,
}

impl When {
    /// Whether an order of this moment has it.
    #[must_use]
    pub fn holds(&self, at: DateTime) -> bool {
        let second = at.with().subsec_nanosecond(0).build().unwrap_or(at);
        let minute = u16::from(at.hour().unsigned_abs()) * 60 + u16::from(at.minute().unsigned_abs());
        self.from.is_none_or(|from| from <= second)
            && self.until.is_none_or(|until| second <= until)
            && (self.times.is_empty() || self.times.iter().any(|span| (span.start()..span.end()).contains(&minute)))
            && (self.days_of_month.is_empty() || self.days_of_month.contains(&at.day()))
    }
}

/// Kinds of coupons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CouponKind {
    /// Of the shop.
    Shop,
    /// Of the platform that the shop is on.
    Platform,
    /// Of the shop, for one category.
    Category,
}

/// On what a threshold is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdsOn {
    /// The goods at what they cost once the item offers are taken off, and nothing else.
    #[default]
    AfterItemOffers,
    /// What is left of them after every rule above.
    WhatIsLeft,
}

/// How parts of a fen are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// What is to be paid is rounded to the nearest fen, half a fen up.
    #[default]
    HalfUp,
    /// What is to be paid is rounded down.
    Down,
}

impl Rounding {
    /// What is paid of a sum, in fen.
    pub(super) fn share(self, fen: i64, pays_percent: u32) -> i64 {
        let half = if self == Self::HalfUp { 50 } else { 0 };
        (fen * i64::from(pays_percent) + half) / 100
    }
}

/// One step of a full reduction: from this amount on, so much off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// Goods from which it applies.
    pub from: Money,
    /// What it takes off.
    pub off: Money,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// An item offer: a unit costs so much, where it costs more.
    Price(Money),
    /// An item offer: every n-th unit pays a share. Units are counted off dearest first.
    Nth {
        /// Which one.
        n: u32,
        /// What it pays.
        pays_percent: u32,
    },
    /// An item offer: after so many units so many more are free. Units are counted off dearest first.
    Buy {
        /// Paid.
        n: u32,
        /// Free.
        free: u32,
    },
    /// A full reduction; the highest tier reached applies, once. Lowest first.
    Tiers(Vec<Tier>),
    /// So much off for each full amount.
    Each {
        /// The amount.
        from: Money,
        /// Off each time.
        off: Money,
        /// Times.
        at_most: Option<u32>,
    },
    /// So much off, once.
    Reduce(Tier),
    /// A share of what is left is to be paid.
    Percent {
        /// The share.
        pays_percent: u32,
        /// Goods from which it applies.
        from: Money,
        /// What it takes off at most.
        at_most: Option<Money>,
    },
    /// As `Percent`, by the customer's level.
    MemberPercent(Vec<(String, u32)>),
    /// Something is added to the order.
    Gift {
        /// Goods from which it is.
        from: Money,
        /// What.
        name: Words,
    },
}

impl Effect {
    /// Whether it changes what units cost, before anything is summed up.
    #[must_use]
    pub fn is_item_offer(&self) -> bool {
        matches!(self, Self::Price(_) | Self::Nth { .. } | Self::Buy { .. })
    }

    /// The sum from which it does anything; zero if it has no threshold.
    pub(super) fn first(&self) -> i64 {
        match self {
            Self::Tiers(tiers) => tiers.first().map_or(0, |tier| tier.from.fen()),
            Self::Each { from, .. } | Self::Percent { from, .. } | Self::Gift { from, .. } => from.fen(),
            Self::Reduce(tier) => tier.from.fen(),
            Self::Price(_) | Self::Nth { .. } | Self::Buy { .. } | Self::MemberPercent(_) => 0,
        }
    }

    /// The sums above one reached from which it takes off more; of a rule for each full amount, the next one.
    pub(super) fn above(&self, reached: i64) -> Vec<i64> {
        let mut sums = match self {
            Self::Tiers(tiers) => tiers.iter().map(|tier| tier.from.fen()).collect(),
            Self::Each { from, at_most, .. } => {
                let times = reached / from.fen().max(1) + 1;
                let is_allowed = at_most.is_none_or(|most| times <= i64::from(most));
                is_allowed.then(|| times.saturating_mul(from.fen())).into_iter().collect()
            }
            Self::Gift { .. } => Vec::new(),
            other => vec![other.first()],
        };
        sums.retain(|sum| *sum > reached);
        sums
    }
}
