//! Days by their place in the week: 上周三, 周五, last Friday.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use regex::Regex;

static CHINESE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<which>大?上+个?|大?下+个?|这个?|本)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天1-6])")
        .expect("a constant pattern")
});

static ENGLISH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u:\b)(?:(?P<which>last|next|this|coming|past|previous)\s+)?",
        r"(?P<day>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)(?-u:\b)",
    ))
    .expect("a constant pattern")
});

/// What tells that a day is over.
const PAST: [&str; 24] = [
    "买的",
    "下的单",
    "下单的",
    "拍的",
    "付的",
    "签收",
    "收到的",
    "收到了",
    "寄回",
    "寄的",
    "发的",
    "退的",
    "了",
    "就",
    "bought",
    "ordered",
    "paid",
    "arrived",
    "received",
    "came",
    "placed",
    "was",
    "returned",
    "since",
];
/// What tells that a day is still to come.
const FUTURE: [&str; 12] =
    ["能到", "到吗", "会到", "之前", "前能", "前到", "要用", "will", "can", "arrive by", "by ", "need"];

/// The days of a text with the bytes that name them.
pub(super) fn find(text: &str, today: Date) -> Vec<(Date, Range<usize>)> {
    let mut out = Vec::new();
    if ["周", "星期", "礼拜"].iter().any(|word| text.contains(word)) {
        chinese_days(text, today, &mut out);
    }
    if text.contains("day") || ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| text.contains(day)) {
        english_days(text, today, &mut out);
    }
    out
}

fn chinese_days(text: &str, today: Date, out: &mut Vec<(Date, Range<usize>)>) {
    for hit in CHINESE.captures_iter(text) {
        let (Some(whole), Some(day)) = (hit.get(0), hit.name("day")) else { continue };
        let (before, after) = (&text[..whole.start()], &text[whole.end()..]);
        // 周一到周五 is when people work; 每周一, 一周三次 and 周一般 are no days.
        if before.ends_with(['每', '一', '两', '几', '半', '到', '至', '-'])
            || after.starts_with(['次', '至', '-', '个', '般', '直', '定', '样'])
            || ["到周", "到星期", "到礼拜", "到五", "到六", "到日"].iter().any(|end| after.starts_with(end))
        {
            continue;
        }
        let which = hit.name("which").map_or("", |which| which.as_str());
        let count = |c: char| i32::try_from(which.matches(c).count()).unwrap_or(0);
        let extra = i32::from(which.starts_with('大'));
        let weeks = match (count('上'), count('下')) {
            (0, 0) if which.is_empty() => None,
            (0, 0) => Some(0),
            (back, 0) => Some(-back - extra),
            (_, ahead) => Some(ahead + extra),
        };
        out.extend(day_of(today, chinese(day.as_str()), weeks, text).map(|date| (date, whole.range())));
    }
}

fn english_days(text: &str, today: Date, out: &mut Vec<(Date, Range<usize>)>) {
    for hit in ENGLISH.captures_iter(text) {
        let (Some(whole), Some(day)) = (hit.get(0), hit.name("day")) else { continue };
        let weeks = match hit.name("which").map(|which| which.as_str()) {
            Some("last" | "past" | "previous") => Some(-1),
            Some("next") => Some(1),
            Some("this") => Some(0),
            _ => None,
        };
        // Sun, sat and wed are words too.
        let is_word = day.len() == 3 && weeks.is_none();
        let is_told =
            ["on ", "by ", "since ", "until ", "before "].iter().any(|word| text[..whole.start()].ends_with(word));
        if !is_word || is_told {
            out.extend(day_of(today, english(day.as_str()), weeks, text).map(|date| (date, whole.range())));
        }
    }
}

/// The day in a week so many weeks from this one; without a week, the one that the message's tense speaks for.
fn day_of(today: Date, weekday: Weekday, weeks: Option<i32>, text: &str) -> Option<Date> {
    let monday = today.checked_sub(i32::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
    let in_this_week = monday.checked_add(i32::from(weekday.to_monday_zero_offset()).days()).ok()?;
    let week = |weeks: i32| in_this_week.checked_add(Span::new().try_weeks(weeks).ok()?).ok();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match weeks {
        Some(weeks) => week(weeks),
        None if in_this_week > today && says(&PAST) && !says(&FUTURE) => week(-1),
        None if in_this_week < today && says(&FUTURE) => week(1),
        None => Some(in_this_week),
    }
}

fn chinese(day: &str) -> Weekday {
    match day {
        "一" | "1" => Weekday::Monday,
        "二" | "2" => Weekday::Tuesday,
        "三" | "3" => Weekday::Wednesday,
        "四" | "4" => Weekday::Thursday,
        "五" | "5" => Weekday::Friday,
        "六" | "6" => Weekday::Saturday,
        _ => Weekday::Sunday,
    }
}

fn english(day: &str) -> Weekday {
    match day.get(..2) {
        Some("mo") => Weekday::Monday,
        Some("tu") => Weekday::Tuesday,
        Some("we") => Weekday::Wednesday,
        Some("th") => Weekday::Thursday,
        Some("fr") => Weekday::Friday,
        Some("sa") => Weekday::Saturday,
        _ => Weekday::Sunday,
    }
}
