//! Numbers as people write them: 480, 4百8十, 四百八, 一千二, 1.2k, 俩, two hundred.

use std::ops::Range;

/// A number in a plain text.
#[derive(Debug, Clone)]
pub(super) struct Number {
    pub(super) range: Range<usize>,
    pub(super) value: f64,
    pub(super) form: Form,
    /// One end of a range, or a guess such as 三五百.
    pub(super) is_range: bool,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `480`, `29.90`, `1,200`.
    Digits,
    /// With a unit of its own, in which people speak of money: 四百八, 4百8, 1.2k.
    Scaled,
    /// Below a hundred in Chinese: 三, 十八, 俩.
    Small,
    /// A row of Chinese digits: 三三零六.
    Row,
    /// In English.
    Word,
}

/// Whether it pays to look for numbers: a digit, a Chinese numeral, or Latin letters.
pub(super) fn may_hold(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_alphanumeric() || digit(c).is_some() || unit(c).is_some() || c == '半')
}

/// The numbers of a text, in order.
pub(super) fn find(text: &str) -> Vec<Number> {
    let mut numbers: Vec<Number> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let read = if c.is_ascii_digit() || digit(c).is_some() || unit(c).is_some() {
            Some(mixed(rest))
        } else if c.is_ascii_alphabetic() && !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric()) {
            words(rest)
        } else {
            None
        };
        match read {
            Some(read) => {
                if let Some((value, form, is_range)) = read.value {
                    numbers.push(Number { range: at..at + read.length, value, form, is_range });
                }
                at += read.length;
            }
            None => at += c.len_utf8(),
        }
    }
    mark_ranges(text, &mut numbers);
    numbers
}

/// The number that a text is as a whole.
pub(super) fn parse(text: &str) -> Option<f64> {
    let numbers = find(text);
    numbers.first().filter(|number| number.range == (0..text.len())).map(|number| number.value)
}

/// How much was read, and the number if it is one.
struct Read {
    length: usize,
    value: Option<(f64, Form, bool)>,
}

fn digit(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' => 0,
        '一' => 1,
        '二' | '两' | '俩' => 2,
        '三' | '仨' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn unit(c: char) -> Option<f64> {
    Some(match c {
        '十' => 10.0,
        '廿' => 20.0,
        '百' => 100.0,
        '千' => 1000.0,
        '万' => 10_000.0,
        '亿' => 1e8,
        _ => return None,
    })
}

/// Digits of either kind with units between them.
fn mixed(text: &str) -> Read {
    let mut sum = Sum::default();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_ascii_digit() {
            // Arabic digits go on after a Chinese unit only (4百8), never after a Chinese digit.
            if sum.ends_with_digit {
                break;
            }
            let length = arabic(&text[at..]);
            let plain = text[at..at + length].replace(',', "");
            sum.arabic(plain.parse().unwrap_or(f64::INFINITY));
            at += length;
        } else if let Some(digit) = digit(c) {
            if sum.ends_with_arabic {
                break;
            }
            sum.digit(digit);
            at += c.len_utf8();
        } else if let Some(unit) = unit(c) {
            sum.unit(unit);
            at += c.len_utf8();
        } else {
            break;
        }
    }
    let rest = &text[at..];
    let follows = |c: char| rest.starts_with(c) && !rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if sum.is_plain_arabic() && follows('k') {
        let value = sum.arabic.map(|value| (value * 1000.0, Form::Scaled, false));
        return Read { length: at + 1, value };
    }
    Read { length: at.max(1), value: sum.value() }
}

/// The length of `1,200.50` at the start of a text.
fn arabic(text: &str) -> usize {
    let run = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = run(text);
    while (1..=3).contains(&length) || text[..length].contains(',') {
        let Some(rest) = text[length..].strip_prefix(',') else { break };
        if run(rest) != 3 {
            break;
        }
        length += 4;
    }
    match text[length..].strip_prefix('.').map(run) {
        Some(decimals) if decimals > 0 => length + 1 + decimals,
        _ => length,
    }
}

