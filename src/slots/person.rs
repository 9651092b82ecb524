//! What belongs to a person: phone, its last digits, e-mail, height, weight.

use std::sync::LazyLock;

use regex::Regex;

use super::numeral::Number;
use super::scan::{Scan, Value};
use crate::text::EntityKind;

static LAST4: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:尾号|尾数|(?:最)?后(?:四|4|面四)位(?:数字?|号码?|尾号)?|末(?:四|4|尾四)位(?:数字?)?|(?:末|后|尾)(?:四|4)码|末尾四位|last (?:four|4)(?: digits?)?(?: (?:of|on) (?:my|the) (?:phone|mobile|cell|number)(?: number)?)?|ending(?: in| with)?|ends (?:in|with))",
        r"[\s:]{0,2}(?:(?:不是|isn't|aren't|is not|are not|not)\s?\d{4}[\s,]{0,2}(?:而|but)?\s?)?",
        r"(?:应该|就)?(?:是|为|are|is|it's)?[\s:]{0,2}(?P<digits>\d{4}|[零〇一二三四五六七八九]{4})",
    ))
    .expect("a constant pattern")
});

static BEFORE_LAST4: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?P<digits>\d{4})[\s,]?(?:\(|（)?(?:就)?(?:是|为|is|are)?\s?(?:我|的|my|the|手机|电话|号码|号|phone|mobile)*\s?(?:尾号|后(?:四|4)位|末(?:四|4)位|last (?:four|4))",
    )
    .expect("a constant pattern")
});

/// What else has last digits.
const CARDS: [&str; 7] = ["卡", "card", "银行", "bank", "订单", "单号", "order"];

pub(super) fn find_contacts(scan: &mut Scan<'_>) {
    for entity in scan.entities(EntityKind::Email).filter(|entity| entity.text.contains('@')) {
        scan.add("email", Value::Masked("[e-mail]"), entity.place());
    }
    for entity in scan.entities(EntityKind::Phone).filter(|entity| entity.text.contains(|c: char| c.is_ascii_digit())) {
        scan.add("phone", Value::Masked("[phone]"), entity.place());
    }
    for pattern in [&LAST4, &BEFORE_LAST4] {
        for hit in pattern.captures_iter(scan.text) {
            let (Some(whole), Some(digits)) = (hit.get(0), hit.name("digits")) else { continue };
            let before = scan.near_before(whole.start(), 10);
            let ends_there = !scan.after(digits.end()).starts_with(|c: char| c.is_ascii_digit())
                && !scan.before(digits.start()).ends_with(|c: char| c.is_ascii_digit());
            if !ends_there || CARDS.iter().any(|card| before.contains(card)) {
                scan.block(digits.range());
            } else {
                scan.add("phone_last4", Value::PhoneLast4(arabic(digits.as_str())), digits.range());
                // The 4 of "last 4", and digits that were taken back.
                scan.block(whole.range());
            }
        }
    }
}

fn arabic(digits: &str) -> String {
    let one = |c: char| match "零一二三四五六七八九".chars().position(|han| han == c) {
        Some(value) => char::from_digit(u32::try_from(value).unwrap_or(0), 10).unwrap_or(c),
        None if c == '〇' => '0',
        None => c,
    };
    digits.chars().map(one).collect()
}

/// Words that make a length or a weight a person's.
const PERSON: [&str; 20] = [
    "身高", "体重", "我", "穿", "高", "码", "净身", "个子", "胖", "瘦", "i'm", "i am", "my ", "tall", "weigh",
    "height", "size", "老公", "老婆", "fit",
];

static FEET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?P<feet>[4-7])\s?(?:'|’|′|ft|foot|feet|英尺)\s?(?:(?P<inches>1[01]|\d)\s?(?:"|''|”|″|in(?:ches)?|英寸)?)?"#,
    )
    .expect("a constant pattern")
});

/// 1米75, 一米六八, 1.75米, 1.75m.
static METRES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?P<metres>[12]\.\d{1,2}|[12一两])\s?(?:米|m(?-u:\b))(?P<rest>\d{1,2}|[零〇一二三四五六七八九十]{1,3})?",
    )
    .expect("a constant pattern")
});

pub(super) fn find_measures(scan: &mut Scan<'_>) {
    if !scan.text.contains(['米', 'm', '斤', 'g', '高', '重', '分', '\'', 'f', 'l', '磅', 't']) {
        return;
    }
    feet(scan);
    let is_person =
        PERSON.iter().any(|word| scan.text.contains(word)) || (scan.text.contains("斤") && scan.text.contains("米"));
    metres(scan, is_person);
    for number in scan.numbers().iter() {
        if let Some((centimetres, length)) = centimetres(scan, number, is_person) {
            let range = number.range.start..number.range.end + length;
            scan.add("height", Value::Height(centimetres), range);
        } else if let Some((kilograms, length)) = kilograms(scan, number, is_person) {
            let range = number.range.start..number.range.end + length;
            scan.add("weight", Value::Weight(kilograms), range);
        }
    }
}

fn feet(scan: &mut Scan<'_>) {
    for hit in FEET.captures_iter(scan.text) {
        let (Some(whole), Some(feet)) = (hit.get(0), hit.name("feet")) else { continue };
        let inches = hit.name("inches");
        let is_alone = !scan.before(whole.start()).ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
            && !scan.after(whole.end()).starts_with(|c: char| c.is_ascii_alphanumeric());
        if is_alone && (inches.is_some() || scan.text.contains("tall")) {
            let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
            let inches = inches.map_or(0.0, |inches| number(inches.as_str()));
            add_height(scan, (number(feet.as_str()) * 12.0 + inches) * 2.54, whole.range());
        }
    }
}

