use super::Money;

/// One step of a full reduction: from this amount on, so much off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// Goods from which it applies.
    pub from: Money,
    /// What it takes off.
    pub off: Money,
}

/// A full reduction with rising tiers; the highest reached applies.
#[derive(Debug, Clone)]
pub struct Promotion {
    /// Lowest first.
    pub tiers: Vec<Tier>,
}

/// What a full reduction makes of a basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromotionQuote {
    /// Taken off.
    pub off: Money,
    /// Left to pay.
    pub pays: Money,
    /// The next tier, if there is one.
    pub next: Option<NextTier>,
}

/// One step more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextTier {
    /// Where it begins.
    pub from: Money,
    /// Goods missing to it.
    pub missing: Money,
    /// How much more it takes off than the tier reached now.
    pub extra: Money,
}

impl Promotion {
    /// The sum for a basket of goods.
    #[must_use]
    pub fn quote(&self, goods: Money) -> PromotionQuote {
        let off = self.tiers.iter().rfind(|tier| tier.from <= goods).map_or(Money::default(), |tier| tier.off);
        let next = self.tiers.iter().find(|tier| tier.from > goods).map(|tier| NextTier {
            from: tier.from,
            missing: tier.from - goods,
            extra: tier.off - off,
        });
        PromotionQuote { off, pays: goods - off, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_480_reaching_500_saves_70_more() {
        let yuan = Money::from_yuan;
        let tier = |from, off| Tier { from: yuan(from), off: yuan(off) };
        let promotion = Promotion { tiers: vec![tier(300.0, 50.0), tier(500.0, 120.0), tier(800.0, 200.0)] };
        let quote = promotion.quote(yuan(480.0));
        assert_eq!((quote.off, quote.pays), (yuan(50.0), yuan(430.0)));
        let next = quote.next.unwrap();
        assert_eq!((next.from, next.missing, next.extra), (yuan(500.0), yuan(20.0), yuan(70.0)));
        assert_eq!(promotion.quote(yuan(100.0)).off, Money::default());
        assert_eq!(promotion.quote(yuan(900.0)).next, None);
    }
}