/// A number being added up.
#[derive(Default)]
struct Sum {
    total: f64,
    section: f64,
    digits: Vec<u32>,
    arabic: Option<f64>,
    last_unit: Option<f64>,
    after_zero: bool,
    ends_with_digit: bool,
    ends_with_arabic: bool,
    has_unit: bool,
    is_guess: bool,
    is_broken: bool,
}

impl Sum {
    fn arabic(&mut self, value: f64) {
        self.arabic = Some(value);
        (self.ends_with_arabic, self.ends_with_digit) = (true, false);
    }

    fn digit(&mut self, digit: u32) {
        if digit == 0 && self.has_unit {
            self.after_zero = true;
        }
        self.digits.push(digit);
        (self.ends_with_arabic, self.ends_with_digit) = (false, true);
    }

    /// The digits before a unit as one number.
    fn pending(&mut self) -> Option<f64> {
        let value = match (self.arabic.take(), self.digits.as_slice()) {
            (Some(value), _) => Some(value),
            (None, []) => None,
            (None, [0, digit] | [digit]) => Some(f64::from(*digit)),
            // 三五百, 两三千.
            (None, [first, _]) => {
                self.is_guess = true;
                Some(f64::from(*first))
            }
            _ => {
                self.is_broken = true;
                None
            }
        };
        self.digits.clear();
        value
    }

    fn unit(&mut self, unit: f64) {
        let pending = self.pending();
        let is_ten = unit == 10.0 || unit == 20.0;
        match pending {
            Some(value) if unit == 20.0 => {
                self.is_broken = true;
                self.section += value;
            }
            Some(value) if unit >= 10_000.0 => {
                self.total += (self.section + value) * unit;
                self.section = 0.0;
            }
            Some(value) => self.section += value * unit,
            None if unit >= 10_000.0 && self.section > 0.0 => {
                self.total += self.section * unit;
                self.section = 0.0;
            }
            None if is_ten => self.section += unit,
            // 百 without how many: 几百, 百分.
            None => self.is_broken = true,
        }
        self.last_unit = Some(unit);
        self.after_zero = false;
        self.has_unit = true;
        (self.ends_with_arabic, self.ends_with_digit) = (false, false);
    }

    fn is_plain_arabic(&self) -> bool {
        !self.has_unit && self.digits.is_empty() && self.arabic.is_some()
    }

    fn value(mut self) -> Option<(f64, Form, bool)> {
        if self.is_broken {
            return None;
        }
        if !self.has_unit {
            return match (self.arabic, self.digits.as_slice()) {
                (Some(value), _) => Some((value, Form::Digits, false)),
                (None, [digit]) => Some((f64::from(*digit), Form::Small, false)),
                // 两三个 is a guess; 二零二六 is a row.
                (None, [first, second]) if second == &(first + 1) => Some((f64::from(*first), Form::Small, true)),
                (None, [_, ..]) => {
                    let row = self.digits.iter().fold(0.0, |row, digit| row * 10.0 + f64::from(*digit));
                    Some((row, Form::Row, false))
                }
                (None, []) => None,
            };
        }
        let last = self.last_unit.unwrap_or(1.0);
        let is_end = self.arabic.is_some() || !self.digits.is_empty();
        let tail = self.pending();
        if self.is_broken {
            return None;
        }
        if let Some(tail) = tail.filter(|_| is_end) {
            // 四百八 is 480, 四百零八 is 408.
            let scale = if last >= 100.0 && !self.after_zero && tail < 10.0 { last / 10.0 } else { 1.0 };
            self.section += tail * scale;
        }
        let value = self.total + self.section;
        let form = if last >= 100.0 || value >= 100.0 { Form::Scaled } else { Form::Small };
        Some((value, form, self.is_guess))
    }
}

const WORDS: [(&str, f64); 28] = [
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("zero", 0.0),
];

