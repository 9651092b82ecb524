//! Sums of money that a customer speaks of as theirs: a basket, a price paid, what comes back.

use std::sync::LazyLock;

use regex::Regex;

use super::numeral::{Form, Number};
use super::scan::{Scan, SpokenOf, Value};
use crate::shop::Money;

/// Words behind a number that make it money, with what is left of it: 块8, 元.
static UNIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?P<vague>来|多|余|几)?\s?(?:(?P<kuai>块|元)(?:钱|整|人民币)?(?P<rest>(?:\d{1,2}|[一二三四五六七八九])(?:毛|角)?)?(?:钱)?",
        r"|(?:rmb|cny|yuan|kuai|dollars?|usd|bucks?|quid|大洋|大毛|米元|软妹币)(?-u:\b)?)",
    ))
    .expect("a constant pattern")
});

static SIGN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:[¥$￥]|(?-u:\b)(?:rmb|cny|usd|us\$|人民币))\s?$").expect("a constant pattern"));

/// What a customer does with money, in front of a bare number.
static SPENT_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:付(?:款|了款|过|出|掉)?(?:金额|价格)?|支付|实付(?:款)?|应付|花(?:费)?|消费|买(?:满|到)?|拍|凑(?:到|够|满)?|一共|总共|共(?:计)?|合计|总(?:价|额|金额|计)|金额|价格|价钱|原价|单价|",
        r"下单|订单|购物车(?:里)?|预算|退(?:款|我|给我|还|回来?|回来了)?|返(?:还|现)?|赔(?:偿|付)?(?:我|给我)?|补(?:偿|给我|我)?|差价|扣(?:款|除|我)?|收(?:我|费)|多收|少退|到手(?:价)?|",
        r"打完折|折后|减完|满减后|券后|算下来|加起来|标价|报价|花费|卖|充值?|只要|只有|才|就|定金|尾款|到账|入账|打款|打回来?|这单|那单|这一单|单子|订金|转账|转|[一两每]单|首付|额度|结账|结算|应该|是|变成|变|降到|拼单|东西)",
        r"(?:了|的|是|就|才|共|只|得|要|我|我的|也|都|成|总|能|大概|大约|差不多|约|左右|有|一共|总共|快|将近|不到|超过|快要|等于|到|够|为|:|\s)*$",
    ))
    .expect("a constant pattern")
});

/// Of these words, those that say little by themselves: the number must look like money.
static WEAK_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:才|就|是|应该|只有|变成|变|卖|东西|订单|收我)(?:了|的|是|就|才|共|只|得|要|我|我的|也|都|大概|大约|差不多|约|有|快|到|够|为|:|\s)*$")
        .expect("a constant pattern")
});

/// What is said of a sum behind a bare number.
static SPENT_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:左右|上下|出头|多|来)?(?:的)?(?:能减|减多少|可以减|能打|打完折|打折后|包邮|免邮|免运费|够(?:不够|吗|么|包邮|了)|能不能(?:减|用券|包邮|用)|可以用券|能用券|用券|满减|怎么凑|凑单|差多少|还差|再减|减完|折后|",
        r"东西|单子|订单|购物车|预算|货|商品|到手|付|买的|买了|退|能优惠|优惠(?:多少|完)|的话|能便宜|能买|够买|以内|要付|要多少|实付)",
    ))
    .expect("a constant pattern")
});

static ENGLISH_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:\b(?:paid|pay|paying|spend|spent|spending|total(?:s|led|ed)?|worth|budget|refund(?:ed)?|charged|charge|cost(?:s)?|basket|cart|bill|amount|order of|sum|got|price|owe|back|compensation|deducted|discounted|comes? to|came to|checkout|purchase))",
        r"(?:\s?(?:了|的|才|是|me|us|you|is|was|of|at|to|about|around|only|just|for|it|are|by|that's|up|almost|nearly|exactly|over|roughly|back|my|total|:|=))*\s?$",
    ))
    .expect("a constant pattern")
});

static ENGLISH_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s?(?:in total|total|altogether|in my (?:cart|basket)|in the (?:cart|basket)|basket|order\b|worth|back\b|refund|budget|all together)").expect("a constant pattern")
});

/// What may stand behind a bare number that is a sum; a measure word or a noun makes it something else.
static END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:$|[\s,.!?;。、~)）\]:/\p{So}]|左右|上下|多|来|的|了|能|可|够|包|免|怎|用|减|算|到手|还|就|才|也|都|没|不|是|吗|呢|吧|么|啊|呀|哦|啦|以|付|退|买|打|优惠|凑|要|给|满|差|对|和|跟|再|为什么|什么|有|只|却|结果|现在|会|行|享|参加|加|块|元|前|后|时|但|而|改)")
        .expect("a constant pattern")
});

/// From here on a bare number beside words of money is a sum; smaller ones are counts of things.
const LEAST_BARE: f64 = 20.0;

