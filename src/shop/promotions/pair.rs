use super::rule::Words;
use super::{Promotions, Rule};

/// Whether two rules can be used in one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pair {
    /// They can.
    Together,
    /// They can, but on different goods.
    OnOtherGoods,
    /// They cannot.
    Not {
        /// The reason, in words.
        why: Words,
    },
}

impl Promotions {
    /// Whether one rule can be used with another; `None` where one of them does not exist. Whether both hold at the same time
    /// and for the same customer is another question.
    #[must_use]
    pub fn pair(&self, one: &str, other: &str) -> Option<Pair> {
        let place = |id: &str| self.rules.iter().position(|rule| rule.id == id);
        let (one, other) = (place(one)?, place(other)?);
        let [first, second] = [one, other].map(|at| &self.rules[at]);
        if one == other {
            let why = Words {
                zh: format!("每单只能用一次{}", first.name.zh),
                en: format!("{} can be used once an order", first.name.en),
            };
            return Some(Pair::Not { why });
        }
        if self.conflicts[one] >> other & 1 == 1 {
            let why = self.group_of(one, other).map_or_else(|| not_together(first, second), |group| group.name.clone());
            return Some(Pair::Not { why });
        }
        let is_apart = self.avoids[one] >> other & 1 == 1 || self.avoids[other] >> one & 1 == 1;
        Some(if is_apart { Pair::OnOtherGoods } else { Pair::Together })
    }
}

fn not_together(one: &Rule, other: &Rule) -> Words {
    Words {
        zh: format!("{}和{}不能在同一单使用", one.name.zh, other.name.zh),
        en: format!("{} and {} cannot be used in one order", one.name.en, other.name.en),
    }
}