/// A number in English: `three`, `twenty-five`, `two hundred and fifty`, `a thousand`, `a dozen`, `half a dozen`.
fn words(text: &str) -> Option<Read> {
    for (phrase, value) in [("half a dozen", 6.0), ("a dozen", 12.0), ("dozen", 12.0)] {
        if is_word(text, phrase.len()) && text.starts_with(phrase) {
            return Some(Read { length: phrase.len(), value: Some((value, Form::Word, false)) });
        }
    }
    let (mut total, mut section, mut length, mut at) = (0.0, 0.0, 0, 0);
    let mut previous = f64::INFINITY;
    loop {
        let rest = &text[at..];
        let word = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, known) = (&rest[..word], WORDS.iter().find(|(name, _)| *name == &rest[..word]));
        let scale = match name {
            "hundred" => Some(100.0),
            "thousand" | "grand" => Some(1000.0),
            "dozen" if length > 0 => Some(12.0),
            _ => None,
        };
        match (known, scale) {
            (Some((_, value)), _) if previous >= 20.0 && *value < previous => {
                section += value;
                previous = *value;
            }
            (None, Some(scale)) if length > 0 => {
                section *= scale;
                previous = scale;
                if scale == 1000.0 {
                    total += section;
                    section = 0.0;
                }
            }
            (None, None) if length == 0 && name == "a" => {
                let next = rest[word..].trim_start();
                if !["hundred", "thousand", "grand"].iter().any(|scale| next.starts_with(scale)) {
                    return None;
                }
                section = 1.0;
            }
            (None, None) if length > 0 && name == "and" && previous >= 100.0 => {}
            _ => break,
        }
        at += word;
        if name != "and" {
            length = at;
        }
        let Some(separator) = text[at..].chars().next().filter(|c| matches!(c, ' ' | '-')) else { break };
        at += separator.len_utf8();
    }
    (length > 0 && is_word(text, length) && previous.is_finite())
        .then_some(Read { length, value: Some((total + section, Form::Word, false)) })
}

fn is_word(text: &str, length: usize) -> bool {
    text.is_char_boundary(length) && !text[length..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '\'')
}

/// 3-5天, 300到400, 3 to 5 days: neither end is the value; nor is what stands beside 几.
fn mark_ranges(text: &str, numbers: &mut [Number]) {
    for number in numbers.iter_mut() {
        number.is_range |=
            text[..number.range.start].ends_with(['几', '数']) || text[number.range.end..].starts_with('几');
    }
    for at in 1..numbers.len() {
        let (first, second) = (numbers[at - 1].clone(), numbers[at].clone());
        let between = text[first.range.end..second.range.start].trim();
        let joins = ["-", "~", "到", "至", "—", "–", "to", "or", "天到", "块到", "元到", "个到", "件到", "或"];
        if joins.contains(&between) && first.value < second.value {
            numbers[at - 1].is_range = true;
            numbers[at].is_range = true;
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_numbers() {
        for (text, value) in [
            ("480", 480.0),
            ("29.90", 29.9),
            ("1,200", 1200.0),
            ("四百八", 480.0),
            ("4百8十", 480.0),
            ("4百8", 480.0),
            ("四百零八", 408.0),
            ("一千二", 1200.0),
            ("两百五", 250.0),
            ("一千三百六十", 1360.0),
            ("两万", 20000.0),
            ("一万二", 12000.0),
            ("十二万三", 123_000.0),
            ("1.2k", 1200.0),
            ("3k", 3000.0),
            ("十八", 18.0),
            ("廿", 20.0),
            ("廿三", 23.0),
            ("俩", 2.0),
            ("仨", 3.0),
            ("三三零六", 3306.0),
            ("twenty-five", 25.0),
            ("two hundred and fifty", 250.0),
            ("a thousand two hundred", 1200.0),
            ("a dozen", 12.0),
            ("two dozen", 24.0),
        ] {
            assert_eq!(super::parse(text), Some(value), "{text}");
        }
        for text in ["百", "万", "几百", "", "a", "tone", "onely"] {
            assert_eq!(super::parse(text), None, "{text}");
        }
        for text in ["三五百", "两三", "3-5", "三到五", "3 to 5"] {
            assert!(super::find(text).iter().all(|number| number.is_range), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[0-9一二三五十百千万零两kK., a-z-]{0,30}") {
            for number in super::find(&text) {
                proptest::prop_assert!(number.value >= 0.0 && text.get(number.range).is_some());
            }
        }
    }
}
