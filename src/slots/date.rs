//! Days: 昨天, 11月11号, 3天前, 双11当天, Nov 11, 2 days ago.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use regex::{Captures, Regex};

use super::numeral;
use super::scan::{Scan, Value};
use super::weekday;

/// Days counted from today.
static RELATIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<n3>大前[天日])|(?P<n2>前[天日]|the day before yesterday)|(?P<n1>昨[天日晚儿]|昨(?:早|夜)|yesterday|last night)",
        r"|(?P<p0>今[天日早晚儿]|(?-u:\b)(?:today|tonight)(?-u:\b))",
        r"|(?P<p3>大后[天日])|(?P<p2>后[天日]|(?:the )?day after tomorrow)|(?P<p1>明[天日早晚儿]|(?-u:\b)(?:tomorrow|tmrw|tmr)(?-u:\b))",
    ))
    .expect("a constant pattern")
});

/// 3天前, 两周后, 2 days ago.
static AGO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<count>\d{1,3}|[一二两三四五六七八九十俩仨]{1,3}|半)个?(?:来|多)?(?P<unit>天|周|星期|礼拜|月)(?:之|以)?(?P<way>前|后)",
        r"|(?-u:\b)(?P<number>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty) (?P<word>day|week|month)s? (?P<ago>ago|before today|from now|later)",
    ))
    .expect("a constant pattern")
});

/// A day of a month, with or without its year.
static CALENDAR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:(?P<year>20\d\d|\d\d|今|去|明|前)年)?(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份)?(?P<day>\d{1,2}|[一二三四五六七八九十廿]{1,3})(?:号|日)?",
        r"|(?P<which>上上?个?|这个?|本|下个?|当)月(?:份)?(?:的)?(?P<wday>\d{1,2}|[一二三四五六七八九十廿]{1,3})(?:号|日)",
        r"|(?-u:\b)(?P<iy>20\d\d)[-/.](?P<im>\d{1,2})[-/.](?P<id>\d{1,2})(?-u:\b)",
        r"|(?P<only>\d{1,2}|[一二三四五六七八九十廿]{1,3})(?:号|日)",
        r"|(?-u:\b)(?P<sm>\d{1,2})/(?P<sd>\d{1,2})(?-u:\b)",
    ))
    .expect("a constant pattern")
});

static ENGLISH: LazyLock<Regex> = LazyLock::new(|| {
    const MONTHS: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
    Regex::new(&format!(
        r"(?-u:\b)(?:(?P<m1>{MONTHS})\.? (?:the )?(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<y1>20\d\d))?|(?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m2>{MONTHS})\.?(?:,? (?P<y2>20\d\d))?|(?:on|by|since|from|until|before|after) the (?P<d3>\d{{1,2}})(?:st|nd|rd|th))(?-u:\b)"
    ))
    .expect("a constant pattern")
});

/// Days with names of their own: month and day.
const NAMED: [(&str, i8, i8); 14] = [
    ("双11", 11, 11),
    ("双十一", 11, 11),
    ("双12", 12, 12),
    ("双十二", 12, 12),
    ("618", 6, 18),
    ("六一八", 6, 18),
    ("元旦", 1, 1),
    ("国庆", 10, 1),
    ("圣诞", 12, 25),
    ("double 11", 11, 11),
    ("double eleven", 11, 11),
    ("singles' day", 11, 11),
    ("singles day", 11, 11),
    ("11.11", 11, 11),
];

/// What makes a sale's name a day: something was done on it, or before or after it.
static DAY_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:节|那|当)?(?:当天|那天|那日|那晚|当晚|当日|天|晚上|凌晨|零点|早上)?(?:的时候|时候|时|期间)?(?:我|就|刚)?(?:在你家|在你们家|在这|在你们店|你家)?",
        r"(?:买|下的?单|付|拍|签收|收到|发的货|抢|订的?|定的|入手|入的|购|前|之前|以前|后|之后|以后|过后|到现在|至今|到今天)",
    ))
    .expect("a constant pattern")
});
static DAY_ITSELF: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:节)?(?:当天|那天|那日|那晚|当晚|当日|凌晨|零点)").expect("a constant pattern"));