pub(super) fn find(scan: &mut Scan<'_>) {
    let numbers = scan.numbers();
    for (at, number) in numbers.iter().enumerate() {
        if number.is_range || number.form == Form::Row || !scan.is_free(&number.range) {
            continue;
        }
        if let Some((yuan, length, sign)) = marked(scan, number) {
            let range = number.range.start - sign..number.range.end + length;
            add(scan, yuan, range);
        } else if is_bare_sum(scan, number) || is_corrected(scan, &numbers, at) || is_another(scan, number) {
            let length = if number.form == Form::Scaled { vague(scan.after(number.range.end)) } else { 0 };
            add(scan, number.value, number.range.start..number.range.end + length);
        }
    }
}

fn add(scan: &mut Scan<'_>, yuan: f64, range: std::ops::Range<usize>) {
    if yuan > 0.0 && yuan < 1e8 {
        scan.add("amount", Value::Amount(Money::from_yuan(yuan)), range);
    }
}

fn vague(after: &str) -> usize {
    ["来", "多"].into_iter().find(|word| after.starts_with(word)).map_or(0, str::len)
}

/// A number with a sign or unit of money: the yuan, and how many bytes behind and before it belong to it.
fn marked(scan: &Scan<'_>, number: &Number) -> Option<(f64, usize, usize)> {
    let (before, after) = (scan.before(number.range.start), scan.after(number.range.end));
    let sign = SIGN.find(before).map_or(0, |sign| sign.len());
    let unit = UNIT.captures(after);
    let Some(unit) = unit else { return (sign > 0).then_some((number.value, 0, sign)) };
    let whole = unit.get(0).map_or(0, |whole| whole.len());
    let rest = &after[whole..];
    if unit.name("kuai").is_some() && number.form != Form::Scaled && is_piece(scan, rest, number.value) {
        return None;
    }
    let is_round = unit.name("rest").is_none() && !unit.get(0).is_some_and(|whole| whole.as_str().ends_with('钱'));
    if unit.name("kuai").is_some_and(|kuai| kuai.as_str() == "块")
        && is_round
        && sign == 0
        && !is_sum(before, rest, number)
    {
        return None;
    }
    let tenths = unit.name("rest").map_or((0.0, 0), |rest_of| decimals(rest_of.as_str(), rest));
    let cut = if tenths.1 == 0 { unit.name("rest").map_or(0, |rest_of| rest_of.len()) } else { 0 };
    Some((number.value + tenths.0, whole - cut, sign))
}

/// 换两块电池 are pieces, and 一块下单 is together: few 块 are money where nothing is counted by them.
fn is_sum(before: &str, rest: &str, number: &Number) -> bool {
    if number.value >= 10.0 {
        return true;
    }
    let is_paid = before.ends_with([
        '付', '花', '退', '差', '价', '宜', '减', '涨', '降', '补', '赔', '收', '返', '贵', '少', '多', '扣',
    ]);
    END.is_match(rest) && !before.ends_with(['换', '装', '配']) && (number.value != 1.0 || (is_paid))
}

/// What stands behind 块: 8 or 8毛 is .8, 50 is .50; nothing where it counts something else (5块2条).
fn decimals(text: &str, after: &str) -> (f64, usize) {
    let digits = text.trim_end_matches(['毛', '角']);
    let value = super::numeral::parse(digits).unwrap_or(0.0);
    let is_measure =
        after.starts_with(|c: char| "件个条箱包瓶双套盒只张床袋".contains(c)) && !after.starts_with("包邮");
    let counts = digits.len() == text.len() && is_measure;
    match digits.chars().count() {
        _ if counts => (0.0, 0),
        1 => (value / 10.0, text.len()),
        _ => (value / 100.0, text.len()),
    }
}

/// 一块毛巾 is a piece, not a yuan.
fn is_piece(scan: &Scan<'_>, rest: &str, value: f64) -> bool {
    let at = scan.text.len() - rest.len();
    value < 10.0 && scan.found.iter().any(|found| found.name == "product" && found.range.start == at)
}

/// A number without a unit among words of money.
fn is_bare_sum(scan: &Scan<'_>, number: &Number) -> bool {
    let (before, after) = (scan.near_before(number.range.start, 16), scan.after(number.range.end));
    let after = &after[if number.form == Form::Scaled { vague(after) } else { 0 }..];
    if before.ends_with(|c: char| c.is_ascii_alphabetic() || "第周期.-".contains(c)) {
        return false;
    }
    let english = ENGLISH_BEFORE.is_match(before) || ENGLISH_AFTER.is_match(after);
    let is_end = END.is_match(after);
    if number.form == Form::Word {
        return false;
    }
    let has_cents =
        number.value.fract() != 0.0 && (number.value * 100.0).fract().min(1.0 - (number.value * 100.0).fract()) < 1e-6;
    // 4K is a resolution as long as nothing speaks of money.
    let is_thousands = scan.text[number.range.clone()].ends_with('k') && number.value.rem_euclid(1000.0) == 0.0;
    if number.form == Form::Scaled && is_end && !is_thousands {
        // 四百八 is how people speak of money; of anything else they name what it counts.
        return number.value < 1e6 && !before.ends_with(['有', '约']);
    }
    if number.value < LEAST_BARE && !has_cents {
        return false;
    }
    if is_end && number.value >= 50.0 && is_alone(scan, number) {
        return true;
    }
    let strong = SPENT_BEFORE.is_match(before) && (!WEAK_BEFORE.is_match(before) || has_cents);
    ((strong || english) && is_end && !is_counted_english(after)) || SPENT_AFTER.is_match(after)
}

