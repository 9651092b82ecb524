use jiff::civil::Date;
use jiff::{SignedDuration, Zoned};

/// Moments are told in steps of five minutes, the next one up: nanoseconds.
const STEP: i128 = 5 * 60 * 1_000_000_000;

/// A moment as a customer would name it: 今天 18:30, 明天 10:05, 后天 09:30, 11月28日 10:00 (周六); in English "today at
/// 18:30", "tomorrow at 10:05", "on Sat 28 Nov at 10:00". Rounded up to five minutes, in the time zone of `now`.
#[must_use]
pub fn at(moment: &Zoned, now: &Zoned, english: bool) -> String {
    told(moment, now, english, "on ")
}

/// As [`at`], to stand behind "by": "by today at 18:30", "by Sat 28 Nov at 10:00". The same as [`at`] in Chinese.
#[must_use]
pub fn by(moment: &Zoned, now: &Zoned, english: bool) -> String {
    told(moment, now, english, "")
}

/// A day as a customer would name it: 11月24日（明天）; in English "Nov 24 (tomorrow)". The year stands with it if it is not the
/// one of `today`, unless the two are less than half a year apart.
#[must_use]
pub fn day(day: Date, today: Date, english: bool) -> String {
    let days = day.duration_since(today).as_hours() / 24;
    let near = match (english, days) {
        (false, -2) => "（前天）",
        (false, -1) => "（昨天）",
        (false, 0) => "（今天）",
        (false, 1) => "（明天）",
        (false, 2) => "（后天）",
        (true, -1) => " (yesterday)",
        (true, 0) => " (today)",
        (true, 1) => " (tomorrow)",
        _ => "",
    };
    let is_far = day.year() != today.year() && days.abs() > 183;
    match (english, is_far) {
        (false, false) => format!("{}月{}日{near}", day.month(), day.day()),
        (false, true) => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        (true, false) => format!("{}{near}", day.strftime("%b %-d")),
        (true, true) => day.strftime("%b %-d, %Y").to_string(),
    }
}

/// A range of days: 11月24日–25日, 11月30日–12月2日; in English "Nov 24–25", "Nov 30 – Dec 2". One day as [`day`].
#[must_use]
pub fn days(from: Date, until: Date, today: Date, english: bool) -> String {
    if from == until {
        return day(from, today, english);
    }
    let same_month = (from.year(), from.month()) == (until.year(), until.month());
    match (english, same_month) {
        (false, true) => format!("{}月{}日–{}日", from.month(), from.day(), until.day()),
        (false, false) => format!("{}月{}日–{}月{}日", from.month(), from.day(), until.month(), until.day()),
        (true, true) => format!("{}–{}", from.strftime("%b %-d"), until.day()),
        (true, false) => format!("{} – {}", from.strftime("%b %-d"), until.strftime("%b %-d")),
    }
}

fn told(moment: &Zoned, now: &Zoned, english: bool, before_a_date: &str) -> String {
    let moment = rounded(moment).with_time_zone(now.time_zone().clone());
    let days = moment.date().duration_since(now.date()).as_hours() / 24;
    let time = moment.strftime("%H:%M");
    match (english, days) {
        (false, 0) => format!("今天 {time}"),
        (false, 1) => format!("明天 {time}"),
        (false, 2) => format!("后天 {time}"),
        (false, _) => {
            let weekday = ["一", "二", "三", "四", "五", "六", "日"];
            let weekday = weekday[usize::from(moment.weekday().to_monday_zero_offset().unsigned_abs())];
            format!("{}月{}日 {time} (周{weekday})", moment.month(), moment.day())
        }
        (true, 0) => format!("today at {time}"),
        (true, 1) => format!("tomorrow at {time}"),
        (true, _) => format!("{before_a_date}{} at {time}", moment.strftime("%a %-d %b")),
    }
}

/// The next step on the clock, which is one in every zone: they lie whole quarters of an hour apart.
fn rounded(moment: &Zoned) -> Zoned {
    let past = moment.timestamp().as_nanosecond().rem_euclid(STEP);
    let missing = i64::try_from((STEP - past) % STEP).unwrap_or_default();
    moment.checked_add(SignedDuration::from_nanos(missing)).unwrap_or_else(|_| moment.clone())
}