pub(super) fn find(scan: &mut Scan<'_>) {
    let Some(today) = scan.today else { return };
    relative(scan, today);
    for (date, range) in weekday::find(scan.text, today) {
        scan.add("date", Value::Date(date), range);
    }
    let may_name = |c: char| c.is_ascii_alphanumeric() || "一二三四五六七八九十两俩仨半廿旦庆诞".contains(c);
    if !scan.text.contains(may_name) {
        return;
    }
    named(scan, today);
    for hit in AGO.captures_iter(scan.text) {
        if let (Some(whole), Some(date)) = (hit.get(0), ago(&hit, today)) {
            let is_part = scan.before(whole.start()).ends_with(|c: char| c.is_ascii_digit() || "第几-到".contains(c));
            if !is_part {
                scan.add("date", Value::Date(date), whole.range());
            }
        }
    }
    for hit in CALENDAR.captures_iter(scan.text) {
        if let (Some(whole), Some(date)) = (hit.get(0), calendar(scan, &hit, today)) {
            scan.add("date", Value::Date(date), whole.range());
        }
    }
    for hit in ENGLISH.captures_iter(scan.text) {
        if let (Some(whole), Some(date)) = (hit.get(0), english(&hit, today)) {
            let start = hit.name("d3").map_or(whole.start(), |day| day.start());
            scan.add("date", Value::Date(date), start..whole.end());
        }
    }
}

fn relative(scan: &mut Scan<'_>, today: Date) {
    const STEPS: [(&str, i32); 7] = [("n3", -3), ("n2", -2), ("n1", -1), ("p0", 0), ("p1", 1), ("p2", 2), ("p3", 3)];
    for hit in RELATIVE.captures_iter(scan.text) {
        let Some(whole) = hit.get(0) else { continue };
        let (before, after) = (scan.before(whole.start()), scan.after(whole.end()));
        // 以前天天, 三天前天气, 以后天天 and the like.
        if (whole.as_str() == "前天" && (before.ends_with(['以', '之']) || after.starts_with('天')))
            || (whole.as_str().starts_with("后") && before.ends_with(['以', '之', '然', '最']))
        {
            continue;
        }
        let steps = STEPS.iter().find(|(name, _)| hit.name(name).is_some()).map_or(0, |(_, steps)| *steps);
        if let Ok(date) = today.checked_add(steps.days()) {
            scan.add("date", Value::Date(date), whole.range());
        }
    }
}

/// 双11 as a day, where something was done on it; as a sale it is none.
fn named(scan: &mut Scan<'_>, today: Date) {
    let whole: &str = scan.text;
    for (name, month, day) in NAMED {
        for (at, _) in whole.match_indices(name) {
            let range = at..at + name.len();
            let (before, after) = (scan.before(at), scan.after(range.end));
            let touches = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == '.');
            let is_part = touches(before.chars().next_back()) || touches(after.chars().next());
            if name.contains(|c: char| c.is_ascii_digit()) && is_part {
                continue;
            }
            let is_told =
                ["on ", "since ", "before ", "after ", "until ", "by "].iter().any(|word| before.ends_with(word));
            let is_day = DAY_ITSELF.is_match(after) || DAY_AFTER.is_match(after) || is_told;
            let date = match before.ends_with("去年") {
                true => Date::new(today.year() - 1, month, day).ok(),
                false => nearest(today, month, day),
            };
            match date.filter(|_| is_day) {
                Some(date) => scan.add("date", Value::Date(date), range),
                None => scan.block(range),
            }
        }
    }
}

fn ago(hit: &Captures<'_>, today: Date) -> Option<Date> {
    let count = match hit.name("count").or(hit.name("number"))?.as_str() {
        "a" | "an" => 1.0,
        "半" => 0.5,
        text => numeral::parse(text)?,
    };
    let half = count == 0.5;
    #[expect(clippy::cast_possible_truncation, reason = "at most three digits")]
    let count = count as i64;
    let span = match hit.name("unit").or(hit.name("word"))?.as_str() {
        "天" | "day" => Span::new().try_days(count),
        "月" if half => Span::new().try_days(15),
        "月" | "month" => Span::new().try_months(count),
        _ => Span::new().try_weeks(count),
    };
    let is_past = hit.name("way").is_some_and(|way| way.as_str() == "前")
        || hit.name("ago").is_some_and(|way| matches!(way.as_str(), "ago" | "before today"));
    let span = span.ok().filter(|span| !span.is_zero())?;
    if is_past { today.checked_sub(span).ok() } else { today.checked_add(span).ok() }
}

