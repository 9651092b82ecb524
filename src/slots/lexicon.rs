//! The shop's own words: names of its products and promotions, and what its order numbers look like.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use crate::text::Plain;

/// What a name in a [`Lexicon`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A product.
    Product,
    /// A promotion.
    Promotion,
    /// Neither: a longer word that holds a product's name, such as 苹果手机.
    Other,
}

/// Twelve digits, a day in front: `202605260001`.
const ORDER_NUMBER: &str = r"^20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{4}$";

/// Words that hold the name of an ordinary product but mean something else.
const OTHERS: [&str; 16] = [
    "苹果手机",
    "苹果电脑",
    "苹果平板",
    "苹果系统",
    "苹果耳机",
    "苹果支付",
    "苹果商店",
    "苹果账号",
    "苹果id",
    "apple watch",
    "apple pay",
    "apple id",
    "枕头套",
    "毛巾架",
    "锅盖",
    "保温杯套",
];

/// Names of products and promotions, found in plain text, and the form of order numbers. Built once by who knows the shop.
#[derive(Debug, Clone)]
pub struct Lexicon {
    finder: Option<AhoCorasick>,
    /// By the finder's pattern.
    names: Vec<(Kind, String)>,
    /// By the finder's pattern, too.
    patterns: Vec<String>,
    /// Ids of products by themselves in small letters, for links.
    products: HashMap<String, String>,
    order_number: Regex,
}

/// A name found in a plain text.
#[derive(Debug, Clone)]
pub(super) struct Named<'l> {
    pub(super) kind: Kind,
    pub(super) id: &'l str,
    pub(super) range: Range<usize>,
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::new(std::iter::empty::<(Kind, String, Vec<String>)>())
    }
}

impl Lexicon {
    /// From kinds, ids and all names of each id. An id is a name itself if it holds a digit. A name given to two ids is
    /// the first one's.
    #[must_use]
    pub fn new<I, N>(entries: impl IntoIterator<Item = (Kind, I, N)>) -> Self
    where
        I: Into<String>,
        N: IntoIterator<Item: AsRef<str>>,
    {
        let mut names: Vec<(Kind, String)> = Vec::new();
        let mut patterns: Vec<String> = Vec::new();
        // Thousands of products are named anew whenever one is edited.
        let mut seen = HashSet::new();
        let mut add = |kind: Kind, id: &str, name: &str| {
            for form in forms(name) {
                if form.chars().count() > 1 && seen.insert(form.clone()) {
                    patterns.push(form);
                    names.push((kind, id.to_owned()));
                }
            }
        };
        let mut is_empty = true;
        let mut products = HashMap::new();
        for (kind, id, own) in entries {
            let id = id.into();
            is_empty = false;
            if kind == Kind::Product {
                products.insert(id.to_lowercase(), id.clone());
            }
            // A number alone is an id in links only: anywhere else it may be anything.
            let is_number = |name: &str| name.chars().all(|c| c.is_ascii_digit());
            if id.contains(|c: char| c.is_ascii_digit()) && !id.contains('_') && !is_number(&id) {
                add(kind, &id, &id);
            }
            own.into_iter().filter(|name| !is_number(name.as_ref())).for_each(|name| add(kind, &id, name.as_ref()));
        }
        if !is_empty {
            OTHERS.iter().for_each(|name| add(Kind::Other, "", name));
        }
        let finder = (!patterns.is_empty())
            .then(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok())
            .flatten();
        Self { finder, names, patterns, products, order_number: Regex::new(ORDER_NUMBER).expect("a constant pattern") }
    }

    /// The same with another form of order numbers: a pattern for the whole number in capitals, without spaces and hyphens.
    #[must_use]
    pub fn with_order_number(self, order_number: Regex) -> Self {
        Self { order_number, ..self }
    }

    /// Whether a number, by its key, is one of this shop's orders.
    #[must_use]
    pub fn is_order_number(&self, number: &str) -> bool {
        self.order_number.is_match(number)
    }

