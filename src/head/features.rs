//! Lexical features beside the sentence vector: hashed n-grams of the model text.

/// Buckets that n-grams are hashed into.
pub const BUCKETS: usize = 1 << 14;

/// The longest n-gram, in units.
const LONGEST: usize = 3;

/// The buckets of a text's n-grams, sorted, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lexical(Vec<u16>);

impl Lexical {
    /// Hashes the n-grams (1 to 3) of the model text. A unit is a Chinese character, a word of Latin letters, a typed
    /// token or a sign; the ends of the text count as units of longer n-grams.
    #[must_use]
    pub fn of(model_text: &str) -> Self {
        let mut units = vec!["^"];
        units.extend(split_units(model_text));
        units.push("$");
        let mut buckets = Vec::with_capacity(units.len() * LONGEST);
        for length in 1..=LONGEST {
            for gram in units.windows(length) {
                if length == 1 && matches!(gram, ["^"] | ["$"]) {
                    continue;
                }
                buckets.push(bucket(gram));
            }
        }
        buckets.sort_unstable();
        buckets.dedup();
        Self(buckets)
    }

    /// From stored buckets.
    #[must_use]
    pub(crate) fn from_buckets(buckets: Vec<u16>) -> Self {
        Self(buckets)
    }

    /// The buckets, ascending.
    #[must_use]
    pub fn buckets(&self) -> &[u16] {
        &self.0
    }

    /// The value of each feature, so that the features of a text have length one.
    #[must_use]
    pub fn value(&self) -> f32 {
        if self.0.is_empty() {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let count = self.0.len() as f32;
        count.sqrt().recip()
    }
}

fn split_units(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = if first.is_ascii_alphanumeric() {
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '\'')).unwrap_or(rest.len())
        } else if first == '<' {
            rest.find('>').map_or(1, |end| end + 1)
        } else {
            first.len_utf8()
        };
        let (unit, tail) = rest.split_at(length);
        rest = tail;
        Some(unit)
    })
}

/// FNV-1a over the units, separated.
fn bucket(gram: &[&str]) -> u16 {
    let mut hash: u32 = 0x811c_9dc5;
    for unit in gram {
        for byte in unit.bytes().chain([0x1f]) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    // FNV's low bits are its weakest; fold the high ones in.
    #[expect(clippy::cast_possible_truncation, reason = "masked to the number of buckets")]
    let folded = ((hash >> 16) ^ hash) as u16 & (BUCKETS - 1) as u16;
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_units() {
        let units: Vec<&str> = split_units("到 <order>where's it?😡 a<").collect();
        assert_eq!(units, ["到", "<order>", "where's", "it", "?", "😡", "a", "<"]);
    }

    #[test]
    fn counts_each_once_and_is_stable() {
        let lexical = Lexical::of("好好");
        // 好, ^好, 好好, 好$, ^好好, 好好$
        assert_eq!(lexical.buckets().len(), 6);
        assert_eq!(lexical, Lexical::of("好好"));
        assert!((lexical.value() - 6_f32.sqrt().recip()).abs() < 1e-6);
    }
}