fn calendar(scan: &Scan<'_>, hit: &Captures<'_>, today: Date) -> Option<Date> {
    let number = |name: &str| day_number(hit.name(name)?.as_str());
    let whole = hit.get(0)?;
    let (before, after) = (scan.before(whole.start()), scan.after(whole.end()));
    if let (Some(month), Some(day)) = (number("month"), number("day")) {
        // 3月5件 is a month and a count.
        let is_count = after.starts_with(|c: char| "个件条天月元块折点岁箱".contains(c) || c.is_ascii_digit());
        if is_count && !whole.as_str().ends_with(['号', '日']) {
            return None;
        }
        let in_year = |year: i16| Date::new(year, month, day).ok();
        return match hit.name("year").map(|year| year.as_str()) {
            None => nearest(today, month, day),
            Some("今") => in_year(today.year()),
            Some("去") => in_year(today.year() - 1),
            Some("前") => in_year(today.year() - 2),
            Some("明") => in_year(today.year() + 1),
            Some(year) => in_year(year.parse().map(|year: i16| if year < 100 { 2000 + year } else { year }).ok()?),
        };
    }
    if let Some(day) = number("wday") {
        let months = match hit.name("which").map_or("", |which| which.as_str()) {
            which if which.starts_with("上上") => -2,
            which if which.starts_with('上') => -1,
            which if which.starts_with('下') => 1,
            _ => 0,
        };
        let first = today.first_of_month().checked_add(Span::new().try_months(months).ok()?).ok()?;
        return Date::new(first.year(), first.month(), day).ok();
    }
    if let Some(year) = hit.name("iy") {
        return Date::new(year.as_str().parse().ok()?, number("im")?, number("id")?).ok();
    }
    if let Some(day) = number("only") {
        let is_label = before
            .ends_with(|c: char| c.is_ascii_alphanumeric() || "第型编工客店座单票尾货款色#账挂".contains(c))
            || after.starts_with(|c: char| {
                c.is_ascii_alphanumeric() || "楼栋线门店仓电字色单机馆码针院球房床员客桌台口井".contains(c)
            });
        let is_word = whole.as_str().ends_with('日') && !whole.as_str().starts_with(|c: char| c.is_ascii_digit());
        return if is_label || is_word { None } else { nearest_in_month(today, day) };
    }
    let (month, day) = (number("sm")?, number("sd")?);
    is_slashed_day(scan, &whole.range()).then(|| nearest(today, month, day)).flatten()
}

fn day_number(text: &str) -> Option<i8> {
    let value = numeral::parse(text)?;
    #[expect(clippy::cast_possible_truncation, reason = "checked to fit")]
    (1.0..=31.0).contains(&value).then_some(value as i8)
}

/// Whether 11/18 stands where a day does, and not a share or a score.
pub(super) fn is_slashed_day(scan: &Scan<'_>, range: &Range<usize>) -> bool {
    let (before, after) = (scan.before(range.start), scan.after(range.end));
    let Some((month, day)) = scan.text[range.clone()].split_once('/') else { return false };
    let fits = matches!(month.parse(), Ok(1..=12)) && matches!(day.parse(), Ok(1..=31));
    let told =
        ["on ", "by ", "since ", "from ", "dated ", "before ", "after "].iter().any(|word| before.ends_with(word));
    fits && (told || after.starts_with(|c: char| "买下付到收签发寄拍订那号之前".contains(c)))
}

fn english(hit: &Captures<'_>, today: Date) -> Option<Date> {
    const STARTS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let day: i8 = hit.name("d1").or(hit.name("d2")).or(hit.name("d3"))?.as_str().parse().ok()?;
    let Some(month) = hit.name("m1").or(hit.name("m2")) else { return nearest_in_month(today, day) };
    let month = STARTS.iter().position(|start| month.as_str().starts_with(start))?;
    let month = i8::try_from(month + 1).ok()?;
    match hit.name("y1").or(hit.name("y2")) {
        Some(year) => Date::new(year.as_str().parse().ok()?, month, day).ok(),
        None => nearest(today, month, day),
    }
}

/// The day of this name nearest to today: of last, this and next year.
fn nearest(today: Date, month: i8, day: i8) -> Option<Date> {
    let years = [today.year() - 1, today.year(), today.year() + 1];
    closest(today, years.into_iter().filter_map(|year| Date::new(year, month, day).ok()))
}

/// The day of this number nearest to today: of last, this and next month.
fn nearest_in_month(today: Date, day: i8) -> Option<Date> {
    let first = today.first_of_month();
    let months = [-1, 0, 1].into_iter().filter_map(|months: i32| first.checked_add(months.months()).ok());
    closest(today, months.filter_map(|month| Date::new(month.year(), month.month(), day).ok()))
}

fn closest(today: Date, dates: impl Iterator<Item = Date>) -> Option<Date> {
    dates.min_by_key(|date| (*date - today).get_days().abs())
}