    /// The names in a plain text, the longest at each place, never overlapping.
    pub(super) fn find(&self, plain: &str) -> Vec<Named<'_>> {
        let Some(finder) = &self.finder else { return Vec::new() };
        let hits = finder.find_iter(plain).filter_map(|hit| {
            let range = whole_word(plain, hit.range())?;
            let (kind, id) = &self.names[hit.pattern().as_usize()];
            Some(Named { kind: *kind, id, range })
        });
        hits.collect()
    }

    /// The product that a link leads to, by the first part of it that is an id: `…/item/QH-1001.html`, `…?id=1001`.
    pub(super) fn linked(&self, link: &str) -> Option<&str> {
        let parts = link.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        parts.into_iter().find_map(|part| self.products.get(&part.to_lowercase())).map(String::as_str)
    }

    /// Whether a product has a longer name that begins with something else, such as 烟台苹果 for 苹果.
    pub(super) fn is_short_for(&self, id: &str, name: &str, begins: impl Fn(&str) -> bool) -> bool {
        let own = self.names.iter().zip(&self.patterns).filter(|((_, own), _)| own == id);
        own.filter_map(|(_, pattern)| pattern.strip_suffix(name)).any(|front| !front.is_empty() && begins(front))
    }

    /// The id behind a name, in plain form.
    pub(super) fn id_of(&self, kind: Kind, name: &str) -> Option<&str> {
        let named = self.find(name).into_iter().find(|named| named.range == (0..name.len()))?;
        (named.kind == kind).then_some(named.id)
    }
}

/// The range with a plural's ending, if it does not begin or end within a word of Latin letters or digits.
fn whole_word(plain: &str, range: Range<usize>) -> Option<Range<usize>> {
    let is_inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let text = &plain[range.clone()];
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && is_inside(plain[..range.start].chars().next_back()) {
        return None;
    }
    if !text.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(range);
    }
    let rest = &plain[range.end..];
    let plural = ["es", "s", ""]
        .into_iter()
        .find(|end| rest.strip_prefix(end).is_some_and(|rest| !is_inside(rest.chars().next())))?;
    Some(range.start..range.end + plural.len())
}

/// A name as customers may write it: numbers in either kind of digits, the parts of an id apart or together.
fn forms(name: &str) -> Vec<String> {
    const DIGITS: [(char, char); 10] = [
        ('一', '1'),
        ('二', '2'),
        ('三', '3'),
        ('四', '4'),
        ('五', '5'),
        ('六', '6'),
        ('七', '7'),
        ('八', '8'),
        ('九', '9'),
        ('两', '2'),
    ];
    let plain = Plain::of(name).as_str().to_owned();
    let swap = |from: fn(&(char, char)) -> (char, char)| -> String {
        let one = |c: char| DIGITS.iter().map(from).find(|(key, _)| *key == c).map_or(c, |(_, value)| value);
        plain.chars().map(one).collect()
    };
    let mut forms = vec![plain.clone()];
    if plain.contains(|c: char| c.is_ascii_digit()) && plain.is_ascii() {
        forms.extend([plain.replace(['-', ' '], ""), plain.replace('-', " ")]);
    } else if !plain.is_ascii() {
        forms.push(swap(|pair| *pair));
        forms.push(swap(|(han, ascii)| (*ascii, *han)));
    }
    forms
}
/// Whether goods that are named come on top of those named before: 再加一个保温杯, plus a towel.
#[must_use]
pub fn adds_goods(plain: &str) -> bool {
    static ADDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"再(?:加|来|要|买|拿|拍|添)|还要|另外(?:加|要|买)|加上|\b(?:plus|add|also get|on top of that)\b")
            .expect("a constant pattern")
    });
    ADDS.is_match(plain)
}

/// Whether a promotion that is named comes on top of what was named before: 店铺券也有一张, i've got a shop coupon too.
pub(super) fn adds(plain: &str) -> bool {
    static ADDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"也有|还有|另外|再(?:加|叠|用)|加上|一起|\b(?:also|too|as well|another|on top)\b")
            .expect("a constant pattern")
    });
    ADDS.is_match(plain)
}
