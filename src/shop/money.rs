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

    /// Reads `480`, `480.5`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number: f64 = text.parse().ok()?;
        (number.is_finite() && (0.0..=1e8).contains(&number)).then(|| Self::from_yuan(number))
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (yuan, fen) = (self.0.abs() / 100, self.0.abs() % 100);
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
        assert_eq!(Money::parse("12x"), None);
        assert_eq!(Money::parse("inf"), None);
    }
}
