use std::fmt;
use std::ops::{Add, Sub};

/// A sum of money, in fen; shown in yuan without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(i64);

impl Money {
    /// From yuan, rounded to the fen. Amounts beyond a thousand million yuan are cut to that.
    #[must_use]
    pub fn from_yuan(yuan: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to a range that fits")]
        Self((yuan * 100.0).round().clamp(-1e11, 1e11) as i64)
    }

    /// From fen.
    #[must_use]
    pub const fn from_fen(fen: i64) -> Self {
        Self(fen)
    }

    /// In fen.
    #[must_use]
    pub const fn fen(self) -> i64 {
        self.0
    }

    /// Reads `480`, `480.5`, `480.50`, exactly; `None` for anything else, more than two decimals and sums above a hundred
    /// million included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (yuan, fen) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most: usize| {
            ((1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
        };
        let (yuan, decimals): (i64, i64) = (digits(yuan, 9)?, digits(fen, 2)?);
        let fen = if fen.len() == 1 { decimals * 10 } else { decimals };
        (yuan <= 100_000_000).then_some(Self(yuan * 100 + fen))
    }

    /// What so many cost at this price; the largest sum that there is, if that is more.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(count)))
    }
}

/// Sums end at the largest and the smallest that there are: a wrong price must not stop the program.
impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (yuan, fen) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        match fen {
            0 => write!(f, "{sign}{yuan}"),
            _ if fen % 10 == 0 => write!(f, "{sign}{yuan}.{}", fen / 10),
            _ => write!(f, "{sign}{yuan}.{fen:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_yuan() {
        for (yuan, shown) in [(15.0, "15"), (199.5, "199.5"), (0.05, "0.05"), (-3.2, "-3.2"), (0.0, "0")] {
            assert_eq!(Money::from_yuan(yuan).to_string(), shown);
        }
        for (text, fen) in [("480", 48000), ("480.5", 48050), ("480.05", 48005), ("0.1", 10)] {
            assert_eq!(Money::parse(text), Some(Money::from_fen(fen)), "{text}");
        }
        for text in ["12x", "inf", "", ".", "1.", ".5", "1.234", "-3", "1e3", "999999999999"] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
    }

    #[test]
    fn sums_end_at_the_largest() {
        let [one, largest] = [Money::from_fen(1), Money::from_fen(i64::MAX)];
        assert_eq!((largest + one, largest.times(2)), (largest, largest));
        let smallest = Money::default() - largest - one - one;
        assert_eq!(smallest.to_string(), "-92233720368547758.08");
        assert_eq!(Money::from_fen(2990).times(3), Money::from_fen(8970));
    }
}
