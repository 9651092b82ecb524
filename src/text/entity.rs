use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Plain;

/// What kind of value a span holds. The token is what the model sees in its place; the Python side of the bundle
/// keeps the same list (`training/vocabulary.py`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntityKind {
    /// A web address.
    Link,
    /// An e-mail address.
    Email,
    /// A mainland mobile number.
    Phone,
    /// A mainland identity card number with a correct check digit.
    IdCard,
    /// A bank card number that passes the Luhn check.
    BankCard,
    /// An order or tracking number: a business key, not personal data.
    Order,
    /// A sum of money.
    Amount,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// Any other number.
    Number,
    /// A person's name in a masked recording.
    Name,
    /// An address in a masked recording.
    Address,
    /// An organisation or station in a masked recording.
    Place,
}

impl EntityKind {
    /// The typed token that stands for such a value in the model's input.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Link => "<link>",
            Self::Email => "<email>",
            Self::Phone => "<phone>",
            Self::IdCard => "<idcard>",
            Self::BankCard => "<bankcard>",
            Self::Order => "<order>",
            Self::Amount => "<amount>",
            Self::Date => "<date>",
            Self::Time => "<time>",
            Self::Number => "<num>",
            Self::Name => "<name>",
            Self::Address => "<address>",
            Self::Place => "<place>",
        }
    }

    /// Whether such a value identifies a person and is masked wherever text is kept or shown.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Email | Self::Phone | Self::IdCard | Self::BankCard)
    }
}

/// A value found in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// As written, in plain form.
    pub text: String,
    /// Characters of the original text.
    pub original: Range<usize>,
    /// Bytes of the plain text.
    pub(super) plain: Range<usize>,
}

impl Entity {
    /// Bytes of the plain text.
    #[must_use]
    pub fn place(&self) -> Range<usize> {
        self.plain.clone()
    }
}

/// Kinds in the order in which they claim text: the more specific first.
static FINDERS: LazyLock<Vec<(EntityKind, Regex)>> = LazyLock::new(|| {
    let sources = [
        (EntityKind::Link, r"https?://[^\s\p{Han}，。！？]+|(?-u:\b)www\.[^\s\p{Han}，。！？]+|\[链接x\]|<link>"),
        (EntityKind::Email, r"[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}|\[邮箱x\]|<email>"),
        (EntityKind::IdCard, r"(?-u:\b)\d{17}[\dx](?-u:\b)|\[身份证号x\]|<idcard>"),
        (EntityKind::Phone, r"(?:\+?86[- ]?)?(?-u:\b)1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?-u:\b)|\[电话x\]|<phone>"),
        (EntityKind::BankCard, r"(?-u:\b)\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?-u:\b)|<bankcard>"),
        (EntityKind::Order, r"(?-u:\b)[a-z]{0,4}\d{9,24}(?-u:\b)|\[订单x\]|<order>"),
        (
            EntityKind::Date,
            r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}月\d{1,2}[日号]?|\d{1,2}[日号]|\[日期x\]|<date>",
        ),
        (EntityKind::Time, r"\d{1,2}:\d{2}(?::\d{2})?|\d{1,2}点(?:半|\d{1,2}分?)?|\[时间x\]|<time>"),
        (
            EntityKind::Amount,
            r"[¥$]\s?\d+(?:\.\d+)?|\d+(?:\.\d+)?\s?(?:元|块钱|块|rmb|yuan|dollars?|usd|bucks)|\[金额x\]|<amount>",
        ),
        (EntityKind::Number, r"\d+(?:\.\d+)?|\[数字x\]|<num>"),
        (EntityKind::Name, r"\[姓名x\]|<name>"),
        (EntityKind::Address, r"\[地址x\]|<address>"),
        (EntityKind::Place, r"\[(?:组织机构|站点)x\]|<place>"),
    ];
    sources.map(|(kind, source)| (kind, Regex::new(source).expect("a constant pattern"))).into()
});

/// The values in a text, in order of appearance, never overlapping.
pub(super) fn find(plain: &Plain) -> Vec<Entity> {
    let text = plain.as_str();
    if !text.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'[' | b'@' | b'<') || b == b'.') {
        return Vec::new();
    }
    let mut found: Vec<Entity> = Vec::new();
    for (kind, finder) in FINDERS.iter() {
        for hit in finder.find_iter(text).filter(|hit| is_valid(*kind, hit.as_str())) {
            if found.iter().all(|other| hit.end() <= other.plain.start || other.plain.end <= hit.start()) {
                found.push(Entity {
                    kind: *kind,
                    text: hit.as_str().to_owned(),
                    original: plain.original(hit.range()),
                    plain: hit.range(),
                });
            }
        }
    }
    found.sort_by_key(|entity| entity.plain.start);
    found
}

/// The text with each value replaced by its typed token.
pub(super) fn typed(plain: &Plain, entities: &[Entity]) -> String {
    let text = plain.as_str();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for entity in entities {
        out.push_str(&text[at..entity.plain.start]);
        out.push_str(entity.kind.token());
        at = entity.plain.end;
    }
    out.push_str(&text[at..]);
    out
}

fn is_valid(kind: EntityKind, text: &str) -> bool {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    match kind {
        EntityKind::IdCard => has_id_check_digit(text),
        EntityKind::BankCard => passes_luhn(text),
        _ => true,
    }
}

/// GB 11643: the last character is a checksum, modulo 11-2, of the seventeen digits before it.
fn has_id_check_digit(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = text.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight).sum();
    let expected = b"10x98765432"[(sum % 11) as usize];
    text.as_bytes().last() == Some(&expected)
}

/// ISO/IEC 7812: every second digit from the right doubled, digit sums added, a multiple of ten.
fn passes_luhn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().rev().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_types_values() {
        for (text, model) in [
            ("订单202605260001到哪了", "订单<order>到哪了"),
            ("sf1234567890123 查一下", "<order>查一下"),
            ("我手机13812345678", "我手机<phone>"),
            ("138 1234 5678 是我", "<phone>是我"),
            ("身份证11010519491231002X", "身份证<idcard>"),
            ("卡号6222 0212 3456 7890 128", "卡号<bankcard>"),
            ("发到a.b@c.cn谢谢", "发到<email>谢谢"),
            ("https://shop.example/i?id=3 这个有货吗", "<link>这个有货吗"),
            ("满300减50", "满<num>减<num>"),
            ("480块包邮吗", "<amount>包邮吗"),
            ("$60 order", "<amount> order"),
            ("5月26日下午3点半", "<date>下午<time>"),
            ("2026-05-26 10:21:00", "<date> <time>"),
            ("[数字x]天[姓名x]", "<num>天<name>"),
            ("你好", "你好"),
        ] {
            let plain = Plain::of(text);
            assert_eq!(typed(&plain, &find(&plain)), model, "{text}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_an_order_number() {
        for text in ["110105194912310021", "6222021234567890127"] {
            let plain = Plain::of(text);
            assert_eq!(find(&plain)[0].kind, EntityKind::Order, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn spans_never_overlap(text in "[0-9a-z @.:¥元块月日号点\\[\\]数字x-]{0,60}") {
            let plain = Plain::of(&text);
            let found = find(&plain);
            for pair in found.windows(2) {
                proptest::prop_assert!(pair[0].plain.end <= pair[1].plain.start);
                proptest::prop_assert!(pair[0].original.end <= pair[1].original.start.max(pair[0].original.end));
            }
        }
    }
}