fn metres(scan: &mut Scan<'_>, is_person: bool) {
    for hit in METRES.captures_iter(scan.text) {
        let (Some(whole), Some(metres)) = (hit.get(0), hit.name("metres")) else { continue };
        let after = scan.after(whole.end());
        let before = scan.before(whole.start());
        let is_part = before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '十')
            || after.starts_with(|c: char| c.is_ascii_alphanumeric() || "床宽长的×*".contains(c));
        if is_part || !(is_person || hit.name("rest").is_some()) {
            continue;
        }
        let whole_metres = super::numeral::parse(metres.as_str()).unwrap_or(0.0);
        let rest = hit.name("rest").map_or(0.0, |rest| {
            // 1米7 is 170, 1米75 and 一米七五 are 175, 一米零五 is 105.
            let digits: Vec<f64> =
                rest.as_str().chars().filter_map(|c| super::numeral::parse(c.encode_utf8(&mut [0; 4]))).collect();
            match digits.as_slice() {
                _ if rest.as_str().contains('十') => super::numeral::parse(rest.as_str()).unwrap_or(0.0),
                [tenths] => tenths * 10.0,
                [tenths, hundredths] => tenths * 10.0 + hundredths,
                _ => 0.0,
            }
        });
        if hit.name("rest").is_none() && whole_metres.fract() == 0.0 {
            continue;
        }
        add_height(scan, whole_metres * 100.0 + rest, whole.range());
    }
}

fn add_height(scan: &mut Scan<'_>, centimetres: f64, range: std::ops::Range<usize>) {
    if let Some(height) = whole(centimetres).filter(|height| (80..=230).contains(height)) {
        scan.add("height", Value::Height(height), range);
    }
}

fn whole(value: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range of an u32")]
    (0.0..=1e6).contains(&value).then(|| value.round() as u32)
}

/// 170cm, 身高170.
fn centimetres(scan: &Scan<'_>, number: &Number, is_person: bool) -> Option<(u32, usize)> {
    let value = whole(number.value).filter(|value| (120..=220).contains(value) && number.value.fract() == 0.0)?;
    let (before, after) = (scan.near_before(number.range.start, 9), scan.after(number.range.end));
    let named = HEIGHT_BEFORE.is_match(before);
    if let Some(unit) = UNIT_CM.find(after) {
        let is_thing =
            after[unit.end()..].starts_with(|c: char| "床宽长×*".contains(c)) || before.ends_with(['*', '×', 'x']);
        return ((is_person || named) && !is_thing).then_some((value, unit.end()));
    }
    let bare = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || "斤公块元件条天号".contains(c));
    let named = named || after.starts_with("的身高") || after.starts_with("的个");
    let paired = (140..=200).contains(&value) && PAIR.is_match(after);
    ((named && bare) || paired).then_some((value, 0))
}

static HEIGHT_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:身高|净高|个子|height|高)[\s:]?(?:是|大概|大约|差不多|约|有|is|of)*[\s:]?$")
        .expect("a constant pattern")
});
static WEIGHT_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:体重|weight|weigh|重)[\s:]?(?:是|大概|大约|差不多|约|有|is|about|around|of)*[\s:]?$")
        .expect("a constant pattern")
});
static UNIT_CM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s?(?:cm(?-u:\b)|厘米|公分|centimet(?:er|re)s?)").expect("a constant pattern"));
/// What stands between a height and a weight: 170/65, 170 130斤.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s/,]{1,2}(?:体重)?\d{2,3}(?:\.\d)?\s?(?:斤|kg|公斤|千克)").expect("a constant pattern")
});
static UNIT_WEIGHT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s?(?P<unit>公斤|千克|kg(?-u:\b)|kilos?(?-u:\b)|kilograms?|市?斤|磅|lbs?(?-u:\b)|pounds?)")
        .expect("a constant pattern")
});

/// 130斤, 65kg, 体重65.
fn kilograms(scan: &Scan<'_>, number: &Number, is_person: bool) -> Option<(f64, usize)> {
    let (before, after) = (scan.near_before(number.range.start, 9), scan.after(number.range.end));
    let named = WEIGHT_BEFORE.is_match(before);
    let (kilograms, length) = match UNIT_WEIGHT.captures(after) {
        Some(hit) => {
            let per_unit = match hit.name("unit").map_or("", |unit| unit.as_str()) {
                "斤" | "市斤" => 0.5,
                "磅" | "lb" | "lbs" | "pound" | "pounds" => 0.453_592_37,
                _ => 1.0,
            };
            (number.value * per_unit, hit.get(0).map_or(0, |whole| whole.len()))
        }
        // Without a unit, what no adult weighs in kilograms is in jin.
        None if named && !after.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
            (if number.value >= 90.0 { number.value / 2.0 } else { number.value }, 0)
        }
        None => return None,
    };
    let kilograms = (kilograms * 10.0).round() / 10.0;
    let rest = scan.after(number.range.end + length);
    let is_goods = rest.starts_with(['装', '的', '一', '/'])
        || scan.found.iter().any(|found| found.range.start == number.range.end + length);
    let fits = (30.0..=150.0).contains(&kilograms) && !is_goods;
    (fits && (named || is_person || kilograms >= 40.0)).then_some((kilograms, length))
}
