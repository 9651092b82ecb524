//! What a message takes back: 不是480是680, 480打错了是680, not three, four.

use std::sync::LazyLock;

use regex::Regex;

use super::scan::Scan;

/// In front of a value that is not meant.
static NEGATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:不是|并非|而非|不要|别|不寄|不发|不去|不送|不用|不买|(?-u:\b)(?:not|isn't|wasn't|instead of|rather than|don't want|no longer|aren't)(?-u:\b))\s?",
        r"(?:寄|发|送|到|去|往|买|拍|要|给|在|从|说|了|的|订单号?|单号|尺码|我|写|填|(?:to|for|the|in|from|a|an|my|at|size|order|number|ship|send|shipped|going|on|it's|want|buying|with)(?-u:\b)|[\s:¥$])*$",
    ))
    .expect("a constant pattern")
});

/// Behind a value that was wrong.
static TAKEN_BACK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:码|号|块|元|件|条|个|的)?[\s,.。]*(?:这个|是我|我)?(?:打错|写错|说错|填错|搞错|弄错|输错|记错|看错|错了|不对|口误|手误|说反了|哦不|啊不|不不|",
        r"(?:no|wait|sorry|oops|scratch that|i mean|i meant|typo|make (?:it|that)|correction|actually)(?-u:\b))",
    ))
    .expect("a constant pattern")
});

/// Behind a promotion that is kept for another time: 平台券先不用了.
static PUT_OFF: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:我|我想|就|先|这次|想){0,2}(?:不用|不使|不要|留着|放着|算了|以后再)").expect("a constant pattern")
});

/// Names of which a value that is denied and not replaced is none either.
const DENIABLE: [&str; 6] = ["region", "amount", "quantity", "date", "span", "order_number"];

/// Drops the values that are taken back.
pub(super) fn apply(scan: &mut Scan<'_>) {
    if scan.found.is_empty() {
        return;
    }
    let denied: Vec<bool> = scan
        .found
        .iter()
        .map(|found| {
            let before = scan.before(found.range.start);
            NEGATED.find(before).is_some_and(|hit| {
                let is_question = before[..hit.start()].ends_with('是') && hit.as_str().starts_with("不是");
                !is_question
            })
        })
        .collect();
    let kept: Vec<bool> = (0..scan.found.len()).map(|at| is_kept(scan, &denied, at)).collect();
    let mut kept = kept.into_iter();
    scan.found.retain(|_| kept.next().unwrap_or(true));
}

fn is_kept(scan: &Scan<'_>, denied: &[bool], at: usize) -> bool {
    let found = &scan.found[at];
    let others = |other: usize| other != at && scan.found[other].name == found.name && !denied[other];
    let is_replaced = (0..scan.found.len()).any(others);
    let comes_later = (at + 1..scan.found.len()).any(others);
    let after = scan.after(found.range.end);
    if denied[at] {
        let is_asked = after.trim_start().starts_with(['吗', '么', '?']);
        let before = scan.before(found.range.start);
        let is_plain = before.ends_with("不是") || before.trim_end().ends_with("not");
        return !(is_replaced || (is_plain && DENIABLE.contains(&found.name) && !is_asked));
    }
    let is_put_off = found.name == "promotion" && is_replaced && PUT_OFF.is_match(after);
    !(is_put_off || comes_later && TAKEN_BACK.is_match(after))
}