/// Another value for a sum that was named before: 那204的呢, 凑到199呢.
fn is_another(scan: &Scan<'_>, number: &Number) -> bool {
    let before = scan.near_before(number.range.start, 4);
    let is_label = before.ends_with(|c: char| c.is_ascii_alphanumeric() || "第尾号月周期.-/:".contains(c));
    scan.spoken_of == SpokenOf::Sum
        && number.value >= LEAST_BARE
        && number.form != Form::Word
        && !is_label
        && END.is_match(scan.after(number.range.end))
}

/// A clause of its own in a message about sums: 一口锅, 627, 怎么凑单.
fn is_alone(scan: &Scan<'_>, number: &Number) -> bool {
    const SUMS: [&str; 14] = [
        "凑",
        "满减",
        "包邮",
        "免邮",
        "划算",
        "优惠",
        "能减",
        "折扣",
        "总",
        "付",
        "discount",
        "coupon",
        "total",
        "free shipping",
    ];
    let is_clause = scan.near_before(number.range.start, 4).trim().is_empty()
        && scan.near_after(number.range.end, 4).trim().is_empty();
    is_clause && scan.text.len() > number.range.len() && SUMS.iter().any(|word| scan.text.contains(word))
}

/// `paid for 24 towels` is no sum.
fn is_counted_english(after: &str) -> bool {
    let word = after.trim_start_matches(' ');
    let is_word = after.starts_with(' ') && word.starts_with(|c: char| c.is_ascii_lowercase());
    let goes_on = [
        "please",
        "pls",
        "thanks",
        "of",
        "will",
        "would",
        "has",
        "shipped",
        "and",
        "but",
        "for",
        "in",
        "is",
        "was",
        "on",
        "so",
        "to",
        "not",
        "back",
        "total",
        "with",
        "at",
        "or",
        "only",
        "yesterday",
        "today",
        "why",
        "can",
        "do",
        "before",
        "after",
        "already",
        "by",
        "from",
        "including",
        "now",
        "then",
        "altogether",
        "basket",
        "worth",
        "refund",
        "order",
        "if",
        "as",
        "the",
        "how",
        "which",
        "instead",
        "my",
        "i",
        "you",
    ];
    is_word && !goes_on.contains(&word.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default())
}

/// 不是480是680: a bare number set right by another is a sum, since anything else would name what it counts.
fn is_corrected(scan: &Scan<'_>, numbers: &[Number], at: usize) -> bool {
    let number = &numbers[at];
    let is_plain = |number: &Number| {
        number.value >= LEAST_BARE && number.value < 100_000.0 && END.is_match(scan.after(number.range.end))
    };
    let between = |first: &Number, second: &Number| scan.text[first.range.end..second.range.start].trim().to_owned();
    let sets_right = |between: &str| {
        [
            "是",
            ",是",
            ",应该是",
            "错了,是",
            "打错了,是",
            "打错了是",
            "写错了,是",
            "说错了,是",
            "不对,是",
            ",",
            "而是",
            ",而是",
        ]
        .contains(&between)
    };
    let negated = |number: &Number| {
        let before = scan.before(number.range.start).trim_end();
        (before.ends_with("不是") && !before.ends_with("是不是")) || before.ends_with("not")
    };
    let is_second = at > 0 && {
        let first = &numbers[at - 1];
        let between = between(first, number);
        is_plain(first)
            && sets_right(&between)
            && (negated(first) || between.contains("错") || between.contains("不对"))
    };
    // 是680不是480.
    let denies_next = numbers.get(at + 1).is_some_and(|second| {
        is_plain(second)
            && ["不是", ",不是", " not", ", not", ",not"].contains(&between(number, second).trim_end_matches(' '))
            && (scan.before(number.range.start).ends_with('是')
                || scan.before(number.range.start).trim_end().ends_with("is"))
    });
    let is_first = denies_next
        || numbers.get(at + 1).is_some_and(|second| {
            let between = between(number, second);
            is_plain(second)
                && ((sets_right(&between) && negated(number)) || between.contains("错了") && between.contains("是"))
        });
    is_plain(number) && (is_second || is_first) && number.range.end > number.range.start
}
