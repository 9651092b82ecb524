//! Lexical features beside the sentence vector: hashed n-grams of the model text, and of the line that it answers.

/// Buckets that n-grams are hashed into: the lower half for the message, the upper for the line before it.
pub const BUCKETS: usize = 1 << 15;

/// Buckets of one half.
const HALF: u16 = (BUCKETS / 2) as u16;

/// How much of the line before is read, in characters from its end: that is where its question stands.
const BEFORE_CHARACTERS: usize = 40;

/// The longest n-gram, in units.
const LONGEST: usize = 3;

/// The buckets of a message's n-grams and of those of the line before it, sorted, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lexical(Vec<u16>);

/// Features of one kind, all of one value.
pub(crate) type Group<'a> = (f32, &'a [u16]);

impl Lexical {
    /// Hashes the n-grams (1 to 3) of the model text. A unit is a Chinese character, a word of Latin letters, a typed
    /// token or a sign; the ends of the text count as units of longer n-grams.
    #[must_use]
    pub fn of(model_text: &str) -> Self {
        Self(hashed(model_text))
    }

    /// Adds the n-grams of the line that the message answers, of which the last 40 characters are read.
    #[must_use]
    pub fn after(mut self, before: &str) -> Self {
        let skipped = before.chars().count().saturating_sub(BEFORE_CHARACTERS);
        let tail: String = before.chars().skip(skipped).collect();
        if !tail.trim().is_empty() {
            self.0.extend(hashed(&tail).into_iter().map(|bucket| bucket + HALF));
        }
        self
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

    /// The features of the message and those of the line before it. Those of one kind have length one together.
    #[must_use]
    pub(crate) fn groups(&self) -> [Group<'_>; 2] {
        let (message, before) = self.0.split_at(self.0.partition_point(|bucket| *bucket < HALF));
        [(value(message.len()), message), (value(before.len()), before)]
    }
}

fn value(count: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
    let count = count.max(1) as f32;
    count.sqrt().recip()
}

fn hashed(text: &str) -> Vec<u16> {
    let mut units = vec!["^"];
    units.extend(split_units(text));
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
    buckets
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
    let folded = ((hash >> 16) ^ hash) as u16 & (HALF - 1);
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
        let [(value, message), (_, before)] = lexical.groups();
        assert_eq!((message.len(), before.len()), (6, 0));
        assert!((value - 6_f32.sqrt().recip()).abs() < 1e-6);
    }

    #[test]
    fn keeps_the_line_before_apart() {
        let alone = Lexical::of("没有了");
        let answer = alone.clone().after("请问还有其他可以帮您的吗");
        let [(_, message), (_, before)] = answer.groups();
        assert_eq!(message, alone.buckets());
        assert!(!before.is_empty() && before.iter().all(|bucket| *bucket >= HALF));
        assert_eq!(alone.clone().after(" "), alone);
        let long = format!("{}还有什么可以帮您", "您好".repeat(40));
        let tail: String = long.chars().skip(long.chars().count() - BEFORE_CHARACTERS).collect();
        assert_eq!(alone.clone().after(&long), alone.after(&tail), "only the end of a long line counts");
    }
}
