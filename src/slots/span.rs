//! Durations: 等了三天, 半个月, 48小时, for a week.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::Span;
use regex::{Captures, Regex};

use super::numeral::Form;
use super::scan::{Scan, Value};

/// What a number counts, behind it. `half` stands before the unit (一个半月), `tail` behind it (两天半).
static UNIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:来|多)?(?P<half>个半)?\s?(?:整|自然)?",
        r"(?:个?(?:多)?(?P<hour>小时|钟头|hours?(?-u:\b)|hrs?(?-u:\b)|h(?-u:\b))|(?P<minute>分钟|min(?:ute)?s?(?-u:\b))",
        r"|个?(?:多)?(?P<week>星期|礼拜|周|weeks?(?-u:\b))|(?:个?工作日|(?P<day>天|日|(?:working |business )?days?(?-u:\b)))",
        r"|(?P<months>个多?月|months?(?-u:\b))|(?P<moon>月)|(?P<year>年|years?(?-u:\b)))(?P<tail>半)?",
    ))
    .expect("a constant pattern")
});

/// Half of something, and one of something in English.
static HALF: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<half_month>半个?多?月|half a month)|(?P<half_hour>半个?多?(?:小时|钟头)|half an hour)|(?P<half_year>半年|half a year)",
        r"|(?-u:\b)an? (?:whole |full |entire )?(?P<one>hour|day|week|month|year|fortnight)(?-u:\b)",
    ))
    .expect("a constant pattern")
});

const WORDS: [&str; 16] =
    ["天", "日", "小时", "钟", "星期", "礼拜", "周", "月", "年", "day", "week", "hour", "hr", "month", "year", "min"];

pub(super) fn find(scan: &mut Scan<'_>) {
    if !WORDS.iter().any(|word| scan.text.contains(word)) && !scan.text.contains(['h']) {
        return;
    }
    for number in scan.numbers().iter() {
        let Some(hit) = UNIT.captures(scan.after(number.range.end)) else { continue };
        let length = hit.get(0).map_or(0, |whole| whole.len());
        let range = number.range.start..number.range.end + length;
        let is_count = !number.is_range && number.form != Form::Row && number.value > 0.0 && number.value <= 1000.0;
        if is_count
            && !is_no_span(scan, &range)
            && let Some(span) = counted(&hit, number.value)
        {
            scan.add("span", Value::Span(span), range);
        }
    }
    for hit in HALF.captures_iter(scan.text) {
        if let Some(whole) = hit.get(0)
            && !is_no_span(scan, &whole.range())
            && (hit.name("one").is_none() || !is_rate(scan, &whole.range()))
        {
            scan.add("span", Value::Span(uncounted(&hit)), whole.range());
        }
    }
}

fn uncounted(hit: &Captures<'_>) -> Span {
    match hit.name("one").map(|one| one.as_str()) {
        _ if hit.name("half_month").is_some() => Span::new().days(15),
        _ if hit.name("half_hour").is_some() => Span::new().minutes(30),
        _ if hit.name("half_year").is_some() => Span::new().months(6),
        Some("hour") => Span::new().hours(1),
        Some("day") => Span::new().days(1),
        Some("month") => Span::new().months(1),
        Some("year") => Span::new().years(1),
        Some("week") => Span::new().days(7),
        _ => Span::new().days(14),
    }
}

/// "Once a week", "$5 a day" and "a day or two" are how often, how much and a guess.
fn is_rate(scan: &Scan<'_>, range: &Range<usize>) -> bool {
    const RATES: [&str; 7] = ["once", "twice", "times", "such", "what", "have", "half"];
    let before = scan.before(range.start).trim_end();
    before.ends_with(|c: char| c.is_ascii_digit())
        || RATES.iter().any(|word| before.ends_with(word))
        || scan.after(range.end).starts_with(" or ")
}

/// What a number of days is besides a duration: an ordinal, an age, a distance from today.
fn is_no_span(scan: &Scan<'_>, range: &Range<usize>) -> bool {
    let (before, after) = (scan.before(range.start), scan.after(range.end));
    before.ends_with(['第', '几', '每', '月', '哪', '某', '同', '这', '那', '有', '上', '下', '-', '.', '/'])
        || before.ends_with(|c: char| c.is_ascii_alphanumeric())
        || ["岁", "级", "代", "款", "的款", "版", "货", "份", " ago", " old", "前", "-old"]
            .iter()
            .any(|word| after.starts_with(word))
}

fn counted(hit: &Captures<'_>, value: f64) -> Option<Span> {
    let has = |name: &str| hit.name(name).is_some();
    let half = has("half") || has("tail");
    let is_whole = value.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, reason = "at most a thousand")]
    let whole = value as i64;
    let days = |days: i64| Span::new().try_days(days).ok();
    let half_of = |per: i64| if half { per / 2 } else { 0 };
    if has("hour") && (!is_whole || half) {
        let hours = value + if half { 0.5 } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, reason = "at most a thousand hours")]
        return Span::new().try_minutes((hours * 60.0).round() as i64).ok();
    }
    if !is_whole {
        return None;
    }
    match () {
        () if has("hour") => Span::new().try_hours(whole).ok(),
        () if has("minute") => Span::new().try_minutes(whole).ok(),
        () if has("week") => days(whole * 7 + half_of(7)),
        // 一个半月 is a month and a half; 3月 is March.
        () if has("moon") && !half => None,
        () if (has("months") || has("moon")) && half => days(whole * 30 + 15),
        () if has("months") => Span::new().try_months(whole).ok(),
        () if has("year") && whole > 100 => None,
        () if has("year") && half => Span::new().try_months(whole * 12 + 6).ok(),
        () if has("year") => Span::new().try_years(whole).ok(),
        () if half => Span::new().try_hours(whole * 24 + 12).ok(),
        () => days(whole),
    }
}
