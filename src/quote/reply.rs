use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::shop::{Money, Quote, Why, Words};

/// A basket worked out: the best combination of promotions, and how it comes to that.
///
/// Sums are texts in yuan without trailing zeros: `"380"`, `"29.9"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuoteReply {
    /// The goods before anything is taken off.
    #[schema(value_type = String)]
    pub goods: Money,
    /// What is taken off them.
    #[schema(value_type = String)]
    pub off: Money,
    /// What is left of them.
    #[schema(value_type = String)]
    pub pays: Money,
    /// Shipping; null where the place was not told.
    pub shipping: Option<QuotedShipping>,
    /// What is to be paid, shipping included where the place was told and is served.
    #[schema(value_type = String)]
    pub total: Money,
    /// The rules used, in their order.
    pub steps: Vec<QuotedStep>,
    /// What comes with the order.
    pub gifts: Vec<QuotedGift>,
    /// Rules not used, or not for all units, in their order, and why.
    pub refused: Vec<QuotedRefusal>,
    /// The cheapest addition that takes more off; null where there is none.
    pub next: Option<NextStep>,
    /// The sum line by line, for people.
    pub lines: Vec<Both>,
    /// Whether every combination was looked at. False only for a shop with very many rules that all go together; then there
    /// may be a better one.
    pub complete: bool,
}

/// A text in Chinese and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the names of languages")]
pub struct Both {
    pub zh: String,
    pub en: String,
}

/// Shipping of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedShipping {
    /// The fee; null where the place is not served.
    #[schema(value_type = Option<String>)]
    pub fee: Option<Money>,
    /// Whether the shop delivers there.
    pub served: bool,
    /// Goods, after what is taken off, missing to free shipping; null where it is free, and where it never is.
    #[schema(value_type = Option<String>)]
    pub missing: Option<Money>,
}

/// A rule used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedStep {
    /// Its id.
    #[schema(examples("full_reduction"))]
    pub rule: String,
    /// Its name.
    pub name: Both,
    /// What it did, such as 满500减120.
    pub terms: Both,
    /// What it took off.
    #[schema(value_type = String)]
    pub off: Money,
    /// What was left of all goods then.
    #[schema(value_type = String)]
    pub left: Money,
    /// The products that it reduced; empty where it is for all goods.
    pub on: Vec<String>,
    /// Units that got it; null where it is not by unit.
    pub units: Option<u32>,
}

/// Something added to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedGift {
    /// The rule that adds it.
    pub rule: String,
    /// What.
    pub name: Both,
    /// How long stocks last.
    pub note: Option<Both>,
}

/// A rule not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuotedRefusal {
    /// Its id.
    pub rule: String,
    /// Its name.
    pub name: Both,
    /// Why.
    pub why: Reason,
    /// The rule used instead: of `not_with`.
    pub with: Option<String>,
    /// Yuan missing to its threshold: of `missing`.
    #[schema(value_type = Option<String>)]
    pub missing: Option<Money>,
    /// Units missing, or beyond the limit: of `missing_units` and `limit`.
    pub units: Option<u32>,
    /// The reason in words.
    pub text: Both,
}

/// Why a rule is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QuotedReason)]
pub enum Reason {
    /// It does not hold at this moment.
    OutsideItsTime,
    /// It is for other levels.
    NotThisLevel,
    /// Its coupon is not held.
    NotHeld,
    /// It is for other goods.
    OtherGoods,
    /// Its threshold is not reached.
    Missing,
    /// It needs more units.
    MissingUnits,
    /// It does not go with a rule that was chosen.
    NotWith,
    /// It was used, but not for all units.
    Limit,
    /// Without it there is less to pay.
    Worse,
}

/// One step more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NextStep {
    /// The rule whose threshold it reaches.
    pub rule: String,
    /// Its name.
    pub name: Both,
    /// The categories that count for it; with `products` all goods if both are empty.
    pub categories: Vec<String>,
    /// The products that count for it.
    pub products: Vec<String>,
    /// The threshold.
    #[schema(value_type = String)]
    pub from: Money,
    /// What is to be added.
    #[schema(value_type = String)]
    pub missing: Money,
    /// How much more is then saved.
    #[schema(value_type = String)]
    pub extra: Money,
    /// What is then to be paid.
    #[schema(value_type = String)]
    pub total: Money,
    /// By how much that differs from `total` of this quote; `-50` is 50 less.
    #[schema(value_type = String)]
    pub change: Money,
}

impl From<&Words> for Both {
    fn from(words: &Words) -> Self {
        Self { zh: words.zh.clone(), en: words.en.clone() }
    }
}

impl QuoteReply {
    pub(super) fn of(quote: &Quote) -> Self {
        let fees = quote.shipping.map(|told| QuotedShipping {
            fee: (!told.is_unserved).then_some(told.fee),
            served: !told.is_unserved,
            missing: (told.missing > Money::default()).then_some(told.missing),
        });
        let steps = quote.steps.iter().map(|step| QuotedStep {
            rule: step.rule.clone(),
            name: Both::from(&step.name),
            terms: Both::from(&step.terms),
            off: step.off,
            left: step.left,
            on: step.on.clone(),
            units: step.units,
        });
        let gifts = quote.gifts.iter().map(|gift| QuotedGift {
            rule: gift.rule.clone(),
            name: Both::from(&gift.name),
            note: gift.stock_note.as_ref().map(Both::from),
        });
        Self {
            goods: quote.goods,
            off: quote.goods - quote.pays,
            pays: quote.pays,
            shipping: fees,
            total: quote.total,
            steps: steps.collect(),
            gifts: gifts.collect(),
            refused: quote.refused.iter().map(|refused| refusal(&refused.rule, &refused.name, &refused.why)).collect(),
            next: quote.next.as_ref().map(|next| NextStep {
                rule: next.rule.clone(),
                name: Both::from(&next.name),
                categories: next.only.categories.clone(),
                products: next.only.products.clone(),
                from: next.from,
                missing: next.missing,
                extra: next.extra,
                total: next.total,
                change: next.change,
            }),
            lines: words::lines(quote).iter().map(Both::from).collect(),
            complete: quote.is_complete,
        }
    }
}

fn refusal(rule: &str, name: &Words, why: &Why) -> QuotedRefusal {
    let mut refusal = QuotedRefusal {
        rule: rule.to_owned(),
        name: Both::from(name),
        why: Reason::Worse,
        with: None,
        missing: None,
        units: None,
        text: Both::from(&words::why(why)),
    };
    refusal.why = match why {
        Why::OutsideItsTime => Reason::OutsideItsTime,
        Why::NotThisLevel => Reason::NotThisLevel,
        Why::NotHeld => Reason::NotHeld,
        Why::OtherGoods => Reason::OtherGoods,
        Why::Missing(missing) => {
            refusal.missing = Some(*missing);
            Reason::Missing
        }
        Why::MissingUnits(units) => {
            refusal.units = Some(*units);
            Reason::MissingUnits
        }
        Why::NotWith { rule, .. } => {
            refusal.with = Some(rule.clone());
            Reason::NotWith
        }
        Why::Limit(units) => {
            refusal.units = Some(*units);
            Reason::Limit
        }
        Why::Worse => Reason::Worse,
    };
    refusal
}
