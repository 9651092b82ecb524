//! Sizes: L, XXL, 36码, 1.8m床.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::numeral;
use super::scan::{Scan, Value};

static LETTERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(?:(?P<many>[2-6])xl|x{1,4}l|x{0,2}s|m|l)(?-u:\b)").expect("a constant pattern")
});

/// 36码, size 36.
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<number>\d{2}(?:\.5)?)\s?码|(?:尺码|码数|鞋码|(?-u:\b)(?:in )?size)[\s:]?(?:是|is|选|要)?\s?(?P<named>\d{2}(?:\.5)?)(?-u:\b)|(?P<han>[三四][一二三四五六七八九]|[三四]十[一二三四五六七八九]?)码")
        .expect("a constant pattern")
});

/// 1.8m床, 1米8的床, 1.5 m bed.
static BED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<metres>[12]\.\d{1,2}|[12一两])\s?(?P<unit>m(?-u:\b)|m(?P<cut>\p{Han})|米)?(?P<rest>\d{1,2}|[零一二三四五六七八九])?\s?(?:\*|x|×)?\s?(?P<what>(?:的|宽的?|大|双人|规格的?)*(?:床|被套?|四件套|床单|床笠)| ?(?:double |king |queen )?bed)?")
        .expect("a constant pattern")
});

/// Widths in which beds are made.
const WIDTHS: [f64; 8] = [0.9, 1.0, 1.2, 1.35, 1.5, 1.8, 2.0, 2.2];

/// Words of a message that is about beds.
const BEDDING: [&str; 12] =
    ["床", "四件套", "被套", "被罩", "被子", "bed", "sheet", "duvet", "家纺", "三件套", "four-piece", "four piece"];

/// Words in front of a lone letter in English that make a size of it.
const BEFORE: [&str; 30] = [
    "size", "sizes", "an", "a", "in", "the", "to", "for", "or", "and", "from", "between", "wear", "is", "get", "need",
    "want", "not", "usually", "take", "order", "ordered", "bought", "normally", "of", "with", "into", "than", "me",
    "wears",
];

/// Another size behind a size: S or M, s/m/l.
static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s?(?:or|and|/|,|vs|-|to|还是|或|和)\s?(?:x*l|m|s)(?-u:\b)").expect("a constant pattern")
});

pub(super) fn find(scan: &mut Scan<'_>) {
    if scan.text.contains(['码', 'z']) {
        for hit in NUMBERED.captures_iter(scan.text) {
            let Some(number) = hit.name("number").or(hit.name("named")).or(hit.name("han")) else { continue };
            let is_inside = scan.before(number.start()).ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
            let value = numeral::parse(number.as_str()).filter(|value| (15.0..=60.0).contains(value) && !is_inside);
            let end = hit.get(0).map_or(number.end(), |whole| whole.end());
            if let Some(value) = value {
                scan.add("size", Value::Size(value.to_string()), number.start()..end);
            }
        }
    }
    if BEDDING.iter().any(|word| scan.text.contains(word)) {
        beds(scan);
    }
    for hit in LETTERS.captures_iter(scan.text) {
        let Some(whole) = hit.get(0) else { continue };
        if is_size(scan, whole.range()) {
            let value = match hit.name("many") {
                Some(many) => format!("{}L", "X".repeat(many.as_str().parse().unwrap_or(1))),
                None => whole.as_str().to_ascii_uppercase(),
            };
            scan.add("size", Value::Size(value), whole.range());
        }
    }
}

fn beds(scan: &mut Scan<'_>) {
    for hit in BED.captures_iter(scan.text) {
        let (Some(whole), Some(metres)) = (hit.get(0), hit.name("metres")) else { continue };
        let (unit, what) = (hit.name("unit"), hit.name("what"));
        let rest = hit.name("rest").map_or("", |rest| rest.as_str());
        if (unit.is_none() && (what.is_none() || !rest.is_empty() || !metres.as_str().contains('.')))
            || scan.before(whole.start()).ends_with(|c: char| c.is_ascii_alphanumeric() || ".第*×高".contains(c))
            || is_height(scan, whole.start())
        {
            continue;
        }
        let written = match rest {
            "" => metres.as_str().to_owned(),
            rest => format!(
                "{}.{}",
                number(metres.as_str()),
                rest.chars().map(|c| number(c.encode_utf8(&mut [0; 4]))).collect::<String>()
            ),
        };
        let written = if written.is_ascii() { written } else { number(&written) };
        let width: f64 = written.parse().unwrap_or(0.0);
        let end = match (hit.name("cut"), what) {
            (_, Some(what)) => what.end(),
            (Some(cut), None) => cut.start(),
            (None, None) => whole.end(),
        };
        if WIDTHS.contains(&width) {
            scan.add("size", Value::Size(format!("{written}m")), whole.start()..end);
        }
    }
}

fn is_height(scan: &Scan<'_>, at: usize) -> bool {
    let before = scan.near_before(at, 6);
    before.ends_with('我') || ["身高", "个子", "高", "tall", "height", "i'm "].iter().any(|word| before.contains(word))
}

fn number(text: &str) -> String {
    numeral::parse(text).map_or_else(|| text.to_owned(), |value| value.to_string())
}

/// Whether letters stand where a size does, and not in a word, a unit or a contraction.
fn is_size(scan: &Scan<'_>, range: Range<usize>) -> bool {
    let (before, after) = (scan.before(range.start), scan.after(range.end));
    let (last, next) = (before.chars().next_back(), after.chars().next());
    let joins = |c: Option<char>| c.is_some_and(|c| matches!(c, '\'' | '’' | '&' | '.' | '@' | '_' | '#' | '%' | '$'));
    let ends_sentence = next == Some('.') && !after[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if joins(last)
        || (joins(next) && !ends_sentence)
        || after.starts_with(['型', '级', '形', '君', '女', '货', '卡', '弯', '店'])
    {
        return false;
    }
    // 5 m and 2 l are measures.
    if before.trim_end().ends_with(|c: char| c.is_ascii_digit()) && range.len() == 1 {
        return false;
    }
    let is_latin = |text: Option<char>| text.is_some_and(|c| c.is_ascii_alphabetic());
    let word_before =
        before.trim_end_matches([' ', '/', ',', '-']).rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    // iPhone XS and Galaxy S are names.
    if ["iphone", "ipad", "galaxy", "model", "xbox", "mate", "type", "class", "grade", "plan", "watch", "vitamin"]
        .contains(&word_before)
    {
        return false;
    }
    if range.len() > 1 {
        return true;
    }
    let in_english = is_latin(before.trim_end().chars().next_back()) || is_latin(after.trim_start().chars().next());
    if !in_english {
        let in_han = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
        return in_han(last) || in_han(next) || before.trim().is_empty() || before.ends_with(['/', ',', '-', ':', ' ']);
    }
    if matches!(word_before, "size" | "sizes") {
        return true;
    }
    let is_capital = scan.written(range).chars().all(|c| !c.is_lowercase());
    let is_letter = |word: &str| matches!(word, "s" | "m" | "l" | "xl" | "xxl" | "xs");
    let first_after =
        after.trim_start_matches([' ', '/', ',']).split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    let told =
        JOINED.is_match(after) || BEFORE.contains(&word_before) || is_letter(word_before) || is_letter(first_after);
    let opens = before.is_empty() && matches!(first_after, "or" | "and" | "size" | "fits" | "please" | "is");
    is_capital && (told || opens)
}
