use super::Money;
use crate::region::Region;

/// Outbound shipping: one fee an order, free from an amount, remote regions dearer and never free.
#[derive(Debug, Clone)]
pub struct Shipping {
    /// For an order.
    pub fee: Money,
    /// Goods after discounts from which shipping is free.
    pub free_from: Money,
    /// On top of the fee in remote regions.
    pub surcharge: Money,
    /// Regions that pay the surcharge and never ship free.
    pub remote: Vec<Region>,
    /// Regions without delivery.
    pub unserved: Vec<Region>,
}

/// What an order pays for shipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShippingQuote {
    /// What is to be paid; without an amount, the fee below the threshold.
    pub fee: Money,
    /// Missing to free shipping; zero when reached or out of reach.
    pub missing: Money,
    /// Nothing is to be paid.
    pub is_free: bool,
    /// The region is remote.
    pub is_remote: bool,
    /// The region is not served.
    pub is_unserved: bool,
}

impl Shipping {
    /// The fee for a region (an ordinary one if not told) and an amount of goods after discounts (if told).
    #[must_use]
    pub fn quote(&self, region: Option<Region>, goods: Option<Money>) -> ShippingQuote {
        let is_among = |regions: &[Region]| region.is_some_and(|region| region.is_within_any(regions));
        let (is_remote, is_unserved) = (is_among(&self.remote), is_among(&self.unserved));
        let is_free = !is_remote && !is_unserved && goods.is_some_and(|goods| goods >= self.free_from);
        let fee = match (is_free, is_remote) {
            (true, _) => Money::default(),
            (_, true) => self.fee + self.surcharge,
            _ => self.fee,
        };
        let missing = match goods {
            Some(goods) if !is_free && !is_remote && !is_unserved => self.free_from - goods,
            _ => Money::default(),
        };
        ShippingQuote { fee, missing, is_free, is_remote, is_unserved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::by_name;

    #[test]
    fn quotes_the_default_shop() {
        let yuan = Money::from_yuan;
        let region = |name| by_name(name).unwrap();
        let shipping = Shipping {
            fee: yuan(15.0),
            free_from: yuan(199.0),
            surcharge: yuan(10.0),
            remote: vec![region("新疆")],
            unserved: vec![region("香港")],
        };
        for (place, goods, fee, missing) in [
            (None, None, 15.0, 0.0),
            (Some("浙江"), Some(198.5), 15.0, 0.5),
            (Some("浙江"), Some(199.0), 0.0, 0.0),
            (Some("新疆"), Some(999.0), 25.0, 0.0),
            (Some("新疆"), None, 25.0, 0.0),
        ] {
            let quote = shipping.quote(place.map(region), goods.map(yuan));
            assert_eq!((quote.fee, quote.missing), (yuan(fee), yuan(missing)), "{place:?} {goods:?}");
        }
        assert!(shipping.quote(Some(region("香港")), None).is_unserved);
        assert_eq!(shipping.quote(Some(region("喀什")), None).fee, yuan(25.0), "a city of a remote region");
    }
}
