//! Order numbers and carriers' numbers; what else looks like one is kept from being read as anything.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::scan::{Scan, Value};
use crate::text::{EntityKind, key};

/// Words that make the number after them a carrier's.
static CALLED_TRACKING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:(?:快递|物流|运|货运|面|快件|包裹|退货|寄回|顺丰|圆通|中通|申通|韵达|京东|极兔|邮政|ems)(?:的)?单(?:号|编号)?(?:码)?|运单|追踪号|跟踪号|tracking(?: ?(?:number|no\.?|num|code|id|#))?|waybill(?: ?(?:number|no\.?))?|awb|consignment(?: number)?)[\s:#,]{0,3}(?:应该)?(?:是|为|is|it's|填的)?[\s:#]{0,2}$",
    )
    .expect("a constant pattern")
});

/// The same after the number.
static TRACKING_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s,]?(?:\)|）)?(?:这个|是|就是|is the|is my)?\s?(?:快递单号|运单号?|物流单号|快递号|物流号|tracking|waybill)").expect("a constant pattern")
});

/// A carrier's number with letters among its digits, taken only where words call it so.
static CODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z0-9](?:[ -]?[a-z0-9]){9,24}").expect("a constant pattern"));

static SF: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)sf[ -]?\d(?:[ -]?\d){12}(?-u:\b)").expect("a constant pattern"));

/// Groups of digits, as orders, phones and cards are written.
static GROUPS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d{2,}(?:[ -]\d{2,})*").expect("a constant pattern"));

/// Digits from which a row of groups is a card or the like.
const CARD: usize = 13;

/// Whether a message without a number means an order that was not spoken of: 我最近一单, my latest order.
pub(super) fn means_another(plain: &str) -> bool {
    static ANOTHER: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"(?:最近|最新|最后|上)(?:的|买的|下的|拍的)?(?:那|这)?一?(?:单|笔|个(?:订单|单子))|我自己(?:买|下|拍)?的(?:订单|单子?|那单)?(?:[^\p{Han}]|$|吧|呢)|\bmy (?:own |very )?(?:latest|last|most recent|newest) (?:order|one|purchase)\b";
        Regex::new(pattern).expect("a constant pattern")
    });
    ANOTHER.is_match(plain)
}

/// Digits that an order number has at least where it is written in groups …
const SHORTEST: usize = 9;

/// … and that any has at most.
const LONGEST: usize = 40;

pub(super) fn find(scan: &mut Scan<'_>) {
    for hit in SF.find_iter(scan.text) {
        scan.add("tracking_number", Value::Tracking(key(hit.as_str())), hit.range());
    }
    for link in scan.entities(EntityKind::Link) {
        if let Some(id) = scan.lexicon.linked(&link.text) {
            scan.add("product", Value::Product(id.to_owned()), link.place());
        }
    }
    for kind in [EntityKind::Link, EntityKind::IdCard, EntityKind::BankCard] {
        scan.entities(kind).for_each(|entity| scan.block(entity.place()));
    }
    grouped(scan);
    for kind in [EntityKind::Order, EntityKind::Phone] {
        for entity in scan.entities(kind).filter(|entity| entity.text.contains(|c: char| c.is_ascii_digit())) {
            let (range, number) = (entity.place(), key(&entity.text));
            if is_called_tracking(scan, &range) && is_tracking(&number) {
                scan.add("tracking_number", Value::Tracking(number), range);
            } else if kind == EntityKind::Order && scan.lexicon.is_order_number(&number) {
                scan.add("order_number", Value::Order(number), range);
            } else if kind == EntityKind::Order || is_called_order(scan, &range) {
                scan.block(range);
            }
        }
    }
    codes(scan);
}

/// Order numbers written in groups (2026 1119 0230), and rows of groups too long for anything else.
fn grouped(scan: &mut Scan<'_>) {
    for row in GROUPS.find_iter(scan.text).filter(|row| row.as_str().contains([' ', '-'])) {
        let row_digits = row.as_str().bytes().filter(u8::is_ascii_digit).count();
        together(row.as_str(), |number, range| {
            if scan.lexicon.is_order_number(number) {
                let range = row.start() + range.start..row.start() + range.end;
                let number = number.to_owned();
                match is_called_tracking(scan, &range) {
                    true => scan.add("tracking_number", Value::Tracking(number), range),
                    false => scan.add("order_number", Value::Order(number), range),
                }
            }
        });
        let is_phone = scan.entities(EntityKind::Phone).any(|phone| {
            let place = phone.place();
            row.start() < place.end && place.start < row.end()
        });
        if row_digits >= CARD && !is_phone && scan.is_free(&row.range()) && !row.as_str().starts_with("20") {
            scan.block(row.range());
        }
    }
}

/// Every run of groups that has as many digits as a number may have, without what stands between them. However long a row
/// is, few begin with each group.
pub(super) fn together(row: &str, mut each: impl FnMut(&str, Range<usize>)) {
    let mut groups = Vec::new();
    let mut start = 0;
    for group in row.split([' ', '-']) {
        groups.push(start..start + group.len());
        start += group.len() + 1;
    }
    let mut number = String::new();
    for (at, first) in groups.iter().enumerate() {
        number.clear();
        for group in &groups[at..] {
            number.push_str(&row[group.clone()]);
            if number.len() > LONGEST {
                break;
            }
            if number.len() >= SHORTEST {
                each(&number, first.start..group.end);
            }
        }
    }
}

/// Numbers with letters among their digits, behind words that call them a carrier's.
fn codes(scan: &mut Scan<'_>) {
    if !["单", "track", "waybill", "awb", "consign", "号"].iter().any(|word| scan.text.contains(word)) {
        return;
    }
    let starts: Vec<usize> =
        scan.text.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(at, _)| at).collect();
    for at in starts {
        let is_start = !scan.before(at).ends_with(|c: char| c.is_ascii_alphanumeric());
        let word = scan.after(at).split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
        let is_word = !word.contains(|c: char| c.is_ascii_digit()) && !word.is_empty() && !matches!(word.len(), 2 | 4);
        if !is_start
            || is_word
            || matches!(word, "is" | "it" | "no" | "code")
            || !CALLED_TRACKING.is_match(scan.before(at))
        {
            continue;
        }
        if let Some(code) = CODE.find(scan.after(at)) {
            // Words behind the number are none of it: it ends with the last group that holds a digit.
            let text = code.as_str();
            let groups =
                text.split(' ').take_while(|group| group.contains(|c: char| c.is_ascii_digit()) || group.len() <= 3);
            let length = (groups.map(|group| group.len() + 1).sum::<usize>()).saturating_sub(1).min(text.len());
            let text = text[..length].trim_end_matches(|c: char| !c.is_ascii_digit());
            let number = key(text);
            if is_tracking(&number) {
                scan.add("tracking_number", Value::Tracking(number), at..at + text.len());
            }
        }
    }
}

fn is_called_tracking(scan: &Scan<'_>, range: &Range<usize>) -> bool {
    CALLED_TRACKING.is_match(scan.before(range.start)) || TRACKING_AFTER.is_match(scan.after(range.end))
}

fn is_called_order(scan: &Scan<'_>, range: &Range<usize>) -> bool {
    let before = scan.near_before(range.start, 6);
    before.contains("订单") || before.contains("单号") || before.trim_end().ends_with("order")
}

/// 10 to 15 digits, or letters and digits.
fn is_tracking(number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let has_letters = digits < number.len();
    (10..=15).contains(&number.len()) || (has_letters && digits >= 6 && (8..=20).contains(&number.len()))
}
