use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::script;

/// How often a letter or sign may stand in a row; more adds nothing that three do not say.
const MAX_RUN: usize = 3;

/// Normalised text that knows where each of its characters stood in the original.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    text: String,
    /// For each character of `text`, the first original character it came from, and one past the last.
    origin: Vec<(u32, u32)>,
}

impl Plain {
    /// NFKC, traditional to simplified, lower case; control and zero-width characters out; spaces collapsed and
    /// dropped beside Chinese characters; runs of one character cut to three. Idempotent.
    #[must_use]
    pub fn of(original: &str) -> Self {
        let folded = fold(original);
        let simplified = simplify(folded);
        squeeze(&simplified)
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The original characters that `range` (bytes of the plain text) came from.
    #[must_use]
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let first = self.text[..range.start].chars().count();
        let last = first + self.text[range].chars().count();
        match self.origin.get(first..last) {
            Some([(start, end)]) => *start as usize..*end as usize,
            Some([(start, _), .., (_, end)]) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }

    /// Where `needle` first stands, as characters of the original.
    #[must_use]
    pub fn locate(&self, needle: &str) -> Option<Range<usize>> {
        let start = self.text.find(needle)?;
        Some(self.original(start..start + needle.len()))
    }
}

/// A character and the original characters it came from.
type Placed = (char, (u32, u32));

/// NFKC and lower case, cluster by cluster (a base character with its combining marks), so that places survive.
fn fold(original: &str) -> Vec<Placed> {
    let chars: Vec<char> = original.chars().collect();
    let mut out = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let mut end = at + 1;
        while end < chars.len() && canonical_combining_class(chars[end]) != 0 {
            end += 1;
        }
        let place = (u32::try_from(at).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
        for folded in chars[at..end].iter().copied().nfkc().flat_map(char::to_lowercase).nfkc() {
            if folded.is_whitespace() {
                out.push((' ', place));
            } else if !is_invisible(folded) {
                out.push((folded, place));
            }
        }
        at = end;
    }
    out
}

/// Control characters, zero-width signs, direction marks, variation selectors, and signs of private use.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Traditional to simplified, by words where the result keeps its length, by single characters otherwise.
fn simplify(placed: Vec<Placed>) -> Vec<Placed> {
    if !placed.iter().any(|(c, _)| script::is_han(*c)) {
        return placed;
    }
    let text: String = placed.iter().map(|(c, _)| *c).collect();
    let simplified: Vec<char> = script::to_simplified(&text).chars().collect();
    if simplified.len() == placed.len() {
        return simplified.into_iter().zip(placed).map(|(new, (_, place))| (new, place)).collect();
    }
    let one = |c: char| script::to_simplified(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(c);
    placed.into_iter().map(|(c, place)| (one(c), place)).collect()
}

fn squeeze(placed: &[Placed]) -> Plain {
    let mut text = String::with_capacity(placed.len() * 3);
    let mut origin: Vec<(u32, u32)> = Vec::with_capacity(placed.len());
    let mut run = 0;
    let mut previous: Option<char> = None;
    for (at, &(c, place)) in placed.iter().enumerate() {
        if c == ' ' {
            let next = placed[at + 1..].iter().map(|(c, _)| *c).find(|c| *c != ' ');
            let (Some(before), Some(after)) = (previous, next) else { continue };
            if before == ' ' || script::is_han(before) || script::is_han(after) {
                continue;
            }
        }
        run = if previous == Some(c) { run + 1 } else { 1 };
        // A row of digits is a value, not emphasis.
        if run > MAX_RUN && !c.is_ascii_digit() {
            if let Some(last) = origin.last_mut() {
                last.1 = place.1;
            }
            continue;
        }
        previous = Some(c);
        text.push(c);
        origin.push(place);
    }
    Plain { text, origin }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plain({} chars)", self.origin.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises() {
        for (original, plain) in [
            ("我的快遞到哪了", "我的快递到哪了"),
            ("ＡＢＣ１２３", "abc123"),
            ("好好好好好好的！！！！！！", "好好好的!!!"),
            ("在 吗  亲", "在吗亲"),
            ("Where  is\tMY order", "where is my order"),
            ("订单 1000000000001", "订单1000000000001"),
            ("a\u{200b}b\u{202e}c\0", "abc"),
            ("生气😡😡😡😡😡", "生气😡😡😡"),
            ("  \n ", ""),
            ("", ""),
        ] {
            assert_eq!(Plain::of(original).as_str(), plain, "{original:?}");
        }
    }

    #[test]
    fn places_point_into_the_original() {
        let plain = Plain::of("亲  ，請問運費？？？？？多少");
        let place = plain.locate("运费").unwrap();
        let original: Vec<char> = "亲  ，請問運費？？？？？多少".chars().collect();
        assert_eq!(original[place].iter().collect::<String>(), "運費");
    }

    proptest::proptest! {
        #[test]
        fn is_idempotent_bounded_and_never_panics(original in "\\PC{0,60}|[\\x00-\\x7f]{0,40}|[亲请問運費！😡ｆ①㍿ﷺ]{0,40}") {
            let once = Plain::of(&original);
            let twice = Plain::of(once.as_str());
            proptest::prop_assert_eq!(twice.as_str(), once.as_str());
            // NFKC expands one character into at most 18.
            proptest::prop_assert!(once.origin.len() <= original.chars().count() * 18);
            let total = original.chars().count();
            for (start, end) in &once.origin {
                proptest::prop_assert!(start < end && *end as usize <= total);
            }
        }
    }
}
